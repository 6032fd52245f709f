//! What is known of a request's further signatures and of the certificate that it renews: found
//! by `enroll` in chains and in the Request table, weighed by `policy`.

use std::time::SystemTime;

use super::{GeneralName, HResult, Oid, RequestSigner, Sid};

/// A signer of a request (see [`RequestSigner`]), with what its certificate is good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignerFacts {
    /// The signature, which is one over this request by the certificate's key.
    pub signer: RequestSigner,
    /// Subject of the certificate as text, for reasons and logs.
    pub subject: String,
    /// SHA-1 of the certificate, for the audit row.
    pub certificate_hash: [u8; 20],
    /// Whether the certificate may sign for others here: path, time, revocation, NTAuth
    /// ([MS-WCCE] 3.2.2.6.2.1.2.1).
    pub chain: Result<(), ChainProblem>,
    /// Application policies that hold through the whole chain: extended key usage and
    /// application policies of the certificate, none but what every CA above it allows. Any
    /// purpose stands for itself alone.
    pub application_policies: Vec<Oid>,
    /// Issuance policies (Certificate Policies) of the certificate.
    pub issuance_policies: Vec<Oid>,
    /// SID extension of the certificate.
    pub sid: Option<Sid>,
}

/// Why a certificate of a signer does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainProblem {
    /// It cannot be read, or an extension of it that is critical is not understood.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// One of the chain is not valid any more.
    #[error("{0} has expired")]
    Expired(String),
    /// One of the chain is not valid yet.
    #[error("{0} is not valid yet")]
    NotYetValid(String),
    /// One of the chain is revoked.
    #[error("{0} is revoked")]
    Revoked(String),
    /// Whether it is revoked cannot be found out.
    #[error("whether {0} is revoked cannot be found out")]
    RevocationUnknown(String),
    /// No certificate of the issuer is at hand.
    #[error("the certificate of its issuer {0} is not at hand")]
    NoIssuer(String),
    /// The chain ends in a root that nobody trusts here.
    #[error("its chain ends in {0}, which is not trusted here")]
    UntrustedRoot(String),
    /// Its issuer is not among those that may vouch for agents (NTAuthCertificates).
    #[error("its issuer {0} is not one of NTAuthCertificates")]
    NotInNtAuth(String),
    /// A signature of the chain is wrong, or by an algorithm that is too weak.
    #[error("the signature on {0} is not valid")]
    BadSignature(String),
    /// One above it is no CA, or not one for so long a chain or for these names.
    #[error("{0} may not issue it")]
    NotAnIssuer(String),
}

impl ChainProblem {
    /// The code that chain validation has for it ([MS-ERREF]).
    pub fn hresult(&self) -> HResult {
        match self {
            Self::Malformed(_) => HResult::CRYPT_E_ASN1_ERROR,
            Self::Expired(_) | Self::NotYetValid(_) => HResult::CERT_E_EXPIRED,
            Self::Revoked(_) => HResult::CRYPT_E_REVOKED,
            Self::RevocationUnknown(_) => HResult::CRYPT_E_REVOCATION_OFFLINE,
            Self::NoIssuer(_) => HResult::CERT_E_CHAINING,
            Self::UntrustedRoot(_) => HResult::CERT_E_UNTRUSTEDROOT,
            Self::NotInNtAuth(_) => HResult::CERT_E_UNTRUSTEDCA,
            Self::BadSignature(_) => HResult::TRUST_E_CERT_SIGNATURE,
            Self::NotAnIssuer(_) => HResult::TRUST_E_BASIC_CONSTRAINTS,
        }
    }
}

/// The certificate that a request renews, and whether the Request table knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OldCertificate {
    /// What the Request table says of it.
    pub standing: Standing,
    /// First instant of its validity.
    pub not_before: SystemTime,
    /// Last second of its validity.
    pub not_after: SystemTime,
    /// How it names its template: by cn (1.3.6.1.4.1.311.20.2).
    pub template_name: Option<String>,
    /// How it names its template: by OID (1.3.6.1.4.1.311.21.7).
    pub template_oid: Option<Oid>,
    /// DER of its subject.
    pub subject: Vec<u8>,
    /// Its subject alternative names.
    pub subject_alt_names: Vec<GeneralName>,
    /// SID extension.
    pub sid: Option<Sid>,
    /// DER of its SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// Request.RequesterName of its row.
    pub requester_name: Option<String>,
    /// How many renewals lie behind it: 0 for one that was enrolled for.
    pub renewals: u32,
    /// When the first certificate of its line was issued.
    pub first_issued: SystemTime,
}

/// What the Request table says of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// A row has these very bytes, issued and not revoked.
    Issued,
    /// A row has these very bytes, and it is revoked.
    Revoked,
    /// No row has these bytes.
    Unknown,
}

/// Why a renewal does not do without approval and signatures, though its template may say that
/// renewals do: CT_FLAG_PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT ([MS-WCCE] 3.2.2.6.2.1.4.8).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaiverProblem {
    /// The template does not say so.
    #[error("the template does not say that renewals do without (msPKI-Enrollment-Flag 0x40)")]
    NotSet,
    /// The old certificate is not valid now.
    #[error("the old certificate is not valid at this time")]
    NotValid,
    /// It does not name its template by OID.
    #[error("the old certificate does not name its template by OID")]
    NoTemplateOid,
    /// It is from another template.
    #[error("the old certificate is from another template")]
    OtherTemplate,
    /// The request has another subject than the old certificate, or none.
    #[error("the request's subject is not that of the old certificate")]
    Subject,
    /// The old certificate has neither user principal name nor e-mail address.
    #[error("the old certificate has neither user principal name nor e-mail address")]
    NoName,
    /// A user principal name of the old certificate is not the account's.
    #[error("the old certificate's user principal name {0:?} is not that of the account")]
    Upn(String),
    /// An e-mail address of the old certificate is not the account's.
    #[error("the old certificate's e-mail address {0:?} is not that of the account")]
    Email(String),
    /// The SID of the old certificate is not the account's.
    #[error("the old certificate's SID is not that of the account")]
    Sid,
    /// The account is not in the directory.
    #[error("the account is not in the directory")]
    NoAccount,
    /// hardening.max_renewals.
    #[error("so many renewals lie behind the old certificate ({0}) that it takes approval again")]
    TooManyRenewals(u32),
    /// hardening.max_renewal_age.
    #[error("the first certificate of its line is so old that it takes approval again")]
    TooOld,
}
