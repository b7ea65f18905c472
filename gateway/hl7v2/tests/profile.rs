//! What a profile asks of messages is found at its place, counted beyond the bound, and never told
//! with a value. How profiles are written in files is tested where they are read.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may be blunt"
)]

use isthmus_hl7v2::definition::Cardinality;
use isthmus_hl7v2::dictionary::{Version, version, versions};
use isthmus_hl7v2::error_condition::Severity;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::path::ComponentPath;
use isthmus_hl7v2::profile::{
    Codes, EventPattern, FieldRule, GroupRule, MessageProfile, Profile, SegmentRule, Usage,
};
use isthmus_hl7v2::profile_finding::{FINDINGS_MAX, ProfileFault, ProfileReport};
use isthmus_hl7v2::segment_name::SegmentName;

fn name(text: &str) -> SegmentName {
    SegmentName::new(text.as_bytes()).unwrap()
}

fn part() -> MessageProfile {
    MessageProfile::new(vec![EventPattern {
        message_type: None,
        event: None,
    }])
}

fn profile(part: MessageProfile) -> Profile {
    Profile {
        name: "north".to_owned(),
        title: String::new(),
        version: version("2.5.1").unwrap(),
        messages: vec![part],
    }
}

fn field(segment: &str, number: u16) -> FieldRule {
    FieldRule::new(name(segment), number)
}

fn fields(rules: impl IntoIterator<Item = FieldRule>) -> MessageProfile {
    let mut part = part();
    rules.into_iter().for_each(|rule| part.add_field(rule));
    part
}

fn times(min: u16, max: Option<u16>) -> Cardinality {
    Cardinality { min, max }
}

fn check(part: MessageProfile, text: &str) -> ProfileReport {
    let message = Message::parse(text.replace('\n', "\r")).unwrap();
    profile(part).check(&message, &GroupingRules::none())
}

/// Each finding as its place and its code.
fn told(report: &ProfileReport) -> Vec<String> {
    let of = |one: &isthmus_hl7v2::profile_finding::ProfileFinding| {
        format!("{} {}", one.location, one.fault.code("2.5.1").number())
    };
    report.findings.iter().map(of).collect()
}

const ADMISSION: &str = "MSH|^~\\&|A|B|C|D|20260301||ADT^A01^ADT_A01|1|P|2.5.1\nEVN|A01|20260301\n\
                         PID|1||7^^^N^MR~8^^^N^PI||Ek^Ada^^^^^L||19700230|X\nPV1|1|Q\n";

const RESULTS: &str = "MSH|^~\\&|A|B|C|D|20260301||ORU^R01^ORU_R01|1|P|2.5.1\nPID|1||7\n\
                       OBR|1|||A\nOBX|1|NM|A||12\nOBX|2|NM|B||x\n\
                       OBR|2|||B\nOBR|3|||C\nOBX|1|DT|C||20260230\nNTE|1||n\n";

#[test]
fn segments_are_counted_in_the_message_and_in_groups() {
    let mut part = part();
    let rule = |within: &[&str], segment: &str, min, max| SegmentRule {
        within: within.iter().map(|&one| one.to_owned()).collect(),
        name: name(segment),
        cardinality: times(min, max),
    };
    part.segments = vec![
        rule(&[], "PV1", 1, Some(1)),
        rule(&[], "NTE", 0, Some(0)),
        rule(&["ORDER_OBSERVATION", "OBSERVATION"], "OBX", 1, Some(1)),
        rule(&["OBSERVATION"], "NTE", 1, None),
    ];
    part.groups = vec![GroupRule {
        within: vec!["ORDER_OBSERVATION".to_owned()],
        name: "OBSERVATION".to_owned(),
        first: name("OBX"),
        cardinality: times(1, Some(1)),
    }];
    let report = check(part, RESULTS);
    let expected = [
        // The first order has one observation too many, the second has none.
        "OBX[1] 100",
        "OBX[2] 100",
        "PV1 100",
        "NTE 100",
        "NTE 100",
        "NTE 100",
    ];
    assert_eq!(told(&report), expected);
    assert!(report.is_covered && report.errors == 6);
    assert_eq!(report.findings[0].fault, ProfileFault::TooMany { max: 1 });
    assert_eq!(report.findings[1].fault, ProfileFault::TooFew { min: 1 });
}

#[test]
fn the_structure_is_asked_for_when_the_profile_says_so() {
    let text = ADMISSION.replace("EVN|A01|20260301\n", "ZZZ|1\n");
    assert!(check(part(), &text).is_clean());
    let mut part = part();
    part.sequence = true;
    assert_eq!(told(&check(part.clone(), &text)), ["ZZZ 100", "EVN 100"]);
    // A local segment that the profile rules was agreed on.
    part.add_field(field("ZZZ", 1));
    assert_eq!(told(&check(part, &text)), ["EVN 100"]);
}

#[test]
fn the_structure_is_that_of_the_profiles_version() {
    let mut part = part();
    part.segments = vec![SegmentRule {
        within: vec!["ORDER_OBSERVATION".to_owned(), "OBSERVATION".to_owned()],
        name: name("NTE"),
        cardinality: times(1, None),
    }];
    let by = |text: &str| told(&check(part.clone(), text));
    assert_eq!(by(RESULTS).len(), 2);
    // Version 2.2 has other groups; the rule is asked all the same.
    assert_eq!(
        by(&RESULTS.replace("ORU^R01^ORU_R01|1|P|2.5.1", "ORU^R01|1|P|2.2")).len(),
        2
    );
}

#[test]
fn before_msh_9_named_events_evn_did() {
    let mut part = fields([FieldRule {
        usage: Usage::Required,
        ..field("PID", 18)
    }]);
    part.events = vec![EventPattern {
        message_type: Some("ADT".to_owned()),
        event: Some("A01".to_owned()),
    }];
    let old = ADMISSION.replace("ADT^A01^ADT_A01|1|P|2.5.1", "ADT|1|P|2.1");
    assert_eq!(told(&check(part.clone(), &old)), ["PID-18 101"]);
    assert!(!check(part, &old.replace("EVN|A01", "EVN|A08")).is_covered);
}

#[test]
fn usage_tells_a_value_from_nothing_from_null_and_from_bare_delimiters() {
    let rule = |number, usage| FieldRule {
        usage,
        ..field("PID", number)
    };
    let required = || fields([rule(5, Usage::Required)]);
    let with = |sent: &str| ADMISSION.replace("Ek^Ada^^^^^L", sent);
    for (sent, is_found) in [("Ek", false), ("", true), ("\"\"", true), ("^^^~^&", true)] {
        assert_eq!(
            !check(required(), &with(sent)).is_clean(),
            is_found,
            "{sent}"
        );
    }
    let unwanted = || fields([rule(5, Usage::NotSupported)]);
    for (sent, is_found) in [("Ek", true), ("", false), ("\"\"", true), ("^^", false)] {
        assert_eq!(
            !check(unwanted(), &with(sent)).is_clean(),
            is_found,
            "{sent}"
        );
    }
    let report = check(fields([rule(18, Usage::Required)]), ADMISSION);
    assert_eq!(told(&report), ["PID-18 101"]);
}

#[test]
fn components_are_required_where_their_field_is() {
    let rule = |component, subcomponent| FieldRule {
        component: Some(ComponentPath {
            component,
            subcomponent,
        }),
        usage: Usage::Required,
        ..field("PID", 3)
    };
    let report = check(fields([rule(5, None), rule(4, Some(2))]), ADMISSION);
    assert_eq!(told(&report), ["PID-3[0].4.2 101", "PID-3[1].4.2 101"]);
    let without = ADMISSION.replace("7^^^N^MR~8^^^N^PI", "");
    assert!(check(fields([rule(5, None)]), &without).is_clean());
}

#[test]
fn repetitions_are_counted() {
    let rule = |min, max| FieldRule {
        cardinality: times(min, max),
        ..field("PID", 3)
    };
    let told_for = |min, max| told(&check(fields([rule(min, max)]), ADMISSION));
    assert_eq!(told_for(0, Some(1)), ["PID-3[1] 102"]);
    assert_eq!(told_for(3, None), ["PID-3 101"]);
    assert!(told_for(2, Some(2)).is_empty());
}

#[test]
fn lengths_count_characters_of_what_is_meant() {
    let rule = |length, conformance_length| FieldRule {
        length,
        conformance_length,
        ..field("PID", 5)
    };
    let text = ADMISSION.replace("Ek^Ada^^^^^L", "\u{d6}\\T\\\u{e9}");
    assert!(check(fields([rule(Some(3), None)]), &text).is_clean());
    let report = check(fields([rule(Some(2), Some(1))]), &text);
    assert_eq!(report.findings[0].fault, ProfileFault::TooLong { max: 2 });
    assert_eq!(report.findings[0].fault.code("2.6").number(), 102);
    assert_eq!(report.findings[0].fault.code("2.7").number(), 104);
    let report = check(fields([rule(Some(3), Some(2))]), &text);
    let condition = report.findings[0].condition("2.8");
    assert_eq!(
        (condition.code.number(), condition.severity),
        (104, Severity::Warning)
    );
    assert_eq!(report.errors, 0);
}

#[test]
fn codes_come_from_a_table_a_list_or_are_one_constant() {
    let table = version("2.5.1").unwrap().table(1).unwrap();
    let rule = |segment, number, codes| FieldRule {
        codes: Some(codes),
        ..field(segment, number)
    };
    let listed = vec!["I".to_owned(), "O".to_owned()];
    let report = check(
        fields([
            rule("PID", 8, Codes::Table(table)),
            rule("PV1", 2, Codes::Listed(listed)),
            rule("MSH", 12, Codes::Constant("2.4".to_owned())),
            rule("MSH", 2, Codes::Constant("^~\\&".to_owned())),
        ]),
        ADMISSION,
    );
    assert_eq!(
        told(&report),
        ["MSH-12[0] 103", "PID-8[0] 103", "PV1-2[0] 103"]
    );
    assert_eq!(
        report.findings[1].fault,
        ProfileFault::NotInTable { table: 1 }
    );
    let allowed = ADMISSION.replace("|X\n", "|F\n").replace("|Q\n", "|I\n");
    let known = fields([rule("PID", 8, Codes::Table(table))]);
    assert!(check(known, &allowed).is_clean());
    // Ranges of numbers, and lists that the standard leaves open.
    let open = table_with("...");
    assert!(open.iter().all(|table| table.admits("anything")));
    let ranges = table_with("12 ... 16");
    assert!(!ranges.is_empty());
    assert!(
        ranges
            .iter()
            .all(|one| one.admits("14") && !one.admits("17x"))
    );
}

fn table_with(code: &str) -> Vec<&'static isthmus_hl7v2::definition::TableDefinition> {
    let all = versions().iter().filter_map(|id| version(id));
    let tables = all.flat_map(Version::tables);
    tables.filter(|table| table.contains(code)).collect()
}

#[test]
fn dates_and_numbers_are_read_where_the_profile_asks_for_datatypes() {
    let mut all = part();
    all.datatypes = true;
    assert_eq!(told(&check(all, ADMISSION)), ["PID-7[0] 102"]);
    let mut all = part();
    all.datatypes = true;
    let report = check(all, RESULTS);
    assert_eq!(told(&report), ["OBX[1]-5[0] 102", "OBX[2]-5[0] 102"]);
    let expected = [
        ProfileFault::Datatype { datatype: "NM" },
        ProfileFault::Datatype { datatype: "DT" },
    ];
    assert!(report.findings.iter().map(|one| one.fault).eq(expected));
    let rule = FieldRule {
        within: vec!["OBSERVATION".to_owned()],
        datatype: Some("NM"),
        ..field("OBX", 3)
    };
    assert_eq!(told(&check(fields([rule]), RESULTS)).len(), 3);
}

#[test]
fn findings_beyond_the_bound_are_counted() {
    let lines = (0..100).map(|number| format!("NTE|{number}||x\n"));
    let text: String = std::iter::once(ADMISSION.to_owned()).chain(lines).collect();
    let rule = FieldRule {
        usage: Usage::Required,
        ..field("NTE", 4)
    };
    let report = check(fields([rule]), &text);
    assert_eq!(report.findings.len(), FINDINGS_MAX);
    assert_eq!(report.beyond, 100 - FINDINGS_MAX);
    assert_eq!(report.errors, 100);
    assert_eq!(told(&report)[15], "NTE[15]-4 101");
}

#[test]
fn only_parts_for_the_event_count_and_no_value_is_told() {
    let mut part = fields([FieldRule {
        codes: Some(Codes::Constant("secret-rule".to_owned())),
        ..field("PID", 5)
    }]);
    part.events = vec![EventPattern {
        message_type: Some("ADT".to_owned()),
        event: Some("A08".to_owned()),
    }];
    let report = check(part.clone(), ADMISSION);
    assert!(report.is_clean() && !report.is_covered);
    let report = check(part, &ADMISSION.replace("ADT^A01", "ADT^A08"));
    assert!(report.is_covered);
    let shown = format!("{} {report:?}", report.findings[0]);
    assert!(!shown.contains("Ek") && shown.contains("PID-5"), "{shown}");
}
