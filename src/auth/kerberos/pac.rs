//! KERB_VALIDATION_INFO of a verified PAC ([MS-PAC] 2.5) → caller. Claims are ignored.

use crate::auth::AuthError;
use crate::generated::dtyp::{RPC_SID, RPC_UNICODE_STRING};
use crate::generated::pac::{GROUP_MEMBERSHIP, KERB_VALIDATION_INFO};
use crate::model::{Caller, Sid, Token};
use crate::ndr;

/// SIDs in one PAC; Windows itself stops at 1,015 in a token.
const MAX_SIDS: usize = 4096;
/// UserFlags: LOGON_GUEST, LOGON_EXTRA_SIDS, LOGON_RESOURCE_GROUPS.
const GUEST: u32 = 0x1;
const EXTRA_SIDS: u32 = 0x20;
const RESOURCE_GROUPS: u32 = 0x200;
/// RID of Guest.
const GUEST_RID: u32 = 501;
/// SE_GROUP_ENABLED, SE_GROUP_USE_FOR_DENY_ONLY.
const ENABLED: u32 = 0x4;
const DENY_ONLY: u32 = 0x10;

const MALFORMED: AuthError = AuthError::Malformed("PAC: KERB_VALIDATION_INFO");

/// The caller that a KERB_VALIDATION_INFO describes: user, primary group, groups, extra SIDs and
/// resource groups, as far as they are enabled ([MS-PAC] 4.1.2.2).
///
/// # Errors
/// It cannot be read, it is of Guest, or it holds too many SIDs.
pub fn caller(logon_info: &[u8]) -> Result<Caller, AuthError> {
    let info: Option<KERB_VALIDATION_INFO> = ndr::deserialize(logon_info).map_err(|_| MALFORMED)?;
    let info = info.ok_or(MALFORMED)?;
    let counts = [&info.group_ids, &info.resource_group_ids].map(|groups| len(groups.as_deref()));
    if counts.iter().sum::<usize>().saturating_add(len(info.extra_sids.as_deref())) > MAX_SIDS {
        return Err(AuthError::Refused("a PAC with more than 4096 SIDs"));
    }
    let domain = sid(info.logon_domain_id.as_deref())?;
    let mut extra = extra_sids(&info)?.into_iter();
    // [MS-PAC] 2.5: without a RID, the first extra SID is the account's.
    let user = match info.user_id {
        0 => extra.next().ok_or(MALFORMED)?,
        rid => below(&domain, rid)?,
    };
    if info.user_flags & GUEST != 0 || user.rid() == Some(GUEST_RID) {
        return Err(AuthError::Refused("a ticket of Guest"));
    }
    let mut groups = vec![below(&domain, info.primary_group_id)?];
    groups.extend(members(&domain, info.group_ids.as_deref())?);
    groups.extend(extra);
    if info.user_flags & RESOURCE_GROUPS != 0 && len(info.resource_group_ids.as_deref()) > 0 {
        let domain = sid(info.resource_group_domain_sid.as_deref())?;
        groups.extend(members(&domain, info.resource_group_ids.as_deref())?);
    }
    groups.retain(is_of_a_domain);
    let [domain, name] = [&info.logon_domain_name, &info.effective_name].map(text);
    let account = format!(r"{}\{}", domain?, name?);
    Ok(Caller { account, token: Token::new(user, groups) })
}

fn len<T>(slice: Option<&[T]>) -> usize {
    slice.map_or(0, <[T]>::len)
}

fn extra_sids(info: &KERB_VALIDATION_INFO) -> Result<Vec<Sid>, AuthError> {
    let present = info.extra_sids.iter().flatten();
    let present = present.filter(|_| info.user_flags & EXTRA_SIDS != 0);
    present
        .filter(|extra| is_enabled(extra.attributes))
        .map(|extra| sid(extra.sid.as_deref()))
        .collect()
}

fn members(domain: &Sid, groups: Option<&[GROUP_MEMBERSHIP]>) -> Result<Vec<Sid>, AuthError> {
    let groups = groups.unwrap_or_default().iter();
    groups
        .filter(|group| is_enabled(group.attributes))
        .map(|group| below(domain, group.relative_id))
        .collect()
}

fn is_enabled(attributes: u32) -> bool {
    attributes & ENABLED != 0 && attributes & DENY_ONLY == 0
}

/// What a domain controller may say about its accounts: not the SIDs that every machine gives
/// out for itself, such as Network, or its own Administrators. Service (S-1-5-6) and the like
/// are facts of a logon; S-1-5-9 and S-1-5-15 are the domain's to tell ([MS-PAC] 4.1.2.2).
fn is_of_a_domain(sid: &Sid) -> bool {
    match (sid.authority(), sid.sub_authorities()) {
        (0..=3, _) => false,
        (5, [9 | 15]) => true,
        (5, [1..=20]) => false,
        (5, [32 | 64, ..]) => false,
        _ => true,
    }
}

fn below(domain: &Sid, rid: u32) -> Result<Sid, AuthError> {
    domain.with_rid(rid).map_err(|_| MALFORMED)
}

fn sid(sid: Option<&RPC_SID>) -> Result<Sid, AuthError> {
    let sid = sid.filter(|sid| sid.revision == 1).ok_or(MALFORMED)?;
    let [a, b, c, d, e, f] = sid.identifier_authority.value;
    let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    Sid::new(authority, &sid.sub_authority).map_err(|_| MALFORMED)
}

fn text(text: &RPC_UNICODE_STRING) -> Result<String, AuthError> {
    let units = text.buffer.as_ref().ok_or(MALFORMED)?;
    let text = String::from_utf16(&units.elements).map_err(|_| MALFORMED)?;
    let sound = !text.is_empty() && !text.contains(['\\', '\0']);
    if sound { Ok(text) } else { Err(MALFORMED) }
}

/// Checks the SID that UPN_DNS_INFO repeats ([MS-PAC] 2.10), where it does.
///
/// # Errors
/// It is another one than the ticket's user, or cannot be read.
pub fn check_upn_dns_info(info: &[u8], user: &Sid) -> Result<(), AuthError> {
    const EXTENDED: u32 = 2;
    const MALFORMED: AuthError = AuthError::Malformed("PAC: UPN_DNS_INFO");
    let (head, extended) = info.split_first_chunk::<12>().ok_or(MALFORMED)?;
    let [.., f0, f1, f2, f3] = *head;
    if u32::from_le_bytes([f0, f1, f2, f3]) & EXTENDED == 0 {
        return Ok(());
    }
    let [_, _, _, _, l0, l1, o0, o1] = *extended.first_chunk::<8>().ok_or(MALFORMED)?;
    let (length, offset) = (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([o0, o1]));
    let sid = info.get(usize::from(offset)..).and_then(|rest| rest.get(..length.into()));
    let sid = Sid::from_bytes(sid.ok_or(MALFORMED)?).map_err(|_| MALFORMED)?;
    match sid == *user {
        true => Ok(()),
        false => Err(AuthError::Refused("a PAC that names two users")),
    }
}
