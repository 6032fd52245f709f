//! CRLs of a Windows CA: read, verified, and their times made again from the same clock.

use std::path::Path;
use std::time::Duration;

use wcce::asn1::extensions::find;
use wcce::asn1::{Certificate, CertificateList, Element, Reader, decode_time, oids};
use wcce::ca::{CaConfig, CertificateAuthority, CrlKind, CrlPublisher, StateFolder};

use crate::tally;

fn read(captures: &Path, name: &str) -> Vec<u8> {
    std::fs::read(captures.join("enrollment").join(name)).expect(name)
}

#[test]
fn crls_of_windows() {
    let Some(captures) = tally::captures("replay of CRLs") else { return };
    let ca = read(&captures, "livediffad-ca-certificate.der");
    let ca = Certificate::parse(&ca).expect("the CA");
    let key = ca.public_key.public_key().expect("an RSA key");
    for (name, number, delta) in
        [("livediffad-base-crl.der", 1, false), ("livediffad-delta-crl.der", 1, true)]
    {
        let der = read(&captures, name);
        let list = CertificateList::parse(&der).expect(name);
        assert_eq!(list.issuer, ca.subject);
        assert!(list.revoked.is_empty());
        let algorithm = &list.signature_algorithm;
        wcce::asn1::verify_signature(&key, algorithm, list.tbs, list.signature).expect(name);
        let found = find(&list.extensions, &oids::CRL_NUMBER).expect("a number");
        assert_eq!(Reader::new(&found.value).u32(), Ok(number), "{name}");
        let indicator = find(&list.extensions, &oids::DELTA_CRL_INDICATOR);
        assert_eq!(indicator.is_some_and(|extension| extension.critical), delta, "{name}");
        tally::ran("capture-crl", name);
    }
}

#[test]
fn our_times_are_those_of_windows() {
    let Some(captures) = tally::captures("times of CRLs") else { return };
    let der = read(&captures, "livediffad-base-crl.der");
    let windows = CertificateList::parse(&der).expect("a CRL");
    let published = find(&windows.extensions, &oids::CRL_NEXT_PUBLISH).expect("next publish");
    let published = decode_time(&Element::parse(&published.value).expect("DER")).expect("a time");

    // The CA dated its CRL back by ten minutes.
    let now = windows.this_update + Duration::from_secs(600);
    let folder = tempfile::tempdir().expect("a folder");
    let (config, state) = (CaConfig::default(), StateFolder::new(folder.path()));
    let (ca, _) = CertificateAuthority::init(&config, &state, now).expect("a CA");
    let publisher = CrlPublisher::new(&config, &state);
    let draft = publisher
        .begin(publisher.current(&ca).expect("read"), CrlKind::Base, now)
        .expect("a draft");
    let crls = publisher.publish(&ca, draft).expect("CRLs");
    let (crl, delta) = (crls.base.expect("a base CRL"), crls.delta.expect("a delta CRL"));
    let ours = CertificateList::parse(&crl.der).expect("a CRL");
    assert_eq!(ours.this_update, windows.this_update);
    assert_eq!(ours.next_update, windows.next_update);
    assert_eq!(crl.next_publish, published);

    let der = read(&captures, "livediffad-delta-crl.der");
    let windows = CertificateList::parse(&der).expect("a CRL");
    let ours = CertificateList::parse(&delta.der).expect("a CRL");
    assert_eq!(ours.this_update, windows.this_update);
    assert_eq!(ours.next_update, windows.next_update);
    // Windows' last one says where the CRL was published, in the directory.
    let of = |list: &CertificateList<'_>| -> Vec<_> {
        list.extensions.iter().map(|e| (e.oid.clone(), e.critical)).collect()
    };
    assert_eq!(of(&ours)[..], of(&windows)[..5]);
    tally::ran("capture-crl", "times");
}
