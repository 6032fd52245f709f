//! Every value comes back from every encoding, and nothing that is cut short or damaged breaks
//! the decoder.

use std::fmt::Debug;

use proptest::prelude::*;

use super::{ENCODINGS, decode, encode, samples};
use crate::ndr::Ndr;

/// What must hold for any value of any type.
fn check<T: Ndr + PartialEq + Debug>(value: &T, damage: &[(prop::sample::Index, u8)]) {
    for encoding in ENCODINGS {
        let bytes = encode(encoding, value).unwrap();
        assert_eq!(&decode::<T>(encoding, &bytes).unwrap(), value, "{encoding:?}");
        // Bytes behind the value are none of its business.
        let mut longer = bytes.clone();
        longer.extend([0xFF; 9]);
        assert_eq!(&decode::<T>(encoding, &longer).unwrap(), value, "{encoding:?}");

        for len in 0..bytes.len() {
            // Only padding at the end can be missed.
            match decode::<T>(encoding, &bytes[..len]) {
                Ok(cut) => assert!(&cut == value && bytes[len..].iter().all(|byte| *byte == 0)),
                Err(_) => continue,
            }
        }

        let mut damaged = bytes;
        for (index, byte) in damage.iter().filter(|_| !damaged.is_empty()).collect::<Vec<_>>() {
            let index = index.index(damaged.len());
            damaged[index] ^= byte;
        }
        // What decodes is a value like any other.
        if let Ok(other) = decode::<T>(encoding, &damaged) {
            let again = encode(encoding, &other).unwrap();
            let once_more = decode::<T>(encoding, &again).unwrap();
            assert_eq!(encode(encoding, &once_more).unwrap(), again);
        }
    }
}

macro_rules! round_trips {
    ($($name:ident)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]
            $(
                #[test]
                fn $name(value in samples::$name(), damage in any::<[(prop::sample::Index, u8); 3]>()) {
                    check(&value, &damage);
                }
            )*
        }
    };
}

round_trips! {
    painting primitives outer hoisted conformant_varying conformant_string gap pointer_array
    varying lists node tree kinds shared strings holder variant everything_in everything_out
    handles second_in second_out enrollment_in enrollment_out map_in map_out entry orpcthis
}
