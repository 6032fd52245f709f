//! The private keys that this client makes and signs requests with.

use std::str::FromStr;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::asn1::{Hash, SignatureScheme};

/// A kind of key that this client can make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// ECDSA on NIST P-256.
    EcP256,
    /// ECDSA on NIST P-384.
    EcP384,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
}

const NAMES: [(&str, KeyKind); 5] = [
    ("p256", KeyKind::EcP256),
    ("p384", KeyKind::EcP384),
    ("rsa2048", KeyKind::Rsa2048),
    ("rsa3072", KeyKind::Rsa3072),
    ("rsa4096", KeyKind::Rsa4096),
];

impl FromStr for KeyKind {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, kind)| *kind).ok_or_else(|| KeyError::Kind(name.to_owned()))
    }
}

/// Why there is no key, or no signature.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a kind of key that this client makes.
    #[error("`{0}` is not a kind of key: use p256, p384, rsa2048, rsa3072 or rsa4096")]
    Kind(String),
    /// The cryptographic library failed.
    #[error("{0}")]
    Library(&'static str),
}

/// A private key, in memory only.
pub struct RequestKey {
    pair: Pair,
    scheme: SignatureScheme,
    public_key: Vec<u8>,
    pkcs8: Zeroizing<Vec<u8>>,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

impl RequestKey {
    /// Makes a key.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        match kind {
            KeyKind::EcP256 => {
                Self::ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, Hash::Sha256)
            }
            KeyKind::EcP384 => {
                Self::ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, Hash::Sha384)
            }
            KeyKind::Rsa2048 => Self::rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => Self::rsa(KeySize::Rsa3072),
            KeyKind::Rsa4096 => Self::rsa(KeySize::Rsa4096),
        }
    }

    fn ecdsa(
        algorithm: &'static signature::EcdsaSigningAlgorithm,
        hash: Hash,
    ) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(algorithm).map_err(|_| GENERATION)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| ENCODING)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let public_key = pair.public_key().as_der().map_err(|_| ENCODING)?.as_ref().to_vec();
        Ok(Self {
            pair: Pair::Ecdsa(pair),
            scheme: SignatureScheme::Ecdsa(hash),
            public_key,
            pkcs8,
        })
    }

    fn rsa(size: KeySize) -> Result<Self, KeyError> {
        let pair = rsa::KeyPair::generate(size).map_err(|_| GENERATION)?;
        let pkcs8 = pair.as_der().map_err(|_| ENCODING)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let public_key = pair.public_key().as_der().map_err(|_| ENCODING)?.as_ref().to_vec();
        let scheme = SignatureScheme::RsaPkcs1(Hash::Sha256);
        Ok(Self { pair: Pair::Rsa(pair), scheme, public_key, pkcs8 })
    }

    /// DER of the SubjectPublicKeyInfo.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The algorithm of [`Self::sign`].
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// Signs a message, which is hashed here.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        const SIGNING: KeyError = KeyError::Library("the key cannot sign");
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SIGNING)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SIGNING)?;
                Ok(signature)
            }
        }
    }

    /// The private key as PKCS#8, to be stored.
    pub fn to_pkcs8(&self) -> &Zeroizing<Vec<u8>> {
        &self.pkcs8
    }
}

const GENERATION: KeyError = KeyError::Library("a key cannot be generated");
const ENCODING: KeyError = KeyError::Library("the new key cannot be encoded");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{AlgorithmIdentifier, Reader, SubjectPublicKeyInfo, verify_signature};
    use crate::model::PublicKeyKind;

    #[test]
    fn every_kind_signs_what_its_public_key_verifies() {
        for (name, expected) in [
            ("p256", PublicKeyKind::EcP256),
            ("P384", PublicKeyKind::EcP384),
            ("rsa2048", PublicKeyKind::Rsa { bits: 2048 }),
        ] {
            let key = RequestKey::generate(name.parse().unwrap()).unwrap();
            let spki = SubjectPublicKeyInfo::parse(key.public_key()).unwrap();
            let public_key = spki.public_key().unwrap();
            assert_eq!(public_key.kind(), expected);
            let identifier = key.scheme().to_identifier();
            let identifier = AlgorithmIdentifier::read(&mut Reader::new(&identifier)).unwrap();
            let signature = key.sign(b"message").unwrap();
            verify_signature(&public_key, &identifier, b"message", &signature).unwrap();
            assert!(verify_signature(&public_key, &identifier, b"other", &signature).is_err());
        }
    }

    #[test]
    fn unknown_kinds_are_refused() {
        assert_eq!("dsa".parse::<KeyKind>(), Err(KeyError::Kind("dsa".into())));
    }
}
