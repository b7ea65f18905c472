//! What senders are owed, in memory, and struck there; how they are told is in `telling_senders`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use isthmus_core::application_answer::AnswerPlace;
use isthmus_core::application_answers::{OwedAnswer, OwedAnswers};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{MessageId, SenderId};
use isthmus_core::journal::{Committed, Journal, JournalError, Unit};
use isthmus_core::key_ring::KeyError;
use isthmus_core::phi::Phi;
use tokio::sync::Notify;

use crate::runtime::{NOW, TokioExecutor};

/// What is owed, in memory.
#[derive(Default)]
pub(crate) struct Debts {
    pub(crate) owed: Mutex<BTreeMap<u64, Owed>>,
    /// No place is given twice.
    last: AtomicU64,
    arrived: Notify,
}

#[derive(Clone)]
pub(crate) struct Owed {
    sender: &'static str,
    message: MessageId,
    control_id: String,
    accept: bool,
    pub(crate) opens: bool,
}

impl Debts {
    /// The text of an answer with this control id; MSA-2 is what it answers.
    fn text(control_id: &str) -> String {
        format!("MSH|^~\\&|BRIDGE|HERE|||||ACK|{control_id}|P|2.5.1\rMSA|AA|of-{control_id}\r")
    }

    /// Owes a sender an answer.
    pub(crate) fn owe(
        &self,
        sender: &'static str,
        message: MessageId,
        control_id: &str,
        accept: bool,
    ) {
        let mut owed = self.owed.lock().unwrap();
        let place = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let one = Owed {
            sender,
            message,
            control_id: control_id.to_owned(),
            accept,
            opens: true,
        };
        owed.insert(place, one);
        drop(owed);
        self.arrived.notify_one();
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let owed = self.owed.lock().unwrap();
        owed.values().map(|one| one.control_id.clone()).collect()
    }

    pub(crate) async fn are_paid(&self) {
        while !self.ids().is_empty() {
            TokioExecutor.sleep(Duration::from_millis(5)).await;
        }
    }
}

impl OwedAnswers for Debts {
    fn senders(&self) -> Result<Vec<SenderId>, JournalError> {
        let owed = self.owed.lock().unwrap();
        let mut senders: Vec<_> = owed.values().map(|one| SenderId::new(one.sender)).collect();
        senders.dedup();
        Ok(senders)
    }

    fn page(
        &self,
        sender: &SenderId,
        after: AnswerPlace,
        limit: usize,
    ) -> Result<Vec<OwedAnswer>, JournalError> {
        let owed = self.owed.lock().unwrap();
        let behind = owed.range(after.0 + 1..);
        let theirs = behind.filter(|(_, one)| one.sender == sender.as_str());
        let page = theirs.take(limit).map(|(place, one)| OwedAnswer {
            place: AnswerPlace(*place),
            message: one.message,
            control_id: one.control_id.clone(),
            accept: one.accept,
            since: NOW,
            bytes: if one.opens {
                Ok(Phi::new(Self::text(&one.control_id).into_bytes()))
            } else {
                Err(KeyError::Destroyed)
            },
        });
        Ok(page.collect())
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.arrived.notified())
    }
}

impl Journal for Debts {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        let Unit::Acknowledged(places) = unit else {
            panic!("answers are struck, and nothing else: {unit:?}");
        };
        for place in places {
            self.owed.lock().unwrap().remove(&place.0);
        }
        Box::pin(async { Ok(Committed::Done) })
    }
}
