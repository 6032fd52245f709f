//! Keeps the template table true: reads it, is told of changes, reads it again, and finds another
//! domain controller when one is lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ldap3::Scope;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, error, info, warn};

use super::authorities;
use super::connection::{Connection, Watch};
use super::dialer::Dialer;
use super::forest::{Forest, client_site};
use super::link::LinkError;
use super::state::{ReadAt, Snapshot, State};
use super::table::{Containers, Listing};
use crate::asn1::Hash;
use crate::directory::config::ActiveDirectoryConfig;
use crate::model::Authorities;

/// Changes come in bursts, one for each object: after the first, the others are waited for.
const SETTLE: Duration = Duration::from_millis(20);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

pub(super) struct Watcher {
    pub(super) dialer: Arc<Dialer>,
    pub(super) config: Arc<ActiveDirectoryConfig>,
    pub(super) state: Arc<State>,
    /// Sanitized name of the CA: cn of its enrollment service object.
    pub(super) ca: String,
    last: Option<Listing>,
    authorities: Arc<Authorities>,
    version: u64,
    retry: Duration,
}

impl Watcher {
    pub(super) fn new(
        dialer: Arc<Dialer>,
        config: Arc<ActiveDirectoryConfig>,
        state: Arc<State>,
        ca: &str,
    ) -> Self {
        let ca = ca.to_owned();
        let authorities = Arc::default();
        Self { dialer, config, state, ca, last: None, authorities, version: 0, retry: FIRST_RETRY }
    }

    /// Runs for ever.
    pub(super) async fn run(mut self) {
        let mut outage = None;
        loop {
            let Err(problem) = self.session(&mut outage).await;
            self.state.fail(problem.to_string());
            let age = self.state.newest().map(|newest| newest.read_at.age().as_secs());
            if outage.is_none() {
                outage = Some(Instant::now());
                error!(
                    %problem, table_age_seconds = age, limit_seconds = self.config.max_age.as_secs(),
                    "Active Directory is away; certificates are issued on what is known, up to the limit"
                );
            } else {
                warn!(%problem, table_age_seconds = age, "Active Directory is still away");
            }
            sleep(self.retry).await;
            self.retry = self.retry.saturating_mul(2).min(LONGEST_RETRY);
        }
    }

    /// From connecting to the loss of the connection.
    async fn session(&mut self, outage: &mut Option<Instant>) -> Result<Infallible, LinkError> {
        let mut connection = self.dialer.domain_controller().await?;
        if self.learn_site(&connection).await? {
            connection = self.dialer.domain_controller().await?;
        }
        let forest = Arc::new(Forest::read(&connection, &self.config).await?);
        let mut watches = Watches::start(&connection, &forest).await?;
        // Watched first and read then, so that no change falls between.
        self.read(&connection, &forest).await?;
        self.retry = FIRST_RETRY;
        if let Some(since) = outage.take() {
            let seconds = since.elapsed().as_secs();
            info!(host = connection.host(), seconds, "Active Directory is back");
        }
        loop {
            let poll = Instant::now().checked_add(self.config.poll).unwrap_or_else(Instant::now);
            tokio::select! {
                changed = watches.changed() => {
                    changed?;
                    sleep(SETTLE).await;
                }
                () = sleep_until(poll) => {}
            }
            self.read(&connection, &forest).await?;
        }
    }

    /// Learns the site of this machine; whether another server may be nearer.
    async fn learn_site(&self, connection: &Connection) -> Result<bool, LinkError> {
        match client_site(connection, &self.config.domain).await {
            Ok(Some(site)) if self.dialer.prefer_site(&site) => {
                debug!(site, "this machine's site");
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) if error.is_outage() => Err(error),
            Err(error) => {
                debug!(%error, "the site of this machine is not known");
                Ok(false)
            }
        }
    }

    async fn read(
        &mut self,
        connection: &Connection,
        forest: &Arc<Forest>,
    ) -> Result<(), LinkError> {
        // The age counts from before the answer was made.
        let read_at = ReadAt::now();
        let listing = Listing::read(connection, forest, &self.ca).await?;
        let authorities = authorities::read(connection, forest).await?;
        self.take_authorities(authorities);
        let host = connection.host();
        if self.last.as_ref() == Some(&listing) {
            debug!(version = self.version, host, "the templates have not changed");
        } else {
            self.version = self.version.saturating_add(1);
            let enabled = listing.templates.iter().filter(|(_, enabled)| *enabled).count();
            info!(
                version = self.version,
                templates = listing.templates.len(),
                enabled,
                host,
                "template table read"
            );
            for problem in &listing.problems {
                warn!("{problem}");
            }
            let was_published = self.last.as_ref().is_none_or(|last| last.published);
            if !listing.published && was_published {
                warn!(ca = self.ca, "the CA is not in the directory yet; run: wcced publish");
            }
        }
        let table = Arc::new(listing.table());
        self.last = Some(listing);
        let (forest, authorities) = (Arc::clone(forest), Arc::clone(&self.authorities));
        let version = self.version;
        self.state.publish(Snapshot { table, authorities, forest, read_at, version });
        Ok(())
    }

    /// Says what is new of the forest's CAs: whoever is put there is trusted by its members.
    fn take_authorities(&mut self, read: Authorities) {
        if *self.authorities == read {
            return;
        }
        // At the first time, all of them.
        let first = self.last.is_none();
        for (container, is, was) in [
            ("NTAuthCertificates", &read.nt_auth, &self.authorities.nt_auth),
            ("Certification Authorities", &read.roots, &self.authorities.roots),
        ] {
            let print = |der: &Vec<u8>| hex::encode(Hash::Sha256.digest(der));
            let added: Vec<_> = is.iter().filter(|der| !was.contains(der)).map(print).collect();
            let removed: Vec<_> = was.iter().filter(|der| !is.contains(der)).map(print).collect();
            match (first, added.is_empty() && removed.is_empty()) {
                (true, _) => info!(container, certificates = ?added, "CAs of the forest"),
                (false, true) => {}
                (false, false) => {
                    warn!(
                        container,
                        ?added,
                        ?removed,
                        "the CAs that the forest trusts have changed"
                    );
                }
            }
        }
        self.authorities = Arc::new(read);
    }
}

/// Notifications of the containers that are read: of their direct children, which is what every
/// domain controller takes. A connection may have five at most, and Samba's takes four. CN=AIA and
/// CN=Certification Authorities wait for the next poll.
struct Watches([Option<Watch>; 4]);

impl Watches {
    async fn start(connection: &Connection, forest: &Forest) -> Result<Self, LinkError> {
        let Containers { root, templates, services, oids } = Containers::of(forest);
        let watch = async |base: &str| connection.watch(base, Scope::OneLevel).await.map(Some);
        Ok(Self([
            watch(&templates).await?,
            watch(&services).await?,
            watch(&oids).await?,
            // NTAuthCertificates, there already or not.
            watch(&root).await?,
        ]))
    }

    /// Waits for a change in any of them.
    async fn changed(&mut self) -> Result<(), LinkError> {
        let [templates, services, oids, root] = &mut self.0;
        tokio::select! {
            changed = changed(templates) => changed,
            changed = changed(services) => changed,
            changed = changed(oids) => changed,
            changed = changed(root) => changed,
        }
    }
}

/// Waits for a change. A server that refuses to notify is read every `poll` alone.
async fn changed(watch: &mut Option<Watch>) -> Result<(), LinkError> {
    if let Some(one) = watch {
        match one.changed().await {
            Err(error @ LinkError::Refused { .. }) if !error.is_outage() => {
                warn!(%error, "changes of templates take effect after directory.poll");
                *watch = None;
            }
            ended => return ended,
        }
    }
    std::future::pending().await
}
