//! Every own case is as expected, every message of the samples beside the checkout is answered, and
//! a case that is not met is told. What the grammar does in depth is tested in `isthmus_hl7v2`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests may be blunt"
)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use isthmus_conformance::expectation;
use isthmus_conformance::syntax_tree::{SyntaxReport, run};
use isthmus_core::source_file::SourceFile;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What came of these files.
fn run_files(files: &[(&str, &str)]) -> SyntaxReport {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    run(folder.path()).unwrap()
}

fn differences(expectation: &str) -> Vec<String> {
    let bytes = "MSH|^~\\&|A|B|C|D|20260502||ADT^A01^ADT_A01|1|P|2.5.1\rPID|1||7~8||Ek^\"\"\r";
    let mut report = run_files(&[("one.hl7", bytes), ("one.expect", expectation)]);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let differing = report.cases.iter().any(|case| !case.differences.is_empty());
    assert_eq!(report.failed() > 0, differing);
    report.cases.remove(0).differences
}

#[test]
fn all_own_cases_are_as_expected() {
    let report = run(&here("cases/syntax")).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    for case in &report.cases {
        assert_eq!(case.differences, [""; 0], "{}", case.case);
    }
    assert!(report.cases.len() >= 80, "{} cases", report.cases.len());
    assert!(report.files.is_empty(), "each has an expectation");
    assert_eq!((report.failed(), report.passed_over), (0, 0));
}

#[test]
fn all_samples_are_answered() {
    let folder = here("../../shared/data/hl7v2");
    if !folder.is_dir() {
        assert!(env::var_os("CI").is_none(), "CI needs {}", folder.display());
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let report = run(&folder).unwrap();
    let (mut messages, mut answered) = (0, 0);
    for file in &report.files {
        messages += file.messages;
        answered += file.accepted + file.refused.len();
        for refused in &file.refused {
            assert!(!refused.reason.is_empty() && !refused.place.is_empty());
        }
    }
    eprintln!("{answered} of {messages} messages answered");
    assert!(messages >= 1_197, "{messages} messages");
    assert_eq!((answered, report.panicked()), (messages, 0));
}

#[test]
fn what_differs_is_told() {
    for (expectation, told) in [
        ("accepted", None),
        (
            "accepted\nPID-3 repeats 2\nPID-5.1 = \"Ek\"\nPID-5.2 is null\nPID-6 is absent",
            None,
        ),
        ("refused 100 at byte 4", Some("it is accepted")),
        ("accepted\nsegments 3", Some("2, expected 3")),
        (
            "accepted\nPID-3 repeats 3",
            Some("PID-3 repeats 2, expected PID-3 repeats 3"),
        ),
        (
            "accepted\nPID-5.1 = \"Ok\"",
            Some("PID-5.1 = \"Ek\", expected PID-5.1 = \"Ok\""),
        ),
        (
            "accepted\nPID-5.2 is empty",
            Some("PID-5.2 is Null, expected PID-5.2 is Empty"),
        ),
        ("accepted\nPID[1]-5 is empty", Some("is Absent, expected")),
        (
            "accepted\nstructure ADT_A02",
            Some("ADT_A01, expected ADT_A02"),
        ),
        ("accepted\nmisplaced PV1", Some("none, expected PV1")),
        (
            "accepted\ncharset \"windows-1252\"",
            Some("UTF-8, expected windows-1252"),
        ),
        ("accepted\nreplaced 1", Some("0, expected 1")),
        (
            "accepted\nmessage 2\naccepted",
            Some("there is no message 2"),
        ),
        ("file\nmessages 2", Some("1 messages, not 2")),
        (
            "file\nenvelope 3 \"x\"",
            Some("the envelope has [], not [(3, \"x\")]"),
        ),
    ] {
        let found = differences(expectation).join("; ");
        match told {
            Some(told) => assert!(found.contains(told), "{expectation}: {found}"),
            None => assert_eq!(found, "", "{expectation}"),
        }
    }
    let refused = [
        ("one.hl7", "PID|1\r"),
        ("one.expect", "accepted\nsegments 1\n"),
    ];
    let report = run_files(&refused);
    assert!(report.cases.iter().any(|case| case.differences.len() == 2));
    let other = [
        ("one.hl7", "PID|1\r"),
        ("one.expect", "refused 102 at MSH-18\n"),
    ];
    let report = run_files(&other);
    let told = "message 1: refused 100 at byte 0, not 102 at MSH-18";
    assert!(report.cases.iter().any(|case| case.differences == [told]));
}

#[test]
fn expectations_that_cannot_be_read_are_failures() {
    let lines = |text: &str| {
        let problems = expectation::read(&SourceFile::new("one.expect", text)).err();
        let problems = problems.unwrap_or_default();
        problems.iter().map(|one| one.line).collect::<Vec<_>>()
    };
    assert_eq!(
        lines("accepted\n# why\n\nsegment 3\nPID-5 == \"x\"\nPID-5.1 is gone\n"),
        [4, 5, 6]
    );
    assert_eq!(
        lines("refused 100\naccepted now\nPID[5=MR]-1 is empty\nPID is empty\n"),
        [1, 2, 3, 4]
    );
    assert_eq!(lines("default charset \"EBCDIC\"\naccepted\n"), [1]);
    assert_eq!(lines("# nothing\n"), [1]);
    assert!(lines("accepted\n").is_empty());
    let report = run_files(&[("one.hl7", "MSH"), ("one.expect", "well\n")]);
    assert_eq!(report.failed(), 1);
    assert!(report.problems.iter().all(|one| one.code.text() == "V010"));
}

#[test]
fn files_without_expectations_are_answered_and_expectations_without_files_fail() {
    let message = "MSH|^~\\&|A|B|C|D|20260502||ADT^A01|1|P|2.5.1\r";
    let batch = format!("BHS|^~\\&\r{message}{message}PID\x00|1\rBTS|3\r");
    let report = run_files(&[
        ("batch.hl7", &batch),
        ("notes.txt", "nothing here"),
        ("message.txt", message),
        ("picture.png", ""),
        ("nothing.hl7", ""),
        ("alone.expect", "accepted\n"),
    ]);
    assert_eq!(report.passed_over, 2);
    assert_eq!(report.failed(), 1);
    let [file, other, nothing] = report.files.as_slice() else {
        unreachable!("three files are to hold messages");
    };
    assert_eq!((file.messages, file.accepted, other.accepted), (2, 1, 1));
    assert!(
        file.envelope
            .iter()
            .all(|told| told.contains("BTS-1 says 3 messages"))
    );
    assert_eq!(nothing.envelope, ["the file holds no message"]);
    let refused = file
        .refused
        .iter()
        .map(|one| (one.message, one.code, one.place.as_str()));
    assert!(refused.eq([(2, 100, format!("byte {}", message.len()).as_str())]));
}
