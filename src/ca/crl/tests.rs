use std::time::UNIX_EPOCH;

use super::*;
use crate::asn1::pem;
use crate::ca::testing::{Bench, DAY, attempt, run, user_plan};
use crate::model::{
    CertificateColumns, Disposition, RequestRow, SerialNumber, TemplateFlags, testing,
};

fn publisher(bench: &Bench) -> CrlPublisher {
    CrlPublisher::new(&bench.config, &StateFolder::new(bench.folder.path()))
}

impl CrlPublisher {
    /// A base CRL of these, and the delta CRL with it.
    fn publish_base(
        &self,
        ca: &CertificateAuthority,
        revoked: &[Revocation],
        now: SystemTime,
    ) -> Result<Arc<Crl>, CrlError> {
        let crls = self.publish_kind(ca, CrlKind::Base, revoked, now)?;
        Ok(crls.base.expect("a base CRL"))
    }

    fn publish_kind(
        &self,
        ca: &CertificateAuthority,
        kind: CrlKind,
        revoked: &[Revocation],
        now: SystemTime,
    ) -> Result<Crls, CrlError> {
        let mut draft = self.begin(self.current(ca)?, kind, now)?;
        revoked.iter().try_for_each(|revocation| draft.add(revocation))?;
        self.publish(ca, draft)
    }
}

/// The time now in whole seconds, as CRLs have it.
fn now() -> SystemTime {
    UNIX_EPOCH
        + Duration::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

fn entry(serial: u8) -> Revocation {
    Revocation {
        serial: SerialNumber(vec![serial; 16]),
        revoked_when: now() - DAY,
        effective_when: now() - DAY,
        reason: 1,
        not_after: now() + DAY,
        publish_expired: false,
    }
}

#[test]
fn the_first_crl_is_empty_and_verifies() {
    let bench = Bench::new();
    let publisher = publisher(&bench);
    assert_eq!(publisher.current(&bench.ca).unwrap(), Crls::default());
    let crl = publisher.publish_base(&bench.ca, &[], now()).unwrap();
    assert_eq!(crl.number, 1);
    assert_eq!(publisher.current(&bench.ca).unwrap().base, Some(crl));

    let folder = bench.folder.path();
    let (_, text, verdict) = attempt(
        "openssl",
        &["crl", "-inform", "der", "-in", "crl/base.crl", "-CAfile", "ca.crt", "-noout", "-text"],
        folder,
    );
    assert!(verdict.contains("verify OK"), "{verdict}");
    for expected in
        ["Version 2 (0x1)", "X509v3 CRL Number: \n                1\n", "No Revoked Certificates"]
    {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    let pem = ["crl", "-inform", "der", "-in", "crl/base.crl", "-out", "crl.pem"];
    run("openssl", &pem, folder);
    let arguments = ["--verify-crl", "--load-ca-certificate", "ca.crt", "--infile", "crl.pem"];
    run("certtool", &arguments, folder);
}

#[test]
fn times_and_extensions_are_those_of_a_windows_ca() {
    let bench = Bench::new();
    let now = now();
    let crl = publisher(&bench).publish_base(&bench.ca, &[], now).unwrap();
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let list = CertificateList::parse(&crl.der).unwrap();
    assert_eq!(list.this_update, now - minutes(10));
    assert_eq!(crl.next_publish, now + 7 * DAY);
    assert_eq!(crl.next_update, now + 7 * DAY + DAY / 2 + minutes(10));
    assert!(!crl.is_due(now + 7 * DAY - minutes(1)));
    assert!(crl.is_due(now + 7 * DAY));
    let oids: Vec<_> = list.extensions.iter().map(|extension| extension.oid.clone()).collect();
    assert_eq!(
        oids,
        [
            oids::AUTHORITY_KEY_IDENTIFIER,
            oids::CERTSRV_CA_VERSION,
            oids::CRL_NUMBER,
            oids::CRL_NEXT_PUBLISH
        ]
    );
}

#[test]
fn overlap_stays_between_its_bounds() {
    type TimesOf = fn(&CrlPublisher, SystemTime) -> Option<Times>;
    let overlap_of = |times: TimesOf, validity: u64, clock_skew: u64| {
        let publisher = CrlPublisher {
            folder: PathBuf::new(),
            config: RwLock::new(CrlConfig {
                validity: Duration::from_secs(validity),
                delta_validity: Duration::from_secs(validity),
                ..CrlConfig::default()
            }),
            clock_skew: Duration::from_secs(clock_skew),
            to_directory: false,
        };
        let times = times(&publisher, now()).unwrap();
        let whole = times.next_update.duration_since(times.next_publish).unwrap();
        whole.as_secs() - clock_skew
    };
    let overlap = |validity, skew| overlap_of(CrlPublisher::base_times, validity, skew);
    let delta = |validity, skew| overlap_of(CrlPublisher::delta_times, validity, skew);
    assert_eq!(delta(86_400, 600), 43_200, "12 hours, as Windows' own");
    assert_eq!(delta(3_600, 600), 3_600, "at most the validity");
    assert_eq!(overlap(86_400, 600), 8_640, "a tenth");
    assert_eq!(overlap(30 * 86_400, 600), 43_200, "at most 12 hours");
    assert_eq!(overlap(3_600, 600), 900, "at least 1.5 times the skew");
    assert_eq!(overlap(600, 600), 600, "at most the validity");
}

#[test]
fn revoked_certificates_fail_with_foreign_tools() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    let [revoked, good] = ["revoked.pem", "good.pem"].map(|name| {
        let issued = bench.ca.issue(&user_plan(), SystemTime::now()).unwrap();
        bench.file(name, pem::encode("CERTIFICATE", issued.der()).as_bytes());
        issued
    });
    let entries = [
        Revocation { serial: revoked.serial().clone(), ..entry(0) },
        Revocation { reason: 0, ..entry(0x41) },
        Revocation { reason: 0xFFFF_FFFF, ..entry(0x42) },
    ];
    let crl = publisher(&bench).publish_base(&bench.ca, &entries, now()).unwrap();
    bench.file("crl.pem", pem::encode("X509 CRL", &crl.der).as_bytes());

    let verify = |file| {
        let arguments = ["verify", "-crl_check", "-CAfile", "ca.crt", "-CRLfile", "crl.pem", file];
        attempt("openssl", &arguments, folder)
    };
    let (valid, _, reason) = verify("revoked.pem");
    assert!(!valid && reason.contains("certificate revoked"), "{reason}");
    assert!(verify("good.pem").0);
    drop(good);

    let text = run("openssl", &["crl", "-in", "crl.pem", "-noout", "-text"], folder);
    assert_eq!(text.matches("Serial Number: ").count(), 2, "one was released");
    assert_eq!(text.matches("X509v3 CRL Reason Code").count(), 1, "{text}");
    assert!(text.contains("Key Compromise"), "{text}");
    let list = CertificateList::parse(&crl.der).unwrap();
    assert_eq!(list.revoked[0], *revoked.serial());
}

#[test]
fn delta_crls_revoke_and_release_with_openssl() {
    let mut bench = Bench::new();
    bench.config.urls.delta_crl = vec!["http://pki.lab.test/ca+.crl".to_owned()];
    bench.ca = CertificateAuthority::load(
        &bench.config,
        &StateFolder::new(bench.folder.path()),
        SystemTime::now(),
    )
    .unwrap()
    .unwrap();
    let folder = bench.folder.path().to_owned();
    let [held, later, good] = ["held.pem", "later.pem", "good.pem"].map(|name| {
        let issued = bench.ca.issue(&user_plan(), SystemTime::now()).unwrap();
        bench.file(name, pem::encode("CERTIFICATE", issued.der()).as_bytes());
        issued.serial().clone()
    });
    let before = Revocation { serial: held.clone(), reason: 6, ..entry(0) };
    let publisher = publisher(&bench);
    let base = publisher.publish_base(&bench.ca, &[before], now()).unwrap();

    // Since then one was released, one revoked, and one is to be revoked tomorrow.
    let since = now() + Duration::from_secs(1);
    let of = |serial: &SerialNumber, reason| Revocation {
        serial: serial.clone(),
        revoked_when: since,
        effective_when: since,
        reason,
        ..entry(0)
    };
    let entries = [
        of(&held, Revocation::RELEASED),
        of(&later, 1),
        Revocation { effective_when: since + DAY, ..of(&good, 1) },
        entry(0x55),
    ];
    let crls = publisher.publish_kind(&bench.ca, CrlKind::Delta, &entries, since).unwrap();
    assert_eq!(crls.base, Some(Arc::clone(&base)), "the base CRL stays");
    let delta = crls.delta.unwrap();
    assert_eq!((base.number, delta.number), (1, 2));
    assert_eq!(CertificateList::parse(&delta.der).unwrap().revoked, [held, later]);

    bench.file("base.pem", pem::encode("X509 CRL", &base.der).as_bytes());
    bench.file("delta.pem", pem::encode("X509 CRL", &delta.der).as_bytes());
    let text = run("openssl", &["crl", "-in", "delta.pem", "-noout", "-text"], &folder);
    for expected in ["X509v3 Delta CRL Indicator: critical", "Remove From CRL", "Key Compromise"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let verify = |file| {
        let arguments = [
            "verify",
            "-crl_check",
            "-extended_crl",
            "-use_deltas",
            "-CAfile",
            "ca.crt",
            "-CRLfile",
            "base.pem",
            "-CRLfile",
            "delta.pem",
            file,
        ];
        attempt("openssl", &arguments, &folder)
    };
    let (valid, _, reason) = verify("later.pem");
    assert!(!valid && reason.contains("certificate revoked"), "{reason}");
    for file in ["held.pem", "good.pem"] {
        let (valid, _, reason) = verify(file);
        assert!(valid, "{file}: {reason}");
    }
}

#[test]
fn a_base_crl_brings_a_delta_crl_and_each_is_due_in_its_time() {
    let bench = Bench::new();
    let publisher = publisher(&bench);
    assert_eq!(publisher.due(&Crls::default(), now()), Some(CrlKind::Base));
    let crls = publisher.publish_kind(&bench.ca, CrlKind::Base, &[], now()).unwrap();
    let numbers = [&crls.base, &crls.delta].map(|crl| crl.as_ref().unwrap().number);
    assert_eq!(numbers, [1, 1], "one run, one number");
    assert_eq!(publisher.due(&crls, now()), None);
    assert_eq!(publisher.due(&crls, now() + DAY), Some(CrlKind::Delta));
    assert_eq!(publisher.due(&crls, now() + 7 * DAY), Some(CrlKind::Base));
    assert_eq!(publisher.current(&bench.ca).unwrap(), crls);

    let mut config = bench.config.clone();
    config.crl.delta_validity = Duration::ZERO;
    let without = CrlPublisher::new(&config, &StateFolder::new(bench.folder.path()));
    let crls = without.publish_kind(&bench.ca, CrlKind::Delta, &[], now()).unwrap();
    assert_eq!(crls.delta, None);
    assert_eq!(without.due(&crls, now() + DAY), None);
}

#[test]
fn numbers_ascend_whatever_file_is_lost() {
    let bench = Bench::new();
    let publisher = publisher(&bench);
    let next = || publisher.publish_base(&bench.ca, &[], now()).unwrap().number;
    assert_eq!((next(), next()), (1, 2));
    std::fs::remove_file(publisher.path()).unwrap();
    assert_eq!(next(), 3);
    std::fs::remove_file(publisher.number_path()).unwrap();
    assert_eq!(next(), 4);
}

#[test]
fn the_crl_of_another_ca_is_not_ours() {
    let (bench, other) = (Bench::new(), Bench::new());
    publisher(&bench).publish_base(&bench.ca, &[], now()).unwrap();
    assert!(publisher(&bench).current(&other.ca).unwrap().base.is_none());
    assert!(publisher(&bench).current(&bench.ca).unwrap().base.is_some());
}

#[test]
fn damaged_files_are_told_with_their_path() {
    let bench = Bench::new();
    let publisher = publisher(&bench);
    publisher.publish_base(&bench.ca, &[], now()).unwrap();
    bench.file("crl/base.crl", b"garbage");
    let error = publisher.publish_base(&bench.ca, &[], now()).unwrap_err().to_string();
    assert!(error.contains("base.crl") && error.contains("remove it"), "{error}");
    std::fs::remove_file(publisher.path()).unwrap();
    bench.file("crl/number", b"x");
    let error = publisher.publish_base(&bench.ca, &[], now()).unwrap_err().to_string();
    assert!(error.contains("crl/number: not a number"), "{error}");
}

#[test]
fn entries_stay_until_one_crl_after_the_certificate_s_end() {
    let bench = Bench::new();
    let ended = |ago: Duration, serial| Revocation { not_after: now() - ago, ..entry(serial) };
    let entries = [ended(DAY, 0x11), ended(8 * DAY, 0x12), entry(0x13)];
    let crl = publisher(&bench).publish_base(&bench.ca, &entries, now()).unwrap();
    let list = CertificateList::parse(&crl.der).unwrap();
    assert_eq!(list.revoked, [entries[0].serial.clone(), entries[2].serial.clone()]);
}

/// The reason removeFromCRL would make readers take the certificate for a good one.
#[test]
fn no_entry_takes_itself_back() {
    let bench = Bench::new();
    let revoked = Revocation { reason: 8, ..entry(0x11) };
    let crl =
        publisher(&bench).publish_base(&bench.ca, std::slice::from_ref(&revoked), now()).unwrap();
    assert_eq!(CertificateList::parse(&crl.der).unwrap().revoked, [revoked.serial]);
    let reason = oids::CRL_REASON;
    let reason = reason.der_content();
    assert!(!crl.der.windows(reason.len()).any(|part| part == reason));
}

#[test]
fn a_crl_from_the_future_is_replaced() {
    let bench = Bench::new();
    let made = now() + 300 * DAY;
    let crl = publisher(&bench).publish_base(&bench.ca, &[], made).unwrap();
    assert!(!crl.is_due(made));
    assert!(crl.is_due(now()), "the clock was wrong when it was made");
}

#[test]
fn entries_come_from_revoked_rows() {
    let bench = Bench::new();
    let issued = bench.ca.issue(&user_plan(), SystemTime::now()).unwrap();
    let certificate = issued.into_columns(TemplateFlags::default());
    let mut row = revoked_row(Some(certificate.clone()));
    let expected = Revocation {
        serial: certificate.serial_number.clone(),
        revoked_when: UNIX_EPOCH + DAY,
        effective_when: UNIX_EPOCH + 2 * DAY,
        reason: 3,
        not_after: certificate.not_after,
        publish_expired: false,
    };
    assert_eq!(row.revocation(), Some(expected));
    row.revoked_effective_when = None;
    assert_eq!(row.revocation().unwrap().effective_when, UNIX_EPOCH + DAY);
    row.revoked_when = None;
    assert_eq!(row.revocation().unwrap().effective_when, certificate.not_before);
    assert_eq!(revoked_row(None).revocation(), None);
}

fn revoked_row(certificate: Option<CertificateColumns>) -> RequestRow {
    let mut row = testing::row(Disposition::Revoked);
    row.columns.certificate = certificate;
    row.revoked_when = Some(UNIX_EPOCH + DAY);
    row.revoked_effective_when = Some(UNIX_EPOCH + 2 * DAY);
    row.revoked_reason = Some(3);
    row
}
