//! PDUs and whole associations, of both ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use uuid::Uuid;
use wcce::auth::{AuthLevel, AuthType, BoxFuture, Initiated};
use wcce::dcom::{Class, Exporter, ExporterSettings, Interface, Object};
use wcce::generated::{epm, icertpassage, icertrequestd, mgmt, orpc, oxid, remote_activation};
use wcce::model::Caller;
use wcce::ndr::{Fault, InterfaceId};
use wcce::rpc::association::{Association, Call, CallToken, Endpoint, Event, Limits};
use wcce::rpc::binding::StringBinding;
use wcce::rpc::client::{self, AssociationOptions};
use wcce::rpc::epm::{EndpointMapper, EndpointTable, Tower};
use wcce::rpc::mgmt::{Management, Statistics};
use wcce::rpc::pdu::{
    Auth, Bind, BindTimeFeatures, Body, Drep, Frame, Framer, NDR_SYNTAX, NDR64_SYNTAX, Pdu,
    PfcFlags, PresentationContext, Request, SecTrailer,
};
use wcce::rpc::{CallContext, Policy, Service};

use wcce::replay::{
    self, CapturedPdu, Connection, Direction, FOREIGN, Replay, Rules, Secrets, judge,
};

use super::auth::PASSWORD;
use super::security::{Believing, Still, TOKEN, Welcome};
use super::{parts, wait};

/// One PDU: what is decoded encodes to the same again.
pub fn pdu(input: &[u8]) {
    let Ok(frame) = Frame::from_bytes(input) else { return };
    let _ = (frame.trailer(), frame.context_id());
    let Ok(pdu) = Pdu::decode(frame) else { return };
    let _ = pdu.stub();
    // What is reserved is not kept, so that only our own encoding comes back as it was.
    let Ok(encoded) = pdu.encode() else { return };
    let again = Pdu::decode(Frame::from_bytes(&encoded).expect("our own frame"));
    let again = again.expect("our own PDU");
    assert_eq!(again.body.ptype(), pdu.body.ptype());
    assert_eq!(again.encode().expect("encoded before"), encoded);
}

/// A tower of the endpoint mapper.
pub fn tower(input: &[u8]) {
    let Ok(tower) = Tower::parse(input) else { return };
    let _ = (tower.interface(), tower.syntax(), tower.tcp_port());
    assert_eq!(Tower::parse(&tower.to_bytes()).expect("our own"), tower);
}

/// A string binding.
pub fn string_binding(input: &[u8]) {
    let Ok(binding) = String::from_utf8_lossy(input).parse::<StringBinding>() else { return };
    assert_eq!(binding.to_string().parse::<StringBinding>().expect("our own"), binding);
}

/// An interface that wants calls sealed, and sends back what it gets.
struct Echo;

impl Service for Echo {
    fn interface(&self) -> InterfaceId {
        icertpassage::I_CERT_PASSAGE
    }

    fn policy(&self) -> Policy {
        Policy { max_request: MAX_REQUEST, ..Policy::default() }
    }

    fn call(&self, _: CallContext, opnum: u16, stub: Bytes) -> BoxFuture<'_, Answer> {
        Box::pin(async move { if opnum == 0 { Ok(stub.to_vec()) } else { Err(Fault::OP_RANGE) } })
    }
}

impl Class for Echo {
    fn clsid(&self) -> Uuid {
        CLASS
    }

    fn interfaces(&self) -> Vec<Interface> {
        let id = icertrequestd::I_CERT_REQUEST_D;
        vec![Interface { id: InterfaceId { major: 0, minor: 0, ..id }, policy: Policy::default() }]
    }

    fn admits(&self, _: &Caller) -> bool {
        true
    }

    fn create(&self) -> Arc<dyn Object> {
        Arc::new(Self)
    }
}

impl Object for Echo {
    fn call(&self, _: CallContext, opnum: u16, stub: Bytes) -> BoxFuture<'_, Answer> {
        Box::pin(async move { if opnum == 3 { Ok(stub.to_vec()) } else { Err(Fault::OP_RANGE) } })
    }
}

type Answer = Result<Vec<u8>, Fault>;

/// The class that can be activated: CCertRequestD.
const CLASS: Uuid = Uuid::from_u128(0xd99e6e74_fc88_11d0_b498_00a0c90312f3);
/// Largest request of the interface that wants calls sealed.
const MAX_REQUEST: usize = 64 * 1024;

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// All that is offered on ports of the RPC runtime, but for the CA itself.
pub fn endpoint() -> Arc<Endpoint> {
    let settings = ExporterSettings {
        hosts: vec!["ca1.lab.test".to_owned()],
        port: 49171,
        security: Vec::new(),
        authn_hint: AuthLevel::Privacy,
        limits: Default::default(),
    };
    let exporter = Exporter::new(settings, vec![Arc::new(Echo)], Arc::new(Still)).expect("made");
    let mut table = EndpointTable::default();
    table.register(wcce::rpc::epm::Endpoint::tcp(icertpassage::I_CERT_PASSAGE, 49170, "CA"));
    let statistics = Arc::new(Statistics::default());
    let interfaces = vec![icertpassage::I_CERT_PASSAGE];
    let statistics_of = Arc::clone(&statistics);
    let management = Management { interfaces, principal: None, statistics: statistics_of };
    let mut services: Vec<Arc<dyn Service>> =
        vec![Arc::new(Echo), Arc::new(EndpointMapper::new(Arc::new(table))), Arc::new(management)];
    services.extend(exporter.resolver_services());
    services.extend(exporter.object_services());
    let limits = Limits { max_request: MAX_REQUEST, ..Limits::default() };
    Arc::new(Endpoint {
        services,
        acceptors: Arc::new(Welcome),
        groups: Arc::default(),
        statistics,
        memory: Arc::default(),
        limits,
    })
}

/// The server's side of a connection, watched.
struct Watched {
    association: Association,
    sent: Framer,
    calls: Vec<Call>,
    now: Instant,
    closed: bool,
    /// Whether calls are answered as they come.
    prompt: bool,
}

impl Watched {
    fn new() -> Self {
        let now = Instant::now();
        let association = Association::new(endpoint(), address(1), address(2), now);
        Self {
            association,
            sent: Framer::default(),
            calls: Vec::new(),
            now,
            closed: false,
            prompt: true,
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if !self.closed && self.association.wants_input() {
            self.association.receive(bytes, self.now);
        }
        self.events();
    }

    fn events(&mut self) {
        while let Some(event) = self.association.next_event(self.now) {
            assert!(!self.closed, "an event after the end");
            match event {
                Event::Send(bytes) => self.check_sent(&bytes),
                Event::Authenticate(task) => {
                    let outcome = wait(task.run());
                    self.association.authenticated(outcome, self.now);
                }
                Event::Call(call) => {
                    check_call(&call);
                    self.calls.push(call);
                    assert!(self.calls.len() <= Limits::default().max_calls, "calls in flight");
                    if self.prompt {
                        self.answer(0);
                    }
                }
                Event::Close(_) => self.closed = true,
            }
        }
    }

    /// Answers one of the calls that wait.
    fn answer(&mut self, which: usize) {
        if self.calls.is_empty() {
            return;
        }
        let Call { token, service, context, opnum, stub } =
            self.calls.swap_remove(which % self.calls.len());
        let answer = wait(service.call(context, opnum, stub));
        self.respond(token, answer);
    }

    fn respond(&mut self, token: CallToken, answer: Answer) {
        if !self.closed {
            self.association.respond(token, answer, self.now);
        }
    }

    /// What leaves is PDUs that can be read.
    fn check_sent(&mut self, bytes: &[u8]) {
        self.sent.push(bytes);
        while let Some(frame) = self.sent.next_frame(u16::MAX).expect("a frame of ours") {
            Pdu::decode(frame).expect("a PDU of ours");
        }
        assert_eq!(self.sent.buffered(), 0, "half a PDU");
    }
}

/// Invariant 1 of ARCHITECTURE.md: no call below what its interface wants, none without a caller.
fn check_call(call: &Call) {
    let policy = call.service.policy();
    let level = call.context.auth.map(|(_, level)| level);
    if let Some(wanted) = policy.min_level {
        assert!(level.is_some_and(|level| level >= wanted), "a call below its interface's level");
        assert!(call.context.caller.is_some(), "a call of nobody");
    }
    assert_eq!(level.is_some(), call.context.caller.is_some());
    assert!(call.stub.len() <= policy.max_request.min(MAX_REQUEST), "a request too large");
    assert!(policy.syntaxes.contains(&call.context.encoding.syntax));
}

/// What a client sends, as it is; the first byte says in pieces of what size.
pub fn association(input: &[u8]) {
    let [size, bytes @ ..] = input else { return };
    let mut watched = Watched::new();
    for piece in bytes.chunks(if *size == 0 { usize::MAX } else { usize::from(*size) }) {
        watched.receive(piece);
    }
}

/// What a client does, in steps that fit each other more often than bytes do.
pub fn association_steps(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let mut client = Client { watched: Watched::new(), call_id: 0 };
    client.watched.prompt = input.arbitrary().unwrap_or(true);
    while !input.is_empty() && !client.watched.closed {
        let Ok(step) = input.arbitrary::<Step<'_>>() else { return };
        client.take(step);
    }
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Raw(&'a [u8]),
    Bind {
        alter: bool,
        contexts: Vec<Context>,
        auth: Option<Logon<'a>>,
        group: bool,
        signing: bool,
    },
    Leg {
        context: u8,
        token: &'a [u8],
    },
    Call {
        new: bool,
        fragment: Fragment,
        context: u8,
        opnum: u8,
        object: Option<u8>,
        stub: Stub<'a>,
        seal: Option<Seal>,
    },
    Cancel {
        orphan: bool,
    },
    Answer(u8),
    Wait(u16),
}

#[derive(Arbitrary, Debug)]
struct Context {
    id: u8,
    interface: u8,
    syntaxes: u8,
}

#[derive(Arbitrary, Debug)]
struct Logon<'a> {
    negotiate: bool,
    level: u8,
    context: u8,
    token: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Fragment {
    Whole,
    First,
    Middle,
    Last,
}

#[derive(Arbitrary, Debug)]
enum Stub<'a> {
    Bytes(&'a [u8]),
    Zeros(u16),
}

#[derive(Arbitrary, Debug)]
struct Seal {
    negotiate: bool,
    level: u8,
    context: u8,
    padding: u8,
    bad: bool,
}

const INTERFACES: [InterfaceId; 8] = [
    icertpassage::I_CERT_PASSAGE,
    epm::EPT,
    mgmt::MGMT,
    oxid::I_OBJECT_EXPORTER,
    remote_activation::I_REMOTE_SCM_ACTIVATOR,
    remote_activation::I_ACTIVATION,
    icertrequestd::I_CERT_REQUEST_D,
    orpc::I_UNKNOWN,
];

struct Client {
    watched: Watched,
    call_id: u32,
}

fn auth_type(negotiate: bool) -> u8 {
    if negotiate { AuthType::Negotiate } else { AuthType::Ntlm }.to_wire()
}

impl Client {
    fn take(&mut self, step: Step<'_>) {
        match step {
            Step::Raw(bytes) => self.watched.receive(bytes),
            Step::Bind { alter, contexts, auth, group, signing } => {
                let bind = Bind {
                    max_xmit_frag: 5840,
                    max_recv_frag: 5840,
                    assoc_group_id: group.into(),
                    contexts: contexts.iter().map(Context::proposal).collect(),
                };
                self.call_id += 1;
                let body = if alter { Body::AlterContext(bind) } else { Body::Bind(bind) };
                let mut pdu = Pdu::new(self.call_id, body);
                pdu.flags.set(PfcFlags::SUPPORT_HEADER_SIGN, signing);
                pdu.auth = auth.map(|auth| {
                    let Logon { negotiate, level, context, token } = auth;
                    let token = Bytes::copy_from_slice(token);
                    Auth::new(auth_type(negotiate), level % 8, context.into(), token)
                });
                self.send(&pdu);
            }
            Step::Leg { context, token } => {
                let mut pdu = Pdu::new(self.call_id, Body::Auth3([0; 4]));
                let token = Bytes::copy_from_slice(token);
                pdu.auth = Some(Auth::new(auth_type(false), 6, context.into(), token));
                self.send(&pdu);
            }
            Step::Call { new, fragment, context, opnum, object, stub, seal } => {
                self.call_id += u32::from(new);
                let stub = match stub {
                    Stub::Bytes(bytes) => Bytes::copy_from_slice(bytes),
                    Stub::Zeros(count) => Bytes::from(vec![0; usize::from(count)]),
                };
                let (context_id, opnum) = (context.into(), opnum.into());
                let object = object.map(|number| Uuid::from_u128(number.into()));
                let request = Request { alloc_hint: 0, context_id, opnum, object, stub };
                let mut pdu = Pdu::new(self.call_id, Body::Request(request));
                pdu.drep = Drep::LITTLE;
                pdu.flags
                    .set(PfcFlags::FIRST, matches!(fragment, Fragment::Whole | Fragment::First));
                pdu.flags.set(PfcFlags::LAST, matches!(fragment, Fragment::Whole | Fragment::Last));
                pdu.auth = seal.map(Seal::trailer);
                self.send(&pdu);
            }
            Step::Cancel { orphan } => {
                let body = if orphan { Body::Orphaned } else { Body::CoCancel };
                self.send(&Pdu::new(self.call_id, body));
            }
            Step::Answer(which) => {
                self.watched.answer(which.into());
                self.watched.events();
            }
            Step::Wait(seconds) => {
                self.watched.now += Duration::from_secs(seconds.into());
                self.watched.association.tick(self.watched.now);
                self.watched.events();
            }
        }
    }

    fn send(&mut self, pdu: &Pdu) {
        if let Ok(bytes) = pdu.encode() {
            self.watched.receive(&bytes);
        }
    }
}

impl Context {
    fn proposal(&self) -> PresentationContext {
        let features = BindTimeFeatures::all().to_syntax();
        let syntaxes = [(1, NDR_SYNTAX), (2, NDR64_SYNTAX), (4, features), (8, INTERFACES[0])];
        let chosen = syntaxes.into_iter().filter(|(bit, _)| self.syntaxes & bit != 0);
        PresentationContext {
            id: self.id.into(),
            abstract_syntax: INTERFACES[usize::from(self.interface) % INTERFACES.len()],
            transfer_syntaxes: chosen.map(|(_, syntax)| syntax).collect(),
        }
    }
}

impl Seal {
    fn trailer(self) -> Auth {
        let trailer = SecTrailer {
            auth_type: auth_type(self.negotiate),
            auth_level: self.level % 8,
            pad_length: self.padding,
            reserved: 0,
            context_id: self.context.into(),
        };
        let token = Bytes::from(vec![if self.bad { b'!' } else { 0 }; TOKEN]);
        Auth { trailer, padding: Bytes::new(), token }
    }
}

/// A capture file, told in words and played to our server.
pub fn capture(input: &[u8]) {
    if let Ok(text) = replay::transcript(input, &Secrets::of_password(None, PASSWORD)) {
        let shown = |c: char| c == '\n' || !c.is_control();
        assert!(text.chars().all(shown), "{text:?} on a terminal");
    }
}

/// A captured connection: PDUs behind their lengths, the first byte of each says which way it went.
pub fn conversation(input: &[u8]) {
    let pdus = parts(input).filter_map(|part| {
        let [way, bytes @ ..] = part else { return None };
        let to_server = way & 1 == 0;
        let direction = if to_server { Direction::ToServer } else { Direction::ToClient };
        Some(CapturedPdu { direction, packet: 1, time: Duration::ZERO, bytes: bytes.to_vec() })
    });
    let pdus = pdus.collect();
    let connection = Connection { client: address(1), server: address(2), pdus, holes: 0 };
    let secrets = Secrets::of_password(None, PASSWORD);
    let replayed = Replay::new(&secrets, Rules::Own, Instant::now()).connection(&connection);
    let _ = judge(&replayed.differences, FOREIGN);
}

/// What a server sends to a client; the first byte says whether the client logs on, and how.
pub fn association_client(input: &[u8]) {
    let [mode, bytes @ ..] = input else { return };
    let mut association = client::Association::new(AssociationOptions {
        require_header_signing: mode & 4 != 0,
        max_answer: MAX_REQUEST,
        ..AssociationOptions::default()
    });
    let auth_type = if mode & 2 == 0 { AuthType::Ntlm } else { AuthType::Negotiate };
    let first = Initiated::Continue(b"first".to_vec());
    let auth = (mode & 1 != 0).then_some((auth_type, AuthLevel::Privacy, first));
    association.bind(icertpassage::I_CERT_PASSAGE, auth).expect("the first bind");
    for piece in bytes.chunks(if mode & 8 == 0 { usize::MAX } else { 7 }) {
        association.receive(piece);
        while let Ok(Some(event)) = association.poll() {
            match event {
                client::Event::Token(_) => {
                    let context = Box::new(Believing(None));
                    let token = Some(b"last".to_vec());
                    // A token that comes where none is due ends the association.
                    let _ = association.leg(Initiated::Done { token, context });
                }
                client::Event::Bound => {}
                client::Event::Answer(_, stub) => {
                    assert!(stub.len() <= MAX_REQUEST, "an answer too large");
                }
            }
            if association.is_ready() {
                association.request(None, 0, vec![0; 32]).expect("a request");
            }
        }
        if association.is_dead() {
            return;
        }
        if association.is_ready() {
            association.request(None, 0, vec![0; 32]).expect("a request");
        }
    }
}
