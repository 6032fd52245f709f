//! Database files that were cut off, or overwritten here and there: none is served as if it were
//! whole, and no request id is given a second time.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use wcce::model::{Disposition, NewRow, RequestId};
use wcce::store::{SledStore, Store, StoreConfig, StoreError};

#[path = "support/rows.rs"]
mod rows;
#[allow(dead_code, reason = "shared with tests that replay captures")]
#[path = "support/tally.rs"]
mod tally;

const ROWS: u32 = 400;
/// Places in the file where each kind of damage is done.
const PLACES: usize = 6;

/// What is done to a file, at this place.
type Damage = fn(&mut Vec<u8>, usize);

const DAMAGES: [(&str, Damage); 3] = [
    ("cut off", |file, at| file.truncate(at)),
    ("one bit", |file, at| file[at] ^= 0x40),
    ("a page of zeros", |file, at| {
        let end = (at + 4096).min(file.len());
        file[at..end].fill(0);
    }),
];

fn row(number: u32) -> NewRow {
    NewRow { disposition: Disposition::Issued, ..rows::row(&format!("{number:x}a")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_table_is_refused_or_gives_no_id_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let [table, crashed, damaged] =
        ["table", "crashed", "damaged"].map(|name| folder.path().join(name));
    let store = SledStore::open(&table, &StoreConfig::default()).expect("opens");
    for number in 1..=ROWS {
        assert_eq!(store.add(row(number)).await, Ok(RequestId(number)));
    }
    copy(&table, &crashed);
    drop(store);

    let (mut refused, mut whole, mut older) = (0, 0, 0);
    for (from, closed) in [(&table, true), (&crashed, false)] {
        let _ = fs::remove_dir_all(&damaged);
        copy(from, &damaged);
        assert_eq!(served(&damaged).await, Some(ROWS), "nothing is damaged yet");
        let file = fs::read(from.join("db")).expect("the file");
        for (name, damage) in DAMAGES {
            for place in 0..PLACES {
                let mut file = file.clone();
                let at = file.len() / PLACES * place + 1000 * place;
                damage(&mut file, at);
                let _ = fs::remove_dir_all(&damaged);
                copy(from, &damaged);
                fs::write(damaged.join("db"), file).expect("written");
                match served(&damaged).await {
                    None => refused += 1,
                    Some(ROWS) => whole += 1,
                    Some(found) => {
                        assert!(
                            !closed,
                            "{name} at {at}: {found} rows of {ROWS}, and all is well?"
                        );
                        older += 1;
                    }
                }
            }
        }
    }
    println!("{refused} refused, {whole} whole, {older} without their last rows after a crash");
    assert!(refused > 0, "none of the damage was noticed");
    tally::ran("disk-fault", "damaged tables");
}

/// How many rows a table still serves, each as it was; `None` where it refuses.
async fn served(folder: &Path) -> Option<u32> {
    let store = match SledStore::open(folder, &StoreConfig::default()) {
        Ok(store) => store,
        Err(StoreError::Damaged { .. }) => return None,
        Err(other) => panic!("{other}"),
    };
    let mut found = 0;
    for number in 1..=ROWS {
        match store.by_id(RequestId(number)).await {
            Ok(Some(kept)) => {
                assert_eq!(kept.columns, row(number), "row {number}");
                found += 1;
            }
            Ok(None) => {}
            // It is damaged, and says so.
            Err(StoreError::Read(_)) => return None,
            Err(other) => panic!("{other}"),
        }
    }
    // An id that somebody holds is never given again, whatever became of its row.
    match tokio::time::timeout(Duration::from_secs(60), store.add(row(ROWS + 1))).await {
        Ok(Ok(id)) => assert!(id > RequestId(ROWS), "{id} was given before"),
        Ok(Err(StoreError::Failed(_))) => return None,
        other => panic!("{other:?}"),
    }
    Some(found)
}

/// What lies in one folder goes to another.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &to),
            false => fs::copy(path, to).map(drop).expect("copied"),
        }
    }
}
