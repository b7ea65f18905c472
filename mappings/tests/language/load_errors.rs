//! Every broken map is refused with code and exact place, and all errors of a file come at once.

use isthmus_core::diagnostic::Renderer;
use isthmus_mappings::codes::{ALL, explain};
use isthmus_mappings::loader::Files;

use crate::scenario::{faults, files, places, record_files};

fn adt(blocks: &str) -> Vec<String> {
    places(&files("ADT^A01", blocks))
}

/// The faults of one row of a patient, on line 10 from column 3.
fn row(row: &str) -> Vec<String> {
    adt(&format!("resource Patient per PID\n  {row}\n"))
}

#[test]
fn a_misspelt_element_names_its_neighbour() {
    let found = faults(&files(
        "ADT^A01",
        "resource Patient per PID\n  telcom[] <- PID-13.1\n",
    ));
    let shown = Renderer { colour: false }.render_all(&found);
    assert_eq!(
        shown,
        "error[M203]: `Patient` has no element `telcom`\n  --> t.rmap:10:3\n\
         10 |   telcom[] <- PID-13.1\n   |   ^^^^^^^^\n   = help: did you mean `telecom`?\n"
    );
}

#[test]
fn paths_are_checked_where_they_stand() {
    assert_eq!(row("gender <- PID-88.1"), ["M202 10:13-21"]);
    assert_eq!(row("gender <- PIX-8"), ["M202 10:13-18"]);
    assert_eq!(row("gender <- PID-5.99"), ["M202 10:13-21"]);
    assert_eq!(row("gender <- PID-"), ["M201 10:17-17"]);
    assert_eq!(row("gender <- ZPI-1"), ["M218 10:13-18"]);
    assert_eq!(row("gender <- .1"), ["M201 10:13-15"]);
    assert_eq!(row("name[] <- PID-5"), ["M204 10:3-9"]);
    assert_eq!(row("name.family <- PID-5.1"), ["M219 10:3-7"]);
    assert_eq!(row("gender[0] <- PID-8"), ["M219 10:3-12"]);
    assert_eq!(row("deceased <- PID-30"), ["M203 10:3-11"]);
    assert_eq!(row("name[use=oficial].family <- PID-5.1"), ["M205 10:8-19"]);
    assert_eq!(
        row("identifier[system=$nowhere].value <- PID-19"),
        ["M212 10:3-36"]
    );
}

#[test]
fn values_must_fit_their_elements() {
    assert_eq!(row("birthDate <- PID-7"), ["M204 10:3-21"]);
    assert_eq!(
        row("multipleBirthInteger <- PID-25 | decimal"),
        ["M204 10:3-43"]
    );
    assert_eq!(row("gender <- \"femal\""), ["M205 10:3-20"]);
    assert_eq!(row("gender <- PID"), ["M204 10:3-16"]);
    assert_eq!(row("birthDate <- PID-7 : TS"), ["M204 10:24-26"]);
    assert_eq!(row("name[] <- PID-5 : XPN"), ["M211 10:21-24"]);
    let table = "resource Encounter\n  status <- PV1-2 | table(sex)\n  class.code <- PV1-2\n";
    assert_eq!(adt(table), ["M205 10:3-31"]);
}

#[test]
fn functions_are_checked() {
    assert_eq!(row("birthDate <- PID-7 | dat"), ["M207 10:24-27"]);
    assert_eq!(row("birthDate <- PID-7 | date(1)"), ["M208 10:24-31"]);
    assert_eq!(row("gender <- PID-8 | table(sexes)"), ["M206 10:27-32"]);
    assert_eq!(
        row("id <- PID-3.1, PID-3.4"),
        ["M208 10:3-25", "M213 10:3-25"][..1]
    );
    assert_eq!(row("gender <- PID-8 | is-date"), ["M207 10:21-28"]);
    assert_eq!(row("gender <- date(PID-8)"), ["M207 10:13-17"]);
    assert_eq!(row("active <- true when isdate(PID-7)"), ["M207 10:23-36"]);
    assert_eq!(
        row("telecom[].value <- PID-13 | e164(\"XX\")"),
        ["M208 10:31-41"]
    );
}

#[test]
fn references_need_a_block_with_an_id() {
    let org = |rows: &str| {
        adt(&format!(
            "resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
             managingOrganization <- ref(org)\nresource {rows}\n"
        ))
    };
    assert_eq!(
        org("Organization as or\n  name <- MSH-4.1"),
        ["M209 11:31-34"]
    );
    assert_eq!(
        org("Organization as org\n  name <- MSH-4.1"),
        ["M216 11:31-34"]
    );
    assert_eq!(org("Organization as org\n  id <- \"x\""), ["M216 11:31-34"]);
    let device = "Device as org\n  id <- MSH-3.1 | uuid5(\"d\")";
    assert_eq!(org(device), ["M204 11:3-23"]);
}

#[test]
fn two_rows_for_one_element_are_refused_unless_only_one_can_apply() {
    let both = |one: &str, other: &str| {
        adt(&format!(
            "resource Patient per PID\n  gender <- {one}\n  gender <- {other}\n"
        ))
    };
    let cast = "PID-8 | table(sex)";
    assert_eq!(both(cast, cast), ["M210 11:3-9"]);
    let when = |condition: &str| format!("{cast} when {condition}");
    assert!(both(&when("PID-7 present"), &when("not PID-7 present")).is_empty());
    assert!(
        both(
            &when("PID-8 = \"F\""),
            &when("PID-8 = \"M\" and PID-7 present")
        )
        .is_empty()
    );
    assert_eq!(
        both(&when("PID-7 present"), &when("PID-8 present")),
        ["M210 11:3-9"]
    );
    let types = "resource Observation\n  status <- \"final\"\n  code.text <- PID-5[0].1\n  \
                 valueQuantity.code <- PID-5[0].2\n  valueQuantity <- PID-5[0] : CWE\n\
                 type CWE to Quantity\n  code <- .1\n";
    assert_eq!(adt(types), ["M210 13:3-16"]);
}

#[test]
fn required_elements_and_codes_of_r4_are_demanded() {
    assert_eq!(
        adt("resource Observation\n  status <- \"final\"\n"),
        ["M214 9:1-21"]
    );
    let link = "resource Patient\n  part link[] per PID\n    type <- \"seealso\"\n";
    assert_eq!(adt(link), ["M214 10:3-22"]);
}

#[test]
fn forms_of_later_versions_say_what_is_accepted() {
    assert_eq!(row("gender <-> PID-8"), ["M106 10:10-13"]);
    for line in ["extends x@1", "in Patient", "reverse x@1"] {
        assert_eq!(adt(&format!("{line}\n"))[0][..4], *"M106", "{line}");
    }
    let header =
        |line: &str| places(&Files::default().with_map("a.rmap", &format!("map a 1\n{line}\n")));
    assert_eq!(header("from json hubspot.contact as c")[0], "M106 2:6-10");
    assert_eq!(
        header("to fhir R4 profile us-core@8.0.1")[0],
        "M106 2:12-19"
    );
    assert_eq!(header("use a@1 resource Patient")[0], "M106 2:9-17");
    assert_eq!(row("gender <- fhirpath(\"a\")"), ["M106 10:13-26"]);
}

#[test]
fn lines_and_blocks_stand_in_their_places() {
    assert_eq!(adt("gender <- PID-8\n"), ["M107 9:1-16"]);
    assert_eq!(
        adt("resource Patient\n      gender <- PID-8\n"),
        ["M103 10:7-22"]
    );
    assert_eq!(adt("resorce Patient\n  gender <- PID-8\n"), ["M105 9:1-8"]);
    assert_eq!(adt("part name\n  family <- PID-5.1\n"), ["M107 9:1-10"]);
    assert_eq!(row("case \"A\""), ["M107 10:3-11"]);
    assert_eq!(row("choose PID-8"), ["M110 10:3-15"]);
    assert_eq!(row("warn \"never ends"), ["M102 10:8-19"]);
    assert_eq!(
        adt("each OBSERVATIONS\n  resource Patient\n    gender <- PID-8\n")[0],
        "M217 9:6-18"
    );
    let late = "resource Patient\n  active <- true when PID-1 present\nconst x = \"y\"\n";
    assert_eq!(adt(late), ["M108 11:1-14"]);
}

#[test]
fn all_errors_of_a_file_come_at_once() {
    let broken = "resource Patient per PID\n  gendr <- PID-8\n  name[] <- PID-99\n  \
                  birthDate <- PID-7\n  warn \"x\" when PID-7 presnt\n";
    let found = adt(broken);
    assert_eq!(
        found,
        [
            "M203 10:3-8",
            "M202 11:13-19",
            "M204 12:3-21",
            "M104 13:23-29"
        ]
    );
}

#[test]
fn a_record_needs_its_key_and_its_aliases() {
    let record =
        |header: &str, row: &str| places(&record_files(header, &format!("record x\n  {row}\n")));
    assert_eq!(record("key a\n", "a <- p.gender"), ["M220 4:5-6"]);
    assert!(record("key a\n", "a <- p.gender required").is_empty());
    assert_eq!(record("", "a <- q.gender"), ["M209 5:8-16"]);
    assert_eq!(record("", "a <- p.gendr"), ["M203 5:10-15"]);
    assert_eq!(record("", "a[0] <- p.gender"), ["M201 5:3-7"]);
    assert_eq!(record("", "a <- p.name"), ["M204 5:3-14"]);
    assert_eq!(
        record("", "a <- p.name[use=official].family\n  a <- p.gender"),
        ["M210 6:3-4"]
    );
}

#[test]
fn every_code_has_an_explanation() {
    assert!(
        ALL.iter()
            .all(|one| !one.title.is_empty() && one.text.len() > 30)
    );
    assert!(explain("r110").is_some_and(|one| one.code.text() == "R110"));
}
