//! Who words answers in these tests: every message is answered, with what became of it.

use isthmus_core::application_answer::ApplicationAnswer;
use isthmus_core::application_answers::ApplicationAnswers;
use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::journal::Outcome;
use isthmus_core::phi::Phi;

/// Answers every message with what became of it.
pub(crate) struct Answering;

impl ApplicationAnswers for Answering {
    fn answer(
        &self,
        message: &Envelope<RawMessage>,
        outcome: &Outcome,
        _at: Timestamp,
    ) -> Option<ApplicationAnswer> {
        let control_id = match outcome {
            Outcome::Translated { .. } => "good".to_owned(),
            Outcome::Parked(refusal) => refusal.reason.code().to_owned(),
        };
        Some(ApplicationAnswer {
            sender: message.sender.clone(),
            message: message.id,
            control_id,
            accept: false,
            bytes: Phi::new(Vec::new()),
        })
    }
}
