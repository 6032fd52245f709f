//! Written by `codegen` from `idl/conformance.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// Structures that end with an array: the size is hoisted to the front.
///
/// ```idl
/// typedef struct Conformant {
///     unsigned short count;
///     [size_is(count)] hyper items[];
/// } Conformant;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conformant {
    pub count: u16,
    pub items: Vec<i64>,
}

impl Conformant {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("items", num(self.count), &self.items)?;
        Ok(())
    }
}

impl Ndr for Conformant {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.count.encode(e)?;
        e.align64(Self::ALIGN);
        self.items.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            count: Ndr::decode(d)?,
            items: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.items.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<i64>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// The size moves to the front of the outermost structure.
///
/// ```idl
/// typedef struct Hoisted {
///     byte lead;
///     Conformant inner;
/// } Hoisted;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hoisted {
    pub lead: u8,
    pub inner: Conformant,
}

impl Ndr for Hoisted {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 3;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.lead.encode(e)?;
        self.inner.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            lead: Ndr::decode(d)?,
            inner: Ndr::decode(d)?,
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.inner.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Conformant>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.inner.decode_deferred(d)?;
        Ok(())
    }
}

/// ```idl
/// typedef struct ConformantVarying {
///     unsigned long max;
///     unsigned short used;
///     [size_is(max), length_is(used)] unsigned short items[*];
/// } ConformantVarying;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConformantVarying {
    pub max: u32,
    pub used: u16,
    pub items: ndr::Varying<u16>,
}

impl ConformantVarying {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is_unless_null("items", num(self.max), &self.items)?;
        ndr::first_is("items", num(0), &self.items)?;
        ndr::length_is("items", num(self.used), &self.items)?;
        Ok(())
    }
}

impl Ndr for ConformantVarying {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 14;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.max.encode(e)?;
        self.used.encode(e)?;
        e.align64(Self::ALIGN);
        self.items.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            max: Ndr::decode(d)?,
            used: Ndr::decode(d)?,
            items: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.items.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <ndr::Varying<u16>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// ```idl
/// typedef struct ConformantString {
///     unsigned long flags;
///     [string] wchar_t name[];
/// } ConformantString;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConformantString {
    pub flags: u32,
    pub name: ndr::WideString,
}

impl Ndr for ConformantString {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 14;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.flags.encode(e)?;
        e.align64(Self::ALIGN);
        self.name.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            flags: Ndr::decode(d)?,
            name: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.name.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <ndr::WideString>::decode_conformance(d)
    }
}

/// In NDR64 the gap before the array is on the wire.
///
/// ```idl
/// typedef struct Gap {
///     long count;
///     short s;
///     [max_is(count - 1)] byte items[];
/// } Gap;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gap {
    pub count: i32,
    pub s: i16,
    pub items: Vec<u8>,
}

impl Gap {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("items", (num(self.count) - num(1)) + num(1), &self.items)?;
        Ok(())
    }
}

impl Ndr for Gap {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 6;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.count.encode(e)?;
        self.s.encode(e)?;
        e.align64(Self::ALIGN);
        self.items.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            count: Ndr::decode(d)?,
            s: Ndr::decode(d)?,
            items: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.items.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u8>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// ```idl
/// typedef struct Pointers {
///     unsigned long count;
///     [size_is(count)] Hoisted *items[];
/// } Pointers;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pointers {
    pub count: u32,
    pub items: Vec<Option<Box<Hoisted>>>,
}

impl Pointers {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("items", num(self.count), &self.items)?;
        Ok(())
    }
}

impl Ndr for Pointers {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.count.encode(e)?;
        e.align64(Self::ALIGN);
        self.items.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            count: Ndr::decode(d)?,
            items: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.items.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<Option<Box<Hoisted>>>>::decode_conformance(d)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.items.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.items.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}
