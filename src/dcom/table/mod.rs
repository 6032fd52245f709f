//! Which objects are exported, through which interfaces, and who still needs them ([MS-DCOM]
//! 3.1.1.1 and 3.1.2.1), without I/O: time and random numbers are handed in.
//!
//! Identifiers are drawn at random: knowing one is knowing about a reference. They are no proof
//! of anything, though: who may call is decided for each call anew, by its caller.
//!
//! Memory is bounded by [`TableLimits`]. An object ends when its last reference is released, or
//! when nobody has pinged or called it for three ping periods.

mod pings;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::{Builder, Uuid};

use crate::auth::{AuthError, Environment};
use crate::generated::orpc::STDOBJREF;
use crate::model::Sid;

/// How often clients ping ([MS-DCOM] 3.1.2.2).
pub const PING_PERIOD: Duration = Duration::from_secs(120);
/// What nobody needed for so long is dropped: three ping periods.
pub const EXPIRY: Duration = Duration::from_secs(360);
/// Accounts that may hold private references to one interface.
const MAX_PRIVATE_HOLDERS: usize = 4;

/// How much clients can make the table hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableLimits {
    /// Objects of all clients.
    pub objects: usize,
    /// Objects that one account has activated.
    pub objects_per_account: usize,
    /// Ping sets of all clients.
    pub sets: usize,
    /// Ping sets from one address.
    pub sets_per_address: usize,
    /// Objects in ping sets, counted once for each set that they are in.
    pub memberships: usize,
}

impl Default for TableLimits {
    /// Some tens of megabytes when full. Clients that never release an object (Certipy) lose it after six
    /// minutes: one account can go on at eleven activations per second.
    fn default() -> Self {
        Self {
            objects: 65_536,
            objects_per_account: 4096,
            sets: 16_384,
            sets_per_address: 256,
            memberships: 131_072,
        }
    }
}

/// Why the table cannot do what it is asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A limit is reached.
    #[error("too many {0}")]
    Limit(&'static str),
    /// No such ping set.
    #[error("no such ping set")]
    UnknownSet,
    /// Some object is not exported, or no longer.
    #[error("no such object")]
    UnknownObject,
    /// There is no identifier for something new.
    #[error("no identifier: {0}")]
    Identifier(AuthError),
}

/// How much the table holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Objects.
    pub objects: usize,
    /// Interfaces of them.
    pub interfaces: usize,
    /// Ping sets.
    pub sets: usize,
}

/// The exported objects of one exporter. `T` stands for an object.
pub struct ObjectTable<T> {
    limits: TableLimits,
    environment: Arc<dyn Environment>,
    oxid: u64,
    /// By OID.
    objects: HashMap<u64, Exported<T>>,
    /// OIDs by IPID.
    interfaces: HashMap<Uuid, u64>,
    /// By SETID.
    sets: HashMap<u64, PingSet>,
    objects_of: HashMap<Sid, usize>,
    sets_of: HashMap<IpAddr, usize>,
    memberships: usize,
}

struct Exported<T> {
    object: T,
    /// Who activated it.
    owner: Sid,
    interfaces: Vec<Reference>,
    /// Number of ping sets that it is in.
    sets: usize,
    /// When it was last activated, called or referenced.
    used: Instant,
}

/// References to one interface of an object.
struct Reference {
    ipid: Uuid,
    iid: Uuid,
    public: u32,
    private: BTreeMap<Sid, u32>,
}

struct PingSet {
    owner: IpAddr,
    sequence: u16,
    oids: HashSet<u64>,
    pinged: Instant,
}

impl<T> ObjectTable<T> {
    /// An empty table.
    ///
    /// # Errors
    /// The environment gives no random bytes.
    pub fn new(limits: TableLimits, environment: Arc<dyn Environment>) -> Result<Self, TableError> {
        let oxid = random_u64(environment.as_ref())?;
        Ok(Self {
            limits,
            environment,
            oxid,
            objects: HashMap::new(),
            interfaces: HashMap::new(),
            sets: HashMap::new(),
            objects_of: HashMap::new(),
            sets_of: HashMap::new(),
            memberships: 0,
        })
    }

    /// The exporter's identifier.
    pub fn oxid(&self) -> u64 {
        self.oxid
    }

    /// Exports a new object of `owner`'s, with so many public references to an interface.
    ///
    /// # Errors
    /// A limit is reached, or there are no identifiers; then nothing has changed.
    pub fn export(
        &mut self,
        owner: &Sid,
        object: T,
        iid: Uuid,
        references: u32,
        now: Instant,
    ) -> Result<STDOBJREF, TableError> {
        let of_owner = self.objects_of.get(owner).copied().unwrap_or(0);
        if self.objects.len() >= self.limits.objects {
            return Err(TableError::Limit("objects"));
        }
        if of_owner >= self.limits.objects_per_account {
            return Err(TableError::Limit("objects of this account"));
        }
        let oid = random_u64(self.environment.as_ref())?;
        let mut reference = self.new_reference(iid)?;
        let std = reference.add(references, self.oxid, oid);
        self.interfaces.insert(reference.ipid, oid);
        self.objects_of.insert(owner.clone(), of_owner.saturating_add(1));
        let (owner, interfaces) = (owner.clone(), vec![reference]);
        self.objects.insert(oid, Exported { object, owner, interfaces, sets: 0, used: now });
        Ok(std)
    }

    /// The interface and the object that an IPID stands for.
    pub fn find(&self, ipid: Uuid) -> Option<(Uuid, &T)> {
        let exported = self.objects.get(self.interfaces.get(&ipid)?)?;
        let reference = exported.interfaces.iter().find(|reference| reference.ipid == ipid)?;
        Some((reference.iid, &exported.object))
    }

    /// Notes that the object is in use.
    pub fn touch(&mut self, ipid: Uuid, now: Instant) {
        let oid = self.interfaces.get(&ipid);
        if let Some(exported) = oid.and_then(|oid| self.objects.get_mut(oid)) {
            exported.used = now;
        }
    }

    /// Takes public references to an interface of the object that `ipid` belongs to. The caller
    /// knows that the object has the interface.
    ///
    /// # Errors
    /// No such object, or no identifier.
    pub fn reference(
        &mut self,
        ipid: Uuid,
        iid: Uuid,
        references: u32,
        now: Instant,
    ) -> Result<STDOBJREF, TableError> {
        let oid = *self.interfaces.get(&ipid).ok_or(TableError::UnknownObject)?;
        let fresh = self.new_reference(iid)?;
        let exported = self.objects.get_mut(&oid).ok_or(TableError::UnknownObject)?;
        exported.used = now;
        let known = exported.interfaces.iter().position(|reference| reference.iid == iid);
        if known.is_none() {
            self.interfaces.insert(fresh.ipid, oid);
            exported.interfaces.push(fresh);
        }
        let reference = match known {
            Some(at) => exported.interfaces.get_mut(at),
            None => exported.interfaces.last_mut(),
        };
        let reference = reference.ok_or(TableError::UnknownObject)?;
        Ok(reference.add(references, self.oxid, oid))
    }

    /// Adds references to an interface; the private ones are `client`'s alone.
    ///
    /// # Errors
    /// No such interface; or too many accounts with private references.
    pub fn add_references(
        &mut self,
        ipid: Uuid,
        public: u32,
        private: u32,
        client: &Sid,
    ) -> Result<(), TableError> {
        let reference = self.get_mut(ipid).ok_or(TableError::UnknownObject)?;
        let holders = reference.private.len();
        if private > 0 {
            if holders >= MAX_PRIVATE_HOLDERS && !reference.private.contains_key(client) {
                return Err(TableError::Limit("accounts with private references"));
            }
            let held = reference.private.entry(client.clone()).or_default();
            *held = held.saturating_add(private);
        }
        reference.public = reference.public.saturating_add(public);
        Ok(())
    }

    /// Takes references back, as far as there are any. Returns the object if that was the end
    /// of it.
    pub fn release(&mut self, ipid: Uuid, public: u32, private: u32, client: &Sid) -> Option<T> {
        let reference = self.get_mut(ipid)?;
        reference.public = reference.public.saturating_sub(public);
        if let Some(held) = reference.private.get_mut(client) {
            *held = held.saturating_sub(private);
            if *held == 0 {
                reference.private.remove(client);
            }
        }
        if reference.public > 0 || !reference.private.is_empty() {
            return None;
        }
        let oid = self.interfaces.remove(&ipid)?;
        let exported = self.objects.get_mut(&oid)?;
        exported.interfaces.retain(|reference| reference.ipid != ipid);
        if exported.interfaces.is_empty() { self.remove(oid) } else { None }
    }

    /// How much there is.
    pub fn counts(&self) -> Counts {
        Counts {
            objects: self.objects.len(),
            interfaces: self.interfaces.len(),
            sets: self.sets.len(),
        }
    }

    fn get_mut(&mut self, ipid: Uuid) -> Option<&mut Reference> {
        let exported = self.objects.get_mut(self.interfaces.get(&ipid)?)?;
        exported.interfaces.iter_mut().find(|reference| reference.ipid == ipid)
    }

    /// Removes an object with its interfaces. Ping sets may still name it.
    fn remove(&mut self, oid: u64) -> Option<T> {
        let exported = self.objects.remove(&oid)?;
        for reference in &exported.interfaces {
            self.interfaces.remove(&reference.ipid);
        }
        count_down(&mut self.objects_of, &exported.owner);
        Some(exported.object)
    }

    fn new_reference(&self, iid: Uuid) -> Result<Reference, TableError> {
        let ipid = random_uuid(self.environment.as_ref())?;
        Ok(Reference { ipid, iid, public: 0, private: BTreeMap::new() })
    }
}

impl Reference {
    fn add(&mut self, references: u32, oxid: u64, oid: u64) -> STDOBJREF {
        self.public = self.public.saturating_add(references);
        STDOBJREF { flags: 0, c_public_refs: references, oxid, oid, ipid: self.ipid }
    }
}

/// A random UUID.
///
/// # Errors
/// The environment gives no random bytes.
pub(super) fn random_uuid(environment: &dyn Environment) -> Result<Uuid, TableError> {
    let mut bytes = [0; 16];
    environment.random(&mut bytes).map_err(TableError::Identifier)?;
    Ok(Builder::from_random_bytes(bytes).into_uuid())
}

/// A random number other than 0, which stands for "none". That two are alike is left to chance:
/// with a full table, one in 2⁴⁸.
fn random_u64(environment: &dyn Environment) -> Result<u64, TableError> {
    let mut bytes = [0; 8];
    environment.random(&mut bytes).map_err(TableError::Identifier)?;
    Ok(u64::from_le_bytes(bytes).max(1))
}

fn count_down<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
