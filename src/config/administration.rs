//! Administration over DCOM ([MS-CSRA]): section `[administration]`.

use serde::Deserialize;

use crate::ca::is_reserved;
use crate::model::Oid;

/// Administration over DCOM: section `[administration]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdministrationConfig {
    /// Whether the CA can be administered over DCOM at all. Default true.
    pub enabled: bool,
    /// Whether whoever has two roles of the CA has none (role separation). Default false, as on
    /// Windows.
    pub role_separation: bool,
    /// Extensions (OIDs) that certificate managers may set for requests that wait for them. Default
    /// S/MIME capabilities.
    pub settable_extensions: Vec<String>,
    /// Whether rows of certificates that still are valid may be deleted over the network, by whoever has
    /// both roles. Default false.
    pub delete_valid: bool,
    /// Whether administrators and backup operators may end the service over the network. Default
    /// false.
    pub remote_shutdown: bool,
    /// Views of the Request table that one account may have open. Default 16.
    pub views_per_account: usize,
}

impl Default for AdministrationConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            role_separation: false,
            settable_extensions: vec!["1.2.840.113549.1.9.15".to_owned()],
            delete_valid: false,
            remote_shutdown: false,
            views_per_account: 16,
        }
    }
}

impl AdministrationConfig {
    /// The extensions as OIDs.
    pub fn settable_extensions(&self) -> Vec<Oid> {
        self.settable_extensions.iter().filter_map(|oid| oid.parse().ok()).collect()
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const KEY: &str = "administration.settable_extensions";
        let oids = self.settable_extensions();
        if oids.len() != self.settable_extensions.len() {
            return Err((KEY, "not an object identifier"));
        }
        if oids.iter().any(is_reserved) {
            return Err((KEY, "the CA and its templates alone write that extension"));
        }
        if self.views_per_account == 0 {
            return Err(("administration.views_per_account", "at least 1"));
        }
        Ok(())
    }
}
