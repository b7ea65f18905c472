//! The embedded queue keeps the promises of every delivery queue.

use std::sync::Arc;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::Journal;

use crate::given::StoreOnDisk;
use crate::rig::QueueRig;
use crate::suite::run;

struct EmbeddedRig(StoreOnDisk);

impl QueueRig for EmbeddedRig {
    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        self.0.queue()
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.0.store().journal()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock) as Arc<dyn Clock>
    }

    fn restart(&mut self) -> BoxFuture<'_, ()> {
        self.0.open();
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_queue_passes_the_suite() {
    run(|| EmbeddedRig(StoreOnDisk::new())).await;
}
