//! Functions of points in time, which need an offset from UTC: the value's own, else that of
//! MSH-7, else the sender's zone; none is ever invented.
//! Time stamps are read, and their offsets found, by `isthmus_hl7v2`.

use isthmus_hl7v2::value::time_stamp::{ClockTime, TimeStamp};
use jiff::tz::Offset;

use crate::codes;
use crate::functions::call::{Fault, Given, Outcome, Surroundings, Value};
use crate::functions::dates::{date_text, push_clock};

/// A dateTime of the precision sent; a time whose offset nobody tells is left out with a warning.
pub fn datetime<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    around: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let Some(stamp) = TimeStamp::read(value) else {
        return Err(Fault::Problem(codes::NOT_A_DATE));
    };
    let Some(clock) = stamp.clock else {
        return Outcome::plain(date_text(&stamp));
    };
    match offset(&stamp, around) {
        Some(offset) => Outcome::plain(instant_text(&stamp, &clock, offset)),
        None => Ok(Outcome {
            value: date_text(&stamp).into(),
            warning: Some(codes::NO_OFFSET),
        }),
    }
}

/// An instant: at least hours and an offset.
pub fn instant<'v>(
    value: &Value<'v>,
    _: Given<'_>,
    around: Surroundings<'_>,
) -> Result<Outcome<'v>, Fault> {
    let Some(stamp) = TimeStamp::read(value) else {
        return Err(Fault::Problem(codes::NOT_A_DATE));
    };
    let Some(clock) = stamp.clock else {
        return Err(Fault::Problem(codes::NOT_A_DATE));
    };
    match offset(&stamp, around) {
        Some(offset) => Outcome::plain(instant_text(&stamp, &clock, offset)),
        None => Err(Fault::Problem(codes::NO_OFFSET)),
    }
}

fn offset(stamp: &TimeStamp<'_>, around: Surroundings<'_>) -> Option<Offset> {
    stamp.offset_within(around.message_offset, around.context.zone.as_ref())
}

fn instant_text(stamp: &TimeStamp<'_>, clock: &ClockTime<'_>, offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let away = minutes.unsigned_abs();
    let mut text = date_text(stamp);
    text.push('T');
    push_clock(clock, &mut text);
    text.push(if minutes < 0 { '-' } else { '+' });
    push_pair(&mut text, away / 60);
    text.push(':');
    push_pair(&mut text, away % 60);
    text
}

/// Appends a number below 100 with two digits.
fn push_pair(text: &mut String, number: u32) {
    text.extend(char::from_digit(number / 10 % 10, 10));
    text.extend(char::from_digit(number % 10, 10));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::RunContext;
    use isthmus_core::clock::Timestamp;
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    fn read(text: &str, zone: Option<&str>, message: Option<i8>) -> (String, bool) {
        let mut context = RunContext::new(Timestamp::from_unix_millis(0));
        context.zone = zone.map(|name| TimeZone::get(name).unwrap());
        let message_offset = message.map(Offset::constant);
        let around = Surroundings {
            context: &context,
            message_offset,
        };
        let given = Given {
            text: "",
            space: Uuid::nil(),
            number: 0,
            table: None,
        };
        let outcome = datetime(&text.into(), given, around).unwrap();
        (outcome.value.into_owned(), outcome.warning.is_some())
    }

    #[test]
    fn offsets_come_from_value_message_or_zone_and_are_never_invented() {
        let zone = Some("America/New_York");
        let plain = |text: &str| (text.to_owned(), false);
        assert_eq!(read("20260715", zone, None), plain("2026-07-15"));
        assert_eq!(
            read("202607151230+0200", zone, Some(-5)),
            plain("2026-07-15T12:30:00+02:00")
        );
        assert_eq!(
            read("202607151230", zone, Some(-5)),
            plain("2026-07-15T12:30:00-05:00")
        );
        assert_eq!(
            read("202607151230", zone, None),
            plain("2026-07-15T12:30:00-04:00")
        );
        assert_eq!(
            read("20260115123045.25", zone, None),
            plain("2026-01-15T12:30:45.25-05:00")
        );
        assert_eq!(
            read("202607151230", None, None),
            ("2026-07-15".to_owned(), true)
        );
    }
}
