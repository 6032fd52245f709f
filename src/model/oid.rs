//! Object identifiers, kept as their DER content bytes so that every arc that fits DER fits here.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// An object identifier.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Cow<'static, [u8]>);

/// Text or bytes that are not an object identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an object identifier")]
pub struct OidError;

impl Oid {
    /// For constants: the content octets of a DER encoding that is known to be right.
    pub(crate) const fn from_static(content: &'static [u8]) -> Self {
        Self(Cow::Borrowed(content))
    }

    /// From the content octets of a DER OBJECT IDENTIFIER. Refuses non-minimal or cut arcs.
    pub fn from_der_content(content: &[u8]) -> Result<Self, OidError> {
        let ends = content.last().is_some_and(|last| last & 0x80 == 0);
        let mut length = 0_usize;
        let mut longest = 0;
        for byte in content {
            if length == 0 && *byte == 0x80 {
                return Err(OidError);
            }
            length = if byte & 0x80 == 0 { 0 } else { length.saturating_add(1) };
            longest = longest.max(length);
        }
        let fits = longest < SURE_TO_FIT || arcs(content).all(|arc| arc.is_some());
        if ends && fits { Ok(Self(Cow::Owned(content.to_vec()))) } else { Err(OidError) }
    }

    /// The content octets of the DER encoding.
    pub fn der_content(&self) -> &[u8] {
        &self.0
    }
}

/// Octets of an arc that are below 128 bits whatever is in them.
const SURE_TO_FIT: usize = 18;

/// The arcs; `None` in the place of one that is over 128 bits.
fn arcs(content: &[u8]) -> impl Iterator<Item = Option<u128>> + '_ {
    let subidentifiers = content.split_inclusive(|byte| byte & 0x80 == 0);
    subidentifiers.enumerate().flat_map(|(index, bytes)| {
        let value = bytes.iter().try_fold(0_u128, |value, byte| {
            value.checked_mul(128)?.checked_add(u128::from(byte & 0x7F))
        });
        // The first one holds two arcs.
        let root = value.filter(|_| index == 0).map(|value| (value / 40).min(2));
        let arc = value.and_then(|value| value.checked_sub(root.unwrap_or(0).checked_mul(40)?));
        [root.map(Some), Some(arc)].into_iter().flatten()
    })
}

impl FromStr for Oid {
    type Err = OidError;

    fn from_str(text: &str) -> Result<Self, OidError> {
        let mut parts = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u128>().ok()).flatten().ok_or(OidError)
        });
        let root = parts.next().ok_or(OidError)??;
        let second = parts.next().ok_or(OidError)??;
        if root > 2 || (root < 2 && second > 39) {
            return Err(OidError);
        }
        let first = root.checked_mul(40).and_then(|r| r.checked_add(second)).ok_or(OidError)?;
        let mut content = Vec::new();
        push_arc(&mut content, first);
        for part in parts {
            push_arc(&mut content, part?);
        }
        Ok(Self(Cow::Owned(content)))
    }
}

fn push_arc(out: &mut Vec<u8>, arc: u128) {
    let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let [low, ..] = (arc >> (group.saturating_mul(7))).to_le_bytes();
        out.push((low & 0x7F) | if group == 0 { 0 } else { 0x80 });
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, arc) in arcs(&self.0).flatten().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            // Most are small, and wide numbers take long to write.
            match u64::try_from(arc) {
                Ok(arc) => fmt::Display::fmt(&arc, f)?,
                Err(_) => fmt::Display::fmt(&arc, f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_der_agree() {
        for (text, der) in [
            ("1.3.6.1.4.1.311.20.2.1", &[0x2B, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 1][..]),
            ("2.5.29.15", &[0x55, 29, 15]),
            ("2.999", &[0x88, 0x37]),
        ] {
            let oid: Oid = text.parse().expect("valid");
            assert_eq!(oid.der_content(), der);
            assert_eq!(Oid::from_der_content(der).expect("valid").to_string(), text);
        }
    }

    #[test]
    fn malformed_is_refused() {
        for text in ["", "1", "1..2", "3.1", "1.40", "1.+2", "1.2.x"] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
        for der in [&[][..], &[0x80, 1], &[0x2B, 0x82], &[0x2B, 0x80, 1]] {
            assert!(Oid::from_der_content(der).is_err(), "{der:?}");
        }
    }
}
