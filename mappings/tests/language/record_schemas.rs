//! Record maps are held against the schema of their kind. What the schemas that ship say is
//! tested in `contract`.

use std::fs;

use isthmus_core::diagnostic::Renderer;
use isthmus_mappings::library::Library;
use isthmus_mappings::loader::Files;

use crate::scenario::{OPEN, faults, places};

const PERSON: &str = r#"{"$id": "urn:p", "title": "P", "type": "object",
    "x-isthmus": {"version": "1.0", "key": "person_id"}, "properties": {
    "person_id": {"type": "string"}, "email": {"type": "string"},
    "name": {"type": "object", "properties": {"given": {"type": "string"}}}}}"#;

/// A map to `person` whose second row, on line 8, is this.
fn person(row: &str) -> Files {
    let map = format!(
        "map r 1\nfrom fhir R4 Patient as p\nto record person\nkey person_id\n\n\
         record person\n  person_id <- p.id required\n  {row}\n"
    );
    Files::default()
        .with_map("maps/r.rmap", &map)
        .with_schema("records/person.schema.json", PERSON)
}

#[test]
fn a_property_that_the_schema_lacks_is_an_error_that_names_its_neighbour() {
    let found = faults(&person("name.givn <- p.name[0].given[0]"));
    let shown = Renderer { colour: false }.render_all(&found);
    assert_eq!(
        shown,
        "error[M222]: `name` of `person` has no property `givn`\n --> maps/r.rmap:8:8\n\
         8 |   name.givn <- p.name[0].given[0]\n  |        ^^^^\n  = help: did you mean \
         `name.given`?\n"
    );
}

#[test]
fn every_row_is_held_against_the_schema() {
    assert_eq!(places(&person("email <- p.id")), [""; 0]);
    assert_eq!(places(&person("name.given <- p.id")), [""; 0]);
    assert_eq!(places(&person("emial <- p.id")), ["M222 8:3-8"]);
    assert_eq!(places(&person("email.home <- p.id")), ["M222 8:9-13"]);
    assert_eq!(places(&person("name <- p.id")), ["M222 8:3-7"]);
    let chosen = "choose p.gender\n    case \"male\"\n      sex <- p.gender\n    else skip";
    assert_eq!(places(&person(chosen)), ["M222 10:7-10"]);
}

#[test]
fn a_map_that_writes_beside_the_schema_does_not_load() {
    let library = Library::of(&person("emial <- p.id"), None);
    assert!(library.maps().is_empty() && library.has_errors());
}

#[test]
fn a_kind_without_a_schema_is_a_warning() {
    let files = Files {
        schemas: Vec::new(),
        ..person("anything <- p.id")
    };
    for files in [
        files.clone(),
        files.with_schema("records/other.schema.json", OPEN),
    ] {
        let library = Library::of(&files, None);
        let shown = Renderer { colour: false }.render_all(library.diagnostics());
        assert_eq!(
            shown,
            "warning[M223]: there is no schema for the record `person`\n --> maps/r.rmap:3:11\n\
             3 | to record person\n  |           ^^^^^^\n  = help: put it into \
             records/person.schema.json\n"
        );
        assert_eq!(library.maps().len(), 1);
    }
}

#[test]
fn the_event_is_no_kind_of_record() {
    let map = "map r 1\nfrom fhir R4 Patient as p\nto record event\nrecord event\n  a <- p.id\n";
    let files = Files::default()
        .with_map("r.rmap", map)
        .with_schema("records/event.schema.json", OPEN);
    assert_eq!(places(&files), ["M223 3:11-16"]);
}

#[test]
fn a_schema_that_cannot_be_used_is_an_error_at_its_place() {
    let broken = |text: &str| {
        let files = Files {
            schemas: Vec::new(),
            ..person("anything <- p.id")
        };
        places(&files.with_schema("records/person.schema.json", text))
    };
    assert_eq!(broken("{\n  \"é\": 1,\n  \"a\" 2\n}"), ["M326 3:7-8"]);
    assert_eq!(broken("{\"type\": \"string\"}"), ["M326 1:1-1"]);
}

#[test]
fn schemas_are_read_from_the_folder_records_alone() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["records", "records/released", "maps/records"] {
        fs::create_dir_all(folder.path().join(path)).unwrap();
        let file = folder.path().join(path).join("person.schema.json");
        fs::write(file, PERSON).unwrap();
    }
    fs::write(folder.path().join("records/note.json"), "no schema").unwrap();
    let files = Files::read(folder.path()).unwrap();
    let paths: Vec<_> = files
        .schemas
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(paths, ["records/person.schema.json"]);
}
