//! Certificate and key from files: made at the first start, or given.

use std::path::Path;
use std::time::SystemTime;

use picky::pkcs12::{
    Pfx, Pkcs12CryptoContext, Pkcs12Error, Pkcs12ParsingParams, SafeBag, SafeBagKind,
    SafeContentsKind,
};
use picky_asn1_x509::pkcs12::{CertificateBag, SafeBagKind as RawBag};
use zeroize::Zeroizing;

use super::certificate::{CaCertificate, chain_of};
use super::config::{CaConfig, ExistingCa, StateFolder};
use super::error::CaError;
use super::files::{self, write_atomically};
use super::signer::{KeyEncoding, KeyError, RsaHash, SoftwareSigner};
use crate::asn1::pem;

/// A certificate with its key, and the certificates of the CAs above it.
pub struct Identity {
    /// The CA certificate.
    pub certificate: CaCertificate,
    /// DER of the certificates above it, up to the root.
    pub chain: Vec<Vec<u8>>,
    /// The key.
    pub signer: SoftwareSigner,
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
    identify(signer, &certificates, now).map(Some)
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
    Ok(Identity { certificate, chain: Vec::new(), signer })
}

/// Finds the certificate of the key among those given; the others are its chain.
fn identify(
    signer: SoftwareSigner,
    certificates: &[Vec<u8>],
    now: SystemTime,
) -> Result<Identity, CaError> {
    let mut failure = CaError::KeyMismatch;
    for der in certificates {
        match CaCertificate::check(der, &signer, now) {
            Ok(certificate) => {
                let chain = chain_of(der, certificates)?;
                return Ok(Identity { certificate, chain, signer });
            }
            // The others are not expected to be of this key; what is wrong with the one that
            // is says more.
            Err(CaError::KeyMismatch) => {}
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

type KeyAndCertificates = (SoftwareSigner, Vec<Vec<u8>>);

fn read_pem(certificates: &Path, key: &Path, hash: RsaHash) -> Result<KeyAndCertificates, CaError> {
    let found = blocks(certificates, &files::read(certificates)?)?;
    let found: Vec<Vec<u8>> = found
        .iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| block.der.to_vec())
        .collect();
    if found.is_empty() {
        return Err(form(certificates, "no PEM block CERTIFICATE in it"));
    }
    Ok((read_key(key, hash)?, found))
}

fn read_key(path: &Path, hash: RsaHash) -> Result<SoftwareSigner, CaError> {
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
