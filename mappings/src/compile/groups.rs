//! Finds the names that a segment group has in the versions of HL7 v2.
//! Laying a message out in groups is the HL7 crate's business.

use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure_definition::{GroupNode, StructureDefinition, StructureNode};

use crate::compile::segment_path::newest_first;

/// The names of a group in all versions of the structures of these events (`ORU^R01`). A version
/// that has no group of the name has it under another: the group of the same structure that
/// starts with the same segments. Empty when no version has it.
pub fn names(events: &[&str], wanted: &str) -> Vec<&'static str> {
    let mut structures: Vec<&'static StructureDefinition> = Vec::new();
    for version in newest_first() {
        for event in events {
            let (code, trigger) = event.split_once('^').unwrap_or((event, ""));
            structures.extend(version.structure_for(code, trigger));
        }
    }
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
    for version in newest_first() {
        for event in events {
            let (code, trigger) = event.split_once('^').unwrap_or((event, ""));
            let structure = version.structure_for(code, trigger);
            for group in structure
                .into_iter()
                .flat_map(|found| all_groups(&found.nodes))
            {
                if !names.contains(&group.name) {
                    names.push(group.name);
                }
            }
        }
    }
    names
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
