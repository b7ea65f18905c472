//! What must be true after a run: no acknowledged message is lost, nothing has two effects, and
//! first sightings never go backwards. What must never happen meanwhile is found in `facts`.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_core::id::{DeliveryId, RecipientId};
use isthmus_core::journal::{Outcome, Verdict};

use crate::ears::asks;
use crate::facts::{Facts, Invariant, Sent, Sighting};
use crate::messages::{Kind, Message, Name, RecordName, subject};
use crate::senders::is_text_of;
use crate::site::{FLOWS, FlowPlan, RECIPIENTS, policies};
use crate::tables::{DROPPED, Row, Tables};

/// Judges a run.
pub(crate) fn judge(facts: &mut Facts, tables: &Tables) {
    let mut found = Vec::new();
    losses(facts, tables, &mut found);
    duplicates(facts, &mut found);
    disorder(facts, &mut found);
    answers(facts, tables, &mut found);
    for (of, how) in found {
        facts.breach(of, how);
    }
}

type Found = Vec<(Invariant, String)>;

/// Every acknowledged message is stored, and everything that it gives has arrived, is withheld for
/// a reason, or is visibly parked.
fn losses(facts: &Facts, tables: &Tables, found: &mut Found) {
    let mut seen: BTreeMap<(Name, &str, u8), u64> = BTreeMap::new();
    for sighting in &facts.sightings {
        let RecordName {
            message, patient, ..
        } = sighting.record;
        *seen
            .entry((message, sighting.flow.id, patient))
            .or_default() += 1;
    }
    for (name, sent) in &facts.sent {
        if sent.acknowledged.is_none() {
            found.push((
                Invariant::Standstill,
                format!("{name} was never acknowledged"),
            ));
            continue;
        }
        let stored = tables.intake.iter();
        let mut stored = stored.filter(|(_, one)| is_text_of(one, &sent.message));
        let Some((sequence, _)) = stored.next() else {
            found.push((Invariant::Loss, format!("{name} is not in the store")));
            continue;
        };
        if let Some(how) = unsettled(facts, tables, sent, *sequence, &seen) {
            found.push((Invariant::Loss, format!("{name} ({sequence}): {how}")));
        }
    }
}

/// What of a message is neither here nor there.
fn unsettled(
    facts: &Facts,
    tables: &Tables,
    sent: &Sent,
    sequence: u64,
    seen: &BTreeMap<(Name, &str, u8), u64>,
) -> Option<String> {
    match tables.outcomes.get(&sequence) {
        None => return Some("it has no outcome".to_owned()),
        Some(Outcome::Parked(_)) => return None,
        Some(Outcome::Translated { .. }) if sent.message.kind != Kind::Plain => {
            return Some("what cannot be translated was".to_owned());
        }
        Some(Outcome::Translated { .. }) => {}
    }
    let decisions = tables
        .decisions
        .get(&sequence)
        .map_or(&[][..], Vec::as_slice);
    let patients = &sent.message.patients;
    for flow in &FLOWS {
        let mut of_flow = decisions.iter().filter(|one| one.flow.as_str() == flow.id);
        for patient in patients {
            let verdict = of_flow.next().map(|decision| &decision.verdict);
            let of = (sent.message.name, flow.id, *patient);
            let arrived = seen.get(&of).copied().unwrap_or(0);
            let expected = u64::from(sent.message.parts);
            let rest = expected.saturating_sub(arrived);
            let kept = kept(facts, tables, sent, (sequence, *flow, *patient));
            let is_settled = match verdict {
                None => false,
                Some(Verdict::Parked(_)) => true,
                Some(Verdict::Withheld(_)) => rest == 0 || lacked(facts, sent, *flow, *patient),
                Some(Verdict::Released(_)) => rest <= kept,
            };
            if !is_settled {
                return Some(format!(
                    "{} for patient {patient}: {arrived} of {expected} arrived, {kept} kept, \
                     {verdict:?}",
                    flow.id
                ));
            }
        }
    }
    None
}

/// Whether the patient had not consented at some time since the message was sent.
fn lacked(facts: &Facts, sent: &Sent, flow: FlowPlan, patient: u8) -> bool {
    let until = facts.lacked_until.get(&patient);
    flow.asks && until.is_some_and(|until| *until >= sent.first)
}

/// How many deliveries are parked or wait behind one that is, or were withheld for a reason or
/// dropped by a person.
fn kept(
    facts: &Facts,
    tables: &Tables,
    sent: &Sent,
    (sequence, flow, patient): (u64, FlowPlan, u8),
) -> u64 {
    let subject = subject(patient);
    let lane = (RecipientId::new(flow.recipient), subject);
    let lane = tables.lanes.get(&lane).into_iter().flatten();
    let lane: Vec<&Row> = lane
        .filter_map(|place| tables.deliveries.get(place))
        .collect();
    let is_visible = lane.first().is_some_and(|head| head.parked.is_some());
    let waiting = lane.iter().filter(|row| {
        let is_it = row.sequence.0 == sequence && row.sealed.grant().flow.as_str() == flow.id;
        is_it && is_visible
    });
    let done = tables.done.values().filter(|done| {
        let is_it =
            done.sequence.0 == sequence && done.subject == subject && done.flow.as_str() == flow.id;
        is_it
            && done
                .outcome
                .is_some_and(|outcome| outcome == DROPPED || lacked(facts, sent, flow, patient))
    });
    (waiting.count() + done.count()) as u64
}

/// Each message whose sender asked to be told how it fared has one answer, which waits or was
/// heard, and says how it fared at first; nobody is told what they did not ask.
fn answers(facts: &Facts, tables: &Tables, found: &mut Found) {
    for (sequence, is_success) in &tables.fared {
        let Some(message) = tables.intake.get(sequence) else {
            continue;
        };
        let Some(sent) = Message::read(message.body.bytes.reveal()) else {
            continue;
        };
        let heard = facts.heard.get(&message.id).into_iter().flatten();
        let mut ids: BTreeSet<&str> = heard.clone().map(|(id, _)| id.as_str()).collect();
        let waiting = tables.owed.values().map(|(answer, _)| answer);
        let waiting = waiting.filter(|answer| answer.message == message.id);
        ids.extend(waiting.map(|answer| answer.control_id.as_str()));
        let expected = usize::from(asks(sent.name, *is_success));
        let name = sent.name;
        if ids.len() != expected {
            let how = format!(
                "{name} ({sequence}) has {} answers, not {expected}",
                ids.len()
            );
            found.push((Invariant::Answer, how));
        }
        for (id, told) in heard {
            if told != is_success {
                let how = format!("{name} ({sequence}) was told {told} by {id}");
                found.push((Invariant::Answer, how));
            }
        }
    }
}

/// One record has one id, and comes of a message that was sent.
fn duplicates(facts: &Facts, found: &mut Found) {
    let mut ids: BTreeMap<(&str, RecordName), BTreeSet<DeliveryId>> = BTreeMap::new();
    for sighting in &facts.sightings {
        let Sighting {
            flow, id, record, ..
        } = sighting;
        ids.entry((flow.id, *record)).or_default().insert(*id);
        let sent = facts.sent.get(&record.message);
        let is_told = sent.is_some_and(|sent| {
            let Sent { message, .. } = sent;
            message.patients.contains(&record.patient)
                && record.part < message.parts
                && message.kind == Kind::Plain
        });
        if !is_told {
            let how = format!("{record:?} came by {} of nothing that was sent", flow.id);
            found.push((Invariant::Duplicate, how));
        }
    }
    for ((flow, record), ids) in ids {
        if ids.len() > 1 {
            let how = format!("{record:?} came by {flow} under {} ids", ids.len());
            found.push((Invariant::Duplicate, how));
        }
    }
}

/// For one patient and recipient, records are first seen in the order of the journal; and never
/// one before another that was acknowledged before it was sent.
fn disorder(facts: &Facts, found: &mut Found) {
    let policies = policies(0);
    let flows = policies.flows();
    for recipient in RECIPIENTS {
        let mut last: BTreeMap<u8, (u64, Option<usize>, u8)> = BTreeMap::new();
        let mut sent_last: BTreeMap<u8, (u64, Name)> = BTreeMap::new();
        let sightings = facts.sightings.iter();
        let sightings = sightings.filter(|one| one.flow.recipient == recipient);
        for Sighting {
            flow,
            record,
            sequence,
            ..
        } in sightings
        {
            if facts.reopened.contains(&sequence.0) {
                continue;
            }
            let flow_place = flows
                .iter()
                .position(|one| one.terms().id.as_str() == flow.id);
            let place = (sequence.0, flow_place, record.part);
            let before = last.insert(record.patient, place);
            if before.is_some_and(|before| before > place) {
                let how = format!("{recipient} saw {record:?} after {before:?}");
                found.push((Invariant::Order, how));
            }
            let Some(sent) = facts.sent.get(&record.message) else {
                continue;
            };
            let newest = sent_last
                .entry(record.patient)
                .or_insert((sent.first, record.message));
            if sent.acknowledged.is_some_and(|at| at < newest.0) {
                let (patient, later) = (record.patient, newest.1);
                let how = format!(
                    "{recipient} saw {} of patient {patient} after {later}, which was sent later",
                    record.message
                );
                found.push((Invariant::Order, how));
            }
            if sent.first > newest.0 {
                *newest = (sent.first, record.message);
            }
        }
    }
}
