//! Text forms of distinguished names: RFC 4514, and Windows' X.500 display form.

use std::fmt;
use std::iter::Peekable;
use std::str::{Chars, FromStr};

use crate::model::{NameAttribute, Oid};

use super::name::{Name, Rdn, decode_value, encode_value, hex_value};
use super::{Element, Writer, oids};

/// Text that is not a distinguished name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a distinguished name (RFC 4514, such as CN=alice,OU=Staff,DC=example,DC=com): {0}")]
pub struct NameTextError(&'static str);

/// What each attribute type is called: Windows' key first, then other spellings that are read.
const KEYS: &[(Oid, &[&str])] = &[
    (oids::COMMON_NAME, &["CN", "CommonName"]),
    (oids::LOCALITY, &["L", "Locality"]),
    (oids::STATE, &["S", "ST", "State"]),
    (oids::ORGANIZATION, &["O", "Org", "Organization"]),
    (oids::ORGANIZATIONAL_UNIT, &["OU", "OrgUnit", "OrganizationUnit", "OrganizationalUnit"]),
    (oids::COUNTRY, &["C", "Country"]),
    (oids::STREET, &["STREET"]),
    (oids::DOMAIN_COMPONENT, &["DC", "DomainComponent"]),
    (oids::USER_ID, &["UID"]),
    (oids::EMAIL_ADDRESS, &["E", "Email", "EmailAddress"]),
    (oids::SURNAME, &["SN", "Surname"]),
    (oids::GIVEN_NAME, &["G", "GN", "GivenName"]),
    (oids::INITIALS, &["I", "Initials"]),
    (oids::TITLE, &["T", "Title"]),
    (oids::SERIAL_NUMBER, &["SERIALNUMBER", "DeviceSerialNumber"]),
    (oids::DN_QUALIFIER, &["dnQualifier"]),
    (oids::DESCRIPTION, &["Description"]),
    (oids::POSTAL_CODE, &["PostalCode"]),
    (oids::TELEPHONE_NUMBER, &["Phone"]),
    (oids::UNSTRUCTURED_NAME, &["UnstructuredName"]),
    (oids::UNSTRUCTURED_ADDRESS, &["UnstructuredAddress"]),
];

/// The keys that RFC 4514 section 3 defines; other types are written as dotted OIDs.
const RFC4514_KEYS: [&str; 9] = ["CN", "L", "ST", "O", "OU", "C", "STREET", "DC", "UID"];

impl Name {
    /// [`to_windows_text`](Self::to_windows_text) of the Name that fills `der`, for people; empty
    /// where it cannot be read.
    pub fn windows_text_of(der: &[u8]) -> String {
        Self::from_der(der).map(|name| name.to_windows_text()).unwrap_or_default()
    }

    /// The form that Windows tools and the Request table's DistinguishedName columns show: most
    /// specific part first, `, ` between parts, values in quotes where they hold separators.
    pub fn to_windows_text(&self) -> String {
        let part = |attribute: &NameAttribute| {
            let key = windows_key(&attribute.oid)
                .map_or_else(|| format!("OID.{}", attribute.oid), str::to_owned);
            format!("{key}={}", windows_value(&attribute.value))
        };
        let rdn = |rdn: &Rdn| rdn.iter().map(part).collect::<Vec<_>>().join(" + ");
        self.rdns.iter().rev().map(rdn).collect::<Vec<_>>().join(", ")
    }

    /// Parses RFC 4514 text. Also read: blanks around separators, `;` between parts, values in
    /// quotes, Windows' keys, `OID.` before a dotted OID.
    pub fn parse(text: &str) -> Result<Self, NameTextError> {
        let mut parser = Parser { chars: text.chars().peekable() };
        parser.skip_blanks();
        if parser.chars.peek().is_none() {
            return Ok(Self::default());
        }
        let mut rdns = vec![vec![parser.attribute()?]];
        while let Some(separator) = parser.chars.next() {
            let attribute = parser.attribute()?;
            match (separator, rdns.last_mut()) {
                ('+', Some(rdn)) => rdn.push(attribute),
                _ => rdns.push(vec![attribute]),
            }
        }
        rdns.reverse();
        Ok(Self { rdns })
    }
}

/// RFC 4514 text.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().rev().enumerate() {
            for (inner, attribute) in rdn.iter().enumerate() {
                match (index, inner) {
                    (0, 0) => {}
                    (_, 0) => f.write_str(",")?,
                    _ => f.write_str("+")?,
                }
                write_attribute(f, attribute)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Name {
    type Err = NameTextError;

    fn from_str(text: &str) -> Result<Self, NameTextError> {
        Self::parse(text)
    }
}

fn write_attribute(f: &mut fmt::Formatter<'_>, attribute: &NameAttribute) -> fmt::Result {
    match rfc4514_key(&attribute.oid) {
        Some(key) => {
            write!(f, "{key}=")?;
            write_escaped(f, &attribute.value)
        }
        None => {
            let mut value = Writer::new();
            encode_value(&mut value, attribute);
            write!(f, "{}={}", attribute.oid, hex_value(&value.into_bytes()))
        }
    }
}

/// RFC 4514 2.4.
fn write_escaped(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (index, char) in value.chars().enumerate() {
        match char {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(f, "\\{char}")?,
            '#' if index == 0 => f.write_str("\\#")?,
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            control if control.is_ascii_control() => write!(f, "\\{:02X}", u32::from(control))?,
            other => write!(f, "{other}")?,
        }
    }
    Ok(())
}

fn windows_value(value: &str) -> String {
    let special = |char: char| ",+=\"\n<>#;".contains(char);
    let blank_end = value.starts_with(' ') || value.ends_with(' ');
    if value.is_empty() || blank_end || value.contains(special) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

fn windows_key(oid: &Oid) -> Option<&'static str> {
    KEYS.iter().find(|(key, _)| key == oid).and_then(|(_, names)| names.first().copied())
}

fn rfc4514_key(oid: &Oid) -> Option<&'static str> {
    let (_, names) = KEYS.iter().find(|(key, _)| key == oid)?;
    names.iter().find(|name| RFC4514_KEYS.contains(name)).copied()
}

fn attribute_type(key: &str) -> Result<Oid, NameTextError> {
    let known = KEYS
        .iter()
        .find(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(key)))
        .map(|(oid, _)| oid.clone());
    let dotted = match key.split_at_checked(4) {
        Some((prefix, dotted)) if prefix.eq_ignore_ascii_case("OID.") => dotted,
        _ => key,
    };
    known.or_else(|| dotted.parse().ok()).ok_or(NameTextError("an attribute type is unknown"))
}

struct Parser<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        while self.chars.next_if_eq(&' ').is_some() {}
    }

    /// `key=value`, up to the separator behind it.
    fn attribute(&mut self) -> Result<NameAttribute, NameTextError> {
        self.skip_blanks();
        let mut key = String::new();
        loop {
            match self.chars.next() {
                Some('=') => break,
                Some(char) => key.push(char),
                None => return Err(NameTextError("a part has no '='")),
            }
        }
        let oid = attribute_type(key.trim_end_matches(' '))?;
        self.skip_blanks();
        let value = match self.chars.peek() {
            Some('#') => self.hex()?,
            Some('"') => self.quoted()?,
            _ => self.string()?,
        };
        if value.contains('\0') {
            return Err(NameTextError("a value holds a NUL character"));
        }
        Ok(NameAttribute { oid, value })
    }

    fn at_end_of_value(&mut self) -> bool {
        matches!(self.chars.peek(), None | Some(',' | ';' | '+'))
    }

    fn hex(&mut self) -> Result<String, NameTextError> {
        const BAD: NameTextError = NameTextError("a value after '#' is not the hex of DER");
        self.chars.next();
        let mut der = Vec::new();
        while !self.at_end_of_value() && self.chars.peek() != Some(&' ') {
            der.push(self.hex_pair().ok_or(BAD)?);
        }
        self.end_of_value()?;
        let element = Element::parse(&der).map_err(|_| BAD)?;
        decode_value(&element).map_err(|_| BAD)
    }

    fn quoted(&mut self) -> Result<String, NameTextError> {
        self.chars.next();
        let mut value = Vec::new();
        loop {
            match self.chars.next() {
                Some('"') if self.chars.next_if_eq(&'"').is_some() => value.push(b'"'),
                Some('"') => break,
                Some('\\') => self.escape(&mut value)?,
                Some(char) => push(&mut value, char),
                None => return Err(NameTextError("a quote is not closed")),
            }
        }
        self.end_of_value()?;
        utf8(value)
    }

    fn string(&mut self) -> Result<String, NameTextError> {
        let mut value = Vec::new();
        let mut keep = 0;
        while !self.at_end_of_value() {
            match self.chars.next() {
                Some('\\') => self.escape(&mut value)?,
                Some('"' | '<' | '>') => {
                    return Err(NameTextError("a special character is not escaped"));
                }
                Some(' ') => {
                    value.push(b' ');
                    continue;
                }
                Some(char) => push(&mut value, char),
                None => break,
            }
            keep = value.len();
        }
        value.truncate(keep);
        utf8(value)
    }

    /// What follows a backslash: a special character, or a byte in hex.
    fn escape(&mut self, value: &mut Vec<u8>) -> Result<(), NameTextError> {
        const BAD: NameTextError = NameTextError("a backslash escapes nothing");
        match self.chars.peek() {
            Some(char) if char.is_ascii_hexdigit() => value.push(self.hex_pair().ok_or(BAD)?),
            Some(char) if " \"#+,;<=>\\".contains(*char) => {
                push(value, *char);
                self.chars.next();
            }
            _ => return Err(BAD),
        }
        Ok(())
    }

    fn hex_pair(&mut self) -> Option<u8> {
        let mut digit = || self.chars.next_if(char::is_ascii_hexdigit)?.to_digit(16);
        let (high, low) = (digit()?, digit()?);
        u8::try_from((high << 4) | low).ok()
    }

    fn end_of_value(&mut self) -> Result<(), NameTextError> {
        self.skip_blanks();
        if self.at_end_of_value() { Ok(()) } else { Err(NameTextError("text follows a value")) }
    }
}

fn push(value: &mut Vec<u8>, char: char) {
    value.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

fn utf8(value: Vec<u8>) -> Result<String, NameTextError> {
    String::from_utf8(value).map_err(|_| NameTextError("escaped bytes are not UTF-8"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Vec<Vec<(Oid, String)>> {
        let name = Name::parse(text).expect(text);
        let rdn = |rdn: Rdn| rdn.into_iter().map(|a| (a.oid, a.value)).collect();
        name.rdns.into_iter().map(rdn).collect()
    }

    #[test]
    fn directory_names_are_reversed_into_the_encoding() {
        let expected = [
            vec![(oids::DOMAIN_COMPONENT, "test".to_owned())],
            vec![(oids::DOMAIN_COMPONENT, "wcce".to_owned())],
            vec![(oids::COMMON_NAME, "Doe, John".to_owned())],
        ];
        assert_eq!(parsed("CN=Doe\\, John,DC=wcce,DC=test"), expected);
        assert_eq!(parsed(" cn = \"Doe, John\" ; dc=wcce , DC=test"), expected);
        assert_eq!(
            parsed("2.5.4.3=Doe\\2C John,oid.0.9.2342.19200300.100.1.25=wcce,DC=test"),
            expected
        );
    }

    #[test]
    fn examples_of_rfc_4514() {
        for text in [
            "UID=jsmith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net",
            "CN=Before\\0DAfter,DC=example,DC=net",
            "CN=Lučić",
            "",
        ] {
            assert_eq!(Name::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(parsed("CN=Lu\\C4\\8Di\\C4\\87")[0][0].1, "Lučić");
        assert_eq!(parsed("1.3.6.1.4.1.1466.0=#04024869")[0][0].1, "#04024869");
        assert_eq!(parsed("CN=\\ a \\ ,C=")[1][0].1, " a  ");
    }

    #[test]
    fn windows_text() {
        let name =
            Name::parse("CN=Doe\\, \\\"J\\\",S=x+L=y,E=a@b,2.5.4.99=z,DC=test").expect("valid");
        let text = "CN=\"Doe, \"\"J\"\"\", S=x + L=y, E=a@b, OID.2.5.4.99=z, DC=test";
        assert_eq!(name.to_windows_text(), text);
        assert_eq!(Name::parse(text).expect("valid"), name);
    }

    #[test]
    fn malformed_is_refused() {
        for text in [
            "alice",
            "CN=a,",
            "CN=a+",
            "=a",
            "XX=a",
            "CN=\"a",
            "CN=\"a\"b",
            "CN=#0",
            "CN=#zz",
            "CN=#0500ff",
            "CN=a\\",
            "CN=a\\x",
            "CN=a<b",
            "CN=a\"b",
            "CN=\\FF",
            "CN=\\00",
            ",CN=a",
        ] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }

    fn any_name() -> impl Strategy<Value = Name> {
        let oid = (0..KEYS.len()).prop_map(|index| KEYS[index].0.clone());
        let value = "[^\0]{0,12}|[ ,+=\"<>#;\\\\a]{0,6}"
            .prop_filter("no text of a hex value", |v| !v.starts_with('#') || !v.is_ascii());
        let attribute = (oid, value).prop_map(|(oid, value)| NameAttribute { oid, value });
        let rdn = prop::collection::vec(attribute, 1..3);
        prop::collection::vec(rdn, 0..5).prop_map(|rdns| Name { rdns })
    }

    /// DER sorts the attributes of a relative name.
    fn sorted(mut name: Name) -> Name {
        for rdn in &mut name.rdns {
            rdn.sort_by(|a, b| (&a.oid, &a.value).cmp(&(&b.oid, &b.value)));
        }
        name
    }

    proptest! {
        #[test]
        fn text_and_der_round_trip(name in any_name()) {
            let text = name.to_string();
            prop_assert_eq!(Name::parse(&text).expect(&text), name.clone(), "{}", text);
            let windows = name.to_windows_text();
            // Windows' form does not escape: a backslash in it is one.
            if !windows.contains('\\') {
                prop_assert_eq!(Name::parse(&windows).expect(&windows), name.clone(), "{}", windows);
            }
            let read = Name::from_der(&name.to_der()).expect("own encoding");
            prop_assert_eq!(sorted(read), sorted(name));
        }

        #[test]
        fn any_text_is_parsed_without_panic(text in "\\PC{0,40}|[A-Z=,+;\"#\\\\ ]{0,20}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(Name::parse(&name.to_string()), Ok(name));
            }
        }
    }
}
