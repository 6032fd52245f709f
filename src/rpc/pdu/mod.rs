//! The codec of connection-oriented PDUs (C706 12.6, [MS-RPCE] 2.2.2).
//!
//! A [`Framer`] cuts the byte stream into [`Frame`]s; where a frame carries a security trailer,
//! [`unprotect`] checks and unseals it in place; [`Pdu::decode`] reads it. The way out is
//! [`Pdu::encode`] or [`protect`]. Both byte orders are read and written; an answer of ours is
//! always [`Drep::LITTLE`]. What is decoded encodes to the same bytes, save reserved fields.

#![deny(clippy::arithmetic_side_effects)]

mod bind;
mod call;
mod frame;
mod header;
mod protect;
mod wire;

#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use bind::{
    Bind, BindAck, BindNak, BindTimeFeatures, ContextResult, NDR_SYNTAX, NDR64_SYNTAX, NakReason,
    PresentationContext, ResultCode, syntax_of,
};
pub use call::{Fault, Request, Response};
pub use frame::{Frame, Framer};
pub use header::{Drep, Header, PduType, PfcFlags};
pub use protect::{ProtectError, Protection, protect, stub_capacity, unprotect};
use wire::{Reader, Writer};

/// Size of the common header, in bytes.
pub const HEADER_LEN: usize = 16;
/// Common header and fixed fields of a request without object UUID, in bytes.
const FIXED_LEN: usize = 24;
/// Size of a security trailer without its token, in bytes.
pub const TRAILER_LEN: usize = 8;
/// The fragment size that Windows proposes on TCP, in bytes.
pub const DEFAULT_FRAGMENT: u16 = 5840;
/// The fragment size that everybody must be able to take (C706 12.6.3.1), in bytes.
pub const MIN_FRAGMENT: u16 = 1432;

/// A whole PDU.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pdu {
    /// Minor version of the protocol, 0 or 1; the major version is 5.
    pub version_minor: u8,
    /// `pfc_flags`; [`PfcFlags::OBJECT_UUID`] follows [`Request::object`] when encoded.
    pub flags: PfcFlags,
    /// Data representation label.
    pub drep: Drep,
    /// Identifies the call, or the bind exchange.
    pub call_id: u32,
    /// What follows the common header.
    pub body: Body,
    /// The security trailer, if there is one.
    pub auth: Option<Auth>,
}

/// What follows the common header, by type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// request, 0.
    Request(Request),
    /// response, 2.
    Response(Response),
    /// fault, 3.
    Fault(Fault),
    /// bind, 11.
    Bind(Bind),
    /// bind_ack, 12.
    BindAck(BindAck),
    /// bind_nak, 13.
    BindNak(BindNak),
    /// alter_context, 14.
    AlterContext(Bind),
    /// alter_context_resp, 15.
    AlterContextResponse(BindAck),
    /// rpc_auth_3, 16, with its four padding bytes.
    Auth3([u8; 4]),
    /// shutdown, 17.
    Shutdown,
    /// co_cancel, 18.
    CoCancel,
    /// orphaned, 19.
    Orphaned,
}

/// A security trailer and its token ([MS-RPCE] 2.2.2.11).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Auth {
    /// The eight bytes of `sec_trailer`. On requests and responses, `pad_length` bytes at the end
    /// of the stub are padding; on other PDUs, what aligns the trailer is counted when encoded.
    pub trailer: SecTrailer,
    /// The bytes between the body and the trailer. Empty on requests and responses, where they
    /// are sealed together with the stub and stay at its end.
    pub padding: Bytes,
    /// The security provider's token. Empty where Windows answers the last leg without a token;
    /// `auth_length` is then zero, and who reads the PDU takes it for one without a trailer.
    pub token: Bytes,
}

/// The fixed part of a security trailer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecTrailer {
    /// Security provider ([MS-RPCE] 2.2.1.1.7).
    pub auth_type: u8,
    /// Authentication level ([MS-RPCE] 2.2.1.1.8).
    pub auth_level: u8,
    /// Bytes of padding in front of the trailer.
    pub pad_length: u8,
    /// Reserved; ignored.
    pub reserved: u8,
    /// Which security context of the connection.
    pub context_id: u32,
}

/// Bytes that are not a PDU, or a PDU that does not fit its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PduError {
    /// The protocol version is not 5.0 or 5.1.
    #[error("protocol version {0}.{1} is not supported")]
    Version(u8, u8),
    /// The packet type is not one of the connection-oriented protocol.
    #[error("packet type {0} is not known")]
    Type(u8),
    /// Not ASCII, IEEE, and big-endian or little-endian integers.
    #[error("data representation {0:02x?} is not supported")]
    DataRepresentation([u8; 4]),
    /// `frag_length` and `auth_length` contradict each other or the type's smallest size.
    #[error("fragment length {fragment} with authentication length {auth} is not possible")]
    Lengths {
        /// `frag_length`.
        fragment: u16,
        /// `auth_length`.
        auth: u16,
    },
    /// The fragment is larger than what was negotiated.
    #[error("fragment of {0} bytes exceeds the negotiated size")]
    FragmentTooLong(u16),
    /// The body ends before its fields do, or a count in it is not possible.
    #[error("malformed {0:?} PDU")]
    Malformed(PduType),
    /// `auth_pad_length` exceeds the body, or does not fit it.
    #[error("authentication padding of {0} bytes does not fit the body")]
    Padding(u8),
    /// What is to be encoded is larger than its field.
    #[error("{0} does not fit its field")]
    TooLarge(&'static str),
}

impl Pdu {
    /// A PDU of ours: version 5.0, little-endian, first and last fragment, no trailer.
    pub fn new(call_id: u32, body: Body) -> Self {
        Self {
            version_minor: 0,
            flags: PfcFlags::FIRST | PfcFlags::LAST,
            drep: Drep::LITTLE,
            call_id,
            body,
            auth: None,
        }
    }

    /// Reads a whole frame. Sealed stubs come out as they are; see [`unprotect`].
    pub fn decode(frame: Frame) -> Result<Self, PduError> {
        let header = *frame.header();
        let auth_at = frame.trailer_offset();
        let mut bytes = frame.into_bytes();
        let auth = auth_at.map(|at| bytes.split_off(at));
        let mut reader = Reader::new(bytes.split_off(HEADER_LEN), header.drep, header.ptype);
        let body = Body::decode(&header, &mut reader)?;
        let auth = match auth {
            Some(bytes) => Some(Auth::decode(&header, bytes, &body, reader.rest())?),
            None => None,
        };
        Ok(Self {
            version_minor: header.version_minor,
            flags: header.flags,
            drep: header.drep,
            call_id: header.call_id,
            body,
            auth,
        })
    }

    /// Writes the PDU in its data representation.
    pub fn encode(&self) -> Result<Vec<u8>, PduError> {
        let (mut writer, _) = self.encode_body()?;
        let auth_length = match &self.auth {
            Some(auth) => {
                auth.encode(&self.body, &mut writer)?;
                auth.token.len()
            }
            None => 0,
        };
        writer.finish(auth_length)
    }

    /// Writes header and body, lengths still zero; returns the offset of the stub too.
    fn encode_body(&self) -> Result<(Writer, usize), PduError> {
        let mut writer = Writer::new(self.drep);
        Header {
            version_minor: self.version_minor,
            ptype: self.body.ptype(),
            flags: self.wire_flags(),
            drep: self.drep,
            frag_length: 0,
            auth_length: 0,
            call_id: self.call_id,
        }
        .encode(&mut writer);
        let stub_at = self.body.encode(&mut writer)?;
        Ok((writer, stub_at))
    }

    fn wire_flags(&self) -> PfcFlags {
        let mut flags = self.flags;
        if let Body::Request(request) = &self.body {
            flags.set(PfcFlags::OBJECT_UUID, request.object.is_some());
        }
        flags
    }
}

impl Body {
    /// The packet type of this body.
    pub fn ptype(&self) -> PduType {
        match self {
            Self::Request(_) => PduType::Request,
            Self::Response(_) => PduType::Response,
            Self::Fault(_) => PduType::Fault,
            Self::Bind(_) => PduType::Bind,
            Self::BindAck(_) => PduType::BindAck,
            Self::BindNak(_) => PduType::BindNak,
            Self::AlterContext(_) => PduType::AlterContext,
            Self::AlterContextResponse(_) => PduType::AlterContextResponse,
            Self::Auth3(_) => PduType::Auth3,
            Self::Shutdown => PduType::Shutdown,
            Self::CoCancel => PduType::CoCancel,
            Self::Orphaned => PduType::Orphaned,
        }
    }

    fn decode(header: &Header, reader: &mut Reader) -> Result<Self, PduError> {
        Ok(match header.ptype {
            PduType::Request => Self::Request(Request::decode(header, reader)?),
            PduType::Response => Self::Response(Response::decode(header, reader)?),
            PduType::Fault => Self::Fault(Fault::decode(header, reader)?),
            PduType::Bind => Self::Bind(Bind::decode(reader)?),
            PduType::BindAck => Self::BindAck(BindAck::decode(reader)?),
            PduType::BindNak => Self::BindNak(BindNak::decode(reader)?),
            PduType::AlterContext => Self::AlterContext(Bind::decode(reader)?),
            PduType::AlterContextResponse => Self::AlterContextResponse(BindAck::decode(reader)?),
            PduType::Auth3 => Self::Auth3(reader.array()?),
            PduType::Shutdown => Self::Shutdown,
            PduType::CoCancel => Self::CoCancel,
            PduType::Orphaned => Self::Orphaned,
        })
    }

    /// Returns the offset of the stub, or of the end where there is none.
    fn encode(&self, writer: &mut Writer) -> Result<usize, PduError> {
        match self {
            Self::Request(request) => return Ok(request.encode(writer)),
            Self::Response(response) => return Ok(response.encode(writer)),
            Self::Fault(fault) => fault.encode(writer),
            Self::Bind(bind) | Self::AlterContext(bind) => bind.encode(writer)?,
            Self::BindAck(ack) | Self::AlterContextResponse(ack) => ack.encode(writer)?,
            Self::BindNak(nak) => nak.encode(writer)?,
            Self::Auth3(padding) => writer.bytes(padding),
            Self::Shutdown | Self::CoCancel | Self::Orphaned => {}
        }
        Ok(writer.len())
    }

    /// Whether padding is part of the stub.
    fn has_stub(&self) -> bool {
        matches!(self, Self::Request(_) | Self::Response(_))
    }
}

impl Auth {
    /// A trailer for a bind-family PDU; padding is added when it is encoded.
    pub fn new(auth_type: u8, auth_level: u8, context_id: u32, token: Bytes) -> Self {
        let trailer = SecTrailer { auth_type, auth_level, pad_length: 0, reserved: 0, context_id };
        Self { trailer, padding: Bytes::new(), token }
    }

    fn decode(header: &Header, bytes: Bytes, body: &Body, rest: Bytes) -> Result<Self, PduError> {
        let mut reader = Reader::new(bytes, header.drep, header.ptype);
        let trailer = SecTrailer::decode(&mut reader)?;
        let pad_length = usize::from(trailer.pad_length);
        let padding = match body {
            Body::Request(Request { stub, .. }) | Body::Response(Response { stub, .. }) => {
                if pad_length > stub.len() {
                    return Err(PduError::Padding(trailer.pad_length));
                }
                Bytes::new()
            }
            _ if pad_length > rest.len().max(room_for_padding(header)) => {
                return Err(PduError::Padding(trailer.pad_length));
            }
            _ => rest,
        };
        Ok(Self { trailer, padding, token: reader.rest() })
    }

    fn encode(&self, body: &Body, writer: &mut Writer) -> Result<(), PduError> {
        let mut trailer = self.trailer;
        if !body.has_stub() {
            writer.bytes(&self.padding);
            let before = writer.len();
            writer.align(4);
            let padding = writer.len().saturating_sub(before);
            let padding =
                u8::try_from(padding).map_err(|_| PduError::TooLarge("authentication padding"))?;
            trailer.pad_length = trailer.pad_length.max(padding);
        }
        trailer.encode(writer);
        writer.bytes(&self.token);
        Ok(())
    }
}

/// Windows lets the bind family claim more padding than there is, as long as it would fit behind
/// the fixed fields of a request; and less: impacket's last leg of Kerberos has a presentation
/// context behind the one that it counts.
fn room_for_padding(header: &Header) -> usize {
    let behind = usize::from(header.auth_length).saturating_add(TRAILER_LEN);
    usize::from(header.frag_length).saturating_sub(behind).saturating_sub(FIXED_LEN)
}

impl SecTrailer {
    fn decode(reader: &mut Reader) -> Result<Self, PduError> {
        Ok(Self {
            auth_type: reader.u8()?,
            auth_level: reader.u8()?,
            pad_length: reader.u8()?,
            reserved: reader.u8()?,
            context_id: reader.u32()?,
        })
    }

    fn encode(&self, writer: &mut Writer) {
        writer.bytes(&[self.auth_type, self.auth_level, self.pad_length, self.reserved]);
        writer.u32(self.context_id);
    }
}
