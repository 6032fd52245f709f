//! Written by `codegen` from `idl/icertrequestd.idl`.

use crate::ndr::{
    self, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault, InterfaceId,
    Invalid, Invoke, Parameters,
};
use super::certtransblob::CERTTRANSBLOB;
use super::orpc::{ORPCTHAT, ORPCTHIS};

/// `ICertRequestD`, version 0.0.
pub const I_CERT_REQUEST_D: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0xd99e6e70_fc88_11d0_b498_00a0c90312f3),
    major: 0,
    minor: 0,
};

/// The request of [`ICertRequestD::request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, out, ref] DWORD *pdwRequestId`
    pub pdw_request_id: u32,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAttributes`
    pub pwsz_attributes: Option<ndr::WideString>,
    /// `[in, ref] CERTTRANSBLOB const *pctbRequest`
    pub pctb_request: CERTTRANSBLOB,
}

impl RequestIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        ndr::range_of_count("pwszAttributes", &self.pwsz_attributes, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for RequestIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.dw_flags)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pdw_request_id)?;
        e.value(&self.pwsz_attributes)?;
        e.value(&self.pctb_request)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            dw_flags: d.value()?,
            pwsz_authority: d.value()?,
            pdw_request_id: d.value()?,
            pwsz_attributes: d.value()?,
            pctb_request: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD::request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[in, out, ref] DWORD *pdwRequestId`
    pub pdw_request_id: u32,
    /// `[out] DWORD *pdwDisposition`
    pub pdw_disposition: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbCertChain`
    pub pctb_cert_chain: CERTTRANSBLOB,
    /// `[out, ref] CERTTRANSBLOB *pctbEncodedCert`
    pub pctb_encoded_cert: CERTTRANSBLOB,
    /// `[out, ref] CERTTRANSBLOB *pctbDispositionMessage`
    pub pctb_disposition_message: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for RequestOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_request_id)?;
        e.value(&self.pdw_disposition)?;
        e.value(&self.pctb_cert_chain)?;
        e.value(&self.pctb_encoded_cert)?;
        e.value(&self.pctb_disposition_message)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_request_id: d.value()?,
            pdw_disposition: d.value()?,
            pctb_cert_chain: d.value()?,
            pctb_encoded_cert: d.value()?,
            pctb_disposition_message: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertRequestD::get_ca_cert`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaCertIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in] DWORD fchain`
    pub fchain: u32,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl GetCaCertIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for GetCaCertIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.fchain)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            fchain: d.value()?,
            pwsz_authority: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD::get_ca_cert`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaCertOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out, ref] CERTTRANSBLOB *pctbOut`
    pub pctb_out: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for GetCaCertOut {
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

/// The request of [`ICertRequestD::ping`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PingIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl PingIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for PingIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD::ping`].
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

/// Enrollment as old clients ask for it ([MS-WCCE] 3.2.1.4.2).
pub trait ICertRequestD {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 3: submit a request, or fetch the result of one ([MS-WCCE] 3.2.1.4.2.1).
    ///
    /// ```idl
    /// HRESULT Request(
    ///     [in] DWORD dwFlags,
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority,
    ///     [in, out, ref] DWORD *pdwRequestId,
    ///     [out] DWORD *pdwDisposition,
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAttributes,
    ///     [in, ref] CERTTRANSBLOB const *pctbRequest,
    ///     [out, ref] CERTTRANSBLOB *pctbCertChain,
    ///     [out, ref] CERTTRANSBLOB *pctbEncodedCert,
    ///     [out, ref] CERTTRANSBLOB *pctbDispositionMessage
    /// );
    /// ```
    fn request(
        &self,
        call: &Self::Call,
        request: RequestIn,
    ) -> impl Future<Output = Result<RequestOut, Fault>> + Send;

    /// Opnum 4: the CA's certificate, exchange certificate or facts ([MS-WCCE] 3.2.1.4.2.2).
    ///
    /// ```idl
    /// HRESULT GetCACert(
    ///     [in] DWORD fchain,
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority,
    ///     [out, ref] CERTTRANSBLOB *pctbOut
    /// );
    /// ```
    fn get_ca_cert(
        &self,
        call: &Self::Call,
        request: GetCaCertIn,
    ) -> impl Future<Output = Result<GetCaCertOut, Fault>> + Send;

    /// Opnum 5: whether the CA answers ([MS-WCCE] 3.2.1.4.2.3).
    ///
    /// ```idl
    /// HRESULT Ping(
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority
    /// );
    /// ```
    fn ping(
        &self,
        call: &Self::Call,
        request: PingIn,
    ) -> impl Future<Output = Result<PingOut, Fault>> + Send;
}

/// Decodes a request to [`ICertRequestD`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_cert_request_d<S: ICertRequestD + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        3 => {
            const OPERATION: &str = "ICertRequestD::Request";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.request(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        4 => {
            const OPERATION: &str = "ICertRequestD::GetCACert";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_ca_cert(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        5 => {
            const OPERATION: &str = "ICertRequestD::Ping";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ping(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`ICertRequestD`] through a transport that is bound to it.
#[derive(Debug)]
pub struct ICertRequestDClient<T>(pub T);

impl<T: Invoke> ICertRequestDClient<T> {
    /// Opnum 3: submit a request, or fetch the result of one ([MS-WCCE] 3.2.1.4.2.1).
    pub async fn request(
        &mut self,
        request: &RequestIn,
    ) -> Result<RequestOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: the CA's certificate, exchange certificate or facts ([MS-WCCE] 3.2.1.4.2.2).
    pub async fn get_ca_cert(
        &mut self,
        request: &GetCaCertIn,
    ) -> Result<GetCaCertOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: whether the CA answers ([MS-WCCE] 3.2.1.4.2.3).
    pub async fn ping(&mut self, request: &PingIn) -> Result<PingOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }
}

/// `ICertRequestD2`, version 0.0.
pub const I_CERT_REQUEST_D2: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x5422fd3a_d4b8_4cef_a12e_e87d4ca22e90),
    major: 0,
    minor: 0,
};

/// The request of [`ICertRequestD2::request2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request2In {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in, string, unique, range(1, 64)] wchar_t const *pwszSerialNumber`
    pub pwsz_serial_number: Option<ndr::WideString>,
    /// `[in, out, ref] DWORD *pdwRequestId`
    pub pdw_request_id: u32,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAttributes`
    pub pwsz_attributes: Option<ndr::WideString>,
    /// `[in, ref] CERTTRANSBLOB const *pctbRequest`
    pub pctb_request: CERTTRANSBLOB,
}

impl Request2In {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        ndr::range_of_count("pwszSerialNumber", &self.pwsz_serial_number, 1, 64)?;
        ndr::range_of_count("pwszAttributes", &self.pwsz_attributes, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for Request2In {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.dw_flags)?;
        e.value(&self.pwsz_serial_number)?;
        e.value(&self.pdw_request_id)?;
        e.value(&self.pwsz_attributes)?;
        e.value(&self.pctb_request)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            dw_flags: d.value()?,
            pwsz_serial_number: d.value()?,
            pdw_request_id: d.value()?,
            pwsz_attributes: d.value()?,
            pctb_request: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD2::request2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request2Out {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[in, out, ref] DWORD *pdwRequestId`
    pub pdw_request_id: u32,
    /// `[out] DWORD *pdwDisposition`
    pub pdw_disposition: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbFullResponse`
    pub pctb_full_response: CERTTRANSBLOB,
    /// `[out, ref] CERTTRANSBLOB *pctbEncodedCert`
    pub pctb_encoded_cert: CERTTRANSBLOB,
    /// `[out, ref] CERTTRANSBLOB *pctbDispositionMessage`
    pub pctb_disposition_message: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for Request2Out {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value_in_ndr20(&self.orpcthat)?;
        e.value(&self.pdw_request_id)?;
        e.value(&self.pdw_disposition)?;
        e.value(&self.pctb_full_response)?;
        e.value(&self.pctb_encoded_cert)?;
        e.value(&self.pctb_disposition_message)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            orpcthat: d.value_in_ndr20()?,
            pdw_request_id: d.value()?,
            pdw_disposition: d.value()?,
            pctb_full_response: d.value()?,
            pctb_encoded_cert: d.value()?,
            pctb_disposition_message: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// The request of [`ICertRequestD2::get_ca_property`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in] long PropID`
    pub prop_id: i32,
    /// `[in] long PropIndex`
    pub prop_index: i32,
    /// `[in] long PropType`
    pub prop_type: i32,
}

impl GetCaPropertyIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for GetCaPropertyIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.prop_id)?;
        e.value(&self.prop_index)?;
        e.value(&self.prop_type)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
            prop_id: d.value()?,
            prop_index: d.value()?,
            prop_type: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD2::get_ca_property`].
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

/// The request of [`ICertRequestD2::get_ca_property_info`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyInfoIn {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl GetCaPropertyInfoIn {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for GetCaPropertyInfoIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD2::get_ca_property_info`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetCaPropertyInfoOut {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthat: ORPCTHAT,
    /// `[out] long *pcProperty`
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

/// The request of [`ICertRequestD2::ping2`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ping2In {
    /// Implicit in every call of an object; always in NDR 2.0 ([MS-DCOM] 2.2.13).
    pub orpcthis: ORPCTHIS,
    /// `[in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
}

impl Ping2In {
    fn validate(&self) -> Result<(), Invalid> {
        ndr::range_of_count("pwszAuthority", &self.pwsz_authority, 1, 1536)?;
        Ok(())
    }
}

impl Parameters for Ping2In {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        self.validate()?;
        e.value_in_ndr20(&self.orpcthis)?;
        e.value(&self.pwsz_authority)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = Self {
            orpcthis: d.value_in_ndr20()?,
            pwsz_authority: d.value()?,
        };
        value.validate()?;
        Ok(value)
    }
}

/// The response of [`ICertRequestD2::ping2`].
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

/// Enrollment ([MS-WCCE] 3.2.1.4.3).
pub trait ICertRequestD2: ICertRequestD {
    /// Opnum 6: submit a request, or fetch the result of one ([MS-WCCE] 3.2.1.4.3.1).
    ///
    /// ```idl
    /// HRESULT Request2(
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority,
    ///     [in] DWORD dwFlags,
    ///     [in, string, unique, range(1, 64)] wchar_t const *pwszSerialNumber,
    ///     [in, out, ref] DWORD *pdwRequestId,
    ///     [out] DWORD *pdwDisposition,
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAttributes,
    ///     [in, ref] CERTTRANSBLOB const *pctbRequest,
    ///     [out, ref] CERTTRANSBLOB *pctbFullResponse,
    ///     [out, ref] CERTTRANSBLOB *pctbEncodedCert,
    ///     [out, ref] CERTTRANSBLOB *pctbDispositionMessage
    /// );
    /// ```
    fn request2(
        &self,
        call: &Self::Call,
        request: Request2In,
    ) -> impl Future<Output = Result<Request2Out, Fault>> + Send;

    /// Opnum 7: a property of the CA ([MS-WCCE] 3.2.1.4.3.2).
    ///
    /// ```idl
    /// HRESULT GetCAProperty(
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority,
    ///     [in] long PropID,
    ///     [in] long PropIndex,
    ///     [in] long PropType,
    ///     [out, ref] CERTTRANSBLOB *pctbPropertyValue
    /// );
    /// ```
    fn get_ca_property(
        &self,
        call: &Self::Call,
        request: GetCaPropertyIn,
    ) -> impl Future<Output = Result<GetCaPropertyOut, Fault>> + Send;

    /// Opnum 8: the list of properties ([MS-WCCE] 3.2.1.4.3.3).
    ///
    /// ```idl
    /// HRESULT GetCAPropertyInfo(
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority,
    ///     [out] long *pcProperty,
    ///     [out, ref] CERTTRANSBLOB *pctbPropInfo
    /// );
    /// ```
    fn get_ca_property_info(
        &self,
        call: &Self::Call,
        request: GetCaPropertyInfoIn,
    ) -> impl Future<Output = Result<GetCaPropertyInfoOut, Fault>> + Send;

    /// Opnum 9: whether the CA answers ([MS-WCCE] 3.2.1.4.3.4).
    ///
    /// ```idl
    /// HRESULT Ping2(
    ///     [in, string, unique, range(1, 1536)] wchar_t const *pwszAuthority
    /// );
    /// ```
    fn ping2(
        &self,
        call: &Self::Call,
        request: Ping2In,
    ) -> impl Future<Output = Result<Ping2Out, Fault>> + Send;
}

/// Decodes a request to [`ICertRequestD2`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_cert_request_d2<S: ICertRequestD2 + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        6 => {
            const OPERATION: &str = "ICertRequestD2::Request2";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.request2(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        7 => {
            const OPERATION: &str = "ICertRequestD2::GetCAProperty";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_ca_property(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        8 => {
            const OPERATION: &str = "ICertRequestD2::GetCAPropertyInfo";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.get_ca_property_info(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        9 => {
            const OPERATION: &str = "ICertRequestD2::Ping2";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.ping2(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => dispatch_i_cert_request_d(server, call, opnum, encoding, stub).await,
    }
}

/// Calls [`ICertRequestD2`] through a transport that is bound to it.
#[derive(Debug)]
pub struct ICertRequestD2Client<T>(pub T);

impl<T: Invoke> ICertRequestD2Client<T> {
    /// Opnum 3: submit a request, or fetch the result of one ([MS-WCCE] 3.2.1.4.2.1).
    pub async fn request(
        &mut self,
        request: &RequestIn,
    ) -> Result<RequestOut, T::Error> {
        ndr::call(&mut self.0, 3, request).await
    }

    /// Opnum 4: the CA's certificate, exchange certificate or facts ([MS-WCCE] 3.2.1.4.2.2).
    pub async fn get_ca_cert(
        &mut self,
        request: &GetCaCertIn,
    ) -> Result<GetCaCertOut, T::Error> {
        ndr::call(&mut self.0, 4, request).await
    }

    /// Opnum 5: whether the CA answers ([MS-WCCE] 3.2.1.4.2.3).
    pub async fn ping(&mut self, request: &PingIn) -> Result<PingOut, T::Error> {
        ndr::call(&mut self.0, 5, request).await
    }

    /// Opnum 6: submit a request, or fetch the result of one ([MS-WCCE] 3.2.1.4.3.1).
    pub async fn request2(
        &mut self,
        request: &Request2In,
    ) -> Result<Request2Out, T::Error> {
        ndr::call(&mut self.0, 6, request).await
    }

    /// Opnum 7: a property of the CA ([MS-WCCE] 3.2.1.4.3.2).
    pub async fn get_ca_property(
        &mut self,
        request: &GetCaPropertyIn,
    ) -> Result<GetCaPropertyOut, T::Error> {
        ndr::call(&mut self.0, 7, request).await
    }

    /// Opnum 8: the list of properties ([MS-WCCE] 3.2.1.4.3.3).
    pub async fn get_ca_property_info(
        &mut self,
        request: &GetCaPropertyInfoIn,
    ) -> Result<GetCaPropertyInfoOut, T::Error> {
        ndr::call(&mut self.0, 8, request).await
    }

    /// Opnum 9: whether the CA answers ([MS-WCCE] 3.2.1.4.3.4).
    pub async fn ping2(&mut self, request: &Ping2In) -> Result<Ping2Out, T::Error> {
        ndr::call(&mut self.0, 9, request).await
    }
}
