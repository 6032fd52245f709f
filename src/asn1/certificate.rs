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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{CertificationRequest, Name, Writer, encode_time, oids, sequence};
    use crate::model::Oid;

    /// A certificate in a request of Certipy.
    fn certificate() -> &'static [u8] {
        let request =
            include_bytes!("../../tests/fixtures/requests/certipy-pkcs10-all-options.der");
        let request = CertificationRequest::parse(request).expect("a PKCS#10");
        let old = request.attributes.iter().find(|a| a.oid == oids::RENEWAL_CERTIFICATE);
        old.expect("the old certificate").values[0].raw
    }

    #[test]
    fn fields_are_read() {
        let der = certificate();
        let read = Certificate::parse(der).expect("a certificate");
        let text = |name| Name::from_der(name).expect("a name").to_windows_text();
        assert_eq!(text(read.subject), "CN=Enroll Agent");
        assert_eq!(text(read.issuer), "CN=Wcce-Test-CA, DC=wcce, DC=test");
        assert_eq!(hex::encode(read.serial), "12ddc8e5d721667f924e7b90371b7ccc92c7f118");
        let validity = read.not_after.duration_since(read.not_before).expect("ordered");
        assert_eq!(validity.as_secs(), 90 * 86_400);
        assert_eq!((read.raw, read.extensions.len()), (der, 0));
        assert_eq!(read.public_key.to_info().expect("RSA").kind.bits(), 2048);
    }

    #[test]
    fn damage_never_panics_and_cuts_are_refused() {
        let der = certificate();
        for length in 0..der.len() {
            assert!(Certificate::parse(&der[..length]).is_err());
            for mask in [0x01, 0x80, 0xFF] {
                let mut changed = der.to_vec();
                changed[length] ^= mask;
                let _either = Certificate::parse(&changed);
            }
        }
        assert!(Certificate::parse(&[der, &[0]].concat()).is_err());
    }

    /// The certificate with another version, inner signature algorithm, and what follows the key.
    fn rebuilt(version: &[u8], algorithm: &Oid, end: &[u8]) -> Vec<u8> {
        let read = Certificate::parse(certificate()).expect("a certificate");
        let identifier = |writer: &mut Writer, oid: &Oid| {
            writer.sequence(|writer| {
                writer.oid(oid);
                writer.null();
            });
        };
        sequence(|writer| {
            writer.sequence(|writer| {
                writer.raw(version);
                writer.element(Tag::INTEGER, read.serial);
                identifier(writer, algorithm);
                writer.raw(read.issuer);
                writer.sequence(|writer| {
                    encode_time(writer, read.not_before).expect("in range");
                    encode_time(writer, read.not_after).expect("in range");
                });
                writer.raw(read.subject);
                writer.raw(read.public_key.raw);
                writer.raw(end);
            });
            identifier(writer, &oids::SHA256_WITH_RSA);
            writer.bit_string(read.signature);
        })
    }

    #[test]
    fn versions_and_algorithms_must_be_consistent() {
        let v3 = &[0xA0, 3, 2, 1, 2][..];
        let extensions = &[0xA3, 2, 0x30, 0][..];
        let sha256 = &oids::SHA256_WITH_RSA;
        assert_eq!(rebuilt(v3, sha256, &[]), certificate());
        assert!(Certificate::parse(&rebuilt(v3, sha256, extensions)).is_ok());
        assert!(Certificate::parse(&rebuilt(&[], sha256, &[])).is_ok());
        for bad in [
            rebuilt(&[], sha256, extensions),
            rebuilt(&[0xA0, 3, 2, 1, 3], sha256, &[]),
            rebuilt(&[0xA0, 4, 2, 1, 2, 5], sha256, &[]),
            rebuilt(v3, &oids::SHA1_WITH_RSA, &[]),
            rebuilt(v3, sha256, &[5, 0]),
        ] {
            assert!(Certificate::parse(&bad).is_err(), "{}", hex::encode(bad));
        }
    }
}
