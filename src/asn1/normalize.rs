//! BER to DER, for messages (CMS) whose writers use indefinite lengths and cut strings in parts.

use std::borrow::Cow;

use super::reader::check_elements;
use super::{Asn1Error, MAX_DEPTH, Reader, Tag, Writer};

const END_OF_CONTENTS: &[u8] = &[0, 0];

/// The DER of the one BER element that fills `bytes`: definite and minimal lengths, string types
/// in one piece, BOOLEAN TRUE as FF. The order of a SET OF stays. DER comes back as it is. A
/// constructed context-tagged string can't be told from a structure without its definition: it
/// stays constructed.
pub fn to_der(bytes: &[u8], max_elements: usize) -> Result<Cow<'_, [u8]>, Asn1Error> {
    if is_der(bytes, max_elements) == Ok(true) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut walk = Walk { rest: bytes, elements_left: max_elements };
    let mut out = Writer::new();
    walk.element(&mut out, 0)?;
    if !walk.rest.is_empty() {
        return Err(Asn1Error::TrailingData);
    }
    let out = out.into_bytes();
    Ok(if out == bytes { Cow::Borrowed(bytes) } else { Cow::Owned(out) })
}

/// Whether nothing is to be changed; most messages are DER, and this takes no memory. What is wrong
/// with others is found out when they are converted.
fn is_der(bytes: &[u8], max_elements: usize) -> Result<bool, Asn1Error> {
    let mut changed = false;
    check_elements(bytes, max_elements, |element| {
        changed |= match element.tag {
            Tag::BOOLEAN => !matches!(element.content, [0x00 | 0xFF]),
            tag => tag.is_constructed() && string_in_parts(tag).is_some(),
        };
    })?;
    Ok(!changed)
}

struct Walk<'a> {
    rest: &'a [u8],
    elements_left: usize,
}

impl<'a> Walk<'a> {
    /// Converts the next element.
    fn element(&mut self, out: &mut Writer, depth: usize) -> Result<(), Asn1Error> {
        if depth >= MAX_DEPTH {
            return Err(Asn1Error::TooDeep);
        }
        self.elements_left =
            self.elements_left.checked_sub(1).ok_or(Asn1Error::TooMany("values"))?;
        let (tag, length) = self.header()?;
        if !tag.is_constructed() {
            let content = self.take(length.ok_or(Asn1Error::Length)?)?;
            match (tag, content) {
                (Tag::BOOLEAN, [value]) => out.boolean(*value != 0),
                _ => out.element(tag, content),
            }
            return Ok(());
        }
        let mut inner = Writer::new();
        match length {
            Some(length) => self.definite(length, &mut inner, depth)?,
            None => self.indefinite(&mut inner, depth)?,
        }
        let inner = inner.into_bytes();
        match string_in_parts(tag) {
            Some(primitive) => out.element(primitive, &joined(primitive, &inner)?),
            None => out.element(tag, &inner),
        }
        Ok(())
    }

    fn definite(&mut self, length: usize, out: &mut Writer, depth: usize) -> Result<(), Asn1Error> {
        let mut content = Walk { rest: self.take(length)?, elements_left: self.elements_left };
        while !content.rest.is_empty() {
            content.element(out, depth.saturating_add(1))?;
        }
        self.elements_left = content.elements_left;
        Ok(())
    }

    fn indefinite(&mut self, out: &mut Writer, depth: usize) -> Result<(), Asn1Error> {
        loop {
            if let Some(after) = self.rest.strip_prefix(END_OF_CONTENTS) {
                self.rest = after;
                return Ok(());
            }
            self.element(out, depth.saturating_add(1))?;
        }
    }

    /// Tag and length; `None` is the indefinite length.
    fn header(&mut self) -> Result<(Tag, Option<usize>), Asn1Error> {
        let [tag, first] = *self.take_chunk::<2>()?;
        if tag & 0x1F == 0x1F {
            return Err(Asn1Error::HighTag);
        }
        let length = match first {
            0x00..=0x7F => Some(first.into()),
            0x80 => None,
            0x81..=0xFE => Some(self.long_length((first & 0x7F).into())?),
            0xFF => return Err(Asn1Error::Length),
        };
        Ok((Tag(tag), length))
    }

    fn long_length(&mut self, octets: usize) -> Result<usize, Asn1Error> {
        self.take(octets)?.iter().try_fold(0usize, |value, octet| {
            let value = value.checked_mul(256).ok_or(Asn1Error::Length)?;
            Ok(value | usize::from(*octet))
        })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Asn1Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Asn1Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], Asn1Error> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(Asn1Error::Truncated)?;
        self.rest = rest;
        Ok(chunk)
    }
}

/// The primitive tag of a universal string type that came constructed.
fn string_in_parts(tag: Tag) -> Option<Tag> {
    let primitive = Tag(tag.0 & !0x20);
    let is_string = primitive == Tag::OCTET_STRING || super::strings::is_text(primitive);
    is_string.then_some(primitive)
}

/// The contents of the parts, which must all be of the string's own type.
fn joined(primitive: Tag, parts: &[u8]) -> Result<Vec<u8>, Asn1Error> {
    let mut parts = Reader::new(parts);
    let mut content = Vec::new();
    while !parts.is_empty() {
        content.extend_from_slice(parts.expect(primitive)?.content);
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asn1::check_structure;

    fn der(ber: &[u8]) -> Result<Vec<u8>, Asn1Error> {
        to_der(ber, 100).map(Cow::into_owned)
    }

    #[test]
    fn der_is_borrowed() {
        let bytes = [0x30, 5, 1, 1, 0xFF, 5, 0];
        assert!(matches!(to_der(&bytes, 100), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn indefinite_lengths_and_parts_are_made_definite() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 2, 1, 2, 0x24, 3, 4, 1, 3, 0, 0, 5, 0x81, 0, 0, 0];
        assert_eq!(der(&ber), Ok(vec![0x30, 7, 4, 3, 1, 2, 3, 5, 0]));
        assert_eq!(der(&[0xA0, 0x80, 1, 1, 7, 0, 0]), Ok(vec![0xA0, 3, 1, 1, 0xFF]));
    }

    #[test]
    fn malformed_is_refused() {
        assert_eq!(der(&[0x30, 0x80]), Err(Asn1Error::Truncated));
        assert_eq!(der(&[0x30, 0x80, 0, 0, 0]), Err(Asn1Error::TrailingData));
        assert_eq!(der(&[4, 0x80, 0, 0]), Err(Asn1Error::Length));
        assert!(der(&[0x24, 2, 5, 0]).is_err());
        assert_eq!(der(&[0x30, 0x80].repeat(40)), Err(Asn1Error::TooDeep));
        assert_eq!(der(&[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Err(Asn1Error::Length));
        let many = [&[0x30, 0x80][..], &[5, 0].repeat(100), &[0, 0]].concat();
        assert_eq!(der(&many), Err(Asn1Error::TooMany("values")));
    }

    proptest! {
        #[test]
        fn output_is_der_and_stable(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(once) = der(&bytes) {
                prop_assert_eq!(check_structure(&once, 1000), Ok(()));
                prop_assert_eq!(der(&once), Ok(once));
            }
        }
    }
}
