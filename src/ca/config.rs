//! Settings of the CA, and where its files lie.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::signer::{KeyKind, RsaHash};
use crate::model::{deserialize_duration, deserialize_optional_duration};

/// Settings of the CA: section `[ca]`. Spans of time are written as `10y`, `1w`, `12h`, `10m`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaConfig {
    /// Subject of the CA certificate that the first start makes, as RFC 4514 text. Its CN is
    /// the name that clients call the CA by. Without meaning for an existing certificate.
    pub subject: String,
    /// The key that the first start makes: `ecdsa-p256`, `ecdsa-p384` (default),
    /// `ecdsa-p521`, `rsa-2048`, `rsa-3072` or `rsa-4096`.
    pub key: KeyKind,
    /// The hash of signatures by an RSA key: `sha256` (default), `sha384` or `sha512`.
    pub rsa_hash: RsaHash,
    /// How long the CA certificate that the first start makes is valid. Default `10y`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub validity: Duration,
    /// How many CAs may stand below this one, in the certificate that the first start makes.
    /// Default 0: it issues to end entities alone.
    pub path_length: u32,
    /// A certificate and key made elsewhere, in place of ones made at the first start.
    pub existing: Option<ExistingCa>,
    /// How far clocks of clients may be behind: CRLs and the CA certificate are dated back by
    /// this much. Default `10m`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub clock_skew: Duration,
    /// How far the clock may be behind the last issued certificate before nothing is issued
    /// any more. Default `5m`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub clock_tolerance: Duration,
    /// Certificate revocation lists.
    pub crl: CrlConfig,
    /// Addresses that go into certificates.
    pub urls: UrlConfig,
}

impl Default for CaConfig {
    fn default() -> Self {
        Self {
            subject: "CN=wcce CA".to_owned(),
            key: KeyKind::default(),
            rsa_hash: RsaHash::default(),
            validity: Duration::from_secs(10 * 365 * 86_400),
            path_length: 0,
            existing: None,
            clock_skew: Duration::from_secs(600),
            clock_tolerance: Duration::from_secs(300),
            crl: CrlConfig::default(),
            urls: UrlConfig::default(),
        }
    }
}

/// A CA certificate and key made elsewhere: either PEM files, or one PKCS#12 file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "form")]
pub enum ExistingCa {
    /// `form = "pem"`.
    Pem {
        /// The CA's certificate, followed by those of the CAs above it, up to the root.
        certificates: PathBuf,
        /// Its private key (PKCS#8, PKCS#1 or SEC 1, not encrypted), readable by its owner only.
        key: PathBuf,
    },
    /// `form = "pkcs12"`.
    Pkcs12 {
        /// The file, with certificate, chain and key; readable by its owner only.
        file: PathBuf,
        /// A file with the password on its first line, readable by its owner only.
        password_file: PathBuf,
    },
}

/// Settings of CRLs: section `[ca.crl]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrlConfig {
    /// How long after one base CRL the next is made. Default `1w`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub validity: Duration,
    /// How long a base CRL is valid beyond that. Default: a tenth of it, 12 hours at most.
    #[serde(deserialize_with = "deserialize_optional_duration")]
    pub overlap: Option<Duration>,
    /// How long after one delta CRL the next is made; `0s` for no delta CRLs. Default `1d`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub delta_validity: Duration,
    /// How long a delta CRL is valid beyond that. Default: 12 hours, its period at most.
    #[serde(deserialize_with = "deserialize_optional_duration")]
    pub delta_overlap: Option<Duration>,
    /// How long revoked certificates stay on base CRLs after they have expired, beyond the one
    /// CRL after their end. Default `0s`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub retain_expired: Duration,
}

impl Default for CrlConfig {
    fn default() -> Self {
        Self {
            validity: Duration::from_secs(7 * 86_400),
            overlap: None,
            delta_validity: Duration::from_secs(86_400),
            delta_overlap: None,
            retain_expired: Duration::ZERO,
        }
    }
}

/// Addresses that go into certificates: section `[ca.urls]`. All empty by default: only what
/// something really serves belongs here. They may hold Windows' variables: `%1` to `%12`, or their
/// names such as `<ServerDNSName>`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UrlConfig {
    /// Where the CRL is (CRL distribution point): `http:` or `ldap:` URLs.
    pub crl: Vec<String>,
    /// Where the delta CRL is (freshest CRL, in base CRLs).
    pub delta_crl: Vec<String>,
    /// Where the CA certificate is (authority information access, caIssuers).
    pub ca_certificate: Vec<String>,
    /// Where the OCSP responder is.
    pub ocsp: Vec<String>,
}

/// Which certificate and which key of a CA: both count from 0 on, and a renewal with a new key gives
/// the key the number of its certificate ([MS-WCCE] 2.2.2.7.7.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Generation {
    /// Number of the certificate.
    pub certificate: u16,
    /// Number of the key.
    pub key: u16,
}

impl Generation {
    /// The value of szOID_CERTSRV_CA_VERSION and of IssuerNameId.
    pub fn version(self) -> u32 {
        u32::from(self.key) << 16 | u32::from(self.certificate)
    }

    /// What names of certificate files have before their end: `(n)`, and nothing for the first.
    pub fn certificate_suffix(self) -> String {
        suffix(self.certificate)
    }

    /// What names of CRL files have before their end.
    pub fn key_suffix(self) -> String {
        suffix(self.key)
    }

    /// What comes after it.
    pub fn next(self, new_key: bool) -> Option<Self> {
        let certificate = self.certificate.checked_add(1)?;
        Some(Self { certificate, key: if new_key { certificate } else { self.key } })
    }
}

fn suffix(number: u16) -> String {
    if number == 0 { String::new() } else { format!("({number})") }
}

/// Where the files of the CA lie: everything below one folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateFolder(PathBuf);

impl StateFolder {
    /// The folder; it is made when something is written.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The certificate that the first start made (PEM).
    pub fn certificate(&self) -> PathBuf {
        self.0.join("ca.crt")
    }

    /// The private key that the first start made (PKCS#8 in PEM, mode 0600).
    pub fn key(&self) -> PathBuf {
        self.0.join("ca.key")
    }

    /// The certificate of a renewal (PEM, followed by those above it).
    pub fn renewed_certificate(&self, index: u16) -> PathBuf {
        match index {
            0 => self.certificate(),
            _ => self.0.join(format!("ca({index}).crt")),
        }
    }

    /// The private key of a renewal with a new key.
    pub fn renewed_key(&self, index: u16) -> PathBuf {
        match index {
            0 => self.key(),
            _ => self.0.join(format!("ca({index}).key")),
        }
    }

    /// The certificate by which key `by` vouches for key `of`.
    pub fn cross_certificate(&self, by: u16, of: u16) -> PathBuf {
        self.0.join(format!("ca({by}-{of}).crt"))
    }

    /// The current exchange certificate with its private key (PEM, mode 0600).
    pub fn exchange(&self) -> PathBuf {
        self.0.join("exchange.pem")
    }

    /// The folder of CRLs.
    pub fn crls(&self) -> PathBuf {
        self.0.join("crl")
    }

    /// The folder of the Request table.
    pub fn database(&self) -> PathBuf {
        self.0.join("db")
    }

    /// What administrators have set over the network.
    pub fn administration(&self) -> PathBuf {
        self.0.join("administration.json")
    }

    /// The socket by which the command line reaches a running server.
    pub fn control(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// How far the publication of certificates is.
    pub fn published(&self) -> PathBuf {
        self.0.join("published.toml")
    }

    /// Approved requests whose publication is not remembered there yet.
    pub fn approved(&self) -> PathBuf {
        self.0.join("approved.json")
    }

    /// The authenticators that Kerberos has seen of late.
    pub fn replay_cache(&self) -> PathBuf {
        self.0.join("kerberos.replay")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_default() {
        assert_eq!(toml::from_str::<CaConfig>("").unwrap(), CaConfig::default());
    }

    #[test]
    fn every_setting_is_read() {
        let config: CaConfig = toml::from_str(
            r#"
            subject = "CN=Example CA,DC=example,DC=com"
            key = "rsa-4096"
            rsa_hash = "sha512"
            validity = "5y"
            path_length = 1
            clock_skew = "5m"
            clock_tolerance = "1m"
            existing = { form = "pkcs12", file = "ca.p12", password_file = "ca.password" }
            crl = { validity = "3d", overlap = "6h", delta_validity = "0s", retain_expired = "1y" }
            urls = { crl = ["http://pki.example.com/ca.crl"], ca_certificate = [], ocsp = [] }
            "#,
        )
        .unwrap();
        assert_eq!(config.key, KeyKind::Rsa4096);
        assert_eq!(config.crl.validity, Duration::from_secs(3 * 86_400));
        assert!(matches!(config.existing, Some(ExistingCa::Pkcs12 { .. })));
    }

    #[test]
    fn misspelt_settings_are_refused() {
        for text in [
            "subjekt = 'x'",
            "key = 'rsa-1024'",
            "validity = '10'",
            "existing = { form = 'pem', certificates = 'a' }",
            "existing = { form = 'pem', certificates = 'a', key = 'b', file = 'c' }",
            "crl = { overlapp = '1h' }",
        ] {
            assert!(toml::from_str::<CaConfig>(text).is_err(), "{text}");
        }
    }
}
