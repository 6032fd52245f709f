//! Arguments that several commands share.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use wcce::asn1::pem;
use wcce::auth::kerberos::KerberosCredentials;
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::offers::{CaOffer, choose};
use wcce::client::{
    ClientDescription, EnrollError, EnrollmentClient, Login, Mechanism, Proof, Server,
};
use wcce::model::ClientInfo;
use wcce::rpc::binding::StringBinding;
use wcce::rpc::client::ClientOptions;
use zeroize::Zeroizing;

use crate::domain::DomainArgs;

/// Which server, and how to reach it.
#[derive(Args)]
pub struct ServerArgs {
    /// Host name or address of the server, or a string binding such as ncacn_ip_tcp:HOST[PORT]; by
    /// default that of a CA of Active Directory, with a Kerberos ticket
    #[arg(long, value_name = "HOST")]
    server: Option<String>,
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
    /// The server that is named.
    pub fn server(&self) -> Result<Server, Box<dyn Error>> {
        self.given()?.ok_or_else(|| "which server? Add --server HOST".into())
    }

    /// The server, if one is named.
    pub fn given(&self) -> Result<Option<Server>, Box<dyn Error>> {
        let Some(server) = &self.server else { return Ok(None) };
        let (host, port) = match server.contains(':') && server.starts_with("ncac") {
            true => {
                let binding: StringBinding = server.parse()?;
                (binding.host, self.port.or(binding.port))
            }
            false => (server.clone(), self.port),
        };
        Ok(Some(Server { host, port, mapper_port: self.epm_port }))
    }

    /// A server of this name.
    fn at(&self, host: &str) -> Server {
        Server { host: host.to_owned(), port: self.port, mapper_port: self.epm_port }
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

    /// The Kerberos credentials, where nothing else is to be used.
    ///
    /// # Errors
    /// Where there are none, and where another logon was asked for.
    pub fn kerberos(&self) -> Result<KerberosCredentials, String> {
        match self.auth.unwrap_or_else(|| self.default_auth()) {
            AuthArg::Kerberos => self.tickets(),
            AuthArg::Negotiate | AuthArg::Ntlm => {
                Err("the directory is asked with a Kerberos ticket alone: run kinit, and leave \
                     --user out"
                    .to_owned())
            }
        }
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
    #[command(flatten)]
    domain: DomainArgs,
    /// Name of the CA, as `certutil -CAInfo name` shows it; the directory tells it, or over DCOM the
    /// CA is asked for it
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
pub enum Rpc {
    /// ICertRequestD2 through DCOM, as Windows does
    Dcom,
    /// ICertPassage
    Icpr,
}

impl Rpc {
    /// Connects to the CA of this name.
    pub async fn connect(
        self,
        server: &Server,
        authority: &str,
        login: &Login,
        options: &ClientOptions,
    ) -> Result<EnrollmentClient, EnrollError> {
        Ok(match self {
            Self::Icpr => EnrollmentClient::connect(server, authority, login, options).await?,
            Self::Dcom => EnrollmentClient::activate(server, authority, login, options).await?,
        })
    }
}

impl CaArgs {
    /// Whether the connection has properties of the CA.
    pub fn has_properties(&self) -> bool {
        self.rpc == Rpc::Dcom
    }

    /// What the caller may enroll for, as the directory tells.
    pub async fn offers(&self) -> Result<Vec<CaOffer>, Box<dyn Error>> {
        self.domain.offers(self.login.kerberos()?, self.server.options().call_timeout).await
    }

    /// Of these, those of the CA or the server that is named.
    pub fn named(&self, offers: Vec<CaOffer>) -> Result<Vec<CaOffer>, Box<dyn Error>> {
        let server = self.server.given()?;
        let at = |offer: &CaOffer| {
            server.as_ref().is_none_or(|server| server.host.eq_ignore_ascii_case(&offer.host))
        };
        let called = |offer: &CaOffer| {
            self.ca.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&offer.name))
        };
        Ok(offers.into_iter().filter(|offer| at(offer) && called(offer)).collect())
    }

    /// Whether a server is named, whose offer can be asked for.
    pub fn names_server(&self) -> bool {
        self.server.server.is_some()
    }

    /// The servers to try, each with the name of its CA as far as it is known: the one that is
    /// named, or those of the directory that issue from `template`.
    pub async fn servers(
        &self,
        template: Option<&str>,
    ) -> Result<Vec<(Server, String)>, Box<dyn Error>> {
        let name = self.ca.clone().unwrap_or_default();
        if let Some(server) = self.server.given()? {
            return Ok(vec![(server, name)]);
        }
        let offers = self.offers().await.map_err(|error| {
            format!("where is the CA? The directory does not tell: {error} (or add --server HOST)")
        })?;
        let chosen = choose(&offers, self.ca.as_deref(), template)?;
        Ok(chosen.iter().map(|ca| (self.server.at(&ca.host), ca.name.clone())).collect())
    }

    /// Connects to a CA that issues from this template, if one is meant, and finds out its name if
    /// need be.
    pub async fn connect(
        &self,
        template: Option<&str>,
    ) -> Result<EnrollmentClient, Box<dyn Error>> {
        let mut client = self.open(template).await?;
        if client.authority().is_empty() {
            client.discover().await?;
        }
        Ok(client)
    }

    /// Connects to a CA that issues from this template, by no name if none is known. Of several
    /// CAs, the first that answers.
    pub async fn open(&self, template: Option<&str>) -> Result<EnrollmentClient, Box<dyn Error>> {
        let trusted = self.trust.as_deref().map(read_certificates).transpose()?;
        let mut failed: Option<Box<dyn Error>> = None;
        for (server, name) in self.servers(template).await? {
            if let Some(error) = failed.take() {
                eprintln!("wcce: {error}; trying {}", server.host);
            }
            match self.open_at(&server, &name).await {
                Ok(mut client) => {
                    client.trust_only(trusted.unwrap_or_default());
                    return Ok(client);
                }
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| "there is no CA".into()))
    }

    async fn open_at(
        &self,
        server: &Server,
        name: &str,
    ) -> Result<EnrollmentClient, Box<dyn Error>> {
        let (login, options) = (self.login.login()?, self.server.options());
        if self.rpc == Rpc::Icpr && name.is_empty() {
            return Err("--rpc icpr needs the CA's name: add --ca NAME".into());
        }
        Ok(self.rpc.connect(server, name, &login, &options).await?)
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

/// The certificates of a PEM file, or the one of a DER file.
pub fn read_certificates(path: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if text.first() == Some(&0x30) {
        return Ok(vec![text]);
    }
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
