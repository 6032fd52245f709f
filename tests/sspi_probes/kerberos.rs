//! Defects of the Kerberos acceptor, without a KDC: the tickets are made here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use picky_krb::constants::key_usages::{AP_REQ_AUTHENTICATOR, INITIATOR_SEAL, TICKET_REP};
use picky_krb::crypto::CipherSuite;
use picky_krb::gss_api::WrapToken;
use sspi::kerberos::ServerProperties;
use sspi::{
    EncryptionFlags, KdcResolution, Kerberos, KerberosConfig, Secret, SecurityBufferFlags,
    SecurityBufferRef, Sspi,
};
use time::OffsetDateTime;
use time::macros::format_description;

use super::accept;

const SERVICE: &[&str] = &["HOST", "ca1.wcce.test"];
const SERVICE_KEY: [u8; 32] = [0x11; 32];
const SESSION_KEY: [u8; 32] = [0x22; 32];

/// What goes into a ticket and its authenticator.
struct Ticket {
    service_key: [u8; 32],
    sub_key: Vec<u8>,
    /// Encryption type of the sub-key.
    etype: u8,
    /// AuthorizationData of the ticket.
    authorization: Option<Vec<u8>>,
}

impl Ticket {
    fn aes256() -> Self {
        let sub_key = vec![0x33; 32];
        Self { service_key: SERVICE_KEY, sub_key, etype: 18, authorization: None }
    }

    /// A GSS token with an AP-REQ that asks for no mutual authentication.
    fn ap_req(&self) -> Vec<u8> {
        let now = OffsetDateTime::now_utc();
        let (realm, client) = (string("WCCE.TEST"), name(1, &["alice"]));
        let mut enc_ticket = vec![
            context(0, &bits(&[0; 4])),
            context(1, &key(18, &SESSION_KEY)),
            context(2, &realm),
            context(3, &client),
            context(4, &sequence(&[context(0, &integer(0)), context(1, &octets(&[]))])),
            context(5, &time(now)),
            context(7, &time(now + time::Duration::HOUR)),
        ];
        enc_ticket.extend(self.authorization.as_ref().map(|data| context(10, data)));
        let ticket = application(
            1,
            &[
                context(0, &integer(5)),
                context(1, &realm),
                context(2, &name(2, SERVICE)),
                context(3, &encrypt(&self.service_key, TICKET_REP, &application(3, &enc_ticket))),
            ],
        );
        let authenticator = application(
            2,
            &[
                context(0, &integer(5)),
                context(1, &realm),
                context(2, &client),
                context(4, &integer(7)),
                context(5, &time(now)),
                context(6, &key(self.etype, &self.sub_key)),
                context(7, &integer(1)),
            ],
        );
        let ap_req = application(
            14,
            &[
                context(0, &integer(5)),
                context(1, &integer(14)),
                context(2, &bits(&[0; 4])),
                context(3, &ticket),
                context(4, &encrypt(&SESSION_KEY, AP_REQ_AUTHENTICATOR, &authenticator)),
            ],
        );
        let kerberos = tlv(0x06, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02]);
        tlv(0x60, &[kerberos, vec![0x01, 0x00], ap_req].concat())
    }
}

/// sspi's acceptor for `HOST/ca1.wcce.test` with this key, and others added for the same name.
fn server(key: [u8; 32], others: &[[u8; 32]]) -> Kerberos {
    let config = KerberosConfig {
        kdc_resolution: KdcResolution::KdcUrl(None),
        client_computer_name: "ca1.wcce.test".into(),
    };
    let secret = |key: [u8; 32]| Secret::new(key.to_vec());
    let skew = Duration::from_secs(300);
    let mut properties = ServerProperties::new(SERVICE, None, skew, Some(secret(key))).unwrap();
    for other in others {
        properties.add_service_key(SERVICE, secret(*other)).unwrap();
    }
    Kerberos::new_server_from_config(config, properties).unwrap()
}

fn established(ticket: &Ticket) -> Kerberos {
    let mut server = server(SERVICE_KEY, &[]);
    accept(&mut server, &mut None, &ticket.ap_req()).unwrap();
    server
}

/// A sealed wrap token (RFC 4121, EC 0) of the initiator.
fn wrap(cipher: &CipherSuite, key: &[u8], sequence: u64, text: &[u8]) -> Vec<u8> {
    const RRC: u16 = 28;
    let mut token = WrapToken::with_seq_number(sequence);
    let payload = [text, &token.header()].concat();
    let mut sealed = cipher.cipher().encrypt(key, INITIATOR_SEAL, &payload).unwrap();
    sealed.rotate_right(usize::from(RRC));
    token.set_rrc(RRC);
    token.set_checksum(sealed);
    let mut out = Vec::new();
    token.encode(&mut out).unwrap();
    out
}

fn unwrap(server: &mut Kerberos, token: &[u8]) -> sspi::Result<Vec<u8>> {
    let (mut head, mut body) = (token[..60].to_vec(), token[60..].to_vec());
    let mut message =
        [SecurityBufferRef::token_buf(&mut head), SecurityBufferRef::data_buf(&mut body)];
    server.decrypt_message(&mut message)?;
    Ok(message[1].data().to_vec())
}

/// A wrap token that was seen before is taken again, and numbers may be skipped.
#[test]
fn kerberos_checks_no_sequence() {
    let ticket = Ticket::aes256();
    let mut server = established(&ticket);
    let token = |sequence| {
        wrap(&CipherSuite::Aes256CtsHmacSha196, &ticket.sub_key, sequence, b"sixteen bytes...")
    };
    assert_eq!(unwrap(&mut server, &token(1)).unwrap(), b"sixteen bytes...");
    assert!(unwrap(&mut server, &token(1)).is_ok(), "replayed");
    assert!(unwrap(&mut server, &token(1000)).is_ok(), "skipped");
    let mut flipped = token(2);
    flipped[30] ^= 1;
    assert!(unwrap(&mut server, &flipped).is_err(), "it does check what it decrypts");
}

/// Messages are protected with AES-256 whatever the context's key is: with AES-128 (or RC4, which
/// isn't known at all) none can be read.
#[test]
fn kerberos_speaks_aes_256_alone() {
    let ticket = Ticket { sub_key: vec![0x33; 16], etype: 17, ..Ticket::aes256() };
    let mut server = established(&ticket);
    let token = wrap(&CipherSuite::Aes128CtsHmacSha196, &ticket.sub_key, 1, b"sixteen bytes...");
    let outcome = catch_unwind(AssertUnwindSafe(|| unwrap(&mut server, &token)));
    assert!(!matches!(outcome, Ok(Ok(_))), "AES-128 works now");
    assert!(CipherSuite::try_from(23usize).is_err(), "RC4 is known now");
}

/// Nothing signs without sealing: packet integrity has no counterpart.
#[test]
fn kerberos_has_no_integrity_level() {
    let mut server = established(&Ticket::aes256());
    let (mut body, mut token) = (*b"stub", [0; 100]);
    let signed = SecurityBufferFlags::SECBUFFER_READONLY_WITH_CHECKSUM;
    let mut message = [
        SecurityBufferRef::data_buf(&mut body).with_flags(signed),
        SecurityBufferRef::token_buf(&mut token),
    ];
    assert!(server.encrypt_message(EncryptionFlags::empty(), &mut message).is_err());
    let sealed = SecurityBufferFlags::NONE;
    let mut message = message.map(|buffer| buffer.with_flags(sealed));
    assert!(server.encrypt_message(EncryptionFlags::empty(), &mut message).is_ok());
    assert!(server.make_signature(0, &mut message, 0).is_err());
    assert!(server.verify_signature(&mut message, 0).is_err());
}

/// One key per service name, without a version: tickets made before the last change of the
/// password, which a keytab keeps the old key for, are refused.
#[test]
fn kerberos_knows_one_key_per_service_name() {
    let old = [0x44; 32];
    let ticket = Ticket { service_key: old, ..Ticket::aes256() }.ap_req();
    assert!(accept(&mut server(old, &[]), &mut None, &ticket).is_ok());
    assert!(accept(&mut server(SERVICE_KEY, &[old]), &mut None, &ticket).is_err());
}

/// A ticket whose PAC is garbage passes: nobody looks at it, so nobody can hand out its SIDs.
#[test]
fn kerberos_drops_the_pac() {
    let entry = |id, data: &[u8]| sequence(&[context(0, &integer(id)), context(1, &octets(data))]);
    let pac = sequence(&[entry(128u8, b"no PAC at all")]);
    let authorization = sequence(&[entry(1, &pac)]);
    let ticket = Ticket { authorization: Some(authorization), ..Ticket::aes256() };
    let mut server = established(&ticket);
    let token = wrap(&CipherSuite::Aes256CtsHmacSha196, &ticket.sub_key, 1, b"sixteen bytes...");
    assert!(unwrap(&mut server, &token).is_ok());
}

fn encrypt(key: &[u8], usage: i32, text: &[u8]) -> Vec<u8> {
    let cipher = CipherSuite::Aes256CtsHmacSha196.cipher().encrypt(key, usage, text).unwrap();
    sequence(&[context(0, &integer(18)), context(2, &octets(&cipher))])
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = match length {
        0..128 => vec![tag, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    if (128..256).contains(&length) {
        out = vec![tag, 0x81, length as u8];
    }
    out.extend(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn application(number: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x60 | number, &sequence(parts))
}

fn context(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xA0 | number, content)
}

/// A small non-negative INTEGER.
fn integer(value: u8) -> Vec<u8> {
    if value < 128 { tlv(2, &[value]) } else { tlv(2, &[0, value]) }
}

fn octets(content: &[u8]) -> Vec<u8> {
    tlv(4, content)
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

fn string(text: &str) -> Vec<u8> {
    tlv(0x1B, text.as_bytes())
}

fn name(kind: u8, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| string(part)).collect();
    sequence(&[context(0, &integer(kind)), context(1, &sequence(&parts))])
}

fn key(etype: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[context(0, &integer(etype)), context(1, &octets(value))])
}

fn time(time: OffsetDateTime) -> Vec<u8> {
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    tlv(0x18, time.format(&format).unwrap().as_bytes())
}
