//! Each function by what it gives in a row, and what it says of values that it does not take.

use crate::scenario::{admitted, patient, texts, warnings};

/// What a row of texts gives for a value of PID-5.
fn text(function: &str, value: &str) -> String {
    let made = patient(
        &format!("name[].text <- PID-5[0].1 | {function}"),
        &format!("PID|||||{value}"),
    );
    made.replace(r#"{"name":[{"text":"#, "")
        .replace("}]}", "")
        .replace('"', "")
}

#[test]
fn texts_are_shaped() {
    for (function, value, expected) in [
        ("lower", "ÄB", "äb"),
        ("upper", "äb", "ÄB"),
        ("trim", " a ", "a"),
        ("digits", "(555) 1-2", "55512"),
        ("digits", "none", ""),
        ("prefix(\"urn:oid:\")", "1.2", "urn:oid:1.2"),
        ("left(3)", "02139", "021"),
        ("left(9)", "äö", "äö"),
        ("e164(\"US\")", "(555) 123-4567", "+15551234567"),
        ("year", "19890118", "1989"),
        ("month", "19890118", "1989-01"),
        ("ts", "2026-01-02T03:04:05Z", "20260102030405+0000"),
        ("time", "0304", "03:04:00"),
    ] {
        assert_eq!(text(function, value), expected, "{function} of {value}");
    }
}

#[test]
fn several_values_become_one() {
    assert_eq!(
        patient(
            "name[0].text <- PID-5.2, PID-5.1 | join(\" \")",
            "PID|||||Doe^Ann"
        ),
        r#"{"name":[{"text":"Ann Doe"}]}"#
    );
    assert_eq!(
        patient(
            "name[0].text <- PID-5.2, PID-5.1 | join(\" \")",
            "PID|||||Doe"
        ),
        r#"{"name":[{"text":"Doe"}]}"#
    );
}

#[test]
fn values_that_do_not_fit_are_told_and_left_out() {
    let rows = "resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
                birthDate <- PID-7 | date\n  \
                multipleBirthInteger <- PID-25 | integer\n  deceasedBoolean <- PID-30 | yes-no\n  \
                telecom[].value <- PID-13 | e164(\"US\")\n";
    let pid = format!(
        "PID|||||||19891340|F|||||12{}x{}?",
        "|".repeat(12),
        "|".repeat(5)
    );
    let translation = admitted(rows, &[&pid]);
    assert_eq!(texts(&translation), [r#"{"gender":"female"}"#]);
    let expected = [
        "R101 PID-7[0]",
        "R103 PID-25[0]",
        "R104 PID-30[0]",
        "R105 PID-13[0]",
    ];
    assert_eq!(warnings(&translation), expected);
    let shown = format!("{:?} {}", translation.warnings, translation.warnings[0]);
    assert!(!shown.contains("19891340"));
}

#[test]
fn a_time_takes_its_offset_from_the_header() {
    assert_eq!(
        patient(
            "deceasedDateTime <- PID-29 | datetime",
            &format!("PID{}202601020304", "|".repeat(29))
        ),
        r#"{"deceasedDateTime":"2026-01-02T03:04:00-05:00"}"#
    );
}

#[test]
fn the_run_gives_settings_and_its_time() {
    let rows = "resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
                language <- setting(\"site\")\n  meta.lastUpdated <- received-at()\n  \
                implicitRules <- setting(\"unset\") // \"urn:x\"\n";
    let expected = "{\"gender\":\"female\",\"language\":\"north\",\
        \"meta\":{\"lastUpdated\":\"2026-01-02T03:04:05.000Z\"},\"implicitRules\":\"urn:x\"}";
    assert_eq!(texts(&admitted(rows, &["PID||||||||F"])), [expected]);
}
