//! Arguments that several commands share.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use wcce::asn1::pem;
use wcce::auth::kerberos::KerberosCredentials;
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::{
    ClientDescription, EnrollError, EnrollmentClient, Login, Mechanism, Proof, Server,
};
use wcce::model::ClientInfo;
use wcce::rpc::binding::StringBinding;
use wcce::rpc::client::ClientOptions;
use zeroize::Zeroizing;

/// Which server, and how to reach it.
#[derive(Args)]
pub struct ServerArgs {
    /// Host name or address of the server, or a string binding such as ncacn_ip_tcp:HOST[PORT]
    #[arg(long, value_name = "HOST")]
    server: String,
    /// TCP port of ICertPassage (--rpc icpr); without it, the endpoint mapper is asked
    #[arg(long)]
    port: Option<u16>,
    /// TCP port of the endpoint mapper, and of the resolver and activator of DCOM
    #[arg(long, value_name = "PORT", default_value_t = 135)]
    epm_port: u16,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

impl ServerArgs {
    pub fn server(&self) -> Result<Server, Box<dyn Error>> {
        let (host, port) = match self.server.contains(':') && self.server.starts_with("ncac") {
            true => {
                let binding: StringBinding = self.server.parse()?;
                (binding.host, self.port.or(binding.port))
            }
            false => (self.server.clone(), self.port),
        };
        Ok(Server { host, port, mapper_port: self.epm_port })
    }

    pub fn options(&self) -> ClientOptions {
        ClientOptions { call_timeout: Duration::from_secs(self.timeout), ..Default::default() }
    }
}

/// Who logs on. Without any of these: whoever has a Kerberos ticket (kinit).
#[derive(Args)]
pub struct LoginArgs {
    /// Account, as DOMAIN\user or user@domain; with --keytab: as principal@REALM
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// File with the password in its first line; without it, the password is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Kerberos tickets of this cache, such as FILE:/tmp/krb5cc_0, not of the default one
    #[arg(long, value_name = "CACHE", conflicts_with_all = ["user", "password_file"])]
    ccache: Option<String>,
    /// Kerberos tickets fetched with the keys of this keytab
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ccache", "password_file"])]
    keytab: Option<PathBuf>,
    /// How to authenticate; by default kerberos with tickets or a keytab, negotiate with --user
    #[arg(long, value_enum)]
    auth: Option<AuthArg>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuthArg {
    /// Kerberos tickets, in SPNEGO
    Kerberos,
    /// NTLM in SPNEGO, which every Windows server takes
    Negotiate,
    /// NTLM without SPNEGO around it
    Ntlm,
}

impl LoginArgs {
    /// Whether somebody is to log on.
    pub fn is_given(&self) -> bool {
        let tickets = self.ccache.is_some() || self.keytab.is_some();
        tickets || self.user.is_some() || self.auth.is_some()
    }

    pub fn login(&self) -> Result<Login, Box<dyn Error>> {
        let proof = match self.auth.unwrap_or_else(|| self.default_auth()) {
            AuthArg::Kerberos => Proof::Tickets(self.tickets()?),
            AuthArg::Negotiate => Proof::Password(self.credentials()?, Mechanism::Negotiate),
            AuthArg::Ntlm => Proof::Password(self.credentials()?, Mechanism::Ntlm),
        };
        Ok(Login { proof, level: AuthLevel::Privacy })
    }

    fn default_auth(&self) -> AuthArg {
        let password = self.user.is_some() && self.keytab.is_none();
        if password { AuthArg::Negotiate } else { AuthArg::Kerberos }
    }

    fn tickets(&self) -> Result<KerberosCredentials, String> {
        if let Some(file) = &self.keytab {
            let principal = self.user.clone();
            return Ok(KerberosCredentials::Keytab { file: file.clone(), principal });
        }
        let tickets = KerberosCredentials::Cache(self.ccache.clone());
        match tickets.are_there() {
            true => Ok(tickets),
            false => {
                Err("there is no Kerberos ticket: run kinit, or name --user or --keytab".into())
            }
        }
    }

    fn credentials(&self) -> Result<Credentials, Box<dyn Error>> {
        let account = self.user.as_deref().ok_or("NTLM needs --user")?;
        let (domain, user) = account.split_once('\\').unwrap_or(("", account));
        let password = password(self.password_file.as_deref(), &account)?;
        Ok(Credentials { user: user.into(), domain: domain.into(), password })
    }
}

/// Which CA, who logs on, and by which interface.
#[derive(Args)]
pub struct CaArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub login: LoginArgs,
    /// Name of the CA, as `certutil -CAInfo name` shows it; over DCOM the CA is asked for it
    #[arg(long, value_name = "NAME")]
    ca: Option<String>,
    /// Interface of the CA
    #[arg(long, value_enum, default_value_t = Rpc::Dcom)]
    rpc: Rpc,
    /// Take only certificates whose chain leads to one in this file (PEM)
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rpc {
    /// ICertRequestD2 through DCOM, as Windows does
    Dcom,
    /// ICertPassage
    Icpr,
}

impl CaArgs {
    /// Whether the connection has properties of the CA.
    pub fn has_properties(&self) -> bool {
        self.rpc == Rpc::Dcom
    }

    /// Connects to the CA, and finds out its name if need be.
    pub async fn connect(&self) -> Result<EnrollmentClient, Box<dyn Error>> {
        let mut client = self.open().await?;
        if client.authority().is_empty() {
            client.discover().await?;
        }
        Ok(client)
    }

    /// Connects to the CA, by no name if none is given.
    pub async fn open(&self) -> Result<EnrollmentClient, Box<dyn Error>> {
        let trusted = self.trust.as_deref().map(read_certificates).transpose()?;
        let (server, options) = (self.server.server()?, self.server.options());
        let login = self.login.login()?;
        let name = self.ca.as_deref().unwrap_or_default();
        let mut client = match self.rpc {
            Rpc::Icpr if name.is_empty() => {
                return Err("--rpc icpr needs the CA's name: add --ca NAME".into());
            }
            Rpc::Icpr => EnrollmentClient::connect(&server, name, &login, &options)
                .await
                .map_err(EnrollError::from)?,
            Rpc::Dcom => EnrollmentClient::activate(&server, name, &login, &options).await?,
        };
        client.trust_only(trusted.unwrap_or_default());
        Ok(client)
    }

    /// What requests say about this client.
    pub fn description(&self) -> ClientDescription {
        let system = rustix::system::uname();
        let release = system.release().to_string_lossy();
        let mut numbers = release.split('.').map(|part| part.parse().unwrap_or(0_u32));
        let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let default = ClientDescription::default();
        let info = ClientInfo {
            machine: system.nodename().to_string_lossy().into_owned(),
            user: self.login.user.clone().unwrap_or_default(),
            ..default.info
        };
        ClientDescription { os_version: format!("{major}.{minor}.0.0"), info, ..default }
    }
}

/// The certificates of a PEM file.
pub fn read_certificates(path: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let blocks = pem::decode(&text).unwrap_or_default();
    let blocks = blocks.iter().filter(|block| block.label == "CERTIFICATE");
    let certificates: Vec<_> = blocks.map(|block| block.der.to_vec()).collect();
    match certificates.is_empty() {
        true => Err(format!("{}: no certificate in PEM", path.display()).into()),
        false => Ok(certificates),
    }
}

/// A password: the first line of a file, or what is typed.
pub fn password(
    file: Option<&Path>,
    of: &dyn std::fmt::Display,
) -> Result<Zeroizing<String>, Box<dyn Error>> {
    match file {
        Some(path) => read_password(path),
        None => Ok(Zeroizing::new(rpassword::prompt_password(format!("Password of {of}: "))?)),
    }
}

fn read_password(path: &Path) -> Result<Zeroizing<String>, Box<dyn Error>> {
    let content = std::fs::read_to_string(path);
    let content = Zeroizing::new(content.map_err(|error| format!("{}: {error}", path.display()))?);
    let line = content.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}
