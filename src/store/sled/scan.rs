//! Reading rows in the order of an index, a page at a time.

use std::ops::Bound;

use ::sled::{IVec, Tree};

use super::layout::{
    Trees, disposition_prefix, expiry_key, id_of_row_key, index_key, read_error, requester_prefix,
    template_prefix,
};
use crate::model::{RequestId, RequestRow};
use crate::store::{Order, Position, Scan, Start, StoreError};

/// What a page holds at most, in bytes; one row is always whole.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

type Found = Result<(Position, RequestId), StoreError>;
type Ids<'a> = Box<dyn Iterator<Item = Found> + 'a>;

impl Trees {
    /// Up to `limit` rows of a scan.
    pub fn scan(
        &self,
        scan: &Scan,
        start: Option<&Start>,
        limit: usize,
    ) -> Result<Vec<(Position, RequestRow)>, StoreError> {
        let mut rows = Vec::new();
        let mut bytes = 0_usize;
        for found in self.ids(scan, start) {
            if rows.len() >= limit || bytes >= MAX_PAGE_BYTES {
                break;
            }
            let (position, id) = found?;
            if id > scan.last {
                continue;
            }
            let row = self.row(id)?.ok_or_else(|| read_error("an index names no row"))?;
            bytes = bytes.saturating_add(size(&row));
            rows.push((position, row));
        }
        Ok(rows)
    }

    /// The ids of a scan, in its order.
    fn ids(&self, scan: &Scan, start: Option<&Start>) -> Ids<'_> {
        let down = scan.descending;
        let below = |tree, prefix: &[u8]| {
            let first = index_key(prefix, RequestId(0));
            keys(tree, (first, index_key(prefix, RequestId(u32::MAX))), start, down)
        };
        match &scan.order {
            Order::Id(range) => {
                let high = (*range.end()).min(scan.last.0);
                self.row_ids((*range.start(), high), start, down)
            }
            Order::Serial(Some(serial)) => {
                let key = serial.0.clone();
                values(&self.serials, (key.clone(), key), start, down)
            }
            Order::Serial(None) => {
                values(&self.serials, (Vec::new(), vec![u8::MAX; 32]), start, down)
            }
            Order::Requester(name) => below(&self.requesters, &requester_prefix(name)),
            Order::Template(Some(name)) => below(&self.templates, &template_prefix(name)),
            Order::Template(None) => {
                keys(&self.templates, (Vec::new(), vec![u8::MAX; 8]), start, down)
            }
            Order::ByDisposition => {
                keys(&self.dispositions, (Vec::new(), vec![u8::MAX; 9]), start, down)
            }
            Order::Expiry(range) => {
                let low = expiry_key(*range.start(), RequestId(0));
                let high = expiry_key(*range.end(), RequestId(u32::MAX));
                keys(&self.expiries, (low, high), start, down)
            }
            Order::Disposition(values) => self.merged(values, start, down),
        }
    }

    /// Ids of rows of several dispositions, as one ascending (or descending) sequence.
    fn merged(&self, values: &[u32], start: Option<&Start>, down: bool) -> Ids<'_> {
        let (low, high) = id_bounds((0, u32::MAX), start, down);
        let mut streams: Vec<_> = values
            .iter()
            .filter(|_| low <= high)
            .map(|value| {
                let prefix = disposition_prefix(*value);
                let bounds =
                    (index_key(&prefix, RequestId(low)), index_key(&prefix, RequestId(high)));
                keys(&self.dispositions, bounds, None, down).peekable()
            })
            .collect();
        Box::new(std::iter::from_fn(move || {
            let next = |stream: &mut std::iter::Peekable<Ids<'_>>| match stream.peek()? {
                Ok((_, RequestId(id))) => {
                    Some(if down { u32::MAX.saturating_sub(*id) } else { *id })
                }
                // An error comes first.
                Err(_) => Some(0),
            };
            let candidates = streams.iter_mut().enumerate();
            let nearest = candidates.filter_map(|(at, stream)| Some((next(stream)?, at))).min();
            let found = streams.get_mut(nearest?.1)?.next()?;
            Some(found.map(|(_, id)| (Position(id.0.to_be_bytes().to_vec()), id)))
        }))
    }

    /// Ids of all rows in a range: chunks of rows are leapt over.
    fn row_ids(&self, range: (u32, u32), start: Option<&Start>, down: bool) -> Ids<'_> {
        let (low, high) = id_bounds(range, start, down);
        let mut next = (low <= high).then_some(if down { high } else { low });
        Box::new(std::iter::from_fn(move || {
            let from = next.take()?;
            let key = if down {
                match from.checked_add(1) {
                    Some(above) => self.rows.get_lt(above.to_be_bytes()),
                    None => self.rows.last(),
                }
            } else {
                match from.checked_sub(1) {
                    Some(below) => {
                        self.rows.get_gt([&below.to_be_bytes()[..], &[0xFF; 2]].concat())
                    }
                    None => self.rows.first(),
                }
            };
            let found = match key {
                Ok(found) => found.map(|(key, _)| id_of_row_key(&key))?,
                Err(error) => return Some(Err(read_error(&error))),
            };
            Some(match found {
                Ok(RequestId(id)) if id < low || id > high => return None,
                Ok(RequestId(id)) => {
                    next = if down { id.checked_sub(1) } else { id.checked_add(1) };
                    next = next.filter(|next| (low..=high).contains(next));
                    Ok((Position(id.to_be_bytes().to_vec()), RequestId(id)))
                }
                Err(error) => Err(error),
            })
        }))
    }
}

/// A range of ids from where the last page ended.
fn id_bounds((mut low, mut high): (u32, u32), start: Option<&Start>, down: bool) -> (u32, u32) {
    let Some(start) = start else { return (low, high) };
    let (Start::At(Position(bytes)) | Start::After(Position(bytes))) = start;
    let id = bytes.as_slice().try_into().map_or(u32::MAX, u32::from_be_bytes);
    let step = u32::from(matches!(start, Start::After(_)));
    // Nothing is left behind the last id that there can be.
    let nothing = (1, 0);
    match down {
        false => match id.checked_add(step) {
            Some(id) => low = low.max(id),
            None => return nothing,
        },
        true => match id.checked_sub(step) {
            Some(id) => high = high.min(id),
            None => return nothing,
        },
    }
    (low, high)
}

/// Entries of an index whose keys end with the id.
fn keys<'a>(
    tree: &'a Tree,
    bounds: (Vec<u8>, Vec<u8>),
    start: Option<&Start>,
    down: bool,
) -> Ids<'a> {
    let found = |key: IVec, _: IVec| {
        let id = key.len().checked_sub(4).and_then(|at| key.get(at..)).unwrap_or_default();
        Ok((Position(key.to_vec()), id_of_row_key(id)?))
    };
    entries(tree, bounds, start, down, found)
}

/// Entries of an index whose values are the id.
fn values<'a>(
    tree: &'a Tree,
    bounds: (Vec<u8>, Vec<u8>),
    start: Option<&Start>,
    down: bool,
) -> Ids<'a> {
    let found = |key: IVec, value: IVec| Ok((Position(key.to_vec()), id_of_row_key(&value)?));
    entries(tree, bounds, start, down, found)
}

fn entries<'a>(
    tree: &'a Tree,
    (low, high): (Vec<u8>, Vec<u8>),
    start: Option<&Start>,
    down: bool,
    found: impl Fn(IVec, IVec) -> Found + 'a,
) -> Ids<'a> {
    let (mut from, mut to) = (Bound::Included(low.clone()), Bound::Included(high.clone()));
    if let Some(start) = start {
        let (bound, position) = match start {
            Start::At(Position(key)) => (Bound::Included(key.clone()), key),
            Start::After(Position(key)) => (Bound::Excluded(key.clone()), key),
        };
        // A position outside of the bounds is none of this scan.
        if *position < low || *position > high {
            return Box::new(std::iter::empty());
        }
        if down { to = bound } else { from = bound }
    }
    if low > high {
        return Box::new(std::iter::empty());
    }
    let range = tree.range((from, to));
    let entry = move |entry: ::sled::Result<(IVec, IVec)>| {
        let (key, value) = entry.map_err(|error| read_error(&error))?;
        found(key, value)
    };
    if down { Box::new(range.rev().map(entry)) } else { Box::new(range.map(entry)) }
}

/// About how many bytes a row takes.
fn size(row: &RequestRow) -> usize {
    let columns = &row.columns;
    let certificate = columns.certificate.as_ref().map_or(0, |one| one.raw.len());
    let extensions = columns.extensions.iter().map(|(_, _, value)| value.len());
    let parts = [columns.raw_request.len(), certificate, columns.request_attributes.len()];
    parts.into_iter().chain(extensions).fold(512, usize::saturating_add)
}
