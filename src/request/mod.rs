//! Raw request bytes and attributes to one verified enrollment request.
//!
//! The way of a request: size → text armour → format → structure (depth, count) → the layers of
//! a CMS message down to the PKCS#10 → limits and key → signatures over the received bytes, from
//! the inside out. Nothing costly happens before the limits are checked. [`parse`] is the only way
//! in; [`recordable`] is for what it refuses.

#![deny(clippy::arithmetic_side_effects)]

mod archival;
mod attributes;
mod cmc;
mod contents;
mod error;
mod format;
mod keygen;
mod limits;
mod pkcs10;
mod signed;
mod signers;

pub use archival::recordable;
pub use attributes::{attribute as parse_attribute, decode_attributes_blob, parse_attributes};
pub use error::RequestError;
pub use limits::Limits;

use crate::model::{EnrollmentRequest, RequestFormat};

/// Certificate Transparency (A) and pre-sign (B) requests ([MS-WCCE] 3.2.1.4.3.1.1), which are not
/// enabled. To ignore them would give the client another certificate than it asked for.
const UNSUPPORTED_FLAGS: u32 = 0x0400_0000 | 0x0800_0000;

/// Parses and verifies a new request ([MS-WCCE] 3.2.1.4.2.1.4): `raw` is pctbRequest, `flags`
/// dwFlags, `attributes` pwszAttributes (see [`decode_attributes_blob`] for ICertPassage).
pub fn parse(
    raw: &[u8],
    flags: u32,
    attributes: &str,
    limits: &Limits,
) -> Result<EnrollmentRequest, RequestError> {
    parse_as(raw, flags, attributes, limits, false)
}

/// The same for a request that was taken before and kept, which the challenge of a KEYGEN request is
/// not: that is a password.
///
/// # Errors
/// As [`parse`].
pub fn parse_recorded(
    raw: &[u8],
    flags: u32,
    attributes: &str,
    limits: &Limits,
) -> Result<EnrollmentRequest, RequestError> {
    parse_as(raw, flags, attributes, limits, true)
}

fn parse_as(
    raw: &[u8],
    flags: u32,
    attributes: &str,
    limits: &Limits,
    recorded: bool,
) -> Result<EnrollmentRequest, RequestError> {
    if flags & UNSUPPORTED_FLAGS != 0 {
        return Err(RequestError::UnsupportedFlags(flags & UNSUPPORTED_FLAGS));
    }
    let claimed = format::claimed(flags)?;
    let attributes = parse_attributes(attributes, limits)?;
    let binary = format::decode(raw, limits)?;
    let (found, der) = format::open(&binary, limits)?;
    if let Some(claimed) = claimed.filter(|claimed| *claimed != found) {
        return Err(RequestError::FormatMismatch { claimed, found });
    }
    let request = match found {
        RequestFormat::Pkcs10 => pkcs10::parse(&der, &attributes, limits)?,
        RequestFormat::Keygen => keygen::parse(&der, attributes, limits, recorded)?,
        RequestFormat::Cms | RequestFormat::Cmc => signed::parse(&der, found, &attributes, limits)?,
    };
    let raw = if request.archives_key { archival::without_key(&der)? } else { binary.into_owned() };
    Ok(EnrollmentRequest { raw, ..request })
}

#[cfg(test)]
mod tests;
