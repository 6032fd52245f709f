//! The signatures of CMS around a PKCS#10 or a PKIData, as Windows' client makes them.

use super::identity::Identity;
use super::key::RequestKey;
use super::request::RequestError;
use crate::asn1::cms::{SignedData, SignerId, SignerInfo, encode_signed_attributes_with};
use crate::asn1::{AlgorithmIdentifier, Certificate, Hash, SubjectPublicKeyInfo};
use crate::model::Oid;

/// One who signs with a certificate.
pub(super) struct Cosigner<'a> {
    pub(super) identity: &'a Identity,
    pub(super) signed: Signed,
}

/// What a signature is over.
pub(super) enum Signed {
    /// The content itself, as Windows signs renewals in CMS.
    Content,
    /// Attributes: content type, message digest, and these (DER of each Attribute).
    Attributes(Vec<Vec<u8>>),
}

/// DER of a SignedData over `content`: signed first by `own`, the key to be certified, which is
/// named by its identifier, then by the cosigners in their order, whose certificates come along.
pub(super) fn sign(
    content_type: &Oid,
    content: &[u8],
    own: Option<&RequestKey>,
    cosigners: &[Cosigner<'_>],
) -> Result<Vec<u8>, RequestError> {
    let mut made = Vec::new();
    let key_id = own.map(|key| SubjectPublicKeyInfo::parse(key.public_key())).transpose()?;
    let key_id = key_id.map(|spki| spki.key_id());
    if let (Some(key), Some(key_id)) = (own, &key_id) {
        let attributes = Signed::Attributes(Vec::new());
        let signer = SignerId::SubjectKeyId(key_id);
        made.push(Signature::make(signer, key, content_type, content, &attributes)?);
    }
    let mut certificates = Vec::new();
    for Cosigner { identity, signed } in cosigners {
        let Certificate { issuer, serial, raw, .. } = Certificate::parse(identity.certificate())?;
        let signer = SignerId::IssuerAndSerial { issuer, serial };
        made.push(Signature::make(signer, identity.key(), content_type, content, signed)?);
        if !certificates.contains(&raw) {
            certificates.push(raw);
        }
    }
    let mut digests: Vec<Hash> = Vec::new();
    for hash in made.iter().map(|signature| signature.key.hash()) {
        if !digests.contains(&hash) {
            digests.push(hash);
        }
    }
    let message = SignedData {
        digests,
        certificates,
        signers: made.iter().map(Signature::info).collect(),
        ..SignedData::new(content_type.clone(), Some(content))
    };
    Ok(message.encode())
}

/// A signature that was made.
struct Signature<'a> {
    signer: SignerId<'a>,
    key: &'a RequestKey,
    signed_attributes: Option<Vec<u8>>,
    value: Vec<u8>,
}

impl<'a> Signature<'a> {
    fn make(
        signer: SignerId<'a>,
        key: &'a RequestKey,
        content_type: &Oid,
        content: &[u8],
        signed: &Signed,
    ) -> Result<Self, RequestError> {
        let signed_attributes = match signed {
            Signed::Content => None,
            Signed::Attributes(further) => Some(encode_signed_attributes_with(
                content_type,
                content,
                key.hash(),
                further.clone(),
            )),
        };
        let value = key.sign(signed_attributes.as_deref().unwrap_or(content))?;
        Ok(Self { signer, key, signed_attributes, value })
    }

    fn info(&self) -> SignerInfo<'_> {
        SignerInfo {
            signer: self.signer,
            digest: AlgorithmIdentifier::with_null(self.key.hash().oid()),
            signed_attributes: self.signed_attributes.clone(),
            algorithm: self.key.cms_identifier(),
            signature: &self.value,
            unsigned_attributes: &[],
        }
    }
}
