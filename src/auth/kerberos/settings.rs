//! How Kerberos is accepted and initiated.

use std::path::PathBuf;

/// How an acceptor accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KerberosSettings {
    /// Whether tickets and session keys of RC4 are taken.
    pub rc4: bool,
}

/// Where an initiator's tickets come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KerberosCredentials {
    /// A credential cache: by name (`FILE:/tmp/krb5cc_0`), or the default one (`KRB5CCNAME`).
    Cache(Option<String>),
    /// The keys of a principal, with which tickets are fetched.
    Keytab {
        /// The keytab.
        file: PathBuf,
        /// Whose; `None`: the first one of the keytab.
        principal: Option<String>,
    },
}
