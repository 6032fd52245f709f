use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use uuid::uuid;
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{
    AuthLevel, AuthType, BoxFuture, Credentials, Initiator, LocalVerifier, Names, NtlmInitiator,
    SecurityProviders, SpnegoInitiator, SystemEnvironment,
};
use wcce::model::{LocalAccount, LocalAccounts};
use wcce::ndr::{Encoding, Fault, InterfaceId, Syntax};
use wcce::rpc::association::{self, CloseReason, Endpoint, Limits};
use wcce::rpc::client::{Association, AssociationOptions, ClientError, Event};
use wcce::rpc::{CallContext, Policy, Service};

pub const SEALED: InterfaceId =
    InterfaceId { uuid: uuid!("11111111-0000-0000-0000-000000000001"), major: 1, minor: 0 };
pub const OPEN: InterfaceId =
    InterfaceId { uuid: uuid!("22222222-0000-0000-0000-000000000002"), major: 1, minor: 0 };

/// Answers with the caller's account and the stub, backwards.
struct Echo(InterfaceId, Option<AuthLevel>);

impl Service for Echo {
    fn interface(&self) -> InterfaceId {
        self.0
    }

    fn policy(&self) -> Policy {
        Policy { min_level: self.1, ..Policy::default() }
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        let account = call.caller.as_ref().map_or("", |caller| caller.account.as_str());
        let mut answer = account.as_bytes().to_vec();
        answer.extend(stub.iter().rev());
        Box::pin(async move { if opnum == 0 { Ok(answer) } else { Err(Fault::OP_RANGE) } })
    }
}

struct Accounts;

impl LocalAccounts for Accounts {
    fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount> {
        let user = user.to_lowercase();
        let known = domain.eq_ignore_ascii_case("LAB") && ["alice", "bob"].contains(&&*user);
        known.then(|| LocalAccount {
            account: format!(r"LAB\{user}"),
            nt_hash: nt_hash("secret"),
            sid: "S-1-5-21-1-2-3-1104".parse().unwrap(),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

pub fn endpoint() -> Arc<Endpoint> {
    let environment = Arc::new(SystemEnvironment);
    let ntlm = Arc::new(NtlmServer {
        names: Names::stand_alone("lab.test", Vec::new()),
        policy: NtlmPolicy::default(),
        verifier: Arc::new(LocalVerifier::new(Arc::new(Accounts), environment.clone()).unwrap()),
        environment,
    });
    Arc::new(Endpoint {
        services: vec![
            Arc::new(Echo(SEALED, Some(AuthLevel::Privacy))),
            Arc::new(Echo(OPEN, None)),
        ],
        acceptors: Arc::new(SecurityProviders::of_ntlm(ntlm, true)),
        groups: Arc::default(),
        statistics: Arc::default(),
        memory: Arc::default(),
        limits: Limits::default(),
    })
}

/// A client and a server, byte for byte beside each other.
struct Ends {
    client: Association,
    server: association::Association,
    closed: Option<CloseReason>,
    to_client: VecDeque<Vec<u8>>,
}

impl Ends {
    fn new(options: AssociationOptions) -> Self {
        let (peer, local) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let server = association::Association::new(endpoint(), peer, local, Instant::now());
        Self { client: Association::new(options), server, closed: None, to_client: VecDeque::new() }
    }

    async fn feed_server(&mut self, bytes: &[u8]) {
        self.server.receive(bytes, Instant::now());
        while let Some(event) = self.server.next_event(Instant::now()) {
            match event {
                association::Event::Send(bytes) => self.to_client.push_back(bytes),
                association::Event::Authenticate(task) => {
                    let outcome = task.run().await;
                    self.server.authenticated(outcome, Instant::now());
                }
                association::Event::Call(call) => {
                    let answer = call.service.call(call.context, call.opnum, call.stub).await;
                    self.server.respond(call.token, answer, Instant::now());
                }
                association::Event::Close(reason) => self.closed = Some(reason),
            }
        }
    }

    fn event(&mut self) -> Result<Event, ClientError> {
        loop {
            if let Some(event) = self.client.poll()? {
                return Ok(event);
            }
            let bytes = self.to_client.pop_front().ok_or(ClientError::Closed)?;
            self.client.receive(&bytes);
        }
    }

    async fn bind(
        &mut self,
        interface: InterfaceId,
        initiator: Option<(Box<dyn Initiator>, AuthLevel)>,
    ) -> Result<(), ClientError> {
        let Some((mut initiator, level)) = initiator else {
            let bytes = self.client.bind(interface, None)?;
            self.feed_server(&bytes).await;
            return self.event().map(|event| assert!(matches!(event, Event::Bound)));
        };
        let first = initiator.step(&[]).await?;
        let bytes = self.client.bind(interface, Some((initiator.auth_type(), level, first)))?;
        self.feed_server(&bytes).await;
        while !self.client.is_ready() {
            if let Event::Token(token) = self.event()? {
                let initiated = initiator.step(&token).await?;
                if let Some(bytes) = self.client.leg(initiated)? {
                    self.feed_server(&bytes).await;
                }
            }
        }
        Ok(())
    }

    async fn call(
        &mut self,
        opnum: u16,
        stub: Vec<u8>,
    ) -> Result<(Encoding, Vec<u8>), ClientError> {
        let bytes = self.client.request(None, opnum, stub)?;
        self.feed_server(&bytes).await;
        match self.event()? {
            Event::Answer(encoding, stub) => Ok((encoding, stub)),
            _ => panic!("not an answer"),
        }
    }
}

fn initiator(auth_type: AuthType, level: AuthLevel, password: &str) -> Box<dyn Initiator> {
    let credentials = Credentials {
        user: "Alice".into(),
        domain: "LAB".into(),
        password: password.to_owned().into(),
    };
    match auth_type {
        AuthType::Ntlm => Box::new(NtlmInitiator::new(&credentials, level)),
        _ => Box::new(SpnegoInitiator::ntlm(&credentials, level)),
    }
}

const TYPES: [AuthType; 2] = [AuthType::Ntlm, AuthType::Negotiate];

#[tokio::test]
async fn sealed_calls_of_every_size_arrive_and_return() {
    for auth_type in TYPES {
        for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
            let options =
                AssociationOptions { syntaxes: vec![syntax], ..AssociationOptions::default() };
            let mut ends = Ends::new(options);
            let level = AuthLevel::Privacy;
            let who = Some((initiator(auth_type, level, "secret"), level));
            ends.bind(SEALED, who).await.unwrap();
            for length in [0, 1, 7, 8, 5_759, 5_760, 5_761, 100_003] {
                let stub: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
                let (encoding, answer) = ends.call(0, stub.clone()).await.unwrap();
                assert_eq!(encoding.syntax, syntax);
                let answer = answer.strip_prefix(br"LAB\alice").expect("the account");
                // A verification trailer may still be behind the stub; the echo turned it round.
                let echoed: Vec<u8> = answer.iter().rev().copied().collect();
                assert_eq!(echoed[..length], stub);
            }
        }
    }
}

#[tokio::test]
async fn faults_leave_the_connection_usable() {
    let mut ends = Ends::new(AssociationOptions::default());
    let level = AuthLevel::Privacy;
    ends.bind(SEALED, Some((initiator(AuthType::Ntlm, level, "secret"), level))).await.unwrap();
    let refused = ends.call(1, vec![1]).await;
    assert!(matches!(refused, Err(ClientError::Fault(Fault::OP_RANGE))), "{refused:?}");
    assert!(ends.call(0, vec![1]).await.is_ok());
}

#[tokio::test]
async fn lower_levels_are_refused_by_the_service() {
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity] {
        let mut ends = Ends::new(AssociationOptions::default());
        let who = Some((initiator(AuthType::Ntlm, level, "secret"), level));
        ends.bind(SEALED, who).await.unwrap();
        let refused = ends.call(0, vec![]).await;
        assert!(matches!(refused, Err(ClientError::Fault(Fault::ACCESS_DENIED))), "{refused:?}");
    }
    let mut ends = Ends::new(AssociationOptions::default());
    ends.bind(SEALED, None).await.unwrap();
    let refused = ends.call(0, vec![]).await;
    assert!(matches!(refused, Err(ClientError::Fault(Fault::ACCESS_DENIED))), "{refused:?}");
}

#[tokio::test]
async fn every_level_serves_where_the_service_allows() {
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity, AuthLevel::Privacy] {
        for auth_type in TYPES {
            let mut ends = Ends::new(AssociationOptions::default());
            let who = Some((initiator(auth_type, level, "secret"), level));
            ends.bind(OPEN, who).await.unwrap();
            let (_, answer) = ends.call(0, vec![7; 9]).await.unwrap();
            assert!(answer.starts_with(br"LAB\alice"), "{auth_type:?} {level:?}");
        }
    }
    let mut ends = Ends::new(AssociationOptions::default());
    ends.bind(OPEN, None).await.unwrap();
    assert_eq!(ends.call(0, vec![1, 2]).await.unwrap().1, [2, 1]);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_interfaces_are_typed() {
    for auth_type in TYPES {
        let mut ends = Ends::new(AssociationOptions::default());
        let level = AuthLevel::Privacy;
        let who = Some((initiator(auth_type, level, "wrong"), level));
        // Raw NTLM learns it with its first call: nothing answers the third leg.
        let refused = match ends.bind(SEALED, who).await {
            Ok(()) => ends.call(0, vec![]).await.map(|_| ()),
            refused => refused,
        };
        assert!(matches!(refused, Err(ClientError::Fault(_))), "{refused:?}");
    }
    let mut ends = Ends::new(AssociationOptions::default());
    let unknown = InterfaceId { major: 2, ..OPEN };
    let refused = ends.bind(unknown, None).await;
    assert!(matches!(refused, Err(ClientError::ContextRejected { reason: 1, .. })), "{refused:?}");
}
