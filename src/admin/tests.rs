use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use super::testing::{Office, SECURITY};
use super::*;
use crate::asn1::oids;
use crate::ca::CrlConfig;
use crate::enroll::testing::{ALICE, BOB, CAROL, submission};
use crate::enroll::{IssuedNews, Lookup};
use crate::model::extension_flags::{DISABLED, ORIGIN_IMPORTED, ORIGIN_MANAGER, ORIGIN_MASK};
use crate::model::{AceKind, Disposition, HResult, RequestId, RequestRow};
use crate::policy::{AgentEntry, EnrollmentAgents};
use crate::store::Store;

const CA: &str = "wcce CA";

fn code<T>(done: Result<T, AdminError>) -> HResult {
    done.map_or_else(|error| error.hresult(), |_| HResult::S_OK)
}

/// S/MIME capabilities: AES-256-CBC.
const CAPABILITIES: &[u8] = b"\x30\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";

impl Office {
    async fn pend(&self, who: u32) -> RequestId {
        let caller = self.bench.caller(who);
        let template = "CertificateTemplate:Approved";
        let answer = self.enrollment.submit(&caller, submission(template)).await.expect("taken");
        assert_eq!(answer.disposition, 5, "{}", answer.message);
        answer.id
    }

    async fn issue(&self, who: u32) -> String {
        let caller = self.bench.caller(who);
        let user = submission("CertificateTemplate:User");
        let answer = self.enrollment.submit(&caller, user).await.expect("taken");
        let row = self.bench.row(answer.id).await;
        row.columns.certificate.expect("issued").serial_number.to_string()
    }

    async fn row(&self, id: RequestId) -> RequestRow {
        self.bench.row(id).await
    }

    async fn resubmit(&self, who: u32, id: RequestId) -> Result<u32, AdminError> {
        self.administration.resubmit(&self.bench.caller(who), id).await
    }

    async fn set_capabilities(&self, who: u32, id: RequestId, disabled: bool) -> HResult {
        let officer = self.bench.caller(who);
        let value = ExtensionValue::Binary(CAPABILITIES.to_vec());
        let oid = oids::SMIME_CAPABILITIES.to_string();
        let flags = (false, disabled);
        code(self.administration.set_extension(&officer, id, &oid, flags, &value).await)
    }
}

#[tokio::test]
async fn an_approved_request_is_issued_and_its_requester_retrieves_it() {
    let office = Office::new(SECURITY).await;
    let id = office.pend(ALICE).await;
    let before = office.row(id).await;
    assert_eq!(office.set_capabilities(BOB, id, false).await, HResult::S_OK);
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), 3);
    let row = office.row(id).await;
    assert_eq!(row.columns.disposition, Disposition::Issued);
    assert_eq!(row.columns.disposition_message, r"Issued  Resubmitted by LAB\bob");
    assert_eq!(row.columns.requester_name, r"LAB\alice");
    assert_eq!(row.columns.caller_name, r"LAB\alice");
    assert_eq!(row.columns.submitted_when, before.columns.submitted_when);
    assert!(row.columns.resolved_when > Some(before.columns.submitted_when));
    let name = oids::SMIME_CAPABILITIES.to_string();
    let set = row.columns.extensions.iter().find(|(oid, ..)| *oid == name).unwrap();
    assert_eq!((set.1 & ORIGIN_MASK, &*set.2), (ORIGIN_MANAGER, CAPABILITIES));
    let alice = office.bench.caller(ALICE);
    let answer = office.enrollment.retrieve(&alice, CA, 0, Lookup::Id(id)).await.unwrap();
    assert_eq!(answer.disposition, 3);
    let der = answer.certificate.unwrap();
    assert_eq!(Some(&der), row.columns.certificate.as_ref().map(|columns| &columns.raw));
    assert!(der.windows(CAPABILITIES.len()).any(|part| part == CAPABILITIES));
    // Once issued there is nothing more to decide.
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), HResult::CERTSRV_E_BAD_REQUESTSTATUS.0);
    assert_eq!(office.set_capabilities(BOB, id, false).await, HResult::CERTSRV_E_BAD_REQUESTSTATUS);
}

#[tokio::test]
async fn a_disabled_extension_is_not_in_the_certificate() {
    let office = Office::new(SECURITY).await;
    let id = office.pend(ALICE).await;
    for disabled in [false, true] {
        assert_eq!(office.set_capabilities(BOB, id, disabled).await, HResult::S_OK);
    }
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), 3);
    let row = office.row(id).await;
    let name = oids::SMIME_CAPABILITIES.to_string();
    let set = row.columns.extensions.iter().find(|(oid, ..)| *oid == name).unwrap();
    assert_eq!(set.1, ORIGIN_MANAGER | DISABLED);
    let der = row.columns.certificate.unwrap().raw;
    assert!(!der.windows(CAPABILITIES.len()).any(|part| part == CAPABILITIES));
}

#[tokio::test]
async fn nobody_decides_about_a_request_of_their_own() {
    let security = "D:(A;;0x203;;;AU)";
    let office = Office::new(security).await;
    let id = office.pend(ALICE).await;
    let own = HResult::CERTSRV_E_RESTRICTEDOFFICER;
    assert_eq!(code(office.resubmit(ALICE, id).await), own);
    assert_eq!(office.set_capabilities(ALICE, id, false).await, own);
    let alice = office.bench.caller(ALICE);
    assert_eq!(code(office.administration.set_attributes(&alice, id, "a:b").await), own);
    assert_eq!(office.row(id).await.columns.disposition, Disposition::Pending);
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), 3);
}

#[tokio::test]
async fn a_denied_request_is_an_administrators_to_issue() {
    let office = Office::new(
        "D:(A;;0x200;;;AU)(A;;0x2;;;S-1-5-21-1-2-3-1104)\
        (A;;0x3;;;S-1-5-21-1-2-3-1105)",
    )
    .await;
    let id = office.pend(ALICE).await;
    let bob = office.bench.caller(BOB);
    assert_eq!(code(office.administration.deny(&bob, id).await), HResult::S_OK);
    let row = office.row(id).await.columns;
    assert_eq!(row.disposition, Disposition::Denied);
    assert_eq!(row.status_code, HResult::CERTSRV_E_ADMIN_DENIED_REQUEST.0);
    assert_eq!(row.disposition_message, r"Denied by LAB\bob");
    assert!(row.resolved_when.is_some());
    let alice = office.bench.caller(ALICE);
    let answer = office.enrollment.retrieve(&alice, CA, 0, Lookup::Id(id)).await.unwrap();
    assert_eq!((answer.disposition, answer.certificate), (2, None));
    assert_eq!(
        code(office.administration.deny(&bob, id).await),
        HResult::CERTSRV_E_BAD_REQUESTSTATUS
    );
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), HResult::CERTSRV_E_BAD_REQUESTSTATUS.0);
    assert_eq!(office.resubmit(CAROL, id).await.unwrap(), 3);
}

#[tokio::test]
async fn an_approval_stands_for_the_managers_word_and_for_no_other_rule() {
    let office = Office::new(SECURITY).await;
    let id = office.pend(ALICE).await;
    // The template that the manager puts in its place is none that there is.
    let bob = office.bench.caller(BOB);
    let attributes = "CertificateTemplate:Nobody\nRequesterName:LAB\\carol\nbad line\ncdc:dc1";
    office.administration.set_attributes(&bob, id, attributes).await.unwrap();
    let columns = office.row(id).await.columns;
    assert_eq!(columns.request_attributes, "CertificateTemplate:Nobody\ncdc:dc1\n");
    assert!(!columns.attributes.iter().any(|(name, _)| name == "RequesterName"));
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), 2);
    let columns = office.row(id).await.columns;
    assert_eq!(columns.disposition, Disposition::Denied);
    assert_eq!(columns.status_code, HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE.0);
    assert_eq!(columns.requester_name, r"LAB\alice");
    assert!(columns.disposition_message.ends_with(r"Resubmitted by LAB\bob"));
}

#[tokio::test]
async fn managers_set_listed_extensions_alone() {
    let office = Office::new(SECURITY).await;
    let id = office.pend(ALICE).await;
    let bob = office.bench.caller(BOB);
    let set = async |oid: &str, value: &ExtensionValue| {
        let flags = (false, false);
        code(office.administration.set_extension(&bob, id, oid, flags, value).await)
    };
    let value = ExtensionValue::Binary(CAPABILITIES.to_vec());
    for oid in [
        oids::SUBJECT_ALT_NAME,
        oids::EXTENDED_KEY_USAGE,
        oids::BASIC_CONSTRAINTS,
        oids::NTDS_CA_SECURITY_EXT,
        oids::CERTIFICATE_POLICIES,
        oids::APPLICATION_CERT_POLICIES,
    ] {
        assert_eq!(set(&oid.to_string(), &value).await, HResult::E_ACCESSDENIED, "{oid}");
    }
    for wrong in ["", "x", "1", "1.2.840.113549.1.9.15.1.2.3.4.5.6.7"] {
        assert_eq!(set(wrong, &value).await, HResult::E_INVALIDARG, "{wrong}");
    }
    let oid = oids::SMIME_CAPABILITIES.to_string();
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for (value, der) in [
        (ExtensionValue::Long(0x80), "02020080"),
        (ExtensionValue::Date(moment), "170d3233313131343232313332305a"),
        (ExtensionValue::Text("ab".to_owned()), "16026162"),
        (ExtensionValue::Binary(vec![5, 0]), "0500"),
    ] {
        assert_eq!(set(&oid, &value).await, HResult::S_OK);
        let extensions = office.row(id).await.columns.extensions;
        let found: Vec<_> = extensions.iter().filter(|(name, ..)| *name == oid).collect();
        assert_eq!(found.len(), 1, "one takes the place of the other");
        assert_eq!(hex::encode(&found[0].2), der);
    }
}

#[tokio::test]
async fn rows_that_are_not_there_are_told_from_those_that_are() {
    let office = Office::new(SECURITY).await;
    let (bob, id) = (office.bench.caller(BOB), RequestId(77));
    let empty = HResult::CERTSRV_E_PROPERTY_EMPTY;
    assert_eq!(code(office.resubmit(BOB, id).await), empty);
    assert_eq!(code(office.administration.deny(&bob, id).await), empty);
    assert_eq!(office.set_capabilities(BOB, id, false).await, empty);
}

fn officer(kind: AceKind, officer: u32, subject: &str, template: Option<&str>) -> AgentEntry {
    AgentEntry {
        kind,
        agents: vec![format!("S-1-5-21-1-2-3-{officer}").parse().unwrap()],
        templates: template.map(|name| vec![name.to_owned()]),
        subjects: Some(vec![subject.parse().unwrap()]),
    }
}

#[tokio::test]
async fn officers_manage_whom_and_what_their_rights_say() {
    let office = Office::new(SECURITY).await;
    let (bob, carol) = (office.bench.caller(BOB), office.bench.caller(CAROL));
    let id = office.pend(ALICE).await;
    let serial = office.issue(ALICE).await;
    let restricted = HResult::CERTSRV_E_RESTRICTEDOFFICER;
    let attempts = async |entries: Vec<AgentEntry>| {
        let descriptor = officers::write(&EnrollmentAgents::new(entries));
        let rights = (RightsOf::Officers, Some(&*descriptor));
        office.administration.set_rights_of(&carol, rights.0, rights.1).await.unwrap();
        let hold = RevokeRequest { serial: &serial, reason: HOLD, effective: None };
        [
            office.set_capabilities(BOB, id, false).await,
            code(office.administration.set_attributes(&bob, id, "a:b").await),
            code(office.administration.revoke(&bob, hold).await),
        ]
    };
    use AceKind::{Allow, Deny};
    assert_eq!(attempts(vec![]).await, [restricted; 3], "nobody");
    let domain_users = "S-1-5-21-1-2-3-513";
    let all = vec![officer(Allow, BOB, domain_users, None)];
    assert_eq!(attempts(all.clone()).await, [HResult::S_OK; 3]);
    let others = vec![officer(Allow, BOB, "S-1-5-21-1-2-3-1105", None)];
    assert_eq!(attempts(others).await, [restricted; 3]);
    let one = vec![officer(Allow, BOB, "S-1-1-0", Some("Approved"))];
    assert_eq!(attempts(one).await, [HResult::S_OK, HResult::S_OK, restricted]);
    // The other template by its OID, as the console writes it.
    let one = vec![officer(Allow, BOB, "S-1-1-0", Some("1.3.6.1.4.1.311.21.8.1.2.3"))];
    assert_eq!(attempts(one).await, [restricted, restricted, HResult::S_OK]);
    let denied = [all, vec![officer(Deny, BOB, "S-1-5-21-1-2-3-1103", None)]].concat();
    assert_eq!(attempts(denied).await, [restricted; 3]);
    office.administration.set_rights_of(&carol, RightsOf::Officers, None).await.unwrap();
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), 3);
}

#[tokio::test]
async fn what_administrators_set_holds_at_once_and_after_the_next_start() {
    let office = Office::new(SECURITY).await;
    let (alice, bob, carol) =
        (office.bench.caller(ALICE), office.bench.caller(BOB), office.bench.caller(CAROL));
    let other = office.descriptor("O:BAG:BAD:(A;;0x3;;;S-1-5-21-1-2-3-1104)");
    let administration = &office.administration;
    administration.set_security(&carol, &other.to_bytes(false)).await.unwrap();
    administration.set_audit_filter(&carol, 0x14).await.unwrap();
    administration.set_role_separation(&carol, true).await.unwrap();
    assert_eq!(administration.rights(&bob).bits(), 3);
    assert_eq!(administration.rights(&carol).bits(), 0);
    // Enrollment looks the rights up anew too.
    let refused = office.enrollment.submit(&alice, submission("")).await.unwrap_err();
    assert_eq!(refused.hresult(), HResult::CERTSRV_E_ENROLL_DENIED);
    let mode = fs::metadata(office.file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let again = office.settings_again(SECURITY).live();
    assert_eq!(*again.security, other);
    assert_eq!((again.audit_filter.bits(), again.role_separation), (0x14, true));
    assert_eq!(administration.security(), other.to_bytes(false));
    fs::write(office.file(), "{\"securty\": 1}").unwrap();
    let configured = Configured {
        security: other,
        agents: EnrollmentAgents::default(),
        role_separation: false,
        domain: office.bench.directory.domain_sid().clone(),
        max_validity: Duration::from_secs(86_400),
        crl: CrlConfig::default(),
    };
    let error = AdminSettings::load(office.file(), configured).err().unwrap().to_string();
    assert!(error.contains("administration.json") && error.contains("remove it"), "{error}");
}

#[tokio::test]
async fn a_descriptor_that_locks_everybody_out_is_refused() {
    let office = Office::new(SECURITY).await;
    let carol = office.bench.caller(CAROL);
    for sddl in ["D:", "O:BA", "D:(A;;0x2;;;AU)", "D:(D;;0x1;;;AU)", "D:(A;IO;0x1;;;AU)"] {
        let bytes = office.descriptor(sddl).to_bytes(false);
        let refused = office.administration.set_security(&carol, &bytes).await;
        assert_eq!(code(refused), HResult::CERTSRV_E_NO_CAADMIN_DEFINED, "{sddl}");
    }
    for wrong in [&b""[..], b"x", &[0; 70_000]] {
        let refused = office.administration.set_security(&carol, wrong).await;
        assert_eq!(code(refused), HResult::E_INVALIDARG);
    }
    assert!(!office.file().exists());
    assert_eq!(office.administration.rights(&carol), Rights::ADMINISTRATOR | Rights::ENROLL);
}

#[tokio::test]
async fn roles_are_separated_where_the_setting_says_so() {
    let office = Office::new("D:(A;;0x3;;;AU)").await;
    let (bob, administration) = (office.bench.caller(BOB), &office.administration);
    assert_eq!(code(administration.check(&bob, Method::DenyRequest, CA)), HResult::S_OK);
    administration.set_role_separation(&bob, true).await.unwrap();
    let conflict = HResult::CERTSRV_E_ROLECONFLICT;
    for method in Method::ALL {
        let expected = match method.need() {
            Need::Nothing => HResult::S_OK,
            Need::Operator => HResult::E_ACCESSDENIED,
            _ => conflict,
        };
        assert_eq!(code(administration.check(&bob, *method, CA)), expected, "{method:?}");
    }
}

#[tokio::test]
async fn validity_is_told_by_the_row() {
    let office = Office::new(SECURITY).await;
    let bob = office.bench.caller(BOB);
    let serial = office.issue(ALICE).await;
    let told = async |serial: &str| {
        let Validity { reason, disposition } =
            office.administration.validity(serial).await.unwrap();
        (disposition, reason)
    };
    assert_eq!(told(&serial).await, (3, 0));
    assert_eq!(told("0badcafe").await, (4, 0));
    assert_eq!(told("not a serial").await, (4, 0));
    let revoke = async |reason: u32, effective: Option<SystemTime>| {
        let request = RevokeRequest { serial: &serial, reason, effective };
        office.administration.revoke(&bob, request).await.unwrap();
    };
    revoke(HOLD, Some(SystemTime::now() + Duration::from_secs(3600))).await;
    assert_eq!(told(&serial).await, (3, 0), "not in force yet");
    revoke(4, None).await;
    assert_eq!(told(&serial).await, (2, 4));
}

#[tokio::test]
async fn certificates_of_this_ca_that_the_table_lacks_are_imported() {
    let office = Office::new(SECURITY).await;
    let bob = office.bench.caller(BOB);
    let serial = office.issue(ALICE).await;
    let known = office.bench.store.by_serial(&serial.parse().unwrap()).await;
    let der = known.unwrap().unwrap().columns.certificate.unwrap().raw;
    let import =
        async |der: &[u8], existing| office.administration.import(&bob, der, existing).await;
    assert_eq!(code(import(&der, false).await), HResult::OBJECT_ALREADY_EXISTS);
    assert_eq!(code(import(b"x", false).await), HResult::INVALID_DATA);
    let own = office.bench.ca.certificate().der.clone();
    assert_eq!(code(import(&own, false).await), HResult::CERT_E_ISSUERCHAINING);
    let other = Office::new(SECURITY).await;
    let foreign = other.administration.import(&bob, &der, false).await;
    assert_eq!(code(foreign), HResult::CERT_E_ISSUERCHAINING, "another CA's");
    // A table that lost the row.
    let lost = office.bench.store.by_serial(&serial.parse().unwrap()).await.unwrap().unwrap();
    office.bench.store.forget(lost.id).await.unwrap();
    assert_eq!(code(import(&der, true).await), HResult::CRYPT_E_NO_MATCH, "nobody waits for it");
    let id = import(&der, false).await.unwrap();
    assert!(id > lost.id, "ids are not given twice");
    let (row, lost) = (office.row(id).await.columns, lost.columns);
    assert_eq!((row.disposition, row.status_code), (Disposition::Issued, 0));
    assert_eq!((&*row.requester_name, &*row.caller_name), (r"LAB\bob", r"LAB\bob"));
    assert_eq!(row.certificate_template, lost.certificate_template);
    let (certificate, before) = (row.certificate.unwrap(), lost.certificate.unwrap());
    assert_eq!(row.request_distinguished_name, before.distinguished_name);
    assert_eq!((&certificate.raw, certificate.not_after), (&der, before.not_after));
    assert_eq!(certificate.upn.as_deref(), Some("alice@lab.test"));
    assert!(row.extensions.iter().all(|(_, flags, _)| flags & ORIGIN_MASK == ORIGIN_IMPORTED));
    assert_eq!(code(import(&der, false).await), HResult::OBJECT_ALREADY_EXISTS);
    let revoked = RevokeRequest { serial: &serial, reason: 1, effective: None };
    office.administration.revoke(&bob, revoked).await.unwrap();
}

#[tokio::test]
async fn an_imported_certificate_completes_the_pending_request_of_its_key() {
    let security = "D:(A;;0x203;;;AU)";
    let office = Office::new(security).await;
    let (alice, bob) = (office.bench.caller(ALICE), office.bench.caller(BOB));
    let other = office.pend(ALICE).await;
    // Issued, and put back as if somebody else had signed it while the table still waits.
    let id = office.pend(ALICE).await;
    let pending = office.row(id).await;
    assert_eq!(office.resubmit(BOB, id).await.unwrap(), 3);
    let der = office.row(id).await.columns.certificate.unwrap().raw;
    office.bench.store.update(pending, Disposition::Issued).await.unwrap();
    let import = async |who| office.administration.import(who, &der, true).await;
    assert_eq!(code(import(&alice).await), HResult::CERTSRV_E_RESTRICTEDOFFICER, "her own");
    assert_eq!(import(&bob).await.unwrap(), id);
    let row = office.row(id).await.columns;
    assert_eq!(row.disposition, Disposition::Issued);
    assert_eq!((&*row.requester_name, row.certificate.unwrap().raw), (r"LAB\alice", der.clone()));
    assert_eq!(office.row(other).await.columns.disposition, Disposition::Pending);
    assert_eq!(code(import(&bob).await), HResult::OBJECT_ALREADY_EXISTS);
    let answer = office.enrollment.retrieve(&alice, CA, 0, Lookup::Id(id)).await.unwrap();
    assert_eq!((answer.disposition, answer.certificate), (3, Some(der)));
}

#[tokio::test]
async fn crls_are_published_when_asked_for() {
    let office = Office::new(SECURITY).await;
    let (bob, carol) = (office.bench.caller(BOB), office.bench.caller(CAROL));
    let serial = office.issue(ALICE).await;
    let before = office.administration.crl().unwrap();
    let request = RevokeRequest { serial: &serial, reason: 1, effective: None };
    office.administration.revoke(&bob, request).await.unwrap();
    let publish = async |flags: u32, next: Option<SystemTime>| {
        let publication = Publication::from_flags(flags).unwrap();
        code(office.administration.publish_crls(&carol, publication, next).await)
    };
    assert_eq!(publish(0x11, None).await, HResult::S_OK);
    assert_eq!(office.administration.crl().unwrap(), before, "the same once more");
    assert_eq!(publish(3, None).await, HResult::S_OK);
    let crl = office.administration.crl().unwrap();
    let serial = hex::decode(&serial).unwrap();
    assert!(crl.windows(serial.len()).any(|part| part == serial));
    let past = SystemTime::now() - Duration::from_secs(60);
    assert_eq!(publish(1, Some(past)).await, HResult::E_INVALIDARG);
    let next = SystemTime::now() + Duration::from_secs(30 * 86_400);
    assert_eq!(publish(1, Some(next)).await, HResult::S_OK);
    let crl = office.administration.crl().unwrap();
    let read = crate::asn1::CertificateList::parse(&crl).unwrap();
    assert!(read.next_update + Duration::from_secs(1) > next && read.next_update <= next);
    for wrong in [0, 0x10, 4, 5, 0x21] {
        assert_eq!(Publication::from_flags(wrong), None, "{wrong:#x}");
    }
}

#[tokio::test]
async fn templates_that_administrators_enable_count_at_once_and_after_a_restart() {
    let office = Office::new(SECURITY).await;
    let carol = office.bench.caller(CAROL);
    let alice = office.bench.caller(ALICE);
    let set = async |text: &str| code(office.administration.set_templates(&carol, text).await);
    let submit = async || {
        let answer = office.enrollment.submit(&alice, submission("CertificateTemplate:User")).await;
        answer.unwrap().disposition
    };
    assert_eq!(submit().await, 3);
    assert_eq!(set("approved\n1.2\n").await, HResult::S_OK);
    assert_eq!(office.bench.directory.table().enabled(), ["Approved"]);
    assert_eq!(submit().await, HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE.0);
    let live = office.settings_again(SECURITY).live();
    assert_eq!(live.templates, Some(vec!["Approved".to_owned()]));
    for wrong in ["", "User", "User\n"] {
        assert_eq!(set(wrong).await, HResult::E_INVALIDARG, "{wrong:?}");
    }
    assert_eq!(set("User\n\nNobody\n\n").await, HResult::CERTSRV_E_UNKNOWN_CERT_TYPE);
    assert_eq!(office.bench.directory.table().enabled(), ["Approved"], "nothing by halves");
    assert_eq!(set("User\n\nuser\n\nApproved\n\n").await, HResult::S_OK);
    assert_eq!(submit().await, 3);
    assert_eq!(set("\n\n").await, HResult::S_OK);
    assert!(office.bench.directory.table().enabled().is_empty(), "none at all");
}

#[tokio::test]
async fn an_approval_is_remembered_before_its_row_is_written() {
    let office = Office::new(SECURITY).await;
    let file = office.bench.folder.path().join("approved.json");
    let rules = office.settings_again(SECURITY).rules();
    let enrollment = office.bench.enrollment_by(rules, office.bench.crls.clone());
    let enrollment = enrollment.with_news(IssuedNews::kept_in(&file).unwrap());
    let (first, second) = (office.pend(ALICE).await, office.pend(ALICE).await);
    let bob = office.bench.caller(BOB);
    let row = office.row(first).await;
    // Somebody else was faster: the row is not written, but it could have been.
    office
        .bench
        .store
        .update(enrollment.denied(row.clone(), &bob), Disposition::Pending)
        .await
        .unwrap();
    enrollment.resubmit(row, &bob).await.unwrap_err();
    let announced = async || IssuedNews::kept_in(&file).unwrap().announced().await;
    assert_eq!(announced().await.into_iter().collect::<Vec<_>>(), [first.0]);
    let answer = enrollment.resubmit(office.row(second).await, &bob).await.unwrap();
    assert_eq!(answer.disposition, 3);
    assert_eq!(announced().await.into_iter().collect::<Vec<_>>(), [first.0, second.0]);
}
