//! Flows that send HL7 v2 messages on: what a row names leaves, in the order of the structure, and
//! nothing else does.

use std::sync::Arc;

use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::release::{self, Release};
use isthmus_core::read_set::ReadSet;
use isthmus_core::record::Record;
use isthmus_core::source_message::SourceMessage;
use isthmus_fhir::json::writer::write;
use isthmus_hl7v2::message::Message;
use proptest::prelude::{Strategy, prop, prop_assert, proptest};

use crate::scenario::{Consents, TERMS, asking, context, load, now, opted_in, row, subject};

/// The terms of a flow of messages of these events.
fn terms(events: &str) -> String {
    TERMS
        .replace(
            "map = \"fhir-to-records/mailer-contact\"",
            &format!("form = \"hl7v2\"\nevents = [{events}]"),
        )
        .replace(
            "covers = [\"contact\", \"demographic\", \"identifier\"]",
            "covers = [\"contact\", \"demographic\", \"identifier\", \"clinical\"]",
        )
}

pub fn policy(events: &str, rows: &[(&str, &str)]) -> String {
    let rows = rows.iter();
    let rows = rows.map(|(path, more)| row(&format!("hl7v2:{path}"), "clinical", more));
    terms(events) + &rows.collect::<String>()
}

pub const BOTH: &str = "\"ADT^A01\", \"ORU^R01\"";

fn set(rows: &[(&str, &str)]) -> PolicySet {
    let nothing = ReadSet::default();
    load(&policy(BOTH, rows), &nothing).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn record(text: &str) -> Record {
    let source = SourceMessage {
        message: Message::parse(text).unwrap(),
        structures: Arc::default(),
        local: Arc::default(),
    };
    Record {
        subject: subject(),
        resources: Vec::new(),
        message: Some(Arc::new(source)),
    }
}

fn message(event: &str, segments: &[&str]) -> String {
    let head = format!("MSH|^~\\&|A|F|||20260102||{event}|1|P|2.5.1");
    let all: Vec<&str> = std::iter::once(head.as_str())
        .chain(segments.iter().copied())
        .collect();
    all.join("\r") + "\r"
}

fn release(set: &PolicySet, text: &str, consents: &Consents) -> Release {
    let flow = set.flows().first().unwrap();
    flow.release(&record(text), &asking(consents, now()))
}

/// The record that leaves, as JSON, or why none does.
fn leaves(rows: &[(&str, &str)], event: &str, segments: &[&str]) -> Result<String, &'static str> {
    match release(&set(rows), &message(event, segments), &opted_in()) {
        Release::Granted(granted) => {
            let mut disclosures = granted.shape(None, &context()).unwrap();
            let only = disclosures.remove(0);
            let text = String::from_utf8(only.content().reveal().to_vec()).unwrap();
            let start = text.find("\"segments\":").unwrap() + "\"segments\":".len();
            Ok(text[start..text.len() - 1].to_owned())
        }
        Release::Withheld(reason) => Err(reason),
    }
}

pub const PATIENT: [(&str, &str); 2] = [("PID-3", ""), ("PID-5", "")];

#[test]
fn a_message_is_rebuilt_of_what_is_granted() {
    let rows = [
        ("PID-3[5=\"MR\"].1", ""),
        ("PID-5", ""),
        ("PID-7", "coarsen = \"year\""),
        ("PID-11", "coarsen = \"state\""),
        ("OBX-1", ""),
        ("OBX-2", ""),
        ("OBX-3", ""),
        ("OBX[3.1=\"8302-2\"]-5", "types = [\"NM\", \"CWE\"]"),
        ("OBSERVATION/NTE-3", ""),
        ("ZPI-2", ""),
    ];
    let segments = [
        "PID|1||77^^^A^MR~123-45-6789^^^S^SS||Mar\\T\\low^Tessa^^^^^L~\"\"||19800517|F||||||x",
        "ZPI|1|5^Corner&Pharmacy",
        "NTE|1||of the patient",
        "OBR|1||A|X",
        "NTE|1||of the order",
        "OBX|1|NM|8302-2^Height^LN||182|cm",
        "NTE|1||of the result",
        "OBX|2|TX|8302-2^Height^LN||free text",
        "OBX|3|NM|9999-9^Other^LN||7",
    ];
    assert_eq!(
        leaves(&rows, "ORU^R01^ORU_R01", &segments).unwrap(),
        "[{\"PID\":{\"3\":{\"1\":\"77\",\"5\":\"MR\"},\
         \"5\":[{\"1\":\"Mar&low\",\"2\":\"Tessa\",\"7\":\"L\"},{\"null\":true}],\"7\":\"1980\"}},\
         {\"ZPI\":{\"2\":{\"1\":\"5\",\"2\":{\"1\":\"Corner\",\"2\":\"Pharmacy\"}}}},\
         {\"OBX\":{\"1\":\"1\",\"2\":\"NM\",\
         \"3\":{\"1\":\"8302-2\",\"2\":\"Height\",\"3\":\"LN\"},\"5\":\"182\"}},\
         {\"NTE\":{\"3\":\"of the result\"}},\
         {\"OBX\":{\"1\":\"2\",\"2\":\"TX\",\
         \"3\":{\"1\":\"8302-2\",\"2\":\"Height\",\"3\":\"LN\"}}},\
         {\"OBX\":{\"1\":\"3\",\"2\":\"NM\",\
         \"3\":{\"1\":\"9999-9\",\"2\":\"Other\",\"3\":\"LN\"}}}]"
    );
}

#[test]
fn keys_of_a_segment_stand_with_what_they_chose() {
    let rows = [("OBX[3.1=\"8302-2\"]-5", "types = [\"NM\"]")];
    let segments = [
        "PID|1||77||N",
        "OBR|1||A|X",
        "OBX|1|NM|8302-2^Height^LN||182|cm",
        "OBX|2|NM|9999-9^Other^LN||7",
    ];
    assert_eq!(
        leaves(&rows, "ORU^R01", &segments).unwrap(),
        "[{\"OBX\":{\"3\":\"8302-2\",\"5\":\"182\"}}]"
    );
}

#[test]
fn what_the_standard_does_not_foresee_does_not_leave_with_a_field() {
    let rows = [("PID-3", ""), ("PID-5", ""), ("PID-1", ""), ("PID-7", "")];
    // A component and a subcomponent too many, a set id that is none, a date that is none.
    let deep = format!("77&sub^^^A{}^MR{}^more", "&x".repeat(6), "^".repeat(9));
    let segments = [&*format!(
        "PID|one||{deep}||N^^^^^^^^^^^^^^^^^^^^more||soon"
    )];
    let left = leaves(&rows, "ADT^A01", &segments).unwrap();
    assert_eq!(
        left,
        "[{\"PID\":{\"3\":{\"1\":\"77\",\"4\":{\"1\":\"A\",\"2\":\"x\",\"3\":\"x\"},\"5\":\"MR\"},\
         \"5\":\"N\"}}]"
    );
}

#[test]
fn a_part_that_asks_to_delete_is_never_made_a_whole_field_that_does() {
    let rows = [
        ("PID-3", ""),
        ("PID-5.1.1", ""),
        ("PID-8", ""),
        ("PID-11.1", ""),
    ];
    let segments = ["PID|1||77||\"\"&van^Ann|||\"\"|||\"\"^^Boston"];
    assert_eq!(
        leaves(&rows, "ADT^A01", &segments).unwrap(),
        "[{\"PID\":{\"3\":\"77\",\"8\":{\"null\":true}}}]"
    );
}

#[test]
fn keys_are_written_at_their_own_repetition_and_only_with_what_they_let_out() {
    let rows = [
        ("PID[3.1=\"123\"]-5", ""),
        ("PID-3[5=\"MR\"].1", ""),
        ("OBX-4", ""),
        ("OBX[3.1=\"75622-1\"]-5", "types = [\"NM\"]"),
    ];
    let segments = [
        "PID|1||123^^^^SS~777^^^^MR||N",
        "OBR|1||A",
        "OBX|1|TX|75622-1^HIV panel^LN|1|note",
        "OBX|2|TX|75622-1^HIV panel^LN|2|\"\"",
    ];
    assert_eq!(
        leaves(&rows, "ORU^R01", &segments).unwrap(),
        "[{\"PID\":{\"3\":[\"123\",{\"1\":\"777\",\"5\":\"MR\"}],\"5\":\"N\"}},\
         {\"OBX\":{\"4\":\"1\"}},{\"OBX\":{\"4\":\"2\"}}]"
    );
}

#[test]
fn what_a_receiver_could_not_file_or_would_read_otherwise_stays() {
    let keyed = [("PID-3[5=\"MR\"]", ""), ("PID-5", "")];
    let without = ["PID|1||123^^^^SS||N"];
    assert_eq!(
        leaves(&keyed, "ADT^A01", &without),
        Err(release::NO_IDENTIFIER)
    );
    let one = ["PID|1||77||N"];
    let other = leaves(&PATIENT, "ADT^A01^ORU_R01", &one);
    assert_eq!(other, Err(release::STRUCTURE));
}

#[test]
fn nothing_leaves_of_other_events_several_patients_or_unknown_structures() {
    let one = ["PID|1||77||N"];
    assert_eq!(leaves(&PATIENT, "ADT^A08", &one), Err(release::EVENT));
    let two = ["PID|1||77||N", "OBR|1", "PID|1||78||M", "OBR|1"];
    assert_eq!(
        leaves(&PATIENT, "ORU^R01", &two),
        Err(release::SEVERAL_SUBJECTS)
    );
    let other = ["EVN|A01"];
    assert_eq!(
        leaves(&PATIENT, "ADT^A01", &other),
        Err(release::NOTHING_GRANTED)
    );
    // A segment that the structure has no place for could be read as another one's.
    let rows = [PATIENT[0], PATIENT[1], ("OBR-4", "")];
    let misplaced = ["EVN|A01", "PID|1||77||N", "OBR|1|||A"];
    let left = leaves(&rows, "ADT^A01", &misplaced).unwrap();
    assert_eq!(left, "[{\"PID\":{\"3\":\"77\",\"5\":\"N\"}}]");
    assert!(
        leaves(&rows, "ORU^R01", &misplaced[1..])
            .unwrap()
            .contains("OBR")
    );
    let without = Record {
        message: None,
        ..record(&message("ADT^A01", &one))
    };
    let set = set(&PATIENT);
    let flow = set.flows().first().unwrap();
    let said = flow.release(&without, &asking(&opted_in(), now()));
    assert!(matches!(said, Release::Withheld(release::NO_MESSAGE)));
}

#[test]
fn consent_is_asked_as_for_records() {
    let text = message("ADT^A01", &["PID|1||77||N"]);
    let said = release(&set(&PATIENT), &text, &Consents::default());
    assert!(matches!(said, Release::Withheld(release::CONSENT)));
}

#[test]
fn what_was_withheld_is_told_by_name() {
    let segments = ["PID|1||77||N||1980", "NK1|1|Kin", "PV1|1|I"];
    let text = message("ADT^A01", &segments);
    let Release::Granted(granted) = release(&set(&PATIENT), &text, &opted_in()) else {
        panic!("withheld");
    };
    let names: Vec<&str> = granted
        .withheld_of_message()
        .unwrap()
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["NK1", "PID-1", "PID-7", "PV1"]);
}

/// Texts that say where they stand, so that one that leaves can be held against the rows; the
/// number of the segment in the message is put in for the sign at the end.
fn canary(segment: &str, field: u16, component: u16, subcomponent: u16) -> String {
    format!("{segment}x{field}x{component}x{subcomponent}x#x")
}

fn segment(name: &'static str) -> impl Strategy<Value = String> {
    let shape = prop::collection::vec((0_u16..4, 1_u16..4), 1..20);
    shape.prop_map(move |fields| {
        let mut text = name.to_owned();
        for (number, (components, subcomponents)) in (1..).zip(fields) {
            text.push('|');
            let components: Vec<String> = (1..=components)
                .map(|component| {
                    let all =
                        (1..=subcomponents).map(|below| canary(name, number, component, below));
                    all.collect::<Vec<_>>().join("&")
                })
                .collect();
            text.push_str(&components.join("^"));
        }
        text
    })
}

fn segments() -> impl Strategy<Value = Vec<String>> {
    let names = prop::sample::select(vec!["PV1", "NK1", "AL1", "DG1", "OBX", "ZPI", "NTE", "GT1"]);
    prop::collection::vec(names.prop_flat_map(segment), 0..12)
}

proptest! {
    #[test]
    fn whatever_a_message_holds_only_what_rows_name_leaves(
        patient in segment("PID"),
        others in segments(),
        numbers in prop::collection::btree_set(1_u16..20, 0..6),
    ) {
        let mut rows: Vec<(String, &str)> = vec![("PID-3.1".into(), ""), ("PID-5.1.1".into(), "")];
        for number in numbers {
            rows.push((format!("NK1-{number}"), ""));
        }
        let rows: Vec<(&str, &str)> =
            rows.iter().map(|(path, more)| (path.as_str(), *more)).collect();
        let mut text = message("ADT^A01", &[]);
        for (at, segment) in std::iter::once(&patient).chain(&others).enumerate() {
            text.push_str(&segment.replace('#', &at.to_string()));
            text.push('\r');
        }
        let set = set(&rows);
        let Release::Granted(granted) = release(&set, &text, &opted_in()) else {
            return Ok(());
        };
        let only = granted.shape(None, &context()).unwrap().remove(0);
        let left = String::from_utf8(only.content().reveal().to_vec()).unwrap();
        let mut order = Vec::new();
        for word in left.split('"').filter(|word| word.ends_with('x')) {
            let parts: Vec<&str> = word.split('x').collect();
            let granted = match (parts[0], parts[1], parts[2], parts[3]) {
                ("PID", "3", "1", _) | ("PID", "5", "1", "1") => true,
                ("NK1", field, _, _) => {
                    rows.iter().any(|(path, _)| *path == format!("NK1-{field}"))
                }
                _ => false,
            };
            prop_assert!(granted, "{} left", word);
            order.push(parts[4].parse::<usize>().unwrap());
        }
        prop_assert!(order.is_sorted(), "{:?}", order);
    }
}

#[test]
fn the_record_is_written_as_any_other() {
    let set = set(&PATIENT);
    let text = message("ADT^A01^ADT_A01", &["PID|1||77||N"]);
    let Release::Granted(granted) = release(&set, &text, &opted_in()) else {
        panic!("withheld");
    };
    assert_eq!(granted.grant().record, "message");
    assert!(granted.resources().is_empty());
    let only = granted.shape(None, &context()).unwrap().remove(0);
    let json = only.content().reveal();
    assert_eq!(
        std::str::from_utf8(json).unwrap(),
        "{\"type\":\"ADT\",\"event\":\"A01\",\"structure\":\"ADT_A01\",\
         \"segments\":[{\"PID\":{\"3\":\"77\",\"5\":\"N\"}}]}"
    );
    let mut again = Vec::new();
    write(
        &crate::scenario::json(std::str::from_utf8(json).unwrap()),
        &mut again,
    );
    assert_eq!(&again[..], &json[..]);
}
