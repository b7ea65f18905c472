//! What a recognised sender may send, what it is held to, and what cannot be acknowledged at all.
//! Who the sender is, is found in `recognition`.

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::acknowledgement_table::NotMapped;
use crate::authority_check::foreign_identifier;
use crate::counters::Counters;
use crate::origin::Origin;
use crate::profile_check::check_profile;
use crate::rejection::Rejection;
use crate::sender::Sender;
use crate::terms::Mapped;

/// Characters in the longest control id (MSH-10: 20 up to version 2.6, 199 from 2.7 on).
const CONTROL_ID_MAX: usize = 199;

/// Checks control id, type and event, the authorities of the patient's identifiers, and what the
/// sender's profile asks.
pub(crate) fn check_entitlement(
    message: &Message,
    origin: &Origin,
    sender: &Sender,
    mapped: &Mapped,
    counters: &Counters,
) -> Result<(), Rejection> {
    let place = |field| Location::segment(SegmentName::MSH, 1).field(field);
    let Some(header) = origin.header.as_ref().and_then(Header::of) else {
        let header = Location::segment(SegmentName::MSH, 1);
        return Err(Rejection::at(Reason::Unreadable, header));
    };
    check_control_id(origin)?;
    let (code, event) = (header.message_type(), header.event());
    if !sender.may_send(&code, &event) {
        return Err(refused(sender, Reason::Unauthorised, place(9)));
    }
    if sender.acknowledge.not_mapped != NotMapped::Accept && !mapped(&sender.id, &code, &event) {
        return Err(refused(sender, Reason::NotMapped, place(9)));
    }
    match foreign_identifier(message, &sender.authorities) {
        Some(location) => Err(refused(sender, Reason::Unauthorised, location)),
        None => check_profile(message, sender, counters),
    }
}

/// Checks that there is a control id to answer to, and that it could be read whole.
pub(crate) fn check_control_id(origin: &Origin) -> Result<(), Rejection> {
    let header = origin.header.as_ref().and_then(Header::of);
    let control_id = header.map(|header| header.control_id()).unwrap_or_default();
    let length = control_id.chars().count();
    let is_whole = !control_id.contains(char::REPLACEMENT_CHARACTER);
    if is_whole && (1..=CONTROL_ID_MAX).contains(&length) {
        return Ok(());
    }
    let place = Location::segment(SegmentName::MSH, 1).field(10);
    Err(Rejection::at(Reason::Unreadable, place))
}

fn refused(sender: &Sender, reason: Reason, location: Location) -> Rejection {
    tracing::warn!(
        sender = %sender.id,
        %location,
        %reason,
        "a message that its sender may not send was refused"
    );
    Rejection::at(reason, location)
}
