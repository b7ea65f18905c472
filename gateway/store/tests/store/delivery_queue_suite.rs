//! What every delivery queue must do, whatever carries the deliveries; a queue runs it by making
//! a `QueueRig`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::delivery_queue::{Delivery, DeliveryQueue, Draw};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId, SubjectKey};
use isthmus_core::journal::{Committed, Journal, Settlement, Step, Unit};
use isthmus_core::refusal::Reason;

use crate::support::{Numbers, after, conclusion, delivery, delivery_id, subject};

/// A queue with the journal it relays from.
pub(crate) trait QueueRig: Send + Sync {
    fn queue(&self) -> Arc<dyn DeliveryQueue>;
    fn journal(&self) -> Arc<dyn Journal>;
    fn clock(&self) -> Arc<dyn Clock>;
    /// Ends the gateway and starts it again on the same files.
    fn restart(&mut self) -> BoxFuture<'_, ()>;
}

/// Runs every test with a fresh rig.
pub(crate) async fn run<R: QueueRig>(make: impl Fn() -> R) {
    a_patient_s_deliveries_come_one_after_the_other(&make()).await;
    a_delivery_is_what_was_committed(&make()).await;
    a_retry_holds_up_its_patient_alone(&make()).await;
    a_parked_delivery_holds_up_its_patient_alone(&make()).await;
    a_withheld_delivery_lets_the_next_one_go(&make()).await;
    what_is_given_back_comes_again_untried(&make()).await;
    consecutive_deliveries_come_in_one_batch(&make()).await;
    recipients_do_not_hold_up_each_other(&make()).await;
    a_worker_that_waits_is_woken(&make()).await;
    a_restart_brings_back_what_was_not_settled(make()).await;
    much_behind_one_patient_keeps_nobody_out(&make()).await;
    order_holds_under_random_failures(make(), 1).await;
    order_holds_under_random_failures(make(), 2).await;
}

const ONE: Draw = Draw {
    limit: 1,
    consecutive: false,
};
const MANY: Draw = Draw {
    limit: 100,
    consecutive: false,
};
const RUNS: Draw = Draw {
    limit: 100,
    consecutive: true,
};

/// Longer than any commit takes; nothing in it depends on how long exactly.
const SOON: Duration = Duration::from_secs(20);
const NOTHING_COMES: Duration = Duration::from_millis(50);

fn mailer() -> RecipientId {
    RecipientId::new("mailer")
}

/// Commits deliveries `number -> patient` in this order and tells the queue.
async fn commit(rig: &impl QueueRig, recipient: &RecipientId, new: &[(u64, u64)]) {
    for part in new.chunks(1_000) {
        let first = part[0].0;
        let deliveries = part
            .iter()
            .map(|(number, patient)| delivery(*number, recipient, subject(*patient), 200));
        // The place in the journal only has to be another one each time.
        let conclusion = conclusion(first + 1, deliveries.collect());
        let unit = Unit::Conclusions(vec![conclusion]);
        assert_eq!(rig.journal().commit(unit).await, Ok(Committed::Done));
    }
    rig.queue().committed(recipient);
}

async fn next(rig: &impl QueueRig, recipient: &RecipientId, draw: Draw) -> Vec<Delivery> {
    let queue = rig.queue();
    let next = tokio::time::timeout(SOON, queue.next(recipient, draw)).await;
    next.expect("a delivery was due").unwrap()
}

async fn nothing_comes(rig: &impl QueueRig, recipient: &RecipientId) {
    let queue = rig.queue();
    let next = tokio::time::timeout(NOTHING_COMES, queue.next(recipient, MANY)).await;
    next.expect_err("nothing was due");
}

async fn settle(rig: &impl QueueRig, recipient: &RecipientId, steps: &[(DeliveryId, Step)]) {
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

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

fn numbers(numbers: &[u64]) -> Vec<DeliveryId> {
    numbers.iter().map(|number| delivery_id(*number)).collect()
}

async fn a_patient_s_deliveries_come_one_after_the_other(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 2), (4, 1)]).await;
    let first = next(rig, &to, MANY).await;
    assert_eq!(ids(&first), numbers(&[1, 3]));
    nothing_comes(rig, &to).await;
    settle(rig, &to, &[(delivery_id(1), Step::Delivered)]).await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[2]));
    settle(rig, &to, &[(delivery_id(3), Step::Delivered)]).await;
    nothing_comes(rig, &to).await;
    settle(rig, &to, &[(delivery_id(2), Step::Delivered)]).await;
    assert_eq!(ids(&next(rig, &to, ONE).await), numbers(&[4]));
}

async fn a_delivery_is_what_was_committed(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 2)]).await;
    let drawn = next(rig, &to, MANY).await;
    for (index, delivery_drawn) in drawn.iter().enumerate() {
        let number = index as u64 + 1;
        let new = delivery(number, &to, subject(number), 200);
        assert_eq!(delivery_drawn.subject, new.subject);
        assert_eq!(delivery_drawn.sealed, new.sealed);
        assert_eq!(delivery_drawn.created_at, conclusion(1, Vec::new()).at);
        assert!(delivery_drawn.attempt == 1 && !delivery_drawn.recovered);
    }
}

async fn a_retry_holds_up_its_patient_alone(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 2), (4, 2)]).await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[1, 3]));
    let not_before = after(rig.clock().now(), 400);
    let retry = Step::Retry {
        not_before,
        code: "http-503".to_owned(),
    };
    settle(
        rig,
        &to,
        &[(delivery_id(1), retry), (delivery_id(3), Step::Delivered)],
    )
    .await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[4]));
    let again = next(rig, &to, MANY).await;
    assert!(rig.clock().now() >= not_before);
    assert_eq!(ids(&again), numbers(&[1]));
    assert_eq!(again[0].attempt, 2);
    settle(rig, &to, &[(delivery_id(1), Step::Delivered)]).await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[2]));
}

async fn a_parked_delivery_holds_up_its_patient_alone(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 2)]).await;
    assert_eq!(next(rig, &to, MANY).await.len(), 2);
    let park = Step::Park(Reason::RefusedByDestination);
    settle(
        rig,
        &to,
        &[(delivery_id(1), park), (delivery_id(3), Step::Delivered)],
    )
    .await;
    commit(rig, &to, &[(5, 1), (6, 2)]).await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[6]));
    nothing_comes(rig, &to).await;
}

async fn a_withheld_delivery_lets_the_next_one_go(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 1), (4, 1)]).await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[1]));
    settle(rig, &to, &[(delivery_id(1), Step::Withheld("consent"))]).await;
    assert_eq!(ids(&next(rig, &to, RUNS).await), numbers(&[2, 3, 4]));
    let steps = [
        (delivery_id(2), Step::Withheld("expired")),
        (delivery_id(3), Step::Park(Reason::ConsentChanged)),
    ];
    settle(rig, &to, &steps).await;
    rig.queue().give_back(&to, &[delivery_id(4)]);
    nothing_comes(rig, &to).await;
}

async fn what_is_given_back_comes_again_untried(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 2), (3, 1)]).await;
    let drawn = next(rig, &to, MANY).await;
    rig.queue().give_back(&to, &ids(&drawn));
    let again = next(rig, &to, MANY).await;
    assert_eq!(ids(&again), numbers(&[1, 2]));
    assert!(again.iter().all(|delivery| delivery.attempt == 1));
}

async fn consecutive_deliveries_come_in_one_batch(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 2), (4, 1), (5, 1)]).await;
    let drawn = next(
        rig,
        &to,
        Draw {
            limit: 4,
            consecutive: true,
        },
    )
    .await;
    assert_eq!(ids(&drawn), numbers(&[1, 3, 2, 4]));
    nothing_comes(rig, &to).await;
    let not_before = rig.clock().now();
    let steps = [
        (delivery_id(1), Step::Delivered),
        (delivery_id(3), Step::Delivered),
        (
            delivery_id(2),
            Step::Retry {
                not_before,
                code: "http-503".to_owned(),
            },
        ),
    ];
    settle(rig, &to, &steps).await;
    nothing_comes(rig, &to).await;
    rig.queue().give_back(&to, &[delivery_id(4)]);
    let drawn = next(rig, &to, RUNS).await;
    assert_eq!(ids(&drawn), numbers(&[2, 4, 5]));
    assert_eq!(
        drawn.iter().map(|one| one.attempt).collect::<Vec<_>>(),
        [2, 1, 1]
    );
}

async fn recipients_do_not_hold_up_each_other(rig: &impl QueueRig) {
    let (to, other) = (mailer(), RecipientId::new("data-lake"));
    commit(rig, &to, &[(1, 1)]).await;
    commit(rig, &other, &[(2, 1)]).await;
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[1]));
    assert_eq!(ids(&next(rig, &other, MANY).await), numbers(&[2]));
}

async fn a_worker_that_waits_is_woken(rig: &impl QueueRig) {
    let to = mailer();
    let queue = rig.queue();
    let recipient = to.clone();
    let waiting = async move { queue.next(&recipient, MANY).await };
    let waiting = tokio::runtime::Handle::current().spawn(waiting);
    tokio::time::timeout(NOTHING_COMES, std::future::pending::<()>())
        .await
        .unwrap_err();
    commit(rig, &to, &[(1, 1)]).await;
    let woken = tokio::time::timeout(SOON, waiting)
        .await
        .expect("it was woken");
    assert_eq!(ids(&woken.unwrap().unwrap()), numbers(&[1]));
}

async fn a_restart_brings_back_what_was_not_settled(mut rig: impl QueueRig) {
    let to = mailer();
    commit(&rig, &to, &[(1, 1), (2, 1), (3, 2), (4, 3)]).await;
    assert_eq!(next(&rig, &to, MANY).await.len(), 3);
    let park = Step::Park(Reason::RefusedByDestination);
    settle(
        &rig,
        &to,
        &[(delivery_id(3), Step::Delivered), (delivery_id(4), park)],
    )
    .await;
    rig.restart().await;
    commit(&rig, &to, &[(5, 4)]).await;
    let drawn = next(&rig, &to, MANY).await;
    assert_eq!(ids(&drawn), numbers(&[1, 5]));
    assert_eq!(
        drawn.iter().map(|one| one.recovered).collect::<Vec<_>>(),
        [true, false]
    );
    settle(&rig, &to, &[(delivery_id(1), Step::Delivered)]).await;
    assert!(next(&rig, &to, MANY).await[0].recovered);
    nothing_comes(&rig, &to).await;
}

async fn much_behind_one_patient_keeps_nobody_out(rig: &impl QueueRig) {
    let to = mailer();
    let stuck: Vec<(u64, u64)> = (0..20_000).map(|number| (number, 1)).collect();
    commit(rig, &to, &stuck).await;
    let others: Vec<(u64, u64)> = (20_000..21_500).map(|number| (number, number)).collect();
    commit(rig, &to, &others).await;
    let drawn = next(rig, &to, ONE).await;
    assert_eq!(ids(&drawn), numbers(&[0]));
    let not_before = after(rig.clock().now(), 3_600_000);
    settle(
        rig,
        &to,
        &[(
            delivery_id(0),
            Step::Retry {
                not_before,
                code: "http-503".to_owned(),
            },
        )],
    )
    .await;
    let mut delivered = Vec::new();
    while delivered.len() < others.len() {
        let drawn = ids(&next(rig, &to, RUNS).await);
        let steps: Vec<_> = drawn.iter().map(|id| (*id, Step::Delivered)).collect();
        settle(rig, &to, &steps).await;
        delivered.extend(drawn);
    }
    let expected: Vec<u64> = others.iter().map(|(number, _patient)| *number).collect();
    assert_eq!(delivered, numbers(&expected));
}

/// Delivers everything with workers that fail at random, in both ways of drawing, with a restart
/// on the way: every patient's deliveries arrive in order, none is lost, none arrives twice.
async fn order_holds_under_random_failures(mut rig: impl QueueRig, seed: u64) {
    const PATIENTS: u64 = 25;
    const DELIVERIES: u64 = 600;
    let to = mailer();
    let mut random = Numbers(0x9e37_79b9_7f4a_7c15 ^ seed);
    let mut expected: BTreeMap<SubjectKey, Vec<DeliveryId>> = BTreeMap::new();
    let mut arrived: BTreeMap<SubjectKey, Vec<DeliveryId>> = BTreeMap::new();
    let (mut number, mut count) = (0, 0);
    while count < DELIVERIES {
        if number < DELIVERIES && random.below(3) > 0 {
            let new: Vec<(u64, u64)> = (0..40)
                .map(|i| (number + i, random.below(PATIENTS)))
                .collect();
            commit(&rig, &to, &new).await;
            for (number, patient) in new {
                expected
                    .entry(subject(patient))
                    .or_default()
                    .push(delivery_id(number));
            }
            number += 40;
            continue;
        }
        if count == number {
            continue;
        }
        let limit = usize::try_from(1 + random.below(30)).unwrap();
        let consecutive = random.below(2) == 0;
        let drawn = next(&rig, &to, Draw { limit, consecutive }).await;
        assert!(drawn.len() <= limit);
        if random.below(15) == 0 {
            rig.queue().give_back(&to, &ids(&drawn));
            continue;
        }
        if random.below(15) == 0 {
            rig.restart().await;
            continue;
        }
        let mut failed: Vec<SubjectKey> = Vec::new();
        let mut steps = Vec::new();
        for delivery in &drawn {
            // A batch goes out in order: behind a failure nothing of that patient arrives.
            if failed.contains(&delivery.subject) || random.below(4) == 0 {
                failed.push(delivery.subject);
                let delay = i64::try_from(random.below(20)).unwrap();
                let not_before = after(rig.clock().now(), delay);
                steps.push((
                    delivery.id,
                    Step::Retry {
                        not_before,
                        code: "http-503".to_owned(),
                    },
                ));
            } else {
                arrived
                    .entry(delivery.subject)
                    .or_default()
                    .push(delivery.id);
                steps.push((delivery.id, Step::Delivered));
                count += 1;
            }
        }
        settle(&rig, &to, &steps).await;
    }
    assert_eq!(arrived, expected, "seed {seed}");
}
