//! Look-ups of accounts and groups ([MS-WCCE] 3.2.2.1.3), with a short memory.

use std::sync::Arc;
use std::time::SystemTime;

use ldap3::{Scope, ldap_escape};
use tracing::warn;

use super::connection::Query;
use super::dialer::Dialer;
use super::entry::Entry;
use super::forest::{Domain, Forest};
use super::link::{LinkError, Role};
use super::memory::Memory;
use super::slot::Slot;
use super::state::{ReadAt, State};
use crate::directory::DirectoryError;
use crate::directory::config::ActiveDirectoryConfig;
use crate::model::{Principal, PrincipalKind, Sid, Token, from_filetime};

const ATTRIBUTES: [&str; 14] = [
    "objectClass",
    "objectSid",
    "objectGUID",
    "sAMAccountName",
    "cn",
    "distinguishedName",
    "userPrincipalName",
    "mail",
    "dNSHostName",
    "servicePrincipalName",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "objectCategory",
];

pub(super) struct Accounts {
    config: Arc<ActiveDirectoryConfig>,
    state: Arc<State>,
    controllers: Slot,
    catalogs: Slot,
    principals: Memory<Lookup, Principal>,
    tokens: Memory<Sid, Token>,
    trustees: Memory<String, Sid>,
}

/// What a principal is looked up by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Lookup {
    Sid(Sid),
    /// In lower case.
    Name(String),
}

/// Where to look, and for what.
struct Place<'a> {
    role: Role,
    base: &'a str,
    filter: String,
}

impl Accounts {
    pub(super) fn new(
        config: Arc<ActiveDirectoryConfig>,
        dialer: &Arc<Dialer>,
        state: Arc<State>,
    ) -> Self {
        Self {
            config,
            state,
            controllers: Slot::new(Arc::clone(dialer), Role::DomainController),
            catalogs: Slot::new(Arc::clone(dialer), Role::GlobalCatalog),
            principals: Memory::default(),
            tokens: Memory::default(),
            trustees: Memory::default(),
        }
    }

    pub(super) async fn by_sid(&self, sid: &Sid) -> Result<Option<Principal>, DirectoryError> {
        let forest = self.state.forest()?;
        let key = Lookup::Sid(sid.clone());
        let look = async {
            let filter = account(&format!("(objectSid={})", escape_bytes(&sid.to_bytes())));
            self.principal(&forest, &sid.to_string(), self.place_of(&forest, sid, filter)).await
        };
        self.remembered(&self.principals, key, &sid.to_string(), look).await
    }

    pub(super) async fn by_account(&self, name: &str) -> Result<Option<Principal>, DirectoryError> {
        let forest = self.state.forest()?;
        let look = async {
            for place in places(&forest, name, &account) {
                if let Some(found) = self.principal(&forest, name, place).await? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        self.remembered(&self.principals, Lookup::Name(name.to_lowercase()), name, look).await
    }

    pub(super) async fn token(&self, sid: &Sid) -> Result<Option<Token>, DirectoryError> {
        let forest = self.state.forest()?;
        if !forest.is_own(sid) {
            return Err(DirectoryError::Unsupported {
                problem: format!(
                    "the groups of {sid}, an account of another domain, cannot be told"
                ),
            });
        }
        let look = async {
            let filter = account(&format!("(objectSid={})", escape_bytes(&sid.to_bytes())));
            let place = self.place_of(&forest, sid, filter);
            let text = sid.to_string();
            let Some(found) = self.one(&forest, &text, place, &["distinguishedName"]).await? else {
                return Ok(None);
            };
            // Constructed: there for one object at a time alone ([MS-ADTS] 3.1.1.4.5.19).
            let query = Query::object(&found.dn, &["tokenGroups"]);
            let found = self.controllers.search(&forest.root, &query).await?;
            let Some(entry) = found.first() else { return Ok(None) };
            let groups = entry.attributes.values("tokenGroups");
            if groups.is_empty() {
                // Everybody has a primary group: the account that this CA logs on as may not
                // read the attribute.
                return Err(DirectoryError::Unsupported {
                    problem: format!(
                        "the groups of {sid} cannot be read; add this machine's account to \
                         Windows Authorization Access Group"
                    ),
                });
            }
            let groups: Result<Vec<Sid>, _> =
                groups.iter().map(|group| Sid::from_bytes(group)).collect();
            let groups = groups.map_err(|_| DirectoryError::Object {
                dn: entry.dn.clone(),
                problem: "tokenGroups: not SIDs".to_owned(),
            })?;
            Ok(Some(Token::new(sid.clone(), groups)))
        };
        self.remembered(&self.tokens, sid.clone(), &sid.to_string(), look).await
    }

    pub(super) async fn trustee(&self, name: &str) -> Result<Option<Sid>, DirectoryError> {
        if let Some(sid) = name.parse().ok().or_else(|| well_known(name)) {
            return Ok(Some(sid));
        }
        let forest = self.state.forest()?;
        let look = async {
            for place in places(&forest, name, &|filter| format!("(&(objectSid=*){filter})")) {
                let found = self.one(&forest, name, place, &["objectSid"]).await?;
                if let Some(sid) = found.and_then(|entry| entry.sid()) {
                    return Ok(Some(sid));
                }
            }
            Ok(None)
        };
        self.remembered(&self.trustees, name.to_lowercase(), name, look).await
    }

    /// What is known, if it is young; else what `look` finds; else, while no domain controller
    /// answers, what is known, up to `directory.max_age`.
    async fn remembered<K: std::hash::Hash + Eq + Clone, V: Clone>(
        &self,
        memory: &Memory<K, V>,
        key: K,
        name: &str,
        look: impl Future<Output = Result<Option<V>, DirectoryError>>,
    ) -> Result<Option<V>, DirectoryError> {
        let known = memory.get(&key);
        if let Some((age, value)) = &known
            && *age <= self.config.account_age
        {
            return Ok(Some(value.clone()));
        }
        let read_at = ReadAt::now();
        match look.await {
            Ok(Some(value)) => {
                memory.put(key, read_at, value.clone());
                Ok(Some(value))
            }
            Ok(None) => {
                memory.forget(&key);
                Ok(None)
            }
            Err(error @ DirectoryError::Unavailable { .. }) => match known {
                Some((age, value)) if age <= self.config.max_age => {
                    warn!(account = name, age_seconds = age.as_secs(), %error,
                        "what is known of an account is used");
                    Ok(Some(value))
                }
                Some((age, _)) => Err(DirectoryError::Stale { age, limit: self.config.max_age }),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn principal(
        &self,
        forest: &Forest,
        name: &str,
        place: Place<'_>,
    ) -> Result<Option<Principal>, DirectoryError> {
        let Some(entry) = self.one(forest, name, place, &ATTRIBUTES).await? else {
            return Ok(None);
        };
        principal(&entry, forest, SystemTime::now()).map(Some).map_err(|problem| {
            DirectoryError::Object { dn: entry.dn.clone(), problem: problem.to_owned() }
        })
    }

    /// The one object there; that there are two is an error.
    async fn one(
        &self,
        forest: &Forest,
        name: &str,
        place: Place<'_>,
        attributes: &[&str],
    ) -> Result<Option<Entry>, DirectoryError> {
        let slot = match place.role {
            Role::DomainController => &self.controllers,
            Role::GlobalCatalog => &self.catalogs,
        };
        let query = Query {
            base: place.base,
            scope: Scope::Subtree,
            filter: &place.filter,
            attributes,
            security: false,
        };
        let mut found = slot.search(&forest.root, &query).await?;
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(DirectoryError::Ambiguous { name: name.to_owned() }),
        }
    }

    fn place_of<'a>(&self, forest: &'a Forest, sid: &Sid, filter: String) -> Place<'a> {
        match forest.is_own(sid) {
            true => Place { role: Role::DomainController, base: &forest.own.dn, filter },
            false => Place { role: Role::GlobalCatalog, base: "", filter },
        }
    }
}

impl From<LinkError> for DirectoryError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Refused { ref refusal, .. } if !error.is_outage() => Self::Refused {
                code: refusal.code,
                win32: refusal.win32(),
                problem: error.to_string(),
            },
            LinkError::Answer { .. } => {
                Self::Refused { code: 80, win32: None, problem: error.to_string() }
            }
            _ => Self::Unavailable { problem: error.to_string() },
        }
    }
}

/// Users and computers; service accounts are of subclasses.
pub(super) fn account(filter: &str) -> String {
    format!("(&(objectClass=user){filter})")
}

/// Where a name may be found: `DOMAIN\account`, `account@suffix`, or an account of the own domain.
fn places<'a>(forest: &'a Forest, name: &str, filter: &dyn Fn(&str) -> String) -> Vec<Place<'a>> {
    let by_account = |domain: &'a Domain, account: &str| Place {
        role: match *domain == forest.own {
            true => Role::DomainController,
            false => Role::GlobalCatalog,
        },
        base: &domain.dn,
        filter: filter(&format!("(sAMAccountName={})", ldap_escape(account))),
    };
    if let Some((domain, account)) = name.split_once('\\') {
        return forest
            .domain(domain)
            .map(|domain| by_account(domain, account))
            .into_iter()
            .collect();
    }
    let Some((account, suffix)) = name.rsplit_once('@') else {
        return vec![by_account(&forest.own, name)];
    };
    let (role, base) = match forest.domains.len() {
        1 => (Role::DomainController, forest.own.dn.as_str()),
        _ => (Role::GlobalCatalog, ""),
    };
    let filter = filter(&format!("(userPrincipalName={})", ldap_escape(name)));
    let explicit = Place { role, base, filter };
    // Every account has a name of this form, unless another one has it in writing.
    let implicit = forest.domain(suffix).map(|domain| by_account(domain, account));
    [Some(explicit), implicit].into_iter().flatten().collect()
}

pub(super) fn escape_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Names that no directory holds.
fn well_known(name: &str) -> Option<Sid> {
    let name = name.to_lowercase();
    let name =
        name.strip_prefix(r"nt authority\").or(name.strip_prefix(r"builtin\")).unwrap_or(&name);
    match name {
        "everyone" => Some(Sid::everyone()),
        "authenticated users" => Some(Sid::authenticated_users()),
        "network" => Some(Sid::network()),
        "administrators" => Some(Sid::builtin_administrators()),
        "users" => Some(Sid::builtin_users()),
        _ => None,
    }
}

const ACCOUNT_DISABLED: i64 = 0x2;
const LOCKED_OUT: i64 = 0x10;

fn principal(entry: &Entry, forest: &Forest, now: SystemTime) -> Result<Principal, &'static str> {
    let text = |name: &str| entry.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let domain = forest.domain_of(&entry.dn).ok_or("it is in no domain of the forest")?;
    let guid = entry.value("objectGUID").and_then(|guid| guid.try_into().ok());
    let computer = entry.texts("objectClass").any(|class| class.eq_ignore_ascii_case("computer"));
    Ok(Principal {
        sid: entry.sid().ok_or("objectSid: no SID")?,
        guid: guid.ok_or("objectGUID: no GUID")?,
        kind: if computer { PrincipalKind::Computer } else { PrincipalKind::User },
        domain: domain.netbios.clone(),
        dns_domain: domain.dns.clone(),
        sam_account_name: text("sAMAccountName").ok_or("sAMAccountName: no text")?,
        cn: text("cn").ok_or("cn: no text")?,
        distinguished_name: entry.dn.clone(),
        upn: text("userPrincipalName"),
        mail: text("mail"),
        dns_host_name: text("dNSHostName"),
        service_principal_names: entry.texts("servicePrincipalName").map(str::to_owned).collect(),
        enabled: is_enabled(entry, now),
    })
}

/// Whether the account may log on: neither disabled, nor locked out, nor expired. What cannot be
/// read is taken for disabled.
fn is_enabled(entry: &Entry, now: SystemTime) -> bool {
    let disabled =
        entry.number("userAccountControl").is_none_or(|flags| flags & ACCOUNT_DISABLED != 0);
    let computed = entry.number("msDS-User-Account-Control-Computed").unwrap_or_default();
    // 0 and the largest number are for ever.
    let expires = entry.number("accountExpires").filter(|time| !matches!(*time, 0 | i64::MAX));
    let expired = expires.is_some_and(|time| filetime(time).is_none_or(|time| time <= now));
    !(disabled || computed & LOCKED_OUT != 0 || expired)
}

/// 100 ns since 1601.
fn filetime(time: i64) -> Option<SystemTime> {
    from_filetime(u64::try_from(time).ok()?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn entry(attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry { dn: "CN=a,DC=wcce,DC=test".to_owned(), ..Entry::default() };
        for (name, value) in attributes {
            entry.attributes.insert(name, [value.as_bytes().to_vec()]);
        }
        entry
    }

    fn enabled(attributes: &[(&str, &str)]) -> bool {
        // 2024-01-01.
        let now = UNIX_EPOCH + Duration::from_secs(1_704_067_200);
        is_enabled(&entry(attributes), now)
    }

    #[test]
    fn disabled_locked_and_expired_accounts_are_told() {
        assert!(enabled(&[("userAccountControl", "512")]));
        assert!(enabled(&[("userAccountControl", "512"), ("accountExpires", "0")]));
        assert!(enabled(&[
            ("userAccountControl", "512"),
            ("accountExpires", "9223372036854775807")
        ]));
        // 2024-07-01.
        assert!(enabled(&[
            ("userAccountControl", "512"),
            ("accountExpires", "133642944000000000")
        ]));
        // 2023-01-01.
        assert!(!enabled(&[
            ("userAccountControl", "512"),
            ("accountExpires", "133170048000000000")
        ]));
        assert!(!enabled(&[("userAccountControl", "514")]));
        let locked = ("msDS-User-Account-Control-Computed", "16");
        assert!(!enabled(&[("userAccountControl", "512"), locked]));
        assert!(!enabled(&[]), "what cannot be read is taken for disabled");
    }

    fn filters(name: &str) -> Vec<(Role, String, String)> {
        let domain = |netbios: &str, dns: &str, dn: &str| Domain {
            netbios: netbios.to_owned(),
            dns: dns.to_owned(),
            dn: dn.to_owned(),
        };
        let own = domain("WCCE", "wcce.test", "DC=wcce,DC=test");
        let forest = Forest {
            configuration: String::new(),
            root: "wcce.test".to_owned(),
            sid: Sid::everyone(),
            domains: vec![own.clone(), domain("SUB", "sub.wcce.test", "DC=sub,DC=wcce,DC=test")],
            own,
        };
        let places = places(&forest, name, &|filter| filter.to_owned());
        places.into_iter().map(|place| (place.role, place.base.to_owned(), place.filter)).collect()
    }

    #[test]
    fn names_of_all_forms_are_looked_for_where_they_are() {
        let own = |filter: &str| {
            (Role::DomainController, "DC=wcce,DC=test".to_owned(), filter.to_owned())
        };
        let catalog =
            |base: &str, filter: &str| (Role::GlobalCatalog, base.to_owned(), filter.to_owned());
        assert_eq!(filters(r"wcce\alice"), [own("(sAMAccountName=alice)")]);
        assert_eq!(filters(r"WCCE.test\CA1$"), [own("(sAMAccountName=CA1$)")]);
        assert_eq!(filters("alice"), [own("(sAMAccountName=alice)")]);
        assert_eq!(
            filters(r"SUB\bob"),
            [catalog("DC=sub,DC=wcce,DC=test", "(sAMAccountName=bob)")]
        );
        assert!(filters(r"OTHER\bob").is_empty());
        let upn = |name: &str| catalog("", &format!("(userPrincipalName={name})"));
        assert_eq!(
            filters("alice@wcce.test"),
            [upn("alice@wcce.test"), own("(sAMAccountName=alice)")]
        );
        assert_eq!(filters("alice@other.example"), [upn("alice@other.example")]);
    }

    #[test]
    fn names_cannot_break_out_of_filters() {
        let [(_, _, filter)] = filters(r"WCCE\a)(cn=*").try_into().expect("one");
        assert_eq!(filter, r"(sAMAccountName=a\29\28cn=\2a)");
        assert_eq!(escape_bytes(&[0, 0x2A, 0xFF]), r"\00\2a\ff");
    }

    #[test]
    fn well_known_names_need_no_directory() {
        assert_eq!(
            well_known(r"NT AUTHORITY\Authenticated Users"),
            Some(Sid::authenticated_users())
        );
        assert_eq!(well_known("everyone"), Some(Sid::everyone()));
        assert_eq!(well_known("alice"), None);
    }
}
