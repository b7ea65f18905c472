//! The four states of a source, constants, `required`, `//` and several arguments.

use crate::scenario::{admitted, failures, indented, patient, texts, translated, warnings};

#[test]
fn absent_and_empty_write_nothing() {
    assert_eq!(
        patient(
            "active <- true\ngender <- PID-8 | table(sex)",
            "PID|1||||||||"
        ),
        ""
    );
    assert_eq!(
        patient(
            "maritalStatus.text <- PID-16.2\nname[].family <- PID-5",
            "PID|||||   |"
        ),
        ""
    );
}

#[test]
fn null_writes_nothing_and_is_recorded() {
    let rows = "resource Patient as p per PID\n  id <- PID-3.1\n  birthDate <- PID-7 | date\n  \
                name[] <- PID-5 : XPN\ntype XPN to HumanName\n  family <- .1.1\n  given[] <- .2\n";
    let translation = admitted(rows, &["PID|||7||\"\"^Ann||\"\""]);
    assert_eq!(
        texts(&translation),
        [r#"{"id":"7","name":[{"given":["Ann"]}]}"#]
    );
    let clears: Vec<String> = translation
        .clears
        .iter()
        .map(|c| {
            format!(
                "{}/{} {}",
                c.resource,
                c.id.as_deref().unwrap_or("-"),
                c.path
            )
        })
        .collect();
    assert_eq!(clears, ["Patient/7 birthDate", "Patient/7 name[].family"]);
    let whole = admitted(rows, &["PID|||7||\"\""]);
    assert_eq!(&*whole.clears[0].path, "name[]");
}

#[test]
fn alternatives_skip_absent_and_stop_at_null() {
    let row = "gender <- \"other\" when PID-8 null\nbirthDate <- PID-7 // PID-29 | date";
    assert_eq!(
        patient(row, "PID|||||||19800101"),
        r#"{"birthDate":"1980-01-01"}"#
    );
    let later = format!("PID|{}19810101", "|".repeat(28));
    assert_eq!(patient(row, &later), r#"{"birthDate":"1981-01-01"}"#);
    let null = format!("PID|||||||\"\"{}19810101", "|".repeat(22));
    assert_eq!(patient(row, &null), "");
}

#[test]
fn constants_prove_nothing() {
    let blocks = "resource Patient per PID\n  active <- true\n  gender <- \"unknown\"\n  \
                  language <- setting(\"site\")\n";
    assert!(admitted(blocks, &["PID|1"]).resources.is_empty());
    let typed = "resource Patient per PID\n  \
                gender <- PID-8 | table(sex)\n  name[] <- PID-5 : XPN\n\
                 type XPN to HumanName\n  use <- \"usual\"\n  family <- .1.1\n";
    assert_eq!(
        texts(&admitted(typed, &["PID|||||^Ann|||F"])),
        [r#"{"gender":"female"}"#]
    );
}

#[test]
fn required_parks_with_every_failure_listed() {
    let blocks = "resource Patient per PID\n  gender <- PID-8 | table(sex) required\n  \
                  birthDate <- PID-7 | date required\n";
    let outcome = translated("ADT^A01", blocks, &["PID|1"]);
    assert_eq!(failures(outcome), ["R110 PID-8", "R110 PID-7"]);
    let condition = blocks.replace("required\n", "required when PID-1 = \"2\"\n");
    assert!(translated("ADT^A01", &condition, &["PID|1"]).is_ok());
}

#[test]
fn required_in_a_part_drops_the_part() {
    let rows = "gender <- PID-8 | table(sex)\npart contact[] per NK1\n  \
                name.family <- NK1-2.1 required\n  gender <- NK1-15 | table(sex)";
    let rows = indented(rows);
    let blocks = format!("resource Patient per PID\n{rows}");
    let nk1 = format!("NK1|1|{}F", "|".repeat(13));
    let translation = admitted(&blocks, &["PID||||||||F", &nk1, "NK1|2|Doe"]);
    assert_eq!(
        texts(&translation),
        [r#"{"gender":"female","contact":[{"name":{"family":"Doe"}}]}"#]
    );
}

#[test]
fn every_argument_of_an_id_must_be_there() {
    let blocks = "resource Patient per PID\n  id <- MSH-4.1, PID-3.1 | uuid5(\"a\") required\n";
    assert_eq!(
        failures(translated("ADT^A01", blocks, &["PID|1"])),
        ["R110 MSH-4.1"]
    );
    assert_eq!(
        failures(translated("ADT^A01", blocks, &["PID|||\"\""])),
        ["R110 MSH-4.1"]
    );
    let optional = blocks.replace("PID-3.1 |", "PID-3.1, PID-18.1 // \"\" |");
    assert_eq!(admitted(&optional, &["PID|||7"]).resources.len(), 1);
}

#[test]
fn warn_and_reject_carry_constant_words() {
    let blocks = "resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
                  warn \"odd date\" when PID-7 present and not is-date(PID-7)\n  \
                  reject \"no sex\" when not PID-8 present\n";
    let warned = admitted(blocks, &["PID|||||||1980-13|F"]);
    assert_eq!(warnings(&warned), ["R150 PID"]);
    assert_eq!(&*warned.warnings[0].text, "odd date");
    assert_eq!(
        failures(translated("ADT^A01", blocks, &["PID|1"])),
        ["R151 PID"]
    );
}
