//! DCE/RPC, connection oriented ([MS-RPCE], C706 chapters 9 to 13).
//!
//! [`pdu`] is the codec that both halves share. [`Service`] is what a server offers,
//! [`association`] its side of a connection without I/O, [`server`] the shell around it.

pub mod association;
pub mod binding;
pub mod client;
pub mod epm;
pub mod mgmt;
pub mod pdu;
pub mod server;
mod service;

pub use service::{AssociationId, CallContext, Policy, Service};

#[cfg(test)]
pub(crate) mod direct;
#[cfg(test)]
mod testing;
