//! Stubs that Windows machines and others exchanged, from the captures that are in clear:
//! decoded, compared with what tshark shows, encoded to the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use uuid::{Uuid, uuid};
use wcce::generated::remote_activation::CustomHeader;
use wcce::ndr::{self, Encoding};
use wcce::rpc::pdu::{Bind, BindAck, Body, Frame, Pdu, PfcFlags, ResultCode, syntax_of};

use crate::codecs::{NDR, codec};
use crate::freedom::same;
use crate::pcap::{self, Direction};
use crate::tally;
use crate::tree::Tree;

const EPT: Uuid = uuid!("e1af8308-5d1f-11c9-91a4-08002b14a0fa");
const MGMT: Uuid = uuid!("afa8bd80-7d8a-11c9-bef4-08002b102989");
const OXID: Uuid = uuid!("99fcfec4-5260-101b-bbcb-00aa0021347a");
const ACTIVATOR: Uuid = uuid!("000001a0-0000-0000-c000-000000000046");
const REM_UNKNOWN_2: Uuid = uuid!("00000143-0000-0000-c000-000000000046");
const LOGON: Uuid = uuid!("12345678-1234-abcd-ef00-01234567cffb");
const DISPATCH: Uuid = uuid!("00020400-0000-0000-c000-000000000046");

/// The operations that are replayed; others in the captures are not in our IDL.
const OPERATIONS: [(Uuid, u16, &str); 14] = [
    (EPT, 2, "ept.ept_lookup"),
    (EPT, 3, "ept.ept_map"),
    (MGMT, 4, "mgmt.rpc_mgmt_inq_princ_name"),
    (OXID, 1, "IObjectExporter.SimplePing"),
    (OXID, 5, "IObjectExporter.ServerAlive2"),
    (ACTIVATOR, 3, "IRemoteSCMActivator.RemoteGetClassObject"),
    (ACTIVATOR, 4, "IRemoteSCMActivator.RemoteCreateInstance"),
    (REM_UNKNOWN_2, 3, "IRemUnknown.RemQueryInterface"),
    (REM_UNKNOWN_2, 5, "IRemUnknown.RemRelease"),
    (LOGON, 4, "logon.NetrServerReqChallenge"),
    (LOGON, 26, "logon.NetrServerAuthenticate3"),
    (DISPATCH, 3, "IDispatch.GetTypeInfoCount"),
    (DISPATCH, 4, "IDispatch.GetTypeInfo"),
    (DISPATCH, 6, "IDispatch.Invoke"),
];

/// Activation properties by class, in the last four bytes of the first group.
const PROPERTIES: [(u32, &str); 9] = [
    (0x1a4, "LocationInfoData"),
    (0x1a5, "ActivationContextInfoData"),
    (0x1a6, "SecurityInfoData"),
    (0x1aa, "ScmRequestInfoData"),
    (0x1ab, "InstantiationInfoData"),
    (0x1ad, "InstanceInfoData"),
    (0x1b6, "ScmReplyInfoData"),
    (0x1b9, "SpecialPropertiesData"),
    (0x339, "PropsOutInfo"),
];

/// A capture that starts after its binds: presentation contexts by the server's port, as the
/// operations and the bindings in them show.
const WITHOUT_BINDS: &str = "pcap-attack-LM_dcom_mmc20.pcapng";
const ITS_CONTEXTS: [(u16, u16, Uuid); 3] =
    [(135, 0, ACTIVATOR), (60283, 0, REM_UNKNOWN_2), (60283, 6, DISPATCH)];

/// How a verification trailer begins ([MS-RPCE] 2.2.2.13.1); it follows a stub, aligned to 4.
const VERIFICATION_TRAILER: &[u8] = b"\x8a\xe3\x13\x71\x02\xf4\x36\x71";

/// A stub, or a stream of type serialization version 1 from inside of one.
struct Stub {
    of: String,
    encoding: Encoding,
    bytes: Vec<u8>,
}

#[test]
fn captured_stubs_decode_to_what_tshark_shows_and_encode_to_the_same_bytes() {
    let Some(captures) = tally::captures("replay of captured stubs") else { return };
    let expected: Value = serde_json::from_str(include_str!("captures.json")).expect("JSON");
    for (name, expected) in expected.as_object().expect("files") {
        let (stubs, holes) = stubs(&captures.join("rpc").join(name));
        let mut counts = BTreeMap::new();
        let mut compared = 0;
        for stub in &stubs {
            let index = counts.entry(stub.of.clone()).or_insert(0);
            let values = expected["values"].get(format!("{} {index}", stub.of));
            compared += usize::from(values.is_some());
            if let Err(error) = check(stub, values) {
                panic!("{name}: {} {index}: {error}\n{}", stub.of, hex::encode(&stub.bytes));
            }
            *index += 1;
        }
        let counts = serde_json::to_value(&counts).expect("JSON");
        assert_eq!(counts, expected["counts"], "stubs in {name}");
        assert_eq!(compared, expected["values"].as_object().expect("values").len(), "{name}");
        assert_eq!(holes, expected["holes"].as_u64().unwrap_or(0), "holes in {name}");
        tally::ran("capture-stubs", &format!("{name} {}", stubs.len()));
    }
}

fn check(stub: &Stub, values: Option<&Value>) -> Result<(), String> {
    let codec = codec(&stub.of).expect("a codec");
    let decoded = codec(stub.encoding, &stub.bytes).map_err(|error| error.to_string())?;
    if let Some(values) = values {
        let tree = Tree::parse(&decoded.debug);
        tree.matches(values).map_err(|error| format!("{error}\n{}", decoded.debug))?;
    }
    let again = decoded.again.map_err(|error| error.to_string())?;
    let (body, rest) = stub.bytes.split_at(again.len().min(stub.bytes.len()));
    same(codec, stub.encoding, body, &again)?;
    if rest.is_empty() || rest.windows(8).take(4).any(|window| window == VERIFICATION_TRAILER) {
        return Ok(());
    }
    Err(format!("{} octets behind the last value", rest.len()))
}

/// The stubs of a capture, and how many holes it has.
fn stubs(path: &Path) -> (Vec<Stub>, u64) {
    let (mut stubs, mut holes) = (Vec::new(), 0);
    for connection in pcap::connections(path) {
        let mut session = Session::default();
        if path.ends_with(WITHOUT_BINDS) {
            session.contexts = contexts_of(connection.server);
        }
        for (direction, bytes) in &connection.pdus {
            session.pdu(*direction, bytes);
        }
        stubs.extend(session.stubs);
        holes += connection.holes as u64;
    }
    let inner: Vec<Stub> = stubs.iter().flat_map(activation_properties).collect();
    stubs.extend(inner);
    (stubs, holes)
}

fn contexts_of(server: SocketAddr) -> HashMap<u16, (Uuid, Encoding)> {
    let here = ITS_CONTEXTS.iter().filter(|(port, _, _)| *port == server.port());
    here.map(|(_, id, interface)| (*id, (*interface, NDR))).collect()
}

/// A connection's agreements and calls, as far as they are needed to read its stubs.
#[derive(Default)]
struct Session {
    /// Interface and encoding of each presentation context.
    contexts: HashMap<u16, (Uuid, Encoding)>,
    /// What the last bind or alter_context asked for.
    proposed: Vec<(u16, Uuid)>,
    /// Presentation context and operation of each call.
    calls: HashMap<u32, (u16, u16)>,
    /// Stubs of which fragments are still to come.
    fragments: HashMap<(Direction, u32), Vec<u8>>,
    stubs: Vec<Stub>,
}

impl Session {
    fn pdu(&mut self, direction: Direction, bytes: &[u8]) {
        let pdu = Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap();
        match &pdu.body {
            Body::Bind(bind) | Body::AlterContext(bind) => self.bind(bind),
            Body::BindAck(ack) | Body::AlterContextResponse(ack) => self.bind_ack(ack),
            Body::Request(request) => {
                self.calls.insert(pdu.call_id, (request.context_id, request.opnum));
                self.fragment(direction, &pdu, &request.stub);
            }
            Body::Response(response) => self.fragment(direction, &pdu, &response.stub),
            _ => {}
        }
    }

    fn bind(&mut self, bind: &Bind) {
        self.proposed = bind.contexts.iter().map(|c| (c.id, c.abstract_syntax.uuid)).collect();
    }

    fn bind_ack(&mut self, ack: &BindAck) {
        for ((id, interface), result) in self.proposed.iter().zip(&ack.results) {
            if result.result == ResultCode::Acceptance
                && let Some(syntax) = syntax_of(&result.transfer_syntax)
            {
                self.contexts.insert(*id, (*interface, Encoding { syntax, ..NDR }));
            }
        }
    }

    fn fragment(&mut self, direction: Direction, pdu: &Pdu, stub: &[u8]) {
        let trailer = pdu.auth.as_ref().map(|auth| auth.trailer);
        if trailer.is_some_and(|trailer| trailer.auth_level == 6) {
            return;
        }
        let padding = trailer.map_or(0, |trailer| trailer.pad_length.into());
        let whole = self.fragments.entry((direction, pdu.call_id)).or_default();
        if pdu.flags.contains(PfcFlags::FIRST) {
            whole.clear();
        }
        whole.extend_from_slice(&stub[..stub.len() - padding]);
        if pdu.flags.contains(PfcFlags::LAST) {
            let bytes = std::mem::take(whole);
            self.stub(direction, pdu.call_id, bytes);
        }
    }

    fn stub(&mut self, direction: Direction, call_id: u32, bytes: Vec<u8>) {
        let call = self.calls.get(&call_id);
        let Some((context, opnum)) = call else { return };
        let Some((interface, encoding)) = self.contexts.get(context) else { return };
        let known = |(uuid, number, _): &&(Uuid, u16, &str)| uuid == interface && number == opnum;
        let Some((_, _, operation)) = OPERATIONS.iter().find(known) else { return };
        let way = if direction == Direction::ToServer { "in" } else { "out" };
        self.stubs.push(Stub { of: format!("{operation}.{way}"), encoding: *encoding, bytes });
    }
}

/// The streams in an activation's OBJREF ([MS-DCOM] 2.2.22).
fn activation_properties(stub: &Stub) -> Vec<Stub> {
    const MEOW: &[u8] = b"MEOW\x04\x00\x00\x00";
    const OBJREF_CUSTOM: usize = 48;
    let activates = stub.of.starts_with("IRemoteSCMActivator");
    let Some(at) = stub.bytes.windows(8).position(|w| activates && w == MEOW) else {
        return Vec::new();
    };
    let blob = &stub.bytes[at + OBJREF_CUSTOM + 8..];
    let header: CustomHeader = ndr::deserialize(blob).expect("an activation header");
    let (head, mut rest) = blob.split_at(header.header_size as usize);
    let stream =
        |of: &str, bytes: &[u8]| Stub { of: of.into(), encoding: NDR, bytes: bytes.into() };
    let mut streams = vec![stream("CustomHeader", head)];
    let sizes = header.p_sizes.expect("sizes");
    for (class, size) in header.pclsid.expect("classes").iter().zip(sizes) {
        let (property, behind) = rest.split_at(size as usize);
        let (_, name) = PROPERTIES.iter().find(|(data1, _)| *data1 == class.as_fields().0).unwrap();
        streams.push(stream(name, property));
        rest = behind;
    }
    streams
}
