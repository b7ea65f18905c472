//! The data-flow report: what each flow may send, from which field of which message to which field
//! of which record, and what never leaves. How it is printed is the command's business.

use std::collections::BTreeMap;

use isthmus_fhir::path::syntax::ElementPath;

use crate::privacy::allow_row::AllowRow;
use crate::privacy::flow::Flow;
use crate::privacy::flow_terms::{FlowShape, FlowTerms};
use crate::privacy::message_report;
use crate::privacy::message_row::MessageRow;
use crate::privacy::policy_set::PolicySet;
use crate::privacy::recipient::Recipient;
use crate::privacy::row_conflicts::steps_can_meet;
use crate::read_set::{Lineage, Place, ReadSet};

/// What a report is made of, beside the policies.
#[derive(Clone, Copy)]
pub struct ReportSources<'s> {
    /// What each map reads and writes, by the map's path without the suffix.
    pub maps: &'s BTreeMap<String, &'s ReadSet>,
    /// The fields of HL7 v2 messages that an element is translated from; empty when unknown.
    pub origins: &'s dyn Fn(&ElementPath) -> Vec<String>,
    /// Every element that the translation can write.
    pub writable: &'s [ElementPath],
}

impl std::fmt::Debug for ReportSources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportSources").finish_non_exhaustive()
    }
}

/// One flow: under which terms, row by row, and what it withholds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowReport {
    /// Who receives.
    pub recipient: Recipient,
    /// Purpose, basis, consent, expiry.
    pub terms: FlowTerms,
    /// The day on which the agreement ends, UTC.
    pub agreement_ends_on: String,
    /// SHA-256 over the policy file.
    pub policy_hash: [u8; 32],
    /// What may leave, in the order of the policy.
    pub rows: Vec<RowReport>,
    /// What may leave of messages, in the order of the policy; none for a flow of records.
    pub message_rows: Vec<MessageRow>,
    /// Elements that the translation can write and that never leave by this flow, sorted; for a
    /// flow of messages the segments and fields of its events' structures.
    pub never_leaves: Vec<String>,
}

/// One row: where the value comes from, how it leaves, where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowReport {
    /// The fields of HL7 v2 messages that it comes from, sorted.
    pub origins: Vec<String>,
    /// The row: path, class, coarsening, code systems, place.
    pub row: AllowRow,
    /// The fields of the record that it goes into, in the order of the map.
    pub fields: Vec<FieldReport>,
    /// Where the map reads it to decide something.
    pub decides: Vec<Place>,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldReport {
    /// The field, dotted.
    pub target: String,
    /// The functions that the value passes, in order.
    pub functions: Vec<String>,
    /// The row of the map.
    pub place: Place,
}

/// The report of every flow, by recipient and then in the order of the policy.
pub fn flow_report(policies: &PolicySet, sources: ReportSources<'_>) -> Vec<FlowReport> {
    let flows = policies.flows().iter();
    flows.map(|flow| report(flow, sources)).collect()
}

fn report(flow: &Flow, sources: ReportSources<'_>) -> FlowReport {
    let map = flow.terms().shape.map();
    let map = map.and_then(|map| sources.maps.get(map)).copied();
    let rows = flow.rows().iter();
    let never_leaves = match &flow.terms().shape {
        FlowShape::Records { .. } => elements_withheld(flow, sources.writable),
        FlowShape::Messages { events } => message_report::never_leaves(flow.message_rows(), events),
    };
    FlowReport {
        recipient: flow.recipient().clone(),
        terms: flow.terms().clone(),
        agreement_ends_on: flow.agreement_ends_at().day(),
        policy_hash: *flow.policy_hash(),
        rows: rows.map(|row| row_report(row, map, sources)).collect(),
        message_rows: flow.message_rows().to_vec(),
        never_leaves,
    }
}

fn elements_withheld(flow: &Flow, writable: &[ElementPath]) -> Vec<String> {
    let withheld = writable.iter();
    let withheld = withheld.filter(|element| !leaves_in_part(flow, element));
    let mut withheld: Vec<String> = withheld.map(ToString::to_string).collect();
    withheld.sort_unstable();
    withheld.dedup();
    withheld
}

fn row_report(row: &AllowRow, map: Option<&ReadSet>, sources: ReportSources<'_>) -> RowReport {
    let origins = row.leaves().iter();
    let mut origins: Vec<String> = origins
        .flat_map(|leaf| (sources.origins)(leaf.path()))
        .collect();
    origins.sort_unstable();
    origins.dedup();
    let fields = map.into_iter().flat_map(|map| &map.lineage);
    let fields = fields.filter(|field| field.sources.iter().any(|source| grants(row, source)));
    let reads = map.into_iter().flat_map(|map| &map.reads);
    let decides = reads.filter(|read| read.control && grants(row, &read.path));
    let mut decides: Vec<Place> = decides.map(|read| read.place.clone()).collect();
    decides.sort_unstable();
    decides.dedup();
    RowReport {
        origins,
        row: row.clone(),
        fields: fields.map(field_report).collect(),
        decides,
    }
}

fn field_report(field: &Lineage) -> FieldReport {
    FieldReport {
        target: field.target.clone(),
        functions: field.functions.clone(),
        place: field.place.clone(),
    }
}

fn grants(row: &AllowRow, path: &ElementPath) -> bool {
    let mut leaves = row.leaves().iter();
    leaves.any(|leaf| leaf.path().covers_exactly(path))
}

/// Whether some value at or below an element can leave by the flow.
fn leaves_in_part(flow: &Flow, element: &ElementPath) -> bool {
    let mut leaves = flow.rows().iter().flat_map(AllowRow::leaves);
    leaves.any(|leaf| {
        let leaf = leaf.path();
        leaf.head == element.head
            && element.steps.len() <= leaf.steps.len()
            && element
                .steps
                .iter()
                .zip(&leaf.steps)
                .all(|(one, other)| steps_can_meet(one, other))
    })
}
