//! What a domain controller says about an account that logged on ([MS-NRPC] 2.2.1.4.14): its name,
//! its SIDs, and the session key.

use zeroize::Zeroizing;

use crate::auth::NtlmLogon;
use crate::auth::netlogon::decrypt_user_session_key;
use crate::auth::ntlm::Key;
use crate::domain::status::LogonError;
use crate::generated::dtyp::{RPC_SID, RPC_UNICODE_STRING};
use crate::generated::netlogon::{NETLOGON_SID_AND_ATTRIBUTES, NETLOGON_VALIDATION};
use crate::generated::pac::{GROUP_MEMBERSHIP, USER_SESSION_KEY};
use crate::model::{Caller, Sid, Token};

/// LOGON_GUEST.
const GUEST: u32 = 0x1;
/// LOGON_EXTRA_SIDS: the extra SIDs count.
const EXTRA_SIDS: u32 = 0x20;
/// SE_GROUP_ENABLED.
const ENABLED: u32 = 0x4;
/// SE_GROUP_USE_FOR_DENY_ONLY.
const DENY_ONLY: u32 = 0x10;
/// RID of the Guest account.
const GUEST_RID: u32 = 501;
/// More SIDs than this make no token.
const MAX_SIDS: usize = 4096;

/// The parts that matter of any level of validation.
#[derive(Clone, Debug, Default)]
pub(super) struct LogonInfo {
    pub(super) effective_name: RPC_UNICODE_STRING,
    pub(super) domain_name: RPC_UNICODE_STRING,
    pub(super) domain_id: Option<Box<RPC_SID>>,
    pub(super) user_id: u32,
    pub(super) primary_group_id: u32,
    pub(super) group_ids: Vec<GROUP_MEMBERSHIP>,
    pub(super) extra_sids: Vec<NETLOGON_SID_AND_ATTRIBUTES>,
    pub(super) user_flags: u32,
    pub(super) session_key: Key,
}

/// Takes the parts out of level 6, whose session key is in clear (the channel seals it), or of
/// level 3, whose session key is encrypted.
pub(super) fn logon_info(
    validation: NETLOGON_VALIDATION,
    session_key: &Key,
) -> Result<LogonInfo, LogonError> {
    const NOTHING: LogonError = LogonError::Unusable("the domain controller says nothing of it");
    match validation {
        NETLOGON_VALIDATION::ValidationSam4(Some(info)) => Ok(LogonInfo {
            effective_name: info.effective_name,
            domain_name: info.logon_domain_name,
            domain_id: info.logon_domain_id,
            user_id: info.user_id,
            primary_group_id: info.primary_group_id,
            group_ids: info.group_ids.unwrap_or_default(),
            extra_sids: info.extra_sids.unwrap_or_default(),
            user_flags: info.user_flags,
            session_key: bytes_of(&info.user_session_key),
        }),
        NETLOGON_VALIDATION::ValidationSam2(Some(info)) => {
            let encrypted = bytes_of(&info.user_session_key);
            // A null key is not encrypted.
            let session_key = match is_null(&encrypted) {
                true => encrypted,
                false => decrypt_user_session_key(session_key, &encrypted),
            };
            Ok(LogonInfo {
                effective_name: info.effective_name,
                domain_name: info.logon_domain_name,
                domain_id: info.logon_domain_id,
                user_id: info.user_id,
                primary_group_id: info.primary_group_id,
                group_ids: info.group_ids.unwrap_or_default(),
                extra_sids: info.extra_sids.unwrap_or_default(),
                user_flags: info.user_flags,
                session_key,
            })
        }
        _ => Err(NOTHING),
    }
}

fn bytes_of(key: &USER_SESSION_KEY) -> Key {
    let mut out = Zeroizing::new([0; 16]);
    let bytes = key.data.iter().flat_map(|block| block.data);
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    out
}

fn is_null(key: &Key) -> bool {
    key.iter().all(|byte| *byte == 0)
}

impl LogonInfo {
    /// The verified logon. Guests, null session keys and accounts without a SID are refused.
    pub(super) fn into_logon(self) -> Result<NtlmLogon, LogonError> {
        const NO_SID: LogonError = LogonError::Unusable("the domain tells no SID of the account");
        if self.user_flags & GUEST != 0 {
            return Err(LogonError::Unusable("a guest logon"));
        }
        if is_null(&self.session_key) {
            return Err(LogonError::Unusable("a null session key"));
        }
        let mut sids = self.sids()?.into_iter();
        let user = sids.next().ok_or(NO_SID)?;
        if user.rid() == Some(GUEST_RID) {
            return Err(LogonError::Unusable("a guest logon"));
        }
        let account = format!(r"{}\{}", name(&self.domain_name)?, name(&self.effective_name)?);
        let groups = sids.chain([Sid::ntlm_authentication()]);
        let caller = Caller { account, token: Token::new(user, groups) };
        Ok(NtlmLogon { session_base_key: self.session_key, caller })
    }

    /// The account's SID, and behind it those of its groups ([MS-PAC] 4.1.2.2: a member does not
    /// take SIDs from a domain controller that only the member itself may give).
    fn sids(&self) -> Result<Vec<Sid>, LogonError> {
        const BAD_SID: LogonError = LogonError::Unusable("the domain tells a SID that is none");
        let domain = self.domain_id.as_deref().map(sid).transpose()?;
        let of_domain = |rid: u32| domain.as_ref().and_then(|domain| domain.with_rid(rid).ok());
        let mut extra = Vec::new();
        if self.user_flags & EXTRA_SIDS != 0 {
            for entry in self.extra_sids.iter().filter(|entry| counts(entry.attributes)) {
                extra.extend(entry.sid.as_deref().map(sid).transpose()?);
            }
        }
        let mut sids = Vec::new();
        match self.user_id {
            // The first extra SID is the account.
            0 if !extra.is_empty() => sids.push(extra.remove(0)),
            0 => return Ok(sids),
            // Without its domain nothing that follows may take the account's place.
            rid => sids.push(of_domain(rid).ok_or(BAD_SID)?),
        }
        sids.extend(of_domain(self.primary_group_id));
        let groups = self.group_ids.iter().filter(|group| counts(group.attributes));
        sids.extend(groups.filter_map(|group| of_domain(group.relative_id)));
        sids.extend(extra);
        if sids.len() > MAX_SIDS {
            return Err(LogonError::Unusable("the account is in more than 4096 groups"));
        }
        // Where the account's own SID is dropped, nothing is left to stand for it.
        match sids.first().is_some_and(is_of_a_domain) {
            true => Ok(sids.into_iter().filter(may_come_from_a_domain).collect()),
            false => Ok(Vec::new()),
        }
    }
}

/// Whether a group grants anything.
fn counts(attributes: u32) -> bool {
    attributes & ENABLED != 0 && attributes & DENY_ONLY == 0
}

/// Whether it is one of S-1-5-21, which accounts are.
fn is_of_a_domain(sid: &Sid) -> bool {
    sid.authority() == 5 && sid.sub_authorities().first() == Some(&21)
}

/// Whether a domain controller may put it into a token: not the well-known SIDs that a machine
/// gives by itself, nor its own aliases.
fn may_come_from_a_domain(sid: &Sid) -> bool {
    match (sid.authority(), sid.sub_authorities().first()) {
        (0..=3, _) => false,
        (5, Some(9 | 15)) => true,
        (5, Some(1..=20 | 32 | 64) | None) => false,
        _ => true,
    }
}

fn sid(sid: &RPC_SID) -> Result<Sid, LogonError> {
    const BAD_SID: LogonError = LogonError::Unusable("the domain tells a SID that is none");
    let authority = sid.identifier_authority.value;
    let authority = authority.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    match sid.revision {
        1 => Sid::new(authority, &sid.sub_authority).map_err(|_| BAD_SID),
        _ => Err(BAD_SID),
    }
}

/// A name for logs, rows and look-ups: it may not be empty, nor hold what would make it another.
fn name(text: &RPC_UNICODE_STRING) -> Result<String, LogonError> {
    const BAD_NAME: LogonError =
        LogonError::Unusable("the domain tells a name that cannot be one of an account");
    let units = text.buffer.as_ref().map_or(&[][..], |buffer| &buffer.elements);
    let name = String::from_utf16(units).map_err(|_| BAD_NAME)?;
    let sound = !name.is_empty() && !name.contains('\\') && !name.chars().any(char::is_control);
    if sound { Ok(name) } else { Err(BAD_NAME) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::generated::dtyp::RPC_SID_IDENTIFIER_AUTHORITY;
    use crate::generated::netlogon::{
        NETLOGON_VALIDATION_SAM_INFO2, NETLOGON_VALIDATION_SAM_INFO4,
    };
    use crate::generated::pac::CYPHER_BLOCK;
    use crate::ndr::Varying;

    pub fn rpc_sid(text: &str) -> Box<RPC_SID> {
        let sid: Sid = text.parse().expect("a SID");
        let [_, _, authority @ ..] = sid.authority().to_be_bytes();
        Box::new(RPC_SID {
            revision: 1,
            sub_authority_count: u8::try_from(sid.sub_authorities().len()).expect("few"),
            identifier_authority: RPC_SID_IDENTIFIER_AUTHORITY { value: authority },
            sub_authority: sid.sub_authorities().to_vec(),
        })
    }

    pub fn text(text: &str) -> RPC_UNICODE_STRING {
        let units: Vec<u16> = text.encode_utf16().collect();
        let length = u16::try_from(units.len() * 2).expect("short");
        RPC_UNICODE_STRING { length, maximum_length: length, buffer: Some(Varying::from(units)) }
    }

    fn extra(sid: &str, attributes: u32) -> NETLOGON_SID_AND_ATTRIBUTES {
        NETLOGON_SID_AND_ATTRIBUTES { sid: Some(rpc_sid(sid)), attributes }
    }

    const DOMAIN: &str = "S-1-5-21-1-2-3";

    fn alice() -> LogonInfo {
        LogonInfo {
            effective_name: text("alice"),
            domain_name: text("WCCE"),
            domain_id: Some(rpc_sid(DOMAIN)),
            user_id: 1103,
            primary_group_id: 513,
            group_ids: vec![
                GROUP_MEMBERSHIP { relative_id: 1107, attributes: 7 },
                GROUP_MEMBERSHIP { relative_id: 1200, attributes: 0x10 },
                GROUP_MEMBERSHIP { relative_id: 1201, attributes: 0x14 },
            ],
            extra_sids: vec![extra("S-1-5-21-9-9-9-1500", 0x2000_0007)],
            user_flags: 0x120,
            session_key: Zeroizing::new([7; 16]),
        }
    }

    fn token_of(info: LogonInfo) -> Token {
        info.into_logon().map(|logon| logon.caller.token).expect("a token")
    }

    fn refused(info: LogonInfo) -> LogonError {
        info.into_logon().map(|_| ()).expect_err("refused")
    }

    #[test]
    fn user_primary_group_groups_and_extra_sids() {
        let logon = alice().into_logon().expect("a logon");
        assert_eq!(logon.caller.account, r"WCCE\alice");
        assert_eq!(*logon.session_base_key, [7; 16]);
        let token = logon.caller.token;
        assert_eq!(token.user().to_string(), "S-1-5-21-1-2-3-1103");
        for (sid, held) in [
            ("S-1-5-21-1-2-3-513", true),
            ("S-1-5-21-1-2-3-1107", true),
            ("S-1-5-21-9-9-9-1500", true),
            ("S-1-5-64-10", true),
            ("S-1-5-21-1-2-3-1200", false),
            ("S-1-5-21-1-2-3-1201", false),
        ] {
            assert_eq!(token.holds(&sid.parse().expect("a SID")), held, "{sid}");
        }
    }

    #[test]
    fn extra_sids_count_only_where_the_flag_says_so() {
        let token = token_of(LogonInfo { user_flags: 0x100, ..alice() });
        assert!(!token.holds(&"S-1-5-21-9-9-9-1500".parse().expect("a SID")));
    }

    #[test]
    fn without_a_user_id_the_first_extra_sid_is_the_user() {
        let token = token_of(LogonInfo { user_id: 0, ..alice() });
        assert_eq!(token.user().to_string(), "S-1-5-21-9-9-9-1500");
        for (extra_sids, user_flags) in [(vec![], 0x20), (alice().extra_sids, 0)] {
            refused(LogonInfo { user_id: 0, extra_sids, user_flags, ..alice() });
        }
        refused(LogonInfo { domain_id: None, ..alice() });
    }

    #[test]
    fn sids_that_only_a_machine_itself_gives_are_dropped() {
        let given = [
            ("S-1-5-32-544", false),
            ("S-1-5-18", false),
            ("S-1-5-2", false),
            ("S-1-5-64-14", false),
            ("S-1-3-0", false),
            ("S-1-5", false),
            ("S-1-5-9", true),
            ("S-1-18-1", true),
            ("S-1-5-21-0-0-0-497", true),
        ];
        let extra_sids = given.iter().map(|(sid, _)| extra(sid, 7)).collect();
        let token = token_of(LogonInfo { extra_sids, ..alice() });
        for (sid, held) in given {
            // S-1-5-2 is in every token, of its own accord.
            let held = held || sid == "S-1-5-2";
            assert_eq!(token.holds(&sid.parse().expect("a SID")), held, "{sid}");
        }
        // Nor can one of them be the account.
        let extra_sids = vec![extra("S-1-5-18", 7)];
        refused(LogonInfo { user_id: 0, extra_sids, ..alice() });
        refused(LogonInfo { domain_id: Some(rpc_sid("S-1-5-32")), ..alice() });
    }

    #[test]
    fn guests_and_null_session_keys_are_refused() {
        for info in [
            LogonInfo { user_flags: 0x121, ..alice() },
            LogonInfo { user_id: 501, ..alice() },
            LogonInfo { session_key: Zeroizing::new([0; 16]), ..alice() },
        ] {
            assert!(matches!(refused(info), LogonError::Unusable(_)));
        }
    }

    #[test]
    fn names_that_cannot_be_accounts_are_refused() {
        for wrong in ["", r"a\b", "a\nb", "a\0b"] {
            refused(LogonInfo { effective_name: text(wrong), ..alice() });
            refused(LogonInfo { domain_name: text(wrong), ..alice() });
        }
        let mut lone = text("x");
        lone.buffer.as_mut().expect("there").elements = vec![0xD800];
        refused(LogonInfo { effective_name: lone, ..alice() });
        refused(LogonInfo { effective_name: RPC_UNICODE_STRING::default(), ..alice() });
    }

    #[test]
    fn malformed_and_too_many_sids_are_refused() {
        let mut bad = rpc_sid(DOMAIN);
        bad.revision = 2;
        refused(LogonInfo { domain_id: Some(bad), ..alice() });
        let full = rpc_sid("S-1-5-21-1-2-3-4-5-6-7-8-9-10-11-12-13-14");
        refused(LogonInfo { domain_id: Some(full), ..alice() });
        let group_ids = vec![GROUP_MEMBERSHIP { relative_id: 1, attributes: 7 }; MAX_SIDS];
        refused(LogonInfo { group_ids, ..alice() });
    }

    pub fn wire_key(key: &[u8; 16]) -> USER_SESSION_KEY {
        let (low, high) = key.split_at(8);
        let block = |bytes: &[u8]| CYPHER_BLOCK { data: bytes.try_into().expect("8 bytes") };
        USER_SESSION_KEY { data: [block(low), block(high)] }
    }

    #[test]
    fn level_6_is_clear_and_level_3_is_encrypted() {
        let channel = Zeroizing::new([0x11; 16]);
        let clear = NETLOGON_VALIDATION_SAM_INFO4 {
            user_session_key: wire_key(b"the session key!"),
            ..NETLOGON_VALIDATION_SAM_INFO4::default()
        };
        let validation = NETLOGON_VALIDATION::ValidationSam4(Some(Box::new(clear)));
        let info = logon_info(validation, &channel).expect("read");
        assert_eq!(*info.session_key, *b"the session key!");
        for (encrypted, changes) in [(*b"the session key!", true), ([0; 16], false)] {
            let sealed = NETLOGON_VALIDATION_SAM_INFO2 {
                user_session_key: wire_key(&encrypted),
                ..NETLOGON_VALIDATION_SAM_INFO2::default()
            };
            let validation = NETLOGON_VALIDATION::ValidationSam2(Some(Box::new(sealed)));
            let info = logon_info(validation, &channel).expect("read");
            assert_eq!(*info.session_key != encrypted, changes);
        }
        for nothing in [
            NETLOGON_VALIDATION::ValidationSam4(None),
            NETLOGON_VALIDATION::ValidationSam2(None),
            NETLOGON_VALIDATION::Default(9),
        ] {
            assert!(logon_info(nothing, &channel).is_err());
        }
    }
}
