//! A CRL of a million entries, made while requests are recorded: how much memory it takes, and how
//! long a request has to wait. Takes minutes and two gigabytes of disk, so it runs by
//! `make bench-crl` alone.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

#[path = "support/rows.rs"]
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use wcce::admin::CrlService;
use wcce::ca::{CaConfig, CertificateAuthority, CrlKind, CrlPublisher, KeyKind, StateFolder};
use wcce::model::{Disposition, RequestId, RequestRow};
use wcce::store::{SledStore, Store, StoreConfig};

const ENTRIES: u32 = 1_000_000;

/// A row as small as they come; what is in it does not matter to CRLs.
fn row(id: u32, disposition: Disposition, now: SystemTime) -> RequestRow {
    let mut columns = rows::row(&format!("{id:016}"));
    columns.raw_request = vec![];
    (columns.disposition, columns.submitted_when) = (disposition, now);
    let certificate = columns.certificate.as_mut().expect("issued");
    certificate.raw = vec![0x30; 64];
    certificate.not_before = now - Duration::from_secs(86_400);
    certificate.not_after = now + Duration::from_secs(365 * 86_400);
    let revoked = (disposition == Disposition::Revoked).then_some(now - Duration::from_secs(3_600));
    RequestRow {
        id: RequestId(id),
        columns,
        revoked_when: revoked,
        revoked_effective_when: revoked,
        revoked_reason: revoked.map(|_| 1),
    }
}

/// A line of /proc/self/status, in MiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let found = status.lines().find_map(|found| found.strip_prefix(line)).expect(line);
    found.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") / 1024
}

/// The longest and the mean time of recording a request, until `stop` turns true.
async fn record(
    store: Arc<SledStore>,
    stop: Arc<AtomicBool>,
    first: u32,
) -> (Duration, Duration, u32) {
    let (mut longest, mut all, mut count) = (Duration::ZERO, Duration::ZERO, 0);
    while !stop.load(Ordering::Relaxed) {
        let new = row(first + count, Disposition::Issued, SystemTime::now()).columns;
        let started = Instant::now();
        store.add(new).await.expect("recorded");
        let took = started.elapsed();
        (longest, all, count) = (longest.max(took), all + took, count + 1);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (longest, all / count.max(1), count)
}

async fn during<T>(store: &Arc<SledStore>, first: u32, work: impl Future<Output = T>) -> T {
    let stop = Arc::new(AtomicBool::new(false));
    let recording = tokio::spawn(record(Arc::clone(store), Arc::clone(&stop), first));
    let done = work.await;
    stop.store(true, Ordering::Relaxed);
    let (longest, mean, count) = recording.await.expect("records");
    println!("  requests recorded meanwhile: {count}, mean {mean:?}, longest {longest:?}");
    assert!(longest < Duration::from_secs(1), "a request stalled for {longest:?}");
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make bench-crl"]
async fn a_crl_of_a_million_entries_takes_bounded_memory_and_stalls_nobody() {
    let folder = tempfile::tempdir().expect("made");
    let state = StateFolder::new(folder.path());
    let config = CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() };
    let now = SystemTime::now();
    let (ca, _) = CertificateAuthority::init(&config, &state, now).expect("made");
    let store = SledStore::open(&state.database(), &StoreConfig::default()).expect("opened");
    let started = Instant::now();
    for first in (1..=ENTRIES).step_by(4_096) {
        let last = ENTRIES.min(first + 4_095);
        let rows = (first..=last).map(|id| row(id, Disposition::Revoked, now)).collect();
        store.restore(rows).await.expect("restored");
    }
    println!("{ENTRIES} revoked rows written in {:?}", started.elapsed());
    let store = Arc::new(store);
    println!("resting:");
    during(&store, 2_000_000, tokio::time::sleep(Duration::from_secs(3))).await;

    let before = memory("VmRSS:");
    // Resets the peak.
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let publisher = CrlPublisher::new(&config, &state);
    let path = publisher.path();
    let started = Instant::now();
    println!("base CRL:");
    let start = CrlService::start(publisher, Arc::new(ca), store.clone());
    let service = during(&store, 3_000_000, start).await.expect("published");
    let (took, size) = (started.elapsed(), std::fs::metadata(&path).expect("there").len());
    let (peak, mib) = (memory("VmHWM:"), size / 1024 / 1024);
    println!("  {took:?}, {mib} MiB on disk; memory {before} MiB before, {peak} MiB at the peak");
    assert!(size > u64::from(ENTRIES) * 30);
    assert!(peak - before < 6 * mib + 64, "more than a few copies of it");

    println!("delta CRL:");
    let publish = service.publish(CrlKind::Delta);
    let started = Instant::now();
    during(&store, 4_000_000, publish).await.expect("published");
    println!("  {:?}", started.elapsed());
    println!("base CRL again:");
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let started = Instant::now();
    during(&store, 5_000_000, service.publish(CrlKind::Base)).await.expect("published");
    println!("  {:?}; memory {} MiB at the peak", started.elapsed(), memory("VmHWM:"));

    let openssl = std::process::Command::new("openssl")
        .args(["crl", "-inform", "DER", "-noout", "-crlnumber", "-CAfile"])
        .arg(state.certificate())
        .arg("-in")
        .arg(&path)
        .output()
        .expect("openssl");
    let said = String::from_utf8_lossy(&openssl.stderr).into_owned();
    assert!(said.contains("verify OK"), "{said}");
    println!("openssl: {}", said.trim());
}
