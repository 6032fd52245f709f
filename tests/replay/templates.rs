//! The templates of a Windows CA: their security descriptors, and our default set beside theirs.

use std::path::Path;

use serde_json::Value;
use wcce::directory::embedded::EmbeddedDirectory;
use wcce::model::{
    ENROLL, GeneralFlags, Oid, SecurityDescriptor, Sid, Template, TemplateTable, Token,
};

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
