//! In which group a segment's name is looked for.

use crate::scenario::{faults, files, texts, translated, warnings};

const RESULTS: &str = "each PATIENT_RESULT
  resource Patient as patient per PID
    id <- PID-3.1
  each ORDER_OBSERVATION
    resource DiagnosticReport as report per OBR
      id         <- OBR-3.1
      status     <- \"final\"
      code.text  <- OBR-4.1
      subject    <- ref(patient)
      conclusion <- NTE-3 | lines
      result[]   <- refs(obs)
    each OBSERVATION
      resource Observation as obs per OBX
        id        <- OBR-3.1, OBX-1 | join(\"-\")
        status    <- \"final\"
        code.text <- OBX-3.1
        subject   <- ref(patient)
        part note[] per NTE
          text <- NTE-3 required
";

const SEGMENTS: [&str; 9] = [
    "PID|||P",
    "NTE|1||of the patient",
    "OBR|1||A|X",
    "NTE|1||of order A",
    "NTE|2||second line~third line",
    "OBX|1|ST|one",
    "NTE|1||of one",
    "OBR|2||B|Y",
    "OBX|1|ST|two",
];

#[test]
fn a_name_means_the_innermost_group_and_never_a_neighbour() {
    let translation = translated("ORU^R01", RESULTS, &SEGMENTS).unwrap();
    assert_eq!(
        texts(&translation),
        [
            r#"{"id":"P"}"#,
            "{\"id\":\"A\",\"status\":\"final\",\"code\":{\"text\":\"X\"},\
                \"subject\":{\"reference\":\"Patient/P\"},\
                \"conclusion\":\"of order A\\nsecond line\\nthird line\",\
                \"result\":[{\"reference\":\"Observation/A-1\"}]}",
            "{\"id\":\"A-1\",\"status\":\"final\",\"code\":{\"text\":\"one\"},\
                \"subject\":{\"reference\":\"Patient/P\"},\"note\":[{\"text\":\"of one\"}]}",
            "{\"id\":\"B\",\"status\":\"final\",\"code\":{\"text\":\"Y\"},\
                \"subject\":{\"reference\":\"Patient/P\"},\
                \"result\":[{\"reference\":\"Observation/B-1\"}]}",
            "{\"id\":\"B-1\",\"status\":\"final\",\"code\":{\"text\":\"two\"},\
                \"subject\":{\"reference\":\"Patient/P\"}}",
        ]
    );
}

#[test]
fn several_patients_keep_their_own_results() {
    let segments = ["PID|||P", "OBR|1||A|X", "PID|||Q", "OBR|2||B|Y"];
    let translation = translated("ORU^R01", RESULTS, &segments).unwrap();
    let all = texts(&translation).join("\n");
    assert!(all.contains(
        r#""id":"A","status":"final","code":{"text":"X"},"subject":{"reference":"Patient/P"}"#
    ));
    assert!(all.contains(
        r#""id":"B","status":"final","code":{"text":"Y"},"subject":{"reference":"Patient/Q"}"#
    ));
}

#[test]
fn older_versions_have_the_groups_under_other_names() {
    use crate::scenario::{context, only};
    use isthmus_hl7v2::message::Message;
    let map = only(&files("ORU^R01", RESULTS));
    for version in [
        "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.2",
    ] {
        let head = format!("MSH|^~\\&|A|F|||20260102||ORU^R01|1|P|{version}");
        let all: Vec<&str> = std::iter::once(head.as_str()).chain(SEGMENTS).collect();
        let message = Message::parse(all.join("\r")).unwrap();
        let translation = map.translate(&message, &context()).unwrap();
        assert_eq!(
            translation.resources.len(),
            5,
            "{version}: {:?}",
            texts(&translation)
        );
    }
}

#[test]
fn per_opens_the_groups_inside() {
    let blocks = "resource Procedure per PR1\n  status <- \"completed\"\n  code.text <- PR1-3.1\n  \
                  subject.display <- PID-5.1\n";
    let segments = ["PID|||||Doe", "PV1|1", "PR1|1||A", "PR1|2||B"];
    let translation = translated("ADT^A01", blocks, &segments).unwrap();
    assert_eq!(translation.resources.len(), 2);
    assert!(texts(&translation)[1].contains(r#""code":{"text":"B"},"subject":{"display":"Doe"}"#));
}

#[test]
fn a_path_may_go_through_groups() {
    let blocks = "each ORDER_OBSERVATION
  resource DiagnosticReport per OBR
    id                   <- OBR-3.1
    status               <- \"final\"
    code.text            <- OBR-4.1
    conclusion           <- OBSERVATION/OBX-3.1 | join(\" \")
    part presentedForm[] per OBSERVATION/NTE
      title              <- NTE-3 required
resource Patient per PID
  id                     <- PID-3[0].1
  name[].text            <- ORDER_OBSERVATION[1..]/OBSERVATION[0]/OBX-3.1
  maritalStatus.text     <- PATIENT/PID-3[0].1
";
    let segments = [
        "PID|||P",
        "OBR|1||A|X",
        "NTE|1||of order A",
        "OBX|1|ST|one",
        "NTE|1||of one",
        "OBX|2|ST|two",
        "NTE|1||of two",
        "OBR|2||B|Y",
        "OBX|1|ST|three",
        "OBX|2|ST|four",
    ];
    let translation = translated("ORU^R01", blocks, &segments).unwrap();
    assert_eq!(
        texts(&translation),
        [
            "{\"id\":\"A\",\"status\":\"final\",\"code\":{\"text\":\"X\"},\
             \"conclusion\":\"one two\",\
             \"presentedForm\":[{\"title\":\"of one\"},{\"title\":\"of two\"}]}",
            "{\"id\":\"B\",\"status\":\"final\",\"code\":{\"text\":\"Y\"},\
             \"conclusion\":\"three four\"}",
            "{\"id\":\"P\",\"name\":[{\"text\":\"three\"}],\
             \"maritalStatus\":{\"text\":\"P\"}}",
        ]
    );
}

#[test]
fn a_group_that_does_not_have_the_segment_is_an_error_that_says_which_has() {
    let of = |path: &str| {
        let row = format!("resource Patient\n  name[].text <- {path}\n");
        let found = faults(&files("ORU^R01", &row));
        let told = found.iter().filter(|one| one.is_error());
        let told = told.map(|one| (one.code.to_string(), one.help.clone().unwrap_or_default()));
        told.collect::<Vec<_>>()
    };
    let code = |code: &str, help: &str| vec![(code.to_owned(), help.to_owned())];
    assert_eq!(
        of("OBSERVATIONS/OBX-5"),
        code("M217", "did you mean `OBSERVATION`?")
    );
    assert_eq!(
        of("PATIENT/OBR-4"),
        code("M217", "OBR stands in ORDER_OBSERVATION")
    );
    let nested = "OBSERVATION/ORDER_OBSERVATION/OBX-5";
    assert_eq!(of(nested)[0].0, "M217");
    assert_eq!(of("OBSERVATION[5=\"x\"]/OBX-5")[0].0, "M219");
    assert!(of("PATIENT_RESULT/ORDER_OBSERVATION/OBSERVATION/OBX-5").is_empty());
}

#[test]
fn a_segment_out_of_place_is_told() {
    let blocks = "resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
                  maritalStatus.text <- OBR-4.1\n";
    let translation = translated("ADT^A01", blocks, &["PID||||||||F", "OBR|1"]).unwrap();
    assert_eq!(warnings(&translation), ["R142 OBR"]);
}
