//! PKCS#10 certification requests (RFC 2986) with the attributes that Windows clients put in
//! ([MS-WCCE] 2.2.2.6.1, 2.2.2.7): reading, and writing them for our own client.

use crate::model::{ClientInfo, Extension, Oid};

use super::extensions::encode_extensions;
use super::{AlgorithmIdentifier, Asn1Error, Element, Name, Reader, SubjectPublicKeyInfo, Tag};
use super::{Hash, SignatureScheme, Writer, decode_text, encode_bmp, oids, sequence};

/// The fields of a certification request; what was signed is kept raw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificationRequest<'a> {
    /// DER of the CertificationRequestInfo: what is signed.
    pub info: &'a [u8],
    /// DER of the subject's Name.
    pub subject: &'a [u8],
    /// The subject's key.
    pub public_key: SubjectPublicKeyInfo<'a>,
    /// Attributes, in order.
    pub attributes: Vec<RequestAttribute<'a>>,
    /// How the request was signed.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The signature.
    pub signature: &'a [u8],
}

/// An attribute of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestAttribute<'a> {
    /// Its type.
    pub oid: Oid,
    /// Its values, in order.
    pub values: Vec<Element<'a>>,
}

impl<'a> CertificationRequest<'a> {
    /// Reads the request that fills `der`. Nothing is verified.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::sequence_of(der)?;
        let info = reader.expect(Tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(&mut reader)?;
        let signature = reader.bit_string()?.whole_bytes()?;
        reader.end()?;

        let mut body = Reader::new(info.content);
        if body.u32()? != 0 {
            return Err(Asn1Error::Value("PKCS#10 version"));
        }
        let subject = body.expect(Tag::SEQUENCE)?.raw;
        let public_key = SubjectPublicKeyInfo::read(&mut body)?;
        // The attributes are mandatory, even if empty; some encoders leave them out.
        let attributes = match body.optional(Tag::context(0))? {
            Some(set) => decode_attributes(Reader::new(set.content))?,
            None => Vec::new(),
        };
        body.end()?;
        let info = info.raw;
        Ok(Self { info, subject, public_key, attributes, signature_algorithm, signature })
    }
}

/// Members of a SET OF Attribute.
pub(super) fn decode_attributes(
    mut set: Reader<'_>,
) -> Result<Vec<RequestAttribute<'_>>, Asn1Error> {
    let mut attributes = Vec::new();
    while !set.is_empty() {
        let mut attribute = set.sequence()?;
        let oid = attribute.oid()?;
        let mut set_of_values = attribute.enter(Tag::SET)?;
        attribute.end()?;
        let mut values = Vec::new();
        while !set_of_values.is_empty() {
            values.push(set_of_values.element()?);
        }
        attributes.push(RequestAttribute { oid, values });
    }
    Ok(attributes)
}

/// Reads one value of ENROLLMENT_NAME_VALUE_PAIR ([MS-WCCE] 2.2.2.7.10): a pair, as it is on the
/// wire, or a SEQUENCE OF pairs, as the text has it. A NUL at the end of a string is dropped.
pub fn decode_name_value_pairs(value: &Element<'_>) -> Result<Vec<(String, String)>, Asn1Error> {
    let mut outer = value.enter(Tag::SEQUENCE)?;
    if outer.peek() != Some(Tag::SEQUENCE) {
        return Ok(vec![decode_pair(outer)?]);
    }
    let mut pairs = Vec::new();
    while !outer.is_empty() {
        pairs.push(decode_pair(outer.sequence()?)?);
    }
    Ok(pairs)
}

fn decode_pair(mut pair: Reader<'_>) -> Result<(String, String), Asn1Error> {
    let mut text = || {
        let text = decode_text(&pair.element()?)?;
        Ok(text.trim_end_matches('\0').to_owned())
    };
    let (name, value) = (text()?, text()?);
    pair.end()?;
    Ok((name, value))
}

/// Reads the value of ENROLLMENT_CSP_PROVIDER ([MS-WCCE] 2.2.2.7.2): the provider's name.
pub fn decode_csp_provider(value: &Element<'_>) -> Result<String, Asn1Error> {
    let mut reader = value.enter(Tag::SEQUENCE)?;
    reader.integer()?;
    let name = decode_text(&reader.expect(Tag::BMP_STRING)?)?;
    reader.bit_string()?;
    reader.end()?;
    Ok(name.trim_end_matches('\0').to_owned())
}

/// The value of ENROLLMENT_CSP_PROVIDER ([MS-WCCE] 2.2.2.7.2): the provider of an RSA key
/// (AT_KEYEXCHANGE), or of one of another kind, which have no such numbers.
pub fn encode_csp_provider(name: &str, rsa: bool) -> Vec<u8> {
    sequence(|writer| {
        writer.u32(u32::from(rsa));
        writer.element(Tag::BMP_STRING, &encode_bmp(name));
        writer.bit_string(&[]);
    })
}

/// Reads the value of REQUEST_CLIENT_INFO ([MS-WCCE] 2.2.2.7.4).
pub fn decode_client_info(value: &Element<'_>) -> Result<ClientInfo, Asn1Error> {
    let mut reader = value.enter(Tag::SEQUENCE)?;
    let client_id = reader.u32()?;
    let mut text = || decode_text(&reader.element()?);
    let (machine, user, process) = (text()?, text()?, text()?);
    reader.end()?;
    Ok(ClientInfo { client_id, machine, user, process })
}

/// What goes into a request of our own client.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RequestBuilder {
    /// The subject; empty where the CA is to build it.
    pub subject: Name,
    /// OS_VERSION, as `major.minor.build.platform`.
    pub os_version: Option<String>,
    /// ENROLLMENT_NAME_VALUE_PAIR: each pair a value.
    pub name_value_pairs: Vec<(String, String)>,
    /// REQUEST_CLIENT_INFO.
    pub client_info: Option<ClientInfo>,
    /// extensionRequest.
    pub extensions: Vec<Extension>,
    /// Any further attributes: type and the DER of each value.
    pub attributes: Vec<(Oid, Vec<Vec<u8>>)>,
}

impl RequestBuilder {
    /// The DER of the request for the key `spki`, signed under `scheme` by `sign`, which gets the
    /// bytes to be signed. Fails as `sign` does.
    pub fn encode<E>(
        &self,
        spki: &[u8],
        scheme: SignatureScheme,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let info = self.encode_info(spki);
        let signature = sign(&info)?;
        Ok(sequence(|writer| {
            writer.raw(&info);
            writer.raw(&scheme.to_identifier());
            writer.bit_string(&signature);
        }))
    }

    /// The DER of the request for the key `spki` with a null signature ([MS-WCCE] 2.2.2.6.5): the
    /// hash of what would be signed. Only what is around the request can prove possession then.
    pub fn encode_null_signed(&self, spki: &[u8], hash: Hash) -> Vec<u8> {
        let info = self.encode_info(spki);
        sequence(|writer| {
            writer.raw(&info);
            AlgorithmIdentifier::with_null(hash.oid()).write(writer);
            writer.bit_string(hash.digest(&info).as_ref());
        })
    }

    /// CertificationRequestInfo.
    fn encode_info(&self, spki: &[u8]) -> Vec<u8> {
        sequence(|writer| {
            writer.u32(0);
            writer.raw(&self.subject.to_der());
            writer.raw(spki);
            writer.set_of(Tag::context(0), self.encode_attributes());
        })
    }

    fn encode_attributes(&self) -> Vec<Vec<u8>> {
        let mut attributes = Vec::new();
        if let Some(version) = &self.os_version {
            let mut value = Writer::new();
            value.element(Tag::IA5_STRING, version.as_bytes());
            attributes.push(encode_attribute(&oids::OS_VERSION, vec![value.into_bytes()]));
        }
        if !self.name_value_pairs.is_empty() {
            let pairs = self.name_value_pairs.iter();
            let pairs = pairs.map(|(name, value)| encode_name_value_pair(name, value)).collect();
            attributes.push(encode_attribute(&oids::ENROLLMENT_NAME_VALUE_PAIR, pairs));
        }
        if let Some(info) = &self.client_info {
            let value = encode_client_info(info);
            attributes.push(encode_attribute(&oids::REQUEST_CLIENT_INFO, vec![value]));
        }
        if !self.extensions.is_empty() {
            let value = encode_extensions(&self.extensions);
            attributes.push(encode_attribute(&oids::EXTENSION_REQUEST, vec![value]));
        }
        let further = self.attributes.iter();
        attributes.extend(further.map(|(oid, values)| encode_attribute(oid, values.clone())));
        attributes
    }
}

/// The DER of an Attribute: values in DER.
pub fn encode_attribute(oid: &Oid, values: Vec<Vec<u8>>) -> Vec<u8> {
    sequence(|writer| {
        writer.oid(oid);
        writer.set_of(Tag::SET, values);
    })
}

/// One value of ENROLLMENT_NAME_VALUE_PAIR ([MS-WCCE] 2.2.2.7.10), as it is on the wire.
pub fn encode_name_value_pair(name: &str, value: &str) -> Vec<u8> {
    sequence(|writer| {
        for text in [name, value] {
            writer.element(Tag::BMP_STRING, &encode_bmp(text));
        }
    })
}

/// The value of REQUEST_CLIENT_INFO ([MS-WCCE] 2.2.2.7.4).
pub fn encode_client_info(info: &ClientInfo) -> Vec<u8> {
    sequence(|writer| {
        writer.u32(info.client_id);
        for text in [&info.machine, &info.user, &info.process] {
            writer.element(Tag::UTF8_STRING, text.as_bytes());
        }
    })
}
