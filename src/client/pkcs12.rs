//! PKCS#12: a private key with its certificates in one file.

use picky::key::PrivateKey;
use picky::pkcs12::{
    Pbes2Cipher, Pbes2Encryption, Pfx, Pkcs12Attribute, Pkcs12CryptoContext, Pkcs12Encryption,
    Pkcs12HashAlgorithm, Pkcs12MacAlgorithmHmac, Pkcs12ParsingParams, SafeBag, SafeBagKind,
    SafeContents, SafeContentsKind,
};
use picky::x509::Cert;
use picky_asn1_x509::pkcs12::{CertificateBag, SafeBagKind as RawBag};
use zeroize::Zeroizing;

/// Rounds of the key derivations. (Windows writes 2,000, OpenSSL 2,048: once that was much.)
const ITERATIONS: u32 = 10_000;

/// Nesting of bags that is followed.
const MAX_DEPTH: usize = 4;

/// What a PKCS#12 file holds.
pub struct Contents {
    /// The private key as PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
    /// DER of the certificates, in order.
    pub certificates: Vec<Vec<u8>>,
}

/// Why a PKCS#12 file cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs12Error {
    /// The library's reason.
    #[error("PKCS#12: {0} (wrong password?)")]
    Read(picky::pkcs12::Pkcs12Error),
    /// The same, when writing.
    #[error("PKCS#12: {0}")]
    Write(#[from] picky::pkcs12::Pkcs12Error),
    /// The private key, or a certificate.
    #[error("PKCS#12: {0}")]
    Content(String),
    /// A file without a key.
    #[error("PKCS#12: no private key in it")]
    NoKey,
}

/// Reads a file: its first private key, and all certificates.
///
/// # Errors
/// Where the password is wrong, the form is not known, or no key is there.
pub fn read(der: &[u8], password: &str) -> Result<Contents, Pkcs12Error> {
    let context = Pkcs12CryptoContext::new_with_password(password).map_err(Pkcs12Error::Read)?;
    let parameters = Pkcs12ParsingParams::default();
    let pfx = Pfx::from_der(der, &context, &parameters).map_err(Pkcs12Error::Read)?;
    let (mut key, mut certificates) = (None, Vec::new());
    for contents in pfx.safe_contents() {
        match contents.kind() {
            SafeContentsKind::SafeBags(bags)
            | SafeContentsKind::EncryptedSafeBags { safe_bags: bags, .. } => {
                collect(bags, &mut key, &mut certificates, 0)?;
            }
            SafeContentsKind::Unknown => {}
        }
    }
    Ok(Contents { key: key.ok_or(Pkcs12Error::NoKey)?, certificates })
}

fn collect(
    bags: &[SafeBag],
    key: &mut Option<Zeroizing<Vec<u8>>>,
    certificates: &mut Vec<Vec<u8>>,
    depth: usize,
) -> Result<(), Pkcs12Error> {
    for bag in bags {
        match (bag.kind(), &bag.inner().kind) {
            (
                SafeBagKind::PrivateKey(found)
                | SafeBagKind::EncryptedPrivateKey { key: found, .. },
                _,
            ) if key.is_none() => *key = Some(to_pkcs8(found)?),
            (_, RawBag::Certificate(CertificateBag::X509(der))) => {
                certificates.push(der.0.clone());
            }
            (SafeBagKind::Nested(inner), _) if depth < MAX_DEPTH => {
                collect(inner, key, certificates, depth.saturating_add(1))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn to_pkcs8(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
    let pkcs8 = key.to_pkcs8().map_err(|error| Pkcs12Error::Content(error.to_string()))?;
    Ok(Zeroizing::new(pkcs8))
}

/// Makes a file of a private key (PKCS#8), its certificate and the certificates above it: AES-256
/// with PBKDF2 and HMAC-SHA-256 around both, HMAC-SHA-256 over all, which Windows 10 1709, Windows
/// Server 2019 and OpenSSL 1.1 read, and all later ones.
///
/// # Errors
/// Where the key or a certificate is of a form that the library does not know.
pub fn write(
    pkcs8: &[u8],
    certificates: &[&[u8]],
    key_id: &[u8; 20],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
    let content = |error: &dyn std::fmt::Display| Pkcs12Error::Content(error.to_string());
    let mut context = Pkcs12CryptoContext::new_with_password(password)?;
    let key = PrivateKey::from_pkcs8(pkcs8).map_err(|error| content(&error))?;
    // The identifier says which certificate is the key's.
    let own = || vec![Pkcs12Attribute::new_local_key_id(key_id.to_vec())];
    let encryption = encryption(&mut context);
    let key = SafeBag::new_encrypted_key(key, own(), encryption, &context)?;
    let mut bags = Vec::new();
    for (number, der) in certificates.iter().enumerate() {
        let certificate = Cert::from_der(der).map_err(|error| content(&error))?;
        let attributes = if number == 0 { own() } else { Vec::new() };
        bags.push(SafeBag::new_certificate(certificate, attributes)?);
    }
    let encryption = self::encryption(&mut context);
    let certificates = SafeContents::new_encrypted(bags, encryption, &context)?;
    let mac = Pkcs12MacAlgorithmHmac::new(Pkcs12HashAlgorithm::Sha256).with_iterations(ITERATIONS);
    let contents = vec![certificates, SafeContents::new(vec![key])];
    Ok(Zeroizing::new(Pfx::new_with_hmac(contents, mac, &mut context)?.to_der()?))
}

fn encryption(context: &mut Pkcs12CryptoContext) -> Pkcs12Encryption {
    let scheme = Pbes2Encryption::new(Pbes2Cipher::Aes256Cbc, Pkcs12HashAlgorithm::Sha256);
    Pkcs12Encryption::new_pbes2(scheme.with_kdf_iterations(ITERATIONS), context)
}

#[cfg(test)]
mod tests;
