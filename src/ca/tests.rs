//! Issuing, looked at by foreign tools and by our own reader.

use std::time::{Duration, SystemTime};

use super::testing::{Bench, DAY, public_key, run, sid, user_plan};
use super::*;
use crate::asn1::extensions::{decode_basic_constraints, decode_key_usage, find};
use crate::asn1::{Certificate, Name, oids, pem, verify_signature};
use crate::model::{
    BasicConstraints, Extension, GeneralFlags, GeneralName, HResult, IssuancePlan, KeyUsage, Oid,
    SubjectName, TemplateExtension, TemplateFlags,
};

fn issue(bench: &Bench, plan: &IssuancePlan) -> Result<SignedCertificate, IssueError> {
    bench.ca.issue(plan, SystemTime::now())
}

fn oids_of(der: &[u8]) -> Vec<Oid> {
    let certificate = Certificate::parse(der).unwrap();
    certificate.extensions.into_iter().map(|extension| extension.oid).collect()
}

#[test]
fn openssl_and_gnutls_verify_what_every_kind_of_key_signs() {
    for (key, rsa_hash) in [
        (KeyKind::EcdsaP256, RsaHash::Sha256),
        (KeyKind::EcdsaP384, RsaHash::Sha256),
        (KeyKind::EcdsaP521, RsaHash::Sha256),
        (KeyKind::Rsa2048, RsaHash::Sha256),
        (KeyKind::Rsa3072, RsaHash::Sha512),
    ] {
        let bench = Bench::with(CaConfig { key, rsa_hash, ..CaConfig::default() });
        for subject_key in [KeyKind::Rsa2048, KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
            let mut plan = user_plan();
            plan.public_key = public_key(subject_key);
            plan.key_usage = Some((KeyUsage::DIGITAL_SIGNATURE, true));
            let issued = issue(&bench, &plan).expect("issued");
            bench.file("user.pem", pem::encode("CERTIFICATE", issued.der()).as_bytes());
            let folder = bench.folder.path();
            run("openssl", &["verify", "-x509_strict", "-CAfile", "ca.crt", "user.pem"], folder);
            run(
                "certtool",
                &["--verify", "--load-ca-certificate", "ca.crt", "--infile", "user.pem"],
                folder,
            );
        }
    }
}

#[test]
fn a_user_certificate_holds_what_the_plan_says_in_windows_order() {
    let bench = Bench::new();
    let plan = user_plan();
    let issued = issue(&bench, &plan).expect("issued");
    assert_eq!(
        oids_of(issued.der()),
        [
            oids::CERTIFICATE_TEMPLATE,
            oids::EXTENDED_KEY_USAGE,
            oids::KEY_USAGE,
            oids::APPLICATION_CERT_POLICIES,
            oids::SUBJECT_KEY_IDENTIFIER,
            oids::AUTHORITY_KEY_IDENTIFIER,
            oids::SUBJECT_ALT_NAME,
            oids::NTDS_CA_SECURITY_EXT,
        ]
    );
    bench.file("user.der", issued.der());
    let text = run(
        "openssl",
        &["x509", "-inform", "der", "-in", "user.der", "-noout", "-text", "-nameopt", "RFC2253"],
        bench.folder.path(),
    );
    for expected in [
        "Issuer: CN=wcce CA",
        "Subject: emailAddress=alice@lab.example,CN=Alice Example,OU=Staff,DC=lab,DC=example",
        "TLS Web Client Authentication, E-mail Protection",
        "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n",
        "X509v3 Subject Alternative Name: \n                othername: UPN::alice@lab.example, \
         email:alice@lab.example\n",
        "S-1-5-21-1111-2222-3333-1105",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    let columns = issued
        .into_columns(TemplateFlags { general: GeneralFlags::MACHINE_TYPE, ..Default::default() });
    assert_eq!(columns.upn.as_deref(), Some("alice@lab.example"));
    assert_eq!(columns.public_key_length, 2048);
    assert_eq!(columns.public_key_algorithm, "1.2.840.113549.1.1.1");
    assert_eq!(columns.general_flags, 0x40);
    assert_eq!(
        columns.distinguished_name,
        "E=alice@lab.example, CN=Alice Example, OU=Staff, DC=lab, DC=example"
    );
    let text = run(
        "openssl",
        &["x509", "-inform", "der", "-in", "user.der", "-noout", "-serial", "-fingerprint"],
        bench.folder.path(),
    );
    let serial = columns.serial_number.to_string().to_uppercase();
    assert!(text.contains(&format!("serial={serial}\n")), "{text}");
    let hash = columns.certificate_hash.map(|byte| format!("{byte:02X}")).join(":");
    assert!(text.contains(&hash), "{text}");
}

#[test]
fn a_version_1_machine_certificate_has_an_empty_subject_and_a_critical_san() {
    let bench = Bench::new();
    let plan = IssuancePlan {
        subject: SubjectName::Empty,
        subject_alt_names: vec![
            GeneralName::DirectoryGuid([7; 16]),
            GeneralName::Dns("pc1.lab.example".into()),
        ],
        template: TemplateExtension::Name("Machine".into()),
        basic_constraints: Some(BasicConstraints::default()),
        ..user_plan()
    };
    let issued = issue(&bench, &plan).expect("issued");
    let certificate = Certificate::parse(issued.der()).unwrap();
    assert!(Name::from_der(certificate.subject).unwrap().is_empty());
    let san = find(&certificate.extensions, &oids::SUBJECT_ALT_NAME).unwrap();
    assert!(san.critical);
    let constraints = find(&certificate.extensions, &oids::BASIC_CONSTRAINTS).unwrap();
    assert!(!decode_basic_constraints(&constraints.value).unwrap().ca);
    let listed = oids_of(issued.der());
    assert_eq!(listed[0], oids::ENROLL_CERTTYPE);
    assert!(!listed.contains(&oids::APPLICATION_CERT_POLICIES), "version 2 and later only");
    bench.file("m.pem", pem::encode("CERTIFICATE", issued.der()).as_bytes());
    let folder = bench.folder.path();
    run("openssl", &["verify", "-x509_strict", "-CAfile", "ca.crt", "m.pem"], folder);
}

#[test]
fn the_self_signed_certificate_is_a_ca_as_windows_makes_one() {
    let config = CaConfig {
        subject: "CN=Example CA \\+ 1,DC=example,DC=com".into(),
        path_length: 2,
        ..CaConfig::default()
    };
    let bench = Bench::with(config);
    let certificate = bench.ca.certificate();
    assert_eq!(certificate.names.common_name, "Example CA + 1");
    assert_eq!(certificate.names.sanitized, "Example CA !002b 1");
    let text = run("openssl", &["x509", "-in", "ca.crt", "-noout", "-text"], bench.folder.path());
    for expected in [
        "X509v3 Key Usage: critical\n                Digital Signature, Certificate Sign, CRL Sign",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:2",
        "X509v3 Subject Key Identifier: ",
        "1.3.6.1.4.1.311.21.1: \n                ...",
        "Issuer: DC = com, DC = example, CN = \"Example CA + 1\"",
        "Subject: DC = com, DC = example, CN = \"Example CA + 1\"",
        "ecdsa-with-SHA384",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    let parsed = Certificate::parse(&certificate.der).unwrap();
    let usage = find(&parsed.extensions, &oids::KEY_USAGE).unwrap();
    assert!(decode_key_usage(&usage.value).unwrap().contains(KeyUsage::KEY_CERT_SIGN));
    let version = find(&parsed.extensions, &oids::CERTSRV_CA_VERSION).unwrap();
    assert_eq!(version.value, [2, 1, 0]);
}

#[test]
fn validity_is_clipped_to_the_ca_s() {
    let config = CaConfig { validity: 30 * DAY, key: KeyKind::EcdsaP256, ..CaConfig::default() };
    let bench = Bench::with(config);
    let mut plan = user_plan();
    plan.not_before = SystemTime::now() - 10 * DAY;
    let issued = issue(&bench, &plan).expect("issued");
    let certificate = Certificate::parse(issued.der()).unwrap();
    assert_eq!(certificate.not_before, bench.ca.certificate().not_before);
    assert_eq!(certificate.not_after, bench.ca.certificate().not_after);
}

#[test]
fn nothing_is_issued_outside_the_ca_s_validity_or_with_a_clock_behind() {
    let bench = Bench::new();
    let now = SystemTime::now();
    let late = now + 20 * 365 * DAY;
    for time in [late, now - DAY] {
        let refused = bench.ca.issue(&user_plan(), time);
        assert_eq!(refused, Err(IssueError::CaNotValid));
    }
    assert_eq!(bench.ca.check_clock(now, None), Ok(()));
    assert_eq!(bench.ca.check_clock(now, Some(now)), Ok(()));
    let tolerance = bench.config.clock_tolerance;
    assert_eq!(bench.ca.check_clock(now, Some(now + tolerance)), Ok(()));
    let behind = tolerance + Duration::from_secs(1);
    let refused = bench.ca.check_clock(now, Some(now + behind)).unwrap_err();
    assert_eq!(refused, IssueError::ClockBehind { behind });
    assert!(refused.to_string().contains("301 seconds behind"), "{refused}");
    assert_eq!(refused.hresult(), HResult::CERTSRV_E_SERVER_SUSPENDED);
}

#[test]
fn an_elliptic_curve_key_gets_no_encipherment() {
    let bench = Bench::new();
    let mut plan = user_plan();
    plan.public_key = public_key(KeyKind::EcdsaP256);
    let refused = issue(&bench, &plan).unwrap_err();
    assert!(refused.to_string().contains("a use that a key of this kind"), "{refused}");

    plan.key_usage = Some((KeyUsage::DIGITAL_SIGNATURE, true));
    let issued = issue(&bench, &plan).expect("issued");
    let certificate = Certificate::parse(issued.der()).unwrap();
    let usage = find(&certificate.extensions, &oids::KEY_USAGE).unwrap();
    assert_eq!(decode_key_usage(&usage.value), Ok(KeyUsage::DIGITAL_SIGNATURE));
}

#[test]
fn addresses_appear_when_configured_only() {
    let bench = Bench::with(CaConfig {
        key: KeyKind::EcdsaP256,
        urls: UrlConfig {
            delta_crl: vec![],
            crl: vec!["http://pki.example/a.crl".into(), "ldap:///CN=a".into()],
            ca_certificate: vec!["http://pki.example/a.crt".into()],
            ocsp: vec!["http://ocsp.example/".into()],
        },
        ..CaConfig::default()
    });
    let text = |plan: &IssuancePlan| {
        bench.file("user.der", issue(&bench, plan).expect("issued").der());
        let arguments = ["x509", "-inform", "der", "-in", "user.der", "-noout", "-text"];
        run("openssl", &arguments, bench.folder.path())
    };
    let full = text(&user_plan());
    for expected in [
        "Full Name:\n                  URI:http://pki.example/a.crl\n                  URI:ldap:///CN=a",
        "CA Issuers - URI:http://pki.example/a.crt",
        "OCSP - URI:http://ocsp.example/",
    ] {
        assert!(full.contains(expected), "{expected:?} in\n{full}");
    }
    let without = text(&IssuancePlan { no_revocation_info: true, ..user_plan() });
    assert!(without.contains("CA Issuers - URI:http://pki.example/a.crt"));
    assert!(!without.contains("OCSP - URI") && !without.contains("CRL Distribution"), "{without}");
}

#[test]
fn ready_made_extensions_pass_unless_they_are_the_ca_s_to_write() {
    let bench = Bench::new();
    let mut plan = user_plan();
    let smime = Extension { oid: oids::SMIME_CAPABILITIES, critical: false, value: vec![0x30, 0] };
    plan.extensions = vec![smime];
    let issued = issue(&bench, &plan).expect("issued");
    assert_eq!(oids_of(issued.der())[4], oids::SMIME_CAPABILITIES);

    for oid in [oids::BASIC_CONSTRAINTS, oids::KEY_USAGE, oids::NTDS_CA_SECURITY_EXT] {
        let value = vec![0x30, 0];
        plan.extensions = vec![Extension { oid: oid.clone(), critical: false, value }];
        assert_eq!(issue(&bench, &plan), Err(IssueError::ReservedExtension(oid)));
    }
}

#[test]
fn names_that_break_the_profile_are_the_requester_s_fault() {
    let bench = Bench::new();
    let mut plan = user_plan();
    plan.subject = SubjectName::CommonName { cn: "x".repeat(65), email: None };
    let refused = issue(&bench, &plan).unwrap_err();
    assert_eq!(refused.hresult(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
    assert!(refused.to_string().contains("2.5.4.3 is longer than its upper bound"), "{refused}");

    plan.sid = None;
    plan.subject = SubjectName::DirectoryPath { distinguished_name: "=".into(), email: None };
    assert_eq!(issue(&bench, &plan).unwrap_err().hresult(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
}

#[test]
fn the_chain_is_a_pkcs7_that_openssl_reads() {
    let bench = Bench::new();
    let issued = issue(&bench, &user_plan()).expect("issued");
    bench.file("chain.p7b", &bench.ca.chain_with(issued.der(), []));
    let folder = bench.folder.path();
    let listed = run(
        "openssl",
        &["pkcs7", "-inform", "der", "-in", "chain.p7b", "-print_certs", "-out", "chain.pem"],
        folder,
    );
    assert!(listed.is_empty());
    let chain = pem::decode(&std::fs::read(folder.join("chain.pem")).unwrap()).unwrap();
    assert_eq!(chain.len(), 2);
    assert_eq!(&**chain[0].der, issued.der());
    assert_eq!(**chain[1].der, bench.ca.certificate().der);
    run("certtool", &["--p7-info", "--inder", "--infile", "chain.p7b"], folder);
}

#[test]
fn signatures_verify_with_our_own_reader_too() {
    let bench = Bench::new();
    let issued = issue(&bench, &user_plan()).expect("issued");
    let certificate = Certificate::parse(issued.der()).unwrap();
    let ca = Certificate::parse(&bench.ca.certificate().der).unwrap();
    let key = ca.public_key.public_key().unwrap();
    let algorithm = &certificate.signature_algorithm;
    verify_signature(&key, algorithm, certificate.tbs, certificate.signature).expect("valid");
    assert_eq!(certificate.issuer, ca.subject);
    assert_eq!(
        crate::asn1::extensions::decode_security_identifier(
            &find(&certificate.extensions, &oids::NTDS_CA_SECURITY_EXT).unwrap().value
        ),
        Ok(sid())
    );
}
