//! CMS and CMC messages to order, right and wrong ones.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use crate::asn1::cmc::PkiDataBuilder;
use crate::asn1::cms::{SignedData, SignerId, SignerInfo, encode_signed_attributes_with};
use crate::asn1::{
    AlgorithmIdentifier, Certificate, Element, Hash, Name, Reader, RequestBuilder, SignatureScheme,
    Tag, Writer, encode_attribute, encode_name_value_pair, encode_spki, encode_time, oids,
    sequence,
};
use crate::model::{Oid, PublicKeyKind};

/// A key of each kind.
pub enum Key {
    Ec(EcdsaKeyPair, PublicKeyKind, Hash),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    Pss(RsaKeyPair),
}

impl Key {
    pub fn p256() -> Self {
        Self::ec(&lc::ECDSA_P256_SHA256_ASN1_SIGNING, PublicKeyKind::EcP256, Hash::Sha256)
    }

    pub fn of_every_kind() -> [Self; 6] {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let ed25519 = Ed25519KeyPair::generate().expect("a key");
        [
            Self::p256(),
            Self::ec(&lc::ECDSA_P384_SHA384_ASN1_SIGNING, PublicKeyKind::EcP384, Hash::Sha384),
            Self::ec(&lc::ECDSA_P521_SHA512_ASN1_SIGNING, PublicKeyKind::EcP521, Hash::Sha512),
            Self::Ed25519(ed25519),
            Self::Rsa(rsa()),
            Self::Pss(rsa()),
        ]
    }

    fn ec(algorithm: &'static lc::EcdsaSigningAlgorithm, kind: PublicKeyKind, hash: Hash) -> Self {
        Self::Ec(EcdsaKeyPair::generate(algorithm).expect("a key"), kind, hash)
    }

    pub fn spki(&self) -> Vec<u8> {
        match self {
            Self::Ec(key, kind, _) => encode_spki(*kind, key.public_key().as_ref()),
            Self::Ed25519(key) => encode_spki(PublicKeyKind::Ed25519, key.public_key().as_ref()),
            Self::Rsa(key) | Self::Pss(key) => {
                encode_spki(PublicKeyKind::Rsa { bits: 2048 }, key.public_key().as_ref())
            }
        }
    }

    pub fn key_id(&self) -> Vec<u8> {
        let spki = self.spki();
        crate::asn1::SubjectPublicKeyInfo::parse(&spki).expect("own key").key_id().to_vec()
    }

    pub fn scheme(&self) -> SignatureScheme {
        match self {
            Self::Ec(_, _, hash) => SignatureScheme::Ecdsa(*hash),
            Self::Ed25519(_) => SignatureScheme::Ed25519,
            Self::Rsa(_) => SignatureScheme::RsaPkcs1(Hash::Sha256),
            Self::Pss(_) => SignatureScheme::RsaPss { hash: Hash::Sha256, salt_length: 32 },
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |key: &RsaKeyPair, padding: &'static dyn lc::RsaEncoding| {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(padding, &random, message, &mut signature).expect("signs");
            signature
        };
        match self {
            Self::Ec(key, ..) => key.sign(&random, message).expect("signs").as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Self::Rsa(key) => rsa(key, &lc::RSA_PKCS1_SHA256),
            Self::Pss(key) => rsa(key, &lc::RSA_PSS_SHA256),
        }
    }

    /// Hash that goes with the scheme in CMS (RFC 8419 for Ed25519).
    pub fn hash(&self) -> Hash {
        self.scheme().hash().unwrap_or(Hash::Sha512)
    }

    /// A certificate for the key, which nobody signed.
    pub fn certificate(&self, name: &str) -> Vec<u8> {
        certificate(&self.spki(), name, &[&[1][..], name.as_bytes()].concat())
    }

    /// A PKCS#10 by this key.
    pub fn pkcs10(&self, builder: &RequestBuilder) -> Vec<u8> {
        let sign = |info: &[u8]| Ok::<_, std::convert::Infallible>(self.sign(info));
        match builder.encode(&self.spki(), self.scheme(), sign) {
            Ok(der) => der,
            Err(never) => match never {},
        }
    }
}

pub fn certificate(spki: &[u8], name: &str, serial: &[u8]) -> Vec<u8> {
    let name = Name::from_attributes([(oids::COMMON_NAME, name.to_owned())]).to_der();
    let algorithm = sequence(|identifier| identifier.oid(&oids::ECDSA_WITH_SHA256));
    let when = std::time::UNIX_EPOCH;
    sequence(|certificate| {
        certificate.sequence(|tbs| {
            tbs.nested(Tag::context(0), |version| version.u32(2));
            tbs.element(Tag::INTEGER, serial);
            tbs.raw(&algorithm);
            tbs.raw(&name);
            tbs.sequence(|validity| {
                for _ in 0..2 {
                    encode_time(validity, when).expect("in range");
                }
            });
            tbs.raw(&name);
            tbs.raw(spki);
        });
        certificate.raw(&algorithm);
        certificate.bit_string(&[0; 8]);
    })
}

/// How a signer is named.
pub enum By<'a> {
    Certificate(&'a [u8]),
    KeyId(Vec<u8>),
    Name(Vec<u8>),
}

/// One SignerInfo to be.
pub struct Sign<'a> {
    pub key: &'a Key,
    pub by: By<'a>,
    /// Of the content; the signature's own is that of the key.
    pub digest: Hash,
    /// Signed attributes next to content type and message digest; `None` for none at all.
    pub attributes: Option<Vec<Vec<u8>>>,
    /// Content of the unsigned attributes.
    pub unsigned: Vec<u8>,
    /// A hash in place of a signature.
    pub null: bool,
}

impl<'a> Sign<'a> {
    /// By the identifier of the key.
    pub fn own(key: &'a Key) -> Self {
        let (by, digest) = (By::KeyId(key.key_id()), key.hash());
        let attributes = Some(Vec::new());
        Self { key, by, digest, attributes, unsigned: Vec::new(), null: false }
    }

    /// By issuer and serial number of a certificate.
    pub fn with(key: &'a Key, certificate: &'a [u8]) -> Self {
        Self { by: By::Certificate(certificate), ..Self::own(key) }
    }

    pub fn saying(self, name: &str) -> Self {
        Self { attributes: Some(vec![requester_name(name)]), ..self }
    }
}

/// The signed attribute with RequesterName.
pub fn requester_name(name: &str) -> Vec<u8> {
    let pair = encode_name_value_pair("RequesterName", name);
    encode_attribute(&oids::ENROLLMENT_NAME_VALUE_PAIR, vec![pair])
}

/// A message in DER.
pub fn message(
    content_type: &Oid,
    content: &[u8],
    certificates: &[&[u8]],
    signers: &[Sign<'_>],
) -> Vec<u8> {
    let parts: Vec<_> = signers
        .iter()
        .map(|signer| {
            let attributes = signer.attributes.clone().map(|further| {
                encode_signed_attributes_with(content_type, content, signer.digest, further)
            });
            let signed = attributes.as_deref().unwrap_or(content);
            let signature = match signer.null {
                true => signer.digest.digest(signed).as_ref().to_vec(),
                false => signer.key.sign(signed),
            };
            (attributes, signature, signer.key.scheme().to_identifier())
        })
        .collect();
    let infos = signers.iter().zip(&parts).map(|(signer, (attributes, signature, algorithm))| {
        let id = match &signer.by {
            By::KeyId(id) => SignerId::SubjectKeyId(id),
            By::Name(issuer) => SignerId::IssuerAndSerial { issuer, serial: &[0] },
            By::Certificate(der) => {
                let Certificate { issuer, serial, .. } = Certificate::parse(der).expect("own");
                SignerId::IssuerAndSerial { issuer, serial }
            }
        };
        let algorithm = match signer.null {
            true => AlgorithmIdentifier::with_null(oids::NO_SIGNATURE),
            false => AlgorithmIdentifier::read(&mut Reader::new(algorithm)).expect("own"),
        };
        SignerInfo {
            signer: id,
            digest: AlgorithmIdentifier::with_null(signer.digest.oid()),
            signed_attributes: attributes.clone(),
            algorithm,
            signature,
            unsigned_attributes: &signer.unsigned,
        }
    });
    SignedData {
        digests: vec![Hash::Sha256],
        certificates: certificates.to_vec(),
        signers: infos.collect(),
        ..SignedData::new(content_type.clone(), Some(content))
    }
    .encode()
}

pub fn cms(pkcs10: &[u8], certificates: &[&[u8]], signers: &[Sign<'_>]) -> Vec<u8> {
    message(&oids::CMS_DATA, pkcs10, certificates, signers)
}

pub fn cmc(data: &[u8], certificates: &[&[u8]], signers: &[Sign<'_>]) -> Vec<u8> {
    message(&oids::CMC_PKI_DATA, data, certificates, signers)
}

/// PKIData with RegInfo.
pub fn pki_data(pkcs10: &[u8], reg_info: &[(&str, &str)]) -> Vec<u8> {
    let pairs = reg_info.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    PkiDataBuilder { reg_info: pairs.collect(), ..PkiDataBuilder::default() }.encode(pkcs10)
}

/// PKIData of any controls (type and DER of the value), TaggedRequests and TaggedContentInfos.
pub fn any_pki_data(
    controls: &[(Oid, Vec<u8>)],
    requests: &[&[u8]],
    messages: &[&[u8]],
    other: bool,
) -> Vec<u8> {
    let mut numbers = 100..;
    let mut next = || numbers.next().expect("few");
    sequence(|data| {
        data.sequence(|set| {
            for (oid, value) in controls {
                set.sequence(|control| {
                    control.u32(next());
                    control.oid(oid);
                    control.element(Tag::SET, value);
                });
            }
        });
        data.sequence(|set| {
            for (number, request) in (1..).zip(requests) {
                set.nested(Tag::context(0), |tagged| {
                    tagged.u32(number);
                    tagged.raw(request);
                });
            }
        });
        data.sequence(|set| {
            for message in messages {
                set.sequence(|tagged| {
                    tagged.u32(next());
                    tagged.raw(message);
                });
            }
        });
        data.sequence(|set| {
            if other {
                set.sequence(|tagged| {
                    tagged.u32(next());
                    tagged.oid(&oids::CMS_DATA);
                    tagged.null();
                });
            }
        });
    })
}

/// The DER of an OCTET STRING.
pub fn octets(content: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.octet_string(content);
    writer.into_bytes()
}

/// A PKCS#10 that renews a certificate.
pub fn renewing(old: &[u8]) -> RequestBuilder {
    let attributes = vec![(oids::RENEWAL_CERTIFICATE, vec![old.to_vec()])];
    RequestBuilder { attributes, ..RequestBuilder::default() }
}

/// The SignedData with other bytes in place of one SignerInfo's.
pub fn with_signer(message: &[u8], change: impl FnOnce(&mut SignerInfo<'_>)) -> Vec<u8> {
    let mut message = SignedData::parse(message).expect("a message");
    change(&mut message.signers[0]);
    message.encode()
}

/// Signed attributes from these Attributes alone, as a SET OF.
pub fn set_of(attributes: Vec<Vec<u8>>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.set_of(Tag::SET, attributes);
    let set = writer.into_bytes();
    Element::parse(&set).expect("own encoding");
    set
}
