//! How rows and indexes lie in sled's trees.
//!
//! A leaf of a sled tree holds some 16 values and is written as one message; a message above
//! 128 KiB goes to a file of its own that nobody syncs. So rows are cut into [`CHUNK`]s, and
//! keys of indexes are short.

use std::collections::BTreeMap;
use std::time::SystemTime;

use ::sled::{Db, IVec, Tree};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::model::{Disposition, NameColumns, NewRow, RequestId, RequestRow, Revocation};
use crate::store::StoreError;

/// Version of everything in this file. A change of [`NewRow`] or of a tree needs a new one,
/// and a way to read the old. Version 2 appended [`Appended`]; rows of version 1 end before it.
/// Version 3 has the tree `revocations`; older programs could not revoke anything. Version 4 has the
/// trees `templates` and `expiries`, which are made for older rows when the database is opened. Version 5
/// has a journal beside the database, without which rows may be missing.
pub const FORMAT: u32 = 5;
/// Below it, indexes have to be made.
pub const FORMAT_OF_INDEXES: u32 = 4;
/// The oldest version whose rows can still be read.
pub const OLDEST_FORMAT: u32 = 1;

/// The longest value of tree `rows`: 20 of them stay below sled's 128 KiB.
const CHUNK: usize = 6 * 1024;

/// What most rows stay below, in bytes.
const USUAL_ROW: usize = 8 * 1024;

/// Key of [`FORMAT`] in tree `meta`.
pub const FORMAT_KEY: &[u8] = b"format";
/// Key of [`State`] in tree `meta`.
pub const STATE_KEY: &[u8] = b"state";

/// The trees.
pub struct Trees {
    /// id ‖ number of chunk → chunk; the first starts with the length of all.
    pub rows: Tree,
    /// Serial number → id.
    pub serials: Tree,
    /// SHA-1 of the certificate → id.
    pub certificate_hashes: Tree,
    /// SHA-256 of the requester's name in lower case ‖ id → nothing.
    pub requesters: Tree,
    /// Column value of the disposition ‖ id → nothing.
    pub dispositions: Tree,
    /// id → [`Revocation`].
    pub revocations: Tree,
    /// [`template_prefix`] ‖ id → nothing.
    pub templates: Tree,
    /// NotAfter ‖ id → nothing.
    pub expiries: Tree,
    /// [`FORMAT_KEY`] and [`STATE_KEY`].
    pub meta: Tree,
}

impl Trees {
    /// Opens the trees, making those that are missing.
    pub fn open(db: &Db) -> ::sled::Result<Self> {
        Ok(Self {
            rows: db.open_tree("rows")?,
            serials: db.open_tree("serials")?,
            certificate_hashes: db.open_tree("certificate_hashes")?,
            requesters: db.open_tree("requesters")?,
            dispositions: db.open_tree("dispositions")?,
            revocations: db.open_tree("revocations")?,
            templates: db.open_tree("templates")?,
            expiries: db.open_tree("expiries")?,
            meta: db.open_tree("meta")?,
        })
    }

    /// The row of this id.
    pub fn row(&self, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
        let get = |chunk| self.rows.get(chunk_key(id, chunk)).map_err(read_error);
        let damaged = |what: &str| read_error(format!("row {id} {what}"));
        let Some(first) = get(0)? else { return Ok(None) };
        let (length, mut value) = match first.split_first_chunk::<4>() {
            Some((length, rest)) => (u32::from_be_bytes(*length), rest.to_vec()),
            None => return Err(damaged("has no length")),
        };
        let length = usize::try_from(length).map_err(|_| damaged("has an impossible length"))?;
        for chunk in 1..=u16::MAX {
            if value.len() >= length {
                break;
            }
            value.extend_from_slice(&get(chunk)?.ok_or_else(|| damaged("lacks a part"))?);
        }
        if value.len() != length {
            return Err(damaged("has parts of the wrong length"));
        }
        decode_row(id, &value).map(Some).map_err(|error| damaged(&error.to_string()))
    }

    /// The row that `index` names under `key`.
    pub fn row_by(&self, index: &Tree, key: &[u8]) -> Result<Option<RequestRow>, StoreError> {
        let Some(id) = index.get(key).map_err(|error| read_error(&error))? else {
            return Ok(None);
        };
        self.row(id_of(&id)?)?.map(Some).ok_or_else(|| read_error("an index names no row"))
    }

    /// Checks that no row has an id that was not given yet.
    pub fn check_ids(&self, state: &State) -> Result<(), StoreError> {
        match self.rows.last().map_err(read_error)? {
            Some((last, _)) if id_of_row_key(&last)?.0 >= state.next_id => {
                Err(read_error("it has a row with an id not given yet"))
            }
            _ => Ok(()),
        }
    }

    /// Up to `limit` rows from the part of `index` below `prefix`, after the id `after`.
    pub fn page(
        &self,
        index: &Tree,
        prefix: &[u8],
        after: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let Some(first) = after.map_or(Some(0), |RequestId(id)| id.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let range = index_key(prefix, RequestId(first))..=index_key(prefix, RequestId(u32::MAX));
        let row = |key: IVec| {
            let id = id_of(key.get(prefix.len()..).unwrap_or_default())?;
            self.row(id)?.ok_or_else(|| read_error("an index names no row"))
        };
        let keys = index.range(range).keys().take(limit);
        keys.map(|key| row(key.map_err(|error| read_error(&error))?)).collect()
    }
}

/// What an index holds of a row.
pub struct IndexEntry<'t> {
    /// The index's name.
    pub index: &'static str,
    /// The index.
    pub tree: &'t Tree,
    /// Key of the entry.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

impl Trees {
    /// All indexes, by name.
    pub fn indexes(&self) -> [(&'static str, &Tree); 7] {
        [
            ("serials", &self.serials),
            ("certificate_hashes", &self.certificate_hashes),
            ("requesters", &self.requesters),
            ("dispositions", &self.dispositions),
            ("revocations", &self.revocations),
            ("templates", &self.templates),
            ("expiries", &self.expiries),
        ]
    }

    /// What the indexes hold of this row.
    pub fn entries_of(&self, id: RequestId, entries: &IndexEntries) -> Vec<IndexEntry<'_>> {
        let own = id.0.to_be_bytes().to_vec();
        let disposition = disposition_prefix(entries.disposition);
        let keys = [
            entries.serial.clone().map(|serial| (serial, own.clone())),
            entries.certificate_hash.map(|hash| (hash.to_vec(), own.clone())),
            Some((index_key(&entries.requester, id), Vec::new())),
            Some((index_key(&disposition, id), Vec::new())),
            entries.revocation.clone().map(|revocation| (own, revocation)),
            Some((index_key(&entries.template, id), Vec::new())),
            entries.expiry.map(|expiry| (expiry_key(expiry, id), Vec::new())),
        ];
        let all = self.indexes().into_iter().zip(keys);
        all.filter_map(|((index, tree), entry)| {
            entry.map(|(key, value)| IndexEntry { index, tree, key, value })
        })
        .collect()
    }

    /// Up to `limit` rows after the id `after`, whatever their state.
    pub fn rows_after(
        &self,
        after: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let Some(first) = after.map_or(Some(0), |RequestId(id)| id.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let row = |id| self.row(id)?.ok_or_else(|| read_error(format!("row {id} is not whole")));
        self.ids_from(first, limit)?.into_iter().map(row).collect()
    }

    /// Up to `limit` ids of rows from `first` on.
    pub fn ids_from(&self, first: u32, limit: usize) -> Result<Vec<RequestId>, StoreError> {
        let mut ids: Vec<RequestId> = Vec::new();
        let mut next = Some(first);
        // The first chunk of each row; what follows it is passed over.
        while let Some(from) = next.filter(|_| ids.len() < limit) {
            let found = self.rows.range(chunk_key(RequestId(from), 0)..).keys().next();
            let Some(key) = found.transpose().map_err(|error| read_error(&error))? else { break };
            let id = id_of_row_key(&key)?;
            next = id.0.checked_add(1);
            ids.push(id);
        }
        Ok(ids)
    }
}

/// The id in an entry of an index.
pub fn id_of_entry(index: &str, key: &[u8], value: &[u8]) -> Result<RequestId, StoreError> {
    match index {
        "serials" | "certificate_hashes" => id_of(value),
        _ => id_of(key.last_chunk::<4>().map_or(&[][..], |id| id)),
    }
}

impl Trees {
    /// Makes the indexes that version 4 brought, from the rows. What is there already is written
    /// again, so that this may be broken off.
    pub fn make_indexes(&self) -> Result<(), StoreError> {
        let failed = |error: ::sled::Error| read_error(&error);
        let mut next = self.rows.first().map_err(failed)?;
        while let Some((key, _)) = next {
            let id = id_of_row_key(&key)?;
            let row = self.row(id)?.ok_or_else(|| read_error("a row lacks its beginning"))?;
            let entries = IndexEntries::of(&row.columns);
            self.templates.insert(index_key(&entries.template, id), &[]).map_err(failed)?;
            if let Some(expiry) = entries.expiry {
                self.expiries.insert(expiry_key(expiry, id), &[]).map_err(failed)?;
            }
            let behind = [&id.0.to_be_bytes()[..], &[0xFF; 2]].concat();
            next = self.rows.get_gt(behind).map_err(failed)?;
        }
        Ok(())
    }

    /// Up to `limit` revocations after the id `after`.
    pub fn revocations_after(
        &self,
        after: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<(RequestId, Revocation)>, StoreError> {
        let Some(first) = after.map_or(Some(0), |RequestId(id)| id.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let entries = self.revocations.range(first.to_be_bytes()..).take(limit);
        entries
            .map(|entry| {
                let (key, value) = entry.map_err(|error| read_error(&error))?;
                Ok((id_of(&key)?, postcard::from_bytes(&value).map_err(read_error)?))
            })
            .collect()
    }
}

/// An error of sled while reading, or an inconsistency found.
pub fn read_error(reason: impl ToString) -> StoreError {
    StoreError::Read(reason.to_string())
}

/// What the writer keeps beside the rows, so that nothing has to be scanned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct State {
    /// The id of the next row.
    pub next_id: u32,
    /// The latest time of issue.
    pub last_issued: Option<SystemTime>,
    /// Rows of each disposition, by its column value.
    pub counts: BTreeMap<u32, u64>,
    /// The number of the last commit. Version 5 appended it.
    pub commit: u64,
}

/// The number of the first commit of a database that had rows before commits had numbers: a journal
/// that begins there is of no use to an empty one.
const FIRST_COMMIT_OF_OLD: u64 = 1 << 32;

impl State {
    /// Of a new database: ids start at 1.
    pub fn new() -> Self {
        Self { next_id: 1, last_issued: None, counts: BTreeMap::new(), commit: 0 }
    }

    /// As value of [`STATE_KEY`].
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        postcard::to_stdvec(self).map_err(|error| StoreError::Encoding(error.to_string()))
    }

    /// From the value of [`STATE_KEY`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let ((next_id, last_issued, counts), rest) =
            postcard::take_from_bytes(bytes).map_err(read_error)?;
        let commit = match rest.is_empty() {
            true => FIRST_COMMIT_OF_OLD,
            false => postcard::from_bytes(rest).map_err(read_error)?,
        };
        Ok(Self { next_id, last_issued, counts, commit })
    }

    /// Whether nothing was committed since commits have numbers.
    pub fn is_new(&self) -> bool {
        [0, FIRST_COMMIT_OF_OLD].contains(&self.commit)
    }

    /// How many rows have this disposition.
    pub fn count(&self, disposition: Disposition) -> u64 {
        self.counts.get(&disposition.column_value()).copied().unwrap_or_default()
    }

    /// Counts a row in.
    pub fn enter(&mut self, entries: &IndexEntries) {
        let count = self.counts.entry(entries.disposition).or_default();
        *count = count.saturating_add(1);
        self.last_issued = self.last_issued.max(entries.issued_at);
    }

    /// Counts a row out.
    pub fn leave(&mut self, entries: &IndexEntries) {
        let count = self.counts.entry(entries.disposition).or_default();
        *count = count.saturating_sub(1);
    }
}

/// A row ready to be written: its value and what the indexes need.
pub struct EncodedRow {
    /// Encoded columns.
    pub value: Vec<u8>,
    /// Index entries.
    pub entries: IndexEntries,
}

/// What the indexes hold of a row.
pub struct IndexEntries {
    /// Serial number.
    pub serial: Option<Vec<u8>>,
    /// SHA-1 of the certificate.
    pub certificate_hash: Option<[u8; 20]>,
    /// [`requester_prefix`].
    pub requester: Vec<u8>,
    /// Column value of the disposition.
    pub disposition: u32,
    /// [`template_prefix`].
    pub template: Vec<u8>,
    /// NotAfter, in seconds since 1970.
    pub expiry: Option<u64>,
    /// Time of issue.
    pub issued_at: Option<SystemTime>,
    /// Encoded [`Revocation`].
    pub revocation: Option<Vec<u8>>,
}

impl IndexEntries {
    /// Of these columns, in a row that was never revoked.
    pub fn of(columns: &NewRow) -> Self {
        let certificate = columns.certificate.as_ref();
        let issued = columns.disposition == Disposition::Issued;
        Self {
            serial: certificate.map(|c| c.serial_number.0.clone()),
            certificate_hash: certificate.map(|c| c.certificate_hash),
            requester: requester_prefix(&columns.requester_name),
            disposition: columns.disposition.column_value(),
            template: template_prefix(&columns.certificate_template),
            expiry: certificate.map(|c| {
                let since = c.not_after.duration_since(SystemTime::UNIX_EPOCH);
                since.map_or(0, |since| since.as_secs())
            }),
            issued_at: issued.then(|| columns.resolved_when.unwrap_or(columns.submitted_when)),
            revocation: None,
        }
    }
}

/// Columns of a row in the order of version 1; the id is in the key.
#[derive(Serialize, Deserialize)]
struct StoredRow<C> {
    columns: C,
    revoked_when: Option<SystemTime>,
    revoked_effective_when: Option<SystemTime>,
    revoked_reason: Option<u32>,
}

impl<'a> StoredRow<&'a NewRow> {
    fn new(columns: &'a NewRow) -> Self {
        Self { columns, revoked_when: None, revoked_effective_when: None, revoked_reason: None }
    }
}

/// Columns that version 2 has behind those of version 1.
#[derive(Serialize, Deserialize, Default)]
struct Appended {
    requester_sid: Option<String>,
    request_names: NameColumns,
    requester_name_from_old_certificate: Option<String>,
    signer_certificate_hashes: Vec<[u8; 20]>,
    renewals: u32,
    first_issued: Option<SystemTime>,
    certificate: Option<AppendedToCertificate>,
}

/// Columns of a certificate that version 2 has behind those of version 1.
#[derive(Serialize, Deserialize)]
struct AppendedToCertificate {
    private_key_flags: u32,
    raw_public_key_algorithm_parameters: Vec<u8>,
    publish_expired_cert_in_crl: bool,
    names: NameColumns,
}

impl Appended {
    fn of(columns: &NewRow) -> Self {
        Self {
            requester_sid: columns.requester_sid.clone(),
            request_names: columns.request_names.clone(),
            requester_name_from_old_certificate: columns
                .requester_name_from_old_certificate
                .clone(),
            signer_certificate_hashes: columns.signer_certificate_hashes.clone(),
            renewals: columns.renewals,
            first_issued: columns.first_issued,
            certificate: columns.certificate.as_ref().map(|certificate| AppendedToCertificate {
                private_key_flags: certificate.private_key_flags,
                raw_public_key_algorithm_parameters: certificate
                    .raw_public_key_algorithm_parameters
                    .clone(),
                publish_expired_cert_in_crl: certificate.publish_expired_cert_in_crl,
                names: certificate.names.clone(),
            }),
        }
    }

    fn put_into(self, columns: &mut NewRow) {
        columns.requester_sid = self.requester_sid;
        columns.request_names = self.request_names;
        columns.requester_name_from_old_certificate = self.requester_name_from_old_certificate;
        columns.signer_certificate_hashes = self.signer_certificate_hashes;
        columns.renewals = self.renewals;
        columns.first_issued = self.first_issued;
        if let (Some(certificate), Some(appended)) = (&mut columns.certificate, self.certificate) {
            certificate.private_key_flags = appended.private_key_flags;
            certificate.raw_public_key_algorithm_parameters =
                appended.raw_public_key_algorithm_parameters;
            certificate.publish_expired_cert_in_crl = appended.publish_expired_cert_in_crl;
            certificate.names = appended.names;
        }
    }
}

impl EncodedRow {
    /// A new row.
    pub fn new(columns: &NewRow, limit: usize) -> Result<Self, StoreError> {
        Self::encode(&StoredRow::new(columns), limit)
    }

    /// Checks how much a new row would take.
    pub fn check_size(columns: &NewRow, limit: usize) -> Result<(), StoreError> {
        let value = (StoredRow::new(columns), Appended::of(columns));
        let size = postcard::experimental::serialized_size(&value)
            .map_err(|error| StoreError::Encoding(error.to_string()))?;
        if size > limit { Err(StoreError::TooLarge { size, limit }) } else { Ok(()) }
    }

    /// The new state of an existing row.
    pub fn of(row: &RequestRow, limit: usize) -> Result<Self, StoreError> {
        let stored = StoredRow {
            columns: &row.columns,
            revoked_when: row.revoked_when,
            revoked_effective_when: row.revoked_effective_when,
            revoked_reason: row.revoked_reason,
        };
        let mut encoded = Self::encode(&stored, limit)?;
        if let Some(revocation) = row.revocation() {
            let value = postcard::to_stdvec(&revocation)
                .map_err(|error| StoreError::Encoding(error.to_string()))?;
            encoded.entries.revocation = Some(value);
        }
        Ok(encoded)
    }

    fn encode(row: &StoredRow<&NewRow>, limit: usize) -> Result<Self, StoreError> {
        let value = (row, Appended::of(row.columns));
        let value = postcard::to_extend(&value, Vec::with_capacity(USUAL_ROW))
            .map_err(|error| StoreError::Encoding(error.to_string()))?;
        if value.len() > limit {
            return Err(StoreError::TooLarge { size: value.len(), limit });
        }
        Ok(Self { value, entries: IndexEntries::of(row.columns) })
    }
}

/// A row from its value, of any version that can still be read.
pub fn decode_row(id: RequestId, value: &[u8]) -> Result<RequestRow, postcard::Error> {
    let (stored, rest) = postcard::take_from_bytes(value)?;
    let StoredRow { mut columns, revoked_when, revoked_effective_when, revoked_reason } = stored;
    if !rest.is_empty() {
        postcard::from_bytes::<Appended>(rest)?.put_into(&mut columns);
    }
    Ok(RequestRow { id, columns, revoked_when, revoked_effective_when, revoked_reason })
}

/// Takes all chunks of a row away.
pub fn remove_row(rows: &Tree, id: RequestId) -> Result<(), StoreError> {
    remove_chunks(rows, id, 0)
}

/// Writes a row's value, and takes away chunks that an older, longer value had.
pub fn write_row(rows: &Tree, id: RequestId, value: &[u8]) -> Result<(), StoreError> {
    // `EncodedRow` bounds the value far below 4 GiB, and with it the number of chunks.
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let framed = [&length.to_be_bytes(), value].concat();
    let mut behind = 0;
    for (number, chunk) in (0_u16..).zip(framed.chunks(CHUNK)) {
        insert(rows, &chunk_key(id, number), chunk)?;
        behind = number.saturating_add(1);
    }
    remove_chunks(rows, id, behind)
}

/// Takes a row's chunks away from this one on, whichever of them are there.
fn remove_chunks(rows: &Tree, id: RequestId, first: u16) -> Result<(), StoreError> {
    let mut chunks = rows.range(chunk_key(id, first)..=chunk_key(id, u16::MAX)).keys();
    chunks.try_for_each(|key| remove(rows, &key.map_err(read_error)?))
}

/// Puts one entry into a tree.
pub fn insert(tree: &Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    #[cfg(test)]
    super::tests::journal::step()?;
    tree.insert(key, value).map(drop).map_err(read_error)
}

/// Takes one entry out of a tree.
pub fn remove(tree: &Tree, key: &[u8]) -> Result<(), StoreError> {
    #[cfg(test)]
    super::tests::journal::step()?;
    tree.remove(key).map(drop).map_err(read_error)
}

fn chunk_key(RequestId(id): RequestId, chunk: u16) -> [u8; 6] {
    let [a, b, c, d] = id.to_be_bytes();
    let [e, f] = chunk.to_be_bytes();
    [a, b, c, d, e, f]
}

/// The id at the start of a key of tree `rows`.
pub fn id_of_row_key(key: &[u8]) -> Result<RequestId, StoreError> {
    id_of(key.get(..4).unwrap_or_default())
}

fn id_of(bytes: &[u8]) -> Result<RequestId, StoreError> {
    let bytes = bytes.try_into().map_err(|_| read_error("an index entry has no id"))?;
    Ok(RequestId(u32::from_be_bytes(bytes)))
}

/// Key of an index that lists several rows.
pub fn index_key(prefix: &[u8], RequestId(id): RequestId) -> Vec<u8> {
    [prefix, &id.to_be_bytes()].concat()
}

/// What all keys of one requester start with; hashed, because names have any length.
pub fn requester_prefix(name: &str) -> Vec<u8> {
    digest(&SHA256, name.to_lowercase().as_bytes()).as_ref().to_vec()
}

/// What all keys of one disposition start with.
pub fn disposition_prefix(column_value: u32) -> [u8; 4] {
    column_value.to_be_bytes()
}

/// The longest beginning of a template's name that its index holds, in bytes.
const MAX_TEMPLATE: usize = 200;

/// What all keys of one template start with: its name in lower case, cut off where it is long, and a
/// byte that ends it.
pub fn template_prefix(name: &str) -> Vec<u8> {
    let lower = name.to_lowercase();
    let bytes = lower.bytes().map(|byte| if byte == 0 { b' ' } else { byte });
    bytes.take(MAX_TEMPLATE).chain([0]).collect()
}

/// Key of the index by expiry.
pub fn expiry_key(seconds: u64, RequestId(id): RequestId) -> Vec<u8> {
    [&seconds.to_be_bytes()[..], &id.to_be_bytes()].concat()
}
