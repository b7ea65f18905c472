//! The runner of golden cases: passes, shows differences by path, writes, counts rows.

use std::fs;
use std::path::Path;

use isthmus_mappings::cases::report::Outcome;
use isthmus_mappings::cases::runner::run;
use isthmus_mappings::library::Library;

const MAP: &str = "map a 1\nfrom hl7v2 ADT^A01\nto fhir R4\nresource Patient per PID\n  \
                   id <- PID-3.1 required\n  name[].family <- PID-5.1\n  \
                   birthDate <- PID-7 | date\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tests = folder.path().join("a.tests");
    fs::create_dir(&tests).unwrap();
    fs::write(folder.path().join("a.rmap"), MAP).unwrap();
    let head = "MSH|^~\\&|A|F|||20260102||ADT^A01|1|P|2.5\n";
    fs::write(tests.join("01-good.hl7"), format!("{head}PID|||7||Doe\n")).unwrap();
    fs::write(tests.join("02-bad.hl7"), format!("{head}PID|||||Doe\n")).unwrap();
    folder
}

fn outcomes(folder: &Path, update: bool) -> (Vec<Outcome>, usize, usize) {
    let library = Library::load(folder, None).unwrap();
    let report = run(&library, folder, "", update).unwrap();
    let outcomes = report
        .results
        .iter()
        .map(|one| one.outcome.clone())
        .collect();
    (outcomes, report.coverage(), report.unfired.len())
}

#[test]
fn cases_are_written_compared_and_counted() {
    let folder = folder();
    let (first, ..) = outcomes(folder.path(), false);
    assert!(first.iter().all(|one| matches!(one, Outcome::Failed(_))));
    assert_eq!(
        outcomes(folder.path(), true).0,
        [Outcome::Updated, Outcome::Updated]
    );
    let errors = fs::read_to_string(folder.path().join("a.tests/02-bad.errors.txt")).unwrap();
    assert_eq!(errors, "R110 a required row found no value, at PID-3.1\n");
    let (after, coverage, unfired) = outcomes(folder.path(), false);
    assert_eq!(after, [Outcome::Passed, Outcome::Passed]);
    assert_eq!((coverage, unfired), (66, 1));
    let golden = folder.path().join("a.tests/01-good.fhir.json");
    let text = fs::read_to_string(&golden).unwrap().replace("Doe", "Roe");
    fs::write(&golden, text).unwrap();
    let (changed, ..) = outcomes(folder.path(), false);
    let expected = "[0].name[0].family: expected \"Roe\", found \"Doe\"";
    assert_eq!(changed[0], Outcome::Failed(vec![expected.to_owned()]));
}

#[test]
fn a_stray_file_is_an_error() {
    let folder = folder();
    fs::write(folder.path().join("a.tests/03-none.fhir.json"), "[]").unwrap();
    let library = Library::load(folder.path(), None).unwrap();
    assert!(run(&library, folder.path(), "", false).is_err());
}
