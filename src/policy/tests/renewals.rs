use super::signers::signer;
use super::*;
use crate::asn1::Name;
use crate::model::{Renewal, Standing, WaiverProblem};

const WAIVER: EnrollmentFlags = EnrollmentFlags::PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT;

/// A certificate of alice's from the template, that is in every way good for a renewal.
fn old() -> OldCertificate {
    OldCertificate {
        standing: Standing::Issued,
        not_before: now() - DAY * 300,
        not_after: now() + DAY * 65,
        template_name: None,
        template_oid: Some(oid("1.2.3.4")),
        subject: Name::parse("CN=Alice Example,DC=lab,DC=test").expect("valid").to_der(),
        subject_alt_names: vec![upn("alice@lab.test")],
        sid: Some(sid("S-1-5-21-1-2-3-1103")),
        spki: vec![8],
        requester_name: Some(r"LAB\alice".to_owned()),
        renewals: 0,
        first_issued: now() - DAY * 300,
    }
}

fn renewal() -> World {
    let mut world = World::new();
    world.request.renewal = Some(Renewal { old_certificate: vec![7], sha1: false });
    world.old_certificate = Some(old());
    world
}

fn with(change: impl FnOnce(&mut OldCertificate)) -> World {
    let mut world = renewal();
    change(world.old_certificate.as_mut().expect("there"));
    world
}

/// Step C of the example: a template that wants an agent's signature and approval, and says that
/// renewals do without.
fn waived() -> World {
    let mut world = renewal();
    world.template.ra_signatures = 1;
    world.template.ra_application_policies = vec![oids::ENROLLMENT_AGENT];
    world.template.ra_policies = vec![oid("1.2.3.7")];
    world.template.enrollment = WAIVER | EnrollmentFlags::PEND_ALL_REQUESTS;
    world
}

/// The same, where names come from the request.
fn waived_supplied() -> World {
    let mut world = World::supplied(&[oids::CLIENT_AUTH]);
    world.request.renewal = Some(Renewal { old_certificate: vec![7], sha1: false });
    world.request.subject = old().subject;
    world.old_certificate = Some(old());
    world.template.enrollment = WAIVER | EnrollmentFlags::PEND_ALL_REQUESTS;
    world.enrollees("S-1-5-21-1-2-3-1107");
    world
}

fn why_not(world: &World) -> WaiverProblem {
    match world.reason() {
        DenyReason::SignaturesRequired { waiver: Some(problem), .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_renewal_is_an_enrollment_too() {
    assert_eq!(renewal().plan(), World::new().plan());
    let mut pending = renewal();
    pending.template.enrollment = EnrollmentFlags::PEND_ALL_REQUESTS;
    assert_eq!(pending.pended(), PendReason::PendAllRequests);
}

/// [MS-WCCE] 3.2.2.6.2.1.2.3.
#[test]
fn the_template_is_the_old_certificates() {
    let mut unnamed = renewal();
    unnamed.request.template_hints.clear();
    assert_eq!(unnamed.verdict().template.expect("known").name, "User");
    unnamed.plan();
    let by_name = |name: &str| {
        with(|old| {
            old.template_oid = None;
            old.template_name = Some(name.to_owned());
        })
    };
    by_name("USER").plan();
    let mut unnamed = by_name("user");
    unnamed.request.template_hints.clear();
    unnamed.plan();
    for other in [
        by_name("Other"),
        with(|old| old.template_oid = Some(oid("1.2.3.9"))),
        with(|old| old.template_name = Some("Other".to_owned())),
        with(|old| old.template_oid = None),
    ] {
        assert_eq!(other.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
    }
    let mut nothing = with(|old| old.template_oid = None);
    nothing.request.template_hints.clear();
    assert_eq!(nothing.denied(), HResult::CERTSRV_E_NO_CERT_TYPE);
}

#[test]
fn the_request_table_knows_the_old_certificate() {
    let revoked = with(|old| old.standing = Standing::Revoked);
    assert_eq!(revoked.denied(), HResult::CRYPT_E_REVOKED);
    let unknown = with(|old| old.standing = Standing::Unknown);
    assert_eq!(unknown.denied(), HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE);
    let mut missing = renewal();
    missing.old_certificate = None;
    assert_eq!(missing.denied(), HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE);
}

#[test]
fn the_old_certificate_is_valid_at_receipt() {
    with(|old| old.not_after = now()).plan();
    with(|old| old.not_before = now()).plan();
    let second = Duration::from_secs(1);
    let expired = with(|old| old.not_after = now() - second);
    assert_eq!(expired.denied(), HResult::CERT_E_EXPIRED);
    let future = with(|old| old.not_before = now() + second);
    assert_eq!(future.denied(), HResult::CERT_E_EXPIRED);
}

#[test]
fn nobody_renews_what_another_holds() {
    let other = |old: &mut OldCertificate| old.sid = Some(sid("S-1-5-21-1-2-3-1104"));
    assert_eq!(with(other).denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
    assert!(matches!(with(other).reason(), DenyReason::RenewalOfAnother { .. }));
    with(|old| old.requester_name = Some(r"LAB\bob".to_owned())).plan();
    let by_row = |name: Option<&str>| {
        with(|old| {
            old.sid = None;
            old.requester_name = name.map(str::to_owned);
        })
    };
    by_row(Some(r"lab\ALICE")).plan();
    for name in [Some(r"LAB\bob"), None] {
        assert!(matches!(by_row(name).reason(), DenyReason::RenewalOfAnother { .. }));
    }
    let mut stranger = World::supplied(&[oids::EMAIL_PROTECTION]);
    stranger.requester = None;
    stranger.old_certificate = Some(old());
    stranger.plan();
    stranger.old_certificate.as_mut().map(other);
    assert!(matches!(stranger.reason(), DenyReason::RenewalOfAnother { .. }));
}

#[test]
fn renewals_by_sha_1_count_by_the_setting() {
    let mut world = renewal();
    world.request.renewal = Some(Renewal { old_certificate: vec![7], sha1: true });
    assert_eq!(world.denied(), HResult::NTE_BAD_ALGID);
    world.settings.sha1_signatures = true;
    world.plan();
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.7.
#[test]
fn require_same_key_renewal() {
    let mut world = renewal();
    world.template.private_key = PrivateKeyFlags::REQUIRE_SAME_KEY_RENEWAL;
    assert_eq!(world.denied(), HResult::CERTSRV_E_RENEWAL_BAD_PUBLIC_KEY);
    world.old_certificate.as_mut().expect("there").spki = vec![2];
    world.plan();
    world.template.private_key |= PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL;
    world.plan();
    world.request.archives_key = true;
    assert_eq!(world.denied(), HResult::CERTSRV_E_KEY_ARCHIVAL_NOT_CONFIGURED);
    world.template.private_key = PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL;
    world.request.archives_key = false;
    assert_eq!(world.denied(), HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED);
    let mut new = World::new();
    new.template.private_key = PrivateKeyFlags::REQUIRE_SAME_KEY_RENEWAL;
    new.plan();
}

/// [MS-WCCE] 3.2.2.6.2.1.4.8: neither signatures nor approval.
#[test]
fn previous_approval_waives_signatures_and_approval() {
    waived().plan();
    let mut signed = waived();
    signed.signers = vec![signer(&[])];
    signed.plan();
    let mut first = waived();
    first.old_certificate = None;
    first.request.renewal = None;
    assert_eq!(first.denied(), HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED);
    let reason =
        DenyReason::SignaturesRequired { template: "User".to_owned(), wanted: 1, waiver: None };
    assert_eq!(first.reason(), reason);
}

/// [MS-WCCE] 3.2.2.6.2.1.4.8: each of its conditions; N5, N6, N7 and N14 of the example.
#[test]
fn previous_approval_has_conditions() {
    type Change = fn(&mut World);
    fn old(world: &mut World) -> &mut OldCertificate {
        world.old_certificate.as_mut().expect("there")
    }
    let text = |text: &str| text.to_owned();
    let cases: [(Change, WaiverProblem); 13] = [
        (|w| w.template.enrollment = EnrollmentFlags::empty(), WaiverProblem::NotSet),
        (|w| old(w).not_after = now() - DAY, WaiverProblem::NotValid),
        (|w| old(w).template_oid = None, WaiverProblem::NoTemplateOid),
        (|w| old(w).template_oid = Some(oid("1.2.3.9")), WaiverProblem::OtherTemplate),
        (|w| old(w).subject_alt_names = vec![], WaiverProblem::NoName),
        (|w| old(w).subject_alt_names = vec![dns("alice.lab.test")], WaiverProblem::NoName),
        (
            |w| old(w).subject_alt_names = vec![upn("al@lab.test")],
            WaiverProblem::Upn(text("al@lab.test")),
        ),
        (
            |w| old(w).subject_alt_names.push(GeneralName::Email("al@lab.test".to_owned())),
            WaiverProblem::Email(text("al@lab.test")),
        ),
        (
            |w| w.requester.as_mut().expect("there").upn = Some("new@lab.test".to_owned()),
            WaiverProblem::Upn(text("alice@lab.test")),
        ),
        (|w| old(w).sid = Some(sid("S-1-5-21-1-2-3-1104")), WaiverProblem::Sid),
        (|w| w.requester = None, WaiverProblem::NoAccount),
        (|w| old(w).renewals = 10, WaiverProblem::TooManyRenewals(10)),
        (|w| old(w).first_issued = now() - DAY * 5 * 365, WaiverProblem::TooOld),
    ];
    for (change, problem) in cases {
        let mut world = waived();
        change(&mut world);
        assert_eq!(why_not(&world), problem);
        assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED);
        assert!(world.reason().to_string().ends_with(&problem.to_string()));
        world.signers = vec![signer(&[])];
        world.template.ra_signatures = 2;
        assert_eq!(world.denied(), HResult::CERTSRV_E_SIGNATURE_COUNT);
    }
    for change in [
        (|w| old(w).renewals = 9) as Change,
        |w| old(w).first_issued = now() - DAY * (5 * 365 - 1),
        |w| old(w).subject_alt_names = vec![upn("ALICE@lab.test")],
        |w| old(w).subject_alt_names = vec![GeneralName::Email("Alice@mail.test".to_owned())],
        |w| old(w).sid = None,
    ] {
        let mut world = waived();
        change(&mut world);
        world.plan();
    }
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.6: where names come from the request, they are those of before.
#[test]
fn previous_approval_of_supplied_names_copies_the_old_ones() {
    let mut world = waived_supplied();
    world.old_certificate.as_mut().expect("there").subject_alt_names =
        vec![dns("old.lab.test"), upn("someone@lab.test")];
    world.request.subject_alt_names = vec![dns("dc1.lab.test"), upn("administrator@lab.test")];
    let plan = world.plan();
    assert_eq!(plan.subject_alt_names, [dns("old.lab.test"), upn("someone@lab.test")]);
    assert_eq!(plan.subject, SubjectName::FromRequest(old().subject));
    world.settings.supplied_names = Handling::Deny;
    world.plan();

    let mut other = waived_supplied();
    other.request.subject = Name::parse("CN=Other").expect("valid").to_der();
    assert_eq!(other.pended(), PendReason::PendAllRequests);
    other.template.enrollment = WAIVER;
    assert_eq!(other.pended(), PendReason::SuppliedNames);
    other.request.subject = vec![0x30, 0];
    other.old_certificate.as_mut().expect("there").subject = vec![0x30, 0];
    assert_eq!(other.pended(), PendReason::SuppliedNames, "a subject is supplied");
    let mut unreadable = waived_supplied();
    unreadable.request.subject = vec![1];
    unreadable.old_certificate.as_mut().expect("there").subject = vec![1];
    assert_eq!(unreadable.pended(), PendReason::PendAllRequests);
    let mut first = waived_supplied();
    first.template.enrollment = EnrollmentFlags::empty();
    first.settings.supplied_names = Handling::Issue;
    first.request.subject_alt_names = vec![dns("dc1.lab.test")];
    assert_eq!(first.plan().subject_alt_names, [dns("dc1.lab.test")], "nothing was approved");
    other.template.ra_signatures = 1;
    assert_eq!(why_not(&other), WaiverProblem::Subject);
}

#[test]
fn agents_certificates_are_approved_again() {
    let mut world = waived();
    world.template.application_policies = vec![oids::ENROLLMENT_AGENT];
    assert_eq!(world.pended(), PendReason::EnrollmentAgent);
}

/// ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT.
#[test]
fn key_based_renewal_takes_no_right_to_enroll_by_the_setting() {
    let key_based = EnrollmentFlags::ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT;
    let mut world = waived_supplied();
    world.template.enrollment |= key_based;
    world.enrollees("S-1-5-21-1-2-3-512");
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
    world.settings.renewals.key_based = true;
    world.plan();
    let sid_of_another = Some(sid("S-1-5-21-1-2-3-1104"));
    world.old_certificate.as_mut().expect("there").sid = sid_of_another;
    world.plan();
    let without: [fn(&mut World); 3] = [
        |w| w.template.enrollment = WAIVER,
        |w| w.template.enrollment.remove(WAIVER),
        |w| w.template.names = NameFlags::SUBJECT_ALT_REQUIRE_UPN,
    ];
    for change in without {
        let mut world = waived_supplied();
        world.settings.renewals.key_based = true;
        world.template.enrollment |= key_based;
        world.enrollees("S-1-5-21-1-2-3-512");
        change(&mut world);
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
    }
}

/// [MS-WCCE] 3.2.2.6.2.1.2.4: off by default; the old certificate's subject counts as the caller.
#[test]
fn renewal_on_behalf_of_its_subject() {
    let bob = sid("S-1-5-21-1-2-3-1104");
    let mut world = with(|old| {
        old.sid = Some(sid("S-1-5-21-1-2-3-1104"));
        old.subject_alt_names = vec![upn("bob@lab.test")];
    });
    world.renew_on_behalf = true;
    let upn_of_bob = Some("bob@lab.test".to_owned());
    world.requester = Some(Principal { upn: upn_of_bob, ..principal(bob.clone()) });
    world.requester_token = Some(Token::new(bob.clone(), [sid("S-1-5-21-1-2-3-1300")]));
    assert_eq!(world.reason(), DenyReason::RenewalOnBehalfOf);
    assert_eq!(world.denied(), HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT);
    world.settings.renewals.on_behalf = true;
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED, "bob has no right");
    world.enrollees("S-1-5-21-1-2-3-1300");
    assert_eq!(world.plan().sid, Some(bob));
    let broken: [fn(&mut World); 4] = [
        |w| w.old_certificate.as_mut().expect("there").sid = None,
        |w| w.old_certificate.as_mut().expect("there").sid = Some(sid("S-1-5-21-1-2-3-9")),
        |w| w.requester_token = None,
        |w| w.requester = None,
    ];
    for change in broken {
        let mut world = World { settings: world.settings.clone(), ..with(|_| {}) };
        world.renew_on_behalf = true;
        world.requester_token = Some(world.caller.token.clone());
        world.plan();
        change(&mut world);
        assert_eq!(world.reason(), DenyReason::RenewalWithoutSubject);
    }
    let mut no_renewal = World { settings: world.settings, ..World::new() };
    no_renewal.renew_on_behalf = true;
    assert_eq!(no_renewal.reason(), DenyReason::RenewalWithoutSubject);
}
