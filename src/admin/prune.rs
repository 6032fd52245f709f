//! Retention: rows that nobody needs any more are removed ([MS-CSRA] 3.1.4.2.18 does the same on
//! request).

use std::time::{Duration, SystemTime};

use tracing::info;

use crate::ca::CrlConfig;
use crate::model::{Disposition, RequestId, RequestRow};
use crate::store::{Page, Store, StoreError};

/// Which rows go. `None` keeps all of a kind. Pending rows always stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Retention {
    /// How long denied requests stay.
    pub denied: Option<Duration>,
    /// How long requests stay that could not be processed.
    pub failed: Option<Duration>,
    /// How long certificates stay after their end. Revoked ones that CRLs go on to name stay.
    pub expired: Option<Duration>,
    /// How long after its end a revoked certificate is on CRLs: such rows stay for as long.
    pub on_crls: Duration,
}

/// What was removed, or would be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Pruned {
    /// Denied requests.
    pub denied: u64,
    /// Requests that could not be processed.
    pub failed: u64,
    /// Expired certificates, revoked ones included.
    pub expired: u64,
}

impl Retention {
    /// How long after its end a revoked certificate is on CRLs: until one was made after its end, and
    /// that one is over.
    pub fn on_crls(crl: &CrlConfig) -> Duration {
        crl.validity.saturating_mul(3).saturating_add(crl.retain_expired)
    }

    /// Whether a row goes at `now`.
    pub fn drops(&self, row: &RequestRow, now: SystemTime) -> bool {
        let columns = &row.columns;
        let over = |since: SystemTime, age: Option<Duration>| {
            age.and_then(|age| since.checked_add(age)).is_some_and(|end| end < now)
        };
        let decided = columns.resolved_when.unwrap_or(columns.submitted_when);
        let end = columns.certificate.as_ref().map(|certificate| certificate.not_after);
        match columns.disposition {
            Disposition::Denied => over(decided, self.denied),
            Disposition::Failed => over(decided, self.failed),
            Disposition::Issued => end.is_some_and(|end| over(end, self.expired)),
            Disposition::Revoked => {
                let on_crls = columns
                    .certificate
                    .as_ref()
                    .is_none_or(|certificate| certificate.publish_expired_cert_in_crl);
                let age = self.expired.map(|age| age.max(self.on_crls));
                !on_crls && end.is_some_and(|end| over(end, age))
            }
            Disposition::Pending | Disposition::Foreign | Disposition::CaCertificate => false,
        }
    }
}

/// Removes what `retention` drops, or, with `dry_run`, only counts it. A row whose state changes
/// meanwhile stays.
///
/// # Errors
/// Where the table fails; what was removed before stays removed.
pub async fn prune(
    store: &dyn Store,
    retention: &Retention,
    now: SystemTime,
    dry_run: bool,
) -> Result<Pruned, StoreError> {
    let mut pruned = Pruned::default();
    let kinds =
        [Disposition::Denied, Disposition::Failed, Disposition::Issued, Disposition::Revoked];
    for disposition in kinds {
        let count = match disposition {
            Disposition::Denied => &mut pruned.denied,
            Disposition::Failed => &mut pruned.failed,
            _ => &mut pruned.expired,
        };
        let mut page = Page::FIRST;
        loop {
            let rows = store.by_disposition(disposition, page).await?;
            let Some(last) = rows.last().map(|row| row.id) else { break };
            page = page.after(last);
            for row in rows.iter().filter(|row| retention.drops(row, now)) {
                if dry_run || remove(store, row.id, disposition).await? {
                    *count = count.saturating_add(1);
                }
            }
        }
    }
    if !dry_run {
        let Pruned { denied, failed, expired } = pruned;
        info!(denied, failed, expired, events = "4896", "rows removed from the Request table");
    }
    Ok(pruned)
}

/// Whether the row was removed: `false` where somebody else was faster.
async fn remove(store: &dyn Store, id: RequestId, from: Disposition) -> Result<bool, StoreError> {
    match store.remove(id, from).await {
        Ok(()) => Ok(true),
        Err(StoreError::NotFound(_) | StoreError::DispositionChanged { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::model::testing;

    const DAY: Duration = Duration::from_secs(86_400);

    /// Whether a row from 1970, with a certificate that ends after a day, goes `days` later.
    fn drops(disposition: Disposition, days: u32, retention: Retention) -> bool {
        let now = UNIX_EPOCH + DAY * days;
        retention.drops(&testing::row(disposition), now)
    }

    #[test]
    fn rows_go_when_their_time_is_over_and_no_earlier() {
        let all = Retention {
            denied: Some(10 * DAY),
            failed: Some(20 * DAY),
            expired: Some(30 * DAY),
            on_crls: DAY,
        };
        for (disposition, last) in [
            (Disposition::Denied, 10),
            (Disposition::Failed, 20),
            (Disposition::Issued, 31),
            (Disposition::Revoked, 31),
        ] {
            assert!(!drops(disposition, last, all), "{disposition:?}");
            assert!(drops(disposition, last + 1, all), "{disposition:?}");
            assert!(!drops(disposition, 10_000, Retention::default()), "nothing is asked for");
        }
        for kept in [Disposition::Pending, Disposition::Foreign, Disposition::CaCertificate] {
            assert!(!drops(kept, 10_000, all), "{kept:?}");
        }
    }

    #[test]
    fn revoked_certificates_stay_while_crls_name_them() {
        let soon =
            Retention { expired: Some(Duration::ZERO), on_crls: 14 * DAY, ..Retention::default() };
        assert!(!drops(Disposition::Revoked, 15, soon));
        assert!(drops(Disposition::Revoked, 16, soon));
        assert!(drops(Disposition::Issued, 2, soon));
        let mut row = testing::row(Disposition::Revoked);
        row.columns.certificate.as_mut().unwrap().publish_expired_cert_in_crl = true;
        assert!(!soon.drops(&row, UNIX_EPOCH + 10_000 * DAY), "for good");
    }
}
