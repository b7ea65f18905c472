//! `Intake`, the seam between a listener and the journal; what a sender is told follows from its
//! answer and nothing else.

use crate::envelope::{Envelope, RawMessage};
use crate::future::BoxFuture;
use crate::id::Sequence;
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

/// Takes messages in.
pub trait Intake: Send + Sync {
    /// Returns `Ok` only after the message is synced to stable storage: a positive
    /// acknowledgement may follow it, and may follow nothing else.
    fn accept(&self, message: Envelope<RawMessage>) -> BoxFuture<'_, Result<Accepted, Refusal>>;
}
