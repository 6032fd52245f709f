//! Frames: whole PDUs cut out of the byte stream, not read yet.

use bytes::{Bytes, BytesMut};

use super::{HEADER_LEN, Header, PduError, PduType, PfcFlags, Reader, SecTrailer, TRAILER_LEN};

/// Cuts a byte stream into frames. Holds at most one PDU (65,535 bytes) and what was pushed
/// behind it.
#[derive(Default, Debug)]
pub struct Framer {
    buffer: BytesMut,
}

impl Framer {
    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that wait for the rest of their PDU, or to be taken.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole PDU, or `None` until more bytes come. A request, response or fault larger
    /// than `max_fragment` is an error as soon as its header is there. After an error the stream
    /// has no frames any more.
    pub fn next_frame(&mut self, max_fragment: u16) -> Result<Option<Frame>, PduError> {
        let Some(start) = self.buffer.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let header = Header::decode(*start)?;
        if !header.ptype.is_bind_family() && header.frag_length > max_fragment {
            return Err(PduError::FragmentTooLong(header.frag_length));
        }
        let length = usize::from(header.frag_length);
        if self.buffer.len() < length {
            return Ok(None);
        }
        // With its last byte goes the whole buffer, so that a connection at rest holds none.
        let bytes = match self.buffer.len() == length {
            true => std::mem::take(&mut self.buffer),
            false => self.buffer.split_to(length),
        };
        Ok(Some(Frame { header, bytes }))
    }

    /// Type and call id of the PDU at the front, as far as they can be told: also of one that
    /// [`Self::next_frame`] refuses.
    pub fn peek(&self) -> Option<(PduType, u32)> {
        let start = self.buffer.first_chunk::<HEADER_LEN>()?;
        let [_, _, ptype, _, label, .., c0, c1, c2, c3] = *start;
        let call_id = [c0, c1, c2, c3];
        let call_id = match label & 0xF0 {
            0 => u32::from_be_bytes(call_id),
            _ => u32::from_le_bytes(call_id),
        };
        Some((PduType::from_wire(ptype)?, call_id))
    }
}

/// A whole PDU, its common header read and its lengths checked.
#[derive(Debug)]
pub struct Frame {
    header: Header,
    bytes: BytesMut,
}

impl Frame {
    /// The one PDU that fills `bytes`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PduError> {
        let mut framer = Framer::default();
        framer.push(bytes);
        let ptype = framer.peek().map_or(PduType::Request, |(ptype, _)| ptype);
        match framer.next_frame(u16::MAX)? {
            Some(frame) if framer.buffered() == 0 => Ok(frame),
            _ => Err(PduError::Malformed(ptype)),
        }
    }

    /// The common header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The fixed part of the security trailer, if there is one.
    pub fn trailer(&self) -> Result<Option<SecTrailer>, PduError> {
        let Some(at) = self.trailer_offset() else {
            return Ok(None);
        };
        let bytes = self.bytes.get(at..).unwrap_or_default();
        let mut reader =
            Reader::new(Bytes::copy_from_slice(bytes), self.header.drep, self.header.ptype);
        SecTrailer::decode(&mut reader).map(Some)
    }

    /// The PDU's bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// The security provider's token; empty where there is none.
    pub fn token(&self) -> &[u8] {
        let length = usize::from(self.header.auth_length);
        let at = self.bytes.len().saturating_sub(length);
        self.bytes.get(at..).unwrap_or_default()
    }

    /// The presentation context that a request, response or fault names; 0 where it is too short.
    pub fn context_id(&self) -> u16 {
        match self.bytes.get(20..22) {
            Some(&[a, b]) => self.header.drep.u16([a, b]),
            _ => 0,
        }
    }

    /// Where the security trailer begins.
    pub(super) fn trailer_offset(&self) -> Option<usize> {
        let auth_length = usize::from(self.header.auth_length);
        let behind = auth_length.saturating_add(TRAILER_LEN);
        (auth_length > 0).then(|| self.bytes.len().saturating_sub(behind))
    }

    /// Where the stub of a request or response begins.
    pub(super) fn stub_offset(&self) -> usize {
        let object = self.header.ptype == PduType::Request
            && self.header.flags.contains(PfcFlags::OBJECT_UUID);
        if object { 40 } else { 24 }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes.freeze()
    }
}
