//! Pointers. A top-level reference pointer is nothing on the wire and nothing here; the others
//! are a referent id in place and a referent behind the construct that holds them.

use std::sync::Arc;

use super::{Align, DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// Representation of a pointer in place: a referent id.
const POINTER: Align = Align::new(4, 8);
const POINTER_SIZE: usize = 4;

/// A unique pointer: NULL, or a referent that no other pointer refers to.
impl<T: Ndr> Ndr for Option<T> {
    const ALIGN: Align = POINTER;
    const MIN_SIZE: usize = POINTER_SIZE;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.pointer(self.is_some());
        Ok(())
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.as_ref().map_or(Ok(()), |referent| e.referent(referent))
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.pointer()?;
        Ok(None)
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        if d.next_pointer() != 0 {
            *self = Some(d.referent()?);
        }
        Ok(())
    }
}

/// Nothing on the wire: a box only gives recursive types a size.
impl<T: Ndr> Ndr for Box<T> {
    const ALIGN: Align = T::ALIGN;
    const MIN_SIZE: usize = T::MIN_SIZE;

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_conformance(e)
    }

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(e)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_deferred(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        T::decode_conformance(d)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        T::decode(d).map(Self::new)
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        (**self).decode_deferred(d)
    }
}

/// An embedded reference pointer: never NULL, but with a referent id in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ref<T>(pub Box<T>);

impl<T> Ref<T> {
    /// A pointer to `referent`.
    pub fn new(referent: T) -> Self {
        Self(Box::new(referent))
    }
}

impl<T: Ndr + Default> Ndr for Ref<T> {
    const ALIGN: Align = POINTER;
    const MIN_SIZE: usize = POINTER_SIZE;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.pointer(true);
        Ok(())
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.referent(&*self.0)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match d.pointer()? {
            0 => Err(DecodeError::NullReference { offset: d.offset() }),
            _ => Ok(Self::default()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        d.next_pointer();
        *self.0 = d.referent()?;
        Ok(())
    }
}

/// A full pointer: NULL, or a referent that other full pointers of the same stub may refer to.
/// Clones of one `Full` are aliases, and aliases on the wire come out as clones. A value that
/// shares parts of itself may be far larger than its stub to whom walks it as a tree.
#[derive(Debug, PartialEq, Eq)]
pub struct Full<T>(pub Option<Arc<T>>);

impl<T> Full<T> {
    /// NULL.
    pub const NULL: Self = Self(None);

    /// A pointer to a referent of its own.
    pub fn new(referent: T) -> Self {
        Self(Some(Arc::new(referent)))
    }

    /// The referent, unless NULL.
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    fn address(&self) -> Option<usize> {
        self.0.as_ref().map(|referent| Arc::as_ptr(referent).addr())
    }
}

impl<T> Clone for Full<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Full<T> {
    fn default() -> Self {
        Self::NULL
    }
}

impl<T: Ndr + Send + Sync + 'static> Ndr for Full<T> {
    const ALIGN: Align = POINTER;
    const MIN_SIZE: usize = POINTER_SIZE;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.full_pointer(self.address());
        Ok(())
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match (&self.0, self.address()) {
            (Some(referent), Some(address)) if e.first_visit(address) => e.referent(&**referent),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.pointer()?;
        Ok(Self::NULL)
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let id = d.next_pointer();
        if id != 0 {
            self.0 = Some(d.full_referent(id)?);
        }
        Ok(())
    }
}
