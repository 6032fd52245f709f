//! Calls: fragments both ways, multiplexing, cancels, faults, verification trailers.

use super::*;
use crate::ndr::ByteOrder;
use crate::rpc::client::VerificationTrailer;
use crate::rpc::pdu::{Drep, Response};

const FIRST: PfcFlags = PfcFlags::FIRST;
const MIDDLE: PfcFlags = PfcFlags::empty();
const LAST: PfcFlags = PfcFlags::LAST;

#[test]
fn a_call_is_answered() {
    let mut rig = Rig::bound();
    rig.send(&request(5, 0, 0, b"1234"));
    let pdu = rig.pdu();
    assert_eq!(pdu.call_id, 5);
    let Body::Response(Response { alloc_hint: 7, context_id: 0, .. }) = pdu.body else {
        panic!("{pdu:?}")
    };
    assert_eq!(pdu.stub(), "- 0 0 4");
    rig.assert_alive();
}

#[test]
fn both_byte_orders_are_read_and_little_endian_answered() {
    let mut rig = Rig::new();
    rig.answer = false;
    rig.send(&Pdu { drep: Drep::BIG, ..Pdu::new(1, Body::Bind(bind(&[(7, OPEN)]))) });
    assert_eq!(rig.pdu().drep, Drep::LITTLE);
    let pdu = Pdu { drep: Drep::BIG, version_minor: 1, ..request(0x0102_0304, 7, 0, b"") };
    rig.send(&pdu);
    assert_eq!(rig.calls[0].context.encoding.order, ByteOrder::Big);
    assert_eq!(rig.calls[0].context.call_id, 0x0102_0304);
    rig.finish(0);
    assert_eq!(rig.pdu().drep, Drep::LITTLE);
}

#[test]
fn the_object_uuid_reaches_the_service() {
    let mut rig = Rig::bound();
    rig.answer = false;
    let mut pdu = request(1, 0, 0, b"abc");
    let Body::Request(body) = &mut pdu.body else { panic!() };
    body.object = Some(OPEN.uuid);
    rig.send(&pdu);
    assert_eq!(rig.calls[0].context.object, Some(OPEN.uuid));
    assert_eq!(rig.calls[0].stub, &b"abc"[..]);
}

#[test]
fn requests_are_reassembled() {
    let mut rig = Rig::bound();
    rig.answer = false;
    rig.send(&fragment(FIRST, request(3, 0, 4, b"one ")));
    // Context and opnum of later fragments say nothing, as on Windows.
    rig.send(&fragment(MIDDLE, request(3, 99, 99, b"two ")));
    rig.assert_alive();
    assert!(rig.calls.is_empty());
    rig.send(&fragment(LAST, request(3, 0, 4, b"three")));
    assert_eq!(rig.calls[0].stub, &b"one two three"[..]);
    assert_eq!(rig.calls[0].opnum, 4);
}

#[test]
fn responses_are_cut_to_the_agreed_size() {
    for (frag, sizes) in [(5840, vec![5816, 4184]), (2048, vec![2024, 2024, 2024, 2024, 1904])] {
        let mut rig = Rig::new();
        let body = Bind { max_recv_frag: frag, ..bind(&[(0, OPEN)]) };
        rig.send(&Pdu::new(1, Body::Bind(body)));
        rig.bind_ack();
        rig.send(&request(1, 0, 1, b"10000"));
        let mut left = 10_000;
        for (index, size) in sizes.iter().enumerate() {
            let pdu = rig.pdu();
            let Body::Response(Response { alloc_hint, .. }) = pdu.body else { panic!() };
            assert_eq!((pdu.stub().len(), alloc_hint), (*size, left));
            assert_eq!(pdu.flags.contains(FIRST), index == 0);
            assert_eq!(pdu.flags.contains(LAST), index + 1 == sizes.len());
            left -= u32::try_from(*size).unwrap();
        }
        rig.assert_alive();
    }
}

#[test]
fn an_empty_response_is_one_fragment() {
    let mut rig = Rig::bound();
    rig.send(&request(1, 0, 1, b"0"));
    let pdu = rig.pdu();
    assert_eq!((pdu.stub().len(), pdu.flags), (0, FIRST | LAST));
}

#[test]
fn one_call_at_a_time_unless_multiplexing_was_agreed_on() {
    for (flags, in_flight) in [(PfcFlags::empty(), 1), (PfcFlags::CONC_MPX, 3)] {
        let mut rig = Rig::new();
        rig.bind(flags);
        rig.answer = false;
        (1..=3).for_each(|id| rig.send(&request(id, 0, 0, b"")));
        assert_eq!(rig.calls.len(), in_flight);
        // The others wait their turn; none is lost.
        for _ in 0..3 {
            rig.finish(0);
            rig.response();
        }
        rig.assert_alive();
    }
}

#[test]
fn multiplexed_answers_come_as_they_are_ready() {
    let mut rig = Rig::new();
    rig.bind(PfcFlags::CONC_MPX);
    rig.answer = false;
    (1..=2).for_each(|id| rig.send(&request(id, 0, 0, b"")));
    rig.finish(1);
    assert_eq!(rig.pdu().call_id, 2);
    rig.finish(0);
    assert_eq!(rig.pdu().call_id, 1);
}

#[test]
fn a_call_id_in_use_is_refused() {
    let mut rig = Rig::new();
    rig.bind(PfcFlags::CONC_MPX);
    rig.answer = false;
    (0..2).for_each(|_| rig.send(&request(1, 0, 0, b"")));
    assert_eq!(rig.fault(), (1, PROTO_ERROR, 0, true));
    rig.assert_closed();
}

#[test]
fn faults_of_services_are_passed_on() {
    let mut rig = Rig::bound();
    rig.send(&request(1, 0, 2, b"1783"));
    assert_eq!(rig.fault(), (1, 1783, 0, true));
    rig.send(&request(2, 0, 77, b""));
    assert_eq!(rig.fault(), (2, 0x1C01_0002, 0, false));
    // Codes that no server may send.
    for code in ["0", "3221225477"] {
        rig.send(&request(3, 0, 2, code.as_bytes()));
        assert_eq!(rig.fault().1, 0x1C00_0012);
    }
    rig.assert_alive();
}

#[test]
fn fragments_of_no_call_are_refused() {
    for flags in [MIDDLE, LAST] {
        // As on Windows, the fault names the context where calls are multiplexed.
        for (concurrent, context_id) in [(PfcFlags::empty(), 0), (PfcFlags::CONC_MPX, 1)] {
            let mut rig = Rig::new();
            rig.bind(concurrent);
            rig.send(&fragment(flags, request(2, 1, 0, b"")));
            assert_eq!(rig.fault(), (2, PROTO_ERROR, context_id, true));
            rig.assert_closed();
        }
    }
    let mut rig = Rig::new();
    rig.bind(PfcFlags::CONC_MPX);
    rig.send(&fragment(LAST, request(2, 42, 0, b"")));
    assert_eq!(rig.fault(), (2, UNK_IF, 0, false));
    rig.assert_alive();
}

#[test]
fn responses_name_the_low_byte_of_their_context() {
    let mut rig = Rig::new();
    rig.send(&Pdu::new(1, Body::Bind(bind(&[(0x1203, OPEN)]))));
    rig.bind_ack();
    rig.send(&request(2, 0x1203, 0, b""));
    assert!(matches!(rig.pdu().body, Body::Response(Response { context_id: 3, .. })));
    rig.send(&request(3, 0x1203, 99, b""));
    assert_eq!(rig.fault(), (3, 0x1C01_0002, 0x1203, false));
}

#[test]
fn fragments_must_not_mix() {
    for (concurrent, second, expected) in [
        (PfcFlags::empty(), request(50, 0, 0, b""), 50),
        (PfcFlags::empty(), request(51, 0, 0, b""), 50),
        (PfcFlags::CONC_MPX, request(51, 0, 0, b""), 51),
    ] {
        for flags in [FIRST, FIRST | LAST] {
            let mut rig = Rig::new();
            rig.bind(concurrent);
            rig.send(&fragment(FIRST, request(50, 0, 0, b"")));
            rig.send(&fragment(flags, second.clone()));
            assert_eq!(rig.fault(), (expected, PROTO_ERROR, 0, true));
            rig.assert_closed();
        }
    }
}

#[test]
fn the_rest_of_a_refused_request_is_dropped() {
    let mut rig = Rig::bound();
    rig.send(&fragment(FIRST, request(200, 42, 0, b"")));
    assert_eq!(rig.fault(), (200, UNK_IF, 0, false));
    rig.send(&fragment(MIDDLE, request(200, 42, 0, b"")));
    rig.send(&fragment(LAST, request(200, 42, 0, b"")));
    rig.send(&fragment(LAST, request(51, 42, 0, b"")));
    rig.assert_alive();
    rig.send(&fragment(LAST, request(50, 42, 0, b"")));
    assert_eq!(rig.fault(), (50, PROTO_ERROR, 0, true));
    rig.assert_closed();
}

#[test]
fn a_request_that_begins_cancelled_is_refused() {
    let mut rig = Rig::bound();
    rig.send(&fragment(FIRST | PfcFlags::PENDING_CANCEL, request(2, 0, 0, b"")));
    assert_eq!(rig.fault(), (2, 0x6BD, 0, false));
    rig.assert_closed();
    // On later fragments the flag says nothing.
    let mut rig = Rig::bound();
    rig.send(&fragment(FIRST, request(2, 0, 0, b"")));
    rig.send(&fragment(LAST | PfcFlags::PENDING_CANCEL, request(2, 0, 0, b"")));
    rig.response();
}

#[test]
fn cancels_do_not_stop_a_call() {
    let mut rig = Rig::bound();
    rig.answer = false;
    rig.send(&Pdu::new(3, Body::CoCancel));
    rig.send(&fragment(FIRST, request(3, 0, 0, b"")));
    rig.send(&Pdu::new(3, Body::CoCancel));
    rig.send(&fragment(LAST, request(3, 0, 0, b"")));
    rig.send(&Pdu::new(3, Body::CoCancel));
    rig.finish(0);
    let Body::Response(Response { cancel_count: 0, .. }) = rig.pdu().body else { panic!() };
    rig.assert_alive();
}

#[test]
fn the_answer_of_an_orphaned_call_is_dropped() {
    let mut rig = Rig::bound();
    rig.answer = false;
    rig.send(&Pdu::new(9, Body::Orphaned));
    rig.send(&request(1, 0, 0, b""));
    rig.send(&Pdu::new(1, Body::Orphaned));
    rig.finish(0);
    rig.assert_alive();
    // As on Windows, a request that is not complete yet is carried out all the same.
    rig.answer = true;
    rig.send(&fragment(FIRST, request(2, 0, 0, b"")));
    rig.send(&Pdu::new(2, Body::Orphaned));
    rig.send(&fragment(LAST, request(2, 0, 0, b"")));
    rig.response();
}

#[test]
fn pdus_that_only_servers_send_end_the_connection() {
    for body in [Body::Shutdown, Body::Fault(FaultBody::new(0, 5))] {
        let mut rig = Rig::bound();
        rig.send(&Pdu::new(1, body));
        rig.assert_closed();
    }
}

fn with_trailer(stub: &[u8], trailer: VerificationTrailer) -> Vec<u8> {
    [stub, &trailer.to_bytes(stub.len())].concat()
}

fn true_trailer() -> VerificationTrailer {
    VerificationTrailer {
        header_signing: false,
        presentation: Some((OPEN, NDR_SYNTAX)),
        header: Some((4, 0, 0)),
    }
}

#[test]
fn a_true_verification_trailer_is_accepted() {
    for stub in [&b""[..], b"abc", b"abcd", &[7; 1000]] {
        let mut rig = Rig::bound();
        rig.send(&request(4, 0, 0, &with_trailer(stub, true_trailer())));
        rig.response();
        // Padding behind it, and in the last of several fragments.
        let bytes = [with_trailer(stub, true_trailer()), vec![0; 12]].concat();
        rig.send(&fragment(FIRST, request(4, 0, 0, &[1; 8])));
        rig.send(&fragment(LAST, request(4, 0, 0, &bytes)));
        rig.response();
    }
}

#[test]
fn a_verification_trailer_that_contradicts_the_request_is_refused() {
    let truth = true_trailer();
    for lie in [
        VerificationTrailer { header_signing: true, ..truth },
        VerificationTrailer { presentation: Some((SECURE, NDR_SYNTAX)), ..truth },
        VerificationTrailer { presentation: Some((OPEN, NDR64_SYNTAX)), ..truth },
        VerificationTrailer { header: Some((5, 0, 0)), ..truth },
        VerificationTrailer { header: Some((4, 1, 0)), ..truth },
        VerificationTrailer { header: Some((4, 0, 1)), ..truth },
    ] {
        let mut rig = Rig::bound();
        rig.send(&request(4, 0, 0, &with_trailer(b"stub", lie)));
        assert_eq!(rig.fault(), (4, ACCESS_DENIED, 0, true), "{lie:?}");
        rig.assert_closed();
    }
}

#[test]
fn header_signing_that_was_announced_may_be_claimed() {
    let mut rig = Rig::new();
    rig.bind(PfcFlags::SUPPORT_HEADER_SIGN);
    let trailer = VerificationTrailer { header_signing: true, ..true_trailer() };
    rig.send(&request(4, 0, 0, &with_trailer(b"", trailer)));
    rig.response();
}

#[test]
fn unknown_commands_count_where_they_must_be_processed() {
    let signature = [0x8A, 0xE3, 0x13, 0x71, 0x02, 0xF4, 0x36, 0x71];
    let trailer =
        |command: u16| [&signature[..], &command.to_le_bytes(), &[4, 0], b"data"].concat();
    for (bytes, accepted) in [
        (trailer(0x4007), true),
        (trailer(0xC007), false),
        // Not well-formed: no end, odd length, cut, not aligned: stub data.
        (trailer(0x8007), true),
        ([&signature[..], &[7, 0xC0, 3, 0], b"dat"].concat(), true),
        ([&signature[..], &[7, 0xC0]].concat(), true),
        ([&b"x"[..], &trailer(0xC007)].concat(), true),
        // Too far from the end.
        ([&trailer(0xC007)[..], &[0; 300]].concat(), true),
    ] {
        let mut rig = Rig::bound();
        rig.send(&request(4, 0, 0, &bytes));
        if accepted {
            rig.response();
        } else {
            assert_eq!(rig.fault().1, ACCESS_DENIED);
        }
    }
}
