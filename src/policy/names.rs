//! Subject and subject alternative names ([MS-WCCE] 3.2.2.6.2.1.4.5.9), and who they may name.
//!
//! From the directory they are the requester's own, whatever the request says. Supplied ones are
//! held to this: a user principal name, a SID or an objectGUID in them is the requester's own or
//! the request is denied; attributes of the subject are of known types and no longer than X.520
//! allows; and where the certificate would prove the names to others, the setting for supplied
//! names says what is done.

mod directory;
mod supplied;

pub(super) use directory::{
    require_machine_name, some_name, subject_alternative_names, user_principal_name,
};
pub(super) use supplied::{
    proves_foreign_names, subject_attributes, supplied_directory_guid, supplied_names_denied,
    supplied_sid, supplied_upn,
};

use super::requirements::is_any_purpose;
use super::{Case, renewal};
use crate::asn1::{Name, extensions, oids};
use crate::model::{
    DenyReason, EnrollmentFlags, GeneralName, IssuancePlan, Sid, SubjectName, Template,
};

/// The subject, from the request or by the SUBJECT_REQUIRE flags.
pub(super) fn subject(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    if !case.enrollee_supplies_subject() {
        plan.subject = directory::subject(case)?;
        return Ok(());
    }
    if case.facts.request.subject_attributes.is_empty() {
        return Err(DenyReason::SubjectMissing { template: case.template_name() });
    }
    plan.subject = SubjectName::FromRequest(case.facts.request.subject.clone());
    Ok(())
}

/// Subject alternative names, from the request or by the SUBJECT_ALT_REQUIRE flags; in a renewal
/// that does without approval those of the old certificate, in place of the request's.
/// ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME is ignored, and so is every attribute that asks for names.
pub(super) fn alternative_names(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    plan.subject_alt_names = match case.facts.old_certificate {
        _ if !case.enrollee_supplies_subject() => subject_alternative_names(case)?,
        Some(old) if renewal::is_waived(case) => supplied::without_sids(&old.subject_alt_names),
        _ => supplied::without_sids(&case.facts.request.subject_alt_names),
    };
    Ok(())
}

/// ExchangeUser and ExchangeUserSignature ([MS-WCCE] 3.2.2.6.2.1.4.6): beside an e-mail address,
/// a directory name that is nothing but a CN is left out.
pub(super) fn exchange_user(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    let exchange = ["ExchangeUser", "ExchangeUserSignature"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&case.template.name));
    let names = &mut plan.subject_alt_names;
    if exchange && names.iter().any(|name| matches!(name, GeneralName::Email(_))) {
        names.retain(|name| !is_common_name_alone(name));
    }
    Ok(())
}

fn is_common_name_alone(name: &GeneralName) -> bool {
    let GeneralName::Directory(der) = name else { return false };
    Name::from_der(der).is_ok_and(|name| {
        !name.is_empty() && name.attributes().all(|attribute| attribute.oid == oids::COMMON_NAME)
    })
}

/// The SID extension, by the two flags that decide on it. Names of the directory: the
/// requester's, unless NO_SECURITY_EXTENSION leaves it out, which counts only where nobody logs
/// on with the certificate or the setting says so. Supplied names: the request's, which
/// [`supplied_sid`] has found to be the requester's own, unless the flag leaves it out.
pub(super) fn security_extension(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    let flag = case.template.enrollment.contains(EnrollmentFlags::NO_SECURITY_EXTENSION);
    let followed = case.settings.no_security_extension || !authenticates(case.template);
    let supplied = case.enrollee_supplies_subject();
    plan.sid = match supplied {
        true if flag || !carries_sid(case) => None,
        true => own_sid(case).cloned(),
        false if flag && followed => None,
        false => Some(case.requester()?.sid.clone()),
    };
    Ok(())
}

fn carries_sid(case: &Case<'_>) -> bool {
    extensions::find(&case.facts.request.extensions, &oids::NTDS_CA_SECURITY_EXT).is_some()
}

/// The SID of the account that the request is for.
fn own_sid<'a>(case: &Case<'a>) -> Option<&'a Sid> {
    case.subject_token().map(crate::model::Token::user)
}

/// Whether certificates of the template can log somebody on.
pub(super) fn authenticates(template: &Template) -> bool {
    let logon = [oids::CLIENT_AUTH, oids::SMARTCARD_LOGON, oids::PKINIT_CLIENT_AUTH];
    template.application_policies.is_empty()
        || is_any_purpose(template)
        || template.application_policies.iter().any(|policy| logon.contains(policy))
}

/// Whether two names of the directory are the same: it compares them without case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
