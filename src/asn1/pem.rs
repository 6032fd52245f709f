//! PEM (RFC 7468): several blocks in one text, with other text around them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub struct Pem {
    /// The word after `BEGIN`.
    pub label: String,
    /// The content; treated as secret, because private keys come this way.
    pub der: Zeroizing<Vec<u8>>,
}

/// All blocks of a text, in order. `None` where a block is cut short or is not base64
/// (as with an encrypted key in the old form, which has headers inside).
pub fn decode(text: &[u8]) -> Option<Vec<Pem>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut lines = text.lines().map(str::trim);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let Some(label) = boundary(line, "-----BEGIN ") else { continue };
        // Room for everything at once, so that no partial copy is left in freed memory.
        let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next()?;
            if boundary(line, "-----END ") == Some(label) {
                break;
            }
            base64.push_str(line);
        }
        let der = Zeroizing::new(STANDARD.decode(base64.as_bytes()).ok()?);
        blocks.push(Pem { label: label.to_owned(), der });
    }
    Some(blocks)
}

fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

/// One block as text.
pub fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(base64.len().saturating_mul(2)));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "Bag Attributes\r\n  x: y\r\n-----BEGIN A-----\r\nAQID\r\n-----END A-----\r\n\
                    rest\n-----BEGIN B C-----\nBA\n==\n-----END B C-----\n";
        let blocks = decode(text.as_bytes()).unwrap();
        let blocks: Vec<_> = blocks.iter().map(|b| (b.label.as_str(), &**b.der)).collect();
        assert_eq!(blocks, [("A", &[1, 2, 3][..]), ("B C", &[4])]);
        assert!(decode(b"no blocks").unwrap().is_empty());
    }

    #[test]
    fn broken_blocks_are_refused() {
        for text in [
            "-----BEGIN A-----\nAQID\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END A-----\n",
        ] {
            assert!(decode(text.as_bytes()).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(der in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = encode("X Y", &der);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            let blocks = decode(text.as_bytes()).unwrap();
            prop_assert_eq!(blocks.len(), 1);
            prop_assert_eq!(&**blocks[0].der, &der[..]);
        }
    }
}
