//! The certification authority: keys, certificates, CRLs and chains.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod config;
mod extensions;
mod files;
mod names;
mod pem;
mod signer;

pub use config::{CaConfig, CrlConfig, ExistingCa, StateFolder, UrlConfig};
pub use files::FileError;
pub use names::CaNames;
pub use signer::{KeyError, KeyKind, RsaHash, SignatureAlgorithm, Signer, SoftwareSigner};
