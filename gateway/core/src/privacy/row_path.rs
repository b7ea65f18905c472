//! Whether the path of an allow row may be granted at all: it exists, its selectors are those of
//! policies, and it ends at single values. What is done to them is checked in `allow_row`.

use isthmus_fhir::definitions::element_definition::ElementDefinition;
use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::rows::Kind;
use isthmus_fhir::definitions::structure::Member;
use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::span::Span as PathSpan;
use isthmus_fhir::path::syntax::{ElementPath, Selector, Step};

use crate::diagnostic::Code;
use crate::privacy::coarsening::Coarsening;
use crate::privacy::codes;
use crate::privacy::policy_text::{Complaints, Placed, Word};
use crate::privacy::suggestion::did_you_mean;

/// Elements that no policy grants.
const NEVER_GRANTED: [&str; 3] = ["modifierExtension", "implicitRules", "contained"];

/// What an address coarsened to its state is made of.
const STATE_LEAVES: [&str; 2] = ["state", "country"];

/// At most this many names of elements are listed in a help.
const LISTED_MAX: usize = 12;

/// A row's path as written, with where to complain of it.
pub(in crate::privacy) struct RowPath<'w, 'c, 'f> {
    pub(in crate::privacy) word: &'w Word,
    pub(in crate::privacy) complaints: &'c mut Complaints<'f>,
}

impl RowPath<'_, '_, '_> {
    fn refuse(&mut self, at: PathSpan, code: Code, message: String, help: Option<String>) {
        let span = self.word.part(self.complaints.file, at.start, at.end);
        match help {
            Some(help) => self.complaints.error_with_help(span, code, message, help),
            None => self.complaints.error(span, code, message),
        }
    }

    /// The path resolved from its resource type, with selectors that policies take.
    pub(in crate::privacy) fn resolve(&mut self) -> Option<ResolvedPath> {
        let path = match ElementPath::parse(&self.word.value) {
            Ok(path) => path,
            Err(error) => {
                self.refuse(error.span, codes::PATH_FORM, error.code.to_string(), None);
                return None;
            }
        };
        let resolved = match path.resolve_from_head(Definitions::r4()) {
            Ok(resolved) => resolved,
            Err(problem) => {
                let help = did_you_mean(&problem.candidates);
                let message = problem.fault.to_string();
                self.refuse(problem.span, codes::PATH_UNKNOWN, message, help);
                return None;
            }
        };
        let sound = self.start(&resolved) && {
            let steps = resolved.steps().len();
            let checks = resolved.steps().enumerate();
            let wrong =
                checks.filter(|(at, (step, member))| !self.step(step, *member, at + 1 == steps));
            wrong.count() == 0
        };
        sound.then_some(resolved)
    }

    fn start(&mut self, resolved: &ResolvedPath) -> bool {
        let start = resolved.start();
        let concrete = start.kind() == Kind::Resource && !start.is_abstract();
        if !concrete {
            let at = resolved.path().head.as_ref().map(|head| head.span);
            let message = format!(
                "`{}` is no resource that a patient's record has",
                start.name()
            );
            let help = Some("begin the path with a resource type such as Patient".to_owned());
            self.refuse(at.unwrap_or_default(), codes::PATH_UNKNOWN, message, help);
        }
        concrete
    }

    fn step(&mut self, step: &Step, member: Member, last: bool) -> bool {
        let complaint = if NEVER_GRANTED.contains(&step.name.as_str()) {
            let help = "leave the row out".to_owned();
            Some((
                codes::NEVER_GRANTED,
                format!("`{}` can never be granted", step.name),
                help,
            ))
        } else if step.name == "extension" && !has_url(&step.selector) {
            let message = "an extension is granted by its url alone".to_owned();
            let help = "write extension[url=\"...\"]".to_owned();
            Some((codes::NEVER_GRANTED, message, help))
        } else if !accepted(&step.selector) {
            let message = format!("a policy does not take the selector {}", step.selector);
            let help = "write no bracket, [0] or keys such as [use=home]".to_owned();
            Some((codes::SELECTOR, message, help))
        } else if !last && member.is_primitive() && member.repeats() {
            let message = format!(
                "what lies below the repeating value `{}` has no place of its own",
                step.name
            );
            let help = "end the path there".to_owned();
            Some((codes::SELECTOR, message, help))
        } else {
            None
        };
        let sound = complaint.is_none();
        if let Some((code, message, help)) = complaint {
            self.refuse(step.span, code, message, Some(help));
        }
        sound
    }

    /// The single values that the row grants.
    pub(in crate::privacy) fn leaves(
        &mut self,
        resolved: &ResolvedPath,
        coarsen: &Placed<Coarsening>,
    ) -> Option<Vec<ResolvedPath>> {
        if resolved.leaf_is_primitive() {
            return Some(vec![resolved.clone()]);
        }
        if resolved.leaf_type() == "Address" && coarsen.value == Coarsening::State {
            return Some(
                STATE_LEAVES
                    .iter()
                    .filter_map(|name| below(resolved, name))
                    .collect(),
            );
        }
        let path = resolved.path();
        let message = format!("`{path}` is not a single value");
        let at = path.steps.last().map(|step| step.span);
        let at = at.or_else(|| path.head.as_ref().map(|head| head.span));
        let help = leaf_names(resolved);
        let help = format!("name each value with a row of its own: {help}");
        self.refuse(
            at.unwrap_or_default(),
            codes::NOT_A_LEAF,
            message,
            Some(help),
        );
        None
    }
}

fn accepted(selector: &Selector) -> bool {
    match selector {
        Selector::None | Selector::Index(0) | Selector::Keys(_) => true,
        Selector::Each | Selector::From(_) | Selector::Index(_) => false,
    }
}

fn has_url(selector: &Selector) -> bool {
    has_key(selector, "url")
}

/// The path one element further.
fn below(resolved: &ResolvedPath, name: &str) -> Option<ResolvedPath> {
    let mut path = resolved.path().clone();
    path.steps.push(Step {
        name: name.to_owned(),
        selector: Selector::None,
        span: path.steps.last().map(|step| step.span).unwrap_or_default(),
    });
    path.resolve_from_head(Definitions::r4()).ok()
}

/// The single values right below a complex element, for a help.
fn leaf_names(resolved: &ResolvedPath) -> String {
    let elements = match resolved.leaf() {
        Some(member) => member.elements(),
        None => resolved.start().elements().collect(),
    };
    let names: Vec<String> = elements
        .into_iter()
        .flat_map(ElementDefinition::member_names)
        .filter(|name| !NEVER_GRANTED.contains(&name.as_str()))
        .filter(|name| below(resolved, name).is_some_and(|path| path.leaf_is_primitive()))
        .filter(|name| name != "id")
        .take(LISTED_MAX)
        .map(|name| format!("{}.{name}", resolved.path()))
        .collect();
    names.join(", ")
}

/// Whether a step is chosen by this element of it.
pub(in crate::privacy) fn has_key(selector: &Selector, name: &str) -> bool {
    let Selector::Keys(keys) = selector else {
        return false;
    };
    keys.iter().any(|key| key.path == [name])
}
