//! What a domain controller says of itself and of its forest: naming contexts, domains, site.

use ldap3::Scope;

use super::connection::{Connection, Query};
use super::link::LinkError;
use crate::directory::config::ActiveDirectoryConfig;
use crate::model::Sid;

/// A forest, as a domain controller of one of its domains shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forest {
    /// configurationNamingContext.
    pub configuration: String,
    /// DNS name of the root domain.
    pub root: String,
    /// The domain that this machine is a member of.
    pub own: Domain,
    /// objectSid of that domain.
    pub sid: Sid,
    /// All domains, that one too.
    pub domains: Vec<Domain>,
}

/// A domain: a crossRef object ([MS-ADTS] 6.1.1.2.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// nETBIOSName.
    pub netbios: String,
    /// dnsRoot.
    pub dns: String,
    /// nCName.
    pub dn: String,
}

/// A crossRef of a domain, in systemFlags ([MS-ADTS] 6.1.1.2.1.1.5).
const DOMAIN_FILTER: &str =
    "(&(objectClass=crossRef)(nETBIOSName=*)(systemFlags:1.2.840.113556.1.4.803:=2))";

impl Forest {
    /// Reads it. The server must be a domain controller of the configured domain.
    pub(super) async fn read(
        connection: &Connection,
        config: &ActiveDirectoryConfig,
    ) -> Result<Self, LinkError> {
        let answer = |problem| LinkError::Answer { host: connection.host().to_owned(), problem };
        let contexts =
            ["configurationNamingContext", "defaultNamingContext", "rootDomainNamingContext"];
        let root = connection.object("", &contexts).await?;
        let root = root.ok_or_else(|| answer("there is no rootDSE"))?;
        let [Some(configuration), Some(default), Some(root)] = contexts.map(|name| root.text(name))
        else {
            return Err(answer("its rootDSE lacks naming contexts: is it a domain controller?"));
        };
        if !default.eq_ignore_ascii_case(&config.naming_context()) {
            return Err(answer("it is a domain controller of another domain"));
        }
        let domain = connection.object(default, &["objectSid"]).await?;
        let sid = domain.and_then(|domain| domain.sid());
        let sid = sid.ok_or_else(|| answer("it does not tell the domain's SID"))?;
        let domains = Self::domains(connection, configuration).await?;
        let own = domains.iter().find(|domain| domain.dn.eq_ignore_ascii_case(default));
        let own = own.ok_or_else(|| answer("it does not tell the domain's NetBIOS name"))?;
        Ok(Self {
            configuration: configuration.to_owned(),
            root: dns_name(root),
            own: own.clone(),
            sid,
            domains,
        })
    }

    async fn domains(
        connection: &Connection,
        configuration: &str,
    ) -> Result<Vec<Domain>, LinkError> {
        let found = connection
            .search(&Query {
                base: &format!("CN=Partitions,{configuration}"),
                scope: Scope::OneLevel,
                filter: DOMAIN_FILTER,
                attributes: &["nETBIOSName", "dnsRoot", "nCName"],
                security: false,
            })
            .await?;
        let domain = |entry: &super::entry::Entry| {
            Some(Domain {
                netbios: entry.text("nETBIOSName")?.to_owned(),
                dns: entry.text("dnsRoot")?.to_ascii_lowercase(),
                dn: entry.text("nCName")?.to_owned(),
            })
        };
        Ok(found.iter().filter_map(domain).collect())
    }

    /// The domain of this NetBIOS or DNS name.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| {
            domain.netbios.eq_ignore_ascii_case(name) || domain.dns.eq_ignore_ascii_case(name)
        })
    }

    /// The domain that an object of this distinguished name is in: the innermost.
    pub fn domain_of(&self, dn: &str) -> Option<&Domain> {
        let within = |domain: &&Domain| {
            dn.len()
                .checked_sub(domain.dn.len())
                .and_then(|at| dn.split_at_checked(at))
                .is_some_and(|(head, tail)| {
                    tail.eq_ignore_ascii_case(&domain.dn)
                        && (head.is_empty() || head.ends_with(','))
                })
        };
        self.domains.iter().filter(within).max_by_key(|domain| domain.dn.len())
    }

    /// Whether an account of this SID is one of this machine's own domain.
    pub fn is_own(&self, sid: &Sid) -> bool {
        sid.authority() == self.sid.authority()
            && sid
                .sub_authorities()
                .split_last()
                .is_some_and(|(_, domain)| domain == self.sid.sub_authorities())
    }

    /// CN=Public Key Services.
    pub fn public_key_services(&self) -> String {
        format!("CN=Public Key Services,CN=Services,{}", self.configuration)
    }
}

/// `DC=example,DC=com` as `example.com`.
fn dns_name(dn: &str) -> String {
    let labels = dn.split(',').filter_map(|part| part.trim().split_once('='));
    labels.map(|(_, label)| label).collect::<Vec<_>>().join(".").to_ascii_lowercase()
}

/// The site that a domain controller puts this machine in, by its address ([MS-ADTS] 6.3.3).
pub(super) async fn client_site(
    connection: &Connection,
    domain: &str,
) -> Result<Option<String>, LinkError> {
    // NETLOGON_NT_VERSION_5 and _5EX, little-endian.
    let filter = format!(r"(&(DnsDomain={})(NtVer=\06\00\00\00))", ldap3::ldap_escape(domain));
    let query = Query {
        base: "",
        scope: Scope::Base,
        filter: &filter,
        attributes: &["netlogon"],
        security: false,
    };
    let found = connection.search(&query).await?;
    Ok(found.first().and_then(|entry| entry.value("netlogon")).and_then(parse_client_site))
}

/// ClientSiteName of a NETLOGON_SAM_LOGON_RESPONSE_EX ([MS-ADTS] 6.3.1.9).
fn parse_client_site(response: &[u8]) -> Option<String> {
    const LOGON_SAM_LOGON_RESPONSE_EX: [u8; 2] = [23, 0];
    /// Opcode, Sbz, Flags and DomainGuid.
    const NAMES: usize = 24;
    /// Forest, domain, host, NetBIOS domain, NetBIOS computer, user, its site, the client's site.
    const CLIENT_SITE: usize = 7;
    if !response.starts_with(&LOGON_SAM_LOGON_RESPONSE_EX) {
        return None;
    }
    let mut at = NAMES;
    for _ in 0..CLIENT_SITE {
        (_, at) = compressed_name(response, at)?;
    }
    let (site, _) = compressed_name(response, at)?;
    (!site.is_empty()).then_some(site)
}

/// A name of RFC 1035 4.1.4, and where the next one begins.
fn compressed_name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels: Vec<&str> = Vec::new();
    let mut next = None;
    // A name has at most 255 bytes; pointers may form a circle.
    for _ in 0..128 {
        let length = *message.get(at)?;
        at = at.checked_add(1)?;
        match length {
            0 => return Some((labels.join("."), next.unwrap_or(at))),
            0xC0..=0xFF => {
                let low = *message.get(at)?;
                next = next.or(at.checked_add(1));
                at = usize::from(u16::from_be_bytes([length & 0x3F, low]));
            }
            1..=0x3F => {
                let end = at.checked_add(usize::from(length))?;
                labels.push(std::str::from_utf8(message.get(at..end)?).ok()?);
                at = end;
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest() -> Forest {
        let domain = |netbios: &str, dns: &str, dn: &str| Domain {
            netbios: netbios.to_owned(),
            dns: dns.to_owned(),
            dn: dn.to_owned(),
        };
        let own = domain("WCCE", "wcce.test", "DC=wcce,DC=test");
        Forest {
            configuration: "CN=Configuration,DC=wcce,DC=test".to_owned(),
            root: "wcce.test".to_owned(),
            sid: "S-1-5-21-1-2-3".parse().expect("valid"),
            domains: vec![own.clone(), domain("SUB", "sub.wcce.test", "DC=sub,DC=wcce,DC=test")],
            own,
        }
    }

    #[test]
    fn the_innermost_domain_holds_an_object() {
        let forest = forest();
        let of = |dn: &str| forest.domain_of(dn).map(|domain| domain.netbios.as_str());
        assert_eq!(of("CN=a,CN=Users,DC=wcce,DC=test"), Some("WCCE"));
        assert_eq!(of("CN=a,CN=Users,dc=SUB,DC=wcce,DC=test"), Some("SUB"));
        assert_eq!(of("CN=a,DC=notwcce,DC=test"), None);
        assert_eq!(of("CN=a,XDC=wcce,DC=test"), None);
        assert_eq!(of("ü,DC=test"), None);
    }

    #[test]
    fn an_account_is_of_the_domain_that_begins_its_sid() {
        let is_own = |sid: &str| forest().is_own(&sid.parse().expect("valid"));
        assert!(is_own("S-1-5-21-1-2-3-1103"));
        assert!(!is_own("S-1-5-21-1-2-4-1103"));
        assert!(!is_own("S-1-5-21-1-2-3"));
        assert!(!is_own("S-1-5-21-1-2-3-4-5"));
    }

    #[test]
    fn names_of_domains_are_found() {
        let forest = forest();
        assert_eq!(forest.domain("sub"), forest.domain("SUB.wcce.test"));
        assert!(forest.domain("sub").is_some() && forest.domain("other").is_none());
        assert_eq!(dns_name("DC=wcce,DC=test"), "wcce.test");
    }

    /// In the form that Samba answers.
    fn answer() -> Vec<u8> {
        let mut answer = vec![23, 0, 0, 0];
        answer.extend([0; 20]);
        answer.extend(b"\x04wcce\x04test\x00\xC0\x18\x03dc1\xC0\x18\x04WCCE\x00\x03DC1\x00\x00");
        answer.extend(b"\x17Default-First-Site-Name\x00\xC0\x37\x05\0\0\0\xFF\xFF\xFF\xFF");
        answer
    }

    #[test]
    fn the_site_is_read_through_pointers() {
        let answer = answer();
        let at = answer.windows(2).position(|pair| pair == b"\x17D").expect("there");
        assert_eq!(at, 0x37, "the pointer of this test");
        assert_eq!(parse_client_site(&answer).as_deref(), Some("Default-First-Site-Name"));
    }

    #[test]
    fn malformed_answers_have_no_site() {
        let answer = answer();
        for length in 0..answer.len() - 8 {
            assert_eq!(parse_client_site(&answer[..length]), None, "{length}");
        }
        let mut circle = answer.clone();
        circle[24..26].copy_from_slice(&[0xC0, 24]);
        assert_eq!(parse_client_site(&circle), None);
    }
}
