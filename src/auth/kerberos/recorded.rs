//! AP exchanges that somebody recorded: who called whom, and the keys of the messages for those
//! who have the service's key. Nobody logs on here: neither time nor replay is looked at.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ap_req::unframe;
use super::crypto::{BLOCK, Cipher};
use super::session::{EncryptionType, End, Established};
use super::{AesType, ApReq};
use crate::auth::AuthError;
use crate::auth::keytab::KeytabEntry;
use crate::auth::ntlm::{Key, Rc4, hmac_md5};
use crate::auth::spnego::der::{Reader, single};

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const GENERAL_STRING: u8 = 0x1B;
const SEQUENCE: u8 = 0x30;
const AP_REQ: u8 = 0x6E;
const AP_REP: u8 = 0x6F;
const TICKET: u8 = 0x61;
const AUTHENTICATOR: u8 = 0x62;
const ENC_TICKET_PART: u8 = 0x63;
const ENC_AP_REP_PART: u8 = 0x7B;
/// `[n]`, constructed.
const CONTEXT: [u8; 8] = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7];

/// Key usages of RFC 4120 7.5.1.
const USAGE_TICKET: u32 = 2;
const USAGE_AUTHENTICATOR: u32 = 11;
const USAGE_AP_REP: u32 = 12;
/// GSS_C_SEQUENCE_FLAG, in the authenticator's checksum (RFC 4121 4.1.1).
const SEQUENCE_FLAG: u32 = 8;

const MALFORMED: AuthError = AuthError::Malformed("recorded AP exchange");

/// An AP-REQ whose ticket was opened.
pub struct RecordedApReq {
    /// Who called: `name@REALM`.
    pub client: String,
    session: SessionKey,
    /// The client's subkey.
    subkey: Option<SessionKey>,
    sequence: u64,
    ordered: bool,
}

#[derive(Clone)]
struct SessionKey {
    etype: u32,
    value: Zeroizing<Vec<u8>>,
}

/// The clear part of a client's first token: an AP-REQ, framed or not.
///
/// # Errors
/// It is none.
pub fn clear_ap_req(token: &[u8]) -> Result<ApReq, AuthError> {
    ApReq::parse(unframe(token)?)
}

impl RecordedApReq {
    /// Opens a client's first token with the first of `keys` that fits; `None` where none does.
    ///
    /// # Errors
    /// The token is malformed, or what is sealed in it.
    pub fn open(token: &[u8], keys: &[KeytabEntry]) -> Result<Option<Self>, AuthError> {
        let [version, kind, options, ticket_tag, authenticator_tag, ..] = CONTEXT;
        let mut fields = Reader::new(single(single(unframe(token)?, AP_REQ)?, SEQUENCE)?);
        for skipped in [version, kind, options] {
            fields.expect(skipped)?;
        }
        let ticket = single(single(fields.expect(ticket_tag)?, TICKET)?, SEQUENCE)?;
        let authenticator = EncryptedData::parse(fields.expect(authenticator_tag)?)?;
        let [version, realm, name, sealed, ..] = CONTEXT;
        let mut ticket = Reader::new(ticket);
        for skipped in [version, realm, name] {
            ticket.expect(skipped)?;
        }
        let ticket = EncryptedData::parse(ticket.expect(sealed)?)?;
        let opens = |entry: &KeytabEntry| {
            let fits = u32::from(entry.etype) == ticket.etype;
            fits.then(|| ticket.open(&entry.key, USAGE_TICKET).ok()).flatten()
        };
        let Some(ticket) = keys.iter().find_map(opens) else { return Ok(None) };
        Self::read(&ticket, &authenticator).map(Some)
    }

    fn read(ticket: &[u8], authenticator: &EncryptedData<'_>) -> Result<Self, AuthError> {
        let [flags, key, realm, name, ..] = CONTEXT;
        let mut fields = Reader::new(single(single(ticket, ENC_TICKET_PART)?, SEQUENCE)?);
        fields.expect(flags)?;
        let session = SessionKey::parse(fields.expect(key)?)?;
        let realm = text(single(fields.expect(realm)?, GENERAL_STRING)?);
        let client = format!("{}@{realm}", principal(fields.expect(name)?)?);

        let opened = authenticator.open(&session.value, USAGE_AUTHENTICATOR)?;
        let [version, realm, name, checksum, microseconds, time, subkey, sequence] = CONTEXT;
        let mut fields = Reader::new(single(single(&opened, AUTHENTICATOR)?, SEQUENCE)?);
        for skipped in [version, realm, name] {
            fields.expect(skipped)?;
        }
        let ordered = match fields.optional(checksum)? {
            Some(checksum) => gss_flags(checksum)?.is_none_or(|flags| flags & SEQUENCE_FLAG != 0),
            None => true,
        };
        fields.expect(microseconds)?;
        fields.expect(time)?;
        let subkey = fields.optional(subkey)?.map(SessionKey::parse).transpose()?;
        let sequence = fields.optional(sequence)?.map(number).transpose()?.unwrap_or_default();
        Ok(Self { client, session, subkey, sequence, ordered })
    }

    /// What the exchange leaves behind at the acceptor's end, with the AP-REP that answered it.
    ///
    /// # Errors
    /// The AP-REP is malformed, does not belong to this exchange, or leads to an encryption type
    /// that is not spoken here.
    pub fn established(&self, ap_rep: &[u8]) -> Result<Established, AuthError> {
        let [version, kind, sealed, ..] = CONTEXT;
        let mut fields = Reader::new(single(single(ap_rep, AP_REP)?, SEQUENCE)?);
        fields.expect(version)?;
        fields.expect(kind)?;
        let opened = EncryptedData::parse(fields.expect(sealed)?)?
            .open(&self.session.value, USAGE_AP_REP)?;
        let [time, microseconds, subkey, sequence, ..] = CONTEXT;
        let mut fields = Reader::new(single(single(&opened, ENC_AP_REP_PART)?, SEQUENCE)?);
        fields.expect(time)?;
        fields.expect(microseconds)?;
        let acceptors = fields.optional(subkey)?.map(SessionKey::parse).transpose()?;
        let send_sequence = fields.optional(sequence)?.map(number).transpose()?.unwrap_or_default();
        let acceptor_subkey = acceptors.is_some();
        let key = acceptors.or_else(|| self.subkey.clone()).unwrap_or_else(|| self.session.clone());
        Ok(Established {
            own: End::Acceptor,
            encryption_type: EncryptionType::from_wire(key.etype)
                .ok_or(AuthError::Refused("an encryption type that is not spoken here"))?,
            key: key.value,
            acceptor_subkey,
            send_sequence,
            receive_sequence: self.sequence,
            ordered: self.ordered,
        })
    }
}

impl SessionKey {
    /// EncryptionKey.
    fn parse(value: &[u8]) -> Result<Self, AuthError> {
        let [kind, content, ..] = CONTEXT;
        let mut fields = Reader::new(single(value, SEQUENCE)?);
        let etype = etype(fields.expect(kind)?)?;
        let value = single(fields.expect(content)?, OCTET_STRING)?;
        Ok(Self { etype, value: value.to_vec().into() })
    }
}

/// EncryptedData.
struct EncryptedData<'a> {
    etype: u32,
    cipher: &'a [u8],
}

impl<'a> EncryptedData<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, AuthError> {
        let [kind, kvno, content, ..] = CONTEXT;
        let mut fields = Reader::new(single(value, SEQUENCE)?);
        let etype = etype(fields.expect(kind)?)?;
        fields.optional(kvno)?;
        Ok(Self { etype, cipher: single(fields.expect(content)?, OCTET_STRING)? })
    }

    fn open(&self, key: &[u8], usage: u32) -> Result<Zeroizing<Vec<u8>>, AuthError> {
        match EncryptionType::from_wire(self.etype) {
            Some(EncryptionType::Aes(aes)) => open_aes(aes, key, usage, self.cipher),
            Some(EncryptionType::Rc4Hmac) => open_rc4(key, usage, self.cipher),
            None => Err(AuthError::Refused("an encryption type that is not spoken here")),
        }
    }
}

/// RFC 3961 5.3, RFC 8009 5: confounder and text encrypted, checksum behind it.
fn open_aes(
    aes: AesType,
    key: &[u8],
    usage: u32,
    cipher: &[u8],
) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    if key.len() != aes.key_len() {
        return Err(MALFORMED);
    }
    let keys = Cipher::new(aes, key, usage)?;
    let at = cipher.len().checked_sub(aes.mac_len()).ok_or(MALFORMED)?;
    let (sealed, mac) = cipher.split_at_checked(at).ok_or(MALFORMED)?;
    let mut text = Zeroizing::new(sealed.to_vec());
    if text.len() <= BLOCK {
        return Err(MALFORMED);
    }
    keys.decrypt(&mut text)?;
    let expected = match aes.macs_ciphertext() {
        true => keys.mac.compute(&[&[0; BLOCK], sealed]),
        false => keys.mac.compute(&[&text]),
    };
    match bool::from(expected.ct_eq(mac)) {
        true => Ok(Zeroizing::new(text.get(BLOCK..).unwrap_or_default().to_vec())),
        false => Err(AuthError::BadSignature),
    }
}

/// RFC 4757 5: checksum in front, then confounder and text encrypted.
fn open_rc4(key: &[u8], usage: u32, cipher: &[u8]) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    let key: Key = Zeroizing::new(key.try_into().map_err(|_| MALFORMED)?);
    let (checksum, sealed) = cipher.split_first_chunk::<16>().ok_or(MALFORMED)?;
    let of_usage = hmac_md5(&key, &[&usage.to_le_bytes()]);
    let mut text = Zeroizing::new(sealed.to_vec());
    Rc4::new(&hmac_md5(&of_usage, &[checksum])).apply(&mut text);
    match bool::from(hmac_md5(&of_usage, &[&text]).ct_eq(checksum)) {
        true => Ok(Zeroizing::new(text.get(8..).ok_or(MALFORMED)?.to_vec())),
        false => Err(AuthError::BadSignature),
    }
}

/// Flags of an authenticator's checksum, where it is GSS-API's.
fn gss_flags(checksum: &[u8]) -> Result<Option<u32>, AuthError> {
    const GSS: &[u8] = &[0x00, 0x80, 0x03];
    let [kind, content, ..] = CONTEXT;
    let mut fields = Reader::new(single(checksum, SEQUENCE)?);
    if single(fields.expect(kind)?, INTEGER)? != GSS {
        return Ok(None);
    }
    let content = single(fields.expect(content)?, OCTET_STRING)?;
    let flags = content.get(20..).and_then(<[u8]>::first_chunk);
    Ok(flags.map(|flags| u32::from_le_bytes(*flags)))
}

fn principal(name: &[u8]) -> Result<String, AuthError> {
    let [kind, strings, ..] = CONTEXT;
    let mut fields = Reader::new(single(name, SEQUENCE)?);
    fields.expect(kind)?;
    let mut strings = Reader::new(single(fields.expect(strings)?, SEQUENCE)?);
    let mut parts = Vec::new();
    while !strings.is_empty() {
        parts.push(text(strings.expect(GENERAL_STRING)?));
    }
    Ok(parts.join("/"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn etype(value: &[u8]) -> Result<u32, AuthError> {
    number(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// An INTEGER. Sequence numbers are unsigned, whatever their sign bit says.
fn number(value: &[u8]) -> Result<u64, AuthError> {
    let octets = single(value, INTEGER)?;
    // Four octets with the sign bit set are how some write an unsigned number.
    match octets.len() {
        1..=9 => Ok(octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))),
        _ => Err(MALFORMED),
    }
}
