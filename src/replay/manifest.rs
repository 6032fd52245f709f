//! Manifests: what stands beside a recording, `NAME.toml` beside `NAME.pcapng`.

use serde::Deserialize;

use super::Secrets;
use crate::auth::AuthError;
use crate::auth::keytab;

/// What a manifest says of a recording.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// The client and its version.
    pub client: String,
    /// The interface that it enrolled by.
    pub interface: String,
    /// How it logged on.
    pub authentication: String,
    /// What is to become of it: the answers' dispositions, or a refusal.
    pub expected: String,
    /// The dispositions of the answers, in their order.
    pub dispositions: Vec<u32>,
    /// When it was recorded.
    pub date: String,
    /// The TCP ports of RPC.
    pub ports: Vec<u16>,
    /// What opens it.
    #[serde(default)]
    pub secrets: ManifestSecrets,
    /// What Wireshark saw in it.
    pub wireshark: Seen,
}

/// What opens a recording: secrets of throw-away accounts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSecrets {
    /// The account that the password is of.
    pub user: Option<String>,
    /// A password, for NTLM.
    pub password: Option<String>,
    /// The name of a keytab file beside the recording, for Kerberos.
    pub keytab: Option<String>,
}

/// What Wireshark saw in a recording: counts, and the times and randomness of the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// TCP connections.
    pub connections: usize,
    /// PDUs.
    pub pdus: usize,
    /// Fragments of requests.
    pub requests: usize,
    /// Fragments of responses.
    pub responses: usize,
    /// Faults.
    pub faults: usize,
    /// Operation numbers of the requests.
    pub opnums: Vec<u16>,
    /// Values of `auth_type`.
    pub auth_types: Vec<u8>,
    /// Values of `auth_level`.
    pub auth_levels: Vec<u8>,
    /// Transfer syntaxes that the server accepted.
    pub transfer_syntaxes: Vec<String>,
    /// ServerChallenge of each CHALLENGE, in hex.
    pub server_challenges: Vec<String>,
    /// MsvAvTimestamp of each CHALLENGE, as Wireshark shows times.
    pub challenge_times: Vec<String>,
    /// Association groups.
    pub association_groups: Vec<String>,
    /// Object exporters.
    pub oxids: Vec<String>,
    /// Interfaces of objects.
    pub ipids: Vec<String>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// It is no TOML, or a field is missing.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The secrets; `keytab` is the content of the file that [`ManifestSecrets::keytab`] names.
    ///
    /// # Errors
    /// That is no keytab.
    pub fn secrets(&self, keytab: Option<&[u8]>) -> Result<Secrets, AuthError> {
        let ManifestSecrets { user, password, .. } = &self.secrets;
        let mut secrets = match password {
            Some(password) => Secrets::of_password(user.as_deref(), password),
            None => Secrets::default(),
        };
        if let Some(keytab) = keytab {
            secrets.keytab = keytab::parse(keytab)?;
        }
        Ok(secrets)
    }
}
