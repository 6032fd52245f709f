//! The CRL table ([MS-CSRA] 3.1.1.4): which CRLs were published, and what became of that. A file beside
//! the CRLs; of those that are over it keeps no more than what is told here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bitflags::bitflags;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::crl::{Crl, Crls};
use super::files::{FileError, read_if_there, write_atomically};
use crate::model::HResult;

/// Rows that are kept; the oldest go first.
const MAX_ROWS: usize = 1_000;

bitflags! {
    /// CRL_Publish_Flags.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PublishFlags: u32 {
        /// CPF_BASE.
        const BASE = 0x1;
        /// CPF_DELTA.
        const DELTA = 0x2;
        /// CPF_COMPLETE: it is wherever it is to be.
        const COMPLETE = 0x4;
        /// CPF_MANUAL: somebody asked for it.
        const MANUAL = 0x40;
        /// CPF_LDAP_ERROR: it could not be written to the directory.
        const LDAP_ERROR = 0x100;
    }
}

/// A published CRL.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrlRow {
    /// CRL_Row_Id.
    pub id: u32,
    /// The number of the key that signed it.
    pub key: u16,
    /// CRL_Number.
    pub number: u32,
    /// CRL_Min_Base: of a delta CRL the number of its base CRL; 0 of a base CRL.
    pub min_base: u32,
    /// CRL_Count; `None` where it is not known.
    pub count: Option<u32>,
    /// CRL_This_Update.
    #[serde(with = "seconds")]
    pub this_update: SystemTime,
    /// CRL_Next_Update.
    #[serde(with = "seconds")]
    pub next_update: SystemTime,
    /// CRL_This_Publish.
    #[serde(with = "seconds")]
    pub this_publish: SystemTime,
    /// CRL_Next_Publish.
    #[serde(with = "seconds")]
    pub next_publish: SystemTime,
    /// CRL_Last_Published.
    #[serde(with = "seconds")]
    pub last_published: SystemTime,
    /// CRL_Effective: thisUpdate of the base CRL of a delta CRL.
    #[serde(with = "optional_seconds")]
    pub effective: Option<SystemTime>,
    /// CRL_Publish_Attempts.
    pub attempts: u32,
    /// CRL_Publish_Flags.
    pub flags: u32,
    /// CRL_Publish_Status_Code.
    pub status: u32,
    /// Who asked for it; `None` is the schedule.
    pub by: Option<String>,
    /// Where it could not be written the last time.
    pub failed: Option<String>,
}

impl CrlRow {
    /// Whether it is a delta CRL.
    pub fn is_delta(&self) -> bool {
        self.min_base != 0
    }

    /// CRL_Propagation_Complete: when everybody who follows its times has it.
    pub fn propagation_complete(&self) -> SystemTime {
        let overlap = self.next_update.duration_since(self.next_publish).unwrap_or_default();
        self.this_publish.checked_add(overlap).unwrap_or(self.next_update)
    }

    /// CRL_Publish_Error: who published it, and where that failed.
    pub fn publish_error(&self) -> String {
        let by = self.by.as_deref().unwrap_or("-");
        match &self.failed {
            None => format!("Published by {by}\n"),
            Some(place) => format!("Published by {by} -- 0\n\n{place}\n"),
        }
    }

    /// Whether this is its row.
    fn is_of(&self, key: u16, crl: &Crl, is_delta: bool) -> bool {
        self.key == key && self.number == crl.number && self.is_delta() == is_delta
    }
}

/// What became of writing the CRLs that are in use to the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Written {
    /// They are there.
    Done,
    /// They are not.
    Failed {
        /// Why, as Windows would put it.
        status: HResult,
        /// Where.
        place: String,
    },
}

/// A run of publication.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Entries of the base CRL, where one was made.
    pub base: Option<u32>,
    /// Entries of the delta CRL, where one was made.
    pub delta: Option<u32>,
    /// Who asked for it; `None` is the schedule.
    pub by: Option<&'a str>,
    /// Whether the CRLs go on to a directory.
    pub to_directory: bool,
    /// Now.
    pub now: SystemTime,
}

/// The rows, and the file that they are in.
#[derive(Debug)]
pub struct CrlHistory {
    path: PathBuf,
    table: Table,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The identifier of the next row.
    next: u32,
    rows: Vec<CrlRow>,
}

impl CrlHistory {
    /// Reads the file. One that is damaged is no reason not to start: a new table is begun then.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn load(path: PathBuf) -> Result<Self, FileError> {
        let empty = Table { next: 1, rows: Vec::new() };
        let table = match read_if_there(&path)? {
            None => empty,
            Some(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                let path = path.display();
                warn!(%path, %error, "the table of CRLs is damaged, a new one is begun");
                empty
            }),
        };
        Ok(Self { path, table })
    }

    /// The rows, by ascending identifier.
    pub fn rows(&self) -> Arc<Vec<CrlRow>> {
        Arc::new(self.table.rows.clone())
    }

    /// The file, and what it is to hold: written by [`write_history`].
    pub fn content(&self) -> (PathBuf, Vec<u8>) {
        // Numbers and text: this cannot fail.
        (self.path.clone(), serde_json::to_vec_pretty(&self.table).unwrap_or_default())
    }

    /// Adds a row for each CRL that a run made; `current` is the number of the CA's key.
    pub fn add(&mut self, crls: &Crls, current: u16, run: Run<'_>) {
        for (key, base, delta) in in_use(crls, current) {
            if let (Some(base), Some(count)) = (base, run.base) {
                self.push(row(key, base, None, Some(count), run));
            }
            if let (Some(delta), Some(count), Some(base)) = (delta, run.delta, base) {
                self.push(row(key, delta, Some(base), Some(count), run));
            }
        }
        self.shorten(crls, current);
    }

    /// Adds rows for CRLs that are in use and have none: made before there was this table.
    /// Whether there were any.
    pub fn complete(&mut self, crls: &Crls, current: u16, run: Run<'_>) -> bool {
        let before = self.table.next;
        for (key, base, delta) in in_use(crls, current) {
            let Some(base) = base else { continue };
            let both = [(Some(base), None), (delta, Some(base))];
            for (crl, base) in both.into_iter().filter_map(|(crl, base)| Some((crl?, base))) {
                if !self.table.rows.iter().any(|row| row.is_of(key, crl, base.is_some())) {
                    let made = Run { now: crl.this_update, ..run };
                    self.push(row(key, crl, base, None, made));
                }
            }
        }
        self.table.next != before
    }

    /// Notes what became of the CRLs in use in the directory. Whether that changed a row.
    pub fn note(&mut self, crls: &Crls, current: u16, written: &Written, now: SystemTime) -> bool {
        let mut changed = false;
        for row in self.table.rows.iter_mut().filter(|row| is_in_use(row, crls, current)) {
            let mut flags = PublishFlags::from_bits_retain(row.flags);
            let (failed, status) = match written {
                Written::Done if flags.contains(PublishFlags::COMPLETE) => continue,
                Written::Done => (None, HResult::S_OK),
                Written::Failed { status, place } => (Some(place.clone()), *status),
            };
            flags.set(PublishFlags::COMPLETE, failed.is_none());
            flags.set(PublishFlags::LDAP_ERROR, failed.is_some());
            (row.flags, row.failed, row.status) = (flags.bits(), failed, status.0);
            (row.last_published, row.attempts) = (whole(now), row.attempts.saturating_add(1));
            changed = true;
        }
        changed
    }

    /// Takes rows away, but those of CRLs that are in use. How many went, and how many stay because
    /// they are in use.
    pub fn forget(
        &mut self,
        crls: &Crls,
        current: u16,
        goes: impl Fn(&CrlRow) -> bool,
    ) -> (usize, usize) {
        let before = self.table.rows.len();
        let mut kept = 0_usize;
        self.table.rows.retain(|row| {
            let goes = goes(row);
            let stays = goes && is_in_use(row, crls, current);
            kept = kept.saturating_add(stays.into());
            !goes || stays
        });
        (before.saturating_sub(self.table.rows.len()), kept)
    }

    fn push(&mut self, row: CrlRow) {
        self.table.rows.push(CrlRow { id: self.table.next, ..row });
        self.table.next = self.table.next.saturating_add(1);
    }

    fn shorten(&mut self, crls: &Crls, current: u16) {
        let mut surplus = self.table.rows.len().saturating_sub(MAX_ROWS);
        self.table.rows.retain(|row| {
            let goes = surplus > 0 && !is_in_use(row, crls, current);
            surplus = surplus.saturating_sub(goes.into());
            !goes
        });
    }
}

/// Writes what [`CrlHistory::content`] gave. Blocks.
///
/// # Errors
/// Where it cannot be written.
pub fn write_history((path, content): &(PathBuf, Vec<u8>)) -> Result<(), FileError> {
    write_atomically(path, content, 0o644)
}

/// Of each key its base and its delta CRL, those of the current key first.
fn in_use(crls: &Crls, current: u16) -> impl Iterator<Item = (u16, Option<&Crl>, Option<&Crl>)> {
    let earlier = crls.of_earlier_keys.iter().map(|crls| (crls.key, &crls.base, &crls.delta));
    let all = [(current, &crls.base, &crls.delta)].into_iter().chain(earlier);
    all.map(|(key, base, delta)| (key, base.as_deref(), delta.as_deref()))
}

/// Whether a row is of a CRL that is in use.
pub fn is_in_use(row: &CrlRow, crls: &Crls, current: u16) -> bool {
    crl_of(row, crls, current).is_some()
}

/// The CRL of a row, where it is in use.
pub fn crl_of<'a>(row: &CrlRow, crls: &'a Crls, current: u16) -> Option<&'a Crl> {
    let mut all = in_use(crls, current).flat_map(|(key, base, delta)| {
        [base.map(|crl| (key, crl, false)), delta.map(|crl| (key, crl, true))]
    });
    let found = all.find_map(|one| one.filter(|(key, crl, delta)| row.is_of(*key, crl, *delta)));
    found.map(|(_, crl, _)| crl)
}

/// The time in whole seconds, as CRLs and the file have it.
fn whole(time: SystemTime) -> SystemTime {
    seconds::time(seconds::of(time)).unwrap_or(time)
}

fn row(key: u16, crl: &Crl, base: Option<&Crl>, count: Option<u32>, run: Run<'_>) -> CrlRow {
    let mut flags = if base.is_some() { PublishFlags::DELTA } else { PublishFlags::BASE };
    flags.set(PublishFlags::COMPLETE, !run.to_directory);
    flags.set(PublishFlags::MANUAL, run.by.is_some());
    CrlRow {
        id: 0,
        key,
        number: crl.number,
        min_base: base.map_or(0, |base| base.number),
        count,
        this_update: whole(crl.this_update),
        next_update: whole(crl.next_update),
        this_publish: whole(run.now),
        next_publish: whole(crl.next_publish),
        last_published: whole(run.now),
        effective: base.map(|base| whole(base.this_update)),
        attempts: u32::from(!run.to_directory),
        flags: flags.bits(),
        status: 0,
        by: run.by.map(str::to_owned),
        failed: None,
    }
}

/// Times as seconds since 1970.
mod seconds {
    use super::{Duration, SystemTime};
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn of(time: SystemTime) -> u64 {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    pub(super) fn time(seconds: u64) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(of(*time))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<SystemTime, D::Error> {
        time(u64::deserialize(from)?).ok_or_else(|| de::Error::custom("no time"))
    }
}

mod optional_seconds {
    use super::{SystemTime, seconds};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(seconds::of).serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let read = Option::<u64>::deserialize(from)?;
        let time = |seconds| seconds::time(seconds).ok_or_else(|| de::Error::custom("no time"));
        read.map(time).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(days: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * days
    }

    fn crl(number: u32) -> Arc<Crl> {
        let (this_update, next_publish) = (at(number), at(number + 7));
        let next_update = next_publish + DAY / 2;
        Arc::new(Crl { der: vec![], number, this_update, next_publish, next_update })
    }

    fn crls(base: u32, delta: u32) -> Crls {
        Crls { base: Some(crl(base)), delta: Some(crl(delta)), ..Crls::default() }
    }

    fn run(now: u32) -> Run<'static> {
        Run { base: Some(3), delta: Some(1), by: None, to_directory: false, now: at(now) }
    }

    fn history() -> (tempfile::TempDir, CrlHistory) {
        let folder = tempfile::tempdir().unwrap();
        let history = CrlHistory::load(folder.path().join("history.json")).unwrap();
        (folder, history)
    }

    #[test]
    fn each_crl_leaves_a_row_that_a_restart_finds() {
        let (folder, mut history) = history();
        history.add(&crls(1, 1), 0, run(1));
        let by = Run { base: None, by: Some(r"LAB\carol"), ..run(2) };
        history.add(&crls(1, 2), 0, by);
        write_history(&history.content()).unwrap();
        let read = CrlHistory::load(folder.path().join("history.json")).unwrap();
        assert_eq!(read.rows(), history.rows());
        let rows = read.rows();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.id, row.number, row.min_base, row.count, row.flags, row.attempts))
            .collect();
        assert_eq!(
            told,
            [(1, 1, 0, Some(3), 5, 1), (2, 1, 1, Some(1), 6, 1), (3, 2, 1, Some(1), 0x46, 1)]
        );
        assert_eq!(rows[2].effective, Some(at(1)), "thisUpdate of its base CRL");
        assert_eq!(rows[0].propagation_complete(), at(1) + DAY / 2);
        assert_eq!(rows[2].publish_error(), "Published by LAB\\carol\n");
    }

    #[test]
    fn crls_in_use_that_have_no_row_get_one_once() {
        let (_folder, mut history) = history();
        assert!(history.complete(&crls(4, 5), 0, run(9)));
        assert!(!history.complete(&crls(4, 5), 0, run(9)));
        let rows = history.rows();
        assert_eq!((rows.len(), rows[1].number, rows[1].min_base), (2, 5, 4));
        assert_eq!((rows[0].count, rows[0].this_publish), (None, at(4)));
    }

    #[test]
    fn what_the_directory_refuses_is_in_the_row_until_it_takes_it() {
        let (_folder, mut history) = history();
        let (old, new) = (crls(1, 1), crls(2, 2));
        let to_directory = Run { to_directory: true, ..run(1) };
        history.add(&old, 0, to_directory);
        history.add(&new, 0, to_directory);
        assert_eq!((history.rows()[2].flags, history.rows()[2].attempts), (1, 0), "on its way");
        let place = "CN=CA,CN=CDP".to_owned();
        let failed = Written::Failed { status: HResult::E_ACCESSDENIED, place };
        for attempts in 1..=2 {
            assert!(history.note(&new, 0, &failed, at(3)));
            let rows = history.rows();
            let row = &rows[2];
            assert_eq!((row.flags, row.status, row.attempts), (0x101, 0x8007_0005, attempts));
            assert_eq!(row.publish_error(), "Published by - -- 0\n\nCN=CA,CN=CDP\n");
            assert_eq!(rows[0].flags, 1, "that one is over");
        }
        assert!(history.note(&new, 0, &Written::Done, at(4)));
        let rows = history.rows();
        assert_eq!((rows[2].flags, rows[2].status, rows[2].attempts), (5, 0, 3));
        assert_eq!((rows[3].flags, rows[2].last_published), (6, at(4)));
        assert!(!history.note(&new, 0, &Written::Done, at(5)), "once is enough");
    }

    #[test]
    fn rows_of_crls_in_use_stay_and_others_go_when_they_are_too_many() {
        let (_folder, mut history) = history();
        for number in 1..=600 {
            history.add(&crls(number, number), 0, run(number));
        }
        let rows = history.rows();
        assert_eq!((rows.len(), rows[0].id, rows[999].id), (MAX_ROWS, 201, 1200));
        assert_eq!(history.forget(&crls(600, 600), 0, |row| row.number > 500), (198, 2));
        assert_eq!(history.forget(&crls(600, 600), 0, |row| row.id == 201), (1, 0));
        history.add(&crls(601, 601), 0, run(601));
        assert_eq!(history.rows().last().unwrap().id, 1202, "no identifier twice");
    }

    #[test]
    fn a_damaged_file_does_not_stop_anything() {
        let (folder, mut history) = history();
        history.add(&crls(1, 1), 0, run(1));
        let path = folder.path().join("history.json");
        for wrong in ["", "{}", "[1]", r#"{"next": 1, "rows": [{"id": 1}]}"#] {
            std::fs::write(&path, wrong).unwrap();
            assert!(CrlHistory::load(path.clone()).unwrap().rows().is_empty(), "{wrong}");
        }
    }
}
