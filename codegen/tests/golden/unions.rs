//! Written by `codegen` from `idl/unions.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// Unions, encapsulated and not.
///
/// ```idl
/// const unsigned long THREE = 3;
/// ```
pub const THREE: u32 = 3;

/// ```idl
/// typedef enum _LEVEL {
///     LEVEL_LONG = 1,
///     LEVEL_HYPER = 2,
///     LEVEL_POINTER = 3
/// } LEVEL;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LEVEL(pub u16);

impl LEVEL {
    pub const LEVEL_LONG: Self = Self(1);
    pub const LEVEL_HYPER: Self = Self(2);
    pub const LEVEL_POINTER: Self = Self(3);
}

impl Ndr for LEVEL {
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
/// typedef union _ENCAPSULATED switch (unsigned short kind) value {
///     case 1: long number;
///     case 2:
///     case THREE: [string] wchar_t *text;
///     case 4: ;
///     default: byte other;
/// } ENCAPSULATED;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum ENCAPSULATED {
    /// `case 1: long number;`
    Number(i32),
    /// `case 2: case THREE: [string] wchar_t *text;`
    Text(u16, Option<ndr::WideString>),
    /// `case 4: ;`
    Case4,
    /// `default: byte other;`
    Other(u16, u8),
}

impl Default for ENCAPSULATED {
    fn default() -> Self {
        Self::Number(Default::default())
    }
}

impl ENCAPSULATED {
    /// The discriminant.
    pub fn tag(&self) -> u16 {
        match self {
            Self::Number(_) => 1,
            Self::Text(tag, _) => *tag,
            Self::Case4 => 4,
            Self::Other(tag, _) => *tag,
        }
    }
}

impl ndr::Tagged for ENCAPSULATED {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for ENCAPSULATED {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align64(Align::new(4, 8));
        match self {
            Self::Number(value) => value.encode(e),
            Self::Text(_, value) => value.encode(e),
            Self::Other(_, value) => value.encode(e),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = u16::decode(d)?;
        d.align64(Align::new(4, 8));
        let value = match tag {
            1 => Self::Number(Ndr::decode(d)?),
            2 | 3 => Self::Text(tag, Ndr::decode(d)?),
            4 => Self::Case4,
            _ => Self::Other(tag, Ndr::decode(d)?),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::Text(_, value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Text(_, value) => value.decode_deferred(d),
            _ => Ok(()),
        }
    }
}

/// ```idl
/// typedef [switch_type(LEVEL)] union _BY_LEVEL {
///     [case(LEVEL_LONG)] long number;
///     [case(LEVEL_HYPER)] hyper big;
///     [case(LEVEL_POINTER)] ENCAPSULATED *pointer;
///     [default] ;
/// } BY_LEVEL;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum BY_LEVEL {
    /// `[case(LEVEL_LONG)] long number;`
    Number(i32),
    /// `[case(LEVEL_HYPER)] hyper big;`
    Big(i64),
    /// `[case(LEVEL_POINTER)] ENCAPSULATED *pointer;`
    Pointer(Option<Box<ENCAPSULATED>>),
    /// `[default] ;`
    Default(u16),
}

impl Default for BY_LEVEL {
    fn default() -> Self {
        Self::Number(Default::default())
    }
}

impl BY_LEVEL {
    /// The discriminant.
    pub fn tag(&self) -> u16 {
        match self {
            Self::Number(_) => 1,
            Self::Big(_) => 2,
            Self::Pointer(_) => 3,
            Self::Default(tag) => *tag,
        }
    }
}

impl ndr::Tagged for BY_LEVEL {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for BY_LEVEL {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        LEVEL(self.tag()).encode(e)?;
        e.align64(Align::new(8, 8));
        match self {
            Self::Number(value) => value.encode(e),
            Self::Big(value) => value.encode(e),
            Self::Pointer(value) => value.encode(e),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = LEVEL::decode(d)?.0;
        d.align64(Align::new(8, 8));
        let value = match tag {
            1 => Self::Number(Ndr::decode(d)?),
            2 => Self::Big(Ndr::decode(d)?),
            3 => Self::Pointer(Ndr::decode(d)?),
            _ => Self::Default(tag),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::Pointer(value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Pointer(value) => value.decode_deferred(d),
            _ => Ok(()),
        }
    }
}

/// ```idl
/// typedef [switch_type(byte), ms_union] union Aligned {
///     [case(0)] byte small_arm;
///     [case(1), range(-3, 3)] hyper big_arm;
///     [case(2)] [string, range(0, 9)] char *text_arm;
/// } Aligned;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Aligned {
    /// `[case(0)] byte small_arm;`
    SmallArm(u8),
    /// `[case(1), range(-3, 3)] hyper big_arm;`
    BigArm(i64),
    /// `[case(2)] [string, range(0, 9)] char *text_arm;`
    TextArm(Option<ndr::ByteString>),
}

impl Default for Aligned {
    fn default() -> Self {
        Self::SmallArm(Default::default())
    }
}

impl Aligned {
    /// The discriminant.
    pub fn tag(&self) -> u8 {
        match self {
            Self::SmallArm(_) => 0,
            Self::BigArm(_) => 1,
            Self::TextArm(_) => 2,
        }
    }
}

impl ndr::Tagged for Aligned {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Aligned {
    fn validate(&self) -> Result<(), Invalid> {
        match self {
            Self::BigArm(value) => {
                ndr::range("BigArm", num(*value), -3, 3)?;
            }
            Self::TextArm(value) => {
                ndr::range_of_count("TextArm", value, 0, 9)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Ndr for Aligned {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 2;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align(Align::new(8, 8));
        match self {
            Self::SmallArm(value) => value.encode(e),
            Self::BigArm(value) => value.encode(e),
            Self::TextArm(value) => value.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = u8::decode(d)?;
        d.align(Align::new(8, 8));
        let value = match tag {
            0 => Self::SmallArm(Ndr::decode(d)?),
            1 => Self::BigArm(Ndr::decode(d)?),
            2 => Self::TextArm(Ndr::decode(d)?),
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::TextArm(value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::TextArm(value) => value.decode_deferred(d),
            _ => Ok(()),
        }?;
        Ok(self.validate()?)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct HolderInnerPoint {
    pub x: i16,
    pub y: i16,
}

impl Ndr for HolderInnerPoint {
    const ALIGN: Align = Align::new(2, 2);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.x.encode(e)?;
        self.y.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            x: Ndr::decode(d)?,
            y: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum HolderInner {
    /// `[case(1)] struct { short x; short y; } point;`
    Point(HolderInnerPoint),
    /// `[case(-2)] float f;`
    F(f32),
}

impl Default for HolderInner {
    fn default() -> Self {
        Self::Point(Default::default())
    }
}

impl HolderInner {
    /// The discriminant.
    pub fn tag(&self) -> i32 {
        match self {
            Self::Point(_) => 1,
            Self::F(_) => -2,
        }
    }
}

impl ndr::Tagged for HolderInner {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for HolderInner {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align64(Align::new(4, 4));
        match self {
            Self::Point(value) => value.encode(e),
            Self::F(value) => value.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = i32::decode(d)?;
        d.align64(Align::new(4, 4));
        let value = match tag {
            1 => Self::Point(Ndr::decode(d)?),
            -2 => Self::F(Ndr::decode(d)?),
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }
}

/// ```idl
/// typedef struct Holder {
///     LEVEL level;
///     [switch_is(level)] BY_LEVEL value;
///     byte kind;
///     [switch_is(kind)] Aligned aligned;
///     long inner_kind;
///     [switch_type(long), switch_is(inner_kind & 1 ? 1 : inner_kind)] union {
///         [case(1)] struct { short x; short y; } point;
///         [case(-2)] float f;
///     } inner;
///     [switch_is(level)] BY_LEVEL *optional;
/// } Holder;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holder {
    pub level: LEVEL,
    pub value: BY_LEVEL,
    pub kind: u8,
    pub aligned: Aligned,
    pub inner_kind: i32,
    pub inner: HolderInner,
    pub optional: Option<Box<BY_LEVEL>>,
}

impl Holder {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::switch_is("value", num(self.level.0), &self.value)?;
        ndr::switch_is("aligned", num(self.kind), &self.aligned)?;
        ndr::switch_is(
            "inner",
            (num(self.inner_kind) & num(1)).select(num(1), num(self.inner_kind)),
            &self.inner,
        )?;
        ndr::switch_is("optional", num(self.level.0), &self.optional)?;
        Ok(())
    }
}

impl Ndr for Holder {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 23;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.level.encode(e)?;
        self.value.encode(e)?;
        self.kind.encode(e)?;
        self.aligned.encode(e)?;
        self.inner_kind.encode(e)?;
        self.inner.encode(e)?;
        self.optional.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            level: Ndr::decode(d)?,
            value: Ndr::decode(d)?,
            kind: Ndr::decode(d)?,
            aligned: Ndr::decode(d)?,
            inner_kind: Ndr::decode(d)?,
            inner: Ndr::decode(d)?,
            optional: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.value.encode_deferred(e)?;
        self.aligned.encode_deferred(e)?;
        self.optional.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.value.decode_deferred(d)?;
        self.aligned.decode_deferred(d)?;
        self.optional.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}
