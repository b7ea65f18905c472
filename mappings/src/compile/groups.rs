//! Finds the names that a segment group has in the versions of HL7 v2, and which segments it has.
//! Laying a message out in groups is the HL7 crate's business.

use isthmus_hl7v2::dictionary::Version;
use isthmus_hl7v2::local_segment::LocalSegment;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure_definition::{GroupNode, StructureDefinition, StructureNode};

use crate::compile::segment_path::newest_first;

/// The names of a group in all versions of the structures of these events (`ORU^R01`). A version
/// that has no group of the name has it under another: the group of the same structure that
/// starts with the same segments. Empty when no version has it.
pub fn names(events: &[&str], wanted: &str) -> Vec<&'static str> {
    let structures = structures(events);
    let model = structures
        .iter()
        .find_map(|structure| group(structure, wanted));
    let Some(model) = model else {
        return Vec::new();
    };
    let mut names = vec![model.name];
    for structure in structures
        .iter()
        .filter(|structure| group(structure, wanted).is_none())
    {
        let alike = all_groups(&structure.nodes)
            .into_iter()
            .find(|group| is_alike(group, model));
        if let Some(alike) = alike.filter(|group| !names.contains(&group.name)) {
            names.push(alike.name);
        }
    }
    names
}

/// The names of all groups of these events, newest version first.
pub fn known(events: &[&str]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for structure in structures(events) {
        for group in all_groups(&structure.nodes) {
            if !names.contains(&group.name) {
                names.push(group.name);
            }
        }
    }
    names
}

/// Whether a structure of these events has a segment in groups of these names, outermost first; a
/// group that stands once counts as part of the one around it.
pub fn have(
    events: &[&str],
    way: &[&[&str]],
    segment: SegmentName,
    local: Option<&LocalSegment>,
) -> bool {
    let wanted = Wanted { segment, local };
    let mut all = structures(events).into_iter();
    all.any(|structure| leads(&structure.nodes, way, wanted))
}

/// The groups of these events that have a segment right inside.
pub fn holders(events: &[&str], segment: SegmentName) -> Vec<&'static str> {
    let mut names = Vec::new();
    for structure in structures(events) {
        for group in all_groups(&structure.nodes) {
            if group.nodes.iter().any(|node| is(node, segment)) && !names.contains(&group.name) {
                names.push(group.name);
            }
        }
    }
    names
}

/// A segment that is looked for in groups.
#[derive(Debug, Clone, Copy)]
struct Wanted<'l> {
    segment: SegmentName,
    local: Option<&'l LocalSegment>,
}

fn leads(nodes: &'static [StructureNode], way: &[&[&str]], wanted: Wanted<'_>) -> bool {
    let Some((names, rest)) = way.split_first() else {
        return false;
    };
    all_groups(nodes).into_iter().any(|group| {
        let is_named = names.contains(&group.name);
        is_named && (leads(&group.nodes, rest, wanted) || rest.is_empty() && holds(group, wanted))
    })
}

fn holds(group: &'static GroupNode, wanted: Wanted<'_>) -> bool {
    let local = |known: &LocalSegment| known.may_stand_in(group.name, &group.nodes);
    wanted.local.is_some_and(local)
        || group.nodes.iter().any(|node| match node {
            StructureNode::Segment(_) => is(node, wanted.segment),
            StructureNode::Group(inner) => !inner.cardinality.repeats() && holds(inner, wanted),
        })
}

fn is(node: &StructureNode, segment: SegmentName) -> bool {
    match node {
        StructureNode::Segment(own) => own.name == segment,
        StructureNode::Group(_) => false,
    }
}

/// The structures of these events in all versions, newest first.
fn structures(events: &[&str]) -> Vec<&'static StructureDefinition> {
    let in_version = |version: &'static Version| {
        events.iter().filter_map(move |event| {
            let (code, trigger) = event.split_once('^').unwrap_or((event, ""));
            version.structure_for(code, trigger)
        })
    };
    newest_first().flat_map(in_version).collect()
}

fn group(structure: &'static StructureDefinition, name: &str) -> Option<&'static GroupNode> {
    structure.group_path(name)?.last().copied()
}

/// All groups of a structure; the dictionary bounds the depth.
fn all_groups(nodes: &'static [StructureNode]) -> Vec<&'static GroupNode> {
    let mut found = Vec::new();
    for node in nodes {
        if let StructureNode::Group(group) = node {
            found.push(group);
            found.extend(all_groups(&group.nodes));
        }
    }
    found
}

fn first_segment(group: &GroupNode) -> Option<SegmentName> {
    group.nodes.iter().find_map(|node| match node {
        StructureNode::Segment(segment) => Some(segment.name),
        StructureNode::Group(inner) => first_segment(inner),
    })
}

/// The segment that must be there, or the first.
fn anchor(group: &GroupNode) -> Option<SegmentName> {
    let required = group.nodes.iter().find_map(|node| match node {
        StructureNode::Segment(segment) if segment.cardinality.min > 0 => Some(segment.name),
        StructureNode::Segment(_) | StructureNode::Group(_) => None,
    });
    required.or_else(|| first_segment(group))
}

fn is_alike(group: &GroupNode, model: &GroupNode) -> bool {
    group.cardinality.repeats() == model.cardinality.repeats()
        && (first_segment(group) == first_segment(model) || anchor(group) == anchor(model))
}
