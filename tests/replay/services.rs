//! Clear connections to endpoint mappers and management interfaces: what Windows' clients asked is
//! asked of our server, whose endpoint map is made from what the real server answered, and the
//! answers are compared field by field.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use wcce::auth::{Acceptor, AcceptorFactory, AuthLevel, AuthType, Peer};
use wcce::generated::epm::{EPT, EptLookupIn, EptLookupOut, EptMapIn, EptMapOut};
use wcce::generated::mgmt::{MGMT, RpcMgmtInqPrincNameOut};
use wcce::generated::rpctypes::twr_t;
use wcce::ndr::{ByteOrder, ContextHandle, Encoding, Full, from_stub, to_stub};
use wcce::rpc::Service;
use wcce::rpc::association::{self, Association, Limits};
use wcce::rpc::epm::{Endpoint, EndpointMapper, EndpointTable, Tower};
use wcce::rpc::mgmt::Management;
use wcce::rpc::pdu::{BindAck, Body, Frame, Framer, Pdu, Request, ResultCode, syntax_of};

use crate::pcap::{self, Connection, Direction};
use crate::tally;

/// Captures with clear connections to either interface: how many connections, and how many calls
/// of them are replayed.
const FILES: [(&str, usize, usize); 10] = [
    ("livediffad-add_adcs.pcapng", 6, 26),
    ("pcap-attack-DCShadow_ept_drsuapi.pcapng", 1, 1),
    ("pcap-attack-ept_lookup_scan.pcapng", 1, 349),
    ("pcap-attack-impacket_rpcdump_ept_lookup.pcapng", 1, 1),
    ("samr-enum-lab-rpcclient_enumdomusers.pcapng", 1, 1),
    ("scapy-dcerpc_msnrpc.pcapng", 1, 1),
    ("scapy-dcerpc_privacy_krb.pcapng", 1, 2),
    ("scapy-dcerpc_privacy_ntlm.pcapng", 1, 1),
    ("suricata-dcerpc-mgmt-ndr64.pcap", 1, 1),
    ("zeek-mapi.pcap", 3, 3),
];

#[test]
fn our_answers_are_those_of_the_captured_servers() {
    let Some(captures) = tally::captures("replay of clear server connections") else { return };
    for (file, connections, calls) in FILES {
        let all = pcap::connections(&captures.join("rpc").join(file));
        let replayed: Vec<usize> = all.iter().filter_map(replay).collect();
        assert_eq!((replayed.len(), replayed.iter().sum()), (connections, calls), "{file}");
        tally::ran("capture-services", &format!("{file} {calls}"));
    }
}

/// Replays a connection that is clear and stays with one of the two interfaces.
fn replay(connection: &Connection) -> Option<usize> {
    let dialogue = Dialogue::of(connection)?;
    let mut server = Server::new(&dialogue);
    let ack = server.exchange(&dialogue.bind);
    compare_acks(&ack[0], &dialogue.ack);
    let mut handles = (ContextHandle::NULL, ContextHandle::NULL);
    for (request, theirs) in &dialogue.calls {
        let ours = server.exchange(&dialogue.with_handle(request, handles));
        handles = dialogue.compare(request, theirs, &ours);
    }
    Some(dialogue.calls.len())
}

/// A captured connection, taken apart.
struct Dialogue {
    client: std::net::SocketAddr,
    server: std::net::SocketAddr,
    bind: Pdu,
    ack: Pdu,
    encoding: Encoding,
    management: bool,
    /// Each request with the fragments of its response.
    calls: Vec<(Pdu, Vec<Pdu>)>,
}

impl Dialogue {
    fn of(connection: &Connection) -> Option<Self> {
        let mut pdus = connection.pdus.iter().map(|(direction, bytes)| (direction, decode(bytes)));
        let (_, mut bind) = pdus.next()?;
        let (_, ack) = pdus.next()?;
        let Body::Bind(body) = &mut bind.body else { return None };
        // A group that connections outside of the capture made.
        body.assoc_group_id = 0;
        let interface = body.contexts[0].abstract_syntax;
        let Body::BindAck(answer) = &ack.body else { return None };
        let accepted = answer.results.iter().find(|r| r.result == ResultCode::Acceptance)?;
        let syntax = syntax_of(&accepted.transfer_syntax)?;
        let mut calls: Vec<(Pdu, Vec<Pdu>)> = Vec::new();
        for (direction, pdu) in pdus {
            match (direction, &pdu.body) {
                (Direction::ToServer, Body::Request(_)) => calls.push((pdu, Vec::new())),
                (Direction::ToClient, Body::Response(_)) => calls.last_mut()?.1.push(pdu),
                _ => return None,
            }
        }
        let clear = bind.auth.is_none() && [EPT, MGMT].contains(&interface);
        clear.then(|| Self {
            client: connection.client,
            server: connection.server,
            bind,
            ack,
            encoding: Encoding { syntax, order: ByteOrder::Little },
            management: interface == MGMT,
            calls,
        })
    }

    /// The endpoint map that the real server must have had.
    fn table(&self) -> EndpointTable {
        let mut table = EndpointTable::default();
        for (request, response) in self.calls.iter().filter(|_| !self.management) {
            match request_of(request).opnum {
                2 => {
                    for entry in self.read::<EptLookupOut>(response).entries.elements {
                        let annotation = entry.annotation.0.to_string_lossy();
                        let tower = tower(&entry.tower);
                        table.register(Endpoint::new(entry.object, tower, &annotation));
                    }
                }
                3 => {
                    for twr in self.read::<EptMapOut>(response).i_towers.elements {
                        table.register(Endpoint::new(uuid::Uuid::nil(), tower(&twr), ""));
                    }
                }
                opnum => panic!("opnum {opnum} is not expected"),
            }
        }
        table
    }

    fn read<P: wcce::ndr::Parameters>(&self, response: &[Pdu]) -> P {
        let stub: Vec<u8> = response.iter().flat_map(Pdu::stub).collect();
        from_stub(self.encoding, &stub).unwrap_or_else(|e| panic!("{e}: {}", hex::encode(&stub)))
    }

    /// The request with our handle where the client sent the real server's.
    fn with_handle(&self, request: &Pdu, handles: (ContextHandle, ContextHandle)) -> Pdu {
        let (theirs, ours) = handles;
        let mut request = request.clone();
        let Body::Request(body) = &mut request.body else { panic!("a request") };
        if self.management || body.opnum != 2 {
            return request;
        }
        let mut question: EptLookupIn = from_stub(self.encoding, &body.stub).unwrap();
        if !question.entry_handle.is_null() {
            assert_eq!(question.entry_handle, theirs);
            question.entry_handle = ours;
        }
        // Our encoder writes what the client wrote, padding aside.
        let stub = to_stub(self.encoding, &question).unwrap();
        assert_eq!(stub.len(), body.stub.len());
        body.stub = Bytes::from(stub);
        request
    }

    /// Compares two answers; returns their handles.
    fn compare(
        &self,
        request: &Pdu,
        theirs: &[Pdu],
        ours: &[Pdu],
    ) -> (ContextHandle, ContextHandle) {
        let shape = |pdus: &[Pdu]| -> Vec<_> {
            pdus.iter().map(|pdu| (pdu.flags, pdu.call_id, pdu.stub().len())).collect()
        };
        assert_eq!(shape(ours), shape(theirs), "fragments");
        match (self.management, request_of(request).opnum) {
            (false, 2) => {
                let (mut ours, theirs) =
                    (self.read::<EptLookupOut>(ours), self.read::<EptLookupOut>(theirs));
                let handles = (theirs.entry_handle, ours.entry_handle);
                assert_eq!(handles.0.is_null(), handles.1.is_null());
                ours.entry_handle = theirs.entry_handle;
                assert_eq!(ours, theirs);
                handles
            }
            (false, 3) => {
                let (ours, theirs) = (self.read::<EptMapOut>(ours), self.read(theirs));
                assert_eq!(ours, theirs);
                let question: EptMapIn =
                    from_stub(self.encoding, &request_of(request).stub).unwrap();
                assert_eq!(question.max_towers, ours.i_towers.max_count);
                Default::default()
            }
            (true, 4) => {
                let ours: RpcMgmtInqPrincNameOut = self.read(ours);
                assert_eq!(ours, self.read(theirs));
                Default::default()
            }
            call => panic!("{call:?} is not expected"),
        }
    }
}

fn compare_acks(ours: &Pdu, theirs: &Pdu) {
    let (ours_body, theirs_body) = (ack_of(ours), ack_of(theirs));
    assert_eq!(ours.flags, theirs.flags);
    assert_eq!(ours_body.results, theirs_body.results);
    assert_eq!(ours_body.secondary_address, theirs_body.secondary_address);
    assert_eq!(ours_body.max_recv_frag, theirs_body.max_recv_frag);
    assert_ne!(ours_body.assoc_group_id, 0);
}

/// Our server, without sockets.
struct Server {
    association: Association,
    runtime: tokio::runtime::Runtime,
}

struct Nobody;

impl AcceptorFactory for Nobody {
    fn acceptor(&self, _: AuthType, _: AuthLevel, _: Peer) -> Option<Box<dyn Acceptor>> {
        None
    }
}

impl Server {
    fn new(dialogue: &Dialogue) -> Self {
        let management = Management {
            interfaces: vec![EPT],
            principal: Some("node3$@W2K12DOM.BER.REDHAT.COM".into()),
            statistics: Arc::default(),
        };
        let services: Vec<Arc<dyn Service>> =
            vec![Arc::new(EndpointMapper::new(Arc::new(dialogue.table()))), Arc::new(management)];
        let endpoint = Arc::new(association::Endpoint {
            services,
            acceptors: Arc::new(Nobody),
            groups: Arc::default(),
            statistics: Arc::default(),
            memory: Arc::default(),
            limits: Limits::default(),
        });
        let Dialogue { client, server, .. } = *dialogue;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { association: Association::new(endpoint, client, server, Instant::now()), runtime }
    }

    fn exchange(&mut self, request: &Pdu) -> Vec<Pdu> {
        let now = Instant::now();
        self.association.receive(&request.encode().unwrap(), now);
        let mut framer = Framer::default();
        while let Some(event) = self.association.next_event(now) {
            match event {
                association::Event::Send(bytes) => framer.push(&bytes),
                association::Event::Call(call) => {
                    let answer = call.service.call(call.context, call.opnum, call.stub);
                    let answer = self.runtime.block_on(answer);
                    self.association.respond(call.token, answer, now);
                }
                association::Event::Authenticate(_) => panic!("nobody authenticates"),
                association::Event::Close(reason) => panic!("closed: {reason}"),
            }
        }
        let frames = std::iter::from_fn(|| framer.next_frame(u16::MAX).unwrap());
        frames.map(|frame| Pdu::decode(frame).unwrap()).collect()
    }
}

fn tower(twr: &Full<twr_t>) -> Tower {
    Tower::parse(&twr.get().unwrap().tower_octet_string).unwrap()
}

fn request_of(pdu: &Pdu) -> &Request {
    match &pdu.body {
        Body::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

fn ack_of(pdu: &Pdu) -> &BindAck {
    match &pdu.body {
        Body::BindAck(ack) => ack,
        other => panic!("{other:?}"),
    }
}

fn decode(bytes: &[u8]) -> Pdu {
    Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap()
}
