//! Snapshots under load, the consistency check, and removal.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn denied() -> NewRow {
    row(r"LAB\bob", Disposition::Denied, None)
}

fn problems(store: &SledStore) -> Vec<(Option<u32>, String)> {
    let mut problems = Vec::new();
    let checked = store
        .check(|Inconsistency { id, problem }| problems.push((id.map(|id| id.0), problem)))
        .expect("checked");
    assert_eq!(checked.problems, problems.len() as u64);
    problems
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_the_table_at_its_end_however_much_is_written_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()));
    for _ in 0..600 {
        store.add(denied()).await.unwrap();
    }
    let busy = Arc::new(AtomicBool::new(true));
    let (writer, on) = (Arc::clone(&store), Arc::clone(&busy));
    // Adds rows, changes early ones, and removes some: the last acknowledged state of each.
    let writing = tokio::spawn(async move {
        let mut serial = 1;
        while on.load(Ordering::Relaxed) {
            writer.add(issued(serial)).await.unwrap();
            let id = RequestId(1 + (serial as u32) % 500);
            if let Some(mut row) = writer.by_id(id).await.unwrap() {
                row.columns.status_code += 1;
                writer.update(row, Disposition::Denied).await.unwrap();
            }
            let gone = RequestId(501 + (serial as u32) % 100);
            let _ = writer.remove(gone, Disposition::Denied).await;
            serial += 1;
        }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let reader = Arc::clone(&store);
    let taken = spawn_blocking(move || {
        let (mut rows, mut ending) = (BTreeMap::new(), None);
        reader
            .snapshot::<StoreError>(|piece| {
                std::thread::sleep(Duration::from_micros(100));
                match piece {
                    Piece::Row(row) => drop(rows.insert(row.id, *row)),
                    Piece::Removed(id) => drop(rows.remove(&id)),
                    Piece::End(end) => ending = Some(end),
                }
                Ok(())
            })
            .unwrap();
        (rows, ending.expect("an end"))
    });
    let (rows, ending) = taken.await.unwrap();
    busy.store(false, Ordering::Relaxed);
    writing.await.unwrap();
    assert_eq!(ending.rows, rows.len() as u64, "as many as the table counted at the end");
    assert_eq!(rows.keys().last().unwrap().0 + 1, ending.next_id);
    assert!(ending.next_id > 601 && rows.values().any(|row| row.columns.status_code > 0));
    assert!(rows.len() < (ending.next_id - 1) as usize, "some were removed");
    // Restored, it is a whole table.
    let other = tempfile::tempdir().unwrap();
    let restored = open(other.path());
    restored.restore(rows.values().cloned().collect()).await.unwrap();
    restored.advance(ending.next_id, ending.last_issued).await.unwrap();
    let found: Vec<_> = problems(&restored).into_iter().filter(|(_, p)| !of_fakes(p)).collect();
    assert_eq!(found, []);
    assert_eq!(restored.last_issued().await, Ok(ending.last_issued));
    assert_eq!(restored.add(denied()).await, Ok(RequestId(ending.next_id)));
    for (id, row) in &rows {
        assert_eq!(restored.by_id(*id).await.unwrap().as_ref(), Some(row));
    }
}

/// The certificates of these tests are none.
fn of_fakes(problem: &str) -> bool {
    problem.contains("certificate") && !problem.contains("index")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for _ in 0..3 {
        store.add(denied()).await.unwrap();
    }
    assert_eq!(problems(&store), []);
    let trees = &store.shared.trees;
    let own = |id: u32| id.to_be_bytes();
    let denied = disposition_prefix(Disposition::Denied.column_value());
    type Plant<'a> = Box<dyn Fn(&Trees) + 'a>;
    let with = |tree: fn(&Trees) -> &::sled::Tree, key: Vec<u8>, value: Vec<u8>| -> Plant<'_> {
        // Takes away what is there, or puts there what is not; then the other way round.
        Box::new(move |trees| {
            let there = tree(trees).contains_key(&key).unwrap();
            let _ = match there {
                true => tree(trees).remove(&key).unwrap(),
                false => tree(trees).insert(&key, value.clone()).unwrap(),
            };
        })
    };
    let plants: Vec<(&str, Plant<'_>)> = vec![
        ("lacks it", with(|t| &t.dispositions, [&denied[..], &own(2)].concat(), vec![])),
        ("no such row", with(|t| &t.dispositions, [&denied[..], &own(77)].concat(), vec![])),
        ("not of it", with(|t| &t.dispositions, [&[0, 0, 0, 20], &own(2)[..]].concat(), vec![])),
        ("not of it", with(|t| &t.serials, vec![1, 2, 3], own(1).to_vec())),
        ("no such row", with(|t| &t.certificate_hashes, vec![9; 20], own(9).to_vec())),
        ("an entry that is none", with(|t| &t.serials, vec![4], vec![1])),
        ("not of it", with(|t| &t.revocations, own(3).to_vec(), vec![0])),
        ("lacks its beginning", with(|t| &t.rows, [&own(8)[..], &[0, 1]].concat(), vec![0])),
    ];
    for (problem, plant) in &plants {
        plant(trees);
        let found = problems(&store);
        assert!(found.iter().any(|(_, text)| text.contains(problem)), "{problem}: {found:?}");
        plant(trees);
        assert_eq!(problems(&store), [], "{problem} mended");
    }
    // A row whose bytes are damaged, and counts that are not those of the rows.
    let key = [&own(1)[..], &[0, 0]].concat();
    let whole = trees.rows.insert(&key, vec![0, 0, 0, 9, 1]).unwrap().unwrap();
    assert!(problems(&store).iter().any(|(id, _)| *id == Some(1)));
    trees.rows.insert(&key, whole).unwrap();
    store.shared.state().unwrap().counts.insert(31, 9);
    assert!(problems(&store)[0].1.contains("it counts"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_row_leaves_nothing_and_its_id_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let large = NewRow { raw_request: vec![7; 20_000], ..issued(5) };
    let id = store.add(large).await.unwrap();
    let wrong = store.remove(id, Disposition::Denied).await;
    assert_eq!(wrong, Err(StoreError::DispositionChanged { id, found: Disposition::Issued }));
    store.remove(id, Disposition::Issued).await.unwrap();
    assert_eq!(store.remove(id, Disposition::Issued).await, Err(StoreError::NotFound(id)));
    assert_eq!(store.by_id(id).await, Ok(None));
    assert!(store.shared.trees.rows.is_empty());
    for (name, tree) in store.shared.trees.indexes() {
        assert!(tree.is_empty(), "{name}");
    }
    assert_eq!(store.count(Disposition::Issued).await, Ok(0));
    assert_eq!(problems(&store), []);
    assert_eq!(store.add(issued(5)).await, Ok(RequestId(id.0 + 1)), "the serial number is free");
}
