//! The Kerberos context of a logon: the machine account's, out of its keytab.

use super::LinkError;
use super::sasl::{Context, Protection};
use crate::directory::config::ActiveDirectoryConfig;

/// A context with the LDAP service of `host`, bound to the TLS channel where there is one.
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
