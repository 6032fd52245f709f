//! Written by `codegen` from `idl/certtransblob.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Invalid, Ndr, num,
};

/// A counted block of bytes: request, certificate, message, property ([MS-WCCE] 2.2.2.2).
///
/// ```idl
/// typedef struct _CERTTRANSBLOB {
///     ULONG cb;
///     [size_is(cb), unique] BYTE *pb;
/// } CERTTRANSBLOB;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTTRANSBLOB {
    /// Length of `pb` in bytes.
    pub cb: u32,
    /// The bytes; NULL when there are none.
    pub pb: Option<Vec<u8>>,
}

impl CERTTRANSBLOB {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pb", num(self.cb), &self.pb)?;
        Ok(())
    }
}

impl Ndr for CERTTRANSBLOB {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.cb.encode(e)?;
        self.pb.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cb: Ndr::decode(d)?,
            pb: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pb.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pb.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// One property of the CA in the blob that GetCAPropertyInfo returns ([MS-WCCE] 2.2.2.3).
///
/// ```idl
/// typedef struct _CATRANSPROP {
///     LONG lPropID;
///     BYTE propType;
///     BYTE Reserved;
///     USHORT propFlags;
///     ULONG obwszDisplayName;
/// } CATRANSPROP;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CATRANSPROP {
    /// Property identifier.
    pub l_prop_id: i32,
    /// Type and indexing of the property.
    pub prop_type: u8,
    /// Zero.
    pub reserved: u8,
    /// Zero, or whether the property is indexed.
    pub prop_flags: u16,
    /// Offset of the display name from the start of the blob.
    pub obwsz_display_name: u32,
}

impl Ndr for CATRANSPROP {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.l_prop_id.encode(e)?;
        self.prop_type.encode(e)?;
        self.reserved.encode(e)?;
        self.prop_flags.encode(e)?;
        self.obwsz_display_name.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            l_prop_id: Ndr::decode(d)?,
            prop_type: Ndr::decode(d)?,
            reserved: Ndr::decode(d)?,
            prop_flags: Ndr::decode(d)?,
            obwsz_display_name: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Facts about the CA, as GetCACert and GetCAProperty return them ([MS-WCCE] 2.2.2.4).
///
/// ```idl
/// typedef struct _CAINFO {
///     DWORD cbSize;
///     long CAType;
///     DWORD cCASignatureCerts;
///     DWORD cCAExchangeCerts;
///     DWORD cExitAlgorithms;
///     long lPropIDMax;
///     long lRoleSeparationEnabled;
///     DWORD cKRACertUsedCount;
///     DWORD cKRACertCount;
///     DWORD fAdvancedServer;
/// } CAINFO;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CAINFO {
    /// Size of this structure in bytes.
    pub cb_size: u32,
    /// Kind of CA (ENUM_ENTERPRISE_ROOTCA 0, ENUM_ENTERPRISE_SUBCA 1, stand-alone 3 and 4).
    pub ca_type: i32,
    /// Number of CA signing certificates.
    pub c_ca_signature_certs: u32,
    /// Number of CA exchange certificates.
    pub c_ca_exchange_certs: u32,
    /// Number of exit algorithms.
    pub c_exit_algorithms: u32,
    /// Highest property identifier.
    pub l_prop_id_max: i32,
    /// Whether role separation is on.
    pub l_role_separation_enabled: i32,
    /// Number of key recovery certificates in use for archival.
    pub c_kra_cert_used_count: u32,
    /// Number of key recovery certificates configured.
    pub c_kra_cert_count: u32,
    /// Whether the CA runs with the features of an advanced server.
    pub f_advanced_server: u32,
}

impl Ndr for CAINFO {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 40;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.cb_size.encode(e)?;
        self.ca_type.encode(e)?;
        self.c_ca_signature_certs.encode(e)?;
        self.c_ca_exchange_certs.encode(e)?;
        self.c_exit_algorithms.encode(e)?;
        self.l_prop_id_max.encode(e)?;
        self.l_role_separation_enabled.encode(e)?;
        self.c_kra_cert_used_count.encode(e)?;
        self.c_kra_cert_count.encode(e)?;
        self.f_advanced_server.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            cb_size: Ndr::decode(d)?,
            ca_type: Ndr::decode(d)?,
            c_ca_signature_certs: Ndr::decode(d)?,
            c_ca_exchange_certs: Ndr::decode(d)?,
            c_exit_algorithms: Ndr::decode(d)?,
            l_prop_id_max: Ndr::decode(d)?,
            l_role_separation_enabled: Ndr::decode(d)?,
            c_kra_cert_used_count: Ndr::decode(d)?,
            c_kra_cert_count: Ndr::decode(d)?,
            f_advanced_server: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}
