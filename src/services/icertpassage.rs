//! ICertPassage: enrollment over plain RPC ([MS-ICPR]).

use std::sync::Arc;

use bytes::Bytes;

use super::call::{self, RequestCall, bad_call, bytes_of, optional_blob, text, text_blob};
use crate::auth::BoxFuture;
use crate::enroll::{Answer, CR_IN_FULLRESPONSE, Enrollment};
use crate::generated::icertpassage::{
    CertServerRequestIn, CertServerRequestOut, I_CERT_PASSAGE, ICertPassage,
    dispatch_i_cert_passage,
};
use crate::metrics;
use crate::model::{Caller, HResult, RequestId};
use crate::ndr::{Fault, InterfaceId};
use crate::request::decode_attributes_blob;
use crate::rpc::{CallContext, Service};

/// The interface, in front of the CA.
pub struct CertPassage {
    enrollment: Arc<Enrollment>,
}

impl CertPassage {
    /// The interface of this CA.
    pub fn new(enrollment: Arc<Enrollment>) -> Self {
        Self { enrollment }
    }

    async fn request(
        &self,
        caller: &Arc<Caller>,
        request: CertServerRequestIn,
    ) -> Result<Answer, HResult> {
        let attributes = decode_attributes_blob(&bytes_of(request.pctb_attribs));
        let attributes = attributes.map_err(|error| bad_call(caller, &error))?;
        let call = RequestCall {
            authority: text(request.pwsz_authority.as_ref()),
            // Full responses are for Request2.
            flags: request.dw_flags & !CR_IN_FULLRESPONSE,
            id: RequestId(request.pdw_request_id),
            serial: None,
            attributes,
            request: bytes_of(request.pctb_request),
        };
        call::request(&self.enrollment, caller, call).await
    }
}

impl ICertPassage for CertPassage {
    type Call = CallContext;

    async fn cert_server_request(
        &self,
        call: &CallContext,
        request: CertServerRequestIn,
    ) -> Result<CertServerRequestOut, Fault> {
        let caller = call::sealed_caller(call)?;
        let id = request.pdw_request_id;
        let retrieval = request.pctb_request.cb == 0;
        Ok(match metrics::observe(call, retrieval, self.request(caller, request)).await {
            Ok(answer) => CertServerRequestOut {
                pdw_request_id: answer.id.0,
                pdw_disposition: answer.disposition,
                pctb_cert: optional_blob(answer.chain),
                pctb_encoded_cert: optional_blob(answer.certificate),
                pctb_disposition_message: text_blob(&answer.message),
                return_value: answer.status.0,
            },
            Err(code) => CertServerRequestOut {
                pdw_request_id: id,
                pdw_disposition: code.0,
                return_value: code.0,
                ..Default::default()
            },
        })
    }
}

impl Service for CertPassage {
    fn interface(&self) -> InterfaceId {
        I_CERT_PASSAGE
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(
            async move { dispatch_i_cert_passage(self, &call, opnum, call.encoding, &stub).await },
        )
    }
}
