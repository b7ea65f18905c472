//! `Question`, a frame or body that came in whole: a message or a batch of them, on its way to the
//! store. In which order they are answered is decided in `answer_window`.

use bytes::Bytes;
use isthmus_core::id::MessageId;
use isthmus_core::refusal::Refusal;
use isthmus_hl7v2::batch::is_enveloped;

use crate::admission::{Admission, Admitted, admit};
use crate::batch_work::BatchWork;
use crate::fate::Fate;
use crate::origin::Origin;
use crate::raw_header::may_ask;
use crate::rejection::Rejection;
use crate::seams::Seams;
use crate::standing::Standing;

/// What came in.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are messages; a box each would cost more than the room"
)]
pub(crate) enum Question<'s> {
    /// A message.
    Message {
        /// Who sent it, as far as that is known.
        origin: Origin,
        /// What became of it.
        fate: Fate<'s>,
        /// Its id, when it may be answered a second time once it is known what became of its
        /// content.
        later: Option<MessageId>,
    },
    /// A batch of messages.
    Batch(Box<BatchWork<'s>>),
}

impl<'s> Question<'s> {
    /// Looks at what came from a peer of this standing. One that is bound to no sender is refused
    /// once, whatever it sends.
    pub(crate) fn of(text: Bytes, standing: &Standing, seams: &'s Seams) -> Self {
        if is_enveloped(&text) && !standing.is_unbound() {
            return Self::Batch(Box::new(BatchWork::of(text, standing, seams)));
        }
        let Admission { origin, verdict } = admit(text, standing, seams);
        let later = verdict.as_ref().ok().and_then(answered_later);
        let fate = Fate::of(verdict, seams.intake.as_ref());
        Self::Message {
            origin,
            fate,
            later,
        }
    }

    /// A message that is refused before it was looked at, of which this is the beginning.
    pub(crate) fn refused(start: &[u8], standing: &Standing, refusal: Refusal) -> Self {
        Self::Message {
            origin: Origin::unrecognised(start, &standing.candidates),
            fate: Fate::Decided(Err(Rejection::from(refusal))),
            later: None,
        }
    }

    /// Whether all of it is decided.
    pub(crate) fn is_decided(&self) -> bool {
        match self {
            Self::Message { fate, .. } => matches!(fate, Fate::Decided(_)),
            Self::Batch(work) => work.is_decided(),
        }
    }
}

/// The id of a message that may ask for an answer to its content.
fn answered_later(admitted: &Admitted) -> Option<MessageId> {
    match admitted {
        Admitted::Message(envelope) | Admitted::Numbered(envelope, _) => {
            may_ask(envelope.body.bytes.reveal()).then_some(envelope.id)
        }
        Admitted::Order(..) => None,
    }
}
