use std::time::{Duration, SystemTime};

use super::*;
use crate::admin::testing::{Office, SECURITY};
use crate::enroll::testing::{ALICE, BOB, CAROL, submission};
use crate::model::{Disposition, NewRow, SerialNumber, testing};
use crate::store::{Order, SledStore};

/// A row of the kind that a test asks for.
fn row(disposition: Disposition, requester: &str, template: &str, serial: u32) -> NewRow {
    let mut columns = testing::row(disposition).columns;
    columns.requester_name = requester.to_owned();
    columns.certificate_template = template.to_owned();
    columns.attributes = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
    columns.extensions = vec![("1.2.3".to_owned(), 1, vec![5, 0])];
    let issued = matches!(disposition, Disposition::Issued | Disposition::Revoked);
    columns.certificate = columns.certificate.filter(|_| issued);
    if let Some(certificate) = &mut columns.certificate {
        certificate.serial_number = SerialNumber((0x1000_0000 | serial).to_be_bytes().to_vec());
        certificate.certificate_hash = [0; 20];
        certificate.certificate_hash[..4].copy_from_slice(&serial.to_be_bytes());
        certificate.not_after =
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + u64::from(serial) * 3600);
    }
    columns
}

/// Rows 1 to `count`: each tenth pends, each tenth is denied, every other one is Bob's, one in five is
/// by the template Server.
async fn fill(store: &SledStore, count: u32) {
    for id in 1..=count {
        let disposition = match id % 10 {
            0 => Disposition::Pending,
            5 => Disposition::Denied,
            _ => Disposition::Issued,
        };
        let requester = if id % 2 == 0 { r"LAB\bob" } else { r"LAB\alice" };
        let template = if id % 5 == 1 { "Server" } else { "User" };
        let added = store.add(row(disposition, requester, template, count - id)).await;
        assert_eq!(added.expect("added").0, id);
    }
}

fn long(column: u32, operator: i32, value: u32) -> Restriction {
    Restriction { column, operator, sort: 0, value: value.to_le_bytes().to_vec() }
}

fn text(column: u32, value: &str) -> Restriction {
    let value = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Restriction { column, operator: 1, sort: 0, value }
}

fn sorted(column: u32, sort: i32) -> Restriction {
    Restriction { column, operator: 0, sort, value: Vec::new() }
}

struct Desk(Office);

impl Desk {
    async fn new(count: u32) -> Self {
        let office = Office::new(SECURITY).await;
        fill(&office.bench.store, count).await;
        Self(office)
    }

    async fn open(&self, restrictions: &[Restriction], columns: &[u32]) -> View {
        let request =
            ViewRequest { restrictions: restrictions.to_vec(), columns: columns.to_vec() };
        let caller = self.0.bench.caller(CAROL);
        self.0.administration.open_view(&caller, &request).await.expect("opened")
    }

    async fn read(&self, view: &mut View, first: u32, count: u32) -> (Vec<u32>, Option<u32>) {
        let page = self.0.administration.read_view(view, first, count).await.expect("read");
        (page.rows.iter().map(|row| row.id).collect(), page.total)
    }

    /// All ids, seven at a time, and the number of rows that were touched.
    async fn all(&self, restrictions: &[Restriction]) -> (Vec<u32>, u64) {
        let mut view = self.open(restrictions, &[0x1000]).await;
        let mut ids = Vec::new();
        loop {
            let (page, total) = self.read(&mut view, ids.len() as u32 + 1, 7).await;
            ids.extend(&page);
            if let Some(total) = total {
                assert_eq!(total as usize, ids.len());
                return (ids, view.touched());
            }
            assert_eq!(page.len(), 7);
        }
    }
}

#[tokio::test]
async fn pages_join_without_gap_and_end_with_the_total() {
    let desk = Desk::new(40).await;
    let (ids, touched) = desk.all(&[]).await;
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
    assert_eq!(touched, 40);
    let (ids, _) = desk.all(&[sorted(0x1000, 2)]).await;
    assert_eq!(ids, (1..=40).rev().collect::<Vec<_>>());
    let mut view = desk.open(&[], &[0x1000]).await;
    assert_eq!(desk.read(&mut view, 0, 3).await, (vec![1, 2, 3], None), "0 is 1");
    assert_eq!(desk.read(&mut view, 38, 3).await, (vec![38, 39, 40], None));
    assert_eq!(desk.read(&mut view, 41, 3).await, (vec![], Some(40)));
    assert_eq!(desk.read(&mut view, 99, 3).await, (vec![], Some(40)));
    assert_eq!(desk.read(&mut view, 2, 2).await, (vec![2, 3], None), "back again");
    assert_eq!(desk.read(&mut view, 5, 0).await, (vec![], None));
}

#[tokio::test]
async fn restrictions_by_an_index_touch_the_rows_that_they_show() {
    let desk = Desk::new(100).await;
    let serial = "10000033";
    let moment = (11_644_473_600_u64 + 1_800_000_000 + 3600 * 9) * 10_000_000;
    let until = Restriction { value: moment.to_le_bytes().to_vec(), ..long(0x200A, 4, 0) };
    for (what, restrictions, count) in [
        ("id", vec![long(0x1000, 1, 77)], 1),
        ("ids", vec![long(0x1000, 8, 11), long(0x1000, 2, 31)], 20),
        ("serial", vec![text(0x2007, serial)], 1),
        ("requester", vec![text(0x1010, r"lab\BOB")], 50),
        ("disposition", vec![long(0x1009, 1, 9)], 10),
        ("queue", vec![long(0xFFFF_FFFF, 0, 0)], 10),
        ("failed", vec![long(0xFFFF_FFFD, 0, 0)], 10),
        ("log", vec![long(0xFFFF_FFFE, 0, 0)], 90),
        ("template", vec![text(0x2003, "Server")], 20),
        ("expiry", vec![until], 8),
    ] {
        let (ids, touched) = desk.all(&restrictions).await;
        assert_eq!(ids.len(), count, "{what}");
        assert_eq!(touched as usize, count, "{what}");
        if what != "expiry" {
            assert!(ids.is_sorted(), "{what}");
        }
    }
    // One that has no index is a filter.
    let (ids, touched) = desk.all(&[long(0x1008, 1, 0), text(0x1010, r"LAB\bob")]).await;
    assert_eq!((ids.len(), touched), (50, 50));
    let (ids, touched) = desk.all(&[text(0x1011, "nobody")]).await;
    assert_eq!((ids.len(), touched), (0, 100));
}

#[tokio::test]
async fn rows_are_sorted_by_what_has_an_index() {
    let desk = Desk::new(30).await;
    let value = async |column: u32, sort: i32| {
        let mut view = desk.open(&[sorted(column, sort)], &[column]).await;
        let mut values = Vec::new();
        loop {
            let first = values.len() as u32 + 1;
            let page = desk.0.administration.read_view(&mut view, first, 4).await.unwrap();
            values.extend(page.rows.into_iter().map(|row| row.columns[0].1.clone()));
            if page.total.is_some() {
                return values;
            }
        }
    };
    for column in [0x2007, 0x200A, 0x2003, 0x1009, 0x1000] {
        let up = value(column, 1).await;
        assert!(up.len() >= 24, "{column:#x}");
        let in_order = |a: &Option<Value>, b: &Option<Value>| {
            a.as_ref().unwrap().compare(b.as_ref().unwrap()).unwrap().is_le()
        };
        assert!(up.is_sorted_by(in_order), "{column:#x}");
        let mut down = value(column, 2).await;
        down.reverse();
        assert_eq!(down, up, "{column:#x}");
    }
}

#[tokio::test]
async fn a_view_does_not_see_rows_that_come_later() {
    let desk = Desk::new(10).await;
    let mut views = [
        desk.open(&[], &[0x1000]).await,
        desk.open(&[long(0x1009, 8, 20)], &[0x1000]).await,
        desk.open(&[sorted(0x1000, 2)], &[0x1000]).await,
    ];
    let late = row(Disposition::Issued, r"LAB\bob", "User", 900);
    desk.0.bench.store.add(late).await.expect("added");
    for (view, total) in views.iter_mut().zip([10, 9, 10]) {
        let (ids, end) = desk.read(view, 1, 50).await;
        assert!(!ids.contains(&11));
        assert_eq!(end, Some(total));
    }
}

#[tokio::test]
async fn extensions_and_attributes_are_tables_of_their_own() {
    let desk = Desk::new(9).await;
    let rows = async |restrictions: &[Restriction], columns: &[u32]| {
        let mut view = desk.open(restrictions, columns).await;
        let mut rows = Vec::new();
        loop {
            let first = rows.len() as u32 + 1;
            let page = desk.0.administration.read_view(&mut view, first, 3).await.unwrap();
            rows.extend(page.rows);
            if page.total.is_some() {
                return rows;
            }
        }
    };
    let attributes = rows(&[], &[0x3000, 0x3001, 0x3002]).await;
    assert_eq!(attributes.len(), 18);
    let third: Vec<_> = attributes[3].columns.iter().map(|(_, value)| value.clone()).collect();
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(third, [Some(Value::Long(2)), text("b"), text("2")]);
    assert_eq!(attributes[3].id, 2);
    let extensions = rows(&[long(0x4000, 1, 5)], &[0x4000, 0x4001, 0x4002, 0x4003]).await;
    assert_eq!(extensions.len(), 1);
    assert_eq!(extensions[0].columns[3].1, Some(Value::Binary(vec![5, 0])));
    let crls = rows(&[], &[0x5000, 0x5001, 0x5002, 0x500D, 0x5010]).await;
    let flags: Vec<_> = crls.iter().map(|row| row.columns[3].1.clone()).collect();
    assert_eq!(flags, [Some(Value::Long(5)), Some(Value::Long(6))]);
    let crl = desk.0.administration.crl().unwrap();
    assert_eq!(crls[0].columns[4].1, Some(Value::Binary(crl)));
}

#[tokio::test]
async fn columns_hold_what_the_row_says() {
    let desk = Desk(Office::new(SECURITY).await);
    let alice = desk.0.bench.caller(ALICE);
    let user = submission("CertificateTemplate:User");
    desk.0.enrollment.submit(&alice, user).await.expect("taken");
    let all: Vec<u32> = Table::Requests.columns().iter().map(|column| column.id).collect();
    let mut view = desk.open(&[], &all).await;
    let page = desk.0.administration.read_view(&mut view, 1, 10).await.unwrap();
    let [row] = &page.rows[..] else { panic!("one row") };
    let value = |name: &str| {
        let found = row.columns.iter().find(|(column, _)| column.name == name);
        found.unwrap_or_else(|| panic!("{name}")).1.clone()
    };
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(value("Request.RequestID"), Some(Value::Long(1)));
    assert_eq!(value("Request.Disposition"), Some(Value::Long(20)));
    assert_eq!(value("Request.RequesterName"), text(r"LAB\alice"));
    assert_eq!(value("CertificateTemplate"), text("1.3.6.1.4.1.311.21.8.1.2.3"));
    assert_eq!(value("UPN"), text("alice@lab.test"));
    assert_eq!(value("Request.CommonName"), text("asked for"));
    assert_eq!(value("Request.RawArchivedKey"), None);
    let columns = desk.0.bench.row(RequestId(1)).await.columns;
    let certificate = columns.certificate.unwrap();
    assert_eq!(value("RawCertificate"), Some(Value::Binary(certificate.raw)));
    assert_eq!(value("SerialNumber"), text(&certificate.serial_number.to_string()));
    let Some(Value::Text(hash)) = value("CertificateHash") else { panic!("no hash") };
    assert_eq!(hash.replace(' ', ""), hex::encode(certificate.certificate_hash));
    assert_eq!(hash.split(' ').count(), 20);
}

#[tokio::test]
async fn views_are_bounded_for_each_account() {
    let desk = Desk::new(2).await;
    let request = ViewRequest { restrictions: vec![], columns: vec![0x1000] };
    let (bob, carol) = (desk.0.bench.caller(BOB), desk.0.bench.caller(CAROL));
    let open = async |caller| desk.0.administration.open_view(caller, &request).await;
    let mut views = Vec::new();
    for _ in 0..3 {
        views.push(open(&bob).await.expect("opened"));
    }
    assert!(matches!(open(&bob).await, Err(AdminError::TooManyViews(_))));
    views.push(open(&carol).await.expect("another's"));
    views.remove(0);
    open(&bob).await.expect("one was closed");
    for request in [
        ViewRequest::default(),
        ViewRequest { restrictions: vec![], columns: vec![0x1000, 0x5000] },
        ViewRequest { restrictions: vec![], columns: vec![0x1000; MAX_COLUMNS + 1] },
        ViewRequest { restrictions: vec![long(0x5001, 1, 1)], columns: vec![0x1000] },
        ViewRequest {
            restrictions: vec![long(0x1000, 8, 1); MAX_RESTRICTIONS + 1],
            columns: vec![0x1000],
        },
    ] {
        let refused = desk.0.administration.open_view(&carol, &request).await;
        assert!(matches!(refused, Err(AdminError::Argument(_))));
    }
}

#[tokio::test]
async fn an_answer_is_bounded_whatever_is_asked_for() {
    let desk = Desk(Office::new(SECURITY).await);
    for serial in 0..40 {
        let mut large = row(Disposition::Issued, "x", "User", serial);
        large.raw_request = vec![0; 50_000];
        desk.0.bench.store.add(large).await.expect("added");
    }
    let mut view = desk.open(&[], &[0x1000, 0x1001]).await;
    let mut seen = 0;
    let mut pages = 0;
    loop {
        let page = desk.0.administration.read_view(&mut view, seen + 1, u32::MAX).await.unwrap();
        assert!(page.rows.len() <= 22, "about a megabyte");
        seen += page.rows.len() as u32;
        pages += 1;
        if page.total.is_some() {
            break;
        }
        assert!(!page.rows.is_empty());
    }
    assert_eq!((seen, pages), (40, 2));
    assert_eq!(view.source_order(), Some(&Order::Id(0..=u32::MAX)));
}

impl View {
    fn source_order(&self) -> Option<&Order> {
        match &self.source {
            Source::Requests(scan) => Some(&scan.order),
            Source::Crls(_) => None,
        }
    }
}

/// Resident memory of this process, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("there");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") / 1024
}

/// A large table: memory stays flat while it is paged through, and the first page of each restriction
/// that has an index comes at once. `make bench-views` runs it with a million rows (WCCE_ROWS says
/// how many).
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make bench-views"]
async fn a_million_rows_are_paged_in_flat_memory() {
    let count = std::env::var("WCCE_ROWS").map_or(1_000_000, |rows| rows.parse().expect("rows"));
    let desk = Desk(Office::new(SECURITY).await);
    let store = &desk.0.bench.store;
    let mut next = 1_u32;
    while next <= count {
        let mut adding = tokio::task::JoinSet::new();
        for id in next..=count.min(next + 1999) {
            let (disposition, requester) = match id % 1000 {
                0 => (Disposition::Pending, r"LAB\bob".to_owned()),
                _ => (Disposition::Issued, format!(r"LAB\user{}", id % 5000)),
            };
            let template = format!("T{}", id % 1000);
            let store = Arc::clone(store);
            adding
                .spawn(async move { store.add(row(disposition, &requester, &template, id)).await });
        }
        adding.join_all().await.into_iter().for_each(|added| assert!(added.is_ok()));
        next += 2000;
    }
    let moment = (11_644_473_600_u64 + 1_800_000_000 + 3600 * 500) * 10_000_000;
    let until = Restriction { value: moment.to_le_bytes().to_vec(), ..long(0x200A, 4, 0) };
    let serial = format!("{:08x}", 0x1000_0000 | (count / 2 + 1));
    for (what, restrictions) in [
        ("nothing", vec![]),
        ("downwards", vec![sorted(0x1000, 2)]),
        ("id", vec![long(0x1000, 1, count / 2)]),
        ("serial", vec![text(0x2007, &serial)]),
        ("requester", vec![text(0x1010, r"LAB\user77")]),
        ("disposition", vec![long(0x1009, 1, 9)]),
        ("template", vec![text(0x2003, "T77")]),
        ("expiry", vec![until]),
    ] {
        let started = std::time::Instant::now();
        let mut view = desk.open(&restrictions, &[0x1000, 0x1010, 0x2007]).await;
        let (ids, _) = desk.read(&mut view, 1, 100).await;
        let took = started.elapsed();
        println!("{what:12} {:4} rows, {:5} touched, {took:?}", ids.len(), view.touched());
        assert!(view.touched() <= 256 && took < Duration::from_millis(500), "{what}");
        assert!(!ids.is_empty(), "{what}");
    }
    let (before, started) = (resident(), std::time::Instant::now());
    let mut view = desk.open(&[], &[0x1000, 0x1010, 0x2007, 0x200A]).await;
    let (mut seen, mut highest) = (0, before);
    loop {
        let (ids, total) = desk.read(&mut view, seen + 1, 500).await;
        seen += ids.len() as u32;
        highest = highest.max(resident());
        if total.is_some() {
            break;
        }
    }
    println!("{seen} rows in {:?}; {before} MiB before, {highest} MiB at most", started.elapsed());
    assert_eq!(seen, count);
    assert!(highest < before + 128, "the cache of the database has 64 MiB");
}
