//! Which domain controllers there are.

use std::str::FromStr;

use crate::model::BoxFuture;

/// A domain controller, as it is dialled.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DomainController {
    /// DNS name or address.
    pub host: String,
    /// Port of its endpoint mapper: 135.
    pub mapper_port: u16,
}

impl DomainController {
    /// A domain controller of this name or address, with its endpoint mapper where it belongs.
    pub fn new(host: &str) -> Self {
        Self { host: host.to_owned(), mapper_port: 135 }
    }
}

impl std::fmt::Display for DomainController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.host)
    }
}

/// `host`, or `host:port` where the endpoint mapper isn't at port 135; IPv6 addresses in brackets.
impl FromStr for DomainController {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a host name or an address, such as dc1.example.com";
        let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(None) => return Err(WRONG),
            Some(Some((host, ""))) => (host, None),
            Some(Some((host, port))) => (host, Some(port.strip_prefix(':').ok_or(WRONG)?)),
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(WRONG);
        }
        let mapper_port = match port {
            Some(port) => port.parse().map_err(|_| WRONG)?,
            None => 135,
        };
        Ok(Self { host: host.to_owned(), mapper_port })
    }
}

/// Finds domain controllers: by the configuration, or by DNS.
pub trait DcLocator: Send + Sync {
    /// The domain controllers in the order to try them, or why there are none.
    fn locate(&self) -> BoxFuture<'_, Result<Vec<DomainController>, String>>;
}

/// Those that the configuration names.
pub struct ConfiguredControllers(pub Vec<DomainController>);

impl DcLocator for ConfiguredControllers {
    fn locate(&self) -> BoxFuture<'_, Result<Vec<DomainController>, String>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[cfg(feature = "active-directory")]
impl DcLocator for crate::domain::locator::Locator {
    fn locate(&self) -> BoxFuture<'_, Result<Vec<DomainController>, String>> {
        Box::pin(async {
            let found = self.domain_controllers().await.map_err(|error| error.to_string())?;
            Ok(found.iter().map(|server| DomainController::new(&server.host)).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_ports() {
        for (text, host, port) in [
            ("dc1.wcce.test", "dc1.wcce.test", 135),
            ("10.77.0.10", "10.77.0.10", 135),
            ("dc1:1350", "dc1", 1350),
            ("[fd00::1]", "fd00::1", 135),
            ("[fd00::1]:1350", "fd00::1", 1350),
        ] {
            let expected = DomainController { host: host.into(), mapper_port: port };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for wrong in
            ["", ":135", "dc1:x", "dc1:70000", "[fd00::1", "[fd00::1]135", "d c", "fd00::1"]
        {
            assert!(wrong.parse::<DomainController>().is_err(), "{wrong}");
        }
    }
}
