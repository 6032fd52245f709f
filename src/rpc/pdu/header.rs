//! The common header (C706 12.6.3.1).

use bitflags::bitflags;

use super::{HEADER_LEN, PduError, TRAILER_LEN, Writer};
use crate::ndr::ByteOrder;

bitflags! {
    /// `pfc_flags`. Bit 0x04 means two things, by type ([MS-RPCE] 2.2.2.3). Unknown bits are kept.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct PfcFlags: u8 {
        /// First fragment.
        const FIRST = 0x01;
        /// Last fragment.
        const LAST = 0x02;
        /// Bind family: header signing is supported.
        const SUPPORT_HEADER_SIGN = 0x04;
        /// Other types: a cancel was pending at the sender.
        const PENDING_CANCEL = 0x04;
        /// Concurrent multiplexing is supported.
        const CONC_MPX = 0x10;
        /// On a fault: the call was not executed.
        const DID_NOT_EXECUTE = 0x20;
        /// The caller wants no answer. Ignored, as Windows does.
        const MAYBE = 0x40;
        /// An object UUID follows the fixed fields of a request.
        const OBJECT_UUID = 0x80;
        const _ = !0;
    }
}

/// Packet type of the connection-oriented protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PduType {
    /// request, 0.
    Request,
    /// response, 2.
    Response,
    /// fault, 3.
    Fault,
    /// bind, 11.
    Bind,
    /// bind_ack, 12.
    BindAck,
    /// bind_nak, 13.
    BindNak,
    /// alter_context, 14.
    AlterContext,
    /// alter_context_resp, 15.
    AlterContextResponse,
    /// rpc_auth_3, 16.
    Auth3,
    /// shutdown, 17.
    Shutdown,
    /// co_cancel, 18.
    CoCancel,
    /// orphaned, 19.
    Orphaned,
}

const TYPES: [(PduType, u8); 12] = [
    (PduType::Request, 0),
    (PduType::Response, 2),
    (PduType::Fault, 3),
    (PduType::Bind, 11),
    (PduType::BindAck, 12),
    (PduType::BindNak, 13),
    (PduType::AlterContext, 14),
    (PduType::AlterContextResponse, 15),
    (PduType::Auth3, 16),
    (PduType::Shutdown, 17),
    (PduType::CoCancel, 18),
    (PduType::Orphaned, 19),
];

impl PduType {
    /// The value on the wire.
    pub fn to_wire(self) -> u8 {
        TYPES.iter().find(|(ptype, _)| *ptype == self).map_or(u8::MAX, |(_, value)| *value)
    }

    /// From the value on the wire; connectionless types are not known here.
    pub fn from_wire(value: u8) -> Option<Self> {
        TYPES.iter().find(|(_, wire)| *wire == value).map(|(ptype, _)| *ptype)
    }

    /// Every type but request, response and fault: these cannot be fragmented, and are taken up
    /// to 65,535 bytes whatever fragment size is negotiated.
    pub fn is_bind_family(self) -> bool {
        !matches!(self, Self::Request | Self::Response | Self::Fault)
    }
}

/// Data representation label. Only ASCII and IEEE floating point are spoken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Drep([u8; 4]);

impl Drep {
    /// Little-endian, ASCII, IEEE.
    pub const LITTLE: Self = Self([0x10, 0, 0, 0]);
    /// Big-endian, ASCII, IEEE.
    pub const BIG: Self = Self([0; 4]);

    /// Checks a label; the last two bytes are reserved and kept.
    pub fn from_wire(label: [u8; 4]) -> Result<Self, PduError> {
        match label {
            [0x00 | 0x10, 0, ..] => Ok(Self(label)),
            _ => Err(PduError::DataRepresentation(label)),
        }
    }

    /// The label's bytes.
    pub fn to_wire(self) -> [u8; 4] {
        self.0
    }

    /// Byte order of integers in header and stub.
    pub fn order(self) -> ByteOrder {
        if self.is_big_endian() { ByteOrder::Big } else { ByteOrder::Little }
    }

    pub(super) fn is_big_endian(self) -> bool {
        let [first, ..] = self.0;
        first == 0
    }

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.is_big_endian() { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.is_big_endian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// The common header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Minor version, 0 or 1; the major version is 5.
    pub version_minor: u8,
    /// Packet type.
    pub ptype: PduType,
    /// Flags.
    pub flags: PfcFlags,
    /// Data representation label.
    pub drep: Drep,
    /// Size of the whole PDU, in bytes.
    pub frag_length: u16,
    /// Size of the security provider's token, in bytes; 0 where there is no security trailer.
    pub auth_length: u16,
    /// Identifies the call, or the bind exchange.
    pub call_id: u32,
}

impl Header {
    /// Reads a header and checks what it says by itself: version, type, label, lengths.
    pub fn decode(bytes: [u8; HEADER_LEN]) -> Result<Self, PduError> {
        let [major, minor, ptype, flags, d0, d1, d2, d3, f0, f1, a0, a1, c0, c1, c2, c3] = bytes;
        if major != 5 || minor > 1 {
            return Err(PduError::Version(major, minor));
        }
        let drep = Drep::from_wire([d0, d1, d2, d3])?;
        let header = Self {
            version_minor: minor,
            ptype: PduType::from_wire(ptype).ok_or(PduError::Type(ptype))?,
            flags: PfcFlags::from_bits_retain(flags),
            drep,
            frag_length: drep.u16([f0, f1]),
            auth_length: drep.u16([a0, a1]),
            call_id: drep.u32([c0, c1, c2, c3]),
        };
        header.check_lengths()?;
        Ok(header)
    }

    fn check_lengths(&self) -> Result<(), PduError> {
        let auth = match usize::from(self.auth_length) {
            0 => 0,
            token => TRAILER_LEN.saturating_add(token),
        };
        if usize::from(self.frag_length) < HEADER_LEN.saturating_add(auth) {
            return Err(PduError::Lengths { fragment: self.frag_length, auth: self.auth_length });
        }
        Ok(())
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.bytes(&[5, self.version_minor, self.ptype.to_wire(), self.flags.bits()]);
        writer.bytes(&self.drep.to_wire());
        writer.u16(self.frag_length);
        writer.u16(self.auth_length);
        writer.u32(self.call_id);
    }
}
