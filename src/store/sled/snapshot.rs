//! The whole table as it is at one moment, while others write: rows are read a page at a time, and
//! what changed meanwhile is read once more at the end, with writers kept out for that short time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use super::Shared;
use crate::model::{RequestId, RequestRow};
use crate::store::{MAX_PAGE, StoreError};

/// Rows that may be read while writers wait.
const LAST: usize = 512;
/// Pages of changed rows that are read before writers have to wait in any case.
const ROUNDS: usize = 64;

/// Rows that were written since somebody began to look.
pub type Changes = Mutex<BTreeSet<u32>>;

/// Who wants to know which rows are written.
#[derive(Default)]
pub struct Watchers(Mutex<Vec<Weak<Changes>>>);

impl Watchers {
    /// Notes rows that have been written, for everybody who watches.
    pub fn note(&self, ids: impl Iterator<Item = RequestId> + Clone) {
        let mut watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| match watcher.upgrade() {
            Some(changes) => {
                let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
                changes.extend(ids.clone().map(|RequestId(id)| id));
                true
            }
            None => false,
        });
    }

    fn watch(&self) -> Arc<Changes> {
        let changes = Arc::new(Changes::default());
        let mut watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.push(Arc::downgrade(&changes));
        changes
    }
}

/// What a snapshot hands over.
#[derive(Clone, PartialEq, Debug)]
pub enum Piece {
    /// A row. One that came before was changed meanwhile, and this is how it is now.
    Row(Box<RequestRow>),
    /// A row that came before was removed meanwhile.
    Removed(RequestId),
    /// The end: all else is as it was at this moment.
    End(Ending),
}

/// What a table has beside its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ending {
    /// The id that the next row gets.
    pub next_id: u32,
    /// When the latest certificate was issued.
    pub last_issued: Option<SystemTime>,
    /// How many rows there are.
    pub rows: u64,
}

/// Hands over the table. `take` may block; nobody waits for it but at the end.
///
/// # Errors
/// Where a row cannot be read, or `take` fails.
pub fn snapshot<E: From<StoreError>>(
    shared: &Shared,
    mut take: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let changes = shared.watchers.watch();
    let mut after = None;
    loop {
        let rows = {
            let _durable = shared.for_reading()?;
            shared.trees.rows_after(after, MAX_PAGE)?
        };
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        rows.into_iter().try_for_each(|row| take(Piece::Row(Box::new(row))))?;
    }
    for _ in 0..ROUNDS {
        let ids = drain(&changes, LAST);
        if ids.len() < LAST {
            changes.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
            break;
        }
        let pieces = {
            let _durable = shared.for_reading()?;
            read(shared, ids)?
        };
        pieces.into_iter().try_for_each(&mut take)?;
    }
    // Collected first: writers wait for the disk that is read, not for whoever takes.
    let (pieces, ending) = {
        let _durable = shared.for_reading()?;
        let pieces = read(shared, drain(&changes, usize::MAX))?;
        let state = shared.state()?;
        let rows = state.counts.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let ending = Ending { next_id: state.next_id, last_issued: state.last_issued, rows };
        (pieces, ending)
    };
    pieces.into_iter().try_for_each(&mut take)?;
    take(Piece::End(ending))
}

fn drain(changes: &Changes, limit: usize) -> Vec<u32> {
    let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
    let ids: Vec<u32> = changes.iter().take(limit).copied().collect();
    ids.iter().for_each(|id| {
        changes.remove(id);
    });
    ids
}

fn read(shared: &Shared, ids: Vec<u32>) -> Result<Vec<Piece>, StoreError> {
    let read = |id| {
        let id = RequestId(id);
        let row = shared.trees.row(id)?;
        Ok(row.map_or(Piece::Removed(id), |row| Piece::Row(Box::new(row))))
    };
    ids.into_iter().map(read).collect()
}
