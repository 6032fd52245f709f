pub(super) mod journal;
mod upkeep;

use std::time::Duration;

use super::layout::decode_row;
use super::*;
use crate::model::{CertificateColumns, NameColumn, testing};
use crate::store::Order;

/// A row with a certificate whose serial number is `serial`, where one is given.
fn row(requester: &str, disposition: Disposition, serial: Option<u64>) -> NewRow {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let columns = testing::row(disposition).columns;
    let of_serial = |serial: u64, certificate: CertificateColumns| CertificateColumns {
        raw: serial.to_be_bytes().repeat(100),
        serial_number: SerialNumber(serial.to_be_bytes().to_vec()),
        certificate_hash: {
            let mut hash = [7; 20];
            hash[..8].copy_from_slice(&serial.to_be_bytes());
            hash
        },
        not_before: at(1_000),
        not_after: at(9_000),
        distinguished_name: "CN=alice".into(),
        upn: Some("alice@example.test".into()),
        ..certificate
    };
    NewRow {
        raw_request: vec![0x30; 1200],
        request_type: 0x100,
        request_attributes: "CertificateTemplate:User".into(),
        submitted_when: at(1_000),
        resolved_when: serial.map(|serial| at(2_000 + serial)),
        disposition_message: "Issued".into(),
        requester_name: requester.into(),
        caller_name: requester.into(),
        caller_sid: "S-1-5-21-1-2-3-1105".into(),
        request_raw_name: vec![0x30, 0],
        attributes: vec![("CertificateTemplate".into(), "User".into())],
        extensions: vec![("2.5.29.15".into(), 1, vec![3, 2, 5, 0xA0])],
        certificate: serial.zip(columns.certificate.clone()).map(|(s, c)| of_serial(s, c)),
        ..columns
    }
}

fn issued(serial: u64) -> NewRow {
    row(r"LAB\alice", Disposition::Issued, Some(serial))
}

/// Opens the store. sled's threads may hold a dropped database's lock for a moment longer.
fn open(path: &Path) -> SledStore {
    for _ in 0..100 {
        match SledStore::open(path, &StoreConfig::default()) {
            Err(StoreError::Locked(_)) => std::thread::sleep(Duration::from_millis(20)),
            opened => return opened.expect("opens"),
        }
    }
    panic!("{} stays locked", path.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_come_from_their_own_index() {
    let folder = tempfile::tempdir().unwrap();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let store = open(folder.path());
    let mut ids = Vec::new();
    for serial in 1..=3 {
        ids.push(store.add(issued(serial)).await.unwrap());
    }
    assert!(store.revocations(None).await.unwrap().is_empty());
    for (id, reason) in [(ids[0], 1), (ids[2], 6)] {
        let mut row = store.by_id(id).await.unwrap().unwrap();
        row.columns.disposition = Disposition::Revoked;
        (row.revoked_when, row.revoked_reason) = (Some(at(3_000)), Some(reason));
        store.update(row, Disposition::Issued).await.unwrap();
    }
    drop(store);

    let store = open(folder.path());
    let all = store.revocations(None).await.unwrap();
    let listed: Vec<_> = all.iter().map(|(id, r)| (*id, r.reason)).collect();
    assert_eq!(listed, [(ids[0], 1), (ids[2], 6)]);
    assert_eq!(store.revocations(Some(ids[0])).await.unwrap(), all[1..]);
    // One that was released stays in the index, for delta CRLs.
    let mut row = store.by_id(ids[2]).await.unwrap().unwrap();
    row.columns.disposition = Disposition::Issued;
    row.revoked_reason = Some(Revocation::RELEASED);
    store.update(row, Disposition::Revoked).await.unwrap();
    let (_, released) = store.revocations(Some(ids[0])).await.unwrap().remove(0);
    assert_eq!(released.reason, Revocation::RELEASED);
    assert!(!released.is_in_force(at(4_000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_back_by_every_index_and_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(store.last_issued().await, Ok(None));
    assert_eq!(store.add(issued(11)).await, Ok(RequestId(1)));
    assert_eq!(store.add(row(r"LAB\bob", Disposition::Denied, None)).await, Ok(RequestId(2)));
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.add(issued(12)).await, Ok(RequestId(3)));
    let first = store.by_id(RequestId(1)).await.unwrap().expect("row 1");
    assert_eq!(first.columns, issued(11));
    assert_eq!(first.revoked_when, None);
    let serial = SerialNumber(11u64.to_be_bytes().to_vec());
    assert_eq!(store.by_serial(&serial).await, Ok(Some(first.clone())));
    let hash = issued(11).certificate.unwrap().certificate_hash;
    assert_eq!(store.by_certificate_hash(hash).await, Ok(Some(first)));
    let ids = |rows: Result<Vec<RequestRow>, StoreError>| {
        rows.unwrap().into_iter().map(|row| row.id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(store.by_requester(r"lab\ALICE", Page::FIRST).await), [1, 3]);
    assert!(ids(store.by_requester(r"LAB\bo", Page::FIRST).await).is_empty());
    let issued_rows = |page| store.by_disposition(Disposition::Issued, page);
    assert_eq!(ids(issued_rows(Page::FIRST).await), [1, 3]);
    assert_eq!(ids(issued_rows(Page { after: None, limit: 1 }).await), [1]);
    assert_eq!(ids(issued_rows(Page::FIRST.after(RequestId(1))).await), [3]);
    assert!(ids(issued_rows(Page::FIRST.after(RequestId(u32::MAX))).await).is_empty());
    assert_eq!(store.count(Disposition::Issued).await, Ok(2));
    assert_eq!(store.count(Disposition::Denied).await, Ok(1));
    assert_eq!(store.count(Disposition::Pending).await, Ok(0));
    assert_eq!(store.last_issued().await, Ok(issued(12).resolved_when));
    assert_eq!(store.by_id(RequestId(4)).await, Ok(None));
    assert_eq!(store.by_serial(&SerialNumber(vec![1])).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_moves_index_entries_and_only_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let id = store.add(row(r"LAB\bob", Disposition::Pending, None)).await.unwrap();
    let mut pending = store.by_id(id).await.unwrap().unwrap();

    pending.columns = row(r"LAB\bob", Disposition::Issued, Some(5));
    store.update(pending.clone(), Disposition::Pending).await.expect("first manager");
    assert_eq!(
        store.update(pending.clone(), Disposition::Pending).await,
        Err(StoreError::DispositionChanged { id, found: Disposition::Issued })
    );

    pending.columns.disposition = Disposition::Revoked;
    pending.revoked_when = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(77));
    pending.revoked_reason = Some(1);
    store.update(pending.clone(), Disposition::Issued).await.expect("revoked");
    let page = store.by_disposition(Disposition::Revoked, Page::FIRST).await.unwrap();
    assert_eq!(page, [pending.clone()]);
    for gone in [Disposition::Pending, Disposition::Issued] {
        assert_eq!(store.by_disposition(gone, Page::FIRST).await, Ok(vec![]));
        assert_eq!(store.count(gone).await, Ok(0));
    }
    assert_eq!(store.last_issued().await, Ok(pending.columns.resolved_when), "stays");

    pending.id = RequestId(99);
    assert_eq!(
        store.update(pending, Disposition::Issued).await,
        Err(StoreError::NotFound(RequestId(99)))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serial_number_is_taken_once_even_within_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.add(issued(1)).await })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => added += 1,
            Err(error) => assert!(matches!(error, StoreError::SerialExists(_)), "{error}"),
        }
    }
    assert_eq!(added, 1);
    assert_eq!(store.count(Disposition::Issued).await, Ok(1));

    let id = store.add(row("x", Disposition::Pending, None)).await.unwrap();
    let mut other = store.by_id(id).await.unwrap().unwrap();
    other.columns = issued(1);
    let taken = store.update(other, Disposition::Pending).await;
    assert!(matches!(taken, Err(StoreError::SerialExists(_))), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_once_get_distinct_ids_and_whole_indexes() {
    const WRITERS: u64 = 256;
    const EACH: u64 = 8;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let tasks: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for n in 0..EACH {
                    let serial = writer * EACH + n;
                    let id = store.add(issued(serial)).await.expect("added");
                    let row = store.by_id(id).await.expect("read").expect("there");
                    assert_eq!(row.columns, issued(serial), "a writer reads its own row");
                    ids.push(id.0);
                }
                assert!(ids.is_sorted(), "ids ascend");
                ids
            })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.extend(task.await.expect("no panic"));
    }
    ids.sort_unstable();
    let expected: Vec<u32> = (1..=u32::try_from(WRITERS * EACH).unwrap()).collect();
    assert_eq!(ids, expected);
    drop(store);

    let store = open(folder.path());
    let mut seen = Vec::new();
    let mut page = Page::FIRST;
    loop {
        let rows = store.by_disposition(Disposition::Issued, page).await.unwrap();
        let Some(last) = rows.last() else { break };
        page = page.after(last.id);
        for row in rows {
            let serial = row.columns.certificate.clone().unwrap().serial_number;
            seen.push(row.id.0);
            assert_eq!(store.by_serial(&serial).await, Ok(Some(row)));
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(store.count(Disposition::Issued).await, Ok(WRITERS * EACH));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_rows_stay_in_the_log_and_larger_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    let large = |serial: u64| {
        let mut row = issued(serial);
        row.raw_request = (0..62_000u32).map(|n| (n ^ 0x5A) as u8).collect();
        row
    };
    let tasks: Vec<_> = (0..200)
        .map(|serial| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { (serial, store.add(large(serial)).await.expect("added")) })
        })
        .collect();
    for task in tasks {
        let (serial, id) = task.await.unwrap();
        assert_eq!(store.by_id(id).await.unwrap().expect("there").columns, large(serial));
    }
    // A shorter new state leaves nothing of the longer one behind.
    let mut shrunk = store.by_id(RequestId(7)).await.unwrap().unwrap();
    shrunk.columns.raw_request = vec![1];
    store.update(shrunk.clone(), Disposition::Issued).await.expect("updated");
    assert_eq!(store.by_id(RequestId(7)).await, Ok(Some(shrunk)));
    let blobs = std::fs::read_dir(folder.path().join("blobs")).unwrap().count();
    assert_eq!(blobs, 0, "sled never syncs blobs");

    let mut too_large = issued(1_000);
    too_large.raw_request = vec![0; 65_536];
    let refused = store.add(too_large).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { limit: 65_536, .. })), "{refused:?}");
    assert_eq!(store.add(issued(1_001)).await, Ok(RequestId(201)), "no id is lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_takes_the_store_out_of_service() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.add(issued(1)).await.expect("added");
    let failed = store.shared.fail("no space left on device".into());
    assert_eq!(store.add(issued(2)).await, Err(failed.clone()));
    assert_eq!(store.by_id(RequestId(1)).await, Err(failed.clone()));
    assert_eq!(store.last_issued().await, Err(failed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_before_1970_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut early = issued(1);
    early.submitted_when = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    let refused = store.add(early).await;
    assert!(matches!(refused, Err(StoreError::Encoding(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_process_opens_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let _store = open(folder.path());
    let second = SledStore::open(folder.path(), &StoreConfig::default()).map(|_| ());
    assert_eq!(second, Err(StoreError::Locked(folder.path().to_owned())));
}

#[test]
fn a_database_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    {
        let db = ::sled::open(folder.path()).unwrap();
        let meta = db.open_tree("meta").unwrap();
        meta.insert(FORMAT_KEY, &9u32.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    let opened = SledStore::open(folder.path(), &StoreConfig::default()).map(|_| ());
    assert_eq!(opened, Err(StoreError::Newer { found: 9, known: FORMAT }));
}

#[tokio::test]
async fn indexes_are_made_for_rows_of_older_versions() {
    let folder = tempfile::tempdir().unwrap();
    let scan = |order: Order| Scan { order, descending: false, last: RequestId(u32::MAX) };
    let orders = [Order::Template(None), Order::Expiry(0..=u64::MAX)];
    let all = async |store: &SledStore| {
        let mut rows = Vec::new();
        for order in orders.clone() {
            let page = store.scan(scan(order), None, MAX_PAGE).await.unwrap();
            rows.push(page.into_iter().map(|(_, row)| row.id).collect::<Vec<_>>());
        }
        rows
    };
    let before = {
        let store = open(folder.path());
        for serial in 1..=3 {
            let mut row = small();
            row.certificate_template = format!("T{}", 9 - serial);
            if let Some(certificate) = &mut row.certificate {
                certificate.serial_number = SerialNumber(vec![serial]);
                certificate.certificate_hash = [serial; 20];
            }
            store.add(row).await.unwrap();
        }
        all(&store).await
    };
    assert_eq!(before[0], [RequestId(3), RequestId(2), RequestId(1)]);
    {
        let db = ::sled::open(folder.path()).unwrap();
        db.drop_tree("templates").unwrap();
        db.drop_tree("expiries").unwrap();
        db.open_tree("meta").unwrap().insert(FORMAT_KEY, &3u32.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    assert_eq!(all(&open(folder.path())).await, before);
    assert_eq!(all(&open(folder.path())).await, before, "once");
}

#[test]
fn a_damaged_database_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    {
        let db = ::sled::open(folder.path()).unwrap();
        let meta = db.open_tree("meta").unwrap();
        meta.remove(STATE_KEY).unwrap();
        db.flush().unwrap();
    }
    let opened = SledStore::open(folder.path(), &StoreConfig::default()).map(|_| ());
    let Err(StoreError::Damaged { path, reason }) = opened else { panic!("{opened:?}") };
    assert_eq!(path, folder.path());
    assert_eq!(reason, "it has no state");
}

#[test]
fn settings_have_bounds_and_unknown_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig { max_row_bytes: MAX_ROW_BYTES + 1, ..StoreConfig::default() };
    assert!(matches!(SledStore::open(folder.path(), &config), Err(StoreError::Open { .. })));
    assert!(toml::from_str::<StoreConfig>("cache = 1").is_err());
    assert_eq!(toml::from_str::<StoreConfig>("").unwrap(), StoreConfig::default());
}

/// A row as version 1 of the format writes it. Where this fails, databases that exist cannot be
/// read any more: count [`FORMAT`] up, and keep a way to read version 1.
#[test]
fn the_encoding_of_a_row_is_that_of_its_version() {
    assert_eq!((OLDEST_FORMAT, FORMAT), (1, 5));
    let encoded = EncodedRow::new(&small(), 1_000).unwrap();
    let expected = [ROW_OF_VERSION_1, APPENDED_BY_VERSION_2].concat();
    assert_eq!(hex::encode(&encoded.value), expected);
    let decoded = decode_row(RequestId(1), &encoded.value).unwrap();
    assert_eq!(decoded.columns, small());
}

#[test]
fn a_database_of_version_1_is_read_and_becomes_one_of_version_2() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let value = hex::decode(ROW_OF_VERSION_1).unwrap();
    {
        let db = ::sled::open(folder.path()).unwrap();
        let trees = Trees::open(&db).unwrap();
        let length = u32::try_from(value.len()).unwrap().to_be_bytes();
        trees.rows.insert([0, 0, 0, 1, 0, 0], [&length[..], &value].concat()).unwrap();
        let state = State { next_id: 2, ..State::new() };
        trees.meta.insert(STATE_KEY, state.encode().unwrap()).unwrap();
        trees.meta.insert(FORMAT_KEY, &1u32.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    let store = open(folder.path());
    let trees = &store.shared.trees;
    let row = trees.row(RequestId(1)).unwrap().unwrap();
    let mut expected = small();
    expected.requester_sid = None;
    expected.request_names.clear();
    expected.signer_certificate_hashes.clear();
    expected.renewals = 0;
    let certificate = expected.certificate.as_mut().unwrap();
    certificate.raw_public_key_algorithm_parameters.clear();
    assert_eq!(row.columns, expected);
    assert_eq!(trees.meta.get(FORMAT_KEY).unwrap().unwrap(), FORMAT.to_be_bytes());
    assert!(decode_row(RequestId(1), &value[..value.len() - 1]).is_err());
    assert!(decode_row(RequestId(1), &[&value[..], &[9]].concat()).is_err());
}

fn small() -> NewRow {
    let mut columns = issued(5);
    columns.raw_request = vec![0x30, 0];
    columns.requester_sid = Some("S-1-5-32".into());
    columns.request_names.insert(NameColumn::CommonName, "alice".into());
    columns.signer_certificate_hashes = vec![[9; 20]];
    columns.renewals = 2;
    let certificate = columns.certificate.as_mut().unwrap();
    certificate.raw = vec![0x30, 0];
    certificate.subject_key_identifier = vec![1, 2];
    certificate.raw_public_key = vec![4];
    columns
}

const APPENDED_BY_VERSION_2: &str = concat!(
    "0108532d312d352d3332010305616c69636500010909090909090909090909090909090909090909020001000205",
    "000000",
);

const ROW_OF_VERSION_1: &str = concat!(
    "02300080020018436572746966696361746554656d706c6174653a55736572e8070001d50f00030006497373",
    "756564094c41425c616c696365094c41425c616c69636513532d312d352d32312d312d322d332d3131303502",
    "30000000000004557365720113436572746966696361746554656d706c61746504557365720109322e352e32",
    "392e31350104030205a001023000080000000000000005000000000000000507070707070707070707070700",
    "e80700a846000201020104801014312e322e3834302e3131333534392e312e312e3108434e3d616c69636502",
    "30000112616c696365406578616d706c652e746573740000000000",
);

/// What lies in one folder goes to another.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = entry.map(|e| (e.path(), to.join(e.file_name()))).unwrap();
        match path.is_dir() {
            true => copy(&path, &to),
            false => std::fs::copy(path, to).map(drop).unwrap(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_takes_no_rows_and_less_room_is_for_changes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let id = store.add(issued(1)).await.unwrap();
    let left = store.shared.room.left();
    drop(store);

    let reopened = |min_free_bytes| {
        drop(open(folder.path()));
        let config = StoreConfig { min_free_bytes, ..StoreConfig::default() };
        SledStore::open(folder.path(), &config).unwrap()
    };
    let is_full = |result: Result<(), StoreError>| matches!(result, Err(StoreError::Full { .. }));
    let store = reopened(left / 2 * 3);
    assert!(is_full(store.check_ready()) && is_full(store.check_size(&issued(2))));
    assert!(is_full(store.add(issued(2)).await.map(drop)));
    let mut row = store.by_id(id).await.unwrap().unwrap();
    row.columns.disposition = Disposition::Revoked;
    store.update(row.clone(), Disposition::Issued).await.unwrap();
    drop(store);

    let store = reopened(u64::MAX);
    assert!(is_full(store.update(row, Disposition::Revoked).await));
    drop(store);
    let store = reopened(0);
    assert_eq!((store.check_ready(), store.add(issued(2)).await), (Ok(()), Ok(RequestId(2))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_lost_its_last_rows_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let [path, older] = ["now", "older"].map(|name| folder.path().join(name));
    let store = open(&path);
    store.add(issued(1)).await.unwrap();
    drop(store);
    drop(open(&path));
    copy(&path, &older);
    let store = open(&path);
    store.add(issued(2)).await.unwrap();
    drop(store);
    std::fs::copy(path.join("ids"), older.join("ids")).unwrap();
    let opened = SledStore::open(&older, &StoreConfig::default());
    let reason = opened.map(drop).unwrap_err().to_string();
    assert!(reason.contains("its last rows are missing") && reason.contains("restore a backup"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_no_id_is_given_that_somebody_may_have() {
    let folder = tempfile::tempdir().unwrap();
    let [path, crashed] = ["now", "crashed"].map(|name| folder.path().join(name));
    let store = open(&path);
    store.add(issued(1)).await.unwrap();
    copy(&path, &crashed);
    store.add(issued(2)).await.unwrap();
    drop(store);

    let store = open(&crashed);
    let id = store.add(issued(3)).await.unwrap();
    assert!(id > RequestId(2), "{id}");
    drop(store);
    let store = open(&crashed);
    assert_eq!(store.add(issued(4)).await, Ok(RequestId(id.0 + 1)), "closed: none is passed over");
    assert_eq!(store.count(Disposition::Issued).await, Ok(3));
}
