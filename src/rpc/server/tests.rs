use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::auth::BoxFuture;
use crate::ndr::{Fault, InterfaceId};
use crate::rpc::association::Limits;
use crate::rpc::pdu::{
    Auth, Bind, Body, Framer, NDR_SYNTAX, Pdu, PfcFlags, PresentationContext, Request,
};
use crate::rpc::testing::{ToyFactory, ToyService};
use crate::rpc::{CallContext, Policy, Service};

const TOY: InterfaceId =
    InterfaceId { uuid: uuid::uuid!("11111111-0000-0000-0000-000000000001"), major: 1, minor: 0 };
const GATE: InterfaceId =
    InterfaceId { uuid: uuid::uuid!("22222222-0000-0000-0000-000000000002"), major: 1, minor: 0 };
const ANYBODY: Policy =
    Policy { min_level: None, syntaxes: &[crate::ndr::Syntax::Ndr20], max_request: usize::MAX };

/// Answers when the semaphore lets it.
struct Gate(Arc<Semaphore>);

impl Service for Gate {
    fn interface(&self) -> InterfaceId {
        GATE
    }

    fn policy(&self) -> Policy {
        ANYBODY
    }

    fn call(&self, _: CallContext, _: u16, stub: Bytes) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            self.0.acquire().await.unwrap().forget();
            Ok(stub.to_vec())
        })
    }
}

struct TestServer {
    address: SocketAddr,
    gate: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), DrainTimeout>>,
}

impl TestServer {
    async fn start(limits: ServerLimits, each: Limits) -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let endpoint = Arc::new(Endpoint {
            services: vec![ToyService::new(TOY, ANYBODY), Arc::new(Gate(Arc::clone(&gate)))],
            acceptors: Arc::new(ToyFactory),
            groups: Arc::default(),
            statistics: Arc::default(),
            memory: Arc::default(),
            limits: each,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(vec![(listener, endpoint)], limits, stopped));
        Self { address, gate, stop, task }
    }

    async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        Client { stream, framer: Framer::default() }
    }

    /// A client with [`TOY`] as context 0 and [`GATE`] as 1, multiplexing.
    async fn bound(&self) -> Client {
        let mut client = self.connect().await;
        client.bind().await.expect("bind_ack");
        client
    }
}

struct Client {
    stream: TcpStream,
    framer: Framer,
}

impl Client {
    async fn bind(&mut self) -> Option<Pdu> {
        let context = |id, interface| PresentationContext {
            id,
            abstract_syntax: interface,
            transfer_syntaxes: vec![NDR_SYNTAX],
        };
        let bind = Bind {
            max_xmit_frag: 5840,
            max_recv_frag: 5840,
            assoc_group_id: 0,
            contexts: vec![context(0, TOY), context(1, GATE)],
        };
        let mut pdu = Pdu::new(1, Body::Bind(bind));
        pdu.flags |= PfcFlags::CONC_MPX;
        pdu.auth = Some(Auth::new(10, 2, 0, Bytes::from_static(b"now alice=7")));
        self.send(&pdu).await;
        self.receive().await
    }

    async fn send(&mut self, pdu: &Pdu) {
        // A server that has closed is seen when reading.
        let _ = self.stream.write_all(&pdu.encode().unwrap()).await;
    }

    async fn request(&mut self, call_id: u32, context_id: u16, opnum: u16, stub: &'static [u8]) {
        let stub = Bytes::from_static(stub);
        let request = Request { alloc_hint: 0, context_id, opnum, object: None, stub };
        self.send(&Pdu::new(call_id, Body::Request(request))).await;
    }

    /// The next PDU; `None` at the end of the stream.
    async fn receive(&mut self) -> Option<Pdu> {
        loop {
            if let Some(frame) = self.framer.next_frame(u16::MAX).unwrap() {
                return Some(Pdu::decode(frame).unwrap());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.framer.push(&buffer[..count]),
            }
        }
    }

    async fn response(&mut self) -> Bytes {
        let pdu = self.receive().await.expect("an answer");
        assert!(matches!(pdu.body, Body::Response(_)), "{:?}", pdu.body);
        pdu.stub()
    }

    async fn fault(&mut self) -> u32 {
        match self.receive().await.expect("an answer").body {
            Body::Fault(fault) => fault.status,
            other => panic!("{other:?} instead of a fault"),
        }
    }
}

#[tokio::test]
async fn calls_are_answered() {
    let server = TestServer::start(ServerLimits::default(), Limits::default()).await;
    let mut clients = [server.bound().await, server.bound().await];
    for call_id in 2..20 {
        for client in &mut clients {
            client.request(call_id, 0, 0, b"stub").await;
            assert_eq!(client.response().await, "alice 2 0 4");
        }
    }
}

#[tokio::test]
async fn a_panic_is_a_fault_and_hurts_nobody_else() {
    let server = TestServer::start(ServerLimits::default(), Limits::default()).await;
    let (mut first, mut second) = (server.bound().await, server.bound().await);
    first.request(2, 0, 1, b"not a number").await;
    assert_eq!(first.fault().await, 0x1C00_0012);
    for client in [&mut first, &mut second] {
        client.request(3, 0, 0, b"").await;
        client.response().await;
    }
}

#[tokio::test]
async fn connections_are_limited() {
    let limits = ServerLimits { max_connections_per_address: 2, ..ServerLimits::default() };
    let server = TestServer::start(limits, Limits::default()).await;
    let (first, _second) = (server.bound().await, server.bound().await);
    assert!(server.connect().await.receive().await.is_none());
    drop(first);
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.connect().await.bind().await.is_none() {
        assert!(Instant::now() < deadline, "the place comes back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn calls_of_one_caller_are_limited_across_connections() {
    let limits = ServerLimits { max_calls_per_principal: 2, ..ServerLimits::default() };
    let server = TestServer::start(limits, Limits::default()).await;
    let (mut first, mut second) = (server.bound().await, server.bound().await);
    first.request(2, 1, 0, b"a").await;
    first.request(3, 1, 0, b"b").await;
    first.request(4, 1, 0, b"c").await;
    assert_eq!(first.fault().await, Fault::SERVER_TOO_BUSY.0);
    second.request(2, 0, 0, b"").await;
    assert_eq!(second.fault().await, Fault::SERVER_TOO_BUSY.0);
    server.gate.add_permits(2);
    first.response().await;
    first.response().await;
    second.request(3, 0, 0, b"").await;
    second.response().await;
}

#[tokio::test]
async fn the_last_answer_arrives_although_input_is_left_unread() {
    let server = TestServer::start(ServerLimits::default(), Limits::default()).await;
    let mut client = server.bound().await;
    let large = Bytes::from(vec![0; 60_000]);
    let request = Request { alloc_hint: 0, context_id: 0, opnum: 0, object: None, stub: large };
    client.send(&Pdu::new(2, Body::Request(request))).await;
    assert_eq!(client.fault().await, Fault::PROTOCOL_ERROR.0);
    assert!(client.receive().await.is_none());
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_dropped() {
    let each = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = TestServer::start(ServerLimits::default(), each).await;
    assert!(server.connect().await.receive().await.is_none());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    let limits =
        ServerLimits { write_timeout: Duration::from_millis(100), ..ServerLimits::default() };
    let server = TestServer::start(limits, Limits::default()).await;
    const FRAGMENTS: u32 = 50_000_000 / 5816;
    // The answer may be long in the making: then once more, with more patience.
    for patience in [500, 2_000, 8_000, 32_000].map(Duration::from_millis) {
        let mut client = server.bound().await;
        client.request(2, 0, 1, b"50000000").await;
        tokio::time::sleep(patience).await;
        let mut count = 0;
        while count < FRAGMENTS && client.receive().await.is_some() {
            count += 1;
        }
        if count < FRAGMENTS {
            return;
        }
    }
    panic!("a client that reads nothing for half a minute gets the whole answer");
}

#[tokio::test]
async fn half_closed_clients_get_their_answer() {
    let server = TestServer::start(ServerLimits::default(), Limits::default()).await;
    let mut client = server.bound().await;
    client.request(2, 1, 0, b"late").await;
    client.stream.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.gate.add_permits(1);
    assert_eq!(client.response().await, "late");
    assert!(client.receive().await.is_none());
}

#[tokio::test]
async fn draining_answers_calls_and_accepts_no_more() {
    let server = TestServer::start(ServerLimits::default(), Limits::default()).await;
    let (mut busy, mut idle) = (server.bound().await, server.bound().await);
    busy.request(2, 1, 0, b"in flight").await;
    // Answered after the request before it was taken.
    busy.request(3, 0, 0, b"").await;
    busy.response().await;
    server.stop.send(true).unwrap();
    assert!(idle.receive().await.is_none());
    let refused = TcpStream::connect(server.address).await.is_err()
        || server.connect().await.bind().await.is_none();
    assert!(refused);
    assert!(!server.task.is_finished());
    server.gate.add_permits(1);
    assert_eq!(busy.response().await, "in flight");
    assert!(busy.receive().await.is_none());
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_are_finished_though_their_client_is_gone() {
    let server = TestServer::start(ServerLimits::default(), Limits::default()).await;
    let mut client = server.bound().await;
    client.request(2, 1, 0, b"").await;
    client.request(3, 0, 0, b"").await;
    client.response().await;
    drop(client);
    server.stop.send(true).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!server.task.is_finished(), "the call is waited for");
    server.gate.add_permits(1);
    server.task.await.unwrap().unwrap();
    assert_eq!(server.gate.available_permits(), 0);
}

#[tokio::test]
async fn draining_has_an_end() {
    let drain_timeout = Duration::from_millis(50);
    let limits = ServerLimits { drain_timeout, ..ServerLimits::default() };
    let server = TestServer::start(limits, Limits::default()).await;
    let mut client = server.bound().await;
    client.request(2, 1, 0, b"").await;
    client.request(3, 0, 0, b"").await;
    client.response().await;
    server.stop.send(true).unwrap();
    assert_eq!(server.task.await.unwrap(), Err(DrainTimeout(drain_timeout)));
}

#[tokio::test]
async fn who_has_not_logged_on_makes_room_for_newcomers_when_all_places_are_taken() {
    let limits = ServerLimits { max_connections: 3, ..ServerLimits::default() };
    let server = TestServer::start(limits, Limits::default()).await;
    let (mut busy, mut idle) = (server.bound().await, server.bound().await);
    busy.request(2, 1, 0, b"waits").await;
    idle.request(2, 0, 0, b"").await;
    idle.response().await;
    let mut unknown = server.connect().await;
    let mut newcomer = server.bound().await;
    assert!(unknown.receive().await.is_none(), "its place was given away");
    for client in [&mut idle, &mut newcomer] {
        client.request(3, 0, 0, b"").await;
        client.response().await;
    }
    let _third = server.bound().await;
    assert!(idle.receive().await.is_none(), "it has waited longest");
    server.gate.add_permits(1);
    busy.response().await;
}

#[tokio::test]
async fn answers_that_are_not_on_their_way_yet_count_as_in_flight() {
    let limits = ServerLimits { max_calls_per_principal: 1, ..ServerLimits::default() };
    let server = TestServer::start(limits, Limits::default()).await;
    let mut client = server.bound().await;
    for call_id in 2..20 {
        client.request(call_id, 0, 0, b"").await;
        client.response().await;
    }
}
