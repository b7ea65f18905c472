//! `Answer`, what the gateway's grammar says of the bytes of one message: read, or refused with
//! condition and place. Whether that is right, an expectation says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use isthmus_hl7v2::charset::CharsetError;
use isthmus_hl7v2::charset_rules::CharsetRules;
use isthmus_hl7v2::error::ParseError;
use isthmus_hl7v2::error_condition::ConditionCode;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::{Grouped, group};

/// What is said of one message.
#[derive(Debug)]
pub enum Answer {
    /// It can be read.
    Accepted(Box<Accepted>),
    /// It cannot.
    Refused(Refused),
    /// The grammar failed on it, which it never must.
    Panicked,
}

/// A message that was read, laid out on its structure.
#[derive(Debug)]
pub struct Accepted {
    /// The message.
    pub message: Message,
    /// Its groups.
    pub grouped: Grouped,
    /// How many times bytes that are not of its charset were replaced.
    pub replaced: usize,
}

/// Why a message cannot be read; no text of it is in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The condition of table 0357.
    pub code: ConditionCode,
    /// Where: `MSH-18` or `byte 66`, counted from 0.
    pub place: String,
    /// Why, and how to mend it.
    pub reason: String,
}

impl From<CharsetError> for Refused {
    fn from(error: CharsetError) -> Self {
        Self {
            code: ConditionCode::DataType,
            place: "MSH-18".to_owned(),
            reason: error.to_string(),
        }
    }
}

impl From<ParseError> for Refused {
    fn from(error: ParseError) -> Self {
        Self {
            code: ConditionCode::SegmentSequence,
            place: format!("byte {}", error.offset()),
            reason: error.to_string(),
        }
    }
}

/// Reads the bytes of one message as the gateway does, and every place of it.
pub fn answer(bytes: &[u8], rules: &CharsetRules) -> Answer {
    caught(|| read(bytes, rules))
}

/// The answer of a reading, whose panics are answers as well.
fn caught(read: impl FnOnce() -> Result<Accepted, Refused>) -> Answer {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(accepted)) => Answer::Accepted(Box::new(accepted)),
        Ok(Err(refused)) => Answer::Refused(refused),
        Err(_panic) => Answer::Panicked,
    }
}

fn read(bytes: &[u8], rules: &CharsetRules) -> Result<Accepted, Refused> {
    let decoded = rules.decode(bytes)?;
    let (charset, replaced) = (decoded.charset, decoded.replaced);
    let message = Message::parse(decoded.text.into_owned())?.came_in(charset);
    read_every_place(&message);
    let grouped = group(&message);
    Ok(Accepted {
        message,
        grouped,
        replaced,
    })
}

/// Resolves every value, so that none fails later; gives how many there are.
fn read_every_place(message: &Message) -> usize {
    let mut values: usize = 0;
    for segment in message.segments() {
        for (_, field) in segment.fields() {
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    let all = component.subcomponents();
                    let found = all.filter(|one| one.value().is_some()).count();
                    values = values.saturating_add(found);
                }
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        assert!(matches!(caught(|| panic!("planted")), Answer::Panicked));
    }
}
