//! What tests of enrollment and of its interfaces share.

use std::path::Path;

use super::*;
use crate::asn1::Name;
use crate::ca::{CaConfig, CrlKind, CrlPublisher, Crls, KeyKind, StateFolder};
use crate::client::{CertificateRequest, RequestKey};
use crate::directory::embedded::EmbeddedDirectory;
use crate::model::{GeneralName, RequestRow};
use crate::store::{SledStore, StoreConfig};

const DIRECTORY: &str = r#"
    [domain]
    netbios = "LAB"
    dns = "lab.test"
    sid = "S-1-5-21-1-2-3"

    [[users]]
    name = "alice"
    rid = 1103
    cn = "Alice Example"
    upn = "alice@lab.test"
    mail = "alice@lab.test"

    [[users]]
    name = "bob"
    rid = 1104

    [[users]]
    name = "carol"
    rid = 1105

    [[templates]]
    cn = "User"
    msPKI-Template-Schema-Version = 2
    msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.3"
    revision = 100
    msPKI-Certificate-Name-Flag = [
        "SUBJECT_REQUIRE_DIRECTORY_PATH", "SUBJECT_ALT_REQUIRE_UPN", "SUBJECT_ALT_REQUIRE_EMAIL",
    ]
    msPKI-Enrollment-Flag = ["AUTO_ENROLLMENT"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 256
    pKIKeyUsage = ["digitalSignature"]
    pKICriticalExtensions = ["keyUsage"]
    msPKI-Certificate-Application-Policy = ["clientAuth"]
    enroll = ["Domain Users"]

    [[templates]]
    cn = "Approved"
    revision = 1
    msPKI-Enrollment-Flag = ["PEND_ALL_REQUESTS"]
    msPKI-Certificate-Name-Flag = ["SUBJECT_REQUIRE_DIRECTORY_PATH"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 256
    pKIKeyUsage = ["digitalSignature"]
    pKIExtendedKeyUsage = ["clientAuth"]
    enroll = ["Domain Users"]
"#;

/// A CA on a directory with alice, who has a mail address, and bob, who has none.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) directory: Arc<EmbeddedDirectory>,
    pub(crate) ca: Arc<CertificateAuthority>,
    pub(crate) store: Arc<SledStore>,
    pub(crate) crls: watch::Receiver<Crls>,
    pub(crate) trust: Trust,
    pub(crate) policy: policy::Settings,
    pub(crate) security: &'static str,
    pub(crate) clock: fn() -> SystemTime,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_ca(|_| {})
    }

    /// The same, with other settings of the CA.
    pub(crate) fn with_ca(change: impl FnOnce(&mut CaConfig)) -> Self {
        let folder = tempfile::tempdir().expect("made");
        let state = StateFolder::new(folder.path());
        let mut config = CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() };
        change(&mut config);
        let now = SystemTime::now();
        let (ca, _) = CertificateAuthority::init(&config, &state, now).expect("made");
        let publisher = CrlPublisher::new(&config, &state);
        let draft =
            publisher.begin(publisher.current(&ca).unwrap(), CrlKind::Base, now).expect("begun");
        let crls = publisher.publish(&ca, draft).expect("signed");
        let directory = EmbeddedDirectory::parse(DIRECTORY, Path::new("d.toml")).expect("valid");
        let store = SledStore::open(&state.database(), &StoreConfig::default()).expect("opened");
        Self {
            folder,
            directory: Arc::new(directory),
            trust: Trust::of(&ca),
            policy: policy::Settings::default(),
            ca: Arc::new(ca),
            store: Arc::new(store),
            crls: watch::channel(crls).1,
            security: "D:(A;;0x200;;;AU)",
            clock: SystemTime::now,
        }
    }

    pub(crate) fn enrollment(&self) -> Enrollment {
        let security = self.directory.security_descriptor(self.security).expect("valid");
        self.enrollment_by(Rules::fixed(security), self.crls.clone())
    }

    /// The same by rules that change, with these CRLs.
    pub(crate) fn enrollment_by(
        &self,
        rules: watch::Receiver<Rules>,
        crls: watch::Receiver<Crls>,
    ) -> Enrollment {
        let host = Host { dns_name: "ca1.lab.test".to_owned(), account: r"LAB\CA1$".to_owned() };
        let settings = Settings {
            limits: Limits::default(),
            policy: self.policy.clone(),
            trust: self.trust.clone(),
            rules,
            host,
            exchange: StateFolder::new(self.folder.path()).exchange(),
        };
        let (directory, store) = (Arc::clone(&self.directory), Arc::clone(&self.store));
        Enrollment::new(Arc::clone(&self.ca), directory, store, crls, settings)
            .with_clock(self.clock)
    }

    pub(crate) fn caller(&self, rid: u32) -> Arc<Caller> {
        let sid = self.directory.domain_sid().with_rid(rid).expect("valid");
        let token = self.directory.token(&sid).expect("there");
        let name = match rid {
            ALICE => "alice",
            BOB => "bob",
            _ => "carol",
        };
        Arc::new(Caller { account: format!(r"LAB\{name}"), token })
    }

    pub(crate) async fn row(&self, id: RequestId) -> RequestRow {
        self.store.by_id(id).await.expect("read").expect("there")
    }
}

pub(crate) fn pkcs10() -> Vec<u8> {
    let key = RequestKey::generate(crate::client::KeyKind::EcP256).expect("made");
    let names = vec![GeneralName::Dns("ignored.lab.test".to_owned())];
    let subject = Name::parse("CN=asked for").expect("valid");
    let request = CertificateRequest { subject, names, ..Default::default() };
    request.to_pkcs10(&key).expect("made")
}

pub(crate) fn submission(attributes: &str) -> Submission {
    Submission {
        authority: "wcce CA".to_owned(),
        flags: 0,
        attributes: attributes.to_owned(),
        request: pkcs10(),
    }
}

pub(crate) const ALICE: u32 = 1103;
pub(crate) const BOB: u32 = 1104;
pub(crate) const CAROL: u32 = 1105;
