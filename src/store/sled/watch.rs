//! Watches the writing thread: a commit that hangs must not hang the CA.
//!
//! sled 0.34.7 wakes nobody after a background write failed (`Log::exit_reservation` notes the error and
//! forgets to notify), so that a flush may wait for ever for what will not come. Another flush finds
//! the error, and wakes all.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ::sled::Db;

use super::Shared;

/// How often is looked.
const TICK: Duration = Duration::from_secs(1);
/// Ticks after which a commit will not end any more.
const PATIENCE: u32 = 30;

/// Works until the writing thread, which holds the other end of `ended`, is gone.
pub fn run(db: &Db, shared: &Arc<Shared>, ended: &Receiver<()>) {
    let (mut last, mut ticks) = (0, 0_u32);
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        let commit = shared.commit_under_way();
        ticks = match commit {
            Some(commit) if commit == last => ticks.saturating_add(1),
            _ => 0,
        };
        last = commit.unwrap_or_default();
        if (1..PATIENCE).contains(&ticks) {
            nudge(db.clone());
        } else if ticks == PATIENCE {
            shared.fail(format!("a commit has not ended within {PATIENCE} seconds"));
        }
    }
}

/// Flushes on a thread of its own, which may come to wait like the one that it is to wake.
fn nudge(db: Db) {
    let flush = move || {
        // What is wrong is told to the writing thread.
        let _ = db.flush();
    };
    // Without a thread there is another tick.
    let _ = std::thread::Builder::new().name("store-nudge".to_owned()).spawn(flush);
}
