//! UTCTime and GeneralizedTime in the one form that RFC 5280 4.1.2.5 allows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::time::{Date, Month, OffsetDateTime, Time};

use super::{Asn1Error, Element, Tag, Writer};

const INVALID: Asn1Error = Asn1Error::Value("time");

/// Appends UTCTime for years 1950 to 2049, GeneralizedTime otherwise; fractions of a second are
/// cut off. Fails for years outside 0 to 9999.
pub fn encode_time(writer: &mut Writer, time: SystemTime) -> Result<(), Asn1Error> {
    let (year, rest) = year_and_rest(time)?;
    if (1950..2050).contains(&year) {
        let text = format!("{:02}{rest}", year.rem_euclid(100));
        writer.element(Tag::UTC_TIME, text.as_bytes());
    } else {
        writer.element(Tag::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes());
    }
    Ok(())
}

/// Appends GeneralizedTime, for structures that know no other form; otherwise as
/// [`encode_time`].
pub fn encode_generalized_time(writer: &mut Writer, time: SystemTime) -> Result<(), Asn1Error> {
    let (year, rest) = year_and_rest(time)?;
    writer.element(Tag::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes());
    Ok(())
}

/// The year, and from the month on the text that both forms share.
fn year_and_rest(time: SystemTime) -> Result<(i32, String), Asn1Error> {
    let time = OffsetDateTime::from_unix_timestamp(unix_seconds(time)?).map_err(|_| INVALID)?;
    let (year, month) = (time.year(), u8::from(time.month()));
    if !(0..=9999).contains(&year) {
        return Err(INVALID);
    }
    let (day, hour, minute, second) = (time.day(), time.hour(), time.minute(), time.second());
    Ok((year, format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")))
}

/// Reads a UTCTime or GeneralizedTime with seconds, without fractions, in UTC.
pub fn decode_time(element: &Element<'_>) -> Result<SystemTime, Asn1Error> {
    let digits = element.content.strip_suffix(b"Z").ok_or(INVALID)?;
    let (year, rest) = match element.tag {
        Tag::UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2).ok_or(INVALID)?;
            let year = number(year)?;
            (if year < 50 { year.saturating_add(2000) } else { year.saturating_add(1900) }, rest)
        }
        Tag::GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4).ok_or(INVALID)?;
            (number(year)?, rest)
        }
        found => return Err(Asn1Error::Tag { expected: Tag::UTC_TIME, found }),
    };
    let (pairs, []) = rest.as_chunks::<2>() else { return Err(INVALID) };
    let [month, day, hour, minute, second] = pairs else { return Err(INVALID) };
    let field = |pair: &[u8; 2]| u8::try_from(number(pair)?).map_err(|_| INVALID);
    let month = Month::try_from(field(month)?).map_err(|_| INVALID)?;
    let date = Date::from_calendar_date(year.into(), month, field(day)?).map_err(|_| INVALID)?;
    let time = Time::from_hms(field(hour)?, field(minute)?, field(second)?).map_err(|_| INVALID)?;
    system_time(date.with_time(time).assume_utc().unix_timestamp())
}

/// A number of up to four decimal digits.
fn number(digits: &[u8]) -> Result<u16, Asn1Error> {
    digits.iter().try_fold(0u16, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10).ok_or(INVALID)?;
        value.checked_mul(10).and_then(|value| value.checked_add(digit.into())).ok_or(INVALID)
    })
}

/// Whole seconds since 1970, rounded down.
fn unix_seconds(time: SystemTime) -> Result<i64, Asn1Error> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).map_err(|_| INVALID),
        Err(before) => {
            let before = before.duration();
            let seconds = before.as_secs().saturating_add(u64::from(before.subsec_nanos() > 0));
            i64::try_from(seconds).ok().and_then(i64::checked_neg).ok_or(INVALID)
        }
    }
}

fn system_time(unix_seconds: i64) -> Result<SystemTime, Asn1Error> {
    let distance = Duration::from_secs(unix_seconds.unsigned_abs());
    let time = if unix_seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or(INVALID)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(unix_seconds: i64) -> Vec<u8> {
        let mut writer = Writer::new();
        encode_time(&mut writer, system_time(unix_seconds).expect("in range")).expect("in range");
        writer.into_bytes()
    }

    #[test]
    fn the_form_follows_the_year() {
        assert_eq!(encoded(0), b"\x17\x0d700101000000Z");
        assert_eq!(encoded(2_524_607_999), b"\x17\x0d491231235959Z");
        assert_eq!(encoded(2_524_608_000), b"\x18\x0f20500101000000Z");
        assert_eq!(encoded(-631_152_000), b"\x17\x0d500101000000Z");
        assert_eq!(encoded(-631_152_001), b"\x18\x0f19491231235959Z");
        assert_eq!(encoded(253_402_300_799), b"\x18\x0f99991231235959Z");
    }

    #[test]
    fn other_forms_are_refused() {
        for (tag, text) in [
            (Tag::UTC_TIME, "7001010000Z"),
            (Tag::UTC_TIME, "700101000000"),
            (Tag::UTC_TIME, "700101000000+0000"),
            (Tag::UTC_TIME, "700230000000Z"),
            (Tag::UTC_TIME, "70010100006 Z"),
            (Tag::UTC_TIME, "700101000060Z"),
            (Tag::GENERALIZED_TIME, "20500101000000.5Z"),
            (Tag::GENERALIZED_TIME, "20501301000000Z"),
            (Tag::IA5_STRING, "700101000000Z"),
            (Tag::UTC_TIME, ""),
        ] {
            let mut writer = Writer::new();
            writer.element(tag, text.as_bytes());
            let der = writer.into_bytes();
            let element = Element::parse(&der).expect("own encoding");
            assert!(decode_time(&element).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(seconds in -62_167_219_200i64..=253_402_300_799) {
            let der = encoded(seconds);
            let time = decode_time(&Element::parse(&der).expect("own encoding")).expect("valid");
            prop_assert_eq!(time, system_time(seconds).expect("in range"));
        }
    }
}
