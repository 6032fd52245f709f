//! Verifies NTLM logons against local accounts (the stand-alone mode).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::ntlm::{Key, response_key, verify_response};
use super::{AuthError, BoxFuture, Environment, NtlmLogon, NtlmResponse, Throttle, Verifier};
use crate::model::{Caller, LocalAccount, LocalAccounts, Sid, Token};

/// Checks responses against NT hashes of local accounts, with a back-off per user and per
/// address. Unknown users cost the same work, and wait, as known ones.
pub struct LocalVerifier {
    accounts: Arc<dyn LocalAccounts>,
    environment: Arc<dyn Environment>,
    users: Throttle,
    addresses: Throttle,
    /// Stands in for the hash of unknown users.
    nobody: Key,
}

impl LocalVerifier {
    /// A verifier with the usual limits: a user's sixth failure, and an address's thirty-first,
    /// make it wait, for 30 s at most.
    pub fn new(
        accounts: Arc<dyn LocalAccounts>,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, AuthError> {
        const LONGEST: Duration = Duration::from_secs(30);
        Self::with_limits(
            accounts,
            environment,
            Throttle::new(5, LONGEST),
            Throttle::new(30, LONGEST),
        )
    }

    /// A verifier with these limits for users and for addresses.
    pub fn with_limits(
        accounts: Arc<dyn LocalAccounts>,
        environment: Arc<dyn Environment>,
        users: Throttle,
        addresses: Throttle,
    ) -> Result<Self, AuthError> {
        let mut nobody = Zeroizing::new([0; 16]);
        environment.random(&mut *nobody)?;
        Ok(Self { accounts, environment, users, addresses, nobody })
    }

    fn check(&self, response: &NtlmResponse<'_>) -> Result<NtlmLogon, AuthError> {
        let now = self.environment.now();
        let (domain, user) = account_name(response);
        // Without the domain: spelling it another way buys no further tries.
        let user_key = user.to_uppercase();
        let address_key = network(response.peer.remote);
        if !self.users.allows(&user_key, now) || !self.addresses.allows(address_key, now) {
            return Err(AuthError::Throttled);
        }
        let account = self.accounts.local_account(domain, user);
        let nt_hash = account.as_ref().map_or(&self.nobody, |account| &account.nt_hash);
        let session_base_key = session_base_key(nt_hash, response);
        match (session_base_key, account) {
            (Some(session_base_key), Some(account)) if account.enabled => {
                self.users.succeeded(&user_key);
                Ok(NtlmLogon { session_base_key, caller: caller(account) })
            }
            _ => {
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

/// What one subscriber holds: an IPv4 address, or the first 64 bits of an IPv6 one.
fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h, ..] = address.octets();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
    }
}
