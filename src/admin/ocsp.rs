//! The OCSP responder (RFC 6960): says what the Request table says at that moment, signed by a
//! key of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{JoinError, spawn_blocking};
use tracing::{info, warn};

use crate::asn1::ocsp::{CertId, CertStatus, OcspFailure, OcspRequest, SingleResponse};
use crate::asn1::{Asn1Error, Certificate, oids};
use crate::ca::{CertificateAuthority, IssueError, OCSP_TEMPLATE, OcspError, OcspSigner};
use crate::enroll::of_own;
use crate::model::{Disposition, Extension, SerialNumber, TemplateFlags};
use crate::store::{Store, StoreError};

/// What is said of certificates that the Request table does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unissued {
    /// That they are not known: the key may have signed before this table was begun, or the table
    /// may come from a backup that lacks its last rows. Clients then look at the CRL.
    #[default]
    Unknown,
    /// That they are revoked (RFC 6960 2.2, extended revoke): whoever got at the key and signs
    /// beside the table gains nothing. For a CA whose table holds all that its key ever signed.
    Revoked,
}

/// Settings of the responder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OcspSettings {
    /// How long an answer is good for.
    pub validity: Duration,
    /// What is said of certificates that the Request table does not hold.
    pub unissued: Unissued,
}

/// An answer to a request, good or bad.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OcspAnswer {
    /// DER of the OCSPResponse.
    pub der: Vec<u8>,
    /// Until when others who ask the same may be given it; `None` is not at all.
    pub shared_until: Option<SystemTime>,
}

impl OcspAnswer {
    /// Whether it says anything of certificates.
    pub fn is_signed(&self) -> bool {
        self.der.len() > UNSIGNED
    }
}

/// How long an answer is that says only that there is none, in bytes.
const UNSIGNED: usize = 5;

impl From<OcspFailure> for OcspAnswer {
    fn from(failure: OcspFailure) -> Self {
        Self { der: failure.encode(), shared_until: None }
    }
}

/// Answers OCSP requests.
pub struct OcspResponder {
    ca: Arc<CertificateAuthority>,
    store: Arc<dyn Store>,
    /// The CA's own account, `DOMAIN\NAME$`: who requests the signer's certificate.
    account: String,
    settings: OcspSettings,
    clock: fn() -> SystemTime,
    /// One for each key of the CA's, by its number: who signs for a CA has its certificate from the
    /// key that issued what is asked about (RFC 6960 4.2.2.2).
    signers: Mutex<BTreeMap<u16, Arc<OcspSigner>>>,
    /// Bounds the answers that are worked on: everybody may ask.
    places: Semaphore,
}

/// Why a request could not be answered.
#[derive(Debug, thiserror::Error)]
enum ResponderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the certificate of the OCSP responder: {0}")]
    Issue(#[from] IssueError),
    #[error(transparent)]
    Sign(#[from] OcspError),
    #[error("the CA certificate: {0}")]
    Ca(#[from] Asn1Error),
    #[error("a thread failed")]
    Thread(#[from] JoinError),
}

/// Answers that are worked on at a time.
const PLACES: usize = 64;

impl OcspResponder {
    /// A responder for the certificates of this CA.
    pub fn new(
        ca: Arc<CertificateAuthority>,
        store: Arc<dyn Store>,
        account: String,
        settings: OcspSettings,
    ) -> Self {
        let (signers, places) = (Mutex::default(), Semaphore::new(PLACES));
        Self { ca, store, account, settings, clock: SystemTime::now, signers, places }
    }

    /// The same with another clock, for tests of time.
    #[cfg(test)]
    fn with_clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock, ..self }
    }

    /// Answers the request that fills `request`.
    pub async fn answer(&self, request: &[u8]) -> OcspAnswer {
        let Ok(request) = OcspRequest::parse(request) else {
            return OcspFailure::MalformedRequest.into();
        };
        let Ok(_place) = self.places.try_acquire() else {
            return OcspFailure::TryLater.into();
        };
        match self.respond(&request).await {
            Ok(Some(answer)) => answer,
            Ok(None) => OcspFailure::Unauthorized.into(),
            Err(error) => {
                warn!(%error, "an OCSP request could not be answered");
                match error {
                    ResponderError::Issue(_) | ResponderError::Store(_) => OcspFailure::TryLater,
                    _ => OcspFailure::InternalError,
                }
                .into()
            }
        }
    }

    /// `None` where it asks about certificates of other CAs alone.
    async fn respond(
        &self,
        request: &OcspRequest<'_>,
    ) -> Result<Option<OcspAnswer>, ResponderError> {
        let Some(ca) = self.asked(request)? else { return Ok(None) };
        let issuer = Certificate::parse(&ca.certificate().der)?;
        let is_ours = |id: &CertId<'_>| id.is_of(issuer.subject, issuer.public_key.key);
        let key = ca.generation().key;
        let now = (self.clock)();
        let signer = self.signer(ca, now).await?;
        let latest = now.checked_add(self.settings.validity).unwrap_or(now);
        let latest = latest.min(signer.not_after());
        let (mut answers, mut unissued) = (Vec::new(), false);
        for id in &request.certificates {
            let mut next_update = latest;
            let status = match is_ours(id) {
                true => self.status(key, id.serial, now, &mut next_update).await?,
                false => Some(CertStatus::Unknown),
            };
            unissued |= status.is_none();
            let status = status.unwrap_or_else(|| self.of_unissued());
            let certificate = id.raw;
            answers.push(SingleResponse { certificate, status, this_update: now, next_update });
        }
        let mut extensions: Vec<Extension> = request.nonce.iter().cloned().collect();
        if unissued && self.settings.unissued == Unissued::Revoked {
            extensions.push(extended_revoke());
        }
        let der = signer.respond(now, &answers, &extensions)?;
        let first = answers.iter().map(|answer| answer.next_update).min();
        let shared_until = first.filter(|_| request.nonce.is_none());
        Ok(Some(OcspAnswer { der, shared_until }))
    }

    /// The CA with the key that the first certificate asked about is of, among those that it has.
    fn asked(&self, request: &OcspRequest<'_>) -> Result<Option<&CertificateAuthority>, Asn1Error> {
        for ca in self.ca.keys() {
            let issuer = Certificate::parse(&ca.certificate().der)?;
            let (name, key) = (issuer.subject, issuer.public_key.key);
            if request.certificates.iter().any(|id| id.is_of(name, key)) {
                return Ok(Some(ca));
            }
        }
        Ok(None)
    }

    /// What the Request table says of a serial number of this key; `None` where it holds none. An answer ends
    /// when a revocation begins that is ordered for later.
    async fn status(
        &self,
        key: u16,
        serial: &[u8],
        now: SystemTime,
        next_update: &mut SystemTime,
    ) -> Result<Option<CertStatus>, StoreError> {
        let serial = SerialNumber(serial.to_vec());
        let Some(row) = self.store.by_serial(&serial).await? else { return Ok(None) };
        let ours = matches!(
            row.columns.disposition,
            Disposition::Issued | Disposition::Revoked | Disposition::CaCertificate
        );
        let by_key = row.columns.certificate.as_ref().map(|columns| columns.issuer_name_id >> 16);
        if !ours || by_key != Some(key.into()) {
            return Ok(None);
        }
        Ok(Some(match row.revocation() {
            Some(revocation) if revocation.is_in_force(now) => {
                let (since, reason) = (revocation.effective_when, revocation.reason_code());
                CertStatus::Revoked { since, reason }
            }
            Some(revocation) if revocation.effective_when > now => {
                *next_update = (*next_update).min(revocation.effective_when);
                CertStatus::Good
            }
            _ => CertStatus::Good,
        }))
    }

    /// What RFC 6960 2.2 prescribes for certificates that were never issued.
    fn of_unissued(&self) -> CertStatus {
        const CERTIFICATE_HOLD: u8 = 6;
        match self.settings.unissued {
            Unissued::Unknown => CertStatus::Unknown,
            Unissued::Revoked => CertStatus::Revoked {
                since: SystemTime::UNIX_EPOCH,
                reason: Some(CERTIFICATE_HOLD),
            },
        }
    }

    /// The current signer: made when somebody first asks, and again before its end.
    async fn signer(
        &self,
        ca: &CertificateAuthority,
        now: SystemTime,
    ) -> Result<Arc<OcspSigner>, ResponderError> {
        let mut signers = self.signers.lock().await;
        let key = ca.generation().key;
        let known = signers.get(&key).cloned();
        if let Some(known) = known.clone().filter(|known| !known.is_due(now)) {
            return Ok(known);
        }
        match (self.renew(ca, now).await, known) {
            (Ok(new), _) => {
                let new = Arc::new(new);
                signers.insert(key, Arc::clone(&new));
                Ok(new)
            }
            (Err(error), Some(known)) if now < known.not_after() => {
                warn!(%error, "the OCSP responder cannot renew its certificate");
                Ok(known)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The row is durable before the certificate is shown to anybody.
    async fn renew(
        &self,
        ca: &CertificateAuthority,
        now: SystemTime,
    ) -> Result<OcspSigner, ResponderError> {
        self.ca.check_clock(now, self.store.last_issued().await?)?;
        let ca = ca.clone();
        let signer = spawn_blocking(move || ca.issue_ocsp_signer(now)).await??;
        let columns = signer.certificate().clone().into_columns(TemplateFlags::default());
        let serial = columns.serial_number.to_string();
        let row = of_own(&self.account, OCSP_TEMPLATE, columns, now);
        let id = self.store.add(row).await?;
        info!(
            request_id = id.0,
            serial,
            events = "4887",
            "certificate of the OCSP responder issued"
        );
        Ok(signer)
    }
}

fn extended_revoke() -> Extension {
    Extension { oid: oids::OCSP_EXTENDED_REVOKE, critical: false, value: vec![0x05, 0x00] }
}

#[cfg(test)]
mod tests;
