//! What clients get from a running server.

use wcce::asn1::{Certificate, oids};
use wcce::auth::AuthLevel;
use wcce::client::{EnrollError, Mechanism, Outcome};
use wcce::model::HResult;

use crate::demo::{Access, Demo, enroll, request};

#[tokio::test]
async fn every_way_in_gets_a_certificate() {
    let demo = Demo::new();
    let server = demo.start();
    for mechanism in [Mechanism::Negotiate, Mechanism::Ntlm] {
        for by_mapper in [false, true] {
            let access = Access { mechanism, by_mapper, ..Access::of(&demo) };
            let mut client = server.connect(&access).await.expect("let in");
            let answer = enroll(&mut client).await.expect("answer");
            let Outcome::Issued { certificate, chain } = &answer.outcome else {
                panic!("{answer:?}")
            };
            let parsed = Certificate::parse(certificate).expect("valid");
            assert!(parsed.extensions.iter().any(|e| e.oid == oids::NTDS_CA_SECURITY_EXT));
            assert!(chain.len() > certificate.len());
            let again = client.retrieve(answer.request_id).await.expect("answer");
            assert_eq!(again, answer);
        }
    }
    let (status, log) = server.terminate();
    assert!(status.success());
    let issued = log.iter().filter(|line| line.contains("events=\"4886,4887\"")).count();
    assert_eq!(issued, 4, "{log:#?}");
    assert!(!log.iter().any(|line| line.contains(&demo.password)));
}

#[tokio::test]
async fn each_wrong_call_gets_its_answer_and_the_next_one_works() {
    let demo = Demo::new();
    let server = demo.start();
    let right = Access::of(&demo);
    for wrong in [
        Access { password: "wrong", ..right },
        Access { user: "mallory", ..right },
        Access { level: AuthLevel::Integrity, ..right },
        Access { level: AuthLevel::Packet, ..right },
        Access { level: AuthLevel::Connect, ..right },
    ] {
        for mechanism in [Mechanism::Negotiate, Mechanism::Ntlm] {
            let access = Access { mechanism, ..wrong };
            let refused = match server.connect(&access).await {
                Err(_) => true,
                Ok(mut client) => matches!(enroll(&mut client).await, Err(EnrollError::Rpc(_))),
            };
            assert!(refused, "{} at {:?}", wrong.user, wrong.level);
        }
    }
    let other = Access { authority: "Other CA", ..right };
    let mut client = server.connect(&other).await.expect("let in");
    let refused = enroll(&mut client).await.expect_err("another CA");
    assert!(matches!(refused, EnrollError::Call(HResult::E_INVALIDARG)), "{refused}");

    let mut client = server.connect(&right).await.expect("let in");
    for (template, code) in [
        ("Nobody", HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE),
        ("WebServer", HResult::CERTSRV_E_TEMPLATE_DENIED),
    ] {
        let (request, attributes) = request(template);
        let answer = client.submit(&request, &attributes).await.expect("answer");
        assert_eq!(answer.outcome, Outcome::Refused(code), "{}", answer.message);
    }
    let (mut forged, attributes) = request("User");
    *forged.last_mut().expect("bytes") ^= 1;
    let answer = client.submit(&forged, &attributes).await.expect("answer");
    assert_eq!(answer.outcome, Outcome::Refused(HResult::NTE_BAD_SIGNATURE));
    let answer = enroll(&mut client).await.expect("answer");
    assert!(matches!(answer.outcome, Outcome::Issued { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_restart_keeps_the_ca_and_its_requests() {
    let demo = Demo::new();
    let server = demo.start();
    let mut client = server.connect(&Access::of(&demo)).await.expect("let in");
    let before = enroll(&mut client).await.expect("answer");
    assert!(server.terminate().0.success());
    let server = demo.start();
    let mut client = server.connect(&Access::of(&demo)).await.expect("let in");
    assert_eq!(client.retrieve(before.request_id).await.expect("answer"), before);
    let after = enroll(&mut client).await.expect("answer");
    assert_eq!(after.request_id, before.request_id + 1);
}

#[test]
fn the_process_leaves_no_core() {
    let demo = Demo::new();
    let server = demo.start();
    let limits = std::fs::read_to_string(server.limits()).expect("read");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("there");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}
