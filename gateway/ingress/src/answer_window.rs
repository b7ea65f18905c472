//! `AnswerWindow`, the messages of one connection that are on their way to the store: all of them
//! move on, their answers come out in the order in which they came in.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::task::{Context, Poll};

use isthmus_core::id::SenderId;
use tokio::sync::mpsc::Receiver;

use crate::budget::Share;
use crate::fate::Fate;
use crate::origin::Origin;
use crate::question::Question;
use crate::receipt::Receipt;
use crate::rejection::Rejection;

/// One frame that has not been answered yet.
pub(crate) struct Unanswered<'s> {
    /// What is on its way.
    pub(crate) question: Question<'s>,
    /// What it holds of the budgets until it is answered.
    #[expect(dead_code, reason = "held, not read")]
    pub(crate) shares: Vec<Share>,
    /// What it takes while it is in work, if it is large or a batch; given back when it is decided,
    /// or when a batch is answered.
    pub(crate) reading: Option<Share>,
}

/// One frame that can be answered now.
pub(crate) enum Decided {
    /// A message.
    Message {
        /// Who sent it, as far as that is known.
        origin: Origin,
        /// What became of it.
        outcome: Result<Receipt, Rejection>,
    },
    /// A batch.
    Batch {
        /// Its answer.
        answer: Vec<u8>,
        /// Whose messages were in it.
        senders: BTreeSet<SenderId>,
        /// What is given back when the answer is written.
        reading: Option<Share>,
    },
}

/// The messages on their way, oldest first.
pub(crate) struct AnswerWindow<'s> {
    waiting: VecDeque<Unanswered<'s>>,
    most: usize,
}

impl<'s> AnswerWindow<'s> {
    /// An empty window for at most `most` messages.
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            most,
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a batch waits.
    pub(crate) fn holds_batch(&self) -> bool {
        let mut waiting = self.waiting.iter();
        waiting.any(|one| matches!(one.question, Question::Batch(_)))
    }

    /// Adds the youngest message.
    pub(crate) fn push(&mut self, message: Unanswered<'s>) {
        self.waiting.push_back(message);
    }

    /// Takes in what the reader has for it, moves every message on, and is ready with the oldest
    /// ones when they are decided; with none when only some of a batch were. The first poll of
    /// each message happens in order: that is when the store gives it its place. So what comes
    /// behind a batch waits until the store has all of that.
    pub(crate) fn poll_decided(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut Receiver<Unanswered<'s>>,
    ) -> Poll<Vec<Decided>> {
        while self.waiting.len() < self.most
            && let Poll::Ready(Some(message)) = reader.poll_recv(context)
        {
            self.push(message);
        }
        let mut has_moved = false;
        for (place, waiting) in self.waiting.iter_mut().enumerate() {
            match &mut waiting.question {
                Question::Message { fate, .. } => {
                    fate.poll(context);
                    if matches!(fate, Fate::Decided(_)) {
                        waiting.reading = None;
                    }
                }
                Question::Batch(work) => {
                    if work.poll(context).is_ready() && !work.is_decided() {
                        // Only the oldest may say that the store is not silent.
                        has_moved |= place == 0;
                        context.waker().wake_by_ref();
                    }
                    if !work.is_handed_over() {
                        break;
                    }
                }
            }
        }
        let is_decided = |one: &&Unanswered<'_>| one.question.is_decided();
        let count = self.waiting.iter().take_while(is_decided).count();
        if count == 0 && !has_moved {
            return Poll::Pending;
        }
        Poll::Ready(self.waiting.drain(..count).map(decide).collect())
    }

    /// Decides all that wait, because the store has been silent for too long.
    pub(crate) fn give_up(&mut self) -> Vec<Decided> {
        self.waiting.drain(..).map(decide).collect()
    }
}

/// What is not decided by now is given up.
fn decide(waiting: Unanswered<'_>) -> Decided {
    match waiting.question {
        Question::Message { origin, fate, .. } => Decided::Message {
            origin,
            outcome: fate.give_up(),
        },
        Question::Batch(mut work) => {
            work.give_up();
            Decided::Batch {
                senders: std::mem::take(&mut work.senders),
                answer: work.into_answer(),
                reading: waiting.reading,
            }
        }
    }
}

impl fmt::Debug for AnswerWindow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerWindow({} of {})", self.waiting.len(), self.most)
    }
}
