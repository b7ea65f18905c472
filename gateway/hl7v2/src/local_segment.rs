//! `LocalSegment`, the definition of a segment that begins with `Z`: its fields and where it may
//! stand. The rules it is part of are in `grouping_rules`.

use crate::definition::Cardinality;
use crate::dictionary::{Version, version, versions};
use crate::rule_problem::RuleProblem;
use crate::segment_name::SegmentName;
use crate::structure_definition::StructureNode;
use crate::structure_place::OpenGroup;

/// A segment that sender and receiver defined among themselves (HL7 v2.5.1 chapter 2, section
/// 2.5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSegment {
    name: SegmentName,
    fields: Vec<LocalField>,
    places: Vec<LocalPlace>,
}

/// A field of a local segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalField {
    /// The number, from 1.
    pub number: u16,
    /// What the sender calls it.
    pub name: String,
    /// The datatype, one of the standard's.
    pub datatype: &'static str,
    /// How often it may stand there.
    pub cardinality: Cardinality,
    /// The number of the HL7 table its codes come from.
    pub table: Option<u16>,
}

/// Where a local segment may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalPlace {
    /// In a group that has the named segment, anywhere after that segment's own place.
    After(SegmentName),
    /// Anywhere in the group of this name, without the structure's prefix; the structure's own name
    /// stands for the message outside all groups.
    Within(String),
}

impl LocalField {
    /// A field that is optional and does not repeat.
    ///
    /// # Errors
    /// When no version has the datatype.
    pub fn new(number: u16, name: &str, datatype: &str) -> Result<Self, RuleProblem> {
        let mut newest_first = versions().iter().rev().filter_map(|id| version(id));
        let datatype = newest_first
            .find_map(|version| known_datatype(version, datatype))
            .ok_or_else(|| RuleProblem::UnknownDatatype(datatype.to_owned()))?;
        Ok(Self {
            number,
            name: name.to_owned(),
            datatype,
            cardinality: Cardinality {
                min: 0,
                max: Some(1),
            },
            table: None,
        })
    }
}

/// The dictionary's own spelling of a datatype; one without components stands only at fields.
fn known_datatype(version: &'static Version, name: &str) -> Option<&'static str> {
    if let Some(known) = version.datatype(name) {
        return Some(known.name);
    }
    let fields = version.segments().iter().flat_map(|one| &one.fields);
    let mut used = fields.filter_map(|field| field.datatype);
    used.find(|used| *used == name)
}

impl LocalSegment {
    /// A segment with its fields and the places it may stand at.
    ///
    /// # Errors
    /// When the name is not local, or a field's number is 0 or stands twice.
    pub fn new(
        name: SegmentName,
        mut fields: Vec<LocalField>,
        places: Vec<LocalPlace>,
    ) -> Result<Self, RuleProblem> {
        if !name.is_local() {
            return Err(RuleProblem::NotLocal(name));
        }
        fields.sort_by_key(|field| field.number);
        let mut before = 0;
        for field in &fields {
            if field.number == before {
                return Err(RuleProblem::FieldNumber {
                    segment: name,
                    number: field.number,
                });
            }
            before = field.number;
        }
        Ok(Self {
            name,
            fields,
            places,
        })
    }

    /// The name.
    pub fn name(&self) -> SegmentName {
        self.name
    }

    /// The fields, by number.
    pub fn fields(&self) -> &[LocalField] {
        &self.fields
    }

    /// The field `number`, from 1.
    pub fn field(&self, number: u16) -> Option<&LocalField> {
        let place = self
            .fields
            .binary_search_by_key(&number, |field| field.number)
            .ok()?;
        self.fields.get(place)
    }

    /// Where it may stand.
    pub fn places(&self) -> &[LocalPlace] {
        &self.places
    }

    /// Whether it may stand in a group of this name that has these segments and groups; the name of
    /// the structure stands for the message outside all groups.
    pub fn may_stand_in(&self, group: &str, nodes: &[StructureNode]) -> bool {
        self.places.iter().any(|place| match place {
            LocalPlace::Within(name) => group == name,
            LocalPlace::After(name) => nodes.iter().any(|node| is_segment(node, *name)),
        })
    }

    /// The innermost of these groups that has a place for it, by depth.
    pub(crate) fn host(&self, open: &[OpenGroup<'_>]) -> Option<usize> {
        let is_host = |group: &OpenGroup<'_>| {
            self.places.iter().any(|place| match place {
                LocalPlace::Within(name) => group.name == name,
                LocalPlace::After(name) => {
                    let mut passed = group.nodes.iter().take(group.next());
                    passed.any(|node| is_segment(node, *name))
                }
            })
        };
        open.iter().rposition(is_host)
    }
}

fn is_segment(node: &StructureNode, name: SegmentName) -> bool {
    match node {
        StructureNode::Segment(segment) => segment.name == name,
        StructureNode::Group(_) => false,
    }
}
