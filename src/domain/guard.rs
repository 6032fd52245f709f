//! Keeps wrong passwords from locking accounts out: a client that tries on and on must not raise
//! the domain's count of bad passwords (badPwdCount) to the lockout threshold.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::auth::AuthError;

/// Most accounts with wrong passwords that are remembered.
const CAPACITY: usize = 8192;

/// Lets so many wrong passwords of an account through to the domain, and none within a window
/// after the last of them. Logons whose verdict is still out count as wrong: more than that many
/// of one account wait for each other.
pub struct LockoutGuard {
    limit: u32,
    window: Duration,
    hasher: RandomState,
    accounts: Mutex<HashMap<u64, Account>>,
    released: Notify,
}

#[derive(Clone, Copy, Default)]
struct Account {
    wrong: u32,
    last_wrong: Option<Instant>,
    in_flight: u32,
}

impl Account {
    fn forget_old(&mut self, window: Duration, now: Instant) {
        let old = |last: Instant| now.saturating_duration_since(last) >= window;
        if self.last_wrong.is_none_or(old) {
            (self.wrong, self.last_wrong) = (0, None);
        }
    }
}

/// A logon that may ask the domain. Dropped without a word, it counts for nothing.
pub struct Admission<'a> {
    guard: &'a LockoutGuard,
    account: u64,
}

impl LockoutGuard {
    /// `limit` wrong passwords (at least one) within `window`.
    pub fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit: limit.max(1),
            window,
            hasher: RandomState::new(),
            accounts: Mutex::default(),
            released: Notify::new(),
        }
    }

    /// Admits a logon of this account, once those before it have left room for one more wrong
    /// password.
    ///
    /// # Errors
    /// Where the account has used its wrong passwords up.
    pub async fn admit(&self, account: &str) -> Result<Admission<'_>, AuthError> {
        let account = self.hasher.hash_one(account);
        loop {
            let mut released = pin!(self.released.notified());
            released.as_mut().enable();
            match self.try_admit(account, Instant::now()) {
                Some(true) => return Ok(Admission { guard: self, account }),
                Some(false) => released.await,
                None => return Err(AuthError::Throttled),
            }
        }
    }

    /// Whether there is room; `None` where there will be none until the window has passed.
    fn try_admit(&self, subject: u64, now: Instant) -> Option<bool> {
        let mut accounts = self.accounts();
        if accounts.len() >= CAPACITY && !accounts.contains_key(&subject) {
            make_room(&mut accounts, self.window, now);
        }
        let account = accounts.entry(subject).or_default();
        account.forget_old(self.window, now);
        if account.wrong >= self.limit {
            return None;
        }
        let room = account.wrong.saturating_add(account.in_flight) < self.limit;
        if room {
            account.in_flight = account.in_flight.saturating_add(1);
        }
        Some(room)
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<u64, Account>> {
        // No operation leaves the table half changed.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is over, and if that isn't enough, the account whose last wrong password is the
/// longest ago. Accounts with logons in flight stay; the server's limits bound them.
fn make_room(accounts: &mut HashMap<u64, Account>, window: Duration, now: Instant) {
    accounts.retain(|_, account| {
        account.forget_old(window, now);
        account.in_flight > 0 || account.wrong > 0
    });
    if accounts.len() < CAPACITY {
        return;
    }
    let idle = accounts.iter().filter(|(_, account)| account.in_flight == 0);
    let oldest = idle.min_by_key(|(_, account)| account.last_wrong).map(|(subject, _)| *subject);
    if let Some(oldest) = oldest {
        accounts.remove(&oldest);
    }
}

impl Admission<'_> {
    /// The password was wrong.
    pub fn wrong_password(self) {
        if let Some(account) = self.guard.accounts().get_mut(&self.account) {
            account.wrong = account.wrong.saturating_add(1);
            account.last_wrong = Some(Instant::now());
        }
    }

    /// The logon was good: the domain forgets wrong passwords, too.
    pub fn succeeded(self) {
        if let Some(account) = self.guard.accounts().get_mut(&self.account) {
            (account.wrong, account.last_wrong) = (0, None);
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let mut accounts = self.guard.accounts();
        if let Some(account) = accounts.get_mut(&self.account) {
            account.in_flight = account.in_flight.saturating_sub(1);
            if account.in_flight == 0 && account.wrong == 0 {
                accounts.remove(&self.account);
            }
        }
        drop(accounts);
        self.guard.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(1800);

    #[tokio::test]
    async fn so_many_wrong_passwords_and_no_more() {
        let guard = LockoutGuard::new(3, WINDOW);
        for _ in 0..3 {
            guard.admit("alice").await.expect("room").wrong_password();
        }
        assert_eq!(guard.admit("alice").await.map(drop), Err(AuthError::Throttled));
        guard.admit("bob").await.expect("somebody else").succeeded();
    }

    #[tokio::test]
    async fn success_forgets() {
        let guard = LockoutGuard::new(2, WINDOW);
        for _ in 0..5 {
            guard.admit("alice").await.expect("room").wrong_password();
            guard.admit("alice").await.expect("room").succeeded();
        }
        assert!(guard.accounts().is_empty());
    }

    #[tokio::test]
    async fn the_window_ends() {
        let guard = LockoutGuard::new(1, Duration::from_millis(50));
        guard.admit("alice").await.expect("room").wrong_password();
        assert!(guard.admit("alice").await.is_err());
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert!(guard.admit("alice").await.is_ok());
    }

    #[tokio::test]
    async fn no_verdict_counts_for_nothing() {
        let guard = LockoutGuard::new(1, WINDOW);
        for _ in 0..5 {
            drop(guard.admit("alice").await.expect("room"));
        }
        assert!(guard.accounts().is_empty());
    }

    /// Twenty logons at once with a wrong password: three reach the domain.
    #[tokio::test]
    async fn logons_at_once_cannot_pass_the_limit_together() {
        let guard = Arc::new(LockoutGuard::new(3, WINDOW));
        let logons: Vec<_> = (0..20)
            .map(|_| {
                let guard = Arc::clone(&guard);
                tokio::spawn(async move {
                    let admission = guard.admit("alice").await?;
                    tokio::task::yield_now().await;
                    admission.wrong_password();
                    Ok::<(), AuthError>(())
                })
            })
            .collect();
        let mut reached = 0;
        for logon in logons {
            reached += usize::from(logon.await.expect("no panic").is_ok());
        }
        assert_eq!(reached, 3);
    }

    /// Good logons of one account wait for each other, but all of them get through.
    #[tokio::test]
    async fn good_logons_at_once_all_get_through() {
        let guard = Arc::new(LockoutGuard::new(2, WINDOW));
        let logons: Vec<_> = (0..50)
            .map(|_| {
                let guard = Arc::clone(&guard);
                tokio::spawn(async move {
                    let admission = guard.admit("alice").await.expect("room in the end");
                    tokio::task::yield_now().await;
                    admission.succeeded();
                })
            })
            .collect();
        for logon in logons {
            logon.await.expect("no panic");
        }
        assert!(guard.accounts().is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let guard = LockoutGuard::new(1, WINDOW);
        for number in 0..CAPACITY + 100 {
            let subject = u64::try_from(number).expect("small");
            assert_eq!(guard.try_admit(subject, Instant::now()), Some(true));
            Admission { guard: &guard, account: subject }.wrong_password();
        }
        assert_eq!(guard.accounts().len(), CAPACITY);
    }
}
