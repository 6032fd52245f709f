//! The enrollment client: keys and requests of its own, submission to a CA over RPC.
//!
//! Nothing in it is of wcced: it speaks to every CA that speaks [MS-WCCE] or [MS-ICPR].

pub mod admin;
mod answer;
pub mod bench;
mod ca_info;
mod enrollment;
mod identity;
mod key;
mod message;
pub mod offers;
pub mod pkcs12;
pub mod property;
mod request;
#[cfg(test)]
pub(crate) mod testing;
mod text;

pub use answer::{Answer, AnswerError, Outcome, Unchecked, check_full_response};
pub use ca_info::{CaInfo, CertificateInfo, state_name};
pub use enrollment::{EnrollError, EnrollmentClient, Login, Mechanism, Proof, Server, find};
pub use identity::{Identity, IdentityError, is_of_key};
pub use key::{KeyError, KeyKind, RequestKey};
pub use request::{
    CertificateRequest, ClientDescription, RequestError, Signers, TemplateId, attributes_string,
    cms_on_behalf_of, parse_name,
};
pub(crate) use text::{clean, from_utf16};
