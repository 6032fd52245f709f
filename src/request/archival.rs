//! Private keys to be archived ([MS-WCCE] 3.2.2.6.2.1.2.2): recognised, checked, and kept out of
//! everything that is recorded.

use crate::asn1::cms::{SignedData, without_unsigned_attribute};
use crate::asn1::{Asn1Error, Hash, Reader, Tag, oids};
use crate::model::RequestFormat;

use super::{Limits, RequestError, format};

/// The value of the attribute with the private key among the unsigned attributes of the message,
/// where there is one: DER of an EnvelopedData. Nobody signs it; a hash of it is signed.
pub fn archived_key<'a>(message: &SignedData<'a>) -> Result<Option<&'a [u8]>, RequestError> {
    let mut found = None;
    for signer in &message.signers {
        let attributes =
            signer.unsigned().map_err(RequestError::structure("unsigned attributes"))?;
        for attribute in attributes.iter().filter(|one| one.oid == oids::ARCHIVED_KEY_ATTR) {
            let [value] = &*attribute.values else {
                return Err(RequestError::Archival("its attribute must have exactly one value"));
            };
            if found.replace(value.raw).is_some() {
                return Err(RequestError::Archival("there are several"));
            }
        }
    }
    Ok(found)
}

/// Whether the request archives a key: then `hash`, from its signed part, must be that of the
/// key's attribute, by one of `hashes` or SHA-1.
pub fn check(
    key: Option<&[u8]>,
    hash: Option<&[u8]>,
    hashes: &[Hash],
    format: RequestFormat,
) -> Result<bool, RequestError> {
    match (key, hash) {
        (None, None) => Ok(false),
        (Some(_), _) if format != RequestFormat::Cmc => Err(RequestError::ArchivalFormat(format)),
        (None, Some(_)) => Err(RequestError::Archival("the request has its hash alone")),
        (Some(_), None) => Err(RequestError::Archival("the request does not have its hash")),
        (Some(key), Some(hash)) => {
            is_enveloped(key).map_err(RequestError::structure("private key"))?;
            let mut hashes = hashes.iter().chain([&Hash::Sha1]);
            match hashes.any(|by| by.digest(key).as_ref() == hash) {
                true => Ok(true),
                false => Err(RequestError::Archival("the request has another hash")),
            }
        }
    }
}

fn is_enveloped(key: &[u8]) -> Result<(), Asn1Error> {
    match Reader::sequence_of(key)?.oid()? == oids::CMS_ENVELOPED_DATA {
        true => Ok(()),
        false => Err(Asn1Error::Value("private key (no EnvelopedData)")),
    }
}

/// The message without the key: what the Request table may have ([MS-WCCE] 3.2.2.6.2.1.3).
pub fn without_key(der: &[u8]) -> Result<Vec<u8>, RequestError> {
    let stripped = without_unsigned_attribute(der, &oids::ARCHIVED_KEY_ATTR);
    let stripped = stripped.map_err(RequestError::structure("CMS message"))?;
    if names_archived_key(&stripped) {
        return Err(RequestError::Archival("it must be an unsigned attribute of the signer"));
    }
    Ok(stripped)
}

/// What may be recorded of a request that [`parse`](super::parse) refused: the request as it came,
/// without a private key that it brings for archival. Where a key may be in it and can't be taken
/// out, nothing; nor of text that no request can be decoded from.
pub fn recordable(raw: &[u8], limits: &Limits) -> Vec<u8> {
    let Ok(binary) = format::decode(raw, limits) else { return Vec::new() };
    // BER may cut in parts what is looked for; what is not even BER is searched as it is.
    let der = format::normalised(&binary, limits);
    let searched = der.as_deref().unwrap_or(&binary);
    if !names_archived_key(&binary) && !names_archived_key(searched) {
        return binary.into_owned();
    }
    without_key(searched).unwrap_or_default()
}

/// Whether the attribute's type is anywhere in these bytes.
fn names_archived_key(bytes: &[u8]) -> bool {
    let oid = oids::ARCHIVED_KEY_ATTR;
    let content = oid.der_content();
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let encoded = [&[Tag::OID.0, length], content].concat();
    bytes.windows(encoded.len()).any(|window| window == encoded)
}
