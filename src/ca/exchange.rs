//! The exchange certificate: for a key of the CA's that clients encrypt their private keys to,
//! for archival ([MS-WCCE] 3.2.1.4.3.2.15). It is issued by the CA's own key, for one week.

use std::path::Path;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::certificate::is_issued_by;
use super::error::CaError;
use super::files::{self, write_atomically};
use super::issue::{CertificateAuthority, IssueError, SignedCertificate};
use super::load::{blocks, form};
use super::signer::{KeyEncoding, KeyKind, RsaHash, Signer, SoftwareSigner, holds_key_of};
use crate::asn1::extensions::{decode_policies, find};
use crate::asn1::{Asn1Error, Certificate, Name, SubjectPublicKeyInfo, oids, pem};
use crate::model::{CertificatePolicy, IssuancePlan, KeyUsage, SubjectName, TemplateExtension};

/// How long an exchange certificate is valid.
const VALIDITY: Duration = Duration::from_secs(7 * 86_400);
/// ub-common-name of RFC 5280 A.1.
const MAX_COMMON_NAME: usize = 64;

/// A new exchange certificate with its private key.
pub struct ExchangeCertificate {
    /// The certificate.
    pub certificate: SignedCertificate,
    /// PKCS#8 of the key.
    pkcs8: Zeroizing<Vec<u8>>,
}

impl ExchangeCertificate {
    /// Writes certificate and key to one file, which its owner alone can read.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CaError> {
        let key = Zeroizing::new(pem::encode("PRIVATE KEY", &self.pkcs8));
        let mut text = Zeroizing::new(pem::encode("CERTIFICATE", self.certificate.der()));
        text.push_str(&key);
        Ok(write_atomically(path, text.as_bytes(), 0o600)?)
    }
}

impl CertificateAuthority {
    /// Makes a key and issues its exchange certificate. [`check_clock`](Self::check_clock) comes
    /// first.
    ///
    /// # Errors
    /// Why it cannot be built or signed.
    pub fn issue_exchange(&self, now: SystemTime) -> Result<ExchangeCertificate, IssueError> {
        // RSA, whatever the CA's own key is: clients encrypt to it by key transport alone.
        let (key, pkcs8) = SoftwareSigner::generate(KeyKind::Rsa2048, RsaHash::default())?;
        let plan = IssuancePlan {
            subject: SubjectName::FromRequest(self.own_subject("-Xchg")?),
            subject_alt_names: Vec::new(),
            public_key: SubjectPublicKeyInfo::parse(key.public_key())?.to_info()?,
            not_before: now.checked_sub(self.clock_skew()).unwrap_or(now),
            not_after: now.checked_add(VALIDITY).unwrap_or(now),
            key_usage: Some((KeyUsage::KEY_ENCIPHERMENT, true)),
            application_policies: vec![oids::CA_EXCHANGE],
            certificate_policies: self.own_policies()?,
            critical_extensions: Vec::new(),
            sid: None,
            template: TemplateExtension::CaExchange,
            basic_constraints: None,
            no_revocation_info: false,
            no_authority_information: false,
            extensions: Vec::new(),
        };
        Ok(ExchangeCertificate { certificate: self.issue(&plan, now)?, pkcs8 })
    }

    /// Reads back what [`ExchangeCertificate::save`] wrote; `None` where there is nothing, or
    /// what is there is of no use any more: expired, or issued by another CA.
    ///
    /// # Errors
    /// Where the file cannot be read, or others can read it too.
    pub fn load_exchange(
        &self,
        path: &Path,
        now: SystemTime,
    ) -> Result<Option<SignedCertificate>, CaError> {
        if !files::is_there(path)? {
            return Ok(None);
        }
        let blocks = blocks(path, &files::read_secret(path)?)?;
        let block = |label| blocks.iter().find(|block| block.label == label);
        let (Some(der), Some(key)) = (block("CERTIFICATE"), block("PRIVATE KEY")) else {
            return Err(form(path, "not a certificate and its private key"));
        };
        let key = SoftwareSigner::from_der(KeyEncoding::Pkcs8, &key.der, RsaHash::default());
        let key = key.map_err(|reason| CaError::KeyFile { path: path.to_owned(), reason })?;
        let unreadable = |error: Asn1Error| form(path, &error.to_string());
        let certificate = Certificate::parse(&der.der).map_err(unreadable)?;
        if !holds_key_of(&key, &certificate.public_key)? {
            return Err(form(path, "the key is not that of the certificate"));
        }
        let valid = (certificate.not_before..=certificate.not_after).contains(&now);
        if !valid || !is_issued_by(&der.der, &self.certificate().der).map_err(unreadable)? {
            return Ok(None);
        }
        SignedCertificate::read(der.der.to_vec()).map(Some).map_err(unreadable)
    }

    /// The CA's subject, with `suffix` at its common name: for certificates of its own keys.
    pub(super) fn own_subject(&self, suffix: &str) -> Result<Vec<u8>, Asn1Error> {
        let mut name = Name::from_der(&self.certificate().subject)?;
        let mut attributes = name.rdns.iter_mut().flatten();
        // The CN that the CA is called by: CaCertificate::check has found it.
        if let Some(cn) = attributes.rfind(|attribute| attribute.oid == oids::COMMON_NAME) {
            let kept = MAX_COMMON_NAME.saturating_sub(suffix.len());
            cn.value = cn.value.chars().take(kept).chain(suffix.chars()).collect();
        }
        Ok(name.to_der())
    }

    /// Issuance policies of the CA's own certificate.
    fn own_policies(&self) -> Result<Vec<CertificatePolicy>, IssueError> {
        let certificate = Certificate::parse(&self.certificate().der)?;
        match find(&certificate.extensions, &oids::CERTIFICATE_POLICIES) {
            Some(policies) => {
                let policies = decode_policies(&policies.value)?;
                Ok(policies.into_iter().map(CertificatePolicy::plain).collect())
            }
            None => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests;
