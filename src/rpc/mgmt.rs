//! The remote management interface: what an RPC server tells about itself ([C706] appendix Q,
//! [MS-RPCE] 2.2.1.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;

use crate::auth::{AuthType, BoxFuture};
use crate::generated::mgmt::{
    MGMT, Mgmt, RpcMgmtInqIfIdsIn, RpcMgmtInqIfIdsOut, RpcMgmtInqPrincNameIn,
    RpcMgmtInqPrincNameOut, RpcMgmtInqStatsIn, RpcMgmtInqStatsOut, RpcMgmtIsServerListeningIn,
    RpcMgmtIsServerListeningOut, RpcMgmtStopServerListeningIn, RpcMgmtStopServerListeningOut,
    dispatch_mgmt, rpc_if_id_vector_t,
};
use crate::generated::rpctypes::RPC_IF_ID;
use crate::ndr::{Fault, Full, InterfaceId, SizedText, Text};
use crate::rpc::{CallContext, Policy, Service};

/// The call succeeded.
const OK: u32 = 0;
/// ERROR_ACCESS_DENIED.
const ACCESS_DENIED: u32 = 5;
/// RPC_S_UNKNOWN_AUTHN_SERVICE.
const UNKNOWN_AUTHN_SERVICE: u32 = 0x6D3;
/// RPC_S_STRING_TOO_LONG.
const STRING_TOO_LONG: u32 = 0x6CF;

/// No request of this interface is larger, verification trailer included.
const MAX_REQUEST: usize = 1024;

/// What a server counts; each number starts again at zero after 2³² − 1.
#[derive(Default, Debug)]
pub struct Statistics {
    calls_in: AtomicU32,
    packets_in: AtomicU32,
    packets_out: AtomicU32,
}

impl Statistics {
    /// Counts a call that was received.
    pub fn call_in(&self) {
        self.calls_in.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts PDUs that were received.
    pub fn packets_in(&self, count: u32) {
        self.packets_in.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts PDUs that were sent.
    pub fn packets_out(&self, count: u32) {
        self.packets_out.fetch_add(count, Ordering::Relaxed);
    }

    /// calls in, calls out (a server makes none), packets in, packets out.
    fn values(&self) -> [u32; 4] {
        let [calls, received, sent] =
            [&self.calls_in, &self.packets_in, &self.packets_out].map(|n| n.load(Ordering::Relaxed));
        [calls, 0, received, sent]
    }
}

/// Answers questions about a server. Everybody may ask; nobody may stop it.
pub struct Management {
    /// Interfaces that the server offers at this endpoint, this one left out (as on Windows).
    pub interfaces: Vec<InterfaceId>,
    /// The principal that clients authenticate, as `host/name` or `name$@DOMAIN`; `None` where
    /// there is none.
    pub principal: Option<String>,
    /// What the server counted.
    pub statistics: Arc<Statistics>,
}

impl Mgmt for Management {
    type Call = CallContext;

    async fn rpc_mgmt_inq_if_ids(
        &self,
        _: &CallContext,
        _: RpcMgmtInqIfIdsIn,
    ) -> Result<RpcMgmtInqIfIdsOut, Fault> {
        let id = |id: &InterfaceId| {
            Full::new(RPC_IF_ID { uuid: id.uuid, vers_major: id.major, vers_minor: id.minor })
        };
        let if_id: Vec<_> = self.interfaces.iter().map(id).collect();
        let count = u32::try_from(if_id.len()).unwrap_or(u32::MAX);
        let if_id_vector = Full::new(rpc_if_id_vector_t { count, if_id });
        Ok(RpcMgmtInqIfIdsOut { if_id_vector, status: OK })
    }

    async fn rpc_mgmt_inq_stats(
        &self,
        _: &CallContext,
        request: RpcMgmtInqStatsIn,
    ) -> Result<RpcMgmtInqStatsOut, Fault> {
        let wanted = usize::try_from(request.count).unwrap_or(usize::MAX);
        let statistics: Vec<_> = self.statistics.values().into_iter().take(wanted).collect();
        let count = u32::try_from(statistics.len()).unwrap_or(u32::MAX);
        Ok(RpcMgmtInqStatsOut { count, statistics, status: OK })
    }

    async fn rpc_mgmt_is_server_listening(
        &self,
        _: &CallContext,
        _: RpcMgmtIsServerListeningIn,
    ) -> Result<RpcMgmtIsServerListeningOut, Fault> {
        Ok(RpcMgmtIsServerListeningOut { status: OK, return_value: 1 })
    }

    async fn rpc_mgmt_stop_server_listening(
        &self,
        _: &CallContext,
        _: RpcMgmtStopServerListeningIn,
    ) -> Result<RpcMgmtStopServerListeningOut, Fault> {
        Ok(RpcMgmtStopServerListeningOut { status: ACCESS_DENIED })
    }

    async fn rpc_mgmt_inq_princ_name(
        &self,
        _: &CallContext,
        request: RpcMgmtInqPrincNameIn,
    ) -> Result<RpcMgmtInqPrincNameOut, Fault> {
        let max_count = request.princ_name_size;
        if max_count == 0 {
            // Not even a terminator fits, and without one there is no string to answer with.
            return Err(Fault::BAD_STUB_DATA);
        }
        let known = u8::try_from(request.authn_proto).ok().and_then(AuthType::from_wire);
        let room = usize::try_from(max_count).unwrap_or(usize::MAX);
        let (text, status) = match known.and(self.principal.as_deref()).map(Text::from) {
            None => (Text::default(), UNKNOWN_AUTHN_SERVICE),
            Some(name) if name.wire_len() > room => (Text::default(), STRING_TOO_LONG),
            Some(name) => (name, OK),
        };
        Ok(RpcMgmtInqPrincNameOut { princ_name: SizedText { max_count, text }, status })
    }
}

impl Service for Management {
    fn interface(&self) -> InterfaceId {
        MGMT
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
        Box::pin(async move { dispatch_mgmt(self, &call, opnum, call.encoding, &stub).await })
    }
}
