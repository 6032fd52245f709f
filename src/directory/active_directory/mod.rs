//! Active Directory behind the trait [`Directory`]: templates that are read ahead and kept true by
//! change notification, accounts that are looked up with a short memory.
//!
//! While no domain controller answers, requests are decided on what is known, up to
//! `directory.max_age`; after that they fail with an error that says so. Nothing needs a restart.

mod accounts;
mod administration;
mod authorities;
mod certificates;
mod connection;
mod dialer;
mod entry;
mod forest;
mod link;
mod memory;
mod offers;
pub mod publication;
mod slot;
mod state;
mod table;
mod watcher;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::warn;

pub use self::administration::{Administration, Listed, Machine};
pub use self::entry::Entry;
pub use self::forest::{Domain, Forest};
pub use self::link::{LinkError, Refusal, examine};
pub use self::offers::EnrollmentService;

use self::accounts::Accounts;
use self::dialer::Dialer;
use self::link::Role;
use self::publication::ca::service_dn;
use self::publication::{Change, ChangeKind, Object, Step};
use self::slot::Slot;
use self::state::{Snapshot, State};
use self::watcher::Watcher;
use super::config::ActiveDirectoryConfig;
use super::{Directory, DirectoryError, Freshness, Publication, Trustees};
use crate::model::{Authorities, BoxFuture, Principal, Sid, TemplateTable, Token};

/// A domain's directory, as one CA reads it.
pub struct ActiveDirectory {
    state: Arc<State>,
    accounts: Accounts,
    /// For what is written.
    writer: Slot,
    /// Sanitized short name of the CA.
    ca: String,
    watcher: JoinHandle<()>,
}

/// How long a change of the templates may take to come back from the directory.
const ECHO: Duration = Duration::from_secs(10);

impl ActiveDirectory {
    /// Begins to read the directory for the CA of this sanitized name. Returns at once: until the
    /// first domain controller has answered, everything is [`DirectoryError::Unavailable`].
    ///
    /// # Errors
    /// Where a setting cannot be used, such as a file of TLS roots.
    pub fn start(config: &ActiveDirectoryConfig, ca: &str) -> Result<Self, LinkError> {
        let config = Arc::new(config.clone());
        let dialer = Arc::new(Dialer::new(&config)?);
        let state = Arc::new(State::new(config.max_age));
        let accounts = Accounts::new(Arc::clone(&config), &dialer, Arc::clone(&state));
        let writer = Slot::new(Arc::clone(&dialer), Role::DomainController);
        let watcher = Watcher::new(dialer, config, Arc::clone(&state), ca);
        let ca = ca.to_owned();
        Ok(Self { state, accounts, writer, ca, watcher: tokio::spawn(watcher.run()) })
    }

    /// The forest, once a domain controller has told it; waits for that as long as `patience`.
    ///
    /// # Errors
    /// Why nothing has been read.
    pub async fn forest(&self, patience: Duration) -> Result<Arc<Forest>, DirectoryError> {
        let mut newest = self.state.subscribe();
        let read = newest.wait_for(Option::is_some);
        // Late or not: what is there counts.
        let _ = tokio::time::timeout(patience, read).await;
        self.state.forest()
    }

    /// The forest, if a domain controller has told it.
    ///
    /// # Errors
    /// Why nothing has been read.
    pub fn known_forest(&self) -> Result<Arc<Forest>, DirectoryError> {
        self.state.forest()
    }

    /// Makes those of a CA's objects true that are there. Each object that had to be changed, and
    /// whether that was done; of a CA that was published, those too that are missing: they are left
    /// to `wcced publish`.
    ///
    /// # Errors
    /// Why the directory cannot be read.
    pub async fn keep_true(
        &self,
        objects: &[Object],
    ) -> Result<Vec<(String, Result<(), DirectoryError>)>, DirectoryError> {
        let connection = self.writer.connection(&self.state.forest()?.root).await?;
        let (mut changed, mut missing) = (Vec::new(), Vec::new());
        for object in objects {
            let names: Vec<&str> =
                object.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            let Some(current) = connection.object(&object.dn, &names).await? else {
                let (dn, problem) = (object.dn.clone(), "it is not there".to_owned());
                missing.push((dn.clone(), Err(DirectoryError::Object { dn, problem })));
                continue;
            };
            let Some(step) = object.step(Some(&current)) else { continue };
            let done = match step.apply(&connection).await {
                Err(error) if error.is_outage() => return Err(error.into()),
                done => done.map_err(DirectoryError::from),
            };
            changed.push((object.dn.clone(), done));
        }
        if missing.len() < objects.len() {
            changed.extend(missing);
        }
        Ok(changed)
    }

    /// Writes certificateTemplates of the CA's enrollment service object.
    async fn write_templates(&self, names: &[String]) -> Result<(), DirectoryError> {
        let mut newest = self.state.subscribe();
        let forest = self.state.forest()?;
        let step = Step::Modify {
            dn: service_dn(&forest, &self.ca),
            changes: vec![Change {
                kind: ChangeKind::Replace,
                name: "certificateTemplates".to_owned(),
                values: names.iter().map(|name| name.clone().into_bytes()).collect(),
            }],
        };
        step.apply(&self.writer.connection(&forest.root).await?).await?;
        let wanted: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let is_told = |snapshot: &Option<Arc<Snapshot>>| {
            let enabled = snapshot.iter().flat_map(|snapshot| snapshot.table.enabled());
            enabled.map(|name| name.to_lowercase()).collect::<HashSet<_>>() == wanted
        };
        if tokio::time::timeout(ECHO, newest.wait_for(is_told)).await.is_err() {
            warn!("the directory has not told of the templates yet that it was to enable");
        }
        Ok(())
    }

    /// Follows the template table: its versions, each with its table.
    pub fn follow(&self) -> Follower {
        Follower(self.state.subscribe())
    }
}

impl Drop for ActiveDirectory {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// Tells of new template tables.
pub struct Follower(watch::Receiver<Option<Arc<Snapshot>>>);

impl Follower {
    /// Waits for a table of another version than `last`; `None` once the directory is gone.
    pub async fn newer(&mut self, last: u64) -> Option<(u64, Arc<TemplateTable>)> {
        let newer = |snapshot: &Option<Arc<Snapshot>>| {
            snapshot.as_ref().is_some_and(|snapshot| snapshot.version != last)
        };
        let snapshot = self.0.wait_for(newer).await.ok()?;
        snapshot.as_ref().map(|snapshot| (snapshot.version, Arc::clone(&snapshot.table)))
    }
}

impl Directory for ActiveDirectory {
    fn templates(&self) -> BoxFuture<'_, Result<Arc<TemplateTable>, DirectoryError>> {
        Box::pin(std::future::ready(self.state.table()))
    }

    fn principal_by_sid<'a>(
        &'a self,
        sid: &'a Sid,
    ) -> BoxFuture<'a, Result<Option<Principal>, DirectoryError>> {
        Box::pin(self.accounts.by_sid(sid))
    }

    fn principal_by_account<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<Option<Principal>, DirectoryError>> {
        Box::pin(self.accounts.by_account(account))
    }

    fn token_by_sid<'a>(
        &'a self,
        sid: &'a Sid,
    ) -> BoxFuture<'a, Result<Option<Token>, DirectoryError>> {
        Box::pin(self.accounts.token(sid))
    }

    fn enable_templates<'a>(
        &'a self,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DirectoryError>> {
        Box::pin(self.write_templates(names))
    }

    fn is_active_directory(&self) -> bool {
        true
    }

    fn freshness(&self) -> Option<Freshness> {
        self.state.freshness()
    }

    fn authorities(&self) -> BoxFuture<'_, Result<Option<Arc<Authorities>>, DirectoryError>> {
        Box::pin(std::future::ready(self.state.authorities().map(Some)))
    }
}

impl Publication for ActiveDirectory {
    fn publish<'a>(
        &'a self,
        account: &'a Sid,
        certificate: &'a [u8],
        now: SystemTime,
    ) -> BoxFuture<'a, Result<(), DirectoryError>> {
        Box::pin(async move {
            let forest = self.state.forest()?;
            certificates::publish(&self.writer, &forest, account, certificate, now).await
        })
    }
}

impl Trustees for ActiveDirectory {
    fn trustee<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Sid>, DirectoryError>> {
        Box::pin(self.accounts.trustee(name))
    }
}
