//! Signature algorithms, and verification by aws-lc-rs over the bytes that were received.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self as lc, RsaParameters, RsaPssSaltLength, RsaPublicKeyComponents};
use aws_lc_rs::signature::{EcdsaVerificationAlgorithm, UnparsedPublicKey};

use crate::model::{Oid, PublicKeyKind};

use super::sequence;
use super::{AlgorithmIdentifier, Asn1Error, Element, PublicKey, Reader, Tag, Writer, oids};

/// Why a signature was not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The algorithm identifier can't be read.
    #[error("the signature algorithm's parameters: {0}")]
    Parameters(#[from] Asn1Error),
    /// An algorithm, or a combination of hash and key, that is not supported.
    #[error("the signature algorithm {0} is not supported for this key")]
    Unsupported(Oid),
    /// The algorithm belongs to another kind of key.
    #[error("the signature algorithm {0} does not fit the public key")]
    KeyMismatch(Oid),
    /// The signature is not one over these bytes by this key.
    #[error("the signature is not valid")]
    Invalid,
}

/// Hash of a signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// SHA-1 of `bytes`, by which Windows names certificates and keys.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    // SHA-1 has 20 bytes: the default cannot occur.
    Hash::Sha1.digest(bytes).as_ref().try_into().unwrap_or_default()
}

impl Hash {
    /// The hash's own identifier.
    pub fn oid(self) -> Oid {
        match self {
            Self::Sha1 => oids::SHA1,
            Self::Sha256 => oids::SHA256,
            Self::Sha384 => oids::SHA384,
            Self::Sha512 => oids::SHA512,
        }
    }

    /// The hash of this identifier, where it is known.
    pub fn from_oid(oid: &Oid) -> Option<Self> {
        HASHES.into_iter().find(|hash| hash.oid() == *oid)
    }

    /// The hash of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Digest {
        digest::digest(
            match self {
                Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                Self::Sha256 => &digest::SHA256,
                Self::Sha384 => &digest::SHA384,
                Self::Sha512 => &digest::SHA512,
            },
            bytes,
        )
    }

    /// The signature algorithm RSASSA-PKCS1-v1_5 with this hash.
    pub fn with_rsa(self) -> Oid {
        match self {
            Self::Sha1 => oids::SHA1_WITH_RSA,
            Self::Sha256 => oids::SHA256_WITH_RSA,
            Self::Sha384 => oids::SHA384_WITH_RSA,
            Self::Sha512 => oids::SHA512_WITH_RSA,
        }
    }

    /// The signature algorithm ECDSA with this hash.
    pub fn with_ecdsa(self) -> Oid {
        match self {
            Self::Sha1 => oids::ECDSA_WITH_SHA1,
            Self::Sha256 => oids::ECDSA_WITH_SHA256,
            Self::Sha384 => oids::ECDSA_WITH_SHA384,
            Self::Sha512 => oids::ECDSA_WITH_SHA512,
        }
    }
}

const HASHES: [Hash; 4] = [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512];

/// A signature algorithm, with what its identifier's parameters say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 of the same hash.
    RsaPss {
        /// The hash.
        hash: Hash,
        /// Length of the salt in bytes.
        salt_length: u16,
    },
    /// ECDSA, the signature a SEQUENCE of two integers.
    Ecdsa(Hash),
    /// Ed25519.
    Ed25519,
}

impl SignatureScheme {
    /// Reads an AlgorithmIdentifier. Absent and NULL parameters count the same where there are to
    /// be none.
    pub fn from_identifier(identifier: &AlgorithmIdentifier<'_>) -> Result<Self, SignatureError> {
        let oid = &identifier.oid;
        if *oid == oids::RSASSA_PSS {
            return pss_parameters(identifier);
        }
        if *oid == oids::ECDSA_WITH_SPECIFIED {
            return specified_hash(identifier).map(Self::Ecdsa);
        }
        let with_hash = |hash: Hash| {
            let oiw = hash == Hash::Sha1 && *oid == oids::SHA1_WITH_RSA_OIW;
            if oiw || *oid == hash.with_rsa() {
                Some(Self::RsaPkcs1(hash))
            } else {
                (*oid == hash.with_ecdsa()).then_some(Self::Ecdsa(hash))
            }
        };
        let ed25519 = (*oid == oids::ED25519).then_some(Self::Ed25519);
        let scheme = HASHES.into_iter().find_map(with_hash).or(ed25519);
        let scheme = scheme.ok_or_else(|| SignatureError::Unsupported(oid.clone()))?;
        if identifier.has_no_parameters() { Ok(scheme) } else { Err(UNEXPECTED_PARAMETERS) }
    }

    /// The DER of the AlgorithmIdentifier: RSA with NULL parameters (RFC 4055 5), ECDSA and Ed25519
    /// with none (RFC 5758 3.2, RFC 8410 3).
    pub fn to_identifier(self) -> Vec<u8> {
        sequence(|writer| match self {
            Self::RsaPkcs1(hash) => {
                writer.oid(&hash.with_rsa());
                writer.null();
            }
            Self::RsaPss { hash, salt_length } => {
                writer.oid(&oids::RSASSA_PSS);
                writer.sequence(|writer| write_pss_parameters(writer, hash, salt_length));
            }
            Self::Ecdsa(hash) => writer.oid(&hash.with_ecdsa()),
            Self::Ed25519 => writer.oid(&oids::ED25519),
        })
    }

    /// The hash of the signature, where the algorithm leaves a choice.
    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss { hash, .. } | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519 => None,
        }
    }
}

/// Verifies `signature` over `message` with the key, under the algorithm that `identifier` names.
/// Returns what the algorithm was; the caller decides whether its hash is good enough.
pub fn verify_signature(
    key: &PublicKey<'_>,
    identifier: &AlgorithmIdentifier<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<SignatureScheme, SignatureError> {
    let scheme = SignatureScheme::from_identifier(identifier)?;
    let unsupported = || SignatureError::Unsupported(identifier.oid.clone());
    let verified = match (key, scheme) {
        (PublicKey::Rsa { modulus, exponent }, SignatureScheme::RsaPkcs1(hash)) => {
            let parameters = pkcs1_parameters(key.kind().bits(), hash).ok_or_else(unsupported)?;
            RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(parameters, message, signature)
        }
        (PublicKey::Rsa { modulus, exponent }, SignatureScheme::RsaPss { hash, salt_length }) => {
            let parameters = pss_verification(hash).ok_or_else(unsupported)?;
            let salt = RsaPssSaltLength::Custom(salt_length);
            RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                &parameters.with_pss_salt_length(salt),
                message,
                signature,
            )
        }
        (PublicKey::Ec { kind, point }, SignatureScheme::Ecdsa(hash)) => {
            let algorithm = ecdsa_algorithm(*kind, hash).ok_or_else(unsupported)?;
            UnparsedPublicKey::new(algorithm, point).verify(message, signature)
        }
        (PublicKey::Ed25519(point), SignatureScheme::Ed25519) => {
            UnparsedPublicKey::new(&lc::ED25519, point).verify(message, signature)
        }
        _ => return Err(SignatureError::KeyMismatch(identifier.oid.clone())),
    };
    verified.map_err(|_| SignatureError::Invalid)?;
    Ok(scheme)
}

/// The range of lengths is the caller's business: the widest that there is, so that tests can use
/// the 1024-bit requests of old captures.
fn pkcs1_parameters(bits: u32, hash: Hash) -> Option<&'static RsaParameters> {
    match hash {
        Hash::Sha1 => Some(&lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Hash::Sha256 => Some(&lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        Hash::Sha384 if bits >= 2048 => Some(&lc::RSA_PKCS1_2048_8192_SHA384),
        Hash::Sha384 => None,
        Hash::Sha512 => Some(&lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
    }
}

fn pss_verification(hash: Hash) -> Option<RsaParameters> {
    match hash {
        Hash::Sha1 => None,
        Hash::Sha256 => Some(lc::RSA_PSS_2048_8192_SHA256),
        Hash::Sha384 => Some(lc::RSA_PSS_2048_8192_SHA384),
        Hash::Sha512 => Some(lc::RSA_PSS_2048_8192_SHA512),
    }
}

fn ecdsa_algorithm(kind: PublicKeyKind, hash: Hash) -> Option<&'static EcdsaVerificationAlgorithm> {
    use PublicKeyKind::{EcP256, EcP384, EcP521};
    Some(match (kind, hash) {
        (EcP256, Hash::Sha1) => &lc::ECDSA_P256_SHA1_ASN1,
        (EcP256, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (EcP256, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (EcP256, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (EcP384, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (EcP384, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (EcP384, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (EcP521, Hash::Sha1) => &lc::ECDSA_P521_SHA1_ASN1,
        (EcP521, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (EcP521, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (EcP521, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

const UNEXPECTED_PARAMETERS: SignatureError =
    SignatureError::Parameters(Asn1Error::Value("algorithm parameters"));

/// RSASSA-PSS-params (RFC 4055 3.1): absent fields mean SHA-1, MGF1 with SHA-1, 20 bytes of salt.
fn pss_parameters(identifier: &AlgorithmIdentifier<'_>) -> Result<SignatureScheme, SignatureError> {
    let parameters = identifier.parameters.ok_or(UNEXPECTED_PARAMETERS)?;
    let mut reader = parameters.enter(Tag::SEQUENCE)?;
    let hash = match reader.optional(Tag::context(0))? {
        Some(explicit) => hash_identifier(&explicit)?,
        None => Hash::Sha1,
    };
    let mask_hash = match reader.optional(Tag::context(1))? {
        Some(explicit) => mgf1_hash(&explicit)?,
        None => Hash::Sha1,
    };
    let salt_length = match reader.optional(Tag::context(2))? {
        Some(explicit) => explicit_u16(&explicit)?,
        None => 20,
    };
    let trailer = match reader.optional(Tag::context(3))? {
        Some(explicit) => explicit_u16(&explicit)?,
        None => 1,
    };
    reader.end()?;
    if hash != mask_hash || trailer != 1 {
        return Err(SignatureError::Unsupported(identifier.oid.clone()));
    }
    Ok(SignatureScheme::RsaPss { hash, salt_length })
}

fn write_pss_parameters(writer: &mut Writer, hash: Hash, salt_length: u16) {
    let write_hash = |writer: &mut Writer| {
        writer.sequence(|writer| {
            writer.oid(&hash.oid());
            writer.null();
        });
    };
    writer.nested(Tag::context(0), write_hash);
    writer.nested(Tag::context(1), |writer| {
        writer.sequence(|writer| {
            writer.oid(&oids::MGF1);
            write_hash(writer);
        });
    });
    writer.nested(Tag::context(2), |writer| writer.u32(salt_length.into()));
}

fn explicit_u16(explicit: &Element<'_>) -> Result<u16, SignatureError> {
    let mut inner = Reader::new(explicit.content);
    let value = inner.u32()?;
    inner.end()?;
    u16::try_from(value).map_err(|_| UNEXPECTED_PARAMETERS)
}

fn mgf1_hash(explicit: &Element<'_>) -> Result<Hash, SignatureError> {
    let mut inner = Reader::new(explicit.content);
    let mask = AlgorithmIdentifier::read(&mut inner)?;
    inner.end()?;
    match mask.parameters {
        Some(parameters) if mask.oid == oids::MGF1 => hash_from(&mut Reader::new(parameters.raw)),
        _ => Err(SignatureError::Unsupported(mask.oid)),
    }
}

fn hash_identifier(explicit: &Element<'_>) -> Result<Hash, SignatureError> {
    let mut inner = Reader::new(explicit.content);
    let hash = hash_from(&mut inner)?;
    inner.end()?;
    Ok(hash)
}

/// ecdsa-with-Specified (X9.62): the hash's AlgorithmIdentifier is the parameter.
fn specified_hash(identifier: &AlgorithmIdentifier<'_>) -> Result<Hash, SignatureError> {
    let parameters = identifier.parameters.ok_or(UNEXPECTED_PARAMETERS)?;
    hash_from(&mut Reader::new(parameters.raw))
}

fn hash_from(reader: &mut Reader<'_>) -> Result<Hash, SignatureError> {
    let identifier = AlgorithmIdentifier::read(reader)?;
    match Hash::from_oid(&identifier.oid) {
        Some(hash) if identifier.has_no_parameters() => Ok(hash),
        Some(_) => Err(UNEXPECTED_PARAMETERS),
        None => Err(SignatureError::Unsupported(identifier.oid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_round_trip() {
        let with_hash = HASHES.into_iter().flat_map(|hash| {
            let pss = SignatureScheme::RsaPss { hash, salt_length: 32 };
            [SignatureScheme::RsaPkcs1(hash), pss, SignatureScheme::Ecdsa(hash)]
        });
        for scheme in with_hash.chain([SignatureScheme::Ed25519]) {
            let der = scheme.to_identifier();
            let identifier =
                AlgorithmIdentifier::read(&mut Reader::new(&der)).expect("own encoding");
            assert_eq!(SignatureScheme::from_identifier(&identifier), Ok(scheme));
        }
    }

    #[test]
    fn pss_parameters_have_defaults_and_limits() {
        let read = |parameters: &[u8]| {
            let der = sequence(|writer| {
                writer.oid(&oids::RSASSA_PSS);
                writer.raw(parameters);
            });
            let identifier = AlgorithmIdentifier::read(&mut Reader::new(&der)).expect("valid");
            SignatureScheme::from_identifier(&identifier)
        };
        let default = SignatureScheme::RsaPss { hash: Hash::Sha1, salt_length: 20 };
        assert_eq!(read(&[0x30, 0]), Ok(default));
        for bad in [
            &[][..],
            &[5, 0],
            // Salt of 65536 bytes, trailer 2, a field twice, a field that doesn't exist.
            &[0x30, 7, 0xA2, 5, 2, 3, 1, 0, 0],
            &[0x30, 5, 0xA3, 3, 2, 1, 2],
            &[0x30, 10, 0xA2, 3, 2, 1, 32, 0xA2, 3, 2, 1, 32],
            &[0x30, 2, 0xA4, 0],
        ] {
            assert!(read(bad).is_err(), "{bad:02x?}");
        }
    }
}
