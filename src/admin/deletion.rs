//! Rows that administrators delete ([MS-CSRA] 3.1.4.2.18), within the bounds of retention: what a
//! certificate that still is valid needs stays.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use super::audit::AuditFilter;
use super::prune::Retention;
use super::{AdminError, Administration, Table};
use crate::model::{BoxFuture, Caller, Disposition, RequestId, RequestRow};
use crate::store::{MAX_PAGE, Order, Page, Scan, Start, StoreError};

/// Rows that one call deletes at most; the client calls again for more.
const MAX_DELETED: u32 = 16 * 1024;

/// Which rows DeleteRow is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deletion {
    /// The row of this identifier.
    Row(u32),
    /// Rows with expired certificates (CDR_EXPIRED), or CRLs, that ended before then.
    ExpiredBefore(SystemTime),
    /// Requests that wait or were not issued (CDR_REQUEST_LAST_CHANGED), and were last changed before
    /// then.
    UnissuedBefore(SystemTime),
}

impl Deletion {
    const EXPIRED: u32 = 1;
    const LAST_CHANGED: u32 = 2;

    /// From the parameters of DeleteRow for this table. `time` is given where it is not 0.
    ///
    /// # Errors
    /// Where they do not fit each other or the table.
    pub fn from_parameters(
        table: Table,
        flags: u32,
        row: u32,
        time: Option<SystemTime>,
    ) -> Result<Self, AdminError> {
        let most = match table {
            Table::Requests => Self::LAST_CHANGED,
            Table::Crls => Self::EXPIRED,
            Table::Extensions | Table::Attributes => 0,
        };
        if flags > most {
            return Err(AdminError::Argument("the table has no rows of these flags to delete"));
        }
        match (row, time, table, flags) {
            (1.., None, ..) => Ok(Self::Row(row)),
            (0, Some(time), Table::Crls, _) | (0, Some(time), Table::Requests, Self::EXPIRED) => {
                Ok(Self::ExpiredBefore(time))
            }
            (0, Some(time), Table::Requests, Self::LAST_CHANGED) => Ok(Self::UnissuedBefore(time)),
            (0, Some(_), ..) => Err(AdminError::Argument("rows of this table go one by one")),
            _ => Err(AdminError::Argument("either a row or a time says what to delete")),
        }
    }
}

/// What was deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Deleted {
    /// Rows of the table.
    pub count: u32,
    /// Whether there are more to delete.
    pub more: bool,
}

impl Administration {
    /// Deletes rows. The caller has been checked.
    ///
    /// # Errors
    /// Where a row is still needed, or the table fails.
    pub async fn delete_rows(
        &self,
        caller: &Caller,
        table: Table,
        which: Deletion,
    ) -> Result<Deleted, AdminError> {
        let _changes = self.changes.lock().await;
        let deleted = match (table, which) {
            (Table::Requests, Deletion::Row(id)) => self.delete_request(RequestId(id)).await?,
            (Table::Requests, Deletion::ExpiredBefore(time)) => self.delete_expired(time).await?,
            (Table::Requests, Deletion::UnissuedBefore(time)) => self.delete_unissued(time).await?,
            (Table::Crls, Deletion::Row(id)) => self.crls.forget(|row| row.id == id).await?,
            (Table::Crls, Deletion::ExpiredBefore(time)) => {
                self.crls.forget(|row| row.next_update < time).await?
            }
            (Table::Extensions | Table::Attributes, Deletion::Row(id)) => {
                self.delete_parts(table, RequestId(id)).await?
            }
            _ => return Err(AdminError::Argument("rows of this table go one by one")),
        };
        let Deleted { count, .. } = deleted;
        let what = format!("{count} rows of table {table:?} deleted: {which:?}");
        self.audit(caller, 4896, AuditFilter::REQUESTS, what);
        Ok(deleted)
    }

    /// How long rows of certificates stay: until their end, and revoked ones while CRLs name them.
    fn retention(&self) -> Retention {
        let on_crls = Retention::on_crls(&self.crls.config());
        Retention { expired: Some(Duration::ZERO), on_crls, ..Retention::default() }
    }

    /// Whether a row may go: nobody can use its certificate any more.
    fn check_unneeded(&self, row: &RequestRow) -> Result<(), AdminError> {
        match row.columns.disposition {
            Disposition::Pending | Disposition::Failed | Disposition::Denied => Ok(()),
            _ if self.delete_valid || self.retention().drops(row, SystemTime::now()) => Ok(()),
            _ => Err(AdminError::Needed(
                "its certificate is valid, or revoked and on CRLs; administration.delete_valid \
                 allows that",
            )),
        }
    }

    async fn delete_request(&self, id: RequestId) -> Result<Deleted, AdminError> {
        let Some(row) = self.store.by_id(id).await? else { return Ok(Deleted::default()) };
        self.check_unneeded(&row)?;
        self.store.remove(id, row.columns.disposition).await?;
        Ok(Deleted { count: 1, more: false })
    }

    async fn delete_expired(&self, time: SystemTime) -> Result<Deleted, AdminError> {
        let now = SystemTime::now();
        let seconds = time.min(now).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let last = self.store.last_id().await?;
        let scan = Scan { order: Order::Expiry(0..=seconds.as_secs()), descending: false, last };
        let retention = self.retention();
        let (mut deleted, mut start) = (Deleted::default(), None);
        loop {
            let page = self.store.scan(scan.clone(), start.take(), MAX_PAGE).await?;
            let Some((position, _)) = page.last() else { return Ok(deleted) };
            start = Some(Start::After(position.clone()));
            let goes = |row: &RequestRow| {
                let columns = &row.columns;
                let end = columns.certificate.as_ref().map(|certificate| certificate.not_after);
                end.is_some_and(|end| end < time) && retention.drops(row, now)
            };
            let rows = page.into_iter().map(|(_, row)| row).filter(goes);
            deleted.count = deleted.count.saturating_add(self.remove_all(rows).await?);
            if deleted.count >= MAX_DELETED {
                return Ok(Deleted { more: true, ..deleted });
            }
        }
    }

    async fn delete_unissued(&self, time: SystemTime) -> Result<Deleted, AdminError> {
        let mut deleted = Deleted::default();
        for disposition in [Disposition::Pending, Disposition::Failed, Disposition::Denied] {
            let mut page = Page::FIRST;
            loop {
                let rows = self.store.by_disposition(disposition, page).await?;
                let Some(last) = rows.last().map(|row| row.id) else { break };
                page = page.after(last);
                let goes = |row: &RequestRow| {
                    let columns = &row.columns;
                    columns.resolved_when.unwrap_or(columns.submitted_when) < time
                };
                let rows = rows.into_iter().filter(goes);
                deleted.count = deleted.count.saturating_add(self.remove_all(rows).await?);
                if deleted.count >= MAX_DELETED {
                    return Ok(Deleted { more: true, ..deleted });
                }
            }
        }
        Ok(deleted)
    }

    /// Removes rows, together; the number of those that were as they had been read.
    async fn remove_all(&self, rows: impl Iterator<Item = RequestRow>) -> Result<u32, AdminError> {
        let removals = rows.map(|row| self.store.remove(row.id, row.columns.disposition));
        let mut count = 0_u32;
        for removed in all(removals.collect()).await {
            match removed {
                Ok(()) => count = count.saturating_add(1),
                Err(StoreError::NotFound(_) | StoreError::DispositionChanged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(count)
    }

    /// Deletes the extensions or attributes of a request that nothing depends on any more. What a
    /// pending request asks for is not changed in this way.
    async fn delete_parts(&self, table: Table, id: RequestId) -> Result<Deleted, AdminError> {
        let Some(mut row) = self.store.by_id(id).await? else { return Ok(Deleted::default()) };
        let from = row.columns.disposition;
        if from == Disposition::Pending {
            return Err(AdminError::Needed("the request waits for a decision"));
        }
        self.check_unneeded(&row)?;
        let count = match table {
            Table::Extensions => std::mem::take(&mut row.columns.extensions).len(),
            _ => std::mem::take(&mut row.columns.attributes).len(),
        };
        self.store.update(row, from).await?;
        Ok(Deleted { count: u32::try_from(count).unwrap_or(u32::MAX), more: false })
    }
}

/// Waits for all of these at once, so that they share a commit; what they said, in no order.
async fn all<T>(mut running: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut done = Vec::with_capacity(running.len());
    poll_fn(move |context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                done.push(value);
                false
            }
            Poll::Pending => true,
        });
        match running.is_empty() {
            true => Poll::Ready(std::mem::take(&mut done)),
            false => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests;
