//! Unfinished searches of the endpoint map: the state behind ept_lookup_handle_t.

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use super::table::Query;
use crate::rpc::AssociationId;

/// Searches that one client (association group) may have open; a new one ends the oldest.
/// Clients that ask for one tower at a time leave a search open with each question.
const MAX_PER_ASSOCIATION: usize = 16;

/// A search, and from where it goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cursor {
    pub query: Query,
    pub next: usize,
}

/// The open searches, by client: nobody can go on with another's.
#[derive(Default, Debug)]
pub(super) struct Cursors {
    open: BTreeMap<AssociationId, VecDeque<(Uuid, Cursor)>>,
}

impl Cursors {
    /// Takes a search out, if it is this client's.
    pub fn take(&mut self, association: AssociationId, handle: Uuid) -> Option<Cursor> {
        let own = self.open.get_mut(&association)?;
        let at = own.iter().position(|(known, _)| *known == handle)?;
        own.remove(at).map(|(_, cursor)| cursor)
    }

    /// Keeps a search for the client's next call.
    pub fn put(&mut self, association: AssociationId, handle: Uuid, cursor: Cursor) {
        let own = self.open.entry(association).or_default();
        if own.len() >= MAX_PER_ASSOCIATION {
            own.pop_front();
        }
        own.push_back((handle, cursor));
    }

    /// Forgets everything of a client that is gone.
    pub fn run_down(&mut self, association: AssociationId) {
        self.open.remove(&association);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AssociationId = AssociationId(1);
    const TWO: AssociationId = AssociationId(2);

    fn cursor(next: usize) -> Cursor {
        Cursor { query: Query::Lookup { interface: None, object: None }, next }
    }

    #[test]
    fn a_search_belongs_to_one_client_and_is_gone_once_taken() {
        let mut cursors = Cursors::default();
        let handle = Uuid::from_u128(1);
        cursors.put(ONE, handle, cursor(5));
        assert_eq!(cursors.take(TWO, handle), None);
        assert_eq!(cursors.take(ONE, Uuid::from_u128(2)), None);
        assert_eq!(cursors.take(ONE, handle), Some(cursor(5)));
        assert_eq!(cursors.take(ONE, handle), None);
    }

    #[test]
    fn a_client_has_a_limited_number_of_searches() {
        let mut cursors = Cursors::default();
        for number in 0..=MAX_PER_ASSOCIATION {
            cursors.put(ONE, Uuid::from_u128(number as u128), cursor(number));
        }
        assert_eq!(cursors.take(ONE, Uuid::from_u128(0)), None);
        assert_eq!(cursors.take(ONE, Uuid::from_u128(1)), Some(cursor(1)));
    }

    #[test]
    fn searches_end_with_their_client() {
        let mut cursors = Cursors::default();
        let handle = Uuid::from_u128(1);
        cursors.put(ONE, handle, cursor(0));
        cursors.put(TWO, handle, cursor(0));
        cursors.run_down(ONE);
        assert_eq!(cursors.take(ONE, handle), None);
        assert!(cursors.take(TWO, handle).is_some());
    }
}
