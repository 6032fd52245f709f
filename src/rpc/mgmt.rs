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

/// Requests of this interface are a few bytes; some conformance tests fill a fragment.
const MAX_REQUEST: usize = 8 * 1024;

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

    /// Counts a PDU that was received.
    pub fn packet_in(&self) {
        self.packets_in.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a PDU that was sent.
    pub fn packet_out(&self) {
        self.packets_out.fetch_add(1, Ordering::Relaxed);
    }

    /// calls in, calls out (a server makes none), packets in, packets out.
    fn values(&self) -> [u32; 4] {
        let [calls, received, sent] = [&self.calls_in, &self.packets_in, &self.packets_out]
            .map(|n| n.load(Ordering::Relaxed));
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::generated::mgmt::MgmtClient;
    use crate::ndr::Syntax;
    use crate::rpc::direct::{Direct, DirectError};

    fn client(syntax: Syntax) -> MgmtClient<Direct> {
        let statistics = Arc::new(Statistics::default());
        statistics.call_in();
        (0..3).for_each(|_| statistics.packet_in());
        (0..4).for_each(|_| statistics.packet_out());
        let id = |number, major| InterfaceId { uuid: Uuid::from_u128(number), major, minor: 0 };
        let management = Management {
            interfaces: vec![id(1, 3), id(2, 0)],
            principal: Some("host/ca.test".into()),
            statistics,
        };
        MgmtClient(Direct::new(Arc::new(management), syntax, 1))
    }

    #[tokio::test]
    async fn every_question_is_answered_in_both_syntaxes() {
        for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
            let mut client = client(syntax);
            let ids = client.rpc_mgmt_inq_if_ids(&RpcMgmtInqIfIdsIn {}).await.unwrap();
            let ids = &ids.if_id_vector.get().unwrap().if_id;
            let majors: Vec<_> = ids.iter().map(|id| id.get().unwrap().vers_major).collect();
            assert_eq!(majors, [3, 0]);

            let listening = client.rpc_mgmt_is_server_listening(&RpcMgmtIsServerListeningIn {});
            assert_eq!(listening.await.unwrap().return_value, 1);
            let stop = client.rpc_mgmt_stop_server_listening(&RpcMgmtStopServerListeningIn {});
            assert_eq!(stop.await.unwrap().status, ACCESS_DENIED);
        }
    }

    #[tokio::test]
    async fn statistics_are_as_many_as_asked_for_and_known() {
        let mut client = client(Syntax::Ndr20);
        for (asked, expected) in [(0, &[][..]), (3, &[1, 0, 3]), (50, &[1, 0, 3, 4])] {
            let answer = client.rpc_mgmt_inq_stats(&RpcMgmtInqStatsIn { count: asked }).await;
            let answer = answer.unwrap();
            assert_eq!((answer.statistics.as_slice(), answer.status), (expected, OK));
        }
    }

    #[tokio::test]
    async fn the_principal_is_told_where_it_fits() {
        for (authn_proto, princ_name_size, status, name) in [
            (9, 256, OK, "host/ca.test"),
            (16, 13, OK, "host/ca.test"),
            (10, 12, STRING_TOO_LONG, ""),
            (0, 256, UNKNOWN_AUTHN_SERVICE, ""),
            (0x109, 256, UNKNOWN_AUTHN_SERVICE, ""),
        ] {
            let question = RpcMgmtInqPrincNameIn { authn_proto, princ_name_size };
            let answer = client(Syntax::Ndr64).rpc_mgmt_inq_princ_name(&question).await.unwrap();
            assert_eq!((answer.status, &*answer.princ_name.text.to_string_lossy()), (status, name));
            assert_eq!(answer.princ_name.max_count, princ_name_size);
        }
        let question = RpcMgmtInqPrincNameIn { authn_proto: 9, princ_name_size: 0 };
        let refused = client(Syntax::Ndr20).rpc_mgmt_inq_princ_name(&question).await;
        assert_eq!(refused, Err(DirectError::Fault(Fault::BAD_STUB_DATA)));
    }
}
