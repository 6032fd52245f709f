use super::*;
use crate::model::LinkedGroup;

type Change = fn(&mut Template);

const SUPPLIED: NameFlags = NameFlags::ENROLLEE_SUPPLIES_SUBJECT;

fn findings(change: Change) -> Vec<(Severity, &'static str)> {
    let mut template = template();
    change(&mut template);
    let group = LinkedGroup { name: "CN=Tier 0".to_owned(), sid: None };
    let policy = |text: &str, group| IssuancePolicy {
        oid: oid(text),
        display_name: String::new(),
        cps: Vec::new(),
        user_notice: None,
        group,
    };
    let table = TemplateTable::default()
        .with_policies(vec![policy("1.2.3.1", None), policy("1.2.3.2", Some(group))])
        .expect("distinct");
    let context = LintContext { templates: &table, ca_validity: Some(DAY * 3650) };
    let found = lint(&template, &context);
    assert!(found.iter().all(|f| !f.text.is_empty() && !f.remedy.is_empty()));
    found.into_iter().map(|finding| (finding.severity, finding.id)).collect()
}

fn writable(template: &mut Template, who: &str, mask: u32) {
    let ace = Ace::plain(AceKind::Allow, crate::model::AccessMask(mask), sid(who));
    template.security.dacl.get_or_insert_default().aces.push(ace);
}

const OWNER_RIGHTS: &str = "S-1-3-4";

/// As Windows' own templates grant their rights: with WriteProperty.
fn enrolling(template: &mut Template, right: uuid::Uuid) {
    let mut ace = Ace::extended_right(AceKind::Allow, right, sid("S-1-5-11"));
    ace.mask = crate::model::AccessMask(0x120);
    template.security.dacl.get_or_insert_default().aces.push(ace);
}

#[test]
fn a_good_template_has_none() {
    let good: [Change; 14] = [
        |_| {},
        |t| {
            t.security.owner = Some(sid("S-1-5-21-1-2-3-1103"));
            writable(t, OWNER_RIGHTS, 0x2_0014);
        },
        |t| writable(t, "S-1-5-21-1-2-3-512", 0xF_01FF),
        |t| writable(t, "S-1-5-18", 0xF_01FF),
        |t| writable(t, "S-1-5-21-1-2-3-513", 0x2_0014),
        |t| t.minimal_key_size = 384,
        |t| t.certificate_policies = vec![oid("1.2.3.1"), oid("1.2.3.9")],
        |t| {
            t.validity = DAY * 365 * 3;
            t.flags |= GeneralFlags::MACHINE_TYPE;
        },
        |t| t.validity = DAY * 365 * 2,
        |t| {
            t.validity = DAY * 3650;
            t.flags |= GeneralFlags::MACHINE_TYPE;
        },
        |t| t.application_policies = vec![oids::SMARTCARD_LOGON],
        |t| t.private_key = PrivateKeyFlags::EXPORTABLE_KEY,
        |t| enrolling(t, ENROLL),
        |t| enrolling(t, crate::model::AUTO_ENROLL),
    ];
    for change in good {
        assert_eq!(findings(change), []);
    }
}

/// Every row of the linter's table, with its severity.
#[test]
fn each_danger_is_named() {
    use Severity::{Configuration, Critical, High, Low, Medium};
    let cases: [(Severity, &str, Change); 29] = [
        (Critical, "ESC1", |t| t.names = SUPPLIED),
        (Critical, "ESC1", |t| {
            t.names = SUPPLIED;
            t.application_policies = vec![oids::PKINIT_CLIENT_AUTH];
        }),
        (Critical, "ESC2", |t| t.application_policies.clear()),
        (Critical, "ESC2", |t| t.application_policies = vec![oids::ANY_EXTENDED_KEY_USAGE]),
        (Critical, "ESC3", |t| t.application_policies = vec![oids::ENROLLMENT_AGENT]),
        (Critical, "ESC4", |t| writable(t, "S-1-5-21-1-2-3-513", 0x20)),
        (Critical, "ESC4", |t| writable(t, "S-1-5-21-1-2-3-1103", 0x4_0000)),
        (Critical, "ESC4", |t| writable(t, "S-1-5-11", 0x8_0000)),
        (Critical, "ESC4", |t| writable(t, "S-1-5-21-1-2-3-1103", 0x4000_0000)),
        (Critical, "ESC4", |t| writable(t, "S-1-5-21-1-2-3-1103", 0x1000_0000)),
        (Critical, "ESC4", |t| writable(t, "S-1-3-18", 0x20)),
        (Critical, "ESC4", |t| writable(t, "S-1-3-21-1-512", 0x20)),
        (Critical, "ESC4", |t| enrolling(t, uuid::Uuid::from_u128(7))),
        (Critical, "ESC4", |t| t.security.owner = Some(sid("S-1-5-21-1-2-3-1103"))),
        (Critical, "ESC4", |t| {
            t.security.owner = Some(sid("S-1-5-21-1-2-3-1103"));
            writable(t, OWNER_RIGHTS, 0x4_0000);
        }),
        (High, "ESC17", |t| {
            t.names = SUPPLIED;
            t.application_policies = vec![oids::SERVER_AUTH];
        }),
        (High, "RA-POLICY", |t| t.ra_signatures = 1),
        (High, "RA-POLICY", |t| {
            t.ra_signatures = 1;
            t.ra_application_policies = vec![oids::ENROLLMENT_AGENT, oids::ANY_EXTENDED_KEY_USAGE];
        }),
        (High, "ESC15", |t| {
            t.names = SUPPLIED;
            t.schema = SchemaVersion::V1;
            t.application_policies = vec![oids::EMAIL_PROTECTION];
        }),
        (High, "ESC9", |t| t.enrollment = EnrollmentFlags::NO_SECURITY_EXTENSION),
        (High, "ESC13", |t| t.certificate_policies = vec![oid("1.2.3.1"), oid("1.2.3.2")]),
        (Medium, "KEY-SIZE", |t| t.minimal_key_size = 1024),
        (Medium, "KEY-RENEWAL", |t| t.enrollment = EnrollmentFlags::from_bits_retain(0x1_0000)),
        (Configuration, "ARCHIVAL", |t| t.private_key = PrivateKeyFlags::from_bits_retain(1)),
        (Configuration, "RA-COUNT", |t| t.ra_application_policies = vec![oids::ENROLLMENT_AGENT]),
        (Configuration, "RA-COUNT", |t| t.ra_policies = vec![oids::ANY_POLICY]),
        (Low, "VALIDITY", |t| t.validity = DAY * 365 * 3),
        (Low, "VALIDITY", |t| {
            t.flags = GeneralFlags::MACHINE_TYPE;
            t.validity = DAY * 3651;
        }),
        (Low, "EXPORTABLE", |t| {
            t.application_policies = vec![oids::SMARTCARD_LOGON];
            t.private_key = PrivateKeyFlags::EXPORTABLE_KEY;
        }),
    ];
    for (severity, id, change) in cases {
        assert_eq!(findings(change), [(severity, id)]);
    }
    let renewals = findings(|t| {
        t.names = SUPPLIED;
        t.application_policies = vec![oids::EMAIL_PROTECTION];
        t.enrollment = EnrollmentFlags::PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT;
    });
    assert_eq!(renewals, [(Medium, "RENEWAL-NAMES")]);
}

/// Approval, an agent's signature, or few who may enroll.
#[test]
fn approval_takes_the_edge_off() {
    fn few(template: &mut Template) {
        let ace = Ace::extended_right(AceKind::Allow, ENROLL, sid("S-1-5-21-1-2-3-1107"));
        template.security.dacl = Some(Acl { aces: vec![ace] });
    }
    fn approved(template: &mut Template) {
        template.enrollment = EnrollmentFlags::PEND_ALL_REQUESTS;
    }
    fn signed(template: &mut Template) {
        template.ra_signatures = 1;
        template.ra_application_policies = vec![oids::ENROLLMENT_AGENT];
    }
    for mended in [few, approved, signed] {
        let dangers: [Change; 3] = [
            |t| t.names = SUPPLIED,
            |t| {
                t.names = SUPPLIED;
                t.application_policies = vec![oids::SERVER_AUTH];
            },
            |t| t.application_policies = vec![oids::ENROLLMENT_AGENT],
        ];
        for danger in dangers {
            let mut template = template();
            danger(&mut template);
            let table = TemplateTable::default();
            let context = LintContext { templates: &table, ca_validity: None };
            assert_eq!(lint(&template, &context).len(), 1);
            mended(&mut template);
            assert_eq!(lint(&template, &context), []);
        }
    }
}

#[test]
fn tables_are_linted_by_what_is_enabled() {
    let bad = Template { minimal_key_size: 1024, ..template() };
    let other = Template { name: "Off".to_owned(), oid: None, ..bad.clone() };
    let row = |template, enabled| TemplateRow { template: Arc::new(template), enabled };
    let table = TemplateTable::new(vec![row(bad, true), row(other, false)]).expect("distinct");
    let found = lint_table(&LintContext { templates: &table, ca_validity: None });
    assert_eq!(
        found.iter().map(|(name, f)| (*name, f.id)).collect::<Vec<_>>(),
        [("User", "KEY-SIZE")]
    );
    let text = found[0].1.to_string();
    assert!(text.starts_with("Medium: ") && text.contains("(KEY-SIZE); set msPKI-"), "{text}");
}
