//! Every vector damaged: cut short at every octet, and with every octet changed in several ways.

use crate::vectors::{Vector, all};

/// Changes of one octet: the lowest and the highest bit, all bits.
const CHANGES: [u8; 3] = [0x01, 0x80, 0xFF];

/// Padding at the end may be cut off.
const MAX_PADDING: usize = 7;

#[test]
fn a_stub_cut_short_is_refused() {
    for vector in all() {
        let Vector { name, encoding, codec, stub, .. } = vector;
        for len in 0..stub.len().saturating_sub(MAX_PADDING) {
            assert!(codec(encoding, &stub[..len]).is_err(), "{name} cut to {len}");
        }
    }
}

#[test]
fn a_stub_with_a_changed_octet_is_refused_or_decodes_to_something_that_encodes() {
    for vector in all() {
        for at in 0..vector.stub.len() {
            for change in CHANGES {
                let mut stub = vector.stub.clone();
                stub[at] ^= change;
                decode(&vector, &stub);
            }
        }
    }
}

/// Decodes without a panic; what can be decoded must survive another round.
fn decode(vector: &Vector, stub: &[u8]) {
    let Vector { name, encoding, codec, .. } = vector;
    let Ok(decoded) = codec(*encoding, stub) else { return };
    let shown = || format!("{name} {}", hex::encode(stub));
    let again = decoded.again.unwrap_or_else(|error| panic!("{error}: {}", shown()));
    let twice = codec(*encoding, &again).unwrap_or_else(|error| panic!("{error}: {}", shown()));
    assert_eq!(decoded.debug, twice.debug, "{}", shown());
}
