//! `Question`, a frame or body that came in whole: a message or a batch of them, on its way to the
//! store. In which order they are answered is decided in `answer_window`.

use bytes::Bytes;
use isthmus_hl7v2::batch::is_enveloped;

use crate::admission::{Admission, admit};
use crate::batch_work::BatchWork;
use crate::fate::Fate;
use crate::origin::Origin;
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
        let fate = Fate::of(verdict, seams.intake.as_ref());
        Self::Message { origin, fate }
    }

    /// Whether all of it is decided.
    pub(crate) fn is_decided(&self) -> bool {
        match self {
            Self::Message { fate, .. } => matches!(fate, Fate::Decided(_)),
            Self::Batch(work) => work.is_decided(),
        }
    }
}
