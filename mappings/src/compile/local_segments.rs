//! Checks the `define segment`s of a map and of the libraries it uses, and hands them to its plan.
//! Laying messages out by them is the HL7 crate's business.

use std::sync::Arc;

use isthmus_core::span::Span;
use isthmus_fhir::spelling::nearest;
use isthmus_hl7v2::definition::Cardinality;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::local_segment::{LocalField, LocalPlace, LocalSegment};
use isthmus_hl7v2::rule_problem::RuleProblem;
use isthmus_hl7v2::segment_name::SegmentName;

use crate::ast::{FieldDefinition, From, MapFile, SegmentDefinition, SegmentPlace};
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::groups;
use crate::compile::segment_path::newest_first;
use crate::span::Word;

impl Compiler<'_> {
    /// Takes over the local segments of a map, those of the libraries it uses first.
    pub fn local_segments(&mut self, map: &MapFile) {
        let mut rules = GroupingRules::none();
        let used = self.current().map_or(&[][..], |unit| &unit.uses);
        for (at, line) in used.iter().zip(&map.uses) {
            let library = self.sources.units.get(*at);
            for written in library.iter().flat_map(|library| &library.map.segments) {
                // What is wrong inside a library is told of the library.
                self.quiet += 1;
                let segment = self.local_segment(written, &[]);
                self.quiet -= 1;
                rules = self.with(rules, segment, line.name.span);
            }
        }
        let events: Vec<&str> = match map.from.as_ref().map(|from| &from.value) {
            Some(From::Hl7v2 { events, .. }) => events.iter().map(|one| &*one.value).collect(),
            Some(From::Fhir { .. }) | None => Vec::new(),
        };
        for written in &map.segments {
            let segment = self.local_segment(written, &events);
            rules = self.with(rules, segment, written.name.span);
        }
        self.plan.rules = Arc::new(rules);
    }

    fn with(
        &mut self,
        rules: GroupingRules,
        segment: Option<LocalSegment>,
        span: Span,
    ) -> GroupingRules {
        let Some(segment) = segment else {
            return rules;
        };
        match rules.clone().with_local_segment(segment) {
            Ok(more) => more,
            Err(problem) => {
                self.fault(span, codes::DEFINITION, problem.to_string());
                rules
            }
        }
    }

    fn local_segment(
        &mut self,
        written: &SegmentDefinition,
        events: &[&str],
    ) -> Option<LocalSegment> {
        let name = self.segment_name(&written.name)?;
        let mut fields = Vec::new();
        for field in &written.fields {
            if fields
                .iter()
                .any(|known: &LocalField| known.number == field.number.value)
                || field.number.value == 0
            {
                let problem = RuleProblem::FieldNumber {
                    segment: name,
                    number: field.number.value,
                };
                self.fault(field.number.span, codes::DEFINITION, problem.to_string());
                continue;
            }
            fields.extend(self.local_field(field));
        }
        let mut places = Vec::new();
        for place in &written.places {
            places.push(match place {
                SegmentPlace::After(before) => LocalPlace::After(self.standard(before)?),
                SegmentPlace::In(group) => LocalPlace::Within(self.group_of(group, events)?),
            });
        }
        match LocalSegment::new(name, fields, places) {
            Ok(segment) => Some(segment),
            Err(problem) => {
                self.fault(written.name.span, codes::DEFINITION, problem.to_string());
                None
            }
        }
    }

    fn local_field(&mut self, written: &FieldDefinition) -> Option<LocalField> {
        let (number, name) = (written.number.value, &written.name.value);
        match LocalField::new(number, name, &written.datatype.value) {
            Ok(field) if written.repeats => Some(LocalField {
                cardinality: Cardinality { min: 0, max: None },
                ..field
            }),
            Ok(field) => Some(field),
            Err(problem) => {
                self.fault(
                    written.datatype.span,
                    codes::DEFINITION,
                    problem.to_string(),
                );
                None
            }
        }
    }

    fn segment_name(&mut self, word: &Word) -> Option<SegmentName> {
        let name = SegmentName::new(word.value.as_bytes());
        if name.is_none() {
            let message = "a segment's name has three capital letters or digits, such as ZPI";
            self.fault(word.span, codes::DEFINITION, message);
        }
        name
    }

    /// A segment of the standard, in any version.
    fn standard(&mut self, word: &Word) -> Option<SegmentName> {
        let name = self.segment_name(word)?;
        if newest_first().any(|version| version.segment(name.as_str()).is_some()) {
            return Some(name);
        }
        let message = format!("no version of HL7 v2 has the segment {name} to stand after");
        let newest = newest_first().next();
        let segments = newest.map_or(&[][..], |version| version.segments());
        let names = segments.iter().map(|segment| segment.name.as_str());
        match nearest(name.as_str(), names).first() {
            Some(near) => {
                let help = format!("did you mean `{near}`?");
                self.fault_with(word.span, codes::DEFINITION, message, help);
            }
            None => self.fault(word.span, codes::DEFINITION, message),
        }
        None
    }

    /// A group of the map's events, or the name of a structure, which stands for the message
    /// outside all groups. A library has no events and may name any group.
    fn group_of(&mut self, word: &Word, events: &[&str]) -> Option<String> {
        let known = groups::known(events);
        let is_structure = newest_first().any(|version| version.structure(&word.value).is_some());
        if events.is_empty() || is_structure || known.contains(&&*word.value) {
            return Some(word.value.clone());
        }
        let message = format!(
            "no structure of the map's events has a group {}",
            word.value
        );
        let near = nearest(&word.value, known.iter().copied());
        let help = match near.first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write `after` and a segment, such as `after PID`".to_owned(),
        };
        self.fault_with(word.span, codes::DEFINITION, message, help);
        None
    }
}
