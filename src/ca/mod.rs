//! The certification authority: keys, certificates, CRLs and chains.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod files;
mod names;
mod pem;
mod signer;

pub use files::FileError;
pub use names::CaNames;
pub use signer::{KeyError, KeyKind, RsaHash, SignatureAlgorithm, Signer, SoftwareSigner};
