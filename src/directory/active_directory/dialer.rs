//! Which server to talk to: those that DNS or the settings name, one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, info};

use super::connection::Connection;
use super::link::{Dial, LinkError, Role};
use crate::directory::config::ActiveDirectoryConfig;
use crate::domain::locator::{LocateError, Located, Locator};

/// How long a server that failed is tried after the others.
const AVOIDED: Duration = Duration::from_secs(60);
/// How long a question to DNS may take.
const DNS_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens connections to the first server that answers.
pub(super) struct Dialer {
    config: Arc<ActiveDirectoryConfig>,
    dial: Dial,
    locator: Locator,
    avoided: Mutex<HashMap<String, Instant>>,
}

impl Dialer {
    pub(super) fn new(config: &Arc<ActiveDirectoryConfig>) -> Result<Self, LinkError> {
        Ok(Self {
            dial: Dial::new(config)?,
            locator: Locator::new(&config.domain, config.site.clone(), DNS_TIMEOUT)?,
            config: Arc::clone(config),
            avoided: Mutex::default(),
        })
    }

    /// Prefers servers of this site from now on, unless the settings name one. Whether that is
    /// news.
    pub(super) fn prefer_site(&self, site: &str) -> bool {
        if self.config.site.is_some() || self.locator.site().as_deref() == Some(site) {
            return false;
        }
        self.locator.prefer_site(site.to_owned());
        true
    }

    /// A connection to a domain controller of the domain.
    pub(super) async fn domain_controller(&self) -> Result<Connection, LinkError> {
        let servers = match self.config.servers.as_slice() {
            [] => self.locator.domain_controllers().await?,
            names => names.iter().map(|name| Located::configured(name)).collect(),
        };
        self.first(servers, Role::DomainController).await
    }

    /// A connection to a global catalog of the forest of this root domain.
    pub(super) async fn global_catalog(&self, forest: &str) -> Result<Connection, LinkError> {
        let servers = match self.config.servers.as_slice() {
            [] => self.locator.global_catalogs(forest).await?,
            names => names.iter().map(|name| Located::configured(name)).collect(),
        };
        self.first(servers, Role::GlobalCatalog).await
    }

    async fn first(&self, servers: Vec<Located>, role: Role) -> Result<Connection, LinkError> {
        let mut last = LinkError::Locate(LocateError::None { name: self.config.domain.clone() });
        for Located { host, .. } in self.in_order(servers) {
            match self.dial.open(&host, role).await {
                Ok(ldap) => {
                    self.avoided().remove(&host);
                    debug!(host, ?role, "connected to a domain controller");
                    return Ok(Connection::new(ldap, &host, self.config.timeout));
                }
                Err(error) => {
                    info!(host, %error, "a domain controller does not answer");
                    self.avoided().insert(host, Instant::now());
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// Those that failed a short while ago come last.
    fn in_order(&self, servers: Vec<Located>) -> Vec<Located> {
        let mut avoided = self.avoided();
        avoided.retain(|_, since| since.elapsed() < AVOIDED);
        let (last, mut first): (Vec<_>, Vec<_>) =
            servers.into_iter().partition(|server| avoided.contains_key(&server.host));
        first.extend(last);
        first
    }

    fn avoided(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.avoided.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::kerberos::KerberosCredentials;

    #[test]
    fn a_server_that_failed_is_tried_last_for_a_while() {
        let config =
            ActiveDirectoryConfig::for_caller("wcce.test", KerberosCredentials::Cache(None));
        let dialer = Dialer::new(&Arc::new(config)).expect("settings");
        let order = || {
            let servers = ["dc1", "dc2", "dc3"].map(Located::configured).to_vec();
            let hosts = dialer.in_order(servers).into_iter().map(|server| server.host);
            hosts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(order(), "dc1 dc2 dc3");
        dialer.avoided().insert("dc1".to_owned(), Instant::now());
        assert_eq!(order(), "dc2 dc3 dc1");
        if let Some(long_ago) = Instant::now().checked_sub(AVOIDED) {
            dialer.avoided().insert("dc1".to_owned(), long_ago);
            assert_eq!(order(), "dc1 dc2 dc3");
        }
    }

    #[test]
    fn the_site_of_the_settings_stands() {
        let config =
            ActiveDirectoryConfig::for_caller("wcce.test", KerberosCredentials::Cache(None));
        let dialer = Dialer::new(&Arc::new(config.clone())).expect("settings");
        assert!(dialer.prefer_site("Hub") && !dialer.prefer_site("Hub"), "news once");
        let set = ActiveDirectoryConfig { site: Some("Branch".to_owned()), ..config };
        let dialer = Dialer::new(&Arc::new(set)).expect("settings");
        assert!(!dialer.prefer_site("Hub"));
        assert_eq!(dialer.locator.site().as_deref(), Some("Branch"));
    }
}
