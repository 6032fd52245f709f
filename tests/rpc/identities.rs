//! Two people on one connection, with real NTLM: each call is its own caller's.

use std::time::Instant;

use bytes::Bytes;
use wcce::auth::{
    AuthLevel, AuthType, Credentials, Initiated, Initiator, NtlmInitiator, SecurityContext,
    SpnegoInitiator,
};
use wcce::ndr::Fault;
use wcce::rpc::association::{Association, Event};
use wcce::rpc::pdu::{
    Auth, Bind, Body, Frame, Framer, NDR_SYNTAX, Pdu, PresentationContext, Protection, Request,
    protect, unprotect,
};

use crate::ends::{OPEN, SEALED, endpoint};

/// A server, and the clients' end of its wire.
struct Wire {
    server: Association,
    framer: Framer,
    closed: bool,
}

/// One client's security context.
struct Person {
    context: Box<dyn SecurityContext>,
    auth_type: AuthType,
    level: AuthLevel,
    id: u32,
}

impl Wire {
    async fn bound() -> Self {
        let (peer, local) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let server = Association::new(endpoint(), peer, local, Instant::now());
        let mut wire = Self { server, framer: Framer::default(), closed: false };
        let answer = wire.exchange(&Pdu::new(1, Body::Bind(bind())).encode().unwrap()).await;
        assert!(matches!(decode(answer).body, Body::BindAck(_)));
        wire
    }

    /// Sends a PDU; the server's answer, of one fragment.
    async fn exchange(&mut self, bytes: &[u8]) -> Frame {
        let now = Instant::now();
        self.server.receive(bytes, now);
        while let Some(event) = self.server.next_event(now) {
            match event {
                Event::Send(bytes) => self.framer.push(&bytes),
                Event::Authenticate(task) => {
                    let outcome = task.run().await;
                    self.server.authenticated(outcome, now);
                }
                Event::Call(call) => {
                    let answer = call.service.call(call.context, call.opnum, call.stub).await;
                    self.server.respond(call.token, answer, now);
                }
                Event::Close(_) => self.closed = true,
            }
        }
        self.framer.next_frame(u16::MAX).unwrap().expect("an answer")
    }

    async fn authenticate(
        &mut self,
        user: &str,
        auth_type: AuthType,
        level: AuthLevel,
        id: u32,
    ) -> Person {
        let credentials = Credentials {
            user: user.into(),
            domain: "LAB".into(),
            password: "secret".to_owned().into(),
        };
        let mut initiator: Box<dyn Initiator> = match auth_type {
            AuthType::Ntlm => Box::new(NtlmInitiator::new(&credentials, level)),
            _ => Box::new(SpnegoInitiator::ntlm(&credentials, level)),
        };
        let mut token = Vec::new();
        loop {
            let (leg, context) = match initiator.step(&token).await.unwrap() {
                Initiated::Continue(leg) => (Some(leg), None),
                Initiated::Done { token, context } => (token, Some(context)),
            };
            if let Some(leg) = leg {
                let auth = Auth::new(auth_type.to_wire(), level.to_wire(), id, Bytes::from(leg));
                let pdu = Pdu { auth: Some(auth), ..Pdu::new(2, Body::AlterContext(bind())) };
                let answer = decode(self.exchange(&pdu.encode().unwrap()).await);
                assert!(matches!(answer.body, Body::AlterContextResponse(_)), "{answer:?}");
                token = answer.auth.map(|auth| auth.token.to_vec()).unwrap_or_default();
            }
            if let Some(context) = context {
                return Person { context, auth_type, level, id };
            }
        }
    }

    /// The account that the server saw, or the fault.
    async fn who(&mut self, person: &mut Person, interface: u16) -> Result<String, Fault> {
        let bytes = protect(request(interface), &mut person.protection()).unwrap();
        let mut frame = self.exchange(&bytes).await;
        if frame.header().auth_length > 0 {
            unprotect(&mut frame, &mut person.protection()).unwrap();
        }
        let pdu = decode(frame);
        match &pdu.body {
            Body::Fault(fault) => Err(Fault(fault.status)),
            _ => Ok(String::from_utf8(pdu.stub().to_vec()).unwrap()),
        }
    }
}

impl Person {
    fn protection(&mut self) -> Protection<'_> {
        Protection {
            context: self.context.as_mut(),
            level: self.level,
            auth_type: self.auth_type.to_wire(),
            auth_level: self.level.to_wire(),
            context_id: self.id,
            header_signing: false,
        }
    }
}

fn bind() -> Bind {
    let context = |(id, abstract_syntax)| PresentationContext {
        id,
        abstract_syntax,
        transfer_syntaxes: vec![NDR_SYNTAX],
    };
    Bind {
        max_xmit_frag: 5840,
        max_recv_frag: 5840,
        assoc_group_id: 0,
        contexts: [(0, SEALED), (1, OPEN)].into_iter().map(context).collect(),
    }
}

fn request(context_id: u16) -> Pdu {
    let stub = Bytes::new();
    let request = Request { alloc_hint: 0, context_id, opnum: 0, object: None, stub };
    Pdu::new(3, Body::Request(request))
}

fn decode(frame: Frame) -> Pdu {
    Pdu::decode(frame).unwrap()
}

const ALICE: &str = r"LAB\alice";
const BOB: &str = r"LAB\bob";

#[tokio::test]
async fn each_call_is_its_own_callers() {
    for types in [[AuthType::Ntlm; 2], [AuthType::Negotiate, AuthType::Ntlm]] {
        let mut wire = Wire::bound().await;
        let mut alice = wire.authenticate("alice", types[0], AuthLevel::Privacy, 7).await;
        let mut bob = wire.authenticate("bob", types[1], AuthLevel::Integrity, 3).await;
        for _ in 0..3 {
            assert_eq!(wire.who(&mut alice, 0).await.unwrap(), ALICE);
            assert_eq!(wire.who(&mut alice, 1).await.unwrap(), ALICE);
            assert_eq!(wire.who(&mut bob, 1).await.unwrap(), BOB);
            // Bob only signs, and the sealed interface is closed to him.
            assert_eq!(wire.who(&mut bob, 0).await, Err(Fault::ACCESS_DENIED));
        }
        assert!(!wire.closed);
    }
}

#[tokio::test]
async fn nobody_speaks_under_anothers_context() {
    let mut wire = Wire::bound().await;
    let mut alice = wire.authenticate("alice", AuthType::Ntlm, AuthLevel::Privacy, 1).await;
    let mut bob = wire.authenticate("bob", AuthType::Ntlm, AuthLevel::Privacy, 2).await;
    assert_eq!(wire.who(&mut alice, 0).await.unwrap(), ALICE);
    assert_eq!(wire.who(&mut bob, 0).await.unwrap(), BOB);
    bob.id = 1;
    assert_eq!(wire.who(&mut bob, 0).await, Err(Fault::SECURITY_PACKAGE));
    assert!(wire.closed);
}

#[tokio::test]
async fn a_bare_or_weaker_request_is_nobodys() {
    for weaker in [false, true] {
        let mut wire = Wire::bound().await;
        let mut alice = wire.authenticate("alice", AuthType::Ntlm, AuthLevel::Privacy, 1).await;
        let answer = if weaker {
            alice.level = AuthLevel::Integrity;
            wire.who(&mut alice, 1).await
        } else {
            let frame = wire.exchange(&request(1).encode().unwrap()).await;
            let Body::Fault(fault) = decode(frame).body else { panic!("not a fault") };
            Err(Fault(fault.status))
        };
        assert_eq!(answer, Err(Fault::ACCESS_DENIED));
        assert!(wire.closed);
    }
}
