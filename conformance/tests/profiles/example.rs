//! The example's profile takes the example's messages, and tells what is wrong with spoilt ones.

use std::path::{Path, PathBuf};

use isthmus_conformance::profile_folder::read_profile;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::profile::Profile;
use isthmus_hl7v2::profile_finding::ProfileReport;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/example")
}

fn profile() -> Profile {
    let path = example().join("profiles/example-ehr.toml");
    read_profile(&path).unwrap().unwrap()
}

fn message(name: &str) -> String {
    std::fs::read_to_string(example().join("messages").join(name)).unwrap()
}

fn check(text: &str) -> ProfileReport {
    let message = Message::parse(text).unwrap();
    profile().check(&message, &GroupingRules::none())
}

#[test]
fn the_examples_messages_are_as_asked() {
    for name in [
        "01-admit.hl7",
        "02-result.hl7",
        "03-register.hl7",
        "04-update.hl7",
    ] {
        let report = check(&message(name));
        assert!(report.is_covered);
        let told: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{name}: {told:?}");
    }
}

#[test]
fn spoilt_messages_are_told_of_at_their_places() {
    let admit = message("01-admit.hl7");
    let without_visit: String = admit
        .split_inclusive(['\r', '\n'])
        .filter(|line| !line.starts_with("PV1"))
        .collect();
    let spoilt = without_visit.replace("|2.5.1|", "|2.4|");
    let told: Vec<String> = check(&spoilt)
        .findings
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "MSH-12[0].1: it is not the constant that is asked for",
        "PV1: PV1 is missing",
        "PV1: it is required and missing",
    ];
    assert_eq!(told, expected);
}
