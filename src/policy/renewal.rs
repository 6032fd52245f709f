//! Renewals ([MS-WCCE] 3.2.2.6.2.1.2.3 and .4, 3.2.2.6.2.1.4.8).
//!
//! What is wrong with the old certificate's identity denies the request. What ends its force
//! (another template, its time) denies only after the demands that a renewal may do without:
//! then the answer names those first, as to any other request without signatures.

use super::Case;
use super::names::same;
use crate::asn1::Name;
use crate::model::{
    DenyReason, EnrollmentFlags, GeneralName, NameFlags, OldCertificate, PrivateKeyFlags, Standing,
    WaiverProblem,
};

/// Config_CA_Allow_RenewOnBehalfOf_Requests: the old certificate's key stands for the logon of its
/// subject, which must be known by it.
pub(super) fn on_behalf(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.facts.renew_on_behalf {
        return Ok(());
    }
    if !case.settings.renewals.on_behalf {
        return Err(DenyReason::RenewalOnBehalfOf);
    }
    let named = case.facts.old_certificate.and_then(|old| old.sid.as_ref());
    match (named, case.facts.requester, case.subject_token()) {
        (Some(sid), Some(requester), Some(_)) if *sid == requester.sid => Ok(()),
        _ => Err(DenyReason::RenewalWithoutSubject),
    }
}

/// The Request table knows the old certificate, byte for byte, and as one that is not revoked.
pub(super) fn standing(case: &Case<'_>) -> Result<(), DenyReason> {
    match case.facts.old_certificate.map(|old| old.standing) {
        None if case.facts.request.renewal.is_some() => Err(DenyReason::RenewalUnknown),
        None | Some(Standing::Issued) => Ok(()),
        Some(Standing::Revoked) => Err(DenyReason::RenewalRevoked),
        Some(Standing::Unknown) => Err(DenyReason::RenewalUnknown),
    }
}

/// The old key's signature uses no hash that can be forged.
pub(super) fn strength(case: &Case<'_>) -> Result<(), DenyReason> {
    let weak = case.facts.request.renewal.as_ref().is_some_and(|renewal| renewal.sha1);
    match weak && !case.settings.sha1_signatures {
        true => Err(DenyReason::WeakRenewal),
        false => Ok(()),
    }
}

/// Nobody renews what another holds: the old certificate's SID, or else the name in its row, is
/// that of the account that the request is for.
pub(super) fn own_certificate(case: &Case<'_>) -> Result<(), DenyReason> {
    let Some(old) = case.facts.old_certificate else { return Ok(()) };
    let own = match (&old.sid, case.facts.requester) {
        (Some(sid), Some(requester)) => *sid == requester.sid,
        (Some(sid), None) => sid == case.facts.caller.token.user(),
        (None, _) => old.requester_name.as_ref().is_some_and(|name| same(name, &case.subject())),
    };
    match own || is_key_based(case) {
        true => Ok(()),
        false => Err(DenyReason::RenewalOfAnother { account: case.subject() }),
    }
}

/// A renewal is by the template of the old certificate.
pub(super) fn same_template(case: &Case<'_>) -> Result<(), DenyReason> {
    let Some(old) = case.facts.old_certificate else { return Ok(()) };
    let template = case.template;
    let by_oid = old.template_oid.as_ref().map(|oid| Some(oid) == template.oid.as_ref());
    let by_name = old.template_name.as_ref().map(|name| same(name, &template.name));
    if [by_oid, by_name].contains(&Some(true)) && ![by_oid, by_name].contains(&Some(false)) {
        return Ok(());
    }
    let oid = || old.template_oid.as_ref().map(ToString::to_string);
    let named = old.template_name.clone().or_else(oid);
    Err(DenyReason::RenewalTemplate {
        template: case.template_name(),
        old: named.map_or_else(|| "no template".to_owned(), |name| format!("the template {name}")),
    })
}

/// A certificate can be renewed while it is valid.
pub(super) fn validity(case: &Case<'_>) -> Result<(), DenyReason> {
    match case.facts.old_certificate {
        Some(old) if !is_valid(case, old) => Err(DenyReason::RenewalNotValid),
        _ => Ok(()),
    }
}

/// REQUIRE_SAME_KEY_RENEWAL.
pub(super) fn require_same_key_renewal(case: &Case<'_>) -> Result<(), DenyReason> {
    let wanted = case.template.private_key.contains(PrivateKeyFlags::REQUIRE_SAME_KEY_RENEWAL);
    match case.facts.old_certificate {
        Some(old) if wanted && old.spki != case.facts.request.public_key.spki => {
            Err(DenyReason::RenewalKey { template: case.template_name() })
        }
        _ => Ok(()),
    }
}

/// Whether PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT does without approval and signatures.
pub(super) fn is_waived(case: &Case<'_>) -> bool {
    case.facts.old_certificate.is_some_and(|old| waiver(case, old).is_ok())
}

/// Why a renewal is none that does without approval and signatures.
pub(super) fn waiver_problem(case: &Case<'_>) -> Option<WaiverProblem> {
    case.facts.old_certificate.and_then(|old| waiver(case, old).err())
}

/// ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT: the old key stands for the right
/// to enroll, where names come from the old certificate and the setting allows it.
pub(super) fn is_key_based(case: &Case<'_>) -> bool {
    let flag = EnrollmentFlags::ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT;
    case.settings.renewals.key_based
        && case.template.enrollment.contains(flag)
        && case.enrollee_supplies_subject()
        && is_waived(case)
}

/// The conditions of [MS-WCCE] 3.2.2.6.2.1.4.8, and ours: the old certificate's time, its SID,
/// and how long its line goes back.
fn waiver(case: &Case<'_>, old: &OldCertificate) -> Result<(), WaiverProblem> {
    let flag = EnrollmentFlags::PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT;
    let ours = old.standing == Standing::Issued && is_valid(case, old);
    holds(case.template.enrollment.contains(flag), WaiverProblem::NotSet)?;
    holds(ours, WaiverProblem::NotValid)?;
    let oid = old.template_oid.as_ref().ok_or(WaiverProblem::NoTemplateOid)?;
    holds(case.template.oid.as_ref() == Some(oid), WaiverProblem::OtherTemplate)?;
    if case.template.names.contains(NameFlags::ENROLLEE_SUPPLIES_SUBJECT) {
        holds(has_subject_of(case, old), WaiverProblem::Subject)?;
    } else {
        has_names_of_account(case, old)?;
    }
    let limits = &case.settings.renewals;
    let renewals = old.renewals;
    holds(renewals < limits.max_renewals, WaiverProblem::TooManyRenewals(renewals))?;
    let age = case.facts.now.duration_since(old.first_issued).unwrap_or_default();
    holds(age < limits.max_age, WaiverProblem::TooOld)
}

fn holds(condition: bool, otherwise: WaiverProblem) -> Result<(), WaiverProblem> {
    if condition { Ok(()) } else { Err(otherwise) }
}

fn is_valid(case: &Case<'_>, old: &OldCertificate) -> bool {
    (old.not_before..=old.not_after).contains(&case.facts.now)
}

/// A subject is supplied, and it is the old certificate's, however its strings are encoded.
fn has_subject_of(case: &Case<'_>, old: &OldCertificate) -> bool {
    let name = |der: &[u8]| Name::from_der(der).ok().filter(|name| !name.is_empty());
    let supplied = name(&case.facts.request.subject);
    supplied.is_some() && supplied == name(&old.subject)
}

/// A user principal name or an e-mail address is there, and each is the account's; and so is the
/// SID.
fn has_names_of_account(case: &Case<'_>, old: &OldCertificate) -> Result<(), WaiverProblem> {
    let account = case.facts.requester.ok_or(WaiverProblem::NoAccount)?;
    let own = |value: &Option<String>, name: &str| value.as_ref().is_some_and(|v| same(v, name));
    let upn = super::names::user_principal_name(account);
    let mut named = false;
    for name in &old.subject_alt_names {
        match name {
            GeneralName::Upn(name) => holds(own(&upn, name), WaiverProblem::Upn(name.clone()))?,
            GeneralName::Email(name) => {
                holds(own(&account.mail, name), WaiverProblem::Email(name.clone()))?;
            }
            _ => continue,
        }
        named = true;
    }
    holds(named, WaiverProblem::NoName)?;
    holds(old.sid.as_ref().is_none_or(|sid| *sid == account.sid), WaiverProblem::Sid)
}
