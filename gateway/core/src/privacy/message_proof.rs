//! What is proved of a flow of messages when it loads: its events exist, its rows are places of
//! their structures, and what it sends can be understood. Single rows are checked in `message_row`.

use isthmus_fhir::spelling::nearest;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure_definition::{GroupNode, StructureDefinition, StructureNode};

use crate::privacy::codes;
use crate::privacy::flow_terms::ReadTerms;
use crate::privacy::message_extent::newest_first;
use crate::privacy::message_grant::{MessageGrant, Part};
use crate::privacy::message_row::ReadMessageRow;
use crate::privacy::policy_text::Complaints;
use crate::privacy::suggestion::did_you_mean;

/// Fields of PID without which a message about a patient is of no use: identifiers and name.
const REQUIRED_OF_PATIENT: [u16; 2] = [3, 5];

/// Complains of events that nobody knows, and of rows that are in none of their structures.
pub(in crate::privacy) fn prove(
    flow: &ReadTerms,
    rows: Option<&[ReadMessageRow]>,
    complaints: &mut Complaints<'_>,
) {
    let mut structures = Vec::new();
    let mut are_known = true;
    for event in &flow.events {
        let (message_type, trigger) = event.value.split_once('^').unwrap_or((&event.value, ""));
        let of = newest_first().filter_map(|one| one.structure_for(message_type, trigger));
        let of: Vec<&'static StructureDefinition> = of.collect();
        let is_whole = event
            .value
            .split_once('^')
            .is_some_and(|(_, event)| !event.is_empty());
        if of.is_empty() || !is_whole {
            let message = format!("no version of HL7 v2 has the event `{}`", event.value);
            let help = "write message type and trigger event, such as ADT^A01";
            complaints.error_with_help(event.span, codes::EVENTS, message, help);
            are_known = false;
        }
        structures.extend(of);
    }
    let Some(rows) = rows.filter(|_| are_known) else {
        return;
    };
    for read in rows {
        if let Some(grant) = read.row.grants.first() {
            check_place(read, grant, &structures, complaints);
        }
    }
    check_patient(flow, rows, complaints);
}

fn check_place(
    read: &ReadMessageRow,
    grant: &MessageGrant,
    structures: &[&'static StructureDefinition],
    complaints: &mut Complaints<'_>,
) {
    let mut known = Vec::new();
    for structure in structures {
        let mut around = vec![structure.name];
        if holds(&structure.nodes, grant, &mut around) {
            return;
        }
        known.push(structure.name);
        groups(&structure.nodes, &mut known);
    }
    let has_all = grant
        .groups
        .iter()
        .all(|name| known.contains(&name.as_str()));
    if grant.segment.is_local() && has_all {
        // Where it stands is said by the map that defines it.
        return;
    }
    let wrong = grant.groups.iter().find(|name| !known.contains(&&***name));
    let (message, help) = match wrong {
        Some(name) => (
            format!("no structure of the flow's events has a group `{name}`"),
            did_you_mean(&nearest(name, known.iter().copied())),
        ),
        None if grant.groups.is_empty() => {
            let message = format!("no structure of the flow's events has {}", grant.segment);
            (message, None)
        }
        None => {
            let way = grant.groups.join("/");
            let message = format!(
                "{} does not stand in {way} in the flow's events",
                grant.segment
            );
            (message, None)
        }
    };
    let help = help.unwrap_or_else(|| "add the event that it is of, or leave the row out".into());
    complaints.error_with_help(read.path.span, codes::EVENTS, message, help);
}

/// Whether a segment stands somewhere below in the groups that the grant names.
fn holds<'s>(nodes: &'s [StructureNode], grant: &MessageGrant, around: &mut Vec<&'s str>) -> bool {
    nodes.iter().any(|node| match node {
        StructureNode::Segment(segment) => {
            segment.name == grant.segment && stands_in(grant, around)
        }
        StructureNode::Group(group) => {
            around.push(group.name);
            let held = holds(&group.nodes, grant, around);
            around.pop();
            held
        }
    })
}

/// Whether the groups of a grant stand around in order, the last of them innermost.
fn stands_in(grant: &MessageGrant, around: &[&str]) -> bool {
    let mut rest = around.iter();
    let in_order = grant.groups.iter().all(|name| rest.any(|own| own == name));
    let is_innermost = match (grant.groups.last(), around.last()) {
        (Some(named), Some(own)) => named == own,
        (named, _) => named.is_none(),
    };
    in_order && is_innermost
}

fn groups(nodes: &'static [StructureNode], names: &mut Vec<&'static str>) {
    let inner = nodes.iter().filter_map(|node| match node {
        StructureNode::Group(group) => Some(group),
        StructureNode::Segment(_) => None,
    });
    for group in inner {
        let group: &GroupNode = group;
        names.push(group.name);
        groups(&group.nodes, names);
    }
}

fn check_patient(flow: &ReadTerms, rows: &[ReadMessageRow], complaints: &mut Complaints<'_>) {
    let patient = SegmentName::new(b"PID");
    let own = || {
        let grants = rows.iter().flat_map(|read| &read.row.grants);
        grants.filter(|grant| Some(grant.segment) == patient)
    };
    if own().next().is_none() {
        return;
    }
    for number in REQUIRED_OF_PATIENT {
        // The identifier itself, and the family or given name.
        let says = |grant: &MessageGrant| match &grant.part {
            Part::Component(at, _) | Part::Subcomponent(at, ..) => {
                *at == 1 || (number == 5 && *at == 2)
            }
            Part::Whole(_) | Part::Everything | Part::ByType(_) => true,
        };
        if !own().any(|grant| grant.field == number && says(grant)) {
            let id = &flow.terms.id;
            let message = format!("flow {id} grants fields of PID and withholds PID-{number}");
            let help = format!("add a row for hl7v2:PID-{number}, or leave all rows of PID out");
            complaints.error_with_help(flow.id.span, codes::REQUIRED_WITHHELD, message, help);
        }
    }
}
