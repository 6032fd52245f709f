//! Written by `codegen` from `idl/icertpassage.idl`.

use crate::ndr::{
    self, DecodeError, Decoder, EncodeError, Encoder, Encoding, Fault, InterfaceId,
    Invoke, Parameters,
};
use super::certtransblob::CERTTRANSBLOB;

/// `ICertPassage`, version 0.0.
pub const I_CERT_PASSAGE: InterfaceId = InterfaceId {
    uuid: uuid::Uuid::from_u128(0x91ae6020_9e3c_11cf_8d7c_00aa00c091be),
    major: 0,
    minor: 0,
};

/// The request of [`ICertPassage::cert_server_request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CertServerRequestIn {
    /// `[in] DWORD dwFlags`
    pub dw_flags: u32,
    /// `[in, string, unique] const wchar_t *pwszAuthority`
    pub pwsz_authority: Option<ndr::WideString>,
    /// `[in, out, ref] DWORD *pdwRequestId`
    pub pdw_request_id: u32,
    /// `[in, ref] const CERTTRANSBLOB *pctbAttribs`
    pub pctb_attribs: CERTTRANSBLOB,
    /// `[in, ref] const CERTTRANSBLOB *pctbRequest`
    pub pctb_request: CERTTRANSBLOB,
}

impl Parameters for CertServerRequestIn {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.dw_flags)?;
        e.value(&self.pwsz_authority)?;
        e.value(&self.pdw_request_id)?;
        e.value(&self.pctb_attribs)?;
        e.value(&self.pctb_request)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            dw_flags: d.value()?,
            pwsz_authority: d.value()?,
            pdw_request_id: d.value()?,
            pctb_attribs: d.value()?,
            pctb_request: d.value()?,
        })
    }
}

/// The response of [`ICertPassage::cert_server_request`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CertServerRequestOut {
    /// `[in, out, ref] DWORD *pdwRequestId`
    pub pdw_request_id: u32,
    /// `[out] DWORD *pdwDisposition`
    pub pdw_disposition: u32,
    /// `[out, ref] CERTTRANSBLOB *pctbCert`
    pub pctb_cert: CERTTRANSBLOB,
    /// `[out, ref] CERTTRANSBLOB *pctbEncodedCert`
    pub pctb_encoded_cert: CERTTRANSBLOB,
    /// `[out, ref] CERTTRANSBLOB *pctbDispositionMessage`
    pub pctb_disposition_message: CERTTRANSBLOB,
    /// The return value.
    pub return_value: u32,
}

impl Parameters for CertServerRequestOut {
    fn encode(&self, e: &mut Encoder) -> Result<(), EncodeError> {
        e.value(&self.pdw_request_id)?;
        e.value(&self.pdw_disposition)?;
        e.value(&self.pctb_cert)?;
        e.value(&self.pctb_encoded_cert)?;
        e.value(&self.pctb_disposition_message)?;
        e.value(&self.return_value)?;
        Ok(())
    }

    fn decode(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            pdw_request_id: d.value()?,
            pdw_disposition: d.value()?,
            pctb_cert: d.value()?,
            pctb_encoded_cert: d.value()?,
            pctb_disposition_message: d.value()?,
            return_value: d.value()?,
        })
    }
}

/// Plain RPC enrollment with one method ([MS-ICPR] 3.2.4.1).
pub trait ICertPassage {
    /// What the server is told of each call: who, how, from where.
    type Call: Send + Sync;

    /// Opnum 0: submit a request, or fetch the result of an earlier one ([MS-ICPR] 3.2.4.1.1).
    ///
    /// ```idl
    /// DWORD CertServerRequest(
    ///     [in] handle_t h,
    ///     [in] DWORD dwFlags,
    ///     [in, string, unique] const wchar_t *pwszAuthority,
    ///     [in, out, ref] DWORD *pdwRequestId,
    ///     [out] DWORD *pdwDisposition,
    ///     [in, ref] const CERTTRANSBLOB *pctbAttribs,
    ///     [in, ref] const CERTTRANSBLOB *pctbRequest,
    ///     [out, ref] CERTTRANSBLOB *pctbCert,
    ///     [out, ref] CERTTRANSBLOB *pctbEncodedCert,
    ///     [out, ref] CERTTRANSBLOB *pctbDispositionMessage
    /// );
    /// ```
    fn cert_server_request(
        &self,
        call: &Self::Call,
        request: CertServerRequestIn,
    ) -> impl Future<Output = Result<CertServerRequestOut, Fault>> + Send;
}

/// Decodes a request to [`ICertPassage`], has `server` carry it out, encodes the response.
pub async fn dispatch_i_cert_passage<S: ICertPassage + Sync>(
    server: &S,
    call: &S::Call,
    opnum: u16,
    encoding: Encoding,
    stub: &[u8],
) -> Result<Vec<u8>, Fault> {
    match opnum {
        0 => {
            const OPERATION: &str = "ICertPassage::CertServerRequest";
            let request = ndr::request(OPERATION, encoding, stub)?;
            let response = server.cert_server_request(call, request).await?;
            ndr::response(OPERATION, encoding, &response)
        }
        _ => Err(Fault::OP_RANGE),
    }
}

/// Calls [`ICertPassage`] through a transport that is bound to it.
#[derive(Debug)]
pub struct ICertPassageClient<T>(pub T);

impl<T: Invoke> ICertPassageClient<T> {
    /// Opnum 0: submit a request, or fetch the result of an earlier one ([MS-ICPR] 3.2.4.1.1).
    pub async fn cert_server_request(
        &mut self,
        request: &CertServerRequestIn,
    ) -> Result<CertServerRequestOut, T::Error> {
        ndr::call(&mut self.0, 0, request).await
    }
}
