//! Calls of objects: the checks that come before them ([MS-DCOM] 3.1.1.5.4).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tracing::debug;

use super::{Exported, Exporter, Factory, Interface, What, serves, signed_caller};
use crate::auth::BoxFuture;
use crate::generated::orpc::{I_UNKNOWN, ORPCTHIS};
use crate::model::HResult;
use crate::ndr::{Decoder, Fault, InterfaceId};
use crate::rpc::{CallContext, Policy, Service};

/// The operations of IUnknown, which never travel.
const LOCAL_OPERATIONS: u16 = 3;

/// One interface of all objects that have it; the IPID of a call says which one is meant.
pub(super) struct ObjectInterface {
    pub(super) exporter: Arc<Exporter>,
    pub(super) interface: Interface,
}

/// Checks the ORPCTHIS of a call.
pub(super) fn check_header(call: &CallContext, stub: &[u8]) -> Result<(), Fault> {
    let orpcthis: ORPCTHIS =
        Decoder::new(call.encoding, stub).value_in_ndr20().map_err(|error| {
            debug!(%error, "ORPCTHIS refused");
            Fault::BAD_STUB_DATA
        })?;
    if !serves(&orpcthis.version) {
        return Err(fault(HResult::RPC_E_VERSION_MISMATCH));
    }
    if orpcthis.flags != 0 {
        return Err(fault(HResult::RPC_E_INVALID_HEADER));
    }
    Ok(())
}

/// COM's errors are the status of a fault where a call does not reach its object.
pub(super) fn fault(code: HResult) -> Fault {
    Fault(code.0)
}

impl ObjectInterface {
    /// The object that a call is for, if its caller may call it.
    fn object(&self, call: &CallContext, opnum: u16, stub: &[u8]) -> Result<Exported, Fault> {
        check_header(call, stub)?;
        let caller = signed_caller(call).ok_or(Fault::ACCESS_DENIED)?;
        let ipid = call.object.ok_or(fault(HResult::RPC_E_DISCONNECTED))?;
        let mut table = self.exporter.table();
        let (iid, exported) = table.find(ipid).ok_or(fault(HResult::RPC_E_DISCONNECTED))?;
        if iid != self.interface.id.uuid {
            return Err(fault(HResult::E_NOINTERFACE));
        }
        if !exported.of.class.admits(caller) {
            return Err(Fault::ACCESS_DENIED);
        }
        let exported = exported.clone();
        // Nor may IUnknown be a way around the policy of the interface that has the operation.
        if opnum < LOCAL_OPERATIONS || iid == I_UNKNOWN.uuid {
            return Err(Fault::OP_RANGE);
        }
        table.touch(ipid, Instant::now());
        Ok(exported)
    }
}

impl Service for ObjectInterface {
    fn interface(&self) -> InterfaceId {
        self.interface.id
    }

    fn policy(&self) -> Policy {
        self.interface.policy
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            let Exported { of, what } = self.object(&call, opnum, &stub)?;
            match what {
                What::Object(object) => object.call(call, opnum, stub).await,
                What::Factory => {
                    Factory { exporter: &self.exporter, of }.call(&call, opnum, &stub).await
                }
            }
        })
    }
}
