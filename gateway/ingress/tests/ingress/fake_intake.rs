//! A store in memory that does as it is told: takes, refuses, is slow or silent.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::Sequence;
use isthmus_core::intake::{Accepted, Intake};
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
}
