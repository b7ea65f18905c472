//! What never leaves by a flow of messages: the segments of its events' structures of which nothing
//! is granted, and of the others the fields. Which rows there are is told in `flow_report`.

use std::collections::BTreeSet;

use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure_definition::StructureNode;

use crate::privacy::message_extent::newest_first;
use crate::privacy::message_grant::MessageGrant;
use crate::privacy::message_row::MessageRow;

/// Segments (`NK1`) and fields (`PID-4`) that never leave, sorted; local segments, which are told
/// by no structure, leave only by a row of their own.
pub(in crate::privacy) fn never_leaves(rows: &[MessageRow], events: &[String]) -> Vec<String> {
    let mut segments = BTreeSet::new();
    for event in events {
        let (message_type, trigger) = event.split_once('^').unwrap_or((event, ""));
        for version in newest_first() {
            if let Some(structure) = version.structure_for(message_type, trigger) {
                collect(&structure.nodes, &mut segments);
            }
        }
    }
    let mut withheld = Vec::new();
    for name in segments {
        let own = rows.iter().flat_map(|row| &row.grants);
        let granted: BTreeSet<u16> = own
            .filter(|grant| grant.segment == name)
            .flat_map(MessageGrant::fields)
            .collect();
        if granted.is_empty() {
            withheld.push(name.to_string());
            continue;
        }
        let last = newest_first()
            .filter_map(|version| version.segment(name.as_str()))
            .filter_map(|segment| segment.fields.last())
            .map(|field| field.number)
            .max();
        let fields = 1..=last.unwrap_or_default();
        let beyond = fields.filter(|number| !granted.contains(number));
        withheld.extend(beyond.map(|number| format!("{name}-{number}")));
    }
    withheld
}

fn collect(nodes: &[StructureNode], segments: &mut BTreeSet<SegmentName>) {
    for node in nodes {
        match node {
            StructureNode::Segment(segment) if segment.name == SegmentName::MSH => {}
            StructureNode::Segment(segment) => {
                segments.insert(segment.name);
            }
            StructureNode::Group(group) => collect(&group.nodes, segments),
        }
    }
}
