//! What the tests of this room share: a CA in a temporary folder, a plan, foreign tools.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{
    CaConfig, CertificateAuthority, KeyKind, RsaHash, Signer, SoftwareSigner, StateFolder,
};
use crate::asn1::{SubjectPublicKeyInfo, oids};
use crate::model::{
    GeneralName, IssuancePlan, KeyUsage, PublicKeyInfo, Sid, SubjectName, TemplateExtension,
};

pub const DAY: Duration = Duration::from_secs(86_400);

/// A CA with its folder.
pub struct Bench {
    pub folder: TempDir,
    pub config: CaConfig,
    pub ca: CertificateAuthority,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() })
    }

    pub fn with(config: CaConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path());
        let (ca, _) = CertificateAuthority::init(&config, &state, SystemTime::now()).unwrap();
        Self { folder, config, ca }
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

pub fn public_key(kind: KeyKind) -> PublicKeyInfo {
    let (signer, _) = SoftwareSigner::generate(kind, RsaHash::Sha256).unwrap();
    SubjectPublicKeyInfo::parse(signer.public_key()).unwrap().to_info().unwrap()
}

pub fn sid() -> Sid {
    "S-1-5-21-1111-2222-3333-1105".parse().unwrap()
}

/// A user's certificate by a template of version 2.
pub fn user_plan() -> IssuancePlan {
    let now = SystemTime::now();
    IssuancePlan {
        subject: SubjectName::DirectoryPath {
            distinguished_name: "CN=Alice Example,OU=Staff,DC=lab,DC=example".into(),
            email: Some("alice@lab.example".into()),
        },
        subject_alt_names: vec![
            GeneralName::Upn("alice@lab.example".into()),
            GeneralName::Email("alice@lab.example".into()),
        ],
        public_key: public_key(KeyKind::Rsa2048),
        not_before: now - Duration::from_secs(600),
        not_after: now + 365 * DAY,
        key_usage: Some((KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT), true)),
        application_policies: vec![oids::CLIENT_AUTH, oids::EMAIL_PROTECTION],
        certificate_policies: vec![],
        critical_extensions: vec![oids::KEY_USAGE],
        sid: Some(sid()),
        template: TemplateExtension::Information {
            oid: "1.3.6.1.4.1.311.21.8.1.2.3.4".parse().unwrap(),
            major: 100,
            minor: 3,
        },
        basic_constraints: None,
        no_revocation_info: false,
        no_authority_information: false,
        extensions: vec![],
    }
}

/// Runs a foreign tool; panics with its output unless it succeeds. Returns its standard output.
pub fn run(tool: &str, arguments: &[&str], folder: &Path) -> String {
    let (success, text, errors) = attempt(tool, arguments, folder);
    assert!(success, "{tool} {arguments:?}: {text}{errors}");
    text
}

/// Runs a foreign tool that may refuse: whether it succeeded, and what it wrote.
pub fn attempt(tool: &str, arguments: &[&str], folder: &Path) -> (bool, String, String) {
    let output = Command::new(tool)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{tool} cannot be started: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}
