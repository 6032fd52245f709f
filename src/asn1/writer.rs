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
    let mut header = vec![tag.0];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7F) => header.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let significant = without_leading_zeros(&octets);
            // A usize has at most 8 octets.
            header.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
            header.extend_from_slice(significant);
        }
    }
    header
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
        self.bytes.extend_from_slice(&header(tag, content.len()));
        self.bytes.extend_from_slice(content);
    }

    /// Appends a constructed element with what `fill` writes into it.
    pub fn nested(&mut self, tag: Tag, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::new();
        fill(&mut inner);
        self.element(tag, &inner.bytes);
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
        let mut content = Vec::with_capacity(significant.len().saturating_add(1));
        if significant.first().is_none_or(|first| first & 0x80 != 0) {
            content.push(0);
        }
        content.extend_from_slice(significant);
        self.element(Tag::INTEGER, &content);
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
        self.element(Tag::BIT_STRING, &[&[0], bytes].concat());
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
        self.element(Tag::BIT_STRING, &[&[unused], significant].concat());
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
