//! Connections to a receiver: how many there are, how long they stay, and when one is made anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use isthmus_core::destination::{DeliveryOutcome, Destination};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use tokio::net::TcpListener;

use crate::mllp_peer::{
    Act, Peer, accepted, ack, client, client_with, control_id, deliver, runner, runner_over,
};
use crate::runtime::TokioExecutor;

const LONG: Duration = Duration::from_mins(1);

/// `GoogleCloudPlatform/mllp` (mllpsender) makes a new TCP connection for every message.
#[tokio::test]
async fn google_mllp_one_connection_serves_all_messages() {
    let peer = Peer::start(Vec::new()).await;
    let runner = runner("", peer.port, LONG);
    for number in 1..=20 {
        assert_eq!(deliver(&runner, number).await, DeliveryOutcome::Delivered);
    }
    let received = peer.received();
    assert_eq!(received.connections, 1);
    let ids: Vec<String> = (1..=20).map(control_id).collect();
    assert_eq!(received.ids(), ids);
}

#[tokio::test]
async fn at_once_connections_have_one_message_each_under_way() {
    let slow = vec![
        Act::Wait(Duration::from_secs(1)),
        Act::Send(ack("AA", "{id}")),
    ];
    let peer = Peer::start(vec![slow; 8]).await;
    let runner = runner(r#""at_once": 4"#, peer.port, LONG);
    for round in 0..2_u8 {
        let first = round * 4 + 1;
        let all = tokio::join!(
            deliver(&runner, first),
            deliver(&runner, first + 1),
            deliver(&runner, first + 2),
            deliver(&runner, first + 3)
        );
        let outcomes = [all.0, all.1, all.2, all.3];
        assert!(
            outcomes
                .iter()
                .all(|one| *one == DeliveryOutcome::Delivered)
        );
    }
    let received = peer.received();
    assert_eq!(received.connections, 4);
    for way in 1..=4 {
        let count = received.ways().iter().filter(|one| **one == way).count();
        assert_eq!(count, 2, "{:?}", received.ways());
    }
}

#[tokio::test]
async fn a_receiver_that_closes_behind_every_answer_is_reached_anew_without_a_doubt() {
    let closes = vec![Act::Send(ack("AA", "{id}")), Act::Close];
    let peer = Peer::start(vec![closes; 5]).await;
    let runner = runner("", peer.port, LONG);
    for number in 1..=5 {
        assert_eq!(deliver(&runner, number).await, DeliveryOutcome::Delivered);
        // Its end arrives behind the answer.
        TokioExecutor.sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(peer.received().ways(), [1, 2, 3, 4, 5]);
}

/// Its time runs ahead as it is told.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Executor for Ahead {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        TokioExecutor.spawn(name, task);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        TokioExecutor.sleep(time)
    }

    fn monotonic(&self) -> Duration {
        TokioExecutor.monotonic() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_connection_that_was_quiet_for_long_is_made_anew() {
    let peer = Peer::start(Vec::new()).await;
    let time = Arc::new(Ahead::default());
    let client = client_with("", peer.port, LONG, Arc::clone(&time) as _);
    let runner = runner_over(client, "");
    for (ahead, number) in [(0, 1), (200, 2), (400, 3), (701, 4)] {
        time.0.store(ahead, Ordering::Relaxed);
        assert_eq!(deliver(&runner, number).await, DeliveryOutcome::Delivered);
    }
    assert_eq!(peer.received().ways(), [1, 1, 1, 2]);
}

#[tokio::test]
async fn a_check_connects_and_sends_nothing() {
    let peer = Peer::start(vec![accepted()]).await;
    let client = client("", peer.port, LONG);
    assert_eq!(client.check().await, Ok(()));
    assert_eq!(peer.received().messages.len(), 0);
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let client = crate::mllp_peer::client("", port, LONG);
    assert_eq!(client.check().await, Err("connect"));
}

#[tokio::test]
async fn a_hand_over_that_is_given_up_leaves_no_answer_behind() {
    let slow = vec![
        Act::Wait(Duration::from_secs(2)),
        Act::Send(ack("AA", "{id}")),
    ];
    let peer = Peer::start(vec![slow]).await;
    let runner = runner("", peer.port, LONG);
    let given_up = tokio::time::timeout(Duration::from_secs(1), deliver(&runner, 1)).await;
    assert!(given_up.is_err());
    TokioExecutor.sleep(Duration::from_millis(1500)).await;
    assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    assert_eq!(peer.received().ways(), [1, 2]);
    assert_eq!(runner.takes().at_once, 1);
}
