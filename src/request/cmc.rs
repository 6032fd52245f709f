//! PKIData: the one body of a CMC request, and the controls around it ([MS-WCCE]
//! 3.2.1.4.2.1.4.1.3).

use std::collections::BTreeSet;

use crate::asn1::cmc::{AddedAttributes, Control, PkiData, TaggedRequest, decode_reg_info};
use crate::asn1::{Element, oids};
use crate::model::Oid;

use super::contents::{Carrier, Contents, within};
use super::{Limits, RequestError};

/// Controls that ask for nothing but an echo, which the response in the form of Windows has no
/// place for. RFC 5272 6 has every other unknown control refused: it may change what is asked for.
const IGNORED: [Oid; 4] = [
    oids::CMC_DATA_RETURN,
    oids::CMC_TRANSACTION_ID,
    oids::CMC_SENDER_NONCE,
    oids::CMC_RECIPIENT_NONCE,
];

/// What a CMC request is about.
pub enum Body<'a> {
    /// DER of a PKCS#10.
    Pkcs10(&'a [u8]),
    /// DER of a CMS message with another request: one that somebody else has finished.
    Message(&'a [u8]),
}

/// Reads the PKIData that fills `der`: its body, and into `contents` what its controls say.
pub fn read<'a>(
    der: &'a [u8],
    contents: &mut Contents,
    limits: &Limits,
) -> Result<Body<'a>, RequestError> {
    let data = PkiData::parse(der).map_err(RequestError::structure("CMC request"))?;
    within("controls", data.controls.len(), limits.controls)?;
    let (number, body) = match (&*data.requests, &*data.messages, &*data.others) {
        ([TaggedRequest::Pkcs10(number, der)], [], []) => (*number, Body::Pkcs10(der)),
        ([], [(number, der)], []) => (*number, Body::Message(der)),
        _ => return Err(RequestError::Bodies),
    };
    let mut seen = BTreeSet::new();
    for control in &data.controls {
        if !seen.insert(&control.oid) {
            return Err(RequestError::Duplicate(control.oid.clone()));
        }
        read_control(control, number, contents, limits)?;
    }
    Ok(body)
}

fn read_control(
    control: &Control<'_>,
    body: u32,
    contents: &mut Contents,
    limits: &Limits,
) -> Result<(), RequestError> {
    let oid = &control.oid;
    if *oid == oids::CMC_ADD_ATTRIBUTES {
        let added = AddedAttributes::parse(&single(control)?);
        let added = added.map_err(RequestError::structure("added attributes"))?;
        if added.data != 0 || added.requests != [body] {
            return Err(RequestError::OtherBodyPart);
        }
        contents.add(&added.attributes, Carrier::Control, limits)
    } else if *oid == oids::CMC_REG_INFO {
        let pairs = decode_reg_info(&single(control)?);
        contents.add_signed_pairs(pairs.map_err(RequestError::structure("RegInfo"))?, limits)
    } else if IGNORED.contains(oid) {
        Ok(())
    } else {
        Err(RequestError::Control(oid.clone()))
    }
}

fn single<'a>(control: &Control<'a>) -> Result<Element<'a>, RequestError> {
    control.single().ok_or_else(|| RequestError::AttributeValues(control.oid.clone()))
}
