//! Why a request can't be processed, with the one map to HRESULT.

use std::ops::RangeInclusive;

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
    /// A format that is known but not processed.
    #[error("{0} requests are not supported yet; send a PKCS#10")]
    UnsupportedFormat(RequestFormat),
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
            | Self::UnsupportedFormat(_)
            | Self::BareRenewal => HResult::CRYPT_E_INVALID_MSG_TYPE,
            Self::Structure { source, .. } => source.hresult(),
            Self::Subject(_) => HResult::CERTSRV_E_BAD_REQUESTSUBJECT,
            Self::AttributeValues(_) | Self::DuplicateExtension(_) => HResult::INVALID_DATA,
            Self::Key(Asn1Error::Unsupported(_)) => HResult::NTE_BAD_ALGID,
            Self::Key(_) | Self::KeyExponent => HResult::NTE_BAD_KEY,
            Self::KeyLength { .. } => HResult::CERTSRV_E_KEY_LENGTH,
            Self::Signature(SignatureError::Invalid) => HResult::NTE_BAD_SIGNATURE,
            Self::Signature(SignatureError::Parameters(source)) => source.hresult(),
            Self::Signature(_) => HResult::NTE_BAD_ALGID,
            Self::AttributesEncoding => HResult::E_INVALIDARG,
        }
    }

    /// For `map_err` on the decoding of a part.
    pub(super) fn structure(part: &'static str) -> impl FnOnce(Asn1Error) -> Self {
        move |source| Self::Structure { part, source }
    }
}
