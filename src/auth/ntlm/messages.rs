//! NEGOTIATE, CHALLENGE and AUTHENTICATE ([MS-NLMP] 2.2.1), checked and bounded.

use bitflags::bitflags;

use super::crypto::utf16le;
use crate::auth::{AuthError, AuthLevel};

/// How every NTLM message starts.
pub(in crate::auth) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
/// Longest message, in bytes.
pub(in crate::auth) const MAX_MESSAGE: usize = 65_536;
/// Longest user, domain or workstation name, in bytes of UTF-16.
const MAX_NAME: usize = 512;
/// Where the fixed part of an AUTHENTICATE without Version ends, and payload may begin.
const AUTHENTICATE_FIXED: usize = 64;
/// Where the MIC lies, if there is one.
const MIC: std::ops::Range<usize> = 72..88;

bitflags! {
    /// NegotiateFlags ([MS-NLMP] 2.2.2.5). Unknown bits are kept.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct NtlmFlags: u32 {
        /// UTF-16 names.
        const UNICODE = 0x1;
        /// The client asks for TargetName.
        const REQUEST_TARGET = 0x4;
        /// Signatures.
        const SIGN = 0x10;
        /// Encryption.
        const SEAL = 0x20;
        /// Connectionless: not spoken in DCE/RPC.
        const DATAGRAM = 0x40;
        /// NTLM.
        const NTLM = 0x200;
        /// Signatures, dummy ones at least.
        const ALWAYS_SIGN = 0x8000;
        /// TargetName is a domain.
        const TARGET_TYPE_DOMAIN = 0x1_0000;
        /// TargetName is a server.
        const TARGET_TYPE_SERVER = 0x2_0000;
        /// Extended session security.
        const EXTENDED_SESSIONSECURITY = 0x8_0000;
        /// Identify level token.
        const IDENTIFY = 0x10_0000;
        /// TargetInfo is there.
        const TARGET_INFO = 0x80_0000;
        /// Version is filled.
        const VERSION = 0x200_0000;
        /// 128-bit keys.
        const KEY_128 = 0x2000_0000;
        /// A random session key, encrypted.
        const KEY_EXCH = 0x4000_0000;
        /// 56-bit keys.
        const KEY_56 = 0x8000_0000;
        const _ = !0;
    }
}

impl NtlmFlags {
    /// What both sides must carry in every message at this level.
    pub(in crate::auth) fn required(level: AuthLevel) -> Self {
        let always =
            Self::UNICODE | Self::EXTENDED_SESSIONSECURITY | Self::KEY_128 | Self::KEY_EXCH;
        match level {
            AuthLevel::Connect => always,
            AuthLevel::Packet | AuthLevel::Integrity => always | Self::SIGN,
            AuthLevel::Privacy => always | Self::SIGN | Self::SEAL,
        }
    }

    /// Checks that all required flags are there, and DATAGRAM isn't.
    pub(in crate::auth) fn check(self, level: AuthLevel) -> Result<(), AuthError> {
        if self.contains(Self::DATAGRAM) {
            return Err(AuthError::Refused("NTLM in datagram mode"));
        }
        if !self.contains(Self::required(level)) {
            return Err(AuthError::Refused(
                "NTLM without Unicode, extended session security, 128-bit keys, key exchange, \
                 or the signing or sealing of this level",
            ));
        }
        Ok(())
    }
}

/// Flags that the CHALLENGE sets whatever the client says.
const ALWAYS: NtlmFlags = NtlmFlags::REQUEST_TARGET
    .union(NtlmFlags::NTLM)
    .union(NtlmFlags::ALWAYS_SIGN)
    .union(NtlmFlags::TARGET_INFO);
/// Flags that the CHALLENGE repeats if the client sent them.
const ECHOED: NtlmFlags = NtlmFlags::UNICODE
    .union(NtlmFlags::SIGN)
    .union(NtlmFlags::SEAL)
    .union(NtlmFlags::EXTENDED_SESSIONSECURITY)
    .union(NtlmFlags::IDENTIFY)
    .union(NtlmFlags::VERSION)
    .union(NtlmFlags::KEY_128)
    .union(NtlmFlags::KEY_EXCH)
    .union(NtlmFlags::KEY_56);

/// Flags of a NEGOTIATE.
pub(super) fn negotiate_flags(message: &[u8]) -> Result<NtlmFlags, AuthError> {
    check_header(message, 1)?;
    flags_at(message, 12)
}

/// Flags of a CHALLENGE, for an initiator that must check them.
pub fn challenge_flags(message: &[u8]) -> Result<NtlmFlags, AuthError> {
    check_header(message, 2)?;
    flags_at(message, 20)
}

/// ServerChallenge and TargetInfo of a CHALLENGE.
pub(super) fn challenge_fields(message: &[u8]) -> Result<([u8; 8], &[u8]), AuthError> {
    check_header(message, 2)?;
    let server_challenge =
        message.get(24..).and_then(<[u8]>::first_chunk).copied().ok_or(TRUNCATED)?;
    let (length, offset) = location_at(message, 40)?;
    let end = offset.checked_add(length).ok_or(TRUNCATED)?;
    Ok((server_challenge, message.get(offset..end).ok_or(TRUNCATED)?))
}

/// A CHALLENGE to be sent.
pub(super) struct Challenge<'a> {
    pub(super) flags: NtlmFlags,
    pub(super) target_name: &'a str,
    pub(super) server_challenge: [u8; 8],
    pub(super) target_info: &'a [u8],
    pub(super) version: [u8; 8],
}

impl Challenge<'_> {
    /// The flags that answer those of a NEGOTIATE.
    pub(super) fn answering(negotiate: NtlmFlags, domain_member: bool) -> NtlmFlags {
        let target = match domain_member {
            true => NtlmFlags::TARGET_TYPE_DOMAIN,
            false => NtlmFlags::TARGET_TYPE_SERVER,
        };
        (negotiate & ECHOED) | ALWAYS | target
    }

    /// The message: TargetName at 56, TargetInfo behind it.
    pub(super) fn encode(&self) -> Result<Vec<u8>, AuthError> {
        let name = utf16le(self.target_name);
        let mut payload_offset = 56;
        let mut out = SIGNATURE.to_vec();
        out.extend(2u32.to_le_bytes());
        out.extend(field(&mut payload_offset, &name)?);
        out.extend(self.flags.bits().to_le_bytes());
        out.extend(self.server_challenge);
        out.extend([0; 8]);
        out.extend(field(&mut payload_offset, self.target_info)?);
        out.extend(self.version);
        out.extend(name);
        out.extend(self.target_info);
        Ok(out)
    }
}

/// The eight bytes that point to `value`, which lies at `offset`; moves `offset` behind it.
fn field(offset: &mut u32, value: &[u8]) -> Result<[u8; 8], AuthError> {
    const TOO_LONG: AuthError = AuthError::Malformed("own names: too long for an NTLM CHALLENGE");
    let length = u16::try_from(value.len()).map_err(|_| TOO_LONG)?;
    let [l0, l1] = length.to_le_bytes();
    let [o0, o1, o2, o3] = offset.to_le_bytes();
    *offset = offset.checked_add(u32::from(length)).ok_or(TOO_LONG)?;
    Ok([l0, l1, l0, l1, o0, o1, o2, o3])
}

/// An AUTHENTICATE, as far as the server reads it: LmChallengeResponse isn't (an LMv2 response
/// covers no AV pairs, so it would take the MIC and the target name out of the proof).
#[derive(Debug)]
pub(super) struct Authenticate<'a> {
    pub(super) flags: NtlmFlags,
    pub(super) nt_response: &'a [u8],
    pub(super) domain: String,
    pub(super) user: String,
    pub(super) workstation: String,
    pub(super) encrypted_key: &'a [u8],
    message: &'a [u8],
}

impl<'a> Authenticate<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, AuthError> {
        check_header(message, 3)?;
        field_at(message, 12)?; // LmChallengeResponse: in bounds, and unread
        Ok(Self {
            flags: flags_at(message, 60)?,
            nt_response: field_at(message, 20)?,
            domain: name_at(message, 28)?,
            user: name_at(message, 36)?,
            workstation: name_at(message, 44)?,
            encrypted_key: field_at(message, 52)?,
            message,
        })
    }

    /// The MIC, and the message with zeros in its place. An error where a field overlaps it.
    pub(super) fn mic(&self) -> Result<([u8; 16], Vec<u8>), AuthError> {
        const NO_ROOM: AuthError = AuthError::Malformed("AUTHENTICATE: no room for the MIC");
        for header in [12, 20, 28, 36, 44, 52] {
            let (length, offset) = location_at(self.message, header)?;
            if length > 0 && offset < MIC.end {
                return Err(NO_ROOM);
            }
        }
        let mut without = self.message.to_vec();
        let place = without.get_mut(MIC).ok_or(NO_ROOM)?;
        let mic = <[u8; 16]>::try_from(&*place).map_err(|_| NO_ROOM)?;
        place.fill(0);
        Ok((mic, without))
    }
}

fn check_header(message: &[u8], message_type: u32) -> Result<(), AuthError> {
    if message.len() > MAX_MESSAGE {
        return Err(AuthError::Malformed("NTLM message: longer than 64 KiB"));
    }
    if !message.starts_with(SIGNATURE) || u32_at(message, 8)? != message_type {
        return Err(AuthError::Malformed("NTLM message: not the one that is due"));
    }
    Ok(())
}

fn flags_at(message: &[u8], offset: usize) -> Result<NtlmFlags, AuthError> {
    Ok(NtlmFlags::from_bits_retain(u32_at(message, offset)?))
}

fn u32_at(message: &[u8], offset: usize) -> Result<u32, AuthError> {
    let (_, rest) = message.split_at_checked(offset).ok_or(TRUNCATED)?;
    rest.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)).ok_or(TRUNCATED)
}

/// Length and offset of the field whose eight bytes are at `header`.
fn location_at(message: &[u8], header: usize) -> Result<(usize, usize), AuthError> {
    let (_, rest) = message.split_at_checked(header).ok_or(TRUNCATED)?;
    let [l0, l1, _, _, o0, o1, o2, o3] = rest.first_chunk::<8>().ok_or(TRUNCATED)?;
    let offset = u32::from_le_bytes([*o0, *o1, *o2, *o3]);
    let length = u16::from_le_bytes([*l0, *l1]);
    Ok((usize::from(length), usize::try_from(offset).map_err(|_| TRUNCATED)?))
}

/// The bytes of an AUTHENTICATE field: inside the message and behind the fixed part.
fn field_at(message: &[u8], header: usize) -> Result<&[u8], AuthError> {
    let (length, offset) = location_at(message, header)?;
    if length == 0 {
        return Ok(&[]);
    }
    if offset < AUTHENTICATE_FIXED {
        return Err(AuthError::Malformed("AUTHENTICATE: a field over the header"));
    }
    let end = offset.checked_add(length).ok_or(TRUNCATED)?;
    message.get(offset..end).ok_or(TRUNCATED)
}

fn name_at(message: &[u8], header: usize) -> Result<String, AuthError> {
    const BAD_NAME: AuthError = AuthError::Malformed("AUTHENTICATE: a name");
    let bytes = field_at(message, header)?;
    let (units, rest) = bytes.as_chunks::<2>();
    if bytes.len() > MAX_NAME || !rest.is_empty() {
        return Err(BAD_NAME);
    }
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let name = String::from_utf16(&units).map_err(|_| BAD_NAME)?;
    if name.contains('\0') { Err(BAD_NAME) } else { Ok(name) }
}

const TRUNCATED: AuthError = AuthError::Malformed("NTLM message: truncated");
