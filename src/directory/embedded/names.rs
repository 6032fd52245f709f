//! Names for what [MS-CRTD] keeps as object identifiers and bits.

use crate::asn1::oids;
use crate::model::{KeyUsage, Oid, OidError};

/// Names of RFC 5280 and of Microsoft for application policies, extensions and issuance policies.
const OIDS: [(&str, Oid); 21] = [
    ("serverAuth", oids::SERVER_AUTH),
    ("clientAuth", oids::CLIENT_AUTH),
    ("codeSigning", oids::CODE_SIGNING),
    ("emailProtection", oids::EMAIL_PROTECTION),
    ("timeStamping", oids::TIME_STAMPING),
    ("OCSPSigning", oids::OCSP_SIGNING),
    ("anyExtendedKeyUsage", oids::ANY_EXTENDED_KEY_USAGE),
    ("kpKDC", oids::KDC_AUTHENTICATION),
    ("smartcardLogon", oids::SMARTCARD_LOGON),
    ("certificateRequestAgent", oids::ENROLLMENT_AGENT),
    ("encryptingFileSystem", oids::EFS),
    ("keyRecoveryAgent", oids::KEY_RECOVERY_AGENT),
    ("caExchange", oids::CA_EXCHANGE),
    ("anyApplicationPolicy", oids::ANY_APPLICATION_POLICY),
    ("keyUsage", oids::KEY_USAGE),
    ("subjectAltName", oids::SUBJECT_ALT_NAME),
    ("basicConstraints", oids::BASIC_CONSTRAINTS),
    ("extKeyUsage", oids::EXTENDED_KEY_USAGE),
    ("certificatePolicies", oids::CERTIFICATE_POLICIES),
    ("applicationPolicies", oids::APPLICATION_CERT_POLICIES),
    ("anyPolicy", oids::ANY_POLICY),
];

/// The identifier of a name in the table, or a dotted one.
pub(super) fn oid(text: &str) -> Result<Oid, OidError> {
    match OIDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        Some((_, oid)) => Ok(oid.clone()),
        None => text.parse(),
    }
}

/// The names that [`oid`] knows.
pub(super) fn known_oids() -> String {
    OIDS.map(|(name, _)| name).join(", ")
}

const KEY_USAGES: [(&str, KeyUsage); 5] = [
    ("digitalSignature", KeyUsage::DIGITAL_SIGNATURE),
    ("nonRepudiation", KeyUsage::NON_REPUDIATION),
    ("keyEncipherment", KeyUsage::KEY_ENCIPHERMENT),
    ("dataEncipherment", KeyUsage::DATA_ENCIPHERMENT),
    ("keyAgreement", KeyUsage::KEY_AGREEMENT),
];

/// The bit of this name; those of CA certificates have none here.
pub(super) fn key_usage(text: &str) -> Option<KeyUsage> {
    KEY_USAGES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, bit)| *bit)
}

/// The names that [`key_usage`] knows.
pub(super) fn known_key_usages() -> String {
    KEY_USAGES.map(|(name, _)| name).join(", ")
}
