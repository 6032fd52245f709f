//! Rules on the names of the subject.

use super::{Candidate, Finding};
use crate::asn1::{Asn1Error, Name, decode_general_names, oids};
use crate::model::{GeneralName, NameAttribute, Oid};

/// Attributes of the subject: not empty, and within the upper bounds of RFC 5280 appendix A.1.
pub fn subject(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    for attribute in Name::from_der(candidate.certificate.subject)?.attributes() {
        if let Some(problem) = attribute_problem(attribute) {
            let attribute = attribute.oid.clone();
            findings.push(Finding::SubjectAttribute { attribute, problem });
        }
    }
    Ok(())
}

/// Upper bounds in characters; other attributes have ub-name.
const UPPER_BOUNDS: &[(Oid, usize)] = &[
    (oids::COMMON_NAME, 64),
    (oids::ORGANIZATION, 64),
    (oids::ORGANIZATIONAL_UNIT, 64),
    (oids::TITLE, 64),
    (oids::SERIAL_NUMBER, 64),
    (oids::LOCALITY, 128),
    (oids::STATE, 128),
    (oids::STREET, 128),
    (oids::EMAIL_ADDRESS, 255),
    (oids::DOMAIN_COMPONENT, 63),
];
const UB_NAME: usize = 32_768;

fn attribute_problem(attribute: &NameAttribute) -> Option<&'static str> {
    let (oid, value) = (&attribute.oid, &attribute.value);
    let bound = UPPER_BOUNDS.iter().find(|(bounded, _)| bounded == oid);
    let bound = bound.map_or(UB_NAME, |(_, bound)| *bound);
    if value.is_empty() {
        Some("is empty")
    } else if value.chars().count() > bound {
        Some("is longer than its upper bound")
    } else if value.chars().any(char::is_control) {
        Some("contains a control character")
    } else if *oid == oids::COUNTRY
        && !(value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        Some("is not a country code of two letters")
    } else {
        None
    }
}

/// Alternative names: there is one, and each is in the form of its kind.
pub fn alternative_names(
    candidate: &Candidate<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Asn1Error> {
    let Some(extension) = candidate.extension(&oids::SUBJECT_ALT_NAME) else { return Ok(()) };
    let names = decode_general_names(&extension.value)?;
    if names.is_empty() {
        findings.push(Finding::NoAlternativeName);
    }
    for name in names {
        if let Some(problem) = general_name_problem(&name) {
            findings.push(Finding::AlternativeName { name, problem });
        }
    }
    Ok(())
}

/// Somebody must be named.
pub fn some_name(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let named = !Name::from_der(candidate.certificate.subject)?.is_empty();
    let alternative = candidate.extension(&oids::SUBJECT_ALT_NAME);
    if !named && !alternative.is_some_and(|extension| extension.critical) {
        findings.push(Finding::NoName);
    }
    Ok(())
}

fn general_name_problem(name: &GeneralName) -> Option<&'static str> {
    let (valid, problem) = match name {
        GeneralName::Dns(name) => (is_dns_name(name), "is no DNS name in ASCII form"),
        GeneralName::Email(address) => (is_email(address), "is no e-mail address"),
        GeneralName::Uri(uri) => (is_uri(uri), "is no absolute URI"),
        GeneralName::Upn(upn) => (is_upn(upn), "is no user principal name"),
        GeneralName::Directory(der) => {
            (Name::from_der(der).is_ok_and(|name| !name.is_empty()), "is an empty name")
        }
        GeneralName::Ip(address) => (matches!(address.len(), 4 | 16), "is no IP address"),
        GeneralName::DirectoryGuid(_)
        | GeneralName::RegisteredId(_)
        | GeneralName::Other { .. } => (true, ""),
    };
    (!valid).then_some(problem)
}

/// A host name (a single label too, and with underscores, as Active Directory has them), or one
/// with `*` as its first label.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.strip_prefix("*.").unwrap_or(name).split('.').all(is_label)
}

fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    let is_atom = |b: u8| b.is_ascii_graphic() && !b"()<>[]:;@\\,\"".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(is_atom)
        && !domain.starts_with('*')
        && is_dns_name(domain)
}

fn is_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && !rest.is_empty()
        && rest.bytes().all(|b| b.is_ascii_graphic())
}

/// `name@suffix`; Windows allows nearly everything, and takes the last `@`.
fn is_upn(upn: &str) -> bool {
    let parts = upn.rsplit_once('@');
    parts.is_some_and(|(name, suffix)| !name.is_empty() && !suffix.is_empty())
        && upn.chars().count() <= 1024
        && !upn.chars().any(char::is_control)
}
