//! A toy security provider for tests of PDU protection and of the association.

use std::sync::Arc;

use crate::auth::{AuthError, AuthLevel, PduParts, SecurityContext};
use crate::model::Caller;

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
