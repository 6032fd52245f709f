//! Initiators that nobody here wrote, against our acceptors: impacket, scapy, Samba's GENSEC and
//! gss-ntlmssp, each with NTLM and, where it can, with SPNEGO. Each logs on, exchanges protected
//! messages both ways, and is refused with a wrong password and as an unknown user.
//!
//! `WCCE_PYTHON` names a Python that has impacket and scapy; Samba's and gss-ntlmssp's modules are
//! Debian's, so `/usr/bin/python3` runs those (`WCCE_SYSTEM_PYTHON` names another one). Without
//! `WCCE_PYTHON` nothing runs, which is a failure if `WCCE_REQUIRE_FOREIGN` is 1.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[allow(dead_code, reason = "shared: not every test counts everything")]
#[path = "support/tally.rs"]
mod tally;

use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;

use wcce::auth::ntlm::{MicPolicy, NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{
    Accepted, Acceptor, AcceptorFactory, AuthLevel, AuthType, LocalVerifier, Names, PduParts, Peer,
    SecurityContext, SecurityProviders, SystemEnvironment,
};
use wcce::model::{LocalAccount, LocalAccounts, Sid};

/// Exit status of a script whose logon the server refused (`peer.py`).
const REFUSED: i32 = 3;

/// A foreign initiator.
struct Client {
    script: &'static str,
    /// Debian's Python instead of the one with impacket and scapy.
    system: bool,
    spnego: bool,
    /// Whether its AUTHENTICATE carries a MIC.
    sends_mic: bool,
}

const CLIENTS: &[Client] = &[
    Client { script: "impacket_ntlm", system: false, spnego: false, sends_mic: false },
    Client { script: "scapy_ssp", system: false, spnego: false, sends_mic: true },
    Client { script: "scapy_ssp", system: false, spnego: true, sends_mic: true },
    Client { script: "samba_gensec", system: true, spnego: false, sends_mic: true },
    Client { script: "samba_gensec", system: true, spnego: true, sends_mic: true },
    Client { script: "gss_ntlmssp", system: true, spnego: false, sends_mic: false },
    Client { script: "gss_ntlmssp", system: true, spnego: true, sends_mic: true },
];

#[test]
fn foreign_initiators_log_on_and_exchange_messages() {
    for_each_client(|client| {
        for level in [AuthLevel::Privacy, AuthLevel::Integrity] {
            let run = client.run(level, "alice", "Passw0rd-Alice", MicPolicy::Announced);
            assert_eq!(run.status, Some(0), "{} at {level:?}: {}", client.name(), run.log);
            assert_eq!(run.caller.as_deref(), Some("WCCE\\alice"));
            assert!(run.messages >= 3, "{} exchanged {} messages", client.name(), run.messages);
            tally::ran("foreign-auth", &format!("{} {level:?}", client.name()));
        }
    });
}

#[test]
fn foreign_initiators_are_refused() {
    for_each_client(|client| {
        for (user, password) in [("alice", "wrong"), ("nobody", "Passw0rd-Alice")] {
            let run = client.run(AuthLevel::Privacy, user, password, MicPolicy::Announced);
            assert_eq!(run.status, Some(REFUSED), "{} as {user}: {}", client.name(), run.log);
            assert_eq!((run.caller, run.messages), (None, 0));
            tally::ran("foreign-auth-refused", &format!("{} {user}", client.name()));
        }
    });
}

/// What the setting costs: who sends a MIC still gets in, the others don't.
#[test]
fn the_mic_can_be_demanded() {
    for_each_client(|client| {
        let run = client.run(AuthLevel::Privacy, "alice", "Passw0rd-Alice", MicPolicy::Always);
        let expected = if client.sends_mic { 0 } else { REFUSED };
        assert_eq!(run.status, Some(expected), "{}: {}", client.name(), run.log);
    });
}

fn for_each_client(test: impl Fn(&Client)) {
    if std::env::var_os("WCCE_PYTHON").is_none() {
        let required = std::env::var_os("WCCE_REQUIRE_FOREIGN").is_some_and(|value| value == "1");
        assert!(!required, "set WCCE_PYTHON to a Python that has impacket and scapy");
        CLIENTS.iter().for_each(|client| tally::not_run(&client.name()));
        return;
    }
    CLIENTS.iter().for_each(test);
}

/// What came of a logon.
struct Run {
    status: Option<i32>,
    caller: Option<String>,
    messages: usize,
    /// What the script wrote to its standard error.
    log: String,
}

impl Client {
    fn name(&self) -> String {
        format!("{}{}", self.script, if self.spnego { "+spnego" } else { "" })
    }

    fn python(&self) -> std::ffi::OsString {
        match self.system {
            true => std::env::var_os("WCCE_SYSTEM_PYTHON").unwrap_or("/usr/bin/python3".into()),
            false => std::env::var_os("WCCE_PYTHON").expect("checked by for_each_client"),
        }
    }

    /// Runs the script and answers what it sends.
    fn run(&self, level: AuthLevel, user: &str, password: &str, mic: MicPolicy) -> Run {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/auth/");
        let mut command = Command::new(self.python());
        command.arg(format!("{folder}{}.py", self.script));
        command.args(["--user", user, "--domain", "WCCE", "--password", password]);
        command.args(self.spnego.then_some("--spnego"));
        command.args((level == AuthLevel::Integrity).then_some("--integrity"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));

        let auth_type = if self.spnego { AuthType::Negotiate } else { AuthType::Ntlm };
        let mut server = Server::new(acceptor(auth_type, level, mic), level);
        let mut to_client = child.stdin.take().expect("piped");
        let from_client = BufReader::new(child.stdout.take().expect("piped"));
        for line in from_client.lines() {
            server.answer(&line.expect("text"), &mut to_client);
        }
        drop(to_client);
        let output = child.wait_with_output().expect("it ran");
        Run {
            status: output.status.code(),
            caller: server.caller(),
            messages: server.messages,
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The server's side of the lines that `peer.py` describes.
struct Server {
    runtime: tokio::runtime::Runtime,
    acceptor: Box<dyn Acceptor>,
    context: Option<Box<dyn SecurityContext>>,
    level: AuthLevel,
    messages: usize,
}

impl Server {
    fn new(acceptor: Box<dyn Acceptor>, level: AuthLevel) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { runtime, acceptor, context: None, level, messages: 0 }
    }

    fn caller(&self) -> Option<String> {
        Some(self.context.as_ref()?.caller().expect("acceptors know their caller").account.clone())
    }

    fn answer(&mut self, line: &str, to_client: &mut ChildStdin) {
        let mut words = line.split(' ');
        let verb = words.next();
        let fields: Vec<Vec<u8>> = words.map(from_hex).collect();
        let answer = match (verb, &fields[..]) {
            (Some("token"), [token]) => self.token(token),
            (Some("pdu"), [header, body, trailer, token]) => self.pdu(header, body, trailer, token),
            (Some("ok"), []) => return,
            _ => panic!("a line that means nothing: {line}"),
        };
        // A script that has exited says why by its exit status.
        writeln!(to_client, "{answer}").ok();
    }

    fn token(&mut self, token: &[u8]) -> String {
        match self.runtime.block_on(self.acceptor.accept(token)) {
            Ok(Accepted::Continue(token)) => format!("token {}", to_hex(&token)),
            Ok(Accepted::Done { token, context }) => {
                self.context = Some(context);
                format!("done {}", to_hex(&token.unwrap_or_default()))
            }
            Err(error) => {
                eprintln!("refused: {error}");
                "refused".into()
            }
        }
    }

    fn pdu(&mut self, header: &[u8], body: &[u8], trailer: &[u8], token: &[u8]) -> String {
        let context = self.context.as_mut().expect("a context stands");
        let mut body = body.to_vec();
        let parts = PduParts { header, body: &mut body, trailer, header_signing: true };
        context.unprotect(self.level, parts, token).expect("a right signature");
        self.messages += 1;
        body.reverse();
        let parts = PduParts { header, body: &mut body, trailer, header_signing: true };
        let token = context.protect(self.level, parts).expect("a live context");
        let fields = [header, &body, trailer, &token].map(to_hex);
        format!("pdu {}", fields.join(" "))
    }
}

fn to_hex(bytes: &[u8]) -> String {
    if bytes.is_empty() { "-".into() } else { hex::encode(bytes) }
}

fn from_hex(word: &str) -> Vec<u8> {
    if word == "-" { Vec::new() } else { hex::decode(word).expect("hex") }
}

struct Alice;

impl LocalAccounts for Alice {
    fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount> {
        (user == "alice" && domain == "WCCE").then(|| LocalAccount {
            account: "WCCE\\alice".into(),
            nt_hash: nt_hash("Passw0rd-Alice"),
            sid: "S-1-5-21-1-2-3-1103".parse::<Sid>().expect("valid"),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

fn acceptor(auth_type: AuthType, level: AuthLevel, mic: MicPolicy) -> Box<dyn Acceptor> {
    let environment = Arc::new(SystemEnvironment);
    let verifier = LocalVerifier::new(Arc::new(Alice), environment.clone()).expect("random bytes");
    let ntlm = NtlmServer {
        names: Names::stand_alone("ca1.wcce.test", Vec::new()),
        policy: NtlmPolicy { mic, ..Default::default() },
        verifier: Arc::new(verifier),
        environment,
    };
    let providers = SecurityProviders::of_ntlm(Arc::new(ntlm), true);
    let address: IpAddr = "127.0.0.1".parse().expect("valid");
    let peer = Peer { remote: address, local: address };
    providers.acceptor(auth_type, level, peer).expect("offered")
}
