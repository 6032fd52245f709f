//! Addresses and security providers of an exporter or resolver ([MS-DCOM] 2.2.19).

use super::DcomError;
use crate::generated::orpc::DUALSTRINGARRAY;
use crate::ndr::{ByteOrder, Decoder, Encoding, Syntax};

/// wTowerId of ncacn_ip_tcp.
pub const TOWER_TCP: u16 = 7;
/// wAuthzSvc of every security binding.
const RESERVED: u16 = 0xFFFF;
/// OBJREFs hold little-endian bytes that NDR 2.0 lays out alike: every field is naturally
/// aligned.
pub(super) const PACKED: Encoding = Encoding { syntax: Syntax::Ndr20, order: ByteOrder::Little };

/// An address ([MS-DCOM] 2.2.19.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StringBinding {
    /// Protocol sequence: [`TOWER_TCP`], or one that this crate does not speak.
    pub tower: u16,
    /// Host, and the endpoint in brackets for an exporter.
    pub address: String,
}

/// A security provider ([MS-DCOM] 2.2.19.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecurityBinding {
    /// auth_type of the security trailer.
    pub service: u16,
    /// Service principal name; empty for none.
    pub principal: String,
}

/// String and security bindings, the preferred ones first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bindings {
    /// Where.
    pub strings: Vec<StringBinding>,
    /// How to authenticate.
    pub securities: Vec<SecurityBinding>,
}

impl Bindings {
    /// As a parameter of a call.
    ///
    /// # Errors
    /// More than 65,535 units.
    pub fn to_ndr(&self) -> Result<DUALSTRINGARRAY, DcomError> {
        let mut units = Vec::new();
        for binding in &self.strings {
            units.push(binding.tower);
            push_text(&mut units, &binding.address);
        }
        finish(&mut units, self.strings.is_empty());
        let offset = units.len();
        for binding in &self.securities {
            units.extend([binding.service, RESERVED]);
            push_text(&mut units, &binding.principal);
        }
        finish(&mut units, self.securities.is_empty());
        let count = |count| u16::try_from(count).map_err(|_| DcomError::Malformed("bindings"));
        Ok(DUALSTRINGARRAY {
            w_num_entries: count(units.len())?,
            w_security_offset: count(offset)?,
            a_string_array: units,
        })
    }

    /// From a parameter of a call.
    ///
    /// # Errors
    /// Offsets or text that are wrong.
    pub fn from_ndr(array: &DUALSTRINGARRAY) -> Result<Self, DcomError> {
        let offset = usize::from(array.w_security_offset);
        let halves = array.a_string_array.split_at_checked(offset);
        let (mut rest, mut security) = halves.ok_or(DcomError::Malformed("bindings"))?;
        let mut bindings = Self::default();
        while let Some(tower) = next_unit(&mut rest) {
            let address = take_text(&mut rest)?;
            bindings.strings.push(StringBinding { tower, address });
        }
        while let Some(service) = next_unit(&mut security) {
            // Without authentication nothing more belongs to the binding.
            let _reserved = next_unit(&mut security);
            let principal = take_text(&mut security)?;
            bindings.securities.push(SecurityBinding { service, principal });
        }
        Ok(bindings)
    }

    /// As it stands in an OBJREF.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, DcomError> {
        let array = self.to_ndr()?;
        let counts = [array.w_num_entries, array.w_security_offset];
        Ok(counts.into_iter().chain(array.a_string_array).flat_map(u16::to_le_bytes).collect())
    }

    /// From an OBJREF.
    pub(super) fn decode(d: &mut Decoder<'_>) -> Result<Self, DcomError> {
        let w_num_entries: u16 = d.value()?;
        let w_security_offset = d.value()?;
        let bytes = d.bytes(usize::from(w_num_entries).saturating_mul(2))?;
        let (units, _) = bytes.as_chunks::<2>();
        let a_string_array = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        Self::from_ndr(&DUALSTRINGARRAY { w_num_entries, w_security_offset, a_string_array })
    }

    /// TCP addresses: host, and port if there is one.
    pub fn tcp(&self) -> impl Iterator<Item = (&str, Option<u16>)> {
        let tcp = self.strings.iter().filter(|binding| binding.tower == TOWER_TCP);
        tcp.filter_map(|binding| match binding.address.split_once('[') {
            None => Some((binding.address.as_str(), None)),
            Some((host, endpoint)) => Some((host, Some(endpoint.strip_suffix(']')?.parse().ok()?))),
        })
    }
}

/// An empty list is an empty entry and the end of the list.
fn finish(units: &mut Vec<u16>, empty: bool) {
    units.extend(std::iter::repeat_n(0, if empty { 2 } else { 1 }));
}

fn push_text(units: &mut Vec<u16>, text: &str) {
    units.extend(text.encode_utf16());
    units.push(0);
}

/// The next unit, unless it is the zero that ends the list, or the list ends without one.
fn next_unit(units: &mut &[u16]) -> Option<u16> {
    let (first, rest) = units.split_first()?;
    *units = rest;
    (*first != 0).then_some(*first)
}

fn take_text(units: &mut &[u16]) -> Result<String, DcomError> {
    let end = units.iter().position(|unit| *unit == 0);
    let (text, rest) = end
        .and_then(|end| units.split_at_checked(end))
        .ok_or(DcomError::Malformed("text of a binding"))?;
    *units = rest.split_first().map_or(&[], |(_, rest)| rest);
    String::from_utf16(text).map_err(|_| DcomError::Malformed("text of a binding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Bindings {
        let strings = vec![
            StringBinding { tower: TOWER_TCP, address: "ca[49152]".into() },
            StringBinding { tower: 0x0F, address: r"\\CA[\pipe\x]".into() },
            StringBinding { tower: TOWER_TCP, address: "192.0.2.1[49152]".into() },
        ];
        let securities = vec![
            SecurityBinding { service: 10, principal: String::new() },
            SecurityBinding { service: 9, principal: "host/ca".into() },
        ];
        Bindings { strings, securities }
    }

    #[test]
    fn bindings_survive_the_wire() {
        let bindings = sample();
        let array = bindings.to_ndr().unwrap();
        assert_eq!(usize::from(array.w_num_entries), array.a_string_array.len());
        assert_eq!(Bindings::from_ndr(&array).unwrap(), bindings);
        let bytes = bindings.to_bytes().unwrap();
        assert_eq!(Bindings::decode(&mut Decoder::new(PACKED, &bytes)).unwrap(), bindings);
        let tcp: Vec<_> = bindings.tcp().collect();
        assert_eq!(tcp, [("ca", Some(49152)), ("192.0.2.1", Some(49152))]);
    }

    #[test]
    fn nothing_is_the_smallest_array_of_the_specification() {
        let bytes = Bindings::default().to_bytes().unwrap();
        assert_eq!(bytes, [4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let empty = Bindings::decode(&mut Decoder::new(PACKED, &bytes)).unwrap();
        assert_eq!(empty, Bindings::default());
    }

    #[test]
    fn arrays_that_are_cut_or_contradict_themselves_are_refused() {
        let bytes = sample().to_bytes().unwrap();
        for cut in 0..bytes.len() {
            assert!(Bindings::decode(&mut Decoder::new(PACKED, &bytes[..cut])).is_err());
        }
        let mut array = sample().to_ndr().unwrap();
        array.w_security_offset = array.w_num_entries + 1;
        assert!(Bindings::from_ndr(&array).is_err());
        let unterminated =
            DUALSTRINGARRAY { w_num_entries: 3, w_security_offset: 3, a_string_array: vec![7; 3] };
        assert!(Bindings::from_ndr(&unterminated).is_err());
    }

    #[test]
    fn addresses_with_a_strange_endpoint_are_no_tcp_addresses() {
        for address in ["h[", "h[]", "h[x]", "h[70000]", "h[1]x"] {
            let strings = vec![StringBinding { tower: TOWER_TCP, address: address.into() }];
            let bindings = Bindings { strings, securities: Vec::new() };
            assert_eq!(bindings.tcp().count(), 0, "{address}");
        }
    }
}
