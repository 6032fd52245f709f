//! Written by `codegen` from `idl/orpc.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, InterfaceId, Invalid, Ndr,
    num,
};

/// Upper limit of the number of interfaces asked for ([MS-DCOM] 2.2.28.1).
///
/// ```idl
/// const unsigned long MAX_REQUESTED_INTERFACES = 0x8000;
/// ```
pub const MAX_REQUESTED_INTERFACES: u32 = 32768;

/// Upper limit of the number of protocol sequences ([MS-DCOM] 2.2.28.1).
///
/// ```idl
/// const unsigned long MAX_REQUESTED_PROTSEQS = 0x8000;
/// ```
pub const MAX_REQUESTED_PROTSEQS: u32 = 32768;

/// Version of the DCOM protocol ([MS-DCOM] 2.2.11).
///
/// ```idl
/// typedef struct tagCOMVERSION {
///     unsigned short MajorVersion;
///     unsigned short MinorVersion;
/// } COMVERSION;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct COMVERSION {
    /// 5.
    pub major_version: u16,
    /// Up to 7.
    pub minor_version: u16,
}

impl Ndr for COMVERSION {
    const ALIGN: Align = Align::new(2, 2);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.major_version.encode(e)?;
        self.minor_version.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            major_version: Ndr::decode(d)?,
            minor_version: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Out-of-band data of a call ([MS-DCOM] 2.2.13.1).
///
/// ```idl
/// typedef struct tagORPC_EXTENT {
///     GUID id;
///     unsigned long size;
///     [size_is((size + 7) & ~7)] byte data[];
/// } ORPC_EXTENT;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ORPC_EXTENT {
    /// Kind of data.
    pub id: uuid::Uuid,
    /// Bytes of `data` that count; the rest pads to a multiple of 8.
    pub size: u32,
    /// The data.
    pub data: Vec<u8>,
}

impl ORPC_EXTENT {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("data", (num(self.size) + num(7)) & !num(7), &self.data)?;
        Ok(())
    }
}

impl Ndr for ORPC_EXTENT {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.id.encode(e)?;
        self.size.encode(e)?;
        e.align64(Self::ALIGN);
        self.data.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            id: Ndr::decode(d)?,
            size: Ndr::decode(d)?,
            data: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.data.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u8>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// All out-of-band data of a call ([MS-DCOM] 2.2.13.2).
///
/// ```idl
/// typedef struct tagORPC_EXTENT_ARRAY {
///     unsigned long size;
///     unsigned long reserved;
///     [size_is((size + 1) & ~1), unique] ORPC_EXTENT **extent;
/// } ORPC_EXTENT_ARRAY;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ORPC_EXTENT_ARRAY {
    /// Number of extents; the array has one NULL more if it is odd.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// The extents.
    pub extent: Option<Vec<Option<Box<ORPC_EXTENT>>>>,
}

impl ORPC_EXTENT_ARRAY {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("extent", (num(self.size) + num(1)) & !num(1), &self.extent)?;
        Ok(())
    }
}

impl Ndr for ORPC_EXTENT_ARRAY {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.reserved.encode(e)?;
        self.extent.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            reserved: Ndr::decode(d)?,
            extent: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.extent.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.extent.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Implicit first argument of every object call ([MS-DCOM] 2.2.13.3).
///
/// ```idl
/// typedef struct tagORPCTHIS {
///     COMVERSION version;
///     unsigned long flags;
///     unsigned long reserved1;
///     CID cid;
///     [unique] ORPC_EXTENT_ARRAY *extensions;
/// } ORPCTHIS;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ORPCTHIS {
    /// Version negotiated by the client.
    pub version: COMVERSION,
    /// Zero; anything else is RPC_E_INVALID_HEADER.
    pub flags: u32,
    /// Zero.
    pub reserved1: u32,
    /// Causality of the call.
    pub cid: uuid::Uuid,
    /// Out-of-band data.
    pub extensions: Option<Box<ORPC_EXTENT_ARRAY>>,
}

impl Ndr for ORPCTHIS {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 32;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.version.encode(e)?;
        self.flags.encode(e)?;
        self.reserved1.encode(e)?;
        self.cid.encode(e)?;
        self.extensions.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            version: Ndr::decode(d)?,
            flags: Ndr::decode(d)?,
            reserved1: Ndr::decode(d)?,
            cid: Ndr::decode(d)?,
            extensions: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.extensions.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.extensions.decode_deferred(d)?;
        Ok(())
    }
}

/// Implicit first result of every object call ([MS-DCOM] 2.2.13.4).
///
/// ```idl
/// typedef struct tagORPCTHAT {
///     unsigned long flags;
///     [unique] ORPC_EXTENT_ARRAY *extensions;
/// } ORPCTHAT;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ORPCTHAT {
    /// Zero, or a flag for local use.
    pub flags: u32,
    /// Out-of-band data.
    pub extensions: Option<Box<ORPC_EXTENT_ARRAY>>,
}

impl Ndr for ORPCTHAT {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.flags.encode(e)?;
        self.extensions.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            flags: Ndr::decode(d)?,
            extensions: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.extensions.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.extensions.decode_deferred(d)?;
        Ok(())
    }
}

/// String and security bindings of an exporter or resolver ([MS-DCOM] 2.2.19.2).
///
/// ```idl
/// typedef struct tagDUALSTRINGARRAY {
///     unsigned short wNumEntries;
///     unsigned short wSecurityOffset;
///     [size_is(wNumEntries)] unsigned short aStringArray[];
/// } DUALSTRINGARRAY;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DUALSTRINGARRAY {
    /// Number of 16-bit units in the array.
    pub w_num_entries: u16,
    /// Index of the first security binding.
    pub w_security_offset: u16,
    /// String bindings, zero, security bindings, zero ([MS-DCOM] 2.2.19.1).
    pub a_string_array: Vec<u16>,
}

impl DUALSTRINGARRAY {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("aStringArray", num(self.w_num_entries), &self.a_string_array)?;
        Ok(())
    }
}

impl Ndr for DUALSTRINGARRAY {
    const ALIGN: Align = Align::new(2, 2);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.w_num_entries.encode(e)?;
        self.w_security_offset.encode(e)?;
        e.align64(Self::ALIGN);
        self.a_string_array.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            w_num_entries: Ndr::decode(d)?,
            w_security_offset: Ndr::decode(d)?,
            a_string_array: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.a_string_array.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u16>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// A marshalled interface pointer: the bytes of an OBJREF ([MS-DCOM] 2.2.14).
///
/// ```idl
/// typedef struct tagMInterfacePointer {
///     unsigned long ulCntData;
///     [size_is(ulCntData)] byte abData[];
/// } MInterfacePointer;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MInterfacePointer {
    /// Length of the OBJREF.
    pub ul_cnt_data: u32,
    /// The OBJREF, little-endian ([MS-DCOM] 2.2.18).
    pub ab_data: Vec<u8>,
}

impl MInterfacePointer {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("abData", num(self.ul_cnt_data), &self.ab_data)?;
        Ok(())
    }
}

impl Ndr for MInterfacePointer {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.ul_cnt_data.encode(e)?;
        e.align64(Self::ALIGN);
        self.ab_data.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            ul_cnt_data: Ndr::decode(d)?,
            ab_data: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.ab_data.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u8>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// A reference to one interface of an object ([MS-DCOM] 2.2.18.3).
///
/// ```idl
/// typedef struct tagSTDOBJREF {
///     unsigned long flags;
///     unsigned long cPublicRefs;
///     OXID oxid;
///     OID oid;
///     IPID ipid;
/// } STDOBJREF;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct STDOBJREF {
    /// Zero, or SORF_NOPING 0x1000.
    pub flags: u32,
    /// Public references that come with this one.
    pub c_public_refs: u32,
    /// The object exporter.
    pub oxid: u64,
    /// The object.
    pub oid: u64,
    /// The interface of the object.
    pub ipid: uuid::Uuid,
}

impl Ndr for STDOBJREF {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 40;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.flags.encode(e)?;
        self.c_public_refs.encode(e)?;
        self.oxid.encode(e)?;
        self.oid.encode(e)?;
        self.ipid.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            flags: Ndr::decode(d)?,
            c_public_refs: Ndr::decode(d)?,
            oxid: Ndr::decode(d)?,
            oid: Ndr::decode(d)?,
            ipid: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// `IUnknown`, version 0.0.
pub const I_UNKNOWN: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x00000000_0000_0000_c000_000000000046),
    major: 0,
    minor: 0,
};
