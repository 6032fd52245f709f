//! Run-time of the generated codec: NDR 2.0 (C706 chapter 14) and NDR64 ([MS-RPCE] 2.2.5).
//!
//! The generated code implements [`Ndr`] for the types of an IDL file and [`Parameters`] for the
//! directions of its operations; every rule of the wire that is not about one certain type is
//! here. One value has up to three parts on the wire, each a method of [`Ndr`]: counts that are
//! hoisted to the front, the flat part, and the referents of the pointers in it.
//!
//! Input is hostile: nothing is allocated that the stub could not fill, depth is limited, and
//! fields that contradict each other are refused. Nothing in here knows sockets or the clock.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod array;
mod check;
mod decoder;
mod encoder;
mod error;
mod pointer;
mod primitive;
mod serialization;
mod string;
#[cfg(test)]
mod tests;

use uuid::Uuid;

pub use array::{FixedVarying, Varying};
pub use check::{
    Counted, Counts, Num, Tagged, first_is, length_is, num, range, range_of_count, size_is,
    size_is_unless_null, switch_is,
};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{DecodeError, EncodeError, Invalid};
pub use pointer::{Full, Ref};
pub use primitive::{ContextHandle, Int3264, UInt3264};
pub use serialization::{deserialize, serialize};
pub use string::{ByteString, FixedText, SizedText, Text, Unit, WideString};

/// How deep pointers may be nested in pointers; what Windows sends stays below 10.
pub const MAX_DEPTH: usize = 64;

/// Identity of an RPC interface or transfer syntax: UUID and version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InterfaceId {
    /// The interface's UUID.
    pub uuid: Uuid,
    /// Major version; must match exactly.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
}

/// Transfer syntax of a stub.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Syntax {
    /// NDR 2.0, 8a885d04-1ceb-11c9-9fe8-08002b104860.
    Ndr20,
    /// NDR64, 71710533-beba-4937-8319-b5dbef9ccc36.
    Ndr64,
}

/// Byte order of a stub, from the PDU's data representation label.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ByteOrder {
    /// Little-endian integers (what everybody sends).
    Little,
    /// Big-endian integers.
    Big,
}

/// How a stub is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Encoding {
    /// Transfer syntax negotiated for the presentation context.
    pub syntax: Syntax,
    /// Byte order of the sender.
    pub order: ByteOrder,
}

/// An RPC-level failure of a call: the status that a fault PDU carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("RPC fault 0x{0:08x}")]
pub struct Fault(pub u32);

impl Fault {
    /// Access denied (ERROR_ACCESS_DENIED).
    pub const ACCESS_DENIED: Self = Self(0x0000_0005);
    /// The stub cannot be decoded (RPC_X_BAD_STUB_DATA).
    pub const BAD_STUB_DATA: Self = Self(0x0000_06F7);
    /// The operation number is not one of the interface (nca_op_rng_error).
    pub const OP_RANGE: Self = Self(0x1C01_0002);
    /// The interface is not known (nca_unk_if).
    pub const UNKNOWN_INTERFACE: Self = Self(0x1C01_0003);
    /// Protocol error (nca_proto_error).
    pub const PROTOCOL_ERROR: Self = Self(0x1C01_000B);
    /// A security package failed (RPC_S_SEC_PKG_ERROR).
    pub const SECURITY_PACKAGE: Self = Self(0x0000_0721);
    /// The context handle is not valid (nca_s_fault_context_mismatch).
    pub const CONTEXT_MISMATCH: Self = Self(0x1C00_001A);
    /// The server has no room for this call now (nca_s_server_too_busy).
    pub const SERVER_TOO_BUSY: Self = Self(0x1C01_0014);
    /// Something failed that no other status names (nca_s_fault_unspec).
    pub const UNSPECIFIED: Self = Self(0x1C00_0012);
    /// The call was cancelled (nca_s_fault_cancel).
    pub const CANCELLED: Self = Self(0x1C00_000D);
}

/// The transport below a generated client stub: sends a call's stub, brings back the answer's.
pub trait Invoke {
    /// What can go wrong in the transport; carries RPC faults too.
    type Error: From<DecodeError> + From<EncodeError>;

    /// How request stubs must be encoded on this binding.
    fn encoding(&self) -> Encoding;

    /// Carries out one call: `stub` in [`Self::encoding`]; the answer with its own encoding.
    fn invoke(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> impl Future<Output = Result<(Encoding, Vec<u8>), Self::Error>> + Send;
}

/// Alignment of a type in each transfer syntax, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Align {
    ndr20: usize,
    ndr64: usize,
}

impl Align {
    /// Both must be 1, 2, 4 or 8.
    pub const fn new(ndr20: usize, ndr64: usize) -> Self {
        Self { ndr20, ndr64 }
    }

    fn of(self, syntax: Syntax) -> usize {
        match syntax {
            Syntax::Ndr20 => self.ndr20,
            Syntax::Ndr64 => self.ndr64,
        }
    }
}

/// A type that NDR can represent.
pub trait Ndr: Sized {
    /// Alignment of the flat part.
    const ALIGN: Align;
    /// Smallest size of the flat part in either syntax; for limits before allocation.
    const MIN_SIZE: usize;

    /// Writes the counts that precede the outermost construct which ends with this value.
    fn encode_conformance(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Writes the flat part: everything but hoisted counts and referents.
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError>;

    /// Writes the referents of the embedded pointers, in their order.
    fn encode_deferred(&self, _e: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Reads what [`encode_conformance`](Self::encode_conformance) writes.
    fn decode_conformance(_d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Reads the flat part; embedded pointers are NULL until
    /// [`decode_deferred`](Self::decode_deferred).
    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Reads the referents of the embedded pointers, and checks that the fields agree.
    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(())
    }

    /// Writes the flat parts of an array's elements.
    fn encode_elements(elements: &[Self], e: &mut Encoder) -> Result<(), EncodeError> {
        elements.iter().try_for_each(|element| element.encode(e))
    }

    /// Reads the flat parts of an array's elements; the decoder has agreed to `count`.
    fn decode_elements(count: usize, d: &mut Decoder<'_>) -> Result<Vec<Self>, DecodeError> {
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(Self::decode(d)?);
        }
        Ok(elements)
    }
}

/// The parameters of one direction of an operation, in the order of the wire.
pub trait Parameters: Sized {
    /// Writes the stub.
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError>;
    /// Reads the stub.
    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

/// The stub of a request or response.
pub fn to_stub(encoding: Encoding, parameters: &impl Parameters) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new(encoding);
    parameters.encode(&mut encoder)?;
    Ok(encoder.into_bytes())
}

/// The parameters in a stub. Bytes behind them are ignored.
pub fn from_stub<P: Parameters>(encoding: Encoding, stub: &[u8]) -> Result<P, DecodeError> {
    P::decode(&mut Decoder::new(encoding, stub))
}

/// The server's side of [`from_stub`]: what is wrong goes to the log, the fault to the client.
pub fn request<P: Parameters>(
    operation: &'static str,
    encoding: Encoding,
    stub: &[u8],
) -> Result<P, Fault> {
    from_stub(encoding, stub).map_err(|error| {
        tracing::debug!(operation, %error, len = stub.len(), "request stub refused");
        Fault::BAD_STUB_DATA
    })
}

/// The server's side of [`to_stub`]: in the request's syntax, little-endian.
pub fn response(
    operation: &'static str,
    encoding: Encoding,
    parameters: &impl Parameters,
) -> Result<Vec<u8>, Fault> {
    let encoding = Encoding { order: ByteOrder::Little, ..encoding };
    to_stub(encoding, parameters).map_err(|error| {
        tracing::error!(operation, %error, "response cannot be encoded");
        Fault::UNSPECIFIED
    })
}

/// The client's side of one call.
pub async fn call<T: Invoke, P: Parameters>(
    transport: &mut T,
    opnum: u16,
    request: &impl Parameters,
) -> Result<P, T::Error> {
    let stub = to_stub(transport.encoding(), request)?;
    let (encoding, stub) = transport.invoke(opnum, stub).await?;
    Ok(from_stub(encoding, &stub)?)
}
