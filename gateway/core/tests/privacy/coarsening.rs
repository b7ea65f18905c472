//! What is left of coarsened values, by the rules of 45 CFR 164.514(b) and FHIR's partial dates;
//! that a coarsening fits its element is shown in `load_errors`.

use crate::scenario::{bytes_of, loaded, policy_with, record};

fn left_of(path: &str, more: &str, resource: &str) -> String {
    let set = loaded(&policy_with(&[(path, "demographic", more)]));
    let bytes = bytes_of(&set, &record(&[resource]));
    let (_, rest) = bytes.split_once(',').unwrap_or_default();
    rest.trim_end_matches('}').to_owned()
}

fn birth_date(coarsen: &str, date: &str) -> String {
    let patient = format!(r#"{{"resourceType":"Patient","birthDate":"{date}"}}"#);
    left_of(
        "Patient.birthDate",
        &format!("coarsen = \"{coarsen}\""),
        &patient,
    )
}

#[test]
fn dates() {
    let cases = [
        ("year", "1980-05-17", r#""birthDate":"1980""#),
        ("year", "1980-05", r#""birthDate":"1980""#),
        ("year", "1980", r#""birthDate":"1980""#),
        ("month", "1980-05-17", r#""birthDate":"1980-05""#),
        ("month", "1980", r#""birthDate":"1980""#),
        ("none", "1980-05-17", r#""birthDate":"1980-05-17""#),
        ("year", "17/05/1980", ""),
        ("year", "1980-02-31", ""),
        ("month", "19800517", ""),
        ("none", "on her birthday", ""),
    ];
    for (coarsen, date, expected) in cases {
        assert_eq!(birth_date(coarsen, date), expected, "{coarsen} {date}");
    }
}

#[test]
fn an_instant_becomes_a_date_time() {
    let resource = r#"{"resourceType":"Observation","issued":"2026-02-03T10:00:00.123+01:00"}"#;
    let more = "coarsen = \"month\"\nas = \"dateTime\"";
    assert_eq!(
        left_of("Observation.issued", more, resource),
        r#""issued":"2026-02""#
    );
}

#[test]
fn postal_codes() {
    let cases = [
        ("62701", r#""address":[{"postalCode":"627"}]"#),
        (" 62701-1234 ", r#""address":[{"postalCode":"627"}]"#),
        ("05901", r#""address":[{"postalCode":"000"}]"#),
        ("89301", r#""address":[{"postalCode":"000"}]"#),
        ("K1A 0B1", ""),
        ("627", ""),
        ("6270", ""),
    ];
    for (code, expected) in cases {
        let patient =
            format!(r#"{{"resourceType":"Patient","address":[{{"postalCode":"{code}"}}]}}"#);
        let left = left_of("Patient.address.postalCode", "coarsen = \"zip3\"", &patient);
        assert_eq!(left, expected.trim_end_matches('}'), "{code}");
    }
}

#[test]
fn an_address_to_its_state() {
    let patient = r#"{"resourceType":"Patient","address":[{"use":"home","line":["x"],"city":"x",
        "state":"IL","postalCode":"62701","country":"US"},{"use":"work","state":"MO"}]}"#;
    let left = left_of("Patient.address[use=home]", "coarsen = \"state\"", patient);
    assert_eq!(
        left,
        r#""address":[{"state":"IL","country":"US","use":"home"}]"#
    );
}
