//! `AnswerWindow`, the messages of one connection that are on their way to the store: all of them
//! move on, their answers come out in the order in which they came in.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};

use tokio::sync::mpsc::Receiver;

use crate::budget::Share;
use crate::fate::Fate;
use crate::origin::Origin;
use crate::receipt::Receipt;
use crate::rejection::Rejection;

/// One message that has not been answered yet.
pub(crate) struct Unanswered<'s> {
    /// Who sent it, as far as that is known.
    pub(crate) origin: Origin,
    /// What became of it.
    pub(crate) fate: Fate<'s>,
    /// What it holds of the budgets until it is answered.
    #[expect(dead_code, reason = "held, not read")]
    pub(crate) shares: Vec<Share>,
    /// What it takes while it is in work, if it is large; given back when it is decided.
    pub(crate) reading: Option<Share>,
}

/// One message that can be answered now.
pub(crate) struct Decided {
    /// Who sent it, as far as that is known.
    pub(crate) origin: Origin,
    /// What became of it.
    pub(crate) outcome: Result<Receipt, Rejection>,
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

    /// Adds the youngest message.
    pub(crate) fn push(&mut self, message: Unanswered<'s>) {
        self.waiting.push_back(message);
    }

    /// Takes in what the reader has for it, moves every message on, and is ready with the oldest
    /// ones when they are decided. The first poll of each message happens in order: that is when
    /// the store gives it its place.
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
        for message in &mut self.waiting {
            message.fate.poll(context);
            if matches!(message.fate, Fate::Decided(_)) {
                message.reading = None;
            }
        }
        let mut decided = Vec::new();
        while let Some(message) = self.waiting.pop_front() {
            match message.fate {
                Fate::Decided(outcome) => decided.push(Decided {
                    origin: message.origin,
                    outcome,
                }),
                Fate::OnItsWay(_) | Fate::Numbered(..) | Fate::Ordered(_) => {
                    self.waiting.push_front(message);
                    break;
                }
            }
        }
        if decided.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(decided)
    }

    /// Decides all that wait, because the store has been silent for too long.
    pub(crate) fn give_up(&mut self) -> Vec<Decided> {
        let waiting = self.waiting.drain(..);
        let decided = waiting.map(|message| Decided {
            origin: message.origin,
            outcome: message.fate.give_up(),
        });
        decided.collect()
    }
}

impl fmt::Debug for AnswerWindow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerWindow({} of {})", self.waiting.len(), self.most)
    }
}
