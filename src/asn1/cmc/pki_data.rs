//! PKIData (RFC 2797 3.1), with the controls that [MS-WCCE] 3.1.1.4.3 puts in.

use std::collections::BTreeSet;

use crate::model::{ClientInfo, Oid};

use super::super::pkcs10::decode_attributes;
use super::super::{
    Asn1Error, Element, Reader, RequestAttribute, Tag, Writer, encode_attribute,
    encode_client_info, oids, sequence,
};
use super::{REQUEST, write_control};

/// A PKIData as read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PkiData<'a> {
    /// controlSequence, in order.
    pub controls: Vec<Control<'a>>,
    /// reqSequence, in order.
    pub requests: Vec<TaggedRequest<'a>>,
    /// cmsSequence, in order: bodyPartID and DER of each ContentInfo.
    pub messages: Vec<(u32, &'a [u8])>,
    /// otherMsgSequence: type of each message, in order.
    pub others: Vec<Oid>,
}

/// TaggedAttribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control<'a> {
    /// bodyPartID.
    pub body_part: u32,
    /// Which control.
    pub oid: Oid,
    /// Its values, in order.
    pub values: Vec<Element<'a>>,
}

/// TaggedRequest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaggedRequest<'a> {
    /// tcr: bodyPartID and DER of a PKCS#10.
    Pkcs10(u32, &'a [u8]),
    /// crm (CRMF) or another form.
    Other,
}

impl<'a> PkiData<'a> {
    /// Reads the PKIData that fills `der`.
    ///
    /// # Errors
    /// Where it is malformed, or a bodyPartID occurs twice.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let mut data = Reader::sequence_of(der)?;
        let mut body_parts = BTreeSet::new();
        let mut once = |body_part| match body_parts.insert(body_part) {
            true => Ok(()),
            false => Err(Asn1Error::Duplicate("a CMC body part identifier")),
        };
        let (mut controls, mut set) = (Vec::new(), data.sequence()?);
        while !set.is_empty() {
            let control = Control::read(&mut set)?;
            once(control.body_part)?;
            controls.push(control);
        }
        let (mut requests, mut set) = (Vec::new(), data.sequence()?);
        while !set.is_empty() {
            let request = read_request(&set.element()?)?;
            if let TaggedRequest::Pkcs10(body_part, _) = request {
                once(body_part)?;
            }
            requests.push(request);
        }
        let (mut messages, mut set) = (Vec::new(), data.sequence()?);
        while !set.is_empty() {
            let mut tagged = set.sequence()?;
            let body_part = tagged.u32()?;
            once(body_part)?;
            messages.push((body_part, tagged.expect(Tag::SEQUENCE)?.raw));
            tagged.end()?;
        }
        let (mut others, mut set) = (Vec::new(), data.sequence()?);
        while !set.is_empty() {
            let mut tagged = set.sequence()?;
            once(tagged.u32()?)?;
            others.push(tagged.oid()?);
        }
        data.end()?;
        Ok(Self { controls, requests, messages, others })
    }
}

fn read_request<'a>(element: &Element<'a>) -> Result<TaggedRequest<'a>, Asn1Error> {
    if element.tag != Tag::context(0) {
        return Ok(TaggedRequest::Other);
    }
    let mut tagged = Reader::new(element.content);
    let body_part = tagged.u32()?;
    let request = tagged.expect(Tag::SEQUENCE)?.raw;
    tagged.end()?;
    Ok(TaggedRequest::Pkcs10(body_part, request))
}

impl<'a> Control<'a> {
    pub(super) fn read(controls: &mut Reader<'a>) -> Result<Self, Asn1Error> {
        let mut control = controls.sequence()?;
        let body_part = control.u32()?;
        let oid = control.oid()?;
        let mut set = control.enter(Tag::SET)?;
        control.end()?;
        let mut values = Vec::new();
        while !set.is_empty() {
            values.push(set.element()?);
        }
        Ok(Self { body_part, oid, values })
    }

    /// Its value, where it has just one.
    pub fn single(&self) -> Option<Element<'a>> {
        match *self.values {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// The value of CMC_ADD_ATTRIBUTES: attributes that the client adds to its request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddedAttributes<'a> {
    /// pkiDataReference: 0 is the PKIData itself.
    pub data: u32,
    /// certReferences: bodyPartIDs of the requests that they are for.
    pub requests: Vec<u32>,
    /// The attributes, in order.
    pub attributes: Vec<RequestAttribute<'a>>,
}

impl<'a> AddedAttributes<'a> {
    /// Reads the value.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(value: &Element<'a>) -> Result<Self, Asn1Error> {
        let mut add = value.enter(Tag::SEQUENCE)?;
        let data = add.u32()?;
        let (mut requests, mut references) = (Vec::new(), add.sequence()?);
        while !references.is_empty() {
            requests.push(references.u32()?);
        }
        let attributes = decode_attributes(add.enter(Tag::SET)?)?;
        add.end()?;
        Ok(Self { data, requests, attributes })
    }
}

/// CmcAddAttributes about the one request; `attributes` are the DER of each.
pub(super) fn encode_added_attributes(attributes: Vec<Vec<u8>>) -> Vec<u8> {
    sequence(|add| {
        add.u32(0);
        add.sequence(|references| references.u32(REQUEST));
        add.set_of(Tag::SET, attributes);
    })
}

/// The pairs in the value of RegInfo ([MS-WCCE] 2.2.2.6.3): `Name=Value&…` in UTF-8, values
/// percent-encoded. An `&` at the end is no further pair.
///
/// # Errors
/// For other bytes, and for pairs without `=`.
pub fn decode_reg_info(value: &Element<'_>) -> Result<Vec<(String, String)>, Asn1Error> {
    const INVALID: Asn1Error = Asn1Error::Value("RegInfo");
    let text = std::str::from_utf8(value.content_of(Tag::OCTET_STRING)?).map_err(|_| INVALID)?;
    let text = text.trim_end_matches('\0');
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((percent_decoded(name)?, percent_decoded(value)?))
    });
    pairs.collect::<Option<_>>().ok_or(INVALID)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut octet = [0];
                hex::decode_to_slice([bytes.next()?, bytes.next()?], &mut octet).ok()?;
                u8::from_be_bytes(octet)
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

/// The content of RegInfo's OCTET STRING for these pairs, each with an `&` behind it, as Windows
/// writes it.
pub fn encode_reg_info(pairs: &[(String, String)]) -> Vec<u8> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}&", percent_encoded(name), percent_encoded(value)));
    pairs.collect::<String>().into_bytes()
}

fn percent_encoded(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

/// What our own client puts into a PKIData, next to its PKCS#10.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PkiDataBuilder {
    /// REQUEST_CLIENT_INFO, as an added attribute.
    pub client_info: Option<ClientInfo>,
    /// ENCRYPTED_KEY_HASH, as an added attribute.
    pub encrypted_key_hash: Option<Vec<u8>>,
    /// RegInfo, for instance RequesterName.
    pub reg_info: Vec<(String, String)>,
}

impl PkiDataBuilder {
    /// DER of the PKIData with this one request, in the form of Windows: the added attributes
    /// first, numbered last.
    pub fn encode(&self, pkcs10: &[u8]) -> Vec<u8> {
        let mut number = REQUEST;
        let mut next = || {
            number = number.saturating_add(1);
            number
        };
        let reg_info = (!self.reg_info.is_empty()).then(|| {
            let mut value = Writer::new();
            value.octet_string(&encode_reg_info(&self.reg_info));
            (next(), value.into_bytes())
        });
        let attributes = self.encode_attributes();
        let added = (!attributes.is_empty()).then(|| (next(), encode_added_attributes(attributes)));
        sequence(|data| {
            data.sequence(|controls| {
                if let Some((number, value)) = &added {
                    write_control(controls, *number, &oids::CMC_ADD_ATTRIBUTES, value);
                }
                if let Some((number, value)) = &reg_info {
                    write_control(controls, *number, &oids::CMC_REG_INFO, value);
                }
            });
            data.sequence(|requests| {
                requests.nested(Tag::context(0), |tagged| {
                    tagged.u32(REQUEST);
                    tagged.raw(pkcs10);
                });
            });
            data.sequence(|_cms_sequence| {});
            data.sequence(|_other_msg_sequence| {});
        })
    }

    fn encode_attributes(&self) -> Vec<Vec<u8>> {
        let mut attributes = Vec::new();
        if let Some(hash) = &self.encrypted_key_hash {
            let mut value = Writer::new();
            value.octet_string(hash);
            attributes.push(encode_attribute(&oids::ENCRYPTED_KEY_HASH, vec![value.into_bytes()]));
        }
        if let Some(info) = &self.client_info {
            let value = encode_client_info(info);
            attributes.push(encode_attribute(&oids::REQUEST_CLIENT_INFO, vec![value]));
        }
        attributes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asn1::decode_client_info;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn reg_info(text: &[u8]) -> Result<Vec<(String, String)>, Asn1Error> {
        let mut writer = Writer::new();
        writer.octet_string(text);
        decode_reg_info(&Element::parse(&writer.into_bytes()).expect("own encoding"))
    }

    /// Any PKCS#10 will do: it is not looked into.
    const PKCS10: &[u8] = &[0x30, 0];

    fn full() -> PkiDataBuilder {
        PkiDataBuilder {
            client_info: Some(ClientInfo { client_id: 9, ..ClientInfo::default() }),
            encrypted_key_hash: Some(vec![1, 2, 3]),
            reg_info: owned(&[("RequesterName", "Domain\\TargetUser")]),
        }
    }

    #[test]
    fn reg_info_is_that_of_windows() {
        let pairs = owned(&[("RequesterName", "Domain\\TargetUser")]);
        assert_eq!(encode_reg_info(&pairs), b"RequesterName=Domain%5CTargetUser&");
        assert_eq!(reg_info(b"RequesterName=Domain%5CTargetUser&"), Ok(pairs));
        assert_eq!(reg_info(b""), Ok(vec![]));
        assert_eq!(reg_info(b"a=&b=1=2\0"), Ok(owned(&[("a", ""), ("b", "1=2")])));
        assert_eq!(reg_info(b"a=%C3%BC%26"), Ok(owned(&[("a", "ü&")])));
        for bad in [&b"a"[..], b"a=%5", b"a=%zz", b"a=%FF", b"a=\xFF", b"a=1&b"] {
            assert!(reg_info(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let der = full().encode(PKCS10);
        let data = PkiData::parse(&der).expect("own encoding");
        assert_eq!(data.requests, [TaggedRequest::Pkcs10(1, PKCS10)]);
        assert!(data.messages.is_empty() && data.others.is_empty());
        let numbers: Vec<_> = data.controls.iter().map(|control| control.body_part).collect();
        assert_eq!(numbers, [3, 2]);
        let [added, info] = &*data.controls else { panic!("two controls") };
        assert_eq!((&added.oid, &info.oid), (&oids::CMC_ADD_ATTRIBUTES, &oids::CMC_REG_INFO));
        let added = AddedAttributes::parse(&added.single().expect("one value"));
        let added = added.expect("own encoding");
        assert_eq!((added.data, &*added.requests), (0, &[1][..]));
        let hash = added.attributes.iter().find(|a| a.oid == oids::ENCRYPTED_KEY_HASH);
        assert_eq!(hash.expect("the hash").values[0].content, [1, 2, 3]);
        let client = added.attributes.iter().find(|a| a.oid == oids::REQUEST_CLIENT_INFO);
        let client = decode_client_info(&client.expect("the client").values[0]);
        assert_eq!(client.ok(), full().client_info);
        assert_eq!(decode_reg_info(&info.values[0]), Ok(full().reg_info));

        let bare = PkiDataBuilder::default().encode(PKCS10);
        assert_eq!(hex::encode(bare), "300f30003007a00502010130003000".to_owned() + "3000");
    }

    #[test]
    fn other_requests_and_messages_are_told_apart() {
        let tagged = |number: u32, rest: &[u8]| {
            sequence(|tagged| {
                tagged.u32(number);
                tagged.raw(rest);
            })
        };
        let data = |other: u32| {
            sequence(|data| {
                data.sequence(|_| {});
                data.sequence(|requests| {
                    requests.nested(Tag::context(1), |crmf| crmf.sequence(|_| {}));
                });
                data.sequence(|messages| messages.raw(&tagged(4, PKCS10)));
                data.sequence(|others| {
                    others.raw(&tagged(other, &[6, 2, 0x2A, 3, 5, 0]));
                });
            })
        };
        let der = data(5);
        let read = PkiData::parse(&der).expect("well-formed");
        assert_eq!(read.requests, [TaggedRequest::Other]);
        assert_eq!(read.messages, [(4, PKCS10)]);
        assert_eq!(read.others, ["1.2.3".parse().expect("valid")]);
        assert!(matches!(PkiData::parse(&data(4)), Err(Asn1Error::Duplicate(_))));
    }

    #[test]
    fn damage_never_panics_and_cuts_are_refused() {
        let der = full().encode(PKCS10);
        for length in 0..der.len() {
            assert!(PkiData::parse(&der[..length]).is_err());
            for mask in [0x01, 0x20, 0x80, 0xFF] {
                let mut changed = der.clone();
                changed[length] ^= mask;
                if let Ok(data) = PkiData::parse(&changed) {
                    for value in data.controls.iter().flat_map(|control| &control.values) {
                        let _either = (AddedAttributes::parse(value), decode_reg_info(value));
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn reg_info_round_trips(pairs in prop::collection::vec((".{1,8}", ".{0,8}"), 0..5)) {
            prop_assert_eq!(reg_info(&encode_reg_info(&pairs)), Ok(pairs));
        }
    }
}
