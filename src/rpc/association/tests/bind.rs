//! Binds: presentation contexts, transfer syntaxes, features, groups, fragment sizes.

use super::*;
use crate::rpc::pdu::{BindTimeFeatures, ContextResult, ResultCode};

fn results(contexts: Vec<PresentationContext>) -> Vec<ContextResult> {
    let mut rig = Rig::new();
    rig.send(&Pdu::new(1, Body::Bind(Bind { contexts, ..bind(&[]) })));
    rig.bind_ack().results
}

#[test]
fn a_bind_is_answered_as_windows_does() {
    let mut rig = Rig::new();
    let ack = rig.bind(PfcFlags::empty());
    assert_eq!((ack.max_xmit_frag, ack.max_recv_frag), (5840, 5840));
    assert_ne!(ack.assoc_group_id, 0);
    assert_eq!(ack.secondary_address, &b"49152\0"[..]);
    assert_eq!(ack.results, vec![ContextResult::acceptance(NDR_SYNTAX); 2]);

    rig.send(&Pdu::new(2, Body::AlterContext(bind(&[(0, OPEN)]))));
    let response = rig.bind_ack();
    assert_eq!(response.secondary_address, &b""[..]);
    assert_eq!(response.assoc_group_id, ack.assoc_group_id);
    rig.assert_alive();
}

#[test]
fn flags_are_echoed_where_they_mean_something() {
    let all = PfcFlags::from_bits_retain(0xFF);
    let mut rig = Rig::new();
    let mut pdu = Pdu::new(1, Body::Bind(bind(&[(0, OPEN)])));
    pdu.flags = all;
    rig.send(&pdu);
    assert_eq!(rig.pdu().flags.bits(), 0x17);
    pdu.body = Body::AlterContext(bind(&[(0, OPEN)]));
    rig.send(&pdu);
    assert_eq!(rig.pdu().flags.bits(), 0x07);
    pdu.flags = PfcFlags::empty();
    rig.send(&pdu);
    assert_eq!(rig.pdu().flags.bits(), 0x03);
    assert!(rig.association.header_signing, "once agreed, it stays");
}

#[test]
fn of_two_transfer_syntaxes_the_service_picks_one() {
    let unsupported = ContextResult::rejection(ContextResult::TRANSFER_SYNTAXES_NOT_SUPPORTED);
    // SECURE prefers NDR64 as Windows does, OPEN prefers NDR 2.0.
    let both = |interface| {
        results(vec![context(0, interface, &[NDR_SYNTAX]), context(1, interface, &[NDR64_SYNTAX])])
    };
    assert_eq!(both(SECURE), [unsupported, ContextResult::acceptance(NDR64_SYNTAX)]);
    assert_eq!(both(OPEN), [ContextResult::acceptance(NDR_SYNTAX), unsupported]);
    // In one element, and alone.
    let one = results(vec![context(0, SECURE, &[NDR_SYNTAX, NDR64_SYNTAX])]);
    assert_eq!(one, [ContextResult::acceptance(NDR64_SYNTAX)]);
    let alone = results(vec![context(0, SECURE, &[UNKNOWN, NDR_SYNTAX])]);
    assert_eq!(alone, [ContextResult::acceptance(NDR_SYNTAX)]);
    assert_eq!(results(vec![context(0, SECURE, &[UNKNOWN])]), [unsupported]);
}

#[test]
fn versions_must_be_compatible() {
    let unknown = ContextResult::rejection(ContextResult::ABSTRACT_SYNTAX_NOT_SUPPORTED);
    let accepted = ContextResult::acceptance(NDR_SYNTAX);
    for (major, minor, expected) in
        [(1, 0, accepted), (1, 2, accepted), (1, 3, unknown), (2, 2, unknown), (0, 2, unknown)]
    {
        let interface = InterfaceId { major, minor, ..OPEN };
        assert_eq!(results(vec![context(0, interface, &[NDR_SYNTAX])]), [expected]);
    }
    assert_eq!(results(vec![context(0, UNKNOWN, &[NDR_SYNTAX])]), [unknown]);
}

#[test]
fn bind_time_features_are_acknowledged() {
    let propose = |bits, id| {
        let features = BindTimeFeatures::from_bits_retain(bits).to_syntax();
        context(id, OPEN, &[features, NDR_SYNTAX])
    };
    for (bits, expected) in [(0, 0), (1, 1), (2, 2), (3, 3), (0xFFFF, 3)] {
        let [result] = results(vec![propose(bits, 0)])[..] else { panic!() };
        assert_eq!((result.result, result.reason), (ResultCode::NegotiateAck, expected));
        assert_eq!(result.transfer_syntax, ContextResult::NO_SYNTAX);
    }
    let mut rig = Rig::new();
    let contexts = vec![propose(0, 0), propose(0, 1)];
    rig.send(&Pdu::new(1, Body::Bind(Bind { contexts, ..bind(&[]) })));
    assert_eq!(rig.nak(), 0);
    rig.assert_closed();
}

#[test]
fn a_bind_without_proposals_is_refused() {
    for contexts in [vec![], vec![context(0, OPEN, &[])]] {
        let mut rig = Rig::new();
        rig.send(&Pdu::new(9, Body::Bind(Bind { contexts: contexts.clone(), ..bind(&[]) })));
        assert_eq!(rig.nak(), 0);
        rig.assert_closed();

        let mut rig = Rig::bound();
        rig.send(&Pdu::new(9, Body::AlterContext(Bind { contexts, ..bind(&[]) })));
        assert_eq!(rig.fault(), (9, PROTO_ERROR, 0, false));
        rig.assert_closed();
    }
}

#[test]
fn binding_to_nothing_known_keeps_the_connection() {
    let mut rig = Rig::new();
    rig.send(&Pdu::new(1, Body::Bind(bind(&[(0, UNKNOWN)]))));
    rig.bind_ack();
    rig.send(&request(1, 0, 0, b""));
    assert_eq!(rig.fault(), (1, UNK_IF, 0, false));
    rig.send(&Pdu::new(2, Body::AlterContext(bind(&[(0, OPEN)]))));
    rig.bind_ack();
    rig.send(&request(2, 0, 0, b""));
    assert_eq!(rig.response(), "- 0 0 0");
    rig.assert_alive();
}

#[test]
fn a_presentation_context_cannot_change() {
    let again = |contexts: Vec<PresentationContext>| {
        let mut rig = Rig::bound();
        rig.send(&Pdu::new(9, Body::AlterContext(Bind { contexts, ..bind(&[]) })));
        rig
    };
    let mut same = again(vec![context(0, OPEN, &[NDR64_SYNTAX, NDR_SYNTAX])]);
    assert_eq!(same.bind_ack().results, [ContextResult::acceptance(NDR_SYNTAX)]);
    same.assert_alive();
    for changed in [context(0, SECURE, &[NDR_SYNTAX]), context(0, OPEN, &[NDR64_SYNTAX])] {
        let mut rig = again(vec![changed]);
        assert_eq!(rig.fault(), (9, PROTO_ERROR, 0, false));
        rig.assert_closed();
    }
}

#[test]
fn binds_out_of_order_are_refused() {
    let mut rig = Rig::bound();
    rig.send(&Pdu::new(9, Body::Bind(bind(&[(0, OPEN)]))));
    assert_eq!(rig.nak(), 0);
    rig.assert_closed();

    let mut rig = Rig::new();
    rig.send(&Pdu::new(9, Body::AlterContext(bind(&[(0, OPEN)]))));
    assert_eq!(rig.fault(), (9, PROTO_ERROR, 0, false));
    rig.assert_closed();

    let mut rig = Rig::new();
    rig.send(&request(9, 0, 0, b""));
    assert_eq!(rig.fault(), (9, PROTO_ERROR, 0, false));
    rig.assert_closed();
}

#[test]
fn unreadable_binds_are_refused() {
    let bytes = Pdu::new(9, Body::Bind(bind(&[(0, OPEN)]))).encode().unwrap();
    for (at, value) in [(24, 2), (1, 7), (10, 8)] {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        let mut rig = Rig::new();
        rig.push(&bytes);
        assert_eq!(rig.nak(), 4, "{at}");
        rig.assert_closed();
    }
    // Not a PDU at all.
    let mut rig = Rig::new();
    rig.push(b"GET / HTTP/1.1\r\n\r\n");
    rig.assert_closed();
}

#[test]
fn fragment_sizes_are_agreed_on_as_windows_does() {
    for (xmit, recv, agreed) in [
        (0xFFFF, 0xFFFF, 5840),
        (0, 0xFFFF, 2048),
        (0xFFFF, 0, 2048),
        (3199, 0xFFFF, 3192),
        (0xFFFF, 3199, 3192),
        (4280, 4280, 4280),
    ] {
        let mut rig = Rig::new();
        let body = Bind { max_xmit_frag: xmit, max_recv_frag: recv, ..bind(&[(0, OPEN)]) };
        rig.send(&Pdu::new(1, Body::Bind(body)));
        let ack = rig.bind_ack();
        assert_eq!((ack.max_xmit_frag, ack.max_recv_frag), (agreed, agreed));
    }
}

#[test]
fn a_bind_of_64_kilobytes_is_read() {
    let mut rig = Rig::new();
    let token = Bytes::from(vec![b'x'; 65_000]);
    let auth = Some(Auth::new(10, 6, 0, token));
    rig.send(&Pdu { auth, ..Pdu::new(1, Body::Bind(bind(&[(0, OPEN)]))) });
    assert_eq!(rig.nak(), 9, "the toy provider has read it");
}

#[test]
fn groups_are_joined_from_the_same_address_alone() {
    let shared = endpoint(Limits::default());
    let mut first = Rig::with(Arc::clone(&shared));
    let group = first.bind(PfcFlags::empty()).assoc_group_id;
    let join = |peer: &str, id| {
        let mut rig = Rig::from(peer, Arc::clone(&shared));
        let body = Bind { assoc_group_id: id, ..bind(&[(0, OPEN)]) };
        rig.send(&Pdu::new(1, Body::Bind(body)));
        rig
    };
    let mut second = join("192.0.2.1:2000", group);
    assert_eq!(second.bind_ack().assoc_group_id, group);
    for mut other in [join("192.0.2.2:1000", group), join("192.0.2.1:1000", group ^ 1)] {
        assert_eq!(other.nak(), 0);
        other.assert_closed();
    }
    drop(first);
    let third = join("192.0.2.1:3000", group).bind_ack();
    assert_eq!(third.assoc_group_id, group, "the second connection keeps the group");
    drop(second);
    assert_eq!(join("192.0.2.1:4000", group).nak(), 0, "the group is gone");
}

#[test]
fn services_hear_when_a_group_ends() {
    let service = ToyService::new(OPEN, Policy::default());
    let shared = Arc::new(Endpoint {
        services: vec![service.clone()],
        acceptors: Arc::new(ToyFactory),
        groups: Arc::default(),
        statistics: Arc::default(),
        memory: Arc::default(),
        limits: Limits::default(),
    });
    let mut rig = Rig::with(shared);
    rig.bind(PfcFlags::empty());
    assert_eq!(service.closed.load(std::sync::atomic::Ordering::SeqCst), 0);
    drop(rig);
    assert_eq!(service.closed.load(std::sync::atomic::Ordering::SeqCst), 1);
}
