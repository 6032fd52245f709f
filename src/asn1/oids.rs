//! Object identifiers of X.509, PKCS and Microsoft, encoded at compile time.

use crate::model::Oid;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* #[doc = concat!("(", $text, ")")] pub const $name: Oid = {
            const DER: [u8; encode::length($text)] = encode::content($text);
            Oid::from_static(&DER)
        };)*

        #[cfg(test)]
        const ALL: &[(&str, Oid)] = &[$(($text, $name)),*];
    };
}

oids! {
    // Attributes of names
    /// CN.
    COMMON_NAME = "2.5.4.3";
    /// SN.
    SURNAME = "2.5.4.4";
    /// SERIALNUMBER, of a device or person.
    SERIAL_NUMBER = "2.5.4.5";
    /// C.
    COUNTRY = "2.5.4.6";
    /// L.
    LOCALITY = "2.5.4.7";
    /// ST, in Windows' text S.
    STATE = "2.5.4.8";
    /// STREET.
    STREET = "2.5.4.9";
    /// O.
    ORGANIZATION = "2.5.4.10";
    /// OU.
    ORGANIZATIONAL_UNIT = "2.5.4.11";
    /// T.
    TITLE = "2.5.4.12";
    /// Description.
    DESCRIPTION = "2.5.4.13";
    /// PostalCode.
    POSTAL_CODE = "2.5.4.17";
    /// Phone.
    TELEPHONE_NUMBER = "2.5.4.20";
    /// G.
    GIVEN_NAME = "2.5.4.42";
    /// I.
    INITIALS = "2.5.4.43";
    /// dnQualifier.
    DN_QUALIFIER = "2.5.4.46";
    /// DC.
    DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25";
    /// UID.
    USER_ID = "0.9.2342.19200300.100.1.1";
    /// E.
    EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
    /// unstructuredName.
    UNSTRUCTURED_NAME = "1.2.840.113549.1.9.2";
    /// unstructuredAddress.
    UNSTRUCTURED_ADDRESS = "1.2.840.113549.1.9.8";

    // Extensions (RFC 5280)
    /// subjectKeyIdentifier.
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
    /// keyUsage.
    KEY_USAGE = "2.5.29.15";
    /// subjectAltName.
    SUBJECT_ALT_NAME = "2.5.29.17";
    /// issuerAltName.
    ISSUER_ALT_NAME = "2.5.29.18";
    /// basicConstraints.
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// cRLNumber.
    CRL_NUMBER = "2.5.29.20";
    /// cRLReason of a CRL entry.
    CRL_REASON = "2.5.29.21";
    /// deltaCRLIndicator.
    DELTA_CRL_INDICATOR = "2.5.29.27";
    /// issuingDistributionPoint.
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
    /// nameConstraints.
    NAME_CONSTRAINTS = "2.5.29.30";
    /// cRLDistributionPoints.
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    /// certificatePolicies.
    CERTIFICATE_POLICIES = "2.5.29.32";
    /// anyPolicy.
    ANY_POLICY = "2.5.29.32.0";
    /// id-qt-cps.
    POLICY_QUALIFIER_CPS = "1.3.6.1.5.5.7.2.1";
    /// id-qt-unotice.
    POLICY_QUALIFIER_USER_NOTICE = "1.3.6.1.5.5.7.2.2";
    /// policyMappings.
    POLICY_MAPPINGS = "2.5.29.33";
    /// authorityKeyIdentifier.
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
    /// policyConstraints.
    POLICY_CONSTRAINTS = "2.5.29.36";
    /// extKeyUsage.
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// freshestCRL.
    FRESHEST_CRL = "2.5.29.46";
    /// inhibitAnyPolicy.
    INHIBIT_ANY_POLICY = "2.5.29.54";
    /// authorityInfoAccess.
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";
    /// subjectInfoAccess.
    SUBJECT_INFO_ACCESS = "1.3.6.1.5.5.7.1.11";
    /// id-pkix-ocsp-basic: the kind of OCSP response that there is.
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
    /// id-pkix-ocsp-nonce.
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";
    /// id-pkix-ocsp-extended-revoke: certificates that were never issued are called revoked.
    OCSP_EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9";
    /// id-pkix-ocsp-nocheck.
    OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5";
    /// id-ad-ocsp: an access method.
    AIA_OCSP = "1.3.6.1.5.5.7.48.1";
    /// id-ad-caIssuers: an access method.
    AIA_CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
    /// S/MIME capabilities.
    SMIME_CAPABILITIES = "1.2.840.113549.1.9.15";
    /// Netscape certificate type.
    NETSCAPE_CERT_TYPE = "2.16.840.1.113730.1.1";
    /// Certificate Transparency: SCT list.
    CT_SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";
    /// Certificate Transparency: poison.
    CT_POISON = "1.3.6.1.4.1.11129.2.4.3";

    // Extensions (Microsoft)
    /// szOID_ENROLL_CERTTYPE_EXTENSION: name of a version 1 template.
    ENROLL_CERTTYPE = "1.3.6.1.4.1.311.20.2";
    /// szOID_CERTIFICATE_TEMPLATE: OID and version of a template.
    CERTIFICATE_TEMPLATE = "1.3.6.1.4.1.311.21.7";
    /// szOID_APPLICATION_CERT_POLICIES.
    APPLICATION_CERT_POLICIES = "1.3.6.1.4.1.311.21.10";
    /// szOID_APPLICATION_POLICY_MAPPINGS.
    APPLICATION_POLICY_MAPPINGS = "1.3.6.1.4.1.311.21.11";
    /// szOID_APPLICATION_POLICY_CONSTRAINTS.
    APPLICATION_POLICY_CONSTRAINTS = "1.3.6.1.4.1.311.21.12";
    /// szOID_CERTSRV_CA_VERSION.
    CERTSRV_CA_VERSION = "1.3.6.1.4.1.311.21.1";
    /// szOID_CERTSRV_PREVIOUS_CERT_HASH.
    CERTSRV_PREVIOUS_CERT_HASH = "1.3.6.1.4.1.311.21.2";
    /// szOID_CRL_NEXT_PUBLISH.
    CRL_NEXT_PUBLISH = "1.3.6.1.4.1.311.21.4";
    /// szOID_CRL_SELF_CDP.
    CRL_SELF_CDP = "1.3.6.1.4.1.311.21.14";
    /// szOID_NTDS_CA_SECURITY_EXT: the requester's SID.
    NTDS_CA_SECURITY_EXT = "1.3.6.1.4.1.311.25.2";
    /// szOID_NTDS_OBJECTSID: type of the otherName inside it.
    NTDS_OBJECTSID = "1.3.6.1.4.1.311.25.2.1";

    // Types of otherName
    /// szOID_NT_PRINCIPAL_NAME: UPN.
    NT_PRINCIPAL_NAME = "1.3.6.1.4.1.311.20.2.3";
    /// szOID_NTDS_REPLICATION: objectGUID.
    NTDS_REPLICATION = "1.3.6.1.4.1.311.25.1";

    // Key purposes and application policies
    /// anyExtendedKeyUsage.
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0";
    /// Server authentication.
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    /// Client authentication.
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    /// Code signing.
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
    /// szOID_KERNEL_MODE_CODE_SIGNING.
    KERNEL_MODE_CODE_SIGNING = "1.3.6.1.4.1.311.61.1.1";
    /// E-mail protection.
    EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    /// Time stamping.
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
    /// OCSP signing.
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
    /// KDC authentication.
    KDC_AUTHENTICATION = "1.3.6.1.5.2.3.5";
    /// Kerberos PKINIT clients.
    PKINIT_CLIENT_AUTH = "1.3.6.1.5.2.3.4";
    /// szOID_ENROLLMENT_AGENT: certificate request agent.
    ENROLLMENT_AGENT = "1.3.6.1.4.1.311.20.2.1";
    /// szOID_KP_SMARTCARD_LOGON.
    SMARTCARD_LOGON = "1.3.6.1.4.1.311.20.2.2";
    /// szOID_KP_EFS.
    EFS = "1.3.6.1.4.1.311.10.3.4";
    /// szOID_ANY_APPLICATION_POLICY.
    ANY_APPLICATION_POLICY = "1.3.6.1.4.1.311.10.12.1";
    /// szOID_KP_CA_EXCHANGE.
    CA_EXCHANGE = "1.3.6.1.4.1.311.21.5";
    /// szOID_KP_KEY_RECOVERY_AGENT.
    KEY_RECOVERY_AGENT = "1.3.6.1.4.1.311.21.6";

    // Attributes of requests
    /// extensionRequest of PKCS#9.
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
    /// challengePassword of PKCS#9.
    CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7";
    /// contentType of PKCS#9.
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    /// messageDigest of PKCS#9.
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    /// szOID_CERT_EXTENSIONS: Microsoft's extensionRequest.
    CERT_EXTENSIONS = "1.3.6.1.4.1.311.2.1.14";
    /// szOID_RENEWAL_CERTIFICATE.
    RENEWAL_CERTIFICATE = "1.3.6.1.4.1.311.13.1";
    /// szOID_ENROLLMENT_NAME_VALUE_PAIR.
    ENROLLMENT_NAME_VALUE_PAIR = "1.3.6.1.4.1.311.13.2.1";
    /// szOID_ENROLLMENT_CSP_PROVIDER.
    ENROLLMENT_CSP_PROVIDER = "1.3.6.1.4.1.311.13.2.2";
    /// szOID_OS_VERSION.
    OS_VERSION = "1.3.6.1.4.1.311.13.2.3";
    /// szOID_ARCHIVED_KEY_ATTR: the private key, in a CMS EnvelopedData.
    ARCHIVED_KEY_ATTR = "1.3.6.1.4.1.311.21.13";
    /// szOID_ENCRYPTED_KEY_HASH: hash of the former's value.
    ENCRYPTED_KEY_HASH = "1.3.6.1.4.1.311.21.21";
    /// szOID_REQUEST_CLIENT_INFO.
    REQUEST_CLIENT_INFO = "1.3.6.1.4.1.311.21.20";

    // CMS and CMC
    /// id-data.
    CMS_DATA = "1.2.840.113549.1.7.1";
    /// id-signedData.
    CMS_SIGNED_DATA = "1.2.840.113549.1.7.2";
    /// id-envelopedData.
    CMS_ENVELOPED_DATA = "1.2.840.113549.1.7.3";
    /// id-cct-PKIData.
    CMC_PKI_DATA = "1.3.6.1.5.5.7.12.2";
    /// id-cct-PKIResponse.
    CMC_PKI_RESPONSE = "1.3.6.1.5.5.7.12.3";
    /// id-cmc-cMCStatusInfo.
    CMC_STATUS_INFO = "1.3.6.1.5.5.7.7.1";
    /// id-cmc-dataReturn.
    CMC_DATA_RETURN = "1.3.6.1.5.5.7.7.4";
    /// id-cmc-transactionId.
    CMC_TRANSACTION_ID = "1.3.6.1.5.5.7.7.5";
    /// id-cmc-senderNonce.
    CMC_SENDER_NONCE = "1.3.6.1.5.5.7.7.6";
    /// id-cmc-recipientNonce.
    CMC_RECIPIENT_NONCE = "1.3.6.1.5.5.7.7.7";
    /// id-cmc-regInfo.
    CMC_REG_INFO = "1.3.6.1.5.5.7.7.18";
    /// id-alg-noSignature: a hash in place of a signature.
    NO_SIGNATURE = "1.3.6.1.5.5.7.6.2";
    /// szOID_DUMMY_SIGNER: attribute of the issuer that signs nothing.
    DUMMY_SIGNER = "1.3.6.1.4.1.311.21.9";
    /// szOID_CMC_ADD_ATTRIBUTES.
    CMC_ADD_ATTRIBUTES = "1.3.6.1.4.1.311.10.10.1";
    /// szOID_ISSUED_CERT_HASH.
    ISSUED_CERT_HASH = "1.3.6.1.4.1.311.21.17";

    // Public keys
    /// rsaEncryption.
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    /// id-ecPublicKey.
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    /// id-Ed25519: key and signature.
    ED25519 = "1.3.101.112";
    /// secp256r1.
    P256 = "1.2.840.10045.3.1.7";
    /// secp384r1.
    P384 = "1.3.132.0.34";
    /// secp521r1.
    P521 = "1.3.132.0.35";

    // Signatures
    /// md5WithRSAEncryption.
    MD5_WITH_RSA = "1.2.840.113549.1.1.4";
    /// sha1WithRSAEncryption.
    SHA1_WITH_RSA = "1.2.840.113549.1.1.5";
    /// The same, as older Microsoft software names it.
    SHA1_WITH_RSA_OIW = "1.3.14.3.2.29";
    /// id-mgf1.
    MGF1 = "1.2.840.113549.1.1.8";
    /// id-RSASSA-PSS.
    RSASSA_PSS = "1.2.840.113549.1.1.10";
    /// sha256WithRSAEncryption.
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
    /// sha384WithRSAEncryption.
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12";
    /// sha512WithRSAEncryption.
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13";
    /// ecdsa-with-SHA1.
    ECDSA_WITH_SHA1 = "1.2.840.10045.4.1";
    /// ecdsa-with-SHA256.
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    /// ecdsa-with-SHA384.
    ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3";
    /// ecdsa-with-SHA512.
    ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4";
    /// ecdsa-with-specified: the hash is in the parameters (Windows' alternate form).
    ECDSA_WITH_SPECIFIED = "1.2.840.10045.4.3";

    // Hashes
    /// SHA-1.
    SHA1 = "1.3.14.3.2.26";
    /// SHA-256.
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// SHA-384.
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// SHA-512.
    SHA512 = "2.16.840.1.101.3.4.2.3";
}

/// Dotted text to DER content. A wrong literal doesn't compile.
mod encode {
    /// Length of the content.
    pub const fn length(text: &str) -> usize {
        let mut length: usize = 0;
        let mut arcs = Arcs::new(text);
        while let Some(arc) = arcs.next() {
            length = length.saturating_add(groups(arc));
        }
        length
    }

    /// The content itself; `N` is its [`length`].
    pub const fn content<const N: usize>(text: &str) -> [u8; N] {
        let mut out = [0; N];
        let mut free: &mut [u8] = &mut out;
        let mut arcs = Arcs::new(text);
        while let Some(arc) = arcs.next() {
            let mut group = groups(arc);
            while group > 0 {
                group = group.saturating_sub(1);
                let more = if group > 0 { 0x80 } else { 0 };
                let [low, ..] = shifted(arc, group).to_le_bytes();
                let Some((slot, rest)) = { free }.split_first_mut() else { return [0; N] };
                *slot = (low & 0x7F) | more;
                free = rest;
            }
        }
        out
    }

    const fn shifted(arc: u64, mut groups: usize) -> u64 {
        let mut value = arc;
        while groups > 0 {
            value >>= 7;
            groups = groups.saturating_sub(1);
        }
        value
    }

    const fn groups(arc: u64) -> usize {
        let mut count: usize = 1;
        while shifted(arc, count) > 0 {
            count = count.saturating_add(1);
        }
        count
    }

    /// The numbers that are encoded: the first two arcs count as one.
    struct Arcs<'a> {
        rest: &'a [u8],
        first: bool,
    }

    impl<'a> Arcs<'a> {
        const fn new(text: &'a str) -> Self {
            Self { rest: text.as_bytes(), first: true }
        }

        const fn next(&mut self) -> Option<u64> {
            if self.rest.is_empty() {
                return None;
            }
            let arc = self.number();
            if self.first {
                self.first = false;
                return Some(arc.saturating_mul(40).saturating_add(self.number()));
            }
            Some(arc)
        }

        const fn number(&mut self) -> u64 {
            let mut value: u64 = 0;
            while let [byte, rest @ ..] = self.rest {
                self.rest = rest;
                match *byte {
                    b'.' => return value,
                    digit => {
                        assert!(digit.is_ascii_digit(), "an OID holds digits and dots");
                        let digit = widened(digit.wrapping_sub(b'0'));
                        value = value.saturating_mul(10).saturating_add(digit);
                    }
                }
            }
            value
        }
    }

    const fn widened(digit: u8) -> u64 {
        u64::from_le_bytes([digit, 0, 0, 0, 0, 0, 0, 0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_what_their_text_says() {
        for (text, oid) in ALL {
            assert_eq!(&text.parse::<Oid>().expect("valid"), oid, "{text}");
        }
    }
}
