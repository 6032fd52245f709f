//! Which security providers a server offers.

use std::sync::Arc;

use super::ntlm::{NtlmAcceptor, NtlmServer};
use super::spnego::{Mechanism, SpnegoAcceptor};
use super::{Acceptor, AcceptorFactory, AuthLevel, AuthType, Peer};

/// The security providers of a server: SPNEGO always, raw NTLM by setting.
pub struct SecurityProviders {
    /// What all NTLM acceptors share.
    pub ntlm: Arc<NtlmServer>,
    /// Whether NTLM is taken without SPNEGO around it (authentication type 10, and raw tokens
    /// under type 9). impacket and Certipy speak nothing else; but nothing then shows that the
    /// client would rather have used Kerberos.
    pub raw_ntlm: bool,
}

impl AcceptorFactory for SecurityProviders {
    fn acceptor(
        &self,
        auth_type: AuthType,
        level: AuthLevel,
        peer: Peer,
    ) -> Option<Box<dyn Acceptor>> {
        let ntlm = || Box::new(NtlmAcceptor::new(Arc::clone(&self.ntlm), level, peer));
        match auth_type {
            AuthType::Negotiate => {
                let mechanism = Mechanism::ntlm(ntlm(), self.raw_ntlm);
                Some(Box::new(SpnegoAcceptor::new(vec![mechanism])))
            }
            AuthType::Ntlm if self.raw_ntlm => Some(ntlm()),
            AuthType::Ntlm | AuthType::Kerberos | AuthType::Netlogon => None,
        }
    }
}
