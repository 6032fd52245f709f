//! What somebody has to approve before a certificate is issued.

use super::names::proves_foreign_names;
use super::requirements::is_ca_template;
use super::{Case, Handling, PendReason, renewal};
use crate::asn1::oids;
use crate::model::{ENROLL, EnrollmentFlags, Sid, Template};

/// PEND_ALL_REQUESTS, which renewals that do without approval ignore.
pub(super) fn pend_all_requests(case: &Case<'_>) -> Option<PendReason> {
    let all = case.template.enrollment.contains(EnrollmentFlags::PEND_ALL_REQUESTS);
    (all && !renewal::is_waived(case)).then_some(PendReason::PendAllRequests)
}

/// Supplied names that the certificate would prove, by the setting.
pub(super) fn supplied_names(case: &Case<'_>) -> Option<PendReason> {
    let pend = case.settings.supplied_names == Handling::Pend && proves_foreign_names(case);
    pend.then_some(PendReason::SuppliedNames)
}

/// Whoever holds an enrollment agent's certificate enrolls for others: where many may enroll
/// for one, somebody looks at each, renewals too.
pub(super) fn enrollment_agent(case: &Case<'_>) -> Option<PendReason> {
    let agent = case.template.application_policies.contains(&oids::ENROLLMENT_AGENT);
    let asked = case.settings.approve_agents && agent && many_may_enroll(case.template);
    asked.then_some(PendReason::EnrollmentAgent)
}

/// A CA below this one is trusted by everybody who trusts this one.
pub(super) fn ca_certificate(case: &Case<'_>) -> Option<PendReason> {
    let pend = case.settings.ca_certificates == Handling::Pend && is_ca_template(case.template);
    pend.then_some(PendReason::CaCertificate)
}

/// Whether Enroll is granted to a group that about everybody is a member of.
pub(super) fn many_may_enroll(template: &Template) -> bool {
    template.security.extended_right_trustees(ENROLL).any(is_broad)
}

/// Whether about everybody is a member: Everyone, Authenticated Users, Users, This Organization, Network, and of any domain Domain
/// Users, Domain Guests and Domain Computers.
pub fn is_broad(sid: &Sid) -> bool {
    let well_known = [
        Sid::everyone(),
        Sid::authenticated_users(),
        Sid::builtin_users(),
        Sid::this_organization(),
        Sid::network(),
    ];
    let of_domain = sid.authority() == 5 && sid.sub_authorities().first() == Some(&21);
    well_known.contains(sid) || (of_domain && matches!(sid.rid(), Some(513..=515)))
}
