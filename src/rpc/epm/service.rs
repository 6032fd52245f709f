//! The endpoint mapper's server side ([MS-RPCE] 2.2.1.2).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use uuid::{Builder, Uuid};

use super::cursors::{Cursor, Cursors};
use super::table::{Endpoint, EndpointTable, Query, VersionOption};
use super::tower::Tower;
use crate::auth::BoxFuture;
use crate::generated::epm::{
    EPT, Ept, EptDeleteIn, EptDeleteOut, EptInqObjectIn, EptInqObjectOut, EptInsertIn,
    EptInsertOut, EptLookupHandleFreeIn, EptLookupHandleFreeOut, EptLookupIn, EptLookupOut,
    EptMapIn, EptMapOut, EptMgmtDeleteIn, EptMgmtDeleteOut, dispatch_ept, ept_entry_t,
};
use crate::generated::rpctypes::{RPC_IF_ID, twr_t};
use crate::ndr::{ContextHandle, Fault, FixedText, Full, InterfaceId, Varying};
use crate::rpc::{AssociationId, CallContext, Policy, Service};

/// The call succeeded.
const OK: u32 = 0;
/// ept_s_not_registered: nothing matches.
const NOT_REGISTERED: u32 = 0x16C9_A0D6;
/// EPT_S_CANT_PERFORM_OP.
const CANT_PERFORM: u32 = 0x6D8;

/// inquiry_type of ept_lookup; every other value asks for all elements, as on Windows.
const MATCH_BY_IF: u32 = 1;
const MATCH_BY_OBJ: u32 = 2;
const MATCH_BY_BOTH: u32 = 3;

/// Requests of the endpoint mapper are small: its largest, with a tower, stays below this.
const MAX_REQUEST: usize = 8 * 1024;

/// Answers where the interfaces of this server are. Everybody may ask.
pub struct EndpointMapper {
    table: Arc<EndpointTable>,
    cursors: Mutex<Cursors>,
}

impl EndpointMapper {
    /// An endpoint mapper for these elements.
    pub fn new(table: Arc<EndpointTable>) -> Self {
        Self { table, cursors: Mutex::default() }
    }

    /// One page of a new search, or of the one that `handle` stands for. `query` is `None` where
    /// the question makes no sense.
    fn search(
        &self,
        call: &CallContext,
        handle: ContextHandle,
        max: u32,
        query: Option<Query>,
    ) -> Result<Page, Fault> {
        let (id, cursor) = match handle.is_null() {
            false => {
                let cursor = self.cursors().take(call.association, handle.uuid);
                (handle.uuid, cursor.ok_or(Fault::CONTEXT_MISMATCH)?)
            }
            true => match query {
                Some(query) => (new_handle()?, Cursor { query, next: 0 }),
                None => return Ok(Page { status: CANT_PERFORM, ..Page::default() }),
            },
        };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let (mut endpoints, next) = self.table.page(&cursor.query, cursor.next, max);
        let own = dialled(call);
        for endpoint in &mut endpoints {
            endpoint.tower.set_open_address(own);
        }
        let status = if endpoints.is_empty() { NOT_REGISTERED } else { OK };
        let mut handle = ContextHandle::NULL;
        if let Some(next) = next {
            handle.uuid = id;
            self.cursors().put(call.association, id, Cursor { query: cursor.query, next });
        }
        Ok(Page { handle, endpoints, status })
    }

    /// A panic elsewhere cannot leave the table half-done.
    fn cursors(&self) -> MutexGuard<'_, Cursors> {
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a search found.
#[derive(Default)]
struct Page {
    handle: ContextHandle,
    endpoints: Vec<Endpoint>,
    status: u32,
}

/// The IPv4 address that the client reached; 0.0.0.0 for IPv6, which towers cannot carry.
fn dialled(call: &CallContext) -> Ipv4Addr {
    match call.local.ip().to_canonical() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

fn new_handle() -> Result<Uuid, Fault> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Fault::UNSPECIFIED)?;
    Ok(Builder::from_random_bytes(bytes).into_uuid())
}

fn lookup_query(request: &EptLookupIn) -> Option<Query> {
    let by_interface = matches!(request.inquiry_type, MATCH_BY_IF | MATCH_BY_BOTH);
    let by_object = matches!(request.inquiry_type, MATCH_BY_OBJ | MATCH_BY_BOTH);
    let interface = match by_interface {
        true => Some((
            interface_id(request.ifid.get()?),
            VersionOption::from_wire(request.vers_option)?,
        )),
        false => None,
    };
    let object = by_object.then(|| request.object.get().copied().unwrap_or_default());
    Some(Query::Lookup { interface, object })
}

fn map_query(request: &EptMapIn) -> Option<Query> {
    let tower = Tower::parse(&request.map_tower.get()?.tower_octet_string).ok()?;
    Some(Query::Map { object: request.obj.get().copied().unwrap_or_default(), tower })
}

fn interface_id(id: &RPC_IF_ID) -> InterfaceId {
    InterfaceId { uuid: id.uuid, major: id.vers_major, minor: id.vers_minor }
}

fn twr(tower: &Tower) -> Full<twr_t> {
    let octets = tower.to_bytes();
    let tower_length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    Full::new(twr_t { tower_length, tower_octet_string: octets })
}

fn entry(endpoint: &Endpoint) -> ept_entry_t {
    let annotation = FixedText(endpoint.annotation().into());
    ept_entry_t { object: endpoint.object, tower: twr(&endpoint.tower), annotation }
}

fn count<T>(elements: &[T]) -> u32 {
    u32::try_from(elements.len()).unwrap_or(u32::MAX)
}

impl Ept for EndpointMapper {
    type Call = CallContext;

    async fn ept_insert(&self, _: &CallContext, _: EptInsertIn) -> Result<EptInsertOut, Fault> {
        Ok(EptInsertOut { status: CANT_PERFORM })
    }

    async fn ept_delete(&self, _: &CallContext, _: EptDeleteIn) -> Result<EptDeleteOut, Fault> {
        Ok(EptDeleteOut { status: CANT_PERFORM })
    }

    async fn ept_lookup(
        &self,
        call: &CallContext,
        request: EptLookupIn,
    ) -> Result<EptLookupOut, Fault> {
        let max = request.max_ents;
        let page = self.search(call, request.entry_handle, max, lookup_query(&request))?;
        Ok(EptLookupOut {
            entry_handle: page.handle,
            num_ents: count(&page.endpoints),
            entries: Varying::new(max, page.endpoints.iter().map(entry).collect()),
            status: page.status,
        })
    }

    async fn ept_map(&self, call: &CallContext, request: EptMapIn) -> Result<EptMapOut, Fault> {
        let max = request.max_towers;
        let page = self.search(call, request.entry_handle, max, map_query(&request))?;
        let towers = page.endpoints.iter().map(|endpoint| twr(&endpoint.tower));
        Ok(EptMapOut {
            entry_handle: page.handle,
            num_towers: count(&page.endpoints),
            i_towers: Varying::new(max, towers.collect()),
            status: page.status,
        })
    }

    async fn ept_lookup_handle_free(
        &self,
        call: &CallContext,
        request: EptLookupHandleFreeIn,
    ) -> Result<EptLookupHandleFreeOut, Fault> {
        let handle = request.entry_handle;
        let known = self.cursors().take(call.association, handle.uuid).is_some();
        match known || handle.is_null() {
            true => Ok(EptLookupHandleFreeOut { entry_handle: ContextHandle::NULL, status: OK }),
            false => Err(Fault::CONTEXT_MISMATCH),
        }
    }

    async fn ept_inq_object(
        &self,
        _: &CallContext,
        _: EptInqObjectIn,
    ) -> Result<EptInqObjectOut, Fault> {
        Ok(EptInqObjectOut { ept_object: Uuid::nil(), status: CANT_PERFORM })
    }

    async fn ept_mgmt_delete(
        &self,
        _: &CallContext,
        _: EptMgmtDeleteIn,
    ) -> Result<EptMgmtDeleteOut, Fault> {
        Ok(EptMgmtDeleteOut { status: CANT_PERFORM })
    }
}

impl Service for EndpointMapper {
    fn interface(&self) -> InterfaceId {
        EPT
    }

    fn policy(&self) -> Policy {
        Policy { min_level: None, max_request: MAX_REQUEST, ..Policy::default() }
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move { dispatch_ept(self, &call, opnum, call.encoding, &stub).await })
    }

    fn association_closed(&self, association: AssociationId) {
        self.cursors().run_down(association);
    }
}
