//! Publication of CRLs, on schedule and on demand ([MS-CSRA] 3.1.4.1.6, 3.1.4.2.1).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, watch};
use tokio::task::{JoinError, spawn_blocking};
use tracing::{error, info};

use crate::ca::{CertificateAuthority, CrlConfig, CrlError, CrlKind, CrlPublisher, Crls};
use crate::store::{Store, StoreError, for_each_revocation};

/// How often the clock is looked at: it may be set, and machines sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// How soon a failed publication is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// Makes CRLs of what the Request table says, one run at a time, and tells whoever watches.
pub struct CrlService {
    publisher: Arc<CrlPublisher>,
    ca: Arc<CertificateAuthority>,
    store: Arc<dyn Store>,
    current: watch::Sender<Crls>,
    /// Held during a run.
    run: Mutex<()>,
}

/// Why no CRL was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It cannot be made or written.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// The Request table cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that signed it failed.
    #[error("a thread failed")]
    Thread(#[from] JoinError),
}

impl CrlService {
    /// Takes the current CRLs, and makes what is due.
    ///
    /// # Errors
    /// Where they cannot be read, signed or written.
    pub async fn start(
        publisher: CrlPublisher,
        ca: Arc<CertificateAuthority>,
        store: Arc<dyn Store>,
    ) -> Result<Self, PublishError> {
        let (current, _) = watch::channel(publisher.current(&ca)?);
        let run = Mutex::new(());
        let service = Self { publisher: Arc::new(publisher), ca, store, current, run };
        if let Some(kind) = service.due() {
            service.publish(kind).await?;
        }
        Ok(service)
    }

    /// The CRLs as they are published.
    pub fn watch(&self) -> watch::Receiver<Crls> {
        self.current.subscribe()
    }

    /// Makes what is due until `stop` turns true.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut failed = false;
        loop {
            let sleep = if failed { RETRY } else { self.time_left() };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(sleep) => {}
            }
            if let Some(kind) = self.due() {
                let published = self.publish(kind).await;
                failed = published.is_err();
                if let Err(error) = published {
                    error!(%error, "the CRL cannot be published; trying again in a minute");
                }
            }
        }
    }

    /// The settings of CRLs.
    pub fn config(&self) -> &CrlConfig {
        self.publisher.config()
    }

    /// Whether the CA makes delta CRLs.
    pub fn makes_deltas(&self) -> bool {
        self.publisher.makes_deltas()
    }

    /// Tells whoever watches of the CRLs that there are once more, so that they are brought again to
    /// where clients look for them.
    pub fn republish(&self) {
        self.current.send_modify(|_| {});
    }

    fn due(&self) -> Option<CrlKind> {
        self.publisher.due(&self.current.borrow(), SystemTime::now())
    }

    fn time_left(&self) -> Duration {
        let crls = self.current.borrow();
        let next = [&crls.base, &crls.delta].into_iter().flatten().map(|crl| crl.next_publish);
        let left = next.min().and_then(|due| due.duration_since(SystemTime::now()).ok());
        left.unwrap_or_default().min(LONGEST_SLEEP)
    }

    /// Makes a CRL of what is revoked now. Enrollment goes on meanwhile: the table is read a page
    /// at a time.
    ///
    /// # Errors
    /// Where it cannot be made; the current CRLs then stay in use.
    pub async fn publish(&self, kind: CrlKind) -> Result<Crls, PublishError> {
        self.publish_until(kind, None).await
    }

    /// The same, with the nextUpdate that somebody asks for.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_until(
        &self,
        kind: CrlKind,
        next_update: Option<SystemTime>,
    ) -> Result<Crls, PublishError> {
        let _run = self.run.lock().await;
        let current = self.current.borrow().clone();
        let mut draft = self.publisher.begin(current, kind, SystemTime::now())?;
        if let Some(next_update) = next_update {
            draft = draft.valid_until(next_update);
        }
        let mut wrong = None;
        let add = |revocation| {
            if let Err(error) = draft.add(&revocation) {
                wrong.get_or_insert(error);
            }
        };
        for_each_revocation(&*self.store, add).await?;
        if let Some(error) = wrong {
            return Err(CrlError::Encoding(error).into());
        }
        let (base, delta) = draft.counts();
        let (publisher, ca) = (Arc::clone(&self.publisher), Arc::clone(&self.ca));
        let crls = spawn_blocking(move || publisher.publish(&ca, draft)).await??;
        for (crl, entries, name) in [(&crls.base, base, "base"), (&crls.delta, delta, "delta")] {
            if let (Some(crl), Some(entries)) = (crl, entries) {
                info!(number = crl.number, entries, events = "4872", "{name} CRL published");
            }
        }
        self.current.send_replace(crls.clone());
        Ok(crls)
    }
}
