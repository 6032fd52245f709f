//! Whose each signature is, and which are accepted.

use super::fixture;
use super::messages::*;
use crate::asn1::cms::{CmsError, SignedData};
use crate::asn1::{
    AlgorithmIdentifier, Hash, Name, RequestBuilder, SignatureError, encode_attribute, oids,
    sequence,
};
use crate::model::{EnrollmentRequest, HResult, RequestFormat, RequestSigner};
use crate::request::{Limits, RequestError, parse};

fn read(raw: &[u8]) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, 0, "", &Limits::default())
}

fn plain(key: &Key) -> Vec<u8> {
    key.pkcs10(&RequestBuilder::default())
}

fn null_signed(key: &Key) -> Vec<u8> {
    RequestBuilder::default().encode_null_signed(&key.spki(), Hash::Sha256)
}

#[test]
fn signers_with_keys_of_every_kind_are_verified() {
    for (key, agent) in Key::of_every_kind().iter().zip(Key::of_every_kind().iter().rev()) {
        let certificate = agent.certificate("agent");
        let signers = [Sign::own(key), Sign::with(agent, &certificate)];
        let data = pki_data(&plain(key), &[]);
        for (raw, format) in [
            (cmc(&data, &[&certificate], &signers), RequestFormat::Cmc),
            (cms(&plain(key), &[&certificate], &signers), RequestFormat::Cms),
        ] {
            let request = read(&raw).expect("a good request");
            assert_eq!((request.format, &request.raw), (format, &raw));
            assert_eq!(request.public_key.spki, key.spki());
            assert_eq!(request.certificates, std::slice::from_ref(&certificate));
            let certificate = certificate.clone();
            assert_eq!(request.signers, [RequestSigner { certificate, sha1: false }]);
            assert!(!request.sha1_proof && request.renewal.is_none());
            assert_eq!(request.on_behalf_of, None);

            // Another key than the certificate's.
            let wrong = [Sign::own(key), Sign::with(key, &request.certificates[0])];
            let raw = match format {
                RequestFormat::Cmc => cmc(&data, &[&request.certificates[0]], &wrong),
                _ => cms(&plain(key), &[&request.certificates[0]], &wrong),
            };
            let error = read(&raw).expect_err("another key");
            let expected = [HResult::NTE_BAD_SIGNATURE, HResult::NTE_BAD_ALGID];
            assert!(expected.contains(&error.hresult()), "{error}");
            assert!(matches!(error, RequestError::Signer { number: 1, .. }));
        }
    }
}

#[test]
fn messages_of_openssl() {
    let body = fixture!("p-256-sha256");
    let spki = parse(body, 0, "", &Limits::default()).expect("a good request").public_key.spki;
    for (name, raw) in [
        ("DER", fixture!("cms-plain")),
        ("BER", fixture!("cms-ber")),
        ("key identifier", fixture!("cms-keyid")),
        ("no attributes", fixture!("cms-noattr")),
        ("PSS", fixture!("cms-pss")),
    ] {
        let request = read(raw).expect(name);
        assert_eq!((&request.public_key.spki, &*request.raw), (&spki, raw), "{name}");
        let [RequestSigner { certificate, sha1: false }] = &*request.signers else {
            panic!("{name}: {:?}", request.signers)
        };
        assert_eq!(request.certificates, std::slice::from_ref(certificate), "{name}");
    }
}

#[test]
fn several_agents_may_sign_each_once() {
    let (key, agents) = (Key::p256(), [Key::p256(), Key::p256()]);
    let certificates = [agents[0].certificate("a"), agents[1].certificate("b")];
    let bag: Vec<_> = certificates.iter().map(Vec::as_slice).collect();
    let data = pki_data(&plain(&key), &[]);
    let by = |order: [usize; 2]| {
        let [first, second] = order.map(|one| Sign::with(&agents[one], bag[one]));
        read(&cmc(&data, &bag, &[Sign::own(&key), first, second]))
    };
    let request = by([1, 0]).expect("two agents");
    let order: Vec<_> = request.signers.iter().map(|signer| &signer.certificate).collect();
    assert_eq!(order, [&certificates[1], &certificates[0]]);
    assert_eq!(by([0, 0]), Err(RequestError::SameSigner));
    // The same key under another name counts once too.
    let again = agents[0].certificate("c");
    let twice = [Sign::own(&key), Sign::with(&agents[0], bag[0]), Sign::with(&agents[0], &again)];
    assert_eq!(read(&cmc(&data, &[bag[0], &again], &twice)), Err(RequestError::SameSigner));
}

#[test]
fn the_key_to_be_certified_is_no_agent_even_with_a_certificate() {
    let key = Key::p256();
    let certificate = key.certificate("self");
    for raw in [
        cms(&plain(&key), &[&certificate], &[Sign::with(&key, &certificate)]),
        cms(&plain(&key), &[&certificate], &[Sign::own(&key)]),
    ] {
        assert_eq!(read(&raw).expect("a good request").signers, []);
    }
}

#[test]
fn signers_are_found_by_key_identifier_too() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let by_id = || Sign { by: By::KeyId(agent.key_id()), ..Sign::own(&agent) };
    let data = pki_data(&plain(&key), &[]);
    let request = read(&cmc(&data, &[&certificate], &[Sign::own(&key), by_id()]));
    assert_eq!(request.expect("a good request").signers[0].certificate, certificate);
    let missing = read(&cmc(&data, &[], &[Sign::own(&key), by_id()]));
    assert_eq!(missing, Err(RequestError::SignerNotFound(1)));
}

/// Clients compute key identifiers in several ways: the first signer of a CMC request is its key.
#[test]
fn the_first_signer_by_an_unknown_identifier_is_the_key_to_be_certified() {
    let (key, other) = (Key::p256(), Key::p256());
    let data = pki_data(&plain(&key), &[]);
    let odd = |key| Sign { by: By::KeyId(vec![7; 32]), ..Sign::own(key) };
    assert!(read(&cmc(&data, &[], &[odd(&key)])).is_ok());
    let error = read(&cmc(&data, &[], &[odd(&other)])).expect_err("another key");
    assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
}

#[test]
fn a_dummy_name_is_the_key_to_be_certified() {
    let (key, other) = (Key::p256(), Key::p256());
    let dummy = [(oids::DUMMY_SIGNER, "Dummy Signer".to_owned())];
    let dummy = Name::from_attributes(dummy).to_der();
    let named = |key| Sign { by: By::Name(dummy.clone()), ..Sign::own(key) };
    let data = pki_data(&null_signed(&key), &[]);
    assert!(read(&cmc(&data, &[], &[named(&key)])).is_ok());
    let error = read(&cmc(&data, &[], &[named(&other)])).expect_err("another key");
    assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
    let second = read(&cmc(&data, &[], &[Sign::own(&key), named(&key)]));
    assert_eq!(second, Err(RequestError::SignerNotFound(1)));
}

#[test]
fn a_signer_without_its_certificate_is_refused() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let unrelated = key.certificate("another");
    for bag in [&[][..], &[&*unrelated]] {
        let raw = cms(&plain(&key), bag, &[Sign::with(&agent, &certificate)]);
        let error = read(&raw).expect_err("no certificate");
        assert_eq!(error, RequestError::SignerNotFound(0));
        assert_eq!(error.hresult(), HResult::CRYPT_E_SIGNER_NOT_FOUND);
    }
}

#[test]
fn certificates_that_answer_to_one_name_are_refused() {
    let (key, agent, other) = (Key::p256(), Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let same_name = other.certificate("agent");
    let sign = || [Sign::with(&agent, &certificate)];
    let copy = cms(&plain(&key), &[&certificate, &certificate], &sign());
    assert_eq!(read(&copy).expect("a copy does not matter").signers.len(), 1);
    let error = read(&cms(&plain(&key), &[&same_name, &certificate], &sign()));
    assert_eq!(error, Err(RequestError::AmbiguousSigner(0)));
}

#[test]
fn a_message_that_nobody_signed_is_refused() {
    let key = Key::p256();
    for raw in [cms(&plain(&key), &[], &[]), cmc(&pki_data(&plain(&key), &[]), &[], &[])] {
        let error = read(&raw).expect_err("no signer");
        assert_eq!(error, RequestError::NoSigner);
        assert_eq!(error.hresult(), HResult::CRYPT_E_NO_SIGNER);
    }
}

/// [MS-WCCE] 2.2.2.6.5.
#[test]
fn a_null_signature_needs_a_first_signer_who_proves_the_key() {
    let (key, other) = (Key::p256(), Key::p256());
    let certificate = other.certificate("agent");
    let data = pki_data(&null_signed(&key), &[]);
    assert!(read(&cmc(&data, &[], &[Sign::own(&key)])).is_ok());
    assert!(read(&cms(&null_signed(&key), &[], &[Sign::own(&key)])).is_ok());

    let no_proof = |raw: &[u8]| {
        let error = read(raw).expect_err("no proof");
        assert_eq!(error, RequestError::NoProof);
        assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
    };
    let agent = || Sign::with(&other, &certificate);
    no_proof(&cms(&null_signed(&key), &[&certificate], &[agent()]));
    no_proof(&cmc(&data, &[&certificate], &[agent(), Sign::own(&key)]));
    let no_signature = || Sign { null: true, ..Sign::own(&key) };
    no_proof(&cmc(&data, &[], &[no_signature()]));
    no_proof(&cmc(&data, &[&certificate], &[no_signature(), agent()]));

    // By itself it is no signature at all.
    let bare = read(&null_signed(&key)).expect_err("nothing around it");
    assert!(matches!(bare, RequestError::Signature(SignatureError::Unsupported(_))));
    // Nor is another hash one.
    let wrong = crate::asn1::sequence(|writer| {
        let der = null_signed(&key);
        let request = crate::asn1::CertificationRequest::parse(&der).expect("own encoding");
        writer.raw(request.info);
        AlgorithmIdentifier::with_null(oids::SHA256).write(writer);
        writer.bit_string(&[0; 32]);
    });
    let error = read(&cmc(&pki_data(&wrong, &[]), &[], &[Sign::own(&key)])).expect_err("wrong");
    assert_eq!(error, RequestError::Signature(SignatureError::Invalid));
}

/// RFC 2797 3.3.3.1: the PKCS#10 proves possession alone.
#[test]
fn a_first_signer_without_signature_needs_a_signed_pkcs10() {
    let (key, other) = (Key::p256(), Key::p256());
    let data = pki_data(&plain(&key), &[]);
    let null = |key| Sign { null: true, ..Sign::own(key) };
    let request = read(&cmc(&data, &[], &[null(&key)])).expect("a good request");
    assert_eq!(request.signers, []);
    let certificate = other.certificate("agent");
    let agent = read(&cmc(&data, &[&certificate], &[null(&key), Sign::with(&other, &certificate)]));
    assert_eq!(agent.expect("a good request").signers.len(), 1);
    let broken = with_signer(&cmc(&data, &[], &[null(&key)]), |signer| signer.signature = &[0; 32]);
    let error = read(&broken).expect_err("another hash");
    assert_eq!(error.hresult(), HResult::CRYPT_E_HASH_VALUE);
    // Whoever stands second must sign.
    let second = read(&cmc(
        &data,
        &[&certificate],
        &[Sign::own(&key), Sign { null: true, ..Sign::with(&other, &certificate) }],
    ));
    assert_eq!(second.expect_err("a hash").hresult(), HResult::NTE_BAD_ALGID);
}

#[test]
fn sha1_is_marked_wherever_it_has_a_part() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let sha1 = |sign| Sign { digest: Hash::Sha1, ..sign };
    let raw = cms(&plain(&key), &[&certificate], &[sha1(Sign::with(&agent, &certificate))]);
    let request = read(&raw).expect("policy decides");
    assert!(request.signers[0].sha1 && !request.sha1_proof);
    // The proof of possession is the PKCS#10's, or the first signer's where that has none.
    let data = pki_data(&plain(&key), &[]);
    assert!(!read(&cmc(&data, &[], &[sha1(Sign::own(&key))])).expect("good").sha1_proof);
    let data = pki_data(&null_signed(&key), &[]);
    assert!(read(&cmc(&data, &[], &[sha1(Sign::own(&key))])).expect("good").sha1_proof);
    assert!(!read(&cmc(&data, &[], &[Sign::own(&key)])).expect("good").sha1_proof);
}

#[test]
fn other_hashes_than_sha1_and_sha2_are_refused() {
    let key = Key::p256();
    let md5: crate::model::Oid = "1.2.840.113549.2.5".parse().expect("valid");
    let raw = cms(&plain(&key), &[], &[Sign::own(&key)]);
    let raw = with_signer(&raw, |signer| signer.digest.oid = md5.clone());
    let error = read(&raw).expect_err("MD5");
    assert_eq!(error, RequestError::Signer { number: 0, source: CmsError::Digest(md5) });
    assert_eq!(error.hresult(), HResult::NTE_BAD_ALGID);
}

/// RFC 5652 5.3. A PKCS#7 renewal of Windows has none.
#[test]
fn signed_attributes_are_optional_for_data_alone() {
    let key = Key::p256();
    let bare = || [Sign { attributes: None, ..Sign::own(&key) }];
    assert!(read(&cms(&plain(&key), &[], &bare())).is_ok());
    let error = read(&cmc(&pki_data(&plain(&key), &[]), &[], &bare())).expect_err("none");
    assert_eq!(error, RequestError::NoSignedAttributes(0));
    assert_eq!(error.hresult(), HResult::INVALID_DATA);
}

#[test]
fn signed_attributes_must_fit_and_occur_once() {
    let key = Key::p256();
    let raw = cms(&plain(&key), &[], &[Sign::own(&key)]);
    let signed = |attributes: Vec<Vec<u8>>| {
        let set = set_of(attributes);
        let signature = key.sign(&set);
        with_signer(&raw, |signer| {
            signer.signed_attributes = Some(set);
            signer.signature = signature.leak();
        })
    };
    let digest = |content: &[u8]| octets(Hash::Sha256.digest(content).as_ref());
    let right = digest(SignedData::parse(&raw).expect("own").content.expect("own"));
    let oid = |oid: &crate::model::Oid| {
        let mut writer = crate::asn1::Writer::new();
        writer.oid(oid);
        writer.into_bytes()
    };
    let digests = |values: Vec<Vec<u8>>| encode_attribute(&oids::MESSAGE_DIGEST, values);
    let types = |values: Vec<Vec<u8>>| encode_attribute(&oids::CONTENT_TYPE, values);
    let data = || types(vec![oid(&oids::CMS_DATA)]);
    let result = |attributes| read(&signed(attributes)).map(|_| ()).map_err(|e| e.hresult());

    // Certipy leaves out the content type.
    assert_eq!(result(vec![digests(vec![right.clone()])]), Ok(()));
    assert_eq!(result(vec![data(), digests(vec![right.clone()])]), Ok(()));
    for (attributes, expected) in [
        (vec![data()], HResult::CRYPT_E_AUTH_ATTR_MISSING),
        (vec![data(), digests(vec![])], HResult::CRYPT_E_AUTH_ATTR_MISSING),
        (vec![digests(vec![right.clone(); 2])], HResult::CRYPT_E_AUTH_ATTR_MISSING),
        (vec![digests(vec![digest(b"other")])], HResult::CRYPT_E_HASH_VALUE),
        (
            vec![digests(vec![right.clone()]), digests(vec![digest(b"other")])],
            HResult::INVALID_DATA,
        ),
        (vec![data(), data(), digests(vec![right.clone()])], HResult::INVALID_DATA),
        (
            vec![types(vec![oid(&oids::CMS_DATA); 2]), digests(vec![right.clone()])],
            HResult::INVALID_DATA,
        ),
        (vec![types(vec![]), digests(vec![right.clone()])], HResult::INVALID_DATA),
        (
            vec![types(vec![oid(&oids::CMC_PKI_DATA)]), digests(vec![right])],
            HResult::CRYPT_E_HASH_VALUE,
        ),
    ] {
        assert_eq!(result(attributes.clone()), Err(expected), "{attributes:02x?}");
    }
}

#[test]
fn the_signature_is_over_the_received_bytes() {
    let key = Key::p256();
    let raw = cms(&plain(&key), &[], &[Sign::own(&key)]);
    let wrong = with_signer(&raw, |signer| signer.signature = &[0; 64]);
    assert_eq!(read(&wrong).expect_err("wrong").hresult(), HResult::NTE_BAD_SIGNATURE);
    // Attributes in another order than DER's are signed as they are.
    let content = plain(&key);
    let digest = octets(Hash::Sha256.digest(&content).as_ref());
    let digest = encode_attribute(&oids::MESSAGE_DIGEST, vec![digest]);
    let unknown = encode_attribute(&"1.2.3".parse().expect("valid"), vec![vec![5, 0]]);
    let mut writer = crate::asn1::Writer::new();
    writer.element(crate::asn1::Tag::SET, &[digest, unknown].concat());
    let set = writer.into_bytes();
    let signature = key.sign(&set);
    let raw = cms(&content, &[], &[Sign::own(&key)]);
    let unsorted = with_signer(&raw, |signer| {
        signer.signed_attributes = Some(set);
        signer.signature = signature.leak();
    });
    assert!(read(&unsorted).is_ok());
}

#[test]
fn unsigned_attributes_say_nothing() {
    let key = Key::p256();
    let old = key.certificate("old");
    let unsigned = [
        requester_name("WCCE\\bob"),
        encode_attribute(&oids::RENEWAL_CERTIFICATE, vec![old.clone()]),
        encode_attribute(&oids::CONTENT_TYPE, vec![]),
    ];
    let sign = Sign { unsigned: unsigned.concat(), ..Sign::own(&key) };
    let request = read(&cms(&plain(&key), &[&old], &[sign])).expect("a good request");
    assert_eq!((request.on_behalf_of, request.renewal), (None, None));
    assert!(request.attributes.is_empty() && !request.archives_key);
}

#[test]
fn counts_of_signers_are_limited_before_anything_is_verified() {
    let (key, other) = (Key::p256(), Key::p256());
    // A signature that would be noticed.
    let bad = || Sign { by: By::KeyId(key.key_id()), ..Sign::own(&other) };
    let certificate = other.certificate("x");
    let too_many = |raw: &[u8], what: &str| {
        let error = read(raw).expect_err("too many");
        assert!(matches!(error, RequestError::TooMany { .. }), "{error}");
        assert!(error.to_string().ends_with(what), "{error}");
        assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_LARGE);
    };
    let signers: Vec<_> = (0..9).map(|_| bad()).collect();
    too_many(&cms(&plain(&key), &[], &signers), "8 signatures");
    too_many(&cms(&plain(&key), &[&*certificate; 33], &[bad()]), "32 certificates");
    let attribute =
        |number: usize| encode_attribute(&format!("1.2.{number}").parse().expect("valid"), vec![]);
    let attributes: Vec<_> = (0..17).map(attribute).collect();
    let unsigned = Sign { unsigned: attributes.concat(), ..bad() };
    too_many(&cms(&plain(&key), &[], &[unsigned]), "16 unsigned attributes");
    let signed = Sign { attributes: Some(attributes), ..bad() };
    too_many(&cms(&plain(&key), &[], &[signed]), "16 signed attributes");
}

#[test]
fn keys_of_signers_have_the_limits_of_keys() {
    let (key, agent) = (Key::p256(), Key::p256());
    let bad_spki = crate::asn1::encode_spki(
        crate::model::PublicKeyKind::Rsa { bits: 1024 },
        &sequence(|writer| {
            writer.unsigned(&[0xC1; 128]);
            writer.u32(65_537);
        }),
    );
    let short = certificate(&bad_spki, "agent", &[1]);
    let raw = cms(&plain(&key), &[&short], &[Sign::with(&agent, &short)]);
    assert!(matches!(read(&raw), Err(RequestError::KeyLength { bits: 1024, .. })));
    let curve = crate::asn1::sequence(|spki| {
        spki.sequence(|algorithm| {
            algorithm.oid(&oids::EC_PUBLIC_KEY);
            algorithm.oid(&"1.3.132.0.10".parse().expect("valid"));
        });
        spki.bit_string(&[4; 65]);
    });
    let odd = certificate(&curve, "agent", &[1]);
    let error = read(&cms(&plain(&key), &[&odd], &[Sign::with(&agent, &odd)]));
    let error = error.expect_err("secp256k1");
    assert!(matches!(error, RequestError::SignerKey { number: 0, .. }));
    assert_eq!(error.hresult(), HResult::NTE_BAD_ALGID);
}
