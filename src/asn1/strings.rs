//! The character string types.

use super::{Asn1Error, Element, Tag};

/// The text of a string of any of the types of a DirectoryString, an IA5String, a NumericString or
/// a VisibleString. PrintableStrings with other ASCII characters are accepted, because clients send
/// them; TeletexStrings are read as Latin-1, as every implementation does.
pub fn decode_text(element: &Element<'_>) -> Result<String, Asn1Error> {
    let content = element.content;
    match element.tag {
        Tag::UTF8_STRING => String::from_utf8(content.to_vec()).ok(),
        Tag::PRINTABLE_STRING | Tag::IA5_STRING | Tag::NUMERIC_STRING | Tag::VISIBLE_STRING => {
            let ascii = content.is_ascii().then(|| content.iter().map(|byte| char::from(*byte)));
            ascii.map(Iterator::collect)
        }
        Tag::TELETEX_STRING => Some(content.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BMP_STRING => match content.as_chunks::<2>() {
            (units, []) => {
                let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
                char::decode_utf16(units).collect::<Result<_, _>>().ok()
            }
            _ => None,
        },
        Tag::UNIVERSAL_STRING => match content.as_chunks::<4>() {
            (units, []) => {
                units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect()
            }
            _ => None,
        },
        found => return Err(Asn1Error::Tag { expected: Tag::UTF8_STRING, found }),
    }
    .ok_or(Asn1Error::Value("character string"))
}

/// Whether [`decode_text`] knows this type.
pub(super) fn is_text(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::UTF8_STRING
            | Tag::PRINTABLE_STRING
            | Tag::IA5_STRING
            | Tag::NUMERIC_STRING
            | Tag::VISIBLE_STRING
            | Tag::TELETEX_STRING
            | Tag::BMP_STRING
            | Tag::UNIVERSAL_STRING
    )
}

/// Whether all characters are those of a PrintableString.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}

/// The content of a BMPString (UTF-16BE; characters beyond U+FFFF as surrogate pairs, as Windows
/// has them).
pub fn encode_bmp(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::Writer;

    fn decoded(tag: Tag, content: &[u8]) -> Result<String, Asn1Error> {
        let mut writer = Writer::new();
        writer.element(tag, content);
        decode_text(&Element::parse(&writer.into_bytes()).expect("own encoding"))
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(decoded(Tag::UTF8_STRING, "Grüße".as_bytes()).as_deref(), Ok("Grüße"));
        assert_eq!(decoded(Tag::PRINTABLE_STRING, b"a@b*").as_deref(), Ok("a@b*"));
        assert_eq!(decoded(Tag::TELETEX_STRING, b"M\xFCller").as_deref(), Ok("Müller"));
        assert_eq!(decoded(Tag::BMP_STRING, &encode_bmp("a€😀")).as_deref(), Ok("a€😀"));
        assert_eq!(decoded(Tag::UNIVERSAL_STRING, &[0, 1, 0xF6, 0]).as_deref(), Ok("😀"));
    }

    #[test]
    fn malformed_is_refused() {
        assert!(decoded(Tag::UTF8_STRING, &[0xC3]).is_err());
        assert!(decoded(Tag::IA5_STRING, &[0xE4]).is_err());
        assert!(decoded(Tag::BMP_STRING, &[0]).is_err());
        assert!(decoded(Tag::BMP_STRING, &[0xD8, 0]).is_err());
        assert!(decoded(Tag::UNIVERSAL_STRING, &[0, 0x11, 0, 0]).is_err());
        assert!(decoded(Tag::OCTET_STRING, b"a").is_err());
    }
}
