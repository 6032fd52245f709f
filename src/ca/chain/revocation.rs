//! What CRLs say of a certificate of another CA (RFC 5280 6.3, whole base CRLs alone).

use super::ChainValidator;
use super::node::Node;
use crate::asn1::{CertificateList, Hash, verify_signature};
use crate::model::{KeyUsage, Standing};

/// What the current CRLs of its issuer say of `node`.
pub(super) fn standing(
    node: &Node<'_>,
    issuer: &Node<'_>,
    validator: &ChainValidator<'_>,
) -> Standing {
    let serial = magnitude(node.certificate.serial);
    let mut standing = Standing::Unknown;
    for der in validator.crls {
        let Ok(list) = CertificateList::parse(der) else { continue };
        if !counts(&list, issuer, validator) {
            continue;
        }
        if list.revoked.iter().any(|revoked| magnitude(&revoked.0) == serial) {
            return Standing::Revoked;
        }
        standing = Standing::Issued;
    }
    standing
}

/// Whether it is a current CRL of `issuer`, for all of its certificates. Delta CRLs, indirect and
/// partial ones have a critical extension; none of those is understood.
fn counts(list: &CertificateList<'_>, issuer: &Node<'_>, validator: &ChainValidator<'_>) -> bool {
    let current = (list.this_update..=list.next_update).contains(&validator.now);
    let may_sign = issuer.usage.is_none_or(|usage| usage.contains(KeyUsage::CRL_SIGN));
    if list.issuer != issuer.certificate.subject
        || !current
        || !may_sign
        || list.extensions.iter().any(|extension| extension.critical)
    {
        return false;
    }
    let scheme = verify_signature(&issuer.key, &list.signature_algorithm, list.tbs, list.signature);
    scheme.is_ok_and(|scheme| validator.trust.allow_sha1 || scheme.hash() != Some(Hash::Sha1))
}

/// A serial number without its sign byte.
fn magnitude(serial: &[u8]) -> &[u8] {
    match serial {
        [0, rest @ ..] => rest,
        all => all,
    }
}
