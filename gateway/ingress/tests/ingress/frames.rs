//! Frames: cut anywhere, several at once, broken, too large.

use std::time::Duration;

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{ApplicationAccept, ApplicationReject};
use tokio::io::AsyncWriteExt;

use crate::client::framed;
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::admission;
use crate::rig::Rig;

#[tokio::test]
async fn a_frame_may_be_cut_at_every_byte() {
    let rig = Rig::new();
    let frame = framed(admission("N1"));
    for cut in 0..=frame.len() {
        let mut client = rig.connect();
        client.send_bytes(&frame[..cut]).await;
        tokio::task::yield_now().await;
        client.send_bytes(&frame[cut..]).await;
        assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
    }
    let mut client = rig.connect();
    for byte in &frame {
        client.send_bytes(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.0, ApplicationAccept);
    assert_eq!(rig.intake.stored().len(), frame.len() + 2);
}

#[tokio::test]
async fn pipelined_messages_are_stored_and_answered_in_order() {
    let slow = (0..200).map(|number| match number % 7 {
        0 => Act::TakeAfter(Duration::from_millis(3)),
        3 => Act::TakeAfter(Duration::from_millis(1)),
        _ => Act::Take,
    });
    let rig = Rig::with_intake(FakeIntake::doing(slow));
    let mut client = rig.connect();
    let ids: Vec<String> = (0..200).map(|number| format!("N{number}")).collect();
    let frames: Vec<u8> = ids.iter().flat_map(|id| framed(admission(id))).collect();
    client.send_bytes(&frames).await;
    for id in &ids {
        assert_eq!(client.answer().await, (ApplicationAccept, id.clone()));
    }
    assert_eq!(rig.intake.stored().len(), 200);
}

#[tokio::test]
async fn messages_reach_the_store_in_order_and_within_the_window() {
    let silent = (0..100).map(|_| Act::StaySilent);
    let rig = Rig::with_intake(FakeIntake::doing(silent)).bounded(|bounds| {
        bounds.frames_in_flight_max = 8;
    });
    let mut client = rig.connect();
    let frames: Vec<u8> = (0..50)
        .flat_map(|id| framed(admission(&id.to_string())))
        .collect();
    client.send_bytes(&frames).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let waiting = rig.intake.waiting.load(std::sync::atomic::Ordering::SeqCst);
    assert!((1..=8).contains(&waiting), "{waiting} are with the store");
}

#[tokio::test]
async fn a_start_block_inside_a_frame_is_rejected_and_ends_the_connection() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let mut bytes = framed(admission("N1"));
    let broken = framed(admission("N2"));
    bytes.extend_from_slice(&broken[..broken.len() - 2]);
    bytes.extend_from_slice(&framed(admission("N3")));
    client.send_bytes(&bytes).await;
    assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
    assert_eq!(client.answer().await, (ApplicationReject, "N2".to_owned()));
    assert!(client.is_closed().await);
    assert_eq!(rig.intake.texts(), [admission("N1")]);
    assert_eq!(rig.seams.counters.frames_broken.get(), 1);
}

#[tokio::test]
async fn junk_between_frames_is_passed_over_and_counted() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client.send_bytes(b"\r\n\r\n").await;
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    client.send_bytes(b"xyz").await;
    assert_eq!(client.ask(admission("N2")).await, ApplicationAccept);
    assert_eq!(rig.seams.counters.junk_bytes.get(), 7);
}

#[tokio::test]
async fn a_message_without_end_is_rejected_at_the_limit_and_never_held() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client.send_bytes(b"\x0b").await;
    client.send_bytes(admission("N9").as_bytes()).await;
    let chunk = vec![b'x'; 1 << 20];
    let mut sent = 0_u64;
    // A gigabyte is offered; the gateway takes its limit and what it reads while lingering.
    while sent < 1 << 30 {
        match client.stream.write(&chunk).await {
            Ok(count) if count > 0 => sent += count as u64,
            _ => break,
        }
        assert!(rig.seams.budget.bytes_free() >= (1 << 20) - (512 << 10));
    }
    assert_eq!(client.answer().await, (ApplicationReject, "N9".to_owned()));
    assert!(client.is_closed().await);
    assert_eq!(rig.seams.counters.refused.of(Reason::Oversize).get(), 1);
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test]
async fn a_message_up_to_the_limit_is_taken_and_its_bytes_are_given_back() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let mut long = admission("N1") + "NTE|1||";
    long.push_str(&"y".repeat((256 << 10) - long.len()));
    for _ in 0..5 {
        assert_eq!(client.ask(&long).await, ApplicationAccept);
        assert_eq!(client.ask(admission("N2")).await, ApplicationAccept);
    }
    assert_eq!(rig.seams.budget.bytes_free(), rig.seams.budget.bytes());
    long.push('y');
    assert_eq!(client.ask(&long).await, ApplicationReject);
}

#[tokio::test]
async fn half_a_message_never_enters() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let frame = framed(admission("N1"));
    client.send_bytes(&frame[..frame.len() - 2]).await;
    client.stream.shutdown().await.unwrap();
    assert!(client.is_closed().await);
    assert!(rig.intake.stored().is_empty());
    assert_eq!(rig.seams.counters.frames_broken.get(), 1);
}

#[tokio::test]
async fn a_peer_that_has_said_all_still_gets_its_answers() {
    let rig = Rig::with_intake(FakeIntake::doing([Act::TakeAfter(Duration::from_millis(
        20,
    ))]));
    let mut client = rig.connect();
    client.send(admission("N1")).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
    assert!(client.is_closed().await);
}
