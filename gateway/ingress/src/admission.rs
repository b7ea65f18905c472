//! Admission: whether the bytes of one frame may go to the store, in whose name and under which
//! ids. Reading the socket is done in `mllp_session`, the answer in `acknowledgement`.

use std::sync::Arc;

use bytes::Bytes;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::phi::Phi;
use isthmus_core::refusal::Reason;
use isthmus_core::subject::subject_of;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::acknowledgement_table::NotMapped;
use crate::authority_check::foreign_identifier;
use crate::origin::Origin;
use crate::recognition::{Recognised, recognise};
use crate::rejection::Rejection;
use crate::seams::Seams;
use crate::sender::Sender;

/// Characters in the longest control id (MSH-10: 20 up to version 2.6, 199 from 2.7 on).
const CONTROL_ID_MAX: usize = 199;

/// A frame, looked at.
#[derive(Debug)]
pub(crate) struct Admission {
    /// To whom the answer goes.
    pub(crate) origin: Origin,
    /// What goes to the store, or why not.
    pub(crate) verdict: Result<Envelope<RawMessage>, Rejection>,
}

/// Looks at the bytes of one frame that came from a peer which may be these senders.
pub(crate) fn admit(raw: Bytes, candidates: &[Arc<Sender>], seams: &Seams) -> Admission {
    let Recognised {
        sender,
        message,
        charset,
    } = match recognise(&raw, candidates, seams) {
        Ok(recognised) => recognised,
        Err(rejection) => {
            let origin = Origin::unrecognised(&raw, candidates);
            return Admission {
                origin,
                verdict: Err(rejection),
            };
        }
    };
    let origin = Origin::recognised(&message, &sender, charset);
    let verdict =
        check(&message, &origin, &sender, seams).map(|()| envelope(raw, &message, &sender, seams));
    Admission { origin, verdict }
}

/// What a recognised sender may not send, and what cannot be acknowledged.
fn check(
    message: &Message,
    origin: &Origin,
    sender: &Sender,
    seams: &Seams,
) -> Result<(), Rejection> {
    let place = |field| Location::segment(SegmentName::MSH, 1).field(field);
    let Some(header) = origin.header.as_ref().and_then(Header::of) else {
        let header = Location::segment(SegmentName::MSH, 1);
        return Err(Rejection::at(Reason::Unreadable, header));
    };
    let control_id = header.control_id();
    if control_id.is_empty() || control_id.chars().count() > CONTROL_ID_MAX {
        return Err(Rejection::at(Reason::Unreadable, place(10)));
    }
    let (code, event) = (header.message_type(), header.event());
    if !sender.may_send(&code, &event) {
        return Err(refused(sender, Reason::Unauthorised, place(9)));
    }
    if sender.acknowledge.not_mapped != NotMapped::Accept && !(seams.mapped)(&code, &event) {
        return Err(refused(sender, Reason::NotMapped, place(9)));
    }
    match foreign_identifier(message, &sender.authorities) {
        Some(location) => Err(refused(sender, Reason::Unauthorised, location)),
        None => Ok(()),
    }
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

fn envelope(raw: Bytes, message: &Message, sender: &Sender, seams: &Seams) -> Envelope<RawMessage> {
    let control_id = message.segment(0).map(|header| header.field(10).raw());
    let control_id = control_id.unwrap_or_default().as_bytes();
    let subject = subject_of(message, &sender.default_authority);
    Envelope {
        id: seams.digester.message(&sender.id, control_id, &raw),
        sender: sender.id.clone(),
        received_at: seams.clock.now(),
        subject: subject.map(|identifier| seams.digester.subject(&identifier)),
        body: RawMessage {
            control_id: seams.digester.control_id(&sender.id, control_id),
            bytes: Phi::new(raw),
        },
    }
}
