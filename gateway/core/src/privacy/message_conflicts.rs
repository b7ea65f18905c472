//! Whether the rows of a flow of messages fit each other: no place is granted by two rows that
//! treat it differently, and no row is idle. Single rows are checked in `message_row`.

use crate::diagnostic::Diagnostic;
use crate::privacy::codes;
use crate::privacy::message_grant::{MessageGrant, Part, PlaceKey, Repetitions};
use crate::privacy::message_row::ReadMessageRow;
use crate::privacy::policy_text::Complaints;

/// Complains of every pair of rows that grant one place, at the later row.
pub(in crate::privacy) fn check(rows: &[ReadMessageRow], complaints: &mut Complaints<'_>) {
    for (at, later) in rows.iter().enumerate() {
        for earlier in rows.iter().take(at) {
            let grants = earlier.row.grants.iter();
            let pairs =
                grants.flat_map(|one| later.row.grants.iter().map(move |other| (one, other)));
            let Some(clash) = pairs.filter_map(|(one, other)| clash(one, other)).max() else {
                continue;
            };
            let (code, message, help) = match clash {
                Clash::Same => (
                    codes::SHADOWED,
                    "this place is granted by another row already",
                    "keep one of the two rows",
                ),
                Clash::Treatment => (
                    codes::OVERLAP,
                    "this place can be granted by another row too, which treats it differently",
                    "give both rows the same `coarsen` and `types`, or keys that exclude each \
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

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Clash {
    /// One grants all that the other does.
    Same,
    /// They can meet, and differ in what they do to the value.
    Treatment,
}

fn clash(one: &MessageGrant, other: &MessageGrant) -> Option<Clash> {
    if undoes(one, other) || undoes(other, one) {
        return Some(Clash::Treatment);
    }
    if !can_meet(one, other) || !parts_meet(&one.part, &other.part) {
        return None;
    }
    let both_by_type = matches!((&one.part, &other.part), (Part::ByType(_), Part::ByType(_)));
    let treated_alike = one.coarsen == other.coarsen && (!both_by_type || one.part == other.part);
    if !treated_alike {
        return Some(Clash::Treatment);
    }
    let covers = |larger: &MessageGrant, smaller: &MessageGrant| {
        selects_all(larger, smaller) && holds(&larger.part, &smaller.part)
    };
    (covers(one, other) || covers(other, one)).then_some(Clash::Same)
}

/// Whether a key of one writes out what the other one makes coarser, or lets out by its type alone.
fn undoes(one: &MessageGrant, other: &MessageGrant) -> bool {
    let mut fixed = one.fixed_places();
    one.segment == other.segment
        && fixed.any(|(field, component)| other.restricts(field, component))
}

/// Whether one repetition of some message can be chosen by both.
fn can_meet(one: &MessageGrant, other: &MessageGrant) -> bool {
    let groups_meet = match (one.groups.last(), other.groups.last()) {
        (Some(own), Some(others)) => own == others,
        (None, _) | (_, None) => true,
    };
    let which_meet = match (&one.which, &other.which) {
        (Repetitions::Keyed(keys), Repetitions::Keyed(others)) => !exclude(keys, others),
        (Repetitions::All | Repetitions::First | Repetitions::Keyed(_), _) => true,
    };
    one.segment == other.segment
        && one.field == other.field
        && groups_meet
        && which_meet
        && !exclude(&one.keys, &other.keys)
}

/// Whether two sets of keys ask different texts of one place.
fn exclude(keys: &[PlaceKey], others: &[PlaceKey]) -> bool {
    let differs = |key: &PlaceKey| {
        let mut others = others.iter();
        others.any(|other| other.place == key.place && other.text != key.text)
    };
    keys.iter().any(differs)
}

fn parts_meet(one: &Part, other: &Part) -> bool {
    match (one, other) {
        (Part::Component(own, _), Part::Component(others, _) | Part::Subcomponent(others, ..))
        | (Part::Subcomponent(own, ..), Part::Component(others, _)) => own == others,
        (Part::Subcomponent(own, below, _), Part::Subcomponent(others, others_below, _)) => {
            (own, below) == (others, others_below)
        }
        (Part::Whole(_) | Part::Everything | Part::ByType(_), _)
        | (_, Part::Whole(_) | Part::Everything | Part::ByType(_)) => true,
    }
}

/// Whether whatever the smaller one selects is selected by the larger one.
fn selects_all(larger: &MessageGrant, smaller: &MessageGrant) -> bool {
    let which = larger.which == Repetitions::All || larger.which == smaller.which;
    let groups = larger.groups.is_empty() || larger.groups == smaller.groups;
    let keys = larger.keys.iter().all(|key| smaller.keys.contains(key));
    which && groups && keys
}

/// Whether a part holds another one that it meets.
fn holds(larger: &Part, smaller: &Part) -> bool {
    match (larger, smaller) {
        (Part::Subcomponent(..), Part::Component(..))
        | (
            Part::Component(..) | Part::Subcomponent(..),
            Part::Whole(_) | Part::Everything | Part::ByType(_),
        ) => false,
        (Part::Whole(_) | Part::Everything | Part::ByType(_) | Part::Component(..), _)
        | (Part::Subcomponent(..), Part::Subcomponent(..)) => true,
    }
}
