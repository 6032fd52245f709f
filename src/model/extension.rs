//! X.509 extensions and general names as values.

use super::Oid;

/// An X.509 extension: identifier, criticality, DER value (content of `extnValue`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// Which extension.
    pub oid: Oid,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// DER of the extension's value.
    pub value: Vec<u8>,
}

/// A GeneralName (RFC 5280 4.2.1.6), as far as certificates here carry them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GeneralName {
    /// otherName szOID_NT_PRINCIPAL_NAME (1.3.6.1.4.1.311.20.2.3).
    Upn(String),
    /// otherName szOID_NTDS_REPLICATION (1.3.6.1.4.1.311.25.1): objectGUID in its binary form.
    DirectoryGuid([u8; 16]),
    /// rfc822Name.
    Email(String),
    /// dNSName.
    Dns(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress: 4 or 16 bytes.
    Ip(Vec<u8>),
    /// directoryName: DER of the Name.
    Directory(Vec<u8>),
    /// registeredID.
    RegisteredId(Oid),
    /// Any other otherName: its type and the DER inside `[0]`.
    Other {
        /// type-id.
        oid: Oid,
        /// DER of the value.
        value: Vec<u8>,
    },
}

/// Value of basicConstraints (RFC 5280 4.2.1.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_length: Option<u32>,
}

/// An entry of certificatePolicies (RFC 5280 4.2.1.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificatePolicy {
    /// policyIdentifier.
    pub oid: Oid,
    /// Addresses of certification practice statements (id-qt-cps).
    pub cps: Vec<String>,
    /// The text that relying parties are to be shown (id-qt-unotice, explicitText).
    pub user_notice: Option<String>,
}

impl CertificatePolicy {
    /// A policy without qualifiers.
    pub fn plain(oid: Oid) -> Self {
        Self { oid, cps: Vec::new(), user_notice: None }
    }
}

/// Key usage bits as `pKIKeyUsage` and the BIT STRING's content have them: first byte high.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(0x8000);
    /// nonRepudiation.
    pub const NON_REPUDIATION: Self = Self(0x4000);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(0x2000);
    /// dataEncipherment.
    pub const DATA_ENCIPHERMENT: Self = Self(0x1000);
    /// keyAgreement.
    pub const KEY_AGREEMENT: Self = Self(0x0800);
    /// keyCertSign.
    pub const KEY_CERT_SIGN: Self = Self(0x0400);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(0x0200);
    /// encipherOnly.
    pub const ENCIPHER_ONLY: Self = Self(0x0100);
    /// decipherOnly.
    pub const DECIPHER_ONLY: Self = Self(0x0080);

    /// Whether all bits of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
