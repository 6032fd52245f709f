//! The primitives of RFC 3961, 3962 and 8009 that messages need: derived keys, AES in CBC mode
//! with ciphertext stealing, checksums. AES and HMAC are aws-lc's.

use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptingKey, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use crate::auth::AuthError;

/// Length of an AES block, a confounder and a message header, in bytes.
pub(super) const BLOCK: usize = 16;

/// An encryption type of AES (RFC 3962, RFC 8009).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AesType {
    /// aes128-cts-hmac-sha1-96, 17.
    Aes128Sha1,
    /// aes256-cts-hmac-sha1-96, 18.
    Aes256Sha1,
    /// aes128-cts-hmac-sha256-128, 19.
    Aes128Sha256,
    /// aes256-cts-hmac-sha384-192, 20.
    Aes256Sha384,
}

impl AesType {
    /// Length of a key, in bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes128Sha256 => 16,
            Self::Aes256Sha1 | Self::Aes256Sha384 => 32,
        }
    }

    /// Length of a checksum, in bytes.
    pub(super) fn mac_len(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes256Sha1 => 12,
            Self::Aes128Sha256 => 16,
            Self::Aes256Sha384 => 24,
        }
    }

    /// Whether the checksum covers the ciphertext (RFC 8009) or the plaintext (RFC 3962).
    pub(super) fn macs_ciphertext(self) -> bool {
        matches!(self, Self::Aes128Sha256 | Self::Aes256Sha384)
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Aes128Sha1 | Self::Aes256Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Aes128Sha256 => hmac::HMAC_SHA256,
            Self::Aes256Sha384 => hmac::HMAC_SHA384,
        }
    }
}

/// What a derived key is for (RFC 3961 5.3).
#[derive(Clone, Copy)]
enum Purpose {
    /// Kc.
    Checksum,
    /// Ke.
    Encryption,
    /// Ki.
    Integrity,
}

impl Purpose {
    fn octet(self) -> u8 {
        match self {
            Self::Checksum => 0x99,
            Self::Encryption => 0xAA,
            Self::Integrity => 0x55,
        }
    }
}

/// Keyed checksum: an HMAC, shortened.
pub(super) struct Mac {
    key: hmac::Key,
    len: usize,
}

impl Mac {
    /// The key for checksums of this usage (Kc).
    pub(super) fn checksum(aes: AesType, base: &[u8], usage: u32) -> Result<Self, AuthError> {
        Self::new(aes, base, usage, Purpose::Checksum)
    }

    fn new(aes: AesType, base: &[u8], usage: u32, purpose: Purpose) -> Result<Self, AuthError> {
        let key = derive(aes, base, usage, purpose)?;
        Ok(Self { key: hmac::Key::new(aes.hmac(), &key), len: aes.mac_len() })
    }

    /// The checksum over `parts`, one after another.
    pub(super) fn compute(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        parts.iter().for_each(|part| context.update(part));
        context.sign().as_ref().iter().copied().take(self.len).collect()
    }
}

/// The keys that encrypt messages of one usage (Ke and Ki).
pub(super) struct Cipher {
    encrypt: EncryptingKey,
    decrypt: DecryptingKey,
    /// Over what the encryption type says.
    pub(super) mac: Mac,
}

impl Cipher {
    pub(super) fn new(aes: AesType, base: &[u8], usage: u32) -> Result<Self, AuthError> {
        let key = derive(aes, base, usage, Purpose::Encryption)?;
        let unbound = || unbound(aes, &key);
        Ok(Self {
            encrypt: EncryptingKey::cbc(unbound()?).map_err(library)?,
            decrypt: DecryptingKey::cbc(unbound()?).map_err(library)?,
            mac: Mac::new(aes, base, usage, Purpose::Integrity)?,
        })
    }

    /// AES-CBC-CTS with a zero initial vector, in place. More than one block.
    pub(super) fn encrypt(&self, data: &mut [u8]) -> Result<(), AuthError> {
        let mut padded = Zeroizing::new(data.to_vec());
        padded.resize(data.len().next_multiple_of(BLOCK), 0);
        self.encrypt.less_safe_encrypt(&mut padded, zero_iv()).map_err(library)?;
        // The last two blocks change places; the one that is then the last is shortened.
        let (last_two, rest) = last_two(&padded)?;
        let (stolen, last) = last_two.split_at_checked(BLOCK).ok_or(SHORT)?;
        let out = rest.iter().chain(last).chain(stolen);
        data.iter_mut().zip(out).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    /// The other way round.
    pub(super) fn decrypt(&self, data: &mut [u8]) -> Result<(), AuthError> {
        let whole = data.len().checked_sub(1).ok_or(SHORT)? / BLOCK;
        let (front, stolen) =
            data.split_at_mut_checked(whole.checked_mul(BLOCK).ok_or(SHORT)?).ok_or(SHORT)?;
        let at = front.len().checked_sub(BLOCK).ok_or(SHORT)?;
        let (_, swapped) = front.split_at_mut_checked(at).ok_or(SHORT)?;
        // Decrypted with a zero vector, the last block is its plaintext XOR the block before it.
        let mut last = Zeroizing::new([0; BLOCK]);
        last.iter_mut().zip(swapped.iter()).for_each(|(to, from)| *to = *from);
        self.decrypt.decrypt(&mut *last, zero_iv().into()).map_err(library)?;
        let before = stolen.iter().chain(last.iter().skip(stolen.len()));
        swapped.iter_mut().zip(before).for_each(|(to, from)| *to = *from);
        stolen.iter_mut().zip(last.iter()).for_each(|(cipher, mask)| *cipher ^= *mask);
        self.decrypt.decrypt(front, zero_iv().into()).map_err(library)?;
        Ok(())
    }
}

const SHORT: AuthError = AuthError::Malformed("Kerberos message: ciphertext too short");

fn library(_: aws_lc_rs::error::Unspecified) -> AuthError {
    AuthError::Unavailable("the cryptographic library refuses a Kerberos key".to_owned())
}

fn zero_iv() -> EncryptionContext {
    EncryptionContext::Iv128(FixedLength::from(&[0; BLOCK]))
}

fn last_two(blocks: &[u8]) -> Result<(&[u8], &[u8]), AuthError> {
    let at = blocks.len().checked_sub(2 * BLOCK).ok_or(SHORT)?;
    let (rest, last) = blocks.split_at_checked(at).ok_or(SHORT)?;
    Ok((last, rest))
}

fn unbound(aes: AesType, key: &[u8]) -> Result<UnboundCipherKey, AuthError> {
    let algorithm = if aes.key_len() == 16 { &AES_128 } else { &AES_256 };
    UnboundCipherKey::new(algorithm, key).map_err(library)
}

/// The key of a usage and purpose.
fn derive(
    aes: AesType,
    base: &[u8],
    usage: u32,
    purpose: Purpose,
) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    let [a, b, c, d] = usage.to_be_bytes();
    let constant = [a, b, c, d, purpose.octet()];
    if !aes.macs_ciphertext() {
        return derive_dk(aes, base, constant);
    }
    let len = match purpose {
        Purpose::Encryption => aes.key_len(),
        Purpose::Checksum | Purpose::Integrity => aes.mac_len(),
    };
    Ok(derive_kdf(aes, base, &constant, len))
}

/// DK of RFC 3961 5.1: the folded constant encrypted, and that encrypted once more, as long as
/// the key needs.
fn derive_dk(
    aes: AesType,
    base: &[u8],
    constant: [u8; 5],
) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    let cipher = EncryptingKey::cbc(unbound(aes, base)?).map_err(library)?;
    let mut block = Zeroizing::new(n_fold(constant));
    let mut key = Zeroizing::new(Vec::with_capacity(aes.key_len()));
    while key.len() < aes.key_len() {
        cipher.less_safe_encrypt(&mut *block, zero_iv()).map_err(library)?;
        key.extend_from_slice(&*block);
    }
    Ok(key)
}

/// KDF-HMAC-SHA2 of RFC 8009 3.
fn derive_kdf(aes: AesType, base: &[u8], label: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let bits = u32::try_from(len.saturating_mul(8)).unwrap_or(u32::MAX);
    let mut context = hmac::Context::with_key(&hmac::Key::new(aes.hmac(), base));
    context.update(&1u32.to_be_bytes());
    context.update(label);
    context.update(&[0]);
    context.update(&bits.to_be_bytes());
    Zeroizing::new(context.sign().as_ref().iter().copied().take(len).collect())
}

/// n-fold of RFC 3961 5.1 for the constants here, 40 bits to 128: copies of the input, each turned
/// right by 13 more bits, laid end to end, and added up as numbers of a block in ones' complement.
fn n_fold(constant: [u8; 5]) -> [u8; BLOCK] {
    const COPIES: usize = 16;
    const BITS: u64 = (1 << 40) - 1;
    let [a, b, c, d, e] = constant;
    let mut turned = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let mut laid = Vec::with_capacity(5 * COPIES);
    for _ in 0..COPIES {
        let [_, _, _, copy @ ..] = turned.to_be_bytes();
        laid.extend(copy);
        turned = ((turned >> 13) | (turned << 27)) & BITS;
    }
    let (numbers, _) = laid.as_chunks::<BLOCK>();
    let sum = numbers.iter().fold(0u128, |sum, number| {
        let (sum, carry) = sum.overflowing_add(u128::from_be_bytes(*number));
        sum.wrapping_add(u128::from(carry))
    });
    sum.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex.replace(' ', "")).expect("hex")
    }

    /// Keys that picky-krb, another implementation, derives.
    #[test]
    fn keys_of_rfc_3961() {
        use picky_krb::crypto::aes::AesSize;
        for (aes, size) in
            [(AesType::Aes128Sha1, AesSize::Aes128), (AesType::Aes256Sha1, AesSize::Aes256)]
        {
            let base: Vec<u8> = (0..).take(aes.key_len()).collect();
            for (usage, purpose) in [
                (22u8, Purpose::Checksum),
                (23, Purpose::Encryption),
                (24, Purpose::Integrity),
                (25, Purpose::Checksum),
            ] {
                let derived = derive(aes, &base, usage.into(), purpose).unwrap();
                let well_known = [0, 0, 0, usage, purpose.octet()];
                let theirs = picky_krb::crypto::aes::derive_key(&base, &well_known, &size);
                assert_eq!(derived[..], theirs.unwrap()[..], "{aes:?} {usage}");
            }
        }
    }

    /// RFC 3962 B: CBC with ciphertext stealing under the key "chicken teriyaki".
    #[test]
    fn stealing_of_rfc_3962() {
        let key = b"chicken teriyaki";
        let text = b"I would like the General Gau's Chicken, please, and wonton soup.";
        let cipher = Cipher {
            encrypt: EncryptingKey::cbc(unbound(AesType::Aes128Sha1, key).unwrap()).unwrap(),
            decrypt: DecryptingKey::cbc(unbound(AesType::Aes128Sha1, key).unwrap()).unwrap(),
            mac: Mac::checksum(AesType::Aes128Sha1, key, 0).unwrap(),
        };
        for (len, expected) in [
            (17, "c6353568f2bf8cb4d8a580362da7ff7f97"),
            (31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"),
            (32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"),
            (
                47,
                "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e\
                 39312523a78662d5be7fcbcc98ebf5",
            ),
            (
                48,
                "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd8\
                 39312523a78662d5be7fcbcc98ebf5a8",
            ),
            (
                64,
                "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8\
                 4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
            ),
        ] {
            let mut data = text[..len].to_vec();
            cipher.encrypt(&mut data).unwrap();
            assert_eq!(hex::encode(&data), expected, "{len}");
            cipher.decrypt(&mut data).unwrap();
            assert_eq!(data, text[..len]);
        }
        assert!(cipher.encrypt(&mut [0; 16]).is_err() && cipher.decrypt(&mut [0; 16]).is_err());
        assert!(cipher.decrypt(&mut []).is_err());
    }

    /// RFC 8009 A: keys for usage 2.
    #[test]
    fn keys_of_rfc_8009() {
        let base = bytes("3705d96080c17728a0e800eab6e0d23c");
        for (purpose, key) in [
            (Purpose::Checksum, "b31a018a48f54776f403e9a396325dc3"),
            (Purpose::Encryption, "9b197dd1e8c5609d6e67c3e37c62c72e"),
            (Purpose::Integrity, "9fda0e56ab2d85e1569a688696c26a6c"),
        ] {
            let derived = derive(AesType::Aes128Sha256, &base, 2, purpose).unwrap();
            assert_eq!(derived[..], bytes(key));
        }
        let base = bytes("6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52");
        for (purpose, key) in [
            (Purpose::Checksum, "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d"),
            (
                Purpose::Encryption,
                "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49",
            ),
            (Purpose::Integrity, "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f"),
        ] {
            let derived = derive(AesType::Aes256Sha384, &base, 2, purpose).unwrap();
            assert_eq!(derived[..], bytes(key));
        }
    }
}
