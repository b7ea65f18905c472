//! The embedded queue keeps the promises of every delivery queue.

use std::sync::Arc;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::future::BoxFuture;
use isthmus_core::journal::Journal;
use isthmus_store::embedded_queue::EmbeddedQueue;
use isthmus_store::running_store::RunningStore;

use crate::delivery_queue_suite::{QueueRig, run};
use crate::support::{FlowingClock, Folder, TestExecutor, start};

struct EmbeddedRig {
    clock: Arc<FlowingClock>,
    running: Option<(RunningStore, Arc<EmbeddedQueue>)>,
    /// Last, so that it goes when nobody uses it.
    folder: Folder,
}

impl EmbeddedRig {
    fn new() -> Self {
        let mut rig = Self {
            clock: Arc::new(FlowingClock::new()),
            running: None,
            folder: Folder::new(),
        };
        rig.open();
        rig
    }

    fn open(&mut self) {
        self.running = None;
        let store = start(&self.folder);
        let clock = Arc::clone(&self.clock);
        let queue = store.queue(clock, Arc::new(TestExecutor::new())).unwrap();
        self.running = Some((store, Arc::new(queue)));
    }
}

impl QueueRig for EmbeddedRig {
    fn queue(&self) -> Arc<dyn DeliveryQueue> {
        let (_store, queue) = self.running.as_ref().unwrap();
        Arc::clone(queue) as Arc<dyn DeliveryQueue>
    }

    fn journal(&self) -> Arc<dyn Journal> {
        let (store, _queue) = self.running.as_ref().unwrap();
        store.journal()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn restart(&mut self) -> BoxFuture<'_, ()> {
        self.open();
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_queue_passes_the_suite() {
    run(EmbeddedRig::new).await;
}
