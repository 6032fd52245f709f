//! What this server is called.

use std::net::IpAddr;

use super::Peer;

/// The names that a server tells in NTLM's target information, and those that clients may call
/// it by. All compare without case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// NetBIOS computer name, 15 characters at most. In a domain it must be the one of the
    /// Netlogon channel, or the domain controller refuses every logon.
    pub netbios_computer: String,
    /// NetBIOS domain name; stand-alone, the computer's.
    pub netbios_domain: String,
    /// Fully qualified DNS name of the computer.
    pub dns_computer: String,
    /// DNS name of the domain; stand-alone, the computer's.
    pub dns_domain: String,
    /// DNS name of the forest, in a domain; `None` stand-alone.
    pub dns_forest: Option<String>,
    /// Further host names and addresses that clients may name as their target: aliases, a load
    /// balancer's address, `localhost`. The address that a client dialled always counts.
    pub aliases: Vec<String>,
}

impl Names {
    /// The names of a server outside of a domain, from its fully qualified DNS name.
    pub fn stand_alone(dns_computer: &str, aliases: Vec<String>) -> Self {
        let label = dns_computer.split('.').next().unwrap_or(dns_computer);
        let netbios: String = label.chars().take(15).collect::<String>().to_uppercase();
        Self {
            netbios_computer: netbios.clone(),
            netbios_domain: netbios,
            dns_computer: dns_computer.to_owned(),
            dns_domain: dns_computer.to_owned(),
            dns_forest: None,
            aliases,
        }
    }

    /// Whether `host` is a name or address of this server; `peer` tells the one that was dialled.
    pub(super) fn is_ours(&self, host: &str, peer: Peer) -> bool {
        let address = host.parse::<IpAddr>().map(|address| address.to_canonical());
        address == Ok(peer.local.to_canonical())
            || [&self.netbios_computer, &self.dns_computer]
                .into_iter()
                .chain(&self.aliases)
                .any(|name| name.eq_ignore_ascii_case(host))
    }
}
