//! Raw request bytes and attributes to one verified enrollment request.
//!
//! The way of a request: size → text armour → format → structure (depth, count) → PKCS#10 →
//! limits and key → signature over the received bytes. Nothing costly happens before the limits
//! are checked. [`parse`] is the only way in.

#![deny(clippy::arithmetic_side_effects)]

mod attributes;
mod error;
mod format;
mod limits;
mod pkcs10;

pub use attributes::{decode_attributes_blob, parse_attributes};
pub use error::RequestError;
pub use limits::Limits;

use crate::model::{EnrollmentRequest, RequestFormat};

/// Renewal on behalf of another (Z), Certificate Transparency (A) and pre-sign (B) requests
/// ([MS-WCCE] 3.2.1.4.3.1.1): a PKCS#10 can't be the first, the others are not enabled. To ignore
/// them would give the client another certificate than it asked for.
const UNSUPPORTED_FLAGS: u32 = 0x0020_0000 | 0x0400_0000 | 0x0800_0000;

/// Parses and verifies a new request ([MS-WCCE] 3.2.1.4.2.1.4): `raw` is pctbRequest, `flags`
/// dwFlags, `attributes` pwszAttributes (see [`decode_attributes_blob`] for ICertPassage).
pub fn parse(
    raw: &[u8],
    flags: u32,
    attributes: &str,
    limits: &Limits,
) -> Result<EnrollmentRequest, RequestError> {
    if flags & UNSUPPORTED_FLAGS != 0 {
        return Err(RequestError::UnsupportedFlags(flags & UNSUPPORTED_FLAGS));
    }
    let claimed = format::claimed(flags)?;
    let attributes = parse_attributes(attributes, limits)?;
    let der = format::decode(raw, limits)?;
    let found = format::detect(&der, limits)?;
    match claimed {
        Some(claimed) if claimed != found => Err(RequestError::FormatMismatch { claimed, found }),
        _ if found != RequestFormat::Pkcs10 => Err(RequestError::UnsupportedFormat(found)),
        _ => pkcs10::parse(der.into_owned(), attributes, limits),
    }
}

#[cfg(test)]
mod tests;
