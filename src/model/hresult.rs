//! HRESULT values that the wire carries ([MS-WCCE] 2.2.4, [MS-ERREF] 2.1).

use std::fmt;

/// An HRESULT, or a disposition that is one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub u32);

macro_rules! codes {
    ($($name:ident = $value:literal, $text:literal;)*) => {
        impl HResult {
            $(#[doc = $text] pub const $name: Self = Self($value);)*

            /// The symbolic name, where the code is one of ours.
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $($value => Some(stringify!($name)),)* _ => None }
            }

            /// One sentence in English, in the manner of the Windows message table.
            pub fn message(self) -> &'static str {
                match self.0 { $($value => $text,)* _ => "Unknown error." }
            }
        }
    };
}

codes! {
    S_OK = 0x0000_0000, "The operation completed successfully.";
    VERSION_STORE_OUT_OF_MEMORY = 0xC800_042D, "There are more rows to delete; call once more.";
    S_FALSE = 0x0000_0001, "There are no more entries.";
    E_NOTIMPL = 0x8000_4001, "Not implemented.";
    E_NOINTERFACE = 0x8000_4002, "No such interface supported.";
    E_UNEXPECTED = 0x8000_FFFF, "Catastrophic failure.";
    E_FAIL = 0x8000_4005, "Unspecified error.";
    E_ACCESSDENIED = 0x8007_0005, "Access is denied.";
    INVALID_HANDLE = 0x8007_0006, "The handle is invalid.";
    OBJECT_ALREADY_EXISTS = 0x8007_1392, "The object already exists.";
    E_INVALIDARG = 0x8007_0057, "The parameter is incorrect.";
    E_OUTOFMEMORY = 0x8007_000E, "Not enough memory resources are available to complete this operation.";
    RPC_E_DISCONNECTED = 0x8001_0108, "The object invoked has disconnected from its clients.";
    RPC_E_VERSION_MISMATCH = 0x8001_0110, "The version of OLE on the client and server machines does not match.";
    RPC_E_INVALID_HEADER = 0x8001_0111, "OLE received a packet with an invalid header.";
    RPC_E_INVALID_OBJECT = 0x8001_0114, "The requested object or interface does not exist.";
    RPC_E_INVALID_OBJREF = 0x8001_011D, "Invalid value for an OBJREF.";
    REGDB_E_CLASSNOTREG = 0x8004_0154, "Class not registered.";
    CO_E_OBJNOTREG = 0x8004_01FB, "Object is not registered.";
    FILE_NOT_FOUND = 0x8007_0002, "The system cannot find the file specified.";
    DISK_FULL = 0x8007_0070, "There is not enough space on the disk.";
    INVALID_DATA = 0x8007_000D, "The data is invalid.";
    NO_SUCH_USER = 0x8007_0525, "The specified account does not exist.";
    ACCOUNT_DISABLED = 0x8007_0533, "This user can't sign in because this account is currently disabled.";
    SERVER_UNAVAILABLE = 0x8007_06BA, "The RPC server is unavailable.";
    NTE_BAD_SIGNATURE = 0x8009_0006, "Invalid signature.";
    NTE_BAD_KEY = 0x8009_0003, "Bad key.";
    NTE_BAD_ALGID = 0x8009_0008, "Invalid algorithm specified.";
    TRUST_E_CERT_SIGNATURE = 0x8009_6004, "The signature of the certificate cannot be verified.";
    TRUST_E_BASIC_CONSTRAINTS = 0x8009_6019, "A certificate's basic constraint extension has not been observed.";
    CRYPT_E_INVALID_MSG_TYPE = 0x8009_1004, "Invalid cryptographic message type.";
    CRYPT_E_AUTH_ATTR_MISSING = 0x8009_1006, "The cryptographic message does not contain an expected authenticated attribute.";
    CRYPT_E_HASH_VALUE = 0x8009_1007, "The hash value is not correct.";
    CRYPT_E_SIGNER_NOT_FOUND = 0x8009_100E, "Cannot find the original signer.";
    CRYPT_E_NO_SIGNER = 0x8009_200E, "The signed cryptographic message does not have a signer.";
    CRYPT_E_NO_MATCH = 0x8009_2009, "Cannot find the requested object.";
    CRYPT_E_REVOKED = 0x8009_2010, "The certificate is revoked.";
    CRYPT_E_REVOCATION_OFFLINE = 0x8009_2013, "The revocation function was unable to check revocation because the revocation server was offline.";
    CRYPT_E_ASN1_ERROR = 0x8009_3100, "ASN1 error.";
    CRYPT_E_ASN1_EOD = 0x8009_3102, "ASN1 unexpected end of data.";
    CRYPT_E_ASN1_CORRUPT = 0x8009_3103, "ASN1 corrupted data.";
    CRYPT_E_ASN1_LARGE = 0x8009_3104, "ASN1 value too large.";
    CRYPT_E_ASN1_BADTAG = 0x8009_310B, "ASN1 bad tag value met.";
    CERT_E_EXPIRED = 0x800B_0101, "A required certificate is not within its validity period.";
    CERT_E_ISSUERCHAINING = 0x800B_0107, "A parent of a given certificate in fact did not issue that child certificate.";
    CERT_E_UNTRUSTEDROOT = 0x800B_0109, "A certificate chain terminated in a root certificate that is not trusted.";
    CERT_E_CHAINING = 0x800B_010A, "A certificate chain could not be built to a trusted root authority.";
    CERT_E_REVOKED = 0x800B_010C, "A certificate was explicitly revoked by its issuer.";
    CERT_E_WRONG_USAGE = 0x800B_0110, "The certificate is not valid for the requested usage.";
    CERT_E_UNTRUSTEDCA = 0x800B_0112, "A certification chain processed correctly, but one of the CA certificates is not trusted by the policy provider.";
    CERTSRV_E_BAD_REQUESTSUBJECT = 0x8009_4001, "The request subject name is invalid or too long.";
    CERTSRV_E_NO_REQUEST = 0x8009_4002, "The request does not exist.";
    CERTSRV_E_BAD_REQUESTSTATUS = 0x8009_4003, "The request's current status does not allow this operation.";
    CERTSRV_E_PROPERTY_EMPTY = 0x8009_4004, "The requested property value is empty.";
    CERTSRV_E_INVALID_CA_CERTIFICATE = 0x8009_4005, "The certification authority's certificate contains invalid data.";
    CERTSRV_E_SERVER_SUSPENDED = 0x8009_4006, "Certificate service has been suspended for a database restore operation.";
    CERTSRV_E_ENCODING_LENGTH = 0x8009_4007, "The certificate contains an encoded length that is potentially incompatible with older enrollment software.";
    CERTSRV_E_ROLECONFLICT = 0x8009_4008, "The operation is denied. The user has multiple roles assigned and the certification authority is configured to enforce role separation.";
    CERTSRV_E_NO_CAADMIN_DEFINED = 0x8009_400D, "At least one security principal must have the permission to manage this CA.";
    CERTSRV_E_RESTRICTEDOFFICER = 0x8009_4009, "The operation is denied. It can only be performed by a certificate manager that is allowed to manage certificates for the current requester.";
    CERTSRV_E_KEY_ARCHIVAL_NOT_CONFIGURED = 0x8009_400A, "Cannot archive private key. The certification authority is not configured for key archival.";
    CERTSRV_E_NO_VALID_KRA = 0x8009_400B, "Cannot archive private key. The certification authority could not verify one or more key recovery certificates.";
    CERTSRV_E_BAD_REQUEST_KEY_ARCHIVAL = 0x8009_400C, "The request is incorrectly formatted. The encrypted private key must be in an unauthenticated attribute in an outermost signature.";
    CERTSRV_E_BAD_RENEWAL_CERT_ATTRIBUTE = 0x8009_400E, "The request contains an invalid renewal certificate attribute.";
    CERTSRV_E_ENROLL_DENIED = 0x8009_4011, "The permissions on this certification authority do not allow the current user to enroll for certificates.";
    CERTSRV_E_TEMPLATE_DENIED = 0x8009_4012, "The permissions on the certificate template do not allow the current user to enroll for this type of certificate.";
    CERTSRV_E_ADMIN_DENIED_REQUEST = 0x8009_4014, "The request was denied by a certificate manager or CA administrator.";
    CERTSRV_E_UNSUPPORTED_CERT_TYPE = 0x8009_4800, "The requested certificate template is not supported by this CA.";
    CERTSRV_E_NO_CERT_TYPE = 0x8009_4801, "The request contains no certificate template information.";
    CERTSRV_E_TEMPLATE_CONFLICT = 0x8009_4802, "The request contains conflicting template information.";
    CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED = 0x8009_4803, "The request is missing a required Subject Alternate name extension.";
    CERTSRV_E_ARCHIVED_KEY_REQUIRED = 0x8009_4804, "The request is missing a required private key for archival by the server.";
    CERTSRV_E_SMIME_REQUIRED = 0x8009_4805, "The request is missing a required SMIME capabilities extension.";
    CERTSRV_E_BAD_RENEWAL_SUBJECT = 0x8009_4806, "The request was made on behalf of a subject other than the caller. The certificate template must be configured to require at least one signature to authorize the request.";
    CERTSRV_E_BAD_TEMPLATE_VERSION = 0x8009_4807, "The request template version is newer than the supported template version.";
    CERTSRV_E_TEMPLATE_POLICY_REQUIRED = 0x8009_4808, "The template is missing a required signature policy attribute.";
    CERTSRV_E_SIGNATURE_POLICY_REQUIRED = 0x8009_4809, "The request is missing required signature policy information.";
    CERTSRV_E_SIGNATURE_COUNT = 0x8009_480A, "The request is missing one or more required signatures.";
    CERTSRV_E_SIGNATURE_REJECTED = 0x8009_480B, "One or more signatures did not include the required application or issuance policies.";
    CERTSRV_E_ISSUANCE_POLICY_REQUIRED = 0x8009_480C, "The request is missing one or more required valid issuance policies.";
    CERTSRV_E_SUBJECT_UPN_REQUIRED = 0x8009_480D, "The UPN is unavailable and cannot be added to the Subject Alternate name.";
    CERTSRV_E_SUBJECT_DIRECTORY_GUID_REQUIRED = 0x8009_480E, "The Active Directory GUID is unavailable and cannot be added to the Subject Alternate name.";
    CERTSRV_E_SUBJECT_DNS_REQUIRED = 0x8009_480F, "The Domain Name System (DNS) name is unavailable and cannot be added to the Subject Alternate name.";
    CERTSRV_E_ARCHIVED_KEY_UNEXPECTED = 0x8009_4810, "The request includes a private key for archival by the server, but key archival is not enabled for the specified certificate template.";
    CERTSRV_E_KEY_LENGTH = 0x8009_4811, "The public key does not meet the minimum size required by the specified certificate template.";
    CERTSRV_E_SUBJECT_EMAIL_REQUIRED = 0x8009_4812, "The email name is unavailable and cannot be added to the Subject or Subject Alternate name.";
    CERTSRV_E_UNKNOWN_CERT_TYPE = 0x8009_4813, "One or more certificate templates to be enabled on this certification authority could not be found.";
    CERTSRV_E_CERT_TYPE_OVERLAP = 0x8009_4814, "The certificate template renewal period is longer than the certificate validity period. The template should be reconfigured or the CA certificate renewed.";
    CERTSRV_E_TOO_MANY_SIGNATURES = 0x8009_4815, "The request includes too many signatures.";
    CERTSRV_E_RENEWAL_BAD_PUBLIC_KEY = 0x8009_4816, "The renewal request was received with a public key that does not match the certificate being renewed.";
    CERTSRV_E_INVALID_EK = 0x8009_4817, "The EK certificate is not valid.";
    CERTSRV_E_KEY_ATTESTATION = 0x8009_481A, "The key attestation that the certificate template requires was not performed.";
}

impl fmt::Debug for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)?;
        match self.name() {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}
