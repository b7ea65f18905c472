//! Large messages: how many are in work at once, and that neither they nor small ones starve.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{self, ApplicationAccept};
use tokio::task::JoinHandle;

use crate::client::framed;
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::admission;
use crate::rig::Rig;
use crate::runtime::TokioExecutor;

/// Bytes of a large message: of the 1 MiB for those in work it takes 400 KiB, so two have room.
const LARGE: usize = 100 << 10;

fn large(control_id: &str) -> String {
    let mut text = admission(control_id) + "NTE|1||";
    text.push_str(&"y".repeat(LARGE - text.len()));
    text
}

#[expect(clippy::disallowed_methods, reason = "whether it has ended is asked")]
fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(task)
}

/// Asks on a connection of its own.
fn ask(rig: &Rig, message: String) -> JoinHandle<AcknowledgmentCode> {
    let mut client = rig.connect();
    spawn(async move { client.ask(message).await })
}

/// A store that takes one second for each of so many.
fn slow(count: usize) -> FakeIntake {
    FakeIntake::doing((0..count).map(|_| Act::TakeAfter(Duration::from_secs(1))))
}

fn all_is_given_back(rig: &Rig) -> bool {
    let budgets = [&rig.seams.budget, &rig.seams.large, &rig.seams.reading];
    budgets.iter().all(|one| one.bytes_free() == one.bytes())
}

#[tokio::test(start_paused = true)]
async fn many_large_messages_at_once_are_in_work_a_few_at_a_time() {
    let rig = Rig::with_intake(slow(12));
    let asked: Vec<_> = (0..12)
        .map(|id| ask(&rig, large(&format!("N{id}"))))
        .collect();
    let mut with_store = 0;
    while asked.iter().any(|one| !one.is_finished()) {
        TokioExecutor.sleep(Duration::from_millis(10)).await;
        with_store = with_store.max(rig.intake.waiting.load(Ordering::SeqCst));
    }
    for one in asked {
        assert_eq!(one.await.unwrap(), ApplicationAccept);
    }
    // Whoever waits for a share takes what comes free, so what is in work is counted itself.
    assert_eq!(with_store, 2, "messages with the store");
    assert!(with_store * 4 * LARGE <= rig.seams.reading.bytes());
    assert_eq!(rig.intake.stored().len(), 12);
    assert!(all_is_given_back(&rig));
}

#[tokio::test(start_paused = true)]
async fn the_largest_message_has_room_for_itself_alone() {
    let rig = Rig::with_intake(slow(2)).bounded(|bounds| bounds.frame_bytes_max = 768 << 10);
    let mut text = admission("N1") + "NTE|1||";
    text.push_str(&"y".repeat((768 << 10) - text.len()));
    let both = [ask(&rig, text.clone()), ask(&rig, text)];
    for one in both {
        assert_eq!(one.await.unwrap(), ApplicationAccept);
    }
    assert!(all_is_given_back(&rig));
}

#[tokio::test(start_paused = true)]
async fn small_messages_do_not_wait_for_large_ones() {
    let rig = Rig::with_intake(slow(2));
    // Two that the store has, and as many as may that stand still inside of a frame.
    let with_store = [ask(&rig, large("N1")), ask(&rig, large("N2"))];
    while rig.intake.waiting.load(Ordering::SeqCst) < 2 {
        TokioExecutor.sleep(Duration::from_millis(1)).await;
    }
    let still: Vec<_> = (0..4)
        .map(|_| {
            let mut client = rig.connect();
            spawn(async move {
                client.send_bytes(&framed(large("N3"))[..LARGE - 10]).await;
                // Who got no room hears that there is none, then all are cut off.
                while client.answer_text().await.is_some() {}
            })
        })
        .collect();
    TokioExecutor.sleep(Duration::from_millis(1)).await;
    assert!(rig.seams.large.bytes_free() < rig.bounds.frame_bytes_max);
    let mut client = rig.connect();
    let small = async {
        for id in 0..100 {
            assert_eq!(
                client.ask(admission(&format!("S{id}"))).await,
                ApplicationAccept
            );
        }
    };
    let in_time = tokio::time::timeout(Duration::from_millis(500), small).await;
    assert!(in_time.is_ok(), "small messages waited");
    for one in with_store {
        assert_eq!(one.await.unwrap(), ApplicationAccept);
    }
    for one in still {
        one.await.unwrap();
    }
    assert!(all_is_given_back(&rig));
}

#[tokio::test(start_paused = true)]
async fn a_large_message_does_not_wait_for_small_ones_that_keep_coming() {
    let rig = Arc::new(Rig::with_intake(FakeIntake::doing(
        (0..100_000).map(|_| Act::TakeAfter(Duration::from_millis(10))),
    )));
    let mut padded = admission("S1") + "NTE|1||";
    padded.push_str(&"y".repeat((40 << 10) - padded.len()));
    // More than the whole budget holds, all the time.
    let coming: Vec<_> = (0..40)
        .map(|_| {
            let (mut client, padded) = (rig.connect(), padded.clone());
            spawn(async move {
                loop {
                    assert_eq!(client.ask(&padded).await, ApplicationAccept);
                }
            })
        })
        .collect();
    TokioExecutor.sleep(Duration::from_millis(100)).await;
    assert!(rig.seams.budget.bytes_free() < 64 << 10);
    let answered = tokio::time::timeout(Duration::from_secs(5), ask(&rig, large("N1"))).await;
    assert_eq!(
        answered.expect("an answer in time").unwrap(),
        ApplicationAccept
    );
    assert!(
        coming.iter().all(|one| !one.is_finished()),
        "small ones go on"
    );
    for one in coming {
        one.abort();
    }
}
