//! Unsigned attributes: finding one, and taking one out of a message without touching the rest.

use crate::model::Oid;

use super::super::pkcs10::decode_attributes;
use super::super::{Asn1Error, Element, Reader, RequestAttribute, Tag, Writer, oids};
use super::SignerInfo;

impl<'a> SignerInfo<'a> {
    /// The unsigned attributes, one after the other. Nothing vouches for them.
    ///
    /// # Errors
    /// Where they are malformed.
    pub fn unsigned(&self) -> Result<Vec<RequestAttribute<'a>>, Asn1Error> {
        decode_attributes(Reader::new(self.unsigned_attributes))
    }
}

/// The SignedData that fills `der`, without the unsigned attribute `oid` of any of its signers.
/// Everything else stays byte for byte, so the signatures stay what they are.
///
/// # Errors
/// Where it is no SignedData in DER.
pub fn without_unsigned_attribute(der: &[u8], oid: &Oid) -> Result<Vec<u8>, Asn1Error> {
    let mut content_info = Reader::sequence_of(der)?;
    let content_type = content_info.expect(Tag::OID)?;
    if content_type.content != oids::CMS_SIGNED_DATA.der_content() {
        return Err(Asn1Error::Value("CMS message (not a SignedData)"));
    }
    let explicit = content_info.expect(Tag::context(0))?;
    content_info.end()?;
    let mut signed_data = Reader::sequence_of(explicit.content)?;
    // signerInfos is the last field, and the only SET but digestAlgorithms.
    let (mut fields, mut last) = (Writer::new(), None);
    while !signed_data.is_empty() {
        if let Some(field) = last.replace(signed_data.element()?) {
            fields.raw(field.raw);
        }
    }
    let last = last.ok_or(Asn1Error::Truncated)?;
    let signers = signers_without(last.enter(Tag::SET)?, oid)?;
    let mut out = Writer::new();
    out.sequence(|content_info| {
        content_info.raw(content_type.raw);
        content_info.nested(Tag::context(0), |explicit| {
            explicit.sequence(|signed_data| {
                signed_data.raw(&fields.into_bytes());
                signed_data.element(Tag::SET, &signers);
            });
        });
    });
    Ok(out.into_bytes())
}

fn signers_without(mut set: Reader<'_>, oid: &Oid) -> Result<Vec<u8>, Asn1Error> {
    let mut signers = Writer::new();
    while !set.is_empty() {
        let mut info = set.sequence()?;
        let mut kept = Writer::new();
        while !info.is_empty() {
            // unsignedAttrs is the one field [1].
            match info.optional(Tag::context(1))? {
                Some(attributes) => write_without(&mut kept, &attributes, oid)?,
                None => kept.raw(info.element()?.raw),
            }
        }
        signers.element(Tag::SEQUENCE, &kept.into_bytes());
    }
    Ok(signers.into_bytes())
}

fn write_without(out: &mut Writer, set: &Element<'_>, oid: &Oid) -> Result<(), Asn1Error> {
    let (mut set, mut kept) = (Reader::new(set.content), Writer::new());
    while !set.is_empty() {
        let attribute = set.expect(Tag::SEQUENCE)?;
        if Reader::new(attribute.content).oid()? != *oid {
            kept.raw(attribute.raw);
        }
    }
    let kept = kept.into_bytes();
    if !kept.is_empty() {
        out.element(Tag::context(1), &kept);
    }
    Ok(())
}
