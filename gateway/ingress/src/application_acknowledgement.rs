//! `ApplicationAcknowledgements`, which words what a sender is told of the content of a message:
//! from the header, what became of it, and the sender's table. How it gets there is in
//! `answer_loop`, the accept acknowledgement in `acknowledgement`.

use std::fmt;
use std::sync::Arc;

use isthmus_core::application_answer::ApplicationAnswer;
use isthmus_core::application_answers::ApplicationAnswers;
use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::journal::Outcome;
use isthmus_core::phi::Phi;
use isthmus_hl7v2::acknowledgment::{AcknowledgmentCode, Reply, build};
use isthmus_hl7v2::charset::encode;
use isthmus_hl7v2::header::Header;

use crate::acknowledgement::{hl7_time, refused, wanted};
use crate::origin::Origin;
use crate::raw_header::may_ask;
use crate::seams::Seams;

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
        let origin = Origin::of_stored(raw, sender)?;
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
