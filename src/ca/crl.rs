//! Base and delta CRLs: signed, numbered, and kept as files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::config::{CaConfig, CrlConfig, Generation, StateFolder};
use super::extensions::{
    ca_version, crl_number, crl_reason, decode_next_publish, delta_crl_indicator, freshest_crl,
    next_publish,
};
use super::files::{FileError, create_private_folder, read_if_there, write_atomically};
use super::history::CrlRow;
use super::issue::CertificateAuthority;
use super::signer::KeyError;
use crate::asn1::extensions::{authority_key_identifier, encode_extensions, find};
use crate::asn1::{
    Asn1Error, CertificateList, Reader, SubjectPublicKeyInfo, Tag, Writer, encode_time, header,
    oids, sequence, verify_signature,
};
use crate::model::{Extension, Revocation};

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
        let list = CertificateList::parse_without_entries(&der)?;
        let value = |oid| find(&list.extensions, &oid).map(|e| &*e.value).ok_or(INVALID);
        let number = Reader::new(value(oids::CRL_NUMBER)?).u32()?;
        let next_publish = decode_next_publish(value(oids::CRL_NEXT_PUBLISH)?)?;
        let (this_update, next_update) = (list.this_update, list.next_update);
        Ok(Self { der, number, this_update, next_publish, next_update })
    }
}

/// A base and a delta CRL, where there are any.
pub type BaseAndDelta = (Option<Arc<Crl>>, Option<Arc<Crl>>);

const TWELVE_HOURS: Duration = Duration::from_secs(12 * 3_600);

/// The CRLs of a CA that are in use.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Crls {
    /// The last base CRL.
    pub base: Option<Arc<Crl>>,
    /// The last delta CRL, where the CA makes any.
    pub delta: Option<Arc<Crl>>,
    /// Those of the keys that the CA had before.
    pub of_earlier_keys: Vec<KeyCrls>,
    /// The CRL table: these and earlier ones.
    pub history: Arc<Vec<CrlRow>>,
}

impl Crls {
    /// Base and delta CRL of a key, where `current` is the number of the CA's current one.
    pub fn of_key(&self, key: u16, current: u16) -> Option<BaseAndDelta> {
        if key == current {
            return Some((self.base.clone(), self.delta.clone()));
        }
        let earlier = self.of_earlier_keys.iter().find(|crls| crls.key == key)?;
        Some((earlier.base.clone(), earlier.delta.clone()))
    }
}

/// The CRLs of a key that the CA had before and whose certificate is still valid. They tell the
/// same as those of the current key: clients take the one that the key of their certificate signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyCrls {
    /// Number of the key.
    pub key: u16,
    /// The last base CRL.
    pub base: Option<Arc<Crl>>,
    /// The last delta CRL.
    pub delta: Option<Arc<Crl>>,
}

/// Which CRLs are made in one run. A base CRL brings a delta CRL with it, where the CA makes any:
/// the delta CRL before was one to the base CRL before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CrlKind {
    /// A base CRL.
    Base,
    /// A delta CRL alone.
    Delta,
}

/// Makes CRLs and keeps the current ones.
pub struct CrlPublisher {
    folder: PathBuf,
    config: RwLock<CrlConfig>,
    clock_skew: Duration,
    to_directory: bool,
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
        let (folder, clock_skew) = (state.crls(), config.clock_skew);
        let config = RwLock::new(config.crl.clone());
        Self { folder, config, clock_skew, to_directory: false }
    }

    /// Where the current base CRL of the first key lies (DER).
    pub fn path(&self) -> PathBuf {
        self.path_of(Generation::default())
    }

    /// Where the current delta CRL of the first key lies (DER).
    pub fn delta_path(&self) -> PathBuf {
        self.delta_path_of(Generation::default())
    }

    /// Where the current base CRL of a key lies (DER).
    pub fn path_of(&self, generation: Generation) -> PathBuf {
        self.folder.join(format!("base{}.crl", generation.key_suffix()))
    }

    /// Where the current delta CRL of a key lies (DER).
    pub fn delta_path_of(&self, generation: Generation) -> PathBuf {
        self.folder.join(format!("delta{}.crl", generation.key_suffix()))
    }

    /// Where the CRL table lies.
    pub fn history_path(&self) -> PathBuf {
        self.folder.join("history.json")
    }

    /// The same for CRLs that go on to a directory, where it turns out later what becomes of them.
    #[must_use]
    pub fn to_directory(self) -> Self {
        Self { to_directory: true, ..self }
    }

    /// Whether CRLs go on to a directory.
    pub fn goes_to_directory(&self) -> bool {
        self.to_directory
    }

    /// The number of the last CRL, kept beside it so that numbers ascend even if it is lost.
    fn number_path(&self) -> PathBuf {
        self.folder.join("number")
    }

    /// The current CRLs: none where there is none, or one of another CA. A delta CRL counts
    /// where the CA makes any.
    ///
    /// # Errors
    /// [`CrlError::File`], [`CrlError::Damaged`].
    pub fn current(&self, ca: &CertificateAuthority) -> Result<Crls, CrlError> {
        let (base, delta) = self.current_of(ca)?;
        let keys = ca.keys();
        let earlier = keys.into_iter().skip(1).map(|ca| {
            let (base, delta) = self.current_of(ca)?;
            Ok(KeyCrls { key: ca.generation().key, base, delta })
        });
        let of_earlier_keys = earlier.collect::<Result<_, CrlError>>()?;
        Ok(Crls { base, delta, of_earlier_keys, history: Arc::default() })
    }

    fn current_of(&self, ca: &CertificateAuthority) -> Result<BaseAndDelta, CrlError> {
        let delta = match self.makes_deltas() {
            true => read_signed(&self.delta_path_of(ca.generation()), ca)?,
            false => None,
        };
        let base = read_signed(&self.path_of(ca.generation()), ca)?;
        Ok((base.map(Arc::new), delta.map(Arc::new)))
    }

    /// Whether it is time for a new CRL, and for which.
    pub fn due(&self, crls: &Crls, now: SystemTime) -> Option<CrlKind> {
        let is_due = |crl: &Option<Arc<Crl>>| crl.as_ref().is_none_or(|crl| crl.is_due(now));
        let earlier = &crls.of_earlier_keys;
        if is_due(&crls.base) || earlier.iter().any(|crls| is_due(&crls.base)) {
            return Some(CrlKind::Base);
        }
        let delta = is_due(&crls.delta) || earlier.iter().any(|crls| is_due(&crls.delta));
        (self.makes_deltas() && delta).then_some(CrlKind::Delta)
    }

    /// The settings, as they count now.
    pub fn config(&self) -> CrlConfig {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has other settings count for CRLs from the next one on.
    pub fn configure(&self, config: CrlConfig) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Whether the CA makes delta CRLs.
    pub fn makes_deltas(&self) -> bool {
        !self.config().delta_validity.is_zero()
    }

    /// Begins new CRLs in place of those that are [`current`](Self::current), to which all
    /// revocations are to be added. A delta CRL needs a base CRL that clients have: without one, a
    /// base CRL is begun. One run at a time, please: the
    /// caller schedules.
    ///
    /// # Errors
    /// Where times lead beyond all calendars or numbers are used up.
    pub fn begin(&self, crls: Crls, kind: CrlKind, now: SystemTime) -> Result<CrlDraft, CrlError> {
        let number = self.last_number(&crls)?.checked_add(1).ok_or(CrlError::Numbers)?;
        let base_times = self.base_times(now).ok_or(CrlError::Validity)?;
        let known = crls.base.clone().filter(|_| kind == CrlKind::Delta);
        let base = known.is_none().then(|| Part::new(base_times));
        let (base_number, since) = match &known {
            Some(base) => (base.number, base.this_update),
            None => (number, base_times.this_update),
        };
        let delta = match self.makes_deltas() {
            true => Some(Part::new(self.delta_times(now).ok_or(CrlError::Validity)?)),
            false => None,
        };
        let keep_after = base_times.keep_after;
        Ok(CrlDraft { number, base_number, since, now, keep_after, base, delta, current: crls })
    }

    /// Signs what was begun and puts it in place of the current CRLs, which it returns.
    ///
    /// # Errors
    /// Where it cannot be signed or written; the current ones then stay, or are new both.
    pub fn publish(&self, ca: &CertificateAuthority, draft: CrlDraft) -> Result<Crls, CrlError> {
        let CrlDraft { number, base_number, mut base, mut delta, current, .. } = draft;
        let mut signed = Vec::new();
        let mut keys = ca.keys().into_iter().peekable();
        while let Some(ca) = keys.next() {
            // The last key gets the entries themselves: copies of millions take memory.
            let last = keys.peek().is_none();
            let part = |part: &mut Option<Part>| match last {
                true => part.take(),
                false => part.clone(),
            };
            let mut fresh = Vec::new();
            if !ca.urls().delta_crl.is_empty() && self.makes_deltas() {
                fresh.extend(freshest_crl(&ca.urls().delta_crl));
            }
            let base = part(&mut base).map(|part| part.sign(ca, number, fresh)).transpose()?;
            let indicator = vec![delta_crl_indicator(base_number)];
            let delta =
                part(&mut delta).map(|part| part.sign(ca, number, indicator)).transpose()?;
            signed.push((ca, base.map(Arc::new), delta.map(Arc::new)));
        }
        create_private_folder(&self.folder)?;
        // First the number: a crash in between skips one, but gives none twice.
        write_atomically(&self.number_path(), format!("{number}\n").as_bytes(), 0o644)?;
        // Then the base CRL: a delta CRL to it is of no use before.
        for (ca, base, delta) in &signed {
            let paths = [self.path_of(ca.generation()), self.delta_path_of(ca.generation())];
            for (crl, path) in [base, delta].into_iter().zip(paths) {
                if let Some(crl) = crl {
                    write_atomically(&path, &crl.der, 0o644)?;
                }
            }
        }
        let mut signed = signed.into_iter();
        let mut crls = current;
        if let Some((_, base, delta)) = signed.next() {
            (crls.base, crls.delta) = (base.or(crls.base), delta);
        }
        for ((_, base, delta), of_key) in signed.zip(&mut crls.of_earlier_keys) {
            (of_key.base, of_key.delta) = (base.or(of_key.base.take()), delta);
        }
        Ok(crls)
    }

    fn last_number(&self, crls: &Crls) -> Result<u32, CrlError> {
        let path = self.number_path();
        let noted = match read_if_there(&path)? {
            Some(text) => {
                let number = std::str::from_utf8(&text).ok().and_then(|t| t.trim().parse().ok());
                number.ok_or(CrlError::Damaged { path, reason: "not a number".to_owned() })?
            }
            None => 0,
        };
        let numbers = [&crls.base, &crls.delta].into_iter().flatten().map(|crl| crl.number);
        Ok(numbers.fold(noted, u32::max))
    }

    /// The times of a base CRL made now, as Windows computes them ([MS-CSRA] 3.1.4.1.6): without
    /// a setting, the overlap is a tenth of the period, but 12 hours at most.
    fn base_times(&self, now: SystemTime) -> Option<Times> {
        let CrlConfig { validity, overlap, .. } = self.config();
        let usual = validity.checked_div(10)?.min(TWELVE_HOURS);
        self.times(validity, overlap.unwrap_or(usual), now)
    }

    /// Those of a delta CRL: without a setting, the overlap is 12 hours.
    fn delta_times(&self, now: SystemTime) -> Option<Times> {
        let CrlConfig { delta_validity, delta_overlap, .. } = self.config();
        self.times(delta_validity, delta_overlap.unwrap_or(TWELVE_HOURS), now)
    }

    fn times(&self, validity: Duration, overlap: Duration, now: SystemTime) -> Option<Times> {
        let least = self.clock_skew.checked_mul(3)?.checked_div(2)?;
        let overlap = overlap.max(least).min(validity);
        let next_publish = now.checked_add(validity)?;
        let next_update = next_publish.checked_add(overlap)?.checked_add(self.clock_skew)?;
        let keep_after = now
            .checked_sub(validity)?
            .checked_sub(self.config().retain_expired)
            .unwrap_or(UNIX_EPOCH);
        let this_update = now.checked_sub(self.clock_skew)?;
        Some(Times { this_update, next_publish, next_update, keep_after })
    }
}

#[derive(Clone, Copy)]
struct Times {
    this_update: SystemTime,
    next_publish: SystemTime,
    next_update: SystemTime,
    /// Certificates that ended before this have been on a CRL after their end.
    keep_after: SystemTime,
}

/// CRLs that are being made: entries are encoded as they come, so that nothing else of them is
/// kept in memory.
pub struct CrlDraft {
    number: u32,
    /// The base CRL that the delta CRL is one to.
    base_number: u32,
    /// thisUpdate of that base CRL.
    since: SystemTime,
    now: SystemTime,
    keep_after: SystemTime,
    base: Option<Part>,
    delta: Option<Part>,
    /// What is published until these are.
    current: Crls,
}

impl CrlDraft {
    /// Adds a revocation where it belongs. An entry stays on base CRLs until it was on one made
    /// after the certificate's end (RFC 5280 5), or for good where it says so; one that is not in
    /// force yet waits. What changed since the base CRL is on the delta CRL.
    ///
    /// # Errors
    /// For a date that DER has no form for.
    pub fn add(&mut self, revocation: &Revocation) -> Result<(), Asn1Error> {
        let lasting = revocation.publish_expired || revocation.not_after >= self.keep_after;
        if !lasting {
            return Ok(());
        }
        let in_force = revocation.is_in_force(self.now);
        let changed =
            revocation.revoked_when >= self.since || revocation.effective_when >= self.since;
        if in_force && let Some(base) = &mut self.base {
            base.add(revocation, revocation.reason_code())?;
        }
        let Some(delta) = self.delta.as_mut().filter(|_| changed) else { return Ok(()) };
        if in_force {
            delta.add(revocation, revocation.reason_code())?;
        } else if revocation.reason == Revocation::RELEASED {
            delta.add(revocation, u8::try_from(Revocation::REMOVE_FROM_CRL).ok())?;
        }
        Ok(())
    }

    /// The same, with another nextUpdate; the next CRLs are made before that.
    #[must_use]
    pub fn valid_until(mut self, next_update: SystemTime) -> Self {
        for part in [&mut self.base, &mut self.delta].into_iter().flatten() {
            part.times.next_update = next_update;
            part.times.next_publish = part.times.next_publish.min(next_update);
        }
        self
    }

    /// Entries of the base CRL and of the delta CRL so far.
    pub fn counts(&self) -> (Option<usize>, Option<usize>) {
        (self.base.as_ref().map(|part| part.count), self.delta.as_ref().map(|part| part.count))
    }
}

/// One CRL of a draft.
#[derive(Clone)]
struct Part {
    times: Times,
    /// DER of the entries.
    entries: Vec<u8>,
    count: usize,
}

impl Part {
    fn new(times: Times) -> Self {
        Self { times, entries: Vec::new(), count: 0 }
    }

    fn add(&mut self, revocation: &Revocation, reason: Option<u8>) -> Result<(), Asn1Error> {
        self.entries.extend_from_slice(&encode_entry(revocation, reason)?);
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    fn sign(
        self,
        ca: &CertificateAuthority,
        number: u32,
        further: Vec<Extension>,
    ) -> Result<Crl, CrlError> {
        let Times { this_update, next_publish: publish, next_update, .. } = self.times;
        let issuer = ca.certificate();
        let this_update = this_update.max(issuer.not_before);
        let mut validity = Writer::new();
        encode_time(&mut validity, this_update)?;
        encode_time(&mut validity, next_update)?;
        let own = vec![
            authority_key_identifier(&issuer.key_id),
            ca_version(ca.generation().version()),
            crl_number(number),
            next_publish(publish)?,
        ];
        let extensions = encode_extensions(&[own, further].concat());
        let algorithm = ca.signer().algorithm();
        let mut before = Writer::new();
        before.u32(1);
        algorithm.write(&mut before);
        before.raw(&issuer.subject);
        before.raw(&validity.into_bytes());
        let mut before = before.into_bytes();
        // An empty list must be left out (RFC 5280 5.1.2.6).
        if !self.entries.is_empty() {
            before.extend(header(Tag::SEQUENCE, self.entries.len()));
        }
        let mut after = Writer::new();
        after.nested(Tag::context(0), |explicit| explicit.raw(&extensions));
        let mut der = self.entries;
        wrap(&mut der, before, &after.into_bytes());
        let signature = ca.signer().sign(&der)?;
        let mut end = Writer::new();
        algorithm.write(&mut end);
        end.bit_string(&signature);
        wrap(&mut der, Vec::new(), &end.into_bytes());
        Ok(Crl { der, number, this_update, next_publish: publish, next_update })
    }
}

/// Makes a SEQUENCE of `before`, what is in `der`, and `after`, in place: entries may be millions.
fn wrap(der: &mut Vec<u8>, before: Vec<u8>, after: &[u8]) {
    let length = before.len().saturating_add(der.len()).saturating_add(after.len());
    let head = [header(Tag::SEQUENCE, length), before].concat();
    der.reserve_exact(head.len().saturating_add(after.len()));
    der.extend_from_slice(after);
    der.splice(0..0, head);
}

fn encode_entry(entry: &Revocation, reason: Option<u8>) -> Result<Vec<u8>, Asn1Error> {
    let mut when = Writer::new();
    encode_time(&mut when, entry.effective_when)?;
    Ok(sequence(|fields| {
        fields.unsigned(&entry.serial.0);
        fields.raw(&when.into_bytes());
        if let Some(reason) = reason {
            fields.raw(&encode_extensions(&[crl_reason(reason)]));
        }
    }))
}

/// The CRL in this file, where there is one of this CA.
fn read_signed(path: &Path, ca: &CertificateAuthority) -> Result<Option<Crl>, CrlError> {
    let Some(der) = read_if_there(path)? else { return Ok(None) };
    let damaged =
        |error: Asn1Error| CrlError::Damaged { path: path.to_owned(), reason: error.to_string() };
    if !is_signed_by(&der, ca).map_err(damaged)? {
        return Ok(None);
    }
    Crl::read(der).map(Some).map_err(damaged)
}

fn is_signed_by(der: &[u8], ca: &CertificateAuthority) -> Result<bool, Asn1Error> {
    let list = CertificateList::parse_without_entries(der)?;
    let key = SubjectPublicKeyInfo::parse(ca.signer().public_key())?.public_key()?;
    let verified = verify_signature(&key, &list.signature_algorithm, list.tbs, list.signature);
    Ok(list.issuer == ca.certificate().subject && verified.is_ok())
}

#[cfg(test)]
mod tests;
