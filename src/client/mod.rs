//! The enrollment client: keys and requests of its own, submission to a CA over RPC.

pub mod bench;
mod enrollment;
mod identity;
mod key;
mod message;
pub mod pkcs12;
mod request;
#[cfg(test)]
mod testing;

pub use enrollment::{
    Answer, EnrollError, EnrollmentClient, Login, Mechanism, Outcome, Proof, Server, find,
};
pub use identity::{Identity, IdentityError, is_of_key};
pub use key::{KeyError, KeyKind, RequestKey};
pub use request::{
    CertificateRequest, ClientDescription, RequestError, Signers, TemplateId, attributes_string,
    parse_name,
};
