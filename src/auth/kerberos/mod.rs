//! Kerberos ([MS-KILE], RFC 4120, 4121, 4757).
//!
//! MIT krb5 carries out the AP exchange (`gssapi`, with the cargo feature `kerberos`): keytab,
//! encryption types, replay cache, verified PAC. It then hands over keys and sequence numbers,
//! and messages are protected here, without I/O ([`KerberosContext`]): that can be replayed,
//! damaged and compared, and needs no lock around a library's context.

#[cfg(not(feature = "kerberos"))]
mod absent;
#[cfg(feature = "kerberos")]
mod acceptor;
#[cfg_attr(not(any(feature = "kerberos", test)), expect(dead_code, reason = "for the acceptor"))]
mod ap_req;
mod cfx;
mod crypto;
#[cfg(feature = "kerberos")]
mod gssapi;
#[cfg(feature = "kerberos")]
mod initiator;
mod pac;
mod rc4;
mod recorded;
#[cfg(feature = "kerberos")]
mod sasl;
mod session;
mod settings;
#[cfg(test)]
mod tests;

#[cfg(not(feature = "kerberos"))]
pub use absent::{KerberosAcceptor, KerberosInitiator, KerberosServer};
#[cfg(feature = "kerberos")]
pub use acceptor::{KerberosAcceptor, KerberosServer};
pub use ap_req::{ApReq, unframe};
pub use crypto::AesType;
#[cfg(feature = "kerberos")]
pub use initiator::KerberosInitiator;
pub use pac::{caller, check_upn_dns_info};
pub use recorded::{RecordedApReq, clear_ap_req};
#[cfg(feature = "kerberos")]
pub use sasl::SaslContext;
pub use session::{EncryptionType, End, Established, KerberosContext, ReceivedToken};
pub use settings::{KerberosCredentials, KerberosSettings};
