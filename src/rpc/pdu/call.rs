//! Bodies of request, response and fault (C706 12.6.4.7, 12.6.4.9, 12.6.4.10).

use bytes::Bytes;
use uuid::Uuid;

use super::{Header, PduError, PfcFlags, Reader, Writer};

/// Body of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// 0, or how many bytes of stub are still to come, this fragment included.
    pub alloc_hint: u32,
    /// Presentation context.
    pub context_id: u16,
    /// Operation number.
    pub opnum: u16,
    /// Object UUID.
    pub object: Option<Uuid>,
    /// Stub; with a security trailer, its padding too.
    pub stub: Bytes,
}

/// Body of a response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// 0, or how many bytes of stub are still to come, this fragment included.
    pub alloc_hint: u32,
    /// Presentation context of the request.
    pub context_id: u16,
    /// How many cancels were received.
    pub cancel_count: u8,
    /// Reserved; ignored.
    pub reserved: u8,
    /// Stub; with a security trailer, its padding too.
    pub stub: Bytes,
}

/// Body of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// As Windows sends it: the size of the PDU without a trailer.
    pub alloc_hint: u32,
    /// Presentation context of the request.
    pub context_id: u16,
    /// How many cancels were received.
    pub cancel_count: u8,
    /// Bit 0: extended error information follows ([MS-EERR]).
    pub flags: u8,
    /// nca_, NTSTATUS, Win32 or HRESULT code.
    pub status: u32,
    /// Four reserved bytes, then extended error information. Ignored.
    pub rest: Bytes,
}

impl Request {
    pub(super) fn decode(header: &Header, reader: &mut Reader) -> Result<Self, PduError> {
        let (alloc_hint, context_id, opnum) = (reader.u32()?, reader.u16()?, reader.u16()?);
        let object = match header.flags.contains(PfcFlags::OBJECT_UUID) {
            true => Some(reader.uuid()?),
            false => None,
        };
        Ok(Self { alloc_hint, context_id, opnum, object, stub: reader.rest() })
    }

    /// Returns the offset of the stub.
    pub(super) fn encode(&self, writer: &mut Writer) -> usize {
        writer.u32(self.alloc_hint);
        writer.u16(self.context_id);
        writer.u16(self.opnum);
        if let Some(object) = &self.object {
            writer.uuid(object);
        }
        let stub_at = writer.len();
        writer.bytes(&self.stub);
        stub_at
    }
}

impl Response {
    pub(super) fn decode(_: &Header, reader: &mut Reader) -> Result<Self, PduError> {
        Ok(Self {
            alloc_hint: reader.u32()?,
            context_id: reader.u16()?,
            cancel_count: reader.u8()?,
            reserved: reader.u8()?,
            stub: reader.rest(),
        })
    }

    /// Returns the offset of the stub.
    pub(super) fn encode(&self, writer: &mut Writer) -> usize {
        writer.u32(self.alloc_hint);
        writer.u16(self.context_id);
        writer.u8(self.cancel_count);
        writer.u8(self.reserved);
        let stub_at = writer.len();
        writer.bytes(&self.stub);
        stub_at
    }
}

impl Fault {
    /// A fault of ours, as Windows shapes it.
    pub fn new(context_id: u16, status: u32) -> Self {
        Self {
            alloc_hint: 32,
            context_id,
            cancel_count: 0,
            flags: 0,
            status,
            rest: Bytes::from_static(&[0; 4]),
        }
    }

    pub(super) fn decode(_: &Header, reader: &mut Reader) -> Result<Self, PduError> {
        Ok(Self {
            alloc_hint: reader.u32()?,
            context_id: reader.u16()?,
            cancel_count: reader.u8()?,
            flags: reader.u8()?,
            status: reader.u32()?,
            rest: reader.rest(),
        })
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.u32(self.alloc_hint);
        writer.u16(self.context_id);
        writer.u8(self.cancel_count);
        writer.u8(self.flags);
        writer.u32(self.status);
        writer.bytes(&self.rest);
    }
}
