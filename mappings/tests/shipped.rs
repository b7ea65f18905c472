//! The maps that ship load without a complaint, and their cases pass and reach their rows.
//! What the language means is tested in `language`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests may be blunt")]

use std::path::Path;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Renderer;
use isthmus_core::subject::subject_of;
use isthmus_hl7v2::message::Message;
use isthmus_mappings::cases::runner::run;
use isthmus_mappings::context::RunContext;
use isthmus_mappings::library::Library;

/// Rows that cases must reach, in percent.
const MIN_ROWS: usize = 95;

#[test]
fn the_maps_load_and_their_cases_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Library::load(folder, None).unwrap();
    assert_eq!(Renderer::default().render_all(library.diagnostics()), "");
    let report = run(&library, folder, "", false).unwrap();
    let failed: Vec<_> = report
        .results
        .iter()
        .filter(|one| one.is_failed())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(
        report.coverage() >= MIN_ROWS,
        "{} %: {:#?}",
        report.coverage(),
        report.unfired
    );
}

/// The subject of a message with this PID-3, and the id of its patient.
fn identities(library: &Library, event: &str, pid_3: &str) -> (String, String) {
    let head = format!("MSH|^~\\&|APP|FAC|||20260102030405-0500||{event}|1|P|2.5.1");
    let text = format!("{head}\rPID|1||{pid_3}||Doe^Ann\rOBR|1||7|1^T\rOBX|1|ST|2^U||a||||||F");
    let message = Message::parse(text).unwrap();
    let map = library
        .maps()
        .iter()
        .find(|map| map.events().iter().any(|one| one == event))
        .unwrap();
    let mut context = RunContext::new(Timestamp::from_unix_millis(1_767_323_045_000));
    context
        .settings
        .insert("default-authority".into(), "HERE".into());
    let translation = map.translate(&message, &context).unwrap();
    let patient = translation
        .resources
        .iter()
        .find(|one| one.resource_type() == "Patient")
        .unwrap();
    let subject = subject_of(&message, "HERE").unwrap();
    let subject = format!("{}|{}", subject.authority, subject.value.reveal());
    (subject, patient.id().unwrap().to_owned())
}

/// Two messages about one subject have one Patient.id, others another.
#[test]
fn the_patient_of_the_maps_is_the_subject_of_consent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = Library::load(folder, None).unwrap();
    let same = [
        "7^^^^MR~000-00-0041^^^SSA^SS",
        "000-00-0041^^^SSA^SS~7^^^^MR",
        "7^^^HERE^MR",
        "7",
        "7^^^^MR~8^^^THERE^MR",
        "000-00-0041^^^SSA^SS~7^^^HERE^MR~8^^^THERE^MR",
        "000-00-0041^^^SSA^SS~7^^^^MR~8^^^^MR",
        "7~000-00-0041^^^SSA^SS",
        "7^^^&HERE&ISO^PI",
    ];
    let other = ["7^^^THERE^MR~7", "7^^^&THERE&ISO~8", "8^^^HERE^MR"];
    for event in ["ADT^A08", "ORU^R01"] {
        let known = identities(&library, event, "7^^^HERE^MR");
        assert_eq!(known.0, "HERE|7");
        for pid_3 in same {
            assert_eq!(identities(&library, event, pid_3), known, "{pid_3}");
        }
        for pid_3 in other {
            let found = identities(&library, event, pid_3);
            assert!(found.0 != known.0 && found.1 != known.1, "{pid_3}");
        }
    }
}
