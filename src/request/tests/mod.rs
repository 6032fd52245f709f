//! The room's tests: over requests of OpenSSL and Certipy, and of our own encoder.

mod archival;
mod contents;
mod formats;
mod forms;
mod hostile;
mod keygen;
mod keys;
mod messages;
mod signers;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use super::*;
use crate::asn1::{Hash, RequestBuilder, SignatureScheme, encode_spki};
use crate::model::PublicKeyKind;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/requests/", $name, ".der")).as_slice()
    };
}
use fixture;

fn parsed(raw: &[u8]) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, 0x0100, "", &Limits::default())
}

/// A request of our own encoder, signed with a fresh P-256 key.
fn signed(builder: &RequestBuilder) -> Vec<u8> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("the key");
    let spki = encode_spki(PublicKeyKind::EcP256, key.public_key().as_ref());
    let sign = |info: &[u8]| key.sign(&random, info).map(|signature| signature.as_ref().to_vec());
    builder.encode(&spki, SignatureScheme::Ecdsa(Hash::Sha256), sign).expect("a signature")
}

/// A request for the key `spki` with a signature that is none.
fn unsigned(spki: &[u8], scheme: SignatureScheme) -> Vec<u8> {
    let sign = |_: &[u8]| Ok::<_, std::convert::Infallible>(vec![0; 256]);
    match RequestBuilder::default().encode(spki, scheme, sign) {
        Ok(der) => der,
        Err(never) => match never {},
    }
}
