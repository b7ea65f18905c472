//! `ApplicationAnswers`, the seam between the forward loop and whoever words what a sender is told
//! of the content of its message, and `OwedAnswers`, what of that has not been heard yet.

use crate::application_answer::{AnswerPlace, ApplicationAnswer};
use crate::clock::Timestamp;
use crate::envelope::{Envelope, RawMessage};
use crate::future::BoxFuture;
use crate::id::{MessageId, SenderId};
use crate::journal::{JournalError, Outcome};
use crate::key_ring::KeyError;
use crate::phi::Phi;

/// Makes the application acknowledgement of a message from what became of it.
pub trait ApplicationAnswers: Send + Sync {
    /// The finished answer, or none where the message's header asks for none. Asked for every
    /// message that is concluded, so it has to be cheap for those that ask for none.
    fn answer(
        &self,
        message: &Envelope<RawMessage>,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Option<ApplicationAnswer>;
}

/// An answer that a sender has not heard yet.
#[derive(Debug)]
pub struct OwedAnswer {
    /// Its place.
    pub place: AnswerPlace,
    /// The message that it answers.
    pub message: MessageId,
    /// MSH-10 of the answer.
    pub control_id: String,
    /// Whether it asks for an accept acknowledgement.
    pub accept: bool,
    /// Since when it is owed.
    pub since: Timestamp,
    /// The answer, or why it cannot be opened.
    pub bytes: Result<Phi<Vec<u8>>, KeyError>,
}

/// Reads what senders are still owed. What was heard is struck with
/// [`crate::journal::Unit::Acknowledged`].
pub trait OwedAnswers: Send + Sync {
    /// The senders that are owed something. Blocking: a few reads.
    fn senders(&self) -> Result<Vec<SenderId>, JournalError>;

    /// What a sender is owed behind this place, in order, up to `limit`. Blocking: a page is one
    /// read.
    fn page(
        &self,
        sender: &SenderId,
        after: AnswerPlace,
        limit: usize,
    ) -> Result<Vec<OwedAnswer>, JournalError>;

    /// Completes when an answer came to be owed after this was called, or at once when one did
    /// since [`OwedAnswers::senders`] was last read.
    fn arrived(&self) -> BoxFuture<'_, ()>;
}
