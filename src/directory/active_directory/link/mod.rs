//! A connection to a domain controller: TCP, TLS where it is asked for, the logon, and ldap3 on
//! top of it.

mod kerberos;
mod message;
mod pump;
mod sasl;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tracing::debug;
use zeroize::Zeroizing;

use self::pump::Wire;
use self::sasl::{Protection, SecurityLayer};
use crate::directory::config::{ActiveDirectoryConfig, Transport};
use crate::domain::locator::{LocateError, Located};

/// What a server sends, as it is looked at before ldap3 sees it: whether it may pass, and whether it
/// begins with an answer to a logon. For fuzz targets.
#[doc(hidden)]
pub fn examine(bytes: &[u8]) -> (bool, bool) {
    let passes = message::Framing::default().push(bytes).is_ok();
    let answer = match message::answer_length(bytes) {
        Ok(Some(length)) => bytes.get(..length),
        _ => None,
    };
    (passes, answer.is_some_and(|answer| message::parse_answer(answer).is_ok()))
}

/// Why a domain controller could not be talked to, or what it refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// No server was found.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// No server could be reached a moment ago, and nobody tried again.
    #[error("{0}")]
    Unreachable(String),
    /// A setting cannot be used: a file, a key.
    #[error("{0}")]
    Settings(String),
    /// The server cannot be reached.
    #[error("{host}: cannot connect: {source}")]
    Connect {
        /// Which server.
        host: String,
        /// Why.
        source: std::io::Error,
    },
    /// TLS cannot be spoken, or the server's certificate is not trusted.
    #[error("{host}: TLS: {problem}")]
    Tls {
        /// Which server.
        host: String,
        /// Why.
        problem: String,
    },
    /// Kerberos failed.
    #[error("{host}: Kerberos: {text}")]
    Kerberos {
        /// Which server.
        host: String,
        /// Why.
        text: String,
    },
    /// The server refused the logon.
    #[error("{host}: the logon was refused (LDAP result {code}): {text}")]
    Bind {
        /// Which server.
        host: String,
        /// resultCode.
        code: u32,
        /// diagnosticMessage.
        text: String,
    },
    /// No answer in time.
    #[error("{host}: no answer within {} s", after.as_secs_f32())]
    Timeout {
        /// Which server.
        host: String,
        /// How long it had.
        after: Duration,
    },
    /// The connection ended.
    #[error("{host}: the connection was lost: {problem}")]
    Lost {
        /// Which server.
        host: String,
        /// Why.
        problem: String,
    },
    /// The server refused an operation.
    #[error("{host}: {operation} was refused: {refusal}")]
    Refused {
        /// Which server.
        host: String,
        /// What was asked.
        operation: &'static str,
        /// What it said.
        refusal: Refusal,
    },
    /// The answer is larger than it may be, or has no sense.
    #[error("{host}: {problem}")]
    Answer {
        /// Which server.
        host: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// An LDAP result that is no success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// resultCode.
    pub code: u32,
    /// diagnosticMessage.
    pub text: String,
}

impl Refusal {
    /// noSuchObject.
    pub const NO_SUCH_OBJECT: u32 = 32;
    /// entryAlreadyExists.
    pub const ALREADY_EXISTS: u32 = 68;
    /// insufficientAccessRights.
    pub const NO_RIGHT: u32 = 50;

    /// The Win32 error code that a domain controller begins its text with.
    pub fn win32(&self) -> Option<u32> {
        let (code, _) = self.text.split_once(':')?;
        u32::from_str_radix(code, 16).ok().filter(|win32| code.len() == 8 && *win32 != 0)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.code {
            Self::NO_RIGHT => " (the account lacks the right)",
            Self::NO_SUCH_OBJECT => " (there is no such object)",
            Self::ALREADY_EXISTS => " (it is there already)",
            _ => "",
        };
        write!(f, "LDAP result {}{advice}: {}", self.code, self.text.trim_end())
    }
}

impl LinkError {
    /// Whether another server, or the same one later, may well answer.
    pub fn is_outage(&self) -> bool {
        match self {
            // busy, unavailable, and unwillingToPerform while a server starts or stops.
            Self::Refused { refusal, .. } => matches!(refusal.code, 51 | 52),
            Self::Answer { .. } => false,
            _ => true,
        }
    }
}

/// What connections are made with.
pub(super) struct Dial {
    config: Arc<ActiveDirectoryConfig>,
    tls: Option<Arc<rustls::ClientConfig>>,
}

/// Which kind of server is dialled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Role {
    /// A domain controller, for the domain's own naming contexts.
    DomainController,
    /// A global catalog, for all of the forest.
    GlobalCatalog,
}

impl Role {
    fn port(self, transport: Transport) -> u16 {
        match (self, transport) {
            (Self::DomainController, Transport::Seal | Transport::StartTls) => 389,
            (Self::DomainController, Transport::Ldaps) => 636,
            (Self::GlobalCatalog, Transport::Seal | Transport::StartTls) => 3268,
            (Self::GlobalCatalog, Transport::Ldaps) => 3269,
        }
    }
}

impl Dial {
    pub(super) fn new(config: &Arc<ActiveDirectoryConfig>) -> Result<Self, LinkError> {
        let tls = match config.transport {
            Transport::Seal => None,
            Transport::StartTls | Transport::Ldaps => {
                Some(tls::config(config.tls_roots.as_deref())?)
            }
        };
        Ok(Self { config: Arc::clone(config), tls })
    }

    /// Connects and logs on to a server of this name, within the time that a server has.
    pub(super) async fn open(&self, host: &str, role: Role) -> Result<Ldap, LinkError> {
        let after = self.config.timeout;
        let opened = timeout(after, self.log_on(host, role)).await;
        let late = |_| LinkError::Timeout { host: host.to_owned(), after };
        let (wire, layer) = opened.map_err(late)??;
        let lost = |error: &dyn fmt::Display| LinkError::Lost {
            host: host.to_owned(),
            problem: error.to_string(),
        };
        let (ours, theirs) = UnixStream::pair().map_err(|error| lost(&error))?;
        let theirs = theirs.into_std().map_err(|error| lost(&error))?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(theirs));
        let (driver, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///")
            .await
            .map_err(|error| lost(&error))?;
        let name = host.to_owned();
        tokio::spawn(async move {
            match pump::pump(wire, ours, layer).await {
                Ok(()) => debug!(host = name, "LDAP connection closed"),
                Err(error) => debug!(host = name, %error, "LDAP connection ended"),
            }
        });
        tokio::spawn(async move {
            // Whoever waits for an answer learns of the end.
            let _ = driver.drive().await;
        });
        Ok(ldap)
    }

    async fn log_on(
        &self,
        host: &str,
        role: Role,
    ) -> Result<(Box<dyn Wire>, Option<SecurityLayer>), LinkError> {
        let address = (host, role.port(self.config.transport));
        let connect = |source| LinkError::Connect { host: host.to_owned(), source };
        let tcp = TcpStream::connect(address).await.map_err(connect)?;
        tcp.set_nodelay(true).map_err(connect)?;
        let mut wire: Box<dyn Wire> = Box::new(tcp);
        let mut binding = None;
        if let Some(config) = &self.tls {
            if self.config.transport == Transport::StartTls {
                let answer = sasl::exchange(&mut *wire, host, &message::start_tls(1)).await?;
                if answer.code != 0 {
                    return Err(sasl::refused(host, answer));
                }
            }
            let stream = tls::connect(wire, host, config).await?;
            binding = tls::end_point(&stream);
            wire = Box::new(stream);
        }
        let layer = match &self.config.simple_bind {
            Some(simple) => {
                let read = std::fs::read(&simple.password_file).map(Zeroizing::new);
                let password = read.map_err(|error| {
                    LinkError::Settings(format!("{}: {error}", simple.password_file.display()))
                })?;
                let password = password.trim_ascii_end();
                // An empty password would be an anonymous bind, which succeeds.
                if password.is_empty() {
                    let file = simple.password_file.display();
                    return Err(LinkError::Settings(format!("{file}: there is no password in it")));
                }
                let request = Zeroizing::new(message::simple_bind(1, &simple.user, password));
                let answer = sasl::exchange(&mut *wire, host, &request).await?;
                if answer.code != 0 {
                    return Err(sasl::refused(host, answer));
                }
                None
            }
            None => {
                let protection = match self.config.transport {
                    Transport::Seal => Protection::Seal,
                    Transport::StartTls | Transport::Ldaps => Protection::Outside,
                };
                let context = kerberos::context(&self.config, host, protection, binding)?;
                sasl::bind(&mut *wire, host, context, protection).await?
            }
        };
        Ok((wire, layer))
    }
}

impl Located {
    /// A server that the settings name.
    pub(super) fn configured(host: &str) -> Self {
        Self { host: host.to_ascii_lowercase(), port: 389 }
    }
}
