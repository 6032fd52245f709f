//! The current exchange certificate: made when somebody first asks for it, and again when it is
//! expired or revoked ([MS-WCCE] 3.2.1.4.3.2.15).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use super::process::{Failure, Work};
use super::{EnrollError, Enrollment, audit, row};
use crate::ca::SignedCertificate;
use crate::model::{Caller, CertificateColumns, Disposition, TemplateFlags};

/// Where the exchange certificate and its key are kept, and which one is current.
pub(super) struct Exchange {
    path: PathBuf,
    /// One call makes it, the others wait.
    current: Mutex<Option<CertificateColumns>>,
}

impl Exchange {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, current: Mutex::new(None) }
    }
}

impl Enrollment {
    /// DER of the current exchange certificate.
    pub(super) async fn exchange_certificate(
        &self,
        caller: &Arc<Caller>,
    ) -> Result<Vec<u8>, EnrollError> {
        let now = (self.clock)();
        let mut current = self.exchange.current.lock().await;
        let candidate = match current.take() {
            Some(known) => Some(known),
            None => self.load_exchange(now).await?,
        };
        let columns = match candidate {
            Some(columns) if self.is_in_use(&columns, now).await? => columns,
            _ => self.renew_exchange(caller, now).await?,
        };
        let der = columns.raw.clone();
        *current = Some(columns);
        Ok(der)
    }

    /// Valid, in the Request table, and not revoked.
    async fn is_in_use(
        &self,
        columns: &CertificateColumns,
        now: SystemTime,
    ) -> Result<bool, EnrollError> {
        let row = self.store.by_certificate_hash(columns.certificate_hash).await?;
        let issued = row.is_some_and(|row| row.columns.disposition == Disposition::Issued);
        Ok(issued && (columns.not_before..=columns.not_after).contains(&now))
    }

    async fn load_exchange(&self, now: SystemTime) -> Result<Option<CertificateColumns>, Failure> {
        let (ca, path) = (Arc::clone(&self.ca), self.exchange.path.clone());
        let loaded = self.work(Work::Long, move || Ok(ca.load_exchange(&path, now)?)).await?;
        Ok(loaded.map(into_columns))
    }

    /// The key is on disk before the row, and the row before the answer: what a client encrypts
    /// can be decrypted, and nobody holds a certificate that the table lacks.
    async fn renew_exchange(
        &self,
        caller: &Arc<Caller>,
        now: SystemTime,
    ) -> Result<CertificateColumns, EnrollError> {
        let last_issued = self.store.last_issued().await?;
        self.ca.check_clock(now, last_issued).map_err(Failure::Issue)?;
        let (ca, path) = (Arc::clone(&self.ca), self.exchange.path.clone());
        let issued = self.work(Work::Long, move || {
            let exchange = ca.issue_exchange(now)?;
            exchange.save(&path)?;
            Ok(exchange.certificate)
        });
        let columns = into_columns(issued.await?);
        let row = row::of_exchange(caller, &self.settings.host.account, columns.clone(), now);
        let id = self.store.add(row.clone()).await?;
        audit::exchange(id, &row);
        Ok(columns)
    }
}

fn into_columns(certificate: SignedCertificate) -> CertificateColumns {
    certificate.into_columns(TemplateFlags::default())
}
