//! Runs the cases beside maps: translates or shapes each input and compares, or writes what is
//! expected. Time, zone and keys are fixed, so that a case always gives the same.

use std::collections::BTreeMap;
use std::path::Path;

use isthmus_core::clock::Timestamp;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read as read_json;
use isthmus_fhir::json::writer::write_pretty;
use isthmus_hl7v2::message::Message;
use jiff::tz::TimeZone;

use crate::cases::compare::differences;
use crate::cases::folder::{self, CaseError};
use crate::cases::report::{CaseReport, CaseResult, Outcome};
use crate::context::{NamedKeys, RunContext};
use crate::library::Library;
use crate::map::Map;
use crate::problem::{Problem, RowPlace};
use crate::run::output::{Failure, Fired};

/// 2026-01-02T03:04:05Z, when every case arrives.
const RECEIVED_AT_MS: i64 = 1_767_323_045_000;

/// The zone of every case's sender.
const ZONE: &str = "America/New_York";

/// Which rows wrote, by place.
type Reached = BTreeMap<RowPlace, bool>;

/// Runs the cases of every map of a library below a folder, or of those whose path starts with
/// `only`. With `update` the expected files are written instead of compared.
///
/// # Errors
/// When a file of a case cannot be read or written, or is none.
pub fn run(
    library: &Library,
    folder: &Path,
    only: &str,
    update: bool,
) -> Result<CaseReport, CaseError> {
    let mut report = CaseReport::default();
    let mut reached = Reached::new();
    for map in library
        .maps()
        .iter()
        .filter(|map| map.path().starts_with(only))
    {
        for row in map.plan().rows.iter().filter(|row| row.is_row) {
            reached.entry(row.place.clone()).or_default();
        }
        let beside = format!("{}.tests", map.path());
        let ending = if map.record().is_some() {
            ".fhir.json"
        } else {
            ".hl7"
        };
        for name in folder::inputs(&folder.join(&beside), ending)? {
            let stem = folder.join(&beside).join(&name);
            let outcome = case(map, &stem.to_string_lossy(), ending, update, &mut reached)?;
            let case = format!("{beside}/{name}{ending}");
            report.results.push(CaseResult {
                map: map.path().to_owned(),
                case,
                outcome,
            });
        }
    }
    report.rows = reached.len();
    let unfired = reached.into_iter().filter(|(_, wrote)| !wrote);
    report.unfired = unfired.map(|(place, _)| place).collect();
    Ok(report)
}

/// The context of every case; whatever consent the map asks for was given.
pub fn context(map: &Map) -> RunContext {
    let mut context = RunContext::new(Timestamp::from_unix_millis(RECEIVED_AT_MS));
    context.zone = TimeZone::get(ZONE).ok();
    context
        .delivery_id
        .push_str("00000000-0000-4000-8000-000000000000");
    context.keys = map
        .key_names()
        .iter()
        .fold(NamedKeys::default(), |keys, name| {
            keys.with(name, format!("the key of cases called {name}").as_bytes())
        });
    let consents = map.trace().consents.iter();
    context.consents = consents.map(|category| (category.clone(), true)).collect();
    context
}

/// What a case gave: the output tree and which rows wrote, or the problems.
type Given = Result<(Element, Fired), Failure>;

fn case(
    map: &Map,
    stem: &str,
    ending: &str,
    update: bool,
    reached: &mut Reached,
) -> Result<Outcome, CaseError> {
    let bytes = folder::read(Path::new(&format!("{stem}{ending}")))?.unwrap_or_default();
    let given = match given(map, bytes, ending) {
        Ok(given) => given,
        Err(words) => return Ok(Outcome::Failed(vec![words])),
    };
    let (json, errors) = match given {
        Ok((tree, fired)) => {
            let rows = map
                .plan()
                .rows
                .iter()
                .zip(fired)
                .filter(|(_, count)| *count > 0);
            for (row, _) in rows {
                if let Some(wrote) = reached.get_mut(&row.place) {
                    *wrote = true;
                }
            }
            (Some(tree), None)
        }
        Err(failure) => (None, Some(lines(&failure))),
    };
    let output = if map.record().is_some() {
        ".record.json"
    } else {
        ".fhir.json"
    };
    let (tree_file, errors_file) = (format!("{stem}{output}"), format!("{stem}.errors.txt"));
    let (tree_file, errors_file) = (Path::new(&tree_file), Path::new(&errors_file));
    if update {
        let text = json.as_ref().map(pretty);
        folder::write(tree_file, text.as_deref())?;
        folder::write(errors_file, errors.as_deref().map(str::as_bytes))?;
        return Ok(Outcome::Updated);
    }
    let expected_tree = folder::read(tree_file)?;
    let expected_errors = folder::read(errors_file)?;
    Ok(judge(
        expected_tree,
        expected_errors,
        json.as_ref(),
        errors.as_deref(),
    ))
}

fn given(map: &Map, bytes: Vec<u8>, ending: &str) -> Result<Given, String> {
    let context = context(map);
    if ending == ".hl7" {
        let message = Message::parse(bytes).map_err(|error| error.to_string())?;
        let translated = map.translate(&message, &context);
        return Ok(translated.map(|translation| {
            let resources = translation
                .resources
                .into_iter()
                .map(Element::from)
                .collect();
            (Element::Array(resources), translation.fired)
        }));
    }
    let tree = read_json(&bytes, Limits::default()).map_err(|error| error.to_string())?;
    let shaped = map.shape(tree.as_list(), &context);
    Ok(shaped.map(|shaping| (Element::Array(shaping.records), shaping.fired)))
}

/// The failures without their rows, whose lines change when a map is edited.
fn lines(failure: &Failure) -> String {
    let line = |problem: &Problem| {
        let at = problem
            .location
            .as_ref()
            .map(|at| format!(", at {at}"))
            .unwrap_or_default();
        format!("{} {}{at}\n", problem.code, problem.text)
    };
    failure.problems.iter().map(line).collect()
}

fn pretty(tree: &Element) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_pretty(tree, &mut bytes);
    if bytes.last() != Some(&b'\n') {
        bytes.push(b'\n');
    }
    bytes
}

fn judge(
    expected_tree: Option<Vec<u8>>,
    expected_errors: Option<Vec<u8>>,
    tree: Option<&Element>,
    errors: Option<&str>,
) -> Outcome {
    let failed = |words: String| Outcome::Failed(vec![words]);
    match (expected_tree, expected_errors, tree, errors) {
        (Some(expected), None, Some(tree), _) => match read_json(&expected, Limits::default()) {
            Err(error) => failed(format!("the expected output is no JSON: {error}")),
            Ok(expected) => match differences(&expected, tree) {
                lines if lines.is_empty() => Outcome::Passed,
                lines => Outcome::Failed(lines),
            },
        },
        (None, Some(expected), None, Some(errors)) if expected == errors.as_bytes() => {
            Outcome::Passed
        }
        (None, Some(_), None, Some(errors)) => failed(format!("other problems: {errors}")),
        (_, _, None, Some(errors)) => failed(format!("problems: {errors}")),
        (None, Some(_), Some(_), _) => failed("problems were expected, found none".to_owned()),
        (Some(_), Some(_), ..) => failed("both an output and problems are expected".to_owned()),
        (None, None, ..) | (_, _, None, None) => {
            failed("nothing is expected yet; write it with --update".to_owned())
        }
    }
}
