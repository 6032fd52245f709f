//! What monitoring asks: metrics, and whether the server lives and can issue.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::ca::{CertificateAuthority, Crls};
use crate::directory::Directory;
use crate::http::Monitored;
use crate::metrics::Page;
use crate::model::{BoxFuture, Disposition};
use crate::store::{Store, StoreError};

/// How long the directory may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is looked at when somebody asks.
pub(super) struct Monitor {
    pub(super) ca: Arc<CertificateAuthority>,
    pub(super) store: Arc<dyn Store>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) crls: watch::Receiver<Crls>,
    pub(super) database: PathBuf,
}

impl Monitored for Monitor {
    fn metrics(&self) -> BoxFuture<'_, String> {
        Box::pin(async move {
            let mut page = Page::of_process();
            self.of_store(&mut page).await;
            self.of_ca(&mut page);
            self.of_directory(&mut page);
            page.into_text()
        })
    }

    fn needs_restart(&self) -> Option<String> {
        match self.store.check_ready() {
            Err(error @ StoreError::Failed(_)) => Some(error.to_string()),
            _ => None,
        }
    }

    fn not_ready(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let mut problems = Vec::new();
            let now = SystemTime::now();
            if !self.ca.certificate().valid_at(now) {
                problems.push("the CA certificate is not valid now".to_owned());
            }
            if let Err(error) = self.store.check_ready() {
                problems.push(error.to_string());
            }
            let last_issued = self.store.last_issued().await.unwrap_or_default();
            if let Err(error) = self.ca.check_clock(now, last_issued) {
                problems.push(error.to_string());
            }
            match tokio::time::timeout(PATIENCE, self.directory.templates()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => problems.push(error.to_string()),
                Err(_) => problems.push("the directory does not answer".to_owned()),
            }
            let base = self.crls.borrow().base.clone();
            if base.is_none_or(|base| base.next_update < now) {
                problems.push("there is no CRL that is valid".to_owned());
            }
            problems
        })
    }
}

impl Monitor {
    async fn of_store(&self, page: &mut Page) {
        page.family("wcce_requests", "gauge", "Rows of the Request table by disposition.");
        for (disposition, label) in [
            (Disposition::Pending, "pending"),
            (Disposition::Issued, "issued"),
            (Disposition::Revoked, "revoked"),
            (Disposition::Failed, "failed"),
            (Disposition::Denied, "denied"),
        ] {
            if let Ok(count) = self.store.count(disposition).await {
                page.sample("wcce_requests", &[("disposition", label)], count);
            }
        }
        let up = u8::from(self.store.last_issued().await.is_ok());
        page.one("wcce_store_up", "gauge", "Whether the Request table is in service.", up);
        let database = self.database.clone();
        let size = tokio::task::spawn_blocking(move || size_of(&database)).await;
        if let Ok(size) = size {
            page.one("wcce_store_bytes", "gauge", "Size of the Request table on disk.", size);
        }
    }

    fn of_ca(&self, page: &mut Page) {
        let now = SystemTime::now();
        let left = self.ca.certificate().not_after.duration_since(now).unwrap_or_default();
        let help = "How long the CA certificate is still valid.";
        page.one("wcce_ca_certificate_seconds_left", "gauge", help, left.as_secs());
        let crls = self.crls.borrow().clone();
        let both = [("base", crls.base), ("delta", crls.delta)];
        let both = both.iter().filter_map(|(kind, crl)| crl.as_ref().map(|crl| (*kind, crl)));
        let all: Vec<_> = both.collect();
        page.family("wcce_crl_number", "gauge", "Number of the current CRL.");
        for (kind, crl) in &all {
            page.sample("wcce_crl_number", &[("kind", kind)], crl.number);
        }
        page.family("wcce_crl_age_seconds", "gauge", "How long ago the current CRL was made.");
        for (kind, crl) in &all {
            let made = crl.this_update.checked_add(self.ca.clock_skew()).unwrap_or(crl.this_update);
            let age = now.duration_since(made).unwrap_or_default();
            page.sample("wcce_crl_age_seconds", &[("kind", kind)], age.as_secs());
        }
        let name = "wcce_crl_seconds_left";
        page.family(name, "gauge", "How long the current CRL is still valid.");
        for (kind, crl) in &all {
            let left = crl.next_update.duration_since(now).unwrap_or_default();
            page.sample(name, &[("kind", kind)], left.as_secs());
        }
    }

    fn of_directory(&self, page: &mut Page) {
        let Some(freshness) = self.directory.freshness() else { return };
        let version = freshness.version;
        page.one(
            "wcce_templates_version",
            "gauge",
            "Changes of the template table so far.",
            version,
        );
        let help = "How long ago a domain controller told what the templates are.";
        page.one("wcce_templates_age_seconds", "gauge", help, freshness.age.as_secs());
        let help = "Whether a domain controller answered the last time.";
        page.one("wcce_directory_up", "gauge", help, u8::from(freshness.answers));
    }
}

/// Bytes of the files in a folder.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len());
    sizes.fold(0, u64::saturating_add)
}
