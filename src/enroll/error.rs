//! Why a call gets no answer but an error.

use crate::model::{DenyReason, HResult, RequestId};
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
    NoSuchRequest(RequestId),
    /// The Request table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EnrollError {
    /// The return value that the specification names.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::WrongAuthority(_) => HResult::E_INVALIDARG,
            Self::Denied(reason) => reason.hresult(),
            Self::NoSuchRequest(_) => HResult::CERTSRV_E_PROPERTY_EMPTY,
            Self::Store(_) => HResult::SERVER_UNAVAILABLE,
        }
    }
}
