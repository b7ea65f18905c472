//! Holds the messages of a file against a profile, one after the other; what is found is told by
//! place and rule, never with a value.

use isthmus_hl7v2::batch::split;
use isthmus_hl7v2::charset_rules::CharsetRules;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::profile::Profile;
use isthmus_hl7v2::profile_finding::ProfileFinding;
use serde::Serialize;

use crate::message_answer::{Answer, answer};

/// What was found in one message.
#[derive(Debug, Serialize)]
pub struct ValidatedMessage {
    /// The file, as it was named.
    pub file: String,
    /// Which message of the file, counted from 1.
    pub message: usize,
    /// Whether the profile asks something of its event.
    pub covered: bool,
    /// The first findings.
    pub findings: Vec<ToldFinding>,
    /// How many more there are.
    pub beyond: usize,
    /// How many of all are errors.
    pub errors: usize,
}

/// One finding, in words.
#[derive(Debug, Serialize)]
pub struct ToldFinding {
    /// Where: `PID-5[0].1`, or `byte 66` in a message that cannot be read.
    pub place: String,
    /// The code of table 0357.
    pub code: u16,
    /// `E` for an error, `W` for a warning.
    pub severity: &'static str,
    /// What is wrong.
    pub fault: String,
}

/// All messages of a file against a profile.
pub fn validate(
    profile: &Profile,
    file: &str,
    bytes: &[u8],
    rules: &CharsetRules,
) -> Vec<ValidatedMessage> {
    let spans = split(bytes).messages;
    let mut found = Vec::with_capacity(spans.len());
    for (number, span) in (1_usize..).zip(spans) {
        let message = bytes.get(span.range).unwrap_or_default();
        let mut validated = ValidatedMessage {
            file: file.to_owned(),
            message: number,
            covered: false,
            findings: Vec::new(),
            beyond: 0,
            errors: 0,
        };
        match answer(message, rules) {
            Answer::Accepted(accepted) => {
                let message = &accepted.message;
                let report = profile.check(message, &GroupingRules::none());
                let version = Header::of(message).map(|header| header.version().into_owned());
                let version = version.unwrap_or_default();
                let findings = report.findings.iter();
                validated.covered = report.is_covered;
                validated.findings = findings.map(|one| told(one, &version)).collect();
                validated.beyond = report.beyond;
                validated.errors = report.errors;
            }
            Answer::Refused(refused) => {
                validated.errors = 1;
                validated.findings.push(ToldFinding {
                    place: refused.place,
                    code: refused.code.number(),
                    severity: "E",
                    fault: refused.reason,
                });
            }
            Answer::Panicked => {
                validated.errors = 1;
                validated.findings.push(ToldFinding {
                    place: "message".to_owned(),
                    code: 207,
                    severity: "E",
                    fault: "the grammar failed on it; please report this".to_owned(),
                });
            }
        }
        found.push(validated);
    }
    found
}

fn told(finding: &ProfileFinding, version: &str) -> ToldFinding {
    ToldFinding {
        place: finding.location.to_string(),
        code: finding.fault.code(version).number(),
        severity: finding.fault.severity().as_str(),
        fault: finding.fault.to_string(),
    }
}
