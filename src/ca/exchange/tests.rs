use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::asn1::extensions::{decode_extended_key_usage, decode_key_usage, decode_template_name};
use crate::ca::testing::{Bench, DAY, run};
use crate::ca::{CaConfig, StateFolder};

#[test]
fn the_certificate_is_as_windows_makes_it() {
    let subject = "CN=Lab CA,OU=PKI,DC=lab,DC=test".to_owned();
    let bench = Bench::with(CaConfig { subject, key: KeyKind::EcdsaP384, ..CaConfig::default() });
    let now = SystemTime::now();
    let exchange = bench.ca.issue_exchange(now).expect("issued");
    let certificate = Certificate::parse(exchange.certificate.der()).expect("valid");
    let text = |name| Name::from_der(name).expect("valid").to_string();
    assert_eq!(text(certificate.subject), "CN=Lab CA-Xchg,OU=PKI,DC=lab,DC=test");
    assert_eq!(text(certificate.issuer), "CN=Lab CA,OU=PKI,DC=lab,DC=test");
    let validity = certificate.not_after.duration_since(certificate.not_before).expect("ordered");
    assert_eq!(validity.as_secs(), 7 * 86_400 + 600);
    assert_eq!(certificate.public_key.to_info().expect("a key").kind.bits(), 2048);

    let value = |oid| find(&certificate.extensions, &oid).expect("there");
    let usage = value(oids::KEY_USAGE);
    assert_eq!(decode_key_usage(&usage.value), Ok(KeyUsage::KEY_ENCIPHERMENT));
    assert!(usage.critical);
    let purposes = decode_extended_key_usage(&value(oids::EXTENDED_KEY_USAGE).value);
    assert_eq!(purposes, Ok(vec![oids::CA_EXCHANGE]));
    let policies = decode_policies(&value(oids::APPLICATION_CERT_POLICIES).value);
    assert_eq!(policies, Ok(vec![oids::CA_EXCHANGE]));
    let template = decode_template_name(&value(oids::ENROLL_CERTTYPE).value);
    assert_eq!(template.as_deref(), Ok("CAExchange"));

    let ca =
        bench.file("ca.pem", pem::encode("CERTIFICATE", &bench.ca.certificate().der).as_bytes());
    let der = bench.file("exchange.der", exchange.certificate.der());
    let (ca, der) = (ca.to_str().expect("text"), der.to_str().expect("text"));
    run("openssl", &["verify", "-CAfile", ca, der], bench.folder.path());
}

#[test]
fn it_is_kept_with_its_key_and_read_back() {
    let bench = Bench::new();
    let path = StateFolder::new(bench.folder.path()).exchange();
    let now = SystemTime::now();
    assert!(bench.ca.load_exchange(&path, now).expect("no file is no error").is_none());
    let exchange = bench.ca.issue_exchange(now).expect("issued");
    exchange.save(&path).expect("written");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let read = bench.ca.load_exchange(&path, now).expect("readable");
    assert_eq!(read.as_ref(), Some(&exchange.certificate));
    let pem = path.to_str().expect("text");
    run("openssl", &["rsa", "-in", pem, "-check", "-noout"], bench.folder.path());

    let late = now + 8 * DAY;
    assert!(bench.ca.load_exchange(&path, late).expect("readable").is_none(), "expired");
    let other = Bench::new();
    assert!(other.ca.load_exchange(&path, now).expect("readable").is_none(), "of another CA");
}

#[test]
fn a_file_that_is_damaged_or_open_to_others_is_refused() {
    let bench = Bench::new();
    let path = StateFolder::new(bench.folder.path()).exchange();
    let now = SystemTime::now();
    let (one, two) = (bench.ca.issue_exchange(now), bench.ca.issue_exchange(now));
    let (one, two) = (one.expect("issued"), two.expect("issued"));
    let certificate = pem::encode("CERTIFICATE", one.certificate.der());
    let key = pem::encode("PRIVATE KEY", &two.pkcs8);
    let mixed = [certificate.as_bytes(), key.as_bytes()].concat();
    for (content, mode, message) in [
        (&mixed[..], 0o600, "the key is not that of the certificate"),
        (certificate.as_bytes(), 0o600, "not a certificate and its private key"),
        (b"-----BEGIN CERTIFICATE-----", 0o600, "not PEM"),
        (&mixed[..], 0o644, "chmod 600"),
    ] {
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
        let error = bench.ca.load_exchange(&path, now).expect_err("refused").to_string();
        assert!(error.contains(message) && error.contains("exchange.pem"), "{error}");
    }
}
