use super::*;
use crate::model::{AUTO_ENROLL, BasicConstraints, EnrollmentRights};

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

/// [MS-CRTD] 2.5.2: clients act on AutoEnroll; the CA asks for Enroll alone.
#[test]
fn enrollment_rights_of_an_account() {
    let token = World::new().caller.token;
    let who = sid("S-1-5-21-1-2-3-513");
    let grants = |rights: &[_], flags| {
        let mut template = template();
        template.enrollment = flags;
        let aces = rights.iter().map(|r| Ace::extended_right(AceKind::Allow, *r, who.clone()));
        template.security.dacl = Some(Acl { aces: aces.collect() });
        template.rights(&token)
    };
    let auto = EnrollmentFlags::AUTO_ENROLLMENT;
    let rights = |enroll, autoenroll| EnrollmentRights { enroll, autoenroll };
    assert_eq!(grants(&[ENROLL, AUTO_ENROLL], auto), rights(true, true));
    assert_eq!(grants(&[ENROLL, AUTO_ENROLL], EnrollmentFlags::empty()), rights(true, false));
    assert_eq!(grants(&[ENROLL], auto), rights(true, false));
    assert_eq!(grants(&[AUTO_ENROLL], auto), rights(false, false));
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

/// A request for a CA certificate that is pended.
pub(super) fn ca() -> World {
    let mut world = World::supplied(&[]);
    world.template.flags |= GeneralFlags::IS_CA;
    world.template.key_usage = KeyUsage(0x8600);
    world.template.max_issuing_depth = None;
    world.settings.supplied_names = Handling::Issue;
    world.enrollees("S-1-5-21-1-2-3-1107");
    world
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

/// [MS-WCCE] 3.2.2.6.2.1.4.4.1 and .4.5, 3.2.2.6.2.1.4.6.
#[test]
fn ca_templates() {
    let mut by_name = ca();
    by_name.template.flags = GeneralFlags::empty();
    by_name.template.name = "subca".to_owned();
    by_name.request.template_hints = vec![TemplateHint::Name("SubCA".to_owned())];
    let mut cross = ca();
    cross.template.flags = GeneralFlags::IS_CROSS_CA;
    for mut world in [ca(), cross, by_name] {
        assert_eq!(world.pended(), PendReason::CaCertificate);
        world.settings.ca_certificates = Handling::Deny;
        assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
        world.settings.ca_certificates = Handling::Issue;
        let plan = world.plan();
        assert_eq!(plan.basic_constraints, Some(BasicConstraints { ca: true, path_length: None }));
        assert_eq!(plan.key_usage, Some((KeyUsage(0x8600), true)));
        assert!(plan.application_policies.is_empty());
        world.template.max_issuing_depth = Some(2);
        world.ca_path_length = Some(1);
        let limited = Some(BasicConstraints { ca: true, path_length: Some(2) });
        assert_eq!(world.plan().basic_constraints, limited);
        world.ca_path_length = Some(0);
        assert!(matches!(world.reason(), DenyReason::PathLength { .. }));
        world.ca_path_length = None;
        for usage in [KeyUsage::default(), KeyUsage::CRL_SIGN] {
            world.template.key_usage = usage;
            assert_eq!(world.denied(), HResult::NTE_BAD_KEY);
        }
    }
    let mut end_entity = World::new();
    end_entity.ca_path_length = Some(0);
    end_entity.settings.ca_certificates = Handling::Deny;
    end_entity.plan();
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
        world.settings.any_purpose = true;
        assert_eq!(world.plan().application_policies, world.template.application_policies);
        world.settings.any_purpose = false;
        world.enrollees("S-1-5-21-1-2-3-1107");
        world.plan();
    }
}

/// [MS-WCCE] 3.2.2.6.2.1.4.5.7.
#[test]
fn require_private_key_archival() {
    let archival = PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL;
    for (flags, archives, code) in [
        (archival, false, HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED),
        (archival, true, HResult::CERTSRV_E_KEY_ARCHIVAL_NOT_CONFIGURED),
        (PrivateKeyFlags::empty(), true, HResult::CERTSRV_E_ARCHIVED_KEY_UNEXPECTED),
        (
            archival | PrivateKeyFlags::REQUIRE_SAME_KEY_RENEWAL,
            false,
            HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED,
        ),
    ] {
        let mut world = World::new();
        world.template.private_key = flags;
        world.request.archives_key = archives;
        assert_eq!(world.denied(), code, "{flags:?} {archives}");
    }
}

#[test]
fn attest_required() {
    let mut world = World::new();
    world.template.private_key = PrivateKeyFlags::ATTEST_PREFERRED;
    world.plan();
    world.template.private_key = PrivateKeyFlags::ATTEST_REQUIRED;
    assert_eq!(world.denied(), HResult::CERTSRV_E_KEY_ATTESTATION);
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
