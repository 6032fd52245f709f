//! Who signs for the OCSP responder: a key of its own, with a certificate of the CA's (RFC 6960
//! 4.2.2.2). The key lives in memory alone, so that nobody finds it later; the certificate is
//! short-lived, as nobody can revoke it (id-pkix-ocsp-nocheck).

use std::time::{Duration, SystemTime};

use super::issue::{CertificateAuthority, IssueError, SignedCertificate};
use super::signer::{KeyError, KeyKind, RsaHash, SignatureAlgorithm, Signer, SoftwareSigner};
use crate::asn1::ocsp::{SingleResponse, encode_response, encode_response_data};
use crate::asn1::{Asn1Error, SubjectPublicKeyInfo, Writer, oids};
use crate::model::{Extension, IssuancePlan, KeyUsage, SubjectName, TemplateExtension};

/// How long the certificate of a responder's key is valid.
const VALIDITY: Duration = Duration::from_secs(4 * 86_400);
/// How long before its end it is renewed: answers have to be verifiable for as long as they are
/// good.
const RENEWAL: Duration = Duration::from_secs(2 * 86_400);
/// The cn of Windows' template for such certificates.
pub const OCSP_TEMPLATE: &str = "OCSPResponseSigning";

/// The longest that an OCSP answer may be good for: its signer's certificate is valid longer.
pub const MAX_OCSP_VALIDITY: Duration = RENEWAL;

/// A responder's key and certificate.
pub struct OcspSigner {
    certificate: SignedCertificate,
    not_after: SystemTime,
    key: SoftwareSigner,
    key_hash: [u8; 20],
}

/// Why an answer cannot be signed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OcspError {
    /// A time is out of range.
    #[error("an OCSP answer cannot be built: {0}")]
    Encoding(#[from] Asn1Error),
    /// The key failed.
    #[error("the OCSP responder's key: {0}")]
    Key(#[from] KeyError),
}

impl CertificateAuthority {
    /// Makes a key and issues the certificate of an OCSP responder for it.
    /// [`check_clock`](Self::check_clock) comes first.
    ///
    /// # Errors
    /// Why it cannot be built or signed.
    pub fn issue_ocsp_signer(&self, now: SystemTime) -> Result<OcspSigner, IssueError> {
        // Of the CA's own kind: who verifies its signatures can verify these.
        let kind = match self.signer().algorithm() {
            SignatureAlgorithm::RsaSha256
            | SignatureAlgorithm::RsaSha384
            | SignatureAlgorithm::RsaSha512 => KeyKind::Rsa2048,
            _ => KeyKind::EcdsaP256,
        };
        let (key, _pkcs8) = SoftwareSigner::generate(kind, RsaHash::Sha256)?;
        let public_key = SubjectPublicKeyInfo::parse(key.public_key())?.to_info()?;
        let key_hash = SubjectPublicKeyInfo::parse(key.public_key())?.key_id();
        let plan = IssuancePlan {
            subject: SubjectName::FromRequest(self.own_subject("-OCSP")?),
            subject_alt_names: Vec::new(),
            public_key,
            not_before: now.checked_sub(self.clock_skew()).unwrap_or(now),
            not_after: now.checked_add(VALIDITY).unwrap_or(now),
            key_usage: Some((KeyUsage::DIGITAL_SIGNATURE, true)),
            application_policies: vec![oids::OCSP_SIGNING],
            certificate_policies: Vec::new(),
            critical_extensions: Vec::new(),
            sid: None,
            template: TemplateExtension::Name(OCSP_TEMPLATE.to_owned()),
            basic_constraints: None,
            no_revocation_info: true,
            no_authority_information: false,
            extensions: vec![no_check()],
        };
        let certificate = self.issue(&plan, now)?;
        let not_after = plan.not_after.min(self.certificate().not_after);
        Ok(OcspSigner { certificate, not_after, key, key_hash })
    }
}

fn no_check() -> Extension {
    let mut value = Writer::new();
    value.null();
    Extension { oid: oids::OCSP_NOCHECK, critical: false, value: value.into_bytes() }
}

impl OcspSigner {
    /// Its certificate.
    pub fn certificate(&self) -> &SignedCertificate {
        &self.certificate
    }

    /// Whether it is time for another. One from the future, made while the clock was wrong, is
    /// of no use.
    pub fn is_due(&self, now: SystemTime) -> bool {
        let first = self.not_after.checked_sub(VALIDITY).unwrap_or(now);
        now < first || now.checked_add(RENEWAL).is_none_or(|then| then >= self.not_after)
    }

    /// The last second of its certificate.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Signs these answers.
    ///
    /// # Errors
    /// Where a time has no form in DER, or the key fails.
    pub fn respond(
        &self,
        produced_at: SystemTime,
        responses: &[SingleResponse<'_>],
        extensions: &[Extension],
    ) -> Result<Vec<u8>, OcspError> {
        let data = encode_response_data(&self.key_hash, produced_at, responses, extensions)?;
        let mut algorithm = Writer::new();
        self.key.algorithm().write(&mut algorithm);
        let signature = self.key.sign(&data)?;
        let certificate = self.certificate.der();
        Ok(encode_response(&data, &algorithm.into_bytes(), &signature, &[certificate]))
    }
}
