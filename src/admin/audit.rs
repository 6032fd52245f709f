//! What administrators do, one log line each, with the numbers of Windows' audit events ([MS-CSRA]
//! 3.1.4.1, 3.1.4.2; the requests' own are `enroll`'s).

use bitflags::bitflags;
use tracing::{debug, info};

use crate::model::Caller;

bitflags! {
    /// Config_CA_Audit_Filter ([MS-CSRA] 3.1.4.2.11): what is audited. By default all of it.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct AuditFilter: u32 {
        /// Start and stop of the service.
        const SERVICE = 0x01;
        /// Backup and restore.
        const BACKUP = 0x02;
        /// Requests.
        const REQUESTS = 0x04;
        /// Revocation and CRLs.
        const REVOCATION = 0x08;
        /// Security.
        const SECURITY = 0x10;
        /// Archived keys.
        const KEYS = 0x20;
        /// Configuration.
        const CONFIGURATION = 0x40;
    }
}

/// Something that an administrator did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Event {
    /// Windows' number.
    pub(super) id: u32,
    /// By which bit of the filter it is audited.
    pub(super) of: AuditFilter,
    /// What was done, and to what.
    pub(super) what: String,
}

impl Event {
    /// An event of this number.
    pub(super) fn new(id: u32, of: AuditFilter, what: String) -> Self {
        Self { id, of, what }
    }

    /// Writes it down. What the filter leaves out still is in the log at level debug; a change of
    /// security or of the filter itself is never left out.
    pub(super) fn log(&self, filter: AuditFilter, by: &Caller) {
        let Self { of, what, .. } = self;
        let (events, sid) = (self.id.to_string(), by.token.user());
        if filter.union(AuditFilter::SECURITY).intersects(*of) {
            info!(caller = by.account, %sid, events, "{what}");
        } else {
            debug!(caller = by.account, %sid, events, "{what}");
        }
    }
}
