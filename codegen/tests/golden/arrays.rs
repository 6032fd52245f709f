//! Written by `codegen` from `idl/arrays.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// Varying arrays and pointers to arrays.
///
/// ```idl
/// typedef struct Varying {
///     unsigned long first;
///     unsigned long last;
///     [first_is(first), last_is(last)] short window[10];
///     unsigned long used;
///     [length_is(used)] byte head[10];
/// } Varying;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Varying {
    pub first: u32,
    pub last: u32,
    pub window: ndr::FixedVarying<i16, 10>,
    pub used: u32,
    pub head: ndr::FixedVarying<u8, 10>,
}

impl Varying {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::first_is("window", num(self.first), &self.window)?;
        ndr::length_is(
            "window",
            (num(self.last) + num(1)) - num(self.first),
            &self.window,
        )?;
        ndr::first_is("head", num(0), &self.head)?;
        ndr::length_is("head", num(self.used), &self.head)?;
        Ok(())
    }
}

impl Ndr for Varying {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 28;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.first.encode(e)?;
        self.last.encode(e)?;
        self.window.encode(e)?;
        self.used.encode(e)?;
        e.align64(Self::ALIGN);
        self.head.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            first: Ndr::decode(d)?,
            last: Ndr::decode(d)?,
            window: Ndr::decode(d)?,
            used: Ndr::decode(d)?,
            head: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// [MS-RPCE] 4.7.
///
/// ```idl
/// typedef struct _COUNTED_STRING {
///     unsigned short Length;
///     unsigned short MaximumLength;
///     [size_is(MaximumLength / 2), length_is(Length / 2)] unsigned short *pString;
/// } COUNTED_STRING, *PCOUNTED_STRING;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct COUNTED_STRING {
    pub length: u16,
    pub maximum_length: u16,
    pub p_string: Option<ndr::Varying<u16>>,
}

impl COUNTED_STRING {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is_unless_null(
            "pString",
            num(self.maximum_length) / num(2),
            &self.p_string,
        )?;
        ndr::first_is("pString", num(0), &self.p_string)?;
        ndr::length_is("pString", num(self.length) / num(2), &self.p_string)?;
        Ok(())
    }
}

impl Ndr for COUNTED_STRING {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.length.encode(e)?;
        self.maximum_length.encode(e)?;
        self.p_string.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            length: Ndr::decode(d)?,
            maximum_length: Ndr::decode(d)?,
            p_string: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_string.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_string.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// ```idl
/// typedef struct Lists {
///     unsigned long n;
///     [size_is(n)] COUNTED_STRING *strings;
///     [size_is(n)] PCOUNTED_STRING *pointers;
///     [size_is(n + 1), ref] long *numbers;
///     [size_is(n), disable_consistency_check] hyper *lenient;
/// } Lists;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists {
    pub n: u32,
    pub strings: Option<Vec<COUNTED_STRING>>,
    pub pointers: Option<Vec<Option<Box<COUNTED_STRING>>>>,
    pub numbers: ndr::Ref<Vec<i32>>,
    pub lenient: Option<Vec<i64>>,
}

impl Lists {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("strings", num(self.n), &self.strings)?;
        ndr::size_is("pointers", num(self.n), &self.pointers)?;
        ndr::size_is("numbers", num(self.n) + num(1), &self.numbers)?;
        ndr::size_is_unless_null("lenient", num(self.n), &self.lenient)?;
        Ok(())
    }
}

impl Ndr for Lists {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.n.encode(e)?;
        self.strings.encode(e)?;
        self.pointers.encode(e)?;
        self.numbers.encode(e)?;
        self.lenient.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            n: Ndr::decode(d)?,
            strings: Ndr::decode(d)?,
            pointers: Ndr::decode(d)?,
            numbers: Ndr::decode(d)?,
            lenient: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.strings.encode_deferred(e)?;
        self.pointers.encode_deferred(e)?;
        self.numbers.encode_deferred(e)?;
        self.lenient.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.strings.decode_deferred(d)?;
        self.pointers.decode_deferred(d)?;
        self.numbers.decode_deferred(d)?;
        self.lenient.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}
