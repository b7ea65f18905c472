//! Repeats, dense arrays, keyed elements and typed rows that build one element.

use crate::scenario::{admitted, patient, texts, warnings};

#[test]
fn each_repetition_makes_an_element_in_source_order() {
    let rows = "resource Patient per PID\n  name[] <- PID-5 : XPN\n  name[] <- PID-9 : XPN\n\
                type XPN to HumanName\n  family <- .1.1\n";
    let translation = admitted(rows, &["PID|||||A~^x~B||||C"]);
    let expected = r#"{"name":[{"family":"A"},{"family":"B"},{"family":"C"}]}"#;
    assert_eq!(texts(&translation), [expected]);
}

#[test]
fn a_single_target_takes_the_first() {
    assert_eq!(
        patient("gender <- PID-8[0] | table(sex)", "PID||||||||F~M"),
        r#"{"gender":"female"}"#
    );
    assert_eq!(
        patient("name[0].family <- PID-5", "PID|||||A~B"),
        r#"{"name":[{"family":"A"}]}"#
    );
}

#[test]
fn arrays_are_dense() {
    let rows = "name[0].given[0] <- PID-5[0].2\nname[0].given[1..] <- PID-5[0].3 | split(\" \")";
    assert_eq!(
        patient(rows, "PID|||||A^B^C D"),
        r#"{"name":[{"given":["B","C","D"]}]}"#
    );
    assert_eq!(
        patient(rows, "PID|||||A^^C D"),
        r#"{"name":[{"given":["C","D"]}]}"#
    );
    let contacts = "contact[0].name.family <- PID-5[0].1\n\
                contact[0].gender <- \"other\" when PID-5 present\n\
                    contact[1].name.family <- PID-9[0].1\ncontact[1].gender <- PID-8 | table(sex)";
    assert_eq!(
        patient(contacts, "PID||||||||F|B"),
        r#"{"contact":[{"name":{"family":"B"},"gender":"female"}]}"#
    );
}

#[test]
fn an_index_names_an_element_that_was_appended() {
    let rows = "resource Patient per PID\n  address[] <- PID-11 : XAD\n  \
                address[0].district <- PID-12\ntype XAD to Address\n  city <- .3\n";
    assert_eq!(
        texts(&admitted(rows, &["PID|||||||||||^^X~^^Y|D"])),
        [r#"{"address":[{"city":"X","district":"D"},{"city":"Y"}]}"#]
    );
    assert_eq!(
        texts(&admitted(rows, &["PID||||||||||||D"])),
        [r#"{"address":[{"district":"D"}]}"#]
    );
}

#[test]
fn keys_find_or_create_and_win() {
    let rows = "identifier[system=\"urn:a\"].value <- PID-19\n\
                identifier[system=\"urn:a\"].assigner.display <- PID-3[0].4\n\
                identifier[system=\"urn:b\",use=usual].value <- PID-18.1";
    assert_eq!(
        patient(rows, &format!("PID|||1^^^X{}8|9", "|".repeat(15))),
        "{\"identifier\":[{\"system\":\"urn:a\",\"value\":\"9\",\
            \"assigner\":{\"display\":\"X\"}},{\"system\":\"urn:b\",\"use\":\"usual\",\
            \"value\":\"8\"}]}"
    );
    let typed = "resource Patient per PID\n  telecom[use=home] <- PID-13 : XTN\n\
                 type XTN to ContactPoint\n  use <- \"work\"\n  value <- .1\n";
    let pid = format!("PID{}1~2", "|".repeat(13));
    assert_eq!(
        texts(&admitted(typed, &[&pid])),
        [r#"{"telecom":[{"use":"home","value":"1"},{"use":"home","value":"2"}]}"#]
    );
}

#[test]
fn typed_rows_and_plain_rows_build_one_element() {
    let rows = "resource Observation per PID\n  status <- \"final\"\n  code.text <- PID-5.1\n  \
                valueQuantity.value <- PID-25 | decimal\n  valueQuantity <- PID-16 : CWE-Quantity\n\
                type CWE to Quantity\n  unit <- .2 // .1\n";
    let pid = format!("PID|||||A{}^mmol/L{}98.00", "|".repeat(11), "|".repeat(9));
    let expected =
        r#"{"status":"final","code":{"text":"A"},"valueQuantity":{"value":98.00,"unit":"mmol/L"}}"#;
    assert_eq!(texts(&admitted(rows, &[&pid])), [expected]);
}

#[test]
fn a_choice_element_has_one_type() {
    let rows = "resource Patient per PID\n  deceasedDateTime <- PID-29 | datetime\n  \
                deceasedBoolean <- PID-30 | yes-no\n";
    let translation = admitted(rows, &[&format!("PID{}2020|Y", "|".repeat(29))]);
    assert_eq!(texts(&translation), [r#"{"deceasedDateTime":"2020"}"#]);
    assert_eq!(warnings(&translation), ["R112 PID-30[0]"]);
}

#[test]
fn extensions_of_primitives_stand_beside_them() {
    let url = "http://hl7.org/fhir/StructureDefinition/patient-birthTime";
    let rows = format!(
        "birthDate <- PID-7 | date\nbirthDate.extension[url=\"{url}\"].valueDateTime \
         <- PID-7 | datetime when length(PID-7) > 8"
    );
    let expected = format!(
        "{{\"birthDate\":\"2026-01-02\",\"_birthDate\":{{\"extension\":[{{\"url\":\"{url}\",\
            \"valueDateTime\":\"2026-01-02T03:04:00-05:00\"}}]}}}}"
    );
    assert_eq!(patient(&rows, "PID|||||||202601020304"), expected);
    assert_eq!(
        patient(&rows, "PID|||||||20260102"),
        r#"{"birthDate":"2026-01-02"}"#
    );
}
