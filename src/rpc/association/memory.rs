//! Memory for what clients send, all connections together.
//!
//! Each connection may hold a little in any case: requests of ordinary clients fit in there, so
//! that nobody can take their room away. What is more comes out of one stock for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::metrics;

/// What every connection may hold, in bytes: more than an enrollment's request takes.
pub const ALLOWANCE: usize = 16 * 1024;

/// The stock for what connections hold beyond [`ALLOWANCE`]; share one among the endpoints of a
/// server process.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    used: AtomicUsize,
}

impl Memory {
    /// A stock of so many bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    /// How many bytes are taken.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Default for Memory {
    /// 256 MiB.
    fn default() -> Self {
        Self { limit: 256 << 20, used: AtomicUsize::new(0) }
    }
}

/// What one connection holds of the stock.
#[derive(Debug)]
pub(super) struct Share {
    memory: Arc<Memory>,
    taken: usize,
}

impl Share {
    pub(super) fn new(memory: Arc<Memory>) -> Self {
        Self { memory, taken: 0 }
    }

    /// Notes that the connection holds `bytes` now. `false` where the stock does not have them: it
    /// must let go of something then.
    pub(super) fn holds(&mut self, bytes: usize) -> bool {
        let wanted = bytes.saturating_sub(ALLOWANCE);
        if let Some(less) = self.taken.checked_sub(wanted) {
            self.memory.give_back(less);
        } else if !self.memory.take(wanted.saturating_sub(self.taken)) {
            metrics::RPC_OUT_OF_MEMORY.add();
            return false;
        }
        self.taken = wanted;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_allowance_comes_out_of_the_stock_and_returns() {
        let memory = Memory::new(1000);
        let [mut first, mut second] = [(); 2].map(|()| Share::new(Arc::clone(&memory)));
        assert!(first.holds(ALLOWANCE) && memory.used() == 0, "everybody has this");
        assert!(first.holds(ALLOWANCE + 600) && memory.used() == 600);
        assert!(!second.holds(ALLOWANCE + 401) && memory.used() == 600, "there is no more");
        assert!(second.holds(ALLOWANCE + 400) && memory.used() == 1000);
        assert!(first.holds(ALLOWANCE + 100) && memory.used() == 500);
        drop(first);
        assert!(second.holds(0) && memory.used() == 0);
        assert!(!second.holds(usize::MAX) && memory.used() == 0);
    }
}
