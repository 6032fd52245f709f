//! Renewals and subordinate CAs, as OpenSSL sees them.

use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::ca::testing::{DAY, attempt, run, user_plan};
use crate::ca::{Crl, CrlKind, CrlPublisher, KeyKind};

struct Desk {
    folder: TempDir,
    config: CaConfig,
    state: StateFolder,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path().join("state"));
        let config = CaConfig { key: KeyKind::EcdsaP256, path_length: 1, ..CaConfig::default() };
        Self { folder, config, state }
    }

    fn root() -> Self {
        let desk = Self::new();
        CertificateAuthority::init(&desk.config, &desk.state, SystemTime::now()).unwrap();
        desk
    }

    fn ca(&self) -> CertificateAuthority {
        present(&self.config, &self.state, SystemTime::now()).unwrap()
    }

    fn renew(&self, key: RenewalKey) -> Vec<PathBuf> {
        renew_root(&self.config, &self.state, key, SystemTime::now()).unwrap()
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        run("openssl", arguments, self.folder.path())
    }

    fn text(&self, certificate: &str) -> String {
        self.openssl(&["x509", "-in", certificate, "-noout", "-text"])
    }

    /// A certificate that the CA issues, in this file.
    fn issue(&self, ca: &CertificateAuthority, name: &str) {
        let now = SystemTime::now();
        let issued = ca.issue(&user_plan(), now).unwrap();
        let text = pem::encode("CERTIFICATE", issued.der());
        std::fs::write(self.folder.path().join(name), text.as_bytes()).unwrap();
    }

    fn verify(&self, trusted: &[&str], between: &[&str], leaf: &str) -> (bool, String) {
        let trusted = trusted.iter().flat_map(|name| ["-trusted", name]);
        let between = between.iter().flat_map(|name| ["-untrusted", name]);
        let all: Vec<&str> =
            ["verify", "-x509_strict"].into_iter().chain(trusted).chain(between).collect();
        let (success, text, errors) =
            attempt("openssl", &[&all[..], &[leaf]].concat(), self.folder.path());
        (success, text + &errors)
    }
}

#[test]
fn renewal_with_the_same_key_counts_certificates_alone() {
    let desk = Desk::root();
    let before = desk.ca();
    desk.issue(&before, "old.pem");
    desk.renew(RenewalKey::Same);
    let ca = desk.ca();
    assert_eq!(ca.generation(), Generation { certificate: 1, key: 0 });
    assert_eq!(ca.certificate().key_id, before.certificate().key_id);
    assert_eq!((ca.earlier().len(), ca.keys().len()), (1, 1));
    desk.issue(&ca, "new.pem");
    // Either certificate verifies what the key signed.
    for leaf in ["old.pem", "new.pem"] {
        for trusted in ["state/ca.crt", "state/ca(1).crt"] {
            let (ok, text) = desk.verify(&[trusted], &[], leaf);
            assert!(ok, "{text}");
        }
    }
    let text = desk.text("state/ca(1).crt");
    let hash = crate::asn1::Hash::Sha1.digest(&before.certificate().der);
    assert!(text.contains("1.3.6.1.4.1.311.21.2"), "{text}");
    let der = ca.certificate().der.clone();
    assert!(der.windows(20).any(|window| window == hash.as_ref()), "the hash of the one before");
}

#[test]
fn renewal_with_a_new_key_counts_both_and_the_keys_vouch_for_each_other() {
    let desk = Desk::root();
    desk.issue(&desk.ca(), "old.pem");
    let written = desk.renew(RenewalKey::New);
    let names: Vec<_> =
        written.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["ca(1).key", "ca(0-1).crt", "ca(1-0).crt", "ca(1).crt"]);
    let ca = desk.ca();
    assert_eq!(ca.generation(), Generation { certificate: 1, key: 1 });
    assert_eq!(ca.generation().version(), 0x1_0001);
    assert_eq!((ca.earlier().len(), ca.keys().len(), ca.cross_certificates().len()), (1, 2, 2));
    desk.issue(&ca, "new.pem");
    let columns =
        ca.issue(&user_plan(), SystemTime::now()).unwrap().into_columns(Default::default());
    assert_eq!(columns.issuer_name_id, 0x1_0001);
    let (old, new) = ("state/ca.crt", "state/ca(1).crt");
    let (new_by_old, old_by_new) = ("state/ca(0-1).crt", "state/ca(1-0).crt");
    for (trusted, between, leaf, valid) in [
        (old, &[][..], "old.pem", true),
        (new, &[], "new.pem", true),
        (old, &[], "new.pem", false),
        (new, &[], "old.pem", false),
        (old, &[new_by_old], "new.pem", true),
        (new, &[old_by_new], "old.pem", true),
        (old, &[old_by_new], "new.pem", false),
    ] {
        let (ok, text) = desk.verify(&[trusted], between, leaf);
        assert_eq!(ok, valid, "{trusted} {between:?} {leaf}: {text}");
    }
    // And once more: key 2, with cross certificates to the key before.
    desk.renew(RenewalKey::New);
    let third = desk.ca();
    assert_eq!(third.generation(), Generation { certificate: 2, key: 2 });
    assert_eq!((third.keys().len(), third.cross_certificates().len()), (3, 4));
    desk.renew(RenewalKey::Same);
    assert_eq!(desk.ca().generation(), Generation { certificate: 3, key: 2 });
    assert_eq!(desk.ca().keys().len(), 3);
}

#[test]
fn a_key_that_waits_for_its_certificate_is_not_passed_by() {
    let desk = Desk::root();
    std::fs::write(desk.state.renewed_key(1), "left by a crash").unwrap();
    for key in [RenewalKey::Same, RenewalKey::New] {
        let refused = renew_root(&desk.config, &desk.state, key, SystemTime::now());
        assert!(matches!(refused, Err(CaError::PendingKey(path)) if path.ends_with("ca(1).key")));
    }
    assert_eq!(desk.ca().generation(), Generation::default(), "the CA goes on as it is");
}

#[test]
fn each_key_signs_its_own_crl() {
    let desk = Desk::root();
    desk.issue(&desk.ca(), "old.pem");
    desk.renew(RenewalKey::New);
    let ca = desk.ca();
    desk.issue(&ca, "new.pem");
    let publisher = CrlPublisher::new(&desk.config, &desk.state);
    let now = SystemTime::now();
    assert_eq!(publisher.due(&publisher.current(&ca).unwrap(), now), Some(CrlKind::Base));
    let draft = publisher.begin(publisher.current(&ca).unwrap(), CrlKind::Base, now).unwrap();
    let crls = publisher.publish(&ca, draft).unwrap();
    assert_eq!(crls.of_earlier_keys.len(), 1);
    let on_disk = publisher.current(&ca).unwrap();
    let der = |crl: &Option<Arc<Crl>>| crl.as_ref().map(|crl| crl.der.clone()).unwrap();
    assert_eq!(der(&on_disk.base), der(&crls.base));
    assert_eq!(der(&on_disk.of_earlier_keys[0].delta), der(&crls.of_earlier_keys[0].delta));
    assert_eq!(publisher.due(&crls, now), None);
    for (name, key, leaf, trusted) in [
        ("base.crl", 0, "old.pem", "state/ca.crt"),
        ("base(1).crl", 1, "new.pem", "state/ca(1).crt"),
    ] {
        let path = format!("state/crl/{name}");
        let crl = format!("{name}.pem");
        desk.openssl(&["crl", "-inform", "DER", "-in", &path, "-out", &crl]);
        let verify = ["verify", "-crl_check", "-CRLfile", &crl, "-CAfile", trusted, leaf];
        assert!(desk.openssl(&verify).contains("OK"));
        let text = desk.openssl(&["crl", "-in", &crl, "-noout", "-text"]);
        assert!(text.contains("1.3.6.1.4.1.311.21.1"), "CA version {key}: {text}");
    }
    let draft = publisher.begin(publisher.current(&ca).unwrap(), CrlKind::Delta, now).unwrap();
    let deltas = publisher.publish(&ca, draft).unwrap();
    assert_eq!(der(&deltas.base), der(&crls.base));
    let [earlier] = &deltas.of_earlier_keys[..] else { panic!("{deltas:?}") };
    assert_eq!(der(&earlier.base), der(&crls.of_earlier_keys[0].base));
    assert_ne!(der(&earlier.delta), der(&crls.of_earlier_keys[0].delta));
}

#[test]
fn an_expired_certificate_gives_way_to_its_renewal_and_signs_no_more() {
    let desk = Desk::new();
    let config = CaConfig { validity: 10 * DAY, ..desk.config.clone() };
    let now = SystemTime::now();
    CertificateAuthority::init(&config, &desk.state, now - 9 * DAY).unwrap();
    renew_root(&desk.config, &desk.state, RenewalKey::New, now).unwrap();
    assert_eq!(desk.ca().keys().len(), 2);
    let later = present(&desk.config, &desk.state, now + 2 * DAY).unwrap();
    assert_eq!(later.generation(), Generation { certificate: 1, key: 1 });
    assert_eq!((later.keys().len(), later.earlier().len()), (1, 0));
}

/// A root of OpenSSL's, which signs requests.
fn foreign_root(desk: &Desk, options: &str) {
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out \
                root.pem -days 3650 -subj /CN=Root -addext \
                keyUsage=critical,keyCertSign,cRLSign";
    desk.openssl(&make.split(' ').chain(options.split_whitespace()).collect::<Vec<_>>());
}

fn sign(desk: &Desk, request: &str, out: &str, extensions: &str) {
    std::fs::write(desk.folder.path().join("ext"), extensions).unwrap();
    desk.openssl(&[
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-CAcreateserial",
        "-days",
        "1000",
        "-extfile",
        "ext",
        "-out",
        out,
    ]);
}

const CA_EXTENSIONS: &str = "basicConstraints=critical,CA:true,pathlen:0\n\
                             keyUsage=critical,keyCertSign,cRLSign,digitalSignature\n\
                             subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

fn ask(desk: &Desk, name: &str, renewal: Option<RenewalKey>) {
    let der = request(&desk.config, &desk.state, renewal, SystemTime::now()).unwrap();
    let text = pem::encode("CERTIFICATE REQUEST", &der);
    std::fs::write(desk.folder.path().join(name), text.as_bytes()).unwrap();
}

fn take(desk: &Desk, files: &[&str]) -> Result<PathBuf, CaError> {
    let read = |name: &&str| std::fs::read(desk.folder.path().join(name)).unwrap();
    let content: Vec<u8> = files.iter().flat_map(read).collect();
    install(&desk.config, &desk.state, &content, SystemTime::now())
}

#[test]
fn a_subordinate_ca_gets_its_certificate_from_above_and_is_renewed_there() {
    let desk = Desk::new();
    foreign_root(&desk, "");
    ask(&desk, "ca.req", None);
    let text = desk.openssl(&["req", "-in", "ca.req", "-noout", "-text", "-verify"]);
    assert!(text.contains("CA:TRUE, pathlen:1") && text.contains("Certificate Sign"), "{text}");
    let started = CertificateAuthority::init(&desk.config, &desk.state, SystemTime::now());
    assert!(matches!(started.map(|_| ()), Err(CaError::Half { .. })), "no self-signed one");
    let key = std::fs::read(desk.state.key()).unwrap();
    ask(&desk, "again.req", None);
    assert_eq!(std::fs::read(desk.state.key()).unwrap(), key, "the same key");

    sign(&desk, "ca.req", "sub.pem", CA_EXTENSIONS);
    sign(&desk, "ca.req", "leaf.pem", "basicConstraints=CA:false\n");
    assert!(matches!(take(&desk, &["sub.pem"]), Err(CaError::ChainIncomplete(_))));
    assert!(matches!(take(&desk, &["leaf.pem", "root.pem"]), Err(CaError::NotCa)));
    assert!(matches!(take(&desk, &["root.pem"]), Err(CaError::KeyMismatch)));
    assert!(!desk.state.certificate().exists());
    desk.openssl(&[
        "crl2pkcs7",
        "-nocrl",
        "-certfile",
        "sub.pem",
        "-certfile",
        "root.pem",
        "-out",
        "sub.p7b",
    ]);
    assert_eq!(take(&desk, &["sub.p7b"]).unwrap(), desk.state.certificate());
    let ca = desk.ca();
    assert_eq!((ca.generation(), ca.certificates().count()), (Generation::default(), 2));
    desk.issue(&ca, "user.pem");
    assert!(desk.verify(&["root.pem"], &["sub.pem"], "user.pem").0);
    let again = request(&desk.config, &desk.state, None, SystemTime::now());
    assert!(matches!(again, Err(CaError::HasCertificate)));
    let renewed = renew_root(&desk.config, &desk.state, RenewalKey::New, SystemTime::now());
    assert!(matches!(renewed, Err(CaError::IsSubordinate)));

    for (renewal, generation) in [
        (RenewalKey::Same, Generation { certificate: 1, key: 0 }),
        (RenewalKey::New, Generation { certificate: 2, key: 2 }),
    ] {
        ask(&desk, "renew.req", Some(renewal));
        let text = desk.openssl(&["req", "-in", "renew.req", "-noout", "-text"]);
        assert!(text.contains("1.3.6.1.4.1.311.21.2"), "previous certificate hash: {text}");
        std::thread::sleep(Duration::from_millis(10));
        sign(&desk, "renew.req", "renewed.pem", CA_EXTENSIONS);
        take(&desk, &["renewed.pem", "root.pem"]).unwrap();
        let ca = desk.ca();
        assert_eq!(ca.generation(), generation);
        desk.issue(&ca, "user.pem");
        assert!(desk.verify(&["root.pem"], &["renewed.pem"], "user.pem").0);
    }
    // A CA keeps its name.
    desk.openssl(&[
        "req",
        "-new",
        "-key",
        "state/ca(2).key",
        "-subj",
        "/CN=Other",
        "-out",
        "other.req",
    ]);
    sign(&desk, "other.req", "other.pem", CA_EXTENSIONS);
    assert!(matches!(take(&desk, &["other.pem", "root.pem"]), Err(CaError::AnotherName)));
}

#[test]
fn a_root_that_allows_no_ca_below_its_own_is_refused() {
    let desk = Desk::new();
    foreign_root(&desk, "-addext basicConstraints=critical,CA:true,pathlen:0");
    ask(&desk, "ca.req", None);
    sign(&desk, "ca.req", "sub.pem", CA_EXTENSIONS);
    assert!(matches!(take(&desk, &["sub.pem", "root.pem"]), Err(CaError::ChainOfNoCa)));
}
