//! Values of configuration entries as VARIANTs ([MS-CSRA] 3.1.4.2.14, [MS-OAUT] 2.2.29).

use crate::admin::EntryValue;
use crate::generated::oaut::{
    BYTE_SIZEDARR, FLAGGED_WORD_BLOB, SAFEARR_BSTR, SAFEARRAYBOUND, SAFEARRAYUNION,
    wireSAFEARRAYStr, wireVARIANTStr, wireVARIANTStrVarUnion as Union,
};
use crate::ndr::Ref;

const VT_EMPTY: u16 = 0;
const VT_I4: u16 = 3;
const VT_BSTR: u16 = 8;
const VT_UI1_ARRAY: u16 = 0x2011;
const VT_BSTR_ARRAY: u16 = 0x2008;
/// FADF_HAVEVARTYPE: the high word of cLocks is the type of the elements.
const HAVE_TYPE: u16 = 0x0080;
/// FADF_BSTR.
const OF_STRINGS: u16 = 0x0100;
/// A null BSTR has this length.
const NULL_STRING: u32 = u32::MAX;
/// Elements of an array at most.
const MAX_ELEMENTS: usize = 4096;

/// The value as it travels.
pub(super) fn encode(value: &EntryValue) -> Box<wireVARIANTStr> {
    let (vt, size, var_union) = match value {
        EntryValue::Empty => (VT_EMPTY, 20, Union::VtEmpty),
        EntryValue::Number(number) => (VT_I4, 24, Union::LVal(number.cast_signed())),
        EntryValue::Text(text) => {
            let string = bstr(text);
            let bytes = string.c_bytes;
            (VT_BSTR, bytes.saturating_add(36), Union::BstrVal(Some(Box::new(string))))
        }
        EntryValue::Bytes(bytes) => {
            let count = count(bytes.len());
            let data = BYTE_SIZEDARR { cl_size: count, p_data: Some(bytes.clone()) };
            let array = array(1, HAVE_TYPE, 0x11, SAFEARRAYUNION::ByteStr(data), count);
            (VT_UI1_ARRAY, count.saturating_add(68), Union::Parray(Some(Some(array))))
        }
        EntryValue::List(texts) => {
            let strings: Vec<_> = texts.iter().map(|text| Some(Box::new(bstr(text)))).collect();
            let length = |text: &Option<Box<FLAGGED_WORD_BLOB>>| {
                text.as_ref().map_or(0, |text| text.c_bytes.saturating_add(16))
            };
            let bytes = strings.iter().map(length).fold(68_u32, u32::saturating_add);
            let count = count(strings.len());
            let data = SAFEARR_BSTR { size: count, a_bstr: Ref::new(strings) };
            let array =
                array(4, HAVE_TYPE | OF_STRINGS, VT_BSTR, SAFEARRAYUNION::BstrStr(data), count);
            (VT_BSTR_ARRAY, bytes, Union::Parray(Some(Some(array))))
        }
    };
    Box::new(wireVARIANTStr { cl_size: size.div_ceil(8), vt, var_union, ..Default::default() })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn bstr(text: &str) -> FLAGGED_WORD_BLOB {
    let as_data: Vec<u16> = text.encode_utf16().collect();
    let cl_size = count(as_data.len());
    FLAGGED_WORD_BLOB { c_bytes: cl_size.saturating_mul(2), cl_size, as_data }
}

fn array(
    element: u32,
    features: u16,
    kind: u16,
    elements: SAFEARRAYUNION,
    count: u32,
) -> Box<wireSAFEARRAYStr> {
    Box::new(wireSAFEARRAYStr {
        c_dims: 1,
        f_features: features,
        cb_elements: element,
        c_locks: u32::from(kind) << 16,
        u_array_structs: elements,
        rgsabound: vec![SAFEARRAYBOUND { c_elements: count, l_lbound: 0 }],
    })
}

/// The value of a VARIANT; `None` for kinds that no entry has.
pub(super) fn decode(variant: Option<&wireVARIANTStr>) -> Option<EntryValue> {
    Some(match &variant?.var_union {
        Union::VtEmpty => EntryValue::Empty,
        Union::LVal(number) => EntryValue::Number(number.cast_unsigned()),
        Union::UlVal(number) => EntryValue::Number(*number),
        Union::BstrVal(Some(string)) => EntryValue::Text(text(string)?),
        Union::Parray(Some(Some(array))) if array.rgsabound.len() == 1 => {
            match &array.u_array_structs {
                SAFEARRAYUNION::ByteStr(bytes) => {
                    EntryValue::Bytes(bytes.p_data.clone().unwrap_or_default())
                }
                SAFEARRAYUNION::BstrStr(SAFEARR_BSTR { a_bstr: Ref(strings), .. }) => {
                    let strings = strings.iter().take(MAX_ELEMENTS);
                    let texts = strings.map(|one| one.as_deref().map_or(Some(String::new()), text));
                    EntryValue::List(texts.collect::<Option<_>>()?)
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn text(string: &FLAGGED_WORD_BLOB) -> Option<String> {
    match string.c_bytes {
        NULL_STRING => Some(String::new()),
        _ => String::from_utf16(&string.as_data).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::icertadmind::GetConfigEntryOut;
    use crate::ndr::{ByteOrder, Encoding, Syntax, from_stub, to_stub};

    #[test]
    fn values_travel_there_and_back() {
        for value in [
            EntryValue::Empty,
            EntryValue::Number(0x8000_0001),
            EntryValue::Text("Weeks".to_owned()),
            EntryValue::Text(String::new()),
            EntryValue::Bytes(vec![1, 2, 3]),
            EntryValue::List(vec!["a".to_owned(), String::new(), "b\u{1F511}".to_owned()]),
            EntryValue::List(Vec::new()),
        ] {
            for syntax in [Syntax::Ndr20, Syntax::Ndr64] {
                let encoding = Encoding { syntax, order: ByteOrder::Little };
                let answer =
                    GetConfigEntryOut { p_variant: Some(encode(&value)), ..Default::default() };
                let stub = to_stub(encoding, &answer).unwrap();
                let read: GetConfigEntryOut = from_stub(encoding, &stub).unwrap();
                assert_eq!(decode(read.p_variant.as_deref()), Some(value.clone()), "{syntax:?}");
            }
        }
    }

    /// Sizes in units of 8 bytes, as real servers have them.
    #[test]
    fn sizes_are_those_of_windows() {
        assert_eq!(encode(&EntryValue::Number(1)).cl_size, 3);
        assert_eq!(encode(&EntryValue::Empty).cl_size, 3);
        assert_eq!(encode(&EntryValue::Text("Weeks".to_owned())).cl_size, 6);
        assert_eq!(encode(&EntryValue::Bytes(vec![0; 8])).cl_size, 10);
    }
}
