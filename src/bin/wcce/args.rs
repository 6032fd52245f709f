//! Arguments that several commands share.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use wcce::auth::kerberos::KerberosCredentials;
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::{Login, Mechanism, Proof, Server};
use wcce::rpc::binding::StringBinding;
use wcce::rpc::client::ClientOptions;
use zeroize::Zeroizing;

/// Which server, and how to reach it.
#[derive(Args)]
pub struct ServerArgs {
    /// Host name or address of the server, or a string binding such as ncacn_ip_tcp:HOST[PORT]
    #[arg(long, value_name = "HOST")]
    server: String,
    /// TCP port of the CA's interface; without it, the endpoint mapper is asked
    #[arg(long)]
    port: Option<u16>,
    /// TCP port of the endpoint mapper
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
        let password = match &self.password_file {
            Some(path) => read_password(path)?,
            None => Zeroizing::new(rpassword::prompt_password(format!("Password of {account}: "))?),
        };
        Ok(Credentials { user: user.into(), domain: domain.into(), password })
    }
}

fn read_password(path: &Path) -> Result<Zeroizing<String>, Box<dyn Error>> {
    let content = std::fs::read_to_string(path);
    let content = Zeroizing::new(content.map_err(|error| format!("{}: {error}", path.display()))?);
    let line = content.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}
