//! What a sender's rules change: structures for its events, places and paths for its local
//! segments. Grouping by the standard alone is tested in `structure` and `grouping`.
#![allow(clippy::unwrap_used, reason = "tests may be blunt")]

use isthmus_hl7v2::definition::Cardinality;
use isthmus_hl7v2::dictionary::version;
use isthmus_hl7v2::finding::FindingKind;
use isthmus_hl7v2::group_instance::{GroupChild, GroupInstance};
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::local_segment::{LocalField, LocalPlace, LocalSegment};
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::path::Hl7Path;
use isthmus_hl7v2::rule_problem::RuleProblem;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::structure::{group, group_with};

fn name(text: &str) -> SegmentName {
    SegmentName::new(text.as_bytes()).unwrap()
}

fn message(of: &str, names: &str) -> Message {
    let lines = names.replace(' ', "|\r");
    Message::parse(format!("MSH|^~\\&|A||||||{of}|1|P|2.5.1\r{lines}|\r")).unwrap()
}

fn text(message: &Message, instance: &GroupInstance) -> String {
    let children = instance.children.iter().map(|child| match child {
        GroupChild::Segment(ordinal) => {
            let segment = message.segment(*ordinal as usize).unwrap();
            segment.name().to_string()
        }
        GroupChild::Group(group) => format!("{}({})", group.name, text(message, group)),
    });
    children.collect::<Vec<_>>().join(" ")
}

/// A segment without fields that may stand at these places.
fn local(segment: &str, places: Vec<LocalPlace>) -> LocalSegment {
    LocalSegment::new(name(segment), Vec::new(), places).unwrap()
}

#[test]
fn a_defined_local_segment_stands_where_its_definition_says() {
    let rules = GroupingRules::none()
        .with_local_segment(local("ZPI", vec![LocalPlace::After(name("PID"))]))
        .and_then(|rules| {
            let result = LocalPlace::Within(String::from("OBSERVATION"));
            let order = LocalPlace::After(name("OBR"));
            rules.with_local_segment(local("ZOB", vec![order, result]))
        })
        .and_then(|rules| {
            let top = LocalPlace::Within(String::from("ORU_R01"));
            rules.with_local_segment(local("ZEN", vec![top]))
        })
        .unwrap();
    let message = message(
        "ORU^R01^ORU_R01",
        "ZPI PID ZPI PV1 ORC OBR ZOB OBX NTE ZOB NTE OBX ZPI OBR OBX ZZZ ZEN",
    );
    let grouped = group_with(&message, &rules);
    assert_eq!(
        text(&message, &grouped.root),
        "MSH PATIENT_RESULT(PATIENT(PID ZPI VISIT(PV1)) \
         ORDER_OBSERVATION(ORC OBR ZOB OBSERVATION(OBX NTE ZOB NTE) OBSERVATION(OBX)) \
         ORDER_OBSERVATION(OBR OBSERVATION(OBX))) ZEN"
    );
    assert_eq!(grouped.out_of_place, [1, 13, 16]);
    let kinds: Vec<_> = grouped.findings.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            FindingKind::OutOfPlace,
            FindingKind::OutOfPlace,
            FindingKind::UndefinedLocal
        ]
    );
    assert_eq!(group(&message).out_of_place, [1, 3, 7, 10, 13, 16, 17]);
}

#[test]
fn an_event_is_given_another_structure() {
    let rules = GroupingRules::none()
        .with_structure("ADT", Some("A08"), "ADT_A05")
        .and_then(|rules| rules.with_structure("ZLB", None, "ORU_R01"))
        .unwrap();
    let used = |of: &str, id: &str| {
        let text = format!("MSH|^~\\&|A||||||{of}|1|P|{id}\rPID|\r");
        let message = Message::parse(text).unwrap();
        (
            group(&message).structure,
            group_with(&message, &rules).structure,
        )
    };
    let (plain, given) = (Some("ADT_A01"), Some("ADT_A05"));
    assert_eq!(used("ADT^A08^ADT_A01", "2.5.1"), (plain, given));
    assert_eq!(used("ADT^A01^ADT_A01", "2.5.1"), (plain, plain));
    assert_eq!(used("ZLB^Z01", "2.5.1"), (None, Some("ORU_R01")));
    // 2.2 has no ADT_A05, so the newest version's is taken.
    assert_eq!(used("ADT^A08", "2.2").1, given);
}

#[test]
fn paths_into_a_defined_local_segment_are_resolved() {
    let mut race = LocalField::new(3, "Race", "CWE").unwrap();
    race.cardinality = Cardinality { min: 0, max: None };
    race.table = Some(5);
    let fields = vec![race, LocalField::new(1, "Set id", "SI").unwrap()];
    let segment = LocalSegment::new(name("ZPI"), fields, Vec::new()).unwrap();
    let rules = GroupingRules::none().with_local_segment(segment).unwrap();
    let version = version("2.5.1").unwrap();
    let resolve = |path: &str| version.resolve_with(&Hl7Path::parse(path).unwrap(), &rules);
    let race = resolve("ZPI-3").unwrap();
    assert_eq!(
        (race.datatype, race.repeats, race.table),
        (Some("CWE"), true, Some(5))
    );
    assert_eq!(resolve("ZPI-3.1").unwrap().datatype, Some("ST"));
    assert_eq!(resolve("ZPI-1").unwrap().datatype, Some("SI"));
    assert_eq!(resolve("ZPI").unwrap().datatype, None);
    assert_eq!(resolve("PID-5.1").unwrap().datatype, Some("FN"));
    assert_eq!(
        resolve("ZPI-2").unwrap_err().to_string(),
        "ZPI has no field 2 in version 2.5.1; its last is 3"
    );
    assert!(version.resolve(&Hl7Path::parse("ZPI-3").unwrap()).is_err());
    let local = rules.local_segment(name("ZPI")).unwrap();
    assert_eq!(local.field(3).unwrap().name, "Race");
}

#[test]
fn rules_that_cannot_be_followed_are_refused() {
    let none = GroupingRules::none;
    let unknown = none().with_structure("ADT", Some("A08"), "ADT_X99");
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "no version of HL7 v2 has the structure ADT_X99; write it as in MSH-9.3, like ADT_A01"
    );
    let twice = none()
        .with_structure("ADT", None, "ADT_A01")
        .and_then(|rules| rules.with_structure("ADT", None, "ADT_A05"));
    assert_eq!(
        twice.unwrap_err().to_string(),
        "ADT^* is given a structure twice; keep one of the two"
    );
    let again = none()
        .with_local_segment(local("ZPI", Vec::new()))
        .and_then(|rules| rules.with_local_segment(local("ZPI", Vec::new())));
    assert_eq!(again, Err(RuleProblem::SegmentTwice(name("ZPI"))));
    let standard = LocalSegment::new(name("PID"), Vec::new(), Vec::new());
    assert_eq!(standard, Err(RuleProblem::NotLocal(name("PID"))));
    let datatype = LocalField::new(1, "Any", "XYZ");
    assert_eq!(
        datatype,
        Err(RuleProblem::UnknownDatatype(String::from("XYZ")))
    );
    for numbers in [[0, 1], [2, 2]] {
        let fields = numbers.map(|number| LocalField::new(number, "Any", "ST").unwrap());
        let refused = LocalSegment::new(name("ZPI"), fields.to_vec(), Vec::new());
        let number = numbers[0];
        let segment = name("ZPI");
        assert_eq!(refused, Err(RuleProblem::FieldNumber { segment, number }));
    }
}
