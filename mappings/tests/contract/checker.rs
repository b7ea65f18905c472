//! A checker for the part of JSON Schema that the record schemas use. It is no validator: a keyword
//! that it does not know is an error, so that no schema says more than is checked.

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;

/// Keywords that say nothing about values.
pub(crate) const ANNOTATIONS: [&str; 7] = [
    "$schema",
    "$id",
    "title",
    "description",
    "examples",
    "x-isthmus",
    "additionalProperties",
];

pub(crate) fn element(text: &str) -> Element {
    read(text.as_bytes(), Limits::default()).unwrap()
}

/// What is wrong with a value, each with its path.
pub(crate) fn problems(schema: &Element, value: &Element) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Element, value: &Element, path: &str, found: &mut Vec<String>) {
    let mut complain = |what: String| found.push(format!("{path}: {what}"));
    for (keyword, rule) in schema.as_object().unwrap().members() {
        let text = value.as_str().unwrap_or_default();
        let number = || rule.as_number().unwrap().as_str().parse::<usize>().unwrap();
        match keyword.as_str() {
            known if ANNOTATIONS.contains(&known) => {}
            "type" if !is_type(rule.as_str().unwrap(), value) => {
                complain(format!("no {}", rule.as_str().unwrap()));
            }
            "const" if rule != value => complain("not the constant".to_owned()),
            "enum" if !rule.as_list().contains(value) => complain(format!("{text} is no code")),
            "pattern" if !matches(rule.as_str().unwrap(), text) => {
                complain(format!("{text} does not match {}", rule.as_str().unwrap()));
            }
            "format" if !has_format(rule.as_str().unwrap(), text) => {
                complain(format!("{text} is no {}", rule.as_str().unwrap()));
            }
            "minLength" if text.chars().count() < number() => complain("too short".to_owned()),
            "maxLength" if text.chars().count() > number() => complain("too long".to_owned()),
            "required" => {
                for name in rule.as_list().iter().map(|name| name.as_str().unwrap()) {
                    if value.get(name).is_none() {
                        complain(format!("{name} is missing"));
                    }
                }
            }
            "type" | "const" | "enum" | "pattern" | "format" | "minLength" | "maxLength"
            | "minimum" | "properties" => {}
            unknown => panic!("the checker does not know {unknown}"),
        }
    }
    let Some(properties) = schema.get("properties").and_then(Element::as_object) else {
        return;
    };
    for (name, value) in value.as_object().into_iter().flat_map(Object::members) {
        match properties.get(name) {
            Some(schema) => check(schema, value, &format!("{path}/{name}"), found),
            None => found.push(format!("{path}: {name} is no property")),
        }
    }
}

fn is_type(name: &str, value: &Element) -> bool {
    match name {
        "object" => value.as_object().is_some(),
        "string" => value.as_str().is_some(),
        "boolean" => value.as_bool().is_some(),
        "integer" => value.as_number().is_some_and(|one| {
            let text = one.as_str();
            text.bytes().all(|byte| byte.is_ascii_digit())
        }),
        other => panic!("the checker does not know the type {other}"),
    }
}

/// Dates and times by their shape; URIs are taken as they are.
fn has_format(format: &str, text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '9' } else { letter })
        .collect();
    match format {
        "date" => shape == "9999-99-99",
        "date-time" => {
            let offset = shape.strip_prefix("9999-99-99T99:99:99").unwrap_or("no");
            let offset = offset.trim_start_matches(['.', '9']);
            ["Z", "+99:99", "-99:99"].contains(&offset)
        }
        "uri" | "uri-reference" => !text.is_empty(),
        other => panic!("the checker does not know the format {other}"),
    }
}

/// The patterns of the schemas, each checked by hand: there is no regular expression engine here.
fn matches(pattern: &str, text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let is_date = parts.iter().all(|part| digits(part));
    match pattern {
        r"^\+[1-9][0-9]{1,14}$" => text.strip_prefix('+').is_some_and(|number| {
            digits(number) && !number.starts_with('0') && (2..=15).contains(&number.len())
        }),
        "^[0-9]{4}$" => digits(text) && text.len() == 4,
        "^[0-9]{4}-[0-9]{2}$" => is_date && lengths == [4, 2],
        "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$" => is_date && [4, 2, 2].starts_with(&lengths),
        "^[0-9]{20}$" => digits(text) && text.len() == 20,
        "^urn:isthmus:flow:.+$" => text.len() > 17 && text.starts_with("urn:isthmus:flow:"),
        r"^isthmus\.[a-z][a-z0-9_-]*\.[a-z][a-z-]*\.v[1-9][0-9]*$" => {
            let version = text.rsplit(".v").next().unwrap_or_default();
            text.starts_with("isthmus.") && text.split('.').count() == 4 && digits(version)
        }
        "^urn:isthmus:record:[a-z][a-z0-9_-]*:[1-9][0-9]*$" => {
            let parts: Vec<&str> = text.split(':').collect();
            matches!(parts.as_slice(), ["urn", "isthmus", "record", kind, major]
                if !kind.is_empty() && digits(major))
        }
        "^[a-z][a-z0-9_-]*$" => text.starts_with(|first: char| first.is_ascii_lowercase()),
        other => panic!("the checker does not know the pattern {other}"),
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let schema = element(
        r#"{"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "enum": ["x", "y"]},
            "b": {"type": "string", "format": "date-time"},
            "c": {"type": "boolean"}, "d": {"type": "string", "pattern": "^[0-9]{4}$"},
            "e": {"type": "object", "properties": {"f": {"type": "string", "maxLength": 3}}}}}"#,
    );
    let good = r#"{"a": "x", "b": "2026-01-01T00:00:00.5Z", "c": true, "d": "1984", "e": {}}"#;
    assert_eq!(problems(&schema, &element(good)), [""; 0]);
    let bad = r#"{"b": "2026-01-01", "c": "true", "d": "84", "e": {"f": "long"}, "g": 1}"#;
    let found = problems(&schema, &element(bad));
    assert_eq!(
        found,
        [
            ": a is missing",
            "/b: 2026-01-01 is no date-time",
            "/c: no boolean",
            "/d: 84 does not match ^[0-9]{4}$",
            "/e/f: too long",
            ": g is no property",
        ]
    );
    let code = problems(&schema, &element(r#"{"a": "z"}"#));
    assert_eq!(code, ["/a: z is no code"]);
}
