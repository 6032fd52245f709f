//! ICertRequestD and ICertRequestD2: enrollment and facts about the CA, over DCOM ([MS-WCCE]).

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::call::{self, BadCall, RequestCall, bad_call, bytes_of, optional_blob, text, text_blob};
use super::property;
use crate::auth::BoxFuture;
use crate::dcom;
use crate::enroll::{Answer, CR_IN_FULLRESPONSE, EnrollError, Enrollment, PropertyQuery};
use crate::generated::icertrequestd::{
    GetCaCertIn, GetCaCertOut, GetCaPropertyIn, GetCaPropertyInfoIn, GetCaPropertyInfoOut,
    GetCaPropertyOut, I_CERT_REQUEST_D, I_CERT_REQUEST_D2, ICertRequestD, ICertRequestD2, Ping2In,
    Ping2Out, PingIn, PingOut, Request2In, Request2Out, RequestIn, RequestOut,
    dispatch_i_cert_request_d, dispatch_i_cert_request_d2,
};
use crate::metrics;
use crate::model::{Caller, HResult, RequestId, SerialNumber, Sid};
use crate::ndr::{Fault, WideString};
use crate::rpc::{CallContext, Policy};

/// CCertRequestD, the class of objects that the CA exports for enrollment ([MS-WCCE] 1.9).
pub const C_CERT_REQUEST_D: Uuid = Uuid::from_u128(0xd99e6e74_fc88_11d0_b498_00a0c90312f3);

/// The class: what Windows' certreq activates.
pub struct CertRequestClass {
    object: Arc<CertRequest>,
}

impl CertRequestClass {
    /// The class of this CA.
    pub fn new(enrollment: Arc<Enrollment>) -> Self {
        Self { object: Arc::new(CertRequest { enrollment }) }
    }
}

impl dcom::Class for CertRequestClass {
    fn clsid(&self) -> Uuid {
        C_CERT_REQUEST_D
    }

    fn interfaces(&self) -> Vec<dcom::Interface> {
        let sealed = |id| dcom::Interface { id, policy: Policy::default() };
        vec![sealed(I_CERT_REQUEST_D), sealed(I_CERT_REQUEST_D2)]
    }

    /// The group that has remote access to the class on Windows.
    fn admits(&self, caller: &Caller) -> bool {
        caller.token.holds(&Sid::certificate_service_dcom_access())
    }

    /// The object has no state: every client gets the same.
    fn create(&self) -> Arc<dyn dcom::Object> {
        Arc::<CertRequest>::clone(&self.object)
    }
}

/// The object, in front of the CA.
pub struct CertRequest {
    enrollment: Arc<Enrollment>,
}

impl dcom::Object for CertRequest {
    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            let encoding = call.encoding;
            if call.interface == I_CERT_REQUEST_D2 {
                dispatch_i_cert_request_d2(self, &call, opnum, encoding, &stub).await
            } else {
                dispatch_i_cert_request_d(self, &call, opnum, encoding, &stub).await
            }
        })
    }
}

impl CertRequest {
    async fn submit_or_retrieve(
        &self,
        caller: &Arc<Caller>,
        request: RequestIn,
    ) -> Result<Answer, HResult> {
        let attributes = attributes(caller, request.pwsz_attributes.as_ref())?;
        let request_bytes = bytes_of(request.pctb_request);
        // A retrieval may name a certificate in place of a request, in the attributes
        // ([MS-WCCE] 3.2.1.4.2.1.3); the id is only there not to be 0 then.
        let serial = attributes.parse().ok().filter(|_| request_bytes.is_empty());
        let id = if serial.is_some() { 0 } else { request.pdw_request_id };
        let call = RequestCall {
            authority: text(request.pwsz_authority.as_ref()),
            // Full responses are for Request2.
            flags: request.dw_flags & !CR_IN_FULLRESPONSE,
            id: RequestId(id),
            serial,
            attributes,
            request: request_bytes,
        };
        call::request(&self.enrollment, caller, call).await
    }

    async fn submit_or_retrieve2(
        &self,
        caller: &Arc<Caller>,
        request: Request2In,
    ) -> Result<Answer, HResult> {
        let attributes = attributes(caller, request.pwsz_attributes.as_ref())?;
        let serial = match text(request.pwsz_serial_number.as_ref()) {
            none if none.is_empty() => None,
            serial => match serial.parse::<SerialNumber>() {
                Ok(serial) => Some(serial),
                Err(_) => return Err(bad_call(caller, &BadCall::Serial)),
            },
        };
        let call = RequestCall {
            authority: text(request.pwsz_authority.as_ref()),
            flags: request.dw_flags,
            id: RequestId(request.pdw_request_id),
            serial,
            attributes,
            request: bytes_of(request.pctb_request),
        };
        call::request(&self.enrollment, caller, call).await
    }

    fn check_alive(&self, caller: &Caller, authority: Option<&WideString>) -> u32 {
        status(caller, self.enrollment.ping(&text(authority))).err().unwrap_or(HResult::S_OK).0
    }
}

/// pwszAttributes: NULL and empty are the same.
fn attributes(caller: &Caller, parameter: Option<&WideString>) -> Result<String, HResult> {
    let text = parameter.map_or(Ok(String::new()), WideString::to_text);
    text.map_err(|_| bad_call(caller, &BadCall::Attributes))
}

/// The return value of what failed.
fn status<T>(caller: &Caller, result: Result<T, EnrollError>) -> Result<T, HResult> {
    result.map_err(|error| call::refused(caller, &error))
}

impl ICertRequestD for CertRequest {
    type Call = CallContext;

    async fn request(&self, call: &CallContext, request: RequestIn) -> Result<RequestOut, Fault> {
        let caller = call::sealed_caller(call)?;
        let id = request.pdw_request_id;
        let retrieval = request.pctb_request.cb == 0;
        let work = self.submit_or_retrieve(caller, request);
        Ok(match metrics::observe(call, retrieval, work).await {
            Ok(answer) => RequestOut {
                pdw_request_id: answer.id.0,
                pdw_disposition: answer.disposition,
                pctb_cert_chain: optional_blob(answer.chain),
                pctb_encoded_cert: optional_blob(answer.certificate),
                pctb_disposition_message: text_blob(&answer.message),
                return_value: answer.status.0,
                ..Default::default()
            },
            Err(code) => RequestOut {
                pdw_request_id: id,
                pdw_disposition: code.0,
                return_value: code.0,
                ..Default::default()
            },
        })
    }

    async fn get_ca_cert(
        &self,
        call: &CallContext,
        request: GetCaCertIn,
    ) -> Result<GetCaCertOut, Fault> {
        let caller = call::sealed_caller(call)?;
        let authority = text(request.pwsz_authority.as_ref());
        let value = match property::of_fchain(request.fchain) {
            Some(wanted) => {
                let query = PropertyQuery {
                    authority: wanted.checks_authority.then_some(&*authority),
                    id: wanted.id.value(),
                    index: wanted.index,
                    kind: None,
                };
                let value = status(caller, self.enrollment.property(caller, query).await);
                value.and_then(|value| wanted.blob(value).ok_or(HResult::E_UNEXPECTED))
            }
            None => Err(bad_call(caller, &property::UnknownFchain(request.fchain))),
        };
        let (pctb_out, return_value) = property::blob_and_status(value);
        Ok(GetCaCertOut { pctb_out, return_value, ..Default::default() })
    }

    async fn ping(&self, call: &CallContext, request: PingIn) -> Result<PingOut, Fault> {
        let caller = call::sealed_caller(call)?;
        let return_value = self.check_alive(caller, request.pwsz_authority.as_ref());
        Ok(PingOut { return_value, ..Default::default() })
    }
}

impl ICertRequestD2 for CertRequest {
    async fn request2(
        &self,
        call: &CallContext,
        request: Request2In,
    ) -> Result<Request2Out, Fault> {
        let caller = call::sealed_caller(call)?;
        let id = request.pdw_request_id;
        let retrieval = request.pctb_request.cb == 0;
        let work = self.submit_or_retrieve2(caller, request);
        Ok(match metrics::observe(call, retrieval, work).await {
            Ok(answer) => Request2Out {
                pdw_request_id: answer.id.0,
                pdw_disposition: answer.disposition,
                pctb_full_response: optional_blob(answer.chain),
                pctb_encoded_cert: optional_blob(answer.certificate),
                pctb_disposition_message: text_blob(&answer.message),
                return_value: answer.status.0,
                ..Default::default()
            },
            Err(code) => Request2Out {
                pdw_request_id: id,
                pdw_disposition: code.0,
                return_value: code.0,
                ..Default::default()
            },
        })
    }

    async fn get_ca_property(
        &self,
        call: &CallContext,
        request: GetCaPropertyIn,
    ) -> Result<GetCaPropertyOut, Fault> {
        let caller = call::sealed_caller(call)?;
        let authority = text(request.pwsz_authority.as_ref());
        let query = PropertyQuery {
            authority: Some(&authority),
            id: request.prop_id,
            index: request.prop_index,
            kind: Some(request.prop_type),
        };
        let value = status(caller, self.enrollment.property(caller, query).await);
        let value = value.and_then(|value| property::blob(value).ok_or(HResult::E_UNEXPECTED));
        let (pctb_property_value, return_value) = property::blob_and_status(value);
        Ok(GetCaPropertyOut { pctb_property_value, return_value, ..Default::default() })
    }

    async fn get_ca_property_info(
        &self,
        call: &CallContext,
        request: GetCaPropertyInfoIn,
    ) -> Result<GetCaPropertyInfoOut, Fault> {
        let caller = call::sealed_caller(call)?;
        let authority = text(request.pwsz_authority.as_ref());
        let list = status(caller, self.enrollment.properties(caller, &authority));
        let list = list.and_then(|list| property::list(list).ok_or(HResult::E_UNEXPECTED));
        let pc_property = list.as_ref().map_or(0, |(count, _)| *count);
        let (pctb_prop_info, return_value) = property::blob_and_status(list.map(|(_, blob)| blob));
        Ok(GetCaPropertyInfoOut { pc_property, pctb_prop_info, return_value, ..Default::default() })
    }

    async fn ping2(&self, call: &CallContext, request: Ping2In) -> Result<Ping2Out, Fault> {
        let caller = call::sealed_caller(call)?;
        let return_value = self.check_alive(caller, request.pwsz_authority.as_ref());
        Ok(Ping2Out { return_value, ..Default::default() })
    }
}

#[cfg(test)]
mod tests;
