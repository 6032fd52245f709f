//! The writing end: alignment, counts, referent ids.

use std::collections::HashMap;

use super::{Align, ByteOrder, EncodeError, Encoding, MAX_DEPTH, Ndr, Syntax};

/// Referent id of the first pointer; each further one is [`REFERENT_STEP`] higher, as Windows
/// numbers them.
const FIRST_REFERENT: u32 = 0x0002_0000;
const REFERENT_STEP: u32 = 4;

/// Writes one stub.
#[derive(Debug)]
pub struct Encoder {
    encoding: Encoding,
    buffer: Vec<u8>,
    next_referent: u32,
    depth: usize,
    /// Full pointers by address: their ids, and whether the referent is written.
    full: HashMap<usize, (u32, bool)>,
}

impl Encoder {
    /// An empty stub.
    pub fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            buffer: Vec::new(),
            next_referent: FIRST_REFERENT,
            depth: 0,
            full: HashMap::new(),
        }
    }

    /// How the stub is encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The stub.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    /// Writes a whole construct: hoisted counts, flat part, referents of embedded pointers.
    /// A top-level parameter is one, and so is every referent (C706 14.3.12.3).
    pub fn value<T: Ndr>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.encode_conformance(self)?;
        value.encode(self)?;
        value.encode_deferred(self)
    }

    /// Writes a whole construct in NDR 2.0, whatever the syntax of the stub is: the implicit
    /// parameters of object calls ([MS-DCOM] 2.2.13).
    pub fn value_in_ndr20<T: Ndr>(&mut self, value: &T) -> Result<(), EncodeError> {
        let syntax = std::mem::replace(&mut self.encoding.syntax, Syntax::Ndr20);
        let result = self.value(value);
        self.encoding.syntax = syntax;
        result
    }

    /// Writes the referent of a pointer.
    pub fn referent<T: Ndr>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(EncodeError::Depth);
        }
        self.value(value)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    /// Pads with zeros to a multiple of `align`.
    pub fn align(&mut self, align: Align) {
        self.align_to(align.of(self.encoding.syntax));
    }

    /// Pads as [`align`](Self::align) does, but in NDR64 only: gaps at the end of structures
    /// and around the arms of unions ([MS-RPCE] 2.2.5.3.4.1 and 2.2.5.3.4.4).
    pub fn align64(&mut self, align: Align) {
        if self.encoding.syntax == Syntax::Ndr64 {
            self.align(align);
        }
    }

    fn align_to(&mut self, align: usize) {
        if let Some(len) = self.buffer.len().checked_next_multiple_of(align) {
            self.buffer.resize(len, 0);
        }
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Writes an integer of `N` bytes, aligned to its size.
    pub(super) fn integer<const N: usize>(&mut self, mut little: [u8; N]) {
        if self.encoding.order == ByteOrder::Big {
            little.reverse();
        }
        self.align_to(N);
        self.bytes(&little);
    }

    /// Writes an element count: 4 bytes, in NDR64 8.
    pub fn count(&mut self, count: usize) -> Result<(), EncodeError> {
        let count = i32::try_from(count).map_err(|_| EncodeError::Count(count))?;
        match self.encoding.syntax {
            Syntax::Ndr20 => self.integer(count.to_le_bytes()),
            Syntax::Ndr64 => self.integer(i64::from(count).to_le_bytes()),
        }
        Ok(())
    }

    /// Writes a pointer's representation: a fresh referent id, or 0 for NULL.
    pub fn pointer(&mut self, present: bool) {
        let id = if present { self.new_referent() } else { 0 };
        self.referent_id(id);
    }

    /// Writes a full pointer's representation; the same address gives the same id.
    pub(super) fn full_pointer(&mut self, address: Option<usize>) {
        let id = match address {
            None => 0,
            Some(address) => match self.full.get(&address) {
                Some(&(id, _)) => id,
                None => {
                    let id = self.new_referent();
                    self.full.insert(address, (id, false));
                    id
                }
            },
        };
        self.referent_id(id);
    }

    /// Whether the referent at this address must be written now: only at its first pointer.
    pub(super) fn first_visit(&mut self, address: usize) -> bool {
        self.full.get_mut(&address).is_some_and(|(_, written)| !std::mem::replace(written, true))
    }

    fn new_referent(&mut self) -> u32 {
        let id = self.next_referent;
        self.next_referent = self.next_referent.wrapping_add(REFERENT_STEP);
        id
    }

    fn referent_id(&mut self, id: u32) {
        match self.encoding.syntax {
            Syntax::Ndr20 => self.integer(id.to_le_bytes()),
            Syntax::Ndr64 => self.integer(u64::from(id).to_le_bytes()),
        }
    }

    /// Writes an enumeration that has 16 bits in NDR 2.0 and 32 in NDR64.
    pub fn enum16(&mut self, value: u16) {
        match self.encoding.syntax {
            Syntax::Ndr20 => self.integer(value.to_le_bytes()),
            Syntax::Ndr64 => self.integer(u32::from(value).to_le_bytes()),
        }
    }
}
