//! Whatever a record holds, every text that leaves is a granted one or stands in the policy.

use isthmus_core::record::Record;
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::path::select::select;
use isthmus_fhir::path::syntax::ElementPath;
use isthmus_fhir::resource::Resource;
use proptest::option;
use proptest::prelude::{
    BoxedStrategy, Just, Strategy, any, prop, prop_assert, prop_oneof, proptest,
};

use crate::scenario::{bytes_of, flow, json, loaded, policy_with, subject};

const ROWS: &[(&str, &str, &str)] = &[
    ("Patient.name[use=official].given[0]", "contact", ""),
    ("Patient.name[0].family", "contact", ""),
    ("Patient.name[use=old].text", "contact", ""),
    (
        "Patient.telecom[system=email,use=home].value",
        "contact",
        "",
    ),
    ("Patient.telecom.rank", "contact", ""),
    ("Patient.birthDate", "demographic", ""),
    ("Patient.active", "demographic", ""),
    (
        "Patient.identifier[type.coding.code=MR].value",
        "identifier",
        "",
    ),
    ("Patient.contact.name.given", "contact", ""),
    ("Patient.link.other.reference", "identifier", ""),
];

/// Texts of the policy that may show as constants.
const CONSTANTS: &[&str] = &["Patient", "official", "old", "email", "home", "MR"];

fn value() -> impl Strategy<Value = Element> {
    let words = [
        "official",
        "old",
        "email",
        "home",
        "MR",
        "1980-05-17",
        "secret",
        "other",
        "",
    ];
    prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(Element::from),
        2 => "[a-z]{3,6}".prop_map(Element::from),
        1 => any::<bool>().prop_map(Element::from),
        1 => any::<u32>().prop_map(|number| Element::Number(number.into())),
        1 => Just(Element::Null),
    ]
}

fn tree() -> impl Strategy<Value = Element> {
    let names = [
        "name",
        "telecom",
        "identifier",
        "contact",
        "link",
        "other",
        "given",
        "family",
        "text",
        "use",
        "system",
        "value",
        "rank",
        "type",
        "coding",
        "code",
        "reference",
        "birthDate",
        "active",
        "_birthDate",
        "extension",
        "url",
        "display",
        "id",
    ];
    value().prop_recursive(5, 48, 6, move |inner| {
        let name = prop::sample::select(names.to_vec());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Element::Array),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| {
                let mut object = Object::new();
                for (name, element) in members {
                    object.insert(name, element);
                }
                Element::Object(object)
            }),
        ]
    })
}

/// A list of objects with some of these members, mostly of a shape that rows look for.
fn list(members: Vec<(&'static str, BoxedStrategy<Element>)>) -> BoxedStrategy<Element> {
    let object = members.into_iter().map(|(name, element)| {
        let element = prop_oneof![8 => element, 1 => tree()];
        option::weighted(0.7, element).prop_map(move |element| (name, element))
    });
    let object = object.collect::<Vec<_>>().prop_map(|members| {
        let mut object = Object::new();
        for (name, element) in members {
            if let Some(element) = element {
                object.push(name, element);
            }
        }
        Element::Object(object)
    });
    let list = prop::collection::vec(object.clone(), 0..4).prop_map(Element::Array);
    prop_oneof![8 => list, 1 => object].boxed()
}

fn patient() -> impl Strategy<Value = Resource> {
    let one = || value().boxed();
    let several = || {
        prop::collection::vec(value(), 0..3)
            .prop_map(Element::Array)
            .boxed()
    };
    let name = || {
        list(vec![
            ("use", one()),
            ("given", several()),
            ("family", one()),
            ("text", one()),
        ])
    };
    let telecom = ["system", "use", "value", "rank"].map(|name| (name, one()));
    let coding = list(vec![("system", one()), ("code", one())]);
    let identifier = vec![("type", list(vec![("coding", coding)])), ("value", one())];
    let link = vec![(
        "other",
        list(vec![("reference", one()), ("display", one())]),
    )];
    let patient = list(vec![
        ("name", name()),
        ("telecom", list(telecom.into())),
        ("identifier", list(identifier)),
        ("contact", list(vec![("name", name())])),
        ("link", list(link)),
        ("birthDate", one()),
        ("active", one()),
        ("extension", tree().boxed()),
    ]);
    patient.prop_map(|patient| {
        let mut resource = Resource::new("Patient");
        let members = patient
            .as_list()
            .first()
            .and_then(Element::as_object)
            .cloned();
        for (name, element) in members.into_iter().flat_map(Object::into_members) {
            resource.object_mut().push(name, element);
        }
        resource
    })
}

fn values<'e>(element: &'e Element, found: &mut Vec<&'e str>) {
    found.extend(element.primitive_text());
    for element in element.as_array().unwrap_or_default() {
        values(element, found);
    }
    for (_, element) in element.as_object().into_iter().flat_map(Object::members) {
        values(element, found);
    }
}

proptest! {
    #[test]
    fn every_text_that_leaves_is_granted_or_of_the_policy(patient in patient()) {
        let set = loaded(&policy_with(ROWS));
        let whole = Element::from(patient.clone());
        let mut allowed = CONSTANTS.to_vec();
        let rows = flow(&set).rows().iter();
        let paths: Vec<ElementPath> = rows.map(|row| row.path.clone()).collect();
        for path in &paths {
            allowed.extend(select(&whole, path).filter_map(Element::primitive_text));
        }
        let record = Record { subject: subject(), resources: vec![patient], message: None };
        let bytes = bytes_of(&set, &record);
        if !bytes.is_empty() {
            let left = json(&bytes);
            let mut found = Vec::new();
            values(&left, &mut found);
            for text in found {
                prop_assert!(allowed.contains(&text), "{text} leaves");
            }
        }
    }
}
