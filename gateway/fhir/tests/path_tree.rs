//! Reading and writing trees along paths, and small trees built by hand, through the public API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::json::writer::{write, write_object};
use isthmus_fhir::number::Number;
use isthmus_fhir::path::select::{select, select_below};
use isthmus_fhir::path::syntax::ElementPath;
use isthmus_fhir::path::write::{WritePath, WriteProblem};
use isthmus_fhir::resource::{NotAResource, Resource};
use proptest::prelude::{Strategy, prop, proptest};

const PATIENT: &str = r#"{"resourceType":"Patient","id":"example","active":true,
  "name":[{"use":"official","family":"Musterfrau","given":["Anna","Berta"]},
          {"use":"nickname","given":["Nani"]}],
  "telecom":[{"system":"phone","value":"1","rank":2},{"system":"email","value":"a@example.org"}],
  "birthDate":"1970-03-30",
  "_birthDate":{"extension":[{"url":"urn:time","valueDateTime":"1970-03-30T01:02:03Z"}]},
  "maritalStatus":{"coding":[{"system":"urn:a","code":"M"},{"system":"urn:b","code":"S"}]},
  "generalPractitioner":{"display":"one that should be a list"},
  "photo":[null,{"title":"t"}]}"#;

fn path(text: &str) -> ElementPath {
    ElementPath::parse(text).unwrap()
}

fn tree(text: &str) -> Element {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn json(element: &Element) -> String {
    let mut out = Vec::new();
    write(element, &mut out);
    String::from_utf8(out).unwrap()
}

fn selected(text: &str) -> Vec<String> {
    let tree = tree(PATIENT);
    let path = path(text);
    let found: Vec<String> = select(&tree, &path).map(json).collect();
    let below: Vec<String> = select_below(tree.as_object().unwrap(), &path)
        .map(json)
        .collect();
    assert!(path.steps.is_empty() || found == below);
    found
}

#[test]
fn paths_select_what_they_say_in_order() {
    assert_eq!(
        selected("Patient.name.given"),
        ["\"Anna\"", "\"Berta\"", "\"Nani\""]
    );
    assert_eq!(selected("name[].given[0]"), ["\"Anna\"", "\"Nani\""]);
    assert_eq!(selected("name.given[1..]"), ["\"Berta\""]);
    assert_eq!(selected("name[use=official].given[1]"), ["\"Berta\""]);
    assert_eq!(selected("name[1].given"), ["\"Nani\""]);
    assert_eq!(
        selected("telecom[system=email].value"),
        ["\"a@example.org\""]
    );
    assert_eq!(selected("telecom[system=phone,rank=2].value"), ["\"1\""]);
    assert_eq!(selected("generalPractitioner[0].display").len(), 1);
    assert_eq!(
        selected("maritalStatus.coding[system=\"urn:b\"].code"),
        ["\"S\""]
    );
    assert_eq!(selected("active"), ["true"]);
    assert_eq!(selected("photo.title"), ["\"t\""]);
    assert_eq!(selected("Patient").len(), 1);
    for nothing in [
        "name[2]",
        "name[9..]",
        "name[use=old]",
        "name[use=$x]",
        "telecom[system=phone,rank=3]",
        "birthDate.year",
        "photo[0]",
        "Patient.nosuch.thing",
    ] {
        assert_eq!(selected(nothing), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn paths_below_primitives_read_their_siblings() {
    assert_eq!(selected("birthDate"), ["\"1970-03-30\""]);
    assert_eq!(
        selected("birthDate.extension[url=\"urn:time\"].valueDateTime"),
        ["\"1970-03-30T01:02:03Z\""]
    );
    let only = tree(r#"{"given":["A",null],"_given":[null,{"id":"x"}]}"#);
    let found = |text: &str| select(&only, &path(text)).count();
    assert_eq!(
        (found("given[1].id"), found("given[0].id"), found("given")),
        (1, 0, 1)
    );
}

#[test]
fn keys_look_through_lists() {
    let observation =
        tree(r#"{"category":[{"coding":[{"code":"a"},{"code":"b"}],"text":"1"},{"text":"2"}]}"#);
    let path = path("category[coding.code=b].text");
    assert_eq!(
        select(&observation, &path).map(json).collect::<Vec<_>>(),
        ["\"1\""]
    );
}

fn writer(start: &str, text: &str) -> WritePath {
    path(text)
        .resolve(Definitions::r4(), start)
        .unwrap()
        .to_write_path()
        .unwrap()
}

/// The object after writing numbered values at these paths.
fn written(start: &str, paths: &[&str]) -> String {
    let mut object = Object::new();
    for (at, text) in paths.iter().enumerate() {
        writer(start, text)
            .put(&mut object, Element::from(at.to_string()))
            .unwrap();
    }
    object.remove_empty();
    let mut out = Vec::new();
    write_object(&object, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn writing_finds_or_creates() {
    assert_eq!(
        written(
            "Patient",
            &[
                "name[use=official].family",
                "name[use=official].given[0]",
                "name[use=official].given[1..]",
                "name[use=old].family",
                "birthDate",
                "maritalStatus.coding[system=\"urn:x\"].code",
            ]
        ),
        r#"{"name":[{"use":"official","family":"0","given":["1","2"]},{"use":"old","family":"3"}],"#
            .to_owned()
            + r#""birthDate":"4","maritalStatus":{"coding":[{"system":"urn:x","code":"5"}]}}"#
    );
    assert_eq!(
        written("Patient", &["name[].family", "name[].family", "name.text"]),
        r#"{"name":[{"family":"0","text":"2"},{"family":"1"}]}"#
    );
    assert_eq!(
        written(
            "Observation",
            &["category[coding.system=urn:x,coding.code=lab].text"]
        ),
        r#"{"category":[{"coding":[{"system":"urn:x","code":"lab"}],"text":"0"}]}"#
    );
    assert_eq!(
        written("Patient", &["telecom[system=phone,rank=1].value"]),
        r#"{"telecom":[{"system":"phone","rank":1,"value":"0"}]}"#
    );
    assert_eq!(
        written(
            "Observation",
            &["valueQuantity.value", "valueQuantity.unit"]
        ),
        r#"{"valueQuantity":{"value":"0","unit":"1"}}"#
    );
}

#[test]
fn gaps_close_up_and_one_number_is_one_element() {
    assert_eq!(
        written(
            "Patient",
            &["name[1].family", "name[1].text", "name[3].text"]
        ),
        r#"{"name":[{"family":"0","text":"1"},{"text":"2"}]}"#
    );
}

#[test]
fn extensions_of_primitives_go_to_the_sibling() {
    assert_eq!(
        written(
            "Patient",
            &[
                "birthDate",
                "birthDate.extension[url=\"urn:t\"].valueDateTime"
            ]
        ),
        r#"{"birthDate":"0","_birthDate":{"extension":[{"url":"urn:t","valueDateTime":"1"}]}}"#
    );
    assert_eq!(
        written(
            "HumanName",
            &[
                "given[0]",
                "given[1]",
                "given[1].extension[url=u].valueCode"
            ]
        ),
        r#"{"given":["0","1"],"_given":[null,{"extension":[{"url":"u","valueCode":"2"}]}]}"#
    );
    let vague = path("given.extension[url=u].valueCode");
    let vague = vague.resolve(Definitions::r4(), "HumanName").unwrap();
    assert_eq!(
        vague.to_write_path().unwrap_err(),
        WriteProblem::PrimitiveWithoutIndex(0)
    );
}

#[test]
fn elements_of_another_kind_are_not_overwritten() {
    let mut object = Object::new()
        .with("name", "text")
        .with("maritalStatus", "text");
    let family = writer("Patient", "name[0].family").put(&mut object, Element::Null);
    assert_eq!(family, Err(WriteProblem::OtherKind(0)));
    let text = writer("Patient", "maritalStatus.text").put(&mut object, Element::Null);
    assert_eq!(text, Err(WriteProblem::OtherKind(0)));
    let whole = path("Patient")
        .resolve_from_head(Definitions::r4())
        .unwrap();
    assert_eq!(whole.to_write_path().unwrap_err(), WriteProblem::NoSteps);
}

#[test]
fn objects_keep_order_and_hold_a_name_once() {
    let mut object = Object::new().with("a", "1").with("b", true).with("a", "2");
    assert_eq!(
        object.insert("b", Number::from(7_i64)),
        Some(Element::Boolean(true))
    );
    assert_eq!(json(&object.clone().into()), r#"{"a":"2","b":7}"#);
    *object.get_mut("a").unwrap() = Element::Null;
    assert_eq!(object.remove("b"), Some(Element::Number(7_u32.into())));
    object.push("c", vec![Element::from(Object::new()), Element::from("")]);
    assert_eq!(object.len(), 2);
    object.remove_empty();
    assert!(object.is_empty());
}

#[test]
fn resources_say_what_they_are() {
    let patient = Resource::try_from(tree(PATIENT)).unwrap();
    assert_eq!(
        (patient.resource_type(), patient.id()),
        ("Patient", Some("example"))
    );
    assert!(!format!("{patient:?}").contains("Musterfrau"));
    assert_eq!(
        Resource::try_from(tree("{\"id\":\"x\"}")),
        Err(NotAResource)
    );
    assert_eq!(
        Resource::try_from(tree("{\"resourceType\":1}")),
        Err(NotAResource)
    );
    assert_eq!(
        json(&Resource::new("Patient").into()),
        r#"{"resourceType":"Patient"}"#
    );
}

fn selectors() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "name",
        "name[]",
        "name[0]",
        "name[1]",
        "name[0..]",
        "name[1..]",
        "name[use=official]",
        "name[use=\"nickname\"]",
        "name[use=official,family=Musterfrau]",
        "name[use=old]",
    ])
    .prop_flat_map(|name| {
        prop::sample::select(vec!["", ".given", ".given[0]", ".given[1..]", ".given[1]"])
            .prop_map(move |given| format!("{name}{given}"))
    })
}

proptest! {
    #[test]
    fn what_is_included_is_selected(own in selectors(), other in selectors()) {
        let tree = tree(PATIENT);
        let (own, other) = (path(&own), path(&other));
        if own.covers_exactly(&other) {
            let ours: Vec<*const Element> = select(&tree, &own).map(std::ptr::from_ref).collect();
            let mut theirs = select(&tree, &other).map(std::ptr::from_ref);
            assert!(theirs.all(|element| ours.contains(&element)), "{own} {other}");
        }
    }
}
