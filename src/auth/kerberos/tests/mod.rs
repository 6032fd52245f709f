//! Messages between two contexts of our own: round trips at every level and type, damage of
//! every bit, order. That they are also what others send and take is shown where a library or a
//! recording is at hand (`mit`, and `tests/replay`).

#[cfg_attr(not(feature = "kerberos"), expect(dead_code, reason = "tickets for MIT krb5"))]
mod forge;
#[cfg(feature = "kerberos")]
mod mit;
mod pac;

use std::sync::Arc;

use super::*;
use crate::auth::{AuthError, AuthLevel, PduParts, SecurityContext, SystemEnvironment};

pub(super) const TYPES: [(u32, usize); 5] = [(17, 16), (18, 32), (19, 16), (20, 32), (23, 16)];
pub(super) const LEVELS: [AuthLevel; 3] =
    [AuthLevel::Packet, AuthLevel::Integrity, AuthLevel::Privacy];

fn context(own: End, etype: u32, key_len: usize, ordered: bool) -> KerberosContext {
    let (send_sequence, receive_sequence) = match own {
        End::Initiator => (0xFFFF_FF00, 7),
        End::Acceptor => (7, 0xFFFF_FF00),
    };
    let established = Established {
        own,
        encryption_type: EncryptionType::from_wire(etype).expect("known"),
        key: (0..).take(key_len).collect::<Vec<u8>>().into(),
        acceptor_subkey: true,
        send_sequence,
        receive_sequence,
        ordered,
    };
    KerberosContext::new(&established, Arc::new(SystemEnvironment), None).expect("a key that fits")
}

fn pair(etype: u32, key_len: usize) -> (KerberosContext, KerberosContext) {
    (context(End::Initiator, etype, key_len, true), context(End::Acceptor, etype, key_len, true))
}

pub(super) fn parts(body: &mut [u8], header_signing: bool) -> PduParts<'_> {
    PduParts { header: b"a header of 24 octets...", body, trailer: b"trailer8", header_signing }
}

#[test]
fn round_trips_at_every_level_type_and_length() {
    for (etype, key_len) in TYPES {
        for level in LEVELS {
            for header_signing in [true, false] {
                let (mut client, mut server) = pair(etype, key_len);
                for len in [0, 1, 15, 16, 17, 4000] {
                    for (from, to) in [(0, 1), (1, 0)] {
                        let ends = [&mut client, &mut server];
                        let clear: Vec<u8> = (0..len).map(|i: usize| i.to_le_bytes()[0]).collect();
                        let mut body = clear.clone();
                        let token =
                            ends[from].protect(level, parts(&mut body, header_signing)).unwrap();
                        assert_eq!(token.len(), ends[from].token_len(level));
                        // A sealed byte or two may be what they were, by chance.
                        if level != AuthLevel::Privacy || len >= 15 {
                            assert_eq!(body != clear, level == AuthLevel::Privacy);
                        }
                        ends[to]
                            .unprotect(level, parts(&mut body, header_signing), &token)
                            .unwrap_or_else(|error| panic!("{etype} {level:?} {len}: {error}"));
                        assert_eq!(body, clear);
                    }
                }
            }
        }
    }
}

/// Lengths that Windows and MIT krb5 send.
#[test]
fn tokens_have_the_lengths_of_others() {
    for ((etype, key_len), (seal, sign)) in
        TYPES.into_iter().zip([(76, 28), (76, 28), (80, 32), (88, 40), (45, 37)])
    {
        let (client, _) = pair(etype, key_len);
        assert_eq!(client.token_len(AuthLevel::Privacy), seal);
        assert_eq!(client.token_len(AuthLevel::Integrity), sign);
        assert_eq!(client.token_len(AuthLevel::Packet), sign);
        assert_eq!(client.token_len(AuthLevel::Connect), 0);
    }
}

/// Whatever bit of token, body, header or trailer is turned, and wherever the token is cut: the
/// message is refused, and the context dead.
#[test]
fn every_damaged_bit_is_refused() {
    for (etype, key_len) in TYPES {
        for level in LEVELS {
            let (mut client, _) = pair(etype, key_len);
            let mut body = b"stub and padding, 32 octets long".to_vec();
            let token = client.protect(level, parts(&mut body, true)).unwrap();
            let refuse = |body: &[u8], token: &[u8], what: &str| {
                let mut server = context(End::Acceptor, etype, key_len, true);
                let mut body = body.to_vec();
                let outcome = server.unprotect(level, parts(&mut body, true), token);
                assert!(outcome.is_err(), "{etype} {level:?}: {what}");
                let next = server.unprotect(level, parts(&mut body, true), token);
                assert_eq!(next, Err(AuthError::ContextExpired));
            };
            for at in 0..8 * token.len() {
                // The filler between stub and header copy is arbitrary with an HMAC over
                // plaintext that covers it too: no bit is free.
                let mut damaged = token.clone();
                damaged[at / 8] ^= 1 << (at % 8);
                refuse(&body, &damaged, &format!("bit {at} of the token"));
            }
            for cut in 0..token.len() {
                refuse(&body, &token[..cut], &format!("token cut at {cut}"));
            }
            refuse(&body, &[&token[..], &[0]].concat(), "a longer token");
            for at in 0..8 * body.len() {
                let mut damaged = body.clone();
                damaged[at / 8] ^= 1 << (at % 8);
                refuse(&damaged, &token, &format!("bit {at} of the body"));
            }
            refuse(&body[..31], &token, "a shorter body");
            for (header, trailer) in [
                (&b"another header"[..], &b"trailer8"[..]),
                (b"a header of 24 octets...", b"trailer9"),
            ] {
                let mut server = context(End::Acceptor, etype, key_len, true);
                let mut body = body.clone();
                let parts = PduParts { header, body: &mut body, trailer, header_signing: true };
                assert!(server.unprotect(level, parts, &token).is_err());
            }
        }
    }
}

#[test]
fn messages_come_once_and_in_order() {
    for (etype, key_len) in TYPES {
        for level in LEVELS {
            let send = |client: &mut KerberosContext| {
                let mut body = *b"stub";
                let token = client.protect(level, parts(&mut body, true)).unwrap();
                (body, token)
            };
            let take = |server: &mut KerberosContext, (mut body, token): ([u8; 4], Vec<u8>)| {
                server.unprotect(level, parts(&mut body, true), &token)
            };
            let (mut client, mut server) = pair(etype, key_len);
            let (first, second) = (send(&mut client), send(&mut client));
            assert_eq!(take(&mut server, first.clone()), Ok(()));
            assert_eq!(take(&mut server, first.clone()), Err(AuthError::BadSignature), "replayed");
            let mut server = context(End::Acceptor, etype, key_len, true);
            assert_eq!(take(&mut server, second), Err(AuthError::BadSignature), "out of order");
            // One's own message, sent back.
            let (mut client, _) = pair(etype, key_len);
            let own = send(&mut client);
            assert!(take(&mut client, own).is_err(), "reflected");
        }
    }
}

#[test]
fn a_sealed_message_is_no_signed_one_and_the_other_way_round() {
    for (etype, key_len) in TYPES {
        for (made, taken) in
            [(AuthLevel::Privacy, AuthLevel::Integrity), (AuthLevel::Integrity, AuthLevel::Privacy)]
        {
            let (mut client, mut server) = pair(etype, key_len);
            let mut body = *b"stub";
            let token = client.protect(made, parts(&mut body, true)).unwrap();
            assert!(server.unprotect(taken, parts(&mut body, true), &token).is_err());
        }
    }
}

/// A mechListMIC takes a number like any message; without agreed sequence numbers (level connect)
/// Windows gives it another one.
#[test]
fn mechanism_list_signatures() {
    for (etype, key_len) in TYPES {
        let (mut client, mut server) = pair(etype, key_len);
        let mic = client.get_mic(b"list").unwrap();
        server.verify_mic(b"list", &mic).unwrap();
        let mut body = *b"stub";
        let token = client.protect(AuthLevel::Privacy, parts(&mut body, true)).unwrap();
        server.unprotect(AuthLevel::Privacy, parts(&mut body, true), &token).unwrap();
        let mut server = context(End::Acceptor, etype, key_len, true);
        assert!(server.verify_mic(b"tsil", &mic).is_err());

        let (mut client, _) = pair(etype, key_len);
        client.get_mic(b"list").unwrap();
        let second = client.get_mic(b"list").unwrap();
        let mut ordered = context(End::Acceptor, etype, key_len, true);
        assert!(ordered.verify_mic(b"list", &second).is_err());
        let mut unordered = context(End::Acceptor, etype, key_len, false);
        assert!(unordered.verify_mic(b"list", &second).is_ok());
    }
}

#[test]
fn the_last_number_of_rc4_is_never_used() {
    let established = |send_sequence| Established {
        own: End::Initiator,
        encryption_type: EncryptionType::Rc4Hmac,
        key: vec![1; 16].into(),
        acceptor_subkey: false,
        send_sequence,
        receive_sequence: 0,
        ordered: true,
    };
    let environment = Arc::new(SystemEnvironment);
    let mut context =
        KerberosContext::new(&established(0xFFFF_FFFE), environment.clone(), None).unwrap();
    assert!(context.get_mic(b"x").is_ok());
    assert_eq!(context.get_mic(b"x"), Err(AuthError::ContextExpired));
    let wrong = Established { key: vec![1; 15].into(), ..established(0) };
    assert!(KerberosContext::new(&wrong, environment, None).is_err());
}
