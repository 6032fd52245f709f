use super::*;

type Change = fn(&mut Template);

const SUPPLIED: NameFlags = NameFlags::ENROLLEE_SUPPLIES_SUBJECT;

fn findings(change: Change) -> Vec<&'static str> {
    let mut template = template();
    change(&mut template);
    lint(&template).into_iter().map(|finding| finding.text).collect()
}

fn writable(template: &mut Template, who: &str) {
    let ace = Ace::plain(AceKind::Allow, crate::model::AccessMask(0x20), sid(who));
    template.security.dacl.get_or_insert_default().aces.push(ace);
}

#[test]
fn a_good_template_has_none() {
    assert_eq!(findings(|_| {}), [""; 0]);
    assert_eq!(findings(|t| writable(t, "S-1-5-21-1-2-3-512")), [""; 0]);
    assert_eq!(findings(|t| t.minimal_key_size = 384), [""; 0]);
}

#[test]
fn each_danger_is_named() {
    let cases: [(&str, Change); 13] = [
        ("(ESC1)", |t| t.names = SUPPLIED),
        ("(ESC2)", |t| t.application_policies.clear()),
        ("(ESC2)", |t| t.application_policies = vec![oids::ANY_EXTENDED_KEY_USAGE]),
        ("(ESC3)", |t| t.application_policies = vec![oids::ENROLLMENT_AGENT]),
        ("(ESC4)", |t| writable(t, "S-1-5-21-1-2-3-513")),
        ("(ESC4)", |t| t.security.owner = Some(sid("S-1-5-21-1-2-3-1103"))),
        ("(ESC17)", |t| {
            t.names = SUPPLIED;
            t.application_policies = vec![oids::SERVER_AUTH];
        }),
        ("only agents have", |t| t.ra_signatures = 1),
        ("(ESC15)", |t| {
            t.names = SUPPLIED;
            t.schema = SchemaVersion::V1;
            t.application_policies = vec![oids::EMAIL_PROTECTION];
        }),
        ("(ESC9)", |t| t.enrollment = EnrollmentFlags::NO_SECURITY_EXTENSION),
        ("shorter than", |t| t.minimal_key_size = 1024),
        ("two years", |t| t.validity = DAY * 365 * 3),
        ("smart cards", |t| {
            t.application_policies = vec![oids::SMARTCARD_LOGON];
            t.private_key = PrivateKeyFlags::EXPORTABLE_KEY;
        }),
    ];
    for (expected, change) in cases {
        let found = findings(change);
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found[0].contains(expected), "{expected}: {found:?}");
    }
    let renewals = findings(|t| {
        t.names = SUPPLIED;
        t.application_policies = vec![oids::EMAIL_PROTECTION];
        t.enrollment = EnrollmentFlags::from_bits_retain(0x1_0040);
    });
    assert_eq!(renewals.len(), 2, "{renewals:?}");
}

#[test]
fn approval_takes_the_edge_off() {
    let found = findings(|t| {
        t.names = SUPPLIED;
        t.enrollment = EnrollmentFlags::PEND_ALL_REQUESTS;
    });
    assert_eq!(found, [""; 0]);
}
