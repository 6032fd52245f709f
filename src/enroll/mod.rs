//! The way of an enrollment request through the CA ([MS-WCCE] 3.2.2.6.2.1): gate → parse → facts
//! → policy → certificate → durable row → answer.
//!
//! Every request that passes the gate becomes a row, whatever becomes of it, and the row is
//! durable before the answer leaves: nobody holds a certificate that the table lacks.

mod answer;
mod audit;
mod error;
mod exchange;
mod facts;
mod gate;
mod issued;
mod process;
mod property;
mod resubmission;
mod row;
mod rules;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::{Semaphore, watch};

use self::exchange::Exchange;
use self::process::{Outcome, Processed};
use crate::ca::{CertificateAuthority, Crls, LiveTrust, Trust};
use crate::directory::Directory;
use crate::model::{Caller, RequestId, RequestRow, SerialNumber};
use crate::policy;
use crate::request::Limits;
use crate::store::{Store, StoreError};

pub use answer::{Answer, CR_IN_FULLRESPONSE};
pub use error::EnrollError;
pub use issued::IssuedNews;
pub(crate) use row::of_own;

pub use property::{
    CaInfo, PROPERTIES, Property, PropertyError, PropertyId, PropertyIndex, PropertyKind,
    PropertyQuery, PropertyValue,
};
pub use resubmission::Resubmitted;
pub use row::{is_of, text_line};
pub use rules::Rules;

/// Settings of enrollment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a request may hold.
    pub limits: Limits,
    /// What applies to all templates.
    pub policy: policy::Settings,
    /// Whose certificates may sign requests for others.
    pub trust: Trust,
    /// Who may call at all, and what else administrators change.
    pub rules: watch::Receiver<Rules>,
    /// The machine that the CA runs on.
    pub host: Host,
    /// The file of the exchange certificate and its key.
    pub exchange: PathBuf,
}

/// What the CA tells of its machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// Config_FQDN: the fully qualified DNS name.
    pub dns_name: String,
    /// CA_Account_Name: the machine's account, `DOMAIN\\NAME$`.
    pub account: String,
}

/// A request as it arrives: parameters of ICertRequestD::Request or CertServerRequest.
#[derive(Clone, Debug)]
pub struct Submission {
    /// pwszAuthority: which CA is meant.
    pub authority: String,
    /// dwFlags.
    pub flags: u32,
    /// pwszAttributes.
    pub attributes: String,
    /// pctbRequest.
    pub request: Vec<u8>,
}

/// By what an earlier request is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// pdwRequestId.
    Id(RequestId),
    /// The serial number of the issued certificate.
    Serial(SerialNumber),
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => fmt::Display::fmt(id, f),
            Self::Serial(serial) => write!(f, "for the certificate {serial}"),
        }
    }
}

/// The CA behind its interfaces.
pub struct Enrollment {
    ca: Arc<CertificateAuthority>,
    directory: Arc<dyn Directory>,
    store: Arc<dyn Store>,
    /// The current CRLs, for those who ask for them with their chain.
    crls: watch::Receiver<Crls>,
    settings: Arc<Settings>,
    trust: Arc<LiveTrust>,
    clock: fn() -> SystemTime,
    exchange: Exchange,
    issued: Arc<IssuedNews>,
    /// Bounds the threads that verify and sign, so that they do not starve each other.
    workers: Semaphore,
}

impl Enrollment {
    /// Puts the parts together.
    pub fn new(
        ca: Arc<CertificateAuthority>,
        directory: Arc<dyn Directory>,
        store: Arc<dyn Store>,
        crls: watch::Receiver<Crls>,
        settings: Settings,
    ) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
        Self {
            ca,
            directory,
            store,
            crls,
            exchange: Exchange::new(settings.exchange.clone()),
            trust: Arc::new(LiveTrust::new(settings.trust.clone())),
            settings: Arc::new(settings),
            issued: Arc::default(),
            clock: SystemTime::now,
            workers: Semaphore::new(workers),
        }
    }

    /// The same with another clock, for tests of time.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> SystemTime) -> Self {
        Self { clock, ..self }
    }

    /// The same with news that are kept.
    #[must_use]
    pub fn with_news(self, issued: IssuedNews) -> Self {
        Self { issued: Arc::new(issued), ..self }
    }

    /// News of certificates that are issued, for those who act on them.
    pub fn issued(&self) -> Arc<IssuedNews> {
        Arc::clone(&self.issued)
    }

    /// Processes a new request.
    ///
    /// # Errors
    /// Where the caller may not call this CA, names another, or nothing can be recorded. A
    /// request that is refused for what it holds is no error, but an answer.
    pub async fn submit(
        &self,
        caller: &Arc<Caller>,
        submission: Submission,
    ) -> Result<Answer, EnrollError> {
        let started = Instant::now();
        gate::check(self, caller, &submission.authority)?;
        let flags = submission.flags;
        let processed = self.process(caller, submission).await;
        let (id, processed) = self.record(processed).await?;
        if matches!(processed.outcome, Outcome::Issued(_)) {
            self.issued.tell();
        }
        audit::submitted(id, &processed, started.elapsed());
        let answer = answer::of_submission(id, &processed.row, &processed.outcome);
        self.with_chain(answer, &processed.row, flags).await
    }

    /// Adds the row. One that is too large for the table is refused, and leaves a smaller row.
    async fn record(&self, processed: Processed) -> Result<(RequestId, Processed), EnrollError> {
        match self.store.add(processed.row.clone()).await {
            Err(StoreError::TooLarge { size, limit }) => {
                let refused = processed.too_large(size, limit);
                let id = self.store.add(refused.row.clone()).await?;
                Ok((id, refused))
            }
            added => Ok((added?, processed)),
        }
    }

    /// Looks up an earlier request ([MS-WCCE] 3.2.1.4.2.1.3). Others than its requester and
    /// the one who submitted it for that one learn no more than that of an id that does not exist.
    ///
    /// # Errors
    /// As [`Self::submit`], and where there is no such request of the caller.
    pub async fn retrieve(
        &self,
        caller: &Arc<Caller>,
        authority: &str,
        flags: u32,
        lookup: Lookup,
    ) -> Result<Answer, EnrollError> {
        let started = Instant::now();
        gate::check(self, caller, authority)?;
        let row = self.look_up(&lookup).await?;
        let own = row.filter(|row| row::is_of(row, caller));
        audit::retrieved(&lookup, caller, own.as_ref(), started.elapsed());
        let Some(row) = own else { return Err(EnrollError::NoSuchRequest(lookup)) };
        let answer = answer::of_row(row.id, &row.columns);
        self.with_chain(answer, &row.columns, flags).await
    }

    async fn look_up(&self, lookup: &Lookup) -> Result<Option<RequestRow>, StoreError> {
        match lookup {
            Lookup::Id(id) => self.store.by_id(*id).await,
            Lookup::Serial(serial) => self.store.by_serial(serial).await,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
