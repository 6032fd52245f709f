//! [MS-NLMP] 4.2.4, and values computed from it with other implementations.

use hex::ToHex;
use zeroize::Zeroizing;

use super::super::av::parse as parse_av_pairs;
use super::super::crypto::{End, Rc4, hmac_md5, nt_hash, response_key, seal_key, sign_key};
use super::super::messages::{Authenticate, Challenge, NtlmFlags};
use super::super::{Key, NtlmContext, verify_response};
use crate::auth::{AuthError, AuthLevel, PduParts, SecurityContext};

const SERVER_CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).expect("hex")
}

fn key(text: &str) -> Key {
    Zeroizing::new(bytes(text).try_into().expect("16 bytes"))
}

fn exported() -> Key {
    Zeroizing::new([0x55; 16])
}

fn temp() -> Vec<u8> {
    bytes(
        "0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000 \
         02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000",
    )
}

fn nt_response() -> Vec<u8> {
    [bytes("68cd0ab851e51c96aabc927bebef6a1c"), temp()].concat()
}

#[test]
fn keys_and_proof() {
    let hash = nt_hash("Password");
    assert_eq!(hash.encode_hex::<String>(), "a4f49c406510bdcab6824ee7c30fd852");
    let response_key = response_key(&hash, "User", "Domain");
    assert_eq!(response_key.encode_hex::<String>(), "0c868a403bfd7a93a3001ef22ef02e3f");
    assert_eq!(temp().len(), 68);
    let session = verify_response(&response_key, &SERVER_CHALLENGE, &nt_response());
    let session = session.expect("the proof is right");
    assert_eq!(session.encode_hex::<String>(), "8de40ccadbc14a82f15cb0ad0de95ca3");
    let lm = hmac_md5(&response_key, &[&SERVER_CHALLENGE, &[0xaa; 8]]);
    assert_eq!(lm.encode_hex::<String>(), "86c35097ac9cec102554764a57cccc19");
    let mut encrypted = [0x55; 16];
    Rc4::new(&session).apply(&mut encrypted);
    assert_eq!(encrypted.encode_hex::<String>(), "c5dad2544fc9799094ce1ce90bc9d03e");
}

#[test]
fn a_flipped_bit_anywhere_fails_the_proof() {
    let response_key = key("0c868a403bfd7a93a3001ef22ef02e3f");
    for place in 0..nt_response().len() {
        let mut response = nt_response();
        response[place] ^= 0x10;
        assert!(verify_response(&response_key, &SERVER_CHALLENGE, &response).is_none());
    }
}

#[test]
fn names_are_upper_cased_unit_by_unit() {
    let hash = nt_hash("x");
    let same = |a: &str, b: &str| *response_key(&hash, a, "D") == *response_key(&hash, b, "D");
    assert!(same("élodie", "ÉLODIE"));
    assert!(same("жук", "ЖУК"));
    assert!(!same("straße", "STRASSE"), "no mapping that changes the length");
    assert!(*response_key(&hash, "u", "d") != *response_key(&hash, "u", "D"), "domain as sent");
}

#[test]
fn signing_and_sealing_keys() {
    let hex = |key: Key| key.encode_hex::<String>();
    assert_eq!(hex(sign_key(&exported(), End::Client)), "4788dc861b4782f35d43fd98fe1a2d39");
    assert_eq!(hex(seal_key(&exported(), End::Client)), "59f600973cc4960a25480a7c196e4c58");
    assert_eq!(hex(sign_key(&exported(), End::Server)), "d04d6f10741041d1d246d64188d7a8ad");
    assert_eq!(hex(seal_key(&exported(), End::Server)), "9355f3a957c1583d25c4c2f11e40390e");
}

fn client() -> NtlmContext {
    NtlmContext::initiator(&exported())
}

fn server() -> NtlmContext {
    NtlmContext::acceptor(&exported(), super::Client::alice_as_caller())
}

fn parts(body: &mut [u8]) -> PduParts<'_> {
    PduParts { header: b"", body, trailer: b"", header_signing: true }
}

fn seal(context: &mut NtlmContext, level: AuthLevel) -> (String, String) {
    let mut body = super::super::crypto::utf16le("Plaintext");
    let token = context.protect(level, parts(&mut body)).expect("alive");
    (hex::encode(body), hex::encode(token))
}

#[test]
fn sealed_messages() {
    let mut context = client();
    assert_eq!(
        seal(&mut context, AuthLevel::Privacy),
        (
            "54e50165bf1936dc996020c1811b0f06fb5f".to_owned(),
            "010000007fb38ec5c55d497600000000".to_owned()
        )
    );
    assert_eq!(
        seal(&mut context, AuthLevel::Privacy),
        (
            "64c308e09ea236e7f4232553c94a01e700fa".to_owned(),
            "01000000255405955d31d8c401000000".to_owned()
        )
    );
    assert_eq!(
        seal(&mut server(), AuthLevel::Privacy),
        (
            "160871b730ba74e946c453d7465b54278dd0".to_owned(),
            "01000000b298b847ce7c580700000000".to_owned()
        )
    );
}

#[test]
fn signed_message() {
    for level in [AuthLevel::Packet, AuthLevel::Integrity] {
        let (body, token) = seal(&mut client(), level);
        assert_eq!(body, hex::encode(super::super::crypto::utf16le("Plaintext")));
        assert_eq!(token, "0100000074d045342c4f1cd500000000");
    }
}

/// A PDU goes from `from` to `to`; `tamper` may change it on its way.
fn carry(
    from: &mut NtlmContext,
    to: &mut NtlmContext,
    level: AuthLevel,
    tamper: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>),
) -> Result<Vec<u8>, AuthError> {
    let (mut header, mut body) = (b"a header of 24 bytes....".to_vec(), b"stub and pad".to_vec());
    let pdu =
        PduParts { header: &header, body: &mut body, trailer: b"trailer8", header_signing: false };
    let mut token = from.protect(level, pdu)?;
    assert_eq!(token.len(), from.token_len(level));
    tamper(&mut header, &mut body, &mut token);
    let pdu =
        PduParts { header: &header, body: &mut body, trailer: b"trailer8", header_signing: false };
    to.unprotect(level, pdu, &token)?;
    Ok(body)
}

#[test]
fn both_directions_carry_many_messages() {
    for level in [AuthLevel::Connect, AuthLevel::Packet, AuthLevel::Integrity, AuthLevel::Privacy] {
        let (mut client, mut server) = (client(), server());
        for _ in 0..20 {
            let body = carry(&mut client, &mut server, level, |_, _, _| ()).expect("intact");
            assert_eq!(body, b"stub and pad");
            carry(&mut server, &mut client, level, |_, _, _| ()).expect("intact");
        }
    }
}

#[test]
fn every_change_is_seen_and_ends_the_context() {
    type Tamper = fn(&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>);
    let changes: [Tamper; 7] = [
        |header, _, _| header[8] ^= 1,
        |_, body, _| body[0] ^= 1,
        |_, _, token| token[0] ^= 1,
        |_, _, token| token[4] ^= 1,
        |_, _, token| token[12] ^= 1,
        |_, _, token| token.truncate(15),
        |_, _, token| token.clear(),
    ];
    for level in [AuthLevel::Packet, AuthLevel::Integrity, AuthLevel::Privacy] {
        for change in changes {
            let (mut client, mut server) = (client(), server());
            let outcome = carry(&mut client, &mut server, level, change);
            assert_eq!(outcome, Err(AuthError::BadSignature));
            let outcome = carry(&mut client, &mut server, level, |_, _, _| ());
            assert_eq!(outcome, Err(AuthError::ContextExpired));
            assert_eq!(server.get_mic(b"m"), Err(AuthError::ContextExpired));
        }
    }
}

#[test]
fn a_mac_over_the_body_alone_is_refused() {
    let (mut client, mut server) = (client(), server());
    let mut body = b"stub".to_vec();
    let token = client.protect(AuthLevel::Integrity, parts(&mut body)).expect("alive");
    let pdu = PduParts {
        header: b"header",
        body: &mut body,
        trailer: b"trailer8",
        header_signing: false,
    };
    assert_eq!(server.unprotect(AuthLevel::Integrity, pdu, &token), Err(AuthError::BadSignature));
}

#[test]
fn sequence_numbers_are_neither_skipped_nor_repeated_nor_reflected() {
    let level = AuthLevel::Integrity;
    let message = |context: &mut NtlmContext| {
        let mut body = *b"stub";
        context.protect(level, parts(&mut body)).expect("alive")
    };
    let deliver = |context: &mut NtlmContext, token: &[u8]| {
        let mut body = *b"stub";
        context.unprotect(level, parts(&mut body), token)
    };
    let (mut from, mut to) = (client(), server());
    let (first, second) = (message(&mut from), message(&mut from));
    assert_eq!(deliver(&mut server(), &second), Err(AuthError::BadSignature), "skipped");
    assert_eq!(deliver(&mut to, &first), Ok(()));
    assert_eq!(deliver(&mut to, &first), Err(AuthError::BadSignature), "repeated");
    assert_eq!(deliver(&mut from, &first), Err(AuthError::BadSignature), "other direction's keys");
}

/// [MS-SPNG] 3.2.5.1: the mechListMIC takes number 0, the cipher starts anew behind it.
#[test]
fn the_cipher_is_put_back_after_the_mech_list_mic() {
    let (mut from, mut to) = (client(), server());
    let mic = from.get_mic(b"mech list").expect("alive");
    assert_eq!(to.verify_mic(b"mech list", &mic), Ok(()));
    carry(&mut from, &mut to, AuthLevel::Privacy, |_, _, _| ()).expect("in step");

    let (mut advanced, mut to) = (client(), server());
    let mic = advanced.get_mic(b"mech list").expect("alive");
    let mut untouched = client();
    let mut body = *b"stub";
    untouched.protect(AuthLevel::Privacy, parts(&mut body)).expect("alive");
    assert_eq!(to.verify_mic(b"mech list", &mic), Ok(()));
    let outcome = carry(&mut untouched, &mut to, AuthLevel::Privacy, |_, _, _| ());
    assert_eq!(outcome, Err(AuthError::BadSignature), "right number, cipher not put back");
}

#[test]
fn a_wrong_mech_list_mic_is_refused() {
    let mic = client().get_mic(b"mech list").expect("alive");
    assert_eq!(server().verify_mic(b"another list", &mic), Err(AuthError::BadSignature));
}

#[test]
fn challenge_as_in_the_specification() {
    let flags = NtlmFlags::from_bits_retain(0xE28A_8233);
    let target_info =
        bytes("02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000");
    let challenge = Challenge {
        flags,
        target_name: "Server",
        server_challenge: SERVER_CHALLENGE,
        target_info: &target_info,
        version: [6, 0, 0x70, 0x17, 0, 0, 0, 15],
    };
    let expected = bytes(
        "4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000 \
         2400240044000000 060070170000000f 530065007200760065007200 \
         02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000",
    );
    assert_eq!(expected.len(), 104);
    assert_eq!(hex::encode(challenge.encode().expect("short names")), hex::encode(expected));
}

/// The AUTHENTICATE of [MS-NLMP] 4.2.4.4.3: no MIC field, payload from 72.
fn specified_authenticate() -> Vec<u8> {
    [
        bytes(
            "4e544c4d53535000 03000000 180018006c000000 5400540084000000 0c000c0048000000 \
             0800080054000000 100010005c000000 10001000d8000000 358288e2 0501280a0000000f",
        ),
        bytes("44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200"),
        bytes("86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa"),
        nt_response(),
        bytes("c5dad2544fc9799094ce1ce90bc9d03e"),
    ]
    .concat()
}

#[test]
fn authenticate_as_in_the_specification() {
    let message = specified_authenticate();
    assert_eq!(message.len(), 232);
    let parsed = Authenticate::parse(&message).expect("well-formed");
    assert_eq!(parsed.flags.bits(), 0xE288_8235);
    assert_eq!(
        (&*parsed.domain, &*parsed.user, &*parsed.workstation),
        ("Domain", "User", "COMPUTER")
    );
    assert_eq!(parsed.nt_response, nt_response());
    assert_eq!(parsed.encrypted_key, bytes("c5dad2544fc9799094ce1ce90bc9d03e"));
    assert!(parsed.mic().is_err(), "fields lie where the MIC would be");
    assert_eq!(parse_av_pairs(&parsed.nt_response[44..]).expect("well-formed").len(), 2);
}

#[test]
fn an_authenticate_cut_anywhere_is_refused() {
    let message = specified_authenticate();
    for cut in 0..message.len() {
        assert!(Authenticate::parse(&message[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn fields_out_of_bounds_are_refused() {
    for (place, value) in [
        (16, 0xFFFF_FFFFu32), // LM: offset + length overflows 32 bits
        (24, 0xFFFF_FFF0),
        (32, 233),
        (40, 0),  // over the signature
        (48, 60), // over the flags
        (56, 217),
    ] {
        let mut message = specified_authenticate();
        message[place..place + 4].copy_from_slice(&value.to_le_bytes());
        assert!(Authenticate::parse(&message).is_err(), "{place}");
    }
}

#[test]
fn bad_names_are_refused() {
    let with = |place: usize, unit: u16| {
        let mut message = specified_authenticate();
        message[place..place + 2].copy_from_slice(&unit.to_le_bytes());
        Authenticate::parse(&message).map(|_| ())
    };
    assert!(with(84, u16::from(b'a')).is_ok());
    assert!(with(84, 0).is_err(), "NUL in the user name");
    assert!(with(84, 0xD800).is_err(), "unpaired surrogate");
    assert!(with(36, 7).is_err(), "odd length");
}

#[test]
fn av_pairs() {
    assert_eq!(
        parse_av_pairs(&bytes("07000100ff 00000000 1234")).expect("ends"),
        [(7, &[255][..])]
    );
    for (bad, why) in [
        ("", "empty"),
        ("07000100ff", "no end"),
        ("00000100ff", "an end with content"),
        ("07000200ff00000000", "length beyond the end of the pairs"),
        ("060004000000000006000400020000000000", "twice the same"),
        ("0b00000000000000", "unknown id"),
    ] {
        assert!(parse_av_pairs(&bytes(bad)).is_err(), "{why}");
    }
}
