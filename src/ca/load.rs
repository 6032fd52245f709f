//! Certificate and key from files: made at the first start, or given.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use picky::pkcs12::{
    Pfx, Pkcs12CryptoContext, Pkcs12Error, Pkcs12ParsingParams, SafeBag, SafeBagKind,
    SafeContentsKind,
};
use picky_asn1_x509::pkcs12::{CertificateBag, SafeBagKind as RawBag};
use zeroize::Zeroizing;

use super::certificate::{CaCertificate, chain_of};
use super::config::{CaConfig, ExistingCa, Generation, StateFolder};
use super::error::CaError;
use super::files::{self, write_atomically};
use super::signer::{KeyEncoding, KeyError, RsaHash, Signer, SoftwareSigner};
use crate::asn1::pem;

/// A certificate with its key, and the certificates of the CAs above it.
pub struct Identity {
    /// The CA certificate.
    pub certificate: CaCertificate,
    /// DER of the certificates above it, up to the root.
    pub chain: Vec<Vec<u8>>,
    /// The key.
    pub signer: Arc<SoftwareSigner>,
    /// Which of the CA's certificates and keys they are.
    pub generation: Generation,
}

/// A certificate by which one key of a CA vouches for another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrossCertificate {
    /// Number of the key that signed it.
    pub by: u16,
    /// Number of the key that it is about.
    pub of: u16,
    /// DER.
    pub der: Vec<u8>,
}

/// Loads the configured certificate and key, or those of an earlier start; `None` where there
/// are none yet.
pub fn load(
    config: &CaConfig,
    state: &StateFolder,
    now: SystemTime,
) -> Result<Option<Identity>, CaError> {
    let found = match &config.existing {
        Some(ExistingCa::Pem { certificates, key }) => {
            read_pem(certificates, key, config.rsa_hash)?
        }
        Some(ExistingCa::Pkcs12 { file, password_file }) => {
            read_pkcs12(file, password_file, config.rsa_hash)?
        }
        None => {
            let (certificate, key) = (state.certificate(), state.key());
            match (files::is_there(&certificate)?, files::is_there(&key)?) {
                (true, true) => read_pem(&certificate, &key, config.rsa_hash)?,
                (false, false) => return Ok(None),
                (true, false) => return Err(CaError::Half { present: certificate, missing: key }),
                (false, true) => return Err(CaError::Half { present: key, missing: certificate }),
            }
        }
    };
    let (signer, certificates) = found;
    let identity = Identity::of(Arc::new(signer), &certificates, Generation::default(), now);
    match identity {
        // One that is over may have been renewed.
        Err(CaError::NotValidNow) if files::is_there(&state.renewed_certificate(1))? => {
            let signer = read_signer(config, state)?;
            let later = next_renewal(Arc::new(signer), Generation::default(), config, state, now)?;
            later.map(Some).ok_or(CaError::NotValidNow)
        }
        identity => identity.map(Some),
    }
}

/// The signer of the first certificate.
fn read_signer(config: &CaConfig, state: &StateFolder) -> Result<SoftwareSigner, CaError> {
    Ok(match &config.existing {
        Some(ExistingCa::Pem { certificates, key }) => {
            read_pem(certificates, key, config.rsa_hash)?
        }
        Some(ExistingCa::Pkcs12 { file, password_file }) => {
            read_pkcs12(file, password_file, config.rsa_hash)?
        }
        None => read_pem(&state.certificate(), &state.key(), config.rsa_hash)?,
    }
    .0)
}

/// All of a CA's certificates that are valid, the first one first; each renewal in a file of its
/// own.
pub fn renewals(
    first: Identity,
    config: &CaConfig,
    state: &StateFolder,
    now: SystemTime,
) -> Result<Vec<Identity>, CaError> {
    let (mut signer, mut generation) = (Arc::clone(&first.signer), first.generation);
    let mut all = vec![first];
    while let Some(identity) = next_renewal(Arc::clone(&signer), generation, config, state, now)? {
        (signer, generation) = (Arc::clone(&identity.signer), identity.generation);
        all.push(identity);
    }
    Ok(all)
}

/// The next renewal that is valid; those that are over are passed by.
fn next_renewal(
    mut signer: Arc<SoftwareSigner>,
    mut generation: Generation,
    config: &CaConfig,
    state: &StateFolder,
    now: SystemTime,
) -> Result<Option<Identity>, CaError> {
    loop {
        let Some(same_key) = generation.next(false) else { return Ok(None) };
        let path = state.renewed_certificate(same_key.certificate);
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let key = state.renewed_key(same_key.certificate);
        let new_key = files::is_there(&key)?;
        if new_key {
            signer = Arc::new(read_key(&key, config.rsa_hash)?);
        }
        generation = generation.next(new_key).unwrap_or(same_key);
        let certificates = certificates_of(&path, &text)?;
        match Identity::of(Arc::clone(&signer), &certificates, generation, now) {
            Err(CaError::NotValidNow) => {}
            identity => return identity.map(Some),
        }
    }
}

/// The certificates by which keys vouch for each other.
pub fn cross_certificates(
    state: &StateFolder,
    current: Generation,
) -> Result<Vec<CrossCertificate>, CaError> {
    let mut all = Vec::new();
    for key in 1..=current.key {
        for before in 0..key {
            for (by, of) in [(before, key), (key, before)] {
                let path = state.cross_certificate(by, of);
                let Some(text) = files::read_if_there(&path)? else { continue };
                let ders = certificates_of(&path, &text)?;
                all.extend(ders.into_iter().map(|der| CrossCertificate { by, of, der }));
            }
        }
    }
    Ok(all)
}

/// Makes key and self-signed certificate, and writes both into the state folder.
pub fn create(
    config: &CaConfig,
    state: &StateFolder,
    now: SystemTime,
) -> Result<Identity, CaError> {
    let (signer, pkcs8) = SoftwareSigner::generate(config.key, config.rsa_hash)?;
    let certificate = CaCertificate::self_signed(config, &signer, now)?;
    // A crash between the two leaves a key without certificate, which `load` explains.
    write_atomically(&state.key(), pem::encode("PRIVATE KEY", &pkcs8).as_bytes(), 0o600)?;
    let text = pem::encode("CERTIFICATE", &certificate.der);
    write_atomically(&state.certificate(), text.as_bytes(), 0o644)?;
    let (signer, generation) = (Arc::new(signer), Generation::default());
    Ok(Identity { certificate, chain: Vec::new(), signer, generation })
}

/// Finds the certificate of the key among those given; the others are its chain.
pub(super) fn identify(
    signer: &dyn Signer,
    certificates: &[Vec<u8>],
    now: SystemTime,
) -> Result<(CaCertificate, Vec<Vec<u8>>), CaError> {
    let mut failure = CaError::KeyMismatch;
    for der in certificates {
        match CaCertificate::check(der, signer, now) {
            Ok(certificate) => return Ok((certificate, chain_of(der, certificates)?)),
            // The others are not expected to be of this key; what is wrong with the one that
            // is says more.
            Err(CaError::KeyMismatch) => {}
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

impl Identity {
    fn of(
        signer: Arc<SoftwareSigner>,
        certificates: &[Vec<u8>],
        generation: Generation,
        now: SystemTime,
    ) -> Result<Self, CaError> {
        let (certificate, chain) = identify(&*signer, certificates, now)?;
        Ok(Self { certificate, chain, signer, generation })
    }
}

type KeyAndCertificates = (SoftwareSigner, Vec<Vec<u8>>);

fn read_pem(certificates: &Path, key: &Path, hash: RsaHash) -> Result<KeyAndCertificates, CaError> {
    let found = certificates_of(certificates, &files::read(certificates)?)?;
    Ok((read_key(key, hash)?, found))
}

/// The certificates of a PEM file.
pub(super) fn certificates_of(path: &Path, text: &[u8]) -> Result<Vec<Vec<u8>>, CaError> {
    let found: Vec<Vec<u8>> = blocks(path, text)?
        .iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| block.der.to_vec())
        .collect();
    match found.is_empty() {
        true => Err(form(path, "no PEM block CERTIFICATE in it")),
        false => Ok(found),
    }
}

pub(super) fn read_key(path: &Path, hash: RsaHash) -> Result<SoftwareSigner, CaError> {
    let blocks = blocks(path, &files::read_secret(path)?)?;
    let key = blocks.iter().find_map(|block| {
        let encoding = match block.label.as_str() {
            "PRIVATE KEY" => KeyEncoding::Pkcs8,
            "RSA PRIVATE KEY" => KeyEncoding::Pkcs1,
            "EC PRIVATE KEY" => KeyEncoding::Sec1,
            _ => return None,
        };
        Some((encoding, &block.der))
    });
    let (encoding, der) = key.ok_or_else(|| {
        form(path, "no PEM block PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY (unencrypted)")
    })?;
    SoftwareSigner::from_der(encoding, der, hash).map_err(|reason| key_file(path, reason))
}

/// The PEM blocks of a file.
pub(super) fn blocks(path: &Path, text: &[u8]) -> Result<Vec<pem::Pem>, CaError> {
    pem::decode(text).ok_or_else(|| form(path, "not PEM, or an encrypted key"))
}

fn read_pkcs12(
    path: &Path,
    password_file: &Path,
    hash: RsaHash,
) -> Result<KeyAndCertificates, CaError> {
    let der = files::read_secret(path)?;
    let password = files::read_secret(password_file)?;
    let password = std::str::from_utf8(&password)
        .map_err(|_| form(password_file, "not UTF-8"))?
        .lines()
        .next()
        .unwrap_or_default();
    let wrong = |error: Pkcs12Error| form(path, &format!("{error} (wrong password?)"));
    let context = Pkcs12CryptoContext::new_with_password(password).map_err(wrong)?;
    let pfx = Pfx::from_der(&der, &context, &Pkcs12ParsingParams::default()).map_err(wrong)?;
    let mut found = Bags::default();
    for contents in pfx.safe_contents() {
        match contents.kind() {
            SafeContentsKind::SafeBags(bags)
            | SafeContentsKind::EncryptedSafeBags { safe_bags: bags, .. } => {
                found.add(bags).map_err(wrong)?;
            }
            SafeContentsKind::Unknown => {}
        }
    }
    let key = found.key.ok_or_else(|| form(path, "no private key in it"))?;
    let signer = SoftwareSigner::from_der(KeyEncoding::Pkcs8, &key, hash)
        .map_err(|reason| key_file(path, reason))?;
    Ok((signer, found.certificates))
}

/// What a PKCS#12 file holds, whatever the nesting.
#[derive(Default)]
struct Bags {
    key: Option<Zeroizing<Vec<u8>>>,
    certificates: Vec<Vec<u8>>,
}

impl Bags {
    fn add(&mut self, bags: &[SafeBag]) -> Result<(), Pkcs12Error> {
        for bag in bags {
            match (bag.kind(), &bag.inner().kind) {
                (
                    SafeBagKind::PrivateKey(key) | SafeBagKind::EncryptedPrivateKey { key, .. },
                    _,
                ) => self.key = Some(Zeroizing::new(key.to_pkcs8()?)),
                (_, RawBag::Certificate(CertificateBag::X509(der))) => {
                    self.certificates.push(der.0.clone());
                }
                (SafeBagKind::Nested(inner), _) => self.add(inner)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file that is not in the form that it should have.
pub(super) fn form(path: &Path, reason: &str) -> CaError {
    CaError::Form { path: path.to_owned(), reason: reason.to_owned() }
}

fn key_file(path: &Path, reason: KeyError) -> CaError {
    CaError::KeyFile { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests;
