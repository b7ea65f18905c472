//! `Location`, a place in a message as errors, reports and ERR segments name it.
//! Paths that select places by rule are in `path`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::path::{Hl7Path, Selector};
use crate::segment_name::SegmentName;

/// A place in one message.
///
/// `Display` writes it as a path does, with 0-based brackets and 1-based numbers: `PID-5[1].2` is
/// component 2 of the second repetition of PID-5; `OBX[2]-5` is field 5 of the third OBX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The segment's name.
    pub segment: SegmentName,
    /// Which of the segments of that name in the message, counted from 1.
    pub occurrence: u32,
    /// The field, counted from 1.
    pub field: Option<u16>,
    /// The repetition of the field, counted from 0.
    pub repetition: Option<u16>,
    /// The component, counted from 1.
    pub component: Option<u16>,
    /// The subcomponent, counted from 1.
    pub subcomponent: Option<u16>,
}

impl Location {
    /// The segment as a whole; `occurrence` counts from 1.
    pub fn segment(segment: SegmentName, occurrence: u32) -> Self {
        Self {
            segment,
            occurrence,
            field: None,
            repetition: None,
            component: None,
            subcomponent: None,
        }
    }

    /// The same segment, at field `number` (from 1).
    #[must_use]
    pub fn field(mut self, number: u16) -> Self {
        self.field = Some(number);
        self
    }

    /// The same field, at repetition `index` (from 0).
    #[must_use]
    pub fn repetition(mut self, index: u16) -> Self {
        self.repetition = Some(index);
        self
    }

    /// The same repetition, at component `number` (from 1).
    #[must_use]
    pub fn component(mut self, number: u16) -> Self {
        self.component = Some(number);
        self
    }

    /// The same component, at subcomponent `number` (from 1).
    #[must_use]
    pub fn subcomponent(mut self, number: u16) -> Self {
        self.subcomponent = Some(number);
        self
    }

    /// The one place that a path names; none when it goes through groups, or picks by a key, each,
    /// or from one on.
    pub fn of_path(path: &Hl7Path) -> Option<Self> {
        let index = |selector: &Option<Selector>| match selector {
            None => Some(None),
            Some(Selector::Index(index)) => Some(Some(*index)),
            Some(Selector::Each | Selector::From(_) | Selector::Keys(_)) => None,
        };
        if !path.groups.is_empty() {
            return None;
        }
        let occurrence = index(&path.segment.selector)?.unwrap_or_default();
        let mut place = Self::segment(path.segment.name, u32::from(occurrence).saturating_add(1));
        if let Some(field) = &path.field {
            place.field = Some(field.number);
            place.repetition = index(&field.selector)?;
        }
        if let Some(component) = &path.component {
            place.component = Some(component.component);
            place.subcomponent = component.subcomponent;
        }
        Some(place)
    }

    /// The parts of an ERL in order, from the segment's name on: all counted from 1, cut off after
    /// the last known one (HL7 v2.5.1 chapter 2A, section 2.A.28).
    pub(crate) fn error_location(&self) -> Vec<String> {
        let repetition = self.repetition.map(|index| index.saturating_add(1));
        let numbers = [self.field, repetition, self.component, self.subcomponent];
        let known = numbers
            .iter()
            .rposition(Option::is_some)
            .map_or(0, |last| last + 1);
        let mut parts = vec![self.segment.to_string(), self.occurrence.to_string()];
        parts.extend(numbers.iter().take(known).map(|number| match number {
            Some(number) => number.to_string(),
            None => String::from("1"),
        }));
        parts
    }
}

/// Reads what `Display` writes. What names no single place, such as a path through groups, is none.
impl FromStr for Location {
    type Err = NoLocation;

    fn from_str(text: &str) -> Result<Self, NoLocation> {
        let path = Hl7Path::parse(text).map_err(|_path| NoLocation)?;
        Self::of_path(&path).ok_or(NoLocation)
    }
}

/// A text that names no single place of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a place in a message; write one such as PID-5[1].2")]
pub struct NoLocation;

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.segment)?;
        if self.occurrence > 1 {
            write!(f, "[{}]", self.occurrence.saturating_sub(1))?;
        }
        let Some(field) = self.field else {
            return Ok(());
        };
        write!(f, "-{field}")?;
        if let Some(repetition) = self.repetition {
            write!(f, "[{repetition}]")?;
        }
        if let Some(component) = self.component {
            write!(f, ".{component}")?;
        }
        if let Some(subcomponent) = self.subcomponent {
            write!(f, ".{subcomponent}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_reads_like_a_path_and_like_an_erl() {
        let name = SegmentName::new(b"PID").unwrap();
        let place = Location::segment(name, 1)
            .field(5)
            .repetition(1)
            .component(2);
        assert_eq!(place.to_string(), "PID-5[1].2");
        assert_eq!(place.error_location(), ["PID", "1", "5", "2", "2"]);
        let third = Location::segment(name, 3).field(5);
        assert_eq!(third.to_string(), "PID[2]-5");
        assert_eq!(third.error_location(), ["PID", "3", "5"]);
    }

    #[test]
    fn a_location_is_read_from_the_text_that_it_writes() {
        let numbers = [None, Some(0), Some(1), Some(7), Some(41)];
        let segment = |occurrence| Location::segment(SegmentName::new(b"OBX").unwrap(), occurrence);
        let mut places = vec![segment(1), segment(2), segment(12)];
        for place in places.clone() {
            for repetition in numbers {
                for component in numbers {
                    for subcomponent in numbers {
                        places.push(Location {
                            field: Some(5),
                            repetition,
                            component: component.filter(|number| *number > 0),
                            subcomponent: subcomponent
                                .filter(|number| *number > 0 && component > Some(0)),
                            ..place
                        });
                    }
                }
            }
        }
        for place in places {
            assert_eq!(place.to_string().parse(), Ok(place), "{place}");
        }
        for none in [
            "",
            "PATIENT/PID-5",
            "PID-5[*]",
            "pid-5",
            "name",
            "PID-5.",
            "MSH-0",
        ] {
            assert_eq!(none.parse::<Location>(), Err(NoLocation), "{none}");
        }
    }
}
