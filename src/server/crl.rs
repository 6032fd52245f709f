//! Keeps the base CRL fresh.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::ServerError;
use crate::ca::{
    CaConfig, CertificateAuthority, Crl, CrlPublisher, RevokedCertificate, StateFolder,
};
use crate::model::Disposition;
use crate::store::{Store, StoreError, for_each_of};

/// How often the clock is looked at: it may be set, and machines sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);
/// How soon a failed renewal is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// Renews the CRL when it is due, and tells whoever watches.
pub(super) struct CrlRenewal {
    publisher: Arc<CrlPublisher>,
    ca: Arc<CertificateAuthority>,
    store: Arc<dyn Store>,
    current: watch::Sender<Option<Crl>>,
}

impl CrlRenewal {
    /// Takes the current CRL, or makes one where there is none or it is due.
    ///
    /// # Errors
    /// Where it cannot be read, signed or written.
    pub(super) async fn start(
        config: &CaConfig,
        state: &StateFolder,
        ca: Arc<CertificateAuthority>,
        store: Arc<dyn Store>,
    ) -> Result<(Self, watch::Receiver<Option<Crl>>), ServerError> {
        let publisher = Arc::new(CrlPublisher::new(config, state));
        let (current, watcher) = watch::channel(publisher.current(&ca)?);
        let renewal = Self { publisher, ca, store, current };
        if renewal.is_due() {
            renewal.renew().await?;
        }
        Ok((renewal, watcher))
    }

    fn is_due(&self) -> bool {
        self.current.borrow().as_ref().is_none_or(|crl| crl.is_due(SystemTime::now()))
    }

    /// Renews until `stop` turns true.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut failed = false;
        loop {
            let sleep = if failed { RETRY } else { self.time_left() };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(sleep) => {}
            }
            if self.is_due() {
                let renewed = self.renew().await;
                failed = renewed.is_err();
                if let Err(error) = renewed {
                    error!(%error, "the CRL cannot be renewed; trying again in a minute");
                }
            }
        }
    }

    fn time_left(&self) -> Duration {
        let due = self.current.borrow().as_ref().map(|crl| crl.next_publish);
        let left = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
        left.unwrap_or_default().min(LONGEST_SLEEP)
    }

    async fn renew(&self) -> Result<(), ServerError> {
        let revoked = self.revoked().await?;
        let (publisher, ca) = (Arc::clone(&self.publisher), Arc::clone(&self.ca));
        let count = revoked.len();
        let publish = move || publisher.publish(&ca, &revoked, SystemTime::now());
        let crl = spawn_blocking(publish).await??;
        info!(number = crl.number, revoked = count, path = ?self.publisher.path(), "CRL published");
        self.current.send_replace(Some(crl));
        Ok(())
    }

    async fn revoked(&self) -> Result<Vec<RevokedCertificate>, StoreError> {
        let mut revoked = Vec::new();
        let take = |row| revoked.extend(RevokedCertificate::from_row(&row));
        for_each_of(&*self.store, Disposition::Revoked, take).await?;
        Ok(revoked)
    }
}
