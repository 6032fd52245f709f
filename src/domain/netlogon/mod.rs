//! NTLM pass-through by the Netlogon secure channel ([MS-NRPC], [MS-APDS] 3.1): this server, as a
//! member of the domain, has a domain controller verify the responses of its clients.

mod channel;
mod locate;
mod pool;
#[cfg(test)]
mod tests;
mod validation;

pub use channel::{ChannelError, Member, NetworkLogon};
pub use locate::{ConfiguredControllers, DcLocator, DomainController};
pub use pool::{ChannelPool, ChannelReport, PoolLimits};

use super::status::LogonError;
use crate::auth::NtlmLogon;
use crate::auth::ntlm::Key;
use crate::generated::netlogon::NETLOGON_VALIDATION;

/// The logon that a domain controller's validation tells of, below the channel's session key.
///
/// # Errors
/// Where it tells of none that may be used, such as a guest's.
pub fn validated(
    validation: NETLOGON_VALIDATION,
    session_key: &Key,
) -> Result<NtlmLogon, LogonError> {
    validation::logon_info(validation, session_key)?.into_logon()
}
