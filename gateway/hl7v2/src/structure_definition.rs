//! What the standard says of message structures: trees of segments and groups.
//! Laying a message out on such a tree is done in `structure`.

use crate::definition::Cardinality;
use crate::segment_name::SegmentName;

/// A message structure of one version, such as `ADT_A01` (HL7 v2.5.1 chapter 2, section 2.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureDefinition {
    /// The name, as in MSH-9.3.
    pub name: &'static str,
    /// The segments and groups at the top, in order.
    pub nodes: Vec<StructureNode>,
}

/// One place in a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StructureNode {
    /// A segment.
    Segment(SegmentNode),
    /// A group.
    Group(GroupNode),
}

/// The place of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentNode {
    /// The segment's name.
    pub name: SegmentName,
    /// How often it may stand here.
    pub cardinality: Cardinality,
    /// Whether it is one of several neighbouring alternatives (`<OBR | RXO>` in the standard), of
    /// which one is required; each by itself is optional.
    pub is_alternative: bool,
}

/// A group of segments and groups that repeats as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupNode {
    /// The name without the structure's prefix, such as `ORDER_OBSERVATION`.
    pub name: &'static str,
    /// How often it may stand here.
    pub cardinality: Cardinality,
    /// What it is made of, in order.
    pub nodes: Vec<StructureNode>,
}

impl StructureNode {
    /// How often it may stand here.
    pub fn cardinality(&self) -> Cardinality {
        match self {
            Self::Segment(segment) => segment.cardinality,
            Self::Group(group) => group.cardinality,
        }
    }

    /// Whether it may be left out: by its cardinality, or because all in it is optional.
    pub(crate) fn is_optional(&self) -> bool {
        match self {
            Self::Segment(segment) => segment.cardinality.min == 0 && !segment.is_alternative,
            Self::Group(group) => {
                group.cardinality.min == 0 || group.nodes.iter().all(Self::is_optional)
            }
        }
    }

    /// Whether it is one of several neighbouring alternatives.
    pub(crate) fn is_alternative(&self) -> bool {
        match self {
            Self::Segment(segment) => segment.is_alternative,
            Self::Group(_) => false,
        }
    }
}

impl StructureDefinition {
    /// The groups from the top down to the group `name`, that group last; none when the structure
    /// has no such group. Where a name stands twice, the first place counts.
    pub fn group_path(&self, name: &str) -> Option<Vec<&GroupNode>> {
        let mut path = Vec::new();
        descend(&self.nodes, name, &mut path).then_some(path)
    }
}

/// Depth is bounded by the dictionary, whose deepest structure has eight levels.
fn descend<'d>(nodes: &'d [StructureNode], name: &str, path: &mut Vec<&'d GroupNode>) -> bool {
    for node in nodes {
        let StructureNode::Group(group) = node else {
            continue;
        };
        path.push(group);
        if group.name == name || descend(&group.nodes, name, path) {
            return true;
        }
        path.pop();
    }
    false
}
