//! `Fate`, what becomes of one message that was let in or not: the store has it, or it is decided.
//! What its sender is told is in `acknowledgement`.

use std::future::poll_fn;
use std::task::{Context, Poll};

use isthmus_core::future::BoxFuture;
use isthmus_core::intake::{Accepted, Intake, Numbered};
use isthmus_core::link::LinkState;
use isthmus_core::refusal::{Reason, Refusal};

use crate::admission::Admitted;
use crate::receipt::Receipt;
use crate::rejection::Rejection;

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

impl<'s> Fate<'s> {
    /// Hands what was let in to the store.
    pub(crate) fn of(verdict: Result<Admitted, Rejection>, intake: &'s dyn Intake) -> Self {
        match verdict {
            Ok(Admitted::Message(envelope)) => Self::OnItsWay(intake.accept(envelope)),
            Ok(Admitted::Numbered(envelope, number)) => {
                Self::Numbered(number, intake.accept_numbered(envelope, number))
            }
            Ok(Admitted::Order(sender, order)) => Self::Ordered(intake.link(sender, order)),
            Err(rejection) => Self::Decided(Err(rejection)),
        }
    }

    /// What it is decided as; once it is, nothing else is ever decided.
    pub(crate) async fn decided(mut self) -> Result<Receipt, Rejection> {
        poll_fn(|context| {
            self.poll(context);
            if matches!(self, Self::Decided(_)) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        self.outcome().unwrap_or_else(silent)
    }

    /// What it is decided as, or that the store has been silent for too long. It may still commit
    /// the message; the sender sends it again, and then it is a repeat.
    pub(crate) fn give_up(self) -> Result<Receipt, Rejection> {
        self.outcome().unwrap_or_else(silent)
    }

    fn outcome(self) -> Option<Result<Receipt, Rejection>> {
        match self {
            Self::Decided(outcome) => Some(outcome),
            Self::OnItsWay(_) | Self::Numbered(..) | Self::Ordered(_) => None,
        }
    }

    /// Moves it on.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) {
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

fn silent() -> Result<Receipt, Rejection> {
    Err(Rejection::from(Refusal::retry(Reason::StoreUnavailable)))
}
