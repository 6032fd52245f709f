//! The one thread that writes: it drains a channel, runs one transaction over all trees for
//! the whole batch, syncs, and then answers everybody in the batch.
//!
//! One thread because many concurrent flushes deadlock sled 0.34; a sync of our own because
//! sled's flush survives a killed process but not a power cut.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use ::sled::Db;
use ::sled::transaction::{
    ConflictableTransactionError, TransactionError, Transactional, TransactionalTree,
    UnabortableTransactionError,
};
use tokio::sync::{mpsc, oneshot};

use tracing::warn;

use super::Shared;
use super::layout::{
    EncodedRow, IndexEntries, RowError, STATE_KEY, State, disposition_prefix, expiry_key,
    index_key, remove_row, row_in, write_row,
};
use super::ledger::Ledger;
use crate::model::{Disposition, RequestId, SerialNumber};
use crate::store::StoreError;

/// Jobs that wait at most; further callers wait for a place.
pub const QUEUE: usize = 1024;
/// Rows of one transaction at most.
const BATCH: usize = 512;

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

/// The writing thread's own things.
pub struct Writer {
    /// The database.
    pub db: Db,
    /// A second handle of sled's file, to sync it.
    pub file: File,
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
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(next) = jobs.try_recv()
            {
                batch.push(next);
            }
            self.commit(batch);
        }
        // After a failure nobody can tell what is on the disk: the bound stays where it is.
        let next_id = self.shared.state().map(|state| state.next_id);
        if let Ok(next_id) = next_id
            && let Err(reason) = self.ledger.close(next_id)
        {
            warn!(reason, "the Request table's file of ids is not exact: ids will be passed over");
        }
    }

    /// Writes a batch and answers it. A failure is everybody's, and for good.
    fn commit(&mut self, batch: Vec<Job>) {
        let (writes, waiters): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|job| (job.write, job.answer)).unzip();
        // A waiter that is gone does not need its answer.
        match self.write_durably(&writes) {
            Ok(results) => waiters.into_iter().zip(results).for_each(|(waiter, result)| {
                let _ = waiter.send(result);
            }),
            Err(failure) => waiters.into_iter().for_each(|waiter| {
                let _ = waiter.send(Err(failure.clone()));
            }),
        }
    }

    fn write_durably(&mut self, writes: &[Write]) -> Result<Vec<Answer>, StoreError> {
        // Readers are kept out until the batch is durable: nobody sees a row that a crash
        // could still take back.
        let shared = Arc::clone(&self.shared);
        let _alone = shared.for_writing()?;
        let state = self.shared.state()?.clone();
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        let attempt = || -> Result<(Vec<Answer>, State), String> {
            let (answers, next) = self.transact(writes, &state)?;
            self.ledger.cover(next.next_id)?;
            self.db.flush().map_err(|error| error.to_string())?;
            self.file.sync_data().map_err(|error| error.to_string())?;
            Ok((answers, next))
        };
        let outcome = catch_unwind(AssertUnwindSafe(attempt))
            .unwrap_or_else(|_| Err("the database library panicked".to_owned()));
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Ok((answers, next)) => {
                *self.shared.state()? = next;
                // Before readers are let in, so that they miss nothing.
                self.shared.watchers.note(answers.iter().flatten().copied());
                Ok(answers)
            }
            Err(reason) => Err(self.shared.fail(reason)),
        }
    }

    fn transact(&self, writes: &[Write], state: &State) -> Result<(Vec<Answer>, State), String> {
        let trees = &self.shared.trees;
        let all = (
            &trees.rows,
            &trees.serials,
            &trees.certificate_hashes,
            &trees.requesters,
            &trees.dispositions,
            &trees.revocations,
            &trees.templates,
            &trees.expiries,
            &trees.meta,
        );
        let (for_row, for_change) = (self.shared.room.for_row(), self.shared.room.for_change());
        let result = all.transaction(
            |(
                rows,
                serials,
                certificate_hashes,
                requesters,
                dispositions,
                revocations,
                templates,
                expiries,
                meta,
            )| {
                let mut batch = Batch {
                    trees: Indexes {
                        rows,
                        serials,
                        certificate_hashes,
                        requesters,
                        dispositions,
                        revocations,
                        templates,
                        expiries,
                    },
                    state: state.clone(),
                    for_row: &for_row,
                    for_change: &for_change,
                };
                let answers =
                    writes.iter().map(|write| batch.apply(write)).collect::<Result<Vec<_>, _>>()?;
                let encoded = batch.state.encode().map_err(ConflictableTransactionError::Abort)?;
                meta.insert(STATE_KEY, encoded)?;
                Ok((answers, batch.state))
            },
        );
        result.map_err(|error: TransactionError<StoreError>| error.to_string())
    }
}

/// What one writer is told: the id, or why this row alone was refused.
pub type Answer = Result<RequestId, StoreError>;

struct Indexes<'a> {
    rows: &'a TransactionalTree,
    serials: &'a TransactionalTree,
    certificate_hashes: &'a TransactionalTree,
    requesters: &'a TransactionalTree,
    dispositions: &'a TransactionalTree,
    revocations: &'a TransactionalTree,
    templates: &'a TransactionalTree,
    expiries: &'a TransactionalTree,
}

struct Batch<'a> {
    trees: Indexes<'a>,
    state: State,
    /// Whether the disk has room for rows, and for changes of rows.
    for_row: &'a Result<(), StoreError>,
    for_change: &'a Result<(), StoreError>,
}

impl Batch<'_> {
    /// Applies one write. `Err` gives up the whole transaction, an inner one only this write.
    fn apply(&mut self, write: &Write) -> Result<Answer, ConflictableTransactionError<StoreError>> {
        let room = match write {
            Write::Add(_) | Write::Restore { .. } => self.for_row,
            Write::Update { .. } | Write::Remove { .. } | Write::Advance { .. } => self.for_change,
        };
        if let Err(full) = room {
            return Ok(Err(full.clone()));
        }
        Ok(match write {
            Write::Add(row) => self.add(row)?,
            Write::Update { id, from, row } => match row_in(self.trees.rows, *id) {
                Ok(None) => Err(StoreError::NotFound(*id)),
                Ok(Some(old)) if old.columns.disposition != *from => {
                    Err(StoreError::DispositionChanged { id: *id, found: old.columns.disposition })
                }
                Ok(Some(old)) => self.replace(*id, &IndexEntries::of(&old.columns), row)?,
                Err(RowError::Row(error)) => Err(error),
                Err(RowError::Tree(error)) => return Err(error.into()),
            },
            Write::Remove { id, from } => match row_in(self.trees.rows, *id) {
                Ok(None) => Err(StoreError::NotFound(*id)),
                Ok(Some(old)) if from.is_some_and(|from| from != old.columns.disposition) => {
                    Err(StoreError::DispositionChanged { id: *id, found: old.columns.disposition })
                }
                Ok(Some(old)) => {
                    self.leave(*id, &IndexEntries::of(&old.columns))?;
                    remove_row(self.trees.rows, *id)?;
                    Ok(*id)
                }
                Err(RowError::Row(error)) => Err(error),
                Err(RowError::Tree(error)) => return Err(error.into()),
            },
            Write::Restore { id, row } => match row_in(self.trees.rows, *id) {
                Ok(Some(old)) => self.replace(*id, &IndexEntries::of(&old.columns), row)?,
                Ok(None) => match self.serial_of_another(&row.entries, *id)? {
                    Some(taken) => Err(StoreError::SerialExists(taken)),
                    None => {
                        self.state.next_id = self.state.next_id.max(id.0.saturating_add(1));
                        self.enter(*id, row)?;
                        Ok(*id)
                    }
                },
                Err(RowError::Row(error)) => Err(error),
                Err(RowError::Tree(error)) => return Err(error.into()),
            },
            Write::Advance { next_id, last_issued } => {
                self.state.next_id = self.state.next_id.max(*next_id);
                self.state.last_issued = self.state.last_issued.max(*last_issued);
                Ok(RequestId(self.state.next_id))
            }
        })
    }

    fn add(&mut self, row: &EncodedRow) -> Result<Answer, UnabortableTransactionError> {
        let id = RequestId(self.state.next_id);
        let Some(next) = self.state.next_id.checked_add(1) else {
            return Ok(Err(StoreError::IdsExhausted));
        };
        if let Some(taken) = self.serial_of_another(&row.entries, id)? {
            return Ok(Err(StoreError::SerialExists(taken)));
        }
        self.state.next_id = next;
        self.enter(id, row)?;
        Ok(Ok(id))
    }

    fn replace(
        &mut self,
        id: RequestId,
        old: &IndexEntries,
        row: &EncodedRow,
    ) -> Result<Answer, UnabortableTransactionError> {
        if let Some(taken) = self.serial_of_another(&row.entries, id)? {
            return Ok(Err(StoreError::SerialExists(taken)));
        }
        self.leave(id, old)?;
        self.enter(id, row)?;
        Ok(Ok(id))
    }

    fn serial_of_another(
        &self,
        entries: &IndexEntries,
        id: RequestId,
    ) -> Result<Option<SerialNumber>, UnabortableTransactionError> {
        let Some(serial) = &entries.serial else { return Ok(None) };
        let owner = self.trees.serials.get(serial)?;
        let another = owner.is_some_and(|owner| owner != id.0.to_be_bytes());
        Ok(another.then(|| SerialNumber(serial.clone())))
    }

    fn enter(
        &mut self,
        id: RequestId,
        row: &EncodedRow,
    ) -> Result<(), UnabortableTransactionError> {
        let (trees, entries) = (&self.trees, &row.entries);
        let value = &id.0.to_be_bytes();
        write_row(trees.rows, id, &row.value)?;
        if let Some(serial) = &entries.serial {
            trees.serials.insert(serial.as_slice(), value)?;
        }
        if let Some(hash) = &entries.certificate_hash {
            trees.certificate_hashes.insert(hash, value)?;
        }
        trees.requesters.insert(index_key(&entries.requester, id), &[])?;
        trees.dispositions.insert(index_key(&disposition_prefix(entries.disposition), id), &[])?;
        trees.templates.insert(index_key(&entries.template, id), &[])?;
        if let Some(expiry) = entries.expiry {
            trees.expiries.insert(expiry_key(expiry, id), &[])?;
        }
        if let Some(revocation) = &entries.revocation {
            trees.revocations.insert(value, revocation.as_slice())?;
        }
        self.state.enter(entries);
        Ok(())
    }

    /// Takes a row out of the indexes.
    fn leave(
        &mut self,
        id: RequestId,
        entries: &IndexEntries,
    ) -> Result<(), UnabortableTransactionError> {
        let trees = &self.trees;
        if let Some(serial) = &entries.serial {
            trees.serials.remove(serial.as_slice())?;
        }
        if let Some(hash) = &entries.certificate_hash {
            trees.certificate_hashes.remove(hash)?;
        }
        trees.requesters.remove(index_key(&entries.requester, id))?;
        trees.dispositions.remove(index_key(&disposition_prefix(entries.disposition), id))?;
        trees.templates.remove(index_key(&entries.template, id))?;
        if let Some(expiry) = entries.expiry {
            trees.expiries.remove(expiry_key(expiry, id))?;
        }
        trees.revocations.remove(&id.0.to_be_bytes())?;
        self.state.leave(entries);
        Ok(())
    }
}
