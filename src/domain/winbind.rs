//! The domain's verdict by way of winbindd, on hosts that run it: Samba's `ntlm_auth` carries the
//! question there (its helper protocol ntlm-server-1), `wbinfo` tells the SIDs.

mod protocol;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::protocol::{Reply, parse_name, parse_sid, parse_sids, question};
use super::status::LogonError;
use super::verifier::Judge;
use crate::auth::{BoxFuture, NtlmLogon, NtlmResponse};
use crate::model::{Caller, Sid, Token};

/// Reads what a child may answer, as the answer to each question in turn. For fuzz targets.
#[doc(hidden)]
pub fn examine(answer: &str) -> [bool; 4] {
    [
        Reply::parse(answer).and_then(Reply::verdict).is_ok(),
        parse_sid(answer).is_ok(),
        parse_name(answer).is_ok(),
        parse_sids(answer).is_ok(),
    ]
}

/// Longest answer of a child, in bytes: some thousand SIDs.
const MAX_OUTPUT: u64 = 512 * 1024;

/// How winbindd is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WinbindSettings {
    /// Samba's `ntlm_auth`.
    pub ntlm_auth: PathBuf,
    /// Samba's `wbinfo`.
    pub wbinfo: PathBuf,
    /// NetBIOS name of the domain that a logon without a domain means.
    pub domain: String,
    /// Most children at a time.
    pub processes: usize,
    /// Logons that may wait for a child; further ones have no verdict.
    pub queue: usize,
    /// Longest time for one logon, waiting included.
    pub timeout: Duration,
}

/// Asks winbindd: a child for each question, as many at a time as the settings allow. None is
/// asked twice: `ntlm_auth` sends more lines after some refusals than it should, and what it says
/// to one logon must never be taken for the answer to another.
pub struct Winbind {
    settings: WinbindSettings,
    queue: Semaphore,
    slots: Semaphore,
}

impl Winbind {
    /// Nothing is started yet.
    pub fn new(settings: WinbindSettings) -> Self {
        Self {
            queue: Semaphore::new(settings.processes.saturating_add(settings.queue)),
            slots: Semaphore::new(settings.processes),
            settings,
        }
    }

    /// Whether winbindd trusts the domain (`wbinfo --check-secret`).
    ///
    /// # Errors
    /// What wbinfo says.
    pub async fn check(&self) -> Result<(), LogonError> {
        let check = self.wbinfo(["--check-secret".to_owned()]);
        timeout(self.settings.timeout, check).await.map_err(|_| self.late())?.map(|_| ())
    }

    async fn ask(&self, response: &NtlmResponse<'_>) -> Result<NtlmLogon, LogonError> {
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(unavailable("the server stops"));
        };
        let arguments = ["--helper-protocol=ntlm-server-1".to_owned()];
        let (answer, _) = run(&self.settings.ntlm_auth, arguments, &question(response)).await?;
        let reply = Reply::parse(&answer)?;
        let session_base_key = reply.verdict()?;
        let caller = self.caller(response).await?;
        Ok(NtlmLogon { session_base_key, caller })
    }

    /// The account behind the names that have just been verified, and its SIDs.
    async fn caller(&self, response: &NtlmResponse<'_>) -> Result<Caller, LogonError> {
        let asked = match (response.domain, response.user) {
            ("", user) if user.contains('@') => user.to_owned(),
            ("", user) => format!(r"{}\{user}", self.settings.domain),
            (domain, user) => format!(r"{domain}\{user}"),
        };
        if asked.chars().any(char::is_control) {
            return Err(LogonError::Unusable("a name with control characters"));
        }
        let user = parse_sid(&self.wbinfo([format!("--name-to-sid={asked}")]).await?)?;
        let account = parse_name(&self.wbinfo([format!("--sid-to-name={user}")]).await?)?;
        let name = account.rsplit('\\').next().unwrap_or_default();
        if !response.user.contains('@') && name.to_lowercase() != response.user.to_lowercase() {
            return Err(LogonError::Unusable("winbindd finds another account than the one asked"));
        }
        if user.rid() == Some(501) {
            return Err(LogonError::Unusable("a guest logon"));
        }
        let groups = parse_sids(&self.wbinfo([format!("--user-sids={user}")]).await?)?;
        let groups = groups.into_iter().chain([Sid::ntlm_authentication()]);
        Ok(Caller { account, token: Token::new(user, groups) })
    }

    async fn wbinfo<const N: usize>(&self, arguments: [String; N]) -> Result<String, LogonError> {
        let wbinfo = &self.settings.wbinfo;
        match run(wbinfo, arguments, &[]).await? {
            (output, true) => Ok(output),
            (_, false) => Err(unavailable(format!(
                "{} fails: is winbindd running and joined?",
                wbinfo.display()
            ))),
        }
    }

    fn late(&self) -> LogonError {
        let seconds = self.settings.timeout.as_secs_f32();
        unavailable(format!("winbindd did not answer within {seconds} s"))
    }
}

/// Runs a program to its end; what it says, and whether it ended well. It is killed where nobody
/// waits for it any more.
async fn run<const N: usize>(
    program: &Path,
    arguments: [String; N],
    input: &[u8],
) -> Result<(String, bool), LogonError> {
    let cannot = |error: std::io::Error| unavailable(format!("{}: {error}", program.display()));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    // A question fits into the pipe's buffer; a child that doesn't read ends all the same.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).await.map_err(cannot)?;
    }
    let mut output = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_OUTPUT).read_to_string(&mut output).await.map_err(cannot)?;
    }
    let status = child.wait().await.map_err(cannot)?;
    Ok((output, status.success()))
}

fn unavailable(reason: impl Into<String>) -> LogonError {
    LogonError::Unavailable(reason.into())
}

impl Judge for Winbind {
    fn judge<'a>(
        &'a self,
        response: &'a NtlmResponse<'a>,
    ) -> BoxFuture<'a, Result<NtlmLogon, LogonError>> {
        Box::pin(async move {
            let Ok(_queued) = self.queue.try_acquire() else {
                return Err(unavailable("too many logons wait for winbindd"));
            };
            timeout(self.settings.timeout, self.ask(response)).await.map_err(|_| self.late())?
        })
    }
}

#[cfg(test)]
mod tests;
