//! Answers in the form of each version, also to messages that cannot be read, and reading them.
//! Which code is due when is tested where the listener is.
#![allow(clippy::unwrap_used, reason = "tests may be blunt")]

use isthmus_hl7v2::acknowledgment::{
    Acknowledgment, AcknowledgmentCode, AcknowledgmentError, Reply, build,
};
use isthmus_hl7v2::error_condition::{Condition, ConditionCode, Severity};
use isthmus_hl7v2::header::{Header, salvage};
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;

fn missing() -> Condition {
    let pid = SegmentName::new(b"PID").unwrap();
    Condition {
        code: ConditionCode::RequiredFieldMissing,
        severity: Severity::Error,
        location: Some(
            Location::segment(pid, 1)
                .field(5)
                .repetition(1)
                .component(2),
        ),
    }
}

fn answer(original: &str, code: AcknowledgmentCode, conditions: &[Condition]) -> String {
    let message = Message::parse(original).unwrap();
    let reply = Reply {
        accept: None,
        expected: None,
        code,
        control_id: "G1",
        time: "20260131120000+0000",
        conditions,
    };
    let text = build(Header::of(&message), &reply);
    let read = Acknowledgment::read(&Message::parse(text.as_str()).unwrap()).unwrap();
    assert_eq!(read.code, code);
    assert_eq!(read.error_codes.len(), conditions.len());
    text
}

#[test]
fn a_positive_answer_swaps_the_parties_and_echoes_the_id() {
    let text = answer(
        "MSH|^~\\&|EPIC^1.2&X^ISO|MERCY|GATE|HOME|2026||ADT^A01^ADT_A01|ID\\T\\7|T|\
         2.5.1||||||8859/1\rPID|1",
        AcknowledgmentCode::CommitAccept,
        &[],
    );
    assert_eq!(
        text,
        "MSH|^~\\&|GATE|HOME|EPIC^1.2&X^ISO|MERCY|20260131120000+0000||\
         ACK^A01^ACK|G1|T|2.5.1||||||8859/1\r\
         MSA|CA|ID\\T\\7\r"
    );
}

#[test]
fn an_application_acknowledgment_says_which_answer_it_wants() {
    let message =
        Message::parse("MSH|^~\\&|A|B|C|D|2026||ADT^A08|9|P|2.5.1|||AL|AL||8859/1\r").unwrap();
    let reply = Reply {
        accept: Some("AL"),
        code: AcknowledgmentCode::ApplicationAccept,
        control_id: "G1",
        time: "2026",
        expected: None,
        conditions: &[],
    };
    assert_eq!(
        build(Header::of(&message), &reply),
        "MSH|^~\\&|C|D|A|B|2026||ACK^A08^ACK|G1|P|2.5.1|||AL|NE||8859/1\rMSA|AA|9\r"
    );
}

#[test]
fn errors_have_the_form_of_the_senders_version() {
    let of = |version: &str, own: &str| {
        let original = format!("MSH|^~\\&|A|B|C|D|2026||ADT^A08|9|P|{version}\r");
        let conditions = [
            missing(),
            Condition {
                location: None,
                code: ConditionCode::Internal,
                ..missing()
            },
        ];
        let text = answer(&original, AcknowledgmentCode::ApplicationError, &conditions);
        assert!(
            text.starts_with(&format!(
                "MSH|^~\\&|C|D|A|B|20260131120000+0000||{own}|G1|P|"
            )),
            "{text}"
        );
        text.split_once("MSA").unwrap().1.to_owned()
    };
    let first = "|AE|9|Required field missing\r";
    let old = "|AE|9|Required field missing|||101^Required field missing^HL70357\r";
    let err = "ERR|PID^1^5^101&Required field missing&HL70357~\
               ^^^207&Application internal error&HL70357\r";
    let new = "|AE|9\r\
               ERR||PID^1^5^2^2|101^Required field missing^HL70357|E\r\
               ERR|||207^Application internal error^HL70357|E\r";
    assert_eq!(of("2.1", "ACK"), format!("{first}{err}"));
    for (version, own) in [
        ("2.2", "ACK"),
        ("2.3", "ACK^A08"),
        ("2.3.1", "ACK^A08^ACK"),
        ("2.4", "ACK^A08^ACK"),
    ] {
        assert_eq!(of(version, own), format!("{old}{err}"), "{version}");
    }
    for version in [
        "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2",
    ] {
        assert_eq!(of(version, "ACK^A08^ACK"), new, "{version}");
    }
}

#[test]
fn the_senders_own_delimiters_are_used() {
    let text = answer(
        "MSH#!@%*#A!1#B#C#D#2026##ADT!A01#9#P#2.5\r",
        AcknowledgmentCode::ApplicationReject,
        &[missing()],
    );
    assert_eq!(
        text,
        "MSH#!@%*#C#D#A!1#B#20260131120000+0000##ACK!A01!ACK#G1#P#2.5\rMSA#AR#9\r\
         ERR##PID!1!5!2!2#101!Required field missing!HL70357#E\r"
    );
}

#[test]
fn what_cannot_be_read_is_answered_all_the_same() {
    let reply = Reply {
        accept: None,
        expected: None,
        code: AcknowledgmentCode::ApplicationReject,
        control_id: "G1",
        time: "2026",
        conditions: &[],
    };
    assert_eq!(
        build(None, &reply),
        "MSH|^~\\&|||||2026||ACK|G1|P|2.5.1\rMSA|AR\r"
    );
    let broken = b"junk\x0BMSH|^~\\&|A|\xFF|C|D|2026||ADT^A01|42|P|2.3\rnot a segment\r";
    let header = salvage(broken).unwrap();
    let text = build(Header::of(&header), &reply);
    assert_eq!(
        text,
        "MSH|^~\\&|C|D|A|?|2026||ACK^A01|G1|P|2.3\rMSA|AR|42\r"
    );
    assert!(salvage(b"GET / HTTP/1.1").is_none());
    assert!(salvage(b"MSH|").is_none());
}

#[test]
fn answers_that_are_none_are_refused() {
    let read = |text: &str| Acknowledgment::read(&Message::parse(text).unwrap());
    assert_eq!(read("MSH|^~\\&|A\rPID|1"), Err(AcknowledgmentError::NoMsa));
    assert_eq!(
        read("MSH|^~\\&|A\rMSA|XX|1"),
        Err(AcknowledgmentError::UnknownCode)
    );
    let old = read("MSH|^~\\&|A\rMSA|AR|1||||207^Internal").unwrap();
    assert_eq!(old.error_codes, ["207"]);
    assert!(!old.code.is_positive());
}
