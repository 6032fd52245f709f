//! Where templates and principals come from: the embedded directory, a TOML file. Active
//! Directory comes behind the same trait.

#[cfg(feature = "active-directory")]
pub mod active_directory;
mod attributes;
pub mod config;
pub mod embedded;
pub mod export;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use attributes::{AttributeError, AttributeProblem, Attributes};

use crate::model::{Authorities, BoxFuture, Principal, Sid, TemplateTable, Token};

/// Tells whom names in settings mean.
pub trait Trustees: Send + Sync {
    /// The SID of a user, computer or group: of `DOMAIN\account`, of an account's name in the
    /// CA's own domain, of a well-known name such as `Authenticated Users`, or of a SID in text.
    /// `None` where there is no such trustee.
    fn trustee<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Sid>, DirectoryError>>;
}

/// What the CA reads from a directory ([MS-WCCE] 3.2.2.1).
pub trait Directory: Trustees {
    /// The template table as it is now.
    fn templates(&self) -> BoxFuture<'_, Result<Arc<TemplateTable>, DirectoryError>>;

    /// The user or computer of this SID, or `None`.
    fn principal_by_sid<'a>(
        &'a self,
        sid: &'a Sid,
    ) -> BoxFuture<'a, Result<Option<Principal>, DirectoryError>>;

    /// The user or computer of `DOMAIN\account` or of a userPrincipalName, compared without case,
    /// or `None`.
    fn principal_by_account<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<Option<Principal>, DirectoryError>>;

    /// The SIDs that a network logon of the user or computer of this SID would have: its own and
    /// those of all its groups, nested ones too. `None` where there is no such account.
    fn token_by_sid<'a>(
        &'a self,
        sid: &'a Sid,
    ) -> BoxFuture<'a, Result<Option<Token>, DirectoryError>>;

    /// The CAs that the directory's members trust; `None` where it does not tell of any, and the
    /// settings alone decide.
    fn authorities(&self) -> BoxFuture<'_, Result<Option<Arc<Authorities>>, DirectoryError>>;

    /// Has the CA issue from the templates of these names, and from no others ([MS-CSRA]
    /// 3.1.4.2.3). It counts for requests from then on.
    fn enable_templates<'a>(
        &'a self,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DirectoryError>>;

    /// Whether it is Active Directory, which keeps what is written to it.
    fn is_active_directory(&self) -> bool {
        false
    }

    /// How new the templates are; `None` where they cannot be old, or nothing is known yet.
    fn freshness(&self) -> Option<Freshness> {
        None
    }
}

/// A directory that certificates are published in.
pub trait Publication: Send + Sync {
    /// Puts a certificate (DER) into userCertificate of the account of this SID, and takes those
    /// out that expired more than a day ago ([MS-WCCE] 3.2.2.1.5). One that is there already, or
    /// expired like that, is not added.
    fn publish<'a>(
        &'a self,
        account: &'a Sid,
        certificate: &'a [u8],
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), DirectoryError>>;
}

/// How new it is what a directory knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// Goes up with each change of the templates.
    pub version: u64,
    /// How long ago it was told.
    pub age: Duration,
    /// Whether it was told the last time it was asked for.
    pub answers: bool,
}

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The file cannot be read.
    #[error("cannot read the directory file {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds password hashes that others than its owner can read.
    #[error(
        "the directory file {} holds password hashes, but its mode is {mode:04o}; run: chmod 600 {}",
        path.display(), path.display()
    )]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is not TOML of this form. Its text is not shown, since it may hold hashes.
    #[error("the directory file {}, line {line}: {problem}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A value of the file makes no sense.
    #[error("the directory file {}: {key}: {problem}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which entry and key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No domain controller answers, or none has yet.
    #[error(
        "Active Directory does not answer: {problem}; it is asked again until it does (wcced \
         join-check tells more)"
    )]
    Unavailable {
        /// Why.
        problem: String,
    },
    /// What is known is too old to issue certificates on.
    #[error(
        "no domain controller has answered for {} s; certificates are not issued on what is older \
         than {} s (directory.max_age)",
        age.as_secs(), limit.as_secs()
    )]
    Stale {
        /// How old it is.
        age: Duration,
        /// How old it may be.
        limit: Duration,
    },
    /// The directory refused an operation.
    #[error("{problem}")]
    Refused {
        /// The LDAP resultCode.
        code: u32,
        /// The Win32 error code of the server's text.
        win32: Option<u32>,
        /// What was refused, by which server.
        problem: String,
    },
    /// A name that several objects have.
    #[error("several accounts have the name {name:?}")]
    Ambiguous {
        /// The name.
        name: String,
    },
    /// An object that cannot be understood.
    #[error("{dn}: {problem}")]
    Object {
        /// Its distinguished name.
        dn: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What this directory cannot tell.
    #[error("{problem}")]
    Unsupported {
        /// What.
        problem: String,
    },
}
