//! Answers that come late, twice, for another message, or are none, over real sockets: none is ever
//! taken for the answer to another message, and the connection that it came by is not used again.
//! A test that is named for an issue of another engine shows that its fault is not ours.

use std::time::Duration;

use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::executor::Executor;
use tokio::net::TcpListener;

use crate::mllp_peer::{
    Act, Peer, accepted, ack, again, control_id, deliver, framed, refused, runner, unknown, update,
};
use crate::runtime::TokioExecutor;

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(400);

/// nextgenhealthcare/connect 1441: an ack that comes after the timeout is matched to the next
/// message queued.
#[tokio::test]
async fn mirth_1441_a_late_ack_is_not_matched_to_the_next_message() {
    let patience = Duration::from_secs(3);
    let late = vec![
        Act::Wait(patience + SHORT),
        Act::Send(ack("AA", "{id}")),
        Act::Silence,
    ];
    let refuses = vec![Act::Wait(SHORT * 2), Act::Send(ack("AR", "{id}"))];
    let peer = Peer::start(vec![late, refuses]).await;
    let runner = runner("", peer.port, patience);
    assert_eq!(deliver(&runner, 1).await, unknown("timeout"));
    // Its acknowledgment comes while the next one waits for its own, which says no.
    assert_eq!(deliver(&runner, 2).await, refused("hl7-AR"));
    assert_eq!(peer.received().ways(), [1, 2]);
}

/// nextgenhealthcare/connect 2070 "Mismatched ACKs when queueing on ACK timeout".
#[tokio::test]
async fn mirth_2070_an_ack_of_another_message_settles_nothing() {
    let other = vec![Act::Send(ack("AA", &control_id(1)))];
    let peer = Peer::start(vec![accepted(), other, accepted()]).await;
    let runner = runner("", peer.port, LONG);
    assert_eq!(deliver(&runner, 1).await, DeliveryOutcome::Delivered);
    assert_eq!(deliver(&runner, 2).await, unknown("ack-of-another"));
    assert_eq!(deliver(&runner, 3).await, DeliveryOutcome::Delivered);
    assert_eq!(peer.received().ways(), [1, 1, 2]);
}

/// The same while two connections have a message each: an answer by the other's connection.
#[tokio::test]
async fn answers_that_are_swapped_between_connections_settle_nothing() {
    let swapped = |number| {
        vec![
            Act::Wait(Duration::from_secs(1)),
            Act::Send(ack("AA", &control_id(number))),
            Act::Silence,
        ]
    };
    let peer = Peer::start(vec![swapped(9), swapped(8)]).await;
    let runner = runner(r#""at_once": 2"#, peer.port, LONG);
    let (first, second) = tokio::join!(deliver(&runner, 8), deliver(&runner, 9));
    // Which message came first is not known; both answers are wrong, or both are right.
    let ids = peer.received().ids();
    let expected = if ids == [control_id(8), control_id(9)] {
        unknown("ack-of-another")
    } else {
        DeliveryOutcome::Delivered
    };
    assert_eq!((first, second), (expected.clone(), expected));
    assert_eq!(peer.received().connections, 2);
}

/// nextgenhealthcare/connect 1314: messages that time out flooded a receiver with duplicates that
/// it could not tell.
#[tokio::test]
async fn mirth_1314_a_repeat_has_the_same_id_and_the_same_bytes() {
    let peer = Peer::start(vec![vec![Act::Silence], vec![Act::Close]]).await;
    let (hasty, patient) = (runner("", peer.port, SHORT), runner("", peer.port, LONG));
    let attempt = |attempt| Outbound {
        attempt,
        ..update(2, "Marlow")
    };
    let outcomes = [
        hasty.deliver(vec![attempt(1)]).await.remove(0),
        patient.deliver(vec![attempt(2)]).await.remove(0),
        patient.deliver(vec![attempt(3)]).await.remove(0),
    ];
    let expected = [
        unknown("timeout"),
        unknown("cut"),
        DeliveryOutcome::Delivered,
    ];
    assert_eq!(outcomes, expected);
    let messages = peer.received().messages;
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|(_, text)| *text == messages[0].1));
}

#[tokio::test]
async fn a_second_ack_is_not_that_of_the_next_message() {
    let both = |wait| {
        let no = Act::Send(ack("AR", "{id}"));
        vec![Act::Send(ack("AA", "{id}")), Act::Wait(wait), no]
    };
    let at_once = [ack("AA", "{id}"), ack("AR", "{id}")].concat();
    let script = vec![
        vec![Act::Send(at_once)],
        both(SHORT / 4),
        accepted(),
        accepted(),
    ];
    let peer = Peer::start(script).await;
    let runner = runner("", peer.port, LONG);
    // In one piece: the first one counts, and the connection is not used again.
    assert_eq!(deliver(&runner, 1).await, DeliveryOutcome::Delivered);
    assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    // The second one came while nothing was under way.
    TokioExecutor.sleep(SHORT * 5).await;
    assert_eq!(deliver(&runner, 3).await, DeliveryOutcome::Delivered);
    assert_eq!(deliver(&runner, 4).await, DeliveryOutcome::Delivered);
    assert_eq!(peer.received().ways(), [1, 2, 3, 3]);
}

#[tokio::test]
async fn a_second_ack_that_comes_while_the_next_message_waits_is_none_of_it() {
    // It is sent only when the next message is there, before that one's own.
    let earlier = ack("AA", &control_id(1));
    let next = vec![Act::Send(earlier), Act::Send(ack("AA", "{id}"))];
    let peer = Peer::start(vec![accepted(), next]).await;
    let runner = runner("", peer.port, LONG);
    assert_eq!(deliver(&runner, 1).await, DeliveryOutcome::Delivered);
    assert_eq!(deliver(&runner, 2).await, unknown("ack-of-another"));
    assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    assert_eq!(peer.received().ways(), [1, 1, 2]);
}

#[tokio::test]
async fn bytes_behind_an_ack_end_the_connection_and_change_nothing() {
    let junk = [&ack("AA", "{id}")[..], b"hello"].concat();
    let half = [&ack("AA", "{id}")[..], b"\x0bMSH|"].concat();
    let peer = Peer::start(vec![vec![Act::Send(junk)], vec![Act::Send(half)]]).await;
    let runner = runner("", peer.port, LONG);
    for number in 1..4 {
        assert_eq!(deliver(&runner, number).await, DeliveryOutcome::Delivered);
    }
    assert_eq!(peer.received().ways(), [1, 2, 3]);
}

#[tokio::test]
async fn what_is_no_ack_tells_nothing() {
    let head = "MSH|^~\\&|LAB|NORTH|||20260310120001||ACK|A1|P|2.5.1\r";
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            "ack-unreadable",
        ),
        (b"MSA|AA|{id}\r\x1c\r".to_vec(), "ack-unreadable"),
        (framed("MSA|AA|{id}\r"), "ack-unreadable"),
        (framed(""), "ack-unreadable"),
        (framed(head), "ack-unreadable"),
        (framed(&format!("{head}MSA|OK|{{id}}\r")), "ack-unreadable"),
        (framed(&format!("{head}MSA|AA|\r")), "ack-without-id"),
        (framed(&format!("{head}MSA|AA|{{id}}0\r")), "ack-of-another"),
        (
            framed(&format!("{head}\x0bMSA|AA|{{id}}\r")),
            "ack-unreadable",
        ),
        (framed(&"x".repeat(70_000)), "ack-too-long"),
    ];
    let script = cases
        .iter()
        .map(|(bytes, _)| vec![Act::Send(bytes.clone())]);
    let peer = Peer::start(script.collect()).await;
    for (bytes, code) in &cases {
        // Each by a runner of its own: so many failures would open the breaker.
        let outcome = deliver(&runner("", peer.port, LONG), 2).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
        assert_eq!(outcome, unknown(code), "{shown:?}");
    }
    assert_eq!(peer.received().connections, cases.len());
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    // Without a frame's end it grows until it is too long; without bytes, until time is up.
    let endless = [&b"\x0bMSH|"[..], &vec![b'x'; 1 << 20]].concat();
    let begun = vec![Act::Send(b"\x0bMSH|".to_vec()), Act::Silence];
    let peer = Peer::start(vec![vec![Act::Send(endless), Act::Silence], begun]).await;
    let patient = runner("", peer.port, LONG);
    assert_eq!(deliver(&patient, 1).await, unknown("ack-too-long"));
    let hasty = runner("", peer.port, SHORT);
    assert_eq!(deliver(&hasty, 1).await, unknown("timeout"));
}

#[tokio::test]
async fn a_cut_before_or_within_the_ack_is_not_known() {
    let whole = ack("AA", "{id}");
    let half = whole[..whole.len() / 2].to_vec();
    let script = vec![
        vec![Act::Close],
        vec![Act::Reset],
        vec![Act::Send(half), Act::Close],
        vec![Act::Send(whole), Act::Close],
    ];
    let peer = Peer::start(script).await;
    let runner = runner("", peer.port, LONG);
    for _ in 0..3 {
        assert_eq!(deliver(&runner, 2).await, unknown("cut"));
    }
    assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    assert_eq!(peer.received().ways(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_receiver_that_reads_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let runner = runner("", port, SHORT);
    let name = "x".repeat(12 << 20);
    let outcomes = runner.deliver(vec![update(2, &name)]).await;
    assert_eq!(outcomes, [unknown("timeout")]);
}

#[tokio::test]
async fn whoever_refuses_the_connection_was_sent_nothing_and_is_reached_when_back() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let runner = runner("", address.port(), LONG);
    let waits = again(RetryScope::Recipient, "connect");
    assert_eq!(deliver(&runner, 1).await, waits);
    let listener = TcpListener::bind(address).await.unwrap();
    let peer = Peer::over(listener, Vec::new());
    // The pace lets one through when the pause that the failure began is over.
    assert!(runner.ready().await >= 1);
    assert_eq!(deliver(&runner, 1).await, DeliveryOutcome::Delivered);
    assert_eq!(peer.received().ids(), [control_id(1)]);
}
