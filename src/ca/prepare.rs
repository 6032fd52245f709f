//! From a plan to the bytes that would be signed.

use std::time::SystemTime;

use super::certificate::CaCertificate;
use super::config::UrlConfig;
use super::extensions::{authority_info_access, crl_distribution_points};
use super::issue::IssueError;
use super::signer::SignatureAlgorithm;
use super::tbs::{CertificateFields, random_serial};
use crate::asn1::extensions::{
    TemplateInformation, application_policies, authority_key_identifier, basic_constraints,
    certificate_policies, extended_key_usage, key_usage, security_identifier, subject_alt_name,
    subject_key_identifier, template_information, template_name,
};
use crate::asn1::{Name, oids};
use crate::model::{
    Extension, IssuancePlan, NameAttribute, Oid, SerialNumber, SubjectName, TemplateExtension,
};

/// A certificate without signature: what the lint looks at.
pub struct Prepared {
    /// DER of the TBSCertificate.
    pub tbs: Vec<u8>,
    /// Its serial number.
    pub serial: SerialNumber,
}

/// What the CA brings to a certificate.
pub struct Issuer<'a> {
    /// Its certificate.
    pub certificate: &'a CaCertificate,
    /// How it will sign.
    pub algorithm: SignatureAlgorithm,
    /// Addresses for CDP and AIA.
    pub urls: &'a UrlConfig,
}

/// Builds the TBSCertificate of a plan under a new serial number. Validity is clipped to the
/// issuer's.
pub fn prepare(plan: &IssuancePlan, issuer: &Issuer<'_>) -> Result<Prepared, IssueError> {
    let subject = subject(&plan.subject)?;
    let serial = random_serial()?;
    let fields = CertificateFields {
        serial: &serial,
        algorithm: issuer.algorithm,
        issuer: &issuer.certificate.subject,
        not_before: whole_seconds(plan.not_before.max(issuer.certificate.not_before)),
        not_after: whole_seconds(plan.not_after.min(issuer.certificate.not_after)),
        subject: &subject.der,
        public_key: &plan.public_key.spki,
        extensions: &extensions(plan, issuer, subject.is_empty)?,
    };
    Ok(Prepared { tbs: fields.encode()?, serial })
}

/// Without the fraction, which DER cannot hold.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let fraction = time.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.subsec_nanos());
    let fraction = std::time::Duration::from_nanos(fraction.unwrap_or_default().into());
    time.checked_sub(fraction).unwrap_or(time)
}

struct Subject {
    der: Vec<u8>,
    is_empty: bool,
}

fn subject(subject: &SubjectName) -> Result<Subject, IssueError> {
    let with_email = |mut name: Name, email: &Option<String>| {
        let email = email.iter().map(|email| attribute(oids::EMAIL_ADDRESS, email));
        name.rdns.extend(email.map(|attribute| vec![attribute]));
        name
    };
    let name = match subject {
        SubjectName::FromRequest(der) => {
            let is_empty = Name::from_der(der)?.is_empty();
            return Ok(Subject { der: der.clone(), is_empty });
        }
        SubjectName::DirectoryPath { distinguished_name, email } => {
            with_email(Name::parse(distinguished_name)?, email)
        }
        SubjectName::CommonName { cn, email } => {
            with_email(Name { rdns: vec![vec![attribute(oids::COMMON_NAME, cn)]] }, email)
        }
        SubjectName::Email(email) => {
            Name { rdns: vec![vec![attribute(oids::EMAIL_ADDRESS, email)]] }
        }
        SubjectName::Empty => Name::default(),
    };
    Ok(Subject { der: name.to_der(), is_empty: name.is_empty() })
}

fn attribute(oid: Oid, value: &str) -> NameAttribute {
    NameAttribute { oid, value: value.to_owned() }
}

/// Extensions that follow from the plan's own fields, or that only the CA writes. None of them
/// is taken from the plan's ready-made ones.
const OWN: &[Oid] = &[
    oids::ENROLL_CERTTYPE,
    oids::CERTIFICATE_TEMPLATE,
    oids::EXTENDED_KEY_USAGE,
    oids::KEY_USAGE,
    oids::BASIC_CONSTRAINTS,
    oids::CERTIFICATE_POLICIES,
    oids::APPLICATION_CERT_POLICIES,
    oids::SUBJECT_KEY_IDENTIFIER,
    oids::AUTHORITY_KEY_IDENTIFIER,
    oids::CRL_DISTRIBUTION_POINTS,
    oids::FRESHEST_CRL,
    oids::AUTHORITY_INFO_ACCESS,
    oids::SUBJECT_ALT_NAME,
    oids::NTDS_CA_SECURITY_EXT,
    oids::CERTSRV_CA_VERSION,
    oids::CERTSRV_PREVIOUS_CERT_HASH,
];

/// Whether only the CA, by its templates and settings, writes this extension.
pub fn is_reserved(oid: &Oid) -> bool {
    OWN.contains(oid)
}

/// All extensions, in the order of Windows' CA.
fn extensions(
    plan: &IssuancePlan,
    issuer: &Issuer<'_>,
    subject_is_empty: bool,
) -> Result<Vec<Extension>, IssueError> {
    if let Some(reserved) = plan.extensions.iter().find(|extra| is_reserved(&extra.oid)) {
        return Err(IssueError::ReservedExtension(reserved.oid.clone()));
    }
    let critical = |oid: &Oid| plan.critical_extensions.contains(oid);
    let mut list = template_extensions(plan, critical);
    list.extend(plan.extensions.iter().cloned());
    list.push(subject_key_identifier(&plan.public_key.key_id));
    list.push(authority_key_identifier(&issuer.certificate.key_id));
    let pointers = !(plan.no_revocation_info || plan.no_authority_information);
    if pointers {
        list.extend(crl_distribution_points(&issuer.urls.crl));
    }
    if !plan.no_authority_information {
        list.extend(authority_info_access(issuer.urls, pointers));
    }
    if !plan.subject_alt_names.is_empty() {
        let critical = subject_is_empty || critical(&oids::SUBJECT_ALT_NAME);
        list.push(subject_alt_name(&plan.subject_alt_names, critical)?);
    }
    list.extend(plan.sid.as_ref().map(security_identifier));
    Ok(list)
}

/// The template of exchange certificates; there need not be one.
const CA_EXCHANGE: &str = "CAExchange";

/// What the template says of purpose and policies.
fn template_extensions(plan: &IssuancePlan, critical: impl Fn(&Oid) -> bool) -> Vec<Extension> {
    let (template, has_application_policies) = match &plan.template {
        // Version 1 templates know the standard extension only.
        TemplateExtension::Name(name) => (template_name(name), false),
        TemplateExtension::CaExchange => (template_name(CA_EXCHANGE), true),
        TemplateExtension::Information { oid, major, minor } => {
            let (major, minor) = (Some(*major), Some(*minor));
            (template_information(&TemplateInformation { oid: oid.clone(), major, minor }), true)
        }
    };
    let mut list = vec![template];
    let policies = &plan.application_policies;
    if !policies.is_empty() {
        list.push(extended_key_usage(policies, critical(&oids::EXTENDED_KEY_USAGE)));
    }
    if let Some((usage, critical)) = plan.key_usage {
        list.push(key_usage(usage, critical));
    }
    if let Some(constraints) = plan.basic_constraints {
        // RFC 5280 4.2.1.9: a CA's must be critical, whatever the template says.
        let critical = constraints.ca || critical(&oids::BASIC_CONSTRAINTS);
        list.push(basic_constraints(constraints, critical));
    }
    if !plan.certificate_policies.is_empty() {
        let critical = critical(&oids::CERTIFICATE_POLICIES);
        list.push(certificate_policies(&plan.certificate_policies, critical));
    }
    if has_application_policies && !policies.is_empty() {
        list.push(application_policies(policies, critical(&oids::APPLICATION_CERT_POLICIES)));
    }
    list
}
