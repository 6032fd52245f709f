//! The client half of RPC: a sans-IO [`Association`] under a thin tokio shell.

mod association;
mod connection;
mod endpoint;
mod error;
mod traffic;

pub use association::{Association, AssociationOptions, Event, VerificationTrailer};
pub use connection::{Authentication, ClientOptions, Connection};
pub use endpoint::{MapElement, endpoints, is_listening, resolve};
pub use error::ClientError;
pub use traffic::{RecordedPdu, Traffic};
