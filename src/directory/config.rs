//! Settings of the directory: which one, and how Active Directory is reached.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::auth::kerberos::KerberosCredentials;
use crate::model::deserialize_duration;

/// Which directory: a file's name, or a section that describes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DirectoryConfig {
    /// `directory = "directory.toml"`: the embedded directory.
    Embedded(PathBuf),
    /// `[directory]` with `kind = "active-directory"`.
    ActiveDirectory(Box<ActiveDirectoryConfig>),
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self::Embedded(PathBuf::from("directory.toml"))
    }
}

impl<'de> Deserialize<'de> for DirectoryConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DirectoryVisitor)
    }
}

struct DirectoryVisitor;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Section {
    Embedded { file: PathBuf },
    ActiveDirectory(Box<ActiveDirectoryConfig>),
}

impl<'de> Visitor<'de> for DirectoryVisitor {
    type Value = DirectoryConfig;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a directory file, or a section with a kind")
    }

    fn visit_str<E>(self, file: &str) -> Result<Self::Value, E> {
        Ok(DirectoryConfig::Embedded(PathBuf::from(file)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(match Section::deserialize(MapAccessDeserializer::new(map))? {
            Section::Embedded { file } => DirectoryConfig::Embedded(file),
            Section::ActiveDirectory(config) => DirectoryConfig::ActiveDirectory(config),
        })
    }
}

/// How Active Directory is reached: section `[directory]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveDirectoryConfig {
    /// DNS name of the domain that this machine is a member of.
    pub domain: String,
    /// Domain controllers by name, tried in this order. Default: those that DNS names.
    #[serde(default)]
    pub servers: Vec<String>,
    /// The site to look for domain controllers in. Default: what a domain controller says.
    #[serde(default)]
    pub site: Option<String>,
    /// How the connection is protected. Default `seal`.
    #[serde(default)]
    pub transport: Transport,
    /// A PEM file of the roots that `ldaps` and `start-tls` trust. Default: the system's.
    #[serde(default)]
    pub tls_roots: Option<PathBuf>,
    /// The keytab of the machine account. Default `/etc/krb5.keytab`.
    #[serde(default = "default_keytab")]
    pub keytab: PathBuf,
    /// The principal to log on as. Default: the machine account, `CA1$@WCCE.TEST`.
    #[serde(default)]
    pub principal: Option<String>,
    /// In place of the machine account's keytab: for commands, whose caller logs on.
    #[serde(skip)]
    pub credentials: Option<KerberosCredentials>,
    /// In place of Kerberos: a name and a password for a simple bind, over TLS alone.
    #[serde(default)]
    pub simple_bind: Option<SimpleBindConfig>,
    /// How long a domain controller may take to answer. Default `10s`.
    #[serde(default = "default_timeout", deserialize_with = "deserialize_duration")]
    pub timeout: Duration,
    /// How often templates are read anew where no change is notified. Default `1m`.
    #[serde(default = "default_poll", deserialize_with = "deserialize_duration")]
    pub poll: Duration,
    /// How long an account is remembered before it is looked up again. Default `30s`.
    #[serde(default = "default_account_age", deserialize_with = "deserialize_duration")]
    pub account_age: Duration,
    /// How old templates and accounts may be that certificates are issued on while no domain
    /// controller answers. Default `10m`.
    #[serde(default = "default_max_age", deserialize_with = "deserialize_duration")]
    pub max_age: Duration,
}

/// How a connection to a domain controller is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// LDAP, signed and sealed by Kerberos.
    #[default]
    Seal,
    /// LDAP that turns to TLS, with channel binding where Kerberos logs on.
    StartTls,
    /// LDAP over TLS, with channel binding where Kerberos logs on.
    Ldaps,
}

/// A logon by name and password.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimpleBindConfig {
    /// A userPrincipalName, `DOMAIN\account` or a distinguished name.
    pub user: String,
    /// The file that holds the password, of mode 0600.
    pub password_file: PathBuf,
}

fn default_keytab() -> PathBuf {
    PathBuf::from("/etc/krb5.keytab")
}

fn default_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_poll() -> Duration {
    Duration::from_secs(60)
}

fn default_account_age() -> Duration {
    Duration::from_secs(30)
}

fn default_max_age() -> Duration {
    Duration::from_secs(600)
}

impl DirectoryConfig {
    /// What makes no sense: the setting, and why.
    ///
    /// # Errors
    /// The name of the setting, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::ActiveDirectory(_) if cfg!(not(feature = "active-directory")) => Err((
                "directory.kind",
                "this wcced was built without support for Active Directory (feature active-directory)",
            )),
            Self::ActiveDirectory(config) => config.check(),
        }
    }

    /// Makes its paths relative to the folder of the configuration file.
    pub fn resolve(&mut self, folder: &Path) {
        let in_folder = |path: &mut PathBuf| *path = folder.join(&*path);
        match self {
            Self::Embedded(file) => in_folder(file),
            Self::ActiveDirectory(config) => {
                in_folder(&mut config.keytab);
                if let Some(roots) = &mut config.tls_roots {
                    in_folder(roots);
                }
                if let Some(simple) = &mut config.simple_bind {
                    in_folder(&mut simple.password_file);
                }
            }
        }
    }
}

impl ActiveDirectoryConfig {
    /// The domain of this DNS name, as the owner of these credentials sees it.
    pub fn for_caller(domain: &str, credentials: KerberosCredentials) -> Self {
        Self {
            domain: domain.to_owned(),
            servers: Vec::new(),
            site: None,
            transport: Transport::default(),
            tls_roots: None,
            keytab: default_keytab(),
            principal: None,
            credentials: Some(credentials),
            simple_bind: None,
            timeout: default_timeout(),
            poll: default_poll(),
            account_age: default_account_age(),
            max_age: default_max_age(),
        }
    }

    /// What makes no sense: the setting, and why.
    ///
    /// # Errors
    /// The name of the setting, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        let name = |name: &str| name.len() <= 253 && name.split('.').all(label);
        if !name(&self.domain) {
            return Err(("directory.domain", "a DNS name, such as example.com"));
        }
        if !self.servers.iter().all(|server| name(server)) {
            return Err(("directory.servers", "DNS names, such as dc1.example.com"));
        }
        if !self.site.iter().all(|site| label(site)) {
            return Err(("directory.site", "the name of a site of Active Directory"));
        }
        if self.simple_bind.is_some() && self.transport == Transport::Seal {
            return Err((
                "directory.transport",
                "a simple bind shows the password: choose ldaps or start-tls",
            ));
        }
        if self.timeout.is_zero() || self.poll < Duration::from_secs(1) {
            return Err(("directory.poll", "at least 1s, and a timeout that is not zero"));
        }
        if self.max_age <= self.poll.saturating_add(self.timeout) {
            return Err(("directory.max_age", "longer than directory.poll and timeout together"));
        }
        if self.account_age > self.max_age {
            return Err(("directory.account_age", "not longer than directory.max_age"));
        }
        Ok(())
    }

    /// The realm of the domain's Kerberos.
    pub fn realm(&self) -> String {
        self.domain.to_ascii_uppercase()
    }

    /// The distinguished name of the domain's naming context.
    pub fn naming_context(&self) -> String {
        let parts: Vec<_> = self.domain.split('.').map(|label| format!("DC={label}")).collect();
        parts.join(",")
    }
}
