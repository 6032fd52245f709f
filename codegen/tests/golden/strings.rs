//! Written by `codegen` from `idl/strings.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// ```idl
/// typedef struct Strings {
///     [string] wchar_t *wide;
///     [string, ref] char *narrow;
///     [string] wchar_t fixed[16];
///     [string] char fixed_narrow[16];
///     LPWSTR by_typedef;
///     [string, range(1, 5)] wchar_t *limited;
///     SHORT_NAME limited_by_typedef;
///     unsigned long size;
///     [string, size_is(size)] wchar_t *sized;
///     unsigned long count;
///     [size_is(count)] LPWSTR *list;
///     [size_is(count), string] char **narrow_list;
/// } Strings;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strings {
    pub wide: Option<ndr::WideString>,
    pub narrow: ndr::Ref<ndr::ByteString>,
    pub fixed: ndr::FixedText<u16, 16>,
    pub fixed_narrow: ndr::FixedText<u8, 16>,
    pub by_typedef: Option<ndr::WideString>,
    pub limited: Option<ndr::WideString>,
    pub limited_by_typedef: Option<ndr::WideString>,
    pub size: u32,
    pub sized: Option<ndr::SizedText<u16>>,
    pub count: u32,
    pub list: Option<Vec<Option<ndr::WideString>>>,
    pub narrow_list: Option<Vec<Option<ndr::ByteString>>>,
}

impl Strings {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("limited", &self.limited, 1, 5)?;
        ndr::range_of_count("limited_by_typedef", &self.limited_by_typedef, 1, 8)?;
        ndr::size_is("sized", num(self.size), &self.sized)?;
        ndr::size_is("list", num(self.count), &self.list)?;
        ndr::size_is("narrow_list", num(self.count), &self.narrow_list)?;
        Ok(())
    }
}

impl Ndr for Strings {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 59;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.wide.encode(e)?;
        self.narrow.encode(e)?;
        self.fixed.encode(e)?;
        self.fixed_narrow.encode(e)?;
        self.by_typedef.encode(e)?;
        self.limited.encode(e)?;
        self.limited_by_typedef.encode(e)?;
        self.size.encode(e)?;
        self.sized.encode(e)?;
        self.count.encode(e)?;
        self.list.encode(e)?;
        self.narrow_list.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            wide: Ndr::decode(d)?,
            narrow: Ndr::decode(d)?,
            fixed: Ndr::decode(d)?,
            fixed_narrow: Ndr::decode(d)?,
            by_typedef: Ndr::decode(d)?,
            limited: Ndr::decode(d)?,
            limited_by_typedef: Ndr::decode(d)?,
            size: Ndr::decode(d)?,
            sized: Ndr::decode(d)?,
            count: Ndr::decode(d)?,
            list: Ndr::decode(d)?,
            narrow_list: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.wide.encode_deferred(e)?;
        self.narrow.encode_deferred(e)?;
        self.by_typedef.encode_deferred(e)?;
        self.limited.encode_deferred(e)?;
        self.limited_by_typedef.encode_deferred(e)?;
        self.sized.encode_deferred(e)?;
        self.list.encode_deferred(e)?;
        self.narrow_list.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.wide.decode_deferred(d)?;
        self.narrow.decode_deferred(d)?;
        self.by_typedef.decode_deferred(d)?;
        self.limited.decode_deferred(d)?;
        self.limited_by_typedef.decode_deferred(d)?;
        self.sized.decode_deferred(d)?;
        self.list.decode_deferred(d)?;
        self.narrow_list.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}
