//! Which element path includes which, through the public API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may be blunt"
)]

use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::path::resolve::ResolvedPath;
use isthmus_fhir::path::syntax::ElementPath;

fn path(text: &str) -> ElementPath {
    ElementPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn resolved(text: &str) -> ResolvedPath {
    path(text)
        .resolve_from_head(Definitions::r4())
        .unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

#[test]
fn what_includes_what() {
    let exactly = |own: &str, other: &str| path(own).covers_exactly(&path(other));
    for (own, other) in [
        ("a.b", "a.b"),
        ("a.b", "a[0].b[]"),
        ("a[].b", "a[k=v].b[1..]"),
        ("a[0..]", "a[k=v]"),
        ("a[k=v]", "a[l=w,k=\"v\"]"),
        ("a[0]", "a[0]"),
        ("a[1..]", "a[3]"),
        ("a[1..]", "a[2..]"),
        ("a[k=$c]", "a[k=$c]"),
    ] {
        assert!(exactly(own, other), "{own} includes {other}");
    }
    for (own, other) in [
        ("a.b", "a.c"),
        ("a.b", "a"),
        ("a", "a.b"),
        ("a[0]", "a"),
        ("a[0]", "a[1]"),
        ("a[0]", "a[0..]"),
        ("a[0]", "a[k=v]"),
        ("a[k=v]", "a"),
        ("a[k=v]", "a[0]"),
        ("a[k=v,l=w]", "a[k=v]"),
        ("a[k=v]", "a[k=w]"),
        ("a[k=$v]", "a[k=v]"),
        ("a[2..]", "a[1]"),
        ("a[2..]", "a[1..]"),
        ("Patient.a", "Person.a"),
    ] {
        assert!(!exactly(own, other), "{own} does not include {other}");
    }
    assert!(path("a").covers_prefix(&path("a.b[0].c")));
    assert!(!path("a[k=v].b").covers_prefix(&path("a[k=v].c")));
    let reads: Vec<String> = path("Patient.name[use=official,period.start=x].given")
        .key_reads()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(reads, ["Patient.name.use", "Patient.name.period.start"]);
}

#[test]
fn what_includes_what_in_the_definitions() {
    let covers = |own: &str, other: &str| resolved(own).covers(&resolved(other));
    assert!(covers("Patient.name", "Patient.name[use=official].family"));
    assert!(covers("Patient.birthDate", "Patient.birthDate"));
    assert!(covers("Patient", "Patient.name.family"));
    assert!(covers(
        "Patient.extension[url=u].valueCoding",
        "Patient.extension[url=u].valueCoding.code"
    ));
    assert!(!covers(
        "Patient.birthDate",
        "Patient.birthDate.extension[url=u].valueDateTime"
    ));
    assert!(!covers("Patient", "Patient.extension[url=u].valueCoding"));
    assert!(!covers("Patient.name", "Patient.name.extension"));
    assert!(!covers("Patient", "Patient.contained"));
    assert!(!covers("Patient.name.family", "Patient.name"));
    let alias = path("p.name.family").with_first_as_head();
    let alias = alias.resolve(Definitions::r4(), "Patient").unwrap();
    assert!(resolved("Patient.name").covers(&alias));
}
