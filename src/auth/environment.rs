//! Clock and randomness of the operating system, and the time format of the protocols.

use std::time::SystemTime;

use aws_lc_rs::rand;

use super::{AuthError, Environment};
use crate::model::to_filetime;

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

/// `time` as a FILETIME: 100 ns since 1601.
pub fn filetime(time: SystemTime) -> Result<u64, AuthError> {
    to_filetime(time)
        .ok_or(AuthError::Refused("the clock of this machine shows a time before 1970"))
}
