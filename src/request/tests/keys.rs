//! Keys and signatures.

use super::{fixture, parsed, unsigned};
use crate::asn1::{
    Asn1Error, CertificationRequest, Hash, SignatureError, SignatureScheme, Writer, encode_spki,
    oids, sequence,
};
use crate::model::{HResult, PublicKeyKind};
use crate::request::{Limits, RequestError, parse};

#[test]
fn every_key_and_hash_is_verified() {
    use PublicKeyKind::{EcP256, EcP384, EcP521, Ed25519, Rsa};
    let rsa = Rsa { bits: 2048 };
    for (der, kind, sha1) in [
        (fixture!("rsa2048-sha1"), rsa, true),
        (fixture!("rsa2048-sha256"), rsa, false),
        (fixture!("rsa2048-sha384"), rsa, false),
        (fixture!("rsa2048-sha512"), rsa, false),
        (fixture!("rsa2048-pss-sha256"), rsa, false),
        (fixture!("rsa2048-pss-sha384"), rsa, false),
        (fixture!("rsa2048-pss-sha512"), rsa, false),
        (fixture!("rsa2048-pss-max-salt"), rsa, false),
        (fixture!("rsa2048-pss-no-salt"), rsa, false),
        (fixture!("rsa2048-e3"), rsa, false),
        (fixture!("rsa3072-sha384"), Rsa { bits: 3072 }, false),
        (fixture!("p-256-sha1"), EcP256, true),
        (fixture!("p-256-sha256"), EcP256, false),
        (fixture!("p-256-sha384"), EcP256, false),
        (fixture!("p-256-sha512"), EcP256, false),
        (fixture!("p-384-sha256"), EcP384, false),
        (fixture!("p-384-sha384"), EcP384, false),
        (fixture!("p-384-sha512"), EcP384, false),
        (fixture!("p-521-sha1"), EcP521, true),
        (fixture!("p-521-sha256"), EcP521, false),
        (fixture!("p-521-sha384"), EcP521, false),
        (fixture!("p-521-sha512"), EcP521, false),
        (fixture!("ed25519"), Ed25519, false),
    ] {
        let request = parsed(der).expect("a good request");
        assert_eq!((request.public_key.kind, request.sha1_proof), (kind, sha1));
        assert_eq!(request.subject_attributes.len(), 3);
        assert_eq!(request.raw, der);
    }
}

#[test]
fn other_keys_and_algorithms_are_refused() {
    for (name, der) in [
        ("explicit curve", fixture!("explicit-curve")),
        ("compressed point", fixture!("compressed-point")),
        ("curve", fixture!("secp256k1")),
        ("Ed448", fixture!("ed448")),
        ("key for PSS alone", fixture!("rsapss-key")),
        ("PSS with SHA-1", fixture!("rsa2048-pss-sha1")),
        ("PSS with two hashes", fixture!("rsa2048-pss-mixed")),
        ("SHA-3", fixture!("rsa2048-sha3")),
        ("P-384 with SHA-1", fixture!("p-384-sha1")),
    ] {
        let error = parsed(der).expect_err(name);
        assert_eq!(error.hresult(), HResult::NTE_BAD_ALGID, "{name}: {error}");
    }
}

#[test]
fn rsa_lengths_are_a_setting() {
    let small = fixture!("rsa1024-sha256");
    let error = parsed(small).expect_err("too short");
    assert_eq!(error.to_string(), "the RSA key has 1024 bits; this CA takes 2048 to 8192");
    assert_eq!(error.hresult(), HResult::CERTSRV_E_KEY_LENGTH);
    let limits = Limits { rsa_bits: 1024..=2048, ..Limits::default() };
    assert!(parse(small, 0, "", &limits).is_ok());
    let large = parse(fixture!("rsa3072-sha384"), 0, "", &limits);
    assert!(matches!(large, Err(RequestError::KeyLength { bits: 3072, .. })));
}

/// A request with an RSA key of these numbers.
fn with_rsa_key(modulus: &[u8], exponent: &[u8]) -> Result<(), RequestError> {
    let key = sequence(|writer| {
        writer.unsigned(modulus);
        writer.unsigned(exponent);
    });
    let spki = encode_spki(PublicKeyKind::Rsa { bits: 2048 }, &key);
    parsed(&unsigned(&spki, SignatureScheme::RsaPkcs1(Hash::Sha256))).map(|_| ())
}

#[test]
fn rsa_exponents_are_checked_before_the_signature() {
    for exponent in [&[][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        let result = with_rsa_key(&[0xC1; 256], exponent);
        assert_eq!(result, Err(RequestError::KeyExponent), "{exponent:?}");
    }
    for exponent in [&[3][..], &[1, 0, 1], &[0xFF; 4]] {
        let result = with_rsa_key(&[0xC1; 256], exponent);
        assert_eq!(result, Err(SignatureError::Invalid.into()), "{exponent:?}");
    }
    assert!(matches!(with_rsa_key(&[], &[3]), Err(RequestError::KeyLength { bits: 0, .. })));
    let bits = with_rsa_key(&[&[0x40][..], &[0; 255]].concat(), &[3]);
    assert!(matches!(bits, Err(RequestError::KeyLength { bits: 2047, .. })));
    let huge = with_rsa_key(&[0xC1; 2000], &[3]);
    assert!(matches!(huge, Err(RequestError::KeyLength { bits: 16_000, .. })));
}

#[test]
fn points_are_checked() {
    let point = |bytes: &[u8]| {
        let spki = encode_spki(PublicKeyKind::EcP256, bytes);
        parsed(&unsigned(&spki, SignatureScheme::Ecdsa(Hash::Sha256))).map(|_| ())
    };
    // Not on the curve: aws-lc refuses it.
    let off_curve = [&[4][..], &[1; 64]].concat();
    assert_eq!(point(&off_curve), Err(SignatureError::Invalid.into()));
    for bad in [&[][..], &[0], &[4], &off_curve[..64], &[5; 65]] {
        assert!(matches!(point(bad), Err(RequestError::Key(Asn1Error::Value(_)))), "{bad:?}");
    }
    let spki = encode_spki(PublicKeyKind::Ed25519, &[1; 31]);
    let short = parsed(&unsigned(&spki, SignatureScheme::Ed25519));
    assert!(matches!(short, Err(RequestError::Key(Asn1Error::Value(_)))));
}

/// The same request under another AlgorithmIdentifier, which the signature doesn't cover.
fn under(der: &[u8], algorithm: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let request = CertificationRequest::parse(der).expect("a good request");
    sequence(|writer| {
        writer.raw(request.info);
        writer.sequence(algorithm);
        writer.bit_string(request.signature);
    })
}

#[test]
fn parameters_are_strict_but_for_absent_and_null() {
    let rsa = fixture!("rsa2048-sha256");
    let ec = fixture!("p-256-sha256");
    let sha1 = fixture!("rsa2048-sha1");
    for (name, der) in [
        ("RSA without parameters", under(rsa, |w| w.oid(&oids::SHA256_WITH_RSA))),
        (
            "ECDSA with NULL",
            under(ec, |w| {
                w.oid(&oids::ECDSA_WITH_SHA256);
                w.null();
            }),
        ),
        ("SHA-1 by the older name", under(sha1, |w| w.oid(&oids::SHA1_WITH_RSA_OIW))),
        (
            "ECDSA with the hash as parameter",
            under(ec, |w| {
                w.oid(&oids::ECDSA_WITH_SPECIFIED);
                w.sequence(|w| w.oid(&oids::SHA256));
            }),
        ),
    ] {
        assert!(parsed(&der).is_ok(), "{name}");
    }
    let odd = under(rsa, |w| {
        w.oid(&oids::SHA256_WITH_RSA);
        w.u32(1);
    });
    let error = parsed(&odd).expect_err("odd parameters");
    assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_CORRUPT);
}

#[test]
fn algorithm_and_key_must_belong_together() {
    let ecdsa_for_rsa = under(fixture!("rsa2048-sha256"), |w| w.oid(&oids::ECDSA_WITH_SHA256));
    let rsa_for_ec = under(fixture!("p-256-sha256"), |w| w.oid(&oids::SHA256_WITH_RSA));
    let ed_for_ec = under(fixture!("p-256-sha256"), |w| w.oid(&oids::ED25519));
    for der in [ecdsa_for_rsa, rsa_for_ec, ed_for_ec] {
        let result = parsed(&der);
        assert!(matches!(result, Err(RequestError::Signature(SignatureError::KeyMismatch(_)))));
    }
    let other_hash = parsed(&under(fixture!("p-256-sha256"), |w| w.oid(&oids::ECDSA_WITH_SHA384)));
    let error = other_hash.expect_err("another hash");
    assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
}
