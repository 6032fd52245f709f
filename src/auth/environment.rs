//! Clock and randomness of the operating system, and the time format of the protocols.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;

use super::{AuthError, Environment};

/// The system's clock, and the generator of aws-lc.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), AuthError> {
        rand::fill(buffer).map_err(|_| AuthError::Random)
    }
}

/// 1601-01-01 to 1970-01-01.
const FILETIME_TO_UNIX: Duration = Duration::from_secs(11_644_473_600);

/// `time` as a FILETIME: 100 ns since 1601.
pub fn filetime(time: SystemTime) -> Result<u64, AuthError> {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| since.checked_add(FILETIME_TO_UNIX))
        .and_then(|since| u64::try_from(since.as_nanos() / 100).ok())
        .ok_or(AuthError::Refused("the clock of this machine shows a time before 1970"))
}
