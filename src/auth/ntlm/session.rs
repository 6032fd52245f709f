//! Session security with extended session security ([MS-NLMP] 3.4), as DCE/RPC uses it: the MAC
//! covers the whole PDU whether or not the two sides agreed on header signing (several foreign
//! stacks rely on it, and Samba does the same).

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::Key;
use super::crypto::{End, Rc4, hmac_md5, seal_key, sign_key};
use crate::auth::{AuthError, AuthLevel, PduParts, SecurityContext};
use crate::model::Caller;

/// Length of a signature, in bytes.
const TOKEN: usize = 16;

/// An established NTLM context of either side. After a failed check it is dead.
pub struct NtlmContext {
    send: Direction,
    receive: Direction,
    caller: Option<Arc<Caller>>,
    dead: bool,
}

impl NtlmContext {
    /// The server's context.
    pub fn acceptor(exported_session_key: &Key, caller: Arc<Caller>) -> Self {
        Self::new(exported_session_key, End::Server, Some(caller))
    }

    /// The client's context.
    pub fn initiator(exported_session_key: &Key) -> Self {
        Self::new(exported_session_key, End::Client, None)
    }

    fn new(exported: &Key, own: End, caller: Option<Arc<Caller>>) -> Self {
        let peer = match own {
            End::Client => End::Server,
            End::Server => End::Client,
        };
        Self {
            send: Direction::new(exported, own),
            receive: Direction::new(exported, peer),
            caller,
            dead: false,
        }
    }

    fn check_alive(&self) -> Result<(), AuthError> {
        if self.dead { Err(AuthError::ContextExpired) } else { Ok(()) }
    }

    /// Passes `outcome` on; an error ends the context, for its cipher states are then unknown.
    fn live_or_die<T>(&mut self, outcome: Result<T, AuthError>) -> Result<T, AuthError> {
        self.dead |= outcome.is_err();
        outcome
    }
}

impl SecurityContext for NtlmContext {
    fn token_len(&self, level: AuthLevel) -> usize {
        if level == AuthLevel::Connect { 0 } else { TOKEN }
    }

    fn protect(&mut self, level: AuthLevel, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        self.check_alive()?;
        if level == AuthLevel::Connect {
            return Ok(Vec::new());
        }
        let mac = self.send.mac(&[parts.header, parts.body, parts.trailer]);
        if level == AuthLevel::Privacy {
            self.send.rc4.apply(parts.body);
        }
        let token = self.send.token(mac);
        self.live_or_die(token).map(Vec::from)
    }

    fn unprotect(
        &mut self,
        level: AuthLevel,
        parts: PduParts<'_>,
        token: &[u8],
    ) -> Result<(), AuthError> {
        self.check_alive()?;
        if level == AuthLevel::Connect {
            return Ok(()); // the token is optional, and protects nothing
        }
        if level == AuthLevel::Privacy {
            self.receive.rc4.apply(parts.body);
        }
        let mac = self.receive.mac(&[parts.header, parts.body, parts.trailer]);
        let checked = self.receive.check(mac, token);
        self.live_or_die(checked)
    }

    /// The mechListMIC takes a sequence number, but the cipher goes back to where it was.
    fn get_mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.check_alive()?;
        let before = self.send.rc4.clone();
        let mac = self.send.mac(&[message]);
        let token = self.send.token(mac);
        self.send.rc4 = before;
        self.live_or_die(token).map(Vec::from)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        self.check_alive()?;
        let before = self.receive.rc4.clone();
        let mac = self.receive.mac(&[message]);
        let checked = self.receive.check(mac, mic);
        self.receive.rc4 = before;
        self.live_or_die(checked)
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        self.caller.clone()
    }
}

/// Keys, cipher and sequence number of the messages that one end sends.
struct Direction {
    sign_key: Key,
    rc4: Rc4,
    sequence: u32,
}

impl Direction {
    fn new(exported: &Key, from: End) -> Self {
        let rc4 = Rc4::new(&seal_key(exported, from));
        Self { sign_key: sign_key(exported, from), rc4, sequence: 0 }
    }

    /// The first eight bytes of the MAC of the next message.
    fn mac(&self, message: &[&[u8]]) -> [u8; 8] {
        let sequence = self.sequence.to_le_bytes();
        let parts: Vec<&[u8]> =
            std::iter::once(&sequence[..]).chain(message.iter().copied()).collect();
        let [a, b, c, d, e, f, g, h, ..] = *hmac_md5(&self.sign_key, &parts);
        [a, b, c, d, e, f, g, h]
    }

    /// NTLMSSP_MESSAGE_SIGNATURE with key exchange; steps the cipher and the sequence number.
    /// The last number is never used: no number comes twice.
    fn token(&mut self, mac: [u8; 8]) -> Result<[u8; TOKEN], AuthError> {
        let next = self.sequence.checked_add(1).ok_or(AuthError::ContextExpired)?;
        let mut token = [0; TOKEN];
        let (version, rest) = token.split_at_mut(4);
        let (checksum, sequence) = rest.split_at_mut(8);
        version.copy_from_slice(&1u32.to_le_bytes());
        checksum.copy_from_slice(&mac);
        self.rc4.apply(checksum);
        sequence.copy_from_slice(&self.sequence.to_le_bytes());
        self.sequence = next;
        Ok(token)
    }

    fn check(&mut self, mac: [u8; 8], received: &[u8]) -> Result<(), AuthError> {
        let expected = self.token(mac)?;
        match bool::from(expected[..].ct_eq(received)) {
            true => Ok(()),
            false => Err(AuthError::BadSignature),
        }
    }
}
