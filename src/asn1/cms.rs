//! SignedData of the Cryptographic Message Syntax (RFC 5652 5).
//!
//! What is verified are the received bytes: an input in BER goes through [`to_der`](super::to_der)
//! before it comes here, whole.

mod unsigned;

pub use unsigned::without_unsigned_attribute;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::model::Oid;

use super::pkcs10::decode_attributes;
use super::signature::{Hash, SignatureError, SignatureScheme, verify_signature};
use super::{
    AlgorithmIdentifier, Asn1Error, Element, PublicKey, Reader, RequestAttribute, Tag, Writer,
    oids, sequence,
};

/// A SignedData, as read or to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedData<'a> {
    /// Type of the content.
    pub content_type: Oid,
    /// The content; `None` where it is not in the message.
    pub content: Option<&'a [u8]>,
    /// Hashes that the signers use. An algorithm that is not known is left out.
    pub digests: Vec<Hash>,
    /// DER of certificates, in order.
    pub certificates: Vec<&'a [u8]>,
    /// DER of CRLs, in order.
    pub crls: Vec<&'a [u8]>,
    /// Who signed.
    pub signers: Vec<SignerInfo<'a>>,
}

/// One signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignerInfo<'a> {
    /// Whose key it is by.
    pub signer: SignerId<'a>,
    /// The hash of the content.
    pub digest: AlgorithmIdentifier<'a>,
    /// DER of the signed attributes as a SET OF, in the form that is signed; `None` where the
    /// signature is over the content itself.
    pub signed_attributes: Option<Vec<u8>>,
    /// The algorithm of the signature.
    pub algorithm: AlgorithmIdentifier<'a>,
    /// The signature.
    pub signature: &'a [u8],
    /// Content of the unsigned attributes; empty where there are none.
    pub unsigned_attributes: &'a [u8],
}

/// How a signer is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignerId<'a> {
    /// By its certificate.
    IssuerAndSerial {
        /// DER of the issuer's Name.
        issuer: &'a [u8],
        /// Content of the serial number.
        serial: &'a [u8],
    },
    /// By its key.
    SubjectKeyId(&'a [u8]),
}

/// Why a signature over a message was not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// The message cannot be read.
    #[error(transparent)]
    Encoding(#[from] Asn1Error),
    /// Nothing is there to be signed.
    #[error("the message has no content")]
    NoContent,
    /// The hash is not known.
    #[error("the digest algorithm {0} is not supported")]
    Digest(Oid),
    /// The attributes have no hash of the content, or more than one.
    #[error("the signed attributes have not exactly one message digest")]
    NoMessageDigest,
    /// The attributes are about another message.
    #[error("the signed attributes are not of this content")]
    OtherContent,
    /// The signature itself.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl<'a> SignedData<'a> {
    /// A message with this content, and nothing else yet.
    pub fn new(content_type: Oid, content: Option<&'a [u8]>) -> Self {
        let (digests, certificates, crls) = (Vec::new(), Vec::new(), Vec::new());
        Self { content_type, content, digests, certificates, crls, signers: Vec::new() }
    }

    /// Reads the ContentInfo that fills `der`. Nothing is verified.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let mut content_info = Reader::sequence_of(der)?;
        if content_info.oid()? != oids::CMS_SIGNED_DATA {
            return Err(Asn1Error::Value("CMS message (not a SignedData)"));
        }
        let explicit = content_info.expect(Tag::context(0))?;
        content_info.end()?;
        let mut signed_data = Reader::sequence_of(explicit.content)?;
        signed_data.u32()?;
        let digests = decode_digests(signed_data.enter(Tag::SET)?)?;
        let mut encapsulated = signed_data.sequence()?;
        let content_type = encapsulated.oid()?;
        let content = match encapsulated.optional(Tag::context(0))? {
            Some(explicit) => {
                Some(Element::parse(explicit.content)?.content_of(Tag::OCTET_STRING)?)
            }
            None => None,
        };
        encapsulated.end()?;
        let certificates = decode_set(signed_data.optional(Tag::context(0))?)?;
        let crls = decode_set(signed_data.optional(Tag::context(1))?)?;
        let mut set = signed_data.enter(Tag::SET)?;
        signed_data.end()?;
        let mut signers = Vec::new();
        while !set.is_empty() {
            signers.push(SignerInfo::read(&mut set)?);
        }
        Ok(Self { content_type, content, digests, certificates, crls, signers })
    }

    /// DER of the ContentInfo.
    pub fn encode(&self) -> Vec<u8> {
        sequence(|content_info| {
            content_info.oid(&oids::CMS_SIGNED_DATA);
            content_info.nested(Tag::context(0), |explicit| {
                explicit.sequence(|signed_data| self.write(signed_data));
            });
        })
    }

    fn write(&self, signed_data: &mut Writer) {
        signed_data.u32(self.version());
        // With NULL parameters, as Windows writes them.
        let digests = self.digests.iter().map(|hash| AlgorithmIdentifier::with_null(hash.oid()));
        signed_data.nested(Tag::SET, |set| digests.for_each(|digest| digest.write(set)));
        signed_data.sequence(|encapsulated| {
            encapsulated.oid(&self.content_type);
            if let Some(content) = self.content {
                encapsulated.nested(Tag::context(0), |explicit| explicit.octet_string(content));
            }
        });
        for (number, set) in [(0, &self.certificates), (1, &self.crls)] {
            if !set.is_empty() {
                signed_data.element(Tag::context(number), &set.concat());
            }
        }
        // Not in DER's order: which signer is the first has a meaning ([MS-WCCE] 3.1.1.4.3.2).
        let signers: Vec<_> = self.signers.iter().map(SignerInfo::encode).collect();
        signed_data.element(Tag::SET, &signers.concat());
    }

    /// CMSVersion: 1 where PKCS#7 has a form for the message, otherwise 3 (RFC 5652 5.1).
    fn version(&self) -> u32 {
        let new = self.signers.iter().any(|signer| signer.version() != 1);
        if new || self.content_type != oids::CMS_DATA { 3 } else { 1 }
    }
}

impl<'a> SignerInfo<'a> {
    fn read(set: &mut Reader<'a>) -> Result<Self, Asn1Error> {
        let mut info = set.sequence()?;
        info.u32()?;
        let signer = match info.optional(Tag::context_primitive(0))? {
            Some(key_id) => SignerId::SubjectKeyId(key_id.content),
            None => {
                let mut name = info.sequence()?;
                let issuer = name.expect(Tag::SEQUENCE)?.raw;
                let serial = name.integer()?;
                name.end()?;
                SignerId::IssuerAndSerial { issuer, serial }
            }
        };
        let digest = AlgorithmIdentifier::read(&mut info)?;
        let signed = info.optional(Tag::context(0))?;
        let algorithm = AlgorithmIdentifier::read(&mut info)?;
        let signature = info.octet_string()?;
        let unsigned = info.optional(Tag::context(1))?;
        info.end()?;
        Ok(Self {
            signer,
            digest,
            signed_attributes: signed.map(as_set),
            algorithm,
            signature,
            unsigned_attributes: unsigned.map_or(&[], |attributes| attributes.content),
        })
    }

    fn encode(&self) -> Vec<u8> {
        sequence(|info| {
            info.u32(self.version());
            match self.signer {
                SignerId::IssuerAndSerial { issuer, serial } => info.sequence(|name| {
                    name.raw(issuer);
                    name.element(Tag::INTEGER, serial);
                }),
                SignerId::SubjectKeyId(key_id) => info.element(Tag::context_primitive(0), key_id),
            }
            self.digest.write(info);
            if let Some(Ok(set)) = self.signed_attributes.as_deref().map(Element::parse) {
                info.element(Tag::context(0), set.content);
            }
            self.algorithm.write(info);
            info.octet_string(self.signature);
            if !self.unsigned_attributes.is_empty() {
                info.element(Tag::context(1), self.unsigned_attributes);
            }
        })
    }

    fn version(&self) -> u32 {
        match self.signer {
            SignerId::IssuerAndSerial { .. } => 1,
            SignerId::SubjectKeyId(_) => 3,
        }
    }

    /// The signed attributes, one after the other.
    ///
    /// # Errors
    /// Where they are malformed.
    pub fn attributes(&self) -> Result<Vec<RequestAttribute<'_>>, Asn1Error> {
        match &self.signed_attributes {
            Some(set) => decode_attributes(Element::parse(set)?.enter(Tag::SET)?),
            None => Ok(Vec::new()),
        }
    }

    /// Verifies that the key signed this content. Returns the algorithm; the caller decides
    /// whether its hash is good enough. A content type need not be among the attributes, because
    /// clients leave it out; one that is there must be the message's.
    ///
    /// # Errors
    /// Why the signature does not count.
    pub fn verify(
        &self,
        message: &SignedData<'_>,
        key: &PublicKey<'_>,
    ) -> Result<SignatureScheme, CmsError> {
        let (hash, signed) = self.signed_bytes(message)?;
        let algorithm = full_algorithm(&self.algorithm, hash);
        Ok(verify_signature(key, &algorithm, signed, self.signature)?)
    }

    /// Whether it is no signature at all but a hash (id-alg-noSignature, RFC 2797 3.3.3.1).
    pub fn is_null(&self) -> bool {
        self.algorithm.oid == oids::NO_SIGNATURE
    }

    /// Checks the hash of a signature that [is none](Self::is_null): that content and attributes
    /// arrived as they were sent. It proves nothing about anybody.
    ///
    /// # Errors
    /// Why the hash does not fit.
    pub fn check_null(&self, message: &SignedData<'_>) -> Result<(), CmsError> {
        let (hash, signed) = self.signed_bytes(message)?;
        verify_slices_are_equal(self.signature, hash.digest(signed).as_ref())
            .map_err(|_| CmsError::OtherContent)
    }

    /// The hash of the content, and what is signed: the attributes, which must fit the content,
    /// or the content itself.
    fn signed_bytes<'b>(&'b self, message: &SignedData<'b>) -> Result<(Hash, &'b [u8]), CmsError> {
        let content = message.content.ok_or(CmsError::NoContent)?;
        let hash = Hash::from_oid(&self.digest.oid)
            .ok_or_else(|| CmsError::Digest(self.digest.oid.clone()))?;
        match &self.signed_attributes {
            None => Ok((hash, content)),
            Some(set) => {
                self.check_attributes(message, content, hash)?;
                Ok((hash, set))
            }
        }
    }

    fn check_attributes(
        &self,
        message: &SignedData<'_>,
        content: &[u8],
        hash: Hash,
    ) -> Result<(), CmsError> {
        let attributes = self.attributes()?;
        let of = |oid: Oid| attributes.iter().filter(move |attribute| attribute.oid == oid);
        let mut digests = of(oids::MESSAGE_DIGEST).flat_map(|attribute| &attribute.values);
        let (Some(digest), None) = (digests.next(), digests.next()) else {
            return Err(CmsError::NoMessageDigest);
        };
        let digest = digest.content_of(Tag::OCTET_STRING)?;
        verify_slices_are_equal(digest, hash.digest(content).as_ref())
            .map_err(|_| CmsError::OtherContent)?;
        for content_type in of(oids::CONTENT_TYPE).flat_map(|attribute| &attribute.values) {
            if content_type.content_of(Tag::OID)? != message.content_type.der_content() {
                return Err(CmsError::OtherContent);
            }
        }
        Ok(())
    }
}

/// DER of signed attributes with content type and message digest (RFC 5652 5.3), as a SET OF:
/// what is signed.
pub fn encode_signed_attributes(content_type: &Oid, content: &[u8], hash: Hash) -> Vec<u8> {
    encode_signed_attributes_with(content_type, content, hash, Vec::new())
}

/// The same with further attributes, each the DER of an Attribute (see
/// [`encode_attribute`](super::encode_attribute)): an enrollment agent signs RequesterName in one.
pub fn encode_signed_attributes_with(
    content_type: &Oid,
    content: &[u8],
    hash: Hash,
    further: Vec<Vec<u8>>,
) -> Vec<u8> {
    let attribute = |oid: &Oid, write: &dyn Fn(&mut Writer)| {
        sequence(|attribute| {
            attribute.oid(oid);
            attribute.nested(Tag::SET, write);
        })
    };
    let digest = hash.digest(content);
    let mut attributes = vec![
        attribute(&oids::CONTENT_TYPE, &|value| value.oid(content_type)),
        attribute(&oids::MESSAGE_DIGEST, &|value| value.octet_string(digest.as_ref())),
    ];
    attributes.extend(further);
    let mut writer = Writer::new();
    writer.set_of(Tag::SET, attributes);
    writer.into_bytes()
}

/// PKCS#7 with these certificates and CRLs and nothing else, in this order ([MS-WCCE]
/// 3.2.1.4.2.1.4.8.1: version 1, no digest algorithms, no content, no signers).
pub fn encode_certificates_only<'a>(
    certificates: impl IntoIterator<Item = &'a [u8]>,
    crls: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let (certificates, crls) = (certificates.into_iter(), crls.into_iter());
    SignedData {
        certificates: certificates.collect(),
        crls: crls.collect(),
        ..SignedData::new(oids::CMS_DATA, None)
    }
    .encode()
}

/// The signature's algorithm with its hash: CMS writes rsaEncryption where X.509 has
/// sha256WithRSAEncryption (RFC 3370 3.2), and some writers id-ecPublicKey likewise.
fn full_algorithm<'a>(algorithm: &AlgorithmIdentifier<'a>, hash: Hash) -> AlgorithmIdentifier<'a> {
    let mut full = algorithm.clone();
    if full.oid == oids::RSA_ENCRYPTION {
        full.oid = hash.with_rsa();
    } else if full.oid == oids::EC_PUBLIC_KEY {
        full = AlgorithmIdentifier { oid: hash.with_ecdsa(), parameters: None };
    }
    full
}

/// The signed attributes under the tag that is signed.
fn as_set(attributes: Element<'_>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.element(Tag::SET, attributes.content);
    writer.into_bytes()
}

fn decode_digests(mut set: Reader<'_>) -> Result<Vec<Hash>, Asn1Error> {
    let mut digests = Vec::new();
    while !set.is_empty() {
        digests.extend(Hash::from_oid(&AlgorithmIdentifier::read(&mut set)?.oid));
    }
    Ok(digests)
}

/// Members of a set of certificates or CRLs, in X.509 form: the others are of kinds that nobody
/// uses any more, and are left out.
fn decode_set<'a>(set: Option<Element<'a>>) -> Result<Vec<&'a [u8]>, Asn1Error> {
    let mut members = Vec::new();
    let mut reader = Reader::new(set.map_or(&[], |set| set.content));
    while !reader.is_empty() {
        let member = reader.element()?;
        if member.tag == Tag::SEQUENCE {
            members.push(member.raw);
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
