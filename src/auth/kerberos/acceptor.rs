//! The acceptor: three legs in DCE style ([MS-KILE] 3.4.5), the caller from the verified PAC.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::macros::format_description;

use super::ap_req::{ApReq, unframe};
use super::gssapi::{Context, Credential, MUTUAL_DCE, ORDERED, Step, Use};
use super::{KerberosContext, KerberosSettings, pac};
use crate::auth::{
    Accepted, Acceptor, AuthError, AuthLevel, BoxFuture, Environment, Names, Peer, SecurityContext,
};
use crate::logging::{Line, line_about};
use crate::model::Caller;

/// Attributes of a name that MIT krb5 reads from a PAC.
const LOGON_INFO: &str = "urn:mspac:logon-info";
const UPN_DNS_INFO: &str = "urn:mspac:upn-dns-info";
/// Service classes that callers may have a ticket for ([MS-RPCE] 2.2.1.1.7, [MS-DCOM] 2.2.19.4).
const CLASSES: [&str; 2] = ["host", "RPCSS"];
const RC4_HMAC: u32 = 23;

/// What all Kerberos acceptors of a server share.
pub struct KerberosServer {
    credential: Credential,
    names: Names,
    settings: KerberosSettings,
    environment: Arc<dyn Environment>,
}

impl KerberosServer {
    /// Opens the keytab, which is read again for every ticket, and the replay cache, a file that
    /// is made where there is none.
    ///
    /// # Errors
    /// The keytab cannot be read, or is empty.
    pub fn open(
        keytab: &Path,
        replay_cache: &Path,
        names: Names,
        settings: KerberosSettings,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, AuthError> {
        let keytab = format!("FILE:{}", path_text(keytab)?);
        let replay_cache = format!("file2:{}", path_text(replay_cache)?);
        let store = [("keytab", keytab.as_str()), ("rcache", replay_cache.as_str())];
        let credential = Credential::acquire(Use::Accept, None, &store)?;
        Ok(Self { credential, names, settings, environment })
    }

    /// Refuses what the KDC would not: a ticket for another service of this account, and RC4.
    fn check(&self, request: &ApReq, peer: Peer) -> Result<(), AuthError> {
        let name: String = request.service.join("/").chars().take(200).collect();
        let [class, host] = request.service.as_slice() else {
            return Err(AuthError::Kerberos(format!(
                "the ticket is for {name:?}; it must be for host/{}",
                self.names.dns_computer
            )));
        };
        if !CLASSES.iter().any(|ours| ours.eq_ignore_ascii_case(class)) {
            return Err(AuthError::Kerberos(format!(
                "the ticket is for the service {name:?}; only host and RPCSS are taken"
            )));
        }
        if !self.names.is_ours(host, peer) {
            return Err(AuthError::Kerberos(format!(
                "the ticket is for another host, {name:?}; if that is a name of this machine, \
                 put it into host.aliases"
            )));
        }
        if !self.settings.rc4 && [request.ticket_type, request.session_type].contains(&RC4_HMAC) {
            return Err(AuthError::Kerberos(format!(
                "the ticket for {name:?} uses RC4: give the account AES keys \
                 (msDS-SupportedEncryptionTypes 0x18), or set authentication.kerberos_rc4"
            )));
        }
        Ok(())
    }

    /// Reads who it is, and takes the keys out.
    fn finish(&self, context: Context, level: AuthLevel) -> Result<KerberosContext, AuthError> {
        let flags = context.flags();
        if flags & MUTUAL_DCE != MUTUAL_DCE {
            return Err(AuthError::Refused("a Kerberos exchange other than in DCE style"));
        }
        if level > AuthLevel::Connect && flags & ORDERED != ORDERED {
            return Err(AuthError::Refused("a Kerberos context without sequence numbers"));
        }
        let caller = caller(&context)?;
        let established = context.export()?;
        if !self.settings.rc4 && established.encryption_type == super::EncryptionType::Rc4Hmac {
            return Err(AuthError::Refused("a Kerberos session key of RC4"));
        }
        let environment = Arc::clone(&self.environment);
        KerberosContext::new(&established, environment, Some(Arc::new(caller)))
    }
}

fn caller(context: &Context) -> Result<Caller, AuthError> {
    let logon_info = context.source_attribute(LOGON_INFO).ok_or(AuthError::Refused(
        "a ticket without a PAC, or with one whose signature is not the KDC's",
    ))?;
    let caller = pac::caller(&logon_info)?;
    if let Some(info) = context.source_attribute(UPN_DNS_INFO) {
        pac::check_upn_dns_info(&info, caller.token.user())?;
    }
    tracing::debug!(
        account = caller.account,
        principal = context.source(),
        sids = caller.token.sids().count(),
        "Kerberos logon"
    );
    Ok(caller)
}

fn path_text(path: &Path) -> Result<&str, AuthError> {
    path.to_str().ok_or(AuthError::Refused("a path of the keytab that is not UTF-8"))
}

/// One exchange. The library reads files, so each step runs where blocking is allowed.
pub struct KerberosAcceptor {
    server: Arc<KerberosServer>,
    level: AuthLevel,
    peer: Peer,
    state: State,
    /// The client has been told the time once.
    told_time: bool,
}

enum State {
    /// An AP-REQ is due.
    Start,
    /// The AP-REP is sent; the client's is due.
    Replied(Context),
    /// Done or failed.
    End,
}

impl KerberosAcceptor {
    /// An acceptor for one exchange at this level.
    pub fn new(server: Arc<KerberosServer>, level: AuthLevel, peer: Peer) -> Self {
        Self { server, level, peer, state: State::Start, told_time: false }
    }

    async fn leg(&mut self, token: &[u8]) -> Result<Accepted, AuthError> {
        match std::mem::replace(&mut self.state, State::End) {
            State::Start => self.reply(unframe(token)?.to_vec()).await,
            State::Replied(context) => self.finish(context, token.to_vec()).await,
            State::End => Err(AuthError::OutOfSequence),
        }
    }

    /// AP-REQ in, AP-REP out.
    async fn reply(&mut self, token: Vec<u8>) -> Result<Accepted, AuthError> {
        let request = ApReq::parse(&token)?;
        self.server.check(&request, self.peer)?;
        let server = Arc::clone(&self.server);
        let (context, step) = blocking(move || {
            let mut context = Context::new();
            let step = context.accept(&server.credential, &token);
            (context, step)
        })
        .await?;
        match step {
            Ok(Step::Continue(token)) => {
                self.state = State::Replied(context);
                Ok(Accepted::Continue(token))
            }
            Ok(Step::Done(_)) => {
                Err(AuthError::Refused("a Kerberos exchange other than in DCE style"))
            }
            Err(error) if error.is_clock_skew() && !self.told_time => {
                let remote = self.peer.remote;
                if let Some(Line { unsaid }) = line_about(&remote.to_string()) {
                    tracing::warn!(
                        %remote,
                        unsaid,
                        "Kerberos: the client's clock is more than 5 minutes off; it is told the time"
                    );
                }
                self.told_time = true;
                self.state = State::Start;
                Ok(Accepted::Continue(skew_error(&request, self.server.environment.now())?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The client's AP-REP in; nothing more to send.
    async fn finish(
        &mut self,
        mut context: Context,
        token: Vec<u8>,
    ) -> Result<Accepted, AuthError> {
        let (server, level) = (Arc::clone(&self.server), self.level);
        let context = blocking(move || match context.accept(&server.credential, &token)? {
            Step::Done(_) => server.finish(context, level),
            Step::Continue(_) => Err(AuthError::OutOfSequence),
        })
        .await??;
        let context: Box<dyn SecurityContext> = Box::new(context);
        Ok(Accepted::Done { token: None, context })
    }
}

impl Acceptor for KerberosAcceptor {
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        Box::pin(self.leg(token))
    }
}

fn skew_error(request: &ApReq, now: SystemTime) -> Result<Vec<u8>, AuthError> {
    let now = OffsetDateTime::from(now);
    let time = now
        .format(format_description!("[year][month][day][hour][minute][second]Z"))
        .map_err(|_| AuthError::Refused("the clock of this machine shows an impossible time"))?;
    Ok(request.skew_error(&time, now.microsecond()))
}

/// Runs what blocks on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AuthError> {
    let failed = |_| AuthError::Unavailable("the thread for Kerberos failed".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(failed)
}
