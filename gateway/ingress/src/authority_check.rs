//! Whether a message identifies patients only by authorities that its sender may name.
//! Which identifier tells the patient is decided in `isthmus_core::subject`.

use isthmus_hl7v2::field::Repetition;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;

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
            if !admitted(&identifier, authorities) {
                let place = Location::segment(segment.name(), *occurrence);
                return Some(place.field(field).repetition(repetition).component(4));
            }
        }
    }
    None
}

/// CX component 4 is an HD: namespace id, universal id, type of the universal id (HL7 v2.5.1
/// chapter 2A, sections 2.A.14 and 2.A.33).
fn admitted(identifier: &Repetition<'_>, authorities: &Authorities) -> bool {
    let authority = identifier.component(4);
    let namespace = authority.subcomponent(1).value().unwrap_or_default();
    let universal = authority.subcomponent(2).value().unwrap_or_default();
    match (namespace.as_ref(), universal.as_ref()) {
        ("", "") => true,
        ("", universal) => authorities.admit(universal),
        (namespace, _) => authorities.admit(namespace),
    }
}
