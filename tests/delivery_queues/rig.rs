//! `QueueRig`, a queue with its journal as the suite uses it, and what is done with one in every
//! test.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::{Committed, Journal, NewDelivery, Settlement, Step, Unit};

use crate::given::{conclusion, delivery, delivery_id, subject};

/// A queue with the journal it relays from.
pub(crate) trait QueueRig: Send + Sync {
    fn queue(&self) -> Arc<dyn DeliveryQueue>;
    fn journal(&self) -> Arc<dyn Journal>;
    fn clock(&self) -> Arc<dyn Clock>;
    /// Ends the gateway and starts it again on the same files.
    fn restart(&mut self) -> BoxFuture<'_, ()>;
}

pub(crate) const ONE: Draw = Draw {
    limit: 1,
    consecutive: false,
};
pub(crate) const MANY: Draw = Draw {
    limit: 100,
    consecutive: false,
};
pub(crate) const RUNS: Draw = Draw {
    limit: 100,
    consecutive: true,
};

/// Longer than any commit takes; nothing in it depends on how long exactly.
pub(crate) const SOON: Duration = Duration::from_secs(20);
pub(crate) const NOTHING_COMES: Duration = Duration::from_millis(50);

pub(crate) fn mailer() -> RecipientId {
    RecipientId::new("mailer")
}

/// Commits deliveries `number -> patient` in this order and tells the queue.
pub(crate) async fn commit(rig: &impl QueueRig, recipient: &RecipientId, new: &[(u64, u64)]) {
    let new = new.iter().map(|(number, patient)| {
        (
            *number,
            delivery(*number, recipient, subject(*patient), 200),
        )
    });
    commit_all(rig, recipient, &new.collect::<Vec<_>>()).await;
}

pub(crate) async fn commit_all(
    rig: &impl QueueRig,
    recipient: &RecipientId,
    new: &[(u64, NewDelivery)],
) {
    for part in new.chunks(1_000) {
        let first = part[0].0;
        let deliveries = part.iter().map(|(_, delivery)| delivery.clone());
        // The place in the journal only has to be another one each time.
        let conclusion = conclusion(first + 1, deliveries.collect());
        let unit = Unit::Conclusions(vec![conclusion]);
        assert_eq!(rig.journal().commit(unit).await, Ok(Committed::Done));
    }
    rig.queue().committed(recipient);
}

pub(crate) async fn next(
    rig: &impl QueueRig,
    recipient: &RecipientId,
    draw: Draw,
) -> Vec<Delivery> {
    let queue = rig.queue();
    let next = tokio::time::timeout(SOON, queue.next(recipient, draw)).await;
    next.expect("a delivery was due").unwrap()
}

/// Draws until there are this many, in the order of their numbers: those of different patients
/// may come in any.
pub(crate) async fn all(
    rig: &impl QueueRig,
    recipient: &RecipientId,
    count: usize,
) -> Vec<Delivery> {
    let mut drawn = Vec::new();
    while drawn.len() < count {
        drawn.extend(next(rig, recipient, MANY).await);
    }
    drawn.sort_by_key(|delivery| delivery.id);
    drawn
}

pub(crate) async fn nothing_comes(rig: &impl QueueRig, recipient: &RecipientId) {
    let queue = rig.queue();
    let next = tokio::time::timeout(NOTHING_COMES, queue.next(recipient, MANY)).await;
    next.expect_err("nothing was due");
}

pub(crate) async fn settle(
    rig: &impl QueueRig,
    recipient: &RecipientId,
    steps: &[(DeliveryId, Step)],
) {
    let at = rig.clock().now();
    let settlement = |(id, step): &(DeliveryId, Step)| Settlement {
        id: *id,
        at,
        step: step.clone(),
        entries: Vec::new(),
    };
    let settlements = steps.iter().map(settlement).collect();
    rig.queue().settle(recipient, settlements).await.unwrap();
}

pub(crate) fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

pub(crate) fn numbers(numbers: &[u64]) -> Vec<DeliveryId> {
    numbers.iter().map(|number| delivery_id(*number)).collect()
}
