//! Kerberos of the captures: tickets and authenticators are decrypted by picky-krb (which is not
//! ours) with the documented keys, and every protected PDU is then opened by our own layer, its
//! signature and its sequence number checked.

use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use md5::Md5;
use picky_krb::crypto::CipherSuite;
use wcce::auth::kerberos::{
    self, AesType, ApReq, EncryptionType, End, Established, KerberosContext, ReceivedToken,
    RecordedApReq,
};
use wcce::auth::keytab::KeytabEntry;
use wcce::auth::spnego::{NegTokenInit, NegTokenResp};
use wcce::auth::{AuthError, AuthLevel, SecurityContext, SystemEnvironment};

use crate::ntlm::{Sealed, check_verification_trailer, decode, rc4};
use crate::pcap::{self, Connection, Direction};
use crate::tally;

const AES256: EncryptionType = EncryptionType::Aes(AesType::Aes256Sha1);

/// What a token of an exchange says once it is decrypted.
struct Secrets {
    key: Vec<u8>,
    send_sequence: u64,
    receive_sequence: u64,
}

impl Secrets {
    fn context(&self, own: End) -> KerberosContext {
        let (send_sequence, receive_sequence) = match own {
            End::Initiator => (self.send_sequence, self.receive_sequence),
            End::Acceptor => (self.receive_sequence, self.send_sequence),
        };
        let established = Established {
            own,
            encryption_type: AES256,
            key: self.key.clone().into(),
            acceptor_subkey: true,
            send_sequence,
            receive_sequence,
            ordered: true,
        };
        KerberosContext::new(&established, Arc::new(SystemEnvironment), None).expect("keys")
    }
}

/// Content of the value at the end of a path of tags; at each level the first with the tag.
fn find<'a>(mut der: &'a [u8], path: &[u8]) -> &'a [u8] {
    for tag in path {
        der = child(der, *tag).unwrap_or_else(|| panic!("no {tag:#x} of {path:x?}"));
    }
    der
}

fn child(mut der: &[u8], tag: u8) -> Option<&[u8]> {
    while let [found, first, rest @ ..] = der {
        let octets = if *first < 0x80 { 0 } else { usize::from(first & 0x7F) };
        let (length, rest) = rest.split_at_checked(octets)?;
        let long = length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        let length = if octets == 0 { usize::from(*first) } else { long };
        let (content, rest) = rest.split_at_checked(length)?;
        if *found == tag {
            return Some(content);
        }
        der = rest;
    }
    None
}

fn number(content: &[u8]) -> u64 {
    content.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))
}

/// Decrypts an EncryptedData by another's implementation.
fn decrypt(encrypted: &[u8], key: &[u8], usage: i32) -> Vec<u8> {
    let cipher = find(encrypted, &[0x30, 0xA2, 0x04]);
    match number(find(encrypted, &[0x30, 0xA0, 0x02])) {
        17 => CipherSuite::Aes128CtsHmacSha196.cipher().decrypt(key, usage, cipher).unwrap(),
        18 => CipherSuite::Aes256CtsHmacSha196.cipher().decrypt(key, usage, cipher).unwrap(),
        23 => decrypt_rc4(cipher, key, usage),
        other => panic!("encryption type {other}"),
    }
}

/// RFC 4757 5.
fn decrypt_rc4(cipher: &[u8], key: &[u8], usage: i32) -> Vec<u8> {
    let hmac = |key: &[u8], data: &[u8]| {
        Hmac::<Md5>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes()
    };
    let usage = hmac(key, &usage.to_le_bytes());
    let (checksum, data) = cipher.split_at(16);
    let mut data = data.to_vec();
    rc4(&hmac(&usage, checksum), &mut data);
    assert_eq!(hmac(&usage, &data)[..], *checksum);
    data.split_off(8)
}

const TICKET: &[u8] = &[0x6E, 0x30, 0xA3, 0x61, 0x30, 0xA3];

/// Session key and authenticator of an AP-REQ, and the ticket's content.
fn open_ap_req(ap_req: &[u8], service_key: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let ticket = decrypt(find(ap_req, TICKET), service_key, 2);
    let session_key = find(&ticket, &[0x63, 0x30, 0xA1, 0x30, 0xA1, 0x04]).to_vec();
    let authenticator = decrypt(find(ap_req, &[0x6E, 0x30, 0xA4]), &session_key, 11);
    (session_key, authenticator, ticket)
}

/// The PAC's KERB_VALIDATION_INFO in a ticket's content.
fn logon_info(ticket: &[u8]) -> Vec<u8> {
    let if_relevant = find(ticket, &[0x63, 0x30, 0xAA, 0x30, 0x30, 0xA1, 0x04]);
    let pac = find(if_relevant, &[0x30, 0x30, 0xA1, 0x04]);
    let u32_at = |at: usize| u32::from_le_bytes(pac[at..at + 4].try_into().unwrap()) as usize;
    let buffer = (0..u32_at(0)).map(|i| 8 + 16 * i).find(|at| u32_at(*at) == 1).unwrap();
    let (size, offset) = (u32_at(buffer + 4), u32_at(buffer + 8));
    pac[offset..offset + size].to_vec()
}

/// Opens every protected PDU of a connection; the numbers of requests and responses.
fn open(
    connection: &Connection,
    secrets: &Secrets,
    mut contexts: [KerberosContext; 2],
) -> [usize; 2] {
    let mut counts = [0, 0];
    for (direction, bytes) in &connection.pdus {
        let Some(sealed) = Sealed::of(bytes) else { continue };
        let toward = usize::from(*direction == Direction::ToClient);
        let clear = sealed.open(&mut contexts[toward], AuthLevel::Privacy);
        if (toward, counts[0]) == (0, 0)
            && decode(&connection.pdus[0].1).body.ptype() == wcce::rpc::pdu::PduType::Bind
        {
            check_verification_trailer(connection, &clear);
        }
        // Whatever bit of it is turned, it does not open.
        let mut fresh = secrets.context(if toward == 0 { End::Acceptor } else { End::Initiator });
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let sealed = Sealed::of(&damaged).unwrap();
        assert_eq!(sealed.try_open(&mut fresh, AuthLevel::Privacy), Err(AuthError::BadSignature));
        counts[toward] += 1;
    }
    counts
}

#[test]
fn a_windows_exchange_opens_from_the_service_key() {
    let Some(captures) = tally::captures("replay of a Kerberos exchange") else { return };
    let service_key =
        hex::decode("85abb9b61dc2fa49d4cc04317bbd108f8f79df28239155ed7b144c5d2ebcf016").unwrap();
    let file = "scapy-dcerpc_privacy_krb.pcapng";
    let connections = pcap::connections(&captures.join("rpc").join(file));
    let connection = connections
        .iter()
        .find(|connection| crate::spnego::tokens(connection).len() == 4)
        .expect("three legs and an answer");
    let tokens = crate::spnego::tokens(connection);
    let init = NegTokenInit::parse(&tokens[0]).unwrap();
    let ap_req = init.mech_token.unwrap();
    let parsed = ApReq::parse(ap_req).unwrap();
    assert_eq!(parsed.service, ["ldap", "dc1.domain.local", "domain.local"]);
    assert_eq!((parsed.ticket_type, parsed.session_type), (18, 18));

    let (session_key, authenticator, ticket) = open_ap_req(ap_req, &service_key);
    let caller = kerberos::caller(&logon_info(&ticket)).expect("a PAC of Windows");
    assert!(caller.account.contains('\\') && caller.token.user().rid().is_some());
    let reply = NegTokenResp::parse(&tokens[1]).unwrap();
    let ap_rep =
        decrypt(find(reply.response_token.unwrap(), &[0x6F, 0x30, 0xA2]), &session_key, 12);
    let third = NegTokenResp::parse(&tokens[2]).unwrap();
    let third_leg =
        decrypt(find(third.response_token.unwrap(), &[0x6F, 0x30, 0xA2]), &session_key, 12);
    let receive_sequence = number(find(&ap_rep, &[0x7B, 0x30, 0xA3, 0x02]));
    assert_eq!(number(find(&third_leg, &[0x7B, 0x30, 0xA3, 0x02])), receive_sequence);
    let secrets = Secrets {
        key: find(&ap_rep, &[0x7B, 0x30, 0xA2, 0x30, 0xA1, 0x04]).to_vec(),
        send_sequence: number(find(&authenticator, &[0x62, 0x30, 0xA7, 0x02])),
        receive_sequence,
    };
    // Both mechListMICs take the first number of their direction.
    let mut contexts = [secrets.context(End::Acceptor), secrets.context(End::Initiator)];
    let [server, client] = &mut contexts;
    let last = NegTokenResp::parse(&tokens[3]).unwrap();
    server.verify_mic(init.mech_type_list, third.mech_list_mic.unwrap()).expect("Windows' own");
    client.verify_mic(init.mech_type_list, last.mech_list_mic.unwrap()).expect("Windows' own");
    let counts = open(connection, &secrets, contexts);
    assert_eq!(counts, [6, 6], "DRSUAPI");
    tally::ran("capture-kerberos", &format!("{file} {}", counts[0] + counts[1]));
}

/// Connections whose acceptor's subkey is documented: numbers are read off the first tokens.
#[test]
fn connections_open_with_the_acceptors_subkey() {
    let Some(captures) = tally::captures("replay of Kerberos-protected PDUs") else { return };
    let file = "john-samples-AD-capture-1.pcapng";
    let key = "5b57674405a634d740dad71495443f0f80d3ee9c586e62076fc1009e755ae692";
    let counts = open_with(&captures.join("rpc").join(file), &hex::decode(key).unwrap());
    assert_eq!(counts, [4, 4], "{file}");
    tally::ran("capture-kerberos", &format!("{file} {}", counts[0] + counts[1]));
}

fn open_with(path: &Path, key: &[u8]) -> [usize; 2] {
    let mut total = [0, 0];
    for connection in pcap::connections(path) {
        let first = |wanted: Direction| {
            connection
                .pdus
                .iter()
                .filter(|(direction, _)| *direction == wanted)
                .find_map(|(_, bytes)| ReceivedToken::peek(Sealed::of(bytes)?.token))
        };
        let (Some(request), Some(response)) =
            (first(Direction::ToServer), first(Direction::ToClient))
        else {
            continue;
        };
        assert!(request.acceptor_subkey && response.acceptor_subkey);
        let secrets = Secrets {
            key: key.to_vec(),
            send_sequence: request.sequence,
            receive_sequence: response.sequence,
        };
        let contexts = [secrets.context(End::Acceptor), secrets.context(End::Initiator)];
        let [requests, responses] = open(&connection, &secrets, contexts);
        total = [total[0] + requests, total[1] + responses];
    }
    total
}

/// Tokens of another client, bare and in SPNEGO, in three encryption types: read, decrypted, and
/// the caller taken from their PAC.
#[test]
fn tokens_of_kerberos_net_are_read() {
    let Some(captures) = tally::captures("replay of Kerberos.NET's tokens") else { return };
    let file = |name: &str| {
        std::fs::read(captures.join("kerberos").join(format!("kerberos.net-{name}-data.bin")))
            .unwrap()
    };
    for (name, etype) in [("aes128", 17), ("aes256", 18), ("rc4", 23)] {
        let key = file(&format!("{name}-key"));
        let spnego = file(&format!("{name}-spnego"));
        let init = NegTokenInit::parse(&spnego).unwrap();
        let bare = file(&format!("{name}-kerberos"));
        for token in [init.mech_token.unwrap(), &bare] {
            // GSS framing (RFC 4121 4.1): object identifier, token id, AP-REQ.
            let framed = find(token, &[0x60]);
            assert_eq!(framed[..2], [0x06, 0x09]);
            let ap_req = &framed[13..];
            let parsed = ApReq::parse(ap_req).unwrap();
            assert_eq!(parsed.service, ["HTTP", "server.test.domain.com"]);
            assert_eq!((&*parsed.realm, parsed.ticket_type), ("DOMAIN.COM", etype));
            let (_, authenticator, ticket) = open_ap_req(ap_req, &key);
            assert!(child(&authenticator, 0x62).is_some());
            let caller = kerberos::caller(&logon_info(&ticket)).expect("a PAC of Windows");
            assert_eq!(caller.account.split_once('\\').unwrap().1, "user.test");
            // Ours opens it as picky-krb does, with the right key alone.
            let open = |key: &[u8]| {
                let (components, realm) = (vec!["any".into()], "ANY".into());
                let entry = KeytabEntry {
                    components,
                    realm,
                    kvno: 1,
                    etype: etype as u16,
                    key: key.to_vec().into(),
                };
                RecordedApReq::open(token, &[entry]).unwrap().map(|request| request.client)
            };
            assert_eq!(open(&key).as_deref(), Some("user.test@DOMAIN.COM"));
            assert_eq!(open(&vec![1; key.len()]), None);
        }
        tally::ran("capture-kerberos-token", name);
    }
}
