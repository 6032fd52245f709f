//! Settings of the HTTP listener.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::admin::{OcspSettings, Unissued};
use crate::ca::MAX_OCSP_VALIDITY;
use crate::model::deserialize_duration;

/// The HTTP listener: section `[http]`. Off by default: it opens no port that nobody asked for,
/// and what is to be at its addresses stands in certificates only where `ca.urls` says so.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Addresses where CRLs, CA certificates and OCSP answers are. Everybody may ask there.
    /// Default none.
    pub listen: Vec<SocketAddr>,
    /// Addresses of `/metrics`, `/healthz` and `/readyz`, others than those of `listen`: they tell
    /// how busy the CA is, but no names. Default none.
    pub monitoring: Vec<SocketAddr>,
    /// Connections, all together. Default 512.
    pub connections: usize,
    /// Connections from one address; a proxy in front counts as one. Default 64.
    pub connections_per_address: usize,
    /// How long a client may take to send a request, and to read some more of an answer; after
    /// that without a request a connection is closed. Default `15s`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub transfer_time: Duration,
    /// The OCSP responder.
    pub ocsp: OcspConfig,
}

/// The OCSP responder: section `[http.ocsp]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OcspConfig {
    /// Whether OCSP requests are answered. Default true.
    pub enabled: bool,
    /// How long an answer is good for. Default `1h`, at most `2d`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub validity: Duration,
    /// What is said of certificates that the Request table does not hold: `unknown` (default) or
    /// `revoked`.
    pub unissued: Unissued,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            monitoring: Vec::new(),
            connections: 512,
            connections_per_address: 64,
            transfer_time: Duration::from_secs(15),
            ocsp: OcspConfig::default(),
        }
    }
}

impl Default for OcspConfig {
    fn default() -> Self {
        Self { enabled: true, validity: Duration::from_secs(3_600), unissued: Unissued::Unknown }
    }
}

impl HttpConfig {
    /// The setting that makes no sense, and why.
    ///
    /// # Errors
    /// Where there is one.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let validity = self.ocsp.validity;
        if validity < Duration::from_secs(60) || validity > MAX_OCSP_VALIDITY {
            return Err(("http.ocsp.validity", "at least 1m, at most 2d"));
        }
        let mut fixed = self.listen.iter().filter(|address| address.port() != 0);
        if fixed.any(|address| self.monitoring.contains(address)) {
            return Err(("http.monitoring", "not one of http.listen: everybody may ask there"));
        }
        if self.connections == 0 || self.connections_per_address == 0 {
            return Err(("http.connections", "at least 1"));
        }
        if self.transfer_time < Duration::from_secs(1) {
            return Err(("http.transfer_time", "at least 1s"));
        }
        Ok(())
    }
}

impl OcspConfig {
    /// What the responder needs to know.
    pub fn settings(&self) -> OcspSettings {
        OcspSettings { validity: self.validity, unissued: self.unissued }
    }
}
