//! The configuration file of `wcced`, with every setting and its default.

mod administration;
mod hardening;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use administration::AdministrationConfig;
pub use hardening::{AgentConfig, HardeningConfig, TrusteeError};
use serde::Deserialize;

use crate::ca::{CaConfig, ExistingCa, TrustConfig};
use crate::directory::config::DirectoryConfig;
use crate::domain::{DomainConfig, MachineSecret};
use crate::http::HttpConfig;
use crate::logging::LogConfig;
use crate::model::deserialize_duration;
use crate::request;
use crate::rpc::association::Limits;
use crate::rpc::server::ServerLimits;
use crate::store::StoreConfig;

/// The whole file. Paths in it are relative to the folder that it lies in.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of keys, CRLs and the Request table. Default `state`.
    pub state: PathBuf,
    /// Where domain, accounts and templates are. Default: the file `directory.toml`.
    pub directory: DirectoryConfig,
    /// What this machine is called.
    pub host: HostConfig,
    /// Where clients connect.
    pub listen: ListenConfig,
    /// How far clients may go.
    pub limits: LimitsConfig,
    /// CRLs, CA certificates and OCSP answers over HTTP.
    pub http: HttpConfig,
    /// How clients log on.
    pub authentication: AuthenticationConfig,
    /// Who may enroll, and what requests may hold.
    pub enrollment: EnrollmentConfig,
    /// Administration over DCOM.
    pub administration: AdministrationConfig,
    /// Measures against known attacks.
    pub hardening: HardeningConfig,
    /// Who may enroll on behalf of whom: `[[enrollment_agents]]`. Default nobody.
    pub enrollment_agents: Vec<AgentConfig>,
    /// The CA's own certificate and key, CRLs, and addresses in certificates.
    pub ca: CaConfig,
    /// Whose certificates may sign requests for others.
    pub trust: TrustConfig,
    /// The Request table.
    pub store: StoreConfig,
    /// Logging.
    pub log: LogConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state: PathBuf::from("state"),
            directory: DirectoryConfig::default(),
            host: HostConfig::default(),
            listen: ListenConfig::default(),
            limits: LimitsConfig::default(),
            http: HttpConfig::default(),
            authentication: AuthenticationConfig::default(),
            enrollment: EnrollmentConfig::default(),
            administration: AdministrationConfig::default(),
            hardening: HardeningConfig::default(),
            enrollment_agents: Vec::new(),
            ca: CaConfig::default(),
            trust: TrustConfig::default(),
            store: StoreConfig::default(),
            log: LogConfig::default(),
        }
    }
}

/// What this machine is called: section `[host]`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// Its fully qualified DNS name. Default: what the system says.
    pub dns_name: Option<String>,
    /// Further names and addresses that clients may call it by.
    pub aliases: Vec<String>,
}

/// Where clients connect: section `[listen]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenConfig {
    /// Addresses of the endpoint mapper. Clients look for it at port 135 and nowhere else.
    /// Default `["0.0.0.0:135"]`; empty where another endpoint mapper runs.
    pub endpoint_mapper: Vec<SocketAddr>,
    /// Addresses of the enrollment interface ICertPassage; the endpoint mapper tells the port.
    /// Default `["0.0.0.0:49170"]`. Port 0 takes any that is free.
    pub enrollment: Vec<SocketAddr>,
    /// Addresses of the objects that clients activate over DCOM, as Windows' do: all with the
    /// same port, which activation tells them. Default `["0.0.0.0:49171"]`; empty for no DCOM.
    pub objects: Vec<SocketAddr>,
    /// How long calls may go on after SIGTERM. Default `10s`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub drain: Duration,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            endpoint_mapper: vec![SocketAddr::from(([0, 0, 0, 0], 135))],
            enrollment: vec![SocketAddr::from(([0, 0, 0, 0], 49_170))],
            objects: vec![SocketAddr::from(([0, 0, 0, 0], 49_171))],
            drain: Duration::from_secs(10),
        }
    }
}

/// How far clients may go: section `[limits]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Connections, all together; where all are taken, a newcomer gets the place of one that needs
    /// it least. Default 16384.
    pub connections: usize,
    /// Connections from one address (of IPv6: one network of 64 bits). Default 128.
    pub connections_per_address: usize,
    /// Calls of one account at a time; further ones are told to come again. Default 32.
    pub calls_per_account: usize,
    /// The largest call, its fragments put together, in bytes. Default 4 MiB.
    pub call_bytes: usize,
    /// Memory for what clients send, beyond 16 KiB of each connection, in bytes. Default 256 MiB.
    pub buffered_bytes: usize,
    /// How long a client may take to log on. Default `30s`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub logon_time: Duration,
    /// How long a client may take to send one call, or to read its answer. Default `1m`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub transfer_time: Duration,
    /// After what time without a call a connection is closed. Default `15m`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub idle_time: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: 128,
            calls_per_account: 32,
            call_bytes: 4 * 1024 * 1024,
            buffered_bytes: 256 * 1024 * 1024,
            logon_time: Duration::from_secs(30),
            transfer_time: Duration::from_secs(60),
            idle_time: Duration::from_secs(15 * 60),
        }
    }
}

impl LimitsConfig {
    /// Limits of each connection.
    pub fn of_connections(&self) -> Limits {
        Limits {
            max_request: self.call_bytes,
            max_in_flight_bytes: self.call_bytes.saturating_mul(2),
            handshake_timeout: self.logon_time,
            receive_timeout: self.transfer_time,
            idle_timeout: self.idle_time,
            ..Limits::default()
        }
    }

    /// Limits across connections; calls may go on for `drain_timeout` once the server stops.
    pub fn of_server(&self, drain_timeout: Duration) -> ServerLimits {
        ServerLimits {
            max_connections: self.connections,
            max_connections_per_address: self.connections_per_address,
            max_calls_per_principal: self.calls_per_account,
            write_timeout: self.transfer_time,
            drain_timeout,
        }
    }
}

/// How clients log on: section `[authentication]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthenticationConfig {
    /// The keys of this machine's account, for Kerberos. Default: that of Active Directory; with
    /// another directory none, and no Kerberos.
    pub keytab: Option<PathBuf>,
    /// Whether Kerberos is taken where there is a keytab. Default true.
    pub kerberos: bool,
    /// Whether Kerberos is taken with RC4 too, for accounts that have no AES keys. Default false.
    pub kerberos_rc4: bool,
    /// Who verifies NTLM logons: `local` (default), `netlogon`, `winbind`; or `refuse`.
    pub ntlm: NtlmMode,
    /// Whether NTLM is taken without SPNEGO around it, as impacket and Certipy send it.
    /// Default true.
    pub raw_ntlm: bool,
    /// Whether every NTLM logon must prove that its messages were not altered (MIC). Windows
    /// does; impacket and Certipy do not, and are shut out. Default false.
    pub require_mic: bool,
    /// Whether every NTLM logon must name this server as its target. Default false.
    pub require_target_name: bool,
    /// What the domain's verdict needs.
    pub domain: DomainConfig,
}

impl AuthenticationConfig {
    /// The keytab, where Kerberos is to be taken.
    pub fn kerberos_keytab(&self) -> Option<&Path> {
        self.keytab.as_deref().filter(|_| self.kerberos)
    }

    /// The machine account's secret, where there is one; `computer` is this machine's NetBIOS name.
    pub fn secret(&self, computer: &str) -> Option<MachineSecret> {
        self.domain.secret(computer, self.keytab.as_deref())
    }

    /// Whether NTLM is taken without SPNEGO around it.
    pub fn takes_raw_ntlm(&self) -> bool {
        self.ntlm != NtlmMode::Refuse && self.raw_ntlm
    }
}

impl Default for AuthenticationConfig {
    fn default() -> Self {
        Self {
            keytab: None,
            kerberos: true,
            kerberos_rc4: false,
            ntlm: NtlmMode::Local,
            raw_ntlm: true,
            require_mic: false,
            require_target_name: false,
            domain: DomainConfig::default(),
        }
    }
}

/// `authentication.ntlm`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NtlmMode {
    /// Accounts of the directory file, by their hashes.
    Local,
    /// A domain controller, by the secure channel of the machine account.
    Netlogon,
    /// The domain, by winbindd on this machine.
    Winbind,
    /// Nobody: NTLM is not offered.
    Refuse,
}

/// Who may enroll, and what requests may hold: section `[enrollment]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnrollmentConfig {
    /// Who may do what with this CA, as SDDL: 0x200 is Enroll, 0x1 Manage CA, 0x2 Issue and Manage
    /// Certificates, 0x4 Audit, 0x8 Backup, 0x100 Read. Default: Authenticated Users may enroll,
    /// Administrators, Domain Admins and Enterprise Admins may manage CA and certificates. Once an
    /// administrator has set another over the network, that one counts.
    pub security: String,
    /// The longest that any certificate is valid, whatever its template says. Default `2y`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub max_validity: Duration,
    /// What is done where a template takes names from the request, and the certificate would
    /// prove them to others: `pend` (default), `deny` or `issue`.
    pub supplied_names: SuppliedNamesSetting,
    /// The generation of CAs that this one counts as where templates name a lowest one: 3 is
    /// Windows Server 2008 R2, 4 is 2012, and so on. Default 6: 2016 and later.
    pub server_generation: u32,
    /// Whether requests may ask for a shorter validity (ValidityPeriod, ExpirationDate). Default
    /// false.
    pub request_validity: bool,
    /// The largest request, in bytes. Default 32768; rows of the Request table must hold it.
    pub max_request_bytes: usize,
    /// The shortest RSA key, in bits. Default 2048, and no less.
    pub min_rsa_bits: u32,
    /// The longest RSA key, in bits. Default 8192, and no more.
    pub max_rsa_bits: u32,
}

/// `enrollment.supplied_names` and `hardening.ca_certificates`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppliedNamesSetting {
    /// A certificate manager decides.
    Pend,
    /// The request is denied.
    Deny,
    /// The Enroll right on the template is enough.
    Issue,
}

/// The descriptor of a new enterprise CA ([MS-CSRA] 3.1.1.7).
const DEFAULT_SECURITY: &str = "O:BAG:BAD:(A;;0x200;;;AU)(A;;0x3;;;BA)(A;;0x3;;;DA)(A;;0x3;;;EA)";

impl Default for EnrollmentConfig {
    fn default() -> Self {
        Self {
            security: DEFAULT_SECURITY.to_owned(),
            max_validity: Duration::from_secs(2 * 365 * 86_400),
            supplied_names: SuppliedNamesSetting::Pend,
            server_generation: 6,
            request_validity: false,
            max_request_bytes: 32 * 1024,
            min_rsa_bits: 2048,
            max_rsa_bits: 8192,
        }
    }
}

impl EnrollmentConfig {
    /// What a request may hold.
    pub fn limits(&self) -> request::Limits {
        request::Limits {
            request_bytes: self.max_request_bytes,
            rsa_bits: self.min_rsa_bits..=self.max_rsa_bits,
            ..request::Limits::default()
        }
    }
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration {}: {source}; write one by: wcced init", path.display()
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML of this form.
    #[error("the configuration {} cannot be understood: {source}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A setting makes no sense.
    #[error("the configuration {}: {key}: {problem}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which setting.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Config {
    /// Reads a file, checks it, and makes its paths absolute or relative to the working folder.
    ///
    /// # Errors
    /// Names the file, the line or the setting, and what is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads the text of the file `path`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        config.join();
        config.check().map_err(|(key, problem)| ConfigError::Value {
            path: path.to_owned(),
            key,
            problem: problem.to_owned(),
        })?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// What a member of a domain needs twice, for the directory and for logons, is set once.
    fn join(&mut self) {
        let DirectoryConfig::ActiveDirectory(directory) = &self.directory else { return };
        let AuthenticationConfig { keytab, domain, .. } = &mut self.authentication;
        if keytab.is_none() && directory.simple_bind.is_none() {
            *keytab = Some(directory.keytab.clone());
        }
        if domain.domain_controllers.is_empty() {
            domain.domain_controllers.clone_from(&directory.servers);
        }
    }

    /// Whether NTLM is offered although no account can log on with it: Active Directory tells
    /// nobody's passwords.
    pub fn has_idle_ntlm(&self) -> bool {
        matches!(self.directory, DirectoryConfig::ActiveDirectory(_))
            && self.authentication.ntlm == NtlmMode::Local
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let EnrollmentConfig { min_rsa_bits, max_rsa_bits, max_request_bytes, .. } =
            self.enrollment;
        self.directory.check()?;
        if self.listen.enrollment.is_empty() {
            return Err((
                "listen.enrollment",
                "name at least one address, such as 127.0.0.1:49170",
            ));
        }
        if self.limits.connections == 0 || self.limits.connections_per_address == 0 {
            return Err(("limits.connections", "at least 1"));
        }
        if self.limits.buffered_bytes < self.limits.call_bytes {
            return Err(("limits.buffered_bytes", "at least limits.call_bytes"));
        }
        if self.limits.call_bytes < max_request_bytes.saturating_mul(2) {
            return Err(("limits.call_bytes", "at least twice enrollment.max_request_bytes"));
        }
        let objects = &self.listen.objects;
        if objects.iter().zip(objects.iter().skip(1)).any(|(a, b)| a.port() != b.port()) {
            return Err(("listen.objects", "all addresses must have the same port"));
        }
        let AuthenticationConfig { ntlm, keytab, domain, .. } = &self.authentication;
        if *ntlm == NtlmMode::Refuse && self.authentication.kerberos_keytab().is_none() {
            return Err(("authentication.ntlm", "without Kerberos and NTLM nobody could log on"));
        }
        domain.check()?;
        if *ntlm == NtlmMode::Netlogon {
            domain.check_netlogon(keytab.as_deref())?;
        }
        if min_rsa_bits < 2048 {
            return Err(("enrollment.min_rsa_bits", "keys below 2048 bits are not safe"));
        }
        if max_rsa_bits > 8192 || max_rsa_bits < min_rsa_bits {
            return Err(("enrollment.max_rsa_bits", "at least min_rsa_bits, at most 8192"));
        }
        if max_request_bytes > self.store.max_row_bytes {
            return Err(("enrollment.max_request_bytes", "not more than store.max_row_bytes"));
        }
        if self.enrollment.server_generation > 15 {
            return Err(("enrollment.server_generation", "at most 15"));
        }
        self.administration.check()?;
        self.http.check()?;
        self.hardening.check(self)?;
        Ok(())
    }

    fn resolve(&mut self, folder: &Path) {
        let in_folder = |path: &mut PathBuf| *path = folder.join(&*path);
        in_folder(&mut self.state);
        self.directory.resolve(folder);
        self.trust.paths_mut().for_each(in_folder);
        if let Some(keytab) = &mut self.authentication.keytab {
            in_folder(keytab);
        }
        self.authentication.domain.resolve(folder);
        match &mut self.ca.existing {
            Some(ExistingCa::Pem { certificates, key }) => {
                in_folder(certificates);
                in_folder(key);
            }
            Some(ExistingCa::Pkcs12 { file, password_file }) => {
                in_folder(file);
                in_folder(password_file);
            }
            None => {}
        }
    }
}

/// What `wcced init` puts into a new configuration file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewConfig {
    /// Listen on loopback and unprivileged ports: for demonstrations, without root.
    pub demo: bool,
    /// Subject of the CA certificate, where it isn't the default.
    pub subject: Option<String>,
    /// DNS name of the domain whose Active Directory is used, in place of a directory file.
    pub domain: Option<String>,
    /// The state folder, where it isn't the default.
    pub state: Option<String>,
}

impl NewConfig {
    /// The text of the file: every setting, explained, those that are the default commented out.
    pub fn text(&self) -> String {
        let default = Config::default();
        let (epm, addresses) = match self.demo {
            true => ("", ["127.0.0.1:13500", "127.0.0.1:49170", "127.0.0.1:49171"]),
            false => ("#", ["0.0.0.0:135", "0.0.0.0:49170", "0.0.0.0:49171"]),
        };
        let [mapper, icpr, objects] = addresses;
        let (mark, subject) = match &self.subject {
            Some(subject) => ("", subject),
            None => ("#", &default.ca.subject),
        };
        let directory = self.domain.as_ref().map_or_else(String::new, |domain| {
            let domain = toml::Value::from(domain.as_str());
            format!("\n[directory]\nkind = \"active-directory\"\ndomain = {domain}\n")
        });
        let state = match &self.state {
            Some(state) => format!("state = {}", toml::Value::from(state.as_str())),
            None => "#state = \"state\"".to_owned(),
        };
        let ntlm = match self.domain {
            Some(_) => "ntlm = \"netlogon\"",
            None => "#ntlm = \"local\"",
        };
        include_str!("wcced.toml")
            .replace("@STATE@", &state)
            .replace("@DIRECTORY@\n", &directory)
            .replace("@NTLM@", ntlm)
            .replace("@EPM@", &format!("{epm}endpoint_mapper = [\"{mapper}\"]"))
            .replace("@OBJECTS@", &format!("{epm}objects = [\"{objects}\"]"))
            .replace("@ICPR@", &format!("{epm}enrollment = [\"{icpr}\"]"))
            .replace(
                "@SUBJECT@",
                &format!("{mark}subject = {}", toml::Value::from(subject.as_str())),
            )
    }
}

#[cfg(test)]
mod tests;
