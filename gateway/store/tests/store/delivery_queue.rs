//! The embedded queue gives runs of one patient to a destination that takes batches whole, and
//! waits for no time that a wrong clock said; what every delivery queue promises is tested in
//! `tests/delivery_queues`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue as _, Draw};
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::{Settlement, Step};
use isthmus_store::running_store::RunningStore;

use crate::support::{
    Folder, START, TestExecutor, conclude, conclusion, delivery, delivery_id, queue_of, start,
    subject,
};

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

fn numbers(numbers: &[u64]) -> Vec<DeliveryId> {
    numbers.iter().map(|number| delivery_id(*number)).collect()
}

fn retry() -> Step {
    Step::Retry {
        not_before: Timestamp::from_unix_millis(START),
        code: "http-503".to_owned(),
    }
}

#[tokio::test]
async fn consecutive_deliveries_come_in_one_batch() {
    let folder = Folder::new();
    let store = start(&folder);
    let (queue, to) = (queue_of(&store), RecipientId::new("data-lake"));
    let new = [(1, 1), (2, 1), (3, 2), (4, 1), (5, 1)];
    let new = new.map(|(number, patient)| delivery(number, &to, subject(patient), 200));
    conclude(&store.journal(), conclusion(1, new.to_vec())).await;
    let draw = |limit| Draw {
        limit,
        consecutive: true,
    };
    let drawn = queue.next(&to, draw(4)).await.unwrap();
    assert_eq!(ids(&drawn), numbers(&[1, 3, 2, 4]));
    let steps = [(1, Step::Delivered), (3, Step::Delivered), (2, retry())];
    let settlement = |(number, step)| Settlement {
        id: delivery_id(number),
        at: Timestamp::from_unix_millis(START),
        step,
        entries: Vec::new(),
    };
    let settlements = steps.map(settlement).to_vec();
    queue.settle(&to, settlements).await.unwrap();
    queue.give_back(&to, &[delivery_id(4)]);
    let drawn = queue.next(&to, draw(100)).await.unwrap();
    assert_eq!(ids(&drawn), numbers(&[2, 4, 5]));
    let attempts = drawn.iter().map(|one| one.attempt);
    assert_eq!(attempts.collect::<Vec<_>>(), [2, 1, 1]);
}

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// A clock that is set, in milliseconds from the start.
struct SetClock(AtomicI64);

impl SetClock {
    fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(START + self.0.load(Ordering::SeqCst))
    }
}

/// Whether a retry comes that was put off while the clock showed this much, once the clock is put
/// right: in the same run, or with a restart between.
async fn comes_soon(shown: i64, wait: i64, restart: bool, patience: Duration) -> bool {
    let folder = Folder::new();
    let clock = Arc::new(SetClock(AtomicI64::new(0)));
    let open = |store: &RunningStore| {
        let executor = Arc::new(TestExecutor::new());
        store.queue(Arc::clone(&clock) as Arc<dyn Clock>, executor)
    };
    let mut store = start(&folder);
    let mut queue = open(&store).unwrap();
    let to = RecipientId::new("crm");
    let one = delivery(1, &to, subject(1), 200);
    conclude(&store.journal(), conclusion(1, vec![one])).await;
    clock.set(shown);
    let draw = Draw {
        limit: 10,
        consecutive: false,
    };
    assert_eq!(queue.next(&to, draw).await.unwrap().len(), 1);
    let settlement = Settlement {
        id: delivery_id(1),
        at: clock.now(),
        step: Step::Retry {
            not_before: Timestamp::from_unix_millis(START + shown + wait),
            code: "http-503".to_owned(),
        },
        entries: Vec::new(),
    };
    queue.settle(&to, vec![settlement]).await.unwrap();
    clock.set(1_000);
    if restart {
        drop(queue);
        drop(store);
        store = start(&folder);
        queue = open(&store).unwrap();
    }
    let drawn = tokio::time::timeout(patience, queue.next(&to, draw)).await;
    drop(store);
    drawn.is_ok()
}

#[tokio::test]
async fn a_retry_waits_for_no_time_that_a_wrong_clock_said() {
    let minute = HOUR / 60;
    let long = Duration::from_secs(20);
    assert!(comes_soon(HOUR, minute, false, long).await);
    assert!(comes_soon(YEAR, minute, false, long).await);
    assert!(comes_soon(YEAR, minute, true, long).await);
    // A right clock, and waits that there are.
    let short = Duration::from_millis(200);
    assert!(!comes_soon(0, 14 * minute, false, short).await);
    assert!(!comes_soon(0, 23 * HOUR, false, short).await);
    assert!(!comes_soon(0, 23 * HOUR, true, short).await);
}
