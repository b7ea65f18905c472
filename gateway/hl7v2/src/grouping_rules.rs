//! `GroupingRules`, what a sender and its receivers agreed on beside the standard: other structures
//! for some events, and local segments. Following the rules is done in `structure` and
//! `structure_walk`, checking paths against them in `resolve`.

use crate::dictionary::{version, versions};
use crate::local_segment::LocalSegment;
use crate::rule_problem::RuleProblem;
use crate::segment_name::SegmentName;

/// The rules of one sender. Without any, the standard alone counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupingRules {
    structures: Vec<StructureRule>,
    local_segments: Vec<LocalSegment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct StructureRule {
    message_type: String,
    /// None stands for all events of the type.
    event: Option<String>,
    structure: String,
}

impl GroupingRules {
    /// No rules: the standard alone.
    pub const fn none() -> Self {
        Self {
            structures: Vec::new(),
            local_segments: Vec::new(),
        }
    }

    /// Also gives messages of a type and event this structure, whatever their MSH-9.3 says.
    /// Without an event the rule is for all events of the type that have none of their own.
    ///
    /// # Errors
    /// When no version has the structure, or the event has one already.
    pub fn with_structure(
        mut self,
        message_type: &str,
        event: Option<&str>,
        structure: &str,
    ) -> Result<Self, RuleProblem> {
        let mut newest_first = versions().iter().rev().filter_map(|id| version(id));
        if !newest_first.any(|version| version.structure(structure).is_some()) {
            return Err(RuleProblem::UnknownStructure(structure.to_owned()));
        }
        let is_same = |rule: &StructureRule| {
            rule.message_type == message_type && rule.event.as_deref() == event
        };
        if self.structures.iter().any(is_same) {
            return Err(RuleProblem::StructureTwice {
                message_type: message_type.to_owned(),
                event: event.unwrap_or("*").to_owned(),
            });
        }
        self.structures.push(StructureRule {
            message_type: message_type.to_owned(),
            event: event.map(str::to_owned),
            structure: structure.to_owned(),
        });
        Ok(self)
    }

    /// Also knows this local segment.
    ///
    /// # Errors
    /// When a segment of that name is defined already.
    pub fn with_local_segment(mut self, segment: LocalSegment) -> Result<Self, RuleProblem> {
        if self.local_segment(segment.name()).is_some() {
            return Err(RuleProblem::SegmentTwice(segment.name()));
        }
        self.local_segments.push(segment);
        Ok(self)
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.structures.is_empty() && self.local_segments.is_empty()
    }

    /// The name of the structure that messages of this type and event are given, if any.
    pub fn structure_name(&self, message_type: &str, event: &str) -> Option<&str> {
        let of_type = || {
            let all = self.structures.iter();
            all.filter(|rule| rule.message_type == message_type)
        };
        let own = of_type().find(|rule| rule.event.as_deref() == Some(event));
        let found = own.or_else(|| of_type().find(|rule| rule.event.is_none()));
        found.map(|rule| rule.structure.as_str())
    }

    /// The local segment of that name.
    pub fn local_segment(&self, name: SegmentName) -> Option<&LocalSegment> {
        let mut all = self.local_segments.iter();
        all.find(|segment| segment.name() == name)
    }

    /// The local segments, in the order they were given.
    pub fn local_segments(&self) -> &[LocalSegment] {
        &self.local_segments
    }
}
