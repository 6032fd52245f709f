//! Publication of certificates to the accounts that they are for (CT_FLAG_PUBLISH_TO_DS, [MS-CRTD]
//! 2.26, [MS-WCCE] 3.2.2.1.5), beside enrollment, which does not wait for it.
//!
//! The Request table is the queue: rows are gone through in the order of their ids, and a file
//! remembers how far. So nothing is lost by a stop or a crash, and while the directory is away it
//! is tried again. What the directory refuses is logged, marked in its row, and tried again later.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tracing::{debug, error, info, warn};

use crate::directory::{DirectoryError, Publication};
use crate::enroll::IssuedNews;
use crate::files::write_atomically;
use crate::model::{Disposition, EnrollmentFlags, RequestId, RequestRow, Sid};
use crate::store::{Page, Store, StoreError};

/// CR_FLG_PUBLISHERROR of Request.RequestFlags ([MS-CSRA] 3.1.1.1.2).
const PUBLISH_ERROR: u32 = 0x8000_0000;
/// Rows that are read at once.
const ROWS: usize = 16;
/// Refused publications that are tried again; further ones are marked in their rows alone.
const MAX_REFUSED: usize = 4096;
/// How soon refused publications are tried again.
const REFUSED_RETRY: Duration = Duration::from_secs(10 * 60);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Publishes what the Request table says is to be published.
pub struct CertificatePublisher {
    directory: Arc<dyn Publication>,
    store: Arc<dyn Store>,
    file: PathBuf,
}

/// How far publication is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// All rows up to this id were looked at.
    after: Option<u32>,
    /// Rows that are tried again.
    again: BTreeSet<u32>,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Directory(DirectoryError),
    #[error("the Request table cannot be read: {0}")]
    Store(#[from] StoreError),
}

impl CertificatePublisher {
    /// A publisher that remembers in `file` how far it is.
    pub fn new(directory: Arc<dyn Publication>, store: Arc<dyn Store>, file: PathBuf) -> Self {
        Self { directory, store, file }
    }

    /// Publishes for ever; looks for what is new when `issued` tells of it. May be cut short: what
    /// was done is then done once more, which changes nothing.
    pub async fn run(&self, issued: &IssuedNews) {
        let mut progress = Progress::read(&self.file);
        let mut retry = FIRST_RETRY;
        loop {
            let before = progress.clone();
            // The first time, what was approved before a crash.
            let mut announced = issued.announced().await;
            announced.extend(issued.take_late().iter().map(|id| id.0));
            progress.again.extend(&announced);
            let ended = self.round(&mut progress).await;
            let kept = progress == before || self.keep(&progress).await;
            if kept && let Err(problem) = issued.done(&announced).await {
                warn!(%problem, "cannot keep which approvals are published");
            }
            let sleep = match ended {
                Ok(()) => {
                    retry = FIRST_RETRY;
                    REFUSED_RETRY
                }
                Err(problem) => {
                    let seconds = retry.as_secs();
                    warn!(%problem, seconds, "certificates wait to be published");
                    let sleep = retry;
                    retry = retry.saturating_mul(2).min(LONGEST_RETRY);
                    sleep
                }
            };
            tokio::select! {
                // While the directory is away, another certificate is no reason to ask it.
                () = issued.wait(), if sleep == REFUSED_RETRY => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Goes through new rows, and those that were refused a while ago.
    async fn round(&self, progress: &mut Progress) -> Result<(), Interrupted> {
        for id in progress.again.clone() {
            let row = self.store.by_id(RequestId(id)).await?;
            let done = match row {
                Some(row) if row.columns.disposition == Disposition::Issued => {
                    self.publish(row, false).await?
                }
                // About to be issued, or it was when the CA ended: that is not over.
                Some(row) if row.columns.disposition == Disposition::Pending => false,
                _ => true,
            };
            if done {
                progress.again.remove(&id);
            }
        }
        loop {
            let page = Page { after: progress.after.map(RequestId), limit: ROWS };
            let rows = self.store.by_disposition(Disposition::Issued, page).await?;
            let is_last = rows.len() < ROWS;
            for row in rows {
                let id = row.id;
                if !self.publish(row, true).await? && progress.again.len() < MAX_REFUSED {
                    progress.again.insert(id.0);
                }
                progress.after = Some(id.0);
            }
            if is_last {
                return Ok(());
            }
            self.keep(progress).await;
        }
    }

    /// Publishes the certificate of a row, where its template wants it. False if the directory
    /// refuses it; an error if it is away.
    async fn publish(&self, row: RequestRow, is_new: bool) -> Result<bool, Interrupted> {
        let Some((account, certificate)) = wanted(&row) else { return Ok(true) };
        let (request_id, requester) = (row.id.0, &row.columns.requester_name);
        let published = self.directory.publish(&account, certificate, SystemTime::now()).await;
        let failed = match published {
            Ok(()) => {
                info!(request_id, requester, "certificate published to the account");
                false
            }
            Err(away @ (DirectoryError::Unavailable { .. } | DirectoryError::Stale { .. })) => {
                return Err(Interrupted::Directory(away));
            }
            Err(problem) => {
                match is_new {
                    true => error!(
                        request_id, requester, %problem,
                        "the certificate cannot be published to the account; it is tried again"
                    ),
                    false => debug!(request_id, requester, %problem, "still not published"),
                }
                true
            }
        };
        self.mark(row.id, failed).await?;
        Ok(!failed)
    }

    /// Sets or clears the flag of the row, if it is not so already.
    async fn mark(&self, id: RequestId, failed: bool) -> Result<(), Interrupted> {
        let Some(mut row) = self.store.by_id(id).await? else { return Ok(()) };
        let flags = &mut row.columns.request_flags;
        let wanted = if failed { *flags | PUBLISH_ERROR } else { *flags & !PUBLISH_ERROR };
        if *flags == wanted {
            return Ok(());
        }
        *flags = wanted;
        match self.store.update(row, Disposition::Issued).await {
            // Revoked meanwhile: that row is another's to write.
            Err(StoreError::DispositionChanged { .. }) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Whether it is kept.
    async fn keep(&self, progress: &Progress) -> bool {
        let (file, content) = (self.file.clone(), progress.clone());
        let written = spawn_blocking(move || content.write(&file)).await;
        if let Ok(Err(problem)) = &written {
            // Rows are then looked at once more.
            warn!(file = %self.file.display(), %problem, "cannot keep how far publication is");
        }
        matches!(written, Ok(Ok(())))
    }
}

/// The account and the certificate, if the template wants it published.
fn wanted(row: &RequestRow) -> Option<(Sid, &[u8])> {
    let certificate = row.columns.certificate.as_ref()?;
    let flags = EnrollmentFlags::from_bits_retain(certificate.enrollment_flags);
    let account = row.columns.requester_sid.as_ref()?.parse().ok()?;
    flags.contains(EnrollmentFlags::PUBLISH_TO_DS).then_some((account, &certificate.raw))
}

impl Progress {
    /// What was kept; a file that is missing or damaged is none, and all rows are looked at.
    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        write_atomically(file, text.as_bytes(), 0o600).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::model::{BoxFuture, SerialNumber, testing};
    use crate::store::{SledStore, StoreConfig};

    const ALICE: &str = "S-1-5-21-1-2-3-1103";
    const BOB: &str = "S-1-5-21-1-2-3-1104";

    /// A directory that takes no certificates of bob's, and may be away.
    #[derive(Default)]
    struct Accounts {
        away: bool,
        bob: bool,
        taken: Vec<(Sid, Vec<u8>)>,
    }

    impl Publication for Mutex<Accounts> {
        fn publish<'a>(
            &'a self,
            account: &'a Sid,
            certificate: &'a [u8],
            _now: SystemTime,
        ) -> BoxFuture<'a, Result<(), DirectoryError>> {
            let mut accounts = self.lock().expect("whole");
            let done = match account.to_string().as_str() {
                _ if accounts.away => Err(DirectoryError::Unavailable { problem: "away".into() }),
                BOB if !accounts.bob => {
                    Err(DirectoryError::Refused { code: 50, win32: None, problem: "no".into() })
                }
                _ => {
                    accounts.taken.push((account.clone(), certificate.to_vec()));
                    Ok(())
                }
            };
            Box::pin(std::future::ready(done))
        }
    }

    struct Bench {
        folder: tempfile::TempDir,
        store: Arc<SledStore>,
        accounts: Arc<Mutex<Accounts>>,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("made");
            let store = SledStore::open(&folder.path().join("db"), &StoreConfig::default());
            Self { folder, store: Arc::new(store.expect("opened")), accounts: Arc::default() }
        }

        fn publisher(&self) -> CertificatePublisher {
            let file = self.folder.path().join("published.toml");
            let (directory, store) = (self.accounts.clone(), self.store.clone());
            CertificatePublisher::new(directory, store, file)
        }

        async fn add(&self, serial: u8, who: &str, disposition: Disposition) -> RequestId {
            self.add_with(serial, who, disposition, EnrollmentFlags::PUBLISH_TO_DS).await
        }

        async fn add_with(
            &self,
            serial: u8,
            who: &str,
            disposition: Disposition,
            flags: EnrollmentFlags,
        ) -> RequestId {
            let mut row = testing::row(disposition).columns;
            row.requester_sid = Some(who.to_owned());
            let certificate = row.certificate.as_mut().expect("there");
            certificate.raw = vec![serial];
            certificate.serial_number = SerialNumber(vec![serial]);
            certificate.certificate_hash = [serial; 20];
            certificate.enrollment_flags = flags.bits();
            self.store.add(row).await.expect("added")
        }

        fn taken(&self) -> Vec<u8> {
            let accounts = self.accounts.lock().expect("whole");
            accounts.taken.iter().flat_map(|(_, der)| der.clone()).collect()
        }

        async fn is_marked(&self, id: RequestId) -> bool {
            let row = self.store.by_id(id).await.expect("read").expect("there");
            row.columns.request_flags & PUBLISH_ERROR != 0
        }
    }

    #[tokio::test]
    async fn every_issued_certificate_is_published_once_in_order() {
        let bench = Bench::new();
        for serial in 1..=40 {
            bench.add(serial, ALICE, Disposition::Issued).await;
        }
        bench.add(41, ALICE, Disposition::Revoked).await;
        bench.add_with(42, ALICE, Disposition::Issued, EnrollmentFlags::empty()).await;
        let (publisher, mut progress) = (bench.publisher(), Progress::default());
        publisher.round(&mut progress).await.expect("there");
        assert_eq!(bench.taken(), (1..=40).collect::<Vec<_>>(), "not what the template keeps back");
        publisher.keep(&progress).await;
        let mut read = Progress::read(&publisher.file);
        assert_eq!(read, progress);
        publisher.round(&mut read).await.expect("there");
        assert_eq!(bench.taken().len(), 40, "and not again");
    }

    #[tokio::test]
    async fn what_waits_for_the_directory_is_not_lost() {
        let bench = Bench::new();
        bench.add(1, ALICE, Disposition::Issued).await;
        bench.accounts.lock().expect("whole").away = true;
        let (publisher, mut progress) = (bench.publisher(), Progress::default());
        publisher.round(&mut progress).await.expect_err("away");
        assert_eq!(progress, Progress::default());
        bench.accounts.lock().expect("whole").away = false;
        publisher.round(&mut progress).await.expect("there");
        assert_eq!(bench.taken(), [1]);
    }

    #[tokio::test]
    async fn what_is_refused_is_marked_and_tried_again() {
        let bench = Bench::new();
        let refused = bench.add(1, BOB, Disposition::Issued).await;
        let other = bench.add(2, ALICE, Disposition::Issued).await;
        let (publisher, mut progress) = (bench.publisher(), Progress::default());
        publisher.round(&mut progress).await.expect("there");
        assert_eq!(bench.taken(), [2], "others do not wait for it");
        assert!(bench.is_marked(refused).await && !bench.is_marked(other).await);
        publisher.round(&mut progress).await.expect("there");
        assert_eq!(progress.again, BTreeSet::from([refused.0]));
        bench.accounts.lock().expect("whole").bob = true;
        publisher.round(&mut progress).await.expect("there");
        assert_eq!(bench.taken(), [2, 1]);
        assert!(!bench.is_marked(refused).await && progress.again.is_empty());
    }

    #[tokio::test]
    async fn what_was_pending_is_published_when_it_is_issued() {
        let bench = Bench::new();
        let pending = bench.add(1, ALICE, Disposition::Pending).await;
        bench.add(2, ALICE, Disposition::Issued).await;
        let (publisher, mut progress) = (bench.publisher(), Progress::default());
        publisher.round(&mut progress).await.expect("there");
        let mut row = bench.store.by_id(pending).await.expect("read").expect("there");
        row.columns.disposition = Disposition::Issued;
        bench.store.update(row, Disposition::Pending).await.expect("updated");
        publisher.keep(&progress).await;
        let issued = IssuedNews::default();
        issued.tell_late(pending);
        let end = async {
            while bench.taken().len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = publisher.run(&issued) => {}
            () = end => {}
        }
        assert_eq!(bench.taken(), [2, 1]);
    }

    #[tokio::test]
    async fn an_approval_that_a_crash_cut_short_is_published_after_it() {
        let bench = Bench::new();
        let file = bench.folder.path().join("approved.json");
        let (approved, undecided) = (
            bench.add(1, ALICE, Disposition::Pending).await,
            bench.add(2, ALICE, Disposition::Pending).await,
        );
        bench.add(3, ALICE, Disposition::Issued).await;
        let (publisher, mut progress) = (bench.publisher(), Progress::default());
        publisher.round(&mut progress).await.expect("there");
        assert!(publisher.keep(&progress).await);
        let news = IssuedNews::kept_in(&file).expect("none yet");
        for id in [approved, undecided] {
            news.announce(id).await.expect("kept");
        }
        let mut row = bench.store.by_id(approved).await.expect("read").expect("there");
        row.columns.disposition = Disposition::Issued;
        bench.store.update(row, Disposition::Pending).await.expect("updated");
        // The crash: nobody was told. The other one was not even issued.
        drop(news);
        let news = IssuedNews::kept_in(&file).expect("read");
        assert_eq!(news.announced().await, BTreeSet::from([approved.0, undecided.0]));
        let publisher = bench.publisher();
        let end = async {
            while bench.taken().len() < 2 || !news.announced().await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = publisher.run(&news) => {}
            () = end => {}
        }
        assert_eq!(bench.taken(), [3, 1]);
        let kept = Progress::read(&publisher.file);
        assert_eq!(kept.again, BTreeSet::from([undecided.0]), "it may yet be issued");
        assert!(IssuedNews::kept_in(&file).expect("read").announced().await.is_empty());
    }
}
