//! The certification authority: keys, certificates, CRLs and chains.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod certificate;
mod chain;
mod config;
mod crl;
mod error;
mod exchange;
mod extensions;
mod history;
mod issue;
mod lint;
mod load;
mod names;
mod ocsp;
mod prepare;
mod renewal;
mod response;
mod signer;
mod tbs;
mod trust;
mod urls;

use crate::files;

pub use certificate::CaCertificate;
pub use chain::{ChainValidator, ChainVerdict};
pub use config::{CaConfig, CrlConfig, ExistingCa, Generation, StateFolder, UrlConfig};
pub use crl::{Crl, CrlDraft, CrlError, CrlKind, CrlPublisher, Crls, KeyCrls};
pub use error::CaError;
pub use exchange::ExchangeCertificate;
pub use files::{FileError, create_private_folder, read_if_there, write_atomically};
pub use history::{
    CrlHistory, CrlRow, PublishFlags, Run, Written, crl_of, is_in_use, write_history,
};
pub use issue::{CertificateAuthority, Draft, IssueError, Origin, SignedCertificate};
pub use lint::Finding;
pub use load::CrossCertificate;
pub use names::CaNames;
pub use ocsp::{MAX_OCSP_VALIDITY, OCSP_TEMPLATE, OcspError, OcspSigner};
pub use prepare::is_reserved;
pub use renewal::{RenewalKey, install, renew_root, request};
pub use signer::{KeyError, KeyKind, RsaHash, SignatureAlgorithm, Signer, SoftwareSigner};
pub use trust::{LiveTrust, Trust, TrustConfig};
pub use urls::UrlHost;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
