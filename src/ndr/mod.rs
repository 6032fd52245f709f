//! Run-time of the generated codec: NDR 2.0 (C706 chapter 14) and NDR64 ([MS-RPCE] 2.2.5).
//!
//! Nothing in here knows sockets or the clock.

use uuid::Uuid;

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

/// A stub that cannot be decoded. The service edge answers it with [`Fault::BAD_STUB_DATA`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The stub ends before the value does.
    #[error("stub ends {missing} bytes early at offset {offset}")]
    Truncated {
        /// Offset in the stub.
        offset: usize,
        /// How many bytes are missing.
        missing: usize,
    },
}

/// A value that cannot be encoded (a count that does not fit, a `range` broken).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A count is larger than its wire type.
    #[error("count {0} does not fit the wire")]
    Count(usize),
}
