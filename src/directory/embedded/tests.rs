use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::asn1::oids;
use crate::model::{
    AUTO_ENROLL, ENROLL, EnrollmentFlags, KeyUsage, NameFlags, PrincipalKind, SchemaVersion,
};

const DOMAIN: &str = r#"
    [domain]
    netbios = "LAB"
    dns = "lab.test"
    sid = "S-1-5-21-1-2-3"
"#;

const ACCOUNTS: &str = r#"
    [[groups]]
    name = "PKI Enrollees"
    rid = 1107
    member_of = ["All PKI"]

    [[groups]]
    name = "All PKI"
    rid = 1108
    member_of = ["PKI Enrollees"]

    [[users]]
    name = "alice"
    rid = 1103
    cn = "Alice, Example"
    upn = "alice.x@upn.test"
    mail = "alice@lab.test"
    member_of = ["pki enrollees"]
    nt_hash = "00112233445566778899aabbccddeeFF"

    [[users]]
    name = "root"
    rid = 500
    member_of = ["Domain Admins"]
    enabled = false

    [[computers]]
    name = "WS1$"
    rid = 1109
    dns_host_name = "ws1.lab.test"
"#;

const TEMPLATE: &str = r#"
    [[templates]]
    cn = "Test"
    msPKI-Template-Schema-Version = 2
    revision = 100
    msPKI-Template-Minor-Revision = 3
    msPKI-Cert-Template-OID = "1.3.6.1.4.1.311.21.8.1.2.3"
    msPKI-Enrollment-Flag = ["PEND_ALL_REQUESTS", "CT_FLAG_PUBLISH_TO_DS", 0x80]
    msPKI-Certificate-Name-Flag = ["SUBJECT_ALT_REQUIRE_UPN"]
    pKIExpirationPeriod = "1y"
    pKIOverlapPeriod = "6w"
    msPKI-Minimal-Key-Size = 2048
    pKIKeyUsage = ["digitalSignature", "keyEncipherment"]
    pKICriticalExtensions = ["keyUsage", "2.5.29.17"]
    msPKI-Certificate-Application-Policy = ["clientAuth", "1.2.3.4"]
    enroll = ["PKI Enrollees", "S-1-5-21-9-9-9-1"]
    autoenroll = ["alice"]
"#;

fn parse(text: &str) -> Result<EmbeddedDirectory, DirectoryError> {
    EmbeddedDirectory::parse(text, Path::new("directory.toml"))
}

fn directory() -> EmbeddedDirectory {
    parse(&[DOMAIN, ACCOUNTS, TEMPLATE].concat()).expect("valid")
}

fn sid(text: &str) -> Sid {
    text.parse().expect("valid")
}

#[test]
fn accounts_have_their_directory_attributes() {
    let directory = directory();
    let alice = directory.accounts.by_name("lab", "ALICE").expect("there");
    assert_eq!(alice.sid, sid("S-1-5-21-1-2-3-1103"));
    assert_eq!(alice.kind, PrincipalKind::User);
    assert_eq!(alice.domain, "LAB");
    assert_eq!(alice.distinguished_name, r"CN=Alice\, Example,CN=Users,DC=lab,DC=test");
    assert_eq!(alice.mail.as_deref(), Some("alice@lab.test"));
    let ws1 = directory.accounts.by_sid(&sid("S-1-5-21-1-2-3-1109")).expect("there");
    assert_eq!(ws1.kind, PrincipalKind::Computer);
    assert_eq!(ws1.distinguished_name, "CN=WS1,CN=Computers,DC=lab,DC=test");
    assert_ne!(ws1.guid, alice.guid);
    assert_eq!(alice.guid, self::directory().accounts.by_name("", "alice").expect("there").guid);
}

#[test]
fn accounts_are_found_by_domain_or_upn_only() {
    let directory = directory();
    for (domain, user) in [
        ("", "alice"),
        ("LAB", "alice"),
        ("lab.TEST", "Alice"),
        ("", "alice.x@upn.test"),
        ("UPN.test", "Alice.X"),
    ] {
        assert!(directory.local_account(domain, user).is_some(), "{domain} {user}");
    }
    for (domain, user) in [
        ("OTHER", "alice"),
        ("LAB", "alice.x"),
        ("", "alice@upn.test"),
        ("LAB", "nobody"),
        ("", ""),
        ("LAB", "alice@other.test"),
    ] {
        assert!(directory.local_account(domain, user).is_none(), "{domain} {user}");
    }
    assert!(directory.local_account("LAB", "WS1$").is_none(), "without a hash nobody logs on");
}

#[tokio::test]
async fn the_directory_answers_by_sid_and_by_account() {
    let directory = directory();
    let by_account = directory.principal_by_account(r"LAB\ws1$").await.expect("answers");
    let ws1 = by_account.expect("there");
    assert_eq!(directory.principal_by_sid(&ws1.sid).await.expect("answers"), Some(ws1));
    assert_eq!(directory.principal_by_account(r"X\ws1$").await.expect("answers"), None);
    let by_upn = directory.principal_by_account("ALICE.x@upn.test").await.expect("answers");
    let alice = by_upn.expect("there");
    assert_eq!(alice.sam_account_name, "alice");
    let token = directory.token_by_sid(&alice.sid).await.expect("answers");
    assert_eq!(token, directory.token(&alice.sid));
    assert!(token.is_some());
    assert_eq!(directory.token_by_sid(&Sid::everyone()).await.expect("answers"), None);
    assert_eq!(directory.templates().await.expect("answers").rows().len(), 1);
}

#[test]
fn memberships_are_nested_and_may_be_circular() {
    let alice = directory().local_account("LAB", "alice").expect("there");
    assert_eq!(alice.account, r"LAB\alice");
    assert_eq!(alice.nt_hash[15], 0xFF);
    let expected: Vec<_> =
        ["513", "1107", "1108"].map(|rid| sid(&format!("S-1-5-21-1-2-3-{rid}"))).into();
    assert_eq!(alice.groups, expected);
    let root = directory().token(&sid("S-1-5-21-1-2-3-500")).expect("there");
    assert!(root.holds(&Sid::builtin_administrators()));
}

#[test]
fn templates_have_the_values_of_the_file() {
    let table = directory().table();
    let row = table.by_name("tEST").expect("there");
    let template = &row.template;
    assert!(row.enabled);
    assert_eq!(template.schema, SchemaVersion::V2);
    assert_eq!((template.major, template.minor), (100, 3));
    assert_eq!(template.enrollment, EnrollmentFlags::from_bits_retain(0x8A));
    assert_eq!(template.names, NameFlags::SUBJECT_ALT_REQUIRE_UPN);
    assert_eq!(template.validity.as_secs(), 365 * 86_400);
    assert_eq!(template.key_usage, KeyUsage(0xA000));
    assert_eq!(template.critical_extensions, [oids::KEY_USAGE, oids::SUBJECT_ALT_NAME]);
    assert_eq!(template.application_policies[0], oids::CLIENT_AUTH);
    assert_eq!(template.max_issuing_depth, Some(0));
    let oid = template.oid.clone().expect("given");
    assert_eq!(table.by_oid(&oid).expect("there").template.name, "Test");
}

#[test]
fn lists_of_names_become_entries() {
    let directory = directory();
    let security = directory.table().by_name("Test").expect("there").template.security.clone();
    let token = |rid: &str| directory.token(&sid(&format!("S-1-5-21-1-2-3-{rid}"))).expect("there");
    assert!(security.grants_extended_right(&token("1103"), ENROLL));
    assert!(security.grants_extended_right(&token("1103"), AUTO_ENROLL));
    assert!(!security.grants_extended_right(&token("1109"), ENROLL));
    assert!(!security.grants_extended_right(&token("500"), ENROLL), "managing is not enrolling");
}

#[test]
fn sddl_may_stand_in_place_of_the_lists() {
    let lists = "enroll = [\"PKI Enrollees\", \"S-1-5-21-9-9-9-1\"]\n    autoenroll = [\"alice\"]";
    let sddl = "ntSecurityDescriptor = \"D:(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DC)\"";
    let text = [DOMAIN, ACCOUNTS, &TEMPLATE.replace(lists, sddl)].concat();
    let directory = parse(&text).expect("valid");
    let security = directory.table().by_name("Test").expect("there").template.security.clone();
    let ws1 = directory.token(&sid("S-1-5-21-1-2-3-1109")).expect("there");
    assert!(security.grants_extended_right(&ws1, ENROLL));
}

#[test]
fn errors_name_entry_and_key() {
    let all = [DOMAIN, ACCOUNTS, TEMPLATE].concat();
    for (from, to, expected) in [
        ("S-1-5-21-1-2-3", "S-1-5-x", "domain.sid"),
        ("\"LAB\"", "\"\"", "domain.netbios"),
        ("rid = 1108", "rid = 1107", "1107 is taken"),
        ("rid = 1108", "rid = 513", "1000 and above"),
        ("[\"pki enrollees\"]", "[\"x\"]", "users \"alice\": member_of: there is no group \"x\""),
        ("[\"All PKI\"]", "[\"y\"]", "there is no group \"y\""),
        ("\"WS1$\"", "\"WS1\"", "names of computers"),
        ("\"root\"", "\"root$\"", "names of computers"),
        ("\"root\"", "\"Alice\"", "another account has the same name"),
        (
            "name = \"root\"",
            "name = \"root\"\n dns_host_name = \"WS1.lab.test\"",
            "another account has the same name, upn or dns_host_name",
        ),
        ("\"All PKI\"\n    rid", "\"Domain Users\"\n    rid", "already a group"),
        ("00112233", "0011", "32 hexadecimal digits"),
        ("\"1y\"", "\"1 year\"", "templates \"Test\": pKIExpirationPeriod"),
        ("\"PEND_ALL_REQUESTS\"", "\"PEND\"", "unknown flag \"PEND\"; known are INCLUDE_"),
        ("\"digitalSignature\"", "\"signing\"", "known are digitalSignature"),
        ("\"clientAuth\"", "\"client\"", "msPKI-Certificate-Application-Policy"),
        ("Version = 2", "Version = 5", "msPKI-Template-Schema-Version"),
        ("msPKI-Cert-Template-OID = \"1.3.6.1.4.1.311.21.8.1.2.3\"", "", "needs an OID"),
        ("[\"alice\"]", "[\"bob\"]", "no account or group \"bob\""),
        ("revision = 100", "revison = 100", "line 40: unknown field `revison`"),
    ] {
        assert!(all.contains(from), "{from}");
        let error = parse(&all.replace(from, to)).err().expect(to).to_string();
        assert!(error.contains("directory.toml") && error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn errors_do_not_show_hashes() {
    let bad =
        ACCOUNTS.replace("00112233445566778899aabbccddeeFF", "00112233445566778899aabbccddeX");
    let error = parse(&[DOMAIN, &bad].concat()).err().expect("refused");
    assert!(!format!("{error} {error:?}").contains("001122"), "{error}");
}

#[test]
fn the_file_must_be_its_owners_alone() {
    let mut file = tempfile::NamedTempFile::new().expect("made");
    file.write_all(DOMAIN.as_bytes()).expect("written");
    let mode = |mode| fs::set_permissions(file.path(), fs::Permissions::from_mode(mode));
    mode(0o640).expect("set");
    let error = EmbeddedDirectory::load(file.path()).err().expect("refused").to_string();
    assert!(error.contains("0640") && error.contains("chmod 600"), "{error}");
    mode(0o600).expect("set");
    assert!(EmbeddedDirectory::load(file.path()).is_ok());
    let missing = EmbeddedDirectory::load(Path::new("/nonexistent")).err().expect("refused");
    assert!(missing.to_string().contains("/nonexistent"));
}

/// The rows of the default set, as a Windows installation has them.
#[test]
fn the_default_file_holds_the_default_templates() {
    let text = EmbeddedDirectory::default_file("LAB", "lab.test", &sid("S-1-5-21-1-2-3"));
    let table = parse(&text).expect("valid").table();
    let seen: Vec<_> = table
        .rows()
        .iter()
        .map(|row| {
            let t = &row.template;
            let days = t.validity.as_secs() / 86_400;
            (t.name.as_str(), t.names.bits(), t.enrollment.bits(), t.key_usage.0, days)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("User", 0xA600_0000, 0x29, 0xA000, 365),
            ("Machine", 0x1800_0000, 0x20, 0xA000, 365),
            ("WebServer", 0x1, 0x0, 0xA000, 730),
            ("EnrollmentAgent", 0x8200_0000, 0x20, 0x8000, 730),
            ("SmartcardLogon", 0x8200_0000, 0x0, 0xA000, 365),
            ("Workstation", 0x0800_0000, 0x20, 0xA000, 365),
        ]
    );
    assert!(table.rows().iter().all(|row| row.template.oid.is_some()));
    let commented = text.lines().filter(|line| line.starts_with("# ") && line.contains(" = "));
    assert!(commented.count() > 10, "the accounts are shown as comments");
}

#[test]
fn issuance_policies_are_described_and_linked_to_groups() {
    const POLICY: &str = r#"
        [[issuance_policies]]
        oid = "1.3.6.1.4.1.311.21.8.1.402"
        displayName = "High Assurance"
        cps = ["https://pki.lab.test/cps"]
        group = "PKI Enrollees"
    "#;
    let parse = |text: &str| EmbeddedDirectory::parse(text, Path::new("directory.toml"));
    let directory = parse(&format!("{DOMAIN}{ACCOUNTS}{POLICY}")).expect("valid");
    let oid = "1.3.6.1.4.1.311.21.8.1.402".parse().expect("an OID");
    let table = directory.table();
    let policy = table.policy(&oid).expect("known");
    assert_eq!(policy.cps, ["https://pki.lab.test/cps"]);
    let group = policy.group.as_ref().expect("linked");
    assert_eq!(group.sid, Some("S-1-5-21-1-2-3-1107".parse().expect("a SID")));
    for (text, part) in [
        (POLICY.replace("PKI Enrollees", "Nobody"), "\"Nobody\""),
        (POLICY.replace("1.3.6", "1..6"), "oid"),
        (POLICY.repeat(2), "two issuance policies"),
    ] {
        let error = parse(&format!("{DOMAIN}{ACCOUNTS}{text}")).err().expect("refused");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn trustees_have_a_domain_or_none() {
    let directory = directory();
    for (name, sid) in [
        ("PKI Enrollees", Some("S-1-5-21-1-2-3-1107")),
        (r"LAB\alice", Some("S-1-5-21-1-2-3-1103")),
        (r"lab.test\Alice", Some("S-1-5-21-1-2-3-1103")),
        ("Authenticated Users", Some("S-1-5-11")),
        ("S-1-5-21-7-7-7-1000", Some("S-1-5-21-7-7-7-1000")),
        (r"OTHER\alice", None),
        ("nobody", None),
    ] {
        let found = directory.trustee(name).await.expect("answers");
        assert_eq!(found, sid.map(|sid| sid.parse().expect("valid")), "{name}");
    }
}
