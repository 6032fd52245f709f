//! The base CRL: signed, numbered, and kept as a file.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::config::{CaConfig, StateFolder};
use super::extensions::{ca_version, crl_number, crl_reason, decode_next_publish, next_publish};
use super::files::{FileError, create_private_folder, read_if_there, write_atomically};
use super::issue::CertificateAuthority;
use super::signer::KeyError;
use super::tbs::with_signature;
use crate::asn1::extensions::{authority_key_identifier, encode_extensions, find};
use crate::asn1::{
    Asn1Error, CertificateList, Reader, SubjectPublicKeyInfo, Tag, Writer, encode_time, oids,
    sequence, verify_signature,
};
use crate::model::{RequestRow, SerialNumber};

/// An entry of a CRL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevokedCertificate {
    /// Which certificate.
    pub serial: SerialNumber,
    /// Since when it is revoked.
    pub revoked_when: SystemTime,
    /// Request.RevokedReason; 0 (unspecified) is not written.
    pub reason: u32,
    /// Until when the certificate is valid; long after that it needs no entry any more.
    pub not_after: SystemTime,
}

impl RevokedCertificate {
    /// The entry for a revoked row of the Request table; `None` where it has no certificate.
    /// A certificate whose row does not say since when is revoked from its beginning.
    pub fn from_row(row: &RequestRow) -> Option<Self> {
        let certificate = row.columns.certificate.as_ref()?;
        Some(Self {
            serial: certificate.serial_number.clone(),
            revoked_when: row
                .revoked_effective_when
                .or(row.revoked_when)
                .unwrap_or(certificate.not_before),
            reason: row.revoked_reason.unwrap_or_default(),
            not_after: certificate.not_after,
        })
    }
}

/// A signed CRL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crl {
    /// DER of the whole.
    pub der: Vec<u8>,
    /// Its number.
    pub number: u32,
    /// When it was made, less the clock skew.
    pub this_update: SystemTime,
    /// When the next one is to be made.
    pub next_publish: SystemTime,
    /// Until when clients use this one.
    pub next_update: SystemTime,
}

impl Crl {
    /// Whether it is time for the next one. A CRL from the future, made while the clock was
    /// wrong, is of no use to anybody.
    pub fn is_due(&self, now: SystemTime) -> bool {
        now >= self.next_publish || now < self.this_update
    }

    fn read(der: Vec<u8>) -> Result<Self, Asn1Error> {
        const INVALID: Asn1Error = Asn1Error::Value("CRL (extensions)");
        let list = CertificateList::parse(&der)?;
        let value = |oid| find(&list.extensions, &oid).map(|e| &*e.value).ok_or(INVALID);
        let number = Reader::new(value(oids::CRL_NUMBER)?).u32()?;
        let next_publish = decode_next_publish(value(oids::CRL_NEXT_PUBLISH)?)?;
        let (this_update, next_update) = (list.this_update, list.next_update);
        Ok(Self { der, number, this_update, next_publish, next_update })
    }
}

/// Makes CRLs and keeps the current one.
pub struct CrlPublisher {
    folder: PathBuf,
    validity: Duration,
    clock_skew: Duration,
}

/// Why there is no CRL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The CRL, or the file with its number, is damaged.
    #[error("{}: {reason}; restore it, or remove it to have a new CRL made", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It cannot be encoded.
    #[error("a CRL cannot be built: {0}")]
    Encoding(#[from] Asn1Error),
    /// A time is out of range.
    #[error("a CRL cannot be built: the setting ca.crl.validity leads beyond all times")]
    Validity,
    /// The numbers are used up.
    #[error("a CRL cannot be built: all numbers are used up")]
    Numbers,
    /// The key failed.
    #[error("the CA's key: {0}")]
    Key(#[from] KeyError),
}

impl CrlPublisher {
    /// Keeps CRLs in the state folder.
    pub fn new(config: &CaConfig, state: &StateFolder) -> Self {
        Self { folder: state.crls(), validity: config.crl.validity, clock_skew: config.clock_skew }
    }

    /// Where the current CRL lies (DER).
    pub fn path(&self) -> PathBuf {
        self.folder.join("base.crl")
    }

    /// The number of the last CRL, kept beside it so that numbers ascend even if it is lost.
    fn number_path(&self) -> PathBuf {
        self.folder.join("number")
    }

    /// The current CRL; `None` where there is none, or one of another CA.
    ///
    /// # Errors
    /// [`CrlError::File`], [`CrlError::Damaged`].
    pub fn current(&self, ca: &CertificateAuthority) -> Result<Option<Crl>, CrlError> {
        let Some(der) = read_if_there(&self.path())? else { return Ok(None) };
        let damaged =
            |error: Asn1Error| CrlError::Damaged { path: self.path(), reason: error.to_string() };
        if !is_signed_by(&der, ca).map_err(damaged)? {
            return Ok(None);
        }
        Crl::read(der).map(Some).map_err(damaged)
    }

    /// Signs the next CRL and puts it in place of the current one. One at a time, please: the
    /// caller schedules.
    ///
    /// # Errors
    /// Where it cannot be signed or written; the current one then stays.
    pub fn publish(
        &self,
        ca: &CertificateAuthority,
        revoked: &[RevokedCertificate],
        now: SystemTime,
    ) -> Result<Crl, CrlError> {
        let last = self.last_number(ca)?;
        let number = last.checked_add(1).ok_or(CrlError::Numbers)?;
        let crl = self.sign(ca, number, revoked, now)?;
        create_private_folder(&self.folder)?;
        // First the number: a crash in between skips one, but gives none twice.
        write_atomically(&self.number_path(), format!("{number}\n").as_bytes(), 0o644)?;
        write_atomically(&self.path(), &crl.der, 0o644)?;
        Ok(crl)
    }

    fn last_number(&self, ca: &CertificateAuthority) -> Result<u32, CrlError> {
        let path = self.number_path();
        let noted = match read_if_there(&path)? {
            Some(text) => {
                let number = std::str::from_utf8(&text).ok().and_then(|t| t.trim().parse().ok());
                number.ok_or(CrlError::Damaged { path, reason: "not a number".to_owned() })?
            }
            None => 0,
        };
        Ok(self.current(ca)?.map_or(noted, |current| current.number.max(noted)))
    }

    fn sign(
        &self,
        ca: &CertificateAuthority,
        number: u32,
        revoked: &[RevokedCertificate],
        now: SystemTime,
    ) -> Result<Crl, CrlError> {
        let times = self.times(now).ok_or(CrlError::Validity)?;
        let issuer = ca.certificate();
        let mut validity = Writer::new();
        encode_time(&mut validity, times.this_update.max(issuer.not_before))?;
        encode_time(&mut validity, times.next_update)?;
        let entries = revoked.iter().filter(|entry| times.still_needs(entry));
        let entries = entries.map(encode_entry).collect::<Result<Vec<_>, _>>()?.concat();
        let extensions = encode_extensions(&[
            authority_key_identifier(&issuer.key_id),
            ca_version(0),
            crl_number(number),
            next_publish(times.next_publish)?,
        ]);
        let algorithm = ca.signer().algorithm();
        let tbs = sequence(|tbs| {
            tbs.u32(1);
            algorithm.write(tbs);
            tbs.raw(&issuer.subject);
            tbs.raw(&validity.into_bytes());
            // An empty list must be left out (RFC 5280 5.1.2.6).
            if !entries.is_empty() {
                tbs.sequence(|list| list.raw(&entries));
            }
            tbs.nested(Tag::context(0), |explicit| explicit.raw(&extensions));
        });
        let signature = ca.signer().sign(&tbs)?;
        Ok(Crl::read(with_signature(&tbs, algorithm, &signature))?)
    }

    /// The times of a CRL made now, as Windows computes them ([MS-CSRA] 3.1.4.1.6).
    fn times(&self, now: SystemTime) -> Option<Times> {
        const TWELVE_HOURS: Duration = Duration::from_secs(12 * 3_600);
        let tenth = self.validity.checked_div(10)?;
        let least = self.clock_skew.checked_mul(3)?.checked_div(2)?;
        let overlap = tenth.min(TWELVE_HOURS).max(least).min(self.validity);
        let next_publish = now.checked_add(self.validity)?;
        let next_update = next_publish.checked_add(overlap)?.checked_add(self.clock_skew)?;
        let keep_after = now.checked_sub(self.validity)?;
        let this_update = now.checked_sub(self.clock_skew)?;
        Some(Times { this_update, next_publish, next_update, keep_after })
    }
}

struct Times {
    this_update: SystemTime,
    next_publish: SystemTime,
    next_update: SystemTime,
    /// Certificates that ended before this have been on a CRL after their end.
    keep_after: SystemTime,
}

impl Times {
    /// An entry stays until it was on one CRL made after the certificate's end (RFC 5280 5).
    fn still_needs(&self, entry: &RevokedCertificate) -> bool {
        entry.not_after >= self.keep_after
    }
}

fn encode_entry(entry: &RevokedCertificate) -> Result<Vec<u8>, Asn1Error> {
    let mut when = Writer::new();
    encode_time(&mut when, entry.revoked_when)?;
    Ok(sequence(|fields| {
        fields.unsigned(&entry.serial.0);
        fields.raw(&when.into_bytes());
        if let Some(reason) = reason_code(entry.reason) {
            fields.raw(&encode_extensions(&[crl_reason(reason)]));
        }
    }))
}

/// The CRLReason of a column value; unspecified (0) and what RFC 5280 does not know are left out,
/// and so is removeFromCRL (8): it is for delta CRLs, and makes readers take the certificate for
/// one that is not revoked.
fn reason_code(reason: u32) -> Option<u8> {
    u8::try_from(reason).ok().filter(|code| matches!(code, 1..=6 | 9..=10))
}

fn is_signed_by(der: &[u8], ca: &CertificateAuthority) -> Result<bool, Asn1Error> {
    let list = CertificateList::parse(der)?;
    let key = SubjectPublicKeyInfo::parse(ca.signer().public_key())?.public_key()?;
    let verified = verify_signature(&key, &list.signature_algorithm, list.tbs, list.signature);
    Ok(list.issuer == ca.certificate().subject && verified.is_ok())
}

#[cfg(test)]
mod tests;
