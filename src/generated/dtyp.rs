//! Written by `codegen` from `idl/dtyp.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// 100-nanosecond intervals since 1601-01-01 UTC, in two halves ([MS-DTYP] 2.3.3).
///
/// ```idl
/// typedef struct _FILETIME {
///     DWORD dwLowDateTime;
///     DWORD dwHighDateTime;
/// } FILETIME;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FILETIME {
    /// Low 32 bits.
    pub dw_low_date_time: u32,
    /// High 32 bits.
    pub dw_high_date_time: u32,
}

impl Ndr for FILETIME {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.dw_low_date_time.encode(e)?;
        self.dw_high_date_time.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            dw_low_date_time: Ndr::decode(d)?,
            dw_high_date_time: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A 64-bit signed integer as a structure ([MS-DTYP] 2.3.5).
///
/// ```idl
/// typedef struct _LARGE_INTEGER {
///     signed __int64 QuadPart;
/// } LARGE_INTEGER;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LARGE_INTEGER {
    /// The value.
    pub quad_part: i64,
}

impl Ndr for LARGE_INTEGER {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.quad_part.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { quad_part: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A locally unique identifier ([MS-DTYP] 2.3.7).
///
/// ```idl
/// typedef struct _LUID {
///     DWORD LowPart;
///     LONG HighPart;
/// } LUID;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LUID {
    /// Low 32 bits.
    pub low_part: u32,
    /// High 32 bits.
    pub high_part: i32,
}

impl Ndr for LUID {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.low_part.encode(e)?;
        self.high_part.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            low_part: Ndr::decode(d)?,
            high_part: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A counted UTF-16 string; no terminator is needed ([MS-DTYP] 2.3.10).
///
/// ```idl
/// typedef struct _RPC_UNICODE_STRING {
///     unsigned short Length;
///     unsigned short MaximumLength;
///     [size_is(MaximumLength / 2), length_is(Length / 2)] WCHAR *Buffer;
/// } RPC_UNICODE_STRING, *PRPC_UNICODE_STRING;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RPC_UNICODE_STRING {
    /// Bytes in use; even.
    pub length: u16,
    /// Bytes of the buffer; even, not less than `Length`.
    pub maximum_length: u16,
    /// The code units.
    pub buffer: Option<ndr::Varying<u16>>,
}

impl RPC_UNICODE_STRING {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is_unless_null(
            "Buffer",
            num(self.maximum_length) / num(2),
            &self.buffer,
        )?;
        ndr::first_is("Buffer", num(0), &self.buffer)?;
        ndr::length_is("Buffer", num(self.length) / num(2), &self.buffer)?;
        Ok(())
    }
}

impl Ndr for RPC_UNICODE_STRING {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.length.encode(e)?;
        self.maximum_length.encode(e)?;
        self.buffer.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            length: Ndr::decode(d)?,
            maximum_length: Ndr::decode(d)?,
            buffer: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.buffer.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.buffer.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// The authority of a SID, big-endian ([MS-DTYP] 2.4.1.1).
///
/// ```idl
/// typedef struct _RPC_SID_IDENTIFIER_AUTHORITY {
///     byte Value[6];
/// } RPC_SID_IDENTIFIER_AUTHORITY;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RPC_SID_IDENTIFIER_AUTHORITY {
    /// Six octets, most significant first.
    pub value: [u8; 6],
}

impl Ndr for RPC_SID_IDENTIFIER_AUTHORITY {
    const ALIGN: Align = Align::new(1, 1);
    const MIN_SIZE: usize = 6;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.value.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { value: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A security identifier ([MS-DTYP] 2.4.2.3).
///
/// ```idl
/// typedef struct _RPC_SID {
///     unsigned char Revision;
///     unsigned char SubAuthorityCount;
///     RPC_SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
///     [size_is(SubAuthorityCount)] unsigned long SubAuthority[];
/// } RPC_SID, *PRPC_SID, *PSID;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RPC_SID {
    /// Always 1.
    pub revision: u8,
    /// Number of sub-authorities, at most 15.
    pub sub_authority_count: u8,
    /// The authority below which the sub-authorities are unique.
    pub identifier_authority: RPC_SID_IDENTIFIER_AUTHORITY,
    /// The sub-authorities; the last is the RID.
    pub sub_authority: Vec<u32>,
}

impl RPC_SID {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "SubAuthority",
            num(self.sub_authority_count),
            &self.sub_authority,
        )?;
        Ok(())
    }
}

impl Ndr for RPC_SID {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.revision.encode(e)?;
        self.sub_authority_count.encode(e)?;
        self.identifier_authority.encode(e)?;
        e.align64(Self::ALIGN);
        self.sub_authority.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            revision: Ndr::decode(d)?,
            sub_authority_count: Ndr::decode(d)?,
            identifier_authority: Ndr::decode(d)?,
            sub_authority: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.sub_authority.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u32>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}
