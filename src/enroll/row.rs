//! The columns of a request's row ([MS-WCCE] 3.2.1.4.2.1.4.4 and .5).

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::Submission;
use super::facts::{Gathered, value};
use super::process::Outcome;
use crate::asn1::extensions::{
    basic_constraints, decode_template_information, decode_template_name,
};
use crate::asn1::{Certificate, Name, name_columns, oids};
use crate::model::extension_flags::{
    CRITICAL, DISABLED, ORIGIN_IMPORTED, ORIGIN_MANAGER, ORIGIN_MASK, ORIGIN_POLICY,
    ORIGIN_REQUEST, ORIGIN_SERVER,
};
use crate::model::{
    Approval, Attribute, BasicConstraints, Caller, CertificateColumns, Disposition,
    EnrollmentRequest, Extension, NameColumns, NewRow, Oid, RequestRow, SchemaVersion,
    SetExtension, Template, TemplateHint,
};
use crate::request::parse_attribute;

/// Characters that a column of one line keeps of what a client sent.
const MAX_LINE: usize = 512;

/// CR_FLG_RENEWAL of Request.RequestFlags ([MS-CSRA] 3.1.1.1.2).
const RENEWAL: u32 = 0x2;
/// CR_FLG_FORCEUTF8 of Request.RequestFlags: names are written in UTF-8 where they need it.
const FORCE_UTF8: u32 = 0x4;
/// CR_FLG_ENROLLONBEHALFOF of Request.RequestFlags.
const ENROLL_ON_BEHALF_OF: u32 = 0x10;
/// CR_FLG_CAXCHGCERT of Request.RequestFlags.
const CA_EXCHANGE_CERTIFICATE: u32 = 0x8;
/// SID of the machine's own services: nobody called.
const LOCAL_SYSTEM: &str = "S-1-5-18";

/// A row that says nothing yet but when it was made.
fn blank(now: SystemTime) -> NewRow {
    NewRow {
        raw_request: Vec::new(),
        request_type: 0,
        request_flags: FORCE_UTF8,
        request_attributes: String::new(),
        submitted_when: now,
        resolved_when: None,
        disposition: Disposition::Failed,
        status_code: 0,
        disposition_message: String::new(),
        requester_name: String::new(),
        caller_name: String::new(),
        caller_sid: String::new(),
        request_raw_name: Vec::new(),
        request_distinguished_name: String::new(),
        raw_old_certificate: None,
        signer_policies: Vec::new(),
        signer_application_policies: Vec::new(),
        certificate_template: String::new(),
        attributes: Vec::new(),
        extensions: Vec::new(),
        certificate: None,
        requester_sid: None,
        request_names: NameColumns::new(),
        requester_name_from_old_certificate: None,
        signer_certificate_hashes: Vec::new(),
        renewals: 0,
        first_issued: None,
    }
}

/// A row as it is when a request arrives, with what is known of it unread.
pub(super) fn received(caller: &Caller, submission: &Submission, now: SystemTime) -> NewRow {
    NewRow {
        request_type: submission.flags,
        request_attributes: without_challenge(&submission.attributes),
        requester_name: caller.account.clone(),
        caller_name: caller.account.clone(),
        caller_sid: caller.token.user().to_string(),
        requester_sid: Some(caller.token.user().to_string()),
        ..blank(now)
    }
}

/// The row of a certificate that the CA issues to itself, without any request; `account` is the
/// CA's own.
pub(crate) fn of_own(
    account: &str,
    template: &str,
    certificate: CertificateColumns,
    now: SystemTime,
) -> NewRow {
    let mut row = NewRow {
        requester_name: account.to_owned(),
        caller_name: account.to_owned(),
        caller_sid: LOCAL_SYSTEM.to_owned(),
        request_raw_name: certificate.raw_name.clone(),
        request_distinguished_name: certificate.distinguished_name.clone(),
        certificate_template: template.to_owned(),
        ..blank(now)
    };
    resolve(&mut row, &Outcome::Issued(Box::new(certificate)));
    row
}

/// The row of an exchange certificate ([MS-WCCE] 3.2.1.4.3.2.15.1); `account` is the CA's own.
pub(super) fn of_exchange(
    caller: &Caller,
    account: &str,
    certificate: CertificateColumns,
    now: SystemTime,
) -> NewRow {
    NewRow {
        request_flags: FORCE_UTF8 | CA_EXCHANGE_CERTIFICATE,
        caller_name: caller.account.clone(),
        caller_sid: caller.token.user().to_string(),
        requester_sid: Some(caller.token.user().to_string()),
        ..of_own(account, "CAExchange", certificate, now)
    }
}

/// The row of a certificate that somebody imports; it was never asked for here. Its extensions are
/// those of the certificate, its template the one that it names.
pub(super) fn of_imported(
    caller: &Caller,
    certificate: CertificateColumns,
    now: SystemTime,
) -> NewRow {
    let (authority, attributes) = (String::new(), String::new());
    let nothing = Submission { authority, flags: 0, attributes, request: Vec::new() };
    let mut row = NewRow {
        request_raw_name: certificate.raw_name.clone(),
        request_distinguished_name: certificate.distinguished_name.clone(),
        request_names: certificate.names.clone(),
        ..received(caller, &nothing, now)
    };
    if let Ok(parsed) = Certificate::parse(&certificate.raw) {
        row.certificate_template = template_of(&parsed);
    }
    resolve(&mut row, &Outcome::Issued(Box::new(certificate)));
    for (_, flags, _) in &mut row.extensions {
        *flags = (*flags & !ORIGIN_MASK) | ORIGIN_IMPORTED;
    }
    row
}

/// How a certificate names its template.
fn template_of(certificate: &Certificate<'_>) -> String {
    let by_oid = value(certificate, &oids::CERTIFICATE_TEMPLATE)
        .and_then(|value| decode_template_information(value).ok())
        .map(|information| information.oid.to_string());
    let by_name = || {
        value(certificate, &oids::ENROLL_CERTTYPE)
            .and_then(|value| decode_template_name(value).ok())
    };
    text_line(&by_oid.or_else(by_name).unwrap_or_default())
}

/// The attributes string without the challenge of a KEYGEN request, which is a password.
fn without_challenge(attributes: &str) -> String {
    let is_challenge = |line: &&str| {
        let name = line.split_once(':').map(|(name, _)| name.trim());
        name.is_some_and(|name| name.eq_ignore_ascii_case("challenge"))
    };
    if !attributes.lines().any(|line| is_challenge(&line)) {
        return attributes.to_owned();
    }
    attributes.lines().filter(|line| !is_challenge(line)).collect::<Vec<_>>().join("\n")
}

/// Adds what the request holds.
pub(super) fn describe(row: &mut NewRow, request: &EnrollmentRequest, approval: Option<&Approval>) {
    row.raw_request.clone_from(&request.raw);
    row.request_raw_name.clone_from(&request.subject);
    row.request_distinguished_name = Name::windows_text_of(&request.subject);
    row.request_names = name_columns(&request.subject).unwrap_or_default();
    row.attributes = attributes(request, &row.request_attributes);
    let requested = request.extensions.iter();
    row.extensions = requested.map(|asked| extension(asked, ORIGIN_REQUEST)).collect();
    for set in approval.iter().flat_map(|approval| &approval.extensions) {
        set_extension(row, set);
    }
    if let Some(account) = &request.on_behalf_of {
        row.requester_name = text_line(account);
        row.requester_sid = None;
    }
    row.certificate_template = match request.template_hints.first() {
        Some(TemplateHint::Name(name)) => text_line(name),
        Some(TemplateHint::Oid { oid, .. }) => text_line(&oid.to_string()),
        None => String::new(),
    };
}

/// Side table Attribute: those of the request itself, then those beside it, as Windows' CA has
/// them; each name once.
fn attributes(request: &EnrollmentRequest, beside: &str) -> Vec<(String, String)> {
    let is_beside = |attribute: &&Attribute| {
        beside.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
            parse_attribute(name, value).is_some_and(|parsed| parsed == **attribute)
        })
    };
    let (beside, own): (Vec<_>, Vec<_>) = request.attributes.iter().partition(is_beside);
    let mut seen = BTreeSet::new();
    let all = own.into_iter().chain(beside);
    let all = all.filter(|attribute| seen.insert(attribute.name.to_lowercase()));
    all.map(|attribute| (attribute.name.clone(), attribute.value.clone())).collect()
}

/// Adds what is known of requester, signers and old certificate.
pub(super) fn attribute(row: &mut NewRow, request: &EnrollmentRequest, gathered: &Gathered) {
    if let Some(requester) = &gathered.requester {
        row.requester_name = format!(r"{}\{}", requester.domain, requester.sam_account_name);
        row.requester_sid = Some(requester.sid.to_string());
    }
    if request.on_behalf_of.is_some() && !gathered.signers.is_empty() {
        row.request_flags |= ENROLL_ON_BEHALF_OF;
    }
    let signers = gathered.signers.iter();
    let texts = |oids: Vec<&Oid>| oids.into_iter().map(Oid::to_string).collect();
    row.signer_policies =
        texts(signers.clone().flat_map(|facts| &facts.issuance_policies).collect());
    row.signer_application_policies =
        texts(signers.clone().flat_map(|facts| &facts.application_policies).collect());
    row.signer_certificate_hashes = signers.map(|facts| facts.certificate_hash).collect();
    if let (Some(renewal), Some(old)) = (&request.renewal, &gathered.old_certificate) {
        row.request_flags |= RENEWAL;
        row.raw_old_certificate = Some(renewal.old_certificate.clone());
        row.requester_name_from_old_certificate.clone_from(&old.requester_name);
        row.renewals = old.renewals.saturating_add(1);
        row.first_issued = Some(old.first_issued);
    }
}

/// Whether the request is the caller's: submitted by it, or for it.
pub fn is_of(row: &RequestRow, caller: &Caller) -> bool {
    let sid = caller.token.user().to_string();
    row.columns.caller_sid == sid || row.columns.requester_sid.as_ref() == Some(&sid)
}

/// Adds the template, once it is known: by OID, or by name for schema version 1.
pub(super) fn name_template(row: &mut NewRow, template: &Template) {
    row.certificate_template = match &template.oid {
        Some(oid) if template.schema > SchemaVersion::V1 => oid.to_string(),
        _ => template.name.clone(),
    };
}

/// Adds what became of the request. An issued certificate's extensions take the place of those
/// asked for; what was asked for in vain stays, disabled, as Windows' CA has it.
pub(super) fn resolve(row: &mut NewRow, outcome: &Outcome) {
    row.disposition = outcome.disposition();
    row.status_code = outcome.status().0;
    row.disposition_message = text_line(&outcome.message());
    if row.disposition != Disposition::Pending {
        row.resolved_when = Some(row.submitted_when);
    }
    row.certificate = None;
    if let Outcome::Issued(certificate) = outcome {
        if let Ok(issued) = Certificate::parse(&certificate.raw) {
            row.extensions = issued_extensions(&issued, std::mem::take(&mut row.extensions));
        }
        row.certificate = Some((**certificate).clone());
    }
}

/// The row as it would be with this certificate, to see whether the table has room for it.
pub(super) fn issued(mut row: NewRow, certificate: CertificateColumns) -> NewRow {
    resolve(&mut row, &Outcome::Issued(Box::new(certificate)));
    row
}

/// The row without what a client can make large.
pub(super) fn without_bulk(row: NewRow) -> NewRow {
    NewRow {
        raw_request: Vec::new(),
        request_attributes: String::new(),
        request_raw_name: Vec::new(),
        request_distinguished_name: String::new(),
        certificate_template: String::new(),
        attributes: Vec::new(),
        extensions: Vec::new(),
        request_names: NameColumns::new(),
        raw_old_certificate: None,
        signer_policies: Vec::new(),
        signer_application_policies: Vec::new(),
        ..row
    }
}

/// The beginning of a text that a client may have made long.
pub fn text_line(text: &str) -> String {
    text.chars().take(MAX_LINE).collect()
}

/// A row of the side table Extension.
type ExtensionRow = (String, u32, Vec<u8>);

fn extension(extension: &Extension, origin: u32) -> ExtensionRow {
    let flags = if extension.critical { origin | CRITICAL } else { origin };
    (extension.oid.to_string(), flags, extension.value.clone())
}

/// Puts what a certificate manager set in the place of what was there ([MS-CSRA] 3.1.4.1.1).
pub(super) fn set_extension(row: &mut NewRow, set: &SetExtension) {
    let (name, mut flags, value) = extension(&set.extension, ORIGIN_MANAGER);
    if set.disabled {
        flags |= DISABLED;
    }
    match row.extensions.iter_mut().find(|(known, ..)| *known == name) {
        Some(known) => *known = (name, flags, value),
        None => row.extensions.push((name, flags, value)),
    }
}

/// What certificate managers have set for a request.
pub(super) fn set_extensions(row: &NewRow) -> Vec<SetExtension> {
    let set = row.extensions.iter().filter(|(_, flags, _)| flags & ORIGIN_MASK == ORIGIN_MANAGER);
    let read = |(name, flags, value): &ExtensionRow| {
        let (oid, critical) = (name.parse().ok()?, flags & CRITICAL != 0);
        let extension = Extension { oid, critical, value: value.clone() };
        Some(SetExtension { extension, disabled: flags & DISABLED != 0 })
    };
    set.filter_map(read).collect()
}

/// The extensions of a certificate, and those of `asked` that are not in it. Like Windows' CA, a
/// certificate without basic constraints has those of an end entity disabled, before its names.
fn issued_extensions(issued: &Certificate<'_>, asked: Vec<ExtensionRow>) -> Vec<ExtensionRow> {
    let origin = |oid: &Oid, name: &str| {
        let mut asked = asked.iter().filter(|(asked, ..)| asked == name).peekable();
        let was_asked = asked.peek().is_some();
        if asked.any(|(_, flags, _)| flags & ORIGIN_MASK == ORIGIN_MANAGER) {
            ORIGIN_MANAGER
        } else if *oid == oids::CRL_DISTRIBUTION_POINTS || *oid == oids::AUTHORITY_INFO_ACCESS {
            ORIGIN_SERVER
        } else if *oid == oids::SUBJECT_KEY_IDENTIFIER && was_asked {
            // The only extension whose value is the request's own: an identifier of its key.
            ORIGIN_REQUEST
        } else {
            ORIGIN_POLICY
        }
    };
    let found = issued.extensions.iter().map(|found| {
        let (name, flags, value) = extension(found, 0);
        let flags = flags | origin(&found.oid, &name);
        (name, flags, value)
    });
    let mut rows: Vec<_> = found.collect();
    let in_vain: Vec<_> = asked
        .iter()
        .filter(|(asked, ..)| !rows.iter().any(|(name, ..)| name == asked))
        .map(|(name, flags, value)| (name.clone(), flags | DISABLED, value.clone()))
        .collect();
    if !issued.extensions.iter().any(|found| found.oid == oids::BASIC_CONSTRAINTS) {
        let names = issued.extensions.iter().position(|e| e.oid == oids::SUBJECT_ALT_NAME);
        let end_entity = basic_constraints(BasicConstraints::default(), true);
        let row = extension(&end_entity, ORIGIN_POLICY | DISABLED);
        rows.insert(names.unwrap_or(rows.len()), row);
    }
    rows.extend(in_vain);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_kept_out_of_the_row() {
        assert_eq!(without_challenge("CN:x\r\n Challenge :secret\r\nE:y"), "CN:x\nE:y");
        for others in ["", "\ncdc:dc1\n\nccm:pc1", "challenger:x"] {
            assert_eq!(without_challenge(others), others);
        }
    }
}
