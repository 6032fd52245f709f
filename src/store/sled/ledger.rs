//! How many ids may have been given, in a small file beside the database.
//!
//! A database that was cut off opens as an older one: it would give ids a second time that stand on
//! certificates out there. So a bound of the ids is kept apart, raised by [`BLOCK`] before it is
//! reached, and exact once the database is closed. A table behind it has lost rows.

use std::path::{Path, PathBuf};

use crate::files::{read_if_there, write_atomically};
use crate::store::StoreError;

/// How far the bound is raised at once: a sync for each so many rows. After a crash, ids go on
/// behind the bound.
const BLOCK: u32 = 1024;
/// A crash may have come after the bound was raised for a batch, before the batch was there.
const SLACK: u32 = 1024;

const NAME: &str = "ids";

/// The bound, as it is on disk.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    /// All ids that were given are below.
    bound: u32,
}

impl Ledger {
    /// Compares the bound with the next id of the database in `folder`. Returns the next id to give.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where rows are missing, [`StoreError::Open`].
    pub fn open(folder: &Path, next_id: u32) -> Result<(Self, u32), StoreError> {
        let path = folder.join(NAME);
        let damaged = |reason: String| StoreError::Damaged { path: folder.to_owned(), reason };
        let failed = |reason: String| StoreError::Open { path: folder.to_owned(), reason };
        let content = read_if_there(&path).map_err(|error| failed(error.to_string()))?;
        let next_id = match content.as_deref().map(parse) {
            // A new database, or one of an earlier version.
            None => next_id,
            Some(None) => return Err(damaged(format!("the file {NAME} is not one of ours"))),
            Some(Some((closed, bound))) => {
                let expected = match closed {
                    true => bound,
                    false => bound.saturating_sub(BLOCK.saturating_add(SLACK)),
                };
                if next_id < expected {
                    return Err(damaged(format!(
                        "its last rows are missing: its next request id would be {next_id}, but \
                         those below {expected} were given"
                    )));
                }
                next_id.max(bound)
            }
        };
        let mut ledger = Self { path, bound: 0 };
        ledger.cover(next_id).map_err(failed)?;
        Ok((ledger, next_id))
    }

    /// Makes the bound cover all ids below `next_id`, durably. To be called before any of them is
    /// told.
    ///
    /// # Errors
    /// What the system says.
    pub fn cover(&mut self, next_id: u32) -> Result<(), String> {
        if next_id <= self.bound {
            return Ok(());
        }
        let bound = next_id.saturating_add(BLOCK);
        self.write("open", bound)?;
        self.bound = bound;
        Ok(())
    }

    /// Makes the bound exact: the database is whole up to here, and at rest.
    ///
    /// # Errors
    /// What the system says.
    pub fn close(self, next_id: u32) -> Result<(), String> {
        self.write("closed", next_id)
    }

    fn write(&self, state: &str, bound: u32) -> Result<(), String> {
        let line = format!("{state} {bound}\n");
        write_atomically(&self.path, line.as_bytes(), 0o600).map_err(|error| error.to_string())
    }
}

/// Whether the database was closed, and the bound.
fn parse(content: &[u8]) -> Option<(bool, u32)> {
    let (state, bound) = std::str::from_utf8(content).ok()?.strip_suffix('\n')?.split_once(' ')?;
    let closed = match state {
        "closed" => true,
        "open" => false,
        _ => return None,
    };
    Some((closed, bound.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path, next_id: u32) -> Result<(Ledger, u32), StoreError> {
        Ledger::open(folder, next_id)
    }

    fn is_damaged(folder: &Path, next_id: u32) -> bool {
        matches!(opened(folder, next_id), Err(StoreError::Damaged { .. }))
    }

    #[test]
    fn a_database_that_was_closed_is_missed_to_the_last_row() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, next) = opened(folder.path(), 1).unwrap();
        assert_eq!(next, 1);
        ledger.close(41).unwrap();
        assert!(is_damaged(folder.path(), 40) && is_damaged(folder.path(), 1));
        assert_eq!(opened(folder.path(), 41).unwrap().1, 41, "no id is passed over");
    }

    #[test]
    fn after_a_crash_ids_go_on_where_none_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let (mut ledger, _) = opened(folder.path(), 1).unwrap();
        ledger.cover(900).unwrap();
        drop(ledger);
        let (mut ledger, next) = opened(folder.path(), 3).unwrap();
        assert_eq!(next, 1 + BLOCK, "900 were given, and the table knows of 2");
        ledger.cover(20_000).unwrap();
        drop(ledger);
        assert!(is_damaged(folder.path(), 20_000 - SLACK - 1));
        assert_eq!(opened(folder.path(), 20_000 - SLACK).unwrap().1, 20_000 + BLOCK);
    }

    #[test]
    fn a_ledger_that_cannot_be_read_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["", "open", "open 1", "open x\n", "shut 1\n", "open 4294967296\n"] {
            std::fs::write(folder.path().join(NAME), content).unwrap();
            assert!(is_damaged(folder.path(), 1), "{content:?}");
        }
    }
}
