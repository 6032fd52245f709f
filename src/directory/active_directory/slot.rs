//! A connection that look-ups share, opened when it is needed and again when it is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::connection::{Connection, Query};
use super::dialer::Dialer;
use super::entry::Entry;
use super::link::{LinkError, Role};

/// How long after a failure nobody tries again, so that requests do not queue for an outage.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Slot {
    dialer: Arc<Dialer>,
    role: Role,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    connection: Option<Connection>,
    failed: Option<(Instant, String)>,
}

impl Slot {
    pub(super) fn new(dialer: Arc<Dialer>, role: Role) -> Self {
        Self { dialer, role, inner: Mutex::default() }
    }

    /// Searches; once more on another connection where the first one is lost.
    pub(super) async fn search(
        &self,
        forest: &str,
        query: &Query<'_>,
    ) -> Result<Vec<Entry>, LinkError> {
        match self.connection(forest).await?.search(query).await {
            Err(error) if error.is_outage() => self.connection(forest).await?.search(query).await,
            other => other,
        }
    }

    /// The connection; `forest` is the root domain, for global catalogs.
    pub(super) async fn connection(&self, forest: &str) -> Result<Connection, LinkError> {
        let mut inner = self.inner.lock().await;
        if let Some(connection) = inner.connection.as_ref().filter(|one| !one.is_broken()) {
            return Ok(connection.clone());
        }
        if let Some((since, problem)) = &inner.failed
            && since.elapsed() < PAUSE
        {
            return Err(LinkError::Unreachable(problem.clone()));
        }
        let opened = match self.role {
            Role::DomainController => self.dialer.domain_controller().await,
            Role::GlobalCatalog => self.dialer.global_catalog(forest).await,
        };
        match opened {
            Ok(connection) => {
                *inner = Inner { connection: Some(connection.clone()), failed: None };
                Ok(connection)
            }
            Err(error) => {
                *inner =
                    Inner { connection: None, failed: Some((Instant::now(), error.to_string())) };
                Err(error)
            }
        }
    }
}
