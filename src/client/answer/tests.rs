use std::time::SystemTime;

use super::*;
use crate::asn1::cmc::PkiResponse;
use crate::ca::testing::{Bench, user_plan};
use crate::client::text::to_utf16;

const FIELDS: Fields = Fields {
    request_id: 7,
    disposition: ISSUED,
    certificate: Vec::new(),
    response: Vec::new(),
    message: Vec::new(),
};

/// A CA, and a certificate of it.
struct World {
    bench: Bench,
    certificate: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new();
        let draft = bench.ca.draft(&user_plan(), SystemTime::now()).unwrap();
        let certificate = bench.ca.sign(&draft).unwrap().der().to_vec();
        Self { bench, certificate }
    }

    /// A response that the CA signed, with this certificate.
    fn response(&self, status: CmcStatus, hashed: &[u8]) -> Vec<u8> {
        let hash = Hash::Sha1.digest(hashed);
        let issued_cert_hash = Some(hash.as_ref().try_into().unwrap());
        let response = PkiResponse { status, text: "Issued".into(), issued_cert_hash };
        self.bench.ca.full_response(&response, Some(&self.certificate), []).unwrap()
    }

    fn issued(&self) -> Vec<u8> {
        self.response(CmcStatus::Success, &self.certificate)
    }

    fn root(&self) -> Vec<u8> {
        self.bench.ca.certificate().der.clone()
    }

    fn check(&self, response: Vec<u8>, trusted: &[Vec<u8>]) -> Result<Answer, AnswerError> {
        let certificate = self.certificate.clone();
        check(Fields { certificate, response, ..FIELDS }, Form::Full, trusted)
    }
}

#[test]
fn dispositions_become_outcomes() {
    assert!(matches!(check(FIELDS, Form::Chain, &[]), Err(AnswerError::NoCertificate(7))));
    let message = to_utf16("Denied\r\nby X\u{1b}[1m");
    for code in [0, 1, 2, 6, 0x8009_4012] {
        let fields = Fields { disposition: code, message: message.clone(), ..FIELDS };
        let refused = check(fields, Form::Full, &[]).unwrap();
        assert_eq!(refused.outcome, Outcome::Refused(HResult(code)));
        assert_eq!((refused.request_id, &*refused.message), (7, "Denied  by X [1m"));
    }
    let pending = Fields { disposition: UNDER_SUBMISSION, ..FIELDS };
    assert_eq!(check(pending, Form::Full, &[]).unwrap().outcome, Outcome::Pending);
    let world = World::new();
    let fields = Fields { certificate: world.certificate.clone(), ..FIELDS };
    let issued = check(fields, Form::Chain, &[]).unwrap().outcome;
    let chain = Vec::new();
    assert_eq!(issued, Outcome::Issued { certificate: world.certificate, chain });
}

#[test]
fn a_full_response_gives_the_chain_from_the_certificate_up() {
    let world = World::new();
    let answer = world.check(world.issued(), &[world.root()]).unwrap();
    let Outcome::Issued { certificate, chain } = answer.outcome else { panic!("issued") };
    let read = SignedData::parse(&chain).unwrap();
    assert_eq!(read.certificates, [&certificate, &world.root()]);
}

#[test]
fn an_issued_certificate_needs_its_proof() {
    let world = World::new();
    assert!(matches!(world.check(Vec::new(), &[]), Err(AnswerError::NoResponse(7))));
    // A chain alone is no response.
    let chain = encode_certificates_only([&*world.certificate, &world.root()], []);
    assert!(matches!(world.check(chain.clone(), &[]), Err(AnswerError::Form)));
    let fields = Fields { certificate: world.certificate.clone(), response: chain, ..FIELDS };
    check(fields, Form::Chain, &[]).unwrap();
}

#[test]
fn a_response_that_was_changed_is_not_believed() {
    let world = World::new();
    let response = world.issued();
    let content = PkiResponse {
        status: CmcStatus::Success,
        text: "Issued".into(),
        issued_cert_hash: Some(Hash::Sha1.digest(&world.certificate).as_ref().try_into().unwrap()),
    };
    let content = content.encode().unwrap();
    let at = response.windows(content.len()).position(|part| part == content).unwrap();
    let mut changed = response.clone();
    changed[at + content.len() - 10] ^= 1;
    assert!(matches!(world.check(changed, &[]), Err(AnswerError::Signature(_))));
    for length in [0, 1, response.len() - 1] {
        assert!(world.check(response[..length].to_vec(), &[]).is_err());
    }
}

#[test]
fn a_response_that_contradicts_the_answer_is_not_believed() {
    let world = World::new();
    for response in [
        world.response(CmcStatus::Failed, &world.certificate),
        world.response(CmcStatus::Success, b"another certificate"),
    ] {
        assert!(matches!(world.check(response, &[]), Err(AnswerError::Contradiction(_))));
    }
    let pending = Fields { disposition: UNDER_SUBMISSION, response: world.issued(), ..FIELDS };
    let refused = check(pending, Form::Full, &[]);
    assert!(matches!(refused, Err(AnswerError::Contradiction("it is not pending"))));
    let received = SystemTime::UNIX_EPOCH;
    let status = CmcStatus::Pending { token: vec![7, 0, 0, 0], received };
    let response = world.response(status, b"");
    let pending = Fields { disposition: UNDER_SUBMISSION, response, ..FIELDS };
    assert_eq!(check(pending, Form::Full, &[]).unwrap().outcome, Outcome::Pending);
}

/// Another CA of the same name.
#[test]
fn a_certificate_of_another_ca_is_not_believed() {
    let (world, other) = (World::new(), World::new());
    let response = other.response(CmcStatus::Success, &world.certificate);
    assert!(matches!(world.check(response, &[]), Err(AnswerError::Issuer)));
    let untrusted = world.check(world.issued(), &[other.root()]);
    assert!(matches!(untrusted, Err(AnswerError::Untrusted)));
    let fields = Fields { certificate: world.certificate.clone(), ..FIELDS };
    let unproved = check(fields, Form::Chain, &[world.root()]);
    assert!(matches!(unproved, Err(AnswerError::NoResponse(7))));
}

#[test]
fn a_certificate_for_another_key_is_not_taken() {
    let world = World::new();
    let answer = world.check(world.issued(), &[]).unwrap();
    let own = Certificate::parse(&world.certificate).unwrap().public_key.raw.to_vec();
    answer.check_key(&own).unwrap();
    let root = world.root();
    let other = Certificate::parse(&root).unwrap().public_key.raw;
    assert!(matches!(answer.check_key(other), Err(AnswerError::OtherKey)));
    let refused = Outcome::Refused(HResult::E_FAIL);
    Answer { outcome: refused, ..answer }.check_key(other).unwrap();
}
