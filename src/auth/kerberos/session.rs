//! Message protection of an established context, without I/O. The keys come from whoever carried
//! out the AP exchange (MIT krb5, or a recorded exchange in tests).

use std::sync::Arc;

use zeroize::Zeroizing;

use super::crypto::{AesType, BLOCK};
use super::{cfx, rc4};
use crate::auth::{AuthError, AuthLevel, Environment, PduParts, SecurityContext};
use crate::model::Caller;

/// An encryption type whose messages are spoken here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EncryptionType {
    /// AES, 17 to 20.
    Aes(AesType),
    /// rc4-hmac, 23.
    Rc4Hmac,
}

impl EncryptionType {
    /// The type of this number ([RFC 3961] 8), if it is one of ours.
    pub fn from_wire(number: u32) -> Option<Self> {
        Some(match number {
            17 => Self::Aes(AesType::Aes128Sha1),
            18 => Self::Aes(AesType::Aes256Sha1),
            19 => Self::Aes(AesType::Aes128Sha256),
            20 => Self::Aes(AesType::Aes256Sha384),
            23 => Self::Rc4Hmac,
            _ => return None,
        })
    }
}

/// An end of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The client.
    Initiator,
    /// The server.
    Acceptor,
}

impl End {
    fn peer(self) -> Self {
        match self {
            Self::Initiator => Self::Acceptor,
            Self::Acceptor => Self::Initiator,
        }
    }
}

/// What the AP exchange leaves behind.
pub struct Established {
    /// Which end this one is.
    pub own: End,
    /// Type of the key.
    pub encryption_type: EncryptionType,
    /// The key that protects messages: the acceptor's subkey, if there is one.
    pub key: Zeroizing<Vec<u8>>,
    /// Whether the key is the acceptor's subkey.
    pub acceptor_subkey: bool,
    /// Number of the first message that this end sends.
    pub send_sequence: u64,
    /// Number of the first message that the peer sends.
    pub receive_sequence: u64,
    /// Whether the peer agreed to sequence numbers that are checked. At level connect Windows
    /// does not, and its mechListMIC then has number 0.
    pub ordered: bool,
}

/// An established Kerberos context of either end. After a failed check it is dead.
///
/// Messages must come in exactly the order in which they were sent: over TCP nothing else is
/// honest, so that the window of RFC 4121 4.2.2 is one message wide.
pub struct KerberosContext {
    send: Direction,
    receive: Direction,
    environment: Arc<dyn Environment>,
    caller: Option<Arc<Caller>>,
    ordered: bool,
    dead: bool,
}

struct Direction {
    keys: Keys,
    sequence: u64,
}

enum Keys {
    Aes(Box<cfx::Direction>),
    Rc4(rc4::Direction),
}

/// What a token says of itself, unchecked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReceivedToken {
    /// Its sequence number.
    pub sequence: u64,
    /// Whether it claims to be made with the acceptor's subkey.
    pub acceptor_subkey: bool,
}

impl ReceivedToken {
    /// Reads the header of a token of RFC 4121, for recorded exchanges whose AP-REP is not at
    /// hand.
    pub fn peek(token: &[u8]) -> Option<Self> {
        cfx::peek(token)
    }
}

impl KerberosContext {
    /// The context of one end. `environment` gives confounders; `caller` is who is at the other
    /// end, on the acceptor's side.
    ///
    /// # Errors
    /// The key does not fit its type.
    pub fn new(
        established: &Established,
        environment: Arc<dyn Environment>,
        caller: Option<Arc<Caller>>,
    ) -> Result<Self, AuthError> {
        let Established { own, send_sequence, receive_sequence, ordered, .. } = *established;
        Ok(Self {
            send: Direction::new(established, own, send_sequence)?,
            receive: Direction::new(established, own.peer(), receive_sequence)?,
            environment,
            caller,
            ordered,
            dead: false,
        })
    }

    fn check_alive(&self) -> Result<(), AuthError> {
        if self.dead { Err(AuthError::ContextExpired) } else { Ok(()) }
    }

    /// Passes `outcome` on; an error ends the context.
    fn live_or_die<T>(&mut self, outcome: Result<T, AuthError>) -> Result<T, AuthError> {
        self.dead |= outcome.is_err();
        outcome
    }

    /// Checks the number of a message that is otherwise right.
    fn in_order(&mut self, sequence: Result<u64, AuthError>) -> Result<(), AuthError> {
        let outcome = sequence.and_then(|sequence| {
            let expected = self.receive.next()?;
            match !self.ordered || sequence == expected {
                true => Ok(()),
                false => Err(AuthError::BadSignature),
            }
        });
        self.live_or_die(outcome)
    }
}

impl SecurityContext for KerberosContext {
    fn token_len(&self, level: AuthLevel) -> usize {
        match (level, &self.send.keys) {
            (AuthLevel::Connect, _) => 0,
            (AuthLevel::Packet | AuthLevel::Integrity, Keys::Aes(keys)) => keys.sign_len(),
            (AuthLevel::Privacy, Keys::Aes(keys)) => keys.seal_len(),
            (AuthLevel::Packet | AuthLevel::Integrity, Keys::Rc4(_)) => rc4::SIGN_LEN,
            (AuthLevel::Privacy, Keys::Rc4(_)) => rc4::SEAL_LEN,
        }
    }

    fn protect(&mut self, level: AuthLevel, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        self.check_alive()?;
        let (before, after) = signed_only(&parts);
        let outcome = match level {
            AuthLevel::Connect => return Ok(Vec::new()),
            AuthLevel::Packet | AuthLevel::Integrity => {
                self.send.sign(&[before, parts.body, after])
            }
            AuthLevel::Privacy => {
                let mut confounder = [0; BLOCK];
                let filled = self.environment.random(&mut confounder);
                filled.and_then(|()| self.send.seal(&confounder, before, parts.body, after))
            }
        };
        self.live_or_die(outcome)
    }

    fn unprotect(
        &mut self,
        level: AuthLevel,
        parts: PduParts<'_>,
        token: &[u8],
    ) -> Result<(), AuthError> {
        self.check_alive()?;
        let (before, after) = signed_only(&parts);
        let sequence = match level {
            AuthLevel::Connect => return Ok(()), // the token is optional, and protects nothing
            AuthLevel::Packet | AuthLevel::Integrity => {
                self.receive.check(&[before, parts.body, after], token)
            }
            AuthLevel::Privacy => self.receive.unseal(before, parts.body, after, token),
        };
        self.in_order(sequence)
    }

    fn get_mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.check_alive()?;
        let outcome = self.send.sign(&[message]);
        self.live_or_die(outcome)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        self.check_alive()?;
        let sequence = self.receive.check(&[message], mic);
        self.in_order(sequence)
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        self.caller.clone()
    }
}

/// PDU header and security trailer are signed where both sides agreed on header signing.
fn signed_only<'a>(parts: &PduParts<'a>) -> (&'a [u8], &'a [u8]) {
    if parts.header_signing { (parts.header, parts.trailer) } else { (&[], &[]) }
}

impl Direction {
    fn new(established: &Established, from: End, sequence: u64) -> Result<Self, AuthError> {
        let Established { encryption_type, key, acceptor_subkey, .. } = established;
        let keys = match encryption_type {
            EncryptionType::Aes(aes) => {
                Keys::Aes(Box::new(cfx::Direction::new(*aes, key, from, *acceptor_subkey)?))
            }
            EncryptionType::Rc4Hmac => Keys::Rc4(rc4::Direction::new(key, from)?),
        };
        Ok(Self { keys, sequence })
    }

    /// Takes the next sequence number. The last one is never used: no number comes twice.
    fn next(&mut self) -> Result<u64, AuthError> {
        let limit = match self.keys {
            Keys::Aes(_) => u64::MAX,
            Keys::Rc4(_) => u32::MAX.into(),
        };
        let sequence = self.sequence;
        let next = sequence.checked_add(1).filter(|next| *next <= limit);
        self.sequence = next.ok_or(AuthError::ContextExpired)?;
        Ok(sequence)
    }

    fn sign(&mut self, message: &[&[u8]]) -> Result<Vec<u8>, AuthError> {
        let sequence = self.next()?;
        match &self.keys {
            Keys::Aes(keys) => Ok(keys.sign(sequence, message)),
            Keys::Rc4(keys) => Ok(keys.sign(short(sequence)?, message)),
        }
    }

    fn check(&self, message: &[&[u8]], token: &[u8]) -> Result<u64, AuthError> {
        match &self.keys {
            Keys::Aes(keys) => keys.check(message, token),
            Keys::Rc4(keys) => keys.check(message, token),
        }
    }

    fn seal(
        &mut self,
        confounder: &[u8; BLOCK],
        before: &[u8],
        body: &mut [u8],
        after: &[u8],
    ) -> Result<Vec<u8>, AuthError> {
        let sequence = self.next()?;
        match &self.keys {
            Keys::Aes(keys) => keys.seal(sequence, confounder, before, body, after),
            Keys::Rc4(keys) => {
                let [a, b, c, d, e, f, g, h, ..] = *confounder;
                let confounder = [a, b, c, d, e, f, g, h];
                Ok(keys.seal(short(sequence)?, confounder, before, body, after))
            }
        }
    }

    fn unseal(
        &self,
        before: &[u8],
        body: &mut [u8],
        after: &[u8],
        token: &[u8],
    ) -> Result<u64, AuthError> {
        match &self.keys {
            Keys::Aes(keys) => keys.unseal(before, body, after, token),
            Keys::Rc4(keys) => keys.unseal(before, body, after, token),
        }
    }
}

fn short(sequence: u64) -> Result<u32, AuthError> {
    u32::try_from(sequence).map_err(|_| AuthError::ContextExpired)
}
