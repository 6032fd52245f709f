use uuid::Uuid;

use bytes::Bytes;

use super::*;
use crate::auth::Initiated;
use crate::ndr::ByteOrder;
use crate::rpc::pdu::{
    Auth, Bind, BindAck, BindNak, BindTimeFeatures, ContextResult, Drep, NDR_SYNTAX, NDR64_SYNTAX,
    NakReason, PfcFlags, Request, Response, syntax_of,
};
use crate::rpc::testing::{TOKEN_LEN, ToyContext};

const KEY: u64 = 42;

fn interface() -> InterfaceId {
    InterfaceId { uuid: Uuid::from_u128(1), major: 1, minor: 0 }
}

fn decode(bytes: &[u8]) -> Pdu {
    Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap()
}

fn proposals(pdu: &Pdu) -> &Bind {
    match &pdu.body {
        Body::Bind(bind) | Body::AlterContext(bind) => bind,
        other => panic!("{other:?}"),
    }
}

/// Accepts NDR64 where it is offered, as Windows does.
fn ack(bind: &Pdu, header_signing: bool, token: Option<&[u8]>) -> Vec<u8> {
    let proposed = proposals(bind);
    let ndr64 = proposed.contexts.iter().any(|c| c.transfer_syntaxes.contains(&NDR64_SYNTAX));
    let results = proposed.contexts.iter().map(|context| match context.transfer_syntaxes[..] {
        [NDR_SYNTAX] if ndr64 => ContextResult::rejection(2),
        [syntax] if syntax_of(&syntax).is_some() => ContextResult::acceptance(syntax),
        _ => ContextResult::features(BindTimeFeatures::empty()),
    });
    let body = BindAck {
        max_xmit_frag: 5840,
        max_recv_frag: 2000,
        assoc_group_id: 77,
        secondary_address: Bytes::from_static(b"135\0"),
        padding: Bytes::new(),
        results: results.collect(),
    };
    let body = match bind.body {
        Body::Bind(_) => Body::BindAck(body),
        _ => Body::AlterContextResponse(body),
    };
    let mut pdu = Pdu::new(bind.call_id, body);
    pdu.flags.set(PfcFlags::SUPPORT_HEADER_SIGN, header_signing);
    pdu.auth = token.map(|token| Auth::new(10, 6, 0, Bytes::copy_from_slice(token)));
    pdu.encode().unwrap()
}

fn response(call_id: u32, flags: PfcFlags, stub: &[u8]) -> Pdu {
    let stub = Bytes::copy_from_slice(stub);
    let body = Response { alloc_hint: 0, context_id: 1, cancel_count: 0, reserved: 0, stub };
    Pdu { flags, ..Pdu::new(call_id, Body::Response(body)) }
}

const WHOLE: PfcFlags = PfcFlags::FIRST.union(PfcFlags::LAST);

fn poll(association: &mut Association, bytes: &[u8]) -> Result<Option<Event>, ClientError> {
    association.receive(bytes);
    association.poll()
}

/// A bound association without authentication, and the bind that it sent.
fn open() -> (Association, Pdu) {
    let mut association = Association::new(AssociationOptions::default());
    let bind = decode(&association.bind(interface(), None).unwrap());
    let event = poll(&mut association, &ack(&bind, false, None)).unwrap();
    assert!(matches!(event, Some(Event::Bound)));
    (association, bind)
}

/// Authenticated as NTLM does, in three legs; returns the server's context too.
fn open_sealed(
    options: AssociationOptions,
    server_signs_headers: bool,
) -> Result<(Association, ToyContext, bool), ClientError> {
    let mut association = Association::new(options);
    let first = Initiated::Continue(b"one".to_vec());
    let first_leg = Some((AuthType::Ntlm, AuthLevel::Privacy, first));
    let bind = decode(&association.bind(interface(), first_leg)?);
    assert!(bind.flags.contains(PfcFlags::SUPPORT_HEADER_SIGN));
    assert_eq!(bind.auth.as_ref().unwrap().token, "one");
    let event = poll(&mut association, &ack(&bind, server_signs_headers, Some(b"two")))?;
    let Some(Event::Token(token)) = event else { panic!("a token") };
    assert_eq!(token, "two");
    let context = Box::new(ToyContext::new(KEY, None));
    let last = Initiated::Done { token: Some(b"three".to_vec()), context };
    let auth3 = decode(&association.leg(last)?.unwrap());
    assert!(matches!(auth3.body, Body::Auth3(_)));
    assert_eq!((auth3.call_id, auth3.auth.unwrap().token), (bind.call_id, "three".into()));
    assert!(association.is_ready());
    let signing = server_signs_headers;
    Ok((association, ToyContext::new(KEY, None), signing))
}

fn protection(context: &mut ToyContext, header_signing: bool) -> Protection<'_> {
    let level = AuthLevel::Privacy;
    Protection { context, level, auth_type: 10, auth_level: 6, context_id: 0, header_signing }
}

/// Takes a call apart as a server does: the requests' bodies, and the stub as a whole.
fn unseal(bytes: &[u8], context: &mut ToyContext, signing: bool) -> (Vec<(Pdu, usize)>, Vec<u8>) {
    let mut framer = Framer::default();
    framer.push(bytes);
    let (mut pdus, mut whole) = (Vec::new(), Vec::new());
    while let Some(mut frame) = framer.next_frame(2000).unwrap() {
        pdu::unprotect(&mut frame, &mut protection(context, signing)).unwrap();
        let pdu = Pdu::decode(frame).unwrap();
        let stub = pdu.stub();
        whole.extend_from_slice(&stub);
        pdus.push((pdu, stub.len()));
    }
    assert_eq!(framer.buffered(), 0);
    (pdus, whole)
}

fn request_of(pdu: &Pdu) -> &Request {
    match &pdu.body {
        Body::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_bind_offers_what_windows_offers() {
    let (association, bind) = open();
    let offered: Vec<_> =
        proposals(&bind).contexts.iter().map(|c| (c.id, c.transfer_syntaxes[0])).collect();
    let features = BindTimeFeatures::KEEP_CONNECTION_ON_ORPHAN.to_syntax();
    assert_eq!(offered, [(0, NDR_SYNTAX), (1, NDR64_SYNTAX), (2, features)]);
    assert_eq!(bind.flags, WHOLE);
    assert_eq!(association.encoding().unwrap().syntax, Syntax::Ndr64);
    assert_eq!(association.group(), 77);
}

#[test]
fn a_call_and_its_fragmented_answer() {
    let (mut association, _) = open();
    let object = Some(Uuid::from_u128(5));
    let call = decode(&association.request(object, 7, vec![1, 2, 3]).unwrap());
    let request = request_of(&call);
    assert_eq!((request.context_id, request.opnum, request.object), (1, 7, object));
    assert_eq!((request.alloc_hint, &request.stub[..]), (3, &[1, 2, 3][..]));
    assert_eq!(call.flags, WHOLE | PfcFlags::OBJECT_UUID);

    let pieces = [(PfcFlags::FIRST, b"ab"), (PfcFlags::empty(), b"cd"), (PfcFlags::LAST, b"ef")];
    for (flags, stub) in pieces {
        let mut pdu = response(call.call_id, flags, stub);
        pdu.drep = Drep::BIG;
        match poll(&mut association, &pdu.encode().unwrap()).unwrap() {
            None => assert_ne!(flags, PfcFlags::LAST),
            Some(Event::Answer(encoding, stub)) => {
                assert_eq!(encoding, Encoding { syntax: Syntax::Ndr64, order: ByteOrder::Big });
                assert_eq!(stub, b"abcdef");
            }
            Some(_) => panic!("an answer"),
        }
    }
    assert!(association.is_ready());
}

#[test]
fn a_sealed_call_states_its_context_once() {
    let (mut association, mut server, signing) =
        open_sealed(AssociationOptions::default(), true).unwrap();
    let call = association.request(None, 0, vec![9; 5]).unwrap();
    let (pdus, stub) = unseal(&call, &mut server, signing);
    let trailer = VerificationTrailer {
        presentation: Some((interface(), NDR64_SYNTAX)),
        ..VerificationTrailer::default()
    };
    assert_eq!(stub, [vec![9; 5], trailer.to_bytes(5)].concat());

    let answer = response(pdus[0].0.call_id, WHOLE, b"done");
    let answer = pdu::protect(answer, &mut protection(&mut server, signing)).unwrap();
    let event = poll(&mut association, &answer).unwrap();
    assert!(matches!(event, Some(Event::Answer(_, stub)) if stub == b"done"));

    let call = association.request(None, 0, vec![9; 5]).unwrap();
    assert_eq!(unseal(&call, &mut server, signing).1, [9; 5]);
}

#[test]
fn fragments_never_split_the_verification_trailer() {
    // Two fragments hold 2 × 1952 bytes; the trailer has 8 + 44 and up to 3 of padding.
    let capacity = pdu::stub_capacity(2000, TOKEN_LEN, false);
    assert_eq!(capacity, 1952);
    for length in (capacity * 2 - 70)..(capacity * 2 + 10) {
        let (mut association, mut server, signing) =
            open_sealed(AssociationOptions::default(), true).unwrap();
        let call = association.request(None, 3, vec![7; length]).unwrap();
        let (pdus, stub) = unseal(&call, &mut server, signing);
        let trailer = stub.len() - length;
        assert!((52..56).contains(&trailer), "{trailer}");
        let mut left = stub.len();
        for (at, (pdu, stub)) in pdus.iter().enumerate() {
            assert_eq!(request_of(pdu).alloc_hint as usize, left);
            assert_eq!(pdu.flags.contains(PfcFlags::FIRST), at == 0);
            let last = at == pdus.len() - 1;
            assert_eq!(pdu.flags.contains(PfcFlags::LAST), last);
            assert!(if last { *stub >= trailer } else { stub % 8 == 0 });
            left -= stub;
        }
    }
}

#[test]
fn header_signing_is_insisted_on() {
    let refused = open_sealed(AssociationOptions::default(), false);
    assert!(matches!(refused, Err(ClientError::HeaderSigning)));

    let lenient =
        AssociationOptions { require_header_signing: false, ..AssociationOptions::default() };
    let (mut association, mut server, signing) = open_sealed(lenient, false).unwrap();
    let call = association.request(None, 8, vec![]).unwrap();
    let (pdus, stub) = unseal(&call, &mut server, signing);
    let trailer = VerificationTrailer {
        header_signing: true,
        presentation: Some((interface(), NDR64_SYNTAX)),
        header: Some((pdus[0].0.call_id, 1, 8)),
    };
    assert_eq!(stub, trailer.to_bytes(0));
}

#[test]
fn a_server_cannot_take_authentication_away() {
    let mut association = Association::new(AssociationOptions::default());
    let first = Initiated::Continue(b"one".to_vec());
    let first_leg = Some((AuthType::Ntlm, AuthLevel::Privacy, first));
    let bind = decode(&association.bind(interface(), first_leg).unwrap());
    let refused = poll(&mut association, &ack(&bind, true, None));
    assert!(matches!(refused, Err(ClientError::NotAuthenticated)));
    assert!(association.is_dead());

    let (mut association, ..) = open_sealed(AssociationOptions::default(), true).unwrap();
    association.request(None, 0, vec![]).unwrap();
    let bare = response(2, WHOLE, b"evil").encode().unwrap();
    assert!(matches!(poll(&mut association, &bare), Err(ClientError::Protocol(_))));
    assert!(association.is_dead());

    let (mut association, mut server, signing) =
        open_sealed(AssociationOptions::default(), true).unwrap();
    association.request(None, 0, vec![]).unwrap();
    let mut other = protection(&mut server, signing);
    other.auth_level = 5;
    let lower = pdu::protect(response(2, WHOLE, b"evil"), &mut other).unwrap();
    assert!(matches!(poll(&mut association, &lower), Err(ClientError::Protocol(_))));
}

#[test]
fn a_changed_answer_is_refused() {
    let (mut association, mut server, signing) =
        open_sealed(AssociationOptions::default(), true).unwrap();
    association.request(None, 0, vec![]).unwrap();
    let answer = response(2, WHOLE, b"done");
    let mut answer = pdu::protect(answer, &mut protection(&mut server, signing)).unwrap();
    answer[25] ^= 1;
    assert!(matches!(poll(&mut association, &answer), Err(ClientError::Protect(_))));
    assert!(association.is_dead());
}

#[test]
fn more_than_three_legs_go_through_alter_context() {
    let mut association = Association::new(AssociationOptions::default());
    let first = Initiated::Continue(b"one".to_vec());
    let first_leg = Some((AuthType::Negotiate, AuthLevel::Privacy, first));
    let bind = decode(&association.bind(interface(), first_leg).unwrap());
    let negotiate = |bytes: Vec<u8>| {
        let mut pdu = decode(&bytes);
        pdu.auth.as_mut().unwrap().trailer.auth_type = 9;
        pdu.encode().unwrap()
    };
    let token = poll(&mut association, &negotiate(ack(&bind, true, Some(b"two")))).unwrap();
    assert!(matches!(token, Some(Event::Token(_))));
    let third = association.leg(Initiated::Continue(b"three".to_vec())).unwrap().unwrap();
    let alter = decode(&third);
    let repeated = &proposals(&alter).contexts;
    assert_eq!((repeated.len(), repeated[0].transfer_syntaxes[0]), (1, NDR64_SYNTAX));
    assert!(alter.flags.contains(PfcFlags::SUPPORT_HEADER_SIGN));
    let token = poll(&mut association, &negotiate(ack(&alter, true, Some(b"four")))).unwrap();
    assert!(matches!(token, Some(Event::Token(token)) if token == "four"));
    let context = Box::new(ToyContext::new(KEY, None));
    assert_eq!(association.leg(Initiated::Done { token: None, context }).unwrap(), None);
    assert!(association.is_ready());
}

#[test]
fn refusals_are_typed() {
    let mut association = Association::new(AssociationOptions::default());
    let bind = decode(&association.bind(interface(), None).unwrap());
    let nak = BindNak::new(NakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED);
    let nak = Pdu::new(bind.call_id, Body::BindNak(nak)).encode().unwrap();
    assert!(matches!(poll(&mut association, &nak), Err(ClientError::BindNak(NakReason(8)))));

    let mut association = Association::new(AssociationOptions::default());
    let bind = decode(&association.bind(interface(), None).unwrap());
    let mut refusal = decode(&ack(&bind, false, None));
    if let Body::BindAck(body) = &mut refusal.body {
        body.results = vec![ContextResult::rejection(1); 3];
    }
    let refused = poll(&mut association, &refusal.encode().unwrap());
    assert!(matches!(refused, Err(ClientError::ContextRejected { reason: 1, .. })));
}

#[test]
fn a_fault_ends_the_call_but_not_the_association() {
    let (mut association, _) = open();
    let call = decode(&association.request(None, 0, vec![]).unwrap());
    let fault = pdu::Fault::new(1, Fault::ACCESS_DENIED.0);
    let fault = Pdu::new(call.call_id, Body::Fault(fault)).encode().unwrap();
    let failed = poll(&mut association, &fault);
    assert!(matches!(failed, Err(ClientError::Fault(Fault::ACCESS_DENIED))));
    assert!(association.is_ready());

    // Outside a call, a fault ends the association.
    assert!(matches!(poll(&mut association, &fault), Err(ClientError::Fault(_))));
    assert!(association.is_dead());
}

#[test]
fn answers_are_limited_and_must_fit_the_call() {
    let options = AssociationOptions { max_answer: 4, ..AssociationOptions::default() };
    let mut association = Association::new(options);
    let bind = decode(&association.bind(interface(), None).unwrap());
    poll(&mut association, &ack(&bind, false, None)).unwrap();
    association.request(None, 0, vec![]).unwrap();
    let part = response(2, PfcFlags::FIRST, b"abc").encode().unwrap();
    assert!(poll(&mut association, &part).unwrap().is_none());
    let rest = response(2, PfcFlags::LAST, b"de").encode().unwrap();
    assert!(matches!(poll(&mut association, &rest), Err(ClientError::AnswerTooLarge(4))));

    for wrong in [response(3, WHOLE, b""), response(2, PfcFlags::LAST, b"")] {
        let (mut association, _) = open();
        association.request(None, 0, vec![]).unwrap();
        let refused = poll(&mut association, &wrong.encode().unwrap());
        assert!(matches!(refused, Err(ClientError::Protocol(_))));
    }
}

#[test]
fn a_further_interface_is_bound_once() {
    let (mut association, _) = open();
    let other = InterfaceId { uuid: Uuid::from_u128(2), ..interface() };
    let alter = decode(&association.alter(other).unwrap().unwrap());
    assert_eq!(proposals(&alter).contexts.iter().map(|c| c.id).collect::<Vec<_>>(), [3, 4]);
    let event = poll(&mut association, &ack(&alter, false, None)).unwrap();
    assert!(matches!(event, Some(Event::Bound)));
    let call = decode(&association.request(None, 0, vec![]).unwrap());
    assert_eq!(request_of(&call).context_id, 4);
    let done = response(call.call_id, WHOLE, b"").encode().unwrap();
    poll(&mut association, &done).unwrap();

    assert_eq!(association.alter(interface()).unwrap(), None);
    let call = decode(&association.request(None, 0, vec![]).unwrap());
    assert_eq!(request_of(&call).context_id, 1);
}

/// Whatever a server sends, and at whatever moment: an event or an error, never a panic.
#[test]
fn no_changed_byte_makes_it_panic() {
    let bound = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut association = Association::new(AssociationOptions::default());
        let bind = decode(&association.bind(interface(), None).unwrap());
        let mut bytes = ack(&bind, false, None);
        change(&mut bytes);
        (poll(&mut association, &bytes).is_ok(), association)
    };
    let length = {
        let mut association = Association::new(AssociationOptions::default());
        let bind = decode(&association.bind(interface(), None).unwrap());
        ack(&bind, false, None).len()
    };
    for at in 0..length {
        for bit in 0..8 {
            let (accepted, mut association) = bound(&|bytes| bytes[at] ^= 1 << bit);
            assert!(accepted || association.is_dead());
            if association.is_ready() {
                let _ = association.request(None, 0, vec![0; 5000]);
            }
        }
    }
    for ptype in 0..20 {
        let (_, mut association) = bound(&|_| ());
        association.request(None, 0, vec![]).unwrap();
        let mut answer = response(2, WHOLE, &[0; 40]).encode().unwrap();
        answer[2] = ptype;
        let _ = poll(&mut association, &answer);
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_it_panic(stub in proptest::collection::vec(0_u8.., 0..200), flags: u8) {
        let (mut association, ..) = open_sealed(AssociationOptions::default(), true).unwrap();
        association.request(None, 0, vec![]).unwrap();
        let mut answer = response(2, WHOLE, &stub).encode().unwrap();
        answer[3] = flags;
        // Nothing that is not signed is taken for an answer.
        let event = poll(&mut association, &answer);
        proptest::prop_assert!(event.is_err());
    }
}
