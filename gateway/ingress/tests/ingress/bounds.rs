//! Bounds: silence, a silent store, a gateway that stops.

use std::time::Duration;

use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{ApplicationAccept, ApplicationError};

use crate::client::framed;
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::admission;
use crate::rig::Rig;

#[tokio::test(start_paused = true)]
async fn a_message_that_stands_still_is_given_up() {
    let rig = Rig::new();
    let mut client = rig.connect();
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    let frame = framed(admission("N2"));
    client.send_bytes(&frame[..20]).await;
    assert!(client.is_closed().await);
    assert_eq!(rig.seams.counters.frames_broken.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_link_stays_open_unless_a_bound_is_stated() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let night = tokio::time::timeout(Duration::from_hours(12), client.answer_text());
    assert!(night.await.is_err());
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    let bounded = Rig::new().bounded(|bounds| bounds.idle_seconds_max = Some(60));
    assert!(bounded.connect().is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_is_an_error_to_all_who_wait() {
    let acts = [Act::Take, Act::StaySilent, Act::StaySilent];
    let rig = Rig::with_intake(FakeIntake::doing(acts));
    let mut client = rig.connect();
    for id in ["N1", "N2", "N3"] {
        client.send(admission(id)).await;
    }
    assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
    assert_eq!(client.answer().await, (ApplicationError, "N2".to_owned()));
    assert_eq!(client.answer().await, (ApplicationError, "N3".to_owned()));
    assert_eq!(client.ask(admission("N4")).await, ApplicationAccept);
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_makes_senders_wait_and_comes_back_whole() {
    let slow = (0..32).map(|_| Act::TakeAfter(Duration::from_secs(20)));
    let rig = Rig::with_intake(FakeIntake::doing(slow));
    let mut long = admission("N1") + "NTE|1||";
    long.push_str(&"y".repeat((40 << 10) - long.len()));
    // More than 1 MiB together, none of them large.
    let mut holders: Vec<_> = (0..32).map(|_| rig.connect()).collect();
    for holder in &mut holders {
        holder.send(&long).await;
    }
    while rig.seams.budget.bytes_free() > 40 << 10 {
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    // It waits while the budget is spent, and goes on when a share comes back.
    assert_eq!(rig.connect().ask(admission("N2")).await, ApplicationAccept);
    for holder in &mut holders {
        assert_eq!(holder.answer().await.0, ApplicationAccept);
    }
    assert_eq!(rig.seams.budget.bytes_free(), rig.seams.budget.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_stop_answers_what_came_in_whole_and_closes() {
    let acts = [
        Act::TakeAfter(Duration::from_secs(5)),
        Act::TakeAfter(Duration::from_secs(1)),
    ];
    let rig = Rig::with_intake(FakeIntake::doing(acts));
    let mut client = rig.connect();
    client.send(admission("N1")).await;
    client.send(admission("N2")).await;
    let part = framed(admission("N3"));
    client.send_bytes(&part[..30]).await;
    let sleep = tokio::time::timeout(Duration::from_millis(10), std::future::pending::<()>());
    assert!(sleep.await.is_err());
    rig.stop.send_replace(true);
    assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
    assert_eq!(client.answer().await, (ApplicationAccept, "N2".to_owned()));
    assert!(client.is_closed().await);
    assert_eq!(rig.intake.stored().len(), 2);
}
