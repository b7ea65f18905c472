//! A store in memory that does as it is told: takes, refuses, is slow or silent.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{SenderId, Sequence};
use isthmus_core::intake::{Accepted, Intake, Numbered};
use isthmus_core::link::{Expected, LinkOrder, LinkState};
use isthmus_core::refusal::Refusal;
use std::time::Duration;

use crate::runtime::TokioExecutor;

/// What the store does with one message.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Take,
    TakeAfter(Duration),
    Refuse(Refusal),
    StaySilent,
}

/// The store. Messages without an act are taken.
#[derive(Debug, Default)]
pub(crate) struct FakeIntake {
    acts: Mutex<VecDeque<Act>>,
    stored: Mutex<Vec<Envelope<RawMessage>>>,
    /// The last number that was accepted; 0 for none.
    last: Mutex<u64>,
    /// Messages that have been handed over and are not decided.
    pub(crate) waiting: AtomicUsize,
}

impl FakeIntake {
    pub(crate) fn doing(acts: impl IntoIterator<Item = Act>) -> Self {
        let acts = Mutex::new(acts.into_iter().collect());
        Self {
            acts,
            ..Self::default()
        }
    }

    pub(crate) fn stored(&self) -> Vec<Envelope<RawMessage>> {
        self.stored.lock().unwrap().clone()
    }

    /// The stored messages as they came.
    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |one: Envelope<RawMessage>| {
            String::from_utf8(one.body.bytes.reveal().to_vec()).unwrap()
        };
        self.stored().into_iter().map(text).collect()
    }

    fn store(&self, message: Envelope<RawMessage>) -> Accepted {
        let mut stored = self.stored.lock().unwrap();
        stored.push(message);
        Accepted {
            sequence: Sequence(stored.len() as u64),
            repeat: false,
            control_id_reused: false,
        }
    }
}

impl Intake for FakeIntake {
    fn accept(&self, message: Envelope<RawMessage>) -> BoxFuture<'_, Result<Accepted, Refusal>> {
        Box::pin(async move {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let act = self.acts.lock().unwrap().pop_front().unwrap_or(Act::Take);
            let outcome = match act {
                Act::Take => Ok(self.store(message)),
                Act::TakeAfter(time) => {
                    TokioExecutor.sleep(time).await;
                    Ok(self.store(message))
                }
                Act::Refuse(refusal) => Err(refusal),
                Act::StaySilent => std::future::pending().await,
            };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            outcome
        })
    }

    /// Repeats are the real store's business.
    fn accept_numbered(
        &self,
        message: Envelope<RawMessage>,
        number: u64,
    ) -> BoxFuture<'_, Result<Numbered, Refusal>> {
        Box::pin(async move {
            let mut last = self.last.lock().unwrap();
            if *last > 0 && number != *last + 1 {
                return Ok(Numbered::NotExpected(Expected::Number(*last + 1)));
            }
            *last = number;
            Ok(Numbered::Accepted(self.store(message)))
        })
    }

    fn link(
        &self,
        _sender: SenderId,
        order: LinkOrder,
    ) -> BoxFuture<'_, Result<LinkState, Refusal>> {
        Box::pin(async move {
            let mut last = self.last.lock().unwrap();
            if order == LinkOrder::Resynchronise {
                *last = 0;
            }
            let expected = match *last {
                0 => Expected::Any,
                last => Expected::Number(last + 1),
            };
            Ok(LinkState { expected })
        })
    }
}
