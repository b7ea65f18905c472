//! The queue over RabbitMQ keeps the promises of every delivery queue, on a real broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::Journal;
use isthmus_queue::brokered_queue::BrokeredQueue;

use crate::broker::TestBroker;
use crate::given::{StoreOnDisk, executor};
use crate::rig::QueueRig;
use crate::suite::run;

/// A store whose deliveries go through a broker, under a prefix of its own.
pub(crate) struct RabbitMqRig<'b> {
    broker: &'b TestBroker,
    prefix: String,
    store: StoreOnDisk,
    queue: Arc<BrokeredQueue>,
}

impl<'b> RabbitMqRig<'b> {
    pub(crate) fn new(broker: &'b TestBroker) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("rig{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let store = StoreOnDisk::new();
        let queue = queue_of(broker, &prefix, &store);
        Self {
            broker,
            prefix,
            store,
            queue,
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

fn queue_of(broker: &TestBroker, prefix: &str, store: &StoreOnDisk) -> Arc<BrokeredQueue> {
    let client = Arc::new(broker.client(prefix));
    Arc::new(BrokeredQueue::new(store.queue(), client, executor()))
}

impl QueueRig for RabbitMqRig<'_> {
    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        Arc::clone(&self.queue) as Arc<dyn DeliveryQueue>
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.store.store().journal()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.store.clock) as Arc<dyn Clock>
    }

    /// What the broker holds stays there, as after a kill.
    fn restart(&mut self) -> BoxFuture<'_, ()> {
        self.store.open();
        self.queue = queue_of(self.broker, &self.prefix, &self.store);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_over_rabbitmq_passes_the_suite() {
    let broker = TestBroker::start();
    run(|| RabbitMqRig::new(&broker)).await;
}
