//! Whom the CA trusts beside itself: settings, and the certificates and CRLs that they name.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tracing::warn;

use super::certificate::is_issued_by;
use super::error::CaError;
use super::files::read;
use super::issue::CertificateAuthority;
use super::load::form;
use crate::asn1::extensions::{decode_basic_constraints, find};
use crate::asn1::{Certificate, oids, pem};
use crate::model::Authorities;

/// Whose certificates may sign requests for others: section `[trust]`. Files hold certificates or
/// CRLs, in PEM (several) or DER (one). By default nobody but this CA is trusted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// Self-signed certificates of CAs that chains may end in, beside that of this CA's own root.
    pub roots: Vec<PathBuf>,
    /// Certificates of CAs between roots and signers, for signers that do not send them along.
    pub intermediates: Vec<PathBuf>,
    /// NTAuthCertificates: the CAs that may issue certificates of enrollment agents. Default: those
    /// of Active Directory, or with a directory file this CA's own certificate; where it is set,
    /// that counts only if it is among them.
    pub nt_auth: Option<Vec<PathBuf>>,
    /// CRLs of other CAs. They are read anew each time they are needed.
    pub crls: Vec<PathBuf>,
    /// Whether certificates of other CAs count where no current CRL tells of them. Default false:
    /// a stolen agent's key could not be stopped. Those of this CA are looked up in its Request
    /// table in any case.
    pub allow_unknown_revocation: bool,
    /// Whether chains may hold signatures made with SHA-1. Default false: collisions are cheap.
    pub allow_sha1: bool,
}

impl TrustConfig {
    /// All paths, for those who make them absolute.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let nt_auth = self.nt_auth.iter_mut().flatten();
        let own = self.roots.iter_mut().chain(&mut self.intermediates).chain(&mut self.crls);
        own.chain(nt_auth)
    }
}

/// What chains are built from and held against; see [`ChainValidator`](super::ChainValidator).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trust {
    /// DER of this CA's certificate and of those above it, up to its root.
    pub(super) own: Vec<Vec<u8>>,
    /// DER of the certificates that this CA had before.
    pub(super) earlier: Vec<Vec<u8>>,
    /// DER of self-signed certificates that chains may end in.
    pub(super) roots: Vec<Vec<u8>>,
    /// DER of further certificates of CAs.
    pub(super) intermediates: Vec<Vec<u8>>,
    /// DER of the certificates that may issue to agents.
    pub(super) nt_auth: Vec<Vec<u8>>,
    /// Whether the settings name those, so that a directory's do not count.
    pub(super) nt_auth_is_set: bool,
    pub(super) crl_files: Vec<PathBuf>,
    /// [`TrustConfig::allow_unknown_revocation`].
    pub(super) allow_unknown_revocation: bool,
    /// [`TrustConfig::allow_sha1`].
    pub(super) allow_sha1: bool,
}

/// Trust as the settings and the directory have it now. What the directory publishes is looked at
/// when it changes, not for each request.
#[derive(Debug)]
pub struct LiveTrust {
    settings: Arc<Trust>,
    newest: Mutex<Option<(Arc<Authorities>, Arc<Trust>)>>,
}

impl LiveTrust {
    /// Trust by the settings.
    pub fn new(settings: Trust) -> Self {
        Self { settings: Arc::new(settings), newest: Mutex::default() }
    }

    /// Trust by the settings and, where there are any, the directory's CAs. Verifies signatures
    /// of those that are new, so it may take a while.
    pub fn now(&self, authorities: Option<&Arc<Authorities>>) -> Arc<Trust> {
        let Some(authorities) = authorities else { return Arc::clone(&self.settings) };
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*newest {
            Some((of, trust)) if Arc::ptr_eq(of, authorities) => Arc::clone(trust),
            _ => {
                let trust = Arc::new(self.settings.with(authorities));
                *newest = Some((Arc::clone(authorities), Arc::clone(&trust)));
                trust
            }
        }
    }
}

/// The largest CRL file, in bytes.
const MAX_CRL: u64 = 32 * 1024 * 1024;

impl Trust {
    /// Reads the certificates of the settings.
    ///
    /// # Errors
    /// Names the file, and what is wrong with it.
    pub fn load(config: &TrustConfig, ca: &CertificateAuthority) -> Result<Self, CaError> {
        let mut trust = Self::of(ca);
        trust.roots.extend(certificates(&config.roots, |path, der| {
            match is_issued_by(der, der) {
                Ok(true) => is_ca(path, der),
                _ => Err(form(path, "a root signs itself: put others into trust.intermediates")),
            }
        })?);
        trust.intermediates.extend(certificates(&config.intermediates, is_ca)?);
        if let Some(files) = &config.nt_auth {
            trust.nt_auth = certificates(files, is_ca)?;
            trust.nt_auth_is_set = true;
        }
        trust.crl_files.clone_from(&config.crls);
        trust.allow_unknown_revocation = config.allow_unknown_revocation;
        trust.allow_sha1 = config.allow_sha1;
        Ok(trust)
    }

    /// Trust in nobody but this CA.
    pub fn of(ca: &CertificateAuthority) -> Self {
        let earlier: Vec<_> = ca.earlier().iter().map(|ca| ca.certificate().der.clone()).collect();
        let own = std::iter::once(ca.certificate().der.clone());
        let roots = ca.earlier().iter().filter(|ca| ca.certificate().is_root());
        Self {
            own: ca.certificates().map(<[u8]>::to_vec).collect(),
            roots: roots.map(|ca| ca.certificate().der.clone()).collect(),
            intermediates: ca
                .earlier()
                .iter()
                .flat_map(|ca| ca.certificates())
                .map(<[u8]>::to_vec)
                .collect(),
            nt_auth: own.chain(earlier.iter().cloned()).collect(),
            earlier,
            nt_auth_is_set: false,
            crl_files: Vec::new(),
            allow_unknown_revocation: false,
            allow_sha1: false,
        }
    }

    /// The same, with the CAs that a directory publishes: beside the settings' roots and
    /// intermediates, and in place of NTAuthCertificates where the settings name none. Roots that
    /// do not sign themselves, and what is no CA's certificate, do not count.
    #[must_use]
    pub fn with(&self, authorities: &Authorities) -> Self {
        let mut trust = self.clone();
        let cas = |list: &[Vec<u8>]| -> Vec<Vec<u8>> {
            list.iter().filter(|der| is_ca_certificate(der)).cloned().collect()
        };
        let mut roots = cas(&authorities.roots);
        roots.retain(|der| is_issued_by(der, der).unwrap_or(false));
        trust.roots.extend(roots);
        trust.intermediates.extend(cas(&authorities.intermediates));
        if !trust.nt_auth_is_set {
            trust.nt_auth = cas(&authorities.nt_auth);
        }
        trust
    }

    /// DER of the CRLs as their files are now. Blocks. One that cannot be read is logged and left
    /// out, so that the certificates that it tells of do not count.
    pub fn crls(&self) -> Vec<Vec<u8>> {
        let read = |path: &PathBuf| {
            let found = read_bounded(path).map_err(|error| error.to_string());
            let found = found.and_then(|content| {
                blocks(&content, "X509 CRL").ok_or_else(|| "not PEM or DER".to_owned())
            });
            found.unwrap_or_else(|reason| {
                warn!(path = %path.display(), reason, "a CRL of trust.crls cannot be read");
                Vec::new()
            })
        };
        self.crl_files.iter().flat_map(read).collect()
    }
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let length = File::open(path)?.take(MAX_CRL).read_to_end(&mut content)?;
    if u64::try_from(length).is_ok_and(|length| length < MAX_CRL) {
        return Ok(content);
    }
    Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge))
}

/// The certificates of files, each looked at by `check`.
fn certificates(
    files: &[PathBuf],
    check: impl Fn(&Path, &[u8]) -> Result<(), CaError>,
) -> Result<Vec<Vec<u8>>, CaError> {
    let mut all = Vec::new();
    for path in files {
        let found = blocks(&read(path)?, "CERTIFICATE").filter(|found| !found.is_empty());
        let found = found.ok_or_else(|| form(path, "no certificate in PEM or DER"))?;
        found.iter().try_for_each(|der| check(path, der))?;
        all.extend(found);
    }
    Ok(all)
}

fn is_ca(path: &Path, der: &[u8]) -> Result<(), CaError> {
    Certificate::parse(der).map_err(|error| form(path, &format!("a certificate: {error}")))?;
    match is_ca_certificate(der) {
        true => Ok(()),
        false => Err(form(path, "a certificate that is not one of a CA")),
    }
}

fn is_ca_certificate(der: &[u8]) -> bool {
    let Ok(certificate) = Certificate::parse(der) else { return false };
    let constraints = find(&certificate.extensions, &oids::BASIC_CONSTRAINTS);
    let constraints = constraints.map(|found| decode_basic_constraints(&found.value));
    matches!(constraints, Some(Ok(constraints)) if constraints.ca)
}

/// The blocks of this label, or the whole where it begins as DER does.
fn blocks(content: &[u8], label: &str) -> Option<Vec<Vec<u8>>> {
    if content.first() == Some(&0x30) {
        return Some(vec![content.to_vec()]);
    }
    let blocks = pem::decode(content)?.into_iter().filter(|block| block.label == label);
    Some(blocks.map(|block| block.der.to_vec()).collect())
}
