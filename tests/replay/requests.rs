//! Requests that Windows clients made, and certificates that Windows CAs issued.

use std::path::Path;

use wcce::asn1::cmc::{AddedAttributes, PkiData, PkiDataBuilder, TaggedRequest};
use wcce::asn1::cms::{SignedData, SignerInfo};
use wcce::asn1::extensions::*;
use wcce::asn1::{Asn1Error, Certificate, Name, decode_general_names, oids, verify_signature};
use wcce::model::{EnrollmentRequest, GeneralName, HResult, RequestFormat, TemplateHint};
use wcce::request::{Limits, RequestError, parse, recordable};

use crate::tally;

const USER_2022: &str =
    "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169.5191136.12906913";
const SIGNING_2022: &str =
    "1.3.6.1.4.1.311.21.8.15886664.4298044.8996776.14853544.7902291.169.7887297.16107480";
const ARCHIVAL: &str =
    "1.3.6.1.4.1.311.21.8.10998015.4198218.6898329.11679014.10423712.128.12396513.1783547";
const EXCHANGE: &str = "1.3.6.1.4.1.311.21.8.6887730.1798674.9981081.2838527.7760504.198.1.26";
const ABBY: &str = "E=abby@D9-1351C0406A.NTTEST.MICROSOFT.COM, CN=abby, CN=Users, \
                    DC=d9-1351C0406A, DC=nttest, DC=microsoft, DC=com";

/// Extensions by the last arcs of their types: template name, purposes, key usage, key identifier,
/// template information, application policies, S/MIME capabilities, alternative names.
const NAME: &str = "311.20.2";
const EKU: &str = "29.37";
const KU: &str = "29.15";
const SKI: &str = "29.14";
const TEMPLATE: &str = "311.21.7";
const POLICIES: &str = "311.21.10";
const SMIME: &str = "113549.1.9.15";
const SAN: &str = "29.17";

/// What a request says, by its text dump or the README of the collection.
struct Said {
    name: &'static str,
    /// Form, and RequestType of dwFlags.
    format: (RequestFormat, u32),
    bits: u32,
    /// SHA-1 of the key; empty where nothing published says it.
    key_id: &'static str,
    subject: &'static str,
    templates: &'static [&'static str],
    os_version: &'static str,
    provider: &'static str,
    /// Client id, machine, user, process.
    client: Option<(u32, &'static str, &'static str, &'static str)>,
    extensions: &'static [&'static str],
    /// Serial numbers of the certificates of further signers.
    signers: &'static [&'static str],
    on_behalf_of: Option<&'static str>,
    /// Serial number of the certificate that is renewed.
    renews: Option<&'static str>,
    archives_key: bool,
    sha1: bool,
}

const VISTA: Option<(u32, &str, &str, &str)> =
    Some((9, "vich3d.jdomcsc.nttest.microsoft.com", "JDOMCSC\\administrator", "certreq"));
const CONSOLE: Option<(u32, &str, &str, &str)> =
    Some((5, "PKI-SRV01.corp.cvilab.local", "CORP\\pki.admin", "MMC.EXE"));
const CES: Option<(u32, &str, &str, &str)> = Some((
    5,
    "9-1351C0405A.d9-1351C0406A.nttest.microsoft.com",
    "D9-1351C0406A\\abby",
    "CesTest.exe",
));

/// certreq of Windows Vista, as the documentation of CertEnroll has it.
const MSDOCS: Said = Said {
    name: "",
    format: (RequestFormat::Cmc, 0x0400),
    bits: 1024,
    key_id: "",
    subject: "O=TestOrg, CN=TestCN",
    templates: &["User", "User"],
    os_version: "6.0.5361.2",
    provider: "Microsoft Enhanced Cryptographic Provider v1.0",
    client: VISTA,
    extensions: &[NAME, EKU, KU, SKI],
    signers: &[],
    on_behalf_of: None,
    renews: None,
    archives_key: false,
    sha1: true,
};

/// The Certificates console of Windows Server 2022.
const ADCS2022: Said = Said {
    bits: 2048,
    subject: "",
    templates: &[USER_2022],
    os_version: "10.0.20348.2",
    client: CONSOLE,
    extensions: &[TEMPLATE, EKU, KU, POLICIES, SMIME, SKI],
    ..MSDOCS
};

const REQUESTS: [Said; 16] = [
    Said {
        name: "msdocs-pkcs10.der",
        format: (RequestFormat::Pkcs10, 0x0100),
        key_id: "3c0f73daf8ef41d83aeabe922a5d2c966a7b9454",
        ..MSDOCS
    },
    Said {
        name: "msdocs-pkcs7-renewal.der",
        format: (RequestFormat::Cms, 0x0300),
        key_id: "916aec3aace1aaf4601e106493730cd51c20d22b",
        subject: "",
        templates: &[],
        provider: "Microsoft Strong Cryptographic Provider",
        extensions: &[SKI, KU],
        renews: Some("248f7d3c00000000086e"),
        ..MSDOCS
    },
    Said {
        name: "msdocs-pkcs7-eobo.der",
        format: (RequestFormat::Cms, 0x0300),
        key_id: "22bcaee6cd7afb765502b69bf9371021d39ce75a",
        subject: "",
        signers: &["588cf81a000000000b57"],
        on_behalf_of: Some("Domain\\TargetUser"),
        ..MSDOCS
    },
    Said { name: "msdocs-cmc.der", key_id: "3691787a2f0bb7efaf06e29c3ccb0651d89d7057", ..MSDOCS },
    Said {
        name: "msdocs-cmc-eobo.der",
        key_id: "a4f55a3ae5a5639a26069a8680b7399642c2d692",
        subject: "",
        signers: &["588cf81a000000000b57"],
        on_behalf_of: Some("Domain\\TargetUser"),
        ..MSDOCS
    },
    Said {
        name: "msdocs-cmc-key-archival.der",
        key_id: "15bbba05358d0b21fb5db0f4a38fe3bf0f2ce0c5",
        archives_key: true,
        ..MSDOCS
    },
    Said {
        name: "msdocs-netscape-keygen.der",
        format: (RequestFormat::Keygen, 0x0200),
        bits: 2048,
        subject: "CN=Netscape",
        templates: &["User"],
        os_version: "",
        provider: "",
        client: None,
        extensions: &[],
        ..MSDOCS
    },
    Said {
        name: "ms-wstep-issue-pkcs10-request.der",
        format: (RequestFormat::Pkcs10, 0x0100),
        templates: &["User"],
        os_version: "6.1.7053.2",
        client: CES,
        extensions: &[NAME, EKU, KU, SMIME, SKI],
        ..ADCS2022
    },
    Said {
        name: "ms-wstep-renewal-pkcs7-request.der",
        format: (RequestFormat::Cms, 0x0300),
        subject: ABBY,
        templates: &["User"],
        os_version: "6.1.7053.2",
        client: CES,
        extensions: &[SMIME, SAN, NAME, EKU, KU, SKI],
        renews: Some("18d9df0600000000003e"),
        ..ADCS2022
    },
    Said { name: "adcs2022-0x4-request-cmc.der", ..ADCS2022 },
    Said {
        name: "adcs2022-0x5-request-cmc.der",
        templates: &[SIGNING_2022],
        extensions: &[TEMPLATE, EKU, KU, POLICIES, SKI],
        ..ADCS2022
    },
    Said { name: "adcs2022-0x6-request-cmc.der", ..ADCS2022 },
    Said {
        name: "win11-certreq-cmc.der",
        subject: "CN=pop-diag-test.hagland.domain",
        templates: &[],
        os_version: "10.0.26200.2",
        provider: "Microsoft RSA SChannel Cryptographic Provider",
        client: Some((9, "win11.hagland.domain", "HAGLAND\\Administrator", "certreq.exe")),
        extensions: &[KU, SKI],
        sha1: false,
        ..ADCS2022
    },
    Said {
        name: "windows8-certenroll-cmc.der",
        bits: 1024,
        templates: &[],
        os_version: "6.2.9200.2",
        provider: "Microsoft Strong Cryptographic Provider",
        client: Some((
            5,
            "pitucha1.emea.hpqcorp.net",
            "EMEA\\pitucha",
            "CMCReqGenerator.vshost.exe",
        )),
        extensions: &[SKI, KU],
        ..ADCS2022
    },
    Said {
        name: "windows-key-archival-cmc.der",
        templates: &[ARCHIVAL],
        os_version: "",
        provider: "",
        client: None,
        archives_key: true,
        ..ADCS2022
    },
    Said {
        name: "windows-iis-pkcs10.pem",
        format: (RequestFormat::Pkcs10, 0x0100),
        subject: "CN=www.mywebsite.com, OU=IT, O=My Company, L=NY, S=NY, C=US",
        templates: &[],
        os_version: "6.1.7601.2",
        provider: "Microsoft RSA SChannel Cryptographic Provider",
        client: Some((5, "dell-PC", "dell-PC\\Dev", "InetMgr.exe")),
        extensions: &[KU, EKU, SMIME, SKI],
        ..ADCS2022
    },
];

/// The old captures have 1024-bit keys. The attributes count for KEYGEN alone.
fn parsed(raw: &[u8], flags: u32) -> Result<EnrollmentRequest, RequestError> {
    let limits = Limits { rsa_bits: 1024..=8192, ..Limits::default() };
    let attributes = match raw {
        // PublicKeyAndChallenge, an RSA key.
        [0x30, 0x82, _, _, 0x30, 0x82, _, _, 0x30, ..] => KEYGEN_ATTRIBUTES,
        _ => "",
    };
    parse(raw, flags, attributes, &limits)
}

const KEYGEN_ATTRIBUTES: &str =
    "challenge:provePequalsNP\nCN:Netscape\nCertificateTemplate:User\nCertType:server";

fn read(captures: &Path, name: &str) -> Vec<u8> {
    std::fs::read(captures.join("enrollment").join(name)).expect(name)
}

fn serial(certificate: &[u8]) -> String {
    hex::encode(Certificate::parse(certificate).expect("a certificate").serial)
}

fn check(said: &Said, request: &EnrollmentRequest) {
    let name = said.name;
    let subject = Name::from_der(&request.subject).expect(name).to_windows_text();
    assert_eq!((request.format, &*subject), (said.format.0, said.subject), "{name}");
    assert_eq!(request.public_key.kind.bits(), said.bits, "{name}");
    let key_id = hex::encode(request.public_key.key_id);
    assert!(said.key_id.is_empty() || said.key_id == key_id, "{name}: {key_id}");
    let templates = request.template_hints.iter().map(|hint| match hint {
        TemplateHint::Name(name) => name.clone(),
        TemplateHint::Oid { oid, .. } => oid.to_string(),
    });
    assert_eq!(templates.collect::<Vec<_>>(), said.templates, "{name}");
    for (attribute, value) in
        [("RequestOSVersion", said.os_version), ("RequestCSPProvider", said.provider)]
    {
        let found = request.attributes.iter().find(|other| other.name == attribute);
        assert_eq!(found.map_or("", |found| &*found.value), value, "{name}");
    }
    let client = request
        .client_info
        .as_ref()
        .map(|client| (client.client_id, &*client.machine, &*client.user, &*client.process));
    assert_eq!(client, said.client, "{name}");
    let extensions: Vec<_> = request.extensions.iter().map(|one| one.oid.to_string()).collect();
    assert_eq!(extensions.len(), said.extensions.len(), "{name}: {extensions:?}");
    for (oid, end) in extensions.iter().zip(said.extensions) {
        assert!(oid.ends_with(end), "{name}: {oid} {end}");
    }
    if let Some(key_id) = find(&request.extensions, &oids::SUBJECT_KEY_IDENTIFIER) {
        let key_id = decode_subject_key_identifier(&key_id.value);
        assert_eq!(key_id, Ok(&request.public_key.key_id[..]), "{name}");
    }
    let signers: Vec<_> = request.signers.iter().map(|one| serial(&one.certificate)).collect();
    assert_eq!(signers, said.signers, "{name}");
    assert!(request.signers.iter().all(|signer| signer.sha1 == said.sha1), "{name}");
    assert_eq!(request.on_behalf_of.as_deref(), said.on_behalf_of, "{name}");
    let renews = request.renewal.as_ref().map(|old| serial(&old.old_certificate));
    assert_eq!(renews.as_deref(), said.renews, "{name}");
    assert_eq!(request.archives_key, said.archives_key, "{name}");
    assert_eq!(request.sha1_proof, said.sha1, "{name}");
}

#[test]
fn requests_of_windows_say_what_is_published_of_them() {
    let Some(captures) = tally::captures("replay of requests") else { return };
    for said in &REQUESTS {
        let raw = read(&captures, said.name);
        for flags in [0, said.format.1] {
            check(said, &parsed(&raw, flags).expect(said.name));
        }
        for other in [0x0100, 0x0200, 0x0300, 0x0400] {
            let mismatch = matches!(parsed(&raw, other), Err(RequestError::FormatMismatch { .. }));
            assert_eq!(mismatch, other != said.format.1, "{}", said.name);
        }
        tally::ran("capture-request", said.name);
    }
    let old = parse(&read(&captures, "msdocs-pkcs10.der"), 0, "", &Limits::default());
    assert!(matches!(old, Err(RequestError::KeyLength { bits: 1024, .. })));
}

/// The published sample has neither the old certificate nor a signature by its key: no privilege
/// may come of it ([MS-WCCE] 3.2.1.4.2.1.4.2.2).
#[test]
fn a_cmc_renewal_without_the_old_certificate_is_refused() {
    let Some(captures) = tally::captures("replay of a CMC renewal") else { return };
    let name = "msdocs-cmc-renewal.der";
    let error = parsed(&read(&captures, name), 0x0400).expect_err("no renewal");
    assert_eq!(error, RequestError::RenewalCertificate);
    assert_eq!(error.hresult(), HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE);
    tally::ran("capture-request", name);
}

/// One changed byte anywhere, but in what nobody signs: certificates that come along and unsigned
/// attributes.
#[test]
fn damage_to_requests_of_windows_is_noticed() {
    let Some(captures) = tally::captures("damage to requests") else { return };
    for said in &REQUESTS {
        let raw = read(&captures, said.name);
        let genuine = parsed(&raw, 0).expect(said.name);
        for index in (0..raw.len()).step_by(7) {
            let mut changed = raw.clone();
            changed[index] ^= 0x01;
            if let Ok(request) = parsed(&changed, 0) {
                let same = |request: &EnrollmentRequest| EnrollmentRequest {
                    raw: Vec::new(),
                    certificates: Vec::new(),
                    signers: Vec::new(),
                    ..request.clone()
                };
                assert_eq!(same(&request), same(&genuine), "{}: byte {index}", said.name);
            }
        }
    }
}

/// The private key is not in what is recorded, and the rest is the same request.
#[test]
fn archived_keys_are_taken_out_of_what_is_recorded() {
    let Some(captures) = tally::captures("archived keys") else { return };
    for name in ["msdocs-cmc-key-archival.der", "windows-key-archival-cmc.der"] {
        let raw = read(&captures, name);
        let request = parsed(&raw, 0).expect(name);
        let message = SignedData::parse(&raw).expect(name);
        let [attribute] = &*message.signers[0].unsigned().expect(name) else { panic!("{name}") };
        let key = attribute.values[0].raw;
        let holds = |bytes: &[u8]| bytes.windows(64).any(|part| key.windows(64).any(|k| k == part));
        assert!(holds(&raw) && !holds(&request.raw), "{name}");
        assert_eq!(recordable(&raw, &Limits::default()), request.raw, "{name}");
        let stripped = SignedData::parse(&request.raw).expect(name);
        let signer = SignerInfo { unsigned_attributes: &[], ..message.signers[0].clone() };
        assert_eq!(stripped, SignedData { signers: vec![signer], ..message }, "{name}");
        let error = parsed(&request.raw, 0).expect_err("the hash is still there");
        assert_eq!(error.hresult(), HResult::CERTSRV_E_BAD_REQUEST_KEY_ARCHIVAL, "{name}");
        for length in [raw.len() - 1, raw.len() / 2 + raw.len() / 4] {
            assert!(!holds(&recordable(&raw[..length], &Limits::default())), "{name}");
        }
        tally::ran("capture-archived-key", name);
    }
}

/// What our client writes for the same values are the bytes that Windows wrote.
#[test]
fn our_cmc_requests_are_those_of_windows() {
    let Some(captures) = tally::captures("encoding of CMC requests") else { return };
    for said in REQUESTS.iter().filter(|said| said.format.0 == RequestFormat::Cmc) {
        let raw = read(&captures, said.name);
        let request = parsed(&raw, 0).expect(said.name);
        let message = SignedData::parse(&raw).expect(said.name);
        let data = PkiData::parse(message.content.expect(said.name)).expect(said.name);
        let [TaggedRequest::Pkcs10(1, pkcs10)] = *data.requests else { panic!("{}", said.name) };
        let key_hash = data.controls.iter().find_map(|control| {
            let added = AddedAttributes::parse(&control.values[0]).ok()?;
            let hash = added.attributes.iter().find(|one| one.oid == oids::ENCRYPTED_KEY_HASH)?;
            Some(hash.values[0].content.to_vec())
        });
        let name = request.on_behalf_of.map(|name| ("RequesterName".to_owned(), name));
        let builder = PkiDataBuilder {
            client_info: request.client_info,
            encrypted_key_hash: key_hash,
            reg_info: name.into_iter().collect(),
        };
        let ours = builder.encode(pkcs10);
        assert_eq!(hex::encode(ours), hex::encode(message.content.expect(said.name)));
        assert_eq!(hex::encode(message.encode()), hex::encode(&raw), "{}", said.name);
        tally::ran("capture-request-compared", said.name);
    }
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
