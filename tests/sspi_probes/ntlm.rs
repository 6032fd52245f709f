//! Defects of the NTLM acceptor.

use sspi::{Ntlm, Sspi};

use super::{accept, identity, initiate};

/// A logon at sspi's acceptor, which knows alice's password. `edit` may change the
/// AUTHENTICATE on its way. Returns the name that the acceptor believes.
fn log_on(user: &str, password: &str, edit: impl FnOnce(&mut [u8])) -> sspi::Result<String> {
    let (mut client, mut server) = (Ntlm::new(), Ntlm::new());
    let mut known = identity(r"WCCE\alice", "right");
    let (_, challenge) =
        accept(&mut server, &mut known, &initiate(&mut client, user, password, &[]))?;
    let mut authenticate = initiate(&mut client, user, password, &challenge);
    edit(&mut authenticate);
    accept(&mut server, &mut known, &authenticate)?;
    server.complete_auth_token(&mut [])?;
    Ok(server.query_context_names()?.username.account_name().to_owned())
}

/// Takes the TARGET_INFO flag out, whereupon sspi looks for no MIC.
fn drop_mic(authenticate: &mut [u8]) {
    authenticate[62] &= !0x80;
}

/// The NTProofStr is never compared: without a MIC (whose absence is the client's choice) a wrong
/// password passes. Upstream's issue 172.
#[test]
fn ntlm_takes_a_wrong_password() {
    assert!(log_on(r"WCCE\alice", "right", |_| ()).is_ok());
    assert!(log_on(r"WCCE\alice", "wrong", |_| ()).is_err(), "here the MIC stops it");
    assert_eq!(log_on(r"WCCE\alice", "wrong", drop_mic).unwrap(), "alice");
}

/// The name comes from the message: whoever knows any known password is whoever they say.
#[test]
fn ntlm_believes_the_name_of_the_message() {
    assert_eq!(log_on(r"WCCE\Administrator", "right", |_| ()).unwrap(), "Administrator");
}

/// There is no way to let somebody else judge the response: without the passwords of all who may
/// log on there is no context, and no session key.
#[test]
fn ntlm_wants_the_password_of_every_user() {
    let (mut client, mut server) = (Ntlm::new(), Ntlm::new());
    let negotiate = initiate(&mut client, r"WCCE\alice", "right", &[]);
    let (_, challenge) = accept(&mut server, &mut None, &negotiate).unwrap();
    let authenticate = initiate(&mut client, r"WCCE\alice", "right", &challenge);
    accept(&mut server, &mut None, &authenticate).unwrap();
    assert!(server.complete_auth_token(&mut []).is_err());
    assert!(server.query_context_session_key().is_err());
}

/// The CHALLENGE names neither the target nor, in its target information, any computer or domain.
/// gss-ntlmssp refuses it.
#[test]
fn ntlm_challenges_without_target_information() {
    let negotiate = initiate(&mut Ntlm::new(), r"WCCE\alice", "right", &[]);
    let (_, challenge) = accept(&mut Ntlm::new(), &mut None, &negotiate).unwrap();
    let length = |at: usize| u16::from_le_bytes([challenge[at], challenge[at + 1]]);
    let offset = |at: usize| u32::from_le_bytes(challenge[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(length(12), 0, "TargetName");
    let names: Vec<u8> = (1..=4u8).flat_map(|id| [id, 0, 0, 0]).collect();
    let mut pairs: Vec<[u8; 4]> =
        challenge[offset(44)..][..16].chunks(4).map(|pair| pair.try_into().unwrap()).collect();
    pairs.sort_unstable();
    assert_eq!(pairs.concat(), names, "names 1 to 4 are there, all of length 0");
}
