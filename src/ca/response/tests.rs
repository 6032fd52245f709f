use std::time::SystemTime;

use super::*;
use crate::asn1::cmc::CmcStatus;
use crate::asn1::{Certificate, pem};
use crate::ca::testing::{Bench, attempt, run, user_plan};
use crate::ca::{CaConfig, CrlKind, CrlPublisher, KeyKind, RsaHash, StateFolder};

fn issued() -> PkiResponse {
    let (text, hash) = ("Issued".to_owned(), Some([7; 20]));
    PkiResponse { status: CmcStatus::Success, text, issued_cert_hash: hash }
}

/// What OpenSSL says of a message, with the content that it found signed.
fn verify(bench: &Bench, message: &[u8]) -> (bool, Vec<u8>) {
    let ca = pem::encode("CERTIFICATE", &bench.ca.certificate().der);
    bench.file("ca.pem", ca.as_bytes());
    bench.file("message.der", message);
    let arguments = [
        "cms",
        "-verify",
        "-inform",
        "der",
        "-in",
        "message.der",
        "-CAfile",
        "ca.pem",
        "-purpose",
        "any",
        "-out",
        "content.der",
    ];
    let (success, ..) = attempt("openssl", &arguments, bench.folder.path());
    (success, std::fs::read(bench.folder.path().join("content.der")).unwrap_or_default())
}

#[test]
fn openssl_verifies_full_responses_by_every_kind_of_key() {
    for (key, rsa_hash) in [
        (KeyKind::EcdsaP256, RsaHash::Sha256),
        (KeyKind::EcdsaP384, RsaHash::Sha256),
        (KeyKind::EcdsaP521, RsaHash::Sha256),
        (KeyKind::Rsa2048, RsaHash::Sha256),
        (KeyKind::Rsa2048, RsaHash::Sha512),
    ] {
        let bench = Bench::with(CaConfig { key, rsa_hash, ..CaConfig::default() });
        let plan = user_plan();
        let certificate = bench.ca.issue(&plan, SystemTime::now()).expect("issued");
        let response = issued();
        let message =
            bench.ca.full_response(&response, Some(certificate.der()), []).expect("signed");
        let content = response.encode().expect("encodes");
        assert_eq!(verify(&bench, &message), (true, content.clone()), "{key:?}");

        let mut damaged = message.clone();
        let at = damaged.windows(content.len()).position(|part| part == content).expect("there");
        damaged[at + content.len() - 10] ^= 1;
        assert!(!verify(&bench, &damaged).0, "{key:?}");
    }
}

#[test]
fn a_full_response_has_the_parts_that_the_specification_lists() {
    let bench = Bench::new();
    let certificate = bench.ca.issue(&user_plan(), SystemTime::now()).expect("issued");
    let state = StateFolder::new(bench.folder.path());
    let publisher = CrlPublisher::new(&bench.config, &state);
    let crl = publisher
        .begin(publisher.current(&bench.ca).unwrap(), CrlKind::Base, SystemTime::now())
        .expect("begun");
    let crl = publisher.publish(&bench.ca, crl).expect("signed").base.expect("a base CRL");
    let message = bench.ca.full_response(&issued(), Some(certificate.der()), [&*crl.der]);
    let message = message.expect("signed");
    let read = SignedData::parse(&message).expect("own encoding");
    let ca = bench.ca.certificate();
    assert_eq!(read.content_type, oids::CMC_PKI_RESPONSE);
    assert_eq!(read.crls, [&*crl.der]);
    let mut certificates = vec![certificate.der(), &ca.der];
    certificates.sort_unstable();
    assert_eq!(read.certificates, certificates);
    let [signer] = &*read.signers else { panic!("one signer") };
    let id = SignerId::IssuerAndSerial { issuer: &ca.subject, serial: &ca.serial.0 };
    assert_eq!((signer.signer, signer.unsigned_attributes), (id, &[][..]));
    let attributes: Vec<_> =
        signer.attributes().expect("readable").into_iter().map(|one| one.oid).collect();
    assert_eq!(attributes, [oids::CONTENT_TYPE, oids::MESSAGE_DIGEST]);
    let key = Certificate::parse(&ca.der).expect("valid");
    let key = key.public_key.public_key().expect("a key");
    assert!(signer.verify(&read, &key).is_ok());

    let denied = PkiResponse { issued_cert_hash: None, ..issued() };
    let message = bench.ca.full_response(&denied, None, []).expect("signed");
    let read = SignedData::parse(&message).expect("own encoding");
    assert_eq!((read.certificates, read.crls), (vec![&*ca.der], vec![]));
}

#[test]
fn openssl_reads_the_chains() {
    let bench = Bench::new();
    let exchange = bench.ca.issue_exchange(SystemTime::now()).expect("issued");
    let der = exchange.certificate.der();
    let chain = bench.ca.exchange_chain(der, []);
    let read = SignedData::parse(&chain).expect("own encoding");
    assert_eq!((read.content, &*read.signers), (Some(der), &[][..]));
    assert_eq!(read.certificates, [&*bench.ca.certificate().der]);
    assert_eq!(read.digests, [bench.ca.signer().algorithm().hash()]);
    for (name, message) in [("exchange", chain), ("own", bench.ca.own_chain([]))] {
        let file = bench.file(name, &message);
        let file = file.to_str().expect("text");
        let arguments = ["pkcs7", "-inform", "der", "-in", file, "-print_certs"];
        let text = run("openssl", &arguments, bench.folder.path());
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 1, "{name}: {text}");
    }
}
