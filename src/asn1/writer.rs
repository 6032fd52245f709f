//! Writes DER.

use crate::model::Oid;

use super::Tag;

/// Collects DER elements, one after the other.
#[derive(Clone, Default, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// The DER of one SEQUENCE with what `fill` writes into it.
pub fn sequence(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.sequence(fill);
    writer.into_bytes()
}

/// The DER of one SEQUENCE around these parts, which are DER already; each is copied once.
pub fn sequence_of_parts(parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    let header = header(Tag::SEQUENCE, length);
    let mut der = Vec::with_capacity(header.len().saturating_add(length));
    der.extend_from_slice(&header);
    parts.iter().for_each(|part| der.extend_from_slice(part));
    der
}

/// Identifier and length octets of an element with so much content.
pub fn header(tag: Tag, length: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(LONGEST_HEADER);
    put_header(&mut header, tag, length);
    header
}

/// Those of an element of 2^64 bytes.
const LONGEST_HEADER: usize = 10;

fn put_header(bytes: &mut Vec<u8>, tag: Tag, length: usize) {
    bytes.push(tag.0);
    match short_length(length) {
        Some(short) => bytes.push(short),
        None => {
            let octets = length.to_be_bytes();
            let significant = without_leading_zeros(&octets);
            bytes.push(long_form(significant));
            bytes.extend_from_slice(significant);
        }
    }
}

fn short_length(length: usize) -> Option<u8> {
    u8::try_from(length).ok().filter(|short| *short <= 0x7F)
}

/// The first octet of a long length. A usize has at most 8 octets.
fn long_form(significant: &[u8]) -> u8 {
    0x80 | u8::try_from(significant.len()).unwrap_or(8)
}

impl Writer {
    /// An empty writer.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// What has been written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends bytes that are DER already.
    pub fn raw(&mut self, der: &[u8]) {
        self.bytes.extend_from_slice(der);
    }

    /// Appends an element with this content.
    pub fn element(&mut self, tag: Tag, content: &[u8]) {
        self.element_of(tag, &[content]);
    }

    /// The same, with content in parts.
    fn element_of(&mut self, tag: Tag, parts: &[&[u8]]) {
        let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        put_header(&mut self.bytes, tag, length);
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
    }

    /// Appends a constructed element with what `fill` writes into it: in place, and moved where its
    /// length takes more than the one octet that is left for it.
    pub fn nested(&mut self, tag: Tag, fill: impl FnOnce(&mut Self)) {
        self.bytes.extend_from_slice(&[tag.0, 0]);
        let begin = self.bytes.len();
        fill(self);
        let length = self.bytes.len().saturating_sub(begin);
        let octets = length.to_be_bytes();
        let (first, more) = match short_length(length) {
            Some(short) => (short, &[][..]),
            None => {
                let significant = without_leading_zeros(&octets);
                (long_form(significant), significant)
            }
        };
        if let Some(place) = begin.checked_sub(1).and_then(|at| self.bytes.get_mut(at)) {
            *place = first;
        }
        self.bytes.splice(begin..begin, more.iter().copied());
    }

    /// Appends a SEQUENCE.
    pub fn sequence(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nested(Tag::SEQUENCE, fill);
    }

    /// Appends a SET OF these encodings, in DER order.
    pub fn set_of(&mut self, tag: Tag, mut elements: Vec<Vec<u8>>) {
        elements.sort_unstable();
        self.element(tag, &elements.concat());
    }

    /// Appends a non-negative INTEGER from its big-endian magnitude.
    pub fn unsigned(&mut self, magnitude: &[u8]) {
        let significant = without_leading_zeros(magnitude);
        let is_positive = significant.first().is_some_and(|first| first & 0x80 == 0);
        let zero = if is_positive { &[][..] } else { &[0][..] };
        self.element_of(Tag::INTEGER, &[zero, significant]);
    }

    /// Appends a non-negative INTEGER.
    pub fn u32(&mut self, value: u32) {
        self.unsigned(&value.to_be_bytes());
    }

    /// Appends a BOOLEAN.
    pub fn boolean(&mut self, value: bool) {
        self.element(Tag::BOOLEAN, &[if value { 0xFF } else { 0x00 }]);
    }

    /// Appends a NULL.
    pub fn null(&mut self) {
        self.element(Tag::NULL, &[]);
    }

    /// Appends an OBJECT IDENTIFIER.
    pub fn oid(&mut self, oid: &Oid) {
        self.element(Tag::OID, oid.der_content());
    }

    /// Appends an OCTET STRING.
    pub fn octet_string(&mut self, content: &[u8]) {
        self.element(Tag::OCTET_STRING, content);
    }

    /// Appends a BIT STRING of whole bytes.
    pub fn bit_string(&mut self, bytes: &[u8]) {
        self.element_of(Tag::BIT_STRING, &[&[0], bytes]);
    }

    /// Appends a BIT STRING of named bits (first bit highest), without trailing zero bits.
    pub fn named_bits(&mut self, bits: u16) {
        let bytes = bits.to_be_bytes();
        let significant = match bytes {
            [0, 0] => &[][..],
            [first, 0] => &[first][..],
            _ => &bytes[..],
        };
        let unused = significant.last().map_or(0, |last| last.trailing_zeros());
        let unused = u8::try_from(unused).unwrap_or(0);
        self.element_of(Tag::BIT_STRING, &[&[unused], significant]);
    }
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asn1::{Element, Reader};

    fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new();
        fill(&mut writer);
        writer.into_bytes()
    }

    #[test]
    fn known_encodings() {
        assert_eq!(written(|w| w.u32(0)), [2, 1, 0]);
        assert_eq!(written(|w| w.u32(128)), [2, 2, 0, 128]);
        assert_eq!(written(|w| w.named_bits(0)), [3, 1, 0]);
        assert_eq!(written(|w| w.named_bits(0xA000)), [3, 2, 5, 0xA0]);
        assert_eq!(written(|w| w.named_bits(0x0080)), [3, 3, 7, 0, 0x80]);
        assert_eq!(sequence(Writer::null), [0x30, 2, 5, 0]);
        assert_eq!(sequence_of_parts(&[&[5, 0], &[], &[5, 0]]), [0x30, 4, 5, 0, 5, 0]);
        let long = written(|w| w.nested(Tag::SET, |w| w.octet_string(&[7; 200])));
        assert_eq!((&long[..6], long.len()), (&[0x31, 0x81, 203, 4, 0x81, 200][..], 206));
        let set = written(|w| w.set_of(Tag::SET, vec![vec![5, 0], vec![2, 1, 9], vec![2, 1, 3]]));
        assert_eq!(set, [0x31, 8, 2, 1, 3, 2, 1, 9, 5, 0]);
    }

    proptest! {
        #[test]
        fn elements_round_trip(tag in 0u8..=0x1E, content in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let der = written(|w| w.element(Tag(tag), &content));
            let element = Element::parse(&der).expect("own encoding");
            prop_assert_eq!((element.tag, element.content, element.raw), (Tag(tag), &content[..], &der[..]));
        }

        #[test]
        fn integers_round_trip(value: u32) {
            prop_assert_eq!(Reader::new(&written(|w| w.u32(value))).u32(), Ok(value));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(element) = reader.element() {
                prop_assert_eq!(written(|w| w.element(element.tag, element.content)), element.raw);
            }
        }
    }
}
