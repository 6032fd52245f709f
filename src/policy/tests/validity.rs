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
