//! `Rejection`, a refusal together with its place in the form that an ERR segment needs.
//! Which code the sender gets for it is in `acknowledgement_table`.

use isthmus_core::link::Expected;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::error_condition::Condition;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::segment_name::SegmentName;

/// Where a message's sequence number stands.
pub(crate) fn sequence_number() -> Location {
    Location::segment(SegmentName::MSH, 1).field(13)
}

/// A refusal of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The refusal.
    pub refusal: Refusal,
    /// Where in the message, when the place is known.
    pub location: Option<Location>,
    /// The sequence number that is expected, when that is what it is refused for.
    pub expected: Option<Expected>,
    /// What the answer tells, when it is more than one condition at `location`.
    pub conditions: Vec<Condition>,
}

impl Rejection {
    /// A refusal that the sender is told of, with its place.
    pub fn at(reason: Reason, location: Location) -> Self {
        let refusal = Refusal::reject(reason).at(location.to_string());
        Self {
            refusal,
            location: Some(location),
            expected: None,
            conditions: Vec::new(),
        }
    }

    /// The refusal of a message that has not the expected number.
    pub(crate) fn not_expected(expected: Expected) -> Self {
        Self {
            expected: Some(expected),
            ..Self::at(Reason::OutOfSequence, sequence_number())
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            location: None,
            expected: None,
            conditions: Vec::new(),
        }
    }
}
