//! Admission: whether the bytes of one frame may go to the store, in whose name and under which
//! ids. Reading the socket is done in `mllp_session`, the answer in `acknowledgement`.

use bytes::Bytes;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::SenderId;
use isthmus_core::link::LinkOrder;
use isthmus_core::phi::Phi;
use isthmus_core::subject::subject_of;
use isthmus_hl7v2::message::Message;

use crate::entitlement::{check_control_id, check_entitlement};
use crate::numbering::{Numbering, numbering};
use crate::origin::Origin;
use crate::recognition::{Recognised, recognise};
use crate::rejection::Rejection;
use crate::seams::Seams;
use crate::sender::Sender;
use crate::standing::Standing;

/// A frame, looked at.
#[derive(Debug)]
pub(crate) struct Admission {
    /// To whom the answer goes.
    pub(crate) origin: Origin,
    /// What goes to the store, or why not.
    pub(crate) verdict: Result<Admitted, Rejection>,
}

/// What goes to the store.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// A message.
    Message(Envelope<RawMessage>),
    /// A message with the number that its sender gave it.
    Numbered(Envelope<RawMessage>, u64),
    /// What a sender asks of its link.
    Order(SenderId, LinkOrder),
}

/// Looks at the bytes of one frame that came from a peer of this standing.
pub(crate) fn admit(raw: Bytes, standing: &Standing, seams: &Seams) -> Admission {
    let Recognised {
        sender,
        message,
        replaced,
    } = match recognise(&raw, standing) {
        Ok(recognised) => recognised,
        Err(rejection) => {
            let origin = Origin::unrecognised(&raw, &standing.candidates);
            return Admission {
                origin,
                verdict: Err(rejection),
            };
        }
    };
    if replaced > 0 {
        tracing::warn!(
            sender = %sender.id,
            replaced,
            "bytes of a message that are not of its charset were replaced"
        );
        seams.counters.charset_replaced.one();
    }
    let origin = Origin::recognised(&message, &sender);
    let mapped = standing.terms.mapped.as_ref();
    let counters = &seams.counters;
    let entitled = || check_entitlement(&message, &origin, &sender, mapped, counters);
    let envelope = || envelope(raw, &message, &sender, seams);
    let numbering = sender.sequence_numbers.then(|| numbering(&message));
    let verdict = match numbering.transpose() {
        Ok(None) => entitled().map(|()| Admitted::Message(envelope())),
        Ok(Some(Numbering::Number(number))) => {
            entitled().map(|()| Admitted::Numbered(envelope(), number))
        }
        // It has no content, so there is nothing that it could be entitled to.
        Ok(Some(Numbering::Order(order))) => {
            check_control_id(&origin).map(|()| Admitted::Order(sender.id.clone(), order))
        }
        Err(rejection) => Err(rejection),
    };
    Admission { origin, verdict }
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
