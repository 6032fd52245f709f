//! What opens what the parties of a capture have sealed.

use zeroize::Zeroizing;

use crate::auth::keytab::KeytabEntry;
use crate::auth::ntlm::{Key, nt_hash};

/// Secrets to try on every exchange of a capture. Anonymous logons need none.
#[derive(Default)]
pub struct Secrets {
    /// Passwords of accounts, for NTLM.
    pub accounts: Vec<AccountSecret>,
    /// Keys of services, for Kerberos.
    pub keytab: Vec<KeytabEntry>,
    /// Keys that acceptors of Kerberos chose, where their service's key is not at hand.
    pub acceptor_subkeys: Vec<Zeroizing<Vec<u8>>>,
}

/// The NT hash of an account.
pub struct AccountSecret {
    /// The account's name without its domain; `None`: to be tried on all.
    pub user: Option<String>,
    /// The hash.
    pub nt_hash: Key,
}

impl Secrets {
    /// The password of one account, or one that is to be tried on all.
    pub fn of_password(user: Option<&str>, password: &str) -> Self {
        let account = AccountSecret { user: user.map(str::to_owned), nt_hash: nt_hash(password) };
        Self { accounts: vec![account], ..Self::default() }
    }

    /// The keys of services.
    pub fn of_keytab(keytab: Vec<KeytabEntry>) -> Self {
        Self { keytab, ..Self::default() }
    }

    /// Hashes to be tried on a logon of `user`.
    pub(super) fn hashes(&self, user: &str) -> impl Iterator<Item = &Key> {
        // Names as DOMAIN\user and user@domain are what people type.
        let same = move |known: &str| {
            let name = known.rsplit('\\').next().unwrap_or(known);
            let name = name.split('@').next().unwrap_or(name);
            name.to_lowercase() == user.to_lowercase()
        };
        let fits = move |account: &&AccountSecret| account.user.as_deref().is_none_or(same);
        self.accounts.iter().filter(fits).map(|account| &account.nt_hash)
    }
}
