//! The signatures of one CMS message: whose each is, and whether it verifies over the received
//! bytes.

use std::collections::BTreeSet;

use crate::asn1::cms::{SignedData, SignerId, SignerInfo};
use crate::asn1::extensions::{decode_subject_key_identifier, find};
use crate::asn1::{Certificate, Hash, Name, SubjectPublicKeyInfo, oids};
use crate::model::Oid;

use super::contents::{pairs, requester_name, within};
use super::pkcs10::check_rsa;
use super::{Limits, RequestError};

/// A signature that verifies.
pub struct Signature<'a> {
    /// Which SignerInfo, counted from 0.
    pub number: usize,
    /// DER of the SubjectPublicKeyInfo that it verifies with.
    pub spki: &'a [u8],
    /// DER of the certificate that the signer is named by; `None` is the key to be certified.
    pub certificate: Option<&'a [u8]>,
    /// Whether SHA-1 has a part in it.
    pub sha1: bool,
    /// RequesterName among its signed attributes.
    pub requester_name: Option<String>,
}

/// What is known of the request before its signers.
pub struct Known<'a> {
    /// DER of the key to be certified.
    pub spki: &'a [u8],
    /// Its identifier.
    pub key_id: &'a [u8],
    /// DER of the certificate that is renewed.
    pub old_certificate: Option<&'a [u8]>,
}

/// Checks the counts of a message's signers and of their attributes.
pub fn count(message: &SignedData<'_>, limits: &Limits) -> Result<(), RequestError> {
    for signer in &message.signers {
        let broken = RequestError::structure("signed attributes");
        let signed = signer.attributes().map_err(broken)?.len();
        within("signed attributes", signed, limits.signer_attributes)?;
        let broken = RequestError::structure("unsigned attributes");
        let unsigned = signer.unsigned().map_err(broken)?.len();
        within("unsigned attributes", unsigned, limits.signer_attributes)?;
    }
    Ok(())
}

/// Verifies every signature of the message. A first SignerInfo without a signature
/// (id-alg-noSignature) is checked and left out.
pub fn verify<'a>(
    message: &SignedData<'a>,
    known: &Known<'a>,
    limits: &Limits,
) -> Result<Vec<Signature<'a>>, RequestError> {
    let parsed = message.certificates.iter().map(|der| Certificate::parse(der));
    // Whatever can't be read may belong to a chain, but nobody can be found to have signed by it.
    let certificates: Vec<_> = parsed.filter_map(Result::ok).collect();
    let mut signatures = Vec::new();
    for (number, info) in message.signers.iter().enumerate() {
        let name = check_attributes(number, info, message, known)?;
        let failed = |source| RequestError::Signer { number, source };
        if number == 0 && info.is_null() {
            info.check_null(message).map_err(failed)?;
            continue;
        }
        let certificate = signer(number, info, &certificates, known)?;
        let spki = certificate.map_or(known.spki, |certificate| certificate.public_key.raw);
        let source = |source| RequestError::SignerKey { number, source };
        let key =
            SubjectPublicKeyInfo::parse(spki).map_err(source)?.public_key().map_err(source)?;
        check_rsa(&key, limits)?;
        let scheme = info.verify(message, &key).map_err(failed)?;
        let sha1 = scheme.hash() == Some(Hash::Sha1) || info.digest.oid == oids::SHA1;
        let certificate = certificate.map(|certificate| certificate.raw);
        signatures.push(Signature { number, spki, certificate, sha1, requester_name: name });
    }
    Ok(signatures)
}

/// Checks what the signed attributes may hold, and returns the RequesterName among them.
fn check_attributes(
    number: usize,
    info: &SignerInfo<'_>,
    message: &SignedData<'_>,
    known: &Known<'_>,
) -> Result<Option<String>, RequestError> {
    // A PKCS#7 renewal of Windows has none; they are optional for data alone (RFC 5652 5.3).
    if info.signed_attributes.is_none() && message.content_type != oids::CMS_DATA {
        return Err(RequestError::NoSignedAttributes(number));
    }
    let attributes = info.attributes().map_err(RequestError::structure("signed attributes"))?;
    let (mut seen, mut name) = (BTreeSet::<&Oid>::new(), None);
    for attribute in &attributes {
        let oid = &attribute.oid;
        if !seen.insert(oid) {
            return Err(RequestError::Duplicate(oid.clone()));
        }
        if *oid == oids::CONTENT_TYPE && attribute.values.len() != 1 {
            return Err(RequestError::AttributeValues(oid.clone()));
        } else if *oid == oids::ENROLLMENT_NAME_VALUE_PAIR {
            name = requester_name(&pairs(attribute)?)?;
        } else if *oid == oids::RENEWAL_CERTIFICATE {
            // Certipy has it here as well; the one in the PKCS#10 counts.
            let said = attribute.values.iter().map(|value| value.raw);
            if !said.eq(known.old_certificate) {
                return Err(RequestError::RenewalAttribute);
            }
        } else if *oid == oids::ARCHIVED_KEY_ATTR {
            return Err(RequestError::Archival("it must be an unsigned attribute of the signer"));
        }
    }
    Ok(name)
}

/// The certificate of a signer; `None` is the key to be certified itself, by its identifier or in
/// the first place.
fn signer<'a, 'b>(
    number: usize,
    info: &SignerInfo<'_>,
    certificates: &'b [Certificate<'a>],
    known: &Known<'_>,
) -> Result<Option<&'b Certificate<'a>>, RequestError> {
    let found = match info.signer {
        SignerId::SubjectKeyId(id) if id == known.key_id => return Ok(None),
        SignerId::SubjectKeyId(id) => {
            by_name(number, certificates, |certificate| has_key_id(certificate, id))?
        }
        SignerId::IssuerAndSerial { issuer, serial } => {
            by_name(number, certificates, |other| other.issuer == issuer && other.serial == serial)?
        }
    };
    match (found, info.signer) {
        (Some(certificate), _) => Ok(Some(certificate)),
        // [MS-WCCE] 3.1.1.4.3.1.3: the first is by the key to be certified. Clients compute key
        // identifiers in several ways; whether it is by this key, the signature tells.
        (None, SignerId::SubjectKeyId(_)) if number == 0 => Ok(None),
        (None, SignerId::IssuerAndSerial { issuer, .. }) if number == 0 && is_dummy(issuer) => {
            Ok(None)
        }
        _ => Err(RequestError::SignerNotFound(number)),
    }
}

/// The one certificate that answers to a signer's name. Copies of it, and certificates of the same
/// key where a key is named, are no other.
fn by_name<'a, 'b>(
    number: usize,
    certificates: &'b [Certificate<'a>],
    answers: impl Fn(&Certificate<'_>) -> bool,
) -> Result<Option<&'b Certificate<'a>>, RequestError> {
    let mut found = certificates.iter().filter(|certificate| answers(certificate));
    let Some(first) = found.next() else { return Ok(None) };
    if found.any(|other| other.public_key.raw != first.public_key.raw) {
        return Err(RequestError::AmbiguousSigner(number));
    }
    Ok(Some(first))
}

fn has_key_id(certificate: &Certificate<'_>, id: &[u8]) -> bool {
    match find(&certificate.extensions, &oids::SUBJECT_KEY_IDENTIFIER) {
        Some(extension) => decode_subject_key_identifier(&extension.value) == Ok(id),
        None => certificate.public_key.key_id() == id,
    }
}

/// Whether the name is that of nobody, as Windows writes it for a key without a certificate.
fn is_dummy(issuer: &[u8]) -> bool {
    let name = Name::from_der(issuer);
    name.is_ok_and(|name| name.attributes().any(|attribute| attribute.oid == oids::DUMMY_SIGNER))
}
