//! What application acknowledgements say: code, ERR and mode, from the message, its sender and
//! what became of it.

use std::sync::Arc;

use bytes::Bytes;
use isthmus_core::application_answer::ApplicationAnswer;
use isthmus_core::application_answers::ApplicationAnswers;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::{MessageId, SenderId};
use isthmus_core::journal::Outcome;
use isthmus_core::phi::Phi;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_ingress::application_acknowledgement::ApplicationAcknowledgements;

use crate::messages::{Msh, NORTH, SOUTH};
use crate::rig::Rig;
use crate::runtime::NOW;

fn translated() -> Outcome {
    Outcome::Translated {
        map: "adt-a01 1".to_owned(),
        warnings: 1,
    }
}

fn parked(reason: Reason, place: &str) -> Outcome {
    Outcome::Parked(Refusal::park(reason).at(place).by("adt-a01.rmap:3:1 R151"))
}

/// A message whose MSH-16 asks so.
fn asking(asked: &str, version: &str) -> String {
    let message = Msh {
        accept: "AL",
        version,
        ..Msh::default()
    };
    message
        .message()
        .replacen("|AL|||", &format!("|AL|{asked}||"), 1)
}

fn envelope(sender: &str, bytes: &[u8]) -> Envelope<RawMessage> {
    Envelope {
        id: MessageId::from_bytes([3; 16]),
        sender: SenderId::new(sender),
        received_at: NOW,
        subject: None,
        body: RawMessage {
            bytes: Phi::new(Bytes::copy_from_slice(bytes)),
            control_id: [0; 16],
        },
    }
}

fn answer_of(rig: &Rig, message: &[u8], outcome: &Outcome) -> Option<ApplicationAnswer> {
    let answers = ApplicationAcknowledgements::new(Arc::clone(&rig.seams));
    answers.answer(&envelope("north", message), outcome, NOW)
}

fn text_of(rig: &Rig, message: &str, outcome: &Outcome) -> String {
    let answer = answer_of(rig, message.as_bytes(), outcome).expect("an answer");
    String::from_utf8(answer.bytes.into_revealed()).unwrap()
}

#[test]
fn msh_16_decides_what_is_answered() {
    let rig = Rig::new();
    let unmappable = parked(Reason::Unmappable, "PID-3");
    for (asked, on_success, on_error) in [
        ("AL", true, true),
        ("SU", true, false),
        ("ER", false, true),
        ("NE", false, false),
        ("", false, false),
        ("\"\"", false, false),
        // Nothing of table 0155: whoever waits must not wait for ever.
        ("YES", true, true),
    ] {
        let message = asking(asked, "2.5.1");
        let is_answered =
            |outcome: &Outcome| answer_of(&rig, message.as_bytes(), outcome).is_some();
        assert_eq!(is_answered(&translated()), on_success, "{asked}");
        assert_eq!(is_answered(&unmappable), on_error, "{asked}");
    }
    let original = Msh::default().message();
    assert!(answer_of(&rig, original.as_bytes(), &unmappable).is_none());
}

#[test]
fn an_answer_says_what_became_of_the_message() {
    let rig = Rig::new();
    let yes = text_of(&rig, &asking("AL", "2.5.1"), &translated());
    let header = "MSH|^~\\&|BRIDGE|HERE|NORTHADT|NORTH|20261122040000+0000||ACK^A01^ACK|";
    assert!(yes.starts_with(header), "{yes}");
    assert!(yes.ends_with("|P|2.5.1|||NE|NE\rMSA|AA|N1\r"), "{yes}");

    let unmappable = parked(Reason::Unmappable, "PID-5[1].2");
    let no = text_of(&rig, &asking("AL", "2.5.1"), &unmappable);
    let err = "MSA|AE|N1\rERR||PID^1^5^2^2|207^Application internal error^HL70357|E\r";
    assert!(no.ends_with(err), "{no}");
    let old = text_of(&rig, &asking("AL", "2.3"), &unmappable);
    let err = "ERR|PID^1^5^207&Application internal error&HL70357\r";
    assert!(old.ends_with(err), "{old}");

    let not_mapped = parked(Reason::NotMapped, "MSH-9");
    let no = text_of(&rig, &asking("AL", "2.5.1"), &not_mapped);
    let err = "MSA|AE|N1\rERR||MSH^1^9|201^Unsupported event code^HL70357|E\r";
    assert!(no.ends_with(err), "{no}");

    // A place in a record is none in the message.
    let shaping = parked(Reason::Unshapeable, "person.name");
    let no = text_of(&rig, &asking("AL", "2.5.1"), &shaping);
    assert!(no.contains("MSA|AE|N1\rERR|||207^"), "{no}");
}

#[test]
fn the_senders_table_and_its_wish_for_an_accept_acknowledgement_are_kept() {
    let rig = Rig::with_senders(&format!(
        "{NORTH}\n[sender.acknowledge]\nunmappable = \"AR\"\n\
         [sender.application_acknowledgements]\naccept = true"
    ));
    let unmappable = parked(Reason::Unmappable, "PID-3");
    let answer = answer_of(&rig, asking("AL", "2.5.1").as_bytes(), &unmappable).unwrap();
    assert!(answer.accept);
    let text = String::from_utf8(answer.bytes.into_revealed()).unwrap();
    assert!(text.contains("|2.5.1|||AL|NE\rMSA|AR|N1\r"), "{text}");
    assert!(text.contains(&format!("|{}|", answer.control_id)), "{text}");
}

#[test]
fn an_answer_is_in_the_charset_of_the_message() {
    let rig = Rig::with_senders(SOUTH);
    let message = asking("AL", "2.5.1").replace("|BRIDGE|", "|BR\u{dc}CKE|");
    let latin: Vec<u8> = message.chars().map(|one| one as u8).collect();
    let answers = ApplicationAcknowledgements::new(Arc::clone(&rig.seams));
    let answer = answers.answer(&envelope("south", &latin), &translated(), NOW);
    let bytes = answer.expect("an answer").bytes.into_revealed();
    let name = b"|BR\xDCCKE|";
    assert!(bytes.windows(name.len()).any(|part| part == name));

    // UTF-16, where the header line cannot be looked at before it is decoded.
    let wide: Vec<u8> = asking("AL", "2.5.1")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide = [&[0xFF, 0xFE], wide.as_slice()].concat();
    let answer = answers.answer(&envelope("south", &wide), &translated(), NOW);
    assert!(answer.is_some());
}

#[test]
fn a_sender_that_is_no_longer_configured_is_owed_nothing() {
    let rig = Rig::with_senders(SOUTH);
    assert!(answer_of(&rig, asking("AL", "2.5.1").as_bytes(), &translated()).is_none());
}
