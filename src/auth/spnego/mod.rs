//! SPNEGO (RFC 4178, [MS-SPNG]): the acceptor, and the messages for the initiator.
//!
//! A mechanism plugs in as a [`Mechanism`]: its object identifiers around any
//! [`Acceptor`](super::Acceptor).

mod acceptor;
pub(in crate::auth) mod der;
mod messages;
#[cfg(test)]
mod tests;

pub use acceptor::{Mechanism, SpnegoAcceptor};
pub use messages::{NegState, NegTokenInit, NegTokenResp};

/// Content octets of the mechanisms' object identifiers.
pub mod oid {
    /// Kerberos, 1.2.840.113554.1.2.2.
    pub const KERBEROS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02];
    /// Kerberos as Windows 2000 misspelt it and Windows prefers to this day:
    /// 1.2.840.48018.1.2.2. The tokens are the same.
    pub const MS_KERBEROS: &[u8] = &[0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02];
    /// NTLM, 1.3.6.1.4.1.311.2.2.10.
    pub const NTLM: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A];
    /// SPNEGO itself, 1.3.6.1.5.5.2.
    pub(super) const SPNEGO: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x02];
}
