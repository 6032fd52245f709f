//! What every call has to pass before it is looked at ([MS-WCCE] 3.2.1.4.1).

use std::sync::Arc;

use super::{EnrollError, Enrollment, row};
use crate::model::{AccessMask, Caller, DenyReason};

/// The caller has Enroll on the CA, and means this one. In this order, so that strangers don't
/// learn what the CA is called.
pub(super) fn check(
    enrollment: &Enrollment,
    caller: &Caller,
    authority: &str,
) -> Result<(), EnrollError> {
    may_enroll(enrollment, caller)?;
    is_meant(enrollment, authority)
}

/// The caller has Enroll on the CA ([MS-CSRA] 3.1.1.7).
pub(super) fn may_enroll(enrollment: &Enrollment, caller: &Caller) -> Result<(), EnrollError> {
    let security = Arc::clone(&enrollment.settings.rules.borrow().security);
    if security.grants(&caller.token, AccessMask::CA_ENROLL) {
        return Ok(());
    }
    Err(DenyReason::CaEnrollRight { account: caller.account.clone() }.into())
}

/// pwszAuthority is a name of this CA ([MS-WCCE] 3.2.1.4.2.1.1).
pub(super) fn is_meant(enrollment: &Enrollment, authority: &str) -> Result<(), EnrollError> {
    if enrollment.ca.certificate().names.matches(authority) {
        return Ok(());
    }
    Err(EnrollError::WrongAuthority(row::text_line(authority)))
}
