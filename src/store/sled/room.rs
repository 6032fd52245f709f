//! How much room the disk has: sled cannot go on after a write that found none, so writes stop while
//! there is still some.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{error, info};

use crate::store::StoreError;

/// What the disk of the database has left, and must have.
#[derive(Debug)]
pub struct Room {
    folder: File,
    least: u64,
    /// Whether it was too little the last time.
    short: AtomicBool,
}

impl Room {
    /// Of the disk of this folder; `least` is `store.min_free_bytes`.
    pub fn new(folder: File, least: u64) -> Self {
        Self { folder, least, short: AtomicBool::new(false) }
    }

    /// Bytes that are left. More than anybody wants where the system does not tell.
    pub fn left(&self) -> u64 {
        let told = rustix::fs::fstatvfs(&self.folder);
        told.map_or(u64::MAX, |told| told.f_bavail.saturating_mul(told.f_frsize))
    }

    /// Whether there is room for a new row.
    ///
    /// # Errors
    /// [`StoreError::Full`].
    pub fn for_row(&self) -> Result<(), StoreError> {
        let checked = self.at_least(self.least);
        let short = checked.is_err();
        if self.short.swap(short, Ordering::Relaxed) != short {
            match &checked {
                Ok(()) => info!("the disk of the Request table has room again"),
                Err(full) => error!("nothing is issued until there is more room: {full}"),
            }
        }
        checked
    }

    /// Whether there is room for a change of a row that is there: half of what must be left is for
    /// revocations, which matter most.
    ///
    /// # Errors
    /// [`StoreError::Full`].
    pub fn for_change(&self) -> Result<(), StoreError> {
        self.at_least(self.least / 2)
    }

    fn at_least(&self, least: u64) -> Result<(), StoreError> {
        match self.left() {
            left if left < least => Err(StoreError::Full { left, least }),
            _ => Ok(()),
        }
    }
}
