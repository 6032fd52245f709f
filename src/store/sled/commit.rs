//! What a commit changes: rows as they are afterwards, and the table's state. Done twice, or a second
//! time after half of the first, it leads to the same table.

use super::layout::{
    EncodedRow, IndexEntries, STATE_KEY, State, Trees, decode_row, insert, read_error, remove,
    remove_row, write_row,
};
use crate::model::RequestId;
use crate::store::StoreError;

/// A row that a commit changes.
pub struct Change<'a> {
    /// Which row.
    pub id: RequestId,
    /// What the indexes hold of it so far.
    pub old: Option<IndexEntries>,
    /// The row afterwards; none where it is taken away.
    pub new: Option<&'a EncodedRow>,
}

/// Writes a commit as the journal keeps it, in place of what `commit` held before.
///
/// # Errors
/// Where something is too large to be.
pub fn encode(
    changes: &[Change<'_>],
    state: &State,
    commit: &mut Vec<u8>,
) -> Result<(), StoreError> {
    commit.clear();
    put(commit, &state.encode()?)?;
    for Change { id, new, .. } in changes {
        commit.extend_from_slice(&id.0.to_be_bytes());
        // No row is empty.
        put(commit, new.map_or(&[], |row| &row.value))?;
    }
    Ok(())
}

fn put(commit: &mut Vec<u8>, bytes: &[u8]) -> Result<(), StoreError> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| StoreError::Encoding("it has more than 4 GiB".to_owned()))?;
    commit.extend_from_slice(&length.to_be_bytes());
    commit.extend_from_slice(bytes);
    Ok(())
}

/// Does a commit of the journal again. Returns the state after it.
///
/// # Errors
/// Where it cannot be understood or the database cannot be written.
pub fn replay(trees: &Trees, commit: &[u8]) -> Result<State, StoreError> {
    let (state, mut rest) = take(commit).ok_or_else(not_understood)?;
    let state = State::decode(state)?;
    let mut rows = Vec::new();
    while let Some((id, behind)) = rest.split_first_chunk::<4>() {
        let (value, behind) = take(behind).ok_or_else(not_understood)?;
        let id = RequestId(u32::from_be_bytes(*id));
        rows.push((id, (!value.is_empty()).then(|| row(id, value)).transpose()?));
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(not_understood());
    }
    let changes: Vec<Change<'_>> = rows
        .iter()
        .map(|(id, new)| {
            // A row that is half written has left the indexes already.
            let old = trees.row(*id).ok().flatten();
            let old = old.map(|old| IndexEntries::of(&old.columns));
            Change { id: *id, old, new: new.as_ref() }
        })
        .collect();
    apply(trees, &changes, &state)?;
    Ok(state)
}

fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn not_understood() -> StoreError {
    read_error("its journal cannot be understood")
}

fn row(id: RequestId, value: &[u8]) -> Result<EncodedRow, StoreError> {
    EncodedRow::of(&decode_row(id, value).map_err(read_error)?, usize::MAX)
}

/// Carries a commit out. sled's log has all of this in this order, and a crash leaves a beginning of
/// it: old index entries go before a row changes, and the state comes last.
///
/// # Errors
/// Where sled fails; what it has then is a beginning too.
pub fn apply(trees: &Trees, changes: &[Change<'_>], state: &State) -> Result<(), StoreError> {
    for Change { id, old, new } in changes {
        if let Some(old) = old {
            leave(trees, *id, old)?;
        }
        match new {
            Some(new) => enter(trees, *id, new)?,
            None => remove_row(&trees.rows, *id)?,
        }
    }
    insert(&trees.meta, STATE_KEY, &state.encode()?)
}

fn enter(trees: &Trees, id: RequestId, row: &EncodedRow) -> Result<(), StoreError> {
    write_row(&trees.rows, id, &row.value)?;
    let mut entries = trees.entries_of(id, &row.entries).into_iter();
    entries.try_for_each(|entry| insert(entry.tree, &entry.key, &entry.value))
}

/// Takes a row out of the indexes; its old entries do not tell whether it was revoked.
fn leave(trees: &Trees, id: RequestId, old: &IndexEntries) -> Result<(), StoreError> {
    let mut entries = trees.entries_of(id, old).into_iter();
    entries.try_for_each(|entry| remove(entry.tree, &entry.key))?;
    remove(&trees.revocations, &id.0.to_be_bytes())
}
