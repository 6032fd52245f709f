//! Type serialization version 1 ([MS-RPCE] 2.2.6): values of constructed types in a stream of
//! their own, in NDR 2.0.

use super::{Align, ByteOrder, DecodeError, Decoder, EncodeError, Encoder, Encoding, Ndr, Syntax};

const VERSION: u8 = 1;
const LITTLE: u8 = 0x10;
const COMMON_HEADER_LEN: u16 = 8;
const COMMON_FILLER: u32 = 0xCCCC_CCCC;
const STREAM: Align = Align::new(8, 8);
/// Version, byte order, header length and filler.
const COMMON_HEADER: usize = 8;
/// Length of the object and filler.
const PRIVATE_HEADER: usize = 8;

/// A stream with one value, little-endian.
pub fn serialize<T: Ndr>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
    let mut object = Encoder::new(encoding);
    object.value(value)?;
    object.align(STREAM);
    let object = object.into_bytes();

    let mut stream = Encoder::new(encoding);
    VERSION.encode(&mut stream)?;
    LITTLE.encode(&mut stream)?;
    COMMON_HEADER_LEN.encode(&mut stream)?;
    COMMON_FILLER.encode(&mut stream)?;
    stream.count(object.len())?;
    0u32.encode(&mut stream)?;
    stream.bytes(&object);
    Ok(stream.into_bytes())
}

/// The first value of a stream.
///
/// The object's length in the header is not relied on: some writers leave the padding out of it.
pub fn deserialize<T: Ndr>(stream: &[u8]) -> Result<T, DecodeError> {
    let (header, rest) = stream
        .split_at_checked(COMMON_HEADER)
        .ok_or(DecodeError::Serialization("header too short"))?;
    let order = match header {
        [VERSION, LITTLE, ..] => ByteOrder::Little,
        [VERSION, 0, ..] => ByteOrder::Big,
        [VERSION, ..] => return Err(DecodeError::Serialization("unknown byte order")),
        _ => return Err(DecodeError::Serialization("unknown version")),
    };
    let object =
        rest.get(PRIVATE_HEADER..).ok_or(DecodeError::Serialization("header too short"))?;
    Decoder::new(Encoding { syntax: Syntax::Ndr20, order }, object).value()
}
