//! The enrollment client: keys and requests of its own, submission to a CA over RPC.

pub mod bench;
mod enrollment;
mod key;
mod request;

pub use enrollment::{
    Answer, EnrollError, EnrollmentClient, Login, Mechanism, Outcome, Server, find,
};
pub use key::{KeyError, KeyKind, RequestKey};
pub use request::{CertificateRequest, RequestError, parse_name};
