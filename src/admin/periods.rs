//! Periods that administrators set as on Windows: a word and a number, each an entry of its own, which
//! take the place of a duration of the configuration file.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AdminError, EntryValue};
use crate::ca::CrlConfig;

/// The longest period.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Words for units, with their lengths in seconds; a month is 30 days and a year 365.
const UNITS: [(&str, u64); 7] = [
    ("Years", 365 * 86_400),
    ("Months", 30 * 86_400),
    ("Weeks", 7 * 86_400),
    ("Days", 86_400),
    ("Hours", 3_600),
    ("Minutes", 60),
    ("Seconds", 1),
];

/// A period that can be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Period {
    Validity,
    Crl,
    DeltaCrl,
    CrlOverlap,
    DeltaCrlOverlap,
}

impl Period {
    pub(super) const ALL: [Self; 5] =
        [Self::Validity, Self::Crl, Self::DeltaCrl, Self::CrlOverlap, Self::DeltaCrlOverlap];

    /// The entries of its word and its number, and the setting in whose place they count.
    pub(super) fn names(self) -> [&'static str; 3] {
        match self {
            Self::Validity => ["ValidityPeriod", "ValidityPeriodUnits", "enrollment.max_validity"],
            Self::Crl => ["CRLPeriod", "CRLPeriodUnits", "ca.crl.validity"],
            Self::DeltaCrl => ["CRLDeltaPeriod", "CRLDeltaPeriodUnits", "ca.crl.delta_validity"],
            Self::CrlOverlap => ["CRLOverlapPeriod", "CRLOverlapUnits", "ca.crl.overlap"],
            Self::DeltaCrlOverlap => {
                ["CRLDeltaOverlapPeriod", "CRLDeltaOverlapUnits", "ca.crl.delta_overlap"]
            }
        }
    }

    /// The period that an entry is of, and whether it is its number.
    pub(super) fn of_entry(name: &str) -> Option<(Self, bool)> {
        Self::ALL.into_iter().find_map(|period| {
            let [word, number, _] = period.names();
            let is = |entry: &str| entry.eq_ignore_ascii_case(name);
            (is(word) || is(number)).then(|| (period, is(number)))
        })
    }

    /// Whether it may be nothing: no delta CRLs, or the usual overlap.
    fn may_be_zero(self) -> bool {
        !matches!(self, Self::Validity | Self::Crl)
    }
}

/// What administrators set of a period; the rest is as the configuration says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Part {
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
}

/// All periods that administrators set, by the entry of their word.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StoredPeriods(BTreeMap<String, Part>);

/// What counts: of certificates and CRLs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Periods {
    /// The longest that any certificate is valid.
    pub max_validity: Duration,
    /// CRLs.
    pub crl: CrlConfig,
    /// The words and numbers.
    entries: Vec<(&'static str, EntryValue)>,
}

impl Periods {
    /// The entries, with their values.
    pub(super) fn entries(&self) -> &[(&'static str, EntryValue)] {
        &self.entries
    }
}

impl StoredPeriods {
    /// Whether nothing is set.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The settings of the configuration file in whose place something counts.
    pub(super) fn replaced(&self) -> Vec<&'static str> {
        let set = Period::ALL.into_iter().map(Period::names);
        set.filter(|[word, ..]| self.0.contains_key(*word)).map(|[.., key]| key).collect()
    }

    /// Sets an entry, or takes it away.
    pub(super) fn set(
        &mut self,
        (period, is_number): (Period, bool),
        value: EntryValue,
    ) -> Result<(), AdminError> {
        let [word, ..] = period.names();
        let part = self.0.entry(word.to_owned()).or_default();
        match (value, is_number) {
            (EntryValue::Empty, true) => part.number = None,
            (EntryValue::Empty, false) => part.word = None,
            (EntryValue::Number(number), true) => part.number = Some(number),
            (EntryValue::Text(text), false) => part.word = Some(unit(&text)?.0.to_owned()),
            _ => return Err(AdminError::OtherKind),
        }
        if *part == Part::default() {
            self.0.remove(word);
        }
        Ok(())
    }

    /// What counts, with what the configuration says where nothing is set.
    pub(super) fn over(
        &self,
        max_validity: Duration,
        crl: &CrlConfig,
    ) -> Result<Periods, AdminError> {
        let mut entries = Vec::new();
        let mut of = |period: Period, configured: Option<Duration>| {
            let [word_name, number_name, _] = period.names();
            let part = self.0.get(word_name).cloned().unwrap_or_default();
            let (word, number) = split(configured.unwrap_or_default());
            let word = part.word.as_deref().unwrap_or(word);
            let number = part.number.unwrap_or(number);
            let (word, length) = unit(word)?;
            let duration = Duration::from_secs(length.saturating_mul(number.into()));
            if duration > LONGEST || (duration.is_zero() && !period.may_be_zero()) {
                return Err(AdminError::Argument("a period is over nothing and under 100 years"));
            }
            entries.push((word_name, EntryValue::Text(word.to_owned())));
            entries.push((number_name, EntryValue::Number(number)));
            Ok(duration)
        };
        let some = |duration: Duration| (!duration.is_zero()).then_some(duration);
        let max_validity = of(Period::Validity, Some(max_validity))?;
        let crl = CrlConfig {
            validity: of(Period::Crl, Some(crl.validity))?,
            delta_validity: of(Period::DeltaCrl, Some(crl.delta_validity))?,
            overlap: some(of(Period::CrlOverlap, crl.overlap)?),
            delta_overlap: some(of(Period::DeltaCrlOverlap, crl.delta_overlap)?),
            retain_expired: crl.retain_expired,
        };
        Ok(Periods { max_validity, crl, entries })
    }
}

/// A unit by its word, compared without case.
fn unit(word: &str) -> Result<(&'static str, u64), AdminError> {
    let found = UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    found.copied().ok_or(AdminError::Argument(
        "a unit is Seconds, Minutes, Hours, Days, Weeks, Months or Years",
    ))
}

/// A period in the words of Windows: the largest unit that it is a multiple of. (Months are for what
/// administrators set.)
fn split(duration: Duration) -> (&'static str, u32) {
    let seconds = duration.as_secs();
    if seconds == 0 {
        return ("Days", 0);
    }
    let mut units = UNITS.iter().filter(|(word, _)| *word != "Months");
    let (word, length) = units
        .find(|(_, length)| seconds.is_multiple_of(*length))
        .copied()
        .unwrap_or(("Seconds", 1));
    (word, u32::try_from(seconds / length).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn periods_have_the_words_of_windows() {
        let of = |seconds| split(Duration::from_secs(seconds));
        assert_eq!(of(7 * 86_400), ("Weeks", 1));
        assert_eq!(of(86_400), ("Days", 1));
        assert_eq!(of(2 * 365 * 86_400), ("Years", 2));
        assert_eq!(of(12 * 3_600), ("Hours", 12));
        assert_eq!(of(90), ("Seconds", 90));
        assert_eq!(of(0), ("Days", 0));
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_is_configured_and_no_more() {
        let (mut stored, crl) = (StoredPeriods::default(), CrlConfig::default());
        let configured = stored.over(DAY * 90, &crl).unwrap();
        assert_eq!((configured.max_validity, &configured.crl), (DAY * 90, &crl));
        assert!(stored.is_empty());
        let mut set = |name: &str, value| stored.set(Period::of_entry(name).unwrap(), value);
        // The number alone: of the configured weeks.
        set("crlperiodunits", EntryValue::Number(3)).unwrap();
        set("CRLDeltaPeriodUnits", EntryValue::Number(0)).unwrap();
        set("CRLOverlapPeriod", EntryValue::Text("HOURS".to_owned())).unwrap();
        set("CRLOverlapUnits", EntryValue::Number(5)).unwrap();
        set("ValidityPeriod", EntryValue::Text("Weeks".to_owned())).unwrap();
        for wrong in [EntryValue::Text("3".to_owned()), EntryValue::Bytes(vec![1])] {
            set("CRLPeriodUnits", wrong).unwrap_err();
        }
        set("CRLPeriod", EntryValue::Text("Fortnights".to_owned())).unwrap_err();
        let now = stored.over(DAY * 90, &crl).unwrap();
        assert_eq!(now.crl.validity, DAY * 21);
        assert_eq!(now.crl.delta_validity, Duration::ZERO);
        assert_eq!(now.crl.overlap, Some(Duration::from_secs(5 * 3_600)));
        assert_eq!(now.max_validity, DAY * 7 * 90, "90, now of weeks");
        assert_eq!(stored.replaced().len(), 4);
        for name in ["CRLPeriodUnits", "ValidityPeriod"] {
            stored.set(Period::of_entry(name).unwrap(), EntryValue::Empty).unwrap();
        }
        let back = stored.over(DAY * 90, &crl).unwrap();
        assert_eq!((back.max_validity, back.crl.validity), (DAY * 90, crl.validity));
        assert_eq!(stored.replaced(), ["ca.crl.delta_validity", "ca.crl.overlap"]);
    }

    #[test]
    fn no_period_is_nothing_or_endless() {
        for (name, number) in
            [("CRLPeriodUnits", 0), ("ValidityPeriodUnits", 0), ("CRLPeriodUnits", u32::MAX)]
        {
            let mut stored = StoredPeriods::default();
            stored.set(Period::of_entry(name).unwrap(), EntryValue::Number(number)).unwrap();
            assert!(stored.over(DAY, &CrlConfig::default()).is_err(), "{name} {number}");
        }
    }
}
