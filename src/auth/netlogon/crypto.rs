//! Session key, credentials and authenticators of a Netlogon channel with AES ([MS-NRPC]
//! 3.1.4.3.1, 3.1.4.4.1, 3.1.4.5).

use aes::Aes128;
use aes::cipher::KeyIvInit;
use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::auth::ntlm::Key;
use crate::auth::{AuthError, Environment};

/// A challenge or a credential.
pub type Credential = [u8; 8];

/// A client challenge. Domain controllers refuse one without a byte that is unique among its
/// first five, and zeros were the key of Zerologon (CVE-2020-1472); such a one is drawn again.
pub fn client_challenge(environment: &dyn Environment) -> Result<Credential, AuthError> {
    const DRAWS: usize = 8;
    for _ in 0..DRAWS {
        let mut challenge = [0; 8];
        environment.random(&mut challenge)?;
        if is_varied(&challenge) {
            return Ok(challenge);
        }
    }
    Err(AuthError::Random)
}

/// Whether one of the first five bytes occurs only once among them ([MS-NRPC] 3.1.4.1).
pub fn is_varied(challenge: &Credential) -> bool {
    let [first @ .., _, _, _] = challenge;
    first.iter().any(|byte| first.iter().filter(|other| *other == byte).count() == 1)
}

/// The session key, from the NT hash of the machine account's password and both challenges.
pub fn session_key(nt_hash: &Key, client: &Credential, server: &Credential) -> Key {
    hmac_sha256(nt_hash.as_slice(), &[client, server])
}

/// The credential made of a challenge, or of another credential.
pub fn credential(session_key: &Key, input: &Credential) -> Credential {
    let mut credential = *input;
    encrypt(session_key, &[0; 16], &mut [&mut credential]);
    credential
}

/// Decrypts the session key of a logon in validation levels 2 and 3.
pub fn decrypt_user_session_key(session_key: &Key, encrypted: &[u8; 16]) -> Key {
    let mut key = Zeroizing::new(*encrypted);
    decrypt(session_key, &[0; 16], &mut [&mut *key]);
    key
}

/// The inverse of [`decrypt_user_session_key`], for tests that play the domain controller.
#[cfg(test)]
pub fn encrypt_user_session_key(session_key: &Key, key: &mut [u8; 16]) {
    encrypt(session_key, &[0; 16], &mut [key]);
}

/// The client's half of the authenticators that most methods carry: each call proves the key
/// anew. After a failed check it is of no use.
pub struct Authenticators {
    session_key: Key,
    stored: Credential,
}

impl Authenticators {
    /// Starts with the client credential of NetrServerAuthenticate3.
    pub fn new(session_key: Key, client_credential: Credential) -> Self {
        Self { session_key, stored: client_credential }
    }

    /// The credential of a call made at `timestamp` (seconds since 1970).
    pub fn next(&mut self, timestamp: u32) -> Credential {
        self.stored = add(self.stored, timestamp);
        credential(&self.session_key, &self.stored)
    }

    /// Checks the credential that came back with the answer.
    pub fn check(&mut self, returned: &Credential) -> Result<(), AuthError> {
        self.stored = add(self.stored, 1);
        match same(&credential(&self.session_key, &self.stored), returned) {
            true => Ok(()),
            false => Err(AuthError::BadSignature),
        }
    }
}

/// Adds to the low four bytes; the carry is dropped.
fn add(credential: Credential, number: u32) -> Credential {
    let [a, b, c, d, high @ ..] = credential;
    let [a, b, c, d] = u32::from_le_bytes([a, b, c, d]).wrapping_add(number).to_le_bytes();
    let [e, f, g, h] = high;
    [a, b, c, d, e, f, g, h]
}

/// Compares in constant time.
pub fn same(one: &Credential, other: &Credential) -> bool {
    one.ct_eq(other).into()
}

/// The first 16 bytes of an HMAC-SHA256 over `parts`, one after another.
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut out = Zeroizing::new([0; 16]);
    out.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// AES-128 with 8-bit cipher feedback over `parts`, one after another in one stream.
pub(super) fn encrypt(key: &Key, iv: &[u8; 16], parts: &mut [&mut [u8]]) {
    let mut cipher = cfb8::Encryptor::<Aes128>::new((&**key).into(), iv.into());
    parts.iter_mut().for_each(|part| cipher.encrypt(part));
}

/// The inverse of [`encrypt`].
pub(super) fn decrypt(key: &Key, iv: &[u8; 16], parts: &mut [&mut [u8]]) {
    let mut cipher = cfb8::Decryptor::<Aes128>::new((&**key).into(), iv.into());
    parts.iter_mut().for_each(|part| cipher.decrypt(part));
}
