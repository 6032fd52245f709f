//! NTLMv2 ([MS-NLMP]): the acceptor, and the session security of both sides.
//!
//! sspi's acceptor isn't used: it never compares the NTProofStr (`tests/sspi_probes.rs`). Only
//! NTLMv2 with extended session security, 128-bit keys and key exchange is spoken; NTLMv1, LM,
//! anonymous and guest logons are refused.

mod acceptor;
mod av;
mod crypto;
mod messages;
mod recorded;
mod session;
#[cfg(test)]
pub(in crate::auth) mod tests;

pub use acceptor::{MicPolicy, NtlmAcceptor, NtlmPolicy, NtlmServer, TargetNamePolicy};
pub(in crate::auth) use crypto::{Rc4, hmac_md5, md5};
pub use crypto::{nt_hash, response_key, verify_response};
pub use messages::{NtlmFlags, challenge_flags};
pub use recorded::{RecordedChallenge, RecordedExchange, RecordedLogon};
pub use session::NtlmContext;

/// A secret of 16 bytes: NT hashes, response keys, session keys.
pub type Key = zeroize::Zeroizing<[u8; 16]>;
