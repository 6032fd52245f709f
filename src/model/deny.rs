//! Why a request is refused, with its one map to HRESULT.

use super::{HResult, Oid};

/// Why policy, or the gate before it, refuses a request. The text is for administrators: it says
/// what was wrong and, where that isn't obvious, what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DenyReason {
    /// The CA's security descriptor does not give the caller Enroll ([MS-CSRA] 3.1.1.7).
    #[error("{account} has no Enroll right on this CA; grant it in the CA's security setting")]
    CaEnrollRight {
        /// The caller.
        account: String,
    },
    /// No template is named ([MS-WCCE] 3.2.2.6.2.1.4.1).
    #[error(
        "the request names no certificate template; send the attribute CertificateTemplate:<name>"
    )]
    NoTemplate,
    /// The request names more than one template ([MS-WCCE] 3.2.2.6.2.1.4.1).
    #[error("the request names two certificate templates, {first} and {second}")]
    TemplateConflict {
        /// One of them.
        first: String,
        /// Another.
        second: String,
    },
    /// The template is not known ([MS-WCCE] 3.2.2.6.2.1.4.1).
    #[error("there is no certificate template {name}")]
    TemplateUnknown {
        /// Name or OID, as the request has it.
        name: String,
    },
    /// The template is known, but this CA is not to issue from it ([MS-WCCE] 3.2.2.6.2.1.4.1).
    #[error("the certificate template {template} is not enabled on this CA")]
    TemplateNotEnabled {
        /// The template.
        template: String,
    },
    /// The request was made for a newer version of the template ([MS-WCCE] 3.2.2.6.2.1.4.2).
    #[error(
        "the request was made for version {}.{} of the template {template}, this CA knows {}.{}",
        asked.0, asked.1, known.0, known.1
    )]
    TemplateVersion {
        /// The template.
        template: String,
        /// Major and minor version in the request.
        asked: (u32, u32),
        /// Major and minor version of the template.
        known: (u32, u32),
    },
    /// The caller may not enroll for the template ([MS-WCCE] 3.2.2.6.2.1.4.3).
    #[error("{account} has no Enroll right on the template {template}")]
    TemplateEnrollRight {
        /// The caller.
        account: String,
        /// The template.
        template: String,
    },
    /// The template makes CA certificates, which are not issued by enrollment.
    #[error("the template {template} makes CA certificates; this CA issues none by enrollment")]
    CaTemplate {
        /// The template.
        template: String,
    },
    /// The template has no application policy, or any: the certificate would be good for
    /// everything.
    #[error(
        "certificates of the template {template} would be good for any purpose; name its application policies"
    )]
    AnyPurpose {
        /// The template.
        template: String,
    },
    /// A schema 2 or later template without msPKI-Cert-Template-OID.
    #[error("the template {template} has no OID, which its schema version needs")]
    TemplateWithoutOid {
        /// The template.
        template: String,
    },
    /// msPKI-RA-Signature asks for signatures that the request does not carry.
    #[error(
        "the template {template} wants {wanted} signatures of enrollment agents, the request has none"
    )]
    SignaturesRequired {
        /// The template.
        template: String,
        /// msPKI-RA-Signature.
        wanted: u32,
    },
    /// msPKI-RA-Application-Policies or msPKI-RA-Policies without a signature count.
    #[error(
        "the template {template} demands policies of signers, but no signature: set msPKI-RA-Signature"
    )]
    SignerPoliciesWithoutSignatures {
        /// The template.
        template: String,
    },
    /// REQUIRE_PRIVATE_KEY_ARCHIVAL, and the request archives none.
    #[error("the template {template} wants the private key archived, and the request holds none")]
    ArchivalRequired {
        /// The template.
        template: String,
    },
    /// ATTEST_REQUIRED, and the key is not attested.
    #[error(
        "the template {template} wants the key attested, and this CA cannot verify attestations yet"
    )]
    AttestationRequired {
        /// The template.
        template: String,
    },
    /// ISSUANCE_POLICIES_FROM_REQUEST, and the request asks for one that the template lacks.
    #[error(
        "the request asks for the issuance policy {policy}, which is not one of the template {template}"
    )]
    IssuancePolicy {
        /// The template.
        template: String,
        /// The policy.
        policy: Oid,
    },
    /// An extension of the request cannot be read.
    #[error("the extension {oid} of the request is malformed")]
    MalformedExtension {
        /// Which one.
        oid: Oid,
    },
    /// RequesterName names somebody else, and nothing in the request authorises that.
    #[error("the request is on behalf of {requester}, but no enrollment agent signed it")]
    OnBehalfOf {
        /// The requester that the request names.
        requester: String,
    },
    /// msPKI-Minimal-Key-Size.
    #[error("the key has {bits} bits, the template {template} wants {minimum}")]
    KeyLength {
        /// The template.
        template: String,
        /// Bits of the request's key.
        bits: u32,
        /// msPKI-Minimal-Key-Size.
        minimum: u32,
    },
    /// The template's key usage is none that this kind of key can have.
    #[error("the kind of key cannot be used as the template {template} says (its pKIKeyUsage)")]
    KeyUsage {
        /// The template.
        template: String,
    },
    /// SUBJECT_ALT_REQUIRE_DOMAIN_DNS needs to ask the requester's machine.
    #[error(
        "the template {template} wants the names of the requester's domain, which this CA cannot look up yet"
    )]
    DomainDnsNames {
        /// The template.
        template: String,
    },
    /// The requester has no object in the directory.
    #[error("{account} has no object in the directory, so the certificate cannot name it")]
    PrincipalUnknown {
        /// The requester.
        account: String,
    },
    /// The requester's account is disabled.
    #[error("the account {account} is disabled")]
    AccountDisabled {
        /// The requester.
        account: String,
    },
    /// The certificate would have neither subject nor subject alternative name, or the template
    /// takes the subject from the request, and that has none.
    #[error("the request has no subject, and the template {template} takes it from the request")]
    SubjectMissing {
        /// The template.
        template: String,
    },
    /// The template names nothing of the requester that could be put into a certificate.
    #[error("the template {template} puts no name at all into certificates; set its name flags")]
    NoName {
        /// The template.
        template: String,
    },
    /// userPrincipalName is empty.
    #[error("{account} has no userPrincipalName in the directory, which the template wants")]
    UpnMissing {
        /// The requester.
        account: String,
    },
    /// mail is empty.
    #[error("{account} has no mail address in the directory, which the template wants")]
    EmailMissing {
        /// The requester.
        account: String,
    },
    /// dNSHostName is empty.
    #[error("{account} has no dNSHostName in the directory, which the template wants")]
    DnsNameMissing {
        /// The requester.
        account: String,
    },
    /// A supplied subject alternative name holds somebody else's userPrincipalName.
    #[error("the request asks for the user principal name {upn:?}, which is not that of {account}")]
    ForeignUpn {
        /// The requester.
        account: String,
        /// The name in the request.
        upn: String,
    },
    /// A supplied extension or URI holds somebody else's SID.
    #[error("the request asks for the security identifier {sid:?}, which is not that of {account}")]
    ForeignSid {
        /// The requester.
        account: String,
        /// The identifier in the request.
        sid: String,
    },
    /// A supplied name that no rule allows for this template.
    #[error(
        "the request asks for names that are not those of {account}, in a certificate that authenticates"
    )]
    ForeignNames {
        /// The requester.
        account: String,
    },
    /// pKIOverlapPeriod is longer than the certificate could be valid.
    #[error(
        "the renewal period of the template {template} is longer than its certificates would be valid; shorten it or renew the CA's certificate"
    )]
    ValidityOverlap {
        /// The template.
        template: String,
    },
    /// The CA's own certificate has expired.
    #[error("the certificate of this CA has expired or is not valid yet")]
    CaNotValid,
}

impl DenyReason {
    /// The disposition that the specification names.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::CaEnrollRight { .. } => HResult::CERTSRV_E_ENROLL_DENIED,
            Self::NoTemplate => HResult::CERTSRV_E_NO_CERT_TYPE,
            Self::TemplateConflict { .. } | Self::IssuancePolicy { .. } => {
                HResult::CERTSRV_E_TEMPLATE_CONFLICT
            }
            Self::TemplateUnknown { .. }
            | Self::TemplateNotEnabled { .. }
            | Self::CaTemplate { .. }
            | Self::AnyPurpose { .. }
            | Self::TemplateWithoutOid { .. } => HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE,
            Self::MalformedExtension { .. } => HResult::CRYPT_E_ASN1_ERROR,
            Self::TemplateVersion { .. } => HResult::CERTSRV_E_BAD_TEMPLATE_VERSION,
            Self::TemplateEnrollRight { .. } => HResult::CERTSRV_E_TEMPLATE_DENIED,
            Self::SignaturesRequired { .. } => HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED,
            Self::SignerPoliciesWithoutSignatures { .. } => {
                HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED
            }
            Self::ArchivalRequired { .. } => HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED,
            Self::AttestationRequired { .. } => HResult::CERTSRV_E_KEY_ATTESTATION,
            Self::OnBehalfOf { .. } => HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT,
            Self::KeyLength { .. } => HResult::CERTSRV_E_KEY_LENGTH,
            Self::KeyUsage { .. } => HResult::NTE_BAD_KEY,
            Self::PrincipalUnknown { .. } => HResult::NO_SUCH_USER,
            Self::AccountDisabled { .. } => HResult::ACCOUNT_DISABLED,
            Self::SubjectMissing { .. }
            | Self::NoName { .. }
            | Self::ForeignUpn { .. }
            | Self::ForeignSid { .. }
            | Self::ForeignNames { .. } => HResult::CERTSRV_E_BAD_REQUESTSUBJECT,
            Self::UpnMissing { .. } => HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED,
            Self::EmailMissing { .. } => HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED,
            Self::DnsNameMissing { .. } | Self::DomainDnsNames { .. } => {
                HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED
            }
            Self::ValidityOverlap { .. } => HResult::CERTSRV_E_CERT_TYPE_OVERLAP,
            Self::CaNotValid => HResult::CERT_E_EXPIRED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specification_and_texts_name_the_culprit() {
        let template = || "User".to_owned();
        let account = || r"LAB\alice".to_owned();
        for (reason, code, part) in [
            (DenyReason::NoTemplate, 0x8009_4801, "CertificateTemplate"),
            (DenyReason::CaEnrollRight { account: account() }, 0x8009_4011, "alice"),
            (DenyReason::TemplateUnknown { name: template() }, 0x8009_4800, "User"),
            (
                DenyReason::TemplateVersion {
                    template: template(),
                    asked: (101, 2),
                    known: (100, 9),
                },
                0x8009_4807,
                "101.2",
            ),
            (
                DenyReason::TemplateEnrollRight { account: account(), template: template() },
                0x8009_4012,
                "alice",
            ),
            (
                DenyReason::SignaturesRequired { template: template(), wanted: 1 },
                0x8009_4809,
                "User",
            ),
            (
                DenyReason::KeyLength { template: template(), bits: 1024, minimum: 2048 },
                0x8009_4811,
                "2048",
            ),
            (DenyReason::AttestationRequired { template: template() }, 0x8009_481A, "attest"),
            (DenyReason::OnBehalfOf { requester: account() }, 0x8009_4806, "alice"),
        ] {
            assert_eq!(reason.hresult(), HResult(code), "{reason:?}");
            assert!(reason.to_string().contains(part), "{reason}");
        }
    }
}
