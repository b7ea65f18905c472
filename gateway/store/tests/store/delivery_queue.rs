//! The embedded queue gives runs of one patient to a destination that takes batches whole; what
//! every delivery queue promises is tested in `tests/delivery_queues`.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue as _, Draw};
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::{Settlement, Step};

use crate::support::{
    Folder, START, conclude, conclusion, delivery, delivery_id, queue_of, start, subject,
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
