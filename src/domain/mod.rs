//! The duties of a domain member: to find the servers of its domain, and to have it decide on NTLM
//! logons, by the Netlogon secure channel or by winbindd.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod config;
mod guard;
#[cfg(feature = "active-directory")]
pub mod locator;
pub mod netlogon;
mod secret;
mod status;
mod verifier;
mod winbind;

pub use config::DomainConfig;
pub use guard::{Admission, LockoutGuard};
pub use secret::{MachineSecret, SecretError, SecretSource};
pub use status::{Denial, LogonError};
pub use verifier::{DomainVerifier, Judge};
pub use winbind::{Winbind, WinbindSettings, examine as examine_winbind};
