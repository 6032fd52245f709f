//! What stands for Kerberos in a build without the cargo feature `kerberos`: nothing can be
//! opened, and no ticket is there.

use std::path::Path;
use std::sync::Arc;

use super::{KerberosCredentials, KerberosSettings};
use crate::auth::{
    Accepted, Acceptor, AuthError, AuthLevel, AuthType, BoxFuture, Environment, Initiated,
    Initiator, Names, Peer,
};

const ABSENT: AuthError =
    AuthError::Refused("this program is built without Kerberos (cargo feature `kerberos`)");

/// What all Kerberos acceptors of a server share: there are none.
pub enum KerberosServer {}

impl KerberosServer {
    /// Always an error.
    ///
    /// # Errors
    /// This build has no Kerberos.
    pub fn open(
        _keytab: &Path,
        _replay_cache: &Path,
        _names: Names,
        _settings: KerberosSettings,
        _environment: Arc<dyn Environment>,
    ) -> Result<Self, AuthError> {
        Err(ABSENT)
    }
}

/// An acceptor that cannot be made.
pub struct KerberosAcceptor(Arc<KerberosServer>);

impl KerberosAcceptor {
    /// Needs a server, which nobody has.
    pub fn new(server: Arc<KerberosServer>, _level: AuthLevel, _peer: Peer) -> Self {
        Self(server)
    }
}

impl Acceptor for KerberosAcceptor {
    fn accept<'a>(&'a mut self, _token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        match *self.0 {}
    }
}

impl KerberosCredentials {
    /// Nobody's.
    pub fn principal(&self) -> Option<String> {
        None
    }

    /// Never.
    pub fn are_there(&self) -> bool {
        false
    }
}

/// An initiator whose first step fails.
pub struct KerberosInitiator;

impl KerberosInitiator {
    /// An initiator that cannot get a ticket.
    pub fn new(_credentials: KerberosCredentials, _service: &str) -> Self {
        Self
    }
}

impl Initiator for KerberosInitiator {
    fn auth_type(&self) -> AuthType {
        AuthType::Kerberos
    }

    fn step<'a>(&'a mut self, _token: &'a [u8]) -> BoxFuture<'a, Result<Initiated, AuthError>> {
        Box::pin(async { Err(ABSENT) })
    }
}
