//! What a path means in the definitions: an element for each step, checked names, brackets and
//! keys; trees are not looked at.

use crate::definitions::binding::{Binding, BindingStrength};
use crate::definitions::element_definition::ElementDefinition;
use crate::definitions::r4::Definitions;
use crate::definitions::structure::{Member, MemberProblem, Structure};
use crate::number::Number;
use crate::path::problem::{PathFault, PathProblem};
use crate::path::span::Span;
use crate::path::syntax::{ElementPath, Key, Selector, Step};
use crate::spelling::nearest;

/// At most this many names of a choice are suggested.
const CHOICES_MAX: usize = 6;

/// Members that a path to a complex element does not include: they can carry anything, so each
/// must be named (`extension[url="..."]`).
const NEVER_INCLUDED: [&str; 3] = ["extension", "modifierExtension", "contained"];

/// A path of which every name, bracket and key is known to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPath {
    path: ElementPath,
    start: Structure,
    members: Vec<Member>,
    /// For each step, for each key of it, the members from the step to what is compared.
    keys: Vec<Vec<Vec<Member>>>,
}

impl ResolvedPath {
    /// The path.
    pub const fn path(&self) -> &ElementPath {
        &self.path
    }

    /// The type or resource that the path starts from.
    pub const fn start(&self) -> Structure {
        self.start
    }

    /// Each step with its element, chosen type and whether it repeats.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = (&Step, Member)> {
        self.path.steps.iter().zip(self.members.iter().copied())
    }

    /// For each key of the step at this place the members from the step to what is compared.
    pub(crate) fn keys(&self, step: usize) -> &[Vec<Member>] {
        self.keys.get(step).map_or(&[], Vec::as_slice)
    }

    /// The element that the path ends at; nothing if it is the start itself.
    pub fn leaf(&self) -> Option<Member> {
        self.members.last().copied()
    }

    /// The type that the path ends at.
    pub fn leaf_type(&self) -> &'static str {
        self.leaf().map_or(self.start.name(), Member::type_name)
    }

    /// Whether the path ends at a single value.
    pub fn leaf_is_primitive(&self) -> bool {
        self.leaf().is_some_and(Member::is_primitive)
    }

    /// Whether everything that `other` selects is included in what this path gives, for the proof
    /// of minimum necessary (45 CFR 164.502(b)).
    ///
    /// A path to a primitive includes only that value, not its extensions. A path to a complex
    /// element includes what lies below it except extensions and contained resources, which must
    /// be named by a path of their own. Selectors are compared as by
    /// [`ElementPath::covers_exactly`].
    pub fn covers(&self, other: &Self) -> bool {
        if self.start != other.start {
            return false;
        }
        let own = ElementPath {
            head: None,
            steps: self.path.steps.clone(),
        };
        let others = ElementPath {
            head: None,
            steps: other.path.steps.clone(),
        };
        if self.leaf_is_primitive() {
            return own.covers_exactly(&others);
        }
        let mut below = others.steps.iter().skip(own.steps.len());
        own.covers_prefix(&others)
            && below.all(|step| !NEVER_INCLUDED.contains(&step.name.as_str()))
    }
}

impl ElementPath {
    /// Resolves the path from the type that its head names, as policies do.
    ///
    /// # Errors
    /// As [`ElementPath::resolve`].
    pub fn resolve_from_head(&self, definitions: Definitions) -> Result<ResolvedPath, PathProblem> {
        let Some(head) = &self.head else {
            let span = self.steps.first().map(|step| step.span).unwrap_or_default();
            return Err(problem(PathFault::NoHead, span, None));
        };
        self.resolve(definitions, &head.name)
    }

    /// Resolves the path from a type or resource. A head with a capital must name that type; any
    /// other head is an alias of the map's and is left alone.
    ///
    /// # Errors
    /// [`PathProblem`] with the first step or key that is wrong and what may have been meant.
    pub fn resolve(
        &self,
        definitions: Definitions,
        start: &str,
    ) -> Result<ResolvedPath, PathProblem> {
        let head_span = self.head.as_ref().map(|head| head.span).unwrap_or_default();
        let Some(structure) = definitions.structure(start) else {
            let mut unknown = problem(PathFault::UnknownType(start.to_owned()), head_span, None);
            unknown.candidates = owned(nearest(
                start,
                definitions.structures().map(Structure::name),
            ));
            return Err(unknown);
        };
        if let Some(head) = &self.head {
            let is_type = head
                .name
                .starts_with(|first: char| first.is_ascii_uppercase());
            if is_type && head.name != start {
                let (head, start) = (head.name.clone(), start.to_owned());
                return Err(problem(
                    PathFault::OtherType { head, start },
                    head_span,
                    None,
                ));
            }
        }
        let mut members = Vec::with_capacity(self.steps.len());
        let mut keys = Vec::with_capacity(self.steps.len());
        let mut above = Above::Start(structure);
        for (at, step) in self.steps.iter().enumerate() {
            let checked = above.member(&step.name, step.span).and_then(|member| {
                let keys = check_selector(definitions, step, member)?;
                Ok((member, keys))
            });
            let (member, compared) = checked.map_err(|problem| PathProblem {
                step: Some(at),
                ..problem
            })?;
            above = Above::Member(member);
            members.push(member);
            keys.push(compared);
        }
        let path = self.clone();
        Ok(ResolvedPath {
            path,
            start: structure,
            members,
            keys,
        })
    }
}

/// What a name is looked up below.
#[derive(Clone, Copy)]
enum Above {
    Start(Structure),
    Member(Member),
}

impl Above {
    fn name(self) -> &'static str {
        match self {
            Self::Start(structure) => structure.name(),
            Self::Member(member) => member.element().path(),
        }
    }

    fn elements(self) -> Vec<ElementDefinition> {
        match self {
            Self::Start(structure) => structure.elements().collect(),
            Self::Member(member) => member.elements(),
        }
    }

    fn member(self, name: &str, span: Span) -> Result<Member, PathProblem> {
        let found = match self {
            Self::Start(structure) => structure.member(name),
            Self::Member(member) => member.member(name),
        };
        let parent = self.name().to_owned();
        let name = name.to_owned();
        found.map_err(|reason| match reason {
            MemberProblem::ChoiceWithoutType(mut names) => {
                names.truncate(CHOICES_MAX);
                let fault = PathFault::ChoiceWithoutType(name);
                PathProblem {
                    candidates: names,
                    ..problem(fault, span, None)
                }
            }
            MemberProblem::BelowPrimitive => {
                problem(PathFault::BelowPrimitive { parent, name }, span, None)
            }
            MemberProblem::Unknown => {
                let names: Vec<String> = self
                    .elements()
                    .into_iter()
                    .flat_map(ElementDefinition::member_names)
                    .collect();
                let candidates = owned(nearest(&name, names.iter().map(String::as_str)));
                let fault = PathFault::UnknownElement { parent, name };
                PathProblem {
                    candidates,
                    ..problem(fault, span, None)
                }
            }
        })
    }
}

fn problem(fault: PathFault, span: Span, step: Option<usize>) -> PathProblem {
    PathProblem {
        fault,
        span,
        step,
        candidates: Vec::new(),
    }
}

fn owned(words: Vec<&str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// Checks the bracket of a step and returns the members that its keys lead over.
fn check_selector(
    definitions: Definitions,
    step: &Step,
    member: Member,
) -> Result<Vec<Vec<Member>>, PathProblem> {
    if step.selector != Selector::None && !member.repeats() {
        return Err(problem(
            PathFault::NotRepeating(step.name.clone()),
            step.span,
            None,
        ));
    }
    match (&step.selector, member.element().max()) {
        (Selector::Index(index) | Selector::From(index), Some(max)) if *index >= max => {
            let fault = PathFault::BeyondMax {
                name: step.name.clone(),
                max,
            };
            Err(problem(fault, step.span, None))
        }
        (Selector::Keys(keys), _) => keys
            .iter()
            .map(|key| check_key(definitions, member, key))
            .collect(),
        (Selector::None | Selector::Each | Selector::Index(_) | Selector::From(_), _) => {
            Ok(Vec::new())
        }
    }
}

fn check_key(
    definitions: Definitions,
    member: Member,
    key: &Key,
) -> Result<Vec<Member>, PathProblem> {
    let members = key_members(member, key)?;
    let compared = members.last().copied().unwrap_or(member);
    let name = || key.path.join(".");
    if !compared.is_primitive() {
        let candidates = match compared.type_name() {
            "CodeableConcept" => vec![format!("{}.coding.code", name())],
            "Coding" => vec![format!("{}.code", name())],
            _ => Vec::new(),
        };
        let fault = PathFault::KeyNotPrimitive(name());
        return Err(PathProblem {
            candidates,
            ..problem(fault, key.span, None)
        });
    }
    let Some(text) = key.value.text() else {
        let constant = key.value.to_string().trim_start_matches('$').to_owned();
        return Err(problem(
            PathFault::UnknownConstant(constant),
            key.span,
            None,
        ));
    };
    let type_name = compared.type_name();
    if !is_value(type_name, text) {
        let fault = PathFault::NotAValue {
            value: text.to_owned(),
            key: name(),
            type_name,
        };
        return Err(problem(fault, key.span, None));
    }
    check_code(definitions, compared.element().binding(), text).map_err(|candidates| {
        let fault = PathFault::NotACode {
            code: text.to_owned(),
            key: name(),
        };
        PathProblem {
            candidates,
            ..problem(fault, key.span, None)
        }
    })?;
    Ok(members)
}

/// The members on the way to what a key compares; below a primitive there is no way.
fn key_members(member: Member, key: &Key) -> Result<Vec<Member>, PathProblem> {
    let mut members: Vec<Member> = Vec::with_capacity(key.path.len());
    for name in &key.path {
        let above = members.last().copied().unwrap_or(member);
        if above.is_primitive() {
            let parent = above.element().path().to_owned();
            let fault = PathFault::BelowPrimitive {
                parent,
                name: name.clone(),
            };
            return Err(problem(fault, key.span, None));
        }
        members.push(Above::Member(above).member(name, key.span)?);
    }
    Ok(members)
}

/// Whether a primitive of this type can have this text (FHIR R4, 2.24.0.1).
fn is_value(type_name: &str, text: &str) -> bool {
    match type_name {
        "boolean" => matches!(text, "true" | "false"),
        "integer" | "unsignedInt" | "positiveInt" => text.parse::<i32>().is_ok(),
        "decimal" => Number::from_text(text).is_some(),
        _ => !text.is_empty(),
    }
}

/// Refuses a code that a required binding does not have, with those it may have meant.
fn check_code(
    definitions: Definitions,
    binding: Option<Binding>,
    text: &str,
) -> Result<(), Vec<String>> {
    let Some(Binding {
        strength: BindingStrength::Required,
        value_set,
    }) = binding
    else {
        return Ok(());
    };
    let Some(codes) = definitions.required_codes(value_set) else {
        return Ok(());
    };
    let codes: Vec<&str> = codes.map(|code| code.code).collect();
    if codes.contains(&text) {
        Ok(())
    } else {
        Err(owned(nearest(text, codes)))
    }
}
