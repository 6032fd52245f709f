//! A certificate with its private key: an enrollment agent's, or one to be renewed.

use super::key::{KeyError, RequestKey};
use super::pkcs12::{self, Pkcs12Error};
use crate::asn1::{Asn1Error, Certificate, SubjectPublicKeyInfo, pem};

/// A certificate with its private key.
pub struct Identity {
    certificate: Vec<u8>,
    key: RequestKey,
    chain: Vec<Vec<u8>>,
}

/// Why there is no identity in what was given.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The text is not PEM.
    #[error("not PEM, or an encrypted key in PEM (use PKCS#12, or decrypt it with openssl pkey)")]
    Pem,
    /// No certificate is of the key.
    #[error("none of the certificates belongs to the private key")]
    Mismatch,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The PKCS#12 file.
    #[error(transparent)]
    Pkcs12(#[from] Pkcs12Error),
}

impl Identity {
    /// The key with its certificate, which is looked for among `certificates`; the others are
    /// taken for its chain.
    ///
    /// # Errors
    /// Where none is the key's.
    pub fn new(key: RequestKey, mut certificates: Vec<Vec<u8>>) -> Result<Self, IdentityError> {
        let own = certificates.iter().position(|der| is_of_key(der, key.public_key()));
        let certificate = certificates.remove(own.ok_or(IdentityError::Mismatch)?);
        Ok(Self { certificate, key, chain: certificates })
    }

    /// From certificates in PEM, and the key (which may be in the same text, or DER).
    ///
    /// # Errors
    /// Where one of both is not there, or not the other's.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let blocks = pem::decode(certificates).ok_or(IdentityError::Pem)?;
        let blocks = blocks.iter().filter(|block| block.label == "CERTIFICATE");
        let certificates = blocks.map(|block| block.der.to_vec()).collect();
        Self::new(RequestKey::from_file(key)?, certificates)
    }

    /// From PKCS#12.
    ///
    /// # Errors
    /// Where the password is wrong, or certificate and key are not both there.
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, IdentityError> {
        let contents = pkcs12::read(der, password)?;
        Self::new(RequestKey::from_der(&contents.key)?, contents.certificates)
    }

    /// DER of the certificate.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The private key.
    pub fn key(&self) -> &RequestKey {
        &self.key
    }

    /// DER of the other certificates that were given.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }
}

/// Whether a certificate is one for this SubjectPublicKeyInfo. The keys are compared, not their
/// encodings. What cannot be read is not.
pub fn is_of_key(certificate: &[u8], spki: &[u8]) -> bool {
    let same = || -> Result<bool, Asn1Error> {
        let certificate = Certificate::parse(certificate)?;
        let own = SubjectPublicKeyInfo::parse(spki)?;
        Ok(certificate.public_key.public_key()? == own.public_key()?)
    };
    same().unwrap_or(false)
}
