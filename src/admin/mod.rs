//! The administration of the CA ([MS-CSRA]): what changes rows and CRLs, as [`enroll`](crate::enroll)
//! does for enrollment.

mod crl;

pub use crl::{CrlService, PublishError};
