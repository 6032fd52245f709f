//! Against scripts in place of Samba's programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::*;
use crate::auth::Peer;
use crate::domain::status::Denial;

fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

/// Answers each question with these lines, and notes its own start.
fn helper(folder: &Path, answer: &str) -> PathBuf {
    let starts = folder.join("starts").display().to_string();
    let text = format!(
        "echo start >> {starts}\nwhile read -r line; do\n  [ \"$line\" = . ] || continue\n  \
         {answer}\ndone"
    );
    script(folder, "ntlm_auth", &text)
}

const YES: &str = "printf 'Authenticated: Yes\\nUser-Session-Key: \
                   000102030405060708090A0B0C0D0E0F\\n.\\n'";
const WBINFO: &str = "case $1 in\n\
    --name-to-sid=WCCE*alice) echo S-1-5-21-1-2-3-1103 SID_USER '(1)';;\n\
    --name-to-sid=WCCE*agent) echo S-1-5-21-1-2-3-1103 SID_USER '(1)';;\n\
    --sid-to-name=S-1-5-21-1-2-3-1103) printf '%s\\n' 'WCCE\\alice 1';;\n\
    --user-sids=S-1-5-21-1-2-3-1103) printf 'S-1-5-21-1-2-3-1103\\nS-1-5-21-1-2-3-513\\n';;\n\
    *) exit 1;; esac";

struct Host {
    folder: tempfile::TempDir,
    winbind: Winbind,
}

fn host(answer: &str, processes: usize, limit: Duration) -> Host {
    let folder = tempfile::tempdir().expect("a folder");
    let winbind = Winbind::new(WinbindSettings {
        ntlm_auth: helper(folder.path(), answer),
        wbinfo: script(folder.path(), "wbinfo", WBINFO),
        domain: "WCCE".into(),
        processes,
        queue: 100,
        timeout: limit,
    });
    Host { folder, winbind }
}

impl Host {
    async fn log_on(&self, domain: &str, user: &str) -> Result<NtlmLogon, LogonError> {
        let address = [127, 0, 0, 1].into();
        let response = NtlmResponse {
            server_challenge: [1; 8],
            domain,
            user,
            workstation: "",
            nt_response: &[0; 64],
            peer: Peer { remote: address, local: address },
        };
        self.winbind.judge(&response).await
    }

    fn starts(&self) -> usize {
        let starts = fs::read_to_string(self.folder.path().join("starts"));
        starts.map_or(0, |text| text.lines().count())
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn each_logon_has_a_child_of_its_own() {
    let host = host(YES, 4, LONG);
    for domain in ["WCCE", ""] {
        let logon = host.log_on(domain, "Alice".to_lowercase().as_str()).await.expect("a logon");
        assert_eq!(logon.caller.account, r"WCCE\alice");
        assert_eq!(logon.session_base_key[..3], [0, 1, 2]);
        let token = logon.caller.token;
        assert_eq!(token.user().to_string(), "S-1-5-21-1-2-3-1103");
        for held in ["S-1-5-21-1-2-3-513", "S-1-5-64-10"] {
            assert!(token.holds(&held.parse().expect("a SID")));
        }
    }
    assert_eq!(host.starts(), 2);
}

#[tokio::test]
async fn children_are_no_more_than_the_limit() {
    // Each child counts those that run beside it.
    let count = "d=$(dirname \"$0\"); mkdir -p $d/now; touch $d/now/$$; sleep 0.3; \
                 ls $d/now | wc -l >> $d/at_once; rm $d/now/$$;";
    let host = Arc::new(host(&format!("{count} {YES}"), 2, LONG));
    let logons: Vec<_> = (0..6)
        .map(|_| {
            let host = Arc::clone(&host);
            tokio::spawn(async move { host.log_on("WCCE", "alice").await.map(|_| ()) })
        })
        .collect();
    for logon in logons {
        assert_eq!(logon.await.expect("no panic"), Ok(()));
    }
    let at_once = fs::read_to_string(host.folder.path().join("at_once")).expect("written");
    let most = at_once.lines().map(|line| line.trim().parse::<usize>().expect("a number")).max();
    assert_eq!(most, Some(2));
}

#[tokio::test]
async fn a_child_that_does_not_answer_is_given_up_and_killed() {
    let host = host("exec sleep 600", 1, Duration::from_millis(300));
    let start = Instant::now();
    let late = host.log_on("WCCE", "alice").await.map(|_| ());
    assert!(matches!(late, Err(LogonError::Unavailable(_))), "{late:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn refusals_and_other_peoples_names() {
    let no = "printf 'Authenticated: No\\nAuthentication-Error: Wrong Password\\n.\\n'";
    let refused = host(no, 1, LONG).log_on("WCCE", "alice").await.map(|_| ());
    assert_eq!(refused, Err(LogonError::Denied(Denial::WrongPassword)));

    let host = host(YES, 1, LONG);
    // The look-up finds an account that is called otherwise.
    let other = host.log_on("WCCE", "agent").await.map(|_| ());
    assert!(matches!(other, Err(LogonError::Unusable(_))), "{other:?}");
    let control = host.log_on("WCCE", "alice\n").await.map(|_| ());
    assert!(matches!(control, Err(LogonError::Unusable(_))), "{control:?}");
    let unknown = host.log_on("WCCE", "nobody").await.map(|_| ());
    assert!(matches!(unknown, Err(LogonError::Unavailable(_))), "{unknown:?}");
}

#[tokio::test]
async fn without_samba_there_is_no_verdict() {
    let host = host("printf 'nonsense\\n.\\n'", 1, LONG);
    let silent = host.log_on("WCCE", "alice").await.map(|_| ());
    assert!(matches!(silent, Err(LogonError::Unavailable(_))), "{silent:?}");
    fs::remove_file(host.folder.path().join("ntlm_auth")).expect("there");
    let missing = host.log_on("WCCE", "alice").await.map(|_| ());
    assert!(matches!(missing, Err(LogonError::Unavailable(_))), "{missing:?}");
}
