//! Callers from validation information.

use super::super::{caller, check_upn_dns_info};
use super::forge::{extra, logon_info, sid, validation_info};
use crate::auth::AuthError;
use crate::generated::pac::{GROUP_MEMBERSHIP, KERB_VALIDATION_INFO};
use crate::model::Sid;

fn sids(info: &KERB_VALIDATION_INFO) -> Vec<String> {
    let caller = caller(&logon_info(info)).expect("sound");
    // Those that every token has are not the PAC's.
    let common = ["S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-5-15", "S-1-5-32-545", "S-1-5-32-574"];
    let all = caller.token.sids().map(Sid::to_string);
    all.filter(|sid| !common.contains(&sid.as_str())).collect()
}

#[test]
fn user_primary_group_and_groups() {
    let info = validation_info(&[1107, 1108]);
    let caller = caller(&logon_info(&info)).expect("sound");
    assert_eq!(caller.account, r"WCCE\alice");
    assert_eq!(caller.token.user().to_string(), "S-1-5-21-1-2-3-1103");
    assert_eq!(
        sids(&info),
        ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1103", "S-1-5-21-1-2-3-1107", "S-1-5-21-1-2-3-1108"]
    );
}

#[test]
fn extra_sids_and_resource_groups_count_where_the_flags_say_so() {
    let mut info = validation_info(&[]);
    info.extra_sids = Some(vec![extra(sid(&[21, 7, 8, 9, 1200]), 7)]);
    info.sid_count = 1;
    info.resource_group_domain_sid = Some(Box::new(sid(&[21, 4, 5, 6])));
    info.resource_group_ids =
        Some(vec![GROUP_MEMBERSHIP { relative_id: 1300, attributes: 0x2000_0007 }]);
    info.resource_group_count = 1;
    assert_eq!(sids(&info).len(), 2);
    info.user_flags = 0x20;
    assert!(sids(&info).contains(&"S-1-5-21-7-8-9-1200".to_owned()));
    info.user_flags = 0x220;
    assert!(sids(&info).contains(&"S-1-5-21-4-5-6-1300".to_owned()));
    info.resource_group_domain_sid = None;
    assert!(caller(&logon_info(&info)).is_err(), "resource groups of no domain");
}

#[test]
fn groups_that_are_disabled_or_for_deny_only_do_not_count() {
    let mut info = validation_info(&[1107, 1108, 1109]);
    let groups = info.group_ids.as_mut().expect("three");
    groups[0].attributes = 0x17;
    groups[1].attributes = 3;
    assert_eq!(sids(&info).last().expect("some"), "S-1-5-21-1-2-3-1109");
    assert_eq!(sids(&info).len(), 3);
}

/// [MS-PAC] 4.1.2.2: a domain cannot make somebody an administrator of this machine.
#[test]
fn sids_that_are_not_a_domains_to_give_are_dropped() {
    let mut info = validation_info(&[]);
    info.user_flags = 0x20;
    let given: [&[u32]; 7] = [&[32, 544], &[18], &[6], &[2], &[64, 10], &[9], &[21, 1, 2, 3, 512]];
    info.extra_sids = Some(given.iter().map(|subs| extra(sid(subs), 7)).collect());
    info.sid_count = 7;
    assert_eq!(
        sids(&info),
        ["S-1-5-9", "S-1-5-21-1-2-3-512", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1103"]
    );
}

#[test]
fn an_account_of_another_domain_is_the_first_extra_sid() {
    let mut info = validation_info(&[]);
    info.user_id = 0;
    assert!(caller(&logon_info(&info)).is_err());
    info.user_flags = 0x20;
    info.extra_sids = Some(vec![extra(sid(&[21, 7, 8, 9, 1200]), 7)]);
    info.sid_count = 1;
    let caller = caller(&logon_info(&info)).expect("sound");
    assert_eq!(caller.token.user().to_string(), "S-1-5-21-7-8-9-1200");
}

#[test]
fn guests_names_that_confuse_and_too_many_sids_are_refused() {
    let guest = KERB_VALIDATION_INFO { user_id: 501, ..validation_info(&[]) };
    let flagged = KERB_VALIDATION_INFO { user_flags: 1, ..validation_info(&[]) };
    for info in [guest, flagged] {
        assert_eq!(caller(&logon_info(&info)), Err(AuthError::Refused("a ticket of Guest")));
    }
    let nameless =
        KERB_VALIDATION_INFO { effective_name: Default::default(), ..validation_info(&[]) };
    assert!(caller(&logon_info(&nameless)).is_err());
    let many: Vec<u32> = (1000..5097).collect();
    assert!(caller(&logon_info(&validation_info(&many))).is_err());
    assert!(caller(&logon_info(&validation_info(&many[1..]))).is_ok());
}

#[test]
fn damaged_information_is_refused_or_read_otherwise_but_never_a_panic() {
    let whole = logon_info(&validation_info(&[1107]));
    for cut in 0..whole.len() {
        let _ = caller(&whole[..cut]);
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[cut] ^= 1 << bit;
            let _ = caller(&flipped);
        }
    }
    assert!(caller(&[]).is_err() && caller(&whole[..whole.len() / 2]).is_err());
}

#[test]
fn the_sid_in_upn_dns_info_is_the_users() {
    let user: Sid = "S-1-5-21-1-2-3-1103".parse().expect("a SID");
    let sid = user.to_bytes();
    let length = u8::try_from(sid.len()).expect("short");
    let plain = vec![0; 12];
    assert_eq!(check_upn_dns_info(&plain, &user), Ok(()));
    let mut extended = vec![0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, length, 0, 24, 0];
    extended.extend([0; 4]);
    extended.extend(&sid);
    assert_eq!(check_upn_dns_info(&extended, &user), Ok(()));
    let other: Sid = "S-1-5-21-1-2-3-500".parse().expect("a SID");
    assert!(check_upn_dns_info(&extended, &other).is_err());
    for cut in 0..extended.len() {
        assert!(check_upn_dns_info(&extended[..cut], &user).is_err(), "{cut}");
    }
}
