//! What becomes of writes: decided against the table as it is, before anything is changed.

use std::collections::HashSet;

use super::Shared;
use super::commit::Change;
use super::layout::{EncodedRow, IndexEntries, State, read_error};
use super::writer::{Answer, Write};
use crate::model::{Disposition, RequestId, SerialNumber};
use crate::store::StoreError;

/// A commit that is being put together.
pub struct Plan<'a> {
    shared: &'a Shared,
    /// What each writer is told once it is carried out.
    pub answers: Vec<Answer>,
    /// Rows that change.
    pub changes: Vec<Change<'a>>,
    /// The state afterwards.
    pub state: State,
    /// Whether the disk has room for rows, and for changes of rows.
    for_row: Result<(), StoreError>,
    for_change: Result<(), StoreError>,
    /// Rows and serial numbers that change: what comes later cannot be decided before they have.
    rows: HashSet<RequestId>,
    serials: HashSet<Vec<u8>>,
}

impl<'a> Plan<'a> {
    /// Nothing so far; `state` is that of the table.
    pub fn new(shared: &'a Shared, state: &State) -> Self {
        let state = State { commit: state.commit.saturating_add(1), ..state.clone() };
        let (for_row, for_change) = (shared.room.for_row(), shared.room.for_change());
        let (answers, changes) = (Vec::new(), Vec::new());
        let (rows, serials) = (HashSet::new(), HashSet::new());
        Self { shared, answers, changes, state, for_row, for_change, rows, serials }
    }

    /// Takes as many of these writes, from the first on, as can be decided now; at least one.
    pub fn take(&mut self, writes: impl IntoIterator<Item = &'a Write>) {
        for write in writes {
            if self.has_to_wait(write) {
                return;
            }
            let answer = self.decide(write);
            self.answers.push(answer);
        }
    }

    fn has_to_wait(&self, write: &Write) -> bool {
        let (id, row) = match write {
            Write::Add(row) => (None, Some(row)),
            Write::Update { id, row, .. } | Write::Restore { id, row } => (Some(id), Some(row)),
            Write::Remove { id, .. } => (Some(id), None),
            Write::Advance { .. } => (None, None),
        };
        let serial = row.and_then(|row| row.entries.serial.as_deref());
        id.is_some_and(|id| self.rows.contains(id))
            || serial.is_some_and(|serial| self.serials.contains(serial))
    }

    /// What becomes of one write. An error is that of this write alone.
    fn decide(&mut self, write: &'a Write) -> Answer {
        match write {
            Write::Add(_) | Write::Restore { .. } => self.for_row.clone()?,
            Write::Update { .. } | Write::Remove { .. } | Write::Advance { .. } => {
                self.for_change.clone()?;
            }
        }
        match write {
            Write::Add(row) => {
                let id = RequestId(self.state.next_id);
                let next = id.0.checked_add(1).ok_or(StoreError::IdsExhausted)?;
                self.put(id, None, row)?;
                self.state.next_id = next;
                Ok(id)
            }
            Write::Update { id, from, row } => {
                let old = self.existing(*id, Some(*from))?;
                self.put(*id, Some(old), row)
            }
            Write::Remove { id, from } => {
                let old = self.existing(*id, *from)?;
                self.change(*id, Some(old), None);
                Ok(*id)
            }
            Write::Restore { id, row } => {
                let old = self.shared.trees.row(*id)?;
                self.put(*id, old.map(|old| IndexEntries::of(&old.columns)), row)?;
                self.state.next_id = self.state.next_id.max(id.0.saturating_add(1));
                Ok(*id)
            }
            Write::Advance { next_id, last_issued } => {
                self.state.next_id = self.state.next_id.max(*next_id);
                self.state.last_issued = self.state.last_issued.max(*last_issued);
                Ok(RequestId(self.state.next_id))
            }
        }
    }

    /// What the indexes hold of a row whose disposition must be `from`, where that is given.
    fn existing(
        &self,
        id: RequestId,
        from: Option<Disposition>,
    ) -> Result<IndexEntries, StoreError> {
        let old = self.shared.trees.row(id)?.ok_or(StoreError::NotFound(id))?;
        let found = old.columns.disposition;
        match from {
            Some(from) if from != found => Err(StoreError::DispositionChanged { id, found }),
            _ => Ok(IndexEntries::of(&old.columns)),
        }
    }

    fn put(&mut self, id: RequestId, old: Option<IndexEntries>, row: &'a EncodedRow) -> Answer {
        if let Some(serial) = &row.entries.serial {
            let owner = self.shared.trees.serials.get(serial).map_err(read_error)?;
            if owner.is_some_and(|owner| owner != id.0.to_be_bytes()) {
                return Err(StoreError::SerialExists(SerialNumber(serial.clone())));
            }
        }
        self.change(id, old, Some(row));
        Ok(id)
    }

    fn change(&mut self, id: RequestId, old: Option<IndexEntries>, new: Option<&'a EncodedRow>) {
        let old_serial = old.as_ref().and_then(|old| old.serial.clone());
        let new_serial = new.and_then(|new| new.entries.serial.clone());
        self.serials.extend(old_serial.into_iter().chain(new_serial));
        self.rows.insert(id);
        if let Some(old) = &old {
            self.state.leave(old);
        }
        if let Some(new) = new {
            self.state.enter(&new.entries);
        }
        self.changes.push(Change { id, old, new });
    }
}
