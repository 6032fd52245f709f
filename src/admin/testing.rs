//! A CA with its administration, for tests of the room and of its interfaces.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use super::{AdminSettings, Administration, Configured, CrlService, Parts};
use crate::ca::{CaConfig, CrlConfig, CrlPublisher, KeyKind, StateFolder};
use crate::enroll::Enrollment;
use crate::enroll::testing::Bench;
use crate::model::SecurityDescriptor;
use crate::policy::EnrollmentAgents;

/// Alice may enroll, Bob is officer, Carol is administrator.
pub(crate) const SECURITY: &str = "O:BAG:BAD:(A;;0x200;;;AU)(A;;0x2;;;S-1-5-21-1-2-3-1104)\
    (A;;0x1;;;S-1-5-21-1-2-3-1105)";

pub(crate) struct Office {
    pub(crate) bench: Bench,
    pub(crate) enrollment: Arc<Enrollment>,
    pub(crate) administration: Arc<Administration>,
    pub(crate) shutdown: Arc<Notify>,
}

impl Office {
    pub(crate) async fn new(security: &str) -> Self {
        let bench = Bench::new();
        let config = CaConfig { key: KeyKind::EcdsaP256, ..CaConfig::default() };
        let state = StateFolder::new(bench.folder.path());
        let publisher = CrlPublisher::new(&config, &state);
        let (ca, store) = (Arc::clone(&bench.ca), bench.store.clone());
        let crls = CrlService::start(publisher, Arc::clone(&ca), store.clone()).await;
        let crls = Arc::new(crls.expect("published"));
        let settings = Arc::new(settings(&bench, security));
        let enrollment = Arc::new(bench.enrollment_by(settings.rules(), crls.watch()));
        let shutdown = Arc::<Notify>::default();
        let administration = Arc::new(Administration::new(Parts {
            ca,
            directory: bench.directory.clone(),
            store,
            crls,
            enrollment: Arc::clone(&enrollment),
            settings,
            views_per_account: 3,
            delete_valid: false,
            shutdown: Some(Arc::clone(&shutdown)),
        }));
        Self { bench, enrollment, administration, shutdown }
    }

    /// What administrators set, as another start of the CA would find it.
    pub(crate) fn settings_again(&self, security: &str) -> AdminSettings {
        settings(&self.bench, security)
    }

    pub(crate) fn file(&self) -> PathBuf {
        StateFolder::new(self.bench.folder.path()).administration()
    }

    pub(crate) fn descriptor(&self, sddl: &str) -> SecurityDescriptor {
        self.bench.directory.security_descriptor(sddl).expect("valid")
    }
}

fn settings(bench: &Bench, security: &str) -> AdminSettings {
    let configured = Configured {
        security: bench.directory.security_descriptor(security).expect("valid"),
        agents: EnrollmentAgents::default(),
        role_separation: false,
        domain: bench.directory.domain_sid().clone(),
        max_validity: bench.policy.max_validity,
        crl: CrlConfig::default(),
    };
    let path = StateFolder::new(bench.folder.path()).administration();
    AdminSettings::load(path, configured).expect("sound")
}
