//! Spans of time as people write them: `1y`, `6w`, `365d`, `12h`, `30m`, `90s`.

use std::time::Duration;

/// Text that is not a span of time.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{0:?} is no span of time; write a number and a unit: 1y (365 days), 6w, 14d, 12h, 30m, 90s"
)]
pub struct DurationError(String);

const UNITS: [(&str, u64); 6] =
    [("y", 365 * 86_400), ("w", 7 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads a number and a unit. A year has 365 days, as the periods of templates count it.
///
/// # Errors
/// Where the number or the unit is not known, or the span does not fit 64 bits of seconds.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError(text.to_owned());
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(*seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// Reads a span of time from a configuration: for `#[serde(deserialize_with = …)]`.
///
/// # Errors
/// As [`parse_duration`].
pub fn deserialize_duration<'de, D>(deserializer: D) -> Result<Duration, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

/// The same where a setting may be left out.
///
/// # Errors
/// As [`parse_duration`].
pub fn deserialize_optional_duration<'de, D>(deserializer: D) -> Result<Option<Duration>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    deserialize_duration(deserializer).map(Some)
}

/// Writes whole seconds so that [`parse_duration`] reads them back, in the largest unit that fits.
pub fn format_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let unit = UNITS.iter().find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit));
    let (name, size) = unit.unwrap_or(&("s", 1));
    format!("{}{name}", seconds.checked_div(*size).unwrap_or(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_round_trip() {
        for (text, seconds) in
            [("1y", 31_536_000), ("6w", 3_628_800), ("2d", 172_800), ("12h", 43_200), ("0s", 0)]
        {
            let span = Duration::from_secs(seconds);
            assert_eq!(parse_duration(text), Ok(span));
            assert_eq!(format_duration(span), text);
        }
        assert_eq!(parse_duration("365d"), parse_duration("1y"));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "1", "y", "1 year", "-1d", "1.5d", "99999999999999999y", "1µ"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
