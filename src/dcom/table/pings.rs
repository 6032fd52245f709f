//! Ping sets, and the end of what nobody pings ([MS-DCOM] 3.1.2.5.1.2, .3 and 3.1.2.6).

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Instant;

use super::{EXPIRY, ObjectTable, PingSet, TableError, count_down, random_u64};

/// Maps keep this much room however little they hold.
const MIN_CAPACITY: usize = 64;

impl<T> ObjectTable<T> {
    /// Pings a set.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn simple_ping(&mut self, set: u64, now: Instant) -> Result<(), TableError> {
        let set = self.sets.get_mut(&set).ok_or(TableError::UnknownSet)?;
        set.pinged = now;
        Ok(())
    }

    /// Makes a set (`set` is 0) for a client at this address, or changes and pings one. Returns
    /// its name. Nothing changes where `sequence` is older than that of the last change.
    ///
    /// # Errors
    /// No such set, or a limit is reached; or some of the objects to add to an old set do not
    /// exist, but the rest is done.
    pub fn complex_ping(
        &mut self,
        address: IpAddr,
        set: u64,
        sequence: u16,
        (add, remove): (&[u64], &[u64]),
        now: Instant,
    ) -> Result<u64, TableError> {
        let fresh = set == 0;
        let set = if fresh { self.new_set(address, sequence, now)? } else { set };
        let entry = self.sets.get_mut(&set).ok_or(TableError::UnknownSet)?;
        if is_older(sequence, entry.sequence) {
            return Ok(set);
        }
        (entry.sequence, entry.pinged) = (sequence, now);
        // Removals first: they make room, and an object is hardly ever in both lists.
        for oid in remove {
            if entry.oids.remove(oid) {
                self.memberships = self.memberships.saturating_sub(1);
                if let Some(exported) = self.objects.get_mut(oid) {
                    exported.sets = exported.sets.saturating_sub(1);
                }
            }
        }
        let mut all_known = true;
        for oid in add {
            if entry.oids.contains(oid) {
                continue;
            }
            let Some(exported) = self.objects.get_mut(oid) else {
                all_known = false;
                continue;
            };
            if self.memberships >= self.limits.memberships {
                return Err(TableError::Limit("objects in ping sets"));
            }
            self.memberships = self.memberships.saturating_add(1);
            exported.sets = exported.sets.saturating_add(1);
            entry.oids.insert(*oid);
        }
        if all_known || fresh { Ok(set) } else { Err(TableError::UnknownObject) }
    }

    /// Drops the sets that nobody has pinged for three periods, and then the objects in no set
    /// that nobody has used for as long. Returns these. To be called about once per period.
    pub fn collect(&mut self, now: Instant) -> Vec<T> {
        let expired = |since: Instant| now.saturating_duration_since(since) >= EXPIRY;
        let sets = self.sets.extract_if(|_, set| expired(set.pinged));
        for (_, set) in sets {
            count_down(&mut self.sets_of, &set.owner);
            self.memberships = self.memberships.saturating_sub(set.oids.len());
            for oid in &set.oids {
                if let Some(exported) = self.objects.get_mut(oid) {
                    exported.sets = exported.sets.saturating_sub(1);
                }
            }
        }
        let dead = self.objects.iter().filter(|(_, e)| e.sets == 0 && expired(e.used));
        let dead: Vec<u64> = dead.map(|(oid, _)| *oid).collect();
        let objects = dead.into_iter().filter_map(|oid| self.remove(oid)).collect();
        self.give_memory_back();
        objects
    }

    fn new_set(&mut self, owner: IpAddr, sequence: u16, now: Instant) -> Result<u64, TableError> {
        let of_owner = self.sets_of.get(&owner).copied().unwrap_or(0);
        if self.sets.len() >= self.limits.sets || of_owner >= self.limits.sets_per_address {
            return Err(TableError::Limit("ping sets"));
        }
        let set = random_u64(self.environment.as_ref())?;
        self.sets_of.insert(owner, of_owner.saturating_add(1));
        self.sets.insert(set, PingSet { owner, sequence, oids: HashSet::new(), pinged: now });
        Ok(set)
    }

    fn give_memory_back(&mut self) {
        shrink(&mut self.objects);
        shrink(&mut self.interfaces);
        shrink(&mut self.sets);
        shrink(&mut self.objects_of);
        shrink(&mut self.sets_of);
    }
}

/// Sequence numbers wrap around.
fn is_older(number: u16, than: u16) -> bool {
    let ahead = than.wrapping_sub(number);
    ahead != 0 && i16::try_from(ahead).is_ok()
}

fn shrink<K: Hash + Eq, V>(map: &mut HashMap<K, V>) {
    if map.capacity() > map.len().saturating_mul(4).max(MIN_CAPACITY) {
        map.shrink_to(map.len().saturating_mul(2));
    }
}
