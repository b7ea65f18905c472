//! What every delivery queue must do, whatever carries the deliveries; a queue runs it by making
//! a `QueueRig`.

use isthmus_core::id::RecipientId;
use isthmus_core::journal::Step;
use isthmus_core::refusal::Reason;

use crate::given::{after, conclusion, delivery, delivery_id, subject, urgent};
use crate::rig::{
    MANY, NOTHING_COMES, ONE, QueueRig, RUNS, SOON, all, commit, commit_all, ids, mailer, next,
    nothing_comes, numbers, settle,
};
use crate::suite_under_failures::order_holds_under_random_failures;

/// Runs every test with a fresh rig.
pub(crate) async fn run<R: QueueRig>(make: impl Fn() -> R) {
    a_patient_s_deliveries_come_one_after_the_other(&make()).await;
    a_delivery_is_what_was_committed(&make()).await;
    a_retry_holds_up_its_patient_alone(&make()).await;
    a_parked_delivery_holds_up_its_patient_alone(&make()).await;
    a_withheld_delivery_lets_the_next_one_go(&make()).await;
    what_is_given_back_comes_again_untried(&make()).await;
    consecutive_deliveries_come_in_order(&make()).await;
    what_is_urgent_comes_first(&make()).await;
    recipients_do_not_hold_up_each_other(&make()).await;
    a_worker_that_waits_is_woken(&make()).await;
    a_restart_brings_back_what_was_not_settled(make()).await;
    much_behind_one_patient_keeps_nobody_out(&make()).await;
    order_holds_under_random_failures(make(), 1).await;
    order_holds_under_random_failures(make(), 2).await;
}

async fn a_patient_s_deliveries_come_one_after_the_other(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 2), (4, 1)]).await;
    assert_eq!(ids(&all(rig, &to, 2).await), numbers(&[1, 3]));
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
    let drawn = all(rig, &to, 2).await;
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
    assert_eq!(ids(&all(rig, &to, 2).await), numbers(&[1, 3]));
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
    assert_eq!(all(rig, &to, 2).await.len(), 2);
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
    for (number, reason) in [(1, "consent"), (2, "expired")] {
        assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[number]));
        let withheld = (delivery_id(number), Step::Withheld(reason));
        settle(rig, &to, &[withheld]).await;
    }
    assert_eq!(ids(&next(rig, &to, MANY).await), numbers(&[3]));
    let parked = (delivery_id(3), Step::Park(Reason::ConsentChanged));
    settle(rig, &to, &[parked]).await;
    nothing_comes(rig, &to).await;
}

async fn what_is_given_back_comes_again_untried(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 2), (3, 1)]).await;
    let drawn = all(rig, &to, 2).await;
    rig.queue().give_back(&to, &ids(&drawn));
    let again = all(rig, &to, 2).await;
    assert_eq!(ids(&again), numbers(&[1, 2]));
    assert!(again.iter().all(|delivery| delivery.attempt == 1));
}

async fn consecutive_deliveries_come_in_order(rig: &impl QueueRig) {
    let to = mailer();
    commit(rig, &to, &[(1, 1), (2, 1), (3, 2), (4, 1), (5, 1)]).await;
    let mut arrived = Vec::new();
    while arrived.len() < 5 {
        let drawn = next(rig, &to, RUNS).await;
        let steps: Vec<_> = drawn.iter().map(|one| (one.id, Step::Delivered)).collect();
        arrived.extend(
            drawn
                .iter()
                .filter(|one| one.id != delivery_id(3))
                .map(|one| one.id),
        );
        settle(rig, &to, &steps).await;
        if arrived.len() == 4 {
            break;
        }
    }
    assert_eq!(arrived, numbers(&[1, 2, 4, 5]));
}

/// More than any queue has on its way waits when an urgent one is committed. It comes before most
/// of them, but never before what its own patient has before it.
async fn what_is_urgent_comes_first(rig: &impl QueueRig) {
    const OTHERS: u64 = 2_000;
    let to = mailer();
    let others: Vec<(u64, u64)> = (10..10 + OTHERS).map(|number| (number, number)).collect();
    commit(rig, &to, &others).await;
    let first = next(rig, &to, ONE).await;
    let optout = delivery(1, &to, subject(1), 200);
    let same_patient = delivery(2, &to, first[0].subject, 200);
    let new = [(1, urgent(optout)), (2, urgent(same_patient))];
    commit_all(rig, &to, &new).await;
    let mut before = Vec::new();
    loop {
        let drawn = ids(&next(rig, &to, ONE).await);
        assert_ne!(drawn, numbers(&[2]), "it overtook its own patient's");
        settle(rig, &to, &[(drawn[0], Step::Delivered)]).await;
        if drawn == numbers(&[1]) {
            break;
        }
        before.extend(drawn);
    }
    assert!(before.len() < 1_200, "{} came before it", before.len());
    settle(rig, &to, &[(first[0].id, Step::Delivered)]).await;
    let mut later = 0;
    while ids(&next(rig, &to, ONE).await) != numbers(&[2]) {
        later += 1;
    }
    assert!(later < 600, "{later} came before it");
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
    assert_eq!(all(&rig, &to, 3).await.len(), 3);
    let park = Step::Park(Reason::RefusedByDestination);
    settle(
        &rig,
        &to,
        &[(delivery_id(3), Step::Delivered), (delivery_id(4), park)],
    )
    .await;
    rig.restart().await;
    commit(&rig, &to, &[(5, 4)]).await;
    let drawn = all(&rig, &to, 2).await;
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
    let mut delivered = Vec::new();
    let mut drawn = next(rig, &to, ONE).await;
    while ids(&drawn) != numbers(&[0]) {
        settle(rig, &to, &[(drawn[0].id, Step::Delivered)]).await;
        delivered.push(drawn[0].id);
        drawn = next(rig, &to, ONE).await;
    }
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
    while delivered.len() < others.len() {
        let drawn = ids(&next(rig, &to, RUNS).await);
        let steps: Vec<_> = drawn.iter().map(|id| (*id, Step::Delivered)).collect();
        settle(rig, &to, &steps).await;
        delivered.extend(drawn);
    }
    let expected: Vec<u64> = others.iter().map(|(number, _patient)| *number).collect();
    delivered.sort_unstable();
    assert_eq!(delivered, numbers(&expected));
}
