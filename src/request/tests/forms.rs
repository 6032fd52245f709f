//! Renewals, requests on behalf of others, and bodies and controls of CMC requests.

use super::fixture;
use super::messages::*;
use crate::asn1::cmc::PkiDataBuilder;
use crate::asn1::{
    Reader, RequestBuilder, Tag, Writer, encode_attribute, encode_name_value_pair, oids, sequence,
};
use crate::model::{
    Attribute, ClientInfo, EnrollmentRequest, HResult, Renewal, RequestFormat, TemplateHint,
};
use crate::request::{Limits, RequestError, parse};

fn read(raw: &[u8]) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, 0, "", &Limits::default())
}

fn plain(key: &Key) -> Vec<u8> {
    key.pkcs10(&RequestBuilder::default())
}

/// [MS-WCCE] 3.2.1.4.2.1.4.2.
#[test]
fn renewals_are_signed_by_the_old_key() {
    let (key, old_key) = (Key::p256(), Key::p256());
    let old = old_key.certificate("old");
    let body = key.pkcs10(&renewing(&old));
    let data = pki_data(&body, &[]);
    let by_old = || Sign::with(&old_key, &old);
    let bare = Sign { attributes: None, ..by_old() };
    let by_id = Sign { by: By::KeyId(old_key.key_id()), ..by_old() };
    for raw in [
        cms(&body, &[&old], &[by_old()]),
        cms(&body, &[&old], &[bare]),
        cmc(&data, &[&old], &[Sign::own(&key), by_old()]),
        cmc(&data, &[&old], &[Sign { null: true, ..Sign::own(&key) }, by_old()]),
        cmc(&data, &[&old], &[Sign::own(&key), by_id]),
    ] {
        let request = read(&raw).expect("a renewal");
        let renewal = Renewal { old_certificate: old.clone(), sha1: false };
        assert_eq!((request.renewal, request.signers), (Some(renewal), vec![]));
    }
}

#[test]
fn renewals_with_the_same_key() {
    let key = Key::p256();
    let old = key.certificate("old");
    let body = key.pkcs10(&renewing(&old));
    let data = pki_data(&body, &[]);
    let null_signed = renewing(&old).encode_null_signed(&key.spki(), crate::asn1::Hash::Sha256);
    for raw in [
        cms(&body, &[&old], &[Sign::with(&key, &old)]),
        cms(&null_signed, &[&old], &[Sign::with(&key, &old)]),
        cmc(&data, &[&old], &[Sign::own(&key), Sign::with(&key, &old)]),
    ] {
        let request = read(&raw).expect("a renewal");
        assert_eq!(request.renewal.expect("a renewal").old_certificate, old);
    }
}

#[test]
fn renewals_without_the_old_certificate_or_key_are_refused() {
    let (key, old_key, other_key) = (Key::p256(), Key::p256(), Key::p256());
    let (old, other) = (old_key.certificate("old"), other_key.certificate("other"));
    let body = key.pkcs10(&renewing(&old));
    let data = pki_data(&body, &[]);
    let refused = |raw: &[u8], expected: RequestError| {
        let error = read(raw).expect_err("no renewal");
        assert_eq!(error, expected);
        assert_eq!(error.hresult(), HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE);
    };
    let missing = RequestError::RenewalCertificate;
    refused(&cms(&body, &[], &[Sign::with(&old_key, &old)]), missing.clone());
    refused(&cms(&body, &[&other], &[Sign::with(&other_key, &other)]), missing.clone());
    refused(&cmc(&data, &[], &[Sign::own(&key)]), missing);
    let unsigned = RequestError::RenewalSigner;
    refused(&cmc(&data, &[&old], &[Sign::own(&key)]), unsigned.clone());
    refused(&cms(&body, &[&old, &other], &[Sign::with(&other_key, &other)]), unsigned);

    let forged = cms(&body, &[&old], &[Sign::with(&other_key, &old)]);
    assert_eq!(read(&forged).expect_err("forged").hresult(), HResult::NTE_BAD_SIGNATURE);
    // A certificate of the same name is not the same certificate.
    let look_alike = other_key.certificate("old");
    let raw = cms(&body, &[&look_alike], &[Sign::with(&other_key, &look_alike)]);
    refused(&raw, RequestError::RenewalCertificate);
}

#[test]
fn the_renewal_attribute_holds_one_certificate_once() {
    let (key, old_key) = (Key::p256(), Key::p256());
    let old = old_key.certificate("old");
    let attribute = |values: &[&[u8]]| {
        (oids::RENEWAL_CERTIFICATE, values.iter().map(|value| value.to_vec()).collect())
    };
    let junk = sequence(|_| {});
    for attributes in [
        vec![attribute(&[&old, &old])],
        vec![attribute(&[])],
        vec![attribute(&[&old]), attribute(&[&old])],
        vec![attribute(&[&[5, 0]])],
        vec![attribute(&[&junk])],
    ] {
        let body = key.pkcs10(&RequestBuilder { attributes, ..RequestBuilder::default() });
        let bag = [&*old, &*junk];
        let error = read(&cms(&body, &bag, &[Sign::with(&old_key, &old)])).expect_err("malformed");
        assert_eq!(error, RequestError::RenewalAttribute);
        assert_eq!(error.hresult(), HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE);
    }
}

/// Certipy has the attribute in its signed attributes too; it counts in the PKCS#10.
#[test]
fn a_signed_renewal_attribute_must_be_that_of_the_pkcs10() {
    let (key, old_key) = (Key::p256(), Key::p256());
    let (old, other) = (old_key.certificate("old"), key.certificate("other"));
    let signing = |body: &[u8], said: &[&[u8]]| {
        let values = said.iter().map(|value| value.to_vec()).collect();
        let attribute = encode_attribute(&oids::RENEWAL_CERTIFICATE, values);
        let sign = Sign { attributes: Some(vec![attribute]), ..Sign::with(&old_key, &old) };
        read(&cms(body, &[&old, &other], &[sign])).map(|request| request.renewal.is_some())
    };
    let body = key.pkcs10(&renewing(&old));
    assert_eq!(signing(&body, &[&old]), Ok(true));
    for said in [&[][..], &[&*other], &[&*old, &*old]] {
        assert_eq!(signing(&body, said), Err(RequestError::RenewalAttribute));
    }
    assert_eq!(signing(&plain(&key), &[&old]), Err(RequestError::RenewalAttribute));
    let control = encode_attribute(&oids::RENEWAL_CERTIFICATE, vec![old.clone()]);
    let added =
        any_pki_data(&[(oids::CMC_ADD_ATTRIBUTES, added(1, &control))], &[&body], &[], false);
    let raw = cmc(&added, &[&old], &[Sign::own(&key), Sign::with(&old_key, &old)]);
    assert_eq!(read(&raw), Err(RequestError::RenewalAttribute));
}

#[test]
fn a_renewal_may_be_signed_by_an_agent_too() {
    let (key, old_key, agent) = (Key::p256(), Key::p256(), Key::p256());
    let (old, certificate) = (old_key.certificate("old"), agent.certificate("agent"));
    let data = pki_data(&key.pkcs10(&renewing(&old)), &[]);
    let signers = [Sign::own(&key), Sign::with(&agent, &certificate), Sign::with(&old_key, &old)];
    let request = read(&cmc(&data, &[&old, &certificate], &signers)).expect("both");
    assert_eq!(request.renewal.expect("a renewal").old_certificate, old);
    assert_eq!(request.signers.len(), 1);
    assert_eq!(request.certificates, [old, certificate]);
}

#[test]
fn requests_of_certipy() {
    let request = read(fixture!("certipy-onbehalf")).expect("on behalf");
    assert_eq!(request.on_behalf_of.as_deref(), Some("WCCE\\bob"));
    assert_eq!((request.signers.len(), request.renewal.is_some()), (1, false));
    assert!(!request.attributes.iter().any(|one| one.name.eq_ignore_ascii_case("requestername")));
    let request = read(fixture!("certipy-renewal")).expect("a renewal");
    assert_eq!((request.signers.len(), request.renewal.is_some()), (0, true));
    assert_eq!(request.on_behalf_of, None);
    let request = read(fixture!("certipy-archival")).expect("an archival");
    assert!(request.archives_key && request.raw.len() < fixture!("certipy-archival").len());
}

/// [MS-WCCE] 3.2.2.6.2.1.2.1.1.
#[test]
fn cms_says_requester_name_by_its_first_signer() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let signed = |attribute: Vec<u8>| {
        let sign = Sign { attributes: Some(vec![attribute]), ..Sign::with(&agent, &certificate) };
        read(&cms(&plain(&key), &[&certificate], &[sign]))
    };
    let pair = |name: &str, value: &str| encode_name_value_pair(name, value);
    let pairs = |pairs: Vec<Vec<u8>>| encode_attribute(&oids::ENROLLMENT_NAME_VALUE_PAIR, pairs);
    for name in ["RequesterName", "requestername", "REQUESTERNAME\0"] {
        let request = signed(pairs(vec![pair(name, "WCCE\\bob\0")])).expect("on behalf");
        assert_eq!(request.on_behalf_of.as_deref(), Some("WCCE\\bob"));
        assert!(request.attributes.is_empty());
    }
    let with_template =
        pairs(vec![pair("RequesterName", "WCCE\\bob"), pair("CertificateTemplate", "User")]);
    let request = signed(with_template).expect("on behalf");
    assert_eq!(request.template_hints, [TemplateHint::Name("User".to_owned())]);
    for bad in [
        pairs(vec![pair("RequesterName", "a\\b"), pair("requestername", "a\\c")]),
        pairs(vec![pair("RequesterName", "a\\b"), pair("requestername", "a\\b")]),
        pairs(vec![pair("RequesterName", " ")]),
    ] {
        let error = signed(bad).expect_err("twice or empty");
        assert_eq!(error, RequestError::RequesterName);
        assert_eq!(error.hresult(), HResult::INVALID_DATA);
    }
}

#[test]
fn every_agent_must_say_the_same_requester_name() {
    let (key, agents) = (Key::p256(), [Key::p256(), Key::p256()]);
    let certificates = [agents[0].certificate("a"), agents[1].certificate("b")];
    let bag: Vec<_> = certificates.iter().map(Vec::as_slice).collect();
    let saying = |names: [Option<&str>; 2]| {
        let signers: Vec<_> = (0..2)
            .map(|one| match names[one] {
                Some(name) => Sign::with(&agents[one], bag[one]).saying(name),
                None => Sign::with(&agents[one], bag[one]),
            })
            .collect();
        read(&cms(&plain(&key), &bag, &signers)).map(|request| request.on_behalf_of)
    };
    assert_eq!(saying([Some("a\\b"), Some("A\\B")]), Ok(Some("a\\b".to_owned())));
    assert_eq!(saying([None, None]), Ok(None));
    for names in [[Some("a\\b"), Some("a\\c")], [Some("a\\b"), None], [None, Some("a\\b")]] {
        assert_eq!(saying(names), Err(RequestError::RequesterName), "{names:?}");
    }
}

/// [MS-WCCE] 3.2.2.6.2.1.2.1.2.
#[test]
fn cmc_says_requester_name_in_reg_info() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let saying = |pairs: &[(&str, &str)], sign: Sign<'_>| {
        let data = pki_data(&plain(&key), pairs);
        read(&cmc(&data, &[&certificate], &[Sign::own(&key), sign]))
    };
    let by = || Sign::with(&agent, &certificate);
    let both = [("requestername", "WCCE\\bob"), ("CertificateTemplate", "User")];
    let request = saying(&both, by()).expect("on behalf");
    assert_eq!(request.on_behalf_of.as_deref(), Some("WCCE\\bob"));
    assert_eq!(request.template_hints, [TemplateHint::Name("User".to_owned())]);
    assert_eq!(request.attributes.len(), 1);

    let twice = saying(&[("RequesterName", "a"), ("Requester-Name", "b")], by());
    assert_eq!(twice, Err(RequestError::RequesterName));
    // A signer of a CMC request says nothing else, and nothing that RegInfo does not say.
    let name = &[("RequesterName", "a\\b")][..];
    assert!(saying(name, by().saying("A\\b")).is_ok());
    assert_eq!(saying(name, by().saying("a\\c")), Err(RequestError::RequesterName));
    assert_eq!(saying(&[], by().saying("a\\b")), Err(RequestError::RequesterName));
}

#[test]
fn requester_name_elsewhere_says_nothing() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let name_value_pairs = vec![("RequesterName".to_owned(), "WCCE\\bob".to_owned())];
    let body = key.pkcs10(&RequestBuilder { name_value_pairs, ..RequestBuilder::default() });
    let by = || Sign::with(&agent, &certificate);
    let data = pki_data(&body, &[]);
    for raw in [
        body.clone(),
        cms(&body, &[&certificate], &[by()]),
        cmc(&data, &[&certificate], &[Sign::own(&key), by()]),
    ] {
        let request = parse(&raw, 0, "RequesterName:WCCE\\eve", &Limits::default());
        let request = request.expect("a good request");
        assert_eq!((request.on_behalf_of, request.attributes.len()), (None, 2));
    }
    // But it must not contradict what is said in the right place.
    assert!(read(&cms(&body, &[&certificate], &[by().saying("WCCE\\BOB")])).is_ok());
    let other = read(&cms(&body, &[&certificate], &[by().saying("WCCE\\eve")]));
    assert_eq!(other, Err(RequestError::RequesterName));
    let data = pki_data(&body, &[("RequesterName", "WCCE\\eve")]);
    let other = read(&cmc(&data, &[&certificate], &[Sign::own(&key), by()]));
    assert_eq!(other, Err(RequestError::RequesterName));
}

/// The value of CMC_ADD_ATTRIBUTES with this attribute.
fn added(reference: u32, attribute: &[u8]) -> Vec<u8> {
    sequence(|add| {
        add.u32(0);
        add.sequence(|references| references.u32(reference));
        add.element(Tag::SET, attribute);
    })
}

#[test]
fn added_attributes_count_as_those_of_the_pkcs10() {
    let key = Key::p256();
    let info = ClientInfo { client_id: 5, user: "WCCE\\bob".to_owned(), ..ClientInfo::default() };
    let builder = PkiDataBuilder {
        client_info: Some(info.clone()),
        reg_info: vec![("rmd".to_owned(), "pc.wcce.test".to_owned())],
        ..PkiDataBuilder::default()
    };
    let name_value_pairs = vec![("CertificateTemplate".to_owned(), "User".to_owned())];
    let body = key.pkcs10(&RequestBuilder { name_value_pairs, ..RequestBuilder::default() });
    let raw = cmc(&builder.encode(&body), &[], &[Sign::own(&key)]);
    let request = parse(&raw, 0x0400, "cdc:dc.wcce.test", &Limits::default()).expect("good");
    assert_eq!(request.client_info, Some(info));
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
    let expected = [
        attribute("cdc", "dc.wcce.test"),
        attribute("rmd", "pc.wcce.test"),
        attribute("CertificateTemplate", "User"),
    ];
    assert_eq!(request.attributes, expected);
}

fn with_controls(key: &Key, controls: &[(crate::model::Oid, Vec<u8>)]) -> Result<(), RequestError> {
    let data = any_pki_data(controls, &[&plain(key)], &[], false);
    read(&cmc(&data, &[], &[Sign::own(key)])).map(|_| ())
}

#[test]
fn controls_are_known_once_and_about_the_request() {
    let key = Key::p256();
    let echoes = [oids::CMC_TRANSACTION_ID, oids::CMC_SENDER_NONCE, oids::CMC_DATA_RETURN];
    let echoes = echoes.map(|oid| (oid, octets(b"x")));
    assert_eq!(with_controls(&key, &echoes), Ok(()));

    let invalid = |controls: &[(crate::model::Oid, Vec<u8>)], expected: RequestError| {
        let error = with_controls(&key, controls).expect_err("a wrong control");
        assert_eq!(error, expected);
        assert_eq!(error.hresult(), HResult::INVALID_DATA);
    };
    // addExtensions, revokeRequest, lraPOPWitness and an unknown one.
    for oid in ["1.3.6.1.5.5.7.7.8", "1.3.6.1.5.5.7.7.17", "1.3.6.1.5.5.7.7.11", "1.2.3"] {
        let oid: crate::model::Oid = oid.parse().expect("valid");
        invalid(&[(oid.clone(), vec![5, 0])], RequestError::Control(oid));
    }
    let info = (oids::CMC_REG_INFO, octets(b"a=b&"));
    invalid(&[info.clone(), info], RequestError::Duplicate(oids::CMC_REG_INFO));
    let no_value = (oids::CMC_REG_INFO, vec![]);
    invalid(&[no_value], RequestError::AttributeValues(oids::CMC_REG_INFO));
    let pair = encode_attribute(&oids::OS_VERSION, vec![]);
    let other = (oids::CMC_ADD_ATTRIBUTES, added(2, &pair));
    invalid(&[other], RequestError::OtherBodyPart);
    let many = vec![echoes[0].clone(); 17];
    let error = with_controls(&key, &many).expect_err("too many");
    assert_eq!(error, RequestError::TooMany { what: "controls", limit: 16 });
}

/// [MS-WCCE] 3.2.1.4.2.1.4.1.3.
#[test]
fn a_cmc_request_has_exactly_one_body() {
    let key = Key::p256();
    let body = plain(&key);
    let inner = cmc(&pki_data(&body, &[]), &[], &[Sign::own(&key)]);
    let crmf = sequence(|data| {
        data.sequence(|_| {});
        data.sequence(|set| set.nested(Tag::context(1), |crmf| crmf.sequence(|_| {})));
        data.sequence(|_| {});
        data.sequence(|_| {});
    });
    for data in [
        any_pki_data(&[], &[], &[], false),
        any_pki_data(&[], &[&body, &body], &[], false),
        any_pki_data(&[], &[&body], &[&inner], false),
        any_pki_data(&[], &[], &[&inner, &inner], false),
        any_pki_data(&[], &[&body], &[], true),
        crmf,
    ] {
        let error = read(&cmc(&data, &[], &[Sign::own(&key)])).expect_err("not one body");
        assert_eq!(error, RequestError::Bodies);
        assert_eq!(error.hresult(), HResult::INVALID_DATA);
    }
}

#[test]
fn a_body_that_is_no_pkcs10_is_invalid_data() {
    let key = Key::p256();
    let own = || [Sign::own(&key)];
    let inner = cms(&plain(&key), &[], &own());
    for raw in [
        cms(&inner, &[], &own()),
        cms(b"hello", &[], &own()),
        cms(&[&plain(&key)[..], &[0]].concat(), &[], &own()),
        cmc(&any_pki_data(&[], &[&inner], &[], false), &[], &own()),
        message(&oids::CMC_PKI_RESPONSE, &plain(&key), &[], &own()),
        message(&"1.2.3".parse().expect("valid"), &plain(&key), &[], &own()),
    ] {
        let error = read(&raw).expect_err("no PKCS#10");
        assert_eq!(error.hresult(), HResult::INVALID_DATA, "{error}");
    }
    let mut detached = crate::asn1::cms::SignedData::parse(&inner).expect("own");
    detached.content = None;
    assert_eq!(read(&detached.encode()).expect_err("no content").hresult(), HResult::INVALID_DATA);
}

/// An agent wraps what somebody else has finished ([MS-WCCE] 3.1.1.4.3.3.1).
#[test]
fn a_finished_request_inside_another_is_verified_in_every_layer() {
    let (key, agent, old_key) = (Key::p256(), Key::p256(), Key::p256());
    let (certificate, old) = (agent.certificate("agent"), old_key.certificate("old"));
    let by_agent = || [Sign::with(&agent, &certificate)];
    let wrapped = |inner: &[u8], name: &[(&str, &str)], signers: &[Sign<'_>]| {
        let controls: Vec<_> = name
            .iter()
            .map(|(name, value)| {
                (oids::CMC_REG_INFO, octets(format!("{name}={value}&").as_bytes()))
            })
            .collect();
        cmc(&any_pki_data(&controls, &[], &[inner], false), &[&certificate], signers)
    };
    let name = &[("RequesterName", "WCCE%5Cbob")][..];
    let inner = cmc(&pki_data(&plain(&key), &[]), &[], &[Sign::own(&key)]);
    let request = read(&wrapped(&inner, name, &by_agent())).expect("wrapped");
    assert_eq!(request.format, RequestFormat::Cmc);
    assert_eq!(request.on_behalf_of.as_deref(), Some("WCCE\\bob"));
    assert_eq!((request.signers.len(), &request.public_key.spki), (1, &key.spki()));

    let renewal = cms(&key.pkcs10(&renewing(&old)), &[&old], &[Sign::with(&old_key, &old)]);
    let request = read(&wrapped(&renewal, name, &by_agent())).expect("a wrapped renewal");
    assert_eq!((request.signers.len(), request.renewal.is_some()), (1, true));
    assert_eq!(request.certificates, [certificate.clone(), old.clone()]);

    // Each layer must verify.
    let broken = with_signer(&inner, |signer| signer.signature = &[0; 64]);
    let error = read(&wrapped(&broken, name, &by_agent())).expect_err("inside");
    assert_eq!(error.hresult(), HResult::NTE_BAD_SIGNATURE);
    let forged = wrapped(&inner, name, &[Sign::with(&key, &certificate)]);
    assert_eq!(read(&forged).expect_err("outside").hresult(), HResult::NTE_BAD_SIGNATURE);
    // Agents sign what says on behalf of whom it is, not something inside it.
    let signed_inside = cmc(
        &pki_data(&plain(&key), &[]),
        &[&certificate],
        &[Sign::own(&key), Sign::with(&agent, &certificate)],
    );
    let error = read(&wrapped(&signed_inside, name, &[Sign::own(&key)])).expect_err("inside");
    assert_eq!(error, RequestError::InnerSigner);
    // Names of different layers agree.
    let said_inside =
        cmc(&pki_data(&plain(&key), &[("RequesterName", "WCCE\\eve")]), &[], &[Sign::own(&key)]);
    let error = read(&wrapped(&said_inside, name, &by_agent())).expect_err("two names");
    assert_eq!(error, RequestError::RequesterName);
    assert!(read(&wrapped(&said_inside, &[], &by_agent())).is_ok());
}

#[test]
fn layers_and_their_signers_are_limited() {
    let key = Key::p256();
    let wrap =
        |inner: &[u8]| cmc(&any_pki_data(&[], &[], &[inner], false), &[], &[Sign::own(&key)]);
    let one = cmc(&pki_data(&plain(&key), &[]), &[], &[Sign::own(&key)]);
    let three = wrap(&wrap(&one));
    assert!(read(&three).is_ok());
    let error = read(&wrap(&three)).expect_err("four");
    assert_eq!(error, RequestError::TooMany { what: "messages inside each other", limit: 3 });
    let limits = Limits { signers: 2, ..Limits::default() };
    let error = parse(&three, 0, "", &limits).expect_err("three signers");
    assert_eq!(error, RequestError::TooMany { what: "signatures", limit: 2 });
}

/// The same values with lengths of another form, and OCTET STRINGs in two parts.
fn ber(der: &[u8], indefinite: bool) -> Vec<u8> {
    let (mut reader, mut out) = (Reader::new(der), Vec::new());
    while !reader.is_empty() {
        let element = reader.element().expect("DER");
        let (tag, content) = match element.tag {
            tag if tag.is_constructed() => (tag.0, ber(element.content, indefinite)),
            Tag::OCTET_STRING => {
                let (first, second) = element.content.split_at(element.content.len() / 2);
                (Tag::OCTET_STRING.0 | 0x20, [octets(first), octets(second)].concat())
            }
            _ => {
                out.extend_from_slice(element.raw);
                continue;
            }
        };
        if indefinite {
            out.extend_from_slice(&[&[tag, 0x80][..], &content, &[0, 0]].concat());
        } else {
            let mut writer = Writer::new();
            writer.element(Tag(tag), &content);
            out.extend_from_slice(&writer.into_bytes());
        }
    }
    out
}

#[test]
fn ber_is_taken_for_messages() {
    let (key, agent) = (Key::p256(), Key::p256());
    let certificate = agent.certificate("agent");
    let agents = || Sign::with(&agent, &certificate).saying("WCCE\\bob");
    let data = pki_data(&plain(&key), &[("RequesterName", "WCCE\\bob")]);
    for der in [
        cms(&plain(&key), &[&certificate], &[agents()]),
        cmc(&data, &[&certificate], &[Sign::own(&key), agents()]),
    ] {
        let expected = read(&der).expect("DER");
        assert_eq!(expected.on_behalf_of.as_deref(), Some("WCCE\\bob"));
        for indefinite in [true, false] {
            let raw = ber(&der, indefinite);
            let request = read(&raw).expect("BER");
            assert_eq!(request, EnrollmentRequest { raw, ..expected.clone() });
        }
    }
    // The PKCS#10 itself is signed in DER.
    for indefinite in [true, false] {
        assert!(read(&ber(fixture!("rich"), indefinite)).is_err());
    }
}
