//! Reading a raw message that is to be translated: by the charset rules of its sender, within what
//! a translation may take. Translating it is done in `message_translator`.

use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::message::Message;

use crate::codes;
use crate::problem::Problem;

/// Places in one message that may hold a value, at most: each delimiter begins one. A value takes
/// some hundred bytes in a resource where it takes a few in the message, so the length alone does
/// not bound what a translation needs.
const PARTS_MAX: usize = 200_000;

/// How the messages of a sender are decoded of whom nothing is known.
const UNKNOWN: CharsetRules = CharsetRules {
    default: Charset::ASCII,
    overriding: None,
    malformed: Malformed::Reject,
};

/// The message, and the warning that bytes which are not of its charset were replaced.
///
/// # Errors
/// Bytes that are not of their charset, no HL7 v2 message, more parts than one may have.
pub(crate) fn read(
    bytes: &[u8],
    rules: Option<&CharsetRules>,
) -> Result<(Message, Option<Problem>), Refusal> {
    let rules = rules.unwrap_or(&UNKNOWN);
    let decoded = rules
        .decode(bytes)
        .map_err(|_place| Refusal::park(Reason::Charset).at("MSH-18"))?;
    let (charset, replaced) = (decoded.charset, decoded.replaced);
    let message = Message::parse(decoded.text.into_owned()).map_err(|error| {
        let place = error
            .ordinal()
            .map(|ordinal| format!("segment {}", ordinal + 1));
        Refusal {
            location: place,
            ..Refusal::park(Reason::Unreadable)
        }
    })?;
    if has_too_many_parts(&message, bytes) {
        return Err(Refusal::park(Reason::Unmappable).by(codes::OUTPUT_LIMIT.to_string()));
    }
    let warning = (replaced > 0).then(|| bytes_replaced(replaced));
    Ok((message.came_in(charset), warning))
}

fn bytes_replaced(times: usize) -> Problem {
    let text = format!("bytes that are not of the message's character set, replaced {times} times");
    Problem {
        code: codes::REPLACED,
        row: None,
        location: None,
        text: text.into(),
    }
}

fn has_too_many_parts(message: &Message, bytes: &[u8]) -> bool {
    if bytes.len() <= PARTS_MAX {
        return false;
    }
    let own = message.delimiters();
    let (field, component, repetition) = (own.field, own.component, own.repetition);
    let begins = |byte: &&u8| {
        let byte = **byte;
        byte == field
            || byte == component
            || byte == repetition
            || byte == own.subcomponent
            || byte == b'\r'
            || byte == b'\n'
    };
    bytes.iter().filter(begins).count() > PARTS_MAX
}
