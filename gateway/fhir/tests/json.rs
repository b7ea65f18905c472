//! Reading and writing JSON through the public API; what members mean is tested elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests may be blunt"
)]

use isthmus_fhir::element::Element;
use isthmus_fhir::json::error::{JsonError, JsonErrorCode};
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::json::writer::{write, write_pretty};
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use std::path::Path;

fn text_of(element: &Element) -> String {
    let mut out = Vec::new();
    write(element, &mut out);
    String::from_utf8(out).unwrap()
}

fn parse(text: &str) -> Result<Element, JsonError> {
    read(text.as_bytes(), Limits::default())
}

/// The compact form of a text must be the text.
fn same(text: &str) {
    assert_eq!(text_of(&parse(text).unwrap()), text);
}

fn refused(text: &str, code: JsonErrorCode, line: usize, column: usize) {
    assert_eq!(parse(text), Err(JsonError { code, line, column }), "{text}");
}

#[test]
fn order_numbers_and_unknown_members_are_kept() {
    same(r#"{"resourceType":"Patient","zebra":1.00,"_birthDate":{"id":"a"},"birthDate":"1970"}"#);
    same("[0,-0,1.50,1E+9,1e999999,12345678901234567890123456789012345678901234567890.10]");
    same(r#"{"a":{},"b":[],"c":[null,true,false,""]}"#);
    same(r#"" \" \\ \n \r \t \b \f \u0000 \u001f é 日本 🦀 /""#);
}

#[test]
fn escapes_are_resolved() {
    let read = parse(r#""\ud83e\udd80\u00e9\/\u0041""#).unwrap();
    assert_eq!(read.as_str(), Some("🦀é/A"));
    let long = "x".repeat(100);
    let read = parse(&format!("\"{long}\\n{long}\\\\\"")).unwrap();
    assert_eq!(read.as_str().unwrap(), format!("{long}\n{long}\\"));
}

#[test]
fn faults_are_placed_by_line_and_character() {
    use JsonErrorCode::{
        ControlCharacter, DuplicateMember, Expected, InvalidEscape, InvalidNumber, LoneSurrogate,
        TrailingText, UnexpectedEnd,
    };
    refused("", UnexpectedEnd, 1, 1);
    refused("{\n  \"a\": }", Expected("a value"), 2, 8);
    refused("{\"é日\": x}", Expected("a value"), 1, 8);
    refused("{\"a\":1,}", Expected("a member name in quotes"), 1, 8);
    refused("[1,]", Expected("a value"), 1, 4);
    refused("[1 2]", Expected("`,` or `]`"), 1, 4);
    refused("{\"a\" 1}", Expected("`:`"), 1, 6);
    refused("{\"a\":1 \"b\":2}", Expected("`,` or `}`"), 1, 8);
    refused("{'a':1}", Expected("a member name in quotes"), 1, 2);
    refused("[1] x", TrailingText, 1, 5);
    refused("[1", UnexpectedEnd, 1, 3);
    refused("\"abc", UnexpectedEnd, 1, 5);
    refused("\"abc\\u00", UnexpectedEnd, 1, 9);
    refused("nul", Expected("a value"), 1, 1);
    for number in ["01", "1.", "-", "+1", ".5", "1e", "1.e3", "0x10", "NaN"] {
        assert!(parse(number).is_err(), "{number}");
    }
    refused("[1, 01]", InvalidNumber, 1, 5);
    refused("\"a\nb\"", ControlCharacter, 1, 3);
    let far = format!("[\"{}\u{1}\"]", "y".repeat(200));
    refused(&far, ControlCharacter, 1, 203);
    refused("\"\\x\"", InvalidEscape, 1, 2);
    refused("\"\\u12g4\"", InvalidEscape, 1, 2);
    refused("\"a\\ud800\"", LoneSurrogate, 1, 3);
    refused("\"\\ud800\\u0041\"", LoneSurrogate, 1, 2);
    refused("\"\\udc00\"", LoneSurrogate, 1, 2);
    refused(
        "{\n\"id\":1,\n \"id\":2}",
        DuplicateMember(Some("id")),
        3,
        2,
    );
    refused("{\"secret\":1,\"secret\":2}", DuplicateMember(None), 1, 13);
    refused("\u{feff}{}", Expected("a value"), 1, 1);
}

#[test]
fn duplicates_are_found_among_many_members() {
    let members: Vec<String> = (0..1000).map(|at| format!("\"m{at}\":{at}")).collect();
    let good = format!("{{{}}}", members.join(","));
    same(&good);
    for twice in [0, 23, 24, 25, 999] {
        let bad = format!("{{{},\"m{twice}\":0}}", members.join(","));
        assert_eq!(
            parse(&bad).unwrap_err().code,
            JsonErrorCode::DuplicateMember(None)
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let error = read(b"[\"a\n\xc3\x28\"]", Limits::default()).unwrap_err();
    assert_eq!(
        error,
        JsonError {
            code: JsonErrorCode::NotUtf8,
            line: 2,
            column: 1
        }
    );
    assert!(read(b"\"\xed\xa0\x80\"", Limits::default()).is_err());
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    refused(&nested(65), JsonErrorCode::TooDeep(64), 1, 65);
    let bomb = "{\"a\":[".repeat(200_000);
    assert_eq!(parse(&bomb).unwrap_err().code, JsonErrorCode::TooDeep(64));
    let boundless = Limits {
        depth: usize::MAX,
        ..Limits::default()
    };
    assert!(read(nested(Limits::DEPTH_MAX).as_bytes(), boundless).is_ok());
    let error = read(nested(100_000).as_bytes(), boundless).unwrap_err();
    assert_eq!(error.code, JsonErrorCode::TooDeep(Limits::DEPTH_MAX));
    let few = Limits {
        members: 3,
        ..Limits::default()
    };
    assert!(read(b"[1,{\"a\":2}]", few).is_ok());
    assert_eq!(
        read(b"[1,2,3,4]", few).unwrap_err().code,
        JsonErrorCode::TooManyMembers(3)
    );
    let short = Limits {
        bytes: 3,
        ..Limits::default()
    };
    assert_eq!(
        read(b"1234", short).unwrap_err().code,
        JsonErrorCode::TooManyBytes(3)
    );
}

#[test]
fn texts_for_people_never_hold_values() {
    let tree = parse(r#"{"name":[{"family":"Quellbach"}],"n":4711,"b":true}"#).unwrap();
    let shown = format!("{tree:?}");
    assert!(
        shown.contains("family") && shown.contains("String(..)"),
        "{shown}"
    );
    assert!(
        !shown.contains("Quellbach") && !shown.contains("4711"),
        "{shown}"
    );
    let error = parse(r#"{"Quellbach":1,"Quellbach":2}"#).unwrap_err();
    assert!(!error.to_string().contains("Quellbach"));
    assert_eq!(
        parse("[tru]").unwrap_err().to_string(),
        "JSON line 1, column 2: expected a value"
    );
}

/// The text without white space outside strings.
fn without_space(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |letter: &char| {
        let kept = quoted || !letter.is_ascii_whitespace();
        quoted ^= *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        kept
    };
    text.chars().filter(keep).collect()
}

#[test]
fn the_us_core_examples_come_back_as_they_were() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/us-core/examples");
    let Ok(files) = std::fs::read_dir(&folder) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "shared/data/us-core is missing"
        );
        eprintln!("skipped: shared/data/us-core is not beside the checkout");
        return;
    };
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let tree = parse(&text).unwrap();
        let compact = text_of(&tree);
        assert_eq!(parse(&compact).unwrap(), tree);
        assert_eq!(compact, without_space(&text));
        let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&compact).unwrap(),
            oracle
        );
        let mut pretty = Vec::new();
        write_pretty(&tree, &mut pretty);
        assert_eq!(read(&pretty, Limits::default()).unwrap(), tree);
        assert_eq!(
            without_space(std::str::from_utf8(&pretty).unwrap()),
            compact
        );
        count += 1;
    }
    assert!(count >= 100, "{count} examples");
}

fn trees() -> impl Strategy<Value = Element> {
    let leaf = prop_oneof![
        proptest::strategy::Just(Element::Null),
        any::<bool>().prop_map(Element::from),
        any::<i64>().prop_map(|number| Element::Number(number.into())),
        any::<String>().prop_map(Element::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let members = prop::collection::btree_map(any::<String>(), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Element::from),
            members.prop_map(|members| {
                let mut object = isthmus_fhir::element::Object::new();
                for (name, element) in members {
                    object.insert(name.as_str(), element);
                }
                Element::Object(object)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_tree_comes_back(tree in trees()) {
        assert_eq!(parse(&text_of(&tree)).unwrap(), tree);
    }

    #[test]
    fn any_text_is_judged_as_by_the_oracle(text in r#"[\[\]{},:"\\0-9eE.+\-a-f \nu]{0,24}"#) {
        // serde_json takes duplicate members; nothing else may differ.
        let oracle = serde_json::from_str::<serde_json::Value>(&text);
        match parse(&text) {
            Ok(tree) => {
                // The oracle refuses numbers beyond what a double holds.
                if let Ok(oracle) = oracle {
                    let written = serde_json::from_str::<serde_json::Value>(&text_of(&tree));
                    assert_eq!(written.unwrap(), oracle);
                } else {
                    assert!(text.contains(['e', 'E']), "{text}");
                }
            }
            Err(error) if matches!(error.code, JsonErrorCode::DuplicateMember(_)) => {}
            Err(_) => assert!(oracle.is_err(), "{text}"),
        }
    }
}
