//! Per-message protection: a security context applied to requests and responses
//! ([MS-RPCE] 3.3.1.5.2.2).

use bytes::Bytes;

use super::{Body, FIXED_LEN, Frame, Pdu, PduError, Request, Response, SecTrailer, TRAILER_LEN};
use crate::auth::{AuthError, AuthLevel, PduParts, SecurityContext};

/// The security trailer is aligned to this, from the start of the stub.
const ALIGNMENT: usize = 16;

/// What a PDU is protected with.
pub struct Protection<'a> {
    /// The security context.
    pub context: &'a mut dyn SecurityContext,
    /// The level of the context.
    pub level: AuthLevel,
    /// `auth_type` on the wire.
    pub auth_type: u8,
    /// `auth_level` on the wire.
    pub auth_level: u8,
    /// `auth_context_id`.
    pub context_id: u32,
    /// Whether both sides agreed on header signing.
    pub header_signing: bool,
}

/// A PDU that cannot be protected, or whose protection does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtectError {
    /// The PDU itself.
    #[error(transparent)]
    Pdu(#[from] PduError),
    /// The security provider.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The provider's token has another length than it announced.
    #[error("security token of {got} bytes where {announced} were announced")]
    TokenLength {
        /// What [`SecurityContext::token_len`] said.
        announced: usize,
        /// What [`SecurityContext::protect`] returned.
        got: usize,
    },
}

/// How many bytes of stub a fragment of at most `max_fragment` bytes can carry with a token of
/// `token_len` bytes (0: no trailer). `object` says whether a request carries an object UUID.
pub fn stub_capacity(max_fragment: u16, token_len: usize, object: bool) -> usize {
    let fixed = if object { FIXED_LEN.saturating_add(16) } else { FIXED_LEN };
    let room = usize::from(max_fragment).saturating_sub(fixed);
    if token_len == 0 {
        return room & !7;
    }
    room.saturating_sub(TRAILER_LEN).saturating_sub(token_len) & !(ALIGNMENT.saturating_sub(1))
}

/// Encodes a request or response with its security trailer: pads, signs, and at privacy seals.
/// `pdu.auth` is ignored. A provider that has no token at this level (connect) leaves the PDU
/// without a trailer.
pub fn protect(mut pdu: Pdu, protection: &mut Protection<'_>) -> Result<Vec<u8>, ProtectError> {
    pdu.auth = None;
    let token_len = protection.context.token_len(protection.level);
    if token_len == 0 {
        return Ok(pdu.encode()?);
    }
    let (mut writer, stub_at) = pdu.encode_body()?;
    let stub_len = writer.len().saturating_sub(stub_at);
    let padding = stub_len.next_multiple_of(ALIGNMENT).saturating_sub(stub_len);
    writer.zeros(padding);
    let trailer = SecTrailer {
        auth_type: protection.auth_type,
        auth_level: protection.auth_level,
        pad_length: u8::try_from(padding).map_err(|_| PduError::TooLarge("padding"))?,
        reserved: 0,
        context_id: protection.context_id,
    };
    let trailer_at = writer.len();
    trailer.encode(&mut writer);
    let length = writer.len().saturating_add(token_len);
    let mut bytes = writer.finish_with(length, token_len)?;
    let parts = split(&mut bytes, stub_at, trailer_at, protection.header_signing)?;
    let token = protection.context.protect(protection.level, parts)?;
    if token.len() != token_len {
        return Err(ProtectError::TokenLength { announced: token_len, got: token.len() });
    }
    bytes.extend_from_slice(&token);
    Ok(bytes)
}

/// Checks a received request or response in place, and unseals it at privacy. The caller has
/// compared the trailer's type, level and context id with the context. A frame without trailer
/// is an error here.
pub fn unprotect(frame: &mut Frame, protection: &mut Protection<'_>) -> Result<(), ProtectError> {
    let malformed = PduError::Malformed(frame.header().ptype);
    let trailer = frame.trailer()?.ok_or(malformed)?;
    let trailer_at = frame.trailer_offset().ok_or(malformed)?;
    let stub_at = frame.stub_offset();
    let body_len = trailer_at.checked_sub(stub_at).ok_or(malformed)?;
    if usize::from(trailer.pad_length) > body_len {
        return Err(PduError::Padding(trailer.pad_length).into());
    }
    let token_at = trailer_at.saturating_add(TRAILER_LEN);
    let bytes = frame.bytes_mut();
    let (covered, token) = bytes.split_at_mut_checked(token_at).ok_or(malformed)?;
    let parts = split(covered, stub_at, trailer_at, protection.header_signing)?;
    protection.context.unprotect(protection.level, parts, token)?;
    Ok(())
}

/// Header, stub with padding, trailer; `bytes` ends with the trailer.
fn split(
    bytes: &mut [u8],
    stub_at: usize,
    trailer_at: usize,
    header_signing: bool,
) -> Result<PduParts<'_>, PduError> {
    let out_of_bounds = PduError::TooLarge("stub");
    let (front, trailer) = bytes.split_at_mut_checked(trailer_at).ok_or(out_of_bounds)?;
    let (header, body) = front.split_at_mut_checked(stub_at).ok_or(out_of_bounds)?;
    Ok(PduParts { header, body, trailer, header_signing })
}

impl Pdu {
    /// The stub of a request or response without its authentication padding; empty for others.
    pub fn stub(&self) -> Bytes {
        let (Body::Request(Request { stub, .. }) | Body::Response(Response { stub, .. })) =
            &self.body
        else {
            return Bytes::new();
        };
        let padding = self.auth.as_ref().map_or(0, |auth| usize::from(auth.trailer.pad_length));
        stub.slice(..stub.len().saturating_sub(padding))
    }
}
