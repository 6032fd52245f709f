//! Bytes that follow from the specifications, worked out by hand.

use super::features::{
    arrays, conformance, constants, objects, operations, pointers, primitives, structs, unions,
};
use super::{ENCODINGS, NDR20, NDR64, decode, encode};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::icertpassage::CertServerRequestIn;
use crate::ndr::{
    DecodeError, Encoding, Full, Int3264, Ndr, Parameters, Ref, Varying, deserialize, from_stub,
    serialize, to_stub,
};

/// Encodes to these bytes (blanks apart), and decodes from them.
fn same<T: Ndr + PartialEq + std::fmt::Debug>(encoding: Encoding, value: &T, bytes: &str) {
    let bytes = bytes.replace(' ', "");
    assert_eq!(hex::encode(encode(encoding, value).unwrap()), bytes);
    assert_eq!(&decode::<T>(encoding, &hex::decode(bytes).unwrap()).unwrap(), value);
}

fn same_stub<P: Parameters + PartialEq + std::fmt::Debug>(
    encoding: Encoding,
    value: &P,
    bytes: &str,
) {
    let bytes = bytes.replace(' ', "");
    assert_eq!(hex::encode(to_stub(encoding, value).unwrap()), bytes);
    assert_eq!(&from_stub::<P>(encoding, &hex::decode(bytes).unwrap()).unwrap(), value);
}

#[test]
fn top_level_pointers_follow_their_own_parameter() {
    let request = CertServerRequestIn {
        dw_flags: 0x100,
        pwsz_authority: Some("Test CA".into()),
        pdw_request_id: 7,
        pctb_attribs: CERTTRANSBLOB { cb: 3, pb: Some(vec![1, 2, 3]) },
        pctb_request: CERTTRANSBLOB::default(),
    };
    same_stub(
        NDR20,
        &request,
        "00010000 \
         00000200 08000000 00000000 08000000 5400650073007400200043004100 0000 \
         07000000 \
         03000000 04000200 03000000 010203 00 \
         00000000 00000000",
    );
    same_stub(
        NDR64,
        &request,
        "00010000 00000000 \
         0000020000000000 0800000000000000 0000000000000000 0800000000000000 \
         5400650073007400200043004100 0000 \
         07000000 00000000 \
         03000000 00000000 0400020000000000 0300000000000000 010203 0000000000 \
         00000000 00000000 0000000000000000",
    );
}

#[test]
fn structures_have_a_trailing_gap_in_ndr64() {
    // [MS-RPCE] 4.8.
    let value = structs::StructWithPad { l: 1, s: 2 };
    same(NDR20, &value, "01000000 0200");
    same(NDR64, &value, "01000000 0200 0000");
    // The gap at the end of a stub may be missing.
    let cut = hex::decode("010000000200").unwrap();
    assert_eq!(decode::<structs::StructWithPad>(NDR64, &cut).unwrap(), value);
}

#[test]
fn sizes_are_hoisted_and_structures_aligned() {
    let inner = conformance::Conformant { count: 2, items: vec![1, 2] };
    let value = conformance::Hoisted { lead: 0xAA, inner };
    same(
        NDR20,
        &value,
        "02000000 00000000 aa 00000000000000 0200 000000000000 \
         0100000000000000 0200000000000000",
    );
    same(
        NDR64,
        &value,
        "0200000000000000 aa 00000000000000 0200 000000000000 \
         0100000000000000 0200000000000000",
    );
    // The gap between the fixed part and the array is there in NDR64 only.
    let gap = conformance::Gap { count: 2, s: 3, items: vec![4, 5] };
    same(NDR20, &gap, "02000000 02000000 0300 0405");
    same(NDR64, &gap, "0200000000000000 02000000 0300 0000 0405");
}

#[test]
fn counted_strings() {
    // [MS-RPCE] 4.7.
    let value = arrays::COUNTED_STRING {
        length: 4,
        maximum_length: 6,
        p_string: Some(Varying::new(3, vec![0x41, 0x42])),
    };
    same(NDR20, &value, "0400 0600 00000200 03000000 00000000 02000000 4100 4200");
    same(
        NDR64,
        &value,
        "0400 0600 00000000 0000020000000000 0300000000000000 0000000000000000 0200000000000000 \
         4100 4200",
    );
}

#[test]
fn varying_arrays_send_a_part() {
    let value = arrays::Varying {
        first: 2,
        last: 3,
        window: crate::ndr::FixedVarying { offset: 2, elements: vec![7, 8] },
        used: 1,
        head: crate::ndr::FixedVarying { offset: 0, elements: vec![9] },
    };
    same(
        NDR20,
        &value,
        "02000000 03000000 02000000 02000000 0700 0800 01000000 00000000 01000000 09",
    );
}

#[test]
fn referents_go_depth_first() {
    let leaf = |label| pointers::Tree { label, count: 0, children: None };
    let value = pointers::Tree {
        label: 1,
        count: 2,
        children: Some(vec![
            pointers::Tree { label: 2, count: 1, children: Some(vec![leaf(3)]) },
            pointers::Tree { label: 4, count: 1, children: Some(vec![leaf(5)]) },
        ]),
    };
    same(
        NDR20,
        &value,
        "01000000 02000000 00000200 \
         02000000 \
         02000000 01000000 04000200 \
         04000000 01000000 08000200 \
         01000000 03000000 00000000 00000000 \
         01000000 05000000 00000000 00000000",
    );
}

#[test]
fn pointers_of_all_kinds() {
    let shared = Full::new(3);
    let value = pointers::Kinds {
        unique_long: None,
        ref_node: Ref::new(pointers::Node { value: 1, next: None }),
        full_a: shared.clone(),
        full_b: shared,
        deep: Some(Some(4)),
        ref_deep: Ref::new(None),
    };
    // Two pointers have the same id, and their referent is there once.
    same(
        NDR20,
        &value,
        "00000000 00000200 04000200 04000200 08000200 0c000200 \
         01000000 00000000 \
         03000000 \
         10000200 04000000 \
         00000000",
    );
}

#[test]
fn enumerations_and_pointer_sized_integers_depend_on_the_syntax() {
    let value = constants::Painting {
        frame: constants::COLOUR::DARK_BLUE,
        canvas: constants::WIDE::WIDE_ALL,
        place: constants::Standalone::SECOND,
    };
    same(NDR20, &value, "0800 0000 ffffffff 0100");
    same(NDR64, &value, "08000000 ffffffff 01000000");
    assert!(matches!(
        decode::<constants::COLOUR>(NDR64, &[0, 0, 1, 0]),
        Err(DecodeError::Enum { value: 0x1_0000, .. })
    ));
    same(NDR20, &Int3264(-2), "feffffff");
    same(NDR64, &Int3264(-2), "feffffffffffffff");
    assert!(encode(NDR20, &Int3264(1 << 40)).is_err());
}

#[test]
fn unions_align_their_arms_in_ndr64() {
    let value = unions::BY_LEVEL::Number(5);
    same(NDR20, &value, "0100 0000 05000000");
    same(NDR64, &value, "01000000 00000000 05000000");
    let value = unions::ENCAPSULATED::Other(9, 5);
    same(NDR20, &value, "0900 05");
    same(NDR64, &value, "0900 000000000000 05");
    // With ms_union in both ([MS-RPCE] 2.2.4.5).
    let value = unions::Aligned::SmallArm(5);
    same(NDR20, &value, "00 00000000000000 05");
    same(NDR64, &value, "00 00000000000000 05");
}

#[test]
fn big_endian_senders_are_understood() {
    let value = CERTTRANSBLOB { cb: 2, pb: Some(vec![1, 2]) };
    same(ENCODINGS[2], &value, "00000002 00020000 00000002 0102");
    let uuid = uuid::uuid!("00112233-4455-6677-8899-aabbccddeeff");
    same(NDR20, &uuid, "33221100 5544 7766 8899aabbccddeeff");
    same(ENCODINGS[2], &uuid, "00112233 4455 6677 8899aabbccddeeff");
    let value = primitives::Primitives { v: 1.0, w: -2.0, ..Default::default() };
    let bytes = encode(ENCODINGS[2], &value).unwrap();
    let text = hex::encode(&bytes);
    assert!(text.contains("3f800000") && text.contains("c000000000000000"));
}

#[test]
fn implicit_parameters_of_objects_are_always_ndr20() {
    // [MS-DCOM] 2.2.13. Both have a length that NDR64 alignment does not notice.
    let response = objects::FirstOut { result: 2, return_value: 3, ..Default::default() };
    same_stub(NDR20, &response, "00000000 00000000 02000000 03000000");
    same_stub(NDR64, &response, "00000000 00000000 02000000 03000000");
    let request = objects::FirstIn { value: 1, ..Default::default() };
    assert_eq!(to_stub(NDR64, &request).unwrap().len(), 36);
}

#[test]
fn operations_without_parameters_have_empty_stubs() {
    same_stub(NDR64, &operations::NothingIn {}, "");
    same_stub(NDR64, &operations::NothingOut {}, "");
}

#[test]
fn type_serialization_has_headers_and_padding() {
    // [MS-RPCE] 2.2.6: a structure of 6 bytes behind a pointer.
    let value = Some(structs::StructWithPad { l: 1, s: 2 });
    let stream = serialize(&value).unwrap();
    assert_eq!(
        hex::encode(&stream),
        "01100800cccccccc 10000000 00000000 00000200 01000000 0200 000000000000".replace(' ', "")
    );
    assert_eq!(deserialize::<Option<structs::StructWithPad>>(&stream).unwrap(), value);
    // Big-endian, with a length that lacks the padding.
    let stream =
        hex::decode("0100080000000000 0000000a 00000000 00020000 00000001 0002".replace(' ', ""));
    assert_eq!(deserialize::<Option<structs::StructWithPad>>(&stream.unwrap()).unwrap(), value);
    for bad in [
        "",
        "01100800cccccccc",
        "02100800cccccccc0000000000000000",
        "01200800cccccccc0000000000000000",
    ] {
        let bad = hex::decode(bad).unwrap();
        assert!(matches!(
            deserialize::<structs::StructWithPad>(&bad),
            Err(DecodeError::Serialization(_))
        ));
    }
}
