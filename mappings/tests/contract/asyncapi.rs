//! The `AsyncAPI` document: every reference leads somewhere, and every kind has its channel.

use isthmus_fhir::element::{Element, Object};
use isthmus_mappings::records::async_api::document;
use isthmus_mappings::records::schemas::RecordSchemas;
use isthmus_mappings::shipped;

use crate::checker::element;

fn references(node: &Element, found: &mut Vec<String>) {
    found.extend(
        node.get("$ref")
            .and_then(Element::as_str)
            .map(str::to_owned),
    );
    let members = node.as_object().into_iter().flat_map(Object::members);
    for inner in members
        .map(|(_, inner)| inner)
        .chain(node.as_array().unwrap_or_default())
    {
        references(inner, found);
    }
}

fn at<'e>(document: &'e Element, path: &str) -> Option<&'e Element> {
    path.split('/')
        .try_fold(document, |node, name| node.get(name))
}

#[test]
fn references_lead_somewhere() {
    let document = element(&document(&shipped::record_schemas()).unwrap());
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() >= 12, "{found:?}");
    for reference in found {
        let path = reference.strip_prefix("#/").unwrap();
        assert!(at(&document, path).is_some(), "{reference}");
    }
}

#[test]
fn every_kind_has_a_channel_with_signed_events() {
    let schemas = shipped::record_schemas();
    let text = document(&schemas).unwrap();
    assert_eq!(document(&schemas).unwrap(), text);
    let document = element(&text);
    assert_eq!(document.get("asyncapi"), Some(&Element::from("3.0.0")));
    for kind in ["appointment", "person"] {
        let channel = format!("channels/{kind}/messages/{kind}Upsert");
        assert!(at(&document, &channel).is_some(), "{kind}");
        let message = at(&document, &format!("components/messages/{kind}Upsert")).unwrap();
        let name = format!("isthmus.{kind}.upsert.v1");
        assert_eq!(message.get("name"), Some(&Element::from(name)));
    }
    let headers = at(&document, "components/schemas/webhookHeaders/properties").unwrap();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert!(headers.get(name).is_some(), "{name}");
    }
    assert!(text.contains("HMAC-SHA-256"));
}

#[test]
fn without_the_event_there_is_no_document() {
    assert_eq!(document(&RecordSchemas::default()), None);
}
