//! Nothing that no row grants has an influence on what leaves: each such value is changed, deleted
//! and multiplied, and the bytes stay the same.

use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::record::Record;
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::resource::Resource;

use crate::scenario::{LEAVES, PATIENT, bytes_of, json, loaded, policy, subject};

/// Where the rows of the scenario look: the values they grant, the values of their keys, and the
/// code systems that they name.
const LOOKED_AT: &[&str] = &[
    "resourceType",
    "extension.0.url",
    "extension.0.valueCodeableConcept.text",
    "extension.1.url",
    "identifier.0.type.coding.0.code",
    "identifier.0.value",
    "identifier.1.type.coding.0.code",
    "name.0.use",
    "name.1.use",
    "name.1.family",
    "name.1.given.0",
    "telecom.0.system",
    "telecom.1.system",
    "telecom.1.value",
    "telecom.2.system",
    "telecom.2.value",
    "birthDate",
    "address.0.use",
    "address.0.state",
    "address.0.postalCode",
    "address.1.use",
    "communication.0.language.coding.0.system",
    "communication.0.language.coding.0.code",
    "communication.0.language.coding.1.system",
];

/// Every place in the tree, outermost first: `name.1.given.0`.
fn places(element: &Element, here: &str, found: &mut Vec<String>) {
    let below = |part: &str| {
        if here.is_empty() {
            part.to_owned()
        } else {
            format!("{here}.{part}")
        }
    };
    if !here.is_empty() {
        found.push(here.to_owned());
    }
    if let Some(object) = element.as_object() {
        for (name, member) in object.members() {
            places(member, &below(name), found);
        }
    }
    for (at, member) in element.as_array().unwrap_or_default().iter().enumerate() {
        places(member, &below(&at.to_string()), found);
    }
}

/// Changes the element at a place; `change` gets what holds it and the last part of the place.
fn changed(root: &Element, place: &str, change: &dyn Fn(&mut Element, &str)) -> Element {
    let mut root = root.clone();
    let mut holder = &mut root;
    let (way, last) = place.rsplit_once('.').unwrap_or(("", place));
    for part in way.split('.').filter(|part| !part.is_empty()) {
        holder = match holder {
            Element::Object(object) => object.get_mut(part).unwrap(),
            Element::Array(elements) => &mut elements[part.parse::<usize>().unwrap()],
            _ => panic!("{place}"),
        };
    }
    change(holder, last);
    root
}

fn replace(holder: &mut Element, part: &str, with: Element) {
    match holder {
        Element::Object(object) => {
            object.insert(part, with);
        }
        Element::Array(elements) => elements[part.parse::<usize>().unwrap()] = with,
        _ => panic!("{part}"),
    }
}

fn get(holder: &Element, part: &str) -> Element {
    let element = match holder {
        Element::Object(object) => object.get(part).unwrap(),
        Element::Array(elements) => &elements[part.parse::<usize>().unwrap()],
        _ => panic!("{part}"),
    };
    element.clone()
}

fn delete(holder: &mut Element, part: &str) {
    match holder {
        Element::Object(object) => {
            object.remove(part);
        }
        Element::Array(elements) => {
            elements.remove(part.parse::<usize>().unwrap());
        }
        _ => panic!("{part}"),
    }
}

fn double(holder: &mut Element, part: &str) {
    match holder {
        Element::Object(object) => {
            let twin = object.get(part).unwrap().clone();
            object.insert(format!("{part}Canary").as_str(), twin.clone());
            object.insert(part, Element::Array(vec![twin.clone(), twin]));
        }
        Element::Array(elements) => {
            let twin = elements[part.parse::<usize>().unwrap()].clone();
            elements.push(twin);
        }
        _ => panic!("{part}"),
    }
}

fn leaving(set: &PolicySet, patient: &Element) -> String {
    let resources = vec![Resource::try_from(patient.clone()).unwrap()];
    let subject = subject();
    bytes_of(
        set,
        &Record {
            subject,
            resources,
            message: None,
        },
    )
}

#[test]
fn what_is_not_granted_has_no_influence() {
    let set = loaded(&policy());
    let patient = json(PATIENT);
    let mut all = Vec::new();
    places(&patient, "", &mut all);
    let untouched = |place: &&String| {
        let below = format!("{place}.");
        !LOOKED_AT
            .iter()
            .any(|looked| looked == place || looked.starts_with(&below))
    };
    let free: Vec<&String> = all.iter().filter(untouched).collect();
    assert!(free.len() > 80, "{}", free.len());
    let odd = [
        Element::from("canary"),
        Element::Null,
        Element::from(true),
        Element::Object(
            Object::new()
                .with("family", "canary")
                .with("value", "canary"),
        ),
        Element::Array(vec![Element::from("canary"), Element::from("canary")]),
    ];
    for place in free {
        for other in &odd {
            let mutated = changed(&patient, place, &|holder, part| {
                replace(holder, part, other.clone());
            });
            assert_eq!(leaving(&set, &mutated), LEAVES, "changed {place}");
        }
        assert_eq!(
            leaving(&set, &changed(&patient, place, &delete)),
            LEAVES,
            "deleted {place}"
        );
        assert_eq!(
            leaving(&set, &changed(&patient, place, &double)),
            LEAVES,
            "doubled {place}"
        );
    }
}

#[test]
fn what_is_granted_has_an_influence() {
    let set = loaded(&policy());
    let patient = json(PATIENT);
    let granted = [
        "name.1.family",
        "name.1.given.0",
        "telecom.1.value",
        "address.0.postalCode",
    ];
    for place in granted {
        assert_ne!(
            leaving(&set, &changed(&patient, place, &delete)),
            LEAVES,
            "{place}"
        );
        assert_eq!(get(&patient, "resourceType"), Element::from("Patient"));
    }
}
