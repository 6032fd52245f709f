//! X.509 certificates, as far as anybody here reads them.

use std::time::SystemTime;

use crate::model::Extension;

use super::decode_time;
use super::extensions::decode_extensions;
use super::{AlgorithmIdentifier, Asn1Error, Element, Reader, SubjectPublicKeyInfo, Tag};

/// The fields of a certificate; everything that was signed or is compared is kept raw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate<'a> {
    /// DER of the whole.
    pub raw: &'a [u8],
    /// DER of the TBSCertificate: what is signed.
    pub tbs: &'a [u8],
    /// 0 to 2, for X.509 version 1 to 3.
    pub version: u32,
    /// Content of the serial number: two's complement, big-endian.
    pub serial: &'a [u8],
    /// DER of the issuer's Name.
    pub issuer: &'a [u8],
    /// DER of the validity, for those who look at its encoding.
    pub validity: &'a [u8],
    /// First instant of validity.
    pub not_before: SystemTime,
    /// Last second of validity.
    pub not_after: SystemTime,
    /// DER of the subject's Name.
    pub subject: &'a [u8],
    /// The subject's key.
    pub public_key: SubjectPublicKeyInfo<'a>,
    /// Extensions, in order.
    pub extensions: Vec<Extension>,
    /// How the issuer signed.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads the certificate that fills `der`. Nothing is verified.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let outer = Element::parse(der)?;
        let mut reader = outer.enter(Tag::SEQUENCE)?;
        let tbs = reader.expect(Tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(&mut reader)?;
        let signature = reader.bit_string()?.whole_bytes()?;
        reader.end()?;

        let mut body = Reader::new(tbs.content);
        let version = read_version(&mut body)?;
        let serial = body.integer()?;
        if AlgorithmIdentifier::read(&mut body)? != signature_algorithm {
            return Err(Asn1Error::Value("certificate (signature algorithms differ)"));
        }
        let issuer = body.expect(Tag::SEQUENCE)?.raw;
        let validity = body.expect(Tag::SEQUENCE)?;
        let mut times = Reader::new(validity.content);
        let not_before = decode_time(&times.element()?)?;
        let not_after = decode_time(&times.element()?)?;
        times.end()?;
        let subject = body.expect(Tag::SEQUENCE)?.raw;
        let public_key = SubjectPublicKeyInfo::read(&mut body)?;
        let _issuer_unique_id = body.optional(Tag::context_primitive(1))?;
        let _subject_unique_id = body.optional(Tag::context_primitive(2))?;
        let extensions = match body.optional(Tag::context(3))? {
            Some(explicit) if version == 2 => decode_extensions(explicit.content)?,
            Some(_) => return Err(Asn1Error::Value("certificate (extensions before version 3)")),
            None => Vec::new(),
        };
        body.end()?;
        Ok(Self {
            raw: outer.raw,
            tbs: tbs.raw,
            version,
            serial,
            issuer,
            validity: validity.raw,
            not_before,
            not_after,
            subject,
            public_key,
            extensions,
            signature_algorithm,
            signature,
        })
    }
}

/// The version: 0 (absent) to 2, for X.509 version 1 to 3.
fn read_version(body: &mut Reader<'_>) -> Result<u32, Asn1Error> {
    let Some(explicit) = body.optional(Tag::context(0))? else { return Ok(0) };
    let mut inner = Reader::new(explicit.content);
    let version = inner.u32()?;
    inner.end()?;
    if version <= 2 { Ok(version) } else { Err(Asn1Error::Value("certificate version")) }
}
