//! Compares two encodings of one value. What a sender may choose freely does not count: the
//! referent ids of pointers, and the octets of alignment gaps.
//!
//! Our encoder numbers referents 0x00020000, 0x00020004 …, and fills gaps with zeros. So two
//! encodings may differ in an aligned word where ours has such a number and the other any other
//! number but zero, and in an octet where ours has a zero. That these are no values is then
//! proved: with all those places changed, the other encoding still decodes to the same value.

use wcce::ndr::{ByteOrder, Encoding, Syntax};

use crate::codecs::Codec;

/// Whether `ours` is `theirs` but for what the sender may choose.
pub fn same(codec: Codec, encoding: Encoding, theirs: &[u8], ours: &[u8]) -> Result<(), String> {
    let differs = |why: String| {
        Err(format!("{why}\ntheirs {}\nours   {}", hex::encode(theirs), hex::encode(ours)))
    };
    if theirs.len() != ours.len() {
        return differs(format!("{} octets became {}", theirs.len(), ours.len()));
    }
    let width = if encoding.syntax == Syntax::Ndr64 { 8 } else { 4 };
    let mut changed = theirs.to_vec();
    for (index, (their_word, our_word)) in theirs.chunks(width).zip(ours.chunks(width)).enumerate()
    {
        let at = index * width;
        let is_null = their_word.iter().all(|octet| *octet == 0);
        if their_word != our_word && is_referent(encoding, our_word) && !is_null {
            changed[at..at + our_word.len()].copy_from_slice(our_word);
            continue;
        }
        for (offset, (their, our)) in their_word.iter().zip(our_word).enumerate() {
            match (their == our, our) {
                (true, _) => {}
                (false, 0) => changed[at + offset] = !their,
                (false, _) => return differs(format!("octet {} differs", at + offset)),
            }
        }
    }
    let value = |stub: &[u8]| codec(encoding, stub).map(|decoded| decoded.debug);
    if value(theirs) != value(&changed) {
        return differs("what differs is part of the value".to_owned());
    }
    Ok(())
}

fn is_referent(encoding: Encoding, word: &[u8]) -> bool {
    let mut little = [0; 8];
    little[..word.len()].copy_from_slice(word);
    if encoding.order == ByteOrder::Big {
        little[..word.len()].reverse();
    }
    let id = u64::from_le_bytes(little);
    (0x2_0000..0x3_0000).contains(&id) && id.is_multiple_of(4)
}
