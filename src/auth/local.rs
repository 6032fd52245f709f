//! Verifies NTLM logons against local accounts (the stand-alone mode).

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::ntlm::{Key, response_key, verify_response};
use super::{
    AuthError, BoxFuture, Environment, NtlmLogon, NtlmResponse, Throttle, Verifier, network,
};
use crate::model::{Caller, LocalAccount, LocalAccounts, Sid, Token};

/// Checks responses against NT hashes of local accounts, with back-offs. Unknown users cost the
/// same work, and wait, as known ones.
pub struct LocalVerifier {
    accounts: Arc<dyn LocalAccounts>,
    environment: Arc<dyn Environment>,
    /// A user at an address: guessing one password.
    guesses: Throttle,
    /// A user at whatever address: guessing from many. Kept short, so that nobody can lock
    /// others out by failing in their name.
    users: Throttle,
    /// An address with whatever users: trying one password on many.
    addresses: Throttle,
    /// Stands in for the hash of unknown users.
    nobody: Key,
}

impl LocalVerifier {
    /// A verifier with the usual limits: a user's sixth failure at one address, and an address's
    /// thirty-first, make it wait, for 30 s at most; a user's fifty-first makes all addresses
    /// wait, for 5 s at most.
    pub fn new(
        accounts: Arc<dyn LocalAccounts>,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, AuthError> {
        const LONGEST: Duration = Duration::from_secs(30);
        let mut nobody = Zeroizing::new([0; 16]);
        environment.random(&mut *nobody)?;
        Ok(Self {
            accounts,
            environment,
            guesses: Throttle::new(5, LONGEST),
            users: Throttle::new(50, Duration::from_secs(5)),
            addresses: Throttle::new(30, LONGEST),
            nobody,
        })
    }

    fn check(&self, response: &NtlmResponse<'_>) -> Result<NtlmLogon, AuthError> {
        let now = self.environment.now();
        let (domain, user) = account_name(response);
        let account = self.accounts.local_account(domain, user);
        // The account's own name: spelling it another way buys no further tries.
        let known = account.as_ref().map(|account| account.account.to_lowercase());
        let user_key = known.unwrap_or_else(|| user.to_lowercase());
        let address_key = network(response.peer.remote);
        let guess_key = (&user_key, address_key);
        if !self.guesses.allows(guess_key, now)
            || !self.users.allows(&user_key, now)
            || !self.addresses.allows(address_key, now)
        {
            return Err(AuthError::Throttled);
        }
        let nt_hash = account.as_ref().map_or(&self.nobody, |account| &account.nt_hash);
        let session_base_key = session_base_key(nt_hash, response);
        match (session_base_key, account) {
            (Some(session_base_key), Some(account)) if account.enabled => {
                self.guesses.succeeded(guess_key);
                self.users.succeeded(&user_key);
                Ok(NtlmLogon { session_base_key, caller: caller(account) })
            }
            _ => {
                self.guesses.failed(guess_key, now);
                self.users.failed(&user_key, now);
                self.addresses.failed(address_key, now);
                Err(AuthError::LogonFailure)
            }
        }
    }
}

impl Verifier for LocalVerifier {
    fn verify<'a>(
        &'a self,
        response: NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, AuthError>> {
        Box::pin(async move { self.check(&response) })
    }
}

/// Domain and user: a user principal name without a domain beside it is taken apart.
fn account_name<'a>(response: &NtlmResponse<'a>) -> (&'a str, &'a str) {
    match response.user.rsplit_once('@') {
        Some((user, domain)) if response.domain.is_empty() => (domain, user),
        _ => (response.domain, response.user),
    }
}

/// The response is made with the domain as the client sent it or, by [MS-NLMP] 3.2.5.1.2, with
/// an empty one. Both are always tried, so that the time tells nothing.
fn session_base_key(nt_hash: &Key, response: &NtlmResponse<'_>) -> Option<Key> {
    let with_domain = |domain: &str| {
        let key = response_key(nt_hash, response.user, domain);
        verify_response(&key, &response.server_challenge, response.nt_response)
    };
    let (as_sent, empty) = (with_domain(response.domain), with_domain(""));
    as_sent.or(empty)
}

fn caller(account: LocalAccount) -> Caller {
    let groups = account.groups.into_iter().chain([Sid::ntlm_authentication()]);
    Caller { account: account.account, token: Token::new(account.sid, groups) }
}
