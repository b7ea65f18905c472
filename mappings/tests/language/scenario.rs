//! Small maps and messages for the other tests: a map is its blocks, a message its segments.

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::json::writer::write;
use isthmus_hl7v2::message::Message;
use isthmus_mappings::context::{NamedKeys, RunContext};
use isthmus_mappings::library::Library;
use isthmus_mappings::loader::Files;
use isthmus_mappings::map::Map;
use isthmus_mappings::run::output::{Failure, Translation};

pub const SEX: &str = "from,to,system,display\nF,female,urn:sex,Female\nM,male,,\nX,,,\n";

/// The files of one map with the table `sex` and the constant `race`.
pub fn files(events: &str, blocks: &str) -> Files {
    let head = format!(
        "map t 1\nfrom hl7v2 {events}\nto fhir R4\n\
         table sex = tables/sex.csv unmapped warn default \"unknown\"\n\
         table strict = tables/sex.csv unmapped error\n\
         table keep = tables/sex.csv unmapped keep\n\
         table skip = tables/sex.csv unmapped skip\n\
         const race = \"urn:race\"\n"
    );
    Files::default()
        .with_map("t.rmap", &(head + blocks))
        .with_table("tables/sex.csv", SEX)
}

/// The schema of a record that may hold anything.
pub const OPEN: &str = r#"{"$id": "urn:open", "title": "Open", "type": "object",
    "x-isthmus": {"version": "1.0", "key": "key"}}"#;

/// A record map over a patient `p` and observations `o`.
pub fn record_files(header: &str, rows: &str) -> Files {
    let head = "map r 1\nfrom fhir R4 Patient as p, Observation as o\nto record crm.person\n";
    Files::default()
        .with_map("r.rmap", &format!("{head}{header}{rows}"))
        .with_schema("records/crm.person.schema.json", OPEN)
}

/// The only map of files without errors.
pub fn only(files: &Files) -> Map {
    let library = Library::of(files, None);
    let errors: Vec<_> = library
        .diagnostics()
        .iter()
        .filter(|one| one.is_error())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    library.maps().first().expect("one map").clone()
}

/// Lines of the map below its header of 8 lines count from 9.
pub fn faults(files: &Files) -> Vec<Diagnostic> {
    Library::of(files, None).diagnostics().to_vec()
}

/// `code line:column-end` of every diagnostic.
pub fn places(files: &Files) -> Vec<String> {
    let place = |one: &Diagnostic| {
        format!(
            "{} {}:{}-{}",
            one.code, one.line, one.column, one.end_column
        )
    };
    faults(files).iter().map(place).collect()
}

pub fn context() -> RunContext {
    let mut context = RunContext::new(Timestamp::from_unix_millis(1_767_323_045_000));
    context.keys = NamedKeys::default().with("link", b"a key of thirty-two bytes, at least");
    context.settings.insert("site".into(), "north".into());
    context.consents.insert("email".into(), true);
    context
}

/// A message: an MSH of this event and version 2.5.1, then these segments.
pub fn message(event: &str, segments: &[&str]) -> Message {
    let head = format!("MSH|^~\\&|APP|FAC|||20260102030405-0500||{event}|1|P|2.5.1");
    let all: Vec<&str> = std::iter::once(head.as_str())
        .chain(segments.iter().copied())
        .collect();
    Message::parse(all.join("\r")).unwrap()
}

pub fn translated(events: &str, blocks: &str, segments: &[&str]) -> Result<Translation, Failure> {
    let event = events.split(',').next().unwrap();
    only(&files(events, blocks)).translate(&message(event, segments), &context())
}

/// The resources that an ADT^A01 with these segments becomes.
pub fn admitted(blocks: &str, segments: &[&str]) -> Translation {
    translated("ADT^A01", blocks, segments).unwrap()
}

/// Rows one level deeper.
pub fn indented(rows: &str) -> String {
    let rows: Vec<String> = rows.lines().map(|row| format!("  {row}")).collect();
    rows.join("\n") + "\n"
}

/// A patient made by these rows of a PID; the rows are indented here.
pub fn patient(rows: &str, pid: &str) -> String {
    let rows = indented(rows);
    let translation = admitted(&format!("resource Patient per PID\n{rows}"), &[pid]);
    texts(&translation).pop().unwrap_or_default()
}

/// The resources as compact JSON without their `resourceType`.
pub fn texts(translation: &Translation) -> Vec<String> {
    let resources = translation.resources.iter().cloned();
    resources
        .map(|resource| {
            let mut object = resource.into_object();
            object.remove("resourceType");
            json(&Element::from(object))
        })
        .collect()
}

pub fn json(element: &Element) -> String {
    let mut bytes = Vec::new();
    write(element, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

pub fn element(json: &str) -> Element {
    read(json.as_bytes(), Limits::default()).unwrap()
}

/// Codes of the warnings, with their place in the message.
pub fn warnings(translation: &Translation) -> Vec<String> {
    let show = |one: &isthmus_mappings::problem::Problem| {
        format!("{} {}", one.code, one.location.as_deref().unwrap_or("-"))
    };
    translation.warnings.iter().map(show).collect()
}

/// Codes of the failures, with their place in the message.
pub fn failures(outcome: Result<Translation, Failure>) -> Vec<String> {
    let failure = outcome.expect_err("failures");
    let show = |one: &isthmus_mappings::problem::Problem| {
        format!("{} {}", one.code, one.location.as_deref().unwrap_or("-"))
    };
    failure.problems.iter().map(show).collect()
}
