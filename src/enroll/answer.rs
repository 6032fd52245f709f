//! What the client gets: the out parameters of ICertRequestD2::Request2 and its relatives.

use std::sync::Arc;

use super::process::{Failure, Outcome};
use super::{EnrollError, Enrollment};
use crate::asn1::cmc::{CmcStatus, PkiResponse};
use crate::model::{Disposition, HResult, NewRow, RequestId};

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
    /// Request.Disposition of the row: it tells what was denied from what failed.
    pub recorded: Disposition,
    /// pctbDispositionMessage.
    pub message: String,
    /// pctbEncodedCert: DER of the certificate.
    pub certificate: Option<Vec<u8>>,
    /// pctbCertChain or pctbFullResponse: PKCS#7 with the certificate and its chain, or a CMC
    /// full response where the flags ask for one.
    pub chain: Option<Vec<u8>>,
}

/// CR_IN_FULLRESPONSE of dwFlags (Y): a CMC full response is wanted ([MS-WCCE] 3.2.1.4.3.1.1).
pub const CR_IN_FULLRESPONSE: u32 = 0x0004_0000;

/// CR_IN_CRLS of dwFlags (X): the CRL comes with the chain.
const CR_IN_CRLS: u32 = 0x0008_0000;

/// The answer to a new request.
pub(super) fn of_submission(id: RequestId, row: &NewRow, outcome: &Outcome) -> Answer {
    let disposition = match outcome {
        Outcome::Issued(_) => disposition::ISSUED,
        Outcome::Pending(_) => disposition::UNDER_SUBMISSION,
        Outcome::Denied(_) | Outcome::Failed(_) => outcome.status().0,
    };
    of(id, row, HResult::S_OK, disposition)
}

/// The answer to a retrieval ([MS-WCCE] 3.2.1.4.2.1.3).
pub(super) fn of_row(id: RequestId, row: &NewRow) -> Answer {
    let (status, disposition) = match row.disposition {
        Disposition::Foreign => (HResult::S_OK, disposition::FOREIGN),
        Disposition::Issued | Disposition::CaCertificate => (HResult::S_OK, disposition::ISSUED),
        Disposition::Revoked => (HResult::S_OK, disposition::REVOKED),
        Disposition::Pending => (HResult::S_OK, disposition::UNDER_SUBMISSION),
        Disposition::Denied => (HResult::CERTSRV_E_ADMIN_DENIED_REQUEST, disposition::DENIED),
        Disposition::Failed => (HResult::S_OK, row.status_code),
    };
    of(id, row, status, disposition)
}

fn of(id: RequestId, row: &NewRow, status: HResult, disposition: u32) -> Answer {
    let message = row.disposition_message.clone();
    let certificate = row.certificate.as_ref().map(|certificate| certificate.raw.clone());
    let recorded = row.disposition;
    Answer { status, id, disposition, recorded, message, certificate, chain: None }
}

impl Enrollment {
    /// Adds the chain of the certificate, where there is one, or the full response.
    pub(super) async fn with_chain(
        &self,
        answer: Answer,
        row: &NewRow,
        flags: u32,
    ) -> Result<Answer, EnrollError> {
        let wanted = flags & CR_IN_CRLS != 0 && answer.certificate.is_some();
        let crl = self.crl().filter(|_| wanted);
        let chain = if flags & CR_IN_FULLRESPONSE != 0 {
            Some(self.full_response(&answer, row, crl).await?)
        } else {
            let certificate = answer.certificate.as_deref();
            certificate.map(|der| self.ca.chain_with(der, crl.as_deref()))
        };
        Ok(Answer { chain, ..answer })
    }

    async fn full_response(
        &self,
        answer: &Answer,
        row: &NewRow,
        crl: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, Failure> {
        let status = match row.disposition {
            Disposition::Issued
            | Disposition::CaCertificate
            | Disposition::Revoked
            | Disposition::Foreign => CmcStatus::Success,
            Disposition::Denied | Disposition::Failed => CmcStatus::Failed,
            Disposition::Pending => CmcStatus::Pending {
                token: answer.id.0.to_le_bytes().to_vec(),
                received: row.submitted_when,
            },
        };
        let response = PkiResponse {
            status,
            text: answer.message.clone(),
            issued_cert_hash: row.certificate.as_ref().map(|columns| columns.certificate_hash),
        };
        let (ca, certificate) = (Arc::clone(&self.ca), answer.certificate.clone());
        self.work(self.signing(), move || {
            Ok(ca.full_response(&response, certificate.as_deref(), crl.as_deref())?)
        })
        .await
    }
}
