//! How long a certificate is valid ([MS-WCCE] 3.2.2.6.2.1.4.4.2, 3.2.1.4.2.1.4.6).

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
