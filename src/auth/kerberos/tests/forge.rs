//! A KDC's work without a KDC: service tickets with a PAC, in a credential cache, for a service
//! whose keytab is made here too. What is forged is whatever a test wants to be wrong.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::macros::format_description;

use super::super::crypto::{AesType, Cipher, Mac};
use crate::auth::filetime;
use crate::auth::ntlm::{Key, Rc4, hmac_md5, md5};
use crate::auth::spnego::der::value;
use crate::generated::dtyp::{RPC_SID, RPC_SID_IDENTIFIER_AUTHORITY, RPC_UNICODE_STRING};
use crate::generated::pac::{GROUP_MEMBERSHIP, KERB_SID_AND_ATTRIBUTES, KERB_VALIDATION_INFO};
use crate::ndr::{Varying, serialize};

pub const REALM: &str = "WCCE.TEST";
pub const HOST: &str = "ca1.wcce.test";

/// A ticket to be made, and the service that it is for.
#[derive(Clone)]
pub struct Forge {
    /// Service and session key type.
    pub etypes: (u8, u8),
    /// Components of the service's name in the ticket.
    pub service: Vec<&'static str>,
    /// How far the client's clock is ahead, in seconds.
    pub client_ahead: i32,
    /// Of the service's key; the keytab has 1.
    pub key_seed: u8,
    /// How long before now the ticket began, and how long after now it ends; seconds.
    pub life: (i64, i64),
    /// The PAC's first buffer; `None`: no PAC.
    pub logon_info: Option<Vec<u8>>,
    /// Turned bits of the PAC's server signature.
    pub signature_mask: u8,
    /// Name in the PAC's client information.
    pub pac_client: &'static str,
}

impl Default for Forge {
    fn default() -> Self {
        Self {
            etypes: (18, 18),
            service: vec!["host", HOST],
            client_ahead: 0,
            key_seed: 1,
            life: (60, 3600),
            logon_info: Some(logon_info(&validation_info(&[513, 1107]))),
            signature_mask: 0,
            pac_client: "alice",
        }
    }
}

impl Forge {
    pub fn with_types(service: u8, session: u8) -> Self {
        Self { etypes: (service, session), ..Self::default() }
    }

    /// Writes keytab and credential cache.
    pub fn write(&self, folder: &Path) -> (PathBuf, String) {
        let (keytab, cache) = (folder.join("keytab"), folder.join("cache"));
        std::fs::write(&keytab, keytab_of(self.etypes.0, 1)).expect("a keytab");
        std::fs::write(&cache, self.cache()).expect("a cache");
        (keytab, format!("FILE:{}", cache.display()))
    }

    fn cache(&self) -> Vec<u8> {
        let counted = |bytes: &[u8]| {
            [&u32::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
        };
        let principal = |kind: u32, components: &[&str]| {
            let count = u32::try_from(components.len()).expect("few");
            let mut out = [kind.to_be_bytes(), count.to_be_bytes()].concat();
            out.extend(counted(REALM.as_bytes()));
            components.iter().for_each(|text| out.extend(counted(text.as_bytes())));
            out
        };
        // Version 4, and one header: how far the KDC's clock is ahead of this machine's.
        let mut out = vec![5, 4, 0, 12, 0, 1, 0, 8];
        out.extend(self.client_ahead.to_be_bytes());
        out.extend([0; 4]);
        out.extend(principal(1, &["alice"]));
        out.extend(principal(1, &["alice"]));
        // Filed under the name that the client asks for, whatever the ticket says.
        out.extend(principal(2, &["host", HOST]));
        out.extend([0, self.etypes.1]);
        out.extend(counted(&key(self.etypes.1, 9)));
        // Valid, whatever the ticket says: the client is to send it.
        let now = OffsetDateTime::now_utc().unix_timestamp();
        for time in [now - 86_400, now - 86_400, now + 86_400, 0] {
            out.extend(u32::try_from(time).expect("positive").to_be_bytes());
        }
        out.push(0);
        out.extend([0, 0, 0, 0].repeat(3));
        out.extend(counted(&self.ticket()));
        out.extend(counted(&[]));
        out
    }

    fn times(&self) -> [i64; 2] {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        [now - self.life.0, now + self.life.1]
    }

    fn ticket(&self) -> Vec<u8> {
        let fields = [
            value(0xA0, &integer(5)),
            value(0xA1, &text(REALM)),
            value(0xA2, &name(2, &self.service)),
            value(
                0xA3,
                &encrypted(self.etypes.0, &key(self.etypes.0, self.key_seed), &self.part()),
            ),
        ];
        value(0x61, &value(0x30, &fields.concat()))
    }

    /// EncTicketPart.
    fn part(&self) -> Vec<u8> {
        let session = [
            value(0xA0, &integer(self.etypes.1)),
            value(0xA1, &value(0x04, &key(self.etypes.1, 9))),
        ];
        let transited = [value(0xA0, &integer(1)), value(0xA1, &value(0x04, &[]))];
        let [start, end] = self.times().map(generalized_time);
        let mut fields = vec![
            value(0xA0, &value(0x03, &[0, 0, 0x20, 0, 0])),
            value(0xA1, &value(0x30, &session.concat())),
            value(0xA2, &text(REALM)),
            value(0xA3, &name(1, &["alice"])),
            value(0xA4, &value(0x30, &transited.concat())),
            value(0xA5, &start),
            value(0xA6, &start),
            value(0xA7, &end),
        ];
        if let Some(logon_info) = &self.logon_info {
            let pac = authorization(128, &self.pac(logon_info));
            fields.push(value(0xAA, &authorization(1, &pac)));
        }
        value(0x63, &value(0x30, &fields.concat()))
    }

    fn pac(&self, logon_info: &[u8]) -> Vec<u8> {
        let start = SystemTime::UNIX_EPOCH
            + Duration::from_secs(self.times()[0].try_into().expect("positive"));
        let client: Vec<u8> = self.pac_client.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let client_len = u16::try_from(client.len()).expect("short").to_le_bytes();
        let client_info =
            [&filetime(start).expect("now").to_le_bytes()[..], &client_len, &client].concat();
        let (kind, len): (i32, usize) = match self.etypes.0 {
            17 => (15, 12),
            18 => (16, 12),
            _ => (-138, 16),
        };
        let signature = [&kind.to_le_bytes()[..], &vec![0; len]].concat();
        let buffers: [(u32, &[u8]); 4] =
            [(1, logon_info), (10, &client_info), (6, &signature), (7, &signature)];
        let mut pac = [4u32.to_le_bytes(), 0u32.to_le_bytes()].concat();
        let mut content = Vec::new();
        let mut signature_at = 0;
        for (number, bytes) in buffers {
            let offset = 8 + 16 * buffers.len() + content.len();
            if number == 6 {
                signature_at = offset + 4;
            }
            pac.extend(number.to_le_bytes());
            pac.extend(u32::try_from(bytes.len()).expect("short").to_le_bytes());
            pac.extend(u64::try_from(offset).expect("short").to_le_bytes());
            content.extend_from_slice(bytes);
            content.resize(content.len().next_multiple_of(8), 0);
        }
        pac.extend(content);
        let signature = checksum(self.etypes.0, &key(self.etypes.0, self.key_seed), 17, &pac);
        for (at, byte) in signature.iter().enumerate() {
            pac[signature_at + at] = byte ^ self.signature_mask;
        }
        pac
    }
}

/// A keytab with keys of one type for host/…, RPCSS/… and cifs/….
pub fn keytab_of(etype: u8, seed: u8) -> Vec<u8> {
    let counted =
        |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat();
    let mut out = vec![5, 2];
    for class in ["host", "RPCSS"] {
        let mut entry = vec![0, 2];
        [REALM, class, HOST].iter().for_each(|text| entry.extend(counted(text.as_bytes())));
        entry.extend([0, 0, 0, 2, 0, 0, 0, 0, 1, 0, etype]);
        entry.extend(counted(&key(etype, seed)));
        out.extend(i32::try_from(entry.len()).expect("short").to_be_bytes());
        out.extend(entry);
    }
    out
}

fn key(etype: u8, seed: u8) -> Vec<u8> {
    let len = if [18, 20].contains(&etype) { 32 } else { 16 };
    (0..len).map(|i: u8| i.wrapping_mul(7) ^ seed).collect()
}

fn aes(etype: u8) -> Option<AesType> {
    match etype {
        17 => Some(AesType::Aes128Sha1),
        18 => Some(AesType::Aes256Sha1),
        _ => None,
    }
}

fn rc4_key(key: &[u8]) -> Key {
    Key::new(key.try_into().expect("16 bytes"))
}

/// EncryptedData of a ticket (usage 2).
fn encrypted(etype: u8, key: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = match aes(etype) {
        Some(aes) => {
            let cipher = Cipher::new(aes, key, 2).expect("fits");
            let mut data = [&[0x5A; 16], plain].concat();
            let mac = cipher.mac.compute(&[&data]);
            cipher.encrypt(&mut data).expect("long enough");
            [data, mac].concat()
        }
        None => {
            let usage = hmac_md5(&rc4_key(key), &[&2u32.to_le_bytes()]);
            let mut data = [&[0x5A; 8], plain].concat();
            let mac = hmac_md5(&usage, &[&data]);
            Rc4::new(&hmac_md5(&usage, &[&*mac])).apply(&mut data);
            [mac.to_vec(), data].concat()
        }
    };
    let fields = [
        value(0xA0, &integer(etype)),
        value(0xA1, &integer(1)),
        value(0xA2, &value(0x04, &cipher)),
    ];
    value(0x30, &fields.concat())
}

fn checksum(etype: u8, key: &[u8], usage: u32, data: &[u8]) -> Vec<u8> {
    match aes(etype) {
        Some(aes) => Mac::checksum(aes, key, usage).expect("fits").compute(&[data]),
        None => {
            let sign = hmac_md5(&rc4_key(key), &[b"signaturekey\0"]);
            hmac_md5(&sign, &[&*md5(&[&usage.to_le_bytes(), data])]).to_vec()
        }
    }
}

fn authorization(kind: u8, data: &[u8]) -> Vec<u8> {
    // 128 needs a leading zero: INTEGER is signed.
    let kind = if kind < 128 { value(0x02, &[kind]) } else { value(0x02, &[0, kind]) };
    let element = [value(0xA0, &kind), value(0xA1, &value(0x04, data))].concat();
    value(0x30, &value(0x30, &element))
}

fn integer(small: u8) -> Vec<u8> {
    value(0x02, &[small])
}

fn text(text: &str) -> Vec<u8> {
    value(0x1B, text.as_bytes())
}

fn name(kind: u8, components: &[&str]) -> Vec<u8> {
    let strings: Vec<u8> = components.iter().flat_map(|component| text(component)).collect();
    value(0x30, &[value(0xA0, &integer(kind)), value(0xA1, &value(0x30, &strings))].concat())
}

fn generalized_time(unix: i64) -> Vec<u8> {
    let time = OffsetDateTime::from_unix_timestamp(unix).expect("near now");
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    value(0x18, time.format(format).expect("a date").as_bytes())
}

/// The validation information of WCCE\alice (1103) in groups of these RIDs.
pub fn validation_info(groups: &[u32]) -> KERB_VALIDATION_INFO {
    let groups: Vec<_> =
        groups.iter().map(|rid| GROUP_MEMBERSHIP { relative_id: *rid, attributes: 7 }).collect();
    KERB_VALIDATION_INFO {
        effective_name: unicode("alice"),
        logon_domain_name: unicode("WCCE"),
        user_id: 1103,
        primary_group_id: 513,
        group_count: u32::try_from(groups.len()).expect("few"),
        group_ids: Some(groups),
        logon_domain_id: Some(Box::new(sid(&[21, 1, 2, 3]))),
        ..Default::default()
    }
}

pub fn extra(sid: RPC_SID, attributes: u32) -> KERB_SID_AND_ATTRIBUTES {
    KERB_SID_AND_ATTRIBUTES { sid: Some(Box::new(sid)), attributes }
}

pub fn sid(sub_authority: &[u32]) -> RPC_SID {
    RPC_SID {
        revision: 1,
        sub_authority_count: u8::try_from(sub_authority.len()).expect("few"),
        identifier_authority: RPC_SID_IDENTIFIER_AUTHORITY { value: [0, 0, 0, 0, 0, 5] },
        sub_authority: sub_authority.to_vec(),
    }
}

pub fn logon_info(info: &KERB_VALIDATION_INFO) -> Vec<u8> {
    serialize(&Some(info.clone())).expect("sound")
}

fn unicode(text: &str) -> RPC_UNICODE_STRING {
    let elements: Vec<u16> = text.encode_utf16().collect();
    let count = u32::try_from(elements.len()).expect("short");
    let length = u16::try_from(2 * count).expect("short");
    let buffer = Some(Varying { max_count: count, offset: 0, elements });
    RPC_UNICODE_STRING { length, maximum_length: length, buffer }
}
