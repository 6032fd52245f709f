//! The primitives of [MS-NLMP]: MD4, HMAC-MD5, RC4, and the keys made with them (3.3.2, 3.4.5).

use hmac::{Hmac, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Key;

/// NTOWFv1: MD4 of the UTF-16LE password.
pub fn nt_hash(password: &str) -> Key {
    let password = Zeroizing::new(utf16le(password));
    Zeroizing::new(Md4::digest(&*password).into())
}

/// NTOWFv2, the ResponseKeyNT (3.3.2), from an NT hash and the names as the client sent them.
pub fn response_key(nt_hash: &Key, user: &str, domain: &str) -> Key {
    hmac_md5(nt_hash, &[&utf16le(&upper(user)), &utf16le(domain)])
}

/// Checks an NTLMv2 response (`nt_response`: NTProofStr, then the client's blob) in constant
/// time. Returns the SessionBaseKey, or `None` where the key is another.
pub fn verify_response(
    response_key: &Key,
    server_challenge: &[u8; 8],
    nt_response: &[u8],
) -> Option<Key> {
    let (proof, blob) = nt_response.split_first_chunk::<16>()?;
    let expected = hmac_md5(response_key, &[server_challenge, blob]);
    bool::from(expected.ct_eq(proof)).then(|| hmac_md5(response_key, &[proof]))
}

/// HMAC-MD5 over `parts`, one after another.
pub(in crate::auth) fn hmac_md5(key: &Key, parts: &[&[u8]]) -> Key {
    // HMAC fills its key up with zeros to a block: a key of block length needs no fallible call.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Md5> as hmac::digest::KeyInit>::new((&*block).into());
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// MD5 over `parts`, one after another.
pub(in crate::auth) fn md5(parts: &[&[u8]]) -> Key {
    let mut digest = Md5::new();
    parts.iter().for_each(|part| digest.update(part));
    Zeroizing::new(digest.finalize().into())
}

/// Which end of the connection a key belongs to: whose messages it protects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Client,
    Server,
}

/// SIGNKEY (3.4.5.2) of the messages that `from` sends.
pub(super) fn sign_key(exported: &Key, from: End) -> Key {
    derived(
        exported,
        match from {
            End::Client => b"session key to client-to-server signing key magic constant\0",
            End::Server => b"session key to server-to-client signing key magic constant\0",
        },
    )
}

/// SEALKEY (3.4.5.3) of the messages that `from` sends, with 128 bits.
pub(super) fn seal_key(exported: &Key, from: End) -> Key {
    derived(
        exported,
        match from {
            End::Client => b"session key to client-to-server sealing key magic constant\0",
            End::Server => b"session key to server-to-client sealing key magic constant\0",
        },
    )
}

fn derived(exported: &Key, magic: &[u8]) -> Key {
    Zeroizing::new(
        Md5::new().chain_update(exported.as_slice()).chain_update(magic).finalize().into(),
    )
}

/// RC4. A copy continues where the original stands.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(in crate::auth) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    pub(in crate::auth) fn new(key: &Key) -> Self {
        let mut rc4 = Self { state: std::array::from_fn(|i| i.to_le_bytes()[0]), i: 0, j: 0 };
        let mut j = 0u8;
        for (i, key) in (0..=u8::MAX).zip(key.iter().cycle()) {
            j = j.wrapping_add(rc4.at(i)).wrapping_add(*key);
            rc4.state.swap(usize::from(i), usize::from(j));
        }
        rc4
    }

    /// Encrypts or decrypts in place.
    pub(in crate::auth) fn apply(&mut self, data: &mut [u8]) {
        for byte in data {
            self.i = self.i.wrapping_add(1);
            self.j = self.j.wrapping_add(self.at(self.i));
            self.state.swap(usize::from(self.i), usize::from(self.j));
            *byte ^= self.at(self.at(self.i).wrapping_add(self.at(self.j)));
        }
    }

    fn at(&self, index: u8) -> u8 {
        // 256 entries: every u8 hits.
        self.state.get(usize::from(index)).copied().unwrap_or_default()
    }
}

/// UTF-16LE without a terminator.
pub(super) fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Upper-casing as Windows does it: one UTF-16 unit to one unit, without a locale. What has no
/// such mapping (ß, characters outside the basic plane) stays.
fn upper(text: &str) -> String {
    let one_unit = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) if single.len_utf16() == c.len_utf16() && c.len_utf16() == 1 => {
                single
            }
            _ => c,
        }
    };
    text.chars().map(one_unit).collect()
}
