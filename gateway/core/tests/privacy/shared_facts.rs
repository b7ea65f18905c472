//! The facts that the gate carries, held against the collected ones beside the checkout.

use std::path::Path;

use isthmus_core::privacy::purpose::Purpose;
use isthmus_fhir::element::Element;

use crate::scenario::{bytes_of, json, loaded, policy_with, record};

/// A file of the collected facts; None, with a visible line, when they are not there.
fn facts(name: &str) -> Option<Element> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/privacy");
    if !folder.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "shared/data/privacy is missing"
        );
        eprintln!("skipped: shared/data/privacy is not beside the checkout");
        return None;
    }
    Some(json(&std::fs::read_to_string(folder.join(name)).unwrap()))
}

#[test]
fn purposes_are_those_of_the_value_set() {
    let Some(facts) = facts("vocab/purpose-of-use.json") else {
        return;
    };
    for fact in facts.get("codes").unwrap().as_list() {
        let code = fact.get("code").and_then(Element::as_str).unwrap();
        let purpose = Purpose::of(code);
        assert_eq!(purpose.is_some(), code != "PurposeOfUse", "{code}");
        for parent in fact.get("parents").unwrap().as_list() {
            assert!(purpose.unwrap().is_a(parent.as_str().unwrap()), "{code}");
        }
    }
    assert_eq!(Purpose::codes().count(), 62);
}

#[test]
fn postal_codes_are_coarsened_as_expected() {
    let Some(facts) = facts("safe-harbor/cases.json") else {
        return;
    };
    let zip = [(
        "Patient.address.postalCode",
        "contact",
        "coarsen = \"zip3\"",
    )];
    let zip = loaded(&policy_with(&zip));
    let mut seen = 0;
    for case in facts.get("cases").unwrap().as_list() {
        let text = |name: &str| case.get(name).and_then(Element::as_str);
        let (Some("zip"), Some(input)) = (text("kind"), text("input")) else {
            continue;
        };
        let patient =
            format!(r#"{{"resourceType":"Patient","address":[{{"postalCode":"{input}"}}]}}"#);
        let left = bytes_of(&zip, &record(&[&patient]));
        let expected = text("expect").map_or_else(String::new, |three| {
            format!(r#"{{"resourceType":"Patient","address":[{{"postalCode":"{three}"}}]}}"#)
        });
        assert_eq!(left, expected, "{:?}", text("id"));
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}
