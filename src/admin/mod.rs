//! The administration of the CA ([MS-CSRA]): what changes rows and CRLs, as
//! [`enroll`](crate::enroll) does for enrollment.

mod crl;
mod error;
mod revocation;

pub use crl::{CrlService, PublishError};
pub use error::AdminError;
pub use revocation::{HOLD, RevokeRequest, revoke};
