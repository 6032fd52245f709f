//! The last look at a certificate before it is signed: the profile of RFC 5280 for end entities,
//! and what this CA never certifies. It reads the bytes to be signed, not the plan that they
//! were made from, so that an error in building them is found too.

mod names;

use std::time::{Duration, SystemTime};

use super::prepare::{Issuer, Prepared};
use super::tbs::with_signature;
use crate::asn1::extensions::{
    decode_authority_key_identifier, decode_basic_constraints, decode_extended_key_usage,
    decode_key_usage, decode_policies, decode_security_identifier, decode_subject_key_identifier,
    find,
};
use crate::asn1::{
    Asn1Error, Certificate, PublicKey, Tag, check_structure, decode_general_names, oids,
};
use crate::model::{Extension, GeneralName, IssuancePlan, KeyUsage, Oid, PublicKeyKind, Sid};

/// A certificate that passed. There is no other way to one, and nothing else is signed.
pub struct Linted(Prepared);

impl Linted {
    /// DER of the TBSCertificate.
    pub fn tbs(&self) -> &[u8] {
        &self.0.tbs
    }
}

/// Which rule is broken, and how.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The certificate cannot be read back; an extension that occurs twice is found this way.
    #[error("encoding: {0}")]
    Encoding(#[from] Asn1Error),
    /// Not version 3.
    #[error("version: not 3")]
    Version,
    /// 4.1.2.2: positive, at most 20 octets; and here at least 8.
    #[error("serial number: not positive, or not between 8 and 20 octets long")]
    Serial,
    /// The serial number is not the one that was drawn.
    #[error("serial number: not the one that was drawn")]
    SerialChanged,
    /// 4.1.2.4: the CA's subject, byte for byte.
    #[error("issuer: not the CA's subject")]
    Issuer,
    /// 4.1.2.5: ends after it begins, within the CA's own.
    #[error("validity: {0}")]
    Validity(&'static str),
    /// 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
    #[error("validity: a time is not in the form for its year")]
    TimeForm,
    /// 4.1.2.6 and 4.2.1.6: no subject, and no critical alternative name.
    #[error("subject: empty, and no critical subject alternative name")]
    NoName,
    /// Appendix A.1: an attribute of the subject is empty, too long or malformed.
    #[error("subject: {attribute} {problem}")]
    SubjectAttribute {
        /// Its type.
        attribute: Oid,
        /// What is wrong.
        problem: &'static str,
    },
    /// 4.2.1.6: a name that is not in the form of its kind.
    #[error("subject alternative name: {name:?} {problem}")]
    AlternativeName {
        /// The name.
        name: GeneralName,
        /// What is wrong.
        problem: &'static str,
    },
    /// 4.2.1.6: the extension without any name.
    #[error("subject alternative name: empty")]
    NoAlternativeName,
    /// 4.1.2.7: not the key of the request.
    #[error("public key: not the requested one")]
    KeyChanged,
    /// A key that this CA does not certify.
    #[error("public key: {0}")]
    Key(&'static str),
    /// 4.2.1.3: the bits do not fit an end entity, or its key.
    #[error("key usage: {0}")]
    KeyUsage(&'static str),
    /// 4.2.1.9: an end entity must not be a CA.
    #[error("basic constraints: the certificate would be one of a CA")]
    Ca,
    /// An extension that belongs into CA certificates alone.
    #[error("extension {0} belongs into CA certificates alone")]
    CaExtension(Oid),
    /// 4.2.1.12 and [MS-WCCE] 2.2.2.7.7.3.
    #[error("extended key usage and application policies: {0}")]
    Purposes(&'static str),
    /// 4.2.1.4: a policy occurs twice, or there is none.
    #[error("certificate policies: {0}")]
    Policies(&'static str),
    /// 4.2.1.1: the CA's key identifier.
    #[error("authority key identifier: absent, or not the CA's")]
    AuthorityKeyId,
    /// 4.2.1.2.
    #[error("subject key identifier: absent, or not that of the key")]
    SubjectKeyId,
    /// An extension that must not be critical is.
    #[error("extension {0} must not be critical")]
    Critical(Oid),
    /// A SID that is not the account's, or stands where none may.
    #[error("SID: {0}")]
    Sid(&'static str),
}

impl Finding {
    /// Whether it is about the names of the subject.
    pub fn is_of_names(&self) -> bool {
        matches!(
            self,
            Self::NoName
                | Self::SubjectAttribute { .. }
                | Self::AlternativeName { .. }
                | Self::NoAlternativeName
        )
    }
}

/// More elements than any certificate has that fits a request.
const MAX_ELEMENTS: usize = 20_000;

/// Looks at a prepared certificate; returns it only if no rule is broken.
pub fn lint(
    prepared: Prepared,
    plan: &IssuancePlan,
    issuer: &Issuer<'_>,
) -> Result<Linted, Vec<Finding>> {
    // The reader takes whole certificates: the signature is still empty.
    let unsigned = with_signature(&prepared.tbs, issuer.algorithm, &[]);
    let certificate = check_structure(&unsigned, MAX_ELEMENTS)
        .and_then(|()| Certificate::parse(&unsigned))
        .map_err(|error| vec![error.into()])?;
    let candidate = Candidate { certificate: &certificate, prepared: &prepared, plan, issuer };
    let findings: Vec<Finding> = RULES
        .iter()
        .flat_map(|rule| {
            let mut findings = Vec::new();
            if let Err(error) = rule(&candidate, &mut findings) {
                findings.push(error.into());
            }
            findings
        })
        .collect();
    if findings.is_empty() { Ok(Linted(prepared)) } else { Err(findings) }
}

/// What is looked at, and what it is held against.
struct Candidate<'a> {
    certificate: &'a Certificate<'a>,
    prepared: &'a Prepared,
    plan: &'a IssuancePlan,
    issuer: &'a Issuer<'a>,
}

impl Candidate<'_> {
    fn extension(&self, oid: &Oid) -> Option<&Extension> {
        find(&self.certificate.extensions, oid)
    }
}

type Rule = fn(&Candidate<'_>, &mut Vec<Finding>) -> Result<(), Asn1Error>;

const RULES: &[Rule] = &[
    version,
    serial,
    issuer,
    validity,
    time_form,
    names::subject,
    names::alternative_names,
    names::some_name,
    public_key,
    key_usage,
    no_ca,
    purposes,
    policies,
    key_identifiers,
    criticality,
    sid,
];

fn version(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    if candidate.certificate.version != 2 {
        findings.push(Finding::Version);
    }
    Ok(())
}

fn serial(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let serial = candidate.certificate.serial;
    let positive = serial.first().is_some_and(|top| top & 0x80 == 0);
    if !positive || !(8..=20).contains(&serial.len()) {
        findings.push(Finding::Serial);
    } else if serial != candidate.prepared.serial.0 {
        findings.push(Finding::SerialChanged);
    }
    Ok(())
}

fn issuer(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    if candidate.certificate.issuer != candidate.issuer.certificate.subject {
        findings.push(Finding::Issuer);
    }
    Ok(())
}

fn validity(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let (certificate, ca) = (candidate.certificate, candidate.issuer.certificate);
    if certificate.not_before >= certificate.not_after {
        findings.push(Finding::Validity("it ends before it begins"));
    }
    if certificate.not_before < ca.not_before || certificate.not_after > ca.not_after {
        findings.push(Finding::Validity("it exceeds the CA's own"));
    }
    if certificate.not_after > candidate.plan.not_after {
        findings.push(Finding::Validity("it exceeds the plan's"));
    }
    Ok(())
}

fn time_form(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    const START_OF_2050: Duration = Duration::from_secs(2_524_608_000);
    let certificate = candidate.certificate;
    let mut times = crate::asn1::Reader::sequence_of(certificate.validity)?;
    for time in [certificate.not_before, certificate.not_after] {
        let late = time.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|t| t >= START_OF_2050);
        let form = if late { Tag::GENERALIZED_TIME } else { Tag::UTC_TIME };
        if times.element()?.tag != form {
            findings.push(Finding::TimeForm);
        }
    }
    Ok(())
}

fn public_key(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    if candidate.certificate.public_key.raw != candidate.plan.public_key.spki {
        findings.push(Finding::KeyChanged);
    }
    let key = candidate.certificate.public_key.public_key()?;
    if !(2048..=8192).contains(&key.kind().bits()) && key.kind().is_rsa() {
        findings.push(Finding::Key("RSA, but not of 2048 to 8192 bits"));
    }
    if let PublicKey::Rsa { exponent, modulus } = key {
        let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        if exponent.len() > 4 || !odd(exponent) || matches!(exponent, [1]) {
            findings.push(Finding::Key("an RSA exponent that is even, 1, or over 32 bits"));
        }
        if !odd(modulus) {
            findings.push(Finding::Key("an even RSA modulus"));
        }
    }
    Ok(())
}

fn key_usage(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let Some(extension) = candidate.extension(&oids::KEY_USAGE) else { return Ok(()) };
    let usage = decode_key_usage(&extension.value)?;
    let any_of = |bits: &[KeyUsage]| bits.iter().any(|bit| usage.contains(*bit));
    if usage == KeyUsage(0) {
        findings.push(Finding::KeyUsage("no bit is left for a key of this kind"));
    }
    let planned_ca = candidate.plan.basic_constraints.is_some_and(|planned| planned.ca);
    if !planned_ca && any_of(&[KeyUsage::KEY_CERT_SIGN, KeyUsage::CRL_SIGN]) {
        findings.push(Finding::KeyUsage("keyCertSign or cRLSign"));
    }
    let enciphers = any_of(&[KeyUsage::KEY_ENCIPHERMENT, KeyUsage::DATA_ENCIPHERMENT]);
    let agrees = usage.contains(KeyUsage::KEY_AGREEMENT);
    let fits = match candidate.certificate.public_key.public_key()?.kind() {
        PublicKeyKind::Rsa { .. } => !agrees,
        PublicKeyKind::EcP256 | PublicKeyKind::EcP384 | PublicKeyKind::EcP521 => !enciphers,
        PublicKeyKind::Ed25519 => !agrees && !enciphers,
    };
    if !fits {
        findings.push(Finding::KeyUsage("a use that a key of this kind does not have"));
    }
    if any_of(&[KeyUsage::ENCIPHER_ONLY, KeyUsage::DECIPHER_ONLY]) && !agrees {
        findings.push(Finding::KeyUsage("encipherOnly or decipherOnly without keyAgreement"));
    }
    Ok(())
}

fn no_ca(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    if let Some(extension) = candidate.extension(&oids::BASIC_CONSTRAINTS) {
        let constraints = decode_basic_constraints(&extension.value)?;
        if constraints != candidate.plan.basic_constraints.unwrap_or_default() {
            findings.push(Finding::Ca);
        }
    }
    let of_cas = [
        oids::NAME_CONSTRAINTS,
        oids::POLICY_MAPPINGS,
        oids::POLICY_CONSTRAINTS,
        oids::INHIBIT_ANY_POLICY,
        oids::APPLICATION_POLICY_MAPPINGS,
        oids::APPLICATION_POLICY_CONSTRAINTS,
        oids::CERTSRV_CA_VERSION,
        oids::CERTSRV_PREVIOUS_CERT_HASH,
    ];
    let present = of_cas.into_iter().filter(|oid| candidate.extension(oid).is_some());
    findings.extend(present.map(Finding::CaExtension));
    Ok(())
}

fn purposes(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let purposes = match candidate.extension(&oids::EXTENDED_KEY_USAGE) {
        Some(extension) => decode_extended_key_usage(&extension.value)?,
        None => Vec::new(),
    };
    if purposes != candidate.plan.application_policies {
        findings.push(Finding::Purposes("not those of the template"));
    }
    if has_duplicates(&purposes) {
        findings.push(Finding::Purposes("one occurs twice"));
    }
    if let Some(extension) = candidate.extension(&oids::APPLICATION_CERT_POLICIES)
        && decode_policies(&extension.value)? != purposes
    {
        findings.push(Finding::Purposes("the two differ"));
    }
    Ok(())
}

fn policies(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let Some(extension) = candidate.extension(&oids::CERTIFICATE_POLICIES) else { return Ok(()) };
    let policies = decode_policies(&extension.value)?;
    if policies.is_empty() {
        findings.push(Finding::Policies("there is none"));
    }
    if has_duplicates(&policies) {
        findings.push(Finding::Policies("one occurs twice"));
    }
    Ok(())
}

fn has_duplicates(oids: &[Oid]) -> bool {
    let distinct: std::collections::BTreeSet<_> = oids.iter().collect();
    distinct.len() != oids.len()
}

fn key_identifiers(
    candidate: &Candidate<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Asn1Error> {
    let authority = match candidate.extension(&oids::AUTHORITY_KEY_IDENTIFIER) {
        Some(extension) => decode_authority_key_identifier(&extension.value)?,
        None => None,
    };
    if authority != Some(&*candidate.issuer.certificate.key_id) {
        findings.push(Finding::AuthorityKeyId);
    }
    let own = match candidate.extension(&oids::SUBJECT_KEY_IDENTIFIER) {
        Some(extension) => Some(decode_subject_key_identifier(&extension.value)?),
        None => None,
    };
    if own != Some(&candidate.certificate.public_key.key_id()[..]) {
        findings.push(Finding::SubjectKeyId);
    }
    Ok(())
}

fn criticality(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let never = [
        oids::AUTHORITY_KEY_IDENTIFIER,
        oids::SUBJECT_KEY_IDENTIFIER,
        oids::AUTHORITY_INFO_ACCESS,
        oids::SUBJECT_INFO_ACCESS,
        oids::FRESHEST_CRL,
        oids::NTDS_CA_SECURITY_EXT,
    ];
    let broken = candidate.certificate.extensions.iter().filter(|e| e.critical);
    let broken = broken.filter(|extension| never.contains(&extension.oid));
    findings.extend(broken.map(|extension| Finding::Critical(extension.oid.clone())));
    Ok(())
}

/// The account that a domain controller maps a certificate to must be the one that policy
/// decided on, however the SID is written.
fn sid(candidate: &Candidate<'_>, findings: &mut Vec<Finding>) -> Result<(), Asn1Error> {
    let planned = candidate.plan.sid.as_ref();
    let found = match candidate.extension(&oids::NTDS_CA_SECURITY_EXT) {
        Some(extension) => Some(decode_security_identifier(&extension.value)?),
        None => None,
    };
    if found.as_ref() != planned {
        findings.push(Finding::Sid("the extension is not what policy decided"));
    }
    let Some(names) = candidate.extension(&oids::SUBJECT_ALT_NAME) else { return Ok(()) };
    for name in decode_general_names(&names.value)? {
        if is_foreign_sid(&name, planned) {
            findings.push(Finding::Sid("one that policy did not decide on is among the names"));
        }
    }
    Ok(())
}

/// Whether a name carries a SID other than `planned`: as the otherName of the extension, or as
/// the URL `tag:microsoft.com,2022-09-14:sid:<SID>` that domain controllers read.
fn is_foreign_sid(name: &GeneralName, planned: Option<&Sid>) -> bool {
    match name {
        GeneralName::Other { oid, .. } => *oid == oids::NTDS_OBJECTSID,
        GeneralName::Uri(uri) => {
            let uri = uri.to_ascii_lowercase();
            let is_tag = uri.starts_with("tag:microsoft.com,");
            let own = planned.map(|sid| format!(":sid:{}", sid.to_string().to_ascii_lowercase()));
            is_tag && !own.is_some_and(|own| uri.ends_with(&own))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
