//! Settings of a domain member: section `[authentication.domain]`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::netlogon::{
    ChannelPool, ConfiguredControllers, DcLocator, DomainController, Member, PoolLimits,
};
use super::secret::{MachineSecret, SecretSource};
use super::winbind::{Winbind, WinbindSettings};
use crate::auth::Environment;
use crate::model::deserialize_duration;

/// Section `[authentication.domain]`: what the domain's verdict on NTLM logons needs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DomainConfig {
    /// Domain controllers in the order to try them: names or addresses. Default: those of Active
    /// Directory's settings, or else those that DNS tells.
    pub domain_controllers: Vec<String>,
    /// DNS name of the forest's root domain. Default: the domain itself.
    pub forest: Option<String>,
    /// The machine account. Default: the first label of `host.dns_name`, with a dollar sign.
    pub account: Option<String>,
    /// The file with the machine account's secret: `nt_hash = "…"` or `password = "…"`. Default:
    /// the account's RC4 key in `authentication.keytab`.
    pub secret_file: Option<PathBuf>,
    /// Logons that the domain is asked about at a time. Default 8.
    pub connections: usize,
    /// Logons that may wait to be asked about. Default 64.
    pub queue: usize,
    /// Longest time for one logon, waiting included. Default `10s`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub timeout: Duration,
    /// Wrong passwords of an account that are passed on to the domain within
    /// `wrong_password_window`; further ones are refused without asking. Default 3.
    pub wrong_passwords: u32,
    /// How long after its last wrong password an account is not asked about. Default `30m`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub wrong_password_window: Duration,
    /// Samba's ntlm_auth, for `ntlm = "winbind"`. Default `/usr/bin/ntlm_auth`.
    pub ntlm_auth: PathBuf,
    /// Samba's wbinfo, for `ntlm = "winbind"`. Default `/usr/bin/wbinfo`.
    pub wbinfo: PathBuf,
}

impl Default for DomainConfig {
    fn default() -> Self {
        Self {
            domain_controllers: Vec::new(),
            forest: None,
            account: None,
            secret_file: None,
            connections: 8,
            queue: 64,
            timeout: Duration::from_secs(10),
            wrong_passwords: 3,
            wrong_password_window: Duration::from_secs(30 * 60),
            ntlm_auth: PathBuf::from("/usr/bin/ntlm_auth"),
            wbinfo: PathBuf::from("/usr/bin/wbinfo"),
        }
    }
}

impl DomainConfig {
    /// What is wrong with the settings, by their keys.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.controllers().is_err() {
            let problem = "host names or addresses, such as [\"dc1.example.com\"]";
            return Err(("authentication.domain.domain_controllers", problem));
        }
        if self.account.as_deref().is_some_and(|account| !is_machine_account(account)) {
            let problem = "a computer's account: up to 15 characters and a dollar sign, as CA1$";
            return Err(("authentication.domain.account", problem));
        }
        if self.connections == 0 || self.connections > 64 {
            return Err(("authentication.domain.connections", "1 to 64"));
        }
        if self.queue > 4096 {
            return Err(("authentication.domain.queue", "not more than 4096"));
        }
        if self.timeout < Duration::from_secs(1) {
            return Err(("authentication.domain.timeout", "at least 1s"));
        }
        if self.wrong_passwords == 0 {
            let problem = "at least 1, and less than the domain's lockout threshold";
            return Err(("authentication.domain.wrong_passwords", problem));
        }
        Ok(())
    }

    /// What the secure channel lacks, by the settings' keys; `keytab` is `authentication.keytab`.
    pub fn check_netlogon(
        &self,
        keytab: Option<&Path>,
    ) -> Result<(), (&'static str, &'static str)> {
        if self.secret_file.is_none() && keytab.is_none() {
            let problem = "set it, or authentication.keytab, for the machine account's secret";
            return Err(("authentication.domain.secret_file", problem));
        }
        if cfg!(not(feature = "active-directory")) && self.domain_controllers.is_empty() {
            let problem = "name at least one, such as [\"dc1.example.com\"]";
            return Err(("authentication.domain.domain_controllers", problem));
        }
        Ok(())
    }

    /// Makes the paths relative to the configuration's folder.
    pub fn resolve(&mut self, folder: &Path) {
        if let Some(path) = &mut self.secret_file {
            *path = folder.join(&*path);
        }
    }

    /// The machine account; `computer` is the NetBIOS name of this machine.
    pub fn account(&self, computer: &str) -> String {
        self.account.clone().unwrap_or_else(|| format!("{computer}$"))
    }

    fn controllers(&self) -> Result<Vec<DomainController>, &'static str> {
        self.domain_controllers.iter().map(|text| text.parse()).collect()
    }

    /// Where domain controllers come from: these settings, or else DNS, by the domain's DNS name.
    ///
    /// # Errors
    /// Where the system's DNS settings are needed and cannot be read.
    pub fn locator(&self, dns_domain: &str) -> Result<Arc<dyn DcLocator>, String> {
        #[cfg(feature = "active-directory")]
        if self.domain_controllers.is_empty() {
            let timeout = self.timeout.checked_div(4).unwrap_or(self.timeout);
            let locator = super::locator::Locator::new(dns_domain, None, timeout);
            return Ok(Arc::new(locator.map_err(|error| error.to_string())?));
        }
        #[cfg(not(feature = "active-directory"))]
        let _ = dns_domain;
        Ok(Arc::new(ConfiguredControllers(self.controllers().unwrap_or_default())))
    }

    /// The machine account's secret, where one is set; `keytab` is `authentication.keytab`.
    pub fn secret(&self, computer: &str, keytab: Option<&Path>) -> Option<MachineSecret> {
        let source = match (&self.secret_file, keytab) {
            (Some(path), _) => SecretSource::File(path.clone()),
            (None, Some(path)) => SecretSource::Keytab(path.to_owned()),
            (None, None) => return None,
        };
        Some(MachineSecret::new(source, &self.account(computer)))
    }

    /// The secure channel of this machine, `computer`, with the domain of NetBIOS name `domain`.
    /// [`ChannelPool::probe`] tries it.
    pub fn channel(
        &self,
        domain: &str,
        computer: &str,
        secret: MachineSecret,
        locator: Arc<dyn DcLocator>,
        environment: Arc<dyn Environment>,
    ) -> ChannelPool {
        let account = self.account(computer);
        let member = Member {
            domain: domain.to_owned(),
            computer: account.trim_end_matches('$').to_owned(),
            account,
        };
        let limits =
            PoolLimits { connections: self.connections, queue: self.queue, timeout: self.timeout };
        ChannelPool::new(member, secret, locator, limits, environment)
    }

    /// winbindd by these settings; `domain` is the domain's NetBIOS name.
    pub fn winbind(&self, domain: &str) -> Winbind {
        Winbind::new(WinbindSettings {
            ntlm_auth: self.ntlm_auth.clone(),
            wbinfo: self.wbinfo.clone(),
            domain: domain.to_owned(),
            processes: self.connections,
            queue: self.queue,
            timeout: self.timeout,
        })
    }
}

fn is_machine_account(account: &str) -> bool {
    account.strip_suffix('$').is_some_and(|name| {
        let sound = |c: char| c.is_ascii_graphic() && !r#"\/:*?"<>|$@"#.contains(c);
        (1..=15).contains(&name.len()) && name.chars().all(sound)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_right_but_has_no_channel() {
        let config = DomainConfig::default();
        assert_eq!(config.check(), Ok(()));
        assert!(config.check_netlogon(None).is_err());
        assert!(config.secret("CA1", None).is_none());
        assert_eq!(config.account("CA1"), "CA1$");
        assert!(config.secret("CA1", Some(Path::new("k"))).is_some());
    }

    #[test]
    fn wrong_settings_are_named() {
        let config = |change: fn(&mut DomainConfig)| {
            let mut config = DomainConfig::default();
            change(&mut config);
            config.check().and(config.check_netlogon(None)).expect_err("wrong").0
        };
        let key = |name: &str| format!("authentication.domain.{name}");
        assert_eq!(config(|c| c.connections = 0), key("connections"));
        assert_eq!(config(|c| c.queue = 5000), key("queue"));
        assert_eq!(config(|c| c.timeout = Duration::ZERO), key("timeout"));
        assert_eq!(config(|c| c.wrong_passwords = 0), key("wrong_passwords"));
        assert_eq!(config(|c| c.domain_controllers = vec![":1".into()]), key("domain_controllers"));
        for account in ["CA1", "$", "a\\b$", "0123456789abcdef$", "ca 1$"] {
            let config = DomainConfig { account: Some(account.into()), ..DomainConfig::default() };
            assert_eq!(config.check().expect_err(account).0, key("account"));
        }
        let nowhere = DomainConfig::default().check_netlogon(Some(Path::new("k")));
        assert_eq!(nowhere.is_ok(), cfg!(feature = "active-directory"), "DNS tells them");
    }
}
