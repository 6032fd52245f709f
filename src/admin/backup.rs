//! Backups: the Request table and the files of the state folder in one stream, which is whole or
//! worth nothing.
//!
//! ```text
//! "WCCE-BAK" | record…          record = tag (1) | length (4, big-endian) | content
//! ```
//!
//! Tags: `H` header (JSON), `F` a file, `R` id and row, `X` id of a row that was removed meanwhile,
//! `E` ending (JSON), and last `S`: the SHA-256 of all before it. Of several records of one row the
//! last counts.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::model::{RequestId, RequestRow};
use crate::store::{Ending, Piece, SledStore, StoreError, decode_row, encode_row};

const MAGIC: &[u8; 8] = b"WCCE-BAK";
/// Version of this form.
const VERSION: u32 = 1;
/// Longest record: a CRL of many millions of entries.
const MAX_RECORD: u32 = 1 << 30;
/// How much the number of CRLs is raised by a restore: those made after the backup are out there.
const CRL_GAP: u32 = 1_000;

/// Why there is no backup, or none can be restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The stream that it goes to or comes from.
    #[error("the backup: {0}")]
    Stream(#[from] io::Error),
    /// The Request table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not a whole backup.
    #[error("this is not a whole backup of wcced: {0}")]
    Damaged(String),
    /// Made by a later version.
    #[error("the backup has version {0}, which this program does not know: upgrade it")]
    Newer(u32),
    /// There is something already.
    #[error("{} is there already; restore into a folder that is not", .0.display())]
    Occupied(PathBuf),
}

/// What a backup begins with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Version of the form.
    pub version: u32,
    /// When it was begun, in seconds since 1970.
    pub begun: u64,
    /// Whether private keys are in it.
    pub keys: bool,
}

/// What is to be backed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BackupOptions {
    /// Files of the state folder: CA certificate, CRLs and so on.
    pub files: bool,
    /// Those with private keys too.
    pub keys: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    /// Relative to the state folder.
    name: PathBuf,
    mode: u32,
    content: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct StoredEnding {
    next_id: u32,
    last_issued: Option<SystemTime>,
    rows: u64,
}

/// A part of a backup.
#[derive(Clone, PartialEq, Debug)]
pub enum Record {
    /// The header, always first.
    Header(Header),
    /// A file: path below the state folder, permission bits, content.
    File(PathBuf, u32, Vec<u8>),
    /// A row, or what became of it since.
    Piece(Piece),
}

/// Writes a backup of table and state folder as they are at the end of this call. Blocks, for as
/// long as `out` takes; nobody else waits.
///
/// # Errors
/// Where something cannot be read or written.
pub fn write(
    store: &SledStore,
    state: &Path,
    options: BackupOptions,
    out: impl Write,
) -> Result<(), BackupError> {
    let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut out = Archive { out, hash: Context::new(&SHA256) };
    out.put(MAGIC)?;
    let header = Header { version: VERSION, begun: begun.as_secs(), keys: options.keys };
    out.json(b'H', &header)?;
    if options.files {
        let mut names = Vec::new();
        list(state, Path::new(""), &mut names)?;
        for name in names {
            write_file(&mut out, state, name, options.keys)?;
        }
    }
    store.snapshot(|piece| match piece {
        Piece::Row(row) => {
            let id = row.id.0.to_be_bytes();
            out.record(b'R', &[&id[..], &encode_row(&row)?].concat())
        }
        Piece::Removed(id) => out.record(b'X', &id.0.to_be_bytes()),
        Piece::End(Ending { next_id, last_issued, rows }) => {
            out.json(b'E', &StoredEnding { next_id, last_issued, rows })
        }
    })?;
    let hash = out.hash.clone().finish();
    out.record(b'S', hash.as_ref())?;
    Ok(out.out.flush()?)
}

struct Archive<W> {
    out: W,
    hash: Context,
}

impl<W: Write> Archive<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.hash.update(bytes);
        Ok(self.out.write_all(bytes)?)
    }

    fn record(&mut self, tag: u8, content: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(content.len()).ok().filter(|length| *length <= MAX_RECORD);
        let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.put(&[tag])?;
        self.put(&length.to_be_bytes())?;
        self.put(content)
    }

    fn json(&mut self, tag: u8, value: &impl Serialize) -> Result<(), BackupError> {
        let text = serde_json::to_vec(value).map_err(io::Error::from)?;
        self.record(tag, &text)
    }
}

/// Names of the files below the state folder, but for the database and what is for one run only.
fn list(state: &Path, folder: &Path, names: &mut Vec<PathBuf>) -> Result<(), BackupError> {
    let path = state.join(folder);
    let error = |source| BackupError::File { path: path.clone(), source };
    for entry in fs::read_dir(&path).map_err(error)? {
        let entry = entry.map_err(error)?;
        let name = folder.join(entry.file_name());
        let kind = entry.file_type().map_err(error)?;
        let passing = name.extension().is_some_and(|end| end == "new" || end == "replay");
        // A key may lie elsewhere, with a link to it.
        let is_file = kind.is_file() || kind.is_symlink() && entry.path().is_file();
        if kind.is_dir() && name != Path::new("db") {
            list(state, &name, names)?;
        } else if is_file && !passing {
            names.push(name);
        }
    }
    Ok(())
}

fn write_file<W: Write>(
    out: &mut Archive<W>,
    state: &Path,
    name: PathBuf,
    keys: bool,
) -> Result<(), BackupError> {
    let path = state.join(&name);
    let error = |source| BackupError::File { path: path.clone(), source };
    let mode = match fs::metadata(&path) {
        // Replaced at this moment: nothing that was there at the beginning is left out.
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(error)?.permissions().mode() & 0o7777,
    };
    let content = zeroize::Zeroizing::new(fs::read(&path).map_err(error)?);
    let secret = content.windows(11).any(|part| part == b"PRIVATE KEY");
    if secret && !keys {
        return Ok(());
    }
    let file = StoredFile { name, mode, content: content.to_vec() };
    let record = postcard::to_stdvec(&file).map(zeroize::Zeroizing::new);
    let mut file = file;
    zeroize::Zeroize::zeroize(&mut file.content);
    let record = record.map_err(|error| StoreError::Encoding(error.to_string()))?;
    out.record(b'F', &record)
}

/// Hands over all records of a backup but the last, and fails unless it is whole.
///
/// # Errors
/// Where it is not whole, or `take` fails.
pub fn read(
    mut from: impl Read,
    mut take: impl FnMut(Record) -> Result<(), BackupError>,
) -> Result<Header, BackupError> {
    let damaged = |what: &str| BackupError::Damaged(what.to_owned());
    let mut hash = Context::new(&SHA256);
    let mut magic = [0; 8];
    from.read_exact(&mut magic).map_err(|_| damaged("it is empty"))?;
    if magic != *MAGIC {
        return Err(damaged("it begins otherwise"));
    }
    hash.update(&magic);
    let (mut header, mut ended) = (None, false);
    loop {
        let mut head = [0; 5];
        from.read_exact(&mut head).map_err(|_| damaged("its end is missing"))?;
        let [tag, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if length > MAX_RECORD {
            return Err(damaged("a record is too long"));
        }
        let mut content = Vec::new();
        let read = from.by_ref().take(length.into()).read_to_end(&mut content)?;
        if u32::try_from(read) != Ok(length) {
            return Err(damaged("its end is missing"));
        }
        if tag == b'S' {
            return match hash.finish().as_ref() == &content[..] && ended {
                true => header.ok_or_else(|| damaged("it has no header")),
                false => Err(damaged("its hash is another")),
            };
        }
        hash.update(&head);
        hash.update(&content);
        let record = parse(tag, &content)?;
        ended |= matches!(record, Record::Piece(Piece::End(_)));
        if let Record::Header(found) = &record {
            header = Some(found.clone());
        } else if header.is_none() {
            return Err(damaged("it has no header"));
        }
        take(record)?;
    }
}

fn parse(tag: u8, content: &[u8]) -> Result<Record, BackupError> {
    let damaged = |error: &dyn std::fmt::Display| BackupError::Damaged(error.to_string());
    let id = |content: &[u8]| {
        let (id, rest) = content.split_first_chunk().ok_or_else(|| damaged(&"a row without id"))?;
        Ok::<_, BackupError>((RequestId(u32::from_be_bytes(*id)), rest.to_vec()))
    };
    Ok(match tag {
        b'H' => {
            let header: Header = serde_json::from_slice(content).map_err(|e| damaged(&e))?;
            if header.version > VERSION {
                return Err(BackupError::Newer(header.version));
            }
            Record::Header(header)
        }
        b'F' => {
            let file: StoredFile = postcard::from_bytes(content).map_err(|e| damaged(&e))?;
            Record::File(file.name, file.mode, file.content)
        }
        b'R' => {
            let (id, row) = id(content)?;
            let row = decode_row(id, &row).map_err(|e| damaged(&e))?;
            Record::Piece(Piece::Row(Box::new(row)))
        }
        b'X' => Record::Piece(Piece::Removed(id(content)?.0)),
        b'E' => {
            let ending: StoredEnding = serde_json::from_slice(content).map_err(|e| damaged(&e))?;
            let StoredEnding { next_id, last_issued, rows } = ending;
            Record::Piece(Piece::End(Ending { next_id, last_issued, rows }))
        }
        other => return Err(damaged(&format!("a record of kind {other:#04x}"))),
    })
}

/// Makes a state folder out of a backup; returns how many rows it has. A backup that is not whole
/// leaves the folder unfinished, under another name.
///
/// # Errors
/// Where the folder is there already, the backup is not whole, or something cannot be written.
pub async fn restore(
    from: impl Read,
    state: &Path,
    open: impl FnOnce(&Path) -> Result<SledStore, StoreError>,
) -> Result<u64, BackupError> {
    let error = |path: &Path, source| BackupError::File { path: path.to_owned(), source };
    if state.exists() {
        return Err(BackupError::Occupied(state.to_owned()));
    }
    let unfinished = state.with_extension("unfinished");
    if unfinished.exists() {
        return Err(BackupError::Occupied(unfinished));
    }
    crate::ca::create_private_folder(&unfinished).map_err(|e| error(&e.path.clone(), e.source))?;
    let store = open(&unfinished.join("db"))?;
    let (mut ending, mut batch) = (None, Vec::new());
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        read(from, |record| match record {
            Record::Header(_) => Ok(()),
            Record::File(name, mode, content) => restore_file(&unfinished, &name, mode, &content),
            Record::Piece(Piece::Row(row)) => {
                batch.push(*row);
                match batch.len() < BATCH {
                    true => Ok(()),
                    false => Ok(runtime.block_on(store.restore(std::mem::take(&mut batch)))?),
                }
            }
            Record::Piece(Piece::Removed(id)) => {
                runtime.block_on(store.restore(std::mem::take(&mut batch)))?;
                match runtime.block_on(store.forget(id)) {
                    // It came and went while the backup was made.
                    Ok(()) | Err(StoreError::NotFound(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            Record::Piece(Piece::End(end)) => {
                ending = Some(end);
                Ok(runtime.block_on(store.restore(std::mem::take(&mut batch)))?)
            }
        })
    })?;
    let ending = ending.ok_or_else(|| BackupError::Damaged("its end is missing".to_owned()))?;
    store.advance(ending.next_id, ending.last_issued).await?;
    drop(store);
    raise_crl_number(&unfinished.join("crl"))?;
    fs::rename(&unfinished, state).map_err(|source| error(state, source))?;
    if let Some(parent) = state.parent() {
        crate::files::sync_folder(parent).map_err(|e| error(&e.path.clone(), e.source))?;
    }
    Ok(ending.rows)
}

/// Rows that are written at a time.
const BATCH: usize = 512;

fn restore_file(state: &Path, name: &Path, mode: u32, content: &[u8]) -> Result<(), BackupError> {
    // A name that leads elsewhere is not one that a backup has.
    if !name.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(BackupError::Damaged(format!("a file called {}", name.display())));
    }
    let path = state.join(name);
    let error = |e: crate::ca::FileError| BackupError::File { path: e.path, source: e.source };
    if let Some(folder) = path.parent() {
        crate::ca::create_private_folder(folder).map_err(error)?;
    }
    crate::ca::write_atomically(&path, content, mode & 0o777).map_err(error)
}

/// CRLs that were made after the backup must not be newer than those made after the restore.
fn raise_crl_number(folder: &Path) -> Result<(), BackupError> {
    let error = |path: &Path, source| BackupError::File { path: path.to_owned(), source };
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|source| error(folder, source))?.path();
        let is_number = path
            .file_name()
            .is_some_and(|name| name.to_str().is_some_and(|name| name.starts_with("number")));
        if !is_number {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|source| error(&path, source))?;
        let Ok(number) = text.trim().parse::<u32>() else { continue };
        let text = format!("{}\n", number.saturating_add(CRL_GAP));
        crate::ca::write_atomically(&path, text.as_bytes(), 0o644)
            .map_err(|e| BackupError::File { path: e.path, source: e.source })?;
    }
    Ok(())
}

/// The rows of a backup, one after the other, each as it was at the end.
///
/// # Errors
/// As [`read`].
pub fn rows(
    from: impl Read,
    mut take: impl FnMut(RequestRow) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    read(from, |record| match record {
        Record::Piece(Piece::Row(row)) => take(*row),
        _ => Ok(()),
    })
    .map(|_| ())
}
