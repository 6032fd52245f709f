//! `[string]`: varying arrays of characters that end with a zero.

use std::fmt;

use super::array::{VARIANCE_SIZE, bound, decode_variance, encode_variance};
use super::{Align, DecodeError, Decoder, EncodeError, Encoder, Ndr};

/// A code unit of a string.
pub trait Unit: Ndr + Copy + Default + PartialEq {
    /// Text to code units.
    fn units(text: &str) -> Vec<Self>;
    /// Code units to text, with U+FFFD for what is not text.
    fn lossy(units: &[Self]) -> String;
}

impl Unit for u16 {
    fn units(text: &str) -> Vec<Self> {
        text.encode_utf16().collect()
    }

    fn lossy(units: &[Self]) -> String {
        String::from_utf16_lossy(units)
    }
}

impl Unit for u8 {
    fn units(text: &str) -> Vec<Self> {
        text.as_bytes().to_vec()
    }

    fn lossy(units: &[Self]) -> String {
        String::from_utf8_lossy(units).into_owned()
    }
}

/// A conformant varying string, kept in the code units that the wire has; the terminator is not
/// part of the value.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text<U>(Vec<U>);

/// A string of UTF-16 code units; unpaired surrogates survive.
pub type WideString = Text<u16>;

/// A string of octets.
pub type ByteString = Text<u8>;

impl<U: Unit> Text<U> {
    /// From code units without a terminator. (A zero among them is refused when encoded.)
    pub fn from_units(units: Vec<U>) -> Self {
        Self(units)
    }

    /// The code units, without the terminator.
    pub fn units(&self) -> &[U] {
        &self.0
    }

    /// The text, with U+FFFD for what is not text.
    pub fn to_string_lossy(&self) -> String {
        U::lossy(&self.0)
    }

    /// Length in code units with the terminator, as the wire counts.
    pub fn wire_len(&self) -> usize {
        self.0.len().saturating_add(1)
    }

    /// Writes the string into room for `max` code units; an empty one into no room at all as nothing,
    /// which is what it was decoded from.
    fn encode_in(&self, max: u32, e: &mut Encoder) -> Result<(), EncodeError> {
        if max == 0 && self.0.is_empty() {
            return encode_variance(max, 0, 0, e);
        }
        if self.0.contains(&U::default()) {
            return Err(EncodeError::Terminator);
        }
        encode_variance(max, 0, self.wire_len(), e)?;
        U::encode_elements(&self.0, e)?;
        U::default().encode(e)
    }
}

impl WideString {
    /// The text, if the code units are sound UTF-16.
    pub fn to_text(&self) -> Result<String, std::string::FromUtf16Error> {
        String::from_utf16(&self.0)
    }
}

impl<U: Unit> From<&str> for Text<U> {
    fn from(text: &str) -> Self {
        Self(U::units(text))
    }
}

impl<U: Unit> From<String> for Text<U> {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<U: Unit> fmt::Display for Text<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl<U: Unit> fmt::Debug for Text<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

impl<U: Unit> Ndr for Text<U> {
    const ALIGN: Align = U::ALIGN;
    const MIN_SIZE: usize = VARIANCE_SIZE.saturating_add(U::MIN_SIZE);

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.count(self.wire_len())
    }

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.encode_in(u32::MAX, e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        d.hoist_count()
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let max = d.take_count()?;
        decode_text(max, d)
    }
}

/// A string in room for `max` code units: from the first on, one terminator, at the end; or
/// nothing at all, which is an empty string.
fn decode_text<U: Unit>(max: u32, d: &mut Decoder<'_>) -> Result<Text<U>, DecodeError> {
    let (first, actual) = decode_variance(max, d)?;
    if first != 0 {
        return Err(DecodeError::Varying { offset: d.offset(), first, actual, max });
    }
    // Clients on impacket (Certipy) write an empty string so, without its terminator.
    if actual == 0 {
        return Ok(Text::default());
    }
    let count = d.reserve::<U>(actual)?;
    let mut units = U::decode_elements(count, d)?;
    let terminator = units.pop();
    if terminator != Some(U::default()) || units.contains(&U::default()) {
        return Err(DecodeError::Terminator { offset: d.offset() });
    }
    Ok(Text(units))
}

/// A conformant varying string in a buffer whose size `size_is` states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizedText<U: Unit> {
    /// Size of the buffer in code units; room for the terminator included.
    pub max_count: u32,
    /// The string.
    pub text: Text<U>,
}

impl<U: Unit> Ndr for SizedText<U> {
    const ALIGN: Align = U::ALIGN;
    const MIN_SIZE: usize = Text::<U>::MIN_SIZE;

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.count(usize::try_from(self.max_count).unwrap_or(usize::MAX))
    }

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.text.encode_in(self.max_count, e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        d.hoist_count()
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let max_count = d.take_count()?;
        Ok(Self { max_count, text: decode_text(max_count, d)? })
    }
}

/// A varying string in a buffer of `N` code units, terminator included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixedText<U: Unit, const N: usize>(pub Text<U>);

impl<U: Unit, const N: usize> Ndr for FixedText<U, N> {
    const ALIGN: Align = U::ALIGN;
    const MIN_SIZE: usize = Text::<U>::MIN_SIZE;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode_in(bound(N), e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_text(bound(N), d).map(Self)
    }
}
