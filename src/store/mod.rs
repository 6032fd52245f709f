//! The Request table: what every answered request leaves behind ([MS-CSRA] 3.1.1.1).
//!
//! [`Store`] knows nothing of the database below it. [`SledStore`] is the embedded default.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod sled;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::model::{
    BoxFuture, Disposition, NewRow, RequestId, RequestRow, Revocation, SerialNumber,
};

pub use self::sled::{
    Checked, Ending, Inconsistency, Piece, SledStore, StoreConfig, decode_row, encode_row,
};

/// The most rows that one page of a listing brings, whatever is asked for.
pub const MAX_PAGE: usize = 256;
/// The most revocations that one page brings: they are small.
pub const MAX_REVOCATIONS: usize = 4096;

/// The Request table.
///
/// What a method returns is durable: a row that can be read survives a crash and a power cut.
/// After a failed write the store is out of service for good ([`StoreError::Failed`]), because
/// nobody can tell any more what reached the disk; the process has to be started again.
pub trait Store: Send + Sync {
    /// Adds a row and gives it the next id. Ids ascend and are never used twice. When the
    /// future is dropped, the row may still be added.
    ///
    /// # Errors
    /// [`StoreError::SerialExists`], [`StoreError::TooLarge`], [`StoreError::Encoding`],
    /// [`StoreError::IdsExhausted`], and those of a store out of service.
    fn add(&self, row: NewRow) -> BoxFuture<'_, Result<RequestId, StoreError>>;

    /// Whether the table has room for a row of this size: asked before a certificate is signed
    /// that could not be recorded.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::Encoding`].
    fn check_size(&self, row: &NewRow) -> Result<(), StoreError>;

    /// Replaces the row `row.id`, provided that its disposition still is `from`: of two
    /// managers who resolve one pending request, one wins.
    ///
    /// # Errors
    /// As [`add`](Self::add), and [`StoreError::NotFound`], [`StoreError::DispositionChanged`].
    fn update(&self, row: RequestRow, from: Disposition) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Takes the row away, provided that its disposition still is `from`. Its id is not given
    /// again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::DispositionChanged`], and those of a store out of
    /// service.
    fn remove(&self, id: RequestId, from: Disposition) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The row of this id.
    fn by_id(&self, id: RequestId) -> BoxFuture<'_, Result<Option<RequestRow>, StoreError>>;

    /// The row whose certificate has this serial number.
    fn by_serial(
        &self,
        serial: &SerialNumber,
    ) -> BoxFuture<'_, Result<Option<RequestRow>, StoreError>>;

    /// The row whose certificate has this SHA-1 hash.
    fn by_certificate_hash(
        &self,
        hash: [u8; 20],
    ) -> BoxFuture<'_, Result<Option<RequestRow>, StoreError>>;

    /// Rows of this Request.RequesterName (compared without case), by ascending id.
    fn by_requester(
        &self,
        name: &str,
        page: Page,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, StoreError>>;

    /// Rows of this disposition, by ascending id.
    fn by_disposition(
        &self,
        disposition: Disposition,
        page: Page,
    ) -> BoxFuture<'_, Result<Vec<RequestRow>, StoreError>>;

    /// Revocations by ascending id, up to [`MAX_REVOCATIONS`], after the id `after`: of every
    /// certificate that is or once was revoked. From an index of their own: no row is read.
    fn revocations(
        &self,
        after: Option<RequestId>,
    ) -> BoxFuture<'_, Result<Vec<(RequestId, Revocation)>, StoreError>>;

    /// Up to `limit` rows (and [`MAX_PAGE`]) of a scan, each with its position, from `start` on; none
    /// at its end.
    fn scan(
        &self,
        scan: Scan,
        start: Option<Start>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, RequestRow)>, StoreError>>;

    /// Whether rows can be added now: the store is in service, and its disk has room.
    ///
    /// # Errors
    /// [`StoreError::Full`], and those of a store out of service.
    fn check_ready(&self) -> Result<(), StoreError>;

    /// The greatest id that was given so far.
    fn last_id(&self) -> BoxFuture<'_, Result<RequestId, StoreError>>;

    /// How many rows have this disposition. Kept as a number, never counted.
    fn count(&self, disposition: Disposition) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// When the latest certificate was issued (by Request.ResolvedWhen): the clock must not
    /// be behind it.
    fn last_issued(&self) -> BoxFuture<'_, Result<Option<SystemTime>, StoreError>>;
}

/// Hands every revocation to `take`, by ascending id, a page at a time.
///
/// # Errors
/// Where a page cannot be read; `take` has had those before it.
pub async fn for_each_revocation(
    store: &dyn Store,
    mut take: impl FnMut(Revocation) + Send,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.revocations(after).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(*last);
        page.into_iter().for_each(|(_, revocation)| take(revocation));
    }
}

/// Rows in the order of an index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// Which rows, in which order.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
    /// Rows with a greater id are passed over: they were added since.
    pub last: RequestId,
}

/// Which rows a scan brings, and in which order; each from an index, so that no other row is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Of these ids, by id.
    Id(RangeInclusive<u32>),
    /// Of this serial number, or all that have one, by serial number.
    Serial(Option<SerialNumber>),
    /// Of this Request.RequesterName (compared without case), by id.
    Requester(String),
    /// Of this CertificateTemplate (compared without case, as far as the index holds it) by id, or
    /// all by template.
    Template(Option<String>),
    /// Of these values of Request.Disposition, by id.
    Disposition(Vec<u32>),
    /// All, by Request.Disposition.
    ByDisposition,
    /// With a certificate that ends at such a time, in seconds since 1970, by that time.
    Expiry(RangeInclusive<u64>),
}

/// Where a row lies in a scan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position(Vec<u8>);

/// Where a page of a scan begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// With this row.
    At(Position),
    /// With the row behind this one.
    After(Position),
}

/// A part of a listing. The next page starts after the last id of the previous one; a page
/// with fewer rows than `limit` is the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Rows with a greater id than this only.
    pub after: Option<RequestId>,
    /// How many rows at most; [`MAX_PAGE`] bounds it.
    pub limit: usize,
}

impl Page {
    /// The first page, of the greatest size.
    pub const FIRST: Self = Self { after: None, limit: MAX_PAGE };

    /// The page behind `last`, of the same size.
    #[must_use]
    pub fn after(self, last: RequestId) -> Self {
        Self { after: Some(last), ..self }
    }
}

/// Why the store cannot do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The row is larger than the setting allows.
    #[error("the row takes {size} bytes, more than max_row_bytes = {limit}")]
    TooLarge {
        /// Encoded size in bytes.
        size: usize,
        /// The setting.
        limit: usize,
    },
    /// Another row has a certificate with this serial number.
    #[error("serial number {0} is taken")]
    SerialExists(SerialNumber),
    /// There is no such row.
    #[error("there is no request {0}")]
    NotFound(RequestId),
    /// Somebody else was faster.
    #[error("request {id} is {found:?} by now")]
    DispositionChanged {
        /// Which row.
        id: RequestId,
        /// What its disposition is.
        found: Disposition,
    },
    /// All ids are used up.
    #[error("all request ids are used up; the CA needs a new database")]
    IdsExhausted,
    /// A value cannot be stored (a time before 1970).
    #[error("the row cannot be stored: {0}")]
    Encoding(String),
    /// Another process has the database open.
    #[error("database {0} is in use by another process")]
    Locked(PathBuf),
    /// The database was written by a later version.
    #[error("the database has format {found}, this program knows up to {known}: upgrade it")]
    Newer {
        /// Version found.
        found: u32,
        /// Latest version known.
        known: u32,
    },
    /// The directory holds something that is not a whole database of ours.
    #[error("database {path} is damaged or is not one of ours: {reason}; restore a backup")]
    Damaged {
        /// Its directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The database cannot be opened.
    #[error("database {path} cannot be opened: {reason}")]
    Open {
        /// Its directory.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The disk is nearly full. It is checked for every write anew.
    #[error(
        "the disk of the Request table has {left} bytes left, of which {least} are kept free \
         (store.min_free_bytes): make room there"
    )]
    Full {
        /// Bytes left.
        left: u64,
        /// Bytes that must be left.
        least: u64,
    },
    /// A row or an index entry cannot be read.
    #[error("the database cannot be read: {0}")]
    Read(String),
    /// A write failed earlier. Nothing is read or written any more until a restart.
    #[error("the database is out of service after a failed write, restart the CA: {0}")]
    Failed(String),
}
