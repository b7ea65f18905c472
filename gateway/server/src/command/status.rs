//! `isthmus status`: counts what came in, what became of it and what was delivered, and lists what
//! waits for a person; no message and nothing about a patient is shown.

use std::path::Path;

use crate::admin::answer::Status;
use crate::admin::client::ask;
use crate::admin::request::Request;
use crate::command::parked;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::output::Output;

/// Shows the counts.
pub(crate) fn run(folder: &Path, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let status: Status = ask(&file, Request::Status)?;
    output.document(&status);
    show(&status, output);
    Ok(())
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
    let owed = status.owed_acknowledgements.iter();
    let owed: Vec<_> = owed
        .map(|one| {
            vec![
                one.sender.clone(),
                one.count.to_string(),
                one.oldest.clone(),
            ]
        })
        .collect();
    output.table(&["sender", "not told yet", "oldest since"], owed);
    parked::table(&status.parked, output);
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}
