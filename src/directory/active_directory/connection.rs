//! What is asked of a domain controller, with bounds on time and on the size of answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ldap3::adapters::{Adapter, PagedResults};
use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapError, LdapResult, Mod, Scope, SearchOptions, SearchStream};
use tracing::trace;

use super::entry::Entry;
use super::link::{LinkError, Refusal};

/// The most objects that an answer may hold ([MS-WCCE] 3.2.2.1: sizeLimit).
const MAX_ENTRIES: usize = 10_000;
/// The most bytes that the objects of an answer may take.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// What the server may take for an answer, in seconds ([MS-WCCE] 3.2.2.1: timeLimit).
const TIME_LIMIT: i32 = 120;
const PAGE: i32 = 500;

/// LDAP_SERVER_NOTIFICATION_OID ([MS-ADTS] 3.1.1.3.4.1.9).
const NOTIFICATION: &str = "1.2.840.113556.1.4.528";
/// LDAP_SERVER_SD_FLAGS_OID ([MS-ADTS] 3.1.1.3.4.1.11).
const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
/// SEQUENCE { INTEGER 7 }: owner, group and DACL.
const OWNER_GROUP_DACL: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x07];

/// A search.
pub(super) struct Query<'a> {
    pub(super) base: &'a str,
    pub(super) scope: Scope,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [&'a str],
    /// Whether security descriptors are asked for: without the control they are left out.
    pub(super) security: bool,
}

impl<'a> Query<'a> {
    /// One object.
    pub(super) fn object(base: &'a str, attributes: &'a [&'a str]) -> Self {
        Self { base, scope: Scope::Base, filter: "(objectClass=*)", attributes, security: false }
    }
}

type Stream = SearchStream<'static, &'static str, Vec<&'static str>>;

/// A connection that is logged on. Clones share it.
#[derive(Clone)]
pub(super) struct Connection {
    ldap: Ldap,
    host: Arc<str>,
    timeout: Duration,
    broken: Arc<AtomicBool>,
}

impl Connection {
    pub(super) fn new(ldap: Ldap, host: &str, timeout: Duration) -> Self {
        Self { ldap, host: host.into(), timeout, broken: Arc::default() }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether it can be used no more.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed) || self.ldap.clone().is_closed()
    }

    /// All objects that match.
    pub(super) async fn search(&self, query: &Query<'_>) -> Result<Vec<Entry>, LinkError> {
        trace!(host = %self.host, base = query.base, filter = query.filter, "LDAP search");
        let mut ldap = self.ldap.clone();
        let size_limit = i32::try_from(MAX_ENTRIES).unwrap_or(i32::MAX);
        ldap.with_timeout(self.timeout)
            .with_search_options(SearchOptions::new().timelimit(TIME_LIMIT).sizelimit(size_limit));
        if query.security {
            ldap.with_controls(vec![RawControl {
                ctype: SD_FLAGS.to_owned(),
                crit: true,
                val: Some(OWNER_GROUP_DACL.to_vec()),
            }]);
        }
        let mut adapters: Vec<Box<dyn Adapter<_, _>>> = Vec::new();
        if query.scope != Scope::Base {
            adapters.push(Box::new(PagedResults::new(PAGE)));
        }
        let attributes = query.attributes.to_vec();
        let mut stream = ldap
            .streaming_search_with(adapters, query.base, query.scope, query.filter, attributes)
            .await
            .map_err(|error| self.failed("a search", error))?;
        let (mut entries, mut bytes) = (Vec::new(), 0_usize);
        while let Some(found) =
            stream.next().await.map_err(|error| self.failed("a search", error))?
        {
            // References point to other naming contexts, which are not asked for.
            if found.is_ref() || found.is_intermediate() {
                continue;
            }
            let entry = Entry::from_ldap(found.0);
            let entry = entry.ok_or_else(|| self.answer("an object that cannot be read"))?;
            bytes = bytes.saturating_add(entry.size);
            entries.push(entry);
            if entries.len() > MAX_ENTRIES || bytes > MAX_BYTES {
                // Nobody waits for the rest: the connection is not worth to be kept.
                self.broken.store(true, Ordering::Relaxed);
                return Err(self.answer("the answer to a search is too large"));
            }
        }
        let result = stream.finish().await;
        match result.rc {
            0 => Ok(entries),
            _ => Err(self.refused("a search", result)),
        }
    }

    /// One object, or `None` where there is none.
    pub(super) async fn object(
        &self,
        dn: &str,
        attributes: &[&str],
    ) -> Result<Option<Entry>, LinkError> {
        match self.search(&Query::object(dn, attributes)).await {
            Ok(mut entries) => Ok(entries.pop()),
            Err(LinkError::Refused { refusal, .. }) if refusal.code == Refusal::NO_SUCH_OBJECT => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks to be told of changes ([MS-ADTS] 3.1.1.3.4.6).
    pub(super) async fn watch(&self, base: &str, scope: Scope) -> Result<Watch, LinkError> {
        let mut ldap = self.ldap.clone();
        ldap.with_controls(vec![RawControl {
            ctype: NOTIFICATION.to_owned(),
            crit: true,
            val: None,
        }]);
        let started = ldap.streaming_search(base, scope, "(objectClass=*)", vec!["cn"]).await;
        let stream = started.map_err(|error| self.failed("a change notification", error))?;
        Ok(Watch { stream, connection: self.clone() })
    }

    /// Makes an object.
    pub(super) async fn add(
        &self,
        dn: &str,
        attributes: Vec<(Vec<u8>, HashSet<Vec<u8>>)>,
    ) -> Result<(), LinkError> {
        let mut ldap = self.ldap.clone();
        let done = ldap.with_timeout(self.timeout).add(dn, attributes).await;
        self.done("to add an object", done)
    }

    /// Changes an object.
    pub(super) async fn modify(
        &self,
        dn: &str,
        changes: Vec<Mod<Vec<u8>>>,
    ) -> Result<(), LinkError> {
        let mut ldap = self.ldap.clone();
        let done = ldap.with_timeout(self.timeout).modify(dn, changes).await;
        self.done("to change an object", done)
    }

    /// Removes an object.
    pub(super) async fn delete(&self, dn: &str) -> Result<(), LinkError> {
        let mut ldap = self.ldap.clone();
        let done = ldap.with_timeout(self.timeout).delete(dn).await;
        self.done("to delete an object", done)
    }

    fn done(
        &self,
        operation: &'static str,
        done: Result<LdapResult, LdapError>,
    ) -> Result<(), LinkError> {
        let result = done.map_err(|error| self.failed(operation, error))?;
        match result.rc {
            0 => Ok(()),
            _ => Err(self.refused(operation, result)),
        }
    }

    fn failed(&self, operation: &'static str, error: LdapError) -> LinkError {
        match error {
            LdapError::LdapResult { result } => return self.refused(operation, result),
            LdapError::FilterParsing => return self.answer("the search filter is malformed"),
            _ => self.broken.store(true, Ordering::Relaxed),
        }
        let host = self.host.to_string();
        match error {
            LdapError::Timeout { .. } => LinkError::Timeout { host, after: self.timeout },
            other => LinkError::Lost { host, problem: other.to_string() },
        }
    }

    fn refused(&self, operation: &'static str, result: LdapResult) -> LinkError {
        let refusal = Refusal { code: result.rc, text: result.text };
        LinkError::Refused { host: self.host.to_string(), operation, refusal }
    }

    fn answer(&self, problem: &'static str) -> LinkError {
        LinkError::Answer { host: self.host.to_string(), problem }
    }
}

/// A search that never ends: it tells of changes.
pub(super) struct Watch {
    stream: Stream,
    connection: Connection,
}

impl Watch {
    /// Waits for a change. Safe to be cancelled.
    pub(super) async fn changed(&mut self) -> Result<(), LinkError> {
        match self.stream.next().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                let result = self.stream.finish().await;
                Err(self.connection.refused("a change notification", result))
            }
            Err(error) => Err(self.connection.failed("a change notification", error)),
        }
    }
}
