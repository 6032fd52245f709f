//! Tests of the run-time through generated code: the committed interfaces, and the golden files
//! of `codegen`, which have every feature of the language.

mod calls;
mod features;
mod hostile;
mod round_trip;
mod samples;
mod wire;

use super::{
    ByteOrder, DecodeError, Decoder, EncodeError, Encoder, Encoding, Ndr, Parameters, Syntax,
};

const NDR20: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
const NDR64: Encoding = Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Little };
const ENCODINGS: [Encoding; 4] = [
    NDR20,
    NDR64,
    Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Big },
    Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Big },
];

fn encode<T: Ndr>(encoding: Encoding, value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new(encoding);
    encoder.value(value)?;
    Ok(encoder.into_bytes())
}

fn decode<T: Ndr>(encoding: Encoding, bytes: &[u8]) -> Result<T, DecodeError> {
    Decoder::new(encoding, bytes).value()
}

/// Lets the parameters of an operation be tested like a type.
#[derive(Clone, Debug, PartialEq)]
struct Stub<P>(P);

impl<P: Parameters> Ndr for Stub<P> {
    const ALIGN: super::Align = super::Align::new(1, 1);
    const MIN_SIZE: usize = 0;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode(e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        P::decode(d).map(Self)
    }
}
