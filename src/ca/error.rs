use std::path::PathBuf;

use super::files::FileError;
use super::signer::KeyError;
use crate::asn1::{Asn1Error, NameTextError};

/// Why the CA's certificate and key cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key cannot be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key file does not hold a key that this CA can use.
    #[error("{}: {reason}", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: KeyError,
    },
    /// A file is not in the form that it should have.
    #[error("{}: {reason}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An address has a variable that there is not.
    #[error("setting ca.urls: {0:?} has a variable that is none of %1 to %12 or their names in <>")]
    Url(String),
    /// The configured subject is not a distinguished name.
    #[error("setting ca.subject: {0}")]
    Subject(#[from] NameTextError),
    /// The validity cannot be represented.
    #[error("setting ca.validity: the CA certificate would be valid beyond the year 9999")]
    Validity,
    /// A certificate cannot be read.
    #[error("the CA certificate cannot be read: {0}")]
    Encoding(#[from] Asn1Error),
    /// It has no basic constraints with cA TRUE.
    #[error("the certificate is not one of a CA (basicConstraints without cA TRUE)")]
    NotCa,
    /// It may not sign certificates and CRLs.
    #[error("the CA certificate's key usage lacks keyCertSign or cRLSign")]
    KeyUsage,
    /// It belongs to another key.
    #[error("the private key does not belong to the CA certificate")]
    KeyMismatch,
    /// It is expired, or not valid yet.
    #[error("the CA certificate is not valid now; renew it, or set the clock right")]
    NotValidNow,
    /// Its subject has no common name, by which clients call the CA.
    #[error("the CA certificate's subject has no common name (CN)")]
    NoCommonName,
    /// A certificate above it is missing.
    #[error("the certificate of {0} is missing: put the chain up to the root into the file")]
    ChainIncomplete(String),
    /// There is none to renew.
    #[error("there is no CA yet")]
    NoCa,
    /// It has a certificate, so that it can only be renewed.
    #[error("the CA has a certificate already; to renew it, say so (--renew same-key or new-key)")]
    HasCertificate,
    /// It renews itself.
    #[error("the CA is a root: it renews itself, by wcced ca renew")]
    IsRoot,
    /// Another CA renews it.
    #[error("the CA is not a root: ask the CA above it, by wcced ca request --renew")]
    IsSubordinate,
    /// A request for a new key has not been answered yet.
    #[error("{} waits for its certificate; install that, or move the key away", .0.display())]
    PendingKey(PathBuf),
    /// Certificates are numbered with 16 bits.
    #[error("the CA has been renewed too often")]
    TooManyRenewals,
    /// A renewed CA keeps its name.
    #[error("none of the certificates has the CA's name as its subject")]
    AnotherName,
    /// A CA above it may not have it below.
    #[error("a certificate of the chain is not one of a CA that may have this CA below it")]
    ChainOfNoCa,
    /// Only one of certificate and key is there.
    #[error(
        "{} is there but {} is not: restore it from a backup, or, to make a new CA, move the \
         first away", present.display(), missing.display()
    )]
    Half {
        /// The file that is there.
        present: PathBuf,
        /// The file that is not.
        missing: PathBuf,
    },
}
