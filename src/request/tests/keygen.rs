//! Netscape KEYGEN ([MS-WCCE] 3.2.1.4.2.1.4.1.4).

use super::fixture;
use super::messages::Key;
use crate::asn1::{Name, SignatureScheme, Tag, oids, sequence};
use crate::model::{EnrollmentRequest, HResult, RequestFormat, TemplateHint};
use crate::request::{Limits, RequestError, parse};

/// A SPKAC by this key.
fn keygen(key: &Key, challenge: &str) -> Vec<u8> {
    signed(&key.spki(), key.scheme(), challenge, |signed| key.sign(signed))
}

fn signed(
    spki: &[u8],
    scheme: SignatureScheme,
    challenge: &str,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let body = sequence(|body| {
        body.raw(spki);
        body.element(Tag::IA5_STRING, challenge.as_bytes());
    });
    sequence(|outer| {
        outer.raw(&body);
        outer.raw(&scheme.to_identifier());
        outer.bit_string(&sign(&body));
    })
}

fn read(raw: &[u8], attributes: &str) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, 0x0200, attributes, &Limits::default())
}

#[test]
fn the_subject_comes_from_the_attributes() {
    let attributes = "CN:Bob\nou:Tests\nOrganizationalUnit:More\n2.5.4.6:DE\nDC:wcce\n\
                      CertificateTemplate:User\nchallenge:secret\nE:bob@wcce.test\nO:";
    for key in Key::of_every_kind() {
        let raw = keygen(&key, "secret");
        let request = read(&raw, attributes).expect("a good request");
        assert_eq!((request.format, &request.raw), (RequestFormat::Keygen, &raw));
        let name = Name::from_der(&request.subject).expect("a name").to_windows_text();
        assert_eq!(name, "E=bob@wcce.test, DC=wcce, C=DE, OU=More, OU=Tests, CN=Bob");
        assert_eq!(request.subject_attributes.len(), 6);
        assert_eq!(request.template_hints, [TemplateHint::Name("User".to_owned())]);
        assert_eq!(request.public_key.spki, key.spki());
        assert!(!request.sha1_proof && request.extensions.is_empty());
        // A password, not to be recorded.
        assert!(request.attributes.iter().all(|one| one.name != "challenge"));
    }
}

#[test]
fn the_challenge_must_be_repeated_exactly() {
    let key = Key::p256();
    let raw = keygen(&key, "secret");
    for attributes in [
        "CN:x",
        "CN:x\nchallenge:",
        "CN:x\nchallenge:Secret",
        "CN:x\nchallenge:secret2",
        "CN:x\nchallenge:secret\nchallenge:secret",
    ] {
        let error = read(&raw, attributes).expect_err(attributes);
        assert_eq!(error, RequestError::Challenge);
        assert_eq!(error.hresult(), HResult::INVALID_DATA);
    }
    assert!(read(&raw, "CN:x\nChallenge:secret").is_ok());
    assert!(read(&keygen(&key, ""), "CN:x").is_ok());
}

#[test]
fn no_subject_is_a_bad_subject() {
    let raw = keygen(&Key::p256(), "");
    for attributes in ["", "CertificateTemplate:User", "CN:"] {
        let error = read(&raw, attributes).expect_err(attributes);
        assert_eq!(error, RequestError::NoSubject);
        assert_eq!(error.hresult(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
    }
    let many = "CN:x\n".repeat(65);
    assert!(matches!(read(&raw, &many), Err(RequestError::TooMany { .. })));
}

#[test]
fn the_signature_must_be_by_the_key() {
    let (key, other) = (Key::p256(), Key::p256());
    let forged = signed(&key.spki(), key.scheme(), "", |body| other.sign(body));
    assert_eq!(read(&forged, "CN:x").expect_err("forged").hresult(), HResult::NTE_BAD_SIGNATURE);
    let raw = keygen(&key, "secret");
    for index in 0..raw.len() {
        let mut changed = raw.clone();
        changed[index] ^= 0x01;
        assert!(read(&changed, "CN:x\nchallenge:secret").is_err(), "byte {index}");
        assert!(read(&raw[..index], "CN:x\nchallenge:secret").is_err());
    }
}

/// As OpenSSL's spkac makes it by default, and browsers did.
#[test]
fn md5_is_taken_for_possession_of_rsa_keys_and_marked() {
    let raw = fixture!("keygen-md5");
    let request = read(raw, "CN:x\nchallenge:wcce").expect("a good request");
    assert!(request.sha1_proof && request.public_key.kind.is_rsa());
    let body = raw.windows(4).position(|part| part == b"wcce").expect("the challenge");
    let mut changed = raw.to_vec();
    changed[body] = b'W';
    let error = read(&changed, "CN:x\nchallenge:Wcce").expect_err("changed");
    assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
    let end = raw.len() - 1;
    let mut changed = raw.to_vec();
    changed[end] ^= 1;
    let error = read(&changed, "CN:x\nchallenge:wcce").expect_err("changed");
    assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
    // By another kind of key it is nothing.
    let key = Key::p256();
    let spkac = crate::asn1::SignedPublicKeyAndChallenge::parse(raw).expect("a SPKAC");
    let odd = sequence(|outer| {
        outer.sequence(|body| {
            body.raw(&key.spki());
            body.element(Tag::IA5_STRING, b"");
        });
        spkac.signature_algorithm.write(outer);
        outer.bit_string(spkac.signature);
    });
    let error = read(&odd, "CN:x").expect_err("an EC key");
    assert_eq!(error.hresult(), HResult::NTE_BAD_ALGID);
    // Nor is it a signature of a PKCS#10.
    let request = sequence(|outer| {
        let der = fixture!("rsa2048-sha256");
        let request = crate::asn1::CertificationRequest::parse(der).expect("a PKCS#10");
        outer.raw(request.info);
        spkac.signature_algorithm.write(outer);
        outer.bit_string(request.signature);
    });
    let error = parse(&request, 0, "", &Limits::default()).expect_err("MD5");
    assert_eq!(error.hresult(), HResult::NTE_BAD_ALGID);
    assert_eq!(spkac.signature_algorithm.oid, oids::MD5_WITH_RSA);
}
