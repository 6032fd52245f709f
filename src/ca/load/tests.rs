//! Keys and certificates made here, and made by openssl.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::ca::testing::{DAY, run};
use crate::ca::{CertificateAuthority, KeyKind, Origin, Signer};

#[test]
fn the_first_start_makes_a_ca_and_later_ones_load_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path().join("deep/state"));
    let config = CaConfig::default();
    let now = SystemTime::now();
    assert!(load(&config, &state, now).unwrap().is_none());
    let (first, origin) = CertificateAuthority::init(&config, &state, now).unwrap();
    assert_eq!(origin, Origin::Created);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&state.key()), 0o600);
    assert_eq!(mode(state.path()), 0o700);

    // Settings of the first start have no meaning later.
    let other = CaConfig { subject: "CN=x".into(), key: KeyKind::Rsa2048, ..config };
    let (second, origin) = CertificateAuthority::init(&other, &state, now).unwrap();
    assert_eq!(origin, Origin::Loaded);
    assert_eq!(second.certificate(), first.certificate());
    assert_eq!(second.signer().public_key(), first.signer().public_key());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path());
    let config = CaConfig::default();
    CertificateAuthority::init(&config, &state, SystemTime::now()).unwrap();
    std::fs::set_permissions(state.key(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = load(&config, &state, SystemTime::now()).err().unwrap().to_string();
    assert!(error.contains("ca.key") && error.contains("chmod 600"), "{error}");
}

#[test]
fn half_a_ca_is_refused_rather_than_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path());
    let config = CaConfig::default();
    CertificateAuthority::init(&config, &state, SystemTime::now()).unwrap();
    for (gone, stays) in [(state.certificate(), state.key()), (state.key(), state.certificate())] {
        let away = folder.path().join("away");
        std::fs::rename(&gone, &away).unwrap();
        let result = CertificateAuthority::init(&config, &state, SystemTime::now());
        let Err(CaError::Half { present, missing }) = result.map(|_| ()) else { panic!() };
        assert_eq!((missing, present), (gone.clone(), stays));
        std::fs::rename(&away, &gone).unwrap();
    }
}

#[test]
fn an_expired_ca_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path());
    let config = CaConfig::default();
    let now = SystemTime::now();
    CertificateAuthority::init(&config, &state, now).unwrap();
    for time in [now + 3_651 * DAY, now - DAY] {
        let refused = load(&config, &state, time).err();
        assert!(matches!(refused, Some(CaError::NotValidNow)), "{refused:?}");
    }
}

#[test]
fn subjects_need_a_common_name() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path());
    for (subject, problem) in [("O=Example", "no common name"), ("=", "setting ca.subject")] {
        let config = CaConfig { subject: subject.into(), ..CaConfig::default() };
        let result = CertificateAuthority::init(&config, &state, SystemTime::now());
        let error = result.err().unwrap().to_string();
        assert!(error.contains(problem), "{error}");
    }
    assert!(!state.key().exists(), "nothing is left behind");
}

/// A root, a CA below it, and a certificate that is none, made by openssl.
struct Foreign {
    folder: TempDir,
}

const OPENSSL_CONFIG: &str = "
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[no_crl]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[user]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
";

impl Foreign {
    /// `key_options` of openssl req for the CA's own key.
    fn new(key_options: &[&str]) -> Self {
        let foreign = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(foreign.path("openssl.cnf"), OPENSSL_CONFIG).unwrap();
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        foreign.request("root", "/DC=example/CN=Root", "ca", &ec);
        let options = [key_options, &["-CA", "root.pem", "-CAkey", "root.key"]].concat();
        foreign.request("ca", "/CN=Issuing CA", "ca", &options);
        let chain = [foreign.read("ca.pem"), foreign.read("root.pem")].concat();
        std::fs::write(foreign.path("chain.pem"), chain).unwrap();
        foreign
    }

    fn request(&self, name: &str, subject: &str, section: &str, options: &[&str]) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let fixed = [
            "req",
            "-x509",
            "-config",
            "openssl.cnf",
            "-nodes",
            "-days",
            "30",
            "-subj",
            subject,
            "-extensions",
            section,
            "-keyout",
            &key,
            "-out",
            &certificate,
        ];
        self.openssl(&[&fixed[..], options].concat());
        self.private(&key);
    }

    fn openssl(&self, arguments: &[&str]) {
        run("openssl", arguments, self.folder.path());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn private(&self, name: &str) {
        let permissions = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.path(name), permissions).unwrap();
    }

    fn load_pem(&self, certificates: &str, key: &str) -> Result<Identity, CaError> {
        self.load(ExistingCa::Pem { certificates: self.path(certificates), key: self.path(key) })
    }

    fn load(&self, existing: ExistingCa) -> Result<Identity, CaError> {
        let config = CaConfig { existing: Some(existing), ..CaConfig::default() };
        let state = StateFolder::new(self.path("state"));
        load(&config, &state, SystemTime::now()).map(|found| found.expect("configured"))
    }

    fn refused(&self, certificates: &str, key: &str) -> String {
        self.load_pem(certificates, key).err().expect("refused").to_string()
    }
}

const RSA: &[&str] = &["-newkey", "rsa:2048"];
const P384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const P521: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];

#[test]
fn keys_are_read_in_every_form_that_openssl_writes() {
    for (options, convert) in
        [(RSA, &["rsa", "-traditional"][..]), (P384, &["ec"]), (P521, &["ec"])]
    {
        let foreign = Foreign::new(options);
        let pkcs8 = foreign.load_pem("chain.pem", "ca.key").expect("PKCS#8");
        assert_eq!(pkcs8.certificate.names.common_name, "Issuing CA");
        assert_eq!(pkcs8.chain.len(), 1, "the root");
        let arguments = [convert, &["-in", "ca.key", "-out", "old.key"]].concat();
        foreign.openssl(&arguments);
        foreign.private("old.key");
        let text = String::from_utf8(foreign.read("old.key")).unwrap();
        assert!(text.contains("RSA PRIVATE KEY") || text.contains("EC PRIVATE KEY"));
        let old = foreign.load_pem("chain.pem", "old.key").expect("PKCS#1 or SEC 1");
        assert_eq!(old.signer.public_key(), pkcs8.signer.public_key());
    }
}

#[test]
fn certificates_are_found_in_any_order_and_the_chain_must_be_whole() {
    let foreign = Foreign::new(P384);
    let turned = [foreign.read("root.pem"), foreign.read("ca.pem")].concat();
    std::fs::write(foreign.path("turned.pem"), turned).unwrap();
    let found = foreign.load_pem("turned.pem", "ca.key").expect("found");
    assert_eq!(found.certificate.names.common_name, "Issuing CA");

    let error = foreign.refused("ca.pem", "ca.key");
    assert_eq!(
        error,
        "the certificate of CN=Root,DC=example is missing: put the chain up to the root into \
         the file"
    );
    let root = foreign.load_pem("root.pem", "root.key").expect("self-signed");
    assert!(root.chain.is_empty());
}

#[test]
fn what_is_no_usable_ca_is_refused_with_its_reason() {
    let foreign = Foreign::new(P384);
    let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    foreign.request("user", "/CN=user", "user", &p256);
    foreign.request("no_crl", "/CN=CA", "no_crl", &p256);
    foreign.request(
        "p224",
        "/CN=CA",
        "ca",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224"],
    );
    foreign.request("small", "/CN=CA", "ca", &["-newkey", "rsa:1024"]);
    foreign.openssl(&["pkey", "-in", "ca.key", "-aes256", "-passout", "pass:x", "-out", "enc.key"]);
    foreign.private("enc.key");
    std::fs::write(foreign.path("broken.pem"), "-----BEGIN CERTIFICATE-----\nAA").unwrap();
    for (certificates, key, reason) in [
        ("user.pem", "user.key", "not one of a CA"),
        ("no_crl.pem", "no_crl.key", "lacks keyCertSign or cRLSign"),
        ("chain.pem", "user.key", "does not belong to the CA certificate"),
        ("p224.pem", "p224.key", "not a private key that this CA can use"),
        ("small.pem", "small.key", "not a private key that this CA can use"),
        ("chain.pem", "enc.key", "(unencrypted)"),
        ("chain.pem", "root.pem", "mode 0644"),
        ("ca.key", "ca.key", "no PEM block CERTIFICATE"),
        ("broken.pem", "ca.key", "not PEM"),
        ("absent.pem", "ca.key", "absent.pem: No such file"),
    ] {
        let error = foreign.refused(certificates, key);
        assert!(error.contains(reason), "{certificates} {key}: {error}");
    }
}

#[test]
fn pkcs12_files_of_openssl_are_read_in_its_new_and_its_old_form() {
    for options in [RSA, P384] {
        let foreign = Foreign::new(options);
        std::fs::write(foreign.path("password"), "p\u{e4}ss word\nsecond line\n").unwrap();
        foreign.private("password");
        let fixed = [
            "pkcs12",
            "-export",
            "-in",
            "ca.pem",
            "-inkey",
            "ca.key",
            "-certfile",
            "root.pem",
            "-name",
            "CA",
            "-passout",
            "file:password",
            "-out",
            "ca.p12",
        ];
        let forms: [&[&str]; 4] = [
            &[],
            &["-legacy"],
            // What Windows exports as TripleDES-SHA1.
            &["-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"],
            // What Windows exports as AES256-SHA256.
            &[
                "-keypbe",
                "AES-256-CBC",
                "-certpbe",
                "AES-256-CBC",
                "-macalg",
                "sha256",
                "-iter",
                "2000",
            ],
        ];
        for form in forms {
            foreign.openssl(&[&fixed[..], form].concat());
            foreign.private("ca.p12");
            let existing = |password: &str| ExistingCa::Pkcs12 {
                file: foreign.path("ca.p12"),
                password_file: foreign.path(password),
            };
            let found = foreign.load(existing("password"));
            let found = found.unwrap_or_else(|error| panic!("{form:?}: {error}"));
            assert_eq!(found.certificate.names.common_name, "Issuing CA");
            assert_eq!(found.chain.len(), 1);
            let error = foreign.load(existing("ca.key")).err().unwrap().to_string();
            assert!(error.contains("wrong password?"), "{error}");
        }
    }
}
