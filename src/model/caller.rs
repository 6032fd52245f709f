//! Who calls: the account behind a security context, and its token.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use super::Sid;

/// The SIDs that an access check compares: user, groups, and the well-known ones of every
/// authenticated network logon. [`Token::new`] is the only way to one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    user: Sid,
    sids: BTreeSet<Sid>,
}

impl Token {
    /// A token for `user`. Adds S-1-1-0, S-1-5-2, S-1-5-11, S-1-5-15 and the BUILTIN aliases
    /// that every authenticated account is a member of on a CA (S-1-5-32-545, S-1-5-32-574).
    pub fn new(user: Sid, groups: impl IntoIterator<Item = Sid>) -> Self {
        let mut sids: BTreeSet<Sid> = groups.into_iter().collect();
        sids.insert(user.clone());
        sids.extend([
            Sid::everyone(),
            Sid::network(),
            Sid::authenticated_users(),
            Sid::this_organization(),
            Sid::builtin_users(),
            Sid::certificate_service_dcom_access(),
        ]);
        Self { user, sids }
    }

    /// The account's own SID.
    pub fn user(&self) -> &Sid {
        &self.user
    }

    /// Whether the token holds `sid`.
    pub fn holds(&self, sid: &Sid) -> bool {
        self.sids.contains(sid)
    }

    /// All SIDs of the token.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        self.sids.iter()
    }
}

/// An authenticated caller. Names and SIDs come from the account database, never from the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// `DOMAIN\account`, as the account database spells it.
    pub account: String,
    /// The access token.
    pub token: Token,
}

/// An account that the stand-alone mode verifies itself.
#[derive(Clone)]
pub struct LocalAccount {
    /// `DOMAIN\account`.
    pub account: String,
    /// MD4 of the UTF-16LE password.
    pub nt_hash: Zeroizing<[u8; 16]>,
    /// The account's SID.
    pub sid: Sid,
    /// SIDs of its groups.
    pub groups: Vec<Sid>,
    /// Whether it may log on.
    pub enabled: bool,
}

/// Where local accounts are looked up (the embedded directory).
pub trait LocalAccounts: Send + Sync {
    /// The account of this name (compared without case); `domain` may be empty, the NetBIOS
    /// or the DNS name of the domain.
    fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount>;
}
