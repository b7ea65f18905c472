//! Parsing: every byte of what is read is in a segment or ends one, every place can be read, and
//! any header can be answered.

use isthmus_hl7v2::acknowledgment::{Acknowledgment, AcknowledgmentCode, Reply, build};
use isthmus_hl7v2::header::{Header, salvage};
use isthmus_hl7v2::message::Message;

/// Checks one message.
pub fn check(bytes: &[u8]) {
    match Message::parse(bytes) {
        Ok(message) => {
            assert_eq!(message.bytes(), bytes);
            every_byte_has_its_place(&message);
            assert!(places(&message) >= message.segment_count() - 1);
            answer(&message);
        }
        Err(error) => assert!(error.offset() <= bytes.len().max(16 << 20)),
    }
    if let Some(header) = salvage(bytes) {
        answer(&header);
    }
}

fn every_byte_has_its_place(message: &Message) {
    let mut end = 0;
    let between = |from: usize, to: usize| {
        let ends = &message.bytes()[from..to];
        assert!(
            ends.iter().all(|byte| matches!(byte, b'\r' | b'\n')),
            "from {from} to {to}"
        );
    };
    for segment in message.segments() {
        let start = segment.offset() as usize;
        between(end, start);
        end = start + segment.raw().len();
    }
    between(end, message.bytes().len());
}

/// Reads every place, and counts them.
pub fn places(message: &Message) -> usize {
    let mut count = 0;
    for segment in message.segments() {
        for (number, field) in segment.fields() {
            assert_eq!(segment.field(number).raw(), field.raw());
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    for subcomponent in component.subcomponents() {
                        count += usize::from(subcomponent.value().is_some());
                        count += usize::from(subcomponent.raw().is_empty());
                        count += usize::from(subcomponent.raw() == "\"\"");
                    }
                }
            }
        }
    }
    count + message.segment_count()
}

fn answer(message: &Message) {
    let reply = Reply {
        accept: None,
        code: AcknowledgmentCode::ApplicationAccept,
        control_id: "1",
        time: "20260102030405+0000",
        expected: None,
        conditions: &[],
    };
    let Some(header) = Header::of(message) else {
        return;
    };
    let answer = Message::parse(build(Some(header), &reply)).expect("an answer can be read");
    let read = Acknowledgment::read(&answer).expect("an answer is an acknowledgement");
    assert_eq!(read.code, AcknowledgmentCode::ApplicationAccept);
    assert_eq!(read.control_id, header.control_id());
}
