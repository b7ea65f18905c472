//! How a granted value is made coarser before anything else sees it; which coarsening fits which
//! element is checked in `allow_row`.

use crate::privacy::closed_list::closed_list;
use crate::privacy::policy_text::{Complaints, Placed, PolicyTable};

closed_list! {
    /// What is done to a granted value.
    Coarsening {
        /// Nothing; a date must still be a date.
        None = "none",
        /// A date to its year, `1980`.
        Year = "year",
        /// A date to its month, `1980-05`; a year stays a year.
        Month = "month",
        /// A United States postal code to its first three digits, `000` where few people live.
        Zip3 = "zip3",
        /// An address to its state and country.
        State = "state",
    }
    not enforced "age-band" "date-shift" "keyed-pseudonym" "random-pseudonym" "map" "constant"
        "count" "exists"
}

/// The coarsening that an allow row states; none is stated by leaving the key out.
pub(in crate::privacy) fn stated(
    table: &PolicyTable<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<Placed<Coarsening>> {
    if table.has("coarsen") {
        return table.listed("coarsen", complaints);
    }
    let (value, span) = (Coarsening::None, table.span);
    Some(Placed { value, span })
}

/// The first three digits of the postal codes of areas where at most 20,000 people live (45 CFR
/// 164.514(b)(2)(i)(B)): those of the 2000 census together with those of newer lists, which is the
/// cautious side.
const FEW_PEOPLE: &[&str] = &[
    "036", "059", "063", "102", "203", "205", "369", "556", "692", "790", "821", "823", "830",
    "831", "878", "879", "884", "890", "893",
];

/// What shows instead of them.
const FEW_PEOPLE_MASK: &str = "000";

/// The first three digits of a postal code of five or nine digits; None for anything else.
pub(in crate::privacy) fn zip3(text: &str) -> Option<&str> {
    let text = text.trim();
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (five, rest) = text.split_at_checked(5)?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let whole = all_digits(five) && all_digits(rest) && matches!(rest.len(), 0 | 4);
    let (three, _) = five.split_at_checked(3)?;
    let few = FEW_PEOPLE.binary_search(&three).is_ok();
    whole.then_some(if few { FEW_PEOPLE_MASK } else { three })
}

/// The year of a FHIR date; None when the text is not one.
pub(in crate::privacy) fn year(text: &str) -> Option<&str> {
    is_date(text).then(|| text.get(..4)).flatten()
}

/// The year and month of a FHIR date, or the year alone; None when the text is not one.
pub(in crate::privacy) fn month(text: &str) -> Option<&str> {
    is_date(text)
        .then(|| text.get(..text.len().min(7)))
        .flatten()
}

/// Whether the text is a date, dateTime or instant as FHIR writes them (R4, 2.24.0.1,
/// <https://hl7.org/fhir/R4/datatypes.html>): a year, a month, a day that the calendar has, or
/// a day and a time of day.
pub(in crate::privacy) fn is_date(text: &str) -> bool {
    let (day, time) = text
        .split_once('T')
        .map_or((text, None), |(day, time)| (day, Some(time)));
    let mut parts = day.split('-');
    let year = digits::<4>(parts.next()).and_then(|year| i16::try_from(year).ok());
    let (month, day) = (parts.next(), parts.next());
    let narrow = |part: Option<&str>| digits::<2>(part).and_then(|part| i8::try_from(part).ok());
    let in_calendar = match (year, month, day) {
        (Some(_), None, None) => true,
        (Some(_), Some(_), None) => narrow(month).is_some_and(|month| (1..=12).contains(&month)),
        (Some(year), Some(_), Some(_)) => narrow(month)
            .zip(narrow(day))
            .is_some_and(|(month, day)| jiff::civil::Date::new(year, month, day).is_ok()),
        (None, _, _) | (_, None, Some(_)) => false,
    };
    in_calendar && parts.next().is_none() && time.is_none_or(|time| day.is_some() && is_time(time))
}

/// Whether the text is a time of day, with a zone or without.
pub(in crate::privacy) fn is_time(text: &str) -> bool {
    let (clock, zone) = text
        .find(['Z', '+', '-'])
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""));
    let (seconds, fraction) = clock.split_once('.').map_or((clock, "0"), |parts| parts);
    let zone = zone
        .strip_prefix(['+', '-'])
        .map_or(zone.is_empty() || zone == "Z", is_clock);
    let fraction_fits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    zone && fraction_fits && is_clock(seconds)
}

/// `hh:mm` or `hh:mm:ss`.
fn is_clock(text: &str) -> bool {
    let mut parts = text.split(':');
    let mut below = |limit| digits::<2>(parts.next()).is_some_and(|part| part < limit);
    let hour_and_minute = below(24) && below(60);
    let second = parts.next();
    let second_fits = second.is_none() || digits::<2>(second).is_some_and(|part| part <= 60);
    hour_and_minute && second_fits && parts.next().is_none()
}

/// The number that exactly `N` digits write.
fn digits<const N: usize>(text: Option<&str>) -> Option<u16> {
    let text = text.filter(|text| text.len() == N && text.bytes().all(|b| b.is_ascii_digit()))?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_their_leading_part() {
        assert_eq!(year("1980-05-17"), Some("1980"));
        assert_eq!(month("1980-05-17T10:00:00.5+02:00"), Some("1980-05"));
        assert_eq!(month("1980"), Some("1980"));
        for wrong in [
            "",
            "80",
            "1980-13",
            "1980-02-30",
            "17/05/1980",
            "1980-05T10:00",
            "1980-5",
        ] {
            assert_eq!(year(wrong), None, "{wrong}");
        }
        for wrong in [
            "1980-05-17Tx",
            "1980-05-17T10",
            "1980-05-17T25:00:00Z",
            "1980-05-17-01",
        ] {
            assert_eq!(month(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn postal_codes_keep_three_digits_unless_few_people_live_there() {
        assert_eq!(zip3("02139"), Some("021"));
        assert_eq!(zip3(" 90210-1234 "), Some("902"));
        assert_eq!(zip3("05901"), Some("000"));
        assert_eq!(zip3("369011234"), Some("000"));
        for wrong in [
            "K1A 0B1", "9021", "", "9021O", "902101", "90210-12", "é0210",
        ] {
            assert_eq!(zip3(wrong), None, "{wrong}");
        }
        assert!(FEW_PEOPLE.is_sorted());
    }
}
