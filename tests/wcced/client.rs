//! `wcce`, the client's command line, against a running server.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use wcce::asn1::{Certificate, pem};

use crate::demo::{CA, Demo, Running, text};

/// A server, and a user who has her password in a file.
struct Desk {
    demo: Demo,
    server: Running,
    password: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let demo = Demo::new();
        let server = demo.start();
        let password = demo.path("password");
        std::fs::write(&password, format!("{}\n", demo.password)).expect("written");
        Self { demo, server, password }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.demo.path(name)
    }

    fn exists(&self, name: &str) -> bool {
        self.out(name).exists()
    }

    /// Runs `wcce COMMAND` at the server's endpoint mapper.
    fn wcce(&self, command: &str, arguments: &[&str]) -> Output {
        let mapper = self.server.mapper.port().to_string();
        Command::new(env!("CARGO_BIN_EXE_wcce"))
            .args([command, "--server", "127.0.0.1", "--epm-port", &mapper])
            .args(arguments)
            .current_dir(self.demo.folder.path())
            .output()
            .expect("wcce runs")
    }

    /// The same, as alice.
    fn as_alice(&self, command: &str, arguments: &[&str]) -> Output {
        let password = self.password.to_str().expect("text");
        let login = ["--ca", CA, "--user", r"WCCE\alice", "--password-file", password];
        self.wcce(command, &[&login, arguments].concat())
    }
}

fn assert_done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// It failed with exit status 1, and said so.
fn assert_failed(output: &Output, because: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(because), "{said}");
    assert!(said.starts_with("wcce: ") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_certificate_is_requested_stored_and_retrieved() {
    let desk = Desk::new();
    for auth in ["negotiate", "ntlm"] {
        let made = desk.as_alice("request", &["--template", "User", "--auth", auth, "--out", auth]);
        assert_done(&made);
        let said = text(&made.stdout);
        let id = said.split(' ').nth(1).expect("`request ID issued: …`");

        let key = desk.out(&format!("{auth}.key"));
        let mode = std::fs::metadata(&key).expect("stored").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let blocks = pem::decode(&std::fs::read(&key).expect("read")).expect("PEM");
        assert_eq!(blocks[0].label, "PRIVATE KEY");

        let again = format!("{auth}-again");
        assert_done(&desk.as_alice("retrieve", &["--id", id, "--out", &again]));
        for extension in ["crt", "p7b"] {
            let read = |name: &str| std::fs::read(desk.out(&format!("{name}.{extension}")));
            assert_eq!(read(auth).expect("stored"), read(&again).expect("stored"));
        }
        assert!(!desk.exists(&format!("{again}.key")));
    }
}

#[test]
fn a_request_made_elsewhere_is_submitted() {
    let desk = Desk::new();
    let openssl = Command::new("openssl")
        .args(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=whatever"])
        .args(["-keyout", "own.key", "-out", "own.csr"])
        .current_dir(desk.demo.folder.path())
        .output()
        .expect("openssl runs");
    assert!(openssl.status.success());
    assert_done(
        &desk.as_alice("request", &["--template", "User", "--csr", "own.csr", "--out", "issued"]),
    );
    assert!(!desk.exists("issued.key"));
    let blocks = pem::decode(&std::fs::read(desk.out("issued.crt")).expect("read")).expect("PEM");
    Certificate::parse(&blocks[0].der).expect("a certificate");
    let both = ["--template", "User", "--csr", "own.csr", "--key", "p256", "--out", "x"];
    assert_eq!(desk.as_alice("request", &both).status.code(), Some(2));
}

#[test]
fn refusals_leave_nothing_behind() {
    let desk = Desk::new();
    let refused = desk.as_alice("request", &["--template", "Nope", "--out", "x"]);
    assert_failed(&refused, "0x80094800 (CERTSRV_E_UNSUPPORTED_CERT_TYPE)");
    let missing = desk.as_alice("retrieve", &["--id", "4711", "--out", "x"]);
    assert_failed(&missing, "the CA refused the call");

    let password = desk.password.to_str().expect("text").to_owned();
    let login = ["--user", r"WCCE\alice", "--password-file", &password, "--out", "x"];
    let other_ca = [&["--ca", "Other CA", "--template", "User"][..], &login].concat();
    assert_failed(&desk.wcce("request", &other_ca), "Is the CA's name right?");

    std::fs::write(&desk.password, "wrong\n").expect("written");
    let wrong = desk.as_alice("request", &["--template", "User", "--out", "x"]);
    assert_failed(&wrong, "wrong user, password or signature");
    assert!(!["x.key", "x.crt", "x.p7b"].into_iter().any(|name| desk.exists(name)));
}

#[test]
fn nothing_is_overwritten() {
    let desk = Desk::new();
    std::fs::write(desk.out("x.crt"), "precious").expect("written");
    assert_failed(&desk.as_alice("request", &["--template", "User", "--out", "x"]), "x.crt exists");
    assert_failed(&desk.as_alice("retrieve", &["--id", "1", "--out", "x"]), "x.crt exists");
    assert_eq!(std::fs::read(desk.out("x.crt")).expect("read"), b"precious");
    assert!(!desk.exists("x.key"));
}

#[test]
fn endpoints_and_ping_show_where_the_ca_is() {
    let desk = Desk::new();
    let port = desk.server.enrollment.port();
    let endpoints = desk.wcce("endpoints", &[]);
    assert_done(&endpoints);
    let binding = format!("ncacn_ip_tcp:127.0.0.1[{port}]");
    assert!(text(&endpoints.stdout).contains(&binding), "{}", text(&endpoints.stdout));

    let ping = desk.wcce("ping", &[]);
    assert_done(&ping);
    let said = text(&ping.stdout);
    assert!(said.starts_with(&format!("127.0.0.1 port {port} serves ICertPassage")), "{said}");
    // The endpoint mapper's own port does not.
    let mapper = desk.server.mapper.port().to_string();
    assert_failed(&desk.wcce("ping", &["--port", &mapper]), "does not offer interface");
}

#[test]
fn bench_counts_and_measures() {
    let desk = Desk::new();
    let load = ["--template", "User", "--key", "rsa2048", "--connections", "3", "--requests", "7"];
    for further in [&[][..], &["--reconnect"]] {
        let measured = desk.as_alice("bench", &[&load, further].concat());
        assert_done(&measured);
        let said = text(&measured.stdout);
        assert!(said.starts_with("7 requests in ") && said.contains("  p99 "), "{said}");
    }
    let load = ["--template", "Nope", "--connections", "2", "--requests", "3"];
    let failed = desk.as_alice("bench", &load);
    assert_failed(&failed, "3 requests failed");
    assert!(text(&failed.stdout).contains("CERTSRV_E_UNSUPPORTED_CERT_TYPE"));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_wcce"))
        .args(["ping", "--server", "ncacn_ip_tcp:127.0.0.1[1]"])
        .output()
        .expect("wcce runs");
    assert_failed(&output, "connecting to 127.0.0.1 port 1");
}
