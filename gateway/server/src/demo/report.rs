//! The end of the demo: the table and what did not hold, for people, and one document for programs.
//! What must hold is listed in `expectation`.

use std::collections::BTreeMap;

use isthmus_ledger::verify::Report;
use serde::Serialize;
use serde_json::Value;

use crate::demo::board::Heard;
use crate::demo::expectation::Expectation;
use crate::demo::receiver_book::ReceiverView;
use crate::demo::table;
use crate::demo::view::View;
use crate::failure::counted;
use crate::output::Output;

/// Columns of the table where no terminal tells.
const WIDTH: usize = 100;
/// Lines of each text below it.
const TEXT_LINES: usize = 3;

/// How the demo ended; the `--json` document.
#[derive(Debug, Serialize)]
pub(crate) struct Ending {
    expected: Vec<Row>,
    seen: Vec<Row>,
    /// Everything that must hold does.
    pub(crate) ok: bool,
    counts: Counts,
    receivers: BTreeMap<&'static str, ReceiverView>,
    ledger: Option<LedgerCounts>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Row {
    what: String,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Counts {
    #[serde(flatten)]
    heard: Heard,
    kept: u64,
    translated: u64,
    parked: u64,
}

#[derive(Debug, Serialize)]
struct LedgerCounts {
    entries: u64,
    checkpoints: u64,
    signed: u64,
    verified: bool,
    withheld: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Ending {
    /// Sums up. `ledger` is None when it was not checked.
    pub(crate) fn new(
        view: &View,
        expectations: Vec<Expectation>,
        ledger: Option<&Report>,
        seconds: f64,
    ) -> Self {
        let ok = expectations.iter().all(Expectation::is_held);
        let (mut expected, mut seen) = (Vec::new(), Vec::new());
        for one in expectations {
            let held = Some(one.is_held());
            expected.push(Row {
                what: one.what.clone(),
                value: one.expected,
                held: None,
            });
            seen.push(Row {
                what: one.what,
                value: one.seen,
                held,
            });
        }
        let receivers = view.recipients.iter();
        Self {
            expected,
            seen,
            ok,
            counts: Counts {
                heard: view.heard.clone(),
                kept: view.status.intakes,
                translated: view.outcomes("translated"),
                parked: view.outcomes("parked"),
            },
            receivers: receivers.map(|one| (one.id, one.counts.clone())).collect(),
            ledger: ledger.map(|report| LedgerCounts {
                entries: report.entries,
                checkpoints: report.checkpoints,
                signed: report.signed,
                verified: report.first_bad.is_none(),
                withheld: view.ledger.withheld.clone(),
            }),
            seconds,
        }
    }

    /// The last sentences: whether everything held, and what did not.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let held = self.seen.iter().filter(|row| row.held == Some(true));
        let (held, all) = (held.count(), self.seen.len());
        let mut sentences = Vec::new();
        if let Some(ledger) = &self.ledger {
            let checkpoints = counted(
                usize::try_from(ledger.checkpoints).unwrap_or(0),
                "checkpoint",
            );
            let word = if ledger.verified {
                "whole"
            } else {
                "NOT WHOLE"
            };
            sentences.push(format!(
                "the ledger is {word}: {} entries, {checkpoints}",
                ledger.entries
            ));
        }
        sentences.push(format!("{held} of {all} expectations held"));
        let rows = self.expected.iter().zip(&self.seen);
        for (expected, seen) in rows.filter(|(_, seen)| seen.held != Some(true)) {
            sentences.push(format!(
                "DID NOT HOLD: {}: expected {}, seen {}",
                expected.what, expected.value, seen.value
            ));
        }
        sentences
    }

    /// Shows the table, as it is at the end, and prints the document.
    pub(crate) fn show(&self, view: &View, output: Output) {
        output.line("");
        for line in table::lines(view, WIDTH, TEXT_LINES) {
            output.line(line);
        }
        output.line("");
        for sentence in self.sentences() {
            output.line(sentence);
        }
        output.document(self);
    }
}
