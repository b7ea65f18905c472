//! What is wrong in a profile is told with code, line, column and how to mend it.

use isthmus_conformance::profile_file::read;
use isthmus_core::source_file::SourceFile;

const HEAD: &str = "title = \"T\"\nversion = \"2.5.1\"\n[[message]]\nevents = [\"ADT^A01\"]\n";

/// Each complaint as code, line, column, message and help.
fn complaints(text: &str) -> Vec<String> {
    let file = SourceFile::new("north.toml", text);
    let problems = read("north", &file).err().unwrap_or_default();
    let told = |one: &isthmus_core::diagnostic::Diagnostic| {
        let help = one.help.as_deref().unwrap_or_default();
        let place = format!("{} {}:{}", one.code, one.line, one.column);
        format!("{place} {} ({help})", one.message)
    };
    problems.iter().map(told).collect()
}

/// The one complaint about a row of `[[message]]` for ADT^A01, as code, message and help; it has to
/// be at the `@`, which is taken out.
fn one(row: &str) -> String {
    let column = row.find('@').unwrap() + 1;
    let told = told_of(&row.replacen('@', "", 1));
    let place = format!(" 5:{column} ");
    assert!(told.contains(&place), "{row}: {told}");
    told.replacen(&place, " ", 1)
}

fn told_of(rows: &str) -> String {
    let found = complaints(&format!("{HEAD}{rows}"));
    assert_eq!(found.len(), 1, "{rows}: {found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn a_profile_without_faults_has_no_complaints() {
    assert!(complaints(HEAD).is_empty());
    let rows = "segment = [{ path = \"INSURANCE/IN1\", max = 1 }, { path = \"ZPI\", min = 1 }]\n\
                field = [{ path = \"ZPI-2.1\", datatype = \"NM\" }]\n";
    assert_eq!(complaints(&format!("{HEAD}{rows}")), [""; 0]);
}

#[test]
fn what_is_no_profile_is_told_of() {
    assert!(complaints("title = ")[0].starts_with("V001 1:9 not TOML"));
    assert_eq!(
        complaints("titel = \"T\"\ntitle = \"T\"\nversion = \"2.5.1\"\nmessage = []\n"),
        ["V002 1:1 a profile has no key `titel` (did you mean `title`?)"]
    );
    assert_eq!(
        complaints("version = \"2.5.1\"\n"),
        [
            "V003 1:1 a profile has no `title` (add `title = ...`)",
            "V003 1:1 the profile asks nothing: it has no [[message]] (add one with `events = \
             [...]` and what is asked of them)"
        ]
    );
    let versions = complaints(&HEAD.replace("2.5.1", "2.55"));
    assert!(
        versions[0].starts_with("V005 2:11 the dictionary has no version 2.55"),
        "{versions:?}"
    );
    assert_eq!(
        complaints(&HEAD.replace("[\"ADT^A01\"]", "[\"ADT\"]")),
        [
            "V004 4:11 not a message type and event (write ADT^A01, ADT^* for all events of \
         the type, or * for every message)"
        ]
    );
    assert_eq!(
        one("sequence = @\"yes\"\n"),
        "V004 `sequence` is true or false (write it so)"
    );
}

#[test]
fn what_the_standard_does_not_have_is_told_of_with_the_nearest() {
    for (rows, told) in [
        (
            "structure = @\"ADT_A011\"\n",
            "V005 version 2.5.1 has no structure ADT_A011 (did you mean `ADT_A01`",
        ),
        (
            "segment = [{ path = \"@PVI\" }]\n",
            "V005 ADT_A01 has no segment PVI (did you mean `PV1`",
        ),
        (
            "segment = [{ path = \"@INSURANC/IN1\" }]\n",
            "V005 ADT_A01 has no group INSURANC (did you mean `INSURANCE`?)",
        ),
        (
            "segment = [{ path = \"INSURANCE/@PR1\" }]\n",
            "V005 ADT_A01 has no segment PR1 of its own in INSURANCE (it stands in PROCEDURE)",
        ),
        (
            "group = [{ path = \"@PATIENT\" }]\n",
            "V005 ADT_A01 has no group PATIENT (there are INSURANCE, PROCEDURE)",
        ),
        (
            "field = [{ path = @\"PID-40\" }]\n",
            "V005 PID has no field 40 in version 2.5.1; its last is 39 (name one from 1 to 39",
        ),
        (
            "field = [{ path = @\"PID-5.20\" }]\n",
            "V005 datatype XPN has no component 20",
        ),
        (
            "field = [{ path = \"PID-8\", table = @9999 }]\n",
            "V005 version 2.5.1 has no codes for table 9999 (list the codes",
        ),
        (
            "field = [{ path = \"PID-3\", datatype = @\"CXX\" }]\n",
            "V005 version 2.5.1 has no datatype CXX (did you mean `CX`",
        ),
    ] {
        let found = one(rows);
        assert!(found.starts_with(told), "{found}");
    }
    let event = complaints(&HEAD.replace("A01", "Z99"));
    assert!(
        event[0].starts_with("V005 4:11 version 2.5.1 has no structure for ADT^Z99"),
        "{event:?}"
    );
    let own = HEAD.replace("A01", "Z99") + "structure = \"ADT_A01\"\n";
    assert!(complaints(&own).is_empty());
}

#[test]
fn a_rule_has_to_fit_every_event_that_is_named_and_one_of_a_type() {
    let with = |events: &str, row: &str| {
        let head = HEAD.replace("[\"ADT^A01\"]", events);
        complaints(&format!("{head}segment = [{{ path = \"{row}\" }}]\n"))
    };
    // A merge has MRG, an admission has none.
    let both = with("[\"ADT^A01\", \"ADT^A40\"]", "PATIENT/MRG");
    assert!(both[0].contains("ADT_A01 has no group PATIENT"), "{both:?}");
    assert!(with("[\"ADT^A40\"]", "PATIENT/MRG").is_empty());
    assert!(with("[\"ADT^*\"]", "PATIENT/MRG").is_empty());
    assert!(with("[\"*\"]", "OBX").is_empty());
    let none = with("[\"ADT^*\"]", "RXA");
    assert!(
        none[0].contains("no structure of these events has a segment RXA"),
        "{none:?}"
    );
}

#[test]
fn contradictions_are_told_of() {
    let field = |rest: &str| format!("field = [{{ path = \"PID-3\", {rest} }}]\n");
    for (rows, told) in [
        (
            field("usage = @\"need\""),
            "V004 `need` is no usage (there are not-supported,",
        ),
        (
            field("usage = \"required\", max = @0"),
            "V006 what is required stands at least once",
        ),
        (
            field("usage = \"not-supported\", max = @2"),
            "V006 what is not supported cannot",
        ),
        (
            field("max = @0"),
            "V006 what may stand 0 times is not supported",
        ),
        (field("min = 3, max = @2"), "V006 at least 3 and at most 2"),
        (
            field("length = @0"),
            "V004 `length` is a whole number from 1 to",
        ),
        (
            field("length = 5, conformance_length = @6"),
            "V006 6 characters are kept of values",
        ),
        (
            field("table = 1, codes = @[\"A\"]"),
            "V006 `table` and `codes` both say",
        ),
        (
            field("length = 1, codes = [@\"AB\"]"),
            "V006 `AB` is longer than `length` allows",
        ),
        (
            field("length = 1, value = @\"AB\""),
            "V006 `AB` is longer than `length` allows",
        ),
        (
            field("datatype = @\"NM\""),
            "V006 the datatype there is CX, not NM",
        ),
    ] {
        let found = one(&rows);
        assert!(found.starts_with(told), "{found}");
    }
    let twice = "field = [{ path = \"PID-3\" }, { path = @\"PID-3\" }]\n";
    assert!(one(twice).starts_with("V006 PID-3 is ruled twice"));
    let component = "field = [{ path = \"PID-3.1\", max = @2 }]\n";
    assert!(one(component).starts_with("V006 components do not repeat"));
}

#[test]
fn paths_name_one_place_for_all_repetitions() {
    for (rows, told) in [
        (
            "field = [{ path = @\"PID-3[0]\" }]\n",
            "V004 a rule is for every segment",
        ),
        (
            "field = [{ path = @\"PID\" }]\n",
            "V004 a field is asked for here",
        ),
        (
            "segment = [{ path = @\"PID-3\" }]\n",
            "V004 a segment is asked for here",
        ),
        ("field = [{ path = \"PID-@x\" }]\n", "V004 "),
    ] {
        let found = one(rows);
        assert!(found.starts_with(told), "{found}");
    }
}
