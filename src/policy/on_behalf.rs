//! Requests on behalf of others ([MS-WCCE] 3.2.2.6.2.1.2.1).

use super::Case;
use super::signers::is_agent;
use crate::asn1::oids;
use crate::model::{DenyReason, EnrollmentFlags, SchemaVersion, Sid, Token};

/// RequesterName counts where all signers signed it. One that stands elsewhere and names another
/// is refused rather than passed over.
pub(super) fn requester_name(case: &Case<'_>) -> Result<(), DenyReason> {
    let request = case.facts.request;
    let account = case.account().to_lowercase();
    let signed = request.on_behalf_of.as_ref().map(|name| name.to_lowercase());
    let other = request
        .attributes
        .iter()
        .filter(|attribute| attribute.name.eq_ignore_ascii_case("RequesterName"))
        .find(|attribute| {
            let value = attribute.value.to_lowercase();
            value != account && Some(value) != signed
        });
    match other {
        Some(attribute) => Err(DenyReason::OnBehalfOf { requester: attribute.value.clone() }),
        None => Ok(()),
    }
}

/// An enrollment agent signed: every signer's certificate is one of an agent.
pub(super) fn agent_signature(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.is_on_behalf() {
        return Ok(());
    }
    let signers = case.facts.signers;
    match signers.iter().find(|facts| !is_agent(facts)) {
        Some(facts) => Err(DenyReason::NotAnAgent { signer: facts.subject.clone() }),
        None if signers.is_empty() => Err(DenyReason::OnBehalfOf { requester: case.subject() }),
        None => Ok(()),
    }
}

/// The template is one to enroll for on behalf of others: it wants the signature of an enrollment
/// agent and of nobody less, or says so (ALLOW_ENROLL_ON_BEHALF_OF). Templates of version 1 can
/// say neither.
pub(super) fn template(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.is_on_behalf() {
        return Ok(());
    }
    let template = case.template;
    if template.schema == SchemaVersion::V1 {
        return match case.settings.on_behalf.version_1 {
            true => Ok(()),
            false => Err(DenyReason::OnBehalfOfVersion1 { template: case.template_name() }),
        };
    }
    let wants_agent = template.ra_signatures > 0
        && template.ra_application_policies.contains(&oids::ENROLLMENT_AGENT);
    let says_so = template.enrollment.contains(EnrollmentFlags::ALLOW_ENROLL_ON_BEHALF_OF);
    match wants_agent || says_so {
        true => Ok(()),
        false => Err(DenyReason::OnBehalfOfTemplate { template: case.template_name() }),
    }
}

/// The account that the certificate is for is there.
pub(super) fn target(case: &Case<'_>) -> Result<(), DenyReason> {
    match case.is_on_behalf() && case.subject_token().is_none() {
        true => Err(DenyReason::PrincipalUnknown { account: case.subject() }),
        false => Ok(()),
    }
}

/// An agent's certificate is the caller's: whoever came by an agent's key cannot use it from
/// another account. Where a template demands several signatures, the others are of others.
pub(super) fn agent_is_caller(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.is_on_behalf() || case.settings.on_behalf.others_certificates {
        return Ok(());
    }
    let caller = case.facts.caller.token.user();
    let signers = case.facts.signers;
    match signers.first() {
        Some(first) if signers.iter().all(|facts| facts.sid.as_ref() != Some(caller)) => {
            let (signer, account) = (first.subject.clone(), case.account());
            Err(DenyReason::AgentIsNotCaller { signer, account })
        }
        _ => Ok(()),
    }
}

/// Config_Permissions_Enrollment_Agent_Rights, which always is configured here.
pub(super) fn agent_rights(case: &Case<'_>) -> Result<(), DenyReason> {
    if !case.is_on_behalf() {
        return Ok(());
    }
    let (agents, caller) = (&case.settings.on_behalf.agents, &case.facts.caller.token);
    let oid = case.template.oid.as_ref().map(ToString::to_string);
    let names: Vec<&str> =
        [Some(&*case.template.name), oid.as_deref()].into_iter().flatten().collect();
    let allows = |target| agents.allows(caller, &names, target);
    match case.subject_token().is_some_and(allows) {
        true => Ok(()),
        false => Err(DenyReason::AgentRestricted {
            agent: case.account(),
            template: case.template_name(),
            requester: case.subject(),
        }),
    }
}

/// Who rules others enrolls itself.
pub(super) fn privileged_target(case: &Case<'_>) -> Result<(), DenyReason> {
    let settings = &case.settings.on_behalf;
    if !case.is_on_behalf() || settings.privileged_targets {
        return Ok(());
    }
    match case.subject_token().is_none_or(|target| is_protected(target, &settings.protected)) {
        true => Err(DenyReason::PrivilegedTarget { requester: case.subject() }),
        false => Ok(()),
    }
}

/// Whether an account is one of those that Active Directory protects (adminSDHolder), or that the
/// setting names: Administrators, Account, Server, Print and Backup Operators, Replicator; of any
/// domain Administrator, krbtgt, Domain and Enterprise Admins, Domain Controllers (read-only ones
/// too), Cert Publishers, Schema Admins, Group Policy Creator Owners, Key Admins.
fn is_protected(target: &Token, more: &[Sid]) -> bool {
    let of_windows = |sid: &Sid| match sid.sub_authorities() {
        [32, 544 | 548..=552] => sid.authority() == 5,
        [21, _, _, _, 498 | 500 | 502 | 512 | 516..=521 | 526 | 527] => sid.authority() == 5,
        _ => false,
    };
    target.sids().any(|sid| of_windows(sid) || more.contains(sid))
}
