//! What the responder says, as OpenSSL reads it.

use std::path::PathBuf;

use super::*;
use crate::admin::{HOLD, RevokeRequest, revoke};
use crate::asn1::Hash;
use crate::asn1::ocsp::testing::{nonce, request};
use crate::ca::testing::{attempt, run};
use crate::enroll::testing::{ALICE, Bench, submission};
use crate::model::{RequestId, Revocation};

struct Desk {
    bench: Bench,
    responder: OcspResponder,
    /// The serial number of a certificate that alice has.
    serial: SerialNumber,
}

const SETTINGS: OcspSettings =
    OcspSettings { validity: Duration::from_secs(3_600), unissued: Unissued::Unknown };

impl Desk {
    async fn new(settings: OcspSettings) -> Self {
        let bench = Bench::new();
        let caller = bench.caller(ALICE);
        let submission = submission("CertificateTemplate:User");
        let answer = bench.enrollment().submit(&caller, submission).await.expect("an answer");
        let row = bench.row(answer.id).await;
        let certificate = row.columns.certificate.expect("issued");
        let (ca, store) = (Arc::clone(&bench.ca), bench.store.clone());
        let responder = OcspResponder::new(ca, store, r"LAB\CA1$".to_owned(), settings);
        std::fs::write(bench.folder.path().join("leaf.der"), &certificate.raw).expect("written");
        Self { bench, responder, serial: certificate.serial_number }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.bench.folder.path().join(name)
    }

    async fn revoke(&self, reason: u32, effective: Option<SystemTime>) {
        let serial = self.serial.to_string();
        let request = RevokeRequest { serial: &serial, reason, effective };
        let store = &*self.bench.store;
        revoke(store, request, r"LAB\officer", SystemTime::now()).await.expect("revoked");
    }

    /// Asks about alice's certificate, as OpenSSL does, and has OpenSSL verify the answer: its
    /// words.
    async fn ask(&self, options: &[&str]) -> String {
        let folder = self.bench.folder.path();
        let leaf = ["x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem"];
        run("openssl", &leaf, folder);
        let ask = ["ocsp", "-issuer", "ca.crt", "-cert", "leaf.pem", "-reqout", "request.der"];
        run("openssl", &[&ask[..1], options, &ask[1..]].concat(), folder);
        let request = std::fs::read(self.path("request.der")).expect("made");
        let answer = self.responder.answer(&request).await;
        std::fs::write(self.path("answer.der"), answer.der).expect("written");
        let check = [
            &["ocsp"][..],
            options,
            &["-issuer", "ca.crt", "-cert", "leaf.pem", "-respin", "answer.der"],
            &["-CAfile", "ca.crt", "-no_nonce", "-resp_text"],
        ]
        .concat();
        let (success, text, errors) = attempt("openssl", &check, folder);
        assert!(success && errors.contains("Response verify OK"), "{text}{errors}");
        text
    }

    async fn statuses(&self, serials: &[&[u8]], extensions: &[Extension]) -> String {
        let ca = Certificate::parse(&self.bench.ca.certificate().der).expect("valid");
        let der = request(Hash::Sha256, ca.subject, ca.public_key.key, serials, extensions);
        let answer = self.responder.answer(&der).await;
        std::fs::write(self.path("some.der"), answer.der).expect("written");
        let show = ["ocsp", "-respin", "some.der", "-resp_text", "-noverify"];
        run("openssl", &show, self.bench.folder.path())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_believes_good_and_revoked_and_learns_it_at_once() {
    let desk = Desk::new(SETTINGS).await;
    for hash in ["-sha1", "-sha256"] {
        let text = desk.ask(&[hash]).await;
        assert!(text.contains("leaf.pem: good"), "{text}");
        assert!(text.contains("OCSP No Check"), "{text}");
        assert!(text.contains("OCSP Signing"), "{text}");
    }
    desk.revoke(HOLD, None).await;
    let text = desk.ask(&["-sha256"]).await;
    assert!(
        text.contains("leaf.pem: revoked") && text.contains("Reason: certificateHold"),
        "{text}"
    );
    desk.revoke(Revocation::RELEASED, None).await;
    assert!(desk.ask(&["-sha256"]).await.contains("leaf.pem: good"));
    desk.revoke(1, None).await;
    let text = desk.ask(&["-sha1"]).await;
    assert!(text.contains("leaf.pem: revoked") && text.contains("Reason: keyCompromise"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ordered_for_later_ends_the_answer() {
    let desk = Desk::new(SETTINGS).await;
    let then = SystemTime::now() + Duration::from_secs(600);
    desk.revoke(4, Some(then)).await;
    assert!(desk.ask(&[]).await.contains("leaf.pem: good"));
    let ca = Certificate::parse(&desk.bench.ca.certificate().der).expect("valid");
    let ask = |extensions: &[Extension]| {
        request(Hash::Sha1, ca.subject, ca.public_key.key, &[&desk.serial.0], extensions)
    };
    let answer = desk.responder.answer(&ask(&[])).await;
    assert_eq!(answer.shared_until, Some(then));
    let answer = desk.responder.answer(&ask(&[nonce(32)])).await;
    assert_eq!(answer.shared_until, None, "an answer to a nonce is of no use to others");
}

#[tokio::test(flavor = "multi_thread")]
async fn unissued_certificates_are_unknown_or_revoked_as_the_setting_says() {
    let desk = Desk::new(SETTINGS).await;
    let text = desk.statuses(&[&desk.serial.0, &[1, 2, 3]], &[nonce(16)]).await;
    assert_eq!(text.matches("Cert Status: good").count(), 1, "{text}");
    assert_eq!(text.matches("Cert Status: unknown").count(), 1, "{text}");
    assert!(text.contains("OCSP Nonce"), "{text}");
    let revoked = OcspSettings { unissued: Unissued::Revoked, ..SETTINGS };
    let desk = Desk::new(revoked).await;
    let text = desk.statuses(&[&[1, 2, 3]], &[]).await;
    assert!(text.contains("Cert Status: revoked") && text.contains("certificateHold"), "{text}");
    // OpenSSL's old name of the extension that says so.
    let (_, extensions) = text.split_once("Response Extensions:").expect("there");
    assert!(extensions.trim_start().starts_with("valid:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_other_cas_and_damaged_ones_get_errors() {
    let desk = Desk::new(SETTINGS).await;
    let foreign = request(Hash::Sha1, b"name", b"key", &[&desk.serial.0], &[]);
    let answer = desk.responder.answer(&foreign).await;
    assert_eq!(answer, OcspFailure::Unauthorized.into());
    for damaged in [&[][..], &[0x30, 0], &foreign[1..]] {
        let answer = desk.responder.answer(damaged).await;
        assert_eq!(answer, OcspFailure::MalformedRequest.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signer_is_a_row_and_is_renewed_before_its_end() {
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(3 * 86_400)
    }
    let desk = Desk::new(SETTINGS).await;
    for _ in 0..3 {
        desk.ask(&[]).await;
    }
    let row = desk.bench.row(RequestId(2)).await;
    assert_eq!(row.columns.certificate_template, OCSP_TEMPLATE);
    assert_eq!(row.columns.requester_name, r"LAB\CA1$");
    assert!(row.columns.certificate.is_some());
    assert_eq!(desk.bench.store.by_id(RequestId(3)).await, Ok(None), "one signer for all");
    let responder = desk.responder.with_clock(later);
    let desk = Desk { responder, ..desk };
    desk.statuses(&[&desk.serial.0], &[]).await;
    let renewed = desk.bench.row(RequestId(3)).await.columns.certificate.expect("issued");
    assert!(renewed.not_after > row.columns.certificate.expect("issued").not_after);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_once_are_told_to_come_again() {
    let desk = Desk::new(SETTINGS).await;
    let _all = desk.responder.places.acquire_many(PLACES.try_into().unwrap()).await.unwrap();
    let ca = Certificate::parse(&desk.bench.ca.certificate().der).expect("valid");
    let der = request(Hash::Sha1, ca.subject, ca.public_key.key, &[&[1]], &[]);
    assert_eq!(desk.responder.answer(&der).await, OcspFailure::TryLater.into());
}
