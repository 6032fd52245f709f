//! Cursors over PDU fields, in the byte order of the data representation label.

use bytes::{Buf, Bytes};
use uuid::Uuid;

use super::{Drep, PduError, PduType};

/// Reads fields; every read past the end is [`PduError::Malformed`].
pub(super) struct Reader {
    bytes: Bytes,
    drep: Drep,
    ptype: PduType,
}

impl Reader {
    pub(super) fn new(bytes: Bytes, drep: Drep, ptype: PduType) -> Self {
        Self { bytes, drep, ptype }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PduError> {
        let mut array = [0; N];
        self.bytes.try_copy_to_slice(&mut array).map_err(|_| self.malformed())?;
        Ok(array)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<Bytes, PduError> {
        if len > self.bytes.len() {
            return Err(self.malformed());
        }
        Ok(self.bytes.split_to(len))
    }

    pub(super) fn u8(&mut self) -> Result<u8, PduError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, PduError> {
        self.array().map(|array| self.drep.u16(array))
    }

    pub(super) fn u32(&mut self) -> Result<u32, PduError> {
        self.array().map(|array| self.drep.u32(array))
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, PduError> {
        let array = self.array()?;
        let big_endian = self.drep.is_big_endian();
        Ok(if big_endian { Uuid::from_bytes(array) } else { Uuid::from_bytes_le(array) })
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// What was not read yet.
    pub(super) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn malformed(&self) -> PduError {
        PduError::Malformed(self.ptype)
    }
}

/// Writes fields; [`Writer::finish`] puts the lengths into the header.
pub(super) struct Writer {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Writer {
    pub(super) fn new(drep: Drep) -> Self {
        Self { bytes: Vec::with_capacity(256), big_endian: drep.is_big_endian() }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        let array = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes(&array);
    }

    pub(super) fn u32(&mut self, value: u32) {
        let array = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes(&array);
    }

    pub(super) fn uuid(&mut self, value: &Uuid) {
        let array = if self.big_endian { value.into_bytes() } else { value.to_bytes_le() };
        self.bytes(&array);
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len().saturating_add(count), 0);
    }

    /// Zeros up to the next multiple of `alignment` from the start of the PDU.
    pub(super) fn align(&mut self, alignment: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
    }

    /// Fills in `frag_length` and `auth_length`.
    pub(super) fn finish(self, auth_length: usize) -> Result<Vec<u8>, PduError> {
        let length = self.bytes.len();
        self.finish_with(length, auth_length)
    }

    /// As [`Self::finish`], for a PDU that will grow to `frag_length`.
    pub(super) fn finish_with(
        mut self,
        frag_length: usize,
        auth_length: usize,
    ) -> Result<Vec<u8>, PduError> {
        let mut lengths = Writer { bytes: Vec::with_capacity(4), big_endian: self.big_endian };
        lengths.u16(u16::try_from(frag_length).map_err(|_| PduError::TooLarge("fragment"))?);
        lengths.u16(u16::try_from(auth_length).map_err(|_| PduError::TooLarge("token"))?);
        if let Some(field) = self.bytes.get_mut(8..12) {
            field.copy_from_slice(&lengths.bytes);
        }
        Ok(self.bytes)
    }
}
