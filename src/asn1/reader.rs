//! A strict DER reader over a slice. Nothing is copied; every element keeps its raw bytes.

use std::fmt;

use crate::model::Oid;

use super::Asn1Error;

/// An identifier octet: class, constructed bit and a number up to 30.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(pub u8);

impl Tag {
    /// BOOLEAN.
    pub const BOOLEAN: Self = Self(0x01);
    /// INTEGER.
    pub const INTEGER: Self = Self(0x02);
    /// BIT STRING.
    pub const BIT_STRING: Self = Self(0x03);
    /// OCTET STRING.
    pub const OCTET_STRING: Self = Self(0x04);
    /// NULL.
    pub const NULL: Self = Self(0x05);
    /// OBJECT IDENTIFIER.
    pub const OID: Self = Self(0x06);
    /// ENUMERATED.
    pub const ENUMERATED: Self = Self(0x0A);
    /// UTF8String.
    pub const UTF8_STRING: Self = Self(0x0C);
    /// NumericString.
    pub const NUMERIC_STRING: Self = Self(0x12);
    /// PrintableString.
    pub const PRINTABLE_STRING: Self = Self(0x13);
    /// TeletexString (T61String).
    pub const TELETEX_STRING: Self = Self(0x14);
    /// IA5String.
    pub const IA5_STRING: Self = Self(0x16);
    /// UTCTime.
    pub const UTC_TIME: Self = Self(0x17);
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: Self = Self(0x18);
    /// VisibleString.
    pub const VISIBLE_STRING: Self = Self(0x1A);
    /// UniversalString.
    pub const UNIVERSAL_STRING: Self = Self(0x1C);
    /// BMPString.
    pub const BMP_STRING: Self = Self(0x1E);
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: Self = Self(0x30);
    /// SET and SET OF.
    pub const SET: Self = Self(0x31);

    /// `[number]` around another encoding (EXPLICIT), or in place of a constructed type's tag.
    pub const fn context(number: u8) -> Self {
        Self(0xA0 | number)
    }

    /// `[number]` in place of a primitive type's tag (IMPLICIT).
    pub const fn context_primitive(number: u8) -> Self {
        Self(0x80 | number)
    }

    /// Whether the content is made of further encodings.
    pub const fn is_constructed(self) -> bool {
        self.0 & 0x20 != 0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One encoded value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element<'a> {
    /// Its type.
    pub tag: Tag,
    /// Identifier, length and content: the bytes as received.
    pub raw: &'a [u8],
    /// The content octets.
    pub content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads the one element that fills `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(bytes);
        let element = reader.element()?;
        reader.end()?;
        Ok(element)
    }

    /// A reader over the content, if the element is a `tag`.
    pub fn enter(&self, tag: Tag) -> Result<Reader<'a>, Asn1Error> {
        self.content_of(tag).map(Reader::new)
    }

    /// The content, if the element is a `tag`.
    pub fn content_of(&self, tag: Tag) -> Result<&'a [u8], Asn1Error> {
        if self.tag == tag {
            Ok(self.content)
        } else {
            Err(Asn1Error::Tag { expected: tag, found: self.tag })
        }
    }
}

/// A BIT STRING's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BitString<'a> {
    /// How many bits at the end of the last byte don't count (0 to 7); they are zero.
    pub unused: u8,
    /// The bits, first bit highest.
    pub bytes: &'a [u8],
}

impl<'a> BitString<'a> {
    /// The bytes of a bit string that must hold whole bytes.
    pub fn whole_bytes(self) -> Result<&'a [u8], Asn1Error> {
        if self.unused == 0 { Ok(self.bytes) } else { Err(Asn1Error::Value("BIT STRING")) }
    }
}

/// Reads DER elements one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// A reader over the content of the SEQUENCE that fills `bytes`.
    pub fn sequence_of(bytes: &'a [u8]) -> Result<Self, Asn1Error> {
        Element::parse(bytes)?.enter(Tag::SEQUENCE)
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Demands that everything has been read.
    pub const fn end(&self) -> Result<(), Asn1Error> {
        if self.is_empty() { Ok(()) } else { Err(Asn1Error::TrailingData) }
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<Tag> {
        self.rest.first().copied().map(Tag)
    }

    /// The next element, whatever it is.
    pub fn element(&mut self) -> Result<Element<'a>, Asn1Error> {
        let (tag, after_tag) = self.rest.split_first().ok_or(Asn1Error::Truncated)?;
        if tag & 0x1F == 0x1F {
            return Err(Asn1Error::HighTag);
        }
        let (length, body) = length(after_tag)?;
        let (content, after) = body.split_at_checked(length).ok_or(Asn1Error::Truncated)?;
        let taken = self.rest.len().saturating_sub(after.len());
        let (raw, _) = self.rest.split_at_checked(taken).ok_or(Asn1Error::Truncated)?;
        self.rest = after;
        Ok(Element { tag: Tag(*tag), raw, content })
    }

    /// The next element, which must be a `tag`.
    pub fn expect(&mut self, tag: Tag) -> Result<Element<'a>, Asn1Error> {
        match self.peek() {
            Some(found) if found == tag => self.element(),
            Some(found) => Err(Asn1Error::Tag { expected: tag, found }),
            None => Err(Asn1Error::Truncated),
        }
    }

    /// The next element if it is a `tag`.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, Asn1Error> {
        if self.peek() == Some(tag) { self.element().map(Some) } else { Ok(None) }
    }

    /// Enters the next element, which must be a `tag`.
    pub fn enter(&mut self, tag: Tag) -> Result<Self, Asn1Error> {
        self.expect(tag).map(|element| Self::new(element.content))
    }

    /// Enters the next element, which must be a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Self, Asn1Error> {
        self.enter(Tag::SEQUENCE)
    }

    /// The content of an INTEGER: two's complement, big-endian, minimal.
    pub fn integer(&mut self) -> Result<&'a [u8], Asn1Error> {
        let content = self.expect(Tag::INTEGER)?.content;
        match content {
            [] => Err(Asn1Error::Value("INTEGER")),
            [0x00, next, ..] if next & 0x80 == 0 => Err(Asn1Error::Value("INTEGER")),
            [0xFF, next, ..] if next & 0x80 != 0 => Err(Asn1Error::Value("INTEGER")),
            _ => Ok(content),
        }
    }

    /// A positive INTEGER or zero, as its magnitude without leading zeros (empty for zero).
    pub fn unsigned(&mut self) -> Result<&'a [u8], Asn1Error> {
        match self.integer()? {
            [first, ..] if first & 0x80 != 0 => Err(Asn1Error::Value("INTEGER (negative)")),
            [0x00, magnitude @ ..] => Ok(magnitude),
            magnitude => Ok(magnitude),
        }
    }

    /// A non-negative INTEGER below 2³².
    pub fn u32(&mut self) -> Result<u32, Asn1Error> {
        let magnitude = self.unsigned()?;
        let mut bytes = [0; 4];
        let start = bytes.len().checked_sub(magnitude.len());
        let slot = start.and_then(|start| bytes.get_mut(start..));
        slot.ok_or(Asn1Error::Value("INTEGER (too large)"))?.copy_from_slice(magnitude);
        Ok(u32::from_be_bytes(bytes))
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self) -> Result<bool, Asn1Error> {
        match self.expect(Tag::BOOLEAN)?.content {
            [0x00] => Ok(false),
            [0xFF] => Ok(true),
            _ => Err(Asn1Error::Value("BOOLEAN")),
        }
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&mut self) -> Result<Oid, Asn1Error> {
        decode_oid(self.expect(Tag::OID)?.content)
    }

    /// The content of an OCTET STRING.
    pub fn octet_string(&mut self) -> Result<&'a [u8], Asn1Error> {
        self.expect(Tag::OCTET_STRING).map(|element| element.content)
    }

    /// A BIT STRING.
    pub fn bit_string(&mut self) -> Result<BitString<'a>, Asn1Error> {
        let content = self.expect(Tag::BIT_STRING)?.content;
        let (unused, bytes) = content.split_first().ok_or(Asn1Error::Value("BIT STRING"))?;
        let padding = 1u8.checked_shl((*unused).into()).map_or(u8::MAX, |bit| bit.wrapping_sub(1));
        match bytes.last() {
            None if *unused == 0 => {}
            Some(last) if *unused <= 7 && last & padding == 0 => {}
            _ => return Err(Asn1Error::Value("BIT STRING")),
        }
        Ok(BitString { unused: *unused, bytes })
    }
}

/// An OBJECT IDENTIFIER from its content octets.
pub(super) fn decode_oid(content: &[u8]) -> Result<Oid, Asn1Error> {
    Oid::from_der_content(content).map_err(|_| Asn1Error::Value("OBJECT IDENTIFIER"))
}

/// Reads length octets in their one DER form.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), Asn1Error> {
    let (first, rest) = bytes.split_first().ok_or(Asn1Error::Truncated)?;
    if *first < 0x80 {
        return Ok(((*first).into(), rest));
    }
    let count = usize::from(first & 0x7F);
    if !(1..=4).contains(&count) {
        return Err(Asn1Error::Length);
    }
    let (octets, rest) = rest.split_at_checked(count).ok_or(Asn1Error::Truncated)?;
    let value = octets.iter().fold(0u32, |value, octet| (value << 8) | u32::from(*octet));
    let minimal = octets.first().is_some_and(|octet| *octet != 0) && value >= 0x80;
    let value = usize::try_from(value).map_err(|_| Asn1Error::Length)?;
    if minimal { Ok((value, rest)) } else { Err(Asn1Error::Length) }
}

/// Checks that `bytes` are exactly one DER element, well-formed to the leaves (inside constructed
/// types; not inside OCTET STRINGs), with no more than [`super::MAX_DEPTH`] levels and
/// `max_elements` elements. Linear, without recursion.
pub fn check_structure(bytes: &[u8], max_elements: usize) -> Result<(), Asn1Error> {
    check_elements(bytes, max_elements, |_| ())
}

/// The same, and shows each element to `look`.
pub(super) fn check_elements(
    bytes: &[u8],
    max_elements: usize,
    mut look: impl FnMut(&Element<'_>),
) -> Result<(), Asn1Error> {
    let outer = Element::parse(bytes)?;
    let mut open = vec![Reader::new(outer.raw)];
    let mut elements = 0usize;
    while let Some(reader) = open.last_mut() {
        if reader.is_empty() {
            open.pop();
            continue;
        }
        let element = reader.element()?;
        elements = elements.saturating_add(1);
        if elements > max_elements {
            return Err(Asn1Error::TooMany("values"));
        }
        look(&element);
        if element.tag.is_constructed() {
            if open.len() >= super::MAX_DEPTH {
                return Err(Asn1Error::TooDeep);
            }
            open.push(Reader::new(element.content));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::Writer;

    #[test]
    fn lengths_have_one_form() {
        let long = |header: &[u8], n: usize| [header, &vec![0; n]].concat();
        assert!(Element::parse(&long(&[4, 0x7F], 0x7F)).is_ok());
        assert!(Element::parse(&long(&[4, 0x81, 0x80], 0x80)).is_ok());
        assert!(Element::parse(&long(&[4, 0x82, 1, 0], 0x100)).is_ok());
        for bad in [
            long(&[4, 0x81, 0x7F], 0x7F),
            long(&[4, 0x82, 0, 0x80], 0x80),
            long(&[0x30, 0x80], 2),
            long(&[4, 0x85, 0, 0, 0, 0, 1], 1),
        ] {
            assert_eq!(Element::parse(&bad), Err(Asn1Error::Length), "{:02x?}", &bad[..4]);
        }
        assert_eq!(Element::parse(&[4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), Err(Asn1Error::Truncated));
        assert_eq!(Element::parse(&[4, 1, 0, 0]), Err(Asn1Error::TrailingData));
        assert_eq!(Element::parse(&[0x1F, 0x81, 1, 0]), Err(Asn1Error::HighTag));
    }

    #[test]
    fn integers_are_minimal_and_in_range() {
        let read = |der: &[u8]| Reader::new(der).u32();
        assert_eq!(read(&[2, 1, 0]), Ok(0));
        assert_eq!(read(&[2, 5, 0, 0xFF, 0xFF, 0xFF, 0xFF]), Ok(u32::MAX));
        for bad in
            [&[2, 0][..], &[2, 2, 0, 1], &[2, 1, 0x80], &[2, 2, 0xFF, 0x80], &[2, 5, 1, 0, 0, 0, 0]]
        {
            assert!(read(bad).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn bit_strings_have_zero_padding() {
        let read = |der: &[u8]| Reader::new(der).bit_string().map(|bits| bits.unused);
        assert_eq!(read(&[3, 2, 5, 0xA0]), Ok(5));
        assert_eq!(read(&[3, 1, 0]), Ok(0));
        for bad in [&[3, 0][..], &[3, 1, 1], &[3, 2, 8, 0], &[3, 2, 5, 0xA1], &[3, 2, 255, 0]] {
            assert!(read(bad).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn structure_is_bounded() {
        let mut deep = vec![];
        for _ in 0..super::super::MAX_DEPTH {
            let mut writer = Writer::new();
            writer.element(Tag::SEQUENCE, &deep);
            deep = writer.into_bytes();
        }
        assert_eq!(check_structure(&deep, 1000), Err(Asn1Error::TooDeep));
        assert_eq!(check_structure(&deep[2..], 1000), Ok(()));
        let wide = [&[0x30, 6][..], &[5, 0, 5, 0, 5, 0]].concat();
        assert_eq!(check_structure(&wide, 4), Ok(()));
        assert_eq!(check_structure(&wide, 3), Err(Asn1Error::TooMany("values")));
        assert!(check_structure(&[0x30, 2, 5, 1], 9).is_err());
    }
}
