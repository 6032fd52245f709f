//! What is dangerous about a template, said when it is loaded: the published attack classes on
//! certificate templates. Nothing is refused here; `decide` has its own rules.

use std::fmt;

use super::approval::many_may_enroll;
use super::names::authenticates;
use super::requirements::is_any_purpose;
use crate::asn1::oids;
use crate::model::{
    AccessMask, EnrollmentFlags, GeneralFlags, NameFlags, PrivateKeyFlags, SchemaVersion, Sid,
    Template,
};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Worth a look.
    Low,
    /// Weakens what certificates prove.
    Medium,
    /// Lets some pass for others.
    High,
    /// Lets about everybody pass for anybody.
    Critical,
}

/// Something dangerous about a template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub text: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.severity, self.text)
    }
}

/// Everything dangerous about `template`.
pub fn lint(template: &Template) -> Vec<Finding> {
    let found = RULES.iter().filter(|(_, _, applies)| applies(template));
    found.map(|(severity, text, _)| Finding { severity: *severity, text }).collect()
}

type Rule = (Severity, &'static str, fn(&Template) -> bool);

const RULES: &[Rule] = &[
    (
        Severity::Critical,
        "many may enroll, names come from the request, and certificates authenticate (ESC1)",
        |t| unapproved(t) && many_may_enroll(t) && supplies_subject(t) && authenticates(t),
    ),
    (Severity::Critical, "many may enroll, and certificates serve any purpose (ESC2)", |t| {
        many_may_enroll(t) && (t.application_policies.is_empty() || is_any_purpose(t))
    }),
    (Severity::Critical, "many may become enrollment agents without approval (ESC3)", |t| {
        unapproved(t)
            && many_may_enroll(t)
            && t.application_policies.contains(&oids::ENROLLMENT_AGENT)
    }),
    (Severity::Critical, "others than administrators may change the template (ESC4)", |t| {
        t.security.grantees(WRITE).any(|sid| !is_administrative(sid))
    }),
    (
        Severity::High,
        "many may enroll, names come from the request, and certificates are servers' (ESC17)",
        |t| {
            unapproved(t)
                && many_may_enroll(t)
                && supplies_subject(t)
                && t.application_policies.contains(&oids::SERVER_AUTH)
        },
    ),
    (
        Severity::High,
        "signatures of enrollment agents are wanted, but of no policy that only agents have",
        |t| {
            t.ra_signatures > 0
                && (t.ra_application_policies.is_empty()
                    || t.ra_application_policies.contains(&oids::ANY_EXTENDED_KEY_USAGE))
        },
    ),
    (
        Severity::High,
        "many may enroll, names come from the request, and CAs without the fix of CVE-2024-49019 \
         take application policies from it too (ESC15)",
        |t| t.schema == SchemaVersion::V1 && supplies_subject(t) && many_may_enroll(t),
    ),
    (
        Severity::High,
        "certificates that authenticate are to have no SID (ESC9); this CA puts it in anyway",
        |t| {
            t.enrollment.contains(EnrollmentFlags::NO_SECURITY_EXTENSION)
                && authenticates(t)
                && !supplies_subject(t)
        },
    ),
    (Severity::Medium, "keys may be shorter than RSA 2048 or P-256", |t| {
        // The sizes of elliptic curves are those of templates for such keys.
        !matches!(t.minimal_key_size, 256 | 384 | 521 | 2048..)
    }),
    (Severity::Medium, "renewals without approval take the old certificate's names", |t| {
        t.enrollment.contains(EnrollmentFlags::PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT)
            && supplies_subject(t)
    }),
    (Severity::Medium, "the old key alone is enough for a renewal", |t| {
        let key_based =
            EnrollmentFlags::ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT;
        t.enrollment.contains(key_based)
    }),
    (Severity::Low, "certificates of users are valid for more than two years", |t| {
        let years = t.validity.as_secs() / (365 * 86_400);
        !t.flags.contains(GeneralFlags::MACHINE_TYPE) && years > 2
    }),
    (Severity::Low, "keys of smart cards may be exported", |t| {
        t.application_policies.contains(&oids::SMARTCARD_LOGON)
            && t.private_key.contains(PrivateKeyFlags::EXPORTABLE_KEY)
    }),
];

/// WriteOwner, WriteDacl, WriteProperty, and the generic rights that hold them.
const WRITE: AccessMask = AccessMask(0x0008_0000 | 0x0004_0000 | 0x20 | 0x4000_0000);

fn unapproved(template: &Template) -> bool {
    template.ra_signatures == 0 && !template.enrollment.contains(EnrollmentFlags::PEND_ALL_REQUESTS)
}

fn supplies_subject(template: &Template) -> bool {
    template.names.contains(NameFlags::ENROLLEE_SUPPLIES_SUBJECT)
}

/// SYSTEM, Administrators, Enterprise Domain Controllers, and of any domain the administrator,
/// Domain Admins and Enterprise Admins.
fn is_administrative(sid: &Sid) -> bool {
    match sid.sub_authorities() {
        [18] | [9] | [32, 544] => sid.authority() == 5,
        [21, .., 500 | 512 | 519] => sid.authority() == 5,
        _ => false,
    }
}
