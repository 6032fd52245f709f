//! Counts of connections and calls, in total and for each client: what the listeners share.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many of something there are, in total and for each key.
pub(crate) struct Counts<K: Eq + Hash + Clone> {
    max_total: usize,
    max_each: usize,
    taken: Mutex<Taken<K>>,
}

struct Taken<K> {
    total: usize,
    each: HashMap<K, usize>,
}

/// One of what [`Counts`] counts; dropping it gives the place back.
pub(crate) struct Slot<K: Eq + Hash + Clone> {
    key: K,
    counts: Arc<Counts<K>>,
}

impl<K: Eq + Hash + Clone> Counts<K> {
    pub(crate) fn new(max_total: usize, max_each: usize) -> Arc<Self> {
        let taken = Mutex::new(Taken { total: 0, each: HashMap::new() });
        Arc::new(Self { max_total, max_each, taken })
    }

    /// A slot, unless all are taken, or all that this key may have.
    pub(crate) fn take(self: &Arc<Self>, key: K) -> Option<Slot<K>> {
        let mut taken = self.lock();
        let each = taken.each.get(&key).copied().unwrap_or(0);
        if taken.total >= self.max_total || each >= self.max_each {
            return None;
        }
        taken.total = taken.total.saturating_add(1);
        taken.each.insert(key.clone(), each.saturating_add(1));
        drop(taken);
        Some(Slot { key, counts: Arc::clone(self) })
    }

    /// The table holds nothing that a panic elsewhere could leave half-done.
    fn lock(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut taken = self.counts.lock();
        taken.total = taken.total.saturating_sub(1);
        match taken.each.get(&self.key).copied() {
            Some(count) if count > 1 => {
                taken.each.insert(self.key.clone(), count.saturating_sub(1));
            }
            _ => {
                taken.each.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_limited_and_come_back() {
        let counts = Counts::new(3, 2);
        let [first, _second] = [(); 2].map(|()| counts.take('a').unwrap());
        assert!(counts.take('a').is_none(), "all of this key");
        let _third = counts.take('b').unwrap();
        assert!(counts.take('b').is_none(), "all there are");
        drop(first);
        let fourth = counts.take('b').unwrap();
        drop(fourth);
        let taken = counts.lock();
        assert_eq!((taken.total, taken.each.len()), (2, 2));
    }
}
