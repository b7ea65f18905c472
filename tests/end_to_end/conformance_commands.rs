//! The conformance commands: what a profile asks is told the same way every time, validation tells
//! places and no values, and the syntax cases decide the exit code.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::gateway::{binary, root};

fn conformance(arguments: &[&str]) -> Output {
    let example = root().join("gateway/example");
    Command::new(binary())
        .arg("conformance")
        .args(arguments)
        .arg("--config")
        .arg(example)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = conformance(&[arguments, &["--json"]].concat());
    let document = serde_json::from_slice(&output.stdout);
    (output.status.code(), document.unwrap())
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_profile_is_told_the_same_way_every_time() {
    let once = conformance(&["profile", "example-ehr"]);
    assert!(once.status.success());
    let told = text(&once.stdout);
    assert_eq!(told, text(&conformance(&["profile", "example-ehr"]).stdout));
    assert!(told.starts_with("# Admissions, updates and results of the example EHR\n"));
    assert!(told.contains("| PV1-2   | Patient class "), "{told}");
    assert!(
        told.lines().all(|line| line.chars().count() <= 100),
        "{told}"
    );
    let (_, document) = json(&["profile", "example-ehr"]);
    assert_eq!(document["messages"][1]["fields"][8]["codes"][0], "E");

    let file = root().join("gateway/example/profiles/example-ehr.toml");
    assert_eq!(told, text(&conformance(&["profile", shown(&file)]).stdout));
    let absent = conformance(&["profile", "no-such"]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent.stderr).contains("the profile no-such cannot be read"));
}

#[test]
fn validation_tells_places_and_no_values() {
    let messages = root().join("gateway/example/messages");
    let admit = messages.join("01-admit.hl7");
    let (code, document) = json(&["validate", "example-ehr", shown(&admit)]);
    assert_eq!((code, &document["as_asked"]), (Some(0), &Value::from(1)));

    let folder = tempfile::tempdir().unwrap();
    let spoilt = folder.path().join("spoilt.hl7");
    let good = std::fs::read_to_string(&admit).unwrap();
    let bad = good.replace("|19840617|F|", "|19840631|Zq|");
    std::fs::write(&spoilt, format!("{good}{bad}MSH|\r")).unwrap();
    let output = conformance(&["validate", "example-ehr", shown(&spoilt)]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for line in [
        "spoilt.hl7 message 2\n",
        "  E 102 PID-7[0]: it is no TS\n",
        "  E 103 PID-8[0]: it is no code of table 0001\n",
        "  E 100 byte 4: MSH ends at byte 4",
        "3 messages: 1 as asked, 0 with warnings, 2 with errors, 0 of events",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("Zq") && !told.contains("19840631"), "{told}");
    let (code, document) = json(&["validate", "example-ehr", shown(&spoilt)]);
    assert_eq!((code, &document["with_errors"]), (Some(1), &Value::from(2)));
    assert_eq!(document["messages"][1]["findings"][0]["place"], "PID-7[0]");
}

#[test]
fn the_syntax_cases_decide_the_exit_code() {
    let cases = root().join("conformance/cases/syntax");
    let output = conformance(&["syntax", shown(&cases)]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains(" as expected, 0 not"), "{told}");

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("one.hl7", "MSH|^~\\&|A|B|C|D|20260502||ADT^A01|1|P|2.5.1\r");
    write("bare.hl7", "MSH|^~\\&|A\rpid|1\r");
    write("one.expect", "accepted\n");
    let (code, report) = json(&["syntax", shown(folder.path())]);
    assert_eq!(
        (code, &report["files"][0]["refused"][0]["code"]),
        (Some(0), &Value::from(100))
    );
    write("one.expect", "accepted\nsegments 2\n");
    let output = conformance(&["syntax", shown(folder.path())]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("differs  one\n           message 1: 1, expected 2"),
        "{told}"
    );
    let all = told
        .lines()
        .find(|line| line.trim_start().starts_with("all"));
    let all: Vec<&str> = all.unwrap().split_whitespace().collect();
    assert_eq!(all, ["all", "1", "1", "0", "1", "0"], "{told}");
    write("one.expect", "acceptd\n");
    let output = conformance(&["syntax", shown(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("error[V010]"),
        "{}",
        text(&output.stderr)
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        conformance(&["syntax", shown(empty.path())]).status.code(),
        Some(2)
    );
}
