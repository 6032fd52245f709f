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

/// [MS-WCCE] 3.2.2.6.2.1.4.5.7: the lowest CA generation against Server_Current_Version.
#[test]
fn server_generation() {
    let mut world = World::new();
    world.template.private_key = PrivateKeyFlags::from_bits_retain(0x0506_0000);
    world.plan();
    world.template.private_key = PrivateKeyFlags::from_bits_retain(0x0007_0000);
    assert_eq!(world.denied(), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE);
    world.settings.server_generation = 7;
    world.plan();
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
