//! Entries of search results.

use lber::structure::{PL, StructureTag};

use crate::directory::Attributes;
use crate::model::Sid;

/// An object, with the attributes that were asked for and are there.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// Bytes that it takes, about.
    pub(super) size: usize,
}

impl Entry {
    /// Reads a SearchResultEntry; `None` where it is none, or holds a part of an attribute's
    /// values alone (range retrieval), which would look like all of them.
    #[doc(hidden)]
    pub fn from_ldap(entry: StructureTag) -> Option<Self> {
        let [dn, attributes] = parts(entry)?.try_into().ok()?;
        let mut read = Self { dn: text(dn)?, ..Self::default() };
        read.size = read.dn.len();
        for attribute in parts(attributes)? {
            let [name, values] = parts(attribute)?.try_into().ok()?;
            let name = text(name)?;
            if name.contains(";range=") {
                return None;
            }
            let values: Vec<Vec<u8>> =
                parts(values)?.into_iter().map(octets).collect::<Option<_>>()?;
            let bytes = values.iter().map(|value| value.len().saturating_add(32));
            read.size = bytes.fold(read.size, usize::saturating_add);
            read.attributes.insert(&name, values);
        }
        Some(read)
    }

    /// The first value of an attribute.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.attributes.values(name).first().map(Vec::as_slice)
    }

    /// The first value of an attribute, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.value(name)?).ok()
    }

    /// Those values of an attribute that are text.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.attributes.values(name).iter().filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of an attribute, if it is a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// objectSid.
    pub fn sid(&self) -> Option<Sid> {
        Sid::from_bytes(self.value("objectSid")?).ok()
    }
}

fn parts(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn octets(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(octets(tag)?).ok()
}
