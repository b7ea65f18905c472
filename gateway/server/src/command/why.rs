//! `isthmus why`: everything that was decided about one message, in order, with rule and place and
//! without values.

use std::path::Path;

use isthmus_ledger::view::{EntryView, SubjectView};

use crate::admin::answer::{Trail, TrailDelivery};
use crate::admin::client::ask;
use crate::admin::request::Request;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::operator_options::Why;
use crate::output::Output;

/// Tells what became of the messages with this control id.
pub(crate) fn run(folder: &Path, options: &Why, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let request = Request::Why {
        control_id: options.control_id.clone(),
        sender: options.sender.clone(),
        recipient: options.to.clone(),
    };
    let trails: Vec<Trail> = ask(&file, request)?;
    output.document(&trails);
    if trails.is_empty() {
        let text = "no message with this control id is kept; `status` counts what is, and one \
                    that was refused was never stored";
        output.paragraph(text);
        return Err(Failure::Findings);
    }
    for trail in &trails {
        show(trail, output);
    }
    Ok(())
}

fn show(trail: &Trail, output: Output) {
    let Trail {
        message,
        sender,
        received_at,
        ..
    } = trail;
    output.line(format!(
        "message {message} of {sender}, taken in and acknowledged at {received_at}"
    ));
    match &trail.outcome {
        None => output.line("  waits for translation"),
        Some(outcome) => {
            let map = outcome.map.iter().map(|map| format!(" by {map}"));
            let warnings = outcome.warnings.filter(|count| *count > 0);
            let warnings = warnings.map(|count| format!(", {count} warnings"));
            let parts = map.chain(warnings).chain(because(
                outcome.reason.as_deref(),
                outcome.location.as_deref(),
                outcome.rule.as_deref(),
            ));
            let parts: String = parts.collect();
            output.line(format!("  {} at {}{parts}", outcome.kind, outcome.at));
        }
    }
    for one in &trail.decisions {
        let records = one.records.map(|count| format!(" ({count} records)"));
        let parts = records.into_iter().chain(because(
            one.reason.as_deref(),
            one.location.as_deref(),
            one.rule.as_deref(),
        ));
        let parts: String = parts.collect();
        let flow = format!("{} version {}", one.flow, one.flow_version);
        output.line(format!(
            "  {}: {flow} {}{parts}",
            one.recipient, one.verdict
        ));
    }
    for one in &trail.deliveries {
        output.line(format!("  {}", delivery(one)));
    }
    show_entries(&trail.ledger, output);
    output.line("");
}

fn because<'a>(
    reason: Option<&'a str>,
    location: Option<&'a str>,
    rule: Option<&'a str>,
) -> impl Iterator<Item = String> {
    let reason = reason.map(|reason| format!(": {reason}"));
    let location = location.map(|place| format!(" at {place}"));
    let rule = rule.map(|rule| format!(" by {rule}"));
    reason.into_iter().chain(location).chain(rule)
}

fn delivery(one: &TrailDelivery) -> String {
    let at = one.at.as_ref().map(|at| match one.state.as_str() {
        "retrying" | "waiting" | "behind" => format!(", next attempt at {at}"),
        _ => format!(" at {at}"),
    });
    let reason = one.reason.as_ref().map(|reason| format!(": {reason}"));
    format!(
        "{}: delivery {} {}{}{} after {}",
        one.recipient,
        one.id,
        one.state,
        at.unwrap_or_default(),
        reason.unwrap_or_default(),
        match one.attempts {
            1 => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        }
    )
}

/// Entries of the ledger, each with the names of its fields.
pub(crate) fn show_entries(entries: &[EntryView], output: Output) {
    let rows = entries.iter().map(|one| {
        let what = one.attempt.map_or_else(
            || one.event.clone(),
            |number| format!("{} {number}", one.event),
        );
        let who = one.by.clone().or_else(|| one.recipient.clone());
        let why = [one.reason.clone(), one.why.clone()];
        let why: Vec<String> = why.into_iter().flatten().collect();
        vec![
            one.entry.to_string(),
            one.at.clone(),
            what,
            who.unwrap_or_default(),
            one.outcome.clone(),
            why.join(": "),
            fields(one),
        ]
    });
    let head = ["entry", "at", "what", "who", "outcome", "why", "fields"];
    output.table(&head, rows.collect());
}

/// `3 released: a, b, c; withheld: d`, as far as the entry opens.
fn fields(entry: &EntryView) -> String {
    let Some(subject) = &entry.subject else {
        return String::new();
    };
    let SubjectView::Open(subject) = subject else {
        return "the patient's key was destroyed".to_owned();
    };
    let parts = [
        ("released", &subject.released),
        ("withheld", &subject.withheld),
    ];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = parts
        .map(|(word, names)| format!("{word}: {}", names.join(", ")))
        .collect();
    parts.join("; ")
}
