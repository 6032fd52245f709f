use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::*;
use crate::auth::ntlm::{Key, nt_hash};
use crate::auth::{AuthError, AuthLevel, Environment, Initiated, Initiator, PduParts};
use crate::auth::{SecurityContext, SystemEnvironment};

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).expect("hex").try_into().expect("its length")
}

fn key(hex: &str) -> Key {
    Zeroizing::new(bytes(hex))
}

/// Gives out one confounder, again and again.
struct Fixed(&'static [u8]);

impl Environment for Fixed {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), AuthError> {
        buffer.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

fn context(session_key: &str, end: End, confounder: &'static [u8]) -> NetlogonContext {
    NetlogonContext::new(key(session_key), end, Arc::new(Fixed(confounder)))
}

fn parts<'a>(
    header: &'a [u8],
    body: &'a mut [u8],
    trailer: &'a [u8],
    signed: bool,
) -> PduParts<'a> {
    PduParts { header, body, trailer, header_signing: signed }
}

const SESSION_KEY: &str = "0cb6948805f797bf2a82807973b89537";

const CLEAR: &str = concat!(
    "3000000000000000000000000000000030000000000000005c005c00570049004e002d0045005500340055",
    "0047003800370048003200490056002e00320033003000360066006500760032002e006e00740074006500",
    "730074002e006d006900630072006f0073006f00660074002e0063006f006d000000000002000000000010",
    "0000000000000000000000000000001000000000000000570049004e002d00440031004900540042004600",
    "4d003400410038005500000085bb1511fd09786d3b61b06400000000000000000000000001000000000000",
    "000000000000000000",
);
const SEALED: &str = concat!(
    "c930c9a079d95c78bea6a3150908c11f4b68e41219bcb91680ead287da211eec66bc27df2bc9a0f4ecf25c",
    "88624e493c59cdec6bc7b08bed84b97c33138ae3c8377cb327f3ea6076da91c5d23dbf1b2f4066a4553327",
    "16b7b64f2ec9a944702d20a85035de3b231a5216b7a6c9102bd17c7d6ab1b379445eb5a5276e360d3bcef9",
    "3b5359d36b0006b0c10bc2fec73777816a383a4614494b7b18bc34cd5447681eb48f8132a0a08a50d75282",
    "6cff068c76959d49767557e503d509fa3c18b0860a22a7e2bae50e812c5d71c31f9f1dfd143333b3043f6b",
    "f906e5d91207f1d988",
);
const CONFOUNDER: [u8; 8] = [0x71, 0x7f, 0x50, 0x76, 0xc5, 0x90, 0x2b, 0xcd];
const HEADER: &str = "0500000310000000380138000c000000d400000001001500";
const TRAILER: &str = "44060c0003000000";

/// [MS-NRPC] 4.3 and 4.3.1: the same message without and with header signing, a client's first.
/// (The sequence number that they print lacks the client's bit; their results have it. The session
/// key of 4.2 is one of the MD5 kind, which isn't spoken here.)
#[test]
fn signatures_of_the_specification() {
    assert_eq!(hex::encode(*nt_hash("test")), SESSION_KEY, "4.2.2");
    for (signed, sequence, checksum) in [
        (false, "b37c1f0ec86468f0", "86761f2f86f4f4c1"),
        (true, "5d69950dfde45ae9", "f092ae5c3c55aacd"),
    ] {
        let (header, trailer) = (bytes::<24>(HEADER), bytes::<8>(TRAILER));
        let mut body = hex::decode(CLEAR).expect("hex");
        let mut client = context(SESSION_KEY, End::Client, &CONFOUNDER);
        let token = client
            .protect(AuthLevel::Privacy, parts(&header, &mut body, &trailer, signed))
            .expect("seals");
        assert_eq!(hex::encode(&body), SEALED);
        let zeros = "00".repeat(24);
        let expected = format!("13001a00ffff0000{sequence}{checksum}632d1f547d2cf6ff{zeros}");
        assert_eq!(hex::encode(&token), expected);
        let mut server = context(SESSION_KEY, End::Server, &CONFOUNDER);
        server
            .unprotect(AuthLevel::Privacy, parts(&header, &mut body, &trailer, signed), &token)
            .expect("intact");
        assert_eq!(hex::encode(&body), CLEAR);
    }
}

/// Computed with another implementation (impacket), and accepted by Samba.
#[test]
fn credentials_and_the_clients_first_message() {
    let (client, server) = (bytes("0102030405060708"), bytes("1112131415161718"));
    let session_key = session_key(&nt_hash("Password"), &client, &server);
    assert_eq!(hex::encode(*session_key), "475af7ed427ccd3fe5f09828bcebcc2e");
    assert_eq!(hex::encode(credential(&session_key, &client)), "9d1c45ceee0e015c");
    assert_eq!(hex::encode(credential(&session_key, &server)), "8dde6cb3388a57de");

    const CONFOUNDER: [u8; 8] = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7];
    let mut client = NetlogonContext::new(session_key, End::Client, Arc::new(Fixed(&CONFOUNDER)));
    let mut body = hex::decode("50006c00610069006e007400650078007400").expect("hex");
    let token =
        client.protect(AuthLevel::Privacy, parts(&[], &mut body, &[], false)).expect("seals");
    assert_eq!(hex::encode(&body), "e17f543f79c1beec0df26e71ec241ab9c764");
    let start = "13001a00ffff0000fa8c47533ada6ef6644e5c8fe54517559c1fb6bbf1bb700a";
    assert_eq!(hex::encode(&token[..32]), start);
}

/// Both ends of a channel on one key.
fn ends() -> (NetlogonContext, NetlogonContext) {
    let environment = Arc::new(SystemEnvironment);
    let end = |end| NetlogonContext::new(key(SESSION_KEY), end, environment.clone());
    (end(End::Client), end(End::Server))
}

fn send(from: &mut NetlogonContext, body: &mut [u8]) -> Vec<u8> {
    from.protect(AuthLevel::Privacy, parts(b"header", body, b"trailer8", true)).expect("alive")
}

fn take(to: &mut NetlogonContext, body: &mut [u8], token: &[u8]) -> Result<(), AuthError> {
    to.unprotect(AuthLevel::Privacy, parts(b"header", body, b"trailer8", true), token)
}

#[test]
fn calls_and_answers_share_one_counter() {
    let (mut client, mut server) = ends();
    for _ in 0..3 {
        // Two fragments there, three back.
        for _ in 0..2 {
            let mut body = *b"a fragment of a call";
            let token = send(&mut client, &mut body);
            assert_ne!(body, *b"a fragment of a call");
            take(&mut server, &mut body, &token).expect("intact");
            assert_eq!(body, *b"a fragment of a call");
        }
        for _ in 0..3 {
            let mut body = *b"an answer";
            let token = send(&mut server, &mut body);
            take(&mut client, &mut body, &token).expect("intact");
            assert_eq!(body, *b"an answer");
        }
    }
}

#[test]
fn every_changed_bit_is_noticed_and_ends_the_context() {
    let mut clear = *b"stub";
    let token = send(&mut ends().0, &mut clear);
    // Flags (bytes 6 and 7) and the zeros behind the confounder mean nothing.
    for at in (0..32).filter(|at| ![6, 7].contains(at)) {
        for bit in 0..8 {
            let (_, mut server) = ends();
            let (mut body, mut changed) = (clear, token.clone());
            changed[at] ^= 1 << bit;
            assert!(take(&mut server, &mut body, &changed).is_err(), "byte {at} bit {bit}");
            assert_eq!(take(&mut server, &mut body, &token), Err(AuthError::ContextExpired));
        }
    }
    for at in 0..clear.len() {
        let (_, mut server) = ends();
        let mut body = clear;
        body[at] ^= 1;
        assert_eq!(take(&mut server, &mut body, &token), Err(AuthError::BadSignature));
    }
    let (_, mut server) = ends();
    let mut body = clear;
    let other_header = parts(b"Header", &mut body, b"trailer8", true);
    let refused = server.unprotect(AuthLevel::Privacy, other_header, &token);
    assert_eq!(refused, Err(AuthError::BadSignature));
    for cut in 0..32 {
        let (_, mut server) = ends();
        let mut body = clear;
        assert!(take(&mut server, &mut body, &token[..cut]).is_err());
    }
    let (_, mut server) = ends();
    let longer = [&token[..], &[0]].concat();
    assert!(take(&mut server, &mut { clear }, &longer).is_err());
}

#[test]
fn replayed_skipped_and_reflected_messages_are_refused() {
    let (mut client, mut server) = ends();
    let mut first = *b"first";
    let token = send(&mut client, &mut first);
    take(&mut server, &mut { first }, &token).expect("intact");
    assert_eq!(take(&mut server, &mut { first }, &token), Err(AuthError::BadSignature), "replay");

    let (mut client, mut server) = ends();
    send(&mut client, &mut { first });
    let mut second = *b"second";
    let token = send(&mut client, &mut second);
    assert_eq!(take(&mut server, &mut second, &token), Err(AuthError::BadSignature), "skip");

    let (mut client, _) = ends();
    let (mut other, _) = ends();
    let mut own = *b"own words";
    let token = send(&mut client, &mut own);
    assert_eq!(take(&mut other, &mut own, &token), Err(AuthError::BadSignature), "reflection");
}

#[test]
fn nothing_below_packet_privacy() {
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity] {
        let (mut client, mut server) = ends();
        let refused = client.protect(level, parts(b"", &mut [0; 4], b"", true));
        assert!(matches!(refused, Err(AuthError::Refused(_))));
        let refused = server.unprotect(level, parts(b"", &mut [0; 4], b"", true), &[0; 56]);
        assert!(matches!(refused, Err(AuthError::Refused(_))));
    }
    // A signature that says "not sealed".
    let (mut client, mut server) = ends();
    let mut body = *b"stub";
    let mut token = send(&mut client, &mut body);
    token[2..4].copy_from_slice(&[0xFF, 0xFF]);
    assert!(matches!(take(&mut server, &mut body, &token), Err(AuthError::Refused(_))));
}

#[test]
fn sequence_numbers_never_come_twice() {
    let (mut client, _) = ends();
    client.skip_to_sequence(u32::MAX - 1);
    send(&mut client, &mut [0; 4]);
    let last = client.protect(AuthLevel::Privacy, parts(b"", &mut [0; 4], b"", true));
    assert_eq!(last, Err(AuthError::ContextExpired));
}

#[test]
fn client_challenges_have_a_byte_that_is_unique_among_the_first_five() {
    for (challenge, varied) in [
        ([0; 8], false),
        ([1, 1, 1, 1, 1, 2, 3, 4], false),
        ([1, 1, 2, 2, 2, 3, 4, 5], false),
        ([1, 1, 1, 1, 2, 2, 2, 2], true),
        ([1, 2, 3, 4, 5, 6, 7, 8], true),
    ] {
        assert_eq!(is_varied(&challenge), varied, "{challenge:?}");
    }
    assert!(is_varied(&client_challenge(&SystemEnvironment).expect("random")));
    // A generator that is stuck doesn't make a channel on a predictable challenge.
    assert_eq!(client_challenge(&Fixed(&[0])), Err(AuthError::Random));
}

/// Both sides compute [MS-NRPC] 3.1.4.5; only the low four bytes are added to.
#[test]
fn authenticators_prove_each_call() {
    let session_key = key(SESSION_KEY);
    let start = [0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
    let mut client = Authenticators::new(session_key.clone(), start);
    let sent = client.next(2);
    assert_eq!(sent, credential(&session_key, &[1, 0, 0, 0, 1, 2, 3, 4]));
    let returned = credential(&session_key, &[2, 0, 0, 0, 1, 2, 3, 4]);
    assert_eq!(client.check(&returned), Ok(()));
    let sent = client.next(10);
    assert_eq!(sent, credential(&session_key, &[12, 0, 0, 0, 1, 2, 3, 4]));
    assert_eq!(client.check(&returned), Err(AuthError::BadSignature));
}

#[test]
fn user_session_keys_of_level_3_are_encrypted() {
    let session_key = key(SESSION_KEY);
    let mut encrypted = *b"the session key!";
    crypto::encrypt(&session_key, &[0; 16], &mut [&mut encrypted]);
    assert_eq!(*decrypt_user_session_key(&session_key, &encrypted), *b"the session key!");
}

#[test]
fn one_leg_each_way() {
    let step = |initiator: &mut NetlogonInitiator, token: &[u8]| {
        crate::auth::ntlm::tests::run(initiator.step(token))
    };
    let new = |domain, computer| {
        NetlogonInitiator::new(domain, computer, key(SESSION_KEY), Arc::new(SystemEnvironment))
    };
    let mut initiator = new("WCCE", "CA1");
    let Ok(Initiated::Continue(token)) = step(&mut initiator, &[]) else {
        panic!("a token is due")
    };
    assert_eq!(token, b"\0\0\0\0\x03\0\0\0WCCE\0CA1\0");
    assert_eq!(parse_negotiate(&token), Ok(("WCCE".into(), "CA1".into())));
    let done = step(&mut initiator, &negotiate_response());
    assert!(matches!(done, Ok(Initiated::Done { token: None, .. })));
    assert!(step(&mut initiator, &negotiate_response()).is_err(), "done is done");

    for answer in
        [&negotiate_response()[..11], b"", &[0; 12], &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    {
        let mut initiator = new("WCCE", "CA1");
        step(&mut initiator, &[]).map(|_| ()).expect("a token");
        let refused = step(&mut initiator, answer).map(|_| ());
        assert!(matches!(refused, Err(AuthError::Malformed(_))), "{answer:?}");
    }
    for (domain, computer) in [("", "CA1"), ("WCCE", ""), ("WC\0CE", "CA1"), ("WCCÉ", "CA1")] {
        assert!(step(&mut new(domain, computer), &[]).is_err());
    }
    for damaged in [&token[..9], &token[..4], &[0; 8], &[1; 20]] {
        assert!(parse_negotiate(damaged).is_err());
    }
}
