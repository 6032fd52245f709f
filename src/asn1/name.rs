//! Distinguished names (RDNSequence).

use crate::model::{NameAttribute, Oid};

use super::{Asn1Error, Element, Reader, Tag, Writer, oids, reader::decode_oid, strings};

/// A relative distinguished name: nearly always one attribute, sometimes several.
pub type Rdn = Vec<NameAttribute>;

/// A distinguished name. Its text forms are in the same impl: [`Name::parse`] and
/// [`std::fmt::Display`] for RFC 4514, [`Name::to_windows_text`] for what Windows tools show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Name {
    /// The relative names in the order of the encoding: root first, the reverse of the text forms.
    pub rdns: Vec<Rdn>,
}

impl Name {
    /// A name of single attributes, in the order of the encoding.
    pub fn from_attributes(attributes: impl IntoIterator<Item = (Oid, String)>) -> Self {
        let rdns = attributes.into_iter().map(|(oid, value)| vec![NameAttribute { oid, value }]);
        Self { rdns: rdns.collect() }
    }

    /// Reads the Name that fills `der`. A value that is no string appears as `#` and the hex of
    /// its DER; U+0000 in a string is refused.
    pub fn from_der(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut sequence = Reader::sequence_of(der)?;
        let mut rdns = Vec::new();
        while !sequence.is_empty() {
            rdns.push(decode_rdn(sequence.enter(Tag::SET)?)?);
        }
        Ok(Self { rdns })
    }

    /// The DER. Country, serial number and dnQualifier are PrintableStrings, domain components and
    /// e-mail addresses IA5Strings (RFC 5280 appendix A) as far as their characters allow; all
    /// others are PrintableStrings where possible, as Windows has it, else UTF8Strings.
    pub fn to_der(&self) -> Vec<u8> {
        super::sequence(|writer| {
            for rdn in &self.rdns {
                writer.set_of(Tag::SET, rdn.iter().map(encode_attribute).collect());
            }
        })
    }

    /// All attributes, in the order of the encoding.
    pub fn attributes(&self) -> impl Iterator<Item = &NameAttribute> {
        self.rdns.iter().flatten()
    }

    /// The attributes alone, without their grouping.
    pub fn into_attributes(self) -> Vec<NameAttribute> {
        self.rdns.into_iter().flatten().collect()
    }

    /// Whether the name is an empty SEQUENCE.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }
}

fn decode_rdn(mut set: Reader<'_>) -> Result<Rdn, Asn1Error> {
    if set.is_empty() {
        return Err(Asn1Error::Value("name (empty relative name)"));
    }
    let mut rdn = Vec::with_capacity(1);
    while !set.is_empty() {
        let mut pair = set.sequence()?;
        let oid = decode_oid(pair.expect(Tag::OID)?.content)?;
        let value = decode_value(&pair.element()?)?;
        pair.end()?;
        rdn.push(NameAttribute { oid, value });
    }
    Ok(rdn)
}

/// The text of an attribute's value.
pub(super) fn decode_value(element: &Element<'_>) -> Result<String, Asn1Error> {
    if !strings::is_text(element.tag) {
        return Ok(hex_value(element.raw));
    }
    let text = strings::decode_text(element)?;
    if text.contains('\0') {
        return Err(Asn1Error::Value("name (NUL character)"));
    }
    Ok(text)
}

/// `#` and hex digits (RFC 4514 2.4).
pub(super) fn hex_value(der: &[u8]) -> String {
    let digits = der.iter().map(|byte| format!("{byte:02x}"));
    std::iter::once("#".to_owned()).chain(digits).collect()
}

fn encode_attribute(attribute: &NameAttribute) -> Vec<u8> {
    super::sequence(|writer| {
        writer.oid(&attribute.oid);
        encode_value(writer, attribute);
    })
}

/// Appends the value of an attribute in the string type that fits it.
pub(super) fn encode_value(writer: &mut Writer, attribute: &NameAttribute) {
    let value = &attribute.value;
    let wants_ia5 = [oids::DOMAIN_COMPONENT, oids::EMAIL_ADDRESS].contains(&attribute.oid);
    let tag = if wants_ia5 && value.is_ascii() {
        Tag::IA5_STRING
    } else if strings::is_printable(value) {
        Tag::PRINTABLE_STRING
    } else {
        Tag::UTF8_STRING
    };
    writer.element(tag, value.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(rdns: &[&[u8]]) -> Vec<u8> {
        super::super::sequence(|writer| rdns.iter().for_each(|rdn| writer.raw(rdn)))
    }

    #[test]
    fn string_types_follow_attribute_and_text() {
        let name = Name::from_attributes([
            (oids::DOMAIN_COMPONENT, "test".to_owned()),
            (oids::COMMON_NAME, "Müller".to_owned()),
            (oids::COMMON_NAME, "Web Server".to_owned()),
            (oids::EMAIL_ADDRESS, "a@b.test".to_owned()),
        ]);
        let der = name.to_der();
        let mut tags = vec![];
        let mut rdns = Reader::sequence_of(&der).expect("own encoding");
        while !rdns.is_empty() {
            let mut pair = rdns.enter(Tag::SET).and_then(|mut set| set.sequence()).expect("pair");
            pair.oid().expect("oid");
            tags.push(pair.element().expect("value").tag);
        }
        let expected = [Tag::IA5_STRING, Tag::UTF8_STRING, Tag::PRINTABLE_STRING, Tag::IA5_STRING];
        assert_eq!(tags, expected);
        assert_eq!(Name::from_der(&der), Ok(name));
    }

    #[test]
    fn several_attributes_in_one_rdn_keep_together() {
        let der = name(&[&[
            0x31, 0x16, 0x30, 8, 6, 3, 0x55, 4, 3, 0x13, 1, 0x61, 0x30, 10, 6, 3, 0x55, 4, 11,
            0x1E, 3, 0, 0x62, 0,
        ]]);
        assert!(Name::from_der(&der).is_err(), "odd BMPString");
        let der = name(&[&[
            0x31, 0x15, 0x30, 8, 6, 3, 0x55, 4, 3, 0x13, 1, 0x61, 0x30, 9, 6, 3, 0x55, 4, 11, 0x1E,
            2, 0, 0x62,
        ]]);
        let read = Name::from_der(&der).expect("valid");
        assert_eq!(read.rdns.len(), 1);
        assert_eq!(read.into_attributes().len(), 2);
    }

    #[test]
    fn odd_values() {
        let bits = name(&[&[0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 45, 3, 2, 0, 1]]);
        let read = Name::from_der(&bits).expect("valid");
        assert_eq!(read.into_attributes()[0].value, "#03020001");
        let nul = name(&[&[0x31, 12, 0x30, 10, 6, 3, 0x55, 4, 3, 0x0C, 3, 0x61, 0, 0x62]]);
        assert!(Name::from_der(&nul).is_err());
        assert!(Name::from_der(&name(&[&[0x31, 0]])).is_err());
        assert!(Name::from_der(&[0x30, 0]).expect("empty").is_empty());
        assert!(Name::from_der(&[0x30, 0, 0]).is_err());
    }
}
