//! OBJREF: a marshalled object reference, little-endian whatever the stub is ([MS-DCOM] 2.2.18).
//!
//! Only two of the four kinds are read: the standard one, and the custom one that holds
//! activation properties. Nothing here follows the addresses in a reference.

use uuid::Uuid;

use super::DcomError;
use super::bindings::{Bindings, PACKED};
use crate::generated::orpc::{MInterfacePointer, STDOBJREF};
use crate::ndr::{Decoder, Encoder};

/// "MEOW".
const SIGNATURE: u32 = 0x574F_454D;
const STANDARD: u32 = 1;
const CUSTOM: u32 = 4;

/// An object reference.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjRef {
    /// The interface.
    pub iid: Uuid,
    /// What kind of reference it is.
    pub body: Body,
}

/// Kinds of references.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    /// OBJREF_STANDARD: a reference to an exported object.
    Standard {
        /// The reference.
        std: STDOBJREF,
        /// Bindings of the resolver, without endpoints.
        resolver: Bindings,
    },
    /// OBJREF_CUSTOM: data for a class that unmarshals it.
    Custom {
        /// That class.
        clsid: Uuid,
        /// The "reserved" field; Windows has 8 more than the data's length here in activations.
        reserved: u32,
        /// The data.
        data: Vec<u8>,
    },
}

impl ObjRef {
    /// The bytes.
    ///
    /// # Errors
    /// What does not fit the counts of the wire.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DcomError> {
        let mut e = Encoder::new(PACKED);
        e.value(&SIGNATURE)?;
        match &self.body {
            Body::Standard { std, resolver } => {
                e.value(&STANDARD)?;
                e.value(&self.iid)?;
                e.value(std)?;
                e.bytes(&resolver.to_bytes()?);
            }
            Body::Custom { clsid, reserved, data } => {
                e.value(&CUSTOM)?;
                e.value(&self.iid)?;
                e.value(clsid)?;
                e.value(&0_u32)?;
                e.value(reserved)?;
                e.bytes(data);
            }
        }
        Ok(e.into_bytes())
    }

    /// Reads a reference.
    ///
    /// # Errors
    /// Malformed, or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DcomError> {
        let d = &mut Decoder::new(PACKED, bytes);
        if d.value::<u32>()? != SIGNATURE {
            return Err(DcomError::Malformed("signature of an object reference"));
        }
        let flags: u32 = d.value()?;
        let iid = d.value()?;
        let body = match flags {
            STANDARD => Body::Standard { std: d.value()?, resolver: Bindings::decode(d)? },
            CUSTOM => {
                let clsid = d.value()?;
                let _extension: u32 = d.value()?;
                let reserved = d.value()?;
                let data = bytes.get(d.offset()..).unwrap_or_default().to_vec();
                Body::Custom { clsid, reserved, data }
            }
            _ => return Err(DcomError::Malformed("kind of an object reference")),
        };
        Ok(Self { iid, body })
    }

    /// As a parameter of a call.
    ///
    /// # Errors
    /// As [`Self::to_bytes`].
    pub fn to_pointer(&self) -> Result<Box<MInterfacePointer>, DcomError> {
        let ab_data = self.to_bytes()?;
        let ul_cnt_data =
            u32::try_from(ab_data.len()).map_err(|_| DcomError::Malformed("length"))?;
        Ok(Box::new(MInterfacePointer { ul_cnt_data, ab_data }))
    }

    /// From a parameter of a call.
    ///
    /// # Errors
    /// As [`Self::from_bytes`], and NULL.
    pub fn from_pointer(pointer: Option<&MInterfacePointer>) -> Result<Self, DcomError> {
        let pointer = pointer.ok_or(DcomError::Malformed("NULL object reference"))?;
        Self::from_bytes(&pointer.ab_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dcom::bindings::{SecurityBinding, StringBinding, TOWER_TCP};

    fn standard() -> ObjRef {
        let std = STDOBJREF {
            flags: 0,
            c_public_refs: 5,
            oxid: 0x0102_0304_0506_0708,
            oid: 9,
            ipid: Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
        };
        let strings = vec![StringBinding { tower: TOWER_TCP, address: "h".into() }];
        let securities = vec![SecurityBinding { service: 9, principal: String::new() }];
        let resolver = Bindings { strings, securities };
        ObjRef { iid: Uuid::from_u128(1), body: Body::Standard { std, resolver } }
    }

    #[test]
    fn a_standard_reference_has_the_bytes_of_the_specification() {
        let expected = "4d454f57 01000000 00000000000000000000000000000001 \
                        00000000 05000000 0807060504030201 0900000000000000 \
                        0403020106050807 090a0b0c0d0e0f10 \
                        0800 0400 0700 6800 0000 0000 0900 ffff 0000 0000";
        let bytes = standard().to_bytes().unwrap();
        assert_eq!(hex::encode(&bytes), expected.replace(' ', ""));
        assert_eq!(ObjRef::from_bytes(&bytes).unwrap(), standard());
    }

    #[test]
    fn a_custom_reference_survives() {
        let body = Body::Custom { clsid: Uuid::from_u128(2), reserved: 7, data: vec![1, 2, 3] };
        let reference = ObjRef { iid: Uuid::from_u128(1), body };
        let bytes = reference.to_bytes().unwrap();
        assert_eq!(bytes.len(), 24 + 24 + 3);
        assert_eq!(ObjRef::from_bytes(&bytes).unwrap(), reference);
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let good = standard().to_bytes().unwrap();
        for cut in 0..good.len() {
            assert!(ObjRef::from_bytes(&good[..cut]).is_err(), "cut at {cut}");
        }
        for flags in [0, 2, 3, 5, 8, 0xFF] {
            let mut bad = good.clone();
            bad[4] = flags;
            assert!(ObjRef::from_bytes(&bad).is_err(), "flags {flags}");
        }
        assert!(ObjRef::from_pointer(None).is_err());
    }
}
