//! What a CA says about a request, and whether it can be believed.

use crate::asn1::cmc::{CmcStatus, PkiResponse};
use crate::asn1::cms::{CmsError, SignedData, SignerId};
use crate::asn1::{
    Asn1Error, Certificate, Hash, SignatureError, encode_certificates_only, oids, to_der,
    verify_signature,
};
use crate::model::HResult;

use super::identity::is_of_key;

/// Dispositions ([MS-WCCE] 3.2.1.4.2.1).
const ISSUED: u32 = 3;
const UNDER_SUBMISSION: u32 = 5;

/// Values in an answer's message at most.
const MAX_VALUES: usize = 20_000;

/// Certificates in a chain at most.
const MAX_CHAIN: usize = 16;

/// What the CA says about a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The request's id at this CA.
    pub request_id: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The CA's message for people, without control characters.
    pub message: String,
}

/// What became of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The certificate is there.
    Issued {
        /// DER of the certificate.
        certificate: Vec<u8>,
        /// DER of the PKCS#7 with the chain; may be empty.
        chain: Vec<u8>,
    },
    /// A certificate manager has to decide.
    Pending,
    /// Denied or failed, with the code; CAs are free in its choice.
    Refused(HResult),
}

/// Why an answer is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The CA issued a certificate, but sent none.
    #[error("the CA says that it issued request {0}, but sent no certificate")]
    NoCertificate(u32),
    /// The CA was asked for a CMC response, and sent none.
    #[error("the CA says that it issued request {0}, but sent no CMC response to prove it")]
    NoResponse(u32),
    /// A message or certificate cannot be read.
    #[error("what the CA sent cannot be read: {0}")]
    Encoding(#[from] Asn1Error),
    /// The response is of another type.
    #[error("what the CA sent is not a CMC response that it signed")]
    Form,
    /// The response's signature.
    #[error("the signature on the CA's response: {0}")]
    Signature(#[from] CmsError),
    /// The response says something else than the call's disposition.
    #[error("the CA's signed response says something else than its answer: {0}")]
    Contradiction(&'static str),
    /// The certificate is not signed by one that came along.
    #[error("the certificate is not signed by the CA whose certificate came along")]
    Issuer,
    /// The chain ends elsewhere.
    #[error("the certificate's chain does not lead to a certificate of --trust")]
    Untrusted,
    /// The certificate is for another key.
    #[error("the CA issued a certificate for another key than that of the request")]
    OtherKey,
}

/// The fields of a call's answer, before anything is believed.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) request_id: u32,
    pub(super) disposition: u32,
    /// pctbEncodedCert.
    pub(super) certificate: Vec<u8>,
    /// pctbCertChain or pctbFullResponse.
    pub(super) response: Vec<u8>,
    /// pctbDispositionMessage.
    pub(super) message: Vec<u8>,
}

/// What a response is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The certificate with its chain in a PKCS#7.
    Chain,
    /// A CMC full response (CR_IN_FULLRESPONSE).
    Full,
}

/// An answer of which nothing is believed yet.
pub struct Unchecked {
    pub(super) fields: Fields,
    pub(super) form: Form,
}

impl Unchecked {
    /// Whether the CA says that it issued a certificate, and it is one for this key (DER of the
    /// SubjectPublicKeyInfo). No signature is verified.
    pub fn claims_certificate_of(&self, spki: &[u8]) -> bool {
        self.fields.disposition == ISSUED && is_of_key(&self.fields.certificate, spki)
    }

    /// Verifies all that the answer says; chains are to lead to one of `trusted` (DER of
    /// certificates), where that is not empty.
    ///
    /// # Errors
    /// What cannot be believed.
    pub fn check(self, trusted: &[Vec<u8>]) -> Result<Answer, AnswerError> {
        check(self.fields, self.form, trusted)
    }
}

/// Checks an answer ([MS-WCCE] 3.1.1.4.3, 3.2.1.4.2.1.4.8.2): a full response is signed by the CA
/// and has the hash of the certificate; the certificate is signed by one of those that came along,
/// and theirs lead to one of `trusted`, where that is not empty.
fn check(fields: Fields, form: Form, trusted: &[Vec<u8>]) -> Result<Answer, AnswerError> {
    let Fields { request_id, disposition, certificate, response, message } = fields;
    let message = super::text::from_utf16(&message);
    let outcome = match disposition {
        ISSUED if certificate.is_empty() => return Err(AnswerError::NoCertificate(request_id)),
        ISSUED => {
            if response.is_empty() && (form == Form::Full || !trusted.is_empty()) {
                return Err(AnswerError::NoResponse(request_id));
            }
            let chain = match (response.is_empty(), form) {
                (true, _) => Vec::new(),
                (false, Form::Full) => check_full_response(&response, &certificate, trusted)?,
                (false, Form::Chain) => {
                    let der = to_der(&response, MAX_VALUES)?;
                    check_chain(&SignedData::parse(&der)?, &certificate, trusted)?
                }
            };
            Outcome::Issued { certificate, chain }
        }
        UNDER_SUBMISSION => {
            if form == Form::Full && !response.is_empty() {
                let der = to_der(&response, MAX_VALUES)?;
                let status = verify_full_response(&SignedData::parse(&der)?)?.status;
                if !matches!(status, CmcStatus::Pending { .. }) {
                    return Err(AnswerError::Contradiction("it is not pending"));
                }
            }
            Outcome::Pending
        }
        // Nothing is done upon a refusal that its proof could prevent.
        code => Outcome::Refused(HResult(code)),
    };
    Ok(Answer { request_id, outcome, message })
}

/// Checks the CMC full response that comes with an issued certificate ([MS-WCCE]
/// 3.2.1.4.2.1.4.8.2): it is signed by a certificate in it, says that the request is issued, and
/// has the certificate's hash; the certificate is signed by one of those in it. Returns the chain
/// as PKCS#7: the certificate first, each followed by its issuer.
///
/// # Errors
/// What is wrong, also where the chain leads to none of `trusted` (unless that is empty).
pub fn check_full_response(
    response: &[u8],
    certificate: &[u8],
    trusted: &[Vec<u8>],
) -> Result<Vec<u8>, AnswerError> {
    let der = to_der(response, MAX_VALUES)?;
    let data = SignedData::parse(&der)?;
    let response = verify_full_response(&data)?;
    if response.status != CmcStatus::Success {
        return Err(AnswerError::Contradiction("it is not issued"));
    }
    let hash = Hash::Sha1.digest(certificate);
    if response.issued_cert_hash.is_none_or(|issued| issued != hash.as_ref()) {
        return Err(AnswerError::Contradiction("the certificate is another one"));
    }
    check_chain(&data, certificate, trusted)
}

/// The chain of a certificate as PKCS#7: the certificate first, each followed by its issuer.
fn check_chain(
    data: &SignedData<'_>,
    certificate: &[u8],
    trusted: &[Vec<u8>],
) -> Result<Vec<u8>, AnswerError> {
    let chain = chain(certificate, &data.certificates)?;
    if !trusted.is_empty() && !leads_to(&chain, trusted)? {
        return Err(AnswerError::Untrusted);
    }
    Ok(encode_certificates_only(chain, data.crls.iter().copied()))
}

/// Verifies the signature of a CMC full response by a certificate in it.
fn verify_full_response(data: &SignedData<'_>) -> Result<PkiResponse, AnswerError> {
    let [signer] = data.signers.as_slice() else { return Err(AnswerError::Form) };
    let SignerId::IssuerAndSerial { issuer, serial } = signer.signer else {
        return Err(AnswerError::Form);
    };
    let content = data.content.filter(|_| data.content_type == oids::CMC_PKI_RESPONSE);
    let content = content.ok_or(AnswerError::Form)?;
    let mut signers = data.certificates.iter().map(|der| Certificate::parse(der));
    let signed_by = signers.find(|read| {
        read.as_ref().is_ok_and(|read| read.issuer == issuer && read.serial == serial)
    });
    let signed_by = signed_by.ok_or(AnswerError::Form)??;
    signer.verify(data, &signed_by.public_key.public_key()?)?;
    Ok(PkiResponse::parse(content)?)
}

/// The certificate, its issuer and so on, as far as they are among `others`. The first must be
/// there, unless the certificate is self-signed.
fn chain<'a>(certificate: &'a [u8], others: &[&'a [u8]]) -> Result<Vec<&'a [u8]>, AnswerError> {
    let mut chain = vec![certificate];
    let mut last = Certificate::parse(certificate)?;
    while last.issuer != last.subject && chain.len() < MAX_CHAIN {
        let issuers = others.iter().filter_map(|der| Certificate::parse(der).ok());
        let Some(issuer) = issuers.into_iter().find(|issuer| signed(&last, issuer).is_ok()) else {
            break;
        };
        chain.push(issuer.raw);
        last = issuer;
    }
    if chain.len() == 1 && last.issuer != last.subject {
        return Err(AnswerError::Issuer);
    }
    Ok(chain)
}

/// Whether one of the chain is among those, or the last one is signed by one of them.
fn leads_to(chain: &[&[u8]], trusted: &[Vec<u8>]) -> Result<bool, AnswerError> {
    if chain.iter().any(|der| trusted.iter().any(|anchor| anchor == der)) {
        return Ok(true);
    }
    let Some(last) = chain.last() else { return Ok(false) };
    let last = Certificate::parse(last)?;
    let mut anchors = trusted.iter().filter_map(|der| Certificate::parse(der).ok());
    Ok(anchors.any(|anchor| signed(&last, &anchor).is_ok()))
}

/// Whether a certificate is signed by another.
fn signed(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> Result<(), SignatureError> {
    if certificate.issuer != issuer.subject {
        return Err(SignatureError::Invalid);
    }
    let key = issuer.public_key.public_key()?;
    let algorithm = &certificate.signature_algorithm;
    verify_signature(&key, algorithm, certificate.tbs, certificate.signature).map(|_| ())
}

impl Answer {
    /// Checks that the certificate, where there is one, is for the key of the request.
    ///
    /// # Errors
    /// Where it is for another.
    pub fn check_key(&self, spki: &[u8]) -> Result<(), AnswerError> {
        match &self.outcome {
            Outcome::Issued { certificate, .. } if !is_of_key(certificate, spki) => {
                Err(AnswerError::OtherKey)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
