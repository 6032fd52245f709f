//! Written by `codegen` from `idl/oaut.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::orpc::{MInterfacePointer, ORPCTHAT, ORPCTHIS};

/// Type of a value in a VARIANT or SAFEARRAY ([MS-OAUT] 2.2.7).
///
/// ```idl
/// typedef enum tagVARENUM {
///     VT_EMPTY = 0x0000,
///     VT_NULL = 0x0001,
///     VT_I2 = 0x0002,
///     VT_I4 = 0x0003,
///     VT_R4 = 0x0004,
///     VT_R8 = 0x0005,
///     VT_CY = 0x0006,
///     VT_DATE = 0x0007,
///     VT_BSTR = 0x0008,
///     VT_DISPATCH = 0x0009,
///     VT_ERROR = 0x000A,
///     VT_BOOL = 0x000B,
///     VT_VARIANT = 0x000C,
///     VT_UNKNOWN = 0x000D,
///     VT_DECIMAL = 0x000E,
///     VT_I1 = 0x0010,
///     VT_UI1 = 0x0011,
///     VT_UI2 = 0x0012,
///     VT_UI4 = 0x0013,
///     VT_I8 = 0x0014,
///     VT_UI8 = 0x0015,
///     VT_INT = 0x0016,
///     VT_UINT = 0x0017,
///     VT_RECORD = 0x0024,
///     VT_ARRAY = 0x2000,
///     VT_BYREF = 0x4000
/// } VARENUM;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VARENUM(pub u16);

impl VARENUM {
    pub const VT_EMPTY: Self = Self(0);
    pub const VT_NULL: Self = Self(1);
    pub const VT_I2: Self = Self(2);
    pub const VT_I4: Self = Self(3);
    pub const VT_R4: Self = Self(4);
    pub const VT_R8: Self = Self(5);
    pub const VT_CY: Self = Self(6);
    pub const VT_DATE: Self = Self(7);
    pub const VT_BSTR: Self = Self(8);
    pub const VT_DISPATCH: Self = Self(9);
    pub const VT_ERROR: Self = Self(10);
    pub const VT_BOOL: Self = Self(11);
    pub const VT_VARIANT: Self = Self(12);
    pub const VT_UNKNOWN: Self = Self(13);
    pub const VT_DECIMAL: Self = Self(14);
    pub const VT_I1: Self = Self(16);
    pub const VT_UI1: Self = Self(17);
    pub const VT_UI2: Self = Self(18);
    pub const VT_UI4: Self = Self(19);
    pub const VT_I8: Self = Self(20);
    pub const VT_UI8: Self = Self(21);
    pub const VT_INT: Self = Self(22);
    pub const VT_UINT: Self = Self(23);
    pub const VT_RECORD: Self = Self(36);
    pub const VT_ARRAY: Self = Self(8192);
    pub const VT_BYREF: Self = Self(16384);
}

impl Ndr for VARENUM {
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

/// Discriminant of the elements of a SAFEARRAY ([MS-OAUT] 2.2.8).
///
/// ```idl
/// typedef [v1_enum] enum tagSF_TYPE {
///     SF_ERROR = VT_ERROR,
///     SF_I1 = VT_I1,
///     SF_I2 = VT_I2,
///     SF_I4 = VT_I4,
///     SF_I8 = VT_I8,
///     SF_BSTR = VT_BSTR,
///     SF_UNKNOWN = VT_UNKNOWN,
///     SF_DISPATCH = VT_DISPATCH,
///     SF_VARIANT = VT_VARIANT,
///     SF_RECORD = VT_RECORD,
///     SF_HAVEIID = VT_UNKNOWN | 0x8000
/// } SF_TYPE;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SF_TYPE(pub u32);

impl SF_TYPE {
    pub const SF_ERROR: Self = Self(10);
    pub const SF_I1: Self = Self(16);
    pub const SF_I2: Self = Self(2);
    pub const SF_I4: Self = Self(3);
    pub const SF_I8: Self = Self(20);
    pub const SF_BSTR: Self = Self(8);
    pub const SF_UNKNOWN: Self = Self(13);
    pub const SF_DISPATCH: Self = Self(9);
    pub const SF_VARIANT: Self = Self(12);
    pub const SF_RECORD: Self = Self(36);
    pub const SF_HAVEIID: Self = Self(32781);
}

impl Ndr for SF_TYPE {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode(e)
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        u32::decode(d).map(Self)
    }
}

/// Features of a SAFEARRAY ([MS-OAUT] 2.2.9).
///
/// ```idl
/// typedef enum tagADVFEATUREFLAGS {
///     FADF_AUTO = 0x0001,
///     FADF_STATIC = 0x0002,
///     FADF_EMBEDDED = 0x0004,
///     FADF_FIXEDSIZE = 0x0010,
///     FADF_RECORD = 0x0020,
///     FADF_HAVEIID = 0x0040,
///     FADF_HAVEVARTYPE = 0x0080,
///     FADF_BSTR = 0x0100,
///     FADF_UNKNOWN = 0x0200,
///     FADF_DISPATCH = 0x0400,
///     FADF_VARIANT = 0x0800
/// } ADVFEATUREFLAGS;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ADVFEATUREFLAGS(pub u16);

impl ADVFEATUREFLAGS {
    pub const FADF_AUTO: Self = Self(1);
    pub const FADF_STATIC: Self = Self(2);
    pub const FADF_EMBEDDED: Self = Self(4);
    pub const FADF_FIXEDSIZE: Self = Self(16);
    pub const FADF_RECORD: Self = Self(32);
    pub const FADF_HAVEIID: Self = Self(64);
    pub const FADF_HAVEVARTYPE: Self = Self(128);
    pub const FADF_BSTR: Self = Self(256);
    pub const FADF_UNKNOWN: Self = Self(512);
    pub const FADF_DISPATCH: Self = Self(1024);
    pub const FADF_VARIANT: Self = Self(2048);
}

impl Ndr for ADVFEATUREFLAGS {
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

/// Text or bytes with a length ([MS-OAUT] 2.2.23.1).
///
/// ```idl
/// typedef struct _FLAGGED_WORD_BLOB {
///     unsigned long cBytes;
///     unsigned long clSize;
///     [size_is(clSize)] unsigned short asData[];
/// } FLAGGED_WORD_BLOB;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FLAGGED_WORD_BLOB {
    /// Length in bytes; 0xFFFFFFFF is a null string.
    pub c_bytes: u32,
    /// Number of code units: half of `cBytes`, rounded up; 0 for a null string.
    pub cl_size: u32,
    /// The code units.
    pub as_data: Vec<u16>,
}

impl FLAGGED_WORD_BLOB {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("asData", num(self.cl_size), &self.as_data)?;
        Ok(())
    }
}

impl Ndr for FLAGGED_WORD_BLOB {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.c_bytes.encode(e)?;
        self.cl_size.encode(e)?;
        e.align64(Self::ALIGN);
        self.as_data.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            c_bytes: Ndr::decode(d)?,
            cl_size: Ndr::decode(d)?,
            as_data: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.as_data.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<u16>>::decode_conformance(d)
    }

    fn decode_deferred(&mut self, _d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(self.validate()?)
    }
}

/// An amount of money in units of 1/10000 ([MS-OAUT] 2.2.24).
///
/// ```idl
/// typedef struct tagCY {
///     __int64 int64;
/// } CURRENCY;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CURRENCY {
    /// The amount.
    pub int64: i64,
}

impl Ndr for CURRENCY {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.int64.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self { int64: Ndr::decode(d)? };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// A decimal number ([MS-OAUT] 2.2.26).
///
/// ```idl
/// typedef struct tagDEC {
///     WORD wReserved;
///     BYTE scale;
///     BYTE sign;
///     ULONG Hi32;
///     ULONGLONG Lo64;
/// } DECIMAL;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DECIMAL {
    /// Zero; ignored.
    pub w_reserved: u16,
    /// Power of ten to divide by, up to 28.
    pub scale: u8,
    /// 0 positive, 0x80 negative.
    pub sign: u8,
    /// High 32 bits.
    pub hi32: u32,
    /// Low 64 bits.
    pub lo64: u64,
}

impl Ndr for DECIMAL {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.w_reserved.encode(e)?;
        self.scale.encode(e)?;
        self.sign.encode(e)?;
        self.hi32.encode(e)?;
        self.lo64.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            w_reserved: Ndr::decode(d)?,
            scale: Ndr::decode(d)?,
            sign: Ndr::decode(d)?,
            hi32: Ndr::decode(d)?,
            lo64: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Values of a user-defined type ([MS-OAUT] 2.2.28.2.1).
///
/// ```idl
/// typedef struct _wireBRECORD {
///     ULONG fFlags;
///     ULONG clSize;
///     MInterfacePointer *pRecInfo;
///     [size_is(clSize)] byte *pRecord;
/// } wireBRECORDStr;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireBRECORDStr {
    /// 1, or 0 if there is no record.
    pub f_flags: u32,
    /// Length of the record with its prefix.
    pub cl_size: u32,
    /// What the type is.
    pub p_rec_info: Option<Box<MInterfacePointer>>,
    /// Length prefix and NDR of the values.
    pub p_record: Option<Vec<u8>>,
}

impl wireBRECORDStr {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pRecord", num(self.cl_size), &self.p_record)?;
        Ok(())
    }
}

impl Ndr for wireBRECORDStr {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.f_flags.encode(e)?;
        self.cl_size.encode(e)?;
        self.p_rec_info.encode(e)?;
        self.p_record.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            f_flags: Ndr::decode(d)?,
            cl_size: Ndr::decode(d)?,
            p_rec_info: Ndr::decode(d)?,
            p_record: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_rec_info.encode_deferred(e)?;
        self.p_record.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_rec_info.decode_deferred(d)?;
        self.p_record.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum wireVARIANTStrVarUnion {
    /// `[case(VT_I8)] LONGLONG llVal;`
    LlVal(i64),
    /// `[case(VT_I4)] LONG lVal;`
    LVal(i32),
    /// `[case(VT_UI1)] BYTE bVal;`
    BVal(u8),
    /// `[case(VT_I2)] SHORT iVal;`
    IVal(i16),
    /// `[case(VT_R4)] FLOAT fltVal;`
    FltVal(f32),
    /// `[case(VT_R8)] DOUBLE dblVal;`
    DblVal(f64),
    /// `[case(VT_BOOL)] VARIANT_BOOL boolVal;`
    BoolVal(i16),
    /// `[case(VT_ERROR)] HRESULT scode;`
    Scode(u32),
    /// `[case(VT_CY)] CURRENCY cyVal;`
    CyVal(CURRENCY),
    /// `[case(VT_DATE)] DATE date;`
    Date(f64),
    /// `[case(VT_BSTR)] BSTR bstrVal;`
    BstrVal(Option<Box<FLAGGED_WORD_BLOB>>),
    /// `[case(VT_UNKNOWN)] IUnknown *punkVal;`
    PunkVal(Option<Box<MInterfacePointer>>),
    /// `[case(VT_DISPATCH)] IDispatch *pdispVal;`
    PdispVal(Option<Box<MInterfacePointer>>),
    /// `[case(VT_ARRAY)] PSAFEARRAY parray;`
    Parray(Option<Option<Box<wireSAFEARRAYStr>>>),
    /// `[case(VT_RECORD, VT_RECORD | VT_BYREF)] BRECORD brecVal;`
    BrecVal(u32, Option<Box<wireBRECORDStr>>),
    /// `[case(VT_UI1 | VT_BYREF)] BYTE *pbVal;`
    PbVal(Option<u8>),
    /// `[case(VT_I2 | VT_BYREF)] SHORT *piVal;`
    PiVal(Option<i16>),
    /// `[case(VT_I4 | VT_BYREF)] LONG *plVal;`
    PlVal(Option<i32>),
    /// `[case(VT_I8 | VT_BYREF)] LONGLONG *pllVal;`
    PllVal(Option<i64>),
    /// `[case(VT_R4 | VT_BYREF)] FLOAT *pfltVal;`
    PfltVal(Option<f32>),
    /// `[case(VT_R8 | VT_BYREF)] DOUBLE *pdblVal;`
    PdblVal(Option<f64>),
    /// `[case(VT_BOOL | VT_BYREF)] VARIANT_BOOL *pboolVal;`
    PboolVal(Option<i16>),
    /// `[case(VT_ERROR | VT_BYREF)] HRESULT *pscode;`
    Pscode(Option<u32>),
    /// `[case(VT_CY | VT_BYREF)] CURRENCY *pcyVal;`
    PcyVal(Option<Box<CURRENCY>>),
    /// `[case(VT_DATE | VT_BYREF)] DATE *pdate;`
    Pdate(Option<f64>),
    /// `[case(VT_BSTR | VT_BYREF)] BSTR *pbstrVal;`
    PbstrVal(Option<Option<Box<FLAGGED_WORD_BLOB>>>),
    /// `[case(VT_UNKNOWN | VT_BYREF)] IUnknown **ppunkVal;`
    PpunkVal(Option<Option<Box<MInterfacePointer>>>),
    /// `[case(VT_DISPATCH | VT_BYREF)] IDispatch **ppdispVal;`
    PpdispVal(Option<Option<Box<MInterfacePointer>>>),
    /// `[case(VT_ARRAY | VT_BYREF)] PSAFEARRAY *pparray;`
    Pparray(Option<Option<Option<Box<wireSAFEARRAYStr>>>>),
    /// `[case(VT_VARIANT | VT_BYREF)] VARIANT *pvarVal;`
    PvarVal(Option<Option<Box<wireVARIANTStr>>>),
    /// `[case(VT_I1)] CHAR cVal;`
    CVal(u8),
    /// `[case(VT_UI2)] USHORT uiVal;`
    UiVal(u16),
    /// `[case(VT_UI4)] ULONG ulVal;`
    UlVal(u32),
    /// `[case(VT_UI8)] ULONGLONG ullVal;`
    UllVal(u64),
    /// `[case(VT_INT)] INT intVal;`
    IntVal(i32),
    /// `[case(VT_UINT)] UINT uintVal;`
    UintVal(u32),
    /// `[case(VT_DECIMAL)] DECIMAL decVal;`
    DecVal(DECIMAL),
    /// `[case(VT_I1 | VT_BYREF)] CHAR *pcVal;`
    PcVal(Option<u8>),
    /// `[case(VT_UI2 | VT_BYREF)] USHORT *puiVal;`
    PuiVal(Option<u16>),
    /// `[case(VT_UI4 | VT_BYREF)] ULONG *pulVal;`
    PulVal(Option<u32>),
    /// `[case(VT_UI8 | VT_BYREF)] ULONGLONG *pullVal;`
    PullVal(Option<u64>),
    /// `[case(VT_INT | VT_BYREF)] INT *pintVal;`
    PintVal(Option<i32>),
    /// `[case(VT_UINT | VT_BYREF)] UINT *puintVal;`
    PuintVal(Option<u32>),
    /// `[case(VT_DECIMAL | VT_BYREF)] DECIMAL *pdecVal;`
    PdecVal(Option<Box<DECIMAL>>),
    /// `[case(VT_EMPTY)] ;`
    VtEmpty,
    /// `[case(VT_NULL)] ;`
    VtNull,
}

impl Default for wireVARIANTStrVarUnion {
    fn default() -> Self {
        Self::LlVal(Default::default())
    }
}

impl wireVARIANTStrVarUnion {
    /// The discriminant.
    pub fn tag(&self) -> u32 {
        match self {
            Self::LlVal(_) => 20,
            Self::LVal(_) => 3,
            Self::BVal(_) => 17,
            Self::IVal(_) => 2,
            Self::FltVal(_) => 4,
            Self::DblVal(_) => 5,
            Self::BoolVal(_) => 11,
            Self::Scode(_) => 10,
            Self::CyVal(_) => 6,
            Self::Date(_) => 7,
            Self::BstrVal(_) => 8,
            Self::PunkVal(_) => 13,
            Self::PdispVal(_) => 9,
            Self::Parray(_) => 8192,
            Self::BrecVal(tag, _) => *tag,
            Self::PbVal(_) => 16401,
            Self::PiVal(_) => 16386,
            Self::PlVal(_) => 16387,
            Self::PllVal(_) => 16404,
            Self::PfltVal(_) => 16388,
            Self::PdblVal(_) => 16389,
            Self::PboolVal(_) => 16395,
            Self::Pscode(_) => 16394,
            Self::PcyVal(_) => 16390,
            Self::Pdate(_) => 16391,
            Self::PbstrVal(_) => 16392,
            Self::PpunkVal(_) => 16397,
            Self::PpdispVal(_) => 16393,
            Self::Pparray(_) => 24576,
            Self::PvarVal(_) => 16396,
            Self::CVal(_) => 16,
            Self::UiVal(_) => 18,
            Self::UlVal(_) => 19,
            Self::UllVal(_) => 21,
            Self::IntVal(_) => 22,
            Self::UintVal(_) => 23,
            Self::DecVal(_) => 14,
            Self::PcVal(_) => 16400,
            Self::PuiVal(_) => 16402,
            Self::PulVal(_) => 16403,
            Self::PullVal(_) => 16405,
            Self::PintVal(_) => 16406,
            Self::PuintVal(_) => 16407,
            Self::PdecVal(_) => 16398,
            Self::VtEmpty => 0,
            Self::VtNull => 1,
        }
    }
}

impl ndr::Tagged for wireVARIANTStrVarUnion {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for wireVARIANTStrVarUnion {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 4;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align64(Align::new(8, 8));
        match self {
            Self::LlVal(value) => value.encode(e),
            Self::LVal(value) => value.encode(e),
            Self::BVal(value) => value.encode(e),
            Self::IVal(value) => value.encode(e),
            Self::FltVal(value) => value.encode(e),
            Self::DblVal(value) => value.encode(e),
            Self::BoolVal(value) => value.encode(e),
            Self::Scode(value) => value.encode(e),
            Self::CyVal(value) => value.encode(e),
            Self::Date(value) => value.encode(e),
            Self::BstrVal(value) => value.encode(e),
            Self::PunkVal(value) => value.encode(e),
            Self::PdispVal(value) => value.encode(e),
            Self::Parray(value) => value.encode(e),
            Self::BrecVal(_, value) => value.encode(e),
            Self::PbVal(value) => value.encode(e),
            Self::PiVal(value) => value.encode(e),
            Self::PlVal(value) => value.encode(e),
            Self::PllVal(value) => value.encode(e),
            Self::PfltVal(value) => value.encode(e),
            Self::PdblVal(value) => value.encode(e),
            Self::PboolVal(value) => value.encode(e),
            Self::Pscode(value) => value.encode(e),
            Self::PcyVal(value) => value.encode(e),
            Self::Pdate(value) => value.encode(e),
            Self::PbstrVal(value) => value.encode(e),
            Self::PpunkVal(value) => value.encode(e),
            Self::PpdispVal(value) => value.encode(e),
            Self::Pparray(value) => value.encode(e),
            Self::PvarVal(value) => value.encode(e),
            Self::CVal(value) => value.encode(e),
            Self::UiVal(value) => value.encode(e),
            Self::UlVal(value) => value.encode(e),
            Self::UllVal(value) => value.encode(e),
            Self::IntVal(value) => value.encode(e),
            Self::UintVal(value) => value.encode(e),
            Self::DecVal(value) => value.encode(e),
            Self::PcVal(value) => value.encode(e),
            Self::PuiVal(value) => value.encode(e),
            Self::PulVal(value) => value.encode(e),
            Self::PullVal(value) => value.encode(e),
            Self::PintVal(value) => value.encode(e),
            Self::PuintVal(value) => value.encode(e),
            Self::PdecVal(value) => value.encode(e),
            _ => Ok(()),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = u32::decode(d)?;
        d.align64(Align::new(8, 8));
        let value = match tag {
            20 => Self::LlVal(Ndr::decode(d)?),
            3 => Self::LVal(Ndr::decode(d)?),
            17 => Self::BVal(Ndr::decode(d)?),
            2 => Self::IVal(Ndr::decode(d)?),
            4 => Self::FltVal(Ndr::decode(d)?),
            5 => Self::DblVal(Ndr::decode(d)?),
            11 => Self::BoolVal(Ndr::decode(d)?),
            10 => Self::Scode(Ndr::decode(d)?),
            6 => Self::CyVal(Ndr::decode(d)?),
            7 => Self::Date(Ndr::decode(d)?),
            8 => Self::BstrVal(Ndr::decode(d)?),
            13 => Self::PunkVal(Ndr::decode(d)?),
            9 => Self::PdispVal(Ndr::decode(d)?),
            8192 => Self::Parray(Ndr::decode(d)?),
            36 | 16420 => Self::BrecVal(tag, Ndr::decode(d)?),
            16401 => Self::PbVal(Ndr::decode(d)?),
            16386 => Self::PiVal(Ndr::decode(d)?),
            16387 => Self::PlVal(Ndr::decode(d)?),
            16404 => Self::PllVal(Ndr::decode(d)?),
            16388 => Self::PfltVal(Ndr::decode(d)?),
            16389 => Self::PdblVal(Ndr::decode(d)?),
            16395 => Self::PboolVal(Ndr::decode(d)?),
            16394 => Self::Pscode(Ndr::decode(d)?),
            16390 => Self::PcyVal(Ndr::decode(d)?),
            16391 => Self::Pdate(Ndr::decode(d)?),
            16392 => Self::PbstrVal(Ndr::decode(d)?),
            16397 => Self::PpunkVal(Ndr::decode(d)?),
            16393 => Self::PpdispVal(Ndr::decode(d)?),
            24576 => Self::Pparray(Ndr::decode(d)?),
            16396 => Self::PvarVal(Ndr::decode(d)?),
            16 => Self::CVal(Ndr::decode(d)?),
            18 => Self::UiVal(Ndr::decode(d)?),
            19 => Self::UlVal(Ndr::decode(d)?),
            21 => Self::UllVal(Ndr::decode(d)?),
            22 => Self::IntVal(Ndr::decode(d)?),
            23 => Self::UintVal(Ndr::decode(d)?),
            14 => Self::DecVal(Ndr::decode(d)?),
            16400 => Self::PcVal(Ndr::decode(d)?),
            16402 => Self::PuiVal(Ndr::decode(d)?),
            16403 => Self::PulVal(Ndr::decode(d)?),
            16405 => Self::PullVal(Ndr::decode(d)?),
            16406 => Self::PintVal(Ndr::decode(d)?),
            16407 => Self::PuintVal(Ndr::decode(d)?),
            16398 => Self::PdecVal(Ndr::decode(d)?),
            0 => Self::VtEmpty,
            1 => Self::VtNull,
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::BstrVal(value) => value.encode_deferred(e),
            Self::PunkVal(value) => value.encode_deferred(e),
            Self::PdispVal(value) => value.encode_deferred(e),
            Self::Parray(value) => value.encode_deferred(e),
            Self::BrecVal(_, value) => value.encode_deferred(e),
            Self::PbVal(value) => value.encode_deferred(e),
            Self::PiVal(value) => value.encode_deferred(e),
            Self::PlVal(value) => value.encode_deferred(e),
            Self::PllVal(value) => value.encode_deferred(e),
            Self::PfltVal(value) => value.encode_deferred(e),
            Self::PdblVal(value) => value.encode_deferred(e),
            Self::PboolVal(value) => value.encode_deferred(e),
            Self::Pscode(value) => value.encode_deferred(e),
            Self::PcyVal(value) => value.encode_deferred(e),
            Self::Pdate(value) => value.encode_deferred(e),
            Self::PbstrVal(value) => value.encode_deferred(e),
            Self::PpunkVal(value) => value.encode_deferred(e),
            Self::PpdispVal(value) => value.encode_deferred(e),
            Self::Pparray(value) => value.encode_deferred(e),
            Self::PvarVal(value) => value.encode_deferred(e),
            Self::PcVal(value) => value.encode_deferred(e),
            Self::PuiVal(value) => value.encode_deferred(e),
            Self::PulVal(value) => value.encode_deferred(e),
            Self::PullVal(value) => value.encode_deferred(e),
            Self::PintVal(value) => value.encode_deferred(e),
            Self::PuintVal(value) => value.encode_deferred(e),
            Self::PdecVal(value) => value.encode_deferred(e),
            _ => Ok(()),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::BstrVal(value) => value.decode_deferred(d),
            Self::PunkVal(value) => value.decode_deferred(d),
            Self::PdispVal(value) => value.decode_deferred(d),
            Self::Parray(value) => value.decode_deferred(d),
            Self::BrecVal(_, value) => value.decode_deferred(d),
            Self::PbVal(value) => value.decode_deferred(d),
            Self::PiVal(value) => value.decode_deferred(d),
            Self::PlVal(value) => value.decode_deferred(d),
            Self::PllVal(value) => value.decode_deferred(d),
            Self::PfltVal(value) => value.decode_deferred(d),
            Self::PdblVal(value) => value.decode_deferred(d),
            Self::PboolVal(value) => value.decode_deferred(d),
            Self::Pscode(value) => value.decode_deferred(d),
            Self::PcyVal(value) => value.decode_deferred(d),
            Self::Pdate(value) => value.decode_deferred(d),
            Self::PbstrVal(value) => value.decode_deferred(d),
            Self::PpunkVal(value) => value.decode_deferred(d),
            Self::PpdispVal(value) => value.decode_deferred(d),
            Self::Pparray(value) => value.decode_deferred(d),
            Self::PvarVal(value) => value.decode_deferred(d),
            Self::PcVal(value) => value.decode_deferred(d),
            Self::PuiVal(value) => value.decode_deferred(d),
            Self::PulVal(value) => value.decode_deferred(d),
            Self::PullVal(value) => value.decode_deferred(d),
            Self::PintVal(value) => value.decode_deferred(d),
            Self::PuintVal(value) => value.decode_deferred(d),
            Self::PdecVal(value) => value.decode_deferred(d),
            _ => Ok(()),
        }
    }
}

/// A value of any type ([MS-OAUT] 2.2.29.1).
///
/// ```idl
/// typedef struct _wireVARIANT {
///     DWORD clSize;
///     DWORD rpcReserved;
///     USHORT vt;
///     USHORT wReserved1;
///     USHORT wReserved2;
///     USHORT wReserved3;
///     [switch_type(ULONG), switch_is((vt & VT_ARRAY) ? (vt & (VT_ARRAY | VT_BYREF)) : vt)] union {
///         [case(VT_I8)] LONGLONG llVal;
///         [case(VT_I4)] LONG lVal;
///         [case(VT_UI1)] BYTE bVal;
///         [case(VT_I2)] SHORT iVal;
///         [case(VT_R4)] FLOAT fltVal;
///         [case(VT_R8)] DOUBLE dblVal;
///         [case(VT_BOOL)] VARIANT_BOOL boolVal;
///         [case(VT_ERROR)] HRESULT scode;
///         [case(VT_CY)] CURRENCY cyVal;
///         [case(VT_DATE)] DATE date;
///         [case(VT_BSTR)] BSTR bstrVal;
///         [case(VT_UNKNOWN)] IUnknown *punkVal;
///         [case(VT_DISPATCH)] IDispatch *pdispVal;
///         [case(VT_ARRAY)] PSAFEARRAY parray;
///         [case(VT_RECORD, VT_RECORD | VT_BYREF)] BRECORD brecVal;
///         [case(VT_UI1 | VT_BYREF)] BYTE *pbVal;
///         [case(VT_I2 | VT_BYREF)] SHORT *piVal;
///         [case(VT_I4 | VT_BYREF)] LONG *plVal;
///         [case(VT_I8 | VT_BYREF)] LONGLONG *pllVal;
///         [case(VT_R4 | VT_BYREF)] FLOAT *pfltVal;
///         [case(VT_R8 | VT_BYREF)] DOUBLE *pdblVal;
///         [case(VT_BOOL | VT_BYREF)] VARIANT_BOOL *pboolVal;
///         [case(VT_ERROR | VT_BYREF)] HRESULT *pscode;
///         [case(VT_CY | VT_BYREF)] CURRENCY *pcyVal;
///         [case(VT_DATE | VT_BYREF)] DATE *pdate;
///         [case(VT_BSTR | VT_BYREF)] BSTR *pbstrVal;
///         [case(VT_UNKNOWN | VT_BYREF)] IUnknown **ppunkVal;
///         [case(VT_DISPATCH | VT_BYREF)] IDispatch **ppdispVal;
///         [case(VT_ARRAY | VT_BYREF)] PSAFEARRAY *pparray;
///         [case(VT_VARIANT | VT_BYREF)] VARIANT *pvarVal;
///         [case(VT_I1)] CHAR cVal;
///         [case(VT_UI2)] USHORT uiVal;
///         [case(VT_UI4)] ULONG ulVal;
///         [case(VT_UI8)] ULONGLONG ullVal;
///         [case(VT_INT)] INT intVal;
///         [case(VT_UINT)] UINT uintVal;
///         [case(VT_DECIMAL)] DECIMAL decVal;
///         [case(VT_I1 | VT_BYREF)] CHAR *pcVal;
///         [case(VT_UI2 | VT_BYREF)] USHORT *puiVal;
///         [case(VT_UI4 | VT_BYREF)] ULONG *pulVal;
///         [case(VT_UI8 | VT_BYREF)] ULONGLONG *pullVal;
///         [case(VT_INT | VT_BYREF)] INT *pintVal;
///         [case(VT_UINT | VT_BYREF)] UINT *puintVal;
///         [case(VT_DECIMAL | VT_BYREF)] DECIMAL *pdecVal;
///         [case(VT_EMPTY)] ;
///         [case(VT_NULL)] ;
///     } _varUnion;
/// } wireVARIANTStr;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireVARIANTStr {
    /// Size of the value in units of 8 bytes.
    pub cl_size: u32,
    /// Zero; ignored.
    pub rpc_reserved: u32,
    /// VT_*.
    pub vt: u16,
    /// Ignored.
    pub w_reserved1: u16,
    /// Ignored.
    pub w_reserved2: u16,
    /// Ignored.
    pub w_reserved3: u16,
    /// The value. For arrays the discriminant leaves out the type of the elements.
    pub var_union: wireVARIANTStrVarUnion,
}

impl wireVARIANTStr {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::switch_is(
            "_varUnion",
            (num(self.vt) & num(8192))
                .select(num(self.vt) & (num(8192) | num(16384)), num(self.vt)),
            &self.var_union,
        )?;
        Ok(())
    }
}

impl Ndr for wireVARIANTStr {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.cl_size.encode(e)?;
        self.rpc_reserved.encode(e)?;
        self.vt.encode(e)?;
        self.w_reserved1.encode(e)?;
        self.w_reserved2.encode(e)?;
        self.w_reserved3.encode(e)?;
        self.var_union.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cl_size: Ndr::decode(d)?,
            rpc_reserved: Ndr::decode(d)?,
            vt: Ndr::decode(d)?,
            w_reserved1: Ndr::decode(d)?,
            w_reserved2: Ndr::decode(d)?,
            w_reserved3: Ndr::decode(d)?,
            var_union: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.var_union.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.var_union.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// One dimension of an array ([MS-OAUT] 2.2.30.1).
///
/// ```idl
/// typedef struct tagSAFEARRAYBOUND {
///     ULONG cElements;
///     LONG lLbound;
/// } SAFEARRAYBOUND;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARRAYBOUND {
    /// Number of elements.
    pub c_elements: u32,
    /// Lowest index.
    pub l_lbound: i32,
}

impl Ndr for SAFEARRAYBOUND {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.c_elements.encode(e)?;
        self.l_lbound.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            c_elements: Ndr::decode(d)?,
            l_lbound: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Elements that are BSTRs ([MS-OAUT] 2.2.30.2).
///
/// ```idl
/// typedef struct _wireSAFEARR_BSTR {
///     ULONG Size;
///     [size_is(Size), ref] BSTR *aBstr;
/// } SAFEARR_BSTR;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARR_BSTR {
    /// Number of elements.
    pub size: u32,
    /// The elements.
    pub a_bstr: ndr::Ref<Vec<Option<Box<FLAGGED_WORD_BLOB>>>>,
}

impl SAFEARR_BSTR {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("aBstr", num(self.size), &self.a_bstr)?;
        Ok(())
    }
}

impl Ndr for SAFEARR_BSTR {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.a_bstr.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            a_bstr: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.a_bstr.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.a_bstr.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements that are interface pointers ([MS-OAUT] 2.2.30.3).
///
/// ```idl
/// typedef struct _wireSAFEARR_UNKNOWN {
///     ULONG Size;
///     [size_is(Size), ref] IUnknown **apUnknown;
/// } SAFEARR_UNKNOWN;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARR_UNKNOWN {
    /// Number of elements.
    pub size: u32,
    /// The elements.
    pub ap_unknown: ndr::Ref<Vec<Option<Box<MInterfacePointer>>>>,
}

impl SAFEARR_UNKNOWN {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("apUnknown", num(self.size), &self.ap_unknown)?;
        Ok(())
    }
}

impl Ndr for SAFEARR_UNKNOWN {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.ap_unknown.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            ap_unknown: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.ap_unknown.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.ap_unknown.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements that are pointers to IDispatch ([MS-OAUT] 2.2.30.4).
///
/// ```idl
/// typedef struct _wireSAFEARR_DISPATCH {
///     ULONG Size;
///     [size_is(Size), ref] IDispatch **apDispatch;
/// } SAFEARR_DISPATCH;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARR_DISPATCH {
    /// Number of elements.
    pub size: u32,
    /// The elements.
    pub ap_dispatch: ndr::Ref<Vec<Option<Box<MInterfacePointer>>>>,
}

impl SAFEARR_DISPATCH {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("apDispatch", num(self.size), &self.ap_dispatch)?;
        Ok(())
    }
}

impl Ndr for SAFEARR_DISPATCH {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.ap_dispatch.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            ap_dispatch: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.ap_dispatch.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.ap_dispatch.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements that are VARIANTs ([MS-OAUT] 2.2.30.5).
///
/// ```idl
/// typedef struct _wireSAFEARR_VARIANT {
///     ULONG Size;
///     [size_is(Size), ref] VARIANT *aVariant;
/// } SAFEARR_VARIANT;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARR_VARIANT {
    /// Number of elements.
    pub size: u32,
    /// The elements.
    pub a_variant: ndr::Ref<Vec<Option<Box<wireVARIANTStr>>>>,
}

impl SAFEARR_VARIANT {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("aVariant", num(self.size), &self.a_variant)?;
        Ok(())
    }
}

impl Ndr for SAFEARR_VARIANT {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.a_variant.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            a_variant: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.a_variant.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.a_variant.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements of a user-defined type ([MS-OAUT] 2.2.30.6).
///
/// ```idl
/// typedef struct _wireSAFEARR_BRECORD {
///     ULONG Size;
///     [size_is(Size), ref] BRECORD *aRecord;
/// } SAFEARR_BRECORD;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARR_BRECORD {
    /// Number of elements.
    pub size: u32,
    /// The elements.
    pub a_record: ndr::Ref<Vec<Option<Box<wireBRECORDStr>>>>,
}

impl SAFEARR_BRECORD {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("aRecord", num(self.size), &self.a_record)?;
        Ok(())
    }
}

impl Ndr for SAFEARR_BRECORD {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.a_record.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            a_record: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.a_record.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.a_record.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements that are pointers to a stated interface ([MS-OAUT] 2.2.30.7).
///
/// ```idl
/// typedef struct _wireSAFEARR_HAVEIID {
///     ULONG Size;
///     [size_is(Size), ref] IUnknown **apUnknown;
///     IID iid;
/// } SAFEARR_HAVEIID;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SAFEARR_HAVEIID {
    /// Number of elements.
    pub size: u32,
    /// The elements.
    pub ap_unknown: ndr::Ref<Vec<Option<Box<MInterfacePointer>>>>,
    /// The interface.
    pub iid: uuid::Uuid,
}

impl SAFEARR_HAVEIID {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("apUnknown", num(self.size), &self.ap_unknown)?;
        Ok(())
    }
}

impl Ndr for SAFEARR_HAVEIID {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 24;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.size.encode(e)?;
        self.ap_unknown.encode(e)?;
        self.iid.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            size: Ndr::decode(d)?,
            ap_unknown: Ndr::decode(d)?,
            iid: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.ap_unknown.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.ap_unknown.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements of one byte ([MS-OAUT] 2.2.30.8.1).
///
/// ```idl
/// typedef struct _BYTE_SIZEDARR {
///     unsigned long clSize;
///     [size_is(clSize)] byte *pData;
/// } BYTE_SIZEDARR;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BYTE_SIZEDARR {
    /// Number of elements.
    pub cl_size: u32,
    /// The elements.
    pub p_data: Option<Vec<u8>>,
}

impl BYTE_SIZEDARR {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pData", num(self.cl_size), &self.p_data)?;
        Ok(())
    }
}

impl Ndr for BYTE_SIZEDARR {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.cl_size.encode(e)?;
        self.p_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cl_size: Ndr::decode(d)?,
            p_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements of two bytes ([MS-OAUT] 2.2.30.8.2).
///
/// ```idl
/// typedef struct _SHORT_SIZEDARR {
///     unsigned long clSize;
///     [size_is(clSize)] unsigned short *pData;
/// } WORD_SIZEDARR;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WORD_SIZEDARR {
    /// Number of elements.
    pub cl_size: u32,
    /// The elements.
    pub p_data: Option<Vec<u16>>,
}

impl WORD_SIZEDARR {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pData", num(self.cl_size), &self.p_data)?;
        Ok(())
    }
}

impl Ndr for WORD_SIZEDARR {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.cl_size.encode(e)?;
        self.p_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cl_size: Ndr::decode(d)?,
            p_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements of four bytes ([MS-OAUT] 2.2.30.8.3).
///
/// ```idl
/// typedef struct _LONG_SIZEDARR {
///     unsigned long clSize;
///     [size_is(clSize)] unsigned long *pData;
/// } DWORD_SIZEDARR;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DWORD_SIZEDARR {
    /// Number of elements.
    pub cl_size: u32,
    /// The elements.
    pub p_data: Option<Vec<u32>>,
}

impl DWORD_SIZEDARR {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pData", num(self.cl_size), &self.p_data)?;
        Ok(())
    }
}

impl Ndr for DWORD_SIZEDARR {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.cl_size.encode(e)?;
        self.p_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cl_size: Ndr::decode(d)?,
            p_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Elements of eight bytes ([MS-OAUT] 2.2.30.8.4).
///
/// ```idl
/// typedef struct _HYPER_SIZEDARR {
///     unsigned long clSize;
///     [size_is(clSize)] hyper *pData;
/// } HYPER_SIZEDARR;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HYPER_SIZEDARR {
    /// Number of elements.
    pub cl_size: u32,
    /// The elements.
    pub p_data: Option<Vec<i64>>,
}

impl HYPER_SIZEDARR {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pData", num(self.cl_size), &self.p_data)?;
        Ok(())
    }
}

impl Ndr for HYPER_SIZEDARR {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.cl_size.encode(e)?;
        self.p_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cl_size: Ndr::decode(d)?,
            p_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// The elements of an array ([MS-OAUT] 2.2.30.9).
///
/// ```idl
/// typedef union _wireSAFEARRAY_UNION switch (unsigned long sfType) u {
///     case SF_BSTR: SAFEARR_BSTR BstrStr;
///     case SF_UNKNOWN: SAFEARR_UNKNOWN UnknownStr;
///     case SF_DISPATCH: SAFEARR_DISPATCH DispatchStr;
///     case SF_VARIANT: SAFEARR_VARIANT VariantStr;
///     case SF_RECORD: SAFEARR_BRECORD RecordStr;
///     case SF_HAVEIID: SAFEARR_HAVEIID HaveIidStr;
///     case SF_I1: BYTE_SIZEDARR ByteStr;
///     case SF_I2: WORD_SIZEDARR WordStr;
///     case SF_I4: DWORD_SIZEDARR LongStr;
///     case SF_I8: HYPER_SIZEDARR HyperStr;
/// } SAFEARRAYUNION;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum SAFEARRAYUNION {
    /// `case SF_BSTR: SAFEARR_BSTR BstrStr;`
    BstrStr(SAFEARR_BSTR),
    /// `case SF_UNKNOWN: SAFEARR_UNKNOWN UnknownStr;`
    UnknownStr(SAFEARR_UNKNOWN),
    /// `case SF_DISPATCH: SAFEARR_DISPATCH DispatchStr;`
    DispatchStr(SAFEARR_DISPATCH),
    /// `case SF_VARIANT: SAFEARR_VARIANT VariantStr;`
    VariantStr(SAFEARR_VARIANT),
    /// `case SF_RECORD: SAFEARR_BRECORD RecordStr;`
    RecordStr(SAFEARR_BRECORD),
    /// `case SF_HAVEIID: SAFEARR_HAVEIID HaveIidStr;`
    HaveIidStr(SAFEARR_HAVEIID),
    /// `case SF_I1: BYTE_SIZEDARR ByteStr;`
    ByteStr(BYTE_SIZEDARR),
    /// `case SF_I2: WORD_SIZEDARR WordStr;`
    WordStr(WORD_SIZEDARR),
    /// `case SF_I4: DWORD_SIZEDARR LongStr;`
    LongStr(DWORD_SIZEDARR),
    /// `case SF_I8: HYPER_SIZEDARR HyperStr;`
    HyperStr(HYPER_SIZEDARR),
}

impl Default for SAFEARRAYUNION {
    fn default() -> Self {
        Self::BstrStr(Default::default())
    }
}

impl SAFEARRAYUNION {
    /// The discriminant.
    pub fn tag(&self) -> u32 {
        match self {
            Self::BstrStr(_) => 8,
            Self::UnknownStr(_) => 13,
            Self::DispatchStr(_) => 9,
            Self::VariantStr(_) => 12,
            Self::RecordStr(_) => 36,
            Self::HaveIidStr(_) => 32781,
            Self::ByteStr(_) => 16,
            Self::WordStr(_) => 2,
            Self::LongStr(_) => 3,
            Self::HyperStr(_) => 20,
        }
    }
}

impl ndr::Tagged for SAFEARRAYUNION {
    fn discriminant(&self) -> Option<i64> {
        Some(self.tag().into())
    }
}

impl Ndr for SAFEARRAYUNION {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align64(Self::ALIGN);
        self.tag().encode(e)?;
        e.align64(Align::new(4, 8));
        match self {
            Self::BstrStr(value) => value.encode(e),
            Self::UnknownStr(value) => value.encode(e),
            Self::DispatchStr(value) => value.encode(e),
            Self::VariantStr(value) => value.encode(e),
            Self::RecordStr(value) => value.encode(e),
            Self::HaveIidStr(value) => value.encode(e),
            Self::ByteStr(value) => value.encode(e),
            Self::WordStr(value) => value.encode(e),
            Self::LongStr(value) => value.encode(e),
            Self::HyperStr(value) => value.encode(e),
        }
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align64(Self::ALIGN);
        let tag = u32::decode(d)?;
        d.align64(Align::new(4, 8));
        let value = match tag {
            8 => Self::BstrStr(Ndr::decode(d)?),
            13 => Self::UnknownStr(Ndr::decode(d)?),
            9 => Self::DispatchStr(Ndr::decode(d)?),
            12 => Self::VariantStr(Ndr::decode(d)?),
            36 => Self::RecordStr(Ndr::decode(d)?),
            32781 => Self::HaveIidStr(Ndr::decode(d)?),
            16 => Self::ByteStr(Ndr::decode(d)?),
            2 => Self::WordStr(Ndr::decode(d)?),
            3 => Self::LongStr(Ndr::decode(d)?),
            20 => Self::HyperStr(Ndr::decode(d)?),
            _ => return Err(d.no_arm(tag)),
        };
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::BstrStr(value) => value.encode_deferred(e),
            Self::UnknownStr(value) => value.encode_deferred(e),
            Self::DispatchStr(value) => value.encode_deferred(e),
            Self::VariantStr(value) => value.encode_deferred(e),
            Self::RecordStr(value) => value.encode_deferred(e),
            Self::HaveIidStr(value) => value.encode_deferred(e),
            Self::ByteStr(value) => value.encode_deferred(e),
            Self::WordStr(value) => value.encode_deferred(e),
            Self::LongStr(value) => value.encode_deferred(e),
            Self::HyperStr(value) => value.encode_deferred(e),
        }
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match self {
            Self::BstrStr(value) => value.decode_deferred(d),
            Self::UnknownStr(value) => value.decode_deferred(d),
            Self::DispatchStr(value) => value.decode_deferred(d),
            Self::VariantStr(value) => value.decode_deferred(d),
            Self::RecordStr(value) => value.decode_deferred(d),
            Self::HaveIidStr(value) => value.decode_deferred(d),
            Self::ByteStr(value) => value.decode_deferred(d),
            Self::WordStr(value) => value.decode_deferred(d),
            Self::LongStr(value) => value.decode_deferred(d),
            Self::HyperStr(value) => value.decode_deferred(d),
        }
    }
}

/// An array of any type ([MS-OAUT] 2.2.30.10).
///
/// ```idl
/// typedef struct _wireSAFEARRAY {
///     USHORT cDims;
///     USHORT fFeatures;
///     ULONG cbElements;
///     ULONG cLocks;
///     SAFEARRAYUNION uArrayStructs;
///     [size_is(cDims)] SAFEARRAYBOUND rgsabound[];
/// } wireSAFEARRAYStr;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct wireSAFEARRAYStr {
    /// Number of dimensions; never 0.
    pub c_dims: u16,
    /// FADF_*.
    pub f_features: u16,
    /// Size of an element in bytes.
    pub cb_elements: u32,
    /// High word: type of the elements, with FADF_HAVEVARTYPE.
    pub c_locks: u32,
    /// The elements.
    pub u_array_structs: SAFEARRAYUNION,
    /// The dimensions, last one first.
    pub rgsabound: Vec<SAFEARRAYBOUND>,
}

impl wireSAFEARRAYStr {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("rgsabound", num(self.c_dims), &self.rgsabound)?;
        Ok(())
    }
}

impl Ndr for wireSAFEARRAYStr {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 24;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.c_dims.encode(e)?;
        self.f_features.encode(e)?;
        self.cb_elements.encode(e)?;
        self.c_locks.encode(e)?;
        self.u_array_structs.encode(e)?;
        e.align64(Self::ALIGN);
        self.rgsabound.encode(e)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        Ok(Self {
            c_dims: Ndr::decode(d)?,
            f_features: Ndr::decode(d)?,
            cb_elements: Ndr::decode(d)?,
            c_locks: Ndr::decode(d)?,
            u_array_structs: Ndr::decode(d)?,
            rgsabound: {
                d.align64(Self::ALIGN);
                Ndr::decode(d)?
            },
        })
    }

    fn encode_conformance(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.rgsabound.encode_conformance(e)
    }

    fn decode_conformance(d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        <Vec<SAFEARRAYBOUND>>::decode_conformance(d)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.u_array_structs.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.u_array_structs.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Arguments of a call, last one first ([MS-OAUT] 2.2.33).
///
/// ```idl
/// typedef struct tagDISPPARAMS {
///     [size_is(cArgs)] VARIANT *rgvarg;
///     [size_is(cNamedArgs)] DISPID *rgdispidNamedArgs;
///     UINT cArgs;
///     UINT cNamedArgs;
/// } DISPPARAMS;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DISPPARAMS {
    /// The arguments.
    pub rgvarg: Option<Vec<Option<Box<wireVARIANTStr>>>>,
    /// Members that the named arguments set.
    pub rgdispid_named_args: Option<Vec<i32>>,
    /// Number of arguments.
    pub c_args: u32,
    /// Number of named arguments among them.
    pub c_named_args: u32,
}

impl DISPPARAMS {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("rgvarg", num(self.c_args), &self.rgvarg)?;
        ndr::size_is(
            "rgdispidNamedArgs",
            num(self.c_named_args),
            &self.rgdispid_named_args,
        )?;
        Ok(())
    }
}

impl Ndr for DISPPARAMS {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.rgvarg.encode(e)?;
        self.rgdispid_named_args.encode(e)?;
        self.c_args.encode(e)?;
        self.c_named_args.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            rgvarg: Ndr::decode(d)?,
            rgdispid_named_args: Ndr::decode(d)?,
            c_args: Ndr::decode(d)?,
            c_named_args: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.rgvarg.encode_deferred(e)?;
        self.rgdispid_named_args.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.rgvarg.decode_deferred(d)?;
        self.rgdispid_named_args.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Why a call failed ([MS-OAUT] 2.2.34).
///
/// ```idl
/// typedef struct tagEXCEPINFO {
///     WORD wCode;
///     WORD wReserved;
///     BSTR bstrSource;
///     BSTR bstrDescription;
///     BSTR bstrHelpFile;
///     DWORD dwHelpContext;
///     unsigned __int3264 pvReserved;
///     unsigned __int3264 pfnDeferredFillIn;
///     HRESULT scode;
/// } EXCEPINFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EXCEPINFO {
    /// Error code of the application, or 0.
    pub w_code: u16,
    /// Zero.
    pub w_reserved: u16,
    /// Where the error arose.
    pub bstr_source: Option<Box<FLAGGED_WORD_BLOB>>,
    /// What it is.
    pub bstr_description: Option<Box<FLAGGED_WORD_BLOB>>,
    /// File that explains it.
    pub bstr_help_file: Option<Box<FLAGGED_WORD_BLOB>>,
    /// Place in the file.
    pub dw_help_context: u32,
    /// Zero.
    pub pv_reserved: ndr::UInt3264,
    /// Zero.
    pub pfn_deferred_fill_in: ndr::UInt3264,
    /// Error code of the system, or 0.
    pub scode: u32,
}

impl Ndr for EXCEPINFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 32;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.w_code.encode(e)?;
        self.w_reserved.encode(e)?;
        self.bstr_source.encode(e)?;
        self.bstr_description.encode(e)?;
        self.bstr_help_file.encode(e)?;
        self.dw_help_context.encode(e)?;
        self.pv_reserved.encode(e)?;
        self.pfn_deferred_fill_in.encode(e)?;
        self.scode.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            w_code: Ndr::decode(d)?,
            w_reserved: Ndr::decode(d)?,
            bstr_source: Ndr::decode(d)?,
            bstr_description: Ndr::decode(d)?,
            bstr_help_file: Ndr::decode(d)?,
            dw_help_context: Ndr::decode(d)?,
            pv_reserved: Ndr::decode(d)?,
            pfn_deferred_fill_in: Ndr::decode(d)?,
            scode: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.bstr_source.encode_deferred(e)?;
        self.bstr_description.encode_deferred(e)?;
        self.bstr_help_file.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.bstr_source.decode_deferred(d)?;
        self.bstr_description.decode_deferred(d)?;
        self.bstr_help_file.decode_deferred(d)?;
        Ok(())
    }
}

/// `IDispatch`, version 0.0.
pub const I_DISPATCH: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x00020400_0000_0000_c000_000000000046),
    major: 0,
    minor: 0,
};

/// The request of [`IDispatch::get_type_info_count`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTypeInfoCountIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for GetTypeInfoCountIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
        })
    }
}

/// The response of [`IDispatch::get_type_info_count`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTypeInfoCountOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] UINT *pctinfo`
    pub pctinfo: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetTypeInfoCountOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pctinfo)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pctinfo: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IDispatch::get_type_info`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTypeInfoIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] UINT iTInfo`
    pub i_t_info: u32,
    /// `[in] LCID lcid`
    pub lcid: u32,
}

impl Parameters for GetTypeInfoIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.i_t_info)?;
        e.value(&self.lcid)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            i_t_info: d.value()?,
            lcid: d.value()?,
        })
    }
}

/// The response of [`IDispatch::get_type_info`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTypeInfoOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] ITypeInfo **ppTInfo`
    pub pp_t_info: Option<Box<MInterfacePointer>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetTypeInfoOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pp_t_info)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pp_t_info: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IDispatch::get_i_ds_of_names`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetIDsOfNamesIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] const IID *riid`
    pub riid: uuid::Uuid,
    /// `[in, size_is(cNames)] LPOLESTR *rgszNames`
    pub rgsz_names: Vec<Option<ndr::WideString>>,
    /// `[in, range(0, 16384)] UINT cNames`
    pub c_names: u32,
    /// `[in] LCID lcid`
    pub lcid: u32,
}

impl GetIDsOfNamesIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("rgszNames", num(self.c_names), &self.rgsz_names)?;
        ndr::range("cNames", num(self.c_names), 0, 16384)?;
        Ok(())
    }
}

impl Parameters for GetIDsOfNamesIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.riid)?;
        e.value(&self.rgsz_names)?;
        e.value(&self.c_names)?;
        e.value(&self.lcid)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            riid: d.value()?,
            rgsz_names: d.value()?,
            c_names: d.value()?,
            lcid: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IDispatch::get_i_ds_of_names`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetIDsOfNamesOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(cNames)] DISPID *rgDispId`
    pub rg_disp_id: Vec<i32>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetIDsOfNamesOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.rg_disp_id)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            rg_disp_id: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IDispatch::invoke`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvokeIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] DISPID dispIdMember`
    pub disp_id_member: i32,
    /// `[in] const IID *riid`
    pub riid: uuid::Uuid,
    /// `[in] LCID lcid`
    pub lcid: u32,
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in] DISPPARAMS *pDispParams`
    pub p_disp_params: DISPPARAMS,
    /// `[in] UINT cVarRef`
    pub c_var_ref: u32,
    /// `[in, size_is(cVarRef)] UINT *rgVarRefIdx`
    pub rg_var_ref_idx: Vec<u32>,
    /// `[in, out, size_is(cVarRef)] VARIANT *rgVarRef`
    pub rg_var_ref: Vec<Option<Box<wireVARIANTStr>>>,
}

impl InvokeIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("rgVarRefIdx", num(self.c_var_ref), &self.rg_var_ref_idx)?;
        ndr::size_is("rgVarRef", num(self.c_var_ref), &self.rg_var_ref)?;
        Ok(())
    }
}

impl Parameters for InvokeIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.disp_id_member)?;
        e.value(&self.riid)?;
        e.value(&self.lcid)?;
        e.value(&self.dw_flags)?;
        e.value(&self.p_disp_params)?;
        e.value(&self.c_var_ref)?;
        e.value(&self.rg_var_ref_idx)?;
        e.value(&self.rg_var_ref)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            disp_id_member: d.value()?,
            riid: d.value()?,
            lcid: d.value()?,
            dw_flags: d.value()?,
            p_disp_params: d.value()?,
            c_var_ref: d.value()?,
            rg_var_ref_idx: d.value()?,
            rg_var_ref: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IDispatch::invoke`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvokeOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] VARIANT *pVarResult`
    pub p_var_result: Option<Box<wireVARIANTStr>>,
    /// `[out] EXCEPINFO *pExcepInfo`
    pub p_excep_info: EXCEPINFO,
    /// `[out] UINT *pArgErr`
    pub p_arg_err: u32,
    /// `[in, out, size_is(cVarRef)] VARIANT *rgVarRef`
    pub rg_var_ref: Vec<Option<Box<wireVARIANTStr>>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for InvokeOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.p_var_result)?;
        e.value(&self.p_excep_info)?;
        e.value(&self.p_arg_err)?;
        e.value(&self.rg_var_ref)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            p_var_result: d.value()?,
            p_excep_info: d.value()?,
            p_arg_err: d.value()?,
            rg_var_ref: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// Calls by name; the interface that a VARIANT may refer to ([MS-OAUT] 3.1.4).
pub trait IDispatch {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3: whether there is type information ([MS-OAUT] 3.1.4.1).
    ///
    /// ```idl
    /// HRESULT GetTypeInfoCount(
    ///     [out] UINT *pctinfo
    /// );
    /// ```
    fn get_type_info_count(
        &self,
        call: &Self::Call,
        request: GetTypeInfoCountIn,
    ) -> impl Future<Output = Result<GetTypeInfoCountOut, Fault>> + Send;

    /// Opnum 4: the type information ([MS-OAUT] 3.1.4.2).
    ///
    /// ```idl
    /// HRESULT GetTypeInfo(
    ///     [in] UINT iTInfo,
    ///     [in] LCID lcid,
    ///     [out] ITypeInfo **ppTInfo
    /// );
    /// ```
    fn get_type_info(
        &self,
        call: &Self::Call,
        request: GetTypeInfoIn,
    ) -> impl Future<Output = Result<GetTypeInfoOut, Fault>> + Send;

    /// Opnum 5: names to members ([MS-OAUT] 3.1.4.3).
    ///
    /// ```idl
    /// HRESULT GetIDsOfNames(
    ///     [in] const IID *riid,
    ///     [in, size_is(cNames)] LPOLESTR *rgszNames,
    ///     [in, range(0, 16384)] UINT cNames,
    ///     [in] LCID lcid,
    ///     [out, size_is(cNames)] DISPID *rgDispId
    /// );
    /// ```
    fn get_i_ds_of_names(
        &self,
        call: &Self::Call,
        request: GetIDsOfNamesIn,
    ) -> impl Future<Output = Result<GetIDsOfNamesOut, Fault>> + Send;

    /// Opnum 6: call a member ([MS-OAUT] 3.1.4.4).
    ///
    /// ```idl
    /// HRESULT Invoke(
    ///     [in] DISPID dispIdMember,
    ///     [in] const IID *riid,
    ///     [in] LCID lcid,
    ///     [in] DWORD dwFlags,
    ///     [in] DISPPARAMS *pDispParams,
    ///     [out] VARIANT *pVarResult,
    ///     [out] EXCEPINFO *pExcepInfo,
    ///     [out] UINT *pArgErr,
    ///     [in] UINT cVarRef,
    ///     [in, size_is(cVarRef)] UINT *rgVarRefIdx,
    ///     [in, out, size_is(cVarRef)] VARIANT *rgVarRef
    /// );
    /// ```
    fn invoke(
        &self,
        call: &Self::Call,
        request: InvokeIn,
    ) -> impl Future<Output = Result<InvokeOut, Fault>> + Send;
}

/// Decodes a request to [`IDispatch`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_dispatch<S: IDispatch + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "IDispatch::GetTypeInfoCount";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_type_info_count(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "IDispatch::GetTypeInfo";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_type_info(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "IDispatch::GetIDsOfNames";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_i_ds_of_names(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        6 => {
            const OPERATION: &str = "IDispatch::Invoke";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.invoke(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IDispatch`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IDispatchClient<T>(pub T);

impl<T: Invoke> IDispatchClient<T> {
    /// Opnum 3: whether there is type information ([MS-OAUT] 3.1.4.1).
    pub async fn get_type_info_count(
        &mut self,
        request: &GetTypeInfoCountIn,
    ) -> Result<GetTypeInfoCountOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: the type information ([MS-OAUT] 3.1.4.2).
    pub async fn get_type_info(
        &mut self,
        request: &GetTypeInfoIn,
    ) -> Result<GetTypeInfoOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: names to members ([MS-OAUT] 3.1.4.3).
    pub async fn get_i_ds_of_names(
        &mut self,
        request: &GetIDsOfNamesIn,
    ) -> Result<GetIDsOfNamesOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }

    /// Opnum 6: call a member ([MS-OAUT] 3.1.4.4).
    pub async fn invoke(&mut self, request: &InvokeIn) -> Result<InvokeOut, T::Error> {
        ndr::call(&mut self.0, 6, request).await
    }
}
