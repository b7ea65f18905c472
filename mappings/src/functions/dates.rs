//! Functions of dates and times of day that need no time zone. Instants, which need one, are in
//! `instants`; v2 time stamps are read by `isthmus_hl7v2`.

use isthmus_hl7v2::value::time_stamp::{ClockTime, TimeStamp};

use crate::codes;
use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};

/// The date in FHIR's form, its precision kept.
pub fn date_text(stamp: &TimeStamp<'_>) -> String {
    // Room for a time and an offset, which `instants` adds.
    let mut text = String::with_capacity(32);
    text.push_str(stamp.year);
    for part in [stamp.month, stamp.day].into_iter().flatten() {
        text.push('-');
        text.push_str(part);
    }
    text
}

/// Appends a time of day in FHIR's form; minutes and seconds that were not sent are zeros, which
/// is how FHIR writes them (R4, 2.24.0.1, dateTime).
pub fn push_clock(clock: &ClockTime<'_>, text: &mut String) {
    text.push_str(clock.hour);
    for part in [clock.minute, clock.second] {
        text.push(':');
        text.push_str(part.unwrap_or("00"));
    }
    if let Some(fraction) = clock.fraction {
        text.push('.');
        text.push_str(fraction);
    }
}

/// A date; the time is left out.
pub fn date<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match TimeStamp::read(value) {
        Some(stamp) => Outcome::plain(date_text(&stamp)),
        None => Err(Fault::Problem(codes::NOT_A_DATE)),
    }
}

/// A time of day: v2 TM (chapter 2A, section 2A.3.75); an offset is left out.
pub fn time<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let Some(clock) = ClockTime::read(value) else {
        return Err(Fault::Problem(codes::NOT_A_DATE));
    };
    let mut text = String::with_capacity(8);
    push_clock(&clock, &mut text);
    Outcome::plain(text)
}

/// Whether `date` would accept it.
pub fn is_date(value: &str, _: Surroundings<'_>) -> bool {
    TimeStamp::read(value).is_some()
}

/// A FHIR date, dateTime or instant as a v2 time stamp.
pub fn ts<'v>(value: &Value<'v>, _: Given<'_>, _: Surroundings<'_>) -> Result<Outcome<'v>, Fault> {
    let (day, time) = match value.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (value.as_ref(), None),
    };
    let mut text: String = day.chars().filter(|letter| *letter != '-').collect();
    if let Some(time) = time {
        let plain = time.strip_suffix('Z').map(|time| format!("{time}+0000"));
        let plain = plain.as_deref().unwrap_or(time);
        text.extend(plain.chars().filter(|letter| *letter != ':'));
    }
    match TimeStamp::read(&text) {
        Some(_) => Outcome::plain(text),
        None => Err(Fault::Problem(codes::NOT_A_DATE)),
    }
}

/// Year and month of a v2 or FHIR date.
pub fn month<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match leading_date(value) {
        Some((year, Some(month))) => Outcome::plain(format!("{year}-{month}")),
        Some((_, None)) => Err(Fault::Nothing),
        None => Err(Fault::Problem(codes::NOT_A_DATE)),
    }
}

/// The year of a v2 or FHIR date.
pub fn year<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match leading_date(value) {
        Some((year, _)) => Outcome::plain(year.to_owned()),
        None => Err(Fault::Problem(codes::NOT_A_DATE)),
    }
}

fn leading_date(value: &str) -> Option<(&str, Option<&str>)> {
    let (year, rest) = value.trim().split_at_checked(4)?;
    let month = rest.strip_prefix('-').unwrap_or(rest).get(..2);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        all_digits(year) && month.is_none_or(all_digits) && (rest.is_empty() || month.is_some());
    fits.then_some((year, month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_of_every_precision() {
        let date = |text: &str| TimeStamp::read(text).map(|stamp| date_text(&stamp));
        for (written, read) in [
            ("1989", Some("1989")),
            ("198901", Some("1989-01")),
            ("19890118", Some("1989-01-18")),
            ("19890118000000", Some("1989-01-18")),
            ("1989011812", Some("1989-01-18")),
            ("19890118123456.1234-0500", Some("1989-01-18")),
            ("19890230", None),
            ("", None),
        ] {
            assert_eq!(date(written).as_deref(), read, "{written}");
        }
    }
}
