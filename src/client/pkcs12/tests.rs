use super::*;
use crate::asn1::SubjectPublicKeyInfo;
use crate::client::testing::{identity, openssl, openssl_text};
use crate::client::{Identity, KeyKind};

#[test]
fn openssl_reads_what_is_written_for_every_kind_of_key_and_the_other_way_round() {
    for kind in
        [KeyKind::Rsa2048, KeyKind::EcP256, KeyKind::EcP384, KeyKind::EcP521, KeyKind::Ed25519]
    {
        let folder = tempfile::tempdir().unwrap();
        let (own, ca) = (identity(kind, "/CN=own"), identity(KeyKind::EcP256, "/CN=ca"));
        let key_id = SubjectPublicKeyInfo::parse(own.key().public_key()).unwrap().key_id();
        let certificates = [own.certificate(), ca.certificate()];
        let file = write(own.key().to_pkcs8(), &certificates, &key_id, "pass wörd").unwrap();
        std::fs::write(folder.path().join("file"), &*file).unwrap();
        let read = ["pkcs12", "-in", "file", "-passin", "pass:pass wörd", "-nodes", "-info"];
        let text = openssl_text(folder.path(), &read);
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{kind:?}: {text}");
        assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), 1, "{kind:?}: {text}");
        let info = String::from_utf8(openssl(folder.path(), &read).stderr).unwrap();
        assert_eq!(info.matches("AES-256-CBC").count(), 2, "{info}");
        assert!(info.contains("MAC: sha256") && info.contains("hmacWithSHA256"), "{info}");
        let wrong = ["pkcs12", "-in", "file", "-passin", "pass:wrong", "-nodes"];
        assert!(!openssl(folder.path(), &wrong).status.success());

        std::fs::write(folder.path().join("pem"), text).unwrap();
        let make = ["pkcs12", "-export", "-in", "pem", "-out", "theirs", "-passout", "pass:x"];
        openssl_text(folder.path(), &make);
        let theirs = std::fs::read(folder.path().join("theirs")).unwrap();
        for (der, password) in [(&theirs, "x"), (&file, "pass wörd")] {
            let read = Identity::from_pkcs12(der, password).unwrap();
            assert_eq!(read.certificate(), own.certificate());
            assert_eq!(read.key().public_key(), own.key().public_key());
            assert_eq!(read.chain().len(), 1);
            assert!(Identity::from_pkcs12(der, "wrong").is_err());
        }
    }
}
