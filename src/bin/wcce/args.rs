//! Arguments that several commands share.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::{Login, Mechanism, Server};
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

/// Who logs on.
#[derive(Args)]
pub struct LoginArgs {
    /// Account, as DOMAIN\user or user@domain
    #[arg(long, value_name = "USER")]
    user: String,
    /// File with the password in its first line; without it, the password is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// How to authenticate
    #[arg(long, value_enum, default_value_t = AuthArg::Negotiate)]
    auth: AuthArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum AuthArg {
    /// SPNEGO, which every Windows server takes
    Negotiate,
    /// NTLM without SPNEGO around it
    Ntlm,
}

impl LoginArgs {
    pub fn login(&self) -> Result<Login, Box<dyn Error>> {
        let (domain, user) = self.user.split_once('\\').unwrap_or(("", &self.user));
        let password = match &self.password_file {
            Some(path) => read_password(path)?,
            None => {
                Zeroizing::new(rpassword::prompt_password(format!("Password of {}: ", self.user))?)
            }
        };
        let mechanism = match self.auth {
            AuthArg::Negotiate => Mechanism::Negotiate,
            AuthArg::Ntlm => Mechanism::Ntlm,
        };
        let credentials = Credentials { user: user.into(), domain: domain.into(), password };
        Ok(Login { credentials, mechanism, level: AuthLevel::Privacy })
    }
}

fn read_password(path: &Path) -> Result<Zeroizing<String>, Box<dyn Error>> {
    let content = std::fs::read_to_string(path);
    let content = Zeroizing::new(content.map_err(|error| format!("{}: {error}", path.display()))?);
    let line = content.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}
