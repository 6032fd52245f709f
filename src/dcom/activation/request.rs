//! What a client asks for.

use uuid::{Uuid, uuid};

use super::{
    ACTIVATION_CONTEXT_INFO, IID_PROPERTIES_IN, INSTANCE_INFO, INSTANTIATION_INFO, PROPERTIES_IN,
    Properties, SCM_REQUEST_INFO, SECURITY_INFO, SERVER_LOCATION_INFO, SPECIAL_SYSTEM_PROPERTIES,
};
use crate::dcom::bindings::TOWER_TCP;
use crate::dcom::objref::{Body, ObjRef};
use crate::dcom::{COM_VERSION, DcomError};
use crate::generated::remote_activation::{
    ActivationContextInfoData, COSERVERINFO, InstantiationInfoData, LocationInfoData,
    ScmRequestInfoData, SecurityInfoData, SpecialPropertiesData, customREMOTE_REQUEST_SCM_INFO,
};
use crate::ndr::{deserialize, serialize};

/// ACTVFLAGS_ACTIVATE_32_BIT_SERVER.
const ACTIVATE_32_BIT_SERVER: u32 = 4;
/// CLSCTX_REMOTE_SERVER.
const REMOTE_SERVER: u32 = 0x10;
/// RPC_C_IMP_LEVEL_IDENTIFY.
const IDENTIFY: u32 = 2;
/// dwSessionId: any session.
const ANY_SESSION: u32 = 0xFFFF_FFFF;
/// An SPD flag that Windows always sets; not in the specification.
const SPD_FLAG_2: u32 = 2;

/// CLSID_ContextMarshaler.
const CONTEXT_MARSHALER: Uuid = uuid!("0000033b-0000-0000-c000-000000000046");
/// IID_IContext.
const IID_CONTEXT: Uuid = uuid!("000001c0-0000-0000-c000-000000000046");
/// CTXMSHLFLAGS_BYVAL.
const BY_VALUE: u32 = 2;

/// A request for an object, or for a class's factory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivationRequest {
    /// The class.
    pub clsid: Uuid,
    /// The interfaces.
    pub iids: Vec<Uuid>,
    /// ACTVFLAGS_*.
    pub flags: u32,
    /// Whether the object is to be made from a file or storage.
    pub from_storage: bool,
}

impl ActivationRequest {
    /// Reads the parameter of RemoteCreateInstance or RemoteGetClassObject. Required properties
    /// must be there; unknown ones, and fields that servers are to ignore, are not looked at.
    ///
    /// # Errors
    /// Malformed, or a required property is missing.
    pub fn from_objref(reference: ObjRef) -> Result<Self, DcomError> {
        let Body::Custom { clsid: PROPERTIES_IN, data, .. } = reference.body else {
            return Err(DcomError::Malformed("no activation properties"));
        };
        let properties = Properties::from_bytes(&data)?;
        let required = |clsid| {
            properties.get(clsid).ok_or(DcomError::Malformed("a required property is missing"))
        };
        required(SERVER_LOCATION_INFO)?;
        let scm: ScmRequestInfoData = deserialize(required(SCM_REQUEST_INFO)?)?;
        if scm.remote_request.is_none() {
            return Err(DcomError::Malformed("no protocol sequences"));
        }
        let info: InstantiationInfoData = deserialize(required(INSTANTIATION_INFO)?)?;
        Ok(Self {
            clsid: info.class_id,
            iids: info.p_iid.ok_or(DcomError::Malformed("no interfaces"))?,
            flags: info.actvflags,
            from_storage: properties.get(INSTANCE_INFO).is_some(),
        })
    }

    /// Whether only a 32-bit server will do.
    pub fn wants_32_bit(&self) -> bool {
        self.flags & ACTIVATE_32_BIT_SERVER != 0
    }

    /// The parameter as Windows writes it: the same properties in the same order. `server` is
    /// the name that the user gave, `context` a fresh identifier for the client's context.
    ///
    /// # Errors
    /// What does not fit the counts of the wire.
    pub fn to_objref(&self, server: &str, context: Uuid) -> Result<ObjRef, DcomError> {
        let special = SpecialPropertiesData {
            dw_session_id: ANY_SESSION,
            dw_default_authn_lvl: 1,
            dw_orig_clsctx: REMOTE_SERVER,
            dw_flags: SPD_FLAG_2,
            ..Default::default()
        };
        let context = ActivationContextInfoData {
            p_ifd_client_ctx: Some(client_context(context).to_pointer()?),
            ..Default::default()
        };
        let server = COSERVERINFO { pwsz_name: Some(server.into()), ..Default::default() };
        let security =
            SecurityInfoData { p_server_info: Some(Box::new(server)), ..Default::default() };
        let protocols = customREMOTE_REQUEST_SCM_INFO {
            client_imp_level: IDENTIFY,
            c_requested_protseqs: 1,
            p_requested_protseqs: Some(vec![TOWER_TCP]),
        };
        let scm =
            ScmRequestInfoData { remote_request: Some(Box::new(protocols)), ..Default::default() };
        let properties = Properties(vec![
            (SPECIAL_SYSTEM_PROPERTIES, serialize(&special)?),
            (INSTANTIATION_INFO, self.instantiation_info()?),
            (ACTIVATION_CONTEXT_INFO, serialize(&context)?),
            (SECURITY_INFO, serialize(&security)?),
            (SERVER_LOCATION_INFO, serialize(&LocationInfoData::default())?),
            (SCM_REQUEST_INFO, serialize(&scm)?),
        ]);
        properties.to_objref(IID_PROPERTIES_IN, PROPERTIES_IN)
    }

    fn instantiation_info(&self) -> Result<Vec<u8>, DcomError> {
        let mut info = InstantiationInfoData {
            class_id: self.clsid,
            class_ctx: REMOTE_SERVER,
            actvflags: self.flags,
            c_iid: super::length(self.iids.len())?,
            p_iid: Some(self.iids.clone()),
            client_com_version: COM_VERSION,
            ..Default::default()
        };
        info.this_size = super::length(serialize(&info)?.len())?;
        Ok(serialize(&info)?)
    }
}

/// A Context without properties ([MS-DCOM] 2.2.20).
fn client_context(id: Uuid) -> ObjRef {
    let mut data = vec![1, 0, 1, 0];
    data.extend(id.to_bytes_le());
    let (reserved, extents, extent_bytes, marshal_flags, count, frozen) = (0, 0, 0, 0, 0, 1);
    for field in [BY_VALUE, reserved, extents, extent_bytes, marshal_flags, count, frozen] {
        data.extend(u32::to_le_bytes(field));
    }
    let reserved = u32::try_from(data.len()).unwrap_or_default();
    let body = Body::Custom { clsid: CONTEXT_MARSHALER, reserved, data };
    ObjRef { iid: IID_CONTEXT, body }
}
