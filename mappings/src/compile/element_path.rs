//! Checks paths into FHIR resources: the alias they start with, and the elements of R4 below it.
//! Paths that are written are checked in `target`.

use isthmus_core::diagnostic::Code;
use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::path::problem::{PathFault, PathProblem};
use isthmus_fhir::path::syntax::{ElementPath, Selector};
use isthmus_fhir::spelling::nearest;

use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::scope::Scope;
use crate::compile::source_path::SourcePath;
use crate::compile::trace::{ReadPath, SourceRead};
use crate::functions::call::Kind;
use crate::plan_path::{ElementPlan, ElementStart, PathPlan};
use crate::reads::Purpose;
use crate::span::Word;

/// The kind of value that a primitive type holds.
pub fn kind_of(type_name: &str) -> Kind {
    match type_name {
        "date" => Kind::Date,
        "dateTime" => Kind::DateTime,
        "instant" => Kind::Instant,
        "time" => Kind::Time,
        "decimal" => Kind::Decimal,
        "integer" | "positiveInt" | "unsignedInt" => Kind::Integer,
        "boolean" => Kind::Boolean,
        _ => Kind::Text,
    }
}

/// The code of a problem with the meaning of a path.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum grows; all else is of names"
)]
pub fn code_of(fault: &PathFault) -> Code {
    match fault {
        PathFault::NotRepeating(_) | PathFault::BeyondMax { .. } => codes::SELECTOR,
        PathFault::NotACode { .. } => codes::BINDING,
        PathFault::NotAValue { .. } => codes::TYPE,
        _ => codes::ELEMENT,
    }
}

impl Compiler<'_> {
    /// Complains of a FHIR path that leads nowhere.
    pub fn path_problem(&mut self, word: &Word, text: &str, problem: &PathProblem) {
        let span = Self::inside(word, text, problem.span.start, problem.span.end);
        let code = code_of(&problem.fault);
        let message = problem.fault.to_string();
        if problem.candidates.is_empty() {
            self.fault(span, code, message);
        } else {
            let help = format!("did you mean `{}`?", problem.candidates.join("` or `"));
            self.fault_with(span, code, message, help);
        }
    }

    /// Reads a FHIR path; complains when it is none.
    pub fn parse_element(&mut self, word: &Word, text: &str) -> Option<ElementPath> {
        match ElementPath::parse(text) {
            Ok(path) => Some(path),
            Err(fault) => {
                let span = Self::inside(word, text, fault.span.start, fault.span.end);
                self.fault(span, codes::PATH, fault.code.to_string());
                None
            }
        }
    }

    /// Checks a path that starts with an alias.
    pub fn element_path(&mut self, word: &Word, scope: &Scope) -> Option<SourcePath> {
        let text = self.with_constants(word)?;
        let path = self.parse_element(word, &text)?.with_first_as_head();
        let head = path.head.as_ref().map_or("", |head| head.name.as_str());
        let Some(alias) = scope.aliases.iter().rev().find(|alias| alias.name == head) else {
            let names = scope.aliases.iter().map(|alias| alias.name.as_str());
            let near = nearest(head, names.clone());
            let help = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", names.collect::<Vec<_>>().join(", ")),
            };
            let message = "a FHIR path starts with an alias of the `from` line";
            self.fault_with(word.span, codes::REFERENCE, message, help);
            return None;
        };
        let (start, base) = (alias.start, alias.path.clone());
        let mut full = base.clone();
        full.steps.extend(path.steps.iter().cloned());
        let resolved = match full.resolve_from_head(Definitions::r4()) {
            Ok(resolved) => resolved,
            Err(problem) => {
                self.path_problem(word, &text, &problem);
                return None;
            }
        };
        let below_base = resolved.steps().skip(base.steps.len());
        let repeats = below_base
            .into_iter()
            .any(|(step, member)| member.repeats() && step.selector == Selector::None);
        let key = |path| SourceRead {
            path: ReadPath::Element(path),
            purpose: Purpose::Key,
        };
        let keys = full.key_reads().into_iter().map(key).collect();
        let kind = kind_of(resolved.leaf_type());
        let complex = !resolved.leaf_is_primitive();
        let start = if base.steps.is_empty() {
            start
        } else {
            ElementStart::Current
        };
        let read = ReadPath::Element(full);
        let steps = ElementPath {
            head: None,
            steps: path.steps,
        };
        Some(SourcePath {
            plan: PathPlan::Element(ElementPlan { start, path: steps }),
            leaf: read.clone(),
            read,
            keys,
            datatype: None,
            kind,
            complex,
            repeats,
        })
    }
}
