//! What Active Directory tells clients: where CAs are, and what the caller may enroll for there.

use std::error::Error;
#[cfg(feature = "active-directory")]
use std::time::Duration;

use clap::Args;
use wcce::auth::kerberos::KerberosCredentials;
use wcce::client::offers::CaOffer;

type Failure = Box<dyn Error>;

/// Which directory to ask.
#[derive(Args)]
pub struct DomainArgs {
    /// DNS name of the domain whose directory tells where CAs are; by default that of the Kerberos
    /// tickets' realm
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Domain controller to ask, by its DNS name, in place of those that DNS names
    #[arg(long, value_name = "HOST")]
    dc: Option<String>,
}

impl DomainArgs {
    /// The forest's CAs, with what the owner of these credentials may enroll for.
    #[cfg(feature = "active-directory")]
    pub async fn offers(
        &self,
        credentials: KerberosCredentials,
        timeout: Duration,
    ) -> Result<Vec<CaOffer>, Failure> {
        use wcce::client::offers::{DirectoryCa, offers};
        use wcce::directory::active_directory::Administration;
        use wcce::directory::config::ActiveDirectoryConfig;

        let domain = match &self.domain {
            Some(domain) => domain.clone(),
            None => realm(credentials.clone()).await?,
        };
        let mut config = ActiveDirectoryConfig::for_caller(&domain, credentials);
        config.servers = self.dc.iter().cloned().collect();
        config.timeout = timeout.min(config.timeout);
        config.check().map_err(|(setting, problem)| {
            let option = if setting == "directory.servers" { "--dc" } else { "--domain" };
            format!("{option}: {problem}")
        })?;
        let directory = Administration::connect(&config).await?;
        let cas = directory.services().await?.into_iter().map(|service| DirectoryCa {
            name: service.name,
            host: service.host,
            templates: service.templates,
            security: service.security,
        });
        let templates = directory.readable_templates().await?;
        Ok(offers(cas.collect(), &templates, &directory.caller().await?))
    }

    /// A build without Active Directory.
    #[cfg(not(feature = "active-directory"))]
    pub async fn offers(
        &self,
        _credentials: KerberosCredentials,
        _timeout: std::time::Duration,
    ) -> Result<Vec<CaOffer>, Failure> {
        Err("this wcce was built without support for Active Directory".into())
    }
}

/// The DNS name of the domain that a principal is of.
#[cfg(feature = "active-directory")]
async fn realm(credentials: KerberosCredentials) -> Result<String, Failure> {
    let principal = tokio::task::spawn_blocking(move || credentials.principal()).await?;
    let realm = principal.as_deref().and_then(|principal| principal.rsplit_once('@'));
    match realm {
        Some((_, realm)) if !realm.is_empty() => Ok(realm.to_ascii_lowercase()),
        _ => Err("there is no Kerberos ticket that tells the domain: add --domain NAME".into()),
    }
}
