//! The one thread that writes: it drains a channel, decides what becomes of each write, appends what
//! changes to the journal, syncs that, changes the trees, and then answers everybody in the batch. Now
//! and then it lets sled write what it has, and syncs sled's file.
//!
//! One thread because many concurrent flushes deadlock sled 0.34; a sync of our own because
//! sled's flush survives a killed process but not a power cut. Not sled's transactions: for each of
//! them it writes a block of its log and waits for it, which the journal makes superfluous.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use ::sled::Db;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::journal::Journal;
use super::layout::{EncodedRow, State};
use super::ledger::Ledger;
use super::plan::Plan;
use super::{Shared, commit};
use crate::model::{Disposition, RequestId};
use crate::store::StoreError;

/// Jobs that wait at most; further callers wait for a place.
pub const QUEUE: usize = 1024;
/// Writes of one commit at most.
const BATCH: usize = 512;
/// Bytes of rows after which a commit gets no more rows.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// After so many bytes of its log sled's file is synced. sled overwrites an old segment of its file once
/// what took its place was written, without a sync, and at least a whole segment (this much) later:
/// with a sync before that, a power cut cannot keep the one and lose the other.
const UNSYNCED: usize = 512 * 1024;
/// What a byte of a row becomes in sled's log at most, as leaves are written again and again; what the
/// indexes of a row become.
const LOG_OF_BYTE: usize = 4;
const LOG_OF_INDEXES: usize = 4096;

/// A write, and who waits for it.
pub struct Job {
    /// What to write.
    pub write: Write,
    /// Gets the row's id once it is durable.
    pub answer: oneshot::Sender<Result<RequestId, StoreError>>,
}

/// What to write.
pub enum Write {
    /// A new row.
    Add(EncodedRow),
    /// A new state of a row whose disposition must be `from`.
    Update {
        /// Which row.
        id: RequestId,
        /// Its disposition as the caller knows it.
        from: Disposition,
        /// Its new state.
        row: EncodedRow,
    },
    /// Takes a row away whose disposition is `from`, where that is given.
    Remove {
        /// Which row.
        id: RequestId,
        /// Its disposition as the caller knows it.
        from: Option<Disposition>,
    },
    /// A row from a backup, under the id that it had; it takes the place of one that is there.
    Restore {
        /// Which row.
        id: RequestId,
        /// The row.
        row: EncodedRow,
    },
    /// What a backup says of ids and times beside its rows.
    Advance {
        /// The least id of the next row.
        next_id: u32,
        /// The earliest time of the last issued certificate.
        last_issued: Option<SystemTime>,
    },
}

impl Write {
    /// About how many bytes it takes.
    fn size(&self) -> usize {
        match self {
            Self::Add(row) | Self::Update { row, .. } | Self::Restore { row, .. } => {
                row.value.len()
            }
            Self::Remove { .. } | Self::Advance { .. } => 0,
        }
    }
}

/// The writing thread's own things.
pub struct Writer {
    /// The database.
    pub db: Db,
    /// A second handle of sled's file, to sync it.
    pub file: File,
    /// Commits that sled may not have written.
    pub journal: Journal,
    /// The last commit: its memory serves the next one too.
    pub commit: Vec<u8>,
    /// About how many bytes of sled's log there are since its file was synced.
    pub unsynced: usize,
    /// The bound of the ids that were given.
    pub ledger: Ledger,
    /// Trees, state and failure flag, as readers see them.
    pub shared: Arc<Shared>,
    /// Dropped when the thread ends.
    pub _alive: std::sync::mpsc::Sender<()>,
}

impl Writer {
    /// Works until all senders are gone.
    pub fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        loop {
            if batch.is_empty() {
                let Some(first) = jobs.blocking_recv() else { break };
                batch.push(first);
            }
            fill(&mut batch, &mut jobs);
            batch = self.commit(batch);
            self.settle();
        }
        self.close();
    }

    /// Carries a batch out and answers it. A failure is everybody's, and for good. Returns those whose
    /// turn has not come yet.
    fn commit(&mut self, mut batch: Vec<Job>) -> Vec<Job> {
        // A waiter that is gone does not need its answer.
        match self.write_durably(&batch) {
            Ok(answers) => {
                let later = batch.split_off(answers.len().min(batch.len()));
                batch.into_iter().zip(answers).for_each(|(job, answer)| {
                    let _ = job.answer.send(answer);
                });
                later
            }
            Err(failure) => {
                batch.into_iter().for_each(|job| {
                    let _ = job.answer.send(Err(failure.clone()));
                });
                Vec::new()
            }
        }
    }

    fn write_durably(&mut self, batch: &[Job]) -> Result<Vec<Answer>, StoreError> {
        let shared = Arc::clone(&self.shared);
        let before = shared.state()?.clone();
        let attempt = || -> Result<Vec<Answer>, String> {
            let mut plan = Plan::new(&shared, &before);
            plan.take(batch.iter().map(|job| &job.write));
            let Plan { answers, changes, state, .. } = plan;
            // All of them are refused.
            if changes.is_empty() && state == (State { commit: state.commit, ..before }) {
                return Ok(answers);
            }
            let commit = &mut self.commit;
            commit::encode(&changes, &state, commit).map_err(|error| error.to_string())?;
            self.ledger.cover(state.next_id)?;
            self.journal.append(state.commit, commit)?;
            let log = commit.len().saturating_mul(LOG_OF_BYTE);
            let log = changes.len().saturating_mul(LOG_OF_INDEXES).saturating_add(log);
            self.unsynced = self.unsynced.saturating_add(log);
            // Nobody reads half of it.
            let _alone = shared.for_writing().map_err(|error| error.to_string())?;
            commit::apply(&shared.trees, &changes, &state)
                .map_err(|error| shared.fail(error.to_string()).to_string())?;
            *shared.state().map_err(|error| error.to_string())? = state;
            // Before readers are let in, so that they miss nothing.
            shared.watchers.note(answers.iter().flatten().copied());
            Ok(answers)
        };
        watched(&shared, attempt).map_err(|reason| shared.fail(reason))
    }

    /// Syncs sled's file where there is much that was not, and makes room in the journal.
    fn settle(&mut self) {
        let is_full = self.journal.is_full();
        if (self.unsynced < UNSYNCED && !is_full) || self.shared.in_service().is_err() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let synced = watched(&shared, || {
            if is_full {
                return self.checkpoint();
            }
            self.file.sync_data().map_err(|error| error.to_string())
        });
        match synced {
            Ok(()) => self.unsynced = 0,
            Err(reason) => drop(shared.fail(reason)),
        }
    }

    /// Lets sled write all that it has; the journal is not needed for it any more.
    fn checkpoint(&mut self) -> Result<(), String> {
        let number = self.shared.state().map_err(|error| error.to_string())?.commit;
        self.db.flush().map_err(|error| error.to_string())?;
        self.file.sync_data().map_err(|error| error.to_string())?;
        self.journal.restart(number)
    }

    /// Leaves a table that needs neither its journal nor a guess of its ids. After a failure nobody can
    /// tell what is on the disk: then all stays as it is.
    fn close(mut self) {
        let shared = Arc::clone(&self.shared);
        let Ok(next_id) = shared.state().map(|state| state.next_id) else { return };
        let closed = watched(&shared, || self.checkpoint());
        if let Err(reason) = closed.and_then(|()| self.ledger.close(next_id)) {
            warn!(reason, "the Request table was not closed: ids will be passed over");
        }
    }
}

/// Adds what waits in the channel.
fn fill(batch: &mut Vec<Job>, jobs: &mut mpsc::Receiver<Job>) {
    let mut bytes = batch.iter().fold(0_usize, |sum, job| sum.saturating_add(job.write.size()));
    while batch.len() < BATCH
        && bytes < BATCH_BYTES
        && let Ok(next) = jobs.try_recv()
    {
        bytes = bytes.saturating_add(next.write.size());
        batch.push(next);
    }
}

/// Does what may hang or panic, with others watching.
fn watched<T>(shared: &Shared, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    shared.commits.fetch_add(1, Ordering::Relaxed);
    let outcome = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the database library panicked".to_owned()));
    shared.commits.fetch_add(1, Ordering::Relaxed);
    outcome
}

/// What one writer is told: the id, or why this row alone was refused.
pub type Answer = Result<RequestId, StoreError>;
