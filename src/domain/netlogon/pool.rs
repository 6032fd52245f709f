//! Sealed connections to a domain controller, kept for the next logon; the channel is negotiated
//! anew when it is lost or the machine account's secret changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{info, warn};

use super::channel::{
    Answer, CallFailure, ChannelError, Channels, Member, NetworkLogon, SealedConnection, Session,
};
use super::locate::DcLocator;
use crate::auth::{BoxFuture, Environment, NtlmLogon, NtlmResponse};
use crate::domain::secret::{MachineSecret, Stamp};
use crate::domain::status::LogonError;
use crate::domain::verifier::Judge;
use crate::metrics;
use crate::ndr::Syntax;
use crate::rpc::client::{AssociationOptions, ClientOptions};

/// The first wait after no domain controller could be reached; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest of these waits.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The wait after domain controllers refused the machine account ([MS-NRPC] 3.1.4.6), unless its
/// secret changes before: trying on would be noise in the domain's log, and a lockout at worst.
const REFUSED_WAIT: Duration = Duration::from_secs(45);
/// How often the secret's file is looked at.
const SECRET_INTERVAL: Duration = Duration::from_secs(2);
/// How often a logon is asked at most: once more, where the connection broke.
const TRIES: u32 = 2;

/// How far the pool goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolLimits {
    /// Connections to the domain controller: as many logons are asked at once.
    pub connections: usize,
    /// Logons that may wait for a connection; further ones have no verdict.
    pub queue: usize,
    /// Longest time for one logon, waiting included.
    pub timeout: Duration,
}

/// What a trial of the channel found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelReport {
    /// The domain controller at the other end.
    pub controller: String,
    /// RID of the machine account.
    pub account_rid: u32,
    /// What was negotiated ([MS-NRPC] 3.1.4.2).
    pub flags: u32,
}

/// The pool.
pub struct ChannelPool {
    channels: Channels,
    secret: MachineSecret,
    locator: Arc<dyn DcLocator>,
    limits: PoolLimits,
    /// One for each logon that is asked or waits.
    queue: Semaphore,
    /// One for each connection in use.
    slots: Semaphore,
    state: Mutex<State>,
    /// Held while a channel is negotiated, so that everybody else waits for that one.
    establishing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    idle: Vec<SealedConnection>,
    trouble: Option<Trouble>,
    /// The secret's file when the session was negotiated, or the last try failed.
    stamp: Stamp,
    looked: Option<Instant>,
    /// With which domain controller the next try begins: one that just failed is not the first
    /// again, even where a logon's time ran out meanwhile.
    first: usize,
}

/// After a failure nothing is tried until then.
struct Trouble {
    until: Instant,
    wait: Duration,
    reason: String,
}

impl ChannelPool {
    /// A pool that makes its first channel at the first logon.
    pub fn new(
        member: Member,
        secret: MachineSecret,
        locator: Arc<dyn DcLocator>,
        limits: PoolLimits,
        environment: Arc<dyn Environment>,
    ) -> Self {
        let options = ClientOptions {
            association: AssociationOptions {
                syntaxes: vec![Syntax::Ndr20],
                max_answer: 1 << 20,
                ..AssociationOptions::default()
            },
            // An answer that takes half of the time leaves another domain controller the rest.
            connect_timeout: limits.timeout.checked_div(4).unwrap_or(limits.timeout),
            call_timeout: limits.timeout.checked_div(2).unwrap_or(limits.timeout),
            ..ClientOptions::default()
        };
        Self {
            channels: Channels { member, environment, options },
            secret,
            locator,
            limits,
            queue: Semaphore::new(limits.connections.saturating_add(limits.queue)),
            slots: Semaphore::new(limits.connections),
            state: Mutex::default(),
            establishing: tokio::sync::Mutex::default(),
        }
    }

    /// Has a domain controller verify a logon.
    ///
    /// # Errors
    /// Its refusal; or that there is no verdict, and why.
    pub async fn logon(&self, logon: &NetworkLogon<'_>) -> Result<NtlmLogon, LogonError> {
        let Ok(_queued) = self.queue.try_acquire() else {
            return Err(unavailable("too many logons wait for the domain controller"));
        };
        match timeout(self.limits.timeout, self.ask(logon)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(unavailable(format!(
                "the domain controller did not answer within {} s",
                self.limits.timeout.as_secs_f32()
            ))),
        }
    }

    /// Negotiates a channel of its own, to see whether one can be had.
    ///
    /// # Errors
    /// What is wrong, of the last domain controller that was tried.
    pub async fn probe(&self) -> Result<ChannelReport, ChannelError> {
        let (connection, _) = self.negotiate().await?;
        let Session { controller, account_rid, flags, .. } = &*connection.session;
        let (account_rid, flags) = (*account_rid, *flags);
        Ok(ChannelReport { controller: controller.to_string(), account_rid, flags })
    }

    async fn ask(&self, logon: &NetworkLogon<'_>) -> Result<NtlmLogon, LogonError> {
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(unavailable("the server stops"));
        };
        let mut problem = String::new();
        for _ in 0..TRIES {
            let mut connection = self.connection().await.map_err(unavailable)?;
            let answer = connection.logon(&self.channels.member, logon).await;
            let controller = connection.session.controller.to_string();
            match answer {
                Ok(Answer::ChannelLost) => {
                    self.forget(&connection.session);
                    problem = format!("{controller} does not know the secure channel any more");
                }
                Ok(answer) => {
                    self.put_back(connection);
                    return match answer {
                        Answer::Granted(info) => info.into_logon(),
                        Answer::Denied(denial) => Err(LogonError::Denied(denial)),
                        Answer::ChannelLost => Err(unavailable("the secure channel is lost")),
                        Answer::NoVerdict(status) => Err(unavailable(format!(
                            "{controller} has none (NTSTATUS 0x{status:08x})"
                        ))),
                    };
                }
                Err(CallFailure::Logon(error)) => return Err(error),
                Err(CallFailure::Connection(error)) => {
                    // The others of the pool are hardly better.
                    self.state().idle.clear();
                    problem = format!("{controller}: {error}");
                    if matches!(error, crate::rpc::client::ClientError::Fault(_)) {
                        self.forget(&connection.session);
                    }
                }
            }
            info!(problem, "the secure channel broke: trying again");
        }
        Err(unavailable(problem))
    }

    /// A connection of the pool, or a new one on its session, or one on a new session.
    async fn connection(&self) -> Result<SealedConnection, String> {
        self.renew_with_the_secret();
        let (idle, session) = {
            let mut state = self.state();
            (state.idle.pop(), state.session.clone())
        };
        if let Some(idle) = idle {
            return Ok(idle);
        }
        if let Some(session) = session {
            match self.channels.bind(Arc::clone(&session)).await {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    info!(%error, "the secure channel is lost");
                    self.forget(&session);
                }
            }
        }
        self.establish().await
    }

    async fn establish(&self) -> Result<SealedConnection, String> {
        let _establishing = self.establishing.lock().await;
        // Somebody else may have been at it while this logon waited.
        let session = {
            let state = self.state();
            if let Some(trouble) = &state.trouble
                && Instant::now() < trouble.until
            {
                return Err(trouble.reason.clone());
            }
            state.session.clone()
        };
        if let Some(session) = session {
            return self.channels.bind(session).await.map_err(|error| error.to_string());
        }
        let stamp = self.secret.stamp();
        match self.negotiate().await {
            Ok((connection, stamp)) => {
                let mut state = self.state();
                state.session = Some(Arc::clone(&connection.session));
                metrics::SECURE_CHANNEL.set(1);
                state.idle.clear();
                (state.trouble, state.stamp) = (None, stamp);
                Ok(connection)
            }
            Err(error) => {
                warn!(%error, "no secure channel to the domain: NTLM logons are refused");
                let reason = error.to_string();
                let mut state = self.state();
                state.stamp = stamp;
                let wait = match error {
                    ChannelError::WrongSecret { .. } | ChannelError::NoAccount { .. } => {
                        REFUSED_WAIT
                    }
                    _ => state.trouble.as_ref().map_or(FIRST_WAIT, |trouble| {
                        trouble.wait.saturating_mul(2).min(LONGEST_WAIT)
                    }),
                };
                let now = Instant::now();
                let until = now.checked_add(wait).unwrap_or(now);
                metrics::SECURE_CHANNEL.set(0);
                state.trouble = Some(Trouble { until, wait, reason: reason.clone() });
                Err(reason)
            }
        }
    }

    /// Tries the domain controllers in their order, each with the secret and, where that is
    /// refused, with the one before it.
    async fn negotiate(&self) -> Result<(SealedConnection, Stamp), ChannelError> {
        let mut controllers = self.locator.locate().await.map_err(ChannelError::NoController)?;
        let first = self.state().first.checked_rem(controllers.len()).unwrap_or(0);
        controllers.rotate_left(first);
        let secret = self.secret.clone();
        let secrets = match tokio::task::spawn_blocking(move || secret.load()).await {
            Ok(secrets) => secrets?,
            Err(_) => return Err(ChannelError::NoController("a thread failed".into())),
        };
        let mut failure = ChannelError::NoController("none is configured".into());
        for (number, controller) in controllers.iter().enumerate() {
            self.state().first = first.saturating_add(number).saturating_add(1);
            for nt_hash in &secrets.nt_hashes {
                match self.channels.establish(controller, nt_hash).await {
                    Ok(connection) => {
                        self.state().first = first.saturating_add(number);
                        let kvno = secrets.kvno;
                        info!(%controller, kvno, "secure channel to the domain");
                        return Ok((connection, secrets.stamp));
                    }
                    Err(error) => {
                        let other_secret = matches!(error, ChannelError::WrongSecret { .. });
                        warn!(%error, "no secure channel to this domain controller");
                        failure = error;
                        if !other_secret {
                            break;
                        }
                    }
                }
            }
        }
        Err(failure)
    }

    /// Lets go of the channel, and of the wait after a failure, when the secret's file changed.
    fn renew_with_the_secret(&self) {
        let now = Instant::now();
        let mut state = self.state();
        let looked =
            state.looked.is_some_and(|last| now.saturating_duration_since(last) < SECRET_INTERVAL);
        if looked {
            return;
        }
        state.looked = Some(now);
        let stamp = self.secret.stamp();
        let in_use = state.session.is_some() || state.trouble.is_some();
        if in_use && stamp != state.stamp {
            info!("the machine account's secret has changed: making a new secure channel");
            (state.session, state.trouble) = (None, None);
            state.idle.clear();
        }
    }

    fn put_back(&self, connection: SealedConnection) {
        let mut state = self.state();
        let current = state.session.as_ref();
        if current.is_some_and(|session| Arc::ptr_eq(session, &connection.session)) {
            state.idle.push(connection);
        }
    }

    /// Gives a session up, unless there is a newer one already.
    fn forget(&self, session: &Arc<Session>) {
        let mut state = self.state();
        if state.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            state.session = None;
            metrics::SECURE_CHANNEL.set(0);
            state.idle.clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No operation leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(reason: impl Into<String>) -> LogonError {
    LogonError::Unavailable(reason.into())
}

impl Judge for ChannelPool {
    fn judge<'a>(
        &'a self,
        response: &'a NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, LogonError>> {
        Box::pin(async move {
            let logon = NetworkLogon {
                domain: response.domain,
                user: response.user,
                workstation: response.workstation,
                challenge: response.server_challenge,
                nt_response: response.nt_response,
            };
            self.logon(&logon).await
        })
    }
}
