//! Tokens of the security providers, signatures of their contexts, PACs and keytabs.

use std::sync::Arc;

use wcce::auth::kerberos::{
    self, ApReq, EncryptionType, End, Established, KerberosContext, ReceivedToken,
};
use wcce::auth::netlogon::{self, NetlogonContext, NetlogonInitiator};
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::spnego::{Mechanism, NegTokenInit, NegTokenResp, SpnegoAcceptor};
use wcce::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthError, AuthLevel, AuthType, BoxFuture, Credentials,
    Initiated, Initiator, LocalVerifier, Names, NtlmInitiator, NtlmLogon, NtlmResponse, PduParts,
    SecurityContext, SecurityProviders, SpnegoInitiator, Verifier, keytab,
};
use wcce::model::{LocalAccount, LocalAccounts};
use zeroize::Zeroizing;

use super::security::{PEER, Still, Welcome, caller};
use super::{parts, wait};

/// One SPNEGO message of either end.
pub fn spnego_message(input: &[u8]) {
    if let Ok(init) = NegTokenInit::parse(input) {
        let list = NegTokenInit::encode_mech_types(&init.mech_types);
        let again = NegTokenInit::encode(&list, init.mech_token.unwrap_or_default());
        let again = NegTokenInit::parse(&again).map(|again| again.mech_types.len());
        assert_eq!(again, Ok(init.mech_types.len()));
    }
    if let Ok(resp) = NegTokenResp::parse(input) {
        assert_eq!(NegTokenResp::parse(&resp.encode()), Ok(resp));
    }
}

/// alice, whose password everybody knows.
struct Alice;

/// Her password.
pub const PASSWORD: &str = "Passw0rd-Alice";

impl LocalAccounts for Alice {
    fn local_account(&self, _: &str, user: &str) -> Option<LocalAccount> {
        user.eq_ignore_ascii_case("alice").then(|| LocalAccount {
            account: r"LAB\alice".to_owned(),
            nt_hash: nt_hash(PASSWORD),
            sid: "S-1-5-21-1-2-3-1103".parse().expect("a SID"),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

/// Finds every response right.
struct Anyone;

impl Verifier for Anyone {
    fn verify<'a>(&'a self, _: NtlmResponse<'a>) -> BoxFuture<'a, Result<NtlmLogon, AuthError>> {
        let caller = caller(1103).as_ref().clone();
        Box::pin(async { Ok(NtlmLogon { session_base_key: Zeroizing::new([7; 16]), caller }) })
    }
}

/// NTLM and, in SPNEGO, a Kerberos that everybody gets in by. With `lax`, NTLM is one too.
pub fn providers(lax: bool) -> SecurityProviders {
    let environment = Arc::new(Still);
    let verifier: Arc<dyn Verifier> = match lax {
        true => Arc::new(Anyone),
        false => Arc::new(LocalVerifier::new(Arc::new(Alice), environment.clone()).expect("made")),
    };
    let names = Names::stand_alone("ca1.lab.test", vec!["localhost".to_owned()]);
    let policy = NtlmPolicy::default();
    SecurityProviders::of_ntlm(Arc::new(NtlmServer { names, policy, verifier, environment }), true)
}

/// Who logs on.
pub fn credentials() -> Credentials {
    Credentials {
        user: "alice".to_owned(),
        domain: "LAB".to_owned(),
        password: Zeroizing::new(PASSWORD.to_owned()),
    }
}

/// The tokens of a client, each behind its length, for an acceptor; then signatures for the context
/// that stands. The first byte says which acceptor, and how strict it is.
pub fn acceptor(input: &[u8]) {
    let [mode, tokens @ ..] = input else { return };
    let level = if mode & 4 == 0 { AuthLevel::Privacy } else { AuthLevel::Connect };
    let auth_type = if mode & 2 == 0 { AuthType::Ntlm } else { AuthType::Negotiate };
    let mut acceptor: Box<dyn Acceptor> = match mode & 8 {
        0 => providers(mode & 1 != 0).acceptor(auth_type, level, PEER).expect("offered"),
        _ => {
            let ntlm = providers(mode & 1 != 0).acceptor(AuthType::Ntlm, level, PEER);
            Box::new(SpnegoAcceptor::new(vec![
                Mechanism::kerberos(Box::new(Welcome)),
                Mechanism::ntlm(ntlm.expect("offered"), true),
            ]))
        }
    };
    let mut tokens = parts(tokens);
    while let Some(token) = tokens.next() {
        match wait(acceptor.accept(token)) {
            Ok(Accepted::Continue(_)) => {}
            Ok(Accepted::Done { mut context, .. }) => {
                assert!(context.caller().is_some(), "a logon of nobody");
                signatures(&mut *context, level, tokens);
                assert!(wait(acceptor.accept(b"more")).is_err(), "done is done");
                return;
            }
            Err(_) => {
                assert!(wait(acceptor.accept(token)).is_err(), "after an error it is dead");
                return;
            }
        }
    }
}

/// The tokens of a server, each behind its length, for an initiator.
pub fn initiator(input: &[u8]) {
    let [mode, tokens @ ..] = input else { return };
    let level = AuthLevel::Privacy;
    let mut initiator: Box<dyn Initiator> = match mode & 3 {
        0 => Box::new(NtlmInitiator::new(&credentials(), level)),
        1 => Box::new(SpnegoInitiator::ntlm(&credentials(), level)),
        _ => {
            let key = Zeroizing::new([9; 16]);
            Box::new(NetlogonInitiator::new("LAB", "CA1", key, Arc::new(Still)))
        }
    };
    wait(initiator.step(&[])).map(drop).expect("the first token");
    let mut tokens = parts(tokens);
    while let Some(token) = tokens.next() {
        match wait(initiator.step(token)) {
            Ok(Initiated::Continue(_)) => {}
            Ok(Initiated::Done { mut context, .. }) => {
                return signatures(&mut *context, level, tokens);
            }
            Err(_) => return,
        }
    }
}

/// Signatures for a context: of messages alone, and of PDUs. After a wrong one it is dead.
fn signatures<'a>(
    context: &mut dyn SecurityContext,
    level: AuthLevel,
    messages: impl Iterator<Item = &'a [u8]>,
) {
    let mut dead = false;
    for message in messages {
        let [how, message @ ..] = message else { continue };
        let (token, body) = message.split_at(message.len().min(usize::from(how >> 1)));
        let mut sealed = body.to_vec();
        let accepted = match how & 1 {
            0 => context.verify_mic(body, token),
            _ => {
                let (header, trailer) = (&b"0123456789abcdef"[..], &b"trailer!"[..]);
                let parts = PduParts { header, body: &mut sealed, trailer, header_signing: true };
                context.unprotect(level, parts, token)
            }
        };
        assert!(!dead || accepted.is_err(), "a dead context");
        dead |= accepted.is_err() && level != AuthLevel::Connect;
    }
}

/// An AP-REQ as a client sends it first.
pub fn ap_req(input: &[u8]) {
    if let Ok(token) = kerberos::unframe(input) {
        let _ = ApReq::parse(token);
    }
    let _ = ApReq::parse(input);
}

/// Signatures for contexts of Kerberos, of every encryption type.
pub fn kerberos_messages(input: &[u8]) {
    let [which, messages @ ..] = input else { return };
    let number = [17, 18, 19, 20, 23][usize::from(which & 7) % 5];
    let encryption_type = EncryptionType::from_wire(number).expect("one of ours");
    let length = if matches!(number, 18 | 20) { 32 } else { 16 };
    let established = Established {
        own: if which & 8 == 0 { End::Acceptor } else { End::Initiator },
        encryption_type,
        key: Zeroizing::new(vec![3; length]),
        acceptor_subkey: which & 16 == 0,
        send_sequence: 1,
        receive_sequence: 1,
        ordered: which & 32 == 0,
    };
    let context = KerberosContext::new(&established, Arc::new(Still), Some(caller(1103)));
    let level = if which & 64 == 0 { AuthLevel::Privacy } else { AuthLevel::Integrity };
    let _ = ReceivedToken::peek(messages);
    signatures(&mut context.expect("the key fits"), level, parts(messages));
}

/// Tokens and signatures of a Netlogon channel.
pub fn netlogon_messages(input: &[u8]) {
    let _ = netlogon::parse_negotiate(input);
    if let Ok(signature) = netlogon::Signature::parse(input) {
        assert_eq!(netlogon::Signature::parse(&signature.encode()), Ok(signature));
    }
    let key = Zeroizing::new([9; 16]);
    let mut context = NetlogonContext::new(key, netlogon::End::Client, Arc::new(Still));
    signatures(&mut context, AuthLevel::Privacy, parts(input));
}

/// The parts of a PAC that are read: KERB_VALIDATION_INFO, or behind a 1 UPN_DNS_INFO.
pub fn pac(input: &[u8]) {
    match input {
        [1, info @ ..] => {
            let user = "S-1-5-21-1-2-3-1103".parse().expect("a SID");
            let _ = kerberos::check_upn_dns_info(info, &user);
        }
        [_, info @ ..] => {
            if let Ok(caller) = kerberos::caller(info) {
                assert!(caller.account.contains('\\') && !caller.account.contains('\0'));
                assert_ne!(caller.token.user().rid(), Some(501), "Guest");
            }
        }
        [] => {}
    }
}

/// The content of a keytab.
pub fn keytab_file(input: &[u8]) {
    if let Ok(entries) = keytab::parse(input) {
        let _ = (keytab::summary(&entries), keytab::is_rc4_only(&entries));
        entries.iter().for_each(|entry| drop(format!("{entry:?}")));
    }
}
