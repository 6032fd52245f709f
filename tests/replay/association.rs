//! What captured clients sent, given to our server; its answers compared with what Windows servers
//! answered. Services give the recorded stubs and security providers the recorded tokens, so that
//! all that the association itself decides is compared.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use wcce::auth::ntlm::{Key, NtlmContext};
use wcce::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, BoxFuture, PduParts, Peer,
    SecurityContext,
};
use wcce::model::{Caller, Token};
use wcce::ndr::{Fault, InterfaceId, Syntax};
use wcce::rpc::association::{Association, Endpoint, Event, Limits};
use wcce::rpc::pdu::{
    Bind, Body, Frame, NDR64_SYNTAX, Pdu, PduType, PfcFlags, Protection, ResultCode, unprotect,
};
use wcce::rpc::{CallContext, Policy, Service};

use crate::ntlm::Exchange;
use crate::pcap::{self, Connection, Direction};
use crate::tally;

/// A capture, the secret of its NTLM exchanges, and how many connections and PDUs of its servers
/// are compared: connections that the capture has from their bind on, without a hole.
struct Replay {
    file: &'static str,
    secret: Secret,
    connections: usize,
    pdus: usize,
}

pub enum Secret {
    Unknown,
    Anonymous,
    Password(&'static str),
}

const fn clear(file: &'static str, connections: usize, pdus: usize) -> Replay {
    Replay { file, secret: Secret::Unknown, connections, pdus }
}

const fn ntlm(file: &'static str, secret: Secret, connections: usize, pdus: usize) -> Replay {
    Replay { file, secret, connections, pdus }
}

const REPLAYS: [Replay; 18] = [
    ntlm("livediffad-add_adcs.pcapng", Secret::Anonymous, 16, 143),
    clear("pcap-attack-DCShadow_ept_drsuapi.pcapng", 3, 8),
    clear("pcap-attack-LM_WMI_ProcessCallCreate.pcapng", 2, 29),
    clear("pcap-attack-ept_lookup_scan.pcapng", 1, 350),
    clear("pcap-attack-impacket_rpcdump_ept_lookup.pcapng", 1, 12),
    clear("pcap-attack-masterkey_simpleping.pcapng", 1, 3),
    ntlm("pcap-attack-ntlm_anonymous_integrity_privacy.pcapng", Secret::Anonymous, 2, 197),
    clear("samr-enum-lab-impacket_net_user.pcapng", 1, 2),
    clear("samr-enum-lab-rpcclient_enumdomusers.pcapng", 2, 4),
    ntlm("scapy-dcerpc_msdrsr_cracknames.pcapng", Secret::Password("Password123!"), 1, 3),
    clear("scapy-dcerpc_msnrpc.pcapng", 2, 5),
    clear("scapy-dcerpc_privacy_krb.pcapng", 2, 11),
    ntlm("scapy-dcerpc_privacy_ntlm.pcapng", Secret::Password("Password123!"), 2, 12),
    clear("suricata-dcerpc-auth3-5133.pcap", 1, 14),
    clear("suricata-dcerpc-mgmt-ndr64.pcap", 1, 2),
    clear("zeek-dce_rpc_ntlm.pcapng", 1, 2),
    clear("zeek-kerberos135_auth.pcapng", 1, 3),
    clear("zeek-mapi.pcap", 6, 17),
];

#[tokio::test]
async fn captured_clients_are_answered_as_their_servers_did() {
    let Some(captures) = tally::captures("replay of the server's side") else { return };
    for Replay { file, secret, connections, pdus } in REPLAYS {
        let mut compared = Vec::new();
        for connection in pcap::connections(&captures.join("rpc").join(file)) {
            if is_whole(&connection) {
                compared.push(replay(&connection, &secret).await);
            }
        }
        let found = (compared.len(), compared.iter().sum());
        assert_eq!(found, (connections, pdus), "{file}");
        tally::ran("capture-association", &format!("{file} {pdus}"));
    }
}

fn is_whole(connection: &Connection) -> bool {
    connection.holes == 0 && decode(&connection.pdus[0].1).body.ptype() == PduType::Bind
}

/// Plays a client's side; returns how many PDUs of the server were compared.
async fn replay(connection: &Connection, secret: &Secret) -> usize {
    let script = Script::of(connection, secret);
    let ours = script.by_call(&answers(connection, &script).await);
    let theirs = script.by_call(&theirs(connection));
    for (call_id, theirs) in &theirs {
        // A capture may end before the last answer.
        let ours: Vec<_> = ours[call_id].iter().take(theirs.len()).collect();
        assert_eq!(ours, theirs.iter().collect::<Vec<_>>(), "call {call_id}");
    }
    theirs.values().map(Vec::len).sum()
}

/// What our association answers.
async fn answers(connection: &Connection, script: &Script) -> Vec<Vec<u8>> {
    let endpoint = Arc::new(Endpoint {
        services: script.services(),
        acceptors: Arc::new(RecordedProviders(Mutex::new(script.contexts.clone().into()))),
        groups: Arc::default(),
        statistics: Arc::default(),
        memory: Arc::default(),
        limits: Limits::default(),
    });
    let (client, server) = (connection.client, connection.server);
    let mut association = Association::new(endpoint, client, server, Instant::now());
    let mut sent = Vec::new();
    for (_, bytes) in connection.pdus.iter().filter(|(way, _)| *way == Direction::ToServer) {
        association.receive(&alone(bytes), Instant::now());
        while let Some(event) = association.next_event(Instant::now()) {
            match event {
                Event::Send(bytes) => sent.extend(bytes),
                Event::Authenticate(task) => {
                    let outcome = task.run().await;
                    association.authenticated(outcome, Instant::now());
                }
                Event::Call(call) => {
                    let answer = call.service.call(call.context, call.opnum, call.stub).await;
                    association.respond(call.token, answer, Instant::now());
                }
                Event::Close(reason) => panic!("{client}: {reason}"),
            }
        }
    }
    split(&sent)
}

/// The PDUs of a stream.
pub fn split(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut pdus = Vec::new();
    while !stream.is_empty() {
        let length = usize::from(u16::from_le_bytes([stream[8], stream[9]]));
        pdus.push(stream[..length].to_vec());
        stream = &stream[length..];
    }
    pdus
}

/// A bind that joins the group of an earlier connection asks for one of its own instead.
fn alone(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes[2] == PduType::Bind.to_wire() {
        bytes[20..24].fill(0);
    }
    bytes
}

/// A request's answer as the capture has it.
type Recorded = Result<Vec<u8>, Fault>;

/// What the recorded server knew.
#[derive(Default)]
pub struct Script {
    /// Interfaces that were bound, and whether in NDR64.
    interfaces: BTreeMap<String, (InterfaceId, bool)>,
    /// Answers by call id.
    answers: Arc<Mutex<HashMap<u32, VecDeque<Recorded>>>>,
    /// Security contexts, in the order of their first legs.
    pub contexts: Vec<ContextScript>,
}

/// One security context of the recorded server.
#[derive(Clone)]
pub struct ContextScript {
    id: u32,
    level: AuthLevel,
    /// The server's token for each leg.
    legs: VecDeque<Option<Bytes>>,
    /// Length of the tokens on responses.
    token_len: usize,
    /// The session key, where it is known.
    key: Option<Key>,
}

impl Secret {
    fn session_key(&self, connection: &Connection) -> Option<Key> {
        let password = match self {
            Self::Unknown => return None,
            Self::Anonymous => None,
            Self::Password(password) => Some(*password),
        };
        Some(Exchange::of(connection)?.exported_session_key(password))
    }
}

impl Script {
    pub fn of(connection: &Connection, secret: &Secret) -> Self {
        let mut script = Self::default();
        let pdus: Vec<_> =
            connection.pdus.iter().map(|(direction, bytes)| (*direction, decode(bytes))).collect();
        let key = secret.session_key(connection);
        for (at, (direction, pdu)) in pdus.iter().enumerate() {
            let answer = pdus[at..]
                .iter()
                .find(|(d, answer)| *d != *direction && answer.call_id == pdu.call_id)
                .map(|(_, answer)| answer);
            match &pdu.body {
                Body::Bind(bind) | Body::AlterContext(bind) => {
                    script.note_contexts(bind, answer);
                    script.note_leg(pdu, answer, &key);
                }
                Body::Auth3(_) => script.note_leg(pdu, None, &key),
                _ => {}
            }
        }
        script.note_answers(connection);
        script
    }

    fn note_contexts(&mut self, bind: &Bind, answer: Option<&Pdu>) {
        let Some(Body::BindAck(ack) | Body::AlterContextResponse(ack)) = answer.map(|a| &a.body)
        else {
            return;
        };
        for (context, result) in bind.contexts.iter().zip(&ack.results) {
            if result.result == ResultCode::Acceptance {
                let interface = context.abstract_syntax;
                let ndr64 = result.transfer_syntax == NDR64_SYNTAX;
                let known = self.interfaces.entry(format!("{interface:?}"));
                known.or_insert((interface, false)).1 |= ndr64;
            }
        }
    }

    fn note_leg(&mut self, pdu: &Pdu, answer: Option<&Pdu>, key: &Option<Key>) {
        let Some(auth) = &pdu.auth else { return };
        let id = auth.trailer.context_id;
        let token = answer.and_then(|answer| answer.auth.as_ref()).map(|auth| auth.token.clone());
        if let Some(context) = self.contexts.iter_mut().find(|context| context.id == id) {
            context.legs.push_back(token);
            return;
        }
        self.contexts.push(ContextScript {
            id,
            level: AuthLevel::from_wire(auth.trailer.auth_level).unwrap(),
            legs: VecDeque::from([token]),
            token_len: 0,
            key: key.clone(),
        });
    }

    /// Puts the recorded responses together, unsealed where the key is known.
    fn note_answers(&mut self, connection: &Connection) {
        let mut opener = Opener::new(&self.contexts);
        let mut partial: HashMap<u32, Vec<u8>> = HashMap::new();
        let mut answers: HashMap<u32, VecDeque<Recorded>> = HashMap::new();
        for bytes in theirs(connection) {
            let frame = Frame::from_bytes(&bytes).unwrap();
            if let Some(trailer) = frame.trailer().unwrap()
                && frame.header().ptype == PduType::Response
                && let Some(context) = self.contexts.iter_mut().find(|c| c.id == trailer.context_id)
            {
                context.token_len = frame.header().auth_length.into();
            }
            let pdu = opener.open(frame);
            let call_id = pdu.call_id;
            match &pdu.body {
                Body::Response(_) => {
                    partial.entry(call_id).or_default().extend_from_slice(&self.stub(&pdu));
                    if pdu.flags.contains(PfcFlags::LAST) {
                        let stub = partial.remove(&call_id).unwrap();
                        answers.entry(call_id).or_default().push_back(Ok(stub));
                    }
                }
                Body::Fault(fault) => {
                    answers.entry(call_id).or_default().push_back(Err(Fault(fault.status)));
                }
                _ => {}
            }
        }
        self.answers = Arc::new(Mutex::new(answers));
    }

    /// What both servers must agree on, by call id: calls may be answered in any order.
    fn by_call(&self, pdus: &[Vec<u8>]) -> BTreeMap<u32, Vec<String>> {
        let mut calls: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for bytes in pdus {
            calls.entry(decode(bytes).call_id).or_default().push(self.comparable(bytes));
        }
        calls
    }

    /// Where the session key is known, a response must be the same byte for byte, seal and
    /// signature included.
    fn comparable(&self, bytes: &[u8]) -> String {
        let mut pdu = decode(bytes);
        let (context, stub) = (self.context(&pdu), self.stub(&pdu));
        match &mut pdu.body {
            Body::Response(_) if context.is_some_and(|context| context.key.is_some()) => {
                return hex::encode(bytes);
            }
            Body::Response(response) => response.stub = stub,
            Body::BindAck(ack) | Body::AlterContextResponse(ack) => {
                ack.assoc_group_id = 0;
                ack.padding = Bytes::new();
            }
            // Windows adds extended error information to some.
            Body::Fault(fault) => {
                (fault.alloc_hint, fault.flags, fault.rest) = (0, 0, Bytes::new());
            }
            _ => {}
        }
        if let (Body::Response(response), Some(context)) = (&mut pdu.body, context) {
            pdu.auth = pdu.auth.filter(|_| context.level != AuthLevel::Connect);
            if let Some(auth) = &mut pdu.auth {
                auth.token = Bytes::from(vec![0; auth.token.len()]);
            }
            if let (true, Some(auth)) = (context.is_opaque(), &mut pdu.auth) {
                (auth.trailer.pad_length, response.alloc_hint) = (0, 0);
            }
        }
        format!("{pdu:?}")
    }

    /// The security context of a PDU.
    fn context(&self, pdu: &Pdu) -> Option<&ContextScript> {
        let id = pdu.auth.as_ref()?.trailer.context_id;
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The stub of a response; where it is sealed with an unknown key, its padding belongs to it.
    fn stub(&self, pdu: &Pdu) -> Bytes {
        match &pdu.body {
            Body::Response(response) if self.context(pdu).is_some_and(|c| c.is_opaque()) => {
                response.stub.clone()
            }
            _ => pdu.stub(),
        }
    }

    fn services(&self) -> Vec<Arc<dyn Service>> {
        let service = |(interface, ndr64): &(InterfaceId, bool)| -> Arc<dyn Service> {
            Arc::new(RecordedService {
                interface: *interface,
                ndr64: *ndr64,
                answers: Arc::clone(&self.answers),
            })
        };
        self.interfaces.values().map(service).collect()
    }
}

/// Answers as the capture has it, by call id.
struct RecordedService {
    interface: InterfaceId,
    ndr64: bool,
    answers: Arc<Mutex<HashMap<u32, VecDeque<Recorded>>>>,
}

impl Service for RecordedService {
    fn interface(&self) -> InterfaceId {
        self.interface
    }

    fn policy(&self) -> Policy {
        let syntaxes: &[Syntax] =
            if self.ndr64 { &[Syntax::Ndr64, Syntax::Ndr20] } else { &[Syntax::Ndr20] };
        Policy { min_level: None, syntaxes, ..Policy::default() }
    }

    fn call(&self, call: CallContext, _: u16, _: Bytes) -> BoxFuture<'_, Recorded> {
        let answer =
            self.answers.lock().unwrap().get_mut(&call.call_id).and_then(VecDeque::pop_front);
        Box::pin(async move { answer.unwrap_or(Err(Fault(0xDEAD_BEEF))) })
    }
}

/// Hands out the recorded security contexts in their order.
pub struct RecordedProviders(pub Mutex<VecDeque<ContextScript>>);

impl AcceptorFactory for RecordedProviders {
    fn acceptor(&self, _: AuthType, level: AuthLevel, _: Peer) -> Option<Box<dyn Acceptor>> {
        let script = self.0.lock().unwrap().pop_front()?;
        assert_eq!(script.level, level);
        Some(Box::new(script))
    }
}

impl Acceptor for ContextScript {
    fn accept<'a>(&'a mut self, _: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        let token = self.legs.pop_front().flatten().map(|token| token.to_vec());
        let accepted = match token {
            Some(token) if !self.legs.is_empty() => Accepted::Continue(token),
            token => Accepted::Done { token, context: self.context() },
        };
        Box::pin(async move { Ok(accepted) })
    }
}

impl ContextScript {
    /// Whether its stubs stay sealed.
    fn is_opaque(&self) -> bool {
        self.level == AuthLevel::Privacy && self.key.is_none()
    }

    fn context(&self) -> Box<dyn SecurityContext> {
        match &self.key {
            Some(key) => Box::new(NtlmContext::acceptor(key, caller())),
            None => Box::new(PassThrough(self.token_len)),
        }
    }
}

fn caller() -> Arc<Caller> {
    let token = Token::new("S-1-5-21-1-2-3-4".parse().unwrap(), []);
    Arc::new(Caller { account: r"TEST\replay".into(), token })
}

/// A context whose key nobody knows: takes every token, leaves sealed stubs sealed.
struct PassThrough(usize);

impl SecurityContext for PassThrough {
    fn token_len(&self, _: AuthLevel) -> usize {
        self.0
    }

    fn protect(&mut self, _: AuthLevel, _: PduParts<'_>) -> Result<Vec<u8>, AuthError> {
        Ok(vec![0; self.0])
    }

    fn unprotect(&mut self, _: AuthLevel, _: PduParts<'_>, _: &[u8]) -> Result<(), AuthError> {
        Ok(())
    }

    fn get_mic(&mut self, _: &[u8]) -> Result<Vec<u8>, AuthError> {
        Err(AuthError::OutOfSequence)
    }

    fn verify_mic(&mut self, _: &[u8], _: &[u8]) -> Result<(), AuthError> {
        Err(AuthError::OutOfSequence)
    }

    fn caller(&self) -> Option<Arc<Caller>> {
        Some(caller())
    }
}

/// The client's end: opens the server's PDUs.
struct Opener {
    contexts: HashMap<u32, (AuthLevel, Option<NtlmContext>)>,
}

impl Opener {
    fn new(contexts: &[ContextScript]) -> Self {
        let context = |script: &ContextScript| {
            let context = script.key.as_ref().map(NtlmContext::initiator);
            (script.id, (script.level, context))
        };
        Self { contexts: contexts.iter().map(context).collect() }
    }

    fn open(&mut self, mut frame: Frame) -> Pdu {
        if frame.header().ptype == PduType::Response
            && let Some(trailer) = frame.trailer().unwrap()
            && let Some((level, Some(context))) = self.contexts.get_mut(&trailer.context_id)
        {
            let mut protection = Protection {
                context,
                level: *level,
                auth_type: trailer.auth_type,
                auth_level: trailer.auth_level,
                context_id: trailer.context_id,
                header_signing: true,
            };
            unprotect(&mut frame, &mut protection).expect("a signature that holds");
        }
        Pdu::decode(frame).unwrap()
    }
}

pub fn theirs(connection: &Connection) -> Vec<Vec<u8>> {
    let to_client = connection.pdus.iter().filter(|(way, _)| *way == Direction::ToClient);
    to_client.map(|(_, bytes)| bytes.clone()).collect()
}

pub fn decode(bytes: &[u8]) -> Pdu {
    Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap()
}
