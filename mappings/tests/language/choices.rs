//! `choose`, conditions and tables.

use crate::scenario::{admitted, failures, patient, texts, translated, warnings};

const VALUE: &str = "each PATIENT_RESULT
  each ORDER_OBSERVATION
    each OBSERVATION
      resource Observation per OBX
        status    <- \"final\"
        code.text <- OBX-3.1
        choose OBX-2
          case \"NM\"
            valueQuantity.value <- OBX-5 | decimal when is-decimal(OBX-5)
            valueString <- OBX-5 when not is-decimal(OBX-5)
          case \"ST\", \"TX\"
            valueString <- OBX-5 | lines
          case \"CE\"
            valueCodeableConcept.text <- OBX-5.2
          else
            reject \"this value type is not mapped\" when OBX-2 present
";

fn value(obx: &str) -> String {
    let translation = translated("ORU^R01", VALUE, &["OBR|1", obx]).unwrap();
    let text = texts(&translation).pop().unwrap();
    text.replace(r#"{"status":"final","code":{"text":"c"},"#, "")
        .trim_end_matches('}')
        .to_owned()
}

#[test]
fn the_first_case_that_fits_is_carried_out() {
    assert_eq!(
        value("OBX|1|NM|c||98.00"),
        r#""valueQuantity":{"value":98.00"#
    );
    assert_eq!(value("OBX|1|NM|c||<15"), r#""valueString":"<15""#);
    assert_eq!(value("OBX|1|TX|c||a~b^c"), r#""valueString":"a\nb^c""#);
    assert_eq!(
        value("OBX|1|CE|c||1^one"),
        r#""valueCodeableConcept":{"text":"one""#
    );
    assert_eq!(
        value("OBX|1||c||1"),
        r#"{"status":"final","code":{"text":"c""#
    );
    let outcome = translated("ORU^R01", VALUE, &["OBR|1", "OBX|1|XX|c"]);
    assert_eq!(failures(outcome), ["R151 OBX"]);
}

#[test]
fn conditions_look_at_values() {
    let holds = |condition: &str, pid: &str| {
        !patient(&format!("active <- PID-30 | yes-no when {condition}"), pid).is_empty()
    };
    let pid = |segment: &str| {
        let fields = segment.matches('|').count();
        format!("{segment}{}Y", "|".repeat(30 - fields))
    };
    let ann = pid("PID|1||1~2||Ann^B~C||1980|F");
    for (condition, expected) in [
        ("PID-5 present", true),
        ("PID-6 present", false),
        ("not PID-6 present and PID-5 present", true),
        (
            "PID-6 present or (PID-8 = \"F\" and PID-7 = \"1980\")",
            true,
        ),
        ("PID-8 != \"F\"", false),
        ("PID-6 != \"F\"", true),
        ("PID-8 in (\"M\", \"F\")", true),
        ("PID-8 in sex", true),
        ("PID-5.1 in sex", false),
        ("PID-7 > 1979", true),
        ("PID-7 < 1979", false),
        ("count(PID-3) = 2", true),
        ("count(PID-3) > 2", false),
        ("length(PID-7) > 3", true),
        ("is-date(PID-7)", true),
        ("is-date(PID-5)", false),
        ("PID-5.1 = \"C\"", true),
        ("PID-7 null", false),
    ] {
        assert_eq!(holds(condition, &ann), expected, "{condition}");
    }
    assert!(holds("PID-7 null", &pid("PID|||||||\"\"")));
}

#[test]
fn tables_have_a_rule_for_other_codes() {
    let row = |table: &str, code: &str| {
        let blocks = format!(
            "resource Patient per PID\n  birthDate <- PID-7 | date\n  \
             gender <- PID-8 | table({table})\n"
        );
        let translation = translated("ADT^A01", &blocks, &[&format!("PID|||||||1980|{code}")])?;
        let gender = texts(&translation)[0].replace(r#"{"birthDate":"1980""#, "");
        Ok((gender, warnings(&translation)))
    };
    let found = |table: &str, code: &str| row(table, code).unwrap();
    assert_eq!(found("sex", "F").0, r#","gender":"female"}"#);
    assert_eq!(found("sex", "Q").0, r#","gender":"unknown"}"#);
    assert_eq!(found("sex", "Q").1, ["R120 PID-8[0]"]);
    assert_eq!(found("skip", "Q").0, "}");
    assert_eq!(found("keep", "Q").0, r#","gender":"Q"}"#);
    assert_eq!(found("strict", "X").0, "}");
    let refused = row("strict", "Q").map(|_| panic!("unmapped"));
    assert_eq!(failures(refused), ["R120 PID-8[0]"]);
}

#[test]
fn tables_give_system_and_display() {
    let rows = "resource Patient per PID\n  \
                maritalStatus.coding[0].system <- PID-8 | table-system(sex)\n  \
                maritalStatus.coding[0].display <- PID-8 | table-display(sex)\n";
    let expected = r#"{"maritalStatus":{"coding":[{"system":"urn:sex","display":"Female"}]}}"#;
    assert_eq!(texts(&admitted(rows, &["PID||||||||F"])), [expected]);
    assert!(admitted(rows, &["PID||||||||M"]).resources.is_empty());
}
