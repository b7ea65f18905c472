//! That no misspelt policy path passes for the right one, over every edit of one letter.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may be blunt"
)]

use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::path::problem::PathProblem;
use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::syntax::ElementPath;

fn path(text: &str) -> ElementPath {
    ElementPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn resolve(text: &str) -> Result<ResolvedPath, PathProblem> {
    path(text).resolve_from_head(Definitions::r4())
}

fn resolved(text: &str) -> ResolvedPath {
    resolve(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

const POLICY: [&str; 10] = [
    "Patient.name[use=official].given[0]",
    "Patient.telecom[system=email].value",
    "Patient.birthDate",
    "Patient.address[use=home].postalCode",
    "Appointment.start",
    "Observation.valueQuantity.value",
    "Encounter.period.start",
    "Patient.contact[gender=female].name.family",
    "Patient.deceasedBoolean",
    "Patient.address[use=home,type=postal].line[1..]",
];

/// Every text that one inserted, removed, replaced or swapped letter makes.
fn edits(text: &str) -> Vec<String> {
    let letters = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain("_-.:/[]=,\"$ ".chars());
    let letters: Vec<char> = letters.collect();
    let mut edits = Vec::new();
    for at in 0..=text.len() {
        let (before, after) = text.split_at(at);
        for letter in &letters {
            edits.push(format!("{before}{letter}{after}"));
            edits.push(format!(
                "{before}{letter}{}",
                after.get(1..).unwrap_or_default()
            ));
        }
        edits.push(format!("{before}{}", after.get(1..).unwrap_or_default()));
        if let (Some(first), Some(second)) = (after.get(..1), after.get(1..2)) {
            edits.push(format!("{before}{second}{first}{}", &after[2..]));
        }
    }
    edits.retain(|edit| edit != text);
    edits
}

#[test]
fn no_misspelt_policy_path_means_what_the_right_one_means() {
    for text in POLICY {
        let right = resolved(text);
        let mut neighbours = Vec::new();
        for edit in edits(text) {
            let Ok(parsed) = ElementPath::parse(&edit) else {
                continue;
            };
            let Ok(found) = parsed.resolve_from_head(Definitions::r4()) else {
                continue;
            };
            if edit.contains(' ') && *found.path() == *right.path() {
                continue; // white space inside a bracket changes nothing
            }
            assert_ne!(found.path(), right.path(), "{edit}");
            neighbours.push(edit);
        }
        // The neighbours that are right paths differ in a bracket, none in a name.
        let plain = |text: &str| -> String {
            text.split('[')
                .map(|part| part.rsplit(']').next().unwrap_or_default())
                .collect()
        };
        neighbours.retain(|neighbour| plain(neighbour) != plain(text));
        assert!(neighbours.is_empty(), "{neighbours:?}");
    }
}
