//! A `wcced` of its own for each test: made by `wcced init --demo`, run as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::{
    CertificateRequest, EnrollmentClient, KeyKind, Login, Mechanism, Proof, RequestKey,
};
use wcce::client::{EnrollError, Server};
use wcce::rpc::client::{ClientError, ClientOptions};

pub const CA: &str = "wcce CA";

/// Runs `wcced` to its end.
pub fn wcced(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wcced")).args(arguments).output().expect("wcced runs")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A folder with the files of a demonstration, on ports that the system picks.
pub struct Demo {
    pub folder: TempDir,
    pub password: String,
}

impl Demo {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("made");
        let path = folder.path().to_str().expect("text");
        let made = wcced(&["init", "--demo", "--folder", path]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let password = text(&made.stdout)
            .lines()
            .find_map(|line| line.strip_prefix("account WCCE\\alice, password ").map(str::to_owned))
            .expect("the password is printed");
        let demo = Self { folder, password };
        demo.edit("wcced.toml", &[(":13500", ":0"), (":49170", ":0"), (":49171", ":0")]);
        demo
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces text in a file; all of it must be there.
    pub fn edit(&self, name: &str, changes: &[(&str, &str)]) {
        let path = self.path(name);
        let mut text = std::fs::read_to_string(&path).expect("read");
        for (from, to) in changes {
            assert!(text.contains(from), "{from} in {name}");
            text = text.replace(from, to);
        }
        std::fs::write(&path, text).expect("written");
    }

    pub fn config(&self) -> String {
        self.path("wcced.toml").to_str().expect("text").to_owned()
    }

    /// Starts the server and waits until it is ready.
    pub fn start(&self) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wcced"))
            .args(["serve", "--config", &self.config()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("wcced starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut seen = Vec::new();
        let ready = loop {
            match lines.next() {
                Some(Ok(line)) if line.contains(" ready ") => break line,
                Some(Ok(line)) => seen.push(line),
                _ => panic!("wcced ended: {seen:#?}"),
            }
        };
        let (mapper, enrollment) =
            (address(&ready, "endpoint_mapper=["), address(&ready, "enrollment=["));
        let log = Arc::new(Mutex::new(seen));
        let collected = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                collected.lock().expect("not poisoned").push(line);
            }
        });
        Running { child, mapper, enrollment, log, reader: Some(reader) }
    }
}

fn address(line: &str, key: &str) -> SocketAddr {
    let (_, rest) = line.split_once(key).expect(line);
    rest.split([']', ',']).next().expect("an address").parse().expect(line)
}

/// A server that runs; killed when dropped.
pub struct Running {
    child: Child,
    pub mapper: SocketAddr,
    pub enrollment: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        kill_process(self.pid(), Signal::TERM).expect("it runs");
        let status = self.child.wait().expect("it ends");
        (status, self.lines())
    }

    /// What it logged, once it has ended.
    fn lines(&mut self) -> Vec<String> {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reads");
        }
        self.log.lock().expect("not poisoned").clone()
    }

    /// Its resource limits, as the system shows them.
    pub fn limits(&self) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join("limits")
    }

    /// Connects as `alice`.
    pub async fn connect(&self, access: &Access<'_>) -> Result<EnrollmentClient, ClientError> {
        let port = (!access.by_mapper).then_some(self.enrollment.port());
        let server = Server { host: "127.0.0.1".to_owned(), port, mapper_port: self.mapper.port() };
        let credentials = Credentials {
            user: access.user.to_owned(),
            domain: "WCCE".to_owned(),
            password: access.password.to_owned().into(),
        };
        let proof = Proof::Password(credentials, access.mechanism);
        let login = Login { proof, level: access.level };
        EnrollmentClient::connect(&server, access.authority, &login, &ClientOptions::default())
            .await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a client comes.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub mechanism: Mechanism,
    pub level: AuthLevel,
    pub authority: &'a str,
    pub by_mapper: bool,
}

impl<'a> Access<'a> {
    /// In the right way.
    pub fn of(demo: &'a Demo) -> Self {
        Self {
            user: "alice",
            password: &demo.password,
            mechanism: Mechanism::Negotiate,
            level: AuthLevel::Privacy,
            authority: CA,
            by_mapper: false,
        }
    }
}

/// A request with a new key.
pub fn request(template: &str) -> (Vec<u8>, String) {
    let key = RequestKey::generate(KeyKind::Rsa2048).expect("made");
    let request = CertificateRequest { template: Some(template.into()), ..Default::default() };
    let attributes = request.attributes_string().expect("valid");
    (request.to_pkcs10(&key).expect("made"), attributes)
}

/// Submits a request for a `User` certificate.
pub async fn enroll(client: &mut EnrollmentClient) -> Result<wcce::client::Answer, EnrollError> {
    let (request, attributes) = request("User");
    client.submit(&request, &attributes).await
}
