//! Templates in files: what `ldifde`, `ldapsearch` and the usual scripts export, in LDIF (RFC
//! 2849) or JSON, UTF-8 or UTF-16.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{AttributeError, Attributes};
use crate::model::{SddlError, SecurityDescriptor, Sid, Template};

/// The largest file, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const SECURITY: &str = "nTSecurityDescriptor";

/// Why a file is no export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Larger than 64 MiB.
    #[error("the file is larger than 64 MiB")]
    TooLarge,
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("the file is neither UTF-8 nor UTF-16")]
    NotText,
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of another form.
    #[error("not an object of attributes, or a list of those: {0}")]
    Form(String),
    /// Not LDIF.
    #[error("not LDIF: line {0}")]
    Ldif(usize),
}

/// A template of a file, if it can be understood.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Its cn, or what there is in place of one.
    pub name: String,
    /// The template.
    pub template: Result<Template, ExportedError>,
    /// Whether the file says who may enroll. Without, [`template`](Self::template) grants nobody
    /// anything.
    pub has_security: bool,
}

/// Why a template of a file cannot be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExportedError {
    /// An attribute.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// The security descriptor, in text.
    #[error("nTSecurityDescriptor: {0}")]
    Sddl(#[from] SddlError),
}

/// Reads the templates of a file. Objects of other classes are passed over.
///
/// # Errors
/// Where the file as a whole is none of the known forms.
pub fn read(bytes: &[u8]) -> Result<Vec<Exported>, ExportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ExportError::TooLarge);
    }
    let text = decode(bytes)?;
    let is_json = text.trim_start().starts_with(['{', '[']);
    let objects = if is_json { json(&text)? } else { ldif(&text)? };
    Ok(objects.into_iter().filter(is_template).map(exported).collect())
}

fn decode(bytes: &[u8]) -> Result<String, ExportError> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, []) = rest.as_chunks::<2>() else { return None };
        let units = units.iter().map(|bytes| unit(*bytes));
        char::decode_utf16(units).collect::<Result<String, _>>().ok()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
    .ok_or(ExportError::NotText)
}

/// By its class; exports that leave it out are of templates.
fn is_template(attributes: &Attributes) -> bool {
    let classes = attributes.values("objectClass");
    let is = |class: &Vec<u8>| class.eq_ignore_ascii_case(b"pKICertificateTemplate");
    classes.is_empty() || classes.iter().any(is)
}

fn exported(mut attributes: Attributes) -> Exported {
    let name = attributes.name().unwrap_or("a template without name").to_owned();
    let descriptors = attributes.remove(SECURITY);
    let text = descriptors.first().and_then(|value| str::from_utf8(value).ok());
    let sddl = text.filter(|text| text.starts_with(['O', 'G', 'D']) && text.contains(':'));
    if sddl.is_none() {
        attributes.insert(SECURITY, descriptors.clone());
    }
    let template = attributes.to_template().map_err(ExportedError::from);
    let template = template.and_then(|mut template| {
        if let Some(sddl) = sddl {
            template.security = SecurityDescriptor::from_sddl(sddl, &domain_of(sddl))?;
        }
        Ok(template)
    });
    Exported { name, template, has_security: !descriptors.is_empty() }
}

/// The domain of a descriptor in text, for its aliases: that of any account in it. Where there is
/// none, the aliases stand for groups of a domain that nobody knows.
fn domain_of(sddl: &str) -> Sid {
    let mut sids = sddl.split([';', ')', '(']).flat_map(|part| part.split("O:")).flat_map(|part| {
        let text = part.split(['G', 'D']).next().unwrap_or_default();
        text.parse::<Sid>().ok()
    });
    let domain = sids.find_map(|sid| match sid.sub_authorities() {
        [21, a, b, c, _] => Sid::new(5, &[21, *a, *b, *c]).ok(),
        _ => None,
    });
    domain.unwrap_or_else(|| Sid::new(5, &[21, 0, 0, 0]).unwrap_or_else(|_| Sid::everyone()))
}

fn json(text: &str) -> Result<Vec<Attributes>, ExportError> {
    match serde_json::from_str(text)? {
        Value::Array(objects) => objects.into_iter().map(object).collect(),
        other => Ok(vec![object(other)?]),
    }
}

fn object(value: Value) -> Result<Attributes, ExportError> {
    let Value::Object(fields) = value else { return Err(ExportError::Form(value.to_string())) };
    let mut attributes = Attributes::default();
    for (name, value) in fields {
        attributes.insert(&name, values(&name, value)?);
    }
    Ok(attributes)
}

/// Text, numbers, lists of text, octets as a list of numbers or as `{"hex": "…"}`.
fn values(name: &str, value: Value) -> Result<Vec<Vec<u8>>, ExportError> {
    let wrong = |value: &Value| ExportError::Form(format!("{name}: {value}"));
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone().into_bytes()),
        Value::Number(number) => Ok(number.to_string().into_bytes()),
        Value::Bool(truth) => Ok(truth.to_string().to_uppercase().into_bytes()),
        Value::Object(fields) => {
            let hex = fields.get("hex").and_then(Value::as_str);
            hex.and_then(|hex| hex::decode(hex).ok()).ok_or_else(|| wrong(value))
        }
        Value::Null | Value::Array(_) => Err(wrong(value)),
    };
    match &value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) if OCTETS.iter().any(|octets| octets.eq_ignore_ascii_case(name)) => {
            match octets(list) {
                Some(octets) => Ok(vec![octets]),
                None => list.iter().map(one).collect(),
            }
        }
        Value::Array(list) => list.iter().map(one).collect(),
        single => Ok(vec![one(single)?]),
    }
}

/// Attributes whose lists of numbers are the octets of one value.
const OCTETS: [&str; 4] = ["pKIExpirationPeriod", "pKIOverlapPeriod", "pKIKeyUsage", SECURITY];

fn octets(list: &[Value]) -> Option<Vec<u8>> {
    list.iter().map(|value| value.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
}

/// Records between empty lines; lines that begin with a space go on with the one before.
fn ldif(text: &str) -> Result<Vec<Attributes>, ExportError> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index.saturating_add(1);
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(more), Some((_, last))) => last.push_str(more),
            (Some(_), None) => return Err(ExportError::Ldif(number)),
            (None, _) => lines.push((number, line.to_owned())),
        }
    }
    let mut records = vec![Attributes::default()];
    for (number, line) in lines {
        match records.last_mut() {
            Some(record) if !line.is_empty() => add_line(record, &line, number)?,
            _ => records.push(Attributes::default()),
        }
    }
    records.retain(|record| record.name().is_some());
    Ok(records)
}

/// `name: text` or `name:: base64`. Comments, and what change records have beside attributes, say
/// nothing of a template.
fn add_line(record: &mut Attributes, line: &str, number: usize) -> Result<(), ExportError> {
    if line.starts_with('#') || line == "-" {
        return Ok(());
    }
    let wrong = || ExportError::Ldif(number);
    let (name, value) = line.split_once(':').ok_or_else(wrong)?;
    let value = match value.strip_prefix(':') {
        Some(encoded) => STANDARD.decode(encoded.trim()).map_err(|_| wrong())?,
        None => value.trim().as_bytes().to_vec(),
    };
    record.insert(name, [value]);
    Ok(())
}

#[cfg(test)]
mod tests;
