//! Templates as files describe them, turned into objects of the directory; the 33 templates of a
//! new forest.

use aws_lc_rs::rand;
use md5::{Digest, Md5};
use toml::{Table, Value};

use super::{Object, Rule};
use crate::directory::active_directory::Forest;
use crate::directory::{AttributeError, Attributes};
use crate::model::{SddlError, SecurityDescriptor, Sid, parse_duration};

/// Our description of them.
const DEFAULTS: &str = include_str!("default_templates.toml");

/// The templates that an enterprise CA of Windows issues from at first.
pub const FIRST_ENABLED: [&str; 11] = [
    "DirectoryEmailReplication",
    "DomainControllerAuthentication",
    "KerberosAuthentication",
    "EFSRecovery",
    "EFS",
    "DomainController",
    "WebServer",
    "Machine",
    "User",
    "SubCA",
    "Administrator",
];

/// Issuance policies of a new forest: last arc, and name.
const ASSURANCES: [(u32, &str); 3] =
    [(400, "Low Assurance"), (401, "Medium Assurance"), (402, "High Assurance")];

/// The arc that OIDs of forests are below ([MS-CRTD] 2.20).
const FOREST_ARCS: &str = "1.3.6.1.4.1.311.21.8";

/// `flags` of msPKI-Enterprise-Oid objects.
const TEMPLATE_OID: &str = "1";
const ISSUANCE_POLICY_OID: &str = "2";

/// A description of a template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateFileError {
    /// The file is no TOML.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// A key makes no sense.
    #[error("template {template:?}: {key}: {problem}")]
    Value {
        /// Which template.
        template: String,
        /// Which key.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// What the keys add up to is no template.
    #[error(transparent)]
    Attributes(#[from] AttributeError),
    /// The security descriptor.
    #[error("nTSecurityDescriptor: {0}")]
    Security(#[from] SddlError),
    /// No random numbers for a new OID.
    #[error("the random number generator failed")]
    Random,
}

/// What OIDs are below, and what aliases mean, in one forest.
pub struct Naming<'a> {
    /// The forest.
    pub forest: &'a Forest,
    /// SID of its root domain.
    pub root_domain: &'a Sid,
    /// The forest's own arc.
    pub arc: &'a str,
}

/// The forest's own arc: that of CN=OID where it has one, else made of the container's GUID, as
/// Windows does: five arcs of three bytes, and one of the last byte.
pub fn forest_arc(guid: &[u8; 16]) -> String {
    let (threes, rest) = guid.as_chunks::<3>();
    let threes = threes.iter().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]));
    let arcs: Vec<String> =
        threes.chain(rest.iter().map(|byte| u32::from(*byte))).map(|arc| arc.to_string()).collect();
    format!("{FOREST_ARCS}.{}", arcs.join("."))
}

/// The templates, their OIDs and the issuance policies of a new forest.
///
/// # Errors
/// Never, as a test shows.
pub fn defaults(naming: &Naming<'_>) -> Result<Vec<Object>, TemplateFileError> {
    let mut objects = objects(DEFAULTS, naming)?;
    for (last, name) in ASSURANCES {
        let oid = format!("{}.1.{last}", naming.arc);
        objects.push(oid_object(naming, &oid, name, ISSUANCE_POLICY_OID));
    }
    Ok(objects)
}

/// The objects of the templates in a file: each template, and from schema version 2 on its OID.
///
/// # Errors
/// Names the template and the key that make no sense.
pub fn objects(text: &str, naming: &Naming<'_>) -> Result<Vec<Object>, TemplateFileError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        template: Vec<Table>,
    }
    let file: File = toml::from_str(text)?;
    let mut objects = Vec::new();
    for table in &file.template {
        objects.extend(template(table, naming)?);
    }
    Ok(objects)
}

fn template(table: &Table, naming: &Naming<'_>) -> Result<Vec<Object>, TemplateFileError> {
    let cn = table.get("cn").and_then(Value::as_str).unwrap_or_default();
    let dn = format!(
        "CN={},CN=Certificate Templates,{}",
        ldap3::dn_escape(cn),
        naming.forest.public_key_services()
    );
    let mut object = Object::new(dn, "pKICertificateTemplate").with(
        "showInAdvancedViewOnly",
        Rule::Initial,
        ["TRUE"],
    );
    let mut lists = [Vec::new(), Vec::new()];
    let mut sddl = None;
    let oid = oid(table.get("msPKI-Cert-Template-OID"), naming)?;
    for (key, value) in table {
        let wrong = |problem: String| TemplateFileError::Value {
            template: cn.to_owned(),
            key: key.clone(),
            problem,
        };
        match key.as_str() {
            "enroll" | "autoenroll" => {
                let [enroll, autoenroll] = &mut lists;
                let list = if key == "enroll" { enroll } else { autoenroll };
                *list = texts(value).ok_or_else(|| wrong("a list of names".to_owned()))?;
            }
            "nTSecurityDescriptor" => sddl = value.as_str().map(str::to_owned),
            "msPKI-Cert-Template-OID" => {}
            _ => object = object.with(key, Rule::Initial, values(key, value).map_err(wrong)?),
        }
    }
    object = object.with("msPKI-Cert-Template-OID", Rule::Initial, [oid.as_str()]);
    let [enroll, autoenroll] = lists;
    let sddl = sddl.unwrap_or_else(|| template_sddl(&enroll, &autoenroll));
    let descriptor = SecurityDescriptor::from_sddl(&sddl, naming.root_domain)?;
    object = object.with("nTSecurityDescriptor", Rule::Initial, [descriptor.to_bytes(true)]);
    let mut attributes = Attributes::default();
    for attribute in &object.attributes {
        attributes.insert(&attribute.name, attribute.values.iter().cloned());
    }
    // What the CA would not understand is not written.
    let read = attributes.to_template()?;
    let with_oid = (read.schema > crate::model::SchemaVersion::V1)
        .then(|| oid_object(naming, &oid, &read.display_name, TEMPLATE_OID));
    Ok([Some(object), with_oid].into_iter().flatten().collect())
}

/// A last arc, a whole OID, or a new one.
fn oid(value: Option<&Value>, naming: &Naming<'_>) -> Result<String, TemplateFileError> {
    match value {
        Some(Value::String(oid)) => Ok(oid.clone()),
        Some(Value::Integer(last)) => Ok(format!("{}.1.{last}", naming.arc)),
        _ => {
            // As Windows' snap-in makes them: two random arcs below the forest's.
            let mut random = [0; 8];
            rand::fill(&mut random).map_err(|_| TemplateFileError::Random)?;
            let [a, b, c, d, e, f, g, h] = random;
            let arc = |bytes| u32::from_be_bytes(bytes) >> 5;
            Ok(format!("{}.{}.{}", naming.arc, arc([a, b, c, d]), arc([e, f, g, h])))
        }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let texts = value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned));
    texts.collect()
}

/// The values of an attribute, as LDAP carries them.
fn values(key: &str, value: &Value) -> Result<Vec<Vec<u8>>, String> {
    match (key, value) {
        ("pKIExpirationPeriod" | "pKIOverlapPeriod", Value::String(text)) => {
            let span = parse_duration(text).map_err(|error| error.to_string())?;
            let units = i64::try_from(span.as_nanos() / 100).map_err(|error| error.to_string())?;
            Ok(vec![units.saturating_neg().to_le_bytes().to_vec()])
        }
        ("pKIKeyUsage", Value::String(text)) => {
            hex::decode(text).map(|bytes| vec![bytes]).map_err(|error| error.to_string())
        }
        (_, Value::Integer(number)) => signed(*number).map(|text| vec![text.into_bytes()]),
        (_, Value::String(text)) => Ok(vec![text.clone().into_bytes()]),
        (_, Value::Array(_)) => texts(value)
            .map(|texts| texts.into_iter().map(String::into_bytes).collect())
            .ok_or_else(|| "a list of strings".to_owned()),
        _ => Err("a number, a string or a list of strings".to_owned()),
    }
}

/// Numbers of the directory have 32 bits and a sign; flags are written without one.
fn signed(number: i64) -> Result<String, String> {
    let signed =
        i32::try_from(number).ok().or_else(|| u32::try_from(number).ok().map(u32::cast_signed));
    signed.map(|number| number.to_string()).ok_or_else(|| "a number of 32 bits".to_owned())
}

/// Everybody who is authenticated reads, administrators change, and those listed enroll.
fn template_sddl(enroll: &[String], autoenroll: &[String]) -> String {
    const MOST: &str = "CCDCLCSWRPWPDTLOSDRCWDWO";
    let mut sddl = format!("O:EAG:EAD:PAI(A;;LCRPLORC;;;AU)(A;;{MOST};;;DA)(A;;{MOST};;;EA)");
    for (list, right) in [(enroll, crate::model::ENROLL), (autoenroll, crate::model::AUTO_ENROLL)] {
        for who in list {
            // Read-only domain controllers write nothing.
            let rights = if who == "RO" { "RPCR" } else { "RPWPCR" };
            sddl.push_str(&format!("(OA;;{rights};{right};;{who})"));
        }
    }
    sddl
}

/// An msPKI-Enterprise-Oid object: its name is the last arc and the MD5 of the OID, as Windows
/// does.
fn oid_object(naming: &Naming<'_>, oid: &str, display_name: &str, flags: &str) -> Object {
    let text: Vec<u8> = oid.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let last = oid.rsplit('.').next().unwrap_or(oid);
    let hash = hex::encode_upper(Md5::digest(text));
    let dn = format!("CN={last}.{hash},CN=OID,{}", naming.forest.public_key_services());
    Object::new(dn, "msPKI-Enterprise-Oid")
        .with("displayName", Rule::Initial, [display_name])
        .with("flags", Rule::Initial, [flags])
        .with("msPKI-Cert-Template-OID", Rule::Initial, [oid])
        .with("showInAdvancedViewOnly", Rule::Initial, ["TRUE"])
}
