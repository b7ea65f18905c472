//! Whether the rows of a flow fit each other: no value is granted by two rows that treat it
//! differently, and no row is idle. Single rows are checked in `allow_row`.

use isthmus_fhir::path::syntax::{ElementPath, Selector, Step};

use crate::diagnostic::Diagnostic;
use crate::privacy::allow_row::{AllowRow, ReadRow};
use crate::privacy::codes;
use crate::privacy::policy_text::Complaints;

/// Complains of every pair of rows that grant one value, at the later row.
pub(in crate::privacy) fn check(rows: &[ReadRow], complaints: &mut Complaints<'_>) {
    for (at, later) in rows.iter().enumerate() {
        for earlier in rows.iter().take(at) {
            let Some(clash) = clash(&earlier.row, &later.row) else {
                continue;
            };
            let (code, message, help) = match clash {
                Clash::Same => (
                    codes::SHADOWED,
                    "this value is granted by another row already",
                    "keep one of the two rows",
                ),
                Clash::Treatment => (
                    codes::OVERLAP,
                    "this value can be granted by another row too, which treats it differently",
                    "give both rows the same `coarsen` and `systems`, or keys that exclude each \
                     other",
                ),
            };
            let (file, span) = (complaints.file, later.path.span);
            let (path, place) = (&earlier.row.path, &earlier.row.place);
            let diagnostic = Diagnostic::error(file, span, code, message)
                .with_help(help)
                .with_note(format!("the other row is `{path}` at {place}"));
            complaints.list.push(diagnostic);
        }
    }
}

enum Clash {
    /// One grants all that the other does.
    Same,
    /// They can meet, and differ in what they do to the value.
    Treatment,
}

fn clash(one: &AllowRow, other: &AllowRow) -> Option<Clash> {
    let differ = one.leaf_coarsening() != other.leaf_coarsening() || one.systems != other.systems;
    let mut found = None;
    for leaf in one.leaves() {
        for other in other.leaves() {
            let (leaf, other) = (leaf.path(), other.path());
            if leaf.covers_exactly(other) || other.covers_exactly(leaf) {
                return Some(Clash::Same);
            }
            if differ && can_meet(leaf, other) {
                found = Some(Clash::Treatment);
            }
        }
    }
    found
}

/// Whether one value of some record can be selected by both paths.
fn can_meet(one: &ElementPath, other: &ElementPath) -> bool {
    one.head == other.head
        && one.steps.len() == other.steps.len()
        && one
            .steps
            .iter()
            .zip(&other.steps)
            .all(|(one, other)| steps_can_meet(one, other))
}

/// Whether one repetition can be chosen by both steps.
pub(in crate::privacy) fn steps_can_meet(one: &Step, other: &Step) -> bool {
    let excluded = match (&one.selector, &other.selector) {
        (Selector::Keys(keys), Selector::Keys(others)) => keys.iter().any(|key| {
            others.iter().any(|other| {
                // A key of one name compares a single value; a longer one may meet several.
                let single = key.path.len() == 1 && key.path == other.path;
                single && key.value.text() != other.value.text()
            })
        }),
        (
            Selector::None
            | Selector::Each
            | Selector::Index(_)
            | Selector::From(_)
            | Selector::Keys(_),
            _,
        ) => false,
    };
    one.name == other.name && !excluded
}
