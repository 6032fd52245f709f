//! What the exporter answers, dissected by tshark: nothing malformed, no expert error. The calls
//! go straight to the services and into a capture in clear, since sealed stubs show nothing.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use uuid::Uuid;
use wcce::auth::{AuthLevel, AuthType};
use wcce::dcom::COM_VERSION;
use wcce::dcom::activation::{ActivationReply, ActivationRequest};
use wcce::dcom::objref::{Body as Reference, ObjRef};
use wcce::generated::classfactory::I_CLASS_FACTORY;
use wcce::generated::icertrequestd::{I_CERT_REQUEST_D, I_CERT_REQUEST_D2};
use wcce::generated::orpc::{MInterfacePointer, ORPCTHIS, STDOBJREF};
use wcce::generated::oxid::{
    ComplexPingIn, I_OBJECT_EXPORTER, IObjectExporterClient, ResolveOxid2In, ResolveOxidIn,
    ServerAlive2In, ServerAliveIn, SimplePingIn,
};
use wcce::generated::remote_activation::{
    I_ACTIVATION, I_REMOTE_SCM_ACTIVATOR, IActivationClient, IRemoteScmActivatorClient,
    RemoteActivationIn, RemoteCreateInstanceIn, RemoteGetClassObjectIn,
};
use wcce::generated::remunknown::{
    I_REM_UNKNOWN2, IRemUnknown2Client, REMINTERFACEREF, RemAddRefIn, RemQueryInterface2In,
    RemQueryInterfaceIn, RemReleaseIn,
};
use wcce::model::{Caller, Token};
use wcce::ndr::{
    ByteOrder, DecodeError, EncodeError, Encoding, Fault, InterfaceId, Invoke, Syntax,
};
use wcce::rpc::pdu::{
    Bind, BindAck, Body, ContextResult, NDR_SYNTAX, Pdu, PresentationContext, Request, Response,
};
use wcce::rpc::{AssociationId, CallContext, Service};

use crate::server::{CLSID, TestServer};
use crate::tally;

const CLIENT: &str = "192.0.2.1:40000";
const SERVER: &str = "192.0.2.9:135";

/// TCP segments of PDUs; each interface gets a connection of its own.
#[derive(Default)]
struct Capture {
    packets: Vec<Vec<u8>>,
    connections: u16,
}

/// A connection in the capture, with its client's end.
struct Tap {
    service: Arc<dyn Service>,
    capture: Arc<Mutex<Capture>>,
    port: u16,
    object: Option<Uuid>,
    call_id: u32,
    /// Bytes sent so far: by the client, by the server.
    sent: [u32; 2],
}

#[derive(Debug)]
struct Failed;

impl From<DecodeError> for Failed {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

impl From<EncodeError> for Failed {
    fn from(_: EncodeError) -> Self {
        Self
    }
}

impl Tap {
    fn new(server: &TestServer, capture: &Arc<Mutex<Capture>>, interface: InterfaceId) -> Self {
        let service = server.service(interface);
        let capture = Arc::clone(capture);
        let port = {
            let mut capture = capture.lock().unwrap();
            capture.connections += 1;
            40_000 + capture.connections
        };
        let mut tap = Self { service, capture, port, object: None, call_id: 1, sent: [0; 2] };
        let (max_xmit_frag, max_recv_frag, assoc_group_id) = (5840, 5840, 0);
        let contexts = vec![PresentationContext {
            id: 0,
            abstract_syntax: interface,
            transfer_syntaxes: vec![NDR_SYNTAX],
        }];
        let bind = Bind { max_xmit_frag, max_recv_frag, assoc_group_id, contexts };
        tap.send(0, Body::Bind(bind));
        tap.send(
            1,
            Body::BindAck(BindAck {
                max_xmit_frag,
                max_recv_frag,
                assoc_group_id: 1,
                secondary_address: b"135\0".to_vec().into(),
                results: vec![ContextResult::acceptance(NDR_SYNTAX)],
                padding: Bytes::new(),
            }),
        );
        tap
    }

    fn on(self, object: Uuid) -> Self {
        Self { object: Some(object), ..self }
    }

    fn send(&mut self, from: usize, body: Body) {
        let payload = Pdu::new(self.call_id, body).encode().unwrap();
        let (sequence, acknowledged) = (self.sent[from], self.sent[1 - from]);
        self.sent[from] += payload.len() as u32;
        let (addresses, ports) = match from {
            0 => ([[192, 0, 2, 1], [192, 0, 2, 9]], [self.port, 135]),
            _ => ([[192, 0, 2, 9], [192, 0, 2, 1]], [135, self.port]),
        };
        let mut tcp = ports.map(u16::to_be_bytes).concat();
        tcp.extend([sequence + 1, acknowledged + 1].map(u32::to_be_bytes).concat());
        // Header of five words; PSH and ACK; window; no checksum, no urgent data.
        tcp.extend([0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]);
        tcp.extend(payload);
        let mut packet = vec![0; 12];
        packet.extend([0x08, 0x00, 0x45, 0]);
        packet.extend((tcp.len() as u16 + 20).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(addresses.concat());
        packet.extend(tcp);
        self.capture.lock().unwrap().packets.push(packet);
    }
}

impl Invoke for Tap {
    type Error = Failed;

    fn encoding(&self) -> Encoding {
        Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little }
    }

    async fn invoke(&mut self, opnum: u16, stub: Vec<u8>) -> Result<(Encoding, Vec<u8>), Failed> {
        self.call_id += 1;
        let hint = |stub: &[u8]| stub.len() as u32;
        self.send(
            0,
            Body::Request(Request {
                alloc_hint: hint(&stub),
                context_id: 0,
                opnum,
                object: self.object,
                stub: stub.clone().into(),
            }),
        );
        let caller = Caller {
            account: r"LAB\alice".into(),
            token: Token::new("S-1-5-21-1-2-3-1103".parse().unwrap(), []),
        };
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let context = CallContext {
            caller: Some(Arc::new(caller)),
            auth: Some((AuthType::Negotiate, AuthLevel::Privacy)),
            header_signing: true,
            object: self.object,
            interface: self.service.interface(),
            encoding: self.encoding(),
            call_id: self.call_id,
            peer: address(CLIENT),
            local: address(SERVER),
            association: AssociationId(1),
        };
        let answer: Result<_, Fault> = self.service.call(context, opnum, stub.into()).await;
        let stub = answer.expect("no fault");
        self.send(
            1,
            Body::Response(Response {
                alloc_hint: hint(&stub),
                context_id: 0,
                cancel_count: 0,
                reserved: 0,
                stub: stub.clone().into(),
            }),
        );
        Ok((self.encoding(), stub))
    }
}

fn orpcthis() -> ORPCTHIS {
    ORPCTHIS { version: COM_VERSION, cid: Uuid::from_u128(1), ..Default::default() }
}

fn properties(iids: &[Uuid]) -> Option<Box<MInterfacePointer>> {
    let request =
        ActivationRequest { clsid: CLSID, iids: iids.to_vec(), flags: 0, from_storage: false };
    Some(request.to_objref("ca", Uuid::from_u128(2)).unwrap().to_pointer().unwrap())
}

fn reply(pointer: Option<&MInterfacePointer>) -> (ActivationReply, STDOBJREF) {
    let reply = ActivationReply::from_objref(ObjRef::from_pointer(pointer).unwrap()).unwrap();
    let first = reply.interfaces[0].1.clone().unwrap();
    let Reference::Standard { std, .. } = first.body else { panic!("not standard") };
    (reply, std)
}

/// Every method of every interface of resolver and exporter.
async fn calls(server: &TestServer, capture: &Arc<Mutex<Capture>>) -> Result<(), Failed> {
    let tap = |interface| Tap::new(server, capture, interface);
    let mut activator = IRemoteScmActivatorClient(tap(I_REMOTE_SCM_ACTIVATOR));
    let p_act_properties = properties(&[I_CERT_REQUEST_D.uuid, Uuid::from_u128(3)]);
    let create =
        RemoteCreateInstanceIn { orpcthis: orpcthis(), p_unk_outer: None, p_act_properties };
    let created = activator.remote_create_instance(&create).await?;
    let (exporter, object) = reply(created.pp_act_properties.as_deref());
    let p_act_properties = properties(&[I_CLASS_FACTORY.uuid]);
    let get = RemoteGetClassObjectIn { orpcthis: orpcthis(), p_act_properties };
    activator.remote_get_class_object(&get).await?;
    let refused = RemoteGetClassObjectIn { p_act_properties: None, ..get };
    activator.remote_get_class_object(&refused).await?;
    let old = RemoteActivationIn {
        orp_cthis: orpcthis(),
        clsid: CLSID,
        interfaces: 1,
        p_ii_ds: Some(vec![I_CERT_REQUEST_D2.uuid]),
        c_requested_protseqs: 1,
        a_requested_protseqs: vec![7],
        ..Default::default()
    };
    let mut activator = IActivationClient(tap(I_ACTIVATION));
    activator.remote_activation(&old).await?;
    activator.remote_activation(&RemoteActivationIn { clsid: Uuid::nil(), ..old }).await?;

    let mut resolver = IObjectExporterClient(tap(I_OBJECT_EXPORTER));
    resolver.server_alive(&ServerAliveIn {}).await?;
    resolver.server_alive2(&ServerAlive2In {}).await?;
    for p_oxid in [exporter.oxid, 1] {
        let (c_requested_protseqs, ar_requested_protseqs) = (1, vec![7]);
        let request = ResolveOxid2In { p_oxid, c_requested_protseqs, ar_requested_protseqs };
        resolver.resolve_oxid2(&request).await?;
        let ResolveOxid2In { p_oxid, c_requested_protseqs, ar_requested_protseqs } = request;
        let request = ResolveOxidIn { p_oxid, c_requested_protseqs, ar_requested_protseqs };
        resolver.resolve_oxid(&request).await?;
    }
    let add_to_set = Some(vec![object.oid]);
    let ping = ComplexPingIn { sequence_num: 1, c_add_to_set: 1, add_to_set, ..Default::default() };
    let set = resolver.complex_ping(&ping).await?.p_set_id;
    resolver.simple_ping(&SimplePingIn { p_set_id: set }).await?;

    let mut unknown = IRemUnknown2Client(tap(I_REM_UNKNOWN2).on(exporter.remote_unknown));
    let iids = vec![I_CERT_REQUEST_D2.uuid, Uuid::from_u128(3)];
    let (orpcthis, ripid, c_iids) = (orpcthis(), object.ipid, 2);
    let query = RemQueryInterfaceIn {
        orpcthis: orpcthis.clone(),
        ripid,
        c_refs: 1,
        c_iids,
        iids: iids.clone(),
    };
    unknown.rem_query_interface(&query).await?;
    let query = RemQueryInterface2In { orpcthis: orpcthis.clone(), ripid, c_iids, iids };
    unknown.rem_query_interface2(&query).await?;
    let references =
        vec![REMINTERFACEREF { ipid: object.ipid, c_public_refs: 5, c_private_refs: 0 }];
    let add = RemAddRefIn {
        orpcthis: orpcthis.clone(),
        c_interface_refs: 1,
        interface_refs: references.clone(),
    };
    unknown.rem_add_ref(&add).await?;
    let release = RemReleaseIn { orpcthis, c_interface_refs: 1, interface_refs: references };
    unknown.rem_release(&release).await?;
    Ok(())
}

/// What tshark prints of the packets that a filter selects.
fn tshark(file: &std::path::Path, filter: &str) -> Option<String> {
    let output = Command::new("tshark").arg("-r").arg(file).args(["-Y", filter]).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn tshark_dissects_every_answer() {
    let server = TestServer::start().await;
    let capture = Arc::new(Mutex::new(Capture::default()));
    calls(&server, &capture).await.unwrap();
    server.stop().await;

    let packets = std::mem::take(&mut capture.lock().unwrap().packets);
    let (magic, version, ethernet) = (0xA1B2_C3D4_u32, 0x0004_0002_u32, 1_u32);
    let mut bytes = [magic, version, 0, 0, 65_535, ethernet].map(u32::to_le_bytes).concat();
    for (second, packet) in packets.iter().enumerate() {
        let length = packet.len() as u32;
        bytes.extend([second as u32, 0, length, length].map(u32::to_le_bytes).concat());
        bytes.extend(packet);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dcom.pcap");
    std::fs::write(&file, bytes).unwrap();
    let Some(all) = tshark(&file, "dcerpc.pkt_type == 2") else {
        let required = std::env::var_os("WCCE_REQUIRE_FOREIGN").is_some_and(|value| value == "1");
        assert!(!required, "tshark is not installed");
        return tally::not_run("dissection of DCOM by tshark");
    };
    for operation in ["RemoteCreateInstance", "ServerAlive2", "RemQueryInterface", "ComplexPing"] {
        assert!(all.contains(operation), "{operation} is dissected: {all}");
    }
    assert_eq!(all.lines().count(), 17, "{all}");
    let marked = tshark(&file, "_ws.malformed || _ws.expert.severity == error").unwrap();
    assert_eq!(marked, "", "malformed, or an expert error");
    tally::ran("dissected-dcom", "17 answers");
}
