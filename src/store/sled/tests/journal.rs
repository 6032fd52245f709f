//! What the journal is for: a table of which sled has not written everything.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::plan::Plan;
use super::*;

thread_local! {
    /// How many changes of trees go through on this thread before one fails.
    static STEPS: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Called for each change of a tree.
pub(in super::super) fn step() -> Result<(), StoreError> {
    match STEPS.get().checked_sub(1) {
        Some(left) => STEPS.set(left),
        None => return Err(read_error("a crash")),
    }
    Ok(())
}

/// The writes of one commit: a row that shrinks and is issued, one that goes, a new one and one of a
/// backup, of several chunks each.
fn writes(pending: &RequestRow) -> Vec<Write> {
    let encoded = |row: &RequestRow| EncodedRow::of(row, MAX_ROW_BYTES).unwrap();
    let large = |serial| NewRow { raw_request: vec![7; 20_000], ..issued(serial) };
    let mut resolved = RequestRow { columns: issued(11), ..pending.clone() };
    resolved.columns.requester_name = r"LAB\other".to_owned();
    let restored = RequestRow { id: RequestId(9), columns: large(12), ..pending.clone() };
    vec![
        Write::Update { id: pending.id, from: Disposition::Pending, row: encoded(&resolved) },
        Write::Remove { id: RequestId(2), from: Some(Disposition::Issued) },
        Write::Add(EncodedRow::new(&large(13), MAX_ROW_BYTES).unwrap()),
        Write::Restore { id: restored.id, row: encoded(&restored) },
    ]
}

#[tokio::test]
async fn wherever_a_crash_leaves_a_commit_the_journal_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    let store = open(&base);
    let large =
        NewRow { raw_request: vec![9; 20_000], ..row(r"LAB\alice", Disposition::Pending, None) };
    let pending = store.add(large.clone()).await.unwrap();
    store.add(NewRow { raw_request: vec![8; 20_000], ..issued(10) }).await.unwrap();
    let pending = store.by_id(pending).await.unwrap().unwrap();
    drop(store);
    drop(open(&base));

    let (mut expected, mut steps) = (None, 0);
    loop {
        let path = folder.path().join(steps.to_string());
        copy(&base, &path);
        let store = open(&path);
        let shared = &store.shared;
        let before = shared.state().unwrap().clone();
        let writes = writes(&pending);
        let mut plan = Plan::new(shared, &before);
        plan.take(&writes);
        assert!(plan.answers.iter().all(Result::is_ok), "{:?}", plan.answers);
        let mut commit = vec![1];
        commit::encode(&plan.changes, &plan.state, &mut commit).unwrap();
        let whole = expected.is_none();
        STEPS.set(if whole { usize::MAX } else { steps });
        let applied = commit::apply(&shared.trees, &plan.changes, &plan.state);
        STEPS.set(usize::MAX);
        let is_over = !whole && applied.is_ok();
        let after = match whole {
            true => plan.state.clone(),
            false => commit::replay(&shared.trees, &commit).unwrap(),
        };
        *shared.state().unwrap() = after;
        let found = content(&store).await;
        assert_eq!(found, *expected.get_or_insert(found.clone()), "after {steps} steps");
        drop(store);
        std::fs::remove_dir_all(path).unwrap();
        if is_over {
            break;
        }
        steps += usize::from(!whole);
    }
    assert!(steps > 30, "{steps} changes of trees");
}

/// Everything in a table that can be asked for.
async fn content(store: &SledStore) -> (Vec<RequestRow>, State) {
    let scan =
        Scan { order: Order::Id(0..=u32::MAX), descending: false, last: RequestId(u32::MAX) };
    let rows = store.scan(scan, None, MAX_PAGE).await.unwrap();
    // The certificates of these rows are none.
    let of_certificate =
        |found: &Inconsistency| found.problem.to_lowercase().contains("certificate");
    let checked = store.check(|found| assert!(of_certificate(&found), "{found:?}")).unwrap();
    assert_eq!(checked.rows, u64::try_from(rows.len()).unwrap());
    (rows.into_iter().map(|(_, row)| row).collect(), store.shared.state().unwrap().clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sled_had_not_written_comes_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let [path, cut] = ["now", "cut"].map(|name| folder.path().join(name));
    let store = open(&path);
    store.add(issued(1)).await.unwrap();
    drop(store);
    copy(&path, &cut);

    let store = open(&path);
    for serial in 2..=40 {
        store.add(issued(serial)).await.unwrap();
    }
    let mut row = store.by_id(RequestId(1)).await.unwrap().unwrap();
    row.columns.disposition = Disposition::Revoked;
    row.revoked_when = Some(SystemTime::UNIX_EPOCH);
    row.revoked_reason = Some(1);
    store.update(row.clone(), Disposition::Issued).await.unwrap();
    store.remove(RequestId(2), Disposition::Issued).await.unwrap();
    let restored = RequestRow { id: RequestId(50), ..row };
    assert!(store.restore(vec![restored.clone()]).await.is_err(), "its serial number is taken");
    let mut columns = issued(77);
    columns.requester_name = r"LAB\other".to_owned();
    store.restore(vec![RequestRow { columns, ..restored }]).await.unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_millis(1_900_000_000_500);
    store.advance(60, Some(long_ago)).await.unwrap();
    let expected = content(&store).await;
    assert_eq!((expected.0.len(), expected.1.next_id), (40, 60));
    assert_eq!(expected.1.last_issued, Some(long_ago));

    // As after a power cut: what sled wrote since is lost, and what the journal has is not.
    std::fs::copy(path.join("journal"), cut.join("journal")).unwrap();
    let found = content(&open(&cut)).await;
    assert_eq!(found, expected);
    assert_eq!(content(&open(&cut)).await, expected, "once");
    drop(store);
    assert_eq!(content(&open(&path)).await, expected);

    let without = StoreConfig::default();
    std::fs::remove_file(cut.join("journal")).unwrap();
    let refused = SledStore::open(&cut, &without).map(drop).unwrap_err().to_string();
    assert!(refused.contains("its file journal is missing"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_is_full_begins_again_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let [path, crashed] = ["now", "crashed"].map(|name| folder.path().join(name));
    let store = Arc::new(open(&path));
    let large = |serial| NewRow { raw_request: vec![7; 60_000], ..issued(serial) };
    let rows = 400_u64;
    let mut adds = tokio::task::JoinSet::new();
    for serial in 1..=rows {
        let (store, row) = (Arc::clone(&store), large(serial));
        adds.spawn(async move { store.add(row).await.unwrap() });
    }
    assert_eq!(adds.join_all().await.len(), 400);
    let length = std::fs::metadata(path.join("journal")).unwrap().len();
    assert!(length < 16 * 1024 * 1024, "24 MB of rows leave a journal of {length} bytes");
    copy(&path, &crashed);
    let store = open(&crashed);
    assert_eq!(store.count(Disposition::Issued).await, Ok(rows));
    for id in 1..=400 {
        let row = store.by_id(RequestId(id)).await.unwrap();
        assert_eq!(row.map(|row| row.columns.raw_request.len()), Some(60_000), "row {id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_of_a_table_with_older_rows_does_not_make_an_empty_one_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("now");
    drop(open(&path));
    std::fs::remove_file(path.join("journal")).unwrap();
    {
        // As version 4 leaves it.
        let db = ::sled::open(&path).unwrap();
        let meta = db.open_tree("meta").unwrap();
        let state = postcard::to_stdvec(&(1_u32, None::<SystemTime>, BTreeMap::<u32, u64>::new()));
        meta.insert(STATE_KEY, state.unwrap()).unwrap();
        meta.insert(FORMAT_KEY, &4u32.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    let store = open(&path);
    assert_eq!(store.add(issued(1)).await, Ok(RequestId(1)));
    drop(store);
    assert_eq!(content(&open(&path)).await.0.len(), 1);
    std::fs::write(path.join("db"), b"").unwrap();
    let refused = SledStore::open(&path, &StoreConfig::default()).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_leaves_all_counts_as_they_are_is_kept_and_refusals_leave_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let id = store.add(issued(1)).await.unwrap();
    let mut row = store.by_id(id).await.unwrap().unwrap();
    row.columns.disposition_message = "Reissued".to_owned();
    store.update(row.clone(), Disposition::Issued).await.unwrap();
    let commit = store.shared.state().unwrap().commit;
    assert_eq!(commit, 2);
    for _ in 0..3 {
        assert!(matches!(store.add(issued(1)).await, Err(StoreError::SerialExists(_))));
    }
    assert_eq!(store.shared.state().unwrap().commit, commit);
    drop(store);
    assert_eq!(open(folder.path()).by_id(id).await.unwrap().unwrap(), row);
}
