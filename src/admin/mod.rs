//! The administration of the CA ([MS-CSRA]): what changes rows and CRLs, as
//! [`enroll`](crate::enroll) does for enrollment.

mod administration;
mod audit;
pub mod backup;
mod crl;
mod deletion;
mod entries;
mod error;
mod ocsp;
mod officers;
mod periods;
mod prune;
mod publication;
mod requests;
mod revocation;
mod roles;
mod settings;
mod templates;
mod view;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use administration::{Administration, Parts, Publication, RightsOf};
pub use audit::AuditFilter;
pub use crl::{CrlService, PublishError};
pub use deletion::{Deleted, Deletion};
pub use entries::EntryValue;
pub use error::AdminError;
pub use ocsp::{OcspAnswer, OcspResponder, OcspSettings, Unissued};
pub use officers::OfficerRightsError;
pub use periods::Periods;
pub use prune::{Pruned, Retention, prune};
pub use publication::CertificatePublisher;
pub use requests::{ExtensionValue, Validity};
pub use revocation::{HOLD, LOCAL_ADMINISTRATOR, RevokeRequest, revoke, revoke_request};
pub use roles::{Method, Need, Rights};
pub use settings::{AdminSettings, Configured, Live, SettingsError, StoredRights};
pub use templates::warn_of_templates;
pub use view::{
    Column, Kind, MAX_RESTRICTIONS, Restriction, ResultPage, ResultRow, Table, Value, View,
    ViewRequest, Views, default_columns,
};
