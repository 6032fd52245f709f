//! The life of the CA's own certificate: requests to a CA above and certificates from there,
//! renewal with the same key or a new one, and certificates by which keys vouch for each other.
//!
//! All of it works on files of the state folder, while the server is stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::certificate::{CaCertificate, own_extensions};
use super::config::{CaConfig, Generation, StateFolder};
use super::error::CaError;
use super::extensions::{ca_version, previous_certificate_hash};
use super::files::{self, create_private_folder, write_atomically};
use super::issue::CertificateAuthority;
use super::load::{identify, read_key};
use super::signer::{SignatureAlgorithm, Signer, SoftwareSigner};
use super::tbs::{CertificateFields, random_serial, with_signature};
use crate::asn1::cms::SignedData;
use crate::asn1::extensions::{
    authority_key_identifier, decode_basic_constraints, find, template_name,
};
use crate::asn1::{
    Certificate, Name, RequestBuilder, SignatureScheme, SubjectPublicKeyInfo, oids, pem,
};
use crate::model::Extension;

/// Which key a renewed CA certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RenewalKey {
    /// The one that the CA has.
    Same,
    /// A new one.
    New,
}

/// The template that Windows' CAs name in requests for CA certificates.
const SUB_CA: &str = "SubCA";

/// Makes a private key and writes it.
fn new_key(config: &CaConfig, path: &Path) -> Result<SoftwareSigner, CaError> {
    let (signer, pkcs8) = SoftwareSigner::generate(config.key, config.rsa_hash)?;
    write_atomically(path, pem::encode("PRIVATE KEY", &pkcs8).as_bytes(), 0o600)?;
    Ok(signer)
}

/// The CA as it is, for a renewal.
fn present(
    config: &CaConfig,
    state: &StateFolder,
    now: SystemTime,
) -> Result<CertificateAuthority, CaError> {
    CertificateAuthority::load(config, state, now)?.ok_or(CaError::NoCa)
}

fn following(generation: Generation, key: RenewalKey) -> Result<Generation, CaError> {
    generation.next(key == RenewalKey::New).ok_or(CaError::TooManyRenewals)
}

/// The key of a certificate to come must not be there already: a certificate for the same key would
/// be taken for one of that.
fn refuse_pending(state: &StateFolder, next: Generation) -> Result<(), CaError> {
    let path = state.renewed_key(next.certificate);
    if files::is_there(&path)? { Err(CaError::PendingKey(path)) } else { Ok(()) }
}

/// Makes a PKCS#10 for a CA above. Without `renewal` the CA must not exist yet: its key is made, or
/// the one that an earlier request left is used again. With it, the request is for the CA's next
/// certificate, names the one that it has by its hash, and is for its key or a new one.
///
/// # Errors
/// Where there is a CA already, or none to renew, or a file cannot be written.
pub fn request(
    config: &CaConfig,
    state: &StateFolder,
    renewal: Option<RenewalKey>,
    now: SystemTime,
) -> Result<Vec<u8>, CaError> {
    create_private_folder(state.path())?;
    let Some(key) = renewal else {
        if config.existing.is_some() || files::is_there(&state.certificate())? {
            return Err(CaError::HasCertificate);
        }
        let path = state.key();
        let signer = match files::is_there(&path)? {
            true => read_key(&path, config.rsa_hash)?,
            false => new_key(config, &path)?,
        };
        let (subject, length) = (Name::parse(&config.subject)?, Some(config.path_length));
        return encode_request(&signer, subject, length, vec![ca_version(0)]);
    };
    let ca = present(config, state, now)?;
    if ca.certificate().is_root() {
        return Err(CaError::IsRoot);
    }
    let next = following(ca.generation(), key)?;
    let further =
        vec![ca_version(next.version()), previous_certificate_hash(&ca.certificate().der)];
    let subject = Name::from_der(&ca.certificate().subject)?;
    let length = ca.certificate().path_length;
    match key {
        RenewalKey::Same => {
            refuse_pending(state, next)?;
            encode_request(ca.signer(), subject, length, further)
        }
        RenewalKey::New => {
            let path = state.renewed_key(next.certificate);
            let signer = match files::is_there(&path)? {
                true => read_key(&path, config.rsa_hash)?,
                false => new_key(config, &path)?,
            };
            encode_request(&signer, subject, length, further)
        }
    }
}

fn encode_request(
    signer: &dyn Signer,
    subject: Name,
    path_length: Option<u32>,
    further: Vec<Extension>,
) -> Result<Vec<u8>, CaError> {
    let key_id = SubjectPublicKeyInfo::parse(signer.public_key())?.key_id();
    let mut extensions = own_extensions(&key_id, path_length);
    extensions.push(template_name(SUB_CA));
    extensions.extend(further);
    let builder = RequestBuilder { subject, extensions, ..RequestBuilder::default() };
    let hash = signer.algorithm().hash();
    let scheme = match signer.algorithm() {
        SignatureAlgorithm::RsaSha256
        | SignatureAlgorithm::RsaSha384
        | SignatureAlgorithm::RsaSha512 => SignatureScheme::RsaPkcs1(hash),
        _ => SignatureScheme::Ecdsa(hash),
    };
    Ok(builder.encode(signer.public_key(), scheme, |info| signer.sign(info))?)
}

/// Takes the certificate that a CA above has issued, with those above it: PEM, DER, or PKCS#7.
/// It must be of the key of the last request, of a CA, valid now, and its chain whole; a renewed
/// CA keeps its name. Returns the file that it is in now.
///
/// # Errors
/// What is wrong with it; nothing is changed then.
pub fn install(
    config: &CaConfig,
    state: &StateFolder,
    certificates: &[u8],
    now: SystemTime,
) -> Result<PathBuf, CaError> {
    let certificates = read_certificates(certificates)?;
    let before = match files::is_there(&state.certificate())? || config.existing.is_some() {
        true => Some(present(config, state, now)?),
        false => None,
    };
    let Some(ca) = before else {
        let signer = Arc::new(read_key(&state.key(), config.rsa_hash)?);
        return put(state, signer, &certificates, Generation::default(), now);
    };
    // For a new key where there is one that waits for its certificate, else for the same.
    let next = following(ca.generation(), RenewalKey::New)?;
    let key = state.renewed_key(next.certificate);
    let subject = ca.certificate().subject.as_slice();
    let named = |der: &Vec<u8>| Certificate::parse(der).is_ok_and(|c| c.subject == subject);
    if !certificates.iter().any(named) {
        return Err(CaError::AnotherName);
    }
    match files::is_there(&key)? {
        true => {
            let signer = Arc::new(read_key(&key, config.rsa_hash)?);
            put(state, signer, &certificates, next, now)
        }
        false => {
            let next = following(ca.generation(), RenewalKey::Same)?;
            put(state, ca.signer_arc(), &certificates, next, now)
        }
    }
}

fn put(
    state: &StateFolder,
    signer: Arc<dyn Signer>,
    certificates: &[Vec<u8>],
    generation: Generation,
    now: SystemTime,
) -> Result<PathBuf, CaError> {
    let (certificate, chain) = identify(&*signer, certificates, now)?;
    check_issuers(&chain)?;
    let own = [certificate.der];
    let text: String =
        own.iter().chain(&chain).map(|der| pem::encode("CERTIFICATE", der).to_string()).collect();
    let path = state.renewed_certificate(generation.certificate);
    write_atomically(&path, text.as_bytes(), 0o644)?;
    Ok(path)
}

/// The CAs above may have a CA below them: they are CAs, and allow as many as there are.
fn check_issuers(chain: &[Vec<u8>]) -> Result<(), CaError> {
    for (below, der) in chain.iter().enumerate() {
        let issuer = Certificate::parse(der)?;
        let constraints = find(&issuer.extensions, &oids::BASIC_CONSTRAINTS);
        let constraints = constraints.ok_or(CaError::ChainOfNoCa)?;
        let constraints = decode_basic_constraints(&constraints.value)?;
        // The CA itself counts: it is what stands below the first.
        let cas_below = u32::try_from(below).unwrap_or(u32::MAX).saturating_add(1);
        if !constraints.ca || constraints.path_length.is_some_and(|most| most < cas_below) {
            return Err(CaError::ChainOfNoCa);
        }
    }
    Ok(())
}

/// The certificates in what a CA above sent.
fn read_certificates(content: &[u8]) -> Result<Vec<Vec<u8>>, CaError> {
    let ders: Vec<Vec<u8>> = match content.first() {
        Some(0x30) => vec![content.to_vec()],
        _ => pem::decode(content).unwrap_or_default().iter().map(|b| b.der.to_vec()).collect(),
    };
    let mut certificates = Vec::new();
    for der in ders {
        match Certificate::parse(&der) {
            Ok(_) => certificates.push(der),
            Err(error) => {
                let message = SignedData::parse(&der).map_err(|_| error)?;
                certificates.extend(message.certificates.iter().map(|der| der.to_vec()));
            }
        }
    }
    Ok(certificates)
}

/// Makes a root's next certificate, for its key or a new one. A new key and the one before vouch
/// for each other by cross certificates, so that whoever trusts one believes what the other signs.
/// Returns the files that were made.
///
/// # Errors
/// Where there is no CA or it is no root, or a file cannot be written.
pub fn renew_root(
    config: &CaConfig,
    state: &StateFolder,
    key: RenewalKey,
    now: SystemTime,
) -> Result<Vec<PathBuf>, CaError> {
    let ca = present(config, state, now)?;
    let old = ca.certificate();
    if !old.is_root() {
        return Err(CaError::IsSubordinate);
    }
    let next = following(ca.generation(), key)?;
    refuse_pending(state, next)?;
    let mut written = Vec::new();
    let new_signer = match key {
        RenewalKey::Same => None,
        RenewalKey::New => {
            let path = state.renewed_key(next.certificate);
            let signer = new_key(config, &path)?;
            written.push(path);
            Some(signer)
        }
    };
    let signer: &dyn Signer = match &new_signer {
        Some(new_signer) => new_signer,
        None => ca.signer(),
    };
    let further = vec![ca_version(next.version()), previous_certificate_hash(&old.der)];
    let (subject, length) = (&old.subject, old.path_length);
    let new = CaCertificate::renewed(config, signer, subject, length, further, now)?;
    if let Some(new_signer) = &new_signer {
        let old_side = Side { signer: ca.signer(), certificate: old, generation: ca.generation() };
        let new_side = Side { signer: new_signer, certificate: &new, generation: next };
        for (by, of) in [(&old_side, &new_side), (&new_side, &old_side)] {
            let path = state.cross_certificate(by.generation.key, of.generation.key);
            let text = pem::encode("CERTIFICATE", &vouch(by, of)?);
            write_atomically(&path, text.as_bytes(), 0o644)?;
            written.push(path);
        }
    }
    // Last: from now on it is the CA's certificate.
    let path = state.renewed_certificate(next.certificate);
    write_atomically(&path, pem::encode("CERTIFICATE", &new.der).as_bytes(), 0o644)?;
    written.push(path);
    Ok(written)
}

/// One of two keys that vouch for each other.
struct Side<'a> {
    signer: &'a dyn Signer,
    certificate: &'a CaCertificate,
    generation: Generation,
}

/// A certificate of the key `of`, signed by `by`: valid while both are.
fn vouch(by: &Side<'_>, of: &Side<'_>) -> Result<Vec<u8>, CaError> {
    let key_id = &of.certificate.key_id;
    let mut extensions = own_extensions(key_id, of.certificate.path_length);
    extensions.push(ca_version(of.generation.version()));
    extensions.push(authority_key_identifier(&by.certificate.key_id));
    let fields = CertificateFields {
        serial: &random_serial()?,
        algorithm: by.signer.algorithm(),
        issuer: &by.certificate.subject,
        not_before: by.certificate.not_before.max(of.certificate.not_before),
        not_after: by.certificate.not_after.min(of.certificate.not_after),
        subject: &of.certificate.subject,
        public_key: of.signer.public_key(),
        extensions: &extensions,
    };
    let tbs = fields.encode()?;
    Ok(with_signature(&tbs, by.signer.algorithm(), &by.signer.sign(&tbs)?))
}

#[cfg(test)]
mod tests;
