//! A process that writes to the store is killed (SIGKILL) in the middle, twenty times over.
//! Everything that it was told is durable must be there afterwards, and the indexes whole.
#![cfg(test)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use wcce::model::{Disposition, NewRow, RequestId, SerialNumber};
use wcce::store::{Page, SledStore, Store, StoreConfig};

#[path = "support/rows.rs"]
mod rows;

use rows::row;

/// Tells the child process where to write.
const FOLDER: &str = "WCCE_STORE_CRASH_FOLDER";
const ROUNDS: u32 = 20;
const WRITERS: u32 = 32;

/// Not a test: the process that is killed. It adds pending rows, issues them, and reports
/// each step on standard output once the store has said that it is durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started as a process by the test below"]
async fn writer_process() {
    let folder = std::env::var_os(FOLDER).expect("started by the test below");
    let store = SledStore::open(Path::new(&folder), &StoreConfig::default()).expect("opens");
    let store = Arc::new(store);
    let process = std::process::id();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for turn in 0u32.. {
                    let serial = format!("{process:x}.{writer}.{turn}");
                    let id = store.add(row(&serial)).await.expect("added");
                    report(&format!("pending {id} {serial}\n"));
                    let mut resolved = store.by_id(id).await.expect("read").expect("there");
                    resolved.columns.disposition = Disposition::Issued;
                    store.update(resolved, Disposition::Pending).await.expect("updated");
                    report(&format!("issued {id} {serial}\n"));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
}

fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("parent reads");
}

/// What a writer reported: per id the serial number, and whether the row was issued already.
type Reports = HashMap<u32, (String, bool)>;

/// Starts a writer under a shell that runs `limits` first.
fn start_writer(folder: &Path, limits: &str) -> (Child, mpsc::Receiver<()>, JoinHandle<Reports>) {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{limits} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().expect("own path"))
        .args(["--ignored", "--exact", "writer_process", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let output = child.stdout.take().expect("piped");
    let (first, began) = mpsc::channel();
    (child, began, std::thread::spawn(move || collect(BufReader::new(output), &first)))
}

/// Collects the reports until the output ends; says when the first one is there.
fn collect(mut output: impl BufRead, first: &mpsc::Sender<()>) -> Reports {
    let mut reports = HashMap::new();
    let mut line = String::new();
    // The last line may be cut by the kill: only whole ones count.
    while output.read_line(&mut line).expect("readable") > 0 && line.ends_with('\n') {
        if let [step @ ("pending" | "issued"), id, serial] =
            line.split_whitespace().collect::<Vec<_>>()[..]
        {
            if reports.is_empty() {
                // Whoever does not wait for it has dropped the other end.
                first.send(()).ok();
            }
            reports.insert(id.parse().expect("id"), (serial.to_owned(), step == "issued"));
        }
        line.clear();
    }
    reports
}

/// Lets a writer work for a while after its first row, kills it, and returns what it had reported.
fn killed_round(folder: &Path, for_millis: u64) -> Reports {
    let (mut child, began, reports) = start_writer(folder, "");
    began.recv_timeout(Duration::from_secs(60)).expect("the writer writes");
    std::thread::sleep(Duration::from_millis(for_millis));
    child.kill().expect("killed");
    child.wait().expect("gone");
    reports.join().expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_ends_service_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Files of 4 MB at most; beyond that, writes fail as on a full disk.
    let (mut child, _, reports) = start_writer(folder.path(), "trap '' XFSZ; ulimit -f 8000;");
    let status = child.wait().expect("ends by itself");
    assert!(!status.success(), "the writers were told");
    let reports = reports.join().expect("no panic");
    assert!(!reports.is_empty());
    let store = SledStore::open(folder.path(), &StoreConfig::default()).expect("reopens");
    are_there(&store, &reports).await;
    assert!(indexes_are_whole(&store).await >= reports.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        let reports = killed_round(folder.path(), u64::from(round * 37 % 200));
        assert!(!reports.is_empty(), "round {round} wrote nothing");
        let store = SledStore::open(folder.path(), &StoreConfig::default()).expect("reopens");
        are_there(&store, &reports).await;
        for (id, report) in reports {
            assert!(acknowledged.insert(id, report).is_none(), "id {id} was given twice");
        }
        assert!(indexes_are_whole(&store).await >= acknowledged.len());
    }
    let store = SledStore::open(folder.path(), &StoreConfig::default()).expect("reopens");
    are_there(&store, &acknowledged).await;
    println!("{} acknowledged rows survived {ROUNDS} kills", acknowledged.len());
}

/// Checks that every reported row is there, byte for byte, under its id and its serial number.
async fn are_there(store: &SledStore, reports: &Reports) {
    for (id, (serial, issued)) in reports {
        let found = store.by_id(RequestId(*id)).await.expect("read").expect("not lost");
        let columns = found.columns.clone();
        assert!(!issued || columns.disposition == Disposition::Issued, "{id} {serial}");
        let expected = NewRow { disposition: columns.disposition, ..row(serial) };
        assert_eq!(columns, expected, "row {id}");
        let serial = SerialNumber(serial.as_bytes().to_vec());
        assert_eq!(store.by_serial(&serial).await, Ok(Some(found)));
    }
}

/// Checks that the indexes name the same rows, and each once. Returns how many there are.
async fn indexes_are_whole(store: &SledStore) -> usize {
    let mut by_disposition = Vec::new();
    for disposition in [Disposition::Pending, Disposition::Issued] {
        let mut listed = 0u64;
        let mut page = Page::FIRST;
        loop {
            let rows = store.by_disposition(disposition, page).await.expect("listed");
            let Some(last) = rows.last() else { break };
            page = page.after(last.id);
            for row in rows {
                assert_eq!(row.columns.disposition, disposition);
                by_disposition.push(row.id);
                listed += 1;
            }
        }
        assert_eq!(store.count(disposition).await, Ok(listed));
    }
    let mut by_requester = Vec::new();
    let mut page = Page::FIRST;
    loop {
        let rows = store.by_requester(r"LAB\alice", page).await.expect("listed");
        let Some(last) = rows.last() else { break };
        page = page.after(last.id);
        by_requester.extend(rows.iter().map(|row| row.id));
    }
    by_disposition.sort_unstable();
    assert_eq!(by_disposition, by_requester);
    by_requester.len()
}
