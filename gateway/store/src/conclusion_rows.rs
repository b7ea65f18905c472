//! The rows of what became of a message: its outcome and what the gate said; the deliveries it gave
//! are in `delivery_rows`.

use isthmus_core::journal::{Conclusion, Decision, DecisionEntry, Outcome, Verdict};
use isthmus_core::refusal::Refusal;
use rusqlite::{Connection, params};

use crate::delivery_rows::{insert_delivery, was_settled};
use crate::intake_rows::close_intake;
use crate::ledger_rows::insert_entries;
use crate::owed_rows::{SealedAnswer, insert_owed};

/// Writes a conclusion whole with the answer that its sender is owed for it, or nothing of it when
/// the message was concluded before. One that a person had tried again was answered before.
pub(crate) fn insert_conclusion(
    connection: &Connection,
    conclusion: &Conclusion,
    answer: Option<&SealedAnswer>,
) -> rusqlite::Result<()> {
    let sequence = conclusion.sequence.0.cast_signed();
    if !insert_outcome(connection, sequence, conclusion)? {
        return Ok(());
    }
    let again = close_intake(connection, sequence)?;
    if let Some(answer) = answer.filter(|_| !again) {
        insert_owed(connection, sequence, answer)?;
    }
    for (position, decision) in conclusion.decisions.iter().enumerate() {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        insert_decision(connection, sequence, position, decision)?;
    }
    let mut given_before = Vec::new();
    for delivery in &conclusion.deliveries {
        let is_settled = again && was_settled(connection, &delivery.id)?;
        if is_settled || !insert_delivery(connection, sequence, conclusion.at, delivery)? {
            given_before.push(delivery.id);
        }
    }
    let is_new = |one: &&DecisionEntry| {
        !one.delivery
            .is_some_and(|delivery| given_before.contains(&delivery))
    };
    let entries = conclusion.entries.iter().filter(is_new);
    insert_entries(connection, Some(sequence), entries.map(|one| &one.entry))
}

/// False when there is an outcome already.
fn insert_outcome(
    connection: &Connection,
    sequence: i64,
    conclusion: &Conclusion,
) -> rusqlite::Result<bool> {
    let (kind, map, warnings, refusal) = match &conclusion.outcome {
        Outcome::Translated { map, warnings } => ("translated", Some(map), Some(warnings), None),
        Outcome::Parked(refusal) => ("parked", None, None, Some(refusal)),
    };
    let (reason, location, rule) = refusal_columns(refusal);
    let mut insert = connection.prepare_cached(
        "INSERT INTO outcome VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    let at = conclusion.at.unix_millis();
    let row = params![sequence, at, kind, map, warnings, reason, location, rule];
    Ok(insert.execute(row)? == 1)
}

fn insert_decision(
    connection: &Connection,
    sequence: i64,
    position: i64,
    decision: &Decision,
) -> rusqlite::Result<()> {
    let (verdict, records, withheld, refusal) = match &decision.verdict {
        Verdict::Released(records) => ("released", Some(records), None, None),
        Verdict::Withheld(reason) => ("withheld", None, Some(*reason), None),
        Verdict::Parked(refusal) => ("parked", None, None, Some(refusal)),
    };
    let (reason, location, rule) = refusal_columns(refusal);
    let mut insert = connection
        .prepare_cached("INSERT INTO decision VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    insert.execute(params![
        sequence,
        position,
        decision.recipient.as_str(),
        decision.flow.as_str(),
        decision.flow_version,
        verdict,
        records,
        withheld.or(reason),
        location,
        rule,
    ])?;
    Ok(())
}

/// Reason, place and rule of a refusal.
fn refusal_columns(
    refusal: Option<&Refusal>,
) -> (Option<&'static str>, Option<&str>, Option<&str>) {
    match refusal {
        Some(refusal) => (
            Some(refusal.reason.code()),
            refusal.location.as_deref(),
            refusal.rule.as_deref(),
        ),
        None => (None, None, None),
    }
}
