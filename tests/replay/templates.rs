//! The templates of a Windows CA: their security descriptors, and our default set beside theirs.

use std::path::Path;

use serde_json::Value;
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::directory::export::{self, Exported};
use wcce::model::{
    ENROLL, GeneralFlags, IssuancePolicy, LinkedGroup, Oid, SecurityDescriptor, Sid, Template,
    TemplateTable, Token,
};

use wcce::policy::{LintContext, lint};

use crate::tally;

/// The domain of the capture.
const DOMAIN: &str = "S-1-5-21-1047456448-2337630968-2720937775";

fn domain() -> Sid {
    DOMAIN.parse().expect("a SID")
}

fn templates(captures: &Path) -> Vec<Value> {
    let path = captures.join("templates/ws2016-default-templates.json");
    let text = std::fs::read_to_string(path).expect("the templates");
    serde_json::from_str(&text).expect("JSON")
}

fn name(template: &Value) -> &str {
    template["cn"].as_str().expect("cn")
}

fn security(template: &Value) -> SecurityDescriptor {
    let sddl = template["nTSecurityDescriptor"].as_str().expect("SDDL");
    SecurityDescriptor::from_sddl(sddl, &domain()).expect(sddl)
}

fn member_of(group: &str) -> Token {
    let group = match group.parse::<u32>() {
        Ok(rid) => domain().with_rid(rid).expect("a SID"),
        Err(_) => group.parse().expect("a SID"),
    };
    Token::new(domain().with_rid(1103).expect("a SID"), [group])
}

#[test]
fn security_descriptors_of_windows() {
    let Some(captures) = tally::captures("security descriptors of templates") else { return };
    let all = templates(&captures);
    assert_eq!(all.len(), 33);
    for template in &all {
        let read = security(template);
        let again = SecurityDescriptor::from_sddl(&read.to_sddl(), &domain());
        assert_eq!(again.as_ref(), Ok(&read), "{}", name(template));
        for (group, may) in [("512", true), ("519", true), ("S-1-5-11", false)] {
            let granted = read.grants_extended_right(&member_of(group), ENROLL);
            assert_eq!(granted, may, "{} {group}", name(template));
        }
        tally::ran("capture-template", name(template));
    }
    let enrollees = |group| {
        let token = member_of(group);
        let may = |t: &&Value| security(t).grants_extended_right(&token, ENROLL);
        let mut names: Vec<_> = all.iter().filter(may).map(name).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(enrollees("513"), ["ClientAuth", "EFS", "User", "UserSignature"]);
    assert_eq!(enrollees("515"), ["IPSECIntermediateOnline", "Machine", "Workstation"]);
}

#[test]
fn our_defaults_are_those_of_windows() {
    let Some(captures) = tally::captures("default templates") else { return };
    let all = templates(&captures);
    let text = EmbeddedDirectory::default_file("DOM", "dom.local", &domain());
    let ours = EmbeddedDirectory::parse(&text, Path::new("directory.toml")).expect("valid");
    let table: &TemplateTable = &ours.table();
    for row in table.rows() {
        let theirs = all.iter().find(|t| name(t) == row.template.name).expect("known to Windows");
        compare(&row.template, theirs);
        tally::ran("capture-template", "default");
    }
}

fn compare(ours: &Template, theirs: &Value) {
    let number = |key: &str| theirs[key].as_i64().unwrap_or_default() as u32;
    let list = |key: &str| -> Vec<Oid> {
        let values = theirs[key].as_array().cloned().unwrap_or_default();
        values.iter().map(|oid| oid.as_str().expect("text").parse().expect("an OID")).collect()
    };
    let bytes = |key: &str| hex::decode(theirs[key]["hex"].as_str().expect("hex")).expect("hex");
    let seconds = |key: &str| {
        let units = i64::from_le_bytes(bytes(key).try_into().expect("8 bytes"));
        u64::try_from(-units).expect("negative") / 10_000_000
    };
    let schema = ours.schema as u32 + 1;
    assert_eq!(schema, number("msPKI-Template-Schema-Version").max(1), "{}", ours.name);
    assert_eq!(
        (ours.major, ours.minor),
        (number("revision"), number("msPKI-Template-Minor-Revision"))
    );
    // Reserved bits are left out.
    let defined = GeneralFlags::from_bits_retain(number("flags") & !0x1F);
    assert_eq!(ours.flags, defined, "{}", ours.name);
    assert_eq!(ours.enrollment.bits(), number("msPKI-Enrollment-Flag"), "{}", ours.name);
    assert_eq!(ours.private_key.bits(), number("msPKI-Private-Key-Flag"), "{}", ours.name);
    assert_eq!(ours.names.bits(), number("msPKI-Certificate-Name-Flag"), "{}", ours.name);
    // Windows lets smart cards have 512 bits; nobody here does.
    assert_eq!(ours.minimal_key_size, number("msPKI-Minimal-Key-Size").max(2048));
    assert_eq!(ours.key_spec, number("pKIDefaultKeySpec"), "{}", ours.name);
    assert_eq!(ours.max_issuing_depth, Some(number("pKIMaxIssuingDepth")), "{}", ours.name);
    assert_eq!(ours.validity.as_secs(), seconds("pKIExpirationPeriod"), "{}", ours.name);
    assert_eq!(ours.renewal_overlap.as_secs(), seconds("pKIOverlapPeriod"), "{}", ours.name);
    assert_eq!(ours.key_usage.0.to_be_bytes().to_vec(), bytes("pKIKeyUsage"), "{}", ours.name);
    assert_eq!(ours.application_policies, list("pKIExtendedKeyUsage"), "{}", ours.name);
    assert_eq!(ours.critical_extensions, list("pKICriticalExtensions"), "{}", ours.name);
    for group in ["512", "513", "515", "519", "S-1-5-11"] {
        let token = member_of(group);
        let theirs = security(theirs).grants_extended_right(&token, ENROLL);
        assert_eq!(
            ours.security.grants_extended_right(&token, ENROLL),
            theirs,
            "{} {group}",
            ours.name
        );
    }
}

fn exported(captures: &Path, file: &str) -> Vec<Exported> {
    let bytes = std::fs::read(captures.join("templates").join(file)).expect(file);
    export::read(&bytes).expect(file)
}

/// The attributes that say nothing of what certificates are like.
const OTHERS: [&str; 9] = [
    "dn",
    "name",
    "cn",
    "objectClass",
    "objectCategory",
    "instanceType",
    "showInAdvancedViewOnly",
    "whenCreated",
    "displayName",
];

#[test]
fn every_attribute_of_windows_templates_is_understood() {
    let Some(captures) = tally::captures("attributes of templates") else { return };
    let raw = templates(&captures);
    let read = exported(&captures, "ws2016-default-templates.json");
    assert_eq!(read.len(), 33);
    for (exported, raw) in read.iter().zip(&raw) {
        let template = exported.template.as_ref().expect(&exported.name);
        assert!(exported.has_security);
        assert_eq!(template.security, security(raw), "{}", exported.name);
        for (attribute, value) in raw.as_object().expect("an object") {
            if !OTHERS.contains(&attribute.as_str()) && attribute != "nTSecurityDescriptor" {
                assert!(says(template, attribute, value), "{}: {attribute}", exported.name);
            }
        }
        tally::ran("capture-template-attributes", &exported.name);
    }
    let ocsp = read.iter().find(|e| e.name == "OCSPResponseSigning").expect("there");
    let algorithms = &ocsp.template.as_ref().expect("understood").algorithms;
    assert_eq!(algorithms.asymmetric.as_deref(), Some("RSA"));
    assert_eq!((algorithms.hash.as_deref(), algorithms.key_usage), (Some("SHA1"), Some(2)));
    assert!(algorithms.key_security.as_ref().is_some_and(|sddl| sddl.starts_with("D:P(A;;FA")));
}

/// Whether a template says what an attribute does.
fn says(template: &Template, attribute: &str, value: &Value) -> bool {
    let number = value.as_i64().unwrap_or_default();
    let bits = number as u32;
    let texts: Vec<&str> = value
        .as_array()
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let octets = || hex::decode(value["hex"].as_str().expect("hex")).expect("hex");
    let lasts = |span: std::time::Duration| {
        let units = i64::from_le_bytes(octets().try_into().expect("8 bytes"));
        span.as_nanos() == u128::from(units.unsigned_abs()) * 100
    };
    let are = |oids: &[Oid]| oids.iter().map(ToString::to_string).collect::<Vec<_>>() == texts;
    match attribute {
        "flags" => template.flags.bits() == bits,
        "revision" => i64::from(template.major) == number,
        "msPKI-Template-Schema-Version" => template.schema as i64 + 1 == number,
        "msPKI-Template-Minor-Revision" => i64::from(template.minor) == number,
        "msPKI-Cert-Template-OID" => {
            template.oid.as_ref().map(ToString::to_string).as_deref() == value.as_str()
        }
        "msPKI-Enrollment-Flag" => template.enrollment.bits() == bits,
        "msPKI-Private-Key-Flag" => template.private_key.bits() == bits,
        "msPKI-Certificate-Name-Flag" => template.names.bits() == bits,
        "msPKI-Minimal-Key-Size" => i64::from(template.minimal_key_size) == number,
        "msPKI-RA-Signature" => i64::from(template.ra_signatures) == number,
        "pKIDefaultKeySpec" => i64::from(template.key_spec) == number,
        "pKIMaxIssuingDepth" => template.max_issuing_depth.map_or(-1, i64::from) == number,
        "pKIExpirationPeriod" => lasts(template.validity),
        "pKIOverlapPeriod" => lasts(template.renewal_overlap),
        "pKIKeyUsage" => template.key_usage.0.to_be_bytes().to_vec() == octets(),
        "pKICriticalExtensions" => are(&template.critical_extensions),
        "pKIExtendedKeyUsage" | "msPKI-Certificate-Application-Policy" => {
            are(&template.application_policies)
        }
        "msPKI-RA-Application-Policies" => {
            are(&template.ra_application_policies)
                || (texts[0].contains('`') && template.ra_application_policies.is_empty())
        }
        "msPKI-Supersede-Templates" => match value.as_str() {
            Some(text) => template.supersedes == [text],
            None => template.supersedes == texts,
        },
        "pKIDefaultCSPs" => texts.iter().all(|text| {
            let (_, name) = text.split_once(',').expect("n,Name");
            template.default_csps.iter().any(|known| known == name)
        }),
        _ => false,
    }
}

fn linted(template: &Template) -> Vec<&'static str> {
    let table = TemplateTable::default();
    let context = LintContext { templates: &table, ca_validity: None };
    lint(template, &context).into_iter().map(|finding| finding.id).collect()
}

/// Nobody but administrators enrolls for what is dangerous, so next to nothing remains.
#[test]
fn what_the_linter_says_of_windows_templates() {
    let Some(captures) = tally::captures("linter on Windows' templates") else { return };
    let mut found = Vec::new();
    for exported in exported(&captures, "ws2016-default-templates.json") {
        for id in linted(exported.template.as_ref().expect("understood")) {
            found.push(format!("{} {id}", exported.name));
        }
        tally::ran("capture-template-lint", &exported.name);
    }
    found.sort_unstable();
    assert_eq!(found, ["EFSRecovery VALIDITY"]);
}

/// The templates of a laboratory for attacks, with the descriptors that its scripts give them.
#[test]
fn what_the_linter_says_of_goads_templates() {
    let Some(captures) = tally::captures("linter on GOAD's templates") else { return };
    let enroll = "O:DAD:(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DU)";
    let writable = "O:DAD:(A;;GA;;;S-1-5-21-1047456448-2337630968-2720937775-1112)";
    for (file, sddl, expected) in [
        ("goad-ESC1.json", enroll, &["ESC1"][..]),
        ("goad-ESC2.json", enroll, &["ESC2"]),
        ("goad-ESC3.json", enroll, &[]),
        ("goad-ESC3-CRA.json", enroll, &["ESC3"]),
        ("goad-ESC4.json", writable, &["ESC4", "RA-POLICY"]),
        ("goad-ESC9.json", enroll, &["ESC9"]),
        ("goad-ESC13.json", enroll, &["ESC13"]),
        ("adcstemplate-Tanium.json", enroll, &["ESC1", "ESC17"]),
        ("adcstemplate-PowerShellCMS.json", enroll, &[]),
    ] {
        let mut all = exported(&captures, file);
        assert_eq!(all.len(), 1, "{file}");
        let Exported { template, has_security, .. } = all.remove(0);
        assert!(!has_security, "{file}");
        let mut template = template.expect(file);
        template.security = SecurityDescriptor::from_sddl(sddl, &domain()).expect("valid");
        let table = TemplateTable::default();
        let group = LinkedGroup { name: "CN=greatmaster".to_owned(), sid: None };
        let policies = template.certificate_policies.iter().map(|oid| IssuancePolicy {
            oid: oid.clone(),
            display_name: "ESC13".to_owned(),
            cps: Vec::new(),
            user_notice: None,
            group: Some(group.clone()),
        });
        let table = table.with_policies(policies.collect()).expect("distinct");
        let context = LintContext { templates: &table, ca_validity: None };
        let ids: Vec<_> = lint(&template, &context).into_iter().map(|f| f.id).collect();
        assert_eq!(ids, expected, "{file}");
        tally::ran("capture-template-lint", file);
    }
}
