//! The tokens of authentication type 68: NL_AUTH_MESSAGE and NL_AUTH_SHA2_SIGNATURE ([MS-NRPC]
//! 2.2.1.3.1, 2.2.1.3.3).

use super::crypto::Credential;
use crate::auth::AuthError;

/// Length of a signature on the wire, in bytes: 32 in use, 24 of zeros.
pub const SIGNATURE_LEN: usize = 56;
/// HMAC-SHA256, AES-128, padding, no flags: the only algorithms that are spoken.
const ALGORITHMS: [u8; 8] = [0x13, 0, 0x1A, 0, 0xFF, 0xFF, 0, 0];
/// NetBIOS names of domain and computer are there.
const NETBIOS_NAMES: u32 = 3;

/// The client's NL_AUTH_MESSAGE: who it is, by NetBIOS names.
pub fn negotiate(domain: &str, computer: &str) -> Result<Vec<u8>, AuthError> {
    let mut token = [0, NETBIOS_NAMES].map(u32::to_le_bytes).concat();
    for name in [domain, computer] {
        if name.is_empty() || !name.is_ascii() || name.contains('\0') {
            return Err(AuthError::Refused("a NetBIOS name that is empty or not ASCII"));
        }
        token.extend_from_slice(name.as_bytes());
        token.push(0);
    }
    Ok(token)
}

/// The server's NL_AUTH_MESSAGE, 12 bytes.
pub fn negotiate_response() -> Vec<u8> {
    [1, 0, 0].map(u32::to_le_bytes).concat()
}

/// Checks the server's NL_AUTH_MESSAGE ([MS-NRPC] 3.3.4.1.4).
pub fn check_negotiate_response(token: &[u8]) -> Result<(), AuthError> {
    match token.split_first_chunk::<4>() {
        Some((message_type, rest)) if *message_type == [1, 0, 0, 0] && rest.len() >= 8 => Ok(()),
        _ => Err(AuthError::Malformed("answer to NL_AUTH_MESSAGE")),
    }
}

/// Reads the NetBIOS names of domain and computer in a client's NL_AUTH_MESSAGE; what else it
/// carries is skipped. For tests, which play the domain controller.
pub fn parse_negotiate(token: &[u8]) -> Result<(String, String), AuthError> {
    const MALFORMED: AuthError = AuthError::Malformed("NL_AUTH_MESSAGE");
    let (message_type, rest) = token.split_first_chunk::<4>().ok_or(MALFORMED)?;
    let (flags, names) = rest.split_first_chunk::<4>().ok_or(MALFORMED)?;
    let both = u32::from_le_bytes(*flags) & NETBIOS_NAMES == NETBIOS_NAMES;
    if *message_type != [0; 4] || !both {
        return Err(MALFORMED);
    }
    let mut names = names.split(|byte| *byte == 0);
    let mut name = || {
        let bytes = names.next().filter(|name| !name.is_empty()).ok_or(MALFORMED)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| MALFORMED)
    };
    Ok((name()?, name()?))
}

/// NL_AUTH_SHA2_SIGNATURE with sealing: everything behind the algorithms is as the wire has it,
/// sequence number and confounder encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The sequence number, encrypted.
    pub sequence: Credential,
    /// The first eight bytes of the checksum.
    pub checksum: Credential,
    /// Random bytes in front of the message, encrypted.
    pub confounder: Credential,
}

impl Signature {
    /// The bytes that the checksum begins with.
    pub const ALGORITHMS: [u8; 8] = ALGORITHMS;

    /// The token.
    pub fn encode(&self) -> Vec<u8> {
        let mut token = [ALGORITHMS, self.sequence, self.checksum, self.confounder].concat();
        token.resize(SIGNATURE_LEN, 0);
        token
    }

    /// Reads a token. Other algorithms, sign-only included, are refused; the flags and what
    /// lies behind the confounder mean nothing.
    pub fn parse(token: &[u8]) -> Result<Self, AuthError> {
        const MALFORMED: AuthError = AuthError::Malformed("NL_AUTH_SHA2_SIGNATURE");
        let (algorithms, rest) = token.split_first_chunk::<8>().ok_or(MALFORMED)?;
        if algorithms.first_chunk::<6>() != ALGORITHMS.first_chunk::<6>() {
            return Err(AuthError::Refused("a Netlogon signature without AES sealing"));
        }
        let (sequence, rest) = rest.split_first_chunk::<8>().ok_or(MALFORMED)?;
        let (checksum, rest) = rest.split_first_chunk::<8>().ok_or(MALFORMED)?;
        let (confounder, rest) = rest.split_first_chunk::<8>().ok_or(MALFORMED)?;
        if rest.len() > SIGNATURE_LEN.saturating_sub(32) {
            return Err(MALFORMED);
        }
        Ok(Self { sequence: *sequence, checksum: *checksum, confounder: *confounder })
    }
}
