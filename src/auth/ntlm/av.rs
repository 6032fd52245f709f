//! AV pairs: the target information of CHALLENGE and NTLMv2 response ([MS-NLMP] 2.2.2.1), and
//! what the acceptor demands of those that come back.

use std::net::IpAddr;

use super::crypto::utf16le;
use crate::auth::{AuthError, Names, Peer};

pub(super) const NB_COMPUTER_NAME: u16 = 1;
pub(super) const NB_DOMAIN_NAME: u16 = 2;
pub(super) const DNS_COMPUTER_NAME: u16 = 3;
pub(super) const DNS_DOMAIN_NAME: u16 = 4;
pub(super) const DNS_TREE_NAME: u16 = 5;
pub(super) const FLAGS: u16 = 6;
pub(super) const TIMESTAMP: u16 = 7;
/// The client machine's id. Ignored: a reflected logon would show our own, but our initiator
/// sends none.
pub(super) const SINGLE_HOST: u16 = 8;
pub(super) const TARGET_NAME: u16 = 9;
pub(super) const CHANNEL_BINDINGS: u16 = 10;

/// MsvAvFlags: the AUTHENTICATE carries a MIC.
pub(super) const FLAG_MIC: u32 = 2;
/// MsvAvFlags: the client itself doesn't trust its MsvAvTargetName.
const FLAG_UNTRUSTED_TARGET: u32 = 4;

/// Reads AV pairs up to MsvAvEOL, each id at most once and none that is unknown. What follows
/// the end is the caller's.
pub(super) fn parse(mut bytes: &[u8]) -> Result<Vec<(u16, &[u8])>, AuthError> {
    let mut pairs = Vec::new();
    loop {
        let ([i0, i1, l0, l1], rest) =
            bytes.split_first_chunk::<4>().ok_or(AuthError::Malformed("AV pairs: no end"))?;
        let (id, length) = (u16::from_le_bytes([*i0, *i1]), u16::from_le_bytes([*l0, *l1]));
        let (value, rest) = rest
            .split_at_checked(usize::from(length))
            .ok_or(AuthError::Malformed("AV pairs: truncated"))?;
        match id {
            0 if value.is_empty() => return Ok(pairs),
            NB_COMPUTER_NAME..=CHANNEL_BINDINGS if value_of(&pairs, id).is_none() => {
                pairs.push((id, value));
            }
            _ => return Err(AuthError::Malformed("AV pairs: an id that is unknown or repeated")),
        }
        bytes = rest;
    }
}

/// The value of the pair with this id.
pub(super) fn value_of<'a>(pairs: &[(u16, &'a [u8])], wanted: u16) -> Option<&'a [u8]> {
    pairs.iter().find(|(id, _)| *id == wanted).map(|(_, value)| *value)
}

/// The TargetInfo of a CHALLENGE, in the order of Windows. `timestamp` is a FILETIME.
pub(super) fn target_info(names: &Names, timestamp: u64) -> Result<Vec<u8>, AuthError> {
    let timestamp = timestamp.to_le_bytes();
    let mut out = Vec::new();
    push(&mut out, NB_DOMAIN_NAME, &utf16le(&names.netbios_domain))?;
    push(&mut out, NB_COMPUTER_NAME, &utf16le(&names.netbios_computer))?;
    push(&mut out, DNS_DOMAIN_NAME, &utf16le(&names.dns_domain))?;
    push(&mut out, DNS_COMPUTER_NAME, &utf16le(&names.dns_computer))?;
    if let Some(forest) = &names.dns_forest {
        push(&mut out, DNS_TREE_NAME, &utf16le(forest))?;
    }
    push(&mut out, TIMESTAMP, &timestamp)?;
    push(&mut out, 0, &[])?;
    Ok(out)
}

/// The names in a TargetInfo; those that are missing are empty.
pub(super) fn names(pairs: &[(u16, &[u8])]) -> Names {
    let name = |id| value_of(pairs, id).and_then(decode);
    Names {
        netbios_computer: name(NB_COMPUTER_NAME).unwrap_or_default(),
        netbios_domain: name(NB_DOMAIN_NAME).unwrap_or_default(),
        dns_computer: name(DNS_COMPUTER_NAME).unwrap_or_default(),
        dns_domain: name(DNS_DOMAIN_NAME).unwrap_or_default(),
        dns_forest: name(DNS_TREE_NAME),
        aliases: Vec::new(),
    }
}

fn push(out: &mut Vec<u8>, id: u16, value: &[u8]) -> Result<(), AuthError> {
    let length = u16::try_from(value.len())
        .map_err(|_| AuthError::Malformed("own names: too long for an AV pair"))?;
    out.extend(id.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(value);
    Ok(())
}

/// The AV pairs of an NTLMv2 response that passed [`ClientPairs::check`].
#[derive(Debug)]
pub(super) struct ClientPairs<'a> {
    flags: u32,
    target_name: Option<&'a [u8]>,
}

impl<'a> ClientPairs<'a> {
    /// The pairs that came back against those that went out: every one of ours byte for byte,
    /// and only those added that a client adds. A non-zero channel binding is refused: it means
    /// that the client talks to some TLS server, and that server relays it here.
    pub(super) fn check(received: &'a [u8], sent: &[u8]) -> Result<Self, AuthError> {
        let (received, sent) = (parse(received)?, parse(sent)?);
        for (id, value) in &sent {
            if value_of(&received, *id) != Some(*value) {
                return Err(AuthError::Refused(
                    "an AV pair of the CHALLENGE is missing or altered",
                ));
            }
        }
        let foreign = |(id, _): &(u16, &[u8])| {
            value_of(&sent, *id).is_none()
                && !matches!(*id, FLAGS | SINGLE_HOST | TARGET_NAME | CHANNEL_BINDINGS)
        };
        if received.iter().any(foreign) {
            return Err(AuthError::Refused("an AV pair that only a server sends was added"));
        }
        if value_of(&received, CHANNEL_BINDINGS).is_some_and(|hash| hash.iter().any(|b| *b != 0)) {
            return Err(AuthError::Refused("channel bindings on plain TCP: a relayed logon"));
        }
        let flags = match value_of(&received, FLAGS).map(<[u8; 4]>::try_from) {
            None => 0,
            Some(Ok(bytes)) => u32::from_le_bytes(bytes),
            Some(Err(_)) => return Err(AuthError::Malformed("MsvAvFlags")),
        };
        Ok(Self { flags, target_name: value_of(&received, TARGET_NAME) })
    }

    /// Whether the client says that its AUTHENTICATE carries a MIC.
    pub(super) fn announces_mic(&self) -> bool {
        self.flags & FLAG_MIC != 0
    }

    /// Checks that MsvAvTargetName (`class/host`) names this server, whatever the class. An
    /// empty or absent one, or one that the client marks as untrusted, passes unless `required`.
    pub(super) fn check_target(
        &self,
        names: &Names,
        peer: Peer,
        required: bool,
    ) -> Result<(), AuthError> {
        let untrusted = self.flags & FLAG_UNTRUSTED_TARGET != 0;
        let Some(name) = self.target_name.filter(|name| !name.is_empty() && !untrusted) else {
            return match required {
                true => Err(AuthError::Refused("no trusted MsvAvTargetName, and one is required")),
                false => Ok(()),
            };
        };
        let name = decode(name).ok_or(AuthError::Malformed("MsvAvTargetName"))?;
        match host_of(&name).is_some_and(|host| names.is_ours(host, peer)) {
            true => Ok(()),
            false => Err(AuthError::Refused(
                "MsvAvTargetName names another host: a relayed logon, or a name of this server \
                 that is missing in its settings",
            )),
        }
    }
}

fn decode(utf16: &[u8]) -> Option<String> {
    let (units, rest) = utf16.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
}

/// The host of `class/host[:port][/service]`.
fn host_of(name: &str) -> Option<&str> {
    let host = name.split('/').nth(1)?;
    if let Some((bracketed, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return Some(bracketed);
    }
    match host.parse::<IpAddr>() {
        Ok(_) => Some(host),
        Err(_) => host.split(':').next(),
    }
}
