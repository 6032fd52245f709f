//! Who signs: the CA's private key behind a trait, so that it can be in software or in a token.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::asn1::{
    AlgorithmIdentifier, Hash, SubjectPublicKeyInfo, Writer, oids, verify_signature,
};
use crate::model::Oid;

/// A private key that can sign certificates and CRLs.
pub trait Signer: Send + Sync {
    /// The algorithm of its signatures.
    fn algorithm(&self) -> SignatureAlgorithm;
    /// DER of the key's SubjectPublicKeyInfo.
    fn public_key(&self) -> &[u8];
    /// Whether a signature takes so little time (well below a millisecond) that a thread of its own
    /// would cost more than it saves. Not so where the key is in a token.
    fn is_quick(&self) -> bool {
        false
    }

    /// Signs `message`; the value of a certificate's signature field.
    ///
    /// # Errors
    /// When the token or the library refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// A signature algorithm that this CA signs with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignatureAlgorithm {
    /// sha256WithRSAEncryption.
    RsaSha256,
    /// sha384WithRSAEncryption.
    RsaSha384,
    /// sha512WithRSAEncryption.
    RsaSha512,
    /// ecdsa-with-SHA256, by a P-256 key.
    EcdsaSha256,
    /// ecdsa-with-SHA384, by a P-384 key.
    EcdsaSha384,
    /// ecdsa-with-SHA512, by a P-521 key.
    EcdsaSha512,
}

impl SignatureAlgorithm {
    /// Its object identifier.
    pub fn oid(self) -> Oid {
        match self {
            Self::RsaSha256 => oids::SHA256_WITH_RSA,
            Self::RsaSha384 => oids::SHA384_WITH_RSA,
            Self::RsaSha512 => oids::SHA512_WITH_RSA,
            Self::EcdsaSha256 => oids::ECDSA_WITH_SHA256,
            Self::EcdsaSha384 => oids::ECDSA_WITH_SHA384,
            Self::EcdsaSha512 => oids::ECDSA_WITH_SHA512,
        }
    }

    /// The hash that is signed.
    pub fn hash(self) -> Hash {
        match self {
            Self::RsaSha256 | Self::EcdsaSha256 => Hash::Sha256,
            Self::RsaSha384 | Self::EcdsaSha384 => Hash::Sha384,
            Self::RsaSha512 | Self::EcdsaSha512 => Hash::Sha512,
        }
    }

    /// How a CMS SignerInfo names it: for RSA by the kind of key alone, as Windows writes it
    /// (RFC 3370 3.2), for ECDSA as anywhere (RFC 5753 2.1.1).
    pub fn cms_identifier(self) -> AlgorithmIdentifier<'static> {
        match self {
            Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 => {
                AlgorithmIdentifier::with_null(oids::RSA_ENCRYPTION)
            }
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => {
                AlgorithmIdentifier { oid: self.oid(), parameters: None }
            }
        }
    }

    /// Writes the AlgorithmIdentifier: RSA with NULL parameters (RFC 4055 5), ECDSA with none
    /// (RFC 5758 3.2).
    pub fn write(self, writer: &mut Writer) {
        writer.sequence(|writer| {
            writer.oid(&self.oid());
            if matches!(self, Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512) {
                writer.null();
            }
        });
    }
}

/// Whether `signer` holds the private key of this SubjectPublicKeyInfo: a signature is tried,
/// because encodings of one key differ.
pub fn holds_key_of(
    signer: &dyn Signer,
    public_key: &SubjectPublicKeyInfo<'_>,
) -> Result<bool, KeyError> {
    let probe = b"does this key belong to that certificate?";
    let signature = signer.sign(probe)?;
    let algorithm = AlgorithmIdentifier { oid: signer.algorithm().oid(), parameters: None };
    // A key of a kind that is not known is not one that a signer has.
    let Ok(key) = public_key.public_key() else { return Ok(false) };
    Ok(verify_signature(&key, &algorithm, probe, &signature).is_ok())
}

/// What kind of key a new CA gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    #[default]
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// RSA, 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA, 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA, 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

/// The hash of RSA signatures. ECDSA takes the one that fits the curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RsaHash {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Why a key cannot be made, read or used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// No key of a kind that this CA signs with.
    #[error(
        "not a private key that this CA can use: RSA of 2048 to 8192 bits, or ECDSA on P-256, \
         P-384 or P-521, without password"
    )]
    Unsupported,
    /// The cryptographic library failed to make a key.
    #[error("a key cannot be generated")]
    Generation,
    /// The random number generator failed.
    #[error("no random numbers")]
    Random,
    /// The cryptographic library failed to sign.
    #[error("the key cannot sign")]
    Signing,
}

/// The longest modulus of RSA keys that sign in less than half a millisecond, in bytes.
const QUICK_RSA: usize = 256;

/// A private key in this process's memory.
pub struct SoftwareSigner {
    key: Key,
    algorithm: SignatureAlgorithm,
    public_key: Vec<u8>,
}

enum Key {
    Rsa(rsa::KeyPair, &'static dyn signature::RsaEncoding),
    Ecdsa(EcdsaKeyPair),
}

/// The encodings in which a private key comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyEncoding {
    /// PKCS#8 PrivateKeyInfo.
    Pkcs8,
    /// PKCS#1 RSAPrivateKey.
    Pkcs1,
    /// SEC 1 ECPrivateKey.
    Sec1,
}

const CURVES: [(&signature::EcdsaSigningAlgorithm, SignatureAlgorithm); 3] = [
    (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, SignatureAlgorithm::EcdsaSha256),
    (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, SignatureAlgorithm::EcdsaSha384),
    (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, SignatureAlgorithm::EcdsaSha512),
];

impl SoftwareSigner {
    /// Makes a new key; returns its PKCS#8 form too.
    ///
    /// # Errors
    /// [`KeyError::Generation`].
    pub fn generate(kind: KeyKind, hash: RsaHash) -> Result<(Self, Zeroizing<Vec<u8>>), KeyError> {
        let curve = match kind {
            KeyKind::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
            KeyKind::EcdsaP384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
            KeyKind::EcdsaP521 => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
            KeyKind::Rsa2048 => return Self::generate_rsa(KeySize::Rsa2048, hash),
            KeyKind::Rsa3072 => return Self::generate_rsa(KeySize::Rsa3072, hash),
            KeyKind::Rsa4096 => return Self::generate_rsa(KeySize::Rsa4096, hash),
        };
        let document = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new())
            .map_err(|_| KeyError::Generation)?;
        let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::from_der(KeyEncoding::Pkcs8, &pkcs8, hash)?, pkcs8))
    }

    fn generate_rsa(size: KeySize, hash: RsaHash) -> Result<(Self, Zeroizing<Vec<u8>>), KeyError> {
        let key = rsa::KeyPair::generate(size).map_err(|_| KeyError::Generation)?;
        let pkcs8 = key.as_der().map_err(|_| KeyError::Generation)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        Ok((Self::of_rsa(key, hash)?, pkcs8))
    }

    /// Reads a private key. `hash` matters for RSA only.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`].
    pub fn from_der(encoding: KeyEncoding, der: &[u8], hash: RsaHash) -> Result<Self, KeyError> {
        let rsa = match encoding {
            KeyEncoding::Pkcs8 => rsa::KeyPair::from_pkcs8(der).ok(),
            KeyEncoding::Pkcs1 => rsa::KeyPair::from_der(der).ok(),
            KeyEncoding::Sec1 => None,
        };
        if let Some(key) = rsa {
            return Self::of_rsa(key, hash);
        }
        let ecdsa = CURVES.iter().find_map(|(curve, algorithm)| {
            let key = match encoding {
                KeyEncoding::Pkcs8 => EcdsaKeyPair::from_pkcs8(curve, der).ok(),
                KeyEncoding::Sec1 => EcdsaKeyPair::from_private_key_der(curve, der).ok(),
                KeyEncoding::Pkcs1 => None,
            };
            key.map(|key| (key, *algorithm))
        });
        let (key, algorithm) = ecdsa.ok_or(KeyError::Unsupported)?;
        let public_key = key.public_key().as_der().map_err(|_| KeyError::Unsupported)?;
        let public_key = public_key.as_ref().to_vec();
        Ok(Self { key: Key::Ecdsa(key), algorithm, public_key })
    }

    fn of_rsa(key: rsa::KeyPair, hash: RsaHash) -> Result<Self, KeyError> {
        let (encoding, algorithm): (&'static dyn signature::RsaEncoding, _) = match hash {
            RsaHash::Sha256 => (&signature::RSA_PKCS1_SHA256, SignatureAlgorithm::RsaSha256),
            RsaHash::Sha384 => (&signature::RSA_PKCS1_SHA384, SignatureAlgorithm::RsaSha384),
            RsaHash::Sha512 => (&signature::RSA_PKCS1_SHA512, SignatureAlgorithm::RsaSha512),
        };
        let public_key = key.public_key().as_der().map_err(|_| KeyError::Unsupported)?;
        let public_key = public_key.as_ref().to_vec();
        Ok(Self { key: Key::Rsa(key, encoding), algorithm, public_key })
    }
}

impl Signer for SoftwareSigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn is_quick(&self) -> bool {
        match &self.key {
            Key::Rsa(key, _) => key.public_modulus_len() <= QUICK_RSA,
            Key::Ecdsa(_) => true,
        }
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &random, message, &mut signature)
                    .map_err(|_| KeyError::Signing)?;
                Ok(signature)
            }
            Key::Ecdsa(key) => {
                let signature = key.sign(&random, message).map_err(|_| KeyError::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

impl std::fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftwareSigner").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spki(signer: &SoftwareSigner) -> SubjectPublicKeyInfo<'_> {
        SubjectPublicKeyInfo::parse(signer.public_key()).expect("own encoding")
    }

    #[test]
    fn every_kind_signs_what_its_public_key_verifies() {
        for (kind, algorithm) in [
            (KeyKind::EcdsaP256, SignatureAlgorithm::EcdsaSha256),
            (KeyKind::EcdsaP384, SignatureAlgorithm::EcdsaSha384),
            (KeyKind::EcdsaP521, SignatureAlgorithm::EcdsaSha512),
            (KeyKind::Rsa2048, SignatureAlgorithm::RsaSha384),
        ] {
            let (signer, pkcs8) = SoftwareSigner::generate(kind, RsaHash::Sha384).unwrap();
            assert_eq!(signer.algorithm(), algorithm);
            assert_eq!(holds_key_of(&signer, &spki(&signer)), Ok(true), "{kind:?}");
            let read = SoftwareSigner::from_der(KeyEncoding::Pkcs8, &pkcs8, RsaHash::Sha384);
            assert_eq!(read.unwrap().public_key(), signer.public_key());
        }
    }

    #[test]
    fn another_key_is_told_apart() {
        let (one, _) = SoftwareSigner::generate(KeyKind::EcdsaP256, RsaHash::Sha256).unwrap();
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa2048] {
            let (other, _) = SoftwareSigner::generate(kind, RsaHash::Sha256).unwrap();
            assert_eq!(holds_key_of(&one, &spki(&other)), Ok(false), "{kind:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for encoding in [KeyEncoding::Pkcs8, KeyEncoding::Pkcs1, KeyEncoding::Sec1] {
            for der in [&[][..], &[0x30, 0], &[0xFF; 300]] {
                let read = SoftwareSigner::from_der(encoding, der, RsaHash::Sha256);
                assert_eq!(read.err(), Some(KeyError::Unsupported));
            }
        }
    }

    #[test]
    fn settings_are_written_as_documented() {
        #[derive(Deserialize)]
        struct Settings {
            kinds: Vec<KeyKind>,
            hashes: Vec<RsaHash>,
        }
        let settings: Settings = toml::from_str(
            r#"kinds = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-3072", "rsa-4096"]
               hashes = ["sha256", "sha384", "sha512"]"#,
        )
        .unwrap();
        assert_eq!(settings.kinds[1], KeyKind::default());
        assert_eq!(settings.kinds[5], KeyKind::Rsa4096);
        assert_eq!(settings.hashes[0], RsaHash::default());
    }
}
