//! Names that the request supplies, where ENROLLEE_SUPPLIES_SUBJECT lets it.

use super::super::approval::many_may_enroll;
use super::super::{Case, Handling, renewal};
use super::{authenticates, own_sid, same, user_principal_name};
use crate::asn1::{extensions, oids};
use crate::model::{DenyReason, GeneralName, Oid};

/// Types of attributes that a supplied subject may have, with the longest value of each in
/// characters (X.520, RFC 5280 appendix A.1; for names of persons what Windows allows).
const SUBJECT_ATTRIBUTES: [(Oid, usize); 16] = [
    (oids::COMMON_NAME, 64),
    (oids::SURNAME, 64),
    (oids::SERIAL_NUMBER, 64),
    (oids::COUNTRY, 2),
    (oids::LOCALITY, 128),
    (oids::STATE, 128),
    (oids::STREET, 128),
    (oids::ORGANIZATION, 64),
    (oids::ORGANIZATIONAL_UNIT, 64),
    (oids::TITLE, 64),
    (oids::GIVEN_NAME, 64),
    (oids::INITIALS, 64),
    (oids::DOMAIN_COMPONENT, 128),
    (oids::EMAIL_ADDRESS, 255),
    (oids::UNSTRUCTURED_NAME, 255),
    (oids::UNSTRUCTURED_ADDRESS, 255),
];

/// A supplied subject has attributes of known types that are not too long.
pub(in super::super) fn subject_attributes(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.enrollee_supplies_subject() {
        return Ok(());
    }
    case.facts.request.subject_attributes.iter().try_for_each(|attribute| {
        let oid = attribute.oid.clone();
        let length = attribute.value.chars().count();
        match SUBJECT_ATTRIBUTES.iter().find(|(known, _)| *known == oid) {
            None => Err(DenyReason::SubjectAttribute { oid }),
            Some((_, limit)) if length > *limit => {
                Err(DenyReason::SubjectLength { oid, length, limit: *limit })
            }
            Some(_) => Ok(()),
        }
    })
}

/// A supplied user principal name is the requester's own.
pub(in super::super) fn supplied_upn(case: &Case<'_>) -> Result<(), DenyReason> {
    let own = case.facts.requester.and_then(user_principal_name);
    match supplied(case).find_map(|name| match name {
        GeneralName::Upn(upn) if !own.as_ref().is_some_and(|own| same(own, upn)) => Some(upn),
        _ => None,
    }) {
        Some(upn) => Err(DenyReason::ForeignUpn { account: case.subject(), upn: upn.clone() }),
        None => Ok(()),
    }
}

/// A supplied SID, in the extension or as a URI, is the requester's own.
pub(in super::super) fn supplied_sid(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.enrollee_supplies_subject() {
        return Ok(());
    }
    let own = own_sid(case);
    let foreign = |sid| DenyReason::ForeignSid { account: case.subject(), sid };
    for name in supplied(case) {
        let is_own = |sid: &str| own.is_some_and(|own| same(sid, &own.to_string()));
        if let Some(sid) = sid_of_uri(name).filter(|sid| !is_own(sid)) {
            return Err(foreign(sid.to_owned()));
        }
    }
    let extension = &oids::NTDS_CA_SECURITY_EXT;
    for extension in case.facts.request.extensions.iter().filter(|e| e.oid == *extension) {
        let sid = extensions::decode_security_identifier(&extension.value)
            .map_err(|_| DenyReason::MalformedExtension { oid: extension.oid.clone() })?;
        if Some(&sid) != own {
            return Err(foreign(sid.to_string()));
        }
    }
    Ok(())
}

/// A supplied objectGUID is the requester's own.
pub(in super::super) fn supplied_directory_guid(case: &Case<'_>) -> Result<(), DenyReason> {
    let own = case.facts.requester.map(|principal| principal.guid);
    let foreign =
        |name: &GeneralName| matches!(name, GeneralName::DirectoryGuid(g) if Some(*g) != own);
    if supplied(case).any(foreign) {
        return Err(DenyReason::ForeignNames { account: case.subject() });
    }
    Ok(())
}

/// The setting that denies what would have to be approved otherwise.
pub(in super::super) fn supplied_names_denied(case: &Case<'_>) -> Result<(), DenyReason> {
    if case.settings.supplied_names == Handling::Deny && proves_foreign_names(case) {
        return Err(DenyReason::ForeignNames { account: case.subject() });
    }
    Ok(())
}

/// Whether the certificate would prove names to others that the requester chose: any, where it
/// authenticates; those of other hosts, where it is a server's and many may enroll. Those of a
/// renewal that does without approval were approved before.
pub(in super::super) fn proves_foreign_names(case: &Case<'_>) -> bool {
    if !case.enrollee_supplies_subject() || renewal::is_waived(case) {
        return false;
    }
    let server = case.template.application_policies.contains(&oids::SERVER_AUTH);
    authenticates(case.template)
        || (server && many_may_enroll(case.template) && names_other_hosts(case))
}

/// Whether any alternative name or common name is not the requester's own dNSHostName.
fn names_other_hosts(case: &Case<'_>) -> bool {
    let own = case.facts.requester.and_then(|principal| principal.dns_host_name.as_deref());
    let is_own = |name: &str| own.is_some_and(|own| same(own, name));
    let common_names =
        case.facts.request.subject_attributes.iter().filter(|a| a.oid == oids::COMMON_NAME);
    supplied(case).any(|name| !matches!(name, GeneralName::Dns(dns) if is_own(dns)))
        || common_names.into_iter().any(|attribute| !is_own(&attribute.value))
}

/// The alternative names of the request, where they count.
fn supplied<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a GeneralName> {
    let counts = case.enrollee_supplies_subject() && !renewal::is_waived(case);
    case.facts.request.subject_alt_names.iter().filter(move |_| counts)
}

/// The names, but those that stand for a SID: it has its own extension.
pub(super) fn without_sids(names: &[GeneralName]) -> Vec<GeneralName> {
    names.iter().filter(|name| sid_of_uri(name).is_none()).cloned().collect()
}

/// What a URI of the form `tag:microsoft.com,2022-09-14:sid:<SID>` says; for others of
/// Microsoft's tags all of it, since no reader of certificates should see them.
fn sid_of_uri(name: &GeneralName) -> Option<&str> {
    let GeneralName::Uri(uri) = name else { return None };
    let prefix = "tag:microsoft.com";
    let uri = uri.trim();
    uri.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    Some(uri.rsplit_once(':').map_or(uri, |(_, sid)| sid))
}
