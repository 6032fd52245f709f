//! Security contexts: handshakes, who calls, and what is refused.

use super::*;

const LEVELS: [AuthLevel; 4] =
    [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity, AuthLevel::Privacy];

fn with_auth(body: Body, auth_type: u8, auth_level: u8, token: &str) -> Pdu {
    let token = Bytes::from(token.to_owned());
    Pdu { auth: Some(Auth::new(auth_type, auth_level, 0, token)), ..Pdu::new(1, body) }
}

fn secure_bind(auth_type: u8, auth_level: u8, token: &str) -> Pdu {
    with_auth(Body::Bind(bind(&[(0, OPEN), (1, SECURE)])), auth_type, auth_level, token)
}

#[test]
fn three_legs_by_auth3() {
    let mut rig = Rig::new();
    rig.send(&secure_bind(10, 6, "hello"));
    let ack = rig.pdu();
    assert!(matches!(ack.body, Body::BindAck(_)));
    let auth = ack.auth.unwrap();
    assert_eq!((auth.trailer.auth_type, auth.trailer.auth_level), (10, 6));
    assert_eq!(auth.token, &b"who?"[..]);
    rig.send(&auth3("alice=7", AuthLevel::Privacy, 0));
    rig.assert_alive();
    let mut client = Client {
        context: ToyContext::new(7, None),
        level: AuthLevel::Privacy,
        context_id: 0,
        header_signing: false,
    };
    assert_eq!(client.call(&mut rig, request(2, 1, 0, b"12345")), "alice 6 0 5");
    assert_eq!(client.call(&mut rig, request(3, 1, 0, b"")), "alice 6 0 0");
    rig.assert_alive();
}

#[test]
fn four_legs_by_alter_context_with_another_call_id() {
    let mut rig = Rig::new();
    rig.send(&secure_bind(9, 6, "hello"));
    rig.bind_ack();
    let mut third = alter("alice=7", AuthLevel::Privacy, 0);
    third.call_id = 77;
    third.auth.as_mut().unwrap().trailer.auth_type = 9;
    rig.send(&third);
    let response = rig.frame();
    assert_eq!(response.header().call_id, 77);
    // No token is left to send, but the trailer is, as Windows does.
    assert_eq!((response.header().frag_length, response.header().auth_length), (64, 0));
    rig.assert_alive();
}

#[test]
fn one_leg_brings_a_last_token() {
    let mut rig = Rig::new();
    rig.send(&secure_bind(10, 5, "now alice=7"));
    assert_eq!(rig.pdu().auth.unwrap().token, &b"welcome"[..]);
}

#[test]
fn every_level_protects_what_it_says() {
    for level in LEVELS {
        let mut rig = Rig::bound();
        let mut client = rig.authenticate("alice", level, 3);
        rig.push(&client.protect(request(5, 0, 0, b"stub")));
        let frame = rig.frame();
        let expected = format!("alice {} 0 4", level.to_wire());
        if level == AuthLevel::Connect {
            assert_eq!(frame.header().auth_length, 0);
            assert_eq!(Pdu::decode(frame).unwrap().stub(), expected);
        } else {
            assert_eq!(client.open(frame).stub(), expected);
        }
    }
}

#[test]
fn services_below_their_level_are_refused_and_the_connection_goes_on() {
    let mut rig = Rig::bound();
    rig.send(&request(1, 1, 0, b""));
    assert_eq!(rig.fault(), (1, ACCESS_DENIED, 1, true));
    rig.assert_alive();
    for level in LEVELS {
        let mut rig = Rig::bound();
        let mut client = rig.authenticate("alice", level, 0);
        rig.push(&client.protect(request(2, 1, 0, b"")));
        if level == AuthLevel::Privacy {
            let frame = rig.frame();
            client.open(frame);
        } else {
            assert_eq!(rig.fault(), (2, ACCESS_DENIED, 1, true));
            rig.assert_alive();
            assert!(
                level == AuthLevel::Connect
                    || !client.call(&mut rig, request(3, 0, 0, b"")).is_empty()
            );
        }
    }
}

#[test]
fn two_identities_on_one_connection_stay_apart() {
    let mut rig = Rig::bound();
    let mut alice = rig.authenticate("alice", AuthLevel::Privacy, 1);
    let mut bob = rig.authenticate("bob", AuthLevel::Integrity, 2);
    assert_eq!(alice.call(&mut rig, request(3, 0, 0, b"")), "alice 6 0 0");
    assert_eq!(bob.call(&mut rig, request(4, 0, 0, b"")), "bob 5 0 0");
    assert_eq!(alice.call(&mut rig, request(5, 0, 0, b"")), "alice 6 0 0");
    // Bob is not let in where alice is.
    rig.push(&bob.protect(request(6, 1, 0, b"")));
    assert_eq!(rig.fault(), (6, ACCESS_DENIED, 1, true));
    assert_eq!(alice.call(&mut rig, request(7, 1, 0, b"")), "alice 6 0 0");
    rig.assert_alive();
    // Nor by naming her context: his signature does not open it.
    bob.context_id = 1;
    bob.level = AuthLevel::Privacy;
    rig.push(&bob.protect(request(8, 1, 0, b"")));
    assert_eq!(rig.fault(), (8, SEC_PKG_ERROR, 1, true));
    rig.assert_closed();
}

#[test]
fn interleaved_calls_of_two_identities_are_answered_each_under_its_own() {
    let mut rig = Rig::new();
    rig.bind(PfcFlags::CONC_MPX);
    let mut alice = rig.authenticate("alice", AuthLevel::Privacy, 1);
    let mut bob = rig.authenticate("bob", AuthLevel::Privacy, 2);
    rig.answer = false;
    rig.push(&alice.protect(request(3, 1, 0, b"")));
    rig.push(&bob.protect(request(4, 1, 0, b"")));
    rig.finish(1);
    let frame = rig.frame();
    assert_eq!(bob.open(frame).stub(), "bob 6 0 0");
    rig.finish(0);
    let frame = rig.frame();
    assert_eq!(alice.open(frame).stub(), "alice 6 0 0");
}

/// Sends one request on a connection with alice's context 3 at privacy; the refusal closes it.
fn refused_request(change: impl FnOnce(&mut Rig, &mut Client) -> Vec<u8>) -> (u32, u32, u16, bool) {
    let mut rig = Rig::bound();
    let mut client = rig.authenticate("alice", AuthLevel::Privacy, 3);
    let bytes = change(&mut rig, &mut client);
    rig.push(&bytes);
    let fault = rig.fault();
    assert_eq!(rig.calls.len(), 0);
    rig.assert_closed();
    fault
}

#[test]
fn a_bare_request_on_an_authenticated_connection_is_refused() {
    let fault = refused_request(|_, _| request(5, 0, 0, b"").encode().unwrap());
    assert_eq!(fault, (5, ACCESS_DENIED, 0, true));
    // The same with a second context, and at every level but a sole connect.
    for level in LEVELS {
        let mut rig = Rig::bound();
        rig.authenticate("alice", level, 1);
        rig.send(&request(5, 0, 0, b""));
        if level == AuthLevel::Connect {
            assert_eq!(rig.response(), "alice 2 0 0");
            rig.authenticate("bob", AuthLevel::Connect, 2);
            rig.send(&request(6, 0, 0, b""));
        }
        assert_eq!(rig.fault().1, ACCESS_DENIED);
        rig.assert_closed();
    }
}

#[test]
fn another_level_type_or_context_is_refused() {
    let fault = refused_request(|_, client| {
        client.level = AuthLevel::Integrity;
        client.protect(request(5, 0, 0, b""))
    });
    assert_eq!(fault, (5, ACCESS_DENIED, 0, true));
    let fault = refused_request(|_, client| {
        client.context_id = 4;
        client.protect(request(5, 1, 0, b""))
    });
    assert_eq!(fault, (5, ACCESS_DENIED, 1, true));
    for (at, value) in [(0, 9), (1, 2), (1, 0), (1, 7), (0, 0)] {
        let fault = refused_request(|_, client| {
            let mut bytes = client.protect(request(5, 0, 0, b""));
            let trailer = bytes.len() - crate::rpc::testing::TOKEN_LEN - 8;
            bytes[trailer + at] = value;
            bytes
        });
        assert_eq!(fault, (5, ACCESS_DENIED, 0, true));
    }
}

#[test]
fn a_trailer_on_an_unauthenticated_connection_is_refused() {
    let mut rig = Rig::bound();
    let mut client = Client {
        context: ToyContext::new(7, None),
        level: AuthLevel::Packet,
        context_id: 0,
        header_signing: false,
    };
    rig.push(&client.protect(request(3, 0, 0, b"")));
    assert_eq!(rig.fault(), (3, ACCESS_DENIED, 0, true));
    rig.assert_closed();
}

#[test]
fn broken_and_repeated_messages_end_the_connection() {
    let fault = refused_request(|_, client| {
        let mut bytes = client.protect(request(5, 0, 0, b"stub"));
        bytes[24] ^= 1;
        bytes
    });
    assert_eq!(fault, (5, SEC_PKG_ERROR, 0, true));
    let fault = refused_request(|rig, client| {
        let bytes = client.protect(request(5, 0, 0, b"stub"));
        rig.push(&bytes);
        rig.frame();
        bytes
    });
    assert_eq!(fault, (5, SEC_PKG_ERROR, 0, true));
    // Padding that exceeds the stub.
    let fault = refused_request(|_, client| {
        let mut bytes = client.protect(request(5, 0, 0, b"stub"));
        let trailer = bytes.len() - crate::rpc::testing::TOKEN_LEN - 8;
        bytes[trailer + 2] = 17;
        bytes
    });
    assert_eq!(fault, (5, SEC_PKG_ERROR, 0, true));
}

#[test]
fn fragments_of_a_call_share_one_context() {
    let begin = |rig: &mut Rig, client: &mut Client| {
        let pdu = fragment(PfcFlags::FIRST, request(5, 0, 0, b"12345678"));
        rig.push(&client.protect(pdu));
    };
    let last = || fragment(PfcFlags::LAST, request(5, 0, 0, b"9"));
    let mut rig = Rig::bound();
    let mut alice = rig.authenticate("alice", AuthLevel::Privacy, 1);
    begin(&mut rig, &mut alice);
    assert_eq!(alice.call(&mut rig, last()), "alice 6 0 9");

    let mut bob = rig.authenticate("bob", AuthLevel::Privacy, 2);
    begin(&mut rig, &mut alice);
    rig.push(&bob.protect(last()));
    assert_eq!(rig.fault(), (5, SEC_PKG_ERROR, 0, true));
    rig.assert_closed();

    let fault = refused_request(|rig, client| {
        begin(rig, client);
        last().encode().unwrap()
    });
    assert_eq!(fault, (5, PROTO_ERROR, 0, true));
}

#[test]
fn dropped_fragments_keep_the_sequence() {
    let mut rig = Rig::bound();
    let mut client = rig.authenticate("alice", AuthLevel::Privacy, 1);
    rig.push(&client.protect(fragment(PfcFlags::FIRST, request(5, 42, 0, b"12345678"))));
    assert_eq!(rig.fault(), (5, UNK_IF, 0, false));
    rig.push(&client.protect(fragment(PfcFlags::LAST, request(5, 42, 0, b"9"))));
    rig.assert_alive();
    assert_eq!(client.call(&mut rig, request(6, 0, 0, b"")), "alice 6 0 0");
}

#[test]
fn long_answers_are_sealed_fragment_by_fragment() {
    let mut rig = Rig::bound();
    let mut client = rig.authenticate("alice", AuthLevel::Privacy, 1);
    rig.push(&client.protect(request(5, 1, 1, b"20000")));
    let mut stub = Vec::new();
    while let Some(frame) = rig.received.pop_front() {
        assert!(frame.header().frag_length <= 5840);
        let pdu = client.open(frame);
        stub.extend_from_slice(&pdu.stub());
    }
    assert_eq!(stub, vec![0x5A; 20_000]);
}

#[test]
fn header_signing_covers_the_header_once_agreed() {
    for flags in [PfcFlags::empty(), PfcFlags::SUPPORT_HEADER_SIGN] {
        let agreed = !flags.is_empty();
        for claimed in [agreed, !agreed] {
            let mut rig = Rig::new();
            rig.bind(flags);
            let mut client = rig.authenticate("alice", AuthLevel::Integrity, 1);
            client.header_signing = claimed;
            rig.push(&client.protect(request(5, 0, 0, b"")));
            if claimed == agreed {
                let frame = rig.frame();
                client.open(frame);
            } else {
                assert_eq!(rig.fault().1, SEC_PKG_ERROR);
            }
        }
    }
}

#[test]
fn authentications_that_cannot_begin_are_refused() {
    for (auth_type, auth_level, expected) in [
        (10, 0, 0),
        (10, 1, 0),
        (10, 7, 0),
        (10, 255, 0),
        (0, 0, 0),
        (0, 6, 8),
        (1, 6, 8),
        (14, 6, 8),
        (16, 6, 8),
        (10, 6, 9),
    ] {
        let mut rig = Rig::new();
        rig.send(&secure_bind(auth_type, auth_level, "bad"));
        assert_eq!(rig.nak(), expected, "type {auth_type} level {auth_level}");
        rig.assert_closed();
    }
}

#[test]
fn level_call_is_packet() {
    let mut rig = Rig::new();
    rig.send(&secure_bind(10, 3, "now alice=7"));
    rig.bind_ack();
    let mut client = Client {
        context: ToyContext::new(7, None),
        level: AuthLevel::Packet,
        context_id: 0,
        header_signing: false,
    };
    assert_eq!(client.call(&mut rig, request(2, 0, 0, b"")), "alice 4 0 0");
}

#[test]
fn failures_in_alter_context_are_security_package_errors() {
    for tokens in [&["bad"][..], &["hello", "bad"], &["hello", "empty=1"]] {
        let mut rig = Rig::bound();
        for (index, token) in tokens.iter().enumerate() {
            rig.send(&alter(token, AuthLevel::Privacy, 0));
            if index + 1 < tokens.len() {
                rig.bind_ack();
            }
        }
        assert_eq!(rig.fault(), (2, SEC_PKG_ERROR, 0, false));
        rig.assert_closed();
    }
}

#[test]
fn an_endless_authentication_fails() {
    let mut rig = Rig::bound();
    for _ in 0..5 {
        rig.send(&alter("hello", AuthLevel::Privacy, 0));
        rig.bind_ack();
    }
    rig.send(&alter("hello", AuthLevel::Privacy, 0));
    assert_eq!(rig.fault().1, SEC_PKG_ERROR);
}

#[test]
fn a_failed_auth3_is_silent_until_the_first_request() {
    for (token, level) in [
        ("bad", AuthLevel::Privacy),
        ("hello", AuthLevel::Privacy),
        ("empty=7", AuthLevel::Privacy),
        // The last token cannot be sent.
        ("now alice=7", AuthLevel::Privacy),
        ("alice=7", AuthLevel::Integrity),
    ] {
        let mut rig = Rig::new();
        rig.send(&secure_bind(10, 6, "hello"));
        rig.bind_ack();
        rig.send(&auth3(token, level, 0));
        rig.assert_alive();
        let mut client = Client {
            context: ToyContext::new(7, None),
            level: AuthLevel::Privacy,
            context_id: 0,
            header_signing: false,
        };
        rig.push(&client.protect(request(2, 1, 0, b"")));
        assert_eq!(rig.fault(), (2, ACCESS_DENIED, 1, true), "{token}");
        rig.assert_closed();
    }
}

#[test]
fn a_failed_connect_context_does_not_serve_bare_requests() {
    let mut rig = Rig::new();
    rig.send(&secure_bind(10, 2, "hello"));
    rig.bind_ack();
    rig.send(&auth3("bad", AuthLevel::Connect, 0));
    rig.send(&request(2, 0, 0, b""));
    assert_eq!(rig.fault().1, ACCESS_DENIED);
    rig.assert_closed();
}

#[test]
fn auth3_needs_an_open_handshake() {
    let none = Pdu { auth: None, ..auth3("", AuthLevel::Privacy, 0) };
    for pdu in [auth3("alice=7", AuthLevel::Privacy, 0), none] {
        let mut rig = Rig::bound();
        rig.send(&pdu);
        assert_eq!(rig.fault(), (2, PROTO_ERROR, 0, false));
        rig.assert_closed();
    }
    let mut rig = Rig::bound();
    rig.authenticate("alice", AuthLevel::Privacy, 0);
    rig.send(&auth3("bob=7", AuthLevel::Privacy, 0));
    assert_eq!(rig.fault(), (2, PROTO_ERROR, 0, false));
    rig.assert_closed();
}

#[test]
fn a_context_cannot_be_authenticated_again_or_changed() {
    let mut rig = Rig::bound();
    rig.authenticate("alice", AuthLevel::Privacy, 0);
    rig.send(&alter("hello", AuthLevel::Privacy, 0));
    assert_eq!(rig.fault(), (2, ACCESS_DENIED, 0, false));
    rig.assert_closed();

    for (auth_type, auth_level, expected) in
        [(10, 5, ACCESS_DENIED), (9, 6, SEC_PKG_ERROR), (1, 5, ACCESS_DENIED)]
    {
        let mut rig = Rig::bound();
        rig.send(&alter("hello", AuthLevel::Privacy, 0));
        rig.bind_ack();
        let mut second = alter("alice=7", AuthLevel::Privacy, 0);
        let trailer = &mut second.auth.as_mut().unwrap().trailer;
        (trailer.auth_type, trailer.auth_level) = (auth_type, auth_level);
        rig.send(&second);
        assert_eq!(rig.fault(), (2, expected, 0, false));
        rig.assert_closed();
    }
}

#[test]
fn requests_before_the_end_of_a_handshake_are_protocol_errors() {
    let mut rig = Rig::bound();
    rig.send(&alter("hello", AuthLevel::Connect, 0));
    rig.bind_ack();
    let mut pdu = request(3, 0, 0, b"");
    pdu.auth = Some(Auth::new(10, 2, 0, Bytes::from_static(&[1; 16])));
    rig.send(&pdu);
    assert_eq!(rig.fault(), (3, PROTO_ERROR, 0, false));
    rig.assert_closed();
}

#[test]
fn a_trailer_at_connect_is_allowed_and_means_nothing() {
    let mut rig = Rig::bound();
    rig.authenticate("alice", AuthLevel::Connect, 5);
    let mut pdu = request(3, 0, 0, b"");
    pdu.auth = Some(Auth::new(10, 2, 5, Bytes::from_static(&[1; 16])));
    rig.send(&pdu);
    assert_eq!(rig.response(), "alice 2 0 0");
    rig.assert_alive();
}

#[test]
fn presentation_contexts_join_an_authenticated_connection_without_trailer() {
    let mut rig = Rig::new();
    rig.send(&secure_bind(10, 6, "now alice=7"));
    rig.bind_ack();
    rig.send(&Pdu::new(3, Body::AlterContext(bind(&[(9, SECURE)]))));
    rig.bind_ack();
    let mut client = Client {
        context: ToyContext::new(7, None),
        level: AuthLevel::Privacy,
        context_id: 0,
        header_signing: false,
    };
    assert_eq!(client.call(&mut rig, request(4, 9, 0, b"")), "alice 6 0 0");
}

#[test]
fn padding_that_does_not_fit_is_a_protocol_error() {
    // As Windows does it: no more than what stands behind the first 24 bytes.
    let padded = |pdu: &Pdu, beyond: usize| {
        let mut bytes = pdu.encode().unwrap();
        let trailer = bytes.len() - pdu.auth.as_ref().unwrap().token.len() - 8;
        bytes[trailer + 2] = u8::try_from(trailer.saturating_sub(24) + beyond).unwrap();
        bytes
    };
    for beyond in [0, 1] {
        let mut rig = Rig::new();
        rig.push(&padded(&secure_bind(10, 6, "hello"), beyond));
        if beyond == 0 {
            rig.bind_ack();
        } else {
            assert_eq!(rig.nak(), 4);
            rig.assert_closed();
        }
        let mut rig = Rig::bound();
        rig.push(&padded(&alter("hello", AuthLevel::Privacy, 0), beyond));
        if beyond == 0 {
            rig.bind_ack();
        } else {
            assert_eq!(rig.fault(), (2, PROTO_ERROR, 0, false));
            rig.assert_closed();
        }
    }
    let mut rig = Rig::bound();
    rig.push(&padded(&auth3("hello", AuthLevel::Privacy, 0), 1));
    assert_eq!(rig.fault(), (2, 0x1C00_001B, 0, false));
    rig.assert_closed();
}
