//! What the enrollment interfaces share: who may call, what a Request call means, and how
//! values go into CERTTRANSBLOBs.

use std::sync::Arc;

use tracing::{info, warn};

use crate::auth::AuthLevel;
use crate::enroll::{Answer, EnrollError, Enrollment, Lookup, Submission};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::logging::{Line, line_about};
use crate::model::{Caller, HResult, RequestId, SerialNumber};
use crate::ndr::{Fault, WideString};
use crate::rpc::CallContext;

/// RequestType of dwFlags: without a request it must be 0 ([MS-WCCE] 3.2.1.4.3.1.1).
const REQUEST_TYPE: u32 = 0x0000_FF00;

/// The caller, if the call is sealed (packet privacy), as IF_ENFORCEENCRYPTICERTREQUEST demands.
/// The RPC run-time lets in nothing below; this is the second lock.
pub(super) fn sealed_caller(call: &CallContext) -> Result<&Arc<Caller>, Fault> {
    let sealed = call.auth.is_some_and(|(_, level)| level == AuthLevel::Privacy);
    call.caller.as_ref().filter(|_| sealed).ok_or(Fault::ACCESS_DENIED)
}

/// The in parameters of Request, Request2 and CertServerRequest.
pub(super) struct RequestCall {
    /// pwszAuthority.
    pub(super) authority: String,
    /// dwFlags.
    pub(super) flags: u32,
    /// pdwRequestId.
    pub(super) id: RequestId,
    /// The serial number of a certificate, in place of an id; `None` where none was given.
    pub(super) serial: Option<SerialNumber>,
    /// pwszAttributes.
    pub(super) attributes: String,
    /// pctbRequest.
    pub(super) request: Vec<u8>,
}

/// Why a Request call is refused before anything is looked up.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadCall {
    /// A request with an id, none without one, or a retrieval with a request type.
    #[error("the call is neither a new request nor the retrieval of an earlier one")]
    NeitherNewNorOld,
    /// pwszAttributes.
    #[error("the attributes are not text")]
    Attributes,
    /// pwszSerialNumber.
    #[error("the serial number is not an even number of hex digits, one of them zero at most")]
    Serial,
}

/// Submits a request, or retrieves an earlier one. The error is the method's return value.
pub(super) async fn request(
    enrollment: &Enrollment,
    caller: &Arc<Caller>,
    call: RequestCall,
) -> Result<Answer, HResult> {
    let RequestCall { authority, flags, id, serial, attributes, request } = call;
    let retrieval = request.is_empty() && flags & REQUEST_TYPE == 0;
    let lookup = match (id, serial) {
        (RequestId(0), None) if !request.is_empty() => {
            let submission = Submission { authority, flags, attributes, request };
            let answer = enrollment.submit(caller, submission).await;
            return answer.map_err(|error| refused(caller, &error));
        }
        (RequestId(1..), None) if retrieval => Lookup::Id(id),
        (RequestId(0), Some(serial)) if retrieval => Lookup::Serial(serial),
        _ => return Err(bad_call(caller, &BadCall::NeitherNewNorOld)),
    };
    let answer = enrollment.retrieve(caller, &authority, flags, lookup).await;
    answer.map_err(|error| refused(caller, &error))
}

/// The return value of a call that got no answer; the log says why.
pub(super) fn refused(caller: &Caller, error: &EnrollError) -> HResult {
    let status = error.hresult();
    if error.is_internal() {
        warn!(caller = caller.account, %status, %error, "a call could not be carried out");
    } else if let Some(Line { unsaid }) = line_about(&caller.account) {
        info!(caller = caller.account, %status, unsaid, "call refused: {error}");
    }
    status
}

/// The return value of a call whose arguments make no sense.
pub(super) fn bad_call(caller: &Caller, reason: &dyn std::error::Error) -> HResult {
    let status = HResult::E_INVALIDARG;
    if let Some(Line { unsaid }) = line_about(&caller.account) {
        info!(caller = caller.account, %status, unsaid, "call refused: {reason}");
    }
    status
}

/// The text of a string parameter; none where the pointer is NULL. What is not text becomes
/// U+FFFD, which no name of a CA has.
pub(super) fn text(parameter: Option<&WideString>) -> String {
    parameter.map(WideString::to_string_lossy).unwrap_or_default()
}

/// UTF-16LE with a NUL ([MS-WCCE] 2.2.2.2.1).
pub(super) fn text_blob(text: &str) -> CERTTRANSBLOB {
    blob(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect())
}

/// The text of UTF-16LE with or without a NUL; `None` where it is none.
pub(super) fn wide_text(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// These bytes; NULL where there are none.
pub(super) fn blob(bytes: Vec<u8>) -> CERTTRANSBLOB {
    match u32::try_from(bytes.len()) {
        // Over 4 GiB: nothing here makes such an answer, and the wire cannot carry it.
        Ok(0) | Err(_) => CERTTRANSBLOB::default(),
        Ok(cb) => CERTTRANSBLOB { cb, pb: Some(bytes) },
    }
}

/// These bytes; NULL where there is nothing.
pub(super) fn optional_blob(bytes: Option<Vec<u8>>) -> CERTTRANSBLOB {
    bytes.map(blob).unwrap_or_default()
}

pub(super) fn bytes_of(blob: CERTTRANSBLOB) -> Vec<u8> {
    blob.pb.unwrap_or_default()
}
