//! The `Retry-After` header (RFC 9110 section 10.2.3): seconds or a date; how long is then waited
//! is decided in `pause`.

use std::time::Duration;

use isthmus_core::clock::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The longest wait that a recipient can ask for.
pub const LONGEST: Duration = Duration::from_hours(24);

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// How long to wait, at most [`LONGEST`]; none when the value is neither form. A date that is past
/// means now.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are still more than the longest wait.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let at = http_date(value, now)?;
        let millis = at.unix_millis().saturating_sub(now.unix_millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    };
    Some(wait.min(LONGEST))
}

/// A date in one of the three spellings of RFC 9110 section 5.6.7.
fn http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    let parts: Vec<&str> = text
        .split([' ', ',', '-', ':'])
        .filter(|part| !part.is_empty())
        .collect();
    let (year, month, day, time) = match *parts.as_slice() {
        // Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, hour, minute, second, "GMT"] => {
            (year, month, day, [hour, minute, second])
        }
        // Sun Nov  6 08:49:37 1994
        [_, month, day, hour, minute, second, year] => (year, month, day, [hour, minute, second]),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let [hour, minute, second] = time.map(number);
    // A leap second is the end of its minute.
    let second = second?.min(59);
    let at = DateTime::new(
        full_year(year, now)?,
        i8::try_from(month).ok()?,
        number(day)?,
        hour?,
        minute?,
        second,
        0,
    );
    let at = at.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_unix_millis(at.timestamp().as_millisecond()))
}

fn number(text: &str) -> Option<i8> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Two digits that would lie more than fifty years ahead are of the century before.
fn full_year(text: &str, now: Timestamp) -> Option<i16> {
    let year: i16 = text.parse().ok().filter(|year| *year >= 0)?;
    if text.len() != 2 {
        return Some(year);
    }
    let latest = now.civil().to_zoned(TimeZone::UTC).year() + 50;
    Some(latest - (latest - year).rem_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:07Z, half a minute before the date of the examples.
    const NOW: Timestamp = Timestamp::from_unix_millis(784_111_747_000);

    #[test]
    fn seconds_and_all_three_dates_are_read() {
        let half_a_minute = Some(Duration::from_secs(30));
        for value in [
            "30",
            " 30 ",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(value, NOW), half_a_minute, "{value}");
        }
    }

    #[test]
    fn the_past_is_now_and_the_far_future_is_bounded() {
        assert_eq!(parse("0", NOW), Some(Duration::ZERO));
        let past = parse("Sun, 06 Nov 1994 08:00:00 GMT", NOW);
        assert_eq!(past, Some(Duration::ZERO));
        for value in [
            "86401",
            "99999999999999999999999",
            "Sun, 06 Nov 2044 08:49:37 GMT",
            "Sunday, 06-Nov-44 08:49:37 GMT",
        ] {
            assert_eq!(parse(value, NOW), Some(LONGEST), "{value}");
        }
        // Fifty-one years ahead: the century before.
        let past = parse("Sunday, 06-Nov-45 08:49:37 GMT", NOW);
        assert_eq!(past, Some(Duration::ZERO));
    }

    #[test]
    fn anything_else_is_no_wait() {
        for value in [
            "",
            "-1",
            "+1",
            "1.5",
            "soon",
            "Sun, 06 Nov 1994 08:49:37 EST",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 November 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse(value, NOW), None, "{value}");
        }
    }
}
