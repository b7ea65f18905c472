//! Writing: a message that nothing was changed in is the same bytes, what is set is what is read
//! and leaves the rest as it was, and in another character set every value is what it was.

use isthmus_hl7v2::charset::{Charset, decode};
use isthmus_hl7v2::encoding::encode_message;
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::{Limits, Message};
use isthmus_hl7v2::message_editor::MessageEditor;

/// Sets of every kind: a message came in one, and is to go out in another.
const NAMES: [&str; 8] = [
    "ASCII",
    "UNICODE UTF-8",
    "UNICODE UTF-16",
    "8859/1",
    "8859/2",
    "ISO IR87",
    "GB 18030-2000",
    "Shift_JIS",
];

/// What is set: every delimiter, both terminators, and what would be null.
const TEXT: &str = "\"\"|^~\\&\r\n\\X41\\\u{e9}";

/// Checks a message; the first byte chooses its set, the second that it goes out in, the third the
/// place that is set.
pub fn check(bytes: &[u8]) {
    let &[from, to, place, ref text @ ..] = bytes else {
        return;
    };
    let named = |choice: u8| Charset::named(NAMES[usize::from(choice) % NAMES.len()]);
    let (from, to) = (named(from), named(to));
    let (Some(from), Some(to), Ok(message)) = (from, to, Message::parse(text)) else {
        return;
    };
    let message = message.came_in(from);
    set(&message, place);
    let Ok(encoded) = encode_message(&message, to) else {
        return;
    };
    let text = decode(&encoded, to).expect("what was encoded can be decoded");
    let again = Message::parse(text.into_owned()).expect("what was encoded is a message");
    assert_eq!(values(&message), values(&again.came_in(to)));
}

fn set(message: &Message, place: u8) {
    let mut editor = MessageEditor::new(message);
    assert_eq!(editor.text(), message.text());
    let last = message.segments().last().expect("a header at least");
    let number = |shift: u8| u16::from(place >> shift & 3) + 1;
    let occurrence = message.segments().filter(|one| one.name() == last.name());
    let occurrence = u32::try_from(occurrence.count()).expect("few segments");
    let at = Location::segment(last.name(), occurrence)
        .field(number(0) + 2)
        .repetition(number(2) - 1)
        .component(number(4))
        .subcomponent(number(6));
    editor
        .set(at, TEXT)
        .expect("a place of a segment that is there");
    let changed = editor.finish(&Limits::default()).expect("a message");
    let ordinal = message.segment_count() - 1;
    let field = changed.segment(ordinal).expect("as many segments");
    let field = field.field(usize::from(number(0) + 2));
    let leaf = field
        .repetition(usize::from(number(2) - 1))
        .component(usize::from(number(4)))
        .subcomponent(usize::from(number(6)));
    assert_eq!(leaf.value().as_deref(), Some(TEXT));
    for (before, now) in message.segments().zip(changed.segments()).take(ordinal) {
        assert_eq!(before.raw(), now.raw());
    }
}

fn values(message: &Message) -> Vec<(Presence, String)> {
    let mut values = Vec::new();
    for segment in message.segments() {
        for (_, field) in segment.fields() {
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    for leaf in component.subcomponents() {
                        let value = leaf.value().unwrap_or_default().into_owned();
                        values.push((leaf.presence(), value));
                    }
                }
            }
        }
    }
    values
}
