//! Segments that a sender defines for itself, structures that it means whatever MSH-9 says, and
//! what a message has that its structure does not foresee.

use std::sync::Arc;

use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_mappings::library::Library;
use isthmus_mappings::loader::Files;

use crate::scenario::{context, message, only, texts, warnings};

const DEFINED: &str = "define segment ZPI after PID
  1 SI  \"Set ID\"
  2 CWE \"Preferred pharmacy\"
  4 XTN \"Text-message number\" repeats
";

const PATIENT: &str = "resource Patient per PID
  id                    <- PID-3[0].1
  maritalStatus.text    <- ZPI-2.2
  part telecom[] per ZPI-4
    value <- .1 required
";

/// A map of these events with this header.
fn map(events: &str, header: &str, blocks: &str) -> Files {
    let text = format!("map t 1\nfrom hl7v2 {events}\nto fhir R4\n{header}{blocks}");
    Files::default().with_map("t.rmap", &text)
}

fn faults(files: &Files) -> Vec<String> {
    let library = Library::of(files, None);
    let all = library.diagnostics().iter();
    all.map(|one| format!("{} {}:{}", one.code, one.line, one.column))
        .collect()
}

#[test]
fn a_defined_segment_is_read_as_any_other() {
    let map = only(&map("ADT^A01", DEFINED, PATIENT));
    let segments = [
        "PID|1||P",
        "ZPI|1|5^Corner Pharmacy||555-0100~555-0101",
        "PV1|1|I",
    ];
    let translation = map
        .translate(&message("ADT^A01", &segments), &context())
        .unwrap();
    assert_eq!(
        texts(&translation),
        [
            "{\"id\":\"P\",\"maritalStatus\":{\"text\":\"Corner Pharmacy\"},\
             \"telecom\":[{\"value\":\"555-0100\"},{\"value\":\"555-0101\"}]}"
        ]
    );
    let warned = warnings(&translation);
    assert!(!warned.iter().any(|one| one.contains("ZPI")), "{warned:?}");
}

#[test]
fn a_defined_segment_belongs_to_the_group_that_it_stands_in() {
    let blocks = "each ORDER_OBSERVATION
  resource DiagnosticReport per OBR
    id              <- OBR-3.1
    status          <- \"final\"
    code.text       <- OBR-4.1
    conclusion      <- ZOR-1
  each OBSERVATION
    resource Observation per OBX
      id            <- OBR-3.1, OBX-1 | join(\"-\")
      status        <- \"final\"
      code.text     <- ZOX-1
";
    let header = "define segment ZOR after OBR\n  1 ST \"Order\"\n\
                  define segment ZOX in OBSERVATION\n  1 ST \"Result\"\n";
    let map = only(&map("ORU^R01", header, blocks));
    let segments = [
        "PID|||P",
        "OBR|1||A|X",
        "ZOR|of A",
        "OBX|1|ST|one",
        "ZOX|of one",
        "OBX|2|ST|two",
        "OBR|2||B|Y",
        "ZOR|of B",
        "OBX|1|ST|three",
        "ZOX|of three",
    ];
    let translation = map
        .translate(&message("ORU^R01", &segments), &context())
        .unwrap();
    let all = texts(&translation).join("\n");
    for (id, text) in [("A", "of A"), ("B", "of B")] {
        let report = format!("\"id\":\"{id}\",\"status\":\"final\",\"code\":{{\"text\":\"");
        assert!(all.contains(&report), "{all}");
        assert!(all.contains(&format!("\"conclusion\":\"{text}\"")), "{all}");
    }
    assert!(all.contains("\"id\":\"A-1\",\"status\":\"final\",\"code\":{\"text\":\"of one\"}"));
    assert!(
        all.contains("\"id\":\"A-2\",\"status\":\"final\"}"),
        "{all}"
    );
    assert!(all.contains("\"id\":\"B-1\",\"status\":\"final\",\"code\":{\"text\":\"of three\"}"));
}

#[test]
fn libraries_define_segments_for_the_maps_that_use_them() {
    let library = format!("map lib 2\nfrom hl7v2\nto fhir R4\n{DEFINED}");
    let files = map("ADT^A01", "use lib@2\n", PATIENT).with_map("lib.rmap", &library);
    let found = only(&files);
    let segments = ["PID|1||P", "ZPI|1|5^Corner Pharmacy"];
    let translation = found.translate(&message("ADT^A01", &segments), &context());
    assert!(texts(&translation.unwrap())[0].contains("Corner Pharmacy"));
    let twice = map("ADT^A01", &format!("use lib@2\n{DEFINED}"), PATIENT);
    let twice = twice.with_map("lib.rmap", &library);
    assert_eq!(faults(&twice), ["M224 5:16"]);
}

#[test]
fn what_is_not_defined_or_cannot_be_followed_does_not_load() {
    let of = |header: &str, row: &str| {
        faults(&map(
            "ADT^A01",
            header,
            &format!("resource Patient\n  {row}\n"),
        ))
    };
    let gender = "gender <- PID-8";
    assert_eq!(of("", "id <- ZPI-2"), ["M218 5:9"]);
    assert_eq!(
        of("define segment ZPI after PID\n", "id <- ZPI-2"),
        ["M202 6:9"]
    );
    assert_eq!(of("define segment PID after MSH\n", gender), ["M224 4:16"]);
    assert_eq!(of("define segment ZPIX after PID\n", gender), ["M224 4:16"]);
    assert_eq!(of("define segment ZPI after PIX\n", gender), ["M224 4:26"]);
    assert_eq!(
        of("define segment ZPI in INSURENCE\n", gender),
        ["M224 4:23"]
    );
    assert_eq!(of("define segment ZPI\n", gender), ["M104 4:19"]);
    let field = |line: &str| {
        let header = format!("define segment ZPI after PID\n{line}\n");
        of(&header, gender)
    };
    assert_eq!(field("  1 ABC \"Name\""), ["M224 5:5"]);
    assert_eq!(field("  0 ST \"Name\""), ["M224 5:3"]);
    assert_eq!(field("  1 ST \"Name\"\n  1 ST \"Again\""), ["M224 6:3"]);
    assert_eq!(field("  one ST \"Name\""), ["M104 5:3"]);
    assert_eq!(field("  1 ST Name"), ["M104 5:8"]);
    assert_eq!(field("    1 ST \"Name\""), ["M103 5:5"]);
    let below = "resource Patient\n  gender <- PID-8\ndefine segment ZPI after PID\n";
    assert_eq!(faults(&map("ADT^A01", "", below)), ["M108 6:1"]);
}

#[test]
fn a_sender_has_maps_of_its_own() {
    let text = |name: &str, from: &str| {
        format!(
            "map {name} 1\nfrom hl7v2 {from}\nto fhir R4\nresource Patient\n  id <- PID-3[0].1\n"
        )
    };
    let files = Files::default()
        .with_map("all.rmap", &text("all", "ADT^A01,A04"))
        .with_map(
            "own.rmap",
            &text("own", "ADT^A01 sender \"mercy\", \"lab\""),
        );
    let library = Library::of(&files, None);
    assert!(
        library.diagnostics().is_empty(),
        "{:?}",
        library.diagnostics()
    );
    let name = |sender: &str, event: &str| {
        library
            .for_event(sender, "ADT", event)
            .map(|map| map.name().to_owned())
    };
    assert_eq!(name("mercy", "A01").as_deref(), Some("own"));
    assert_eq!(name("lab", "A01").as_deref(), Some("own"));
    assert_eq!(name("mercy", "A04").as_deref(), Some("all"));
    assert_eq!(name("other", "A01").as_deref(), Some("all"));
    assert_eq!(name("mercy", "A08"), None);
    assert_eq!(library.events(), ["ADT^A01", "ADT^A04"]);
    assert!(library.unknown_senders(&["mercy", "lab"]).is_empty());
    let unknown = library.unknown_senders(&["mercy", "labs"]);
    assert_eq!(unknown.len(), 1);
    assert_eq!(
        (unknown[0].line, unknown[0].code.to_string()),
        (2, "M225".to_owned())
    );
    assert_eq!(unknown[0].help.as_deref(), Some("did you mean `labs`?"));
    let twice = files.with_map("twice.rmap", &text("twice", "ADT^A01 sender \"lab\""));
    assert_eq!(faults(&twice), ["M323 2:1"]);
}

#[test]
fn a_senders_structure_goes_before_the_one_of_msh_9() {
    // ORU_R01 has a group that ADT_A01 does not have.
    let blocks = "each PATIENT_RESULT\n  resource Patient per PID\n    id <- PID-3[0].1\n";
    let map = only(&map("ORU^R01,ADT^A01", "", blocks));
    let message = message("ADT^A01", &["PID|1||P", "OBR|1||A|X"]);
    let plain = map.translate(&message, &context()).unwrap();
    assert!(texts(&plain).is_empty());
    let mut agreed = context();
    let rules = GroupingRules::none().with_structure("ADT", Some("A01"), "ORU_R01");
    agreed.structures = Arc::new(rules.unwrap());
    let translation = map.translate(&message, &agreed).unwrap();
    assert_eq!(texts(&translation), [r#"{"id":"P"}"#]);
}

#[test]
fn what_the_structure_does_not_foresee_is_told_once_a_kind() {
    let map = only(&map(
        "ADT^A01",
        "",
        "resource Patient per PID\n  id <- PID-3[0].1\n",
    ));
    let segments = [
        "EVN|A01", "PID|1||P", "PV1|1|I", "OBR|1", "OBR|2", "ZPI|1", "ZPI|2", "ZPD|1",
    ];
    let translation = map
        .translate(&message("ADT^A01", &segments), &context())
        .unwrap();
    assert_eq!(warnings(&translation), ["R142 OBR", "R143 ZPI", "R143 ZPD"]);
}
