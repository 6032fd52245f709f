//! IRemUnknown and IRemUnknown2: references and further interfaces ([MS-DCOM] 3.1.1.5.6, .7).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use uuid::Uuid;

use super::object::{check_header, fault};
use super::{Exporter, own_policy, signed_caller};
use crate::auth::BoxFuture;
use crate::dcom::table::{ObjectTable, TableError};
use crate::generated::orpc::STDOBJREF;
use crate::generated::remunknown::{
    I_REM_UNKNOWN, IRemUnknown, IRemUnknown2, REMQIRESULT, RemAddRefIn, RemAddRefOut,
    RemQueryInterface2In, RemQueryInterface2Out, RemQueryInterfaceIn, RemQueryInterfaceOut,
    RemReleaseIn, RemReleaseOut, dispatch_i_rem_unknown, dispatch_i_rem_unknown2,
};
use crate::model::{Caller, HResult};
use crate::ndr::{Fault, InterfaceId};
use crate::rpc::{CallContext, Policy, Service};

/// References that RemQueryInterface2 takes, which does not say how many.
const REFERENCES: u32 = 5;

/// The exporter's remote unknown, as one of its two interfaces.
pub(super) struct RemoteUnknown {
    pub(super) exporter: Arc<Exporter>,
    pub(super) interface: InterfaceId,
}

impl RemoteUnknown {
    /// Whether the call is for this object and its caller may make it.
    fn check(&self, call: &CallContext, stub: &[u8]) -> Result<(), Fault> {
        check_header(call, stub)?;
        // As Windows: E_ACCESSDENIED here, ERROR_ACCESS_DENIED on all other interfaces.
        signed_caller(call).ok_or(fault(HResult::E_ACCESSDENIED))?;
        match call.object {
            Some(ipid) if ipid == self.exporter.remote_unknown => Ok(()),
            _ => Err(fault(HResult::RPC_E_DISCONNECTED)),
        }
    }

    /// For each interface of an object: a reference to it, or why not.
    fn query(
        &self,
        call: &CallContext,
        ipid: Uuid,
        references: u32,
        iids: &[Uuid],
    ) -> Result<Vec<Result<STDOBJREF, HResult>>, HResult> {
        let caller = signed_caller(call).ok_or(HResult::E_ACCESSDENIED)?;
        let mut table = self.exporter.table();
        let (_, exported) = table.find(ipid).ok_or(HResult::RPC_E_INVALID_OBJECT)?;
        let exported = exported.clone();
        if !exported.of.class.admits(caller) {
            return Err(HResult::E_ACCESSDENIED);
        }
        let now = Instant::now();
        table.touch(ipid, now);
        let results = iids.iter().map(|iid| match exported.has(*iid) {
            false => Err(HResult::E_NOINTERFACE),
            true => table.reference(ipid, *iid, references, now).map_err(|error| error.code()),
        });
        Ok(results.collect())
    }
}

/// Whether `caller` may touch references to this interface.
fn admits(table: &ObjectTable<super::Exported>, ipid: Uuid, caller: &Caller) -> bool {
    table.find(ipid).is_some_and(|(_, exported)| exported.of.class.admits(caller))
}

fn code<T>(result: &Result<T, HResult>) -> u32 {
    result.as_ref().map_or_else(|code| code.0, |_| HResult::S_OK.0)
}

impl IRemUnknown for RemoteUnknown {
    type Call = CallContext;

    async fn rem_query_interface(
        &self,
        call: &CallContext,
        request: RemQueryInterfaceIn,
    ) -> Result<RemQueryInterfaceOut, Fault> {
        let results = self.query(call, request.ripid, request.c_refs, &request.iids);
        let return_value = code(&results);
        let results = results.ok().map(|results| {
            let results = results.into_iter();
            results
                .map(|result| REMQIRESULT {
                    h_result: code(&result),
                    std: result.unwrap_or_default(),
                })
                .collect()
        });
        Ok(RemQueryInterfaceOut { pp_qi_results: results, return_value, ..Default::default() })
    }

    async fn rem_add_ref(
        &self,
        call: &CallContext,
        request: RemAddRefIn,
    ) -> Result<RemAddRefOut, Fault> {
        let caller = signed_caller(call).ok_or(fault(HResult::E_ACCESSDENIED))?;
        let mut table = self.exporter.table();
        let results = request.interface_refs.iter().map(|reference| {
            let (public, private) = (reference.c_public_refs, reference.c_private_refs);
            let client = caller.token.user();
            let added = match admits(&table, reference.ipid, caller) {
                true => table.add_references(reference.ipid, public, private, client),
                false => Err(TableError::UnknownObject),
            };
            match added {
                Ok(()) => HResult::S_OK.0,
                Err(TableError::UnknownObject) => HResult::CO_E_OBJNOTREG.0,
                Err(error) => error.code().0,
            }
        });
        Ok(RemAddRefOut { p_results: results.collect(), ..Default::default() })
    }

    async fn rem_release(
        &self,
        call: &CallContext,
        request: RemReleaseIn,
    ) -> Result<RemReleaseOut, Fault> {
        let caller = signed_caller(call).ok_or(fault(HResult::E_ACCESSDENIED))?;
        let mut ended = Vec::new();
        let mut table = self.exporter.table();
        for reference in &request.interface_refs {
            if admits(&table, reference.ipid, caller) {
                let (public, private) = (reference.c_public_refs, reference.c_private_refs);
                let client = caller.token.user();
                ended.extend(table.release(reference.ipid, public, private, client));
            }
        }
        // What objects do when they are dropped is not to wait for the table, nor it for them.
        drop(table);
        drop(ended);
        Ok(RemReleaseOut::default())
    }
}

impl IRemUnknown2 for RemoteUnknown {
    async fn rem_query_interface2(
        &self,
        call: &CallContext,
        request: RemQueryInterface2In,
    ) -> Result<RemQueryInterface2Out, Fault> {
        let results = self.query(call, request.ripid, REFERENCES, &request.iids);
        let return_value = code(&results);
        let results = results.unwrap_or_else(|_| vec![Err(HResult(0)); request.iids.len()]);
        let phr = results.iter().map(code).collect();
        let dialled = call.local.ip();
        let pointers = request.iids.iter().zip(results).map(|(iid, result)| {
            let reference = result.ok().map(|std| self.exporter.marshal(*iid, std, dialled));
            reference.map(|reference| reference.to_pointer()).transpose()
        });
        let pp_mif = pointers.collect::<Result<_, _>>().map_err(|_| Fault::UNSPECIFIED)?;
        Ok(RemQueryInterface2Out { phr, pp_mif, return_value, ..Default::default() })
    }
}

impl Service for RemoteUnknown {
    fn interface(&self) -> InterfaceId {
        self.interface
    }

    /// The level is checked here, as the refusal has its own code.
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
            self.check(&call, &stub)?;
            match self.interface {
                I_REM_UNKNOWN => {
                    dispatch_i_rem_unknown(self, &call, opnum, call.encoding, &stub).await
                }
                _ => dispatch_i_rem_unknown2(self, &call, opnum, call.encoding, &stub).await,
            }
        })
    }
}
