//! Written by `codegen` from `idl/variants.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// ```idl
/// typedef [v1_enum] enum tagKIND { KIND_LONG = 3, KIND_ARRAY = 0x2000 } KIND;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KIND(pub u32);

impl KIND {
    pub const KIND_LONG: Self = Self(3);
    pub const KIND_ARRAY: Self = Self(8192);
}

impl Ndr for KIND {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode(e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        u32::decode(d).map(Self)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum wireVALUEContent {
    /// `[case(KIND_LONG)] long number;`
    Number(i32),
    /// `[case(KIND_ARRAY)] SAFEARRAY array;`
    Array(Option<Box<wireARRAY>>),
    /// `[case(0x400C)] VALUE *value;`
    Value(Option<Option<Box<wireVALUE>>>),
    /// `[case(0, 1)] ;`
    Case0(u32),
}

impl Default for wireVALUEContent {
    fn default() -> Self {
        Self::Number(Default::default())
    }
}

impl wireVALUEContent {
    /// The discriminant.
    pub fn tag(&self) -> u32 {
        match self {
            Self::Number(_) => 3,
            Self::Array(_) => 8192,
            Self::Value(_) => 16396,
            Self::Case0(tag) => *tag,
        }
    }
}

impl ndr::Tagged for wireVALUEContent {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for wireVALUEContent {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align64(Align::new(4, 8));
        match self {
            Self::Number(value) => value.encode(e),
            Self::Array(value) => value.encode(e),
            Self::Value(value) => value.encode(e),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = u32::decode(d)?;
        d.align64(Align::new(4, 8));
        let value = match tag {
            3 => Self::Number(Ndr::decode(d)?),
            8192 => Self::Array(Ndr::decode(d)?),
            16396 => Self::Value(Ndr::decode(d)?),
            0 | 1 => Self::Case0(tag),
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::Array(value) => value.encode_deferred(e),
            Self::Value(value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Array(value) => value.decode_deferred(d),
            Self::Value(value) => value.decode_deferred(d),
            _ => Ok(()),
        }
    }
}

/// ```idl
/// typedef struct _wireVALUE {
///     unsigned short vt;
///     [switch_type(unsigned long), switch_is(vt & KIND_ARRAY ? KIND_ARRAY : vt)] union {
///         [case(KIND_LONG)] long number;
///         [case(KIND_ARRAY)] SAFEARRAY array;
///         [case(0x400C)] VALUE *value;
///         [case(0, 1)] ;
///     } content;
/// } wireVALUE;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireVALUE {
    pub vt: u16,
    pub content: wireVALUEContent,
}

impl wireVALUE {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::switch_is(
            "content",
            (num(self.vt) & num(8192)).select(num(8192), num(self.vt)),
            &self.content,
        )?;
        Ok(())
    }
}

impl Ndr for wireVALUE {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 6;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.vt.encode(e)?;
        self.content.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            vt: Ndr::decode(d)?,
            content: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.content.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.content.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireELEMENTSLongs {
    pub size: u32,
    pub items: Option<Vec<i32>>,
}

impl wireELEMENTSLongs {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("items", num(self.size), &self.items)?;
        Ok(())
    }
}

impl Ndr for wireELEMENTSLongs {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.items.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            items: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
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

#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireELEMENTSValues {
    pub size: u32,
    pub items: ndr::Ref<Vec<Option<Box<wireVALUE>>>>,
}

impl wireELEMENTSValues {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("items", num(self.size), &self.items)?;
        Ok(())
    }
}

impl Ndr for wireELEMENTSValues {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.items.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            items: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
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

/// ```idl
/// typedef union _wireELEMENTS switch (KIND kind) u {
///     case KIND_LONG: struct { unsigned long size; [size_is(size)] long *items; } longs;
///     case KIND_ARRAY: struct { unsigned long size; [size_is(size), ref] VALUE *items; } values;
/// } wireELEMENTS;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum wireELEMENTS {
    /// `case KIND_LONG: struct { unsigned long size; [size_is(size)] long *items; } longs;`
    Longs(wireELEMENTSLongs),
    /// `case KIND_ARRAY: struct { unsigned long size; [size_is(size), ref] VALUE *items; } values;`
    Values(wireELEMENTSValues),
}

impl Default for wireELEMENTS {
    fn default() -> Self {
        Self::Longs(Default::default())
    }
}

impl wireELEMENTS {
    /// The discriminant.
    pub fn tag(&self) -> u32 {
        match self {
            Self::Longs(_) => 3,
            Self::Values(_) => 8192,
        }
    }
}

impl ndr::Tagged for wireELEMENTS {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for wireELEMENTS {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        KIND(self.tag()).encode(e)?;
        e.align64(Align::new(4, 8));
        match self {
            Self::Longs(value) => value.encode(e),
            Self::Values(value) => value.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = KIND::decode(d)?.0;
        d.align64(Align::new(4, 8));
        let value = match tag {
            3 => Self::Longs(Ndr::decode(d)?),
            8192 => Self::Values(Ndr::decode(d)?),
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::Longs(value) => value.encode_deferred(e),
            Self::Values(value) => value.encode_deferred(e),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Longs(value) => value.decode_deferred(d),
            Self::Values(value) => value.decode_deferred(d),
        }
    }
}

/// ```idl
/// typedef struct _wireARRAY {
///     unsigned short dimensions;
///     wireELEMENTS elements;
///     [size_is(dimensions)] unsigned long bounds[];
/// } wireARRAY;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireARRAY {
    pub dimensions: u16,
    pub elements: wireELEMENTS,
    pub bounds: Vec<u32>,
}

impl wireARRAY {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("bounds", num(self.dimensions), &self.bounds)?;
        Ok(())
    }
}

impl Ndr for wireARRAY {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 14;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.dimensions.encode(e)?;
        self.elements.encode(e)?;
        e.align64(Self::ALIGN);
        self.bounds.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            dimensions: Ndr::decode(d)?,
            elements: Ndr::decode(d)?,
            bounds: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.bounds.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u32>>::decode_conformance(d)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.elements.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.elements.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// ```idl
/// typedef struct Record {
///     LOCAL local;
///     NARROW narrow;
///     SAFEARRAY(long) list;
/// } Record;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub local: Option<Box<wireVALUE>>,
    pub narrow: u16,
    pub list: Option<Box<wireARRAY>>,
}

impl Ndr for Record {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 10;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.local.encode(e)?;
        self.narrow.encode(e)?;
        self.list.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            local: Ndr::decode(d)?,
            narrow: Ndr::decode(d)?,
            list: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.local.encode_deferred(e)?;
        self.list.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.local.decode_deferred(d)?;
        self.list.decode_deferred(d)?;
        Ok(())
    }
}
