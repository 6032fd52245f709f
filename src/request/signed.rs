//! CMS messages with a request inside ([MS-WCCE] 3.2.1.4.2.1.4, 3.2.2.6.2.1.2): read from the
//! outside in, verified from the inside out.

use crate::asn1::cms::SignedData;
use crate::asn1::{Asn1Error, Certificate, CertificationRequest, Hash, check_structure, oids};
use crate::model::{Attribute, EnrollmentRequest, Renewal, RequestFormat, RequestSigner};

use super::cmc::{self, Body};
use super::contents::{Contents, pairs, within};
use super::pkcs10::Pkcs10;
use super::signers::{self, Known, Signature};
use super::{Limits, RequestError, archival, format};

/// Parses and verifies the SignedData that fills `der`. `raw` is left empty.
pub fn parse(
    der: &[u8],
    format: RequestFormat,
    attributes: &[Attribute],
    limits: &Limits,
) -> Result<EnrollmentRequest, RequestError> {
    let mut reading = Reading { format, attributes, limits, signers: 0, certificates: 0 };
    let Opened { mut request, proof, old_certificate, .. } =
        reading.layer(der, Contents::default(), 1)?;
    request.sha1_proof = proof.ok_or(RequestError::NoProof)?;
    if old_certificate.is_some() && request.renewal.is_none() {
        return Err(RequestError::RenewalSigner);
    }
    Ok(request)
}

/// What is the same in every layer, and what is counted over all of them.
struct Reading<'a> {
    format: RequestFormat,
    attributes: &'a [Attribute],
    limits: &'a Limits,
    signers: usize,
    certificates: usize,
}

/// What has been verified of a request so far.
struct Opened {
    request: EnrollmentRequest,
    /// Whether possession of the key is proved, and whether SHA-1 has a part in it.
    proof: Option<bool>,
    /// Hash of the PKCS#10's signature.
    hash: Option<Hash>,
    old_certificate: Option<OldCertificate>,
    encrypted_key_hash: Option<Vec<u8>>,
}

/// The certificate to be renewed.
struct OldCertificate {
    der: Vec<u8>,
    spki: Vec<u8>,
}

impl Reading<'_> {
    fn layer(
        &mut self,
        der: &[u8],
        mut contents: Contents,
        depth: usize,
    ) -> Result<Opened, RequestError> {
        within("messages inside each other", depth, self.limits.layers)?;
        let message = SignedData::parse(der).map_err(RequestError::structure("CMS message"))?;
        self.count(&message)?;
        let content = message.content.ok_or(RequestError::Content(Asn1Error::Truncated))?;
        if message.content_type == oids::CMS_DATA {
            read_signed_pairs(&message, &mut contents, self.limits)?;
            let opened = self.pkcs10(content, contents, &message)?;
            return self.verify(&message, opened, depth);
        }
        if message.content_type != oids::CMC_PKI_DATA {
            return Err(RequestError::ContentType(message.content_type));
        }
        let broken = RequestError::structure("CMC request");
        let data = format::normalised(content, self.limits).map_err(broken)?;
        let opened = match cmc::read(&data, &mut contents, self.limits)? {
            Body::Pkcs10(der) => self.pkcs10(der, contents, &message)?,
            Body::Message(der) => self.layer(der, contents, depth.saturating_add(1))?,
        };
        self.verify(&message, opened, depth)
    }

    /// Checks counts, before anything is verified.
    fn count(&mut self, message: &SignedData<'_>) -> Result<(), RequestError> {
        if message.signers.is_empty() {
            return Err(RequestError::NoSigner);
        }
        self.signers = self.signers.saturating_add(message.signers.len());
        within("signatures", self.signers, self.limits.signers)?;
        self.certificates = self.certificates.saturating_add(message.certificates.len());
        within("certificates", self.certificates, self.limits.certificates)?;
        signers::count(message, self.limits)
    }

    /// The PKCS#10 in the middle, and its own signature, which may be a null signature.
    fn pkcs10(
        &self,
        der: &[u8],
        contents: Contents,
        message: &SignedData<'_>,
    ) -> Result<Opened, RequestError> {
        check_structure(der, self.limits.values).map_err(RequestError::Content)?;
        let request = CertificationRequest::parse(der).map_err(RequestError::Content)?;
        let mut request = Pkcs10::read(request, contents, self.limits)?;
        let old_certificate = request.contents.old_certificate.take();
        let old_certificate = old_certificate.map(|der| old(der, message)).transpose()?;
        let encrypted_key_hash = request.contents.encrypted_key_hash.take();
        let (proof, hash) = match request.null_signature() {
            Some(checked) => {
                checked?;
                (None, None)
            }
            None => {
                let hash = request.verify()?;
                (Some(hash == Some(Hash::Sha1)), hash)
            }
        };
        let request = request.into_request(self.format, self.attributes)?;
        Ok(Opened { request, proof, hash, old_certificate, encrypted_key_hash })
    }

    /// Verifies the layer's signatures over what has been opened, and says whose they are.
    fn verify(
        &self,
        message: &SignedData<'_>,
        mut opened: Opened,
        depth: usize,
    ) -> Result<Opened, RequestError> {
        self.check_archival(message, &mut opened, depth)?;
        let spki = opened.request.public_key.spki.clone();
        let key_id = opened.request.public_key.key_id;
        let old = opened.old_certificate.take();
        let old_der = old.as_ref().map(|old| &*old.der);
        let known = Known { spki: &spki, key_id: &key_id, old_certificate: old_der };
        let signatures = signers::verify(message, &known, self.limits)?;
        // A null-signed PKCS#10 relies on the message around it.
        let first = signatures.iter().find(|one| one.number == 0 && one.spki == spki);
        opened.proof = opened.proof.or(first.map(|one| one.sha1));
        let on_behalf_of = opened.request.on_behalf_of.clone();
        for signature in &signatures {
            let agent = role(signature, old.as_ref(), &mut opened.request, depth)?;
            let by_signer = agent && message.content_type == oids::CMS_DATA;
            check_name(signature, on_behalf_of.as_deref(), by_signer)?;
        }
        let mut certificates: Vec<_> =
            message.certificates.iter().map(|der| der.to_vec()).collect();
        certificates.append(&mut opened.request.certificates);
        opened.request.certificates = certificates;
        opened.old_certificate = old;
        Ok(opened)
    }

    fn check_archival(
        &self,
        message: &SignedData<'_>,
        opened: &mut Opened,
        depth: usize,
    ) -> Result<(), RequestError> {
        let key = archival::archived_key(message)?;
        if depth > 1 {
            return match key {
                None => Ok(()),
                Some(_) => Err(RequestError::Archival("it must be in the outermost message")),
            };
        }
        let first = message.signers.first().and_then(|first| Hash::from_oid(&first.digest.oid));
        let hashes: Vec<_> = opened.hash.into_iter().chain(first).collect();
        let hash = opened.encrypted_key_hash.as_deref();
        opened.request.archives_key = archival::check(key, hash, &hashes, self.format)?;
        Ok(())
    }
}

/// Notes whose signature it is; whether it is an agent's.
fn role(
    signature: &Signature<'_>,
    old: Option<&OldCertificate>,
    request: &mut EnrollmentRequest,
    depth: usize,
) -> Result<bool, RequestError> {
    if let Some(old) = old.filter(|old| old.spki == signature.spki) {
        let sha1 = request.renewal.as_ref().is_none_or(|renewal| renewal.sha1);
        let (old_certificate, sha1) = (old.der.clone(), sha1 && signature.sha1);
        request.renewal = Some(Renewal { old_certificate, sha1 });
        return Ok(false);
    }
    let Some(certificate) = signature.certificate else { return Ok(false) };
    if signature.spki == request.public_key.spki {
        return Ok(false);
    }
    if depth > 1 {
        return Err(RequestError::InnerSigner);
    }
    let same_key = |other: &RequestSigner| {
        let other = Certificate::parse(&other.certificate);
        other.is_ok_and(|other| other.public_key.raw == signature.spki)
    };
    if request.signers.iter().any(same_key) {
        return Err(RequestError::SameSigner);
    }
    let (certificate, sha1) = (certificate.to_vec(), signature.sha1);
    request.signers.push(RequestSigner { certificate, sha1 });
    Ok(true)
}

/// The certificate to be renewed, which must come along with the message ([MS-WCCE]
/// 3.2.1.4.2.1.4.2.1).
fn old(der: Vec<u8>, message: &SignedData<'_>) -> Result<OldCertificate, RequestError> {
    if !message.certificates.contains(&&*der) {
        return Err(RequestError::RenewalCertificate);
    }
    let certificate = Certificate::parse(&der).map_err(|_| RequestError::RenewalAttribute)?;
    let spki = certificate.public_key.raw.to_vec();
    Ok(OldCertificate { der, spki })
}

/// The name-value pairs that the first signer of a CMS message with a PKCS#10 signs; they count
/// once its signature has been verified.
fn read_signed_pairs(
    message: &SignedData<'_>,
    contents: &mut Contents,
    limits: &Limits,
) -> Result<(), RequestError> {
    let Some(first) = message.signers.first() else { return Ok(()) };
    let attributes = first.attributes().map_err(RequestError::structure("signed attributes"))?;
    let attributes =
        attributes.iter().filter(|attribute| attribute.oid == oids::ENROLLMENT_NAME_VALUE_PAIR);
    for attribute in attributes {
        contents.add_signed_pairs(pairs(attribute)?, limits)?;
    }
    Ok(())
}

/// Checks that a signer says no other RequesterName than the request does; and, where the name
/// stands `by_signer`, with each signer and not in the content, that this one says it.
fn check_name(
    signature: &Signature<'_>,
    on_behalf_of: Option<&str>,
    by_signer: bool,
) -> Result<(), RequestError> {
    let agrees = match (&signature.requester_name, on_behalf_of) {
        (None, None) => true,
        (None, Some(_)) => !by_signer,
        (Some(_), None) => false,
        (Some(said), Some(name)) => said.eq_ignore_ascii_case(name),
    };
    if agrees { Ok(()) } else { Err(RequestError::RequesterName) }
}
