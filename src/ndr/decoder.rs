//! The reading end: bounded by the stub's length in bytes, memory and depth.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{Align, ByteOrder, DecodeError, Encoding, MAX_DEPTH, Ndr, Syntax};

/// A decoded value may take this many bytes of memory for each byte of its stub ...
const MEMORY_FACTOR: usize = 16;
/// ... and this many besides.
const MEMORY_BASE: usize = 0x1_0000;

/// What a full pointer brought.
#[derive(Debug)]
struct FullReferent {
    value: Arc<dyn Any + Send + Sync>,
    /// How deep pointers are nested in it.
    height: usize,
}

/// Reads one stub. Padding may hold anything; bytes behind the last value are ignored.
#[derive(Debug)]
pub struct Decoder<'a> {
    encoding: Encoding,
    stub: &'a [u8],
    offset: usize,
    /// Bytes of memory that may still be allocated.
    memory: usize,
    /// Pointers that lead to the value that is being read ...
    depth: usize,
    /// ... and how deep those in it go, as far as it is read.
    height: usize,
    /// Hoisted maximum count of the construct that is being read, until its array takes it.
    conformance: Option<u32>,
    /// Referent ids of the embedded pointers whose referents are still to come, in their order.
    pending: VecDeque<u64>,
    /// Referents of full pointers; `None` while one is being read.
    full: HashMap<u64, Option<FullReferent>>,
}

impl<'a> Decoder<'a> {
    /// Reads `stub` from its start.
    pub fn new(encoding: Encoding, stub: &'a [u8]) -> Self {
        Self {
            encoding,
            stub,
            offset: 0,
            memory: stub.len().saturating_mul(MEMORY_FACTOR).saturating_add(MEMORY_BASE),
            depth: 0,
            height: 0,
            conformance: None,
            pending: VecDeque::new(),
            full: HashMap::new(),
        }
    }

    /// How the stub is encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn remaining(&self) -> usize {
        self.stub.len().saturating_sub(self.offset)
    }

    /// Reads a whole construct: hoisted counts, flat part, referents of embedded pointers.
    pub fn value<T: Ndr>(&mut self) -> Result<T, DecodeError> {
        T::decode_conformance(self)?;
        let mut value = T::decode(self)?;
        value.decode_deferred(self)?;
        Ok(value)
    }

    /// Reads a whole construct in NDR 2.0, whatever the syntax of the stub is: the implicit
    /// parameters of object calls ([MS-DCOM] 2.2.13).
    pub fn value_in_ndr20<T: Ndr>(&mut self) -> Result<T, DecodeError> {
        let syntax = std::mem::replace(&mut self.encoding.syntax, Syntax::Ndr20);
        let result = self.value();
        self.encoding.syntax = syntax;
        result
    }

    /// Reads the referent of a pointer.
    pub fn referent<T: Ndr>(&mut self) -> Result<T, DecodeError> {
        self.deepen(1)?;
        self.charge(size_of::<T>())?;
        self.depth = self.depth.saturating_add(1);
        let pending = std::mem::take(&mut self.pending);
        let height = std::mem::take(&mut self.height);
        let value = self.value()?;
        self.height = height.max(self.height.saturating_add(1));
        self.pending = pending;
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }

    /// Checks that pointers may go this much deeper here, and takes note.
    fn deepen(&mut self, height: usize) -> Result<(), DecodeError> {
        if self.depth.saturating_add(height) > MAX_DEPTH {
            return Err(DecodeError::Depth { offset: self.offset });
        }
        self.height = self.height.max(height);
        Ok(())
    }

    /// Skips to a multiple of `align`, at most to the end of the stub.
    pub fn align(&mut self, align: Align) {
        self.align_to(align.of(self.encoding.syntax));
    }

    /// Skips as [`align`](Self::align) does, but in NDR64 only.
    pub fn align64(&mut self, align: Align) {
        if self.encoding.syntax == Syntax::Ndr64 {
            self.align(align);
        }
    }

    fn align_to(&mut self, align: usize) {
        if let Some(offset) = self.offset.checked_next_multiple_of(align) {
            self.offset = offset.min(self.stub.len());
        }
    }

    /// Takes the next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let offset = self.offset;
        let end = offset.saturating_add(len);
        let bytes = self.stub.get(offset..end).ok_or_else(|| {
            let missing = end.saturating_sub(self.stub.len());
            DecodeError::Truncated { offset, missing }
        })?;
        self.offset = end;
        Ok(bytes)
    }

    /// Takes an integer of `N` bytes, aligned to its size; little-endian in the result.
    pub(super) fn integer<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.align_to(N);
        let mut little = [0; N];
        little.copy_from_slice(self.bytes(N)?);
        if self.encoding.order == ByteOrder::Big {
            little.reverse();
        }
        Ok(little)
    }

    /// Reads an element count: 4 bytes, in NDR64 8. At most 2³¹-1 ([MS-RPCE] 3.1.1.5.3.2.2.1).
    pub fn count(&mut self) -> Result<u32, DecodeError> {
        let count = match self.encoding.syntax {
            Syntax::Ndr20 => u32::from_le_bytes(self.integer()?).into(),
            Syntax::Ndr64 => u64::from_le_bytes(self.integer()?),
        };
        match u32::try_from(count) {
            Ok(small) if i32::try_from(small).is_ok() => Ok(small),
            _ => Err(DecodeError::Count { offset: self.offset, count }),
        }
    }

    /// Reads the hoisted maximum count of a construct.
    pub fn hoist_count(&mut self) -> Result<(), DecodeError> {
        self.conformance = Some(self.count()?);
        Ok(())
    }

    /// The hoisted maximum count, for the array that it belongs to.
    pub(super) fn take_count(&mut self) -> Result<u32, DecodeError> {
        match self.conformance.take() {
            Some(count) => Ok(count),
            None => self.count(),
        }
    }

    /// Checks that `count` elements can be there, and that there is memory for them.
    pub(super) fn reserve<T: Ndr>(&mut self, count: u32) -> Result<usize, DecodeError> {
        let too_many = DecodeError::Count { offset: self.offset, count: count.into() };
        let count = usize::try_from(count).map_err(|_| too_many.clone())?;
        // An element without a size could be repeated without end: it counts as one byte.
        match count.checked_mul(T::MIN_SIZE.max(1)) {
            Some(bytes) if bytes <= self.remaining() => {}
            _ => return Err(too_many),
        }
        self.charge(count.saturating_mul(size_of::<T>()))?;
        Ok(count)
    }

    fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        let left = self.memory.checked_sub(bytes);
        self.memory = left.ok_or(DecodeError::Memory { offset: self.offset })?;
        Ok(())
    }

    /// Reads a pointer's representation; its referent is due in
    /// [`next_pointer`](Self::next_pointer)'s order.
    pub(super) fn pointer(&mut self) -> Result<u64, DecodeError> {
        let id = match self.encoding.syntax {
            Syntax::Ndr20 => u32::from_le_bytes(self.integer()?).into(),
            Syntax::Ndr64 => u64::from_le_bytes(self.integer()?),
        };
        self.pending.push_back(id);
        Ok(id)
    }

    /// Referent id of the pointer whose turn it is; 0 is NULL.
    ///
    /// Never asked more often than [`pointer`](Self::pointer) was: both passes over a value
    /// visit the same pointers.
    pub(super) fn next_pointer(&mut self) -> u64 {
        self.pending.pop_front().unwrap_or(0)
    }

    /// Reads the referent of a full pointer, or finds it if another pointer brought it. What is
    /// shared counts as deep as it is: a chain of aliases must not get longer than other chains.
    pub(super) fn full_referent<T: Ndr + Send + Sync + 'static>(
        &mut self,
        id: u64,
    ) -> Result<Arc<T>, DecodeError> {
        match self.full.get(&id) {
            Some(None) => return Err(DecodeError::Cycle { offset: self.offset }),
            Some(Some(FullReferent { value, height })) => {
                // Another type under the same id is no alias: peers that draw ids at random
                // may hit one twice.
                if let Ok(alias) = Arc::clone(value).downcast::<T>() {
                    self.deepen(*height)?;
                    return Ok(alias);
                }
            }
            None => {}
        }
        self.full.insert(id, None);
        let outer = std::mem::take(&mut self.height);
        let referent = Arc::new(self.referent::<T>()?);
        let height = self.height;
        self.height = outer.max(height);
        self.full.insert(id, Some(FullReferent { value: referent.clone(), height }));
        Ok(referent)
    }

    /// Reads an enumeration that has 16 bits in NDR 2.0 and 32 in NDR64.
    pub fn enum16(&mut self) -> Result<u16, DecodeError> {
        match self.encoding.syntax {
            Syntax::Ndr20 => Ok(u16::from_le_bytes(self.integer()?)),
            Syntax::Ndr64 => {
                let value = u32::from_le_bytes(self.integer()?);
                u16::try_from(value).map_err(|_| DecodeError::Enum { offset: self.offset, value })
            }
        }
    }

    /// The error for a discriminant that no arm of a union has.
    pub fn no_arm(&self, tag: impl Into<i64>) -> DecodeError {
        DecodeError::Arm { offset: self.offset, tag: tag.into() }
    }
}
