//! The association against a toy client: [`Rig`] runs both ends.

mod bind;
mod calls;
mod limits;
mod security;
mod split;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::uuid;

use super::*;
use crate::auth::AuthLevel;
use crate::ndr::{InterfaceId, Syntax};
use crate::rpc::Policy;
use crate::rpc::pdu::{
    Auth, Bind, BindAck, Body, Fault as FaultBody, Frame, NDR_SYNTAX, NDR64_SYNTAX, Pdu, PfcFlags,
    PresentationContext, Protection, Request, protect, unprotect,
};
use crate::rpc::testing::{ToyContext, ToyFactory, ToyService};

/// Takes everybody.
const OPEN: InterfaceId =
    InterfaceId { uuid: uuid!("11111111-0000-0000-0000-000000000001"), major: 1, minor: 2 };
/// Takes calls at packet privacy.
const SECURE: InterfaceId =
    InterfaceId { uuid: uuid!("22222222-0000-0000-0000-000000000002"), major: 0, minor: 0 };
const UNKNOWN: InterfaceId =
    InterfaceId { uuid: uuid!("33333333-0000-0000-0000-000000000003"), major: 0, minor: 0 };

const ACCESS_DENIED: u32 = 5;
const SEC_PKG_ERROR: u32 = 0x721;
const PROTO_ERROR: u32 = 0x1C01_000B;
const UNK_IF: u32 = 0x1C01_0003;

struct Rig {
    association: Association,
    now: Instant,
    /// PDUs received from the association, not taken yet.
    received: VecDeque<Frame>,
    framer: Framer,
    calls: Vec<Call>,
    closed: Option<CloseReason>,
    /// Whether calls are answered at once.
    answer: bool,
}

fn endpoint(limits: Limits) -> Arc<Endpoint> {
    let open =
        Policy { min_level: None, syntaxes: &[Syntax::Ndr20, Syntax::Ndr64], ..Policy::default() };
    Arc::new(Endpoint {
        services: vec![ToyService::new(OPEN, open), ToyService::new(SECURE, Policy::default())],
        acceptors: Arc::new(ToyFactory),
        groups: Arc::default(),
        statistics: Arc::default(),
        memory: Arc::default(),
        limits,
    })
}

impl Rig {
    fn new() -> Self {
        Self::with(endpoint(Limits::default()))
    }

    fn with(endpoint: Arc<Endpoint>) -> Self {
        Self::from("192.0.2.1:1000", endpoint)
    }

    fn from(peer: &str, endpoint: Arc<Endpoint>) -> Self {
        let now = Instant::now();
        let local = "192.0.2.9:49152".parse().unwrap();
        Self {
            association: Association::new(endpoint, peer.parse().unwrap(), local, now),
            now,
            received: VecDeque::new(),
            framer: Framer::default(),
            calls: Vec::new(),
            closed: None,
            answer: true,
        }
    }

    /// A rig with [`OPEN`] bound as context 0 and [`SECURE`] as context 1.
    fn bound() -> Self {
        let mut rig = Self::new();
        rig.bind(PfcFlags::empty());
        rig
    }

    fn bind(&mut self, flags: PfcFlags) -> BindAck {
        let mut pdu = Pdu::new(1, Body::Bind(bind(&[(0, OPEN), (1, SECURE)])));
        pdu.flags |= flags;
        self.send(&pdu);
        self.bind_ack()
    }

    fn push(&mut self, bytes: &[u8]) {
        self.association.receive(bytes, self.now);
        self.pump();
    }

    fn send(&mut self, pdu: &Pdu) {
        self.push(&pdu.encode().unwrap());
    }

    fn pump(&mut self) {
        while let Some(event) = self.association.next_event(self.now) {
            assert!(self.closed.is_none(), "an event after Close");
            match event {
                Event::Send(bytes) => self.framer.push(&bytes),
                Event::Authenticate(task) => {
                    let outcome = block_on(task.run());
                    self.association.authenticated(outcome, self.now);
                }
                Event::Call(call) if self.answer => self.run(call),
                Event::Call(call) => self.calls.push(call),
                Event::Close(reason) => self.closed = Some(reason),
            }
        }
        while let Some(frame) = self.framer.next_frame(u16::MAX).unwrap() {
            self.received.push_back(frame);
        }
    }

    fn run(&mut self, call: Call) {
        let answer = block_on(call.service.call(call.context, call.opnum, call.stub));
        self.association.respond(call.token, answer, self.now);
    }

    /// Answers a call that was put aside.
    fn finish(&mut self, index: usize) {
        let call = self.calls.remove(index);
        self.run(call);
        self.pump();
    }

    fn frame(&mut self) -> Frame {
        self.received.pop_front().expect("an answer")
    }

    fn pdu(&mut self) -> Pdu {
        Pdu::decode(self.frame()).unwrap()
    }

    fn bind_ack(&mut self) -> BindAck {
        match self.pdu().body {
            Body::BindAck(ack) | Body::AlterContextResponse(ack) => ack,
            other => panic!("{other:?} instead of bind_ack"),
        }
    }

    /// Call id, status, context and whether the call was executed.
    fn fault(&mut self) -> (u32, u32, u16, bool) {
        let pdu = self.pdu();
        let Body::Fault(FaultBody { status, context_id, .. }) = pdu.body else {
            panic!("{:?} instead of a fault", pdu.body)
        };
        assert!(pdu.auth.is_none());
        (pdu.call_id, status, context_id, !pdu.flags.contains(PfcFlags::DID_NOT_EXECUTE))
    }

    fn response(&mut self) -> String {
        let pdu = self.pdu();
        assert!(matches!(pdu.body, Body::Response(_)), "{:?}", pdu.body);
        String::from_utf8(pdu.stub().to_vec()).unwrap()
    }

    fn nak(&mut self) -> u16 {
        match self.pdu().body {
            Body::BindNak(nak) => nak.reason.0,
            other => panic!("{other:?} instead of bind_nak"),
        }
    }

    fn assert_alive(&mut self) {
        assert_eq!(self.closed, None);
        assert!(self.received.is_empty());
        assert!(self.association.wants_input());
    }

    fn assert_closed(&mut self) {
        assert!(self.closed.is_some());
        assert!(self.received.is_empty());
        assert!(!self.association.wants_input());
    }

    /// Authenticates by two alter_contexts.
    fn authenticate(&mut self, name: &str, level: AuthLevel, context_id: u32) -> Client {
        for token in ["hello".to_owned(), format!("{name}=7")] {
            self.send(&alter(&token, level, context_id));
            self.bind_ack();
        }
        Client { context: ToyContext::new(7, None), level, context_id, header_signing: false }
    }
}

/// The client's end of a security context.
struct Client {
    context: ToyContext,
    level: AuthLevel,
    context_id: u32,
    header_signing: bool,
}

impl Client {
    fn protection(&mut self) -> Protection<'_> {
        Protection {
            context: &mut self.context,
            level: self.level,
            auth_type: 10,
            auth_level: self.level.to_wire(),
            context_id: self.context_id,
            header_signing: self.header_signing,
        }
    }

    fn protect(&mut self, pdu: Pdu) -> Vec<u8> {
        protect(pdu, &mut self.protection()).unwrap()
    }

    fn open(&mut self, mut frame: Frame) -> Pdu {
        unprotect(&mut frame, &mut self.protection()).unwrap();
        Pdu::decode(frame).unwrap()
    }

    /// Sends a request and reads its answer in one fragment.
    fn call(&mut self, rig: &mut Rig, pdu: Pdu) -> String {
        let bytes = self.protect(pdu);
        rig.push(&bytes);
        let frame = rig.frame();
        String::from_utf8(self.open(frame).stub().to_vec()).unwrap()
    }
}

fn bind(contexts: &[(u16, InterfaceId)]) -> Bind {
    let contexts = contexts.iter().map(|(id, interface)| context(*id, *interface, &[NDR_SYNTAX]));
    Bind {
        max_xmit_frag: 5840,
        max_recv_frag: 5840,
        assoc_group_id: 0,
        contexts: contexts.collect(),
    }
}

fn context(id: u16, interface: InterfaceId, syntaxes: &[InterfaceId]) -> PresentationContext {
    PresentationContext { id, abstract_syntax: interface, transfer_syntaxes: syntaxes.to_vec() }
}

fn alter(token: &str, level: AuthLevel, context_id: u32) -> Pdu {
    let token = Bytes::from(token.to_owned());
    let auth = Some(Auth::new(10, level.to_wire(), context_id, token));
    Pdu { auth, ..Pdu::new(2, Body::AlterContext(bind(&[(0, OPEN)]))) }
}

fn auth3(token: &str, level: AuthLevel, context_id: u32) -> Pdu {
    Pdu { body: Body::Auth3(*b"    "), ..alter(token, level, context_id) }
}

fn request(call_id: u32, context_id: u16, opnum: u16, stub: &[u8]) -> Pdu {
    let stub = Bytes::copy_from_slice(stub);
    let request = Request { alloc_hint: 0, context_id, opnum, object: None, stub };
    Pdu::new(call_id, Body::Request(request))
}

fn fragment(flags: PfcFlags, pdu: Pdu) -> Pdu {
    Pdu { flags, ..pdu }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
