//! Why a request can't be processed, with the one map to HRESULT.

use std::ops::RangeInclusive;

use crate::asn1::cms::CmsError;
use crate::asn1::{Asn1Error, SignatureError};
use crate::model::{HResult, Oid, RequestFormat};

/// Why a request is not a valid one. The text is for the requester: what is wrong, and what to do
/// where that isn't obvious.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// More bytes than [`super::Limits::request_bytes`].
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// More of something than the limits allow.
    #[error("the request has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Neither DER nor PEM nor base64 of DER.
    #[error("the request is neither DER nor PEM nor base64")]
    Encoding,
    /// RequestType in dwFlags that this server doesn't know or offer.
    #[error("requests of type {0:#06x} (dwFlags) are not supported")]
    UnsupportedType(u32),
    /// dwFlags that ask for a kind of processing that is not offered.
    #[error("the flags {0:#010x} (dwFlags) ask for something that is not supported")]
    UnsupportedFlags(u32),
    /// RequestType says one format, the bytes are another.
    #[error("the request is marked as {claimed} but is {found}")]
    FormatMismatch {
        /// What dwFlags say.
        claimed: RequestFormat,
        /// What the bytes are.
        found: RequestFormat,
    },
    /// A PKCS#10 that names an old certificate ([MS-WCCE] 3.2.2.6.2.1.2.3).
    #[error("a renewal must be signed with the old key as well; a bare PKCS#10 can't be one")]
    BareRenewal,
    /// The bytes are not the structure they should be.
    #[error("the request's {part} can't be decoded: {source}")]
    Structure {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        source: Asn1Error,
    },
    /// The subject's name can't be decoded.
    #[error("the request's subject name can't be decoded: {0}")]
    Subject(Asn1Error),
    /// An attribute that must have exactly one value, and occur once.
    #[error("the request attribute {0} must have exactly one value")]
    AttributeValues(Oid),
    /// An extension that is asked for twice.
    #[error("the request asks twice for the extension {0}")]
    DuplicateExtension(Oid),
    /// The key's algorithm or curve is not one that is certified.
    #[error(
        "the public key can't be certified ({0}); use RSA, a P-256, P-384 or P-521 key, or Ed25519"
    )]
    Key(Asn1Error),
    /// An RSA modulus of a length that is not allowed.
    #[error(
        "the RSA key has {bits} bits; this CA takes {} to {}",
        allowed.start(),
        allowed.end()
    )]
    KeyLength {
        /// Bits of the modulus.
        bits: u32,
        /// The lengths that are allowed.
        allowed: RangeInclusive<u32>,
    },
    /// An RSA exponent that is even, 1, or has more than 32 bits.
    #[error("the RSA key's public exponent must be odd, 3 or more, and below 2^32")]
    KeyExponent,
    /// The proof of possession.
    #[error("the request's signature can't be verified: {0}")]
    Signature(#[from] SignatureError),
    /// A CMS message with another content than a request.
    #[error("the CMS message's content is of type {0}; a PKCS#10 (data) or a CMC request must be")]
    ContentType(Oid),
    /// The content of a CMS message is not the one PKCS#10 that it must be.
    #[error("the content of the CMS message can't be decoded as a PKCS#10: {0}")]
    Content(Asn1Error),
    /// Not exactly one request in a CMC request.
    #[error("a CMC request must hold exactly one PKCS#10, and no other request or message")]
    Bodies,
    /// A control of a CMC request that would change what it means.
    #[error("the CMC control {0} is not supported")]
    Control(Oid),
    /// A control, or an attribute of a signer, that occurs twice.
    #[error("{0} occurs twice")]
    Duplicate(Oid),
    /// CMC_ADD_ATTRIBUTES about another request than the one that is there.
    #[error("the added attributes of the CMC request are not about its PKCS#10")]
    OtherBodyPart,
    /// RequesterName says different things, or only some signers say it.
    #[error(
        "RequesterName must be said once, and by every agent that signed; the request says it \
         differently in several places"
    )]
    RequesterName,
    /// A CMS message that nobody signed.
    #[error("the CMS message has no signature")]
    NoSigner,
    /// The certificate of a signer did not come along.
    #[error("the certificate of signer {0} is not in the request; it must come along")]
    SignerNotFound(usize),
    /// Two different certificates in the message answer to one signer's name.
    #[error("signer {0} is named so that several certificates of the request answer to it")]
    AmbiguousSigner(usize),
    /// A signature of a CMS message.
    #[error("the signature of signer {number} is not accepted: {source}")]
    Signer {
        /// Which, counted from 0 as in certutil.
        number: usize,
        /// Why.
        source: CmsError,
    },
    /// A signer's certificate with a key that can't be used.
    #[error("the certificate of signer {number} can't be used: {source}")]
    SignerKey {
        /// Which, counted from 0.
        number: usize,
        /// Why.
        source: Asn1Error,
    },
    /// A signature over a CMC request without signed attributes (RFC 5652 5.3).
    #[error("signer {0} of the CMC request has no signed attributes")]
    NoSignedAttributes(usize),
    /// Two signatures by one key, where each signature is to be somebody else's.
    #[error("two of the signatures are by one key")]
    SameSigner,
    /// A signer of a message inside another that is neither the request's nor the old key.
    #[error("agents must sign the outermost message, not one inside it")]
    InnerSigner,
    /// Neither the PKCS#10 nor the first signer proves possession of the key.
    #[error(
        "nothing proves possession of the private key: the PKCS#10 has a null signature, and the \
         first signature of the message is not by its key"
    )]
    NoProof,
    /// The attribute RENEWAL_CERTIFICATE holds no certificate, or several.
    #[error("the attribute with the certificate to be renewed does not hold one certificate")]
    RenewalAttribute,
    /// The certificate to be renewed is not among those of the message.
    #[error("the certificate to be renewed is not among the certificates of the CMS message")]
    RenewalCertificate,
    /// The old key did not sign.
    #[error("the renewal is not signed with the key of the certificate to be renewed")]
    RenewalSigner,
    /// A private key in a place where it can't be archived from, or not the one that it should be.
    #[error("the private key to be archived is not where it must be: {0}")]
    Archival(&'static str),
    /// A private key in another form than CMC.
    #[error("a private key can be archived by a CMC request alone, not by {0}")]
    ArchivalFormat(RequestFormat),
    /// KEYGEN: the challenge is not that of the attributes.
    #[error("the challenge of the KEYGEN request is not the attribute challenge")]
    Challenge,
    /// KEYGEN: no attribute names the subject.
    #[error("a KEYGEN request needs attributes that name its subject, CN for instance")]
    NoSubject,
    /// ICertPassage's attributes: no UTF-16 text with a NUL at its end.
    #[error("the attributes must be UTF-16 text with a terminating NUL")]
    AttributesEncoding,
}

impl RequestError {
    /// The disposition that the client gets ([MS-WCCE] 3.2.1.4.2.1.4, 3.2.1.4.2.1.4.1.1).
    pub fn hresult(&self) -> HResult {
        match self {
            Self::TooLarge { .. } | Self::TooMany { .. } => HResult::CRYPT_E_ASN1_LARGE,
            Self::Encoding => HResult::CRYPT_E_ASN1_BADTAG,
            Self::UnsupportedType(_)
            | Self::UnsupportedFlags(_)
            | Self::FormatMismatch { .. }
            | Self::ArchivalFormat(_)
            | Self::BareRenewal => HResult::CRYPT_E_INVALID_MSG_TYPE,
            Self::Structure { source, .. } => source.hresult(),
            Self::Subject(_) | Self::NoSubject => HResult::CERTSRV_E_BAD_REQUESTSUBJECT,
            Self::AttributeValues(_)
            | Self::DuplicateExtension(_)
            | Self::ContentType(_)
            | Self::Content(_)
            | Self::Bodies
            | Self::Control(_)
            | Self::Duplicate(_)
            | Self::OtherBodyPart
            | Self::RequesterName
            | Self::NoSignedAttributes(_)
            | Self::SameSigner
            | Self::AmbiguousSigner(_)
            | Self::InnerSigner
            | Self::Challenge => HResult::INVALID_DATA,
            Self::NoSigner => HResult::CRYPT_E_NO_SIGNER,
            Self::SignerNotFound(_) => HResult::CRYPT_E_SIGNER_NOT_FOUND,
            Self::Signer { source, .. } => signer_hresult(source),
            Self::SignerKey { source, .. } => key_hresult(source),
            Self::NoProof => HResult::NTE_BAD_SIGNATURE,
            Self::RenewalAttribute | Self::RenewalCertificate | Self::RenewalSigner => {
                HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE
            }
            Self::Archival(_) => HResult::CERTSRV_E_BAD_REQUEST_KEY_ARCHIVAL,
            Self::Key(source) => key_hresult(source),
            Self::KeyExponent => HResult::NTE_BAD_KEY,
            Self::KeyLength { .. } => HResult::CERTSRV_E_KEY_LENGTH,
            Self::Signature(source) => signature_hresult(source),
            Self::AttributesEncoding => HResult::E_INVALIDARG,
        }
    }

    /// Whether it is about a signature or a signer, not about what is signed.
    pub fn is_of_signature(&self) -> bool {
        matches!(
            self,
            Self::Signature(_)
                | Self::Signer { .. }
                | Self::SignerKey { .. }
                | Self::SignerNotFound(_)
                | Self::AmbiguousSigner(_)
                | Self::NoSigner
                | Self::NoSignedAttributes(_)
                | Self::SameSigner
                | Self::InnerSigner
                | Self::NoProof
                | Self::RenewalSigner
        )
    }

    /// For `map_err` on the decoding of a part.
    pub(super) fn structure(part: &'static str) -> impl FnOnce(Asn1Error) -> Self {
        move |source| Self::Structure { part, source }
    }
}

fn key_hresult(error: &Asn1Error) -> HResult {
    match error {
        Asn1Error::Unsupported(_) => HResult::NTE_BAD_ALGID,
        _ => HResult::NTE_BAD_KEY,
    }
}

fn signature_hresult(error: &SignatureError) -> HResult {
    match error {
        SignatureError::Invalid => HResult::NTE_BAD_SIGNATURE,
        SignatureError::Parameters(source) => source.hresult(),
        _ => HResult::NTE_BAD_ALGID,
    }
}

/// The codes of Windows' message functions ([MS-ERREF] 2.1.1, CRYPT_E_*).
fn signer_hresult(error: &CmsError) -> HResult {
    match error {
        CmsError::Encoding(source) => source.hresult(),
        CmsError::NoMessageDigest => HResult::CRYPT_E_AUTH_ATTR_MISSING,
        CmsError::OtherContent => HResult::CRYPT_E_HASH_VALUE,
        CmsError::Signature(source) => signature_hresult(source),
        CmsError::Digest(_) => HResult::NTE_BAD_ALGID,
        CmsError::NoContent => HResult::INVALID_DATA,
    }
}
