//! DTM and TS, points in time of any precision, and whose offset from UTC counts. How they are
//! written in FHIR is the maps' business; nothing here looks at a clock or for a zone by its name.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

/// A time stamp (HL7 v2.5.1 chapter 2A, sections 2.A.22 and 2.A.77): as much of it as was sent.
#[derive(Clone, Copy)]
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

/// A time of day (TM, section 2.A.75): hours and as much more as was sent.
#[derive(Clone, Copy)]
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

/// How much of a time stamp was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `YYYY`.
    Year,
    /// And `MM`.
    Month,
    /// And `DD`.
    Day,
    /// And `HH`.
    Hour,
    /// And `MM`.
    Minute,
    /// And `SS`.
    Second,
    /// And digits after the point.
    Fraction,
}

impl fmt::Debug for TimeStamp<'_> {
    /// Shows how much was sent, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeStamp({:?})", self.precision())
    }
}

impl fmt::Debug for ClockTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClockTime({:?})", self.precision())
    }
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

    /// How much of it was sent.
    pub fn precision(&self) -> Precision {
        match (self.month, self.day, self.clock) {
            (None, _, _) => Precision::Year,
            (Some(_), None, _) => Precision::Month,
            (Some(_), Some(_), None) => Precision::Day,
            (Some(_), Some(_), Some(clock)) => clock.precision(),
        }
    }

    /// The calendar day, when a whole one was sent.
    pub fn civil(&self) -> Option<Date> {
        let day = self.day?.parse().ok()?;
        Date::new(self.year.parse().ok()?, self.month?.parse().ok()?, day).ok()
    }

    /// The offset that counts: its own, else the one that MSH-7 states, else that of the sender's
    /// zone at this time of the year. None when it has no time of day, or when nobody tells; none
    /// is ever invented.
    pub fn offset_within(
        &self,
        message: Option<Offset>,
        zone: Option<&TimeZone>,
    ) -> Option<Offset> {
        let clock = self.clock?;
        if let Some(known) = self.offset.or(message) {
            return Some(known);
        }
        // A local time that the change of clocks skips or repeats gets the offset before it.
        let local = self.civil()?.to_datetime(clock.civil()?);
        let zone = zone?;
        let instant = zone.to_timestamp(local).ok()?;
        Some(zone.to_offset(instant))
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

impl<'v> ClockTime<'v> {
    /// Reads a time of day; its offset is left out. None when it is none.
    pub fn read(text: &'v str) -> Option<Self> {
        let (stamp, _offset) = split_offset(text.trim())?;
        let (digits, fraction) = match stamp.split_once('.') {
            Some((digits, fraction)) => (digits, Some(fraction)),
            None => (stamp, None),
        };
        let fits = fraction.is_none_or(|f| all_digits(f) && !f.is_empty() && digits.len() == 6);
        clock(digits, fraction)?.filter(|_| fits)
    }

    /// The time of day; a leap second counts as the second before it.
    pub fn civil(&self) -> Option<Time> {
        let number = |part: Option<&str>| part.map_or(Some(0), |part| part.parse::<i8>().ok());
        let (hour, minute) = (number(Some(self.hour))?, number(self.minute)?);
        let second = number(self.second)?.min(59);
        Time::new(hour, minute, second, 0).ok()
    }

    fn precision(&self) -> Precision {
        match (self.minute, self.second, self.fraction) {
            (None, _, _) => Precision::Hour,
            (Some(_), None, _) => Precision::Minute,
            (Some(_), Some(_), None) => Precision::Second,
            (Some(_), Some(_), Some(_)) => Precision::Fraction,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_is_told_and_what_is_no_time_is_refused() {
        for (written, precision) in [
            ("1989", Some(Precision::Year)),
            ("198901", Some(Precision::Month)),
            ("19890118", Some(Precision::Day)),
            ("1989011812", Some(Precision::Hour)),
            ("198901181234", Some(Precision::Minute)),
            ("19890118123460", Some(Precision::Second)),
            ("19890118123456.1234-0500", Some(Precision::Fraction)),
            ("19890230", None),
            ("19891318", None),
            ("1989011", None),
            ("19890118250000", None),
            ("19890118.5", None),
            ("00000101", None),
            ("198901181234+9900", None),
            ("UNKNOWN", None),
            ("", None),
        ] {
            let read = TimeStamp::read(written).map(|stamp| stamp.precision());
            assert_eq!(read, precision, "{written}");
        }
    }

    #[test]
    fn offsets_come_from_value_message_or_zone_and_are_never_invented() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let hours = |text: &str, message: Option<i8>, zone: Option<&TimeZone>| {
            let message = message.map(Offset::constant);
            let offset = TimeStamp::read(text).unwrap().offset_within(message, zone);
            offset.map(|offset| offset.seconds() / 3600)
        };
        assert_eq!(hours("202607151230+0200", Some(-5), Some(&zone)), Some(2));
        assert_eq!(hours("202607151230", Some(-6), Some(&zone)), Some(-6));
        assert_eq!(hours("202607151230", None, Some(&zone)), Some(-4));
        assert_eq!(hours("20260115123045.25", None, Some(&zone)), Some(-5));
        // The hour that is skipped in spring, and the one that comes twice in autumn.
        assert_eq!(hours("202603080230", None, Some(&zone)), Some(-4));
        assert_eq!(hours("202611010130", None, Some(&zone)), Some(-4));
        assert_eq!(hours("202607151230", None, None), None);
        assert_eq!(hours("20260715", Some(2), Some(&zone)), None);
    }
}
