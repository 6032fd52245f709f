//! Random values of the types under test.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use uuid::Uuid;

use super::Stub;
use super::features::{
    arrays, conformance, constants, objects, operations, pointers, primitives, strings, structs,
    unions, variants,
};
use crate::generated::certtransblob::CERTTRANSBLOB;
use crate::generated::dtyp::{FILETIME, RPC_SID, RPC_SID_IDENTIFIER_AUTHORITY};
use crate::generated::epm::{EptMapIn, EptMapOut, ept_entry_t};
use crate::generated::icertpassage::{CertServerRequestIn, CertServerRequestOut};
use crate::generated::orpc::{
    COMVERSION, MInterfacePointer, ORPC_EXTENT, ORPC_EXTENT_ARRAY, ORPCTHAT, ORPCTHIS,
};
use crate::generated::rpctypes::twr_t;
use crate::ndr::{
    ByteString, ContextHandle, FixedText, FixedVarying, Full, Int3264, Ref, SizedText, UInt3264,
    Varying, WideString,
};

/// Sizes of arrays.
const FEW: RangeInclusive<usize> = 0..=4;

fn len<T>(items: &[T]) -> u32 {
    items.len() as u32
}

pub fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

/// Any code units but the terminator: unpaired surrogates too.
pub fn wide(size: RangeInclusive<usize>) -> impl Strategy<Value = WideString> {
    vec(prop_oneof![1u16..=0xFFFF, 0xD7F0u16..0xE010], size).prop_map(WideString::from_units)
}

pub fn narrow(size: RangeInclusive<usize>) -> impl Strategy<Value = ByteString> {
    vec(1u8..=0xFF, size).prop_map(ByteString::from_units)
}

pub fn handle() -> impl Strategy<Value = ContextHandle> {
    (any::<u32>(), uuid()).prop_map(|(attributes, uuid)| ContextHandle { attributes, uuid })
}

pub fn painting() -> impl Strategy<Value = constants::Painting> {
    (any::<u16>(), any::<u32>(), any::<u16>()).prop_map(|(frame, canvas, place)| {
        constants::Painting {
            frame: constants::COLOUR(frame),
            canvas: constants::WIDE(canvas),
            place: constants::Standalone(place),
        }
    })
}

prop_compose! {
    pub fn primitives()(
        bytes in any::<(u8, u8, u8, i8, u8, i8, u8)>(),
        shorts in any::<(i16, u16, u16, i16)>(),
        longs in any::<(i32, u32, i32, u32, u32, u32)>(),
        hypers in any::<(i64, u64, i64, u64, i64)>(),
        (v, w) in any::<(f32, f64)>(),
        (y, z) in any::<(i32, u32)>(),
        uuid in uuid(),
    ) -> primitives::Primitives {
        let (a, b, c, d, e, f, r) = bytes;
        let (g, h, i, s) = shorts;
        let (j, k, l, m, t, x) = longs;
        let (n, o, p, q, u) = hypers;
        let (y, z) = (Int3264(y.into()), UInt3264(z.into()));
        primitives::Primitives {
            a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, uuid,
        }
    }
}

prop_compose! {
    fn pad()((l, s) in any::<(i32, i16)>()) -> structs::StructWithPad {
        structs::StructWithPad { l, s }
    }
}

prop_compose! {
    pub fn outer()(
        lead in any::<u8>(),
        pads in [pad(), pad()],
        (h, r#type, b) in any::<(i64, u8, u8)>(),
        tail in vec(any::<u8>(), 40),
        grid in any::<[[u16; 3]; 2]>(),
    ) -> structs::Outer {
        structs::Outer {
            lead,
            pads,
            inner: structs::Inner { h, type_: r#type },
            nameless: structs::OuterNameless { b },
            tail: tail.try_into().unwrap(),
            grid,
        }
    }
}

prop_compose! {
    pub fn hoisted()(lead in any::<u8>(), items in vec(any::<i64>(), FEW))
        -> conformance::Hoisted {
        let inner = conformance::Conformant { count: items.len() as u16, items };
        conformance::Hoisted { lead, inner }
    }
}

prop_compose! {
    pub fn conformant_varying()(room in 0u32..1000, elements in vec(any::<u16>(), FEW))
        -> conformance::ConformantVarying {
        let max = room + len(&elements);
        let used = elements.len() as u16;
        conformance::ConformantVarying { max, used, items: Varying::new(max, elements) }
    }
}

prop_compose! {
    pub fn conformant_string()(flags in any::<u32>(), name in wide(0..=9))
        -> conformance::ConformantString {
        conformance::ConformantString { flags, name }
    }
}

prop_compose! {
    pub fn gap()(s in any::<i16>(), items in vec(any::<u8>(), 0..=9)) -> conformance::Gap {
        conformance::Gap { count: items.len() as i32, s, items }
    }
}

prop_compose! {
    pub fn pointer_array()(items in vec(of(hoisted().prop_map(Box::new)), FEW))
        -> conformance::Pointers {
        conformance::Pointers { count: len(&items), items }
    }
}

prop_compose! {
    pub fn varying()(
        first in 0u32..5,
        window in vec(any::<i16>(), 1..=5),
        head in vec(any::<u8>(), 0..=10),
    ) -> arrays::Varying {
        arrays::Varying {
            first,
            last: first + len(&window) - 1,
            window: FixedVarying { offset: first, elements: window },
            used: len(&head),
            head: FixedVarying { offset: 0, elements: head },
        }
    }
}

prop_compose! {
    fn counted()(room in 0u16..9, units in of(vec(any::<u16>(), 0..=9))) -> arrays::COUNTED_STRING {
        let used = units.as_ref().map_or(0, Vec::len) as u16;
        let p_string = units.map(|units| Varying::new((used + room).into(), units));
        arrays::COUNTED_STRING { length: used * 2, maximum_length: (used + room) * 2, p_string }
    }
}

prop_compose! {
    pub fn lists()(
        items in vec((counted(), of(counted().prop_map(Box::new)), any::<i32>()), FEW),
        extra in any::<i32>(),
        lenient in any::<bool>(),
    ) -> arrays::Lists {
        let n = len(&items);
        let mut numbers: Vec<i32> = items.iter().map(|(_, _, number)| *number).collect();
        numbers.push(extra);
        let (strings, pointers) = items.into_iter().map(|(s, p, _)| (s, p)).unzip();
        arrays::Lists {
            n,
            strings: Some(strings),
            pointers: Some(pointers),
            numbers: Ref::new(numbers),
            lenient: lenient.then(|| vec![-1; n as usize]),
        }
    }
}

pub fn node() -> impl Strategy<Value = pointers::Node> {
    vec(any::<u32>(), 1..=20).prop_map(|values| {
        let mut list = None;
        for value in values {
            list = Some(Box::new(pointers::Node { value, next: list }));
        }
        *list.unwrap()
    })
}

pub fn tree() -> impl Strategy<Value = pointers::Tree> {
    let leaf = any::<u8>().prop_map(|label| pointers::Tree { label, count: 0, children: None });
    leaf.prop_recursive(4, 20, 3, |inner| {
        (any::<u8>(), vec(inner, 0..=3)).prop_map(|(label, children)| pointers::Tree {
            label,
            count: len(&children),
            children: Some(children),
        })
    })
}

prop_compose! {
    pub fn kinds()(
        unique_long in of(any::<i32>()),
        node in node(),
        shared in of(any::<i32>()),
        aliased in any::<bool>(),
        deep in of(of(any::<i32>())),
        ref_deep in of(any::<i64>()),
    ) -> pointers::Kinds {
        let full_a = shared.map_or(Full::NULL, Full::new);
        let full_b = if aliased { full_a.clone() } else { Full::new(-5) };
        let (ref_node, ref_deep) = (Ref::new(node), Ref::new(ref_deep));
        pointers::Kinds { unique_long, ref_node, full_a, full_b, deep, ref_deep }
    }
}

/// A graph without cycles: each node may point to earlier ones.
pub fn shared() -> impl Strategy<Value = pointers::Shared> {
    vec(any::<(u32, prop::sample::Index, prop::sample::Index)>(), 1..=12).prop_map(|nodes| {
        let mut made = vec![Full::NULL];
        let mut last = pointers::Shared::default();
        for (value, left, right) in nodes {
            let (left, right) = (left.get(&made).clone(), right.get(&made).clone());
            last = pointers::Shared { value, left, right };
            made.push(Full::new(last.clone()));
        }
        last
    })
}

prop_compose! {
    pub fn strings()(
        wide_one in of(wide(0..=9)),
        narrow_one in narrow(0..=9),
        fixed in wide(0..=15),
        fixed_narrow in narrow(0..=15),
        by_typedef in of(wide(0..=9)),
        limited in of(wide(0..=4)),
        limited_by_typedef in of(wide(0..=7)),
        sized in wide(0..=9),
        room in 1u32..9,
        list in vec((of(wide(0..=3)), of(narrow(0..=3))), FEW),
    ) -> strings::Strings {
        let size = len(sized.units()) + room;
        let count = len(&list);
        let (list, narrow_list) = list.into_iter().unzip();
        strings::Strings {
            wide: wide_one,
            narrow: Ref::new(narrow_one),
            fixed: FixedText(fixed),
            fixed_narrow: FixedText(fixed_narrow),
            by_typedef,
            limited,
            limited_by_typedef,
            size,
            sized: Some(SizedText { max_count: size, text: sized }),
            count,
            list: Some(list),
            narrow_list: Some(narrow_list),
        }
    }
}

fn encapsulated() -> impl Strategy<Value = unions::ENCAPSULATED> {
    use unions::ENCAPSULATED::{Case4, Number, Other, Text};
    prop_oneof![
        any::<i32>().prop_map(Number),
        (2u16..=3, of(wide(0..=5))).prop_map(|(tag, text)| Text(tag, text)),
        Just(Case4),
        (5u16.., any::<u8>()).prop_map(|(tag, byte)| Other(tag, byte)),
    ]
}

fn by_level(level: u16) -> BoxedStrategy<unions::BY_LEVEL> {
    use unions::BY_LEVEL::{Big, Default, Number, Pointer};
    match level {
        1 => any::<i32>().prop_map(Number).boxed(),
        2 => any::<i64>().prop_map(Big).boxed(),
        3 => of(encapsulated().prop_map(Box::new)).prop_map(Pointer).boxed(),
        other => Just(Default(other)).boxed(),
    }
}

pub fn holder() -> impl Strategy<Value = unions::Holder> {
    use unions::{Aligned, HolderInner, HolderInnerPoint};
    let aligned = prop_oneof![
        any::<u8>().prop_map(Aligned::SmallArm),
        (-3i64..=3).prop_map(Aligned::BigArm),
        of(narrow(0..=8)).prop_map(Aligned::TextArm),
    ];
    let inner = prop_oneof![
        any::<(i16, i16)>().prop_map(|(x, y)| HolderInner::Point(HolderInnerPoint { x, y })),
        any::<f32>().prop_map(HolderInner::F),
    ];
    let leveled = (0u16..5).prop_flat_map(|level| {
        let optional = of(by_level(level).prop_map(Box::new));
        (Just(unions::LEVEL(level)), by_level(level), optional)
    });
    (leveled, aligned, inner).prop_map(|((level, value, optional), aligned, inner)| {
        unions::Holder {
            level,
            value,
            kind: aligned.tag(),
            aligned,
            inner_kind: inner.tag(),
            inner,
            optional,
        }
    })
}

/// A value of an automation-like type; arrays of values hold further values.
pub fn variant() -> impl Strategy<Value = variants::wireVALUE> {
    use variants::{wireVALUE, wireVALUEContent as Content};
    let value = |vt, content| wireVALUE { vt, content };
    let leaf = prop_oneof![
        any::<i32>().prop_map(move |number| value(3, Content::Number(number))),
        (0u32..=1).prop_map(move |kind| value(kind as u16, Content::Case0(kind))),
        vec(any::<i32>(), FEW).prop_map(move |items| {
            let size = len(&items);
            let longs = variants::wireELEMENTSLongs { size, items: Some(items) };
            value(0x2003, Content::Array(Some(array(variants::wireELEMENTS::Longs(longs)))))
        }),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let inner = of(inner.prop_map(Box::new));
        prop_oneof![
            of(inner.clone()).prop_map(move |inner| value(0x400C, Content::Value(inner))),
            vec(inner, FEW).prop_map(move |items| {
                let size = len(&items);
                let values = variants::wireELEMENTSValues { size, items: Ref::new(items) };
                value(0x200C, Content::Array(Some(array(variants::wireELEMENTS::Values(values)))))
            }),
        ]
    })
}

fn array(elements: variants::wireELEMENTS) -> Box<variants::wireARRAY> {
    let bounds = vec![7, 8];
    Box::new(variants::wireARRAY { dimensions: 2, elements, bounds })
}

prop_compose! {
    fn time()((dw_low_date_time, dw_high_date_time) in any::<(u32, u32)>()) -> FILETIME {
        FILETIME { dw_low_date_time, dw_high_date_time }
    }
}

prop_compose! {
    fn sid()(value in any::<[u8; 6]>(), sub_authority in vec(any::<u32>(), FEW)) -> RPC_SID {
        RPC_SID {
            revision: 1,
            sub_authority_count: sub_authority.len() as u8,
            identifier_authority: RPC_SID_IDENTIFIER_AUTHORITY { value },
            sub_authority,
        }
    }
}

prop_compose! {
    pub fn everything_in()(
        (value, room) in any::<(i32, u32)>(),
        times in (time(), time(), of(time().prop_map(Box::new))),
        full in of(uuid()),
        input in vec(any::<i32>(), FEW),
        name in wide(0..=9),
    ) -> Stub<operations::EverythingIn> {
        let (time, by_reference, optional) = times;
        Stub(operations::EverythingIn {
            value,
            time,
            by_reference,
            optional,
            full: full.map_or(Full::NULL, Full::new),
            count: len(&input),
            optional_input: Some(input.clone()),
            input,
            room,
            name,
        })
    }
}

prop_compose! {
    pub fn everything_out()(
        output in vec(any::<i32>(), FEW),
        sids in vec(of(sid().prop_map(Box::new)), FEW),
        room in 5u32..100,
        text in narrow(0..=4),
        return_value in any::<i32>(),
    ) -> Stub<operations::EverythingOut> {
        Stub(operations::EverythingOut {
            count: len(&output),
            allocated: Some(output.clone()),
            output,
            used: len(&sids),
            sids: Varying::new(room, sids),
            text: SizedText { max_count: room, text },
            return_value,
        })
    }
}

prop_compose! {
    pub fn handles()(handle in handle(), other in handle()) -> Stub<operations::UseIn> {
        Stub(operations::UseIn { handle, other })
    }
}

fn object() -> impl Strategy<Value = Option<Box<MInterfacePointer>>> {
    of(vec(any::<u8>(), 0..=9)
        .prop_map(|ab_data| Box::new(MInterfacePointer { ul_cnt_data: len(&ab_data), ab_data })))
}

fn extensions() -> impl Strategy<Value = Option<Box<ORPC_EXTENT_ARRAY>>> {
    let extent = (uuid(), vec(any::<u8>(), 0..=9)).prop_map(|(id, mut data)| {
        let size = len(&data);
        data.resize(data.len().next_multiple_of(8), 0);
        Box::new(ORPC_EXTENT { id, size, data })
    });
    of(vec(extent, 0..=3).prop_map(|extents| {
        let size = len(&extents);
        let mut extent: Vec<_> = extents.into_iter().map(Some).collect();
        extent.resize_with(extent.len().next_multiple_of(2), || None);
        Box::new(ORPC_EXTENT_ARRAY { size, reserved: 0, extent: Some(extent) })
    }))
}

prop_compose! {
    pub fn orpcthis()(cid in uuid(), extensions in extensions()) -> ORPCTHIS {
        let version = COMVERSION { major_version: 5, minor_version: 7 };
        ORPCTHIS { version, flags: 0, reserved1: 0, cid, extensions }
    }
}

prop_compose! {
    pub fn second_in()(
        orpcthis in orpcthis(),
        object in object(),
        riid in uuid(),
        others in vec(self::object(), FEW),
    ) -> Stub<objects::SecondIn> {
        let count = len(&others);
        Stub(objects::SecondIn { orpcthis, object, riid, count, others })
    }
}

prop_compose! {
    pub fn second_out()(
        flags in any::<u32>(),
        extensions in extensions(),
        found in object(),
        return_value in any::<u32>(),
    ) -> Stub<objects::SecondOut> {
        let orpcthat = ORPCTHAT { flags, extensions };
        Stub(objects::SecondOut { orpcthat, found, return_value })
    }
}

fn blob() -> impl Strategy<Value = CERTTRANSBLOB> {
    of(vec(any::<u8>(), 0..=20)).prop_map(|pb| {
        let cb = pb.as_deref().map_or(0, len);
        CERTTRANSBLOB { cb, pb }
    })
}

prop_compose! {
    pub fn enrollment_in()(
        (dw_flags, pdw_request_id) in any::<(u32, u32)>(),
        pwsz_authority in of(wide(0..=20)),
        pctb_attribs in blob(),
        pctb_request in blob(),
    ) -> Stub<CertServerRequestIn> {
        Stub(CertServerRequestIn {
            dw_flags,
            pwsz_authority,
            pdw_request_id,
            pctb_attribs,
            pctb_request,
        })
    }
}

prop_compose! {
    pub fn enrollment_out()(
        (pdw_request_id, pdw_disposition, return_value) in any::<(u32, u32, u32)>(),
        blobs in (blob(), blob(), blob()),
    ) -> Stub<CertServerRequestOut> {
        let (pctb_cert, pctb_encoded_cert, pctb_disposition_message) = blobs;
        Stub(CertServerRequestOut {
            pdw_request_id,
            pdw_disposition,
            pctb_cert,
            pctb_encoded_cert,
            pctb_disposition_message,
            return_value,
        })
    }
}

fn tower() -> impl Strategy<Value = Full<twr_t>> {
    of(vec(any::<u8>(), 0..=9)).prop_map(|octets| {
        octets.map_or(Full::NULL, |tower_octet_string| {
            let tower_length = len(&tower_octet_string);
            Full::new(twr_t { tower_length, tower_octet_string })
        })
    })
}

prop_compose! {
    pub fn map_in()(
        obj in of(uuid()),
        map_tower in tower(),
        entry_handle in handle(),
        max_towers in 0u32..=500,
    ) -> Stub<EptMapIn> {
        let obj = obj.map_or(Full::NULL, Full::new);
        Stub(EptMapIn { obj, map_tower, entry_handle, max_towers })
    }
}

prop_compose! {
    pub fn map_out()(
        entry_handle in handle(),
        towers in vec(tower(), FEW),
        status in any::<u32>(),
    ) -> Stub<EptMapOut> {
        let num_towers = len(&towers);
        let i_towers = Varying::new(num_towers + 3, towers);
        Stub(EptMapOut { entry_handle, num_towers, i_towers, status })
    }
}

prop_compose! {
    pub fn entry()(object in uuid(), tower in tower(), annotation in narrow(0..=63))
        -> ept_entry_t {
        ept_entry_t { object, tower, annotation: FixedText(annotation) }
    }
}
