//! Finds domain controllers and global catalogs by DNS ([MS-ADTS] 6.3.2.3; RFC 2782).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;

/// More records than this are not looked at.
const MAX_RECORDS: usize = 64;

/// Looks for the servers of a domain, those of its own site first.
pub struct Locator {
    resolver: TokioResolver,
    domain: String,
    site: Mutex<Option<String>>,
}

/// A server as DNS names it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Located {
    /// Its fully qualified DNS name, without a dot at the end.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
}

/// Why no server was found.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The system's resolver settings cannot be read.
    #[error("cannot read the system's DNS settings (/etc/resolv.conf): {0}")]
    Settings(NetError),
    /// DNS does not answer.
    #[error("DNS does not answer for {name}: {source}")]
    Lookup {
        /// What was asked for.
        name: String,
        /// Why.
        source: NetError,
    },
    /// DNS has no such record.
    #[error("DNS knows no servers for {name}; does this host use the domain's DNS servers?")]
    None {
        /// What was asked for.
        name: String,
    },
}

impl Locator {
    /// A locator for the domain of this DNS name, in this site where it is known. `timeout` is
    /// for one question to one DNS server.
    ///
    /// # Errors
    /// Where the system's resolver settings cannot be read.
    pub fn new(domain: &str, site: Option<String>, timeout: Duration) -> Result<Self, LocateError> {
        let mut builder = TokioResolver::builder_tokio().map_err(LocateError::Settings)?;
        let options = builder.options_mut();
        options.timeout = timeout;
        options.attempts = 2;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // A server that DNS has just stopped to name must not be held on to.
        options.positive_max_ttl = Some(Duration::from_secs(60));
        options.negative_max_ttl = Some(Duration::from_secs(5));
        Ok(Self {
            resolver: builder.build().map_err(LocateError::Settings)?,
            domain: domain.to_ascii_lowercase(),
            site: Mutex::new(site),
        })
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The site that servers are preferred of.
    pub fn site(&self) -> Option<String> {
        self.site.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Prefers servers of this site from now on.
    pub fn prefer_site(&self, site: String) {
        *self.site.lock().unwrap_or_else(PoisonError::into_inner) = Some(site);
    }

    /// The domain's controllers, in the order to try them: those of the site, then the others.
    ///
    /// # Errors
    /// Where DNS does not answer, or knows none.
    pub async fn domain_controllers(&self) -> Result<Vec<Located>, LocateError> {
        self.servers("_ldap._tcp", &format!("dc._msdcs.{}", self.domain)).await
    }

    /// The global catalogs of the forest of this root domain, in the order to try them.
    ///
    /// # Errors
    /// Where DNS does not answer, or knows none.
    pub async fn global_catalogs(&self, forest: &str) -> Result<Vec<Located>, LocateError> {
        self.servers("_gc._tcp", forest).await
    }

    async fn servers(&self, service: &str, of: &str) -> Result<Vec<Located>, LocateError> {
        let mut found = Vec::new();
        if let Some(site) = self.site() {
            let name = format!("{service}.{site}._sites.{of}.");
            // A site without servers of its own has no records: the others serve it.
            found = self.lookup(&name).await?;
        }
        let name = format!("{service}.{of}.");
        for server in self.lookup(&name).await? {
            if !found.contains(&server) {
                found.push(server);
            }
        }
        if found.is_empty() {
            return Err(LocateError::None { name });
        }
        Ok(found)
    }

    async fn lookup(&self, name: &str) -> Result<Vec<Located>, LocateError> {
        let answer = match self.resolver.srv_lookup(name).await {
            Ok(answer) => answer,
            Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
            Err(source) => return Err(LocateError::Lookup { name: name.to_owned(), source }),
        };
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) if !srv.target.is_root() => Some(Record {
                priority: srv.priority,
                weight: srv.weight,
                server: Located {
                    host: srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase(),
                    port: srv.port,
                },
            }),
            _ => None,
        });
        Ok(order(records.take(MAX_RECORDS).collect(), random))
    }
}

struct Record {
    priority: u16,
    weight: u16,
    server: Located,
}

/// A number below `limit`, which is not 0.
fn random(limit: u32) -> u32 {
    let mut bytes = [0; 4];
    // Without random numbers the order is fixed, which is no harm.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    u32::from_le_bytes(bytes).checked_rem(limit).unwrap_or(0)
}

/// The order of RFC 2782: lower priorities first; among equals by lot, with the weights for
/// tickets.
fn order(mut records: Vec<Record>, random: impl Fn(u32) -> u32) -> Vec<Located> {
    // Those of weight 0 stand first, so that they too are drawn once in a while.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let same = records.iter().take_while(|record| record.priority == priority);
        let total: u32 = same.clone().map(|record| u32::from(record.weight)).sum();
        let ticket = random(total.saturating_add(1));
        let sums = same.scan(0_u32, |sum, record| {
            *sum = sum.saturating_add(u32::from(record.weight));
            Some(*sum)
        });
        let drawn = sums.take_while(|sum| *sum < ticket).count();
        ordered.push(records.remove(drawn).server);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(host: &str, priority: u16, weight: u16) -> Record {
        Record { priority, weight, server: Located { host: host.to_owned(), port: 389 } }
    }

    fn hosts(records: Vec<Record>, random: impl Fn(u32) -> u32) -> Vec<String> {
        order(records, random).into_iter().map(|located| located.host).collect()
    }

    #[test]
    fn lower_priorities_come_first() {
        let records = || vec![record("c", 20, 100), record("a", 0, 1), record("b", 10, 0)];
        for lot in [0, 1, 100] {
            assert_eq!(hosts(records(), |limit| lot.min(limit - 1)), ["a", "b", "c"]);
        }
    }

    #[test]
    fn weights_are_tickets_among_equals() {
        let records = || vec![record("heavy", 0, 90), record("light", 0, 10), record("none", 0, 0)];
        assert_eq!(hosts(records(), |_| 0), ["none", "light", "heavy"]);
        assert_eq!(hosts(records(), |limit| limit - 1), ["heavy", "light", "none"]);
        assert_eq!(hosts(records(), |limit| 10.min(limit - 1))[0], "light");
        assert_eq!(hosts(records(), |limit| 11.min(limit - 1))[0], "heavy");
    }

    #[test]
    fn lots_stay_in_their_limit() {
        assert!((1..200).all(|limit| random(limit) < limit));
    }
}
