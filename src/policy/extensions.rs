//! Extensions that the template asks for ([MS-WCCE] 3.2.2.6.2.1.4.4 to .5.8). None is taken from
//! the request but S/MIME capabilities and, where the template says so, issuance policies.

use super::requirements::is_ca_template;
use super::{Case, Token};
use crate::asn1::{self, extensions, oids};
use crate::model::{
    BasicConstraints, CertificatePolicy, DenyReason, EnrollmentFlags, Extension, IssuancePlan,
    KeyUsage, Oid, PublicKeyKind, SchemaVersion, Template, TemplateExtension,
};

/// A request's S/MIME capabilities may have so many elements.
const MAX_SMIME_ELEMENTS: usize = 256;

/// How the certificate names its template: by name for schema version 1, by OID and version for
/// others, always as the CA knows them.
pub(super) fn template_extension(template: &Template) -> Result<TemplateExtension, DenyReason> {
    if template.schema == SchemaVersion::V1 {
        return Ok(TemplateExtension::Name(template.name.clone()));
    }
    let oid = template.oid.clone();
    let oid = oid.ok_or(DenyReason::TemplateWithoutOid { template: template.name.clone() })?;
    Ok(TemplateExtension::Information { oid, major: template.major, minor: template.minor })
}

/// pKIKeyUsage, as far as this kind of key can have it. keyCertSign and cRLSign are for CAs, whose
/// certificates always have the former.
pub(super) fn key_usage(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    let wanted = case.template.key_usage;
    let ca = is_ca_template(case.template);
    if wanted == KeyUsage::default() && !ca {
        return Ok(());
    }
    let signing = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::NON_REPUDIATION);
    let possible = match case.facts.request.public_key.kind {
        PublicKeyKind::Rsa { .. } => {
            signing.union(KeyUsage::KEY_ENCIPHERMENT).union(KeyUsage::DATA_ENCIPHERMENT)
        }
        PublicKeyKind::EcP256 | PublicKeyKind::EcP384 | PublicKeyKind::EcP521 => {
            signing.union(KeyUsage::KEY_AGREEMENT)
        }
        PublicKeyKind::Ed25519 => signing,
    };
    let of_cas = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
    let possible = if ca { possible.union(of_cas) } else { possible };
    let usage = KeyUsage(wanted.0 & possible.0);
    if usage == KeyUsage::default() || (ca && !usage.contains(KeyUsage::KEY_CERT_SIGN)) {
        return Err(DenyReason::KeyUsage { template: case.template_name() });
    }
    let critical = case.template.critical_extensions.contains(&oids::KEY_USAGE);
    plan.key_usage = Some((usage, critical));
    Ok(())
}

/// Application policies in the request are the template's, or fewer (CVE-2024-49019): they are never
/// taken, and a request that asks for others is not what it says. (Extended key usage is passed
/// over, as requests of other makers name more of it than they need.)
pub(super) fn requested_application_policies(case: &Case<'_>) -> Result<(), DenyReason> {
    let asked = extensions::find(&case.facts.request.extensions, &oids::APPLICATION_CERT_POLICIES);
    let Some(extension) = asked.filter(|_| !case.settings.strip_application_policies) else {
        return Ok(());
    };
    let asked = extensions::decode_policies(&extension.value)
        .map_err(|_| DenyReason::MalformedExtension { oid: extension.oid.clone() })?;
    let known = &case.template.application_policies;
    match asked.into_iter().find(|policy| !known.contains(policy)) {
        Some(policy) => {
            Err(DenyReason::ApplicationPolicy { template: case.template_name(), policy })
        }
        None => Ok(()),
    }
}

/// pKIExtendedKeyUsage or msPKI-Certificate-Application-Policy, never what the request asks for.
pub(super) fn application_policies(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    plan.application_policies.clone_from(&case.template.application_policies);
    Ok(())
}

/// pKICriticalExtensions.
pub(super) fn critical_extensions(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    plan.critical_extensions.clone_from(&case.template.critical_extensions);
    Ok(())
}

/// IS_CA, IS_CROSS_CA and the names of such templates, with pKIMaxIssuingDepth; otherwise
/// INCLUDE_BASIC_CONSTRAINTS_FOR_EE_CERTS.
pub(super) fn basic_constraints(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    let flag = EnrollmentFlags::INCLUDE_BASIC_CONSTRAINTS_FOR_EE_CERTS;
    let wanted = case.template.enrollment.contains(flag);
    plan.basic_constraints = match is_ca_template(case.template) {
        true => {
            let path_length = case.template.max_issuing_depth;
            Some(BasicConstraints { ca: true, path_length })
        }
        false => wanted.then(BasicConstraints::default),
    };
    Ok(())
}

/// msPKI-Certificate-Policy; with ISSUANCE_POLICIES_FROM_REQUEST those of them that the request
/// asks for, and it may ask for no others.
pub(super) fn certificate_policies(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    let mut policies = case.template.certificate_policies.clone();
    if case.template.enrollment.contains(EnrollmentFlags::ISSUANCE_POLICIES_FROM_REQUEST) {
        let asked = requested_policies(case)?;
        if let Some(policy) = asked.iter().find(|policy| !policies.contains(policy)) {
            return Err(DenyReason::IssuancePolicy {
                template: case.template_name(),
                policy: policy.clone(),
            });
        }
        policies.retain(|policy| asked.contains(policy));
    }
    policies.iter().try_for_each(|policy| linked_group(case, policy))?;
    let qualified: Result<_, _> = policies.iter().map(|policy| qualified(case, policy)).collect();
    plan.certificate_policies = qualified?;
    Ok(())
}

/// The policy with the qualifiers of its msPKI-Enterprise-Oid object, where it has one.
fn qualified(case: &Case<'_>, policy: &Oid) -> Result<CertificatePolicy, DenyReason> {
    let Some(known) = case.facts.templates.policy(policy) else {
        return Ok(CertificatePolicy::plain(policy.clone()));
    };
    match known.cps.iter().all(|address| address.is_ascii()) {
        true => Ok(known.in_certificates()),
        false => Err(DenyReason::PolicyAddress { policy: policy.clone() }),
    }
}

/// msDS-OIDToGroupLink: whoever logs on with such a certificate is a member of the group (ESC13).
/// So it is one already, or an administrator has acknowledged the policy.
fn linked_group(case: &Case<'_>, policy: &Oid) -> Result<(), DenyReason> {
    let known = case.facts.templates.policy(policy);
    let Some(group) = known.and_then(|known| known.group.as_ref()) else { return Ok(()) };
    let member = |token: &Token| group.sid.as_ref().is_some_and(|sid| token.holds(sid));
    if case.settings.acknowledged_policies.contains(policy)
        || case.subject_token().is_some_and(member)
    {
        return Ok(());
    }
    Err(DenyReason::LinkedGroup {
        template: case.template_name(),
        policy: policy.clone(),
        group: group.name.clone(),
        account: case.subject(),
    })
}

fn requested_policies(case: &Case<'_>) -> Result<Vec<Oid>, DenyReason> {
    match asn1::extensions::find(&case.facts.request.extensions, &oids::CERTIFICATE_POLICIES) {
        None => Ok(Vec::new()),
        Some(extension) => extensions::decode_policies(&extension.value)
            .map_err(|_| DenyReason::MalformedExtension { oid: extension.oid.clone() }),
    }
}

/// INCLUDE_SYMMETRIC_ALGORITHMS: S/MIME capabilities are the client's own to state, so they are
/// the request's, where it has some that are whole.
pub(super) fn include_symmetric_algorithms(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    if case.template.enrollment.contains(EnrollmentFlags::INCLUDE_SYMMETRIC_ALGORITHMS) {
        let stated = extensions::find(&case.facts.request.extensions, &oids::SMIME_CAPABILITIES)
            .filter(|stated| asn1::check_structure(&stated.value, MAX_SMIME_ELEMENTS).is_ok());
        plan.extensions.extend(stated.map(|stated| non_critical(&stated.oid, &stated.value)));
    }
    Ok(())
}

/// ADD_OCSP_NOCHECK, for OCSP responders: nobody asks whether they are revoked.
pub(super) fn ocsp_nocheck(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    let responder = case.template.application_policies.contains(&oids::OCSP_SIGNING);
    if responder && case.template.enrollment.contains(EnrollmentFlags::ADD_OCSP_NOCHECK) {
        const NULL: [u8; 2] = [0x05, 0x00];
        plan.extensions.push(non_critical(&oids::OCSP_NOCHECK, &NULL));
        plan.no_authority_information = true;
    }
    Ok(())
}

/// NOREVOCATIONINFOINISSUEDCERTS.
pub(super) fn no_revocation_info(
    case: &Case<'_>,
    plan: &mut IssuancePlan,
) -> Result<(), DenyReason> {
    let flag = EnrollmentFlags::NOREVOCATIONINFOINISSUEDCERTS;
    plan.no_revocation_info |= case.template.enrollment.contains(flag);
    Ok(())
}

fn non_critical(oid: &Oid, value: &[u8]) -> Extension {
    Extension { oid: oid.clone(), critical: false, value: value.to_vec() }
}

/// Extensions that a certificate manager set take the place of those of the request, as far as the
/// setting lists them: who approves requests must not be able to make certificates of others.
pub(super) fn set_by_manager(case: &Case<'_>, plan: &mut IssuancePlan) -> Result<(), DenyReason> {
    for set in case.facts.approval.iter().flat_map(|approval| &approval.extensions) {
        let oid = &set.extension.oid;
        if !case.settings.manager_extensions.contains(oid) {
            return Err(DenyReason::ManagerExtension { oid: oid.clone() });
        }
        plan.extensions.retain(|extension| extension.oid != *oid);
        plan.extensions.extend((!set.disabled).then(|| set.extension.clone()));
    }
    Ok(())
}
