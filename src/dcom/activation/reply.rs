//! What an exporter answers.

use uuid::Uuid;

use super::{IID_PROPERTIES_OUT, PROPS_OUT_INFO, Properties, SCM_REPLY_INFO};
use crate::dcom::DcomError;
use crate::dcom::bindings::Bindings;
use crate::dcom::objref::{Body, ObjRef};
use crate::generated::orpc::COMVERSION;
use crate::generated::remote_activation::{
    PropsOutInfo, ScmReplyInfoData, customREMOTE_REPLY_SCM_INFO,
};
use crate::model::HResult;
use crate::ndr::{deserialize, serialize};

/// For each interface that was asked for: the reference, or why there is none.
pub type References = Vec<(Uuid, Result<ObjRef, HResult>)>;

/// The result of an activation.
#[derive(Clone, PartialEq, Debug)]
pub struct ActivationReply {
    /// The object exporter.
    pub oxid: u64,
    /// Its bindings, with endpoints.
    pub bindings: Bindings,
    /// Its IRemUnknown.
    pub remote_unknown: Uuid,
    /// Lowest authentication level that it takes.
    pub authn_hint: u32,
    /// Its COM version.
    pub version: COMVERSION,
    /// The interfaces.
    pub interfaces: References,
}

impl ActivationReply {
    /// The result of RemoteCreateInstance or RemoteGetClassObject, laid out as Windows does:
    /// PropsOutInfo, then ScmReplyInfo, which is the order that impacket relies on.
    ///
    /// # Errors
    /// What does not fit the counts of the wire.
    pub fn to_objref(&self) -> Result<ObjRef, DcomError> {
        let mut out =
            PropsOutInfo { c_ifs: super::length(self.interfaces.len())?, ..Default::default() };
        let (mut iids, mut codes, mut references) = (Vec::new(), Vec::new(), Vec::new());
        for (iid, result) in &self.interfaces {
            iids.push(*iid);
            codes.push(result.as_ref().map_or_else(|code| code.0, |_| HResult::S_OK.0));
            references.push(result.as_ref().ok().map(ObjRef::to_pointer).transpose()?);
        }
        (out.piid, out.phresults, out.pp_intf_data) = (Some(iids), Some(codes), Some(references));
        let reply = customREMOTE_REPLY_SCM_INFO {
            oxid: self.oxid,
            pdsa_oxid_bindings: Some(Box::new(self.bindings.to_ndr()?)),
            ipid_rem_unknown: self.remote_unknown,
            authn_hint: self.authn_hint,
            server_version: self.version.clone(),
        };
        let scm = ScmReplyInfoData { remote_reply: Some(Box::new(reply)), ..Default::default() };
        let properties = Properties(vec![
            (PROPS_OUT_INFO, serialize(&out)?),
            (SCM_REPLY_INFO, serialize(&scm)?),
        ]);
        properties.to_objref(IID_PROPERTIES_OUT, PROPS_OUT_INFO)
    }

    /// Reads the result; the properties may come in any order.
    ///
    /// # Errors
    /// Malformed, or a required property is missing.
    pub fn from_objref(reference: ObjRef) -> Result<Self, DcomError> {
        let Body::Custom { clsid: PROPS_OUT_INFO, data, .. } = reference.body else {
            return Err(DcomError::Malformed("no activation properties"));
        };
        let properties = Properties::from_bytes(&data)?;
        let required = |clsid| {
            properties.get(clsid).ok_or(DcomError::Malformed("a required property is missing"))
        };
        let scm: ScmReplyInfoData = deserialize(required(SCM_REPLY_INFO)?)?;
        let reply = scm.remote_reply.ok_or(DcomError::Malformed("no exporter"))?;
        let bindings = reply.pdsa_oxid_bindings.ok_or(DcomError::Malformed("no bindings"))?;
        Ok(Self {
            oxid: reply.oxid,
            bindings: Bindings::from_ndr(&bindings)?,
            remote_unknown: reply.ipid_rem_unknown,
            authn_hint: reply.authn_hint,
            version: reply.server_version,
            interfaces: interfaces(deserialize(required(PROPS_OUT_INFO)?)?)?,
        })
    }
}

fn interfaces(out: PropsOutInfo) -> Result<References, DcomError> {
    let iids = out.piid.unwrap_or_default();
    let codes = out.phresults.unwrap_or_default();
    let references = out.pp_intf_data.unwrap_or_default();
    if codes.len() != iids.len() || references.len() != iids.len() {
        return Err(DcomError::Malformed("list of interfaces"));
    }
    let parts = iids.into_iter().zip(codes).zip(references);
    parts
        .map(|((iid, code), reference)| match code {
            0 => Ok((iid, Ok(ObjRef::from_pointer(reference.as_deref())?))),
            code => Ok((iid, Err(HResult(code)))),
        })
        .collect()
}
