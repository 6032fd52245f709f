//! AlgorithmIdentifier and SubjectPublicKeyInfo.

use crate::model::{Oid, PublicKeyInfo, PublicKeyKind};

use super::{Asn1Error, Element, Reader, Tag, Writer, oids, sequence, sha1};

/// An algorithm with its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlgorithmIdentifier<'a> {
    /// Which algorithm.
    pub oid: Oid,
    /// Its parameters, where there are any.
    pub parameters: Option<Element<'a>>,
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads the AlgorithmIdentifier that comes next.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Asn1Error> {
        let mut inner = reader.sequence()?;
        let oid = inner.oid()?;
        let parameters = if inner.is_empty() { None } else { Some(inner.element()?) };
        inner.end()?;
        Ok(Self { oid, parameters })
    }

    /// The algorithm with NULL for parameters.
    pub const fn with_null(oid: Oid) -> Self {
        Self { oid, parameters: Some(Element { tag: Tag::NULL, raw: &[5, 0], content: &[] }) }
    }

    /// Appends it.
    pub fn write(&self, writer: &mut Writer) {
        writer.sequence(|identifier| {
            identifier.oid(&self.oid);
            if let Some(parameters) = &self.parameters {
                identifier.raw(parameters.raw);
            }
        });
    }

    /// Whether the parameters are absent or NULL (writers confuse the two).
    pub fn has_no_parameters(&self) -> bool {
        self.parameters.is_none_or(|parameters| parameters.raw == [5, 0])
    }
}

/// A public key with its algorithm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubjectPublicKeyInfo<'a> {
    /// DER of the whole, as received.
    pub raw: &'a [u8],
    /// The key's algorithm.
    pub algorithm: AlgorithmIdentifier<'a>,
    /// The subjectPublicKey bits.
    pub key: &'a [u8],
}

/// A public key of a kind that this CA certifies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicKey<'a> {
    /// rsaEncryption: big-endian magnitudes without leading zeros.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// The public exponent.
        exponent: &'a [u8],
    },
    /// id-ecPublicKey on P-256, P-384 or P-521: an uncompressed point.
    Ec {
        /// The curve, as a [`PublicKeyKind`].
        kind: PublicKeyKind,
        /// `04`, X, Y.
        point: &'a [u8],
    },
    /// Ed25519: 32 bytes.
    Ed25519(&'a [u8]),
}

impl PublicKey<'_> {
    /// Kind and strength.
    pub fn kind(&self) -> PublicKeyKind {
        match self {
            Self::Rsa { modulus, .. } => PublicKeyKind::Rsa { bits: bit_length(modulus) },
            Self::Ec { kind, .. } => *kind,
            Self::Ed25519(_) => PublicKeyKind::Ed25519,
        }
    }
}

impl<'a> SubjectPublicKeyInfo<'a> {
    /// Reads the SubjectPublicKeyInfo that comes next.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Asn1Error> {
        let outer = reader.expect(Tag::SEQUENCE)?;
        let mut inner = Reader::new(outer.content);
        let algorithm = AlgorithmIdentifier::read(&mut inner)?;
        let key = inner.bit_string()?.whole_bytes()?;
        inner.end()?;
        Ok(Self { raw: outer.raw, algorithm, key })
    }

    /// Reads the SubjectPublicKeyInfo that fills `der`.
    pub fn parse(der: &'a [u8]) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(der);
        let read = Self::read(&mut reader)?;
        reader.end()?;
        Ok(read)
    }

    /// The key itself. Curves other than the three NIST ones, curves by explicit parameters and
    /// compressed points are refused.
    pub fn public_key(&self) -> Result<PublicKey<'a>, Asn1Error> {
        let oid = &self.algorithm.oid;
        if *oid == oids::RSA_ENCRYPTION && self.algorithm.has_no_parameters() {
            return rsa_key(self.key);
        }
        if *oid == oids::EC_PUBLIC_KEY {
            let parameters = self.algorithm.parameters;
            let parameters = parameters.ok_or(Asn1Error::Value("EC key (no curve named)"))?;
            return ec_key(&parameters, self.key);
        }
        if *oid == oids::ED25519 && self.algorithm.parameters.is_none() {
            let valid = self.key.len() == 32;
            return valid.then_some(PublicKey::Ed25519(self.key)).ok_or(INVALID_KEY);
        }
        Err(Asn1Error::Unsupported("this public key algorithm"))
    }

    /// SHA-1 of the subjectPublicKey bits (RFC 5280 4.2.1.2, method 1).
    pub fn key_id(&self) -> [u8; 20] {
        sha1(self.key)
    }

    /// The key as the shared value.
    pub fn to_info(&self) -> Result<PublicKeyInfo, Asn1Error> {
        let kind = self.public_key()?.kind();
        Ok(PublicKeyInfo { spki: self.raw.to_vec(), kind, key_id: self.key_id() })
    }
}

const INVALID_KEY: Asn1Error = Asn1Error::Value("public key");

fn rsa_key(der: &[u8]) -> Result<PublicKey<'_>, Asn1Error> {
    let mut reader = Reader::sequence_of(der)?;
    let (modulus, exponent) = (reader.unsigned()?, reader.unsigned()?);
    reader.end()?;
    Ok(PublicKey::Rsa { modulus, exponent })
}

fn ec_key<'a>(curve: &Element<'_>, point: &'a [u8]) -> Result<PublicKey<'a>, Asn1Error> {
    if curve.tag != Tag::OID {
        return Err(Asn1Error::Unsupported("an elliptic curve by explicit parameters"));
    }
    let curves = [
        (oids::P256, PublicKeyKind::EcP256, 32usize),
        (oids::P384, PublicKeyKind::EcP384, 48),
        (oids::P521, PublicKeyKind::EcP521, 66),
    ];
    let known = curves.iter().find(|(oid, ..)| oid.der_content() == curve.content);
    let (_, kind, field) = known.ok_or(Asn1Error::Unsupported("this elliptic curve"))?;
    match point {
        [0x04, coordinates @ ..] if coordinates.len() == field.saturating_mul(2) => {
            Ok(PublicKey::Ec { kind: *kind, point })
        }
        [0x02 | 0x03, ..] => Err(Asn1Error::Unsupported("a compressed elliptic curve point")),
        _ => Err(INVALID_KEY),
    }
}

fn bit_length(magnitude: &[u8]) -> u32 {
    let top = magnitude.first().map_or(8, |byte| byte.leading_zeros());
    u32::try_from(magnitude.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(top)
}

/// The DER of a SubjectPublicKeyInfo for a key that was made here: RSA (`key` is an RSAPublicKey),
/// an uncompressed point, or 32 bytes of Ed25519.
pub fn encode_spki(kind: PublicKeyKind, key: &[u8]) -> Vec<u8> {
    let algorithm = |writer: &mut Writer| match kind {
        PublicKeyKind::Rsa { .. } => {
            writer.oid(&oids::RSA_ENCRYPTION);
            writer.null();
        }
        PublicKeyKind::Ed25519 => writer.oid(&oids::ED25519),
        PublicKeyKind::EcP256 | PublicKeyKind::EcP384 | PublicKeyKind::EcP521 => {
            writer.oid(&oids::EC_PUBLIC_KEY);
            writer.oid(&match kind {
                PublicKeyKind::EcP256 => oids::P256,
                PublicKeyKind::EcP384 => oids::P384,
                _ => oids::P521,
            });
        }
    };
    sequence(|writer| {
        writer.sequence(algorithm);
        writer.bit_string(key);
    })
}
