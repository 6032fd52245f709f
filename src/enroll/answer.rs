//! What the client gets: the out parameters of ICertRequestD::Request and CertServerRequest.

use super::Enrollment;
use super::process::{Outcome, Processed};
use crate::model::{Disposition, HResult, RequestId, RequestRow};

/// CR_DISP values of pdwDisposition ([MS-WCCE] 3.2.1.4.2.1); others are error codes.
mod disposition {
    pub const FOREIGN: u32 = 0;
    pub const DENIED: u32 = 2;
    pub const ISSUED: u32 = 3;
    pub const UNDER_SUBMISSION: u32 = 5;
    pub const REVOKED: u32 = 6;
}

/// The answer to a request or a retrieval.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The method's return value.
    pub status: HResult,
    /// pdwRequestId.
    pub id: RequestId,
    /// pdwDisposition: a denial or failure is its error code, as Windows answers.
    pub disposition: u32,
    /// pctbDispositionMessage.
    pub message: String,
    /// pctbEncodedCert: DER of the certificate.
    pub certificate: Option<Vec<u8>>,
    /// pctbCertChain: PKCS#7 with the certificate and its chain.
    pub chain: Option<Vec<u8>>,
}

/// CR_IN_CRLS of dwFlags: the CRL comes with the chain ([MS-WCCE] 3.2.1.4.3.1.1).
const CR_IN_CRLS: u32 = 0x0008_0000;

/// The answer to a new request.
pub(super) fn of_submission(id: RequestId, processed: Processed) -> Answer {
    let message = processed.outcome.message();
    let code = processed.outcome.status().0;
    let (disposition, certificate) = match processed.outcome {
        Outcome::Issued(certificate) => (disposition::ISSUED, Some(certificate.raw)),
        Outcome::Pending(_) => (disposition::UNDER_SUBMISSION, None),
        Outcome::Denied(_) | Outcome::Failed(_) => (code, None),
    };
    Answer { status: HResult::S_OK, id, disposition, message, certificate, chain: None }
}

/// The answer to a retrieval ([MS-WCCE] 3.2.1.4.2.1.3).
pub(super) fn of_row(row: RequestRow) -> Answer {
    let columns = row.columns;
    let (status, disposition) = match columns.disposition {
        Disposition::Foreign => (HResult::S_OK, disposition::FOREIGN),
        Disposition::Issued | Disposition::CaCertificate => (HResult::S_OK, disposition::ISSUED),
        Disposition::Revoked => (HResult::S_OK, disposition::REVOKED),
        Disposition::Pending => (HResult::S_OK, disposition::UNDER_SUBMISSION),
        Disposition::Denied => (HResult::CERTSRV_E_ADMIN_DENIED_REQUEST, disposition::DENIED),
        Disposition::Failed => (HResult::S_OK, columns.status_code),
    };
    Answer {
        status,
        id: row.id,
        disposition,
        message: columns.disposition_message,
        certificate: columns.certificate.map(|certificate| certificate.raw),
        chain: None,
    }
}

impl Answer {
    /// Adds the chain of the certificate, where there is one.
    pub(super) fn with_chain(self, enrollment: &Enrollment, flags: u32) -> Self {
        let crl = enrollment.crl.borrow();
        let crls = crl.iter().filter(|_| flags & CR_IN_CRLS != 0).map(|crl| &*crl.der);
        let chain = self.certificate.as_deref().map(|der| enrollment.ca.chain_with(der, crls));
        Self { chain, ..self }
    }
}
