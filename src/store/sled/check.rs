//! Whether rows, indexes, revocations and counts agree: each row against what the indexes hold of
//! it, and each entry of an index against its row. It works while others write, as each comparison
//! keeps them out for a moment.

use std::collections::BTreeMap;

use super::Shared;
use super::layout::{EncodedRow, IndexEntry, id_of_entry, read_error};
use crate::asn1::{Certificate, Hash};
use crate::model::{Disposition, RequestId, RequestRow};
use crate::store::{MAX_PAGE, StoreError};

/// Something that does not agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inconsistency {
    /// The row, where one can be told.
    pub id: Option<RequestId>,
    /// What is wrong.
    pub problem: String,
}

/// How much was compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Checked {
    /// Rows.
    pub rows: u64,
    /// Entries of indexes.
    pub entries: u64,
    /// Inconsistencies.
    pub problems: u64,
}

struct Check<'a> {
    shared: &'a Shared,
    checked: Checked,
    found: Vec<Inconsistency>,
}

/// Compares all, and reports what does not agree.
///
/// # Errors
/// Where the database itself cannot be read.
pub fn check(
    shared: &Shared,
    mut report: impl FnMut(Inconsistency),
) -> Result<Checked, StoreError> {
    let mut check = Check { shared, checked: Checked::default(), found: Vec::new() };
    let before = shared.state()?.clone();
    let mut counts = BTreeMap::new();
    let mut from = Some(0_u32);
    while let Some(first) = from {
        from = check.page_of_rows(first, &mut counts)?;
        check.found.drain(..).for_each(&mut report);
    }
    for index in 0..shared.trees.indexes().len() {
        let mut after = Some(Vec::new());
        while let Some(last) = after {
            after = check.page_of_entries(index, &last)?;
            check.found.drain(..).for_each(&mut report);
        }
    }
    // Counts can be compared where nobody wrote meanwhile.
    if before == *shared.state()? {
        let kept: BTreeMap<u32, u64> =
            before.counts.into_iter().filter(|(_, count)| *count > 0).collect();
        if kept != counts {
            check.problem(None, format!("it counts {kept:?} rows by disposition, not {counts:?}"));
        }
    }
    check.found.drain(..).for_each(&mut report);
    Ok(check.checked)
}

impl Check<'_> {
    fn problem(&mut self, id: Option<RequestId>, problem: impl Into<String>) {
        self.checked.problems = self.checked.problems.saturating_add(1);
        self.found.push(Inconsistency { id, problem: problem.into() });
    }

    /// A page of rows against the indexes; the id that the next page begins with.
    fn page_of_rows(
        &mut self,
        first: u32,
        counts: &mut BTreeMap<u32, u64>,
    ) -> Result<Option<u32>, StoreError> {
        let shared = self.shared;
        let _durable = shared.for_reading()?;
        let ids = shared.trees.ids_from(first, MAX_PAGE)?;
        for id in &ids {
            self.checked.rows = self.checked.rows.saturating_add(1);
            match shared.trees.row(*id) {
                Ok(Some(row)) => {
                    let count = counts.entry(row.columns.disposition.column_value()).or_default();
                    *count = count.saturating_add(1);
                    self.row(&row)?;
                }
                Ok(None) => self.problem(Some(*id), "the row lacks its beginning"),
                Err(error) => self.problem(Some(*id), error.to_string()),
            }
        }
        Ok(ids.last().and_then(|last| last.0.checked_add(1)))
    }

    fn row(&mut self, row: &RequestRow) -> Result<(), StoreError> {
        let id = Some(row.id);
        if row.id.0 >= self.shared.state()?.next_id {
            self.problem(id, "the row has an id that was not given yet");
        }
        let encoded = EncodedRow::of(row, usize::MAX)?;
        for IndexEntry { index, tree, key, value } in
            self.shared.trees.entries_of(row.id, &encoded.entries)
        {
            match tree.get(&key).map_err(|error| read_error(&error))? {
                Some(found) if *found == *value => {}
                Some(_) => self.problem(id, format!("the index {index} has another entry for it")),
                None => self.problem(id, format!("the index {index} lacks it")),
            }
        }
        let columns = &row.columns;
        let issued = matches!(columns.disposition, Disposition::Issued | Disposition::Revoked);
        if columns.disposition == Disposition::Revoked && row.revoked_when.is_none() {
            self.problem(id, "it is revoked, but does not say since when");
        }
        match &columns.certificate {
            None if issued => self.problem(id, "it was issued, but has no certificate"),
            Some(certificate) if issued => {
                let hash = Hash::Sha1.digest(&certificate.raw);
                if hash.as_ref() != certificate.certificate_hash {
                    self.problem(id, "CertificateHash is not that of the certificate");
                }
                match Certificate::parse(&certificate.raw) {
                    Ok(read) if *read.serial == *certificate.serial_number.0 => {}
                    Ok(_) => self.problem(id, "SerialNumber is not that of the certificate"),
                    Err(error) => self.problem(id, format!("its certificate: {error}")),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A page of an index against the rows; the last key, where there may be more.
    fn page_of_entries(
        &mut self,
        index: usize,
        after: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let shared = self.shared;
        let _durable = shared.for_reading()?;
        let indexes = shared.trees.indexes();
        let Some((name, tree)) = indexes.get(index) else { return Ok(None) };
        let mut last = None;
        let range =
            tree.range::<&[u8], _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        for entry in range.take(MAX_PAGE) {
            let (key, value) = entry.map_err(|error| read_error(&error))?;
            self.checked.entries = self.checked.entries.saturating_add(1);
            last = Some(key.to_vec());
            let Ok(id) = id_of_entry(name, &key, &value) else {
                self.problem(None, format!("the index {name} has an entry that is none"));
                continue;
            };
            // A row that cannot be read has been reported.
            let Ok(row) = shared.trees.row(id) else { continue };
            let Some(row) = row else {
                self.problem(
                    Some(id),
                    format!("the index {name} names it, but there is no such row"),
                );
                continue;
            };
            let encoded = EncodedRow::of(&row, usize::MAX)?;
            let mut entries = shared.trees.entries_of(id, &encoded.entries).into_iter();
            if !entries.any(|entry| entry.index == *name && *entry.key == *key) {
                self.problem(Some(id), format!("the index {name} has an entry that is not of it"));
            }
        }
        Ok(last)
    }
}
