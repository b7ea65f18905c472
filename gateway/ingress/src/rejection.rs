//! `Rejection`, a refusal together with its place in the form that an ERR segment needs.
//! Which code the sender gets for it is in `acknowledgement_table`.

use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::location::Location;

/// A refusal of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The refusal.
    pub refusal: Refusal,
    /// Where in the message, when the place is known.
    pub location: Option<Location>,
}

impl Rejection {
    /// A refusal that the sender is told of, with its place.
    pub fn at(reason: Reason, location: Location) -> Self {
        let refusal = Refusal::reject(reason).at(location.to_string());
        Self {
            refusal,
            location: Some(location),
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            location: None,
        }
    }
}
