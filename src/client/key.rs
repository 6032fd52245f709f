//! The private keys that this client makes and signs requests with.

use std::str::FromStr;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding,
};
use zeroize::Zeroizing;

use crate::asn1::{AlgorithmIdentifier, Hash, SignatureScheme, Tag, oids, pem};

/// A kind of key that this client can make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// ECDSA on NIST P-256.
    EcP256,
    /// ECDSA on NIST P-384.
    EcP384,
    /// ECDSA on NIST P-521.
    EcP521,
    /// Ed25519; Windows knows no such keys.
    Ed25519,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
}

const NAMES: [(&str, KeyKind); 7] = [
    ("p256", KeyKind::EcP256),
    ("p384", KeyKind::EcP384),
    ("p521", KeyKind::EcP521),
    ("ed25519", KeyKind::Ed25519),
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
    #[error("`{0}` is not a kind of key: use {names}", names = names())]
    Kind(String),
    /// The bytes are not a private key that this client signs with.
    #[error(
        "not an unencrypted private key (PKCS#8, PKCS#1 or SEC 1) of RSA with 2048 to 8192 bits, \
         P-256, P-384, P-521 or Ed25519"
    )]
    Form,
    /// The cryptographic library failed.
    #[error("{0}")]
    Library(&'static str),
}

fn names() -> String {
    NAMES.map(|(name, _)| name).join(", ")
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
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

/// The curves, each with the hash that fits it.
const CURVES: [(&EcdsaSigningAlgorithm, Hash); 3] = [
    (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, Hash::Sha256),
    (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, Hash::Sha384),
    (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, Hash::Sha512),
];

impl RequestKey {
    /// Makes a key.
    ///
    /// # Errors
    /// Where the cryptographic library fails.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let [p256, p384, p521] = CURVES;
        match kind {
            KeyKind::EcP256 => generate_ecdsa(p256),
            KeyKind::EcP384 => generate_ecdsa(p384),
            KeyKind::EcP521 => generate_ecdsa(p521),
            KeyKind::Ed25519 => {
                Self::from_ed25519(Ed25519KeyPair::generate().map_err(|_| GENERATION)?)
            }
            KeyKind::Rsa2048 => generate_rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => generate_rsa(KeySize::Rsa3072),
            KeyKind::Rsa4096 => generate_rsa(KeySize::Rsa4096),
        }
    }

    /// The key in DER: PKCS#8, or the older forms of RSA (PKCS#1) and ECDSA (SEC 1).
    ///
    /// # Errors
    /// Where it is none that this client signs with.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let rsa = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der));
        if let Ok(pair) = rsa {
            return Self::from_rsa(pair);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Self::from_ed25519(pair);
        }
        for (algorithm, hash) in CURVES {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, der)
                .or_else(|_| EcdsaKeyPair::from_private_key_der(algorithm, der));
            if let Ok(pair) = pair {
                return Self::from_ecdsa(pair, hash);
            }
        }
        Err(KeyError::Form)
    }

    /// The key in a file: DER (see [`Self::from_der`]), or the first private key among the blocks
    /// of a PEM text.
    ///
    /// # Errors
    /// Where there is none that this client signs with.
    pub fn from_file(content: &[u8]) -> Result<Self, KeyError> {
        match content.first() {
            Some(&SEQUENCE) => Self::from_der(content),
            _ => Self::from_pem(content),
        }
    }

    fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
        let blocks = pem::decode(text).ok_or(KeyError::Form)?;
        let key = blocks.iter().find(|block| LABELS.contains(&block.label.as_str()));
        Self::from_der(&key.ok_or(KeyError::Form)?.der)
    }

    fn from_ecdsa(pair: EcdsaKeyPair, hash: Hash) -> Result<Self, KeyError> {
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| ENCODING)?;
        let public_key = pair.public_key().as_der().map_err(|_| ENCODING)?.as_ref().to_vec();
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        Ok(Self {
            pair: Pair::Ecdsa(pair),
            scheme: SignatureScheme::Ecdsa(hash),
            public_key,
            pkcs8,
        })
    }

    fn from_ed25519(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        // Version 1: OpenSSL does not read the public key that version 2 adds.
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| ENCODING)?;
        let public_key = pair.public_key().as_der().map_err(|_| ENCODING)?.as_ref().to_vec();
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        Ok(Self { pair: Pair::Ed25519(pair), scheme: SignatureScheme::Ed25519, public_key, pkcs8 })
    }

    fn from_rsa(pair: rsa::KeyPair) -> Result<Self, KeyError> {
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

    /// The hash of a message that goes with this key's signatures (for Ed25519: RFC 8419 3.1).
    pub fn hash(&self) -> Hash {
        self.scheme.hash().unwrap_or(Hash::Sha512)
    }

    /// How a CMS SignerInfo names the algorithm: for RSA by the kind of key alone, as Windows
    /// writes it (RFC 3370 3.2), otherwise as anywhere (RFC 5753 2.1.1, RFC 8419 2.2).
    pub(super) fn cms_identifier(&self) -> AlgorithmIdentifier<'static> {
        let none = |oid| AlgorithmIdentifier { oid, parameters: None };
        match self.pair {
            Pair::Rsa(_) => AlgorithmIdentifier::with_null(oids::RSA_ENCRYPTION),
            Pair::Ed25519(_) => none(oids::ED25519),
            Pair::Ecdsa(_) => none(self.hash().with_ecdsa()),
        }
    }

    /// Signs a message, which is hashed here.
    ///
    /// # Errors
    /// Where the cryptographic library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        const SIGNING: KeyError = KeyError::Library("the key cannot sign");
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SIGNING)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = &signature::RSA_PKCS1_SHA256;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).map_err(|_| SIGNING)?;
                Ok(signature)
            }
        }
    }

    /// The private key as PKCS#8, to be stored.
    pub fn to_pkcs8(&self) -> &Zeroizing<Vec<u8>> {
        &self.pkcs8
    }
}

fn generate_ecdsa(
    (algorithm, hash): (&'static EcdsaSigningAlgorithm, Hash),
) -> Result<RequestKey, KeyError> {
    RequestKey::from_ecdsa(EcdsaKeyPair::generate(algorithm).map_err(|_| GENERATION)?, hash)
}

fn generate_rsa(size: KeySize) -> Result<RequestKey, KeyError> {
    RequestKey::from_rsa(rsa::KeyPair::generate(size).map_err(|_| GENERATION)?)
}

/// What DER begins with, and no text.
const SEQUENCE: u8 = Tag::SEQUENCE.0;

const GENERATION: KeyError = KeyError::Library("a key cannot be generated");
const ENCODING: KeyError = KeyError::Library("the new key cannot be encoded");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{AlgorithmIdentifier, Reader, SubjectPublicKeyInfo, verify_signature};
    use crate::model::PublicKeyKind;

    #[test]
    fn every_kind_signs_what_its_public_key_verifies_also_after_being_stored() {
        for (name, expected) in [
            ("p256", PublicKeyKind::EcP256),
            ("P384", PublicKeyKind::EcP384),
            ("p521", PublicKeyKind::EcP521),
            ("Ed25519", PublicKeyKind::Ed25519),
            ("rsa2048", PublicKeyKind::Rsa { bits: 2048 }),
        ] {
            let made = RequestKey::generate(name.parse().unwrap()).unwrap();
            let text = pem::encode("PRIVATE KEY", made.to_pkcs8());
            let text = RequestKey::from_file(text.as_bytes()).unwrap();
            for key in [text, RequestKey::from_file(made.to_pkcs8()).unwrap(), made] {
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
    }

    #[test]
    fn keys_of_openssl_are_read_in_every_form() {
        for (arguments, label) in [
            (&["genrsa", "-traditional", "2048"][..], "RSA PRIVATE KEY"),
            (&["genpkey", "-algorithm", "RSA"], "PRIVATE KEY"),
            (&["ecparam", "-name", "secp384r1", "-genkey"], "EC PRIVATE KEY"),
            (&["genpkey", "-algorithm", "ed25519"], "PRIVATE KEY"),
        ] {
            let output = std::process::Command::new("openssl").args(arguments).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.contains(&format!("BEGIN {label}")), "{arguments:?}: {text}");
            RequestKey::from_file(text.as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let Err(error) = "dsa".parse::<KeyKind>() else { panic!("taken") };
        assert!(error.to_string().contains("p521, ed25519, rsa2048"), "{error}");
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n"] {
            assert!(matches!(RequestKey::from_file(text.as_bytes()), Err(KeyError::Form)));
        }
    }
}
