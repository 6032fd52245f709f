//! A `wcced` that issues under load is killed (SIGKILL), ten times over or as often as CRASH_ROUNDS
//! says (`make crash`), and started again on the same state. Every certificate that a client received
//! must be in the Request table, byte for byte, and no serial number and no request id may ever be
//! given twice, in what clients hold and in the whole table.
#![cfg(test)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wcce::asn1::Certificate;
use wcce::auth::ntlm::nt_hash;
use wcce::auth::{AuthLevel, Credentials};
use wcce::client::{
    CertificateRequest, EnrollmentClient, KeyKind, Login, Mechanism, Outcome, Proof, RequestKey,
    Server,
};
use wcce::rpc::client::ClientOptions;

#[allow(dead_code, reason = "shared with tests that replay captures")]
#[path = "support/tally.rs"]
mod tally;

/// How often, unless CRASH_ROUNDS says otherwise.
const ROUNDS: u64 = 10;
const CLIENTS: usize = 8;
const PASSWORD: &str = "Passw0rd-Alice";
const CA: &str = "Crash CA";

/// What clients hold: request id and certificate.
type Received = Arc<Mutex<HashMap<u32, Vec<u8>>>>;

/// What all clients send.
struct Request {
    der: Vec<u8>,
    attributes: String,
}

impl Request {
    fn make() -> Self {
        let request = CertificateRequest { template: Some("User".into()), ..Default::default() };
        let key = RequestKey::generate(KeyKind::Rsa2048).expect("a key");
        Self {
            der: request.to_pkcs10(&key).expect("a request"),
            attributes: request.attributes_string().expect("attributes"),
        }
    }
}

#[test]
fn what_a_client_received_survives_a_kill() {
    let rounds = std::env::var("CRASH_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("rounds"));
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    prepare(folder.path(), port);
    let (request, received) = (Arc::new(Request::make()), Received::default());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let began = Instant::now();

    for round in 0..rounds {
        let mut server = start(folder.path(), port);
        let load: Vec<_> = (0..CLIENTS)
            .map(|_| (Arc::clone(&request), Arc::clone(&received)))
            .map(|(request, received)| enroll_until_it_breaks(port, request, received))
            .map(|client| runtime.spawn(client))
            .collect();
        // Somewhere within the work, another place each round.
        std::thread::sleep(Duration::from_millis(150 + 37 * round % 1000));
        server.kill().expect("kill");
        server.wait().expect("wait");
        for client in load {
            runtime.block_on(client).expect("a client panicked");
        }
    }

    let mut server = start(folder.path(), port);
    let received = received.lock().expect("lock");
    runtime.block_on(check(port, &received));
    server.kill().expect("kill");
    server.wait().expect("wait");
    let rows = check_table(folder.path());

    println!(
        "{rounds} kills in {:.0} s: {} certificates received, {rows} in the table",
        began.elapsed().as_secs_f64(),
        received.len(),
    );
    assert!(rows >= received.len());
    let expected = usize::try_from(rounds).expect("rounds") * 20;
    assert!(received.len() >= expected, "too little load: {}", received.len());
    tally::ran("crash-rounds", "wcced under load");
}

/// Reads the whole table at rest, also the rows of which no client ever heard. Returns how many
/// certificates it has.
fn check_table(folder: &Path) -> usize {
    let config = folder.join("wcced.toml");
    let run = |command: &[&str]| {
        let output = Command::new(wcced())
            .args(command)
            .arg("--config")
            .arg(&config)
            .output()
            .expect("wcced runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    run(&["check-db"]);
    let (mut ids, mut serials) = (HashSet::new(), HashSet::new());
    for line in run(&["export"]).lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(ids.insert(row["Request.RequestID"].as_u64().expect("an id")), "twice: {line}");
        let serial = row["SerialNumber"].as_str().expect("all are issued").to_owned();
        assert!(serials.insert(serial), "twice: {line}");
    }
    serials.len()
}

/// Enrolls over one connection until the server is gone.
async fn enroll_until_it_breaks(port: u16, request: Arc<Request>, received: Received) {
    let Request { der, attributes } = &*request;
    let Ok(mut client) = connect(port).await else { return };
    while let Ok(answer) = client.submit(der, attributes).await {
        let Outcome::Issued { certificate, .. } = answer.outcome else {
            panic!("request {}: {:?} {}", answer.request_id, answer.outcome, answer.message);
        };
        let before = received.lock().expect("lock").insert(answer.request_id, certificate);
        assert_eq!(before, None, "request id {} was given twice", answer.request_id);
    }
}

async fn check(port: u16, received: &HashMap<u32, Vec<u8>>) {
    let mut client = connect(port).await.expect("the server serves again");
    let mut serials = HashMap::new();
    for (id, certificate) in received {
        let answer = client.retrieve(*id).await.expect("an answer");
        let Outcome::Issued { certificate: kept, .. } = answer.outcome else {
            panic!("request {id} was issued, but the table says {:?}", answer.outcome);
        };
        assert!(&kept == certificate, "request {id}: the table holds another certificate");
        let parsed = Certificate::parse(certificate).expect("a certificate");
        let other = serials.insert(parsed.serial.to_vec(), id);
        assert_eq!(other, None, "requests {id} and {other:?} have the same serial number");
    }
}

async fn connect(port: u16) -> Result<EnrollmentClient, wcce::rpc::client::ClientError> {
    let server = Server { host: "127.0.0.1".into(), port: Some(port), mapper_port: 135 };
    let credentials = Credentials {
        user: "alice".into(),
        domain: "LAB".into(),
        password: PASSWORD.to_owned().into(),
    };
    let proof = Proof::Password(credentials, Mechanism::Ntlm);
    let login = Login { proof, level: AuthLevel::Privacy };
    EnrollmentClient::connect(&server, CA, &login, &ClientOptions::default()).await
}

/// The server: of the folder WCCE_BIN, or the one that was built with this test.
fn wcced() -> PathBuf {
    let given = std::env::var_os("WCCE_BIN").map(|folder| Path::new(&folder).join("wcced"));
    given.unwrap_or_else(|| env!("CARGO_BIN_EXE_wcced").into())
}

fn prepare(folder: &Path, port: u16) {
    let subject = format!("CN={CA}");
    let init = Command::new(wcced())
        .args(["init", "--netbios", "LAB", "--dns", "lab.test", "--subject", &subject, "--folder"])
        .arg(folder)
        .stdout(Stdio::null())
        .status()
        .expect("wcced runs");
    assert!(init.success());
    let path = folder.join("wcced.toml");
    let settings = fs::read_to_string(&path).expect("the configuration");
    let listen = format!("[listen]\nendpoint_mapper = []\nenrollment = [\"127.0.0.1:{port}\"]\n");
    fs::write(&path, settings.replacen("[listen]\n", &listen, 1)).expect("written");
    let path = folder.join("directory.toml");
    let mut directory = fs::read_to_string(&path).expect("the directory");
    let hash: String = nt_hash(PASSWORD).iter().map(|byte| format!("{byte:02x}")).collect();
    directory.push_str(&format!(
        "\n[[users]]\nname = \"alice\"\nrid = 1103\nupn = \"alice@lab.test\"\n\
         mail = \"alice@lab.test\"\nnt_hash = \"{hash}\"\n"
    ));
    fs::write(&path, directory).expect("written");
}

fn start(folder: &Path, port: u16) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).expect("log");
    let mut server = Command::new(wcced())
        .args(["serve", "--config"])
        .arg(folder.join("wcced.toml"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("wcced runs");
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = server.try_wait().expect("wait");
        assert!(ended.is_none(), "{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
        assert!(began.elapsed() < Duration::from_secs(60), "wcced does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
