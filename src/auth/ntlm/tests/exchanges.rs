//! Whole exchanges: those that succeed, and every one that must not.

use std::time::Duration;

use super::super::{NtlmPolicy, av};
use super::client::{Client, Server, run};
use crate::auth::{Accepted, Acceptor, AuthError, AuthLevel, PduParts, SecurityContext};
use crate::model::Sid;

fn server() -> Server {
    Server::new(NtlmPolicy::default())
}

/// What comes of a logon on a fresh server.
fn outcome(client: &Client) -> Result<(), AuthError> {
    client.log_on(&mut server().acceptor()).map(|_| ())
}

/// Refused for this reason, and no other one.
fn refused(client: &Client, reason: &str, case: &str) {
    let refusal = outcome(client).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refusal.contains(reason), "{case}: refused for {refusal:?}, not {reason:?}");
}

#[test]
fn a_right_logon_gives_the_account_and_a_working_context() {
    for client in [Client::alice(), Client::without_mic()] {
        let (mut mine, mut theirs) = client.log_on(&mut server().acceptor()).expect("logs on");
        let caller = theirs.caller().expect("acceptors know their caller");
        assert_eq!(caller.account, "WCCE\\alice");
        assert_eq!(caller.token.user().to_string(), "S-1-5-21-1-2-3-1103");
        assert!(caller.token.holds(&Sid::ntlm_authentication()));
        let mut body = *b"stub";
        let pdu = PduParts { header: b"h", body: &mut body, trailer: b"t", header_signing: true };
        let token = mine.protect(AuthLevel::Privacy, pdu).expect("alive");
        let pdu = PduParts { header: b"h", body: &mut body, trailer: b"t", header_signing: true };
        theirs.unprotect(AuthLevel::Privacy, pdu, &token).expect("intact");
        assert_eq!(body, *b"stub");
    }
}

#[test]
fn names_in_all_their_spellings() {
    for (user, domain) in
        [("ALICE", "wcce"), ("alice", ""), ("Alice", "WCCE.TEST"), ("alice@wcce.test", "")]
    {
        outcome(&Client { user, domain, ..Client::alice() }).expect("logs on");
    }
}

#[test]
fn the_challenge_has_what_clients_need() {
    let server = server();
    let Ok(Accepted::Continue(challenge)) =
        run(server.acceptor().accept(&Client::alice().negotiate()))
    else {
        panic!("a challenge is due");
    };
    // As Windows answers E20882B7, but stand-alone and without OEM or TARGET_TYPE_DOMAIN.
    assert_eq!(u32::from_le_bytes(challenge[20..24].try_into().expect("4")), 0xE28A_8235);
    let info = u32::from_le_bytes(challenge[44..48].try_into().expect("4")) as usize;
    let pairs = av::parse(&challenge[info..]).expect("well-formed");
    let ids: Vec<u16> = pairs.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [2, 1, 4, 3, 7]);
    assert_eq!(&challenge[56..62], b"C\0A\x001\0");
}

#[test]
fn every_wrong_account_looks_the_same() {
    for client in [
        Client { password: "wrong", ..Client::alice() },
        Client { user: "nobody", ..Client::alice() },
        Client { user: "disabled", ..Client::alice() },
        Client { domain: "OTHER", ..Client::alice() },
    ] {
        assert_eq!(outcome(&client), Err(AuthError::LogonFailure));
    }
}

#[test]
fn messages_out_of_sequence() {
    let server = server();
    let (client, mut acceptor) = (Client::alice(), server.acceptor());
    let Ok(Accepted::Continue(challenge)) = run(acceptor.accept(&client.negotiate())) else {
        panic!("a challenge is due");
    };
    let (authenticate, _) = client.authenticate(&challenge);
    assert!(run(server.acceptor().accept(&authenticate)).is_err(), "AUTHENTICATE first");
    let mut other = server.acceptor();
    run(other.accept(&client.negotiate())).map(|_| ()).expect("a challenge");
    assert!(run(other.accept(&authenticate)).is_err(), "challenge of another connection");
    run(acceptor.accept(&authenticate)).map(|_| ()).expect("logs on");
    assert_eq!(
        run(acceptor.accept(&authenticate)).map(|_| ()),
        Err(AuthError::OutOfSequence),
        "AUTHENTICATE twice"
    );
    let mut twice = server.acceptor();
    run(twice.accept(&client.negotiate())).map(|_| ()).expect("a challenge");
    assert!(run(twice.accept(&client.negotiate())).is_err(), "NEGOTIATE twice");
    assert!(run(twice.accept(&authenticate)).is_err(), "anything after a failure");
}

#[test]
fn a_challenge_dies_after_a_minute() {
    for (seconds, lives) in [(60, true), (61, false)] {
        let (server, client) = (server(), Client::alice());
        let mut acceptor = server.acceptor();
        let Ok(Accepted::Continue(challenge)) = run(acceptor.accept(&client.negotiate())) else {
            panic!("a challenge is due");
        };
        server.wait(Duration::from_secs(seconds));
        let (authenticate, _) = client.authenticate(&challenge);
        assert_eq!(run(acceptor.accept(&authenticate)).is_ok(), lives, "{seconds} s");
    }
}

#[test]
fn cut_anywhere() {
    let (server, client) = (server(), Client::alice());
    for cut in 0..16 {
        assert!(run(server.acceptor().accept(&client.negotiate()[..cut])).is_err());
    }
    let mut whole = 0;
    for cut in 0.. {
        let mut acceptor = server.acceptor();
        let Ok(Accepted::Continue(challenge)) = run(acceptor.accept(&client.negotiate())) else {
            panic!("a challenge is due");
        };
        let (authenticate, _) = client.authenticate(&challenge);
        if cut == authenticate.len() {
            whole = cut;
            break;
        }
        assert!(run(acceptor.accept(&authenticate[..cut])).is_err(), "cut at {cut}");
    }
    assert!(whole > 300);
}

#[test]
fn each_required_flag_in_each_message() {
    for flag in [0x1, 0x10, 0x20, 0x8_0000, 0x2000_0000, 0x4000_0000] {
        let mut client = Client::alice();
        client.negotiate_flags &= !flag;
        refused(&client, "without", &format!("NEGOTIATE without {flag:#x}"));
        let mut client = Client::alice();
        client.authenticate_flags &= !flag;
        refused(&client, "without", &format!("AUTHENTICATE without {flag:#x}"));
    }
    let datagram = Client { negotiate_flags: 0xE208_82F7, ..Client::alice() };
    refused(&datagram, "datagram", "NEGOTIATE with DATAGRAM");
}

#[test]
fn a_level_demands_its_own_flags_only() {
    let mut signs_only = Client::alice();
    signs_only.negotiate_flags &= !0x20;
    signs_only.authenticate_flags &= !0x20;
    let server = server();
    let at =
        |level| super::super::NtlmAcceptor::new(server.ntlm.clone(), level, super::client::PEER);
    signs_only.log_on(&mut at(AuthLevel::Integrity)).map(|_| ()).expect("logs on");
    assert!(signs_only.log_on(&mut at(AuthLevel::Privacy)).is_err());
}

#[test]
fn responses_that_are_not_ntlm_v2() {
    for (length, reason) in [
        (0, "anonymous"),
        (15, "NTLMv2 response"),
        (24, "NTLMv1"),
        (43, "NTLMv2 response"),
        (47, "AV pairs"),
    ] {
        let client = Client { nt_response: Some(vec![1; length]), ..Client::without_mic() };
        refused(&client, reason, &format!("an NT response of {length} bytes"));
    }
    let nobody = Client { user: "", ..Client::without_mic() };
    refused(&nobody, "anonymous", "empty user, NT response");
    let anonymous =
        Client { user: "", domain: "", nt_response: Some(Vec::new()), ..Client::without_mic() };
    refused(&anonymous, "anonymous", "everything empty");
    let wrong_nt_right_lm = Client { proof_xor: 1, lm_v2: true, ..Client::without_mic() };
    assert_eq!(outcome(&wrong_nt_right_lm), Err(AuthError::LogonFailure));
    outcome(&Client { lm_v2: true, ..Client::without_mic() }).expect("LMv2 is ignored");
}

#[test]
fn guests_are_refused() {
    assert_eq!(
        outcome(&Client { user: "guest", ..Client::alice() }),
        Err(AuthError::Refused("a guest logon"))
    );
}

#[test]
fn av_pairs_that_differ_from_the_challenge() {
    let with = |id: u16, value: Option<&[u8]>| {
        let mut client = Client::alice();
        client.av_pairs.insert(id, value.map(<[u8]>::to_vec));
        client
    };
    for id in [1, 2, 3, 4, 7] {
        let reason = "missing or altered";
        refused(&with(id, None), reason, &format!("pair {id} missing"));
        refused(&with(id, Some(b"x\0")), reason, &format!("pair {id} altered"));
    }
    refused(&with(5, Some(b"x\0")), "only a server", "a pair of a server's that we didn't send");
    refused(&with(11, Some(b"")), "unknown or repeated", "id 11");
    refused(&with(6, Some(&[2, 0])), "MsvAvFlags", "MsvAvFlags of two bytes");
    refused(&Client { av_end: false, ..Client::alice() }, "no end", "no MsvAvEOL");
    let twice = Client { av_front: vec![(6, vec![0; 4])], ..Client::alice() };
    refused(&twice, "unknown or repeated", "MsvAvFlags twice: 0, then 2");
    let hours = |hours: u64| Client { time_shift: hours * 36_000_000_000, ..Client::alice() };
    refused(&hours(37), "the time", "a time of another day");
    outcome(&hours(35)).expect("a clock may be wrong");
    outcome(&with(8, Some(&[0; 48]))).expect("single host data is ignored");
}

#[test]
fn the_mic() {
    refused(&Client { mic_xor: 1, ..Client::alice() }, "MIC", "a flipped bit");
    let mut announced = Client::without_mic();
    announced.av_pairs.insert(6, Some(vec![2, 0, 0, 0]));
    refused(&announced, "no room", "announced, but fields lie in its place");
    announced.payload = 88;
    refused(&announced, "is wrong", "announced, but zero");
    announced.payload = 72;
    refused(&announced, "no room", "announced, payload from 72");
}

/// CVE-2019-1040: somebody on the way takes the announcement of the MIC out. The proof covers it.
#[test]
fn the_announcement_of_the_mic_cannot_be_taken_out() {
    let (server, client) = (server(), Client::alice());
    let mut acceptor = server.acceptor();
    let Ok(Accepted::Continue(challenge)) = run(acceptor.accept(&client.negotiate())) else {
        panic!("a challenge is due");
    };
    let (mut authenticate, _) = client.authenticate(&challenge);
    let flags = [6, 0, 4, 0, 2, 0, 0, 0];
    let place = authenticate.windows(8).position(|window| window == flags).expect("announced");
    authenticate[place + 4] = 0;
    assert_eq!(run(acceptor.accept(&authenticate)).map(|_| ()), Err(AuthError::LogonFailure));
}

#[test]
fn keys_of_another_length() {
    for key_length in [0, 15, 17] {
        let client = Client { key_length, ..Client::alice() };
        refused(&client, "EncryptedRandomSessionKey", &format!("a key of {key_length} bytes"));
    }
}
