//! The translator of the gateway: from a raw HL7 v2 message to a record, by the map of its event;
//! maps themselves are run in `run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::SenderId;
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::translator::{Translated, Translator};
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Message;
use jiff::tz::TimeZone;

use crate::codes;
use crate::context::{NamedKeys, RunContext};
use crate::library::Library;
use crate::map::Map;
use crate::problem::Problem;
use crate::run::output::{Failure, Translation};

/// Places in one message that may hold a value, at most: each delimiter begins one. A value takes
/// some hundred bytes in a resource where it takes a few in the message, so the length alone does
/// not bound what a translation needs.
const PARTS_MAX: usize = 200_000;

/// What translation must know of a sender.
#[derive(Debug, Clone)]
pub struct SenderTerms {
    /// The zone of times without an offset.
    pub zone: TimeZone,
    /// How its messages are decoded.
    pub charsets: CharsetRules,
    /// What `setting("name")` gives.
    pub settings: BTreeMap<String, String>,
}

/// Translates by the maps of a library.
#[derive(Debug, Clone)]
pub struct MessageTranslator {
    library: Arc<Library>,
    senders: BTreeMap<SenderId, SenderTerms>,
    keys: NamedKeys,
}

impl MessageTranslator {
    /// A translator for these senders.
    pub fn new(
        library: Arc<Library>,
        senders: BTreeMap<SenderId, SenderTerms>,
        keys: NamedKeys,
    ) -> Self {
        Self {
            library,
            senders,
            keys,
        }
    }

    /// Translates a message of a sender, by its event or by a map that is named; what `isthmus
    /// translate` shows.
    ///
    /// # Errors
    /// Bytes that are not of their charset, no HL7 v2 message, more parts than one may have, no map
    /// for the event, and the first problem of the map.
    pub fn resources(
        &self,
        sender: &SenderId,
        received_at: Timestamp,
        bytes: &[u8],
        map: Option<&str>,
    ) -> Result<(&Map, Translation), Refusal> {
        let terms = self.senders.get(sender);
        let (parsed, replaced) = parse(bytes, terms)?;
        if has_too_many_parts(&parsed, bytes) {
            return Err(Refusal::park(Reason::Unmappable).by(codes::OUTPUT_LIMIT.to_string()));
        }
        let header = Header::of(&parsed).ok_or(Refusal::park(Reason::Unreadable))?;
        let map = match map {
            Some(name) => self.library.map(name),
            None => self
                .library
                .for_event(&header.message_type(), &header.event()),
        };
        let map = map.ok_or(Refusal::park(Reason::NotMapped).at("MSH-9"))?;
        let mut context = RunContext::new(received_at);
        context.keys = self.keys.clone();
        context.zone = terms.map(|terms| terms.zone.clone());
        context.settings = terms
            .map(|terms| terms.settings.clone())
            .unwrap_or_default();
        let mut translation = map
            .translate(&parsed, &context)
            .map_err(|failure| parked(&failure))?;
        if replaced > 0 {
            translation.warnings.insert(0, bytes_replaced(replaced));
        }
        Ok((map, translation))
    }
}

impl Translator for MessageTranslator {
    fn translate(&self, message: &Envelope<RawMessage>) -> Result<Translated, Refusal> {
        let bytes = message.body.bytes.reveal();
        let (map, translation) =
            self.resources(&message.sender, message.received_at, bytes, None)?;
        // Without one patient there is nobody's consent to ask and nobody's key to seal with.
        let subject = message
            .subject
            .ok_or(Refusal::park(Reason::Unmappable).at("PID-3"))?;
        Ok(Translated {
            records: vec![Record {
                subject,
                resources: translation.resources,
            }],
            map: format!("{} {}", map.name(), map.version()),
            warnings: translation
                .warnings
                .iter()
                .map(ToString::to_string)
                .collect(),
        })
    }
}

/// How the messages of a sender are decoded of whom nothing is known.
const UNKNOWN: CharsetRules = CharsetRules {
    default: Charset::ASCII,
    overriding: None,
    malformed: Malformed::Reject,
};

/// The message, and how many times bytes that are not of its charset were replaced.
fn parse(bytes: &[u8], terms: Option<&SenderTerms>) -> Result<(Message, usize), Refusal> {
    let rules = terms.map_or(UNKNOWN, |terms| terms.charsets);
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
    Ok((message.came_in(charset), replaced))
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

/// The first problem; the others are the same message's, and `isthmus translate` shows them all.
pub(crate) fn parked(failure: &Failure) -> Refusal {
    let refusal = Refusal::park(Reason::Unmappable);
    let Some(problem) = failure.problems.first() else {
        return refusal;
    };
    let rule = match &problem.row {
        Some(row) => format!("{row} {}", problem.code),
        None => problem.code.to_string(),
    };
    Refusal {
        location: problem.location.clone(),
        ..refusal.by(rule)
    }
}
