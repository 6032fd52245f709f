//! The CA's own certificate: making a self-signed one, checking one that is given, and the chain
//! above it.

use std::time::{Duration, SystemTime};

use super::config::CaConfig;
use super::error::CaError;
use super::extensions::ca_version;
use super::names::CaNames;
use super::signer::{Signer, holds_key_of};
use super::tbs::{CertificateFields, random_serial, with_signature};
use crate::asn1::extensions::{
    BasicConstraints, basic_constraints, decode_basic_constraints, decode_key_usage,
    decode_subject_key_identifier, find, key_usage, subject_key_identifier,
};
use crate::asn1::{Certificate, Name, SubjectPublicKeyInfo, oids, verify_signature};
use crate::model::{Extension, KeyUsage, SerialNumber};

/// A certificate that this CA can issue under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaCertificate {
    /// DER of the whole.
    pub der: Vec<u8>,
    /// DER of the issuer's Name: the subject's own where the CA is a root.
    pub issuer: Vec<u8>,
    /// DER of the subject's Name: the issuer of everything that is signed.
    pub subject: Vec<u8>,
    /// What clients call the CA.
    pub names: CaNames,
    /// The key identifier that certificates and CRLs name in their AKI.
    pub key_id: Vec<u8>,
    /// pathLenConstraint: how many CAs may stand below; `None` is without limit.
    pub path_length: Option<u32>,
    /// Its serial number.
    pub serial: SerialNumber,
    /// First instant of validity.
    pub not_before: SystemTime,
    /// Last second of validity.
    pub not_after: SystemTime,
}

/// What Windows' CAs have in their certificates: key usage, basic constraints, subject key
/// identifier.
pub(super) fn own_extensions(key_id: &[u8], path_length: Option<u32>) -> Vec<Extension> {
    let usage =
        KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_CERT_SIGN).union(KeyUsage::CRL_SIGN);
    let constraints = BasicConstraints { ca: true, path_length };
    vec![
        key_usage(usage, true),
        basic_constraints(constraints, true),
        subject_key_identifier(key_id),
    ]
}

impl CaCertificate {
    /// Makes a self-signed certificate for `signer`'s key, with Windows' extensions: key usage,
    /// basic constraints, subject key identifier, CA version V0.0.
    ///
    /// # Errors
    /// Where the configured subject is no name with a CN, or the validity is over year 9999.
    pub fn self_signed(
        config: &CaConfig,
        signer: &dyn Signer,
        now: SystemTime,
    ) -> Result<Self, CaError> {
        let subject = Name::parse(&config.subject)?.to_der();
        let path_length = Some(config.path_length);
        Self::renewed(config, signer, &subject, path_length, vec![ca_version(0)], now)
    }

    /// The same for a CA that has a name already, with these extensions at the end.
    pub(super) fn renewed(
        config: &CaConfig,
        signer: &dyn Signer,
        subject: &[u8],
        path_length: Option<u32>,
        further: Vec<Extension>,
        now: SystemTime,
    ) -> Result<Self, CaError> {
        let key_id = SubjectPublicKeyInfo::parse(signer.public_key())?.key_id();
        let not_before = now.checked_sub(config.clock_skew).ok_or(CaError::Validity)?;
        let not_after = now.checked_add(config.validity).ok_or(CaError::Validity)?;
        let fields = CertificateFields {
            serial: &random_serial()?,
            algorithm: signer.algorithm(),
            issuer: subject,
            not_before,
            not_after,
            subject,
            public_key: signer.public_key(),
            extensions: &[own_extensions(&key_id, path_length), further].concat(),
        };
        let tbs = fields.encode()?;
        let der = with_signature(&tbs, signer.algorithm(), &signer.sign(&tbs)?);
        Self::check(&der, signer, now)
    }

    /// Checks that a certificate is one for a CA, valid now, and of `signer`'s key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(der: &[u8], signer: &dyn Signer, now: SystemTime) -> Result<Self, CaError> {
        let certificate = Certificate::parse(der)?;
        if !holds_key_of(signer, &certificate.public_key)? {
            return Err(CaError::KeyMismatch);
        }
        let extensions = &certificate.extensions;
        let constraints = find(extensions, &oids::BASIC_CONSTRAINTS).ok_or(CaError::NotCa)?;
        let constraints = decode_basic_constraints(&constraints.value)?;
        if !constraints.ca {
            return Err(CaError::NotCa);
        }
        let usage = find(extensions, &oids::KEY_USAGE).ok_or(CaError::KeyUsage)?;
        let needed = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
        if !decode_key_usage(&usage.value)?.contains(needed) {
            return Err(CaError::KeyUsage);
        }
        let checked = Self {
            der: der.to_vec(),
            issuer: certificate.issuer.to_vec(),
            subject: certificate.subject.to_vec(),
            names: CaNames::new(&common_name(certificate.subject)?),
            key_id: match find(extensions, &oids::SUBJECT_KEY_IDENTIFIER) {
                Some(extension) => decode_subject_key_identifier(&extension.value)?.to_vec(),
                None => certificate.public_key.key_id().to_vec(),
            },
            path_length: constraints.path_length,
            serial: SerialNumber(certificate.serial.to_vec()),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        };
        checked.valid_at(now).then_some(checked).ok_or(CaError::NotValidNow)
    }

    /// Whether the CA has none above it.
    pub fn is_root(&self) -> bool {
        self.issuer == self.subject
    }

    /// How long it is still valid.
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.not_after.duration_since(now).unwrap_or_default()
    }

    /// Whether `time` lies in the period of validity.
    pub fn valid_at(&self, time: SystemTime) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }
}

/// The most specific CN of a subject.
fn common_name(subject: &[u8]) -> Result<String, CaError> {
    let attributes = Name::from_der(subject)?.into_attributes();
    let cn = attributes.into_iter().rfind(|attribute| attribute.oid == oids::COMMON_NAME);
    cn.map(|cn| cn.value).filter(|value| !value.is_empty()).ok_or(CaError::NoCommonName)
}

/// Finds the chain of `leaf` among `pool`: its issuer, the issuer of that one, and so on to a
/// self-signed certificate; each signature is verified. Empty where `leaf` is self-signed.
///
/// # Errors
/// [`CaError::ChainIncomplete`] where an issuer is missing.
pub fn chain_of(leaf: &[u8], pool: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CaError> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    let mut current = leaf;
    while !is_issued_by(current, current)? {
        let issuer = pool.iter().find(|candidate| {
            let new = *candidate != leaf && !chain.contains(candidate);
            new && is_issued_by(current, candidate) == Ok(true)
        });
        let Some(issuer) = issuer else {
            let issuer = Name::from_der(Certificate::parse(current)?.issuer)?;
            return Err(CaError::ChainIncomplete(issuer.to_string()));
        };
        chain.push(issuer.clone());
        current = issuer;
    }
    Ok(chain)
}

/// Whether the key of `issuer` signed `certificate`, and its name is in it.
pub fn is_issued_by(certificate: &[u8], issuer: &[u8]) -> Result<bool, crate::asn1::Asn1Error> {
    let (certificate, issuer) = (Certificate::parse(certificate)?, Certificate::parse(issuer)?);
    if certificate.issuer != issuer.subject {
        return Ok(false);
    }
    let key = issuer.public_key.public_key()?;
    let algorithm = &certificate.signature_algorithm;
    Ok(verify_signature(&key, algorithm, certificate.tbs, certificate.signature).is_ok())
}
