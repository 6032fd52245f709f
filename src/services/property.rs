//! Properties of the CA on the wire: fchain values, CAINFO, CATRANSPROP ([MS-WCCE] 2.2.2.3,
//! 2.2.2.4, 3.2.1.4.2.2).

use crate::enroll::{CaInfo, Property, PropertyId, PropertyValue};
use crate::generated::certtransblob::{CAINFO, CATRANSPROP, CERTTRANSBLOB};
use crate::model::HResult;
use crate::ndr::{ByteOrder, Encoder, Encoding, Ndr, Syntax};
use crate::services::call::{blob as bytes_blob, text_blob};

/// What a value of fchain asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// The property.
    pub(super) id: PropertyId,
    /// Its index.
    pub(super) index: i32,
    /// Whether the CA has to be named: not for its name, by which clients learn it.
    pub(super) checks_authority: bool,
    /// GETCERT_CATYPE: the number alone, without the rest of CAINFO.
    type_alone: bool,
}

/// A value of fchain that there is not.
#[derive(Debug, thiserror::Error)]
#[error("fchain {0:#010x} is none of GetCACert's values")]
pub(super) struct UnknownFchain(pub(super) u32);

/// The newest of something.
const NEWEST: i32 = -1;

/// The GETCERT values ([MS-WCCE] 3.2.1.4.2.2).
pub(super) fn of_fchain(fchain: u32) -> Option<Wanted> {
    use PropertyId as P;
    let (id, index) = match &fchain.to_be_bytes() {
        [0, 0, 0, 0] => (P::CaSigCert, NEWEST),
        [0, 0, 0, 1] => (P::CaXchgCert, 0),
        b"ccrl" => (P::BaseCrl, NEWEST),
        b"file" => (P::FileVersion, 0),
        b"info" | b"type" => (P::CaType, 0),
        b"name" => (P::CaName, 0),
        b"pare" => (P::ParentCa, 0),
        b"poli" => (P::PolicyDescription, 0),
        b"prod" => (P::ProductVersion, 0),
        b"sani" => (P::SanitizedCaName, 0),
        b"shar" => (P::SharedFolder, 0),
        [b'c', b'l', high, low] => (P::BaseCrl, i16_index(*high, *low)),
        [b'c', b't', high, low] => (P::CaSigCert, i16_index(*high, *low)),
        [b'e', b'x', high, low] => (P::ExitDescription, i16_index(*high, *low)),
        [b's', b'l', high, low] => (P::CrlState, i16_index(*high, *low)),
        [b's', b't', high, low] => (P::CaCertState, i16_index(*high, *low)),
        _ => return None,
    };
    let checks_authority = !matches!(id, P::CaName | P::SanitizedCaName);
    Some(Wanted { id, index, checks_authority, type_alone: fchain.to_be_bytes() == *b"type" })
}

/// An index of two bytes has no newest: 0xFFFF is 65535.
fn i16_index(high: u8, low: u8) -> i32 {
    u16::from_be_bytes([high, low]).into()
}

impl Wanted {
    /// The value as GetCACert returns it.
    pub(super) fn blob(self, value: PropertyValue) -> Option<CERTTRANSBLOB> {
        match value {
            PropertyValue::Info(info) if self.type_alone => {
                blob(PropertyValue::Number(info.ca_type))
            }
            value => blob(value),
        }
    }
}

/// The value as GetCAProperty returns it; `None` where it cannot be encoded, which none is.
pub(super) fn blob(value: PropertyValue) -> Option<CERTTRANSBLOB> {
    Some(match value {
        PropertyValue::Text(text) => text_blob(&text),
        PropertyValue::Info(info) => bytes_blob(packed(&[ca_info(info)?])?),
        PropertyValue::Number(number) => bytes_blob(number.to_le_bytes().to_vec()),
        PropertyValue::Numbers(numbers) => {
            bytes_blob(numbers.into_iter().flat_map(u32::to_le_bytes).collect())
        }
        PropertyValue::Bytes(bytes) => bytes_blob(bytes),
    })
}

/// The out parameter and the return value.
pub(super) fn blob_and_status(value: Result<CERTTRANSBLOB, HResult>) -> (CERTTRANSBLOB, u32) {
    match value {
        Ok(blob) => (blob, HResult::S_OK.0),
        Err(code) => (CERTTRANSBLOB::default(), code.0),
    }
}

/// Size of CAINFO.
const CA_INFO_SIZE: u32 = 40;

fn ca_info(info: CaInfo) -> Option<CAINFO> {
    Some(CAINFO {
        cb_size: CA_INFO_SIZE,
        ca_type: i32::try_from(info.ca_type).ok()?,
        c_ca_signature_certs: info.signature_certificates,
        c_ca_exchange_certs: info.exchange_certificates,
        c_exit_algorithms: info.exit_algorithms,
        l_prop_id_max: info.max_property_id,
        l_role_separation_enabled: info.role_separation.into(),
        c_kra_cert_used_count: info.kra_used,
        c_kra_cert_count: info.kra,
        f_advanced_server: info.advanced_server.into(),
    })
}

/// propFlags: the property is indexed.
const INDEXED: u16 = 1;

/// The number of properties, and the array of CATRANSPROP with the names behind it, each at a
/// multiple of 4.
pub(super) fn list(properties: &[Property]) -> Option<(i32, CERTTRANSBLOB)> {
    const ENTRY: usize = 12;
    let mut structures = Vec::with_capacity(properties.len());
    let mut names: Vec<u8> = Vec::new();
    let start = properties.len().checked_mul(ENTRY)?;
    for property in properties {
        structures.push(CATRANSPROP {
            l_prop_id: property.id.value(),
            prop_type: property.kind.value(),
            reserved: 0,
            prop_flags: if property.index.is_indexed() { INDEXED } else { 0 },
            obwsz_display_name: u32::try_from(start.checked_add(names.len())?).ok()?,
        });
        names.extend(property.display_name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        names.resize(names.len().next_multiple_of(4), 0);
    }
    let mut bytes = packed(&structures)?;
    bytes.extend(names);
    Some((i32::try_from(properties.len()).ok()?, bytes_blob(bytes)))
}

/// Structures as they lie in a blob: little-endian, one behind the other.
pub(super) fn packed<T: Ndr>(structures: &[T]) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little });
    structures.iter().try_for_each(|structure| encoder.value(structure)).ok()?;
    Some(encoder.into_bytes())
}
