//! What a request has to meet ([MS-WCCE] 3.2.2.6.2.1.4.3 and .5). The issuance requirements of
//! schema versions 2 to 4 are asked of version 1 templates too. What this version cannot carry
//! out is refused, never passed over.

use super::Case;
use crate::asn1::oids;
use crate::model::{DenyReason, ENROLL, GeneralFlags, PrivateKeyFlags, Template};

/// ntSecurityDescriptor: the caller has the extended right Enroll.
pub(super) fn enroll_right(case: &Case<'_>) -> Result<(), DenyReason> {
    if case.template.security.grants_extended_right(&case.facts.caller.token, ENROLL) {
        return Ok(());
    }
    Err(DenyReason::TemplateEnrollRight { account: case.account(), template: case.template_name() })
}

/// A session may outlive the account that it was opened with.
pub(super) fn account_enabled(case: &Case<'_>) -> Result<(), DenyReason> {
    match case.facts.requester {
        Some(principal) if !principal.enabled => {
            Err(DenyReason::AccountDisabled { account: case.account() })
        }
        _ => Ok(()),
    }
}

/// The attribute RequesterName makes a request one on behalf of somebody else, which only an
/// enrollment agent's signature can authorise.
pub(super) fn requester_name(case: &Case<'_>) -> Result<(), DenyReason> {
    let other = case
        .facts
        .request
        .attributes
        .iter()
        .filter(|attribute| attribute.name.eq_ignore_ascii_case("RequesterName"))
        .find(|attribute| attribute.value.to_lowercase() != case.account().to_lowercase());
    match other {
        Some(attribute) => Err(DenyReason::OnBehalfOf { requester: attribute.value.clone() }),
        None => Ok(()),
    }
}

/// IS_CA, IS_CROSS_CA, and the names that stand for them: enrollment makes no CA certificates.
pub(super) fn ca_template(case: &Case<'_>) -> Result<(), DenyReason> {
    let flags = GeneralFlags::IS_CA | GeneralFlags::IS_CROSS_CA;
    let named = ["CA", "SubCA", "CrossCA"];
    if case.template.flags.intersects(flags)
        || named.iter().any(|name| name.eq_ignore_ascii_case(&case.template.name))
    {
        return Err(DenyReason::CaTemplate { template: case.template_name() });
    }
    Ok(())
}

/// Certificates that are good for every purpose are good for the wrong ones too: none without
/// application policies, and those of any purpose not for everybody.
pub(super) fn any_purpose(case: &Case<'_>) -> Result<(), DenyReason> {
    let any = is_any_purpose(case.template);
    let none = case.template.application_policies.is_empty();
    if none || (any && super::approval::many_may_enroll(case.template)) {
        return Err(DenyReason::AnyPurpose { template: case.template_name() });
    }
    Ok(())
}

/// Whether one of the application policies stands for all.
pub(super) fn is_any_purpose(template: &Template) -> bool {
    let any = [oids::ANY_EXTENDED_KEY_USAGE, oids::ANY_APPLICATION_POLICY];
    template.application_policies.iter().any(|policy| any.contains(policy))
}

/// msPKI-RA-Signature: no request carries signatures of enrollment agents yet.
pub(super) fn ra_signature(case: &Case<'_>) -> Result<(), DenyReason> {
    match case.template.ra_signatures {
        0 => Ok(()),
        wanted => Err(DenyReason::SignaturesRequired { template: case.template_name(), wanted }),
    }
}

/// msPKI-RA-Application-Policies and msPKI-RA-Policies speak of signers; without a signature
/// count nobody would be asked.
pub(super) fn ra_policies(case: &Case<'_>) -> Result<(), DenyReason> {
    let template = case.template;
    let asked = !(template.ra_application_policies.is_empty() && template.ra_policies.is_empty());
    if asked && template.ra_signatures == 0 {
        return Err(DenyReason::SignerPoliciesWithoutSignatures { template: case.template_name() });
    }
    Ok(())
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

/// REQUIRE_PRIVATE_KEY_ARCHIVAL: no request archives a key yet.
pub(super) fn require_private_key_archival(case: &Case<'_>) -> Result<(), DenyReason> {
    if case.template.private_key.contains(PrivateKeyFlags::REQUIRE_PRIVATE_KEY_ARCHIVAL) {
        return Err(DenyReason::ArchivalRequired { template: case.template_name() });
    }
    Ok(())
}

/// ATTEST_REQUIRED: no attestation is verified yet. ATTEST_PREFERRED does without.
pub(super) fn attest_required(case: &Case<'_>) -> Result<(), DenyReason> {
    if case.template.private_key.contains(PrivateKeyFlags::ATTEST_REQUIRED) {
        return Err(DenyReason::AttestationRequired { template: case.template_name() });
    }
    Ok(())
}
