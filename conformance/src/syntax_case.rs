//! One syntax case: the answer to its bytes, held against its expectation. Which files are cases is
//! found in `syntax_tree`.

use isthmus_hl7v2::batch::split;
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::{Message, Segment};

use crate::expectation::{Check, Expectation};
use crate::message_answer::{Accepted, Answer, answer};

/// What differs from the expectation, in words; nothing when all is as expected.
///
/// Cases hold invented messages, so values may be told.
pub fn differences(bytes: &[u8], expectation: &Expectation) -> Vec<String> {
    let mut found = Vec::new();
    let messages: Vec<&[u8]> = if expectation.is_file {
        let split = split(bytes);
        let envelope = split.findings.iter();
        let envelope: Vec<(usize, String)> = envelope
            .map(|one| (one.offset, one.problem.to_string()))
            .collect();
        if envelope != expectation.envelope {
            let expected = &expectation.envelope;
            found.push(format!("the envelope has {envelope:?}, not {expected:?}"));
        }
        let spans = split.messages.iter();
        spans
            .filter_map(|one| bytes.get(one.range.clone()))
            .collect()
    } else {
        vec![bytes]
    };
    if let Some(expected) = expectation.messages
        && messages.len() != expected
    {
        found.push(format!("{} messages, not {expected}", messages.len()));
    }
    let answers: Vec<Answer> = messages
        .iter()
        .map(|message| answer(message, &expectation.rules))
        .collect();
    for (number, answer) in (1_usize..).zip(&answers) {
        if matches!(answer, Answer::Panicked) {
            found.push(format!("message {number}: the grammar panicked"));
        }
    }
    for (number, check) in &expectation.checks {
        let Some(answer) = number.checked_sub(1).and_then(|place| answers.get(place)) else {
            found.push(format!("there is no message {number}"));
            continue;
        };
        let difference = difference(answer, check);
        found.extend(difference.map(|text| format!("message {number}: {text}")));
    }
    found
}

/// How an answer differs from what must hold of it.
fn difference(answer: &Answer, check: &Check) -> Option<String> {
    match (answer, check) {
        (Answer::Accepted(_), Check::Accepted) | (Answer::Panicked, _) => None,
        (Answer::Refused(refused), Check::Refused { code, place }) => {
            let told = (refused.code.number(), refused.place.as_str());
            let differs = told != (*code, place.as_str());
            let text = || format!("refused {} at {}, not {code} at {place}", told.0, told.1);
            differs.then(text)
        }
        (Answer::Refused(refused), Check::Because(words)) => {
            let reason = &refused.reason;
            let text = || format!("the reason is {reason:?}, without {words:?}");
            (!reason.contains(words)).then(text)
        }
        (Answer::Refused(refused), _) => {
            let (code, place) = (refused.code.number(), &refused.place);
            Some(format!("refused {code} at {place}: {}", refused.reason))
        }
        (Answer::Accepted(_), Check::Refused { .. } | Check::Because(_)) => {
            Some("it is accepted".to_owned())
        }
        (Answer::Accepted(accepted), check) => accepted_difference(accepted, check),
    }
}

fn accepted_difference(accepted: &Accepted, check: &Check) -> Option<String> {
    let message = &accepted.message;
    let (told, expected) = match check {
        Check::Charset(name) => (message.charset().name().to_owned(), name.clone()),
        Check::Replaced(count) => (accepted.replaced.to_string(), count.to_string()),
        Check::Segments(count) => (message.segment_count().to_string(), count.to_string()),
        Check::Structure(name) => {
            let structure = accepted.grouped.structure.unwrap_or("none");
            (structure.to_owned(), name.clone())
        }
        Check::OutOfPlace(names) => (misplaced(accepted), names.clone()),
        Check::Value(place, text) => {
            let (presence, value) = at(message, place);
            let told = value.map_or_else(
                || format!("{place} is {presence:?}"),
                |value| format!("{place} = {value:?}"),
            );
            (told, format!("{place} = {text:?}"))
        }
        Check::State(place, state) => {
            let (presence, _) = at(message, place);
            (
                format!("{place} is {presence:?}"),
                format!("{place} is {state:?}"),
            )
        }
        Check::Repeats(place, count) => {
            let segment = segment(message, place);
            let number = usize::from(place.field.unwrap_or_default());
            let found = segment.map_or(0, |segment| segment.field(number).repetitions().count());
            (
                format!("{place} repeats {found}"),
                format!("{place} repeats {count}"),
            )
        }
        Check::Accepted | Check::Refused { .. } | Check::Because(_) => return None,
    };
    (told != expected).then(|| format!("{told}, expected {expected}"))
}

/// The names of the segments out of place, in order.
fn misplaced(accepted: &Accepted) -> String {
    let places = accepted.grouped.out_of_place.iter();
    let segments = places.filter_map(|&ordinal| accepted.message.segment(ordinal as usize));
    let names: Vec<String> = segments.map(|one| one.name().to_string()).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    }
}

fn segment<'m>(message: &'m Message, place: &Location) -> Option<Segment<'m>> {
    let index = place.occurrence.saturating_sub(1) as usize;
    let mut of_name = message
        .segments()
        .filter(|segment| segment.name() == place.segment);
    of_name.nth(index)
}

/// What stands at a place: its state, and its text with escape sequences resolved.
fn at(message: &Message, place: &Location) -> (Presence, Option<String>) {
    let nothing = (Presence::Absent, None);
    let (Some(segment), Some(number)) = (segment(message, place), place.field) else {
        return nothing;
    };
    let field = segment.field(usize::from(number));
    let own = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
    if place.repetition.is_none() && place.component.is_none() {
        return (field.presence(), own(field.value()));
    }
    let repetition = field.repetition(usize::from(place.repetition.unwrap_or_default()));
    let Some(component) = place.component else {
        return (repetition.presence(), own(repetition.value()));
    };
    let component = repetition.component(usize::from(component));
    let Some(subcomponent) = place.subcomponent else {
        return (component.presence(), own(component.value()));
    };
    let subcomponent = component.subcomponent(usize::from(subcomponent));
    (subcomponent.presence(), own(subcomponent.value()))
}
