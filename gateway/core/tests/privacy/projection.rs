//! What the projection builds: granted values in their places, constants of keys, and nothing else.
//! That other values have no influence is shown in `non_interference`.

use crate::scenario::{LEAVES, PATIENT, bytes_of, granted, loaded, policy, policy_with, record};

#[test]
fn exactly_the_granted_values_leave() {
    let set = loaded(&policy());
    assert_eq!(bytes_of(&set, &record(&[PATIENT])), LEAVES);
}

#[test]
fn a_resource_without_a_granted_value_does_not_leave() {
    let set = loaded(&policy());
    let bare =
        r#"{"resourceType":"Patient","name":[{"use":"official"},{"use":"old","family":"x"}]}"#;
    assert!(granted(&set, &record(&[bare])).is_none());
    let other = r#"{"resourceType":"Observation","status":"final","valueString":"x"}"#;
    assert_eq!(bytes_of(&set, &record(&[PATIENT, other])), LEAVES);
}

#[test]
fn one_repetition_stays_one_repetition() {
    let rows = [
        ("Patient.name[0].family", "contact", ""),
        ("Patient.name[use=official].given", "contact", ""),
        ("Patient.name[use=old].text", "contact", ""),
    ];
    let set = loaded(&policy_with(&rows));
    let patient = r#"{"resourceType":"Patient","name":[
        {"use":"official","family":"A","given":["B","C"],"text":"T"},
        {"use":"old","family":"D","given":["E"],"text":"U"},
        {"use":"official","family":"F"},
        {"use":"official","family":"G","given":["H"]}]}"#;
    let expected = concat!(
        r#"{"resourceType":"Patient","name":[{"family":"A","given":["B","C"],"use":"official"},"#,
        r#"{"text":"U","use":"old"},{"given":["H"],"use":"official"}]}"#
    );
    assert_eq!(bytes_of(&set, &record(&[patient])), expected);
}

#[test]
fn a_key_is_written_only_with_a_value_that_it_grants() {
    let rows = [
        ("Patient.name[0].family", "contact", ""),
        ("Patient.name[use=official].given", "contact", ""),
    ];
    let set = loaded(&policy_with(&rows));
    let patient = r#"{"resourceType":"Patient","name":[{"use":"official","family":"A"}]}"#;
    let expected = r#"{"resourceType":"Patient","name":[{"family":"A"}]}"#;
    assert_eq!(bytes_of(&set, &record(&[patient])), expected);
}

#[test]
fn what_is_not_of_the_granted_type_does_not_leave() {
    let rows = [
        ("Patient.name.family", "contact", ""),
        ("Patient.active", "demographic", ""),
        ("Patient.birthDate", "demographic", ""),
        ("Patient.multipleBirthInteger", "demographic", ""),
        ("Patient.gender", "demographic", ""),
        ("Patient.name.given", "contact", ""),
    ];
    let set = loaded(&policy_with(&rows));
    let patient = r#"{"resourceType":"Patient","active":"secret","birthDate":"secret",
        "name":[{"family":{"secret":"x"},"given":[["x"],null,"ok",7]}],
        "multipleBirthInteger":"secret","gender":["secret"]}"#;
    let expected = r#"{"resourceType":"Patient","name":[{"given":["ok"]}]}"#;
    assert_eq!(bytes_of(&set, &record(&[patient])), expected);
}

#[test]
fn codes_leave_only_with_a_named_system() {
    let rows = [
        (
            "Patient.maritalStatus.coding.code",
            "demographic",
            "systems = [\"urn:a\", \"urn:b\"]",
        ),
        (
            "Patient.communication.language.coding[system=\"urn:a\"].code",
            "demographic",
            "",
        ),
    ];
    let set = loaded(&policy_with(&rows));
    let patient = r#"{"resourceType":"Patient","maritalStatus":{"coding":[
        {"system":"urn:b","code":"1"},{"system":"urn:c","code":"2"},{"code":"3"}]},
        "communication":[{"language":{"coding":[{"system":"urn:x","code":"4"},
        {"system":"urn:a","code":"5"}]}}]}"#;
    let expected = concat!(
        r#"{"resourceType":"Patient","maritalStatus":{"coding":[{"code":"1"}]},"#,
        r#""communication":[{"language":{"coding":[{"code":"5","system":"urn:a"}]}}]}"#
    );
    assert_eq!(bytes_of(&set, &record(&[patient])), expected);
}

#[test]
fn an_extension_of_a_value_leaves_by_its_url() {
    let path = "Patient.birthDate.extension[url=\"urn:birth-time\"].valueDateTime";
    let set = loaded(&policy_with(&[(
        path,
        "demographic",
        "coarsen = \"month\"",
    )]));
    let expected = concat!(
        r#"{"resourceType":"Patient","_birthDate":{"extension":[{"valueDateTime":"1980-05","#,
        r#""url":"urn:birth-time"}]}}"#
    );
    assert_eq!(bytes_of(&set, &record(&[PATIENT])), expected);
}

#[test]
fn granted_values_are_masked_in_texts() {
    let set = loaded(&policy());
    let shown = format!("{:?}", granted(&set, &record(&[PATIENT])).unwrap());
    assert!(shown.starts_with("GrantedRecord"));
    assert!(
        !shown.contains("Example") && !shown.contains("1980"),
        "{shown}"
    );
}
