//! Publication of CRLs, on schedule and on demand ([MS-CSRA] 3.1.4.1.6, 3.1.4.2.1).

use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, Notify, watch};
use tokio::task::{JoinError, spawn_blocking};
use tracing::{error, info, warn};

use super::{AdminError, Deleted};
use crate::ca::{
    CertificateAuthority, CrlConfig, CrlError, CrlHistory, CrlKind, CrlPublisher, CrlRow, Crls,
    Run, Written, write_history,
};
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
    /// Tells that other settings count.
    configured: Notify,
    /// The CRL table.
    history: std::sync::Mutex<CrlHistory>,
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
        let mut crls = publisher.current(&ca)?;
        let mut history = CrlHistory::load(publisher.history_path()).map_err(CrlError::File)?;
        let (by, to_directory, now) = (None, publisher.goes_to_directory(), SystemTime::now());
        let run = Run { base: None, delta: None, by, to_directory, now };
        history.complete(&crls, ca.generation().key, run);
        crls.history = history.rows();
        let (current, _) = watch::channel(crls);
        let service = Self {
            publisher: Arc::new(publisher),
            ca,
            store,
            current,
            run: Mutex::new(()),
            configured: Notify::new(),
            history: history.into(),
        };
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
                () = self.configured.notified() => {}
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

    /// The settings of CRLs, as they count now.
    pub fn config(&self) -> CrlConfig {
        self.publisher.config()
    }

    /// Has other settings count for CRLs from the next one on.
    pub fn configure(&self, config: CrlConfig) {
        self.publisher.configure(config);
        self.configured.notify_one();
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
        self.publish_for(kind, None, None).await
    }

    /// The same for somebody who asks for it, with the nextUpdate that they want.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_for(
        &self,
        kind: CrlKind,
        by: Option<&str>,
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
        let mut crls = spawn_blocking(move || publisher.publish(&ca, draft)).await??;
        for (crl, entries, name) in [(&crls.base, base, "base"), (&crls.delta, delta, "delta")] {
            if let (Some(crl), Some(entries)) = (crl, entries) {
                info!(number = crl.number, entries, events = "4872", "{name} CRL published");
            }
        }
        let count = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
        let (base, delta) = (base.map(count), delta.map(count));
        let (to_directory, now) = (self.publisher.goes_to_directory(), SystemTime::now());
        let run = Run { base, delta, by, to_directory, now };
        let key = self.ca.generation().key;
        let add = |history: &mut CrlHistory| {
            history.add(&crls, key, run);
            true
        };
        if let Some(rows) = self.keep(add).await {
            crls.history = rows;
        }
        self.current.send_replace(crls.clone());
        Ok(crls)
    }

    /// Changes the CRL table, and writes it if the change says so; its rows then.
    async fn keep(&self, change: impl FnOnce(&mut CrlHistory) -> bool) -> Option<Arc<Vec<CrlRow>>> {
        let (rows, content) = {
            let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
            if !change(&mut history) {
                return None;
            }
            (history.rows(), history.content())
        };
        // The CRLs themselves are published: that their table is not is no reason to fail.
        match spawn_blocking(move || write_history(&content)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the table of CRLs cannot be written"),
            Err(error) => warn!(%error, "the table of CRLs cannot be written"),
        }
        Some(rows)
    }

    /// Notes what became of the CRLs in use in the directory. Those who watch for CRLs are not told:
    /// there is none to fetch.
    pub async fn note(&self, written: &Written) {
        let _run = self.run.lock().await;
        let (crls, key) = (self.current.borrow().clone(), self.ca.generation().key);
        let now = SystemTime::now();
        self.set_rows(self.keep(|history| history.note(&crls, key, written, now)).await);
    }

    /// Takes rows of the CRL table away, but for those of CRLs that are in use.
    ///
    /// # Errors
    /// Where all that match are in use.
    pub async fn forget(&self, goes: impl Fn(&CrlRow) -> bool) -> Result<Deleted, AdminError> {
        let _run = self.run.lock().await;
        let (crls, key) = (self.current.borrow().clone(), self.ca.generation().key);
        let (mut gone, mut kept) = (0, 0);
        let forget = |history: &mut CrlHistory| {
            (gone, kept) = history.forget(&crls, key, goes);
            gone > 0
        };
        self.set_rows(self.keep(forget).await);
        if gone == 0 && kept > 0 {
            return Err(AdminError::Needed("the CRL is in use"));
        }
        Ok(Deleted { count: u32::try_from(gone).unwrap_or(u32::MAX), more: false })
    }

    /// Has others see the rows, where there are other ones.
    fn set_rows(&self, rows: Option<Arc<Vec<CrlRow>>>) {
        let Some(rows) = rows else { return };
        self.current.send_if_modified(|crls| {
            crls.history = rows;
            false
        });
    }
}
