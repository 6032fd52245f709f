//! A whole CA behind its interfaces: enrollment, administration, the HTTP listener. It lives as long
//! as the process does, and its table grows with what is asked of it.

use std::convert::Infallible;
use std::io::Cursor;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use wcce::admin::{
    AdminSettings, Administration, Configured, CrlService, Live, OcspResponder, OcspSettings,
    Parts, Restriction, Table, Unissued, ViewRequest, backup,
};
use wcce::asn1::Hash;
use wcce::auth::{AuthLevel, AuthType};
use wcce::ca::{
    CaConfig, CertificateAuthority, CrlConfig, CrlPublisher, KeyKind, StateFolder, Trust,
};
use wcce::dcom::{Class, Object};
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::enroll::{Enrollment, Host, Settings, Submission};
use wcce::generated::certtransblob::CERTTRANSBLOB;
use wcce::generated::icertadmind::{I_CERT_ADMIN_D, I_CERT_ADMIN_D2};
use wcce::generated::icertpassage::{CertServerRequestIn, I_CERT_PASSAGE};
use wcce::generated::icertrequestd::{I_CERT_REQUEST_D, I_CERT_REQUEST_D2};
use wcce::http::{Published, Site};
use wcce::ndr::{InterfaceId, to_stub};
use wcce::policy::{self, EnrollmentAgents};
use wcce::request::Limits;
use wcce::rpc::{AssociationId, CallContext, Service};
use wcce::server::control::{Command, Event};
use wcce::services::{CertAdminClass, CertPassage, CertRequestClass};
use wcce::store::{SledStore, Store, StoreConfig};

use super::security::caller;
use super::{stubs, wait};

/// Everybody enrolls, 1104 is officer, 1105 administrator.
const SECURITY: &str = "O:BAG:BAD:(A;;0x200;;;AU)(A;;0x2;;;S-1-5-21-1-2-3-1104)\
    (A;;0x1;;;S-1-5-21-1-2-3-1105)";

struct Desk {
    _folder: tempfile::TempDir,
    enrollment: Arc<Enrollment>,
    administration: Arc<Administration>,
    settings: Arc<AdminSettings>,
    passage: CertPassage,
    request: Arc<dyn Object>,
    admin: CertAdminClass,
    site: Arc<Site>,
}

static DESK: LazyLock<Desk> = LazyLock::new(|| wait(Desk::new()));

impl Desk {
    async fn new() -> Self {
        // Rows are synced to disk: where there is a disk in memory, it is taken.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        }
        .expect("a folder");
        let state = StateFolder::new(folder.path());
        let config = CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() };
        let (ca, _) = CertificateAuthority::init(&config, &state, SystemTime::now()).expect("a CA");
        let ca = Arc::new(ca);
        let text = include_str!("directory.toml");
        let directory = EmbeddedDirectory::parse(text, Path::new("directory.toml"));
        let directory = Arc::new(directory.expect("a directory"));
        let store = SledStore::open(&state.database(), &StoreConfig::default()).expect("a table");
        let store: Arc<dyn Store> = Arc::new(store);
        let publisher = CrlPublisher::new(&config, &state);
        let crls = CrlService::start(publisher, Arc::clone(&ca), Arc::clone(&store)).await;
        let crls = Arc::new(crls.expect("CRLs"));
        let configured = Configured {
            security: directory.security_descriptor(SECURITY).expect("SDDL"),
            agents: EnrollmentAgents::default(),
            role_separation: false,
            domain: directory.domain_sid().clone(),
            max_validity: policy::Settings::default().max_validity,
            crl: config.crl.clone(),
        };
        let settings = AdminSettings::load(state.administration(), configured).expect("settings");
        let settings = Arc::new(settings);
        let host = Host { dns_name: "ca1.lab.test".into(), account: r"LAB\CA1$".into() };
        let of_enrollment = Settings {
            limits: Limits::default(),
            policy: policy::Settings::default(),
            trust: Trust::of(&ca),
            rules: settings.rules(),
            host,
            exchange: state.exchange(),
        };
        let enrollment = Arc::new(Enrollment::new(
            Arc::clone(&ca),
            directory.clone(),
            Arc::clone(&store),
            crls.watch(),
            of_enrollment,
        ));
        let published = Published::of(&ca, &crls.watch().borrow(), "ca1.lab.test");
        let account = r"LAB\CA1$".to_owned();
        let responder = OcspResponder::new(
            Arc::clone(&ca),
            Arc::clone(&store),
            account,
            OcspSettings { validity: Duration::from_secs(3_600), unissued: Unissued::Unknown },
        );
        let published = watch::channel(Arc::new(published)).1;
        let urls = ["http://ca1.lab.test/ocsp".to_owned()];
        let site = Arc::new(Site::new(published, Some(Arc::new(responder)), &urls));
        let administration = Arc::new(Administration::new(Parts {
            ca,
            directory,
            store,
            crls,
            enrollment: Arc::clone(&enrollment),
            settings: Arc::clone(&settings),
            views_per_account: 3,
            delete_valid: false,
            shutdown: None,
        }));
        let desk = Self {
            _folder: folder,
            passage: CertPassage::new(Arc::clone(&enrollment)),
            request: CertRequestClass::new(Arc::clone(&enrollment)).create(),
            admin: CertAdminClass::new(Arc::clone(&administration)),
            enrollment,
            administration,
            settings,
            site,
        };
        desk.fill().await;
        desk
    }

    /// A few rows: issued, pending and denied.
    async fn fill(&self) {
        let request = include_bytes!("../../tests/fixtures/requests/p-256-sha256.der");
        for template in ["User", "Approved", "None"] {
            let submission = Submission {
                authority: "wcce CA".to_owned(),
                flags: 0,
                attributes: format!("CertificateTemplate:{template}"),
                request: request.to_vec(),
            };
            let answer = self.enrollment.submit(&caller(1103), submission).await;
            drop(answer.expect("an answer"));
        }
    }

    /// Undoes what an administrator set, so that the next input finds the CA as this one did.
    async fn restore(&self, before: &Arc<Live>) {
        if Arc::ptr_eq(before, &self.settings.live()) {
            return;
        }
        let security = before.security.to_bytes(false);
        self.settings.set_role_separation(false).await.expect("set");
        self.settings.set_security(&security).await.expect("set");
        self.settings.set_officers(None).await.expect("set");
        self.settings.set_agents(None).await.expect("set");
    }
}

fn context(interface: InterfaceId, encoding: u8, rid: u32) -> CallContext {
    CallContext {
        caller: Some(caller(rid)),
        auth: Some((AuthType::Ntlm, AuthLevel::Privacy)),
        header_signing: true,
        object: None,
        interface,
        encoding: stubs::ENCODINGS[usize::from(encoding) % stubs::ENCODINGS.len()],
        call_id: 1,
        peer: SocketAddr::from(([192, 0, 2, 1], 1)),
        local: SocketAddr::from(([192, 0, 2, 2], 2)),
        association: AssociationId(1),
    }
}

/// Calls of the CA's interfaces: which interface, operation, encoding and account, then the stub.
pub fn services(input: &[u8]) {
    let Some(([which, opnum, encoding, account], stub)) = input.split_first_chunk() else { return };
    let desk = &*DESK;
    let rid = 1103 + u32::from(account % 3);
    let opnum = u16::from(*opnum);
    let stub = Bytes::copy_from_slice(stub);
    let before = desk.settings.live();
    let answer = match which % 5 {
        0 => wait(desk.passage.call(context(I_CERT_PASSAGE, *encoding, rid), opnum, stub)),
        1 => wait(desk.request.call(context(I_CERT_REQUEST_D, *encoding, rid), opnum, stub)),
        2 => wait(desk.request.call(context(I_CERT_REQUEST_D2, *encoding, rid), opnum, stub)),
        3 => wait(desk.admin.create().call(context(I_CERT_ADMIN_D, *encoding, rid), opnum, stub)),
        _ => wait(desk.admin.create().call(context(I_CERT_ADMIN_D2, *encoding, rid), opnum, stub)),
    };
    wait(desk.restore(&before));
    drop(answer);
}

/// A request for a certificate that arrives whole: flags, account, length of the attributes string, the
/// string, the request.
pub fn enrollment(input: &[u8]) {
    let Some(([flags, account, length], rest)) = input.split_first_chunk() else { return };
    let (attributes, request) = rest.split_at(usize::from(*length).min(rest.len()));
    let attributes = String::from_utf8_lossy(attributes);
    let attributes: Vec<u8> =
        attributes.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let blob = |bytes: Vec<u8>| CERTTRANSBLOB {
        cb: u32::try_from(bytes.len()).expect("short"),
        pb: Some(bytes),
    };
    let call = CertServerRequestIn {
        dw_flags: u32::from(flags & 7) << 8,
        pwsz_authority: Some("wcce CA".into()),
        pdw_request_id: 0,
        pctb_attribs: blob(attributes),
        pctb_request: blob(request.to_vec()),
    };
    let context = context(I_CERT_PASSAGE, 0, 1103 + u32::from(account % 3));
    let stub = to_stub(context.encoding, &call).expect("encoded");
    let answer = wait(DESK.passage.call(context, 0, stub.into()));
    answer.expect("an answer, whatever it is");
}

#[derive(Arbitrary, Debug)]
struct Viewed<'a> {
    table: u8,
    restrictions: Vec<Restricted<'a>>,
    columns: Vec<u8>,
    pages: Vec<(u8, u8)>,
}

#[derive(Arbitrary, Debug)]
struct Restricted<'a> {
    special: Option<u32>,
    column: u8,
    operator: u8,
    sort: u8,
    value: Valued<'a>,
}

#[derive(Arbitrary, Debug)]
enum Valued<'a> {
    Number(u32),
    Time(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Views of the CA's tables.
pub fn view(input: &[u8]) {
    let Ok(viewed) = Unstructured::new(input).arbitrary::<Viewed<'_>>() else { return };
    let tables = [Table::Requests, Table::Extensions, Table::Attributes, Table::Crls];
    let columns = tables[usize::from(viewed.table) % tables.len()].columns();
    let id = |number: &u8| columns[usize::from(*number) % columns.len()].id;
    let request = ViewRequest {
        restrictions: viewed.restrictions.iter().map(|it| it.restriction(id(&it.column))).collect(),
        columns: viewed.columns.iter().map(id).collect(),
    };
    let administration = &DESK.administration;
    let opened = wait(administration.open_view(&caller(1104), &request));
    let Ok(mut view) = opened else { return };
    for (first, count) in viewed.pages.iter().take(8) {
        let page = administration.read_view(&mut view, (*first).into(), (*count).into());
        if let Ok(page) = wait(page) {
            assert!(page.rows.len() <= usize::from(*count));
            assert!(page.rows.iter().all(|row| row.columns.len() == request.columns.len()));
        }
    }
}

impl Restricted<'_> {
    fn restriction(&self, column: u32) -> Restriction {
        let value = match &self.value {
            Valued::Number(number) => number.to_le_bytes().to_vec(),
            Valued::Time(time) => time.to_le_bytes().to_vec(),
            Valued::Text(text) => {
                text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
            }
            Valued::Bytes(bytes) => bytes.to_vec(),
        };
        let operators = [0, 1, 2, 4, 8, 0x10, 3, -1];
        Restriction {
            column: self.special.unwrap_or(column),
            operator: operators[usize::from(self.operator) % operators.len()],
            sort: i32::from(self.sort % 4),
            value,
        }
    }
}

/// What an HTTP client sends.
pub fn http(input: &[u8]) {
    let site = Arc::clone(&DESK.site);
    let patience = Duration::from_secs(10);
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request, patience).await) }
    });
    let answered = wait(async {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        client.write_all(&input[..input.len().min(1 << 18)]).await.expect("room");
        client.shutdown().await.expect("open");
        // The same limits as the listener's.
        let connection = http1::Builder::new()
            .max_buf_size(16 * 1024)
            .max_headers(64)
            .serve_connection(TokioIo::new(server), service);
        // What is wrong is told to the client, or the connection ends.
        let _ = connection.await;
        let mut answered = Vec::new();
        client.read_to_end(&mut answered).await.expect("read");
        answered
    });
    assert!(answered.is_empty() || answered.starts_with(b"HTTP/1."));
}

/// What comes over the control socket, at either end.
pub fn control(input: &[u8]) {
    if let Ok(command) = serde_json::from_slice::<Command>(input) {
        let text = serde_json::to_vec(&command).expect("encoded");
        assert_eq!(serde_json::from_slice::<Command>(&text).expect("our own"), command);
    }
    if let Ok(event) = serde_json::from_slice::<Event>(input) {
        let text = serde_json::to_vec(&event).expect("encoded");
        assert_eq!(serde_json::from_slice::<Event>(&text).expect("our own"), event);
    }
}

/// A backup, as it is and with the hash that it should have.
pub fn backup_file(input: &[u8]) {
    let mut records = 0_usize;
    let count = |_| {
        records += 1;
        Ok(())
    };
    let _ = backup::read(Cursor::new(input), count);
    let hash = Hash::Sha256.digest(input);
    let length = u32::try_from(hash.as_ref().len()).expect("32").to_be_bytes();
    let whole = [input, b"S", &length, hash.as_ref()].concat();
    let _ = backup::read(Cursor::new(&whole), |_| Ok(()));
    let _ = backup::rows(Cursor::new(&whole), |row| {
        drop(format!("{row:?}"));
        Ok(())
    });
}

/// What administrators set, as it is kept.
pub fn administration_json(input: &[u8]) {
    let Ok(file) = tempfile::NamedTempFile::new() else { return };
    std::fs::write(file.path(), input).expect("written");
    let configured = Configured {
        security: Default::default(),
        agents: EnrollmentAgents::default(),
        role_separation: false,
        domain: "S-1-5-21-1-2-3".parse().expect("a SID"),
        max_validity: policy::Settings::default().max_validity,
        crl: CrlConfig::default(),
    };
    let _ = AdminSettings::load(file.path().to_owned(), configured);
}
