//! `AllowRow`, one value that a flow may release and how: the `[[flow.allow]]` tables. Whether rows
//! fit each other is checked in `row_conflicts`, single paths in `row_path`.

use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::syntax::{ElementPath, Step};

use crate::privacy::closed_list::closed_list;
use crate::privacy::coarsening::{self, Coarsening};
use crate::privacy::codes;
use crate::privacy::data_class::DataClass;
use crate::privacy::policy_text::{Complaints, Keys, Placed, PolicyTable, Word};
use crate::privacy::row_path::{RowPath, has_key};
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
    let coarsen = coarsening::stated(table, complaints);
    let new_type = table.listed::<NewType>("as", complaints);
    let systems = table.texts("systems", complaints);
    let word = table.required_text("path", complaints)?;
    let mut path = RowPath {
        word: &word,
        complaints,
    };
    let resolved = path.resolve()?;
    let coarsen = coarsen?;
    let leaves = path.leaves(&resolved, &coarsen)?;
    let coarsened = coarsening_fits(&resolved, &coarsen, new_type.as_ref(), complaints);
    let named = table.has("systems");
    let coded = systems_fit(&resolved, named, word.span, complaints);
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

/// Whether the coarsening suits the type, and `as` names the type that it leaves.
fn coarsening_fits(
    resolved: &ResolvedPath,
    coarsen: &Placed<Coarsening>,
    new_type: Option<&Placed<NewType>>,
    complaints: &mut Complaints<'_>,
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
        complaints.error_with_help(coarsen.span, codes::COARSEN, message, help);
        return false;
    }
    let changes = leaf == "instant" && coarsen.value != Coarsening::None;
    match new_type {
        None if changes => {
            let message = format!("`{word}` leaves a dateTime of an instant");
            let help = "add `as = \"dateTime\"`";
            complaints.error_with_help(coarsen.span, codes::COARSEN, message, help);
        }
        Some(new_type) if !changes => {
            let message = format!("the value stays a {leaf}");
            let help = "leave `as` out";
            complaints.error_with_help(new_type.span, codes::COARSEN, message, help);
        }
        Some(_) | None => return true,
    }
    false
}

/// Whether code systems are named exactly where there are some.
fn systems_fit(
    resolved: &ResolvedPath,
    named: bool,
    span: Span,
    complaints: &mut Complaints<'_>,
) -> bool {
    let keyed = coding_step(resolved).map(|step| has_key(&step.selector, "system"));
    let problem = match (keyed, named) {
        (Some(false), false) => "a value inside a Coding needs its code systems",
        (Some(true), true) => "the path's key says the code system already",
        (None, true) => "only values inside a Coding have code systems",
        (Some(false), true) | (Some(true) | None, false) => return true,
    };
    let help = "a row for a value inside a Coding has `systems = [\"...\"]` or the key \
                [system=\"...\"], not both";
    complaints.error_with_help(span, codes::SYSTEMS, problem, help);
    false
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
