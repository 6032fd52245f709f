use super::*;
use crate::asn1::oids;

fn attributes(pairs: &[(&str, &[&str])]) -> Attributes {
    let mut out = Attributes::default();
    out.insert("CN", [b"T".to_vec()]);
    out.insert("pKIExpirationPeriod", [hex::decode("004039872ee1feff").expect("hex")]);
    for (name, values) in pairs {
        out.insert(name, values.iter().map(|value| value.as_bytes().to_vec()));
    }
    out
}

fn template(pairs: &[(&str, &[&str])]) -> Template {
    attributes(pairs).to_template().expect("understood")
}

fn refused(pairs: &[(&str, &[&str])]) -> (&'static str, AttributeProblem) {
    let error = attributes(pairs).to_template().expect_err("refused");
    assert!(error.to_string().starts_with("T: ms") || error.to_string().starts_with("T: pKI"));
    (error.attribute, error.problem)
}

#[test]
fn what_is_absent_has_its_default() {
    let read = template(&[]);
    assert_eq!((read.name.as_str(), read.display_name.as_str()), ("T", "T"));
    assert_eq!((read.schema, read.major, read.minor), (SchemaVersion::V1, 0, 0));
    assert_eq!((read.oid, read.max_issuing_depth, read.key_spec), (None, Some(0), 1));
    assert_eq!(read.validity, Duration::from_secs(365 * 86_400));
    assert_eq!(read.security, SecurityDescriptor::default(), "which grants nobody anything");
    let nameless = Attributes::default().to_template().expect_err("refused");
    assert_eq!((nameless.attribute, nameless.problem), ("cn", AttributeProblem::Missing));
}

#[test]
fn numbers_are_signed_or_not() {
    let read = template(&[
        ("flags", &["66106"]),
        ("msPKI-Certificate-Name-Flag", &["-1509949440"]),
        ("msPKI-Private-Key-Flag", &["2147483648"]),
        ("pKIMaxIssuingDepth", &["-1"]),
    ]);
    assert_eq!(read.flags.bits(), 66_106);
    assert_eq!(read.names.bits(), 0xA600_0000);
    assert_eq!(read.private_key.bits(), 0x8000_0000);
    assert_eq!(read.max_issuing_depth, None);
    assert_eq!(template(&[("pKIMaxIssuingDepth", &["4294967295"])]).max_issuing_depth, None);
    assert_eq!(template(&[("pKIMaxIssuingDepth", &["3"])]).max_issuing_depth, Some(3));
    for text in ["", "x", "4294967296", "-2147483649", "1.5"] {
        let (attribute, problem) = refused(&[("msPKI-Enrollment-Flag", &[text])]);
        assert_eq!(attribute, "msPKI-Enrollment-Flag");
        assert_eq!(problem, AttributeProblem::NotANumber(text.to_owned()));
    }
    for attribute in ["msPKI-RA-Signature", "msPKI-Minimal-Key-Size", "pKIMaxIssuingDepth"] {
        let (wrong, _) = refused(&[(attribute, &["-2"])]);
        assert_eq!(wrong, attribute);
    }
}

#[test]
fn schema_versions_decide_what_else_is_needed() {
    let (attribute, problem) = refused(&[("msPKI-Template-Schema-Version", &["5"])]);
    assert_eq!(attribute, "msPKI-Template-Schema-Version");
    assert_eq!(problem, AttributeProblem::UnknownSchema(5));
    let (attribute, problem) = refused(&[("msPKI-Template-Schema-Version", &["2"])]);
    assert_eq!((attribute, problem), ("msPKI-Cert-Template-OID", AttributeProblem::Missing));
    for (text, version) in
        [("1", SchemaVersion::V1), ("2", SchemaVersion::V2), ("3", SchemaVersion::V3)]
    {
        let read = template(&[
            ("mspki-template-schema-version", &[text]),
            ("msPKI-Cert-Template-OID", &["1.2.3"]),
        ]);
        assert_eq!(read.schema, version);
    }
}

#[test]
fn single_values_have_no_second() {
    let (attribute, problem) = refused(&[("pKIKeyUsage", &["a", "b"])]);
    assert_eq!((attribute, problem), ("pKIKeyUsage", AttributeProblem::Several));
    let (_, problem) = refused(&[("msPKI-Cert-Template-OID", &["1.2.3", "1.2.4"])]);
    assert_eq!(problem, AttributeProblem::Several);
}

#[test]
fn octets_are_read_as_they_are() {
    let with = |name, value: &str| {
        let mut all = attributes(&[]);
        all.insert(name, [hex::decode(value).expect("hex")]);
        all.to_template()
    };
    assert_eq!(with("pKIKeyUsage", "a000").map(|t| t.key_usage), Ok(KeyUsage(0xA000)));
    assert_eq!(with("pKIKeyUsage", "86").map(|t| t.key_usage), Ok(KeyUsage(0x8600)));
    assert_eq!(with("pKIKeyUsage", "").map(|t| t.key_usage), Ok(KeyUsage(0)));
    let overlap = |value| with("pKIOverlapPeriod", value).map(|t| t.renewal_overlap);
    assert_eq!(overlap("0080a60affdeffff"), Ok(Duration::from_secs(42 * 86_400)));
    assert_eq!(overlap("0000000000000000"), Ok(Duration::ZERO));
    assert_eq!(overlap("ffffffffffffffff"), Ok(Duration::from_nanos(100)));
    let problem = |result: Result<Template, AttributeError>| result.expect_err("refused").problem;
    assert_eq!(problem(with("pKIKeyUsage", "a00000")), AttributeProblem::NotAKeyUsage);
    for period in ["0100000000000000", "00", "0080a60affdeffffff"] {
        assert_eq!(problem(with("pKIOverlapPeriod", period)), AttributeProblem::NotAPeriod);
    }
    let descriptor = problem(with("nTSecurityDescriptor", "0100"));
    assert!(matches!(descriptor, AttributeProblem::Security(_)));
    let mut without = Attributes::default();
    without.insert("name", [b"T".to_vec()]);
    assert_eq!(problem(without.to_template()), AttributeProblem::Missing);
}

#[test]
fn purposes_of_later_versions_are_both_attributes() {
    let of = |schema, policies: &[&str], extended: &[&str]| {
        attributes(&[
            ("msPKI-Template-Schema-Version", &[schema]),
            ("msPKI-Cert-Template-OID", &["1.2.3"]),
            ("msPKI-Certificate-Application-Policy", policies),
            ("pKIExtendedKeyUsage", extended),
        ])
        .to_template()
        .map(|template| template.application_policies)
    };
    let (client, server) = ("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1");
    assert_eq!(of("1", &[server], &[client]), Ok(vec![oids::CLIENT_AUTH]));
    assert_eq!(of("2", &[client], &[]), Ok(vec![oids::CLIENT_AUTH]));
    assert_eq!(of("2", &[], &[client]), Ok(vec![oids::CLIENT_AUTH]));
    let both = Ok(vec![oids::CLIENT_AUTH, oids::SERVER_AUTH]);
    assert_eq!(of("2", &[client, server], &[server, client]), both);
    for (policies, extended) in [
        (&[client][..], &[server][..]),
        (&[client], &[client, server]),
        (&[client, server], &[client]),
    ] {
        let error = of("4", policies, extended).expect_err("refused");
        assert_eq!(error.problem, AttributeProblem::Purposes);
    }
    let error = of("2", &["1.x"], &[]).expect_err("refused");
    assert_eq!(error.problem, AttributeProblem::NotAnOid("1.x".to_owned()));
}

const AGENT: &str = "1.3.6.1.4.1.311.20.2.1";

fn signers(schema: &str, flags: &str, values: &[&str]) -> Result<Template, AttributeProblem> {
    attributes(&[
        ("msPKI-Template-Schema-Version", &[schema]),
        ("msPKI-Cert-Template-OID", &["1.2.3"]),
        ("msPKI-Private-Key-Flag", &[flags]),
        ("msPKI-RA-Application-Policies", values),
    ])
    .to_template()
    .map_err(|error| error.problem)
}

#[test]
fn signer_policies_have_two_syntaxes() {
    let policies = |read: Result<Template, AttributeProblem>| {
        read.map(|template| template.ra_application_policies)
    };
    let triplets = format!(
        "msPKI-Hash-Algorithm`PZPWSTR`SHA256`msPKI-RA-Application-Policies`PZPWSTR`{AGENT}`"
    );
    let agent = Ok(vec![oids::ENROLLMENT_AGENT]);
    for (schema, flags, value) in [
        ("2", "0", AGENT),
        ("4", "256", AGENT),
        ("3", "0", &triplets),
        ("3", "256", &triplets),
        ("4", "0", &triplets),
        ("4", "256", &triplets),
        ("2", "0", &triplets),
    ] {
        assert_eq!(policies(signers(schema, flags, &[value])), agent, "{schema} {flags} {value}");
    }
    let two = Ok(vec![oids::ENROLLMENT_AGENT, oids::CLIENT_AUTH]);
    assert_eq!(policies(signers("2", "0", &[AGENT, "1.3.6.1.5.5.7.3.2"])), two);
    let listed = format!("msPKI-RA-Application-Policies`PZPWSTR`{AGENT},1.3.6.1.5.5.7.3.2`");
    assert_eq!(policies(signers("4", "0", &[&listed])), two);
    for (schema, flags) in [("3", "0"), ("3", "256"), ("4", "0")] {
        let refused = signers(schema, flags, &[AGENT]).expect_err("not triplets");
        assert!(matches!(refused, AttributeProblem::Triplets(_)), "{refused:?}");
        assert_eq!(policies(signers(schema, flags, &[])), Ok(vec![]));
    }
}

#[test]
fn triplets_say_everything_of_keys() {
    let text = "msPKI-Asymmetric-Algorithm`PZPWSTR`RSA`msPKI-Hash-Algorithm`PZPWSTR`SHA256`\
                msPKI-Key-Usage`DWORD`2`msPKI-RA-Application-Policies`PZPWSTR`\
                1.3.6.1.4.1.311.20.2.1`msPKI-Symmetric-Algorithm`PZPWSTR`3DES`\
                msPKI-Symmetric-Key-Length`DWORD`168`msPKI-SecurityDescriptor`PZPWSTR`D:(A;;FA;;;BA)`\
                something-new`DWORD`x`";
    let read = signers("3", "0", &[text]).expect("understood");
    assert_eq!(read.ra_application_policies, [oids::ENROLLMENT_AGENT]);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        read.algorithms,
        KeyAlgorithms {
            asymmetric: text("RSA"),
            hash: text("SHA256"),
            symmetric: text("3DES"),
            symmetric_key_length: Some(168),
            key_usage: Some(2),
            key_security: text("D:(A;;FA;;;BA)"),
        }
    );
}

#[test]
fn triplets_that_cannot_be_read_are_no_template() {
    for text in [
        "msPKI-RA-Application-Policies`PZPWSTR`1.2.3",
        "msPKI-RA-Application-Policies`PZPWSTR`",
        "`",
        "a`b`c`d`",
        "msPKI-RA-Application-Policies`DWORD`1.2.3`",
        "msPKI-RA-Application-Policies`PZPWSTR`1.2.3`msPKI-RA-Application-Policies`PZPWSTR`1.2.4`",
        "msPKI-Key-Usage`PZPWSTR`2`",
        "msPKI-Key-Usage`DWORD`two`",
        "msPKI-RASignaturesPZPWSTR1.2.3",
    ] {
        let refused = signers("3", "0", &[text]).expect_err(text);
        assert!(matches!(refused, AttributeProblem::Triplets(_)), "{text}: {refused:?}");
    }
    for list in ["", "1.2.3,", "1.2.3;1.2.4"] {
        let text = format!("msPKI-RA-Application-Policies`PZPWSTR`{list}`");
        let refused = signers("4", "0", &[&text]).expect_err(list);
        assert!(matches!(refused, AttributeProblem::NotAnOid(_)), "{text}: {refused:?}");
    }
    let two = ["msPKI-Key-Usage`DWORD`2`", "msPKI-Hash-Algorithm`PZPWSTR`SHA256`"];
    assert_eq!(signers("3", "0", &two).expect_err("two"), AttributeProblem::Several);
}

#[test]
fn providers_come_by_their_number() {
    let read = template(&[("pKIDefaultCSPs", &["10,C", "2,B, with a comma", "1,A"])]);
    assert_eq!(read.default_csps, ["A", "B, with a comma", "C"]);
    let (attribute, _) = refused(&[("pKIDefaultCSPs", &["A"])]);
    assert_eq!(attribute, "pKIDefaultCSPs");
    refused(&[("pKIDefaultCSPs", &["x,A"])]);
}

#[test]
fn issuance_policies_are_objects_of_their_own_kind() {
    let mut object = Attributes::default();
    let mut put = |name, value: &str| object.insert(name, [value.as_bytes().to_vec()]);
    put("cn", "27.ABC");
    put("flags", "2");
    put("msPKI-Cert-Template-OID", "1.2.3.4");
    put("displayName", "High Assurance");
    put("msPKI-OID-CPS", "http://pki.lab.test/cps");
    put("msPKI-OID-User-Notice", "handle with care");
    put("msDS-OIDToGroupLink", "CN=Trusted,DC=lab,DC=test");
    let policy = object.to_issuance_policy().expect("understood").expect("a policy");
    assert_eq!(policy.oid.to_string(), "1.2.3.4");
    assert_eq!(policy.display_name, "High Assurance");
    assert_eq!(policy.cps, ["http://pki.lab.test/cps"]);
    assert_eq!(policy.user_notice.as_deref(), Some("handle with care"));
    let group = LinkedGroup { name: "CN=Trusted,DC=lab,DC=test".to_owned(), sid: None };
    assert_eq!(policy.group, Some(group));
    for (flags, kind) in [("1", None), ("3", None)] {
        let mut object = Attributes::default();
        object.insert("flags", [flags.as_bytes().to_vec()]);
        assert_eq!(object.to_issuance_policy(), Ok(kind));
    }
    let mut without = Attributes::default();
    without.insert("flags", [b"2".to_vec()]);
    assert_eq!(
        without.to_issuance_policy().expect_err("no OID").problem,
        AttributeProblem::Missing
    );
}
