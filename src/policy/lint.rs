//! What is dangerous about a template, said when it is loaded: the published attack classes on
//! certificate templates, each with what to do about it. Nothing is refused here; `decide` has its
//! own rules.

use std::fmt;
use std::time::Duration;

use super::approval::many_may_enroll;
use super::names::authenticates;
use super::requirements::{is_any_purpose, is_ca_template};
use crate::asn1::oids;
use crate::model::{
    AUTO_ENROLL, AceKind, ENROLL, EnrollmentFlags, GeneralFlags, NameFlags, PrivateKeyFlags,
    SchemaVersion, Sid, Template, TemplateTable,
};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth a look.
    Low,
    /// The template cannot work as it says.
    Configuration,
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
    /// What it is called: the attack class (`ESC1`), or a word of ours.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub text: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, severity, text, remedy } = self;
        write!(f, "{severity:?}: {text} ({id}); {remedy}")
    }
}

/// What a template is held against.
#[derive(Clone, Copy, Debug)]
pub struct LintContext<'a> {
    /// The table, for the issuance policies that the template names.
    pub templates: &'a TemplateTable,
    /// How long the CA's own certificate still is valid, where that is known.
    pub ca_validity: Option<Duration>,
}

/// Everything dangerous about `template`, in the order of [`RULES`].
pub fn lint(template: &Template, context: &LintContext<'_>) -> Vec<Finding> {
    let found = RULES.iter().filter(|(.., applies)| applies(template, context));
    found
        .map(|(severity, id, text, remedy, _)| Finding { id, severity: *severity, text, remedy })
        .collect()
}

/// Everything dangerous about the templates that the CA issues from, each with its name.
pub fn lint_table<'a>(context: &LintContext<'a>) -> Vec<(&'a str, Finding)> {
    let enabled = context.templates.rows().iter().filter(|row| row.enabled);
    enabled
        .flat_map(|row| {
            let name = row.template.name.as_str();
            lint(&row.template, context).into_iter().map(move |finding| (name, finding))
        })
        .collect()
}

type Rule =
    (Severity, &'static str, &'static str, &'static str, fn(&Template, &LintContext<'_>) -> bool);

const RULES: &[Rule] = &[
    (
        Severity::Critical,
        "ESC1",
        "many may enroll, names come from the request, and certificates authenticate",
        "have names built from the directory, or require approval or an agent's signature, or \
         grant Enroll to few",
        |t, _| unapproved(t) && many_may_enroll(t) && supplies_subject(t) && authenticates(t),
    ),
    (
        Severity::Critical,
        "ESC2",
        "many may enroll, and certificates serve any purpose",
        "name the application policies that are meant, or grant Enroll to few",
        |t, _| many_may_enroll(t) && (t.application_policies.is_empty() || is_any_purpose(t)),
    ),
    (
        Severity::Critical,
        "ESC3",
        "many may become enrollment agents without approval",
        "grant Enroll to few, require approval, and restrict agents by [[enrollment_agents]]",
        |t, _| {
            unapproved(t)
                && many_may_enroll(t)
                && t.application_policies.contains(&oids::ENROLLMENT_AGENT)
        },
    ),
    (
        Severity::Critical,
        "ESC4",
        "others than administrators may change the template",
        "take WriteDacl, WriteOwner, WriteProperty and ownership from all but administrators",
        |t, _| writers(t).any(|sid| !is_administrative(sid)),
    ),
    (
        Severity::High,
        "ESC17",
        "many may enroll, names come from the request, and certificates are servers'",
        "have names built from the directory, or require approval, or grant Enroll to few",
        |t, _| {
            unapproved(t)
                && many_may_enroll(t)
                && supplies_subject(t)
                && t.application_policies.contains(&oids::SERVER_AUTH)
        },
    ),
    (
        Severity::High,
        "RA-POLICY",
        "signatures are wanted, but of no policy that only registration authorities have",
        "put Certificate Request Agent (1.3.6.1.4.1.311.20.2.1) or a policy of your own into \
         msPKI-RA-Application-Policies",
        |t, _| {
            t.ra_signatures > 0
                && (t.ra_application_policies.is_empty()
                    || t.ra_application_policies.contains(&oids::ANY_EXTENDED_KEY_USAGE))
        },
    ),
    (
        Severity::High,
        "ESC15",
        "many may enroll, names come from the request, and CAs without the fix of CVE-2024-49019 \
         take application policies from it too",
        "use a copy of the template, which is of a later version, or grant Enroll to few",
        |t, _| t.schema == SchemaVersion::V1 && supplies_subject(t) && many_may_enroll(t),
    ),
    (
        Severity::High,
        "ESC9",
        "certificates that authenticate are to have no SID; this CA puts it in unless \
         hardening.follow_no_security_extension",
        "clear CT_FLAG_NO_SECURITY_EXTENSION (0x80000) in msPKI-Enrollment-Flag",
        |t, _| t.enrollment.contains(EnrollmentFlags::NO_SECURITY_EXTENSION) && authenticates(t),
    ),
    (
        Severity::High,
        "ESC13",
        "an issuance policy makes whoever logs on with a certificate a member of a group",
        "take the policy out of msPKI-Certificate-Policy, or clear msDS-OIDToGroupLink of the \
         policy; hardening.acknowledged_policies lets it be where it is meant",
        |t, context| {
            let policy = |oid| context.templates.policy(oid);
            t.certificate_policies.iter().filter_map(policy).any(|policy| policy.group.is_some())
        },
    ),
    (
        Severity::Medium,
        "KEY-SIZE",
        "keys may be shorter than RSA 2048 or P-256",
        "set msPKI-Minimal-Key-Size to 2048, or 256 for elliptic curves",
        // The sizes of elliptic curves are those of templates for such keys.
        |t, _| !matches!(t.minimal_key_size, 256 | 384 | 521 | 2048..),
    ),
    (
        Severity::Medium,
        "RENEWAL-NAMES",
        "renewals without approval take the old certificate's names",
        "have names built from the directory, or clear \
         CT_FLAG_PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT (0x40)",
        |t, _| {
            t.enrollment.contains(EnrollmentFlags::PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT)
                && supplies_subject(t)
        },
    ),
    (
        Severity::Medium,
        "KEY-RENEWAL",
        "the old key alone is enough for a renewal, by hardening.allow_key_based_renewal",
        "clear CT_FLAG_ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT (0x10000)",
        |t, _| {
            let key_based =
                EnrollmentFlags::ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT;
            t.enrollment.contains(key_based)
        },
    ),
    (
        Severity::Configuration,
        "ARCHIVAL",
        "private keys are to be archived, and this CA has no key recovery agents: it refuses",
        "clear CT_FLAG_REQUIRE_PRIVATE_KEY_ARCHIVAL (0x1) in msPKI-Private-Key-Flag",
        |t, _| t.private_key.contains(PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL),
    ),
    (
        Severity::Configuration,
        "RA-COUNT",
        "policies of signers are wanted, but no signature: this CA refuses",
        "set msPKI-RA-Signature, or clear msPKI-RA-Application-Policies and msPKI-RA-Policies",
        |t, _| {
            let wanted = !(t.ra_application_policies.is_empty() && t.ra_policies.is_empty());
            t.ra_signatures == 0 && wanted
        },
    ),
    (
        Severity::Low,
        "VALIDITY",
        "certificates of users are to be valid for more than two years, or any for longer than \
         the CA",
        "shorten pKIExpirationPeriod; this CA cuts validity to enrollment.max_validity and its own",
        |t, context| {
            let years = t.validity.as_secs() / (365 * 86_400);
            let of_user = !t.flags.contains(GeneralFlags::MACHINE_TYPE) && !is_ca_template(t);
            (of_user && years > 2) || context.ca_validity.is_some_and(|ca| t.validity > ca)
        },
    ),
    (
        Severity::Low,
        "EXPORTABLE",
        "keys of smart cards may be exported",
        "clear CT_FLAG_EXPORTABLE_KEY (0x10) in msPKI-Private-Key-Flag",
        |t, _| {
            t.application_policies.contains(&oids::SMARTCARD_LOGON)
                && t.private_key.contains(PrivateKeyFlags::EXPORTABLE_KEY)
        },
    ),
];

/// WriteOwner, WriteDacl, and the generic rights that hold them.
const CHANGE: u32 = 0x0008_0000 | 0x0004_0000 | 0x4000_0000 | 0x1000_0000;
/// WriteProperty. Windows' own templates grant it along with the rights to enroll, of which it
/// lets nobody change anything.
const WRITE_PROPERTY: u32 = 0x20;

/// Whoever may change the template or an attribute of it: the owner too, unless an entry of OWNER
/// RIGHTS takes that from it.
fn writers(template: &Template) -> impl Iterator<Item = &Sid> {
    let security = &template.security;
    let entries = security.dacl.iter().flat_map(|dacl| &dacl.aces);
    let changing = entries.filter(|ace| {
        let right = ace.object_type.is_some_and(|of| of == ENROLL || of == AUTO_ENROLL);
        let bits = if right { CHANGE } else { CHANGE | WRITE_PROPERTY };
        ace.kind == AceKind::Allow && ace.is_effective() && ace.mask.0 & bits != 0
    });
    let owner = security.owner.iter().filter(|_| security.owner_has_implicit_rights());
    owner.chain(changing.filter_map(|ace| security.trustee(ace)))
}

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
