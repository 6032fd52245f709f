//! What administrators change while the CA runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::model::SecurityDescriptor;
use crate::policy::EnrollmentAgents;

/// What administrators change while the CA runs, and every call looks up anew.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Config_Permissions_CA_Security: who may do what with the CA ([MS-CSRA] 3.1.1.7).
    pub security: Arc<SecurityDescriptor>,
    /// Config_Permissions_Enrollment_Agent_Rights, where it takes the place of the configured
    /// ones.
    pub agents: Option<Arc<EnrollmentAgents>>,
    /// The longest that any certificate is valid, where that is not as configured.
    pub max_validity: Option<Duration>,
}

impl Rules {
    /// Rules that nobody changes.
    pub fn fixed(security: SecurityDescriptor) -> watch::Receiver<Self> {
        watch::channel(Self { security: Arc::new(security), agents: None, max_validity: None }).1
    }
}
