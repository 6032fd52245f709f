//! Association groups ([MS-RPCE] 3.3.1.1.1, 3.3.1.5.7): all connections of one client process.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::rpc::{AssociationId, Service};

/// Connections that may belong to one group.
const MAX_CONNECTIONS: usize = 1024;

/// The association groups of a server process.
#[derive(Default)]
pub struct AssociationGroups {
    table: Mutex<HashMap<AssociationId, Group>>,
}

struct Group {
    client: IpAddr,
    connections: usize,
}

/// A group that cannot be joined: unknown, another client's, or full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("association group {0:#x} cannot be joined")]
pub struct GroupError(pub u32);

/// One connection's place in a group. When the last one is dropped, the services hear that the
/// group's context handles are void.
pub struct Membership {
    id: AssociationId,
    groups: Arc<AssociationGroups>,
    services: Vec<Arc<dyn Service>>,
}

impl AssociationGroups {
    /// Joins the group `id`, which must be this client's; 0 makes a new one.
    pub(super) fn join(
        self: &Arc<Self>,
        id: u32,
        client: IpAddr,
        services: Vec<Arc<dyn Service>>,
    ) -> Result<Membership, GroupError> {
        let mut table = self.lock();
        let id = match id {
            0 => {
                let id = unused_id(&table)?;
                table.insert(id, Group { client, connections: 1 });
                id
            }
            id => {
                let group = table.get_mut(&AssociationId(id)).ok_or(GroupError(id))?;
                if group.client != client || group.connections >= MAX_CONNECTIONS {
                    return Err(GroupError(id));
                }
                group.connections = group.connections.saturating_add(1);
                AssociationId(id)
            }
        };
        drop(table);
        Ok(Membership { id, groups: Arc::clone(self), services })
    }

    /// Returns whether the group is gone.
    fn leave(&self, id: AssociationId) -> bool {
        let mut table = self.lock();
        let Some(group) = table.get_mut(&id) else {
            return false;
        };
        group.connections = group.connections.saturating_sub(1);
        let gone = group.connections == 0;
        if gone {
            table.remove(&id);
        }
        gone
    }

    /// The table holds nothing that a panic elsewhere could leave half-done.
    fn lock(&self) -> MutexGuard<'_, HashMap<AssociationId, Group>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Membership {
    /// The group.
    pub(super) fn id(&self) -> AssociationId {
        self.id
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if self.groups.leave(self.id) {
            self.services.iter().for_each(|service| service.association_closed(self.id));
        }
    }
}

/// An identifier that others behind the same address cannot guess.
fn unused_id(table: &HashMap<AssociationId, Group>) -> Result<AssociationId, GroupError> {
    loop {
        let mut bytes = [0; 4];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| GroupError(0))?;
        let id = u32::from_le_bytes(bytes);
        if id != 0 && !table.contains_key(&AssociationId(id)) {
            return Ok(AssociationId(id));
        }
    }
}
