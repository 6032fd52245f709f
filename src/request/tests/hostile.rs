//! Damaged and oversized requests.

use proptest::prelude::*;

use super::messages::{Key, Sign, any_pki_data, cmc, cms, pki_data, renewing};
use super::{fixture, parsed, signed};
use crate::asn1::extensions::{application_policies, subject_alt_name};
use crate::asn1::{
    Certificate, Hash, Name, RequestBuilder, Tag, Writer, encode_bmp, oids, sequence,
};
use crate::model::{EnrollmentRequest, Extension, GeneralName, HResult, RequestSigner};
use crate::request::{Limits, RequestError, parse, recordable};

#[test]
fn every_changed_byte_is_noticed() {
    for der in [fixture!("rich"), fixture!("ed25519"), fixture!("rsa2048-sha256")] {
        for index in 0..der.len() {
            for mask in [0x01, 0x80, 0xFF] {
                let mut changed = der.to_vec();
                changed[index] ^= mask;
                assert!(parsed(&changed).is_err(), "byte {index} ^ {mask:#x}");
            }
        }
    }
}

/// A message of each kind, with all that can be in it.
fn messages() -> Vec<Vec<u8>> {
    let (key, old_key, agent) = (Key::p256(), Key::p256(), Key::p256());
    let (old, certificate) = (old_key.certificate("old"), agent.certificate("agent"));
    let plain = key.pkcs10(&RequestBuilder::default());
    let renewing = key.pkcs10(&renewing(&old));
    let bag = [&*old, &*certificate];
    let own = || Sign::own(&key);
    let data = pki_data(&renewing, &[("RequesterName", "WCCE\\bob"), ("rmd", "pc")]);
    let null_signed = RequestBuilder::default().encode_null_signed(&key.spki(), Hash::Sha256);
    let inner = cmc(&pki_data(&null_signed, &[]), &[], &[own()]);
    let by_agent = || Sign::with(&agent, &certificate);
    let mut messages: Vec<_> = [
        cms(&renewing, &bag[..1], &[Sign { attributes: None, ..Sign::with(&old_key, &old) }]),
        cms(&plain, &bag[1..], &[by_agent().saying("WCCE\\bob")]),
        cmc(&data, &bag, &[own(), Sign::with(&old_key, &old), by_agent()]),
        cmc(&any_pki_data(&[], &[], &[&inner], false), &bag[1..], &[by_agent()]),
    ]
    .into();
    let certipy =
        [fixture!("certipy-onbehalf"), fixture!("certipy-renewal"), fixture!("certipy-archival")];
    messages.extend(certipy.map(<[u8]>::to_vec));
    messages
}

/// What somebody signed of a request.
fn vouched_for(request: EnrollmentRequest) -> EnrollmentRequest {
    let (raw, certificates) = (Vec::new(), Vec::new());
    let signers = request.signers.into_iter().map(|signer| {
        let certificate = Certificate::parse(&signer.certificate).expect("a certificate");
        let certificate = certificate.public_key.raw.to_vec();
        RequestSigner { certificate, ..signer }
    });
    EnrollmentRequest { raw, certificates, signers: signers.collect(), ..request }
}

/// Nobody signs certificates that come along, unsigned attributes, and a few fields without
/// meaning; whatever else changes is noticed.
#[test]
fn damage_to_messages_changes_nothing_that_is_signed() {
    for message in messages() {
        let read = |raw: &[u8]| parse(raw, 0, "", &Limits::default());
        let genuine = vouched_for(read(&message).expect("a good request"));
        let mut unnoticed = 0;
        for index in 0..message.len() {
            assert!(read(&message[..index]).is_err(), "{index} bytes");
            let mask = if index % 2 == 0 { 0x01 } else { 0x80 };
            let mut changed = message.clone();
            changed[index] ^= mask;
            let _never_panics = recordable(&changed, &Limits::default());
            if let Ok(request) = read(&changed) {
                assert_eq!(vouched_for(request), genuine, "byte {index} ^ {mask:#x}");
                unnoticed += 1;
            }
        }
        assert!(unnoticed < message.len() / 2, "{unnoticed} of {} changes", message.len());
    }
}

#[test]
fn a_changed_signature_or_name_is_a_bad_signature() {
    let der = fixture!("rsa2048-sha256");
    let name = der.windows(7).position(|bytes| bytes == b"fixture").expect("the common name");
    for index in [name, der.len() - 1] {
        let mut changed = der.to_vec();
        changed[index] ^= 1;
        let error = parsed(&changed).expect_err("changed");
        assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE, "{error}");
    }
}

#[test]
fn cut_and_prolonged_requests_are_refused() {
    let der = fixture!("rich");
    for length in 0..der.len() {
        assert!(parsed(&der[..length]).is_err(), "{length} bytes");
    }
    let error = parsed(&[der, &[0]].concat()).expect_err("a byte more");
    assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_CORRUPT);
    let error = parsed(&der[..der.len() - 1]).expect_err("a byte less");
    assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_EOD);
}

fn too_many(builder: &RequestBuilder, expected: &str) {
    match parsed(&signed(builder)) {
        Err(error @ RequestError::TooMany { .. }) => {
            assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_LARGE);
            assert_eq!(error.to_string(), expected);
        }
        other => panic!("{other:?}"),
    }
}

/// An extension that nobody knows.
fn extension(number: usize) -> Extension {
    let oid = format!("1.2.3.{number}").parse().expect("valid");
    Extension { oid, critical: false, value: vec![5, 0] }
}

#[test]
fn counts_are_limited() {
    let names = |count| vec![GeneralName::Dns("a".to_owned()); count];
    let with_names = |count| RequestBuilder {
        extensions: vec![subject_alt_name(&names(count), false).expect("valid")],
        ..RequestBuilder::default()
    };
    assert!(parsed(&signed(&with_names(128))).is_ok());
    too_many(&with_names(129), "the request has more than 128 subject alternative names");

    let with_extensions = |count| RequestBuilder {
        extensions: (0..count).map(extension).collect(),
        ..RequestBuilder::default()
    };
    assert!(parsed(&signed(&with_extensions(64))).is_ok());
    too_many(&with_extensions(65), "the request has more than 64 extensions");

    let with_subject = |count| RequestBuilder {
        subject: Name::from_attributes(vec![(oids::COMMON_NAME, "a".to_owned()); count]),
        ..RequestBuilder::default()
    };
    assert!(parsed(&signed(&with_subject(64))).is_ok());
    too_many(&with_subject(65), "the request has more than 64 attributes in its subject");

    let unknown: crate::model::Oid = "1.2.3".parse().expect("valid");
    let with_attributes = |attributes| RequestBuilder { attributes, ..RequestBuilder::default() };
    let expected = "the request has more than 64 request attributes";
    too_many(&with_attributes(vec![(unknown.clone(), vec![]); 65]), expected);
    too_many(&with_attributes(vec![(unknown, vec![vec![5, 0]; 65])]), expected);

    let pair = sequence(|w| (0..2).for_each(|_| w.element(Tag::BMP_STRING, &encode_bmp("a"))));
    let pairs = sequence(|writer| writer.raw(&pair.repeat(65)));
    let pairs = with_attributes(vec![(oids::ENROLLMENT_NAME_VALUE_PAIR, vec![pairs])]);
    too_many(&pairs, "the request has more than 64 name-value pairs");
}

#[test]
fn size_and_structure_are_limited() {
    let padded = |bytes: usize| RequestBuilder {
        attributes: vec![("1.2.3".parse().expect("valid"), vec![octets(bytes)])],
        ..RequestBuilder::default()
    };
    let large = signed(&padded(65_000));
    assert!(large.len() <= 65_536 && parsed(&large).is_ok());
    for raw in [signed(&padded(65_536)), vec![0x30; 65_537], vec![b'M'; 1 << 20]] {
        let error = parsed(&raw).expect_err("too large");
        assert_eq!(error, RequestError::TooLarge { limit: 65_536 });
        assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_LARGE);
    }
    let limits = Limits { request_bytes: 1000, ..Limits::default() };
    assert!(parse(fixture!("rich"), 0, "", &limits).is_ok());
    assert!(parse(fixture!("certipy-archival"), 0, "", &limits).is_err());

    let many = sequence(|writer| (0..5000).for_each(|_| writer.null()));
    let mut deep = Vec::new();
    for _ in 0..5000 {
        let mut writer = Writer::new();
        writer.element(Tag::SEQUENCE, &deep);
        deep = writer.into_bytes();
    }
    for value in [many, deep] {
        let builder = RequestBuilder {
            attributes: vec![("1.2.3".parse().expect("valid"), vec![value])],
            ..RequestBuilder::default()
        };
        let error = parsed(&signed(&builder)).expect_err("too complex");
        assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_LARGE, "{error}");
    }
    // Lengths that promise more than there is.
    let error = parsed(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).expect_err("cut");
    assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_EOD);
}

fn octets(length: usize) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.octet_string(&vec![0; length]);
    writer.into_bytes()
}

#[test]
fn extensions_asked_for_twice_are_refused() {
    let policies = application_policies(&[oids::CLIENT_AUTH], false);
    let list = crate::asn1::extensions::encode_extensions(std::slice::from_ref(&policies));
    for attribute in [oids::CERT_EXTENSIONS, oids::EXTENSION_REQUEST] {
        let builder = RequestBuilder {
            extensions: vec![policies.clone()],
            attributes: vec![(attribute, vec![list.clone()])],
            ..RequestBuilder::default()
        };
        let error = parsed(&signed(&builder)).expect_err("twice");
        assert_eq!(error, RequestError::DuplicateExtension(oids::APPLICATION_CERT_POLICIES));
        assert_eq!(error.hresult(), HResult::INVALID_DATA);
    }
    let twice = RequestBuilder { extensions: vec![policies; 2], ..RequestBuilder::default() };
    assert!(parsed(&signed(&twice)).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse(&raw, 0, "", &Limits::default()).is_err());
        let sequence = [&[0x30, 0x81, 200][..], &raw].concat();
        prop_assert!(parse(&sequence, 0, "", &Limits::default()).is_err());
    }

    #[test]
    fn several_changes_to_messages_are_read_without_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        inserted in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        static MESSAGES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(messages);
        let original = which.get(&MESSAGES);
        let mut raw = original.clone();
        for (index, byte) in changes {
            let index = index.index(raw.len());
            raw[index] = byte;
        }
        let at = inserted.index(raw.len());
        raw.splice(at..at, bytes);
        let _recordable = recordable(&raw, &Limits::default());
        if let Ok(request) = parse(&raw, 0, "", &Limits::default()) {
            let genuine = parse(original, 0, "", &Limits::default()).expect("a good request");
            prop_assert_eq!(vouched_for(request), vouched_for(genuine));
        }
    }

    #[test]
    fn several_changes_are_refused_without_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        inserted in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let original = fixture!("rich");
        let mut raw = original.to_vec();
        for (index, byte) in changes {
            let index = index.index(raw.len());
            raw[index] = byte;
        }
        let at = inserted.index(raw.len());
        raw.splice(at..at, bytes);
        prop_assume!(raw != original);
        prop_assert!(parse(&raw, 0, "", &Limits::default()).is_err());
    }
}
