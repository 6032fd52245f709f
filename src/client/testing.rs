//! Certificates and verdicts of OpenSSL, for tests.

use std::path::Path;
use std::process::{Command, Output};

use super::{Identity, KeyKind, RequestKey};
use crate::asn1::pem;

/// Runs `openssl` in a folder.
pub fn openssl(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl runs")
}

/// What it prints; it must succeed.
pub fn openssl_text(folder: &Path, arguments: &[&str]) -> String {
    let output = openssl(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A self-signed certificate of this key, made by OpenSSL.
pub fn certificate(key: &RequestKey, subject: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("made");
    std::fs::write(
        folder.path().join("key"),
        pem::encode("PRIVATE KEY", key.to_pkcs8()).as_bytes(),
    )
    .expect("written");
    let usage = "extendedKeyUsage=1.3.6.1.4.1.311.20.2.1";
    let make = ["req", "-x509", "-key", "key", "-subj", subject, "-addext", usage, "-days", "9"];
    let text = openssl_text(folder.path(), &make);
    pem::decode(text.as_bytes()).expect("PEM")[0].der.to_vec()
}

/// A key with a self-signed certificate.
pub fn identity(kind: KeyKind, subject: &str) -> Identity {
    let key = RequestKey::generate(kind).expect("made");
    let certificate = certificate(&key, subject);
    Identity::new(key, vec![certificate]).expect("its certificate")
}
