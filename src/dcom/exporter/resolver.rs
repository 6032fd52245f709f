//! IObjectExporter: where objects are, and pings ([MS-DCOM] 3.1.2.5.1).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::{Exporter, own_policy, signed_caller};
use crate::auth::BoxFuture;
use crate::dcom::COM_VERSION;
use crate::dcom::bindings::Bindings;
use crate::dcom::table::TableError;
use crate::generated::orpc::DUALSTRINGARRAY;
use crate::generated::oxid::{
    ComplexPingIn, ComplexPingOut, I_OBJECT_EXPORTER, IObjectExporter, ResolveOxid2In,
    ResolveOxid2Out, ResolveOxidIn, ResolveOxidOut, ServerAlive2In, ServerAlive2Out, ServerAliveIn,
    ServerAliveOut, SimplePingIn, SimplePingOut, dispatch_i_object_exporter,
};
use crate::ndr::{Fault, InterfaceId};
use crate::rpc::{CallContext, Policy, Service};

const OK: u32 = 0;
/// ERROR_ACCESS_DENIED.
const ACCESS_DENIED: u32 = 5;
/// ERROR_OUTOFMEMORY.
const OUT_OF_MEMORY: u32 = 14;
/// OR_INVALID_OXID.
const INVALID_OXID: u32 = 1910;
/// OR_INVALID_OID.
const INVALID_OID: u32 = 1911;
/// OR_INVALID_SET.
const INVALID_SET: u32 = 1912;

/// The resolver.
pub(super) struct Resolver(pub(super) Arc<Exporter>);

impl Resolver {
    /// An error status, or the exporter's bindings.
    fn resolve(&self, call: &CallContext, oxid: u64) -> Result<Option<Box<DUALSTRINGARRAY>>, u32> {
        signed_caller(call).ok_or(ACCESS_DENIED)?;
        if oxid != self.0.oxid {
            return Err(INVALID_OXID);
        }
        marshal(&self.0.exporter_bindings(dialled(call))).map(Some).map_err(|_| OUT_OF_MEMORY)
    }
}

fn marshal(bindings: &Bindings) -> Result<Box<DUALSTRINGARRAY>, Fault> {
    bindings.to_ndr().map(Box::new).map_err(|_| Fault::UNSPECIFIED)
}

fn dialled(call: &CallContext) -> IpAddr {
    call.local.ip()
}

fn status(error: &TableError) -> u32 {
    match error {
        TableError::UnknownSet => INVALID_SET,
        TableError::UnknownObject => INVALID_OID,
        TableError::Limit(_) | TableError::Identifier(_) => OUT_OF_MEMORY,
    }
}

impl IObjectExporter for Resolver {
    type Call = CallContext;

    async fn resolve_oxid(
        &self,
        call: &CallContext,
        request: ResolveOxidIn,
    ) -> Result<ResolveOxidOut, Fault> {
        let ResolveOxidIn { p_oxid, c_requested_protseqs, ar_requested_protseqs } = request;
        let request = ResolveOxid2In { p_oxid, c_requested_protseqs, ar_requested_protseqs };
        let answer = self.resolve_oxid2(call, request).await?;
        Ok(ResolveOxidOut {
            ppdsa_oxid_bindings: answer.ppdsa_oxid_bindings,
            pipid_rem_unknown: answer.pipid_rem_unknown,
            p_authn_hint: answer.p_authn_hint,
            return_value: answer.return_value,
        })
    }

    async fn simple_ping(
        &self,
        _call: &CallContext,
        request: SimplePingIn,
    ) -> Result<SimplePingOut, Fault> {
        let pinged = self.0.table().simple_ping(request.p_set_id, Instant::now());
        Ok(SimplePingOut { return_value: pinged.map_or_else(|error| status(&error), |()| OK) })
    }

    async fn complex_ping(
        &self,
        call: &CallContext,
        request: ComplexPingIn,
    ) -> Result<ComplexPingOut, Fault> {
        let add = request.add_to_set.unwrap_or_default();
        let remove = request.del_from_set.unwrap_or_default();
        let pinged = self.0.table().complex_ping(
            call.peer.ip().to_canonical(),
            request.p_set_id,
            request.sequence_num,
            (&add, &remove),
            Instant::now(),
        );
        let (p_set_id, return_value) = match pinged {
            Ok(set) => (set, OK),
            Err(error) => (request.p_set_id, status(&error)),
        };
        Ok(ComplexPingOut { p_set_id, p_ping_backoff_factor: 0, return_value })
    }

    async fn server_alive(
        &self,
        _call: &CallContext,
        _request: ServerAliveIn,
    ) -> Result<ServerAliveOut, Fault> {
        Ok(ServerAliveOut { return_value: OK })
    }

    async fn resolve_oxid2(
        &self,
        call: &CallContext,
        request: ResolveOxid2In,
    ) -> Result<ResolveOxid2Out, Fault> {
        Ok(match self.resolve(call, request.p_oxid) {
            Ok(ppdsa_oxid_bindings) => ResolveOxid2Out {
                ppdsa_oxid_bindings,
                pipid_rem_unknown: self.0.remote_unknown,
                p_authn_hint: self.0.authn_hint(),
                p_com_version: COM_VERSION,
                return_value: OK,
            },
            Err(return_value) => ResolveOxid2Out { return_value, ..Default::default() },
        })
    }

    async fn server_alive2(
        &self,
        call: &CallContext,
        _request: ServerAlive2In,
    ) -> Result<ServerAlive2Out, Fault> {
        Ok(ServerAlive2Out {
            p_com_version: COM_VERSION,
            ppdsa_or_bindings: Some(marshal(&self.0.resolver_bindings(dialled(call)))?),
            p_reserved: 0,
            return_value: OK,
        })
    }
}

impl Service for Resolver {
    fn interface(&self) -> InterfaceId {
        I_OBJECT_EXPORTER
    }

    /// ServerAlive and ServerAlive2 must not look at who calls ([MS-DCOM] 3.1.2.5.1.4, .6).
    fn policy(&self) -> Policy {
        Policy { min_level: None, ..own_policy() }
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            dispatch_i_object_exporter(self, &call, opnum, call.encoding, &stub).await
        })
    }
}
