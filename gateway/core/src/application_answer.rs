//! `ApplicationAnswer`, what a sender is told of the content of its message. Who words it and who
//! reads what is owed is in `application_answers`.

use crate::id::{MessageId, SenderId};
use crate::phi::Phi;

/// An application acknowledgement, finished; it is owed to its sender from the commit of the
/// outcome on.
#[derive(Debug, Clone)]
pub struct ApplicationAnswer {
    /// Whose message it answers.
    pub sender: SenderId,
    /// The message.
    pub message: MessageId,
    /// MSH-10 of the answer, the gateway's own; the same however often it is sent.
    pub control_id: String,
    /// Whether it asks for an accept acknowledgement (MSH-15 `AL`): it is owed until that comes.
    pub accept: bool,
    /// The answer, in the sender's charset and without a frame. It echoes the sender's header.
    pub bytes: Phi<Vec<u8>>,
}

/// The place of an answer among those that are owed: later ones have higher places, and none is
/// given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerPlace(pub u64);
