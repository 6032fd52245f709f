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
        world.settings.approve_agents = false;
        world.plan();
        world.settings.approve_agents = true;
        world.enrollees("S-1-5-21-1-2-3-1107");
        world.plan();
    }
}

#[test]
fn ca_certificates_are_looked_at() {
    let mut world = super::requirements::ca();
    assert_eq!(world.pended(), PendReason::CaCertificate);
    world.settings.ca_certificates = Handling::Issue;
    world.plan();
}
