//! NTLM logons that the domain decides on: the brakes in front of it, the same whoever carries the
//! question there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::guard::LockoutGuard;
use super::status::{Denial, LogonError};
use crate::auth::{
    AuthError, BoxFuture, Environment, NtlmLogon, NtlmResponse, Throttle, Verifier, network,
};

/// How long a refusal that no password changes (disabled, locked out, no such user …) is kept:
/// long enough for the retries of a client, too short for an administrator to wait.
const REFUSAL_LIFE: Duration = Duration::from_secs(10);
/// Most refusals that are kept.
const CAPACITY: usize = 4096;

/// Carries a logon to the domain.
pub trait Judge: Send + Sync {
    /// The domain's verdict.
    fn judge<'a>(
        &'a self,
        response: &'a NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, LogonError>>;
}

/// Verifies logons by the domain's verdict.
///
/// A verdict is never asked for again: a client that repeats what was refused meets the brakes
/// here. Wrong passwords of an account are limited, so that they cannot lock it out in the
/// domain; refusals for another reason are remembered; and an address that fails for many users
/// has to wait.
pub struct DomainVerifier {
    judge: Arc<dyn Judge>,
    environment: Arc<dyn Environment>,
    guard: LockoutGuard,
    addresses: Throttle,
    refusals: Mutex<HashMap<(String, String), (Denial, Instant)>>,
}

impl DomainVerifier {
    /// A verifier that lets no more than `wrong_passwords` of an account through to the domain
    /// within `window`.
    pub fn new(
        judge: Arc<dyn Judge>,
        wrong_passwords: u32,
        window: Duration,
        environment: Arc<dyn Environment>,
    ) -> Self {
        Self {
            judge,
            environment,
            guard: LockoutGuard::new(wrong_passwords, window),
            addresses: Throttle::new(30, Duration::from_secs(30)),
            refusals: Mutex::default(),
        }
    }

    async fn decide(&self, response: &NtlmResponse<'_>) -> Result<NtlmLogon, AuthError> {
        let address = network(response.peer.remote);
        if !self.addresses.allows(address, self.environment.now()) {
            return Err(AuthError::Throttled);
        }
        let name = (response.domain.to_lowercase(), response.user.to_lowercase());
        if let Some(denial) = self.refusal(&name) {
            return Err(LogonError::Denied(denial).into());
        }
        let admission = self.guard.admit(account_key(&name.1)).await?;
        let outcome = self.judge.judge(response).await;
        match &outcome {
            Ok(_) => admission.succeeded(),
            Err(LogonError::Denied(denial)) => {
                self.addresses.failed(address, self.environment.now());
                match denial.counts_towards_lockout() {
                    true => admission.wrong_password(),
                    false => self.remember(name, *denial),
                }
            }
            Err(LogonError::Unavailable(_) | LogonError::Unusable(_)) => {}
        }
        Ok(outcome?)
    }

    fn refusal(&self, name: &(String, String)) -> Option<Denial> {
        let refusals = self.refusals();
        let (denial, until) = refusals.get(name)?;
        (Instant::now() < *until).then_some(*denial)
    }

    fn remember(&self, name: (String, String), denial: Denial) {
        let now = Instant::now();
        let mut refusals = self.refusals();
        if refusals.len() >= CAPACITY {
            refusals.retain(|_, (_, until)| now < *until);
        }
        if refusals.len() < CAPACITY {
            let until = now.checked_add(REFUSAL_LIFE).unwrap_or(now);
            refusals.insert(name, (denial, until));
        }
    }

    fn refusals(&self) -> MutexGuard<'_, HashMap<(String, String), (Denial, Instant)>> {
        // No operation leaves the table half changed.
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verifier for DomainVerifier {
    fn verify<'a>(
        &'a self,
        response: NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, AuthError>> {
        Box::pin(async move { self.decide(&response).await })
    }
}

/// What wrong passwords are counted by: the name without any domain, so that spelling an account's
/// domain another way (`WCCE\alice`, `alice@wcce.test`) buys no further tries. Accounts of one
/// name in two domains share the count, which does no harm.
fn account_key(user: &str) -> &str {
    user.split('@').next().unwrap_or(user)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::auth::{Peer, SystemEnvironment};
    use crate::model::{Caller, Token};

    /// Says the same to everybody, and counts how often it was asked.
    struct Verdicts {
        denial: Option<LogonError>,
        asked: AtomicUsize,
    }

    impl Judge for Verdicts {
        fn judge<'a>(
            &'a self,
            _: &'a NtlmResponse<'a>,
        ) -> BoxFuture<'a, Result<NtlmLogon, LogonError>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                match &self.denial {
                    Some(denial) => Err(denial.clone()),
                    None => Ok(NtlmLogon {
                        session_base_key: zeroize::Zeroizing::new([1; 16]),
                        caller: Caller {
                            account: r"WCCE\alice".into(),
                            token: Token::new("S-1-5-21-1-2-3-1103".parse().expect("a SID"), []),
                        },
                    }),
                }
            })
        }
    }

    struct Test {
        verdicts: Arc<Verdicts>,
        verifier: DomainVerifier,
    }

    fn test(denial: Option<LogonError>) -> Test {
        let verdicts = Arc::new(Verdicts { denial, asked: AtomicUsize::new(0) });
        let window = Duration::from_secs(1800);
        let verifier =
            DomainVerifier::new(verdicts.clone(), 3, window, Arc::new(SystemEnvironment));
        Test { verdicts, verifier }
    }

    impl Test {
        async fn log_on(&self, domain: &str, user: &str, from: [u8; 4]) -> Result<(), AuthError> {
            let peer = Peer { remote: from.into(), local: [127, 0, 0, 1].into() };
            let response = NtlmResponse {
                server_challenge: [0; 8],
                domain,
                user,
                workstation: "",
                nt_response: &[0; 64],
                peer,
            };
            self.verifier.verify(response).await.map(|_| ())
        }

        fn asked(&self) -> usize {
            self.verdicts.asked.load(Ordering::SeqCst)
        }
    }

    const HERE: [u8; 4] = [10, 0, 0, 1];

    #[tokio::test]
    async fn wrong_passwords_reach_the_domain_three_times_however_the_account_is_spelled() {
        let test = test(Some(LogonError::Denied(Denial::WrongPassword)));
        for (domain, user) in [
            ("WCCE", "alice"),
            ("wcce.test", "ALICE"),
            ("", "alice@wcce.test"),
            ("", "alice"),
            ("OTHER", "Alice"),
            ("WCCE", "alice"),
        ] {
            assert!(test.log_on(domain, user, HERE).await.is_err());
            assert!(test.log_on(domain, user, [10, 0, 0, 2]).await.is_err());
        }
        assert_eq!(test.asked(), 3);
        assert!(test.log_on("WCCE", "bob", HERE).await.is_err());
        assert_eq!(test.asked(), 4, "somebody else");
    }

    #[tokio::test]
    async fn other_refusals_are_remembered() {
        let test = test(Some(LogonError::Denied(Denial::Disabled)));
        for _ in 0..5 {
            let refused = test.log_on("WCCE", "alice", HERE).await;
            assert!(matches!(refused, Err(AuthError::LogonDenied(_))), "{refused:?}");
        }
        assert_eq!(test.asked(), 1);
    }

    #[tokio::test]
    async fn no_verdict_is_not_remembered() {
        let test = test(Some(LogonError::Unavailable("away".into())));
        for _ in 0..5 {
            let refused = test.log_on("WCCE", "alice", HERE).await;
            assert_eq!(refused, Err(AuthError::Unavailable("away".into())));
        }
        assert_eq!(test.asked(), 5);
    }

    #[tokio::test]
    async fn an_address_that_fails_for_many_users_waits() {
        let test = test(Some(LogonError::Denied(Denial::NoSuchUser)));
        for number in 0..60 {
            assert!(test.log_on("WCCE", &format!("user{number}"), HERE).await.is_err());
        }
        assert!(test.asked() < 35, "{}", test.asked());
        let before = test.asked();
        assert!(test.log_on("WCCE", "user99", [10, 9, 9, 9]).await.is_err());
        assert_eq!(test.asked(), before + 1, "another address");
    }

    #[tokio::test]
    async fn good_logons_are_asked_each_time() {
        let test = test(None);
        for _ in 0..50 {
            assert_eq!(test.log_on("WCCE", "alice", HERE).await, Ok(()));
        }
        assert_eq!(test.asked(), 50);
    }

    #[test]
    fn remembered_refusals_are_bounded() {
        let test = test(None);
        for number in 0..CAPACITY + 10 {
            test.verifier.remember((String::new(), number.to_string()), Denial::NoSuchUser);
        }
        assert_eq!(test.verifier.refusals().len(), CAPACITY);
    }
}
