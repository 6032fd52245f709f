//! `wcced backup`, `restore`, `check-db`, `export` and `prune`, beside a server that is busy.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use wcce::client::Outcome;

use crate::demo::{Access, Demo, enroll, request, text, wcced};
use crate::desk::{Desk, assert_done};

fn run(demo: &Demo, command: &str, arguments: &[&str]) -> String {
    let output = wcced(&[&[command, "--config", &demo.config()][..], arguments].concat());
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn ids(jsonl: &str) -> BTreeSet<u64> {
    let row = |line| serde_json::from_str::<Value>(line).expect("JSON");
    jsonl.lines().map(|line| row(line)["Request.RequestID"].as_u64().expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_restores_to_a_whole_ca_that_lacks_no_answered_request() {
    let demo = Demo::new();
    let server = demo.start();
    let busy = Arc::new(AtomicBool::new(true));
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = server.connect(&Access::of(&demo)).await.expect("connected");
        let busy = Arc::clone(&busy);
        clients.push(tokio::spawn(async move {
            let (pkcs10, attributes) = request("User");
            let mut answered = Vec::new();
            while busy.load(Ordering::Relaxed) {
                let answer = client.submit(&pkcs10, &attributes).await.expect("answered");
                assert!(matches!(answer.outcome, Outcome::Issued { .. }), "{answer:?}");
                answered.push((std::time::Instant::now(), u64::from(answer.request_id)));
            }
            answered
        }));
    }
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let begun = std::time::Instant::now();
    let backup = demo.path("backup");
    let to = backup.to_str().expect("text");
    let (config, file) = (demo.config(), to.to_owned());
    let made =
        tokio::task::spawn_blocking(move || wcced(&["backup", "--config", &config, "--to", &file]));
    let made = made.await.expect("runs");
    assert!(made.status.success(), "{}", text(&made.stderr));
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    busy.store(false, Ordering::Relaxed);
    let (mut before, mut all) = (BTreeSet::new(), BTreeSet::new());
    for client in clients {
        for (when, id) in client.await.expect("ends") {
            all.insert(id);
            if when < begun {
                before.insert(id);
            }
        }
    }
    assert!(before.len() > 5 && all.len() > before.len(), "{} of {}", before.len(), all.len());
    let mode = std::fs::metadata(&backup).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = wcced(&["backup", "--config", &demo.config(), "--to", to]);
    assert!(!again.status.success(), "nothing is overwritten");
    assert!(run(&demo, "check-db", &[]).contains(" 0 problems"), "while it runs");
    assert!(server.terminate().0.success());
    assert!(run(&demo, "check-db", &[]).contains(" 0 problems"), "while it is stopped");

    let folder = demo.path("restored");
    let restored = folder.to_str().expect("text");
    let restore = |from: &str| wcced(&["restore", "--from", from, "--folder", restored]);
    // One that is cut, or changed, is not restored.
    let whole = std::fs::read(&backup).expect("read");
    for (damaged, name) in [
        (whole[..whole.len() - 1].to_vec(), "cut"),
        ([&whole[..300], &[whole[300] ^ 1], &whole[301..]].concat(), "changed"),
    ] {
        let path = demo.path(name);
        std::fs::write(&path, damaged).expect("written");
        assert!(!restore(path.to_str().expect("text")).status.success(), "{name}");
        assert!(!folder.exists(), "{name}");
        std::fs::remove_dir_all(demo.path("restored.unfinished")).ok();
    }
    let done = restore(to);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(!restore(to).status.success(), "into an empty place alone");
    demo.edit("wcced.toml", &[("#state = \"state\"", "state = \"restored\"")]);
    assert!(run(&demo, "check-db", &[]).contains(" 0 problems"));
    let rows = ids(&run(&demo, "export", &[]));
    assert!(before.is_subset(&rows), "answered before the backup began");
    let last = *rows.last().expect("rows");
    assert_eq!(rows, (1..=last).collect(), "and no gap up to its end");

    // The same CA goes on, with new ids.
    let server = demo.start();
    let mut client = server.connect(&Access::of(&demo)).await.expect("connected");
    let answer = enroll(&mut client).await.expect("answered");
    assert_eq!(u64::from(answer.request_id), last + 1);
    for name in ["ca.crt", "ca.key"] {
        let read = |folder: &str| std::fs::read(demo.path(folder).join(name)).expect("there");
        assert_eq!(read("state"), read("restored"));
    }
    let key = std::fs::metadata(folder.join("ca.key")).expect("there").permissions().mode();
    assert_eq!(key & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_revokes_exports_and_prunes_for_its_command_line() {
    let demo = Demo::new();
    let server = demo.start();
    let mut client = server.connect(&Access::of(&demo)).await.expect("connected");
    enroll(&mut client).await.expect("answered");
    let (pkcs10, attributes) = request("WebServer");
    client.submit(&pkcs10, &attributes).await.expect("answered");
    let socket = std::fs::metadata(demo.path("state/control.sock")).expect("there");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    let crl = demo.path("state/crl/base.crl");
    let before = std::fs::read(&crl).expect("there");
    assert!(run(&demo, "revoke", &["--id", "1", "--reason", "1"]).contains("request 1 revoked"));
    assert_ne!(std::fs::read(&crl).expect("there"), before);
    for (id, problem) in [("2", "serial"), ("9", "no request 9")] {
        let refused = wcced(&["revoke", "--config", &demo.config(), "--id", id]);
        assert!(text(&refused.stderr).contains(problem), "{}", text(&refused.stderr));
    }

    assert_eq!(run(&demo, "publish-crl", &[]), "base CRL 3\ndelta CRL 3\n");
    assert_eq!(run(&demo, "publish-crl", &["--delta"]), "base CRL 3\ndelta CRL 4\n");

    let rows = run(&demo, "export", &[]);
    assert_eq!(ids(&rows), [1, 2].into());
    let row: Value = serde_json::from_str(rows.lines().next().expect("a row")).expect("JSON");
    assert_eq!(row["Request.RevokedReason"], 1);
    let csv = run(&demo, "export", &["--format", "csv"]);
    assert!(csv.starts_with("Request.RequestID,") && csv.lines().count() == 3, "{csv}");
    let to = demo.path("rows.csv");
    let to = to.to_str().expect("text");
    run(&demo, "export", &["--format", "csv", "--to", to]);
    assert_eq!(std::fs::read_to_string(to).expect("written"), csv);

    assert!(!wcced(&["prune", "--config", &demo.config()]).status.success(), "nothing is said");
    let dry = run(&demo, "prune", &["--denied", "0s", "--expired", "0s", "--dry-run"]);
    assert_eq!(dry, "would be removed: 1 denied, 0 failed, 0 expired\n");
    let kept = run(&demo, "prune", &["--denied", "1d", "--failed", "0s"]);
    assert_eq!(kept, "removed: 0 denied, 0 failed, 0 expired\n");
    assert_eq!(
        run(&demo, "prune", &["--denied", "0s"]),
        "removed: 1 denied, 0 failed, 0 expired\n"
    );
    assert_eq!(ids(&run(&demo, "export", &[])), [1].into());
    assert!(run(&demo, "check-db", &[]).contains("1 rows, "), "and no problem");
    assert!(server.terminate().0.success());
    assert!(!demo.path("state/control.sock").exists());
    assert_eq!(run(&demo, "publish-crl", &[]), "base CRL 5\ndelta CRL 5\n");
    assert_eq!(ids(&run(&demo, "export", &[])), [1].into(), "without a server too");
}

#[test]
fn a_backup_without_keys_has_none() {
    let demo = Demo::new();
    assert!(demo.start().terminate().0.success());
    let (with, without) = (demo.path("with"), demo.path("without"));
    run(&demo, "backup", &["--to", with.to_str().expect("text")]);
    run(&demo, "backup", &["--without-keys", "--to", without.to_str().expect("text")]);
    let has_key = |path| {
        let content = std::fs::read(path).expect("there");
        content.windows(11).any(|part| part == b"PRIVATE KEY")
    };
    assert!(has_key(&with) && !has_key(&without));
}

#[test]
fn certificates_of_the_key_before_are_renewed_after_a_rekey() {
    let desk = Desk::new();
    assert_done(&desk.as_alice("enroll", &["--template", "User", "--out", "old"]));
    let Desk { demo, server, password } = desk;
    let config = demo.config();
    let renew = || wcced(&["ca", "renew", "--key", "new-key", "--config", &config]);
    let refused = renew();
    assert!(text(&refused.stderr).contains("stop wcced first"), "{}", text(&refused.stderr));
    assert!(server.terminate().0.success());
    let renewed = renew();
    assert!(renewed.status.success(), "{}", text(&renewed.stderr));
    let shown = text(&wcced(&["ca", "show", "--config", &config]).stdout);
    assert!(
        shown.contains("certificate 0, key 0") && shown.contains("certificate 1, key 1"),
        "{shown}"
    );
    assert!(shown.contains("key 0 vouches for key 1"), "{shown}");
    let server = demo.start();
    let desk = Desk { demo, server, password };
    let renew = ["--cert", "old.crt", "--key", "old.key", "--out", "new"];
    assert_done(&desk.as_alice("renew", &renew));
    for (trusted, leaf) in [("state/ca.crt", "old.crt"), ("state/ca(1).crt", "new.crt")] {
        desk.openssl(&["verify", "-x509_strict", "-CAfile", trusted, leaf]);
    }
    // A certificate of the key before is revoked on its CRL, too.
    run(&desk.demo, "revoke", &["--id", "1", "--reason", "4"]);
    for (crl, trusted) in [("base.crl", "state/ca.crt"), ("base(1).crl", "state/ca(1).crt")] {
        let path = format!("state/crl/{crl}");
        let show = ["crl", "-inform", "DER", "-in", &path, "-noout", "-text", "-CAfile", trusted];
        let said = desk.openssl(&show);
        assert_eq!(said.matches("Serial Number:").count(), 1, "{said}");
    }
}
