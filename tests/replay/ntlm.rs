//! NTLM-protected connections of the captures: every PDU is unsealed with the documented secret,
//! its signature checked, and sealed again to the same bytes.

use std::path::Path;
use std::sync::Arc;

use wcce::auth::ntlm::{NtlmContext, RecordedExchange, nt_hash};
use wcce::auth::{AuthError, AuthLevel, PduParts, SecurityContext};
use wcce::model::{Caller, Token};
use wcce::rpc::client::VerificationTrailer;
use wcce::rpc::pdu::{Body, Frame, NDR_SYNTAX, NDR64_SYNTAX, Pdu, PduType, ResultCode, SecTrailer};

use crate::pcap::{self, Connection, Direction};
use crate::tally;

/// A capture, the password of its account (`None`: anonymous), and what its NTLM connections
/// hold: the level of each, and how many requests and responses are protected.
struct Replay {
    file: &'static str,
    password: Option<&'static str>,
    connections: &'static [(AuthLevel, usize, usize)],
}

const REPLAYS: [Replay; 4] = [
    Replay {
        file: "scapy-dcerpc_privacy_ntlm.pcapng",
        password: Some("Password123!"),
        connections: &[(AuthLevel::Privacy, 4, 8)],
    },
    Replay {
        file: "scapy-dcerpc_msdrsr_cracknames.pcapng",
        password: Some("Password123!"),
        connections: &[(AuthLevel::Privacy, 2, 2)],
    },
    Replay {
        file: "pcap-attack-ntlm_anonymous_integrity_privacy.pcapng",
        password: None,
        connections: &[(AuthLevel::Integrity, 2, 2), (AuthLevel::Privacy, 193, 193)],
    },
    Replay {
        file: "livediffad-add_adcs.pcapng",
        password: None,
        connections: &[(AuthLevel::Privacy, 1, 0)],
    },
];

#[test]
fn every_ntlm_protected_pdu_opens_and_seals_to_the_same_bytes() {
    let Some(captures) = tally::captures("replay of NTLM-protected PDUs") else { return };
    for replay in REPLAYS {
        let path = captures.join("rpc").join(replay.file);
        let opened = open_all(&path, replay.password);
        assert_eq!(opened, replay.connections, "{}", replay.file);
        let pdus: usize = opened.iter().map(|(_, requests, responses)| requests + responses).sum();
        tally::ran("capture-ntlm", &format!("{} {pdus}", replay.file));
    }
}

fn open_all(path: &Path, password: Option<&str>) -> Vec<(AuthLevel, usize, usize)> {
    pcap::connections(path).iter().filter_map(|connection| open(connection, password)).collect()
}

/// Opens one connection; `None` if it does not use NTLM (auth type 10).
fn open(connection: &Connection, password: Option<&str>) -> Option<(AuthLevel, usize, usize)> {
    let exchange = Exchange::of(connection)?;
    let hash = password.map(nt_hash);
    let key = exchange.recorded().session_key(hash.as_ref()).unwrap().expect("the right password");
    assert_eq!(exchange.recorded().mic(&key), Ok(Some(true)), "MIC");
    let caller = Caller {
        account: r"TEST\replay".into(),
        token: Token::new("S-1-5-21-1-2-3-4".parse().unwrap(), []),
    };
    let mut client = NtlmContext::initiator(&key);
    let mut server = NtlmContext::acceptor(&key, Arc::new(caller));
    let (mut requests, mut responses) = (0, 0);
    for (direction, bytes) in &connection.pdus {
        let Some(sealed) = Sealed::of(bytes) else { continue };
        let (sender, receiver, count) = match direction {
            Direction::ToServer => (&mut client, &mut server, &mut requests),
            Direction::ToClient => (&mut server, &mut client, &mut responses),
        };
        let clear = sealed.open(receiver, exchange.level);
        assert_eq!(sealed.seal_again(&clear, sender, exchange.level), *bytes);
        if (*direction, *count) == (Direction::ToServer, 0) {
            check_verification_trailer(connection, &clear);
        }
        *count += 1;
    }
    Some((exchange.level, requests, responses))
}

/// The three NTLM messages of a connection.
struct Exchange {
    level: AuthLevel,
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    authenticate: Vec<u8>,
}

impl Exchange {
    fn of(connection: &Connection) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut level = None;
        for (_, bytes) in &connection.pdus {
            let pdu = decode(bytes);
            let leg = matches!(pdu.body.ptype(), PduType::Bind | PduType::BindAck | PduType::Auth3);
            let Some(auth) = pdu.auth.filter(|auth| leg && auth.trailer.auth_type == 10) else {
                continue;
            };
            level = AuthLevel::from_wire(auth.trailer.auth_level);
            tokens.push(auth.token.to_vec());
        }
        let [negotiate, challenge, authenticate] = tokens.try_into().ok()?;
        Some(Self { level: level?, negotiate, challenge, authenticate })
    }

    fn recorded(&self) -> RecordedExchange<'_> {
        let Self { negotiate, challenge, authenticate, .. } = self;
        RecordedExchange { negotiate, challenge, authenticate }
    }
}

/// A request or response with a security trailer, cut into its parts.
pub struct Sealed<'a> {
    header: &'a [u8],
    body: &'a [u8],
    trailer: &'a [u8],
    pub token: &'a [u8],
}

impl<'a> Sealed<'a> {
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let frame = Frame::from_bytes(bytes).unwrap();
        let protected = matches!(frame.header().ptype, PduType::Request | PduType::Response);
        let SecTrailer { .. } = frame.trailer().unwrap().filter(|_| protected)?;
        let token_at = bytes.len() - usize::from(frame.header().auth_length);
        let object = bytes[3] & 0x80 != 0 && frame.header().ptype == PduType::Request;
        let (rest, token) = bytes.split_at(token_at);
        let (rest, trailer) = rest.split_at(token_at - 8);
        let (header, body) = rest.split_at(if object { 40 } else { 24 });
        Some(Self { header, body, trailer, token })
    }

    pub fn open(&self, receiver: &mut dyn SecurityContext, level: AuthLevel) -> Vec<u8> {
        self.try_open(receiver, level).expect("a signature that holds")
    }

    pub fn try_open(
        &self,
        receiver: &mut dyn SecurityContext,
        level: AuthLevel,
    ) -> Result<Vec<u8>, AuthError> {
        let mut body = self.body.to_vec();
        let (header, trailer) = (self.header, self.trailer);
        let parts = PduParts { header, body: &mut body, trailer, header_signing: true };
        receiver.unprotect(level, parts, self.token).map(|()| body)
    }

    fn seal_again(&self, clear: &[u8], sender: &mut NtlmContext, level: AuthLevel) -> Vec<u8> {
        let mut body = clear.to_vec();
        let (header, trailer) = (self.header, self.trailer);
        let parts = PduParts { header, body: &mut body, trailer, header_signing: true };
        let token = sender.protect(level, parts).unwrap();
        [header, &body, trailer, &token].concat()
    }
}

/// Windows states the presentation context behind the first request's stub, in the bytes that our
/// client writes.
pub fn check_verification_trailer(connection: &Connection, clear: &[u8]) {
    const SIGNATURE: &[u8] = b"\x8a\xe3\x13\x71\x02\xf4\x36\x71";
    let Some(at) = clear.windows(8).position(|window| window == SIGNATURE) else {
        assert!(!is_windows(connection), "a verification trailer");
        return;
    };
    let pdus: Vec<_> = connection.pdus.iter().map(|(_, bytes)| decode(bytes)).collect();
    let Body::Bind(bind) = &pdus[0].body else { panic!("a bind first") };
    let Body::BindAck(ack) = &pdus[1].body else { panic!("a bind_ack second") };
    let accepted = ack.results.iter().position(|result| result.result == ResultCode::Acceptance);
    let accepted = accepted.expect("an accepted context");
    let interface = bind.contexts[accepted].abstract_syntax;
    let presentation = Some((interface, ack.results[accepted].transfer_syntax));
    let trailer = VerificationTrailer { presentation, ..VerificationTrailer::default() };
    let expected = trailer.to_bytes(0);
    assert_eq!(hex::encode(&clear[at..at + expected.len()]), hex::encode(expected));
}

/// Windows offers NDR64 beside NDR 2.0.
fn is_windows(connection: &Connection) -> bool {
    let Body::Bind(bind) = decode(&connection.pdus[0].1).body else { panic!("a bind first") };
    let mut syntaxes = bind.contexts.iter().flat_map(|context| &context.transfer_syntaxes);
    let ndr = bind.contexts[0].transfer_syntaxes[0];
    assert_eq!(ndr, NDR_SYNTAX);
    syntaxes.any(|syntax| *syntax == NDR64_SYNTAX)
}

pub fn decode(bytes: &[u8]) -> Pdu {
    Pdu::decode(Frame::from_bytes(bytes).unwrap()).unwrap()
}

/// RC4, for old tickets.
pub fn rc4(key: &[u8], data: &mut [u8]) {
    let mut state: [u8; 256] = std::array::from_fn(|i| i as u8);
    let mut j = 0_u8;
    for i in 0..256 {
        j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
        state.swap(i, j.into());
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    for byte in data {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(i.into(), j.into());
        let index = state[usize::from(i)].wrapping_add(state[usize::from(j)]);
        *byte ^= state[usize::from(index)];
    }
}
