//! What was last read, and when: shared by the task that reads and the requests that use it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::forest::Forest;
use crate::directory::{DirectoryError, Freshness};
use crate::model::{Authorities, TemplateTable};

/// A time that ages even while the machine sleeps, and does not get younger when its clock is
/// set back.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadAt {
    instant: Instant,
    system: SystemTime,
}

impl ReadAt {
    pub(super) fn now() -> Self {
        Self { instant: Instant::now(), system: SystemTime::now() }
    }

    pub(super) fn instant(self) -> Instant {
        self.instant
    }

    pub(super) fn age(self) -> Duration {
        self.instant.elapsed().max(self.system.elapsed().unwrap_or_default())
    }
}

/// The template table, as it was read.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) table: Arc<TemplateTable>,
    pub(super) authorities: Arc<Authorities>,
    pub(super) forest: Arc<Forest>,
    pub(super) read_at: ReadAt,
    /// Goes up with each change.
    pub(super) version: u64,
}

/// The newest snapshot, and what keeps a newer one from coming.
pub(super) struct State {
    newest: watch::Sender<Option<Arc<Snapshot>>>,
    problem: Mutex<Option<String>>,
    max_age: Duration,
}

impl State {
    pub(super) fn new(max_age: Duration) -> Self {
        Self { newest: watch::Sender::new(None), problem: Mutex::default(), max_age }
    }

    pub(super) fn publish(&self, snapshot: Snapshot) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.newest.send_replace(Some(Arc::new(snapshot)));
    }

    pub(super) fn fail(&self, problem: String) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    /// Follows what is published.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.newest.subscribe()
    }

    /// The newest snapshot, whatever its age.
    pub(super) fn newest(&self) -> Option<Arc<Snapshot>> {
        self.newest.borrow().clone()
    }

    pub(super) fn unavailable(&self) -> DirectoryError {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        DirectoryError::Unavailable {
            problem: problem.unwrap_or_else(|| "nothing has been read yet".to_owned()),
        }
    }

    pub(super) fn freshness(&self) -> Option<Freshness> {
        let newest = self.newest()?;
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, age) = (newest.version, newest.read_at.age());
        Some(Freshness { version, age, answers: problem.is_none() })
    }

    /// The forest.
    pub(super) fn forest(&self) -> Result<Arc<Forest>, DirectoryError> {
        self.newest().map(|newest| Arc::clone(&newest.forest)).ok_or_else(|| self.unavailable())
    }

    /// The template table, if it is young enough to issue on.
    pub(super) fn table(&self) -> Result<Arc<TemplateTable>, DirectoryError> {
        self.young().map(|newest| Arc::clone(&newest.table))
    }

    /// The forest's CAs, if what is known of them is young enough.
    pub(super) fn authorities(&self) -> Result<Arc<Authorities>, DirectoryError> {
        self.young().map(|newest| Arc::clone(&newest.authorities))
    }

    fn young(&self) -> Result<Arc<Snapshot>, DirectoryError> {
        let newest = self.newest().ok_or_else(|| self.unavailable())?;
        let age = newest.read_at.age();
        if age > self.max_age {
            return Err(DirectoryError::Stale { age, limit: self.max_age });
        }
        Ok(newest)
    }
}
