//! Private keys to be archived ([MS-WCCE] 3.2.2.6.2.1.2.2).

use super::fixture;
use std::collections::HashSet;

use super::messages::*;
use crate::asn1::cmc::PkiDataBuilder;
use crate::asn1::cms::SignedData;
use crate::asn1::{Hash, RequestBuilder, encode_attribute, oids, sequence};
use crate::model::{EnrollmentRequest, HResult};
use crate::request::{Limits, RequestError, parse, recordable};

const SECRET: &[u8] = b"the private key, encrypted";

fn read(raw: &[u8]) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, 0, "", &Limits::default())
}

fn enveloped() -> Vec<u8> {
    sequence(|info| {
        info.oid(&oids::CMS_ENVELOPED_DATA);
        info.octet_string(SECRET);
    })
}

fn attribute(values: Vec<Vec<u8>>) -> Vec<u8> {
    encode_attribute(&oids::ARCHIVED_KEY_ATTR, values)
}

fn data(pkcs10: &[u8], hash: Option<&[u8]>) -> Vec<u8> {
    let encrypted_key_hash = hash.map(<[u8]>::to_vec);
    PkiDataBuilder { encrypted_key_hash, ..PkiDataBuilder::default() }.encode(pkcs10)
}

fn plain(key: &Key) -> Vec<u8> {
    key.pkcs10(&RequestBuilder::default())
}

fn holds_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET)
}

#[test]
fn the_key_is_taken_out_and_the_rest_stays() {
    let key = Key::p256();
    for hash in [Hash::Sha1, Hash::Sha256] {
        let digest = hash.digest(&enveloped());
        let other = encode_attribute(&"1.2.3".parse().expect("valid"), vec![vec![5, 0]]);
        for further in [&[][..], &other] {
            let unsigned = [&attribute(vec![enveloped()])[..], further].concat();
            let data = data(&plain(&key), Some(digest.as_ref()));
            let raw = cmc(&data, &[], &[Sign { unsigned, ..Sign::own(&key) }]);
            let request = read(&raw).expect("a good request");
            assert!(request.archives_key);
            assert!(holds_secret(&raw) && !holds_secret(&request.raw));
            let message = SignedData::parse(&request.raw).expect("still a message");
            let spki = key.spki();
            let public = crate::asn1::SubjectPublicKeyInfo::parse(&spki).expect("own");
            let public = public.public_key().expect("own");
            assert!(message.signers[0].verify(&message, &public).is_ok());
            assert_eq!(message.signers[0].unsigned_attributes, further);
        }
    }
}

#[test]
fn key_and_hash_must_be_what_they_should() {
    let key = Key::p256();
    let hash = Hash::Sha256.digest(&enveloped()).as_ref().to_vec();
    let refused = |raw: &[u8], expected: HResult| {
        let error = read(raw).expect_err("a wrong key");
        assert_eq!(error.hresult(), expected, "{error}");
        assert!(!holds_secret(&recordable(raw, &Limits::default())));
    };
    let with = |hash: Option<&[u8]>, unsigned: Vec<u8>| {
        cmc(&data(&plain(&key), hash), &[], &[Sign { unsigned, ..Sign::own(&key) }])
    };
    let bad = HResult::CERTSRV_E_BAD_REQUEST_KEY_ARCHIVAL;
    let good = attribute(vec![enveloped()]);
    refused(&with(None, good.clone()), bad);
    refused(&with(Some(&hash), Vec::new()), bad);
    refused(&with(Some(&[0; 32]), good.clone()), bad);
    refused(&with(Some(Hash::Sha512.digest(&enveloped()).as_ref()), good.clone()), bad);
    refused(&with(Some(&hash), attribute(vec![enveloped(); 2])), bad);
    refused(&with(Some(&hash), attribute(vec![])), bad);
    refused(&with(Some(&hash), [good.clone(), good.clone()].concat()), bad);
    let data_inside = sequence(|info| {
        info.oid(&oids::CMS_DATA);
        info.octet_string(SECRET);
    });
    let hash_of_data = Hash::Sha256.digest(&data_inside);
    let not_enveloped = with(Some(hash_of_data.as_ref()), attribute(vec![data_inside]));
    refused(&not_enveloped, HResult::CRYPT_E_ASN1_CORRUPT);
    // Any other place.
    let attributes = vec![(oids::ARCHIVED_KEY_ATTR, vec![enveloped()])];
    let inside = key.pkcs10(&RequestBuilder { attributes, ..RequestBuilder::default() });
    refused(&inside, bad);
    refused(&cmc(&data(&inside, Some(&hash)), &[], &[Sign::own(&key)]), bad);
    let signed = Sign { attributes: Some(vec![good.clone()]), ..Sign::own(&key) };
    refused(&cmc(&data(&plain(&key), Some(&hash)), &[], &[signed]), bad);
    let inner = with(Some(&hash), good.clone());
    let nested = any_pki_data(&[], &[], &[&inner], false);
    refused(&cmc(&nested, &[], &[Sign::own(&key)]), bad);
}

/// [MS-WCCE] 3.2.2.6.2.1.2: of the forms, CMC alone.
#[test]
fn keys_in_other_forms_are_refused() {
    let key = Key::p256();
    let unsigned = attribute(vec![enveloped()]);
    let raw = cms(&plain(&key), &[], &[Sign { unsigned, ..Sign::own(&key) }]);
    let error = read(&raw).expect_err("CMS");
    assert_eq!(error.hresult(), HResult::CRYPT_E_INVALID_MSG_TYPE);
    assert!(!holds_secret(&recordable(&raw, &Limits::default())));
}

#[test]
fn what_is_refused_is_recorded_without_a_key() {
    let limits = Limits::default();
    let der = fixture!("certipy-archival");
    let stripped = read(der).expect("a good request").raw;
    assert_eq!(recordable(der, &limits), stripped);
    let key = SignedData::parse(der).expect("a message").signers[0].unsigned_attributes;
    let parts: HashSet<_> = key.windows(32).collect();
    let holds = |bytes: &[u8]| bytes.windows(32).any(|part| parts.contains(part));
    assert!(holds(der) && !holds(&stripped));
    // Cut, damaged, in BER, in text: nothing of the key in any of them.
    let ber = [&[0x30, 0x80], &der[4..], &[0, 0]].concat();
    assert_eq!(recordable(&ber, &limits), stripped);
    let text = pem(der);
    assert_eq!(recordable(text.as_bytes(), &limits), stripped);
    for index in (0..der.len()).step_by(13) {
        assert!(!holds(&recordable(&der[..index], &limits)) || !names(&der[..index]));
        let mut changed = der.to_vec();
        changed[index] ^= 0xFF;
        assert!(!holds(&recordable(&changed, &limits)) || !names(&changed), "byte {index}");
    }
    // What has none is kept as it is; what can't be read as anything is not.
    let pkcs10 = fixture!("certipy-pkcs10");
    assert_eq!(recordable(pkcs10, &limits), pkcs10);
    assert_eq!(recordable(&pkcs10[..100], &limits), &pkcs10[..100]);
    assert_eq!(recordable(b"no request", &limits), b"");
    assert_eq!(recordable(&text.as_bytes()[..1000], &limits), b"");
}

fn pem(der: &[u8]) -> String {
    crate::asn1::pem::encode("NEW CERTIFICATE REQUEST", der).to_string()
}

/// Whether the attribute can be told at all: one byte of its type may have been changed.
fn names(bytes: &[u8]) -> bool {
    let oid = oids::ARCHIVED_KEY_ATTR;
    bytes.windows(oid.der_content().len()).any(|part| part == oid.der_content())
}
