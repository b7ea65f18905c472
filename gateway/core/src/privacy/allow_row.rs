//! `AllowRow`, one value that a flow may release and how: the `[[flow.allow]]` tables. Whether rows
//! fit each other is checked in `row_conflicts`, whether they suffice for a map in `read_proof`.

use isthmus_fhir::definitions::element_definition::ElementDefinition;
use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::rows::Kind;
use isthmus_fhir::definitions::structure::Member;
use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::span::Span as PathSpan;
use isthmus_fhir::path::syntax::{ElementPath, Selector, Step};

use crate::diagnostic::Code;
use crate::privacy::closed_list::closed_list;
use crate::privacy::coarsening::Coarsening;
use crate::privacy::codes;
use crate::privacy::data_class::DataClass;
use crate::privacy::policy_text::{Complaints, Keys, Placed, PolicyTable, Word, did_you_mean};
use crate::read_set::Place;
use crate::span::Span;

closed_list! {
    /// The type that a coarsened value has when it can no longer have its element's.
    NewType {
        /// A date of any precision: what is left of an instant.
        DateTime = "dateTime",
    }
}

/// The keys of `[[flow.allow]]`.
pub(in crate::privacy) const KEYS: Keys = Keys {
    table: "[[flow.allow]]",
    accepted: &["path", "class", "coarsen", "as", "systems"],
    not_enforced: &["labels", "table"],
};

/// Elements that no policy grants.
const NEVER_GRANTED: [&str; 3] = ["modifierExtension", "implicitRules", "contained"];

/// What an address coarsened to its state is made of.
const STATE_LEAVES: [&str; 2] = ["state", "country"];

/// At most this many names of elements are listed in a help.
const LISTED_MAX: usize = 12;

/// One row of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowRow {
    /// The element, rooted at its resource type.
    pub path: ElementPath,
    /// The kind of data.
    pub class: DataClass,
    /// What is done to the value.
    pub coarsen: Coarsening,
    /// The code systems of which codes leave; empty when the element is not in a Coding, or when
    /// a key of the path says the system.
    pub systems: Vec<String>,
    /// Where the row stands in its policy.
    pub place: Place,
    leaves: Vec<ResolvedPath>,
}

impl AllowRow {
    /// The single values that the row grants: its path, or the parts of a coarsened address.
    pub(in crate::privacy) fn leaves(&self) -> &[ResolvedPath] {
        &self.leaves
    }

    /// What is done to each of them.
    pub(in crate::privacy) fn leaf_coarsening(&self) -> Coarsening {
        if self.coarsen == Coarsening::State {
            Coarsening::None
        } else {
            self.coarsen
        }
    }
}

/// A row with the places that later complaints point at.
#[derive(Debug)]
pub(in crate::privacy) struct ReadRow {
    pub(in crate::privacy) row: AllowRow,
    pub(in crate::privacy) path: Word,
    pub(in crate::privacy) class: Span,
}

/// Reads one `[[flow.allow]]` table.
pub(in crate::privacy) fn read(
    table: &PolicyTable<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<ReadRow> {
    let class = table.required_listed::<DataClass>("class", complaints);
    let coarsen = if table.has("coarsen") {
        table.listed::<Coarsening>("coarsen", complaints)
    } else {
        let (value, span) = (Coarsening::None, table.span);
        Some(Placed { value, span })
    };
    let new_type = table.listed::<NewType>("as", complaints);
    let systems = table.texts("systems", complaints);
    let word = table.required_text("path", complaints)?;
    let mut check = RowCheck {
        word: &word,
        complaints,
    };
    let resolved = check.path()?;
    let coarsen = coarsen?;
    let leaves = check.leaves(&resolved, &coarsen)?;
    let coarsened = check.coarsening(&resolved, &coarsen, new_type.as_ref());
    let coded = check.systems(&resolved, systems.as_deref());
    let place = complaints.file.line_span(word.span);
    let class = class.filter(|_| coarsened && coded)?;
    let row = AllowRow {
        path: resolved.path().clone(),
        class: class.value,
        coarsen: coarsen.value,
        systems: systems
            .into_iter()
            .flatten()
            .map(|system| system.value)
            .collect(),
        place: Place {
            file: complaints.file.path().to_owned(),
            line: place.line,
            column: place.column,
        },
        leaves,
    };
    let class = class.span;
    Some(ReadRow {
        row,
        path: word,
        class,
    })
}

/// The checks of one row's path, with what they need to complain.
struct RowCheck<'w, 'c, 'f> {
    word: &'w Word,
    complaints: &'c mut Complaints<'f>,
}

impl RowCheck<'_, '_, '_> {
    fn refuse(&mut self, at: PathSpan, code: Code, message: String, help: Option<String>) {
        let span = self.word.part(self.complaints.file, at.start, at.end);
        match help {
            Some(help) => self.complaints.error_with_help(span, code, message, help),
            None => self.complaints.error(span, code, message),
        }
    }

    /// The path resolved from its resource type, with selectors that policies take.
    fn path(&mut self) -> Option<ResolvedPath> {
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
    fn leaves(
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

    fn coarsening(
        &mut self,
        resolved: &ResolvedPath,
        coarsen: &Placed<Coarsening>,
        new_type: Option<&Placed<NewType>>,
    ) -> bool {
        let leaf = resolved.leaf_type();
        let dated = matches!(leaf, "date" | "dateTime" | "instant");
        let fits = match coarsen.value {
            Coarsening::None => true,
            Coarsening::Year | Coarsening::Month => dated,
            Coarsening::Zip3 => is_postal_code(resolved),
            Coarsening::State => leaf == "Address",
        };
        let word = coarsen.value.code();
        if !fits {
            let message = format!(
                "`{word}` does not fit `{}`, which is a {leaf}",
                resolved.path()
            );
            let help = "year and month take a date, zip3 a postalCode, state an Address";
            self.complaints
                .error_with_help(coarsen.span, codes::COARSEN, message, help);
            return false;
        }
        let changes = leaf == "instant" && coarsen.value != Coarsening::None;
        match new_type {
            None if changes => {
                let message = format!("`{word}` leaves a dateTime of an instant");
                let help = "add `as = \"dateTime\"`";
                self.complaints
                    .error_with_help(coarsen.span, codes::COARSEN, message, help);
            }
            Some(new_type) if !changes => {
                let message = format!("the value stays a {leaf}");
                let help = "leave `as` out";
                self.complaints
                    .error_with_help(new_type.span, codes::COARSEN, message, help);
            }
            Some(_) | None => return true,
        }
        false
    }

    fn systems(&mut self, resolved: &ResolvedPath, systems: Option<&[Word]>) -> bool {
        let keyed = coding_step(resolved).map(|step| has_key(&step.selector, "system"));
        let problem = match (keyed, systems) {
            (Some(false), None) => "a value inside a Coding needs its code systems",
            (Some(true), Some(_)) => "the path's key says the code system already",
            (None, Some(_)) => "only values inside a Coding have code systems",
            (Some(false), Some(_)) | (Some(true) | None, None) => return true,
        };
        let help = "a row for a value inside a Coding has `systems = [\"...\"]` or the key \
                    [system=\"...\"], not both";
        let (span, code) = (self.word.span, codes::SYSTEMS);
        self.complaints.error_with_help(span, code, problem, help);
        false
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

fn has_key(selector: &Selector, name: &str) -> bool {
    let Selector::Keys(keys) = selector else {
        return false;
    };
    keys.iter().any(|key| key.path == [name])
}

/// The step of the Coding that the last step is a value of; None when it is of something else.
fn coding_step(resolved: &ResolvedPath) -> Option<&Step> {
    let above = resolved.steps().len().checked_sub(2)?;
    let (step, member) = resolved.steps().nth(above)?;
    (member.type_name() == "Coding").then_some(step)
}

fn is_postal_code(resolved: &ResolvedPath) -> bool {
    let leaf = resolved.leaf().map(|leaf| leaf.element().path());
    leaf == Some("Address.postalCode")
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
