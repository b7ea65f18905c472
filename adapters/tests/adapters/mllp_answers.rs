//! Answers as receivers give them, over real sockets: whole or in pieces, in either mode, with
//! every code. A test that is named for an issue of another engine shows that its fault is not
//! ours.

use std::time::Duration;

use isthmus_core::destination::{DeliveryOutcome, Destination, RetryScope};

use crate::mllp_peer::{
    Act, Peer, accepted, ack, again, control_id, deliver, filled, framed, refused, runner, update,
};

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_message_arrives_as_it_was_planned_and_its_acknowledgment_settles_it() {
    let peer = Peer::start(Vec::new()).await;
    let runner = runner("", peer.port, LONG);
    assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    let received = peer.received();
    let text = &received.messages[0].1;
    assert!(text.starts_with("MSH|^~\\&|ISTHMUS|GATEWAY|LAB|NORTH|20260310120000+0000||"));
    assert!(text.ends_with("\rPID|||1^^^^MR||Marlow^Tessa\r"), "{text}");
    assert_eq!(received.ids(), [control_id(2)]);
}

/// GoogleCloudPlatform/mllp (mllpsender) never reads the reply code: AE counts as delivered there.
#[tokio::test]
async fn google_mllp_the_reply_code_is_read() {
    let answer = |code: &str, condition: &str| {
        let head = "MSH|^~\\&|LAB|NORTH|||20260310120001||ACK|A1|P|2.5.1\r";
        let text = format!("{head}MSA|{code}|{{id}}|free text\rERR||PID^1^5|{condition}|E\r");
        vec![Act::Send(framed(&text))]
    };
    let script = vec![
        answer("AE", "207"),
        answer("AR", "200^Unsupported^HL70357"),
        answer("CE", ""),
        answer("CR", "MARLOW"),
        accepted(),
    ];
    let peer = Peer::start(script).await;
    let runner = runner("", peer.port, LONG);
    for expected in [
        again(RetryScope::Record, "hl7-AE-207"),
        refused("hl7-AR-200"),
        again(RetryScope::Record, "hl7-CE"),
        refused("hl7-CR"),
        DeliveryOutcome::Delivered,
    ] {
        assert_eq!(deliver(&runner, 2).await, expected);
    }
    // None of them is a fault of the connection.
    assert_eq!(peer.received().connections, 1);
}

/// nextgenhealthcare/connect 2414: the sender knows no enhanced mode.
#[tokio::test]
async fn mirth_2414_in_enhanced_mode_the_commit_is_asked_for_and_is_the_end() {
    let script = vec![vec![Act::Send(ack("CA", "{id}"))]];
    let peer = Peer::start(script).await;
    let runner = runner(r#""acknowledgement": "enhanced""#, peer.port, LONG);
    assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    let text = &peer.received().messages[0].1;
    assert!(text.contains("|P|2.5.1|||AL|NE||UNICODE UTF-8\r"), "{text}");
}

/// nextgenhealthcare/connect 4144: one rejected message blocks the queue for ever.
#[tokio::test]
async fn mirth_4144_a_rejected_message_holds_up_nobody() {
    let script = vec![
        vec![Act::Send(ack("AR", "{id}"))],
        vec![Act::Send(ack("AE", "{id}"))],
    ];
    let peer = Peer::start(script).await;
    let runner = runner("", peer.port, LONG);
    assert_eq!(deliver(&runner, 1).await, refused("hl7-AR"));
    let waits = again(RetryScope::Record, "hl7-AE");
    assert_eq!(deliver(&runner, 2).await, waits);
    for number in 3..10 {
        assert_eq!(runner.ready().await, 1);
        assert_eq!(deliver(&runner, number).await, DeliveryOutcome::Delivered);
    }
}

/// HCA elixir-mllp 62 "Fragmented Ack", and oehf/ipf 106: end bytes in a segment of their own.
#[tokio::test]
async fn elixir_mllp_62_an_ack_is_read_whole_whatever_it_is_cut_into() {
    // With characters of two bytes, which are cut too.
    let text = "MSH|^~\\&|LAB|NORTH|||20260310120001||ACK|A1|P|2.5.1\rMSA|AA|{id}|für Zoë\r";
    let answer = framed(text);
    let length = filled(&answer, &control_id(2)).len();
    let mut script: Vec<Vec<Act>> = (1..length)
        .map(|at| vec![Act::Pieces(answer.clone(), vec![at])])
        .collect();
    script.push(vec![Act::Pieces(answer, vec![1; length])]);
    let peer = Peer::start(script).await;
    let runner = runner("", peer.port, LONG);
    for at in 1..=length {
        let outcome = deliver(&runner, 2).await;
        assert_eq!(outcome, DeliveryOutcome::Delivered, "cut at {at}");
    }
    // The carriage return that comes late belongs to the frame before.
    assert_eq!(peer.received().connections, 1);
}

#[tokio::test]
async fn line_ends_between_frames_mean_nothing() {
    let with = |before: &str, after: &str| {
        let answer = [before.as_bytes(), &ack("AA", "{id}"), after.as_bytes()].concat();
        vec![Act::Send(answer)]
    };
    let script = vec![with("", "\n"), with("\r\n", "\r\n\r\n"), with("\n", "")];
    let peer = Peer::start(script).await;
    let runner = runner("", peer.port, LONG);
    for number in 1..5 {
        assert_eq!(deliver(&runner, number).await, DeliveryOutcome::Delivered);
    }
    assert_eq!(peer.received().connections, 1);
}

/// amida-tech/mllp 1 "MLLP Does not support Large Messages", and jembi/openhim-core-js, which takes
/// each chunk for a message and decodes it by itself.
#[tokio::test]
async fn openhim_a_large_message_arrives_whole() {
    let peer = Peer::start(Vec::new()).await;
    let runner = runner("", peer.port, LONG);
    let name = "Łukasiewicz-Müller ".repeat(100_000);
    let outcomes = runner.deliver(vec![update(2, &name)]).await;
    assert_eq!(outcomes, [DeliveryOutcome::Delivered]);
    let received = peer.received();
    assert_eq!(received.messages.len(), 1);
    assert!(received.messages[0].1.contains(&name));
}
