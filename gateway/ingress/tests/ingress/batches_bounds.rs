//! How much of a batch is in work at once, what it holds of the budgets, and how long it may take.

use std::sync::atomic::Ordering;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::refusal::Reason;

use crate::batches::{BHS, answer, batch, read};
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::admission;
use crate::rig::Rig;
use crate::runtime::TokioExecutor;

fn admissions(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| admission(&number.to_string()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_window_of_a_batch_is_with_the_store_and_its_bytes_count_in_the_budget() {
    let silent = (0..200).map(|_| Act::StaySilent);
    let rig = Rig::with_intake(FakeIntake::doing(silent));
    let text = batch(&admissions(200), "BTS|200");
    let mut client = rig.connect();
    client.send(&text).await;
    TokioExecutor.sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.intake.waiting.load(Ordering::SeqCst), 64);
    let held = rig.seams.budget.bytes() - rig.seams.budget.bytes_free();
    assert_eq!(held, text.len().next_multiple_of(1024));
    assert!(rig.seams.reading.bytes_free() < rig.seams.reading.bytes());
    // The store says nothing for as long as it may: all of it has to be sent again.
    let told = client.answer_text().await.unwrap();
    let (codes, envelope) = read(&told);
    assert_eq!(codes.len(), 200);
    assert!(
        codes.iter().all(|code| code.starts_with("AE ")),
        "{codes:?}"
    );
    assert_eq!(envelope[1], "BTS|200");
    drop(client);
    TokioExecutor.sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.seams.budget.bytes_free(), rig.seams.budget.bytes());
    assert_eq!(rig.seams.reading.bytes_free(), rig.seams.reading.bytes());
    assert_eq!(
        rig.seams
            .counters
            .refused
            .of(Reason::StoreUnavailable)
            .get(),
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_on_slowly_has_the_time_it_needs() {
    let slow = (0..300).map(|_| Act::TakeAfter(Duration::from_secs(20)));
    let rig = Rig::with_intake(FakeIntake::doing(slow));
    let told = answer(&rig, batch(&admissions(300), "BTS|300")).await;
    assert!(read(&told).0.iter().all(|code| code.starts_with("AA ")));
    assert_eq!(rig.intake.stored().len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_batch_behind_a_message_without_answer_gives_that_no_more_time() {
    let slow = (0..300).map(|_| Act::TakeAfter(Duration::from_secs(20)));
    let acts = std::iter::once(Act::StaySilent).chain(slow);
    let rig = Rig::with_intake(FakeIntake::doing(acts));
    let mut client = rig.connect();
    let start = TokioExecutor.monotonic();
    client.send(admission("silent")).await;
    client.send(batch(&admissions(300), "BTS|300")).await;
    let first = client.answer_text().await.unwrap();
    assert!(first.contains("\rMSA|AE|silent\r"), "{first}");
    let time = TokioExecutor.monotonic().saturating_sub(start);
    assert!(time < Duration::from_secs(40), "{time:?}");
}

#[tokio::test]
async fn a_batch_of_too_many_messages_is_refused_whole() {
    let rig = Rig::new().bounded(|bounds| bounds.frame_bytes_max = 1 << 20);
    let many = "MSH|^~\\&|\r".repeat(50_001);
    let told = answer(
        &rig,
        format!("{BHS}{}{many}BTS|50002\r", admission("first")),
    )
    .await;
    let (codes, envelope) = read(&told);
    assert_eq!(codes, ["AR first"]);
    assert!(
        envelope[1].starts_with("BTS|1|more than 50000 messages"),
        "{told}"
    );
    assert!(rig.intake.stored().is_empty());
    assert_eq!(rig.seams.counters.refused.of(Reason::Oversize).get(), 1);
}

#[tokio::test]
async fn a_batch_larger_than_a_message_may_be_is_refused_as_one() {
    let rig = Rig::new();
    let text = batch(&admissions(3000), "BTS|3000");
    assert!(text.len() > rig.bounds.frame_bytes_max);
    let mut client = rig.connect();
    let mut frame = vec![0x0B];
    frame.extend_from_slice(text.as_bytes());
    client.send_bytes(&frame).await;
    let told = client.answer_text().await.unwrap();
    assert!(told.contains("\rMSA|AR|0\r"), "{told}");
    assert!(client.is_closed().await);
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test]
async fn a_peer_that_is_bound_to_no_sender_is_refused_once() {
    let rig = Rig::new();
    let mut client = rig.connect_as("192.0.2.7", &[]);
    client.send(batch(&admissions(3), "BTS|3")).await;
    let told = client.answer_text().await.unwrap();
    assert!(told.contains("\rMSA|AR|0\r"), "{told}");
    assert!(client.is_closed().await);
}
