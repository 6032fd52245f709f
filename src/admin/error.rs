//! Why an administrator's call fails.

use super::crl::PublishError;
use crate::model::{Disposition, HResult};
use crate::store::StoreError;

/// Why an administrator's call fails; its HRESULT is the method's return value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// No certificate has this serial number.
    #[error(
        "no certificate of this CA has the serial number {0:?}; write it in lower-case hexadecimal"
    )]
    UnknownSerial(String),
    /// Not a reason of [MS-CSRA] 3.1.4.1.8.
    #[error("{0} is no reason for a revocation; use 0 to 6, or 0xFFFFFFFF to release from hold")]
    Reason(u32),
    /// It cannot be released.
    #[error("the certificate is not on hold, so it cannot be released")]
    NotOnHold,
    /// It cannot be put on hold any more.
    #[error("the certificate is revoked for good, so it cannot be put on hold")]
    RevokedForGood,
    /// There is no certificate to revoke.
    #[error("the request is {0:?}: it has no certificate that could be revoked")]
    NotIssued(Disposition),
    /// The CRL.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The Request table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdminError {
    /// The return value that the specification names.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::UnknownSerial(_) | Self::Reason(_) => HResult::E_INVALIDARG,
            Self::NotOnHold | Self::RevokedForGood | Self::NotIssued(_) => HResult::INVALID_DATA,
            Self::Publish(_) => HResult::E_FAIL,
            Self::Store(_) => HResult::SERVER_UNAVAILABLE,
        }
    }
}
