//! Checks the path that a row writes, and makes the steps by which it is written.
//! What may be written there is checked in `rows`, the paths of records in `record_target`.

use std::sync::Arc;

use isthmus_fhir::definitions::binding::BindingStrength;
use isthmus_fhir::definitions::element_definition::TypeReference;
use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::rows::Kind;
use isthmus_fhir::definitions::structure::Member;
use isthmus_fhir::element::Element;
use isthmus_fhir::name::Name;
use isthmus_fhir::number::Number;
use isthmus_fhir::path::syntax::{ElementPath, Key, Selector, Step};

use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::scope::{Scope, Target};
use crate::plan::{TargetKey, TargetPlace, TargetPlan, TargetStep};
use crate::span::Word;

/// A checked path that a row writes.
#[derive(Debug, Clone)]
pub struct RowTarget {
    /// How it is written.
    pub plan: TargetPlan,
    /// The FHIR type at its end; none in a record, which takes any value.
    pub leaf_type: Option<&'static str>,
    /// Whether that is a single value.
    pub primitive: bool,
    /// Whether it is the id of a resource, which has a form of its own.
    pub is_resource_id: bool,
    /// Whether the row writes every value of its source.
    pub takes_all: bool,
    /// The path, when it names one element for all rows of the block.
    pub canonical: Option<String>,
    /// The codes that the element may hold, when R4 says so.
    pub codes: Option<Vec<&'static str>>,
    /// The resource types that a reference may point at; empty is any.
    pub referable: Vec<&'static str>,
    /// The steps as written, for blocks inside.
    pub steps: Vec<Step>,
}

impl Compiler<'_> {
    /// Checks a target path; complains and gives none when it is wrong.
    pub fn target(&mut self, word: &Word, scope: &mut Scope) -> Option<RowTarget> {
        match scope.target.clone() {
            Target::Fhir { root, steps } => self.fhir_target(word, scope, root, &steps),
            Target::Record => self.record_target(word),
        }
    }

    fn fhir_target(
        &mut self,
        word: &Word,
        scope: &mut Scope,
        root: &'static str,
        above: &[Step],
    ) -> Option<RowTarget> {
        let text = self.with_constants(word)?;
        let path = self.parse_element(word, &text)?;
        let full = ElementPath {
            head: path.head.clone(),
            steps: above.iter().chain(&path.steps).cloned().collect(),
        };
        let resolved = match full.resolve(Definitions::r4(), root) {
            Ok(resolved) => resolved,
            Err(problem) => {
                self.path_problem(word, &text, &problem);
                return None;
            }
        };
        let below: Vec<(&Step, Member)> = resolved.steps().skip(above.len()).collect();
        let (_, leaf) = below.last().copied()?;
        let unsaid = below
            .iter()
            .find(|(step, member)| member.repeats() && step.selector == Selector::None);
        if let Some((step, _)) = unsaid {
            let span = Self::inside(word, &text, step.span.start, step.span.end);
            let name = &step.name;
            let message = format!("`{name}` repeats: say which is meant");
            let help = format!("write `{name}[]`, `{name}[0]` or `{name}[key=value]`");
            self.fault_with(span, codes::SELECTOR, message, help);
            return None;
        }
        let steps = self.target_steps(word, scope, &below);
        let appends = below.iter().any(|(step, _)| is_append(&step.selector));
        let last_appends = below
            .last()
            .is_some_and(|(step, _)| is_append(&step.selector));
        let keyed = below
            .last()
            .is_some_and(|(step, _)| matches!(step.selector, Selector::Keys(_)));
        let display = ElementPath {
            head: None,
            steps: path.steps.clone(),
        }
        .to_string();
        Some(RowTarget {
            plan: TargetPlan {
                text: Arc::from(display.as_str()),
                steps,
            },
            leaf_type: Some(leaf.type_name()),
            primitive: leaf.is_primitive(),
            is_resource_id: above.is_empty()
                && display == "id"
                && resolved.start().kind() == Kind::Resource,
            takes_all: last_appends || (keyed && !leaf.is_primitive()) || appends,
            canonical: (!appends).then_some(display),
            codes: required_codes(leaf),
            referable: leaf
                .element()
                .types()
                .flat_map(TypeReference::targets)
                .collect(),
            steps: path.steps,
        })
    }

    fn target_steps(
        &mut self,
        word: &Word,
        scope: &mut Scope,
        below: &[(&Step, Member)],
    ) -> Vec<TargetStep> {
        let mut prefix = String::new();
        let mut shared = true;
        let mut steps = Vec::new();
        for (at, (step, member)) in below.iter().enumerate() {
            let array = format!("{prefix}.{}", step.name);
            prefix = format!("{array}{}", step.selector);
            let place = match &step.selector {
                Selector::None => TargetPlace::Single,
                Selector::Each | Selector::From(_) => {
                    shared = false;
                    TargetPlace::Append
                }
                Selector::Index(index) => {
                    if shared {
                        self.index_order(word, scope, &array, *index);
                    }
                    let next = scope.slots.len();
                    let slot = shared.then(|| *scope.slots.entry(prefix.clone()).or_insert(next));
                    TargetPlace::Index {
                        index: usize::try_from(*index).unwrap_or(0),
                        slot,
                    }
                }
                Selector::Keys(keys) => {
                    TargetPlace::Keyed(keys.iter().map(|key| target_key(key, *member)).collect())
                }
            };
            let goes_on = at + 1 < below.len();
            let name = Name::new(&step.name);
            let name = if goes_on && member.is_primitive() {
                name.sibling()
            } else {
                name
            };
            let names = member
                .element()
                .choice_stem()
                .map(|_| member.element().member_names());
            let rivals = names.unwrap_or_default();
            let rivals = rivals.iter().filter(|rival| **rival != step.name);
            let rivals = rivals.map(|rival| Name::new(rival)).collect();
            steps.push(TargetStep {
                name,
                place,
                rivals,
            });
        }
        steps
    }

    /// Rows of an array come in the order of their indices, so that gaps can be closed.
    fn index_order(&mut self, word: &Word, scope: &mut Scope, array: &str, index: u32) {
        let last = scope.indices.insert(array.to_owned(), index);
        if last.is_some_and(|last| last > index) {
            let message = format!("rows for [{index}] stand before rows for higher indices");
            self.fault(word.span, codes::INDEX_ORDER, message);
        }
    }
}

fn is_append(selector: &Selector) -> bool {
    matches!(selector, Selector::Each | Selector::From(_))
}

fn target_key(key: &Key, member: Member) -> TargetKey {
    let mut names = Vec::new();
    let mut type_name = "string";
    let mut at = Some(member);
    for name in &key.path {
        at = at.and_then(|member| member.member(name).ok());
        names.push((Name::new(name), at.is_some_and(Member::repeats)));
        type_name = at.map_or(type_name, Member::type_name);
    }
    let text = key.value.text().unwrap_or_default();
    let value = match type_name {
        "boolean" => Element::Boolean(text == "true"),
        "integer" | "unsignedInt" | "positiveInt" | "decimal" => {
            Number::from_text(text).map_or(Element::Null, Element::Number)
        }
        _ => Element::from(text),
    };
    TargetKey { names, value }
}

/// The codes of a required binding of a single coded value.
fn required_codes(leaf: Member) -> Option<Vec<&'static str>> {
    let binding = leaf.element().binding()?;
    if binding.strength != BindingStrength::Required || leaf.type_name() != "code" {
        return None;
    }
    let codes = Definitions::r4().required_codes(binding.value_set)?;
    Some(codes.map(|code| code.code).collect())
}
