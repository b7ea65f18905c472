//! Who parses: ours, two crates, and what no parser can be faster than by much. Each parses a whole
//! message and reads the same two places, so that nobody wins by putting the work off.

use std::hint::black_box;

use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;

/// A way to parse.
pub struct Contestant {
    /// Its name.
    pub name: &'static str,
    /// Parses one message.
    pub parse: fn(&str),
}

/// All of them, ours first and the floor last.
pub const CONTESTANTS: [Contestant; 4] = [
    Contestant {
        name: "isthmus",
        parse: isthmus,
    },
    Contestant {
        name: "hl7-parser",
        parse: hl7_parser,
    },
    Contestant {
        name: "rust-hl7",
        parse: rust_hl7,
    },
    Contestant {
        name: "byte loop",
        parse: byte_loop,
    },
];

/// The message is copied, as it is when it comes off a socket.
fn isthmus(text: &str) {
    let message = Message::parse(text).expect("it is a message");
    let patient = SegmentName::new(b"PID").expect("it is a name");
    let name = message.first(patient).expect("it has a patient").field(5);
    black_box(name.component(1).value());
    let last = message.segments().next_back().expect("it has segments");
    black_box(last.field(5).component(1).value());
}

fn hl7_parser(text: &str) {
    let message = hl7_parser::Message::parse(text).expect("it is a message");
    let patient = message.segment("PID").expect("it has a patient");
    black_box(
        patient
            .field(5)
            .and_then(|field| field.component(1).map(|one| one.raw_value())),
    );
    let last = message.segments().last().expect("it has segments");
    black_box(last.field(5).map(|field| field.raw_value()));
}

fn rust_hl7(text: &str) {
    let message = rusthl7::message::Message::try_from(text).expect("it is a message");
    black_box(message.query("PID.F5.C1"));
    let last = message.segments.last().expect("it has segments");
    black_box(last.query("F5"));
}

/// Notes where every delimiter is, byte by byte: the least that makes each place ready.
fn byte_loop(text: &str) {
    let mut places: Vec<u32> = Vec::with_capacity(text.len() / 4);
    for (place, byte) in (0..).zip(text.bytes()) {
        if matches!(byte, b'|' | b'^' | b'~' | b'&' | b'\r') {
            places.push(place);
        }
    }
    black_box(places);
}
