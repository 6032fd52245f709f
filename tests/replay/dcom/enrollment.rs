//! Windows Server 2022 enrolling at a CA on Windows Server 2016 by ICertRequestD2, replayed at our
//! exporter: every PDU of the client as it was (context lists, flags, fragment sizes, call ids,
//! alter_context without a trailer), and our answers compared with those of Windows field by
//! field.
//!
//! The calls are sealed with keys that nobody knows. So stubs of ours stand in for theirs, each
//! as long as the one it replaces, and the recorded tokens are taken for good.
//!
//! Differences that are allowed, all of them:
//! * the contents of tokens, and of stubs that are sealed in the capture;
//! * association group ids;
//! * the IPIDs of our exporter, which stand in the requests in place of those of theirs;
//! * the length of the answer to the activation, which holds the bindings of the machine, and
//!   with it its allocation hint and padding.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use uuid::{Uuid, uuid};
use wcce::dcom::activation::{ActivationReply, ActivationRequest};
use wcce::dcom::objref::{Body as Reference, ObjRef};
use wcce::dcom::{COM_VERSION, Exporter};
use wcce::generated::certtransblob::CERTTRANSBLOB;
use wcce::generated::icertrequestd::{I_CERT_REQUEST_D2, Request2In};
use wcce::generated::orpc::{I_UNKNOWN, ORPCTHIS};
use wcce::generated::remote_activation::{
    I_REMOTE_SCM_ACTIVATOR, RemoteCreateInstanceIn, RemoteCreateInstanceOut,
};
use wcce::generated::remunknown::{
    I_REM_UNKNOWN2, REMINTERFACEREF, RemQueryInterfaceIn, RemQueryInterfaceOut, RemReleaseIn,
    RemReleaseOut,
};
use wcce::ndr::{ByteOrder, Encoding, InterfaceId, Syntax, from_stub, to_stub};
use wcce::replay::{Connection, Conversation, Direction, Rules, Script, Secrets};
use wcce::rpc::Service;
use wcce::rpc::association::{Association, Endpoint, Event, Limits};
use wcce::rpc::client::VerificationTrailer;
use wcce::rpc::pdu::{Body, Frame, NDR_SYNTAX, NDR64_SYNTAX, Pdu, PduType};

use super::{RecordedClass, exporter};
use crate::pcap;
use crate::tally;

const NDR: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
const NDR64: Encoding = Encoding { syntax: Syntax::Ndr64, ..NDR };
const CLSID: Uuid = uuid!("d99e6e74-fc88-11d0-b498-00a0c90312f3");
/// The stub of Request2's answer, in two fragments.
const FULL_RESPONSE: usize = 6500;

/// Our stubs in place of the sealed ones, by call id and operation of a connection.
struct Stage {
    exporter: Arc<Exporter>,
    /// IRemUnknown, the object as IUnknown and as ICertRequestD2: once they are known.
    remote_unknown: Uuid,
    object: Uuid,
    request: Uuid,
}

#[tokio::test]
async fn the_client_of_a_windows_enrollment_is_answered_as_by_windows() {
    let Some(captures) = tally::captures("a Windows enrollment over DCOM") else { return };
    let connections = pcap::capture(&captures.join("rpc/livediffad-add_adcs.pcapng")).connections;
    let class = RecordedClass {
        clsid: CLSID,
        interfaces: vec![I_CERT_REQUEST_D2],
        answer: vec![0; FULL_RESPONSE],
    };
    let exporter = exporter(&["ADCS", "10.0.3.15"], 50_989, class);
    let (remote_unknown, object, request) = (Uuid::nil(), Uuid::nil(), Uuid::nil());
    let mut stage = Stage { exporter, remote_unknown, object, request };
    for (port, pdus) in [(58_236, 2), (58_237, 3), (58_238, 2), (58_239, 7)] {
        let connection = connections.iter().find(|c| c.client.port() == port).unwrap();
        assert_eq!(stage.replay(connection).await, pdus, "connection from port {port}");
        tally::ran("capture-dcom-enrollment", &format!("{port} {pdus}"));
    }
    assert_eq!(stage.exporter.counts().objects, 0, "the client has released all it had");
}

impl Stage {
    /// Plays one connection; returns how many PDUs of the server were compared.
    async fn replay(&mut self, connection: &Connection) -> usize {
        let services = match connection.server.port() {
            135 => self.exporter.resolver_services(),
            _ => self.exporter.object_services(),
        };
        let mut server = Server::new(connection, services);
        let mut ours = Vec::new();
        for bytes in bytes_of(connection, Direction::ToServer) {
            let answers = server.feed(&self.substitute(bytes)).await;
            for answer in &answers {
                self.learn(&decode(bytes), &decode(answer));
            }
            ours.extend(answers);
        }
        let theirs = bytes_of(connection, Direction::ToClient);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            compare(&decode(ours), &decode(theirs));
        }
        theirs.len()
    }

    /// The client's PDU with our stub and our IPID, if it is sealed.
    fn substitute(&self, bytes: &[u8]) -> Vec<u8> {
        let pdu = decode(bytes);
        let (Body::Request(request), Some(auth)) = (&pdu.body, &pdu.auth) else {
            return without_group(bytes);
        };
        let (stub, ipid, trailer) = self.stub(&pdu, request.opnum, request.context_id);
        let mut bytes = bytes.to_vec();
        let start = if ipid.is_some() { 40 } else { 24 };
        if let Some(ipid) = ipid {
            bytes[24..40].copy_from_slice(&ipid.to_bytes_le());
        }
        let end = bytes.len() - auth.token.len() - 8 - usize::from(auth.trailer.pad_length);
        assert_eq!(end - start, request.alloc_hint as usize);
        let mut stand_in = stub;
        if let Some(presentation) = trailer {
            let trailer =
                VerificationTrailer { presentation: Some(presentation), ..Default::default() };
            stand_in.extend(trailer.to_bytes(stand_in.len()));
        }
        assert_eq!(stand_in.len(), end - start, "call {} as long as that of Windows", pdu.call_id);
        bytes[start..end].copy_from_slice(&stand_in);
        bytes
    }

    /// Stub, object, and what the verification trailer behind it names. (Windows' client adds
    /// one to the first call in a presentation context.)
    fn stub(&self, pdu: &Pdu, opnum: u16, context: u16) -> Substitute {
        match (opnum, context) {
            (4, _) => (activation(), None, Some((I_REMOTE_SCM_ACTIVATOR, NDR_SYNTAX))),
            (3, 0) => {
                let request = RemQueryInterfaceIn {
                    orpcthis: orpcthis(),
                    ripid: self.object,
                    c_refs: 5,
                    c_iids: 1,
                    iids: vec![I_CERT_REQUEST_D2.uuid],
                };
                let trailer = Some((I_REM_UNKNOWN2, NDR_SYNTAX));
                (to_stub(NDR, &request).unwrap(), Some(self.remote_unknown), trailer)
            }
            (6, 3) => {
                let trailer = Some((I_CERT_REQUEST_D2, NDR64_SYNTAX));
                (enrollment(), Some(self.request), trailer)
            }
            (5, 0) => {
                let reference =
                    |ipid| REMINTERFACEREF { ipid, c_public_refs: 5, c_private_refs: 0 };
                let request = RemReleaseIn {
                    orpcthis: orpcthis(),
                    c_interface_refs: 2,
                    interface_refs: vec![reference(self.object), reference(self.request)],
                };
                (to_stub(NDR, &request).unwrap(), Some(self.remote_unknown), None)
            }
            _ => panic!("call {} is not in the script", pdu.call_id),
        }
    }

    /// Takes the IPIDs out of our answers.
    fn learn(&mut self, asked: &Pdu, answer: &Pdu) {
        let (Body::Request(request), Body::Response(_)) = (&asked.body, &answer.body) else {
            return;
        };
        let stub = answer.stub();
        match (request.opnum, request.object.is_some(), request.context_id) {
            (4, false, _) => {
                let out: RemoteCreateInstanceOut = from_stub(NDR, &stub).unwrap();
                assert_eq!(out.return_value, 0);
                let reference = ObjRef::from_pointer(out.pp_act_properties.as_deref()).unwrap();
                let reply = ActivationReply::from_objref(reference).unwrap();
                self.remote_unknown = reply.remote_unknown;
                let Reference::Standard { std, .. } = &reply.interfaces[0].1.as_ref().unwrap().body
                else {
                    panic!("not a standard reference")
                };
                self.object = std.ipid;
            }
            (3, true, _) => {
                let out: RemQueryInterfaceOut = from_stub(NDR, &stub).unwrap();
                let results = out.pp_qi_results.unwrap();
                assert_eq!((out.return_value, results[0].h_result), (0, 0));
                self.request = results[0].std.ipid;
            }
            (5, true, 0) => {
                let out: RemReleaseOut = from_stub(NDR, &stub).unwrap();
                assert_eq!(out.return_value, 0);
            }
            _ => {}
        }
    }
}

/// Stub, object UUID, and interface and syntax of the verification trailer.
type Substitute = (Vec<u8>, Option<Uuid>, Option<(InterfaceId, InterfaceId)>);

fn orpcthis() -> ORPCTHIS {
    ORPCTHIS { version: COM_VERSION, cid: Uuid::from_u128(1), ..Default::default() }
}

fn activation() -> Vec<u8> {
    let iids = vec![I_UNKNOWN.uuid];
    let request = ActivationRequest { clsid: CLSID, iids, flags: 0, from_storage: false };
    let properties = request.to_objref("ADCS.dom.local", Uuid::nil()).unwrap();
    let request = RemoteCreateInstanceIn {
        orpcthis: ORPCTHIS { flags: 1, ..orpcthis() },
        p_unk_outer: None,
        p_act_properties: Some(properties.to_pointer().unwrap()),
    };
    to_stub(NDR, &request).unwrap()
}

/// A Request2 of the captured length: 1,396 bytes less the verification trailer.
fn enrollment() -> Vec<u8> {
    let request = |len: usize| {
        let pctb_request = CERTTRANSBLOB { cb: len as u32, pb: Some(vec![0x30; len]) };
        let pwsz_authority = Some("dom-ADCS-CA".into());
        let request =
            Request2In { orpcthis: orpcthis(), pwsz_authority, pctb_request, ..Default::default() };
        to_stub(NDR64, &request).unwrap()
    };
    let others = request(1000).len() - 1000;
    request(1396 - 52 - others)
}

/// A bind that joins the group of an earlier connection asks for one of its own.
fn without_group(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes[2] == PduType::Bind.to_wire() {
        bytes[20..24].fill(0);
    }
    bytes
}

fn bytes_of(connection: &Connection, direction: Direction) -> Vec<&[u8]> {
    let pdus = connection.pdus.iter().filter(|pdu| pdu.direction == direction);
    pdus.map(|pdu| pdu.bytes.as_slice()).collect()
}

fn decode(bytes: &[u8]) -> Pdu {
    Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap()
}

/// The PDUs of a stream.
fn split(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut pdus = Vec::new();
    while !stream.is_empty() {
        let length = usize::from(u16::from_le_bytes([stream[8], stream[9]]));
        pdus.push(stream[..length].to_vec());
        stream = &stream[length..];
    }
    pdus
}

/// Our server's end of one connection.
struct Server(Association);

impl Server {
    fn new(connection: &Connection, services: Vec<Arc<dyn Service>>) -> Self {
        let secrets = Secrets::default();
        let conversation = Conversation::read(connection, &secrets);
        let script = Script::of(&conversation, &secrets, Rules::Recorded);
        let endpoint = Endpoint {
            services,
            acceptors: script.acceptors,
            groups: Arc::default(),
            statistics: Arc::default(),
            memory: Arc::default(),
            limits: Limits::default(),
        };
        let (client, server): (SocketAddr, SocketAddr) = (connection.client, connection.server);
        Self(Association::new(Arc::new(endpoint), client, server, Instant::now()))
    }

    async fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.0.receive(bytes, Instant::now());
        let mut sent = Vec::new();
        while let Some(event) = self.0.next_event(Instant::now()) {
            match event {
                Event::Send(bytes) => sent.extend(bytes),
                Event::Authenticate(task) => {
                    let outcome = task.run().await;
                    self.0.authenticated(outcome, Instant::now());
                }
                Event::Call(call) => {
                    let answer = call.service.call(call.context, call.opnum, call.stub).await;
                    self.0.respond(call.token, answer, Instant::now());
                }
                Event::Close(reason) => panic!("{reason}"),
            }
        }
        split(&sent)
    }
}

/// Compares everything but the differences that are allowed.
fn compare(ours: &Pdu, theirs: &Pdu) {
    let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
    let sealed = theirs.auth.is_some();
    if let (Body::Response(ours), Body::Response(theirs)) = (&ours.body, &theirs.body)
        && !sealed
    {
        assert_eq!(hex::encode(&ours.stub), hex::encode(&theirs.stub), "a stub in clear");
    }
    let of_activation = matches!(&theirs.body, Body::Response(_))
        && theirs.call_id == 3
        && !matches!(&theirs.body, Body::Response(response) if response.context_id == 3);
    for pdu in [&mut ours, &mut theirs] {
        if let Some(auth) = &mut pdu.auth {
            auth.token = Bytes::from(vec![0; auth.token.len()]);
            if of_activation {
                auth.trailer.pad_length = 0;
            }
        }
        match &mut pdu.body {
            Body::BindAck(ack) | Body::AlterContextResponse(ack) => {
                (ack.assoc_group_id, ack.padding) = (0, Bytes::new());
            }
            Body::Response(response) if of_activation => {
                (response.alloc_hint, response.stub) = (0, Bytes::new());
            }
            Body::Response(response) => {
                response.stub = Bytes::from(vec![0; response.stub.len()]);
            }
            _ => {}
        }
    }
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
}
