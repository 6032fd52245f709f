//! The embedded default: sled 0.34.7.

mod check;
mod commit;
mod journal;
mod layout;
mod ledger;
mod plan;
mod room;
mod scan;
mod snapshot;
mod watch;
mod writer;

use std::fs::{DirBuilder, File};
use std::future::ready;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use ::sled::Db;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tracing::{error, info};

pub use self::check::{Checked, Inconsistency};
use self::journal::Journal;
use self::layout::{
    EncodedRow, FORMAT, FORMAT_KEY, FORMAT_OF_INDEXES, OLDEST_FORMAT, STATE_KEY, State, Trees,
    disposition_prefix, read_error, requester_prefix,
};
use self::ledger::Ledger;
use self::room::Room;
use self::snapshot::Watchers;
pub use self::snapshot::{Ending, Piece};
use self::writer::{Answer, Job, QUEUE, Write, Writer};
use super::{MAX_PAGE, MAX_REVOCATIONS, Page, Position, Scan, Start, Store, StoreError};
use crate::model::{
    BoxFuture, Disposition, NewRow, RequestId, RequestRow, Revocation, SerialNumber,
};

/// Settings of the embedded database.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Memory for cached pages, in bytes. Default 64 MiB.
    pub cache_capacity: u64,
    /// What the disk must have left for new rows, in bytes; changes of rows that are there may use
    /// half of it. Default 64 MiB.
    pub min_free_bytes: u64,
    /// The largest row (request, certificate and columns together), in bytes. A larger
    /// request is refused. Default 64 KiB, at most 1 MiB.
    pub max_row_bytes: usize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            cache_capacity: 64 * 1024 * 1024,
            min_free_bytes: 64 * 1024 * 1024,
            max_row_bytes: 64 * 1024,
        }
    }
}

/// How often who waits for a write looks whether the store is still in service.
const LOOK: Duration = Duration::from_secs(1);

/// The upper bound of `max_row_bytes`.
const MAX_ROW_BYTES: usize = 1024 * 1024;

/// The Request table in a sled database.
pub struct SledStore {
    shared: Arc<Shared>,
    max_row_bytes: usize,
    /// `None` only while the store is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    /// The writing thread, and the one that watches it.
    threads: Vec<JoinHandle<()>>,
}

/// What readers and the writing thread share.
struct Shared {
    trees: Trees,
    /// Held for writing while a commit, which is durable then, changes the trees.
    gate: RwLock<()>,
    /// The state as of the last durable batch.
    state: Mutex<State>,
    /// Why the store is out of service.
    failure: OnceLock<String>,
    room: Room,
    /// How often a commit has begun or ended.
    commits: AtomicU64,
    /// Who wants to know of writes.
    watchers: Watchers,
}

impl Shared {
    /// Waits until no commit is half done, and keeps it so.
    fn for_reading(&self) -> Result<RwLockReadGuard<'_, ()>, StoreError> {
        // Behind a commit that hangs, the gate stays shut.
        self.in_service()?;
        let guard = self.gate.read().map_err(|_| self.panicked())?;
        self.in_service().map(|()| guard)
    }

    /// Keeps readers out.
    fn for_writing(&self) -> Result<RwLockWriteGuard<'_, ()>, StoreError> {
        let guard = self.gate.write().map_err(|_| self.panicked())?;
        self.in_service().map(|()| guard)
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.in_service()?;
        self.state.lock().map_err(|_| self.panicked())
    }

    fn in_service(&self) -> Result<(), StoreError> {
        self.failure.get().map_or(Ok(()), |reason| Err(StoreError::Failed(reason.clone())))
    }

    /// The number of the commit that is under way, if there is one.
    fn commit_under_way(&self) -> Option<u64> {
        let commits = self.commits.load(Ordering::Relaxed);
        (!commits.is_multiple_of(2)).then_some(commits)
    }

    fn panicked(&self) -> StoreError {
        self.fail("a thread panicked".to_owned())
    }

    /// Takes the store out of service; the first reason stays.
    fn fail(&self, reason: String) -> StoreError {
        let reason = self.failure.get_or_init(|| {
            error!(
                %reason,
                "the Request table is out of service: nobody can tell what reached the disk. Mend the \
                 cause, then restart wcced"
            );
            reason
        });
        StoreError::Failed(reason.clone())
    }
}

impl SledStore {
    /// Opens the database in directory `path`, or makes it (mode 0700). Blocks.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Newer`], [`StoreError::Damaged`],
    /// [`StoreError::Open`].
    pub fn open(path: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        let open_error = |error: io::Error| open_error(path, error);
        let failed = |error: ::sled::Error| open_error(io::Error::other(error.to_string()));
        if config.max_row_bytes > MAX_ROW_BYTES {
            let reason = format!("max_row_bytes is above {MAX_ROW_BYTES}");
            return Err(StoreError::Open { path: path.to_owned(), reason });
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(open_error)?;
        let (db, trees, mut state) = open_database(path, config)?;
        let file = File::open(path.join("db")).map_err(open_error)?;
        let (mut journal, commits) = Journal::open(path, state.commit, state.is_new())?;
        if !commits.is_empty() {
            let number = commits.len();
            info!(commits = number, "the Request table was not closed: its journal is read");
        }
        state = guarded(path, || {
            let last =
                commits.iter().try_fold(None, |_, one| commit::replay(&trees, one).map(Some));
            let state = last?.unwrap_or(state);
            trees.check_ids(&state).map(|()| state)
        })?;
        let (ledger, next_id) = Ledger::open(path, state.next_id)?;
        if state.next_id < next_id {
            info!(
                next_id,
                "the Request table was not closed: request ids go on behind those given"
            );
            state.next_id = next_id;
            trees.meta.insert(STATE_KEY, state.encode()?).map_err(failed)?;
        }
        db.flush().map_err(failed)?;
        let room = Room::new(File::open(path).map_err(open_error)?, config.min_free_bytes);
        file.sync_all().map_err(open_error)?;
        journal.restart(state.commit).map_err(|error| open_error(io::Error::other(error)))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        for directory in [path, parent.unwrap_or(Path::new("."))] {
            File::open(directory).and_then(|handle| handle.sync_all()).map_err(open_error)?;
        }

        let shared = Arc::new(Shared {
            trees,
            gate: RwLock::new(()),
            state: Mutex::new(state),
            failure: OnceLock::new(),
            room,
            commits: AtomicU64::new(0),
            watchers: Watchers::default(),
        });
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (alive, ended) = std::sync::mpsc::channel();
        let watched = (db.clone(), Arc::clone(&shared));
        let writer = Writer {
            db,
            file,
            journal,
            commit: Vec::new(),
            unsynced: 0,
            ledger,
            shared: Arc::clone(&shared),
            _alive: alive,
        };
        let threads = vec![
            spawn("store-writer", move || writer.run(queue)).map_err(open_error)?,
            spawn("store-watch", move || watch::run(&watched.0, &watched.1, &ended))
                .map_err(open_error)?,
        ];
        let max_row_bytes = config.max_row_bytes;
        Ok(Self { shared, max_row_bytes, jobs: Some(jobs), threads })
    }

    async fn write(&self, write: Write) -> Result<RequestId, StoreError> {
        let waiter = self.send(write).await?;
        tokio::select! {
            biased;
            answer = waiter => answer.map_err(|_| self.gone())?,
            failed = self.failed() => Err(failed),
        }
    }

    /// Comes to an end once the store is out of service, although the writing thread may hang.
    async fn failed(&self) -> StoreError {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(failed) = self.shared.in_service() {
                // The writing thread tells everybody itself, where it still can.
                tokio::time::sleep(LOOK).await;
                return failed;
            }
        }
    }

    /// Hands a write to the writing thread; what becomes of it comes later.
    async fn send(&self, write: Write) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let (answer, waiter) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(|| self.gone())?;
        jobs.send(Job { write, answer }).await.map_err(|_| self.gone())?;
        Ok(waiter)
    }

    fn gone(&self) -> StoreError {
        self.shared.fail("the writing thread has ended".to_owned())
    }

    /// Hands over the whole table as it is at the end of this call, while others read and write.
    /// Blocks, for as long as `take` does.
    ///
    /// # Errors
    /// Where a row cannot be read, or `take` fails.
    pub fn snapshot<E: From<StoreError>>(
        &self,
        take: impl FnMut(Piece) -> Result<(), E>,
    ) -> Result<(), E> {
        snapshot::snapshot(&self.shared, take)
    }

    /// Compares rows, indexes, revocations and counts, and reports what does not agree, while
    /// others read and write. Blocks.
    ///
    /// # Errors
    /// Where the database itself cannot be read.
    pub fn check(&self, report: impl FnMut(Inconsistency)) -> Result<Checked, StoreError> {
        check::check(&self.shared, report)
    }

    /// Writes rows of a backup, under their ids.
    ///
    /// # Errors
    /// As [`Store::add`].
    pub async fn restore(&self, rows: Vec<RequestRow>) -> Result<(), StoreError> {
        // All at once, so that they share a commit; in order, so that the last of an id counts.
        let mut waiters = Vec::new();
        for row in rows {
            let encoded = EncodedRow::of(&row, MAX_ROW_BYTES)?;
            waiters.push(self.send(Write::Restore { id: row.id, row: encoded }).await?);
        }
        for waiter in waiters {
            waiter.await.map_err(|_| self.gone())??;
        }
        Ok(())
    }

    /// Takes a row away, whatever its state.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and those of a store out of service.
    pub async fn forget(&self, id: RequestId) -> Result<(), StoreError> {
        self.write(Write::Remove { id, from: None }).await.map(drop)
    }

    /// Gives no id below `next_id` any more, and counts the last certificate as issued no earlier
    /// than then.
    ///
    /// # Errors
    /// Those of a store out of service.
    pub async fn advance(
        &self,
        next_id: u32,
        last_issued: Option<SystemTime>,
    ) -> Result<(), StoreError> {
        self.write(Write::Advance { next_id, last_issued }).await.map(drop)
    }

    /// Reads on a thread that may block.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Trees) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        let shared = Arc::clone(&self.shared);
        let work = move || {
            let _durable = shared.for_reading()?;
            read(&shared.trees)
        };
        Box::pin(async move { spawn_blocking(work).await.map_err(read_error)? })
    }
}

impl Drop for SledStore {
    /// Waits until what was sent is written.
    fn drop(&mut self) {
        drop(self.jobs.take());
        // One that hangs is left behind.
        let hangs = self.shared.in_service().is_err() && self.shared.commit_under_way().is_some();
        for thread in self.threads.drain(..).filter(|_| !hangs) {
            if thread.join().is_err() {
                tracing::error!("a thread of the database panicked");
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

impl Store for SledStore {
    fn add(&self, row: NewRow) -> BoxFuture<'_, Result<RequestId, StoreError>> {
        let row = EncodedRow::new(&row, self.max_row_bytes);
        Box::pin(async move { self.write(Write::Add(row?)).await })
    }

    fn check_size(&self, row: &NewRow) -> Result<(), StoreError> {
        self.shared.room.for_row()?;
        EncodedRow::check_size(row, self.max_row_bytes)
    }

    fn update(&self, row: RequestRow, from: Disposition) -> BoxFuture<'_, Result<(), StoreError>> {
        let encoded = EncodedRow::of(&row, self.max_row_bytes);
        Box::pin(async move {
            self.write(Write::Update { id: row.id, from, row: encoded? }).await.map(|_| ())
        })
    }

    fn remove(&self, id: RequestId, from: Disposition) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(Write::Remove { id, from: Some(from) }).await.map(drop) })
    }

    fn by_id(&self, id: RequestId) -> BoxFuture<'_, Result<Option<RequestRow>, StoreError>> {
        self.read(move |trees| trees.row(id))
    }

    fn by_serial(
        &self,
        serial: &SerialNumber,
    ) -> BoxFuture<'_, Result<Option<RequestRow>, StoreError>> {
        let key = serial.0.clone();
        self.read(move |trees| trees.row_by(&trees.serials, &key))
    }

    fn by_certificate_hash(
        &self,
        hash: [u8; 20],
    ) -> BoxFuture<'_, Result<Option<RequestRow>, StoreError>> {
        self.read(move |trees| trees.row_by(&trees.certificate_hashes, &hash))
    }

    fn by_requester(
        &self,
        name: &str,
        page: Page,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, StoreError>> {
        let prefix = requester_prefix(name);
        self.read(move |trees| {
            trees.page(&trees.requesters, &prefix, page.after, page.limit.min(MAX_PAGE))
        })
    }

    fn by_disposition(
        &self,
        disposition: Disposition,
        page: Page,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, StoreError>> {
        let prefix = disposition_prefix(disposition.column_value());
        self.read(move |trees| {
            trees.page(&trees.dispositions, &prefix, page.after, page.limit.min(MAX_PAGE))
        })
    }

    fn revocations(
        &self,
        after: Option<RequestId>,
    ) -> BoxFuture<'_, Result<Vec<(RequestId, Revocation)>, StoreError>> {
        self.read(move |trees| trees.revocations_after(after, MAX_REVOCATIONS))
    }

    fn scan(
        &self,
        scan: Scan,
        start: Option<Start>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, RequestRow)>, StoreError>> {
        self.read(move |trees| trees.scan(&scan, start.as_ref(), limit.min(MAX_PAGE)))
    }

    fn check_ready(&self) -> Result<(), StoreError> {
        self.shared.in_service()?;
        self.shared.room.for_row()
    }

    fn last_id(&self) -> BoxFuture<'_, Result<RequestId, StoreError>> {
        let last = self.shared.state().map(|state| RequestId(state.next_id.saturating_sub(1)));
        Box::pin(ready(last))
    }

    fn count(&self, disposition: Disposition) -> BoxFuture<'_, Result<u64, StoreError>> {
        let count = self.shared.state().map(|state| state.count(disposition));
        Box::pin(ready(count))
    }

    fn last_issued(&self) -> BoxFuture<'_, Result<Option<SystemTime>, StoreError>> {
        let last = self.shared.state().map(|state| state.last_issued);
        Box::pin(ready(last))
    }
}

/// The columns of a row as the table keeps them, for backups.
///
/// # Errors
/// For a time before 1970.
pub fn encode_row(row: &RequestRow) -> Result<Vec<u8>, StoreError> {
    EncodedRow::of(row, usize::MAX).map(|encoded| encoded.value)
}

/// A row from what [`encode_row`] made, of this version or an earlier one.
///
/// # Errors
/// Where that is not what it is.
pub fn decode_row(id: RequestId, columns: &[u8]) -> Result<RequestRow, StoreError> {
    layout::decode_row(id, columns).map_err(read_error)
}

fn open_error(path: &Path, error: io::Error) -> StoreError {
    StoreError::Open { path: path.to_owned(), reason: error.to_string() }
}

/// Opens database and trees and reads the state.
fn open_database(path: &Path, config: &StoreConfig) -> Result<(Db, Trees, State), StoreError> {
    let damaged = |reason: String| StoreError::Damaged { path: path.to_owned(), reason };
    let open = || -> Result<_, StoreError> {
        let sled_error = |error: ::sled::Error| match error {
            ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
                StoreError::Locked(path.to_owned())
            }
            ::sled::Error::Io(error) => open_error(path, error),
            error => damaged(error.to_string()),
        };
        let settings = ::sled::Config::new()
            .path(path)
            .cache_capacity(config.cache_capacity)
            // The journal has what sled has not written. The thread that would flush also collects
            // garbage, as fast as it can, and so overwrites what was moved and not synced.
            .flush_every_ms(None);
        let db = settings.open().map_err(sled_error)?;
        let trees = Trees::open(&db).map_err(sled_error)?;
        let state = read_state(&db, &trees, sled_error)?;
        Ok((db, trees, state))
    };
    guarded(path, open)
}

/// Reads a database that may be damaged: sled panics on some damaged files.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(read_error("the database library panicked")))
        .map_err(|error| match error {
            StoreError::Read(reason) => StoreError::Damaged { path: path.to_owned(), reason },
            error => error,
        })
}

/// The state of the database; a new one gets its format version and first state here.
fn read_state(
    db: &Db,
    trees: &Trees,
    sled_error: impl Fn(::sled::Error) -> StoreError,
) -> Result<State, StoreError> {
    let Some(format) = trees.meta.get(FORMAT_KEY).map_err(&sled_error)? else {
        if !trees.rows.is_empty() {
            return Err(read_error("it has rows but no format version"));
        }
        let state = State::new();
        trees.meta.insert(STATE_KEY, state.encode()?).map_err(&sled_error)?;
        trees.meta.insert(FORMAT_KEY, &FORMAT.to_be_bytes()).map_err(&sled_error)?;
        db.flush().map_err(&sled_error)?;
        return Ok(state);
    };
    let format = <[u8; 4]>::try_from(&*format).map_err(|_| read_error("no format version"))?;
    let format = u32::from_be_bytes(format);
    match format {
        FORMAT => {}
        // Old rows are read as they are, new indexes are made; a program that is older must not try.
        OLDEST_FORMAT..FORMAT => {
            if format < FORMAT_OF_INDEXES {
                trees.make_indexes()?;
            }
            if let Some(state) = trees.meta.get(STATE_KEY).map_err(&sled_error)? {
                // Commits have numbers from now on.
                let state = State::decode(&state)?.encode()?;
                trees.meta.insert(STATE_KEY, state).map_err(&sled_error)?;
            }
            db.flush().map_err(&sled_error)?;
            trees.meta.insert(FORMAT_KEY, &FORMAT.to_be_bytes()).map_err(&sled_error)?;
            db.flush().map_err(&sled_error)?;
        }
        found => return Err(StoreError::Newer { found, known: FORMAT }),
    }
    let state = trees.meta.get(STATE_KEY).map_err(&sled_error)?;
    State::decode(&state.ok_or_else(|| read_error("it has no state"))?)
}

#[cfg(test)]
mod tests;
