//! The enrollment client: keys and requests of its own, submission to a CA over RPC.

pub mod bench;
mod key;
mod request;

pub use key::{KeyError, KeyKind, RequestKey};
pub use request::{CertificateRequest, RequestError, parse_name};
