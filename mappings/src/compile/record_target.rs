//! Checks the path that a row of a record writes, and makes the steps by which it is written: its
//! form, and whether the schema of the record's kind has it. Paths of FHIR are checked in `target`.

use std::sync::Arc;

use isthmus_fhir::name::Name;

use crate::ast::To;
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::target::RowTarget;
use crate::plan::{TargetPlace, TargetPlan, TargetStep};
use crate::span::Word;

impl Compiler<'_> {
    /// Checks a target path of a record; complains and gives none when it is wrong.
    pub fn record_target(&mut self, word: &Word) -> Option<RowTarget> {
        let is_name = |name: &str| {
            let mut letters = name.chars();
            letters
                .next()
                .is_some_and(|first| first.is_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
        };
        // Fields of an HL7 v2 message are called by their numbers: `segments.PID.5.1`.
        let is_number = |name: &str| {
            let mut digits = name.bytes();
            digits.all(|digit| digit.is_ascii_digit()) && !name.is_empty() && !name.starts_with('0')
        };
        let names: Vec<&str> = word.value.split('.').collect();
        let is_path = names
            .iter()
            .enumerate()
            .all(|(at, name)| is_name(name) || at > 0 && is_number(name));
        if !is_path {
            let message = "a record's path is names with dots between them, or numbers behind one";
            self.fault(word.span, codes::PATH, message);
            return None;
        }
        self.record_property(word, &names);
        let step = |name: &&str| TargetStep {
            name: Name::new(name),
            place: TargetPlace::Single,
            rivals: Vec::new(),
        };
        Some(RowTarget {
            plan: TargetPlan {
                text: Arc::from(word.value.as_str()),
                steps: names.iter().map(step).collect(),
            },
            leaf_type: None,
            primitive: true,
            is_resource_id: false,
            takes_all: false,
            canonical: Some(word.value.clone()),
            codes: None,
            referable: Vec::new(),
            steps: Vec::new(),
        })
    }

    /// Complains about a property that the schema of the record's kind does not have.
    fn record_property(&mut self, word: &Word, names: &[&str]) {
        let schemas = self.sources.schemas;
        let schema = self
            .record_kind()
            .and_then(|kind| schemas.kind(&kind.value));
        let Some(Err(misplaced)) = schema.map(|schema| schema.check(names)) else {
            return;
        };
        let before = names.iter().take(misplaced.at).map(|name| name.len() + 1);
        let start = before.sum();
        let length = names.get(misplaced.at).map_or(1, |name| name.len());
        let span = word.span.part(start, start + length);
        self.fault_with(span, codes::PROPERTY, misplaced.message, misplaced.help);
    }

    /// Warns when there is no schema to check the record against.
    pub fn record_schema(&mut self, kind: &Word) {
        if self.sources.schemas.has_kind(&kind.value) {
            return;
        }
        let message = format!("there is no schema for the record `{}`", kind.value);
        let help = format!("put it into records/{}.schema.json", kind.value);
        self.warn(kind.span, codes::NO_SCHEMA, &message, &help);
    }

    /// The kind of record that the file being read makes.
    fn record_kind(&self) -> Option<&Word> {
        match &self.current()?.map.to.as_ref()?.value {
            To::Record(kind) => Some(kind),
            To::Fhir => None,
        }
    }
}
