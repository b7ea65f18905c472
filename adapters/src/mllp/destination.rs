//! A receiver of HL7 v2 messages as an adapter; messages are made in `request`, the receiver's
//! answers read in `response`.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{Outbound, Takes};

use crate::adapter::{Adapter, AdapterConfig, Call, Judgement, Manifest, Problem, Reply};
use crate::hl7v2_message::template::Template;
use crate::mllp::config::{AT_ONCE, MllpDestinationConfig};
use crate::mllp::response::Answers;
use crate::mllp::{request, response};

/// What it is and takes, unless the configuration says otherwise.
pub const MANIFEST: Manifest = Manifest {
    name: "mllp",
    about: "one HL7 v2 message a record over MLLP with TLS, settled by its acknowledgment",
    takes: Takes {
        batch: Draw {
            limit: 1,
            consecutive: false,
        },
        at_once: AT_ONCE,
    },
    record_at: &[],
    takes_signals: false,
};

/// Sends one HL7 v2 message a record.
#[derive(Debug)]
pub struct Mllp {
    template: Template,
    answers: Answers,
    at_once: usize,
}

impl Mllp {
    /// A destination by its configuration.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: &MllpDestinationConfig) -> Result<Self, Vec<Problem>> {
        let problems = config.validate();
        if !problems.is_empty() {
            return Err(problems);
        }
        let template = config.template().map_err(|problem| vec![problem])?;
        Ok(Self {
            template,
            answers: config.answers.clone(),
            at_once: config.at_once,
        })
    }
}

impl Adapter for Mllp {
    fn manifest(&self) -> Manifest {
        let takes = Takes {
            at_once: self.at_once,
            ..MANIFEST.takes
        };
        Manifest { takes, ..MANIFEST }
    }

    fn plan(&self, batch: &[Outbound], _now: Timestamp) -> Vec<Call> {
        request::plan(&self.template, batch)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Judgement {
        response::judge(&self.answers, call, reply)
    }
}
