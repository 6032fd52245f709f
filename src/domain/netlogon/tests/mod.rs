//! Channels and the pool, over TCP, against a domain controller that does as it is told.

mod controller;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use self::controller::{Controller, PASSWORD, Running, SESSION_KEY, limits};
use super::*;
use crate::auth::SystemEnvironment;
use crate::domain::{Denial, LogonError, MachineSecret, SecretSource};
use crate::ndr::Fault;

struct Domain {
    folder: tempfile::TempDir,
    controller: Arc<Controller>,
    running: Option<Running>,
    pool: Arc<ChannelPool>,
}

fn write_secret(path: &Path, password: &str) {
    fs::write(path, format!("password = \"{password}\"\n")).expect("writes");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("ours");
}

async fn domain(limits: PoolLimits) -> Domain {
    let controller = Controller::new();
    let running = controller.start(None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("machine.secret");
    write_secret(&path, PASSWORD);
    let pool = pool(&path, vec![running.dialled()], limits);
    Domain { folder, controller, running: Some(running), pool }
}

fn pool(secret: &Path, controllers: Vec<DomainController>, limits: PoolLimits) -> Arc<ChannelPool> {
    let member = Member { domain: "WCCE".into(), computer: "CA1".into(), account: "CA1$".into() };
    Arc::new(ChannelPool::new(
        member,
        MachineSecret::new(SecretSource::File(secret.to_owned()), "CA1$"),
        Arc::new(ConfiguredControllers(controllers)),
        limits,
        Arc::new(SystemEnvironment),
    ))
}

async fn log_on(pool: &ChannelPool) -> Result<String, LogonError> {
    let logon = NetworkLogon {
        domain: "WCCE",
        user: "alice",
        workstation: "WS1",
        challenge: [7; 8],
        nt_response: &[0xAB; 300],
    };
    let logon = pool.logon(&logon).await?;
    assert_eq!(*logon.session_base_key, SESSION_KEY);
    assert_eq!(logon.caller.token.user().to_string(), "S-1-5-21-1-2-3-1103");
    Ok(logon.caller.account)
}

fn is_alice(outcome: &Result<String, LogonError>) -> bool {
    outcome.as_deref() == Ok(r"WCCE\alice")
}

fn reason(outcome: Result<String, LogonError>) -> String {
    match outcome {
        Err(LogonError::Unavailable(reason)) => reason,
        other => panic!("no reason: {other:?}"),
    }
}

#[tokio::test]
async fn logons_share_one_channel_and_its_connections() {
    let domain = domain(limits()).await;
    for _ in 0..5 {
        assert!(is_alice(&log_on(&domain.pool).await));
    }
    assert_eq!((domain.controller.authenticated(), domain.controller.logons()), (1, 5));
    let report = domain.pool.probe().await.expect("a channel");
    assert_eq!((report.account_rid, report.flags), (1108, 0x612F_FFFF));
}

#[tokio::test]
async fn old_domain_controllers_answer_at_level_3() {
    let domain = domain(limits()).await;
    domain.controller.rule(|rules| rules.old = true);
    assert!(is_alice(&log_on(&domain.pool).await));
}

#[tokio::test]
async fn a_verdict_is_never_asked_for_again() {
    let domain = domain(limits()).await;
    for (status, denial) in [
        (0xC000_006A, Denial::WrongPassword),
        (0xC000_0072, Denial::Disabled),
        (0xC000_0234, Denial::LockedOut),
        (0xC000_1234, Denial::Other(0xC000_1234)),
    ] {
        let before = domain.controller.logons();
        domain.controller.rule(|rules| rules.statuses = vec![status]);
        assert_eq!(log_on(&domain.pool).await, Err(LogonError::Denied(denial)));
        assert_eq!(domain.controller.logons(), before + 1);
    }
    assert_eq!(domain.controller.authenticated(), 1, "and the channel stays");
}

#[tokio::test]
async fn a_lost_channel_is_made_anew_and_the_logon_asked_once_more() {
    let domain = domain(limits()).await;
    assert!(is_alice(&log_on(&domain.pool).await));
    domain.controller.rule(|rules| rules.statuses = vec![0xC000_0022, 0]);
    assert!(is_alice(&log_on(&domain.pool).await));
    assert_eq!(domain.controller.authenticated(), 2);
    domain.controller.rule(|rules| rules.fault = Some(Fault::ACCESS_DENIED));
    assert!(is_alice(&log_on(&domain.pool).await));
    assert_eq!(domain.controller.authenticated(), 3);
    // Once more, and not again and again.
    domain.controller.rule(|rules| rules.statuses = vec![0xC000_0022]);
    reason(log_on(&domain.pool).await);
    assert_eq!(domain.controller.authenticated(), 4);
}

#[tokio::test]
async fn a_restart_of_the_domain_controller_is_survived() {
    let mut domain = domain(limits()).await;
    assert!(is_alice(&log_on(&domain.pool).await));
    let address = domain.running.take().expect("running").stop().await;
    reason(log_on(&domain.pool).await);
    domain.controller.forget();
    domain.running = Some(domain.controller.start(Some(address)).await);
    let start = Instant::now();
    while !is_alice(&log_on(&domain.pool).await) {
        assert!(start.elapsed() < Duration::from_secs(10), "it does not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(domain.controller.authenticated(), 2);
}

#[tokio::test]
async fn without_a_domain_controller_nobody_waits_for_the_next_try() {
    let mut domain = domain(limits()).await;
    domain.running.take().expect("running").stop().await;
    reason(log_on(&domain.pool).await);
    let start = Instant::now();
    for _ in 0..100 {
        reason(log_on(&domain.pool).await);
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn as_many_logons_at_once_as_connections() {
    let domain = domain(limits()).await;
    domain.controller.rule(|rules| rules.delay = Duration::from_millis(200));
    let logons: Vec<_> = (0..16)
        .map(|_| {
            let pool = Arc::clone(&domain.pool);
            tokio::spawn(async move { log_on(&pool).await })
        })
        .collect();
    for logon in logons {
        assert!(is_alice(&logon.await.expect("no panic")));
    }
    assert_eq!(domain.controller.counts.most_at_once.load(Ordering::SeqCst), 8);
    assert_eq!(domain.controller.authenticated(), 1);
}

#[tokio::test]
async fn the_queue_is_bounded_and_so_is_the_time() {
    let limits = PoolLimits { connections: 1, queue: 1, timeout: Duration::from_secs(1) };
    let domain = domain(limits).await;
    domain.controller.rule(|rules| rules.delay = Duration::from_secs(600));
    let start = Instant::now();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let pool = Arc::clone(&domain.pool);
            tokio::spawn(async move { log_on(&pool).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(reason(log_on(&domain.pool).await).contains("too many"));
    for logon in waiting {
        reason(logon.await.expect("no panic"));
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_next_domain_controller_is_tried() {
    let domain = domain(limits()).await;
    let nobody = DomainController { host: "127.0.0.1".into(), mapper_port: 1 };
    let running = domain.running.as_ref().expect("running");
    let path = domain.folder.path().join("machine.secret");
    let pool = pool(&path, vec![nobody, running.dialled()], limits());
    assert!(is_alice(&log_on(&pool).await));
}

#[tokio::test]
async fn downgrades_are_refused() {
    for (agrees, confirms) in [
        (!0x0100_0000, None),
        (!0x4000_0000, None),
        (0, None),
        (u32::MAX, Some(0x612F_FFFF & !0x0020_0000)),
    ] {
        let domain = domain(limits()).await;
        domain.controller.rule(|rules| (rules.agrees, rules.confirms) = (agrees, confirms));
        let refused = domain.pool.probe().await;
        assert!(matches!(refused, Err(ChannelError::Downgrade { .. })), "{agrees:#x} {refused:?}");
        assert!(reason(log_on(&domain.pool).await).contains("downgrade"));
        assert_eq!(domain.controller.logons(), 0);
    }
}

#[tokio::test]
async fn a_domain_controller_must_prove_itself() {
    let domain = domain(limits()).await;
    domain.controller.rule(|rules| rules.wrong_credential = true);
    let refused = domain.pool.probe().await;
    assert!(matches!(refused, Err(ChannelError::Impostor { .. })), "{refused:?}");
    reason(log_on(&domain.pool).await);
    assert_eq!(domain.controller.logons(), 0);
}

/// One try, and then none for 45 s: unless the secret changes.
#[tokio::test]
async fn a_wrong_secret_is_not_tried_again_until_it_changes() {
    let domain = domain(limits()).await;
    let path = domain.folder.path().join("machine.secret");
    write_secret(&path, "wrong");
    for _ in 0..5 {
        assert!(reason(log_on(&domain.pool).await).contains("CA1$"));
    }
    assert_eq!(domain.controller.authenticated(), 1);
    write_secret(&path, PASSWORD);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert!(is_alice(&log_on(&domain.pool).await));
}

/// The machine account's password changes while the channel stands.
#[tokio::test]
async fn a_new_secret_makes_a_new_channel() {
    let domain = domain(limits()).await;
    assert!(is_alice(&log_on(&domain.pool).await));
    domain.controller.rule(|rules| rules.nt_hash = crate::auth::ntlm::nt_hash("a new one"));
    write_secret(&domain.folder.path().join("machine.secret"), "a new one");
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert!(is_alice(&log_on(&domain.pool).await));
    assert_eq!(domain.controller.authenticated(), 2);
}

#[tokio::test]
async fn the_secret_before_is_tried_where_the_newest_is_not_known_yet() {
    let domain = domain(limits()).await;
    let path = domain.folder.path().join("ca1.keytab");
    let record = |kvno: u8, password: &str| {
        let mut body = b"\0\x01\0\x09WCCE.TEST\0\x04CA1$\0\0\0\x01\0\0\0\0".to_vec();
        body.extend([kvno, 0, 23, 0, 16]);
        body.extend(*crate::auth::ntlm::nt_hash(password));
        [&u32::try_from(body.len()).expect("short").to_be_bytes(), &body[..]].concat()
    };
    let keytab = [vec![5, 2], record(2, PASSWORD), record(3, "not there yet")].concat();
    fs::write(&path, keytab).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
    let running = domain.running.as_ref().expect("running");
    let member = Member { domain: "WCCE".into(), computer: "CA1".into(), account: "CA1$".into() };
    let pool = ChannelPool::new(
        member,
        MachineSecret::new(SecretSource::Keytab(path), "CA1$"),
        Arc::new(ConfiguredControllers(vec![running.dialled()])),
        limits(),
        Arc::new(SystemEnvironment),
    );
    assert!(is_alice(&log_on(&pool).await));
    assert_eq!(domain.controller.authenticated(), 2);
}
