//! The directory that the settings name, and the domain that it is of.

use std::sync::Arc;

use crate::config::Config;
use crate::directory::Directory;
use crate::directory::config::DirectoryConfig;
use crate::directory::embedded::EmbeddedDirectory;
use crate::model::{LocalAccount, LocalAccounts, SddlError, SecurityDescriptor, Sid};

use super::{ServerError, warn_of_templates};

/// A directory that is ready.
pub(super) struct Opened {
    pub(super) directory: Arc<dyn Directory>,
    pub(super) domain: DomainNames,
    /// Accounts that this server verifies itself.
    pub(super) accounts: Arc<dyn LocalAccounts>,
}

/// What a domain is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct DomainNames {
    pub(super) netbios: String,
    pub(super) dns: String,
    pub(super) sid: Sid,
}

/// Opens the directory for the CA of this sanitized name.
pub(super) async fn open(config: &Config, ca: &str) -> Result<Opened, ServerError> {
    match &config.directory {
        DirectoryConfig::Embedded(file) => {
            let file = file.clone();
            let load = tokio::task::spawn_blocking(move || EmbeddedDirectory::load(&file));
            let directory = Arc::new(load.await??);
            warn_of_templates(&directory.table());
            let domain = DomainNames {
                netbios: directory.netbios_domain().to_owned(),
                dns: directory.dns_domain().to_owned(),
                sid: directory.domain_sid().clone(),
            };
            Ok(Opened { domain, accounts: directory.clone(), directory })
        }
        #[cfg(feature = "active-directory")]
        DirectoryConfig::ActiveDirectory(settings) => {
            member::open(settings, &config.state, ca).await
        }
        #[cfg(not(feature = "active-directory"))]
        DirectoryConfig::ActiveDirectory(_) => {
            let _ = (ca, NoAccounts);
            Err(crate::directory::DirectoryError::Unsupported {
                problem: "this wcced was built without support for Active Directory".to_owned(),
            }
            .into())
        }
    }
}

/// Accounts are the domain's, and it verifies them.
struct NoAccounts;

impl LocalAccounts for NoAccounts {
    fn local_account(&self, _: &str, _: &str) -> Option<LocalAccount> {
        None
    }
}

#[cfg(feature = "active-directory")]
mod member {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use tracing::{info, warn};

    use super::*;
    use crate::directory::active_directory::{ActiveDirectory, Follower, Forest};
    use crate::directory::config::ActiveDirectoryConfig;

    /// How long a start waits for a domain controller before it goes on with what is known.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// How often a first start says what it waits for.
    const REMINDER: Duration = Duration::from_secs(30);

    /// Active Directory. A first start waits until a domain controller has told what the domain
    /// is called; later ones know it.
    pub(super) async fn open(
        settings: &ActiveDirectoryConfig,
        state: &Path,
        ca: &str,
    ) -> Result<Opened, ServerError> {
        let directory = Arc::new(ActiveDirectory::start(settings, ca)?);
        tokio::spawn(warn_of_changes(directory.follow()));
        let file = DomainFile(state.join("domain.toml"));
        let domain = match (directory.forest(PATIENCE).await, file.read(&settings.domain)) {
            (Ok(forest), known) => {
                let domain = names(&forest);
                if known.as_ref() != Some(&domain) {
                    file.write(&domain);
                }
                domain
            }
            (Err(problem), Some(known)) => {
                warn!(%problem, "starting without Active Directory, with what is known of the domain");
                known
            }
            (Err(mut problem), None) => loop {
                warn!(%problem, "waiting for Active Directory to tell what the domain is called");
                match directory.forest(REMINDER).await {
                    Ok(forest) => {
                        let domain = names(&forest);
                        file.write(&domain);
                        break domain;
                    }
                    Err(again) => problem = again,
                }
            },
        };
        info!(netbios = domain.netbios, dns = domain.dns, sid = %domain.sid, "domain");
        Ok(Opened { directory, domain, accounts: Arc::new(NoAccounts) })
    }

    fn names(forest: &Forest) -> DomainNames {
        DomainNames {
            netbios: forest.own.netbios.clone(),
            dns: forest.own.dns.clone(),
            sid: forest.sid.clone(),
        }
    }

    /// Says what is dangerous in each new version of the template table.
    async fn warn_of_changes(mut follower: Follower) {
        let mut version = 0;
        while let Some((newer, table)) = follower.newer(version).await {
            version = newer;
            warn_of_templates(&table);
        }
    }

    /// What is known of the domain, for starts while no domain controller answers.
    struct DomainFile(PathBuf);

    #[derive(Serialize, Deserialize)]
    struct Content {
        netbios: String,
        dns: String,
        sid: String,
    }

    impl DomainFile {
        /// What is known, if it is of this domain.
        fn read(&self, domain: &str) -> Option<DomainNames> {
            let text = std::fs::read_to_string(&self.0).ok()?;
            let Content { netbios, dns, sid } = toml::from_str(&text).ok()?;
            let names = DomainNames { netbios, dns, sid: sid.parse().ok()? };
            names.dns.eq_ignore_ascii_case(domain).then_some(names)
        }

        fn write(&self, domain: &DomainNames) {
            let content = Content {
                netbios: domain.netbios.clone(),
                dns: domain.dns.clone(),
                sid: domain.sid.to_string(),
            };
            let written = toml::to_string(&content)
                .map_err(|error| error.to_string())
                .and_then(|text| std::fs::write(&self.0, text).map_err(|error| error.to_string()));
            if let Err(problem) = written {
                warn!(file = %self.0.display(), problem, "cannot keep what is known of the domain");
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_known_of_the_domain_is_kept_and_is_of_that_domain_alone() {
            let folder = tempfile::tempdir().expect("a folder");
            let file = DomainFile(folder.path().join("domain.toml"));
            assert_eq!(file.read("wcce.test"), None);
            let domain = DomainNames {
                netbios: "WCCE".to_owned(),
                dns: "wcce.test".to_owned(),
                sid: "S-1-5-21-1-2-3".parse().expect("valid"),
            };
            file.write(&domain);
            assert_eq!(file.read("WCCE.TEST"), Some(domain));
            assert_eq!(file.read("other.test"), None);
            std::fs::write(&file.0, "netbios = 3").expect("writable");
            assert_eq!(file.read("wcce.test"), None, "a damaged file is no file");
        }
    }
}

impl DomainNames {
    /// Reads SDDL with the aliases of this domain.
    pub(super) fn security_descriptor(&self, sddl: &str) -> Result<SecurityDescriptor, SddlError> {
        SecurityDescriptor::from_sddl(sddl, &self.sid)
    }
}
