//! Signatures of registration authorities ([MS-WCCE] 3.2.2.6.2.1.4.5.1, .3 and .4). More than the
//! template wants do no harm, but each must be good.

use super::{Case, renewal};
use crate::asn1::oids;
use crate::model::{DenyReason, Oid, SignerFacts};

/// msPKI-RA-Signature.
pub(super) fn ra_signature(case: &Case<'_>) -> Result<(), DenyReason> {
    let (template, wanted) = (case.template_name(), case.template.ra_signatures);
    let found = case.facts.signers.len();
    let enough = usize::try_from(wanted).is_ok_and(|wanted| found >= wanted);
    if enough || renewal::is_waived(case) {
        return Ok(());
    }
    let waiver = renewal::waiver_problem(case);
    Err(match found {
        0 => DenyReason::SignaturesRequired { template, wanted, waiver },
        _ => DenyReason::SignatureCount { template, wanted, found, waiver },
    })
}

/// No signature uses a hash that can be forged.
pub(super) fn strength(case: &Case<'_>) -> Result<(), DenyReason> {
    let weak = |facts: &&SignerFacts| facts.signer.sha1 && !case.settings.sha1_signatures;
    match case.facts.signers.iter().find(weak) {
        Some(facts) => Err(DenyReason::WeakSignature { signer: facts.subject.clone() }),
        None => Ok(()),
    }
}

/// Each signer's certificate holds: its path, time, revocation, and NTAuth.
pub(super) fn chain(case: &Case<'_>) -> Result<(), DenyReason> {
    case.facts.signers.iter().try_for_each(|facts| match &facts.chain {
        Ok(()) => Ok(()),
        Err(problem) => {
            Err(DenyReason::SignerChain { signer: facts.subject.clone(), problem: problem.clone() })
        }
    })
}

/// msPKI-RA-Application-Policies: each is one of a signer. Any purpose is none of them.
pub(super) fn ra_application_policies(case: &Case<'_>) -> Result<(), DenyReason> {
    match missing(case, &case.template.ra_application_policies, |facts| &facts.application_policies)
    {
        Some(policy) => Err(DenyReason::SignerApplicationPolicy {
            template: case.template_name(),
            policy: policy.clone(),
        }),
        None => Ok(()),
    }
}

/// msPKI-RA-Policies: each is one of a signer.
pub(super) fn ra_policies(case: &Case<'_>) -> Result<(), DenyReason> {
    match missing(case, &case.template.ra_policies, |facts| &facts.issuance_policies) {
        Some(policy) => Err(DenyReason::SignerIssuancePolicy {
            template: case.template_name(),
            policy: policy.clone(),
        }),
        None => Ok(()),
    }
}

/// The first of `wanted` that no signer has. Templates that want no signature are refused before,
/// if they want policies of one; waived renewals are asked nothing.
fn missing<'a>(
    case: &Case<'_>,
    wanted: &'a [Oid],
    of: impl Fn(&SignerFacts) -> &Vec<Oid>,
) -> Option<&'a Oid> {
    let has = |policy: &Oid| case.facts.signers.iter().any(|facts| of(facts).contains(policy));
    wanted.iter().find(|policy| !has(policy)).filter(|_| !renewal::is_waived(case))
}

/// msPKI-RA-Application-Policies and msPKI-RA-Policies speak of signers; without a signature
/// count nobody would be asked.
pub(super) fn policies_without_signature(case: &Case<'_>) -> Result<(), DenyReason> {
    let template = case.template;
    let asked = !(template.ra_application_policies.is_empty() && template.ra_policies.is_empty());
    if asked && template.ra_signatures == 0 {
        return Err(DenyReason::SignerPoliciesWithoutSignatures { template: case.template_name() });
    }
    Ok(())
}

/// Whether a signer's certificate is one of an enrollment agent, and says so itself.
pub(super) fn is_agent(facts: &SignerFacts) -> bool {
    facts.application_policies.contains(&oids::ENROLLMENT_AGENT)
}
