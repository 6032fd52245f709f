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
        (|t| t.ra_policies = vec![oids::ANY_POLICY], HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED),
        (
            |t| t.ra_application_policies = vec![oids::ENROLLMENT_AGENT],
            HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED,
        ),
        (
            |t| t.private_key |= PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL,
            HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED,
        ),
        (|t| t.private_key |= PrivateKeyFlags::ATTEST_REQUIRED, HResult::CERTSRV_E_KEY_ATTESTATION),
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
