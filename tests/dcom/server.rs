//! An exporter on loopback with a class whose objects answer Ping and Ping2.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::{Uuid, uuid};
use wcce::auth::ntlm::{NtlmPolicy, NtlmServer, nt_hash};
use wcce::auth::{
    AuthLevel, BoxFuture, LocalVerifier, Names, SecurityProviders, SystemEnvironment,
};
use wcce::dcom::bindings::SecurityBinding;
use wcce::dcom::table::{Counts, EXPIRY, TableLimits};
use wcce::dcom::{Class, Exporter, ExporterSettings, Interface, Object};
use wcce::generated::certtransblob::CERTTRANSBLOB;
use wcce::generated::icertrequestd::{
    GetCaCertIn, GetCaCertOut, I_CERT_REQUEST_D, I_CERT_REQUEST_D2, Ping2In, Ping2Out, PingIn,
    PingOut, Request2In, Request2Out, RequestIn, RequestOut,
};
use wcce::model::{Caller, LocalAccount, LocalAccounts};
use wcce::ndr::{Fault, InterfaceId, Syntax, from_stub, to_stub};
use wcce::rpc::association::{AssociationGroups, Endpoint, Limits};
use wcce::rpc::mgmt::Statistics;
use wcce::rpc::server::{ServerLimits, serve};
use wcce::rpc::{CallContext, Policy, Service};

/// CCertRequestD.
pub const CLSID: Uuid = uuid!("d99e6e74-fc88-11d0-b498-00a0c90312f3");
/// What Ping answers; Ping2 answers one more.
pub const PONG: u32 = 0x600D;
pub const PASSWORD: &str = "Passw0rd";

/// A call that reached an object: opnum, transfer syntax, header signing.
pub type Seen = (u16, Syntax, bool);

#[derive(Clone, Default)]
struct TestClass {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Without ICertRequestD2, as before Windows Server 2003.
    old: bool,
}

impl Class for TestClass {
    fn clsid(&self) -> Uuid {
        CLSID
    }

    fn interfaces(&self) -> Vec<Interface> {
        let policy = Policy::default();
        let all = [I_CERT_REQUEST_D, I_CERT_REQUEST_D2];
        let offered = all.into_iter().take(if self.old { 1 } else { 2 });
        offered.map(|id| Interface { id, policy }).collect()
    }

    fn admits(&self, caller: &Caller) -> bool {
        caller.account != r"LAB\mallory"
    }

    fn create(&self) -> Arc<dyn Object> {
        Arc::new(self.clone())
    }
}

impl Object for TestClass {
    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            let encoding = call.encoding;
            self.seen.lock().unwrap().push((opnum, encoding.syntax, call.header_signing));
            let answer = match opnum {
                5 => from_stub::<PingIn>(encoding, &stub).map(|_| {
                    to_stub(encoding, &PingOut { return_value: PONG, ..Default::default() })
                }),
                9 => from_stub::<Ping2In>(encoding, &stub).map(|_| {
                    to_stub(encoding, &Ping2Out { return_value: PONG + 1, ..Default::default() })
                }),
                3 => from_stub::<RequestIn>(encoding, &stub)
                    .map(|request| to_stub(encoding, &pending(request))),
                4 => from_stub::<GetCaCertIn>(encoding, &stub)
                    .map(|request| to_stub(encoding, &name(request))),
                6 => from_stub::<Request2In>(encoding, &stub)
                    .map(|request| to_stub(encoding, &pending2(request))),
                _ => return Err(Fault::OP_RANGE),
            };
            Ok(answer.map_err(|_| Fault::BAD_STUB_DATA)?.unwrap())
        })
    }
}

/// What came, as message of a request that is pending under the id that it came with.
fn pending2(request: Request2In) -> Request2Out {
    assert_eq!(request.pwsz_authority.unwrap().to_string_lossy(), "CA");
    let said = format!(
        "{:#x} {:?} {:?} {:?}",
        request.dw_flags,
        request.pwsz_serial_number.map(|text| text.to_string_lossy()),
        request.pwsz_attributes.map(|text| text.to_string_lossy()),
        request.pctb_request.pb,
    );
    Request2Out {
        pdw_request_id: request.pdw_request_id,
        pdw_disposition: 5,
        pctb_disposition_message: text(&said),
        ..Default::default()
    }
}

/// The same of the older method.
fn pending(request: RequestIn) -> RequestOut {
    assert_eq!(request.pwsz_authority.unwrap().to_string_lossy(), "CA");
    let said = format!(
        "{:#x} {:?} {:?}",
        request.dw_flags,
        request.pwsz_attributes.map(|text| text.to_string_lossy()),
        request.pctb_request.pb,
    );
    RequestOut {
        pdw_request_id: request.pdw_request_id,
        pdw_disposition: 5,
        pctb_disposition_message: text(&said),
        ..Default::default()
    }
}

/// GETCERT_CANAME.
fn name(request: GetCaCertIn) -> GetCaCertOut {
    assert_eq!(request.fchain, 0x6E61_6D65);
    GetCaCertOut { pctb_out: text("CA"), ..Default::default() }
}

fn text(text: &str) -> CERTTRANSBLOB {
    let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    CERTTRANSBLOB { cb: bytes.len() as u32, pb: Some(bytes) }
}

/// Everybody in LAB has the same password.
struct Accounts;

impl LocalAccounts for Accounts {
    fn local_account(&self, _: &str, user: &str) -> Option<LocalAccount> {
        let rid = ["alice", "mallory"].iter().position(|known| *known == user)? + 1103;
        Some(LocalAccount {
            account: format!(r"LAB\{user}"),
            nt_hash: nt_hash(PASSWORD),
            sid: format!("S-1-5-21-1-2-3-{rid}").parse().unwrap(),
            groups: Vec::new(),
            enabled: true,
        })
    }
}

/// The running server.
pub struct TestServer {
    /// Port of resolver and activation.
    pub port: u16,
    exporter: Arc<Exporter>,
    class: TestClass,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::run(TestClass::default()).await
    }

    /// With ICertRequestD alone.
    pub async fn start_old() -> Self {
        Self::run(TestClass { old: true, ..TestClass::default() }).await
    }

    async fn run(class: TestClass) -> Self {
        let (resolver, objects) = (listener().await, listener().await);
        let (port, object_port) = (port(&resolver), port(&objects));
        let security = [10, 9].map(|service| SecurityBinding { service, principal: String::new() });
        let settings = ExporterSettings {
            hosts: vec!["lab.invalid".into()],
            port: object_port,
            security: security.to_vec(),
            authn_hint: AuthLevel::Privacy,
            limits: TableLimits::default(),
        };
        let environment = Arc::new(SystemEnvironment);
        let classes: Vec<Arc<dyn Class>> = vec![Arc::new(class.clone())];
        let exporter = Exporter::new(settings, classes, environment.clone()).unwrap();

        let verifier = LocalVerifier::new(Arc::new(Accounts), environment.clone()).unwrap();
        let ntlm = Arc::new(NtlmServer {
            names: Names::stand_alone("lab.test", Vec::new()),
            policy: NtlmPolicy::default(),
            verifier: Arc::new(verifier),
            environment,
        });
        let acceptors = Arc::new(SecurityProviders::of_ntlm(ntlm, true));
        let groups = Arc::new(AssociationGroups::default());
        let statistics = Arc::new(Statistics::default());
        let endpoint = |services: Vec<Arc<dyn Service>>| {
            Arc::new(Endpoint {
                services,
                acceptors: acceptors.clone(),
                groups: Arc::clone(&groups),
                statistics: Arc::clone(&statistics),
                memory: Arc::default(),
                limits: Limits::default(),
            })
        };
        let listeners = vec![
            (resolver, endpoint(exporter.resolver_services())),
            (objects, endpoint(exporter.object_services())),
        ];
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            serve(listeners, ServerLimits::default(), stopped).await.expect("drains");
        });
        Self { port, exporter, class, stop, task }
    }

    /// A service of the resolver or of the exporter.
    pub fn service(&self, interface: InterfaceId) -> Arc<dyn Service> {
        let services = self.exporter.resolver_services().into_iter();
        let mut services = services.chain(self.exporter.object_services());
        services.find(|service| service.interface() == interface).expect("offered")
    }

    /// How much is exported.
    pub fn counts(&self) -> Counts {
        self.exporter.counts()
    }

    /// How much is exported once nobody pings any more.
    pub fn counts_much_later(&self) -> Counts {
        self.exporter.collect(Instant::now() + EXPIRY + Duration::from_secs(1));
        self.exporter.counts()
    }

    /// The calls since the last time.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.class.seen.lock().unwrap())
    }

    pub async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}
