//! Written by `codegen` from `idl/remote_activation.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::orpc::{COMVERSION, DUALSTRINGARRAY, MInterfacePointer, ORPCTHAT, ORPCTHIS};

/// Lower limit of the number of activation properties ([MS-DCOM] 2.2.28.1).
///
/// ```idl
/// const unsigned long MIN_ACTPROP_LIMIT = 1;
/// ```
pub const MIN_ACTPROP_LIMIT: u32 = 1;

/// Upper limit of the number of activation properties ([MS-DCOM] 2.2.28.1).
///
/// ```idl
/// const unsigned long MAX_ACTPROP_LIMIT = 10;
/// ```
pub const MAX_ACTPROP_LIMIT: u32 = 10;

/// What the properties of the BLOB are and how long ([MS-DCOM] 2.2.22.1).
///
/// ```idl
/// typedef struct tagCustomHeader {
///     DWORD totalSize;
///     DWORD headerSize;
///     DWORD dwReserved;
///     DWORD destCtx;
///     [range(MIN_ACTPROP_LIMIT, MAX_ACTPROP_LIMIT)] DWORD cIfs;
///     CLSID classInfoClsid;
///     [size_is(cIfs)] CLSID *pclsid;
///     [size_is(cIfs)] DWORD *pSizes;
///     DWORD *pdwReserved;
/// } CustomHeader;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomHeader {
    /// Bytes from the start of this header to the end of the last property.
    pub total_size: u32,
    /// Bytes of this header with its serialization headers.
    pub header_size: u32,
    /// Zero.
    pub dw_reserved: u32,
    /// Destination context; ignored.
    pub dest_ctx: u32,
    /// Number of properties.
    pub c_ifs: u32,
    /// Nil.
    pub class_info_clsid: uuid::Uuid,
    /// Which property is at each place.
    pub pclsid: Option<Vec<uuid::Uuid>>,
    /// Bytes of each property with its serialization headers.
    pub p_sizes: Option<Vec<u32>>,
    /// NULL.
    pub pdw_reserved: Option<u32>,
}

impl CustomHeader {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("cIfs", num(self.c_ifs), 1, 10)?;
        ndr::size_is("pclsid", num(self.c_ifs), &self.pclsid)?;
        ndr::size_is("pSizes", num(self.c_ifs), &self.p_sizes)?;
        Ok(())
    }
}

impl Ndr for CustomHeader {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 48;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.total_size.encode(e)?;
        self.header_size.encode(e)?;
        self.dw_reserved.encode(e)?;
        self.dest_ctx.encode(e)?;
        self.c_ifs.encode(e)?;
        self.class_info_clsid.encode(e)?;
        self.pclsid.encode(e)?;
        self.p_sizes.encode(e)?;
        self.pdw_reserved.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            total_size: Ndr::decode(d)?,
            header_size: Ndr::decode(d)?,
            dw_reserved: Ndr::decode(d)?,
            dest_ctx: Ndr::decode(d)?,
            c_ifs: Ndr::decode(d)?,
            class_info_clsid: Ndr::decode(d)?,
            pclsid: Ndr::decode(d)?,
            p_sizes: Ndr::decode(d)?,
            pdw_reserved: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pclsid.encode_deferred(e)?;
        self.p_sizes.encode_deferred(e)?;
        self.pdw_reserved.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pclsid.decode_deferred(d)?;
        self.p_sizes.decode_deferred(d)?;
        self.pdw_reserved.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Class and interfaces that the client asks for ([MS-DCOM] 2.2.22.2.1).
///
/// ```idl
/// typedef struct tagInstantiationInfoData {
///     CLSID classId;
///     DWORD classCtx;
///     DWORD actvflags;
///     long fIsSurrogate;
///     [range(1, MAX_REQUESTED_INTERFACES)] DWORD cIID;
///     DWORD instFlag;
///     [size_is(cIID)] IID *pIID;
///     DWORD thisSize;
///     COMVERSION clientCOMVersion;
/// } InstantiationInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstantiationInfoData {
    /// The class.
    pub class_id: uuid::Uuid,
    /// Context of the class; ignored.
    pub class_ctx: u32,
    /// ACTVFLAGS_*.
    pub actvflags: u32,
    /// Zero; ignored.
    pub f_is_surrogate: i32,
    /// Number of interfaces.
    pub c_iid: u32,
    /// Zero; ignored.
    pub inst_flag: u32,
    /// The interfaces.
    pub p_iid: Option<Vec<uuid::Uuid>>,
    /// Serialized size of this structure; ignored.
    pub this_size: u32,
    /// The client's version; ignored.
    pub client_com_version: COMVERSION,
}

impl InstantiationInfoData {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("cIID", num(self.c_iid), 1, 32768)?;
        ndr::size_is("pIID", num(self.c_iid), &self.p_iid)?;
        Ok(())
    }
}

impl Ndr for InstantiationInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 48;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.class_id.encode(e)?;
        self.class_ctx.encode(e)?;
        self.actvflags.encode(e)?;
        self.f_is_surrogate.encode(e)?;
        self.c_iid.encode(e)?;
        self.inst_flag.encode(e)?;
        self.p_iid.encode(e)?;
        self.this_size.encode(e)?;
        self.client_com_version.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            class_id: Ndr::decode(d)?,
            class_ctx: Ndr::decode(d)?,
            actvflags: Ndr::decode(d)?,
            f_is_surrogate: Ndr::decode(d)?,
            c_iid: Ndr::decode(d)?,
            inst_flag: Ndr::decode(d)?,
            p_iid: Ndr::decode(d)?,
            this_size: Ndr::decode(d)?,
            client_com_version: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_iid.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_iid.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Sundry parameters of an activation ([MS-DCOM] 2.2.22.2.2).
///
/// ```idl
/// typedef struct tagSpecialPropertiesData {
///     unsigned long dwSessionId;
///     long fRemoteThisSessionId;
///     long fClientImpersonating;
///     long fPartitionIDPresent;
///     DWORD dwDefaultAuthnLvl;
///     GUID guidPartition;
///     DWORD dwPRTFlags;
///     DWORD dwOrigClsctx;
///     DWORD dwFlags;
///     DWORD Reserved1;
///     unsigned __int64 Reserved2;
///     DWORD Reserved3[5];
/// } SpecialPropertiesData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpecialPropertiesData {
    /// Logon session, or 0xFFFFFFFF for any.
    pub dw_session_id: u32,
    /// Whether `dwSessionId` names a session; ignored.
    pub f_remote_this_session_id: i32,
    /// Ignored.
    pub f_client_impersonating: i32,
    /// Ignored.
    pub f_partition_id_present: i32,
    /// Ignored.
    pub dw_default_authn_lvl: u32,
    /// Ignored.
    pub guid_partition: uuid::Uuid,
    /// Zero; ignored.
    pub dw_prt_flags: u32,
    /// Ignored.
    pub dw_orig_clsctx: u32,
    /// SPD_FLAG_*.
    pub dw_flags: u32,
    /// Zero; ignored.
    pub reserved1: u32,
    /// Zero; ignored.
    pub reserved2: u64,
    /// Anything; ignored.
    pub reserved3: [u32; 5],
}

impl Ndr for SpecialPropertiesData {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 80;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.dw_session_id.encode(e)?;
        self.f_remote_this_session_id.encode(e)?;
        self.f_client_impersonating.encode(e)?;
        self.f_partition_id_present.encode(e)?;
        self.dw_default_authn_lvl.encode(e)?;
        self.guid_partition.encode(e)?;
        self.dw_prt_flags.encode(e)?;
        self.dw_orig_clsctx.encode(e)?;
        self.dw_flags.encode(e)?;
        self.reserved1.encode(e)?;
        self.reserved2.encode(e)?;
        self.reserved3.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            dw_session_id: Ndr::decode(d)?,
            f_remote_this_session_id: Ndr::decode(d)?,
            f_client_impersonating: Ndr::decode(d)?,
            f_partition_id_present: Ndr::decode(d)?,
            dw_default_authn_lvl: Ndr::decode(d)?,
            guid_partition: Ndr::decode(d)?,
            dw_prt_flags: Ndr::decode(d)?,
            dw_orig_clsctx: Ndr::decode(d)?,
            dw_flags: Ndr::decode(d)?,
            reserved1: Ndr::decode(d)?,
            reserved2: Ndr::decode(d)?,
            reserved3: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// The other layout that servers must accept too ([MS-DCOM] 2.2.22.2.2).
///
/// ```idl
/// typedef struct tagSpecialPropertiesData_Alternate {
///     unsigned long dwSessionId;
///     long fRemoteThisSessionId;
///     long fClientImpersonating;
///     long fPartitionIDPresent;
///     DWORD dwDefaultAuthnLvl;
///     GUID guidPartition;
///     DWORD dwPRTFlags;
///     DWORD dwOrigClsctx;
///     DWORD dwFlags;
///     DWORD Reserved3[8];
/// } SpecialPropertiesData_Alternate;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpecialPropertiesData_Alternate {
    /// As in [SpecialPropertiesData].
    pub dw_session_id: u32,
    /// Ignored.
    pub f_remote_this_session_id: i32,
    /// Ignored.
    pub f_client_impersonating: i32,
    /// Ignored.
    pub f_partition_id_present: i32,
    /// Ignored.
    pub dw_default_authn_lvl: u32,
    /// Ignored.
    pub guid_partition: uuid::Uuid,
    /// Zero; ignored.
    pub dw_prt_flags: u32,
    /// Ignored.
    pub dw_orig_clsctx: u32,
    /// SPD_FLAG_*.
    pub dw_flags: u32,
    /// Anything; ignored.
    pub reserved3: [u32; 8],
}

impl Ndr for SpecialPropertiesData_Alternate {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 80;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.dw_session_id.encode(e)?;
        self.f_remote_this_session_id.encode(e)?;
        self.f_client_impersonating.encode(e)?;
        self.f_partition_id_present.encode(e)?;
        self.dw_default_authn_lvl.encode(e)?;
        self.guid_partition.encode(e)?;
        self.dw_prt_flags.encode(e)?;
        self.dw_orig_clsctx.encode(e)?;
        self.dw_flags.encode(e)?;
        self.reserved3.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            dw_session_id: Ndr::decode(d)?,
            f_remote_this_session_id: Ndr::decode(d)?,
            f_client_impersonating: Ndr::decode(d)?,
            f_partition_id_present: Ndr::decode(d)?,
            dw_default_authn_lvl: Ndr::decode(d)?,
            guid_partition: Ndr::decode(d)?,
            dw_prt_flags: Ndr::decode(d)?,
            dw_orig_clsctx: Ndr::decode(d)?,
            dw_flags: Ndr::decode(d)?,
            reserved3: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Persistent state to initialise the object from ([MS-DCOM] 2.2.22.2.3).
///
/// ```idl
/// typedef struct tagInstanceInfoData {
///     [string] wchar_t *fileName;
///     DWORD mode;
///     MInterfacePointer *ifdROT;
///     MInterfacePointer *ifdStg;
/// } InstanceInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceInfoData {
    /// File to load.
    pub file_name: Option<ndr::WideString>,
    /// Mode of the file.
    pub mode: u32,
    /// NULL; ignored.
    pub ifd_rot: Option<Box<MInterfacePointer>>,
    /// Storage to load.
    pub ifd_stg: Option<Box<MInterfacePointer>>,
}

impl Ndr for InstanceInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.file_name.encode(e)?;
        self.mode.encode(e)?;
        self.ifd_rot.encode(e)?;
        self.ifd_stg.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            file_name: Ndr::decode(d)?,
            mode: Ndr::decode(d)?,
            ifd_rot: Ndr::decode(d)?,
            ifd_stg: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.file_name.encode_deferred(e)?;
        self.ifd_rot.encode_deferred(e)?;
        self.ifd_stg.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.file_name.decode_deferred(d)?;
        self.ifd_rot.decode_deferred(d)?;
        self.ifd_stg.decode_deferred(d)?;
        Ok(())
    }
}

/// Protocol sequences of the client ([MS-DCOM] 2.2.22.2.4.1).
///
/// ```idl
/// typedef struct _customREMOTE_REQUEST_SCM_INFO {
///     DWORD ClientImpLevel;
///     [range(0, MAX_REQUESTED_PROTSEQS)] unsigned short cRequestedProtseqs;
///     [size_is(cRequestedProtseqs)] unsigned short *pRequestedProtseqs;
/// } customREMOTE_REQUEST_SCM_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct customREMOTE_REQUEST_SCM_INFO {
    /// Ignored.
    pub client_imp_level: u32,
    /// Number of protocol sequences.
    pub c_requested_protseqs: u16,
    /// Their identifiers; 7 is TCP.
    pub p_requested_protseqs: Option<Vec<u16>>,
}

impl customREMOTE_REQUEST_SCM_INFO {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("cRequestedProtseqs", num(self.c_requested_protseqs), 0, 32768)?;
        ndr::size_is(
            "pRequestedProtseqs",
            num(self.c_requested_protseqs),
            &self.p_requested_protseqs,
        )?;
        Ok(())
    }
}

impl Ndr for customREMOTE_REQUEST_SCM_INFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 10;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.client_imp_level.encode(e)?;
        self.c_requested_protseqs.encode(e)?;
        self.p_requested_protseqs.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            client_imp_level: Ndr::decode(d)?,
            c_requested_protseqs: Ndr::decode(d)?,
            p_requested_protseqs: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_requested_protseqs.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_requested_protseqs.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// Holder of the protocol sequences ([MS-DCOM] 2.2.22.2.4).
///
/// ```idl
/// typedef struct tagScmRequestInfoData {
///     DWORD *pdwReserved;
///     customREMOTE_REQUEST_SCM_INFO *remoteRequest;
/// } ScmRequestInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScmRequestInfoData {
    /// NULL; ignored.
    pub pdw_reserved: Option<u32>,
    /// The protocol sequences; never NULL.
    pub remote_request: Option<Box<customREMOTE_REQUEST_SCM_INFO>>,
}

impl Ndr for ScmRequestInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.pdw_reserved.encode(e)?;
        self.remote_request.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            pdw_reserved: Ndr::decode(d)?,
            remote_request: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pdw_reserved.encode_deferred(e)?;
        self.remote_request.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pdw_reserved.decode_deferred(d)?;
        self.remote_request.decode_deferred(d)?;
        Ok(())
    }
}

/// The client's context ([MS-DCOM] 2.2.22.2.5).
///
/// ```idl
/// typedef struct tagActivationContextInfoData {
///     long clientOK;
///     long bReserved1;
///     DWORD dwReserved1;
///     DWORD dwReserved2;
///     MInterfacePointer *pIFDClientCtx;
///     MInterfacePointer *pIFDPrototypeCtx;
/// } ActivationContextInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivationContextInfoData {
    /// Zero; ignored.
    pub client_ok: i32,
    /// Zero; ignored.
    pub b_reserved1: i32,
    /// Zero; ignored.
    pub dw_reserved1: u32,
    /// Zero; ignored.
    pub dw_reserved2: u32,
    /// The context; an OBJREF_CUSTOM.
    pub p_ifd_client_ctx: Option<Box<MInterfacePointer>>,
    /// A prototype context, or NULL.
    pub p_ifd_prototype_ctx: Option<Box<MInterfacePointer>>,
}

impl Ndr for ActivationContextInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 24;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.client_ok.encode(e)?;
        self.b_reserved1.encode(e)?;
        self.dw_reserved1.encode(e)?;
        self.dw_reserved2.encode(e)?;
        self.p_ifd_client_ctx.encode(e)?;
        self.p_ifd_prototype_ctx.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            client_ok: Ndr::decode(d)?,
            b_reserved1: Ndr::decode(d)?,
            dw_reserved1: Ndr::decode(d)?,
            dw_reserved2: Ndr::decode(d)?,
            p_ifd_client_ctx: Ndr::decode(d)?,
            p_ifd_prototype_ctx: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_ifd_client_ctx.encode_deferred(e)?;
        self.p_ifd_prototype_ctx.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_ifd_client_ctx.decode_deferred(d)?;
        self.p_ifd_prototype_ctx.decode_deferred(d)?;
        Ok(())
    }
}

/// Where to activate; must be there, is ignored ([MS-DCOM] 2.2.22.2.6).
///
/// ```idl
/// typedef struct tagLocationInfoData {
///     [string] wchar_t *machineName;
///     DWORD processId;
///     DWORD apartmentId;
///     DWORD contextId;
/// } LocationInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocationInfoData {
    /// NULL; ignored.
    pub machine_name: Option<ndr::WideString>,
    /// Zero; ignored.
    pub process_id: u32,
    /// Zero; ignored.
    pub apartment_id: u32,
    /// Zero; ignored.
    pub context_id: u32,
}

impl Ndr for LocationInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.machine_name.encode(e)?;
        self.process_id.encode(e)?;
        self.apartment_id.encode(e)?;
        self.context_id.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            machine_name: Ndr::decode(d)?,
            process_id: Ndr::decode(d)?,
            apartment_id: Ndr::decode(d)?,
            context_id: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.machine_name.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.machine_name.decode_deferred(d)?;
        Ok(())
    }
}

/// Name of the server; ignored ([MS-DCOM] 2.2.22.2.7.1).
///
/// ```idl
/// typedef struct _COSERVERINFO {
///     DWORD dwReserved1;
///     [string] wchar_t *pwszName;
///     DWORD *pdwReserved;
///     DWORD dwReserved2;
/// } COSERVERINFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct COSERVERINFO {
    /// Zero; ignored.
    pub dw_reserved1: u32,
    /// The server's name.
    pub pwsz_name: Option<ndr::WideString>,
    /// NULL; ignored.
    pub pdw_reserved: Option<u32>,
    /// Zero; ignored.
    pub dw_reserved2: u32,
}

impl Ndr for COSERVERINFO {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.dw_reserved1.encode(e)?;
        self.pwsz_name.encode(e)?;
        self.pdw_reserved.encode(e)?;
        self.dw_reserved2.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            dw_reserved1: Ndr::decode(d)?,
            pwsz_name: Ndr::decode(d)?,
            pdw_reserved: Ndr::decode(d)?,
            dw_reserved2: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pwsz_name.encode_deferred(e)?;
        self.pdw_reserved.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pwsz_name.decode_deferred(d)?;
        self.pdw_reserved.decode_deferred(d)?;
        Ok(())
    }
}

/// Security wishes; ignored ([MS-DCOM] 2.2.22.2.7).
///
/// ```idl
/// typedef struct tagSecurityInfoData {
///     DWORD dwAuthnFlags;
///     COSERVERINFO *pServerInfo;
///     DWORD *pdwReserved;
/// } SecurityInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecurityInfoData {
    /// Zero; ignored.
    pub dw_authn_flags: u32,
    /// The server; ignored.
    pub p_server_info: Option<Box<COSERVERINFO>>,
    /// NULL; ignored.
    pub pdw_reserved: Option<u32>,
}

impl Ndr for SecurityInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.dw_authn_flags.encode(e)?;
        self.p_server_info.encode(e)?;
        self.pdw_reserved.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            dw_authn_flags: Ndr::decode(d)?,
            p_server_info: Ndr::decode(d)?,
            pdw_reserved: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.p_server_info.encode_deferred(e)?;
        self.pdw_reserved.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.p_server_info.decode_deferred(d)?;
        self.pdw_reserved.decode_deferred(d)?;
        Ok(())
    }
}

/// The object exporter of the new object ([MS-DCOM] 2.2.22.2.8.1).
///
/// ```idl
/// typedef struct _customREMOTE_REPLY_SCM_INFO {
///     OXID Oxid;
///     DUALSTRINGARRAY *pdsaOxidBindings;
///     IPID ipidRemUnknown;
///     DWORD authnHint;
///     COMVERSION serverVersion;
/// } customREMOTE_REPLY_SCM_INFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct customREMOTE_REPLY_SCM_INFO {
    /// The object exporter.
    pub oxid: u64,
    /// Its bindings, with endpoints; never NULL.
    pub pdsa_oxid_bindings: Option<Box<DUALSTRINGARRAY>>,
    /// Its IRemUnknown.
    pub ipid_rem_unknown: uuid::Uuid,
    /// Lowest authentication level that it takes.
    pub authn_hint: u32,
    /// The server's version.
    pub server_version: COMVERSION,
}

impl Ndr for customREMOTE_REPLY_SCM_INFO {
    const ALIGN: Align = Align::new(8, 8);
    const MIN_SIZE: usize = 36;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.oxid.encode(e)?;
        self.pdsa_oxid_bindings.encode(e)?;
        self.ipid_rem_unknown.encode(e)?;
        self.authn_hint.encode(e)?;
        self.server_version.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            oxid: Ndr::decode(d)?,
            pdsa_oxid_bindings: Ndr::decode(d)?,
            ipid_rem_unknown: Ndr::decode(d)?,
            authn_hint: Ndr::decode(d)?,
            server_version: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pdsa_oxid_bindings.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pdsa_oxid_bindings.decode_deferred(d)?;
        Ok(())
    }
}

/// Holder of the object exporter's data ([MS-DCOM] 2.2.22.2.8).
///
/// ```idl
/// typedef struct tagScmReplyInfoData {
///     DWORD *pdwReserved;
///     customREMOTE_REPLY_SCM_INFO *remoteReply;
/// } ScmReplyInfoData;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScmReplyInfoData {
    /// NULL; ignored.
    pub pdw_reserved: Option<u32>,
    /// The object exporter; never NULL.
    pub remote_reply: Option<Box<customREMOTE_REPLY_SCM_INFO>>,
}

impl Ndr for ScmReplyInfoData {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.pdw_reserved.encode(e)?;
        self.remote_reply.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            pdw_reserved: Ndr::decode(d)?,
            remote_reply: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pdw_reserved.encode_deferred(e)?;
        self.remote_reply.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pdw_reserved.decode_deferred(d)?;
        self.remote_reply.decode_deferred(d)?;
        Ok(())
    }
}

/// The interfaces of the new object ([MS-DCOM] 2.2.22.2.9).
///
/// ```idl
/// typedef struct tagPropsOutInfo {
///     [range(1, MAX_REQUESTED_INTERFACES)] DWORD cIfs;
///     [size_is(cIfs)] IID *piid;
///     [size_is(cIfs)] HRESULT *phresults;
///     [size_is(cIfs)] MInterfacePointer **ppIntfData;
/// } PropsOutInfo;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PropsOutInfo {
    /// Number of interfaces.
    pub c_ifs: u32,
    /// The interfaces that were asked for.
    pub piid: Option<Vec<uuid::Uuid>>,
    /// What became of each.
    pub phresults: Option<Vec<u32>>,
    /// The object reference of each; NULL where it failed.
    pub pp_intf_data: Option<Vec<Option<Box<MInterfacePointer>>>>,
}

impl PropsOutInfo {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("cIfs", num(self.c_ifs), 1, 32768)?;
        ndr::size_is("piid", num(self.c_ifs), &self.piid)?;
        ndr::size_is("phresults", num(self.c_ifs), &self.phresults)?;
        ndr::size_is("ppIntfData", num(self.c_ifs), &self.pp_intf_data)?;
        Ok(())
    }
}

impl Ndr for PropsOutInfo {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.c_ifs.encode(e)?;
        self.piid.encode(e)?;
        self.phresults.encode(e)?;
        self.pp_intf_data.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            c_ifs: Ndr::decode(d)?,
            piid: Ndr::decode(d)?,
            phresults: Ndr::decode(d)?,
            pp_intf_data: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.piid.encode_deferred(e)?;
        self.phresults.encode_deferred(e)?;
        self.pp_intf_data.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.piid.decode_deferred(d)?;
        self.phresults.decode_deferred(d)?;
        self.pp_intf_data.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// `IActivation`, version 0.0.
pub const I_ACTIVATION: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57),
    major: 0,
    minor: 0,
};

/// The request of [`IActivation::remote_activation`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteActivationIn {
    /// `[in] ORPCTHIS *ORPCthis`
    pub orp_cthis: ORPCTHIS,
    /// `[in] GUID *Clsid`
    pub clsid: uuid::Uuid,
    /// `[in, string, unique] wchar_t *pwszObjectName`
    pub pwsz_object_name: Option<ndr::WideString>,
    /// `[in, unique] MInterfacePointer *pObjectStorage`
    pub p_object_storage: Option<Box<MInterfacePointer>>,
    /// `[in] DWORD ClientImpLevel`
    pub client_imp_level: u32,
    /// `[in] DWORD Mode`
    pub mode: u32,
    /// `[in, range(1, MAX_REQUESTED_INTERFACES)] DWORD Interfaces`
    pub interfaces: u32,
    /// `[in, unique, size_is(Interfaces)] IID *pIIDs`
    pub p_ii_ds: Option<Vec<uuid::Uuid>>,
    /// `[in, range(0, MAX_REQUESTED_PROTSEQS)] unsigned short cRequestedProtseqs`
    pub c_requested_protseqs: u16,
    /// `[in, size_is(cRequestedProtseqs)] unsigned short aRequestedProtseqs[]`
    pub a_requested_protseqs: Vec<u16>,
}

impl RemoteActivationIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range("Interfaces", num(self.interfaces), 1, 32768)?;
        ndr::size_is("pIIDs", num(self.interfaces), &self.p_ii_ds)?;
        ndr::range("cRequestedProtseqs", num(self.c_requested_protseqs), 0, 32768)?;
        ndr::size_is(
            "aRequestedProtseqs",
            num(self.c_requested_protseqs),
            &self.a_requested_protseqs,
        )?;
        Ok(())
    }
}

impl Parameters for RemoteActivationIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value(&self.orp_cthis)?;
        e.value(&self.clsid)?;
        e.value(&self.pwsz_object_name)?;
        e.value(&self.p_object_storage)?;
        e.value(&self.client_imp_level)?;
        e.value(&self.mode)?;
        e.value(&self.interfaces)?;
        e.value(&self.p_ii_ds)?;
        e.value(&self.c_requested_protseqs)?;
        e.value(&self.a_requested_protseqs)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orp_cthis: d.value()?,
            clsid: d.value()?,
            pwsz_object_name: d.value()?,
            p_object_storage: d.value()?,
            client_imp_level: d.value()?,
            mode: d.value()?,
            interfaces: d.value()?,
            p_ii_ds: d.value()?,
            c_requested_protseqs: d.value()?,
            a_requested_protseqs: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`IActivation::remote_activation`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteActivationOut {
    /// `[out] ORPCTHAT *ORPCthat`
    pub orp_cthat: ORPCTHAT,
    /// `[out] OXID *pOxid`
    pub p_oxid: u64,
    /// `[out] DUALSTRINGARRAY **ppdsaOxidBindings`
    pub ppdsa_oxid_bindings: Option<Box<DUALSTRINGARRAY>>,
    /// `[out] IPID *pipidRemUnknown`
    pub pipid_rem_unknown: uuid::Uuid,
    /// `[out] DWORD *pAuthnHint`
    pub p_authn_hint: u32,
    /// `[out] COMVERSION *pServerVersion`
    pub p_server_version: COMVERSION,
    /// `[out] HRESULT *phr`
    pub phr: u32,
    /// `[out, size_is(Interfaces)] MInterfacePointer **ppInterfaceData`
    pub pp_interface_data: Vec<Option<Box<MInterfacePointer>>>,
    /// `[out, size_is(Interfaces)] HRESULT *pResults`
    pub p_results: Vec<u32>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemoteActivationOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.orp_cthat)?;
        e.value(&self.p_oxid)?;
        e.value(&self.ppdsa_oxid_bindings)?;
        e.value(&self.pipid_rem_unknown)?;
        e.value(&self.p_authn_hint)?;
        e.value(&self.p_server_version)?;
        e.value(&self.phr)?;
        e.value(&self.pp_interface_data)?;
        e.value(&self.p_results)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orp_cthat: d.value()?,
            p_oxid: d.value()?,
            ppdsa_oxid_bindings: d.value()?,
            pipid_rem_unknown: d.value()?,
            p_authn_hint: d.value()?,
            p_server_version: d.value()?,
            phr: d.value()?,
            pp_interface_data: d.value()?,
            p_results: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// Activation as old clients ask for it ([MS-DCOM] 3.1.2.5.2.1).
pub trait IActivation {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 0: activate a class or an object ([MS-DCOM] 3.1.2.5.2.3.1).
    ///
    /// ```idl
    /// error_status_t RemoteActivation(
    ///     [in] handle_t hRpc,
    ///     [in] ORPCTHIS *ORPCthis,
    ///     [out] ORPCTHAT *ORPCthat,
    ///     [in] GUID *Clsid,
    ///     [in, string, unique] wchar_t *pwszObjectName,
    ///     [in, unique] MInterfacePointer *pObjectStorage,
    ///     [in] DWORD ClientImpLevel,
    ///     [in] DWORD Mode,
    ///     [in, range(1, MAX_REQUESTED_INTERFACES)] DWORD Interfaces,
    ///     [in, unique, size_is(Interfaces)] IID *pIIDs,
    ///     [in, range(0, MAX_REQUESTED_PROTSEQS)] unsigned short cRequestedProtseqs,
    ///     [in, size_is(cRequestedProtseqs)] unsigned short aRequestedProtseqs[],
    ///     [out] OXID *pOxid,
    ///     [out] DUALSTRINGARRAY **ppdsaOxidBindings,
    ///     [out] IPID *pipidRemUnknown,
    ///     [out] DWORD *pAuthnHint,
    ///     [out] COMVERSION *pServerVersion,
    ///     [out] HRESULT *phr,
    ///     [out, size_is(Interfaces)] MInterfacePointer **ppInterfaceData,
    ///     [out, size_is(Interfaces)] HRESULT *pResults
    /// );
    /// ```
    fn remote_activation(
        &self,
        call: &Self::Call,
        request: RemoteActivationIn,
    ) -> impl Future<Output = Result<RemoteActivationOut, Fault>> + Send;
}

/// Decodes a request to [`IActivation`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_activation<S: IActivation + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        0 => {
            const OPERATION: &str = "IActivation::RemoteActivation";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.remote_activation(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IActivation`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IActivationClient<T>(pub T);

impl<T: Invoke> IActivationClient<T> {
    /// Opnum 0: activate a class or an object ([MS-DCOM] 3.1.2.5.2.3.1).
    pub async fn remote_activation(
        &mut self,
        request: &RemoteActivationIn,
    ) -> Result<RemoteActivationOut, T::Error> {
        ndr::call(&mut self.0, 0, request).await
    }
}

/// `IRemoteSCMActivator`, version 0.0.
pub const I_REMOTE_SCM_ACTIVATOR: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x000001a0_0000_0000_c000_000000000046),
    major: 0,
    minor: 0,
};

/// The request of [`IRemoteScmActivator::remote_get_class_object`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteGetClassObjectIn {
    /// `[in] ORPCTHIS *orpcthis`
    pub orpcthis: ORPCTHIS,
    /// `[in, unique] MInterfacePointer *pActProperties`
    pub p_act_properties: Option<Box<MInterfacePointer>>,
}

impl Parameters for RemoteGetClassObjectIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.orpcthis)?;
        e.value(&self.p_act_properties)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value()?,
            p_act_properties: d.value()?,
        })
    }
}

/// The response of [`IRemoteScmActivator::remote_get_class_object`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteGetClassObjectOut {
    /// `[out] ORPCTHAT *orpcthat`
    pub orpcthat: ORPCTHAT,
    /// `[out] MInterfacePointer **ppActProperties`
    pub pp_act_properties: Option<Box<MInterfacePointer>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemoteGetClassObjectOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.orpcthat)?;
        e.value(&self.pp_act_properties)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value()?,
            pp_act_properties: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`IRemoteScmActivator::remote_create_instance`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteCreateInstanceIn {
    /// `[in] ORPCTHIS *orpcthis`
    pub orpcthis: ORPCTHIS,
    /// `[in, unique] MInterfacePointer *pUnkOuter`
    pub p_unk_outer: Option<Box<MInterfacePointer>>,
    /// `[in, unique] MInterfacePointer *pActProperties`
    pub p_act_properties: Option<Box<MInterfacePointer>>,
}

impl Parameters for RemoteCreateInstanceIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.orpcthis)?;
        e.value(&self.p_unk_outer)?;
        e.value(&self.p_act_properties)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value()?,
            p_unk_outer: d.value()?,
            p_act_properties: d.value()?,
        })
    }
}

/// The response of [`IRemoteScmActivator::remote_create_instance`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteCreateInstanceOut {
    /// `[out] ORPCTHAT *orpcthat`
    pub orpcthat: ORPCTHAT,
    /// `[out] MInterfacePointer **ppActProperties`
    pub pp_act_properties: Option<Box<MInterfacePointer>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RemoteCreateInstanceOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.orpcthat)?;
        e.value(&self.pp_act_properties)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value()?,
            pp_act_properties: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// Activation with extensible properties ([MS-DCOM] 3.1.2.5.2.2).
pub trait IRemoteScmActivator {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3: get a class object ([MS-DCOM] 3.1.2.5.2.3.2).
    ///
    /// ```idl
    /// HRESULT RemoteGetClassObject(
    ///     [in] handle_t rpc,
    ///     [in] ORPCTHIS *orpcthis,
    ///     [out] ORPCTHAT *orpcthat,
    ///     [in, unique] MInterfacePointer *pActProperties,
    ///     [out] MInterfacePointer **ppActProperties
    /// );
    /// ```
    fn remote_get_class_object(
        &self,
        call: &Self::Call,
        request: RemoteGetClassObjectIn,
    ) -> impl Future<Output = Result<RemoteGetClassObjectOut, Fault>> + Send;

    /// Opnum 4: create an object ([MS-DCOM] 3.1.2.5.2.3.3).
    ///
    /// ```idl
    /// HRESULT RemoteCreateInstance(
    ///     [in] handle_t rpc,
    ///     [in] ORPCTHIS *orpcthis,
    ///     [out] ORPCTHAT *orpcthat,
    ///     [in, unique] MInterfacePointer *pUnkOuter,
    ///     [in, unique] MInterfacePointer *pActProperties,
    ///     [out] MInterfacePointer **ppActProperties
    /// );
    /// ```
    fn remote_create_instance(
        &self,
        call: &Self::Call,
        request: RemoteCreateInstanceIn,
    ) -> impl Future<Output = Result<RemoteCreateInstanceOut, Fault>> + Send;
}

/// Decodes a request to [`IRemoteScmActivator`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_remote_scm_activator<S: IRemoteScmActivator + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "IRemoteSCMActivator::RemoteGetClassObject";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.remote_get_class_object(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "IRemoteSCMActivator::RemoteCreateInstance";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.remote_create_instance(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`IRemoteScmActivator`] through a transport that is bound to it.
#[derive(Debug)]
pub struct IRemoteScmActivatorClient<T>(pub T);

impl<T: Invoke> IRemoteScmActivatorClient<T> {
    /// Opnum 3: get a class object ([MS-DCOM] 3.1.2.5.2.3.2).
    pub async fn remote_get_class_object(
        &mut self,
        request: &RemoteGetClassObjectIn,
    ) -> Result<RemoteGetClassObjectOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: create an object ([MS-DCOM] 3.1.2.5.2.3.3).
    pub async fn remote_create_instance(
        &mut self,
        request: &RemoteCreateInstanceIn,
    ) -> Result<RemoteCreateInstanceOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }
}
