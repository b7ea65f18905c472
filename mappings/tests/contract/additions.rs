//! Within a major version a schema only grows. `records/released` holds what was released last; a
//! release copies the current schemas there.

use std::fs;
use std::path::Path;

use isthmus_fhir::element::{Element, Object};
use isthmus_mappings::records::schema::RecordSchema;

use crate::checker::{ANNOTATIONS, element};

/// What readers of the released schema would trip over, each with the property's path.
fn breaks(released: &Element, current: &Element) -> Vec<String> {
    let mut found = Vec::new();
    compare(released, current, "", &mut found);
    found
}

fn compare(released: &Element, current: &Element, path: &str, found: &mut Vec<String>) {
    let list = |node: &Element, name: &str| -> Vec<String> {
        let list = node.get(name).map(Element::as_list).unwrap_or_default();
        list.iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect()
    };
    let mut complain = |name: &str, what: &str| {
        let names: Vec<&str> = [path, name]
            .into_iter()
            .filter(|one| !one.is_empty())
            .collect();
        let at = if names.is_empty() {
            "the record".to_owned()
        } else {
            names.join(".")
        };
        found.push(format!("{at} {what}"));
    };
    let (had, has) = (list(released, "required"), list(current, "required"));
    for name in has.iter().filter(|name| !had.contains(name)) {
        complain(name, "is newly required");
    }
    for name in had.iter().filter(|name| !has.contains(name)) {
        complain(name, "is no longer required");
    }
    let (had, has) = (list(released, "enum"), list(current, "enum"));
    for code in had.iter().filter(|code| !has.contains(code)) {
        complain("", &format!("lost the code {code}"));
    }
    if had.is_empty() && !has.is_empty() {
        complain("", "has codes now");
    }
    for keyword in keywords(released, current) {
        if released.get(&keyword) != current.get(&keyword) {
            complain("", &format!("has another {keyword}"));
        }
    }
    let properties = |node: &Element| node.get("properties").and_then(Element::as_object).cloned();
    let now = properties(current).unwrap_or_default();
    for (name, released) in properties(released).iter().flat_map(Object::members) {
        let path = if path.is_empty() {
            name.to_string()
        } else {
            format!("{path}.{name}")
        };
        match now.get(name) {
            Some(current) => compare(released, current, &path, found),
            None => found.push(format!("{path} was removed")),
        }
    }
}

/// The keywords of both that bind values and are not compared on their own.
fn keywords(released: &Element, current: &Element) -> Vec<String> {
    let own = ["required", "enum", "properties"];
    let mut names: Vec<String> = [released, current]
        .into_iter()
        .flat_map(|node| node.as_object().unwrap().members())
        .map(|(name, _)| name.to_string())
        .filter(|name| !own.contains(&name.as_str()))
        .filter(|name| name == "additionalProperties" || !ANNOTATIONS.contains(&name.as_str()))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn read(path: &Path, name: &str) -> RecordSchema {
    RecordSchema::read(name, &fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn schemas_only_grow_within_a_major_version() {
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("records");
    let mut compared = 0;
    for file in fs::read_dir(records.join("released")).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".schema.json").unwrap();
        let released = read(&records.join("released").join(&file), name);
        let current = read(&records.join(&file), name);
        compared += 1;
        assert!(current.major() >= released.major(), "{name} went back");
        if current.major() > released.major() {
            continue;
        }
        assert_eq!(current.id(), released.id());
        assert_eq!(current.key(), released.key());
        let found = breaks(released.tree(), current.tree());
        assert!(
            found.is_empty(),
            "{name} needs a new major version: {found:#?}"
        );
        let grew = current.paths() != released.paths();
        assert!(
            !grew || current.version() != released.version(),
            "{name} has new properties: raise the minor version in x-isthmus"
        );
    }
    assert!(compared >= 3, "only {compared} released schemas");
}

#[test]
fn what_breaks_readers_is_named() {
    let schema = r#"{"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string"}, "b": {"type": "string", "enum": ["x", "y"]},
        "c": {"type": "object", "properties": {"d": {"type": "string", "format": "date"}}}}}"#;
    let found = |from: &str, to: &str| {
        assert!(schema.contains(from), "{from}");
        breaks(&element(schema), &element(&schema.replacen(from, to, 1)))
    };
    assert_eq!(found("\"d\":", "\"e\":"), ["c.d was removed"]);
    assert_eq!(found("[\"a\"]", "[\"a\", \"b\"]"), ["b is newly required"]);
    assert_eq!(found("[\"a\"]", "[]"), ["a is no longer required"]);
    assert_eq!(found("\"x\", ", ""), ["b lost the code x"]);
    assert_eq!(
        found(
            "\"a\": {\"type\": \"string\"",
            "\"a\": {\"type\": \"integer\""
        ),
        ["a has another type"]
    );
    assert_eq!(
        found("\"date\"", "\"date-time\""),
        ["c.d has another format"]
    );
    assert_eq!(
        found("\"a\": {", "\"a\": {\"enum\": [\"p\"], "),
        ["a has codes now"]
    );
    assert_eq!(
        found("\"a\": {", "\"a\": {\"maxLength\": 3, "),
        ["a has another maxLength"]
    );
    assert_eq!(
        found(
            "\"object\", \"required\"",
            "\"object\", \"additionalProperties\": false, \
        \"required\""
        ),
        ["the record has another additionalProperties"]
    );
    assert_eq!(found("\"y\"", "\"y\", \"z\""), [""; 0]);
    assert_eq!(
        found(
            "\"a\": {",
            "\"n\": {\"type\": \"string\"}, \"a\": {\"title\": \"T\", "
        ),
        [""; 0]
    );
}
