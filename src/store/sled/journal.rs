//! What was committed since sled last wrote all that it had: a file beside the database, to which a
//! commit is appended and synced before anybody is answered.
//!
//! sled's own way to disk costs a thread pool that wakes whole for each write, and twice the bytes;
//! so it is asked to write now and then, and what it may lack after a crash is in here. Each commit is
//! a record with a number; the table's state holds the number of the last one that is in it, so that a
//! record is applied once. The file is filled with zeros first and written over from its start again
//! and again, so that a sync has no new size to record. The record at its start is a checkpoint: it
//! says which commit the database has on disk for certain. One that has less is damaged, and the
//! journal is no cure for that.
//!
//! Rows hold what clients sent, and old ones lie where the next record may be looked for: so that nobody
//! can send a record, each is signed (HMAC) with a key that stands in the file's first block.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key, Tag};
use aws_lc_rs::rand;

use crate::files::{is_there, write_atomically};
use crate::store::StoreError;

const NAME: &str = "journal";
const MAGIC: [u8; 4] = *b"wcj1";
/// Magic, length, number and signature of a record.
const HEADER: usize = 48;
/// Records begin at multiples of it: no sector of a disk holds two. The first block is the key's.
const ALIGN: usize = 4096;
/// Where the first record begins: the checkpoint.
const START: u64 = 4096;
/// By how much the file grows.
const STEP: u64 = 1024 * 1024;
/// From here on sled is asked to write, and records begin at the start again.
const FULL: u64 = 8 * 1024 * 1024;
/// The most that is read of a journal: [`FULL`], and a last record.
const LONGEST: u64 = 32 * 1024 * 1024;

/// The open file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    key: Key,
    /// Where the next record begins.
    at: u64,
    /// How much of the file is there.
    length: u64,
}

impl Journal {
    /// Opens the journal of the database in `folder`, whose last commit has the number `applied`; a
    /// database that `is_new` may have none yet. Returns the commits behind that, in order. Before
    /// anything is appended, [`restart`](Self::restart).
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where commits are missing, [`StoreError::Open`].
    pub fn open(
        folder: &Path,
        applied: u64,
        is_new: bool,
    ) -> Result<(Self, Vec<Vec<u8>>), StoreError> {
        let damaged = |reason: &str| StoreError::Damaged {
            path: folder.to_owned(),
            reason: format!("its file {NAME} {reason}"),
        };
        let failed = |reason: String| StoreError::Open { path: folder.join(NAME), reason };
        let path = folder.join(NAME);
        if !is_there(&path).map_err(|error| failed(error.source.to_string()))? {
            if !is_new {
                return Err(damaged("is missing"));
            }
            let made = write_atomically(&path, &first_block().map_err(failed)?, 0o600);
            made.map_err(|error| failed(error.source.to_string()))?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|error| failed(error.to_string()))?;
        let length = file.metadata().map_err(|error| failed(error.to_string()))?.len();
        if length > LONGEST {
            return Err(damaged("is too long"));
        }
        let mut content = vec![0; usize::try_from(length).map_err(|_| damaged("is too long"))?];
        file.read_exact_at(&mut content, 0).map_err(|error| failed(error.to_string()))?;
        let key = key(&content).ok_or_else(|| damaged("does not begin as one of ours"))?;
        let content = content.get(ALIGN..).unwrap_or_default();
        let (records, last) = chain(&key, content, applied)
            .ok_or_else(|| damaged("knows of commits that it lost"))?;
        // A record is written when those before it are on the disk.
        let number =
            |at| content.get(at..).and_then(|at| record(&key, at)).map(|(number, _)| number);
        if (0..content.len()).step_by(ALIGN).filter_map(number).any(|number| number > last) {
            return Err(damaged("has a gap"));
        }
        Ok((Self { file, key, at: START, length }, records))
    }

    /// Appends a commit and syncs it. Its number is that of the last one and one more.
    ///
    /// # Errors
    /// What the system says. Nobody can tell then what is on the disk.
    pub fn append(&mut self, number: u64, commit: &[u8]) -> Result<(), String> {
        let header = header(&self.key, number, commit)?;
        let size = HEADER.saturating_add(commit.len()).next_multiple_of(ALIGN);
        let after = |bytes: usize| u64::try_from(bytes).ok().and_then(|n| self.at.checked_add(n));
        let (Some(behind), Some(end)) = (after(HEADER), after(size)) else {
            return Err(format!("file {NAME}: a commit of {size} bytes"));
        };
        let write = || -> io::Result<u64> {
            let length = match self.length < end {
                true => self.grow(end)?,
                false => self.length,
            };
            self.file.write_all_at(&header, self.at)?;
            self.file.write_all_at(commit, behind)?;
            self.file.sync_data()?;
            Ok(length)
        };
        self.length = write().map_err(|error| format!("file {NAME}: {error}"))?;
        self.at = end;
        Ok(())
    }

    /// Fills the file with zeros up to the next multiple of [`STEP`] behind `end`.
    fn grow(&self, end: u64) -> io::Result<u64> {
        let length = end.checked_next_multiple_of(STEP).unwrap_or(end);
        let more = usize::try_from(length.saturating_sub(self.length)).unwrap_or(0);
        self.file.write_all_at(&vec![0; more], self.length)?;
        self.file.sync_all()?;
        Ok(length)
    }

    /// Whether it is time to let sled write all that it has.
    pub fn is_full(&self) -> bool {
        self.at >= FULL
    }

    /// Begins at the start again: all commits up to this number are in the database on disk.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn restart(&mut self, number: u64) -> Result<(), String> {
        self.at = START;
        self.append(number, &[])
    }
}

/// What stands before a commit.
fn header(key: &Key, number: u64, commit: &[u8]) -> Result<Vec<u8>, String> {
    let length = u32::try_from(commit.len()).map_err(|error| error.to_string())?;
    let (length, number) = (length.to_be_bytes(), number.to_be_bytes());
    let signature = sign(key, &[&length, &number, commit]);
    Ok([&MAGIC[..], &length, &number, signature.as_ref()].concat())
}

fn sign(key: &Key, parts: &[&[u8]]) -> Tag {
    let mut context = Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

/// The first block of a new journal: a key, and proof that nothing happened to it.
fn first_block() -> Result<Vec<u8>, String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| "there are no random numbers".to_owned())?;
    let proof = sign(&Key::new(HMAC_SHA256, &bytes), &[&MAGIC]);
    let mut block = [&MAGIC[..], &bytes, proof.as_ref()].concat();
    block.resize(ALIGN, 0);
    Ok(block)
}

/// The key in the first block.
fn key(content: &[u8]) -> Option<Key> {
    let (bytes, rest) = content.strip_prefix(&MAGIC)?.split_first_chunk::<32>()?;
    let key = Key::new(HMAC_SHA256, bytes);
    rest.starts_with(sign(&key, &[&MAGIC]).as_ref()).then_some(key)
}

/// Number and content of the record at the start of these bytes, if there is one.
fn record<'b>(key: &Key, bytes: &'b [u8]) -> Option<(u64, &'b [u8])> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (signature, rest) = rest.split_first_chunk::<32>()?;
    let commit = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let is_ours = sign(key, &[length, number, commit]).as_ref() == signature;
    is_ours.then_some((u64::from_be_bytes(*number), commit))
}

/// The records that follow each other behind the checkpoint, of those the ones behind `applied`, and the
/// number of the last commit. `None` where the checkpoint is behind `applied`.
fn chain(key: &Key, content: &[u8], applied: u64) -> Option<(Vec<Vec<u8>>, u64)> {
    // It may not have been finished: then the database had just been synced.
    let Some((mut last, mut commit)) = record(key, content) else {
        return Some((Vec::new(), applied));
    };
    if last > applied {
        return None;
    }
    let (mut at, mut records) = (0_usize, Vec::new());
    loop {
        at = at.saturating_add(HEADER.saturating_add(commit.len()).next_multiple_of(ALIGN));
        match content.get(at..).and_then(|at| record(key, at)) {
            Some((number, next)) if number == last.saturating_add(1) => {
                (last, commit) = (number, next);
            }
            _ => return Some((records, last.max(applied))),
        }
        if last > applied {
            records.push(commit.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path, applied: u64) -> Result<(Journal, Vec<Vec<u8>>), StoreError> {
        Journal::open(folder, applied, applied == 0)
    }

    fn records(folder: &Path, applied: u64) -> Vec<Vec<u8>> {
        opened(folder, applied).unwrap().1
    }

    fn damage(folder: &Path, applied: u64) -> String {
        match opened(folder, applied) {
            Err(StoreError::Damaged { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// A journal with commits of these numbers.
    fn journal(folder: &Path, numbers: std::ops::RangeInclusive<u64>) -> Journal {
        let (mut journal, _) = opened(folder, numbers.start() - 1).unwrap();
        journal.restart(numbers.start() - 1).unwrap();
        for number in numbers {
            journal.append(number, format!("commit {number}").as_bytes()).unwrap();
        }
        journal
    }

    fn change(folder: &Path, at: usize) {
        let mut content = std::fs::read(folder.join(NAME)).unwrap();
        content[at] ^= 1;
        std::fs::write(folder.join(NAME), content).unwrap();
    }

    #[test]
    fn what_the_database_lacks_comes_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(records(folder, 0).is_empty());
        drop(journal(folder, 1..=3));
        assert_eq!(records(folder, 1), [b"commit 2", b"commit 3"]);
        assert_eq!(records(folder, 0).len(), 3);
        assert!(records(folder, 3).is_empty() && records(folder, 9).is_empty());
    }

    #[test]
    fn from_the_start_again_old_records_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut one = journal(folder, 1..=5);
        one.restart(5).unwrap();
        assert!(records(folder, 5).is_empty());
        one.append(6, b"six").unwrap();
        one.append(7, b"seven").unwrap();
        assert_eq!(records(folder, 5), [&b"six"[..], b"seven"]);
        assert_eq!(records(folder, 6), [b"seven"]);
        assert!(damage(folder, 4).contains("knows of commits that it lost"));
        change(folder, ALIGN + 9);
        assert!(damage(folder, 5).contains("has a gap"), "its checkpoint is damaged");
        assert!(records(folder, 7).is_empty());
    }

    #[test]
    fn a_record_that_was_not_finished_is_none_and_a_gap_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        drop(journal(folder, 1..=3));
        for at in [0, 5, 9, 17, HEADER + 2] {
            change(folder, 4 * ALIGN + at);
            assert_eq!(records(folder, 0), [b"commit 1", b"commit 2"], "{at}");
            change(folder, 4 * ALIGN + at);
            change(folder, 3 * ALIGN + at);
            assert!(damage(folder, 0).contains("has a gap"), "{at}");
            assert!(records(folder, 3).is_empty(), "the database has them all");
            change(folder, 3 * ALIGN + at);
        }
        assert_eq!(records(folder, 0).len(), 3);
    }

    #[test]
    fn a_journal_that_is_missing_or_endless_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        assert!(damage(folder.path(), 1).contains("is missing"));
        let file = File::create(folder.path().join(NAME)).unwrap();
        file.set_len(LONGEST + 1).unwrap();
        assert!(damage(folder.path(), 0).contains("is too long"));
        file.set_len(17).unwrap();
        assert!(damage(folder.path(), 0).contains("does not begin as one of ours"));
    }

    #[test]
    fn a_key_that_changed_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        drop(journal(folder.path(), 1..=1));
        for at in [0, 4, 35, 36, 67] {
            change(folder.path(), at);
            assert!(damage(folder.path(), 0).contains("does not begin as one of ours"), "{at}");
            change(folder.path(), at);
        }
        assert_eq!(records(folder.path(), 0), [b"commit 1"]);
    }

    #[test]
    fn a_record_that_a_client_sent_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let forged = header(&Key::new(HMAC_SHA256, &[0; 32]), 5, b"forged").unwrap();
        let mut sent = vec![0; ALIGN - HEADER];
        sent.extend([&forged, &b"forged"[..]].concat());
        let mut one = journal(folder, 1..=1);
        one.append(2, &sent).unwrap();
        assert_eq!(records(folder, 1), [&sent[..]]);
        one.restart(2).unwrap();
        one.append(3, b"three").unwrap();
        one.append(4, b"four").unwrap();
        let content = std::fs::read(folder.join(NAME)).unwrap();
        assert!(
            content[usize::try_from(one.at).unwrap()..].starts_with(&forged),
            "it is looked at"
        );
        assert_eq!(records(folder, 2), [&b"three"[..], b"four"]);
    }

    #[test]
    fn it_grows_by_steps_and_tells_when_it_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut one = journal(folder, 1..=1);
        assert_eq!(one.length, STEP);
        let large = vec![7; 3 * 1024 * 1024];
        let mut number = 1;
        while !one.is_full() {
            number += 1;
            one.append(number, &large).unwrap();
        }
        assert!(number == 4 && one.length < LONGEST / 2, "{number} {}", one.length);
        assert_eq!(records(folder, 0).len(), 4);
        assert_eq!(records(folder, 3), [large]);
    }
}
