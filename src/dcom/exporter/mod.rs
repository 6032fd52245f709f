//! The object exporter and its resolver: what clients call, in front of the
//! [`ObjectTable`](super::table::ObjectTable).
//!
//! Access, in one place: ServerAlive and pings need nothing. Activation, OXID resolution and
//! IRemUnknown need an authenticated caller at packet integrity. An object's interface has its
//! own policy. And the class must admit the caller: on activation, and on each call.

mod activator;
mod factory;
mod object;
mod remote_unknown;
mod resolver;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::{debug, info};
use uuid::Uuid;

use self::activator::{Activator, OldActivator};
use self::factory::Factory;
use self::object::ObjectInterface;
use self::remote_unknown::RemoteUnknown;
use self::resolver::Resolver;
use super::activation::References;
use super::bindings::{Bindings, SecurityBinding, StringBinding, TOWER_TCP};
use super::objref::{Body, ObjRef};
use super::table::{Counts, ObjectTable, TableError, TableLimits, random_uuid};
use super::{COM_VERSION, Class, Interface, Object};
use crate::auth::{AuthLevel, Environment};
use crate::generated::classfactory::I_CLASS_FACTORY;
use crate::generated::orpc::{COMVERSION, I_UNKNOWN, STDOBJREF};
use crate::generated::remunknown::{I_REM_UNKNOWN, I_REM_UNKNOWN2};
use crate::logging::{Line, line_about};
use crate::model::{Caller, HResult};
use crate::ndr::Syntax;
use crate::rpc::{CallContext, Policy, Service};

/// Public references that come with an activated interface ([MS-DCOM] 3.1.1.5.1).
const REFERENCES: u32 = 5;
/// Largest request of the exporter's own interfaces: some hundred times what clients send.
const MAX_REQUEST: usize = 64 * 1024;

/// How the exporter is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExporterSettings {
    /// Names of this host, the preferred one first. The address that a client dialled is always
    /// given to it as well.
    pub hosts: Vec<String>,
    /// TCP port of the objects' interfaces.
    pub port: u16,
    /// Security providers of the objects' interfaces, with the principal that tickets are to be
    /// for.
    pub security: Vec<SecurityBinding>,
    /// Lowest level at which all interfaces of all classes can be called; a hint to clients.
    pub authn_hint: AuthLevel,
    /// How much clients can make the exporter hold.
    pub limits: TableLimits,
}

/// Exports objects of its classes.
pub struct Exporter {
    settings: ExporterSettings,
    classes: Vec<Arc<Registered>>,
    oxid: u64,
    /// IPID of IRemUnknown.
    remote_unknown: Uuid,
    table: Mutex<ObjectTable<Exported>>,
}

/// A class, and what it answered once and for all.
struct Registered {
    class: Arc<dyn Class>,
    clsid: Uuid,
    interfaces: Vec<Interface>,
}

/// What the table holds.
#[derive(Clone)]
struct Exported {
    of: Arc<Registered>,
    what: What,
}

#[derive(Clone)]
enum What {
    Object(Arc<dyn Object>),
    /// The class itself.
    Factory,
}

/// What an activation is to return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    Object,
    Factory,
}

impl Exporter {
    /// An exporter of these classes.
    ///
    /// # Errors
    /// The environment gives no random bytes.
    pub fn new(
        settings: ExporterSettings,
        classes: Vec<Arc<dyn Class>>,
        environment: Arc<dyn Environment>,
    ) -> Result<Arc<Self>, TableError> {
        let remote_unknown = random_uuid(environment.as_ref())?;
        let table = ObjectTable::new(settings.limits, environment)?;
        let classes = classes.into_iter().map(|class| {
            let (clsid, interfaces) = (class.clsid(), class.interfaces());
            Arc::new(Registered { class, clsid, interfaces })
        });
        Ok(Arc::new(Self {
            settings,
            classes: classes.collect(),
            oxid: table.oxid(),
            remote_unknown,
            table: Mutex::new(table),
        }))
    }

    /// The services of port 135: resolver and activation.
    pub fn resolver_services(self: &Arc<Self>) -> Vec<Arc<dyn Service>> {
        vec![
            Arc::new(Resolver(Arc::clone(self))),
            Arc::new(Activator(Arc::clone(self))),
            Arc::new(OldActivator(Arc::clone(self))),
        ]
    }

    /// The services of the exporter's own port: IRemUnknown and all interfaces of the classes.
    pub fn object_services(self: &Arc<Self>) -> Vec<Arc<dyn Service>> {
        let mut services: Vec<Arc<dyn Service>> = [I_REM_UNKNOWN2, I_REM_UNKNOWN]
            .into_iter()
            .map(|interface| -> Arc<dyn Service> {
                Arc::new(RemoteUnknown { exporter: Arc::clone(self), interface })
            })
            .collect();
        let own = [I_UNKNOWN, I_CLASS_FACTORY].map(|id| Interface { id, policy: own_policy() });
        let mut seen = Vec::new();
        let of_classes = self.classes.iter().flat_map(|registered| &registered.interfaces);
        for interface in of_classes.chain(&own) {
            if !seen.contains(&interface.id.uuid) {
                seen.push(interface.id.uuid);
                let (exporter, interface) = (Arc::clone(self), *interface);
                services.push(Arc::new(ObjectInterface { exporter, interface }));
            }
        }
        services
    }

    /// Drops what no client needs any more. To be called about every two minutes.
    pub fn collect(&self, now: Instant) {
        let dropped = self.table().collect(now);
        if !dropped.is_empty() {
            debug!(count = dropped.len(), "objects of clients that have vanished are dropped");
        }
    }

    /// How many objects are exported.
    pub fn counts(&self) -> Counts {
        self.table().counts()
    }

    /// Nothing panics while it holds the lock; and if it did, the table would be as it was.
    fn table(&self) -> MutexGuard<'_, ObjectTable<Exported>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an object (or takes the class), and references to it. The error is the call's
    /// result.
    fn activate(
        &self,
        caller: &Caller,
        clsid: Uuid,
        iids: &[Uuid],
        wanted: Wanted,
        dialled: IpAddr,
        now: Instant,
    ) -> Result<References, HResult> {
        let of = self.classes.iter().find(|registered| registered.clsid == clsid);
        let of = Arc::clone(of.ok_or(HResult::REGDB_E_CLASSNOTREG)?);
        if !of.class.admits(caller) {
            if let Some(Line { unsaid }) = line_about(&caller.account) {
                let account = &caller.account;
                info!(caller = account, %clsid, unsaid, "activation refused: no access to the class");
            }
            return Err(HResult::E_ACCESSDENIED);
        }
        if !iids.iter().any(|iid| of.has(wanted, *iid)) {
            return Err(HResult::E_NOINTERFACE);
        }
        let what = match wanted {
            Wanted::Object => What::Object(of.class.create()),
            Wanted::Factory => What::Factory,
        };
        let exported = Exported { of, what };
        let references = self.export(caller, exported, iids, dialled, now).map_err(|error| {
            if let Some(Line { unsaid }) = line_about(&caller.account) {
                info!(caller = caller.account, %clsid, %error, unsaid, "activation refused");
            }
            error.code()
        })?;
        debug!(caller = caller.account, %clsid, ?wanted, "activated");
        Ok(references)
    }

    /// References to a new object, for those interfaces that it has.
    fn export(
        &self,
        caller: &Caller,
        exported: Exported,
        iids: &[Uuid],
        dialled: IpAddr,
        now: Instant,
    ) -> Result<References, TableError> {
        let mut table = self.table();
        let mut first: Option<Uuid> = None;
        let mut references = Vec::with_capacity(iids.len());
        for iid in iids {
            if !exported.has(*iid) {
                references.push((*iid, Err(HResult::E_NOINTERFACE)));
                continue;
            }
            let std = match first {
                Some(ipid) => table.reference(ipid, *iid, REFERENCES, now)?,
                None => {
                    let user = caller.token.user();
                    table.export(user, exported.clone(), *iid, REFERENCES, now)?
                }
            };
            first = first.or(Some(std.ipid));
            references.push((*iid, Ok(self.marshal(*iid, std, dialled))));
        }
        Ok(references)
    }

    fn marshal(&self, iid: Uuid, std: STDOBJREF, dialled: IpAddr) -> ObjRef {
        ObjRef { iid, body: Body::Standard { std, resolver: self.resolver_bindings(dialled) } }
    }

    /// Where the resolver is: no endpoints, no principals.
    fn resolver_bindings(&self, dialled: IpAddr) -> Bindings {
        let securities = self.settings.security.iter();
        let securities = securities
            .map(|binding| SecurityBinding { principal: String::new(), ..*binding })
            .collect();
        Bindings { strings: self.addresses(dialled, ""), securities }
    }

    /// Where the objects are.
    fn exporter_bindings(&self, dialled: IpAddr) -> Bindings {
        let endpoint = format!("[{}]", self.settings.port);
        let securities = self.settings.security.clone();
        Bindings { strings: self.addresses(dialled, &endpoint), securities }
    }

    /// This host by name, then by the address that the client dialled: some clients (impacket,
    /// Certipy) want to see that very address.
    fn addresses(&self, dialled: IpAddr, endpoint: &str) -> Vec<StringBinding> {
        let hosts = self.settings.hosts.iter().cloned().chain([dialled.to_canonical().to_string()]);
        hosts
            .map(|host| StringBinding { tower: TOWER_TCP, address: format!("{host}{endpoint}") })
            .collect()
    }

    fn authn_hint(&self) -> u32 {
        self.settings.authn_hint.to_wire().into()
    }
}

impl Registered {
    fn has(&self, wanted: Wanted, iid: Uuid) -> bool {
        iid == I_UNKNOWN.uuid
            || match wanted {
                Wanted::Factory => iid == I_CLASS_FACTORY.uuid,
                Wanted::Object => self.interfaces.iter().any(|known| known.id.uuid == iid),
            }
    }
}

impl Exported {
    fn has(&self, iid: Uuid) -> bool {
        match self.what {
            What::Object(_) => self.of.has(Wanted::Object, iid),
            What::Factory => self.of.has(Wanted::Factory, iid),
        }
    }
}

impl TableError {
    /// What a method returns.
    fn code(&self) -> HResult {
        match self {
            Self::Limit(_) => HResult::E_OUTOFMEMORY,
            Self::UnknownObject | Self::UnknownSet => HResult::RPC_E_INVALID_OBJECT,
            Self::Identifier(_) => HResult::E_UNEXPECTED,
        }
    }
}

/// The caller, if the call is authenticated and at least signed.
fn signed_caller(call: &CallContext) -> Option<&Arc<Caller>> {
    let signed = call.auth.is_some_and(|(_, level)| level >= AuthLevel::Integrity);
    call.caller.as_ref().filter(|_| signed)
}

/// [MS-DCOM] 1.7: whether this exporter can serve a client of that version.
fn serves(version: &COMVERSION) -> bool {
    version.major_version == COM_VERSION.major_version
        && version.minor_version <= COM_VERSION.minor_version
}

/// What the exporter's own interfaces ask for: NDR 2.0, as Windows has it for them.
fn own_policy() -> Policy {
    Policy {
        min_level: Some(AuthLevel::Integrity),
        syntaxes: &[Syntax::Ndr20],
        max_request: MAX_REQUEST,
    }
}
