//! Requests that agents and old certificates sign, with the real Request table: who counts, and
//! what a row keeps of it.

use super::*;
use crate::asn1::Hash;
use crate::client::{Identity, Signers};
use crate::model::{AceKind, CertificateColumns, ChainProblem, DenyReason};
use crate::policy::{AgentEntry, EnrollmentAgents};
use crate::store::Store;

const DIRECTORY: &str = r#"
    [domain]
    netbios = "LAB"
    dns = "lab.test"
    sid = "S-1-5-21-1-2-3"

    [[users]]
    name = "alice"
    rid = 1103
    upn = "alice@lab.test"

    [[users]]
    name = "bob"
    rid = 1104
    upn = "bob@lab.test"

    [[templates]]
    cn = "Agent"
    msPKI-Template-Schema-Version = 2
    msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.4"
    revision = 100
    msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_UPN"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 256
    pKIKeyUsage = ["digitalSignature"]
    msPKI-Certificate-Application-Policy = ["1.3.6.1.4.1.311.20.2.1"]
    enroll = ["alice"]

    [[templates]]
    cn = "Target"
    msPKI-Template-Schema-Version = 2
    msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.5"
    revision = 100
    msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_UPN"]
    msPKI-Enrollment-Flag = ["PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT"]
    msPKI-RA-Signature = 1
    msPKI-RA-Application-Policies = ["1.3.6.1.4.1.311.20.2.1"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 256
    pKIKeyUsage = ["digitalSignature"]
    msPKI-Certificate-Application-Policy = ["clientAuth"]
    enroll = ["Domain Users"]
"#;

/// A bench whose alice may enroll for everybody by the template Target.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let directory = EmbeddedDirectory::parse(DIRECTORY, Path::new("d.toml")).expect("valid");
    bench.directory = Arc::new(directory);
    let alice = bench.caller(ALICE).token.user().clone();
    bench.policy.on_behalf.agents = EnrollmentAgents::new(vec![AgentEntry {
        kind: AceKind::Allow,
        agents: vec![alice],
        templates: Some(vec!["Target".to_owned()]),
        subjects: None,
    }]);
    bench
}

fn key() -> RequestKey {
    RequestKey::generate(KeyKind::EcP256).expect("made")
}

fn signed(raw: Vec<u8>, template: &str) -> Submission {
    let attributes = format!("CertificateTemplate:{template}");
    Submission { request: raw, attributes, ..submission("") }
}

/// alice's certificate as an agent.
async fn agent(bench: &Bench) -> Identity {
    let key = key();
    let raw = CertificateRequest::default().to_pkcs10(&key).expect("made");
    let answer = bench.enrollment().submit(&bench.caller(ALICE), signed(raw, "Agent")).await;
    let answer = answer.expect("an answer");
    let der = answer.certificate.unwrap_or_else(|| panic!("{}", answer.message));
    Identity::new(key, vec![der]).expect("its own")
}

fn on_behalf_of(agent: &Identity, account: &str, key: &RequestKey) -> Submission {
    let cosigners = std::slice::from_ref(agent);
    let signers = Signers { cosigners, on_behalf_of: Some(account), ..Signers::default() };
    signed(CertificateRequest::default().to_cmc(key, signers).expect("made"), "Target")
}

/// alice asks for bob; returns bob's certificate with its key.
async fn for_bob(bench: &Bench, agent: &Identity) -> (Answer, Identity) {
    let key = key();
    let asked = on_behalf_of(agent, r"lab\BOB", &key);
    let answer = bench.enrollment().submit(&bench.caller(ALICE), asked).await.expect("an answer");
    let der = answer.certificate.clone().unwrap_or_else(|| panic!("{}", answer.message));
    (answer, Identity::new(key, vec![der]).expect("its own"))
}

async fn revoke(bench: &Bench, certificate: &[u8]) {
    let hash = Hash::Sha1.digest(certificate).as_ref().try_into().expect("20 bytes");
    let row = bench.store.by_certificate_hash(hash).await.expect("read");
    let mut row = row.expect("a row");
    row.columns.disposition = Disposition::Revoked;
    row.revoked_reason = Some(1);
    bench.store.update(row, Disposition::Issued).await.expect("written");
}

fn columns(row: &RequestRow) -> &CertificateColumns {
    row.columns.certificate.as_ref().expect("issued")
}

#[tokio::test]
async fn an_agent_s_request_is_issued_to_its_target_and_recorded_with_both() {
    let bench = bench();
    let agent = agent(&bench).await;
    let (answer, _) = for_bob(&bench, &agent).await;
    let row = bench.row(answer.id).await;
    assert_eq!(row.columns.requester_name, r"LAB\bob");
    assert_eq!(row.columns.caller_name, r"LAB\alice");
    assert_eq!(row.columns.requester_sid.as_deref(), Some("S-1-5-21-1-2-3-1104"));
    assert_eq!(row.columns.request_flags, 0x4 | 0x10, "ENROLLONBEHALFOF");
    assert_eq!(row.columns.signer_application_policies, ["1.3.6.1.4.1.311.20.2.1"]);
    let hash: [u8; 20] =
        Hash::Sha1.digest(agent.certificate()).as_ref().try_into().expect("20 bytes");
    assert_eq!(row.columns.signer_certificate_hashes, [hash]);
    assert_eq!(columns(&row).upn.as_deref(), Some("bob@lab.test"));
    assert!(columns(&row).distinguished_name.contains("CN=bob"));
    // Both may fetch it, by id.
    for rid in [ALICE, BOB] {
        let (enrollment, caller) = (bench.enrollment(), bench.caller(rid));
        let again = enrollment.retrieve(&caller, "wcce CA", 0, Lookup::Id(answer.id)).await;
        assert_eq!(again.expect("theirs").certificate, answer.certificate);
    }
}

/// Each agent of another kind is refused with the code of what is wrong with its chain (N3).
#[tokio::test]
async fn agents_that_expired_were_revoked_or_are_not_ours_do_not_count() {
    let mut bench = bench();
    let alice = bench.caller(ALICE);
    let agent = agent(&bench).await;
    let asked = || on_behalf_of(&agent, r"LAB\bob", &key());
    let later = || SystemTime::now() + Duration::from_secs(400 * 86_400);
    let answer = bench.enrollment().with_clock(later).submit(&alice, asked()).await;
    assert_eq!(answer.expect("an answer").disposition, HResult::CERT_E_EXPIRED.0);

    bench.trust = nobody_for_agents(&bench);
    let answer = bench.enrollment().submit(&alice, asked()).await.expect("an answer");
    assert_eq!(answer.disposition, HResult::CERT_E_UNTRUSTEDCA.0, "{}", answer.message);
    bench.trust = Trust::of(&bench.ca);

    revoke(&bench, agent.certificate()).await;
    let answer = bench.enrollment().submit(&alice, asked()).await.expect("an answer");
    assert_eq!(answer.disposition, HResult::CRYPT_E_REVOKED.0, "{}", answer.message);
    let row = bench.row(answer.id).await;
    assert_eq!(row.columns.requester_name, r"LAB\bob");
    assert_eq!(row.columns.signer_application_policies, [""; 0], "nothing of it holds");

    let stranger = crate::client::testing::identity(KeyKind::EcP256, "/CN=Agent");
    let asked = on_behalf_of(&stranger, r"LAB\bob", &key());
    let answer = bench.enrollment().submit(&alice, asked).await.expect("an answer");
    assert_eq!(answer.disposition, HResult::CERT_E_UNTRUSTEDROOT.0, "{}", answer.message);
}

/// Trust with another CA's certificate alone in NTAuthCertificates.
fn nobody_for_agents(bench: &Bench) -> Trust {
    let other = Bench::new();
    let file = other.folder.path().join("ca.crt");
    let config = TrustConfig { nt_auth: Some(vec![file]), ..TrustConfig::default() };
    Trust::load(&config, &bench.ca).expect("loads")
}

/// A certificate with this CA's signature that the table does not have: made with a stolen key,
/// or from a database that was lost.
#[tokio::test]
async fn an_agent_that_the_table_does_not_know_does_not_count() {
    let mut bench = bench();
    let agent = agent(&bench).await;
    let empty = bench.folder.path().join("empty");
    bench.store = Arc::new(SledStore::open(&empty, &StoreConfig::default()).expect("opened"));
    let asked = on_behalf_of(&agent, r"LAB\bob", &key());
    let answer = bench.enrollment().submit(&bench.caller(ALICE), asked).await.expect("an answer");
    let problem = ChainProblem::RevocationUnknown(String::new());
    assert_eq!(answer.disposition, problem.hresult().0, "{}", answer.message);
}

#[tokio::test]
async fn targets_that_are_nobody_are_refused_and_named_in_the_row() {
    let bench = bench();
    let agent = agent(&bench).await;
    // A bare name could be of any domain.
    for account in [r"LAB\nobody", "bob", r"OTHER\bob"] {
        let asked = on_behalf_of(&agent, account, &key());
        let answer = bench.enrollment().submit(&bench.caller(ALICE), asked).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.disposition, HResult::NO_SUCH_USER.0, "{}", answer.message);
        assert_eq!(bench.row(answer.id).await.columns.requester_name, account);
    }
}

#[tokio::test]
async fn a_renewal_carries_on_the_line_of_its_certificate() {
    let bench = bench();
    let agent = agent(&bench).await;
    let (first, mut old) = for_bob(&bench, &agent).await;
    let issued = bench.row(first.id).await.columns.resolved_when;
    for renewals in 1..=2 {
        let key = key();
        let signers = Signers { renews: Some(&old), ..Signers::default() };
        let raw = CertificateRequest::default().to_cms(&key, signers).expect("made");
        let answer = bench.enrollment().submit(&bench.caller(BOB), signed(raw, "Target")).await;
        let answer = answer.expect("an answer");
        let der = answer.certificate.unwrap_or_else(|| panic!("{}", answer.message));
        let row = bench.row(answer.id).await.columns;
        assert_eq!(row.request_flags, 0x4 | 0x2, "RENEWAL");
        assert_eq!(row.raw_old_certificate.as_deref(), Some(old.certificate()));
        assert_eq!(row.requester_name_from_old_certificate.as_deref(), Some(r"LAB\bob"));
        assert_eq!((row.renewals, row.first_issued), (renewals, issued));
        old = Identity::new(key, vec![der]).expect("its own");
    }
}

#[tokio::test]
async fn old_certificates_that_were_revoked_or_are_unknown_are_not_renewed() {
    let mut bench = bench();
    let bob = bench.caller(BOB);
    let agent = agent(&bench).await;
    let (_, old) = for_bob(&bench, &agent).await;
    let renewal = || {
        let signers = Signers { renews: Some(&old), ..Signers::default() };
        signed(CertificateRequest::default().to_cms(&key(), signers).expect("made"), "Target")
    };
    let stolen = bench.enrollment().submit(&bench.caller(ALICE), renewal()).await;
    // For alice's account it is no renewal that does without an agent's signature.
    let unsigned = HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED;
    assert_eq!(stolen.expect("an answer").disposition, unsigned.0);

    revoke(&bench, old.certificate()).await;
    let answer = bench.enrollment().submit(&bob, renewal()).await.expect("an answer");
    assert_eq!(answer.disposition, DenyReason::RenewalRevoked.hresult().0, "{}", answer.message);

    let empty = bench.folder.path().join("empty");
    bench.store = Arc::new(SledStore::open(&empty, &StoreConfig::default()).expect("opened"));
    let answer = bench.enrollment().submit(&bob, renewal()).await.expect("an answer");
    assert_eq!(answer.disposition, DenyReason::RenewalUnknown.hresult().0, "{}", answer.message);
    let row = bench.row(answer.id).await.columns;
    assert_eq!(row.raw_old_certificate.as_deref(), Some(old.certificate()));
    assert_eq!(row.requester_name_from_old_certificate, None);
}

/// CR_IN_ROBO ([MS-WCCE] 3.2.2.6.2.1.2.4): by leave of a setting, whoever holds the key of a
/// certificate renews it for its subject.
#[tokio::test]
async fn a_renewal_on_behalf_is_for_the_subject_of_the_old_certificate() {
    let mut bench = bench();
    let alice = bench.caller(ALICE);
    let agent = agent(&bench).await;
    let (_, old) = for_bob(&bench, &agent).await;
    let renewal = || {
        let signers = Signers { renews: Some(&old), ..Signers::default() };
        let raw = CertificateRequest::default().to_cms(&key(), signers).expect("made");
        Submission { flags: 0x0020_0000, ..signed(raw, "Target") }
    };
    let answer = bench.enrollment().submit(&alice, renewal()).await.expect("an answer");
    assert_eq!(answer.disposition, DenyReason::RenewalOnBehalfOf.hresult().0, "{}", answer.message);

    bench.policy.renewals.on_behalf = true;
    let answer = bench.enrollment().submit(&alice, renewal()).await.expect("an answer");
    let row = bench.row(answer.id).await;
    assert!(answer.certificate.is_some(), "{}", answer.message);
    assert_eq!(row.columns.requester_name, r"LAB\bob");
    assert_eq!(row.columns.caller_name, r"LAB\alice");
    assert_eq!(columns(&row).upn.as_deref(), Some("bob@lab.test"));

    // Without an old certificate nobody is meant.
    let raw = CertificateRequest::default().to_pkcs10(&key()).expect("made");
    let plain = Submission { flags: 0x0020_0000, ..signed(raw, "Agent") };
    let answer = bench.enrollment().submit(&alice, plain).await.expect("an answer");
    assert_eq!(answer.disposition, DenyReason::RenewalWithoutSubject.hresult().0);
}
