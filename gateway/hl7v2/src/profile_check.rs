//! Holds a message against a profile: groups and segments by how often they stand; what their
//! fields hold is looked at in `profile_fields`. The work grows with the message and no faster.

use crate::checked_message::{CheckedMessage, event_of, occurrences};
use crate::definition::Cardinality;
use crate::finding::{Finding, FindingKind, Missing};
use crate::grouping_rules::GroupingRules;
use crate::header::Header;
use crate::message::Message;
use crate::profile::{GroupRule, Profile, SegmentRule};
use crate::profile_fields::check_fields;
use crate::profile_finding::{ProfileFault, ProfileReport};
use crate::profile_groups::Instances;
use crate::segment_name::SegmentName;
use crate::structure::{Grouped, group_as_with, group_with};
use crate::structure_definition::{StructureDefinition, StructureNode};

impl Profile {
    /// What in the message is not as the profile asks, by the local segments and structures that
    /// its sender has. Without such a structure the one that the profile's own version has for the
    /// event counts, whatever version the message claims: by that one its rules were proved.
    pub fn check(&self, message: &Message, rules: &GroupingRules) -> ProfileReport {
        let mut report = ProfileReport::default();
        let header = Header::of(message);
        let message_type = header.map(|header| header.message_type());
        let (message_type, event) = (message_type.unwrap_or_default(), event_of(message));
        let occurrences = occurrences(message);
        let parts = self.messages.iter();
        for part in parts.filter(|part| part.is_for(&message_type, &event)) {
            report.is_covered = true;
            let of_event = || self.version.structure_for(&message_type, &event);
            let is_ruled = rules.structure_name(&message_type, &event).is_some();
            let structure = part.structure;
            let structure = structure.or_else(|| of_event().filter(|_| !is_ruled));
            let grouped = part.needs_groups().then(|| match structure {
                Some(structure) => group_as_with(message, structure, rules),
                None => group_with(message, rules),
            });
            let checked = CheckedMessage {
                message,
                version: self.version,
                part,
                occurrences: &occurrences,
                instances: Instances::of(grouped.as_ref(), message.segment_count()),
            };
            PartCheck(&checked).run(grouped.as_ref(), &mut report);
        }
        report
    }
}

/// What one part of the profile asks.
struct PartCheck<'c>(&'c CheckedMessage<'c>);

impl PartCheck<'_> {
    fn run(&self, grouped: Option<&Grouped>, report: &mut ProfileReport) {
        if let Some(grouped) = grouped.filter(|_| self.0.part.sequence) {
            let structure = self.0.part.structure.or_else(|| {
                grouped
                    .structure
                    .and_then(|name| self.0.version.structure(name))
            });
            for finding in &grouped.findings {
                self.add_sequence(*finding, structure, report);
            }
        }
        for rule in &self.0.part.groups {
            self.check_group(rule, report);
        }
        for rule in &self.0.part.segments {
            self.check_segment(rule, report);
        }
        for segment in self.0.message.segments() {
            check_fields(self.0, segment, report);
        }
    }

    fn add_sequence(
        &self,
        finding: Finding,
        structure: Option<&StructureDefinition>,
        report: &mut ProfileReport,
    ) {
        let Some(fault) = ProfileFault::of_structure(finding.kind) else {
            return;
        };
        let ordinal = finding.ordinal;
        if finding.kind == FindingKind::UndefinedLocal && self.rules_segment(ordinal) {
            return;
        }
        let missing = match finding.kind {
            FindingKind::MissingRequired { missing, .. } => match missing {
                Missing::Segment(name) | Missing::OneOf(name) => Some(name),
                Missing::Group(name) => {
                    structure.and_then(|structure| first_segment(structure, name))
                }
            },
            FindingKind::OutOfPlace
            | FindingKind::TooMany { .. }
            | FindingKind::UndefinedLocal
            | FindingKind::Ambiguous { .. } => None,
        };
        report.add(fault, || match missing {
            Some(name) => self.0.next_place(name, ordinal),
            None => self.0.place(ordinal),
        });
    }

    /// Whether the part rules the segment itself: a local one is agreed on then.
    fn rules_segment(&self, ordinal: u32) -> bool {
        let name = self.0.place(ordinal).segment;
        let mut rules = self.0.part.segments.iter();
        rules.any(|rule| rule.name == name) || self.0.part.fields_of(name).next().is_some()
    }

    fn check_segment(&self, rule: &SegmentRule, report: &mut ProfileReport) {
        let is_it = |ordinal: &u32| {
            let segment = self.0.message.segment(*ordinal as usize);
            segment.is_some_and(|segment| segment.name() == rule.name)
        };
        let asked = Asked {
            cardinality: rule.cardinality,
            first: rule.name,
        };
        if rule.within.is_empty() {
            let all = 0..to_u32(self.0.message.segment_count());
            self.count(&asked, all.filter(is_it), u32::MAX, report);
            return;
        }
        for instance in self.0.instances.of_path(&rule.within) {
            let found = instance.segments.iter().copied().filter(is_it);
            self.count(&asked, found, instance.last, report);
        }
    }

    fn check_group(&self, rule: &GroupRule, report: &mut ProfileReport) {
        let asked = Asked {
            cardinality: rule.cardinality,
            first: rule.first,
        };
        if rule.within.is_empty() {
            let all = self.0.instances.all().iter();
            let of_name = all.filter(|one| one.path.last() == Some(&rule.name.as_str()));
            self.count(&asked, of_name.map(|one| one.first), u32::MAX, report);
            return;
        }
        for instance in self.0.instances.of_path(&rule.within) {
            let inner = instance.groups.iter();
            let of_name = inner.filter(|(name, _)| *name == rule.name);
            let found = of_name.map(|(_, first)| *first);
            self.count(&asked, found, instance.last, report);
        }
    }

    /// Holds how often something is found, up to the end of the segment `last`, against how often
    /// it may stand.
    fn count(
        &self,
        asked: &Asked,
        mut found: impl Iterator<Item = u32>,
        last: u32,
        report: &mut ProfileReport,
    ) {
        let Cardinality { min, max } = asked.cardinality;
        let needed = found.by_ref().take(usize::from(min)).count();
        if needed < usize::from(min) {
            let fault = ProfileFault::TooFew { min };
            report.add(fault, || self.0.next_place(asked.first, last));
        }
        let Some(max) = max else {
            return;
        };
        if let Some(extra) = found.nth(usize::from(max.saturating_sub(min))) {
            report.add(ProfileFault::TooMany { max }, || self.0.place(extra));
        }
    }
}

/// How often something may stand, and the segment by which a missing one is told of.
struct Asked {
    cardinality: Cardinality,
    first: SegmentName,
}

/// The segment that begins a group of a structure.
pub fn first_segment(structure: &StructureDefinition, group: &str) -> Option<SegmentName> {
    let path = structure.group_path(group)?;
    let mut node = path.last()?.nodes.first()?;
    // Depth is bounded by the dictionary.
    loop {
        match node {
            StructureNode::Segment(segment) => return Some(segment.name),
            StructureNode::Group(inner) => node = inner.nodes.first()?,
        }
    }
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
