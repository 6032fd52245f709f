//! Target names, channel bindings, MIC by policy, rate limits.

use std::time::Duration;

use super::super::crypto::utf16le;
use super::super::{MicPolicy, NtlmPolicy, TargetNamePolicy, av};
use super::client::{Client, Server};
use crate::auth::AuthError;

fn with_target(name: &str) -> Client {
    let mut client = Client::alice();
    client.av_pairs.insert(av::TARGET_NAME, Some(utf16le(name)));
    client
}

fn logs_on(policy: NtlmPolicy, client: &Client) -> bool {
    client.log_on(&mut Server::new(policy).acceptor()).is_ok()
}

#[test]
fn a_target_name_must_be_ours_whatever_its_class() {
    for ours in [
        "HOST/ca1.wcce.test",
        "host/CA1",
        "cifs/CA1.WCCE.TEST",
        "RPCSS/pki.wcce.test",
        "HOST/10.77.0.20",
        "HOST/ca1.wcce.test:49152",
        "HOST/ca1.wcce.test/WCCE",
        "",
    ] {
        assert!(logs_on(NtlmPolicy::default(), &with_target(ours)), "{ours}");
    }
    for foreign in [
        "HOST/other.wcce.test",
        "cifs/ca1",
        "HOST/10.77.0.66",
        "HOST/",
        "ca1.wcce.test",
        "HOST/ca1.wcce.test.attacker.example",
    ] {
        let client = with_target(foreign);
        assert_eq!(
            logs_on(NtlmPolicy::default(), &client),
            foreign == "cifs/ca1",
            "{foreign}: only the short name is ours"
        );
    }
    let mut odd = Client::alice();
    odd.av_pairs.insert(av::TARGET_NAME, Some(vec![0x41]));
    assert!(!logs_on(NtlmPolicy::default(), &odd), "odd length");
}

#[test]
fn an_untrusted_or_absent_target_name_is_a_matter_of_policy() {
    let required = NtlmPolicy { target_name: TargetNamePolicy::Required, ..Default::default() };
    let mut untrusted = with_target("HOST/other.wcce.test");
    untrusted.av_pairs.insert(av::FLAGS, Some(vec![6, 0, 0, 0]));
    assert!(logs_on(NtlmPolicy::default(), &untrusted), "as Windows 10 does");
    assert!(!logs_on(required, &untrusted));
    assert!(logs_on(NtlmPolicy::default(), &Client::alice()));
    assert!(!logs_on(required, &Client::alice()));
    assert!(logs_on(required, &with_target("HOST/ca1.wcce.test")));
}

#[test]
fn channel_bindings_must_be_zero() {
    let mut client = Client::alice();
    client.av_pairs.insert(av::CHANNEL_BINDINGS, Some(vec![0; 16]));
    assert!(logs_on(NtlmPolicy::default(), &client));
    client.av_pairs.insert(av::CHANNEL_BINDINGS, Some(vec![7; 16]));
    assert!(!logs_on(NtlmPolicy::default(), &client));
}

#[test]
fn a_mic_can_be_demanded_of_everybody() {
    let always = NtlmPolicy { mic: MicPolicy::Always, ..Default::default() };
    assert!(logs_on(always, &Client::alice()));
    assert!(!logs_on(always, &Client::without_mic()));
    assert!(logs_on(NtlmPolicy::default(), &Client::without_mic()));
}

#[test]
fn guessing_is_slowed_down_for_known_and_unknown_users() {
    for user in ["alice", "nobody"] {
        let server = Server::new(NtlmPolicy::default());
        let try_with = |password| {
            let client = Client { user, password, ..Client::alice() };
            client.log_on(&mut server.acceptor()).map(|_| ()).err()
        };
        for _ in 0..6 {
            assert_eq!(try_with("guess"), Some(AuthError::LogonFailure));
        }
        assert_eq!(try_with("Passw0rd-Alice"), Some(AuthError::Throttled));
        let other_spelling =
            Client { user: "alice@wcce.test", domain: "", password: "guess", ..Client::alice() };
        if user == "alice" {
            let refusal = other_spelling.log_on(&mut server.acceptor()).map(|_| ()).err();
            assert_eq!(refusal, Some(AuthError::Throttled));
        }
        server.wait(Duration::from_secs(1));
        let expected = if user == "alice" { None } else { Some(AuthError::LogonFailure) };
        assert_eq!(try_with("Passw0rd-Alice"), expected);
    }
}

#[test]
fn an_address_that_tries_many_names_is_slowed_down() {
    let server = Server::new(NtlmPolicy::default());
    let names: Vec<&'static str> = (0..31).map(|i| &*format!("user{i}").leak()).collect();
    for user in names {
        let client = Client { user, ..Client::alice() };
        let refusal = client.log_on(&mut server.acceptor()).map(|_| ()).err();
        assert_eq!(refusal, Some(AuthError::LogonFailure));
    }
    let refusal = Client::alice().log_on(&mut server.acceptor()).map(|_| ()).err();
    assert_eq!(refusal, Some(AuthError::Throttled));
}

#[test]
fn failing_in_the_name_of_another_does_not_lock_that_one_out() {
    let server = Server::new(NtlmPolicy::default());
    let attacker = Client { password: "guess", ..Client::alice() };
    for _ in 0..100 {
        let refusal = attacker.log_on(&mut server.acceptor_from([10, 77, 0, 66].into()));
        assert!(refusal.is_err());
        server.wait(Duration::from_secs(1));
    }
    let again = attacker.log_on(&mut server.acceptor_from([10, 77, 0, 66].into()));
    assert_eq!(again.map(|_| ()).err(), Some(AuthError::Throttled));
    assert!(Client::alice().log_on(&mut server.acceptor()).is_ok());
}

#[test]
fn guessing_one_user_from_many_addresses_is_slowed_down_a_little() {
    let server = Server::new(NtlmPolicy::default());
    for host in 0..51 {
        let attacker = Client { password: "guess", ..Client::alice() };
        let refusal = attacker.log_on(&mut server.acceptor_from([10, 77, 1, host].into()));
        assert_eq!(refusal.map(|_| ()).err(), Some(AuthError::LogonFailure));
    }
    let logs_on = || Client::alice().log_on(&mut server.acceptor()).map(|_| ()).err();
    assert_eq!(logs_on(), Some(AuthError::Throttled));
    server.wait(Duration::from_secs(5));
    assert_eq!(logs_on(), None);
}
