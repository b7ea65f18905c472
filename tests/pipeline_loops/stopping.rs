//! A stop: what is under way is settled, nothing more is drawn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw, HandOut, QueueError, Whose};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, Takes};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::{Settlement, Step};
use isthmus_pipeline::deliver_loop::DeliverLoop;
use isthmus_pipeline::retry_schedule::RetrySchedule;
use tokio::sync::Notify;

use crate::machine::Machine;
use crate::patients::Patients;
use crate::policy::POLICY;
use crate::questions::before_sending;
use crate::released::released;
use crate::stand_ins::run;

/// Gives one delivery a draw, then waits for ever; counts the draws.
#[derive(Default)]
struct Queue {
    due: Mutex<VecDeque<Delivery>>,
    draws: Mutex<usize>,
    settled: Mutex<Vec<Step>>,
}

impl DeliveryQueue for Queue {
    fn next<'a>(
        &'a self,
        _recipient: &'a RecipientId,
        _draw: Draw,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, QueueError>> {
        *self.draws.lock().unwrap() += 1;
        let Some(delivery) = self.due.lock().unwrap().pop_front() else {
            return Box::pin(std::future::pending());
        };
        Box::pin(async { Ok(vec![delivery]) })
    }

    fn settle<'a>(
        &'a self,
        _recipient: &'a RecipientId,
        settlements: Vec<Settlement>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        let steps = settlements.into_iter().map(|settlement| settlement.step);
        self.settled.lock().unwrap().extend(steps);
        Box::pin(async { Ok(()) })
    }

    fn give_back(&self, _recipient: &RecipientId, _ids: &[DeliveryId]) {}

    fn committed(&self, _recipient: &RecipientId) {}

    fn in_hand(&self, _of: Whose<'_>) -> Vec<HandOut> {
        Vec::new()
    }

    fn is_in_hand(&self, _one: &HandOut) -> bool {
        false
    }
}

/// Takes a delivery when it is told to.
struct Slow {
    recipient: RecipientId,
    began: Notify,
    take: Notify,
}

impl Destination for Slow {
    fn recipient(&self) -> &RecipientId {
        &self.recipient
    }

    fn takes(&self) -> Takes {
        Takes {
            batch: Draw {
                limit: 1,
                consecutive: false,
            },
            at_once: 1,
        }
    }

    fn ready(&self) -> BoxFuture<'_, usize> {
        Box::pin(async { 1 })
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        Box::pin(async move {
            self.began.notify_one();
            self.take.notified().await;
            batch.iter().map(|_| DeliveryOutcome::Delivered).collect()
        })
    }
}

#[test]
fn what_is_under_way_is_settled_and_nothing_more_is_drawn() {
    let queue = Arc::new(Queue {
        due: Mutex::new([released(1, 1, 1), released(2, 2, 1)].into()),
        ..Queue::default()
    });
    let slow = Arc::new(Slow {
        recipient: RecipientId::new("mailer"),
        began: Notify::new(),
        take: Notify::new(),
    });
    let machine = Arc::new(Machine::default());
    let deliver = DeliverLoop {
        queue: Arc::clone(&queue) as Arc<dyn DeliveryQueue>,
        destination: Arc::clone(&slow) as Arc<dyn Destination>,
        before_sending: before_sending(POLICY, Arc::new(Patients::default())),
        schedule: RetrySchedule::default(),
        clock: Arc::clone(&machine) as Arc<dyn Clock>,
        executor: Arc::clone(&machine) as _,
    };
    let stop = Notify::new();
    run(async {
        let looping = deliver.run(Box::pin(stop.notified()));
        let told = async {
            slow.began.notified().await;
            stop.notify_one();
            // The loop hears of it before the recipient answers.
            tokio::task::yield_now().await;
            assert!(queue.settled.lock().unwrap().is_empty());
            slow.take.notify_one();
        };
        let (ended, ()) = tokio::join!(looping, told);
        ended.unwrap();
    });
    assert_eq!(*queue.settled.lock().unwrap(), [Step::Delivered]);
    assert_eq!(*queue.draws.lock().unwrap(), 1);
    assert_eq!(queue.due.lock().unwrap().len(), 1, "it stays in the queue");
}
