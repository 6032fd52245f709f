//! PKCS#10 ([MS-WCCE] 3.2.1.4.2.1.4.1.1): by itself, or inside another form.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::asn1::{
    CertificationRequest, Hash, Name, PublicKey, SignatureError, SubjectPublicKeyInfo,
    verify_signature,
};
use crate::model::{
    Attribute, EnrollmentRequest, GeneralName, NameAttribute, PublicKeyInfo, RequestFormat,
};

use super::contents::{Carrier, Contents, subject_alt_names, template_hints, within};
use super::{Limits, RequestError};

/// Parses and verifies a request that comes by itself; `attributes` are those of the attributes
/// string. `raw` is left empty.
pub fn parse(
    der: &[u8],
    attributes: &[Attribute],
    limits: &Limits,
) -> Result<EnrollmentRequest, RequestError> {
    let request = CertificationRequest::parse(der).map_err(RequestError::structure("PKCS#10"))?;
    let request = Pkcs10::read(request, Contents::default(), limits)?;
    if request.contents.old_certificate.is_some() {
        return Err(RequestError::BareRenewal);
    }
    let sha1 = request.verify()? == Some(Hash::Sha1);
    let request = request.into_request(RequestFormat::Pkcs10, attributes)?;
    Ok(EnrollmentRequest { sha1_proof: sha1, ..request })
}

/// A PKCS#10 within the limits.
pub struct Pkcs10<'a> {
    request: CertificationRequest<'a>,
    /// What its attributes, and those around it, say.
    pub contents: Contents,
    key: PublicKey<'a>,
    subject: Subject,
}

/// Who is to be certified, and for which key.
struct Subject {
    attributes: Vec<NameAttribute>,
    alt_names: Vec<GeneralName>,
    public_key: PublicKeyInfo,
}

impl<'a> Pkcs10<'a> {
    /// Takes in the request, next to what has been read around it. Nothing is verified.
    pub fn read(
        request: CertificationRequest<'a>,
        mut contents: Contents,
        limits: &Limits,
    ) -> Result<Self, RequestError> {
        contents.add(&request.attributes, Carrier::Pkcs10, limits)?;
        let name = Name::from_der(request.subject).map_err(RequestError::Subject)?;
        let attributes = name.into_attributes();
        within("attributes in its subject", attributes.len(), limits.subject_attributes)?;
        let alt_names = subject_alt_names(&contents.extensions, limits)?;
        let (key, public_key) = certifiable(&request.public_key, limits)?;
        let subject = Subject { attributes, alt_names, public_key };
        Ok(Self { request, contents, key, subject })
    }

    /// The request's own signature: its hash, where it leaves a choice.
    pub fn verify(&self) -> Result<Option<Hash>, SignatureError> {
        let CertificationRequest { signature_algorithm, info, signature, .. } = &self.request;
        Ok(verify_signature(&self.key, signature_algorithm, info, signature)?.hash())
    }

    /// The hash of a null signature ([MS-WCCE] 2.2.2.6.5), which proves nothing, where it is one.
    /// The specification has the signature checked first; no algorithm is both.
    pub fn null_signature(&self) -> Option<Result<(), SignatureError>> {
        let hash = Hash::from_oid(&self.request.signature_algorithm.oid)?;
        let digest = hash.digest(self.request.info);
        let equal = verify_slices_are_equal(self.request.signature, digest.as_ref());
        Some(equal.map_err(|_| SignatureError::Invalid))
    }

    /// The request, but for what is around the PKCS#10; `attributes` are those of the attributes
    /// string.
    pub fn into_request(
        self,
        format: RequestFormat,
        attributes: &[Attribute],
    ) -> Result<EnrollmentRequest, RequestError> {
        let on_behalf_of = self.contents.on_behalf_of()?;
        let attributes = [attributes, &self.contents.attributes].concat();
        let template_hints = template_hints(&self.contents.extensions, &attributes)?;
        Ok(EnrollmentRequest {
            format,
            raw: Vec::new(),
            subject: self.request.subject.to_vec(),
            subject_attributes: self.subject.attributes,
            public_key: self.subject.public_key,
            subject_alt_names: self.subject.alt_names,
            extensions: self.contents.extensions,
            attributes,
            template_hints,
            client_info: self.contents.client_info,
            sha1_proof: false,
            on_behalf_of,
            signers: Vec::new(),
            renewal: None,
            certificates: Vec::new(),
            archives_key: false,
        })
    }
}

/// A key, if it is of a kind and length that is certified.
pub fn certifiable<'a>(
    key: &SubjectPublicKeyInfo<'a>,
    limits: &Limits,
) -> Result<(PublicKey<'a>, PublicKeyInfo), RequestError> {
    let public = key.public_key().map_err(RequestError::Key)?;
    check_rsa(&public, limits)?;
    Ok((public, key.to_info().map_err(RequestError::Key)?))
}

/// The RSA keys that are taken; curves are checked when the key is decoded.
pub fn check_rsa(key: &PublicKey<'_>, limits: &Limits) -> Result<(), RequestError> {
    let PublicKey::Rsa { exponent, .. } = key else { return Ok(()) };
    let bits = key.kind().bits();
    if !limits.rsa_bits.contains(&bits) {
        return Err(RequestError::KeyLength { bits, allowed: limits.rsa_bits.clone() });
    }
    let odd = exponent.last().is_some_and(|last| last & 1 == 1);
    if !odd || *exponent == [1] || exponent.len() > 4 {
        return Err(RequestError::KeyExponent);
    }
    Ok(())
}
