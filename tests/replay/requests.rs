//! Requests that Windows clients made, and certificates that Windows CAs issued.

use std::path::Path;

use wcce::asn1::extensions::*;
use wcce::asn1::{
    Asn1Error, Certificate, Name, Reader, Tag, decode_general_names, oids, to_der, verify_signature,
};
use wcce::model::{EnrollmentRequest, GeneralName, RequestFormat, TemplateHint};
use wcce::request::{Limits, RequestError, parse};

use crate::tally;

/// The old captures have 1024-bit keys.
fn parsed(raw: &[u8], flags: u32) -> Result<EnrollmentRequest, RequestError> {
    parse(raw, flags, "", &Limits { rsa_bits: 1024..=8192, ..Limits::default() })
}

fn read(captures: &Path, name: &str) -> Vec<u8> {
    std::fs::read(captures.join("enrollment").join(name)).expect(name)
}

/// What a request says: key bits, Windows text of the subject, template, OS version.
type Said<'a> = (u32, &'a str, Option<&'a str>, Option<&'a str>);

fn check(name: &str, request: &EnrollmentRequest, expected: Said<'_>) {
    let subject = Name::from_der(&request.subject).expect(name).to_windows_text();
    let template = request.template_hints.first().map(|hint| match hint {
        TemplateHint::Name(name) => name.clone(),
        TemplateHint::Oid { oid, .. } => oid.to_string(),
    });
    let attribute = |name: &str| {
        let found = request.attributes.iter().find(|attribute| attribute.name == name);
        found.map(|attribute| attribute.value.as_str())
    };
    let bits = request.public_key.kind.bits();
    let said = (bits, subject.as_str(), template.as_deref(), attribute("RequestOSVersion"));
    assert_eq!(said, expected, "{name}");
    tally::ran("capture-request", name);
}

#[test]
fn pkcs10_requests_of_windows() {
    let Some(captures) = tally::captures("replay of PKCS#10 requests") else { return };
    let old_pkcs10 = read(&captures, "msdocs-pkcs10.der");
    let refused = parse(&old_pkcs10, 0, "", &Limits::default());
    assert!(matches!(refused, Err(RequestError::KeyLength { bits: 1024, .. })));
    for (name, expected) in PKCS10 {
        let raw = read(&captures, name);
        for flags in [0x0000, 0x0100] {
            assert!(parsed(&raw, flags).expect(name).sha1_proof, "{name}");
        }
        check(name, &parsed(&raw, 0).expect(name), expected);
    }
}

const USER_2022: &str =
    "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169.5191136.12906913";
const SIGNING_2022: &str =
    "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169.7887297.16107480";
const ARCHIVAL: &str =
    "1.3.6.1.4.1.311.21.8.10998015.4198218.6898329.11679014.10423712.128.12396513.1783547";
const EXCHANGE: &str = "1.3.6.1.4.1.311.21.8.6887730.1798674.9981081.2838527.7760504.198.1.26";

const PKCS10: [(&str, Said<'_>); 3] = [
    ("msdocs-pkcs10.der", (1024, "O=TestOrg, CN=TestCN", Some("User"), Some("6.0.5361.2"))),
    ("ms-wstep-issue-pkcs10-request.der", (2048, "", Some("User"), Some("6.1.7053.2"))),
    (
        "windows-iis-pkcs10.pem",
        (
            2048,
            "CN=www.mywebsite.com, OU=IT, O=My Company, L=NY, S=NY, C=US",
            None,
            Some("6.1.7601.2"),
        ),
    ),
];

/// The PKCS#10 inside a CMS or CMC request.
fn nested(raw: &[u8]) -> Vec<u8> {
    let der = to_der(raw, 10_000).expect("BER");
    let mut content_info = Reader::sequence_of(&der).expect("ContentInfo");
    content_info.oid().expect("contentType");
    let mut signed_data =
        content_info.enter(Tag::context(0)).expect("[0]").sequence().expect("SignedData");
    signed_data.integer().expect("version");
    signed_data.expect(Tag::SET).expect("digestAlgorithms");
    let mut content = signed_data.sequence().expect("encapContentInfo");
    let content_type = content.oid().expect("eContentType");
    let content = content.enter(Tag::context(0)).expect("[0]").octet_string().expect("eContent");
    if content_type == oids::CMS_DATA {
        return content.to_vec();
    }
    let mut pki_data = Reader::sequence_of(content).expect("PKIData");
    pki_data.sequence().expect("controlSequence");
    let mut requests = pki_data.sequence().expect("reqSequence");
    let mut tagged = requests.enter(Tag::context(0)).expect("TaggedCertificationRequest");
    tagged.integer().expect("bodyPartID");
    tagged.element().expect("certificationRequest").raw.to_vec()
}

#[test]
fn pkcs10_requests_inside_cms_and_cmc() {
    use RequestFormat::{Cmc, Cms};
    let Some(captures) = tally::captures("replay of CMS and CMC requests") else { return };
    for (name, format, expected) in [
        ("msdocs-pkcs7-eobo.der", Cms, Some((1024, "", Some("User"), Some("6.0.5361.2")))),
        ("msdocs-pkcs7-renewal.der", Cms, None),
        (
            "msdocs-cmc.der",
            Cmc,
            Some((1024, "O=TestOrg, CN=TestCN", Some("User"), Some("6.0.5361.2"))),
        ),
        ("msdocs-cmc-eobo.der", Cmc, Some((1024, "", Some("User"), Some("6.0.5361.2")))),
        ("msdocs-cmc-renewal.der", Cmc, None),
        (
            "msdocs-cmc-key-archival.der",
            Cmc,
            Some((1024, "O=TestOrg, CN=TestCN", Some("User"), Some("6.0.5361.2"))),
        ),
        ("ms-wstep-renewal-pkcs7-request.der", Cms, None),
        (
            "adcs2022-0x4-request-cmc.der",
            Cmc,
            Some((2048, "", Some(USER_2022), Some("10.0.20348.2"))),
        ),
        (
            "adcs2022-0x5-request-cmc.der",
            Cmc,
            Some((2048, "", Some(SIGNING_2022), Some("10.0.20348.2"))),
        ),
        (
            "adcs2022-0x6-request-cmc.der",
            Cmc,
            Some((2048, "", Some(USER_2022), Some("10.0.20348.2"))),
        ),
        (
            "win11-certreq-cmc.der",
            Cmc,
            Some((2048, "CN=pop-diag-test.hagland.domain", None, Some("10.0.26200.2"))),
        ),
        ("windows8-certenroll-cmc.der", Cmc, Some((1024, "", None, Some("6.2.9200.2")))),
        ("windows-key-archival-cmc.der", Cmc, Some((2048, "", Some(ARCHIVAL), None))),
    ] {
        let raw = read(&captures, name);
        assert_eq!(parsed(&raw, 0), Err(RequestError::UnsupportedFormat(format)), "{name}");
        match (parsed(&nested(&raw), 0x0100), expected) {
            (Ok(request), Some(expected)) => check(name, &request, expected),
            (Err(RequestError::BareRenewal), None) => tally::ran("capture-request", name),
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
    let keygen = read(&captures, "msdocs-netscape-keygen.der");
    let expected = Err(RequestError::UnsupportedFormat(RequestFormat::Keygen));
    assert_eq!(parsed(&keygen, 0), expected);
    tally::ran("capture-request", "msdocs-netscape-keygen.der");
}

/// What a certificate says: subject, template, SANs, account's SID. Our encoders must make the
/// same bytes of it.
type Certified = (String, Vec<String>, Vec<GeneralName>, Option<String>);

fn certified(raw: &[u8]) -> Result<Certified, Asn1Error> {
    let certificate = Certificate::parse(raw)?;
    let (mut templates, mut names, mut sid) = (Vec::new(), Vec::new(), None);
    for extension in &certificate.extensions {
        let value = &extension.value;
        let encoded = if extension.oid == oids::ENROLL_CERTTYPE {
            let name = decode_template_name(value)?;
            let encoded = template_name(&name);
            templates.push(name);
            encoded
        } else if extension.oid == oids::CERTIFICATE_TEMPLATE {
            let information = decode_template_information(value)?;
            templates.push(information.oid.to_string());
            template_information(&information)
        } else if extension.oid == oids::SUBJECT_ALT_NAME {
            names = decode_general_names(value)?;
            subject_alt_name(&names, extension.critical)?
        } else if extension.oid == oids::NTDS_CA_SECURITY_EXT {
            let decoded = decode_security_identifier(value)?;
            sid = Some(decoded.to_string());
            security_identifier(&decoded)
        } else if extension.oid == oids::KEY_USAGE {
            key_usage(decode_key_usage(value)?, extension.critical)
        } else if extension.oid == oids::EXTENDED_KEY_USAGE {
            extended_key_usage(&decode_extended_key_usage(value)?, extension.critical)
        } else if extension.oid == oids::APPLICATION_CERT_POLICIES {
            application_policies(&decode_policies(value)?, extension.critical)
        } else if extension.oid == oids::BASIC_CONSTRAINTS {
            basic_constraints(decode_basic_constraints(value)?, extension.critical)
        } else {
            continue;
        };
        assert_eq!(encoded, *extension);
    }
    let subject = Name::from_der(certificate.subject)?;
    Ok((subject.to_windows_text(), templates, names, sid))
}

#[test]
fn certificates_of_windows() {
    let Some(captures) = tally::captures("replay of certificates") else { return };
    let upn = |text: &str| GeneralName::Upn(text.to_owned());
    let abby = "abby@D9-1351C0406A.NTTEST.MICROSOFT.COM";
    let abby_dn =
        format!("E={abby}, CN=abby, CN=Users, DC=d9-1351C0406A, DC=nttest, DC=microsoft, DC=com");
    let abby_names =
        [upn("abby@d9-1351C0406A.nttest.microsoft.com"), GeneralName::Email(abby.to_owned())];
    let admin_names = [upn("pki.admin@corp.cvilab.local")];
    let dc_names = [
        GeneralName::DirectoryGuid(*b"CId\x11\xDD\xE9\xE4D\x83\xA3\xB3\xBE\x99\xD8UT"),
        GeneralName::Dns("DC1.dom.local".to_owned()),
    ];
    let dc_sid = "S-1-5-21-1047456448-2337630968-2720937775-1000";
    for (name, subject, templates, names, sid) in [
        ("livediffad-ca", "CN=dom-ADCS-CA, DC=dom, DC=local", &[][..], &[][..], None),
        ("livediffad-dc", "CN=DC1.dom.local", &["DomainController"], &dc_names, Some(dc_sid)),
        ("ms-wstep-issue", &abby_dn, &["User"], &abby_names, None),
        ("ms-wstep-renewal", &abby_dn, &["User"], &abby_names, None),
        (
            "ms-wstep-ca-exchange",
            "CN=FB_EntSubCA-Xchg, OU=Microsoft PKI Team",
            &["CAExchange", EXCHANGE],
            &[],
            None,
        ),
        ("adcs2022-0x4", "CN=PKI Admin", &[USER_2022], &admin_names, None),
        ("adcs2022-0x5", "CN=PKI Admin", &[SIGNING_2022], &admin_names, None),
        ("adcs2022-0x6", "CN=PKI Admin", &[USER_2022], &admin_names, None),
    ] {
        let raw = read(&captures, &format!("{name}-certificate.der"));
        let expected = (
            subject.to_owned(),
            templates.iter().map(|text| (*text).to_owned()).collect(),
            names.to_vec(),
            sid.map(str::to_owned),
        );
        assert_eq!(certified(&raw), Ok(expected), "{name}");
        tally::ran("capture-certificate", name);
    }
}

#[test]
fn signatures_of_a_windows_ca() {
    let Some(captures) = tally::captures("signatures of a Windows CA") else { return };
    let ca = read(&captures, "livediffad-ca-certificate.der");
    let dc = read(&captures, "livediffad-dc-certificate.der");
    let ca = Certificate::parse(&ca).expect("the CA");
    let dc = Certificate::parse(&dc).expect("the domain controller");
    let key = ca.public_key.public_key().expect("an RSA key");
    for signed in [&ca, &dc] {
        let algorithm = &signed.signature_algorithm;
        verify_signature(&key, algorithm, signed.tbs, signed.signature).expect("a good signature");
        assert_eq!(signed.issuer, ca.subject);
    }
    assert!(verify_signature(&key, &dc.signature_algorithm, dc.raw, dc.signature).is_err());
}
