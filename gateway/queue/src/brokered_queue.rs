//! `BrokeredQueue`, the delivery queue whose deliveries reach the workers by way of a broker. What
//! is due, in which order and how it ended is the store's, so that nothing depends on the
//! broker's memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, HandOut, QueueError, Whose};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::Settlement;

use crate::broker::Broker;
use crate::courier::Courier;
use crate::transit::Transit;

/// A delivery queue over the store's and a broker.
///
/// The store's queue hands out one delivery of a patient at a time, and this one publishes what it
/// gets so; hence nothing overtakes in the broker, whatever it repeats. A delivery stays in the
/// store's hands until it is settled there. What a broken connection leaves in doubt goes back to
/// the store and is published again; the copies that the broker may still have are known as such
/// and dropped.
pub struct BrokeredQueue {
    store: Arc<dyn DeliveryQueue>,
    broker: Arc<dyn Broker>,
    executor: Arc<dyn Executor>,
    transits: Mutex<BTreeMap<RecipientId, Arc<Transit>>>,
}

impl BrokeredQueue {
    /// A queue that draws from the store's queue, of which nobody else draws.
    pub fn new(
        store: Arc<dyn DeliveryQueue>,
        broker: Arc<dyn Broker>,
        executor: Arc<dyn Executor>,
    ) -> Self {
        Self {
            store,
            broker,
            executor,
            transits: Mutex::default(),
        }
    }

    fn transits(&self) -> MutexGuard<'_, BTreeMap<RecipientId, Arc<Transit>>> {
        self.transits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transit of a recipient. At the first call for it a courier starts.
    fn transit(&self, recipient: &RecipientId) -> Arc<Transit> {
        let mut transits = self.transits();
        if let Some(transit) = transits.get(recipient) {
            return Arc::clone(transit);
        }
        let transit = Arc::new(Transit::default());
        let courier = Courier {
            recipient: recipient.clone(),
            store: Arc::clone(&self.store),
            broker: Arc::clone(&self.broker),
            executor: Arc::clone(&self.executor),
            transit: Arc::clone(&transit),
        };
        self.executor.spawn("courier", Box::pin(courier.run()));
        transits.insert(recipient.clone(), Arc::clone(&transit));
        transit
    }

    /// Takes nothing more to the broker and gives nothing more to workers. What is on its way is
    /// the store's, and comes again at the next start.
    pub fn close(&self) {
        for transit in self.all() {
            transit.end_all(QueueError("the queue is closed".to_owned()));
        }
    }

    fn all(&self) -> Vec<Arc<Transit>> {
        self.transits().values().map(Arc::clone).collect()
    }
}

impl DeliveryQueue for BrokeredQueue {
    /// Never more than one delivery of a patient comes at a time.
    fn next<'a>(
        &'a self,
        recipient: &'a RecipientId,
        draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>> {
        let transit = self.transit(recipient);
        Box::pin(async move { transit.take(draw).await })
    }

    fn settle<'a>(
        &'a self,
        recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        let transit = self.transit(recipient);
        Box::pin(async move {
            let hand_outs = transit.hand_outs(settlements.iter().map(|one| one.id));
            self.store.settle(recipient, settlements).await?;
            transit.end(&hand_outs);
            Ok(())
        })
    }

    fn give_back(&self, recipient: &RecipientId, ids: &[DeliveryId]) {
        let transit = self.transit(recipient);
        transit.end(&transit.hand_outs(ids.iter().copied()));
        self.store.give_back(recipient, ids);
    }

    fn committed(&self, recipient: &RecipientId) {
        self.store.committed(recipient);
    }

    fn in_hand(&self, of: Whose<'_>) -> Vec<HandOut> {
        self.all().iter().flat_map(|one| one.in_hand(of)).collect()
    }

    fn is_in_hand(&self, one: &HandOut) -> bool {
        self.all().iter().any(|transit| transit.is_in_hand(one))
    }
}

impl Drop for BrokeredQueue {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for BrokeredQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokeredQueue").finish_non_exhaustive()
    }
}
