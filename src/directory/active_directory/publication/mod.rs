//! What a CA writes into the directory: wanted objects, the steps from what is there to what is
//! wanted, and these steps as LDIF.

pub mod ca;
pub mod templates;

use std::collections::HashSet;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ldap3::Mod;

use super::connection::Connection;
use super::entry::Entry;
use super::link::LinkError;

/// An object that should be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes. The first is objectClass.
    pub attributes: Vec<Attribute>,
}

/// An attribute that an object should have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<Vec<u8>>,
    /// What is done to an object that is there already.
    pub rule: Rule,
}

/// What is done to an attribute of an object that is there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Nothing: others may have changed it since.
    Initial,
    /// It is made to have these values and no others.
    Exact,
    /// The values are put beside those that are there.
    Include,
}

impl Object {
    /// An object of this class.
    pub fn new(dn: impl Into<String>, class: &str) -> Self {
        Self { dn: dn.into(), attributes: Vec::new() }.with(
            "objectClass",
            Rule::Initial,
            ["top", class],
        )
    }

    /// The same, with an attribute more.
    pub fn with(
        mut self,
        name: &str,
        rule: Rule,
        values: impl IntoIterator<Item = impl Into<Vec<u8>>>,
    ) -> Self {
        let values: Vec<Vec<u8>> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.attributes.push(Attribute { name: name.to_owned(), values, rule });
        }
        self
    }

    /// What is to be done where the directory holds `current`.
    pub fn step(&self, current: Option<&Entry>) -> Option<Step> {
        let Some(current) = current else { return Some(Step::Add(self.clone())) };
        let changes: Vec<Change> = self
            .attributes
            .iter()
            .filter_map(|attribute| attribute.change(current.attributes.values(&attribute.name)))
            .collect();
        (!changes.is_empty()).then(|| Step::Modify { dn: self.dn.clone(), changes })
    }
}

impl Attribute {
    fn change(&self, current: &[Vec<u8>]) -> Option<Change> {
        let missing: Vec<_> =
            self.values.iter().filter(|value| !current.contains(value)).cloned().collect();
        let change = |kind, values| Some(Change { kind, name: self.name.clone(), values });
        match self.rule {
            Rule::Initial => None,
            Rule::Include if missing.is_empty() => None,
            Rule::Include => change(ChangeKind::Add, missing),
            Rule::Exact if missing.is_empty() && current.len() == self.values.len() => None,
            Rule::Exact => change(ChangeKind::Replace, self.values.clone()),
        }
    }
}

/// One change of the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// An object is made.
    Add(Object),
    /// An object is changed.
    Modify {
        /// Which.
        dn: String,
        /// How.
        changes: Vec<Change>,
    },
    /// An object is removed.
    Delete {
        /// Which.
        dn: String,
    },
}

/// One change of an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What is done with the values.
    pub kind: ChangeKind,
    /// Which attribute.
    pub name: String,
    /// The values.
    pub values: Vec<Vec<u8>>,
}

/// What a change does with its values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// They are added.
    Add,
    /// They are taken away.
    Delete,
    /// They take the place of all others.
    Replace,
}

impl Step {
    /// Which object it is about.
    pub fn dn(&self) -> &str {
        match self {
            Self::Add(object) => &object.dn,
            Self::Modify { dn, .. } | Self::Delete { dn } => dn,
        }
    }

    /// The step as LDIF (RFC 2849), with an empty line behind it.
    pub fn to_ldif(&self) -> String {
        let mut out = String::new();
        ldif_line(&mut out, "dn", self.dn().as_bytes());
        match self {
            Self::Add(object) => {
                out.push_str("changetype: add\n");
                for attribute in &object.attributes {
                    for value in &attribute.values {
                        ldif_line(&mut out, &attribute.name, value);
                    }
                }
            }
            Self::Modify { changes, .. } => {
                out.push_str("changetype: modify\n");
                for change in changes {
                    let kind = match change.kind {
                        ChangeKind::Add => "add",
                        ChangeKind::Delete => "delete",
                        ChangeKind::Replace => "replace",
                    };
                    // Writing to a String cannot fail.
                    let _ = writeln!(out, "{kind}: {}", change.name);
                    for value in &change.values {
                        ldif_line(&mut out, &change.name, value);
                    }
                    out.push_str("-\n");
                }
            }
            Self::Delete { .. } => out.push_str("changetype: delete\n"),
        }
        out.push('\n');
        out
    }

    /// Takes the step.
    pub(super) async fn apply(&self, connection: &Connection) -> Result<(), LinkError> {
        match self {
            Self::Add(object) => {
                let attributes = object.attributes.iter().map(|attribute| {
                    let values: HashSet<Vec<u8>> = attribute.values.iter().cloned().collect();
                    (attribute.name.clone().into_bytes(), values)
                });
                connection.add(&object.dn, attributes.collect()).await
            }
            Self::Modify { dn, changes } => {
                let changes = changes.iter().map(|change| {
                    let name = change.name.clone().into_bytes();
                    let values: HashSet<Vec<u8>> = change.values.iter().cloned().collect();
                    match change.kind {
                        ChangeKind::Add => Mod::Add(name, values),
                        ChangeKind::Delete => Mod::Delete(name, values),
                        ChangeKind::Replace => Mod::Replace(name, values),
                    }
                });
                connection.modify(dn, changes.collect()).await
            }
            Self::Delete { dn } => connection.delete(dn).await,
        }
    }
}

/// `name: value`, in base64 where the value is not plain (RFC 2849 SAFE-STRING).
fn ldif_line(out: &mut String, name: &str, value: &[u8]) {
    let plain = value.iter().all(|byte| matches!(byte, 0x20..=0x7E))
        && !value.ends_with(b" ")
        && !matches!(value.first(), Some(b' ' | b':' | b'<'));
    // Writing to a String cannot fail.
    let _ = match std::str::from_utf8(value) {
        Ok(text) if plain => writeln!(out, "{name}: {text}"),
        _ => writeln!(out, "{name}:: {}", STANDARD.encode(value)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Object {
        Object::new("CN=a,DC=test", "container")
            .with("cACertificate", Rule::Include, [vec![0x30, 0x00]])
            .with("dNSHostName", Rule::Exact, ["ca1.test"])
            .with("flags", Rule::Initial, ["10"])
    }

    fn current(attributes: &[(&str, &[u8])]) -> Entry {
        let mut entry = Entry::default();
        for (name, value) in attributes {
            entry.attributes.insert(name, [value.to_vec()]);
        }
        entry
    }

    #[test]
    fn a_missing_object_is_made_whole() {
        let Some(step @ Step::Add(_)) = object().step(None) else { panic!("no object is there") };
        assert_eq!(
            step.to_ldif(),
            "dn: CN=a,DC=test\nchangetype: add\nobjectClass: top\nobjectClass: container\n\
             cACertificate:: MAA=\ndNSHostName: ca1.test\nflags: 10\n\n"
        );
    }

    #[test]
    fn what_is_there_is_kept_true_and_what_is_right_left_alone() {
        let right: [(&str, &[u8]); 3] =
            [("cacertificate", b"\x30\x00"), ("dNSHostName", b"ca1.test"), ("flags", b"11")];
        assert_eq!(object().step(Some(&current(&right))), None);
        let moved: [(&str, &[u8]); 2] = [("cACertificate", b"old"), ("dNSHostName", b"ca0.test")];
        let step = object().step(Some(&current(&moved))).expect("a change");
        assert_eq!(
            step.to_ldif(),
            "dn: CN=a,DC=test\nchangetype: modify\nadd: cACertificate\ncACertificate:: MAA=\n-\n\
             replace: dNSHostName\ndNSHostName: ca1.test\n-\n\n"
        );
    }

    #[test]
    fn ldif_keeps_what_is_not_plain_in_base64() {
        let mut out = String::new();
        for value in ["plain", " led", "end ", ":colon", "<url", "Ü", "", "two\nlines"] {
            ldif_line(&mut out, "x", value.as_bytes());
        }
        assert_eq!(
            out,
            "x: plain\nx:: IGxlZA==\nx:: ZW5kIA==\nx:: OmNvbG9u\nx:: PHVybA==\nx:: w5w=\nx: \n\
             x:: dHdvCmxpbmVz\n"
        );
    }
}
