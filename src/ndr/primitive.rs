//! Base types: integers, floating point, UUIDs, context handles.

use uuid::Uuid;

use super::{Align, ByteOrder, DecodeError, Decoder, EncodeError, Encoder, Ndr, Syntax};

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Ndr for $type {
            const ALIGN: Align = Align::new(size_of::<$type>(), size_of::<$type>());
            const MIN_SIZE: usize = size_of::<$type>();

            fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
                e.integer(self.to_le_bytes());
                Ok(())
            }

            fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                d.integer().map(Self::from_le_bytes)
            }
        }
    )*};
}

numbers! { i8 u16 i16 u32 i32 u64 i64 f32 f64 }

impl Ndr for u8 {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 1;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.integer([*self]);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.integer().map(Self::from_le_bytes)
    }

    fn encode_elements(elements: &[Self], e: &mut Encoder) -> Result<(), EncodeError> {
        e.bytes(elements);
        Ok(())
    }

    fn decode_elements(count: usize, d: &mut Decoder<'_>) -> Result<Vec<Self>, DecodeError> {
        d.bytes(count).map(<[u8]>::to_vec)
    }
}

/// `__int3264`: 32 bits in NDR 2.0, 64 in NDR64 ([MS-RPCE] 2.2.4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Int3264(pub i64);

impl Ndr for Int3264 {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match e.encoding().syntax {
            Syntax::Ndr20 => i32::try_from(self.0).map_err(|_| EncodeError::Integer)?.encode(e),
            Syntax::Ndr64 => self.0.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match d.encoding().syntax {
            Syntax::Ndr20 => i32::decode(d).map(|value| Self(value.into())),
            Syntax::Ndr64 => i64::decode(d).map(Self),
        }
    }
}

/// `unsigned __int3264`: 32 bits in NDR 2.0, 64 in NDR64 ([MS-RPCE] 2.2.4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UInt3264(pub u64);

impl Ndr for UInt3264 {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match e.encoding().syntax {
            Syntax::Ndr20 => u32::try_from(self.0).map_err(|_| EncodeError::Integer)?.encode(e),
            Syntax::Ndr64 => self.0.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match d.encoding().syntax {
            Syntax::Ndr20 => u32::decode(d).map(|value| Self(value.into())),
            Syntax::Ndr64 => u64::decode(d).map(Self),
        }
    }
}

/// A structure of a long, two shorts and eight octets.
impl Ndr for Uuid {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        match e.encoding().order {
            ByteOrder::Little => e.bytes(&self.to_bytes_le()),
            ByteOrder::Big => e.bytes(self.as_bytes()),
        }
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(d.bytes(16)?);
        Ok(match d.encoding().order {
            ByteOrder::Little => Self::from_bytes_le(bytes),
            ByteOrder::Big => Self::from_bytes(bytes),
        })
    }
}

/// A server's state that the client keeps between calls (C706 appendix N, ndr_context_handle).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContextHandle {
    /// Zero.
    pub attributes: u32,
    /// Identity; nil where there is no state.
    pub uuid: Uuid,
}

impl ContextHandle {
    /// No state.
    pub const NULL: Self = Self { attributes: 0, uuid: Uuid::nil() };

    /// Whether this is the handle of no state.
    pub fn is_null(&self) -> bool {
        *self == Self::NULL
    }
}

impl Ndr for ContextHandle {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.attributes.encode(e)?;
        self.uuid.encode(e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self { attributes: Ndr::decode(d)?, uuid: Ndr::decode(d)? })
    }
}
