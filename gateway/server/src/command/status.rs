//! `isthmus status`: counts what came in, what became of it and what was delivered, and lists what
//! waits for a person; no message and nothing about a patient is shown.

use std::path::Path;

use isthmus_store::store::Store;
use isthmus_store::summary::{Counts, Parked};
use serde::Serialize;

use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::output::Output;

/// How many parked messages are listed.
const LISTED_MAX: usize = 50;

/// The `--json` document.
#[derive(Debug, Serialize)]
struct Status {
    intakes: u64,
    open: u64,
    outcomes: Vec<Outcome>,
    decisions: Vec<Decision>,
    deliveries: Vec<Delivery>,
    /// At most 50, oldest first.
    parked: Vec<ParkedRow>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    kind: String,
    reason: Option<String>,
    count: u64,
}

#[derive(Debug, Serialize)]
struct Decision {
    recipient: String,
    flow: String,
    verdict: String,
    reason: Option<String>,
    count: u64,
}

#[derive(Debug, Serialize)]
struct Delivery {
    recipient: String,
    state: String,
    count: u64,
}

#[derive(Debug, Serialize)]
struct ParkedRow {
    message: u64,
    sender: Option<String>,
    at: String,
    recipient: Option<String>,
    reason: String,
    location: Option<String>,
    rule: Option<String>,
}

/// Shows the counts.
pub(crate) fn run(folder: &Path, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let store = open(&file)?;
    let summary = store.summary().map_err(Failure::run)?;
    let counts = summary.counts().map_err(Failure::run)?;
    let parked = summary.parked(None, LISTED_MAX).map_err(Failure::run)?;
    let status = status(counts, parked);
    output.document(&status);
    show(&status, output);
    Ok(())
}

/// The store of a configuration, beside a running gateway or alone.
pub(crate) fn open(file: &ConfigFile) -> Result<Store, Failure> {
    let paths = file.store_paths();
    if !paths.database().exists() {
        return Err(Failure::Usage(format!(
            "there is no store at {}; it is made when the gateway first runs",
            paths.database().display()
        )));
    }
    Store::open(&paths, &file.master_key()?).map_err(Failure::run)
}

fn status(counts: Counts, parked: Vec<Parked>) -> Status {
    let outcomes = counts.outcomes.into_iter();
    let decisions = counts.decisions.into_iter();
    let deliveries = counts.deliveries.into_iter();
    Status {
        intakes: counts.intakes,
        open: counts.open,
        outcomes: outcomes
            .map(|one| Outcome {
                kind: one.kind,
                reason: one.reason,
                count: one.count,
            })
            .collect(),
        decisions: decisions
            .map(|one| Decision {
                recipient: one.recipient,
                flow: one.flow,
                verdict: one.verdict,
                reason: one.reason,
                count: one.count,
            })
            .collect(),
        deliveries: deliveries
            .map(|one| Delivery {
                recipient: one.recipient,
                state: one.state,
                count: one.count,
            })
            .collect(),
        parked: parked.into_iter().map(parked_row).collect(),
    }
}

fn parked_row(parked: Parked) -> ParkedRow {
    ParkedRow {
        message: parked.sequence.0,
        sender: parked.sender,
        at: parked.at.to_string(),
        recipient: parked.recipient,
        reason: parked.reason,
        location: parked.location,
        rule: parked.rule,
    }
}

fn show(status: &Status, output: Output) {
    output.line(format!(
        "{} messages taken in, {} not yet translated",
        status.intakes, status.open
    ));
    let outcomes = status.outcomes.iter();
    output.table(
        &["outcome", "reason", "messages"],
        outcomes
            .map(|one| {
                vec![
                    one.kind.clone(),
                    text(one.reason.as_ref()),
                    one.count.to_string(),
                ]
            })
            .collect(),
    );
    let decisions = status.decisions.iter().map(|one| {
        let recipient = one.recipient.clone();
        let count = one.count.to_string();
        vec![
            recipient,
            one.flow.clone(),
            one.verdict.clone(),
            text(one.reason.as_ref()),
            count,
        ]
    });
    output.table(
        &["recipient", "flow", "decision", "reason", "messages"],
        decisions.collect(),
    );
    let deliveries = status.deliveries.iter();
    output.table(
        &["recipient", "delivery", "records"],
        deliveries
            .map(|one| {
                vec![
                    one.recipient.clone(),
                    one.state.clone(),
                    one.count.to_string(),
                ]
            })
            .collect(),
    );
    let parked = status.parked.iter().map(|one| {
        let place = [text(one.location.as_ref()), text(one.rule.as_ref())]
            .join(" ")
            .trim()
            .to_owned();
        let message = one.message.to_string();
        vec![
            message,
            text(one.sender.as_ref()),
            text(one.recipient.as_ref()),
            one.reason.clone(),
            place,
        ]
    });
    output.table(
        &["parked", "sender", "recipient", "reason", "place"],
        parked.collect(),
    );
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}
