//! What a request has to meet ([MS-WCCE] 3.2.2.6.2.1.4.3 and .5). The issuance requirements of
//! schema versions 2 to 4 are asked of version 1 templates too. What this CA cannot carry out is
//! refused, never passed over.

use super::{Case, Handling, renewal};
use crate::asn1::oids;
use crate::model::{DenyReason, GeneralFlags, PrivateKeyFlags, Template};

/// ntSecurityDescriptor: the caller has the extended right Enroll. In a renewal on behalf of
/// others, the old certificate's subject has it; in a key-based renewal, the old key is enough.
pub(super) fn enroll_right(case: &Case<'_>) -> Result<(), DenyReason> {
    let enrollee = match case.facts.renew_on_behalf {
        true => case.subject_token(),
        false => Some(&case.facts.caller.token),
    };
    let may = |token| case.template.rights(token).enroll;
    if enrollee.is_some_and(may) || renewal::is_key_based(case) {
        return Ok(());
    }
    let account = if case.facts.renew_on_behalf { case.subject() } else { case.account() };
    Err(DenyReason::TemplateEnrollRight { account, template: case.template_name() })
}

/// A session may outlive the account that it was opened with, and certificates are for accounts
/// that may log on.
pub(super) fn account_enabled(case: &Case<'_>) -> Result<(), DenyReason> {
    match case.facts.requester {
        Some(principal) if !principal.enabled => {
            Err(DenyReason::AccountDisabled { account: case.subject() })
        }
        _ => Ok(()),
    }
}

/// Certificates of CAs, where the setting denies them or the CA's own certificate allows none
/// below.
pub(super) fn ca_template(case: &Case<'_>) -> Result<(), DenyReason> {
    if !is_ca_template(case.template) {
        return Ok(());
    }
    if case.settings.ca_certificates == Handling::Deny {
        return Err(DenyReason::CaTemplate { template: case.template_name() });
    }
    match case.facts.ca_path_length {
        Some(0) => Err(DenyReason::PathLength { template: case.template_name() }),
        _ => Ok(()),
    }
}

/// IS_CA, IS_CROSS_CA ([MS-WCCE] 3.2.2.6.2.1.4.4.1), and the names that stand for them
/// ([MS-WCCE] 3.2.2.6.2.1.4.6).
pub(super) fn is_ca_template(template: &Template) -> bool {
    let named = ["CA", "SubCA", "CrossCA"];
    template.flags.intersects(GeneralFlags::IS_CA | GeneralFlags::IS_CROSS_CA)
        || named.iter().any(|name| name.eq_ignore_ascii_case(&template.name))
}

/// Certificates that are good for every purpose are good for the wrong ones too: none without
/// application policies but a CA's, and those of any purpose not for everybody.
pub(super) fn any_purpose(case: &Case<'_>) -> Result<(), DenyReason> {
    let any = is_any_purpose(case.template) && super::approval::many_may_enroll(case.template);
    let none = case.template.application_policies.is_empty() && !is_ca_template(case.template);
    if (none || any) && !case.settings.any_purpose {
        return Err(DenyReason::AnyPurpose { template: case.template_name() });
    }
    Ok(())
}

/// Whether one of the application policies stands for all.
pub(super) fn is_any_purpose(template: &Template) -> bool {
    let any = [oids::ANY_EXTENDED_KEY_USAGE, oids::ANY_APPLICATION_POLICY];
    template.application_policies.iter().any(|policy| any.contains(policy))
}

/// msPKI-Minimal-Key-Size.
pub(super) fn minimal_key_size(case: &Case<'_>) -> Result<(), DenyReason> {
    let (bits, minimum) =
        (case.facts.request.public_key.kind.bits(), case.template.minimal_key_size);
    if bits >= minimum {
        return Ok(());
    }
    Err(DenyReason::KeyLength { template: case.template_name(), bits, minimum })
}

/// REQUIRE_PRIVATE_KEY_ARCHIVAL, which a renewal with the same key does without; and this CA has
/// nobody to archive keys for.
pub(super) fn require_private_key_archival(case: &Case<'_>) -> Result<(), DenyReason> {
    let flags = case.template.private_key;
    let template = case.template_name();
    let kept = flags.contains(PrivateKeyFlags::REQUIRE_SAME_KEY_RENEWAL)
        && case.facts.old_certificate.is_some();
    let wanted = flags.contains(PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL);
    match (wanted, case.facts.request.archives_key) {
        (false, true) => Err(DenyReason::ArchivalUnexpected { template }),
        (true, true) => Err(DenyReason::ArchivalNotConfigured { template }),
        (true, false) if !kept => Err(DenyReason::ArchivalRequired { template }),
        _ => Ok(()),
    }
}

/// ATTEST_REQUIRED: no attestation is verified yet. ATTEST_PREFERRED does without.
pub(super) fn attest_required(case: &Case<'_>) -> Result<(), DenyReason> {
    if case.template.private_key.contains(PrivateKeyFlags::ATTEST_REQUIRED) {
        return Err(DenyReason::AttestationRequired { template: case.template_name() });
    }
    Ok(())
}
