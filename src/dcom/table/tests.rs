use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Counts, EXPIRY, ObjectTable, PING_PERIOD, TableError, TableLimits};
use crate::auth::SystemEnvironment;
use crate::model::Sid;

const IID: Uuid = Uuid::from_u128(1);
const IID2: Uuid = Uuid::from_u128(2);
const EMPTY: Counts = Counts { objects: 0, interfaces: 0, sets: 0 };

fn table(limits: TableLimits) -> ObjectTable<Arc<()>> {
    ObjectTable::new(limits, Arc::new(SystemEnvironment)).unwrap()
}

fn account(number: u32) -> Sid {
    Sid::new(5, &[21, 1, 2, 3, number]).unwrap()
}

fn address(number: u32) -> IpAddr {
    std::net::Ipv4Addr::from_bits(0x0A00_0000 + number).into()
}

/// Room for entries in all maps.
fn capacity(table: &ObjectTable<Arc<()>>) -> usize {
    table.objects.capacity()
        + table.interfaces.capacity()
        + table.sets.capacity()
        + table.objects_of.capacity()
        + table.sets_of.capacity()
}

#[test]
fn references_are_counted_by_interface() {
    let mut table = table(TableLimits::default());
    let (now, alice, bob) = (Instant::now(), account(1), account(2));
    let object = Arc::new(());
    let watch = Arc::downgrade(&object);
    let first = table.export(&alice, object, IID, 5, now).unwrap();
    assert_eq!((first.flags, first.c_public_refs, first.oxid), (0, 5, table.oxid()));
    assert_eq!(table.find(first.ipid).map(|(iid, _)| iid), Some(IID));
    assert!(table.find(Uuid::from_u128(7)).is_none());

    let again = table.reference(first.ipid, IID, 2, now).unwrap();
    assert_eq!((again.ipid, again.oid, again.c_public_refs), (first.ipid, first.oid, 2));
    let second = table.reference(first.ipid, IID2, 1, now).unwrap();
    assert_eq!(second.oid, first.oid);
    assert_ne!(second.ipid, first.ipid);
    assert_eq!(table.counts(), Counts { objects: 1, interfaces: 2, sets: 0 });

    assert!(table.release(first.ipid, 6, 0, &alice).is_none());
    assert!(table.find(first.ipid).is_some(), "one of seven references is left");
    table.add_references(first.ipid, 1, 3, &alice).unwrap();
    assert!(table.release(first.ipid, 100, 0, &alice).is_none());
    assert!(table.release(first.ipid, 0, 100, &bob).is_none(), "private references are alice's");
    assert!(table.find(first.ipid).is_some());
    assert!(table.release(first.ipid, 0, 3, &alice).is_none(), "the second interface is left");
    assert!(table.find(first.ipid).is_none());
    let unknown = table.add_references(first.ipid, 1, 0, &alice);
    assert_eq!(unknown, Err(TableError::UnknownObject));

    drop(table.release(second.ipid, 1, 0, &bob).expect("the object ends"));
    assert!(watch.upgrade().is_none(), "nothing keeps the object");
    assert_eq!(table.counts(), EMPTY);
}

#[test]
fn references_do_not_overflow() {
    let mut table = table(TableLimits::default());
    let (now, alice) = (Instant::now(), account(1));
    let ipid = table.export(&alice, Arc::new(()), IID, u32::MAX, now).unwrap().ipid;
    table.reference(ipid, IID, u32::MAX, now).unwrap();
    table.add_references(ipid, u32::MAX, u32::MAX, &alice).unwrap();
    table.add_references(ipid, 0, u32::MAX, &alice).unwrap();
    assert!(table.release(ipid, u32::MAX, 0, &alice).is_none());
    assert!(table.release(ipid, 0, u32::MAX, &alice).is_some());
}

#[test]
fn private_references_are_held_by_few_accounts() {
    let mut table = table(TableLimits::default());
    let ipid = table.export(&account(0), Arc::new(()), IID, 1, Instant::now()).unwrap().ipid;
    for number in 0..4 {
        table.add_references(ipid, 0, 1, &account(number)).unwrap();
    }
    assert!(matches!(table.add_references(ipid, 0, 1, &account(99)), Err(TableError::Limit(_))));
    table.add_references(ipid, 0, 1, &account(3)).unwrap();
}

#[test]
fn ten_thousand_activations_and_releases_leave_nothing() {
    let mut table = table(TableLimits::default());
    let (now, alice) = (Instant::now(), account(1));
    for _ in 0..10_000 {
        let first = table.export(&alice, Arc::new(()), IID, 5, now).unwrap();
        let second = table.reference(first.ipid, IID2, 5, now).unwrap();
        assert!(table.release(first.ipid, 5, 0, &alice).is_none());
        assert!(table.release(second.ipid, 5, 0, &alice).is_some());
    }
    assert_eq!(table.counts(), EMPTY);
    assert!(table.objects_of.is_empty());
    let room = capacity(&table);
    assert!(room < 100, "{room}");
}

#[test]
fn a_thousand_clients_that_vanish_leave_nothing() {
    let mut table = table(TableLimits::default());
    let start = Instant::now();
    let empty = capacity(&table);
    let objects: Vec<_> = (0..1000).map(|_| Arc::new(())).collect();
    for (number, object) in (0_u32..).zip(&objects) {
        let object = Arc::clone(object);
        let reference = table.export(&account(number), object, IID, 5, start).unwrap();
        // Half of them vanish after they have begun to ping.
        if number % 2 == 0 {
            let oids = [reference.oid];
            table.complex_ping(address(number), 0, 1, (&oids, &[]), start).unwrap();
        }
    }
    assert_eq!(table.counts(), Counts { objects: 1000, interfaces: 1000, sets: 500 });
    let full = capacity(&table);
    assert_eq!(table.collect(start + EXPIRY - Duration::from_secs(1)).len(), 0);
    assert_eq!(table.collect(start + EXPIRY).len(), 1000);
    assert_eq!(table.counts(), EMPTY);
    assert!(objects.iter().all(|object| Arc::strong_count(object) == 1));
    assert_eq!(table.memberships, 0);
    assert!(capacity(&table) <= empty + 5 * 64 && capacity(&table) * 4 < full);
}

#[test]
fn pings_and_calls_keep_objects() {
    let mut table = table(TableLimits::default());
    let (start, alice) = (Instant::now(), account(1));
    let mut export = || table.export(&alice, Arc::new(()), IID, 5, start).unwrap();
    let (pinged, called, forgotten) = (export(), export(), export());
    let set = table.complex_ping(address(1), 0, 1, (&[pinged.oid], &[]), start).unwrap();
    assert_ne!(set, 0);
    for period in 1..=10 {
        let now = start + PING_PERIOD * period;
        table.simple_ping(set, now).unwrap();
        table.touch(called.ipid, now);
        table.collect(now);
    }
    assert!(table.find(pinged.ipid).is_some());
    assert!(table.find(called.ipid).is_some());
    assert!(table.find(forgotten.ipid).is_none());

    let later = start + PING_PERIOD * 13;
    assert_eq!(table.collect(later).len(), 2);
    assert_eq!(table.simple_ping(set, later), Err(TableError::UnknownSet));
}

#[test]
fn sets_change_as_their_client_says() {
    let mut table = table(TableLimits::default());
    let (start, alice, here) = (Instant::now(), account(1), address(1));
    let mut export = || table.export(&alice, Arc::new(()), IID, 5, start).unwrap();
    let (one, two) = (export(), export());
    let unknown = 1;
    let set = table.complex_ping(here, 0, 1, (&[one.oid, unknown], &[]), start).unwrap();
    assert_eq!(table.sets[&set].oids.len(), 1, "a new set leaves out what is unknown");

    let oids = [unknown, two.oid];
    let answer = table.complex_ping(here, set, 2, (&oids, &[one.oid]), start);
    assert_eq!(answer, Err(TableError::UnknownObject));
    assert!(table.sets[&set].oids.contains(&two.oid), "the rest is done");
    assert!(!table.sets[&set].oids.contains(&one.oid));
    assert_eq!((table.objects[&one.oid].sets, table.objects[&two.oid].sets), (0, 1));

    let stale = table.complex_ping(here, set, 1, (&[], &[two.oid]), start);
    assert_eq!(stale, Ok(set));
    assert!(table.sets[&set].oids.contains(&two.oid), "an old change is not made");

    // The numbers wrap around after 65,535.
    for sequence in [0x7000, 0xE000, 0x0001] {
        table.complex_ping(here, set, sequence, (&[one.oid], &[]), start).unwrap();
        assert_eq!(table.sets[&set].sequence, sequence);
    }
    let nobody = table.complex_ping(here, set.wrapping_add(1), 1, (&[], &[]), start);
    assert_eq!(nobody, Err(TableError::UnknownSet));

    // A released object may still be in a set.
    assert!(table.release(one.ipid, 5, 0, &alice).is_some());
    assert_eq!(table.collect(start + EXPIRY).len(), 1);
    assert_eq!((table.counts(), table.memberships), (EMPTY, 0));
}

#[test]
fn no_client_can_fill_the_table() {
    let limits = TableLimits {
        objects: 5,
        objects_per_account: 3,
        sets: 3,
        sets_per_address: 2,
        memberships: 4,
    };
    let mut table = table(limits);
    let now = Instant::now();
    let mut oids = Vec::new();
    for (number, exported) in [(1, 3), (2, 2), (3, 0)] {
        let refs = (0..4).map(|_| table.export(&account(number), Arc::new(()), IID, 1, now));
        let refs: Vec<_> = refs.filter_map(Result::ok).collect();
        assert_eq!(refs.len(), exported);
        oids.extend(refs.into_iter().map(|reference| reference.oid));
    }
    let mut sets = Vec::new();
    for (number, made) in [(1, 2), (2, 1), (3, 0)] {
        let new = (0..3).map(|_| table.complex_ping(address(number), 0, 1, (&[], &[]), now));
        let new: Vec<_> = new.filter_map(Result::ok).collect();
        assert_eq!(new.len(), made);
        sets.extend(new);
    }
    let full = table.complex_ping(address(1), sets[0], 2, (&oids, &[]), now);
    assert!(matches!(full, Err(TableError::Limit(_))));
    assert_eq!(table.memberships, 4);
    assert_eq!(table.collect(now + EXPIRY).len(), 5);
    assert_eq!((table.counts(), table.memberships), (EMPTY, 0));
}
