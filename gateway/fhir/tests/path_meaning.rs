//! What element paths mean in R4, through the public API; their form is tested in `path_form`.

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
use isthmus_fhir::path::span::Span;
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

/// The message and the text at fault.
fn fault(text: &str) -> (String, String) {
    let problem = resolve(text).unwrap_err();
    (
        problem.to_string(),
        text[problem.span.start..problem.span.end].to_owned(),
    )
}

#[test]
fn right_paths_know_their_elements() {
    let given = resolved("Patient.name[use=official].given[0]");
    assert_eq!(
        (given.leaf_type(), given.leaf_is_primitive()),
        ("string", true)
    );
    let repeats: Vec<bool> = given.steps().map(|(_, member)| member.repeats()).collect();
    assert_eq!(repeats, [true, true]);
    assert_eq!(resolved("Patient").leaf_type(), "Patient");
    assert_eq!(resolved("Patient.name").leaf_type(), "HumanName");
    assert_eq!(
        resolved("Observation.valueQuantity.value").leaf_type(),
        "decimal"
    );
    assert_eq!(
        resolved("Patient.extension[url=\"urn:x\"].valueCoding.code").leaf_type(),
        "code"
    );
    assert_eq!(
        resolved("Patient.birthDate.extension[url=\"u\"].valueDateTime").leaf_type(),
        "dateTime"
    );
    let coded = "Observation.category[coding.system=urn:x,coding.code=laboratory].text";
    assert_eq!(resolved(coded).leaf_type(), "string");
    assert_eq!(
        resolved("Patient.communication[preferred=true].language").leaf_type(),
        "CodeableConcept"
    );
    let start = path("telecom[system=email].value")
        .resolve(Definitions::r4(), "Patient")
        .unwrap();
    assert_eq!(start.start().name(), "Patient");
    let alias = path("p.telecom[system=email].value").with_first_as_head();
    assert!(alias.resolve(Definitions::r4(), "Patient").is_ok());
}

fn says(text: &str, message: &str, at: &str) {
    assert_eq!(fault(text), (message.to_owned(), at.to_owned()), "{text}");
}

#[test]
fn wrong_names_are_refused_with_what_was_meant() {
    says(
        "Pateint.name",
        "R4 has no type `Pateint`; did you mean `Patient`",
        "Pateint",
    );
    says(
        "Patient.telcom",
        "`Patient` has no element `telcom`; did you mean `telecom`",
        "telcom",
    );
    says(
        "Patient.telecom[system=emial].value",
        "`emial` is not one of the codes of `system`; did you mean `email`",
        "system=emial",
    );
    says(
        "Patient.name[use=oficial].family",
        "`oficial` is not one of the codes of `use`; did you mean `official`",
        "use=oficial",
    );
    says(
        "Patient.name[use=\"Official\"].family",
        "`Official` is not one of the codes of `use`; did you mean `official`",
        "use=\"Official\"",
    );
}

#[test]
fn what_r4_cannot_hold_is_refused() {
    says(
        "Patient.deceased",
        "`deceased` has a choice of types; name one of them; \
         did you mean `deceasedBoolean` or `deceasedDateTime`",
        "deceased",
    );
    says(
        "Patient.gender[0]",
        "`gender` does not repeat; leave the bracket out",
        "gender[0]",
    );
    says(
        "Patient.birthDate.year",
        "`Patient.birthDate` is a single value and has no element `year`; end the path there",
        "year",
    );
    says(
        "Patient.name[usage=official]",
        "`Patient.name` has no element `usage`",
        "usage=official",
    );
    says(
        "Patient.identifier[type=MR].value",
        "the key `type` is not a single value; go on to one of its elements; \
         did you mean `type.coding.code`",
        "type=MR",
    );
    says(
        "Patient.communication[preferred=yes]",
        "`yes` is not a value of type boolean, which the key `preferred` has",
        "preferred=yes",
    );
    says(
        "Patient.extension[url=$race]",
        "the constant `$race` is not declared; declare it or put the text in quotes",
        "url=$race",
    );
}

#[test]
fn faults_of_meaning_are_placed() {
    assert!(
        fault("Patient.given")
            .0
            .starts_with("`Patient` has no element `given`")
    );
    assert!(
        fault("Patient.given[use=x]")
            .0
            .starts_with("`Patient` has no element")
    );
    assert!(
        fault("Patient.name.given[use=x]")
            .0
            .contains("single value")
    );
    assert!(
        resolve("name.family")
            .unwrap_err()
            .to_string()
            .contains("put the type before it")
    );
    let other = path("Patient.name")
        .resolve(Definitions::r4(), "Observation")
        .unwrap_err();
    assert_eq!((other.step, other.span), (None, Span::new(0, 7)));
    assert_eq!(resolve("Patient.name[0].famly").unwrap_err().step, Some(1));
}

#[test]
fn constants_are_filled_in_before_resolving() {
    let with =
        |text: &str| path(text).with_constants(|name| (name == "race").then_some("http://race"));
    let filled = with("Patient.extension[url=$race].valueString").unwrap();
    assert_eq!(
        filled.to_string(),
        "Patient.extension[url=\"http://race\"].valueString"
    );
    assert!(filled.resolve_from_head(Definitions::r4()).is_ok());
    assert_eq!(
        with("x[url=$rice]").unwrap_err(),
        ("rice".to_owned(), Span::new(2, 11))
    );
}
