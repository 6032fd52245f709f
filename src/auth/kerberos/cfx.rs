//! Message protection with AES (RFC 4121), as DCE/RPC lays it out: the stub sealed in place, all
//! the rest in the token, rotated so that both fit ([MS-KILE] 3.4.5.4, seen from Windows).

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::crypto::{AesType, BLOCK, Cipher, Mac};
use super::session::{End, ReceivedToken};
use crate::auth::AuthError;

const MIC: [u8; 2] = [0x04, 0x04];
const WRAP: [u8; 2] = [0x05, 0x04];
const SENT_BY_ACCEPTOR: u8 = 1;
const SEALED: u8 = 2;
const ACCEPTOR_SUBKEY: u8 = 4;
/// Extra count: filler between stub and header copy. Windows takes no other than a block.
const FILLER: usize = BLOCK;
/// The filler of RFC 4121 4.2.4 is arbitrary.
const FILL: u8 = 0;

/// The keys of the messages that one end sends.
pub(super) struct Direction {
    aes: AesType,
    flags: u8,
    seal: Cipher,
    sign: Mac,
}

impl Direction {
    /// The messages that `from` sends under this key.
    pub(super) fn new(
        aes: AesType,
        key: &[u8],
        from: End,
        acceptor_subkey: bool,
    ) -> Result<Self, AuthError> {
        if key.len() != aes.key_len() {
            return Err(AuthError::Malformed("Kerberos session key: length"));
        }
        // Key usages of RFC 4121 2.
        let (seal, sign, sender) = match from {
            End::Acceptor => (22, 23, SENT_BY_ACCEPTOR),
            End::Initiator => (24, 25, 0),
        };
        Ok(Self {
            aes,
            flags: sender | if acceptor_subkey { ACCEPTOR_SUBKEY } else { 0 },
            seal: Cipher::new(aes, key, seal)?,
            sign: Mac::checksum(aes, key, sign)?,
        })
    }

    pub(super) fn sign_len(&self) -> usize {
        BLOCK.saturating_add(self.aes.mac_len())
    }

    /// Header, filler, header copy, checksum, confounder.
    pub(super) fn seal_len(&self) -> usize {
        (3 * BLOCK + FILLER).saturating_add(self.aes.mac_len())
    }

    /// A MIC token over `message`.
    pub(super) fn sign(&self, sequence: u64, message: &[&[u8]]) -> Vec<u8> {
        let header = self.mic_header(sequence);
        let mut token = header.to_vec();
        token.extend(self.sign.compute(&[message, &[&header]].concat()));
        token
    }

    /// Checks a MIC token; returns its sequence number.
    pub(super) fn check(&self, message: &[&[u8]], token: &[u8]) -> Result<u64, AuthError> {
        let (header, checksum) = token.split_first_chunk::<BLOCK>().ok_or(SHORT)?;
        let sequence = sequence_of(header);
        let expected = self.sign.compute(&[message, &[header]].concat());
        let same = header.ct_eq(&self.mic_header(sequence)) & expected.ct_eq(checksum);
        if bool::from(same) { Ok(sequence) } else { Err(AuthError::BadSignature) }
    }

    fn mic_header(&self, sequence: u64) -> [u8; BLOCK] {
        header(MIC, self.flags, [0xFF; 4], sequence)
    }

    fn wrap_header(&self, extra: u16, rotation: u16, sequence: u64) -> [u8; BLOCK] {
        let ([a, b], [c, d]) = (extra.to_be_bytes(), rotation.to_be_bytes());
        header(WRAP, self.flags | SEALED, [a, b, c, d], sequence)
    }

    /// Right rotation count: what follows the sealed stub but the filler.
    fn rotation(&self) -> u16 {
        u16::try_from(BLOCK.saturating_add(self.aes.mac_len())).unwrap_or(u16::MAX)
    }

    /// Seals `body` in place; the checksum covers `before` and `after` too. Returns the token.
    pub(super) fn seal(
        &self,
        sequence: u64,
        confounder: &[u8; BLOCK],
        before: &[u8],
        body: &mut [u8],
        after: &[u8],
    ) -> Result<Vec<u8>, AuthError> {
        let extra = u16::try_from(FILLER).unwrap_or(u16::MAX);
        let copy = self.wrap_header(extra, 0, sequence);
        let mut stream = Zeroizing::new(Vec::with_capacity(body.len().saturating_add(64)));
        stream.extend_from_slice(confounder);
        stream.extend_from_slice(body);
        stream.extend_from_slice(&[FILL; FILLER]);
        stream.extend_from_slice(&copy);
        let mac = match self.aes.macs_ciphertext() {
            true => {
                self.seal.encrypt(&mut stream)?;
                self.mac(&stream, body.len(), before, after)?
            }
            false => {
                let mac = self.mac(&stream, body.len(), before, after)?;
                self.seal.encrypt(&mut stream)?;
                mac
            }
        };
        let (confounder, rest) = stream.split_at_checked(BLOCK).ok_or(SHORT)?;
        let (sealed, end) = rest.split_at_checked(body.len()).ok_or(SHORT)?;
        body.copy_from_slice(sealed);
        let mut token = self.wrap_header(extra, self.rotation(), sequence).to_vec();
        token.extend_from_slice(end);
        token.extend(mac);
        token.extend_from_slice(confounder);
        Ok(token)
    }

    /// Unseals `body` in place and checks the token; returns the sequence number. The peer
    /// chooses the filler's length.
    pub(super) fn unseal(
        &self,
        before: &[u8],
        body: &mut [u8],
        after: &[u8],
        token: &[u8],
    ) -> Result<u64, AuthError> {
        let (header, rest) = token.split_first_chunk::<BLOCK>().ok_or(SHORT)?;
        let (rest, confounder) = rest.split_last_chunk::<BLOCK>().ok_or(SHORT)?;
        let mac_at = rest.len().checked_sub(self.aes.mac_len()).ok_or(SHORT)?;
        let (end, mac) = rest.split_at_checked(mac_at).ok_or(SHORT)?;
        let extra = end.len().checked_sub(BLOCK).and_then(|extra| u16::try_from(extra).ok());
        let extra = extra.ok_or(SHORT)?;
        let sequence = sequence_of(header);
        if *header != self.wrap_header(extra, self.rotation(), sequence) {
            return Err(AuthError::BadSignature);
        }
        let mut stream = Zeroizing::new(Vec::new());
        stream.extend_from_slice(confounder);
        stream.extend_from_slice(body);
        stream.extend_from_slice(end);
        let expected = match self.aes.macs_ciphertext() {
            true => {
                let mac = self.mac(&stream, body.len(), before, after)?;
                self.seal.decrypt(&mut stream)?;
                mac
            }
            false => {
                self.seal.decrypt(&mut stream)?;
                self.mac(&stream, body.len(), before, after)?
            }
        };
        let copy = self.wrap_header(extra, 0, sequence);
        let same = expected.ct_eq(mac) & stream.last_chunk().unwrap_or(&[0; BLOCK]).ct_eq(&copy);
        if !bool::from(same) {
            return Err(AuthError::BadSignature);
        }
        let unsealed = stream.get(BLOCK..).and_then(|rest| rest.get(..body.len())).ok_or(SHORT)?;
        body.copy_from_slice(unsealed);
        Ok(sequence)
    }

    /// The checksum of a sealed message: the stream with the parts that are only signed around
    /// the stub. RFC 8009 puts the initial vector in front.
    fn mac(
        &self,
        stream: &[u8],
        body_len: usize,
        before: &[u8],
        after: &[u8],
    ) -> Result<Vec<u8>, AuthError> {
        let (confounder, rest) = stream.split_at_checked(BLOCK).ok_or(SHORT)?;
        let (body, end) = rest.split_at_checked(body_len).ok_or(SHORT)?;
        let iv: &[u8] = if self.aes.macs_ciphertext() { &[0; BLOCK] } else { &[] };
        Ok(self.seal.mac.compute(&[iv, confounder, before, body, after, end]))
    }
}

/// What a token says of itself, unchecked; for tests that look at recorded exchanges.
pub(super) fn peek(token: &[u8]) -> Option<ReceivedToken> {
    let (header, _) = token.split_first_chunk::<BLOCK>()?;
    let [a, b, flags, ..] = *header;
    ([a, b] == MIC || [a, b] == WRAP).then(|| ReceivedToken {
        sequence: sequence_of(header),
        acceptor_subkey: flags & ACCEPTOR_SUBKEY != 0,
    })
}

const SHORT: AuthError = AuthError::Malformed("Kerberos token: too short");

fn header(id: [u8; 2], flags: u8, fields: [u8; 4], sequence: u64) -> [u8; BLOCK] {
    let ([i, d], [a, b, c, e]) = (id, fields);
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sequence.to_be_bytes();
    [i, d, flags, 0xFF, a, b, c, e, s0, s1, s2, s3, s4, s5, s6, s7]
}

fn sequence_of(header: &[u8; BLOCK]) -> u64 {
    let [.., s0, s1, s2, s3, s4, s5, s6, s7] = *header;
    u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7])
}
