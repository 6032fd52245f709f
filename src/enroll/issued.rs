//! Tells of certificates that were issued, to those who act on them beside enrollment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::files::{FileError, read_if_there, write_atomically};
use crate::model::RequestId;

/// Late ones that are remembered for somebody who asks: where nobody does, there are no more.
const MAX_LATE: usize = 4096;

/// News of issued certificates, whose rows are durable. One listener at a time.
#[derive(Default)]
pub struct IssuedNews {
    notify: Notify,
    late: Mutex<Vec<RequestId>>,
    /// Where somebody acts on late ones, a file remembers them until that is done: a crash must not
    /// make them forgotten.
    journal: Option<Journal>,
}

struct Journal {
    path: PathBuf,
    waiting: AsyncMutex<BTreeSet<u32>>,
}

impl IssuedNews {
    /// News for somebody who acts on late ones, which are kept in a file. Blocks.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn kept_in(path: &Path) -> Result<Self, FileError> {
        let waiting: BTreeSet<u32> = match read_if_there(path)? {
            None => BTreeSet::new(),
            Some(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                let path = path.display();
                warn!(%path, %error, "damaged: requests that were approved before may be missing");
                BTreeSet::new()
            }),
        };
        let journal = Journal { path: path.to_owned(), waiting: waiting.into() };
        Ok(Self { journal: Some(journal), ..Self::default() })
    }

    /// A request was issued at once: its id is greater than those of all before.
    pub fn tell(&self) {
        self.notify.notify_one();
    }

    /// A request that had waited is about to be issued: before its row is.
    ///
    /// # Errors
    /// Where that cannot be kept.
    pub async fn announce(&self, id: RequestId) -> Result<(), FileError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.change(|waiting| waiting.insert(id.0)).await
    }

    /// Those that were announced and not acted on yet.
    pub async fn announced(&self) -> BTreeSet<u32> {
        match &self.journal {
            Some(journal) => journal.waiting.lock().await.clone(),
            None => BTreeSet::new(),
        }
    }

    /// Somebody keeps these in mind, or has acted on them.
    ///
    /// # Errors
    /// Where that cannot be kept; they are then told again after a restart.
    pub async fn done(&self, ids: &BTreeSet<u32>) -> Result<(), FileError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let change = |waiting: &mut BTreeSet<u32>| {
            let before = waiting.len();
            waiting.retain(|id| !ids.contains(id));
            waiting.len() != before
        };
        journal.change(change).await
    }

    /// A request was issued that had waited: greater ids may have been issued before.
    pub fn tell_late(&self, id: RequestId) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if late.len() < MAX_LATE {
            late.push(id);
        }
        self.notify.notify_one();
    }

    /// Waits for news since the last time.
    pub async fn wait(&self) {
        self.notify.notified().await;
    }

    /// The requests that had waited, since the last time.
    pub fn take_late(&self) -> Vec<RequestId> {
        std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Journal {
    /// Changes the set, and writes it where it is another one then.
    async fn change(
        &self,
        change: impl FnOnce(&mut BTreeSet<u32>) -> bool,
    ) -> Result<(), FileError> {
        let mut waiting = self.waiting.lock().await;
        let mut next = waiting.clone();
        if !change(&mut next) {
            return Ok(());
        }
        // Numbers: this cannot fail.
        let text = serde_json::to_vec(&next).unwrap_or_default();
        let path = self.path.clone();
        let written = spawn_blocking(move || write_atomically(&path, &text, 0o600)).await;
        written.map_err(|error| FileError {
            path: self.path.clone(),
            source: std::io::Error::other(error),
        })??;
        *waiting = next;
        Ok(())
    }
}
