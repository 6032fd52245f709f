//! Captures made here: put together, read, replayed, and damaged.

use bytes::Bytes;

use super::*;
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::{CertServerRequestIn, CertServerRequestOut, I_CERT_PASSAGE};
use crate::ndr::{ByteOrder, Encoding, Syntax, to_stub};
use crate::rpc::pdu::{
    Bind, BindAck, Body, ContextResult, NDR_SYNTAX, Pdu, PresentationContext, Request, Response,
    ResultCode,
};

const NDR: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };
const ETHERNET: u32 = 1;
const RAW: u32 = 101;

/// A packet: whether the client sent it, its sequence number, SYN or not, and its data.
struct Packet<'a>(bool, u32, bool, &'a [u8]);

fn pcap(link: u32, packets: &[Packet<'_>]) -> Vec<u8> {
    let mut file = 0xA1B2_C3D4_u32.to_le_bytes().to_vec();
    file.extend([2, 0, 4, 0]);
    file.extend([0; 8]);
    file.extend(0x4_0000_u32.to_le_bytes());
    file.extend(link.to_le_bytes());
    for (number, packet) in (0_u32..).zip(packets) {
        let frame = frame(link, packet);
        for field in [number, 0, frame.len() as u32, frame.len() as u32] {
            file.extend(field.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

fn frame(link: u32, Packet(client, sequence, syn, data): &Packet<'_>) -> Vec<u8> {
    let ends = if *client { [40_000_u16, 135] } else { [135, 40_000] };
    let addresses =
        if *client { [[10, 0, 0, 1], [10, 0, 0, 2]] } else { [[10, 0, 0, 2], [10, 0, 0, 1]] };
    let mut frame = if link == ETHERNET { [&[0; 12][..], &[8, 0]].concat() } else { Vec::new() };
    frame.extend([0x45, 0]);
    frame.extend((40 + data.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    frame.extend(addresses.concat());
    frame.extend(ends.map(u16::to_be_bytes).concat());
    frame.extend(sequence.to_be_bytes());
    let flags = match (*syn, *client) {
        (true, true) => 0x02,
        (true, false) => 0x12,
        _ => 0x10,
    };
    frame.extend([0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    frame.extend(*data);
    frame
}

fn bind() -> Vec<u8> {
    let context = PresentationContext {
        id: 0,
        abstract_syntax: I_CERT_PASSAGE,
        transfer_syntaxes: vec![NDR_SYNTAX],
    };
    let bind = Bind {
        max_xmit_frag: 4280,
        max_recv_frag: 4280,
        assoc_group_id: 0,
        contexts: vec![context],
    };
    Pdu::new(1, Body::Bind(bind)).encode().unwrap()
}

fn bind_ack() -> Vec<u8> {
    let result =
        ContextResult { result: ResultCode::Acceptance, reason: 0, transfer_syntax: NDR_SYNTAX };
    let ack = BindAck {
        max_xmit_frag: 4280,
        max_recv_frag: 4280,
        assoc_group_id: 0x1234,
        secondary_address: Bytes::from_static(b"135\0"),
        padding: Bytes::new(),
        results: vec![result],
    };
    Pdu::new(1, Body::BindAck(ack)).encode().unwrap()
}

fn request() -> Vec<u8> {
    let attributes: Vec<u8> =
        "CertificateTemplate:User\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let call = CertServerRequestIn {
        pwsz_authority: Some("Lab CA".into()),
        pctb_attribs: CERTTRANSBLOB { cb: attributes.len() as u32, pb: Some(attributes) },
        pctb_request: CERTTRANSBLOB { cb: 3, pb: Some(vec![0x30, 1, 0]) },
        ..Default::default()
    };
    let stub = to_stub(NDR, &call).unwrap().into();
    let request = Request { alloc_hint: 0, context_id: 0, opnum: 0, object: None, stub };
    Pdu::new(2, Body::Request(request)).encode().unwrap()
}

fn response() -> Vec<u8> {
    let message: Vec<u8> = "No\u{1b}[2J\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let answer = CertServerRequestOut {
        pdw_request_id: 7,
        pdw_disposition: 0x8009_4800,
        pctb_disposition_message: CERTTRANSBLOB { cb: message.len() as u32, pb: Some(message) },
        ..Default::default()
    };
    let stub: Bytes = to_stub(NDR, &answer).unwrap().into();
    let alloc_hint = stub.len() as u32;
    let response = Response { alloc_hint, context_id: 0, cancel_count: 0, reserved: 0, stub };
    Pdu::new(2, Body::Response(response)).encode().unwrap()
}

/// A client that enrolls without authentication at a server that takes that.
fn careless() -> Vec<u8> {
    let (bind, ack, request, response) = (bind(), bind_ack(), request(), response());
    let (first, second) = request.split_at(50);
    let after = 101 + bind.len() as u32;
    pcap(
        ETHERNET,
        &[
            Packet(true, 100, true, &[]),
            Packet(false, 500, true, &[]),
            Packet(true, 101, false, &bind),
            Packet(false, 501, false, &ack),
            // Out of order, and once more.
            Packet(true, after + 50, false, second),
            Packet(true, after, false, first),
            Packet(true, after, false, first),
            Packet(false, 501 + ack.len() as u32, false, &response),
        ],
    )
}

fn shape(capture: &Capture) -> Vec<(Direction, usize)> {
    let [connection] = &capture.connections[..] else { panic!("{capture:#?}") };
    connection.pdus.iter().map(|pdu| (pdu.direction, pdu.packet)).collect()
}

#[test]
fn segments_in_any_order_are_put_together() {
    let capture = Capture::read(&careless()).unwrap();
    let (client, server) = (Direction::ToServer, Direction::ToClient);
    assert_eq!(shape(&capture), [(client, 3), (server, 4), (client, 6), (server, 8)]);
    let [connection] = &capture.connections[..] else { panic!() };
    assert_eq!((connection.holes, connection.server.port()), (0, 135));
    assert_eq!(connection.pdus[2].bytes, request());
    assert_eq!((capture.packets, capture.damage), (8, None));
}

#[test]
fn a_hole_is_counted_and_the_pdu_that_it_cuts_is_dropped() {
    let (bind, request) = (bind(), request());
    let after = bind.len() as u32;
    let packets = [
        Packet(true, 0, false, &bind),
        Packet(true, after, false, &request[..50]),
        // 10 bytes are missing.
        Packet(true, after + 60, false, &request[60..]),
        Packet(true, after + request.len() as u32, false, &request),
    ];
    let capture = Capture::read(&pcap(RAW, &packets)).unwrap();
    assert_eq!(shape(&capture), [(Direction::ToServer, 1), (Direction::ToServer, 4)]);
    assert_eq!(capture.connections[0].holes, 1);
    let secrets = Secrets::default();
    let mut replay = Replay::new(&secrets, Rules::Own, Instant::now());
    let replayed = replay.connection(&capture.connections[0]);
    assert_eq!(replayed.skipped.as_deref(), Some("the capture lacks packets"));
}

#[test]
fn a_transcript_tells_what_was_asked_and_answered_and_what_wcced_would_say() {
    let text = transcript(&careless(), &Secrets::default()).unwrap();
    for expected in [
        "Connection 1: 10.0.0.1:40000 to 10.0.0.2:135, 4 PDUs\n",
        "     6 > request 2: ICertPassage.CertServerRequest\n",
        "CA \"Lab CA\", flags 0x0, request id 0\n",
        "attribute CertificateTemplate:User\n",
        "which wcced refuses with 0x",
        "request id 7, disposition 0x80094800 (CERTSRV_E_UNSUPPORTED_CERT_TYPE): The requested \
         certificate template is not supported by this CA., returns 0\n",
        "! wcced would answer otherwise: Response of call 2, answer: fault 0x00000005 (access is \
         denied) instead of Response\n",
        "  wcced would answer 1 of the server's 2 PDUs alike\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "nothing in a capture moves the cursor");
}

#[test]
fn the_recorded_servers_rules_take_what_it_took() {
    let capture = Capture::read(&careless()).unwrap();
    let secrets = Secrets::default();
    let mut replay = Replay::new(&secrets, Rules::Recorded, Instant::now());
    let replayed = replay.connection(&capture.connections[0]);
    let (unlisted, used) = judge(&replayed.differences, FOREIGN);
    assert_eq!((replayed.compared, unlisted.len()), (2, 0), "{unlisted:#?}");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["association group"]);
}

#[test]
fn damaged_captures_are_told_and_never_believed() {
    let whole = careless();
    let secrets = Secrets::default();
    assert_eq!(transcript(b"", &secrets), Err(CaptureError::Format));
    assert_eq!(transcript(&[0xFF; 64], &secrets), Err(CaptureError::Format));
    for cut in 24..whole.len() {
        transcript(&whole[..cut], &secrets).unwrap();
    }
    for at in 0..whole.len() {
        for bit in [0x01, 0x10, 0x80, 0xFF] {
            let mut damaged = whole.clone();
            damaged[at] ^= bit;
            let _ = transcript(&damaged, &secrets);
        }
    }
    let damaged = transcript(&whole[..whole.len() - 1], &secrets).unwrap();
    assert!(damaged.starts_with("the file is damaged after packet 7"), "{damaged}");
}

#[test]
fn captures_without_rpc_say_so() {
    let packets = [Packet(true, 0, true, &[]), Packet(true, 1, false, b"GET / HTTP/1.1\r\n\r\n")];
    let text = transcript(&pcap(ETHERNET, &packets), &Secrets::default()).unwrap();
    assert_eq!(text, "no DCE/RPC over TCP in 2 packets\n");
}
