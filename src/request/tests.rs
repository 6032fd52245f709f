use super::*;
use crate::model::PublicKeyKind;

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("../../tests/fixtures/requests/", $name, ".der"))[..]
    };
}

fn parsed(raw: &[u8], attributes: &str) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, 0x0100, attributes, &Limits::default())
}

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
        let request = parsed(der, "").expect("a good request");
        assert_eq!((request.public_key.kind, request.sha1_proof), (kind, sha1));
        assert_eq!(request.subject_attributes.len(), 3);
        assert_eq!(request.raw, der);
    }
}
