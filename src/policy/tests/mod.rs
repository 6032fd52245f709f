//! Tests of the rules, by topic. [`World`] is a request that is issued; each changes one thing.

mod agents;
mod approvals;
mod extension_rules;
mod lint_rules;
mod names;
mod on_behalf;
mod properties;
mod renewals;
mod requirements;
mod selection;
mod signers;
mod validity;

use std::time::Duration;

use super::*;
use crate::asn1::{extensions, oids};
use crate::model::testing::template;
use crate::model::{
    Ace, AceKind, Acl, Attribute, CertificatePolicy, ENROLL, EnrollmentFlags, Extension,
    GeneralFlags, GeneralName, HResult, IssuancePolicy, KeyUsage, NameAttribute, Oid,
    PrincipalKind, PrivateKeyFlags, PublicKeyInfo, PublicKeyKind, RequestFormat, SchemaVersion,
    Sid, TemplateHint, TemplateRow,
};

const DAY: Duration = Duration::from_secs(86_400);

fn sid(text: &str) -> Sid {
    text.parse().expect("valid")
}

fn oid(text: &str) -> Oid {
    text.parse().expect("valid")
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + DAY * 20_000
}

/// certificatePolicies of a request.
fn asked_policies(policies: &[Oid]) -> Extension {
    let policies: Vec<_> = policies.iter().cloned().map(CertificatePolicy::plain).collect();
    extensions::certificate_policies(&policies, false)
}

/// A request of alice, member of Domain Users and PKI Enrollees, for a template that is good.
/// Tests change one thing.
#[derive(Debug)]
struct World {
    request: EnrollmentRequest,
    caller: Caller,
    requester: Option<Principal>,
    requester_token: Option<Token>,
    signers: Vec<SignerFacts>,
    old_certificate: Option<OldCertificate>,
    template: Template,
    enabled: bool,
    settings: Settings,
    ca_begins: SystemTime,
    ca_ends: SystemTime,
    ca_path_length: Option<u32>,
    renew_on_behalf: bool,
    approval: Option<Approval>,
    policies: Vec<IssuancePolicy>,
}

impl World {
    fn new() -> Self {
        let alice = sid("S-1-5-21-1-2-3-1103");
        let groups = [sid("S-1-5-21-1-2-3-513"), sid("S-1-5-21-1-2-3-1107")];
        Self {
            request: request(),
            caller: Caller {
                account: r"LAB\alice".to_owned(),
                token: Token::new(alice.clone(), groups),
            },
            requester: Some(principal(alice)),
            requester_token: None,
            signers: Vec::new(),
            old_certificate: None,
            template: template(),
            enabled: true,
            settings: Settings::default(),
            ca_begins: now() - DAY * 10,
            ca_ends: now() + DAY * 3650,
            ca_path_length: None,
            renew_on_behalf: false,
            approval: None,
            policies: Vec::new(),
        }
    }

    /// As a template that takes the names from the request: a CN and a DNS name.
    fn supplied(policies: &[Oid]) -> Self {
        let mut world = Self::new();
        world.template.names = NameFlags::ENROLLEE_SUPPLIES_SUBJECT;
        world.template.application_policies = policies.to_vec();
        world.request.subject_attributes =
            vec![NameAttribute { oid: oids::COMMON_NAME, value: "www.lab.test".to_owned() }];
        world.request.subject = b"name".to_vec();
        world.request.subject_alt_names = vec![GeneralName::Dns("www.lab.test".to_owned())];
        world
    }

    fn enrollees(&mut self, who: &str) {
        let ace = Ace::extended_right(AceKind::Allow, ENROLL, sid(who));
        self.template.security.dacl = Some(Acl { aces: vec![ace] });
    }

    fn verdict(&self) -> Verdict {
        let row = TemplateRow { template: Arc::new(self.template.clone()), enabled: self.enabled };
        let other = Template {
            name: "Other".to_owned(),
            oid: Some(oid("1.2.3.9")),
            ..self.template.clone()
        };
        let other = TemplateRow { template: Arc::new(other), enabled: true };
        let templates = TemplateTable::new(vec![row, other]).expect("distinct");
        let templates = templates.with_policies(self.policies.clone()).expect("distinct");
        let facts = Facts {
            request: &self.request,
            caller: &self.caller,
            requester: self.requester.as_ref(),
            requester_token: self.requester_token.as_ref(),
            signers: &self.signers,
            old_certificate: self.old_certificate.as_ref(),
            templates: &templates,
            ca_validity: (self.ca_begins, self.ca_ends),
            ca_path_length: self.ca_path_length,
            renew_on_behalf: self.renew_on_behalf,
            approval: self.approval.as_ref(),
            now: now(),
        };
        decide(&facts, &self.settings)
    }

    fn decision(&self) -> Decision {
        self.verdict().decision
    }

    fn plan(&self) -> IssuancePlan {
        match self.decision() {
            Decision::Issue(plan) => *plan,
            other => panic!("not issued: {other:?}"),
        }
    }

    fn denied(&self) -> HResult {
        self.reason().hresult()
    }

    fn reason(&self) -> DenyReason {
        match self.decision() {
            Decision::Deny(reason) => reason,
            other => panic!("not denied: {other:?}"),
        }
    }

    fn pended(&self) -> PendReason {
        match self.decision() {
            Decision::Pend(reason) => reason,
            other => panic!("not pending: {other:?}"),
        }
    }
}

fn principal(sid: Sid) -> Principal {
    Principal {
        sid,
        guid: [7; 16],
        kind: PrincipalKind::User,
        domain: "LAB".to_owned(),
        dns_domain: "lab.test".to_owned(),
        sam_account_name: "alice".to_owned(),
        cn: "Alice Example".to_owned(),
        distinguished_name: "CN=Alice Example,CN=Users,DC=lab,DC=test".to_owned(),
        upn: Some("alice@lab.test".to_owned()),
        mail: Some("alice@mail.test".to_owned()),
        dns_host_name: None,
        service_principal_names: Vec::new(),
        enabled: true,
    }
}

fn request() -> EnrollmentRequest {
    EnrollmentRequest {
        format: RequestFormat::Pkcs10,
        raw: vec![1],
        subject: vec![0x30, 0],
        subject_attributes: Vec::new(),
        public_key: PublicKeyInfo {
            spki: vec![2],
            kind: PublicKeyKind::Rsa { bits: 2048 },
            key_id: [3; 20],
        },
        subject_alt_names: Vec::new(),
        extensions: Vec::new(),
        attributes: Vec::new(),
        template_hints: vec![TemplateHint::Name("User".to_owned())],
        client_info: None,
        sha1_proof: false,
        on_behalf_of: None,
        signers: Vec::new(),
        renewal: None,
        certificates: Vec::new(),
        archives_key: false,
    }
}

fn upn(name: &str) -> GeneralName {
    GeneralName::Upn(name.to_owned())
}

fn dns(name: &str) -> GeneralName {
    GeneralName::Dns(name.to_owned())
}

fn uri(text: &str) -> GeneralName {
    GeneralName::Uri(text.to_owned())
}

#[test]
fn a_good_request_is_issued_from_the_directory() {
    let world = World::new();
    let plan = world.plan();
    assert_eq!(
        plan.subject,
        SubjectName::DirectoryPath {
            distinguished_name: "CN=Alice Example,CN=Users,DC=lab,DC=test".to_owned(),
            email: None,
        }
    );
    assert_eq!(plan.subject_alt_names, [upn("alice@lab.test")]);
    assert_eq!(plan.sid, Some(sid("S-1-5-21-1-2-3-1103")));
    assert_eq!(plan.public_key, world.request.public_key);
    assert_eq!(plan.not_before, now() - Duration::from_secs(600));
    assert_eq!(plan.not_after, plan.not_before + DAY * 365);
    assert_eq!(plan.key_usage, Some((KeyUsage(0xA000), true)));
    assert_eq!(plan.application_policies, [oids::CLIENT_AUTH, oids::EMAIL_PROTECTION]);
    assert_eq!(
        plan.template,
        TemplateExtension::Information { oid: oid("1.2.3.4"), major: 100, minor: 5 }
    );
    assert!(plan.extensions.is_empty() && !plan.no_revocation_info);
    assert_eq!(world.verdict().template.expect("known").name, "User");
}
