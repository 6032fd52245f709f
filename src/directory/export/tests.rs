use super::*;
use crate::asn1::oids;
use crate::model::{ENROLL, KeyUsage, Token};

const JSON: &str = r#"{
    "name": "Web", "displayName": "Web servers", "objectClass": "pKICertificateTemplate",
    "flags": 131649, "revision": 100, "msPKI-Certificate-Name-Flag": -2113929216,
    "pKIExtendedKeyUsage": ["1.3.6.1.5.5.7.3.1"], "pKICriticalExtensions": "2.5.29.15",
    "pKIExpirationPeriod": [0, 64, 57, 135, 46, 225, 254, 255],
    "pKIOverlapPeriod": {"hex": "0080a60affdeffff"}, "pKIKeyUsage": [160, 0],
    "showInAdvancedViewOnly": true, "msPKI-RA-Policies": null
}"#;

fn one(bytes: &[u8]) -> Exported {
    let mut all = read(bytes).expect("read");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn checked(exported: Exported) -> Template {
    let template = exported.template.expect("understood");
    assert_eq!((exported.name.as_str(), template.name.as_str()), ("Web", "Web"));
    assert_eq!(template.validity.as_secs(), 365 * 86_400);
    assert_eq!(template.renewal_overlap.as_secs(), 42 * 86_400);
    assert_eq!(template.key_usage, KeyUsage(0xA000));
    assert_eq!(template.names.bits(), 0x8200_0000);
    assert_eq!(template.application_policies, [oids::SERVER_AUTH]);
    assert_eq!(template.critical_extensions, [oids::KEY_USAGE]);
    template
}

#[test]
fn json_in_every_encoding() {
    let utf16: Vec<u16> = JSON.encode_utf16().collect();
    let le = utf16.iter().flat_map(|unit| unit.to_le_bytes());
    let be = utf16.iter().flat_map(|unit| unit.to_be_bytes());
    for bytes in [
        JSON.as_bytes().to_vec(),
        [b"\xEF\xBB\xBF", JSON.as_bytes()].concat(),
        [0xFF, 0xFE].into_iter().chain(le).collect(),
        [0xFE, 0xFF].into_iter().chain(be).collect(),
        format!(" [{JSON}, {{\"objectClass\": [\"top\", \"container\"]}}]").into_bytes(),
    ] {
        let exported = one(&bytes);
        assert!(!exported.has_security);
        assert_eq!(checked(exported).security, SecurityDescriptor::default());
    }
}

const LDIF: &str = "\
version: 1
# a comment

dn: CN=Web,CN=Certificate Templates
objectClass: top
objectClass: pKICertificateTemplate
cn: We
 b
flags: 131649
revision: 100
msPKI-Certificate-Name-Flag: -2113929216
pKIExtendedKeyUsage: 1.3.6.1.5.5.7.3.1
pKICriticalExtensions: 2.5.29.15
pKIExpirationPeriod:: AEA5hy7h/v8=
pKIOverlapPeriod:: AICmCv/e//8=
pKIKeyUsage:: oAA=
-

dn: CN=Other
cn: Other
objectClass: container
";

#[test]
fn ldif() {
    checked(one(LDIF.as_bytes()));
    checked(one(LDIF.replace('\n', "\r\n").as_bytes()));
}

#[test]
fn descriptors_are_text_or_octets() {
    let sddl = "O:S-1-5-21-1-2-3-519G:DAD:(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;DU)";
    let with = |value: &str| {
        JSON.replace("\"flags\"", &format!("\"ntSecurityDescriptor\": {value}, \"flags\""))
    };
    let exported = one(with(&format!("\"{sddl}\"")).as_bytes());
    assert!(exported.has_security);
    let security = checked(exported).security;
    let sid = |text: &str| -> Sid { text.parse().expect("valid") };
    let user = Token::new(sid("S-1-5-21-1-2-3-1103"), [sid("S-1-5-21-1-2-3-513")]);
    assert!(security.grants_extended_right(&user, ENROLL));
    assert_eq!(security.owner, Some(sid("S-1-5-21-1-2-3-519")));
    let octets = one(with("[1, 0, 0, 128, 0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,0]").as_bytes());
    assert!(octets.has_security);
    assert_eq!(checked(octets).security, SecurityDescriptor::default());
    let wrong = one(with("\"D:(X)\"").as_bytes()).template.expect_err("no SDDL");
    assert!(matches!(wrong, ExportedError::Sddl(_)), "{wrong}");
    let broken = one(with("[1, 2]").as_bytes()).template.expect_err("no descriptor");
    assert!(matches!(broken, ExportedError::Attribute(_)), "{broken}");
}

#[test]
fn a_template_that_is_not_understood_does_not_hide_the_others() {
    let unknown = JSON.replace("\"flags\"", "\"msPKI-Template-Schema-Version\": 9, \"flags\"");
    let all = read(format!("[{unknown}, {JSON}]").as_bytes()).expect("read");
    assert!(all[0].template.as_ref().expect_err("unknown").to_string().contains("Schema-Version"));
    assert!(all[1].template.is_ok());
}

#[test]
fn other_files_are_refused() {
    type Is = fn(&ExportError) -> bool;
    let cases: [(&[u8], Is); 7] = [
        (b"\xFF\xFE\x00", |e| matches!(e, ExportError::NotText)),
        (b"\x80", |e| matches!(e, ExportError::NotText)),
        (b"{\"a\": ", |e| matches!(e, ExportError::Json(_))),
        (b"[1]", |e| matches!(e, ExportError::Form(_))),
        (b"{\"pKIKeyUsage\": [[1]]}", |e| matches!(e, ExportError::Form(_))),
        (b"dn: x\nno colon here", |e| matches!(e, ExportError::Ldif(2))),
        (b" begins with a space", |e| matches!(e, ExportError::Ldif(1))),
    ];
    for (bytes, is) in cases {
        let error = read(bytes).expect_err("refused");
        assert!(is(&error), "{error}");
    }
    assert!(read(b"dn:: !!").is_err() && read(b"").expect("nothing").is_empty());
}
