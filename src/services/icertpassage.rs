//! ICertPassage: enrollment over plain RPC ([MS-ICPR]).

use std::sync::Arc;

use bytes::Bytes;
use tracing::{info, warn};

use crate::auth::{AuthLevel, BoxFuture};
use crate::enroll::{Answer, EnrollError, Enrollment, Submission};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::{
    CertServerRequestIn, CertServerRequestOut, I_CERT_PASSAGE, ICertPassage,
    dispatch_i_cert_passage,
};
use crate::model::{Caller, HResult, RequestId};
use crate::ndr::{Fault, InterfaceId, WideString};
use crate::request::decode_attributes_blob;
use crate::rpc::{CallContext, Service};

/// RequestType and Padding of dwFlags: without a request, the type must be 0 ([MS-WCCE]
/// 3.2.1.4.3.1.2).
const REQUEST_TYPE: u32 = 0x0000_FF00;

/// The interface, in front of the CA. The RPC run-time lets in what is sealed (packet privacy)
/// and nothing below, as IF_ENFORCEENCRYPTICERTREQUEST demands.
pub struct CertPassage {
    enrollment: Arc<Enrollment>,
}

impl CertPassage {
    /// The interface of this CA.
    pub fn new(enrollment: Arc<Enrollment>) -> Self {
        Self { enrollment }
    }

    /// Carries out a call of `caller`; the error is the method's return value.
    async fn request(
        &self,
        caller: &Arc<Caller>,
        request: CertServerRequestIn,
    ) -> Result<Answer, HResult> {
        let attributes = decode_attributes_blob(&bytes_of(request.pctb_attribs));
        let attributes = attributes.map_err(|error| refuse(caller, &error, error.hresult()))?;
        let authority = request.pwsz_authority.as_ref().map(WideString::to_string_lossy);
        let authority = authority.unwrap_or_default();
        let (flags, id) = (request.dw_flags, RequestId(request.pdw_request_id));
        let blob = bytes_of(request.pctb_request);
        let answer = match (blob.is_empty(), id) {
            (false, RequestId(0)) => {
                let submission = Submission { authority, flags, attributes, request: blob };
                self.enrollment.submit(caller, submission).await
            }
            (true, RequestId(1..)) if flags & REQUEST_TYPE == 0 => {
                self.enrollment.retrieve(caller, &authority, flags, id).await
            }
            _ => return Err(refuse(caller, &NeitherNewNorOld, HResult::E_INVALIDARG)),
        };
        answer.map_err(|error| match error {
            EnrollError::Store(_) => {
                warn!(caller = caller.account, %error, "a call could not be carried out");
                error.hresult()
            }
            _ => refuse(caller, &error, error.hresult()),
        })
    }
}

/// A request with an id, none without one, or a retrieval with a request type.
#[derive(Debug, thiserror::Error)]
#[error("the call is neither a new request nor the retrieval of an earlier one")]
struct NeitherNewNorOld;

/// Logs why a call is refused before anything is recorded.
fn refuse(caller: &Caller, reason: &dyn std::error::Error, code: HResult) -> HResult {
    info!(caller = caller.account, status = %code, "call refused: {reason}");
    code
}

impl ICertPassage for CertPassage {
    type Call = CallContext;

    async fn cert_server_request(
        &self,
        call: &CallContext,
        request: CertServerRequestIn,
    ) -> Result<CertServerRequestOut, Fault> {
        let sealed = call.auth.is_some_and(|(_, level)| level == AuthLevel::Privacy);
        let caller = call.caller.as_ref().filter(|_| sealed).ok_or(Fault::ACCESS_DENIED)?;
        let id = request.pdw_request_id;
        Ok(match self.request(caller, request).await {
            Ok(answer) => encode(answer),
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

fn encode(answer: Answer) -> CertServerRequestOut {
    CertServerRequestOut {
        pdw_request_id: answer.id.0,
        pdw_disposition: answer.disposition,
        pctb_cert: blob(answer.chain),
        pctb_encoded_cert: blob(answer.certificate),
        pctb_disposition_message: blob(Some(utf16(&answer.message))),
        return_value: answer.status.0,
    }
}

/// UTF-16LE with a NUL ([MS-WCCE] 2.2.2.2).
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn blob(bytes: Option<Vec<u8>>) -> CERTTRANSBLOB {
    let cb = bytes.as_ref().map_or(Ok(0), |bytes| u32::try_from(bytes.len()));
    match cb {
        Ok(cb) => CERTTRANSBLOB { cb, pb: bytes },
        // Over 4 GiB: nothing here makes such an answer, and the wire cannot carry it.
        Err(_) => CERTTRANSBLOB::default(),
    }
}

fn bytes_of(blob: CERTTRANSBLOB) -> Vec<u8> {
    blob.pb.unwrap_or_default()
}
