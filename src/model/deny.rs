//! Why a request is refused, with its one map to HRESULT.

use super::{ChainProblem, HResult, Oid, WaiverProblem};

fn but(waiver: &Option<WaiverProblem>) -> String {
    match waiver {
        Some(problem) => format!(", and the renewal does not do without: {problem}"),
        None => String::new(),
    }
}

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
    #[error(
        "the template {template} makes CA certificates; this CA issues none by enrollment (hardening.ca_certificates)"
    )]
    CaTemplate {
        /// The template.
        template: String,
    },
    /// The template has no application policy, or any: the certificate would be good for
    /// everything.
    #[error(
        "certificates of the template {template} would be good for any purpose; name its application policies, or set hardening.allow_any_purpose"
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
        "the template {template} wants {wanted} signatures of registration authorities, the request has none{}",
        but(waiver)
    )]
    SignaturesRequired {
        /// The template.
        template: String,
        /// msPKI-RA-Signature.
        wanted: u32,
        /// Why a renewal does not do without them.
        waiver: Option<WaiverProblem>,
    },
    /// Fewer signatures than msPKI-RA-Signature asks for.
    #[error(
        "the template {template} wants {wanted} signatures of registration authorities, the request has {found}{}",
        but(waiver)
    )]
    SignatureCount {
        /// The template.
        template: String,
        /// msPKI-RA-Signature.
        wanted: u32,
        /// Signatures there are.
        found: usize,
        /// Why a renewal does not do without them.
        waiver: Option<WaiverProblem>,
    },
    /// A certificate that signed the request does not count ([MS-WCCE] 3.2.2.6.2.1.2.1).
    #[error("the certificate of the signer {signer} is not accepted: {problem}")]
    SignerChain {
        /// Subject of the certificate.
        signer: String,
        /// What is wrong with it.
        problem: ChainProblem,
    },
    /// A signature over the request by SHA-1.
    #[error(
        "the signature of {signer} uses SHA-1; have it sign by SHA-256, or set hardening.allow_sha1_signatures"
    )]
    WeakSignature {
        /// Subject of the signer's certificate.
        signer: String,
    },
    /// msPKI-RA-Application-Policies ([MS-WCCE] 3.2.2.6.2.1.4.5.4).
    #[error(
        "no signer's certificate has the application policy {policy} that the template {template} wants of signers"
    )]
    SignerApplicationPolicy {
        /// The template.
        template: String,
        /// The policy.
        policy: Oid,
    },
    /// msPKI-RA-Policies ([MS-WCCE] 3.2.2.6.2.1.4.5.3).
    #[error(
        "no signer's certificate has the issuance policy {policy} that the template {template} wants of signers"
    )]
    SignerIssuancePolicy {
        /// The template.
        template: String,
        /// The policy.
        policy: Oid,
    },
    /// A signer of a request on behalf of another is no enrollment agent.
    #[error(
        "the certificate of the signer {signer} is not one of an enrollment agent: it lacks the application policy Certificate Request Agent"
    )]
    NotAnAgent {
        /// Subject of the certificate.
        signer: String,
    },
    /// The template is not one to enroll for on behalf of others.
    #[error(
        "the template {template} is not for enrollment on behalf of others: it would have to want a signature (msPKI-RA-Signature) by an enrollment agent (msPKI-RA-Application-Policies), or say CT_FLAG_ALLOW_ENROLL_ON_BEHALF_OF"
    )]
    OnBehalfOfTemplate {
        /// The template.
        template: String,
    },
    /// A version 1 template, which cannot say that it is one to enroll for on behalf of others.
    #[error(
        "the template {template} is of version 1, and those are not for enrollment on behalf of others; use a later one, or set hardening.allow_version_1_on_behalf"
    )]
    OnBehalfOfVersion1 {
        /// The template.
        template: String,
    },
    /// An agent's certificate that is not the caller's.
    #[error(
        "{account} sends what {signer} signed, and that certificate is not its own by its SID; have the agent call itself, or set hardening.allow_other_agents_certificates"
    )]
    AgentIsNotCaller {
        /// Subject of the agent's certificate.
        signer: String,
        /// The caller.
        account: String,
    },
    /// Config_Permissions_Enrollment_Agent_Rights ([MS-WCCE] 3.2.2.6.2.1.2.1).
    #[error(
        "{agent} may not enroll for {requester} by the template {template}; an [[enrollment_agents]] entry of the configuration would allow it"
    )]
    AgentRestricted {
        /// The caller.
        agent: String,
        /// The template.
        template: String,
        /// Whom the certificate is for.
        requester: String,
    },
    /// On behalf of somebody who rules others.
    #[error(
        "nobody enrolls on behalf of {requester}, a member of protected groups; let it enroll itself, or set hardening.allow_privileged_targets"
    )]
    PrivilegedTarget {
        /// Whom the certificate is for.
        requester: String,
    },
    /// A renewal on behalf of others, which is switched off ([MS-WCCE] 3.2.2.6.2.1.2.4).
    #[error("renewals on behalf of others are switched off (hardening.allow_renewal_on_behalf)")]
    RenewalOnBehalfOf,
    /// A renewal on behalf of nobody that the old certificate names.
    #[error("a renewal on behalf of others is a renewal, by a certificate that names its account")]
    RenewalWithoutSubject,
    /// The old certificate is not one of the Request table.
    #[error("the certificate to be renewed is none that this CA issued")]
    RenewalUnknown,
    /// The old certificate is revoked.
    #[error("the certificate to be renewed is revoked; enroll anew")]
    RenewalRevoked,
    /// The old certificate is not valid now.
    #[error("the certificate to be renewed is not valid at this time; enroll anew")]
    RenewalNotValid,
    /// The signature by the old certificate's key uses SHA-1.
    #[error(
        "the old certificate's signature over the renewal uses SHA-1; sign by SHA-256, or set hardening.allow_sha1_signatures"
    )]
    WeakRenewal,
    /// The old certificate is from another template ([MS-WCCE] 3.2.2.6.2.1.2.3).
    #[error("the certificate to be renewed is from {old}, not from the template {template}")]
    RenewalTemplate {
        /// The template of the request.
        template: String,
        /// How the old certificate names its own.
        old: String,
    },
    /// The old certificate is somebody else's.
    #[error("the certificate to be renewed is not one of {account}")]
    RenewalOfAnother {
        /// Whom the request is for.
        account: String,
    },
    /// REQUIRE_SAME_KEY_RENEWAL, and the key is another.
    #[error("the template {template} wants renewals to keep the key, and this is another")]
    RenewalKey {
        /// The template.
        template: String,
    },
    /// REQUIRE_PRIVATE_KEY_ARCHIVAL, and no key recovery agent is there to archive for.
    #[error(
        "the template {template} wants the private key archived, and this CA has no key recovery agents"
    )]
    ArchivalNotConfigured {
        /// The template.
        template: String,
    },
    /// The request archives a key that nobody asked for.
    #[error(
        "the request holds a private key to archive, which the template {template} does not want"
    )]
    ArchivalUnexpected {
        /// The template.
        template: String,
    },
    /// The lowest CA generation of msPKI-Private-Key-Flag ([MS-WCCE] 3.2.2.6.2.1.4.5.7).
    #[error(
        "the template {template} is for CAs of generation {wanted} and later, this is {known} (enrollment.server_generation)"
    )]
    ServerGeneration {
        /// The template.
        template: String,
        /// The template's.
        wanted: u32,
        /// The setting.
        known: u32,
    },
    /// No CA may stand below this one.
    #[error(
        "the template {template} makes CA certificates, and this CA's own certificate allows none below it (path length 0)"
    )]
    PathLength {
        /// The template.
        template: String,
    },
    /// An issuance policy that makes its holders members of a group (ESC13).
    #[error(
        "the issuance policy {policy} of the template {template} makes members of the group {group}, and {account} is none; list the policy in hardening.acknowledged_policies if that is meant"
    )]
    LinkedGroup {
        /// The template.
        template: String,
        /// The policy.
        policy: Oid,
        /// The group.
        group: String,
        /// Whom the certificate is for.
        account: String,
    },
    /// msPKI-OID-CPS that certificates cannot hold.
    #[error("the issuance policy {policy} has an address (msPKI-OID-CPS) that is not ASCII")]
    PolicyAddress {
        /// The policy.
        policy: Oid,
    },
    /// The request asks for application policies that the template does not have (ESC15).
    #[error(
        "the request asks for the application policy {policy}, which the template {template} does not have"
    )]
    ApplicationPolicy {
        /// The template.
        template: String,
        /// The policy.
        policy: Oid,
    },
    /// A supplied subject has an attribute that subjects here cannot have.
    #[error(
        "the request's subject has an attribute of the type {oid}, which subjects here cannot have"
    )]
    SubjectAttribute {
        /// Its type.
        oid: Oid,
    },
    /// A supplied subject has an attribute that is longer than X.520 allows.
    #[error(
        "the request's subject has an attribute of the type {oid} with {length} characters; {limit} are allowed"
    )]
    SubjectLength {
        /// Its type.
        oid: Oid,
        /// Its length.
        length: usize,
        /// The longest.
        limit: usize,
    },
    /// dNSHostName that is not the computer's own name.
    #[error(
        "dNSHostName of {account} is {name:?}, which is neither its own name in its domain nor among its service principal names (HOST/...); mend the account, or set hardening.allow_foreign_dns_names"
    )]
    DnsNameForeign {
        /// The requester.
        account: String,
        /// dNSHostName.
        name: String,
    },
    /// objectGUID is empty.
    #[error("{account} has no objectGUID in the directory, which the template wants")]
    GuidMissing {
        /// The requester.
        account: String,
    },
    /// An attribute that says how long the certificate is to be valid, and makes no sense.
    #[error("the attribute {name} of the request is no validity: {value:?}")]
    ValidityAttribute {
        /// Which attribute.
        name: String,
        /// Its value.
        value: String,
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
    #[error("the request is on behalf of {requester}, and no enrollment agent signed that")]
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
    /// SUBJECT_ALT_REQUIRE_DOMAIN_DNS, and the domain has no names.
    #[error("the names of the domain of {account} are not known, which the template wants")]
    DomainNameMissing {
        /// The requester.
        account: String,
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
    /// A certificate manager set an extension that the setting does not list.
    #[error(
        "a certificate manager set the extension {oid}, which administration.settable_extensions does not list"
    )]
    ManagerExtension {
        /// Which one.
        oid: Oid,
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
            Self::TemplateConflict { .. }
            | Self::IssuancePolicy { .. }
            | Self::ApplicationPolicy { .. }
            | Self::RenewalTemplate { .. } => HResult::CERTSRV_E_TEMPLATE_CONFLICT,
            Self::TemplateUnknown { .. }
            | Self::TemplateNotEnabled { .. }
            | Self::CaTemplate { .. }
            | Self::AnyPurpose { .. }
            | Self::TemplateWithoutOid { .. }
            | Self::ServerGeneration { .. }
            | Self::PathLength { .. } => HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE,
            Self::SignatureCount { .. } => HResult::CERTSRV_E_SIGNATURE_COUNT,
            Self::SignerChain { problem, .. } => problem.hresult(),
            Self::WeakSignature { .. } | Self::WeakRenewal => HResult::NTE_BAD_ALGID,
            Self::SignerApplicationPolicy { .. }
            | Self::SignerIssuancePolicy { .. }
            | Self::NotAnAgent { .. } => HResult::CERTSRV_E_SIGNATURE_REJECTED,
            Self::AgentIsNotCaller { .. }
            | Self::AgentRestricted { .. }
            | Self::PrivilegedTarget { .. } => HResult::CERTSRV_E_RESTRICTEDOFFICER,
            Self::RenewalUnknown => HResult::CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE,
            Self::RenewalRevoked => HResult::CRYPT_E_REVOKED,
            Self::RenewalNotValid | Self::CaNotValid => HResult::CERT_E_EXPIRED,
            Self::RenewalKey { .. } => HResult::CERTSRV_E_RENEWAL_BAD_PUBLIC_KEY,
            Self::ArchivalNotConfigured { .. } => HResult::CERTSRV_E_KEY_ARCHIVAL_NOT_CONFIGURED,
            Self::ArchivalUnexpected { .. } => HResult::CERTSRV_E_ARCHIVED_KEY_UNEXPECTED,
            Self::PolicyAddress { .. } | Self::ValidityAttribute { .. } => HResult::INVALID_DATA,
            Self::MalformedExtension { .. } => HResult::CRYPT_E_ASN1_ERROR,
            Self::TemplateVersion { .. } => HResult::CERTSRV_E_BAD_TEMPLATE_VERSION,
            Self::TemplateEnrollRight { .. } | Self::LinkedGroup { .. } => {
                HResult::CERTSRV_E_TEMPLATE_DENIED
            }
            Self::SignaturesRequired { .. } => HResult::CERTSRV_E_SIGNATURE_POLICY_REQUIRED,
            Self::SignerPoliciesWithoutSignatures { .. } => {
                HResult::CERTSRV_E_TEMPLATE_POLICY_REQUIRED
            }
            Self::ArchivalRequired { .. } => HResult::CERTSRV_E_ARCHIVED_KEY_REQUIRED,
            Self::AttestationRequired { .. } => HResult::CERTSRV_E_KEY_ATTESTATION,
            Self::OnBehalfOf { .. }
            | Self::OnBehalfOfTemplate { .. }
            | Self::OnBehalfOfVersion1 { .. }
            | Self::RenewalOnBehalfOf
            | Self::RenewalWithoutSubject
            | Self::RenewalOfAnother { .. } => HResult::CERTSRV_E_BAD_RENEWAL_SUBJECT,
            Self::KeyLength { .. } => HResult::CERTSRV_E_KEY_LENGTH,
            Self::KeyUsage { .. } => HResult::NTE_BAD_KEY,
            Self::PrincipalUnknown { .. } => HResult::NO_SUCH_USER,
            Self::AccountDisabled { .. } => HResult::ACCOUNT_DISABLED,
            Self::SubjectMissing { .. }
            | Self::NoName { .. }
            | Self::ForeignUpn { .. }
            | Self::ForeignSid { .. }
            | Self::ForeignNames { .. }
            | Self::SubjectAttribute { .. }
            | Self::SubjectLength { .. } => HResult::CERTSRV_E_BAD_REQUESTSUBJECT,
            Self::UpnMissing { .. } => HResult::CERTSRV_E_SUBJECT_UPN_REQUIRED,
            Self::EmailMissing { .. } => HResult::CERTSRV_E_SUBJECT_EMAIL_REQUIRED,
            Self::DnsNameMissing { .. }
            | Self::DnsNameForeign { .. }
            | Self::DomainNameMissing { .. } => HResult::CERTSRV_E_SUBJECT_DNS_REQUIRED,
            Self::GuidMissing { .. } => HResult::CERTSRV_E_SUBJECT_DIRECTORY_GUID_REQUIRED,
            Self::ManagerExtension { .. } => HResult::E_ACCESSDENIED,
            Self::ValidityOverlap { .. } => HResult::CERTSRV_E_CERT_TYPE_OVERLAP,
        }
    }
}

#[cfg(test)]
mod tests;
