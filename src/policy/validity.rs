//! How long a certificate is valid ([MS-WCCE] 3.2.2.6.2.1.4.4.2, 3.2.1.4.2.1.4.6).

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::Case;
use crate::model::{DenyReason, IssuancePlan};

/// pKIExpirationPeriod from notBefore on, within the setting and the CA's own validity.
pub(super) fn period(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    let now = case.facts.now;
    let (ca_begins, ca_ends) = case.facts.ca_validity;
    if now < ca_begins || now >= ca_ends {
        return Err(DenyReason::CaNotValid);
    }
    let span = case.template.validity.min(case.settings.max_validity);
    let skewed = now.checked_sub(case.settings.clock_skew).unwrap_or(now);
    plan.not_before = skewed.max(ca_begins);
    plan.not_after = plan.not_before.checked_add(span).map_or(ca_ends, |end| end.min(ca_ends));
    if plan.not_after <= now {
        return Err(DenyReason::ValidityOverlap { template: case.template_name() });
    }
    Ok(())
}

/// pKIOverlapPeriod must not be longer than the certificate is valid, or clients would renew at
/// once and for ever.
pub(super) fn overlap(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    let valid = plan.not_after.duration_since(plan.not_before).unwrap_or_default();
    if case.template.renewal_overlap > valid {
        return Err(DenyReason::ValidityOverlap { template: case.template_name() });
    }
    Ok(())
}

/// Config_CA_Accept_Request_Attributes_ValidityTime ([MS-WCCE] 3.2.1.4.2.1.2): by the setting,
/// ExpirationDate, or ValidityPeriod from the begin on, ends the validity earlier, never later.
pub(super) fn requested(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    if !case.settings.request_validity {
        return Ok(());
    }
    let wrong = |name: &str, value: &str| DenyReason::ValidityAttribute {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let end = if let Some(date) = attribute(case, EXPIRATION_DATE) {
        Some(parse_date(date).ok_or_else(|| wrong(EXPIRATION_DATE, date))?)
    } else if let Some(unit) = attribute(case, PERIOD) {
        let number = attribute(case, UNITS).unwrap_or_default();
        let period = parse_period(number, unit);
        let end = period.and_then(|period| plan.not_before.checked_add(period));
        Some(end.ok_or_else(|| wrong(PERIOD, &format!("{number} {unit}")))?)
    } else {
        None
    };
    if let Some(end) = end {
        plan.not_after = plan.not_after.min(end);
    }
    match plan.not_after > case.facts.now {
        true => Ok(()),
        false => Err(DenyReason::ValidityOverlap { template: case.template_name() }),
    }
}

const EXPIRATION_DATE: &str = "ExpirationDate";
/// The unit, by the names of the specification...
const PERIOD: &str = "ValidityPeriod";
/// ...and how many of it.
const UNITS: &str = "ValidityPeriodUnits";

fn attribute<'a>(case: &Case<'a>, name: &str) -> Option<&'a str> {
    let mut attributes = case.facts.request.attributes.iter();
    attributes.find(|attribute| attribute.name.eq_ignore_ascii_case(name)).map(|a| a.value.as_str())
}

/// A date of RFC 2616 3.3, of the kind that is not obsolete.
fn parse_date(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc2822).ok().map(SystemTime::from)
}

/// Months have 30 days here and years 365: never longer than by the calendar.
fn parse_period(number: &str, unit: &str) -> Option<Duration> {
    const SECONDS: [(&str, u64); 7] = [
        ("Seconds", 1),
        ("Minutes", 60),
        ("Hours", 3600),
        ("Days", 86_400),
        ("Weeks", 7 * 86_400),
        ("Months", 30 * 86_400),
        ("Years", 365 * 86_400),
    ];
    let (_, seconds) = SECONDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let number: u32 = number.parse().ok()?;
    Some(Duration::from_secs(u64::from(number).checked_mul(*seconds)?))
}
