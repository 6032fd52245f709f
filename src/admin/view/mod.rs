//! Views of the CA's database ([MS-CSRA] 3.1.4.1.9 to 3.1.4.1.14): which rows, in which order, which
//! columns. A view holds a place in an index, never rows: each call reads on from there.

mod columns;
mod record;
mod restriction;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use columns::{Column, Kind, Table, default_columns};
pub use record::Value;
pub use restriction::{MAX_RESTRICTIONS, Restriction};

use self::columns::ids;
use self::record::{CrlRecord, Record};
use self::restriction::{Conditions, column_of};
use super::{AdminError, Administration};
use crate::model::{Caller, RequestId, RequestRow, Sid};
use crate::store::{MAX_PAGE, Scan, Start, Store};

/// Columns that one view may have.
pub const MAX_COLUMNS: usize = 1024;
/// Where an answer ends, in bytes of values; one row is always whole.
const MAX_ANSWER: usize = 1024 * 1024;
/// Places that a view remembers, to get back to.
const MAX_MARKS: usize = 512;

/// Who has how many views open.
#[derive(Default)]
pub struct Views {
    open: Mutex<HashMap<Sid, usize>>,
}

/// Counts a view for as long as it is there.
struct Ticket {
    views: Arc<Views>,
    owner: Sid,
}

impl Views {
    fn enter(self: &Arc<Self>, caller: &Caller, limit: usize) -> Result<Ticket, AdminError> {
        let owner = caller.token.user().clone();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(owner.clone()).or_default();
        if *count >= limit {
            return Err(AdminError::TooManyViews(caller.account.clone()));
        }
        *count = count.saturating_add(1);
        Ok(Ticket { views: Arc::clone(self), owner })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut open = self.views.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.owner) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.owner);
            }
        }
    }
}

/// What OpenView asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ViewRequest {
    /// acvr.
    pub restrictions: Vec<Restriction>,
    /// acolOut.
    pub columns: Vec<u32>,
}

/// A row of an answer: its identifier, and a value for each column of the view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResultRow {
    /// rowid.
    pub id: u32,
    /// The columns, in the order asked for, with their values.
    pub columns: Vec<(&'static Column, Option<Value>)>,
}

/// An answer of OpenView or EnumView.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResultPage {
    /// The rows.
    pub rows: Vec<ResultRow>,
    /// How many rows the view has, once its end is reached.
    pub total: Option<u32>,
}

/// An open view.
pub struct View {
    table: Table,
    columns: Vec<&'static Column>,
    conditions: Conditions,
    source: Source,
    /// Places in ascending order: after so many rows of the view, reading goes on there.
    marks: Vec<(u32, Place)>,
    /// Rows of the table that were read so far.
    touched: u64,
    _ticket: Ticket,
}

enum Source {
    /// Rows of the Request table, or what hangs on them.
    Requests(Scan),
    /// All there are.
    Crls(Vec<CrlRecord>),
}

/// Where reading goes on: at a row of the table, from that part of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Place {
    /// `None` is the beginning.
    row: Option<Start>,
    /// Extensions or attributes of that row that were read already; CRLs that were.
    part: usize,
}

impl Administration {
    /// Opens a view of one table. It shows rows that are there by now, each as it is when it is read.
    ///
    /// # Errors
    /// Where columns are not of one table, a restriction makes no sense, or the caller has too many
    /// views open.
    pub async fn open_view(
        &self,
        caller: &Caller,
        request: &ViewRequest,
    ) -> Result<View, AdminError> {
        let ViewRequest { restrictions, columns } = request;
        if restrictions.len() > MAX_RESTRICTIONS || columns.len() > MAX_COLUMNS {
            return Err(AdminError::Argument("too many restrictions or columns"));
        }
        let table = table_of(request)?;
        let columns = columns.iter().map(|id| column_of(table, *id)).collect::<Result<_, _>>()?;
        let conditions = Conditions::read(table, restrictions)?;
        let id_column = match table {
            Table::Requests => ids::REQUEST_ID,
            Table::Extensions => ids::EXTENSION_REQUEST_ID,
            Table::Attributes => ids::ATTRIBUTE_REQUEST_ID,
            Table::Crls => ids::CRL_ROW_ID,
        };
        let order = conditions.order(id_column)?;
        let source = match table {
            Table::Crls => {
                let mut records =
                    CrlRecord::of(&self.crls.watch().borrow(), self.ca.generation().key);
                if conditions.downwards() {
                    records.reverse();
                }
                Source::Crls(records)
            }
            _ => Source::Requests(Scan {
                order,
                descending: conditions.downwards(),
                last: self.store.last_id().await?,
            }),
        };
        let ticket = self.views.enter(caller, self.views_per_account)?;
        let marks = vec![(0, Place::default())];
        Ok(View { table, columns, conditions, source, marks, touched: 0, _ticket: ticket })
    }

    /// Reads rows of a view: `count` of them from row `first` on, counted from 1 (0 is 1). Fewer
    /// come where an answer would become too large.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub async fn read_view(
        &self,
        view: &mut View,
        first: u32,
        count: u32,
    ) -> Result<ResultPage, AdminError> {
        view.read(&*self.store, first.saturating_sub(1), count).await
    }

    /// The attributes or extensions of a row, as they are stored.
    ///
    /// # Errors
    /// Where there is no such row.
    pub async fn parts_of(&self, id: RequestId) -> Result<RequestRow, AdminError> {
        if id.0 == 0 {
            return Err(AdminError::Argument("rows are counted from 1"));
        }
        self.store.by_id(id).await?.ok_or(AdminError::NoRequest(id))
    }
}

/// The table that all columns of a request are of.
fn table_of(request: &ViewRequest) -> Result<Table, AdminError> {
    let ids = request.columns.iter().chain(request.restrictions.iter().map(|one| &one.column));
    let found = ids.clone().find_map(|id| Table::find(*id)).map(|(table, _)| table);
    found.ok_or(AdminError::Argument("the view has no column"))
}

/// An answer that is being put together.
struct Answer {
    rows: Vec<ResultRow>,
    size: usize,
    /// Rows of the view that come before, and those that are in it.
    passed: u32,
    first: u32,
    count: usize,
}

impl Answer {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.count || (self.size >= MAX_ANSWER && !self.rows.is_empty())
    }

    /// Takes a row of the view, unless it comes before the first that is wanted.
    fn take(&mut self, record: &Record<'_>, columns: &[&'static Column]) {
        if self.passed >= self.first {
            let value = |column: &&'static Column| (*column, record.value(column.id));
            let columns: Vec<_> = columns.iter().map(value).collect();
            let sizes = columns.iter().map(|(_, value)| size_of_value(value.as_ref()));
            self.size = sizes.fold(self.size, usize::saturating_add);
            self.rows.push(ResultRow { id: record.id(), columns });
        }
        self.passed = self.passed.saturating_add(1);
    }
}

/// About how many bytes a value takes in an answer.
fn size_of_value(value: Option<&Value>) -> usize {
    let value = match value {
        None => 0,
        Some(Value::Long(_)) => 4,
        Some(Value::Date(_)) => 8,
        Some(Value::Binary(bytes)) => bytes.len(),
        Some(Value::Text(text)) => text.len().saturating_mul(2),
    };
    value.saturating_add(20)
}

impl View {
    /// Rows of the table that were read for this view so far: how well an index did.
    pub fn touched(&self) -> u64 {
        self.touched
    }

    async fn read(
        &mut self,
        store: &dyn Store,
        first: u32,
        count: u32,
    ) -> Result<ResultPage, AdminError> {
        let (passed, place) = self.mark_before(first);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut answer = Answer { rows: Vec::new(), size: 0, passed, first, count };
        let rest = match &self.source {
            Source::Crls(records) => {
                let mut part = place.part;
                for record in records.iter().skip(part) {
                    if answer.is_full() {
                        break;
                    }
                    part = part.saturating_add(1);
                    let record = Record::Crl(record);
                    if self.conditions.admit(&record) {
                        answer.take(&record, &self.columns);
                    }
                }
                answer.is_full().then_some(Place { row: None, part })
            }
            Source::Requests(scan) => {
                let scan = scan.clone();
                self.read_requests(store, &scan, place, &mut answer).await?
            }
        };
        let total = match rest {
            Some(place) => {
                self.remember(answer.passed, place);
                None
            }
            None => Some(answer.passed),
        };
        Ok(ResultPage { rows: answer.rows, total })
    }

    /// Reads until the answer is full, and returns where to go on; `None` at the end.
    async fn read_requests(
        &mut self,
        store: &dyn Store,
        scan: &Scan,
        mut place: Place,
        answer: &mut Answer,
    ) -> Result<Option<Place>, AdminError> {
        let mut least = 1_usize;
        loop {
            if answer.is_full() {
                return Ok(Some(place));
            }
            // Where few rows pass, more are read at once.
            let limit = self.page_size(answer).max(least).min(MAX_PAGE);
            least = least.saturating_mul(4);
            let page = store.scan(scan.clone(), place.row.clone(), limit).await?;
            if page.is_empty() {
                return Ok(None);
            }
            let read = u64::try_from(page.len()).unwrap_or(u64::MAX);
            self.touched = self.touched.saturating_add(read);
            for (position, row) in page {
                let part = self.take_row(&row, place.part, answer);
                place = match part {
                    Some(part) => Place { row: Some(Start::At(position)), part },
                    None => Place { row: Some(Start::After(position)), part: 0 },
                };
                if answer.is_full() {
                    return Ok(Some(place));
                }
            }
        }
    }

    /// How many rows are read at once: without restrictions, no more than are needed.
    fn page_size(&self, answer: &Answer) -> usize {
        let missing = answer.count.saturating_sub(answer.rows.len());
        let skipped = usize::try_from(answer.first.saturating_sub(answer.passed));
        missing.saturating_add(skipped.unwrap_or(usize::MAX)).clamp(1, MAX_PAGE)
    }

    /// Takes what a row of the Request table gives to the view, from `part` on. Where the answer is
    /// full before its end, returns where to go on.
    fn take_row(&self, row: &RequestRow, part: usize, answer: &mut Answer) -> Option<usize> {
        let columns = &row.columns;
        let count = match self.table {
            Table::Extensions => columns.extensions.len(),
            Table::Attributes => columns.attributes.len(),
            _ => 1,
        };
        for at in part..count {
            if answer.is_full() {
                return Some(at);
            }
            let record = match self.table {
                Table::Extensions => {
                    columns.extensions.get(at).map(|one| Record::Extension(row.id, one))
                }
                Table::Attributes => {
                    columns.attributes.get(at).map(|one| Record::Attribute(row.id, one))
                }
                _ => Some(Record::Request(row)),
            };
            if let Some(record) = record.filter(|record| self.conditions.admit(record)) {
                answer.take(&record, &self.columns);
            }
        }
        None
    }

    /// The last place known that is not behind row `first`.
    fn mark_before(&self, first: u32) -> (u32, Place) {
        let mark = self.marks.iter().rev().find(|(passed, _)| *passed <= first);
        mark.cloned().unwrap_or_default()
    }

    /// Remembers a place. When there are too many, every other one goes.
    fn remember(&mut self, passed: u32, place: Place) {
        if self.marks.last().is_some_and(|(last, _)| *last >= passed) {
            return;
        }
        if self.marks.len() >= MAX_MARKS {
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.marks.push((passed, place));
    }
}

#[cfg(test)]
mod tests;
