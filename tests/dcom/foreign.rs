//! Clients that nobody here wrote: impacket's dcomrt and scapy's DCOM client (`tests/foreign/dcom`).
//!
//! `WCCE_PYTHON` names a Python that has both. Without it nothing runs, which is a failure if
//! `WCCE_REQUIRE_FOREIGN` is 1.

use std::process::{Command, Output};

use wcce::dcom::table::Counts;
use wcce::ndr::Syntax;

use crate::server::{PASSWORD, TestServer};
use crate::tally;

/// The calls that reached objects have these opnums, in this syntax.
struct Client {
    script: &'static str,
    opnums: &'static [u16],
    syntax: Syntax,
    /// Whether it signs headers.
    header_signing: bool,
    /// Objects that it leaves behind.
    left: usize,
}

const CLIENTS: [Client; 2] = [
    Client {
        script: "impacket_dcom",
        opnums: &[5, 9],
        syntax: Syntax::Ndr20,
        header_signing: false,
        left: 1,
    },
    // What Windows takes: NDR64 with header signing.
    Client {
        script: "scapy_dcom",
        opnums: &[5, 9, 5, 9],
        syntax: Syntax::Ndr64,
        header_signing: true,
        left: 0,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn foreign_clients_activate_query_call_and_release() {
    let Some(python) = std::env::var_os("WCCE_PYTHON") else {
        let required = std::env::var_os("WCCE_REQUIRE_FOREIGN").is_some_and(|value| value == "1");
        assert!(!required, "set WCCE_PYTHON to a Python with impacket and scapy");
        return tally::not_run("foreign DCOM clients");
    };
    for client in CLIENTS {
        let server = TestServer::start().await;
        let (python, script, port) = (python.clone(), client.script, server.port);
        let run = tokio::task::spawn_blocking(move || run(&python, script, port)).await.unwrap();
        let log = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{script}: {log}");
        let seen = server.seen();
        let opnums: Vec<_> = seen.iter().map(|(opnum, ..)| *opnum).collect();
        assert_eq!(opnums, client.opnums, "{script}: {log}");
        let how = (client.syntax, client.header_signing);
        assert!(seen.iter().all(|(_, syntax, signs)| (*syntax, *signs) == how), "{seen:?}");
        assert_eq!(server.counts().objects, client.left, "{script}: {log}");
        assert_eq!(server.counts_much_later(), Counts::default());
        server.stop().await;
        tally::ran("foreign-dcom", script);
    }
}

fn run(python: &std::ffi::OsStr, script: &str, port: u16) -> Output {
    let file = format!("{}/tests/foreign/dcom/{script}.py", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python);
    command.arg(file).arg(port.to_string()).env("PASSWORD", PASSWORD);
    command.env("PYTHONWARNINGS", "ignore").output().expect("python runs")
}
