//! Whether a message identifies patients only by authorities that its sender may name.
//! Which identifier tells the patient is decided in `isthmus_core::subject`.

use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::value::identifier::Identifier;

use crate::sender::Authorities;

/// The first identifier of a patient that names an authority which is not admitted: a repetition
/// of PID-3 in any PID, or of MRG-1 in any MRG (an identifier that is merged away is claimed, too).
/// Identifiers that name none count as the default authority's.
pub(crate) fn foreign_identifier(message: &Message, authorities: &Authorities) -> Option<Location> {
    if *authorities == Authorities::Any {
        return None;
    }
    let (mut persons, mut merges) = (0, 0);
    for segment in message.segments() {
        let (field, occurrence): (u16, &mut u32) = match segment.name().as_str() {
            "PID" => (3, &mut persons),
            "MRG" => (1, &mut merges),
            _ => continue,
        };
        *occurrence = occurrence.saturating_add(1);
        let identifiers = segment.field(field.into()).repetitions();
        for (repetition, identifier) in (0_u16..).zip(identifiers) {
            let authority = Identifier::from(identifier).assigning_authority().name();
            if authority.is_some_and(|name| !authorities.admit(&name)) {
                let place = Location::segment(segment.name(), *occurrence);
                return Some(place.field(field).repetition(repetition).component(4));
            }
        }
    }
    None
}
