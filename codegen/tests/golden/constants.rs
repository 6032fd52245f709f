//! Written by `codegen` from `idl/constants.idl`.

use crate::ndr::{Align, DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// A number.
///
/// ```idl
/// const unsigned long LIMIT = 0x8000;
/// ```
pub const LIMIT: u32 = 32768;

/// ```idl
/// const long NEGATIVE = -(LIMIT >> 4) * 2;
/// ```
pub const NEGATIVE: i32 = -4096;

/// ```idl
/// const wchar_t *GREETING = "hello";
/// ```
pub const GREETING: &str = "hello";

/// ```idl
/// const unsigned short MACRO = FLAGS + 'A' % 2;
/// ```
pub const MACRO: u16 = 18;

/// 16 bits in NDR 2.0, 32 in NDR64.
///
/// ```idl
/// typedef enum _COLOUR {
///     RED = 1,
///     GREEN,
///     DARK_BLUE = GREEN << 2,
/// } COLOUR;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct COLOUR(pub u16);

impl COLOUR {
    /// Like blood.
    pub const RED: Self = Self(1);
    pub const GREEN: Self = Self(2);
    pub const DARK_BLUE: Self = Self(8);
}

impl Ndr for COLOUR {
    const ALIGN: Align = Align::new(2, 4);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.enum16(self.0);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.enum16().map(Self)
    }
}

/// 32 bits in both.
///
/// ```idl
/// typedef [v1_enum] enum tagWIDE {
///     WIDE_NONE = 0,
///     WIDE_ALL = 0xFFFFFFFF
/// } WIDE;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WIDE(pub u32);

impl WIDE {
    pub const WIDE_NONE: Self = Self(0);
    pub const WIDE_ALL: Self = Self(4294967295);
}

impl Ndr for WIDE {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode(e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        u32::decode(d).map(Self)
    }
}

/// ```idl
/// enum Standalone { FIRST, SECOND };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standalone(pub u16);

impl Standalone {
    pub const FIRST: Self = Self(0);
    pub const SECOND: Self = Self(1);
}

impl Ndr for Standalone {
    const ALIGN: Align = Align::new(2, 4);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.enum16(self.0);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.enum16().map(Self)
    }
}

/// ```idl
/// typedef struct Painting {
///     COLOUR frame;
///     WIDE canvas;
///     enum Standalone place;
/// } Painting;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Painting {
    pub frame: COLOUR,
    pub canvas: WIDE,
    pub place: Standalone,
}

impl Ndr for Painting {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.frame.encode(e)?;
        self.canvas.encode(e)?;
        self.place.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            frame: Ndr::decode(d)?,
            canvas: Ndr::decode(d)?,
            place: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}
