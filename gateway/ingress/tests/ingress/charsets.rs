//! Which charset a sender's messages are read in, and what becomes of bytes that are not of it.
//! Charsets themselves are tested where they are decoded.

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{ApplicationAccept, ApplicationReject};

use crate::messages::{Msh, NORTH, SOUTH, admission};
use crate::rig::Rig;

/// The sender `north` with these lines in its configuration.
fn north(lines: &str) -> Rig {
    let changed = NORTH.replace("    zone", &format!("    {lines}\n    zone"));
    Rig::with_senders(&format!("{changed}{SOUTH}"))
}

/// A message that says it is UTF-8, of a patient with this name in whatever set.
fn named(control_id: &str, charset: &str, name: &[u8]) -> Vec<u8> {
    let message = Msh {
        control_id,
        charset,
        ..Msh::default()
    }
    .message();
    let (before, after) = message.split_once("Ada").unwrap();
    [before.as_bytes(), name, after.as_bytes()].concat()
}

#[tokio::test]
async fn a_senders_own_charset_wins_over_a_wrong_msh_18() {
    let rig = north("charset_override = \"8859/1\"");
    let mut client = rig.connect();
    for charset in ["UNICODE UTF-8", "KLINGON", ""] {
        let message = named("N1", charset, b"Zo\xEB");
        assert_eq!(client.ask(&message).await, ApplicationAccept, "{charset}");
    }
    assert_eq!(rig.seams.counters.charset_replaced.get(), 0);
    let stored = rig.intake.stored();
    assert_eq!(
        stored[0].body.bytes.reveal().as_ref(),
        named("N1", "UNICODE UTF-8", b"Zo\xEB")
    );
}

#[tokio::test]
async fn bytes_of_no_charset_are_replaced_and_counted_when_the_sender_has_it_so() {
    let broken = named("N1", "UNICODE UTF-8", b"Zo\xEB");
    let strict = north("charset_errors = \"reject\"");
    assert_eq!(strict.connect().ask(&broken).await, ApplicationReject);
    assert_eq!(strict.seams.counters.refused.of(Reason::Charset).get(), 1);

    let rig = north("charset_errors = \"replace\"");
    let mut client = rig.connect();
    assert_eq!(client.ask(&broken).await, ApplicationAccept);
    assert_eq!(client.ask(admission("N2")).await, ApplicationAccept);
    assert_eq!(rig.seams.counters.charset_replaced.get(), 1);
    // What is stored is what came.
    let stored = rig.intake.stored();
    assert_eq!(stored[0].body.bytes.reveal().as_ref(), broken);
    // A charset that nobody knows is no matter of single bytes.
    let klingon = named("N3", "KLINGON", b"Ada");
    assert_eq!(client.ask(&klingon).await, ApplicationReject);
}

#[tokio::test]
async fn an_identifier_of_damaged_bytes_tells_no_patient_and_no_message() {
    let rig = north("charset_errors = \"replace\"");
    let mut client = rig.connect();
    let identified = |number: &[u8]| {
        let text = admission("N1");
        let (before, after) = text.split_once("100001").unwrap();
        [before.as_bytes(), number, after.as_bytes()].concat()
    };
    assert_eq!(
        client.ask(identified(b"10000\xE1")).await,
        ApplicationAccept
    );
    assert_eq!(
        client.ask(identified(b"10000\xE2")).await,
        ApplicationAccept
    );
    assert_eq!(client.ask(identified(b"100001")).await, ApplicationAccept);
    let subjects = rig.intake.stored();
    let subjects: Vec<bool> = subjects.iter().map(|one| one.subject.is_some()).collect();
    assert_eq!(subjects, [false, false, true]);
    let unanswerable = named("N1", "", b"Ada");
    let at = unanswerable
        .windows(4)
        .position(|four| four == b"|N1|")
        .unwrap();
    let mut unanswerable = unanswerable;
    unanswerable[at + 2] = 0xE9;
    assert_eq!(client.ask(&unanswerable).await, ApplicationReject);
}
