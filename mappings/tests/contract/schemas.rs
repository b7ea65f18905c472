//! The schemas that ship are complete: ids and versions agree, everything is described, and an
//! event is what its schema says.

use std::path::Path;

use isthmus_fhir::element::{Element, Object};
use isthmus_mappings::records::schema::RecordSchema;
use isthmus_mappings::records::schemas::RecordSchemas;

use crate::checker::{element, problems};

fn shipped() -> RecordSchemas {
    let schemas = RecordSchemas::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(
        schemas.diagnostics().is_empty(),
        "{:?}",
        schemas.diagnostics()
    );
    schemas
}

#[test]
fn ids_carry_kind_and_major_version() {
    let schemas = shipped();
    let names: Vec<&str> = schemas.all().map(RecordSchema::name).collect();
    assert_eq!(names, ["appointment", "event", "person"]);
    let kinds: Vec<&str> = schemas.kinds().map(RecordSchema::name).collect();
    assert_eq!(kinds, ["appointment", "person"]);
    for kind in schemas.kinds() {
        let id = format!("urn:isthmus:record:{}:{}", kind.name(), kind.major());
        assert_eq!(kind.id(), id);
        let required = kind.tree().get("required").unwrap().as_list();
        assert!(required.contains(&Element::from(kind.key())), "{id}");
    }
    let event = schemas.get("event").unwrap();
    assert_eq!(event.id(), format!("urn:isthmus:event:{}", event.major()));
}

#[test]
fn every_property_has_a_title_a_description_and_a_type() {
    fn look(node: &Element, path: &str) {
        for member in ["title", "description", "type"] {
            assert!(node.get(member).is_some(), "{path} has no {member}");
        }
        if node.get("type") == Some(&Element::from("object")) {
            let open = node.get("additionalProperties");
            assert_eq!(open, Some(&Element::from(true)), "{path} is closed");
        }
        let properties = node.get("properties").and_then(Element::as_object);
        for (name, node) in properties.into_iter().flat_map(Object::members) {
            look(node, &format!("{path}/{name}"));
            for example in node.get("examples").into_iter().flat_map(Element::as_list) {
                assert_eq!(problems(node, example), [""; 0], "{path}/{name}");
            }
        }
    }
    for schema in shipped().all() {
        look(schema.tree(), schema.name());
    }
}

#[test]
fn an_event_is_as_its_schema_says() {
    let schemas = shipped();
    let event = r#"{
        "specversion": "1.0", "id": "5f0e", "source": "urn:isthmus:flow:crm-contact",
        "type": "isthmus.person.upsert.v1", "time": "2026-01-05T13:15:02.113Z",
        "datacontenttype": "application/json", "dataschema": "urn:isthmus:record:person:1",
        "sequence": "00000000000000004711", "purpose": "HOPERAT", "flowversion": 1,
        "dataclassification": "restricted", "dataregulation": "HIPAA", "datacategory": "phi",
        "data": {"kind": "person", "action": "upsert", "version": 4711,
            "record": {"person_id": "d0f6"}}}"#;
    let schema = schemas.get("event").unwrap().tree();
    let found = problems(schema, &element(event));
    assert_eq!(found, [""; 0]);
    let other = event
        .replace("\"upsert\"", "\"drop\"")
        .replace("4711\"", "\"");
    let found = problems(schema, &element(&other));
    assert_eq!(
        found,
        [
            "/sequence: 0000000000000000 does not match ^[0-9]{20}$",
            "/data/action: drop is no code"
        ]
    );
}
