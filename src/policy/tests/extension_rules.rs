use super::*;
use crate::model::{BasicConstraints, LinkedGroup};

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
    let ca = BasicConstraints { ca: true, path_length: None };
    world.request.extensions = vec![
        extensions::application_policies(&[oids::CLIENT_AUTH], false),
        extensions::extended_key_usage(&[oids::CLIENT_AUTH], false),
        extensions::basic_constraints(ca, true),
        extensions::key_usage(KeyUsage::KEY_CERT_SIGN, true),
        asked_policies(&[oids::ANY_POLICY]),
    ];
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
    world.settings.strip_application_policies = true;
    assert_eq!(world.plan(), plain);
    world.settings.strip_application_policies = false;
    world.request.extensions[0] = extensions::application_policies(&[oids::SERVER_AUTH], false);
    assert_eq!(world.plan(), plain);
    world.request.extensions[0].value = vec![5];
    assert_eq!(world.denied(), HResult::CRYPT_E_ASN1_ERROR);
}

#[test]
fn certificate_policies_and_those_from_requests() {
    let policies = [oid("1.2.3.1"), oid("1.2.3.2")];
    let mut world = World::new();
    world.template.certificate_policies = policies.to_vec();
    let plain = |policies: &[Oid]| -> Vec<_> {
        policies.iter().cloned().map(CertificatePolicy::plain).collect()
    };
    assert_eq!(world.plan().certificate_policies, plain(&policies));
    world.template.enrollment = EnrollmentFlags::ISSUANCE_POLICIES_FROM_REQUEST;
    assert_eq!(world.plan().certificate_policies, []);
    let ask = |policies: &[Oid]| vec![asked_policies(policies)];
    world.request.extensions = ask(&policies[1..]);
    assert_eq!(world.plan().certificate_policies, plain(&policies[1..]));
    world.request.extensions = ask(&[oid("1.2.3.2"), oid("1.2.3.3")]);
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
    world.template.certificate_policies.clear();
    world.request.extensions = ask(&policies);
    assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_CONFLICT);
    world.request.extensions[0].value = vec![1];
    assert_eq!(world.denied(), HResult::CRYPT_E_ASN1_ERROR);
}

fn known_policy(text: &str, group: Option<LinkedGroup>) -> IssuancePolicy {
    IssuancePolicy {
        oid: oid(text),
        display_name: "High Assurance".to_owned(),
        cps: vec!["http://pki.lab.test/cps".to_owned()],
        user_notice: Some("Handle with care".to_owned()),
        group,
    }
}

#[test]
fn policies_carry_what_the_directory_says_of_them() {
    let mut world = World::new();
    world.template.certificate_policies = vec![oid("1.2.3.1"), oid("1.2.3.2")];
    let mut policy = known_policy("1.2.3.2", None);
    world.policies = vec![policy.clone()];
    let expected = [
        CertificatePolicy::plain(oid("1.2.3.1")),
        CertificatePolicy {
            oid: oid("1.2.3.2"),
            cps: vec!["http://pki.lab.test/cps".to_owned()],
            user_notice: Some("Handle with care".to_owned()),
        },
    ];
    assert_eq!(world.plan().certificate_policies, expected);
    policy.cps.push("http://pki.lab.test/é".to_owned());
    world.policies = vec![policy];
    assert_eq!(world.denied(), HResult::INVALID_DATA);
}

/// ESC13.
#[test]
fn policies_with_a_group_are_for_its_members_or_acknowledged() {
    let with = |group: Option<&str>| {
        let mut world = World::new();
        world.template.certificate_policies = vec![oid("1.2.3.1")];
        let group = LinkedGroup { name: "CN=Tier 0".to_owned(), sid: group.map(sid) };
        world.policies = vec![known_policy("1.2.3.1", Some(group))];
        world
    };
    for group in [Some("S-1-5-21-1-2-3-1200"), None] {
        let mut world = with(group);
        assert_eq!(world.denied(), HResult::CERTSRV_E_TEMPLATE_DENIED);
        assert!(world.reason().to_string().contains("Tier 0"));
        world.settings.acknowledged_policies = vec![oid("1.2.3.2")];
        world.reason();
        world.settings.acknowledged_policies.push(oid("1.2.3.1"));
        world.plan();
    }
    with(Some("S-1-5-21-1-2-3-1107")).plan();
}

#[test]
fn flags_that_add_extensions() {
    let mut world = World::new();
    world.template.critical_extensions.push(oids::SUBJECT_ALT_NAME);
    world.template.enrollment = EnrollmentFlags::INCLUDE_BASIC_CONSTRAINTS_FOR_EE_CERTS
        | EnrollmentFlags::NOREVOCATIONINFOINISSUEDCERTS;
    let plan = world.plan();
    assert_eq!(plan.critical_extensions, [oids::KEY_USAGE, oids::SUBJECT_ALT_NAME]);
    assert_eq!(plan.basic_constraints, Some(BasicConstraints::default()));
    assert!(plan.no_revocation_info && !plan.no_authority_information);

    world.template.enrollment = EnrollmentFlags::ADD_OCSP_NOCHECK;
    assert!(world.plan().extensions.is_empty(), "only for responders");
    world.template.application_policies = vec![oids::OCSP_SIGNING];
    let plan = world.plan();
    let nocheck = Extension { oid: oids::OCSP_NOCHECK, critical: false, value: vec![0x05, 0x00] };
    assert_eq!(plan.extensions, [nocheck]);
    assert!(plan.no_authority_information);
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
