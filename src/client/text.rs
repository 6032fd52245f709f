//! Text from servers, made fit for terminals.

/// Longest text that is shown.
const MAX_CHARS: usize = 2_000;

/// UTF-16LE up to its terminator.
pub(super) fn raw_from_utf16(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The same, [`clean`].
pub(crate) fn from_utf16(bytes: &[u8]) -> String {
    clean(&raw_from_utf16(bytes))
}

/// Text in one line, and no longer than a screen: control characters and those that turn the
/// direction of writing become blanks.
pub(crate) fn clean(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let separates = |c| matches!(c, '\u{2028}' | '\u{2029}');
    let harmful = |c: char| c.is_control() || turns(c) || separates(c);
    let text: String =
        text.chars().map(|c| if harmful(c) { ' ' } else { c }).take(MAX_CHARS).collect();
    text.trim().to_owned()
}

/// UTF-16LE with its terminator, which counts ([MS-ICPR] 3.2.4.1.1); nothing for no text.
pub(super) fn to_utf16(text: &str) -> Vec<u8> {
    if text.is_empty() {
        return Vec::new();
    }
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_their_terminator() {
        assert!(to_utf16("").is_empty());
        assert_eq!(to_utf16("A"), [0x41, 0, 0, 0]);
    }

    #[test]
    fn nothing_that_a_server_says_moves_the_cursor() {
        let said = to_utf16("Denied\r\nby X\u{1b}[1m\u{202e}txt\u{2028}\0 hidden");
        assert_eq!(from_utf16(&said), "Denied  by X [1m txt");
        assert_eq!(from_utf16(&[0x41, 0, 0x00, 0xD8, 0x42]), "A\u{FFFD}");
        assert_eq!(clean(&"x".repeat(5_000)).len(), MAX_CHARS);
    }
}
