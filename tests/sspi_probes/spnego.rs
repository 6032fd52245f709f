//! Defects of the SPNEGO acceptor.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sspi::ntlm::NtlmConfig;
use sspi::{AuthIdentity, ErrorKind, Negotiate, NegotiateConfig, Ntlm, SecurityStatus, Username};
use wcce::auth::spnego::{NegState, NegTokenInit, NegTokenResp, oid};

use super::{accept, initiate};

fn server(known: &[&str]) -> Negotiate {
    let config = NegotiateConfig::new(
        Box::new(NtlmConfig { client_computer_name: Some("WS1".into()) }),
        Some("ntlm,!kerberos".into()),
        "CA1".into(),
    );
    let identities = known.iter().map(|user| AuthIdentity {
        username: Username::new(user, Some("WCCE")).unwrap(),
        password: "right".to_owned().into(),
    });
    Negotiate::new_server(config, identities.collect()).unwrap()
}

/// The decoder of GSS tokens (picky-krb, `gss_api.rs`) unwraps: any TLV that isn't what it
/// expects ends the thread, before anybody is authenticated.
#[test]
fn spnego_panics_on_a_raw_ap_req() {
    for token in [&[0x6E, 0x03, 0x02, 0x01, 0x05][..], &[0x60, 0x02, 0x05, 0x00]] {
        let mut server = server(&["alice"]);
        let outcome = catch_unwind(AssertUnwindSafe(|| accept(&mut server, &mut None, token)));
        assert!(outcome.is_err(), "no panic on {token:02x?}");
    }
}

/// An NTLM exchange inside SPNEGO that ends without a mechListMIC, as `user` and with `password`.
fn log_on_without_mic(
    server: &mut Negotiate,
    user: &str,
    password: &str,
    last_state: NegState,
) -> sspi::Result<SecurityStatus> {
    let mut client = Ntlm::new();
    let list = NegTokenInit::encode_mech_types(&[oid::NTLM]);
    let negotiate = initiate(&mut client, user, password, &[]);
    let (_, answer) = accept(server, &mut None, &NegTokenInit::encode(&list, &negotiate))?;
    let challenge = NegTokenResp::parse(&answer).unwrap().response_token.unwrap().to_vec();
    let authenticate = initiate(&mut client, user, password, &challenge);
    let last = NegTokenResp {
        state: Some(last_state),
        response_token: Some(&authenticate),
        ..Default::default()
    };
    accept(server, &mut None, &last.encode()).map(|(status, _)| status)
}

/// The user name "/GUEST" completes a context, whatever the password and whoever is known.
#[test]
fn spnego_lets_the_guest_in() {
    let status =
        log_on_without_mic(&mut server(&[]), "/GUEST", "anything", NegState::AcceptCompleted);
    assert_eq!(status.unwrap(), SecurityStatus::Ok);
    let refused =
        log_on_without_mic(&mut server(&[]), r"WCCE\alice", "anything", NegState::AcceptCompleted);
    assert!(refused.is_err(), "others need a mechListMIC");
}

/// Users must be listed, with their passwords, when the acceptor is made.
#[test]
fn spnego_knows_only_users_listed_beforehand() {
    let mut server = server(&["alice"]);
    let mut client = Ntlm::new();
    let list = NegTokenInit::encode_mech_types(&[oid::NTLM]);
    let negotiate = initiate(&mut client, r"WCCE\bob", "right", &[]);
    let (_, answer) =
        accept(&mut server, &mut None, &NegTokenInit::encode(&list, &negotiate)).unwrap();
    let challenge = NegTokenResp::parse(&answer).unwrap().response_token.unwrap().to_vec();
    let authenticate = initiate(&mut client, r"WCCE\bob", "right", &challenge);
    let last = NegTokenResp {
        state: Some(NegState::AcceptIncomplete),
        response_token: Some(&authenticate),
        mech_list_mic: Some(&[0; 16]),
        ..Default::default()
    };
    let refusal = accept(&mut server, &mut None, &last.encode()).unwrap_err();
    assert_eq!(refusal.error_type, ErrorKind::NoCredentials);
}
