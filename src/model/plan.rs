//! What policy decided to issue: everything of a certificate but serial number and signature.

use std::time::SystemTime;

use super::{
    BasicConstraints, CertificatePolicy, Extension, GeneralName, KeyUsage, Oid, PublicKeyInfo, Sid,
};

/// The subject of a planned certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubjectName {
    /// DER of the request's Name, taken as it is.
    FromRequest(Vec<u8>),
    /// A directory object's distinguishedName (RFC 4514 text), optionally with E= put in.
    DirectoryPath {
        /// RFC 4514 text.
        distinguished_name: String,
        /// emailAddress to add.
        email: Option<String>,
    },
    /// CN alone, optionally with E=.
    CommonName {
        /// The common name.
        cn: String,
        /// emailAddress to add.
        email: Option<String>,
    },
    /// E= alone.
    Email(String),
    /// An empty SEQUENCE: the names are in the SAN, which is then critical.
    Empty,
}

/// A decided certificate. The CA adds serial number, issuer, AKI, CDP and AIA, lints and signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuancePlan {
    /// Subject.
    pub subject: SubjectName,
    /// Subject alternative names.
    pub subject_alt_names: Vec<GeneralName>,
    /// The key.
    pub public_key: PublicKeyInfo,
    /// First instant of validity.
    pub not_before: SystemTime,
    /// Last instant of validity; the CA clips it to its own.
    pub not_after: SystemTime,
    /// Key usage, with its criticality; `None` leaves the extension out.
    pub key_usage: Option<(KeyUsage, bool)>,
    /// Extended key usage and application policies.
    pub application_policies: Vec<Oid>,
    /// Issuance policies with their qualifiers.
    pub certificate_policies: Vec<CertificatePolicy>,
    /// pKICriticalExtensions: which of the extensions are to be critical. Key usage says it itself.
    pub critical_extensions: Vec<Oid>,
    /// SID for the extension 1.3.6.1.4.1.311.25.2.
    pub sid: Option<Sid>,
    /// The template's own extension (name for v1, OID and version for v2 and later).
    pub template: TemplateExtension,
    /// basicConstraints; `None` leaves the extension out.
    pub basic_constraints: Option<BasicConstraints>,
    /// Leave out CDP and OCSP.
    pub no_revocation_info: bool,
    /// Leave out authorityInfoAccess as a whole, and the CDP.
    pub no_authority_information: bool,
    /// Further extensions, ready as DER.
    pub extensions: Vec<Extension>,
}

/// How a certificate names its template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateExtension {
    /// 1.3.6.1.4.1.311.20.2 with the cn.
    Name(String),
    /// 1.3.6.1.4.1.311.20.2 with `CAExchange`: the CA's own exchange certificate, which has
    /// application policies nevertheless ([MS-WCCE] 3.2.1.4.3.2.15.1).
    CaExchange,
    /// 1.3.6.1.4.1.311.21.7.
    Information {
        /// msPKI-Cert-Template-OID.
        oid: Oid,
        /// revision.
        major: u32,
        /// msPKI-Template-Minor-Revision.
        minor: u32,
    },
}
