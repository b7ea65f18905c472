//! Warns of what a message has that its structure does not foresee. Finding it is the HL7 crate's
//! business.

use std::sync::Arc;

use isthmus_core::diagnostic::Code;
use isthmus_hl7v2::finding::FindingKind;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::codes;
use crate::problem::Problem;
use crate::run::state::{Input, Run};

/// Findings that a message is warned of, at most.
const FINDINGS_MAX: usize = 20;

impl Run<'_> {
    /// Warns of what the structure does not foresee, each kind once for a segment's name. What is
    /// missing from it is no warning: few senders send all that the standard requires, the rows of
    /// the map say what they cannot do without.
    pub(crate) fn note_findings(&mut self) {
        let Input::Message(input) = &self.input else {
            return;
        };
        let mut told: Vec<(FindingKind, Option<SegmentName>)> = Vec::new();
        for finding in &input.findings {
            let Some(code) = code_of(finding.kind) else {
                continue;
            };
            let told_of = (finding.kind, input.segment_name(finding));
            if told.contains(&told_of) || told.len() >= FINDINGS_MAX {
                continue;
            }
            told.push(told_of);
            let place = input.place_of(finding);
            self.warnings.push(Problem {
                code,
                row: None,
                location: place.map(|place| place.to_string()),
                text: Arc::from(finding.kind.to_string()),
            });
        }
    }
}

/// What is warned of; none for what is not.
const fn code_of(kind: FindingKind) -> Option<Code> {
    match kind {
        FindingKind::OutOfPlace | FindingKind::TooMany { .. } => Some(codes::OUT_OF_PLACE),
        FindingKind::UndefinedLocal => Some(codes::UNDEFINED_SEGMENT),
        FindingKind::Ambiguous { .. } => Some(codes::AMBIGUOUS),
        FindingKind::MissingRequired { .. } => None,
    }
}
