//! wcce: an enterprise certificate authority for Active Directory, and its client.
//!
//! The rooms and the way imports run between them are described in `ARCHITECTURE.md`.

// Tests build their inputs with casts; input paths may not.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

pub mod admin;
pub mod asn1;
pub mod auth;
pub mod ca;
pub mod client;
pub mod config;
mod counts;
pub mod dcom;
pub mod directory;
pub mod domain;
pub mod enroll;
pub mod files;
#[rustfmt::skip]
#[allow(missing_docs)]
pub mod generated;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod model;
pub mod ndr;
mod places;
pub mod policy;
pub mod process;
pub mod replay;
pub mod request;
pub mod rpc;
pub mod server;
pub mod services;
pub mod store;
