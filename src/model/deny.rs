//! Why a request is refused, with its one map to HRESULT.

use super::HResult;

/// Why policy, or the parser before it, refuses a request.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DenyReason {
    /// No template is named ([MS-WCCE] 3.2.2.6.2.1.4.1).
    NoTemplate,
}

impl DenyReason {
    /// The disposition that the specification names.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::NoTemplate => HResult::CERTSRV_E_NO_CERT_TYPE,
        }
    }
}
