//! Which security providers a server offers.

use std::sync::Arc;

use super::kerberos::{KerberosAcceptor, KerberosServer};
use super::ntlm::{NtlmAcceptor, NtlmServer};
use super::spnego::{Mechanism, SpnegoAcceptor};
use super::{Acceptor, AcceptorFactory, AuthLevel, AuthType, Peer};

/// The security providers of a server: Kerberos and NTLM, as far as they are there, within
/// SPNEGO and without.
pub struct SecurityProviders {
    /// What all NTLM acceptors share; `None`: NTLM is refused.
    pub ntlm: Option<Arc<NtlmServer>>,
    /// Whether NTLM is taken without SPNEGO around it (authentication type 10, and raw tokens
    /// under type 9). impacket and Certipy speak nothing else; but nothing then shows that the
    /// client would rather have used Kerberos.
    pub raw_ntlm: bool,
    /// What all Kerberos acceptors share; `None`: there is no keytab.
    pub kerberos: Option<Arc<KerberosServer>>,
}

impl SecurityProviders {
    /// NTLM alone.
    pub fn of_ntlm(ntlm: Arc<NtlmServer>, raw_ntlm: bool) -> Self {
        Self { ntlm: Some(ntlm), raw_ntlm, kerberos: None }
    }

    fn ntlm_acceptor(&self, level: AuthLevel, peer: Peer) -> Option<Box<dyn Acceptor>> {
        let server = self.ntlm.as_ref()?;
        Some(Box::new(NtlmAcceptor::new(Arc::clone(server), level, peer)))
    }

    fn kerberos_acceptor(&self, level: AuthLevel, peer: Peer) -> Option<Box<dyn Acceptor>> {
        let server = self.kerberos.as_ref()?;
        Some(Box::new(KerberosAcceptor::new(Arc::clone(server), level, peer)))
    }
}

impl AcceptorFactory for SecurityProviders {
    fn acceptor(
        &self,
        auth_type: AuthType,
        level: AuthLevel,
        peer: Peer,
    ) -> Option<Box<dyn Acceptor>> {
        match auth_type {
            AuthType::Negotiate => {
                let kerberos = self.kerberos_acceptor(level, peer).map(Mechanism::kerberos);
                let ntlm = self.ntlm_acceptor(level, peer);
                let ntlm = ntlm.map(|acceptor| Mechanism::ntlm(acceptor, self.raw_ntlm));
                let mechanisms: Vec<_> = kerberos.into_iter().chain(ntlm).collect();
                Some(Box::new(SpnegoAcceptor::new(mechanisms)))
            }
            AuthType::Ntlm if self.raw_ntlm => self.ntlm_acceptor(level, peer),
            AuthType::Kerberos => self.kerberos_acceptor(level, peer),
            AuthType::Ntlm | AuthType::Netlogon => None,
        }
    }
}
