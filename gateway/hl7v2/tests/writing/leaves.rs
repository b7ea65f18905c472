//! What a message says, leaf by leaf.

use std::borrow::Cow;

use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::message::Message;

/// Every leaf with its place, its state and its text.
pub(crate) fn leaves(message: &Message) -> Vec<(String, Presence, Option<String>)> {
    let mut all = Vec::new();
    for (ordinal, segment) in message.segments().enumerate() {
        for (number, field) in segment.fields() {
            for (index, repetition) in field.repetitions().enumerate() {
                for (component, one) in repetition.components().enumerate() {
                    for (sub, leaf) in one.subcomponents().enumerate() {
                        let place = format!("{ordinal} {number} {index} {component} {sub}");
                        let value = leaf.value().map(Cow::into_owned);
                        all.push((place, leaf.presence(), value));
                    }
                }
            }
        }
    }
    all
}
