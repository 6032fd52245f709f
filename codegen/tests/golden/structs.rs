//! Written by `codegen` from `idl/structs.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// Structures: gaps, nesting, arrays of them.
/// The example of [MS-RPCE] 4.8: in NDR64 two bytes of padding follow.
///
/// ```idl
/// typedef struct _StructWithPad {
///     long l;
///     short s;
/// } StructWithPad;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StructWithPad {
    pub l: i32,
    pub s: i16,
}

impl Ndr for StructWithPad {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 6;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.l.encode(e)?;
        self.s.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            l: Ndr::decode(d)?,
            s: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inner {
    pub h: i64,
    pub type_: u8,
}

impl Ndr for Inner {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 9;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.h.encode(e)?;
        self.type_.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            h: Ndr::decode(d)?,
            type_: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OuterNameless {
    pub b: u8,
}

impl Ndr for OuterNameless {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 1;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.b.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { b: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// ```idl
/// typedef struct Outer {
///     byte lead;
///     StructWithPad pads[2];
///     struct Inner {
///         hyper h;
///         byte type;
///     } inner;
///     struct {
///         byte b;
///     } nameless;
///     byte tail[40];
///     unsigned short grid[2][3];
/// } Outer;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Outer {
    pub lead: u8,
    pub pads: [StructWithPad; 2],
    pub inner: Inner,
    pub nameless: OuterNameless,
    pub tail: [u8; 40],
    pub grid: [[u16; 3]; 2],
}

impl Default for Outer {
    fn default() -> Self {
        Self {
            lead: Default::default(),
            pads: Default::default(),
            inner: Default::default(),
            nameless: Default::default(),
            tail: std::array::from_fn(|_| Default::default()),
            grid: Default::default(),
        }
    }
}

impl Ndr for Outer {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 75;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.lead.encode(e)?;
        self.pads.encode(e)?;
        self.inner.encode(e)?;
        self.nameless.encode(e)?;
        self.tail.encode(e)?;
        self.grid.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            lead: Ndr::decode(d)?,
            pads: Ndr::decode(d)?,
            inner: Ndr::decode(d)?,
            nameless: Ndr::decode(d)?,
            tail: Ndr::decode(d)?,
            grid: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// No size at all, so that no number of bytes limits how many there are.
///
/// ```idl
/// struct Empty {};
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Empty {}

impl Ndr for Empty {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 0;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {};
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// ```idl
/// typedef struct Empties {
///     unsigned long count;
///     [size_is(count)] struct Empty items[];
/// } Empties;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Empties {
    pub count: u32,
    pub items: Vec<Empty>,
}

impl Empties {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("items", num(self.count), &self.items)?;
        Ok(())
    }
}

impl Ndr for Empties {
    const ALIGN: Align = Align::new(4, 4);
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
        <Vec<Empty>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}
