//! What every call has to pass before it is looked at ([MS-WCCE] 3.2.1.4.1).

use super::{EnrollError, Enrollment};
use crate::model::{AccessMask, Caller, DenyReason};

/// The caller has Enroll on the CA, and means this one. In this order, so that strangers don't
/// learn what the CA is called.
pub(super) fn check(
    enrollment: &Enrollment,
    caller: &Caller,
    authority: &str,
) -> Result<(), EnrollError> {
    if !enrollment.settings.security.grants(&caller.token, AccessMask::CA_ENROLL) {
        let reason = DenyReason::CaEnrollRight { account: caller.account.clone() };
        return Err(reason.into());
    }
    if !enrollment.ca.certificate().names.matches(authority) {
        return Err(EnrollError::WrongAuthority(authority.to_owned()));
    }
    Ok(())
}
