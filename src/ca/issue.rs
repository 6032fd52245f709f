//! Issuing: prepare, lint, sign. Nothing is signed that the lint has not passed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::certificate::{CaCertificate, is_issued_by};
use super::config::{CaConfig, Generation, StateFolder, UrlConfig};
use super::error::CaError;
use super::files::create_private_folder;
use super::lint::{Finding, Linted, lint};
use super::load::{self, CrossCertificate};
use super::prepare::{Issuer, prepare};
use super::signer::{KeyError, Signer};
use super::tbs::with_signature;
use super::urls::{self, UrlHost};
use crate::asn1::{
    Asn1Error, Certificate, Name, NameTextError, extensions, name_columns, oids, sha1,
};
use crate::model::{
    CertificateColumns, GeneralName, HResult, IssuancePlan, Oid, SerialNumber, TemplateFlags,
};

/// A certification authority: its certificate, the chain above it, and its key; and those that it
/// had before.
#[derive(Clone)]
pub struct CertificateAuthority {
    certificate: CaCertificate,
    chain: Vec<Vec<u8>>,
    signer: Arc<dyn Signer>,
    generation: Generation,
    earlier: Vec<Arc<CertificateAuthority>>,
    cross: Vec<CrossCertificate>,
    urls: UrlConfig,
    clock_skew: Duration,
    clock_tolerance: Duration,
}

/// Whether [`CertificateAuthority::init`] made anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Certificate and key were there.
    Loaded,
    /// Certificate and key were made.
    Created,
}

impl CertificateAuthority {
    /// Loads certificate and key, and makes them where there are none and none are configured.
    /// Makes the state folder as well.
    ///
    /// # Errors
    /// What is wrong with them; a key that others can read is refused.
    pub fn init(
        config: &CaConfig,
        state: &StateFolder,
        now: SystemTime,
    ) -> Result<(Self, Origin), CaError> {
        create_private_folder(state.path())?;
        Ok(match Self::load(config, state, now)? {
            Some(ca) => (ca, Origin::Loaded),
            None => (Self::of(load::create(config, state, now)?, config), Origin::Created),
        })
    }

    /// Loads certificate and key; `None` where none are configured and none have been made yet.
    ///
    /// # Errors
    /// As [`Self::init`].
    pub fn load(
        config: &CaConfig,
        state: &StateFolder,
        now: SystemTime,
    ) -> Result<Option<Self>, CaError> {
        let Some(first) = load::load(config, state, now)? else { return Ok(None) };
        let mut all = load::renewals(first, config, state, now)?;
        let Some(current) = all.pop() else { return Ok(None) };
        let earlier = all.into_iter().map(|identity| Arc::new(Self::of(identity, config)));
        let cross = load::cross_certificates(state, current.generation)?;
        Ok(Some(Self { earlier: earlier.collect(), cross, ..Self::of(current, config) }))
    }

    fn of(identity: load::Identity, config: &CaConfig) -> Self {
        Self {
            certificate: identity.certificate,
            chain: identity.chain,
            signer: identity.signer,
            generation: identity.generation,
            earlier: Vec::new(),
            cross: Vec::new(),
            urls: config.urls.clone(),
            clock_skew: config.clock_skew,
            clock_tolerance: config.clock_tolerance,
        }
    }

    /// The same, with the variables in its addresses replaced by what they stand for here.
    ///
    /// # Errors
    /// [`CaError::Url`] for a variable that there is not.
    pub fn at(self, host: &UrlHost) -> Result<Self, CaError> {
        let urls = urls::expand(&self.urls, host, &self.certificate.names, self.generation)?;
        let earlier = self.earlier.iter().map(|ca| Ok(Arc::new((**ca).clone().at(host)?)));
        let earlier = earlier.collect::<Result<_, CaError>>()?;
        Ok(Self { urls, earlier, ..self })
    }

    /// Which of the CA's certificates and keys this is.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The CA with the certificates, still valid, that it had before, the first one first.
    pub fn earlier(&self) -> &[Arc<Self>] {
        &self.earlier
    }

    /// The certificates by which its keys of different times vouch for each other.
    pub fn cross_certificates(&self) -> &[CrossCertificate] {
        &self.cross
    }

    /// The CA with each of its keys that has a valid certificate, the current key first; each
    /// signs CRLs and the certificates of OCSP responders for what it has issued.
    pub fn keys(&self) -> Vec<&Self> {
        let mut keys = vec![self];
        for ca in self.earlier.iter().rev() {
            if !keys.iter().any(|known| known.generation.key == ca.generation.key) {
                keys.push(ca);
            }
        }
        keys
    }

    /// The same with another key in the signer's place.
    #[cfg(test)]
    pub(crate) fn with_signer(self, signer: Arc<dyn Signer>) -> Self {
        Self { signer, ..self }
    }

    /// The CA's certificate.
    pub fn certificate(&self) -> &CaCertificate {
        &self.certificate
    }

    /// The key.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// The key, to be kept.
    pub(super) fn signer_arc(&self) -> Arc<dyn Signer> {
        Arc::clone(&self.signer)
    }

    /// The CA's certificate and those above it, up to the root.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&*self.certificate.der).chain(self.chain.iter().map(|der| &**der))
    }

    /// The addresses that go into certificates.
    pub fn urls(&self) -> &UrlConfig {
        &self.urls
    }

    /// How far clocks of clients may be behind.
    pub fn clock_skew(&self) -> Duration {
        self.clock_skew
    }

    /// Refuses to go on where the clock is behind the last issued certificate by more than the
    /// setting allows: a certificate must never seem older than one issued before it.
    ///
    /// # Errors
    /// [`IssueError::ClockBehind`].
    pub fn check_clock(
        &self,
        now: SystemTime,
        last_issued: Option<SystemTime>,
    ) -> Result<(), IssueError> {
        match last_issued {
            Some(last) if now.checked_add(self.clock_tolerance).is_some_and(|now| now < last) => {
                Err(IssueError::ClockBehind {
                    behind: last.duration_since(now).unwrap_or_default(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Builds and lints the certificate of a plan, under a new serial number.
    /// [`check_clock`](Self::check_clock) comes first.
    ///
    /// # Errors
    /// What the lint found, or why it cannot be built.
    pub fn draft(&self, plan: &IssuancePlan, now: SystemTime) -> Result<Draft, IssueError> {
        if !self.certificate.valid_at(now) {
            return Err(IssueError::CaNotValid);
        }
        let issuer = Issuer {
            certificate: &self.certificate,
            algorithm: self.signer.algorithm(),
            urls: &self.urls,
        };
        let prepared = prepare(plan, &issuer)?;
        let linted = lint(prepared, plan, &issuer).map_err(IssueError::Lint)?;
        let largest = with_signature(linted.tbs(), issuer.algorithm, &[0; LONGEST_SIGNATURE]);
        Ok(Draft { largest: SignedCertificate::read(largest)?, linted })
    }

    /// A certificate that this CA signed, from its DER; `None` where somebody else did, or where it
    /// is the CA's own.
    ///
    /// # Errors
    /// Where it is no certificate.
    pub fn imported(&self, der: &[u8]) -> Result<Option<SignedCertificate>, Asn1Error> {
        if self.certificates().any(|own| own == der) {
            return Ok(None);
        }
        let all = std::iter::once(self).chain(self.earlier.iter().map(|ca| &**ca));
        for ca in all {
            if is_issued_by(der, &ca.certificate.der)? {
                let mut imported = SignedCertificate::read(der.to_vec())?;
                imported.0.issuer_name_id = ca.generation.version();
                return Ok(Some(imported));
            }
        }
        Ok(None)
    }

    /// Drafts and signs at once.
    ///
    /// # Errors
    /// As [`Self::draft`] and [`Self::sign`].
    pub(super) fn issue(
        &self,
        plan: &IssuancePlan,
        now: SystemTime,
    ) -> Result<SignedCertificate, IssueError> {
        self.sign(&self.draft(plan, now)?)
    }

    /// Signs a draft.
    ///
    /// # Errors
    /// Where the key fails.
    pub fn sign(&self, draft: &Draft) -> Result<SignedCertificate, IssueError> {
        let tbs = draft.linted.tbs();
        let signature = self.signer.sign(tbs)?;
        // All that is signed has been read; hash and signature are what is new.
        let mut columns = draft.largest.0.clone();
        columns.raw = with_signature(tbs, self.signer.algorithm(), &signature);
        columns.certificate_hash = sha1(&columns.raw);
        columns.issuer_name_id = self.generation.version();
        Ok(SignedCertificate(columns))
    }
}

/// That of an RSA key of 8192 bits.
const LONGEST_SIGNATURE: usize = 1024;

/// A certificate that lacks nothing but its signature.
pub struct Draft {
    linted: Linted,
    largest: SignedCertificate,
}

impl Draft {
    /// What the Request table will hold of it at most: the certificate with the longest signature
    /// that there is, which nobody made.
    pub fn largest(&self) -> &SignedCertificate {
        &self.largest
    }
}

/// An issued certificate.
#[derive(Clone, PartialEq, Debug)]
pub struct SignedCertificate(CertificateColumns);

impl SignedCertificate {
    pub(super) fn read(der: Vec<u8>) -> Result<Self, Asn1Error> {
        let certificate = Certificate::parse(&der)?;
        let key = &certificate.public_key;
        let mut columns = CertificateColumns {
            raw: Vec::new(),
            serial_number: SerialNumber(certificate.serial.to_vec()),
            certificate_hash: sha1(&der),
            issuer_name_id: 0,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            subject_key_identifier: key.key_id().to_vec(),
            raw_public_key: key.key.to_vec(),
            public_key_length: key.public_key()?.kind().bits(),
            public_key_algorithm: key.algorithm.oid.to_string(),
            distinguished_name: Name::from_der(certificate.subject)?.to_windows_text(),
            raw_name: certificate.subject.to_vec(),
            upn: upn(&certificate)?,
            enrollment_flags: 0,
            general_flags: 0,
            private_key_flags: 0,
            raw_public_key_algorithm_parameters: key
                .algorithm
                .parameters
                .map_or_else(Vec::new, |parameters| parameters.raw.to_vec()),
            publish_expired_cert_in_crl: signs_code(&certificate)?,
            names: name_columns(certificate.subject)?,
        };
        columns.raw = der;
        Ok(Self(columns))
    }

    /// DER of the whole.
    pub fn der(&self) -> &[u8] {
        &self.0.raw
    }

    /// Its serial number.
    pub fn serial(&self) -> &SerialNumber {
        &self.0.serial_number
    }

    /// The identifier of its key.
    pub fn key_id(&self) -> &[u8] {
        &self.0.subject_key_identifier
    }

    /// What the Request table holds of it; the flags are those of the template.
    pub fn into_columns(self, flags: TemplateFlags) -> CertificateColumns {
        CertificateColumns {
            enrollment_flags: flags.enrollment.bits(),
            general_flags: flags.general.bits(),
            private_key_flags: flags.private_key.bits(),
            ..self.0
        }
    }
}

/// Whether what the certificate signs outlives it, so that its revocation must too: Windows has
/// these purposes as EKUOIDsForPublishExpiredCertInCRL.
fn signs_code(certificate: &Certificate<'_>) -> Result<bool, Asn1Error> {
    let Some(purposes) = extensions::find(&certificate.extensions, &oids::EXTENDED_KEY_USAGE)
    else {
        return Ok(false);
    };
    let purposes = extensions::decode_extended_key_usage(&purposes.value)?;
    Ok(purposes.iter().any(|purpose| {
        *purpose == oids::CODE_SIGNING || *purpose == oids::KERNEL_MODE_CODE_SIGNING
    }))
}

fn upn(certificate: &Certificate<'_>) -> Result<Option<String>, Asn1Error> {
    let Some(names) = extensions::find(&certificate.extensions, &oids::SUBJECT_ALT_NAME) else {
        return Ok(None);
    };
    let names = crate::asn1::decode_general_names(&names.value)?;
    Ok(names.into_iter().find_map(|name| match name {
        GeneralName::Upn(upn) => Some(upn),
        _ => None,
    }))
}

/// Why nothing was issued.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The clock is behind.
    #[error(
        "the clock is {} seconds behind the last issued certificate; nothing is issued until it \
         is set right", behind.as_secs()
    )]
    ClockBehind {
        /// By how much.
        behind: Duration,
    },
    /// The CA certificate is expired, or not valid yet.
    #[error("the CA certificate is not valid now; renew it, or set the clock right")]
    CaNotValid,
    /// The plan brings an extension ready-made that the CA writes itself.
    #[error("extension {0} is the CA's to write, and cannot be handed in")]
    ReservedExtension(Oid),
    /// The subject's distinguished name cannot be read.
    #[error("the subject: {0}")]
    Subject(#[from] NameTextError),
    /// Something cannot be encoded.
    #[error("the certificate cannot be built: {0}")]
    Encoding(#[from] Asn1Error),
    /// The key failed.
    #[error("the CA's key: {0}")]
    Key(#[from] KeyError),
    /// The lint refuses.
    #[error("the certificate would break the profile of RFC 5280: {}", text_of(.0))]
    Lint(Vec<Finding>),
}

fn text_of(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

impl IssueError {
    /// What the client is told.
    pub fn hresult(&self) -> HResult {
        match self {
            Self::ClockBehind { .. } => HResult::CERTSRV_E_SERVER_SUSPENDED,
            Self::CaNotValid => HResult::CERT_E_EXPIRED,
            Self::Subject(_) => HResult::CERTSRV_E_BAD_REQUESTSUBJECT,
            Self::Lint(findings) if findings.iter().all(Finding::is_of_names) => {
                HResult::CERTSRV_E_BAD_REQUESTSUBJECT
            }
            Self::ReservedExtension(_) | Self::Encoding(_) | Self::Lint(_) => HResult::INVALID_DATA,
            Self::Key(_) => HResult::E_UNEXPECTED,
        }
    }
}
