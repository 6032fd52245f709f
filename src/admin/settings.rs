//! What administrators set over the network: who may do what, and what is audited. It is kept in a
//! file of its own, takes the place of what the configuration says, and holds at once.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::audit::AuditFilter;
use super::officers;
use super::periods::{Period, Periods, StoredPeriods};
use super::roles::Rights;
use super::{AdminError, EntryValue};
use crate::ca::{CrlConfig, FileError, read_if_there, write_atomically};
use crate::enroll::Rules;
use crate::model::{AccessMask, SecurityDescriptor, Sid};
use crate::policy::EnrollmentAgents;

/// The longest descriptor that is taken, in bytes.
const MAX_DESCRIPTOR: usize = 64 * 1024;

/// What the file holds; what is missing is as the configuration says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Stored {
    /// Config_Permissions_CA_Security, as SDDL.
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<String>,
    /// Config_Permissions_Officer_Rights, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    officer_rights: Option<String>,
    /// Config_Permissions_Enrollment_Agent_Rights, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrollment_agent_rights: Option<String>,
    /// Config_CA_Audit_Filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_filter: Option<u32>,
    /// Config_CA_Role_Separation.
    #[serde(skip_serializing_if = "Option::is_none")]
    role_separation: Option<bool>,
    /// Names of the templates to issue from, where the directory is the embedded one.
    #[serde(skip_serializing_if = "Option::is_none")]
    templates: Option<Vec<String>>,
    /// Periods of certificates and CRLs.
    #[serde(skip_serializing_if = "StoredPeriods::is_empty")]
    periods: StoredPeriods,
}

impl Stored {
    /// The settings of the configuration file in whose place something is stored.
    fn replaced(&self) -> Vec<&'static str> {
        let others = [
            (self.security.is_some(), "enrollment.security"),
            (self.enrollment_agent_rights.is_some(), "enrollment_agents"),
            (self.role_separation.is_some(), "administration.role_separation"),
        ];
        let others = others.into_iter().filter_map(|(is_set, key)| is_set.then_some(key));
        others.chain(self.periods.replaced()).collect()
    }
}

/// What counts where nothing is stored.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The CA's security descriptor.
    pub security: SecurityDescriptor,
    /// The enrollment agents.
    pub agents: EnrollmentAgents,
    /// Role separation.
    pub role_separation: bool,
    /// The domain, for aliases in stored descriptors.
    pub domain: Sid,
    /// The longest that any certificate is valid.
    pub max_validity: Duration,
    /// CRLs.
    pub crl: CrlConfig,
}

/// A descriptor of officers or agents, as it was set and as it is understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRights {
    /// The bytes.
    pub descriptor: Vec<u8>,
    /// What they say.
    pub entries: Arc<EnrollmentAgents>,
}

/// What counts now.
#[derive(Clone, Debug)]
pub struct Live {
    /// The CA's security descriptor.
    pub security: Arc<SecurityDescriptor>,
    /// Which officers may manage whose requests; `None`: all may manage all.
    pub officers: Option<StoredRights>,
    /// Who may enroll on behalf of whom.
    pub agents: StoredRights,
    /// What is audited.
    pub audit_filter: AuditFilter,
    /// Whether two roles are none.
    pub role_separation: bool,
    /// Names of the templates that the CA issues from, in place of what the directory file says.
    pub templates: Option<Vec<String>>,
    /// Periods of certificates and CRLs.
    pub periods: Arc<Periods>,
}

/// Why the settings cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else.
    #[error(
        "{}: {reason}; mend it, or remove it to have what the configuration says", path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The thread that wrote it failed.
    #[error("a thread failed")]
    Thread(#[from] tokio::task::JoinError),
}

/// The settings, and who watches them.
pub struct AdminSettings {
    path: PathBuf,
    configured: Configured,
    /// Held while the file is written.
    stored: Mutex<Stored>,
    live: RwLock<Arc<Live>>,
    rules: watch::Sender<Rules>,
}

impl AdminSettings {
    /// Reads the file, where there is one. Blocks.
    ///
    /// # Errors
    /// Where the file cannot be read or understood.
    pub fn load(path: PathBuf, configured: Configured) -> Result<Self, SettingsError> {
        let damaged = |reason: String| SettingsError::Damaged { path: path.clone(), reason };
        let stored: Stored = match read_if_there(&path)? {
            Some(text) => serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?,
            None => Stored::default(),
        };
        let live = live(&stored, &configured).map_err(damaged)?;
        if stored != Stored::default() {
            info!(file = %path.display(), "settings that administrators made over the network count");
        }
        for setting in stored.replaced() {
            warn!(
                setting,
                "an administrator set this over the network: that counts, and not what \
                  the configuration file says"
            );
        }
        let rules = watch::channel(rules(&stored, &live)).0;
        let (stored, live) = (Mutex::new(stored), RwLock::new(Arc::new(live)));
        Ok(Self { path, configured, stored, live, rules })
    }

    /// What enrollment has to know of them.
    pub fn rules(&self) -> watch::Receiver<Rules> {
        self.rules.subscribe()
    }

    /// What counts now.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets the CA's security descriptor ([MS-CSRA] 3.1.4.2.7). One by which nobody could manage the
    /// CA is refused.
    ///
    /// # Errors
    /// Where it is malformed, would lock everybody out, or cannot be kept.
    pub async fn set_security(&self, bytes: &[u8]) -> Result<SecurityDescriptor, AdminError> {
        if bytes.len() > MAX_DESCRIPTOR {
            return Err(AdminError::Descriptor("it is too long".to_owned()));
        }
        let read = SecurityDescriptor::from_bytes(bytes);
        let descriptor = read.map_err(|error| AdminError::Descriptor(error.to_string()))?;
        if !has_administrator(&descriptor) {
            return Err(AdminError::NoAdministrator);
        }
        let text = descriptor.to_sddl();
        match SecurityDescriptor::from_sddl(&text, &self.configured.domain) {
            Ok(again) if again == descriptor => {}
            _ => return Err(AdminError::Descriptor("it cannot be kept as it is".to_owned())),
        }
        self.change(|stored| stored.security = Some(text)).await?;
        Ok(descriptor)
    }

    /// Sets, or takes away, the rights of officers.
    ///
    /// # Errors
    /// Where they are malformed or cannot be kept.
    pub async fn set_officers(&self, descriptor: Option<&[u8]>) -> Result<(), AdminError> {
        let text = descriptor.map(checked_rights).transpose()?;
        self.change(|stored| stored.officer_rights = text).await
    }

    /// Sets the rights of enrollment agents, or goes back to those of the configuration.
    ///
    /// # Errors
    /// Where they are malformed or cannot be kept.
    pub async fn set_agents(&self, descriptor: Option<&[u8]>) -> Result<(), AdminError> {
        let text = descriptor.map(checked_rights).transpose()?;
        self.change(|stored| stored.enrollment_agent_rights = text).await
    }

    /// Sets what is audited.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub async fn set_audit_filter(&self, filter: AuditFilter) -> Result<(), AdminError> {
        self.change(|stored| stored.audit_filter = Some(filter.bits())).await
    }

    /// Switches role separation.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub async fn set_role_separation(&self, on: bool) -> Result<(), AdminError> {
        self.change(|stored| stored.role_separation = Some(on)).await
    }

    /// Sets from which templates the CA issues.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub async fn set_templates(&self, names: Vec<String>) -> Result<(), AdminError> {
        self.change(|stored| stored.templates = Some(names)).await
    }

    /// Sets an entry of a period, or takes it away (`Empty`).
    ///
    /// # Errors
    /// Where the value makes no sense, or cannot be kept.
    pub(super) async fn set_period(
        &self,
        entry: (Period, bool),
        value: EntryValue,
    ) -> Result<(), AdminError> {
        let mut stored = self.stored.lock().await;
        let mut next = stored.clone();
        next.periods.set(entry, value)?;
        next.periods.over(self.configured.max_validity, &self.configured.crl)?;
        self.replace(&mut stored, next).await
    }

    /// Writes the file, and then lets the change count.
    async fn change(&self, change: impl FnOnce(&mut Stored)) -> Result<(), AdminError> {
        let mut stored = self.stored.lock().await;
        let mut next = stored.clone();
        change(&mut next);
        self.replace(&mut stored, next).await
    }

    async fn replace(&self, stored: &mut Stored, next: Stored) -> Result<(), AdminError> {
        let live = live(&next, &self.configured).map_err(AdminError::Descriptor)?;
        let damaged = |error: serde_json::Error| SettingsError::Damaged {
            path: self.path.clone(),
            reason: error.to_string(),
        };
        let text = serde_json::to_vec_pretty(&next).map_err(damaged)?;
        let path = self.path.clone();
        let written = spawn_blocking(move || write_atomically(&path, &text, 0o600)).await;
        written.map_err(SettingsError::Thread)?.map_err(SettingsError::File)?;
        self.rules.send_replace(rules(&next, &live));
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
        *stored = next;
        Ok(())
    }
}

/// Whether an entry gives somebody Manage CA.
fn has_administrator(descriptor: &SecurityDescriptor) -> bool {
    let right = AccessMask(Rights::ADMINISTRATOR.bits());
    descriptor.trustees(right).next().is_some()
}

/// The descriptor in hexadecimal, if it can be understood.
fn checked_rights(bytes: &[u8]) -> Result<String, AdminError> {
    if bytes.len() > MAX_DESCRIPTOR {
        return Err(AdminError::Descriptor("it is too long".to_owned()));
    }
    officers::read(bytes).map_err(|error| AdminError::Descriptor(error.to_string()))?;
    Ok(hex::encode(bytes))
}

fn live(stored: &Stored, configured: &Configured) -> Result<Live, String> {
    let security = match &stored.security {
        Some(text) => SecurityDescriptor::from_sddl(text, &configured.domain)
            .map_err(|error| format!("security: {error}"))?,
        None => configured.security.clone(),
    };
    let rights = |text: &String, what: &str| {
        let descriptor = hex::decode(text).map_err(|error| format!("{what}: {error}"))?;
        let entries = officers::read(&descriptor).map_err(|error| format!("{what}: {error}"))?;
        Ok::<_, String>(StoredRights { descriptor, entries: Arc::new(entries) })
    };
    let officers = stored.officer_rights.as_ref();
    let periods = stored.periods.over(configured.max_validity, &configured.crl);
    let agents = match &stored.enrollment_agent_rights {
        Some(text) => rights(text, "enrollment_agent_rights")?,
        None => StoredRights {
            descriptor: officers::write(&configured.agents),
            entries: Arc::new(configured.agents.clone()),
        },
    };
    Ok(Live {
        security: Arc::new(security),
        officers: officers.map(|text| rights(text, "officer_rights")).transpose()?,
        agents,
        audit_filter: stored
            .audit_filter
            .map_or(AuditFilter::all(), AuditFilter::from_bits_truncate),
        role_separation: stored.role_separation.unwrap_or(configured.role_separation),
        templates: stored.templates.clone(),
        periods: Arc::new(periods.map_err(|error| format!("periods: {error}"))?),
    })
}

fn rules(stored: &Stored, live: &Live) -> Rules {
    let agents = stored.enrollment_agent_rights.as_ref().map(|_| Arc::clone(&live.agents.entries));
    let max_validity = Some(live.periods.max_validity);
    Rules { security: Arc::clone(&live.security), agents, max_validity }
}
