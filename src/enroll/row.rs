//! The columns of a request's row ([MS-WCCE] 3.2.1.4.2.1.4.4 and .5).

use std::time::SystemTime;

use super::Submission;
use super::process::Outcome;
use crate::asn1::{Certificate, Name};
use crate::model::{
    Caller, CertificateColumns, Disposition, EnrollmentRequest, Extension, NameColumns, NewRow,
    SchemaVersion, Template, TemplateHint,
};

/// ExtensionFlags of an extension that is critical.
const CRITICAL: u32 = 1;
/// Characters that a column of one line keeps of what a client sent.
const MAX_LINE: usize = 512;

/// CR_FLG_FORCEUTF8 of Request.RequestFlags ([MS-CSRA] 3.1.1.1.2).
const FORCE_UTF8: u32 = 0x4;
/// CR_FLG_CAXCHGCERT of Request.RequestFlags.
const CA_EXCHANGE_CERTIFICATE: u32 = 0x8;

/// A row as it is when a request arrives, with what is known of it unread.
pub(super) fn received(caller: &Caller, submission: &Submission, now: SystemTime) -> NewRow {
    NewRow {
        raw_request: submission.request.clone(),
        request_type: submission.flags,
        request_flags: 0,
        request_attributes: String::new(),
        submitted_when: now,
        resolved_when: None,
        disposition: Disposition::Failed,
        status_code: 0,
        disposition_message: String::new(),
        requester_name: caller.account.clone(),
        caller_name: caller.account.clone(),
        caller_sid: caller.token.user().to_string(),
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

/// The row of an exchange certificate ([MS-WCCE] 3.2.1.4.3.2.15.1); `account` is the CA's own.
pub(super) fn of_exchange(
    caller: &Caller,
    account: &str,
    certificate: CertificateColumns,
    now: SystemTime,
) -> NewRow {
    let (authority, attributes) = (String::new(), String::new());
    let nothing = Submission { authority, flags: 0, attributes, request: Vec::new() };
    let mut row = NewRow {
        request_flags: FORCE_UTF8 | CA_EXCHANGE_CERTIFICATE,
        requester_name: account.to_owned(),
        request_raw_name: certificate.raw_name.clone(),
        request_distinguished_name: certificate.distinguished_name.clone(),
        certificate_template: "CAExchange".to_owned(),
        ..received(caller, &nothing, now)
    };
    resolve(&mut row, &Outcome::Issued(Box::new(certificate)));
    row
}

/// Adds what the request holds.
pub(super) fn describe(row: &mut NewRow, request: &EnrollmentRequest) {
    row.raw_request.clone_from(&request.raw);
    row.request_raw_name.clone_from(&request.subject);
    row.request_distinguished_name = text_of(&request.subject);
    let attributes = request.attributes.iter();
    let lines: Vec<_> = attributes.clone().map(|a| format!("{}:{}", a.name, a.value)).collect();
    row.request_attributes = lines.join("\n");
    row.attributes = attributes.map(|a| (a.name.clone(), a.value.clone())).collect();
    row.extensions = request.extensions.iter().map(extension).collect();
    row.certificate_template = match request.template_hints.first() {
        Some(TemplateHint::Name(name)) => line(name),
        Some(TemplateHint::Oid { oid, .. }) => line(&oid.to_string()),
        None => String::new(),
    };
}

/// Adds the template, once it is known: by OID, or by name for schema version 1.
pub(super) fn name_template(row: &mut NewRow, template: &Template) {
    row.certificate_template = match &template.oid {
        Some(oid) if template.schema > SchemaVersion::V1 => oid.to_string(),
        _ => template.name.clone(),
    };
}

/// Adds what became of the request. An issued certificate's extensions take the place of those
/// asked for.
pub(super) fn resolve(row: &mut NewRow, outcome: &Outcome) {
    row.disposition = outcome.disposition();
    row.status_code = outcome.status().0;
    row.disposition_message = line(&outcome.message());
    if row.disposition != Disposition::Pending {
        row.resolved_when = Some(row.submitted_when);
    }
    row.certificate = None;
    if let Outcome::Issued(certificate) = outcome {
        if let Ok(issued) = Certificate::parse(&certificate.raw) {
            row.extensions = issued.extensions.iter().map(extension).collect();
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
        ..row
    }
}

/// The beginning of a text that a client may have made long.
pub(super) fn line(text: &str) -> String {
    text.chars().take(MAX_LINE).collect()
}

fn extension(extension: &Extension) -> (String, u32, Vec<u8>) {
    let flags = if extension.critical { CRITICAL } else { 0 };
    (extension.oid.to_string(), flags, extension.value.clone())
}

/// The name as Windows tools show it; empty where it cannot be read.
fn text_of(name: &[u8]) -> String {
    Name::from_der(name).map(|name| name.to_windows_text()).unwrap_or_default()
}
