//! With MIT krb5: its initiator against our acceptor and ours against it, and its message
//! protection against ours. Tickets are forged (`forge`), so that no KDC is needed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use super::super::gssapi::{Context, Credential, Step, Use};
use super::super::{
    End, KerberosAcceptor, KerberosContext, KerberosCredentials, KerberosInitiator, KerberosServer,
    KerberosSettings,
};
use super::forge::{Forge, HOST, logon_info, validation_info};
use super::{LEVELS, parts};
use crate::auth::{
    Accepted, Acceptor, AuthError, AuthLevel, Initiated, Initiator, Names, Peer, SecurityContext,
    SpnegoInitiator, SystemEnvironment,
};

const PEER: Peer = Peer {
    remote: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    local: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
};
const TARGET: &str = "host/ca1.wcce.test@WCCE.TEST";
/// Service and session key types.
const TYPES: [(u8, u8); 6] = [(18, 18), (17, 17), (23, 18), (23, 23), (18, 19), (18, 20)];

struct Lab {
    _folder: tempfile::TempDir,
    server: Arc<KerberosServer>,
    credentials: KerberosCredentials,
    cache: String,
    keytab: String,
}

impl Lab {
    fn new(forge: &Forge) -> Self {
        Self::with(forge, KerberosSettings { rc4: true })
    }

    fn with(forge: &Forge, settings: KerberosSettings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (keytab, cache) = forge.write(folder.path());
        let environment = Arc::new(SystemEnvironment);
        let names = Names::stand_alone(HOST, vec!["alias.wcce.test".into()]);
        let replays = folder.path().join("replays");
        let server = KerberosServer::open(&keytab, &replays, names, settings, environment)
            .expect("a keytab");
        Self {
            server: Arc::new(server),
            credentials: KerberosCredentials::Cache(Some(cache.clone())),
            keytab: format!("FILE:{}", keytab.display()),
            cache,
            _folder: folder,
        }
    }

    fn acceptor(&self, level: AuthLevel) -> KerberosAcceptor {
        KerberosAcceptor::new(Arc::clone(&self.server), level, PEER)
    }

    fn initiator(&self) -> KerberosInitiator {
        KerberosInitiator::new(self.credentials.clone(), TARGET)
    }

    /// Both contexts of MIT krb5, established and not exported.
    fn contexts(&self) -> (Context, Context) {
        let client = Credential::acquire(Use::Initiate, None, &[("ccache", &self.cache)]).unwrap();
        let server = Credential::acquire(
            Use::Accept,
            None,
            &[("keytab", &self.keytab), ("rcache", "none:")],
        )
        .unwrap();
        let (mut initiator, mut acceptor) = (Context::new(), Context::new());
        let Step::Continue(request) = initiator.initiate(&client, TARGET, &[]).unwrap() else {
            panic!("three legs")
        };
        let Step::Continue(reply) = acceptor.accept(&server, &request).unwrap() else {
            panic!("three legs")
        };
        let Step::Done(third) = initiator.initiate(&client, TARGET, &reply).unwrap() else {
            panic!("three legs")
        };
        let Step::Done(_) = acceptor.accept(&server, &third).unwrap() else { panic!("three legs") };
        (initiator, acceptor)
    }

    /// The first token of a fresh initiator.
    async fn request(&self) -> (KerberosInitiator, Vec<u8>) {
        let mut initiator = self.initiator();
        match initiator.step(&[]).await.expect("a ticket in the cache") {
            Initiated::Continue(request) => (initiator, request),
            Initiated::Done { .. } => panic!("three legs"),
        }
    }

    /// What the acceptor says to an AP-REQ.
    async fn answer(&self) -> Result<(), AuthError> {
        let (_, request) = self.request().await;
        self.acceptor(AuthLevel::Privacy).accept(&request).await.map(|_| ())
    }
}

type Contexts = (Box<dyn SecurityContext>, Box<dyn SecurityContext>);

/// Lets both sides talk until both contexts stand.
async fn log_on(
    initiator: &mut dyn Initiator,
    acceptor: &mut dyn Acceptor,
) -> Result<Contexts, AuthError> {
    let (mut mine, mut theirs) = (None, None);
    let mut to_client = Vec::new();
    while mine.is_none() || theirs.is_none() {
        let to_server = match initiator.step(&to_client).await? {
            Initiated::Continue(token) => Some(token),
            Initiated::Done { token, context } => {
                mine = Some(context);
                token
            }
        };
        let Some(to_server) = to_server else { continue };
        to_client = match acceptor.accept(&to_server).await? {
            Accepted::Continue(token) => token,
            Accepted::Done { token, context } => {
                theirs = Some(context);
                token.unwrap_or_default()
            }
        };
    }
    Ok((mine.expect("stands"), theirs.expect("stands")))
}

fn carry(from: &mut dyn SecurityContext, to: &mut dyn SecurityContext, level: AuthLevel) {
    let mut body = *b"stub and padding";
    let token = from.protect(level, parts(&mut body, true)).expect("alive");
    to.unprotect(level, parts(&mut body, true), &token).expect("intact");
    assert_eq!(body, *b"stub and padding");
}

#[tokio::test]
async fn three_legs_lead_to_a_caller_and_messages_at_every_level_and_type() {
    for (service, session) in TYPES {
        for level in LEVELS {
            let lab = Lab::new(&Forge::with_types(service, session));
            let logged_on = log_on(&mut lab.initiator(), &mut lab.acceptor(level)).await;
            let (mut mine, mut theirs) = logged_on.unwrap_or_else(|e| panic!("{service}: {e}"));
            let caller = theirs.caller().expect("known");
            assert_eq!(caller.account, r"WCCE\alice");
            assert!(caller.token.holds(&"S-1-5-21-1-2-3-1107".parse().unwrap()));
            for _ in 0..3 {
                carry(&mut *mine, &mut *theirs, level);
                carry(&mut *theirs, &mut *mine, level);
            }
        }
    }
}

#[tokio::test]
async fn spnego_with_both_names_and_signatures() {
    use crate::auth::{AcceptorFactory, AuthType, SecurityProviders};
    let lab = Lab::new(&Forge::default());
    let providers =
        SecurityProviders { ntlm: None, raw_ntlm: false, kerberos: Some(Arc::clone(&lab.server)) };
    let level = AuthLevel::Privacy;
    let mut acceptor = providers.acceptor(AuthType::Negotiate, level, PEER).expect("offered");
    let mut initiator = SpnegoInitiator::kerberos(lab.initiator());
    let (mut mine, mut theirs) = log_on(&mut initiator, &mut *acceptor).await.expect("logs on");
    carry(&mut *mine, &mut *theirs, level);
    carry(&mut *theirs, &mut *mine, level);
    // Without SPNEGO: type 16, and bare under type 9.
    for auth_type in [AuthType::Kerberos, AuthType::Negotiate] {
        let lab = Lab::new(&Forge::default());
        let providers =
            SecurityProviders { kerberos: Some(Arc::clone(&lab.server)), ..providers_without() };
        let mut acceptor = providers.acceptor(auth_type, level, PEER).expect("offered");
        log_on(&mut lab.initiator(), &mut *acceptor).await.expect("logs on");
    }
    assert!(providers_without().acceptor(AuthType::Kerberos, level, PEER).is_none());
}

fn providers_without() -> crate::auth::SecurityProviders {
    crate::auth::SecurityProviders { ntlm: None, raw_ntlm: false, kerberos: None }
}

/// Our messages are what `gss_unwrap_iov` and `gss_verify_mic_iov` take, and we take what
/// `gss_wrap_iov` and `gss_get_mic_iov` make, in both directions.
#[test]
fn messages_are_those_of_mit_krb5() {
    for (service, session) in TYPES {
        for ours in [End::Initiator, End::Acceptor] {
            let lab = Lab::new(&Forge::with_types(service, session));
            let (initiator, acceptor) = lab.contexts();
            let (own, mut theirs) = match ours {
                End::Initiator => (initiator, acceptor),
                End::Acceptor => (acceptor, initiator),
            };
            let own = own.export().expect("established");
            assert_eq!(own.own, ours);
            let mut own =
                KerberosContext::new(&own, Arc::new(SystemEnvironment), None).expect("keys");
            for len in [0, 4, 16, 20, 100, 4000] {
                let clear: Vec<u8> = (0..len).map(|i: usize| i.to_le_bytes()[0]).collect();
                let (mut header, mut trailer) =
                    (b"a header of 24 octets...".to_vec(), *b"trailer8");

                let mut body = clear.clone();
                let mut token = own.protect(AuthLevel::Privacy, parts(&mut body, true)).unwrap();
                let mut pdu = [&mut header[..], &mut body, &mut trailer];
                theirs.unwrap(&mut token, &mut pdu).unwrap_or_else(|e| panic!("{session}: {e:?}"));
                assert_eq!(body, clear);

                let token = theirs.wrap(&mut [&mut header, &mut body, &mut trailer]);
                assert_eq!(token.len(), own.token_len(AuthLevel::Privacy));
                own.unprotect(AuthLevel::Privacy, parts(&mut body, true), &token).unwrap();
                assert_eq!(body, clear);

                let mut token = own.protect(AuthLevel::Integrity, parts(&mut body, true)).unwrap();
                theirs
                    .verify(&mut token, &mut [&mut header, &mut body, &mut trailer])
                    .unwrap_or_else(|e| panic!("{session}: {e:?}"));
                let token = theirs.mic(&mut [&mut header, &mut body, &mut trailer]);
                assert_eq!(token.len(), own.token_len(AuthLevel::Integrity));
                own.unprotect(AuthLevel::Integrity, parts(&mut body, true), &token).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_replayed_ap_req_is_refused() {
    let lab = Lab::new(&Forge::default());
    let (_, request) = lab.request().await;
    assert!(lab.acceptor(AuthLevel::Privacy).accept(&request).await.is_ok());
    let again = lab.acceptor(AuthLevel::Privacy).accept(&request).await;
    let error = again.map(|_| ()).expect_err("seen before");
    assert_eq!(error.to_string(), "Kerberos: Request is a replay");
}

/// What is wrong with a ticket is named in the log.
#[tokio::test]
async fn bad_tickets_are_refused_and_named() {
    let forge = Forge::default();
    for (forge, reason) in [
        (Forge { service: vec!["host", "other.wcce.test"], ..forge.clone() }, "another host"),
        (Forge { service: vec!["cifs", HOST], ..forge.clone() }, "only host and RPCSS"),
        (Forge { service: vec!["alice"], ..forge.clone() }, "must be for host/"),
        (Forge { service: vec!["host", HOST, "x"], ..forge.clone() }, "must be for host/"),
        (Forge { key_seed: 2, ..forge.clone() }, "cannot decrypt ticket"),
        (Forge { life: (-7200, 9000), ..forge.clone() }, "not yet valid"),
        (Forge { life: (7200, -3600), ..forge.clone() }, "expired"),
    ] {
        let error = Lab::new(&forge).answer().await.expect_err(reason).to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    for service in [
        vec!["HOST", "CA1.wcce.test"],
        vec!["rpcss", "ca1"],
        vec!["host", "alias.wcce.test"],
        vec!["host", "192.0.2.2"],
    ] {
        let lab = Lab::new(&Forge { service, ..forge.clone() });
        assert_eq!(lab.answer().await, Ok(()));
    }
}

/// A client whose clock is wrong is told the time, once, and may try again.
#[tokio::test]
async fn clock_skew_is_answered_with_a_krb_error() {
    let lab = Lab::new(&Forge { client_ahead: 3600, ..Forge::default() });
    let mut acceptor = lab.acceptor(AuthLevel::Privacy);
    let (_, request) = lab.request().await;
    let Ok(Accepted::Continue(error)) = acceptor.accept(&request).await else {
        panic!("a KRB-ERROR is due")
    };
    let error: picky_krb::messages::KrbError = picky_asn1_der::from_bytes(&error).expect("one");
    assert_eq!(error.0.error_code.0, 37);
    let (_, request) = lab.request().await;
    let again = acceptor.accept(&request).await.map(|_| ()).expect_err("once");
    assert_eq!(again.to_string(), "Kerberos: Clock skew too great");

    let mut acceptor = lab.acceptor(AuthLevel::Privacy);
    let (_, request) = lab.request().await;
    assert!(matches!(acceptor.accept(&request).await, Ok(Accepted::Continue(_))));
    let in_time = Lab::new(&Forge::default());
    let (mut initiator, request) = in_time.request().await;
    let Ok(Accepted::Continue(reply)) = acceptor.accept(&request).await else {
        panic!("an AP-REP is due")
    };
    assert!(initiator.step(&reply).await.is_ok());
}

#[tokio::test]
async fn a_pac_that_is_missing_or_not_the_kdcs_is_refused() {
    let forge = Forge::default();
    for forge in [
        Forge { logon_info: None, ..forge.clone() },
        Forge { signature_mask: 0x40, ..forge.clone() },
        Forge { pac_client: "bob", ..forge.clone() },
    ] {
        let lab = Lab::new(&forge);
        let outcome = log_on(&mut lab.initiator(), &mut lab.acceptor(AuthLevel::Privacy)).await;
        let error = outcome.map(|_| ()).expect_err("no caller without a PAC");
        assert!(error.to_string().contains("PAC"), "{error}");
    }
}

#[tokio::test]
async fn rc4_is_refused_unless_a_setting_allows_it() {
    for (service, session) in [(23, 18), (18, 23), (23, 23)] {
        let forge = Forge::with_types(service, session);
        let error = Lab::with(&forge, KerberosSettings::default()).answer().await;
        let error = error.expect_err("RC4").to_string();
        assert!(error.contains("uses RC4"), "{error}");
        assert_eq!(Lab::new(&forge).answer().await, Ok(()));
    }
}

/// An AP-REQ that is far larger than a fragment.
#[tokio::test]
async fn a_user_in_four_hundred_groups_logs_on() {
    let groups: Vec<u32> = (2000..3200).collect();
    let logon_info = Some(logon_info(&validation_info(&groups)));
    let lab = Lab::new(&Forge { logon_info, ..Forge::default() });
    let (_, request) = lab.request().await;
    assert!(request.len() > 5840, "{}", request.len());
    let lab = Lab::new(&Forge {
        logon_info: Some(super::forge::logon_info(&validation_info(&groups))),
        ..Forge::default()
    });
    let outcome = log_on(&mut lab.initiator(), &mut lab.acceptor(AuthLevel::Privacy)).await;
    let (_, theirs) = outcome.expect("logs on");
    assert!(theirs.caller().unwrap().token.holds(&"S-1-5-21-1-2-3-3199".parse().unwrap()));
}

/// Whatever is done to the client's tokens: an error, and the exchange is dead.
#[tokio::test]
async fn damaged_tokens_are_refused() {
    let lab = Lab::new(&Forge::default());
    let (mut initiator, request) = lab.request().await;
    for at in (0..request.len()).step_by(7) {
        let mut damaged = request.clone();
        damaged[at] ^= 0x10;
        let mut acceptor = lab.acceptor(AuthLevel::Privacy);
        // The ap-options' unused bits and the key version are no one's to protect.
        if let Ok(Accepted::Continue(reply)) = acceptor.accept(&damaged).await {
            assert_ne!(reply, request);
        } else {
            assert!(acceptor.accept(&request).await.is_err(), "dead");
        }
    }
    for cut in (0..request.len()).step_by(13) {
        assert!(lab.acceptor(AuthLevel::Privacy).accept(&request[..cut]).await.is_err());
    }
    let mut acceptor = lab.acceptor(AuthLevel::Privacy);
    let (mut initiator_again, request) = lab.request().await;
    let Ok(Accepted::Continue(reply)) = acceptor.accept(&request).await else { panic!("a reply") };
    assert!(initiator.step(&reply).await.is_err(), "the answer to another request");
    let Ok(Initiated::Done { token: Some(mut third), .. }) = initiator_again.step(&reply).await
    else {
        panic!("a third leg")
    };
    *third.last_mut().unwrap() ^= 1;
    assert!(acceptor.accept(&third).await.is_err());
    assert!(acceptor.accept(&third).await.is_err(), "dead");
    for token in [&b""[..], b"\x60\x28", b"NTLMSSP\0"] {
        assert!(lab.acceptor(AuthLevel::Privacy).accept(token).await.is_err());
    }
}

/// What one exchange costs, both sides together; printed for whoever asks.
#[tokio::test]
async fn cost_of_an_exchange() {
    let lab = Lab::new(&Forge::default());
    let start = Instant::now();
    for _ in 0..50 {
        log_on(&mut lab.initiator(), &mut lab.acceptor(AuthLevel::Privacy)).await.expect("logs on");
    }
    eprintln!("one AP exchange, both sides: {:?}", start.elapsed() / 50);
}

#[tokio::test]
async fn credentials_that_are_not_there() {
    let nowhere = KerberosCredentials::Cache(Some("FILE:/nonexistent/cache".into()));
    assert!(!nowhere.are_there());
    let error = KerberosInitiator::new(nowhere, TARGET).step(&[]).await.map(|_| ());
    assert!(matches!(error, Err(AuthError::Kerberos(_))), "{error:?}");
    let lab = Lab::new(&Forge::default());
    assert!(lab.credentials.are_there());
    let names = Names::stand_alone(HOST, Vec::new());
    let missing = KerberosServer::open(
        std::path::Path::new("/nonexistent/keytab"),
        std::path::Path::new("/nonexistent/replays"),
        names,
        KerberosSettings::default(),
        Arc::new(SystemEnvironment),
    );
    assert!(missing.is_err());
}
