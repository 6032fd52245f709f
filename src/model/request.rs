//! An enrollment request after parsing and proof of possession.

use std::fmt;

use super::{Extension, GeneralName, Oid};

/// The form a request came in ([MS-WCCE] 3.2.1.4.2.1.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RequestFormat {
    /// PKCS#10.
    Pkcs10,
    /// Netscape KEYGEN (SPKAC).
    Keygen,
    /// CMS with a PKCS#10 inside.
    Cms,
    /// CMS with a CMC PKIData inside.
    Cmc,
}

impl fmt::Display for RequestFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs10 => "PKCS#10",
            Self::Keygen => "KEYGEN",
            Self::Cms => "CMS",
            Self::Cmc => "CMC",
        })
    }
}

/// A `Name:Value` pair of the attributes string or of the request's own attributes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Name as sent, without blanks and dashes; compared without case.
    pub name: String,
    /// Value, outer blanks trimmed.
    pub value: String,
}

/// What kind of public key, and its strength.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PublicKeyKind {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// Modulus length in bits.
        bits: u32,
    },
    /// ECDSA on NIST P-256.
    EcP256,
    /// ECDSA on NIST P-384.
    EcP384,
    /// ECDSA on NIST P-521.
    EcP521,
    /// Ed25519.
    Ed25519,
}

impl PublicKeyKind {
    /// Key length in bits, as msPKI-Minimal-Key-Size counts it.
    pub fn bits(self) -> u32 {
        match self {
            Self::Rsa { bits } => bits,
            Self::EcP256 | Self::Ed25519 => 256,
            Self::EcP384 => 384,
            Self::EcP521 => 521,
        }
    }

    /// Whether the key can encipher (RSA).
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa { .. })
    }
}

/// The key to be certified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKeyInfo {
    /// DER of SubjectPublicKeyInfo, as received.
    pub spki: Vec<u8>,
    /// Kind and strength.
    pub kind: PublicKeyKind,
    /// SHA-1 of the subjectPublicKey bits: the key identifier of RFC 5280 4.2.1.2 (1).
    pub key_id: [u8; 20],
}

/// One statement of which template is asked for ([MS-WCCE] 3.2.2.6.2.1.4.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateHint {
    /// By cn: name extension, or a CertificateTemplate attribute (which may also hold an OID).
    Name(String),
    /// By the template information extension 1.3.6.1.4.1.311.21.7.
    Oid {
        /// msPKI-Cert-Template-OID.
        oid: Oid,
        /// Major version, where given.
        major: Option<u32>,
        /// Minor version, where given.
        minor: Option<u32>,
    },
}

/// One relative attribute of a name, in the order of the encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameAttribute {
    /// Attribute type.
    pub oid: Oid,
    /// Value as text.
    pub value: String,
}

/// What a Windows client says about itself ([MS-WCCE] 2.2.2.7.4); for logs, never for decisions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientInfo {
    /// Which component: 5 is the default, 6 autoenrollment, 7 the wizard, 9 certreq.
    pub client_id: u32,
    /// Name of the machine.
    pub machine: String,
    /// `DOMAIN\account`.
    pub user: String,
    /// Name of the program.
    pub process: String,
}

/// A signature over the request by another key than the one to be certified: an enrollment
/// agent's. Verified over the received bytes; whether the certificate may sign is not known yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestSigner {
    /// DER of the signer's certificate, which came along with the request.
    pub certificate: Vec<u8>,
    /// Whether the signature used SHA-1.
    pub sha1: bool,
}

/// The renewal half of a request ([MS-WCCE] 3.1.1.4.3.2): the attribute RENEWAL_CERTIFICATE, and
/// a verified signature by the key of the certificate that it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renewal {
    /// DER of the old certificate.
    pub old_certificate: Vec<u8>,
    /// Whether the signature used SHA-1.
    pub sha1: bool,
}

/// A parsed request whose signatures have been verified over the received bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnrollmentRequest {
    /// The form it came in.
    pub format: RequestFormat,
    /// The bytes to be kept in the Request table.
    pub raw: Vec<u8>,
    /// DER of the request's subject Name (may be an empty SEQUENCE).
    pub subject: Vec<u8>,
    /// The same, as text attributes.
    pub subject_attributes: Vec<NameAttribute>,
    /// The key to be certified.
    pub public_key: PublicKeyInfo,
    /// SAN of the request's extensions.
    pub subject_alt_names: Vec<GeneralName>,
    /// Every extension asked for, in order.
    pub extensions: Vec<Extension>,
    /// Attributes of the attributes string, then those of the request itself.
    pub attributes: Vec<Attribute>,
    /// Every statement of a template, from wherever it came.
    pub template_hints: Vec<TemplateHint>,
    /// What the client says about itself.
    pub client_info: Option<ClientInfo>,
    /// Whether the proof of possession used SHA-1, or MD5 in KEYGEN (accepted and logged).
    pub sha1_proof: bool,
    /// RequesterName, where the part that all signers signed says it ([MS-WCCE]
    /// 3.1.1.4.3.3.3): never from the attributes string, and never from the PKCS#10 inside.
    pub on_behalf_of: Option<String>,
    /// Signers but the key to be certified and the old certificate, in order.
    pub signers: Vec<RequestSigner>,
    /// The certificate that is renewed, where one is.
    pub renewal: Option<Renewal>,
    /// DER of all certificates that came along, for building chains; nothing vouches for them.
    pub certificates: Vec<Vec<u8>>,
    /// Whether the request archives its private key (its EnvelopedData is not in `raw`).
    pub archives_key: bool,
}
