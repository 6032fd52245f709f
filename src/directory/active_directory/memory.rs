//! A bounded memory of what was looked up.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::state::ReadAt;

/// More than this many are not remembered.
const CAPACITY: usize = 4096;

pub(super) struct Memory<K, V> {
    entries: Mutex<HashMap<K, (ReadAt, V)>>,
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self { entries: Mutex::default() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Memory<K, V> {
    /// What is remembered, and how old it is.
    pub(super) fn get(&self, key: &K) -> Option<(Duration, V)> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).map(|(read_at, value)| (read_at.age(), value.clone()))
    }

    /// Remembers; forgets the oldest where there are too many.
    pub(super) fn put(&self, key: K, read_at: ReadAt, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, (read_at, _))| read_at.instant());
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                entries.remove(&oldest);
            }
        }
        entries.insert(key, (read_at, value));
    }

    /// Forgets what is no longer so.
    pub(super) fn forget(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let memory = Memory::default();
        for number in 0..=CAPACITY {
            memory.put(number, ReadAt::now(), number);
        }
        assert_eq!(memory.entries.lock().expect("whole").len(), CAPACITY);
        assert!(memory.get(&0).is_none());
        assert_eq!(memory.get(&CAPACITY).map(|(_, value)| value), Some(CAPACITY));
        memory.forget(&CAPACITY);
        assert!(memory.get(&CAPACITY).is_none());
    }
}
