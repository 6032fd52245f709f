//! Message protection with RC4 (RFC 4757), as DCE/RPC uses it: no padding byte, the stub sealed
//! in place, PDU header and security trailer signed with it.

use subtle::ConstantTimeEq;

use super::session::End;
use crate::auth::AuthError;
use crate::auth::ntlm::{Key, Rc4, hmac_md5, md5};

/// `[APPLICATION 0]`, its length, and the mechanism's object identifier, before the token proper.
const MIC_FRAME: [u8; 13] = frame(0x23);
const WRAP_FRAME: [u8; 13] = frame(0x2B);
/// Token id, HMAC-MD5, filler; the wrap token names RC4 as well.
const MIC_HEADER: [u8; 8] = [0x01, 0x01, 0x11, 0x00, 0xFF, 0xFF, 0xFF, 0xFF];
const WRAP_HEADER: [u8; 8] = [0x02, 0x01, 0x11, 0x00, 0x10, 0x00, 0xFF, 0xFF];
/// Salts of RFC 4757 7.2 and 7.3.
const MIC_SALT: u32 = 15;
const WRAP_SALT: u32 = 13;

pub(super) const SIGN_LEN: usize = 13 + 24;
pub(super) const SEAL_LEN: usize = 13 + 32;

const fn frame(length: u8) -> [u8; 13] {
    [0x60, length, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02]
}

/// The messages that one end sends.
pub(super) struct Direction {
    key: Key,
    from: End,
}

/// The fields of a token behind its header.
struct Fields {
    sequence: [u8; 8],
    checksum: [u8; 8],
}

impl Direction {
    pub(super) fn new(key: &[u8], from: End) -> Result<Self, AuthError> {
        let key: [u8; 16] =
            key.try_into().map_err(|_| AuthError::Malformed("Kerberos session key: length"))?;
        Ok(Self { key: key.into(), from })
    }

    pub(super) fn sign(&self, sequence: u32, message: &[&[u8]]) -> Vec<u8> {
        let checksum = self.checksum(MIC_SALT, &MIC_HEADER, message);
        let mut token = [&MIC_FRAME[..], &MIC_HEADER].concat();
        token.extend(self.cover(self.sequence(sequence), &checksum));
        token.extend(checksum);
        token
    }

    pub(super) fn check(&self, message: &[&[u8]], token: &[u8]) -> Result<u64, AuthError> {
        let (fields, rest) = fields(token, &MIC_FRAME, &MIC_HEADER)?;
        let expected = self.checksum(MIC_SALT, &MIC_HEADER, message);
        let same = bool::from(expected.ct_eq(&fields.checksum)) && rest.is_empty();
        if same { self.sequence_of(&fields) } else { Err(AuthError::BadSignature) }
    }

    pub(super) fn seal(
        &self,
        sequence: u32,
        mut confounder: [u8; 8],
        before: &[u8],
        body: &mut [u8],
        after: &[u8],
    ) -> Vec<u8> {
        let checksum = self.checksum(WRAP_SALT, &WRAP_HEADER, &[&confounder, before, body, after]);
        let mut stream = self.stream(sequence);
        stream.apply(&mut confounder);
        stream.apply(body);
        let mut token = [&WRAP_FRAME[..], &WRAP_HEADER].concat();
        token.extend(self.cover(self.sequence(sequence), &checksum));
        token.extend(checksum);
        token.extend(confounder);
        token
    }

    pub(super) fn unseal(
        &self,
        before: &[u8],
        body: &mut [u8],
        after: &[u8],
        token: &[u8],
    ) -> Result<u64, AuthError> {
        let (fields, confounder) = fields(token, &WRAP_FRAME, &WRAP_HEADER)?;
        let mut confounder: [u8; 8] = confounder.try_into().map_err(|_| LENGTH)?;
        let sequence = self.sequence_of(&fields)?;
        let mut stream = self.stream(u32::try_from(sequence).map_err(|_| LENGTH)?);
        stream.apply(&mut confounder);
        stream.apply(body);
        let expected = self.checksum(WRAP_SALT, &WRAP_HEADER, &[&confounder, before, body, after]);
        match bool::from(expected.ct_eq(&fields.checksum)) {
            true => Ok(sequence),
            false => Err(AuthError::BadSignature),
        }
    }

    /// SGN_CKSUM: eight bytes of the HMAC under Ksign.
    fn checksum(&self, salt: u32, header: &[u8; 8], message: &[&[u8]]) -> [u8; 8] {
        let sign = hmac_md5(&self.key, &[b"signaturekey\0"]);
        let salt = salt.to_le_bytes();
        let digest = md5(&[&[&salt[..], header], message].concat());
        let [a, b, c, d, e, f, g, h, ..] = *hmac_md5(&sign, &[&*digest]);
        [a, b, c, d, e, f, g, h]
    }

    /// Encrypts or decrypts SND_SEQ, whose key depends on the checksum.
    fn cover(&self, mut sequence: [u8; 8], checksum: &[u8; 8]) -> [u8; 8] {
        let key = hmac_md5(&hmac_md5(&self.key, &[&[0; 4]]), &[checksum]);
        Rc4::new(&key).apply(&mut sequence);
        sequence
    }

    /// The number and, four times, which end it comes from.
    fn sequence(&self, number: u32) -> [u8; 8] {
        let [a, b, c, d] = number.to_be_bytes();
        let end = match self.from {
            End::Initiator => 0,
            End::Acceptor => 0xFF,
        };
        [a, b, c, d, end, end, end, end]
    }

    fn sequence_of(&self, fields: &Fields) -> Result<u64, AuthError> {
        let sequence = self.cover(fields.sequence, &fields.checksum);
        let [a, b, c, d, ..] = sequence;
        let number = u32::from_be_bytes([a, b, c, d]);
        match bool::from(sequence.ct_eq(&self.sequence(number))) {
            true => Ok(number.into()),
            false => Err(AuthError::BadSignature),
        }
    }

    /// The cipher of confounder and stub.
    fn stream(&self, sequence: u32) -> Rc4 {
        let mut local = self.key.clone();
        local.iter_mut().for_each(|byte| *byte ^= 0xF0);
        let crypt = hmac_md5(&local, &[&[0; 4]]);
        Rc4::new(&hmac_md5(&crypt, &[&sequence.to_be_bytes()]))
    }
}

const LENGTH: AuthError = AuthError::Malformed("Kerberos token: length");

/// Splits a token whose frame and header must be these.
fn fields<'a>(
    token: &'a [u8],
    frame: &[u8; 13],
    header: &[u8; 8],
) -> Result<(Fields, &'a [u8]), AuthError> {
    let rest = token.strip_prefix(frame).and_then(|rest| rest.strip_prefix(header));
    let rest = rest.ok_or(AuthError::BadSignature)?;
    let (sequence, rest) = rest.split_first_chunk().ok_or(LENGTH)?;
    let (checksum, rest) = rest.split_first_chunk().ok_or(LENGTH)?;
    Ok((Fields { sequence: *sequence, checksum: *checksum }, rest))
}
