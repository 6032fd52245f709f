//! A `wcced` that issues under load is killed (SIGKILL), twenty times over, and started again on
//! the same state. Every certificate that a client received must be in the Request table, byte
//! for byte, and no serial number may ever be given twice.
#![cfg(test)]

use std::collections::HashMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
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

const ROUNDS: u64 = 20;
const CLIENTS: usize = 8;
const PASSWORD: &str = "Passw0rd-Alice";
const CA: &str = "Crash CA";

/// What clients hold: request id and certificate.
type Received = Arc<Mutex<HashMap<u32, Vec<u8>>>>;

#[test]
fn what_a_client_received_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    prepare(folder.path(), port);
    let received = Received::default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");

    for round in 0..ROUNDS {
        let mut server = start(folder.path(), port);
        let load: Vec<_> = (0..CLIENTS)
            .map(|_| runtime.spawn(enroll_until_it_breaks(port, Arc::clone(&received))))
            .collect();
        // Somewhere within the work, another place each round.
        std::thread::sleep(Duration::from_millis(150 + 37 * round));
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

    println!("{} certificates received in {ROUNDS} rounds", received.len());
    assert!(received.len() >= 200, "too little load: {}", received.len());
    tally::ran("crash-rounds", "wcced under load");
}

/// Enrolls over one connection until the server is gone.
async fn enroll_until_it_breaks(port: u16, received: Received) {
    let request = CertificateRequest { template: Some("User".into()), ..Default::default() };
    let key = RequestKey::generate(KeyKind::Rsa2048).expect("a key");
    let der = request.to_pkcs10(&key).expect("a request");
    let attributes = request.attributes_string().expect("attributes");
    let Ok(mut client) = connect(port).await else { return };
    while let Ok(answer) = client.submit(&der, &attributes).await {
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

fn prepare(folder: &Path, port: u16) {
    let subject = format!("CN={CA}");
    let init = Command::new(env!("CARGO_BIN_EXE_wcced"))
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
    let mut server = Command::new(env!("CARGO_BIN_EXE_wcced"))
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
