//! The attributes string ([MS-WCCE] 3.2.1.4.2.1.2): lines of `Name:Value`.

use crate::model::Attribute;

use super::{Limits, RequestError};

/// The text of ICertPassage's pctbAttribs ([MS-ICPR] 3.2.4.1.1): UTF-16LE with a NUL at its end
/// that the length counts. No bytes at all are no attributes.
pub fn decode_attributes_blob(blob: &[u8]) -> Result<String, RequestError> {
    if blob.is_empty() {
        return Ok(String::new());
    }
    let (units, []) = blob.as_chunks::<2>() else { return Err(RequestError::AttributesEncoding) };
    let Some(([0, 0], units)) = units.split_last() else {
        return Err(RequestError::AttributesEncoding);
    };
    let text = char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)));
    text.collect::<Result<_, _>>().map_err(|_| RequestError::AttributesEncoding)
}

/// Reads the lines of `text`, up to its first NUL. Lines with bad syntax are ignored, as the
/// specification has it.
pub fn parse_attributes(text: &str, limits: &Limits) -> Result<Vec<Attribute>, RequestError> {
    let too_many = |what, limit| Err(RequestError::TooMany { what, limit });
    if text.len() > limits.attributes_bytes {
        return too_many("bytes of attributes", limits.attributes_bytes);
    }
    let text = text.split('\0').next().unwrap_or_default();
    if text.split('\n').nth(limits.attributes_lines).is_some() {
        return too_many("lines of attributes", limits.attributes_lines);
    }
    Ok(text.split('\n').filter_map(parse_line).collect())
}

fn parse_line(line: &str) -> Option<Attribute> {
    let (name, value) = line.split_once(':')?;
    attribute(name, value)
}

/// An attribute from its parts: blanks and dashes are removed from the name, blanks around the
/// value are trimmed. `None` where no name is left.
pub fn attribute(name: &str, value: &str) -> Option<Attribute> {
    let name: String = name.chars().filter(|char| !is_blank(*char) && *char != '-').collect();
    let value = value.trim_matches(is_blank).to_owned();
    (!name.is_empty()).then_some(Attribute { name, value })
}

fn is_blank(char: char) -> bool {
    char.is_ascii_whitespace()
}
