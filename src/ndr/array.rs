//! Arrays. `Vec<T>` is a conformant array, `[T; N]` a fixed one.

use super::{Align, DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// A conformant array (C706 14.3.3.2): its maximum count goes before the construct that it ends.
impl<T: Ndr> Ndr for Vec<T> {
    const ALIGN: Align = T::ALIGN;
    const MIN_SIZE: usize = 0;

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.count(self.len())
    }

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_elements(self, e)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.iter().try_for_each(|element| element.encode_deferred(e))
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        d.hoist_count()
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = d.take_count()?;
        decode_elements(count, d)
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.iter_mut().try_for_each(|element| element.decode_deferred(d))
    }
}

/// `count` elements, if the stub can hold that many.
fn decode_elements<T: Ndr>(count: u32, d: &mut Decoder<'_>) -> Result<Vec<T>, DecodeError> {
    let count = d.reserve::<T>(count)?;
    T::decode_elements(count, d)
}

/// A fixed array: its elements and nothing else.
impl<T: Ndr + Default, const N: usize> Ndr for [T; N] {
    const ALIGN: Align = T::ALIGN;
    const MIN_SIZE: usize = T::MIN_SIZE.saturating_mul(N);

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_elements(self, e)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.iter().try_for_each(|element| element.encode_deferred(e))
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut elements = std::array::from_fn(|_| T::default());
        for element in &mut elements {
            *element = T::decode(d)?;
        }
        Ok(elements)
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.iter_mut().try_for_each(|element| element.decode_deferred(d))
    }
}

/// A conformant varying array (C706 14.3.3.4): the part of an array that is transmitted, and
/// the size of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Varying<T> {
    /// Size of the whole array, in elements (`size_is`).
    pub max_count: u32,
    /// Index of the first transmitted element (`first_is`).
    pub offset: u32,
    /// The transmitted elements (`length_is` of them).
    pub elements: Vec<T>,
}

impl<T> Varying<T> {
    /// The first elements of an array of `max_count`.
    pub fn new(max_count: u32, elements: Vec<T>) -> Self {
        Self { max_count, offset: 0, elements }
    }
}

/// A whole array. (More elements than 2³²-1 are refused when encoded.)
impl<T> From<Vec<T>> for Varying<T> {
    fn from(elements: Vec<T>) -> Self {
        Self::new(u32::try_from(elements.len()).unwrap_or(u32::MAX), elements)
    }
}

impl<T: Ndr> Ndr for Varying<T> {
    const ALIGN: Align = T::ALIGN;
    const MIN_SIZE: usize = VARIANCE_SIZE;

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        encode_count(self.max_count, e)
    }

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        encode_variance(self.max_count, self.offset, self.elements.len(), e)?;
        self.elements.encode(e)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.elements.encode_deferred(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        d.hoist_count()
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let max_count = d.take_count()?;
        let (offset, actual) = decode_variance(max_count, d)?;
        Ok(Self { max_count, offset, elements: decode_elements(actual, d)? })
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.elements.decode_deferred(d)
    }
}

/// A varying array of fixed size `N` (C706 14.3.3.3): the part of it that is transmitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedVarying<T, const N: usize> {
    /// Index of the first transmitted element (`first_is`).
    pub offset: u32,
    /// The transmitted elements (`length_is` of them), at most `N`.
    pub elements: Vec<T>,
}

impl<T: Ndr, const N: usize> Ndr for FixedVarying<T, N> {
    const ALIGN: Align = T::ALIGN;
    const MIN_SIZE: usize = VARIANCE_SIZE;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        encode_variance(bound(N), self.offset, self.elements.len(), e)?;
        self.elements.encode(e)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.elements.encode_deferred(e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (offset, actual) = decode_variance(bound(N), d)?;
        Ok(Self { offset, elements: decode_elements(actual, d)? })
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.elements.decode_deferred(d)
    }
}

/// Wire size of offset and actual count in NDR 2.0.
pub(super) const VARIANCE_SIZE: usize = 8;

fn encode_count(count: u32, e: &mut Encoder) -> Result<(), EncodeError> {
    e.count(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Writes offset and actual count of what is transmitted of an array of `max` elements.
pub(super) fn encode_variance(
    max: u32,
    first: u32,
    actual: usize,
    e: &mut Encoder,
) -> Result<(), EncodeError> {
    let end = u32::try_from(actual).ok().and_then(|actual| first.checked_add(actual));
    if end.is_none_or(|end| end > max) {
        return Err(EncodeError::Count(actual));
    }
    encode_count(first, e)?;
    e.count(actual)
}

/// A fixed bound as the decoder compares it.
pub(super) fn bound(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Offset and actual count of a varying array or string that has room for `max` elements.
pub(super) fn decode_variance(max: u32, d: &mut Decoder<'_>) -> Result<(u32, u32), DecodeError> {
    let (first, actual) = (d.count()?, d.count()?);
    match first.checked_add(actual) {
        Some(end) if end <= max => Ok((first, actual)),
        _ => Err(DecodeError::Varying { offset: d.offset(), first, actual, max }),
    }
}
