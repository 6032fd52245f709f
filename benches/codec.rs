//! What a call costs apart from the CA's work: stubs, PDUs, and a sealed call through both
//! halves of RPC.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark that panics has failed, which is what it is for"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{
    AuthLevel, BoxFuture, Credentials, Initiator, LocalVerifier, Names, NtlmInitiator,
    SecurityProviders, SystemEnvironment,
};
use wcce::generated::certtransblob::CERTTRANSBLOB;
use wcce::generated::icertpassage::{CertServerRequestIn, I_CERT_PASSAGE};
use wcce::model::{LocalAccount, LocalAccounts};
use wcce::ndr::{ByteOrder, Encoding, Fault, InterfaceId, Syntax, WideString, from_stub, to_stub};
use wcce::rpc::association::{self, Endpoint, Limits};
use wcce::rpc::client::{Association, AssociationOptions, Event};
use wcce::rpc::pdu::{
    Bind, BindTimeFeatures, Body, Frame, NDR_SYNTAX, NDR64_SYNTAX, Pdu, PresentationContext,
    Request,
};
use wcce::rpc::{CallContext, Service};

/// A request of the size that Windows sends, and an answer with certificate and chain.
const REQUEST_BYTES: usize = 1_300;
const ANSWER_BYTES: usize = 6_500;

fn enrollment_request() -> CertServerRequestIn {
    let blob =
        |bytes: Vec<u8>| CERTTRANSBLOB { cb: u32::try_from(bytes.len()).unwrap(), pb: Some(bytes) };
    CertServerRequestIn {
        dw_flags: 0,
        pwsz_authority: Some(WideString::from("Example Issuing CA")),
        pdw_request_id: 0,
        pctb_attribs: blob(vec![0x20; 80]),
        pctb_request: blob(vec![0x5A; REQUEST_BYTES]),
    }
}

fn stubs(c: &mut Criterion) {
    let request = enrollment_request();
    let mut group = c.benchmark_group("stub of CertServerRequest");
    for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
        let encoding = Encoding { syntax, order: ByteOrder::Little };
        let stub = to_stub(encoding, &request).unwrap();
        group.throughput(Throughput::Bytes(stub.len().try_into().unwrap()));
        group.bench_function(format!("encode {syntax:?}"), |b| {
            b.iter(|| to_stub(encoding, black_box(&request)).unwrap());
        });
        group.bench_function(format!("decode {syntax:?}"), |b| {
            b.iter(|| from_stub::<CertServerRequestIn>(encoding, black_box(&stub)).unwrap());
        });
    }
}

fn pdus(c: &mut Criterion) {
    let context = |id, syntax| PresentationContext {
        id,
        abstract_syntax: I_CERT_PASSAGE,
        transfer_syntaxes: vec![syntax],
    };
    let features = BindTimeFeatures::all().to_syntax();
    let bind = Bind {
        max_xmit_frag: 5840,
        max_recv_frag: 5840,
        assoc_group_id: 0,
        contexts: vec![context(0, NDR_SYNTAX), context(1, NDR64_SYNTAX), context(2, features)],
    };
    let request = Request {
        alloc_hint: 0,
        context_id: 0,
        opnum: 0,
        object: None,
        stub: Bytes::from(vec![0x5A; REQUEST_BYTES]),
    };
    let mut group = c.benchmark_group("PDU");
    for (name, body) in [("bind", Body::Bind(bind)), ("request", Body::Request(request))] {
        let pdu = Pdu::new(1, body);
        let bytes = pdu.encode().unwrap();
        group.throughput(Throughput::Bytes(bytes.len().try_into().unwrap()));
        group.bench_function(format!("encode {name}"), |b| {
            b.iter(|| black_box(&pdu).encode().unwrap());
        });
        group.bench_function(format!("decode {name}"), |b| {
            b.iter(|| Pdu::decode(Frame::from_bytes(black_box(&bytes)).unwrap()).unwrap());
        });
    }
}

/// Answers at once with a blob of a usual size.
struct Answers;

impl Service for Answers {
    fn interface(&self) -> InterfaceId {
        I_CERT_PASSAGE
    }

    fn call(&self, _: CallContext, _: u16, _: Bytes) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async { Ok(vec![0xA5; ANSWER_BYTES]) })
    }
}

struct Accounts;

impl LocalAccounts for Accounts {
    fn local_account(&self, _: &str, _: &str) -> Option<LocalAccount> {
        Some(LocalAccount {
            account: r"LAB\alice".into(),
            nt_hash: nt_hash("secret"),
            sid: "S-1-5-21-1-2-3-1104".parse().unwrap(),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

fn endpoint() -> Arc<Endpoint> {
    let environment = Arc::new(SystemEnvironment);
    let ntlm = Arc::new(NtlmServer {
        names: Names::stand_alone("lab.test", Vec::new()),
        policy: NtlmPolicy::default(),
        verifier: Arc::new(LocalVerifier::new(Arc::new(Accounts), environment.clone()).unwrap()),
        environment,
    });
    Arc::new(Endpoint {
        services: vec![Arc::new(Answers)],
        acceptors: Arc::new(SecurityProviders::of_ntlm(ntlm, true)),
        groups: Arc::default(),
        statistics: Arc::default(),
        memory: Arc::default(),
        limits: Limits::default(),
    })
}

/// A client and a server without sockets between them.
struct Ends {
    client: Association,
    server: association::Association,
    runtime: Runtime,
}

impl Ends {
    fn new(endpoint: &Arc<Endpoint>) -> Self {
        let (peer, local) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        Self {
            client: Association::new(AssociationOptions::default()),
            server: association::Association::new(
                Arc::clone(endpoint),
                peer,
                local,
                Instant::now(),
            ),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        }
    }

    fn feed_server(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        self.server.receive(bytes, now);
        while let Some(event) = self.server.next_event(now) {
            match event {
                association::Event::Send(bytes) => self.client.receive(&bytes),
                association::Event::Authenticate(task) => {
                    let outcome = self.runtime.block_on(task.run());
                    self.server.authenticated(outcome, now);
                }
                association::Event::Call(call) => {
                    let answer = call.service.call(call.context, call.opnum, call.stub);
                    let answer = self.runtime.block_on(answer);
                    self.server.respond(call.token, answer, now);
                }
                association::Event::Close(reason) => panic!("{reason}"),
            }
        }
    }

    fn bind(&mut self) {
        let level = AuthLevel::Privacy;
        let credentials = Credentials {
            user: "alice".into(),
            domain: "LAB".into(),
            password: "secret".to_owned().into(),
        };
        let mut initiator = NtlmInitiator::new(&credentials, level);
        let first = self.runtime.block_on(initiator.step(&[])).unwrap();
        let who = Some((initiator.auth_type(), level, first));
        let bytes = self.client.bind(I_CERT_PASSAGE, who).unwrap();
        self.feed_server(&bytes);
        let Some(Event::Token(token)) = self.client.poll().unwrap() else { panic!("no token") };
        let last = self.runtime.block_on(initiator.step(&token)).unwrap();
        if let Some(bytes) = self.client.leg(last).unwrap() {
            self.feed_server(&bytes);
        }
        assert!(self.client.is_ready());
    }

    fn call(&mut self, stub: Vec<u8>) {
        let bytes = self.client.request(None, 0, stub).unwrap();
        self.feed_server(&bytes);
        let Some(Event::Answer(_, answer)) = self.client.poll().unwrap() else {
            panic!("no answer")
        };
        assert_eq!(answer.len(), ANSWER_BYTES);
    }
}

fn sealed_calls(c: &mut Criterion) {
    let endpoint = endpoint();
    let mut group = c.benchmark_group("both halves");
    group.bench_function("connect with NTLM", |b| b.iter(|| Ends::new(&endpoint).bind()));
    let mut ends = Ends::new(&endpoint);
    ends.bind();
    group.throughput(Throughput::Bytes((REQUEST_BYTES + ANSWER_BYTES).try_into().unwrap()));
    group.bench_function("sealed call", |b| b.iter(|| ends.call(vec![0x5A; REQUEST_BYTES])));
}

criterion_group!(benches, stubs, pdus, sealed_calls);
criterion_main!(benches);
