//! The Kerberos context of a logon: the machine account's, out of its keytab.

use super::LinkError;
use super::sasl::{Context, Protection};
use crate::directory::config::ActiveDirectoryConfig;

/// A context with the LDAP service of `host`, bound to the TLS channel where there is one.
#[cfg(feature = "kerberos")]
pub(super) fn context(
    config: &ActiveDirectoryConfig,
    host: &str,
    protection: Protection,
    binding: Option<Vec<u8>>,
) -> Result<Box<dyn Context>, LinkError> {
    use crate::auth::kerberos::{KerberosCredentials, SaslContext};

    let realm = config.realm();
    let credentials = match &config.credentials {
        Some(of_caller) => of_caller.clone(),
        None => KerberosCredentials::Keytab {
            file: config.keytab.clone(),
            principal: Some(config.principal.clone().unwrap_or_else(|| machine(&realm))),
        },
    };
    let service = format!("ldap/{host}@{realm}");
    let seal = protection == Protection::Seal;
    Ok(Box::new(Kerberos(SaslContext::new(credentials, &service, seal, binding))))
}

/// The principal of this machine's account.
#[cfg(feature = "kerberos")]
fn machine(realm: &str) -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let label = name.split('.').next().unwrap_or(&name).to_uppercase();
    let label: String = label.chars().take(15).collect();
    format!("{label}$@{realm}")
}

#[cfg(feature = "kerberos")]
struct Kerberos(crate::auth::kerberos::SaslContext);

#[cfg(feature = "kerberos")]
impl Context for Kerberos {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
        self.0.step(token).map_err(|error| error.to_string())
    }
    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }
    fn wrap(&mut self, plain: &[u8], seal: bool) -> Result<Vec<u8>, String> {
        self.0.wrap(plain, seal).map_err(|error| error.to_string())
    }
    fn unwrap(&mut self, wrapped: &[u8]) -> Result<(Vec<u8>, bool), String> {
        self.0.unwrap(wrapped).map_err(|error| error.to_string())
    }
}

/// A build without Kerberos has other ways to log on.
#[cfg(not(feature = "kerberos"))]
pub(super) fn context(
    _config: &ActiveDirectoryConfig,
    _host: &str,
    _protection: Protection,
    _binding: Option<Vec<u8>>,
) -> Result<Box<dyn Context>, LinkError> {
    Err(LinkError::Settings(
        "this wcced was built without Kerberos: set directory.simple_bind".to_owned(),
    ))
}
