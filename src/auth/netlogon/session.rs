//! Sealed messages of a Netlogon channel ([MS-NRPC] 3.3.4.2), and its exchange of names.

use std::sync::Arc;

use super::crypto::{Credential, decrypt, encrypt, hmac_sha256, same};
use super::token::{SIGNATURE_LEN, Signature, check_negotiate_response, negotiate};
use crate::auth::ntlm::Key;
use crate::auth::{
    AuthError, AuthLevel, AuthType, BoxFuture, Environment, Initiated, Initiator, PduParts,
    SecurityContext,
};
use crate::model::Caller;

/// Which end of the channel a context belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The member of the domain.
    Client,
    /// The domain controller. Only tests play this one.
    Server,
}

/// An established Netlogon context. It knows packet privacy and nothing below: domain
/// controllers refuse less (CVE-2022-38023), and so does this one.
///
/// One counter numbers the messages of both directions, so calls go one after the other. After a
/// failed check the context is dead.
pub struct NetlogonContext {
    session_key: Key,
    seal_key: Key,
    end: End,
    sequence: u32,
    environment: Arc<dyn Environment>,
    dead: bool,
}

impl NetlogonContext {
    /// A context on a negotiated session key.
    pub fn new(session_key: Key, end: End, environment: Arc<dyn Environment>) -> Self {
        let mut seal_key = session_key.clone();
        seal_key.iter_mut().for_each(|byte| *byte ^= 0xF0);
        Self { session_key, seal_key, end, sequence: 0, environment, dead: false }
    }

    /// Goes on at this sequence number.
    #[cfg(test)]
    pub(super) fn skip_to_sequence(&mut self, sequence: u32) {
        self.sequence = sequence;
    }

    fn check_usable(&self, level: AuthLevel) -> Result<(), AuthError> {
        match level {
            _ if self.dead => Err(AuthError::ContextExpired),
            AuthLevel::Privacy => Ok(()),
            _ => Err(AuthError::Refused("a Netlogon channel below packet privacy")),
        }
    }

    /// The next sequence number as a message from `from` carries it; steps the counter. The last
    /// one is never used: no number comes twice.
    fn next_sequence(&mut self, from: End) -> Result<Credential, AuthError> {
        let number = self.sequence;
        self.sequence = number.checked_add(1).ok_or(AuthError::ContextExpired)?;
        let [a, b, c, d] = number.to_be_bytes();
        let direction = if from == End::Client { 0x80 } else { 0 };
        Ok([a, b, c, d, direction, 0, 0, 0])
    }

    fn checksum(&self, confounder: &Credential, parts: &PduParts<'_>) -> Credential {
        let (header, trailer) = match parts.header_signing {
            true => (parts.header, parts.trailer),
            false => (&[][..], &[][..]),
        };
        let covered = [&Signature::ALGORITHMS[..], confounder, header, parts.body, trailer];
        let [a, b, c, d, e, f, g, h, ..] = *hmac_sha256(self.session_key.as_slice(), &covered);
        [a, b, c, d, e, f, g, h]
    }

    fn seal(&mut self, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        let mut confounder = [0; 8];
        self.environment.random(&mut confounder)?;
        let mut sequence = self.next_sequence(self.end)?;
        let checksum = self.checksum(&confounder, &parts);
        let seal_iv = twice(sequence);
        encrypt(&self.seal_key, &seal_iv, &mut [&mut confounder, parts.body]);
        encrypt(&self.session_key, &twice(checksum), &mut [&mut sequence]);
        Ok(Signature { sequence, checksum, confounder }.encode())
    }

    fn unseal(&mut self, parts: PduParts<'_>, token: &[u8]) -> Result<(), AuthError> {
        let Signature { mut sequence, checksum, mut confounder } = Signature::parse(token)?;
        let expected = self.next_sequence(match self.end {
            End::Client => End::Server,
            End::Server => End::Client,
        })?;
        decrypt(&self.session_key, &twice(checksum), &mut [&mut sequence]);
        decrypt(&self.seal_key, &twice(expected), &mut [&mut confounder, parts.body]);
        let intact = same(&self.checksum(&confounder, &parts), &checksum);
        match same(&sequence, &expected) & intact {
            true => Ok(()),
            false => Err(AuthError::BadSignature),
        }
    }
}

fn twice(half: Credential) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h] = half;
    [a, b, c, d, e, f, g, h, a, b, c, d, e, f, g, h]
}

impl SecurityContext for NetlogonContext {
    fn token_len(&self, _level: AuthLevel) -> usize {
        SIGNATURE_LEN
    }

    fn protect(&mut self, level: AuthLevel, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        self.check_usable(level)?;
        let sealed = self.seal(parts);
        self.dead |= sealed.is_err();
        sealed
    }

    fn unprotect(
        &mut self,
        level: AuthLevel,
        parts: PduParts<'_>,
        token: &[u8],
    ) -> Result<(), AuthError> {
        self.check_usable(level)?;
        let unsealed = self.unseal(parts, token);
        self.dead |= unsealed.is_err();
        unsealed
    }

    fn get_mic(&mut self, _message: &[u8]) -> Result<Vec<u8>, AuthError> {
        Err(AuthError::Refused("a Netlogon channel signs nothing but PDUs"))
    }

    fn verify_mic(&mut self, _message: &[u8], _mic: &[u8]) -> Result<(), AuthError> {
        Err(AuthError::Refused("a Netlogon channel signs nothing but PDUs"))
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        None
    }
}

/// Binds a connection to a session key that NetrServerAuthenticate3 made: one leg each way.
pub struct NetlogonInitiator {
    domain: String,
    computer: String,
    /// Taken by the second step.
    context: Option<NetlogonContext>,
    started: bool,
}

impl NetlogonInitiator {
    /// An initiator for one connection, by the NetBIOS names of domain and computer. The domain
    /// controller finds the session key by the computer's.
    pub fn new(
        domain: &str,
        computer: &str,
        session_key: Key,
        environment: Arc<dyn Environment>,
    ) -> Self {
        let context = NetlogonContext::new(session_key, End::Client, environment);
        Self {
            domain: domain.to_owned(),
            computer: computer.to_owned(),
            context: Some(context),
            started: false,
        }
    }

    fn advance(&mut self, token: &[u8]) -> Result<Initiated, AuthError> {
        if !std::mem::replace(&mut self.started, true) {
            return negotiate(&self.domain, &self.computer).map(Initiated::Continue);
        }
        let context = self.context.take().ok_or(AuthError::OutOfSequence)?;
        check_negotiate_response(token)?;
        Ok(Initiated::Done { token: None, context: Box::new(context) })
    }
}

impl Initiator for NetlogonInitiator {
    fn auth_type(&self) -> AuthType {
        AuthType::Netlogon
    }

    fn step<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Initiated, AuthError>> {
        Box::pin(async move { self.advance(token) })
    }
}
