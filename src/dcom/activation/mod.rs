//! Activation properties: the parameters and results of an activation, in a BLOB inside an
//! OBJREF_CUSTOM ([MS-DCOM] 2.2.22).

mod reply;
mod request;
#[cfg(test)]
mod tests;

use uuid::{Uuid, uuid};

pub use reply::{ActivationReply, References};
pub use request::ActivationRequest;

use super::DcomError;
use super::bindings::PACKED;
use super::objref::{Body, ObjRef};
use crate::generated::remote_activation::CustomHeader;
use crate::ndr::{Decoder, deserialize, serialize};

/// SpecialPropertiesData.
pub const SPECIAL_SYSTEM_PROPERTIES: Uuid = uuid!("000001b9-0000-0000-c000-000000000046");
/// InstantiationInfoData.
pub const INSTANTIATION_INFO: Uuid = uuid!("000001ab-0000-0000-c000-000000000046");
/// ActivationContextInfoData.
pub const ACTIVATION_CONTEXT_INFO: Uuid = uuid!("000001a5-0000-0000-c000-000000000046");
/// SecurityInfoData.
pub const SECURITY_INFO: Uuid = uuid!("000001a6-0000-0000-c000-000000000046");
/// LocationInfoData.
pub const SERVER_LOCATION_INFO: Uuid = uuid!("000001a4-0000-0000-c000-000000000046");
/// ScmRequestInfoData.
pub const SCM_REQUEST_INFO: Uuid = uuid!("000001aa-0000-0000-c000-000000000046");
/// InstanceInfoData.
pub const INSTANCE_INFO: Uuid = uuid!("000001ad-0000-0000-c000-000000000046");
/// ScmReplyInfoData.
pub const SCM_REPLY_INFO: Uuid = uuid!("000001b6-0000-0000-c000-000000000046");
/// PropsOutInfo; and the class that unmarshals replies.
pub const PROPS_OUT_INFO: Uuid = uuid!("00000339-0000-0000-c000-000000000046");
/// The class that unmarshals requests.
const PROPERTIES_IN: Uuid = uuid!("00000338-0000-0000-c000-000000000046");
const IID_PROPERTIES_IN: Uuid = uuid!("000001a2-0000-0000-c000-000000000046");
const IID_PROPERTIES_OUT: Uuid = uuid!("000001a3-0000-0000-c000-000000000046");

/// What Windows adds to the length of the BLOB in the "reserved" field of its OBJREF.
const RESERVED_BEYOND_DATA: usize = 8;
/// destCtx as Windows sends it: MSHCTX_DIFFERENTMACHINE.
const DIFFERENT_MACHINE: u32 = 2;

/// The properties of a BLOB in their order, each serialized.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Properties(pub Vec<(Uuid, Vec<u8>)>);

impl Properties {
    /// Reads a BLOB. Sizes must fit; fillers, reserved fields and the order may be anything.
    ///
    /// # Errors
    /// Malformed.
    pub fn from_bytes(blob: &[u8]) -> Result<Self, DcomError> {
        let d = &mut Decoder::new(PACKED, blob);
        let _size: u32 = d.value()?;
        let _reserved: u32 = d.value()?;
        let blob = blob.get(d.offset()..).unwrap_or_default();
        let header: CustomHeader = deserialize(blob)?;
        let mut rest = split(blob, header.header_size)?.1;
        let clsids = header.pclsid.unwrap_or_default();
        let sizes = header.p_sizes.unwrap_or_default();
        if clsids.is_empty() || clsids.len() != sizes.len() {
            return Err(DcomError::Malformed("list of activation properties"));
        }
        let mut properties = Vec::with_capacity(clsids.len());
        for (clsid, size) in clsids.into_iter().zip(sizes) {
            let (property, after) = split(rest, size)?;
            properties.push((clsid, property.to_vec()));
            rest = after;
        }
        Ok(Self(properties))
    }

    /// The BLOB, laid out as Windows does.
    ///
    /// # Errors
    /// More or larger properties than the wire has room for.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DcomError> {
        let sizes = self.0.iter().map(|(_, property)| length(property.len()));
        let mut header = CustomHeader {
            dest_ctx: DIFFERENT_MACHINE,
            c_ifs: length(self.0.len())?,
            pclsid: Some(self.0.iter().map(|(clsid, _)| *clsid).collect()),
            p_sizes: Some(sizes.collect::<Result<_, _>>()?),
            ..CustomHeader::default()
        };
        // Its length does not depend on the values of its fields.
        let header_len = serialize(&header)?.len();
        let properties: usize = self.0.iter().map(|(_, property)| property.len()).sum();
        header.header_size = length(header_len)?;
        header.total_size = length(header_len.saturating_add(properties))?;

        let mut blob = header.total_size.to_le_bytes().to_vec();
        blob.extend([0; 4]);
        blob.extend(serialize(&header)?);
        self.0.iter().for_each(|(_, property)| blob.extend(property));
        Ok(blob)
    }

    fn to_objref(&self, iid: Uuid, clsid: Uuid) -> Result<ObjRef, DcomError> {
        let data = self.to_bytes()?;
        let reserved = length(data.len().saturating_add(RESERVED_BEYOND_DATA))?;
        Ok(ObjRef { iid, body: Body::Custom { clsid, reserved, data } })
    }

    /// The first property of this kind.
    pub fn get(&self, clsid: Uuid) -> Option<&[u8]> {
        self.0.iter().find(|(found, _)| *found == clsid).map(|(_, property)| property.as_slice())
    }
}

fn split(bytes: &[u8], at: u32) -> Result<(&[u8], &[u8]), DcomError> {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.split_at_checked(at).ok_or(DcomError::Malformed("size of an activation property"))
}

fn length(length: usize) -> Result<u32, DcomError> {
    u32::try_from(length).map_err(|_| DcomError::Malformed("length of activation properties"))
}
