//! Certificate templates ([MS-CRTD]).

use std::time::Duration;

use bitflags::bitflags;

use super::{AUTO_ENROLL, ENROLL, KeyUsage, Oid, SecurityDescriptor, Token};

bitflags! {
    /// `flags` ([MS-CRTD] 2.4). Unknown bits are kept.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct GeneralFlags: u32 {
        /// Autoenrollment.
        const AUTO_ENROLLMENT = 0x20;
        /// The subject is a computer.
        const MACHINE_TYPE = 0x40;
        /// The subject is a CA.
        const IS_CA = 0x80;
        /// Add the template name extension.
        const ADD_TEMPLATE_NAME = 0x200;
        /// Cross certification.
        const IS_CROSS_CA = 0x800;
        /// The row is not kept after issuance.
        const DONOTPERSISTINDB = 0x1000;
        /// A default template.
        const IS_DEFAULT = 0x1_0000;
        /// A default template that was changed.
        const IS_MODIFIED = 0x2_0000;
        const _ = !0;
    }

    /// msPKI-Enrollment-Flag ([MS-CRTD] 2.26).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct EnrollmentFlags: u32 {
        /// S/MIME capabilities extension.
        const INCLUDE_SYMMETRIC_ALGORITHMS = 0x1;
        /// Wait for a certificate manager.
        const PEND_ALL_REQUESTS = 0x2;
        /// Publish to the KRA container.
        const PUBLISH_TO_KRA_CONTAINER = 0x4;
        /// Publish to userCertificate.
        const PUBLISH_TO_DS = 0x8;
        /// Client: check userCertificate.
        const AUTO_ENROLLMENT_CHECK_USER_DS_CERTIFICATE = 0x10;
        /// Client: autoenrollment.
        const AUTO_ENROLLMENT = 0x20;
        /// Renewal by the old certificate waives approval and RA signatures.
        const PREVIOUS_APPROVAL_VALIDATE_REENROLLMENT = 0x40;
        /// Client: user interaction.
        const USER_INTERACTION_REQUIRED = 0x100;
        /// Client: remove invalid certificates.
        const REMOVE_INVALID_CERTIFICATE_FROM_PERSONAL_STORE = 0x400;
        /// Enroll on behalf of others allowed.
        const ALLOW_ENROLL_ON_BEHALF_OF = 0x800;
        /// Add id-pkix-ocsp-nocheck.
        const ADD_OCSP_NOCHECK = 0x1000;
        /// Client: reuse keys on a full token.
        const ENABLE_KEY_REUSE_ON_NT_TOKEN_KEYSET_STORAGE_FULL = 0x2000;
        /// No CDP and no OCSP in certificates.
        const NOREVOCATIONINFOINISSUEDCERTS = 0x4000;
        /// basicConstraints in end-entity certificates.
        const INCLUDE_BASIC_CONSTRAINTS_FOR_EE_CERTS = 0x8000;
        /// Key-based renewal.
        const ALLOW_PREVIOUS_APPROVAL_KEYBASEDRENEWAL_VALIDATE_REENROLLMENT = 0x1_0000;
        /// Issuance policies from the request.
        const ISSUANCE_POLICIES_FROM_REQUEST = 0x2_0000;
        /// Client: no automatic renewal.
        const SKIP_AUTO_RENEWAL = 0x4_0000;
        /// No SID extension.
        const NO_SECURITY_EXTENSION = 0x8_0000;
        const _ = !0;
    }

    /// msPKI-Private-Key-Flag ([MS-CRTD] 2.27).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct PrivateKeyFlags: u32 {
        /// The private key must be archived.
        const REQUIRE_PRIVATE_KEY_ARCHIVAL = 0x1;
        /// The key may be exported.
        const EXPORTABLE_KEY = 0x10;
        /// Client: strong key protection.
        const STRONG_KEY_PROTECTION_REQUIRED = 0x20;
        /// RSA-PSS or its ECC counterpart in the request.
        const REQUIRE_ALTERNATE_SIGNATURE_ALGORITHM = 0x40;
        /// Renewal keeps the key.
        const REQUIRE_SAME_KEY_RENEWAL = 0x80;
        /// Version 4: legacy provider, plain list syntax.
        const USE_LEGACY_PROVIDER = 0x100;
        /// Attestation: trust on use.
        const EK_TRUST_ON_USE = 0x200;
        /// Attestation: validate the EK certificate.
        const EK_VALIDATE_CERT = 0x400;
        /// Attestation: validate the EK key.
        const EK_VALIDATE_KEY = 0x800;
        /// Attestation preferred.
        const ATTEST_PREFERRED = 0x1000;
        /// Attestation required.
        const ATTEST_REQUIRED = 0x2000;
        /// Attestation without issuance policy.
        const ATTESTATION_WITHOUT_POLICY = 0x4000;
        /// Client: the key is for Windows Hello.
        const HELLO_LOGON_KEY = 0x20_0000;
        const _ = !0;
    }

    /// msPKI-Certificate-Name-Flag ([MS-CRTD] 2.28).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct NameFlags: u32 {
        /// Subject and SAN come from the request.
        const ENROLLEE_SUPPLIES_SUBJECT = 0x1;
        /// Client: names of the old certificate.
        const OLD_CERT_SUPPLIES_SUBJECT_AND_ALT_NAME = 0x8;
        /// Ignored by the CA.
        const ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME = 0x1_0000;
        /// SAN: DNS name of the domain.
        const SUBJECT_ALT_REQUIRE_DOMAIN_DNS = 0x40_0000;
        /// SAN: as UPN.
        const SUBJECT_ALT_REQUIRE_SPN = 0x80_0000;
        /// SAN: objectGUID.
        const SUBJECT_ALT_REQUIRE_DIRECTORY_GUID = 0x100_0000;
        /// SAN: userPrincipalName.
        const SUBJECT_ALT_REQUIRE_UPN = 0x200_0000;
        /// SAN: mail.
        const SUBJECT_ALT_REQUIRE_EMAIL = 0x400_0000;
        /// SAN: dNSHostName.
        const SUBJECT_ALT_REQUIRE_DNS = 0x800_0000;
        /// Subject: dNSHostName as CN.
        const SUBJECT_REQUIRE_DNS_AS_CN = 0x1000_0000;
        /// Subject: mail as E.
        const SUBJECT_REQUIRE_EMAIL = 0x2000_0000;
        /// Subject: cn as CN.
        const SUBJECT_REQUIRE_COMMON_NAME = 0x4000_0000;
        /// Subject: distinguishedName.
        const SUBJECT_REQUIRE_DIRECTORY_PATH = 0x8000_0000;
        const _ = !0;
    }
}

/// The flags of a template that the Request table keeps with each certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TemplateFlags {
    /// EnrollmentFlags.
    pub enrollment: EnrollmentFlags,
    /// GeneralFlags.
    pub general: GeneralFlags,
    /// PrivatekeyFlags.
    pub private_key: PrivateKeyFlags,
}

impl From<&Template> for TemplateFlags {
    fn from(template: &Template) -> Self {
        Self {
            enrollment: template.enrollment,
            general: template.flags,
            private_key: template.private_key,
        }
    }
}

impl PrivateKeyFlags {
    /// The lowest generation of CAs that the template is for.
    pub fn server_generation(self) -> u32 {
        (self.bits() >> 16) & 0xF
    }

    /// The lowest generation of clients that the template is for.
    pub fn client_generation(self) -> u32 {
        (self.bits() >> 24) & 0xF
    }
}

/// msPKI-Template-Schema-Version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SchemaVersion {
    /// Absent or 1: Windows 2000.
    V1,
    /// 2: Windows Server 2003.
    V2,
    /// 3: Windows Server 2008.
    V3,
    /// 4: Windows Server 2012.
    V4,
}

/// A certificate template, with the attributes of [MS-CRTD] chapter 2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// cn: the name that requests use.
    pub name: String,
    /// displayName.
    pub display_name: String,
    /// msPKI-Cert-Template-OID; version 1 templates may lack it.
    pub oid: Option<Oid>,
    /// Schema version.
    pub schema: SchemaVersion,
    /// revision.
    pub major: u32,
    /// msPKI-Template-Minor-Revision.
    pub minor: u32,
    /// flags.
    pub flags: GeneralFlags,
    /// msPKI-Enrollment-Flag.
    pub enrollment: EnrollmentFlags,
    /// msPKI-Private-Key-Flag.
    pub private_key: PrivateKeyFlags,
    /// msPKI-Certificate-Name-Flag.
    pub names: NameFlags,
    /// pKIExpirationPeriod.
    pub validity: Duration,
    /// pKIOverlapPeriod.
    pub renewal_overlap: Duration,
    /// msPKI-Minimal-Key-Size, bits.
    pub minimal_key_size: u32,
    /// pKIKeyUsage.
    pub key_usage: KeyUsage,
    /// pKIDefaultKeySpec.
    pub key_spec: u32,
    /// pKIMaxIssuingDepth; `None` is without limit.
    pub max_issuing_depth: Option<u32>,
    /// pKICriticalExtensions.
    pub critical_extensions: Vec<Oid>,
    /// pKIExtendedKeyUsage (version 1) or msPKI-Certificate-Application-Policy (2 and later).
    pub application_policies: Vec<Oid>,
    /// msPKI-Certificate-Policy.
    pub certificate_policies: Vec<Oid>,
    /// msPKI-RA-Signature.
    pub ra_signatures: u32,
    /// msPKI-RA-Application-Policies.
    pub ra_application_policies: Vec<Oid>,
    /// msPKI-RA-Policies.
    pub ra_policies: Vec<Oid>,
    /// What msPKI-RA-Application-Policies says of keys (version 3, and 4 without the flag
    /// USE_LEGACY_PROVIDER); clients act on it.
    pub algorithms: KeyAlgorithms,
    /// msPKI-Supersede-Templates.
    pub supersedes: Vec<String>,
    /// pKIDefaultCSPs, in order of priority.
    pub default_csps: Vec<String>,
    /// ntSecurityDescriptor.
    pub security: SecurityDescriptor,
}

/// What an account may do with a template ([MS-CRTD] 2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EnrollmentRights {
    /// It may enroll: what the CA asks for.
    pub enroll: bool,
    /// Its client may enroll without being told to: the right AutoEnroll beside Enroll, and the
    /// template's flag. Clients ask for it; to the CA it is enrollment like any other.
    pub autoenroll: bool,
}

impl Template {
    /// What the account of this token may do with the template.
    pub fn rights(&self, token: &Token) -> EnrollmentRights {
        let has = |right| self.security.grants_extended_right(token, right);
        let enroll = has(ENROLL);
        let wanted = self.enrollment.contains(EnrollmentFlags::AUTO_ENROLLMENT);
        EnrollmentRights { enroll, autoenroll: enroll && wanted && has(AUTO_ENROLL) }
    }
}

/// What the triplets of msPKI-RA-Application-Policies say of keys ([MS-CRTD] 2.23): for clients.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyAlgorithms {
    /// msPKI-Asymmetric-Algorithm: `RSA`, `ECDSA_P256` and so on.
    pub asymmetric: Option<String>,
    /// msPKI-Hash-Algorithm: `SHA256` and so on.
    pub hash: Option<String>,
    /// msPKI-Symmetric-Algorithm: `3DES`, `AES`.
    pub symmetric: Option<String>,
    /// msPKI-Symmetric-Key-Length, bits.
    pub symmetric_key_length: Option<u32>,
    /// msPKI-Key-Usage: 1 decrypts, 2 signs, 4 agrees, 0xFFFFFF does everything.
    pub key_usage: Option<u32>,
    /// msPKI-Key-Security-Descriptor: SDDL.
    pub key_security: Option<String>,
}
