//! What holds for every template and every request: an issued plan never says more than its
//! template and the directory do.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn policies() -> impl Strategy<Value = Vec<Oid>> {
    let known = vec![
        oids::CLIENT_AUTH,
        oids::SERVER_AUTH,
        oids::EMAIL_PROTECTION,
        oids::SMARTCARD_LOGON,
        oids::ENROLLMENT_AGENT,
        oids::ANY_EXTENDED_KEY_USAGE,
        oids::OCSP_SIGNING,
    ];
    proptest::collection::vec(select(known), 0..3)
}

fn names() -> impl Strategy<Value = Vec<GeneralName>> {
    let own_sid = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1103";
    let known = vec![
        upn("alice@lab.test"),
        upn("administrator@lab.test"),
        dns("www.lab.test"),
        uri(own_sid),
        uri("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"),
        uri("https://www.lab.test/"),
        GeneralName::DirectoryGuid([7; 16]),
        GeneralName::DirectoryGuid([8; 16]),
        GeneralName::Email("x@lab.test".to_owned()),
    ];
    proptest::collection::vec(select(known), 0..4)
}

fn requested() -> impl Strategy<Value = Vec<Extension>> {
    let known = vec![
        extensions::security_identifier(&sid("S-1-5-21-1-2-3-500")),
        extensions::security_identifier(&sid("S-1-5-21-1-2-3-1103")),
        extensions::extended_key_usage(&[oids::ENROLLMENT_AGENT], false),
        extensions::application_policies(&[oids::CLIENT_AUTH], false),
        extensions::key_usage(KeyUsage::KEY_CERT_SIGN, true),
        asked_policies(&[oids::ANY_POLICY]),
    ];
    proptest::collection::vec(select(known), 0..3)
}

prop_compose! {
    fn world()(
        bits in any::<[u32; 4]>(),
        (usage, key_bits) in (any::<u16>(), 0..4096_u32),
        (v1, many, strip, ra) in (any::<bool>(), any::<bool>(), any::<bool>(), 0..2_u32),
        days in (1..4000_u64, 0..100_u64),
        policies in policies(),
        names in names(),
        requested in requested(),
        supplied_names in select(vec![
            Handling::Pend, Handling::Deny, Handling::Issue,
        ]),
    ) -> World {
        let mut world = World::supplied(&policies);
        let [name_flags, enrollment, private_key, general] = bits;
        let template = &mut world.template;
        // Few bits at a time, or nearly every template would be refused.
        template.names = NameFlags::from_bits_retain(name_flags & 0xFE01_0001);
        template.enrollment = EnrollmentFlags::from_bits_retain(enrollment & 0x000F_F9FD);
        template.private_key = PrivateKeyFlags::from_bits_retain(private_key & 0x70);
        template.flags = GeneralFlags::from_bits_retain(general & 0x260);
        template.key_usage = KeyUsage(usage);
        template.minimal_key_size = key_bits;
        template.ra_signatures = ra;
        if v1 {
            template.schema = SchemaVersion::V1;
        }
        (template.validity, template.renewal_overlap) = (DAY * days.0 as u32, DAY * days.1 as u32);
        world.enrollees(if many { "S-1-5-11" } else { "S-1-5-21-1-2-3-1107" });
        world.request.subject_alt_names = names;
        world.request.extensions = requested;
        world.settings.supplied_names = supplied_names;
        world.settings.strip_application_policies = strip;
        world
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn an_issued_plan_says_no_more_than_template_and_directory(world in world()) {
        let Decision::Issue(plan) = world.decision() else { return Ok(()) };
        let template = &world.template;
        prop_assert_eq!(template.ra_signatures, 0);
        prop_assert!(world.request.public_key.kind.bits() >= template.minimal_key_size);
        prop_assert_eq!(&plan.application_policies, &template.application_policies);
        prop_assert!(!plan.application_policies.is_empty());
        prop_assert!(plan.certificate_policies.is_empty(), "the template has none");
        let (usage, _) = plan.key_usage.unwrap_or_default();
        prop_assert!(template.key_usage.contains(usage));
        let of_cas = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
        prop_assert_eq!(usage.0 & of_cas.0, 0);
        prop_assert!(plan.not_after <= world.ca_ends);
        prop_assert!(plan.not_after <= plan.not_before + template.validity);
        prop_assert!(plan.not_after <= plan.not_before + world.settings.max_validity);
        let supplied = template.names.contains(NameFlags::ENROLLEE_SUPPLIES_SUBJECT);
        let own = world.requester.as_ref().expect("there");
        if let Some(sid) = &plan.sid {
            prop_assert_eq!(sid, &own.sid);
        }
        for name in &plan.subject_alt_names {
            match name {
                GeneralName::Upn(upn) => prop_assert_eq!(Some(upn), own.upn.as_ref()),
                GeneralName::DirectoryGuid(guid) => prop_assert_eq!(guid, &own.guid),
                GeneralName::Uri(uri) => prop_assert!(!uri.contains("microsoft")),
                _ => prop_assert!(supplied || !matches!(name, GeneralName::Dns(_))),
            }
        }
        if supplied && world.settings.supplied_names != Handling::Issue {
            prop_assert!(!template.application_policies.contains(&oids::CLIENT_AUTH));
            prop_assert!(!template.application_policies.contains(&oids::SMARTCARD_LOGON));
        }
        let extensions: Vec<_> = plan.extensions.iter().map(|e| e.oid.clone()).collect();
        prop_assert!(extensions.iter().all(|oid| *oid == oids::OCSP_NOCHECK));
    }
}

#[test]
fn the_worlds_are_not_all_refused() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let issued = (0..2000)
        .filter(|_| {
            let world = world().new_tree(&mut runner).expect("a world").current();
            matches!(world.decision(), Decision::Issue(_))
        })
        .count();
    assert!(issued > 50, "only {issued} of 2000");
}
