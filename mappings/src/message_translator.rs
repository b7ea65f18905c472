//! The translator of the gateway: from a raw HL7 v2 message to a record, by the map of its event;
//! maps themselves are run in `run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::SenderId;
use isthmus_core::record::Record;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::source_message::SourceMessage;
use isthmus_core::translator::{Translated, Translator};
use isthmus_hl7v2::header::Header;

use crate::context::{NamedKeys, RunContext};
use crate::library::Library;
use crate::map::Map;
use crate::message_reading::read;
use crate::run::output::{Failure, Translation};
use crate::sender_terms::SenderTerms;

/// What became of one message.
#[derive(Debug)]
pub struct TranslatedMessage<'l> {
    /// The map that was used.
    pub map: &'l Map,
    /// What it gave.
    pub translation: Translation,
    /// The message itself.
    pub source: Arc<SourceMessage>,
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
    ) -> Result<TranslatedMessage<'_>, Refusal> {
        let terms = self.senders.get(sender);
        let (parsed, replaced) = read(bytes, terms.map(|terms| &terms.charsets))?;
        let header = Header::of(&parsed).ok_or(Refusal::park(Reason::Unreadable))?;
        let map = match map {
            Some(name) => self.library.map(name),
            None => {
                self.library
                    .for_event(sender.as_str(), &header.message_type(), &header.event())
            }
        };
        let map = map.ok_or(Refusal::park(Reason::NotMapped).at("MSH-9"))?;
        let mut context = RunContext::new(received_at);
        context.keys = self.keys.clone();
        if let Some(terms) = terms {
            terms.tell(&mut context);
        }
        let mut translation = map
            .translate(&parsed, &context)
            .map_err(|failure| parked(&failure))?;
        translation.warnings.extend(replaced);
        let source = SourceMessage {
            message: parsed,
            structures: context.structures,
            local: Arc::clone(&map.plan().rules),
        };
        Ok(TranslatedMessage {
            map,
            translation,
            source: Arc::new(source),
        })
    }
}

impl Translator for MessageTranslator {
    fn translate(&self, message: &Envelope<RawMessage>) -> Result<Translated, Refusal> {
        let bytes = message.body.bytes.reveal();
        let TranslatedMessage {
            map,
            translation,
            source,
        } = self.resources(&message.sender, message.received_at, bytes, None)?;
        // Without one patient there is nobody's consent to ask and nobody's key to seal with.
        let subject = message
            .subject
            .ok_or(Refusal::park(Reason::Unmappable).at("PID-3"))?;
        Ok(Translated {
            records: vec![Record {
                subject,
                resources: translation.resources,
                message: Some(source),
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
