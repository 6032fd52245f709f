//! SignedPublicKeyAndChallenge: what a browser's KEYGEN tag sends ([MS-WCCE] 2.2.2.6.4).

use super::{
    AlgorithmIdentifier, Asn1Error, Element, Reader, SubjectPublicKeyInfo, Tag, decode_text,
};

/// The fields of a KEYGEN request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedPublicKeyAndChallenge<'a> {
    /// DER of the PublicKeyAndChallenge: what is signed.
    pub signed: &'a [u8],
    /// The key to be certified.
    pub public_key: SubjectPublicKeyInfo<'a>,
    /// The challenge: a password that the requester repeats elsewhere.
    pub challenge: String,
    /// How the request was signed.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> SignedPublicKeyAndChallenge<'a> {
    /// Reads the request that fills `der`. Nothing is verified.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::sequence_of(der)?;
        let signed: Element<'a> = reader.expect(Tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmIdentifier::read(&mut reader)?;
        let signature = reader.bit_string()?.whole_bytes()?;
        reader.end()?;
        let mut body = Reader::new(signed.content);
        let public_key = SubjectPublicKeyInfo::read(&mut body)?;
        let challenge = decode_text(&body.expect(Tag::IA5_STRING)?)?;
        body.end()?;
        Ok(Self { signed: signed.raw, public_key, challenge, signature_algorithm, signature })
    }
}
