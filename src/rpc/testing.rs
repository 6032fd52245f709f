//! A toy security provider and a toy service, for tests of PDU protection, association and server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, BoxFuture, PduParts, Peer,
    SecurityContext,
};
use crate::model::{Caller, Sid, Token};
use crate::ndr::{Fault, InterfaceId};
use crate::rpc::{AssociationId, CallContext, Policy, Service};

/// Signs with FNV-1a over key, sequence number and the covered parts; seals by XOR. Both ends
/// share the key; every message takes the next sequence number of its direction.
pub struct ToyContext {
    key: u64,
    sent: u32,
    received: u32,
    caller: Option<Arc<Caller>>,
}

pub const TOKEN_LEN: usize = 16;

impl ToyContext {
    pub fn new(key: u64, caller: Option<Arc<Caller>>) -> Self {
        Self { key, sent: 0, received: 0, caller }
    }

    fn token(&self, number: u32, parts: &PduParts<'_>) -> Vec<u8> {
        let mut hash = 0xCBF2_9CE4_8422_2325 ^ self.key ^ u64::from(number);
        let mut covered = parts.body.to_vec();
        if parts.header_signing {
            covered.extend_from_slice(parts.header);
            covered.extend_from_slice(parts.trailer);
        }
        for byte in covered {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
        [&b"TOY\0"[..], &number.to_le_bytes(), &hash.to_le_bytes()].concat()
    }

    fn cipher(&self, body: &mut [u8]) {
        let key = self.key.to_le_bytes();
        body.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key | 0x80);
    }
}

impl SecurityContext for ToyContext {
    fn token_len(&self, level: AuthLevel) -> usize {
        if level == AuthLevel::Connect { 0 } else { TOKEN_LEN }
    }

    fn protect(&mut self, level: AuthLevel, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        let token = self.token(self.sent, &parts);
        self.sent += 1;
        if level == AuthLevel::Privacy {
            self.cipher(parts.body);
        }
        Ok(token)
    }

    fn unprotect(
        &mut self,
        level: AuthLevel,
        parts: PduParts<'_>,
        token: &[u8],
    ) -> Result<(), AuthError> {
        if level == AuthLevel::Privacy {
            self.cipher(parts.body);
        }
        if token != self.token(self.received, &parts) {
            return Err(AuthError::Malformed("toy token"));
        }
        self.received += 1;
        Ok(())
    }

    fn get_mic(&mut self, _: &[u8]) -> Result<Vec<u8>, AuthError> {
        Err(AuthError::Malformed("toy"))
    }

    fn verify_mic(&mut self, _: &[u8], _: &[u8]) -> Result<(), AuthError> {
        Err(AuthError::Malformed("toy"))
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        self.caller.clone()
    }
}

/// Two legs: `hello` is answered with `who?`; then `name=key` authenticates, `empty=…` a context
/// of nobody. One leg: `now name=key`. Anything else is refused.
pub struct ToyAcceptor;

/// Offers [`ToyAcceptor`] as NTLM and SPNEGO.
pub struct ToyFactory;

impl Acceptor for ToyAcceptor {
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        Box::pin(async move {
            let text = std::str::from_utf8(token).map_err(|_| AuthError::Malformed("toy"))?;
            if text == "hello" {
                return Ok(Accepted::Continue(b"who?".to_vec()));
            }
            let (name, token) = match text.strip_prefix("now ") {
                Some(name) => (name, Some(b"welcome".to_vec())),
                None => (text, None),
            };
            let (name, key) = name.split_once('=').ok_or(AuthError::LogonFailure)?;
            let key = key.parse().map_err(|_| AuthError::LogonFailure)?;
            let caller = (name != "empty").then(|| caller(name));
            Ok(Accepted::Done { token, context: Box::new(ToyContext::new(key, caller)) })
        })
    }
}

impl AcceptorFactory for ToyFactory {
    fn acceptor(&self, auth_type: AuthType, _: AuthLevel, _: Peer) -> Option<Box<dyn Acceptor>> {
        let offered = [AuthType::Ntlm, AuthType::Negotiate].contains(&auth_type);
        offered.then(|| -> Box<dyn Acceptor> { Box::new(ToyAcceptor) })
    }
}

/// The caller of this name.
pub fn caller(name: &str) -> Arc<Caller> {
    let sid = Sid::everyone();
    Arc::new(Caller { account: name.to_owned(), token: Token::new(sid, []) })
}

/// Answers opnum 0 with `account level opnum length`, opnum 1 with as many bytes as the stub
/// says in decimal, opnum 2 with the fault that it says; others are out of range.
pub struct ToyService {
    pub interface: InterfaceId,
    pub policy: Policy,
    pub closed: AtomicUsize,
}

impl ToyService {
    pub fn new(interface: InterfaceId, policy: Policy) -> Arc<Self> {
        Arc::new(Self { interface, policy, closed: AtomicUsize::new(0) })
    }
}

impl Service for ToyService {
    fn interface(&self) -> InterfaceId {
        self.interface
    }

    fn policy(&self) -> Policy {
        self.policy
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            let number = || String::from_utf8_lossy(&stub).trim_end_matches('\0').parse::<u32>();
            match opnum {
                0 => {
                    let account = call.caller.map_or("-".to_owned(), |c| c.account.clone());
                    let level = call.auth.map_or(0, |(_, level)| level.to_wire());
                    Ok(format!("{account} {level} {opnum} {}", stub.len()).into_bytes())
                }
                1 => Ok(vec![0x5A; number().unwrap().try_into().unwrap()]),
                2 => Err(Fault(number().unwrap())),
                _ => Err(Fault::OP_RANGE),
            }
        })
    }

    fn association_closed(&self, _: AssociationId) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}
