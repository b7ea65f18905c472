//! Promises of the parser through its public face: nothing is lost, nothing panics, every error has
//! a place. How a real message is grouped is tested in `corpus` and `structure`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::error::ParseError;
use isthmus_hl7v2::escape::{escape, unescape};
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::message::{Limits, Message};
use isthmus_hl7v2::segment_name::SegmentName;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

const ADT: &str = "MSH|^~\\&|EPIC|MERCY|||20260101||ADT^A01|42|P|2.5.1\r\
                   PID|1||123^^^MERCY^MR~9^^^SSA^SS||DOE^JANE^^\"\"||19700101|F\r";

#[test]
fn the_headers_fields_count_its_separator() {
    let message = Message::parse(ADT).unwrap();
    let header = message.segment(0).unwrap();
    assert_eq!(header.field(1).raw(), "|");
    assert_eq!(header.field(2).raw(), "^~\\&");
    assert_eq!(header.field(2).repetitions().count(), 1);
    assert_eq!(header.field(2).component(1).value().unwrap(), "^~\\&");
    assert_eq!(header.field(3).raw(), "EPIC");
    assert_eq!(header.field(9).component(2).raw(), "A01");
    assert_eq!(header.field(12).raw(), "2.5.1");
    assert_eq!(header.field_count(), 12);
}

#[test]
fn repetitions_and_states_are_found_in_a_field() {
    let message = Message::parse(ADT).unwrap();
    let patient = message.first(SegmentName::new(b"PID").unwrap()).unwrap();
    assert_eq!(patient.ordinal(), 1);
    assert_eq!(patient.field(3).repetition(1).component(5).raw(), "SS");
    assert_eq!(patient.field(2).presence(), Presence::Empty);
    assert_eq!(patient.field(5).component(4).presence(), Presence::Null);
    assert_eq!(patient.field(8).raw(), "F");
    assert_eq!(patient.field(9).presence(), Presence::Absent);
    assert_eq!(patient.field_count(), 8);
    assert_eq!(patient.fields().last().unwrap().1.raw(), "F");
}

#[test]
fn every_terminator_and_blank_line_is_taken() {
    for (first, second) in [
        ("\r", ""),
        ("\n", "\n"),
        ("\r\n", "\r\n"),
        ("\n\r\n\r", "\r"),
        ("\r", "\n\n"),
    ] {
        let text = format!("\r\nMSH|^~\\&|A{first}PID|1{first}ZPI{second}");
        let message = Message::parse(text.as_str()).unwrap();
        let names: Vec<_> = message
            .segments()
            .map(|one| one.name().to_string())
            .collect();
        assert_eq!(names, ["MSH", "PID", "ZPI"]);
        assert_eq!(message.segment(1).unwrap().raw(), "PID|1");
        assert_eq!(message.segment(2).unwrap().field_count(), 0);
        assert_eq!(message.bytes(), text.as_bytes());
    }
}

#[test]
fn a_line_that_is_no_segment_is_an_error_with_its_place() {
    for line in [
        "PIDX|1",
        "PI|1",
        "pid|1",
        "PID^1",
        " PID|1",
        "continued text",
        "P|D",
    ] {
        let text = format!("MSH|^~\\&|A\r\n{line}\r");
        assert_eq!(
            Message::parse(text).unwrap_err(),
            ParseError::NotASegment {
                ordinal: 1,
                offset: 12
            },
            "{line}"
        );
    }
}

#[test]
fn limits_hold() {
    let limits = Limits {
        bytes: 100,
        segments: 2,
        fields: 4,
    };
    let parse = |text: String| Message::parse_within(text, &limits);
    assert!(parse(String::from("MSH|^~\\&|A\rPID|1|2|3|4\r")).is_ok());
    let error = parse(String::from("MSH|^~\\&|A\rPID|1|2|3|4|5\r")).unwrap_err();
    assert_eq!(
        error,
        ParseError::TooManyFields {
            ordinal: 1,
            offset: 11,
            limit: 4
        }
    );
    let error = parse(String::from("MSH|^~\\&|A\rPID\rPV1\r")).unwrap_err();
    assert_eq!(
        error,
        ParseError::TooManySegments {
            ordinal: 2,
            offset: 15,
            limit: 2
        }
    );
    let error = parse(format!("MSH|^~\\&|{}", "A".repeat(100))).unwrap_err();
    assert_eq!(error, ParseError::TooLong { limit: 100 });
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_with_their_place() {
    let error = Message::parse(&b"MSH|^~\\&|A\rPID|\xe9"[..]).unwrap_err();
    assert_eq!(error, ParseError::NotUtf8 { offset: 15 });
}

#[test]
fn debug_shows_no_content() {
    let message = Message::parse(ADT).unwrap();
    let shown = format!(
        "{message:?} {:?} {:?}",
        message.segment(1),
        message.segment(1).unwrap().field(5)
    );
    assert!(!shown.contains("DOE") && !shown.contains("123"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_escaped_comes_back(text in any::<String>(), own in any::<bool>()) {
        let delimiters = if own {
            let custom = Delimiters::default();
            Delimiters { field: b'#', component: b'!', truncation: Some(b'?'), ..custom }
        } else {
            Delimiters::default()
        };
        let raw = escape(&text, &delimiters);
        prop_assert_eq!(unescape(&raw, &delimiters), text.as_str());
        for byte in [delimiters.field, delimiters.component, delimiters.repetition, b'\r', b'\n'] {
            prop_assert!(!raw.as_bytes().contains(&byte));
        }
    }

    #[test]
    fn any_text_unescapes_without_loss_of_plain_characters(raw in "[a-z\\\\FSTXCE0-9.]{0,40}") {
        let text = unescape(&raw, &Delimiters::default());
        prop_assert!(raw.contains('\\') || text == raw);
    }

    #[test]
    fn any_bytes_parse_or_fail_with_a_place_inside(tail in any::<Vec<u8>>()) {
        let mut bytes = b"MSH|^~\\&|".to_vec();
        bytes.extend(&tail);
        match Message::parse(bytes.clone()) {
            Ok(message) => prop_assert_eq!(message.bytes(), bytes.as_slice()),
            Err(error) => prop_assert!(error.offset() <= bytes.len()),
        }
    }

    #[test]
    fn segments_and_fields_put_together_again_are_the_message(
        lines in proptest::collection::vec("[A-Z][A-Z0-9]{2}(\\|[a-z^~&\\\\]{0,5}){0,6}", 0..8)
    ) {
        let text = format!("MSH|^~\\&|A\r{}\r", lines.join("\r"));
        let message = Message::parse(text.as_str()).unwrap();
        for (segment, line) in message.segments().skip(1).zip(&lines) {
            if segment.name().as_str() == "MSH" { continue; }
            let mut again = segment.name().to_string();
            for (_, field) in segment.fields() {
                again.push('|');
                let repetitions: Vec<_> = field.repetitions().map(|one| one.raw()).collect();
                again.push_str(&repetitions.join("~"));
            }
            prop_assert_eq!(&again, line);
        }
    }
}
