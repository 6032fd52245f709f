//! Why a call gets no answer but an error.

use super::process::Failure;
use super::property::PropertyError;
use crate::files::FileError;
use crate::model::{DenyReason, HResult};
use crate::store::StoreError;

/// A call that was not processed; the method's return value says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// pwszAuthority is not a name of this CA ([MS-WCCE] 3.2.1.4.2.1).
    #[error("{0:?} is not the name of this CA")]
    WrongAuthority(String),
    /// The caller has no right on the CA.
    #[error(transparent)]
    Denied(#[from] DenyReason),
    /// There is no such request, or it is somebody else's.
    #[error("the caller has no request {0}")]
    NoSuchRequest(super::Lookup),
    /// The CA has no such property.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// The Request table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What has to be remembered of an approved request cannot be kept.
    #[error(transparent)]
    News(#[from] FileError),
    /// What the answer needs cannot be read or made.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl EnrollError {
    /// The return value that the specification names.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::WrongAuthority(_) => HResult::E_INVALIDARG,
            Self::Denied(reason) => reason.hresult(),
            Self::NoSuchRequest(_) => HResult::CERTSRV_E_PROPERTY_EMPTY,
            Self::Property(error) => error.hresult(),
            Self::Store(StoreError::Full { .. }) => HResult::DISK_FULL,
            Self::Store(_) | Self::News(_) => HResult::SERVER_UNAVAILABLE,
            Self::Failed(failure) => failure.hresult(),
        }
    }

    /// Whether the fault is the server's, not the caller's.
    pub fn is_internal(&self) -> bool {
        matches!(self, Self::Store(_) | Self::News(_) | Self::Failed(_))
    }
}
