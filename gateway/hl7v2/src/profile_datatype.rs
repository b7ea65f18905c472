//! Whether the value of a field is of its datatype: dates, times and numbers at any depth. What
//! such values are is in `value`; texts and codes are of their datatype whatever they say.

use std::borrow::Cow;

use crate::dictionary::Version;
use crate::field::Repetition;
use crate::value::numeric::Numeric;
use crate::value::time_stamp::{ClockTime, Precision, TimeStamp};

/// A place inside a repetition whose value is not of its datatype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongType {
    /// The component, from 1; none for the whole.
    pub(crate) component: Option<u16>,
    /// The subcomponent, from 1.
    pub(crate) subcomponent: Option<u16>,
    /// The datatype that it should be of.
    pub(crate) datatype: &'static str,
}

/// The first place of a repetition that is not as its datatype asks.
pub(crate) fn wrong_type(
    version: &Version,
    datatype: &'static str,
    repetition: Repetition<'_>,
) -> Option<WrongType> {
    let wrong = |component, subcomponent, datatype| WrongType {
        component,
        subcomponent,
        datatype,
    };
    let Some(outer) = composite(version, datatype) else {
        let text = repetition.component(1).subcomponent(1).value();
        return (!fits(datatype, text)).then(|| wrong(None, None, datatype));
    };
    for (number, component) in (1_u16..).zip(repetition.components()) {
        let Some(of) = outer.component(number).and_then(|one| one.datatype) else {
            continue;
        };
        let Some(inner) = composite(version, of) else {
            if !fits(of, component.subcomponent(1).value()) {
                return Some(wrong(Some(number), None, of));
            }
            continue;
        };
        for (place, subcomponent) in (1_u16..).zip(component.subcomponents()) {
            let of = inner.component(place).and_then(|one| one.datatype);
            if let Some(of) = of.filter(|of| !fits(of, subcomponent.value())) {
                return Some(wrong(Some(number), Some(place), of));
            }
        }
    }
    None
}

/// The same for a component, whose parts are subcomponents.
pub(crate) fn wrong_component(
    version: &Version,
    datatype: &'static str,
    component: crate::field::Component<'_>,
) -> Option<WrongType> {
    let wrong = |subcomponent, datatype| WrongType {
        component: None,
        subcomponent,
        datatype,
    };
    let Some(outer) = composite(version, datatype) else {
        let text = component.subcomponent(1).value();
        return (!fits(datatype, text)).then(|| wrong(None, datatype));
    };
    for (number, subcomponent) in (1_u16..).zip(component.subcomponents()) {
        let of = outer.component(number).and_then(|one| one.datatype);
        if let Some(of) = of.filter(|of| !fits(of, subcomponent.value())) {
            return Some(wrong(Some(number), of));
        }
    }
    None
}

/// The datatypes without components that say how a value is written.
const LOOKED_INTO: [&str; 6] = ["DT", "DTM", "NM", "SI", "TM", "TS"];

/// A datatype of that name whose values are looked into.
pub(crate) fn looked_into(name: &str) -> Option<&'static str> {
    LOOKED_INTO.into_iter().find(|known| *known == name)
}

/// Whether a subcomponent's text is of this datatype; of one with components, its first.
pub(crate) fn fits(datatype: &str, text: Option<Cow<'_, str>>) -> bool {
    let Some(text) = text else {
        return true;
    };
    match datatype {
        "DTM" | "TS" => TimeStamp::read(&text).is_some(),
        "DT" => TimeStamp::read(&text).is_some_and(|one| one.precision() <= Precision::Day),
        "TM" => ClockTime::read(&text).is_some(),
        "NM" => Numeric::read(&text).is_some(),
        "SI" => !text.is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit()),
        _ => true,
    }
}

/// The components of a datatype; a time stamp counts as one value, its precision being history.
fn composite<'v>(
    version: &'v Version,
    datatype: &str,
) -> Option<&'v crate::definition::DatatypeDefinition> {
    version.datatype(datatype).filter(|_| datatype != "TS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_numbers_are_told_from_text() {
        for (datatype, text, is_one) in [
            ("DTM", "20240229", true),
            ("DTM", "20230229", false),
            ("TS", "202402291530-0500", true),
            ("DT", "20240229", true),
            ("DT", "202402291530", false),
            ("TM", "1530", true),
            ("TM", "2530", false),
            ("NM", "-1.50", true),
            ("NM", "<15", false),
            ("SI", "1", true),
            ("SI", "-1", false),
            ("ST", "whatever", true),
        ] {
            let fits = fits(datatype, Some(Cow::Borrowed(text)));
            assert_eq!(fits, is_one, "{datatype} {text}");
        }
        assert!(fits("NM", None));
    }
}
