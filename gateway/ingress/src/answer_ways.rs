//! `AnswerWays`, the seam between what a sender is owed and the lines on which it can be told: the
//! connections that it opened and the address that is configured for it. When it is told again is
//! decided in `answer_loop`.

use isthmus_core::future::BoxFuture;
use isthmus_core::id::{MessageId, SenderId};
use isthmus_core::phi::Phi;

/// An answer on its way.
#[derive(Debug, Clone)]
pub struct Telling {
    /// The message that it answers.
    pub message: MessageId,
    /// MSH-10 of the answer, which the sender's own acknowledgement names.
    pub control_id: String,
    /// Whether it asks for one.
    pub accept: bool,
    /// The answer, without a frame.
    pub bytes: Phi<Vec<u8>>,
}

/// What came of telling a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It has the answer: it said so, or was not asked to and the bytes were written.
    Heard,
    /// It will not have it (`CR`): the same answer would be refused again.
    Refused,
    /// It has to be told again: nothing is open, the line broke, nothing came, or `CE` did.
    NotNow,
}

/// Tells senders.
pub trait AnswerWays: Send + Sync {
    /// Whether there is any way to a sender now.
    fn is_open(&self, sender: &SenderId) -> bool;

    /// Completes when a way to a sender opened after this was called; it may never.
    fn opened<'a>(&'a self, sender: &'a SenderId) -> BoxFuture<'a, ()>;

    /// Tells a sender all of these; what came of each, in their order.
    fn tell<'a>(&'a self, sender: &'a SenderId, answers: Vec<Telling>) -> BoxFuture<'a, Vec<Told>>;

    /// Nothing more is to be told to a sender for a while; lines to it that we opened may close.
    fn rest(&self, sender: &SenderId);
}
