mod signed;

use std::path::Path;
use std::time::Duration;

use super::testing::{ALICE, BOB, Bench, pkcs10, submission};
use super::*;
use crate::asn1::extensions::find;
use crate::asn1::{Certificate, Name, decode_general_names, oids};
use crate::ca::{CaConfig, KeyError, SignatureAlgorithm, Signer, StateFolder, TrustConfig};
use crate::client::{CertificateRequest, KeyKind, RequestKey};
use crate::directory::embedded::EmbeddedDirectory;
use crate::model::{Disposition, GeneralName, HResult, Sid};
use crate::store::{SledStore, StoreConfig};

#[tokio::test]
async fn an_issued_certificate_is_answered_and_in_the_table() {
    let bench = Bench::new();
    let submitted = submission("CertificateTemplate:user\nccm:ws1");
    let raw = submitted.request.clone();
    let answer = bench.enrollment().submit(&bench.caller(ALICE), submitted).await.expect("answer");
    assert_eq!((answer.status, answer.disposition), (HResult::S_OK, 3));
    assert_eq!(answer.message, "Issued");
    let der = answer.certificate.expect("issued");
    let certificate = Certificate::parse(&der).expect("valid");
    let subject = Name::from_der(certificate.subject).expect("valid").to_string();
    assert_eq!(subject, "CN=Alice Example,CN=Users,DC=lab,DC=test");
    assert!(certificate.extensions.iter().any(|e| e.oid == oids::NTDS_CA_SECURITY_EXT));
    let chain = answer.chain.expect("with its chain");
    assert!(chain.windows(der.len()).any(|part| part == der));

    let columns = bench.row(answer.id).await.columns;
    assert_eq!(columns.disposition, Disposition::Issued);
    assert_eq!(columns.raw_request, raw);
    assert_eq!(columns.requester_name, r"LAB\alice");
    assert_eq!(columns.caller_sid, "S-1-5-21-1-2-3-1103");
    assert_eq!(columns.request_distinguished_name, "CN=asked for");
    assert_eq!(columns.certificate_template, "1.3.6.1.4.1.311.21.8.1.2.3");
    assert_eq!(columns.request_attributes, "CertificateTemplate:user\nccm:ws1");
    assert_eq!(columns.resolved_when, Some(columns.submitted_when));
    assert!(
        columns.extensions.iter().any(|(oid, flags, _)| oid == "2.5.29.15" && *flags == 0x2_0001)
    );
    let issued = columns.certificate.expect("there");
    assert_eq!(issued.raw, der);
    assert_eq!(issued.upn.as_deref(), Some("alice@lab.test"));
    assert_eq!(issued.enrollment_flags, 0x20);
}

#[tokio::test]
async fn a_denial_is_an_answer_with_its_code_and_a_row() {
    let bench = Bench::new();
    let (alice, bob) = (bench.caller(ALICE), bench.caller(BOB));
    for (caller, attributes, code) in [
        (&alice, "", HResult::CERTSRV_E_NO_CERT_TYPE),
        (&alice, "CertificateTemplate:Nobody", HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE),
        (&bob, "CertificateTemplate:User", HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED),
    ] {
        let answer = bench.enrollment().submit(caller, submission(attributes)).await.expect("one");
        assert_eq!((answer.status, answer.disposition), (HResult::S_OK, code.0));
        assert!(answer.message.starts_with("Denied by Policy Module: "), "{}", answer.message);
        assert_eq!((answer.certificate, answer.chain), (None, None));
        let row = bench.row(answer.id).await;
        assert_eq!((row.columns.disposition, row.status()), (Disposition::Denied, code));
        assert_eq!(row.columns.disposition_message, answer.message);
        assert!(row.columns.extensions.iter().any(|(oid, ..)| oid == "2.5.29.17"), "as asked for");
    }
}

#[tokio::test]
async fn what_cannot_be_parsed_or_verified_fails_with_a_row() {
    let bench = Bench::new();
    let mut forged = submission("CertificateTemplate:User");
    *forged.request.last_mut().expect("bytes") ^= 1;
    let garbage = Submission { request: vec![0x30, 0x03, 1], ..forged.clone() };
    let mismatch = Submission { flags: 0x0300, request: pkcs10(), ..forged.clone() };
    for (submission, code, message) in [
        (forged, HResult::NTE_BAD_SIGNATURE, "Error Verifying Request Signature"),
        (garbage, HResult(0x8009_3102), "Error Parsing Request"),
        (mismatch, HResult::CRYPT_E_INVALID_MSG_TYPE, "Error Parsing Request"),
    ] {
        let raw = submission.request.clone();
        let answer =
            bench.enrollment().submit(&bench.caller(ALICE), submission).await.expect("answer");
        assert_eq!((answer.status, answer.disposition), (HResult::S_OK, code.0));
        assert!(answer.message.starts_with(message), "{}", answer.message);
        let columns = bench.row(answer.id).await.columns;
        assert_eq!((columns.disposition, columns.raw_request), (Disposition::Failed, raw));
    }
}

#[tokio::test]
async fn a_pending_request_waits() {
    let bench = Bench::new();
    let enrollment = bench.enrollment();
    let alice = bench.caller(ALICE);
    let answer = enrollment.submit(&alice, submission("CertificateTemplate:Approved")).await;
    let answer = answer.expect("answer");
    assert_eq!((answer.status, answer.disposition), (HResult::S_OK, 5));
    let columns = bench.row(answer.id).await.columns;
    assert_eq!((columns.disposition, columns.resolved_when), (Disposition::Pending, None));
    assert_eq!(columns.certificate_template, "Approved");
    let again =
        enrollment.retrieve(&alice, "wcce CA", 0, Lookup::Id(answer.id)).await.expect("answer");
    assert_eq!(again, answer);
}

#[tokio::test]
async fn requests_are_retrieved_by_their_requester_alone() {
    let bench = Bench::new();
    let enrollment = bench.enrollment();
    let (alice, bob) = (bench.caller(ALICE), bench.caller(BOB));
    let issued = enrollment.submit(&alice, submission("CertificateTemplate:User")).await;
    let issued = issued.expect("answer");
    let again =
        enrollment.retrieve(&alice, "WCCE ca", 0, Lookup::Id(issued.id)).await.expect("answer");
    assert_eq!(again, issued);
    let with_crl = enrollment.retrieve(&alice, "wcce CA", 0x0008_0000, Lookup::Id(issued.id)).await;
    let longer = with_crl.expect("answer").chain.expect("chain").len();
    assert!(longer > issued.chain.expect("chain").len() + 100, "the CRL comes too");
    for (caller, id) in [(&bob, issued.id), (&alice, RequestId(99)), (&alice, RequestId(0))] {
        let refused = enrollment
            .retrieve(caller, "wcce CA", 0, Lookup::Id(id))
            .await
            .expect_err("not theirs");
        assert_eq!(refused.hresult(), HResult::CERTSRV_E_PROPERTY_EMPTY);
    }
}

#[tokio::test]
async fn a_denied_request_is_retrieved_as_denied() {
    let bench = Bench::new();
    let enrollment = bench.enrollment();
    let bob = bench.caller(BOB);
    let denied = enrollment.submit(&bob, submission("CertificateTemplate:User")).await;
    let denied = denied.expect("answer");
    let again =
        enrollment.retrieve(&bob, "wcce CA", 0, Lookup::Id(denied.id)).await.expect("answer");
    assert_eq!(again.status, HResult::CERTSRV_E_ADMIN_DENIED_REQUEST);
    assert_eq!((again.disposition, again.message), (2, denied.message));
}

#[tokio::test]
async fn the_gate_stops_strangers_and_wrong_names_without_a_row() {
    let mut bench = Bench::new();
    let alice = bench.caller(ALICE);
    let other = Submission { authority: "Other CA".to_owned(), ..submission("") };
    let refused = bench.enrollment().submit(&alice, other).await.expect_err("wrong name");
    assert_eq!(refused.hresult(), HResult::E_INVALIDARG);
    bench.security = "D:(D;;0x200;;;S-1-5-21-1-2-3-1103)(A;;0x200;;;AU)";
    let enrollment = bench.enrollment();
    let refused = enrollment.submit(&alice, submission("")).await.expect_err("no right");
    assert_eq!(refused.hresult(), HResult::CERTSRV_E_ENROLL_DENIED);
    let refused = enrollment.retrieve(&alice, "wcce CA", 0, Lookup::Id(RequestId(1))).await;
    assert_eq!(refused.expect_err("no right").hresult(), HResult::CERTSRV_E_ENROLL_DENIED);
    assert_eq!(bench.store.by_id(RequestId(1)).await.expect("read"), None);
    enrollment.submit(&bench.caller(BOB), submission("")).await.expect("bob may");
}

#[tokio::test]
async fn nothing_is_issued_while_the_clock_is_behind() {
    let bench = Bench::new();
    let alice = bench.caller(ALICE);
    let now = bench.enrollment().submit(&alice, submission("CertificateTemplate:User")).await;
    assert_eq!(now.expect("answer").disposition, 3);
    let behind = bench.enrollment().with_clock(|| SystemTime::now() - Duration::from_secs(400));
    let stopped = behind.submit(&alice, submission("CertificateTemplate:User")).await;
    let stopped = stopped.expect("answer");
    assert_eq!(stopped.disposition, HResult::CERTSRV_E_SERVER_SUSPENDED.0);
    assert!(stopped.message.contains("clock"), "{}", stopped.message);
    assert_eq!(bench.row(stopped.id).await.columns.disposition, Disposition::Failed);
}

#[tokio::test]
async fn a_request_too_large_for_the_table_is_refused_and_recorded() {
    let mut bench = Bench::new();
    let small = StoreConfig { max_row_bytes: 2_000, ..StoreConfig::default() };
    let path = bench.folder.path().join("small");
    bench.store = Arc::new(SledStore::open(&path, &small).expect("opened"));
    let large = format!("CertificateTemplate:User\nccm:{}", "x".repeat(1_500));
    let answer = bench.enrollment().submit(&bench.caller(ALICE), submission(&large)).await;
    let answer = answer.expect("answer");
    assert_eq!(answer.disposition, HResult::CRYPT_E_ASN1_LARGE.0);
    assert_eq!(answer.certificate, None, "what is not in the table does not leave");
    let columns = bench.row(answer.id).await.columns;
    assert_eq!(columns.disposition, Disposition::Failed);
    assert!(columns.certificate.is_none() && columns.raw_request.is_empty());
}

/// A key that fails whenever it is used.
struct BrokenKey(Arc<CertificateAuthority>);

impl Signer for BrokenKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.signer().algorithm()
    }

    fn public_key(&self) -> &[u8] {
        self.0.signer().public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Signing)
    }
}

/// Requests that fit alone, but not with their certificates, do not reach the key.
#[tokio::test]
async fn nothing_is_signed_that_the_table_has_no_room_for() {
    let mut bench = Bench::new();
    let state = StateFolder::new(bench.folder.path());
    let ca = CertificateAuthority::load(&CaConfig::default(), &state, SystemTime::now());
    let ca = ca.expect("loads").expect("there");
    bench.ca = Arc::new(ca.with_signer(Arc::new(BrokenKey(Arc::clone(&bench.ca)))));
    for (limit, code) in [(2_000, HResult::CRYPT_E_ASN1_LARGE), (10_000, HResult::E_UNEXPECTED)] {
        let path = bench.folder.path().join(limit.to_string());
        let config = StoreConfig { max_row_bytes: limit, ..StoreConfig::default() };
        bench.store = Arc::new(SledStore::open(&path, &config).expect("opened"));
        let submitted = submission("CertificateTemplate:User");
        let answer = bench.enrollment().submit(&bench.caller(ALICE), submitted).await;
        let answer = answer.expect("answer");
        assert_eq!(answer.disposition, code.0);
        let columns = bench.row(answer.id).await.columns;
        assert!(!columns.raw_request.is_empty(), "the request itself fits, and is kept");
    }
}

#[tokio::test]
async fn what_a_client_makes_long_is_kept_short() {
    let bench = Bench::new();
    let long = format!("CertificateTemplate:{}", "x".repeat(5_000));
    let answer = bench.enrollment().submit(&bench.caller(ALICE), submission(&long)).await;
    let answer = answer.expect("answer");
    assert_eq!(answer.disposition, HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE.0);
    assert_eq!(answer.message.chars().count(), 512);
    let columns = bench.row(answer.id).await.columns;
    assert_eq!(columns.certificate_template.len(), 512);
    assert_eq!(columns.request_attributes, long, "but the request itself is kept");
    let other = Submission { authority: "x".repeat(100_000), ..submission("") };
    let refused = bench.enrollment().submit(&bench.caller(ALICE), other).await;
    assert!(refused.expect_err("wrong name").to_string().len() < 600, "for the log");
    let long = format!("CertificateTemplate:1.3{}", ".4".repeat(5_000));
    let answer = bench.enrollment().submit(&bench.caller(ALICE), submission(&long)).await;
    let columns = bench.row(answer.expect("answer").id).await.columns;
    assert_eq!(columns.certificate_template.len(), 512);
}

#[tokio::test]
async fn an_account_that_left_the_directory_gets_nothing() {
    let bench = Bench::new();
    let gone: Sid = "S-1-5-21-1-2-3-4444".parse().expect("valid");
    let users = bench.directory.domain_sid().with_rid(513).expect("valid");
    let token = crate::model::Token::new(gone, [users]);
    let gone = Arc::new(Caller { account: r"LAB\gone".to_owned(), token });
    let answer = bench.enrollment().submit(&gone, submission("CertificateTemplate:User")).await;
    assert_eq!(answer.expect("answer").disposition, HResult::NO_SUCH_USER.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_certificates_of_their_own() {
    let bench = Bench::new();
    let enrollment = Arc::new(bench.enrollment());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (enrollment, alice) = (Arc::clone(&enrollment), bench.caller(ALICE));
        let submission = submission("CertificateTemplate:User");
        tasks.spawn(async move { enrollment.submit(&alice, submission).await.expect("answer") });
    }
    let answers = tasks.join_all().await;
    let mut ids: Vec<_> = answers.iter().map(|answer| answer.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 32);
    for answer in answers {
        let stored = bench.row(answer.id).await.columns.certificate.map(|c| c.raw);
        assert_eq!(stored, answer.certificate);
    }
}

/// The default directory file and settings: administrators get certificates for the servers that
/// they name, at once; others get none.
#[tokio::test]
async fn a_web_server_s_certificate_is_issued_to_administrators() {
    let mut bench = Bench::new();
    let text = EmbeddedDirectory::default_file("LAB", "lab.test", bench.directory.domain_sid());
    let users = "[[users]]\nname = 'alice'\nrid = 1103\nmember_of = ['Domain Admins']\n\
                 [[users]]\nname = 'bob'\nrid = 1104\n";
    let directory = EmbeddedDirectory::parse(&format!("{text}\n{users}"), Path::new("d.toml"));
    bench.directory = Arc::new(directory.expect("valid"));
    let key = RequestKey::generate(KeyKind::Rsa2048).expect("made");
    let subject = Name::parse("CN=www.lab.test").expect("valid");
    let names = vec![GeneralName::Dns("www.lab.test".to_owned())];
    let request = CertificateRequest { subject, names: names.clone(), ..Default::default() };
    let request = request.to_pkcs10(&key).expect("made");
    let submission = Submission { request, ..submission("CertificateTemplate:WebServer") };
    let enrollment = bench.enrollment();
    let denied = enrollment.submit(&bench.caller(BOB), submission.clone()).await.expect("answer");
    assert_eq!(denied.disposition, HResult::CERTSRV_E_TEMPLATE_DENIED.0);
    let issued = enrollment.submit(&bench.caller(ALICE), submission).await.expect("answer");
    assert_eq!((issued.disposition, issued.message.as_str()), (3, "Issued"));
    let der = issued.certificate.expect("issued");
    let certificate = Certificate::parse(&der).expect("valid");
    let subject = Name::from_der(certificate.subject).expect("valid").to_string();
    assert_eq!(subject, "CN=www.lab.test");
    let extension = |oid| find(&certificate.extensions, &oid);
    let alternative = extension(oids::SUBJECT_ALT_NAME).expect("there");
    assert_eq!(decode_general_names(&alternative.value).as_ref(), Ok(&names));
    assert_eq!(extension(oids::NTDS_CA_SECURITY_EXT), None, "the names are not alice's");
}

#[tokio::test]
async fn each_certificate_of_a_renewed_ca_has_its_properties() {
    use crate::ca::{CrlKind, CrlPublisher, RenewalKey, renew_root};
    let mut bench = Bench::new();
    let state = StateFolder::new(bench.folder.path());
    let config = CaConfig { key: crate::ca::KeyKind::EcdsaP256, ..CaConfig::default() };
    let now = SystemTime::now();
    for key in [RenewalKey::Same, RenewalKey::New] {
        renew_root(&config, &state, key, now).expect("renewed");
    }
    let ca = CertificateAuthority::load(&config, &state, now).expect("loaded").expect("there");
    let publisher = CrlPublisher::new(&config, &state);
    let draft =
        publisher.begin(publisher.current(&ca).unwrap(), CrlKind::Base, now).expect("begun");
    let crls = publisher.publish(&ca, draft).expect("signed");
    bench.ca = Arc::new(ca);
    bench.crls = watch::channel(crls.clone()).1;
    let (enrollment, caller) = (bench.enrollment(), bench.caller(ALICE));
    let get = async |id, index| {
        let query = PropertyQuery { authority: None, id, index, kind: None };
        enrollment.property(&caller, query).await
    };
    let bytes = |value: Option<&[u8]>| PropertyValue::Bytes(value.unwrap_or_default().to_vec());
    let (signature, base, version) = (0x0C, 0x11, 0x27);
    for (index, ca) in bench.ca.earlier().iter().chain([&bench.ca]).enumerate() {
        let found = get(signature, i32::try_from(index).expect("small")).await.expect("there");
        assert_eq!(found, bytes(Some(&ca.certificate().der)), "{index}");
    }
    let newest = get(signature, -1).await.expect("there");
    assert_eq!(newest, bytes(Some(&bench.ca.certificate().der)));
    assert!(get(signature, 3).await.is_err());
    let [earlier] = &crls.of_earlier_keys[..] else { panic!("two keys") };
    let der = |crl: &Option<Arc<crate::ca::Crl>>| crl.as_ref().expect("made").der.clone();
    for (index, crl) in [(0, &earlier.base), (1, &earlier.base), (2, &crls.base), (-1, &crls.base)]
    {
        let found = get(base, index).await.expect("there");
        assert_eq!(found, bytes(Some(&der(crl))), "{index}");
    }
    let versions = get(version, 0).await.expect("there");
    assert_eq!(versions, PropertyValue::Numbers(vec![0, 1, 0x2_0002]));
}
