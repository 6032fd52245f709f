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
