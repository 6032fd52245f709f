//! GeneralNames (RFC 5280 4.2.1.6) and Microsoft's otherNames.

use crate::model::GeneralName;

use super::{Asn1Error, Element, Name, Reader, Tag, Writer, oids, reader::decode_oid};
use super::{decode_text, sequence};

/// Reads the GeneralNames that fill `der`. x400Address and ediPartyName are refused.
pub fn decode_general_names(der: &[u8]) -> Result<Vec<GeneralName>, Asn1Error> {
    let mut sequence = Reader::sequence_of(der)?;
    let mut names = Vec::new();
    while !sequence.is_empty() {
        names.push(decode_general_name(&sequence.element()?)?);
    }
    Ok(names)
}

/// The DER of GeneralNames. Fails where a value doesn't fit its type: text that is not ASCII, an
/// IP address that has neither 4 nor 16 bytes, broken DER.
pub fn encode_general_names(names: &[GeneralName]) -> Result<Vec<u8>, Asn1Error> {
    let mut writer = Writer::new();
    for name in names {
        encode_general_name(&mut writer, name)?;
    }
    Ok(sequence(|outer| outer.raw(&writer.into_bytes())))
}

const OTHER_NAME: Tag = Tag::context(0);
const RFC822_NAME: Tag = Tag::context_primitive(1);
const DNS_NAME: Tag = Tag::context_primitive(2);
const X400_ADDRESS: Tag = Tag::context(3);
const DIRECTORY_NAME: Tag = Tag::context(4);
const EDI_PARTY_NAME: Tag = Tag::context(5);
const URI: Tag = Tag::context_primitive(6);
const IP_ADDRESS: Tag = Tag::context_primitive(7);
const REGISTERED_ID: Tag = Tag::context_primitive(8);

fn decode_general_name(element: &Element<'_>) -> Result<GeneralName, Asn1Error> {
    let content = element.content;
    match element.tag {
        OTHER_NAME => decode_other_name(Reader::new(content)),
        RFC822_NAME => Ok(GeneralName::Email(ia5(content)?)),
        DNS_NAME => Ok(GeneralName::Dns(ia5(content)?)),
        URI => Ok(GeneralName::Uri(ia5(content)?)),
        IP_ADDRESS => Ok(GeneralName::Ip(ip(content)?.to_vec())),
        REGISTERED_ID => Ok(GeneralName::RegisteredId(decode_oid(content)?)),
        DIRECTORY_NAME => {
            Name::from_der(content)?;
            Ok(GeneralName::Directory(content.to_vec()))
        }
        X400_ADDRESS => Err(Asn1Error::Unsupported("an x400Address")),
        EDI_PARTY_NAME => Err(Asn1Error::Unsupported("an ediPartyName")),
        found => Err(Asn1Error::Tag { expected: OTHER_NAME, found }),
    }
}

fn decode_other_name(mut reader: Reader<'_>) -> Result<GeneralName, Asn1Error> {
    let oid = reader.oid()?;
    let value = Element::parse(reader.expect(Tag::context(0))?.content)?;
    reader.end()?;
    if oid == oids::NT_PRINCIPAL_NAME {
        let upn = decode_text(&value)?;
        return if upn.contains('\0') { Err(NUL) } else { Ok(GeneralName::Upn(upn)) };
    }
    if oid == oids::NTDS_REPLICATION {
        let guid = value.content_of(Tag::OCTET_STRING)?;
        let guid = guid.try_into().map_err(|_| Asn1Error::Value("objectGUID"))?;
        return Ok(GeneralName::DirectoryGuid(guid));
    }
    Ok(GeneralName::Other { oid, value: value.raw.to_vec() })
}

fn encode_general_name(writer: &mut Writer, name: &GeneralName) -> Result<(), Asn1Error> {
    match name {
        GeneralName::Upn(upn) => encode_other_name(writer, &oids::NT_PRINCIPAL_NAME, |value| {
            value.element(Tag::UTF8_STRING, upn.as_bytes());
        }),
        GeneralName::DirectoryGuid(guid) => {
            encode_other_name(writer, &oids::NTDS_REPLICATION, |value| value.octet_string(guid));
        }
        GeneralName::Other { oid, value } => {
            Element::parse(value)?;
            encode_other_name(writer, oid, |writer| writer.raw(value));
        }
        GeneralName::Email(text) => encode_ia5(writer, RFC822_NAME, text)?,
        GeneralName::Dns(text) => encode_ia5(writer, DNS_NAME, text)?,
        GeneralName::Uri(text) => encode_ia5(writer, URI, text)?,
        GeneralName::Ip(address) => writer.element(IP_ADDRESS, ip(address)?),
        GeneralName::RegisteredId(oid) => writer.element(REGISTERED_ID, oid.der_content()),
        GeneralName::Directory(der) => {
            Name::from_der(der)?;
            writer.element(DIRECTORY_NAME, der);
        }
    }
    Ok(())
}

fn encode_other_name(
    writer: &mut Writer,
    oid: &crate::model::Oid,
    value: impl FnOnce(&mut Writer),
) {
    writer.nested(OTHER_NAME, |writer| {
        writer.oid(oid);
        writer.nested(Tag::context(0), value);
    });
}

fn encode_ia5(writer: &mut Writer, tag: Tag, text: &str) -> Result<(), Asn1Error> {
    ia5(text.as_bytes())?;
    writer.element(tag, text.as_bytes());
    Ok(())
}

const NUL: Asn1Error = Asn1Error::Value("general name (NUL character)");

/// ASCII text without NUL, which would let one reader see another name than the next.
fn ia5(content: &[u8]) -> Result<String, Asn1Error> {
    if content.contains(&0) {
        return Err(NUL);
    }
    let text = std::str::from_utf8(content).ok().filter(|text| text.is_ascii());
    text.map(str::to_owned).ok_or(Asn1Error::Value("general name (not ASCII)"))
}

fn ip(address: &[u8]) -> Result<&[u8], Asn1Error> {
    if matches!(address.len(), 4 | 16) {
        Ok(address)
    } else {
        Err(Asn1Error::Value("iPAddress (neither 4 nor 16 bytes)"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_general_name() -> impl Strategy<Value = GeneralName> {
        let ascii = "[ -~]{0,20}";
        prop_oneof![
            "[^\0]{0,20}".prop_map(GeneralName::Upn),
            any::<[u8; 16]>().prop_map(GeneralName::DirectoryGuid),
            ascii.prop_map(GeneralName::Email),
            ascii.prop_map(GeneralName::Dns),
            ascii.prop_map(GeneralName::Uri),
            any::<[u8; 4]>().prop_map(|ip| GeneralName::Ip(ip.to_vec())),
            any::<[u8; 16]>().prop_map(|ip| GeneralName::Ip(ip.to_vec())),
            Just(GeneralName::RegisteredId(oids::CLIENT_AUTH)),
            "[a-z]{1,9}".prop_map(|cn| GeneralName::Directory(
                Name::from_attributes([(oids::COMMON_NAME, cn)]).to_der()
            )),
            any::<u8>().prop_map(|byte| GeneralName::Other {
                oid: oids::NTDS_OBJECTSID,
                value: vec![4, 1, byte]
            }),
        ]
    }

    proptest! {
        #[test]
        fn round_trip(names in prop::collection::vec(any_general_name(), 0..6)) {
            let der = encode_general_names(&names).expect("valid names");
            prop_assert_eq!(decode_general_names(&der), Ok(names));
        }
    }

    #[test]
    fn malformed_is_refused() {
        for der in [
            &[0x30, 3, 0x82, 1, 0][..],
            &[0x30, 3, 0x82, 1, 0xE4],
            &[0x30, 5, 0x87, 3, 1, 2, 3],
            &[0x30, 2, 0xA5, 0],
            &[0x30, 2, 0x89, 0],
            &[0x30, 4, 0xA4, 2, 0x31, 0],
            &[0x31, 0],
        ] {
            assert!(decode_general_names(der).is_err(), "{der:02x?}");
        }
        assert!(encode_general_names(&[GeneralName::Dns("ä".into())]).is_err());
        assert!(encode_general_names(&[GeneralName::Ip(vec![1])]).is_err());
        let other = GeneralName::Other { oid: oids::NTDS_OBJECTSID, value: vec![4, 2, 0] };
        assert!(encode_general_names(&[other]).is_err());
    }
}
