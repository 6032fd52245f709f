//! Why an administrator's call fails.

use super::crl::PublishError;
use super::roles::Need;
use super::settings::SettingsError;
use crate::directory::DirectoryError;
use crate::enroll::{EnrollError, PropertyError};
use crate::model::{Disposition, HResult, Oid, RequestId};
use crate::request::RequestError;
use crate::store::StoreError;

/// LDAP result: there is no such object, such as an enrollment service that was never published.
const NO_SUCH_OBJECT: u32 = 32;

/// Why an administrator's call fails; its HRESULT is the method's return value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// pwszAuthority is not a name of this CA.
    #[error("{0:?} is not the name of this CA")]
    WrongAuthority(String),
    /// The CA's security descriptor does not give the caller what the method wants.
    #[error("{account} lacks {need} on this CA; grant it in the CA's security")]
    Right {
        /// The caller.
        account: String,
        /// What it would need.
        need: Need,
    },
    /// Role separation, and the caller has more than one role.
    #[error(
        "{account} has several roles on this CA, and roles are separated; take all but one away"
    )]
    RoleConflict {
        /// The caller.
        account: String,
    },
    /// The officer may not manage requests of this requester.
    #[error("{officer} may not manage requests of {requester}")]
    RestrictedOfficer {
        /// The caller.
        officer: String,
        /// Whose request it is.
        requester: String,
    },
    /// Nobody approves requests of their own.
    #[error("{0} is the requester itself; somebody else has to decide")]
    OwnRequest(String),
    /// There is no such row.
    #[error("there is no request {0}")]
    NoRequest(RequestId),
    /// The request does not wait for anybody.
    #[error("request {id} is {found:?}, so nothing can be decided about it")]
    NotPending {
        /// Which one.
        id: RequestId,
        /// What its disposition is.
        found: Disposition,
    },
    /// An argument makes no sense.
    #[error("{0}")]
    Argument(&'static str),
    /// A value of an entry.
    #[error("the value is of another kind than the entry")]
    OtherKind,
    /// An entry that is something else's.
    #[error("{entry} is not set over the network: {why}")]
    Entry {
        /// Which one.
        entry: String,
        /// What sets it.
        why: &'static str,
    },
    /// A row that is needed.
    #[error("the row cannot be deleted: {0}")]
    Needed(&'static str),
    /// The extension is not among those that managers may set.
    #[error(
        "the extension {0} is not one that certificate managers may set; administration.settable_extensions lists those"
    )]
    Extension(Oid),
    /// The attributes are too long.
    #[error(transparent)]
    Attributes(RequestError),
    /// A security descriptor.
    #[error("the security descriptor: {0}")]
    Descriptor(String),
    /// Nobody could manage the CA any more.
    #[error("nobody would have Manage CA (0x1)")]
    NoAdministrator,
    /// There is no such template.
    #[error("the directory has no template {0:?}, so it cannot be enabled")]
    NoTemplate(String),
    /// Something that this CA does not do.
    #[error("{0}")]
    Refused(&'static str),
    /// Something that is not there.
    #[error("{0}")]
    NotFound(&'static str),
    /// No key was archived.
    #[error("no key is archived for request {0}")]
    NoArchivedKey(RequestId),
    /// Key archival is not for this CA.
    #[error("this CA archives no keys")]
    NoArchival,
    /// Bytes that are not a certificate.
    #[error("not a certificate: {0}")]
    NotACertificate(String),
    /// Somebody else issued the certificate.
    #[error("this CA did not issue the certificate, and takes those of no other (KRAFlags is 0)")]
    ForeignCertificate,
    /// The certificate is there already.
    #[error("a certificate with this serial number is in the table already, as request {0}")]
    KnownCertificate(RequestId),
    /// No request waits for the certificate.
    #[error("no pending request is for the key of this certificate")]
    NoMatch,
    /// Partitioned CRLs and the like.
    #[error("{0}")]
    NotImplemented(&'static str),
    /// A view is open already.
    #[error("a view is open already on this object; close it first")]
    ViewOpen,
    /// No view is open.
    #[error("no view is open on this object")]
    NoView,
    /// Too many views.
    #[error("{0} has too many views open; close some")]
    TooManyViews(String),
    /// No certificate has this serial number.
    #[error(
        "no certificate of this CA has the serial number {0:?}; write it in lower-case hexadecimal"
    )]
    UnknownSerial(String),
    /// Not a reason of [MS-CSRA] 3.1.4.1.8.
    #[error("{0} is no reason for a revocation; use 0 to 6, or 0xFFFFFFFF to release from hold")]
    Reason(u32),
    /// It cannot be released.
    #[error("the certificate is not on hold, so it cannot be released")]
    NotOnHold,
    /// It cannot be put on hold any more.
    #[error("the certificate is revoked for good, so it cannot be put on hold")]
    RevokedForGood,
    /// There is no certificate to revoke.
    #[error("the request is {0:?}: it has no certificate that could be revoked")]
    NotIssued(Disposition),
    /// A property.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// The CRL.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// What administrators set.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The request cannot be processed again.
    #[error(transparent)]
    Enroll(EnrollError),
    /// The Request table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EnrollError> for AdminError {
    fn from(error: EnrollError) -> Self {
        match error {
            EnrollError::WrongAuthority(name) => Self::WrongAuthority(name),
            EnrollError::Store(error) => Self::Store(error),
            EnrollError::Property(error) => Self::Property(error),
            error => Self::Enroll(error),
        }
    }
}

impl AdminError {
    /// The return value that the specification names or, where it leaves the choice, one that
    /// fits.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::WrongAuthority(_)
            | Self::UnknownSerial(_)
            | Self::Reason(_)
            | Self::Argument(_)
            | Self::OtherKind
            | Self::Attributes(_)
            | Self::Descriptor(_) => HResult::E_INVALIDARG,
            Self::Right { .. }
            | Self::Refused(_)
            | Self::Extension(_)
            | Self::Entry { .. }
            | Self::Needed(_) => HResult::E_ACCESSDENIED,
            Self::RoleConflict { .. } => HResult::CERTSRV_E_ROLECONFLICT,
            Self::RestrictedOfficer { .. } | Self::OwnRequest(_) => {
                HResult::CERTSRV_E_RESTRICTEDOFFICER
            }
            Self::NoRequest(_) | Self::NoArchivedKey(_) | Self::Store(StoreError::NotFound(_)) => {
                HResult::CERTSRV_E_PROPERTY_EMPTY
            }
            Self::NotPending { .. } | Self::Store(StoreError::DispositionChanged { .. }) => {
                HResult::CERTSRV_E_BAD_REQUESTSTATUS
            }
            Self::NoAdministrator => HResult::CERTSRV_E_NO_CAADMIN_DEFINED,
            Self::NoTemplate(_) => HResult::CERTSRV_E_UNKNOWN_CERT_TYPE,
            Self::Directory(DirectoryError::Refused { code: NO_SUCH_OBJECT, .. }) => {
                HResult::FILE_NOT_FOUND
            }
            Self::Directory(DirectoryError::Refused { .. }) => HResult::E_ACCESSDENIED,
            Self::NoArchival => HResult::CERTSRV_E_KEY_ARCHIVAL_NOT_CONFIGURED,
            Self::NotFound(_) => HResult::FILE_NOT_FOUND,
            Self::ForeignCertificate => HResult::CERT_E_ISSUERCHAINING,
            Self::KnownCertificate(_) => HResult::OBJECT_ALREADY_EXISTS,
            Self::NoMatch => HResult::CRYPT_E_NO_MATCH,
            Self::NotImplemented(_) => HResult::E_NOTIMPL,
            Self::ViewOpen => HResult::E_UNEXPECTED,
            Self::NoView => HResult::INVALID_HANDLE,
            Self::TooManyViews(_) => HResult::E_OUTOFMEMORY,
            Self::NotOnHold
            | Self::RevokedForGood
            | Self::NotIssued(_)
            | Self::NotACertificate(_) => HResult::INVALID_DATA,
            Self::Property(error) => error.hresult(),
            Self::Publish(_) | Self::Settings(_) => HResult::E_FAIL,
            Self::Enroll(error) => error.hresult(),
            Self::Store(StoreError::Full { .. }) => HResult::DISK_FULL,
            Self::Directory(_) | Self::Store(_) => HResult::SERVER_UNAVAILABLE,
        }
    }

    /// Whether the fault is the server's, not the caller's.
    pub fn is_internal(&self) -> bool {
        match self {
            Self::Publish(_) | Self::Settings(_) | Self::Directory(_) => true,
            Self::Store(error) => {
                !matches!(error, StoreError::NotFound(_) | StoreError::DispositionChanged { .. })
            }
            Self::Enroll(error) => error.is_internal(),
            _ => false,
        }
    }
}
