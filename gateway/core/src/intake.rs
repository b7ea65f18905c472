//! `Intake`, the seam between a listener and the journal; what a sender is told follows from its
//! answer and nothing else.

use crate::envelope::{Envelope, RawMessage};
use crate::future::BoxFuture;
use crate::id::{SenderId, Sequence};
use crate::link::{Expected, LinkOrder, LinkState};
use crate::refusal::Refusal;

/// The message is on stable storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its place in the journal; for a repeat, the place of the first.
    pub sequence: Sequence,
    /// It was accepted before, with the same content; nothing happens twice.
    pub repeat: bool,
    /// The sender used this control id before, for other content.
    pub control_id_reused: bool,
}

/// What became of a message with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// It is on stable storage, and so is its number; or both were before.
    Accepted(Accepted),
    /// Its number is not the one that is expected; nothing of it is stored.
    NotExpected(Expected),
}

/// Takes messages in.
pub trait Intake: Send + Sync {
    /// Returns `Ok` only after the message is synced to stable storage: a positive
    /// acknowledgement may follow it, and may follow nothing else.
    fn accept(&self, message: Envelope<RawMessage>) -> BoxFuture<'_, Result<Accepted, Refusal>>;

    /// The same for a message whose sender numbers its messages: its number must be the one that
    /// follows the last accepted, and is stored together with it. A repeat of an accepted message
    /// is accepted whatever is expected.
    fn accept_numbered(
        &self,
        message: Envelope<RawMessage>,
        number: u64,
    ) -> BoxFuture<'_, Result<Numbered, Refusal>>;

    /// Carries out an order on a sender's link; returns only after it is on stable storage.
    fn link(&self, sender: SenderId, order: LinkOrder)
    -> BoxFuture<'_, Result<LinkState, Refusal>>;
}
