//! Tests of the SPNEGO acceptor, with NTLM inside, and with a scripted mechanism in Kerberos's
//! place.

use zeroize::Zeroizing;

use super::der::value;
use super::messages::{NegState, NegTokenInit, NegTokenResp};
use super::{Mechanism, SpnegoAcceptor, oid};
use crate::auth::ntlm::tests::{Client, Server, run};
use crate::auth::ntlm::{NtlmContext, NtlmPolicy};
use crate::auth::{Accepted, Acceptor, AuthError, AuthLevel, BoxFuture, PduParts, SecurityContext};

const NEGOEX: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1E];
const WINDOWS: &[&[u8]] = &[oid::MS_KERBEROS, oid::KERBEROS, NEGOEX, oid::NTLM];
const NTLM_FIRST: &[&[u8]] = &[oid::NTLM];

fn spnego(server: &Server) -> SpnegoAcceptor {
    SpnegoAcceptor::new(vec![Mechanism::ntlm(Box::new(server.acceptor()), true)])
}

fn server() -> Server {
    Server::new(NtlmPolicy::default())
}

fn going_on(outcome: Result<Accepted, AuthError>) -> Vec<u8> {
    match outcome.expect("not refused") {
        Accepted::Continue(token) => token,
        Accepted::Done { .. } => panic!("not done yet"),
    }
}

/// How a client ends the negotiation.
#[derive(Clone, Copy, PartialEq)]
enum Mic {
    Right,
    None,
    OverAnotherList,
}

struct Ended {
    mine: NtlmContext,
    theirs: Box<dyn SecurityContext>,
    answer: Vec<u8>,
    list: Vec<u8>,
}

/// An NTLM client that lists `mechs` and ends with `mic`.
fn negotiate(
    acceptor: &mut SpnegoAcceptor,
    client: &Client,
    mechs: &[&[u8]],
    mic: Mic,
) -> Result<Ended, AuthError> {
    let list = NegTokenInit::encode_mech_types(mechs);
    let ntlm_first = mechs.first() == Some(&oid::NTLM);
    let optimistic = if ntlm_first { client.negotiate() } else { b"not for NTLM".to_vec() };
    let mut answer = going_on(run(acceptor.accept(&NegTokenInit::encode(&list, &optimistic))));
    let resp = NegTokenResp::parse(&answer).expect("well-formed");
    assert_eq!(resp.supported_mech, Some(oid::NTLM));
    if !ntlm_first {
        assert_eq!((resp.state, resp.response_token), (Some(NegState::RequestMic), None));
        answer = going_on(run(acceptor.accept(&respond(&client.negotiate(), None))));
    }
    let resp = NegTokenResp::parse(&answer).expect("well-formed");
    assert_eq!(resp.state, Some(NegState::AcceptIncomplete));
    assert_eq!(resp.supported_mech.is_some(), ntlm_first, "in the first answer only");
    let (authenticate, key) = client.authenticate(resp.response_token.expect("a CHALLENGE"));
    let mut mine = NtlmContext::initiator(&key);
    let signed = match mic {
        Mic::None => None,
        Mic::Right => Some(mine.get_mic(&list).expect("alive")),
        Mic::OverAnotherList => {
            let reordered: Vec<&[u8]> = mechs.iter().rev().copied().collect();
            Some(mine.get_mic(&NegTokenInit::encode_mech_types(&reordered)).expect("alive"))
        }
    };
    match run(acceptor.accept(&respond(&authenticate, signed.as_deref())))? {
        Accepted::Done { token: Some(answer), context } => {
            Ok(Ended { mine, theirs: context, answer, list })
        }
        _ => panic!("an answer and a context are due"),
    }
}

fn respond(token: &[u8], mic: Option<&[u8]>) -> Vec<u8> {
    NegTokenResp {
        state: Some(NegState::AcceptIncomplete),
        response_token: Some(token),
        mech_list_mic: mic,
        ..Default::default()
    }
    .encode()
}

/// A sealed PDU each way.
fn check_both_ways(mine: &mut dyn SecurityContext, theirs: &mut dyn SecurityContext) {
    for _ in 0..2 {
        let mut body = *b"stub";
        fn parts(body: &mut [u8]) -> PduParts<'_> {
            PduParts { header: b"h", body, trailer: b"t", header_signing: true }
        }
        let token = mine.protect(AuthLevel::Privacy, parts(&mut body)).expect("alive");
        theirs.unprotect(AuthLevel::Privacy, parts(&mut body), &token).expect("in step");
        let token = theirs.protect(AuthLevel::Privacy, parts(&mut body)).expect("alive");
        mine.unprotect(AuthLevel::Privacy, parts(&mut body), &token).expect("in step");
    }
}

#[test]
fn ntlm_with_mics_as_windows_does_it() {
    for mechs in [NTLM_FIRST, WINDOWS] {
        let server = server();
        let mut acceptor = spnego(&server);
        let mut ended =
            negotiate(&mut acceptor, &Client::alice(), mechs, Mic::Right).expect("logs on");
        let answer = NegTokenResp::parse(&ended.answer).expect("well-formed");
        assert_eq!((answer.state, answer.response_token), (Some(NegState::AcceptCompleted), None));
        let mic = answer.mech_list_mic.expect("answered in kind");
        ended.mine.verify_mic(&ended.list, mic).expect("right");
        check_both_ways(&mut ended.mine, &mut *ended.theirs);
        assert_eq!(
            run(acceptor.accept(&ended.answer)).map(|_| ()),
            Err(AuthError::OutOfSequence),
            "a token after the end"
        );
    }
}

#[test]
fn a_client_without_any_mic_needs_none_where_ntlm_is_its_first_choice() {
    let server = server();
    let client = Client::without_mic();
    let mut ended =
        negotiate(&mut spnego(&server), &client, NTLM_FIRST, Mic::None).expect("logs on");
    let answer = NegTokenResp::parse(&ended.answer).expect("well-formed");
    assert_eq!(answer.mech_list_mic, None);
    check_both_ways(&mut ended.mine, &mut *ended.theirs);
}

#[test]
fn a_missing_or_wrong_mic_is_refused() {
    let server = server();
    let refusal = |client: &Client, mechs, mic| {
        negotiate(&mut spnego(&server), client, mechs, mic).map(|_| ()).err()
    };
    let missing = AuthError::Refused("no mechListMIC: the mechanism list may have been altered");
    assert_eq!(refusal(&Client::alice(), NTLM_FIRST, Mic::None), Some(missing.clone()));
    assert_eq!(refusal(&Client::without_mic(), WINDOWS, Mic::None), Some(missing));
    let wrong = Some(AuthError::BadSignature);
    assert_eq!(refusal(&Client::alice(), WINDOWS, Mic::OverAnotherList), wrong);
    assert_eq!(refusal(&Client::without_mic(), WINDOWS, Mic::OverAnotherList), wrong);
}

#[test]
fn a_wrong_password_is_refused() {
    let client = Client { password: "wrong", ..Client::alice() };
    let refusal = negotiate(&mut spnego(&server()), &client, WINDOWS, Mic::Right).map(|_| ());
    assert_eq!(refusal.err(), Some(AuthError::LogonFailure));
}

#[test]
fn raw_ntlm_tokens_are_taken_where_allowed() {
    let server = server();
    let (mut mine, mut theirs) = Client::alice().log_on(&mut spnego(&server)).expect("logs on");
    check_both_ways(&mut mine, &mut *theirs);
    let ntlm = Mechanism::ntlm(Box::new(server.acceptor()), false);
    assert!(Client::alice().log_on(&mut SpnegoAcceptor::new(vec![ntlm])).is_err());
}

/// A list without a token, or with NTLM alone, gets no more than the mechanism's name.
#[test]
fn no_optimistic_token() {
    let list = NegTokenInit::encode_mech_types(NTLM_FIRST);
    let init = NegTokenInit::encode(&list, b"");
    let without_token = {
        // The same without [2]: 04 00 in A2.
        let at = init.len() - 4;
        assert_eq!(init[at..], [0xA2, 2, 4, 0]);
        let content = value(0x30, &value(0xA0, &list));
        let mut inner = value(6, &[0x2B, 6, 1, 5, 5, 2]);
        inner.extend(value(0xA0, &content));
        value(0x60, &inner)
    };
    let server = server();
    let answer = going_on(run(spnego(&server).accept(&without_token)));
    let resp = NegTokenResp::parse(&answer).expect("well-formed");
    assert_eq!(resp.state, Some(NegState::AcceptIncomplete));
    assert_eq!((resp.supported_mech, resp.response_token), (Some(oid::NTLM), None));
}

fn refused_first(token: &[u8], why: &str) {
    let server = server();
    let mut acceptor = spnego(&server);
    assert!(run(acceptor.accept(token)).is_err(), "must be refused: {why}");
    let good = NegTokenInit::encode(
        &NegTokenInit::encode_mech_types(NTLM_FIRST),
        &Client::alice().negotiate(),
    );
    assert_eq!(run(acceptor.accept(&good)).map(|_| ()), Err(AuthError::OutOfSequence), "{why}");
}

fn init_of(content: &[u8]) -> Vec<u8> {
    let mut inner = value(6, &[0x2B, 6, 1, 5, 5, 2]);
    inner.extend(value(0xA0, &value(0x30, content)));
    value(0x60, &inner)
}

#[test]
fn bad_first_tokens() {
    let ntlm = NegTokenInit::encode_mech_types(NTLM_FIRST);
    let negotiate = Client::alice().negotiate();
    let good = NegTokenInit::encode(&ntlm, &negotiate);
    for cut in 0..good.len() {
        refused_first(&good[..cut], "truncated");
    }
    refused_first(&[&good[..], &[0]].concat(), "something behind the end");
    let token = |list: &[u8]| NegTokenInit::encode(list, &negotiate);
    refused_first(&token(&NegTokenInit::encode_mech_types(&[])), "empty list");
    refused_first(&token(&NegTokenInit::encode_mech_types(&[oid::NTLM; 1000])), "1000 mechanisms");
    refused_first(&token(&NegTokenInit::encode_mech_types(&[NEGOEX])), "nothing in common");
    refused_first(&token(&value(0x31, &[])), "a SET");
    let mut indefinite = good.clone();
    indefinite[1] = 0x80;
    refused_first(&indefinite, "indefinite length");
    refused_first(&[0x60, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], "a length of 4 GiB");
    refused_first(&[0x60, 0x85, 0, 0, 0, 0, 0], "a length of five octets");
    let list = value(0xA0, &ntlm);
    let hints = value(0xA3, &value(0x30, &value(0xA0, &value(0x1B, b"not_defined"))));
    refused_first(&init_of(&[list.clone(), hints].concat()), "negHints");
    let mic = value(0xA3, &value(4, &[0; 16]));
    refused_first(&init_of(&[list.clone(), mic].concat()), "a mechListMIC before the context");
    refused_first(&init_of(&[value(0xA2, &value(4, b"x")), list].concat()), "wrong order");
    refused_first(&respond(&negotiate, None), "a NegTokenResp first");
    refused_first(&[0x6E, 0x03, 0x02, 0x01, 0x05], "a bare AP-REQ, without Kerberos");
    refused_first(b"", "nothing");
    refused_first(&vec![0x60; 70_000], "longer than 64 KiB");
}

#[test]
fn bad_later_tokens() {
    let server = server();
    let list = NegTokenInit::encode_mech_types(WINDOWS);
    let init = NegTokenInit::encode(&list, b"x");
    let refused_second = |token: &[u8], why: &str| {
        let mut acceptor = spnego(&server);
        going_on(run(acceptor.accept(&init)));
        assert!(run(acceptor.accept(token)).is_err(), "must be refused: {why}");
        assert_eq!(run(acceptor.accept(token)).map(|_| ()), Err(AuthError::OutOfSequence));
    };
    let negotiate = Client::alice().negotiate();
    refused_second(&init, "a second NegTokenInit");
    let good = respond(&negotiate, None);
    for cut in 0..good.len() {
        refused_second(&good[..cut], "truncated");
    }
    refused_second(&[&good[..], &[0]].concat(), "something behind the end");
    refused_second(&respond(&negotiate, Some(&[0; 16])), "a mechListMIC before the context");
    refused_second(&NegTokenResp::default().encode(), "no token");
    let reject = NegTokenResp {
        state: Some(NegState::Reject),
        response_token: Some(&negotiate),
        ..Default::default()
    };
    refused_second(&reject.encode(), "reject");
    let state = |content: &[u8]| {
        let token = value(0xA2, &value(4, &negotiate));
        let state = value(0xA0, &value(0x0A, content));
        value(0xA1, &value(0x30, &[state, token].concat()))
    };
    refused_second(&state(&[4]), "an unknown state");
    refused_second(&state(&[]), "an empty state");
}

/// A mechanism that goes on `legs` times and then stands.
struct Scripted {
    legs: usize,
    tokens: usize,
}

fn scripted(legs: usize) -> Mechanism {
    Mechanism::kerberos(Box::new(Scripted { legs, tokens: 0 }))
}

impl Acceptor for Scripted {
    fn accept<'a>(&'a mut self, _: &'a [u8]) -> BoxFuture<'a, Result<Accepted, AuthError>> {
        self.tokens += 1;
        let accepted = if self.tokens < self.legs {
            Accepted::Continue(b"AP-REP".to_vec())
        } else {
            let caller = Client::alice_as_caller();
            let context = NtlmContext::acceptor(&Zeroizing::new([1; 16]), caller);
            Accepted::Done { token: None, context: Box::new(context) }
        };
        Box::pin(async move { Ok(accepted) })
    }
}

#[test]
fn kerberos_in_three_legs_under_the_name_that_the_client_puts_first() {
    for first in [oid::MS_KERBEROS, oid::KERBEROS] {
        let mut acceptor = SpnegoAcceptor::new(vec![
            Mechanism::ntlm(Box::new(server().acceptor()), true),
            scripted(2),
        ]);
        let list = NegTokenInit::encode_mech_types(&[first, NEGOEX, oid::NTLM]);
        let answer = going_on(run(acceptor.accept(&NegTokenInit::encode(&list, b"\x6E\x00"))));
        let resp = NegTokenResp::parse(&answer).expect("well-formed");
        assert_eq!(resp.state, Some(NegState::AcceptIncomplete));
        assert_eq!(resp.supported_mech, Some(first), "Windows fails on the other name");
        assert_eq!(resp.response_token, Some(&b"AP-REP"[..]));

        let mut mine = NtlmContext::initiator(&Zeroizing::new([1; 16]));
        let mic = mine.get_mic(&list).expect("alive");
        let Ok(Accepted::Done { token: Some(answer), .. }) =
            run(acceptor.accept(&respond(b"\x6F\x00", Some(&mic))))
        else {
            panic!("done");
        };
        let resp = NegTokenResp::parse(&answer).expect("well-formed");
        assert_eq!(resp.state, Some(NegState::AcceptCompleted));
        assert_eq!((resp.supported_mech, resp.response_token), (None, None));
        mine.verify_mic(&list, resp.mech_list_mic.expect("answered in kind")).expect("right");
    }
}

#[test]
fn a_bare_ap_req_goes_to_kerberos() {
    let mut acceptor = SpnegoAcceptor::new(vec![scripted(2)]);
    assert_eq!(going_on(run(acceptor.accept(b"\x6E\x00"))), b"AP-REP", "bare as well");
    let done = run(acceptor.accept(b"\x6F\x00"));
    assert!(matches!(done, Ok(Accepted::Done { token: None, .. })));
}

#[test]
fn no_more_than_six_legs() {
    let mut acceptor = SpnegoAcceptor::new(vec![scripted(10)]);
    let list = NegTokenInit::encode_mech_types(&[oid::KERBEROS]);
    going_on(run(acceptor.accept(&NegTokenInit::encode(&list, b"1"))));
    for _ in 2..=6 {
        going_on(run(acceptor.accept(&respond(b"x", None))));
    }
    assert!(run(acceptor.accept(&respond(b"x", None))).is_err());
}

/// The tokens of a good exchange, to be damaged.
fn good_tokens() -> [Vec<u8>; 2] {
    let list = NegTokenInit::encode_mech_types(WINDOWS);
    [NegTokenInit::encode(&list, b"x"), respond(&Client::alice().negotiate(), Some(&[1; 16]))]
}

proptest::proptest! {
    /// Nothing that the reader takes panics, and it reads what it wrote.
    #[test]
    fn damaged_tokens_do_no_harm(
        which in 0usize..2,
        place in 0usize..120,
        byte in proptest::prelude::any::<u8>(),
        cut in 0usize..140,
    ) {
        let mut token = good_tokens()[which].clone();
        let place = place % token.len();
        token[place] = byte;
        token.truncate(cut.max(1));
        if let Ok(resp) = NegTokenResp::parse(&token) {
            let again = resp.encode();
            assert_eq!(NegTokenResp::parse(&again), Ok(resp));
        }
        let server = server();
        let mut acceptor = spnego(&server);
        for _ in 0..2 {
            let outcome = run(acceptor.accept(&token));
            assert!(!matches!(outcome, Ok(Accepted::Done { .. })));
        }
    }
}
