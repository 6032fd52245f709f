//! IRemoteSCMActivator and IActivation: new objects ([MS-DCOM] 3.1.2.5.2).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tracing::debug;
use uuid::Uuid;

use super::{Exporter, Wanted, own_policy, serves, signed_caller};
use crate::auth::BoxFuture;
use crate::dcom::activation::{ActivationReply, ActivationRequest, References};
use crate::dcom::objref::ObjRef;
use crate::dcom::{COM_VERSION, DcomError};
use crate::generated::orpc::{MInterfacePointer, ORPCTHAT, ORPCTHIS};
use crate::generated::remote_activation::{
    I_ACTIVATION, I_REMOTE_SCM_ACTIVATOR, IActivation, IRemoteScmActivator, RemoteActivationIn,
    RemoteActivationOut, RemoteCreateInstanceIn, RemoteCreateInstanceOut, RemoteGetClassObjectIn,
    RemoteGetClassObjectOut, dispatch_i_activation, dispatch_i_remote_scm_activator,
};
use crate::model::{Caller, HResult};
use crate::ndr::{Fault, InterfaceId};
use crate::rpc::{CallContext, Policy, Service};

/// Mode of RemoteActivation that asks for the class object.
const MODE_GET_CLASS_OBJECT: u32 = 0xFFFF_FFFF;
/// ORPCF_LOCAL, which Windows sets in the answers to activations.
const ANSWER: ORPCTHAT = ORPCTHAT { flags: 1, extensions: None };

/// IRemoteSCMActivator.
pub(super) struct Activator(pub(super) Arc<Exporter>);
/// IActivation, as clients before COM version 5.6 have it.
pub(super) struct OldActivator(pub(super) Arc<Exporter>);

/// The caller of an activation; the run-time has checked the level, but a context may be
/// nobody's.
fn caller(call: &CallContext) -> Result<&Caller, Fault> {
    signed_caller(call).map(AsRef::as_ref).ok_or(Fault::ACCESS_DENIED)
}

/// Refuses versions and kinds of activation that there are none of here.
fn check(orpcthis: &ORPCTHIS, request: &ActivationRequest) -> Result<(), HResult> {
    if !serves(&orpcthis.version) {
        return Err(HResult::RPC_E_VERSION_MISMATCH);
    }
    // Objects here live in the process that serves them, whatever session the client names; a
    // 32-bit one cannot be had.
    if request.wants_32_bit() {
        return Err(HResult::REGDB_E_CLASSNOTREG);
    }
    // None of our objects has IPersistFile or IPersistStorage.
    if request.from_storage {
        return Err(HResult::E_NOINTERFACE);
    }
    Ok(())
}

impl Activator {
    /// The result of both methods.
    fn activate(
        &self,
        call: &CallContext,
        orpcthis: &ORPCTHIS,
        properties: Option<&MInterfacePointer>,
        wanted: Wanted,
    ) -> Result<Result<Box<MInterfacePointer>, HResult>, Fault> {
        let caller = caller(call)?;
        let request = ObjRef::from_pointer(properties).and_then(ActivationRequest::from_objref);
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                debug!(caller = caller.account, %error, "activation properties refused");
                return Ok(Err(HResult::RPC_E_INVALID_OBJREF));
            }
        };
        Ok(self.answer(call, caller, orpcthis, &request, wanted))
    }

    fn answer(
        &self,
        call: &CallContext,
        caller: &Caller,
        orpcthis: &ORPCTHIS,
        request: &ActivationRequest,
        wanted: Wanted,
    ) -> Result<Box<MInterfacePointer>, HResult> {
        check(orpcthis, request)?;
        let (dialled, now) = (call.local.ip(), Instant::now());
        let ActivationRequest { clsid, iids, .. } = request;
        let interfaces = self.0.activate(caller, *clsid, iids, wanted, dialled, now)?;
        let reply = ActivationReply {
            oxid: self.0.oxid,
            bindings: self.0.exporter_bindings(dialled),
            remote_unknown: self.0.remote_unknown,
            authn_hint: self.0.authn_hint(),
            version: COM_VERSION,
            interfaces,
        };
        let marshalled = reply.to_objref().and_then(|reference| reference.to_pointer());
        marshalled.map_err(|error| cannot_marshal(&error))
    }
}

fn cannot_marshal(error: &DcomError) -> HResult {
    tracing::error!(%error, "the answer to an activation cannot be written");
    HResult::E_UNEXPECTED
}

impl IRemoteScmActivator for Activator {
    type Call = CallContext;

    async fn remote_get_class_object(
        &self,
        call: &CallContext,
        request: RemoteGetClassObjectIn,
    ) -> Result<RemoteGetClassObjectOut, Fault> {
        let properties = request.p_act_properties.as_deref();
        let activated = self.activate(call, &request.orpcthis, properties, Wanted::Factory)?;
        Ok(RemoteGetClassObjectOut {
            orpcthat: ANSWER,
            return_value: code(&activated),
            pp_act_properties: activated.ok(),
        })
    }

    async fn remote_create_instance(
        &self,
        call: &CallContext,
        request: RemoteCreateInstanceIn,
    ) -> Result<RemoteCreateInstanceOut, Fault> {
        let properties = request.p_act_properties.as_deref();
        let activated = self.activate(call, &request.orpcthis, properties, Wanted::Object)?;
        Ok(RemoteCreateInstanceOut {
            orpcthat: ANSWER,
            return_value: code(&activated),
            pp_act_properties: activated.ok(),
        })
    }
}

fn code<T>(activated: &Result<T, HResult>) -> u32 {
    activated.as_ref().map_or_else(|code| code.0, |_| HResult::S_OK.0)
}

impl OldActivator {
    fn answer(
        &self,
        call: &CallContext,
        caller: &Caller,
        request: &RemoteActivationIn,
    ) -> Result<RemoteActivationOut, HResult> {
        let iids = request.p_ii_ds.clone().ok_or(HResult::E_INVALIDARG)?;
        let from_storage = request.pwsz_object_name.is_some() || request.p_object_storage.is_some();
        let clsid = request.clsid;
        let wish = ActivationRequest { clsid, iids, flags: 0, from_storage };
        check(&request.orp_cthis, &wish)?;
        let wanted = match request.mode {
            MODE_GET_CLASS_OBJECT => Wanted::Factory,
            _ => Wanted::Object,
        };
        let (dialled, now) = (call.local.ip(), Instant::now());
        let references = self.0.activate(caller, clsid, &wish.iids, wanted, dialled, now)?;
        let (p_results, pp_interface_data) =
            marshal(&references).map_err(|error| cannot_marshal(&error))?;
        let bindings = self.0.exporter_bindings(dialled).to_ndr();
        let bindings = bindings.map_err(|error| cannot_marshal(&error))?;
        Ok(RemoteActivationOut {
            orp_cthat: ANSWER,
            p_oxid: self.0.oxid,
            ppdsa_oxid_bindings: Some(Box::new(bindings)),
            pipid_rem_unknown: self.0.remote_unknown,
            p_authn_hint: self.0.authn_hint(),
            p_server_version: COM_VERSION,
            phr: HResult::S_OK.0,
            pp_interface_data,
            p_results,
            return_value: 0,
        })
    }
}

/// pResults and ppInterfaceData.
type Results = (Vec<u32>, Vec<Option<Box<MInterfacePointer>>>);

fn marshal(references: &References) -> Result<Results, DcomError> {
    let (mut codes, mut pointers) = (Vec::new(), Vec::new());
    for (_, reference) in references {
        codes.push(code(reference));
        pointers.push(reference.as_ref().ok().map(ObjRef::to_pointer).transpose()?);
    }
    Ok((codes, pointers))
}

impl IActivation for OldActivator {
    type Call = CallContext;

    async fn remote_activation(
        &self,
        call: &CallContext,
        request: RemoteActivationIn,
    ) -> Result<RemoteActivationOut, Fault> {
        let caller = caller(call)?;
        let interfaces = usize::try_from(request.interfaces).unwrap_or_default();
        let answer = self.answer(call, caller, &request);
        Ok(answer.unwrap_or_else(|code| RemoteActivationOut {
            orp_cthat: ANSWER,
            pipid_rem_unknown: Uuid::nil(),
            p_server_version: COM_VERSION,
            phr: code.0,
            pp_interface_data: vec![None; interfaces],
            p_results: vec![0; interfaces],
            ..Default::default()
        }))
    }
}

impl Service for Activator {
    fn interface(&self) -> InterfaceId {
        I_REMOTE_SCM_ACTIVATOR
    }

    fn policy(&self) -> Policy {
        own_policy()
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(async move {
            dispatch_i_remote_scm_activator(self, &call, opnum, call.encoding, &stub).await
        })
    }
}

impl Service for OldActivator {
    fn interface(&self) -> InterfaceId {
        I_ACTIVATION
    }

    fn policy(&self) -> Policy {
        own_policy()
    }

    fn call(
        &self,
        call: CallContext,
        opnum: u16,
        stub: Bytes,
    ) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
        Box::pin(
            async move { dispatch_i_activation(self, &call, opnum, call.encoding, &stub).await },
        )
    }
}
