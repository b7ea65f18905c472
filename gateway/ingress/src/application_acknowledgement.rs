//! `ApplicationAcknowledgements`, which words what a sender is told of the content of a message:
//! from the header, what became of it, and the sender's table. How it gets there is in
//! `answer_loop`, the accept acknowledgement in `acknowledgement`.

use std::fmt;
use std::sync::Arc;

use isthmus_core::application_answers::{ApplicationAnswer, ApplicationAnswers};
use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::journal::Outcome;
use isthmus_core::phi::Phi;
use isthmus_core::refusal::Refusal;
use isthmus_hl7v2::acknowledgment::{AcknowledgmentCode, Reply, build};
use isthmus_hl7v2::charset::encode;
use isthmus_hl7v2::charset_rules::Declared;
use isthmus_hl7v2::error_condition::Condition;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Message;
use memchr::memchr2;

use crate::acknowledgement::{condition, hl7_time, negative, wanted};
use crate::acknowledgement_table::AcknowledgementTable;
use crate::origin::Origin;
use crate::raw_header;
use crate::rejection::Rejection;
use crate::seams::Seams;
use crate::sender::Sender;

/// Makes application acknowledgements (HL7 v2.5.1 chapter 2, section 2.9.3), for whoever knows
/// what became of a message.
pub struct ApplicationAcknowledgements {
    seams: Arc<Seams>,
}

impl ApplicationAcknowledgements {
    /// By the terms that are in force, with control ids of the same row as all acknowledgements.
    pub const fn new(seams: Arc<Seams>) -> Self {
        Self { seams }
    }
}

impl fmt::Debug for ApplicationAcknowledgements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApplicationAcknowledgements")
    }
}

impl ApplicationAnswers for ApplicationAcknowledgements {
    /// None in the original mode, where a message is answered once it is stored; none to a sender
    /// that is not configured any more.
    fn answer(
        &self,
        message: &Envelope<RawMessage>,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Option<ApplicationAnswer> {
        let raw = message.body.bytes.reveal();
        if !may_ask(raw) {
            return None;
        }
        let terms = self.seams.terms.get();
        let sender = terms.senders.named(&message.sender)?;
        let origin = origin(raw, sender)?;
        let header = origin.header.as_ref().and_then(Header::of)?;
        let asked = header.application_acknowledgment();
        let is_success = matches!(outcome, Outcome::Translated { .. });
        if asked.is_empty() || !wanted(&asked, is_success) {
            return None;
        }
        let (code, conditions) = match outcome {
            Outcome::Translated { .. } => (AcknowledgmentCode::ApplicationAccept, Vec::new()),
            Outcome::Parked(refusal) => refused(refusal, origin.table),
        };
        let accept = sender.application_acknowledgements.accept;
        let control_id = self.seams.control_ids.next(at);
        let reply = Reply {
            code,
            control_id: &control_id,
            time: &hl7_time(at),
            expected: None,
            accept: Some(if accept { "AL" } else { "NE" }),
            conditions: &conditions,
        };
        let bytes = encode(&build(Some(header), &reply), origin.charset).into_owned();
        Some(ApplicationAnswer {
            sender: sender.id.clone(),
            message: message.id,
            control_id,
            accept,
            bytes: Phi::new(bytes),
        })
    }
}

/// Whether MSH-16 may ask for an answer: all that a message in original mode costs. Where the line
/// cannot be looked at before it is decoded, it may.
pub(crate) fn may_ask(raw: &[u8]) -> bool {
    let asked = raw_header::field(raw, 16);
    asked.is_none_or(|asked| !matches!(asked, b"" | b"NE" | b"\"\""))
}

/// The header of a message that was let in, as its sender's charset rules read it.
fn origin(raw: &[u8], sender: &Sender) -> Option<Origin> {
    let rules = sender.charset_rules();
    let charset = rules.choose(&Declared::of(raw)).ok()?;
    // Where the line can be seen, the rest of the message need not be decoded.
    let end = memchr2(b'\r', b'\n', raw).filter(|_| raw.starts_with(b"MSH"));
    let line = raw.get(..end.unwrap_or(raw.len()))?;
    let decoded = rules.malformed.decode(line, charset).ok()?;
    let message = Message::parse(decoded.text.into_owned()).ok()?;
    Some(Origin::recognised(&message.came_in(charset), sender))
}

/// What is told of a message that waits for a person.
fn refused(refusal: &Refusal, table: AcknowledgementTable) -> (AcknowledgmentCode, Vec<Condition>) {
    let place = refusal.location.as_deref();
    let rejection = Rejection {
        refusal: refusal.clone(),
        location: place.and_then(|place| place.parse().ok()),
        expected: None,
    };
    let code = negative(table.code(refusal.reason), false);
    (code, vec![condition(&rejection)])
}
