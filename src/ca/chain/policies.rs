//! What the policies of a certificate are worth below the CAs above it.

use super::node::Node;
use crate::asn1::oids;
use crate::model::Oid;

/// Application policies of the first certificate of a chain that each CA above it allows.
pub(super) fn application(path: &[&Node<'_>]) -> Vec<Oid> {
    let Some((leaf, above)) = path.split_first() else { return Vec::new() };
    let mut policies = match (&leaf.purposes, &leaf.application_policies) {
        (Some(purposes), Some(policies)) => common(purposes, policies),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => Vec::new(),
    };
    for ca in above {
        for allowed in [&ca.purposes, &ca.application_policies].into_iter().flatten() {
            if !allowed.iter().any(is_any_purpose) {
                policies = common(&policies, allowed);
            }
        }
    }
    policies
}

/// Issuance policies of the first certificate of a chain that hold through it (RFC 5280 6.1,
/// without mappings). A root's say nothing, since it is trusted by itself.
pub(super) fn issuance(path: &[&Node<'_>]) -> Vec<Oid> {
    let Some((leaf, above)) = path.split_first() else { return Vec::new() };
    let mut policies = leaf.policies.clone().unwrap_or_default();
    let between = above.split_last().map(|(_, between)| between).unwrap_or_default();
    for ca in between {
        let allowed = ca.policies.as_deref().unwrap_or_default();
        if !allowed.contains(&oids::ANY_POLICY) {
            policies = common(&policies, allowed);
        }
    }
    policies
}

fn common(one: &[Oid], other: &[Oid]) -> Vec<Oid> {
    one.iter().filter(|oid| other.contains(oid)).cloned().collect()
}

fn is_any_purpose(oid: &Oid) -> bool {
    *oid == oids::ANY_EXTENDED_KEY_USAGE || *oid == oids::ANY_APPLICATION_POLICY
}
