//! Back-off after failed logons, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Most subjects that are remembered. Beyond that the one whose wait ends first is forgotten.
const CAPACITY: usize = 8192;
/// How long after the end of its wait a subject's failures are remembered.
const MEMORY: Duration = Duration::from_secs(600);

/// Counts failures per subject (a user, an address) and says when it must wait: not at all for
/// the first `free` failures, then 1 s, 2 s, 4 s … up to `longest`. Tries during a wait don't
/// count and don't prolong it.
pub struct Throttle {
    free: u32,
    longest: Duration,
    hasher: RandomState,
    failures: Mutex<HashMap<u64, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    wait_until: SystemTime,
}

impl Throttle {
    /// Waits begin after `free` failures and last no longer than `longest`.
    pub fn new(free: u32, longest: Duration) -> Self {
        Self { free, longest, hasher: RandomState::new(), failures: Mutex::default() }
    }

    /// Whether `subject` may try now.
    pub fn allows(&self, subject: impl Hash, now: SystemTime) -> bool {
        let subject = self.hasher.hash_one(subject);
        self.table().get(&subject).is_none_or(|failures| {
            // A wait longer than the longest one comes from a clock that went back.
            failures
                .wait_until
                .duration_since(now)
                .map_or(true, |wait| wait.is_zero() || wait > self.longest)
        })
    }

    /// Counts a failure of `subject`.
    pub fn failed(&self, subject: impl Hash, now: SystemTime) {
        let subject = self.hasher.hash_one(subject);
        let mut table = self.table();
        let before = table.get(&subject).filter(|failures| !forgotten(failures, now));
        let count = before.map_or(1, |failures| failures.count.saturating_add(1));
        let wait_until = now.checked_add(self.wait(count)).unwrap_or(now);
        if table.len() >= CAPACITY && !table.contains_key(&subject) {
            make_room(&mut table, now);
        }
        table.insert(subject, Failures { count, wait_until });
    }

    /// Forgets the failures of `subject`.
    pub fn succeeded(&self, subject: impl Hash) {
        self.table().remove(&self.hasher.hash_one(subject));
    }

    fn wait(&self, count: u32) -> Duration {
        match count.checked_sub(self.free) {
            None | Some(0) => Duration::ZERO,
            Some(paid) => {
                let seconds = 1u64.checked_shl(paid.saturating_sub(1)).unwrap_or(u64::MAX);
                Duration::from_secs(seconds).min(self.longest)
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<u64, Failures>> {
        // No operation leaves the table half changed.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forgotten(failures: &Failures, now: SystemTime) -> bool {
    now.duration_since(failures.wait_until).is_ok_and(|since| since > MEMORY)
}

fn make_room(table: &mut HashMap<u64, Failures>, now: SystemTime) {
    table.retain(|_, failures| !forgotten(failures, now));
    if table.len() < CAPACITY {
        return;
    }
    let first = table.iter().min_by_key(|(_, failures)| failures.wait_until).map(|(key, _)| *key);
    if let Some(first) = first {
        table.remove(&first);
    }
}

/// What one subscriber holds, to count failures by: an IPv4 address, or the first 64 bits of an
/// IPv6 one.
pub fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h, ..] = address.octets();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let throttle = Throttle::new(2, Duration::from_secs(5));
        let mut now = 1000;
        let mut waits = Vec::new();
        for _ in 0..7 {
            throttle.failed("alice", at(now));
            let wait = (0..60).find(|wait| throttle.allows("alice", at(now + wait)));
            waits.push(wait.expect("ends"));
            now += wait.expect("ends");
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 5, 5]);
        assert!(throttle.allows("bob", at(1000)));
    }

    #[test]
    fn success_and_time_forget() {
        let throttle = Throttle::new(1, Duration::from_secs(30));
        throttle.failed("alice", at(0));
        throttle.failed("alice", at(0));
        assert!(!throttle.allows("alice", at(0)));
        throttle.succeeded("alice");
        assert!(throttle.allows("alice", at(0)));
        throttle.failed("bob", at(0));
        throttle.failed("bob", at(0));
        throttle.failed("bob", at(1000));
        assert!(throttle.allows("bob", at(1000)));
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let throttle = Throttle::new(0, Duration::from_secs(30));
        throttle.failed("alice", at(100_000));
        assert!(!throttle.allows("alice", at(100_000)));
        assert!(throttle.allows("alice", at(50)));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(0, Duration::from_secs(30));
        let at = |subject: usize| at(1) + Duration::from_millis(subject as u64);
        for subject in 0..CAPACITY + 100 {
            throttle.failed(subject, at(subject));
        }
        assert_eq!(throttle.table().len(), CAPACITY);
        let last = CAPACITY + 99;
        assert!(!throttle.allows(last, at(last)) && throttle.allows(0usize, at(0)));
    }
}
