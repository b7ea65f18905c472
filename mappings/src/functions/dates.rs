//! Functions of dates and times of day that need no time zone, and the reading of v2 time stamps.
//! Instants, which need one, are in `instants`.

use jiff::civil::Date;
use jiff::tz::Offset;

use crate::codes;
use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};

/// An HL7 v2 time stamp (chapter 2A, section 2A.3.22 DTM): as much of it as was sent.
#[derive(Debug, Clone, Copy)]
pub struct TimeStamp<'v> {
    /// `YYYY`.
    pub year: &'v str,
    /// `MM`.
    pub month: Option<&'v str>,
    /// `DD`.
    pub day: Option<&'v str>,
    /// `HH`, `MM`, `SS` as far as sent.
    pub clock: Option<ClockTime<'v>>,
    /// The offset from UTC.
    pub offset: Option<Offset>,
}

/// A time of day: hours and as much more as was sent.
#[derive(Debug, Clone, Copy)]
pub struct ClockTime<'v> {
    /// `HH`.
    pub hour: &'v str,
    /// `MM`.
    pub minute: Option<&'v str>,
    /// `SS`.
    pub second: Option<&'v str>,
    /// The digits after the point.
    pub fraction: Option<&'v str>,
}

impl<'v> TimeStamp<'v> {
    /// Reads a time stamp; none when it is none or not a day of the calendar.
    pub fn read(text: &'v str) -> Option<Self> {
        let (stamp, offset) = split_offset(text.trim())?;
        let (digits, fraction) = split_fraction(stamp)?;
        let (year, digits) = digits.split_at_checked(4)?;
        let (month, digits) = pair(digits)?;
        let (day, digits) = pair(digits)?;
        let clock = clock(digits, fraction)?;
        if fraction.is_some() && clock.is_none() {
            return None;
        }
        let stamp = Self {
            year,
            month,
            day,
            clock,
            offset,
        };
        stamp.is_real().then_some(stamp)
    }

    /// The calendar day, when a whole one was sent.
    pub fn civil(&self) -> Option<Date> {
        let day = self.day?.parse().ok()?;
        Date::new(self.year.parse().ok()?, self.month?.parse().ok()?, day).ok()
    }

    /// The date in FHIR's form, its precision kept.
    pub fn date_text(&self) -> String {
        // Room for a time and an offset, which `instants` adds.
        let mut text = String::with_capacity(32);
        text.push_str(self.year);
        for part in [self.month, self.day].into_iter().flatten() {
            text.push('-');
            text.push_str(part);
        }
        text
    }

    fn is_real(&self) -> bool {
        if self.year == "0000" {
            return false;
        }
        match (self.month, self.day) {
            (None, _) => true,
            (Some(month), None) => ("01"..="12").contains(&month),
            (Some(_), Some(_)) => self.civil().is_some(),
        }
    }
}

impl ClockTime<'_> {
    /// The time of day in FHIR's form; minutes and seconds that were not sent are zeros, which is
    /// how FHIR writes them (R4, 2.24.0.1, dateTime).
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(8);
        self.write(&mut text);
        text
    }

    /// Appends the same.
    pub fn write(&self, text: &mut String) {
        text.push_str(self.hour);
        for part in [self.minute, self.second] {
            text.push(':');
            text.push_str(part.unwrap_or("00"));
        }
        if let Some(fraction) = self.fraction {
            text.push('.');
            text.push_str(fraction);
        }
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first two digits, if any are left; one alone is an error.
fn pair(text: &str) -> Option<(Option<&str>, &str)> {
    if text.is_empty() {
        return Some((None, text));
    }
    let (pair, rest) = text.split_at_checked(2)?;
    all_digits(pair).then_some((Some(pair), rest))
}

fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    let Some(at) = text.find(['+', '-']) else {
        return Some((text, None));
    };
    let (stamp, zone) = text.split_at_checked(at)?;
    let (sign, zone) = zone.split_at_checked(1)?;
    if zone.len() != 4 || !all_digits(zone) {
        return None;
    }
    let (hours, minutes) = zone.split_at_checked(2)?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    let seconds = if sign == "-" { -seconds } else { seconds };
    Some((stamp, Some(Offset::from_seconds(seconds).ok()?)))
}

fn split_fraction(text: &str) -> Option<(&str, Option<&str>)> {
    let (digits, fraction) = match text.split_once('.') {
        Some((digits, fraction)) => (digits, Some(fraction)),
        None => (text, None),
    };
    let fraction_fits =
        fraction.is_none_or(|f| (1..=9).contains(&f.len()) && all_digits(f) && digits.len() == 14);
    (digits.len() <= 14 && all_digits(digits) && fraction_fits).then_some((digits, fraction))
}

#[expect(
    clippy::option_option,
    reason = "the outer is an error, the inner that none was sent"
)]
fn clock<'v>(digits: &'v str, fraction: Option<&'v str>) -> Option<Option<ClockTime<'v>>> {
    let (hour, digits) = pair(digits)?;
    let (minute, digits) = pair(digits)?;
    let (second, digits) = pair(digits)?;
    let Some(hour) = hour else { return Some(None) };
    let in_range = hour < "24"
        && minute.is_none_or(|minute| minute < "60")
        && second.is_none_or(|second| second <= "60");
    (digits.is_empty() && in_range).then_some(Some(ClockTime {
        hour,
        minute,
        second,
        fraction,
    }))
}

/// A date; the time is left out.
pub fn date<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    match TimeStamp::read(value) {
        Some(stamp) => Outcome::plain(stamp.date_text()),
        None => Err(Fault::Problem(codes::NOT_A_DATE)),
    }
}

/// A time of day: v2 TM (chapter 2A, section 2A.3.75); an offset is left out.
pub fn time<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    _: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let read = |text: &str| {
        let (stamp, _) = split_offset(text.trim())?;
        let (digits, fraction) = match stamp.split_once('.') {
            Some((digits, fraction)) => (digits, Some(fraction)),
            None => (stamp, None),
        };
        let fits = fraction.is_none_or(|f| all_digits(f) && !f.is_empty() && digits.len() == 6);
        let clock = clock(digits, fraction)??;
        fits.then(|| clock.text())
    };
    match read(value) {
        Some(text) => Outcome::plain(text),
        None => Err(Fault::Problem(codes::NOT_A_DATE)),
    }
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
    let fits =
        all_digits(year) && month.is_none_or(all_digits) && (rest.is_empty() || month.is_some());
    fits.then_some((year, month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_of_every_precision() {
        let date = |text: &str| TimeStamp::read(text).map(|stamp| stamp.date_text());
        for (written, read) in [
            ("1989", Some("1989")),
            ("198901", Some("1989-01")),
            ("19890118", Some("1989-01-18")),
            ("19890118000000", Some("1989-01-18")),
            ("1989011812", Some("1989-01-18")),
            ("19890118123456.1234-0500", Some("1989-01-18")),
            ("19890230", None),
            ("19891318", None),
            ("1989011", None),
            ("19890118250000", None),
            ("19890118.5", None),
            ("UNKNOWN", None),
            ("", None),
        ] {
            assert_eq!(date(written).as_deref(), read, "{written}");
        }
    }
}
