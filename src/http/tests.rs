//! The listener, by bytes on a socket.

use std::time::SystemTime;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::published::{path_of, unescape};
use super::*;
use crate::admin::{OcspResponder, OcspSettings, Unissued};
use crate::asn1::ocsp::testing::request;
use crate::asn1::{Certificate, Hash};
use crate::ca::{CrlConfig, Crls, UrlConfig};
use crate::enroll::testing::Bench;

const LIMITS: HttpLimits = HttpLimits {
    connections: 3,
    connections_per_address: 2,
    transfer_time: Duration::from_millis(500),
    drain: Duration::from_secs(5),
};

struct Listener {
    bench: Bench,
    address: SocketAddr,
    published: watch::Sender<Arc<Published>>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Listener {
    async fn new() -> Self {
        let bench = Bench::with_ca(|config| {
            config.urls = UrlConfig {
                crl: vec!["http://ca1.lab.test/pki/wcce%20CA.crl".into(), "ldap:///CN=x".into()],
                delta_crl: vec!["HTTP://ca1.lab.test:80/pki/wcce%20CA+.crl?x".into()],
                ca_certificate: vec!["http://ca1.lab.test/pki/ca.crt".into()],
                ocsp: vec!["http://ca1.lab.test/status/".into()],
            };
            config.crl = CrlConfig::default();
        });
        let crls = bench.crls.borrow().clone();
        let published = Arc::new(Published::of(&bench.ca, &crls, "ca1.lab.test"));
        let (published, current) = watch::channel(published);
        let settings =
            OcspSettings { validity: Duration::from_secs(3_600), unissued: Unissued::Unknown };
        let (ca, store) = (Arc::clone(&bench.ca), bench.store.clone());
        let responder = OcspResponder::new(ca, store, r"LAB\CA1$".to_owned(), settings);
        let site = Site::new(current, Some(Arc::new(responder)), &bench.ca.urls().ocsp);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("known");
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(vec![listener], Arc::new(site), LIMITS, stopped));
        Self { bench, address, published, stop, task }
    }

    /// What comes back on a connection of its own.
    async fn send(&self, request: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(request).await.expect("sent");
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("ends").expect("read");
        Reply::parse(&bytes)
    }

    async fn get(&self, path: &str, headers: &str) -> Reply {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        self.send(request.as_bytes()).await
    }

    async fn post(&self, path: &str, kind: &str, body: &[u8]) -> Reply {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat()).await
    }
}

struct Reply {
    code: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Self { code, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crls_and_certificates_are_at_the_paths_of_their_addresses_and_the_usual_ones() {
    let listener = Listener::new().await;
    let crls = listener.bench.crls.borrow().clone();
    let (base, delta) = (crls.base.expect("made"), crls.delta.expect("made"));
    let certificate = &listener.bench.ca.certificate().der;
    for (path, body, kind) in [
        ("/pki/wcce%20CA.crl", &base.der, "application/pkix-crl"),
        ("/CertEnroll/wcce%20CA.crl", &base.der, "application/pkix-crl"),
        ("/pki/wcce%20CA+.crl", &delta.der, "application/pkix-crl"),
        ("/CertEnroll/wcce%20CA%2B.crl", &delta.der, "application/pkix-crl"),
        ("/pki/ca.crt", certificate, "application/pkix-cert"),
        ("/CertEnroll/ca1.lab.test_wcce%20CA.crt", certificate, "application/pkix-cert"),
    ] {
        let reply = listener.get(path, "").await;
        assert_eq!((reply.code, reply.header("content-type")), (200, Some(kind)), "{path}");
        assert_eq!(&reply.body, body, "{path}");
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let reply = listener.send(head.as_bytes()).await;
        assert_eq!((reply.code, reply.body.len()), (200, 0), "{path}");
        assert_eq!(reply.header("content-length"), Some(body.len().to_string().as_str()));
    }
    for path in ["/", "/pki", "/pki/", "/CertEnroll/../state/ca.key", "/../../etc/passwd", "/ocsps"]
    {
        assert_eq!(listener.get(path, "").await.code, 404, "{path}");
    }
    let post = listener.post("/pki/ca.crt", "text/plain", b"x").await;
    assert_eq!((post.code, post.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_ask_again_when_the_next_crl_is_due_and_get_it_only_if_it_is_another() {
    let listener = Listener::new().await;
    let path = "/pki/wcce%20CA.crl";
    let first = listener.get(path, "").await;
    let control = first.header("cache-control").expect("there");
    let (_, age) = control.split_once("max-age=").expect("there");
    let age: u64 = age.parse().expect("a number");
    assert!((7 * 86_400 - 60..=7 * 86_400).contains(&age), "{control}");
    let (etag, modified) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
    for asked in [
        format!("If-None-Match: {etag}\r\n"),
        format!("If-None-Match: \"other\", W/{etag}\r\n"),
        "If-None-Match: *\r\n".to_owned(),
        format!("If-Modified-Since: {modified}\r\n"),
    ] {
        let reply = listener.get(path, &asked).await;
        assert_eq!((reply.code, reply.body.len()), (304, 0), "{asked}");
        assert_eq!(reply.header("etag"), Some(etag));
    }
    let before = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(86_400));
    for asked in [
        "If-None-Match: \"other\"\r\n".to_owned(),
        format!("If-Modified-Since: {before}\r\n"),
        format!("If-None-Match: \"other\"\r\nIf-Modified-Since: {modified}\r\n"),
        "If-Modified-Since: yesterday\r\n".to_owned(),
    ] {
        assert_eq!(listener.get(path, &asked).await.code, 200, "{asked}");
    }
    // A new CRL comes as a whole.
    let crls = listener.bench.crls.borrow().clone();
    let swapped = Crls { base: crls.delta.clone(), delta: crls.base, ..Crls::default() };
    let new = Published::of(&listener.bench.ca, &swapped, "ca1.lab.test");
    listener.published.send_replace(Arc::new(new));
    let reply = listener.get(path, &format!("If-None-Match: {etag}\r\n")).await;
    assert_eq!((reply.code, &reply.body), (200, &crls.delta.expect("made").der));
}

#[tokio::test(flavor = "multi_thread")]
async fn ocsp_is_answered_by_post_and_get() {
    let listener = Listener::new().await;
    let ca = Certificate::parse(&listener.bench.ca.certificate().der).expect("valid");
    let der = request(Hash::Sha1, ca.subject, ca.public_key.key, &[&[1, 2]], &[]);
    let kind = "application/ocsp-request";
    for path in ["/ocsp", "/ocsp/", "/status", "/status/"] {
        let reply = listener.post(path, kind, &der).await;
        assert_eq!((reply.code, reply.header("cache-control")), (200, Some("no-store")), "{path}");
        assert_eq!(reply.header("content-type"), Some("application/ocsp-response"));
        assert_eq!(reply.body[4..7], [0x0A, 1, 0], "successful");
    }
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
    let escaped = text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for path in [format!("/ocsp/{text}"), format!("/status/{escaped}")] {
        let reply = listener.get(&path, "").await;
        assert_eq!(reply.code, 200, "{path}");
        assert!(
            reply.header("cache-control").is_some_and(|c| c.contains("max-age=3")),
            "{}",
            reply.head
        );
    }
    for (reply, code) in [
        (listener.get("/ocsp", "").await, 400),
        (listener.get("/ocsp/!!", "").await, 400),
        (listener.post("/ocsp", "text/plain", &der).await, 415),
        (listener.post("/ocsp", kind, &vec![0x30; 17 * 1024]).await, 413),
        (listener.post("/ocsp/x", kind, &der).await, 405),
    ] {
        assert_eq!(reply.code, code, "{}", reply.head);
    }
    assert_eq!(listener.post("/ocsp", kind, b"no").await.body, [0x30, 3, 0x0A, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_dawdles_sends_too_much_or_opens_too_many_is_cut_off() {
    let listener = Listener::new().await;
    for slow in [
        "",
        "GET / HTT",
        "POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: \
                  application/ocsp-request\r\nContent-Length: 100\r\n\r\nabc",
    ] {
        let mut stream = TcpStream::connect(listener.address).await.expect("connected");
        stream.write_all(slow.as_bytes()).await.expect("sent");
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        tokio::time::timeout(Duration::from_secs(5), read).await.expect("cut off").ok();
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(20_000));
    assert!([0, 400, 414, 431].contains(&listener.send(long.as_bytes()).await.code));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100));
    assert!([400, 431].contains(&listener.send(many.as_bytes()).await.code));
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(TcpStream::connect(listener.address).await.expect("connected"));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut third = TcpStream::connect(listener.address).await.expect("connected");
    let mut byte = [0; 1];
    let read = third.read(&mut byte);
    let read = tokio::time::timeout(Duration::from_millis(300), read).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "closed at once");
    drop(held);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(listener.get("/pki/ca.crt", "").await.code, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_idle_connections_and_the_task() {
    let listener = Listener::new().await;
    let mut idle = TcpStream::connect(listener.address).await.expect("connected");
    idle.write_all(b"GET /pki/ca.crt HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut start = [0; 8];
    idle.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1");
    listener.stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(3), listener.task).await.expect("ends").expect("well");
    assert!(TcpStream::connect(listener.address).await.is_err());
}

#[test]
fn paths_come_from_http_addresses_alone() {
    for (url, path) in [
        ("http://a/b%20c.crl", Some("/b c.crl")),
        ("HTTP://a:8080/b?c#d", Some("/b")),
        ("http://a", Some("/")),
        ("https://a/b", None),
        ("ldap:///CN=a", None),
        ("file", None),
    ] {
        assert_eq!(path_of(url).as_deref(), path.map(str::as_bytes), "{url}");
    }
    assert_eq!(unescape("/%zz%4"), b"/%zz%4");
    assert_eq!(unescape("%2F%c3%A4"), "/ä".as_bytes());
}

#[test]
fn settings_are_checked() {
    let read = |text: &str| toml::from_str::<HttpConfig>(text).expect("readable").check();
    assert_eq!(read(""), Ok(()));
    assert!(
        toml::from_str::<HttpConfig>("listen = ['127.0.0.1:80']\nocsp.unissued = 'revoked'")
            .is_ok()
    );
    for wrong in
        ["ocsp.validity = '3d'", "ocsp.validity = '1s'", "connections = 0", "transfer_time = '0s'"]
    {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
