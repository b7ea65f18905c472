//! `AnswerWindow`, the messages of one connection that are on their way to the store: all of them
//! move on, their answers come out in the order in which they came in.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};

use isthmus_core::future::BoxFuture;
use isthmus_core::intake::Accepted;
use isthmus_core::intake::Numbered;
use isthmus_core::link::LinkState;
use isthmus_core::refusal::{Reason, Refusal};
use tokio::sync::mpsc::Receiver;

use crate::budget::Share;
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

/// On its way, or decided.
pub(crate) enum Fate<'s> {
    /// The store has it.
    OnItsWay(BoxFuture<'s, Result<Accepted, Refusal>>),
    /// The store has it and compares this number of it.
    Numbered(u64, BoxFuture<'s, Result<Numbered, Refusal>>),
    /// The store carries out an order.
    Ordered(BoxFuture<'s, Result<LinkState, Refusal>>),
    /// It is decided.
    Decided(Result<Receipt, Rejection>),
}

impl Fate<'_> {
    /// Moves it on.
    fn poll(&mut self, context: &mut Context<'_>) {
        let decided = match self {
            Self::OnItsWay(intake) => intake
                .as_mut()
                .poll(context)
                .map(|outcome| outcome.map(Receipt::from).map_err(Rejection::from)),
            Self::Numbered(number, intake) => {
                let number = Some(*number);
                intake.as_mut().poll(context).map(|outcome| match outcome {
                    Ok(Numbered::Accepted(accepted)) => Ok(Receipt::Stored { accepted, number }),
                    Ok(Numbered::NotExpected(one)) => Err(Rejection::not_expected(one)),
                    Err(refusal) => Err(Rejection::from(refusal)),
                })
            }
            Self::Ordered(order) => order
                .as_mut()
                .poll(context)
                .map(|outcome| outcome.map(Receipt::Link).map_err(Rejection::from)),
            Self::Decided(_) => return,
        };
        if let Poll::Ready(outcome) = decided {
            *self = Self::Decided(outcome);
        }
    }
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

    /// Decides all that wait, because the store has been silent for too long. It may still commit
    /// them; the sender sends them again, and then they are repeats.
    pub(crate) fn give_up(&mut self) -> Vec<Decided> {
        let silent = || Rejection::from(Refusal::retry(Reason::StoreUnavailable));
        self.waiting
            .drain(..)
            .map(|message| Decided {
                origin: message.origin,
                outcome: match message.fate {
                    Fate::Decided(outcome) => outcome,
                    Fate::OnItsWay(_) | Fate::Numbered(..) | Fate::Ordered(_) => Err(silent()),
                },
            })
            .collect()
    }
}

impl fmt::Debug for AnswerWindow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerWindow({} of {})", self.waiting.len(), self.most)
    }
}
