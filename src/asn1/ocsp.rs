//! OCSP (RFC 6960, RFC 9654): what clients ask about certificates, and what they are answered.

use std::time::SystemTime;

use crate::model::{Extension, Oid};

use super::extensions::{decode_extensions, encode_extensions, find};
use super::{
    AlgorithmIdentifier, Asn1Error, Element, Hash, Reader, Tag, Writer, check_structure,
    encode_generalized_time, oids, sequence,
};

/// Certificates that one request may ask about.
pub const MAX_REQUESTS: usize = 32;
/// More values than a request with that many has, signed ones with their certificates included.
const MAX_ELEMENTS: usize = 2_000;
/// Longest nonce (RFC 9654 2.1).
const MAX_NONCE: usize = 128;

/// A request. Who signed it, if anybody, does not matter here: everybody is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OcspRequest<'a> {
    /// The certificates that are asked about, in order: 1 to [`MAX_REQUESTS`].
    pub certificates: Vec<CertId<'a>>,
    /// The nonce extension, to be returned as it is.
    pub nonce: Option<Extension>,
}

/// Names a certificate by its issuer and serial number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertId<'a> {
    /// DER of the whole, to be returned as it is.
    pub raw: &'a [u8],
    /// The hash of the two that follow; `None` is one that is not known here.
    pub hash: Option<Hash>,
    /// Hash of the issuer's Name.
    pub issuer_name_hash: &'a [u8],
    /// Hash of the issuer's key: the bits of its subjectPublicKey.
    pub issuer_key_hash: &'a [u8],
    /// Content of the serial number: two's complement, big-endian.
    pub serial: &'a [u8],
}

impl<'a> OcspRequest<'a> {
    /// Reads the request that fills `der`.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        check_structure(der, MAX_ELEMENTS)?;
        let mut outer = Reader::sequence_of(der)?;
        let mut body = outer.sequence()?;
        let _signature = outer.optional(Tag::context(0))?;
        outer.end()?;
        if let Some(version) = body.optional(Tag::context(0))? {
            let mut version = Reader::new(version.content);
            if version.u32()? != 0 {
                return Err(Asn1Error::Value("OCSP version"));
            }
            version.end()?;
        }
        let _requestor = body.optional(Tag::context(1))?;
        let certificates = read_list(&mut body.sequence()?)?;
        let extensions = match body.optional(Tag::context(2))? {
            Some(explicit) => decode_extensions(explicit.content)?,
            None => Vec::new(),
        };
        body.end()?;
        refuse_critical(&extensions, &oids::OCSP_NONCE)?;
        let nonce = find(&extensions, &oids::OCSP_NONCE).cloned();
        if let Some(nonce) = &nonce {
            let length = Element::parse(&nonce.value)?.content_of(Tag::OCTET_STRING)?.len();
            if !(1..=MAX_NONCE).contains(&length) {
                return Err(Asn1Error::Value("OCSP nonce"));
            }
        }
        Ok(Self { certificates, nonce })
    }
}

fn read_list<'a>(list: &mut Reader<'a>) -> Result<Vec<CertId<'a>>, Asn1Error> {
    let mut certificates = Vec::new();
    while !list.is_empty() {
        if certificates.len() >= MAX_REQUESTS {
            return Err(Asn1Error::TooMany("certificates in an OCSP request"));
        }
        let mut request = list.sequence()?;
        certificates.push(CertId::read(&mut request)?);
        if let Some(explicit) = request.optional(Tag::context(0))? {
            refuse_critical(&decode_extensions(explicit.content)?, &oids::OCSP_NONCE)?;
        }
        request.end()?;
    }
    match certificates.is_empty() {
        true => Err(Asn1Error::Value("OCSP request (it asks about nothing)")),
        false => Ok(certificates),
    }
}

/// What is critical has to be understood (RFC 6960 4.4).
fn refuse_critical(extensions: &[Extension], known: &Oid) -> Result<(), Asn1Error> {
    match extensions.iter().any(|extension| extension.critical && extension.oid != *known) {
        true => Err(Asn1Error::Value("OCSP request (an unknown critical extension)")),
        false => Ok(()),
    }
}

impl<'a> CertId<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Asn1Error> {
        let whole = reader.expect(Tag::SEQUENCE)?;
        let mut fields = Reader::new(whole.content);
        let algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let hash = Hash::from_oid(&algorithm.oid).filter(|_| algorithm.has_no_parameters());
        let issuer_name_hash = fields.octet_string()?;
        let issuer_key_hash = fields.octet_string()?;
        let serial = fields.integer()?;
        fields.end()?;
        Ok(Self { raw: whole.raw, hash, issuer_name_hash, issuer_key_hash, serial })
    }

    /// Whether it names the issuer of this Name (DER) and key (bits of the subjectPublicKey).
    pub fn is_of(&self, name: &[u8], key: &[u8]) -> bool {
        self.hash.is_some_and(|hash| {
            hash.digest(name).as_ref() == self.issuer_name_hash
                && hash.digest(key).as_ref() == self.issuer_key_hash
        })
    }
}

/// What is said of one certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertStatus {
    /// Issued, and not revoked.
    Good,
    /// Not to be trusted.
    Revoked {
        /// Since when.
        since: SystemTime,
        /// CRLReason; `None` leaves it out.
        reason: Option<u8>,
    },
    /// Not one that the responder knows.
    Unknown,
}

/// One answer among those of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SingleResponse<'a> {
    /// DER of the CertID of the request.
    pub certificate: &'a [u8],
    /// What is said of it.
    pub status: CertStatus,
    /// When that was known to be right.
    pub this_update: SystemTime,
    /// By when to ask again.
    pub next_update: SystemTime,
}

/// Why a request gets no answer; such responses are not signed (RFC 6960 4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OcspFailure {
    /// The request cannot be read.
    MalformedRequest,
    /// Something is wrong here.
    InternalError,
    /// Not now.
    TryLater,
    /// It asks about certificates of other CAs alone.
    Unauthorized,
}

impl OcspFailure {
    /// DER of the response.
    pub fn encode(self) -> Vec<u8> {
        let status = match self {
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::Unauthorized => 6,
        };
        sequence(|response| response.element(Tag::ENUMERATED, &[status]))
    }
}

/// DER of the ResponseData to be signed, by the responder whose key has this SHA-1 hash.
///
/// # Errors
/// For years that DER has no form for.
pub fn encode_response_data(
    key_hash: &[u8; 20],
    produced_at: SystemTime,
    responses: &[SingleResponse<'_>],
    extensions: &[Extension],
) -> Result<Vec<u8>, Asn1Error> {
    let mut list = Writer::new();
    for response in responses {
        list.raw(&encode_single(response)?);
    }
    let mut produced = Writer::new();
    encode_generalized_time(&mut produced, produced_at)?;
    Ok(sequence(|data| {
        data.nested(Tag::context(2), |by_key| by_key.octet_string(key_hash));
        data.raw(&produced.into_bytes());
        data.element(Tag::SEQUENCE, &list.into_bytes());
        if !extensions.is_empty() {
            data.nested(Tag::context(1), |explicit| explicit.raw(&encode_extensions(extensions)));
        }
    }))
}

fn encode_single(response: &SingleResponse<'_>) -> Result<Vec<u8>, Asn1Error> {
    let time = |time| {
        let mut writer = Writer::new();
        encode_generalized_time(&mut writer, time).map(|()| writer.into_bytes())
    };
    let (this_update, next_update) = (time(response.this_update)?, time(response.next_update)?);
    let revoked = match response.status {
        CertStatus::Revoked { since, .. } => time(since)?,
        _ => Vec::new(),
    };
    Ok(sequence(|single| {
        single.raw(response.certificate);
        match response.status {
            CertStatus::Good => single.element(Tag::context_primitive(0), &[]),
            CertStatus::Unknown => single.element(Tag::context_primitive(2), &[]),
            CertStatus::Revoked { reason, .. } => single.nested(Tag::context(1), |info| {
                info.raw(&revoked);
                if let Some(reason) = reason {
                    info.nested(Tag::context(0), |explicit| {
                        explicit.element(Tag::ENUMERATED, &[reason]);
                    });
                }
            }),
        }
        single.raw(&this_update);
        single.nested(Tag::context(0), |explicit| explicit.raw(&next_update));
    }))
}

/// DER of the OCSPResponse around a signed ResponseData; `algorithm` is the AlgorithmIdentifier
/// of the signature.
pub fn encode_response(
    data: &[u8],
    algorithm: &[u8],
    signature: &[u8],
    certificates: &[&[u8]],
) -> Vec<u8> {
    let basic = sequence(|basic| {
        basic.raw(data);
        basic.raw(algorithm);
        basic.bit_string(signature);
        basic.nested(Tag::context(0), |explicit| {
            explicit.sequence(|list| certificates.iter().for_each(|der| list.raw(der)));
        });
    });
    sequence(|response| {
        response.element(Tag::ENUMERATED, &[0]);
        response.nested(Tag::context(0), |explicit| {
            explicit.sequence(|bytes| {
                bytes.oid(&oids::OCSP_BASIC);
                bytes.octet_string(&basic);
            });
        });
    })
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A request about certificates of the issuer of this Name and key.
    pub(crate) fn request(
        hash: Hash,
        name: &[u8],
        key: &[u8],
        serials: &[&[u8]],
        extensions: &[Extension],
    ) -> Vec<u8> {
        sequence(|whole| {
            whole.sequence(|body| {
                body.sequence(|list| {
                    for serial in serials {
                        list.sequence(|request| {
                            request.sequence(|id| {
                                AlgorithmIdentifier::with_null(hash.oid()).write(id);
                                id.octet_string(hash.digest(name).as_ref());
                                id.octet_string(hash.digest(key).as_ref());
                                id.element(Tag::INTEGER, serial);
                            });
                        });
                    }
                });
                if !extensions.is_empty() {
                    body.nested(Tag::context(2), |explicit| {
                        explicit.raw(&encode_extensions(extensions));
                    });
                }
            });
        })
    }

    /// A nonce of this length.
    pub(crate) fn nonce(length: usize) -> Extension {
        let mut value = Writer::new();
        value.octet_string(&vec![7; length]);
        Extension { oid: oids::OCSP_NONCE, critical: false, value: value.into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{nonce, request};
    use super::*;

    fn of(serials: &[&[u8]], extensions: &[Extension]) -> Vec<u8> {
        request(Hash::Sha1, b"name", b"key", serials, extensions)
    }

    #[test]
    fn requests_name_certificates_by_hashes_of_their_issuer() {
        for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let der = request(hash, b"name", b"key", &[&[5], &[0, 0x80]], &[]);
            let read = OcspRequest::parse(&der).unwrap();
            let serials: Vec<_> = read.certificates.iter().map(|id| id.serial).collect();
            assert_eq!(serials, [&[5][..], &[0, 0x80]]);
            assert!(read.certificates.iter().all(|id| id.is_of(b"name", b"key")));
            assert!(!read.certificates[0].is_of(b"name", b"other"));
            assert!(!read.certificates[0].is_of(b"other", b"key"));
        }
    }

    #[test]
    fn nonces_have_1_to_128_octets() {
        for (length, taken) in [(0, false), (1, true), (32, true), (128, true), (129, false)] {
            let der = of(&[&[5]], &[nonce(length)]);
            let read = OcspRequest::parse(&der);
            assert_eq!(read.is_ok(), taken, "{length}");
            if let Ok(read) = read {
                assert_eq!(read.nonce, Some(nonce(length)));
            }
        }
    }

    #[test]
    fn what_is_asked_at_once_is_bounded() {
        let serials = vec![&[5][..]; MAX_REQUESTS + 1];
        assert!(OcspRequest::parse(&of(&serials[1..], &[])).is_ok());
        assert!(OcspRequest::parse(&of(&serials, &[])).is_err());
        assert!(OcspRequest::parse(&of(&[], &[])).is_err(), "nothing");
    }

    #[test]
    fn unknown_critical_extensions_are_refused() {
        let unknown = |critical| Extension { oid: oids::CRL_NUMBER, critical, value: vec![5, 0] };
        assert!(OcspRequest::parse(&of(&[&[5]], &[unknown(false)])).is_ok());
        assert!(OcspRequest::parse(&of(&[&[5]], &[unknown(true)])).is_err());
    }

    #[test]
    fn damage_never_panics_and_cuts_are_refused() {
        let der = of(&[&[5], &[6]], &[nonce(32)]);
        for length in 0..der.len() {
            assert!(OcspRequest::parse(&der[..length]).is_err());
            for mask in [0x01, 0x20, 0x80, 0xFF] {
                let mut changed = der.clone();
                changed[length] ^= mask;
                let _either = OcspRequest::parse(&changed);
            }
        }
    }
}
