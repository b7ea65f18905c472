//! A destination that answers by a script and remembers what it was handed; the promises are in the
//! other files.

use std::collections::VecDeque;
use std::sync::Mutex;

use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, Takes};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};

/// Answers every batch with the outcomes of the script, in order, then with `Delivered`;
/// remembers what it was handed.
pub(crate) struct Door {
    pub(crate) recipient: RecipientId,
    pub(crate) outcomes: Mutex<VecDeque<DeliveryOutcome>>,
    pub(crate) sent: Mutex<Vec<DeliveryId>>,
}

impl Destination for Door {
    fn recipient(&self) -> &RecipientId {
        &self.recipient
    }

    fn takes(&self) -> Takes {
        Takes {
            batch: Draw {
                limit: 10,
                consecutive: true,
            },
            at_once: 1,
        }
    }

    fn ready(&self) -> BoxFuture<'_, usize> {
        Box::pin(async { 1 })
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        let mut outcomes = self.outcomes.lock().unwrap();
        assert!(!batch.is_empty(), "an empty batch is no batch");
        let mut sent = self.sent.lock().unwrap();
        sent.extend(batch.iter().map(|outbound| outbound.id));
        let next = || outcomes.pop_front();
        let answers = std::iter::repeat_with(next).take(batch.len());
        let answers = answers
            .map(|outcome| outcome.unwrap_or(DeliveryOutcome::Delivered))
            .collect();
        Box::pin(async move { answers })
    }
}
