use super::*;
use crate::admin::RevokeRequest;
use crate::admin::testing::{Office, SECURITY};
use crate::enroll::testing::{ALICE, CAROL, submission};
use crate::model::{HResult, SerialNumber, testing};
use crate::store::Store;

const DAY: Duration = Duration::from_secs(86_400);

fn code<T>(done: Result<T, AdminError>) -> HResult {
    done.map_or_else(|error| error.hresult(), |_| HResult::S_OK)
}

impl Office {
    /// A row whose certificate, if it is issued, ends so many days from now; resolved a day earlier.
    async fn old(&self, serial: u8, disposition: Disposition, days: i32) -> RequestId {
        let now = SystemTime::now();
        let age = DAY * days.unsigned_abs();
        let end = if days < 0 { now - age } else { now + age };
        let mut row = testing::row(disposition).columns;
        (row.submitted_when, row.resolved_when) = (end - DAY, Some(end - DAY));
        if disposition == Disposition::Pending {
            row.resolved_when = None;
        }
        let issued = matches!(disposition, Disposition::Issued | Disposition::Revoked);
        row.certificate = row.certificate.take().filter(|_| issued);
        if let Some(certificate) = &mut row.certificate {
            certificate.serial_number = SerialNumber(vec![serial]);
            certificate.certificate_hash = [serial; 20];
            certificate.not_after = end;
        }
        self.bench.store.add(row).await.expect("added")
    }

    async fn delete(&self, table: Table, which: Deletion) -> Result<Deleted, AdminError> {
        self.administration.delete_rows(&self.bench.caller(CAROL), table, which).await
    }

    async fn is_there(&self, id: RequestId) -> bool {
        self.bench.store.by_id(id).await.expect("read").is_some()
    }
}

#[test]
fn parameters_say_one_thing() {
    use Table::{Attributes, Crls, Extensions, Requests};
    let time = Some(SystemTime::now());
    let read = |table, flags, row, time| Deletion::from_parameters(table, flags, row, time).ok();
    for table in [Requests, Extensions, Attributes, Crls] {
        assert_eq!(read(table, 0, 5, None), Some(Deletion::Row(5)), "{table:?}");
        assert_eq!(read(table, 0, 0, None), None);
        assert_eq!(read(table, 0, 5, time), None, "row and time");
        assert_eq!(read(table, 3, 5, None), None, "flags that there are not");
    }
    for (table, flags) in [(Requests, 1), (Crls, 0), (Crls, 1)] {
        let expired = time.map(Deletion::ExpiredBefore);
        assert_eq!(read(table, flags, 0, time), expired);
    }
    assert_eq!(read(Requests, 2, 0, time), time.map(Deletion::UnissuedBefore));
    for (table, flags) in [(Requests, 0), (Crls, 2), (Extensions, 0), (Attributes, 1)] {
        assert_eq!(read(table, flags, 0, time), None, "{table:?} {flags}");
    }
    assert_eq!(read(Crls, 2, 5, None), None);
}

#[tokio::test]
async fn a_row_goes_by_its_id_unless_its_certificate_is_of_use() {
    let office = Office::new(SECURITY).await;
    let row = |id: RequestId| Deletion::Row(id.0);
    let one = Deleted { count: 1, more: false };
    for disposition in [Disposition::Pending, Disposition::Denied, Disposition::Failed] {
        let id = office.old(1, disposition, 30).await;
        assert_eq!(office.delete(Table::Requests, row(id)).await.unwrap(), one, "{disposition:?}");
        assert!(!office.is_there(id).await);
    }
    let expired = office.old(2, Disposition::Issued, -1).await;
    let valid = office.old(3, Disposition::Issued, 1).await;
    let listed = office.old(4, Disposition::Revoked, -1).await;
    let forgotten = office.old(5, Disposition::Revoked, -40).await;
    for (id, goes) in [(expired, true), (valid, false), (listed, false), (forgotten, true)] {
        let expected = if goes { HResult::S_OK } else { HResult::E_ACCESSDENIED };
        assert_eq!(code(office.delete(Table::Requests, row(id)).await), expected, "{id}");
        assert_eq!(office.is_there(id).await, !goes);
    }
    let nobody = office.delete(Table::Requests, Deletion::Row(999)).await.unwrap();
    assert_eq!(nobody, Deleted::default(), "no error");
}

#[tokio::test]
async fn rows_go_by_date_and_valid_certificates_stay_whatever_the_date() {
    let office = Office::new(SECURITY).await;
    let old = office.old(1, Disposition::Issued, -30).await;
    let recent = office.old(2, Disposition::Issued, -3).await;
    let valid = office.old(3, Disposition::Issued, 3).await;
    let listed = office.old(4, Disposition::Revoked, -3).await;
    let (pending, denied) = (
        office.old(5, Disposition::Pending, -9).await,
        office.old(6, Disposition::Denied, -2).await,
    );
    let now = SystemTime::now();
    let expired = |time| Deletion::ExpiredBefore(time);
    let count = |deleted: Result<Deleted, AdminError>| deleted.unwrap().count;
    assert_eq!(count(office.delete(Table::Requests, expired(now - DAY * 10)).await), 1);
    assert!(!office.is_there(old).await && office.is_there(recent).await);
    assert_eq!(count(office.delete(Table::Requests, expired(now + DAY * 10)).await), 1);
    assert!(!office.is_there(recent).await);
    assert!(office.is_there(valid).await && office.is_there(listed).await, "of use");
    let unissued = |time| Deletion::UnissuedBefore(time);
    assert_eq!(count(office.delete(Table::Requests, unissued(now - DAY * 5)).await), 1);
    assert!(!office.is_there(pending).await && office.is_there(denied).await);
    assert_eq!(count(office.delete(Table::Requests, unissued(now)).await), 1);
    assert!(!office.is_there(denied).await && office.is_there(valid).await);
}

#[tokio::test]
async fn many_rows_go_at_once() {
    let office = Office::new(SECURITY).await;
    for _ in 0..300 {
        office.old(1, Disposition::Denied, -9).await;
    }
    let deleted = office.delete(Table::Requests, Deletion::UnissuedBefore(SystemTime::now())).await;
    assert_eq!(deleted.unwrap(), Deleted { count: 300, more: false });
    assert_eq!(office.bench.store.count(Disposition::Denied).await.unwrap(), 0);
}

#[tokio::test]
async fn extensions_and_attributes_go_from_rows_that_nothing_depends_on() {
    let office = Office::new(SECURITY).await;
    let alice = office.bench.caller(ALICE);
    let submit = async |template: &str| {
        let request = submission(&format!("CertificateTemplate:{template}\na:b"));
        office.enrollment.submit(&alice, request).await.unwrap().id
    };
    let (issued, pending, denied) =
        (submit("User").await, submit("Approved").await, submit("Nobody").await);
    for table in [Table::Extensions, Table::Attributes] {
        for id in [issued, pending] {
            let refused = office.delete(table, Deletion::Row(id.0)).await;
            assert_eq!(code(refused), HResult::E_ACCESSDENIED, "{table:?}");
        }
        assert!(office.delete(table, Deletion::Row(denied.0)).await.unwrap().count > 0);
        assert_eq!(office.delete(table, Deletion::Row(denied.0)).await.unwrap().count, 0);
        assert_eq!(office.delete(table, Deletion::Row(77)).await.unwrap().count, 0);
    }
    let columns = office.bench.row(denied).await.columns;
    assert!(columns.extensions.is_empty() && columns.attributes.is_empty());
    assert!(!office.bench.row(issued).await.columns.extensions.is_empty());
}

#[tokio::test]
async fn crls_leave_the_table_once_they_are_over() {
    let office = Office::new(SECURITY).await;
    let carol = office.bench.caller(CAROL);
    let publish = async || {
        let publication = crate::admin::Publication::from_flags(3).unwrap();
        office.administration.publish_crls(&carol, publication, None).await.unwrap();
    };
    publish().await;
    let rows = || office.administration.crls.watch().borrow().history.clone();
    let before = rows();
    assert_eq!(before.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(before[3].by.as_deref(), Some(r"LAB\carol"));
    assert_eq!(office.delete(Table::Crls, Deletion::Row(1)).await.unwrap().count, 1);
    assert_eq!(code(office.delete(Table::Crls, Deletion::Row(3)).await), HResult::E_ACCESSDENIED);
    assert_eq!(office.delete(Table::Crls, Deletion::Row(1)).await.unwrap().count, 0);
    let far = Deletion::ExpiredBefore(SystemTime::now() + DAY * 3_650);
    assert_eq!(office.delete(Table::Crls, far).await.unwrap().count, 1, "those in use stay");
    assert_eq!(rows().iter().map(|row| row.id).collect::<Vec<_>>(), [3, 4]);
    let serial = {
        let user = submission("CertificateTemplate:User");
        let id = office.enrollment.submit(&office.bench.caller(ALICE), user).await.unwrap().id;
        office.bench.row(id).await.columns.certificate.unwrap().serial_number.to_string()
    };
    let revocation = RevokeRequest { serial: &serial, reason: 1, effective: None };
    let bob = office.bench.caller(crate::enroll::testing::BOB);
    office.administration.revoke(&bob, revocation).await.unwrap();
    publish().await;
    let rows = rows();
    assert_eq!((rows[2].id, rows[2].count, rows[3].count), (5, Some(1), Some(1)));
}
