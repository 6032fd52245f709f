//! A desk at which people run `wcce` against a server.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::demo::{CA, Demo, Running, text};

/// A server, and a user who has her password in a file.
pub struct Desk {
    pub demo: Demo,
    pub server: Running,
    pub password: PathBuf,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// With a server whose settings are changed first.
    pub fn with(change: impl FnOnce(&Demo)) -> Self {
        let demo = Demo::new();
        change(&demo);
        let server = demo.start();
        let password = demo.path("password");
        std::fs::write(&password, format!("{}\n", demo.password)).expect("written");
        Self { demo, server, password }
    }

    pub fn out(&self, name: &str) -> PathBuf {
        self.demo.path(name)
    }

    pub fn exists(&self, name: &str) -> bool {
        self.out(name).exists()
    }

    /// Runs `wcce COMMAND` at the server's endpoint mapper.
    pub fn wcce(&self, command: &str, arguments: &[&str]) -> Output {
        let mapper = self.server.mapper.port().to_string();
        Command::new(env!("CARGO_BIN_EXE_wcce"))
            .args([command, "--server", "127.0.0.1", "--epm-port", &mapper])
            .args(arguments)
            .current_dir(self.demo.folder.path())
            // No tickets of whoever runs the tests.
            .env("KRB5CCNAME", self.demo.path("no-tickets"))
            .output()
            .expect("wcce runs")
    }

    /// The same, as alice, who does not say which CA she means.
    pub fn logged_on(&self, command: &str, arguments: &[&str]) -> Output {
        self.as_user("alice", command, arguments)
    }

    /// The same, as somebody with the same password.
    pub fn as_user(&self, user: &str, command: &str, arguments: &[&str]) -> Output {
        let (account, password) = (format!(r"WCCE\{user}"), self.password.to_str().expect("text"));
        let login = ["--user", &account, "--password-file", password];
        self.wcce(command, &[&login, arguments].concat())
    }

    /// The same, as alice at this CA.
    pub fn as_alice(&self, command: &str, arguments: &[&str]) -> Output {
        self.logged_on(command, &[&["--ca", CA], arguments].concat())
    }

    /// What `openssl` prints; it must succeed.
    pub fn openssl(&self, arguments: &[&str]) -> String {
        let folder = self.demo.folder.path();
        let run = Command::new("openssl").args(arguments).current_dir(folder).output();
        let output = run.expect("openssl runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// OpenSSL finds NAME.crt right, by the chain in NAME.p7b.
    pub fn verify(&self, name: &str) {
        let (chain, certificate) = (format!("{name}.chain"), format!("{name}.crt"));
        let shown = ["pkcs7", "-in", &format!("{name}.p7b"), "-print_certs", "-out", &chain];
        self.openssl(&shown);
        let root = ["-CAfile", "state/ca.crt", "-untrusted", &chain];
        self.openssl(&[&["verify", "-x509_strict"], &root[..], &[&certificate]].concat());
    }
}

pub fn assert_done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// It failed with exit status 1, and said so.
pub fn assert_failed(output: &Output, because: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(because), "{said}");
    assert!(said.starts_with("wcce: ") && said.lines().count() == 1, "{said}");
}

/// The words of `request ID issued: …` or `request ID is pending: …`.
pub fn request_id(output: &Output) -> String {
    text(&output.stdout).split(' ').nth(1).expect("`request ID …`").to_owned()
}

pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("stored").permissions().mode() & 0o7777
}
