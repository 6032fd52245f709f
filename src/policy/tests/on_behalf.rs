use super::signers::signer;
use super::*;

fn bob() -> Sid {
    sid("S-1-5-21-1-2-3-1104")
}

/// Alice, an agent, enrolls for bob, a member of the group 1300.
fn on_behalf() -> World {
    let mut world = World::new();
    world.template.ra_signatures = 1;
    world.template.ra_application_policies = vec![oids::ENROLLMENT_AGENT];
    world.signers = vec![signer(&[oids::ENROLLMENT_AGENT])];
    world.request.on_behalf_of = Some(r"LAB\bob".to_owned());
    world.requester = Some(Principal {
        sam_account_name: "bob".to_owned(),
        cn: "Bob".to_owned(),
        distinguished_name: "CN=Bob,CN=Users,DC=lab,DC=test".to_owned(),
        upn: Some("bob@lab.test".to_owned()),
        ..principal(bob())
    });
    world.requester_token = Some(Token::new(bob(), [sid("S-1-5-21-1-2-3-1300")]));
    world.settings.on_behalf.agents = EnrollmentAgents::new(vec![AgentEntry {
        kind: AceKind::Allow,
        agents: vec![sid("S-1-5-21-1-2-3-1107")],
        templates: Some(vec!["User".to_owned()]),
        subjects: Some(vec![sid("S-1-5-21-1-2-3-1300")]),
    }]);
    world
}

/// Step B of the example: everything of the certificate is the target's.
#[test]
fn a_certificate_on_behalf_is_the_targets() {
    let plan = on_behalf().plan();
    let SubjectName::DirectoryPath { distinguished_name, .. } = &plan.subject else {
        panic!("{plan:?}")
    };
    assert_eq!(distinguished_name, "CN=Bob,CN=Users,DC=lab,DC=test");
    assert_eq!(plan.subject_alt_names, [upn("bob@lab.test")]);
    assert_eq!(plan.sid, Some(bob()));
}

/// [MS-WCCE] 3.2.2.6.2.1.2.1: nothing but the signed name counts; N1 and N13 of the example.
#[test]
fn no_agent_no_certificate_for_another() {
    let mut world = on_behalf();
    world.signers.clear();
    assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED);
    world.template.ra_signatures = 0;
    world.template.ra_application_policies.clear();
    world.template.enrollment = EnrollmentFlags::ALLOW_ENROLL_ON_BEHALF_OF;
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
    world.signers = on_behalf().signers;
    world.plan();
    world.request.on_behalf_of = None;
    world.signers.clear();
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT, "whoever is the requester");
}

#[test]
fn requester_names_that_nobody_signed() {
    let attribute =
        |value: &str| Attribute { name: "RequesterName".to_owned(), value: value.to_owned() };
    let mut world = on_behalf();
    world.request.attributes = vec![attribute(r"lab\BOB")];
    world.plan();
    world.request.attributes.push(attribute(r"LAB\carol"));
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
}

/// Whoever names itself needs no agent.
#[test]
fn on_behalf_of_oneself_is_enrollment() {
    let mut world = World::new();
    world.request.on_behalf_of = Some(r"LAB\alice".to_owned());
    assert_eq!(world.plan(), World::new().plan());
}

/// [MS-WCCE] 3.2.2.6.2.1.2.1.1 and .2: the signers are agents, and say so.
#[test]
fn every_signer_is_an_enrollment_agent() {
    for policies in [&[][..], &[oids::CLIENT_AUTH], &[oids::ANY_EXTENDED_KEY_USAGE]] {
        let mut world = on_behalf();
        world.signers.push(signer(policies));
        assert!(matches!(world.reason(), DenyReason::NotAnAgent { .. }));
        assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_REJECTED);
    }
}

/// ESC3: which templates agents can use.
#[test]
fn templates_say_that_they_are_for_it() {
    let mut world = on_behalf();
    world.template.ra_application_policies = vec![];
    world.template.ra_policies = vec![oid("1.2.3.7")];
    assert!(matches!(world.reason(), DenyReason::OnBehalfOfTemplate { .. }));
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
    world.template.enrollment = EnrollmentFlags::ALLOW_ENROLL_ON_BEHALF_OF;
    world.plan();
    world.template.schema = SchemaVersion::V1;
    assert!(matches!(world.reason(), DenyReason::OnBehalfOfVersion1 { .. }));
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
    world.settings.on_behalf.version_1 = true;
    world.plan();
    world.template.enrollment = EnrollmentFlags::empty();
    world.plan();
    let mut unsigned = on_behalf();
    unsigned.template.ra_signatures = 0;
    unsigned.template.ra_application_policies.clear();
    assert!(matches!(unsigned.reason(), DenyReason::OnBehalfOfTemplate { .. }));
}

#[test]
fn the_agents_certificate_is_the_callers() {
    for other in [None, Some(bob())] {
        let mut world = on_behalf();
        world.signers[0].sid = other;
        assert_eq!(world.denied(), HResult::CERTSRV_E_RESTRICTEDOFFICER);
        assert!(matches!(world.reason(), DenyReason::AgentIsNotCaller { .. }));
        world.settings.on_behalf.others_certificates = true;
        world.plan();
    }
}

/// Two agents sign, one of them calls.
#[test]
fn of_several_agents_one_is_the_caller() {
    let mut world = on_behalf();
    let mut second = world.signers[0].clone();
    second.sid = Some(bob());
    world.signers.push(second);
    world.template.ra_signatures = 2;
    world.plan();
    world.signers[0].sid = Some(bob());
    assert!(matches!(world.reason(), DenyReason::AgentIsNotCaller { .. }));
}

/// Config_Permissions_Enrollment_Agent_Rights; N4 of the example.
#[test]
fn agents_are_restricted_and_nobody_is_one_by_default() {
    let mut world = on_behalf();
    world.requester_token = Some(Token::new(bob(), []));
    assert_eq!(world.denied(), HResult::CERTSRV_E_RESTRICTEDOFFICER);
    let reason = world.reason().to_string();
    assert!(reason.starts_with(r"LAB\alice may not enroll for LAB\bob by the template User"));
    world.settings.on_behalf.agents = EnrollmentAgents::default();
    assert_eq!(world.denied(), HResult::CERTSRV_E_RESTRICTEDOFFICER);
}

#[test]
fn targets_are_there_and_enabled() {
    let mut world = on_behalf();
    if let Some(bob) = &mut world.requester {
        bob.enabled = false;
    }
    assert_eq!(world.denied(), HResult::ACCOUNT_DISABLED);
    assert!(world.reason().to_string().contains(r"LAB\bob"));
    let mut world = on_behalf();
    world.requester = None;
    assert_eq!(world.denied(), HResult::NO_SUCH_USER);
    let mut world = on_behalf();
    for token in [None, Some(Token::new(sid("S-1-5-21-1-2-3-1999"), []))] {
        world.requester_token = token;
        assert_eq!(world.denied(), HResult::NO_SUCH_USER, "its groups are not known");
    }
}

#[test]
fn who_rules_others_enrolls_itself() {
    for group in [
        "S-1-5-32-544",
        "S-1-5-32-548",
        "S-1-5-32-552",
        "S-1-5-21-9-9-9-498",
        "S-1-5-21-1-2-3-500",
        "S-1-5-21-1-2-3-502",
        "S-1-5-21-1-2-3-512",
        "S-1-5-21-1-2-3-516",
        "S-1-5-21-1-2-3-519",
        "S-1-5-21-1-2-3-521",
        "S-1-5-21-1-2-3-526",
        "S-1-5-21-1-2-3-527",
        "S-1-5-21-1-2-3-4000",
    ] {
        let mut world = on_behalf();
        let groups = [sid("S-1-5-21-1-2-3-1300"), sid(group)];
        world.requester_token = Some(Token::new(bob(), groups));
        world.settings.on_behalf.protected = vec![sid("S-1-5-21-1-2-3-4000")];
        assert_eq!(world.denied(), HResult::CERTSRV_E_RESTRICTEDOFFICER, "{group}");
        assert!(matches!(world.reason(), DenyReason::PrivilegedTarget { .. }));
        world.settings.on_behalf.privileged_targets = true;
        world.plan();
    }
    for group in ["S-1-5-32-545", "S-1-5-21-1-2-3-513", "S-1-3-32-544", "S-1-5-21-512"] {
        let mut world = on_behalf();
        let groups = [sid("S-1-5-21-1-2-3-1300"), sid(group)];
        world.requester_token = Some(Token::new(bob(), groups));
        world.plan();
    }
}

/// The Enroll right is the caller's: that of the target is not asked for.
#[test]
fn the_agent_has_the_right_to_enroll() {
    let mut world = on_behalf();
    world.enrollees("S-1-5-21-1-2-3-1300");
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
}

/// Names that the request supplies are held against the target, not the agent.
#[test]
fn supplied_names_are_the_targets() {
    let mut world = on_behalf();
    let supplied = World::supplied(&[oids::EMAIL_PROTECTION]);
    world.template.names = NameFlags::ENROLLEE_SUPPLIES_SUBJECT;
    world.template.application_policies = vec![oids::EMAIL_PROTECTION];
    world.request.subject = supplied.request.subject;
    world.request.subject_attributes = supplied.request.subject_attributes;
    world.request.subject_alt_names = vec![upn("bob@lab.test")];
    world.request.extensions = vec![extensions::security_identifier(&bob())];
    assert_eq!(world.plan().sid, Some(bob()));
    world.request.subject_alt_names = vec![upn("alice@lab.test")];
    assert!(matches!(world.reason(), DenyReason::ForeignUpn { .. }));
    world.request.subject_alt_names.clear();
    world.request.extensions = vec![extensions::security_identifier(&sid("S-1-5-21-1-2-3-1103"))];
    assert!(matches!(world.reason(), DenyReason::ForeignSid { .. }));
}
