//! Fills the Request table of a CA that is not running, for measurements: copies of its last issued
//! row, each with a serial number and a hash of its own. Run by `make bench` alone, with the folder
//! of the database in WCCE_FILL and the number of rows in WCCE_ROWS.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::path::PathBuf;
use std::time::Instant;

use wcce::model::{Disposition, RequestId, SerialNumber};
use wcce::store::{Page, SledStore, Store, StoreConfig};

/// Rows of one commit.
const BATCH: u32 = 512;

#[tokio::test]
#[ignore = "a tool of make bench"]
async fn fill() {
    let folder = PathBuf::from(std::env::var_os("WCCE_FILL").expect("WCCE_FILL"));
    let rows: u32 = std::env::var("WCCE_ROWS").expect("WCCE_ROWS").parse().expect("a number");
    let store = SledStore::open(&folder, &StoreConfig::default()).expect("opened");
    let page = Page { after: None, limit: 1 };
    let found = store.by_disposition(Disposition::Issued, page).await.expect("read");
    let model = found.first().expect("the CA must have issued a certificate before");
    let first = store.last_id().await.expect("read").0 + 1;
    let started = Instant::now();
    for from in (first..=rows).step_by(usize::try_from(BATCH).expect("small")) {
        let copies = (from..rows.saturating_add(1).min(from + BATCH)).map(|id| {
            let mut row = model.clone();
            row.id = RequestId(id);
            let certificate = row.columns.certificate.as_mut().expect("issued");
            // Random looking, as serial numbers and hashes are, and never the same twice.
            let spread = id.wrapping_mul(0x9E37_79B1).to_be_bytes();
            let mut serial = vec![0x7D; 16];
            serial[1..5].copy_from_slice(&spread);
            certificate.serial_number = SerialNumber(serial);
            certificate.certificate_hash = [0x7D; 20];
            certificate.certificate_hash[..4].copy_from_slice(&spread);
            row
        });
        store.restore(copies.collect()).await.expect("written");
    }
    println!("{} rows after {:?}", rows, started.elapsed());
}
