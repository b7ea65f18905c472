//! `isthmus why`: everything that was decided about one message, in order, with rule and place and
//! without values.

use std::path::Path;

use isthmus_ledger::view::{EntryView, OpenSubject, SubjectView};

use crate::admin::answer::{Trail, TrailDecision, TrailDelivery, TrailOutcome};
use crate::admin::client::ask;
use crate::admin::request::Request;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, counted};
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
    output.line(format!("message {} of {}", trail.message, trail.sender));
    output.line(format!(
        "  {}  taken in and acknowledged",
        trail.received_at
    ));
    match &trail.outcome {
        None => output.line("  it waits for translation"),
        Some(outcome) => output.line(format!("  {}  {}", outcome.at, outcome_text(outcome))),
    }
    for decision in &trail.decisions {
        output.line(format!(
            "\n  to {}: {}",
            decision.recipient,
            decision_text(decision)
        ));
        let of_it = |flow: &str| flow == decision.flow;
        let deliveries = trail.deliveries.iter();
        for delivery in deliveries.filter(|one| of_it(&one.flow)) {
            output.line(format!("  {}", delivery_text(delivery)));
        }
        let entries = trail.ledger.iter();
        for entry in entries.filter(|one| one.flow.as_deref().is_some_and(of_it)) {
            show_entry(entry, output);
        }
    }
    for entry in trail.ledger.iter().filter(|one| one.flow.is_none()) {
        show_entry(entry, output);
    }
    output.line("");
}

fn outcome_text(outcome: &TrailOutcome) -> String {
    let map = outcome.map.iter().map(|map| format!(" by {map}"));
    let warnings = outcome
        .warnings
        .and_then(|count| usize::try_from(count).ok());
    let warnings = warnings.filter(|count| *count > 0);
    let warnings = warnings.map(|count| format!(", {}", counted(count, "warning")));
    let because = because(
        outcome.reason.as_deref(),
        outcome.location.as_deref(),
        outcome.rule.as_deref(),
    );
    let parts: String = map.chain(warnings).chain([because]).collect();
    format!("{}{parts}", outcome.kind)
}

fn decision_text(decision: &TrailDecision) -> String {
    let because = because(
        decision.reason.as_deref(),
        decision.location.as_deref(),
        decision.rule.as_deref(),
    );
    format!(
        "{} by flow {} version {}{because}",
        decision.verdict, decision.flow, decision.flow_version
    )
}

/// `: REASON at PLACE by RULE`, as far as there is one.
fn because(reason: Option<&str>, location: Option<&str>, rule: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(": {reason}"));
    let location = location.map(|place| format!(" at {place}"));
    let rule = rule.map(|rule| format!(" by {rule}"));
    reason.into_iter().chain(location).chain(rule).collect()
}

fn delivery_text(one: &TrailDelivery) -> String {
    let at = one.at.as_ref().map(|at| match one.state.as_str() {
        "retrying" | "waiting" | "behind" => format!(", next attempt at {at}"),
        _ => format!(" at {at}"),
    });
    let reason = one.reason.as_ref().map(|reason| format!(": {reason}"));
    format!(
        "delivery {} {}{}{} after {}",
        one.id,
        one.state,
        reason.unwrap_or_default(),
        at.unwrap_or_default(),
        counted(one.attempts as usize, "attempt"),
    )
}

/// An entry of the ledger, and below it the names of its fields.
fn show_entry(entry: &EntryView, output: Output) {
    output.line(format!("    {}  {}", entry.at, what(entry)));
    match &entry.subject {
        Some(SubjectView::Open(subject)) => {
            output.hanging("      released: ", &subject.released.join(", "));
            output.hanging("      withheld: ", &subject.withheld.join(", "));
        }
        Some(SubjectView::Closed(_)) => output.line("      the patient's key was destroyed"),
        None => {}
    }
}

/// `attempt 2 not-taken: http-503`.
fn what(entry: &EntryView) -> String {
    let number = entry.attempt.map(|number| format!(" {number}"));
    let reasons = [entry.reason.clone(), entry.why.clone(), entry.by.clone()];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    let reasons = if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join(", "))
    };
    let number = number.unwrap_or_default();
    format!("{}{number} {}{reasons}", entry.event, entry.outcome)
}

/// A table of entries, with how many fields each names.
pub(crate) fn show_entries(entries: &[EntryView], output: Output) {
    let rows = entries.iter().map(|one| {
        vec![
            one.entry.to_string(),
            one.at.clone(),
            one.recipient.clone().unwrap_or_default(),
            what(one),
            fields(one),
        ]
    });
    let head = ["entry", "at", "recipient", "what", "fields"];
    output.table(&head, rows.collect());
}

/// `13 released, 9 withheld`.
fn fields(entry: &EntryView) -> String {
    match &entry.subject {
        None => String::new(),
        Some(SubjectView::Closed(_)) => "key destroyed".to_owned(),
        Some(SubjectView::Open(OpenSubject {
            released, withheld, ..
        })) => {
            let counts = [(released.len(), "released"), (withheld.len(), "withheld")];
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> = counts
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
            counts.join(", ")
        }
    }
}
