//! Written by `codegen` from `idl/icertadmind.idl`.

use crate::ndr::{
    self, Align, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault,
    InterfaceId, Invalid, Invoke, Ndr, Parameters, num,
};
use super::certtransblob::CERTTRANSBLOB;
use super::dtyp::FILETIME;
use super::oaut::wireVARIANTStr;
use super::orpc::{ORPCTHAT, ORPCTHIS};

/// One request attribute in the blob of EnumAttributesOrExtensions ([MS-CSRA] 2.2.1.8).
///
/// ```idl
/// typedef struct _CERTTRANSDBATTRIBUTE {
///     ULONG obwszName;
///     ULONG obwszValue;
/// } CERTTRANSDBATTRIBUTE;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTTRANSDBATTRIBUTE {
    /// Offset of the name from the start of the blob.
    pub obwsz_name: u32,
    /// Offset of the value.
    pub obwsz_value: u32,
}

impl Ndr for CERTTRANSDBATTRIBUTE {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 8;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.obwsz_name.encode(e)?;
        self.obwsz_value.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            obwsz_name: Ndr::decode(d)?,
            obwsz_value: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// One extension in the blob of EnumAttributesOrExtensions ([MS-CSRA] 2.2.1.9).
///
/// ```idl
/// typedef struct _CERTTRANSDBEXTENSION {
///     ULONG obwszName;
///     LONG ExtFlags;
///     DWORD cbValue;
///     ULONG obValue;
/// } CERTTRANSDBEXTENSION;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTTRANSDBEXTENSION {
    /// Offset of the object identifier from the start of the blob.
    pub obwsz_name: u32,
    /// Origin, and whether it is critical or disabled.
    pub ext_flags: i32,
    /// Length of the value in bytes.
    pub cb_value: u32,
    /// Offset of the value.
    pub ob_value: u32,
}

impl Ndr for CERTTRANSDBEXTENSION {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.obwsz_name.encode(e)?;
        self.ext_flags.encode(e)?;
        self.cb_value.encode(e)?;
        self.ob_value.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            obwsz_name: Ndr::decode(d)?,
            ext_flags: Ndr::decode(d)?,
            cb_value: Ndr::decode(d)?,
            ob_value: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// One column in the blob of EnumViewColumn ([MS-CSRA] 2.2.1.7).
///
/// ```idl
/// typedef struct _CERTTRANSDBCOLUMN {
///     DWORD Type;
///     DWORD Index;
///     DWORD cbMax;
///     ULONG obwszName;
///     ULONG obwszDisplayName;
/// } CERTTRANSDBCOLUMN;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTTRANSDBCOLUMN {
    /// Type of the values, and whether they are indexed.
    pub type_: u32,
    /// Identifier of the column.
    pub index: u32,
    /// Longest value in bytes.
    pub cb_max: u32,
    /// Offset of the name from the start of the blob.
    pub obwsz_name: u32,
    /// Offset of the display name.
    pub obwsz_display_name: u32,
}

impl Ndr for CERTTRANSDBCOLUMN {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.type_.encode(e)?;
        self.index.encode(e)?;
        self.cb_max.encode(e)?;
        self.obwsz_name.encode(e)?;
        self.obwsz_display_name.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            type_: Ndr::decode(d)?,
            index: Ndr::decode(d)?,
            cb_max: Ndr::decode(d)?,
            obwsz_name: Ndr::decode(d)?,
            obwsz_display_name: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// One value of a row in the blob of OpenView ([MS-CSRA] 2.2.1.10).
///
/// ```idl
/// typedef struct _CERTTRANSDBRESULTCOLUMN {
///     DWORD Type;
///     DWORD Index;
///     ULONG obValue;
///     DWORD cbValue;
/// } CERTTRANSDBRESULTCOLUMN;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTTRANSDBRESULTCOLUMN {
    /// Type of the value.
    pub type_: u32,
    /// Identifier of the column.
    pub index: u32,
    /// Offset of the value from the start of the row.
    pub ob_value: u32,
    /// Length of the value in bytes.
    pub cb_value: u32,
}

impl Ndr for CERTTRANSDBRESULTCOLUMN {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 16;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.type_.encode(e)?;
        self.index.encode(e)?;
        self.ob_value.encode(e)?;
        self.cb_value.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            type_: Ndr::decode(d)?,
            index: Ndr::decode(d)?,
            ob_value: Ndr::decode(d)?,
            cb_value: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// One row in the blob of OpenView, before its columns ([MS-CSRA] 2.2.3).
///
/// ```idl
/// typedef struct _CERTTRANSDBRESULTROW {
///     DWORD rowid;
///     DWORD ccol;
///     ULONG cbrow;
/// } CERTTRANSDBRESULTROW;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTTRANSDBRESULTROW {
    /// Identifier of the row.
    pub rowid: u32,
    /// Number of columns.
    pub ccol: u32,
    /// Length of the row in bytes.
    pub cbrow: u32,
}

impl Ndr for CERTTRANSDBRESULTROW {
    const ALIGN: Align = Align::new(4, 4);
    const MIN_SIZE: usize = 12;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.align(Self::ALIGN);
        self.rowid.encode(e)?;
        self.ccol.encode(e)?;
        self.cbrow.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            rowid: Ndr::decode(d)?,
            ccol: Ndr::decode(d)?,
            cbrow: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }
}

/// Which rows a view shows, and in what order ([MS-CSRA] 2.2.1.3).
///
/// ```idl
/// typedef struct _CERTVIEWRESTRICTION {
///     DWORD ColumnIndex;
///     LONG SeekOperator;
///     LONG SortOrder;
///     [size_is(cbValue), unique] BYTE *pbValue;
///     DWORD cbValue;
/// } CERTVIEWRESTRICTION;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CERTVIEWRESTRICTION {
    /// Column that is compared.
    pub column_index: u32,
    /// Comparison.
    pub seek_operator: i32,
    /// Order of the rows.
    pub sort_order: i32,
    /// Value to compare with.
    pub pb_value: Option<Vec<u8>>,
    /// Length of the value in bytes.
    pub cb_value: u32,
}

impl CERTVIEWRESTRICTION {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("pbValue", num(self.cb_value), &self.pb_value)?;
        Ok(())
    }
}

impl Ndr for CERTVIEWRESTRICTION {
    const ALIGN: Align = Align::new(4, 8);
    const MIN_SIZE: usize = 20;

    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.align(Self::ALIGN);
        self.column_index.encode(e)?;
        self.seek_operator.encode(e)?;
        self.sort_order.encode(e)?;
        self.pb_value.encode(e)?;
        self.cb_value.encode(e)?;
        e.align64(Self::ALIGN);
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        d.align(Self::ALIGN);
        let value = Self {
            column_index: Ndr::decode(d)?,
            seek_operator: Ndr::decode(d)?,
            sort_order: Ndr::decode(d)?,
            pb_value: Ndr::decode(d)?,
            cb_value: Ndr::decode(d)?,
        };
        d.align64(Self::ALIGN);
        Ok(value)
    }

    fn encode_deferred(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.pb_value.encode_deferred(e)?;
        Ok(())
    }

    fn decode_deferred(&mut self, d: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.pb_value.decode_deferred(d)?;
        Ok(self.validate()?)
    }
}

/// `ICertAdminD`, version 0.0.
pub const I_CERT_ADMIN_D: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0xd99e6e71_fc88_11d0_b498_00a0c90312f3),
    major: 0,
    minor: 0,
};

/// The request of [`ICertAdminD::set_extension`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetExtensionIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwRequestId`
    pub dw_request_id: u32,
    /// `[in, string, unique] wchar_t const *pwszExtensionName`
    pub pwsz_extension_name: Option<ndr::WideString>,
    /// `[in] DWORD dwType`
    pub dw_type: u32,
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in, ref] CERTTRANSBLOB *pctbValue`
    pub pctb_value: CERTTRANSBLOB,
}

impl Parameters for SetExtensionIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_request_id)?;
        e.value(&self.pwsz_extension_name)?;
        e.value(&self.dw_type)?;
        e.value(&self.dw_flags)?;
        e.value(&self.pctb_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_request_id: d.value()?,
            pwsz_extension_name: d.value()?,
            dw_type: d.value()?,
            dw_flags: d.value()?,
            pctb_value: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::set_extension`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetExtensionOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetExtensionOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::set_attributes`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetAttributesIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwRequestId`
    pub dw_request_id: u32,
    /// `[in, string, unique] wchar_t const *pwszAttributes`
    pub pwsz_attributes: Option<ndr::WideString>,
}

impl Parameters for SetAttributesIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_request_id)?;
        e.value(&self.pwsz_attributes)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_request_id: d.value()?,
            pwsz_attributes: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::set_attributes`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetAttributesOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetAttributesOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::resubmit_request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResubmitRequestIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwRequestId`
    pub dw_request_id: u32,
}

impl Parameters for ResubmitRequestIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_request_id)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_request_id: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::resubmit_request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResubmitRequestOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pdwDisposition`
    pub pdw_disposition: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ResubmitRequestOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_disposition)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_disposition: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::deny_request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenyRequestIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwRequestId`
    pub dw_request_id: u32,
}

impl Parameters for DenyRequestIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_request_id)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_request_id: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::deny_request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenyRequestOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for DenyRequestOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::is_valid_certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IsValidCertificateIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, string, unique] wchar_t const *pSerialNumber`
    pub p_serial_number: Option<ndr::WideString>,
}

impl Parameters for IsValidCertificateIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.p_serial_number)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            p_serial_number: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::is_valid_certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IsValidCertificateOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] LONG *pRevocationReason`
    pub p_revocation_reason: i32,
    /// `[out] LONG *pDisposition`
    pub p_disposition: i32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for IsValidCertificateOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.p_revocation_reason)?;
        e.value(&self.p_disposition)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            p_revocation_reason: d.value()?,
            p_disposition: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::publish_crl`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishCrlIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] FILETIME FileTime`
    pub file_time: FILETIME,
}

impl Parameters for PublishCrlIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.file_time)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            file_time: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::publish_crl`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishCrlOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for PublishCrlOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::get_crl`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCrlIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetCrlIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::get_crl`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCrlOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] CERTTRANSBLOB *pctbCRL`
    pub pctb_crl: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetCrlOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pctb_crl)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pctb_crl: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::revoke_certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RevokeCertificateIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, string, unique] wchar_t const *pwszSerialNumber`
    pub pwsz_serial_number: Option<ndr::WideString>,
    /// `[in] DWORD Reason`
    pub reason: u32,
    /// `[in] FILETIME FileTime`
    pub file_time: FILETIME,
}

impl Parameters for RevokeCertificateIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pwsz_serial_number)?;
        e.value(&self.reason)?;
        e.value(&self.file_time)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            pwsz_serial_number: d.value()?,
            reason: d.value()?,
            file_time: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::revoke_certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RevokeCertificateOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RevokeCertificateOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::enum_view_column`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumViewColumnIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD iColumn`
    pub i_column: u32,
    /// `[in] DWORD cColumn`
    pub c_column: u32,
}

impl Parameters for EnumViewColumnIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.i_column)?;
        e.value(&self.c_column)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            i_column: d.value()?,
            c_column: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::enum_view_column`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumViewColumnOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pcColumn`
    pub pc_column: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbColumnInfo`
    pub pctb_column_info: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for EnumViewColumnOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pc_column)?;
        e.value(&self.pctb_column_info)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pc_column: d.value()?,
            pctb_column_info: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::get_view_default_column_set`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetViewDefaultColumnSetIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD iColumnSetDefault`
    pub i_column_set_default: u32,
}

impl Parameters for GetViewDefaultColumnSetIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.i_column_set_default)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            i_column_set_default: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::get_view_default_column_set`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetViewDefaultColumnSetOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pcColumn`
    pub pc_column: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbColumnInfo`
    pub pctb_column_info: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetViewDefaultColumnSetOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pc_column)?;
        e.value(&self.pctb_column_info)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pc_column: d.value()?,
            pctb_column_info: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::enum_attributes_or_extensions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumAttributesOrExtensionsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD RowId`
    pub row_id: u32,
    /// `[in] DWORD Flags`
    pub flags: u32,
    /// `[in, string, unique] wchar_t const *pwszLast`
    pub pwsz_last: Option<ndr::WideString>,
    /// `[in] DWORD celt`
    pub celt: u32,
}

impl Parameters for EnumAttributesOrExtensionsIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.row_id)?;
        e.value(&self.flags)?;
        e.value(&self.pwsz_last)?;
        e.value(&self.celt)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            row_id: d.value()?,
            flags: d.value()?,
            pwsz_last: d.value()?,
            celt: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::enum_attributes_or_extensions`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumAttributesOrExtensionsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pceltFetched`
    pub pcelt_fetched: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbOut`
    pub pctb_out: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for EnumAttributesOrExtensionsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pcelt_fetched)?;
        e.value(&self.pctb_out)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pcelt_fetched: d.value()?,
            pctb_out: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::open_view`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenViewIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD ccvr`
    pub ccvr: u32,
    /// `[in, size_is(ccvr)] CERTVIEWRESTRICTION const *acvr`
    pub acvr: Vec<CERTVIEWRESTRICTION>,
    /// `[in] DWORD ccolOut`
    pub ccol_out: u32,
    /// `[in, size_is(ccolOut)] DWORD const *acolOut`
    pub acol_out: Vec<u32>,
    /// `[in] DWORD ielt`
    pub ielt: u32,
    /// `[in] DWORD celt`
    pub celt: u32,
}

impl OpenViewIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("acvr", num(self.ccvr), &self.acvr)?;
        ndr::size_is("acolOut", num(self.ccol_out), &self.acol_out)?;
        Ok(())
    }
}

impl Parameters for OpenViewIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.ccvr)?;
        e.value(&self.acvr)?;
        e.value(&self.ccol_out)?;
        e.value(&self.acol_out)?;
        e.value(&self.ielt)?;
        e.value(&self.celt)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            ccvr: d.value()?,
            acvr: d.value()?,
            ccol_out: d.value()?,
            acol_out: d.value()?,
            ielt: d.value()?,
            celt: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertAdminD::open_view`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenViewOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pceltFetched`
    pub pcelt_fetched: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbResultRows`
    pub pctb_result_rows: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for OpenViewOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pcelt_fetched)?;
        e.value(&self.pctb_result_rows)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pcelt_fetched: d.value()?,
            pctb_result_rows: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::enum_view`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumViewIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD ielt`
    pub ielt: u32,
    /// `[in] DWORD celt`
    pub celt: u32,
}

impl Parameters for EnumViewIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.ielt)?;
        e.value(&self.celt)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            ielt: d.value()?,
            celt: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::enum_view`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumViewOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pceltFetched`
    pub pcelt_fetched: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbResultRows`
    pub pctb_result_rows: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for EnumViewOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pcelt_fetched)?;
        e.value(&self.pctb_result_rows)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pcelt_fetched: d.value()?,
            pctb_result_rows: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::close_view`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloseViewIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for CloseViewIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::close_view`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloseViewOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for CloseViewOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::server_control`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerControlIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwControlFlags`
    pub dw_control_flags: u32,
}

impl Parameters for ServerControlIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_control_flags)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_control_flags: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::server_control`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerControlOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] CERTTRANSBLOB *pctbOut`
    pub pctb_out: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ServerControlOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pctb_out)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pctb_out: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PingIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for PingIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PingOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for PingOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::get_server_state`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetServerStateIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetServerStateIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::get_server_state`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetServerStateOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pdwState`
    pub pdw_state: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetServerStateOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_state)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_state: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_prepare`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupPrepareIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] unsigned long grbitJet`
    pub grbit_jet: u32,
    /// `[in] unsigned long dwBackupFlags`
    pub dw_backup_flags: u32,
    /// `[in] WCHAR const *pwszBackupAnnotation`
    pub pwsz_backup_annotation: u16,
    /// `[in] DWORD dwClientIdentifier`
    pub dw_client_identifier: u32,
}

impl Parameters for BackupPrepareIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.grbit_jet)?;
        e.value(&self.dw_backup_flags)?;
        e.value(&self.pwsz_backup_annotation)?;
        e.value(&self.dw_client_identifier)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            grbit_jet: d.value()?,
            dw_backup_flags: d.value()?,
            pwsz_backup_annotation: d.value()?,
            dw_client_identifier: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::backup_prepare`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupPrepareOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for BackupPrepareOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_end`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupEndIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for BackupEndIn {
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

/// The response of [`ICertAdminD::backup_end`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupEndOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for BackupEndOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_get_attachment_information`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupGetAttachmentInformationIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for BackupGetAttachmentInformationIn {
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

/// The response of [`ICertAdminD::backup_get_attachment_information`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupGetAttachmentInformationOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(, *pcwcDBFiles)] WCHAR **ppwszzDBFiles`
    pub ppwszz_db_files: Option<Vec<u16>>,
    /// `[out] LONG *pcwcDBFiles`
    pub pcwc_db_files: i32,
    /// The return value.
    pub return_value: u32,
}

impl BackupGetAttachmentInformationOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("ppwszzDBFiles", num(self.pcwc_db_files), &self.ppwszz_db_files)?;
        Ok(())
    }
}

impl Parameters for BackupGetAttachmentInformationOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.ppwszz_db_files)?;
        e.value(&self.pcwc_db_files)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthat: d.value_in_ndr20()?,
            ppwszz_db_files: d.value()?,
            pcwc_db_files: d.value()?,
            return_value: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`ICertAdminD::backup_get_backup_logs`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupGetBackupLogsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for BackupGetBackupLogsIn {
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

/// The response of [`ICertAdminD::backup_get_backup_logs`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupGetBackupLogsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(, *pcwcLogFiles)] WCHAR **ppwszzLogFiles`
    pub ppwszz_log_files: Option<Vec<u16>>,
    /// `[out] LONG *pcwcLogFiles`
    pub pcwc_log_files: i32,
    /// The return value.
    pub return_value: u32,
}

impl BackupGetBackupLogsOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "ppwszzLogFiles",
            num(self.pcwc_log_files),
            &self.ppwszz_log_files,
        )?;
        Ok(())
    }
}

impl Parameters for BackupGetBackupLogsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.ppwszz_log_files)?;
        e.value(&self.pcwc_log_files)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthat: d.value_in_ndr20()?,
            ppwszz_log_files: d.value()?,
            pcwc_log_files: d.value()?,
            return_value: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`ICertAdminD::backup_open_file`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupOpenFileIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszPath`
    pub pwsz_path: Option<ndr::WideString>,
}

impl Parameters for BackupOpenFileIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_path)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_path: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::backup_open_file`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupOpenFileOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] unsigned hyper *pliLength`
    pub pli_length: u64,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for BackupOpenFileOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pli_length)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pli_length: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_read_file`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupReadFileIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] LONG cbBuffer`
    pub cb_buffer: i32,
}

impl Parameters for BackupReadFileIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.cb_buffer)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            cb_buffer: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::backup_read_file`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupReadFileOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[ref, out, size_is(cbBuffer)] BYTE *pbBuffer`
    pub pb_buffer: Vec<u8>,
    /// `[out] LONG *pcbRead`
    pub pcb_read: i32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for BackupReadFileOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pb_buffer)?;
        e.value(&self.pcb_read)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pb_buffer: d.value()?,
            pcb_read: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_close_file`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupCloseFileIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for BackupCloseFileIn {
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

/// The response of [`ICertAdminD::backup_close_file`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupCloseFileOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for BackupCloseFileOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_truncate_logs`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupTruncateLogsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for BackupTruncateLogsIn {
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

/// The response of [`ICertAdminD::backup_truncate_logs`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupTruncateLogsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for BackupTruncateLogsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::import_certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportCertificateIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, ref] CERTTRANSBLOB *pctbCertificate`
    pub pctb_certificate: CERTTRANSBLOB,
    /// `[in] LONG dwFlags`
    pub dw_flags: i32,
}

impl Parameters for ImportCertificateIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pctb_certificate)?;
        e.value(&self.dw_flags)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            pctb_certificate: d.value()?,
            dw_flags: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD::import_certificate`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportCertificateOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] LONG *pdwRequestId`
    pub pdw_request_id: i32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ImportCertificateOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_request_id)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_request_id: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD::backup_get_dynamic_files`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupGetDynamicFilesIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for BackupGetDynamicFilesIn {
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

/// The response of [`ICertAdminD::backup_get_dynamic_files`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupGetDynamicFilesOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(, *pcwcFiles)] WCHAR **ppwszzFiles`
    pub ppwszz_files: Option<Vec<u16>>,
    /// `[out] LONG *pcwcFiles`
    pub pcwc_files: i32,
    /// The return value.
    pub return_value: u32,
}

impl BackupGetDynamicFilesOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is("ppwszzFiles", num(self.pcwc_files), &self.ppwszz_files)?;
        Ok(())
    }
}

impl Parameters for BackupGetDynamicFilesOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.ppwszz_files)?;
        e.value(&self.pcwc_files)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthat: d.value_in_ndr20()?,
            ppwszz_files: d.value()?,
            pcwc_files: d.value()?,
            return_value: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The request of [`ICertAdminD::restore_get_database_locations`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestoreGetDatabaseLocationsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
}

impl Parameters for RestoreGetDatabaseLocationsIn {
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

/// The response of [`ICertAdminD::restore_get_database_locations`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestoreGetDatabaseLocationsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, size_is(, *pcwcPaths)] WCHAR **ppwszzDatabaseLocations`
    pub ppwszz_database_locations: Option<Vec<u16>>,
    /// `[out] LONG *pcwcPaths`
    pub pcwc_paths: i32,
    /// The return value.
    pub return_value: u32,
}

impl RestoreGetDatabaseLocationsOut {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::size_is(
            "ppwszzDatabaseLocations",
            num(self.pcwc_paths),
            &self.ppwszz_database_locations,
        )?;
        Ok(())
    }
}

impl Parameters for RestoreGetDatabaseLocationsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.ppwszz_database_locations)?;
        e.value(&self.pcwc_paths)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthat: d.value_in_ndr20()?,
            ppwszz_database_locations: d.value()?,
            pcwc_paths: d.value()?,
            return_value: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// Administration as old clients ask for it ([MS-CSRA] 3.1.4.1).
pub trait ICertAdminD {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3: set an extension of a pending request ([MS-CSRA] 3.1.4.1.1).
    ///
    /// ```idl
    /// HRESULT SetExtension(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwRequestId,
    ///     [in, string, unique] wchar_t const *pwszExtensionName,
    ///     [in] DWORD dwType,
    ///     [in] DWORD dwFlags,
    ///     [in, ref] CERTTRANSBLOB *pctbValue
    /// );
    /// ```
    fn set_extension(
        &self,
        call: &Self::Call,
        request: SetExtensionIn,
    ) -> impl Future<Output = Result<SetExtensionOut, Fault>> + Send;

    /// Opnum 4: add attributes to a pending request ([MS-CSRA] 3.1.4.1.2).
    ///
    /// ```idl
    /// HRESULT SetAttributes(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwRequestId,
    ///     [in, string, unique] wchar_t const *pwszAttributes
    /// );
    /// ```
    fn set_attributes(
        &self,
        call: &Self::Call,
        request: SetAttributesIn,
    ) -> impl Future<Output = Result<SetAttributesOut, Fault>> + Send;

    /// Opnum 5: issue a pending or denied request ([MS-CSRA] 3.1.4.1.3).
    ///
    /// ```idl
    /// HRESULT ResubmitRequest(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwRequestId,
    ///     [out] DWORD *pdwDisposition
    /// );
    /// ```
    fn resubmit_request(
        &self,
        call: &Self::Call,
        request: ResubmitRequestIn,
    ) -> impl Future<Output = Result<ResubmitRequestOut, Fault>> + Send;

    /// Opnum 6: deny a pending request ([MS-CSRA] 3.1.4.1.4).
    ///
    /// ```idl
    /// HRESULT DenyRequest(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwRequestId
    /// );
    /// ```
    fn deny_request(
        &self,
        call: &Self::Call,
        request: DenyRequestIn,
    ) -> impl Future<Output = Result<DenyRequestOut, Fault>> + Send;

    /// Opnum 7: whether a certificate is valid, by serial number ([MS-CSRA] 3.1.4.1.5).
    ///
    /// ```idl
    /// HRESULT IsValidCertificate(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in, string, unique] wchar_t const *pSerialNumber,
    ///     [out] LONG *pRevocationReason,
    ///     [out] LONG *pDisposition
    /// );
    /// ```
    fn is_valid_certificate(
        &self,
        call: &Self::Call,
        request: IsValidCertificateIn,
    ) -> impl Future<Output = Result<IsValidCertificateOut, Fault>> + Send;

    /// Opnum 8: publish a CRL ([MS-CSRA] 3.1.4.1.6).
    ///
    /// ```idl
    /// HRESULT PublishCRL(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] FILETIME FileTime
    /// );
    /// ```
    fn publish_crl(
        &self,
        call: &Self::Call,
        request: PublishCrlIn,
    ) -> impl Future<Output = Result<PublishCrlOut, Fault>> + Send;

    /// Opnum 9: fetch the current CRL ([MS-CSRA] 3.1.4.1.7).
    ///
    /// ```idl
    /// HRESULT GetCRL(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out, ref] CERTTRANSBLOB *pctbCRL
    /// );
    /// ```
    fn get_crl(
        &self,
        call: &Self::Call,
        request: GetCrlIn,
    ) -> impl Future<Output = Result<GetCrlOut, Fault>> + Send;

    /// Opnum 10: revoke a certificate ([MS-CSRA] 3.1.4.1.8).
    ///
    /// ```idl
    /// HRESULT RevokeCertificate(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in, string, unique] wchar_t const *pwszSerialNumber,
    ///     [in] DWORD Reason,
    ///     [in] FILETIME FileTime
    /// );
    /// ```
    fn revoke_certificate(
        &self,
        call: &Self::Call,
        request: RevokeCertificateIn,
    ) -> impl Future<Output = Result<RevokeCertificateOut, Fault>> + Send;

    /// Opnum 11: columns of the request table ([MS-CSRA] 3.1.4.1.9).
    ///
    /// ```idl
    /// HRESULT EnumViewColumn(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD iColumn,
    ///     [in] DWORD cColumn,
    ///     [out] DWORD *pcColumn,
    ///     [out, ref] CERTTRANSBLOB *pctbColumnInfo
    /// );
    /// ```
    fn enum_view_column(
        &self,
        call: &Self::Call,
        request: EnumViewColumnIn,
    ) -> impl Future<Output = Result<EnumViewColumnOut, Fault>> + Send;

    /// Opnum 12: columns of a default view ([MS-CSRA] 3.1.4.1.10).
    ///
    /// ```idl
    /// HRESULT GetViewDefaultColumnSet(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD iColumnSetDefault,
    ///     [out] DWORD *pcColumn,
    ///     [out, ref] CERTTRANSBLOB *pctbColumnInfo
    /// );
    /// ```
    fn get_view_default_column_set(
        &self,
        call: &Self::Call,
        request: GetViewDefaultColumnSetIn,
    ) -> impl Future<Output = Result<GetViewDefaultColumnSetOut, Fault>> + Send;

    /// Opnum 13: attributes or extensions of a row ([MS-CSRA] 3.1.4.1.11).
    ///
    /// ```idl
    /// HRESULT EnumAttributesOrExtensions(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD RowId,
    ///     [in] DWORD Flags,
    ///     [in, string, unique] wchar_t const *pwszLast,
    ///     [in] DWORD celt,
    ///     [out] DWORD *pceltFetched,
    ///     [out, ref] CERTTRANSBLOB *pctbOut
    /// );
    /// ```
    fn enum_attributes_or_extensions(
        &self,
        call: &Self::Call,
        request: EnumAttributesOrExtensionsIn,
    ) -> impl Future<Output = Result<EnumAttributesOrExtensionsOut, Fault>> + Send;

    /// Opnum 14: open a view on the database and fetch its first rows ([MS-CSRA] 3.1.4.1.12).
    ///
    /// ```idl
    /// HRESULT OpenView(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD ccvr,
    ///     [in, size_is(ccvr)] CERTVIEWRESTRICTION const *acvr,
    ///     [in] DWORD ccolOut,
    ///     [in, size_is(ccolOut)] DWORD const *acolOut,
    ///     [in] DWORD ielt,
    ///     [in] DWORD celt,
    ///     [out] DWORD *pceltFetched,
    ///     [out, ref] CERTTRANSBLOB *pctbResultRows
    /// );
    /// ```
    fn open_view(
        &self,
        call: &Self::Call,
        request: OpenViewIn,
    ) -> impl Future<Output = Result<OpenViewOut, Fault>> + Send;

    /// Opnum 15: fetch further rows of the view ([MS-CSRA] 3.1.4.1.13).
    ///
    /// ```idl
    /// HRESULT EnumView(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD ielt,
    ///     [in] DWORD celt,
    ///     [out] DWORD *pceltFetched,
    ///     [out, ref] CERTTRANSBLOB *pctbResultRows
    /// );
    /// ```
    fn enum_view(
        &self,
        call: &Self::Call,
        request: EnumViewIn,
    ) -> impl Future<Output = Result<EnumViewOut, Fault>> + Send;

    /// Opnum 16: close the view ([MS-CSRA] 3.1.4.1.14).
    ///
    /// ```idl
    /// HRESULT CloseView(
    ///     [in, string, unique] wchar_t const *pwszAuthority
    /// );
    /// ```
    fn close_view(
        &self,
        call: &Self::Call,
        request: CloseViewIn,
    ) -> impl Future<Output = Result<CloseViewOut, Fault>> + Send;

    /// Opnum 17: stop the service or restart its log ([MS-CSRA] 3.1.4.1.15).
    ///
    /// ```idl
    /// HRESULT ServerControl(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwControlFlags,
    ///     [out, ref] CERTTRANSBLOB *pctbOut
    /// );
    /// ```
    fn server_control(
        &self,
        call: &Self::Call,
        request: ServerControlIn,
    ) -> impl Future<Output = Result<ServerControlOut, Fault>> + Send;

    /// Opnum 18: whether the administration interface answers ([MS-CSRA] 3.1.4.1.16).
    ///
    /// ```idl
    /// HRESULT Ping(
    ///     [in, string, unique] wchar_t const *pwszAuthority
    /// );
    /// ```
    fn ping(
        &self,
        call: &Self::Call,
        request: PingIn,
    ) -> impl Future<Output = Result<PingOut, Fault>> + Send;

    /// Opnum 19: state of the service ([MS-CSRA] 3.1.4.1.17).
    ///
    /// ```idl
    /// HRESULT GetServerState(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out] DWORD *pdwState
    /// );
    /// ```
    fn get_server_state(
        &self,
        call: &Self::Call,
        request: GetServerStateIn,
    ) -> impl Future<Output = Result<GetServerStateOut, Fault>> + Send;

    /// Opnum 20: begin a backup ([MS-CSRA] 3.1.4.1.18).
    ///
    /// The annotation is one code unit behind a reference pointer, as the specification prints it.
    ///
    /// ```idl
    /// HRESULT BackupPrepare(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] unsigned long grbitJet,
    ///     [in] unsigned long dwBackupFlags,
    ///     [in] WCHAR const *pwszBackupAnnotation,
    ///     [in] DWORD dwClientIdentifier
    /// );
    /// ```
    fn backup_prepare(
        &self,
        call: &Self::Call,
        request: BackupPrepareIn,
    ) -> impl Future<Output = Result<BackupPrepareOut, Fault>> + Send;

    /// Opnum 21: end a backup ([MS-CSRA] 3.1.4.1.19).
    ///
    /// ```idl
    /// HRESULT BackupEnd(void);
    /// ```
    fn backup_end(
        &self,
        call: &Self::Call,
        request: BackupEndIn,
    ) -> impl Future<Output = Result<BackupEndOut, Fault>> + Send;

    /// Opnum 22: database files to back up ([MS-CSRA] 3.1.4.1.20).
    ///
    /// ```idl
    /// HRESULT BackupGetAttachmentInformation(
    ///     [out, size_is(, *pcwcDBFiles)] WCHAR **ppwszzDBFiles,
    ///     [out] LONG *pcwcDBFiles
    /// );
    /// ```
    fn backup_get_attachment_information(
        &self,
        call: &Self::Call,
        request: BackupGetAttachmentInformationIn,
    ) -> impl Future<Output = Result<BackupGetAttachmentInformationOut, Fault>> + Send;

    /// Opnum 23: log files to back up ([MS-CSRA] 3.1.4.1.21).
    ///
    /// ```idl
    /// HRESULT BackupGetBackupLogs(
    ///     [out, size_is(, *pcwcLogFiles)] WCHAR **ppwszzLogFiles,
    ///     [out] LONG *pcwcLogFiles
    /// );
    /// ```
    fn backup_get_backup_logs(
        &self,
        call: &Self::Call,
        request: BackupGetBackupLogsIn,
    ) -> impl Future<Output = Result<BackupGetBackupLogsOut, Fault>> + Send;

    /// Opnum 24: open a file of the backup ([MS-CSRA] 3.1.4.1.22).
    ///
    /// ```idl
    /// HRESULT BackupOpenFile(
    ///     [in, string, unique] wchar_t const *pwszPath,
    ///     [out] unsigned hyper *pliLength
    /// );
    /// ```
    fn backup_open_file(
        &self,
        call: &Self::Call,
        request: BackupOpenFileIn,
    ) -> impl Future<Output = Result<BackupOpenFileOut, Fault>> + Send;

    /// Opnum 25: read from the open file ([MS-CSRA] 3.1.4.1.23).
    ///
    /// ```idl
    /// HRESULT BackupReadFile(
    ///     [ref, out, size_is(cbBuffer)] BYTE *pbBuffer,
    ///     [in] LONG cbBuffer,
    ///     [out] LONG *pcbRead
    /// );
    /// ```
    fn backup_read_file(
        &self,
        call: &Self::Call,
        request: BackupReadFileIn,
    ) -> impl Future<Output = Result<BackupReadFileOut, Fault>> + Send;

    /// Opnum 26: close the open file ([MS-CSRA] 3.1.4.1.24).
    ///
    /// ```idl
    /// HRESULT BackupCloseFile(void);
    /// ```
    fn backup_close_file(
        &self,
        call: &Self::Call,
        request: BackupCloseFileIn,
    ) -> impl Future<Output = Result<BackupCloseFileOut, Fault>> + Send;

    /// Opnum 27: truncate the logs ([MS-CSRA] 3.1.4.1.25).
    ///
    /// ```idl
    /// HRESULT BackupTruncateLogs(void);
    /// ```
    fn backup_truncate_logs(
        &self,
        call: &Self::Call,
        request: BackupTruncateLogsIn,
    ) -> impl Future<Output = Result<BackupTruncateLogsOut, Fault>> + Send;

    /// Opnum 28: import a certificate that the CA issued ([MS-CSRA] 3.1.4.1.26).
    ///
    /// ```idl
    /// HRESULT ImportCertificate(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in, ref] CERTTRANSBLOB *pctbCertificate,
    ///     [in] LONG dwFlags,
    ///     [out] LONG *pdwRequestId
    /// );
    /// ```
    fn import_certificate(
        &self,
        call: &Self::Call,
        request: ImportCertificateIn,
    ) -> impl Future<Output = Result<ImportCertificateOut, Fault>> + Send;

    /// Opnum 29: further files to back up ([MS-CSRA] 3.1.4.1.27).
    ///
    /// ```idl
    /// HRESULT BackupGetDynamicFiles(
    ///     [out, size_is(, *pcwcFiles)] WCHAR **ppwszzFiles,
    ///     [out] LONG *pcwcFiles
    /// );
    /// ```
    fn backup_get_dynamic_files(
        &self,
        call: &Self::Call,
        request: BackupGetDynamicFilesIn,
    ) -> impl Future<Output = Result<BackupGetDynamicFilesOut, Fault>> + Send;

    /// Opnum 30: where the database is restored to ([MS-CSRA] 3.1.4.1.28).
    ///
    /// ```idl
    /// HRESULT RestoreGetDatabaseLocations(
    ///     [out, size_is(, *pcwcPaths)] WCHAR **ppwszzDatabaseLocations,
    ///     [out] LONG *pcwcPaths
    /// );
    /// ```
    fn restore_get_database_locations(
        &self,
        call: &Self::Call,
        request: RestoreGetDatabaseLocationsIn,
    ) -> impl Future<Output = Result<RestoreGetDatabaseLocationsOut, Fault>> + Send;
}

/// Decodes a request to [`ICertAdminD`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_cert_admin_d<S: ICertAdminD + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "ICertAdminD::SetExtension";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_extension(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "ICertAdminD::SetAttributes";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_attributes(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "ICertAdminD::ResubmitRequest";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.resubmit_request(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        6 => {
            const OPERATION: &str = "ICertAdminD::DenyRequest";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.deny_request(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        7 => {
            const OPERATION: &str = "ICertAdminD::IsValidCertificate";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.is_valid_certificate(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        8 => {
            const OPERATION: &str = "ICertAdminD::PublishCRL";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.publish_crl(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        9 => {
            const OPERATION: &str = "ICertAdminD::GetCRL";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_crl(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        10 => {
            const OPERATION: &str = "ICertAdminD::RevokeCertificate";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.revoke_certificate(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        11 => {
            const OPERATION: &str = "ICertAdminD::EnumViewColumn";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.enum_view_column(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        12 => {
            const OPERATION: &str = "ICertAdminD::GetViewDefaultColumnSet";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_view_default_column_set(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        13 => {
            const OPERATION: &str = "ICertAdminD::EnumAttributesOrExtensions";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.enum_attributes_or_extensions(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        14 => {
            const OPERATION: &str = "ICertAdminD::OpenView";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.open_view(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        15 => {
            const OPERATION: &str = "ICertAdminD::EnumView";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.enum_view(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        16 => {
            const OPERATION: &str = "ICertAdminD::CloseView";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.close_view(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        17 => {
            const OPERATION: &str = "ICertAdminD::ServerControl";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.server_control(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        18 => {
            const OPERATION: &str = "ICertAdminD::Ping";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ping(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        19 => {
            const OPERATION: &str = "ICertAdminD::GetServerState";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_server_state(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        20 => {
            const OPERATION: &str = "ICertAdminD::BackupPrepare";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_prepare(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        21 => {
            const OPERATION: &str = "ICertAdminD::BackupEnd";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_end(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        22 => {
            const OPERATION: &str = "ICertAdminD::BackupGetAttachmentInformation";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server
                .backup_get_attachment_information(call, request)
                .await?;
            ndr::response(OPERATION, encoding, &response)
        }
        23 => {
            const OPERATION: &str = "ICertAdminD::BackupGetBackupLogs";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_get_backup_logs(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        24 => {
            const OPERATION: &str = "ICertAdminD::BackupOpenFile";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_open_file(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        25 => {
            const OPERATION: &str = "ICertAdminD::BackupReadFile";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_read_file(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        26 => {
            const OPERATION: &str = "ICertAdminD::BackupCloseFile";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_close_file(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        27 => {
            const OPERATION: &str = "ICertAdminD::BackupTruncateLogs";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_truncate_logs(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        28 => {
            const OPERATION: &str = "ICertAdminD::ImportCertificate";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.import_certificate(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        29 => {
            const OPERATION: &str = "ICertAdminD::BackupGetDynamicFiles";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.backup_get_dynamic_files(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        30 => {
            const OPERATION: &str = "ICertAdminD::RestoreGetDatabaseLocations";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.restore_get_database_locations(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`ICertAdminD`] through a transport that is bound to it.
#[derive(Debug)]
pub struct ICertAdminDClient<T>(pub T);

impl<T: Invoke> ICertAdminDClient<T> {
    /// Opnum 3: set an extension of a pending request ([MS-CSRA] 3.1.4.1.1).
    pub async fn set_extension(
        &mut self,
        request: &SetExtensionIn,
    ) -> Result<SetExtensionOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: add attributes to a pending request ([MS-CSRA] 3.1.4.1.2).
    pub async fn set_attributes(
        &mut self,
        request: &SetAttributesIn,
    ) -> Result<SetAttributesOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: issue a pending or denied request ([MS-CSRA] 3.1.4.1.3).
    pub async fn resubmit_request(
        &mut self,
        request: &ResubmitRequestIn,
    ) -> Result<ResubmitRequestOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }

    /// Opnum 6: deny a pending request ([MS-CSRA] 3.1.4.1.4).
    pub async fn deny_request(
        &mut self,
        request: &DenyRequestIn,
    ) -> Result<DenyRequestOut, T::Error> {
        ndr::call(&mut self.0, 6, request).await
    }

    /// Opnum 7: whether a certificate is valid, by serial number ([MS-CSRA] 3.1.4.1.5).
    pub async fn is_valid_certificate(
        &mut self,
        request: &IsValidCertificateIn,
    ) -> Result<IsValidCertificateOut, T::Error> {
        ndr::call(&mut self.0, 7, request).await
    }

    /// Opnum 8: publish a CRL ([MS-CSRA] 3.1.4.1.6).
    pub async fn publish_crl(
        &mut self,
        request: &PublishCrlIn,
    ) -> Result<PublishCrlOut, T::Error> {
        ndr::call(&mut self.0, 8, request).await
    }

    /// Opnum 9: fetch the current CRL ([MS-CSRA] 3.1.4.1.7).
    pub async fn get_crl(&mut self, request: &GetCrlIn) -> Result<GetCrlOut, T::Error> {
        ndr::call(&mut self.0, 9, request).await
    }

    /// Opnum 10: revoke a certificate ([MS-CSRA] 3.1.4.1.8).
    pub async fn revoke_certificate(
        &mut self,
        request: &RevokeCertificateIn,
    ) -> Result<RevokeCertificateOut, T::Error> {
        ndr::call(&mut self.0, 10, request).await
    }

    /// Opnum 11: columns of the request table ([MS-CSRA] 3.1.4.1.9).
    pub async fn enum_view_column(
        &mut self,
        request: &EnumViewColumnIn,
    ) -> Result<EnumViewColumnOut, T::Error> {
        ndr::call(&mut self.0, 11, request).await
    }

    /// Opnum 12: columns of a default view ([MS-CSRA] 3.1.4.1.10).
    pub async fn get_view_default_column_set(
        &mut self,
        request: &GetViewDefaultColumnSetIn,
    ) -> Result<GetViewDefaultColumnSetOut, T::Error> {
        ndr::call(&mut self.0, 12, request).await
    }

    /// Opnum 13: attributes or extensions of a row ([MS-CSRA] 3.1.4.1.11).
    pub async fn enum_attributes_or_extensions(
        &mut self,
        request: &EnumAttributesOrExtensionsIn,
    ) -> Result<EnumAttributesOrExtensionsOut, T::Error> {
        ndr::call(&mut self.0, 13, request).await
    }

    /// Opnum 14: open a view on the database and fetch its first rows ([MS-CSRA] 3.1.4.1.12).
    pub async fn open_view(
        &mut self,
        request: &OpenViewIn,
    ) -> Result<OpenViewOut, T::Error> {
        ndr::call(&mut self.0, 14, request).await
    }

    /// Opnum 15: fetch further rows of the view ([MS-CSRA] 3.1.4.1.13).
    pub async fn enum_view(
        &mut self,
        request: &EnumViewIn,
    ) -> Result<EnumViewOut, T::Error> {
        ndr::call(&mut self.0, 15, request).await
    }

    /// Opnum 16: close the view ([MS-CSRA] 3.1.4.1.14).
    pub async fn close_view(
        &mut self,
        request: &CloseViewIn,
    ) -> Result<CloseViewOut, T::Error> {
        ndr::call(&mut self.0, 16, request).await
    }

    /// Opnum 17: stop the service or restart its log ([MS-CSRA] 3.1.4.1.15).
    pub async fn server_control(
        &mut self,
        request: &ServerControlIn,
    ) -> Result<ServerControlOut, T::Error> {
        ndr::call(&mut self.0, 17, request).await
    }

    /// Opnum 18: whether the administration interface answers ([MS-CSRA] 3.1.4.1.16).
    pub async fn ping(&mut self, request: &PingIn) -> Result<PingOut, T::Error> {
        ndr::call(&mut self.0, 18, request).await
    }

    /// Opnum 19: state of the service ([MS-CSRA] 3.1.4.1.17).
    pub async fn get_server_state(
        &mut self,
        request: &GetServerStateIn,
    ) -> Result<GetServerStateOut, T::Error> {
        ndr::call(&mut self.0, 19, request).await
    }

    /// Opnum 20: begin a backup ([MS-CSRA] 3.1.4.1.18).
    ///
    /// The annotation is one code unit behind a reference pointer, as the specification prints it.
    pub async fn backup_prepare(
        &mut self,
        request: &BackupPrepareIn,
    ) -> Result<BackupPrepareOut, T::Error> {
        ndr::call(&mut self.0, 20, request).await
    }

    /// Opnum 21: end a backup ([MS-CSRA] 3.1.4.1.19).
    pub async fn backup_end(
        &mut self,
        request: &BackupEndIn,
    ) -> Result<BackupEndOut, T::Error> {
        ndr::call(&mut self.0, 21, request).await
    }

    /// Opnum 22: database files to back up ([MS-CSRA] 3.1.4.1.20).
    pub async fn backup_get_attachment_information(
        &mut self,
        request: &BackupGetAttachmentInformationIn,
    ) -> Result<BackupGetAttachmentInformationOut, T::Error> {
        ndr::call(&mut self.0, 22, request).await
    }

    /// Opnum 23: log files to back up ([MS-CSRA] 3.1.4.1.21).
    pub async fn backup_get_backup_logs(
        &mut self,
        request: &BackupGetBackupLogsIn,
    ) -> Result<BackupGetBackupLogsOut, T::Error> {
        ndr::call(&mut self.0, 23, request).await
    }

    /// Opnum 24: open a file of the backup ([MS-CSRA] 3.1.4.1.22).
    pub async fn backup_open_file(
        &mut self,
        request: &BackupOpenFileIn,
    ) -> Result<BackupOpenFileOut, T::Error> {
        ndr::call(&mut self.0, 24, request).await
    }

    /// Opnum 25: read from the open file ([MS-CSRA] 3.1.4.1.23).
    pub async fn backup_read_file(
        &mut self,
        request: &BackupReadFileIn,
    ) -> Result<BackupReadFileOut, T::Error> {
        ndr::call(&mut self.0, 25, request).await
    }

    /// Opnum 26: close the open file ([MS-CSRA] 3.1.4.1.24).
    pub async fn backup_close_file(
        &mut self,
        request: &BackupCloseFileIn,
    ) -> Result<BackupCloseFileOut, T::Error> {
        ndr::call(&mut self.0, 26, request).await
    }

    /// Opnum 27: truncate the logs ([MS-CSRA] 3.1.4.1.25).
    pub async fn backup_truncate_logs(
        &mut self,
        request: &BackupTruncateLogsIn,
    ) -> Result<BackupTruncateLogsOut, T::Error> {
        ndr::call(&mut self.0, 27, request).await
    }

    /// Opnum 28: import a certificate that the CA issued ([MS-CSRA] 3.1.4.1.26).
    pub async fn import_certificate(
        &mut self,
        request: &ImportCertificateIn,
    ) -> Result<ImportCertificateOut, T::Error> {
        ndr::call(&mut self.0, 28, request).await
    }

    /// Opnum 29: further files to back up ([MS-CSRA] 3.1.4.1.27).
    pub async fn backup_get_dynamic_files(
        &mut self,
        request: &BackupGetDynamicFilesIn,
    ) -> Result<BackupGetDynamicFilesOut, T::Error> {
        ndr::call(&mut self.0, 29, request).await
    }

    /// Opnum 30: where the database is restored to ([MS-CSRA] 3.1.4.1.28).
    pub async fn restore_get_database_locations(
        &mut self,
        request: &RestoreGetDatabaseLocationsIn,
    ) -> Result<RestoreGetDatabaseLocationsOut, T::Error> {
        ndr::call(&mut self.0, 30, request).await
    }
}

/// `ICertAdminD2`, version 0.0.
pub const I_CERT_ADMIN_D2: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x7fe0d935_dda6_443f_85d0_1cfb58fe41dd),
    major: 0,
    minor: 0,
};

/// The request of [`ICertAdminD2::publish_cr_ls`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishCrLsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] FILETIME FileTime`
    pub file_time: FILETIME,
    /// `[in] DWORD Flags`
    pub flags: u32,
}

impl Parameters for PublishCrLsIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.file_time)?;
        e.value(&self.flags)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            file_time: d.value()?,
            flags: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::publish_cr_ls`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishCrLsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for PublishCrLsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_ca_property`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] LONG PropId`
    pub prop_id: i32,
    /// `[in] LONG PropIndex`
    pub prop_index: i32,
    /// `[in] LONG PropType`
    pub prop_type: i32,
}

impl Parameters for GetCaPropertyIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.prop_id)?;
        e.value(&self.prop_index)?;
        e.value(&self.prop_type)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            prop_id: d.value()?,
            prop_index: d.value()?,
            prop_type: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_ca_property`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] CERTTRANSBLOB *pctbPropertyValue`
    pub pctb_property_value: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetCaPropertyOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pctb_property_value)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pctb_property_value: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::set_ca_property`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetCaPropertyIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] LONG PropId`
    pub prop_id: i32,
    /// `[in] LONG PropIndex`
    pub prop_index: i32,
    /// `[in] LONG PropType`
    pub prop_type: i32,
    /// `[in] CERTTRANSBLOB *pctbPropertyValue`
    pub pctb_property_value: CERTTRANSBLOB,
}

impl Parameters for SetCaPropertyIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.prop_id)?;
        e.value(&self.prop_index)?;
        e.value(&self.prop_type)?;
        e.value(&self.pctb_property_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            prop_id: d.value()?,
            prop_index: d.value()?,
            prop_type: d.value()?,
            pctb_property_value: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::set_ca_property`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetCaPropertyOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetCaPropertyOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_ca_property_info`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyInfoIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetCaPropertyInfoIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_ca_property_info`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyInfoOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] LONG *pcProperty`
    pub pc_property: i32,
    /// `[out, ref] CERTTRANSBLOB *pctbPropInfo`
    pub pctb_prop_info: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetCaPropertyInfoOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pc_property)?;
        e.value(&self.pctb_prop_info)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pc_property: d.value()?,
            pctb_prop_info: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::enum_view_column_table`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumViewColumnTableIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD iTable`
    pub i_table: u32,
    /// `[in] DWORD iColumn`
    pub i_column: u32,
    /// `[in] DWORD cColumn`
    pub c_column: u32,
}

impl Parameters for EnumViewColumnTableIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.i_table)?;
        e.value(&self.i_column)?;
        e.value(&self.c_column)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            i_table: d.value()?,
            i_column: d.value()?,
            c_column: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::enum_view_column_table`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnumViewColumnTableOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pcColumn`
    pub pc_column: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbColumnInfo`
    pub pctb_column_info: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for EnumViewColumnTableOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pc_column)?;
        e.value(&self.pctb_column_info)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pc_column: d.value()?,
            pctb_column_info: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_ca_security`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaSecurityIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetCaSecurityIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_ca_security`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaSecurityOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] CERTTRANSBLOB *pctbSD`
    pub pctb_sd: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetCaSecurityOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pctb_sd)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pctb_sd: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::set_ca_security`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetCaSecurityIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, ref] CERTTRANSBLOB *pctbSD`
    pub pctb_sd: CERTTRANSBLOB,
}

impl Parameters for SetCaSecurityIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pctb_sd)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            pctb_sd: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::set_ca_security`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetCaSecurityOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetCaSecurityOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::ping2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ping2In {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for Ping2In {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::ping2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ping2Out {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for Ping2Out {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_archived_key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetArchivedKeyIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwRequestId`
    pub dw_request_id: u32,
}

impl Parameters for GetArchivedKeyIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_request_id)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_request_id: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_archived_key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetArchivedKeyOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] CERTTRANSBLOB *pctbArchivedKey`
    pub pctb_archived_key: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetArchivedKeyOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pctb_archived_key)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pctb_archived_key: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_audit_filter`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetAuditFilterIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetAuditFilterIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_audit_filter`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetAuditFilterOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] DWORD *pdwFilter`
    pub pdw_filter: u32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetAuditFilterOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_filter)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_filter: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::set_audit_filter`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetAuditFilterIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwFilter`
    pub dw_filter: u32,
}

impl Parameters for SetAuditFilterIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_filter)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_filter: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::set_audit_filter`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetAuditFilterOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetAuditFilterOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_officer_rights`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetOfficerRightsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetOfficerRightsIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_officer_rights`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetOfficerRightsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] BOOL *pfEnabled`
    pub pf_enabled: i32,
    /// `[out, ref] CERTTRANSBLOB *pctbSD`
    pub pctb_sd: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetOfficerRightsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pf_enabled)?;
        e.value(&self.pctb_sd)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pf_enabled: d.value()?,
            pctb_sd: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::set_officer_rights`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetOfficerRightsIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] BOOL fEnable`
    pub f_enable: i32,
    /// `[in, ref] CERTTRANSBLOB *pctbSD`
    pub pctb_sd: CERTTRANSBLOB,
}

impl Parameters for SetOfficerRightsIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.f_enable)?;
        e.value(&self.pctb_sd)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            f_enable: d.value()?,
            pctb_sd: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::set_officer_rights`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetOfficerRightsOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetOfficerRightsOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_config_entry`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetConfigEntryIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, string, unique] wchar_t const *pwszNodePath`
    pub pwsz_node_path: Option<ndr::WideString>,
    /// `[in, string, ref] wchar_t const *pwszEntry`
    pub pwsz_entry: ndr::WideString,
}

impl Parameters for GetConfigEntryIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pwsz_node_path)?;
        e.value(&self.pwsz_entry)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            pwsz_node_path: d.value()?,
            pwsz_entry: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_config_entry`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetConfigEntryOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] VARIANT *pVariant`
    pub p_variant: Option<Box<wireVARIANTStr>>,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetConfigEntryOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.p_variant)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            p_variant: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::set_config_entry`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetConfigEntryIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, string, unique] wchar_t const *pwszNodePath`
    pub pwsz_node_path: Option<ndr::WideString>,
    /// `[in, string, ref] wchar_t const *pwszEntry`
    pub pwsz_entry: ndr::WideString,
    /// `[in, ref] VARIANT *pVariant`
    pub p_variant: Option<Box<wireVARIANTStr>>,
}

impl Parameters for SetConfigEntryIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pwsz_node_path)?;
        e.value(&self.pwsz_entry)?;
        e.value(&self.p_variant)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            pwsz_node_path: d.value()?,
            pwsz_entry: d.value()?,
            p_variant: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::set_config_entry`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetConfigEntryOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for SetConfigEntryOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::import_key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportKeyIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwRequestId`
    pub dw_request_id: u32,
    /// `[in, string, unique] wchar_t const *pwszCertHash`
    pub pwsz_cert_hash: Option<ndr::WideString>,
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in, ref] CERTTRANSBLOB *pctbKey`
    pub pctb_key: CERTTRANSBLOB,
}

impl Parameters for ImportKeyIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_request_id)?;
        e.value(&self.pwsz_cert_hash)?;
        e.value(&self.dw_flags)?;
        e.value(&self.pctb_key)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_request_id: d.value()?,
            pwsz_cert_hash: d.value()?,
            dw_flags: d.value()?,
            pctb_key: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::import_key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportKeyOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for ImportKeyOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::get_my_roles`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetMyRolesIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Parameters for GetMyRolesIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::get_my_roles`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetMyRolesOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] LONG *pdwRoles`
    pub pdw_roles: i32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetMyRolesOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_roles)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_roles: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertAdminD2::delete_row`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRowIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in] FILETIME FileTime`
    pub file_time: FILETIME,
    /// `[in] DWORD dwTable`
    pub dw_table: u32,
    /// `[in] DWORD dwRowId`
    pub dw_row_id: u32,
}

impl Parameters for DeleteRowIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_flags)?;
        e.value(&self.file_time)?;
        e.value(&self.dw_table)?;
        e.value(&self.dw_row_id)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_flags: d.value()?,
            file_time: d.value()?,
            dw_table: d.value()?,
            dw_row_id: d.value()?,
        })
    }
}

/// The response of [`ICertAdminD2::delete_row`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRowOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] LONG *pcDeleted`
    pub pc_deleted: i32,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for DeleteRowOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pc_deleted)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pc_deleted: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The rest of administration ([MS-CSRA] 3.1.4.2).
pub trait ICertAdminD2: ICertAdminD {
    /// Opnum 31: publish base or delta CRLs ([MS-CSRA] 3.1.4.2.1).
    ///
    /// ```idl
    /// HRESULT PublishCRLs(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] FILETIME FileTime,
    ///     [in] DWORD Flags
    /// );
    /// ```
    fn publish_cr_ls(
        &self,
        call: &Self::Call,
        request: PublishCrLsIn,
    ) -> impl Future<Output = Result<PublishCrLsOut, Fault>> + Send;

    /// Opnum 32: a property of the CA ([MS-CSRA] 3.1.4.2.2).
    ///
    /// ```idl
    /// HRESULT GetCAProperty(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] LONG PropId,
    ///     [in] LONG PropIndex,
    ///     [in] LONG PropType,
    ///     [out, ref] CERTTRANSBLOB *pctbPropertyValue
    /// );
    /// ```
    fn get_ca_property(
        &self,
        call: &Self::Call,
        request: GetCaPropertyIn,
    ) -> impl Future<Output = Result<GetCaPropertyOut, Fault>> + Send;

    /// Opnum 33: set a property of the CA ([MS-CSRA] 3.1.4.2.3).
    ///
    /// ```idl
    /// HRESULT SetCAProperty(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] LONG PropId,
    ///     [in] LONG PropIndex,
    ///     [in] LONG PropType,
    ///     [in] CERTTRANSBLOB *pctbPropertyValue
    /// );
    /// ```
    fn set_ca_property(
        &self,
        call: &Self::Call,
        request: SetCaPropertyIn,
    ) -> impl Future<Output = Result<SetCaPropertyOut, Fault>> + Send;

    /// Opnum 34: the list of properties ([MS-CSRA] 3.1.4.2.4).
    ///
    /// ```idl
    /// HRESULT GetCAPropertyInfo(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out] LONG *pcProperty,
    ///     [out, ref] CERTTRANSBLOB *pctbPropInfo
    /// );
    /// ```
    fn get_ca_property_info(
        &self,
        call: &Self::Call,
        request: GetCaPropertyInfoIn,
    ) -> impl Future<Output = Result<GetCaPropertyInfoOut, Fault>> + Send;

    /// Opnum 35: columns of any table ([MS-CSRA] 3.1.4.2.5).
    ///
    /// ```idl
    /// HRESULT EnumViewColumnTable(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD iTable,
    ///     [in] DWORD iColumn,
    ///     [in] DWORD cColumn,
    ///     [out] DWORD *pcColumn,
    ///     [out, ref] CERTTRANSBLOB *pctbColumnInfo
    /// );
    /// ```
    fn enum_view_column_table(
        &self,
        call: &Self::Call,
        request: EnumViewColumnTableIn,
    ) -> impl Future<Output = Result<EnumViewColumnTableOut, Fault>> + Send;

    /// Opnum 36: the CA's security descriptor ([MS-CSRA] 3.1.4.2.6).
    ///
    /// ```idl
    /// HRESULT GetCASecurity(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out, ref] CERTTRANSBLOB *pctbSD
    /// );
    /// ```
    fn get_ca_security(
        &self,
        call: &Self::Call,
        request: GetCaSecurityIn,
    ) -> impl Future<Output = Result<GetCaSecurityOut, Fault>> + Send;

    /// Opnum 37: set the CA's security descriptor ([MS-CSRA] 3.1.4.2.7).
    ///
    /// ```idl
    /// HRESULT SetCASecurity(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in, ref] CERTTRANSBLOB *pctbSD
    /// );
    /// ```
    fn set_ca_security(
        &self,
        call: &Self::Call,
        request: SetCaSecurityIn,
    ) -> impl Future<Output = Result<SetCaSecurityOut, Fault>> + Send;

    /// Opnum 38: whether the administration interface answers ([MS-CSRA] 3.1.4.2.8).
    ///
    /// ```idl
    /// HRESULT Ping2(
    ///     [in, string, unique] wchar_t const *pwszAuthority
    /// );
    /// ```
    fn ping2(
        &self,
        call: &Self::Call,
        request: Ping2In,
    ) -> impl Future<Output = Result<Ping2Out, Fault>> + Send;

    /// Opnum 39: an archived key ([MS-CSRA] 3.1.4.2.9).
    ///
    /// ```idl
    /// HRESULT GetArchivedKey(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwRequestId,
    ///     [out, ref] CERTTRANSBLOB *pctbArchivedKey
    /// );
    /// ```
    fn get_archived_key(
        &self,
        call: &Self::Call,
        request: GetArchivedKeyIn,
    ) -> impl Future<Output = Result<GetArchivedKeyOut, Fault>> + Send;

    /// Opnum 40: what is audited ([MS-CSRA] 3.1.4.2.10).
    ///
    /// ```idl
    /// HRESULT GetAuditFilter(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out] DWORD *pdwFilter
    /// );
    /// ```
    fn get_audit_filter(
        &self,
        call: &Self::Call,
        request: GetAuditFilterIn,
    ) -> impl Future<Output = Result<GetAuditFilterOut, Fault>> + Send;

    /// Opnum 41: set what is audited ([MS-CSRA] 3.1.4.2.11).
    ///
    /// ```idl
    /// HRESULT SetAuditFilter(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwFilter
    /// );
    /// ```
    fn set_audit_filter(
        &self,
        call: &Self::Call,
        request: SetAuditFilterIn,
    ) -> impl Future<Output = Result<SetAuditFilterOut, Fault>> + Send;

    /// Opnum 42: rights of officers and enrollment agents ([MS-CSRA] 3.1.4.2.12).
    ///
    /// ```idl
    /// HRESULT GetOfficerRights(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out] BOOL *pfEnabled,
    ///     [out, ref] CERTTRANSBLOB *pctbSD
    /// );
    /// ```
    fn get_officer_rights(
        &self,
        call: &Self::Call,
        request: GetOfficerRightsIn,
    ) -> impl Future<Output = Result<GetOfficerRightsOut, Fault>> + Send;

    /// Opnum 43: set rights of officers and enrollment agents ([MS-CSRA] 3.1.4.2.13).
    ///
    /// ```idl
    /// HRESULT SetOfficerRights(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] BOOL fEnable,
    ///     [in, ref] CERTTRANSBLOB *pctbSD
    /// );
    /// ```
    fn set_officer_rights(
        &self,
        call: &Self::Call,
        request: SetOfficerRightsIn,
    ) -> impl Future<Output = Result<SetOfficerRightsOut, Fault>> + Send;

    /// Opnum 44: a configuration value ([MS-CSRA] 3.1.4.2.14).
    ///
    /// ```idl
    /// HRESULT GetConfigEntry(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in, string, unique] wchar_t const *pwszNodePath,
    ///     [in, string, ref] wchar_t const *pwszEntry,
    ///     [out, ref] VARIANT *pVariant
    /// );
    /// ```
    fn get_config_entry(
        &self,
        call: &Self::Call,
        request: GetConfigEntryIn,
    ) -> impl Future<Output = Result<GetConfigEntryOut, Fault>> + Send;

    /// Opnum 45: set a configuration value ([MS-CSRA] 3.1.4.2.15).
    ///
    /// ```idl
    /// HRESULT SetConfigEntry(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in, string, unique] wchar_t const *pwszNodePath,
    ///     [in, string, ref] wchar_t const *pwszEntry,
    ///     [in, ref] VARIANT *pVariant
    /// );
    /// ```
    fn set_config_entry(
        &self,
        call: &Self::Call,
        request: SetConfigEntryIn,
    ) -> impl Future<Output = Result<SetConfigEntryOut, Fault>> + Send;

    /// Opnum 46: import an archived key ([MS-CSRA] 3.1.4.2.16).
    ///
    /// ```idl
    /// HRESULT ImportKey(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwRequestId,
    ///     [in, string, unique] wchar_t const *pwszCertHash,
    ///     [in] DWORD dwFlags,
    ///     [in, ref] CERTTRANSBLOB *pctbKey
    /// );
    /// ```
    fn import_key(
        &self,
        call: &Self::Call,
        request: ImportKeyIn,
    ) -> impl Future<Output = Result<ImportKeyOut, Fault>> + Send;

    /// Opnum 47: roles of the caller ([MS-CSRA] 3.1.4.2.17).
    ///
    /// ```idl
    /// HRESULT GetMyRoles(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [out] LONG *pdwRoles
    /// );
    /// ```
    fn get_my_roles(
        &self,
        call: &Self::Call,
        request: GetMyRolesIn,
    ) -> impl Future<Output = Result<GetMyRolesOut, Fault>> + Send;

    /// Opnum 48: delete rows ([MS-CSRA] 3.1.4.2.18).
    ///
    /// ```idl
    /// HRESULT DeleteRow(
    ///     [in, string, unique] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwFlags,
    ///     [in] FILETIME FileTime,
    ///     [in] DWORD dwTable,
    ///     [in] DWORD dwRowId,
    ///     [out] LONG *pcDeleted
    /// );
    /// ```
    fn delete_row(
        &self,
        call: &Self::Call,
        request: DeleteRowIn,
    ) -> impl Future<Output = Result<DeleteRowOut, Fault>> + Send;
}

/// Decodes a request to [`ICertAdminD2`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_cert_admin_d2<S: ICertAdminD2 + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        31 => {
            const OPERATION: &str = "ICertAdminD2::PublishCRLs";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.publish_cr_ls(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        32 => {
            const OPERATION: &str = "ICertAdminD2::GetCAProperty";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_ca_property(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        33 => {
            const OPERATION: &str = "ICertAdminD2::SetCAProperty";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_ca_property(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        34 => {
            const OPERATION: &str = "ICertAdminD2::GetCAPropertyInfo";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_ca_property_info(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        35 => {
            const OPERATION: &str = "ICertAdminD2::EnumViewColumnTable";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.enum_view_column_table(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        36 => {
            const OPERATION: &str = "ICertAdminD2::GetCASecurity";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_ca_security(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        37 => {
            const OPERATION: &str = "ICertAdminD2::SetCASecurity";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_ca_security(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        38 => {
            const OPERATION: &str = "ICertAdminD2::Ping2";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ping2(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        39 => {
            const OPERATION: &str = "ICertAdminD2::GetArchivedKey";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_archived_key(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        40 => {
            const OPERATION: &str = "ICertAdminD2::GetAuditFilter";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_audit_filter(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        41 => {
            const OPERATION: &str = "ICertAdminD2::SetAuditFilter";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_audit_filter(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        42 => {
            const OPERATION: &str = "ICertAdminD2::GetOfficerRights";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_officer_rights(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        43 => {
            const OPERATION: &str = "ICertAdminD2::SetOfficerRights";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_officer_rights(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        44 => {
            const OPERATION: &str = "ICertAdminD2::GetConfigEntry";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_config_entry(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        45 => {
            const OPERATION: &str = "ICertAdminD2::SetConfigEntry";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.set_config_entry(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        46 => {
            const OPERATION: &str = "ICertAdminD2::ImportKey";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.import_key(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        47 => {
            const OPERATION: &str = "ICertAdminD2::GetMyRoles";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_my_roles(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        48 => {
            const OPERATION: &str = "ICertAdminD2::DeleteRow";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.delete_row(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => dispatch_i_cert_admin_d(server, call, opnum, encoding, stub).await,
    }
}

/// Calls [`ICertAdminD2`] through a transport that is bound to it.
#[derive(Debug)]
pub struct ICertAdminD2Client<T>(pub T);

impl<T: Invoke> ICertAdminD2Client<T> {
    /// Opnum 3: set an extension of a pending request ([MS-CSRA] 3.1.4.1.1).
    pub async fn set_extension(
        &mut self,
        request: &SetExtensionIn,
    ) -> Result<SetExtensionOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: add attributes to a pending request ([MS-CSRA] 3.1.4.1.2).
    pub async fn set_attributes(
        &mut self,
        request: &SetAttributesIn,
    ) -> Result<SetAttributesOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: issue a pending or denied request ([MS-CSRA] 3.1.4.1.3).
    pub async fn resubmit_request(
        &mut self,
        request: &ResubmitRequestIn,
    ) -> Result<ResubmitRequestOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }

    /// Opnum 6: deny a pending request ([MS-CSRA] 3.1.4.1.4).
    pub async fn deny_request(
        &mut self,
        request: &DenyRequestIn,
    ) -> Result<DenyRequestOut, T::Error> {
        ndr::call(&mut self.0, 6, request).await
    }

    /// Opnum 7: whether a certificate is valid, by serial number ([MS-CSRA] 3.1.4.1.5).
    pub async fn is_valid_certificate(
        &mut self,
        request: &IsValidCertificateIn,
    ) -> Result<IsValidCertificateOut, T::Error> {
        ndr::call(&mut self.0, 7, request).await
    }

    /// Opnum 8: publish a CRL ([MS-CSRA] 3.1.4.1.6).
    pub async fn publish_crl(
        &mut self,
        request: &PublishCrlIn,
    ) -> Result<PublishCrlOut, T::Error> {
        ndr::call(&mut self.0, 8, request).await
    }

    /// Opnum 9: fetch the current CRL ([MS-CSRA] 3.1.4.1.7).
    pub async fn get_crl(&mut self, request: &GetCrlIn) -> Result<GetCrlOut, T::Error> {
        ndr::call(&mut self.0, 9, request).await
    }

    /// Opnum 10: revoke a certificate ([MS-CSRA] 3.1.4.1.8).
    pub async fn revoke_certificate(
        &mut self,
        request: &RevokeCertificateIn,
    ) -> Result<RevokeCertificateOut, T::Error> {
        ndr::call(&mut self.0, 10, request).await
    }

    /// Opnum 11: columns of the request table ([MS-CSRA] 3.1.4.1.9).
    pub async fn enum_view_column(
        &mut self,
        request: &EnumViewColumnIn,
    ) -> Result<EnumViewColumnOut, T::Error> {
        ndr::call(&mut self.0, 11, request).await
    }

    /// Opnum 12: columns of a default view ([MS-CSRA] 3.1.4.1.10).
    pub async fn get_view_default_column_set(
        &mut self,
        request: &GetViewDefaultColumnSetIn,
    ) -> Result<GetViewDefaultColumnSetOut, T::Error> {
        ndr::call(&mut self.0, 12, request).await
    }

    /// Opnum 13: attributes or extensions of a row ([MS-CSRA] 3.1.4.1.11).
    pub async fn enum_attributes_or_extensions(
        &mut self,
        request: &EnumAttributesOrExtensionsIn,
    ) -> Result<EnumAttributesOrExtensionsOut, T::Error> {
        ndr::call(&mut self.0, 13, request).await
    }

    /// Opnum 14: open a view on the database and fetch its first rows ([MS-CSRA] 3.1.4.1.12).
    pub async fn open_view(
        &mut self,
        request: &OpenViewIn,
    ) -> Result<OpenViewOut, T::Error> {
        ndr::call(&mut self.0, 14, request).await
    }

    /// Opnum 15: fetch further rows of the view ([MS-CSRA] 3.1.4.1.13).
    pub async fn enum_view(
        &mut self,
        request: &EnumViewIn,
    ) -> Result<EnumViewOut, T::Error> {
        ndr::call(&mut self.0, 15, request).await
    }

    /// Opnum 16: close the view ([MS-CSRA] 3.1.4.1.14).
    pub async fn close_view(
        &mut self,
        request: &CloseViewIn,
    ) -> Result<CloseViewOut, T::Error> {
        ndr::call(&mut self.0, 16, request).await
    }

    /// Opnum 17: stop the service or restart its log ([MS-CSRA] 3.1.4.1.15).
    pub async fn server_control(
        &mut self,
        request: &ServerControlIn,
    ) -> Result<ServerControlOut, T::Error> {
        ndr::call(&mut self.0, 17, request).await
    }

    /// Opnum 18: whether the administration interface answers ([MS-CSRA] 3.1.4.1.16).
    pub async fn ping(&mut self, request: &PingIn) -> Result<PingOut, T::Error> {
        ndr::call(&mut self.0, 18, request).await
    }

    /// Opnum 19: state of the service ([MS-CSRA] 3.1.4.1.17).
    pub async fn get_server_state(
        &mut self,
        request: &GetServerStateIn,
    ) -> Result<GetServerStateOut, T::Error> {
        ndr::call(&mut self.0, 19, request).await
    }

    /// Opnum 20: begin a backup ([MS-CSRA] 3.1.4.1.18).
    ///
    /// The annotation is one code unit behind a reference pointer, as the specification prints it.
    pub async fn backup_prepare(
        &mut self,
        request: &BackupPrepareIn,
    ) -> Result<BackupPrepareOut, T::Error> {
        ndr::call(&mut self.0, 20, request).await
    }

    /// Opnum 21: end a backup ([MS-CSRA] 3.1.4.1.19).
    pub async fn backup_end(
        &mut self,
        request: &BackupEndIn,
    ) -> Result<BackupEndOut, T::Error> {
        ndr::call(&mut self.0, 21, request).await
    }

    /// Opnum 22: database files to back up ([MS-CSRA] 3.1.4.1.20).
    pub async fn backup_get_attachment_information(
        &mut self,
        request: &BackupGetAttachmentInformationIn,
    ) -> Result<BackupGetAttachmentInformationOut, T::Error> {
        ndr::call(&mut self.0, 22, request).await
    }

    /// Opnum 23: log files to back up ([MS-CSRA] 3.1.4.1.21).
    pub async fn backup_get_backup_logs(
        &mut self,
        request: &BackupGetBackupLogsIn,
    ) -> Result<BackupGetBackupLogsOut, T::Error> {
        ndr::call(&mut self.0, 23, request).await
    }

    /// Opnum 24: open a file of the backup ([MS-CSRA] 3.1.4.1.22).
    pub async fn backup_open_file(
        &mut self,
        request: &BackupOpenFileIn,
    ) -> Result<BackupOpenFileOut, T::Error> {
        ndr::call(&mut self.0, 24, request).await
    }

    /// Opnum 25: read from the open file ([MS-CSRA] 3.1.4.1.23).
    pub async fn backup_read_file(
        &mut self,
        request: &BackupReadFileIn,
    ) -> Result<BackupReadFileOut, T::Error> {
        ndr::call(&mut self.0, 25, request).await
    }

    /// Opnum 26: close the open file ([MS-CSRA] 3.1.4.1.24).
    pub async fn backup_close_file(
        &mut self,
        request: &BackupCloseFileIn,
    ) -> Result<BackupCloseFileOut, T::Error> {
        ndr::call(&mut self.0, 26, request).await
    }

    /// Opnum 27: truncate the logs ([MS-CSRA] 3.1.4.1.25).
    pub async fn backup_truncate_logs(
        &mut self,
        request: &BackupTruncateLogsIn,
    ) -> Result<BackupTruncateLogsOut, T::Error> {
        ndr::call(&mut self.0, 27, request).await
    }

    /// Opnum 28: import a certificate that the CA issued ([MS-CSRA] 3.1.4.1.26).
    pub async fn import_certificate(
        &mut self,
        request: &ImportCertificateIn,
    ) -> Result<ImportCertificateOut, T::Error> {
        ndr::call(&mut self.0, 28, request).await
    }

    /// Opnum 29: further files to back up ([MS-CSRA] 3.1.4.1.27).
    pub async fn backup_get_dynamic_files(
        &mut self,
        request: &BackupGetDynamicFilesIn,
    ) -> Result<BackupGetDynamicFilesOut, T::Error> {
        ndr::call(&mut self.0, 29, request).await
    }

    /// Opnum 30: where the database is restored to ([MS-CSRA] 3.1.4.1.28).
    pub async fn restore_get_database_locations(
        &mut self,
        request: &RestoreGetDatabaseLocationsIn,
    ) -> Result<RestoreGetDatabaseLocationsOut, T::Error> {
        ndr::call(&mut self.0, 30, request).await
    }

    /// Opnum 31: publish base or delta CRLs ([MS-CSRA] 3.1.4.2.1).
    pub async fn publish_cr_ls(
        &mut self,
        request: &PublishCrLsIn,
    ) -> Result<PublishCrLsOut, T::Error> {
        ndr::call(&mut self.0, 31, request).await
    }

    /// Opnum 32: a property of the CA ([MS-CSRA] 3.1.4.2.2).
    pub async fn get_ca_property(
        &mut self,
        request: &GetCaPropertyIn,
    ) -> Result<GetCaPropertyOut, T::Error> {
        ndr::call(&mut self.0, 32, request).await
    }

    /// Opnum 33: set a property of the CA ([MS-CSRA] 3.1.4.2.3).
    pub async fn set_ca_property(
        &mut self,
        request: &SetCaPropertyIn,
    ) -> Result<SetCaPropertyOut, T::Error> {
        ndr::call(&mut self.0, 33, request).await
    }

    /// Opnum 34: the list of properties ([MS-CSRA] 3.1.4.2.4).
    pub async fn get_ca_property_info(
        &mut self,
        request: &GetCaPropertyInfoIn,
    ) -> Result<GetCaPropertyInfoOut, T::Error> {
        ndr::call(&mut self.0, 34, request).await
    }

    /// Opnum 35: columns of any table ([MS-CSRA] 3.1.4.2.5).
    pub async fn enum_view_column_table(
        &mut self,
        request: &EnumViewColumnTableIn,
    ) -> Result<EnumViewColumnTableOut, T::Error> {
        ndr::call(&mut self.0, 35, request).await
    }

    /// Opnum 36: the CA's security descriptor ([MS-CSRA] 3.1.4.2.6).
    pub async fn get_ca_security(
        &mut self,
        request: &GetCaSecurityIn,
    ) -> Result<GetCaSecurityOut, T::Error> {
        ndr::call(&mut self.0, 36, request).await
    }

    /// Opnum 37: set the CA's security descriptor ([MS-CSRA] 3.1.4.2.7).
    pub async fn set_ca_security(
        &mut self,
        request: &SetCaSecurityIn,
    ) -> Result<SetCaSecurityOut, T::Error> {
        ndr::call(&mut self.0, 37, request).await
    }

    /// Opnum 38: whether the administration interface answers ([MS-CSRA] 3.1.4.2.8).
    pub async fn ping2(&mut self, request: &Ping2In) -> Result<Ping2Out, T::Error> {
        ndr::call(&mut self.0, 38, request).await
    }

    /// Opnum 39: an archived key ([MS-CSRA] 3.1.4.2.9).
    pub async fn get_archived_key(
        &mut self,
        request: &GetArchivedKeyIn,
    ) -> Result<GetArchivedKeyOut, T::Error> {
        ndr::call(&mut self.0, 39, request).await
    }

    /// Opnum 40: what is audited ([MS-CSRA] 3.1.4.2.10).
    pub async fn get_audit_filter(
        &mut self,
        request: &GetAuditFilterIn,
    ) -> Result<GetAuditFilterOut, T::Error> {
        ndr::call(&mut self.0, 40, request).await
    }

    /// Opnum 41: set what is audited ([MS-CSRA] 3.1.4.2.11).
    pub async fn set_audit_filter(
        &mut self,
        request: &SetAuditFilterIn,
    ) -> Result<SetAuditFilterOut, T::Error> {
        ndr::call(&mut self.0, 41, request).await
    }

    /// Opnum 42: rights of officers and enrollment agents ([MS-CSRA] 3.1.4.2.12).
    pub async fn get_officer_rights(
        &mut self,
        request: &GetOfficerRightsIn,
    ) -> Result<GetOfficerRightsOut, T::Error> {
        ndr::call(&mut self.0, 42, request).await
    }

    /// Opnum 43: set rights of officers and enrollment agents ([MS-CSRA] 3.1.4.2.13).
    pub async fn set_officer_rights(
        &mut self,
        request: &SetOfficerRightsIn,
    ) -> Result<SetOfficerRightsOut, T::Error> {
        ndr::call(&mut self.0, 43, request).await
    }

    /// Opnum 44: a configuration value ([MS-CSRA] 3.1.4.2.14).
    pub async fn get_config_entry(
        &mut self,
        request: &GetConfigEntryIn,
    ) -> Result<GetConfigEntryOut, T::Error> {
        ndr::call(&mut self.0, 44, request).await
    }

    /// Opnum 45: set a configuration value ([MS-CSRA] 3.1.4.2.15).
    pub async fn set_config_entry(
        &mut self,
        request: &SetConfigEntryIn,
    ) -> Result<SetConfigEntryOut, T::Error> {
        ndr::call(&mut self.0, 45, request).await
    }

    /// Opnum 46: import an archived key ([MS-CSRA] 3.1.4.2.16).
    pub async fn import_key(
        &mut self,
        request: &ImportKeyIn,
    ) -> Result<ImportKeyOut, T::Error> {
        ndr::call(&mut self.0, 46, request).await
    }

    /// Opnum 47: roles of the caller ([MS-CSRA] 3.1.4.2.17).
    pub async fn get_my_roles(
        &mut self,
        request: &GetMyRolesIn,
    ) -> Result<GetMyRolesOut, T::Error> {
        ndr::call(&mut self.0, 47, request).await
    }

    /// Opnum 48: delete rows ([MS-CSRA] 3.1.4.2.18).
    pub async fn delete_row(
        &mut self,
        request: &DeleteRowIn,
    ) -> Result<DeleteRowOut, T::Error> {
        ndr::call(&mut self.0, 48, request).await
    }
}
