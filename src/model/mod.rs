//! The shared values of wcce: what the rooms hand each other. No I/O, no clock.

mod approval;
mod authorities;
mod caller;
mod deny;
mod duration;
mod evidence;
mod extension;
mod filetime;
mod hresult;
mod issuance_policy;
mod oid;
mod plan;
mod principal;
mod request;
mod row;
mod security_descriptor;
mod sid;
mod template;
mod template_table;
#[cfg(test)]
pub(crate) mod testing;

pub use approval::{Approval, SetExtension};
pub use authorities::Authorities;
pub use caller::{Caller, LocalAccount, LocalAccounts, Token};
pub use deny::DenyReason;
pub use duration::{
    DurationError, deserialize_duration, deserialize_optional_duration, format_duration,
    parse_duration,
};
pub use evidence::{ChainProblem, OldCertificate, SignerFacts, Standing, WaiverProblem};
pub use extension::{BasicConstraints, CertificatePolicy, Extension, GeneralName, KeyUsage};
pub use filetime::{from_filetime, to_filetime};
pub use hresult::HResult;
pub use issuance_policy::{IssuancePolicy, LinkedGroup};
pub use oid::{Oid, OidError};
pub use plan::{IssuancePlan, SubjectName, TemplateExtension};
pub use principal::{Principal, PrincipalKind};
pub use request::{
    Attribute, ClientInfo, EnrollmentRequest, NameAttribute, PublicKeyInfo, PublicKeyKind, Renewal,
    RequestFormat, RequestSigner, TemplateHint,
};
pub use row::{
    CertificateColumns, Disposition, NameColumn, NameColumns, NewRow, RequestId, RequestRow,
    Revocation, SerialNumber, SerialNumberError, extension_flags,
};
pub use security_descriptor::{
    AUTO_ENROLL, AccessMask, Ace, AceKind, Acl, ENROLL, SddlError, SecurityDescriptor,
    SecurityDescriptorError,
};
pub use sid::{Sid, SidError};
pub use template::{
    EnrollmentFlags, EnrollmentRights, GeneralFlags, KeyAlgorithms, NameFlags, PrivateKeyFlags,
    SchemaVersion, Template, TemplateFlags,
};
pub use template_table::{DuplicatePolicy, DuplicateTemplate, TemplateRow, TemplateTable};

/// A boxed future, for the object-safe async traits of the rooms.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
