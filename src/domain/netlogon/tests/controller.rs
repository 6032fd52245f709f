//! A domain controller for tests: our own RPC server with the other half of Netlogon. What Samba
//! and Windows make of our half, they must say themselves (`tests/foreign`).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::validation::tests::{rpc_sid, text, wire_key};
use super::super::{DomainController, PoolLimits};
use crate::auth::netlogon::{
    Authenticators, Credential, End, NetlogonContext, credential, is_varied, negotiate_response,
    parse_negotiate, same, session_key,
};
use crate::auth::ntlm::{Key, nt_hash};
use crate::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, BoxFuture, Environment,
    PduParts, Peer, SecurityContext, SystemEnvironment,
};
use crate::generated::netlogon::*;
use crate::generated::pac::GROUP_MEMBERSHIP;
use crate::model::{Caller, Sid, Token};
use crate::ndr::{Fault, InterfaceId, Syntax};
use crate::rpc::association::{AssociationGroups, Endpoint, Limits};
use crate::rpc::epm::{self, EndpointMapper, EndpointTable};
use crate::rpc::server::{DrainTimeout, ServerLimits, serve};
use crate::rpc::{CallContext, Policy, Service};

pub const PASSWORD: &str = "Passw0rd-Machine";

/// What the domain controller is told to do.
pub struct Rules {
    pub nt_hash: Key,
    /// Flags that it agrees to, of those offered.
    pub agrees: u32,
    /// Flags that it confirms, where they are others.
    pub confirms: Option<u32>,
    pub wrong_credential: bool,
    /// Knows no validation level 6.
    pub old: bool,
    /// Status of the next logons; the last one stays.
    pub statuses: Vec<u32>,
    /// Fault of the next logon.
    pub fault: Option<Fault>,
    pub delay: Duration,
    challenges: Option<(Credential, Credential)>,
    key: Option<Key>,
    stored: Option<Credential>,
}

/// What happened.
#[derive(Default)]
pub struct Counts {
    pub authenticated: AtomicUsize,
    pub logons: AtomicUsize,
    pub at_once: AtomicUsize,
    pub most_at_once: AtomicUsize,
}

pub struct Controller {
    pub rules: Mutex<Rules>,
    pub counts: Counts,
}

/// A running domain controller.
pub struct Running {
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), DrainTimeout>>,
}

impl Controller {
    pub fn new() -> Arc<Self> {
        let rules = Rules {
            nt_hash: nt_hash(PASSWORD),
            agrees: u32::MAX,
            confirms: None,
            wrong_credential: false,
            old: false,
            statuses: vec![0],
            fault: None,
            delay: Duration::ZERO,
            challenges: None,
            key: None,
            stored: None,
        };
        Arc::new(Self { rules: Mutex::new(rules), counts: Counts::default() })
    }

    pub fn rule(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.rules.lock().expect("sound"));
    }

    /// Forgets the session key, as a restart does.
    pub fn forget(&self) {
        self.rule(|rules| rules.key = None);
    }

    pub fn authenticated(&self) -> usize {
        self.counts.authenticated.load(Ordering::SeqCst)
    }

    pub fn logons(&self) -> usize {
        self.counts.logons.load(Ordering::SeqCst)
    }

    /// Serves Netlogon and the endpoint mapper on one port: a new one, or this one.
    pub async fn start(self: &Arc<Self>, at: Option<SocketAddr>) -> Running {
        let any = "127.0.0.1:0".parse().expect("an address");
        let listener = loop {
            match TcpListener::bind(at.unwrap_or(any)).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let address = listener.local_addr().expect("bound");
        let mut table = EndpointTable::default();
        table.register(epm::Endpoint::tcp(LOGON, address.port(), "netlogon"));
        let endpoint = Arc::new(Endpoint {
            services: vec![
                Arc::new(EndpointMapper::new(Arc::new(table))),
                Arc::new(Netlogon(Arc::clone(self))),
            ],
            acceptors: Arc::new(Netlogon(Arc::clone(self))),
            groups: Arc::new(AssociationGroups::default()),
            statistics: Arc::default(),
            memory: Arc::default(),
            limits: Limits::default(),
        });
        let limits = ServerLimits {
            max_connections: 100,
            max_connections_per_address: 100,
            max_calls_per_principal: 100,
            write_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_millis(1),
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(vec![(listener, endpoint)], limits, stopped));
        Running { address, stop, task }
    }
}

impl Running {
    pub fn dialled(&self) -> DomainController {
        let host = self.address.ip().to_string();
        DomainController { host, mapper_port: self.address.port() }
    }

    /// Ends it with all its connections.
    pub async fn stop(self) -> SocketAddr {
        self.stop.send_replace(true);
        let _ = self.task.await.expect("no panic");
        self.address
    }
}

pub fn limits() -> PoolLimits {
    PoolLimits { connections: 8, queue: 8, timeout: Duration::from_secs(20) }
}

struct Netlogon(Arc<Controller>);

impl Service for Netlogon {
    fn interface(&self) -> InterfaceId {
        LOGON
    }

    fn policy(&self) -> Policy {
        Policy { min_level: None, syntaxes: &[Syntax::Ndr20], max_request: usize::MAX }
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        let encoding = call.encoding;
        Box::pin(async move { dispatch_logon(&*self.0, &call, opnum, encoding, &stub).await })
    }
}

fn sealed(call: &CallContext) -> bool {
    call.auth == Some((AuthType::Netlogon, AuthLevel::Privacy)) && call.header_signing
}

impl Logon for Controller {
    type Call = CallContext;

    async fn netr_server_req_challenge(
        &self,
        _: &CallContext,
        request: NetrServerReqChallengeIn,
    ) -> Result<NetrServerReqChallengeOut, Fault> {
        assert_eq!(request.computer_name.to_string_lossy(), "CA1");
        assert!(request.primary_name.expect("there").to_string_lossy().starts_with(r"\\"));
        let mut challenge = [0; 8];
        SystemEnvironment.random(&mut challenge).expect("random");
        self.rule(|rules| rules.challenges = Some((request.client_challenge.data, challenge)));
        let server_challenge = NETLOGON_CREDENTIAL { data: challenge };
        Ok(NetrServerReqChallengeOut { server_challenge, return_value: 0 })
    }

    async fn netr_logon_get_capabilities(
        &self,
        call: &CallContext,
        request: NetrLogonGetCapabilitiesIn,
    ) -> Result<NetrLogonGetCapabilitiesOut, Fault> {
        assert!(sealed(call));
        let mut rules = self.rules.lock().expect("sound");
        let (key, stored) =
            (rules.key.clone().expect("a key"), rules.stored.expect("a credential"));
        let mut authenticators = Authenticators::new(key.clone(), stored);
        let expected = authenticators.next(request.authenticator.timestamp);
        assert!(same(&expected, &request.authenticator.credential.data));
        let [a, b, c, d, rest @ ..] = stored;
        let low = u32::from_le_bytes([a, b, c, d]);
        let low = low.wrapping_add(request.authenticator.timestamp).wrapping_add(1);
        let stored: Credential = [&low.to_le_bytes()[..], &rest].concat().try_into().expect("8");
        rules.stored = Some(stored);
        let confirmed = rules.confirms.unwrap_or(rules.agrees & 0x612F_FFFF);
        Ok(NetrLogonGetCapabilitiesOut {
            return_authenticator: NETLOGON_AUTHENTICATOR {
                credential: NETLOGON_CREDENTIAL { data: credential(&key, &stored) },
                timestamp: 0,
            },
            capabilities: NETLOGON_CAPABILITIES::ServerCapabilities(confirmed),
            return_value: 0,
        })
    }

    async fn netr_server_authenticate3(
        &self,
        _: &CallContext,
        request: NetrServerAuthenticate3In,
    ) -> Result<NetrServerAuthenticate3Out, Fault> {
        self.counts.authenticated.fetch_add(1, Ordering::SeqCst);
        let mut rules = self.rules.lock().expect("sound");
        let (client, server) = rules.challenges.take().expect("challenges");
        assert!(is_varied(&client));
        assert_eq!(request.account_name.to_string_lossy(), "CA1$");
        assert_eq!(request.secure_channel_type.0, 2);
        let key = session_key(&rules.nt_hash, &client, &server);
        let negotiate_flags = request.negotiate_flags & rules.agrees;
        if !same(&credential(&key, &client), &request.client_credential.data) {
            let return_value = 0xC000_0022;
            return Ok(NetrServerAuthenticate3Out {
                negotiate_flags,
                return_value,
                ..Default::default()
            });
        }
        let mut proof = credential(&key, &server);
        proof[7] ^= u8::from(rules.wrong_credential);
        rules.stored = Some(request.client_credential.data);
        rules.key = Some(key);
        Ok(NetrServerAuthenticate3Out {
            server_credential: NETLOGON_CREDENTIAL { data: proof },
            negotiate_flags,
            account_rid: 1108,
            return_value: 0,
        })
    }

    async fn netr_logon_sam_logon_ex(
        &self,
        call: &CallContext,
        request: NetrLogonSamLogonExIn,
    ) -> Result<NetrLogonSamLogonExOut, Fault> {
        assert!(sealed(call));
        let at_once = self.counts.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        let delay = self.rules.lock().expect("sound").delay;
        tokio::time::sleep(delay).await;
        self.counts.at_once.fetch_sub(1, Ordering::SeqCst);
        let NETLOGON_LEVEL::LogonNetwork(Some(logon)) = &request.logon_information else {
            panic!("another level")
        };
        assert_eq!(logon.identity.parameter_control, 0x1830);
        assert_eq!(logon.lm_challenge_response.length, 0, "the LM response stays here");
        let mut rules = self.rules.lock().expect("sound");
        if let Some(fault) = rules.fault.take() {
            return Err(fault);
        }
        let level = request.validation_level.0;
        let status = match rules.old && level == 6 {
            true => 0xC000_0003,
            false if rules.statuses.len() > 1 => rules.statuses.remove(0),
            false => rules.statuses[0],
        };
        self.counts.logons.fetch_add(1, Ordering::SeqCst);
        let validation_information = match (status, level) {
            (0, 6) => NETLOGON_VALIDATION::ValidationSam4(Some(Box::new(clear_answer()))),
            (0, 3) => {
                let key = rules.key.clone().expect("a key");
                NETLOGON_VALIDATION::ValidationSam2(Some(Box::new(sealed_answer(&key))))
            }
            (_, 6) => NETLOGON_VALIDATION::ValidationSam4(None),
            _ => NETLOGON_VALIDATION::ValidationSam2(None),
        };
        let return_value = status;
        Ok(NetrLogonSamLogonExOut {
            validation_information,
            authoritative: 1,
            return_value,
            extra_flags: 0,
        })
    }
}

pub const SESSION_KEY: [u8; 16] = *b"the session key!";

fn clear_answer() -> NETLOGON_VALIDATION_SAM_INFO4 {
    NETLOGON_VALIDATION_SAM_INFO4 {
        effective_name: text("alice"),
        logon_domain_name: text("WCCE"),
        logon_domain_id: Some(rpc_sid("S-1-5-21-1-2-3")),
        user_id: 1103,
        primary_group_id: 513,
        group_count: 1,
        group_ids: Some(vec![GROUP_MEMBERSHIP { relative_id: 1107, attributes: 7 }]),
        user_session_key: wire_key(&SESSION_KEY),
        ..Default::default()
    }
}

/// Level 3: the session key is encrypted with the channel's.
fn sealed_answer(key: &Key) -> NETLOGON_VALIDATION_SAM_INFO2 {
    let mut encrypted = SESSION_KEY;
    crate::auth::netlogon::encrypt_user_session_key(key, &mut encrypted);
    NETLOGON_VALIDATION_SAM_INFO2 {
        effective_name: text("alice"),
        logon_domain_name: text("WCCE"),
        logon_domain_id: Some(rpc_sid("S-1-5-21-1-2-3")),
        user_id: 1103,
        primary_group_id: 513,
        user_session_key: wire_key(&encrypted),
        ..Default::default()
    }
}

impl AcceptorFactory for Netlogon {
    fn acceptor(
        &self,
        auth_type: AuthType,
        level: AuthLevel,
        _: Peer,
    ) -> Option<Box<dyn Acceptor>> {
        let offered = (auth_type, level) == (AuthType::Netlogon, AuthLevel::Privacy);
        offered.then(|| -> Box<dyn Acceptor> { Box::new(Netlogon(Arc::clone(&self.0))) })
    }
}

impl Acceptor for Netlogon {
    fn accept<'a>(&'a mut self, token: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        Box::pin(async move {
            assert_eq!(parse_negotiate(token), Ok(("WCCE".to_owned(), "CA1".to_owned())));
            let key = self.0.rules.lock().expect("sound").key.clone();
            let key = key.ok_or(AuthError::LogonFailure)?;
            let context = NetlogonContext::new(key, End::Server, Arc::new(SystemEnvironment));
            let context = Box::new(MemberContext(context));
            Ok(Accepted::Done { token: Some(negotiate_response()), context })
        })
    }
}

/// The server's context, with a caller, which our server insists on.
struct MemberContext(NetlogonContext);

impl SecurityContext for MemberContext {
    fn token_len(&self, level: AuthLevel) -> usize {
        self.0.token_len(level)
    }

    fn protect(&mut self, level: AuthLevel, parts: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        self.0.protect(level, parts)
    }

    fn unprotect(
        &mut self,
        level: AuthLevel,
        parts: PduParts<'_>,
        token: &[u8],
    ) -> Result<(), AuthError> {
        self.0.unprotect(level, parts, token)
    }

    fn get_mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.0.get_mic(message)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        self.0.verify_mic(message, mic)
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        let token = Token::new(Sid::everyone(), []);
        Some(Arc::new(Caller { account: r"WCCE\CA1$".to_owned(), token }))
    }
}
