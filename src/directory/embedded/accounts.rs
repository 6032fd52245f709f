//! Accounts and groups of the file, with their memberships resolved.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;
use zeroize::Zeroizing;

use super::file::{Account, Domain, File, Group};
use super::{Problem, problem};
use crate::model::{LocalAccount, Principal, PrincipalKind, Sid, Token};

/// Groups that every domain has: name, relative identifier, groups that it is a member of.
const DOMAIN_GROUPS: [(&str, u32, &[&str]); 6] = [
    ("Domain Admins", 512, &["Administrators"]),
    ("Domain Users", 513, &[]),
    ("Domain Computers", 515, &[]),
    ("Domain Controllers", 516, &[]),
    ("Cert Publishers", 517, &[]),
    ("Enterprise Admins", 519, &["Administrators"]),
];

/// Trustees that are no group of the domain.
fn well_known() -> [(&'static str, Sid); 4] {
    [
        ("Everyone", Sid::everyone()),
        ("Authenticated Users", Sid::authenticated_users()),
        ("Administrators", Sid::builtin_administrators()),
        ("Users", Sid::builtin_users()),
    ]
}

/// All accounts, by name and by SID.
pub(super) struct Accounts {
    pub(super) netbios: String,
    pub(super) dns: String,
    pub(super) domain_sid: Sid,
    accounts: Vec<Entry>,
    by_name: HashMap<String, usize>,
    by_upn: HashMap<String, usize>,
    by_sid: HashMap<Sid, usize>,
    dns_host_names: BTreeSet<String>,
    groups: HashMap<String, GroupEntry>,
}

struct Entry {
    principal: Principal,
    groups: Vec<Sid>,
    nt_hash: Option<Zeroizing<[u8; 16]>>,
}

struct GroupEntry {
    sid: Sid,
    member_of: Vec<String>,
}

impl Accounts {
    /// Takes domain, groups and accounts out of the file, and checks every name and identifier.
    pub(super) fn new(file: &mut File) -> Result<Self, Problem> {
        let mut out = Self::empty(&file.domain)?;
        let mut rids = BTreeSet::new();
        for group in &file.groups {
            out.add_group(group, &mut rids)?;
        }
        out.check_memberships()?;
        let users = std::mem::take(&mut file.users);
        let computers = std::mem::take(&mut file.computers);
        let of_kind = |kind| move |account| (kind, account);
        let all = users.into_iter().map(of_kind(PrincipalKind::User));
        for (kind, account) in
            all.chain(computers.into_iter().map(of_kind(PrincipalKind::Computer)))
        {
            out.add_account(kind, account, &mut rids)?;
        }
        Ok(out)
    }

    fn empty(domain: &Domain) -> Result<Self, Problem> {
        let domain_sid: Sid = domain
            .sid
            .parse()
            .map_err(|_| problem("domain.sid", "not a SID; write S-1-5-21-a-b-c"))?;
        if domain.netbios.is_empty() || domain.netbios.len() > 15 || domain.netbios.contains('\\') {
            return Err(problem("domain.netbios", "a NetBIOS name has 1 to 15 characters"));
        }
        let mut groups = HashMap::new();
        for (name, rid, member_of) in DOMAIN_GROUPS {
            let sid = domain_sid.with_rid(rid).map_err(|e| problem("domain.sid", e))?;
            let member_of = member_of.iter().map(ToString::to_string).collect();
            groups.insert(name.to_lowercase(), GroupEntry { sid, member_of });
        }
        for (name, sid) in well_known() {
            let entry = GroupEntry { sid, member_of: Vec::new() };
            groups.insert(name.to_lowercase(), entry);
        }
        Ok(Self {
            netbios: domain.netbios.clone(),
            dns: domain.dns.clone(),
            domain_sid,
            accounts: Vec::new(),
            by_name: HashMap::new(),
            by_upn: HashMap::new(),
            by_sid: HashMap::new(),
            dns_host_names: BTreeSet::new(),
            groups,
        })
    }

    fn add_group(&mut self, group: &Group, rids: &mut BTreeSet<u32>) -> Result<(), Problem> {
        let key = format!("groups {:?}", group.name);
        let sid = self.new_sid(&key, group.rid, rids)?;
        let entry = GroupEntry { sid, member_of: group.member_of.clone() };
        match self.groups.insert(group.name.to_lowercase(), entry) {
            Some(_) => Err(problem(key, "there is already a group of this name")),
            None => Ok(()),
        }
    }

    fn new_sid(&self, key: &str, rid: u32, rids: &mut BTreeSet<u32>) -> Result<Sid, Problem> {
        if rid < 1000 && rid != 500 {
            return Err(problem(key, "rid: 1000 and above, or 500 for the administrator"));
        }
        if !rids.insert(rid) {
            return Err(problem(key, format!("rid: {rid} is taken by another account or group")));
        }
        self.domain_sid.with_rid(rid).map_err(|e| problem(key, e))
    }

    fn check_memberships(&self) -> Result<(), Problem> {
        for (name, group) in &self.groups {
            self.expand(&format!("groups {name:?}"), &group.member_of)?;
        }
        Ok(())
    }

    /// The SIDs of these groups and of every group that they are members of, circles included.
    fn expand(&self, key: &str, names: &[String]) -> Result<BTreeSet<Sid>, Problem> {
        let mut sids = BTreeSet::new();
        let mut open: Vec<&str> = names.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            let group = self.groups.get(&name.to_lowercase()).ok_or_else(|| {
                problem(key, format!("member_of: there is no group {name:?} in this file"))
            })?;
            if sids.insert(group.sid.clone()) {
                open.extend(group.member_of.iter().map(String::as_str));
            }
        }
        Ok(sids)
    }

    fn add_account(
        &mut self,
        kind: PrincipalKind,
        account: Account,
        rids: &mut BTreeSet<u32>,
    ) -> Result<(), Problem> {
        let (section, primary_group) = match kind {
            PrincipalKind::User => ("users", "Domain Users"),
            PrincipalKind::Computer => ("computers", "Domain Computers"),
        };
        let key = format!("{section} {:?}", account.name);
        check_name(&key, kind, &account.name)?;
        let sid = self.new_sid(&key, account.rid, rids)?;
        let mut groups = self.expand(&key, &account.member_of)?;
        groups.extend(self.expand(&key, &[primary_group.to_owned()])?);
        let index = self.accounts.len();
        let upn = account.upn.as_deref().map(str::to_lowercase);
        let host = account.dns_host_name.as_deref().map(str::to_lowercase);
        let new = self.by_name.insert(account.name.to_lowercase(), index).is_none()
            && upn.is_none_or(|upn| self.by_upn.insert(upn, index).is_none())
            && host.is_none_or(|host| self.dns_host_names.insert(host));
        if !new {
            return Err(problem(key, "another account has the same name, upn or dns_host_name"));
        }
        self.by_sid.insert(sid.clone(), index);
        self.accounts.push(Entry {
            groups: groups.into_iter().collect(),
            nt_hash: account.nt_hash.as_ref().map(|hash| hash.0.clone()),
            principal: self.principal(kind, account, sid),
        });
        Ok(())
    }

    fn principal(&self, kind: PrincipalKind, account: Account, sid: Sid) -> Principal {
        let cn = account.cn.unwrap_or_else(|| account.name.trim_end_matches('$').to_owned());
        let container = match kind {
            PrincipalKind::User => "Users",
            PrincipalKind::Computer => "Computers",
        };
        let distinguished_name = account.distinguished_name.unwrap_or_else(|| {
            let dcs: Vec<_> = self.dns.split('.').map(|label| format!("DC={label}")).collect();
            format!("CN={},CN={container},{}", escape_rdn(&cn), dcs.join(","))
        });
        Principal {
            guid: account.guid.map_or_else(|| guid_of(&sid), |guid| guid.0).to_bytes_le(),
            sid,
            kind,
            domain: self.netbios.clone(),
            dns_domain: self.dns.clone(),
            sam_account_name: account.name,
            cn,
            distinguished_name,
            upn: account.upn,
            mail: account.mail,
            dns_host_name: account.dns_host_name,
            service_principal_names: account.service_principal_names,
            enabled: account.enabled,
        }
    }

    pub(super) fn by_sid(&self, sid: &Sid) -> Option<&Principal> {
        self.by_sid.get(sid).and_then(|index| self.accounts.get(*index)).map(|e| &e.principal)
    }

    /// By a domain (empty, NetBIOS or DNS name) and an account name, or by a UPN, whole or split
    /// at its at sign.
    pub(super) fn by_name(&self, domain: &str, user: &str) -> Option<&Principal> {
        self.entry(domain, user).map(|entry| &entry.principal)
    }

    fn entry(&self, domain: &str, user: &str) -> Option<&Entry> {
        let ours = self.is_ours(domain);
        let user = user.to_lowercase();
        let upn = if domain.is_empty() { user.clone() } else { format!("{user}@{domain}") };
        let by_upn = || self.by_upn.get(&upn.to_lowercase());
        let index = ours.then(|| self.by_name.get(&user)).flatten().or_else(by_upn)?;
        self.accounts.get(*index)
    }

    /// The account as NTLM verifies it; accounts without a hash can't log on.
    pub(super) fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount> {
        let entry = self.entry(domain, user)?;
        let principal = &entry.principal;
        Some(LocalAccount {
            account: format!("{}\\{}", principal.domain, principal.sam_account_name),
            nt_hash: entry.nt_hash.clone()?,
            sid: principal.sid.clone(),
            groups: entry.groups.clone(),
            enabled: principal.enabled,
        })
    }

    /// The token of an account of the file.
    pub(super) fn token(&self, sid: &Sid) -> Option<Token> {
        let entry = self.by_sid.get(sid).and_then(|index| self.accounts.get(*index))?;
        Some(Token::new(sid.clone(), entry.groups.clone()))
    }

    /// As [`Self::trustee`], with the domain before the name or without it.
    pub(super) fn qualified_trustee(&self, name: &str) -> Option<Sid> {
        match name.split_once('\\') {
            Some((domain, _)) if !self.is_ours(domain) => None,
            Some((_, account)) => self.trustee(account),
            None => self.trustee(name),
        }
    }

    fn is_ours(&self, domain: &str) -> bool {
        domain.is_empty()
            || domain.eq_ignore_ascii_case(&self.netbios)
            || domain.eq_ignore_ascii_case(&self.dns)
    }

    /// The SID of an account, of a group, or of a SID in text, for lists of trustees.
    pub(super) fn trustee(&self, name: &str) -> Option<Sid> {
        let lower = name.to_lowercase();
        let account = || self.by_name.get(&lower).and_then(|index| self.accounts.get(*index));
        self.groups
            .get(&lower)
            .map(|group| group.sid.clone())
            .or_else(|| account().map(|entry| entry.principal.sid.clone()))
            .or_else(|| name.parse().ok())
    }
}

fn check_name(key: &str, kind: PrincipalKind, name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.contains(['\\', '/', '@', '"']) || name.chars().any(char::is_control)
    {
        return Err(problem(key, "name: an account name without \\ / @ \" and control characters"));
    }
    if (kind == PrincipalKind::Computer) != name.ends_with('$') {
        return Err(problem(key, "name: names of computers, and only those, end with $"));
    }
    Ok(())
}

/// Escapes an attribute value for a distinguished name (RFC 4514 2.4).
fn escape_rdn(value: &str) -> String {
    let mut out = String::new();
    for (index, character) in value.chars().enumerate() {
        let outer = index == 0 && matches!(character, ' ' | '#');
        if outer || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
            out.push('\\');
        }
        out.push(character);
    }
    if out.ends_with(' ') {
        out.pop();
        out.push_str("\\ ");
    }
    out
}

/// A GUID for an account that the file gives none: the same at every start.
fn guid_of(sid: &Sid) -> Uuid {
    let text = format!("wcce embedded directory {sid}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
