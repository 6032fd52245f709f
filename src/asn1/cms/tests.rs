use super::*;
use crate::asn1::{Certificate, SubjectPublicKeyInfo, encode_attribute, encode_name_value_pair};
use crate::ca::{KeyKind, RsaHash, Signer, SoftwareSigner};

fn signer(kind: KeyKind) -> SoftwareSigner {
    SoftwareSigner::generate(kind, RsaHash::Sha384).expect("made").0
}

/// A message that `key` signed, and its DER.
fn signed(key: &SoftwareSigner, signer: SignerId<'_>, attributes: bool) -> Vec<u8> {
    let content = b"what is signed";
    let hash = key.algorithm().hash();
    let attributes = attributes.then(|| encode_signed_attributes(&oids::CMS_DATA, content, hash));
    let signature = key.sign(attributes.as_deref().unwrap_or(content)).expect("signs");
    let message = SignedData {
        digests: vec![hash],
        signers: vec![SignerInfo {
            signer,
            digest: AlgorithmIdentifier::with_null(hash.oid()),
            signed_attributes: attributes,
            algorithm: key.algorithm().cms_identifier(),
            signature: &signature,
            unsigned_attributes: &[],
        }],
        ..SignedData::new(oids::CMS_DATA, Some(content))
    };
    message.encode()
}

const BY_KEY: SignerId<'_> = SignerId::SubjectKeyId(&[1, 2, 3]);
const BY_CERTIFICATE: SignerId<'_> =
    SignerId::IssuerAndSerial { issuer: &[0x30, 0], serial: &[0x12, 0x34] };

fn verify(der: &[u8], key: &SoftwareSigner) -> Result<SignatureScheme, CmsError> {
    let message = SignedData::parse(der)?;
    let key = SubjectPublicKeyInfo::parse(key.public_key()).expect("own key");
    let key = key.public_key().expect("own key");
    message.signers[0].verify(&message, &key)
}

#[test]
fn certificates_alone_have_a_known_encoding() {
    let der = encode_certificates_only([&[0x30, 0][..], &[0x30, 1, 5]], []);
    let expected = concat!(
        "302a06092a864886f70d010702a01d301b0201013100300b06092a864886f70d010701",
        "a00530003001053100"
    );
    assert_eq!(hex::encode(der), expected);

    let der = encode_certificates_only([&[0x30, 0][..]], [&[0x30, 0][..]]);
    assert!(hex::encode(&der).ends_with("a0023000a10230003100"));
    let read = SignedData::parse(&der).expect("own encoding");
    assert_eq!((read.certificates, read.crls), (vec![&[0x30, 0][..]], vec![&[0x30, 0][..]]));
}

#[test]
fn what_is_signed_verifies_by_every_kind_of_key() {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Rsa2048] {
        let key = signer(kind);
        for (id, attributes) in [(BY_KEY, true), (BY_CERTIFICATE, true), (BY_CERTIFICATE, false)] {
            let der = signed(&key, id, attributes);
            assert!(verify(&der, &key).is_ok(), "{kind:?}");
            assert!(matches!(verify(&der, &signer(kind)), Err(CmsError::Signature(_))));
            let read = SignedData::parse(&der).expect("own encoding");
            assert_eq!(read.signers[0].signer, id);
            assert_eq!(read.encode(), der);
        }
    }
}

#[test]
fn versions_follow_the_rules() {
    let key = signer(KeyKind::EcdsaP256);
    let version = |der: &[u8]| {
        let mut reader = Reader::sequence_of(der).expect("a ContentInfo");
        reader.oid().expect("its type");
        let explicit = reader.element().expect("its content");
        Reader::sequence_of(explicit.content).expect("a SignedData").u32().expect("its version")
    };
    assert_eq!(version(&signed(&key, BY_CERTIFICATE, true)), 1);
    assert_eq!(version(&signed(&key, BY_KEY, true)), 3);
    let response = SignedData::new(oids::CMC_PKI_RESPONSE, Some(b"")).encode();
    assert_eq!(version(&response), 3);
}

#[test]
fn attributes_of_another_message_are_refused() {
    let key = signer(KeyKind::EcdsaP256);
    let der = signed(&key, BY_KEY, true);
    let genuine = SignedData::parse(&der).expect("own encoding");
    let spki = SubjectPublicKeyInfo::parse(key.public_key()).expect("own key");
    let public = spki.public_key().expect("own key");
    let check = |message: &SignedData<'_>| genuine.signers[0].verify(message, &public);

    assert!(check(&genuine).is_ok());
    let other_content = SignedData { content: Some(b"something else"), ..genuine.clone() };
    assert_eq!(check(&other_content), Err(CmsError::OtherContent));
    let other_type = SignedData { content_type: oids::CMC_PKI_DATA, ..genuine.clone() };
    assert_eq!(check(&other_type), Err(CmsError::OtherContent));
    let detached = SignedData { content: None, ..genuine.clone() };
    assert_eq!(check(&detached), Err(CmsError::NoContent));

    let mut without = genuine.signers[0].clone();
    without.signed_attributes = Some(vec![0x31, 0]);
    assert_eq!(without.verify(&genuine, &public), Err(CmsError::NoMessageDigest));
    let mut unknown = genuine.signers[0].clone();
    unknown.digest.oid = oids::CMS_DATA;
    assert_eq!(unknown.verify(&genuine, &public), Err(CmsError::Digest(oids::CMS_DATA)));
}

#[test]
fn further_attributes_are_signed_too() {
    let key = signer(KeyKind::EcdsaP256);
    let content = b"what is signed";
    let pair = encode_name_value_pair("RequesterName", "WCCE\\bob");
    let further = encode_attribute(&oids::ENROLLMENT_NAME_VALUE_PAIR, vec![pair]);
    let hash = key.algorithm().hash();
    let attributes = encode_signed_attributes_with(&oids::CMS_DATA, content, hash, vec![further]);
    let signature = key.sign(&attributes).expect("signs");
    let info = SignerInfo {
        signer: BY_CERTIFICATE,
        digest: AlgorithmIdentifier::with_null(hash.oid()),
        signed_attributes: Some(attributes),
        // As some writers name ECDSA.
        algorithm: AlgorithmIdentifier { oid: oids::EC_PUBLIC_KEY, parameters: None },
        signature: &signature,
        unsigned_attributes: &[],
    };
    let message = SignedData::new(oids::CMS_DATA, Some(content));
    let message = SignedData { signers: vec![info], ..message }.encode();
    assert!(verify(&message, &key).is_ok());
    let read = SignedData::parse(&message).expect("own encoding");
    let types: Vec<_> = read.signers[0].attributes().expect("readable");
    assert_eq!(types.last().expect("three").oid, oids::ENROLLMENT_NAME_VALUE_PAIR);
}

#[test]
fn a_null_signature_is_a_hash_of_this_message() {
    let content = b"what is signed";
    let hash = Hash::Sha256;
    for attributes in [true, false] {
        let set = attributes.then(|| encode_signed_attributes(&oids::CMS_DATA, content, hash));
        let digest = hash.digest(set.as_deref().unwrap_or(content));
        let info = SignerInfo {
            signer: BY_KEY,
            digest: AlgorithmIdentifier::with_null(hash.oid()),
            signed_attributes: set,
            algorithm: AlgorithmIdentifier::with_null(oids::NO_SIGNATURE),
            signature: digest.as_ref(),
            unsigned_attributes: &[],
        };
        let message = SignedData::new(oids::CMS_DATA, Some(content));
        assert!(info.is_null());
        assert_eq!(info.check_null(&message), Ok(()));
        let other = SignedData::new(oids::CMS_DATA, Some(b"another"));
        assert_eq!(info.check_null(&other), Err(CmsError::OtherContent));
        let wrong = SignerInfo { signature: &[0; 32], ..info.clone() };
        assert_eq!(wrong.check_null(&message), Err(CmsError::OtherContent));
        // It does not pass for a signature.
        let key = signer(KeyKind::EcdsaP256);
        let der = SignedData { signers: vec![info], ..message }.encode();
        assert!(matches!(verify(&der, &key), Err(CmsError::Signature(_))));
    }
}

/// Certipy signs without content type.
#[test]
fn a_request_of_certipy_verifies() {
    let der = include_bytes!("../../../tests/fixtures/requests/certipy-onbehalf.der");
    let message = SignedData::parse(der).expect("a message");
    let agent = Certificate::parse(message.certificates[0]).expect("the agent's certificate");
    let key = agent.public_key.public_key().expect("RSA");
    let scheme = message.signers[0].verify(&message, &key);
    assert_eq!(scheme, Ok(SignatureScheme::RsaPkcs1(Hash::Sha256)));
    let names: Vec<_> = message.signers[0].attributes().expect("readable");
    assert!(names.iter().any(|attribute| attribute.oid == oids::ENROLLMENT_NAME_VALUE_PAIR));
}

#[test]
fn damage_never_panics_and_cuts_are_refused() {
    let der = signed(&signer(KeyKind::EcdsaP256), BY_CERTIFICATE, true);
    for length in 0..der.len() {
        assert!(SignedData::parse(&der[..length]).is_err());
        for mask in [0x01, 0x20, 0x80, 0xFF] {
            let mut changed = der.clone();
            changed[length] ^= mask;
            if let Ok(message) = SignedData::parse(&changed) {
                let _ = message.signers.first().map(SignerInfo::attributes);
            }
        }
    }
}
