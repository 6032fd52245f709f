//! FILETIME ([MS-DTYP] 2.3.3): 100 ns since 1601.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 1601-01-01 to 1970-01-01.
const TO_UNIX: Duration = Duration::from_secs(11_644_473_600);
const PER_SECOND: u64 = 10_000_000;

/// `time` as a FILETIME; `None` before 1970, and where 64 bits are not enough.
pub fn to_filetime(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?.checked_add(TO_UNIX)?;
    u64::try_from(since.as_nanos() / 100).ok()
}

/// The time of a FILETIME; everything before 1970 is 1970. `None` where the system has no such
/// time.
pub fn from_filetime(time: u64) -> Option<SystemTime> {
    let (seconds, rest) = (time / PER_SECOND, time % PER_SECOND);
    let nanoseconds = u32::try_from(rest.checked_mul(100)?).ok()?;
    let since = Duration::new(seconds, nanoseconds);
    UNIX_EPOCH.checked_add(since.checked_sub(TO_UNIX).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        assert_eq!(to_filetime(UNIX_EPOCH), Some(116_444_736_000_000_000));
        let time = UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_700);
        assert_eq!(from_filetime(to_filetime(time).unwrap()), Some(time));
        assert_eq!(from_filetime(0), Some(UNIX_EPOCH));
        assert_eq!(to_filetime(UNIX_EPOCH - Duration::from_secs(1)), None);
    }
}
