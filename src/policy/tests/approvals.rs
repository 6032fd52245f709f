use super::*;
use crate::model::SetExtension;
use crate::policy::approval::is_broad;

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
        world.settings.approve_agents = false;
        world.plan();
        world.settings.approve_agents = true;
        world.enrollees("S-1-5-21-1-2-3-1107");
        world.plan();
    }
}

/// Only in a domain do the relative identifiers 513 to 515 mean everybody.
#[test]
fn groups_of_everybody_are_those_of_a_domain() {
    for (who, broad) in [
        ("S-1-5-21-1-2-3-515", true),
        ("S-1-5-21-1-2-3-516", false),
        ("S-1-5-32-513", false),
        ("S-1-16-21-513", false),
    ] {
        assert_eq!(is_broad(&sid(who)), broad, "{who}");
    }
}

#[test]
fn ca_certificates_are_looked_at() {
    let mut world = super::requirements::ca();
    assert_eq!(world.pended(), PendReason::CaCertificate);
    world.settings.ca_certificates = Handling::Issue;
    world.plan();
}

fn approved(oid: Oid, disabled: bool) -> Approval {
    let extension = Extension { oid, critical: false, value: vec![5, 0] };
    Approval { extensions: vec![SetExtension { extension, disabled }] }
}

#[test]
fn an_approval_stands_for_every_rule_that_waits_for_one_and_for_nothing_else() {
    let mut world = World::new();
    world.template.enrollment = EnrollmentFlags::PEND_ALL_REQUESTS;
    world.approval = Some(Approval::default());
    world.plan();
    let mut ca = super::requirements::ca();
    ca.approval = Some(Approval::default());
    ca.plan();
    world.enrollees("S-1-5-21-1-2-3-512");
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
}

#[test]
fn managers_set_extensions_of_the_list_alone() {
    let mut world = World::new();
    world.approval = Some(approved(oids::SMIME_CAPABILITIES, false));
    let set = |world: &World| {
        let plan = world.plan();
        plan.extensions.iter().any(|one| one.oid == oids::SMIME_CAPABILITIES)
    };
    assert!(set(&world));
    world.approval = Some(approved(oids::SMIME_CAPABILITIES, true));
    assert!(!set(&world));
    for oid in [oids::SUBJECT_ALT_NAME, oids::NTDS_CA_SECURITY_EXT, oids::EXTENDED_KEY_USAGE] {
        world.approval = Some(approved(oid, true));
        assert_eq!(world.denied(), HResult::E_ACCESSDENIED);
    }
}

#[test]
fn an_extension_of_a_manager_takes_the_place_of_the_requests_and_of_no_other() {
    let mut world = World::new();
    world.template.enrollment = EnrollmentFlags::INCLUDE_SYMMETRIC_ALGORITHMS;
    world.request.extensions = vec![Extension {
        oid: oids::SMIME_CAPABILITIES,
        critical: false,
        value: vec![0x30, 4, 0x30, 2, 6, 0],
    }];
    let set = |world: &World| -> Vec<(Oid, Vec<u8>)> {
        world.plan().extensions.into_iter().map(|one| (one.oid, one.value)).collect()
    };
    world.approval = Some(approved(oids::SMIME_CAPABILITIES, false));
    assert_eq!(set(&world), [(oids::SMIME_CAPABILITIES, vec![5, 0])]);
    let other = oid("1.2.3.4");
    world.settings.manager_extensions.push(other.clone());
    world.approval = Some(approved(other.clone(), false));
    let own = (oids::SMIME_CAPABILITIES, vec![0x30, 4, 0x30, 2, 6, 0]);
    assert_eq!(set(&world), [own, (other, vec![5, 0])]);
}
