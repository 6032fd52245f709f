//! Why bytes are not what they should be.

use crate::model::HResult;

use super::Tag;

/// Bytes that are not the DER structure that was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Asn1Error {
    /// The bytes end inside a value.
    #[error("the encoding is cut short")]
    Truncated,
    /// Bytes follow the value.
    #[error("bytes follow the end of the encoding")]
    TrailingData,
    /// A length that is indefinite, not minimal, or over 4 GiB.
    #[error("a length is not in DER form")]
    Length,
    /// Another type stands where `expected` should.
    #[error("found ASN.1 tag {found} where {expected} is expected")]
    Tag {
        /// What the structure demands.
        expected: Tag,
        /// What is there.
        found: Tag,
    },
    /// A tag number above 30, which no structure here uses.
    #[error("an ASN.1 tag number above 30 is not supported")]
    HighTag,
    /// A value that its type doesn't allow.
    #[error("invalid {0}")]
    Value(&'static str),
    /// A field that may occur once occurs again.
    #[error("{0} occurs twice")]
    Duplicate(&'static str),
    /// Constructed values nested deeper than [`super::MAX_DEPTH`].
    #[error("values are nested too deep")]
    TooDeep,
    /// More of something than the limit allows.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// Well-formed, but something that this CA does not handle.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

impl Asn1Error {
    /// The code that Windows' decoder would answer with ([MS-ERREF] 2.1.1, CRYPT_E_ASN1_*).
    pub fn hresult(&self) -> HResult {
        match self {
            Self::Truncated => HResult::CRYPT_E_ASN1_EOD,
            Self::Tag { .. } | Self::HighTag => HResult::CRYPT_E_ASN1_BADTAG,
            Self::TooDeep | Self::TooMany(_) => HResult::CRYPT_E_ASN1_LARGE,
            Self::TrailingData | Self::Length | Self::Value(_) | Self::Duplicate(_) => {
                HResult::CRYPT_E_ASN1_CORRUPT
            }
            Self::Unsupported(_) => HResult::CRYPT_E_ASN1_ERROR,
        }
    }
}
