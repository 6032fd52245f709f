//! Names, extensions, attributes and template hints.

use proptest::prelude::*;

use super::{fixture, parsed, signed};
use crate::asn1::extensions::{
    TemplateInformation, decode_extended_key_usage, decode_key_usage, find, template_information,
    template_name,
};
use crate::asn1::{Name, RequestBuilder, Tag, Writer, encode_bmp, oids, sequence};
use crate::model::{Attribute, ClientInfo, GeneralName, HResult, KeyUsage, Oid, TemplateHint};
use crate::request::{Limits, RequestError, decode_attributes_blob, parse, parse_attributes};

#[test]
fn everything_asked_for_is_read() {
    let request = parsed(fixture!("rich")).expect("a good request");
    let name = Name::from_der(&request.subject).expect("a name");
    assert_eq!(name.to_windows_text(), "E=a@wcce.test, CN=\"Rich, \"\"x\"\"\"");
    let dn = Name::from_attributes([(oids::COMMON_NAME, "x".to_owned())]).to_der();
    let directory = request.subject_alt_names.last().cloned();
    let utf8_dn = dn.iter().map(|byte| if *byte == 0x13 { 0x0C } else { *byte }).collect();
    assert_eq!(directory, Some(GeneralName::Directory(utf8_dn)));
    let expected = [
        GeneralName::Dns("www.wcce.test".to_owned()),
        GeneralName::Email("a@wcce.test".to_owned()),
        GeneralName::Uri("https://wcce.test/".to_owned()),
        GeneralName::Ip(vec![192, 0, 2, 1]),
        GeneralName::Ip(vec![0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        GeneralName::RegisteredId("1.2.3.4".parse().expect("valid")),
        GeneralName::Upn("a@wcce.test".to_owned()),
        GeneralName::Other { oid: "1.2.3".parse().expect("valid"), value: vec![0x0C, 1, b'x'] },
    ];
    assert_eq!(request.subject_alt_names[..8], expected);
    let value = |oid: &Oid| find(&request.extensions, oid).expect("asked for");
    let usage = value(&oids::KEY_USAGE);
    assert!(usage.critical);
    assert_eq!(decode_key_usage(&usage.value), Ok(KeyUsage::DIGITAL_SIGNATURE));
    let purposes = decode_extended_key_usage(&value(&oids::EXTENDED_KEY_USAGE).value);
    assert_eq!(purposes, Ok(vec![oids::SERVER_AUTH, oids::CLIENT_AUTH]));
    assert_eq!(request.template_hints, [TemplateHint::Name("WebServer".to_owned())]);
}

#[test]
fn a_request_of_certipy_is_read() {
    let attributes = "CertificateTemplate:WcceUser\nSAN:dns=h.wcce.test&upn=alice@wcce.test";
    let request = parse(fixture!("certipy-pkcs10"), 0, attributes, &Limits::default());
    let request = request.expect("a good request");
    assert_eq!(request.subject_attributes[0].value, "Bob");
    assert_eq!(request.template_hints, [TemplateHint::Name("WcceUser".to_owned())]);
    assert_eq!(request.attributes.len(), 2);
    assert!(request.extensions.is_empty() && request.subject_alt_names.is_empty());
}

fn pair(name: &str, value: &str) -> Vec<u8> {
    sequence(|writer| {
        writer.element(Tag::BMP_STRING, &encode_bmp(name));
        writer.element(Tag::BMP_STRING, &encode_bmp(value));
    })
}

fn string(text: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.element(Tag::IA5_STRING, text.as_bytes());
    writer.into_bytes()
}

fn csp(name: &str) -> Vec<u8> {
    sequence(|writer| {
        writer.u32(1);
        writer.element(Tag::BMP_STRING, &encode_bmp(name));
        writer.bit_string(&[]);
    })
}

/// A parsed request with these attributes.
fn with(attributes: Vec<(Oid, Vec<Vec<u8>>)>) -> Result<Vec<(String, String)>, RequestError> {
    let request = parsed(&signed(&RequestBuilder { attributes, ..RequestBuilder::default() }))?;
    Ok(request.attributes.into_iter().map(|a| (a.name, a.value)).collect())
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn name_value_pairs_come_in_two_forms() {
    let oid = oids::ENROLLMENT_NAME_VALUE_PAIR;
    let several = vec![pair("a", "1"), pair("b", "2")];
    assert_eq!(with(vec![(oid.clone(), several)]), Ok(owned(&[("a", "1"), ("b", "2")])));
    let nested = sequence(|w| w.raw(&[pair("a\0", "1\0"), pair("b", "")].concat()));
    assert_eq!(with(vec![(oid.clone(), vec![nested])]), Ok(owned(&[("a", "1"), ("b", "")])));
    for bad in [vec![5, 0], sequence(Writer::null), sequence(|w| w.raw(&pair("a", "1")[2..6]))] {
        assert!(with(vec![(oid.clone(), vec![bad])]).is_err());
    }
}

#[test]
fn attributes_with_one_value() {
    let good = vec![
        (oids::OS_VERSION, vec![string("10.0.20348.2")]),
        (oids::ENROLLMENT_CSP_PROVIDER, vec![csp("Microsoft Software KSP")]),
        (oids::CHALLENGE_PASSWORD, vec![string("ignored"), string("too")]),
    ];
    let mut read = with(good).expect("a good request");
    read.sort();
    let expected =
        [("RequestCSPProvider", "Microsoft Software KSP"), ("RequestOSVersion", "10.0.20348.2")];
    assert_eq!(read, owned(&expected));

    let value = |oid: &Oid| if *oid == oids::OS_VERSION { string("1") } else { csp("x") };
    for oid in [oids::OS_VERSION, oids::ENROLLMENT_CSP_PROVIDER] {
        let one = (oid.clone(), vec![value(&oid)]);
        for attributes in [
            vec![(oid.clone(), vec![value(&oid); 2])],
            vec![(oid.clone(), vec![])],
            vec![one.clone(), one],
        ] {
            let error = with(attributes).expect_err("not one value");
            assert_eq!(error, RequestError::AttributeValues(oid.clone()));
            assert_eq!(error.hresult(), HResult::INVALID_DATA);
        }
    }
    for oid in [oids::EXTENSION_REQUEST, oids::CERT_EXTENSIONS] {
        let two = vec![sequence(|_| {}), sequence(|_| {})];
        assert_eq!(with(vec![(oid.clone(), two)]), Err(RequestError::AttributeValues(oid)));
    }
}

#[test]
fn template_hints_come_from_every_carrier() {
    let oid: Oid = "1.3.6.1.4.1.311.21.8.1.2.3".parse().expect("valid");
    let information = TemplateInformation { oid: oid.clone(), major: Some(100), minor: Some(4) };
    let builder = RequestBuilder {
        name_value_pairs: vec![("certificatetemplate".to_owned(), "Pair".to_owned())],
        extensions: vec![template_information(&information), template_name("Extension")],
        ..RequestBuilder::default()
    };
    let string =
        format!("Certificate-Template: {oid}\nCERTIFICATETEMPLATE:String\nCertificateTemplate:");
    let request = parse(&signed(&builder), 0, &string, &Limits::default()).expect("good");
    assert_eq!(
        request.template_hints,
        [
            TemplateHint::Name("Extension".to_owned()),
            TemplateHint::Oid { oid: oid.clone(), major: Some(100), minor: Some(4) },
            TemplateHint::Oid { oid, major: None, minor: None },
            TemplateHint::Name("String".to_owned()),
            TemplateHint::Name("Pair".to_owned()),
        ]
    );
}

#[test]
fn our_encoder_and_parser_agree() {
    let builder = RequestBuilder {
        subject: Name::parse("CN=alice,DC=wcce,DC=test").expect("valid"),
        os_version: Some("6.1.7601.2".to_owned()),
        name_value_pairs: vec![("CertificateTemplate".to_owned(), "User".to_owned())],
        client_info: Some(ClientInfo {
            client_id: 9,
            machine: "host".to_owned(),
            user: "WCCE\\alice".to_owned(),
            process: "wcce".to_owned(),
        }),
        extensions: vec![template_name("User")],
        attributes: vec![],
    };
    let request = parsed(&signed(&builder)).expect("a good request");
    assert_eq!(request.subject, builder.subject.to_der());
    assert_eq!(request.client_info, builder.client_info);
    assert_eq!(request.extensions, builder.extensions);
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
    let expected =
        [attribute("RequestOSVersion", "6.1.7601.2"), attribute("CertificateTemplate", "User")];
    assert_eq!(request.attributes, expected);
}

#[test]
fn broken_names_are_bad_subjects() {
    let mut subject = Name::from_attributes([(oids::COMMON_NAME, "a".to_owned())]);
    subject.rdns.push(vec![]);
    let error = parsed(&signed(&RequestBuilder { subject, ..RequestBuilder::default() }));
    let error = error.expect_err("an empty relative name");
    assert_eq!(error.hresult(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
}

fn lines(text: &str) -> Vec<(String, String)> {
    let attributes = parse_attributes(text, &Limits::default()).expect("within limits");
    attributes.into_iter().map(|a| (a.name, a.value)).collect()
}

#[test]
fn attributes_string() {
    for (text, expected) in [
        ("", &[][..]),
        ("CertificateTemplate:User", &[("CertificateTemplate", "User")]),
        ("CertificateTemplate:User\0ignored:x", &[("CertificateTemplate", "User")]),
        (
            " Cert ificate-Template :  Web Server \r\nb:2\r\n",
            &[("CertificateTemplate", "Web Server"), ("b", "2")],
        ),
        ("no colon\n:no name\n - :dashes\n\na:", &[("a", "")]),
        ("SAN:url=http://a:80/&dns=b", &[("SAN", "url=http://a:80/&dns=b")]),
        (
            "cdc:dc.wcce.test\nrmd:\tpc.wcce.test",
            &[("cdc", "dc.wcce.test"), ("rmd", "pc.wcce.test")],
        ),
    ] {
        assert_eq!(lines(text), owned(expected), "{text:?}");
    }
    for text in ["a:b\n".repeat(128), "a".repeat(16 * 1024 + 1)] {
        let error = parse_attributes(&text, &Limits::default()).expect_err("too long");
        assert_eq!(error.hresult(), HResult::CRYPT_E_ASN1_LARGE);
    }
}

#[test]
fn attributes_blob_must_end_with_nul() {
    let blob = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    assert_eq!(decode_attributes_blob(&[]).as_deref(), Ok(""));
    assert_eq!(decode_attributes_blob(&blob("\0")).as_deref(), Ok(""));
    assert_eq!(decode_attributes_blob(&blob("a:ü😀\0")).as_deref(), Ok("a:ü😀"));
    for bad in [blob("a:b"), blob("a:b\0")[1..].to_vec(), vec![0], vec![0x3D, 0xD8, 0, 0]] {
        let error = decode_attributes_blob(&bad).expect_err("malformed");
        assert_eq!(error.hresult(), HResult::E_INVALIDARG);
    }
}

proptest! {
    #[test]
    fn written_attributes_are_read(
        pairs in prop::collection::vec(("[A-Za-z][A-Za-z0-9]{0,10}", "[!-~]([^\0\n]{0,10}[!-~])?"), 0..10),
        end in prop::sample::select(vec!["", "\0", "\n", "\r\n\0"]),
    ) {
        let text: Vec<_> = pairs.iter().map(|(name, value)| format!("{name} : {value}")).collect();
        prop_assert_eq!(lines(&(text.join("\n") + end)), pairs);
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(.|\n|:|\0| |-){0,80}", blob in prop::collection::vec(any::<u8>(), 0..40)) {
        for (name, value) in lines(&text) {
            prop_assert!(!name.is_empty() && !name.contains([' ', '-', '\n', ':']));
            prop_assert_eq!(value.trim_matches([' ', '\r', '\t']), &value);
        }
        if let Ok(text) = decode_attributes_blob(&blob) {
            prop_assert!(text.len() <= blob.len().saturating_mul(2));
        }
    }
}
