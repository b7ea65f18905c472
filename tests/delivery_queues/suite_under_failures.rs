//! The order of every patient's deliveries under workers that fail at random.

use std::collections::BTreeMap;

use isthmus_core::delivery_queue::Draw;
use isthmus_core::id::{DeliveryId, SubjectKey};
use isthmus_core::journal::Step;

use crate::given::{Numbers, after, delivery_id, subject};
use crate::rig::{QueueRig, commit, ids, mailer, next, settle};

/// Delivers everything with workers that fail at random, in both ways of drawing, with a restart
/// on the way: every patient's deliveries arrive in order, none is lost, none arrives twice.
pub(crate) async fn order_holds_under_random_failures(mut rig: impl QueueRig, seed: u64) {
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
