//! The form of element paths through the public API; what paths mean is tested in `path_meaning`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may be blunt"
)]

use isthmus_fhir::path::parse_error::PathParseCode;
use isthmus_fhir::path::span::Span;
use isthmus_fhir::path::syntax::{ElementPath, Head, Key, KeyValue, Selector, Step};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

fn path(text: &str) -> ElementPath {
    ElementPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str, code: PathParseCode, start: usize, end: usize) {
    let error = ElementPath::parse(text).unwrap_err();
    assert_eq!(
        (error.code, error.span),
        (code, Span::new(start, end)),
        "{text}"
    );
}

#[test]
fn the_canonical_form_is_the_text() {
    for text in [
        "Patient",
        "Patient.name[use=official].given[0]",
        "telecom[system=email].value",
        "extension[url=\"http://hl7.org/fhir/us/core/x\"].valueCoding.code",
        "identifier[]",
        "given[1..]",
        "address[use=home,type=postal].line",
        "extension[url=$race-url]".replace('-', "_").as_str(),
        "identifier[system=urn:oid:2.16.840.1.113883.19.5].value",
        "code.coding[system=\"a \\\"b\\\" \\\\ c\"]",
        "name[period.start=1970-01-01].family",
        "c.properties.email_opt_in_at",
    ] {
        assert_eq!(path(text).to_string(), text);
    }
    assert_eq!(path("a[ k = v , l=\"w\" ]").to_string(), "a[k=v,l=\"w\"]");
}

#[test]
fn heads_are_types_or_what_the_map_says() {
    assert_eq!(path("Patient.name").head.unwrap().name, "Patient");
    assert!(path("name.family").head.is_none());
    let aliased = path("p.name[0].family").with_first_as_head();
    assert_eq!(
        (aliased.head.unwrap().name.as_str(), aliased.steps.len()),
        ("p", 2)
    );
    assert!(path("name[0].family").with_first_as_head().head.is_none());
    let (prefix, length) = ElementPath::parse_prefix("telecom[use=home]  <-> PID-13").unwrap();
    assert_eq!(
        (prefix.to_string().as_str(), length),
        ("telecom[use=home]", 17)
    );
    let step = &path("Patient.name[use=official].given").steps[0];
    assert_eq!(step.span, Span::new(8, 26));
}

#[test]
fn faults_of_form_are_placed() {
    use PathParseCode::{
        BracketNotClosed, KeyTwice, NameExpected, NotASelector, NumberTooLarge, QuoteNotClosed,
        TooLong, Unexpected, UnknownEscape, ValueExpected,
    };
    refused("", NameExpected, 0, 0);
    refused("name.", NameExpected, 5, 5);
    refused("name..family", NameExpected, 5, 6);
    refused("name family", Unexpected, 4, 5);
    refused("name[use=home]x", Unexpected, 14, 15);
    refused("name[use=home][0]", Unexpected, 14, 15);
    refused("name[use=home", BracketNotClosed, 4, 13);
    refused("name[", BracketNotClosed, 4, 5);
    refused("name[0.5]", NotASelector, 4, 6);
    refused("name[00]", NotASelector, 5, 7);
    refused("name[use]", NotASelector, 5, 8);
    refused("name[use=]", ValueExpected, 9, 10);
    refused("name[use=a,use=b]", KeyTwice, 11, 16);
    refused("name[99999]", NumberTooLarge, 5, 10);
    refused("x[a=\"b]", QuoteNotClosed, 4, 7);
    refused("x[a=\"\\n\"]", UnknownEscape, 5, 6);
    assert_eq!(
        ElementPath::parse(&"a.".repeat(50)).unwrap_err().code,
        TooLong
    );
    assert_eq!(
        ElementPath::parse(&"a".repeat(5000)).unwrap_err().code,
        TooLong
    );
    let keys: Vec<String> = (0..20).map(|at| format!("k{at}=v")).collect();
    let keys = format!("x[{}]", keys.join(","));
    assert_eq!(ElementPath::parse(&keys).unwrap_err().code, TooLong);
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][A-Za-z0-9_]{0,12}"
}

fn key() -> impl Strategy<Value = Key> {
    let value = prop_oneof![
        "[A-Za-z0-9_.:/-]{1,12}".prop_map(KeyValue::Code),
        any::<String>().prop_map(KeyValue::Text),
        name().prop_map(KeyValue::Constant),
    ];
    (prop::collection::vec(name(), 1..4), value).prop_map(|(path, value)| Key {
        path,
        value,
        span: Span::default(),
    })
}

fn selector() -> impl Strategy<Value = Selector> {
    let keys = prop::collection::vec(key(), 1..4).prop_map(|mut keys| {
        keys.sort_by(|one, other| one.path.cmp(&other.path));
        keys.dedup_by(|one, other| one.path == other.path);
        Selector::Keys(keys)
    });
    prop_oneof![
        Just(Selector::None),
        Just(Selector::Each),
        (0_u32..=9999).prop_map(Selector::Index),
        (0_u32..=9999).prop_map(Selector::From),
        keys,
    ]
}

fn paths() -> impl Strategy<Value = ElementPath> {
    let head = "[A-Z][A-Za-z]{0,12}".prop_map(|name| Head {
        name,
        span: Span::default(),
    });
    let step = (name(), selector()).prop_map(|(name, selector)| Step {
        name,
        selector,
        span: Span::default(),
    });
    (prop::option::of(head), prop::collection::vec(step, 1..8))
        .prop_map(|(head, steps)| ElementPath { head, steps })
}

proptest! {
    #[test]
    fn any_path_comes_back(path in paths()) {
        let text = path.to_string();
        let parsed = ElementPath::parse(&text).unwrap();
        assert_eq!(parsed, path, "{text}");
        assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place_inside(text in "\\PC{0,40}") {
        match ElementPath::parse(&text) {
            Ok(path) => assert_eq!(ElementPath::parse(&path.to_string()).unwrap(), path),
            Err(error) => assert!(text.get(error.span.start..error.span.end).is_some(), "{error}"),
        }
    }

    #[test]
    fn texts_near_paths_are_read_or_refused(text in "[ab\\[\\]=,.$\" 0-9\\\\]{0,16}") {
        match ElementPath::parse(&text) {
            Ok(path) => assert_eq!(ElementPath::parse(&path.to_string()).unwrap(), path),
            Err(error) => assert!(text.get(error.span.start..error.span.end).is_some(), "{error}"),
        }
    }

    #[test]
    fn every_path_includes_itself(path in paths()) {
        assert!(path.covers_exactly(&path) && path.covers_prefix(&path));
    }
}
