//! The client half of RPC: a sans-IO [`Association`] under a thin tokio shell.

mod association;
mod error;
mod verification;

pub use association::{Association, AssociationOptions, Event};
pub use error::ClientError;
pub use verification::VerificationTrailer;
