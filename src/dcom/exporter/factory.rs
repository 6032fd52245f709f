//! IClassFactory of the classes.

use std::sync::Arc;
use std::time::Instant;

use super::{Exporter, Registered, Wanted, signed_caller};
use crate::generated::classfactory::{
    IClassFactory, RemoteCreateInstanceIn, RemoteCreateInstanceOut, RemoteLockServerIn,
    RemoteLockServerOut, dispatch_i_class_factory,
};
use crate::generated::orpc::MInterfacePointer;
use crate::model::HResult;
use crate::ndr::Fault;
use crate::rpc::CallContext;

/// A class object.
pub(super) struct Factory<'a> {
    pub(super) exporter: &'a Exporter,
    pub(super) of: Arc<Registered>,
}

impl Factory<'_> {
    pub(super) async fn call(
        &self,
        call: &CallContext,
        opnum: u16,
        stub: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        dispatch_i_class_factory(self, call, opnum, call.encoding, stub).await
    }

    fn create(
        &self,
        call: &CallContext,
        request: &RemoteCreateInstanceIn,
    ) -> Result<Box<MInterfacePointer>, HResult> {
        let caller = signed_caller(call).ok_or(HResult::E_ACCESSDENIED)?;
        let (iids, dialled) = ([request.riid], call.local.ip());
        let (clsid, now) = (self.of.clsid, Instant::now());
        let references =
            self.exporter.activate(caller, clsid, &iids, Wanted::Object, dialled, now)?;
        let reference = references.into_iter().next().map(|(_, reference)| reference);
        let reference = reference.ok_or(HResult::E_UNEXPECTED)??;
        reference.to_pointer().map_err(|_| HResult::E_UNEXPECTED)
    }
}

impl IClassFactory for Factory<'_> {
    type Call = CallContext;

    async fn remote_create_instance(
        &self,
        call: &CallContext,
        request: RemoteCreateInstanceIn,
    ) -> Result<RemoteCreateInstanceOut, Fault> {
        let created = self.create(call, &request);
        Ok(RemoteCreateInstanceOut {
            return_value: created.as_ref().map_or_else(|code| code.0, |_| HResult::S_OK.0),
            ppv_object: created.ok(),
            ..Default::default()
        })
    }

    /// The server runs whether or not it is locked.
    async fn remote_lock_server(
        &self,
        _call: &CallContext,
        _request: RemoteLockServerIn,
    ) -> Result<RemoteLockServerOut, Fault> {
        Ok(RemoteLockServerOut::default())
    }
}
