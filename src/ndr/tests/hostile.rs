//! Counts, depths and fields that lie.

use super::features::{conformance, operations, pointers, strings, structs, unions, variants};
use super::{ENCODINGS, NDR20, NDR64, decode, encode};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::dtyp::RPC_UNICODE_STRING;
use crate::generated::epm::EptMapIn;
use crate::generated::rpctypes::twr_t;
use crate::ndr::{
    DecodeError, Decoder, EncodeError, Full, Invalid, MAX_DEPTH, Ref, SizedText, Varying,
    WideString, from_stub, to_stub,
};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

#[test]
fn counts_are_checked_before_anything_is_allocated() {
    // 2^31-1 elements of 8 bytes.
    let bytes = hex("ffffff7f 00000000 ffff");
    let error = decode::<conformance::Conformant>(NDR20, &bytes).unwrap_err();
    assert!(matches!(error, DecodeError::Count { count: 0x7fff_ffff, .. }));
    // More than any count may be, in both syntaxes.
    let error = decode::<conformance::Conformant>(NDR20, &hex("ffffffff 00000000")).unwrap_err();
    assert!(matches!(error, DecodeError::Count { count: 0xffff_ffff, .. }));
    let bytes = hex("00000000 01000000 0000");
    let error = decode::<conformance::Conformant>(NDR64, &bytes).unwrap_err();
    assert!(matches!(error, DecodeError::Count { count: 0x1_0000_0000, .. }));
}

#[test]
fn elements_without_a_size_are_bounded_too() {
    let sane = structs::Empties { count: 2, items: vec![structs::Empty {}; 2] };
    let bytes = encode(NDR20, &sane).unwrap();
    assert_eq!(bytes, hex("02000000 02000000"));
    // Nothing on the wire limits them, so the bytes that are left do.
    assert!(matches!(
        decode::<structs::Empties>(NDR20, &hex("ffffff7f ffffff7f")),
        Err(DecodeError::Count { .. })
    ));
}

#[test]
fn memory_stays_in_proportion() {
    // A megabyte of NULL pointers: as boxes they take twice as much, in place 34 times.
    let count = 0x4_0000u32;
    let mut bytes = [count.to_le_bytes(), count.to_le_bytes()].concat();
    bytes.resize(0x10_0008, 0);
    let value = decode::<conformance::Pointers>(NDR20, &bytes).unwrap();
    assert_eq!(value.items.len(), 0x4_0000);
    let bytes = [&count.to_le_bytes(), &bytes[8..]].concat();
    let error = decode::<Vec<Option<[u64; 16]>>>(NDR20, &bytes).unwrap_err();
    assert!(matches!(error, DecodeError::Memory { .. }));
}

fn list(length: usize) -> pointers::Node {
    let mut list = pointers::Node::default();
    for _ in 1..length {
        list = pointers::Node { value: 0, next: Some(Box::new(list)) };
    }
    list
}

#[test]
fn depth_is_capped() {
    for encoding in ENCODINGS {
        let deepest = list(MAX_DEPTH + 1);
        let bytes = encode(encoding, &deepest).unwrap();
        assert_eq!(decode::<pointers::Node>(encoding, &bytes).unwrap(), deepest);
        assert_eq!(encode(encoding, &list(MAX_DEPTH + 2)).unwrap_err(), EncodeError::Depth);
    }
    let endless = hex("00000000 01000000").repeat(100_000);
    assert!(matches!(decode::<pointers::Node>(NDR20, &endless), Err(DecodeError::Depth { .. })));
}

#[test]
fn aliases_do_not_make_deeper_values() {
    // Each element of an array points to a node that points to the one before it. Dropped or
    // printed, such a chain would take as much stack as it is long.
    let chain = |length: usize| {
        let mut nodes = vec![Full::new(pointers::Shared::default())];
        for value in 1..length {
            let left = nodes[value - 1].clone();
            let right = Full::NULL;
            nodes.push(Full::new(pointers::Shared { value: value as u32, left, right }));
        }
        nodes
    };
    let bytes = encode(NDR20, &chain(MAX_DEPTH)).unwrap();
    assert_eq!(decode::<Vec<Full<_>>>(NDR20, &bytes).unwrap(), chain(MAX_DEPTH));
    let bytes = encode(NDR20, &chain(MAX_DEPTH + 1)).unwrap();
    assert!(matches!(
        decode::<Vec<Full<pointers::Shared>>>(NDR20, &bytes),
        Err(DecodeError::Depth { .. })
    ));
}

#[test]
fn the_whole_depth_fits_a_small_stack() {
    // Tokio's threads have 2 MiB; this is half of it, and debug builds use more than others.
    std::thread::Builder::new()
        .stack_size(0x10_0000)
        .spawn(|| {
            let mut value = variants::wireVALUE { vt: 3, ..Default::default() };
            for _ in 0..MAX_DEPTH / 3 {
                let items = Ref::new(vec![Some(Box::new(value))]);
                let values = variants::wireELEMENTSValues { size: 1, items };
                let elements = variants::wireELEMENTS::Values(values);
                let array = variants::wireARRAY { dimensions: 0, elements, bounds: Vec::new() };
                value = variants::wireVALUE {
                    vt: 0x200C,
                    content: variants::wireVALUEContent::Array(Some(Box::new(array))),
                };
            }
            for encoding in ENCODINGS {
                let bytes = encode(encoding, &value).unwrap();
                assert_eq!(decode::<variants::wireVALUE>(encoding, &bytes).unwrap(), value);
            }
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn cycles_of_full_pointers_are_refused() {
    // A node whose left child is itself: value 1, left id 1; referent: value 2, left id 1.
    let bytes = hex("01000000 01000000 00000000 02000000 01000000 00000000");
    assert!(matches!(decode::<pointers::Shared>(NDR20, &bytes), Err(DecodeError::Cycle { .. })));
}

#[test]
fn repeated_ids_of_unique_pointers_are_no_aliases() {
    let bytes = hex("01000000 01000000 02000000 01000000 03000000 00000000");
    let value = decode::<pointers::Node>(NDR20, &bytes).unwrap();
    assert_eq!(value.next.unwrap().next.unwrap().value, 3);
}

#[test]
fn full_pointers_of_different_types_are_no_aliases() {
    // Peers that draw ids at random hit one twice now and then.
    let uuid = "000102030405060708090a0b0c0d0e0f";
    let tower = "02000000 02000000 0000 0000";
    let bytes = hex(&format!("05000000 {uuid} 05000000 {tower} {} 01000000", "00".repeat(20)));
    let value: EptMapIn = from_stub(NDR20, &bytes).unwrap();
    assert_eq!(value.map_tower.get().unwrap().tower_length, 2);
    assert!(value.obj.get().is_some());
}

#[test]
fn sizes_must_agree() {
    // cb says 4, the array has 3.
    let bytes = hex("04000000 01000000 03000000 000000 00");
    assert!(matches!(
        decode::<CERTTRANSBLOB>(NDR20, &bytes),
        Err(DecodeError::Invalid(Invalid::Correlation { field: "pb", attribute: "size_is", .. }))
    ));
    // cb says 4, there is no array.
    assert!(decode::<CERTTRANSBLOB>(NDR20, &hex("04000000 00000000")).is_err());
    let value = CERTTRANSBLOB { cb: 1, pb: Some(vec![1, 2]) };
    assert!(matches!(encode(NDR20, &value), Err(EncodeError::Invalid(_))));
    // A buffer without use may be NULL; one in use may not.
    let unused = RPC_UNICODE_STRING { length: 0, maximum_length: 2, buffer: None };
    assert_eq!(
        decode::<RPC_UNICODE_STRING>(NDR20, &encode(NDR20, &unused).unwrap()).unwrap(),
        unused
    );
    let used = RPC_UNICODE_STRING { length: 2, maximum_length: 2, buffer: None };
    assert!(encode(NDR20, &used).is_err());
    // Parts of a character do not count.
    let odd = RPC_UNICODE_STRING {
        length: 3,
        maximum_length: 3,
        buffer: Some(Varying::new(1, vec![0x41])),
    };
    assert!(encode(NDR20, &odd).is_ok());
}

#[test]
fn varying_arrays_stay_inside_their_bounds() {
    let good = conformance::ConformantVarying { max: 3, used: 1, items: Varying::new(3, vec![9]) };
    let bytes = encode(NDR20, &good).unwrap();
    assert_eq!(bytes, hex("03000000 03000000 0100 0000 00000000 01000000 0900"));
    for (offset, byte) in [(12, 3), (16, 4), (12, 1)] {
        let mut bad = bytes.clone();
        bad[offset] = byte;
        assert!(decode::<conformance::ConformantVarying>(NDR20, &bad).is_err(), "{offset} {byte}");
    }
    let too_many =
        conformance::ConformantVarying { max: 1, used: 2, items: Varying::new(1, vec![1, 2]) };
    assert_eq!(encode(NDR20, &too_many).unwrap_err(), EncodeError::Count(2));
}

#[test]
fn strings_end_where_they_say() {
    let string = |bytes: &str| decode::<Option<WideString>>(NDR20, &hex(bytes));
    let text = string("01000000 03000000 00000000 03000000 4100 00d8 0000").unwrap().unwrap();
    assert_eq!(text.units(), [0x41, 0xD800]);
    // The buffer may be larger than the string.
    assert!(string("01000000 09000000 00000000 02000000 4100 0000").is_ok());
    // Nothing at all, as Certipy writes an empty string.
    let empty = string("01000000 00000000 00000000 00000000").unwrap();
    assert_eq!(empty, Some(WideString::default()));
    for bad in [
        // No terminator, one inside, an offset, longer than its buffer.
        "01000000 02000000 00000000 02000000 4100 4200",
        "01000000 03000000 00000000 03000000 4100 0000 0000",
        "01000000 03000000 01000000 02000000 4100 0000",
        "01000000 01000000 00000000 02000000 4100 0000",
    ] {
        assert!(string(bad).is_err(), "{bad}");
    }
    let inside = WideString::from_units(vec![0x41, 0, 0x42]);
    assert_eq!(encode(NDR20, &inside).unwrap_err(), EncodeError::Terminator);
    assert_eq!(encode(NDR20, &WideString::from("a\0b")).unwrap_err(), EncodeError::Terminator);
}

#[test]
fn a_buffer_without_room_for_a_terminator_holds_nothing() {
    let nothing = SizedText::<u16> { max_count: 0, text: "".into() };
    for encoding in super::ENCODINGS {
        let bytes = encode(encoding, &Some(nothing.clone())).unwrap();
        assert_eq!(decode::<Option<SizedText<u16>>>(encoding, &bytes), Ok(Some(nothing.clone())));
    }
    let something = SizedText::<u16> { max_count: 0, text: "a".into() };
    assert!(encode(NDR20, &something).is_err());
}

#[test]
fn ranges_are_enforced_both_ways() {
    let mut value = strings::Strings {
        limited: Some("1234".into()),
        sized: Some(SizedText { max_count: 0, text: "".into() }),
        ..Default::default()
    };
    value.list = Some(Vec::new());
    value.sized = None;
    assert!(encode(NDR20, &value).is_ok());
    value.limited = Some("12345".into());
    assert!(matches!(
        encode(NDR20, &value),
        Err(EncodeError::Invalid(Invalid::Range { field: "limited", value: 6, .. }))
    ));
    let tower = twr_t { tower_length: 2001, tower_octet_string: vec![0; 2001] };
    assert!(encode(NDR20, &tower).is_err());
    let mut bytes = hex("d1070000 d1070000");
    bytes.resize(2010, 0);
    assert!(matches!(
        decode::<twr_t>(NDR20, &bytes),
        Err(DecodeError::Invalid(Invalid::Range { value: 2001, low: 0, high: 2000, .. }))
    ));
    // In a typedef that parameters use.
    let request = operations::EverythingIn {
        count: 5,
        input: vec![0; 5],
        optional_input: Some(vec![0; 5]),
        ..Default::default()
    };
    assert!(to_stub(NDR20, &request).is_err());
}

#[test]
fn unions_hold_the_arm_that_their_discriminant_selects() {
    let mut value = unions::Holder {
        level: unions::LEVEL::LEVEL_HYPER,
        value: unions::BY_LEVEL::Big(1),
        inner_kind: 1,
        ..Default::default()
    };
    let bytes = encode(NDR20, &value).unwrap();
    assert_eq!(decode::<unions::Holder>(NDR20, &bytes).unwrap(), value);
    let mut other_level = bytes.clone();
    other_level[0] = 1;
    assert!(matches!(
        decode::<unions::Holder>(NDR20, &other_level),
        Err(DecodeError::Invalid(Invalid::Discriminant { field: "value", actual: 2, .. }))
    ));
    value.value = unions::BY_LEVEL::Number(1);
    assert!(encode(NDR20, &value).is_err());
    // `Aligned` has no default.
    assert!(matches!(
        decode::<unions::Aligned>(NDR20, &hex("03 00000000000000 00")),
        Err(DecodeError::Arm { tag: 3, .. })
    ));
    // An arm may have a range of its own.
    assert!(decode::<unions::Aligned>(NDR20, &hex("01 00000000000000 0300000000000000")).is_ok());
    assert!(decode::<unions::Aligned>(NDR20, &hex("01 00000000000000 0400000000000000")).is_err());
    assert!(encode(NDR20, &unions::Aligned::BigArm(-4)).is_err());
}

#[test]
fn reference_pointers_are_not_null() {
    let bytes = encode(NDR20, &pointers::Kinds::default()).unwrap();
    let mut null = bytes.clone();
    null[4..8].fill(0);
    assert!(decode::<pointers::Kinds>(NDR20, &bytes).is_ok());
    assert!(matches!(
        decode::<pointers::Kinds>(NDR20, &null),
        Err(DecodeError::NullReference { .. })
    ));
}

#[test]
fn padding_may_hold_anything() {
    let value = CERTTRANSBLOB { cb: 1, pb: Some(vec![7]) };
    let mut bytes = encode(NDR64, &value).unwrap();
    assert_eq!(bytes[4..8], [0; 4]);
    bytes[4..8].fill(0xBF);
    assert_eq!(decode::<CERTTRANSBLOB>(NDR64, &bytes).unwrap(), value);
}

#[test]
fn aliases_come_back_as_aliases() {
    let leaf = Full::new(pointers::Shared::default());
    let value = pointers::Shared { value: 1, left: leaf.clone(), right: leaf };
    for encoding in ENCODINGS {
        let mut decoder_input = encode(encoding, &value).unwrap();
        let back = decode::<pointers::Shared>(encoding, &decoder_input).unwrap();
        assert!(std::sync::Arc::ptr_eq(&back.left.0.unwrap(), &back.right.0.unwrap()));
        decoder_input.pop();
        assert!(Decoder::new(encoding, &decoder_input).value::<pointers::Shared>().is_err());
    }
}
