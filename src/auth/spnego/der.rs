//! The little DER that SPNEGO needs: definite lengths, low tags, nothing allocated while reading.

use crate::auth::AuthError;

/// Reads one value after another.
pub(in crate::auth) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::auth) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The content of the next value, which must have this tag.
    pub(in crate::auth) fn expect(&mut self, tag: u8) -> Result<&'a [u8], AuthError> {
        self.optional(tag)?.ok_or(AuthError::Malformed("SPNEGO token: not the value that is due"))
    }

    /// The content of the next value if it has this tag; otherwise the reader stays.
    pub(in crate::auth) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, AuthError> {
        match self.0.split_first() {
            Some((found, rest)) if *found == tag => {
                let (content, rest) = split_length_prefixed(rest).ok_or(BAD_LENGTH)?;
                self.0 = rest;
                Ok(Some(content))
            }
            _ => Ok(None),
        }
    }

    /// Whether all is read.
    pub(in crate::auth) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails if anything is left.
    pub(in crate::auth) fn end(&self) -> Result<(), AuthError> {
        match self.0 {
            [] => Ok(()),
            _ => Err(AuthError::Malformed("SPNEGO token: something behind its end")),
        }
    }
}

/// The content of the single value that fills `bytes` and has this tag.
pub(in crate::auth) fn single(bytes: &[u8], tag: u8) -> Result<&[u8], AuthError> {
    let mut reader = Reader::new(bytes);
    let content = reader.expect(tag)?;
    reader.end()?;
    Ok(content)
}

const BAD_LENGTH: AuthError = AuthError::Malformed("SPNEGO token: a length");

/// Splits off as many bytes as the length in front says. Indefinite lengths, and those with
/// more than four octets, are none.
fn split_length_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let length =
                octets.iter().fold(0u32, |length, octet| (length << 8) | u32::from(*octet));
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// One value: tag, length, content.
pub(in crate::auth) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7F) => out.push(short),
        _ => {
            let octets = content.len().to_be_bytes();
            let octets: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | u8::try_from(octets.len()).unwrap_or(u8::MAX));
            out.extend(octets);
        }
    }
    out.extend(content);
    out
}
