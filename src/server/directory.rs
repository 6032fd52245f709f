//! The directory that the settings name, and the domain that it is of.

use std::sync::Arc;

use crate::ca::CaCertificate;
use crate::config::Config;
use crate::directory::Directory;
#[cfg(feature = "active-directory")]
use crate::directory::active_directory::ActiveDirectory;
use crate::directory::config::DirectoryConfig;
use crate::directory::embedded::EmbeddedDirectory;
use crate::model::{LocalAccount, LocalAccounts, SddlError, SecurityDescriptor, Sid};
use crate::policy;

use super::ServerError;
use crate::admin::warn_of_templates;

/// A directory that is ready.
pub(super) struct Opened {
    pub(super) directory: Arc<dyn Directory>,
    pub(super) domain: DomainNames,
    /// Accounts that this server verifies itself.
    pub(super) accounts: Arc<dyn LocalAccounts>,
    /// Active Directory, which takes what is published.
    #[cfg(feature = "active-directory")]
    pub(super) active_directory: Option<Arc<ActiveDirectory>>,
}

/// What a domain is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct DomainNames {
    pub(super) netbios: String,
    pub(super) dns: String,
    pub(super) sid: Sid,
}

/// Opens the directory for the CA of this certificate.
pub(super) async fn open(config: &Config, ca: &CaCertificate) -> Result<Opened, ServerError> {
    match &config.directory {
        DirectoryConfig::Embedded(file) => {
            let file = file.clone();
            let load = tokio::task::spawn_blocking(move || EmbeddedDirectory::load(&file));
            let directory = Arc::new(load.await??);
            warn_of_templates(&directory.table(), ca.not_after);
            let domain = DomainNames {
                netbios: directory.netbios_domain().to_owned(),
                dns: directory.dns_domain().to_owned(),
                sid: directory.domain_sid().clone(),
            };
            Ok(Opened {
                domain,
                accounts: directory.clone(),
                directory,
                #[cfg(feature = "active-directory")]
                active_directory: None,
            })
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

/// The settings of policy, the names in them looked up in `directory`. Where Active Directory does
/// not answer, those count that it told at an earlier start; names that are new are waited for, as
/// nobody can tell whom they are to stop.
pub(super) async fn policy(
    config: &Config,
    directory: &dyn Directory,
) -> Result<policy::Settings, ServerError> {
    #[cfg(feature = "active-directory")]
    if let DirectoryConfig::ActiveDirectory(_) = config.directory {
        return member::policy(config, directory).await;
    }
    Ok(config.policy(directory).await?)
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
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Serialize};
    use tracing::{info, warn};

    use super::*;
    use crate::config::TrusteeError;
    use crate::directory::DirectoryError::{self, Unavailable};
    use crate::directory::Trustees;
    use crate::directory::active_directory::{Follower, Forest};
    use crate::directory::config::ActiveDirectoryConfig;
    use crate::model::BoxFuture;

    /// How long a start waits for a domain controller before it goes on with what is known.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// How often a first start says what it waits for.
    const REMINDER: Duration = Duration::from_secs(30);

    /// Active Directory. A first start waits until a domain controller has told what the domain
    /// is called; later ones know it.
    pub(super) async fn open(
        settings: &ActiveDirectoryConfig,
        state: &Path,
        ca: &CaCertificate,
    ) -> Result<Opened, ServerError> {
        let directory = Arc::new(ActiveDirectory::start(settings, &ca.names.sanitized_short)?);
        tokio::spawn(warn_of_changes(directory.follow(), ca.not_after));
        let file = DomainFile::of(state);
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
        Ok(Opened {
            directory: directory.clone(),
            domain,
            accounts: Arc::new(NoAccounts),
            active_directory: Some(directory),
        })
    }

    fn names(forest: &Forest) -> DomainNames {
        DomainNames {
            netbios: forest.own.netbios.clone(),
            dns: forest.own.dns.clone(),
            sid: forest.sid.clone(),
        }
    }

    /// Says what is dangerous in each new version of the template table.
    async fn warn_of_changes(mut follower: Follower, ca_ends: SystemTime) {
        let mut version = 0;
        while let Some((newer, table)) = follower.newer(version).await {
            version = newer;
            warn_of_templates(&table, ca_ends);
        }
    }

    /// See [`super::policy`].
    pub(super) async fn policy(
        config: &Config,
        directory: &dyn Directory,
    ) -> Result<policy::Settings, ServerError> {
        let file = TrusteesFile(config.state.join("trustees.toml"));
        let known = KnownTrustees { directory, earlier: file.read(), found: Mutex::default() };
        loop {
            match config.policy(&known).await {
                Ok(settings) => {
                    let found = known.found.into_inner().unwrap_or_else(PoisonError::into_inner);
                    if found != known.earlier {
                        file.write(&found);
                    }
                    return Ok(settings);
                }
                Err(problem @ TrusteeError::Directory { source: Unavailable { .. }, .. }) => {
                    warn!(%problem, "waiting for Active Directory to tell whom a setting means");
                    tokio::time::sleep(PATIENCE).await;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Names of settings, and the SIDs that they stand for.
    type Sids = BTreeMap<String, Sid>;

    /// The directory's trustees; while it is away, those of an earlier start.
    struct KnownTrustees<'d> {
        directory: &'d dyn Trustees,
        earlier: Sids,
        found: Mutex<Sids>,
    }

    impl KnownTrustees<'_> {
        async fn find(&self, name: &str) -> Result<Option<Sid>, DirectoryError> {
            let found = match self.directory.trustee(name).await {
                Err(Unavailable { problem }) => match self.earlier.get(name) {
                    Some(sid) => {
                        warn!(name, %sid, problem, "a name of the settings is taken as before");
                        Some(sid.clone())
                    }
                    None => return Err(Unavailable { problem }),
                },
                other => other?,
            };
            if let Some(sid) = &found {
                let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(name.to_owned(), sid.clone());
            }
            Ok(found)
        }
    }

    impl Trustees for KnownTrustees<'_> {
        fn trustee<'a>(
            &'a self,
            name: &'a str,
        ) -> BoxFuture<'a, Result<Option<Sid>, DirectoryError>> {
            Box::pin(self.find(name))
        }
    }

    /// Whom names of the settings meant, for starts while no domain controller answers.
    struct TrusteesFile(PathBuf);

    impl TrusteesFile {
        fn read(&self) -> Sids {
            let text = std::fs::read_to_string(&self.0).unwrap_or_default();
            let all: BTreeMap<String, String> = toml::from_str(&text).unwrap_or_default();
            let all = all.into_iter().filter_map(|(name, sid)| Some((name, sid.parse().ok()?)));
            all.collect()
        }

        fn write(&self, sids: &Sids) {
            let all: BTreeMap<&str, String> =
                sids.iter().map(|(name, sid)| (name.as_str(), sid.to_string())).collect();
            keep(&self.0, &all);
        }
    }

    /// Writes what a later start reads.
    fn keep(file: &Path, content: &impl Serialize) {
        let written = toml::to_string(content)
            .map_err(|error| error.to_string())
            .and_then(|text| std::fs::write(file, text).map_err(|error| error.to_string()));
        if let Err(problem) = written {
            warn!(file = %file.display(), problem, "cannot keep what is known of the domain");
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
        fn of(state: &Path) -> Self {
            Self(state.join("domain.toml"))
        }

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
            keep(&self.0, &content);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// A directory whose trustees can be told or not.
        struct Asked(bool);

        impl Trustees for Asked {
            fn trustee<'a>(
                &'a self,
                name: &'a str,
            ) -> BoxFuture<'a, Result<Option<Sid>, DirectoryError>> {
                let answer = match (self.0, name) {
                    (false, _) => Err(Unavailable { problem: "away".to_owned() }),
                    (true, "Operators") => Ok("S-1-5-21-1-2-3-1200".parse().ok()),
                    (true, _) => Ok(None),
                };
                Box::pin(std::future::ready(answer))
            }
        }

        #[tokio::test]
        async fn names_of_settings_are_known_from_an_earlier_start() {
            let folder = tempfile::tempdir().expect("a folder");
            let file = TrusteesFile(folder.path().join("trustees.toml"));
            let known = |answers| KnownTrustees {
                directory: if answers { &Asked(true) } else { &Asked(false) },
                earlier: file.read(),
                found: Mutex::default(),
            };
            assert!(matches!(known(false).find("Operators").await, Err(Unavailable { .. })));
            let first = known(true);
            assert_eq!(first.find("Nobody").await.expect("answers"), None);
            let sid = first.find("Operators").await.expect("answers").expect("there");
            file.write(&first.found.into_inner().expect("whole"));
            assert_eq!(known(false).find("Operators").await.expect("known"), Some(sid));
            assert!(matches!(known(false).find("Nobody").await, Err(Unavailable { .. })));
            // Who left the directory is not known any more.
            let earlier = [("Gone".to_owned(), Sid::everyone())].into();
            let known = KnownTrustees { earlier, ..known(true) };
            assert_eq!(known.find("Gone").await.expect("answers"), None);
        }

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
