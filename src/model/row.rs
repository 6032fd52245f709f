//! A row of the Request table ([MS-CSRA] 3.1.1.1, [MS-WCCE] 3.2.1.1.1).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::HResult;

/// Request.RequestID: positive, unique, ascending.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RequestId(pub u32);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A certificate serial number: big-endian, positive, at most 20 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SerialNumber(pub Vec<u8>);

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a serial number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a serial number is an even number of hex digits, one leading zero among them at most")]
pub struct SerialNumberError;

impl FromStr for SerialNumber {
    type Err = SerialNumberError;

    /// Reads the text form of [MS-WCCE] 3.2.1.4.3.1: hex digits, most significant first, an
    /// even number of them, for which one zero may stand in front.
    fn from_str(text: &str) -> Result<Self, SerialNumberError> {
        let mut bytes = hex::decode(text).map_err(|_| SerialNumberError)?;
        match bytes.first() {
            None | Some(0) => return Err(SerialNumberError),
            // The sign of the INTEGER.
            Some(0x80..) => bytes.insert(0, 0),
            Some(_) => {}
        }
        if bytes.len() > MAX_SERIAL { Err(SerialNumberError) } else { Ok(Self(bytes)) }
    }
}

/// Longest serial number, in bytes (RFC 5280 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// Request.Disposition, with the values that Windows tools display ([MS-WCCE] 7, note 90).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Disposition {
    /// 9: waits for a certificate manager.
    Pending,
    /// 12: a certificate of another CA, imported.
    Foreign,
    /// 15: a certificate of this CA itself.
    CaCertificate,
    /// 20: issued.
    Issued,
    /// 21: issued, and revoked since.
    Revoked,
    /// 30: could not be processed.
    Failed,
    /// 31: denied by policy or by a manager.
    Denied,
}

impl Disposition {
    /// All of them, by the value of the column.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Foreign,
        Self::CaCertificate,
        Self::Issued,
        Self::Revoked,
        Self::Failed,
        Self::Denied,
    ];

    /// The value of the column.
    pub fn column_value(self) -> u32 {
        match self {
            Self::Pending => 9,
            Self::Foreign => 12,
            Self::CaCertificate => 15,
            Self::Issued => 20,
            Self::Revoked => 21,
            Self::Failed => 30,
            Self::Denied => 31,
        }
    }
}

/// A column of a relative distinguished name: `Request.Country` and so on for the request's
/// subject, `Country` and so on for that of the certificate ([MS-CSRA] 3.1.1.1.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum NameColumn {
    /// countryName.
    Country,
    /// organizationName.
    Organization,
    /// organizationalUnitName.
    OrgUnit,
    /// commonName.
    CommonName,
    /// localityName.
    Locality,
    /// stateOrProvinceName.
    State,
    /// title.
    Title,
    /// givenName.
    GivenName,
    /// initials.
    Initials,
    /// surname.
    SurName,
    /// domainComponent.
    DomainComponent,
    /// emailAddress.
    EMail,
    /// streetAddress.
    StreetAddress,
    /// unstructuredName.
    UnstructuredName,
    /// unstructuredAddress.
    UnstructuredAddress,
    /// serialNumber (of a device).
    DeviceSerialNumber,
}

/// The columns of a name that have a value; one that occurs several times in the name has a line
/// for each.
pub type NameColumns = BTreeMap<NameColumn, String>;

/// Flags of Extension.ExtensionFlags ([MS-CSRA] 3.1.1.1.3): what it is, and where it came from.
pub mod extension_flags {
    /// The extension is critical.
    pub const CRITICAL: u32 = 0x1;
    /// The extension is not in the certificate.
    pub const DISABLED: u32 = 0x2;
    /// It came with the request.
    pub const ORIGIN_REQUEST: u32 = 0x1_0000;
    /// Policy decided on it.
    pub const ORIGIN_POLICY: u32 = 0x2_0000;
    /// A certificate manager set it.
    pub const ORIGIN_MANAGER: u32 = 0x3_0000;
    /// It came with a certificate that was imported.
    pub const ORIGIN_IMPORTED: u32 = 0x6_0000;
    /// The bits that say where it came from.
    pub const ORIGIN_MASK: u32 = 0xF_0000;
    /// The CA itself added it.
    pub const ORIGIN_SERVER: u32 = 0x4_0000;
}

/// A row before it has an id: what the store turns into a [`RequestRow`].
///
/// Fields that are skipped here came later: the store appends them, so that it reads older rows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NewRow {
    /// Request.RawRequest, at most 64 KiB by default (a setting).
    #[serde(with = "serde_bytes")]
    pub raw_request: Vec<u8>,
    /// Request.RequestType: dwFlags as received.
    pub request_type: u32,
    /// Request.RequestFlags ([MS-CSRA] 3.1.1.1.2).
    pub request_flags: u32,
    /// Request.RequestAttributes: the attributes, one `Name:Value` a line.
    pub request_attributes: String,
    /// Request.SubmittedWhen.
    pub submitted_when: SystemTime,
    /// Request.ResolvedWhen.
    pub resolved_when: Option<SystemTime>,
    /// Request.Disposition.
    pub disposition: Disposition,
    /// Request.StatusCode.
    pub status_code: u32,
    /// Request.DispositionMessage.
    pub disposition_message: String,
    /// Request.RequesterName, `DOMAIN\account`.
    pub requester_name: String,
    /// Request.CallerName, `DOMAIN\account`.
    pub caller_name: String,
    /// Caller_SID, in text.
    pub caller_sid: String,
    /// Request.RawName: DER of the request's subject.
    #[serde(with = "serde_bytes")]
    pub request_raw_name: Vec<u8>,
    /// Request.DistinguishedName.
    pub request_distinguished_name: String,
    /// Request.RawOldCertificate, for renewals.
    #[serde(with = "serde_bytes")]
    pub raw_old_certificate: Option<Vec<u8>>,
    /// Request.SignerPolicies.
    pub signer_policies: Vec<String>,
    /// Request.SignerApplicationPolicies.
    pub signer_application_policies: Vec<String>,
    /// CertificateTemplate: the OID of a v2+ template, the cn of a v1 template.
    pub certificate_template: String,
    /// Side table Attribute: (AttributeName, AttributeValue).
    pub attributes: Vec<(String, String)>,
    /// Side table Extension: (ExtensionName, ExtensionFlags, ExtensionRawValue).
    pub extensions: Vec<(String, u32, Vec<u8>)>,
    /// The issued certificate, where there is one.
    pub certificate: Option<CertificateColumns>,
    /// SID of the requester, in text, where the directory knows it. (No column of [MS-CSRA].)
    #[serde(skip)]
    pub requester_sid: Option<String>,
    /// Request.Country to Request.DeviceSerialNumber.
    #[serde(skip)]
    pub request_names: NameColumns,
    /// Request.RequesterNameFromOldCertificate, for renewals.
    #[serde(skip)]
    pub requester_name_from_old_certificate: Option<String>,
    /// SHA-1 of the certificates of all who signed. (No column of [MS-CSRA].)
    #[serde(skip)]
    pub signer_certificate_hashes: Vec<[u8; 20]>,
    /// How many renewals lie behind the certificate. (No column of [MS-CSRA].)
    #[serde(skip)]
    pub renewals: u32,
    /// When the first certificate of a line of renewals was issued; `None` where this is the
    /// first. (No column of [MS-CSRA].)
    #[serde(skip)]
    pub first_issued: Option<SystemTime>,
}

/// Columns of the issued certificate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CertificateColumns {
    /// RawCertificate.
    #[serde(with = "serde_bytes")]
    pub raw: Vec<u8>,
    /// SerialNumber.
    pub serial_number: SerialNumber,
    /// CertificateHash: SHA-1.
    pub certificate_hash: [u8; 20],
    /// IssuerNameId: key index << 16 | certificate index.
    pub issuer_name_id: u32,
    /// NotBefore.
    pub not_before: SystemTime,
    /// NotAfter.
    pub not_after: SystemTime,
    /// SubjectKeyIdentifier.
    #[serde(with = "serde_bytes")]
    pub subject_key_identifier: Vec<u8>,
    /// RawPublicKey.
    #[serde(with = "serde_bytes")]
    pub raw_public_key: Vec<u8>,
    /// PublicKeyLength in bits.
    pub public_key_length: u32,
    /// PublicKeyAlgorithm: OID in text.
    pub public_key_algorithm: String,
    /// DistinguishedName of the certificate.
    pub distinguished_name: String,
    /// RawName: DER of the certificate's subject.
    #[serde(with = "serde_bytes")]
    pub raw_name: Vec<u8>,
    /// UPN of the SAN.
    pub upn: Option<String>,
    /// EnrollmentFlags of the template.
    pub enrollment_flags: u32,
    /// GeneralFlags of the template.
    pub general_flags: u32,
    /// PrivatekeyFlags of the template.
    #[serde(skip)]
    pub private_key_flags: u32,
    /// RawPublicKeyAlgorithmParameters; empty where there are none.
    #[serde(skip)]
    pub raw_public_key_algorithm_parameters: Vec<u8>,
    /// PublishExpiredCertInCRL: whether CRLs name it, once revoked, after it has expired too.
    #[serde(skip)]
    pub publish_expired_cert_in_crl: bool,
    /// Country to DeviceSerialNumber.
    #[serde(skip)]
    pub names: NameColumns,
}

/// A row of the Request table.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RequestRow {
    /// Request.RequestID.
    pub id: RequestId,
    /// All other columns.
    pub columns: NewRow,
    /// Request.RevokedWhen.
    pub revoked_when: Option<SystemTime>,
    /// Request.RevokedEffectiveWhen.
    pub revoked_effective_when: Option<SystemTime>,
    /// Request.RevokedReason.
    pub revoked_reason: Option<u32>,
}

/// What CRLs and OCSP responders need to know of a certificate that was revoked, or released from
/// hold since.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Revocation {
    /// SerialNumber.
    pub serial: SerialNumber,
    /// NotAfter.
    pub not_after: SystemTime,
    /// Request.RevokedWhen: when somebody revoked it, or released it.
    pub revoked_when: SystemTime,
    /// Request.RevokedEffectiveWhen: since when it is not to be trusted.
    pub effective_when: SystemTime,
    /// Request.RevokedReason; [`RELEASED`](Self::RELEASED) after a hold.
    pub reason: u32,
    /// PublishExpiredCertInCRL.
    pub publish_expired: bool,
}

impl Revocation {
    /// Request.RevokedReason of a certificate that was on hold and is not any more.
    pub const RELEASED: u32 = 0xFFFF_FFFF;
    /// CRLReason removeFromCRL (RFC 5280 5.3.1).
    pub const REMOVE_FROM_CRL: u32 = 8;

    /// Whether the certificate is revoked at `now`: not released, and effective already.
    pub fn is_in_force(&self, now: SystemTime) -> bool {
        self.reason != Self::RELEASED && self.effective_when <= now
    }

    /// The CRLReason of CRLs and OCSP answers; unspecified (0) and what RFC 5280 does not know are
    /// left out, and so is removeFromCRL (8): it is for delta CRLs, and makes readers take the
    /// certificate for one that is not revoked.
    pub fn reason_code(&self) -> Option<u8> {
        u8::try_from(self.reason).ok().filter(|code| matches!(code, 1..=6 | 9..=10))
    }
}

impl RequestRow {
    /// The revocation of the row's certificate, where it is or was revoked. A row that does not
    /// say since when counts from its certificate's beginning.
    pub fn revocation(&self) -> Option<Revocation> {
        let revoked = self.columns.disposition == Disposition::Revoked;
        let certificate = self.columns.certificate.as_ref()?;
        if !revoked && self.revoked_when.is_none() {
            return None;
        }
        let revoked_when = self.revoked_when.unwrap_or(certificate.not_before);
        Some(Revocation {
            serial: certificate.serial_number.clone(),
            not_after: certificate.not_after,
            revoked_when,
            effective_when: self.revoked_effective_when.unwrap_or(revoked_when),
            reason: self.revoked_reason.unwrap_or_default(),
            publish_expired: certificate.publish_expired_cert_in_crl,
        })
    }

    /// Request.StatusCode as an HRESULT.
    pub fn status(&self) -> HResult {
        HResult(self.columns.status_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_read_as_the_specification_writes_them() {
        let read = |text: &str| text.parse::<SerialNumber>().ok().map(|serial| serial.0);
        assert_eq!(read("0a1B"), Some(vec![0x0A, 0x1B]));
        assert_eq!(read("ff"), Some(vec![0, 0xFF]), "the sign of the INTEGER");
        assert_eq!(read(&"7f".repeat(20)), Some(vec![0x7F; 20]));
        for wrong in ["", "1", "123", "00", "00ff", "0x12", "12 34", "zz", &"7f".repeat(21)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
