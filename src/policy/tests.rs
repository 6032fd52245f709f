use std::time::Duration;

use super::*;
use crate::asn1::{extensions, oids};
use crate::model::{
    Ace, AceKind, Acl, Attribute, ENROLL, EnrollmentFlags, Extension, GeneralFlags, GeneralName,
    HResult, KeyUsage, NameAttribute, Oid, PrincipalKind, PrivateKeyFlags, PublicKeyInfo,
    PublicKeyKind, RequestFormat, SchemaVersion, SecurityDescriptor, Sid, TemplateHint,
    TemplateRow, Token,
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

/// A request of alice, member of Domain Users and PKI Enrollees, for a template that is good.
/// Tests change one thing.
struct World {
    request: EnrollmentRequest,
    caller: Caller,
    requester: Option<Principal>,
    template: Template,
    enabled: bool,
    settings: Settings,
    ca_ends: SystemTime,
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
            template: template(),
            enabled: true,
            settings: Settings::default(),
            ca_ends: now() + DAY * 3650,
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
        let facts = Facts {
            request: &self.request,
            caller: &self.caller,
            requester: self.requester.as_ref(),
            templates: &templates,
            ca_validity: (now() - DAY * 10, self.ca_ends),
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
        match self.decision() {
            Decision::Deny(reason) => reason.hresult(),
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
        sam_account_name: "alice".to_owned(),
        cn: "Alice Example".to_owned(),
        distinguished_name: "CN=Alice Example,CN=Users,DC=lab,DC=test".to_owned(),
        upn: Some("alice@lab.test".to_owned()),
        mail: Some("alice@mail.test".to_owned()),
        dns_host_name: None,
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
    }
}

fn template() -> Template {
    let enrollees = Ace::extended_right(AceKind::Allow, ENROLL, sid("S-1-5-21-1-2-3-513"));
    Template {
        name: "User".to_owned(),
        display_name: "User".to_owned(),
        oid: Some(oid("1.2.3.4")),
        schema: SchemaVersion::V2,
        major: 100,
        minor: 5,
        flags: GeneralFlags::ADD_TEMPLATE_NAME,
        enrollment: EnrollmentFlags::empty(),
        private_key: PrivateKeyFlags::empty(),
        names: NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH | NameFlags::SUBJECT_ALT_REQUIRE_UPN,
        validity: DAY * 365,
        renewal_overlap: DAY * 42,
        minimal_key_size: 2048,
        key_usage: KeyUsage(0xA000),
        key_spec: 1,
        max_issuing_depth: Some(0),
        critical_extensions: vec![oids::KEY_USAGE],
        application_policies: vec![oids::CLIENT_AUTH, oids::EMAIL_PROTECTION],
        certificate_policies: Vec::new(),
        ra_signatures: 0,
        ra_application_policies: Vec::new(),
        ra_policies: Vec::new(),
        supersedes: Vec::new(),
        default_csps: Vec::new(),
        security: SecurityDescriptor {
            owner: None,
            group: None,
            dacl: Some(Acl { aces: vec![enrollees] }),
        },
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

mod selection {
    use super::*;

    fn with(hints: Vec<TemplateHint>) -> World {
        let mut world = World::new();
        world.request.template_hints = hints;
        world
    }

    fn name(name: &str) -> TemplateHint {
        TemplateHint::Name(name.to_owned())
    }

    fn by_oid(text: &str, version: Option<(u32, u32)>) -> TemplateHint {
        let (major, minor) = (version.map(|v| v.0), version.map(|v| v.1));
        TemplateHint::Oid { oid: oid(text), major, minor }
    }

    #[test]
    fn every_way_to_name_the_template_finds_it() {
        for hints in [
            vec![name("user")],
            vec![name("1.2.3.4")],
            vec![by_oid("1.2.3.4", None)],
            vec![name("USER"), by_oid("1.2.3.4", Some((100, 5))), name("User")],
        ] {
            with(hints).plan();
        }
    }

    #[test]
    fn none_unknown_or_several_are_refused() {
        assert_eq!(with(vec![]).denied(), HResult::CERTSRV_E_NO_CERT_TYPE);
        assert!(with(vec![]).verdict().template.is_none());
        for hints in [vec![name("Nobody")], vec![by_oid("1.2.3", None)], vec![name("")]] {
            assert_eq!(with(hints).denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
        }
        let conflict = with(vec![name("User"), by_oid("1.2.3.9", None)]);
        assert_eq!(conflict.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
    }

    #[test]
    fn a_template_that_is_not_enabled_is_refused_and_named() {
        let world = World { enabled: false, ..World::new() };
        assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
        assert!(world.verdict().template.is_some());
    }

    #[test]
    fn newer_versions_are_refused_older_ones_are_not() {
        for version in [(100, 5), (100, 0), (99, 9)] {
            with(vec![by_oid("1.2.3.4", Some(version))]).plan();
        }
        for version in [(100, 6), (101, 0)] {
            let world = with(vec![by_oid("1.2.3.4", Some(version))]);
            assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_TEMPLATE_VERSION);
        }
        let mut old = with(vec![by_oid("1.2.3.4", Some((200, 0)))]);
        old.template.schema = SchemaVersion::V1;
        old.plan();
    }
}

mod requirements {
    use super::*;

    #[test]
    fn enroll_right() {
        let mut world = World::new();
        world.enrollees("S-1-5-21-1-2-3-1107");
        world.plan();
        world.enrollees("S-1-5-21-1-2-3-512");
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
        world.template.security.dacl = None;
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
    }

    #[test]
    fn accounts_that_are_disabled_or_not_there() {
        let mut world = World::new();
        if let Some(requester) = &mut world.requester {
            requester.enabled = false;
        }
        assert_eq!(world.denied(), HResult::ACCOUNT_DISABLED);
        world.requester = None;
        assert_eq!(world.denied(), HResult::NO_SUCH_USER);
    }

    #[test]
    fn requester_name_of_another() {
        let mut world = World::new();
        let name =
            |value: &str| Attribute { name: "requestername".to_owned(), value: value.to_owned() };
        world.request.attributes = vec![name(r"lab\ALICE")];
        world.plan();
        world.request.attributes.push(name(r"LAB\administrator"));
        assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
    }

    #[test]
    fn ca_templates() {
        for flag in [GeneralFlags::IS_CA, GeneralFlags::IS_CROSS_CA] {
            let mut world = World::new();
            world.template.flags |= flag;
            assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
        }
        let mut world = World::new();
        world.template.name = "subca".to_owned();
        world.request.template_hints = vec![TemplateHint::Name("SubCA".to_owned())];
        assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
    }

    #[test]
    fn any_purpose() {
        let mut world = World::new();
        world.template.application_policies.clear();
        assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
        for any in [oids::ANY_EXTENDED_KEY_USAGE, oids::ANY_APPLICATION_POLICY] {
            world.template.application_policies = vec![any];
            world.enrollees("S-1-5-21-1-2-3-513");
            assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
            world.enrollees("S-1-5-21-1-2-3-1107");
            world.plan();
        }
    }

    #[test]
    fn what_this_version_cannot_do_is_refused_with_the_specified_code() {
        type Change = fn(&mut Template);
        let cases: [(Change, HResult); 6] = [
            (|t| t.ra_signatures = 1, HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED),
            (
                |t| t.ra_policies = vec![oids::ANY_POLICY],
                HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED,
            ),
            (
                |t| t.ra_application_policies = vec![oids::ENROLLMENT_AGENT],
                HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED,
            ),
            (
                |t| t.private_key |= PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL,
                HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED,
            ),
            (
                |t| t.private_key |= PrivateKeyFlags::ATTEST_REQUIRED,
                HResult::CERTSRV_E_KEY_ATTESTATION,
            ),
            (
                |t| t.names |= NameFlags::SUBJECT_ALT_REQUIRE_DOMAIN_DNS,
                HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED,
            ),
        ];
        for (change, code) in cases {
            let mut world = World::new();
            change(&mut world.template);
            assert_eq!(world.denied(), code);
        }
    }

    #[test]
    fn minimal_key_size() {
        let mut world = World::new();
        world.template.minimal_key_size = 3072;
        assert_eq!(world.denied(), HResult::CERTSRV_E_KEY_LENGTH);
        world.request.public_key.kind = PublicKeyKind::Rsa { bits: 3072 };
        world.plan();
        world.request.public_key.kind = PublicKeyKind::EcP256;
        assert_eq!(world.denied(), HResult::CERTSRV_E_KEY_LENGTH);
        world.template.minimal_key_size = 256;
        world.plan();
    }
}

mod names {
    use super::*;

    fn computer() -> World {
        let mut world = World::new();
        world.template.flags |= GeneralFlags::MACHINE_TYPE;
        world.template.names =
            NameFlags::SUBJECT_REQUIRE_DNS_AS_CN | NameFlags::SUBJECT_ALT_REQUIRE_DNS;
        if let Some(requester) = &mut world.requester {
            requester.dns_host_name = Some("ws1.lab.test".to_owned());
        }
        world
    }

    #[test]
    fn machines_are_named_by_their_dns_host_name() {
        let mut world = computer();
        let plan = world.plan();
        let cn = |cn: &str| SubjectName::CommonName { cn: cn.to_owned(), email: None };
        assert_eq!(plan.subject, cn("ws1.lab.test"));
        assert_eq!(plan.subject_alt_names, [dns("ws1.lab.test")]);
        world.template.names = NameFlags::SUBJECT_REQUIRE_COMMON_NAME;
        assert_eq!(world.plan().subject, cn("ws1.lab.test"));
        world.template.flags = GeneralFlags::empty();
        assert_eq!(world.plan().subject, cn("Alice Example"));
    }

    #[test]
    fn what_the_directory_lacks_is_refused_with_its_own_code() {
        let cases = [
            (NameFlags::SUBJECT_ALT_REQUIRE_UPN, HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED),
            (NameFlags::SUBJECT_ALT_REQUIRE_SPN, HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED),
            (NameFlags::SUBJECT_ALT_REQUIRE_EMAIL, HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED),
            (NameFlags::SUBJECT_REQUIRE_EMAIL, HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED),
            (NameFlags::SUBJECT_ALT_REQUIRE_DNS, HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED),
            (NameFlags::SUBJECT_REQUIRE_DNS_AS_CN, HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED),
        ];
        for empty in [None, Some(String::new())] {
            for (flag, code) in cases {
                let mut world = World::new();
                world.template.names = flag;
                if let Some(requester) = &mut world.requester {
                    requester.upn = empty.clone();
                    requester.mail = empty.clone();
                    requester.dns_host_name = empty.clone();
                }
                assert_eq!(world.denied(), code, "{flag:?}");
            }
        }
        let mut machine = computer();
        machine.template.names =
            NameFlags::SUBJECT_REQUIRE_DIRECTORY_PATH | NameFlags::SUBJECT_REQUIRE_COMMON_NAME;
        machine.plan();
        if let Some(requester) = &mut machine.requester {
            requester.dns_host_name = None;
        }
        assert_eq!(machine.denied(), HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED);
    }

    #[test]
    fn all_alternative_names_of_the_directory() {
        let mut world = computer();
        world.template.flags = GeneralFlags::empty();
        world.template.names = NameFlags::SUBJECT_REQUIRE_COMMON_NAME
            | NameFlags::SUBJECT_REQUIRE_EMAIL
            | NameFlags::SUBJECT_ALT_REQUIRE_UPN
            | NameFlags::SUBJECT_ALT_REQUIRE_EMAIL
            | NameFlags::SUBJECT_ALT_REQUIRE_DIRECTORY_GUID
            | NameFlags::SUBJECT_ALT_REQUIRE_DNS;
        let plan = world.plan();
        let email = Some("alice@mail.test".to_owned());
        assert_eq!(plan.subject, SubjectName::CommonName { cn: "Alice Example".to_owned(), email });
        assert_eq!(
            plan.subject_alt_names,
            [
                upn("alice@lab.test"),
                GeneralName::Email("alice@mail.test".to_owned()),
                GeneralName::DirectoryGuid([7; 16]),
                dns("ws1.lab.test"),
            ]
        );
    }

    #[test]
    fn a_certificate_names_something() {
        let mut world = World::new();
        world.template.names = NameFlags::empty();
        assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
        world.template.names = NameFlags::SUBJECT_ALT_REQUIRE_UPN;
        assert_eq!(world.plan().subject, SubjectName::Empty);
    }

    /// ESC1, ESC6 and their kin: nothing that a request says about names counts here.
    #[test]
    fn names_in_the_request_do_not_count_where_the_directory_supplies_them() {
        let mut world = World::new();
        world.template.names |= NameFlags::ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME;
        world.request.subject = b"forged".to_vec();
        world.request.subject_alt_names = vec![upn("administrator@lab.test"), dns("dc1.lab.test")];
        let forged = extensions::security_identifier(&sid("S-1-5-21-1-2-3-500"));
        world.request.extensions = vec![forged];
        let attribute =
            |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
        world.request.attributes = vec![
            attribute("SAN", "upn=administrator@lab.test"),
            attribute("ValidityPeriod", "Years"),
            attribute("ApplicationPolicies", "1.3.6.1.4.1.311.20.2.1"),
        ];
        assert_eq!(world.plan(), World::new().plan());
    }

    #[test]
    fn supplied_names_are_taken_but_a_sid_never_is() {
        let mut world = World::supplied(&[oids::SERVER_AUTH]);
        world.enrollees("S-1-5-21-1-2-3-1107");
        let own = "S-1-5-21-1-2-3-1103";
        world.request.extensions = vec![extensions::security_identifier(&sid(own))];
        let tag = format!("TAG:microsoft.com,2022-09-14:sid:{own}");
        world.request.subject_alt_names.extend([uri(&tag), uri("https://www.lab.test/")]);
        let plan = world.plan();
        assert_eq!(plan.subject, SubjectName::FromRequest(b"name".to_vec()));
        assert_eq!(plan.subject_alt_names, [dns("www.lab.test"), uri("https://www.lab.test/")]);
        assert_eq!(plan.sid, None);
        world.request.subject_attributes.clear();
        assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
    }

    #[test]
    fn supplied_identities_of_others_are_denied_whatever_the_setting() {
        let forged = extensions::security_identifier(&sid("S-1-5-21-1-2-3-500"));
        let broken = Extension { value: vec![0x30, 5], ..forged.clone() };
        for supplied_names in [SuppliedNames::Pend, SuppliedNames::Deny, SuppliedNames::Issue] {
            for name in [
                upn("administrator@lab.test"),
                uri("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"),
                uri(" Tag:Microsoft.com,2022-09-14:SID:S-1-5-21-1-2-3-500"),
                uri("tag:microsoft.com"),
                GeneralName::DirectoryGuid([9; 16]),
            ] {
                let mut world = World::supplied(&[oids::SERVER_AUTH]);
                world.settings.supplied_names = supplied_names;
                world.request.subject_alt_names.push(name.clone());
                assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT, "{name:?}");
            }
            for (extension, code) in [
                (&forged, HResult::CERTSRV_E_BAD_REQUESTSUBJECT),
                (&broken, HResult::CRYPT_E_ASN1_ERROR),
            ] {
                let mut world = World::supplied(&[oids::SERVER_AUTH]);
                world.settings.supplied_names = supplied_names;
                world.request.extensions = vec![extension.clone()];
                assert_eq!(world.denied(), code);
            }
        }
        let mut own = World::supplied(&[oids::SERVER_AUTH]);
        own.enrollees("S-1-5-21-1-2-3-1107");
        own.request.subject_alt_names = vec![upn("Alice@LAB.test")];
        own.plan();
    }

    /// ESC1: supplied names and a certificate that logs on.
    #[test]
    fn supplied_names_that_authenticate_follow_the_setting() {
        for policy in [
            oids::CLIENT_AUTH,
            oids::SMARTCARD_LOGON,
            oids::PKINIT_CLIENT_AUTH,
            oids::ANY_EXTENDED_KEY_USAGE,
        ] {
            let mut world = World::supplied(&[oids::EMAIL_PROTECTION, policy]);
            world.enrollees("S-1-5-21-1-2-3-1107");
            assert_eq!(world.pended(), PendReason::SuppliedNames);
            world.settings.supplied_names = SuppliedNames::Deny;
            assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_REQUESTSUBJECT);
            world.settings.supplied_names = SuppliedNames::Issue;
            world.plan();
        }
    }

    /// ESC17: supplied names in a server's certificate that everybody may have.
    #[test]
    fn names_of_other_hosts_are_approved_where_many_may_enroll() {
        let mut world = World::supplied(&[oids::SERVER_AUTH]);
        assert_eq!(world.pended(), PendReason::SuppliedNames);
        if let Some(requester) = &mut world.requester {
            requester.dns_host_name = Some("WWW.lab.test".to_owned());
        }
        world.plan();
        for other in
            [dns("dc1.lab.test"), GeneralName::Ip(vec![10, 0, 0, 1]), upn("alice@lab.test")]
        {
            let mut world = World { request: world.request.clone(), ..World::supplied(&[]) };
            world.template.application_policies = vec![oids::SERVER_AUTH];
            world.request.subject_alt_names.push(other);
            assert_eq!(world.pended(), PendReason::SuppliedNames);
            world.enrollees("S-1-5-21-1-2-3-1107");
            world.plan();
        }
    }

    #[test]
    fn the_sid_is_left_out_only_where_nobody_logs_on() {
        let mut world = World::new();
        world.template.enrollment = EnrollmentFlags::NO_SECURITY_EXTENSION;
        assert!(world.plan().sid.is_some(), "ESC9: client authentication keeps it");
        world.template.application_policies = vec![oids::EMAIL_PROTECTION];
        assert_eq!(world.plan().sid, None);
    }
}

mod approvals {
    use super::*;

    #[test]
    fn pend_all_requests() {
        let mut world = World::new();
        world.template.enrollment = EnrollmentFlags::PEND_ALL_REQUESTS;
        assert_eq!(world.pended(), PendReason::PendAllRequests);
        world.enrollees("S-1-5-21-1-2-3-512");
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED, "denial comes first");
    }

    #[test]
    fn enrollment_agents_are_looked_at_where_many_may_enroll() {
        for who in ["S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-2", "S-1-5-21-1-2-3-513"] {
            let mut world = World::new();
            world.template.application_policies = vec![oids::ENROLLMENT_AGENT];
            world.enrollees(who);
            assert_eq!(world.pended(), PendReason::EnrollmentAgent, "{who}");
            world.enrollees("S-1-5-21-1-2-3-1107");
            world.plan();
        }
    }
}

mod validity {
    use super::*;

    #[test]
    fn the_shortest_of_template_setting_and_ca_counts() {
        let mut world = World::new();
        world.settings.max_validity = DAY * 90;
        let begin = now() - Duration::from_secs(600);
        assert_eq!(world.plan().not_after, begin + DAY * 90);
        world.ca_ends = now() + DAY * 60;
        assert_eq!(world.plan().not_after, world.ca_ends);
        world.ca_ends = now() + DAY * 40;
        assert_eq!(world.denied(), HResult::CERTSRV_E_CERT_TYPE_OVERLAP);
        world.template.renewal_overlap = DAY;
        assert_eq!(world.plan().not_after, world.ca_ends);
        world.ca_ends = now();
        assert_eq!(world.denied(), HResult::CERT_E_EXPIRED);
    }

    #[test]
    fn a_period_below_the_clock_skew_gives_nothing() {
        let mut world = World::new();
        world.template.renewal_overlap = Duration::ZERO;
        world.template.validity = Duration::from_secs(600);
        assert_eq!(world.denied(), HResult::CERTSRV_E_CERT_TYPE_OVERLAP);
    }

    #[test]
    fn a_validity_without_end_ends_with_the_ca() {
        let mut world = World::new();
        world.template.validity = Duration::MAX;
        world.settings.max_validity = Duration::MAX;
        assert_eq!(world.plan().not_after, world.ca_ends);
    }
}

mod extension_rules {
    use super::*;

    #[test]
    fn key_usage_fits_the_kind_of_key() {
        let all = KeyUsage(0xFE80);
        for (kind, expected) in [
            (PublicKeyKind::Rsa { bits: 2048 }, 0xF000),
            (PublicKeyKind::EcP384, 0xC800),
            (PublicKeyKind::Ed25519, 0xC000),
        ] {
            let mut world = World::new();
            world.template.minimal_key_size = 0;
            world.template.key_usage = all;
            world.request.public_key.kind = kind;
            assert_eq!(world.plan().key_usage, Some((KeyUsage(expected), true)));
            world.template.critical_extensions.clear();
            assert_eq!(world.plan().key_usage, Some((KeyUsage(expected), false)));
        }
        let mut world = World::new();
        world.template.key_usage = KeyUsage(0x8600);
        assert_eq!(world.plan().key_usage, Some((KeyUsage::DIGITAL_SIGNATURE, true)));
        world.template.key_usage = KeyUsage::KEY_CERT_SIGN;
        assert_eq!(world.denied(), HResult::NTE_BAD_KEY);
        world.template.key_usage = KeyUsage::default();
        assert_eq!(world.plan().key_usage, None);
    }

    #[test]
    fn a_template_of_version_1_is_named_by_its_name() {
        let mut world = World::new();
        world.template.schema = SchemaVersion::V1;
        assert_eq!(world.plan().template, TemplateExtension::Name("User".to_owned()));
        world.template.schema = SchemaVersion::V4;
        world.template.oid = None;
        assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
    }

    /// ESC15 and certificates that are more than their template says.
    #[test]
    fn extensions_of_the_request_do_not_reach_the_certificate() {
        let mut world = World::supplied(&[oids::SERVER_AUTH]);
        world.enrollees("S-1-5-21-1-2-3-1107");
        world.template.schema = SchemaVersion::V1;
        let plain = world.plan();
        let ca = extensions::BasicConstraints { ca: true, path_length: None };
        world.request.extensions = vec![
            extensions::application_policies(&[oids::CLIENT_AUTH], false),
            extensions::extended_key_usage(&[oids::CLIENT_AUTH], false),
            extensions::basic_constraints(ca, true),
            extensions::key_usage(KeyUsage::KEY_CERT_SIGN, true),
            extensions::certificate_policies(&[oids::ANY_POLICY], false),
        ];
        assert_eq!(world.plan(), plain);
    }

    #[test]
    fn certificate_policies_and_those_from_requests() {
        let policies = [oid("1.2.3.1"), oid("1.2.3.2")];
        let mut world = World::new();
        world.template.certificate_policies = policies.to_vec();
        assert_eq!(world.plan().certificate_policies, policies);
        world.template.enrollment = EnrollmentFlags::ISSUANCE_POLICIES_FROM_REQUEST;
        assert_eq!(world.plan().certificate_policies, []);
        let ask = |policies: &[Oid]| vec![extensions::certificate_policies(policies, false)];
        world.request.extensions = ask(&policies[1..]);
        assert_eq!(world.plan().certificate_policies, &policies[1..]);
        world.request.extensions = ask(&[oid("1.2.3.2"), oid("1.2.3.3")]);
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
        world.template.certificate_policies.clear();
        world.request.extensions = ask(&policies);
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
        world.request.extensions[0].value = vec![1];
        assert_eq!(world.denied(), HResult::CRYPT_E_ASN1_ERROR);
    }

    #[test]
    fn flags_that_add_extensions() {
        let mut world = World::new();
        world.template.critical_extensions.push(oids::SUBJECT_ALT_NAME);
        world.template.enrollment = EnrollmentFlags::INCLUDE_BASIC_CONSTRAINTS_FOR_EE_CERTS
            | EnrollmentFlags::NOREVOCATIONINFOINISSUEDCERTS;
        let plan = world.plan();
        assert_eq!(plan.critical_extensions, [oids::KEY_USAGE, oids::SUBJECT_ALT_NAME]);
        assert!(plan.end_entity_basic_constraints && plan.no_revocation_info);

        world.template.enrollment = EnrollmentFlags::ADD_OCSP_NOCHECK;
        assert!(world.plan().extensions.is_empty(), "only for responders");
        world.template.application_policies = vec![oids::OCSP_SIGNING];
        let plan = world.plan();
        let nocheck =
            Extension { oid: oids::OCSP_NOCHECK, critical: false, value: vec![0x05, 0x00] };
        assert_eq!(plan.extensions, [nocheck]);
        assert!(plan.no_revocation_info);
    }

    #[test]
    fn smime_capabilities_come_from_the_request_if_they_are_whole() {
        let stated = |value: &[u8]| Extension {
            oid: oids::SMIME_CAPABILITIES,
            critical: true,
            value: value.to_vec(),
        };
        let mut world = World::new();
        let whole = [0x30, 0x04, 0x30, 0x02, 0x06, 0x00];
        world.request.extensions = vec![stated(&whole)];
        assert!(world.plan().extensions.is_empty());
        world.template.enrollment = EnrollmentFlags::INCLUDE_SYMMETRIC_ALGORITHMS;
        let kept = world.plan().extensions;
        assert_eq!(kept, [Extension { critical: false, ..stated(&whole) }]);
        world.request.extensions = vec![stated(&[0x30, 0x04, 0x30])];
        assert!(world.plan().extensions.is_empty());
    }
}

mod lint_rules {
    use super::*;

    type Change = fn(&mut Template);

    const SUPPLIED: NameFlags = NameFlags::ENROLLEE_SUPPLIES_SUBJECT;

    fn findings(change: Change) -> Vec<&'static str> {
        let mut template = template();
        change(&mut template);
        lint(&template).into_iter().map(|finding| finding.text).collect()
    }

    fn writable(template: &mut Template, who: &str) {
        let ace = Ace::plain(AceKind::Allow, crate::model::AccessMask(0x20), sid(who));
        template.security.dacl.get_or_insert_default().aces.push(ace);
    }

    #[test]
    fn a_good_template_has_none() {
        assert_eq!(findings(|_| {}), [""; 0]);
        assert_eq!(findings(|t| writable(t, "S-1-5-21-1-2-3-512")), [""; 0]);
        assert_eq!(findings(|t| t.minimal_key_size = 384), [""; 0]);
    }

    #[test]
    fn each_danger_is_named() {
        let cases: [(&str, Change); 13] = [
            ("(ESC1)", |t| t.names = SUPPLIED),
            ("(ESC2)", |t| t.application_policies.clear()),
            ("(ESC2)", |t| t.application_policies = vec![oids::ANY_EXTENDED_KEY_USAGE]),
            ("(ESC3)", |t| t.application_policies = vec![oids::ENROLLMENT_AGENT]),
            ("(ESC4)", |t| writable(t, "S-1-5-21-1-2-3-513")),
            ("(ESC4)", |t| t.security.owner = Some(sid("S-1-5-21-1-2-3-1103"))),
            ("(ESC17)", |t| {
                t.names = SUPPLIED;
                t.application_policies = vec![oids::SERVER_AUTH];
            }),
            ("only agents have", |t| t.ra_signatures = 1),
            ("(ESC15)", |t| {
                t.names = SUPPLIED;
                t.schema = SchemaVersion::V1;
                t.application_policies = vec![oids::EMAIL_PROTECTION];
            }),
            ("(ESC9)", |t| t.enrollment = EnrollmentFlags::NO_SECURITY_EXTENSION),
            ("shorter than", |t| t.minimal_key_size = 1024),
            ("two years", |t| t.validity = DAY * 365 * 3),
            ("smart cards", |t| {
                t.application_policies = vec![oids::SMARTCARD_LOGON];
                t.private_key = PrivateKeyFlags::EXPORTABLE_KEY;
            }),
        ];
        for (expected, change) in cases {
            let found = findings(change);
            assert_eq!(found.len(), 1, "{expected}: {found:?}");
            assert!(found[0].contains(expected), "{expected}: {found:?}");
        }
        let renewals = findings(|t| {
            t.names = SUPPLIED;
            t.application_policies = vec![oids::EMAIL_PROTECTION];
            t.enrollment = EnrollmentFlags::from_bits_retain(0x1_0040);
        });
        assert_eq!(renewals.len(), 2, "{renewals:?}");
    }

    #[test]
    fn approval_takes_the_edge_off() {
        let found = findings(|t| {
            t.names = SUPPLIED;
            t.enrollment = EnrollmentFlags::PEND_ALL_REQUESTS;
        });
        assert_eq!(found, [""; 0]);
    }
}
