//! Faults of other receivers, each tried against ours and named after its source; frames cut at
//! every byte, pipelined and broken ones are in `frames`.

use std::time::Duration;

use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{
    ApplicationAccept, ApplicationError, ApplicationReject,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{Client, framed};
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::{Msh, NORTH, admission};
use crate::rig::{Rig, senders, terms};

/// Where a poisonous message stands in a stream of good ones.
const POISON: usize = 1001;

fn ids(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("N{number}")).collect()
}

/// No answer comes within this time.
async fn is_silent<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> bool {
    let more = client.answer_text();
    tokio::time::timeout(Duration::from_millis(50), more)
        .await
        .is_err()
}

/// jembi/openhim-core-js, src/tcpAdapter.js: one chunk is taken for one message.
#[tokio::test]
async fn openhim_several_messages_in_one_chunk_are_several_messages() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let chunk: Vec<u8> = ids(3).iter().flat_map(|id| framed(admission(id))).collect();
    client.send_bytes(&chunk).await;
    for id in ids(3) {
        assert_eq!(client.answer().await, (ApplicationAccept, id));
    }
    assert!(is_silent(&mut client).await);
    let expected: Vec<String> = ids(3).iter().map(|id| admission(id)).collect();
    assert_eq!(rig.intake.texts(), expected);
}

/// The same: each chunk is decoded as UTF-8 by itself.
#[tokio::test]
async fn openhim_a_character_split_over_two_chunks_stays_whole() {
    let rig = Rig::new();
    for name in ["Zoë", "Łucja", "花子", "𠮷野"] {
        let message = admission("N1").replace("Ada", name);
        let frame = framed(&message);
        let start = 1 + message.find(name).unwrap();
        for cut in start..start + name.len() {
            let mut client = rig.connect();
            client.send_bytes(&frame[..cut]).await;
            tokio::task::yield_now().await;
            client.send_bytes(&frame[cut..]).await;
            assert_eq!(client.answer().await.0, ApplicationAccept);
            assert_eq!(rig.intake.texts().last(), Some(&message));
        }
    }
}

/// oehf/ipf #106: the end block in a TCP segment of its own.
#[tokio::test]
async fn ipf_106_end_bytes_that_come_apart_end_the_message() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let frame = framed(admission("N1"));
    let (message, end) = frame.split_at(frame.len() - 2);
    client.send_bytes(message).await;
    assert!(is_silent(&mut client).await);
    client.send_bytes(&end[..1]).await;
    tokio::task::yield_now().await;
    client.send_bytes(&end[1..]).await;
    assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
}

/// GoogleCloudPlatform/mllp, `mllp_adapter/mllpreceiver`: any error closes without a NAK.
#[tokio::test]
async fn google_mllp_an_error_is_told_and_the_connection_goes_on() {
    let unavailable = Refusal::retry(Reason::StoreUnavailable);
    let rig = Rig::with_intake(FakeIntake::doing([Act::Refuse(unavailable)]));
    let mut client = rig.connect();
    client.send(admission("N1")).await;
    assert_eq!(client.answer().await, (ApplicationError, "N1".to_owned()));
    client.send("no message").await;
    assert_eq!(client.answer().await.0, ApplicationReject);
    client.send(admission("N1")).await;
    assert_eq!(client.answer().await, (ApplicationAccept, "N1".to_owned()));
}

/// nextgenhealthcare/connect #4144: one rejected message holds up all behind it.
#[tokio::test]
async fn mirth_4144_poison_at_position_1001_holds_up_nothing() {
    let rig = Rig::new();
    let mut client = rig.connect();
    for (place, id) in ids(POISON + 20).into_iter().enumerate() {
        let is_poison = place + 1 == POISON;
        let poison = if is_poison { "not a segment\r" } else { "" };
        client.send(admission(&id) + poison).await;
        let code = if is_poison {
            ApplicationReject
        } else {
            ApplicationAccept
        };
        assert_eq!(client.answer().await, (code, id));
    }
    assert_eq!(rig.intake.stored().len(), POISON + 19);
}

/// nextgenhealthcare/connect #3687: a frame refused before it is parsed leaves no reason.
#[tokio::test]
async fn mirth_3687_a_frame_refused_before_parsing_leaves_a_reason() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let latin: Vec<u8> = admission("N1")
        .replace("Ada", "Zo?")
        .bytes()
        .map(|byte| if byte == b'?' { 0xEB } else { byte })
        .collect();
    client.send(latin).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR|N1\rERR||"), "{text}");
    assert!(text.contains("|102^Data type error^HL70357|E\r"), "{text}");
    client.send("").await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR\rERR||"), "{text}");
    let refused = &rig.seams.counters.refused;
    assert_eq!(refused.of(Reason::Charset).get(), 1);
    assert_eq!(refused.of(Reason::Unreadable).get(), 1);
    assert_eq!(client.ask(admission("N2")).await, ApplicationAccept);
}

/// node-hl7-server 2.5.0, server/inbound.js: the n-th message of a connection gets n answers.
#[tokio::test]
async fn node_hl7_server_each_message_on_a_kept_connection_gets_one_answer() {
    let rig = Rig::new();
    let mut client = rig.connect();
    for id in ids(5) {
        client.send(admission(&id)).await;
        assert_eq!(client.answer().await, (ApplicationAccept, id));
        assert!(is_silent(&mut client).await);
    }
    assert_eq!(rig.intake.stored().len(), 5);
}

/// simple-hl7 3.3.0 leaves the last segment's CR out of what it sends and answers.
#[tokio::test]
async fn simple_hl7_a_last_segment_without_its_end_is_taken() {
    let rig = Rig::new();
    let mut client = rig.connect();
    for id in ids(2) {
        let message = admission(&id);
        client.send(message.trim_end_matches('\r')).await;
        let text = client.answer_text().await.unwrap();
        assert!(text.ends_with(&format!("MSA|AA|{id}\r")), "{text}");
    }
    let first = admission("N1");
    assert_eq!(rig.intake.texts()[0], first.trim_end_matches('\r'));
}

/// Medplum PR #9346: what is pushed while the agent is renewed comes twice or not at all.
#[tokio::test]
async fn medplum_9346_a_reload_between_two_messages_loses_and_doubles_none() {
    let rig = Rig::new();
    let mut client = rig.connect();
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    let frame = framed(admission("N2"));
    client.send_bytes(&frame[..40]).await;
    let narrower = NORTH.replace("\"ORU^*\"", "\"ORU^R01\"");
    rig.seams.terms.replace(terms(senders(&narrower)));
    client.send_bytes(&frame[40..]).await;
    assert_eq!(client.answer().await, (ApplicationAccept, "N2".to_owned()));
    let other = Msh {
        event: "ORU^R30",
        control_id: "N3",
        ..Msh::default()
    };
    assert_eq!(client.ask(other.message()).await, ApplicationReject);
    assert!(is_silent(&mut client).await);
    assert_eq!(rig.intake.texts(), [admission("N1"), admission("N2")]);
}
