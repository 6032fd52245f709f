//! RPC clients that nobody here wrote, against our endpoint mapper, management interface and
//! association: impacket, scapy, Samba's client library, and Samba's suite of raw PDUs, which
//! holds what Samba's authors saw Windows answer.
//!
//! `WCCE_PYTHON` names a Python that has impacket, scapy and scapy-rpc; Samba's modules are
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

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::uuid;
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{BoxFuture, LocalVerifier, Names, SecurityProviders, SystemEnvironment};
use wcce::generated::epm::EPT;
use wcce::generated::icertpassage::I_CERT_PASSAGE;
use wcce::model::{LocalAccount, LocalAccounts};
use wcce::ndr::{Fault, InterfaceId, Syntax};
use wcce::rpc::association::{Endpoint, Limits};
use wcce::rpc::epm::{self, EndpointMapper, EndpointTable};
use wcce::rpc::mgmt::{Management, Statistics};
use wcce::rpc::server::{ServerLimits, serve};
use wcce::rpc::{CallContext, Policy, Service};

/// A script, whether Debian's Python runs it, and how many checks it makes.
const SCRIPTS: [(&str, bool, usize); 4] = [
    ("impacket_mapper", false, 20),
    ("scapy_mapper", false, 27),
    ("samba_mapper", true, 18),
    // What passes of the 194 tests of Samba 4.17; see the script for the others.
    ("samba_raw", true, 164),
];

#[tokio::test(flavor = "multi_thread")]
async fn foreign_clients_find_their_way() {
    if std::env::var_os("WCCE_PYTHON").is_none() {
        let required = std::env::var_os("WCCE_REQUIRE_FOREIGN").is_some_and(|value| value == "1");
        assert!(!required, "set WCCE_PYTHON to a Python that has impacket and scapy");
        SCRIPTS.iter().for_each(|(script, ..)| tally::not_run(script));
        return;
    }
    for (script, system, checks) in SCRIPTS {
        let server = Server::start().await;
        let (port, stand_in) = (server.mapper.port(), server.stand_in.port());
        let run = tokio::task::spawn_blocking(move || run(script, system, port, stand_in));
        let (passed, log) = run.await.unwrap();
        assert_eq!(passed, checks, "{script}: {log}");
        tally::ran("foreign-rpc", &format!("{script} {checks}"));
        server.stop().await;
    }
}

/// Runs a script; how many `ok` lines it wrote, and the whole of its output.
fn run(script: &str, system: bool, port: u16, stand_in: u16) -> (usize, String) {
    let python = match system {
        true => std::env::var_os("WCCE_SYSTEM_PYTHON").unwrap_or("/usr/bin/python3".into()),
        false => std::env::var_os("WCCE_PYTHON").expect("checked before"),
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/rpc/");
    let output = Command::new(python)
        .arg(format!("{folder}{script}.py"))
        .args(["127.0.0.1".to_owned(), port.to_string(), stand_in.to_string()])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{script}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = format!("{}\n{text}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {log}");
    (text.lines().filter(|line| line.starts_with("ok ")).count(), log)
}

/// The server under test: the mapper with its management interface, and a stand-in for Netlogon.
struct Server {
    mapper: SocketAddr,
    stand_in: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let listeners =
            [TcpListener::bind("127.0.0.1:0").await, TcpListener::bind("127.0.0.1:0").await];
        let [mapper_listener, stand_in_listener] = listeners.map(Result::unwrap);
        let mapper = mapper_listener.local_addr().unwrap();
        let stand_in = stand_in_listener.local_addr().unwrap();

        let mut table = EndpointTable::default();
        table.register(epm::Endpoint::tcp(EPT, mapper.port(), "endpoint mapper"));
        for port in [49_170, 49_171] {
            table.register(epm::Endpoint::tcp(I_CERT_PASSAGE, port, "enrollment"));
        }
        let mut with_netlogon = table.clone();
        with_netlogon.register(epm::Endpoint::tcp(NETLOGON, stand_in.port(), "stand-in"));

        let endpoint = |table: EndpointTable, further: Option<Arc<dyn Service>>| {
            let statistics: Arc<Statistics> = Arc::default();
            let management = Management {
                interfaces: vec![EPT],
                principal: Some("host/ca.lab.test".into()),
                statistics: Arc::clone(&statistics),
            };
            let mut services: Vec<Arc<dyn Service>> =
                vec![Arc::new(EndpointMapper::new(Arc::new(table))), Arc::new(management)];
            services.extend(further);
            Arc::new(Endpoint {
                services,
                acceptors: Arc::new(providers()),
                groups: Arc::default(),
                statistics,
                memory: Arc::default(),
                limits: Limits { max_security_contexts: 8, ..Limits::default() },
            })
        };
        let listeners = vec![
            (mapper_listener, endpoint(table, None)),
            (stand_in_listener, endpoint(with_netlogon, Some(Arc::new(NetlogonStandIn)))),
        ];
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            serve(listeners, ServerLimits::default(), stopped).await.unwrap();
        });
        Self { mapper, stand_in, stop, task }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

const NETLOGON: InterfaceId =
    InterfaceId { uuid: uuid!("12345678-1234-abcd-ef00-01234567cffb"), major: 1, minor: 0 };

/// Takes every call that Netlogon has, and answers as NetrServerReqChallenge does: Samba's suite
/// sends it requests of every shape.
struct NetlogonStandIn;

impl Service for NetlogonStandIn {
    fn interface(&self) -> InterfaceId {
        NETLOGON
    }

    fn policy(&self) -> Policy {
        Policy { min_level: None, syntaxes: &[Syntax::Ndr20], ..Policy::default() }
    }

    fn call(&self, _: CallContext, _: u16, _: Bytes) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async { Ok(vec![0; 12]) })
    }
}

struct Alice;

impl LocalAccounts for Alice {
    fn local_account(&self, domain: &str, user: &str) -> Option<LocalAccount> {
        let known = domain.eq_ignore_ascii_case("LAB") && user.eq_ignore_ascii_case("alice");
        known.then(|| LocalAccount {
            account: r"LAB\alice".into(),
            nt_hash: nt_hash("Passw0rd-Alice"),
            sid: "S-1-5-21-1-2-3-1103".parse().unwrap(),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

fn providers() -> SecurityProviders {
    let environment = Arc::new(SystemEnvironment);
    let verifier = LocalVerifier::new(Arc::new(Alice), environment.clone()).unwrap();
    let ntlm = NtlmServer {
        names: Names::stand_alone("ca.lab.test", Vec::new()),
        policy: NtlmPolicy::default(),
        verifier: Arc::new(verifier),
        environment,
    };
    SecurityProviders::of_ntlm(Arc::new(ntlm), true)
}
