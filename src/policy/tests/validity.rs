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
fn a_ca_issues_from_its_first_second_on() {
    let mut world = World::new();
    world.ca_begins = now();
    assert_eq!(world.plan().not_before, now());
    world.ca_begins = now() + Duration::from_secs(1);
    assert_eq!(world.denied(), HResult::CERT_E_EXPIRED);
}

/// [MS-WCCE] 3.2.2.6.2.1.4.3: an overlap as long as the validity is no longer than it.
#[test]
fn an_overlap_may_be_all_of_the_validity() {
    let mut world = World::new();
    world.template.renewal_overlap = world.template.validity;
    world.plan();
    world.template.renewal_overlap += Duration::from_secs(1);
    assert_eq!(world.denied(), HResult::CERTSRV_E_CERT_TYPE_OVERLAP);
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

/// [MS-WCCE] 3.2.1.4.2.1.2: attributes that shorten the validity, by the setting.
#[test]
fn requests_may_ask_for_less_time_by_the_setting() {
    let with = |pairs: &[(&str, &str)]| {
        let mut world = World::new();
        world.template.renewal_overlap = Duration::ZERO;
        let attribute = |(name, value): &(&str, &str)| Attribute {
            name: name.to_string(),
            value: value.to_string(),
        };
        world.request.attributes = pairs.iter().map(attribute).collect();
        world
    };
    let begin = now() - Duration::from_secs(600);
    for (unit, number, seconds) in [
        ("seconds", "700", 700),
        ("Minutes", "90", 90 * 60),
        ("Hours", "2", 7200),
        ("Days", "3", 3 * 86_400),
        ("Weeks", "3", 21 * 86_400),
        ("Months", "2", 60 * 86_400),
        ("Years", "1", 365 * 86_400),
        ("Years", "9", 365 * 86_400),
    ] {
        let mut world = with(&[("validityperiod", unit), ("ValidityPeriodUnits", number)]);
        assert_eq!(world.plan().not_after, begin + DAY * 365, "the setting is off");
        world.settings.request_validity = true;
        assert_eq!(world.plan().not_after, begin + Duration::from_secs(seconds), "{unit}");
    }
    // 20,000 days after the epoch is 2024-10-04.
    let date = ("ExpirationDate", "Sat, 05 Oct 2024 01:06:53 GMT");
    let mut world = with(&[date, ("ValidityPeriod", "Hours"), ("ValidityPeriodUnits", "2")]);
    world.settings.request_validity = true;
    assert_eq!(world.plan().not_after, now() + DAY + Duration::from_secs(3600 + 6 * 60 + 53));
    for (pairs, code) in [
        (&[("ExpirationDate", "Fri, 04 Oct 2024 00:00:00 GMT")][..], "CERT_TYPE_OVERLAP"),
        (&[("ExpirationDate", "tomorrow")], "INVALID_DATA"),
        (&[("ValidityPeriod", "Days")], "INVALID_DATA"),
        (&[("ValidityPeriod", "Fortnights"), ("ValidityPeriodUnits", "1")], "INVALID_DATA"),
        (&[("ValidityPeriod", "Days"), ("ValidityPeriodUnits", "-1")], "INVALID_DATA"),
    ] {
        let mut world = with(pairs);
        world.settings.request_validity = true;
        assert!(world.denied().name().expect("known").ends_with(code), "{pairs:?}");
    }
    let mut plain = with(&[]);
    plain.settings.request_validity = true;
    assert_eq!(plain.plan().not_after, begin + DAY * 365);
}
